#!/bin/bash
# Lints IPSEC-REPORT-MIB: mib-lint.sh [MODULE]
#
# MODULE is a file, mibs/IPSEC-REPORT-MIB.txt of this tree unless given. It is
# read with the stand-in base modules of tests/mibs, and with the real ones
# too where $IETF_MIBS names a directory that has them. One line per check;
# the exit status is 1 when any of them failed.
set -euo pipefail

tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
module=${1:-$tests/../mibs/IPSEC-REPORT-MIB.txt}
failed=0

# Neither tool may find anything but what it is given here.
unset SMIPATH MIBS MIBDIRS MIBFILES SNMPCONFPATH
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/cert_indexes"
export HOME=$scratch SNMPCONFPATH=$scratch SNMP_PERSISTENT_DIR=$scratch

# report NAME PROBLEMS: the result of one check, good when PROBLEMS is empty
report() {
    if [[ -z $2 ]]; then
        echo "ok - $1"
    else
        echo "not ok - $1: $(head -n 1 <<<"$2")"
        echo "# ${2//$'\n'/$'\n# '}"
        failed=1
    fi
}

# lint FILE PATH: what smilint says of FILE, with base modules from PATH. What
# it says of the base modules is not ours, and its exit status means nothing.
lint() {
    echo "path $2" >"$scratch/smi.conf"
    smilint -c "$scratch/smi.conf" -l 6 -m -s "$1" 2>&1 |
        awk -v file="$1:" '/^[^ :]+:[0-9]+: / && index($0, file) != 1 { next } { print }' || true
}

# parse DIRECTORY: what Net-SNMP's own parser says of the module there. With
# warnings on, it says of every macro that it skips it: that is no fault.
parse() {
    local said
    said=$(snmptranslate -M "$tests/mibs:$1" -m IPSEC-REPORT-MIB -Pw -Tz 2>&1 >"$scratch/tree") ||
        said+=" (exit status $?)"
    said=$(grep -vE '^[A-Z-]+ MACRO \(lines .* parsed and ignored\)\.$' <<<"$said" || true)
    if [[ -z $said ]] && ! grep -q '^"ipsrObjects"' "$scratch/tree"; then
        said="no ipsrObjects in the tree"
    fi
    printf '%s' "$said"
}

for tool in smilint snmptranslate; do
    if ! command -v "$tool" >/dev/null; then
        echo "not ok - $tool is not installed"
        exit 1
    fi
done
if [[ ! -r $module ]]; then
    echo "not ok - cannot read $module"
    exit 1
fi

# Net-SNMP finds a module by the name of its file.
mkdir "$scratch/mibs" "$scratch/broken" "$scratch/moved"
ours=$scratch/mibs/IPSEC-REPORT-MIB.txt
cp "$module" "$ours"

report "plain ASCII, no tabs, at most 80 columns" \
    "$(LC_ALL=C grep -nE $'\t|[^ -~]|.{81}' "$ours" || true)"
report "nothing can be set" "$(grep -nE 'MAX-ACCESS +read-(write|create)' "$ours" || true)"
report "smilint with the stand-ins" "$(lint "$ours" "$tests/mibs")"
if [[ -n ${IETF_MIBS:-} && -d $IETF_MIBS ]]; then
    report "smilint with the real base modules" "$(lint "$ours" "$IETF_MIBS:$tests/mibs")"
fi
report "Net-SNMP's parser" "$(parse "$scratch/mibs")"

# configure --with-mib-root does the same.
moved=$scratch/moved/IPSEC-REPORT-MIB.txt
sed -e 's/^\( *\)netSnmpPlaypen FROM NET-SNMP-MIB$/\1enterprises FROM SNMPv2-SMI/' \
    -e 's/::= { netSnmpPlaypen 4301 }/::= { enterprises 99999 }/' "$ours" >"$moved"
report "the root stands in two lines" \
    "$(grep -n netSnmpPlaypen "$moved" || true; lint "$moved" "$tests/mibs"; parse "$scratch/moved")"

# A linter that is silent about everything would be no check at all.
broken=$scratch/broken/IPSEC-REPORT-MIB.txt
sed '0,/DESCRIPTION$/s//DESCRIPTON/' "$ours" >"$broken"
if [[ -n $(lint "$broken" "$tests/mibs") && -n $(parse "$scratch/broken") ]]; then
    report "a planted error is found" ""
else
    report "a planted error is found" "it was not"
fi

exit "$failed"
