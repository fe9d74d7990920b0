#!/bin/bash
# The commands and services for Nagios and Icinga, and LibreNMS' sensors: real ones take them and run them, check_snmp and ipsec_report -check,
# beside a real snmpd with the agent on recordings; and Nagios sees a tunnel of the lab go and come back. In a network
# namespace of its own, where snmpd has its own port.
# shellcheck source=/dev/null disable=SC2317,SC2016,SC2034
. "$(dirname "$0")/../lib.sh"
if [ -z "${OWN_NAMESPACE:-}" ]; then
    OWN_NAMESPACE=1 exec unshare -n --pid --fork --kill-child --mount-proc "$0" "$@" # nothing outlives it
fi
. "$TESTS/nms/lib.sh"
begin
ip link set lo up
PORT=161
start_lab 20162 # where nobody listens
PLUGINS=/usr/lib/nagios/plugins
GOOD=5.103.119.45.103.119.7.110.101.116.45.110.101.116.1                # gw-gw/net-net
BAD=7.98.97.100.97.117.116.104.7.98.97.100.45.110.101.116.1             # badauth/bad-net

recording "$WORK/up"
mkdir "$WORK/a"
start_both "$WORK/a" --replay "$WORK/up"
check "tunnels are there" wait_until 20 '[ "$(value ".$ROOT.1.12.1.7.$BAD")" = 4 ]'
cp "${PLUGIN:-$BUILD/ipsec_report}" "$WORK/ipsec_report"

### LibreNMS: what its discovery finds is what it polls

"$PYTHON" "$TESTS/nms/walk_sensors.py" "$NMS/librenms/linux.yaml" "$TESTS/mibs:$TESTS/../mibs" "127.0.0.1:$PORT" \
    >"$WORK/sensors" 2>&1
is "LibreNMS: the sensors" $? 0
count "$WORK/sensors"

### Nagios

check "the lab is up" lab_is_up
[ -s "$LABOUT/kind" ] || finish # nothing of what follows can be
mkdir "$WORK/nagios" && sed "s|/usr/bin/ipsec_report|$WORK/ipsec_report|" "$NMS/nagios/ipsec-report.cfg" \
    >"$WORK/nagios/ipsec-report.cfg"
cat >"$WORK/nagios/gateway.cfg" <<X
define host {
    use             generic-host
    host_name       gateway
    address         127.0.0.1
    hostgroups      ipsec-gateways
    max_check_attempts 1
    contact_groups  admins
    _SNMP_OPTIONS   -P 2c -C public
    _IPSEC_OPTIONS  -v2c -c public
}
define service {
    use                  generic-service
    host_name            gateway
    service_description  one by name
    check_command        check_ipsec_report!-name 'gw-gw/*' -critical sources=100
}
define service {
    use                  generic-service
    host_name            gateway
    service_description  a tunnel that is up
    check_command        check_ipsec_snmp_tunnel!$GOOD
}
define service {
    use                  generic-service
    host_name            gateway
    service_description  a tunnel that is down
    check_command        check_ipsec_snmp_tunnel!$BAD
}
define service {
    use                  generic-service
    host_name            gateway
    service_description  a tunnel that is not there
    check_command        check_ipsec_snmp_tunnel!1.97.1.97.1
}
define host {
    use             generic-host
    host_name       moon
    address         127.0.0.1
    max_check_attempts 1
    contact_groups  admins
    _SNMP_OPTIONS   -P 2c -C public -p $LAB_PORT
    _IPSEC_OPTIONS  -v2c -c public --defaultPort=$LAB_PORT
}
define service {
    use                  generic-service
    host_name            moon
    service_description  lab, by its name
    check_command        check_ipsec_report!-name 'zurich/*'
}
define service {
    use                  generic-service
    host_name            moon
    service_description  lab, by check_snmp
    check_command        check_ipsec_snmp_tunnel!$(index_of zurich lan)
}
X
cat >"$WORK/nagios/nagios.cfg" <<X
log_file=$WORK/nagios/nagios.log
cfg_file=/etc/nagios4/objects/commands.cfg
cfg_file=/etc/nagios4/objects/contacts.cfg
cfg_file=/etc/nagios4/objects/timeperiods.cfg
cfg_file=/etc/nagios4/objects/templates.cfg
cfg_file=$WORK/nagios/ipsec-report.cfg
cfg_file=$WORK/nagios/gateway.cfg
resource_file=$WORK/nagios/resource.cfg
object_cache_file=$WORK/nagios/objects.cache
precached_object_file=$WORK/nagios/objects.precache
status_file=$WORK/nagios/status.dat
status_update_interval=1
state_retention_file=$WORK/nagios/retention.dat
retain_state_information=0
check_external_commands=0
command_file=$WORK/nagios/nagios.cmd
query_socket=$WORK/nagios/nagios.qh
lock_file=$WORK/nagios/nagios.pid
temp_file=$WORK/nagios/nagios.tmp
temp_path=$WORK/nagios
check_result_path=$WORK/nagios
nagios_user=nagios
nagios_group=nagios
interval_length=1
check_for_updates=0
enable_notifications=0
service_inter_check_delay_method=n
max_service_check_spread=1
use_syslog=0
illegal_macro_output_chars=\`~\$&|'"<>
X
echo "\$USER1\$=$PLUGINS" >"$WORK/nagios/resource.cfg"
chown -R nagios "$WORK/nagios"
nagios4 -v "$WORK/nagios/nagios.cfg" >"$WORK/nagios.said" 2>&1
is "nagios4 -v: status" $? 0
grep '^Warning' "$WORK/nagios.said" | sed 's/^/# /'
is "nagios4 -v: nothing is wrong" "$(grep -E '^Total (Warnings|Errors)' "$WORK/nagios.said" | tr -s ' ' | tr '\n' ' ')" \
    "Total Warnings: 0 Total Errors: 0 "
export NAGIOS_PLUGIN_STATE_DIRECTORY=$WORK/nagios
nagios4 "$WORK/nagios/nagios.cfg" >"$WORK/nagios.out" 2>&1 &
started+=("$!")
# results FILE: state, name and output of each service that was checked
results() {
    awk '/^servicestatus/ { d = c = s = o = "" }
        match($0, /^\t(service_description|has_been_checked|current_state|plugin_output)=/) {
            split($0, part, "="); value = substr($0, RLENGTH + 1)
            if ($0 ~ /service_description/) d = value
            if ($0 ~ /has_been_checked/) c = value
            if ($0 ~ /current_state/) s = value
            if ($0 ~ /plugin_output/ && $0 !~ /long_/) o = value }
        /^\t}/ && d { if (c == 1) print s, d ": " o; d = "" }' "$1" 2>/dev/null | sort
}
services=$(($(grep -c '^define service' "$WORK/nagios/ipsec-report.cfg") + 6))
check "Nagios has checked all services" wait_until 90 \
    '[ "$(results "$WORK/nagios/status.dat" | wc -l)" = "$services" ]'
# a rate is known from the second check on
check "and the rates" wait_until 60 '! results "$WORK/nagios/status.dat" | grep -qi "no previous data"'
results "$WORK/nagios/status.dat" | sed 's/^/# /'
found=$(results "$WORK/nagios/status.dat" | sed 's/:.*//')
wanted="0 a tunnel that is up
0 IKE authentication failures
0 IKE SAs
0 IKE SAs half open
0 IPsec agent
0 IPsec packets without an SA
0 IPsec source
0 IPsec tunnels up
0 lab, by check_snmp
0 lab, by its name
0 one by name
2 a tunnel that is down
2 IPsec
2 IPsec tunnels down
3 a tunnel that is not there"
is "Nagios: the states" "$(sort <<<"$found")" "$(sort <<<"$wanted")"

lab_is() { [ "$(results "$WORK/nagios/status.dat" | grep -c "^$1 lab, ")" = 2 ]; }
check "the peer of a tunnel in the lab is gone" order drop zurich
check "Nagios: it is critical, by either plugin" wait_until 60 'lab_is 2'
check "it is back" order raise zurich
check "Nagios: it is well again" wait_until 60 'lab_is 0'
check "the lab ends" order stop

### Icinga

mkdir -p "$WORK"/icinga/{log,cache,data,run,spool} && sed "s|/usr/bin/ipsec_report|$WORK/ipsec_report|" \
    "$NMS/icinga2/ipsec-report.conf" >"$WORK/icinga/ipsec-report.conf"
cat >"$WORK/icinga/icinga2.conf" <<X
const NodeName = "test"
const PluginDir = "$PLUGINS"
include <itl>
include <plugins>
object StatusDataWriter "status" {
  status_path = "$WORK/icinga/status.dat"
  objects_path = "$WORK/icinga/objects.cache"
  update_interval = 1s
}
object CheckerComponent "checker" { }
template Host "generic-host" { check_command = "dummy" }
template Service "generic-service" {
  max_check_attempts = 1
  check_interval = 5s
  retry_interval = 5s
}
object Host "gateway" {
  import "generic-host"
  address = "127.0.0.1"
  vars.ipsec = true
  vars.snmp_community = "public"
  vars.ipsec_snmp_options = [ "-v2c", "-c", "public" ]
  vars.ipsec_tunnels["one"] = { name = "gw-gw/*" }
  vars.ipsec_tunnel_states["gw-gw/net-net"] = "$GOOD"
  vars.ipsec_tunnel_states["badauth/bad-net"] = "$BAD"
  vars.ipsec_tunnel_states["not there"] = "1.97.1.97.1"
}
include "$WORK/icinga/ipsec-report.conf"
X
export ICINGA2_USER=root ICINGA2_GROUP=root
define=(-D "LogDir=$WORK/icinga/log" -D "CacheDir=$WORK/icinga/cache" -D "DataDir=$WORK/icinga/data"
    -D "InitRunDir=$WORK/icinga/run" -D "SpoolDir=$WORK/icinga/spool")
icinga2 daemon -C -c "$WORK/icinga/icinga2.conf" "${define[@]}" >"$WORK/icinga.said" 2>&1
is "icinga2 daemon -C" "$? $(grep -E '^\[.*(critical|warning)/' "$WORK/icinga.said" | grep -v StatusDataWriter | head -n 2)" "0 "
icinga2 daemon -c "$WORK/icinga/icinga2.conf" "${define[@]}" >"$WORK/icinga.out" 2>&1 &
started+=("$!")
services=$(($(grep -c '^apply Service "[^"]*" {' "$WORK/icinga/ipsec-report.conf") + 4))
check "Icinga has checked all services" wait_until 90 \
    '[ "$(results "$WORK/icinga/status.dat" | wc -l)" = "$services" ]'
check "and the rates, too" wait_until 60 '! results "$WORK/icinga/status.dat" | grep -qi "no previous data"'
results "$WORK/icinga/status.dat" | sed 's/^/# /'
found=$(results "$WORK/icinga/status.dat" | sed 's/:.*//')
wanted="0 IKE authentication failures
0 IKE SAs
0 IKE SAs half open
0 IPsec agent
0 IPsec one
0 IPsec packets without an SA
0 IPsec source
0 IPsec tunnel gw-gw/net-net
0 IPsec tunnels up
2 IPsec
2 IPsec tunnel badauth/bad-net
2 IPsec tunnels down
3 IPsec tunnel not there"
is "Icinga: the states" "$(sort <<<"$found")" "$(sort <<<"$wanted")"

### The agent is gone: snmpd knows nothing of what is asked for

end "$AGENT"
known() { results "$1" | grep -vE '^3|^. lab, ' | sed 's/:.*//' >"$WORK/known"; cat "$WORK/known"; }
for system in nagios icinga; do
    wait_until 90 '[ "$(known "$WORK/$system/status.dat")" = "2 IPsec agent" ]'
    is "$system: what is known without the agent is that it is missing" "$(cat "$WORK/known")" "2 IPsec agent"
done
finish
