#!/bin/bash
# Several hundred random SAs of all kinds: every field of the table as `ip -d -s xfrm state` has it,
# after a dump and after changes told by events.
# sa_compare.sh [SEED...]
# shellcheck source=/dev/null disable=SC2317,SC2016
. "$(dirname "$0")/../lib.sh"
begin
. "$TESTS/lab/random_compare.sh"
[ $# -gt 0 ] || set -- 1 ${FULL:+2 3}
sysctl -qw net.core.xfrm_acq_expires=3600 # larval SAs live as long as the test

# own_addresses N: every Nth address of the SAs is this machine's from now on, and no other
own_addresses() {
    ip addr flush dev lan0
    ip xfrm state | awk -v n="$1" '$1 == "src" && NR % n == 0 { print $2 } $1 == "src" && NR % n == 1 { print $4 }' |
        sort -u | grep -v '^0.0.0.0$\|^::$' >"$WORK/own"
    while read -r address; do
        case $address in
        *:*) echo "addr add $address/128 dev lan0 nodad" ;;
        *) echo "addr add $address/32 dev lan0" ;;
        esac
    done <"$WORK/own" | ip -batch -
    own=$(ip -j addr | "$PYTHON" -c 'import json, sys
print(",".join(a["local"] for entry in json.load(sys.stdin) for a in entry["addr_info"]))')
}

device lan0
ip link set lan0 up

for seed; do
    ip xfrm state flush
    add_random "$seed" "$COUNT" "seed $seed"
    dir=$WORK/$seed
    mkdir "$dir"
    echo "checkInterval 1" >"$dir/agent.conf"
    own_addresses 7
    start_both "$dir"
    check "the interfaces are read" wait_until 20 \
        '[ "$(value "$COLLECTOR.2.$INTERFACES")" = 1 ]'
    reading "seed $seed, a dump" --local "$own"

    # a tenth goes, as many come
    ip xfrm state | awk '/^src/ { s = $0 }
        /proto (esp|ah|comp) spi/ && ++n % 10 == 0 { print "xfrm state delete", s, $1, $2, $3, $4 }' |
        sed 's/(.*//' >"$WORK/batch"
    add_lines "$WORK/batch" >/dev/null
    add_random "$((seed + 1000))" $((COUNT / 10)) "seed $seed, further ones"
    own_addresses 5
    reading "seed $seed, after changes" --no-order --local "$own"
    end_both
    unset PORT
done
finish_comparing
