#!/usr/bin/env python3
"""random_policies.py SEED COUNT

Prints COUNT lines for `ip -batch`, each making one random policy, all kinds that Linux has and
iproute2 can ask for (port masks other than all and nothing it cannot). `ip` ends at the first line
that the kernel refuses, even with -force: add_lines of tests/lib.sh goes on. The same SEED gives
the same lines. Time limits are hours, so that nothing expires in a test.
"""
import random
import sys

PROTOCOLS = {"esp": 12, "ah": 4, "comp": 2}


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.made = 0

    def chance(self, percent):
        return self.random.randrange(100) < percent

    def pick(self, values):
        return self.random.choice(list(values))

    def number(self, low, high):
        return self.random.randint(low, high)

    def address(self, family):
        if family == 4:
            net = self.pick(["192.0.2", "198.51.100", "203.0.113", "10.1.2"])
            return "%s.%d" % (net, self.number(1, 254))
        return "2001:db8:%x::%x" % (self.number(0, 65535), self.number(1, 65535))

    def prefix(self, family):
        size = 32 if family == 4 else 128
        bits = self.pick([0, 1, 8, 16, 24, 31, 32] if family == 4 else [0, 3, 32, 48, 64, 127, 128])
        # bits behind the prefix may be set: the kernel keeps them as they are
        value = self.random.getrandbits(size)
        if self.chance(80):
            value &= ~(2 ** (size - bits) - 1)
        if family == 4:
            text = ".".join(str(value >> s & 255) for s in (24, 16, 8, 0))
        else:
            text = ":".join("%x" % (value >> s & 65535) for s in range(112, -1, -16))
        return "%s/%d" % (text, bits)

    def selector(self, family):
        words = ["src %s dst %s" % (self.prefix(family), self.prefix(family))]
        if self.chance(15):
            words.append("dev lo")
        if self.chance(70):
            proto = self.pick(["tcp", "udp", "sctp", "icmp" if family == 4 else "ipv6-icmp", "gre",
                               "ospf", "esp", "253"])
            words.append("proto " + proto)
            if proto in ("tcp", "udp", "sctp"):
                if self.chance(60):
                    words.append("sport %d" % self.number(1, 65535))
                if self.chance(60):
                    words.append("dport %d" % self.number(1, 65535))
            elif "icmp" in proto and self.chance(70):
                words.append("type %d" % self.number(0, 255))
                if self.chance(70):
                    words.append("code %d" % self.number(0, 255))
            elif proto == "gre" and self.chance(70):
                key = self.number(0, 2 ** 32 - 1)
                words.append("key %s" % (key if self.chance(50) else ".".join(
                    str(key >> s & 255) for s in (24, 16, 8, 0))))
        return " ".join(words)

    def limits(self):
        words = []
        for unit, low, high in (("byte", 10 ** 4, 2 ** 60), ("packet", 10 ** 3, 2 ** 50),
                                ("time", 7200, 10 ** 7), ("time-use", 7200, 10 ** 7)):
            for which in ("soft", "hard"):
                if self.chance(30):
                    words.append("limit %s-%s %d" % (unit, which, self.number(low, high)))
        return words

    def template(self, family, direction):
        """Words, and the family that the next one has to have"""
        proto = self.pick(p for p, weight in PROTOCOLS.items() for _ in range(weight))
        mode = self.pick(["tunnel", "tunnel", "transport", "transport", "transport", "beet"])
        if family == 6 and self.chance(5):
            proto, mode = self.pick(["route2", "hao"]), "ro"
        outer = self.pick([4, 6]) if mode in ("tunnel", "beet") and self.chance(20) else family
        words = ["tmpl"]
        if mode in ("tunnel", "beet", "ro") or self.chance(20):
            words.append("src %s dst %s" % (self.address(outer), self.address(outer)))
        words.append("proto " + proto)
        if proto in PROTOCOLS and self.chance(30):
            words.append("spi 0x%x" % self.number(256, 0xffff if proto == "comp" else 2 ** 32 - 1))
        if self.chance(80):
            words.append("reqid %d" % self.number(0, self.pick([100, 2 ** 32 - 1])))
        words.append("mode " + mode)
        # an outbound tunnel cannot be optional
        if self.chance(30) and not (direction == "out" and mode in ("tunnel", "beet")):
            words.append("level use")
        elif self.chance(20):
            words.append("level required")
        return " ".join(words), outer

    def line(self):
        self.made += 1
        family = self.pick([4, 4, 6])
        direction = self.pick(["in", "out", "out", "fwd"])
        words = ["xfrm policy", self.pick(["add", "add", "add", "update"]), self.selector(family),
                 "dir " + direction]
        if self.chance(25):
            mask = self.pick([0xffffffff, 0xff, 0xff00, 0xffff0000])
            mark = self.pick([0, self.random.getrandbits(32) & mask])
            words.append("mark 0x%x mask 0x%x" % (mark, mask))
        if self.chance(10):  # its low three bits are the direction
            words.append("index %d" % (
                (self.made + 100000) * 8 + ["in", "out", "fwd"].index(direction)))
        if self.chance(15):
            words.append("ptype sub")
        elif self.chance(15):
            words.append("ptype main")
        block = self.chance(15)
        if block or self.chance(20):
            words.append("action " + ("block" if block else "allow"))
        if self.chance(85):
            words.append("priority %d" % self.number(0, self.pick([10, 400000, 2 ** 32 - 1])))
        flags = [flag for flag in ("localok", "icmp") if self.chance(15)]
        if flags:
            words.append("flag " + " ".join(flags))
        if self.chance(20):
            words.append("if_id %d" % self.number(1, 2 ** 32 - 1))
        if self.chance(40):
            words += self.limits()
        if self.chance(10 if block else 75):
            for _ in range(self.pick([1, 1, 1, 1, 2, 2, 3, 6])):
                template, family = self.template(family, direction)
                words.append(template)
        return " ".join(words)


def main():
    maker = Maker(int(sys.argv[1]))
    for _ in range(int(sys.argv[2])):
        print(maker.line())


if __name__ == "__main__":
    main()
