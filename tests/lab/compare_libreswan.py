#!/usr/bin/env python3
"""compare_libreswan.py [--slack SECONDS] FOLDER

Compares the tables of the IKE daemon with what libreswan's own command tells, column by column, and what
the agent says of the kernel's SAs and policies with `ip xfrm`. Prints every difference with the row it is
in. Exit status 0: equal, 1: not.

  FOLDER/status traffic   output of `whack --status` and `whack --trafficstatus`
  FOLDER/state policy     output of `ip xfrm state` and `ip xfrm policy`
  FOLDER/walk             `snmpbulkwalk -m '' -Onxt` of ROOT.1.5, .6, .7, .8, .9, .10

Deliberately shares nothing with the project, the tables of names below included.
--slack: seconds that may lie between the two readings (default 20).
"""
import argparse
import ipaddress
import os
import re
import sys

sys.dont_write_bytecode = True
from daemon_tables import (CONFIGURED, FALSE, IKE_POLICY, IKE_SA, TRUE, Near, differences, key,  # noqa: E402
                           names_of, read_walk)

SA, POLICY = 5, 10
TABLES = (SA, IKE_SA, IKE_POLICY, CONFIGURED, POLICY)
CIPHERS = {"AES_CBC": ("AES%d-CBC", 12), "AES_GCM_16": ("AES%d-GCM-16", 20), "3DES_CBC": ("3DES-CBC", 3),
           "CHACHA20_POLY1305": ("CHACHA20-POLY1305", 28)}
PRFS = {"HMAC_SHA1": ("HMAC-SHA1", 2), "HMAC_SHA2_256": ("HMAC-SHA2-256", 5),
        "HMAC_SHA2_512": ("HMAC-SHA2-512", 7)}
GROUPS = {"MODP2048": ("MODP-2048", 14), "MODP3072": ("MODP-3072", 15), "DH19": ("ECP-256", 19),
          "DH31": ("CURVE25519", 31)}
ACTIONS = {"disabled": 1, "clear": 2, "hold": 3, "restart": 4}
PROTOCOLS = {"TCP": 6, "UDP": 17}


### What whack tells


def read_status(text):
    """({name: lines of a connection}, {name, instance: the same}, {state number: (line, line of SPIs)})"""
    conns, instances, states = {}, {}, {}
    for line in text.splitlines():
        line = line[4:]
        conn = re.match(r'"([^"]+)"(?:\[(\d+)\])?: +(.*)', line)
        state = re.match(r'#(\d+): "([^"]+)"(?:\[(\d+)\])? ?(.*)', line)
        if conn and conn.group(2):
            instances.setdefault((conn.group(1), conn.group(2)), []).append(conn.group(3))
        elif conn:
            conns.setdefault(conn.group(1), []).append(conn.group(3))
        elif state and "STATE_" in line:
            states[int(state.group(1))] = [state.group(2), state.group(3), state.group(4), ""]
        elif state:
            states[int(state.group(1))][3] = state.group(4)
    return conns, instances, states


def find(lines, pattern, default=""):
    for line in lines:
        found = re.search(pattern, line)
        if found:
            return found.group(1)
    return default


def selector(text, host):
    if not text:
        if not re.match(r"[0-9a-f.:]+$", host):
            return b"dynamic"
        return ("%s/%d" % (host, ipaddress.ip_address(host).max_prefixlen)).encode()
    found = re.match(r"(.*/\d+):([A-Z]+)/(.*)$", text)
    if not found:
        return text.encode()
    network, protocol, port = found.groups()
    port = "" if port in ("0", "0-65535") else "/" + port
    return ("%s[%d%s]" % (network, PROTOCOLS[protocol], port)).encode()


def ends_of(lines):
    """local client, local host, remote host, remote client"""
    return re.match(r"(?:(.*?)===)?([^\[=<]+)(?:<.*?>)?\[.*?\]\.\.\.([^\[=<]+)(?:<.*?>)?\[.*?\](?:===(.*?))?; ",
                    lines[0]).groups()


def address(text):
    parsed = ipaddress.ip_address(text)
    return {4: 1, 6: 2}[parsed.version], parsed.packed, str(parsed).encode()


class Wanted:
    def __init__(self, slack, text):
        self.slack = slack
        self.conns, self.instances, self.states = read_status(text)

    def left(self, line, word):
        found = re.search(r"; %s in (\d+)s;" % word, line)
        return Near(int(found.group(1)) - self.slack, int(found.group(1)) + 3) if found else -1

    def policy(self, name, lines):
        _, local, remote, _ = ends_of(lines)
        words = find(lines, r"^policy: (.*);").split("+")
        life, margin = (int(find(lines, word + r": (\d+)s")) for word in ("ike_life", "rekey_margin"))
        again = 0 if "DONT_REKEY" in words else life - margin
        method = {"secret": b"PSK", "never": b""}[find(lines, r"our auth:(\w+)")]
        return {2: name.encode(), 3: 1 if "IKEv1" in words else 2, 4: local.encode(), 5: remote.encode(),
                6: 0, 7: 0, 8: method, 9: method, 10: find(lines, r"our id=(\S+);").encode(),
                11: find(lines, r"their id=(\S+)").encode(), 12: b"", 13: b"", 14: b"", 15: b"",
                16: 0 if "IKEv1" in words else again, 17: again if "IKEv1" in words else 0,
                18: int(find(lines, r"delay:(\d+)s")), 19: int(find(lines, r" timeout:(\d+)s", "0")),
                20: 4, 21: find(lines, r"^IKE algorithms: (.*)").encode(),
                22: sum(1 for state in self.states.values() if state[0] == name and self.is_ike(state)),
                23: b"libreswan", 24: TRUE}

    def configured(self, name, lines):
        local_client, local, remote, remote_client = ends_of(lines)
        words = find(lines, r"^policy: (.*);").split("+")
        life, margin = (int(find(lines, word + r": (\d+)s")) for word in ("ipsec_life", "rekey_margin"))
        keyed = "PASS" not in words
        mark = re.match(r"(\d+)/(0x[0-9a-f]+), (\d+)/(0x[0-9a-f]+)", find(lines, r" mark: (.*?);"))
        marks = [int(number, 0) for number in mark.groups()] if mark else [0] * 4
        if_id = int(find(lines, r"interface: ipsec(\d+)@", "0"))
        start = {(False, False): 1, (False, True): 3, (True, False): 4, (True, True): 5}[
            "UP" in words, "ROUTE" in words]
        up = any(state[0] == name and re.search(r"(esp|ah)[.:]", state[3]) for state in self.states.values())
        routed = " prospective erouted;" in lines[0]
        return {3: name.encode(), 4: name.encode(), 5: 7 if not keyed else 2 if "TUNNEL" in words else 1,
                6: 1 if keyed else 3, 7: selector(local_client, local),
                8: selector(remote_client, remote),
                9: life - margin if keyed and "DONT_REKEY" not in words else 0, 10: 0, 11: 0,
                12: ACTIONS[find(lines, r"action:(\w+);")], 13: 7, 14: start, 15: b"",
                16: marks[0], 17: marks[1], 18: marks[2], 19: marks[3], 20: if_id, 21: if_id,
                22: 3 if not keyed else 2 if "TUNNEL" in words else 1,
                23: TRUE if up or routed else FALSE, 24: FALSE,
                26: int(find(lines, r"sa_prio:(\d+)", "0")), 27: b"",
                28: find(lines, r"^(?:ESP|AH) algorithms: (.*)").encode(), 29: life if keyed else 0,
                30: 0, 31: 0, 32: b"libreswan", 33: TRUE}

    @staticmethod
    def is_ike(state):
        return re.search(r"STATE_(MAIN|AGGR|V2_PARENT|V2_ESTABLISHED_IKE)", state[2]) is not None

    def ike_sa(self, number, state):
        name, instance, line, _ = state
        lines = self.instances[name, instance] if instance else self.conns[name]
        version = 1 if "STATE_MAIN" in line else 2
        _, local, remote, _ = ends_of(lines)
        role = {"I": 1, "R": 2}.get(find([line], r"STATE_MAIN_([IR])"), None)
        row = {2: version, 3: b"", 4: b"", 8: 0, 12: int(re.match(r".*?:(\d+) ", line).group(1)),
               13: find(lines, r"our id=(\S+);").encode(), 14: find(lines, r"their id=(\S+)").encode(),
               15: b"", 17: 3, 18: key(name), 19: name.encode(), 20: name.encode(), 21: b"PSK", 22: b"PSK",
               33: 1 if version == 1 else 3, 34: FALSE, 38: -1,
               39: self.left(line, "REKEY"), 40: self.left(line, "REPLACE") if version == 1 else -1,
               41: -1 if version == 1 else self.left(line, "EXPIRE" if "EXPIRE" in line else "REPLACE"),
               42: sum(1 for other in self.states.values()
                       if re.search(r"(IKE|ISAKMP) SA #%d;" % number, other[2])),
               47: number, 48: b"libreswan", 50: TRUE}
        if role:
            row[16] = role
        row[5], row[6], row[7] = address(local)
        row[9], row[10], row[11] = address(remote)
        if find(lines, r"^newest (?:IKE|ISAKMP) SA: #(\d+)") == str(number):
            cipher, prf, group = re.match(r"(.*)-(.*)-(.*)", find(
                lines, r"^IKEv\d algorithm newest: (.*)")).groups()
            cipher, bits = re.match(r"(.*)_(\d\d\d)$", cipher).groups()
            text, transform = CIPHERS[cipher]
            row[23] = (text % int(bits) if "%d" in text else text).encode()
            row[24], row[25] = int(bits), transform
            row[26] = PRFS[prf][0].encode() if version == 1 else b""
            row[28], row[29] = PRFS[prf][0].encode(), PRFS[prf][1]
            row[30], row[31] = GROUPS[group][1], GROUPS[group][0].encode()
        return row

    def owners(self):
        """{SPI: (name, number of the IKE SA)}"""
        owners = {}
        for name, _, line, spis in self.states.values():
            for spi in re.findall(r"(?:esp|ah)[.:]([0-9a-f]+)@", spis):
                owners[int(spi, 16)] = (name, int(find([line], r"(?:IKE|ISAKMP) SA #(\d+);", "0")))
        return owners

    def rows(self):
        rows = {}
        for name, lines in self.conns.items():
            rows[IKE_POLICY, (key(name),)] = self.policy(name, lines)
            rows[CONFIGURED, (key(name), key(name))] = self.configured(name, lines)
        for number, state in self.states.items():
            if self.is_ike(state):
                rows[IKE_SA, number] = self.ike_sa(number, state)
        return rows


### What the agent tells


def told_rows(tables):
    rows = {}
    for table in (IKE_SA, IKE_POLICY, CONFIGURED):
        for index, row in tables.get(table, {}).items():
            rows[table, row[47] if table == IKE_SA else names_of(index)] = row
    return rows


### The kernel's own


def sa_differences(state, tables, owners):
    """Every SA of the kernel belongs to the state that has its SPI."""
    numbers = {int(index): row[47] for index, row in tables.get(IKE_SA, {}).items()}
    told = {row[2]: row for row in tables.get(SA, {}).values()}
    spis = [int(spi, 16) for spi in re.findall(r"proto (?:esp|ah) spi (0x[0-9a-f]+)", state)]
    if sorted(owners) != sorted(spis):
        yield "whack has the SPIs %s, the kernel %s" % (
            " ".join("%x" % spi for spi in sorted(owners)), " ".join("%x" % spi for spi in sorted(spis)))
    for spi in spis:
        row = told.get(b"%X" % spi, told.get(spi))
        if not row:
            yield "SA %x is not in the table" % spi
        elif row[80] != 2 or spi in owners and numbers.get(row[88]) != owners[spi][1]:
            yield "SA %x has keying %d and IKE SA %r, not 2 and %r" % (
                spi, row[80], numbers.get(row[88]), owners.get(spi))


def policy_differences(state, policy, tables, owners):
    """Every policy with a template has the name of the connection whose SA has its reqid."""
    names = {}
    for spi, reqid in re.findall(r"proto (?:esp|ah) spi (0x[0-9a-f]+) reqid (\d+)", state):
        names[reqid] = owners.get(int(spi, 16), ("?", 0))[0]
    found = 0
    for source, target, direction, rest in re.findall(
            r"^src (\S+) dst (\S+).*\n\tdir (in|out|fwd) (.*(?:\n\t.*)*)", policy, re.M):
        reqid = re.search(r"reqid (\d+)", rest)
        if not reqid or reqid.group(1) not in names:
            continue
        found += 1
        number = {"in": 1, "out": 2, "fwd": 3}[direction]
        rows = [row for row in tables.get(POLICY, {}).values()
                if row[9].decode() == source and row[13].decode() == target and row[5] == number]
        name = names[reqid.group(1)].encode()
        if not any(row[4] == name and row[42] == 1 and row[43] == b"libreswan" and row[21] == 1
                   for row in rows):
            yield "policy %s %s %s: %s, not %r" % (source, target, direction, [
                (row[4], row[42], row[43], row[21]) for row in rows], name)
    if not found:
        yield "the kernel has no policy"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--slack", type=int, default=20)
    parser.add_argument("folder")
    options = parser.parse_args()

    def read(name):
        with open(os.path.join(options.folder, name)) as file:
            return file.read()

    wanted = Wanted(options.slack, read("status"))
    tables, rows, owners = read_walk(read("walk"), TABLES), wanted.rows(), wanted.owners()
    found = list(differences(rows, told_rows(tables)))
    found += sa_differences(read("state"), tables, owners)
    found += policy_differences(read("state"), read("policy"), tables, owners)
    if set(wanted.states) - set(number for table, number in rows if table == IKE_SA) != set(
            int(number) for number in re.findall(r"^006 #(\d+):", read("traffic"), re.M)):
        found.append("--status and --trafficstatus are not of one moment")
    for line in found:
        print(line)
    print("%d rows, %d columns compared, %d SAs, %d differences" % (
        len(rows), sum(len(row) for row in rows.values()), len(owners), len(found)))
    return 1 if found or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
