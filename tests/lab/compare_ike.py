#!/usr/bin/env python3
"""compare_ike.py [--slack SECONDS] [--now EPOCH] [--settled] FOLDER

Compares the tables of the IKE daemon with what strongSwan's own command tells, column by column, and
prints every difference with the row it is in. Exit status 0: equal, 1: not.

  FOLDER/sas conns pols certs  output of `swanctl --list-sas --pretty` and so on
  FOLDER/walk                  `snmpbulkwalk -m '' -Onxt` of ROOT.1.7, ROOT.1.8, ROOT.1.9, ROOT.1.16

Deliberately shares nothing with the project, the tables of names below included. Certificates are read
by the openssl command.
--slack: seconds that may lie between the two readings (default 5). --now: when swanctl was asked (default:
now). --settled: IKE SAs have not changed hands since they came up, so that PFS is what the children say.
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
from daemon_tables import (CONFIGURED, FALSE, IKE_POLICY, IKE_SA, TRUE, Near, differences, key,  # noqa: E402
                           names_of, read_walk)

CERTIFICATE = 16
TABLES = (IKE_SA, IKE_POLICY, CONFIGURED, CERTIFICATE)

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


def wanted_rows(folder, wanted):
    """{(table, index octets or number): row}"""
    def read(name):
        with open(os.path.join(folder, name)) as file:
            return read_pretty(file.read())

    rows, traps = {}, set()
    for _, event in read("pols"):
        for content in event.values():
            traps.add((content["ike"], content["child"]))
    for _, event in read("sas"):
        (name, sa), = event.items()
        rows[IKE_SA, int(sa["uniqueid"])] = wanted.ike_sa(name, sa)
    for _, event in read("conns"):
        (name, conn), = event.items()
        rows[IKE_POLICY, (key(name),)] = wanted.policy(name, conn)
        for child_name, child in conn.get("children", {}).items():
            rows[CONFIGURED, (key(name), key(child_name))] = wanted.configured(
                name, child_name, child, traps)
    for _, cert in read("certs"):
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


MOMENTS = {(IKE_SA, 37), (IKE_SA, 45), (CERTIFICATE, 5), (CERTIFICATE, 6)}


def told_rows(text):
    rows = {}
    for table, found in read_walk(text, TABLES).items():
        for index, row in found.items():
            for column in row:
                if (table, column) in MOMENTS:
                    row[column] = moment_of(row[column])
            rows[table, row[47] if table == IKE_SA else identity_of(table, index)] = row
    return rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--slack", type=int, default=5)
    parser.add_argument("--now", type=int, default=int(time.time()))
    parser.add_argument("--settled", action="store_true")
    parser.add_argument("folder")
    options = parser.parse_args()
    wanted = wanted_rows(options.folder, Wanted(options.now, options.slack, options.settled))
    with open(os.path.join(options.folder, "walk")) as file:
        told = told_rows(file.read())
    found = list(differences(wanted, told))
    for line in found:
        print(line)
    print("%d rows, %d columns compared, %d differences" % (
        len(wanted), sum(len(row) for row in wanted.values()), len(found)))
    return 1 if found or not wanted else 0


if __name__ == "__main__":
    sys.exit(main())
