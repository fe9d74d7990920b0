# shellcheck shell=bash
# nms/lib.sh: what the suites with real monitoring systems have in common; sourced behind tests/lib.sh.
# A gateway with strongSwan, of recordings: with everything up; and one that is alive, in the lab.
# shellcheck disable=SC2034,SC2317,SC2016
NMS=$TESTS/../etc/nms
RECORDED=1795500221 # when the recordings were made

# recording DIR [SAS [STATES]]: what the kernel and strongSwan said, with an index that tells the time; SAS and STATES
# are files in place of what was said of IKE SAs and of the kernel's SAs
recording() {
    local data=$TESTS/data
    mkdir -p "$1" && cp "$data"/strongswan-up/{state,policy,default,sadinfo,spdinfo}.bin "$1/" &&
        cp "$data"/vici/*.resp.bin "$1/" && cp "${2:-$data/vici/list-sas.resp.bin}" "$1/list-sas.resp.bin" &&
        cp "${3:-$data/strongswan-up/state.bin}" "$1/state.bin" &&
        "$PYTHON" - "$1" "$RECORDED" <<'PY' >"$1/index.txt"
import os, struct, sys
folder, recorded = sys.argv[1:]
print("# recorded", recorded)
for name in ("state", "policy", "default", "sadinfo", "spdinfo"):
    print(recorded, name + ".bin", 0, os.path.getsize(f"{folder}/{name}.bin"))
for name in ("version", "stats", "list-conns", "list-policies", "list-certs", "list-sas"):
    octets = open(f"{folder}/{name}.resp.bin", "rb").read()
    at = 0
    while at < len(octets):
        length = 4 + struct.unpack_from(">I", octets, at)[0]
        print(recorded, name + ".resp.bin", at, length)
        at += length
PY
}

# start_lab TRAPS: the gateway of tests/lab/published_pair.sh. Its snmpd is at 127.0.0.1:$LAB_PORT, and what it tells
# comes to UDP port TRAPS of this machine. It takes a while, in which other things can be done.
start_lab() {
    export LABOUT=$WORK/lab LAB_PORT
    LAB_PORT=$(free_port)
    mkdir "$LABOUT"
    "$TESTS/lab/run" --publish "$LAB_PORT" --time 1800 "$TESTS/lab/published_pair.sh" "$1" >"$WORK/lab.log" 2>&1 &
    LAB=$!
    started+=("$LAB")
}

lab_is_up() {
    wait_until 240 '[ -s "$LABOUT/kind" ] || ! running "$LAB"'
    [ -s "$LABOUT/kind" ] || { tail -n 3 "$WORK/lab.log"; return 1; }
}

# order WORDS: published_pair.sh has them
order() {
    rm -f "$LABOUT/answer"
    echo "$*" >"$LABOUT/order.new" && mv "$LABOUT/order.new" "$LABOUT/order" || return
    wait_until 120 '[ -e "$LABOUT/answer" ] || ! running "$LAB"'
    grep -qx 'done' "$LABOUT/answer" || { cat "$LABOUT/answer"; tail -n 3 "$WORK/lab.log"; return 1; }
}

# lab_state PEER CHILD: of its tunnel, as snmpget shows it
lab_state() {
    PORT=$LAB_PORT value "$TUNNEL_STATE.$(index_of "$1" "$2")"
}
TUNNEL_STATE=.$ROOT.1.12.1.7
index_of() { # POLICY CHILD
    "$PYTHON" -c 'import sys
print(".".join(str(n) for name in sys.argv[1:] for n in (len(name), *name.encode())) + ".1")' "$@"
}
