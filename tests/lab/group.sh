#!/bin/bash
# group.sh NAME...: runs lab/NAME.sh (or else NAME.sh beside the lab) one after another in one lab, whatever
# comes of each. $LABOUT/NAME.log has what it printed, $LABOUT/NAME.status its exit status and
# $LABOUT/NAME.seconds how long it took.
here=$(cd "$(dirname "$0")" && pwd)
status=0
for name; do
    script=$here/$name.sh
    [ -e "$script" ] || script=$here/../$name.sh
    # the next one finds a kernel as if nobody had been there before
    ip xfrm state flush
    ip xfrm policy flush
    ip xfrm policy flush ptype sub 2>/dev/null
    ip link delete lan0 2>/dev/null
    start=$SECONDS
    bash "$script" >"$LABOUT/$name.log" 2>&1
    echo $? >"$LABOUT/$name.status"
    echo $((SECONDS - start)) >"$LABOUT/$name.seconds"
    [ "$(cat "$LABOUT/$name.status")" = 0 ] || status=1
done
exit $status
