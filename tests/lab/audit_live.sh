#!/bin/bash
# What the kernel's audit tells of IPsec reaches the agent, all of it and nothing else, as somebody else hears it; the
# log that this makes is reported record by record. In a network namespace of its own it says why it hears nothing.
# shellcheck source=/dev/null disable=SC2317,SC2016
. "$(dirname "$0")/../lib.sh"
begin
LAB=$(dirname "$0")
AUDIT=5.97.117.100.105.116 # the key "audit" as an index
SOON=20
KEYS=(enc 'cbc(aes)' 0x5ec2e75ec2e75ec2e75ec2e75ec2e75e auth-trunc 'hmac(sha1)' 0x5ec2e75ec2e75ec2e75ec2e75ec2e75e5ec2e75e 96)

# why: what the row says of it
why() { report -collector -json -- -v2c -c public "127.0.0.1:$PORT" | rows | grep '"key": "audit"'; }
events() { report -event -json -- -v2c -c public "127.0.0.1:$PORT" | rows; }
row() { value "$COLLECTOR.$1.$AUDIT"; }
heard() { grep -c '^type=MAC_IPSEC_EVENT' "$WORK/log"; }
# all_heard: the agent counted what the listener has, and the kernel has told all of it
all_heard() { [ "$(row 12)" = "$(heard)" ]; }
report() { "$BUILD/ipsec_report" "$@"; }
rows() {
    "$PYTHON" -c 'import json, sys
for rows in json.load(sys.stdin).values():
    for row in rows:
        print(json.dumps(row, sort_keys=True))'
}

mkdir "$WORK/a"
if [ ! -e /proc/sys/net/core/netdev_budget ]; then
    start_both "$WORK/a"
    is "in another network namespace: unsupported" "$(row 2)" 5
    check "and it says why" grep -q 'initial network namespace' <<<"$(why)"
    finish
fi

### Off: idle. On: every record

ip link add lan0 type dummy && ip addr add 192.0.2.1/24 dev lan0 && ip addr add 192.0.2.2/24 dev lan0 && ip link set lan0 up
printf 'failureInterval 3600\nintegrityFailureRate 0\n' >"$WORK/a/agent.conf"
start_both "$WORK/a" --record "$WORK/recording"
is "audit is off: idle" "$(row 2)" 6
check "and it says so" grep -q 'audit is off' <<<"$(why)"
check "the audit is switched on" "$LAB/audit_kernel.py" enable
"$LAB/audit_kernel.py" listen "$WORK/log" >"$WORK/listener" &
started+=($!)
wait_until 10 'grep -q ready "$WORK/listener"'

sa=(src 192.0.2.2 dst 192.0.2.1 proto esp spi 0x3001)
ip xfrm state add "${sa[@]}" mode transport reqid 1 replay-window 32 "${KEYS[@]}"
ip xfrm policy add src 192.0.2.0/24 dst 198.51.100.1 dir out tmpl proto esp reqid 1 mode transport
ip xfrm policy add src 2001:db8::/32 dst ::/0 dir out tmpl src 2001:db8::1 dst 2001:db8::2 proto esp mode tunnel
"$LAB/audit_kernel.py" send 0xdead 1 192.0.2.2 192.0.2.1 1
"$LAB/audit_kernel.py" send 0x3001 100 192.0.2.2 192.0.2.1 1
ip xfrm state add "${sa[@]}" mode transport reqid 1 "${KEYS[@]}" 2>/dev/null # it is there
ip xfrm state add src 192.0.2.2 dst 192.0.2.1 proto esp spi 0x3002 mode transport reqid 1 limit time-hard 2 "${KEYS[@]}"
check "a change that the kernel refuses is told" wait_until $SOON 'grep -q "op=SAD-add.*res=0" "$WORK/log"'
check "an SA that expires, too" wait_until $SOON 'grep -q "op=SAD-delete.*spi=12290" "$WORK/log"'
ip xfrm policy flush
ip xfrm state flush
for operation in SAD-add SAD-delete SPD-add SPD-delete SA-notfound SA-icv-failure; do
    check "the kernel tells $operation" wait_until $SOON "grep -q op=$operation '$WORK/log'"
done
check "the agent counted them all" wait_until $SOON all_heard
is "up" "$(row 2)" 1
is "nothing failed, nothing was lost" "$(row 9) $(row 11)" "0 0"

### The journal: what is told with the record, an hour before the interval ends

# told WHAT PATTERN: there is such an event
told() { check "$1" wait_until $SOON "events | grep -E '$2' | grep -q ."; }
told "the packet without an SA is an event" '"kind": "packetWithoutSa".*"peer": "192.0.2.2".*"spi": "0x0000dead"'
told "so is the forged one" '"kind": "integrityFailures".*"spi": "0x00003001"'
told "the refused change is an event" '"kind": "auditRecord".*"spi": "0x00003001".*an SA could not be added'
is "changes that were made are none" "$(events | grep -c 'audit.*\(SAD\|SPD\)-')" 0

### A flood

"$LAB/audit_kernel.py" send 0xbeef 1 192.0.2.2 192.0.2.1 1000
# how many of them the kernel tells depends on its backlog: what comes behind is their end
last_heard() {
    "$LAB/audit_kernel.py" send 0xfeed 1 192.0.2.2 192.0.2.1 1
    grep -q spi=65261 "$WORK/log"
}
check "packets for no SA: $(grep -c spi=48879 "$WORK/log") and more are told" wait_until 60 last_heard
# a burst may be too much for the agent's socket: what is lost is said
check "the agent counted them, or says that some were lost" wait_until $SOON '[ "$(row 11)" != 0 ] || all_heard'
overruns=$(row 11)
is "which is one event, until the interval is over" "$(events | grep -c '"kind": "packetWithoutSa"')" 1

### The recording: these records, and no command line

"$PYTHON" - "$WORK/recording/audit.bin" <<'PY' >"$WORK/recorded"
import struct, sys
octets, at = open(sys.argv[1], "rb").read(), 0
for line in open(sys.argv[1].replace("audit.bin", "index.txt")):
    words = line.split()
    if len(words) == 4 and words[1] == "audit.bin":
        at, length = int(words[2]), int(words[3])
        assert struct.unpack_from("=IH", octets, at) == (length, 1415), line
        print("type=MAC_IPSEC_EVENT msg=" + octets[at + 16:at + length].rstrip(b"\0").decode())
PY
if [ "$overruns" = 0 ]; then
    is "the recording is what the listener heard" "$(sort "$WORK/recorded" | md5sum)" \
        "$(grep '^type=MAC_IPSEC_EVENT' "$WORK/log" | sort | md5sum)"
else
    is "the recording has nothing that the listener did not hear" \
        "$(sort "$WORK/recorded" | comm -23 - <(sort "$WORK/log") | head -n 1)" ""
fi
check "the log has command lines with keys" grep -qi '^type=PROCTITLE.*3078356563326537' "$WORK/log"
is "the recording has none" "$(grep -rciE '3078356563326537|5ec2e7|proctitle' "$WORK/recording/audit.bin")" 0

### The log

report -audit "$WORK/log" -json | rows >"$WORK/rows"
"$TESTS/audit_truth.py" "$WORK/log" >"$WORK/truth"
is "-audit has every record of the log, with every field" "$(diff "$WORK/truth" "$WORK/rows" | head -n 4)" ""
is "and as many as the kernel told" "$(wc -l <"$WORK/rows")" "$(heard)"
is "SAs that \`ip\` added are its own" "$(grep '"SAD-add"' "$WORK/rows" | grep -vc '"program": "[^"]*/ip"')" 0
is "packets are of no program" "$(report -audit "$WORK/log" -entity packet -json | rows | grep -c '"program"')" 0
is "-entity packet" "$(report -audit "$WORK/log" -entity packet | grep -c '^Entity')" "$(grep -c 'op=SA-' "$WORK/log")"
end_both

### As another user

useradd -r -M ipsr-audit 2>/dev/null
mkdir "$WORK/b" && chmod 755 "$WORK/b"
start_snmpd "$WORK/b"
start_agent "$WORK/b" -u ipsr-audit
check "the agent of another user listens" wait_until $SOON '[ "$(row 2)" = 6 ]'
"$LAB/audit_kernel.py" send 0xdead 1 192.0.2.2 192.0.2.1 1
check "and hears" wait_until $SOON '[ "$(row 2)" = 1 ]'
is "with two capabilities" "$(sed -n 's/^CapEff:\t0*//p' "/proc/$AGENT/status")" 2000001000
end_both
"$LAB/audit_kernel.py" disable
finish
