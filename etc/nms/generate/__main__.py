#!/usr/bin/python3
"""Makes the files of etc/nms from IPSEC-REPORT-MIB.

    etc/nms/generate/__main__.py [--check] [--module FILE] [--out FOLDER]

--check writes nothing: it says what is missing, what names an object that the module does not have, and which
files are not what this gives; the exit status is 1 if anything is wrong. It needs snmptranslate, python3-yaml
and the generator of Debian's prometheus-snmp-exporter.
"""
import argparse
import os
import re
import sys

sys.dont_write_bytecode = True

import choices  # noqa: E402
import grafana  # noqa: E402
import librenms  # noqa: E402
import plugins  # noqa: E402
import prometheus  # noqa: E402
import zabbix  # noqa: E402
from mib import Mib  # noqa: E402

HERE = os.path.dirname(os.path.realpath(__file__))
NMS = os.path.dirname(HERE)
MAKERS = (prometheus, grafana, zabbix, plugins, librenms)


def unknown_names(mib, text):
    """Names of ours in a file that the module does not have."""
    return sorted(set(re.findall(r"\bipsr[A-Z]\w+", text)) - mib.names)


def problems(mib, made):
    yield from choices.problems(mib)
    for maker in MAKERS:
        if hasattr(maker, "problems"):
            yield from maker.problems(mib)
    for path, text in made.items():
        for name in unknown_names(mib, text):
            yield f"{path} names {name}, which the module does not have"


def shipped(folder):
    """All that lies in etc/nms but what makes it."""
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if os.path.join(parent, name) != HERE]
        for name in names:
            yield os.path.relpath(os.path.join(parent, name), folder)


def differences(folder, made):
    for path in sorted(made):
        try:
            with open(os.path.join(folder, path), encoding="utf-8") as file:
                same = file.read() == made[path]
        except FileNotFoundError:
            same = False
        if not same:
            yield f"{path} is not what the module gives: run etc/nms/generate/__main__.py"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--check", action="store_true")
    options.add_argument("--module", default=os.path.join(NMS, "..", "..", "mibs", "IPSEC-REPORT-MIB.txt"))
    options.add_argument("--out", default=NMS)
    options = options.parse_args()
    mib = Mib(options.module)
    made = {path: text for maker in MAKERS for path, text in maker.files(mib).items()}
    by_hand = {}
    for path in shipped(options.out):
        if path not in made:
            with open(os.path.join(options.out, path), encoding="utf-8") as file:
                by_hand[path] = file.read()
    found = list(problems(mib, {**by_hand, **made}))
    if options.check:
        found += differences(options.out, made)
    for problem in found:
        print(problem)
    if options.check or found:
        sys.exit(1 if found else 0)
    for path, text in made.items():
        os.makedirs(os.path.dirname(os.path.join(options.out, path)), exist_ok=True)
        with open(os.path.join(options.out, path), "w", encoding="utf-8") as file:
            file.write(text)


main()
