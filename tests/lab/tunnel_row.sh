# shellcheck shell=bash
# tunnel_row.sh: one row of ipsrTunnelTable, and what the kernel counted beside; sourced after lib.sh.
# shellcheck disable=SC2317,SC2034 # called and used by the scripts that source this

TUNNEL=.$ROOT.1.12.1
SOON=${SOON:-20}

# of POLICY CHILD INSTANCE: what stands behind the column in an OID of ipsrTunnelTable
of() {
    "$PYTHON" -c '
import sys
def key(t): return ".".join(str(n) for n in [len(t)] + list(t.encode()))
print(".".join([key(sys.argv[1]), key(sys.argv[2]), sys.argv[3]]))' "$@"
}
column() { value "$TUNNEL.$1.$2" 2>/dev/null; } # COLUMN ROW
state() { column 7 "$1"; }
ups_downs() { echo "$(column 42 "$1") $(column 43 "$1")"; }
soon_is() { # WHAT CONDITION FOUND
    if wait_until "$SOON" "$2"; then ok "$1"; else not_ok "$1" "not within $SOON s: ${3:-}"; fi
}
# as by an outage of power for the program
kill_agent() { # ARGS of the agent
    kill -KILL "$AGENT"
    wait "$AGENT" 2>/dev/null
    start_agent "$WORK" "$@"
    wait_until 30 collector_up || not_ok "the agent is back" "$(tail -n 2 "$WORK/agent.log")"
}
# saved POLICY OCTETS: the last line of the row in the state file has these octets
saved() {
    grep -aP "^[0-9a-f]{8} tunnel\t$1\t" "$WORK/persistent/state" | tail -n 1 | grep -aqP "\t\d+,$2(,\d+){8}\t"
}

# outbound SRC DST: the ESP SAs in the kernel now, with their octets
outbound() {
    ip -s xfrm state | awk -v from="$1" -v to="$2" '/^src/ { on = $2 == from && $4 == to; next }
        on && /proto esp spi/ { spi = $4; sub(/\(.*/, "", spi) } on && /lifetime current/ { getline; sub(/\(bytes\).*/, ""); print spi, $1 }'
}
declare -A had=()
note() { # SRC DST: remembers the last value of each SA that was seen
    local spi octets
    while read -r spi octets; do had[$spi]=$octets; done < <(outbound "$1" "$2")
}
sum() { local s=0 spi; for spi in "${!had[@]}"; do s=$((s + had[$spi])); done; echo $s; }
