#!/bin/bash
# For hundreds of flows, policies and SAs at random: does the table say what the kernel does to their packets?
# flows.sh [SEED...]
# shellcheck source=/dev/null disable=SC2317,SC2016
. "$(dirname "$0")/../lib.sh"
begin
[ $# -gt 0 ] || set -- 1 2

report() {
    "$BUILD/ipsec_report" "$@" -- -v2c -c public "127.0.0.1:$PORT"
}

link() { # DEVICE NAMESPACE: a link, with its other end e0 in the namespace
    ip netns add "$2" && ip link add "$1" type veth peer name e0 netns "$2" && ip link set "$1" up &&
        ip -n "$2" link set e0 up && ip -n "$2" link set lo up
}

end_links() {
    ip netns delete peer 2>/dev/null
    ip netns delete far 2>/dev/null
    ip link delete lan0 2>/dev/null
    ip link delete lan1 2>/dev/null
}

mkdir -p /run/netns && mount -t tmpfs none /run/netns 2>/dev/null

check "links" eval "link lan0 peer && link lan1 far"
for all in net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=0 \
    net.ipv4.conf.lan0.rp_filter=0 net.ipv4.conf.lan1.rp_filter=0; do
    sysctl -qw $all
done
ip addr flush dev lan0
for address in 192.0.2.1/24 192.0.2.5/24; do ip addr add $address dev lan0; done
for address in 2001:db8::1/64 2001:db8::5/64; do ip addr add $address dev lan0 nodad; done
ip addr add 198.51.100.1/24 dev lan1
ip addr add 2001:db8:1::1/64 dev lan1 nodad
other_end() { ip -n "$1" -o link show e0 | sed 's/.*link.ether \([^ ]*\).*/\1/'; }
for address in 192.0.2.2 192.0.2.3 2001:db8::2 2001:db8::3; do
    ip neigh replace $address dev lan0 lladdr "$(other_end peer)" nud permanent
done
for address in 198.51.100.2 198.51.100.3 2001:db8:1::2 2001:db8:1::3; do
    ip neigh replace $address dev lan1 lladdr "$(other_end far)" nud permanent
done
check "connections are tracked" nft 'add table inet t
    add chain inet t f { type filter hook forward priority 0; }
    add rule inet t f ct state new,established accept
    add chain inet t o { type filter hook output priority 0; }
    add rule inet t o ct state new,established accept'

# what is remembered of a connection must outlive the rounds of a slow machine
sysctl -qw net.netfilter.nf_conntrack_udp_timeout=3600 net.netfilter.nf_conntrack_icmp_timeout=3600

# flow_truth.py does its next step
next_step() {
    local wanted=$(($(grep -c step "$dir/answers") + 1))
    echo >"$dir/go"
    wait_until 200 "[ \"\$(grep -c step '$dir/answers')\" = $wanted ] || ! running $truth"
    running "$truth" || { tail -n 1 "$dir/truth.log"; return 1; }
}

# all that the kernel has: the agent hears of it in order
known() {
    [ "$(policy_column 6 | wc -l)" = "$(kernel_policies)" ]
}

same_as_truth() {
    report -cache -json >"$WORK/json" &&
        "$PYTHON" "$TESTS/lab/compare_flows.py" "$dir/truth" "$WORK/json" >"$WORK/said" 2>&1
}

soon_as_truth() { # WHAT
    if wait_until 15 'known && same_as_truth'; then
        ok "$1: $(tail -n 1 "$WORK/said")"
    else
        head -n 20 "$WORK/said"
        ip xfrm policy
        not_ok "$1" "$(tail -n 1 "$WORK/said")"
    fi
}

for seed; do
    dir=$WORK/$seed
    mkdir "$dir"
    mkfifo "$dir/go"
    sleep 1000 >"$dir/go" & # keeps it open
    started+=($!)
    "$PYTHON" "$TESTS/lab/flow_truth.py" "$seed" "$dir/truth" <"$dir/go" >"$dir/answers" 2>"$dir/truth.log" &
    truth=$!
    started+=("$truth")
    wait_until 60 'grep -q flows "$dir/answers" || ! running "$truth"'
    check "seed $seed: flows are alive" running "$truth"
    check "seed $seed: policies and SAs" next_step
    start_both "$dir"
    report -cache >/dev/null
    for round in "after a dump and events" "after changes" "after more changes"; do
        check "seed $seed: packets are sent ($round)" next_step
        soon_as_truth "seed $seed, $round"
    done
    end_both
    unset PORT
    end "$truth"
    ip xfrm state flush
    ip xfrm policy flush
    ip xfrm policy flush ptype sub
done

nft flush ruleset
end_links
finish
