#!/bin/bash
# What happens to policies, which packets wait for an SA in vain, what is dropped, and sources that end and come
# back: each once in the event table, by the kernel's own messages, since everything is read again each hour only.
# Runs anywhere as root, in a network namespace of its own: no ESP is needed.
# shellcheck source=/dev/null disable=SC2317,SC2016,SC2034,SC2086
. "$(dirname "$0")/lib.sh"
if [ -z "${OWN_NAMESPACE:-}" ]; then
    OWN_NAMESPACE=1 exec unshare -n "$0" "$@"
fi
. "$TESTS/event_table.sh"
begin

policy() { # add|update|delete SRC DST [MORE]
    ip xfrm policy "$1" src "$2" dst "$3" dir out "${@:4}"
}
through() { # DST
    echo tmpl src 192.0.2.1 dst "$1" proto esp reqid 7 mode transport
}
send() { echo x >"/dev/udp/$1/9"; } 2>/dev/null
of_kind() { (MARK=0 && count "$1"); }

ip link set lo up
ip link add lan0 type veth peer name lan1 && ip link set lan1 up && ip addr add 192.0.2.1/24 dev lan0 && ip link set lan0 up
ip neigh add 192.0.2.11 lladdr 02:00:00:00:00:01 dev lan0
policy add 10.1.1.0/24 10.2.1.0/24 # was there before the agent
cat >"$WORK/agent.conf" <<X
redumpInterval 3600
checkInterval 3600
statisticsInterval 1
failureInterval 5
strongswanCollector no
libreswanCollector no
X
start_both "$WORK"
MARK=0
is "what was there before is no event" "$(notified)" ""

### Policies

# shellcheck disable=SC2046 # words
{
    check "added" policy add 10.1.2.0/24 10.2.2.0/24 $(through 192.0.2.9)
    happened "a policy by hand" 13:$OTHER
    check "updated" policy update 10.1.2.0/24 10.2.2.0/24 priority 9 $(through 192.0.2.9)
    happened "changed by hand" 13:$OTHER
    check "deleted" policy delete 10.1.2.0/24 10.2.2.0/24
    happened "removed by hand" 13:$OUTSIDE
    check "one for a second" policy add 10.1.3.0/24 10.2.3.0/24 limit time-hard 1 $(through 192.0.2.9)
    happened "it is added, and it expires by itself" 13:$OTHER
    wait_until 10 '[ "$(of_kind 24)" = 1 ]'
    is "the expiry is an event of its own kind" "$(of_kind 24)" 1
}
if ip xfrm policy setdefault fwd block 2>/dev/null; then
    happened "another default policy" 13:$OTHER
    ip xfrm policy setdefault fwd accept
    happened "and back" 13:$OTHER
    is "each is an event of its own kind" "$(of_kind 25)" 2
fi
check "an IPv6 policy" policy add 2001:db8:1::/64 2001:db8:2::/64
happened "IPv6, by hand" 13:$OTHER
is "its text is for people" \
    "$(all_events | tail -n 1 | cut -d ' ' -f 4- | sed 's/xfrm-[0-9]*/xfrm-N/; s/^"//; s/"$//')" \
    "policy xfrm-N (out, 2001:db8:1::/64 to 2001:db8:2::/64) was added, and not by an IKE daemon"

### Packets that wait for an SA

sysctl -qw net.core.xfrm_acq_expires=2
# shellcheck disable=SC2046 # words
check "a policy that wants an SA" policy add 192.0.2.1/32 192.0.2.11/32 $(through 192.0.2.11)
happened "it is added" 13:$OTHER
send 192.0.2.11
happened "packets waited for an SA in vain" 10:$ACQUIRE
is "that they wait is an event of its own kind" "$(of_kind 28)" 1
is "what was dropped is one, too" "$(wait_until 10 '[ "$(of_kind 30)" -ge 1 ]' && echo yes)" yes

### All policies at once

check "flushed" ip xfrm policy flush
happened "policies flushed" 13:$FLUSHED
is "it is an event of its own kind" "$(of_kind 23)" 1

### The status for a cheap poll

is "the newest" "$(newest)" "$(all_events | tail -n 1 | cut -d ' ' -f 1)"
is "the oldest" "$(value "$STATUS.2.0")" 1
is "the newest of failed negotiations" "$(value "$STATUS.4.0")" \
    "$(all_events | awk '$2 == 10 { print $1 }' | tail -n 1)"
is "the newest of policies" "$(value "$STATUS.9.0")" \
    "$(all_events | awk '$2 == 13 { print $1 }' | tail -n 1)"
printf 'eventTableSize 3\n' >>"$WORK/agent.conf"
last=$(newest)
kill -HUP "$AGENT"
wait_until 10 '[ "$(value "$STATUS.12.0")" = 3 ]'
is "a smaller table has the newest" "$(all_events | cut -d ' ' -f 1 | head -n 3 | xargs | cut -d ' ' -f 1)" \
    "$(value "$STATUS.2.0")"
is "what left it is counted" "$([ "$(value "$STATUS.11.0")" -ge $((last - 3)) ] && echo yes)" yes
check "ipsec-reportd goes on" running "$AGENT"
finish
