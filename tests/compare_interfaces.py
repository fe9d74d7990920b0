#!/usr/bin/env python3
"""compare_interfaces.py ADDRESSES LINKS SETTINGS WALK

Compares the interface table of the agent with what the kernel tells, field by field, and prints
every difference. Exit status 0: equal, 1: not.

  ADDRESSES  output of `ip -j addr`
  LINKS      output of `ip -d -j link`
  SETTINGS   lines "PATH VALUE", the files /proc/sys/net/ipv[46]/conf/NAME/disable_*
  WALK       output of `snmpbulkwalk -m '' -Onx ... ROOT.1.13` (hexadecimal strings, plain OIDs)

Deliberately shares nothing with the project.
"""
import ipaddress
import json
import re
import sys

TABLE = ".1.13.1."  # what follows the root: Objects, interface table, entry
NAMES = {4: "AddressText", 5: "Name", 6: "State", 7: "Ipsec", 8: "Reasons", 9: "XfrmIfId",
         10: "XfrmLink", 11: "Offload", 12: "OffloadedSas"}
TYPES = {6: "INTEGER", 7: "INTEGER", 9: "Gauge32", 10: "INTEGER", 11: "INTEGER", 12: "Gauge32"}
UP, DOWN = 1, 2
ON, OFF, PARTLY = 1, 2, 3
NO_XFRM, NO_POLICY = 0x80, 0x40
OFFLOAD_UNKNOWN = 4


def read_walk(path):
    """{index: {column: (type, value)}}"""
    rows = {}
    with open(path) as walk:
        # long strings go on in the next line
        for line in re.sub(r"\n(?!\.)", "", walk.read()).splitlines():
            name, _, rest = line.rstrip("\n").partition(" = ")
            if TABLE not in name:
                continue
            column, _, index = name.split(TABLE, 1)[1].partition(".")
            kind, _, value = rest.partition(": ")
            if kind == '""':
                value = b""
            elif kind == "Hex-STRING":
                value = bytes.fromhex(value)
            elif kind == "STRING":
                value = value.strip('"').encode()
            else:
                value = int(value)
            rows.setdefault(index, {})[int(column)] = (kind, value)
    return rows


def read_settings(path):
    settings = {}
    with open(path) as lines:
        for line in lines:
            name, value = line.rsplit(" ", 1)
            match = re.match(r"/proc/sys/net/ipv([46])/conf/(.*)/(disable_\w+)$", name)
            settings[int(match[1]), match[2], match[3]] = int(value) != 0
    return settings


def ipsec_of(settings, version, name):
    """The state and the reasons, as the MIB has them."""
    def is_set(setting):
        return settings.get((version, name, setting)) or settings.get((version, "all", setting))

    reasons = NO_POLICY if is_set("disable_policy") else 0
    if version == 4 and is_set("disable_xfrm"):
        reasons |= NO_XFRM
    return {0: ON, NO_XFRM | NO_POLICY: OFF}.get(reasons, PARTLY), reasons


def index_of(if_index, address):
    if address is None:
        return "%d.0.0" % if_index
    octets = address.packed
    return ".".join(map(str, [if_index, 1 if len(octets) == 4 else 2, len(octets), *octets]))


def expected(addresses, links, settings):
    by_name = {link["ifname"]: link for link in links}
    rows = {}
    for entry in addresses:
        name = entry["ifname"]
        info = by_name[name].get("linkinfo", {})
        is_xfrm = info.get("info_kind") == "xfrm"
        below = by_name[name].get("link")
        own = [a for a in entry["addr_info"] if "local" in a]
        for a in own or [{}]:
            address = ipaddress.ip_address(a["local"]) if a else None
            version = address.version if address else 4
            ipsec, reasons = ipsec_of(settings, version, name)
            index = index_of(entry["ifindex"], address)
            if index in rows:
                continue  # the same address in another network
            rows[index] = {
                4: str(address).encode() if address else b"",
                5: (a.get("label") or name).encode(),
                6: UP if "UP" in entry["flags"] else DOWN,
                7: ipsec,
                8: bytes([reasons]),
                9: int(info["info_data"]["if_id"], 0) if is_xfrm else 0,
                10: by_name[below]["ifindex"] if is_xfrm and below else 0,
                11: OFFLOAD_UNKNOWN,
                12: 0,
            }
    return rows


def main(arguments):
    with open(arguments[0]) as file:
        addresses = json.load(file)
    with open(arguments[1]) as file:
        links = json.load(file)
    wanted = expected(addresses, links, read_settings(arguments[2]))
    got = read_walk(arguments[3])
    differences = 0
    for index in sorted(set(wanted) | set(got)):
        if index not in wanted or index not in got:
            print("%s: only the %s has it" % (index, "table" if index in got else "kernel"))
            differences += 1
            continue
        for column, name in NAMES.items():
            kind, value = got[index].get(column, ("nothing", None))
            if value != wanted[index][column] or kind != TYPES.get(column, kind):
                print("%s %s: the table has %s %r, the kernel %r"
                      % (index, name, kind, value, wanted[index][column]))
                differences += 1
    print("%d rows, %d differences" % (len(wanted), differences))
    return 1 if differences or not wanted else 0


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
