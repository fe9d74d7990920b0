# shellcheck shell=bash
# lib.sh: what the scenario scripts have in common; sourced.
#
# A script calls `begin`, then reports by ok, not_ok, is and check, and ends with `finish`. Everything
# it starts gets a folder below $WORK, and is ended when the script ends, however it ends.
set -u

TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
BUILD=$(realpath "${BUILD:-$TESTS/../build}")
ROOT=${MIB_ROOT:-1.3.6.1.4.1.8072.9999.9999.4301}
SA_TABLE=.$ROOT.1.5
POLICY_TABLE=.$ROOT.1.10
TEMPLATE_TABLE=.$ROOT.1.11
SUBJECT=sas # what is compared with the kernel: sas or policies
XFRM=4.120.102.114.109 # the key "xfrm" as an index: length and octets
# shellcheck disable=SC2034 # for those that source this
INTERFACES=10.105.110.116.101.114.102.97.99.101.115 # the key "interfaces" likewise
# shellcheck disable=SC2034
STRONGSWAN=10.115.116.114.111.110.103.115.119.97.110 # and "strongswan"
RECORDED=1795500221 # when the recordings of strongSwan were made
COLLECTOR=.$ROOT.1.3.1
PYTHON=/usr/bin/python3
[ -x "$PYTHON" ] || PYTHON=python3
export MIBS='' # no MIB file is needed, and none is read
passed=0 failed=0 started=()

begin() {
    local program
    WORK=$(mktemp -d "${TMPDIR:-/tmp}/ipsr-test.XXXXXX") || exit 1
    chmod 755 "$WORK"
    trap end_all EXIT
    trap 'exit 1' INT TERM HUP
    for program in ipsec-reportd ipsec_report; do
        [ -x "$BUILD/$program" ] && continue
        not_ok "$program is built" "no $BUILD/$program (say where with BUILD=FOLDER)"
        finish
    done
}

# shellcheck disable=SC2317 # called by trap
end_all() {
    local pid
    trap '' INT TERM HUP
    for pid in "${started[@]}"; do
        kill -CONT "$pid" 2>/dev/null
        kill "$pid" 2>/dev/null
    done
    for pid in "${started[@]}"; do
        end "$pid"
    done
    umount -R "$WORK"/mnt* 2>/dev/null
    rm -rf "$WORK"
}

ok() {
    echo "ok - $1"
    passed=$((passed + 1))
}

not_ok() {
    echo "not ok - $1: $2"
    failed=$((failed + 1))
}

# is WHAT GOT WANTED
is() {
    if [ "$2" = "$3" ]; then
        ok "$1"
    else
        not_ok "$1" "$(tr '\n' '|' <<<"'$2', not '$3'" | cut -c 1-300)"
    fi
}

# check WHAT COMMAND...: the command's last line of output says why it failed
check() {
    local what=$1 output status
    shift
    output=$("$@" 2>&1)
    status=$?
    if [ "$status" = 0 ]; then
        ok "$what"
    else
        not_ok "$what" "$(tail -n 5 <<<"$output" | tr '\n' ' ')(exit status $status)"
    fi
}

# count FILE: takes the lines "ok - " and "not ok - " of another program for its own
count() {
    cat "$1"
    passed=$((passed + $(grep -c '^ok - ' "$1")))
    failed=$((failed + $(grep -c '^not ok - ' "$1")))
}

finish() {
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
    exit
}

# wait_until SECONDS CONDITION: as soon as the shell words CONDITION hold; else fails
wait_until() {
    local deadline=$((SECONDS + $1))
    until eval "$2"; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.1
    done
}

running() {
    [ -d "/proc/$1" ] && ! grep -q '^State:.*Z' "/proc/$1/status" 2>/dev/null
}

# end PID: by TERM, after 5 seconds by KILL; its exit status
end() {
    kill "$1" 2>/dev/null
    wait_until 5 "! running $1" || kill -KILL "$1" 2>/dev/null
    wait "$1" 2>/dev/null
}

free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 30000))
        [ -n "$(ss -aunH "sport = :$port")" ] || break
    done
    echo "$port"
}

# configure_snmpd DIR [LINE...]: DIR/snmpd.conf, with DIR/agentx, and these lines behind. Sets PORT, the
# first time.
configure_snmpd() {
    local dir=$1
    shift
    [ -n "${PORT:-}" ] || PORT=$(free_port)
    printf '%s\n' "agentAddress udp:${LISTEN:-127.0.0.1}:$PORT" "rocommunity public" "master agentx" \
        "agentXSocket unix:$dir/agentx" "agentXPerms 0666 0755" "$@" >"$dir/snmpd.conf"
}

# start_snmpd DIR: Debian's snmpd with DIR/snmpd.conf (made unless it is there) and all of its state in
# DIR. Sets SNMPD (its process) and, the first time, PORT.
start_snmpd() {
    mkdir -p "$1/persistent"
    [ -n "${PORT:-}" ] || PORT=$(free_port)
    [ -e "$1/snmpd.conf" ] || configure_snmpd "$1"
    # without SMUX, which would open a port of the machine
    SNMP_PERSISTENT_DIR=$1/persistent SNMPCONFPATH=$1 \
        /usr/sbin/snmpd -f -I -smux -C -c "$1/snmpd.conf" -Lf "$1/snmpd.log" &
    SNMPD=$!
    started+=("$SNMPD")
    wait_until 30 snmpd_answers || { not_ok "snmpd answers" "$(tail -n 1 "$1/snmpd.log")"; finish; }
}

snmpd_answers() {
    snmpget -v2c -c public -t 0.5 -r 0 "127.0.0.1:$PORT" .1.3.6.1.2.1.1.3.0 >/dev/null 2>&1
}

# start_agent DIR [ARGS]: our agent with DIR/agent.conf (empty unless it is there), log in
# DIR/agent.log. Sets AGENT (its process).
start_agent() {
    local dir=$1
    shift
    mkdir -p "$dir/persistent"
    [ -e "$dir/agent.conf" ] || : >"$dir/agent.conf"
    SNMP_PERSISTENT_DIR=$dir/persistent STATE_DIRECTORY=$dir/persistent LOGS_DIRECTORY=$dir/persistent \
        "$BUILD/ipsec-reportd" -f -Le -C -c "$dir/agent.conf" -x "unix:$dir/agentx" "$@" \
        >"$dir/agent.log" 2>&1 &
    AGENT=$!
    started+=("$AGENT")
}

# start_both DIR [ARGS]: snmpd, agent, and waits until the SA table is served
start_both() {
    start_snmpd "$1"
    start_agent "$@"
    wait_until 30 collector_up ||
        { not_ok "agent serves the SA table" "$(tail -n 2 "$1/agent.log" | tr '\n' ' ')"; finish; }
}

end_both() {
    end "$AGENT"
    end "$SNMPD"
}

# snmp COMMAND [ARGS]: COMMAND is get, getnext, walk or bulkwalk
snmp() {
    local command=$1
    shift
    "snmp$command" -v2c -c public -t "${SNMP_TIMEOUT:-5}" -r 2 -Onxt "127.0.0.1:$PORT" "$@"
}

# value OID: just its value, nothing if there is none
value() {
    snmp get "$1" 2>/dev/null | sed '/ = No /d; s/^[^=]* = //; s/^[A-Za-z0-9-]*: //'
}

# collector COLUMN: of the XFRM collector's row
collector() {
    value "$COLLECTOR.$1.$XFRM"
}

collector_up() {
    [ "$(collector 2)" = 1 ]
}

polls() { collector 8; }
overruns() { collector 11; }
events() { collector 12; }

# sa_column COLUMN [VALUE]: a line for each SA; with VALUE only those that have it
sa_column() {
    snmp bulkwalk -Cr50 "$SA_TABLE.1.$1" | sed -n 's/^[^=]* = [A-Za-z0-9-]*: //p' |
        if [ $# -gt 1 ]; then grep -x -- "$2"; else cat; fi
}

# policy_column COLUMN: a line for each policy
policy_column() {
    snmp bulkwalk -Cr50 "$POLICY_TABLE.1.$1" | sed -n 's/^[^=]* = [A-Za-z0-9-]*: //p'
}

ask_kernel() {
    case $SUBJECT in
    sas) ip -d -s xfrm state ;;
    policies) ip -d -s xfrm policy ;;
    esac
}

walk() {
    case $SUBJECT in
    sas) snmp bulkwalk -Cr50 "$SA_TABLE" ;;
    policies) snmp bulkwalk -Cr50 "$POLICY_TABLE" && snmp bulkwalk -Cr50 "$TEMPLATE_TABLE" ;;
    esac
}

# take_kernel_and_table FILE: what `ip` tells goes to FILE.kernel, the table to FILE.walk, and to
# FILE.args what compare_$SUBJECT.py has to know of the time that this took
take_kernel_and_table() {
    local now
    now=$(date +%s)
    ask_kernel >"$1.kernel" && walk >"$1.walk" || return
    echo "--now $now --slack $(($(date +%s) - now + 5))" >"$1.args"
}

# compare FILE [ARGS of the comparer]
compare() {
    local file=$1 args
    shift
    read -ra args <"$file.args"
    "$PYTHON" "$TESTS/lab/compare_$SUBJECT.py" "${args[@]}" "$@" "$file.kernel" "$file.walk"
}

# same_as_kernel [ARGS of the comparer]: is the table what the kernel has just now?
same_as_kernel() {
    take_kernel_and_table "$WORK/now" && compare "$WORK/now" "$@"
}

# device NAME: a network device that nobody needs, of a kind that this kernel has
device() {
    ip link add "$1" type dummy 2>/dev/null || ip link add "$1" type bridge
}

# settle N: adds SA number N and waits for it: events come in order, so all before it is known then. And
# for as many rows as there are SAs: some larval ones have no event, a check of the count finds them.
settle() {
    local spi=$((0xfffff000 + $1))
    ip xfrm state add src 192.0.2.254 dst 192.0.2.253 proto esp spi $spi mode transport \
        enc 'ecb(cipher_null)' '' && wait_until 60 "knows $spi && knows_all"
}

knows() { # SPI
    snmp getnext ".$ROOT.1.6.1.3.$1.50" 2>/dev/null | grep -q "^\.$ROOT\.1\.6\.1\.3\.$1\.50\."
}

knows_all() {
    [ "$(sa_column 2 | wc -l)" = "$(ip xfrm state count | sed -n 's/.*SAD count //p')" ]
}

# settle_policies N: the same for policies
settle_policies() {
    local priority=$((0xfffff000 + $1))
    ip xfrm policy add src 192.0.2.254/32 dst 192.0.2.253/32 dir out mark "$1" mask 0xffffffff \
        priority $priority && wait_until 60 "knows_policies $priority"
}

# Policies of single sockets are neither in the table nor among these numbers
knows_policies() { # PRIORITY
    local priorities
    priorities=$(policy_column 6)
    grep -qx "$1" <<<"$priorities" && [ "$(wc -l <<<"$priorities")" = "$(kernel_policies)" ]
}

kernel_policies() {
    ip xfrm policy count | awk '/SPD IN/ { print $3 + $5 + $7 }'
}

# soon_same_as_kernel WHAT SECONDS [ARGS of the comparer]
soon_same_as_kernel() {
    local what=$1 seconds=$2 deadline
    shift 2
    deadline=$((SECONDS + seconds))
    until same_as_kernel "$@" >"$WORK/differences"; do
        if [ "$SECONDS" -ge "$deadline" ]; then
            not_ok "$what" "$(tail -n 4 "$WORK/differences" | tr '\n' ' ')"
            return 1
        fi
    done
    ok "$what"
}

# add_lines FILE: runs each line of an `ip -batch` file and prints how many were accepted. `ip` ends at
# the first line refused, so each is followed by one that prints, and we go on behind the refused one.
add_lines() {
    local next=1 count accepted=0 total
    total=$(wc -l <"$1")
    while [ "$next" -le "$total" ]; do
        count=$(tail -n "+$next" "$1" | sed 'a xfrm state count' |
            ip -batch - 2>>"${ERRORS:-/dev/null}" | grep -c 'SAD count')
        accepted=$((accepted + count))
        next=$((next + count + 1))
    done
    echo "$accepted"
}

# recording DIR: what the kernel and strongSwan said, with an index that tells the time
recording() {
    mkdir "$1" && cp "$TESTS"/data/strongswan-up/{state,policy,default,sadinfo,spdinfo}.bin "$1/" &&
        cp "$TESTS"/data/vici/*.resp.bin "$1/" &&
        "$PYTHON" - "$1" "$RECORDED" <<'PY' >"$1/index.txt"
import os, struct, sys
folder, recorded = sys.argv[1:]
print("# recorded", recorded)
for name in ("state", "policy", "default", "sadinfo", "spdinfo"):
    print(recorded, name + ".bin", 0, os.path.getsize(f"{folder}/{name}.bin"))
for name in ("version", "stats", "list-conns", "list-policies", "list-certs", "list-sas"):
    octets = open(f"{folder}/{name}.resp.bin", "rb").read()
    at = 0
    while at < len(octets):
        length = 4 + struct.unpack_from(">I", octets, at)[0]
        print(recorded, name + ".resp.bin", at, length)
        at += length
PY
}

# relay ARGS: tests/relay.py between us and snmpd; sets RELAY, its port, and RELAYING, its process
relay() {
    RELAY=$(free_port)
    : >"$WORK/relay"
    "$PYTHON" "$TESTS/relay.py" "$RELAY" "$PORT" "$@" >"$WORK/relay" &
    RELAYING=$!
    started+=("$RELAYING")
    # shellcheck disable=SC2016
    wait_until 10 'grep -q ready "$WORK/relay"'
}
