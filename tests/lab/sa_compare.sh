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

for seed; do
    ip xfrm state flush
    add_random "$seed" "$COUNT" "seed $seed"
    dir=$WORK/$seed
    mkdir "$dir"
    echo "checkInterval 1" >"$dir/agent.conf"
    start_both "$dir"
    reading "seed $seed, a dump"

    # a tenth goes, as many come
    ip xfrm state | awk '/^src/ { s = $0 }
        /proto (esp|ah|comp) spi/ && ++n % 10 == 0 { print "xfrm state delete", s, $1, $2, $3, $4 }' |
        sed 's/(.*//' >"$WORK/batch"
    add_lines "$WORK/batch" >/dev/null
    add_random "$((seed + 1000))" $((COUNT / 10)) "seed $seed, further ones"
    reading "seed $seed, after changes" --no-order
    end_both
    unset PORT
done
if [ "${COMPARE:-}" != later ]; then
    bash "$TESTS/lab/compare.sh" "$readings" >"$WORK/compared"
    count "$WORK/compared"
fi
finish
