#!/bin/bash
# What doc/monitoring.md says is tried as it is written there: each block that it tells to put somewhere goes to the
# program that is to read it. In a network namespace with the addresses of the text. NEWER is the unpacked package
# of a newer exporter.
# shellcheck source=/dev/null disable=SC2317,SC2016,SC2034
. "$(dirname "$0")/../lib.sh"
if [ -z "${OWN_NAMESPACE:-}" ]; then
    OWN_NAMESPACE=1 exec unshare -n --pid --fork --kill-child --mount-proc "$0" "$@" # nothing outlives it
fi
. "$TESTS/nms/lib.sh"
begin
ip link set lo up
ip addr add 192.0.2.1/32 dev lo
ip addr add 192.0.2.9/32 dev lo
TEXT=$TESTS/../doc/monitoring.md
block() { awk -v mark="<!-- $1 -->" '$0 == mark { on = 1; next } on && /^```/ { if (in_it) exit; in_it = 1; next } in_it' "$TEXT"; }
for name in snmpd prometheus snmptrapd nagios icinga; do
    check "there is a block $name" test -n "$(block $name)"
done

### The gateway: Debian's own configuration, the snippet, and the documented file

PORT=161
recording "$WORK/up"
mkdir -p "$WORK/a/snmpd.conf.d"
sed "s|/etc/snmp/snmpd.conf.d|$WORK/a/snmpd.conf.d|" /etc/snmp/snmpd.conf >"$WORK/a/snmpd.conf"
printf 'agentXSocket unix:%s\n' "$WORK/a/agentx" >>"$WORK/a/snmpd.conf"
sed "s/@MIB_ROOT_OID@/$ROOT/" "$TESTS/../etc/snmpd.conf.d/ipsec-report.conf.in" >"$WORK/a/snmpd.conf.d/ipsec-report.conf"
block snmpd >"$WORK/a/snmpd.conf.d/monitoring.conf"
start_snmpd "$WORK/a"
start_agent "$WORK/a" --replay "$WORK/up"
NAMES=.$ROOT.1.12.1.4
ask() { snmpwalk -r 1 -t 2 -On "$@" "$NAMES" 2>&1 | grep -c STRING; }
V3=(-v3 -l authPriv -u monitor -a SHA-256 -A "authentication passphrase" -x AES -X "privacy passphrase")
check "SNMPv2c from the documented address" wait_until 20 \
    '[ "$(ask -v2c -c a-secret --clientaddr=192.0.2.9 192.0.2.1)" -ge 9 ]'
is "SNMPv3" "$(ask "${V3[@]}" 192.0.2.1)" "$(ask -v2c -c a-secret --clientaddr=192.0.2.9 192.0.2.1)"
is "from another address" "$(ask -v2c -c a-secret --clientaddr=192.0.2.1 192.0.2.1)" 0
is "check_snmp with SNMPv3" "$(/usr/lib/nagios/plugins/check_snmp -H 192.0.2.1 -P 3 -L authPriv -U monitor -a SHA-256 \
    -A "authentication passphrase" -x AES -X "privacy passphrase" -o "$ROOT.1.2.14.0" -c 0 | cut -d' ' -f1-5)" \
    "SNMP CRITICAL - *1* |"
index=$(snmpwalk -v2c -c public -On 127.0.0.1 "$NAMES" | sed -n 's/^\(.*\) = STRING: "gw-gw\/net-net"$/\1/p')
is "the index that snmpwalk shows behind the name's own" "${index#"$NAMES".}" \
    5.103.119.45.103.119.7.110.101.116.45.110.101.116.1

### Prometheus

cat /etc/prometheus/snmp.yml "$NMS/prometheus/snmp-0.21.yml" >"$WORK/snmp.yml"
prometheus-snmp-exporter --config.file="$WORK/snmp.yml" --web.listen-address=127.0.0.1:9116 2>"$WORK/exporter.log" &
started+=("$!")
check "the exporter takes its own and ours" wait_until 20 'curl -sf http://127.0.0.1:9116/ >/dev/null'
"$NEWER/usr/bin/prometheus-snmp-exporter" --config.file="$NEWER/etc/prometheus/snmp.yml" \
    --config.file="$NMS/prometheus/snmp.yml" --web.listen-address=127.0.0.1:9117 2>"$WORK/newer.log" &
started+=("$!")
check "a newer one takes two files" wait_until 20 'curl -sf http://127.0.0.1:9117/ >/dev/null'
block prometheus | sed "s|/etc/prometheus/ipsec.yml|$NMS/prometheus/alerts.yml|" >"$WORK/prometheus.yml"
check "promtool takes the job" promtool check config "$WORK/prometheus.yml"
sed -i 's/60s/2s/' "$WORK/prometheus.yml"
ip addr add 192.0.2.2/32 dev lo
# the exporter's own address must be let in, as the text's 192.0.2.9 is
sed -i 's/ 192.0.2.9 / 192.0.2.0\/24 /; s/a-secret/public/' "$WORK/a/snmpd.conf.d/monitoring.conf"
kill -HUP "$SNMPD"
prometheus --config.file="$WORK/prometheus.yml" --storage.tsdb.path="$WORK/tsdb" \
    --web.listen-address=127.0.0.1:9090 2>"$WORK/prometheus.log" &
started+=("$!")
lines() {
    curl -sf http://localhost:9090/api/v1/query --data-urlencode "query=rate(ipsrTunnelOctetsIn[5m]) * 8" |
        "$PYTHON" -c 'import json, sys; print(len(json.load(sys.stdin)["data"]["result"]))'
}
check "the documented query draws a line for each tunnel" wait_until 60 '[ "$(lines)" -ge 9 ]'

### Nagios, Icinga, snmptrapd

cp "$NMS/nagios/ipsec-report.cfg" "$WORK/ipsec-report.cfg"
block nagios >"$WORK/gateway.cfg"
mkdir -p "$WORK/conf.d" "$WORK/spool/checkresults" "$WORK/rw" && mv "$WORK/ipsec-report.cfg" "$WORK/gateway.cfg" "$WORK/conf.d/"
sed "s|/etc/nagios4/conf.d|$WORK/conf.d|; s|^log_file=.*|log_file=$WORK/nagios.log|; s|/var/lib/nagios4|$WORK|" \
    /etc/nagios4/nagios.cfg >"$WORK/nagios.cfg"
chown -R nagios "$WORK/spool" "$WORK/rw"
nagios4 -v "$WORK/nagios.cfg" >"$WORK/nagios.said" 2>&1
is "nagios4 -v with Debian's configuration and the documented host" \
    "$(grep -E '^(Total )?Errors?' "$WORK/nagios.said" | tr -s ' ')" "Total Errors: 0"
mkdir "$WORK/icinga"
cat >"$WORK/icinga/icinga2.conf" <<X
const NodeName = "test"
const ZoneName = "test"
const PluginDir = "/usr/lib/nagios/plugins"
include <itl>
include <plugins>
include "/etc/icinga2/conf.d/templates.conf"
include "/etc/icinga2/conf.d/commands.conf"
include "$NMS/icinga2/ipsec-report.conf"
include "$WORK/icinga/gateway.conf"
X
block icinga >"$WORK/icinga/gateway.conf"
ICINGA2_USER=root ICINGA2_GROUP=root icinga2 daemon -C -c "$WORK/icinga/icinga2.conf" -D "CacheDir=$WORK/icinga" \
    -D "DataDir=$WORK/icinga" -D "InitRunDir=$WORK/icinga" >"$WORK/icinga.said" 2>&1
is "icinga2 daemon -C with Debian's templates and the documented host" \
    "$? $(grep -oE 'Instantiated [0-9]+ Services' "$WORK/icinga.said")" "0 Instantiated 10 Services"

block snmptrapd | sed "s|/usr/share/ipsec-report/nms|$NMS|; s|/var/log/snmptrap.log|$WORK/traps|" >"$WORK/snmptrapd.conf"
SNMP_PERSISTENT_DIR=$WORK/a/persistent snmptrapd -f -C -c "$WORK/snmptrapd.conf" -On -Lf "$WORK/snmptrapd.log" \
    udp:127.0.0.1:162 &
started+=("$!")
check "snmptrapd listens" wait_until 10 '[ -n "$(ss -aunH "sport = :162")" ]'
snmptrap -v2c -c a-secret 127.0.0.1 '' ".$ROOT.0.5" ".$ROOT.1.20.31.0" s 'a tunnel is down'
check "a notification is handed on" wait_until 10 'grep -q "a tunnel is down" "$WORK/traps"'
is "with its address" "$(sed -n 's/.*ZBXTRAP //p' "$WORK/traps")" 127.0.0.1
finish
