#!/bin/bash
# A pair of gateways with strongSwan: the tables of the IKE daemon as its own command tells them, through
# rekeys, ends and restarts, by events alone; then daemons that behave badly.
# shellcheck source=/dev/null disable=SC2317,SC2016,SC2034,SC2153
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/ike_pair.sh"
begin
trap 'cp -r "$PAIR"/*/charon.log "$LABOUT" 2>/dev/null; cp "$WORK"/agent.log "$LABOUT/ike-agent.log" 2>/dev/null
    pair_end; end_all' EXIT

DPD=2s
if ! { pair_begin "$WORK/pair" && pair_start; }; then
    not_ok "a pair of gateways" "see above"
    finish
fi
warriors=()
for ((n = 1; n <= WARRIORS; n++)); do warriors+=("home$n"); done
check "moon brings its tunnels up" up moon net bytes ah icmp legacy-net six-net v4-in-six natt-net
check "road warriors come" up sun "${warriors[@]}"
check "tunnels have routes" pair_routes
check "packets pass" pair_traffic 3

# events have to do it: nothing is read again by the clock
cat >"$WORK/agent.conf" <<X
viciSocket $(vici_socket moon)
ikeInterval 3600
ikeSaInterval 3600
X
chmod 700 "$PAIR/moon" # as root's socket is: nobody else's
start_both "$WORK" -u nobody
check "strongSwan's collector is up" wait_until 30 strongswan_up
is "the agent is not root" "$(ps -o user= -p "$AGENT")" nobody
check "nobody may not open the socket" bash -c \
    "! setpriv --reuid nobody --clear-groups ls '$(vici_socket moon)' 2>/dev/null"
soon_same_as_daemon "all columns as swanctl and ip tell" 20 --settled
check "more packets pass" pair_traffic 5
soon_same_as_daemon "the same with what they count" 30 --settled
cp -r "$WORK/ike" "$LABOUT/ike-settled" # what the comparer's own test is made of
is "every IKE SA is there" "$(ike_column 47 | wc -l)" $((6 + WARRIORS))
is "the daemon's version is told" "$(strongswan 14 | xxd -r -p | cut -d ' ' -f 1)" strongSwan
is "nothing failed" "$(strongswan 9)" 0

# id POLICY: the daemon's number of its IKE SA
id() { swan moon --list-sas --ike "$1" --pretty | sed -n '0,/uniqueid = /s/^ *uniqueid = //p'; }
index_of() { # DAEMON_ID: the row's number
    snmp bulkwalk -Cr50 ".$ROOT.1.7.1.47" | sed -n "s/^\.$ROOT\.1\.7\.1\.47\.\([0-9]*\) = .*: $1\$/\1/p"
}
polls_before=$(strongswan 8)

# another one listens, and writes down what it hears
alone() { # DIR ARGS: an agent without snmpd, at its own port; sets ALONE and ALONE_PORT
    local dir=$1
    shift
    mkdir -p "$dir/persistent"
    ALONE_PORT=$(free_port)
    SNMP_PERSISTENT_DIR=$dir/persistent STATE_DIRECTORY=$dir/persistent LOGS_DIRECTORY=$dir/persistent \
        "$BUILD/ipsec-reportd" -f -Le -C -c "$WORK/agent.conf" --standalone "udp:127.0.0.1:$ALONE_PORT" "$@" >"$dir/agent.log" 2>&1 &
    ALONE=$!
    started+=("$ALONE")
}
# all that is no time
lasting() {
    local table
    for table in 7 8 9 16; do PORT=$ALONE_PORT snmp bulkwalk -Cr50 ".$ROOT.1.$table"; done |
        grep -vE "^\.$ROOT\.1\.(7\.1\.(3[7-9]|4[0156])|8\.1\.25|9\.1\.34|16\.1\.7)\."
}
alone "$WORK/recorder" --record "$WORK/recording"
check "a recorder listens" wait_until 30 '[ "$(PORT=$ALONE_PORT strongswan 2)" = 1 ]'

check "a child is rekeyed" swan moon --rekey --child net
soon_same_as_daemon "after the rekey of a child" 30
before=$(id gw) row=$(index_of "$before")
check "an IKE SA is rekeyed" swan moon --rekey --ike gw
check "it has a successor" wait_until 30 '[ "$(id gw)" != "$before" ] && [ -n "$(index_of "$(id gw)")" ]'
soon_same_as_daemon "after the rekey of an IKE SA" 30
check "its successor has a higher number" test "$(index_of "$(id gw)")" -gt "$row"
is "PFS of its children is known" "$(value ".$ROOT.1.7.1.33.$(index_of "$(id gw)")")" 1
before=$(id cert)
check "an IKE SA is authenticated anew" swan moon --rekey --ike cert --reauth
check "it has another successor" wait_until 30 '[ -n "$(id cert)" ] && [ "$(id cert)" != "$before" ]'
soon_same_as_daemon "after it was authenticated anew" 30
check "a child is terminated" swan moon --terminate --child bytes
check "an IKE SA is terminated" swan moon --terminate --ike legacy
check "a road warrior goes" swan sun --terminate --ike rw1
soon_same_as_daemon "after they went" 30
check "it comes again" up sun home1
check "and another one" up moon legacy-net
soon_same_as_daemon "after they came" 30
listed() { swan moon --list-sas --pretty | grep -c '^list-sa event'; }
check "it knows what is over" wait_until 30 '[ "$(PORT=$ALONE_PORT ike_column 47 | wc -l)" = "$(listed)" ]'
lasting >"$WORK/lasting"
end "$ALONE"
alone "$WORK/replayed" --replay "$WORK/recording"
check "the recording tells the same, row by row" wait_until 30 'lasting | cmp -s - "$WORK/lasting"'
lasting | cmp -s - "$WORK/lasting" || { lasting | diff "$WORK/lasting" - | head -n 20; cp -r "$WORK/recording" "$LABOUT"; }
check "which are not none" test "$(wc -l <"$WORK/lasting")" -gt 1000
end "$ALONE"
if [ $(($(strongswan 8) - polls_before)) -le 15 ]; then
    ok "events told it: $(($(strongswan 8) - polls_before)) reads"
else
    not_ok "events told it" "$(($(strongswan 8) - polls_before)) reads"
fi

# the peer is killed, and moon finds out
kill -KILL "$SUN"
check "the dead peer's IKE SA is gone" wait_until 60 '[ -z "$(id gw)" ]'
soon_same_as_daemon "after a dead peer was found" 30

# the daemon stands still
fresh() { ike_column 50 | sort -u | tr '\n' ' '; }
kill -STOP "$MOON"
# each answer within a second, none asked for twice; the longest gap between two of them is printed
late=0 longest=0 last=$(date +%s%N) until=$((SECONDS + 60)) asked=0
while [ "$SECONDS" -lt "$until" ]; do
    snmp_now=$(snmpget -v2c -c public -t 1 -r 0 -Oqv "127.0.0.1:$PORT" "$COLLECTOR.2.$STRONGSWAN" 2>&1) ||
        late=$((late + 1))
    now=$(date +%s%N) asked=$((asked + 1))
    [ $((now - last)) -le "$longest" ] || longest=$((now - last))
    last=$now
done
is "SNMP is answered for the minute in which the daemon stands still ($snmp_now)" "$late" 0
echo "# $asked questions, one after the other; the longest took $((longest / 1000000)) ms"
is "its rows say that they are old" "$(fresh)" "2 "
is "the collector says why" "$(strongswan 13 | xxd -r -p)" "the daemon does not answer"
kill -CONT "$MOON"
check "it goes on" wait_until 60 strongswan_up
soon_same_as_daemon "after it went on" 30
is "its rows are fresh again" "$(fresh)" "1 "

# the daemon ends, and another one begins to number from 1
charon_start sun && pair_load sun
sed -i 's/^ikeInterval .*/ikeInterval 5/' "$WORK/agent.conf" # no event tells that a configuration is loaded
kill -HUP "$AGENT"
rows=$(ike_column 47 | wc -l)
indexes=$(snmp bulkwalk -Cr50 ".$ROOT.1.7.1.47" | sed 's/^\S*\.\([0-9]*\) = .*/\1/')
end "$MOON"
check "the collector sees that it ended" wait_until 10 '! strongswan_up'
is "its rows stay" "$(ike_column 47 | wc -l)" "$rows"
is "and say that they are old" "$(fresh)" "2 "
is "certificates are gone" "$(snmp bulkwalk ".$ROOT.1.16.1.2" | grep -cv 'No ')" 0
charon_start moon && pair_load moon
check "its successor is seen" wait_until 30 strongswan_up
check "and brings a tunnel up" up moon net
soon_same_as_daemon "after its restart" 30
is "no row has a number of before" "$(snmp bulkwalk -Cr50 ".$ROOT.1.7.1.47" |
    sed 's/^\S*\.\([0-9]*\) = .*/\1/' | grep -cxF "$indexes")" 0

# daemons that behave badly
end "$MOON"
for behaviour in garbage:not closing:closed; do # more of them: vici_hostile.sh
    words=${behaviour#*:} behaviour=${behaviour%:*}
    "$PYTHON" "$TESTS/lab/vici_peer.py" "$(vici_socket moon)" "$behaviour" &
    peer=$!
    started+=("$peer")
    failures=$(strongswan 9)
    check "$behaviour: an error is counted" wait_until 60 '[ "$(strongswan 9)" -gt "$failures" ]'
    wait_until 30 'strongswan 13 | xxd -r -p | grep -q "$words"'
    check "$behaviour: $(strongswan 13 | xxd -r -p)" grep -q "$words" <(strongswan 13 | xxd -r -p)
    check "$behaviour: SNMP is answered" snmpget -v2c -c public -t 2 -r 1 "127.0.0.1:$PORT" "$COLLECTOR.2.$STRONGSWAN"
    end "$peer"
    rm -f "$(vici_socket moon)"
    wait_until 20 '! strongswan_up'
done
check "the agent lives" running "$AGENT"
charon_start moon && pair_load moon
check "a good daemon is believed again" wait_until 60 strongswan_up
soon_same_as_daemon "after all of that" 60

# what cannot be opened
pkill -KILL -P "$AGENT" # the opener
end "$MOON"
check "without the opener it is told" wait_until 60 'grep -q "opener has ended" "$WORK/agent.log"'
check "and the agent goes on" collector_up
finish
