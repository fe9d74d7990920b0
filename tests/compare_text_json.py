#!/usr/bin/env python3
"""compare_text_json.py TEXT JSON [--slack SECONDS] [--port PORT]

TEXT is what `ipsec_report -all -summary -cert -collector -stat -verbose` printed, JSON what it printed with -json; with
-event both may have that, too. Both must tell the same: each record of the text is a row, each line of it a member with
that value, and each member is in the text, but for those that say nothing there (no, unknown, an empty set). Knows
nothing of how either is made.
--slack: seconds between the two; ages, and when and how often a source was read, may differ by as much. --port: where
snmpd listens: the flows of who asks are left out, since each asks from a port of its own.
"""
import argparse
import json
import re
from datetime import datetime, timezone

# The titles of records, their table, and what the lines are called that HP-UX named: label -> member.
RECORDS = {
    "IPsec SA": ("ipsec_sa", {
        "Sequence number": "index", "Src IP Addr": "source", "Dst IP Addr": "destination"}),
    "IKE SA": ("ike_sa", {
        "Local IP Addr": "local", "Remote IP Addr": "remote", "Auth Record": "auth_record", "ENCR": None,
        "HASH": "integrity", "PRF": "prf", "PFS": "pfs", "Role": "role", "State": "state"}),
    "IKE Policy": ("ike_policy", {
        "Policy Name": "name", "Auth Method": None, "IKE Version": None, "Local IP Addr": None,
        "Remote IP Addr": None, "Local ID": "local_identity", "Remote ID": "remote_identity",
        "Local CA": "local_cas", "Remote CA": "remote_cas", "Local EAP ID": "local_eap_identity",
        "Remote EAP ID": "remote_eap_identity"}),
    "Tunnel": ("tunnel", {}),
    "Certificate": ("certificate", {
        "Serial Number": "serial", "Private Key": "private_key_flag", "Kind": None}),
    "Collector": ("collector", {
        "Collector": "key", "Source": "name", "State": "state", "Duration (microseconds)": "duration",
        "Last Success (seconds ago)": None}),
    "Event": ("event", {
        "SPI (hex)": "spi", "Peer IP Addr": "peer", "Event Number": None, "Entity": None}),
}
# Members that the text tells in words of HP-UX, or by the row's place: compared in check() or not at all.
TOLD_OTHERWISE = {
    "ipsec_sa": {"index", "spi", "protocol", "state", "encryption", "authentication", "source", "destination",
                 "octets", "add_time", "add_age", "use_time", "use_age", "hard_octets", "hard_add_seconds",
                 "hard_use_seconds", "soft_octets", "soft_add_seconds", "soft_use_seconds", "mark", "mark_mask",
                 "compression"},
    "ike_sa": {"index", "version", "initiator_spi", "responder_spi", "local", "local_port", "remote", "remote_port",
               "role", "state", "local_auth_method", "remote_auth_method", "encryption", "dh_group",
               "dh_group_name", "policy_name", "auth_record"},
    "ike_policy": {"key", "version", "local_addresses", "remote_addresses", "local_port", "remote_port",
                   "local_auth_method", "remote_auth_method", "rekey_seconds", "reauth_seconds", "dpd_seconds"},
    "tunnel": {"policy_key", "child_key", "instance"},
    "certificate": {"kind", "private_key_flag"},
    "collector": {"last_success", "last_success_age", "duration"},
    "event": {"number", "time", "entity", "severity", "kind", "reason"},
}
# Words of HP-UX for the MIB's labels.
STATES = {"mature": "MATURE", "dying": "MATURE", "larval": "LARVAL", "dead": "DEAD"}
MOVING = re.compile("_age$|_left$|^seconds_to_|_to_|^age_")
# What a source tells of again each time that it is read. Moments that it tells as ages are a second off.
READ_AGAIN = {"last_seen_time", "polls", "events"}
TOLD_AS_AGES = {"established_time", "time_stamp"}


def snake(label):
    return re.sub("[^a-z0-9]+", "_", label.lower()).strip("_")


def shown(value):
    """As the text writes a value; None where it says nothing"""
    if isinstance(value, bool):
        return "yes" if value else None
    if isinstance(value, list):
        return " ".join(value) or None
    return None if value == "unknown" else str(value)


def seconds_of(moment):
    return datetime.strptime(moment, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp()


def same(told, value, key, slack):
    wanted = shown(value)
    if told == wanted or (told.lower() in ("yes", "no") and isinstance(value, bool)):
        return told.lower() == ("yes" if value is True else "no") if isinstance(value, bool) else True
    if key == "spi":
        return told == f"{int(value, 16):X}"
    if re.fullmatch("0x[0-9a-f]+", told) and isinstance(value, (str, int)):
        return int(told, 16) == (int(value, 16) if isinstance(value, str) else value)
    if isinstance(value, float): # above 2^63 it is exact to 15 digits
        return float(told) == value
    if key in ("role", "state", "pfs"):
        return told.lower() == str(value).lower()
    if MOVING.search(key) or (key in READ_AGAIN and told.isdigit()):
        return abs(int(told) - int(value)) <= slack
    if key in READ_AGAIN | TOLD_AS_AGES:
        return abs(seconds_of(told) - seconds_of(value)) <= (slack if key in READ_AGAIN else 2)
    if re.fullmatch(r"20.*T.*Z", told) and key == "discontinuity_time":
        return told[:10] == value[:10]
    return False


def records(text):
    found, title = [], None
    for line in text.splitlines():
        match = re.match("^-{3,} ([A-Z].*?) -{3,}$", line)
        if match and not line.startswith("--- "):
            title = match[1]
            found.append((title, []))
        elif title is not None:
            found[-1][1].append(line)
    return found


def fields(lines):
    """label, value of each line; a line of HP-UX may have several fields"""
    for line in lines:
        if line.startswith("---") or line.startswith("-- "):
            return
        for part in re.split(r"\s{2,}|(?<=[0-9a-f]) (?=Dst IP Addr: )|(?<=\w) (?=State: )", line):
            if ": " in part:
                yield part.split(": ", 1)


def check_ipsec_sa(lines, row, slack):
    text = "\n".join(lines)
    assert f"SPI (hex): {int(row['spi'], 16):X} State: {STATES[row['state']]}" in text, text
    assert f"Src IP Addr: {row['source']} Dst IP Addr: {row['destination']}" in text.splitlines(), (text, row)
    kind = re.search("^SA Type: (.*)$", text, re.M)[1]
    assert kind.split()[0] == row["protocol"].upper(), (kind, row)
    for member in ("encryption", "authentication", "compression"):
        assert row.get(member, "").replace("none", "") in kind, (kind, row)
    current, *limits = re.split(r"^--- (?:Current|Hard|Soft) Lifetimes ---$", text, flags=re.M)[1:]
    numbers = [int(number) for number in re.findall(r"\): (\d+)|processed: (\d+)", current) for number in number if number]
    assert numbers[0] == row["octets"] and abs(numbers[1] - row["add_age"]) <= slack, (numbers, row)
    assert abs(numbers[2] - row.get("use_age", 0)) <= slack, (numbers, row)
    for name, limit in zip(re.findall("--- (Hard|Soft)", text), limits):
        octets, added, used = (int(number) for number in re.findall(r": (\d+)", limit)[:3])
        name = name.lower()
        assert (octets, added, used) == tuple(row.get(f"{name}_{what}", 0)
                                              for what in ("octets", "add_seconds", "use_seconds")), limit


def methods(row):
    local, remote = row.get("local_auth_method"), row.get("remote_auth_method")
    return f"Auth Method: {local}" if local == remote else f"Auth Method: {local}/{remote}"


def check_ike_sa(lines, row, _slack):
    text = "\n".join(lines)
    assert f"Index: {row['initiator_spi']}:{row.get('responder_spi', '0' * 16)}" in text, text
    for end in ("local", "remote"):
        assert f"{end.capitalize()} IP Addr: {row[end]}/{row[end + '_port']}" in text, text
    assert methods(row) in text.splitlines() or "local_auth_method" not in row, (text, row)
    # a cipher with keys of one length is written without its mode
    assert row["encryption"] in (name := re.search("^ENCR: (.*)$", text, re.M)[1], name + "-CBC"), (text, row)
    assert f"Policy Name: {row['policy_name']}" in text and f"DH Group: {row.get('dh_group', '')}" in text, text


def check_ike_policy(lines, row, _slack):
    text = "\n".join(lines)
    for name, label in (("rekey", "Rekey"), ("reauth", "Reauth"), ("dpd", "DPD")):
        assert f"{label} Seconds: {row.get(name + '_seconds', 0)}" in text, (text, row)
    words = [part for line in lines for part in re.split(r"\s{2,}", line)]
    assert methods(row) in words or "local_auth_method" not in row, (text, row)
    assert f"IKE Version: {row['version'].removeprefix('ikev').replace('any', '1 or 2')}" in words, (text, row)
    for end in ("local", "remote"):
        assert f"{end.capitalize()} IP Addr: {row[end + '_addresses']}" in words, (text, row)


KINDS = {"Revocation List": "crl"}


def check_certificate(lines, row, _slack):
    kind = next(line for line in lines if line.startswith("Kind: ")).split(": ")[1]
    assert KINDS.get(kind, kind.replace(" ", "").lower()) == row["kind"].lower(), (kind, row)
    told = next((line for line in lines if line.startswith("Private Key: ")), "Private Key: No")
    assert told == f"Private Key: {'Yes' if row['private_key_flag'] else 'No'}", (lines, row)


def check_event(lines, row, _slack):
    assert lines[0] == f"Event Number: {row['number']} Time: {row['time']}", (lines, row)
    assert lines[1] == f"Entity: {row['entity']} Severity: {row['severity']} Kind: {row['kind']}", (lines, row)
    assert f"Reason: {row.get('reason')}" in lines or row.get("reason", "none") in ("none", "unknown"), (lines, row)


CHECKS = {"event": check_event, "ipsec_sa": check_ipsec_sa, "ike_sa": check_ike_sa, "ike_policy": check_ike_policy, "certificate": check_certificate}


def check_record(title, lines, row, slack):
    table, labels = RECORDS[title]
    told = {}
    for label, value in fields(lines if table != "ipsec_sa" else
                               [line for line in lines if not re.match(r"bytes|addtime|usetime|SPI|SA Type|---|Src", line)]):
        key = labels.get(label, snake(label))
        if key in (None, "spi_hex", "sa_type", "soft_lifetime", "index") or (table, key) == ("ike_sa", "dh_group"):
            continue
        # each read takes another time, and who asks is a flow, too
        if table == "collector" and (key == "duration" or (key == "rows" and row["key"] == "flows")):
            told[key] = value
            continue
        if key in row and (table, key) not in (("ike_sa", "local"), ("ike_sa", "remote")):
            assert same(value, row[key], key, slack), (title, label, value, row[key])
        told[key] = value
    for key, value in row.items():
        if shown(value) is not None and key not in TOLD_OTHERWISE[table]:
            assert key in told, (title, key, value, sorted(told))
    if table in CHECKS:
        CHECKS[table](lines, row, slack)


def check_summary(text, tunnels):
    table = text[text.index("TUNNEL "):].split("\n\n")[0].splitlines()[1:]
    assert len(table) == len(tunnels), (len(table), len(tunnels))
    for line, tunnel in zip(table, tunnels):
        name, peer, state = re.split(r"\s{2,}", line)[:3]
        assert (name, peer) == (tunnel["name"], tunnel.get("remote", "-")), line
        assert state == {"notConfigured": "not configured"}.get(tunnel["state"], tunnel["state"]), line
        assert tunnel.get("encryption", "-") in line, line


def check_rules(found, document):
    names, cookies = set(), set()
    for title, lines in found:
        match = re.match("(?:Rule|Tunnel) Name: (.*?)(?: Priority: (\\d+))?(?: Cookie: (\\d+))?$", lines[0] if lines else "")
        if match and match[1] != "default":
            names.add(match[1])
            cookies |= {int(match[3])} if match[3] else set()
    policies = {policy["name"] for policy in document["policy"]}
    # what no daemon named has a name for each direction, and its rule the outbound one's
    others = {policy["name"] for policy in document["policy"]
              if policy["name"].startswith("xfrm-") and policy["direction"] != "outbound"}
    children = {child["child_name"] for child in document["configured_policy"]}
    assert policies - others | children <= names <= policies | children, names
    assert cookies <= {policy["index"] for policy in document["policy"]}, cookies


def check_interfaces(found, rows):
    mine = [lines for title, lines in found if title == "System Configured Interface"]
    rows = [row for row in rows if "address" in row]
    assert len(mine) == len(rows) and rows, (len(mine), len(rows))
    for lines, row in zip(mine, rows):
        star = "*" if row["state"] == "down" else ""
        assert lines[0] == f"Interface Name: {row['name']}{star} Address: {row['address']}", (lines, row)
        assert lines[1].split()[1].lower() == row["ipsec"], (lines, row)
        assert f"If Index: {row['if_index']}" in lines and f"Offloaded Sas: {row['offloaded_sas']}" in lines, (lines, row)
        if row["ipsec"] != "partly" and row["reasons"]:
            assert f"Reasons: {' '.join(row['reasons'])}" in lines, (lines, row)


def check_flows(found, document, port):
    mine = [lines for title, lines in found if title == "Cache Policy Rule" and
            not any(line.endswith(f"Port number: {port}") for line in lines[1:3])]
    rows = [row for row in document["flow"] if (row["direction"], row["action"]) != ("inbound", "secure") and
            port not in (row.get("source_port"), row.get("destination_port"))]
    sas = {sa["index"]: sa for sa in document["ipsec_sa"]}
    assert len(mine) == len(rows) and rows, (len(mine), len(rows))
    for lines, row in zip(mine, rows):
        assert lines[0] == f"Cache Policy Record: {row['number']} Cookie: {row.get('policy_cookie') or 1}", (lines, row)
        for line, end, side in zip(lines[1:3], ("Src", "Dst"), ("source", "destination")):
            assert line == f"{end} IP Address: {row[side]} {end} Port number: {row.get(side + '_port', 0)}", (line, row)
        assert lines[3].endswith(f" Direction: {row['direction']}"), (lines, row)
        assert lines[4] == f"Action: {row['action'].capitalize()}", (lines, row)
        if row.get("sa") and row["action"] == "secure":
            assert f"SPI (hex): {int(sas[row['sa']]['spi'], 16):X}" in lines, (lines, row)


def check_statistics(found, document):
    stats = next(lines for title, lines in found if title == "XFRM Statistics")
    told = dict(line.split(": ") for line in stats if re.match("Xfrm", line))
    assert told == {row["name"]: str(row["packets"]) for row in document["xfrm_stat"]} and told
    lines = [line for line in next(lines for title, lines in found if title == "IPsec Statistics") if ": " in line]
    row = document["global"][0]
    for line in lines:
        label, value = line.split(": ")
        assert str(row[snake(label)]) == value, (line, row)
    told = {snake(line.split(": ")[0]) for line in lines}
    assert {key for key, value in row.items() if value} <= told | {"discontinuity_time"}, (row, told)
    assert len(lines) > 20, lines


def check_bypasses(found, rows):
    lines = next(lines for title, lines in found if title == "Configured Bypass IP List")
    names = {line.split(": ")[1] for line in lines if re.match("(Rule|Interface) Name: ", line)}
    assert names and names <= {row["name"] for row in rows}, names
    # the loopback, and what an interface or another rule says already, have no record of their own
    assert names >= {row["name"] for row in rows if row["kind"] == "interface"}, names


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("text")
    parser.add_argument("json")
    parser.add_argument("--slack", type=int, default=10)
    parser.add_argument("--port", type=int, default=-1)
    args = parser.parse_args()
    text, document = open(args.text).read(), json.load(open(args.json))
    found = [(re.sub("^IKEv[12] SA$", "IKE SA", title), lines) for title, lines in records(text)]
    n = 0
    for title, (table, _) in RECORDS.items():
        mine = [lines for name, lines in found if name == title]
        if table == "event" and table not in document:
            continue  # nobody asked for it
        rows = document[table]
        if table == "certificate":
            rows = sorted(rows, key=lambda row: (row.get("not_after", "9"), row["fingerprint_text"]))
        if table == "ipsec_sa":
            rows = [row for row in rows if row["protocol"] not in ("ipip", "ipv6")]
        assert len(mine) == len(rows) and rows, (title, len(mine), len(rows))
        for lines, row in zip(mine, rows):
            check_record(title, lines, row, args.slack)
            n += 1
    check_interfaces(found, document["interface"])
    check_flows(found, document, args.port)
    check_statistics(found, document)
    check_bypasses(found, document["bypass"])
    check_summary(text, document["tunnel"])
    check_rules(found, document)
    print(n, "records")


main()
