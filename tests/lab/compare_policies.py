#!/usr/bin/env python3
"""compare_policies.py [--slack SECONDS] [--now EPOCH] [--daemon] [--ignore COLUMN,...]
                       IP-TEXT WALK

Compares the tables of policies and of their templates with what the kernel tells, field by field,
and prints every difference with the policy it is in. Exit status 0: equal, 1: not.

  IP-TEXT  output of `ip -d -s xfrm policy`
  WALK     output of `snmpbulkwalk -m '' -Onxt ...` of ROOT.1.10 and ROOT.1.11, one behind the other

Deliberately shares nothing with the project; what reads times and addresses is compare_sas.py's.
--slack: seconds that may lie between the two snapshots (default 5). --now: when IP-TEXT was made
(default: now). --daemon: an IKE daemon may have named policies, and keyed them. --ignore: columns
that may lag, by the names in COLUMNS and TEMPLATE_COLUMNS.
"""
import argparse
import re
import sys
import time

sys.dont_write_bytecode = True
import compare_sas as sas  # noqa: E402
from compare_sas import Near, search  # noqa: E402

TABLE, TEMPLATE_TABLE = ".1.10.1.", ".1.11.1."  # what follows the root: Objects, table, entry
TYPES = {"main": 1, "sub": 2}
DIRECTIONS = {"in": 1, "out": 2, "fwd": 3}
PROTOCOLS = dict(sas.PROTOCOLS, any=255)
LEVELS = {"required": 1, "use": 2}
FLAGS = ["localok", "icmp", "cpu_acquire"]
HOST, TUNNEL, BYPASS = 1, 2, 3
DYNAMIC_KEY, MANUAL_KEY, PASS, DISCARD = 1, 2, 3, 4

COLUMNS = {
    "Kind": 3, "Name": 4, "Direction": 5, "Priority": 6, "SourceType": 7, "Source": 8,
    "SourceText": 9, "SourcePrefix": 10, "DestinationType": 11, "Destination": 12,
    "DestinationText": 13, "DestinationPrefix": 14, "SourcePort": 15, "SourcePortMask": 16,
    "DestinationPort": 17, "DestinationPortMask": 18, "Protocol": 19, "IfIndex": 20, "Action": 21,
    "Flags": 23, "AddTime": 25, "AddAge": 26, "UseTime": 27, "UseAge": 28, "HardOctets": 29,
    "HardPackets": 30, "HardAddSeconds": 31, "HardUseSeconds": 32, "SoftOctets": 33,
    "SoftPackets": 34, "SoftAddSeconds": 35, "SoftUseSeconds": 36, "Mark": 37, "MarkMask": 38,
    "IfId": 39, "SecurityContext": 41, "Templates": 44,
}
# State, cookie, pending acquires, owner, daemon, links: not in what `ip` tells, but in every row
OTHERS = [22, 24, 40, 42, 43, 45, 46, 47, 48, 49]
TEMPLATE_COLUMNS = {
    "Protocol": 2, "Mode": 3, "Reqid": 4, "SourceType": 5, "Source": 6, "SourceText": 7,
    "DestinationType": 8, "Destination": 9, "DestinationText": 10, "Spi": 11, "Level": 12,
    "EncryptionMask": 13, "AuthenticationMask": 14, "CompressionMask": 15,
}


### What `ip` tells


def parse_template(text):
    return {
        "src": search(r"^\ttmpl src (\S+)", text), "dst": search(r"^\ttmpl src \S+ dst (\S+)", text),
        "proto": search(r"\bproto (\S+) spi", text),
        "spi": search(r"\bspi (0x[0-9a-f]+)", text, convert=sas.number),
        "reqid": search(r"\breqid (\d+)", text, convert=int),
        "mode": search(r"\bmode (\S+)", text), "level": search(r"\blevel (\S+)", text),
        "masks": [int(mask, 16) for mask in re.findall(r"-mask ([0-9a-f]+)", text)],
    }


def parse_limits(text):
    limits = {}
    for name, unit in (("byte", "bytes"), ("packet", "packets")):
        found = re.search(r"limit: soft (\S+?)\(%s\), hard (\S+?)\(%s\)" % (unit, unit), text)
        limits["soft_" + name], limits["hard_" + name] = map(sas.limit, found.groups())
    for name in ("add", "use"):
        found = re.search(r"expire %s: soft (\d+)\(sec\), hard (\d+)\(sec\)" % name, text)
        limits["soft_" + name], limits["hard_" + name] = map(sas.limit, found.groups())
    return limits


def parse_ip(text):
    """The policies of `ip -d -s xfrm policy`, without those of single sockets"""
    policies = []
    for block in re.split(r"^(?=src )", text, flags=re.M):
        head = re.search(r"^\tdir (\S+) action (\S+) index (\d+) priority (\d+) ptype (\S+) "
                         r"share \S+ flag (.*)$", block, re.M)
        if not head:
            continue
        # a template begins with one tab, and what belongs to it with two
        template = r"^\ttmpl .*\n(?:\t\t.*\n?)*"
        policy = {"text": block, "templates": [
            parse_template(part) for part in re.findall(template, block, re.M)]}
        rest = re.sub(template, "", block, flags=re.M)
        policy["dir"], policy["action"], index, priority, policy["ptype"], flags = head.groups()
        policy["index"], policy["priority"] = int(index), int(priority)
        policy["flags"] = {word for word in flags.split() if not word.startswith("(")}
        policy["sel"] = sas.parse_selector("\tsel " + block.split("\n")[0])
        policy.update(parse_limits(rest))
        found = re.search(r"\(packets\)\n\s+add (.+?) use (.+)$", rest, re.M)
        policy["added"], policy["used"] = (sas.moment(m.strip()) for m in found.groups())
        mark = re.search(r"^\tmark (\S+)/(\S+)", rest, re.M)
        policy["mark"], policy["mask"] = map(sas.number, mark.groups()) if mark else (0, 0)
        policy["if_id"] = search(r"^\tif_id (\S+)", block, 0, sas.number)
        policy["context"] = search(r"^\tsecurity context (\S+)", block, "")
        policies.append(policy)
    return policies


### What the tables should say then


def kind_and_action(policy):
    if policy["action"] == "block":
        return HOST, DISCARD
    if not policy["templates"]:
        return BYPASS, PASS
    mode = policy["templates"][0]["mode"]
    return (TUNNEL if mode in ("tunnel", "beet", "iptfs") else HOST), MANUAL_KEY


def expected(policy, now, slack, daemon=False):
    kind, action = kind_and_action(policy)
    if daemon and action == MANUAL_KEY:
        action = Near(DYNAMIC_KEY, MANUAL_KEY)
    want = {"Kind": kind, "Action": action, "Direction": DIRECTIONS[policy["dir"]],
            "Name": None if daemon else b"xfrm-%d" % policy["index"],
            "Priority": policy["priority"], "Flags": policy["flags"],
            "AddTime": sas.date_and_time(policy["added"]),
            "AddAge": sas.age(policy["added"], now, slack),
            "UseTime": sas.date_and_time(policy["used"]),
            "UseAge": sas.age(policy["used"], now, slack),
            "Mark": policy["mark"], "MarkMask": policy["mask"], "IfId": policy["if_id"],
            "SecurityContext": policy["context"].encode(), "Templates": len(policy["templates"])}
    sel = policy["sel"]
    for column, name in (("Source", "src"), ("Destination", "dst")):
        sas.address(want, column, sel[name])
        want[column + "Prefix"] = int(sel[name].partition("/")[2])
    for column, name in (("SourcePort", "sport"), ("DestinationPort", "dport")):
        # ip tells a port only if there is a mask, and the mask only by that
        want[column] = sel[name] or 0
        want[column + "Mask"] = 0 if sel[name] is None else 0xffff
    want["Protocol"] = sel["proto"]
    # ip tells only the name; lo is always number 1
    want["IfIndex"] = {None: 0, "lo": 1}.get(sel["dev"], Near(1, 2 ** 31 - 1))
    for which in ("Hard", "Soft"):
        for column, name in (("Octets", "byte"), ("Packets", "packet"), ("AddSeconds", "add"),
                             ("UseSeconds", "use")):
            want[which + column] = policy[which.lower() + "_" + name]
    return want


def expected_template(template):
    name = template["proto"]
    want = {"Protocol": PROTOCOLS[name] if name in PROTOCOLS else int(name),
            "Mode": sas.MODES[template["mode"]], "Reqid": template["reqid"],
            "Spi": template["spi"], "Level": LEVELS.get(template["level"], 3)}
    sas.address(want, "Source", template["src"])
    sas.address(want, "Destination", template["dst"])
    (want["EncryptionMask"], want["AuthenticationMask"],
     want["CompressionMask"]) = template["masks"]
    return want


### What the walk tells


def parse_walk(text, table, parts):
    """{index of so many parts: {column number: int or bytes}}"""
    rows = {}
    for oid, value in sas.parse_values(text):
        found = re.search(r"\.\d{4,}" + re.escape(table) + r"(\d+)((?:\.\d+){%d})$" % parts, oid)
        if found:
            index = tuple(map(int, found.group(2)[1:].split(".")))
            rows.setdefault(index, {})[int(found.group(1))] = value
    return rows


def flags_of(octets):
    return {FLAGS[n] if n < len(FLAGS) else "bit %d" % n
            for n in range(len(octets) * 8) if octets[n // 8] & 0x80 >> n % 8}


### The comparison


def compare_row(identity, want, row, columns, ignore):
    for name, value in want.items():
        got = row.get(columns[name])
        if name == "Flags" and isinstance(got, bytes):
            got = flags_of(got)
        if value is not None and name not in ignore and not value == got:
            yield "%s: %s is %r, the kernel has %r" % (identity, name, got, value)


def compare_rows(what, wanted, rows, columns, others, ignore):
    """wanted: {index: {name: value}}"""
    if len(wanted) != len(rows):
        yield "%d %s in the kernel, %d in the table" % (len(wanted), what, len(rows))
    for index in sorted(wanted):
        identity = "%s %s" % (what, ".".join(map(str, index)))
        if index not in rows:
            yield identity + ": not in the table"
            continue
        yield from compare_row(identity, wanted[index], rows[index], columns, ignore)
        for number in others:
            if number not in rows[index]:
                yield "%s: column %d is missing" % (identity, number)
    for index in sorted(set(rows) - set(wanted)):
        yield "%s %s: not in the kernel" % (what, ".".join(map(str, index)))


def compare(ip_text, walk_text, now, slack=5, daemon=False, ignore=()):
    """A list of differences"""
    policies = {(TYPES[p["ptype"]], p["index"]): p for p in parse_ip(ip_text)}
    wanted = {index: expected(p, now, slack, daemon) for index, p in policies.items()}
    templates = {index + (number,): expected_template(t) for index, p in policies.items()
                 for number, t in enumerate(p["templates"], 1)}
    return [*compare_rows("policies", wanted, parse_walk(walk_text, TABLE, 2), COLUMNS, OTHERS,
                          ignore),
            *compare_rows("templates", templates, parse_walk(walk_text, TEMPLATE_TABLE, 3),
                          TEMPLATE_COLUMNS, [], ignore)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--slack", type=int, default=5)
    parser.add_argument("--now", type=int, default=int(time.time()))
    parser.add_argument("--daemon", action="store_true")
    parser.add_argument("--ignore", default="")
    parser.add_argument("ip_text")
    parser.add_argument("walk")
    args = parser.parse_args()
    with open(args.ip_text) as ip_file, open(args.walk) as walk_file:
        ip_text, walk = ip_file.read(), walk_file.read()
    differences = compare(ip_text, walk, args.now, args.slack, args.daemon,
                          set(args.ignore.split(",")))
    for line in differences:
        print(line)
    policies = parse_ip(ip_text)
    print("%d policies, %d templates, %d columns compared, %d differences"
          % (len(policies), sum(len(p["templates"]) for p in policies),
             len(COLUMNS) + len(TEMPLATE_COLUMNS), len(differences)))
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
