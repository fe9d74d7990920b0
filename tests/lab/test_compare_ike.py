#!/usr/bin/env python3
"""Tests of compare_ike.py: it accepts what is equal, and reports every column that is not."""
import functools
import os
import re
import sys
import tempfile
import unittest
from datetime import datetime, timezone

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "..", "data", "captures", "ike")
sys.path.insert(0, HERE)
import compare_ike as comparer  # noqa: E402

ROOT = ".1.3.6.1.4.1.8072.9999.9999.4301"


def read(name):
    with open(os.path.join(DATA, name)) as file:
        return file.read()


def arguments():
    words = read("args").split()
    return int(words[words.index("--now") + 1]), int(words[words.index("--slack") + 1])


@functools.lru_cache
def wanted():
    return comparer.wanted_rows(DATA, comparer.Wanted(*arguments(), True))


def plain(value):
    return value.low if isinstance(value, comparer.Near) else value


def date(seconds):
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return bytes([moment.year >> 8, moment.year & 255, moment.month, moment.day, moment.hour,
                  moment.minute, moment.second, 0]) + b"+\0\0"


def hexadecimal(octets):
    if not octets:
        return '""'
    words = ["%02X " % octet for octet in octets]
    return "Hex-STRING: " + "\n".join("".join(words[n:n + 16]) for n in range(0, len(words), 16))


def index_of(identity, number):
    table, key = identity
    if table == comparer.IKE_SA:
        return str(number)
    if table == comparer.CERTIFICATE:
        return ".".join(str(octet) for octet in bytes.fromhex(key[0].decode()))
    return ".".join(".".join(str(n) for n in [len(name)] + list(name)) for name in key)


def render(rows):
    """Rows as snmpbulkwalk -Onxt prints them"""
    lines = []
    for number, (identity, row) in enumerate(sorted(rows.items(), key=repr), 1):
        row = dict(row)
        if identity[0] == comparer.IKE_SA:
            row[47] = identity[1]
        for column, value in row.items():
            if (identity[0], column) in comparer.MOMENTS:
                value = date(value) if value is not None else b""
            lines.append("%s.1.%d.1.%d.%s = %s" % (
                ROOT, identity[0], column, index_of(identity, number),
                hexadecimal(value) if isinstance(value, bytes) else "INTEGER: %d" % value))
    return "\n".join(lines) + "\n"


def found(rows):
    return list(comparer.differences(wanted(), comparer.told_rows(render(rows))))


class Compare(unittest.TestCase):
    def setUp(self):
        self.rows = {identity: {column: plain(value) for column, value in row.items()}
                     for identity, row in wanted().items()}

    def test_every_table_is_there(self):
        self.assertEqual({identity[0] for identity in self.rows}, {7, 8, 9, 16})
        self.assertGreater(len(self.rows), 25)

    def test_real_reading(self):
        """The agent's own answer to the same question"""
        self.assertEqual(list(comparer.differences(wanted(), comparer.told_rows(read("walk")))), [])

    def test_equal(self):
        self.assertEqual(found(self.rows), [])

    def test_every_column(self):
        for identity, row in self.rows.items():
            for column, value in row.items():
                moment = (identity[0], column) in comparer.MOMENTS
                if isinstance(value, bytes):
                    others = [value + b"x"] + ([value[:-1]] if value else [])
                elif value is None:
                    others = [0]
                elif moment or value > 3600:
                    others = [value + 172800, max(0, value - 172800)]
                else:
                    others = [value + 172800] + ([value - 1] if not self.tolerant(identity, column)
                                                 else [])
                for other in others:
                    changed = dict(self.rows, **{})
                    changed[identity] = dict(row, **{})
                    changed[identity][column] = other
                    told = found(changed)
                    self.assertEqual(len(told), 1, (identity, column, value, other, told))
                    self.assertIn("%d.%d of" % (identity[0], column), told[0])

    @staticmethod
    def tolerant(identity, column):
        return isinstance(wanted()[identity][column], comparer.Near)

    def test_missing_and_surplus_rows(self):
        for identity in list(self.rows):
            rows = dict(self.rows)
            row = rows.pop(identity)
            self.assertEqual(len(found(rows)), 1)
            other = {7: 4711, 8: (b"other",), 9: (b"gw", b"other"), 16: (b"00" * 20,)}[identity[0]]
            self.assertEqual(len(found(dict(self.rows, **{}) | {(identity[0], other): row})), 1)

    def test_a_row_without_a_column(self):
        for identity, row in self.rows.items():
            rows = dict(self.rows)
            rows[identity] = {column: value for column, value in row.items() if column != 3}
            self.assertEqual(len(found(rows)), 1)

    def test_old_rows(self):
        for table, column in ((7, 50), (8, 24), (9, 33)):
            rows = {identity: dict(row, **{}) for identity, row in self.rows.items()}
            changed = [identity for identity in rows if identity[0] == table]
            for identity in changed:
                rows[identity][column] = comparer.FALSE
            self.assertEqual(len(found(rows)), len(changed))

    def test_nothing_is_not_equal(self):
        """An empty answer of both is no success"""
        with tempfile.TemporaryDirectory() as folder:
            for name in ("sas", "conns", "pols", "certs", "walk"):
                open(os.path.join(folder, name), "w").close()
            sys.argv = ["compare_ike.py", folder]
            self.assertEqual(comparer.main(), 1)

    def test_answers_that_are_none(self):
        with self.assertRaises(ValueError):
            comparer.told_rows(ROOT + ".1.7.1 = No Such Object available on this agent at this OID\n")
        with self.assertRaises(ValueError):
            comparer.read_pretty("list-sa event {\n  nonsense\n}\n")

    def test_selectors(self):
        for told, text in (("10.0.0.0/8", "10.0.0.0/8"), ("dynamic[udp]", "dynamic[17]"),
                           ("192.0.2.1/32[tcp/telnet]", "192.0.2.1/32[6/23]"),
                           ("a..b[icmp/8(0)]", "a..b[1/8(0)]"), ("dynamic[tcp/OPAQUE]",
                                                                "dynamic[6/OPAQUE]")):
            self.assertEqual(comparer.selector(told), text)

    def test_long_lists(self):
        text = comparer.listed(["x" * 50] * 9)
        self.assertTrue(text.endswith(b", ..."))
        self.assertLessEqual(len(text), 255)
        self.assertIsNone(re.search(rb"x{51}", text))


if __name__ == "__main__":
    unittest.main()
