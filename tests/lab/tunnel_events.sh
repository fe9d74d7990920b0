#!/bin/bash
# What happens is in the event table once, with why, and reaches snmptrapd once, as a v2c trap and as a v3 inform; a
# rekey is not, and does not: a pair of gateways with strongSwan, ten tunnels that are rekeyed all the time, SAs and
# policies by hand, forged and replayed packets. Everything is read again each hour only, so what is told comes from
# the kernel's and the daemon's own messages.
# shellcheck source=/dev/null disable=SC2317,SC2016,SC2034,SC2086,SC2153
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/ike_pair.sh"
begin
LAB=$(dirname "$0")
trap 'cp "$TRAPS" "$LABOUT/tunnel_events-traps" 2>/dev/null; cp "$WORK"/agent.log "$LABOUT/tunnel_events-agent.log" 2>/dev/null; cp "$PAIR"/moon/charon.log "$LABOUT/tunnel_events-charon.log" 2>/dev/null
    all_events >"$LABOUT/tunnel_events-table" 2>/dev/null; pair_end; end_all' EXIT
. "$TESTS/event_table.sh"
. "$LAB/event_sinks.sh"

# configuration NAME: of ten tunnels that are rekeyed all the time, and of others for one thing each
configuration() {
    local name=$1 other l r n
    other=$(end_of "$name" sun moon)
    l=$(end_of "$name" 1 2) r=$(end_of "$name" 2 1)
    cat <<X
connections {
 many { version = 2
  local_addrs = 192.0.2.$l
  remote_addrs = 192.0.2.$r
  proposals = aes128-sha256-curve25519
  local { auth = psk
   id = $name }
  remote { auth = psk
   id = $other }
  rekey_time = 40s
  over_time = 60s
  children {
$(for n in 0 1 2 3 4 5 6 7 8 9; do
        echo "   c$n { local_ts = 10.$l.1.$n/32"
        echo "    remote_ts = 10.$r.1.$n/32"
        echo "    esp_proposals = aes128-sha256"
        echo "    rekey_time = $(end_of "$name" 15s 1h)"
        echo "    rand_time = 2s"
        echo "    life_time = $(end_of "$name" 2m 2h)"
        echo "    start_action = $(end_of "$name" start none) }"
    done) } }
 gw { version = 2
  local_addrs = 192.0.2.1$l
  remote_addrs = 192.0.2.1$r
  proposals = aes128-sha256-curve25519
  dpd_delay = 2s
  mobike = no
  unique = replace
  local { auth = psk
   id = gw-$name }
  remote { auth = psk
   id = gw-$other }
  children { net { local_ts = 10.$l.2.0/24
    remote_ts = 10.$r.2.0/24
    esp_proposals = aes128-sha256
    start_action = $(end_of "$name" start none) } } }
 short { version = 2
  local_addrs = 192.0.2.2$l
  remote_addrs = 192.0.2.2$r
  proposals = aes128-sha256-curve25519
  local { auth = psk
   id = short-$name }
  remote { auth = psk
   id = short-$other }
  children { short-net { local_ts = 10.$l.3.0/24
    remote_ts = 10.$r.3.0/24
    esp_proposals = aes128-sha256
    rekey_time = 1h
    life_time = $(end_of "$name" 30s 2h) } } }
 bad { version = 2
  local_addrs = 192.0.2.3$l
  remote_addrs = 192.0.2.3$r
  proposals = aes128-sha256-curve25519
  local { auth = psk
   id = bad-$name }
  remote { auth = psk
   id = bad-$other }
  children { bad-net { local_ts = 10.$l.4.0/24
    remote_ts = 10.$r.4.0/24
    esp_proposals = aes128-sha256 } } }
 silent { version = 2
  local_addrs = 192.0.2.4$l
  remote_addrs = 192.0.2.98
  proposals = aes128-sha256-curve25519
  local { auth = psk }
  remote { auth = psk }
  children { silent-net { local_ts = 10.$l.5.0/24
    remote_ts = 10.$r.5.0/24
    esp_proposals = aes128-sha256 } } }
 algorithms { version = 2
  local_addrs = 192.0.2.5$l
  remote_addrs = 192.0.2.5$r
  proposals = aes128-$(end_of "$name" sha256-curve25519 sha384-ecp384)
  local { auth = psk
   id = algorithms-$name }
  remote { auth = psk
   id = algorithms-$other }
  children { algorithms-net { local_ts = 10.$l.6.0/24
    remote_ts = 10.$r.6.0/24
    esp_proposals = aes128-sha256 } } }
 selectors { version = 2
  local_addrs = 192.0.2.6$l
  remote_addrs = 192.0.2.6$r
  proposals = aes128-sha256-curve25519
  local { auth = psk
   id = selectors-$name }
  remote { auth = psk
   id = selectors-$other }
  children { selectors-net { local_ts = 10.$l.$(end_of "$name" 7 8).0/24
    remote_ts = 10.$r.$(end_of "$name" 7 8).0/24
    esp_proposals = aes128-sha256 } } }
$([ "$name" = sun ] || cat <<Y
 ghost { version = 2
  local_addrs = 192.0.2.1
  remote_addrs = 192.0.2.99
  proposals = aes128-sha256-curve25519
  local { auth = psk }
  remote { auth = psk }
  children { ghost-net { local_ts = 10.1.0.0/24
    remote_ts = 10.99.9.0/24
    esp_proposals = aes128-sha256
    start_action = trap } } }
Y
    )
}
secrets {
$(n=0
    for id in "" gw- short- algorithms- selectors-; do
        echo " ike-$((n++)) { id-a = ${id}moon"
        echo "  id-b = ${id}sun"
        echo "  secret = throw-away-test }"
    done
    echo " ike-$n { id-a = bad-moon"
    echo "  id-b = bad-sun"
    echo "  secret = not-the-same-as-on-$name }")
}
X
}

### A pair of gateways, up before the agent

DPD=2s RETRANSMITS=2 WARRIORS=1
if ! pair_begin "$WORK/pair"; then
    not_ok "a pair of gateways" "see above"
    finish
fi
for n in moon sun; do configuration $n >"$PAIR/$n/swanctl.conf"; done
# one certificate that ends soon
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/C=CH/O=Lab/CN=ends soon" \
    -keyout "$PAIR/old.key" -out "$PAIR/old.csr" 2>/dev/null &&
    openssl x509 -req -in "$PAIR/old.csr" -CA "$PAIR/ca.crt" -CAkey "$PAIR/ca.key" -CAcreateserial -days 5 \
        -out "$PAIR/moon/x509/old.crt" 2>/dev/null
if ! pair_start; then
    not_ok "both daemons start" "see above"
    finish
fi
ip route add 10.99.9.0/24 via 192.0.2.99 src 10.1.0.1
kernel_sas() { ip xfrm state count 2>/dev/null | sed -n 's/.*SAD count \([0-9]*\).*/\1/p'; }
check "all tunnels are up" wait_until 90 '[ "$(kernel_sas)" -ge 22 ]'
cat >"$WORK/agent.conf" <<X
viciSocket $(vici_socket moon)
redumpInterval 3600
checkInterval 3600
ikeInterval 3600
ikeSaInterval 3600
statisticsInterval 3600
eventTableSize 10000
expiryWarningSeconds 5
integrityFailureRate 0
replayFailureRate 0
notificationInterval 0
notificationHoldDown 0
notificationBurst 0
X
start_sinks || not_ok "snmptrapd listens" "$(tail -n 1 "$TRAPS")"
start_both "$WORK"
MARK=0
check "strongSwan's collector is up" wait_until 90 strongswan_up
check "the agent sees the tunnels" wait_until 30 '[ "$(state gw net) $(state many c0) $(state many c9)" = "1 1 1" ]'
happened "what was there before the agent is no event, but for a certificate that ends soon" 14:$THRESHOLD

rekeys_begin=$(newest)

### Why a tunnel goes down

check "closed on purpose" swan moon --terminate --ike gw
happened "closed on purpose" 5:$CLOSED 8:$CLOSED
check "brought up again" up moon net
happened "up again" 4:$RECOVERED 7:$NONE
spi=$(ip xfrm state | awk '/^src 192.0.2.11 dst 192.0.2.12/ { on = 1; next } on && /proto esp spi/ { print $4; exit }')
check "somebody removes an SA of it" ip xfrm state delete src 192.0.2.11 dst 192.0.2.12 proto esp spi "$spi"
happened "removed from outside" 5:$OUTSIDE
is "by its own kind, too" "$(MARK=0 && all_events | awk '$2 == 21 && $3 == '$OUTSIDE | wc -l)" 1
check "the rest of it is closed" swan moon --terminate --ike gw
happened "the rest of it was up" 8:$CLOSED
check "brought up once more" up moon net
happened "up once more" 4:$RECOVERED 7:$NONE
in_sun ip addr del 192.0.2.12/24 dev wan0
PATIENCE=60 happened "the peer is dead" 5:$DEAD 8:$DEAD
in_sun ip addr add 192.0.2.12/24 dev wan0
check "brought up a third time" up moon net
happened "up a third time" 4:$RECOVERED 7:$NONE
check "the peer ends the child" swan sun --terminate --child net
happened "the child, closed by the peer" 5:$BY_PEER
check "brought up a fourth time" up moon net
happened "up a fourth time" 4:$RECOVERED
check "the peer ends the IKE SA" swan sun --terminate --ike gw
happened "closed by the peer" 5:$BY_PEER 8:$BY_PEER
check "brought up a fifth time" up moon net
happened "up a fifth time" 4:$RECOVERED 7:$NONE

### Negotiations

swan moon --initiate --child bad-net --timeout 20 >/dev/null 2>&1
happened "the peer does not accept this side" 5:$LOCAL 9:$LOCAL
swan sun --initiate --child bad-net --timeout 20 >/dev/null 2>&1
happened "this side does not accept the peer: the tunnel's state was told" 9:$PEER
swan moon --initiate --child silent-net --timeout 30 >/dev/null 2>&1
PATIENCE=40 happened "the peer never answers" 5:$SILENT 10:$SILENT
swan moon --initiate --child algorithms-net --timeout 20 >/dev/null 2>&1
happened "no algorithms in common" 5:$PROPOSAL 10:$PROPOSAL
swan moon --initiate --child selectors-net --timeout 20 >/dev/null 2>&1
happened "no inner addresses in common, of an IKE SA that is up" 5:$SELECTORS 7:$NONE 10:$SELECTORS
check "which is closed" swan moon --terminate --ike selectors
happened "closed" 8:$CLOSED
sysctl -qw net.core.xfrm_acq_expires=20
ping -c 1 -W 1 -I 10.1.0.1 10.99.9.1 >/dev/null 2>&1
PATIENCE=40 happened "packets wait, and the daemon says that there is no answer" 5:$SILENT 10:$SILENT
wait_until 40 '[ "$(ip xfrm state | grep -c "dst 192.0.2.99")" = 0 ]'
happened "that the kernel gives up, too, is nothing new"
sysctl -qw net.core.xfrm_acq_expires=3
ping -c 1 -W 1 -I 10.1.0.1 10.99.9.1 >/dev/null 2>&1
PATIENCE=40 happened "packets waited in vain" 10:$ACQUIRE
is "that they wait is in the table" "$(MARK=0 && all_events | awk '$2 == 28' | wc -l)" 2

### SAs by hand

keys=(enc 'cbc(aes)' 0x000102030405060708090a0b0c0d0e0f auth 'hmac(sha1)' 0x000102030405060708090a0b0c0d0e0f10111213)
check "an SA with limits of time" ip xfrm state add src 192.0.2.71 dst 192.0.2.72 proto esp spi 0x4001 mode transport \
    "${keys[@]}" limit time-soft 3 limit time-hard 45
PATIENCE=90 happened "its soft limit passed, and no successor came; it is near its end, and at it" \
    1:$SOFT 3:$THRESHOLD 2:$EXPIRED

### Packets that somebody forged, and packets sent again: the kernel's audit tells of each

audit_row() { value "$COLLECTOR.2.5.97.117.100.105.116"; }
check "the audit is switched on" "$LAB/audit_kernel.py" enable
check "and heard" wait_until $SOON '[ "$(audit_row)" = 1 ]'
from_sun=(src 192.0.2.72 dst 192.0.2.71 proto esp spi 0x5001)
for way in "" in_sun; do
    check "an SA by hand ${way:-here}" $way ip xfrm state add "${from_sun[@]}" mode transport replay-window 32 "${keys[@]}"
done
check "packets are forged" in_sun "$LAB/audit_kernel.py" send 0x5001 100 192.0.2.72 192.0.2.71 3
happened "they fail their integrity check" 11:$THRESHOLD
in_sun ip xfrm policy add src 192.0.2.72 dst 192.0.2.71 dir out tmpl proto esp mode transport
in_sun "$PYTHON" "$LAB/send_again.py" wan0 0x5001 4 >"$WORK/again" &
started+=($!)
wait_until $SOON 'grep -q ready "$WORK/again"'
check "packets come" in_sun ping -n -q -c 3 -W 2 -I 192.0.2.72 192.0.2.71
check "one comes again and again" wait_until $SOON 'grep -q sent "$WORK/again"'
happened "it is dropped" 12:$THRESHOLD
is "as the kernel says" "$(ip -s xfrm state get "${from_sun[@]}" | sed -n 's/^.*replay \([0-9]*\) failed \([0-9]*\).*/\1 \2/p')" "4 3"
check "the SA is removed" ip xfrm state delete "${from_sun[@]}"
happened "which ends both" 11:$RECOVERED 12:$RECOVERED
in_sun ip xfrm state delete "${from_sun[@]}"
in_sun ip xfrm policy delete src 192.0.2.72 dst 192.0.2.71 dir out
"$LAB/audit_kernel.py" disable

### Policies by hand

check "a policy by hand" ip xfrm policy add src 10.1.7.0/24 dst 10.2.7.0/24 dir out \
    tmpl src 192.0.2.71 dst 192.0.2.72 proto esp reqid 77 mode tunnel
happened "added by hand" 13:$OTHER
check "is removed" ip xfrm policy delete src 10.1.7.0/24 dst 10.2.7.0/24 dir out
happened "removed by hand" 13:$OUTSIDE
check "one of the daemon's is removed" ip xfrm policy delete src 10.1.2.0/24 dst 10.2.2.0/24 dir out
happened "the daemon's, removed by hand" 13:$OUTSIDE

### An SA of the daemon's that is not rekeyed

check "a tunnel without a rekey" up moon short-net
happened "it is up" 4:$NONE 7:$NONE
# the daemon makes them anew when they have expired
wait_until 90 '[[ " $(notified) " = *" 4:'$RECOVERED' "* ]]'
check "it is closed" swan moon --terminate --ike short
wait_until 30 '[[ " $(notified) " = *" 8:'$CLOSED' "* ]]'
# whether both SAs reach their limit, or the daemon takes the second away first, is a race of a second
is "it ends with its SAs, which were near their end, and comes up again, once" \
    "$(notified | tr ' ' '\n' | sort -u | xargs) $(notified | tr ' ' '\n' | grep -c '^[4578]:')" \
    "2:$EXPIRED 3:$THRESHOLD 4:$RECOVERED 5:$CLOSED 5:$EXPIRED 8:$CLOSED 4"
while read -r each; do expected+=("$each"); done < <(notified | tr ' ' '\n')
mark

### Ten rekeys of ten tunnels, which went on meanwhile

rekeys() { snmp walk "$TUNNEL.41" | sed -n 's/^.*\.4\.109\.97\.110\.121\..* = [^:]*: //p' | sort -n | head -n 1; }
# of_many KIND...: events of those tunnels and of SAs between their ends
of_many() {
    all_events | awk -v begin="$rekeys_begin" -v kinds=" $* " '$1 > begin && index(kinds, " " $2 " ")' |
        grep -cE ' many/| many | 192\.0\.2\.[12] to 192\.0\.2\.[12] '
}
if wait_until 500 '[ "$(rekeys)" -ge ${REKEYS:-10} ]'; then
    ok "ten tunnels were rekeyed ten times ($(of_many 18) events of that kind)"
else
    not_ok "ten rekeys of ten tunnels" "the least is $(rekeys)"
fi
is "rekeys are in the table" "$([ "$(of_many 18)" -ge $((10 * ${REKEYS:-10} - 10)) ] && echo yes)" yes
is "those of the IKE SA, too" "$([ "$(of_many 19)" -ge 1 ] && echo yes)" yes
is "no tunnel went down or up, no IKE SA ended, no SA expired, was made or removed outside of them" \
    "$(of_many 1 2 3 4 5 6 7 8 9 10 20 21)" 0
happened "nothing else happened"
check "they are closed" swan moon --terminate --ike many
mapfile -t ten < <(for _ in 0 1 2 3 4 5 6 7 8 9; do echo 5:$CLOSED; done)
happened "all ten, and their IKE SA" "${ten[@]}" 8:$CLOSED

### All at once

check "all SAs are flushed" ip xfrm state flush
happened "the tunnel that was up is down" 5:$FLUSHED
is "one event for the flush" "$(MARK=0 && all_events | awk '$2 == 22' | wc -l)" 1
check "all policies are flushed" ip xfrm policy flush
happened "policies flushed" 13:$FLUSHED
if ip xfrm policy setdefault in block 2>/dev/null; then
    happened "another default policy" 13:$OTHER
    ip xfrm policy setdefault in accept
    happened "and back" 13:$OTHER
fi

### The daemon

check "the daemon is killed" kill -KILL "$MOON"
happened "its source is lost" 15:$UNREACHABLE
charon_start moon
is "it is started again" $? 0
check "and can be asked" wait_until 60 strongswan_up
# with nothing loaded: the certificate that ends soon is not there any more, either
PATIENCE=60 happened "it knows nothing of what was" 8:$GONE 14:$RECOVERED 16:$RECOVERED

# Nothing came late, and nothing twice
MARK=0
is "all that was told" "$(notified)" "$(printf '%s\n' "${expected[@]}" | sort | xargs)"
each_came TRAP2
each_came INFORM
check "ipsec-reportd goes on" running "$AGENT"
finish
