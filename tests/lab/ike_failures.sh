#!/bin/bash
# Why tunnels go down or do not come up, as strongSwan says it, each told once: keys that do not fit, from either side, a
# peer that does not answer, algorithms and inner addresses that have nothing in common, an end by either side, a
# peer that dies. Nothing is read again by the clock: events have to do it. What is loaded is seen at once, too.
# shellcheck source=/dev/null disable=SC2317,SC2016,SC2034,SC2153
. "$(dirname "$0")/../lib.sh"
WARRIORS=0 RETRANSMITS=2 DPD=2s
. "$(dirname "$0")/ike_pair.sh"
begin
trap 'cp "$PAIR"/moon/charon.log "$LABOUT/ike-failures-charon.log" 2>/dev/null
    cp "$WORK"/agent.log "$LABOUT/ike-failures-agent.log" 2>/dev/null; pair_end; end_all' EXIT
pair_begin "$WORK/pair" || { not_ok "a pair of gateways" "see above"; finish; }

# connection NAME TENS IKE-PROPOSALS SELECTOR ESP-PROPOSALS, of the gateway $name
connection() {
    local l r
    l=$(end_of "$name" 1 2) r=$(end_of "$name" 2 1)
    cat <<X
 $1 { version = 2
  local_addrs = 192.0.2.$2$l
  remote_addrs = $(if [ "$1" = silent ]; then echo 192.0.2.99; else echo "192.0.2.$2$r"; fi)
  proposals = $3
  dpd_delay = $DPD
  local { auth = psk
   id = $1-$name }
  remote { auth = psk
   id = $1-$(end_of "$name" sun moon) }
  children { net-$1 { local_ts = 10.$l.$4.0/24
   remote_ts = 10.$r.$4.0/24
   esp_proposals = $5 } } }
X
}
IKE=aes128-sha256-curve25519 ESP=aes128gcm16
for name in moon sun; do
    {
        echo "connections {"
        connection good "" $IKE 0 $ESP
        connection keys 1 $IKE 1 $ESP
        connection silent 2 $IKE 2 $ESP
        connection ike-algorithms 3 "$(end_of $name aes256-sha384-ecp384 $IKE)" 3 $ESP
        connection selectors 4 $IKE "$(end_of $name 4 5)" $ESP
        connection algorithms 5 $IKE 6 "$(end_of $name aes256-sha512 $ESP)"
        echo "}"
        echo "secrets {"
        for what in good silent ike-algorithms selectors algorithms; do
            echo " ike-$what { id-a = $what-moon"
            echo "  id-b = $what-sun"
            echo "  secret = throw-away-test }"
        done
        echo " ike-keys { id-a = keys-moon"
        echo "  id-b = keys-sun"
        echo "  secret = throw-away-$name } }"
    } >"$PAIR/$name/swanctl.conf"
done
if ! { charon_start sun && charon_start moon && pair_load sun; }; then
    not_ok "the daemons" "see above"
    finish
fi
cat >"$WORK/agent.conf" <<X
viciSocket $(vici_socket moon)
ikeInterval 3600
ikeSaInterval 3600
X
start_both "$WORK"
check "strongSwan's collector is up" wait_until 60 strongswan_up

TUNNEL=.$ROOT.1.12.1
key() { printf '%d' "${#1}"; printf '%s' "$1" | od -An -tu1 | tr -s ' \n' '.' | sed 's/\.$//'; }
column() { value "$TUNNEL.$1.$(key "$2").$(key "net-$2").1"; } # COLUMN CONNECTION
# state, reason; failures of negotiation and of authentication, ups, downs
reason() { column 10 "$1"; }
counts() { echo "$(column 56 "$1") $(column 57 "$1") $(column 42 "$1") $(column 43 "$1")"; }
soon_reason() { # WHAT CONNECTION REASON COUNTS
    if wait_until 30 '[ "$(reason '"$2"')" = '"$3"' ] && [ "$(counts '"$2"')" = "'"$4"'" ]'; then
        ok "$1: $(column 58 "$2" | xxd -r -p)"
    else
        not_ok "$1" "reason $(reason "$2"), counts $(counts "$2"), not $3, $4"
    fi
}
fails() { # CONNECTION: it is tried, and fails
    check "$1 does not come up" bash -c '! "$@" >/dev/null 2>&1' _ env SWANCTL_DIR="$PAIR/${2:-moon}" \
        STRONGSWAN_CONF="$PAIR/${2:-moon}/strongswan.conf" swanctl --initiate \
        --uri "unix://$(vici_socket "${2:-moon}")" --child "net-$1" --timeout 30
}

is "nothing is configured yet" "$(column 7 good)" ""
check "it is loaded" pair_load moon
check "and seen, though nothing is read by the clock" wait_until 30 '[ -n "$(column 7 good)" ] && [ -n "$(column 7 algorithms)" ]'

fails keys
soon_reason "the peer does not accept our key" keys 10 "0 1 0 0"
fails keys sun
soon_reason "we do not accept the peer's key" keys 11 "0 2 0 0"
fails silent
soon_reason "a peer that never answers" silent 5 "1 0 0 0"
fails ike-algorithms
soon_reason "no algorithms for IKE in common" ike-algorithms 12 "1 0 0 0"
fails selectors
soon_reason "no inner addresses in common" selectors 13 "1 0 0 0"
fails algorithms
soon_reason "no algorithms for ESP in common" algorithms 12 "1 0 0 0"

check "a tunnel comes up" up moon net-good
soon_reason "without a reason" good 1 "0 0 1 0"
check "the peer ends the IKE SA" swan sun --terminate --ike good
soon_reason "closed by the peer" good 3 "0 0 1 1"
check "it comes up" up moon net-good
soon_reason "without a reason" good 1 "0 0 2 1"
check "the peer ends the child" swan sun --terminate --child net-good
soon_reason "closed by the peer" good 3 "0 0 2 2"
check "it comes up" up moon net-good
soon_reason "without a reason" good 1 "0 0 3 2"
check "the child is ended here" swan moon --terminate --child net-good
soon_reason "closed here" good 2 "0 0 3 3"
check "it comes up" up moon net-good
soon_reason "without a reason" good 1 "0 0 4 3"
check "the IKE SA is ended here" swan moon --terminate --ike good
soon_reason "closed here" good 2 "0 0 4 4"
check "it comes up" up moon net-good
soon_reason "without a reason" good 1 "0 0 5 4"
kill -KILL "$SUN"
soon_reason "a peer that died" good 4 "0 0 5 5"

# once means that nothing comes after it either
sleep 15
is "keys: nothing was told twice" "$(counts keys)" "0 2 0 0"
is "silent: nothing was told twice" "$(counts silent)" "1 0 0 0"
is "good: nothing was told twice" "$(counts good)" "0 0 5 5"
is "nothing failed in the collector" "$(strongswan 9)" 0
finish
