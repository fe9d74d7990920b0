#!/usr/bin/env python3
"""plugin_output.py FILE [LABEL=VALUE...]

Reads what a plugin printed as the Monitoring Plugins Development Guidelines have it ("Plugin Output for Nagios",
"Performance data", "Threshold and ranges"): one status line, data behind a bar, text below. Fails where it is
not that, or a label has not that value.
"""
import re
import sys

NUMBER = r"-?\d+(?:\.\d+)?"
RANGE = rf"@?(?:(?:~|{NUMBER})?:)?(?:{NUMBER})?"
ITEM = re.compile(
    rf"(?P<label>'(?:[^'=]|'')+'|[^\s'=]+)=(?P<value>{NUMBER}|U)(?P<unit>u?s|ms|%|[KMGT]?B|c|)"
    rf"(?:;(?P<warn>{RANGE}))?(?:;(?P<crit>{RANGE}))?(?:;(?P<min>{NUMBER})?)?(?:;(?P<max>{NUMBER})?)?")


def main():
    text = open(sys.argv[1]).read()
    lines = text.splitlines()
    assert text.endswith("\n") and len(text) < 8192, "not lines, or too long"
    assert all(line.isprintable() and "|" not in line for line in lines[1:]), lines
    status, _, data = lines[0].partition("|")
    assert re.fullmatch(r"IPSEC (OK|WARNING|CRITICAL|UNKNOWN) - \S.*", status), status
    values, at = {}, data.strip()
    while at:
        item = ITEM.match(at)
        assert item, at
        label = item["label"].strip("'")
        assert label not in values, label
        values[label] = item["value"]
        for bound in ("min", "max"):
            if item[bound]:
                low, high = sorted((float(item["value"]), float(item[bound])))
                assert (low if bound == "max" else high) == float(item["value"]), item[0]
        rest = at[item.end():]
        assert rest == "" or rest[0] == " ", rest
        at = rest.strip()
    for wanted in sys.argv[2:]:
        label, _, value = wanted.partition("=")
        assert values.get(label) == value, (wanted, values)


main()
