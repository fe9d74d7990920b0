#!/usr/bin/env python3
"""compare_filtered.py ALL.json SOME.json SOME.txt

SOME was told with a filter: each of its rows must be one of ALL, once, in that order; what the text tells with
the same filter must be in it, and the other way round: SPIs, IKE SAs, rules.
"""
import json
import re
import sys

# What changes from one moment to the next, or by itself.
MOVING = re.compile("_(age|left)$|^seconds_to_|^discontinuity_time$")


def fixed(row):
    return json.dumps({key: value for key, value in row.items() if not MOVING.search(key)}, sort_keys=True)


def main():
    whole, some = (json.load(open(path)) for path in sys.argv[1:3])
    text = open(sys.argv[3]).read()
    for table, rows in some.items():
        have = [fixed(row) for row in whole[table]]
        wanted = [fixed(row) for row in rows]
        assert [row for row in have if row in wanted] == wanted, (table, sorted(set(wanted) - set(have)))
    spis = {f"0x{int(spi, 16):08x}" for spi in re.findall(r"SPI \(hex\): ([0-9A-F]+)", text)}
    assert spis == {row["spi"] for row in some.get("ipsec_sa", [])}, spis
    ike = set(re.findall(r"^Index: ([0-9a-f]+):", text, re.M))
    assert ike == {row["initiator_spi"] for row in some.get("ike_sa", [])}, ike
    rules = set(re.findall(r"^(?:Rule|Tunnel) Name: (\S+)", text, re.M)) - {"default"}
    told = {row["name"] for row in some.get("policy", [])}
    told |= {row["child_name"] for row in some.get("configured_policy", [])}
    assert rules == told, (rules, told)


main()
