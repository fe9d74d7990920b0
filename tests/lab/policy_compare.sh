#!/bin/bash
# Several hundred random policies of all kinds: every field of both tables as `ip -d -s xfrm policy` has
# it, after a dump and after changes told by events.
# policy_compare.sh [SEED...]
#
# With COMPARE=later the readings are only left in $LABOUT/compare-policies, for lab/compare.sh: an
# emulated guest is slow at comparing.
# shellcheck source=/dev/null disable=SC2034,SC2317,SC2016
. "$(dirname "$0")/../lib.sh"
begin
SUBJECT=policies
COUNT=${COUNT:-400}
[ $# -gt 0 ] || set -- 1 2 3
readings=$WORK/compare
[ "${COMPARE:-}" != later ] || readings=$LABOUT/compare-policies
mkdir "$readings"
taken=0

add_random() { # SEED COUNT WHAT
    local accepted
    "$PYTHON" "$TESTS/lab/random_policies.py" "$1" "$2" >"$WORK/batch"
    accepted=$(add_lines "$WORK/batch")
    if [ $((accepted * 100)) -ge $(($2 * 95)) ]; then
        ok "$3: the kernel accepts $accepted of $2"
    else
        not_ok "$3: the kernel accepts 95 %" "$accepted of $2"
    fi
}

reading() { # NAME [ARGS of compare_policies.py]
    local file=$readings/$1
    taken=$((taken + 1))
    check "$1: the agent knows what happened so far" settle_policies $taken
    check "$1: kernel and tables are read" take_kernel_and_table "$file"
    shift
    echo "$(cat "$file.args") $*" >"$file.args"
}

for seed; do
    ip xfrm policy flush
    ip xfrm policy flush ptype sub
    add_random "$seed" "$COUNT" "seed $seed"
    dir=$WORK/$seed
    mkdir "$dir"
    echo "redumpInterval 3600" >"$dir/agent.conf"
    start_both "$dir"
    polls=$(polls)
    reading "seed $seed, a dump"

    # a tenth goes, a tenth is replaced in place, as many come
    ip -d xfrm policy | sed -n 's/^\tdir \([a-z]*\) action [a-z]* index \([0-9]*\) .* ptype \([a-z]*\) .*/\1 \2 \3/p' |
        awk 'n++ % 10 == 0 { print "xfrm policy delete dir", $1, "index", $2, "ptype", $3 }' >"$WORK/batch"
    check "seed $seed: a tenth is deleted" test "$(add_lines "$WORK/batch")" = "$(wc -l <"$WORK/batch")"
    "$PYTHON" "$TESTS/lab/random_policies.py" "$seed" "$COUNT" | awk 'NR % 10 == 5' |
        sed 's/ policy add / policy update /; s/ index [0-9]*//; s/ priority [0-9]*//; s/ limit .*//
            s/ tmpl .*//; s/$/ priority 4711 tmpl proto esp reqid 9 mode transport/' >"$WORK/batch"
    check "seed $seed: a tenth is replaced" test "$(add_lines "$WORK/batch")" -gt $((COUNT / 20))
    add_random "$((seed + 1000))" $((COUNT / 10)) "seed $seed, further ones"
    reading "seed $seed, after changes"
    is "seed $seed: no dump was needed" "$(polls)" "$polls"
    end_both
    unset PORT
done
if [ "${COMPARE:-}" != later ]; then
    bash "$TESTS/lab/compare.sh" "$readings" policies >"$WORK/compared"
    count "$WORK/compared"
fi
finish
