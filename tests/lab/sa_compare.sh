#!/bin/bash
# Several hundred random SAs of all kinds: every field of the table as `ip -d -s xfrm state` has it,
# after a dump and after changes told by events.
# sa_compare.sh [SEED...]
#
# With COMPARE=later the readings are only left in $LABOUT/compare, for lab/compare.sh: an emulated guest
# is slow at comparing.
# shellcheck source=/dev/null disable=SC2317,SC2016
. "$(dirname "$0")/../lib.sh"
begin
COUNT=${COUNT:-400}
[ $# -gt 0 ] || set -- 1 2 3
sysctl -qw net.core.xfrm_acq_expires=3600 # larval SAs live as long as the test
readings=$WORK/compare
[ "${COMPARE:-}" != later ] || readings=$LABOUT/compare
mkdir "$readings"
taken=0

add_random() { # SEED COUNT WHAT
    local accepted
    "$PYTHON" "$TESTS/lab/random_sas.py" "$1" "$2" >"$WORK/batch"
    accepted=$(add_lines "$WORK/batch")
    if [ $((accepted * 100)) -ge $(($2 * 95)) ]; then
        ok "$3: the kernel accepts $accepted of $2"
    else
        not_ok "$3: the kernel accepts 95 %" "$accepted of $2"
    fi
}

reading() { # NAME [ARGS of compare_sas.py]
    local file=$readings/$1
    taken=$((taken + 1))
    check "$1: the agent knows what happened so far" settle $taken
    check "$1: kernel and table are read" take_kernel_and_table "$file"
    shift
    echo "$(cat "$file.args") $*" >"$file.args"
}

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
        '[ "$(value "$COLLECTOR.2.10.105.110.116.101.114.102.97.99.101.115")" = 1 ]'
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
if [ "${COMPARE:-}" != later ]; then
    bash "$TESTS/lab/compare.sh" "$readings" >"$WORK/compared"
    count "$WORK/compared"
fi
finish
