#!/usr/bin/python3
"""compare_series.py SNMP.YML MODULE WALK SERIES: is what the exporter serves what a walk shows?

WALK is the output of snmpbulkwalk -Onxt, SERIES that of the exporter. Each object of the module of the exporter's
configuration has as many series as the walk has instances, with the same values; what ticks may differ a little.
Objects that the walk has none of are named at the end, one a line, behind "# none: ".
"""
import collections
import re
import sys

import yaml

TICKING = re.compile(r"Age$|Seconds|DaysLeft$|Polls$|Events$")
SECONDS = 120
MICROSECONDS = 1000000  # that a read may have taken, where another one has taken something else


def walked(path):
    """object id -> the values of its instances"""
    found, name = {}, None
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith("."):
                name, _, value = line.rstrip("\n").partition(" = ")
                found[name[1:]] = value
            elif name:
                found[name[1:]] += " " + line.strip()
    return found


def instances(walk, oid):
    return [value for name, value in walk.items() if name.startswith(oid + ".")]


def number(value):
    """As the exporter has it: it wraps 64-bit values where a float would lose their last digits."""
    if value.startswith("Counter64: "):
        return float(int(value.split()[1]) % 2**53)
    return float(re.sub(r"^[A-Za-z0-9]+: ", "", value).split()[0].strip('"'))


def octets(value):
    if value == '""':
        return b""
    kind, _, rest = value.partition(": ")
    return bytes.fromhex(rest.replace(" ", "")) if kind == "Hex-STRING" else rest.strip('"').encode()


def series(path):
    """name -> (labels, value) of each of its series"""
    found = collections.defaultdict(list)
    with open(path, encoding="utf-8") as file:
        for line in file:
            match = re.match(r"(\w+)(?:\{(.*)\})? (\S+)$", line)
            if match:
                labels = dict((key, re.sub(r'\\(.)', lambda m: {"n": "\n"}.get(m[1], m[1]), value))
                              for key, value in re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match[2] or ""))
                found[match[1]].append((labels, float(match[3])))
    return found


def close(name, got, wanted):
    slack = MICROSECONDS if name.endswith("Duration") else SECONDS if TICKING.search(name) else 0
    return len(got) == len(wanted) and all(abs(one - other) <= slack + abs(other) * 1e-12
                                           for one, other in zip(sorted(got), sorted(wanted)))


def compare(metric, values, served):
    name, kind = metric["name"], metric["type"]
    if kind == "DisplayString":
        wanted = sorted(octets(value).decode() for value in values)
        return sorted(labels[name] for labels, _ in served) == wanted
    if kind == "DateAndTime":
        return len(served) == sum(octets(value) != b"" for value in values)
    if kind == "Bits":
        return len(served) == len(values) * len(metric["enum_values"])
    return close(name, [value for _, value in served], [number(value) for value in values])


def main(configuration, module, walk, served):
    with open(configuration, encoding="utf-8") as file:
        modules = yaml.safe_load(file)
    modules = modules.get("modules", modules)
    walk, served = walked(walk), series(served)
    none, wrong = [], 0
    for metric in modules[module]["metrics"]:
        values = instances(walk, metric["oid"])
        if not values:
            none.append(metric["name"])
        elif not compare(metric, values, served[metric["name"]]):
            wrong += 1
            print(f"{metric['name']}: {len(values)} in the walk, {len(served[metric['name']])} series: "
                  f"{served[metric['name']][:2]}")
    for name in none:
        print(f"# none: {name}")
    if not modules[module]["metrics"]:
        print("nothing to compare")
    return 1 if wrong or not modules[module]["metrics"] else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
