#!/bin/bash
# Three gateways with a real snmpd each (one of recordings with everything up, one of this machine's kernel with an
# IKE daemon of recordings, and one in the lab, where tunnels live), snmp_exporter of two generations, a real
# Prometheus: every series is there and has the value that snmpbulkwalk shows, every query of the dashboard returns
# data, of the lab alone, too, and a tunnel that drops is an alert until it is back. In a network namespace of its own. NEWER is the unpacked package of the newer exporter.
# shellcheck source=/dev/null disable=SC2317,SC2016
. "$(dirname "$0")/../lib.sh"
if [ -z "${OWN_NAMESPACE:-}" ]; then
    OWN_NAMESPACE=1 exec unshare -n --pid --fork --kill-child --mount-proc "$0" "$@" # nothing outlives it
fi
. "$TESTS/nms/lib.sh"
begin
ip link set lo up
OLD_PORT=19916 NEW_PORT=19928 PROMETHEUS_PORT=19090
start_lab 20162 # where nobody listens

check "promtool: the rules are in order" promtool check rules "$NMS/prometheus/alerts.yml"
cp "$TESTS/nms/alerts_test.yml" "$NMS/prometheus/alerts.yml" "$WORK/"
(cd "$WORK" && promtool test rules alerts_test.yml) >"$WORK/promtool" 2>&1
is "promtool test rules" "$? $(grep -c SUCCESS "$WORK/promtool")" "0 1" || cat "$WORK/promtool"
is "every alert has its test" "$(sed -n 's/^ *- alert: //p' "$NMS/prometheus/alerts.yml" | sort)" \
    "$(sed -n 's/^ *alertname: //p' "$TESTS/nms/alerts_test.yml" | sort -u)"
"$NEWER/usr/bin/prometheus-snmp-generator" generate -m "$TESTS/mibs" -m "$TESTS/../mibs" \
    -g "$NMS/prometheus/generator.yml" -o "$WORK/generated.yml" 2>"$WORK/generator.log"
is "the newer generator takes generator.yml" $? 0
check "and gives the modules of snmp.yml" "$PYTHON" - "$WORK/generated.yml" "$NMS/prometheus/snmp.yml" <<'PY'
import sys, yaml
generated, ours = (yaml.safe_load(open(path))["modules"] for path in sys.argv[1:])
for module in ours.values():
    for metric in module["metrics"]:
        for index in metric.get("indexes", ()):
            index.pop("fixed_size", None)  # which it does not see
assert generated == ours
PY

recording "$WORK/up"
mkdir "$WORK/recorded" "$WORK/live"
start_both "$WORK/recorded" --replay "$WORK/up"
RECORDED_PORT=$PORT
ports=("$PORT") PORT=
"$PYTHON" "$TESTS/recorded_vici.py" "$WORK/live/vici" "$TESTS/data/vici" &
started+=("$!")
check "strongSwan is there" wait_until 10 '[ -S "$WORK/live/vici" ]'
printf 'viciSocket %s\n' "$WORK/live/vici" >"$WORK/live/agent.conf"
start_both "$WORK/live"
ports+=("$PORT")
for PORT in "${ports[@]}"; do
    check "$PORT: tunnels are there" wait_until 20 \
        '[ "$(snmp bulkwalk ".$ROOT.1.12.1.7" | grep -c INTEGER)" -ge 9 ]'
done
check "the lab is up" lab_is_up
[ -s "$LABOUT/kind" ] || finish # nothing of what follows can be
check "no traffic, so that values stand" order traffic 0
ports+=("$LAB_PORT")

prometheus-snmp-exporter --config.file="$NMS/prometheus/snmp-0.21.yml" \
    --web.listen-address="127.0.0.1:$OLD_PORT" 2>"$WORK/old.log" &
started+=("$!")
"$NEWER/usr/bin/prometheus-snmp-exporter" --config.file="$NMS/prometheus/snmp.yml" \
    --web.listen-address="127.0.0.1:$NEW_PORT" 2>"$WORK/new.log" &
started+=("$!")
for port in $OLD_PORT $NEW_PORT; do
    check "exporter $port answers" wait_until 20 "curl -sf http://127.0.0.1:$port/ >/dev/null"
done

# agrees NAME CONFIGURATION PORT-OF-EXPORTER MODULE
agrees() {
    local file=$WORK/$1.$4.$PORT
    curl -sS "http://127.0.0.1:$3/snmp?module=$4&auth=public_v2&target=127.0.0.1:$PORT" >"$file"
    snmp bulkwalk -Cr50 ".$ROOT" >"$file.walk"
    "$PYTHON" "$TESTS/nms/compare_series.py" "$2" "$4" "$file.walk" "$file" >"$file.said"
}
# same_series: what it is asked for can change what is there (flows), but not again and again
same_series() {
    wait_until 20 "agrees $*"
    is "$1, $4, gateway $PORT: series as in the walk" \
        "$? $(grep -v '^# none' "$WORK/$1.$4.$PORT.said" | head -n 3)" "0 "
}
modules=(ipsec_report ipsec_report_ike ipsec_report_kernel)
for PORT in "${ports[@]}"; do
    for module in "${modules[@]}"; do
        same_series old "$NMS/prometheus/snmp-0.21.yml" $OLD_PORT "$module"
        same_series new "$NMS/prometheus/snmp.yml" $NEW_PORT "$module"
    done
done
# what no gateway has
for module in "${modules[@]}"; do
    cat "$WORK/new.$module."*.said
done | sed -n 's/^# none: //p' | sort | uniq -c | awk -v gateways=${#ports[@]} '$1 == gateways { print $2 }' >"$WORK/none"
is "objects without a series" "$(cat "$WORK/none")" ""
is "objects of the lab's gateway without a series" "$(sed -n 's/^# none: //p' "$WORK"/new.*."$LAB_PORT".said)" ""

# sooner than an administrator wants to be told
sed -i -E 's/^( *for:) .*/\1 3s/' "$WORK/alerts.yml"
check "traffic" order traffic 4
cat >"$WORK/prometheus.yml" <<X
global:
  scrape_interval: 5s
  scrape_timeout: 5s
  evaluation_interval: 2s
rule_files: [$WORK/alerts.yml]
scrape_configs:
  - job_name: ipsec
    metrics_path: /snmp
    params: {module: [ipsec_report], auth: [public_v2]}
    static_configs:
      - targets: ['127.0.0.1:${ports[0]}', '127.0.0.1:${ports[1]}', '127.0.0.1:$LAB_PORT']
    relabel_configs:
      - {source_labels: [__address__], target_label: __param_target}
      - {source_labels: [__param_target], target_label: instance}
      - {target_label: __address__, replacement: '127.0.0.1:$NEW_PORT'}
X
check "promtool: the configuration is in order" promtool check config "$WORK/prometheus.yml"
prometheus --config.file="$WORK/prometheus.yml" --storage.tsdb.path="$WORK/tsdb" \
    --web.listen-address="127.0.0.1:$PROMETHEUS_PORT" 2>"$WORK/prometheus.log" &
started+=("$!")
URL=http://127.0.0.1:$PROMETHEUS_PORT
samples() {
    curl -sf "$URL/api/v1/query" \
        --data-urlencode 'query=min(count_over_time(ipsrGlobalTunnelsUp[1m])) * (count(ipsrGlobalTunnelsUp) == bool 3)' |
        "$PYTHON" -c 'import json, sys; r = json.load(sys.stdin)["data"]["result"]; print(r[0]["value"][1] if r else 0)'
}
check "Prometheus has read all gateways" wait_until 60 '[ "$(samples)" -ge 3 ]'
for instance in '.*' "127.0.0.1:$LAB_PORT"; do
    "$PYTHON" "$TESTS/nms/ask_prometheus.py" "$URL" "$NMS/grafana/ipsec.json" "$instance" >"$WORK/answers"
    count "$WORK/answers"
done
firing() {
    curl -sf "$URL/api/v1/alerts" | "$PYTHON" -c 'import json, sys
for a in json.load(sys.stdin)["data"]["alerts"]:
    if a["state"] == "firing":
        print(a["labels"]["alertname"], a["labels"].get("ipsrTunnelName", "-"))' | sort -u
}
check "a tunnel that is down is an alert" wait_until 30 'firing | grep -q "^IpsecTunnelDown badauth/bad-net$"'
is "the tunnels that are down" "$(PORT=$RECORDED_PORT; snmp bulkwalk "$TUNNEL_STATE" | grep -c 'INTEGER: 4$')" 1
check "in the lab, too" wait_until 30 'firing | grep -q "^IpsecTunnelDown oslo/lan$"'
is "those that are up, or idle on purpose, are none" "$(firing | grep -E 'Down (berlin|zurich|warehouse|travel)')" ""
check "the peer of one is gone" order drop zurich
check "that is an alert" wait_until 30 'firing | grep -q "^IpsecTunnelDown zurich/lan$"'
check "it is back" order raise zurich
check "and the alert is over" wait_until 30 '! firing | grep -q "^IpsecTunnelDown zurich/lan$"'
check "the lab ends" order stop
finish
