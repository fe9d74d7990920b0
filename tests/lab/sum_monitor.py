#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""sum_monitor.py HERE... < what `ip -s xfrm monitor` printed

Sums the last counters of the ESP and AH SAs that the kernel told to be deleted or expired, by direction: HERE are
this machine's addresses. Prints "NAME VALUE" lines: octets_in, packets_in, octets_out, packets_out, gone, expired,
soft, acquires (that expired), integrity, replay.
"""
import re
import sys


def blocks(text):
    """The messages: each begins at the line's start, what belongs to it is indented."""
    block = []
    for line in text.splitlines():
        if not line.startswith(("\t", " ")) and block:
            yield block
            block = []
        block.append(line)
    if block:
        yield block


def one(pattern, text):
    """The groups of what must be there."""
    match = re.search(pattern, text)
    if not match:
        sys.exit("sum_monitor.py: no %s in:\n%s" % (pattern, text))
    return match.groups()


def main():
    """Reads, adds up, prints."""
    here = sys.argv[1:]
    sums = dict.fromkeys("octets_in packets_in octets_out packets_out gone expired soft acquires "
                         "integrity replay".split(), 0)
    for block in blocks(sys.stdin.read()):
        text = "\n".join(block)
        sa = re.match(r"(Deleted|Expired) src (\S+) dst \S+\n\tproto (\S+) spi (0x[0-9a-f]+)", text)
        if not sa:
            continue
        word, source, protocol, spi = sa.groups()
        expired = word == "Expired"
        if expired and one(r"\n\s+hard (\d)", text) == ("0",):
            sums["soft"] += 1
            continue
        if int(spi, 16) == 0:
            sums["acquires"] += bool(expired)
            continue
        sums["gone"] += 1
        sums["expired"] += bool(expired)
        if protocol not in ("esp", "ah"):
            continue
        octets, packets = one(r"(\d+)\(bytes\), (\d+)\(packets\)\n\s+add ", text)
        window, replay, failed = one(r"replay-window (\d+) replay (\d+) failed (\d+)", text)
        way = "out" if source in here else "in"
        sums["octets_" + way] += int(octets)
        sums["packets_" + way] += int(packets)
        sums["integrity"] += int(failed)
        sums["replay"] += int(window) + int(replay)
    for name, value in sums.items():
        print(name, value)


if __name__ == "__main__":
    main()
