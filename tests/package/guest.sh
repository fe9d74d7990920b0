#!/bin/bash
# What package.sh runs on a clean Debian 12, where systemd is, and whose only network is its loopback.
# shellcheck source=/dev/null disable=SC2009,SC2016,SC2317
BUILD=/ . /proof/lib.sh
export HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin
WORK=/proof/work
mkdir $WORK
cd $WORK || exit 1

get() { apt-get install -y -qq --no-install-recommends "$@"; }
state() { systemctl is-active "$1.service"; }

# What everybody may see, but for clocks and counts of processes, and for the agent's entry in sysORTable
everybody_sees() {
    snmpbulkwalk -v2c -c public -On -r 1 -t 2 127.0.0.1 .1 2>&1 |
        grep -vE '^\.1\.3\.6\.1\.2\.1\.(1\.(3|8|9)\.|25\.1\.[1256]\.)'
}

snmpd_answers() { snmpget -v2c -c public -t 0.5 -r 0 127.0.0.1 .1.3.6.1.2.1.1.3.0; }
seen_again() { wait_until 10 'snmpd_answers >/dev/null 2>&1'; everybody_sees; }

# Every file, but for what running a machine and apt themselves write
files() {
    find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path /proof -o \
        -path /var/cache -o -path /var/log -o -path /var/tmp -o -path /var/lib/apt -o -path /var/lib/dpkg -o \
        -path /var/lib/snmp -o -path '/var/lib/systemd/*' \) -prune -o -print | sort
}

etc_as() { # COPY
    diff -r --no-dereference -x '*-' -x ld.so.cache -x .pwd.lock -x .updated -x mtab "$1" /etc
}

nobody() { setpriv --reuid nobody --regid nogroup --clear-groups ipsec_report "$@" -- -t 1 -r 0; }
# of each tunnel its name, its peer, its octets: all but how long ago
tunnels() { ipsec_report -summary | awk 'NR > 1 { print $1, $2, $3, $6, $7, $8, $9 }'; }
counters() { ipsec_report -summary -json | grep -oE '"octets_in":.*"ups":[0-9]+'; }
has_tunnel() { tunnels | grep -q .; }

wait_until 60 'systemctl is-active basic.target >/dev/null'
check "snmpd, as users have it" get snmpd snmp
check "snmpd serves" wait_until 20 'snmpd_answers >/dev/null 2>&1'
seen=$(everybody_sees)
check "it is something" test "$(wc -l <<<"$seen")" -gt 4
listening=$(ss -Hlntu | awk '{ print $1, $5 }' | sort)
cp -a /etc etc.clean
files >files.clean

### Installed

check "install" get /proof/packages/*.deb
is "the agent runs" "$(state ipsec-reportd)" active
is "as its own user, in snmpd's group" "$(ps -o user:20=,group:20= -C ipsec-reportd | grep -v '^root' |
    tr -s ' ' | sort -u)" "ipsec-report ipsec-report"
is "what it may" "$(grep -h CapEff "/proc/$(pgrep -u ipsec-report -x ipsec-reportd)/status" | cut -f 2)" 0000000000001000
is "the module is where Net-SNMP looks" "$(snmptranslate -M +/proof/mibs -m IPSEC-REPORT-MIB -On \
    IPSEC-REPORT-MIB::ipsecReportMIB 2>&1)" ".$ROOT"
for page in ipsec_report.1 ipsec-reportd.8 ipsec-reportd.conf.5 ipsec-report-setup.8; do
    check "manual page $page" test -e "/usr/share/man/man${page##*.}/$page.gz"
done
is "what everybody sees" "$(everybody_sees)" "$seen"
is "its folder is its own" "$(stat -c '%U %a' /var/lib/ipsec-report)" "ipsec-report 750"
is "it has nothing to complain of" "$(journalctl -q -o cat -u ipsec-reportd.service | grep -E 'cannot|damaged|denied')" ""
is "not set up: the command says what is wrong" "$(ipsec_report 2>&1 | grep -oE 'hides IPSEC-REPORT-MIB')" \
    "hides IPSEC-REPORT-MIB"
cp -a /etc etc.installed
check "debian/tests" sh /proof/installed
systemctl reset-failed snmpd.service # it is started more often here than systemd has patience for

### Set up

ip xfrm policy add src 10.1.0.0/24 dst 10.2.0.0/24 dir out \
    tmpl src 192.0.2.1 dst 192.0.2.2 proto esp reqid 7 mode tunnel
ipsec-report-setup --dry-run >dry
check "--dry-run changes nothing" etc_as etc.installed
check "set up" ipsec-report-setup --yes
check "root: a report" grep -q '^Tunnel Name: ' <(ipsec_report -tunnel)
nobody -tunnel >said 2>&1
is "nobody: none" "$? $(grep -c '^Tunnel Name: ' said)" "1 0"
is "what everybody sees, set up" "$(seen_again)" "$seen"
is "where is listened, set up" "$(ss -Hlntu | awk '{ print $1, $5 }' | sort)" "$listening"
is "a second time" "$(ipsec-report-setup --yes)" "There is nothing to change.
ipsec_report works."
systemctl restart snmpd.service
check "snmpd restarted: the agent comes back" wait_until 20 'ipsec_report -collector >/dev/null 2>&1'
check "undo" ipsec-report-setup --undo --yes
check "undo: all of /etc as before" etc_as etc.installed
is "undo: what everybody sees" "$(seen_again)" "$seen"
is "undo: the agent runs, as before" "$(state ipsec-reportd)" active

### Upgraded

# now where setup has to change snmpd.conf itself
sed -i '/^includeDir/d' /etc/snmp/snmpd.conf
truncate -s -1 /etc/snmp/snmpd.conf
cp -p /etc/snmp/snmpd.conf etc.clean/snmp/
check "set up again, without includeDir" ipsec-report-setup --yes
check "that changed snmpd.conf" grep -q '^includeFile' /etc/snmp/snmpd.conf
# a tunnel of an earlier run: no daemon runs here that would make one
systemctl stop ipsec-reportd.service
install -o ipsec-report -g ipsec-report -m 600 /proof/state /var/lib/ipsec-report/state
systemctl start ipsec-reportd.service
check "there is a tunnel" wait_until 20 'has_tunnel 2>/dev/null'
before=$(tunnels) counted=$(counters)
is "its counters go on" "$counted" '"octets_in":1000,"octets_out":1001,"packets_in":1002,"packets_out":1003,"rekeys":1007,"ups":2'
echo '# a word of the administrator' >>/etc/snmp/ipsec-reportd.conf
agent=$(systemctl show -p MainPID --value ipsec-reportd.service)
check "upgrade" get /proof/newer/*.deb
is "upgrade: the version" "$(dpkg-query -W -f '${Version}' ipsec-report-agent | tail -c 2)" "+1"
check "upgrade: another agent" test "$(systemctl show -p MainPID --value ipsec-reportd.service)" != "$agent"
check "upgrade: it works" wait_until 20 'ipsec_report -collector >/dev/null 2>&1'
check "upgrade: the tunnel is known" wait_until 20 'has_tunnel 2>/dev/null'
is "upgrade: tunnels" "$(tunnels)" "$before"
is "upgrade: its counters" "$(counters)" "$counted"
is "upgrade: the configuration stays" "$(tail -n 1 /etc/snmp/ipsec-reportd.conf)" "# a word of the administrator"
is "upgrade: nothing to set up" "$(ipsec-report-setup --yes)" "There is nothing to change.
ipsec_report works."

### Removed, and purged

check "remove" apt-get remove -y -qq ipsec-report-agent
is "remove: the agent ended" "$(pgrep -x ipsec-reportd)" ""
check "remove: its state is kept" test -s /var/lib/ipsec-report/state
check "purge" apt-get purge -y -qq ipsec-report-agent ipsec-report
check "what was installed for them" apt-get autoremove -y -qq --purge
is "purge: files" "$(files | diff files.clean - | grep '^[<>]')" ""
check "purge: all of /etc as before" etc_as etc.clean
is "purge: the user" "$(getent passwd ipsec-report)" ""
is "purge: what everybody sees" "$(seen_again)" "$seen"
is "purge: snmpd runs" "$(state snmpd)" active

### What the RPM's are, where the libraries that they want have Debian's names

check "what the RPMs want" get rpm snmpd snmp libsnmp40 libmnl0 libcap-ng0 libjansson4 libauparse0
check "RPM: install" rpm --install --nodeps /proof/rpm/*.rpm
is "RPM: all of it is as it was packed" "$(rpm --verify --nodeps ipsec-report ipsec-report-agent)" ""
is "RPM: the agent waits for ipsec-report-setup" "$(state ipsec-reportd)" inactive
check "RPM: set up" ipsec-report-setup --yes
is "RPM: the agent runs" "$(state ipsec-reportd)" active
check "RPM: a report" grep -q '^Collector: xfrm' <(ipsec_report -collector)
check "RPM: erase" rpm --erase ipsec-report-agent ipsec-report
is "RPM: the agent ended" "$(pgrep -x ipsec-reportd)" ""
is "RPM: what is left of it" "$(find / -xdev -path /proc -prune -o -path /proof -prune -o -path /var/lib/rpm -prune -o \
    -name '*ipsec[-_]report*' -print)" ""
is "RPM: snmpd runs" "$(state snmpd)" active
finish
