# shellcheck shell=bash
# event_table.sh: what happened, as ipsrEventTable tells it; sourced after lib.sh.
# shellcheck disable=SC2034,SC2016 # used by the scripts that source this
EVENTS=.$ROOT.1.17.1
STATUS=.$ROOT.1.18
SOON=20

# The reasons and kinds of IpsrReason and IpsrEventType that are looked for
CLOSED=2 BY_PEER=3 DEAD=4 SILENT=5 EXPIRED=6 SOFT=7 HALF_OPEN=8 ACQUIRE=9 LOCAL=10 PEER=11 PROPOSAL=12 SELECTORS=13
INSTALL=14 OVER=15 REVOKED=16 REPLACED=17 OUTSIDE=18 FLUSHED=19 GONE=20 CONFIGURED=21 THRESHOLD=22 UNREACHABLE=23
RECOVERED=27 NONE=1 OTHER=254

column_of_events() { # COLUMN: "NUMBER VALUE", one a line
    snmpbulkwalk -v2c -c public -t 5 -r 2 -Cr50 -OnUta "127.0.0.1:$PORT" "$EVENTS.$1" 2>/dev/null |
        sed -n 's/^.*\.\([0-9]*\) = [A-Za-z0-9]*: /\1 /p'
}
all_events() { join <(column_of_events 6 | sort) <(join <(column_of_events 7 | sort) <(column_of_events 8 | sort)) | sort -n; }
newest() { value "$STATUS.1.0"; }
mark() { MARK=$(newest); }

# Of the kinds that have a notification, "KIND:REASON" of all since the mark, sorted
notified() {
    all_events | awk -v mark="$MARK" '$1 > mark && $2 <= 17 { print $2 ":" $3 }' | sort | xargs
}
# Those of any kind
count() { all_events | awk -v mark="$MARK" -v kind="$1" '$1 > mark && $2 == kind' | wc -l; }

# happened WHAT KIND:REASON...: just these since the mark, each as often as it is said
happened() {
    local what=$1 wanted
    shift
    wanted=$(printf '%s\n' "$@" | sort | xargs)
    expected+=("$@")
    if wait_until "${PATIENCE:-$SOON}" '[ "$(notified)" = "$wanted" ]'; then
        ok "$what: $wanted"
    else
        not_ok "$what" "'$(notified)', not '$wanted': $(all_events | awk -v mark="$MARK" '$1 > mark' | cut -c 1-160 | tr '\n' '|')"
    fi
    mark
}
expected=()
