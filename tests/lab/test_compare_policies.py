#!/usr/bin/env python3
"""Tests of compare_policies.py: it accepts what is equal, and reports every field that is not."""
import os
import re
import sys
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import compare_policies as comparer  # noqa: E402
from test_compare_sas import hexadecimal, read  # noqa: E402

ROOT = ".1.3.6.1.4.1.8072.9999.9999.4301"
INTEGERS = {"Kind", "Direction", "SourceType", "DestinationType", "Action", "AddAge", "UseAge",
            "Protocol", "Mode", "Level", "IfIndex"}


def render_rows(table, rows, columns):
    """Rows {index: {name: int, bytes or set of flags}} as snmpbulkwalk prints them, by column"""
    lines = []
    for name, column in sorted(columns.items(), key=lambda item: item[1]):
        for index in sorted(rows):
            value = rows[index][name]
            if isinstance(value, set):
                value = bytes([sum(0x80 >> comparer.FLAGS.index(flag) for flag in value)])
            if isinstance(value, comparer.Near):
                value = value.low
            if isinstance(value, bytes):
                text = hexadecimal(value)
            else:
                text = ("INTEGER: %d" if name in INTEGERS else "Gauge32: %d") % value
            lines.append("%s%s%d.%s = %s" % (ROOT, table, column, ".".join(map(str, index)), text))
    return lines


def render(rows, templates):
    columns = dict(comparer.COLUMNS, **{str(number): number for number in comparer.OTHERS})
    rows = {index: {**{str(number): 0 for number in comparer.OTHERS}, **row}
            for index, row in rows.items()}
    return "\n".join(render_rows(comparer.TABLE, rows, columns) + render_rows(
        comparer.TEMPLATE_TABLE, templates, comparer.TEMPLATE_COLUMNS)) + "\n"


def others_of(name, value):
    """Values near this one"""
    if isinstance(value, bytes):
        others = [value + b"x"] + ([value[:-1]] if value else [])
        if name in ("AddTime", "UseTime") and value:
            others.append(value[:6] + bytes([(value[6] + 1) % 60]) + value[7:])
        return others
    if isinstance(value, set):
        return [value ^ {flag} for flag in comparer.FLAGS]
    if isinstance(value, comparer.Near):
        return [value.high + 60]
    return [value + 60, value - 60 if value >= 60 else value + 61]


class Compare(unittest.TestCase):
    capture = "ip-xfrm-policy.txt"

    def setUp(self):
        self.text = read(self.capture)
        policies = comparer.parse_ip(self.text)
        self.now = max(policy["added"] for policy in policies) + 10
        self.rows, self.templates, self.texts = {}, {}, {}
        for policy in policies:
            index = (comparer.TYPES[policy["ptype"]], policy["index"])
            self.rows[index] = comparer.expected(policy, self.now, 0)
            self.texts[index] = policy["text"]
            for number, template in enumerate(policy["templates"], 1):
                self.templates[index + (number,)] = comparer.expected_template(template)

    def compare(self, rows, templates, **options):
        return comparer.compare(options.pop("text", self.text), render(rows, templates), self.now,
                                **options)

    def of(self, index):
        """The templates of one policy"""
        return {i: row for i, row in self.templates.items() if i[:2] == index}

    def test_equal(self):
        self.assertEqual(self.compare(self.rows, self.templates), [])

    def test_every_policy_is_read(self):
        sockets = len(re.findall("^\tsocket ", self.text, re.M))
        self.assertEqual(len(self.rows) + sockets, len(re.findall("^src ", self.text, re.M)))
        self.assertEqual(len(self.templates), len(re.findall("^\ttmpl ", self.text, re.M)))
        for row in self.rows.values():
            self.assertEqual(set(row), set(comparer.COLUMNS))
        for row in self.templates.values():
            self.assertEqual(set(row), set(comparer.TEMPLATE_COLUMNS))

    def test_every_field_of_every_policy(self):
        for index, row in self.rows.items():
            for name in comparer.COLUMNS:
                for other in others_of(name, row[name]):
                    found = self.compare({index: {**row, name: other}}, self.of(index),
                                         text=self.texts[index])
                    self.assertEqual(len(found), 1, "%s of %s" % (name, index))
                    self.assertIn(": %s is" % name, found[0])

    def test_every_field_of_every_template(self):
        for index, row in self.templates.items():
            policy = index[:2]
            for name in comparer.TEMPLATE_COLUMNS:
                for other in others_of(name, row[name]):
                    templates = {**self.of(policy), index: {**row, name: other}}
                    found = self.compare({policy: self.rows[policy]}, templates,
                                         text=self.texts[policy])
                    self.assertEqual(len(found), 1, "%s of %s" % (name, index))
                    self.assertIn(": %s is" % name, found[0])

    def test_missing_rows(self):
        for what in ("rows", "templates"):
            for index in getattr(self, what):
                both = {"rows": self.rows, "templates": self.templates}
                both[what] = {i: row for i, row in both[what].items() if i != index}
                self.assertEqual(len(self.compare(**both)), 2)  # the count, and the one

    def test_extra_rows(self):
        row, template = next(iter(self.rows.values())), next(iter(self.templates.values()))
        found = self.compare({**self.rows, (1, 4000): row}, self.templates)
        self.assertEqual(len(found), 2)
        found = self.compare(self.rows, {**self.templates, (1, 4000, 1): template})
        self.assertEqual(len(found), 2)

    def test_other_type(self):
        index = next(iter(self.rows))
        rows = {(3 - i[0] if i == index else i[0], i[1]): row for i, row in self.rows.items()}
        self.assertEqual(len(self.compare(rows, self.templates)), 2)

    def test_missing_columns(self):
        walk = render(self.rows, self.templates)
        index = ".".join(map(str, next(iter(self.rows))))
        for column in [*comparer.COLUMNS.values(), *comparer.OTHERS]:
            less = re.sub(r"^%s%s%d\.%s = .*\n" % (
                re.escape(ROOT), re.escape(comparer.TABLE), column, re.escape(index)), "", walk,
                flags=re.M)
            self.assertEqual(len(comparer.compare(self.text, less, self.now)), 1, column)

    def test_slack(self):
        for rows in self.rows.values():
            rows["AddAge"] = rows["AddAge"].low + 3
        self.assertEqual(self.compare(self.rows, self.templates, slack=3), [])
        self.assertEqual(len(self.compare(self.rows, self.templates, slack=2)), len(self.rows))

    def test_ignore(self):
        for row in self.rows.values():
            row["Priority"] += 1
        self.assertEqual(len(self.compare(self.rows, self.templates)), len(self.rows))
        self.assertEqual(self.compare(self.rows, self.templates, ignore={"Priority"}), [])

    def test_daemon(self):
        for row in self.rows.values():
            row["Name"] = b"net-net"
            if row["Action"] == comparer.MANUAL_KEY:
                row["Action"] = comparer.DYNAMIC_KEY
        self.assertEqual(self.compare(self.rows, self.templates, daemon=True), [])
        self.assertGreater(len(self.compare(self.rows, self.templates)), len(self.rows))


class CompareStrongswan(Compare):
    capture = "ip-xfrm-policy-strongswan.txt"


class CompareRandom(Compare):
    capture = "ip-xfrm-policy-random.txt"


class Read(unittest.TestCase):
    """What is read from the captures, seen by eye"""

    def setUp(self):
        self.policies = {}
        for name in ("ip-xfrm-policy.txt", "ip-xfrm-policy-strongswan.txt"):
            for policy in comparer.parse_ip(read(name)):
                self.policies[name, policy["index"]] = policy

    def check(self, name, index, **fields):
        policy = self.policies[name, index]
        want = comparer.expected(policy, policy["added"], 0)
        self.assertEqual({field: want[field] for field in fields}, fields)

    def check_template(self, name, index, number, **fields):
        want = comparer.expected_template(self.policies[name, index]["templates"][number - 1])
        self.assertEqual({field: want[field] for field in fields}, fields)

    def test_manual(self):
        name = "ip-xfrm-policy.txt"
        self.check(name, 1, Kind=1, Action=2, Direction=2, Name=b"xfrm-1", Priority=10, Protocol=6,
                   SourcePort=23, SourcePortMask=65535, DestinationPortMask=0,
                   SourceText=b"192.0.2.1/32", Templates=1, UseAge=-1, IfIndex=0)
        self.check(name, 17, Kind=2, Mark=0x10, MarkMask=0xff, IfId=7, SourcePrefix=24)
        self.check(name, 34, Direction=3)
        self.check(name, 41, Kind=3, Action=3, Templates=0)
        self.check(name, 49, Kind=1, Action=4)
        self.check(name, 65, SourceType=2, Protocol=58, SourcePort=128, DestinationPort=0,
                   DestinationPortMask=65535, DestinationText=b"2001:db8::2/128")
        self.check(name, 81, SoftAddSeconds=3, HardAddSeconds=6, HardOctets=0)
        self.check(name, 97, Protocol=47, SourcePort=0, DestinationPort=99)
        self.assertNotIn((name, 116), self.policies)  # a socket's
        self.check_template(name, 34, 1, Level=2, Mode=2, Reqid=2, SourceText=b"192.0.2.3")

    def test_strongswan(self):
        name = "ip-xfrm-policy-strongswan.txt"
        self.check(name, 305, Kind=2, IfId=42, Templates=2)
        self.check(name, 257, Mark=0, MarkMask=0xffffffff)
        self.check_template(name, 305, 1, Protocol=108, Spi=0x4f3b, Mode=2)
        self.check_template(name, 305, 2, Protocol=50, Spi=0xc41b5aa9, Mode=1,
                            EncryptionMask=0xffffffff, DestinationText=b"0.0.0.0")


if __name__ == "__main__":
    unittest.main()
