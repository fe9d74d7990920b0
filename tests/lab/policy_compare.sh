#!/bin/bash
# Several hundred random policies of all kinds: every field of both tables as `ip -d -s xfrm policy` has
# it, after a dump and after changes told by events.
# policy_compare.sh [SEED...]
# shellcheck source=/dev/null disable=SC2034,SC2317,SC2016
. "$(dirname "$0")/../lib.sh"
begin
SUBJECT=policies
. "$TESTS/lab/random_compare.sh"
[ $# -gt 0 ] || set -- 1 ${FULL:+2 3}

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
finish_comparing
