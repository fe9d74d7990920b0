#!/bin/bash
# snmpd restarted 50 times, stopped for 30 s, flooded, started after the agent: the table is served
# again within seconds each time, and the agent grows neither in descriptors nor in memory.
# With REPLAY=FOLDER (a recording) it runs anywhere; else on the SAs that it makes, in the lab.
# shellcheck source=/dev/null disable=SC2317,SC2016
. "$(dirname "$0")/lib.sh"
begin
AGAIN=6   # seconds until served again
COUNT=${RESTARTS:-50}
FLOOD=10  # seconds

args=()
if [ -n "${REPLAY:-}" ]; then
    args=(--replay "$REPLAY")
else
    for n in {1..50}; do
        echo "xfrm state add src 192.0.2.1 dst 192.0.2.$((n + 1)) proto esp spi $((n + 4096))" \
            'mode tunnel enc "cbc(aes)" 0x000102030405060708090a0b0c0d0e0f'
    done >"$WORK/batch"
    is "50 SAs made" "$(add_lines "$WORK/batch")" 50
fi

served() {
    SNMP_TIMEOUT=1 snmp getnext "$SA_TABLE" 2>/dev/null | grep -q "^$SA_TABLE\."
}

descriptors() { find "/proc/$AGENT/fd" -mindepth 1 | wc -l; }
memory() { awk '/^VmRSS/ { print $2 }' "/proc/$AGENT/status"; }

alive() {
    if running "$AGENT"; then return; fi
    not_ok "$1: the agent runs on" "$(tail -n 2 "$WORK/agent.log" | tr '\n' ' ')"
    finish
}

start_both "$WORK" "${args[@]}"
slowest=0 late=0
for ((n = 1; n <= COUNT; n++)); do
    if [ $((n % 2)) = 0 ]; then # every other time without a goodbye
        kill -KILL "$SNMPD"
        wait "$SNMPD" 2>/dev/null
    else
        end "$SNMPD"
    fi
    start_snmpd "$WORK"
    before=${EPOCHREALTIME/./}
    wait_until $((AGAIN * 3)) served || break
    took=$(((${EPOCHREALTIME/./} - before) / 1000))
    [ $took -le $slowest ] || slowest=$took
    [ $took -le $((AGAIN * 1000)) ] || late=$((late + 1))
    if [ $n = $(((COUNT + 9) / 10)) ]; then # by now every buffer has been needed once
        fds=$(descriptors) kilobytes=$(memory)
    fi
    alive "restart $n"
done
is "snmpd restarted $COUNT times, served again each time" $((n - 1)) "$COUNT"
is "never later than $AGAIN s (slowest $slowest ms)" $late 0
is "descriptors" "$(descriptors)" "${fds:-?}"
grown=$(($(memory) - ${kilobytes:-0}))
is "memory (grown by $grown KiB)" "$([ $grown -le 1024 ] && echo bounded)" bounded

kill -STOP "$SNMPD"
sleep 30 # this is what is tested, not waiting for something
alive "snmpd stopped"
kill -CONT "$SNMPD"
check "served again after snmpd was stopped for 30 s" wait_until $AGAIN served

walkers=()
for _ in 1 2 3 4; do
    while :; do walk >/dev/null 2>&1; done &
    walkers+=($!)
    started+=($!)
done
sleep $FLOOD
for pid in "${walkers[@]}"; do end "$pid"; done
alive "snmpd flooded"
check "served after a flood" wait_until $AGAIN served
is "descriptors after all that" "$(descriptors)" "${fds:-?}"
grown=$(($(memory) - ${kilobytes:-0}))
is "memory after all that (grown by $grown KiB)" "$([ $grown -le 2048 ] && echo bounded)" bounded

end_both
rm -f "$WORK/agentx"
start_agent "$WORK" "${args[@]}"
wait_until 2 "! running $AGENT" # it may give up at once; it must not
alive "no snmpd yet"
start_snmpd "$WORK"
check "snmpd started after the agent: served" wait_until $AGAIN served
kill "$AGENT"
check "SIGTERM ends the agent" wait_until 5 "! running $AGENT"
wait "$AGENT"
is "with exit status" $? 0
finish
