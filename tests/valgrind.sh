#!/bin/bash
# A short life of the agent and of the command under valgrind: no error, and nothing leaked that is ours.
# shellcheck source=/dev/null disable=SC2317,SC2016
. "$(dirname "$0")/lib.sh"
begin
mkdir "$WORK/manual"
cp "$TESTS"/data/netlink-manual/{state,sadinfo}.bin "$TESTS"/data/vici/list-*.resp.bin "$WORK/manual/"

# ends with status 99 on an error or a leak
valgrind=(valgrind -q --error-exitcode=99 --leak-check=full
    "--errors-for-leak-kinds=definite,indirect")

# clean WHAT STATUS WANTED NAME: what the exit status was, and whether valgrind wrote anything in NAME
clean() {
    is "$1: exit status" "$2" "$3"
    is "$1: valgrind has nothing to say" "$(head -n 1 "$WORK/$4")" ""
    sed 's/^/# /' "$WORK/$4" | head -n 60
}

start_under_valgrind() { # ARGS of the agent
    echo "redumpInterval 60" >"$WORK/agent.conf"
    SNMP_PERSISTENT_DIR=$WORK STATE_DIRECTORY=$WORK LOGS_DIRECTORY=$WORK "${valgrind[@]}" "--log-file=$WORK/agent" \
        "$BUILD/ipsec-reportd" -f -Le -C -c "$WORK/agent.conf" "$@" >"$WORK/agent.log" 2>&1 &
    AGENT=$!
    started+=("$AGENT")
    check "$1: the agent serves the SA table" wait_until 60 collector_up
}

reread() { [ "$(grep -c 'configuration read again' "$WORK/agent.log")" = "$1" ]; }

# live WAY: what an agent meets
live() {
    check "$1: a walk" snmp bulkwalk ".$ROOT"
    snmp get ".$ROOT.1.5.1.2.1" ".$ROOT.1.5.1.2.0" ".$ROOT.9" >"$WORK/get"
    is "$1: what is there, and what is not" "$(grep -c 'No Such' "$WORK/get")" 2
    kill -HUP "$AGENT"
    check "$1: SIGHUP" wait_until 30 'reread 1'
    echo "redumpInterval soon" >"$WORK/agent.conf"
    kill -HUP "$AGENT"
    check "$1: SIGHUP with a mistake in the configuration" wait_until 30 'reread 2'
    check "$1: a walk after that" snmp bulkwalk ".$ROOT"
}

export SNMP_TIMEOUT=20
start_snmpd "$WORK"
start_under_valgrind -x "unix:$WORK/agentx" --replay "$WORK/manual"
live "subagent"
for arguments in "-sa ipsec" "-sa ipsec -json" "-sa ipsec -verbose" "-host -tunnel -verbose" \
    "-host -tunnel -json" "-bypass -verbose" "-bypass -json" \
    "-sa ike -ike -host configured -cert -summary -verbose" "-all -cert -summary -json" \
    "-stat" "-stat -json" "-collector" "-version"; do
    read -ra words <<<"$arguments"
    "${valgrind[@]}" "--log-file=$WORK/command" "$BUILD/ipsec_report" "${words[@]}" -- -v2c -c public -t 20 \
        "127.0.0.1:$PORT" >"$WORK/report" 2>&1
    # shellcheck disable=SC2181
    clean "ipsec_report $arguments" $? 0 command
done
end "$SNMPD"
start_snmpd "$WORK"
check "subagent: served again after a restart of snmpd" wait_until 60 collector_up
kill "$AGENT"
wait_until 30 "! running $AGENT"
wait "$AGENT"
clean "subagent" $? 0 agent
end "$SNMPD"
"${valgrind[@]}" "--log-file=$WORK/command" "$BUILD/ipsec_report" -sa ipsec -- -v2c -c public -t 1 -r 0 "127.0.0.1:$PORT" \
    >"$WORK/report" 2>&1
clean "ipsec_report where nothing listens" $? 1 command

start_under_valgrind --standalone "udp:127.0.0.1:$PORT" --replay "$WORK/manual"
live "standalone"
kill "$AGENT"
wait_until 30 "! running $AGENT"
wait "$AGENT"
clean "standalone" $? 0 agent

"${valgrind[@]}" "--log-file=$WORK/agent" "$BUILD/ipsec-reportd" -t -C -c "$WORK/agent.conf" >"$WORK/out" 2>&1
clean "-t" $? 1 agent
finish
