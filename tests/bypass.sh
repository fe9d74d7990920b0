#!/bin/bash
# What goes in clear text, and whether IPsec applies at each interface: HP's examples of `-ip` and `-bypass`
# to the byte; then random policies, and everything that happens to policies and interfaces, by event
# alone but for sysctls. Runs anywhere as root, in a network namespace of its own: no ESP is needed.
# shellcheck source=/dev/null disable=SC2317,SC2016
. "$(dirname "$0")/lib.sh"
if [ -z "${OWN_NAMESPACE:-}" ]; then
    OWN_NAMESPACE=1 exec unshare -n "$0" "$@"
fi
begin
SOON=10

report() { "$BUILD/ipsec_report" "$@" -- -v2c -c public "127.0.0.1:$PORT"; }

settings() {
    local file
    for file in /proc/sys/net/ipv[46]/conf/*/disable_{policy,xfrm}; do
        [ ! -e "$file" ] || echo "$file $(cat "$file")"
    done
}

same_as_kernel() {
    ip -d -s xfrm policy >"$WORK/policy" && ip -j addr >"$WORK/addr" && settings >"$WORK/settings" &&
        { snmp bulkwalk -Cr50 ".$ROOT.1.13" && snmp bulkwalk -Cr50 ".$ROOT.1.14"; } >"$WORK/walk" &&
        "$PYTHON" "$TESTS/lab/compare_bypass.py" "$WORK"/{policy,addr,settings,walk} >"$WORK/differences"
}

soon_same() { # WHAT [SECONDS]
    local deadline=$((SECONDS + ${2:-$SOON}))
    until same_as_kernel; do
        if [ $SECONDS -ge $deadline ]; then
            not_ok "$1" "$(tail -n 4 "$WORK/differences" | tr '\n' ' ')"
            return
        fi
        sleep 0.1
    done
    ok "$1"
}

interfaces_up() {
    [ "$(value "$COLLECTOR.2.$INTERFACES")" = 1 ]
}

### HP's examples. There, lan0:1 is down while lan0 is up; here a device must be.

ip link set lo up
device lan0 && device lan1 && device lan2
for name in lan0 lan1 lan2; do sysctl -qw "net.ipv6.conf.$name.disable_ipv6=1"; done
ip addr add 192.1.1.1/24 dev lan0
ip addr add 192.2.2.1/24 dev lan1
ip addr add 192.1.3.3/24 dev lan2
sysctl -qw net.ipv4.conf.lan1.disable_xfrm=1 net.ipv4.conf.lan1.disable_policy=1
ip link set lan0 up
ip link set lan1 up
mkdir "$WORK/a"
printf '%s 3600\n' interfaceInterval redumpInterval checkInterval >"$WORK/a/agent.conf"
start_both "$WORK/a"
check "the interfaces are read" wait_until $SOON interfaces_up
soon_same "a machine without any policy"
is "IPsec is off there" "$(report -ip 2>&1 | grep -c '^IPSec: Off$')" "$(report -ip | grep -c ^IPSec:)"
ip xfrm policy add src 192.1.1.1 dst 192.1.1.3 proto tcp sport 23 dport 56122 dir out priority 10 \
    tmpl proto esp reqid 1 mode transport
soon_same "a policy that protects"
report -bypass >"$WORK/report" 2>"$WORK/errors"
is "ipsec_report -bypass" $? 0
is "nothing to complain of" "$(cat "$WORK/errors")" ""
check "-bypass is HP's example" diff "$TESTS/golden/bypass.txt" "$WORK/report"
# the loopback comes first, and the label is the device's own name
report -ip | sed '/ lo Address: /,/^----/{/^----/!d}; s/^Interface Name: lan2\*/Interface Name: lan0:1*/' |
    awk '/^----/ { title = $0; next } title != "" { print title; title = "" } { print }' >"$WORK/report"
check "-ip is HP's example" diff "$TESTS/golden/ip_hp.txt" "$WORK/report"
check "-verbose tells of the loopback" grep -qx 'IP Address: 127.0.0.1' <(report -bypass -verbose)
is "order of -all" "$(report -all | grep -- '^---' | tr -d '-' | uniq | tail -n 2 | xargs)" \
    "System Configured Interface Configured Bypass IP List"

### A recording of it shows the same

end_both
unset PORT
mkdir "$WORK/b"
start_both "$WORK/b" --record "$WORK/recording"
check "recorded" wait_until $SOON interfaces_up
soon_same "live, while recording"
report -bypass -json >"$WORK/live"
check "JSON has both tables" "$PYTHON" -c '
import json, sys
j = json.load(open(sys.argv[1]))
assert list(j) == ["bypass", "interface"], list(j)
row = [b for b in j["bypass"] if b["name"] == "lan1"]
assert row[0]["local_addresses"] == "192.2.2.1", row
assert row[0]["reasons"] == ["disableXfrm", "disablePolicy"], row' "$WORK/live"
end_both
unset PORT
mkdir "$WORK/c"
start_both "$WORK/c" --replay "$WORK/recording"
check "the recording is read" wait_until $SOON 'report -bypass -json 2>/dev/null | cmp -s - "$WORK/live"'
end_both
unset PORT

### By event alone

for name in lan0 lan1 lan2; do sysctl -qw "net.ipv6.conf.$name.disable_ipv6=0"; done
ip addr add 2001:db8::1/64 dev lan0 nodad
ip link set lan2 up
mkdir "$WORK/e" && cp "$WORK/a/agent.conf" "$WORK/e/"
start_both "$WORK/e"
check "read again" wait_until $SOON interfaces_up
soon_same "with IPv6"
polls=$(polls)
ip xfrm policy add src 192.1.1.0/24 dst 0.0.0.0/0 dir out priority 5
soon_same "all that lan0 sends passes"
check "it is in the list" grep -qx 'IP Address: 192.1.1.0/24' <(report -bypass)
ip xfrm policy add src 0.0.0.0/0 dst 192.1.1.0/24 dir in priority 5
soon_same "and all that it receives"
is "lan0 is off" "$(report -ip | grep -A1 'lan0 Address: 192.1.1.1$' | tail -n 1)" "IPSec: Off"
ip xfrm policy update src 0.0.0.0/0 dst 192.1.1.0/24 dir in action block priority 5
soon_same "replaced in place by one that discards"
ip xfrm policy update src 0.0.0.0/0 dst 192.1.1.0/24 dir in priority 5
soon_same "and back"
ip addr add 192.1.1.77/32 dev lan1
soon_same "an address added, which a bypass is for"
ip addr del 192.1.1.77/32 dev lan1
ip link set lan0 down
soon_same "an address deleted, an interface down"
ip xfrm policy add src 10.0.0.0/8 dst 10.1.0.0/16 proto tcp dport 22 dev lan2 dir in ptype sub priority 5
soon_same "a sub policy for one interface, of some packets"
report -bypass >"$WORK/report"
check "the report says of which" grep -qx 'Interface Name: lan2' "$WORK/report"
check "and to where" grep -qx 'Dst IP Addr: 10.0.0.0/8' "$WORK/report"
ip link set lan2 name wan2 2>/dev/null || { ip link set lan2 down && ip link set lan2 name wan2; }
soon_same "an interface renamed"
ip link del wan2
ip xfrm policy flush
soon_same "flushed, an interface gone"
ip xfrm policy flush ptype sub
soon_same "the sub policies too"

# remove ACTION N: each second policy with this action, or with 0 each; some have gone by themselves
remove() {
    ip -d -s xfrm policy | sed -n "s/^\\tdir \([a-z]*\) action $1 index \([0-9]*\) .* ptype \([a-z]*\) .*/\1 \2 \3/p" |
        awk -v n="$2" 'n == 0 || NR % 2 { print "xfrm policy delete dir", $1, "index", $2, "ptype", $3 }' >"$WORK/batch"
    add_lines "$WORK/batch" >/dev/null
}

for seed in 1 2 3 4 5 6; do
    "$PYTHON" "$TESTS/lab/random_bypasses.py" $seed 60 lan1 192.1.1.1 192.2.2.1 2001:db8::1 >"$WORK/batch"
    accepted=$(add_lines "$WORK/batch")
    check "seed $seed: the kernel accepts $accepted of 60" test "$accepted" -ge 20
    soon_same "seed $seed: random policies"
    tail -n 1 "$WORK/differences"
    remove '[a-z]*' 1
    soon_same "seed $seed: half of them deleted"
    remove block 0
    soon_same "seed $seed: nothing is discarded"
    tail -n 1 "$WORK/differences"
    [ $((seed % 3)) != 0 ] || ip xfrm policy flush
done
is "all that without a full read" "$(polls)" "$polls"
sed -i ':a; N; $!ba; s/\n\([^.]\)/ \1/g' "$WORK/walk" # long strings are broken
for change in "14.1."{3..20} 13.1.7 13.1.8; do
    sed "0,/^\.$ROOT\.1\.$change\./s/^\(\.$ROOT\.1\.$change\..* = \).*/\1INTEGER: 77/" "$WORK/walk" >"$WORK/changed"
    "$PYTHON" "$TESTS/lab/compare_bypass.py" "$WORK"/{policy,addr,settings,changed} >/dev/null
    is "the comparer finds a change in column $change" $? 1
done
ip xfrm policy flush
ip xfrm policy flush ptype sub
end_both
unset PORT

### What the kernel tells no message of

mkdir "$WORK/d"
start_both "$WORK/d"
check "read with the usual interval" wait_until $SOON interfaces_up
ip xfrm policy add src 192.1.1.1 dst 192.1.1.3 dir out tmpl proto esp reqid 1 mode transport
sysctl -qw net.ipv4.conf.lan0.disable_xfrm=1
soon_same "disable_xfrm set" $((SOON + 5))
is "the list says which way" "$(report -bypass | grep -A2 -x 'IP Address: 192.1.1.1' | tail -n 1)" \
    "Direction: outbound"
sysctl -qw net.ipv4.conf.lan0.disable_xfrm=0
soon_same "and taken back" $((SOON + 5))
end_both
finish
