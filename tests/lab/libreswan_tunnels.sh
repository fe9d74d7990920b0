#!/bin/bash
# Tunnels of libreswan through rekeys of child and IKE SA with IKEv2, of the child with IKEv1, a killed agent, a peer that
# is killed and comes back, and pluto's own restart: rows keep their index, octets are what the kernel counted,
# nothing falls, ups and downs are exact. Users and addresses given to road warriors.
# shellcheck source=/dev/null disable=SC2317,SC2016,SC2034,SC2153
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/libreswan_pair.sh"
SOON=60 # where pluto answers slowly it is asked every half a minute, and its answers take their time
. "$(dirname "$0")/tunnel_row.sh"
begin
keep() {
    local name
    for name in moon sun; do cp "$PAIR/$name/pluto.log" "$LABOUT/libreswan-tunnels-$name.log" 2>/dev/null; done
    cp "$WORK/agent.log" "$LABOUT/libreswan-tunnels-agent.log" 2>/dev/null
    cp "$WORK/persistent/state" "$LABOUT/libreswan-tunnels-state" 2>/dev/null
    cp "$WORK/persistent/journal.jsonl" "$LABOUT/libreswan-tunnels-journal" 2>/dev/null
}
trap 'keep; pair_end; end_all' EXIT

LIBRESWAN_ROW=9.108.105.98.114.101.115.119.97.110 # "libreswan" as an index
libreswan_up() { [ "$(value "$COLLECTOR.2.$LIBRESWAN_ROW")" = 1 ]; }
# every string that a column of the IKE SAs has
ike_text() {
    snmpbulkwalk -v2c -c public -t 5 -r 2 -Ovqa -Cr50 "127.0.0.1:$PORT" ".$ROOT.1.7.1.$1" | tr -d '"' | grep . | sort -u
}
global() { value ".$ROOT.1.2.$1.0"; } # COLUMN of ipsrGlobal
number_of() { whack moon --trafficstatus | sed -n "s/^006 #\([0-9]*\): \"$1\",.*/\1/p" | sort -n | tail -n 1; } # CONNECTION
ike_number_of() { # CONNECTION: of its newest IKE SA
    whack moon --showstates | sed -n "s/^000 #\([0-9]*\): \"$1\":.* STATE_\(V2_ESTABLISHED_IKE_SA\|MAIN_[IR][34]\) .*/\1/p" |
        sort -n | tail -n 1
}

DPD=3 GIVE_UP=6s
if ! { pair_begin "$WORK/pair" && pluto_start sun; }; then
    not_ok "a pair of gateways" "see above"
    finish
fi
cat >"$WORK/whack" <<X
#!/bin/sh
exec /usr/libexec/ipsec/whack --rundir "$PAIR/moon/run" "\$@"
X
chmod 755 "$WORK/whack"
cat >"$WORK/agent.conf" <<X
whackCommand $WORK/whack
libreswanInterval 2
redumpInterval 1
stateInterval 2
X
mkdir -p "$PAIR/moon/run"
starts() { # WHAT NAME: here, where its process is known
    if pluto_start "$2"; then ok "$1"; else not_ok "$1" "see above"; fi
}
starts "moon's daemon starts" moon
mkdir "$WORK/persistent" && chown nobody "$WORK/persistent" # as systemd makes it
start_both "$WORK" -u nobody
check "the collector sees it" wait_until 60 libreswan_up
net=$(of net net 1) legacy=$(of legacy legacy 1)
soon_is "configured, and not up" '[ "$(ups_downs "$net") $(ups_downs "$legacy")" = "0 0 0 0" ]'
check "moon brings its tunnels up" pluto_up moon net legacy
soon_is "both are up" '[ "$(ups_downs "$net") $(state "$net") $(ups_downs "$legacy") $(state "$legacy")" = "1 0 1 1 0 1" ]' \
    "$(ups_downs "$net"), $(ups_downs "$legacy")"

through() { # LOCAL REMOTE COUNT
    ping -W 2 -q -c "$3" -i 0.05 -I "$1" "$2" >/dev/null 2>&1
}

# rekeys NAME ROW LOCAL REMOTE: both tunnels have the same ends, so each counts what its SAs had
declare -A spis=()
own_outbound() { # NAME: what `ip xfrm state` says of the SAs that whack says are the connection's
    local spi
    for spi in $(whack moon --showstates | sed -n "s/^000 #[0-9]*: \"$1\" esp\.\([0-9a-f]*\)@192.0.2.2 .*/\1/p"); do
        spis[$spi]=$1
    done
    outbound 192.0.2.1 192.0.2.2 | while read -r spi octets; do
        spi=$(printf '%x' "$((spi))") # as whack writes it
        [ "${spis[$spi]:-}" = "$1" ] && echo "$spi $octets"
    done
}
note_own() { # NAME
    local spi octets
    while read -r spi octets; do had[$1.$spi]=$octets; done < <(own_outbound "$1")
}
sum_own() { # NAME
    local s=0 spi
    for spi in "${!had[@]}"; do [ "${spi%%.*}" != "$1" ] || s=$((s + ${had[$spi]})); done
    echo $s
}
rekeys() {
    local name=$1 row=$2 n before
    for n in 1 2 3; do
        through "$3" "$4" 10
        note_own "$name"
        before=$(number_of "$name")
        if [ "$name" = legacy ]; then # IKEv1 has no other way than to negotiate it once more
            whack moon --initiate --name "$name" >/dev/null 2>&1
        else
            whack moon --rekey-ipsec --name "$name" >/dev/null 2>&1
        fi
        check "$name: rekey $n of the child" wait_until 30 "[ \"\$(number_of $name)\" -gt $before ]"
        soon_is "$name: rekey $n is counted" '[ "$(column 41 "'"$row"'")" = '$n' ]' "$(column 41 "$row")"
        through "$3" "$4" 10
        note_own "$name"
        if [ "$name" != legacy ]; then
            before=$(ike_number_of "$name")
            whack moon --rekey-ike --name "$name" >/dev/null 2>&1
            check "$name: rekey $n of the IKE SA" wait_until 30 "[ \"\$(ike_number_of $name)\" -gt $before ]"
            soon_is "$name: rekey $n of the IKE SA is counted" '[ "$(global 46)" = '$n' ]' "$(global 46)"
        fi
        through "$3" "$4" 5
        note_own "$name"
        soon_is "$name: octets after rekey $n are the kernel's" '[ "$(column 37 "'"$row"'")" = "$(sum_own '"$name"')" ]' \
            "$(column 37 "$row"), not $(sum_own "$name")"
        is "$name: rekey $n is no outage" "$(ups_downs "$row") $(state "$row")" "1 0 1"
        is "$name: no more rekeys than that" "$(column 41 "$row")" "$n"
    done
    is "$name: that is something" "$([ "$(sum_own "$name")" -gt 3000 ] && echo yes)" yes
}
rekeys net "$net" 10.1.0.1 10.2.0.1
rekeys legacy "$legacy" 10.1.1.1 10.2.1.1
is "two IKE SAs came up, none was lost" "$(global 43) $(global 44)" "2 0"

# the agent is killed
soon_is "that is saved" 'saved net "$(sum_own net)" && saved legacy "$(sum_own legacy)"'
kill_agent -u nobody
check "the collector sees pluto again" wait_until 60 libreswan_up
soon_is "killed with the tunnels up: up again" '[ "$(state "$net") $(state "$legacy")" = "1 1" ]'
through 10.1.0.1 10.2.0.1 10
note_own net
soon_is "octets are the kernel's after the kill" '[ "$(column 37 "$net")" = "$(sum_own net)" ]' \
    "$(column 37 "$net"), not $(sum_own net)"
is "no outage, no rekey more" "$(ups_downs "$net") $(column 41 "$net") $(ups_downs "$legacy") $(column 41 "$legacy")" \
    "1 0 3 1 0 3"

# users, and addresses that are given
whack sun --initiate --name user --xauthname alice --xauthpass secret >"$PAIR/sun/user.log" 2>&1
check "a user comes" wait_until 60 'whack moon --trafficstatus | grep -q "username=alice"'
check "one with an address that is given comes" pluto_up sun lease
check "a tunnel through an xfrm interface" pluto_up moon iface
whack moon --status >"$LABOUT/libreswan-users-status"
whack moon --trafficstatus >"$LABOUT/libreswan-users-traffic"
soon_is "the user is told" '[ "$(ike_text 15)" = alice ]' "$(ike_text 15)"
soon_is "the addresses are" '[ "$(ike_text 44 | tr "\n" " ")" = "10.9.0.10 10.9.1.10 " ]' "$(ike_text 44 | tr '\n' ' ')"
soon_is "the user has a tunnel of his own" '[ "$(state "$(of user user 1)")" = 1 ]'
is "by his name" "$(column 18 "$(of user user 1)" | xxd -r -p)" alice
is "and no other" "$(state "$(of user user 2)")" ""

# a secret that moon does not accept
is "no authentication has failed yet" "$(global 48)" 0
sed -i 's/^\(@gate @warrior : PSK\) .*/\1 "another-throw-away-secret"/' "$PAIR/sun/ipsec.secrets"
whack sun --rereadsecrets >/dev/null
before=$(global 47)
whack sun --initiate --name warrior >"$PAIR/sun/warrior.log" 2>&1
soon_is "it is counted that authentication failed" '[ "$(global 48)" -gt 0 ]' "$(global 48)"
whack sun --delete --name warrior >/dev/null
is "that is no other failed negotiation" "$(global 47)" "$before"
soon_is "it is told" 'grep -q "authentication of .* failed: this side did not accept" "$WORK/persistent/journal.jsonl"'

# the peer is gone, and comes back
check "the peer's daemon is killed" kill -KILL "$SUN"
soon_is "the peer is dead" '[ "$(ups_downs "$net")" = "1 1" ]' "$(ups_downs "$net")"
before=$(column 37 "$net")
is "nothing fell" "$([ "$before" -ge "$(sum_own net)" ] && echo yes)" yes
in_sun ip xfrm state flush
in_sun ip xfrm policy flush
starts "the peer's daemon is back" sun
check "the tunnel is brought up again" pluto_up moon net
soon_is "up again" '[ "$(ups_downs "$net") $(state "$net")" = "2 1 1" ]' "$(ups_downs "$net") $(state "$net")"
is "nothing fell again" "$([ "$(column 37 "$net")" -ge "$before" ] && echo yes)" yes

# pluto itself is started anew
end "$MOON"
starts "moon's daemon comes again" moon
soon_is "its tunnels went with it" '[ "$(ups_downs "$net")" = "2 2" ]' "$(ups_downs "$net")"
check "the tunnel is brought up once more" pluto_up moon net
soon_is "up once more" '[ "$(ups_downs "$net") $(state "$net") $(column 64 "$net")" = "3 2 1 1" ]' "$(ups_downs "$net")"
finish
