#!/usr/bin/env python3
"""Tests of compare_libreswan.py: it accepts what is equal, and reports every column that is not."""
import copy
import os
import sys
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "..", "data", "captures", "libreswan")
sys.path.insert(0, HERE)
import compare_libreswan as comparer  # noqa: E402


def read(name):
    with open(os.path.join(DATA, name)) as file:
        return file.read()


def other(value):
    return value + b"x" if isinstance(value, bytes) else value + 1000000


class Comparer(unittest.TestCase):
    def setUp(self):
        self.wanted = comparer.Wanted(20, read("status"))
        self.rows = self.wanted.rows()
        self.tables = comparer.read_walk(read("walk"), comparer.TABLES)
        self.told = comparer.told_rows(self.tables)

    def kernel(self, tables, state=None):
        state, owners = state or read("state"), self.wanted.owners()
        return list(comparer.sa_differences(state, tables, owners)) + list(
            comparer.policy_differences(state, read("policy"), tables, owners))

    def test_equal(self):
        self.assertEqual(list(comparer.differences(self.rows, self.told)), [])
        self.assertEqual(self.kernel(self.tables), [])
        self.assertGreater(len(self.rows), 15)

    def test_every_column(self):
        seen = 0
        for identity, row in self.rows.items():
            for column in row:
                told = dict(self.told)
                told[identity] = dict(told[identity])
                told[identity][column] = other(told[identity][column])
                self.assertEqual(len(list(comparer.differences(self.rows, told))), 1, (identity, column))
                del told[identity][column]
                self.assertEqual(len(list(comparer.differences(self.rows, told))), 1, (identity, column))
                seen += 1
        self.assertGreater(seen, 500)

    def test_every_row(self):
        for identity in self.rows:
            told = dict(self.told)
            del told[identity]
            self.assertEqual(len(list(comparer.differences(self.rows, told))), 1)
            self.assertEqual(len(list(comparer.differences(
                {key: row for key, row in self.rows.items() if key != identity}, self.told))), 1)

    def test_every_sa(self):
        for index in self.tables[comparer.SA]:
            for column in (2, 80, 88):
                tables = copy.deepcopy(self.tables)
                tables[comparer.SA][index][column] = other(tables[comparer.SA][index][column])
                self.assertNotEqual(self.kernel(tables), [], (index, column))
        self.assertNotEqual(self.kernel(self.tables, read("state").replace("spi 0x", "spi 0x1")), [])

    def test_every_policy(self):
        owned = [index for index, row in self.tables[comparer.POLICY].items() if row[43] == b"libreswan"]
        named = 0
        for index in owned:
            tables = copy.deepcopy(self.tables)
            tables[comparer.POLICY][index][4] += b"x"
            named += self.kernel(tables) != []
        # those that wait for traffic, or let it pass, have no SA to be known by
        self.assertGreaterEqual(named, 10)


if __name__ == "__main__":
    unittest.main()
