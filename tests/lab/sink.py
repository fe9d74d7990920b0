#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""sink.py MODULE LOG PDU

Reads what snmptrapd wrote with -OQS -F '%P|%V|%v\\n' and prints "EVENT KIND REASON" for each notification of this
module that came by that PDU (TRAP2 or INFORM), as the numbers that the table of events has, by what the module says
of them. A notification that lacks an object, has another one, or one that was not decoded is "EVENT wrong WHY".
"""
import re
import sys


def labels(module, name):
    """The numbers of an enumeration's labels."""
    body = re.search(r"^%s ::= TEXTUAL-CONVENTION.*?SYNTAX\s+INTEGER \{(.*?)\}" % name, module, re.S | re.M).group(1)
    return {label: int(number) for label, number in re.findall(r"(\w+)\((\d+)\)", body)}


def objects_of(module):
    """The objects of each notification, in their order."""
    found = re.findall(r"^(\w+) NOTIFICATION-TYPE\s+OBJECTS \{(.*?)\}", module, re.S | re.M)
    return {name: re.findall(r"\w+", body) for name, body in found}


def judge(notification, values, objects, kinds, reasons):
    """What to print for one."""
    wanted = objects.get(notification, [])
    # rows that are gone have no objects; what is told of the event itself is always there
    short = [name for name in wanted if name.startswith("ipsrNotify")]
    number = values.get("ipsrNotifyEvent", "?")
    if list(values) not in (wanted, short):
        return f"{number} wrong {notification} has {' '.join(values)}"
    kind = kinds.get(notification[4].lower() + notification[5:])
    reason = reasons.get(values["ipsrNotifyReason"])
    if not number.isdigit() or kind is None or reason is None:
        return f"{number} wrong {notification} {values['ipsrNotifyReason']}"
    return f"{number} {kind} {reason}"


def main():
    """All lines of the log."""
    path, log, pdu = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        module = file.read()
    kinds, reasons, objects = labels(module, "IpsrEventType"), labels(module, "IpsrReason"), objects_of(module)
    with open(log, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            told = re.search(r"1\.1\.4\.1\.0 = (?:IPSEC-REPORT-MIB::)?(\S+?)\|", line)
            if pdu in line and told and "ipsr" in line:
                values = dict(re.findall(r"IPSEC-REPORT-MIB::(\w+)\.\S+ = ([^|\n]*)", line))
                print(judge(told.group(1), values, objects, kinds, reasons))


if __name__ == "__main__":
    main()
