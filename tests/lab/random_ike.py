#!/usr/bin/env python3
"""random_ike.py SEED COUNT NAME

Prints the swanctl.conf of one end of COUNT random connections, NAME being moon or sun: what strongSwan
can be told in so many ways that no hand would write them down. The same SEED gives two ends that fit.
Connection n has addresses of its own, 203.0.113.(2n+1) and .(2n+2), or 2001:db8:100::(the same). Lifetimes
are long, so that nothing ends by itself in a test. With NAME "children", the names that moon may initiate.
"""
import random
import sys

IKE = ["aes128-sha256-modp2048", "aes192-sha384-ecp384", "aes256-sha512-modp1536",
       "aes256gcm16-prfsha384-ecp384", "aes128gcm8-prfsha256-ecp256", "aes128ccm12-prfsha256-curve25519",
       "chacha20poly1305-prfsha256-curve25519", "3des-sha1-modp1024", "aes128-aesxcbc-prfaesxcbc-modp2048",
       "aes256ctr-sha256-ecp256", "camellia256-sha512-ecp521", "aes128-md5-modp1536",
       "aes128-aescmac-prfaescmac-ecp256", "aes128-sha256-prfsha512-modp2048"]
IKE_V1 = ["aes128-sha256-modp2048", "aes192-sha384-modp1536", "3des-sha1-modp1024", "3des-md5-modp1024",
          "aes256-sha512-modp2048"]
ESP = ["aes128-sha256", "aes256-sha512", "aes128gcm16", "aes256gcm8", "aes192ccm12", "chacha20poly1305",
       "3des-sha1", "aes128ctr-sha384", "null-sha256", "aes128-md5", "aes256-aesxcbc", "aes192-sha1"]
AH = ["sha1", "sha256", "sha512", "md5", "sha384"]
GROUPS = ["", "", "-ecp256", "-modp1024", "-curve25519"]
NAMES = ["lan", "LAN_2", "bureau_1", "site-a+b", "x", "voice@home", "a-rather-long-name-of-a-connection"]
MODES = ["tunnel"] * 5 + ["transport", "transport", "beet"]


class Maker:
    def __init__(self, seed, name):
        self.random = random.Random(seed)
        self.here = name != "sun"
        self.lines = []

    def chance(self, percent):
        return self.random.randrange(100) < percent

    def pick(self, values):
        return self.random.choice(values)

    def number(self, low, high):
        return self.random.randint(low, high)

    def ends(self, moon, sun):
        return (moon, sun) if self.here else (sun, moon)

    def say(self, depth, name, value):
        self.lines.append("%s%s = %s" % (" " * depth, name, value))

    # ---- what both ends have in common is drawn for both, whichever is printed ----

    def identities(self, n):
        """Of moon and sun; the address, where none is said"""
        kind = self.number(0, 4)
        return [None if kind == 0 else "%s%d.example" % (end, n) if kind == 1
                else "%s%d@example.org" % (end, n) if kind == 2
                else '"C=CH, O=Random, CN=%s %d"' % (end, n) if kind == 3
                else "keyid:%s-%d" % (end, n) for end in ("moon", "sun")]

    def selectors(self, n, c, version, six):
        """Of moon and sun"""
        port = self.pick(["", "", "", "[tcp/443]", "[udp]", "[17/5000-5010]", "[gre]"])
        moon, sun = [], []
        for i in range(1 if version == 1 else self.number(1, 3)):
            if six:
                moon.append("2001:db8:%x:%x::/64" % (0x1000 + n * 16 + c, i))
                sun.append("2001:db8:%x:%x::/64" % (0x2000 + n * 16 + c, i))
            elif i == 0 or self.chance(70):
                moon.append("10.%d.%d.0/24" % (100 + n, c * 4 + i))
                sun.append("10.%d.%d.0/24" % (150 + n, c * 4 + i))
            else:
                moon.append("10.%d.%d.1-10.%d.%d.9" % (100 + n, c * 4 + i, 100 + n, c * 4 + i))
                sun.append("10.%d.%d.128/25" % (150 + n, c * 4 + i))
        return [",".join(each + port for each in end) for end in (moon, sun)]

    def both(self, depth, percent, **values):
        """The same at both ends"""
        for name, value in values.items():
            if self.chance(percent):
                self.say(depth, name, value)

    def own(self, depth, percent, **values):
        """Each end as it likes"""
        for name, value in values.items():
            drawn = [self.chance(percent) for _ in "ab"]
            if drawn[0 if self.here else 1]:
                self.say(depth, name, value)

    def child(self, n, c, version, addresses):
        mode, six = self.pick(MODES), self.chance(15)
        name = "%s-%d-%d" % (self.pick(NAMES), n, c)
        self.lines.append("   %s {" % name)
        self.say(4, "mode", mode)
        if mode == "tunnel":
            here, there = self.ends(*self.selectors(n, c, version, six))
        else:  # one selector each, told apart by its port
            port = "[tcp/%d]" % (1000 + c)
            here, there = "dynamic" + port, "dynamic" + port
        self.say(4, "local_ts", here)
        self.say(4, "remote_ts", there)
        esn = self.pick(["", "", "-esn", "-noesn-esn"]) if version != 1 else ""
        if self.chance(15):
            self.say(4, "ah_proposals", self.pick(AH) + self.pick(GROUPS) + esn)
        else:
            self.say(4, "esp_proposals", self.pick(ESP) + self.pick(GROUPS) + esn)
            self.both(4, 10 if mode != "beet" else 0, ipcomp="yes")
        self.own(4, 40, rekey_time="%dm" % self.number(60, 600))
        self.own(4, 20, rekey_bytes=self.number(10 ** 9, 10 ** 12), rekey_packets=self.number(10 ** 7, 10 ** 9))
        self.own(4, 20, life_time="%dh" % self.number(11, 30))
        self.own(4, 15, inactivity="2h", tfc_padding=self.number(0, 100), priority=self.number(1, 5000))
        self.own(4, 20, dpd_action=self.pick(["clear", "trap", "restart", "none"]))
        self.own(4, 20, close_action=self.pick(["none", "trap"]))
        self.own(4, 15, replay_window=self.pick([0, 64, 128]), copy_dscp="yes", sha256_96="no")
        if mode == "tunnel":
            mark = self.number(1, 4000)
            self.own(4, 10, mark_out="%d/0xffff" % mark, if_id_in=n * 16 + c + 1, if_id_out=n * 16 + c + 1)
            self.own(4, 10, reqid=5000 + n * 16 + c)
            self.own(4, 10, policies_fwd_out="yes")
            if self.chance(20) and self.here:
                self.say(4, "start_action", "trap")
        self.lines.append("   }")
        return name

    def connection(self, n):
        version = self.pick([0, 1, 2, 2, 2, 2])
        moon, sun = ("203.0.113.%d", "203.0.113.%d") if version == 1 or self.chance(80) else (
            "2001:db8:100::%d",) * 2
        here, there = self.ends(moon % (2 * n + 1), sun % (2 * n + 2))
        identities = self.identities(n) if version != 1 else [None, None]
        self.lines.append(" %s-%d {" % (self.pick(NAMES), n))
        self.say(2, "version", version)
        self.say(2, "local_addrs", here)
        self.say(2, "remote_addrs", there if self.chance(80) or self.here else "%any")
        self.say(2, "proposals", self.pick(IKE_V1 if version == 1 else IKE))
        self.own(2, 40, rekey_time="%dm" % self.number(60, 6000), reauth_time="%dh" % self.number(2, 50))
        self.own(2, 20, over_time="%dm" % self.number(1, 20), rand_time="%ds" % self.number(0, 100))
        self.own(2, 30, dpd_delay="%ds" % self.number(100, 1000))
        self.own(2, 20, dpd_timeout="%ds" % self.number(1000, 2000))
        self.own(2, 20, keyingtries=self.number(1, 5), fragmentation=self.pick(["yes", "no", "accept"]))
        self.own(2, 30, unique=self.pick(["no", "never", "keep", "replace"]))
        self.both(2, 20, encap="yes")
        self.own(2, 20, mobike="no", dscp="101110")
        for side, identity in zip(("local", "remote"), self.ends(*identities)):
            self.lines.append("  %s {" % side)
            self.say(3, "auth", "psk")
            if identity:
                self.say(3, "id", identity)
            self.lines.append("  }")
        self.lines.append("  children {")
        names = [self.child(n, c, version, (here, there)) for c in range(self.number(1, 3))]
        self.lines += ["  }", " }"]
        secret = [" ike-%d {" % n]
        for letter, identity, address in zip("ab", self.ends(*identities), (here, there)):
            secret.append("  id-%s = %s" % (letter, identity or address))
        return names, secret + ["  secret = throw-away-%d" % n, " }"]

    def shunt(self, n):
        self.lines += [" shunt-%d {" % n, "  remote_addrs = 127.0.0.1", "  children {",
                       "   shunt-%d-0 {" % n]
        self.say(4, "mode", self.pick(["pass", "drop"]))
        self.say(4, "local_ts", self.pick(["dynamic", "10.99.%d.0/24" % n, "10.99.%d.1/32[tcp/25]" % n]))
        self.say(4, "remote_ts", "10.98.%d.0/24%s" % (n, self.pick(["", "[udp]", "[icmp]"])))
        if self.chance(70):
            self.say(4, "start_action", "trap")
        self.lines += ["   }", "  }", " }"]


def main():
    seed, count, name = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    maker, children, secrets = Maker(seed, name), [], []
    maker.lines.append("connections {")
    for n in range(count):
        if maker.chance(10):
            maker.shunt(n)
            continue
        names, secret = maker.connection(n)
        children += names
        secrets += secret
    maker.lines += ["}", "secrets {"] + secrets + ["}"]
    print("\n".join(children if name == "children" else maker.lines))


main()
