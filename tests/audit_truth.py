#!/usr/bin/env python3
"""audit_truth.py LOG...: what IPsec records Linux audit logs hold, as `ipsec_report -audit -json` ought to tell.

It shares no code with the command: it cuts lines by regular expressions. Records are printed one per line, in the
order of the logs."""
import ipaddress
import json
import re
import sys
import time

HEAD = re.compile(rb"(?:node=(\S+) )?type=(\S+) msg=audit\(((\d{1,12})\.\d{1,3}:\d+)\):(.*)", re.S)


def fields(rest):
    """The key=value pairs; a value ends at a space, unless it is in quotes. The enriched part is passed over."""
    found = {}
    for key, value in re.findall(rb'([\w-]+)=("[^"]*"|\S*)', rest.split(b"\x1d")[0]):
        found.setdefault(key.decode(), value.decode(errors="replace"))
    return found


def enriched(rest):
    return {k.decode(): v.decode() for k, v in re.findall(rb'([A-Z]+)="([^"]*)"', rest.partition(b"\x1d")[2])}


def address(text, prefix):
    if text is None:
        return None
    text = str(ipaddress.ip_address(text))
    return text if prefix is None else f"{text}/{prefix}"


def person(found, names, key):
    if found.get(key) in (None, "4294967295"):
        return None
    return names.get(key.upper(), found[key])


def program(text):
    if text == "(null)":
        return None
    return text[1:-1] if text.startswith('"') else bytes.fromhex(text).decode()


def record(node, event, seconds, rest, call):
    found, names = fields(rest), enriched(rest)
    operation = found["op"]
    told = {
        "id": event,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds)),
        "entity": "policy" if operation.startswith("SPD-") else "kernel",
        "operation": operation,
        "spi": "0x%08x" % int(found.get("spi", "0").split("(")[0]),
        "source": address(found.get("src"), found.get("src_prefixlen")),
        "destination": address(found.get("dst"), found.get("dst_prefixlen")),
        "result": {"1": "success", "0": "failure", None: None}[found.get("res")],
        "sequence": int(found.get("seqno", 0)) or None,
        "login_user": person(found, names, "auid"),
        "session": int(found.get("ses", 4294967295)),
        "context": found.get("subj"),
        "node": node,
    }
    if told["spi"] == "0x00000000":
        del told["spi"]
    if told["session"] == 4294967295:
        del told["session"]
    if call and not operation.startswith("SA-"):
        told["program"] = program(call[0]["exe"])
        told["process"] = int(call[0]["pid"])
        told["user"] = person(*call, "uid")
    return {key: value for key, value in told.items() if value is not None}


def main():
    for path in sys.argv[1:]:
        records, calls = [], {}
        for line in open(path, "rb").read().split(b"\n")[:-1]:
            match = HEAD.fullmatch(line)
            if not match:
                continue
            node, kind, event, seconds, rest = match.groups()
            node, event = node and node.decode(), event.decode()
            if kind in (b"MAC_IPSEC_EVENT", b"UNKNOWN[1415]"):
                records.append((node, event, int(seconds), rest))
            elif kind == b"SYSCALL":
                calls[node, event] = fields(rest), enriched(rest)
        for node, event, seconds, rest in records:
            print(json.dumps(record(node, event, seconds, rest, calls.get((node, event))), sort_keys=True))


main()
