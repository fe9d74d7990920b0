#!/bin/bash
# What happens to interfaces and addresses is in the table at once, by event alone, with an hour between
# full reads; a sysctl of which the kernel tells nothing is found by the next read. Compared with `ip` by
# compare_interfaces.py. Runs anywhere as root, in a network namespace of its own: no IPsec is needed.
# shellcheck source=/dev/null disable=SC2317,SC2016
. "$(dirname "$0")/lib.sh"
if [ -z "${OWN_NAMESPACE:-}" ]; then
    OWN_NAMESPACE=1 exec unshare -n "$0" "$@"
fi
begin
SOON=5
TABLE=.$ROOT.1.13

interfaces() { value "$COLLECTOR.$1.$INTERFACES"; }

settings() {
    local file
    for file in /proc/sys/net/ipv[46]/conf/*/disable_{policy,xfrm}; do
        [ ! -e "$file" ] || echo "$file $(cat "$file")"
    done
}

same_as_kernel() {
    ip -j addr >"$WORK/addr" && ip -d -j link >"$WORK/link" && settings >"$WORK/settings" &&
        snmp bulkwalk -Cr20 "$TABLE" >"$WORK/walk" &&
        "$PYTHON" "$TESTS/compare_interfaces.py" "$WORK"/{addr,link,settings,walk} >"$WORK/differences"
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

report() { "$BUILD/ipsec_report" "$@" -- -v2c -c public "127.0.0.1:$PORT"; }

### The example of HP's manual page. There, lan0:1 is down while lan0 is up; here a device must be.

ip link set lo up
device lan0 && device lan1 && device lan2
# other addresses than those of the example would be shown as well
for name in lan0 lan1 lan2 lo; do sysctl -qw "net.ipv6.conf.$name.disable_ipv6=1"; done
ip addr add 192.1.1.1/24 dev lan0
ip addr add 192.2.2.1/24 dev lan1
ip addr add 192.1.3.3/24 dev lan2
sysctl -qw net.ipv4.conf.lan1.disable_xfrm=1 net.ipv4.conf.lan1.disable_policy=1
ip link set lan0 up
ip link set lan1 up
# without any policy IPsec would be off everywhere
ip xfrm policy add src 192.1.1.1 dst 192.1.1.3 dir out tmpl proto esp reqid 1 mode transport
mkdir "$WORK/a"
echo 'interfaceInterval 3600' >"$WORK/a/agent.conf"
start_both "$WORK/a"
check "the interfaces are read" wait_until $SOON '[ "$(interfaces 2)" = 1 ]'
soon_same "what was there before"
for column in {4..12}; do
    sed "0,/^\.$ROOT\.1\.13\.1\.$column\./s/^\(\.$ROOT\.1\.13\.1\.$column\..* = \).*/\1INTEGER: 77/" \
        "$WORK/walk" >"$WORK/changed"
    "$PYTHON" "$TESTS/compare_interfaces.py" "$WORK"/{addr,link,settings,changed} >/dev/null
    is "the comparer finds a change in column $column" $? 1
done
report -ip >"$WORK/report" 2>"$WORK/errors"
is "ipsec_report -ip" $? 0
is "nothing to complain of" "$(cat "$WORK/errors")" ""
# the loopback comes first, and the label is the device's own name
is "equal to HP's example" \
    "$(sed '1,3d; s/^Interface Name: lan2\*/Interface Name: lan0:1*/' "$WORK/report")" \
    "$(cat "$TESTS/golden/ip_hp.txt")"
polls=$(interfaces 8)

### By event

for name in lan0 lan1 lan2 lo; do sysctl -qw "net.ipv6.conf.$name.disable_ipv6=0"; done
soon_same "IPv6 switched on"
ip addr add 198.51.100.1/24 dev lan0 label lan0:1
ip addr add 2001:db8::1/64 dev lan0
soon_same "addresses added, one with a label"
report -ip >"$WORK/report"
check "the label is the name" grep -q '^Interface Name: lan0:1 Address: 198.51.100.1$' "$WORK/report"
ip addr add 198.51.100.1/16 dev lan0
ip addr del 198.51.100.1/24 dev lan0
soon_same "the same address in another network, the first one deleted"
ip addr add 10.0.0.1 peer 10.0.0.2/32 dev lan1
soon_same "an address with a peer"
ip link set lan0 down
soon_same "a device down"
report -ip >"$WORK/report"
check "an asterisk says so" grep -q '^Interface Name: lan0\* Address: 192.1.1.1$' "$WORK/report"
ip link set lan0 up
soon_same "up again"
ip addr flush dev lan1
ip link set lan1 down
soon_same "no address any more"
report -ip >"$WORK/report"
is "a device without an address is not reported" "$(grep -c ' lan1' "$WORK/report")" 0
ip link set lan1 name wan.1
ip addr add 203.0.113.1/24 dev wan.1
soon_same "renamed, with a dot in its name"
ip link add veth0 type veth peer name veth1
ip link set veth0 up
ip addr add 203.0.113.9/32 dev veth0
soon_same "a pair of devices added"
ip link add br0 type bridge
ip link set veth1 master br0
ip link set veth1 nomaster
soon_same "a port of a bridge, and no more"
ip link del br0
ip link del veth0
soon_same "deleted"
if ip link add xf1 type xfrm dev lan0 if_id 7 2>/dev/null; then
    ip link set xf1 up
    ip addr add 10.9.0.1/32 dev xf1
    soon_same "an XFRM interface"
fi
is "all that without a full read" "$(interfaces 8)" "$polls"
is "without a failure" "$(interfaces 9)" 0

### Many at once: what the socket cannot hold is mended, and counted

for n in {1..250}; do
    echo "addr add 10.1.0.$n/32 dev lan2"
    echo "addr add 2001:db8:1::$(printf %x "$n")/128 dev lan2"
done >"$WORK/batch"
ip -batch "$WORK/batch"
soon_same "500 addresses added" 20
sed -n '0~3s/ add / del /p' "$WORK/batch" | ip -batch -
soon_same "a third of them deleted" 20
mkdir "$WORK/b"
printf 'interfaceInterval 3600\nreceiveBuffer 4096\n' >"$WORK/b/agent.conf"
end_both
unset PORT
start_both "$WORK/b"
check "read again, with a small buffer" wait_until $SOON '[ "$(interfaces 2)" = 1 ]'
kill -STOP "$AGENT"
sed -n '0~3p' "$WORK/batch" | ip -batch -
ip addr flush dev lan2 to 10.1.0.0/25
kill -CONT "$AGENT"
soon_same "the same as the kernel after an overrun" 20
check "the overrun is counted" [ "$(interfaces 11)" -gt 0 ]
check "and the read that mended it" [ "$(interfaces 10)" -gt 0 ]
end_both
unset PORT

### What the kernel tells no message of

mkdir "$WORK/c"
: >"$WORK/c/agent.conf"
start_both "$WORK/c"
check "read with the usual interval" wait_until $SOON '[ "$(interfaces 2)" = 1 ]'
sysctl -qw net.ipv4.conf.lan0.disable_xfrm=1
soon_same "disable_xfrm set" 7
report -ip >"$WORK/report"
check "the report says what is bypassed" \
    grep -A1 ' lan0 Address: 192.1.1.1$' "$WORK/report"
is "in words" "$(grep -A1 ' lan0 Address: 192.1.1.1$' "$WORK/report" | tail -n 1)" \
    "IPSec: Partly (outbound packets bypass it)"
sysctl -qw net.ipv4.conf.lan0.disable_policy=1 net.ipv6.conf.lan0.disable_policy=1
soon_same "disable_policy set, of IPv4 and IPv6" 7
sysctl -qw net.ipv4.conf.lan0.disable_xfrm=0 net.ipv4.conf.lan0.disable_policy=0
soon_same "and taken back" 7
if [ "$(printf '5.11\n%s\n' "$(uname -r)" | sort -V | head -n 1)" = 5.11 ]; then # it counts since then
    sysctl -qw net.ipv4.conf.all.disable_xfrm=1
    soon_same "set for all interfaces" 7
    sysctl -qw net.ipv4.conf.all.disable_xfrm=0
    soon_same "and taken back for all" 7
fi
is "no failure" "$(interfaces 9)" 0
is "no resync" "$(interfaces 10)" 0
end_both
unset PORT

### A recording of it shows the same

mkdir "$WORK/d"
echo 'interfaceInterval 3600' >"$WORK/d/agent.conf"
sysctl -qw net.ipv4.conf.all.disable_policy=1
start_both "$WORK/d" --record "$WORK/recording"
check "read while recording" wait_until $SOON '[ "$(interfaces 2)" = 1 ]'
ip addr add 192.0.2.200/32 dev lan0
ip link set lan1 down 2>/dev/null
soon_same "live"
report -ip -json >"$WORK/live"
end_both
unset PORT
mkdir "$WORK/e"
start_both "$WORK/e" --replay "$WORK/recording"
check "the recording is read" wait_until $SOON 'report -ip -json 2>/dev/null | cmp -s - "$WORK/live"'
end_both
finish
