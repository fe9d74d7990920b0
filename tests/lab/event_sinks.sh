# shellcheck shell=bash
# event_sinks.sh: tunnels in the tables, and what reaches a real snmptrapd; sourced after lib.sh and event_table.sh by
# what tells of tunnels in the lab, which has its folder in LAB.
# shellcheck disable=SC2317,SC2016,SC2034 # called and used by the scripts that source this
TRAPS=$WORK/traps MODULE=$BUILD/installed/IPSEC-REPORT-MIB.txt
TUNNEL=.$ROOT.1.12.1

column() { value "$TUNNEL.$1.$2" 2>/dev/null; } # COLUMN ROW
of() { # POLICY CHILD: what stands behind the column in an OID of ipsrTunnelTable
    "$PYTHON" -c '
import sys
def key(t): return ".".join(str(n) for n in [len(t)] + list(t.encode()))
print(".".join([key(sys.argv[1]), key(sys.argv[2]), "1"]))' "$@"
}
state() { column 7 "$(of "$@")"; }

### What receives the notifications

# start_sinks: snmptrapd, and snmpd's configuration with both ways to it
start_sinks() {
    local port
    port=$(free_port)
    mkdir -p "$WORK/trapd"
    cat >"$WORK/trapd.conf" <<X
authCommunity log public
createUser ops SHA "authentication" AES "privacy-of-it"
authUser log ops priv
X
    SNMP_PERSISTENT_DIR=$WORK/trapd SNMPCONFPATH=$WORK/trapd snmptrapd -f -A -C -c "$WORK/trapd.conf" -Lf "$TRAPS" \
        -m IPSEC-REPORT-MIB -M "$BUILD/installed:$TESTS/mibs" -OQS -F '%P|%V|%v\n' "udp:127.0.0.1:$port" &
    started+=($!)
    configure_snmpd "$WORK" "trap2sink 127.0.0.1:$port public" \
        "trapsess -v 3 -Ci -t 30 -u ops -l authPriv -a SHA -A authentication -x AES -X privacy-of-it 127.0.0.1:$port"
    wait_until 30 '[ -n "$(ss -aunH "sport = :'"$port"'")" ]'
}

# came PDU: number, kind and reason of each that came that way
came() { "$PYTHON" "$LAB/sink.py" "$MODULE" "$TRAPS" "$1" | sort -n; }
due() { all_events | awk '$2 <= 17 { print $1, $2, $3 }'; }

# each_came PDU: each event of a kind that has a notification, once, decoded
each_came() {
    if wait_until 40 '[ "$(came '"$1"')" = "$(due)" ]'; then
        ok "each came once by $1, decoded: $(due | wc -l)"
    else
        not_ok "each came once by $1" "$(diff <(due) <(came "$1") | grep '^[<>]' | head -n 8)"
    fi
}
