#!/bin/bash
# make install lays everything where it belongs, the installed programs run, and make uninstall takes all
# of it away again. BUILD is a configured build.
# shellcheck source=/dev/null disable=SC2317,SC2016
. "$(dirname "$0")/lib.sh"
begin
root=$WORK/root
source=$TESTS/..

mkdir "$WORK/build"
cd "$WORK/build" || exit 1
check "configure as a package does" "$source/configure" --quiet --prefix=/usr --sysconfdir=/etc \
    --with-systemdsystemunitdir=/lib/systemd/system
check "make" make -s -j "$(nproc)"
check "make install" make -s install DESTDIR="$root"

wanted="/etc/snmp/ipsec-reportd.conf
/lib/systemd/system/ipsec-reportd.service
/usr/bin/ipsec_report
/usr/lib/sysusers.d/ipsec-report.conf
/usr/sbin/ipsec-report-setup
/usr/sbin/ipsec-reportd
/usr/share/bash-completion/completions/ipsec_report
/usr/share/ipsec-report/ipsec_report.schema.json
$(cd "$source/etc/nms" && find . -type f ! -path './generate/*' | sed 's|^\.|/usr/share/ipsec-report/nms|' | sort)
/usr/share/man/man1/ipsec_report.1
/usr/share/man/man5/ipsec-reportd.conf.5
/usr/share/man/man8/ipsec-report-setup.8
/usr/share/man/man8/ipsec-reportd.8
/usr/share/snmp/mibs/IPSEC-REPORT-MIB.txt
/usr/share/zsh/site-functions/_ipsec_report"
laid=$(cd "$root" && find . ! -type d | sed 's/^\.//' | sort)
is "files outside of /usr/share/doc" "$(grep -v '^/usr/share/doc/' <<<"$laid")" "$wanted"
for file in README.md NEWS.md LICENSE monitoring.md images/zabbix-7.0.png examples/ipsec-report.conf; do
    check "/usr/share/doc has $file" test -s "$root/usr/share/doc/ipsec-report/$file"
done
for program in usr/sbin/ipsec-reportd usr/sbin/ipsec-report-setup usr/bin/ipsec_report; do
    check "/$program is a program" test -x "$root/$program"
done
is "other programs" "$(cd "$root" && find . -type f -perm /111 ! -path '*bin/*' | sort)" \
    "./usr/share/ipsec-report/nms/nagios/trap-handler
./usr/share/ipsec-report/nms/zabbix/trap-handler"
check "ipsec-reportd -v" "$root/usr/sbin/ipsec-reportd" -v
check "ipsec_report -version" "$root/usr/bin/ipsec_report" -version
is "both have one version" "$("$root/usr/sbin/ipsec-reportd" -v | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' |
    head -n 1)" "$("$root/usr/bin/ipsec_report" -version | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -n 1)"
check "the unit starts the installed agent" \
    grep -q '^ExecStart=/usr/sbin/ipsec-reportd' "$root/lib/systemd/system/ipsec-reportd.service"
check "the configuration that is installed is in order" \
    "$root/usr/sbin/ipsec-reportd" -t -Le -C -c "$root/etc/snmp/ipsec-reportd.conf"
strip "$root/usr/sbin/ipsec-reportd" "$root/usr/bin/ipsec_report" # debuggers may know it
is "nothing knows where it was built" "$(grep -rlF -- "$WORK" "$root" | head -n 3)" ""

check "make uninstall" make -s uninstall DESTDIR="$root"
is "nothing is left" "$(find "$root" ! -type d)" ""

# Another root for the module: text, agent and command move.
check "configure with another root" "$source/configure" --quiet --with-mib-root=1.3.6.1.4.1.99999.7
check "make with another root" make -s -j "$(nproc)"
check "make install with another root" make -s install DESTDIR="$WORK/moved"
is "files for monitoring systems are moved" \
    "$(grep -rlE '8072\.9999' "$WORK/moved/usr/local/share/ipsec-report/nms")" ""
check "and have its numbers" grep -q '1\.3\.6\.1\.4\.1\.99999\.7\.1\.12' \
    "$WORK/moved/usr/local/share/ipsec-report/nms/prometheus/snmp.yml"
cp -r "$TESTS/mibs" "$WORK/mibs"
cp installed/IPSEC-REPORT-MIB.txt "$WORK/mibs/"
is "the module's root" "$(snmptranslate -M "$WORK/mibs" -m IPSEC-REPORT-MIB -On \
    IPSEC-REPORT-MIB::ipsecReportMIB)" .1.3.6.1.4.1.99999.7
mkdir "$WORK/replay" "$WORK/run"
cp "$TESTS"/data/netlink-manual/{state,sadinfo}.bin "$WORK/replay/"
BUILD=$WORK/build
export COLLECTOR=.1.3.6.1.4.1.99999.7.1.3.1 # where lib.sh looks
start_both "$WORK/run" --replay "$WORK/replay"
"$BUILD/ipsec_report" -sa ipsec -- -v2c -c public "127.0.0.1:$PORT" >"$WORK/report"
# all but the implicit one of IPComp
is "the report with another root: SAs" "$(grep -c '^Sequence number:' "$WORK/report")" 13
end_both
finish
