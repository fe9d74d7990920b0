#!/bin/bash
# Totals are, to the octet and packet, what the kernel counted for every SA: replaced, deleted, expired by time and by
# octets, forged and replayed packets, by events alone; flushed ones as last seen. Two namespaces, keys set by hand.
# shellcheck source=/dev/null disable=SC2317,SC2016,SC2034
. "$(dirname "$0")/../lib.sh"
begin
SOON=10
LAB=$(dirname "$0")
KEY=0x000102030405060708090a0b0c0d0e0f10111213
OTHER_KEY=0xf00102030405060708090a0b0c0d0e0f10111213
HERE=(192.0.2.1 2001:db8::1)
created=0

there() { ip netns exec there "$@"; }
# shellcheck disable=SC2317
trap '[ -z "${LABOUT:-}" ] || cp "$WORK/monitor" "$LABOUT/totals.monitor"; end_all; ip netns delete there; ip link delete lan0 2>/dev/null; ip xfrm state flush; ip xfrm policy flush
    ip xfrm policy setdefault in accept fwd accept out accept; sysctl -qw net.core.xfrm_acq_expires=30' EXIT

### What is set up

# sa add|delete SRC DST PROTO SPI KEY [MORE]: on both machines; keys where the SA is added
sa() {
    local action=$1 keys=()
    local id=(src "$2" dst "$3" proto "$4" spi "$5")
    if [ "$action" = add ]; then
        created=$((created + 1))
        keys=(mode transport reqid "$REQID" auth 'hmac(sha1)' "$6")
        [ "$4" = ah ] || keys+=(enc 'cbc(aes)' 0x000102030405060708090a0b0c0d0e0f)
        there ip xfrm state add "${id[@]}" "${keys[@]}"
        ip xfrm state add "${id[@]}" "${keys[@]}" "${@:7}"
    else
        ip xfrm state delete "${id[@]}"
        there ip xfrm state delete "${id[@]}"
    fi
}

# pair add|delete HERE THERE PROTO SPI [MORE]: outbound SPI, inbound SPI + 1
pair() {
    sa "$1" "$2" "$3" "$4" $(($5)) "$KEY" "${@:6}"
    sa "$1" "$3" "$2" "$4" $(($5 + 1)) "$KEY" "${@:6}"
}

# policies add|delete HERE THERE PROTO
policies() {
    local template=(tmpl proto "$4" reqid "$REQID" mode transport)
    [ "$1" = add ] || template=()
    ip xfrm policy "$1" src "$2" dst "$3" dir out "${template[@]}"
    ip xfrm policy "$1" src "$3" dst "$2" dir in "${template[@]}"
    there ip xfrm policy "$1" src "$3" dst "$2" dir out "${template[@]}"
    there ip xfrm policy "$1" src "$2" dst "$3" dir in "${template[@]}"
}

pings() { ping -n -q -i 0.05 -W 2 "$@" >/dev/null; }

### What is asked

total() { value ".$ROOT.1.2.$1.0"; }
OCTETS_IN=35 OCTETS_OUT=36 PACKETS_IN=37 PACKETS_OUT=38 CREATED=39 REMOVED=40 SOFT=41 HARD=42
FAILED=47 INTEGRITY=49 REPLAY=50 DROPS=51 SHORT=52

told() { "$LAB/sum_monitor.py" "${HERE[@]}" <"$WORK/monitor" | awk -v name="$1" '$1 == name { print $2 }'; }

# counted WHAT COLUMN: as soon as the agent has what the kernel's messages said
counted() {
    wait_until $SOON '[ "$(total '"$2"')" = "$(told '"$3"')" ]'
    is "$1: $(told "$3")" "$(total "$2")" "$(told "$3")"
}

all_counted() {
    wait_until $SOON '[ "$(total $REMOVED)" = "$(told gone)" ]'
    counted "$1: octets in" $OCTETS_IN octets_in
    counted "$1: packets in" $PACKETS_IN packets_in
    counted "$1: octets out" $OCTETS_OUT octets_out
    counted "$1: packets out" $PACKETS_OUT packets_out
}

# of_kernel SPI: octets and packets of the SA
of_kernel() {
    ip -s xfrm state | awk -v spi="$(printf 'spi 0x%08x' "$1")" '
        /^src/ { here = 0 }
        index($0, spi "(") { here = 1 }
        here && /\(bytes\), [0-9]+\(packets\)$/ { gsub(/\([a-z]*\),?/, ""); print $1, $2 }'
}

wait_for_direction() { # COUNT: of SAs whose direction is known
    wait_until $SOON '[ "$(($(total 8) + $(total 9)))" = '"$1"' ]'
}

failures() { # SPI: the kernel's own word on bad packets
    ip -s xfrm state | awk -v spi="$(printf 'spi 0x%08x' "$1")" '
        /^src/ { here = 0 }
        index($0, spi "(") { here = 1 }
        here && /replay [0-9]+ failed/ { print $2 + $4, $6 }'
}

drops() { awk '/^Xfrm(In|Out)NoStates/ { n += $2 } END { print n }' /proc/net/xfrm_stat; }

ip netns add there
ip link add lan0 type veth peer name lan0 netns there
ip addr add 192.0.2.1/24 dev lan0 && ip -6 addr add 2001:db8::1/64 dev lan0 nodad && ip link set lan0 up
for n in 10 20 30 40 50 60 70 80; do there ip addr add 192.0.2.$n/24 dev lan0; done
there ip -6 addr add 2001:db8::10/64 dev lan0 nodad
there ip link set lan0 up
there ip link set lo up
sysctl -qw net.core.xfrm_acq_expires=2
check "the two machines reach each other" pings -c 1 192.0.2.10
ip -s xfrm monitor >"$WORK/monitor" &
started+=($!)
mkdir "$WORK/events"
printf 'redumpInterval 3600\ncheckInterval 3600\nstatisticsInterval 1\n' >"$WORK/events/agent.conf"
start_both "$WORK/events"
before=$(polls)
is "nothing is counted yet" \
    "$(for n in {35..50} 52; do total "$n"; done | sort -u)" 0

### Replaced by hand

REQID=1
policies add 192.0.2.1 192.0.2.10 esp
pair add 192.0.2.1 192.0.2.10 esp 0x1000
check "traffic by ESP" pings -c 5 -s 100 192.0.2.10
read -r octets packets <<<"$(of_kernel 0x1000)"
is "the kernel counted it ($octets octets)" "$packets" 5
pair add 192.0.2.1 192.0.2.10 esp 0x1100
pair delete 192.0.2.1 192.0.2.10 esp 0x1000
all_counted "the old SAs"
is "what the kernel told is what it had" "$(told octets_out) $(told packets_out)" "$octets $packets"
check "traffic by their successors" pings -c 7 -s 500 192.0.2.10
read -r more packets <<<"$(of_kernel 0x1100)"
# as IKE daemons do: the policies, which tell the direction, go first
policies delete 192.0.2.1 192.0.2.10 esp
wait_until $SOON '[ "$(total 10)" = 2 ]'
pair delete 192.0.2.1 192.0.2.10 esp 0x1100
all_counted "both generations"
is "both are in it" "$(total $OCTETS_OUT) $(total $PACKETS_OUT)" "$((octets + more)) 12"

### AH, IPv6

REQID=2
policies add 2001:db8::1 2001:db8::10 ah
pair add 2001:db8::1 2001:db8::10 ah 0x2000
check "traffic by AH and IPv6" pings -c 6 -s 300 2001:db8::10
pair delete 2001:db8::1 2001:db8::10 ah 0x2000
all_counted "AH"
policies delete 2001:db8::1 2001:db8::10 ah

### Expired

REQID=3
policies add 192.0.2.1 192.0.2.20 esp
pair add 192.0.2.1 192.0.2.20 esp 0x3000 limit time-soft 3 limit time-hard 6
check "traffic before the limit of time" pings -c 4 -s 200 192.0.2.20
check "the kernel lets them expire" wait_until 20 '[ "$(told expired)" = 2 ]'
all_counted "expired by time"
counted "soft limits passed" $SOFT soft
counted "hard limits passed" $HARD expired
policies delete 192.0.2.1 192.0.2.20 esp

REQID=4
policies add 192.0.2.1 192.0.2.30 esp
pair add 192.0.2.1 192.0.2.30 esp 0x4000 limit byte-soft 500 limit byte-hard 1000
pings -c 12 -s 100 192.0.2.30
check "the kernel lets one expire by octets" wait_until $SOON '[ "$(told expired)" -ge 3 ]'
# whichever SA is left goes too
pair delete 192.0.2.1 192.0.2.30 esp 0x4000 2>/dev/null
policies delete 192.0.2.1 192.0.2.30 esp
all_counted "expired by octets"
counted "soft limits passed, with those of octets" $SOFT soft
counted "hard limits passed, with those of octets" $HARD expired
is "some soft limits were of octets" "$([ "$(told soft)" -ge 3 ] && echo yes)" yes

### Bad packets

REQID=5
policies add 192.0.2.1 192.0.2.40 esp
pair add 192.0.2.1 192.0.2.40 esp 0x5000
wait_for_direction 2
there ip xfrm state delete src 192.0.2.40 dst 192.0.2.1 proto esp spi 0x5001
there ip xfrm state add src 192.0.2.40 dst 192.0.2.1 proto esp spi 0x5001 mode transport reqid 5 \
    auth 'hmac(sha1)' $OTHER_KEY enc 'cbc(aes)' 0x000102030405060708090a0b0c0d0e0f
there ping -n -q -c 3 -i 0.05 -W 1 -I 192.0.2.40 192.0.2.1 >/dev/null
is "the kernel says that they were forged" "$(failures 0x5001)" "0 3"
pair delete 192.0.2.1 192.0.2.40 esp 0x5000
all_counted "forged packets"
counted "forged packets" $INTEGRITY integrity
is "three of them" "$(total $INTEGRITY)" 3
policies delete 192.0.2.1 192.0.2.40 esp

REQID=6
policies add 192.0.2.1 192.0.2.50 esp
pair add 192.0.2.1 192.0.2.50 esp 0x6000 replay-window 32
there "$PYTHON" "$LAB/send_again.py" lan0 0x6001 4 >"$WORK/again" &
started+=($!)
check "somebody listens" wait_until $SOON 'grep -q ready "$WORK/again"'
pings -c 3 192.0.2.50
check "and sends a packet again" wait_until $SOON 'grep -q sent "$WORK/again"'
check "the kernel says that it was seen before" wait_until $SOON '[ "$(failures 0x6001)" = "4 0" ]'
pair delete 192.0.2.1 192.0.2.50 esp 0x6000
all_counted "replayed packets"
counted "replayed packets" $REPLAY replay
is "four of them" "$(total $REPLAY)" 4
policies delete 192.0.2.1 192.0.2.50 esp

### No SA

REQID=7
policies add 192.0.2.1 192.0.2.60 esp
pair add 192.0.2.1 192.0.2.60 esp 0x7000
ip xfrm state delete src 192.0.2.60 dst 192.0.2.1 proto esp spi 0x7001
dropped=$(drops)
there ping -n -q -c 3 -i 0.05 -W 1 -I 192.0.2.60 192.0.2.1 >/dev/null
is "the kernel dropped what it had no SA for" "$(($(drops) - dropped))" 3
check "and so say the totals" wait_until $SOON '[ "$(total $DROPS)" = "$(drops)" ]'
ip xfrm state delete src 192.0.2.1 dst 192.0.2.60 proto esp spi 0x7000
there ip xfrm state flush

# nobody answers the kernel's request for an SA
before_failed=$(total $FAILED)
pings -c 1 -W 1 192.0.2.60
check "the kernel gives up waiting for an SA" wait_until 20 '[ "$(told acquires)" -ge 1 ]'
counted "failed negotiations" $FAILED acquires
is "one more at least" "$([ "$(total $FAILED)" -gt "$before_failed" ] && echo yes)" yes
policies delete 192.0.2.1 192.0.2.60 esp

### By events alone

all_counted "in the end"
is "every SA was created" "$(total $CREATED)" "$created"
is "and went" "$(total $REMOVED)" "$created"
is "none was counted short" "$(total $SHORT)" 0
is "no dump was needed" "$(polls)" "$before"
is "nothing was overrun" "$(overruns)" 0
is "gauges are back at 0" "$(for n in {4..10} 18 19 20; do total "$n"; done | sort -u)" 0

### The kernel's own counts, and its default policies

kernel_sad() { ip -s -s xfrm state count | tr -s ' \t' ' ' | sed -n 's/.*SAD count \([0-9]*\) (buckets count \([0-9]*\) Max \([0-9]*\)).*/\1 \2 \3/p'; }
kernel_spd() {
    ip -s -s xfrm policy count | awk '
        /SPD IN/ { gsub(/[^0-9 ]/, " "); print $1, $2, $3, $4, $5, $6 }
        /SPD buckets/ { gsub(/[^0-9 ]/, " "); print $1, $2 }' | xargs
}
totals() { for n in "$@"; do total "$n"; done | xargs; }
kernel_defaults() { ip xfrm policy getdefault | sed 's/.*: *//; s/block/1/; s/accept/2/' | xargs; } # in, fwd, out

REQID=8
policies add 192.0.2.1 192.0.2.70 esp
pair add 192.0.2.1 192.0.2.70 esp 0x8000
is "ip tells three numbers of SAs" "$(kernel_sad | wc -w)" 3
is "ip tells eight numbers of policies" "$(kernel_spd | wc -w)" 8
check "SAs as the kernel counts them: $(kernel_sad)" wait_until $SOON '[ "$(totals 21 22 23)" = "$(kernel_sad)" ]'
check "policies as the kernel counts them: $(kernel_spd)" \
    wait_until $SOON '[ "$(totals {24..31})" = "$(kernel_spd)" ]'
is "two SAs and two policies" "$(totals 5 8 9 10 18 19 20)" "2 1 1 0 1 1 0"
is "ip tells three defaults" "$(kernel_defaults | wc -w)" 3
for defaults in "in block" "fwd block" "out block in accept" "fwd accept out accept"; do
    # shellcheck disable=SC2086
    ip xfrm policy setdefault $defaults
    check "default policies after $defaults: $(kernel_defaults)" \
        wait_until $SOON '[ "$(totals 32 34 33)" = "$(kernel_defaults)" ]'
done
is "all that by events" "$(polls)" "$before"
pair delete 192.0.2.1 192.0.2.70 esp 0x8000
policies delete 192.0.2.1 192.0.2.70 esp

### A bundle: IPComp's SAs carry the packets of the ESP ones below them

bundle_sa() { # SRC DST SPI: ESP, and IPComp with the next one
    sa add "$1" "$2" esp $(($3)) "$KEY"
    for way in "" there; do
        $way ip xfrm state add src "$1" dst "$2" proto comp spi $(($3 + 1)) mode tunnel reqid 9 comp deflate
    done
}

bundle_policy() { # COMMAND DIRECTION SRC DST: what is too small goes uncompressed, without the SA
    local level=required
    [ "$2" = out ] || level=use
    $1 ip xfrm policy add src "$3" dst "$4" dir "$2" \
        tmpl src "$3" dst "$4" proto comp reqid 9 mode tunnel level $level \
        tmpl proto esp reqid 9 mode transport
}

REQID=9
bundle_sa 192.0.2.1 192.0.2.80 0x9000
bundle_sa 192.0.2.80 192.0.2.1 0x9100
bundle_policy "" out 192.0.2.1 192.0.2.80
bundle_policy "" in 192.0.2.80 192.0.2.1
bundle_policy there out 192.0.2.80 192.0.2.1
bundle_policy there in 192.0.2.1 192.0.2.80
octets=$(total $OCTETS_OUT)
check "traffic by a bundle" pings -c 5 -s 1200 -p 00 192.0.2.80
read -r compressed packets <<<"$(of_kernel 0x9001)"
is "IPComp counted $compressed octets" "$packets" 5
read -r protected packets <<<"$(of_kernel 0x9000)"
is "ESP counted $protected octets" "$packets" 5
wait_until $SOON '[ "$(total 9)" = 2 ]' # both outbound ones have their direction
ip xfrm state deleteall
all_counted "a bundle"
is "only what ESP counted" "$(($(total $OCTETS_OUT) - octets))" "$protected"
end_both
unset PORT
there ip xfrm state flush
ip xfrm policy flush
there ip xfrm policy flush

### Flushed: as last seen, which a full read did

mkdir "$WORK/flush"
echo 'redumpInterval 1' >"$WORK/flush/agent.conf"
REQID=10
policies add 192.0.2.1 192.0.2.10 esp
pair add 192.0.2.1 192.0.2.10 esp 0xa000
start_both "$WORK/flush"
check "traffic before the flush" pings -c 8 -s 400 192.0.2.10
read -r out out_packets <<<"$(of_kernel 0xa000)"
read -r in in_packets <<<"$(of_kernel 0xa001)"
check "found SAs count, as they go on: $in $in_packets $out $out_packets" \
    wait_until $SOON '[ "$(totals 35 37 36 38)" = "$in $in_packets $out $out_packets" ]'
ip xfrm state flush
check "both are counted as possibly short" wait_until $SOON '[ "$(totals $CREATED $REMOVED $SHORT)" = "2 2 2" ]'
is "with what was last seen of them" "$(totals 35 37 36 38)" "$in $in_packets $out $out_packets"
polled=$(polls)
wait_until $SOON '[ "$(polls)" -ge '$((polled + 3))' ]'
is "full reads do not count them again" "$(totals 35 37 36 38)" "$in $in_packets $out $out_packets"
finish
