#!/usr/bin/env python3
"""Tests of compare_ike.py: it accepts what is equal, and reports every column that is not."""
import functools
import os
import re
import sys
import tempfile
import time
import unittest
from datetime import datetime, timezone

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "..", "data", "captures", "ike")
sys.path.insert(0, HERE)
import compare_ike as comparer  # noqa: E402

os.environ["TZ"] = "UTC"  # ip tells local time
time.tzset()
ROOT = ".1.3.6.1.4.1.8072.9999.9999.4301"


def read(name):
    with open(os.path.join(DATA, name)) as file:
        return file.read()


def arguments():
    words = read("args").split()
    return int(words[words.index("--now") + 1]), int(words[words.index("--slack") + 1])


@functools.lru_cache
def wanted():
    return comparer.wanted_rows(DATA, comparer.Wanted(*arguments(), True), (17, 18))


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
    index = ".".join(".".join(str(n) for n in [len(name)] + list(name)) for name in key[:2])
    if table == comparer.TUNNEL:
        index += ".%d" % (key[2] if isinstance(key[2], int) else number)
    return index


def line(table, column, index, value):
    return "%s.1.%d.1.%d.%s = %s" % (
        ROOT, table, column, index, hexadecimal(value) if isinstance(value, bytes) else "INTEGER: %d" % value)


def render(rows):
    """Rows as snmpbulkwalk -Onxt prints them"""
    lines, numbered = [], list(enumerate(sorted(rows.items(), key=repr), 1))
    ike_sas = {identity[1]: number for number, (identity, _) in numbered if identity[0] == comparer.IKE_SA}
    spis = sorted({row[column] for (table, _), row in wanted().items() if table == comparer.TUNNEL
                   for column in (23, 24)} - {0})
    sas = {spi: number for number, spi in enumerate(spis, 1)}
    lines = [line(comparer.SA, 2, number, spi) for spi, number in sas.items()]
    for number, (identity, row) in numbered:
        row = dict(row)
        if identity[0] == comparer.IKE_SA:
            row[47] = identity[1]
        for column, value in row.items():
            if (identity[0], column) in comparer.MOMENTS:
                value = date(value) if value is not None else b""
            elif identity[0] == comparer.TUNNEL and column in (22, 23, 24) and value:
                value = (ike_sas if column == 22 else sas).get(value, 4711)
            lines.append(line(identity[0], column, index_of(identity, number), value))
    return "\n".join(lines) + "\n"


def found(rows, around=None):
    """The differences; with a row's identity only those of it, and of what it is known by"""
    told, mine = rows, wanted()
    if around is not None:
        told, mine = ({identity: row for identity, row in some.items() if identity[0] == around[0] or
                       (around[0] == comparer.TUNNEL and identity[0] == comparer.IKE_SA)} for some in (told, mine))
        if around[0] != comparer.IKE_SA:
            told, mine = ({identity: row for identity, row in some.items() if identity[0] == comparer.IKE_SA or
                           identity[1][:2] == around[1][:2]} for some in (told, mine))
    told = comparer.told_rows(render(told))
    return list(comparer.differences(mine, comparer.without_those_away(told, mine)))


def is_peer(identity):
    return identity[0] == comparer.TUNNEL and isinstance(identity[1][2], bytes)


class Compare(unittest.TestCase):
    def setUp(self):
        self.rows = {identity: {column: plain(value) for column, value in row.items()}
                     for identity, row in wanted().items()}

    def test_every_table_is_there(self):
        self.assertEqual({identity[0] for identity in self.rows}, {7, 8, 9, 12, 16})
        self.assertGreater(len(self.rows), 25)

    def test_real_reading(self):
        """The agent's own answer to the same question"""
        self.assertEqual(list(comparer.differences(wanted(), comparer.told_rows(read("walk")))), [])

    def test_there_is_traffic(self):
        """Or totals would be compared with nothing but 0"""
        tunnels = [row for identity, row in self.rows.items() if identity[0] == comparer.TUNNEL]
        self.assertGreater(sum(row[38] > 0 and row[39] > 0 for row in tunnels), 5)
        self.assertGreater(sum(row[36] != row[37] for row in tunnels), 2)
        self.assertGreater(sum(row[7] == comparer.IDLE for row in tunnels), 1)
        self.assertGreater(sum(row[7] == comparer.DOWN for row in tunnels), 0)
        self.assertGreater(sum(row[35] == comparer.TRUE for row in tunnels), 0)

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
                if is_peer(identity) and column == 18:
                    continue  # that is what a peer is known by
                for other in others:
                    changed = dict(self.rows, **{})
                    changed[identity] = dict(row, **{})
                    changed[identity][column] = other
                    told = found(changed, identity)
                    self.assertEqual(len(told), 1, (identity, column, value, other, told))
                    self.assertIn("%d.%d of" % (identity[0], column), told[0])

    @staticmethod
    def tolerant(identity, column):
        return isinstance(wanted()[identity][column], comparer.Near)

    def test_missing_and_surplus_rows(self):
        for identity in list(self.rows):
            rows = dict(self.rows)
            row = rows.pop(identity)
            # without their template peers are known by nothing; without its IKE SA a tunnel has none
            self.assertTrue(any("no %s" % (identity[1],) in text for text in found(rows, identity)))
            other = {7: 4711, 8: (b"other",), 9: (b"gw", b"other"), 12: (b"gw", b"other", 1),
                     16: (b"00" * 20,)}[identity[0]]
            surplus = identity[0], other
            self.assertEqual(len(found(dict(self.rows, **{}) | {surplus: row}, surplus)), 1)

    def test_a_peer_that_is_not_there(self):
        """One that left keeps its row and is idle; in another state it is one too many"""
        identity = next(identity for identity in self.rows if is_peer(identity))
        other = (identity[0], identity[1][:2] + (b"somebody",))
        for state, differences in ((comparer.IDLE, 0), (comparer.UP, 1), (comparer.DOWN, 1)):
            row = dict(self.rows[identity], **{})
            row.update({7: state, 18: b"somebody"})
            self.assertEqual(len(found(dict(self.rows, **{}) | {other: row})), differences)

    def test_a_row_without_a_column(self):
        for identity, row in self.rows.items():
            rows = dict(self.rows)
            without = 4 if identity[0] == comparer.TUNNEL else 3
            rows[identity] = {column: value for column, value in row.items() if column != without}
            self.assertEqual(len(found(rows, identity)), 1)

    def test_old_rows(self):
        for table, column in ((7, 50), (8, 24), (9, 33), (12, 64)):
            rows = {identity: dict(row, **{}) for identity, row in self.rows.items()}
            changed = [identity for identity in rows if identity[0] == table]
            for identity in changed:
                rows[identity][column] = comparer.FALSE
            self.assertEqual(len(found(rows)), len(changed))

    def test_nothing_is_not_equal(self):
        """An empty answer of both is no success"""
        with tempfile.TemporaryDirectory() as folder:
            for name in ("sas", "conns", "pols", "certs", "state", "policy", "walk"):
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
