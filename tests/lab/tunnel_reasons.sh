#!/bin/bash
# The reasons that tunnel_events does not have, each by real strongSwan and the real kernel, told once: certificates that
# have expired or are revoked, peers that begin to negotiate and do not go on, a peer that was started anew, connections
# that are changed and removed, a kernel that does not take an SA, a daemon that is killed. Everything is read again each
# hour only; what is told reaches snmptrapd once, as a v2c trap and as a v3 inform.
# shellcheck source=/dev/null disable=SC2317,SC2016,SC2034,SC2086,SC2153,SC2154
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/ike_pair.sh"
begin
LAB=$(dirname "$0")
trap 'cp "$TRAPS" "$LABOUT/tunnel_reasons-traps" 2>/dev/null; cp "$WORK"/agent.log "$LABOUT/tunnel_reasons-agent.log" 2>/dev/null
    for n in moon sun; do cp "$PAIR/$n/charon.log" "$LABOUT/tunnel_reasons-$n.log"; done 2>/dev/null
    all_events >"$LABOUT/tunnel_reasons-table" 2>/dev/null; pair_end; end_all' EXIT
. "$TESTS/event_table.sh"
. "$LAB/event_sinks.sh"

### Certificates

ca() { # ARGS of openssl ca
    openssl ca -batch -config <(printf '%s\n' '[ca]' 'default_ca=d' '[d]' "database=$PAIR/index.txt" "new_certs_dir=$PAIR" \
        'rand_serial=yes' 'default_md=sha256' 'default_days=90' 'default_crl_days=30' 'crl_extensions=e' 'policy=p' \
        '[e]' 'authorityKeyIdentifier=keyid' '[p]' 'commonName=supplied') \
        -cert "$PAIR/ca.crt" -keyfile "$PAIR/ca.key" "$@" 2>>"$PAIR/ca.log"
}

# certificate GATEWAY NAME [ARGS]: one for NAME.example, with its key, in that gateway's folder
certificate() {
    local where=$1 name=$2
    shift 2
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name.example" \
        -keyout "$PAIR/$where/private/$name.key" -out "$PAIR/$name.csr" 2>/dev/null &&
        ca -notext -in "$PAIR/$name.csr" -out "$PAIR/$where/x509/$name.crt" \
            -extfile <(echo "subjectAltName=DNS:$name.example") "$@"
}
certificates() {
    local over=(-startdate 200101000000Z -enddate 210101000000Z)
    certificate sun expired "${over[@]}" && certificate moon over "${over[@]}" && certificate sun revoked &&
        ca -revoke "$PAIR/sun/x509/revoked.crt" && ca -gencrl -out "$PAIR/moon/x509crl/ca.crl"
}

### Connections

psk() { printf 'auth = psk\n   id = %s' "$1"; }
by_certificate() { printf 'auth = pubkey\n   certs = %s.crt\n   id = %s.example' "$1" "$1"; }
of_certificate() { printf 'auth = pubkey\n   cacerts = ca.crt\n   id = %s.example' "$1"; }

# connection NAME TENS THIRD LOCAL REMOTE [MORE OF ITS OWN] [MORE OF ITS CHILD] [MORE CHILDREN], of the gateway $name
connection() {
    cat <<X
 $1 { version = 2
  local_addrs = 192.0.2.$2$(end_of "$name" 1 2)
  remote_addrs = 192.0.2.$2$(end_of "$name" 2 1)
  proposals = aes128-sha256-curve25519
  mobike = no
  ${6:-}
  local { $4 }
  remote { $5 }
  children {
   net-$1 { $(selectors "$3")
    ${7:-} }
   ${8:-} } }
X
}
selectors() { # THIRD OCTET
    printf 'local_ts = 10.%s.%s.0/24\n    remote_ts = 10.%s.%s.0/24\n    esp_proposals = aes128-sha256' \
        "$(end_of "$name" 1 2)" "$1" "$(end_of "$name" 2 1)" "$1"
}
# simple NAME TENS THIRD ...: both sides by a common secret
simple() { connection "$1" "$2" "$3" "$(psk "$1-$name")" "$(psk "$1-$(end_of "$name" sun moon)")" "${@:4}"; }

# configuration NAME [moon's connections that follow its configuration]
configuration() {
    local name=$1 n=0
    shift
    echo "connections {"
    if [ "$name" = moon ]; then
        connection expired 1 1 "$(psk expired-moon)" "$(of_certificate expired)"
        [ ! -e "$PAIR/moon/x509/over.crt" ] || connection over 2 2 "$(by_certificate over)" "$(psk over-sun)"
        connection revoked 3 3 "$(psk revoked-moon)" "$(of_certificate revoked)
   revocation = strict"
        connection half 4 4 "auth = pubkey
   certs = own.crt
   id = moon.example" "auth = eap-md5
   eap_id = half
   id = half-sun"
    else
        connection expired 1 1 "$(by_certificate expired)" "$(psk expired-moon)"
        connection over 2 2 "$(psk over-sun)" "$(of_certificate over)"
        connection revoked 3 3 "$(by_certificate revoked)" "$(psk revoked-moon)"
        connection half 4 4 "auth = eap
   eap_id = half
   id = half-sun" "$(of_certificate moon)"
        simple kept 7 7
        simple loaded 5 5 "" "" "more { $(selectors 15) }"
    fi
    simple gw "" 0 "unique = replace" "$(end_of "$name" "start_action = start" "")" "more-gw { $(selectors 10) }"
    simple install 6 6
    "$@"
    echo "}"
    echo "secrets {"
    echo " ike-1 {"
    for each in expired over revoked kept loaded gw install; do
        echo "  id-$((n++)) = $each-moon"
        echo "  id-$((n++)) = $each-sun"
    done
    echo "  id-a = expired.example"
    echo "  id-b = over.example"
    echo "  id-c = revoked.example"
    echo "  secret = throw-away-test }"
    echo " eap-1 { id = half"
    echo "  secret = throw-away-test } }"
}
kept() { simple kept 7 7; }
# loaded [MORE OF ITS OWN] [MORE OF ITS CHILD]: one that the daemon brings up by itself
# shellcheck disable=SC2120 # load passes them
loaded() {
    simple loaded 5 5 "${1:-}" "start_action = start
    ${2:-}" "more { $(selectors 15) }"
}
# shellcheck disable=SC2119
kept_and_loaded() { kept && loaded; }
# load COMMAND...: moon's configuration has these connections, too, and is loaded
load() { configuration moon "$@" >"$PAIR/moon/swanctl.conf" && swan moon --load-conns; }

### A pair of gateways, up before the agent

RETRANSMITS=2 WARRIORS=0 DPD=0s
if ! pair_begin "$WORK/pair" || ! certificates; then
    not_ok "a pair of gateways" "$(tail -n 3 "$PAIR/ca.log" 2>/dev/null)"
    finish
fi
configuration sun >"$PAIR/sun/swanctl.conf"
configuration moon kept_and_loaded >"$PAIR/moon/swanctl.conf"
sed -i 's/^ *retransmit_base.*/&\n    half_open_timeout = 5/' "$PAIR/moon/strongswan.conf"
sed -i 's/^ *retransmit_base.*/&\n    spi_min = 0xc0000010\n    spi_max = 0xc000001f/' "$PAIR/sun/strongswan.conf"
if ! pair_start; then
    not_ok "both daemons start" "see above"
    finish
fi
check "what is to be up is up" wait_until 60 '[ "$(ip xfrm state | grep -c "proto esp")" = 4 ]'
check "and the second of it" up moon more
cat >"$WORK/agent.conf" <<X
viciSocket $(vici_socket moon)
redumpInterval 3600
checkInterval 3600
ikeInterval 3600
ikeSaInterval 3600
statisticsInterval 3600
notificationInterval 0
notificationHoldDown 0
notificationBurst 0
X
start_sinks || not_ok "snmptrapd listens" "$(tail -n 1 "$TRAPS")"
start_both "$WORK"
MARK=0
check "strongSwan's collector is up" wait_until 90 strongswan_up
check "the agent sees the tunnels" wait_until 30 '[ "$(state loaded net-loaded) $(state loaded more) $(state gw net-gw)" = "1 1 1" ]'
happened "what was there before the agent is no event, but for a certificate that has expired" 14:$OVER

### Certificates

fails() { # GATEWAY CHILD
    check "$2 does not come up, begun by $1" bash -c '! "$@" >/dev/null 2>&1' _ env SWANCTL_DIR="$PAIR/$1" \
        STRONGSWAN_CONF="$PAIR/$1/strongswan.conf" swanctl --initiate --uri "unix://$(vici_socket "$1")" --child "$2" \
        --timeout 30
}
fails moon net-expired
happened "the peer's certificate has expired" 5:$OVER 9:$OVER
fails sun net-expired
happened "the same of a negotiation that the peer begins; the tunnel's state was told" 9:$OVER
fails moon net-over
happened "this side's certificate has expired: the peer does not say what it minds" 5:$LOCAL 9:$LOCAL
rm "$PAIR/moon/x509/over.crt"
check "it is taken away" swan moon --load-creds --clear --noprompt
PATIENCE=40 happened "which is told when it has been away for ten seconds" 14:$RECOVERED
fails moon net-revoked
happened "the peer's certificate is revoked" 5:$REVOKED 9:$REVOKED
fails sun net-revoked
happened "the same of a negotiation that the peer begins" 9:$REVOKED

### Peers that begin, and do not go on

# mute NUMBER: the messages of IKE from that one on do not leave sun; 0 is the first, behind 8 octets of UDP and 20
mute() {
    in_sun nft -f - <<X
table ip mute {
    chain out {
        type filter hook output priority 0
        udp dport 500 @th,224,32 >= $1 drop
    }
}
X
}
check "sun is to send one message" mute 1
fails sun net-half
happened "it began, and nobody knows which connection it meant" 10:$HALF_OPEN
in_sun nft delete table ip mute
check "sun is to send two" mute 2
fails sun net-half
happened "it began, and said who it is" 5:$HALF_OPEN 10:$HALF_OPEN
in_sun nft delete table ip mute

### Another configuration

# What is made anew comes up at once, on a fast machine before anybody can see that it was down: so IKE_SA_INIT and
# CREATE_CHILD_SA (by the octet of the exchange, 18 behind those of UDP) do not leave sun until that was told
load_and_wait() { # KIND:REASON CONNECTIONS
    local told=$1 status
    shift
    in_sun nft -f - <<X
table ip hold {
    chain out {
        type filter hook output priority 0
        udp dport 500 @th,208,8 { 34, 36 } drop
    }
}
X
    load "$@" && wait_until $SOON '[[ " $(notified) " = *" $told "* ]]'
    status=$?
    in_sun nft delete table ip hold
    return $status
}
check "a tunnel that is brought up by hand" up moon net-kept
happened "it is up" 4:$NONE 7:$NONE
check "its connection is taken away" load loaded
check "it goes on, in no configuration" wait_until 30 '[ "$(state kept net-kept)" = 6 ]'
check "its IKE SA is closed" swan moon --terminate --ike kept
happened "on purpose" 5:$CLOSED 8:$CLOSED
check "a child that the daemon brings up by itself is changed" load_and_wait 5:$CONFIGURED loaded "" "rekey_time = 50m"
happened "it was closed for that, and made anew" 5:$CONFIGURED 4:$RECOVERED
check "the other child is closed" swan moon --terminate --child more
happened "on purpose, too" 5:$CLOSED
check "its connection is changed" load_and_wait 8:$CONFIGURED loaded "rekey_time = 2h" "rekey_time = 50m"
happened "it was closed for that with its IKE SA, and both are made anew" 5:$CONFIGURED 8:$CONFIGURED 4:$RECOVERED 7:$NONE
check "its connection is taken away" load true
happened "and closed for that" 5:$CONFIGURED 8:$CONFIGURED

### A peer that was started anew

kill -KILL "$SUN"
charon_start sun
is "the peer of a tunnel is killed, and started again" $? 0
check "with its configuration" pair_load sun
check "it brings up another tunnel" up sun more-gw
happened "which the new IKE SA has, and the first tunnel went with the old one" 4:$NONE 5:$REPLACED
check "it brings up the first one" up sun net-gw
happened "which is up again" 4:$RECOVERED

### A kernel that does not take an SA: there is one with that SPI

keys=(enc 'cbc(aes)' 0x000102030405060708090a0b0c0d0e0f auth 'hmac(sha1)' 0x000102030405060708090a0b0c0d0e0f10111213)
taken() {
    local spi
    for spi in 0xc00000{10..19} 0xc000001{a..f}; do
        ip xfrm state add src 192.0.2.61 dst 192.0.2.62 proto esp spi "$spi" mode tunnel "${keys[@]}" || return
    done
}
check "every SPI that the peer may choose is taken" taken
fails moon net-install
happened "the kernel does not take the outbound SA; the IKE SA is up" 5:$INSTALL 7:$NONE 10:$INSTALL
check "it is closed" swan moon --terminate --ike install
happened "closed" 8:$CLOSED
check "they are removed" ip xfrm state deleteall src 192.0.2.61 dst 192.0.2.62

### The daemon

check "the daemon is killed" kill -KILL "$MOON"
happened "its source is lost; tunnels go on without it" 15:$UNREACHABLE
is "they are up" "$(state gw net-gw) $(state gw more-gw)" "1 1"
charon_start moon
is "it is started again" $? 0
PATIENCE=60 happened "it knows nothing of them" 16:$RECOVERED 5:$GONE 5:$GONE 8:$GONE
ip xfrm state flush
check "it has its configuration, and brings one up" pair_load moon
happened "it is up again" 4:$RECOVERED 7:$NONE
# It removes its SAs, and closes what is up; whether it tells so before it closes its socket is a race within it
kill -TERM "$MOON"
told="5:$CLOSED 8:$CLOSED" untold="5:$GONE" later="8:$GONE"
wait_until $SOON '[ "$(notified)" = "15:$UNREACHABLE $told" ] || [ "$(notified)" = "15:$UNREACHABLE $untold" ]'
[[ "$(notified)" != *" $told" ]] || untold=$told later=
happened "the daemon is stopped: it closes what is up, or is gone with it" 15:$UNREACHABLE $untold
charon_start moon
is "it is started again" $? 0
PATIENCE=60 happened "it knows nothing of it" 16:$RECOVERED $later

# Nothing came late, and nothing twice
MARK=0
is "all that was told" "$(notified)" "$(printf '%s\n' "${expected[@]}" | sort | xargs)"
each_came TRAP2
each_came INFORM
check "ipsec-reportd goes on" running "$AGENT"
finish
