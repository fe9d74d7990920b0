#!/bin/bash
# The kernel's counters of dropped packets, through snmpd, as /proc/net/xfrm_stat has them; a packet that a
# policy blocks is counted. Runs anywhere as root, in a network namespace of its own: no ESP is needed.
# shellcheck source=/dev/null disable=SC2317,SC2016
. "$(dirname "$0")/lib.sh"
if [ -z "${OWN_NAMESPACE:-}" ]; then
    OWN_NAMESPACE=1 exec unshare -n "$0" "$@"
fi
begin
STATISTICS=10.115.116.97.116.105.115.116.105.99.115 # the key "statistics" as an index

statistics() { value "$COLLECTOR.$1.$STATISTICS"; }
report() { "$BUILD/ipsec_report" -stat -- -v2c -c public "127.0.0.1:$PORT"; }
of_kernel() { awk '{ print $1 ": " $2 }' /proc/net/xfrm_stat | sort; }
of_report() { report | sed '1,/ XFRM Statistics /d' | sort; }

ip link set lo up
ip link add lan0 type dummy 2>/dev/null || ip link add lan0 type bridge
ip addr add 192.0.2.1/24 dev lan0
ip link set lan0 up
ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev lan0 nud permanent
mkdir "$WORK/a"
echo 'statisticsInterval 1' >"$WORK/a/agent.conf"
start_both "$WORK/a"
if [ ! -e /proc/net/xfrm_stat ]; then
    check "a kernel without counters is told as such" wait_until 5 '[ "$(statistics 2)" = 5 ]'
    finish
fi
check "the counters are read" wait_until 5 '[ "$(statistics 2)" = 1 ]'
is "every counter is there, under its own name" "$(of_report)" "$(of_kernel)"
is "two titles, the totals first" "$(report | grep '^-----')" \
    "-------------------- IPsec Statistics --------------------
-------------------- XFRM Statistics ---------------------"
is "the rows are counted" "$(statistics 4)" "$(wc -l </proc/net/xfrm_stat)"
ip xfrm policy add src 192.0.2.1 dst 192.0.2.2 dir out action block
for _ in 1 2 3; do echo x >/dev/udp/192.0.2.2/9; done 2>/dev/null
counted=$(awk '$1 == "XfrmOutPolBlock" { print $2 }' /proc/net/xfrm_stat)
is "the kernel counts what a policy blocks" "$([ "$counted" -ge 3 ] && echo yes)" yes
check "and so does the report" \
    wait_until 5 'report | grep -q "^XfrmOutPolBlock: $counted$"'
is "the policy is in the totals" "$(report | grep -E '^(Policies|Spd) Out: ')" "Policies Out: 1
Spd Out: 1"
# without an SA the kernel drops what a policy wants protected
drops() { awk '/^Xfrm(In|Out)NoStates/ { n += $2 } END { print n }' /proc/net/xfrm_stat; }
ip xfrm policy add src 192.0.2.1 dst 192.0.2.3 dir out priority 1 tmpl proto esp reqid 1 mode transport
for _ in 1 2; do echo x >/dev/udp/192.0.2.3/9; done 2>/dev/null
check "dropped for want of an SA" wait_until 10 '[ "$(drops)" -ge 1 ]'
check "and in the totals" wait_until 5 'report | grep -q "^No Sa Drops: $(drops)$"'
is "every counter is as the kernel's" "$(of_report)" "$(of_kernel)"
is "no failure" "$(statistics 9)" 0
end_both
finish
