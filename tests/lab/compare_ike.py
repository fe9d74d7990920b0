#!/usr/bin/env python3
"""compare_ike.py [--slack SECONDS] [--now EPOCH] [--settled] [--manual REQID,...] FOLDER

Compares the tables of the IKE daemon, and the one of tunnels, with what strongSwan's own command and `ip` tell,
column by column, and prints every difference with the row it is in. Exit status 0: equal, 1: not.

  FOLDER/sas conns pols certs  output of `swanctl --list-sas --pretty` and so on
  FOLDER/state policy          output of `ip -d -s xfrm state` and `ip -d -s xfrm policy`
  FOLDER/walk                  `snmpbulkwalk -m '' -Onxt` of ROOT.1.7, ROOT.1.8, ROOT.1.9, ROOT.1.12, ROOT.1.16
                               and of the column ROOT.1.5.1.2

Deliberately shares nothing with the project, the tables of names below included; what reads `ip` is that of
compare_sas.py and compare_policies.py. Certificates are read by the openssl command.
--slack: seconds that may lie between the two readings (default 5). --now: when swanctl was asked (default:
now). --settled: nothing has changed hands since it came up, and what is not up never was: so PFS is what the
children say, and a tunnel's history is that of its SAs. --manual: reqids that have manual keys.

Of tunnels nobody else tells when counting began (40) and the age of what the row tells (65); why it is down and what
went wrong (10, 56 to 59) only the daemon's log, so that these are compared where nothing did; since when (8, 9), its
ups, downs and rekeys (41 to 47) and its totals only while they are those of its present SAs: else a total must not
be less than theirs.
"""
import argparse
import hashlib
import ipaddress
import os
import re
import socket
import subprocess
import sys
import time
from datetime import datetime, timezone

sys.dont_write_bytecode = True
import compare_policies  # noqa: E402
import compare_sas  # noqa: E402
from daemon_tables import (CONFIGURED, FALSE, IKE_POLICY, IKE_SA, TRUE, Near, differences, key,  # noqa: E402
                           names_of, read_walk)

SA, TUNNEL, CERTIFICATE = 5, 12, 16
TABLES = (SA, IKE_SA, IKE_POLICY, CONFIGURED, TUNNEL, CERTIFICATE)

IKE_STATES = ["CREATED", "CONNECTING", "ESTABLISHED", "PASSIVE", "REKEYING", "REKEYED", "DELETING",
              "DESTROYING"]
ENCRYPTION = {"AES_CBC": 12, "AES_CTR": 13, "AES_CCM_8": 14, "AES_CCM_12": 15, "AES_CCM_16": 16,
              "AES_GCM_8": 18, "AES_GCM_12": 19, "AES_GCM_16": 20, "3DES_CBC": 3,
              "CHACHA20_POLY1305": 28, "CAMELLIA_CBC": 23}
INTEGRITY = {"HMAC_MD5_96": ("HMAC-MD5", 1), "HMAC_SHA1_96": ("HMAC-SHA1", 2),
             "AES_XCBC_96": ("AES-XCBC", 5), "AES_CMAC_96": ("AES-CMAC", 8),
             "HMAC_SHA2_256_128": ("HMAC-SHA2-256-128", 12),
             "HMAC_SHA2_384_192": ("HMAC-SHA2-384-192", 13),
             "HMAC_SHA2_512_256": ("HMAC-SHA2-512-256", 14)}
# what is weak unless configured otherwise, of the names that strongSwan has for IKE, and compare_sas.py for SAs
WEAK = {"DES_CBC", "3DES_CBC", "HMAC_MD5_96", "HMAC_SHA1_96", "PRF_HMAC_MD5", "PRF_HMAC_SHA1", "MODP_768",
        "MODP_1024", "MODP_1536"}
PROTOCOLS = {"ESP": 50, "AH": 51}
WEAK_SAS = {b"DES-CBC", b"3DES-CBC", b"NULL", b"HMAC-MD5", b"HMAC-MD5-128", b"HMAC-SHA1", b"HMAC-SHA1-160"}
NO_VERSION = 4
UP, CONNECTING, REKEYING, DOWN, IDLE, NOT_CONFIGURED = 1, 2, 3, 4, 5, 6
PRF = {"PRF_HMAC_MD5": 1, "PRF_HMAC_SHA1": 2, "PRF_AES128_XCBC": 4, "PRF_HMAC_SHA2_256": 5,
       "PRF_HMAC_SHA2_384": 6, "PRF_HMAC_SHA2_512": 7, "PRF_AES128_CMAC": 8}
GROUPS = {"MODP_1024": 2, "MODP_1536": 5, "MODP_2048": 14, "MODP_3072": 15, "MODP_4096": 16,
          "ECP_256": 19, "ECP_384": 20, "ECP_521": 21, "CURVE_25519": 31, "CURVE_448": 32}
VERSIONS = {"IKEv1": 1, "IKEv2": 2, "IKEv1/2": 3}
UNIQUE = {"UNIQUE_NO": 1, "UNIQUE_NEVER": 2, "UNIQUE_KEEP": 3, "UNIQUE_REPLACE": 4}
ACTIONS = {"none": 1, "clear": 2, "trap": 3, "start": 4}
# mode: mode, action, kind
MODES = {"TUNNEL": (2, 1, 2), "TRANSPORT": (1, 1, 1), "BEET": (5, 1, 2), "PASS": (7, 3, 3),
         "DROP": (7, 4, 1)}
CLASSES = {"pre-shared key": "PSK", "public key": "PUBKEY", "XAuth": "XAUTH", "any": "ANY"}
KINDS = {"NONE": 1, "CA": 2, "AA": 3, "OCSP": 4}


### What swanctl tells


def read_pretty(text):
    """[(event, content)]; content is {name: text, list or content}. A name that comes again has '#'
    behind it."""
    events, stack, items = [], [], None
    for line in text.splitlines():
        words = line.strip()
        if not stack and re.fullmatch(r"[a-z-]+ (event|reply) \{", words):
            name, kind, _ = words.split(" ")
            stack = [{}]
            if kind == "event":
                events.append((name, stack[0]))
        elif items is not None:
            if words == "]":
                items = None
            else:
                items.append(words)
        elif words == "}":
            stack.pop()
        elif words.endswith(" {"):
            name, content = words[:-2], {}
            while name in stack[-1]:
                name += "#"
            stack[-1][name] = content
            stack.append(content)
        elif words.endswith(" = ["):
            items = stack[-1][words[:-4]] = []
        elif " = " in words:
            name, value = words.split(" = ", 1)
            stack[-1][name] = value
        elif words.endswith(" ="):
            stack[-1][words[:-2]] = ""
        elif words:
            raise ValueError("what is this: " + line)
    return events


def cut(text):
    """As long as the column is: 255 octets"""
    return text.encode()[:255]


def listed(items, separator=", "):
    """As many as fit, then '...'"""
    text = separator.join(items).encode()
    if len(text) <= 255:
        return text
    while len(separator.join(items + ["..."]).encode()) > 255:
        items = items[:-1]
    return separator.join(items + ["..."]).encode()


def selector(text):
    found = re.fullmatch(r"([^[]*)\[([^/\]]*)(?:/(.*))?\]", text)
    if not found:
        return text
    address, protocol, port = found.groups()
    if not protocol.isdigit():
        name, protocol = protocol, str(socket.getprotobyname(protocol))
        if port and port[0].isalpha() and port != "OPAQUE":
            port = str(socket.getservbyname(port, name))
    return "%s[%s%s]" % (address, protocol, "/" + port if port else "")


def address(text):
    """type, octets, text"""
    if not text:
        return 0, b"", b""
    parsed = ipaddress.ip_address(text)
    return {4: 1, 6: 2}[parsed.version], parsed.packed, str(parsed).encode()


def cipher(name, bits):
    if name.startswith(("AES_", "CAMELLIA_")):
        family, rest = name.split("_", 1)
        return "%s%d-%s" % (family, bits, rest.replace("_", "-"))
    return name.replace("_", "-")


def leaves_peer_open(conn):
    """Road warriors: whoever asks may come from more than one address"""
    words = conn.get("remote_addrs", [])
    return not words or any(word.startswith("%") or "/" in word or re.fullmatch(r"[0-9a-f.:]+-[0-9a-f.:]+", word)
                            for word in words)


def pfs(sa, version):
    """1 on, 2 off, 3 unknown"""
    result = 3
    for child in sa.get("child-sas", {}).values():
        if "dh-group" in child:
            return 1
        if "install-time" not in child:
            continue
        if version == 1 or int(child["install-time"]) < int(sa.get("established", 0)) - 10:
            result = 2
    return result


class Wanted:
    def __init__(self, now, slack, settled):
        self.now, self.slack, self.settled = now, slack, settled

    def age(self, text):
        return Near(int(text) - 2, int(text) + self.slack) if text is not None else -1

    def moment(self, text):
        """A DateAndTime, as seconds"""
        moment = self.now - int(text)
        return Near(moment - 2, moment + self.slack)

    def left(self, text):
        if text is None:
            return -1
        return Near(max(0, int(text) - self.slack), max(0, int(text)) + 2)

    def ike_sa(self, name, sa):
        get = sa.get
        version, bits = int(sa["version"]), int(get("encr-keysize", 0))
        encryption, integrity = get("encr-alg"), INTEGRITY.get(get("integ-alg"), ("", 0))
        row = {2: version, 3: get("initiator-spi", "").encode(), 4: get("responder-spi", "").encode(),
               8: int(get("local-port", 0)), 12: int(get("remote-port", 0)),
               13: cut(get("local-id", "")), 14: cut(get("remote-id", "")),
               15: cut(get("remote-eap-id", get("remote-xauth-id", ""))),
               16: 1 if get("initiator") == "yes" else 2, 17: IKE_STATES.index(sa["state"]) + 1,
               19: b"" if name == "(unnamed)" else cut(name),
               23: cipher(encryption, bits).encode() if encryption else b"", 24: bits,
               25: ENCRYPTION[encryption] if encryption else 0, 26: integrity[0].encode(),
               27: integrity[1], 28: get("prf-alg", "").replace("PRF_", "").replace("_", "-").encode(),
               29: PRF.get(get("prf-alg"), 0), 30: GROUPS.get(get("dh-group"), 0),
               31: get("dh-group", "").replace("CURVE_", "CURVE").replace("_", "-").encode(), 32: b"",
               34: TRUE if get("ppk") == "yes" else FALSE,
               35: TRUE if get("nat-local") == "yes" else FALSE,
               36: TRUE if get("nat-remote") == "yes" else FALSE,
               37: self.moment(sa["established"]) if "established" in sa else None,
               38: self.age(get("established")), 39: self.left(get("rekey-time")),
               40: self.left(get("reauth-time")), 41: -1, 43: listed(get("local-vips", [])),
               44: listed(get("remote-vips", [])), 48: b"strongswan", 50: TRUE}
        row[5], row[6], row[7] = address(get("local-host"))
        row[9], row[10], row[11] = address(get("remote-host"))
        told = pfs(sa, version)
        row[33] = told if self.settled or told == 1 else Near(1, 3)
        return row

    def policy(self, name, conn):
        get = conn.get

        def methods(side):
            texts = []
            for round_name, content in conn.items():
                if re.fullmatch(side + r"-\d+", round_name) and "class" in content:
                    texts.append(CLASSES.get(content["class"]) or "EAP" + content.get(
                        "eap-type", "").upper().replace("EAP_", "-"))
            return "+".join(texts).encode()

        def values(side, *keys):
            return listed([item for round_name, content in conn.items()
                           if re.fullmatch(side + r"-\d+", round_name)
                           for word in keys if content.get(word)
                           for item in ([content[word]] if isinstance(content[word], str)
                                        else content[word])], "; ")

        return {2: cut(name), 3: VERSIONS[conn["version"]], 4: listed(get("local_addrs", [])),
                5: listed(get("remote_addrs", [])), 6: int(get("local_port", 0)),
                7: int(get("remote_port", 0)), 8: methods("local"), 9: methods("remote"),
                10: values("local", "id"), 11: values("remote", "id"),
                12: values("local", "eap_id", "xauth_id"), 13: values("remote", "eap_id", "xauth_id"),
                14: values("local", "cacerts"), 15: values("remote", "cacerts"),
                16: int(get("rekey_time", 0)), 17: int(get("reauth_time", 0)),
                18: int(get("dpd_delay", 0)), 19: int(get("dpd_timeout", 0)),
                20: UNIQUE[conn["unique"]], 21: b"", 23: b"strongswan", 24: TRUE}

    def configured(self, conn, name, child, traps):
        mode, action, kind = MODES[child["mode"]]
        get = child.get
        return {3: cut(conn), 4: cut(name), 5: mode, 6: action,
                7: listed([selector(text) for text in get("local-ts", [])]),
                8: listed([selector(text) for text in get("remote-ts", [])]),
                9: int(get("rekey_time", 0)), 10: int(get("rekey_bytes", 0)),
                11: int(get("rekey_packets", 0)), 12: ACTIONS.get(get("dpd_action"), 7),
                13: ACTIONS.get(get("close_action"), 7), 14: 3 if (conn, name) in traps else 7,
                15: cut(get("label", "")), 16: 0, 17: 0, 18: 0, 19: 0, 20: 0, 21: 0, 22: kind,
                26: int(get("priority", 0)), 27: cut(get("interface", "")), 28: b"", 29: 0, 30: 0,
                31: 0, 32: b"strongswan", 33: TRUE}

    def certificate(self, cert):
        data = bytes.fromhex(cert["data"][2:])
        what = "crl" if cert["type"] == "X509_CRL" else "x509"
        told = {}
        for line in openssl(what, data).splitlines():
            name, value = line.split("=", 1)
            told[name.strip()] = value
        if what == "crl":
            ends = ("lastUpdate", "nextUpdate")
        else:
            ends = ("notBefore", "notAfter")
        first, last = (seconds_of(told[end]) for end in ends)
        serial = told.get("serial", "").lower()
        days = -((self.now - last) // 86400)  # a part of a day counts
        return {2: told.get("subject", "").encode(), 3: told["issuer"].encode(),
                4: serial.encode(), 5: first, 6: last, 7: Near(days - 1, days),
                8: TRUE if cert.get("has_privkey") == "yes" else FALSE,
                9: 6 if what == "crl" else KINDS[cert["flag"]],
                11: hashlib.sha1(data).hexdigest().encode(), 12: b"strongswan"}


class Tunnels:
    """The rows of ipsrTunnelTable"""
    REDUMP = 12  # seconds until the agent has read the kernel's counters anew

    def __init__(self, wanted, state, policies):
        self.wanted, self.settled = wanted, wanted.settled
        self.sas = compare_sas.parse_ip(state)
        self.policies = [policy for policy in compare_policies.parse_ip(policies)
                         if policy["dir"] == "out" and policy["templates"]]

    def sa_of(self, child, sa, word):
        """The kernel's SA, or None: "in" or "out" """
        if "spi-" + word not in child:
            return None
        to = ipaddress.ip_address(sa["local-host" if word == "in" else "remote-host"])
        for found in self.sas:
            if (found["proto"], found["spi"]) == (PROTOCOLS[child["protocol"]], int(child["spi-" + word], 16)) and \
                    ipaddress.ip_address(found["dst"]) == to:
                return found
        return None

    def newest_up(self, children):
        """Of (IKE SA, child SA): the newest that carries traffic. The daemon's word alone is not enough."""
        up = [(sa, child) for sa, child in children
              if sa["state"] in ("ESTABLISHED", "REKEYING") and child["state"] in ("INSTALLED", "REKEYING") and
              self.sa_of(child, sa, "in") and self.sa_of(child, sa, "out")]
        return max(up, key=lambda pair: int(pair[1]["uniqueid"])) if up else None

    def reqid_of_trap(self, child):
        """By the policy for its selectors; None where there are several, or none"""
        wanted = [selector(child[side][0]) if len(child.get(side, [])) == 1 else None for side in ("local-ts", "remote-ts")]
        if None in wanted:
            return None
        protocol = int((re.findall(r"\[(\d+)", wanted[0]) or ["0"])[0])
        ends = [text.partition("[")[0] for text in wanted]
        reqids = {policy["templates"][0]["reqid"] for policy in self.policies
                  if [policy["sel"]["src"], policy["sel"]["dst"]] == ends and policy["sel"]["proto"] == protocol}
        return reqids.pop() if len(reqids) == 1 else None

    ### Rows

    @staticmethod
    def names(policy, child, who=None):
        name = policy if policy == child else "%s/%s" % (policy, child)
        return {4: ("%s [%s]" % (name, who.decode()) if who is not None else name).encode(), 5: cut(policy),
                6: cut(child), 61: 0, 63: b"strongswan", 64: TRUE}

    def configured(self, name, conn, child):
        """What counts while it is not up; what was in use last stays where nothing is configured"""
        policy = self.wanted.policy(name, conn)
        row = {17: policy[10], 18: policy[11], 19: listed([selector(text) for text in child.get("local-ts", [])]),
               20: listed([selector(text) for text in child.get("remote-ts", [])]), 21: policy[3],
               26: MODES[child["mode"]][0]}
        for column, words in ((11, conn.get("local_addrs", [])), (14, conn.get("remote_addrs", []))):
            single = len(words) == 1 and re.fullmatch(r"[0-9a-f:]*[.:][0-9a-f.:]*", words[0])
            if single or self.settled:
                row[column], row[column + 1], row[column + 2] = address(words[0] if single else None)
        return {column: value for column, value in row.items() if value or self.settled}

    def not_up(self, state):
        row = {7: state, 23: 0, 24: 0, 27: b"", 28: 0, 29: 0, 30: b"", 31: 0, 32: 0, 33: 0, 34: b"", 48: -1, 49: -1,
               52: FALSE, 60: 0}
        if self.settled:
            row.update({10: 1, 22: 0, 25: 255, 35: FALSE, 36: 0, 37: 0, 38: 0, 39: 0, 41: 0, 42: 0, 43: 0, 44: None,
                        45: -1, 46: None, 47: -1, 50: -1, 51: -1, 53: 0, 54: 0, 55: 0, 56: 0, 57: 0, 58: b"",
                        59: -1})
        return row

    def down(self, names, conn, child, state, trapped):
        row = self.names(*names)
        row.update(self.not_up(state))
        row.update(self.configured(names[0], conn, child))
        reqid = self.reqid_of_trap(child) if trapped else 0 if self.settled else None
        if reqid is not None:
            row[62] = reqid
        return row

    def template(self, names, conn, child, users):
        """The row that stands for all peers; users: their rows"""
        row = self.names(*names)
        row.update(self.not_up(UP if users else IDLE))
        row.update(self.configured(names[0], conn, child))
        row.update({18: b"", 61: len(users)})
        if self.settled:
            row[42] = 1 if users else 0
            for column in (25, 44, 45, 50, 51) if users else ():
                row.pop(column)
        for column in (36, 37, 38, 39, 53, 54, 55):
            total = sum(user[column] if self.settled else user[column].low for user in users)
            row[column] = total if self.settled else Near(total, 2 ** 64)
        return row

    def totals(self, inbound, outbound):
        """Of the present SAs of either direction"""
        def total(sas, name):
            return sum(sa[name] for sa in sas)
        row = {36: total(inbound, "bytes"), 37: total(outbound, "bytes"), 38: total(inbound, "packets"),
               39: total(outbound, "packets")}
        for column in (53, 54, 55):
            row[column] = sum(sa["errors"][column - 53] for sa in inbound)
        if not self.settled:
            return {column: Near(value, 2 ** 64) for column, value in row.items()}
        row.update({41: 0, 42: 1, 43: 0, 46: None, 47: -1, 56: 0, 57: 0, 58: b"", 59: -1})
        return row

    def algorithms(self, sa):
        kernel = compare_sas.expected(sa, self.wanted.now, self.wanted.slack)
        return {27: kernel["Encryption"], 28: kernel["EncryptionKeyBits"], 29: kernel["EncryptionTransform"],
                30: kernel["Authentication"], 31: kernel["AuthenticationKeyBits"],
                32: kernel["AuthenticationTransform"]}

    def is_weak(self, ike_sa, sas):
        return bool(WEAK & {ike_sa.get(word) for word in ("encr-alg", "integ-alg", "prf-alg", "dh-group")} or
                    WEAK_SAS & {self.algorithms(sa)[column] for sa in sas for column in (27, 30)})

    def last_packets(self, child, packets):
        """The agent knows to a full read when, but never takes none for some"""
        row, oldest = {}, int(child["install-time"]) + self.wanted.slack
        for column, word, count in ((50, "use-in", packets[0]), (51, "use-out", packets[1])):
            used = int(child.get(word, 0)) - self.wanted.slack - self.REDUMP
            if count or self.settled:
                row[column] = Near(max(0, used), oldest) if count else -1
        return row

    def up(self, names, who, sa, child, state=UP):
        sas = inbound, outbound = [self.sa_of(child, sa, word) for word in ("in", "out")]
        get, slack = child.get, self.wanted.slack
        ends = [left for left in (compare_sas.remaining(each, "hard", self.wanted.now, slack) for each in sas)
                if left != -1]
        row = self.names(*names, who)
        row.update(self.algorithms(outbound))
        row.update({7: REKEYING if state == UP and "REKEYING" in (child["state"], sa["state"]) else state, 10: 1,
                    17: cut(sa["local-id"]), 18: identity_in(sa),
                    19: listed([selector(item) for item in get("local-ts", [])]),
                    20: listed([selector(item) for item in get("remote-ts", [])]),
                    21: int(sa["version"]), 22: int(sa["uniqueid"]), 23: inbound["spi"], 24: outbound["spi"],
                    25: PROTOCOLS[child["protocol"]], 26: MODES[child["mode"]][0], 33: GROUPS.get(get("dh-group"), 0),
                    34: get("dh-group", "").replace("CURVE_", "CURVE").replace("_", "-").encode(),
                    35: TRUE if self.is_weak(sa, sas) else FALSE, 48: self.wanted.left(get("rekey-time")),
                    49: Near(min(end.low for end in ends), min(end.high for end in ends)) if ends else -1,
                    52: FALSE, 60: 0, 62: int(child["reqid"])})
        row[11], row[12], row[13] = address(sa["local-host"])
        row[14], row[15], row[16] = address(sa["remote-host"])
        row.update(self.totals([inbound], [outbound]))
        row.update(self.last_packets(child, (inbound["packets"], outbound["packets"])))
        if self.settled:
            row.update({8: self.wanted.moment(child["install-time"]), 9: self.wanted.age(child["install-time"]),
                        44: self.wanted.moment(child["install-time"]), 45: self.wanted.age(child["install-time"])})
        return row

    def manual(self, reqid):
        """Keys set by hand: all that is known is the kernel's"""
        ways = {(template["src"], template["dst"]) for policy in self.policies for template in policy["templates"]
                if template["reqid"] == reqid}
        mine = [sa for sa in self.sas if sa["reqid"] == reqid]
        inbound, outbound = ([sa for sa in mine if ((sa["src"], sa["dst"]) in ways) == out] for out in (False, True))
        newest = outbound[-1]
        row = self.names("manual", str(reqid))
        row.update(self.algorithms(newest))
        row.update({7: UP, 10: 1, 17: b"", 18: b"", 21: NO_VERSION, 22: 0, 23: inbound[-1]["spi"], 24: newest["spi"],
                    25: newest["proto"], 26: compare_sas.MODES[newest["mode"]], 33: 0, 34: b"",
                    35: TRUE if self.is_weak({}, (newest, inbound[-1])) else FALSE, 48: -1, 49: -1, 52: FALSE, 60: 0,
                    62: reqid, 63: b""})
        row[11], row[12], row[13] = address(newest["src"])
        row[14], row[15], row[16] = address(newest["dst"])
        row.update(self.totals(inbound, outbound))
        return row

    ### All of them

    def state_of(self, name, child_name, child, sas, trapped):
        """Of one that is not up"""
        waits = trapped and self.reqid_of_trap(child) in {
            sa["reqid"] for sa in self.sas if not compare_sas.has_algorithm(sa)}
        negotiated = any(sa["state"] in ("CREATED", "CONNECTING") or
                         any(made["name"] == child_name and made["state"] in ("CREATED", "INSTALLING")
                             for made in sa.get("child-sas", {}).values())
                         for of, sa in sas if of == name)
        return CONNECTING if negotiated or waits else IDLE if trapped else DOWN

    def rows(self, conns, traps, sas, manual):
        """{(policy, child, 0 for a template, 1, or a peer's identity): row}"""
        rows, found = {}, {}
        for name, sa in sas:
            for child in sa.get("child-sas", {}).values():
                found.setdefault((name, child["name"]), {}).setdefault(identity_in(sa), []).append((sa, child))
        for name, conn in conns:
            for child_name, child in conn.get("children", {}).items():
                names, peers = (name, child_name), found.pop((name, child_name), {})
                index, trapped = (key(name), key(child_name)), (name, child_name) in traps
                if child["mode"] in ("PASS", "DROP"):
                    continue
                if not leaves_peer_open(conn):
                    pair = self.newest_up([pair for pairs in peers.values() for pair in pairs])
                    rows[index + (1,)] = self.up(names, None, *pair) if pair else self.down(
                        names, conn, child, self.state_of(name, child_name, child, sas, trapped), trapped)
                    continue
                users = {who: self.up(names, who, *self.newest_up(pairs)) for who, pairs in peers.items()
                         if self.newest_up(pairs)}
                rows[index + (0,)] = self.template(names, conn, child, users.values())
                rows.update({index + (who,): row for who, row in users.items()})
        for names, peers in found.items():
            pair = self.newest_up([pair for pairs in peers.values() for pair in pairs])
            if pair:
                rows[key(names[0]), key(names[1]), 1] = self.up(names, None, *pair, state=NOT_CONFIGURED)
        rows.update({(b"manual", b"%d" % reqid, 1): self.manual(reqid) for reqid in manual})
        return rows


def identity_in(sa):
    """The user's name says more than the device's, and that more than the address"""
    return cut(sa.get("remote-eap-id") or sa.get("remote-xauth-id") or sa.get("remote-id") or sa["remote-host"])


def openssl(what, data):
    names = ["-nameopt", "esc_2253,esc_ctrl,utf8,dump_nostr,dump_unknown,dump_der,sep_comma_plus_space,"
             "sname"]
    fields = ["-issuer", "-lastupdate", "-nextupdate"] if what == "crl" else [
        "-subject", "-issuer", "-serial", "-dates"]
    return subprocess.run(["openssl", what, "-inform", "DER", "-noout"] + fields + names, input=data,
                          stdout=subprocess.PIPE, check=True).stdout.decode()


def seconds_of(text):
    moment = datetime.strptime(text, "%b %d %H:%M:%S %Y GMT")
    return int(moment.replace(tzinfo=timezone.utc).timestamp())


def wanted_rows(folder, wanted, manual=()):
    """{(table, index octets or number): row}"""
    def text(name):
        with open(os.path.join(folder, name)) as file:
            return file.read()

    def items(name):
        return [item for _, event in read_pretty(text(name)) for item in event.items()]

    rows, sas, conns = {}, items("sas"), items("conns")
    traps = {(content["ike"], content["child"]) for _, content in items("pols")}
    for name, sa in sas:
        rows[IKE_SA, int(sa["uniqueid"])] = wanted.ike_sa(name, sa)
    for name, conn in conns:
        rows[IKE_POLICY, (key(name),)] = wanted.policy(name, conn)
        for child_name, child in conn.get("children", {}).items():
            rows[CONFIGURED, (key(name), key(child_name))] = wanted.configured(
                name, child_name, child, traps)
    tunnels = Tunnels(wanted, text("state"), text("policy")).rows(conns, traps, sas, manual)
    rows.update({(TUNNEL, index): row for index, row in tunnels.items()})
    for _, cert in read_pretty(text("certs")):
        row = wanted.certificate(cert)
        rows[CERTIFICATE, (row[11],)] = row
    return rows


### What the agent tells


def identity_of(table, index):
    """What the comparer knows a row by"""
    if table == CERTIFICATE:
        return (bytes(int(number) for number in index.split(".")).hex().encode(),)
    return names_of(index)


def moment_of(octets):
    """DateAndTime in UTC, as seconds"""
    if not octets:
        return None
    if len(octets) != 11 or octets[8:] != b"+\0\0":
        return "%s, which is no DateAndTime in UTC" % octets.hex()
    return int(datetime(octets[0] << 8 | octets[1], *octets[2:7],
                        tzinfo=timezone.utc).timestamp())


MOMENTS = {(IKE_SA, 37), (IKE_SA, 45), (CERTIFICATE, 5), (CERTIFICATE, 6), (TUNNEL, 8), (TUNNEL, 44), (TUNNEL, 46)}


def tunnel_of(index, row, tables):
    """What the comparer knows a tunnel by. Numbers of rows become what daemon and kernel know those by."""
    names, _, instance = index.rpartition(".")
    for column, table, known_by in ((22, IKE_SA, 47), (23, SA, 2), (24, SA, 2)):
        if row.get(column):
            other = tables.get(table, {}).get(str(row[column]), {}).get(known_by, "no row %d" % row[column])
            row[column] = int(other, 16) if isinstance(other, bytes) else other
    peers = names + ".0" in tables[TUNNEL]
    return names_of(names) + (row.get(18) if peers and instance != "0" else int(instance),)


def told_rows(text):
    rows, tables = {}, read_walk(text, TABLES)
    for table, found in tables.items():
        for index, row in found.items():
            for column in row:
                if (table, column) in MOMENTS:
                    row[column] = moment_of(row[column])
            if table == IKE_SA:
                rows[table, row[47]] = row
            elif table == TUNNEL:
                rows[table, tunnel_of(index, row, tables)] = row
            elif table != SA:
                rows[table, identity_of(table, index)] = row
    return rows


def without_those_away(told, wanted):
    """Road warriors that left keep a row, which says that this is on purpose"""
    return {identity: row for identity, row in told.items()
            if identity in wanted or identity[0] != TUNNEL or isinstance(identity[1][2], int) or row.get(7) != IDLE}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--slack", type=int, default=5)
    parser.add_argument("--now", type=int, default=int(time.time()))
    parser.add_argument("--settled", action="store_true")
    parser.add_argument("--manual", default="")
    parser.add_argument("folder")
    options = parser.parse_args()
    wanted = wanted_rows(options.folder, Wanted(options.now, options.slack, options.settled),
                         [int(reqid) for reqid in options.manual.split(",") if reqid])
    with open(os.path.join(options.folder, "walk")) as file:
        told = told_rows(file.read())
    found = list(differences(wanted, without_those_away(told, wanted)))
    for line in found:
        print(line)
    print("%d rows, %d columns compared, %d differences" % (
        len(wanted), sum(len(row) for row in wanted.values()), len(found)))
    return 1 if found or not wanted else 0


if __name__ == "__main__":
    sys.exit(main())
