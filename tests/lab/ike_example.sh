#!/bin/bash
# The examples of `ipsec_report -sa ike`, `-host active` and `-tunnel` in HP's manual page with live strongSwan,
# to the byte. Put in are what nobody can choose: SPIs, as `ip xfrm` and swanctl tell them, and the policies' index.
# HP's tunnel has manual keys and link-local ends; an IKE daemon negotiates its keys, between addresses that are not.
# shellcheck source=/dev/null disable=SC2317,SC2016,SC2034,SC2153
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/ike_pair.sh"
begin
trap 'cp "$PAIR"/moon/charon.log "$LABOUT/ike-example-charon.log" 2>/dev/null; pair_end; end_all' EXIT
WARRIORS=0
HERE=2001:db8::260:1111:2222:3333 THERE=2001:db8::230:6666:7777:8888
pair_begin "$WORK/pair" || { not_ok "a pair of gateways" "see above"; finish; }
ip addr add 192.1.1.1/24 dev wan0 && in_sun ip addr add 192.1.1.3/24 dev wan0
ip addr add $HERE/64 dev wan0 nodad && in_sun ip addr add $THERE/64 dev wan0 nodad

for name in moon sun; do
    l=$(end_of $name 1 3) r=$(end_of $name 3 1)
    cat >"$PAIR/$name/swanctl.conf" <<X
connections {
 default { version = 2
  local_addrs = 192.1.1.$l
  remote_addrs = 192.1.1.$r
  mobike = no
  proposals = 3des-aesxcbc-prfsha1-modp1024
  local { auth = psk
   id = $name }
  remote { auth = psk
   id = $(end_of $name sun moon) }
  children { telnet_in { mode = transport
   local_ts = 192.1.1.$l/32[tcp/$(end_of $name 23 56122)]
   remote_ts = 192.1.1.$r/32[tcp/$(end_of $name 56122 23)]
   esp_proposals = aes128-sha1
   priority = 10
   life_time = 28800s
   rekey_time = 24264s
   rand_time = 0s } } }
 mipv6 { version = 2
  local_addrs = $(end_of $name $HERE $THERE)
  remote_addrs = $(end_of $name $THERE $HERE)
  proposals = aes128-sha256-modp2048
  local { auth = psk
   id = $name }
  remote { auth = psk
   id = $(end_of $name sun moon) }
  children { mipv6_tunnel_name {
   local_ts = $(end_of $name ::/0 $THERE/128)[tcp]
   remote_ts = $(end_of $name $THERE/128 ::/0)[tcp]
   esp_proposals = des-sha1
   life_time = 28800s
   rekey_time = 24264s
   rand_time = 0s } } } }
secrets { ike-1 { secret = throw-away-test } }
X
done
pair_start || { not_ok "the daemons" "see above"; finish; }

report() { "$BUILD/ipsec_report" "$@" -- -v2c -c public "127.0.0.1:$PORT"; }
# of the policy, as `ip` tells it
index() { # DIRECTION SOURCE
    ip -s xfrm policy | awk -v direction="$1" -v source="$2" '
        $1 == "src" { here = index($2, source) == 1 }
        here && $1 == "dir" && $2 == direction { for (i = 3; i < NF; i++) if ($i == "index") print $(i + 1) }'
}
spi() { # SRC DST: of the SA, in HP's manner
    ip xfrm state | awk -v src="$1" -v dst="$2" '
        $1 == "src" { here = $2 == src && $4 == dst }
        here && $1 == "proto" { print toupper(substr($4, 3)) }' | sed 's/^0*//'
}
cookies() { # CONNECTION: initiator:responder
    swan moon --list-sas --ike "$1" --pretty | sed -n 's/^ *\(initiator\|responder\)-spi = //p' | paste -sd :
}
# soon_same WHAT WANTED ARGS: joins come a moment after what they join
soon_same() {
    local what=$1 wanted=$WORK/wanted.$2
    shift 2
    if wait_until 30 "report $* 2>/dev/null | cmp -s - $wanted"; then
        ok "$what"
    else
        report "$@" | diff -u "$wanted" -
        not_ok "$what" "see the differences above"
    fi
}

check "the rule's SAs come up" up moon telnet_in
echo "viciSocket $(vici_socket moon)" >"$WORK/agent.conf"
start_both "$WORK"
check "strongSwan's collector is up" wait_until 60 strongswan_up
# without a key exchange of its own: that is known when they have been renewed
check "they are renewed" swan moon --rekey --child telnet_in
check "the old ones go" wait_until 60 '[ "$(ip xfrm state count | sed -n "s/.*SAD count //p")" = 2 ]'
sed "s/^Index: .*/Index: $(cookies default)/; s/^Auth Record: .*/Auth Record: default/" \
    "$TESTS/golden/sa_ike_hp.txt" >"$WORK/wanted.ike"
soon_same "-sa ike is HP's example" ike -sa ike
sed "s/^Outbound SPI (hex): .*/Outbound SPI (hex): $(spi 192.1.1.1 192.1.1.3)/
    s/^Inbound SPI (hex): .*/Inbound SPI (hex): $(spi 192.1.1.3 192.1.1.1)/
    s/Cookie: 3$/Cookie: $(index out 192.1.1.1)/" "$TESTS/golden/host_active.txt" >"$WORK/wanted.host"
soon_same "-host active is HP's example" host -host active

check "the tunnel comes up" up moon mipv6_tunnel_name
sed "s/fe80::/2001:db8::/g; s/Manual Key SA/Dynamic key SA/; s/Cookie: 3$/Cookie: $(index out ::/0)/
    s/^SPI (hex): 3EB$/SPI (hex): $(spi $THERE $HERE)/; s/^SPI (hex): 3EA$/SPI (hex): $(spi $HERE $THERE)/
    s/^Transform: .*/State: Ready\nProposal 1: &\nLifetime Seconds: 28800\nLifetime Kbytes: 0/" \
    "$TESTS/golden/tunnel.txt" >"$WORK/wanted.tunnel"
soon_same "-tunnel is HP's example, with negotiated keys" tunnel -tunnel
finish
