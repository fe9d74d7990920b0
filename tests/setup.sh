#!/bin/bash
# ipsec-report-setup with a real snmpd, as administrators have it: Debian's configuration, others, and what is
# in the way. After each: it works for root and for nobody else, snmpd serves and listens as before, and
# --undo leaves every file as it was. In namespaces of its own, with folders of its own in place of
# /etc/snmp and the like. BUILD is a build; systemctl is played by a script.
# shellcheck source=/dev/null disable=SC2317,SC2016
. "$(dirname "$0")/lib.sh"
if [ -z "${OWN_NAMESPACE:-}" ]; then
    OWN_NAMESPACE=1 exec unshare -mnp --fork --kill-child --mount-proc "$0" "$@"
fi
begin
source=$TESTS/..
SETUP=$WORK/ipsec-report-setup
OURS=/etc/snmp/snmpd.conf.d/ipsec-report-setup.conf

# Nothing below may touch this machine's own: no step without its mount.
install -d /var/agentx /etc/snmp /var/lib/snmp
for folder in /etc/snmp /var/lib/snmp /var/agentx /run; do
    mount -t tmpfs -o mode=755 none "$folder" || exit 1
done
# a user as the package makes it, which this machine need not have
grep -v '^ipsec-report:' /etc/passwd >"$WORK/passwd"
grep -vE '^(ipsec-report|readers):' /etc/group >"$WORK/group"
echo 'ipsec-report:x:59990:59990::/:/bin/false' >>"$WORK/passwd"
printf 'ipsec-report:x:59990:\nreaders:x:59991:\n' >>"$WORK/group"
mount --bind "$WORK/passwd" /etc/passwd && mount --bind "$WORK/group" /etc/group || exit 1
ip link set lo up
device lan0
ip addr add 192.0.2.1/24 dev lan0
ip addr add 2001:db8::1/64 dev lan0 nodad
ip link set lan0 up

sed -e "s|@bindir@|$BUILD|; s|@sbindir@|$BUILD|; s|@sysconfdir@|/etc|; s|@MIB_ROOT_OID@|$ROOT|
    s|@SNMP_GROUP@|Debian-snmp|" "$source/etc/ipsec-report-setup.in" >"$SETUP"
chmod +x "$SETUP"

# systemctl, for setup: starts what the units start, but for the sandbox
mkdir "$WORK/bin" "$WORK/services"
install -d -o ipsec-report "$WORK/state"
cat >"$WORK/bin/systemctl" <<'X'
#!/bin/bash
echo "$*" >>"$WORK/systemctl.log"
verb=$1 now=''
shift
[ "${1:-}" != --now ] || { now=yes && shift; }
name=${1%.service}
pid=$WORK/services/$name.pid enabled=$WORK/services/$name.enabled

active() { [ -e "$pid" ] && [ -d "/proc/$(cat "$pid")" ] && ! grep -qs '^State:.*Z' "/proc/$(cat "$pid")/status"; }

stop() {
    active || return 0
    kill "$(cat "$pid")"
    while active; do sleep 0.02; done
}

start() {
    local program log=$WORK/$name.log
    case $name in
    snmpd)
        [ ! -e "$WORK/broken" ] || return 1
        program=(/usr/sbin/snmpd -f -u Debian-snmp -g Debian-snmp -I '-smux,mteTrigger,mteTriggerConf')
        ;;
    ipsec-reportd) program=("$BUILD/ipsec-reportd" -f -u ipsec-report -g Debian-snmp) ;;
    esac
    : >"$log"
    STATE_DIRECTORY="$WORK/state" setsid "${program[@]}" -Lf "$log" >/dev/null 2>&1 </dev/null &
    echo $! >"$pid"
    until grep -qE 'NET-SNMP version|started' "$log"; do
        active || return 1
        sleep 0.02
    done
}

case $verb in
is-active) if active; then echo active; else echo inactive; fi ;;
is-enabled) if [ -e "$enabled" ]; then echo enabled; else echo disabled; fi ;;
enable)
    : >"$enabled"
    [ -z "$now" ] || active || start
    ;;
disable)
    rm -f "$enabled"
    [ -z "$now" ] || stop
    ;;
start) active || start ;;
stop) stop ;;
restart) stop && start ;;
try-restart) if active; then stop && start; fi ;;
esac
X
chmod +x "$WORK/bin/systemctl"
export WORK BUILD PATH="$WORK/bin:$PATH"

# What Debian's snmpd.conf comes to
debian() {
    cat <<'X'
sysLocation    Sitting on the Dock of the Bay
master  agentx
agentaddress  127.0.0.1,[::1]
view   systemonly  included   .1.3.6.1.2.1.1
view   systemonly  included   .1.3.6.1.2.1.25.1
rocommunity  public default -V systemonly
rocommunity6 public default -V systemonly
rouser authPrivUser authpriv -V systemonly

includeDir /etc/snmp/snmpd.conf.d
X
}

without() { debian | grep -vE "$1"; } # PATTERN
with() { debian && printf '%s\n' "$@"; }
listens() { without '^agentaddress' && echo "agentaddress $1"; } # WHERE

# fresh [COMMAND...]: nothing runs, and snmpd.conf is what COMMAND prints
fresh() {
    systemctl disable --now ipsec-reportd.service
    systemctl stop snmpd.service
    for folder in /etc/snmp /var/lib/snmp /var/agentx; do
        mountpoint -q "$folder" || exit 1
        find "$folder" -mindepth 1 -delete
    done
    rm -f "$WORK/broken"
    chown Debian-snmp /var/lib/snmp
    chmod 700 /var/agentx
    mkdir -p /etc/snmp/snmpd.conf.d /run/systemd/system
    "$@" >/etc/snmp/snmpd.conf
    chown root:Debian-snmp /etc/snmp/snmpd.conf
    chmod 640 /etc/snmp/snmpd.conf
}

# run_with COMMAND...: the same, and snmpd runs
run_with() { fresh "$@" && systemctl start snmpd.service; }

modes() { (cd /etc/snmp && find . -printf '%p %M %u %g\n' | sort); }

save() {
    rm -rf "$WORK/before"
    cp -a /etc/snmp "$WORK/before"
    modes >"$WORK/before.modes"
}

as_before() { diff -r "$WORK/before" /etc/snmp && modes | diff "$WORK/before.modes" -; }

# What everybody may see, but for clocks, and for the agent's own entries: in sysORTable and as a process
everybody_sees() {
    snmpbulkwalk -v2c -c public -On -r 0 -t 0.5 "${PUBLIC:-127.0.0.1}" .1 2>&1 |
        grep -vE '^\.1\.3\.6\.1\.2\.1\.(1\.(3|8|9)\.|25\.1\.[1256]\.)'
}

listening() { ss -Hlntu | awk '{ print $1, $5 }' | sort; }
as_root() { "$BUILD/ipsec_report" -collector 2>&1; }
# nobody may not be let into the folder of the build
as_other() { # GROUP...
    cp "$BUILD/ipsec_report" "$WORK/bin/" &&
        setpriv --reuid nobody --regid nogroup "$@" "$WORK/bin/ipsec_report" -collector -- -t 1 -r 0 2>&1
}

works_for_root() {
    if as_root | grep -q '^Collector: xfrm'; then
        ok "$1: works for root"
    else
        not_ok "$1: works for root" "$(as_root | head -n 1)"
    fi
}

not_for_nobody() { # WHAT [WHY]
    if as_other --clear-groups >"$WORK/nobody"; then
        not_ok "$1: not for nobody" "it does"
    elif [ -z "${2:-}" ] || grep -qF "$2" "$WORK/nobody"; then
        ok "$1: not for nobody"
    else
        not_ok "$1: not for nobody" "$(head -n 1 "$WORK/nobody")"
    fi
}

# whole WHAT ARGS...: setup with ARGS, twice, and back
whole() {
    local what=$1 seen ports
    shift
    save
    seen=$(everybody_sees) ports=$(listening)
    check "$what: set up" "$SETUP" --yes "$@"
    works_for_root "$what"
    not_for_nobody "$what"
    is "$what: what everybody sees" "$(everybody_sees)" "$seen"
    is "$what: where it listens" "$(listening)" "$ports"
    : >"$WORK/systemctl.log"
    is "$what: a second time" "$("$SETUP" --yes "$@")" "There is nothing to change.
ipsec_report works."
    is "$what: no service is touched then" "$(grep -v '^is-' "$WORK/systemctl.log")" ""
    check "$what: undo" "$SETUP" --undo --yes
    check "$what: all files as before" as_before
    is "$what: what everybody sees in the end" "$(everybody_sees)" "$seen"
}

# refused WHAT WORDS ARGS...: exit status 1, a sentence with WORDS, nothing changed
refused() {
    local what=$1 words=$2 output status
    shift 2
    save
    output=$("$SETUP" "$@" 2>&1 </dev/null)
    status=$?
    is "$what: exit status" "$status" 1
    if grep -qF -- "$words" <<<"$output"; then
        ok "$what: is said"
    else
        not_ok "$what: is said" "$(tail -n 1 <<<"$output")"
    fi
    check "$what: no file changed" as_before
}

### Debian's own

run_with debian
save
"$SETUP" --dry-run >"$WORK/dry"
check "dry run: no file changed" as_before
check "dry run: shows what is to be done" grep -qx 'then: systemctl restart snmpd.service' "$WORK/dry"
is "dry run: no service is touched" "$(grep -v '^is-' "$WORK/systemctl.log" | tail -n 1)" "start snmpd.service"
mode=$(stat -c %a /var/agentx)
whole "Debian's"
is "the agent is as before" "$(systemctl is-active ipsec-reportd) $(systemctl is-enabled ipsec-reportd)" \
    "inactive disabled"
is "the socket's folder is as before" "$(stat -c %a /var/agentx)" "$mode"
is "its secret is not shown" "$("$SETUP" --yes | grep -cE '[0-9a-f]{36}')" 0
is "its secret is root's and snmpd's" "$(stat -c '%a %U %G' $OURS /etc/snmp/ipsec_report.conf | tr '\n' ' ')" \
    "640 root Debian-snmp 600 root root "
secret=$(sed -n 's/^community //p' /etc/snmp/ipsec_report.conf)
is "its secret shows our view alone" "$(snmpget -v2c -c "$secret" -r 0 -t 1 -Oqv 127.0.0.1 .1.3.6.1.2.1.1.6.0 \
    .1.3.6.1.2.1.25.1.1.0 | tr -d '"' | cut -c 1-14)" 'Sitting on the
No Such Object'
"$SETUP" --undo --yes >"$WORK/undone"
"$SETUP" --yes >"$WORK/done"
is "each has a secret of its own" "$(grep -c "$secret" /etc/snmp/ipsec_report.conf)" 0

### As administrators have it

fresh without '^includeDir'
printf '[snmp]\ndefVersion 2c' >>/etc/snmp/snmpd.conf
rmdir /etc/snmp/snmpd.conf.d
systemctl start snmpd.service
whole "no includeDir, another section, no newline"

run_with listens udp:127.0.0.1:1161
PUBLIC=127.0.0.1:1161 whole "another port"
run_with without '^agentaddress'
whole "every address"
run_with listens 'udp6:[::1]:161'
PUBLIC='udp6:[::1]:161' whole "IPv6"
run_with listens 'udp6:[2001:db8::1]:161,udp:192.0.2.1:1162'
PUBLIC='udp6:[2001:db8::1]:161' whole "addresses of the network alone"
run_with listens tcp:161
PUBLIC=tcp:127.0.0.1:161 whole "TCP"
run_with without '^(master|rocommunity)'
whole "neither a master nor a community"
run_with with 'agentXPerms 0777 0777'
whole "a socket that is open"
run_with with "agentXSocket unix:/run/elsewhere/master"
whole "a socket elsewhere"

run_with debian
printf 'defVersion 3\ndefSecurityName ops\ndefSecurityLevel authPriv\ndefCommunity other\n' >/etc/snmp/snmp.conf
whole "a user in snmp.conf"

run_with debian
echo 'agent udp:127.0.0.1:161' >/etc/snmp/ipsec_report.conf
save
check "a command configured before: set up" "$SETUP" --yes --view systemonly
works_for_root "a command configured before, by the view"
is "a command configured before: no secret" "$(grep -c '^rocommunity' $OURS)" 0
"$SETUP" --undo --yes >"$WORK/undone"
check "a command configured before: all files as before" as_before

# Debian's postrm has the program in itself (debian/rules): the function of it that is called by a purge
run_with debian
save
sed -e "/^#SETUP#\$/{r $SETUP" -e 'd}' "$source/debian/ipsec-report-agent.postrm" | sed '/^if \[ "\$1" = purge/,$d' >"$WORK/postrm"
check "a purge: set up" "$SETUP" --yes
check "a purge: takes it back" sh -c '. "$1" && undo_setup' sh "$WORK/postrm"
check "a purge: all files as before" as_before

run_with debian
check "a group: set up" "$SETUP" --yes --group readers
check "a group: works for a member" as_other --groups readers
not_for_nobody "a group" "you may not read /etc/snmp/ipsec_report.conf (mode 0640, group readers): ask whoever"
# the agent runs, and has to come back by itself
check "a view, later" "$SETUP" --yes --group readers --view systemonly
check "a view: who sees it sees IPsec" "$BUILD/ipsec_report" -collector -- -v2c -c public 127.0.0.1

fresh debian
save
check "snmpd was not running: set up" "$SETUP" --yes
works_for_root "snmpd was not running"
"$SETUP" --undo --yes >"$WORK/undone"
is "snmpd was not running: nor does it now" "$(systemctl is-active snmpd.service)" inactive
check "snmpd was not running: all files as before" as_before

# an administrator may write below our block
run_with without '^includeDir'
"$SETUP" --yes >"$WORK/done"
printf 'sysContact root\n' >>/etc/snmp/snmpd.conf
"$SETUP" --undo --yes >"$WORK/undone"
is "what was added since stays" "$(cat /etc/snmp/snmpd.conf)" "$(without '^includeDir' && echo 'sysContact root')"

### What is in the way

fresh debian
refused "nobody to ask" "say --yes"
refused "an unknown word" "'--frobnicate'" --frobnicate
refused "no word behind" "--view needs a word" --view
refused "an unknown view" "no view nowhere; it has: systemonly" --yes --view nowhere
refused "an unknown group" "groupadd" --yes --group nowhere
refused "an address that is none" "TRANSPORT:HOST:PORT" --yes --agent 127.0.0.1
refused "no such configuration" "install snmpd" --yes --snmpd-conf /etc/snmp/other.conf
is "nothing to undo" "$("$SETUP" --undo --yes)" "There is nothing to change."

fresh with 'master off'
refused "no subagents wanted" "/etc/snmp/snmpd.conf:11 wants no subagents" --yes
fresh debian
echo 'agentXPerms 0660 0755 frr frr' >/etc/snmp/snmpd.conf.d/frr.conf
refused "the socket is another's" "/etc/snmp/snmpd.conf.d/frr.conf:1 keeps ipsec-reportd away" --yes
fresh listens unix:/run/snmpd
refused "neither UDP nor TCP" "add 127.0.0.1 to agentaddress" --yes
fresh with '# ipsec-report-setup: begin'
refused "half a block" "by hand" --undo --yes
fresh debian
touch "$WORK/broken"
refused "snmpd does not start" "all files are as before" --yes
fresh debian
rm -r /run/systemd
check "no systemd: set up" "$SETUP" --yes
check "no systemd: what is left to do is said" \
    grep -q 'restart snmpd, then start the agent' <("$SETUP" --yes --view systemonly)

systemctl stop ipsec-reportd.service
systemctl stop snmpd.service
finish
