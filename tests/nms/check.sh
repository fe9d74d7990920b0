#!/bin/bash
# What is in etc/nms is what its generator makes of the module, and nothing in it names what the module does not
# have. That this is found is shown by changes to the module, each of which must leave the files behind.
# shellcheck source=/dev/null disable=SC2016
. "$(dirname "$0")/../lib.sh"
WORK=$(mktemp -d "${TMPDIR:-/tmp}/ipsr-test.XXXXXX") || exit 1
trap 'rm -rf "$WORK"' EXIT
GENERATE=$TESTS/../etc/nms/generate/__main__.py
MODULE=$TESTS/../mibs/IPSEC-REPORT-MIB.txt

check "etc/nms is what the module gives" "$PYTHON" "$GENERATE" --check

# changed WHAT WANTED SCRIPT: the module changed by the lines of Python in SCRIPT makes the check say WANTED
changed() {
    local output
    rm -rf "$WORK/mibs" && mkdir "$WORK/mibs" || return
    "$PYTHON" - "$MODULE" "$WORK/mibs/IPSEC-REPORT-MIB.txt" "$3" <<'PY' || { not_ok "$1" "it cannot be made"; return; }
import sys
module, changed, script = sys.argv[1:]
text = was = open(module).read()
names = {"text": text}
exec(script, names)
assert names["text"] != was, "nothing was changed"
open(changed, "w").write(names["text"])
PY
    output=$("$PYTHON" "$GENERATE" --check --module "$WORK/mibs/IPSEC-REPORT-MIB.txt" 2>&1)
    is "$1: status" $? 1
    check "$1: is told" grep -Eq "$2" <<<"$output"
}

changed "a new label" 'zabbix/.* is not what' \
    'text = text.replace("notConfigured(6),\n", "notConfigured(6), suspended(8),\n", 1)'
changed "a new label of a collector" 'grafana/.* is not what' \
    'text = text.replace("idle(6),\n                    unknown(7)\n", "idle(6), paused(8),\n unknown(7)\n", 1)'
changed "a new column" 'prometheus/snmp.yml is not what' '
behind = "ipsrTunnelLastSeenAge OBJECT-TYPE"
text = text.replace("    ipsrTunnelLastSeenAge              Integer32\n",
                    "    ipsrTunnelLastSeenAge              Integer32,\n    ipsrTunnelNews Counter64\n")
text = text.replace(behind, """ipsrTunnelNews OBJECT-TYPE
    SYNTAX Counter64
    MAX-ACCESS read-only
    STATUS current
    DESCRIPTION "News."
    ::= { ipsrTunnelEntry 66 }

""" + behind)'
changed "a new column in Zabbix" 'zabbix/.*7.0.* is not what' '
behind = "ipsrGlobalSasCountedShort OBJECT-TYPE"
text = text.replace(behind, """ipsrGlobalNews OBJECT-TYPE
    SYNTAX Counter64
    MAX-ACCESS read-only
    STATUS current
    DESCRIPTION "News."
    ::= { ipsrGlobal 54 }

""" + behind)'
changed "a new notification" 'nothing is said of ipsrNewNews' '
behind = "ipsrCollectorUp NOTIFICATION-TYPE"
text = text.replace(behind, """ipsrNewNews NOTIFICATION-TYPE
    OBJECTS { ipsrNotifyReason, ipsrNotifyText }
    STATUS current
    DESCRIPTION "News."
    ::= { ipsrNotifications 18 }

""" + behind, 1)'
changed "a renamed column" 'names ipsrTunnelOneWayFlag, which' \
    'text = text.replace("ipsrTunnelOneWayFlag", "ipsrTunnelSingleWayFlag")'
changed "a column that is not chosen any more" 'ipsrTunnelReqid fits no object' \
    'text = text.replace("ipsrTunnelReqid", "ipsrTunnelRequestId")'
finish
