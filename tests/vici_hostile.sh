#!/bin/bash
# A daemon at the VICI socket that behaves badly: garbage, half answers, silence, answers and events without an end. The
# agent goes on answering, says what is wrong in its collector's row, keeps its memory bounded, and believes a good
# daemon again. Needs no kernel with ESP.
# shellcheck source=/dev/null disable=SC2317,SC2016,SC2034
. "$(dirname "$0")/lib.sh"
begin
STRONGSWAN=10.115.116.114.111.110.103.115.119.97.110 # "strongswan" as an index
strongswan() { value "$COLLECTOR.$1.$STRONGSWAN"; }
LIMIT=${LIMIT:-900000} # kB resident: two full tables of SAs, and what one answer may have

resident() { sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$AGENT/status"; }
peak() { sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$AGENT/status"; }
says() { strongswan 13 | xxd -r -p 2>/dev/null; }

printf 'viciSocket %s\n' "$WORK/vici" >"$WORK/agent.conf"
start_both "$WORK"
check "there is no daemon" wait_until 10 '[ "$(strongswan 2)" = 5 ]'
behaviours=(garbage:'not VICI' half:'does not answer' silent:'does not answer' trickle:'does not answer'
    large:'too long' deep:'not VICI' closing:'closed the connection' babble:)
# these fill the tables
[ -z "${FULL:-}" ] || behaviours+=(endless:'does not end' flood:'more than is kept')
for behaviour in "${behaviours[@]}"; do
    words=${behaviour#*:} behaviour=${behaviour%%:*}
    "$PYTHON" "$TESTS/lab/vici_peer.py" "$WORK/vici" "$behaviour" &
    peer=$!
    failures=$(strongswan 9)
    started+=("$peer")
    if [ -n "$words" ]; then
        check "$behaviour: an error is counted" wait_until 600 '[ "$(strongswan 9)" -gt "$failures" ]'
        wait_until 300 'says | grep -q "$words"'
        check "$behaviour: $(says)" grep -q "$words" <(says)
    else # nothing is wrong with it, but that there is no end
        events=$(strongswan 12)
        check "$behaviour: it is listened to" wait_until 120 '[ "$(strongswan 12)" -gt $((events + 10000)) ]'
    fi
    check "$behaviour: SNMP is answered" snmpget -v2c -c public -t 2 -r 1 "127.0.0.1:$PORT" "$COLLECTOR.2.$STRONGSWAN"
    if [ "$(resident)" -lt "$LIMIT" ] && [ "$(peak)" -lt "$LIMIT" ]; then
        ok "$behaviour: bounded memory ($(resident) kB, at most $(peak) kB)"
    else
        not_ok "$behaviour: bounded memory" "$(resident) kB, at most $(peak) kB"
    fi
    end "$peer"
    rm -f "$WORK/vici"
    wait_until 20 '[ "$(strongswan 2)" != 1 ]'
done
check "the agent lives" running "$AGENT"
"$PYTHON" "$TESTS/recorded_vici.py" "$WORK/vici" "$TESTS/data/vici" &
started+=("$!")
check "a good daemon is believed again" wait_until 60 '[ "$(strongswan 2)" = 1 ]'
is "with its IKE SAs, and no others" "$(snmp bulkwalk -Cr50 ".$ROOT.1.7.1.47" | grep -c ' = Gauge32')" 5
finish
