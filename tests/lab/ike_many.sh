#!/bin/bash
# One IKE SA with more child SAs than fit into a message of VICI, which the daemon then drops without a
# word: the agent finds them all the same. And what the agent costs the daemon at rest (printed, not judged).
# ike_many.sh [CHILDREN [SECONDS]]
# shellcheck source=/dev/null disable=SC2317,SC2016,SC2034,SC2153
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/ike_pair.sh"
begin
trap 'cp -r "$PAIR"/moon/charon.log "$LABOUT/ike-many-charon.log" 2>/dev/null
    cp "$WORK"/agent.log "$LABOUT/ike-many-agent.log" 2>/dev/null; pair_end; end_all' EXIT
N=${1:-1700} seconds=${2:-60} WARRIORS=0 RETRANSMITS=30
pair_begin "$WORK/pair" || { not_ok "a pair of gateways" "see above"; finish; }

# The children of both sides
many() { # NAME
    local n l r
    l=$(end_of "$1" 1 2) r=$(end_of "$1" 2 1)
    for ((n = 0; n < N; n++)); do
        echo "c$n { local_ts = 10.10$l.$((n / 250)).$((n % 250))/32
 remote_ts = 10.10$r.$((n / 250)).$((n % 250))/32
 esp_proposals = aes128gcm16
 rekey_time = 0
 start_action = $(end_of "$1" start none) }"
    done
}
for name in moon sun; do
    l=$(end_of $name 1 2) r=$(end_of $name 2 1)
    cat >"$PAIR/$name/swanctl.conf" <<X
connections { many { version = 2
 local_addrs = 192.0.2.$l
 remote_addrs = 192.0.2.$r
 proposals = aes128gcm16-prfsha256-curve25519
 local { auth = psk
  id = $name }
 remote { auth = psk
  id = $(end_of $name sun moon) }
 children {
$(many $name)
 } } }
secrets { ike-1 { secret = throw-away-test } }
X
    sed -i 's/default = 1/default = 0/' "$PAIR/$name/strongswan.conf"
done
pair_start || { not_ok "the daemons" "see above"; finish; }
sas() { ip xfrm state count | sed -n 's/.*SAD count //p'; }
begun=$SECONDS
check "$N child SAs come up" wait_until 1500 '[ "$(sas)" -ge $((2 * N)) ]'
echo "# in $((SECONDS - begun)) s"
is "the daemon lists no IKE SA at all" "$(swan moon --list-sas | wc -l)" 0

ticks() { # of the daemon: hundredths of a second
    awk '{ print $14 + $15 }' "/proc/$MOON/stat"
}
cost() { # WHAT
    local before
    before=$(ticks)
    sleep "$seconds"
    echo "# $1: $(($(ticks) - before)) hundredths of a second of CPU time in $seconds s"
}
cost "the daemon alone"
before=$(ticks)
echo "viciSocket $(vici_socket moon)" >"$WORK/agent.conf"
start_both "$WORK"
check "strongSwan's collector is up" wait_until 300 strongswan_up
wanted=$((1 + N + 1 + N + 3))
check "all of them are found" wait_until 300 '[ "$(strongswan 4)" = "$wanted" ]'
is "rows: IKE SA, children, connection, its children, certificates" "$(strongswan 4)" "$wanted"
is "the IKE SA has its row" "$(ike_column 47 | wc -l)" 1
echo "# its first read: $(($(ticks) - before)) hundredths of a second, $(strongswan 7) microseconds"
cost "at rest with the agent"
is "nothing failed" "$(strongswan 9)" 0
finish
