#!/usr/bin/env python3
"""compare_bypass.py IP-TEXT ADDRESSES SETTINGS WALK

Compares the table of bypasses, and whether IPsec applies at the interfaces, with what the kernel's
policies and settings make of it, and prints every difference. Exit status 0: equal, 1: not.

  IP-TEXT    output of `ip -d -s xfrm policy`
  ADDRESSES  output of `ip -j addr`
  SETTINGS   lines "PATH VALUE", the files /proc/sys/net/ipv[46]/conf/NAME/disable_*
  WALK       output of `snmpbulkwalk -m '' -Onxt ...` of ROOT.1.13 and ROOT.1.14

Deliberately shares nothing with the project. Policies have the names that they have without an IKE
daemon, and the default policies accept.
"""
import ipaddress
import json
import re
import sys

sys.dont_write_bytecode = True
import compare_policies as policies  # noqa: E402
import compare_sas as sas  # noqa: E402

POLICY, INTERFACE = 1, 2
UNKNOWN_DIRECTION = 4
ON, OFF, PARTLY = 1, 2, 3
NO_XFRM, NO_POLICY_CHECK, BYPASS, NO_POLICY = 0x80, 0x40, 0x20, 0x10
COLUMNS = {"Name": 3, "Direction": 4, "LocalAddresses": 5, "SourceType": 6, "Source": 7,
           "SourceText": 8, "SourcePrefix": 9, "DestinationType": 10, "Destination": 11,
           "DestinationText": 12, "DestinationPrefix": 13, "SourcePort": 14, "SourcePortMask": 15,
           "DestinationPort": 16, "DestinationPortMask": 17, "Protocol": 18, "IfIndex": 19,
           "Reasons": 20}
INTERFACE_COLUMNS = {"Ipsec": 7, "Reasons": 8}


def if_index(links, name):
    """0 for any; of a device that is gone `ip` makes a name of the number"""
    if name is None or name in links:
        return links.get(name, 0)
    return int(name.removeprefix("if"))


def passes(policy):
    return policy["action"] == "allow" and not policy["templates"]


def local_and_remote(policy):
    ends = policy["sel"]["src"], policy["sel"]["dst"]
    return ends if policy["dir"] == "out" else ends[::-1]


def local_text(policy):
    text = local_and_remote(policy)[0]
    address, _, bits = text.partition("/")
    address = ipaddress.ip_address(address)
    return str(address) if int(bits) == address.max_prefixlen else "%s/%s" % (address, bits)


def is_whole(policy):
    sel = policy["sel"]
    return (policy["ptype"] == "main" and local_and_remote(policy)[1].endswith("/0") and
            not sel["proto"] and sel["sport"] is None and sel["dport"] is None and
            not policy["mark"] and not policy["mask"] and not policy["if_id"])


def read_settings(path):
    settings = {}
    with open(path) as lines:
        for line in lines:
            name, value = line.rsplit(" ", 1)
            match = re.match(r"/proc/sys/net/ipv([46])/conf/(.*)/(disable_\w+)$", name)
            settings[int(match[1]), match[2], match[3]] = int(value) != 0
    return settings


def reasons_of(settings, version, name):
    def is_set(setting):
        return settings.get((version, name, setting)) or settings.get((version, "all", setting))

    reasons = NO_POLICY_CHECK if is_set("disable_policy") else 0
    if version == 4 and is_set("disable_xfrm"):
        reasons |= NO_XFRM
    return reasons


def all_pass(found, direction, name, address):
    """Whether the first policy that may be for a packet of the address lets all of them pass"""
    same = [p for p in found if p["dir"] == direction]
    if any(p["ptype"] == "sub" and not passes(p) for p in same):
        return False
    for policy in sorted(same, key=lambda p: (p["priority"], p["index"])):
        if policy["ptype"] == "sub":
            continue
        if not passes(policy):
            return False
        if not is_whole(policy) or policy["sel"]["dev"] not in (None, name):
            continue
        own = ipaddress.ip_network(local_and_remote(policy)[0], strict=False)
        if (own.prefixlen == 0) if address is None else (
                address.version == own.version and address in own):
            return True
    return False


def expected_interface(found, settings, name, address):
    reasons = reasons_of(settings, address.version if address else 4, name)
    sent, received = bool(reasons & NO_XFRM), bool(reasons & NO_POLICY_CHECK)
    if any(passes(p) and p["sel"]["dev"] == name for p in found):
        reasons |= BYPASS
    if all(passes(p) for p in found):
        sent = received = True
        reasons |= BYPASS if found else NO_POLICY
    for direction in ("out", "in"):
        if all_pass(found, direction, name, address):
            reasons |= BYPASS
            sent, received = sent or direction == "out", received or direction == "in"
    return {"Ipsec": OFF if sent and received else PARTLY if reasons else ON,
            "Reasons": bytes([reasons])}


def expected_policy(policy, links):
    sel = policy["sel"]
    want = {"Name": b"xfrm-%d" % policy["index"], "Direction": policies.DIRECTIONS[policy["dir"]],
            "LocalAddresses": local_text(policy).encode(), "Protocol": sel["proto"],
            "IfIndex": if_index(links, sel["dev"]), "Reasons": bytes([BYPASS])}
    for column, name in (("Source", "src"), ("Destination", "dst")):
        sas.address(want, column, sel[name])
        want[column + "Prefix"] = int(sel[name].partition("/")[2])
    for column, name in (("SourcePort", "sport"), ("DestinationPort", "dport")):
        want[column] = sel[name] or 0
        want[column + "Mask"] = 0 if sel[name] is None else 0xffff
    return want


def expected_link(entry, addresses, reasons):
    want = {"Name": entry["ifname"].encode(), "Direction": UNKNOWN_DIRECTION, "Protocol": 0,
            "LocalAddresses": ",".join(map(str, addresses)).encode(),
            "IfIndex": entry["ifindex"], "Reasons": bytes([reasons])}
    for column in ("Source", "Destination"):
        sas.address(want, column, None)
        want[column + "Prefix"] = want[column + "Port"] = want[column + "PortMask"] = 0
    return want


def expected(ip_text, entries, settings):
    found = policies.parse_ip(ip_text)
    links = {entry["ifname"]: entry["ifindex"] for entry in entries}
    bypasses = {(POLICY, p["index"]): expected_policy(p, links) for p in found if passes(p)}
    interfaces = {}
    for entry in entries:
        addresses = [ipaddress.ip_address(a["local"]) for a in entry["addr_info"] if "local" in a]
        addresses.sort(key=lambda a: (a.version, a.packed))
        reasons = 0
        for address in addresses or [None]:
            version = address.version if address else 4
            reasons |= reasons_of(settings, version, entry["ifname"])
            octets = address.packed if address else b""
            index = (entry["ifindex"], {4: 1, 6: 2}[version] if address else 0, len(octets), *octets)
            interfaces[index] = expected_interface(found, settings, entry["ifname"], address)
        if reasons:
            bypasses[INTERFACE, entry["ifindex"]] = expected_link(entry, addresses, reasons)
    return bypasses, interfaces


def parse_walk(text, table):
    """{index: {column number: int or bytes}}"""
    rows = {}
    for oid, value in sas.parse_values(text):
        found = re.search(r"\.\d{4,}\.1\.%d\.1\.(\d+)((?:\.\d+)+)$" % table, oid)
        if found:
            index = tuple(map(int, found.group(2)[1:].split(".")))
            rows.setdefault(index, {})[int(found.group(1))] = value
    return rows


def main(arguments):
    texts = []
    for path in arguments:
        with open(path) as file:
            texts.append(file.read())
    bypasses, interfaces = expected(texts[0], json.loads(texts[1]), read_settings(arguments[2]))
    differences = [
        *policies.compare_rows("bypasses", bypasses, parse_walk(texts[3], 14), COLUMNS, [], ()),
        *policies.compare_rows("interfaces", interfaces, parse_walk(texts[3], 13),
                               INTERFACE_COLUMNS, [], ())]
    for line in differences:
        print(line)
    print("%d bypasses, %d interfaces, %d differences; IPsec on, off, partly: %s"
          % (len(bypasses), len(interfaces), len(differences),
             [sum(row["Ipsec"] == state for row in interfaces.values())
              for state in (ON, OFF, PARTLY)]))
    return 1 if differences or not interfaces else 0


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
