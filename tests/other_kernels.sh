#!/bin/bash
# Kernels that tell less or more than this machine's, by recordings of them; and one that tells an agent
# without the capability nothing of IPsec, which says so and goes on with the rest.
# shellcheck source=/dev/null disable=SC2317,SC2016
. "$(dirname "$0")/lib.sh"
if [ -z "${OWN_NAMESPACE:-}" ]; then
    OWN_NAMESPACE=1 exec unshare -n "$0" "$@"
fi
begin
ip link set lo up

report() { "$BUILD/ipsec_report" "$@" -- -v2c -c public "127.0.0.1:$PORT"; }

# column NUMBER: of the table of interfaces, of all rows of interface 2
interface_column() {
    snmp bulkwalk ".$ROOT.1.13.1.$1.2" | sed 's/^[^=]* = [A-Za-z0-9-]*: //' | sort -u | xargs
}

replay() { # NAME
    mkdir "$WORK/$1.d"
    unset PORT
    start_both "$WORK/$1.d" --replay "$WORK/$1"
}

### A kernel without sub policies: no policy has a type

for name in typed untyped; do
    cp -r "$TESTS/data/strongswan-up" "$WORK/$name"
    chmod -R u+w "$WORK/$name"
done
check "types are taken out" "$PYTHON" "$TESTS/edit_recording.py" untyped "$WORK/untyped/policy.bin"
check "there were any" [ "$(stat -c %s "$WORK/untyped/policy.bin")" -lt "$(stat -c %s "$WORK/typed/policy.bin")" ]
for name in typed untyped; do
    replay $name
    check "$name: there are policies" wait_until 20 '[ -n "$(report -tunnel 2>/dev/null)" ]'
    is "$name: the collector is up" "$(collector 2)" 1
    is "$name: without a failure" "$(collector 9)" 0
    wait_until 10 '[ "$(report -tunnel | grep -c "^SPI")" = 2 ]'
    report -tunnel -host >"$WORK/$name.text"
    snmp bulkwalk "$POLICY_TABLE.1.10" >"$WORK/$name.walk"
    end_both
done
is "the same rules" "$(cat "$WORK/untyped.text")" "$(cat "$WORK/typed.text")"
is "all of the main type" "$(cat "$WORK/untyped.walk")" "$(cat "$WORK/typed.walk")"

### A device that does the cryptography

mkdir "$WORK/offload"
cp "$TESTS"/data/netlink-manual/state.bin "$TESTS"/data/links/*.bin "$WORK/offload/"
chmod -R u+w "$WORK/offload"
check "SAs are given to a device" "$PYTHON" "$TESTS/edit_recording.py" offload "$WORK/offload/state.bin" 2
replay offload
check "the device has all SAs" wait_until 20 \
    '[ "$(interface_column 12)" = "$(sa_column 2 | wc -l)" ] && [ "$(interface_column 12)" -gt 5 ]'
is "each SA names it" "$(sa_column 43 | sort -u)" 2
is "and its direction, which the device was told" "$(sa_column 6 | sort -u | xargs)" "1 2"
is "the collector is up" "$(collector 2)" 1
is "without a failure" "$(collector 9)" 0
end_both

### An agent without the capability

mkdir "$WORK/nobody"
chmod 777 "$WORK/nobody"
# the tree may lie where nobody may go, such as root's home
install -m 755 "$BUILD/ipsec-reportd" "$WORK/nobody/ipsec-reportd"
unset PORT
start_snmpd "$WORK/nobody"
SNMP_PERSISTENT_DIR=$WORK/nobody setpriv --reuid nobody --regid nogroup --clear-groups --bounding-set -all \
    "$WORK/nobody/ipsec-reportd" -f -Le -C -c /dev/null -x "unix:$WORK/nobody/agentx" >"$WORK/nobody.log" 2>&1 &
AGENT=$!
started+=("$AGENT")
check "the interfaces are read all the same" wait_until 20 '[ "$(value "$COLLECTOR.2.$INTERFACES")" = 1 ]'
is "the other collector is down" "$(collector 2)" 3
is "in one sentence in the log" "$(grep -c CAP_NET_ADMIN "$WORK/nobody.log")" 1
report -ip >"$WORK/out" 2>"$WORK/err"
is "-ip is printed" $? 0
check "with the loopback" grep -q '^Interface Name: lo Address: 127.0.0.1$' "$WORK/out"
ip link add lan0 type dummy 2>/dev/null || ip link add lan0 type bridge
ip addr add 192.1.1.1/24 dev lan0
check "where nothing is said of policies, nobody knows" wait_until 20 \
    'report -ip 2>/dev/null | grep -A1 "lan0\* Address: 192.1.1.1$" | grep -qx "IPSec: Unknown"'
report -host >"$WORK/out" 2>"$WORK/err"
is "a report of policies has one complaint" "$(wc -l <"$WORK/err")" 1
check "which says what is missing" grep -q CAP_NET_ADMIN "$WORK/err"
end_both
finish
