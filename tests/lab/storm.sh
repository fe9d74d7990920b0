#!/bin/bash
# 10,000 SAs expire together while two walks of the SAs go on: few notifications and digests that add up to all of
# them, no walk that fails, every event in the journal.
# shellcheck source=/dev/null disable=SC2317,SC2016
. "$(dirname "$0")/../lib.sh"
begin
COUNT=${COUNT:-10000}
CHUNK=1000
LIFE=${LIFE:-90} # seconds that adding them may take, with something to spare
TRAPS=$WORK/traps
JOURNAL=$WORK/persistent/journal.jsonl
TRAP_PORT=$(free_port)

mkdir -p "$WORK/trapd"
echo 'authCommunity log public' >"$WORK/trapd.conf"
SNMP_PERSISTENT_DIR=$WORK/trapd SNMPCONFPATH=$WORK/trapd snmptrapd -f -C -c "$WORK/trapd.conf" -Lf "$TRAPS" \
    -m IPSEC-REPORT-MIB -M "$BUILD/installed:$TESTS/mibs" -OQS -F '%P|%V|%v\n' "udp:127.0.0.1:$TRAP_PORT" &
started+=($!)
wait_until 30 'grep -q "NET-SNMP version" "$TRAPS" 2>/dev/null' || not_ok "snmptrapd starts" "no log"

ip link add lan0 type dummy && ip addr add 192.0.2.1/24 dev lan0 && ip link set lan0 up
configure_snmpd "$WORK" "trap2sink 127.0.0.1:$TRAP_PORT public"
cat >"$WORK/agent.conf" <<X
notificationKinds saHardExpired notificationDigest
expiryWarningSeconds 0
expiryWarningPercent 0
redumpInterval 60
journalSize 1000000000
X
start_both "$WORK"

# lines FIRST COUNT SECONDS: an SA for each, whose time is over in so many seconds
lines() {
    local n
    for ((n = $1; n < $1 + $2; n++)); do
        echo "xfrm state add src 192.0.2.1 dst 10.$((n / 65536)).$((n / 256 % 256)).$((n % 256)) proto esp" \
            "spi $((n + 4096)) mode transport enc cbc(aes) 0x000102030405060708090a0b0c0d0e0f" \
            "auth hmac(sha1) 0x000102030405060708090a0b0c0d0e0f10111213 limit time-hard $3"
    done
}

end=$(($(date +%s) + LIFE))
for ((first = 0; first < COUNT; first += CHUNK)); do
    lines "$first" $((COUNT - first < CHUNK ? COUNT - first : CHUNK)) $((end - $(date +%s))) >"$WORK/batch"
    ip -batch "$WORK/batch" || not_ok "SAs are made" "ip failed"
done
left=$((end - $(date +%s)))
is "they are made in time ($left s are left)" "$([ $left -gt 0 ] && echo so)" so
kernel_count() { ip xfrm state count | sed -n 's/.*SAD count \([0-9]*\).*/\1/p'; }
is "all are there" "$(kernel_count)" "$COUNT"
served() { value ".$ROOT.1.2.5.0"; } # ipsrGlobalSasMature
check "the agent has them" wait_until 60 '[ "$(served)" = "$COUNT" ]'

walkers=() walked=$WORK/walked
: >"$walked"
for _ in 1 2; do
    while snmpbulkwalk -v2c -c public -t 10 -r 0 -Cr50 "127.0.0.1:$PORT" "$SA_TABLE.1.5" >/dev/null 2>>"$walked"; do
        echo walked >>"$walked"
    done &
    walkers+=($!)
    started+=($!)
done
wait_until 60 '[ "$(kernel_count)" -lt $COUNT ]' # the first one expires
start=${EPOCHREALTIME/./}
check "the kernel lets them all expire" wait_until 120 '[ "$(kernel_count)" = 0 ]'
took=$(((${EPOCHREALTIME/./} - start) / 1000))
echo "# the kernel took $took ms for all of them"

expired() { grep -c '"kind":"saHardExpired"' "$JOURNAL"; }
check "the journal has every one" wait_until 120 '[ "$(expired)" = "$COUNT" ]'
told() { grep -c '= IPSEC-REPORT-MIB::ipsrSaHardExpired|' "$TRAPS"; }
digests() { grep -c '= IPSEC-REPORT-MIB::ipsrNotificationDigest|' "$TRAPS"; }
digested() {
    grep -F ipsrNotificationDigest "$TRAPS" | tr '|' '\n' |
        sed -n 's/^IPSEC-REPORT-MIB::ipsrNotifyCount.0 = //p' | awk '{ n += $1 } END { print n + 0 }'
}
check "those told of and the digests add up to $COUNT" wait_until 60 '[ $(($(told) + $(digested))) = $COUNT ]'
echo "# $(told) told, $(digests) digests of $(digested)"
is "few are told" "$([ "$(told)" -gt 0 ] && [ "$(told)" -le 500 ] && echo few)" few
is "sent" "$(($(value ".$ROOT.1.1.8.0") - $(digests)))" "$(told)"
# shellcheck disable=SC2034 # waited for below
walks=$(grep -c '^walked$' "$walked")
check "walks go on" wait_until 120 '[ "$(grep -c "^walked$" "$walked")" -gt $((walks + 1)) ]'
kill "${walkers[@]}" 2>/dev/null
is "walks that failed, of $(grep -c '^walked$' "$walked")" "$(grep -vc '^walked$' "$walked")" 0
is "the journal's numbers" "$(sed 's/^{"number":\([0-9]*\),.*/\1/' "$JOURNAL" | awk '$1 != NR { bad++ } END { print bad + 0 }')" 0
is "the journal knows which were suppressed" \
    "$(grep '"kind":"saHardExpired"' "$JOURNAL" | grep -c '"notification":"suppressed"')" $((COUNT - $(told)))
echo "# events by kind: $(sed 's/.*"kind":"\([a-zA-Z]*\)".*/\1/' "$JOURNAL" | sort | uniq -c | tr '\n' ',' | tr -s ' ')"
is "the agent has none left" "$(served)" 0
finish
