#!/bin/bash
# `ipsec_report -cache`: HP's example to the byte, from a connection that is alive; and idle when nobody asks.
# shellcheck source=/dev/null disable=SC2317,SC2016
. "$(dirname "$0")/../lib.sh"
begin
FLOWS=5.102.108.111.119.115 # the key "flows" as an index

report() {
    "$BUILD/ipsec_report" "$@" -- -v2c -c public "127.0.0.1:$PORT"
}

flows_row() { # COLUMN
    value "$COLLECTOR.$1.$FLOWS"
}

link() { # DEVICE NAMESPACE: a link, with its other end e0 in the namespace
    ip netns add "$2" && ip link add "$1" type veth peer name e0 netns "$2" && ip link set "$1" up &&
        ip -n "$2" link set e0 up && ip -n "$2" link set lo up
}

end_links() {
    ip netns delete peer 2>/dev/null
    ip link delete lan0 2>/dev/null
}

mkdir -p /run/netns && mount -t tmpfs none /run/netns 2>/dev/null

### HP's example

here() { ip "$@"; }
there() { ip -n peer "$@"; }

sa() { # WHERE SRC DST SPI
    "$1" xfrm state add src "$2" dst "$3" proto esp spi "$4" mode transport reqid 1 \
        enc 'cbc(aes)' 0x000102030405060708090a0b0c0d0e0f \
        auth 'hmac(sha1)' 0x000102030405060708090a0b0c0d0e0f10111213
}

policy() { # WHERE DIRECTION SRC PORT DST PORT
    "$1" xfrm policy add src "$3" dst "$5" proto tcp sport "$4" dport "$6" dir "$2" priority 10 \
        tmpl proto esp reqid 1 mode transport
}

check "a link" link lan0 peer
ip addr add 192.1.1.1/24 dev lan0
ip -n peer addr add 192.1.1.3/24 dev e0
for where in here there; do
    check "SAs $where" eval "sa $where 192.1.1.1 192.1.1.3 0x1fe472 && sa $where 192.1.1.3 192.1.1.1 0x241988"
done
check "policies here" eval 'policy here out 192.1.1.1 23 192.1.1.3 56122 && policy here in 192.1.1.3 56122 192.1.1.1 23'
check "policies there" eval 'policy there in 192.1.1.1 23 192.1.1.3 56122 && policy there out 192.1.1.3 56122 192.1.1.1 23'
"$PYTHON" -c '
import socket, sys
listener = socket.create_server(("192.1.1.1", 23))
print("ready", flush=True)
peer, address = listener.accept()
peer.send(b"login: ")
sys.stdin.read()' >"$WORK/server" < <(sleep 1000) &
started+=($!)
wait_until 10 'grep -q ready "$WORK/server"'
ip netns exec peer "$PYTHON" -c '
import socket, sys
s = socket.create_connection(("192.1.1.1", 23), source_address=("192.1.1.3", 56122))
print(s.recv(10), flush=True)
sys.stdin.read()' >"$WORK/client" < <(sleep 1000) &
started+=($!)
check "a connection is protected" wait_until 20 'grep -q login "$WORK/client"'
check "the SA has carried it" eval '[ "$(ip -s xfrm state get src 192.1.1.1 dst 192.1.1.3 proto esp spi 0x1fe472 |
    grep -c "0(bytes), 0(packets)")" = 0 ]'
start_both "$WORK"
is "idle until somebody asks" "$(flows_row 2) $(flows_row 8)" "6 0"
index=$(ip -s xfrm policy | sed -n '/^src 192.1.1.1\/32/,/^src/ s/.*dir out .*index \([0-9]*\) .*/\1/p')
check "-cache is printed" report -cache
report -cache >"$WORK/cache"
is "it has been read" "$(flows_row 2)" 1
sed -E "s/(Record:) 9 Cookie: 3/\1 N Cookie: $index/" "$TESTS/golden/cache_hp.txt" >"$WORK/wanted"
sed -E 's/(Record:) [0-9]+/\1 N/' "$WORK/cache" >"$WORK/got"
if diff -u "$WORK/wanted" "$WORK/got"; then
    ok "-cache is HP's example"
else
    not_ok "-cache is HP's example" "see the differences above"
fi
ip xfrm state delete src 192.1.1.1 dst 192.1.1.3 proto esp spi 0x1fe472
check "without its SA it is being created" wait_until 10 \
    'report -cache | grep -A 2 "^State: SA Being Created" | grep -qx "Tunnel SA: No"'
ip xfrm policy delete src 192.1.1.1 dst 192.1.1.3 proto tcp sport 23 dport 56122 dir out
check "without its policy it passes, by the default policy" wait_until 10 \
    'report -cache | grep -B 4 "^Action: Pass" | grep -q "Record: [0-9]* Cookie: 1$"'
end_both

### Idle

dir=$WORK/idle
mkdir "$dir"
unset PORT
echo "flowIdle 2" >"$dir/agent.conf"
start_both "$dir"
report -cache >/dev/null
is "it is read" "$(flows_row 2) $(flows_row 13)" '1 ""'
check "idle again when nobody asks any more" wait_until 20 '[ "$(flows_row 2)" = 6 ]'
is "and the table is empty" "$(snmp walk ".$ROOT.1.15" | grep -c "\.$ROOT\.1\.15\.1")" 0
end_both
end_links
finish
