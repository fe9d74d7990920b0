#!/bin/bash
# No key of an SA stays in the agent's memory or in what it records.
# shellcheck source=/dev/null disable=SC2317,SC2016
. "$(dirname "$0")/../lib.sh"
begin
random() { od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'; }

keys=() addresses=()
plant() { # COUNT
    local n enc auth address
    for ((n = 0; n < $1; n++)); do
        enc=$(random 32) auth=$(random 64) address=20010db8$(random 12)
        ip xfrm state add src 2001:db8::1 dst "$(sed 's/..../&:/g; s/:$//' <<<"$address")" \
            proto esp spi $((0x1000 + ${#keys[@]})) mode tunnel \
            enc 'cbc(aes)' "0x$enc" auth 'hmac(sha512)' "0x$auth" || return
        # any part of a key is a leak: search its halves
        keys+=("${enc:0:32}" "${enc:32}" "${auth:0:64}" "${auth:64}")
        addresses+=("$address")
    done
}

ulimit -c unlimited # the agent has to see to it itself
search() { "$PYTHON" "$TESTS/lab/search_memory.py" "$@"; }

plant 20
is "20 SAs planted before the agent starts" ${#addresses[@]} 20
echo "redumpInterval 1" >"$WORK/agent.conf"
start_both "$WORK" --record "$WORK/record"
before=$(polls)
plant 20
is "20 more by event" ${#addresses[@]} 40
check "all are in the table" wait_until 20 '[ "$(sa_column 2 | wc -l)" = 40 ]'
check "further dumps" wait_until 30 "[ \"\$(polls)\" -gt $((before + 2)) ]"
ip xfrm state delete src 2001:db8::1 dst "$(sed 's/..../&:/g; s/:$//' <<<"${addresses[0]}")" \
    proto esp spi $((0x1000))
check "one deleted" wait_until 20 '[ "$(sa_column 2 | wc -l)" = 39 ]'

search "$AGENT" "${addresses[5]}" >/dev/null
is "the search of the memory finds an address from the dump" $? 1
search "$AGENT" "${addresses[25]}" >/dev/null
is "the search of the memory finds an address from an event" $? 1
check "no key in the agent's memory" search "$AGENT" "${keys[@]}"
search "$WORK/record" "${addresses[5]}" >/dev/null
is "the search of the record finds an address" $? 1
check "no key in the record" search "$WORK/record" "${keys[@]}"
if [ "${LAB_KIND:-}" = qemu ]; then # the pattern is the whole kernel's, not ours to change elsewhere
    echo "$WORK/core" >/proc/sys/kernel/core_pattern
    kill -ABRT "$AGENT"
    wait "$AGENT" 2>/dev/null
    is "no core dump that could hold one" "$(find "$WORK" -maxdepth 1 -name 'core*')" ""
else
    end "$AGENT"
fi
check "no key in the log" search "$WORK" "${keys[@]}"
finish
