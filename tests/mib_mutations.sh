#!/bin/bash
# The test that compares the module with the descriptors (unit/test_mib) fails when either side is changed
# by one number: every column and enumeration number of the module is changed in turn, then other things,
# then the descriptors. BUILD is a build after `make check`.
# shellcheck disable=SC2016 # what make and sed expand
set -u

tests=$(cd "$(dirname "$0")" && pwd)
source=$tests/..
BUILD=$(realpath "${BUILD:-$source/build}")
MODULE=$BUILD/installed/IPSEC-REPORT-MIB.txt
PROGRAM=$BUILD/tests/unit/test_mib
work=$(mktemp -d "${TMPDIR:-/tmp}/ipsr-mutations.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
export MIBS='' MIB_BASES=$tests/mibs SNMP_PERSISTENT_DIR=$work SNMPCONFPATH=$work
export ASAN_OPTIONS=detect_leaks=0 # Net-SNMP's parser leaks what it cannot make sense of
passed=0 failed=0

ok() { echo "ok - $1"; passed=$((passed + 1)); }
not_ok() { echo "not ok - $1: $2"; failed=$((failed + 1)); }

# verdict PROGRAM MODULE: passes, fails, or why it is neither
verdict() {
    local status
    MIB=$2 timeout 60 "$1" >"$work/output" 2>&1
    status=$?
    if [ $status = 0 ]; then
        echo passes
    elif grep -qE 'Failures: [1-9]' "$work/output"; then
        echo fails
    else
        echo "ended with status $status: $(tail -n 1 "$work/output")"
    fi
}

# found WHAT VERDICT
found() {
    if [ "$2" = fails ]; then ok "$1"; else not_ok "$1" "the test $2"; fi
}

[ -x "$PROGRAM" ] || { not_ok "unit/test_mib is built" "no $PROGRAM: make check builds it"; exit 1; }
unchanged=$(verdict "$PROGRAM" "$MODULE")
if [ "$unchanged" != passes ]; then
    not_ok "the test passes on what is the same" "it $unchanged"
    exit 1
fi
ok "the test passes on what is the same"

### The module

MUTANT=$work/IPSEC-REPORT-MIB.txt

# module WHAT SED: the module changed by sed
module() {
    sed -E "$2" "$MODULE" >"$MUTANT"
    if cmp -s "$MODULE" "$MUTANT"; then
        not_ok "module: $1" "nothing was changed"
    else
        found "module: $1" "$(verdict "$PROGRAM" "$MUTANT")"
    fi
}

# object NAME WHAT SED: the definition of one object changed
object() {
    module "$1: $2" "/^$1 OBJECT-TYPE/,/::=/ $3"
}

# every LINES WHAT: each of the lines, given as NUMBER:TEXT, with its last number changed; counted as one
every() {
    local line text number what count=0
    while IFS=: read -r line text; do
        number=$(sed -E 's/.*[^0-9]([0-9]+)[^0-9]*$/\1/' <<<"$text")
        sed -E "${line}s/([^0-9])$number([^0-9]*)$/\1$((number + 1000))\2/" "$MODULE" >"$MUTANT"
        what=$(verdict "$PROGRAM" "$MUTANT")
        if [ "$what" != fails ] || cmp -s "$MODULE" "$MUTANT"; then
            not_ok "module: line $line, ${text## *}" "the test $what"
        fi
        count=$((count + 1))
    done <<<"$1"
    if [ $count -gt 1 ]; then
        ok "module: $2: each of $count"
    else
        not_ok "module: $2" "there are none"
    fi
}

# What is served: the tables and groups that have a descriptor, and the conventions that they use.
tables=$(sed -nE 's/^ *\.name = "(ipsr[A-Za-z]+)",$/\1/p' "$source"/tables/*.c)
groups=$(for table in $tables; do
    sed -nE "s/^ +::= \{ ([A-Za-z]+) 1 \}$/\1/p" "$MODULE" | grep -x "$table" >/dev/null &&
        sed -nE "/^([A-Za-z]+)[ ]+OBJECT-TYPE$/h; /::= \{ $table 1 \}/{x;s/ .*//p}" "$MODULE"
    echo "$table"
done | sort -u | paste -sd'|')
every "$(grep -nE "::= \{ ($groups) [0-9]+ \}" "$MODULE" | grep -vE "::= \{ [A-Za-z]+Table 1 \}")" \
    "numbers of columns and scalars"
every "$(awk -v groups="^($groups)$" '
    # labels of an object or a convention, until it is known whether it is served
    /(OBJECT-TYPE|::= TEXTUAL-CONVENTION)$/ { name = $1; labels = syntax = "" }
    /^ +SYNTAX +[A-Z]/ && syntax == "" { syntax = $2 }
    /^ +[a-z][A-Za-z0-9]*\(-?[0-9]+\),?$/ { labels = labels NR ":" $0 "\n" }
    /^ +}$/ { of[name] = labels }
    /::= \{/ && $3 ~ groups { served[name]; served[syntax] }
    END { for (name in served) printf "%s", of[name] }' "$MODULE")" \
    "numbers of enumerations and bits"

object ipsrSaOctets "another type" 's/Counter64/CounterBasedGauge64/'
object ipsrSaAddAge "another type" 's/Integer32[^ ]*( *\(.*\))?$/Unsigned32/'
object ipsrSaReqid "another type" 's/Unsigned32/Counter64/'
object ipsrSaSourceText "another type" 's/SnmpAdminString/DateAndTime/'
object ipsrSaSpi "another access" 's/read-only/not-accessible/'
object ipsrSaSpi "another access, for notifications" 's/read-only/accessible-for-notify/'
object ipsrSaIndex "an index that is readable" 's/not-accessible/read-only/'
object ipsrIpsecSaEntry "another index" 's/INDEX .*/INDEX { ipsrSaSpi }/'
object ipsrSaBySpiEntry "an index less" 's/(INDEX.*\{ *[A-Za-z]+),[^,}]*/\1/'
object ipsrIpsecSaTable "another number" 's/ipsrObjects 5 /ipsrObjects 55 /'
object ipsrAgentRun "another name" 's/^ipsrAgentRun/ipsrAgentRan/'
module "another root" 's/(::= \{ (netSnmpPlaypen|enterprises)( [0-9]+)*) \}/\17 }/'
module "a label renamed" 's/^( +)larval\(1\)/\1larvae(1)/'
module "a label more" 's/^( +)larval\(1\),/\1larval(1), egg(77),/'
module "a column more" '/^ipsrSaSpi OBJECT-TYPE/,/::=/ {
    /::=/ a ipsrSaMore OBJECT-TYPE SYNTAX Unsigned32 MAX-ACCESS read-only STATUS current DESCRIPTION "More." ::= { ipsrIpsecSaEntry 777 }
}'

### The descriptors

# The value of a variable of the build's Makefile
variable() { sed -n "s/^$1 = //p" "$BUILD/Makefile"; }

read -ra compile <<<"$(variable CC) -std=gnu11 -O0 $(variable SANITIZER_FLAGS) -I$source -I$BUILD
    $(variable CHECK_CFLAGS) -I$tests/unit"
read -ra libraries <<<"$(variable NETSNMP_LIBS) $(variable CHECK_LIBS)"
"${compile[@]}" -c "$tests/unit/test_mib.c" -o "$work/test_mib.o" ||
    { not_ok "unit/test_mib compiles" "see above"; exit 1; }

# descriptor FILE WHAT SED: the test with one descriptor changed. The linker takes what stands first.
descriptor() {
    local mutant=$work/mutant.c
    sed -E "$3" "$source/tables/$1" >"$mutant"
    if [ "$3" != "" ] && cmp -s "$mutant" "$source/tables/$1"; then
        not_ok "descriptor: $2" "nothing was changed"
    elif ! "${compile[@]}" -iquote "$source/tables" -c "$mutant" -o "$work/mutant.o" \
            2>"$work/errors" ||
        ! "${compile[@]}" "$work/test_mib.o" "$work/mutant.o" "$BUILD/libtables.a" \
            "${libraries[@]}" -o "$work/mutant" 2>"$work/errors"; then
        not_ok "descriptor: $2" "it does not compile: $(grep -m 1 error "$work/errors")"
    elif [ "$3" = "" ]; then
        is_same=$(verdict "$work/mutant" "$MODULE")
        if [ "$is_same" = passes ]; then ok "$2"; else not_ok "$2" "the test $is_same"; fi
    else
        found "descriptor: $2" "$(verdict "$work/mutant" "$MODULE")"
    fi
}

descriptor ipsec_sa.c "the test passes with a descriptor compiled again" ""
n=0
while IFS=: read -r file line text; do
    n=$((n + 1))
    [ $((n % 9)) = 1 ] || continue
    number=$(sed -E 's/^[^(]*\(([0-9]+),.*/\1/' <<<"$text")
    descriptor "${file##*/}" "${file##*/} line $line: number $number" \
        "${line}s/\($number,/($((number + 1000)),/"
done < <(grep -nHE '^ +[A-Z0-9_]+\([0-9]+, "ipsr' "$source"/tables/*.c)
descriptor ipsec_sa.c "a label's number" 's/^( +\{ )7(, "esn" \},)/\110\2/'
descriptor ipsec_sa.c "a label's name" 's/"decapDscp"/"decap"/'
descriptor ipsec_sa.c "a label less" '/"outSequenceMayWrap"/d'
descriptor ipsec_sa.c "another type" 's/COUNTER64\(47,/GAUGE64(47,/'
descriptor ipsec_sa.c "an age told as a date" 's/AGE\(51,/DATE(51,/'
descriptor ipsec_sa.c "a column less" '/"ipsrSaReqid"/d'
descriptor ipsec_sa.c "the table's number" 's/^( +\.number = )5,/\115,/'
descriptor collector_row.c "another index" 's/STRING\(1, "ipsrCollectorKey"/STRING(3, "ipsrCollectorName"/'
descriptor collector_row.c "two columns in the wrong order" '/"ipsrCollectorRows"/{h;d}; /"ipsrCollectorDuration"/G'
descriptor agent_scalars.c "a scalar's type" 's/COUNTER64\(8,/GAUGE64(8,/'

echo "$passed passed, $failed failed"
[ $failed = 0 ]
