#!/bin/bash
# Several hundred random SAs of all kinds: every field of the table as `ip -d -s xfrm state` has it.
# sa_compare.sh [SEED...]
# shellcheck source=/dev/null disable=SC2317,SC2016
. "$(dirname "$0")/../lib.sh"
begin
COUNT=${COUNT:-400}
[ $# -gt 0 ] || set -- 1 2 3
sysctl -qw net.core.xfrm_acq_expires=3600 # larval SAs live as long as the test

add_random() { # SEED COUNT WHAT
    local accepted
    "$PYTHON" "$TESTS/lab/random_sas.py" "$1" "$2" >"$WORK/batch"
    accepted=$(add_sas "$WORK/batch")
    if [ $((accepted * 100)) -ge $(($2 * 95)) ]; then
        ok "$3: the kernel accepts $accepted of $2"
    else
        not_ok "$3: the kernel accepts 95 %" "$accepted of $2"
    fi
}

for seed; do
    ip xfrm state flush
    add_random "$seed" "$COUNT" "seed $seed"
    dir=$WORK/$seed
    mkdir "$dir"
    echo "redumpInterval 1" >"$dir/agent.conf"
    start_both "$dir"
    soon_same_as_kernel "seed $seed: every field as the kernel has it, oldest first" 10 --slack 30

    # a tenth goes, as many come, some change
    ip xfrm state | awk '/^src/ { s = $0 }
        /proto (esp|ah|comp) spi/ && ++n % 10 == 0 { print "xfrm state delete", s, $1, $2, $3, $4 }' |
        sed 's/(.*//' >"$WORK/batch"
    add_sas "$WORK/batch" >/dev/null
    add_random "$((seed + 1000))" $((COUNT / 10)) "seed $seed, further ones"
    soon_same_as_kernel "seed $seed: directly after changes" 10 --slack 30 --no-order
    end_both
    unset PORT
done
finish
