#!/usr/bin/python3
"""walk_sensors.py LINUX.YAML MIBDIRS AGENT: the sensors as LibreNMS finds them.

It walks `oid`, takes the instances of `value`, and polls `num_oid` with their index: both must tell the same. A table
without rows tells nothing; each sensor must find some.
"""
import re
import subprocess
import sys

import yaml

SECONDS = 60


def snmp(command, *arguments):
    return subprocess.run([command, "-v2c", "-c", "public", *arguments], check=True, stdout=subprocess.PIPE,
                          text=True).stdout


def instances(folders, agent, sensor):
    """index -> value, walked as LibreNMS does"""
    told = snmp("snmpbulkwalk", "-OteQUb", "-M", folders, "-m", "IPSEC-REPORT-MIB", agent, sensor["oid"])
    found = re.findall(rf"^{sensor['value']}\.(\S+) = (.*)$", told, re.M)
    names = dict(re.findall(r"^(\S+?)\.[\d.]+ = (.*)$", told, re.M))
    for name in re.findall(r"\{\{ (IPSEC[^ ]*) \}\}", sensor["descr"]):
        assert name in names, f"{name} is not in {sensor['oid']}"
    return dict(found)


def same(kind, got, value):
    """Time goes on between the two."""
    return got == value or kind == "runtime" and abs(int(got) - int(value)) <= SECONDS


def check(folders, agent, kind, sensor):
    found = instances(folders, agent, sensor)
    if not found:
        return "no instance"
    for index, value in found.items():
        oid = sensor["num_oid"].replace("{{ $index }}", index)
        got = snmp("snmpget", "-OQevUn", agent, oid).strip()
        if not same(kind, got, value):
            return f"{oid} is {got}, not {value}"
        if "states" in sensor and int(value) not in {state["value"] for state in sensor["states"]}:
            return f"{value} is no state"
    return None


def main(path, folders, agent):
    with open(path, encoding="utf-8") as file:
        kinds = yaml.safe_load(file)["modules"]["sensors"]
    failed = 0
    for kind, sensors in kinds.items():
        for sensor in sensors["data"]:
            problem = check(folders, agent, kind, sensor)
            failed += problem is not None
            print(f"{'not ok' if problem else 'ok'} - {kind} {sensor['value']}" + (f": {problem}" if problem else ""))
    return 1 if failed else 0


sys.exit(main(*sys.argv[1:]))
