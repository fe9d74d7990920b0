#!/bin/bash
# The reports of the IKE side over a recording of strongSwan with everything up, through snmpd, as the golden
# files have them; what is said of a daemon that is not there, or not any more. Runs anywhere as root, in a network
# namespace of its own: no ESP is needed.
# shellcheck source=/dev/null disable=SC2317,SC2016
. "$(dirname "$0")/lib.sh"
if [ -z "${OWN_NAMESPACE:-}" ]; then
    OWN_NAMESPACE=1 exec unshare -n "$0" "$@"
fi
begin
ip link set lo up

strongswan() { value "$COLLECTOR.$1.$STRONGSWAN"; }
report() { "$BUILD/ipsec_report" "$@" -- -v2c -c public "127.0.0.1:$PORT"; }

# same WHAT ARGS: the report ARGS is the golden file WHAT, and nothing is said on standard error
same() {
    local golden=$1
    shift
    report "$@" >"$WORK/report" 2>"$WORK/errors"
    is "$*: exit status" $? 0
    if diff -u "$TESTS/golden/$golden" "$WORK/report" >"$WORK/diff"; then
        ok "$* is as it was"
    else
        cat "$WORK/diff"
        not_ok "$* is as it was" "see the differences above"
    fi
    is "$*: nothing on standard error" "$(cat "$WORK/errors")" ""
}

# says WHAT WANTED ARGS: the report ends well, with one line on standard error that matches
says() {
    local what=$1 wanted=$2
    shift 2
    report "$@" >"$WORK/report" 2>"$WORK/errors"
    is "$what: exit status" $? 0
    is "$what: one line" "$(wc -l <"$WORK/errors")" 1
    check "$what: $(cat "$WORK/errors")" grep -Eq "$wanted" "$WORK/errors"
}

# titles: of the records, each with how many follow each other
titles() { sed -n '/^-----* [A-Z]/ { s/^-----* //; s/ -----*$//; p }' | uniq -c | awk '{ $1 = $1; print }'; }

### All is up

mkdir "$WORK/a"
check "the recording is made" recording "$WORK/up"
start_both "$WORK/a" --replay "$WORK/up"
check "strongSwan's answers are read" wait_until 10 '[ "$(strongswan 2)" = 1 ]'
# joins come after what they join
check "names are joined" wait_until 10 'report -tunnel | grep -q "^Tunnel Name: v6-net Cookie: "'
check "who uses certificates is joined" wait_until 10 'report -cert | grep -q "^Used By: "'
same up/sa_ike.txt -sa ike
same up/ike.txt -ike
same up/host_active.txt -host active
same up/host_configured.txt -host configured
same up/tunnel.txt -tunnel
same up/cert.txt -cert

# one line for each tunnel; how long it has been so, and until the next rekey, is different each time
check "the tunnels are judged" wait_until 20 '[ "$(report -summary | grep -cE " (up|down|idle) ")" = 9 ]'
report -summary >"$WORK/summary" 2>"$WORK/errors"
is "-summary: exit status" $? 0
is "-summary: nothing on standard error" "$(cat "$WORK/errors")" ""
is "-summary is as it was" \
    "$(sed -E 's/(up|down|idle) +[0-9]+[smh]+[0-9ms]* +/\1 N /; s/ +[0-9]+[mh]$/ N/' "$WORK/summary")" \
    "$(cat "$TESTS/golden/up/summary.txt")"

report -all >"$WORK/all" 2>/dev/null # this recording has no interfaces
is "order of -all" "$(titles <"$WORK/all")" "2 IKEv2 SA
1 IKEv1 SA
2 IKEv2 SA
16 IPsec SA
8 IKE Policy
6 Active Host Policy Rule
6 Configured Host Policy Rule
7 Tunnel Policy Rule
1 Configured Bypass IP List"
report -sa >"$WORK/sa"
is "-sa alone is both" "$(titles <"$WORK/sa")" "$(titles <"$WORK/all" | head -n 4)"
report -sa all | grep -v '(seconds)' >"$WORK/sa_all"
is "-sa all is -sa" "$(cat "$WORK/sa_all")" "$(grep -v '(seconds)' "$WORK/sa")"
for arguments in "-sa ike" "-ike" "-host configured" "-tunnel" "-cert"; do
    read -ra words <<<"$arguments"
    report "${words[@]}" -verbose >"$WORK/verbose" 2>"$WORK/errors"
    is "$arguments -verbose: nothing on standard error" "$(cat "$WORK/errors")" ""
    report "${words[@]}" >"$WORK/report"
    is "$arguments -verbose: every line of the default is there" \
        "$(sort -u "$WORK/report" | comm -23 - <(sort -u "$WORK/verbose"))" ""
    check "$arguments -verbose: and more" [ "$(wc -l <"$WORK/verbose")" -gt "$(wc -l <"$WORK/report")" ]
done
report -all -cert -summary -json >"$WORK/json" 2>/dev/null
check "JSON" "$PYTHON" - "$WORK/json" <<'PY'
import json, re, sys
def pairs(found):
    keys = [key for key, value in found]
    assert len(keys) == len(set(keys)), keys
    return dict(found)
j = json.load(open(sys.argv[1]), object_pairs_hook=pairs)
wanted = ["ike_sa", "ipsec_sa", "ike_policy", "policy", "policy_template", "global", "configured_policy",
          "interface", "bypass", "flow", "tunnel", "certificate"]
assert list(j) == wanted, list(j)
sa = {sa["policy_name"]: sa for sa in j["ike_sa"]}
assert sa["natt"]["nat_remote_flag"] is True and sa["gw-gw"]["nat_remote_flag"] is False, sa
assert sa["gw-gw"]["initiator_spi"] == "028c20f8851365e0", sa["gw-gw"]
assert sa["legacy"]["version"] == "ikev1" and sa["legacy"]["state"] == "established", sa["legacy"]
assert sa["v6"]["local"] == "2001:db8::1" and sa["v6"]["local_port"] == 4500, sa["v6"]
assert "integrity" not in sa["v6"] and sa["v6"]["role"] == "initiator", sa["v6"]
assert re.fullmatch("2026-11-24T06:03:[3-5][0-9]Z", sa["v6"]["established_time"]), sa["v6"]
assert sa["v6"]["pfs"] == "unknown" and sa["v6"]["fresh_flag"] is True, sa["v6"]
policy = {p["name"]: p for p in j["ike_policy"]}
assert policy["gw-gw"]["dpd_seconds"] == 30 and "dpd_seconds" not in policy["natt"], policy
child = {c["child_name"]: c for c in j["configured_policy"]}
assert child["telnet"]["local_selectors"] == "192.0.2.11/32[6/23]", child["telnet"]
assert child["drop-smtp"]["action"] == "discard" and child["net-net"]["kind"] == "tunnel", child
assert child["net-net"]["installed_flag"] is True and child["bad-net"]["installed_flag"] is False, child
assert child["net-net-bytes"]["rekey_octets"] == 500000000, child["net-net-bytes"]
certificate = {c["subject"]: c for c in j["certificate"]}["O=Test, CN=moon.example"]
assert certificate["days_left"] == 20 and certificate["private_key_flag"] is True, certificate
assert certificate["not_after"] == "2026-12-14T06:02:33Z", certificate
assert re.fullmatch("[0-9a-f]{40}", certificate["fingerprint_text"]), certificate
for rows in j.values():
    for row in rows:
        assert None not in row.values() and "" not in row.values() and "none" not in row.values(), row
PY
end_both

### Somebody else flushed the kernel's policies: what is configured is shown, and that it is not there

mkdir "$WORK/b"
check "the recording without policies is made" recording "$WORK/flushed"
: >"$WORK/flushed/policy.bin"
sed -i '/policy\.bin/d' "$WORK/flushed/index.txt"
start_both "$WORK/b" --replay "$WORK/flushed"
check "drift is told" wait_until 10 'report -tunnel | grep -q "^Drift: "'
report -tunnel >"$WORK/tunnel"
is "tunnels that ought to be there" "$(grep -c '^Drift: ' "$WORK/tunnel")" 6
is "and one that need not" "$(grep -c '^State: Initial$' "$WORK/tunnel")" 7
is "rules that ought to be there" "$(report -host configured | grep -c '^Drift: ')" 5
end_both

### A daemon that is not there, one that comes, and one that goes

mkdir "$WORK/c"
cp "$WORK/a/snmpd.conf" "$WORK/c/snmpd.conf"
sed -i "s|$WORK/a|$WORK/c|" "$WORK/c/snmpd.conf"
printf 'viciSocket %s\n' "$WORK/c/vici" >"$WORK/c/agent.conf"
start_both "$WORK/c"
check "there is no strongSwan" wait_until 10 '[ "$(strongswan 2)" = 5 ]'
for arguments in "-sa ike" "-ike" "-host configured" "-cert"; do
    read -ra words <<<"$arguments"
    says "$arguments" 'no IKE daemon is running' "${words[@]}"
    is "$arguments: nothing is printed" "$(cat "$WORK/report")" ""
done
for arguments in "-host active" "-tunnel" "-summary"; do
    read -ra words <<<"$arguments"
    report "${words[@]}" >"$WORK/report" 2>"$WORK/errors"
    is "$arguments needs none" "$? $(cat "$WORK/errors")" "0 "
done
"$PYTHON" "$TESTS/recorded_vici.py" "$WORK/c/vici" "$TESTS/data/vici" &
VICI=$!
started+=("$VICI")
check "it is found when it comes" wait_until 60 '[ "$(strongswan 2)" = 1 ]'
check "its SAs are there" wait_until 10 'report -sa ike | grep -q "^Policy Name: gw-gw$"'
same up/ike.txt -ike
end "$VICI"
check "it is missed when it goes" wait_until 30 '[ "$(strongswan 2)" = 3 ]'
for arguments in "-sa ike" "-ike" "-tunnel -json"; do
    read -ra words <<<"$arguments"
    says "$arguments without it" 'strongSwan.* is down, last read 20.*; its rows are as it told them then$' \
        "${words[@]}"
done
is "what it had told is printed" "$(report -sa ike 2>/dev/null)" "$(cat "$TESTS/golden/up/sa_ike.txt")"
end_both
finish
