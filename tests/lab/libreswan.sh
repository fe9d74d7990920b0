#!/bin/bash
# A pair of gateways with libreswan: the tables of the IKE daemon as its own command tells them, the kernel's
# SAs and policies in their connections' names; a daemon that is restarted, stands still, is killed.
# shellcheck source=/dev/null disable=SC2317,SC2016,SC2034,SC2153
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/libreswan_pair.sh"
begin
keep() { # what explains a failure
    local name
    cp -r "$WORK/differences" "$WORK/now" "$LABOUT" 2>/dev/null
    for name in moon sun; do cp "$PAIR/$name/pluto.log" "$LABOUT/libreswan-$name.log" 2>/dev/null; done
    cp "$WORK/agent.log" "$LABOUT/libreswan-agent.log" 2>/dev/null
}
trap 'keep; pair_end; end_all' EXIT

LIBRESWAN_ROW=9.108.105.98.114.101.115.119.97.110 # "libreswan" as an index
libreswan() { value "$COLLECTOR.$1.$LIBRESWAN_ROW"; }
libreswan_up() { [ "$(libreswan 2)" = 1 ]; }
last_error() { libreswan 13 | xxd -r -p; }
ike_column() { snmp bulkwalk -Cr50 ".$ROOT.1.7.1.$1" | sed -n 's/^[^=]* = [A-Za-z0-9-]*: //p'; }

# take FOLDER: what compare_libreswan.py reads
take() {
    local table
    mkdir -p "$1"
    whack moon --status >"$1/status" && whack moon --trafficstatus >"$1/traffic" &&
        ip xfrm state >"$1/state" && ip xfrm policy >"$1/policy" || return
    for table in 5 7 8 9 10; do snmp bulkwalk -Cr50 ".$ROOT.1.$table"; done | grep -v ' = No ' >"$1/walk"
}

same_as_daemon() {
    take "$WORK/now" && "$PYTHON" "$TESTS/lab/compare_libreswan.py" "$WORK/now"
}

soon_same_as_daemon() { # WHAT SECONDS
    local deadline=$((SECONDS + $2))
    until same_as_daemon >"$WORK/differences" 2>&1; do
        if [ "$SECONDS" -ge "$deadline" ]; then
            not_ok "$1" "$(tail -n 5 "$WORK/differences" | tr '\n' ' ')"
            return 1
        fi
    done
    ok "$1 ($(tail -n 1 "$WORK/differences"))"
}

if ! { pair_begin "$WORK/pair" && pluto_start sun; }; then
    not_ok "a pair of gateways" "see above"
    finish
fi
cat >"$WORK/whack" <<X
#!/bin/sh
exec /usr/libexec/ipsec/whack --rundir "$PAIR/moon/run" "\$@"
X
chmod 755 "$WORK/whack"

# not there, there but not running
cat >"$WORK/agent.conf" <<X
whackCommand $WORK/nothing
libreswanInterval 2
X
start_both "$WORK" -u nobody
check "libreswan is not installed: unsupported" wait_until 20 '[ "$(libreswan 2)" = 5 ]'
is "and it says so" "$(last_error)" "libreswan is not installed"
end_both
sed -i "s|^whackCommand .*|whackCommand $WORK/whack|" "$WORK/agent.conf"
mkdir -p "$PAIR/moon/run"
start_both "$WORK" -u nobody
check "pluto does not run: unsupported" wait_until 20 '[ "$(libreswan 2)" = 5 ]'
is "and it says that, too" "$(last_error)" "pluto does not run (libreswan's daemon)"
is "which is no failure" "$(libreswan 9)" 0

pluto_start moon
check "the collector sees it" wait_until 60 libreswan_up
is "the agent is not root" "$(ps -o user= -p "$AGENT")" nobody
check "nobody may not ask pluto" bash -c "! setpriv --reuid nobody --clear-groups '$WORK/whack' --status"
check "moon brings its tunnels up" pluto_up moon net legacy ah six
check "a road warrior comes" pluto_up sun warrior
ping -qc 3 -I 10.1.0.1 10.2.0.1 >/dev/null
soon_same_as_daemon "all columns as whack tells" 60
cp -r "$WORK/now" "$LABOUT/libreswan-settled" # what the comparer's own test is made of
is "every IKE SA is there" "$(ike_column 47 | wc -l)" 5
is "the version is told" "$(libreswan 14 | xxd -r -p | cut -d ' ' -f 1)" libreswan

# numbers begin anew
before=$(ike_column 47 | sort | tr '\n' ' ')
end "$MOON"
check "pluto's end is seen" wait_until 60 '[ "$(libreswan 2)" = 3 ]'
is "its rows stay" "$(ike_column 47 | sort | tr '\n' ' ')" "$before"
is "and say that they are old" "$(ike_column 50 | sort -u)" 2
pluto_start moon && check "it comes up again" pluto_up moon net legacy
soon_same_as_daemon "after the restart" 60

# it stands still
kill -STOP "$MOON"
late=0
for ((n = 0; n < 60; n++)); do
    snmpget -v2c -c public -t 1 -r 0 -Oqv "127.0.0.1:$PORT" "$COLLECTOR.2.$LIBRESWAN_ROW" >/dev/null 2>&1 ||
        late=$((late + 1))
    sleep 0.5
done
is "SNMP is answered while pluto stands still" "$late" 0
check "its rows say that they are old" wait_until 20 '[ "$(ike_column 50 | sort -u)" = 2 ]'
is "the collector says why" "$(last_error)" "pluto does not answer"
kill -CONT "$MOON"
check "it goes on" wait_until 60 libreswan_up
soon_same_as_daemon "after it went on" 60

# it is killed, and leaves SAs and policies behind
kill -KILL "$MOON"
check "that it was killed is seen" wait_until 60 '[ "$(libreswan 2)" = 3 ]'
is "the reason is told" "$(last_error)" "pluto does not run (libreswan's daemon)"
sas=$(ip xfrm state | grep -c '^src')
is "what it left in the kernel is still its own" "$(sa_column 80 2 | wc -l)" "$sas"
wait_until 30 '[ "$(pgrep -c -P "$AGENT")" = 1 ]'
is "no process is left" "$(pgrep -P "$(pgrep -P "$AGENT")" | wc -l)" 0
is "the agent still answers" "$(collector_up && echo yes)" yes
finish
