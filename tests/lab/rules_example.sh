#!/bin/bash
# The examples of `ipsec_report -host active` and `-tunnel` in HP's manual page, from real policies and
# SAs with keys set by hand, equal to the byte but for the rules' names, their cookies, and the IKE
# daemon that the first one has.
# shellcheck source=/dev/null disable=SC2317,SC2016,SC2034
. "$(dirname "$0")/../lib.sh"
begin
HERE=fe80::260:1111:2222:3333 THERE=fe80::230:6666:7777:8888

report() {
    "$BUILD/ipsec_report" "$@" -- -v2c -c public "127.0.0.1:$PORT"
}

telnet_sa() { # SRC DST SPI
    ip xfrm state add src "$1" dst "$2" proto esp spi "$3" mode transport reqid 1 \
        enc 'cbc(aes)' 0x000102030405060708090a0b0c0d0e0f \
        auth 'hmac(sha1)' 0x000102030405060708090a0b0c0d0e0f10111213 \
        limit time-hard 28800 limit time-soft 24264
}

telnet_policy() { # DIRECTION SRC PORT DST PORT
    ip xfrm policy add src "$2" dst "$4" proto tcp sport "$3" dport "$5" dir "$1" priority 10 \
        tmpl proto esp reqid 1 mode transport
}

tunnel_sa() { # SRC DST SPI
    ip xfrm state add src "$1" dst "$2" proto esp spi "$3" mode tunnel reqid 2 \
        enc 'cbc(des)' 0x0123456789abcdef \
        auth 'hmac(sha1)' 0x000102030405060708090a0b0c0d0e0f10111213
}

tunnel_policy() { # DIRECTION SRC DST OUTER-SRC OUTER-DST
    ip xfrm policy add src "$2" dst "$3" proto tcp dir "$1" \
        tmpl src "$4" dst "$5" proto esp reqid 2 mode tunnel
}

# index DIRECTION SOURCE: of the policy, as `ip` tells it
index() {
    ip -s xfrm policy | awk -v direction="$1" -v source="$2" '
        $1 == "src" { here = index($2, source) == 1 }
        here && $1 == "dir" && $2 == direction { for (i = 3; i < NF; i++) if ($i == "index") print $(i + 1) }'
}

# as_here FILE INDEX: HP's example, with the name and the cookie that a policy has here
as_here() {
    sed -E "/Name: default /!s/(Rule|Tunnel) Name: [^ ]*/\1 Name: xfrm-$2/; s/Cookie: 3$/Cookie: $2/
        s/Dynamic key SA/Manual Key SA/" "$TESTS/golden/$1"
}

# same WHAT WANTED GOT: files
same() {
    if diff -u "$2" "$3" >"$WORK/diff"; then
        ok "$1"
    else
        cat "$WORK/diff"
        not_ok "$1" "see the differences above"
    fi
}

ip link add lan0 type dummy && ip addr add 192.1.1.1/24 dev lan0 && ip link set lan0 up
check "outbound SA of the rule" telnet_sa 192.1.1.1 192.1.1.3 0x1fe472
check "inbound SA of the rule" telnet_sa 192.1.1.3 192.1.1.1 0x241988
check "inbound policy of the rule" telnet_policy in 192.1.1.3 56122 192.1.1.1 23
check "outbound policy of the rule" telnet_policy out 192.1.1.1 23 192.1.1.3 56122
check "inbound SA of the tunnel" tunnel_sa $THERE $HERE 0x3eb
check "outbound SA of the tunnel" tunnel_sa $HERE $THERE 0x3ea
check "outbound policy of the tunnel" tunnel_policy out ::/0 $THERE $HERE $THERE
check "inbound policy of the tunnel" tunnel_policy in $THERE ::/0 $THERE $HERE
check "forward policy of the tunnel" tunnel_policy fwd $THERE ::/0 $THERE $HERE
start_both "$WORK"

# the agent joins policies and SAs after it has served them first
wait_until 30 'report -tunnel | grep -q INBOUND' || not_ok "the tunnel has its SAs" "it has none"
check "-host active is printed" report -host active
report -host active >"$WORK/host"
as_here host_active.txt "$(index out 192.1.1.1)" >"$WORK/host.wanted"
same "-host active is HP's example" "$WORK/host.wanted" "$WORK/host"
check "-tunnel is printed" report -tunnel
report -tunnel >"$WORK/tunnel"
as_here tunnel.txt "$(index out ::/0)" >"$WORK/tunnel.wanted"
same "-tunnel is HP's example" "$WORK/tunnel.wanted" "$WORK/tunnel"

### Beside the examples

report -host >"$WORK/alone"
same "-host alone is -host active" "$WORK/host" "$WORK/alone"
# how many interfaces there are is the machine's matter
report -all 2>/dev/null | grep -- '^-----' | grep -v Cache | uniq -c | sed 's/[0-9]* \(-* System\)/\1/' >"$WORK/all"
is "order of -all" "$(tr -d '-' <"$WORK/all" | xargs)" \
    "4 IPsec SA 2 Active Host Policy Rule 1 Tunnel Policy Rule System Configured Interface"
report -host configured >"$WORK/out" 2>"$WORK/err"
is "-host configured without an IKE daemon: exit status" $? 0
is "-host configured without an IKE daemon: nothing" "$(cat "$WORK/out")" ""
check "-host configured without an IKE daemon: one sentence" grep -q "no IKE daemon is running" "$WORK/err"
ip xfrm policy add src 10.1.0.0/16 dst 10.2.0.0/16 dir out action block priority 5
ip xfrm policy add src 10.3.0.0/16 dst 10.4.0.1 proto udp dport 53 dir in priority 2000
wait_until 10 '[ "$(report -host | grep -c "Rule Name")" = 4 ]'
is "by priority" "$(report -host | grep -E 'Rule Name|Action' | grep -o 'Priority: .*\|Action: .*' | sed 's/ Cookie.*//' | xargs)" \
    "Priority: 5 Action: Discard Priority: 10 Action: Manual Key SA Priority: 2000 Action: Pass Priority: 0 Action: Pass"

# the default rule
tail_of() { report -host | sed -n '/^Rule Name: default /,$p' | grep -v '^----' | xargs; }
DEFAULT="Rule Name: default Priority: 0 Cookie: 1 Action:"
ip xfrm policy setdefault in block fwd block out block
check "it discards where all is blocked" wait_until 10 '[ "$(tail_of)" = "$DEFAULT Discard" ]'
ip xfrm policy setdefault in block fwd accept out accept
check "it tells each direction where they differ" wait_until 10 \
    '[ "$(tail_of)" = "$DEFAULT Pass Direction: outbound $DEFAULT Discard Direction: inbound $DEFAULT Pass Direction: forward" ]'
ip xfrm policy setdefault in accept
check "it passes where all is accepted" wait_until 10 '[ "$(tail_of)" = "$DEFAULT Pass" ]'

# what packets wait for: the kernel asks for SAs that nobody makes
ip xfrm policy add src 192.1.1.1 dst 192.1.1.9 dir out priority 7 tmpl proto esp reqid 9 mode transport
wait_until 10 '[ "$(report -host | grep -c "Rule Name")" = 5 ]'
check "a rule without SAs" grep -qx 'State: Initial' <(report -host)
echo "some traffic" >/dev/udp/192.1.1.9/9 2>/dev/null
check "a rule that waits for SAs" wait_until 10 \
    'report -host | grep -A 1 "^State: Pending" | grep -qx "Kernel Requests Queued: 1"'

report -all -json >"$WORK/json" 2>/dev/null
check "JSON is valid, has each table once and every row" "$PYTHON" -c '
import json, sys
def pairs(found):
    keys = [key for key, value in found]
    assert len(keys) == len(set(keys)), keys
    return dict(found)
j = json.load(open(sys.argv[1]), object_pairs_hook=pairs)
assert list(j) == ["ike_sa", "ipsec_sa", "ike_policy", "policy", "policy_template", "global", "configured_policy",
    "interface", "bypass", "flow"], list(j)
assert not j["ike_sa"] and not j["ike_policy"] and not j["configured_policy"], j
assert len(j["global"]) == 1 and j["global"][0]["policies_out"] == 4, j["global"]
assert len(j["policy"]) == 8 and len(j["policy_template"]) == 6, (len(j["policy"]), len(j["policy_template"]))
assert {p["kind"] for p in j["policy"]} == {"host", "tunnel", "bypass"}, j["policy"]' "$WORK/json"
finish
