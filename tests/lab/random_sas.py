#!/usr/bin/env python3
"""random_sas.py SEED COUNT

Prints COUNT lines for `ip -batch`, each making one random SA, all kinds that Linux has. `ip` ends
at the first line that the kernel refuses, even with -force: add_lines of tests/lib.sh goes on.
The same SEED gives the same lines. Time limits are hours, so that nothing expires in a test;
larval SAs (allocspi) live as long as net.core.xfrm_acq_expires says.
"""
import random
import sys

KINDS = ["esp"] * 12 + ["ah"] * 4 + ["comp"] * 2 + ["larval"] * 2 + ["route2"]

# kernel name: key lengths in bits, salt included
CIPHERS = {
    "cbc(aes)": (128, 192, 256), "cbc(des3_ede)": (192,), "cbc(des)": (64,),
    "cbc(camellia)": (128, 192, 256), "cbc(serpent)": (128, 192, 256),
    "cbc(twofish)": (128, 192, 256), "cbc(blowfish)": (128, 256, 448), "cbc(cast5)": (128,),
    "rfc3686(ctr(aes))": (160, 224, 288), "ecb(cipher_null)": (0,),
}
AEADS = {
    "rfc4106(gcm(aes))": ((160, 224, 288), (64, 96, 128)),
    "rfc4309(ccm(aes))": ((152, 216, 280), (64, 96, 128)),
    "rfc4543(gcm(aes))": ((160, 224, 288), (128,)),
    "rfc7539esp(chacha20,poly1305)": ((288,), (128,)),
}
# kernel name: key length in bits, truncations that `auth-trunc` may ask for
AUTHS = {
    "hmac(md5)": (128, (96, 128)), "hmac(sha1)": (160, (96, 160)),
    "hmac(sha256)": (256, (96, 128)), "hmac(sha384)": (384, (192,)),
    "hmac(sha512)": (512, (256,)), "hmac(rmd160)": (160, (96,)),
    "xcbc(aes)": (128, (96,)), "cmac(aes)": (128, (96, 128)), "hmac(sm3)": (256, (96, 128)),
    "digest_null": (0, ()),
}
FLAGS = ["noecn", "decap-dscp", "nopmtudisc", "wildrecv", "icmp", "align4"]


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.made = 0
        self.last = None  # (spi, protocol) of the SA before, for the same SPI twice

    def chance(self, percent):
        return self.random.randrange(100) < percent

    def pick(self, values):
        return self.random.choice(list(values))

    def number(self, low, high):
        return self.random.randint(low, high)

    def key(self, bits):
        return "0x%0*x" % (bits // 4, self.random.getrandbits(bits)) if bits else '""'

    def address(self, family):
        if family == 4:
            net = self.pick(["192.0.2", "198.51.100", "203.0.113", "10.1.2"])
            return "%s.%d" % (net, self.number(1, 254))
        return "2001:db8:%x::%x" % (self.number(0, 65535), self.number(1, 65535))

    def prefix(self, family):
        if family == 4:
            bits = self.pick([0, 8, 16, 24, 27, 32])
            value = self.random.getrandbits(32) & ~(2 ** (32 - bits) - 1)
            return "%s/%d" % (".".join(str(value >> s & 255) for s in (24, 16, 8, 0)), bits)
        return self.pick(["::/0", "2001:db8:%x::/48" % self.number(0, 65535),
                          "2001:db8::%x/128" % self.number(1, 65535), "fd00:%x::/32" % 0])

    def algorithms(self, kind, esn):
        """Algorithms as words; the flag esn limits some of them."""
        if kind == "comp":
            return "comp deflate"
        if kind == "esp" and self.chance(45):
            name = self.pick(AEADS)
            keys, icvs = AEADS[name]
            return 'aead "%s" %s %d' % (name, self.key(self.pick(keys)), self.pick(icvs))
        words = []
        if kind == "esp":
            name = self.pick(CIPHERS)
            words.append('enc "%s" %s' % (name, self.key(self.pick(CIPHERS[name]))))
            if not esn and self.chance(10):
                return words[0]  # encryption alone
        # no authentication at all is refused for AH and for NULL; sm3 is rare among kernels
        null = kind == "ah" or "cipher_null" in words[0]
        name = self.pick(n for n in AUTHS if not (null and n == "digest_null")
                         and (n != "hmac(sm3)" or self.chance(5)))
        bits, truncations = AUTHS[name]
        if truncations and self.chance(60):
            words.append('auth-trunc "%s" %s %d'
                         % (name, self.key(bits), self.pick(truncations)))
        else:
            words.append('auth "%s" %s' % (name, self.key(bits)))
        return " ".join(words)

    def limits(self):
        words = []
        for unit, low, high in (("byte", 10 ** 4, 2 ** 60), ("packet", 10 ** 3, 2 ** 50),
                                ("time", 7200, 10 ** 7), ("time-use", 7200, 10 ** 7)):
            for which in ("soft", "hard"):
                if self.chance(30):
                    words.append("limit %s-%s %d" % (unit, which, self.number(low, high)))
        return words

    def selector(self, family):
        words = ["sel src %s dst %s" % (self.prefix(family), self.prefix(family))]
        if self.chance(70):
            proto = self.pick(["tcp", "udp", "sctp", "icmp" if family == 4 else "ipv6-icmp",
                               "gre", "ospf"])
            words.append("proto " + proto)
            if proto in ("tcp", "udp", "sctp"):
                if self.chance(60):
                    words.append("sport %d" % self.number(1, 65535))
                if self.chance(60):
                    words.append("dport %d" % self.number(1, 65535))
            elif "icmp" in proto and self.chance(50):
                words.append("type %d code %d" % (self.number(1, 255), self.number(1, 255)))
            elif proto == "gre" and self.chance(50):
                words.append("key %d" % self.number(65536, 2 ** 32 - 1))
        if self.chance(15):
            words.append("dev lo")
        return " ".join(words)

    def larval(self, family, src, dst):
        return ("xfrm state allocspi src %s dst %s proto %s reqid %d mode %s min 0x%x max 0x%x" % (
            src, dst, self.pick(["esp", "ah"]), self.made + 1, self.pick(["tunnel", "transport"]),
            0x10000 + self.made * 16, 0x1000f + self.made * 16))

    def line(self):
        self.made += 1
        kind = self.pick(KINDS)
        family = 6 if kind == "route2" else self.pick([4, 4, 6])
        src, dst = self.address(family), self.address(family)
        if kind == "larval":
            return self.larval(family, src, dst)
        if kind == "route2":  # mobile IPv6: no SPI, no algorithm, a care-of address
            return "xfrm state add src %s dst %s proto %s mode ro coa %s" % (
                src, dst, self.pick(["route2", "hao"]), self.address(6))
        spi = self.number(256, 65535 if kind == "comp" else 2 ** 32 - 1)
        mark = mask = None
        if self.chance(25):
            mask = self.pick([0xffffffff, 0xff, 0xff00, 0xffff0000])
            mark = self.random.getrandbits(32) & mask
        if self.last and self.chance(10):
            # the same SPI twice: another protocol or destination, or only another mark
            spi, other_kind, other_dst, other_mark, family = self.last
            if kind == "comp" and spi > 65535:
                kind = "esp"
            src, dst = self.address(family), self.address(family)
            if other_mark is not None or kind != other_kind:
                dst = other_dst
                mark, mask = (other_mark or 0) ^ 0x5a5a5a5a, 0xffffffff
        self.last = (spi, kind, dst, mark if mask == 0xffffffff else None, family)

        mode = self.pick(["transport", "tunnel", "tunnel"] + ["beet"] * (kind == "esp"))
        esn = kind != "comp" and self.chance(20)
        words = ["xfrm state add src %s dst %s proto %s spi 0x%x mode %s" % (
            src, dst, kind, spi, mode), self.algorithms(kind, esn)]
        if self.chance(70):
            words.append("reqid %d" % self.number(1, 2 ** 31))
        if self.chance(10):
            words.append("seq %d" % self.number(1, 2 ** 31))
        if mark is not None:
            words.append("mark %d mask %d" % (mark, mask))
        if self.chance(15):
            words.append("output-mark %d" % self.number(1, 2 ** 32 - 1))
            if self.chance(50):
                words[-1] += " mask %d" % self.number(1, 2 ** 32 - 1)
        if self.chance(20):
            words.append("if_id %d" % self.number(1, 2 ** 32 - 1))

        flags = [f for f in FLAGS if self.chance(10)]
        if esn:
            flags.append("esn")
        inner = family  # family of the selector, may differ in tunnel mode
        with_selector = self.chance(40)
        if not with_selector and mode == "tunnel" and self.chance(30):
            flags.append("af-unspec")
        if flags:
            words.append("flag " + " ".join(flags))
        extra = [f for f in ("dont-encap-dscp", "oseq-may-wrap") if self.chance(8)]
        if extra:
            words.append("extra-flag " + " ".join(extra))

        if esn:
            words.append("replay-window %d" % self.pick([1, 32, 64, 128, 1024, 4096]))
        elif kind != "comp" and self.chance(60):
            words.append("replay-window %d" % self.pick([4, 16, 32, 32, 64, 256]))
        if kind != "comp" and self.chance(25):
            words.append("replay-seq 0x%x replay-oseq 0x%x" % (
                self.number(1, 2 ** 32 - 1), self.number(1, 2 ** 32 - 1)))
            if esn:
                words.append("replay-seq-hi 0x%x replay-oseq-hi 0x%x" % (
                    self.number(0, 2 ** 32 - 1), self.number(0, 2 ** 32 - 1)))
        if kind == "esp" and self.chance(20):
            words.append("encap %s %d %d %s" % (
                self.pick(["espinudp", "espinudp", "espinudp-nonike"]), self.number(1, 65535),
                self.number(1, 65535), self.pick(["0.0.0.0", "192.0.2.99"]) if family == 4
                else "::"))
        if with_selector:
            if mode == "tunnel" and self.chance(20):
                inner = 10 - family
            words.append(self.selector(inner))
        if self.chance(40):
            words += self.limits()
        return " ".join(words)


def main():
    maker = Maker(int(sys.argv[1]))
    for _ in range(int(sys.argv[2])):
        print(maker.line())


if __name__ == "__main__":
    main()
