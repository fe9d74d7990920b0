#!/usr/bin/env python3
"""random_bypasses.py SEED COUNT DEVICE ADDRESS...

Prints COUNT lines for `ip -batch`, each making one random policy of the kind that decides whether
IPsec applies at an interface: most let packets pass, of one of these addresses or of networks
around them, of all packets or of some, at the DEVICE alone or anywhere; some protect or discard.
"""
import ipaddress
import random
import sys


def line(rng, device, addresses):
    address = ipaddress.ip_address(rng.choice(addresses))
    size = address.max_prefixlen
    own = ipaddress.ip_network((address, rng.choice([0, size // 2, size, size])), strict=False)
    bits = rng.choice([0, 0, 0, 8, size])
    other = ipaddress.ip_network((type(address)(rng.getrandbits(size)), bits), strict=False)
    direction = rng.choice(["in", "out", "fwd"])
    ends = (own, other) if direction == "out" else (other, own)
    words = ["xfrm policy add src %s dst %s" % ends]
    if rng.random() < 0.2:
        words.append("dev " + device)
    if rng.random() < 0.2:
        words.append("proto " + rng.choice(["tcp sport 22", "udp dport 53", "ospf", "sctp"]))
    words.append("dir " + direction)
    if rng.random() < 0.1:
        words.append("mark %d mask 0xff" % rng.randint(0, 255))
    words.append("ptype " + rng.choice(["main"] * 9 + ["sub"]))
    kind = rng.random()
    if kind < 0.02:
        words.append("action block")
    words.append("priority %d" % rng.randint(1, 40))
    if rng.random() < 0.05:
        words.append("if_id %d" % rng.randint(1, 9))
    if 0.02 <= kind < 0.06:
        words.append("tmpl proto esp reqid 1 mode transport")
    return " ".join(words)


def main():
    rng = random.Random(int(sys.argv[1]))
    for _ in range(int(sys.argv[2])):
        print(line(rng, sys.argv[3], sys.argv[4:]))


if __name__ == "__main__":
    main()
