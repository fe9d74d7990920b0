#!/bin/bash
# What etc/quickstart shows where there are no SAs: the gateways moon (here) and sun (a namespace), an ESP
# tunnel between the networks behind them, packets through it, and moon's report.
# shellcheck source=/dev/null disable=SC2317,SC2016
. "$(dirname "$0")/../lib.sh"
begin
trap 'ip netns delete sun 2>/dev/null; end_all' EXIT

in_sun() { ip netns exec sun "$@"; }
key() { echo "0x$(od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n')"; }

# gateway OWN PEER NETWORK PEER_NETWORK: the policies of one side; in front of it what runs `ip` there
gateway() {
    local run=$1 own=$2 peer=$3 network=$4 far=$5
    $run ip xfrm policy add src "$network" dst "$far" dir out \
        tmpl src "$own" dst "$peer" proto esp reqid 1 mode tunnel
    $run ip xfrm policy add src "$far" dst "$network" dir in \
        tmpl src "$peer" dst "$own" proto esp reqid 1 mode tunnel
    $run ip route add "$far" via "$peer" src "${network%.0/24}.1"
}

# an SA that both sides have
sa() { # SRC DST SPI
    local key run
    key=$(key 20)
    for run in "" in_sun; do
        $run ip xfrm state add src "$1" dst "$2" proto esp spi "$3" reqid 1 mode tunnel \
            aead 'rfc4106(gcm(aes))' "$key" 128 replay-window 32 \
            limit time-soft 3000 limit time-hard 3600
    done
}

if ! { ip netns add sun && ip link add wan0 type veth peer name wan0 netns sun; }; then
    echo "two gateways cannot be made here" >&2
    exit 1
fi
ip addr add 192.0.2.1/24 dev wan0 && ip link set wan0 up
in_sun ip addr add 192.0.2.2/24 dev wan0 && in_sun ip link set wan0 up && in_sun ip link set lo up
ip addr add 10.1.0.1/24 dev lo
in_sun ip addr add 10.2.0.1/24 dev lo
sa 192.0.2.1 192.0.2.2 0x1fe472
sa 192.0.2.2 192.0.2.1 0x241988
gateway "" 192.0.2.1 192.0.2.2 10.1.0.0/24 10.2.0.0/24
gateway in_sun 192.0.2.2 192.0.2.1 10.2.0.0/24 10.1.0.0/24

echo "moon 192.0.2.1 (10.1.0.0/24) === ESP === sun 192.0.2.2 (10.2.0.0/24)"
echo "# ping -c 3 10.2.0.1"
ping -c 3 -i 0.2 -I 10.1.0.1 10.2.0.1 | tail -n 3 | head -n 2
start_both "$WORK"
for words in "-sa ipsec" "-collector"; do
    echo "# ipsec_report $words"
    # shellcheck disable=SC2086 # words
    "$BUILD/ipsec_report" $words -- -v2c -c public "127.0.0.1:$PORT"
done
[ "$(ip -s xfrm state | grep -c '(bytes), 3(packets)')" = 2 ] # three went, three came
