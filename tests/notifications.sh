#!/bin/bash
# Notifications of policies that somebody else changes, as a real snmptrapd gets them through snmpd: v2c traps
# and v3 informs, decoded by the module; while snmpd is away, hangs, restarts; in a burst; and the journal beside
# them, also when the agent is killed. Runs anywhere as root, in a network namespace of its own: no ESP is needed.
# shellcheck source=/dev/null disable=SC2317,SC2016
. "$(dirname "$0")/lib.sh"
if [ -z "${OWN_NAMESPACE:-}" ]; then
    OWN_NAMESPACE=1 exec unshare -n "$0" "$@"
fi
begin
SOON=15
AGENT_SCALARS=.$ROOT.1.1
JOURNAL=$WORK/persistent/journal.jsonl
ip link set lo up

### What receives them

TRAPS=$WORK/traps
TRAP_PORT=$(free_port)

# start_trapd [LINES]: more lines for its configuration. Sets TRAPD (its process).
start_trapd() {
    mkdir -p "$WORK/trapd"
    cat >"$WORK/trapd.conf" <<X
authCommunity log,execute public
$@
createUser ops SHA "authentication" AES "privacy-of-it"
authUser log ops priv
X
    SNMP_PERSISTENT_DIR=$WORK/trapd SNMPCONFPATH=$WORK/trapd snmptrapd -f -A -C -c "$WORK/trapd.conf" -Lf "$TRAPS" \
        -m IPSEC-REPORT-MIB -M "$BUILD/installed:$TESTS/mibs" -OQS -F '%P|%V|%v\n' "udp:127.0.0.1:$TRAP_PORT" &
    TRAPD=$!
    started+=("$TRAPD")
    wait_until 10 '[ -n "$(ss -aunH "sport = :$TRAP_PORT")" ]'
}

# received WHAT [PDU]: how many notifications have these words, by trap or by inform
received() { grep -F "${2:-TRAP2}" "$TRAPS" | grep -cF -- "$1"; }

# member NAME WORDS: the value of an object in the first trap with these words
member() {
    grep -F TRAP2 "$TRAPS" | grep -F -m 1 -- "$2" | tr '|' '\n' | sed -n "s/^IPSEC-REPORT-MIB::$1\.0 = //p"
}

sent() { value "$AGENT_SCALARS.8.0"; }
suppressed() { value "$AGENT_SCALARS.9.0"; }

### What causes them

policy() { # add N
    ip xfrm policy "$1" src "10.$(($2 / 250)).$(($2 % 250)).0/24" dst 10.255.0.0/24 dir out action block
}
net() { echo "10.$(($1 / 250)).$(($1 % 250)).0/24 to"; }

# traps_of N: those that tell of that policy
traps_of() { received "$(net "$1")"; }

# settle: every event that has a notification knows what became of it
settled() { ! value_of_column 15 | grep -qx 4; }
value_of_column() { snmp bulkwalk -Cr50 ".$ROOT.1.17.1.$1" | sed -n 's/^[^=]* = [A-Za-z0-9-]*: //p'; }

### The journal

# A kill may leave one half line, which no line is made of: lines that are no objects
bad_lines() {
    "$PYTHON" - "$@" <<'X'
import json
import sys
bad = 0
for name in sys.argv[1:]:
    with open(name, encoding="utf-8") as lines:
        for line in lines:
            try:
                good = line.endswith("\n") and json.loads(line)["number"] > 0
            except (ValueError, KeyError, TypeError):
                good = False
            bad += not good
print(bad)
X
}

# in_journal KIND [WORDS]: how many lines
in_journal() { grep -F "\"kind\":\"$1\"" "$JOURNAL" | grep -cF -- "${2:-}"; }

# numbers are those from 1 on, anew in each run
numbers_in_order() {
    sed -n 's/^{"number":\([0-9]*\),.*"kind":"\([a-zA-Z]*\)".*/\1 \2/p' "$JOURNAL" |
        awk '$2 == "agentStarted" { last = 0 } $1 != last + 1 { bad++ } { last = $1 } END { print bad + 0 }'
}

### Walks meanwhile, asked for once

walkers=() walked=$WORK/walked
walk_on() {
    local _
    for _ in 1 2; do
        while snmpbulkwalk -v2c -c public -t 5 -r 0 -Cr50 "127.0.0.1:$PORT" ".1.3.6.1.4.1" >/dev/null 2>>"$walked"; do
            echo walked >>"$walked"
        done &
        walkers+=($!)
        started+=($!)
    done
}

walk_no_more() {
    check "the walks came to their ends" wait_until 120 '[ "$(grep -c "^walked$" "$walked")" -ge 2 ]'
    kill "${walkers[@]}" 2>/dev/null
    is "walks that failed" "$(grep -vc '^walked$' "$walked")" 0
    walkers=()
}

make -s -C "$BUILD" installed/IPSEC-REPORT-MIB.txt
: >"$WORK/nagios.cmd"
handles="traphandle default $TESTS/../etc/nms/nagios/trap-handler $WORK/nagios.cmd \"IPsec %s\"
traphandle default $TESTS/../etc/nms/zabbix/trap-handler $WORK/zabbix.log"
start_trapd "$handles" || { not_ok "snmptrapd starts" "$(tail -n 1 "$TRAPS")"; finish; }
configure_snmpd "$WORK" "trap2sink 127.0.0.1:$TRAP_PORT public" \
    "trapsess -v 3 -Ci -t 30 -u ops -l authPriv -a SHA -A authentication -x AES -X privacy-of-it 127.0.0.1:$TRAP_PORT"
cat >"$WORK/agent.conf" <<X
notificationInterval 0
notificationHoldDown 0
X
start_both "$WORK"

### One

policy add 1
check "a policy is told of, by trap" wait_until $SOON '[ "$(traps_of 1)" = 1 ]'
check "and by inform" wait_until $SOON '[ "$(received "$(net 1)" INFORM)" = 1 ]'
is "its name" "$(grep -cE '[.]1[.]1[.]4[.]1[.]0 = IPSEC-REPORT-MIB::ipsrPolicyChanged[|]' "$TRAPS")" 2
is "what happened" "$(member ipsrNotifyPolicyChange "$(net 1)")" added
is "direction" "$(member ipsrNotifyPolicyDirection "$(net 1)")" outbound
is "source" "$(member ipsrNotifyPolicySourceText "$(net 1)")" 10.0.1.0/24
is "how many were suppressed" "$(member ipsrNotifySuppressed "$(net 1)")" '0 notifications'
number=$(member ipsrNotifyEvent "$(net 1)")
is "its event says so" "$(value ".$ROOT.1.17.1.15.$number")" 2
is "the event's kind" "$(value ".$ROOT.1.17.1.6.$number")" 13
is "the objects are those of the module" \
    "$(grep -F TRAP2 "$TRAPS" | grep -F -m 1 "$(net 1)" | tr '|' '\n' | sed -n 's/^IPSEC-REPORT-MIB::\([a-zA-Z]*\)\.0 = .*/\1/p' |
        tr '\n' ' ')" \
    "$(sed -n '/^ipsrPolicyChanged NOTIFICATION-TYPE/,/}/p' "$BUILD/installed/IPSEC-REPORT-MIB.txt" |
        grep -oE 'ipsrNotify[A-Za-z]+' | tr '\n' ' ')"
is "sent" "$(sent)" 1
check "in the journal, with what became of it" wait_until $SOON \
    '[ "$(in_journal policyChanged "\"notification\":\"sent\"")" = 1 ]'
is "its permissions" "$(stat -c %a "$JOURNAL")" 640
nagios_told() {
    grep -qE "^\[[0-9]+\] PROCESS_SERVICE_CHECK_RESULT;[^;]+;IPsec xfrm-[0-9]+;1;policy .*$(net 1)" "$WORK/nagios.cmd"
}
check "Nagios is told of it" wait_until $SOON nagios_told
check "Zabbix is told of it" wait_until $SOON "grep -q '^IPSEC-REPORT-MIB::ipsrNotifyText.*$(net 1)' $WORK/zabbix.log"
is "by its address" "$(grep -c '^[0-9T:+-]* ZBXTRAP 127.0.0.1$' "$WORK/zabbix.log")" \
    "$(grep -c '1[.]1[.]4[.]1[.]0 = ' "$WORK/zabbix.log")"

end "$TRAPD" # what it runs for each is slow
start_trapd

### Switches

cat >>"$WORK/agent.conf" <<X
notificationKinds tunnelDown tunnelUp
X
kill -HUP "$AGENT"
check "the configuration was read again" wait_until $SOON '[ "$(in_journal agentReloaded)" = 1 ]'
policy add 2
check "a kind that is switched off is an event all the same" wait_until $SOON \
    '[ "$(in_journal policyChanged "\"notification\":\"suppressed\"")" = 1 ]'
check "and counted" wait_until $SOON '[ "$(suppressed)" = 1 ]'
sed -i '$d' "$WORK/agent.conf"
echo "notificationKinds tunnelDown nothingOfThatKind" >"$WORK/wrong.conf"
is "a kind that is none is an error" \
    "$("$BUILD/ipsec-reportd" -t -C -c "$WORK/wrong.conf" 2>&1 | grep -c 'nothingOfThatKind')" 1
kill -HUP "$AGENT"
wait_until $SOON '[ "$(in_journal agentReloaded)" = 2 ]'

### snmpd is away

end "$SNMPD"
for n in 11 12 13; do policy add $n; done
check "events go on without snmpd" wait_until $SOON '[ "$(in_journal policyChanged)" = 5 ]'
check "that snmpd went is one" wait_until $SOON '[ "$(in_journal masterLost)" = 1 ]'
start_snmpd "$WORK"
for n in 11 12 13; do
    check "policy $n is told of when snmpd is back" wait_until $SOON "[ \"\$(traps_of $n)\" = 1 ]"
done
check "that it came is an event" wait_until $SOON '[ "$(in_journal masterConnected)" = 2 ]'
is "sent" "$(sent)" 4

# no more than there is room for, and how many there were not
echo "notificationQueue 5" >>"$WORK/agent.conf"
kill -HUP "$AGENT"
wait_until $SOON '[ "$(in_journal agentReloaded)" = 3 ]'
kill -KILL "$SNMPD"
wait "$SNMPD" 2>/dev/null
for n in {21..40}; do policy add "$n"; done
wait_until $SOON '[ "$(in_journal policyChanged)" = 25 ]'
start_snmpd "$WORK"
check "the rest is told of as a number" wait_until $SOON '[ "$(received ipsrNotificationDigest)" = 1 ]'
is "which adds up" "$(member ipsrNotifyCount ipsrNotificationDigest)" 15
is "with why" "$(member ipsrNotifyReason ipsrNotificationDigest)" sourceUnreachable
told=0
for n in {21..40}; do told=$((told + $(traps_of "$n"))); done
is "the newest five are told of" "$told" 5
is "the last one among them" "$(traps_of 40)" 1
sed -i '$d' "$WORK/agent.conf"
kill -HUP "$AGENT"
wait_until $SOON '[ "$(in_journal agentReloaded)" = 4 ]'

### snmpd hangs

before=$(sent) lost=$(in_journal masterLost)
kill -STOP "$SNMPD"
for n in {51..55}; do policy add "$n"; done
check "events go on while snmpd hangs" wait_until $SOON '[ "$(in_journal policyChanged)" = 30 ]'
policy add 56
check "and later, too" wait_until $SOON '[ "$(in_journal policyChanged)" = 31 ]'
check "the connection is given up" wait_until $SOON '[ "$(in_journal masterLost)" = $((lost + 1)) ]'
kill -CONT "$SNMPD" # it reads what was written to it before
for n in {51..56}; do
    check "policy $n is told of" wait_until $SOON "[ \"\$(traps_of $n)\" = 1 ]"
done
check "all of them settled" wait_until $SOON settled
told=0
for n in {51..56}; do told=$((told + $(traps_of "$n"))); done
is "each once" "$told" 6
is "sent" "$(($(sent) - before))" 6

### A burst

policies=${POLICIES:-2000}
cat >>"$WORK/agent.conf" <<X
notificationBurst 20
notificationBurstInterval 2
eventTableSize 5000
X
kill -HUP "$AGENT"
wait_until $SOON '[ "$(in_journal agentReloaded)" = 5 ]'
before=$(sent) before_suppressed=$(suppressed) digests=$(received ipsrNotificationDigest)
# shellcheck disable=SC2034 # waited for below
lines=$(in_journal policyChanged)
walk_on
for ((n = 1000; n < 1000 + policies; n++)); do
    echo "xfrm policy add src 10.$((n / 250)).$((n % 250)).0/24 dst 10.255.0.0/24 dir out action block"
done >"$WORK/batch"
ip -batch "$WORK/batch"
check "$policies events of policies are in the journal" wait_until 120 \
    '[ "$(in_journal policyChanged)" = $((lines + policies)) ]'
digested() { # how many the digests of this burst tell of
    grep -F TRAP2 "$TRAPS" | grep -F ipsrNotificationDigest | tail -n +$((digests + 1)) | tr '|' '\n' |
        sed -n 's/^IPSEC-REPORT-MIB::ipsrNotifyCount.0 = //p' | awk '{ n += $1 } END { print n + 0 }'
}
told() { grep -F TRAP2 "$TRAPS" | grep -F ipsrPolicyChanged | grep -cF 'to 10.255.0.0/24'; }
told_before=$((1 + 3 + 5 + 6))
adds_up() { [ $(($(told) - told_before + $(digested))) = "$policies" ]; }
check "what was told and the digests add up to $policies" wait_until 60 adds_up
count=$(($(told) - told_before))
is "few are told ($count)" "$([ "$count" -gt 0 ] && [ "$count" -le 200 ] && echo few)" few
check "all are settled" wait_until $SOON settled
is "sent and suppressed, without the digests" \
    $(($(sent) - before - ($(received ipsrNotificationDigest) - digests) + $(suppressed) - before_suppressed)) "$policies"
walk_no_more

### The agent restarts, and is killed

total=$(sent) total_suppressed=$(suppressed)
end "$AGENT"
is "the end is in the journal" "$(tail -n 1 "$JOURNAL" | grep -c '"kind":"agentStopped"')" 1
is "the journal so far: lines that are none" "$(bad_lines "$JOURNAL")" 0
is "and numbers" "$(numbers_in_order)" 0
start_agent "$WORK"
wait_until 30 collector_up
is "the numbers sent and suppressed go on" "$(sent) $(suppressed)" "$total $total_suppressed"

ip -batch <(sed 's/add/delete/; s/ action block//' "$WORK/batch") &
deleting=$!
wait_until $SOON '[ "$(tail -n 1 "$JOURNAL" | grep -c policyChanged)" = 1 ]'
kill -KILL "$AGENT"
wait "$AGENT" 2>/dev/null
wait $deleting
bad=$(bad_lines "$JOURNAL")
is "killed while it writes: at most one line is none ($bad)" "$([ "$bad" -le 1 ] && echo so)" so
printf '{"number":1,"kind":"half' >>"$JOURNAL" # as a kill within a write leaves it
start_agent "$WORK"
wait_until 30 collector_up
check "the next start begins on a line of its own" wait_until $SOON \
    '[ "$(tail -n 5 "$JOURNAL" | grep -c "^{\"number\":1,.*agentStarted.*}$")" = 1 ]'
is "and only the half one is none" "$(bad_lines "$JOURNAL")" $((bad + 1))

### snmpd hangs with one that it has not read yet: it goes on, or is killed

# A change of a policy is told three seconds later: one is told five times a second while snmpd begins to hang
stream() { for n; do policy add "$n" && sleep 0.2; done; }
hang_within() { # FIRST LAST: snmpd hangs while these are told
    # shellcheck disable=SC2034 # waited for
    lost=$(in_journal masterLost) lines=$(in_journal policyChanged)
    eval "stream {$1..$2}" &
    check "the first of many is told of" wait_until $SOON "[ \"\$(traps_of $1)\" = 1 ]"
    kill -STOP "$SNMPD"
    wait $!
    check "all are in the journal" wait_until $SOON "[ \"\$(in_journal policyChanged)\" = $((lines + 1 + $2 - $1)) ]"
    check "the connection is given up" wait_until $SOON '[ "$(in_journal masterLost)" = $((lost + 1)) ]'
}
each_once() { # FIRST LAST BEFORE: how many were sent before
    local n many=0
    check "the last one is told of" wait_until $SOON "[ \"\$(traps_of $2)\" = 1 ]"
    check "all of them settled" wait_until $SOON settled
    for ((n = $1; n <= $2; n++)); do [ "$(traps_of "$n")" = 1 ] || many="$many $n"; done
    is "each was told once" "$many" 0
    is "sent" "$(($(sent) - $3))" $((1 + $2 - $1))
}
sed -i '/^notificationBurst/d' "$WORK/agent.conf"
# shellcheck disable=SC2034 # waited for
reloaded=$(in_journal agentReloaded)
kill -HUP "$AGENT"
wait_until $SOON '[ "$(in_journal agentReloaded)" = $((reloaded + 1)) ]'
before=$(sent)
hang_within 300 319
kill -CONT "$SNMPD"
each_once 300 319 "$before"
before=$(sent)
hang_within 330 349
kill -KILL "$SNMPD"
wait "$SNMPD" 2>/dev/null
start_snmpd "$WORK"
each_once 330 349 "$before"
end_both

### 10,000 SAs expire at once, as a recording tells it

sas=10000
mkdir "$WORK/storm"
"$PYTHON" "$TESTS/bench/make_state.py" --expired "$WORK/storm/recording" $sas
cat >"$WORK/storm/agent.conf" <<X
notificationKinds saHardExpired notificationDigest
expiryWarningSeconds 0
expiryWarningPercent 0
journalFile $WORK/storm/journal.jsonl
X
PORT=$(free_port)
sed "s/^agentAddress.*/agentAddress udp:127.0.0.1:$PORT/; s|$WORK/agentx|$WORK/storm/agentx|" \
    "$WORK/snmpd.conf" >"$WORK/storm/snmpd.conf"
JOURNAL=$WORK/storm/journal.jsonl digests=$(received ipsrNotificationDigest)
start_snmpd "$WORK/storm"
start_agent "$WORK/storm" --replay "$WORK/storm/recording"
check "each is in the journal" wait_until 60 '[ "$(in_journal saHardExpired)" = $sas ]'
sas_add_up() { [ $(($(received ipsrSaHardExpired) + $(digested))) = "$sas" ]; }
check "what was told and the digest add up to $sas" wait_until 60 sas_add_up
is "digests" "$(($(received ipsrNotificationDigest) - digests))" 1
is "told" "$(received ipsrSaHardExpired)" 50
is "sent" "$(sent)" 51
is "suppressed" "$(suppressed)" $((sas - 50))
is "the journal knows which were suppressed" \
    "$(in_journal saHardExpired '"notification":"suppressed"')" $((sas - 50))
is "numbers" "$(numbers_in_order)" 0
end_both

### An agent of its own

mkdir "$WORK/alone"
PORT=$(free_port)
cat >"$WORK/alone/agent.conf" <<X
trap2sink 127.0.0.1:$TRAP_PORT public
trapsess -v 3 -Ci -t 30 -u ops -l authPriv -a SHA -A authentication -x AES -X privacy-of-it 127.0.0.1:$TRAP_PORT
rocommunity public
X
SNMP_PERSISTENT_DIR=$WORK/alone STATE_DIRECTORY=$WORK/alone LOGS_DIRECTORY=$WORK/alone \
    "$BUILD/ipsec-reportd" -f -Le -C -c "$WORK/alone/agent.conf" --standalone "udp:127.0.0.1:$PORT" \
    >"$WORK/alone/agent.log" 2>&1 &
AGENT=$!
started+=("$AGENT")
wait_until 30 collector_up
policy add 9999
check "standalone: by trap" wait_until $SOON '[ "$(traps_of 9999)" = 1 ]'
check "standalone: by inform" wait_until $SOON '[ "$(received "$(net 9999)" INFORM)" = 1 ]'
end "$AGENT"
finish
