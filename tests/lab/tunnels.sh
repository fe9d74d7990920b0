#!/bin/bash
# Tunnels through all that happens to them: with manual keys, then a pair of gateways with strongSwan. Rows
# keep their index, traffic is what the kernel counted, nothing falls, and ups and downs are exact; also when
# the agent is killed.
# shellcheck source=/dev/null disable=SC2317,SC2016,SC2034
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/ike_pair.sh"
. "$(dirname "$0")/tunnel_row.sh"
begin
trap 'cp -r "$PAIR"/*/charon.log "$LABOUT" 2>/dev/null; cp "$WORK"/agent.log "$LABOUT/tunnels-agent.log" 2>/dev/null
    cp "$WORK/persistent/state" "$LABOUT/tunnels-state" 2>/dev/null; pair_end; end_all' EXIT
# The kernel's octets of an SA
octets_of() { # SRC DST SPI
    ip -s xfrm state get src "$1" dst "$2" proto esp spi "$3" 2>/dev/null |
        sed -n '/lifetime current/{n;s/^[[:space:]]*\([0-9]*\)(bytes).*/\1/p}'
}

### Manual keys

keys=(enc 'cbc(aes)' 0x000102030405060708090a0b0c0d0e0f
    auth-trunc 'hmac(sha256)' 0x000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f 128)
add_manual() { # SRC DST SPI: in both gateways
    for where in moon sun; do
        at $where ip xfrm state add src "$1" dst "$2" proto esp spi "$3" mode transport reqid 17 "${keys[@]}"
    done
}
delete_manual() {
    for where in moon sun; do
        at $where ip xfrm state delete src "$1" dst "$2" proto esp spi "$3"
    done
}
policies() {
    for where in moon sun; do
        local l r
        l=$(end_of $where 71 72) r=$(end_of $where 72 71)
        at $where ip xfrm policy add src "192.0.2.$l" dst "192.0.2.$r" proto icmp dir out \
            tmpl src "192.0.2.$l" dst "192.0.2.$r" proto esp reqid 17 mode transport
    done
}
send() { ping -q -c "$1" -i 0.05 -I 192.0.2.71 192.0.2.72 >/dev/null; } # N

DPD=2s RETRANSMITS=2 WARRIORS=1
if ! pair_begin "$WORK/pair"; then
    not_ok "a pair of gateways" "see above"
    finish
fi
policies
add_manual 192.0.2.71 192.0.2.72 0x1701
add_manual 192.0.2.72 192.0.2.71 0x1702
cat >"$WORK/agent.conf" <<X
viciSocket $(vici_socket moon)
redumpInterval 1
stateInterval 2
X
start_both "$WORK"
row=$(of manual 17 1)
soon_is "a reqid with manual keys is a tunnel" '[ "$(state "$row")" = 1 ]'
is "it came up once" "$(ups_downs "$row")" "1 0"
send 20
sent=$(octets_of 192.0.2.71 192.0.2.72 0x1701)
is "the kernel counted" "$([ "${sent:-0}" -gt 0 ] && echo yes)" yes
soon_is "octets as the kernel's" '[ "$(column 37 "$row")" = "$sent" ]' "$(column 37 "$row"), not $sent"

# new keys by hand: make before break
add_manual 192.0.2.71 192.0.2.72 0x1711
send 5
delete_manual 192.0.2.71 192.0.2.72 0x1701
send 7
total=$((sent * 32 / 20))
soon_is "octets of both SAs" '[ "$(column 37 "$row")" = "$total" ]' "$(column 37 "$row"), not $total"
is "that was no outage" "$(ups_downs "$row")" "1 0"
soon_is "it is saved" 'saved manual "$total"'
kill_agent
soon_is "killed and started again: it is up" '[ "$(state "$row")" = 1 ]'
soon_is "and has the same octets" '[ "$(column 37 "$row")" = "$total" ]' "$(column 37 "$row"), not $total"
is "and no outage more" "$(ups_downs "$row")" "1 0"
send 8
total=$((sent * 40 / 20))
soon_is "it counts on" '[ "$(column 37 "$row")" = "$total" ]' "$(column 37 "$row"), not $total"
delete_manual 192.0.2.71 192.0.2.72 0x1711
soon_is "without an SA to send by it is down" '[ "$(state "$row")" = 4 ]'
is "that was one outage" "$(ups_downs "$row")" "1 1"
is "deleted by somebody" "$(column 10 "$row")" 18
kill_agent
soon_is "down after another kill" '[ "$(state "$row")" = 4 ]'
is "with all that it had" "$(column 37 "$row")" "$total"
ip xfrm state flush && ip xfrm policy flush
in_sun ip xfrm state flush && in_sun ip xfrm policy flush
soon_is "it goes with its last policy" '[ -z "$(state "$row")" ] || ! snmp get "$TUNNEL.7.$row" | grep -q INTEGER'

### strongSwan

if ! pair_start; then
    not_ok "both daemons start" "see above"
    finish
fi
ip route add 10.2.0.0/24 via 192.0.2.2 src 10.1.0.1 && in_sun ip route add 10.1.0.0/24 via 192.0.2.1 src 10.2.0.1
row=$(of gw net 1)
check "strongSwan's collector is up" wait_until 90 strongswan_up
# nothing tells the agent that a configuration was loaded: it reads it each ikeInterval, 30 s
check "configured, and down" wait_until 60 '[ "$(state "$row")" = 4 ] || [ "$(state "$row")" = 5 ]'
check "it is brought up" up moon net
soon_is "it is up" '[ "$(state "$row")" = 1 ]'
is "once" "$(ups_downs "$row")" "1 0"

ping_through() { ping -W 2 -q -c "$1" -i 0.05 -I 10.1.0.1 10.2.0.1 >/dev/null 2>&1; }

for n in 1 2 3; do
    ping_through 10
    note 192.0.2.1 192.0.2.2
    check "rekey $n of the child" swan moon --rekey --child net
    soon_is "rekey $n is counted" '[ "$(column 41 "$row")" = '$n' ]' "$(column 41 "$row")"
    ping_through 10
    check "rekey $n of the IKE SA" swan moon --rekey --ike gw
    ping_through 5
    note 192.0.2.1 192.0.2.2
    soon_is "octets after rekey $n are the kernel's" '[ "$(column 37 "$row")" = "$(sum)" ]' \
        "$(column 37 "$row"), not $(sum)"
    is "rekey $n is no outage" "$(ups_downs "$row") $(state "$row")" "1 0 1"
done
total=$(sum)
is "that is something ($total octets)" "$([ "$total" -gt 3000 ] && echo yes)" yes
soon_is "that is saved" 'saved gw "$total"'
kill_agent
soon_is "killed with the tunnel up: up again" '[ "$(state "$row")" = 1 ]'
ping_through 10
note 192.0.2.1 192.0.2.2
soon_is "octets are the kernel's after the kill" '[ "$(column 37 "$row")" = "$(sum)" ]' "$(column 37 "$row"), not $(sum)"
is "no outage, no rekey more" "$(ups_downs "$row") $(column 41 "$row")" "1 0 3"

# the peer is gone, and comes back
check "the peer's daemon is killed" kill -KILL "$SUN"
soon_is "the peer is dead" '[ "$(ups_downs "$row")" = "1 1" ]' "$(ups_downs "$row")"
is "that is why" "$(column 10 "$row")" 4
soon_is "nothing fell" '[ "$(column 37 "$row")" -ge "$(sum)" ]'
in_sun ip xfrm state flush
in_sun ip xfrm policy flush
check "the peer's daemon is back" charon_start sun
check "with its configuration" pair_load sun
check "the tunnel is brought up again" up moon net
soon_is "up again" '[ "$(ups_downs "$row")" = "2 1" ]' "$(ups_downs "$row")"
is "nothing fell again" "$([ "$(column 37 "$row")" -ge "$(sum)" ] && echo yes)" yes

# somebody else removes the SAs: the daemon goes on saying that it is up
ip xfrm state flush
soon_is "flushed: down, whatever the daemon says" '[ "$(state "$row")" = 4 ] || [ "$(state "$row")" = 5 ]'
is "that is why" "$(column 10 "$row")" 19
is "one outage more" "$(ups_downs "$row")" "2 2"
finish
