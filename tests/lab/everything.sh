#!/bin/bash
# One gateway with everything in it at once, and every report of it: strongSwan with IKEv2 and IKEv1, pre-shared keys,
# certificates and EAP road warriors, tunnels and transport mode, ESP, AH and IPComp, NAT traversal, several children, traps,
# shunts and a tunnel that is down; manual keys, weak ones among them; connections that are alive; events; the audit.
# How many there are of everything is counted in `ip xfrm` and swanctl. Text and JSON must tell the same.
# shellcheck source=/dev/null disable=SC2317,SC2016,SC2034,SC2153,SC2086
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/ike_pair.sh"
begin
LAB=$(dirname "$0") WARRIORS=3
trap 'cp "$PAIR"/moon/charon.log "$LABOUT/everything-charon.log" 2>/dev/null
    cp "$WORK"/agent.log "$LABOUT/everything-agent.log" 2>/dev/null
    cp -r "$WORK/recording" "$LABOUT/everything-recording" 2>/dev/null; pair_end; end_all' EXIT

report() { "$BUILD/ipsec_report" "$@" -- -v2c -c public "127.0.0.1:$PORT"; }
titles() { sed -n '/^-----* [A-Z]/ { s/^-----* //; s/ -----*$//; p }'; }
count_of() { grep -c "^-----* $1 -----*\$" "$2"; } # TITLE FILE
not() { ! "$@"; }

### The gateway

# by_hand PROTOCOL-OF-SELECTOR REQID MODE SRC DST SPI FROM TO ALGORITHMS...: an SA and its policy, in both gateways
by_hand() {
    local selector=$1 reqid=$2 mode=$3 src=$4 dst=$5 spi=$6 from=$7 to=$8 where direction
    shift 8
    for where in moon sun; do
        direction=out
        [ "$(end_of $where "${src##*.}" "${dst##*.}")" = 71 ] || direction=in
        at $where ip xfrm state add src "$src" dst "$dst" proto esp spi "$spi" reqid "$reqid" mode "$mode" "$@" &&
            at $where ip xfrm policy add src "$from" dst "$to" $selector dir $direction \
                tmpl src "$src" dst "$dst" proto esp reqid "$reqid" mode "$mode" || return
    done
}
both_by_hand() {
    local good=(enc 'cbc(aes)' 0x000102030405060708090a0b0c0d0e0f
        auth-trunc 'hmac(sha256)' 0x000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f 128)
    local weak=(enc 'cbc(des3_ede)' 0x000102030405060708090a0b0c0d0e0f1011121314151617
        auth-trunc 'hmac(md5)' 0x000102030405060708090a0b0c0d0e0f 96)
    by_hand "proto icmp" 17 transport 192.0.2.71 192.0.2.72 0x1701 192.0.2.71 192.0.2.72 "${good[@]}" &&
        by_hand "proto icmp" 17 transport 192.0.2.72 192.0.2.71 0x1702 192.0.2.72 192.0.2.71 "${good[@]}" &&
        by_hand "" 18 tunnel 192.0.2.71 192.0.2.72 0x1801 10.1.8.0/24 10.2.8.0/24 "${weak[@]}" &&
        by_hand "" 18 tunnel 192.0.2.72 192.0.2.71 0x1802 10.2.8.0/24 10.1.8.0/24 "${weak[@]}" &&
        ip addr add 10.1.8.1/32 dev lo && in_sun ip addr add 10.2.8.1/32 dev lo
}

# connection PORT FROM-PORT HERE THERE: one that stays, begun by sun
connection() {
    "$PYTHON" -c '
import socket, sys
listener = socket.create_server((sys.argv[1], int(sys.argv[2])))
print("ready", flush=True)
peer, _ = listener.accept()
peer.send(b"login: ")
sys.stdin.read()' "$3" "$1" >"$WORK/server.$1" < <(sleep 1000) &
    started+=($!)
    wait_until 20 "grep -q ready '$WORK/server.$1'" || return
    in_sun "$PYTHON" -c '
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), source_address=(sys.argv[3], int(sys.argv[4])))
print(s.recv(10), flush=True)
sys.stdin.read()' "$3" "$1" "$4" "$2" >"$WORK/client.$1" < <(sleep 1000) &
    started+=($!)
    wait_until 30 "grep -q login '$WORK/client.$1'"
}

if ! { pair_begin "$WORK/pair" && pair_start; }; then
    not_ok "a pair of gateways" "see above"
    finish
fi
check "tunnels come up, but for one" up moon net ah icmp telnet legacy-net six-net v4-in-six natt-net
check "road warriors come" up sun home1 home2 home3
check "keys are set by hand" both_by_hand
check "tunnels have routes" pair_routes
check "packets pass" pair_traffic 3
check "and with manual keys" eval 'ping -q -c 3 -i 0.05 -I 192.0.2.71 192.0.2.72 && ping -q -c 4 -i 0.05 -I 10.1.8.1 10.2.8.1'
connection 23 1500 192.0.2.11 192.0.2.12
is "a connection is protected" $? 0
connection 8080 1501 192.0.2.1 192.0.2.2
is "another is in clear text" $? 0
audit=unsupported
if [ -e /proc/sys/net/core/netdev_budget ]; then
    audit=up
    check "the audit is on" "$LAB/audit_kernel.py" enable
fi
mkdir "$LABOUT/everything" # what is printed, for the eye
echo "viciSocket $(vici_socket moon)" >"$WORK/agent.conf"
start_both "$WORK" --record "$WORK/recording"
check "strongSwan's collector is up" wait_until 60 strongswan_up
soon_same_as_daemon "the tables of IKE and the tunnels are what swanctl and ip tell" 40 --settled --manual 17,18
cp -r "$WORK/ike" "$LABOUT/ike-settled" # what the comparer's own test is made of

### What happens

check "an SA is made and goes" eval 'ip xfrm state add src 192.0.2.71 dst 192.0.2.99 proto ah spi 0x1901 reqid 19 mode transport \
    auth-trunc "hmac(sha256)" 0x00 128 && ip xfrm state delete src 192.0.2.71 dst 192.0.2.99 proto ah spi 0x1901'
check "a policy is made" ip xfrm policy add src 192.0.2.71 dst 192.0.2.99 dir out action block
check "a tunnel goes" swan moon --terminate --child six-net
check "and comes back" up moon six-net
# happened KIND: there is such an event
happened() { report -event -json | grep -q "\"kind\":\"$1\""; }
for kind in tunnelDown tunnelUp policyChanged; do
    check "$kind is an event" wait_until 90 "happened $kind"
done
# all of what is there now has been read, and nothing changes any more
soon_same_as_daemon "still what swanctl and ip tell" 40 --manual 17,18

### The reports, in text and in JSON

cd "$LABOUT/everything" || exit
everything=(-all -summary -cert -collector -stat -event)
for words in "" -verbose; do
    check "every report in text $words" eval "report ${everything[*]} $words >all$words.txt 2>all$words.err"
    is "nothing to complain of" "$(cat "all$words.err")" ""
done
check "every report in JSON" eval 'report "${everything[@]}" -json >all.json 2>all.err'
is "nothing to complain of" "$(cat all.err)" ""
check "text and JSON tell the same" "$PYTHON" "$TESTS/compare_text_json.py" --slack 60 --port "$PORT" all-verbose.txt all.json
is "-all: each report, in the order of HP's" "$(report -all | titles | sed 's/IKEv[12]/IKE/' | awk '!seen[$0]++')" "$(cat "$TESTS/golden/all_titles.txt")"
for words in "-sa ike" "-sa ipsec" -sa -ike "-host active" "-host configured" -tunnel -ip -bypass -cache -summary -stat -cert \
    -collector -event -all; do
    file=one${words// /}
    check "$words" eval "report $words >$file.txt 2>$file.err && report $words -verbose >$file.verbose 2>>$file.err &&
        report $words -json >$file.json 2>>$file.err"
    is "$words: nothing to complain of" "$(cat "$file.err")" ""
    check "$words: it is not empty, and -verbose adds to it" [ "$(wc -c <"$file.verbose")" -gt "$(wc -c <"$file.txt")" ]
done
valid() { "$PYTHON" -m jsonschema "${@/#/--instance=}" "$BUILD/installed/ipsec_report.schema.json"; }
check "all of it is as the schema says" valid all.json one*.json

### How many there are

rows() { "$PYTHON" -c 'import json, sys; print(len(json.load(open(sys.argv[1]))[sys.argv[2]]))' all.json "$1"; } # TABLE
asked() { swan moon "$1" --pretty 2>/dev/null | grep -Ec "$2"; } # COMMAND PATTERN
ip -d -s xfrm state | sed -E 's/0x[0-9a-f]{16,}/0x00/' >sas.kernel
ip -d -s xfrm policy >policies.kernel
is "IPsec SAs" "$(count_of 'IPsec SA' one-saipsec.txt)" "$(grep -Ec '^.proto (esp|ah|comp) ' sas.kernel)"
is "with those that the kernel made for IPComp" "$(rows ipsec_sa)" "$(ip xfrm state count | sed -n 's/.*SAD count //p')"
is "IKE SAs" "$(count_of 'IKEv[12] SA' one-saike.txt)" "$(asked --list-sas '^list-sa event')"
is "of version 1" "$(count_of 'IKEv1 SA' one-saike.txt)" "$(asked --list-sas '^    version = 1$')"
is "IKE policies" "$(count_of 'IKE Policy' one-ike.txt)" "$(asked --list-conns '^list-conn event')"
is "certificates" "$(count_of Certificate one-cert.txt)" "$(asked --list-certs '^list-cert event')"
is "policies" "$(rows policy)" "$(kernel_policies)"
tunnels=$(($(asked --list-conns '^ *mode = (TUNNEL|TRANSPORT|BEET)$') + WARRIORS + 2))
is "tunnels: those configured, road warriors, and of manual keys" "$(rows tunnel)" "$tunnels"
is "a line each" "$(wc -l <one-summary.txt)" $((tunnels + 1))
is "addresses" "$(count_of 'System Configured Interface' one-ip.txt)" "$(ip -o addr | wc -l)"
# cookies MODE: indexes of outbound policies whose SAs are there, one in each rule
cookies() {
    "$PYTHON" - "$LAB" "$1" <<'Y'
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import compare_policies, compare_sas
reqids = {sa["reqid"] for sa in compare_sas.parse_ip(open("sas.kernel").read()) if compare_sas.has_algorithm(sa)}
for policy in compare_policies.parse_ip(open("policies.kernel").read()):
    template = (policy["templates"] or [None])[0]
    if policy["dir"] == "out" and template and template["mode"] == sys.argv[2] and template["reqid"] in reqids:
        print(policy["index"])
Y
}
told_cookies() { sed -n 's/^\(Rule\|Tunnel\) Name: .* Cookie: //p' "$1" | grep -vx 1 | sort -n | xargs; }
is "rules of tunnels: each with SAs has its policy's index" "$(told_cookies one-tunnel.txt)" "$(cookies tunnel | sort -n | xargs)"
is "and those of hosts" "$(told_cookies one-hostactive.txt)" "$(cookies transport | sort -n | xargs)"
# its SA has the reqid of its trap
reqid=$(ip xfrm policy | sed -n '/^src .* proto tcp sport 23 /,/^src / s/.* reqid \([0-9]*\).*/\1/p' | head -n 1)
check "the connection is protected by its SA" grep -q "^SPI (hex): $(ip xfrm state | awk -v reqid="$reqid" '
    $1 == "src" { here = $2 == "192.0.2.11" } here && $1 == "proto" && $6 == reqid { print toupper(substr($4, 3)) }' |
    sed 's/^0*//')$" one-cache.txt
is "the other one passes" "$(grep -A 4 '^Src IP Address: 192.0.2.1 Src Port number: 8080$' one-cache.txt |
    sed -n 's/^Action: //p' | sort -u)" Pass
is "the shunt passes" "$(grep -c '^Rule Name: lan-pass' one-bypass.txt)" 1
is "the other one discards" "$(grep -A 4 '^Rule Name: drop-smtp' one-hostactive.txt | grep -c 'Action: Discard')" 1
is "the trap with a range of ports has its name" "$(grep -c '^Rule Name: telnet ' one-hostactive.txt)" 1
check "weak keys are said to be" eval "report -summary -verbose -name manual/18 | grep -qx 'Weak Flag: yes'"
is "the audit" "$(report -collector | grep -A 2 '^Collector: audit' | sed -n 's/.*State: //p' | head -n 1)" "$audit"

### Filters

spi=$(ip xfrm state | awk '$1 == "src" { here = $2 == "192.0.2.21" } here && $1 == "proto" { print substr($4, 3) }')
is "-spi" "$(report -sa ipsec -spi "$spi" | grep '^Src IP Addr')" "Src IP Addr: 192.0.2.21 Dst IP Addr: 192.0.2.22"
is "-peer" "$(report -sa -peer 192.0.2.22 | titles | sort | uniq -c | xargs)" "1 IKEv1 SA 2 IPsec SA"
is "-peer of IPv6" "$(report -sa -peer 2001:db8::2 | titles | sort | uniq -c | xargs)" "1 IKEv2 SA 2 IPsec SA"
is "-name of road warriors" "$(report -summary -name 'rw/*' | wc -l)" $((WARRIORS + 2))
is "-name of manual keys" "$(report -summary -name 'manual/*' | awk 'NR > 1 { print $1, $2, $3 }')" "manual/17 192.0.2.72 up
manual/18 192.0.2.72 up"
is "-name with -peer" "$(report -sa ipsec -name 'cert*' -peer 192.0.2.12 | grep -c '^SPI')" \
    "$(ip xfrm state | grep -Ec '^src 192.0.2.1[12] dst 192.0.2.1[12]$')"

### Terminals, pipes and files

seen() { # SIZE ARGS
    local size=$1
    shift
    TERM=xterm "$PYTHON" "$TESTS/terminal.py" "$size" 20 "$BUILD/ipsec_report" "$@" -- -v2c -c public "127.0.0.1:$PORT" >seen 2>&1
}
known() { sed -n "s/^@$1 *//p" seen; }
seen 40x80 -summary
is "-summary on a terminal of 80 columns" "$(known status) $(known errors)" "0 ''"
check "no line is longer ($(sed '/^@/d' seen | wc -L))" [ "$(sed '/^@/d' seen | wc -L)" -le 80 ]
is "and each tunnel has one" "$(grep -vc '^@' seen)" $((tunnels + 1))
cp seen terminal-summary
seen 4000x80 "${everything[@]}"
is "every report on a terminal" "$(known status) $(known errors) $(known cursor) $(known wrap)" "0 '' shown on"
cp seen terminal-all
check "a pipe that is closed ends it well" timeout 60 bash -c 'set -o pipefail
    "$1" -all -- -v2c -c public "127.0.0.1:$2" | head -n 1' - "$BUILD/ipsec_report" "$PORT"
check "into a file" report -all -file file.txt
is "the same as without" "$(titles <file.txt | uniq -c | grep -v Cache)" "$(titles <one-all.txt | uniq -c | grep -v Cache)"

### -check

# checked WHAT STATUS PATTERN ARGS
checked() {
    local what=$1 status=$2 pattern=$3
    shift 3
    report -check "$@" >check 2>check.err
    is "-check: $what" "$? $(cat check.err)" "$status "
    check "-check: $what: $(head -n 1 check)" grep -Eq -- "$pattern" <(head -n 1 check)
    check "-check: $what: its performance data parses" "$PYTHON" "$TESTS/plugin_output.py" check
    cp check "check-${what// /-}"
}
# the rows of the two connections that leave the peer open stand for road warriors, and are no tunnels
checked "one is down" 2 "^IPSEC CRITICAL - 1 of $((tunnels - 2)) tunnels down"
is "-check: which" "$(sed -n '2s/ for .*//p' check)" "gw/bytes (192.0.2.2) is down"
checked "road warriors" 0 "^IPSEC OK - $WARRIORS tunnels up" -name 'rw/home ?warrior*'
checked "down on purpose" 0 '^IPSEC OK - 0 tunnels up, 1 idle' -name 'ghost*' -warning 'certificate=~:'
checked "manual keys" 0 '^IPSEC OK - 2 tunnels up' -name 'manual/*'
checked "one that expires" 1 '^IPSEC WARNING - .* expire in [0-9]+ s' -peer 192.0.2.22 -warning expiry=100000: -critical expiry=1:
checked "more with verbose" 2 '^IPSEC CRITICAL' -verbose
check "the missing tunnel comes up" up moon bytes
check "the agent knows" wait_until 30 '! report -summary -name gw/bytes | grep -q " down "'
checked "all is well" 0 '^IPSEC OK - [0-9]+ tunnels up, [0-9]+ idle'
finish
