#!/bin/bash
# The command as people and monitoring systems use it, over a recording of strongSwan with everything up: filters,
# text and JSON. Runs anywhere as root, in a network namespace of its own: no ESP is needed.
# shellcheck source=/dev/null disable=SC2317,SC2016
. "$(dirname "$0")/lib.sh"
if [ -z "${OWN_NAMESPACE:-}" ]; then
    OWN_NAMESPACE=1 exec unshare -n "$0" "$@"
fi
begin
ip link set lo up

report() { "$BUILD/ipsec_report" "$@" -- -v2c -c public "127.0.0.1:$PORT"; }
titles() { sed -n '/^-----* [A-Z]/ { s/^-----* //; s/ -----*$//; p }' | uniq -c | awk '{ $1 = $1; print }'; }

# wrong PATTERN ARGS: a wrong usage, which the first line explains
wrong() {
    local pattern=$1
    shift
    report "$@" >"$WORK/out" 2>"$WORK/err"
    is "$*: exit status" $? 1
    is "$*: nothing on standard output" "$(cat "$WORK/out")" ""
    check "$*: $(head -n 1 "$WORK/err")" grep -q -- "$pattern" <(head -n 1 "$WORK/err")
}

mkdir "$WORK/a"
check "the recording is made" recording "$WORK/up"
start_both "$WORK/a" --replay "$WORK/up"
check "names are joined" wait_until 10 'report -tunnel | grep -q "^Tunnel Name: v6-net Cookie: "'
check "tunnels are joined" wait_until 20 '[ "$(report -sa ipsec -name "*" | grep -c "^SPI")" = 16 ]'

### Filters: what is chosen is what is there without a filter

report -sa ipsec >"$WORK/sas"
spi=$(sed -n 's/^SPI (hex): \([0-9A-F]*\) .*/\1/p' "$WORK/sas" | tail -n 1)
report -sa ipsec -spi "0x${spi,,}" | grep -v '(seconds)' >"$WORK/one"
is "-spi" "$(cat "$WORK/one")" "$(awk -v RS='-------* IPsec SA -*\n' -v spi="$spi" \
    'index($0, "SPI (hex): " spi " ") { printf "------------------------ IPsec SA ------------------------\n%s", $0 }' \
    "$WORK/sas" | grep -v '(seconds)')"
is "-spi: the rule with its SAs" "$(report -all -spi "$spi" 2>/dev/null | titles)" "1 IPsec SA
1 $(report -host active -spi "$spi" | titles | grep -q . && echo "Active Host" || echo Tunnel) Policy Rule"
is "-peer" "$(report -sa -peer 2001:db8:0:0::2 | titles)" "1 IKEv2 SA
2 IPsec SA"
is "-peer of rules" "$(report -tunnel -peer 2001:db8::2 | grep '^Tunnel Name')" "Tunnel Name: v6-net Cookie: 281"
is "-peer of a tunnel that is not up" "$(report -tunnel -name bad-net -peer 192.0.2.42 | sed -n 2p)" \
    "$(report -tunnel | grep "^Tunnel Name: bad-net")"
is "-name" "$(report -all -cert -summary -name 'v6*' 2>/dev/null | titles)" "1 IKEv2 SA
2 IPsec SA
1 IKE Policy
1 Tunnel Policy Rule"
is "-name of the default rule" "$(report -host active -name default | sed -n 2p)" \
    "Rule Name: default Priority: 0 Cookie: 1"
is "-name of configured rules" "$(report -host configured -name 'telnet' | grep '^Rule')" \
    "$(report -host configured | grep '^Rule Name: telnet')"
is "-summary -name" "$(report -summary -name gw-gw | awk 'NR > 1 { print $1 }')" \
    "$(report -summary | awk '$1 ~ "^gw-gw/" { print $1 }')"
is "a filter that nothing fits" "$(report -sa -ike -tunnel -name 'no such' 2>&1; echo $?)" 0
wrong "'xyz' is no SPI" -spi xyz
wrong "'192.0.2.0/24' is no address" -peer 192.0.2.0/24
wrong "-stat has nothing that -peer could choose by" -all -stat -peer 192.0.2.1
wrong "-sa ike has nothing that -spi could choose by" -sa -spi 1

# asked A B: does asking B fetch more columns than asking A?
columns() { # ARGS: how many columns of the table of SAs the report asks for in its first request of it
    "$BUILD/ipsec_report" "$@" -- -d -v2c -c public "127.0.0.1:$PORT" 2>&1 >/dev/null | wc -c
}
check "-spi asks for no more columns" [ "$(columns -sa ipsec -spi 1)" -le "$(columns -sa ipsec)" ]
check "-name does" [ "$(columns -sa ipsec -name x)" -gt "$(columns -sa ipsec)" ]

report -all -summary -cert -json >"$WORK/all.json" 2>/dev/null
for arguments in "-spi $spi" "-peer 2001:db8::2" "-peer 192.0.2.2" "-name v6*" "-name gw-gw* -peer 192.0.2.2" "-name none"; do
    read -ra words <<<"$arguments"
    report "${words[@]}" -json >"$WORK/some.json" 2>/dev/null
    report "${words[@]}" >"$WORK/some.txt" 2>/dev/null
    check "JSON with $arguments is some rows of the document, and what the text tells" \
        "$PYTHON" "$TESTS/compare_filtered.py" "$WORK/all.json" "$WORK/some.json" "$WORK/some.txt"
done
end_both
finish
