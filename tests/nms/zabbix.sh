#!/bin/bash
# A real Zabbix server of VERSION (6.0 or 7.0) beside two gateways: one of recordings, which has more of everything, and one
# in the lab, where tunnels live. The template is imported, tunnels are discovered, every value is what snmpget shows,
# rates are what the kernel counts, a tunnel that drops is a problem and one that comes back is none, notifications
# arrive. In a network namespace of its own, with a database of its own.
# SERVER and FRONTEND are folders with the unpacked packages; IMAGE, if given, is where the dashboard is drawn.
# shellcheck source=/dev/null disable=SC2317,SC2016
. "$(dirname "$0")/../lib.sh"
if [ -z "${OWN_NAMESPACE:-}" ]; then
    OWN_NAMESPACE=1 exec unshare -n --pid --fork --kill-child --mount-proc "$0" "$@" # nothing outlives it
fi
. "$TESTS/nms/lib.sh"
begin
ip link set lo up
SQL=$SERVER/usr/share/zabbix-server-pgsql
POSTGRES=$(echo /usr/lib/postgresql/*/bin)
WEB=18080
URL=http://127.0.0.1:$WEB
TRAPS=20162

ask() { "$PYTHON" "$TESTS/nms/zabbix_client.py" "$URL" "$@"; }
told() { ask "$@" >"$WORK/told" 2>&1 || echo "not ok - $*: $(tail -n 1 "$WORK/told")" >>"$WORK/told"; count "$WORK/told"; }
as_postgres() { setpriv --reuid=postgres --regid=postgres --clear-groups -- "$@"; }
sql() { psql -q -h "$WORK/db" -U postgres "$@"; }

start_lab $TRAPS

### The database, the server, the frontend

mkdir "$WORK/db" "$WORK/data" && chown postgres "$WORK/db" "$WORK/data"
as_postgres "$POSTGRES/initdb" -D "$WORK/data" -A trust -E UTF8 --locale=C.UTF-8 >"$WORK/initdb.log" 2>&1
# nothing of it is kept: it need not wait for the disk
(exec setpriv --reuid=postgres --regid=postgres --clear-groups -- \
    "$POSTGRES/postgres" -D "$WORK/data" -k "$WORK/db" -c listen_addresses= -c fsync=off \
    -c full_page_writes=off -c synchronous_commit=off) >"$WORK/postgres.log" 2>&1 &
started+=("$!")
check "the database answers" wait_until 30 'sql -c "SELECT 1" >/dev/null 2>&1'
sql -c 'CREATE DATABASE zabbix' && zcat "$SQL"/{schema,images,data}.sql.gz | sql zabbix >"$WORK/schema.log" 2>&1
is "the schema is there" $? 0
sql -c ANALYZE zabbix # it has just come, and the frontend asks at once

: >"$WORK/traps"
cat >"$WORK/server.conf" <<X
ListenIP=127.0.0.1
ListenPort=20051
DBHost=$WORK/db
DBName=zabbix
DBUser=postgres
AllowRoot=1
LogFile=$WORK/server.log
PidFile=$WORK/server.pid
SocketDir=$WORK
CacheUpdateFrequency=1
ProblemHousekeepingFrequency=1
StartPollers=2
StartPollersUnreachable=1
StartPingers=0
StartTrappers=1
StartDiscoverers=$([ "$VERSION" = 6.0 ] && echo 0 || echo 1)
StartSNMPTrapper=1
SNMPTrapperFile=$WORK/traps
X
"$SERVER/usr/sbin/zabbix_server" -f -c "$WORK/server.conf" >"$WORK/server.out" 2>&1 &
started+=("$!")
cp -a "$FRONTEND/usr/share/zabbix" "$WORK/web"
for fonts in "$WORK"/web/fonts "$WORK"/web/assets/fonts; do # the links lead out of the package
    ln -sf /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf "$fonts/"
done
sed -i "s|/etc/zabbix/zabbix.conf.php|$WORK/web.conf.php|" "$WORK/web/include/classes/core/CConfigFile.php"
cat >"$WORK/web.conf.php" <<X
<?php
\$DB['TYPE'] = 'POSTGRESQL'; \$DB['SERVER'] = '$WORK/db'; \$DB['PORT'] = '0'; \$DB['DATABASE'] = 'zabbix';
\$DB['USER'] = 'postgres'; \$DB['PASSWORD'] = ''; \$DB['SCHEMA'] = ''; \$DB['ENCRYPTION'] = false;
\$DB['KEY_FILE'] = ''; \$DB['CERT_FILE'] = ''; \$DB['CA_FILE'] = ''; \$DB['VERIFY_HOST'] = false;
\$DB['CIPHER_LIST'] = ''; \$DB['VAULT_URL'] = ''; \$DB['DOUBLE_IEEE754'] = true;
\$ZBX_SERVER = '127.0.0.1'; \$ZBX_SERVER_PORT = '20051'; \$ZBX_SERVER_NAME = 'ipsec-report';
\$IMAGE_FORMAT_DEFAULT = IMAGE_FORMAT_PNG;
X
# the frontend insists on it
mkdir "$WORK/locale" && localedef -i en_US -f UTF-8 "$WORK/locale/en_US.UTF-8" 2>"$WORK/localedef.log"
LOCPATH=$WORK/locale PHP_CLI_SERVER_WORKERS=4 php -d max_execution_time=300 -d post_max_size=16M -d max_input_time=300 -d memory_limit=256M \
    -d date.timezone=UTC -S "127.0.0.1:$WEB" -t "$WORK/web" >"$WORK/web.log" 2>&1 &
started+=("$!")
check "the frontend answers" wait_until 30 "curl -sf $URL/index.php >/dev/null"
check "the server runs" wait_until 60 'grep -q "server #0 started" "$WORK/server.log"'

### A gateway of recordings

recording "$WORK/up"
mkdir "$WORK/a"
start_snmpd "$WORK/a"
start_agent "$WORK/a" --replay "$WORK/up"
check "the agent tells of the tunnel" wait_until 20 '[ "$(value "$TUNNEL_STATE.$(index_of gw-gw net-net)")" = 1 ]'
told template "$NMS/zabbix/template-$VERSION.yaml"
told host "$PORT"
# shellcheck disable=SC2154 # of lib.sh
[ "$failed" = 0 ] || finish # nothing of what follows can be
told discover "$(snmp bulkwalk "$TUNNEL_STATE" | grep -c INTEGER)"
told read "$PORT"
told no_problem "gw-gw/net-net is down"
told problem "Tunnel badauth/bad-net is down" # as it was recorded
told retire
end_both

### The one in the lab

cat >"$WORK/snmptrapd.conf" <<X
disableAuthorization yes
doNotFork yes
traphandle default $NMS/zabbix/trap-handler $WORK/traps
X
SNMP_PERSISTENT_DIR=$WORK/a/persistent snmptrapd -f -C -c "$WORK/snmptrapd.conf" -On -Lf "$WORK/snmptrapd.log" \
    "udp:$TRAPS" &
started+=("$!")
check "snmptrapd listens" wait_until 10 '[ -n "$(ss -aunH "sport = :$TRAPS")" ]'
check "the lab is up" lab_is_up
[ -s "$LABOUT/kind" ] || finish
export ZABBIX_HOST=moon
# in a namespace of this machine what it sends has an address of its own
told host "$LAB_PORT" "$([ "$(cat "$LABOUT/kind")" = netns ] && echo 10.0.2.15)"
told discover 6
told tunnels berlin/lan berlin/voice oslo/lan travel/lan warehouse/lan zurich/lan
told problem "Tunnel oslo/lan is down" # whose peer never answers
told no_problem "zurich/lan|travel/lan" # up, and idle on purpose
check "no traffic, so that values stand" order traffic 0
told read "$LAB_PORT"
check "traffic" order traffic 4
check "the peer of a tunnel is gone" order drop zurich
told problem "Tunnel zurich/lan is down"
told received ipsrTunnelDown "tunnel zurich/lan with 192.0.2.12 is down: the peer does not answer any more"
check "it is back" order raise zurich
told resolved "Tunnel zurich/lan is down"
told received ipsrTunnelUp "tunnel zurich/lan with 192.0.2.12 is up"
check "packets are forged" order forge zurich 5
told problem "Notification: Integrity failures"
told resolved "Notification: Integrity failures"
told rates "$LABOUT"
is "errors of the server" "$(grep -cE 'syntax error|crash|cannot process' "$WORK/server.log")" 0

### A picture of some minutes, in which a tunnel is down for a while

picture() {
    local step host page
    for step in "traffic 2" "traffic 5" "traffic 8" "traffic 6" "drop zurich" "traffic 3" "traffic 4" "raise zurich" \
        "traffic 7" "traffic 9" "traffic 5"; do
        # shellcheck disable=SC2086 # words
        order $step
        sleep 12 # of the picture's time
        ask poll ipsrTunnelState ipsrTunnelOctetsIn ipsrTunnelOctetsOut ipsrGlobalOctetsIn ipsrGlobalOctetsOut \
            ipsrGlobalTunnelsUp ipsrGlobalTunnelsDown ipsrGlobalIkeSasEstablished ipsrGlobalSasMature
    done
    host=$(ask hostid)
    page="zabbix.php%3Faction%3Dhost.dashboard.view%26hostid%3D$host%26from%3Dnow-3m%26to%3Dnow%26kiosk%3D1"
    mkdir -p "$(dirname "$IMAGE")"
    HOME=$WORK chromium --headless=new --no-sandbox --disable-gpu --hide-scrollbars --window-size=1400,1500 \
        --virtual-time-budget=20000 --screenshot="$IMAGE" "$URL/index.php?enter=guest&request=$page" \
        >"$WORK/chromium.log" 2>&1
    check "the dashboard is drawn" test -s "$IMAGE"
}
[ -z "${IMAGE:-}" ] || picture
check "the lab ends" order stop
finish
