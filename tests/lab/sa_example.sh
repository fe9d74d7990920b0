#!/bin/bash
# The example of `ipsec_report -sa ipsec` in HP's manual page, from two real SAs, equal to the byte
# but for the current lifetimes, which run on.
# shellcheck source=/dev/null disable=SC2317,SC2016
. "$(dirname "$0")/../lib.sh"
begin
GOLDEN=$TESTS/golden/sa_ipsec_hp.txt

normalise() {
    awk '/^---/ { current = /Current Lifetimes/ } current { sub(/: [0-9]+$/, ": N") } { print }'
}

sa() { # SRC DST SPI
    ip xfrm state add src "$1" dst "$2" proto esp spi "$3" mode transport reqid 1 \
        enc 'cbc(aes)' 0x000102030405060708090a0b0c0d0e0f \
        auth 'hmac(sha1)' 0x000102030405060708090a0b0c0d0e0f10111213 \
        limit time-hard 28800 limit time-soft 24264
}

ip link add lan0 type dummy && ip addr add 192.1.1.1/24 dev lan0 && ip link set lan0 up
check "outbound SA added" sa 192.1.1.1 192.1.1.3 0x1fe472
check "inbound SA added" sa 192.1.1.3 192.1.1.1 0x241988
ip xfrm policy add src 192.1.1.1 dst 192.1.1.3 dir out \
    tmpl src 192.1.1.1 dst 192.1.1.3 proto esp reqid 1 mode transport
for _ in 1 2 3; do echo "some traffic" >/dev/udp/192.1.1.3/9; done

start_both "$WORK"
report() {
    "$BUILD/ipsec_report" -sa ipsec -- -v2c -c public "127.0.0.1:$PORT"
}
check "the report is printed" report
report >"$WORK/report"
if diff -u <(normalise <"$GOLDEN") <(normalise <"$WORK/report") >"$WORK/diff"; then
    ok "equal to HP's example"
else
    cat "$WORK/diff"
    not_ok "equal to HP's example" "see the differences above"
fi
bytes=$(ip -s xfrm state | awk '/\(bytes\), / { sub(/\(.*/, ""); print $1 }' | tail -n 1)
is "traffic was counted by the kernel" "$([ "$bytes" -gt 0 ] && echo yes)" yes
is "bytes processed of the outbound SA" \
    "$(awk '/^bytes processed/ { print $3; exit }' "$WORK/report")" "$bytes"
finish
