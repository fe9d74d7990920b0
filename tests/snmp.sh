#!/bin/bash
# What SNMP demands of an agent: every table asked for in every way, through snmpd and standalone, by
# Net-SNMP's own tools and by snmp_rules.py, which speaks SNMP by itself. Runs anywhere, on recordings.
# shellcheck source=/dev/null disable=SC2317,SC2016
. "$(dirname "$0")/lib.sh"
begin

# The dump alone: the events of the recording end with a flush.
mkdir "$WORK/manual"
cp "$TESTS"/data/netlink-manual/{state,sadinfo}.bin "$WORK/manual/"
"$PYTHON" "$TESTS/bench/make_state.py" "$WORK/many" 40
declare -A ROWS=([manual]=14 [many]=40)

# start_standalone DIR [ARGS]: our agent as its own SNMP agent. Sets ALONE (its process) and ALONE_PORT.
start_standalone() {
    local dir=$1
    shift
    mkdir -p "$dir/persistent"
    ALONE_PORT=$(free_port)
    printf 'rocommunity public 127.0.0.1\nrwcommunity private 127.0.0.1\n' >"$dir/agent.conf"
    SNMP_PERSISTENT_DIR=$dir/persistent STATE_DIRECTORY=$dir/persistent LOGS_DIRECTORY=$dir/persistent \
        "$BUILD/ipsec-reportd" -f -Le -C -c "$dir/agent.conf" --standalone "udp:127.0.0.1:$ALONE_PORT" "$@" >"$dir/agent.log" 2>&1 &
    ALONE=$!
    started+=("$ALONE")
}

# by_either WAY COMMAND...: the command with PORT as the way's port
by_either() {
    local PORT=$PORT
    [ "$1" != standalone ] || PORT=$ALONE_PORT
    shift
    "$@"
}

names() { sed -n 's/^\(\.[0-9.]*\) = .*/\1/p'; }

# What Net-SNMP's tools get of one agent; PORT says which.
tools() { # WAY ROWS
    local way=$1 rows=$2 repetitions
    snmp walk ".$ROOT" >"$WORK/walk" 2>"$WORK/walk.errors"
    is "$way: snmpwalk" $? 0
    is "$way: snmpwalk complains of nothing" "$(cat "$WORK/walk.errors")" ""
    names <"$WORK/walk" >"$WORK/names"
    is "$way: snmpwalk gets every row" "$(grep -c "^$SA_TABLE\.1\.2\." "$WORK/names")" "$rows"
    for repetitions in 1 10 50; do
        snmp bulkwalk "-Cr$repetitions" ".$ROOT" 2>&1 | names | cmp -s - "$WORK/names"
        is "$way: snmpbulkwalk with $repetitions repetitions gets the same" $? 0
    done
    snmptable -v2c -c public -m +IPSEC-REPORT-MIB -M "$MIB_FOLDER" -Ci -Cf '|' -CH -CB \
        "127.0.0.1:$PORT" IPSEC-REPORT-MIB::ipsrIpsecSaTable >"$WORK/table" 2>"$WORK/table.errors"
    is "$way: snmptable" $? 0
    is "$way: snmptable prints every row" "$(grep -c '|' "$WORK/table")" "$rows"
    is "$way: snmptable leaves no cell out" "$(grep -cE '\|\?\||\|\?$' "$WORK/table")" 0
    snmpbulkwalk -v2c -c public -m +IPSEC-REPORT-MIB -M "$MIB_FOLDER" "127.0.0.1:$PORT" ".$ROOT" \
        >"$WORK/named" 2>&1
    is "$way: every value has the type that the module says" "$(grep -c 'Wrong Type' "$WORK/named")" 0
    check "$way: the module names them" grep -q '^IPSEC-REPORT-MIB::ipsrSaSelectorIfIndex' "$WORK/named"
    snmp get "$SA_TABLE.1.2.4000000000" "$SA_TABLE.1.250.1" "$SA_TABLE.1.3.1" >"$WORK/get" 2>&1
    is "$way: snmpget of what is not there" "$(grep -c 'No Such' "$WORK/get")" 2
    is "$way: snmpget of what is there beside it" "$(grep -c 'INTEGER: ' "$WORK/get")" 1
    snmpset -v2c -c private "127.0.0.1:$PORT" "$SA_TABLE.1.3.1" i 50 >"$WORK/set" 2>&1
    is "$way: snmpset fails" $? 2
    check "$way: snmpset is told why" grep -q notWritable "$WORK/set"
    snmp bulkwalk .1.3.6.1.2.1.1 >"$WORK/before" 2>&1 # ends before us
    is "$way: a walk elsewhere has nothing of ours" "$(grep -c "^\.$ROOT" "$WORK/before")" 0
}

MODULE=$BUILD/installed/IPSEC-REPORT-MIB.txt
[ -e "$MODULE" ] || MODULE=$TESTS/../mibs/IPSEC-REPORT-MIB.txt
mkdir "$WORK/mibs"
cp "$MODULE" "$WORK/mibs/"
MIB_FOLDER=$TESTS/mibs:$WORK/mibs

# What both serve: one of them writes in its journal that snmpd is there.
but_the_journal() {
    grep -vE "^${ROOT//./\\.}\.1\.1[78]\." "$1"
}

# The rows' values, without what tells of the agent itself, and without what may be an age: ages go
# on while we ask.
of_tables() {
    but_the_journal "$1" | grep -vE "^${ROOT//./\\.}\.1\.(1|3)\.| INTEGER | TimeTicks "
}

for data in manual many; do
    mkdir "$WORK/$data.agentx" "$WORK/$data.standalone"
    PORT=$(free_port)
    cat >"$WORK/$data.agentx/snmpd.conf" <<X
agentAddress udp:127.0.0.1:$PORT
rocommunity public
rwcommunity private
master agentx
agentXSocket unix:$WORK/$data.agentx/agentx
X
    start_both "$WORK/$data.agentx" --replay "$WORK/$data"
    start_standalone "$WORK/$data.standalone" --replay "$WORK/$data"
    check "$data: the standalone agent serves the SA table" \
        by_either standalone wait_until 30 collector_up
    for way in agentx standalone; do
        port=$PORT
        [ $way = agentx ] || port=$ALONE_PORT
        "$PYTHON" "$TESTS/snmp_rules.py" --name "$data, $way" --rows "${ROWS[$data]}" \
            --save "$WORK/$data.$way/saved" "127.0.0.1:$port" "$ROOT" >"$WORK/rules"
        count "$WORK/rules"
        by_either $way tools "$data, $way" "${ROWS[$data]}"
    done
    is "$data: the same objects and types by both ways" \
        "$(but_the_journal "$WORK/$data.agentx/saved" | cut -d' ' -f 1,2 | sha1sum)" \
        "$(but_the_journal "$WORK/$data.standalone/saved" | cut -d' ' -f 1,2 | sha1sum)"
    is "$data: the same values by both ways" \
        "$(diff <(of_tables "$WORK/$data.agentx/saved") \
            <(of_tables "$WORK/$data.standalone/saved") | head -n 4)" ""
    end "$ALONE"
    is "$data: the standalone agent ended well" $? 0
    is "$data: it complained of nothing" \
        "$(grep -vE '^(ipsec-reportd .* started|ipsec-reportd ended|Created directory: .*)$' \
            "$WORK/$data.standalone/agent.log" | sort | uniq -c | head -n 3)" ""
    end_both
    unset PORT
done
finish
