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

not() { ! "$@"; }

# wrong PATTERN ARGS: a wrong usage, which the first line explains
wrong() {
    local pattern=$1
    shift
    report "$@" >"$WORK/out" 2>"$WORK/err"
    is "$*: exit status" $? 1
    is "$*: nothing on standard output" "$(cat "$WORK/out")" ""
    check "$*: $(head -n 1 "$WORK/err")" grep -q -- "$pattern" <(head -n 1 "$WORK/err")
}

# with_all DIR: what else there is in a recording: interfaces, sockets and connections, counters
with_all() {
    local file
    for file in links/{link.bin,addr.bin,sysctl.txt} statistics/xfrm_stat.txt \
        flows/{tcp,udp,udplite,sctp,dccp,raw,conntrack}.bin; do
        cp "$TESTS/data/$file" "$1/" &&
            echo "$RECORDED ${file##*/} 0 $(stat -c %s "$TESTS/data/$file")" >>"$1/index.txt" || return
    done
}

mkdir "$WORK/a"
check "the recording is made" eval 'recording "$WORK/up" && with_all "$WORK/up"'
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
for arguments in "-spi $spi" "-peer 2001:db8::2" "-name v6*" "-name gw-gw* -peer 192.0.2.2" "-name none"; do
    read -ra words <<<"$arguments"
    report "${words[@]}" -json >"$WORK/some.json" 2>/dev/null
    report "${words[@]}" >"$WORK/some.txt" 2>/dev/null
    check "JSON with $arguments is some rows of the document, and what the text tells" \
        "$PYTHON" "$TESTS/compare_filtered.py" "$WORK/all.json" "$WORK/some.json" "$WORK/some.txt"
done
### Text and JSON tell the same, and JSON is what its schema says

everything=(-all -summary -cert -collector -stat)
check "strongSwan's tunnels are judged" wait_until 20 'report -summary -name bad-net | grep -q " down "'
is "-all: each report, in the order of HP's" "$(report -all 2>/dev/null | titles | sed 's/^[0-9]* //; s/IKEv[12]/IKE/' |
    awk '!seen[$0]++')" "$(cat "$TESTS/golden/all_titles.txt")"
report "${everything[@]}" -verbose >"$WORK/everything.txt" 2>/dev/null
report "${everything[@]}" -json >"$WORK/everything.json" 2>/dev/null
check "text and JSON of every report tell the same" \
    "$PYTHON" "$TESTS/compare_text_json.py" "$WORK/everything.txt" "$WORK/everything.json"
# a comparer that finds no difference is worth nothing
sed 's/"packets":3,/"packets":4,/; s/"remote":"192.0.2.22"/"remote":"192.0.2.23"/' "$WORK/everything.json" >"$WORK/other.json"
check "a difference is found" not "$PYTHON" "$TESTS/compare_text_json.py" "$WORK/everything.txt" "$WORK/other.json"
valid() { "$PYTHON" -m jsonschema "${@/#/--instance=}" "$BUILD/installed/ipsec_report.schema.json"; }
check "the document is valid, with a filter, too" valid "$WORK/everything.json" "$WORK/some.json"
sed 's/"state":"mature"/"state":"ripe"/' "$WORK/everything.json" >"$WORK/other.json"
check "one that is not, is not" not valid "$WORK/other.json"
sed 's/"mode":"tunnel"/"mood":"tunnel"/' "$WORK/everything.json" >"$WORK/other.json"
check "nor is one with another member" not valid "$WORK/other.json"
while read -r words; do
    read -ra arguments <<<"$words"
    report "${arguments[@]}" -json >"$WORK/one${words// /}.json" 2>/dev/null
done < <("$BUILD/ipsec_report" -help | sed -nE '/^Options/q; s/^  (-[a-z]+( [a-z]+)?)  .*/\1/p' | grep -vx -- -all)
check "so is that of each report ($(find "$WORK" -name 'one-*.json' | wc -l))" valid "$WORK"/one-*.json

### Terminals: -watch, color, width, progress

# seen SIZES SECONDS ARGS: what a person sees goes to $WORK/seen, what has to be known besides with an @ before it
seen() {
    local sizes=$1 seconds=$2
    shift 2
    TERM=xterm "$PYTHON" "$TESTS/terminal.py" "$sizes" "$seconds" "$BUILD/ipsec_report" "$@" -- \
        -v2c -c public -t "${PATIENCE:-1}" -r 0 "127.0.0.1:${ASK:-$PORT}" >"$WORK/seen" 2>"$WORK/err" || cat "$WORK/err"
}
known() { sed -n "s/^@$1 *//p" "$WORK/seen"; }
longest() { sed '/^@/d' "$WORK/seen" | wc -L; }

seen 24x80 5 -summary
is "a terminal has color" "$(known colors)" "green red"
check "a terminal of 80 columns: no line is longer ($(longest))" [ "$(longest)" -le 80 ]
is "and each tunnel has one" "$(grep -vc '^@' "$WORK/seen")" "$(report -summary | wc -l)"
seen 24x40 5 -summary -no-color
is "-no-color" "$(known colors)" ""
check "a terminal of 40 columns: no line is longer ($(longest))" [ "$(longest)" -le 40 ]
is "the state is there" "$(awk '/^badauth/ { print $2 }' "$WORK/seen")" down
NO_COLOR=1 seen 24x80 5 -summary
is "NO_COLOR" "$(known colors)" ""
check "a pipe gets all of it" [ "$(report -summary | wc -L)" -gt 80 ]
is "a pipe gets no color" "$(report -summary | grep -c $'\033')" 0

seen 24x80,10x60 0.8 -summary -watch 0.2
is "-watch ends well by SIGINT" "$(known status)" 0
check "-watch: frames ($(known frames))" [ "$(known frames)" -ge 4 ]
# a terminal may hand one write over in two parts
check "-watch: each in one write ($(known reads))" [ "$(known reads)" -le $((2 * $(known frames) + 3)) ]
is "-watch: the screen is never cleared" "$(known cleared)" 0
is "-watch: another screen, and back" "$(known alternate) $(known cursor) $(known wrap)" "0 shown on"
check "-watch: it fits the terminal that became smaller ($(longest))" [ "$(longest)" -le 60 ]
is "-watch: in its lines" "$(grep -v '^@' "$WORK/seen" | tail -n 1)" "... and 2 more lines"
check "-watch: rates" grep -q '^TUNNEL .* IN/S ' "$WORK/seen"
SIGNAL=TERM seen 24x80 1 -stat -watch 0.3
is "-watch ends well by SIGTERM" "$(known status) $(known alternate) $(known cursor)" "0 0 shown"
check "-watch -stat: a frame is as high as the terminal" grep -q '^... and [0-9]* more lines$' "$WORK/seen"

timeout -s INT 1.3 "$BUILD/ipsec_report" -summary -watch 0.5 -- -v2c -c public "127.0.0.1:$PORT" >"$WORK/piped" 2>&1
is "-watch into a pipe: plain reports" "$(grep -c $'\033' "$WORK/piped")" 0
is "with a blank line between them" "$(grep -c '^$' "$WORK/piped")" "$(($(grep -c '^TUNNEL' "$WORK/piped") - 1))"
is "and the time before each" "$(grep -Ec '^20[0-9-]+T[0-9:]+Z$' "$WORK/piped")" "$(grep -c '^TUNNEL' "$WORK/piped")"
timeout 10 bash -c 'set -o pipefail
    "$1" -summary -watch 0.2 -- -v2c -c public "127.0.0.1:$2" | head -n 1' - "$BUILD/ipsec_report" "$PORT" >/dev/null
is "-watch: a reader that goes ends it" $? 0

relay hold 4 1.2
ASK=$RELAY PATIENCE=5 seen 24x80 5 -tunnel
check "what takes long says how far it is: $(known errors)" grep -q 'Table: [0-9]* rows' <(known errors)
check "and takes that away" grep -q '\\r\\x1b\[K'"'"'$' <(known errors)
end "$RELAYING"
relay hold 4 1.2
PORT=$RELAY report -tunnel >"$WORK/out" 2>"$WORK/err"
end "$RELAYING"
is "not where nobody sees it" "$(cat "$WORK/err")" ""

### -check

# checked WHAT STATUS PATTERN ARGS: exit status, the first line, and performance data that another parses
checked() {
    local what=$1 status=$2 pattern=$3
    shift 3
    report -check "$@" >"$WORK/check" 2>"$WORK/err"
    is "-check: $what: exit status" $? "$status"
    check "-check: $what: $(head -n 1 "$WORK/check")" grep -Eq -- "$pattern" <(head -n 1 "$WORK/check")
    is "-check: $what: nothing on standard error" "$(cat "$WORK/err")" ""
}
parses() { check "-check: its performance data parses" "$PYTHON" "$TESTS/plugin_output.py" "$WORK/check" "$@"; }

up=$(report -summary | awk '$3 == "up"' | wc -l) all=$(report -summary | awk 'NR > 1' | wc -l)
checked "one is down" 2 '^IPSEC CRITICAL - 1 of [0-9]+ tunnels down, a certificate ends in 20 days \|'
parses down=1 "up=$up" "idle=$((all - up - 1))" certificate=20 sources=0 error_packets=1
is "-check: the lines below" "$(sed '1d; s/ for .*//' "$WORK/check")" "badauth/bad-net (192.0.2.42) is down
certificate O=Test, CN=moon.example ends in 20 days
certificate O=Test, CN=sun.example ends in 20 days"
checked "all is well" 0 '^IPSEC OK - 1 tunnel up \|' -name 'v6*'
parses down=0 up=1
checked "idle is no alarm" 0 '^IPSEC OK - 0 tunnels up, 1 idle \|' -name "$(report -summary |
    awk '$3 == "idle" { print $1 }')" -warning 'certificate=~:'
checked "by peer" 0 '^IPSEC OK - 1 tunnel up' -peer 2001:db8::2
checked "a certificate that ends soon" 1 '^IPSEC WARNING - a certificate ends in 20 days' -critical down=1
checked "thresholds" 2 '^IPSEC CRITICAL - 1 of 1 tunnel up, SAs expire in [0-9]+ s \|' \
    -name 'v6*' -critical expiry=100000: -warning up=2: -critical up=@1
parses up=1
checked "a threshold that warns" 1 '^IPSEC WARNING - 1 of 1 tunnel up \|' -name 'v6*' -warning up=2:
checked "more with -verbose" 0 '^IPSEC OK' -verbose -name 'v6*'
check "-check: -verbose tells each" grep -q '^v6/v6-net (2001:db8::2) is up for ' "$WORK/check"
checked "no such tunnel" 3 '^IPSEC UNKNOWN - no tunnel' -name 'no such'
checked "no range" 3 "^IPSEC UNKNOWN - '5:1' is no range" -warning down=5:1
checked "no such option" 3 "^IPSEC UNKNOWN - '-nonsense' is no option" -nonsense
is "-check: one line" "$(wc -l <"$WORK/check")" 1
checked "errors, the first time" 2 '^IPSEC CRITICAL' -state "$WORK/state" -warning errors=1
check "-check: no rate yet" grep -q '^the rate of errors is known from the next check on$' "$WORK/check"
checked "errors" 2 '^IPSEC CRITICAL' -state "$WORK/state" -warning errors=1
parses errors=0
echo "mine" >"$WORK/mine"
checked "another's file" 3 "^IPSEC UNKNOWN - .*mine is no state" -state "$WORK/mine"
is "-check: another's file is as it was" "$(cat "$WORK/mine")" mine

RUN="kill -STOP $AGENT; sleep 1.4; kill -CONT $AGENT" seen 24x100,24x100 0.7 -summary -watch 0.2
check "-watch goes on when the agent does" grep -q '^TUNNEL ' "$WORK/seen"
RUN="kill $SNMPD" seen 12x100,12x100 0.7 -summary -watch 0.3
check "-watch: an snmpd that goes away" grep -q "^nothing listens at 127.0.0.1:$PORT" "$WORK/seen"
is "-watch: is told in the frame" "$(known errors)" "''"
end "$SNMPD"
checked "no snmpd" 3 "^IPSEC UNKNOWN - nothing listens at 127.0.0.1:$PORT"
parses
end "$AGENT"
start_snmpd "$WORK/a"
checked "no agent" 3 '^IPSEC UNKNOWN - .*ipsec-reportd'
finish
