#!/bin/bash
# -audit: what a journal and Linux audit logs hold, as an independent reader has it, whatever else is in them; and
# that it takes neither an agent, nor memory for a long log. $PLAIN is the build whose memory is measured (default:
# $BUILD; sanitizers need more).
# shellcheck source=/dev/null disable=SC2317,SC2016
. "$(dirname "$0")/lib.sh"
begin
PLAIN=${PLAIN:-$BUILD}
DATA=$TESTS/data/audit
report() { "$BUILD/ipsec_report" "$@"; }

# run WHAT STATUS LINES ARGS: the exit status, and how many lines on standard error
run() {
    local what=$1 status=$2 lines=$3
    shift 3
    report "$@" >"$WORK/report" 2>"$WORK/errors"
    is "$what: exit status" $? "$status"
    is "$what: lines on standard error" "$(wc -l <"$WORK/errors")" "$lines"
}

# same GOLDEN ARGS
same() {
    local golden=$1
    shift
    run "$*" 0 0 "$@"
    if diff -u "$TESTS/golden/audit/$golden" "$WORK/report" >"$WORK/diff"; then
        ok "$* is as it was"
    else
        cat "$WORK/diff"
        not_ok "$* is as it was" "see the differences above"
    fi
}

# rows: a line for each row of the document
rows() {
    "$PYTHON" -c 'import json, sys
for rows in json.load(sys.stdin).values():
    for row in rows:
        print(json.dumps(row, sort_keys=True))'
}

# true_of WHAT LOG...: JSON tells what the independent reader found
true_of() {
    local what=$1 log arguments=()
    shift
    for log; do arguments+=(-audit "$log"); done
    report "${arguments[@]}" -json 2>"$WORK/errors" | rows >"$WORK/rows"
    "$TESTS/audit_truth.py" "$@" >"$WORK/truth"
    check "$what: has records" [ -s "$WORK/truth" ]
    if diff "$WORK/truth" "$WORK/rows" >"$WORK/diff"; then
        ok "$what: every record, with every field"
    else
        not_ok "$what: every record, with every field" "$(head -n 4 "$WORK/diff" | tr '\n' ' ')"
    fi
}

### Linux audit logs, enriched and raw

same log.txt -audit "$DATA/audit.log"
same log_verbose.txt -audit "$DATA/audit.log" -verbose
sed 's/\x1d.*//' "$DATA/audit.log" >"$WORK/raw.log"
same log.txt -audit "$WORK/raw.log"
true_of "enriched" "$DATA/audit.log"
true_of "raw" "$WORK/raw.log"
true_of "two logs, one after the other" "$DATA/audit.log" "$WORK/raw.log"
is "from standard input" "$(report -audit - <"$DATA/audit.log")" "$(cat "$TESTS/golden/audit/log.txt")"
is "through a pipe in small pieces" "$("$PYTHON" -c 'import sys
for octet in open(sys.argv[1], "rb").read():
    sys.stdout.buffer.write(bytes([octet]))
    sys.stdout.flush()' "$DATA/audit.log" | report -audit -)" "$(cat "$TESTS/golden/audit/log.txt")"
run "into a file" 0 0 -audit "$DATA/audit.log" -file "$WORK/out"
is "the file has it" "$(cat "$WORK/out")" "$(cat "$TESTS/golden/audit/log.txt")"
is "closed pipe" "$(report -audit "$DATA/audit.log" 2>&1 | head -n 1; echo "${PIPESTATUS[0]}")" \
    "$(head -n 1 "$TESTS/golden/audit/log.txt")
0"

# entity NAME PATTERN: just those whose JSON matches
entity() {
    is "-entity $1" "$(report -audit "$WORK/both.log" -entity "$1" -json | rows)" "$(
        report -audit "$WORK/both.log" -json | rows | grep -E -- "$2")"
}
{ cat "$DATA/audit.log"; sed 's|/usr/bin/ip"|/usr/lib/ipsec/charon"|' "$WORK/raw.log"; } >"$WORK/both.log"
entity kernel '"operation": "SA'
entity sad '"operation": "SAD-'
entity packet '"operation": "SA-'
entity policy '"operation": "SPD-'
entity spd '"operation": "SPD-'
entity ike '"program": "/usr/lib/ipsec/charon"'
entity daemon '"program": "/usr/lib/ipsec/charon"'
entity agent 'no such'
check "and there are some of charon" grep -q . <(report -audit "$WORK/both.log" -entity ike)

### The journal

same journal.txt -audit "$DATA/journal"
same journal_verbose.txt -audit "$DATA/journal" -verbose
is "JSON is what the journal says" "$(report -audit "$DATA/journal" -json | rows)" "$(
    "$PYTHON" -c 'import json, sys
for line in sys.stdin:
    print(json.dumps(json.loads(line), sort_keys=True))' <"$DATA/journal")"
for name in kernel ike policy agent; do
    is "-entity $name of the journal" "$(report -audit "$DATA/journal" -entity $name -json | rows)" \
        "$(report -audit "$DATA/journal" -json | rows | grep "\"entity\": \"$name\"")"
done
is "-entity packet of the journal" "$(report -audit "$DATA/journal" -entity packet | grep -c Kind)" 1
is "-entity sad of the journal" "$(report -audit "$DATA/journal" -entity sad | grep Kind)" \
    "Entity: kernel Severity: notice Kind: saRemoved"
{ head -n 2 "$DATA/journal"; echo '{"number":3,"time":"2026-11-2'; tail -n +3 "$DATA/journal"; printf '{"numb'; } \
    >"$WORK/torn"
run "a line that a kill tore, and one that is being written" 0 1 -audit "$WORK/torn"
is "all others are there" "$(cat "$WORK/report")" "$(cat "$TESTS/golden/audit/journal.txt")"
printf '%s\n' '{"number":1,"time":"2026-11-24T06:19:30Z","entity":"other","severity":"info","kind":"later","text":"\u001b[31m\r","new":{"a":[1]}}' \
    '{"number":-1,"time":"2026-11-24T06:19:30Z","kind":"acquire"}' '{"number":5,"time":"yesterday","kind":"acquire"}' \
    '{"number":5,"time":"2026-11-24T06:19:30Z","kind":7}' '{"number":5,"kind":"acquire"}' '[]' '{}' \
    '{"number":4294967296,"time":"2026-11-24T06:19:30Z","kind":"acquire"}' \
    '{"number":1,"number":2,"time":"2026-11-24T06:19:30Z","kind":"acquire"}' \
    '{"number":1,"time":"2026-11-24T06:19:30Z","kind":"acquire","peer":"nowhere"}' >"$WORK/strange"
run "a journal of a later version, and what is none" 0 1 -audit "$WORK/strange"
is "one record is whole" "$(cat "$WORK/report")" "---------------------- Audit Record ----------------------
Event Number: 1 Time: 2026-11-24T06:19:30Z
Entity: unknown Severity: info Kind: unknown
Text: \\x1b[31m\\x0d"
is "nine are not" "$(cat "$WORK/errors")" "ipsec_report: 9 damaged lines were left out"

### Hostile logs

mkdir "$WORK/hostile" && "$TESTS/audit_hostile.py" "$WORK/hostile"
true_of "keys in any order, calls that overlap, nodes" "$WORK/hostile/odd"
report -audit "$WORK/hostile/late" -json | rows >"$WORK/rows"
is "a record of a call that ended late is there, without its program" \
    "$(grep -c '"spi"' "$WORK/rows") $(grep '"program"' "$WORK/rows" | grep -c '"spi": "0x0000000b"')" "2 1"
run "damaged lines" 0 1 -audit "$WORK/hostile/damaged"
is "are counted" "$(cat "$WORK/errors")" "ipsec_report: 7 damaged lines were left out"
is "and the others told" "$(grep -c '^Entity' "$WORK/report")" 2
true_of "a flush of 3,000" "$WORK/hostile/flush"
true_of "3,000 packets" "$WORK/hostile/packets"
true_of "3,000 that nothing follows" "$WORK/hostile/expired"
bad=()
for log in "$WORK"/hostile/{random*,escapes,odd,damaged}; do
    for format in -verbose -json; do
        report -audit "$log" $format >"$WORK/report" 2>"$WORK/errors" ||
            bad+=("$format of $(basename "$log"): $(tail -n 1 "$WORK/errors")")
        if LC_ALL=C grep -qP '[\x00-\x09\x0b-\x1f\x7f]' "$WORK/report" "$WORK/errors" ||
            grep -qP '[\x{80}-\x{9f}\x{202e}]' <(iconv -f utf-8 -t utf-8 "$WORK/report" 2>&1) &&
                [ $format = -verbose ]; then
            bad+=("$format of $(basename "$log")")
        fi
        cat "$WORK/report" "$WORK/errors" >>"$WORK/all"
    done
done
is "what is hostile is read, and printable, as text and as JSON" "${bad[*]}" ""

### No command line, and so no key

KEYS='5ec2e7|3565633265|1111111|3131313131|proctitle|30783131'
cat "$WORK"/hostile/{odd,random*} "$DATA/audit.log" | grep -cqiE "$KEYS" ||
    not_ok "the logs have keys" "there is nothing to find"
for format in -verbose -json; do report -audit "$DATA/audit.log" $format >>"$WORK/all"; done
is "no key is printed" "$(grep -ciE "$KEYS" "$WORK/all")" 0

### What cannot be read

# refused WHAT PATTERN ARGS: exit status 1, one sentence, and nothing else
refused() {
    local what=$1 pattern=$2
    shift 2
    run "$what" 1 1 "$@"
    check "$what: $(cat "$WORK/errors")" grep -Eq "$pattern" "$WORK/errors"
}
refused "no such file" "cannot read $WORK/nothing: No such file" -audit "$WORK/nothing"
refused "a folder" "cannot read $WORK: Is a directory" -audit "$WORK"
for name in binary text big_text json; do
    refused "$name" "neither a journal of ipsec-reportd nor a Linux audit log" -audit "$WORK/hostile/$name"
done
refused "two kinds" "journal is a journal of ipsec-reportd, and what was read before is a Linux audit log" \
    -audit "$DATA/audit.log" -audit "$DATA/journal"
echo before >"$WORK/out"
refused "into a file" "cannot read" -audit "$DATA/audit.log" -audit "$WORK/nothing" -file "$WORK/out"
is "the file is as it was" "$(cat "$WORK/out")" before
for name in empty half; do
    run "$name" 0 0 -audit "$WORK/hostile/$name"
    is "$name: nothing" "$(cat "$WORK/report")" ""
    report -audit "$WORK/hostile/$name" -json >"$WORK/report"
    check "$name: as JSON" "$PYTHON" -m json.tool "$WORK/report"
done

# misused PATTERN ARGS: a sentence and the usage
misused() {
    local pattern=$1
    shift
    report "$@" >"$WORK/report" 2>"$WORK/errors"
    is "$*: exit status" $? 1
    check "$*: $(head -n 1 "$WORK/errors")" grep -Eq "$pattern" "$WORK/errors"
    check "$*: and the usage" grep -q '^usage: ' "$WORK/errors"
}
misused "-entity goes with -audit" -entity kernel
misused "-entity has no 'nobody'; there are kernel, ike, policy, agent, sad, spd, packet, daemon" \
    -audit "$DATA/journal" -entity nobody
misused "no other goes with it" -audit "$DATA/journal" -sa ipsec
misused "asks no agent" -audit "$DATA/journal" -- -v2c -c public 127.0.0.1
misused "requires an argument" -audit

### A log that is being written, and long ones

: >"$WORK/growing"
"$PYTHON" - "$DATA/journal" "$WORK/growing" <<'PY' &
import os, sys, time
lines, out = open(sys.argv[1], "rb").read(), os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND)
while True:
    for at in range(0, len(lines), 37):
        os.write(out, lines[at:at + 37])
        time.sleep(0.0001)
PY
writer=$!
started+=("$writer")
wait_until 10 '[ -s "$WORK/growing" ]'
torn=0
for ((i = 0; i < 20; i++)); do
    report -audit "$WORK/growing" -json >"$WORK/report" 2>"$WORK/errors" &&
        [ ! -s "$WORK/errors" ] && "$PYTHON" -m json.tool "$WORK/report" >/dev/null || torn=$((torn + 1))
done
end "$writer"
is "a journal that is being written: whole lines alone, 20 times" "$torn" 0

# peak LOG: kilobytes that a report of it takes
peak() {
    "$PYTHON" -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$PLAIN/ipsec_report" -audit "$@"
}
"$PYTHON" - "$WORK" "$DATA" <<'PY'
import sys
folder, data = sys.argv[1:]
log = open(f"{data}/audit.log", "rb").read()
open(f"{folder}/long.log", "wb").write(log * 5000)
open(f"{folder}/long.journal", "wb").write(open(f"{data}/journal", "rb").read() * 20000)
line = log.splitlines()[0]
with open(f"{folder}/long.flush", "wb") as file: # a million SAs in one event
    for i in range(1000000):
        file.write(line + b"\n")
PY
least=$(peak "$DATA/audit.log")
for name in log journal; do
    is "memory for a long $name is that for a short one, and at most 4 MB more" \
        $(($(peak "$WORK/long.$name") <= least + 4096)) 1
done
is "memory for an event of a million records is bounded (128 MB)" $(($(peak "$WORK/long.flush") <= 131072)) 1
finish
