#!/bin/bash
# published_pair.sh TRAPS: a gateway for a monitoring system outside the lab (tests/nms). Its snmpd with the agent
# listens where tests/lab/run --publish leads to, and sends notifications to port TRAPS of the machine that runs the
# lab; strongSwan keeps tunnels to several peers, with traffic in them, and others that are down or idle.
#
# In $LABOUT: kind (netns or qemu) when all of it is up; tunnels, a line for each that is up, NAME REQID ADDRESS (of
# this side); counted/N, each second, what the kernel has counted. The moment is that file's, by the clock of whoever
# looks. And the orders, one at a time: a line in the file order, which goes when it is carried out, and answer says
# "done" or what was wrong:
#
#   drop PEER       no packet reaches that peer any more
#   raise PEER      it is there again, and its tunnel is initiated
#   traffic FACTOR  so many times the first rate; 0: none
#   forge PEER N    N packets that fail their integrity check
#   stop
# shellcheck source=/dev/null disable=SC2317,SC2016,SC2034
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/ike_pair.sh"
begin
trap 'cp "$PAIR"/moon/charon.log "$WORK/agent.log" "$LABOUT" 2>/dev/null; pair_end; end_all' EXIT
DPD=2s RETRANSMITS=3 WARRIORS=0 LISTEN=0.0.0.0
TRAPS=${1:?the port for traps} PORT=${LAB_PORT:?the published port}
LAB=$(dirname "$0")

# What there is of each peer: name, last octet of its address, children
PEERS="berlin 2 lan voice
zurich 12 lan
warehouse 22 lan
travel 42 lan"
child_of() { awk -v peer="$1" '$1 == peer { print $3 }' <<<"$PEERS"; }
address_of() { awk -v peer="$1" '$1 == peer { print "192.0.2." $2 }' <<<"$PEERS"; }

configuration() { # GATEWAY
    local name=$1 l r start
    l=$(end_of "$name" 1 2) r=$(end_of "$name" 2 1) start=$(end_of "$name" start none)
    cat <<X
connections {
 berlin { version = 2
  local_addrs = 192.0.2.$l
  remote_addrs = 192.0.2.$r
  proposals = aes256gcm16-prfsha384-ecp384
  mobike = no
  local { auth = psk
   id = $name }
  remote { auth = psk
   id = $(end_of "$name" sun moon) }
  children {
   lan { local_ts = 10.$l.0.0/24
    remote_ts = 10.$r.0.0/24
    esp_proposals = aes128gcm16-ecp256
    reqid = 101
    start_action = $start }
   voice { local_ts = 10.$l.1.0/24
    remote_ts = 10.$r.1.0/24
    esp_proposals = aes128-sha256
    reqid = 102
    start_action = $start } } }
 zurich { version = 2
  local_addrs = 192.0.2.1$l
  remote_addrs = 192.0.2.1$r
  proposals = chacha20poly1305-prfsha256-curve25519
  mobike = no
  dpd_delay = $DPD
  unique = replace
  local { auth = pubkey
   certs = own.crt
   id = $name.example }
  remote { auth = pubkey
   cacerts = ca.crt
   id = $(end_of "$name" sun moon).example }
  children { lan { local_ts = 2001:db8:$l::/64
    remote_ts = 2001:db8:$r::/64
    esp_proposals = chacha20poly1305
    reqid = 103
    start_action = $start } } }
 warehouse { version = 1
  local_addrs = 192.0.2.2$l
  remote_addrs = 192.0.2.2$r
  proposals = 3des-sha1-modp1024
  local { auth = psk }
  remote { auth = psk }
  children { lan { local_ts = 10.$l.2.0/24
    remote_ts = 10.$r.2.0/24
    esp_proposals = 3des-sha1
    reqid = 104
    start_action = $start } } }
 travel { version = 2
  local_addrs = 192.0.2.4$l
  remote_addrs = 192.0.2.4$r
  proposals = aes128-sha256-curve25519
  local { auth = psk
   id = $name }
  remote { auth = psk
   id = $(end_of "$name" sun moon) }
  children { lan { local_ts = 10.$l.3.0/24
    remote_ts = 10.$r.3.0/24
    esp_proposals = aes128-sha256
    start_action = $(end_of "$name" trap none) } } }
$([ "$name" = sun ] || cat <<Y
 oslo { version = 2
  local_addrs = 192.0.2.31
  remote_addrs = 192.0.2.98
  proposals = aes128-sha256-curve25519
  local { auth = psk }
  remote { auth = psk }
  children { lan { local_ts = 10.1.0.0/24
    remote_ts = 10.98.0.0/24
    esp_proposals = aes128-sha256
    start_action = start } } }
Y
    )
}
secrets { ike-1 { secret = throw-away-test } }
X
}

### What is counted, and what is sent

# Each second: renamed when it is whole, so that its moment is that of its last octet
sample() {
    local n=0
    mkdir -p "$LABOUT/counted"
    while :; do
        ip -s xfrm state list nokeys >"$LABOUT/sample" && mv "$LABOUT/sample" "$LABOUT/counted/$((n++))"
        sleep 1
    done
}

SENDING=()
# send FROM TO OCTETS RATE
send() {
    ping -n -q -i "$(awk -v rate="$4" 'BEGIN { print 1 / rate }')" -s "$3" -I "$1" "$2" >/dev/null 2>&1 &
    SENDING+=($!)
    started+=($!)
}
traffic() { # FACTOR
    local pid
    for pid in "${SENDING[@]}"; do kill "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; done
    SENDING=()
    [ "$1" != 0 ] || return 0
    send 10.1.0.1 10.2.0.1 1200 $((10 * $1))
    send 10.1.1.1 10.2.1.1 160 $((20 * $1))
    send 2001:db8:1::1 2001:db8:2::1 600 $((8 * $1))
    send 10.1.2.1 10.2.2.1 400 $((4 * $1))
}

### The orders

spi_from() { # ADDRESS: of the youngest SA from there to here
    ip xfrm state | awk -v src="$1" '$1 == "src" { here = $2 == src } here && $1 == "proto" { print $4; exit }'
}
seen_down() { ! swan moon --list-sas --ike "$1" --raw 2>/dev/null | grep -q 'state=ESTABLISHED'; }
drop() {
    in_sun ip addr delete "$(address_of "$1")/24" dev wan0 && wait_until 60 "seen_down $1"
}
raise() {
    in_sun ip addr replace "$(address_of "$1")/24" dev wan0 &&
        swan moon --initiate --ike "$1" --child "$(child_of "$1")" --timeout 60
}
forge() {
    local here
    here=$(awk -v peer="$1" '$1 == peer { print "192.0.2." $2 - 1 }' <<<"$PEERS")
    in_sun "$LAB/audit_kernel.py" send "$(spi_from "$(address_of "$1")")" 100000 "$(address_of "$1")" "$here" "$2"
}
carry_out() {
    case $1 in
    traffic) traffic "${2:-0}" ;;
    drop | raise | forge) [ -n "$(address_of "${2:-}")" ] && "$@" ;;
    stop) : ;;
    *) false ;;
    esac
}

### Here it begins

if ! pair_begin "$WORK/pair"; then
    echo "no pair of gateways" >&2
    exit 1
fi
for name in moon sun; do configuration $name >"$PAIR/$name/swanctl.conf"; done
in_sun sysctl -qw net.ipv4.conf.all.promote_secondaries=1 net.ipv4.conf.wan0.promote_secondaries=1
for n in 0 1 2 3; do
    ip route add "10.2.$n.0/24" via 192.0.2.2 src "10.1.$n.1"
    in_sun ip route add "10.1.$n.0/24" via 192.0.2.1 src "10.2.$n.1"
done
ip route add 2001:db8:2::/64 via 2001:db8::2 src 2001:db8:1::1
in_sun ip route add 2001:db8:1::/64 via 2001:db8::1 src 2001:db8:2::1
cat >"$WORK/agent.conf" <<X
viciSocket $(vici_socket moon)
redumpInterval 2
failureInterval 5
integrityFailureRate 0
notificationHoldDown 5
statisticsInterval 2
X
configure_snmpd "$WORK" "trap2sink 10.0.2.2:$TRAPS public"
if ! pair_start; then
    echo "the daemons do not start" >&2
    exit 1
fi
start_both "$WORK"
tunnel_states() { snmp bulkwalk ".$ROOT.1.12.1.7" | sed -n 's/.*INTEGER: //p' | sort | xargs; }
# four up, oslo down, travel idle on purpose; on a busy machine the daemon may have given some up at first
tries=0
until wait_until 30 '[ "$(tunnel_states)" = "1 1 1 1 4 5" ]'; do
    if [ $((tries++)) = 3 ]; then
        echo "tunnels are in the states $(tunnel_states)" >&2
        exit 1
    fi
    while read -r peer child; do
        swan moon --list-sas --ike "$peer" --child "$child" --raw 2>/dev/null | grep -q INSTALLED ||
            swan moon --initiate --ike "$peer" --child "$child" --timeout 30 >/dev/null 2>&1
    done <<<$'berlin lan\nberlin voice\nzurich lan\nwarehouse lan'
done
cat >"$LABOUT/tunnels" <<X
berlin/lan 101 192.0.2.1
berlin/voice 102 192.0.2.1
zurich/lan 103 192.0.2.11
warehouse/lan 104 192.0.2.21
X
sample &
started+=($!)
traffic 1
echo "$LAB_KIND" >"$LABOUT/kind"

while :; do
    wait_until 600 '[ -e "$LABOUT/order" ]' || exit 1 # nobody is there any more
    read -r line <"$LABOUT/order"
    rm -f "$LABOUT/order"
    read -ra words <<<"$line"
    if carry_out "${words[@]}" >"$WORK/said" 2>&1; then
        echo 'done'
    else
        echo "$line: $(tail -n 1 "$WORK/said")"
    fi >"$LABOUT/answer.new"
    mv "$LABOUT/answer.new" "$LABOUT/answer"
    [ "$line" != stop ] || exit 0
done
