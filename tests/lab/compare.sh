#!/bin/bash
# compare.sh FOLDER [SUBJECT]: compares the readings that sa_compare.sh (SUBJECT sas, the default) or
# policy_compare.sh (policies) took of kernel and table, field by field. Every one is a line "ok - ..." or
# "not ok - ...".
set -u
here=$(cd "$(dirname "$0")" && pwd)
status=0
shopt -s nullglob
for args in "$1"/*.args; do
    file=${args%.args}
    read -ra words <"$args"
    if output=$(python3 "$here/compare_${2:-sas}.py" "${words[@]}" "$file.kernel" "$file.walk" 2>&1); then
        echo "ok - ${file##*/}: every field as the kernel has it ($(tail -n 1 <<<"$output"))"
    else
        echo "not ok - ${file##*/}: every field as the kernel has it: $(tail -n 1 <<<"$output")"
        head -n 20 <<<"$output" | sed 's/^/# /'
        status=1
    fi
done
if [ -z "${file:-}" ]; then
    echo "not ok - there are readings of kernel and table: none in $1"
    status=1
fi
exit $status
