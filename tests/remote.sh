#!/bin/bash
# The command towards an snmpd by SNMPv2c and SNMPv3, and each thing that can be wrong on the way: what it says, on
# standard error, in one sentence, and its exit status. Runs anywhere as root, in a network namespace of its own.
# shellcheck source=/dev/null disable=SC2317,SC2016
. "$(dirname "$0")/lib.sh"
if [ -z "${OWN_NAMESPACE:-}" ]; then
    OWN_NAMESPACE=1 exec unshare -n "$0" "$@"
fi
begin
ip link set lo up
export HOME=$WORK SNMPCONFPATH=$WORK/none # no snmp.conf of this machine
AUTH="correct horse" PRIVACY="battery staple"

# one WHAT STATUS PATTERN ARGS: with status 0 nothing on standard error (PATTERN is for standard output then); else one
# sentence there, which matches
one() {
    local what=$1 status=$2 pattern=$3
    shift 3
    timeout 30 "$BUILD/ipsec_report" "$@" >"$WORK/out" 2>"$WORK/err" </dev/null
    is "$what: exit status" $? "$status"
    if [ "$status" = 0 ]; then
        check "$what: it is printed" grep -Eq -- "$pattern" "$WORK/out"
        is "$what: nothing on standard error" "$(cat "$WORK/err")" ""
    else
        is "$what: one sentence" "$(wc -l <"$WORK/err")" 1
        check "$what: $(cat "$WORK/err")" grep -Eq -- "^ipsec_report: .*($pattern)" "$WORK/err"
    fi
}

# rows: of a table on standard input, "what | status | pattern | Net-SNMP's options"; %A and %X are the passwords
rows() {
    local what status pattern options words i
    while IFS='|' read -r what status pattern options; do
        [ -n "$what" ] || continue
        read -ra words <<<"$options"
        for i in "${!words[@]}"; do
            case ${words[i]} in
            %A) words[i]=$AUTH ;;
            %X) words[i]=$PRIVACY ;;
            %W) words[i]="something else" ;;
            esac
        done
        one "${what%% }" "${status// /}" "$(sed 's/^ *//; s/ *$//; s/%or%/|/g' <<<"$pattern")" -sa ipsec -- \
            "${words[@]}"
    done
}

mkdir "$WORK/a" "$WORK/old"
PORT=$(free_port)
cat >"$WORK/a/snmpd.conf" <<CONF
agentAddress udp:127.0.0.1:$PORT
view all included .1
view others included .1
view others excluded .$ROOT
view systemonly included .1.3.6.1.2.1.1
view uptime included .1.3.6.1.2.1.1.3
rocommunity public default -V all
rocommunity others default -V others
rocommunity debian default -V systemonly
rocommunity uptime default -V uptime
createUser ops SHA-256 "$AUTH" AES "$PRIVACY"
rouser ops priv -V all
createUser strong SHA-512 "$AUTH" AES-256 "$PRIVACY"
rouser strong priv -V all
createUser plain SHA-256 "$AUTH"
rouser plain auth -V all
createUser guest SHA-256 "$AUTH" AES "$PRIVACY"
createUser blind SHA-256 "$AUTH" AES "$PRIVACY"
rouser blind priv -V others
master agentx
agentXSocket unix:$WORK/a/agentx
agentXPerms 0666 0755
CONF

### Nobody there

FREE=$(free_port)
rows <<T
nothing listens, v2c | 1 | nothing listens at 127.0.0.1:$FREE: start snmpd | -v2c -c public 127.0.0.1:$FREE
nothing listens, v3 | 1 | nothing answers at 127.0.0.1:$FREE: is snmpd running | -v3 -u ops -l authPriv -a SHA-256 -A %A -x AES -X %X -t 0.3 -r 0 127.0.0.1:$FREE
nothing listens, TCP | 1 | nothing listens at tcp:127.0.0.1:$FREE: start snmpd | -v2c -c public tcp:127.0.0.1:$FREE
no such host | 1 | no way to nowhere.invalid: | -v2c -c public -t 0.3 -r 0 nowhere.invalid
SNMPv1 | 1 | SNMPv1 has no 64-bit counters: ask 127.0.0.1:$FREE by -v2c or -v3 | -v1 -c public 127.0.0.1:$FREE
v3 without a user | 1 | SNMPv3 needs a user: say -u USER | -v3 127.0.0.1:$FREE
no community for another host | 1 | no community or user is known for 192.0.2.1: say -- -c | 192.0.2.1
T
"$BUILD/ipsec_report" -- -v2c -c public 127.0.0.1 127.0.0.2 >"$WORK/out" 2>"$WORK/err"
is "two agents: exit status" $? 1
is "two agents: the usage follows a sentence" "$(sed -n '1p; 2s/:.*//p' "$WORK/err")" \
    "ipsec_report: one agent at a time: '127.0.0.2' is too much
usage"

### snmpd is there, the agent is not

start_snmpd "$WORK/a"
rows <<T
the agent is not registered | 1 | ipsec-reportd is not registered at 127.0.0.1:$PORT: start it there | -v2c -c public 127.0.0.1:$PORT
not registered, by v3 | 1 | ipsec-reportd is not registered at 127.0.0.1:$PORT: start it there | -v3 -u ops -l authPriv -a SHA-256 -A %A -x AES -X %X 127.0.0.1:$PORT
not registered or hidden | 1 | no IPSEC-REPORT-MIB at 127.0.0.1:$PORT: either ipsec-reportd is not registered there, or the view | -v2c -c uptime 127.0.0.1:$PORT
T

### Both are there

check "the recording is made" recording "$WORK/up"
start_agent "$WORK/a" --replay "$WORK/up"
check "the agent serves" wait_until 30 collector_up
rows <<T
v2c | 0 | ^SPI .hex.: | -v2c -c public 127.0.0.1:$PORT
v3, SHA-256 and AES | 0 | ^SPI .hex.: | -v3 -u ops -l authPriv -a SHA-256 -A %A -x AES -X %X 127.0.0.1:$PORT
v3 because there is a user | 0 | ^SPI .hex.: | -u ops -l authPriv -a SHA-256 -A %A -x AES -X %X 127.0.0.1:$PORT
v3, SHA-512 and AES-256 | 0 | ^SPI .hex.: | -v3 -u strong -l authPriv -a SHA-512 -A %A -x AES-256 -X %X 127.0.0.1:$PORT
v3, authentication alone | 0 | ^SPI .hex.: | -v3 -u plain -l authNoPriv -a SHA-256 -A %A 127.0.0.1:$PORT
wrong community | 1 | nothing answers at 127.0.0.1:$PORT: either no snmpd is there, or it does not accept the community | -v2c -c wrong -t 0.3 -r 0 127.0.0.1:$PORT
unknown user | 1 | 127.0.0.1:$PORT does not know user eve: create it | -v3 -u eve -l authPriv -a SHA-256 -A %A -x AES -X %X 127.0.0.1:$PORT
wrong password | 1 | 127.0.0.1:$PORT refuses the authentication of user ops: its password .-A. or protocol .-a. | -v3 -u ops -l authPriv -a SHA-256 -A %W -x AES -X %X 127.0.0.1:$PORT
wrong protocol | 1 | 127.0.0.1:$PORT refuses the authentication of user ops: its password .-A. or protocol .-a. | -v3 -u ops -l authPriv -a SHA-512 -A %A -x AES -X %X 127.0.0.1:$PORT
wrong privacy password | 1 | user ops.*is the privacy password .-X. right%or%cannot decrypt what user ops sends | -v3 -u ops -l authPriv -a SHA-256 -A %A -x AES -X %W -t 0.5 -r 0 127.0.0.1:$PORT
a level that the user has not | 1 | does not offer user plain this security level: say another by -l | -v3 -u plain -l authPriv -a SHA-256 -A %A -x AES -X %X 127.0.0.1:$PORT
a level below what is wanted | 1 | user ops may not read anything at 127.0.0.1:$PORT | -v3 -u ops -l authNoPriv -a SHA-256 -A %A 127.0.0.1:$PORT
a password is missing | 1 | security level of user ops needs more than was given: say the passwords | -v3 -u ops -l authPriv -a SHA-256 -A %A 127.0.0.1:$PORT
a user without rights | 1 | user guest may not read anything at 127.0.0.1:$PORT: give it a view | -v3 -u guest -l authPriv -a SHA-256 -A %A -x AES -X %X 127.0.0.1:$PORT
hidden by the view | 1 | the view of the community at 127.0.0.1:$PORT hides IPSEC-REPORT-MIB: include it | -v2c -c others 127.0.0.1:$PORT
hidden from a user | 1 | the view of user blind at 127.0.0.1:$PORT hides IPSEC-REPORT-MIB | -v3 -u blind -l authPriv -a SHA-256 -A %A -x AES -X %X 127.0.0.1:$PORT
hidden by Debian's systemonly | 1 | the view of the community at 127.0.0.1:$PORT hides IPSEC-REPORT-MIB: include it | -v2c -c debian 127.0.0.1:$PORT
hidden, and what is registered, too | 1 | no IPSEC-REPORT-MIB at 127.0.0.1:$PORT: either .* or the view of the community | -v2c -c uptime 127.0.0.1:$PORT
T

# what it prints over SNMPv3 is what it prints over SNMPv2c
both() { "$BUILD/ipsec_report" -all -json -- "$@" "127.0.0.1:$PORT" 2>/dev/null | sed -E 's/"[a-z_]*(age|left|time|expiry|rekey|reauthentication)":[^,}]*//g'; }
is "the same by v3" "$(both -v3 -u ops -l authPriv -a SHA-256 -A "$AUTH" -x AES -X "$PRIVACY" | md5sum)" \
    "$(both -v2c -c public | md5sum)"

# configured once, nothing need be said
mkdir "$WORK/etc"
cat >"$WORK/etc/ipsec_report.conf" <<CONF
agent 127.0.0.1:$PORT
[snmp] defVersion 3
[snmp] defSecurityName ops
[snmp] defSecurityLevel authPriv
[snmp] defAuthType SHA-256
[snmp] defAuthPassphrase $AUTH
[snmp] defPrivType AES
[snmp] defPrivPassphrase $PRIVACY
CONF
SNMPCONFPATH=$WORK/etc one "all from ipsec_report.conf" 0 '^SPI .hex.:' -sa ipsec

### It ends in the middle

relay drop 5
one "answers stop" 1 "127.0.0.1:$RELAY does not answer any more: what was printed is not all" \
    -sa ike -sa ipsec -tunnel -- -v2c -c public -t 0.3 -r 0 "127.0.0.1:$RELAY"
check "what had come is printed" grep -q '^Index: ' "$WORK/out"
end "$RELAYING"
relay drop 5
echo "the last good one" >"$WORK/report"
one "answers stop, with -file" 1 "127.0.0.1:$RELAY does not answer any more: what was printed is not all" \
    -file "$WORK/report" -sa -- -v2c -c public -t 0.3 -r 0 "127.0.0.1:$RELAY"
is "the last good report is there" "$(cat "$WORK/report")" "the last good one"
end "$RELAYING"
kill -STOP "$AGENT"
one "the agent hangs" 1 "snmpd at 127.0.0.1:$PORT gets no answer of ipsec-reportd: see whether that hangs" \
    -sa ipsec -- -v2c -c public -t 4 "127.0.0.1:$PORT"
kill -CONT "$AGENT"

### An agent of another age: an snmpd that serves one number of the module

MAIN=$PORT
PORT=$(free_port)
cat >"$WORK/old/snmpd.conf" <<CONF
agentAddress udp:127.0.0.1:$PORT
rocommunity public
override .$ROOT.1.1.2.0 unsigned 0
CONF
start_snmpd "$WORK/old"
one "an older MIB" 1 "ipsec-reportd at 127.0.0.1:$PORT serves revision 0 of IPSEC-REPORT-MIB, and 1 is needed: update it" \
    -sa ipsec -- -v2c -c public "127.0.0.1:$PORT"
PORT=$MAIN
end "$AGENT"
finish
