#!/bin/bash
# What can go wrong: one clear sentence each on standard error, the right exit status, nothing lost.
# shellcheck source=/dev/null disable=SC2317,SC2016
. "$(dirname "$0")/../lib.sh"
begin

# fails WHAT STATUS PATTERN COMMAND...: exactly one line on stderr, which matches, and that status
fails() {
    local what=$1 want=$2 pattern=$3 status
    shift 3
    "$@" >"$WORK/out" 2>"$WORK/err" </dev/null
    status=$?
    is "$what: exit status" $status "$want"
    if [ "$(wc -l <"$WORK/err")" != 1 ]; then
        not_ok "$what: one sentence" "$(head -n 4 "$WORK/err" | tr '\n' '|')"
    elif ! grep -qiE "$pattern" "$WORK/err"; then
        not_ok "$what: a clear sentence" "$(cat "$WORK/err")"
    else
        ok "$what: $(cat "$WORK/err")"
    fi
}

report() { timeout 60 "$BUILD/ipsec_report" -sa ipsec "$@"; }
with_public=(-- -v2c -c public -t 1 -r 1)

agent() { timeout 10 "$BUILD/ipsec-reportd" -f -Le -C "$@"; }
as_nobody() { runuser -u nobody -- "$@"; }

# The tree may lie where nobody may go, such as root's home.
for_nobody() {
    [ -x "$WORK/bin/ipsec-reportd" ] || install -D -m 755 "$BUILD/ipsec-reportd" "$WORK/bin/ipsec-reportd"
    echo "$WORK/bin/ipsec-reportd"
}

### Configuration and options of the agent

fails "configuration that is not there" 1 "$WORK/none.conf" agent -t -c "$WORK/none.conf"
echo "redumpInterval 5" >"$WORK/secret.conf"
chmod 600 "$WORK/secret.conf"
fails "configuration that it may not read" 1 "$WORK/secret.conf" \
    as_nobody timeout 10 "$(for_nobody)" -f -Le -C -t -c "$WORK/secret.conf"
printf 'redumpInterval 5\nnoSuchToken 1\n' >"$WORK/bad.conf"
fails "unknown token" 1 "$WORK/bad.conf.*2.*noSuchToken" agent -t -c "$WORK/bad.conf"
printf 'redumpInterval soon\n' >"$WORK/bad.conf"
fails "token with a wrong value" 1 "$WORK/bad.conf.*1.*redumpInterval" agent -t -c "$WORK/bad.conf"
check "-t with a good configuration" agent -t -c "$WORK/secret.conf"

usage() { # WHAT COMMAND...: unknown option, named in the first line; usage may follow
    local what=$1
    shift
    "$@" >"$WORK/out" 2>"$WORK/err" </dev/null
    is "$what: exit status" $? 1
    check "$what: named" grep -q -- "no-such-option" <(head -n 1 "$WORK/err")
    is "$what: nothing on standard output" "$(cat "$WORK/out")" ""
}
usage "unknown option of the agent" timeout 10 "$BUILD/ipsec-reportd" --no-such-option
usage "unknown option of the command" timeout 10 "$BUILD/ipsec_report" -no-such-option

### What the command may meet

PORT=$(free_port)
fails "nothing listens" 1 "127.0.0.1:$PORT" report "${with_public[@]}" "127.0.0.1:$PORT"
is "nothing listens: nothing printed" "$(cat "$WORK/out")" ""

mkdir "$WORK/plain"
start_snmpd "$WORK/plain"
fails "agent not registered" 1 "not registered|ipsec-reportd" \
    report "${with_public[@]}" "127.0.0.1:$PORT"
fails "wrong community" 1 "127.0.0.1:$PORT" report -- -v2c -c wrong -t 1 -r 0 "127.0.0.1:$PORT"
end "$SNMPD"

for n in 1 2 3; do
    ip xfrm state add src 192.0.2.1 dst 192.0.2.1$n proto esp spi 0x100$n mode tunnel \
        enc 'cbc(aes)' 0x000102030405060708090a0b0c0d0e0f
done
mkdir "$WORK/hidden"
cat >"$WORK/hidden/snmpd.conf" <<X
agentAddress udp:127.0.0.1:$PORT
view most included .1
view most excluded .$ROOT
rocommunity public default -V most
createUser alice SHA "right password"
rouser alice auth
master agentx
agentXSocket unix:$WORK/hidden/agentx
X
start_snmpd "$WORK/hidden"
start_agent "$WORK/hidden"
v3() {
    report -- -v3 -u alice -l authNoPriv -a SHA -A "$1" -t 5 "127.0.0.1:$PORT"
}
check "SNMPv3 with the right password" wait_until 30 'v3 "right password" 2>/dev/null | grep -q SPI'
fails "hidden by the view" 1 "view" report "${with_public[@]}" "127.0.0.1:$PORT"
fails "wrong password" 1 "authentic|password|credential|authori" v3 "wrong password"
fails "unknown user" 1 "user|authori|credential" \
    report -- -v3 -u bob -l authNoPriv -a SHA -A "right password" -t 5 "127.0.0.1:$PORT"
end_both

### -file on a full disk

mkdir "$WORK/file" "$WORK/mnt"
start_both "$WORK/file"
mount -t tmpfs -o size=8k tmpfs "$WORK/mnt"
echo "the last good report" >"$WORK/mnt/report"
head -c 4096 /dev/zero >"$WORK/mnt/rest"
fails "disk full" 1 "$WORK/mnt/report.*(space|full)" \
    report -file "$WORK/mnt/report" "${with_public[@]}" "127.0.0.1:$PORT"
is "disk full: the last report is there" "$(cat "$WORK/mnt/report")" "the last good report"
is "disk full: nothing else is left" "$(find "$WORK/mnt" -type f | wc -l)" 2
fails "-file in a folder that is not there" 1 "$WORK/none/report" \
    report -file "$WORK/none/report" "${with_public[@]}" "127.0.0.1:$PORT"
umount "$WORK/mnt"
end_both

### An agent that cannot have what it needs: it says so once, and serves the rest

crippled() { # WHAT PATTERN DIR: the agent runs, and the collector's row says why it has nothing
    local state
    check "$1: the collector's row is served" wait_until 30 '[ -n "$(collector 2)" ]'
    wait_until 10 '[ "$(collector 2)" != 7 ]'
    state=$(collector 2)
    check "$1: collector down or unsupported (state $state)" grep -qxE '3|5' <<<"$state"
    check "$1: it has a last error" grep -q '^[0-9A-F]' <<<"$(collector 13)"
    check "$1: the agent runs on" running "$AGENT"
    is "$1: one line of the log says so" \
        "$(grep -v ' started$' "$WORK/$3/agent.log" | grep -ciE "$2")" 1
}

mkdir "$WORK/nobody"
chmod 777 "$WORK/nobody"
start_snmpd "$WORK/nobody"
: >"$WORK/nobody/agent.conf"
SNMP_PERSISTENT_DIR=$WORK/nobody STATE_DIRECTORY=$WORK/nobody LOGS_DIRECTORY=$WORK/nobody \
    setpriv --reuid nobody --regid nogroup --clear-groups \
    "$(for_nobody)" -f -Le -C -c "$WORK/nobody/agent.conf" -x "unix:$WORK/nobody/agentx" \
    >"$WORK/nobody/agent.log" 2>&1 &
AGENT=$!
started+=("$AGENT")
crippled "not root" "permi|CAP_NET_ADMIN" nobody
end_both

ip xfrm state flush
ip xfrm policy flush
if [ "${LAB_KIND:-}" = qemu ] && modprobe -r xfrm_user 2>/dev/null; then
    echo "install xfrm_user /bin/false" >/etc/modprobe.d/no-xfrm.conf
    mkdir "$WORK/noxfrm"
    start_snmpd "$WORK/noxfrm"
    start_agent "$WORK/noxfrm"
    crippled "no XFRM in the kernel" "xfrm|ipsec" noxfrm
    end_both
    rm /etc/modprobe.d/no-xfrm.conf
else
    echo "# no XFRM in the kernel: only in a guest whose module can be removed"
fi
finish
