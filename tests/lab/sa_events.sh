#!/bin/bash
# With an hour between dumps, all that happens to SAs is in the table at once, by event alone; and what
# the receive buffer could not hold is mended and counted.
# shellcheck source=/dev/null disable=SC2317,SC2016
. "$(dirname "$0")/../lib.sh"
begin
SOON=5
# An EXPIRE tells the counters of its moment and no sequence number; the packet that caused it comes
# on top. So these may lag until the next dump.
LAG=Octets,Packets,SequenceOut,SequenceHeadroom,SequenceHeadroomPercent

sa() { # add|update DST SPI [MORE]
    ip xfrm state "$1" src 192.0.2.1 dst "$2" proto esp spi "$3" mode transport reqid 7 \
        enc 'cbc(aes)' 0x000102030405060708090a0b0c0d0e0f \
        auth 'hmac(sha1)' 0x000102030405060708090a0b0c0d0e0f10111213 "${@:4}"
}

ah() { # DST SPI
    ip xfrm state add src 192.0.2.1 dst "$1" proto ah spi "$2" mode transport \
        auth 'hmac(sha1)' 0x000102030405060708090a0b0c0d0e0f10111213
}

send() { # DST COUNT: packets through the SA to DST
    for ((i = 0; i < $2; i++)); do echo x >"/dev/udp/$1/9"; done 2>/dev/null
}

state_of() { # SPI: of the SA in the table, empty if there is none
    local index
    index=$(snmp bulkwalk -Cr50 "$SA_TABLE.1.2" | sed -n "s/^.*\.\([0-9]*\) = .*: $(($1))\$/\1/p")
    [ -z "$index" ] || value "$SA_TABLE.1.5.$index"
}

soon_is() { # WHAT CONDITION
    if wait_until $SOON "$2"; then ok "$1"; else not_ok "$1" "not within $SOON s"; fi
}

kernel_has() { ip xfrm state get src 192.0.2.1 dst "$1" proto esp spi "$2" >/dev/null 2>&1; }

### Single events

ip link add lan0 type dummy && ip addr add 192.0.2.1/24 dev lan0 && ip link set lan0 up
for last in 11 12; do
    ip xfrm policy add src 192.0.2.1 dst 192.0.2.$last dir out \
        tmpl src 192.0.2.1 dst 192.0.2.$last proto esp reqid 7 mode transport
done
sa add 192.0.2.10 0x1000
mkdir "$WORK/events"
printf 'redumpInterval 3600\ncheckInterval 3600\n' >"$WORK/events/agent.conf"
start_both "$WORK/events"
before=$(polls)

sa add 192.0.2.11 0x1001 limit packet-soft 2 limit packet-hard 4
soon_same_as_kernel "added" $SOON
sa update 192.0.2.10 0x1000 limit byte-soft 1000000 limit byte-hard 2000000
soon_same_as_kernel "updated" $SOON
send 192.0.2.11 3
soon_is "soft limit of packets passed: dying" '[ "$(state_of 0x1001)" = 3 ]'
soon_same_as_kernel "the same as the kernel after a soft expiry" $SOON --ignore $LAG
send 192.0.2.11 2
is "the kernel dropped the SA that reached its hard limit" \
    "$(kernel_has 192.0.2.11 0x1001 || echo gone)" gone
soon_same_as_kernel "expired by packets" $SOON
sa add 192.0.2.12 0x1002 limit byte-soft 15 limit byte-hard 35
send 192.0.2.12 3 # of 10 octets each
soon_is "soft limit of bytes passed: dying" '[ "$(state_of 0x1002)" = 3 ]'
send 192.0.2.12 2
soon_same_as_kernel "expired by bytes" $SOON
sa add 192.0.2.13 0x1003 limit time-soft 4 limit time-hard 9
soon_is "soft limit of time not passed yet: mature" '[ "$(state_of 0x1003)" = 2 ]'
wait_until 15 '[ "$(state_of 0x1003)" != 2 ]'
is "soft limit of time passed: dying" "$(state_of 0x1003)" 3
wait_until 15 '! kernel_has 192.0.2.13 0x1003'
soon_same_as_kernel "expired by time" $SOON
ip xfrm state delete src 192.0.2.1 dst 192.0.2.10 proto esp spi 0x1000
soon_same_as_kernel "deleted" $SOON
for n in 1 2 3 4 5; do
    sa add 192.0.2.2$n 0x200$n
    ah 192.0.2.2$n 0x300$n
done
soon_same_as_kernel "ten added" $SOON
is "there are ten" "$(sa_column 2 | wc -l)" 10
ip xfrm state flush proto esp
soon_same_as_kernel "ESP flushed" $SOON
is "AH is left" "$(sa_column 3 | sort -u)" 51
ip xfrm state flush
soon_same_as_kernel "all flushed" $SOON
is "the table is empty" "$(sa_column 2 | wc -l)" 0
is "no dump was needed" "$(polls)" "$before"
is "events were counted ($(events))" "$([ "$(events)" -ge 23 ] && echo yes)" yes
is "nothing was overrun" "$(overruns)" 0
end_both
unset PORT

### More than fits

many() { # COUNT
    "$PYTHON" - "$1" <<'X'
import sys
for n in range(int(sys.argv[1])):
    print('xfrm state add src 192.0.2.1 dst 198.%d.%d.%d proto esp spi %d mode tunnel '
          'enc "ecb(cipher_null)" ""' % (18 + n // 62500, n // 250 % 250, n % 250 + 1, n + 4096))
X
}

spis_of_kernel() {
    ip -s xfrm state | sed -n 's/.*proto esp spi 0x[0-9a-f]*(\([0-9]*\)).*/\1/p' | sort
}

# Comparing SPIs: with 20,000 SAs every column would take minutes in an emulated guest.
exact() {
    sa_column 2 | sort | cmp -s - "$WORK/spis"
}

overrun() { # NAME COUNT SECONDS: adds COUNT SAs while the agent is stopped
    local before=$SECONDS
    many "$2" >"$WORK/batch"
    kill -STOP "$AGENT"
    ip -batch "$WORK/batch"
    echo "# $2 added in $((SECONDS - before)) s"
    spis_of_kernel >"$WORK/spis"
    kill -CONT "$AGENT"
    before=$SECONDS
    if wait_until "$3" exact; then
        ok "$1: all $2 are in the table"
        echo "# exact $((SECONDS - before)) s after SIGCONT, $(overruns) overruns"
    else
        not_ok "$1: all $2 are in the table" "$(sa_column 2 | wc -l) are"
    fi
    ip xfrm state flush
    check "$1: all flushed again" wait_until "$3" '[ "$(sa_column 2 | wc -l)" = 0 ]'
}

for size in small default; do
    mkdir "$WORK/$size"
    printf 'redumpInterval 3600\n' >"$WORK/$size/agent.conf"
    [ $size = default ] || echo "receiveBuffer 65536" >>"$WORK/$size/agent.conf"
    start_both "$WORK/$size"
    if [ $size = small ]; then
        overrun "small buffer" 2000 30
        is "small buffer: the overrun is counted" "$([ "$(overruns)" -ge 1 ] && echo yes)" yes
    else
        overrun "default buffer" 20000 120
    fi
    end_both
    unset PORT
done
finish
