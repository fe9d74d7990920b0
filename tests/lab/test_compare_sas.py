#!/usr/bin/env python3
"""Tests of compare_sas.py: it accepts what is equal, and reports every field that is not."""
import os
import re
import sys
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import compare_sas as comparer  # noqa: E402

CAPTURES = os.path.join(HERE, "..", "data", "captures")
ROOT = ".1.3.6.1.4.1.8072.9999.9999.4301.1.5.1."
COUNTERS64 = {"SequenceOut", "SequenceIn", "SequenceHeadroom", "Octets", "Packets", "HardOctets",
              "HardPackets", "SoftOctets", "SoftPackets", "ReplayWindowErrors", "ReplayErrors",
              "IntegrityErrors"}


def read(name):
    with open(os.path.join(CAPTURES, name)) as file:
        return file.read()


def hexadecimal(octets):
    """As snmpbulkwalk -Ox prints it: 16 octets a line"""
    lines = [" ".join("%02X" % o for o in octets[i:i + 16]) for i in range(0, len(octets), 16)]
    return "Hex-STRING: " + " \n".join(lines) + " " if octets else '""'


def render(rows):
    """Rows {index: {name: int, bytes or set of flags}} as snmpbulkwalk prints them, by column"""
    lines = []
    for name, column in sorted(comparer.COLUMNS.items(), key=lambda item: item[1]):
        for index in sorted(rows):
            value = rows[index][name]
            if isinstance(value, set):
                word = sum(0x8000 >> comparer.FLAGS.index(flag) for flag in value)
                value = word.to_bytes(2, "big")
            if isinstance(value, comparer.Near):
                value = value.low
            if isinstance(value, bytes):
                text = hexadecimal(value)
            elif name in COUNTERS64:
                text = "Counter64: %d" % value
            else:
                text = ("INTEGER: %d" if value < 0 else "Gauge32: %d") % value
            lines.append("%s%d.%d = %s" % (ROOT, column, index, text))
    return "\n".join(lines) + "\n"


class Compare(unittest.TestCase):
    capture = "ip-xfrm-state.txt"
    local = {"192.0.2.1", "2001:db8::1"}

    def setUp(self):
        self.text = read(self.capture)
        sas = comparer.parse_ip(self.text)
        self.now = max(sa["added"] for sa in sas) + 10
        self.rows = {index: comparer.expected(sa, self.now, 0, self.local)
                     for index, sa in enumerate(sas, 1)}

    def compare(self, rows, **options):
        options.setdefault("local", self.local)
        return comparer.compare(options.pop("text", self.text), render(rows), self.now, **options)

    def test_equal(self):
        self.assertEqual(self.compare(self.rows), [])

    def test_every_sa_is_read(self):
        self.assertEqual(len(self.rows), len(re.findall("^src ", self.text, re.M)))
        for row in self.rows.values():
            self.assertEqual(set(row), set(comparer.COLUMNS))

    def test_hidden_keys(self):
        text = re.sub(r"0x[0-9a-f]{16,} \(\d+ bits\)", "<<Keys hidden>>", self.text)
        self.assertEqual(self.compare(self.rows, text=text), [])

    def test_every_field_of_every_sa(self):
        texts = [sa["text"] for sa in comparer.parse_ip(self.text)]
        for name in comparer.COLUMNS:
            for index, row in self.rows.items():
                value = row[name]
                if isinstance(value, bytes):
                    others = [value + b"x"] + ([value[:-1]] if value else [])
                    if name in ("AddTime", "UseTime") and value:
                        others.append(value[:6] + bytes([(value[6] + 1) % 60]) + value[7:])
                elif isinstance(value, set):
                    others = [value ^ {flag} for flag in comparer.FLAGS]
                elif isinstance(value, comparer.Near):
                    others = [value.high + 60]
                else:
                    others = [value + 60, value - 60 if value >= 60 else value + 61]
                for other in others:
                    found = self.compare({index: {**row, name: other}}, text=texts[index - 1])
                    self.assertTrue(found, "%s of %d" % (name, index))
                    self.assertTrue(
                        any(name in line or "not in the" in line for line in found), found)

    def test_missing_row(self):
        for index in self.rows:
            rows = {i: row for i, row in self.rows.items() if i != index}
            self.assertEqual(len(self.compare(rows)), 2)  # the count, and the one

    def test_extra_row(self):
        rows = {**self.rows, 1000: dict(self.rows[1], Spi=77)}
        self.assertEqual(len(self.compare(rows)), 2)

    def test_row_twice(self):
        rows = {**self.rows, 1000: self.rows[1]}
        self.assertEqual(len(self.compare(rows)), 2)

    def test_missing_column(self):
        rows = render(self.rows)
        walk = re.sub(r"^%s29\.1 = .*\n" % re.escape(ROOT), "", rows, flags=re.M)
        self.assertEqual(len(comparer.compare(self.text, walk, self.now, local=self.local)), 1)

    def test_order(self):
        rows = {(len(self.rows) + 1 - i if i in (1, len(self.rows)) else i): row
                for i, row in self.rows.items()}
        self.assertTrue(self.compare(rows))
        self.assertEqual(self.compare(rows, order=False), [])

    def test_empty(self):
        self.assertEqual(comparer.compare("", "", self.now), [])
        self.assertTrue(comparer.compare(self.text, "", self.now))
        self.assertTrue(comparer.compare("", render(self.rows), self.now))


class CompareRandom(Compare):
    capture = "ip-xfrm-state-random.txt"


class ByHand(unittest.TestCase):
    """What a person reads in the capture"""

    def setUp(self):
        self.sas = {sa["spi"]: comparer.expected(sa, sa["added"] + 5, 0)
                    for sa in comparer.parse_ip(read("ip-xfrm-state.txt"))}

    def check(self, spi, **want):
        for name, value in want.items():
            self.assertEqual(self.sas[spi][name], value, "%x %s" % (spi, name))

    def test_values(self):
        self.check(0x1001, Encryption=b"AES128-CBC", EncryptionKeyBits=128, Protocol=50,
                   EncryptionTransform=12, Authentication=b"HMAC-SHA1", Mode=1, State=2,
                   AuthenticationTransform=2, AuthenticationTruncationBits=96, ReplayWindow=32,
                   SelectorProtocol=6, SelectorSourcePort=23, SelectorSourcePortMask=65535,
                   SelectorDestinationPortMask=0, SelectorSourceText=b"192.0.2.1/32",
                   SequenceHeadroom=2 ** 32 - 1, SequenceHeadroomPercent=100)
        self.check(0x1003, Encryption=b"AES128-GCM-16", EncryptionKeyBits=128, AeadIcvBits=128,
                   EncryptionTransform=20, Authentication=b"", Mark=16, MarkMask=255,
                   OutputMark=32, OutputMarkMask=240, IfId=7, ReplayWindow=128, Flags={"esn"},
                   SequenceHeadroom=2 ** 64 - 1, SelectorSourceText=b"0.0.0.0/0")
        self.check(0x1004, Protocol=51, Encryption=b"", Authentication=b"HMAC-SHA2-256-128",
                   AuthenticationTransform=12, Flags={"nopmtudisc"})
        self.check(0x1005, Encryption=b"NULL", EncryptionKeyBits=0, EncryptionTransform=11,
                   Authentication=b"HMAC-SHA2-512-256", AuthenticationTransform=14,
                   Encapsulation=3, EncapSourcePort=4500, EncapOriginalType=0,
                   SelectorSourceType=0, SelectorSourceText=b"", Flags={"af-unspec"})
        self.check(0x1006, Protocol=108, Compression=b"DEFLATE", CompressionTransform=2,
                   SequenceHeadroomPercent=-1)
        self.check(0xc0000201, Protocol=4, State=2, Encryption=b"", Authentication=b"")
        self.check(0x1007, Encryption=b"CHACHA20-POLY1305", EncryptionKeyBits=256, Mode=5,
                   SourceType=2, SourceText=b"2001:db8::1")
        self.check(0x1009, State=3, SoftPackets=2, HardPackets=4, Packets=3, Octets=192,
                   SequenceOut=3, SequenceHeadroom=2 ** 32 - 4)
        self.check(0x100b, Encryption=b"3DES-CBC", EncryptionKeyBits=192, Reqid=0,
                   EncryptionTransform=3, Authentication=b"HMAC-MD5", AuthenticationTransform=1)
        self.check(0x100c, Encryption=b"AES128-CTR", EncryptionTransform=13,
                   Authentication=b"AES-XCBC", AuthenticationTransform=5)
        self.check(0, State=1, AcquireSequence=1, Reqid=50, HardAddSeconds=30,
                   SecondsToHardExpiry=25, SecondsToSoftExpiry=-1, SelectorProtocol=17,
                   UseAge=-1, UseTime=b"")
        self.check(0x200b, State=1, Reqid=20, SequenceHeadroom=0)


if __name__ == "__main__":
    unittest.main()
