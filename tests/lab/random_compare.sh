# shellcheck shell=bash disable=SC2034
# random_compare.sh: what sa_compare.sh and policy_compare.sh have in common; sourced behind lib.sh, when
# SUBJECT is set. Readings of the kernel and of the table go to $readings; finish_comparing compares them.
#
# With COMPARE=later they are only left in $LABOUT, for lab/compare.sh: an emulated guest is slow at it.
COUNT=${COUNT:-400}
case $SUBJECT in
sas) readings=compare subjects=() settle=settle ;;
policies) readings=compare-policies subjects=(policies) settle=settle_policies ;;
esac
case ${COMPARE:-} in
later) readings=$LABOUT/$readings ;;
*) readings=$WORK/$readings ;;
esac
mkdir "$readings"
taken=0

add_random() { # SEED COUNT WHAT
    local accepted
    "$PYTHON" "$TESTS/lab/random_$SUBJECT.py" "$1" "$2" >"$WORK/batch"
    accepted=$(add_lines "$WORK/batch")
    if [ $((accepted * 100)) -ge $(($2 * 95)) ]; then
        ok "$3: the kernel accepts $accepted of $2"
    else
        not_ok "$3: the kernel accepts 95 %" "$accepted of $2"
    fi
}

reading() { # NAME [ARGS of the comparer]
    local file=$readings/$1
    taken=$((taken + 1))
    check "$1: the agent knows what happened so far" "$settle" "$taken"
    check "$1: kernel and table are read" take_kernel_and_table "$file"
    shift
    echo "$(cat "$file.args") $*" >"$file.args"
}

finish_comparing() {
    if [ "${COMPARE:-}" != later ]; then
        bash "$TESTS/lab/compare.sh" "$readings" "${subjects[@]}" >"$WORK/compared"
        count "$WORK/compared"
    fi
    finish
}
