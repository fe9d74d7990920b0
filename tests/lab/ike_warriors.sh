#!/bin/bash
# 50 road warriors with one connection: each is a tunnel, found by its identity, with its peer's address and
# the address that it was given, as swanctl tells them. They leave and come back in another order, and the agent is
# killed meanwhile: each has the number that it had.
# shellcheck source=/dev/null disable=SC2317,SC2016,SC2034,SC2153
. "$(dirname "$0")/../lib.sh"
WARRIORS=${1:-50}
. "$(dirname "$0")/ike_pair.sh"
begin
trap 'cp "$PAIR"/moon/charon.log "$LABOUT/ike-warriors-charon.log" 2>/dev/null
    cp "$WORK"/agent.log "$LABOUT/ike-warriors-agent.log" 2>/dev/null; pair_end; end_all' EXIT
if ! { pair_begin "$WORK/pair" && pair_start; }; then
    not_ok "a pair of gateways" "see above"
    finish
fi

# come FIRST LAST STEP: several at a time
come() {
    local n failed=0
    for n in $(seq "$1" "$3" "$2"); do
        swan sun --initiate --child "home$n" --timeout 120 >"$PAIR/initiate.$n" 2>&1 &
        started+=($!)
        [ $((++failed % 5)) != 0 ] || wait_for_these
    done
    wait_for_these
}
wait_for_these() {
    local pid
    for pid in $(jobs -p); do
        [ "$pid" = "${AGENT:-}" ] || [ "$pid" = "${SNMPD:-}" ] || [ "$pid" = "$MOON" ] || [ "$pid" = "$SUN" ] || wait "$pid"
    done
}
# told: "IDENTITY ADDRESS VIRTUAL-ADDRESS" of each IKE SA that is up, as the daemon has it
told() {
    swan moon --list-sas --pretty | awk '
        $1 == "state" && !state { state = $3 } $1 == "remote-host" { host = $3 } $1 == "remote-eap-id" { id = $3 }
        $1 == "remote-vips" { getline; vip = $1 }
        /^list-sa event/ { if (state == "ESTABLISHED") print id, host, vip; state = "" }
        END { if (state == "ESTABLISHED") print id, host, vip }' | sort
}
TUNNEL=.$ROOT.1.12.1
KEY=2.114.119.4.104.111.109.101 # rw, home
# rows COLUMN...: a line for each instance but the template's: its number and these columns
rows() {
    local column
    : >"$WORK/rows"
    for column; do
        snmpbulkwalk -v2c -c public -t 5 -r 2 -Onaq -Cr50 "127.0.0.1:$PORT" "$TUNNEL.$column.$KEY" |
            sed -n "s/^\.[0-9.]*\.$KEY\.\([0-9]*\) \"\{0,1\}\([^\"]*\)\"\{0,1\}\$/\1 \2/p" |
            sort >"$WORK/column"
        [ -s "$WORK/rows" ] || cut -d ' ' -f 1 "$WORK/column" >"$WORK/rows"
        join "$WORK/rows" "$WORK/column" >"$WORK/joined" && mv "$WORK/joined" "$WORK/rows"
    done
    grep -v '^0 ' "$WORK/rows" | sort -n
}
template() { value "$TUNNEL.$1.$KEY.0"; } # COLUMN
check "they come" come 1 "$WARRIORS" 1
is "all of them" "$(told | wc -l)" "$WARRIORS"
echo "viciSocket $(vici_socket moon)" >"$WORK/agent.conf"
start_both "$WORK"
check "strongSwan's collector is up" wait_until 90 strongswan_up
check "all of them are up" wait_until 60 '[ "$(rows 7 | grep -c " 1$")" = "$WARRIORS" ]'
is "the connection says how many" "$(template 61)" "$WARRIORS"
rows 18 >"$WORK/numbers"
is "each identity has one row" "$(cut -d ' ' -f 2 "$WORK/numbers" | sort)" "$(told | cut -d ' ' -f 1)"
is "numbered from 1 without a gap" "$(cut -d ' ' -f 1 "$WORK/numbers" | sort -n | xargs)" "$(seq -s ' ' "$WARRIORS")"
rows 18 16 20 | cut -d ' ' -f 2- | sed 's|/32$||' | sort >"$WORK/seen"
told >"$WORK/told"
check "peer and virtual address are each one's own" cmp "$WORK/told" "$WORK/seen"
diff "$WORK/told" "$WORK/seen" | head -n 4

for ((n = 1; n <= WARRIORS; n++)); do
    swan sun --terminate --ike "rw$n" --timeout 60 >/dev/null 2>&1
done
check "none is left" wait_until 60 '[ -z "$(told)" ]'
check "their rows stay, and none is down by accident" wait_until 30 '[ "$(rows 7 | grep -c " 5$")" = "$WARRIORS" ]'
is "the connection says none" "$(template 61)" 0
is "each has still its number" "$(rows 18)" "$(cat "$WORK/numbers")"
kill -KILL "$AGENT"
wait "$AGENT" 2>/dev/null
start_agent "$WORK"
check "the agent is back" wait_until 60 'collector_up && strongswan_up'

check "they come back, the last first" come "$WARRIORS" 1 -1
is "all of them" "$(told | wc -l)" "$WARRIORS"
check "all are up again" wait_until 60 '[ "$(rows 7 | grep -c " 1$")" = "$WARRIORS" ]'
is "each with its number" "$(rows 18)" "$(cat "$WORK/numbers")"
is "each was up twice, and down once" "$(rows 42 43 | cut -d ' ' -f 2- | sort -u)" "2 1"
is "no user more than there are" "$(template 61)" "$WARRIORS"
finish
