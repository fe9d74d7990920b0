#!/bin/bash
# With an hour between dumps, all that happens to policies is in the tables at once, by event alone; and
# what the receive buffer could not hold is mended and counted.
# shellcheck source=/dev/null disable=SC2034,SC2317,SC2016
. "$(dirname "$0")/../lib.sh"
begin
SUBJECT=policies
SOON=5
ACTIVE=.$ROOT.1.1.6.0

policy() { # add|update|delete DST [MORE]
    ip xfrm policy "$1" src 192.0.2.1/32 dst "$2/32" dir out "${@:3}"
}

tunnel() { # REQID: words of a template
    echo "tmpl src 192.0.2.1 dst 192.0.2.2 proto esp reqid $1 mode tunnel"
}


rows_of() { # TABLE COLUMN
    snmp bulkwalk -Cr50 "$1.1.$2" | grep -c ' = [A-Za-z0-9-]*: '
}

ip link set lo up
policy add 192.0.2.10 priority 10
mkdir "$WORK/events"
printf 'redumpInterval 3600\ncheckInterval 3600\n' >"$WORK/events/agent.conf"
start_both "$WORK/events"
before=$(polls)
soon_same_as_kernel "what was there before" $SOON
is "IPsec is active: there is a policy, though no SA" "$(value "$ACTIVE")" 1

### Single events

# shellcheck disable=SC2046
{
    policy add 192.0.2.11 priority 11 $(tunnel 1)
    soon_same_as_kernel "added" $SOON
    policy add 192.0.2.12 priority 12 $(tunnel 2) tmpl proto ah reqid 2 mode transport \
        tmpl proto comp mode transport level use
    ip xfrm policy add src 2001:db8::/32 dst ::/0 dir fwd ptype sub action block priority 13
    ip xfrm policy add src 10.0.0.0/8 dst 10.1.0.0/16 proto tcp sport 22 dir in mark 5 mask 0xff \
        if_id 7 priority 14 $(tunnel 3)
    soon_same_as_kernel "with several templates, of type sub, with mark and if_id" $SOON
    index=$(ip -s xfrm policy get src 192.0.2.1/32 dst 192.0.2.12/32 dir out |
        sed -n 's/.* index \([0-9]*\).*/\1/p')
    policy update 192.0.2.12 priority 22 $(tunnel 4)
    soon_same_as_kernel "replaced in place, with fewer templates" $SOON
    is "it has its index still" "$(value "$POLICY_TABLE.1.6.1.$index")" 22
    is "and one template" "$(snmp bulkwalk -Cr50 "$TEMPLATE_TABLE.1.2" | grep -c "\.1\.$index\.[0-9]* = ")" 1
    policy update 192.0.2.12 action block priority 22
    soon_same_as_kernel "replaced by one that discards" $SOON
    policy delete 192.0.2.11
    soon_same_as_kernel "deleted" $SOON
    ip xfrm policy delete dir out index "$index"
    soon_same_as_kernel "deleted by its index" $SOON
    policy add 192.0.2.13 priority 15 limit time-soft 2 limit time-hard 5 $(tunnel 5)
    soon_same_as_kernel "one with limits of time" $SOON
}
wait_until 20 '[ -z "$(ip xfrm policy get src 192.0.2.1/32 dst 192.0.2.13/32 dir out 2>/dev/null)" ]'
soon_same_as_kernel "expired" $SOON
is "its templates went too" "$(rows_of "$TEMPLATE_TABLE" 2)" 1
"$PYTHON" "$TESTS/lab/socket_policy.py" < <(exec sleep 600) >"$WORK/socket" &
holder=$!
started+=("$holder")
check "a socket has a policy of its own" wait_until 20 'grep -q ready "$WORK/socket"'
is "the kernel shows it" "$(ip xfrm policy | grep -c '^	socket')" 1
policy add 192.0.2.14 priority 16
soon_same_as_kernel "a socket's policy is in no table" $SOON
end "$holder"
ip xfrm policy setdefault in block 2>/dev/null && ip xfrm policy setdefault in accept
for n in 1 2 3 4 5; do
    policy add 192.0.2.2$n priority 2$n tmpl proto esp mode transport
    policy add 192.0.2.2$n priority 3$n ptype sub tmpl proto esp mode transport
done
soon_same_as_kernel "ten added" $SOON
ip xfrm policy flush
soon_same_as_kernel "the main ones flushed" $SOON
is "the sub ones are left" "$(rows_of "$POLICY_TABLE" 6)" 6
ip xfrm policy flush ptype sub
soon_same_as_kernel "the sub ones flushed" $SOON
is "no policy is left" "$(rows_of "$POLICY_TABLE" 6)" 0
is "no template is left" "$(rows_of "$TEMPLATE_TABLE" 2)" 0
is "IPsec is not active" "$(value "$ACTIVE")" 2
sleep 1 # the kernel's count is compared half a second after the last event
is "no dump was needed" "$(polls)" "$before"
is "events were counted ($(events))" "$([ "$(events)" -ge 23 ] && echo yes)" yes
is "nothing was overrun" "$(overruns)" 0
is "nothing failed" "$(collector 9)" 0
end_both
unset PORT

### More than fits

many() { # COUNT
    "$PYTHON" - "$1" <<'Y'
import sys
for n in range(int(sys.argv[1])):
    print("xfrm policy add src 192.0.2.1/32 dst 198.%d.%d.%d/32 dir out priority %d tmpl proto esp mode transport"
          % (18 + n // 62500, n // 250 % 250, n % 250 + 1, n))
Y
}

# Comparing two columns: every one would take minutes in an emulated guest
exact() {
    policy_column 6 | sort | cmp -s - "$WORK/priorities" && [ "$(rows_of "$TEMPLATE_TABLE" 2)" = "$1" ]
}

overrun() { # NAME COUNT SECONDS: adds COUNT policies while the agent is stopped
    many "$2" >"$WORK/batch"
    kill -STOP "$AGENT"
    ip -batch "$WORK/batch"
    ip xfrm policy | sed -n 's/.* priority \([0-9]*\).*/\1/p' | sort >"$WORK/priorities"
    kill -CONT "$AGENT"
    if wait_until "$3" "exact $2"; then
        ok "$1: all $2 are in the tables"
    else
        not_ok "$1: all $2 are in the tables" "$(rows_of "$POLICY_TABLE" 6) are"
    fi
    ip xfrm policy flush
    check "$1: all flushed again" wait_until "$3" '[ "$(rows_of "$POLICY_TABLE" 6)" = 0 ]'
}

mkdir "$WORK/small"
printf 'redumpInterval 3600\nreceiveBuffer 65536\n' >"$WORK/small/agent.conf"
start_both "$WORK/small"
overrun "small buffer" 2000 60
is "small buffer: the overrun is counted" "$([ "$(overruns)" -ge 1 ] && echo yes)" yes
end_both
finish
