#!/usr/bin/env python3
"""compare_sas.py [--slack SECONDS] [--no-order] [--now EPOCH] [--local ADDR,...]
                  [--ignore COLUMN,...] IP-TEXT WALK

Compares the SA table of the agent with what the kernel tells, field by field, and prints every
difference with the SA it is in. Exit status 0: equal, 1: not.

  IP-TEXT  output of `ip -d -s xfrm state` (with or without `list nokeys`)
  WALK     output of `snmpbulkwalk -m '' -Onxt ... ROOT.1.5` (hexadecimal strings, plain OIDs)

Deliberately shares nothing with the project, the tables of names below included.
--slack: seconds that may lie between the two snapshots (default 5). --no-order: index order need
not be the kernel's order. --now: when IP-TEXT was made (default: now). --local: this machine's
addresses, to check the direction. --ignore: columns that may lag, by the names in COLUMNS.
"""
import argparse
import ipaddress
import re
import sys
import time
from datetime import datetime, timezone

TABLE = ".1.5.1."  # what follows the root: Objects, SA table, entry
INFINITE = 2 ** 64 - 1

PROTOCOLS = {"esp": 50, "ah": 51, "comp": 108, "route2": 43, "hao": 60}
MODES = {"transport": 1, "tunnel": 2, "ro": 3, "in_trigger": 4, "beet": 5, "iptfs": 6}
ENCAPSULATIONS = {"espinudp-nonike": 2, "espinudp": 3, "espintcp": 4}
FLAGS = ["noecn", "decap-dscp", "nopmtudisc", "wildrecv", "icmp", "af-unspec", "align4", "esn",
         "dont-encap-dscp", "oseq-may-wrap"]
IP_PROTOCOLS = {"icmp": 1, "igmp": 2, "ipencap": 4, "tcp": 6, "egp": 8, "udp": 17, "dccp": 33,
                "ipv6": 41, "gre": 47, "esp": 50, "ah": 51, "ipv6-icmp": 58, "icmpv6": 58,
                "ospf": 89, "sctp": 132, "mobility-header": 135, "mh": 135, "udplite": 136}

# kernel name: (text with %d for key bits, salt bits, IANA number or {ICV octets: number})
CIPHERS = {
    "ecb(cipher_null)": ("NULL", 0, 11), "cipher_null": ("NULL", 0, 11),
    "cbc(des)": ("DES-CBC", 0, 2), "des": ("DES-CBC", 0, 2),
    "cbc(des3_ede)": ("3DES-CBC", 0, 3), "des3_ede": ("3DES-CBC", 0, 3),
    "cbc(cast5)": ("CAST%d-CBC", 0, 6), "cbc(blowfish)": ("BLOWFISH%d-CBC", 0, 7),
    "cbc(aes)": ("AES%d-CBC", 0, 12), "rfc3686(ctr(aes))": ("AES%d-CTR", 32, 13),
    "cbc(camellia)": ("CAMELLIA%d-CBC", 0, 23), "cbc(serpent)": ("SERPENT%d-CBC", 0, 0),
    "cbc(twofish)": ("TWOFISH%d-CBC", 0, 0), "cbc(sm4)": ("SM4-CBC", 0, 0),
}
AEADS = {
    "rfc4106(gcm(aes))": ("AES%d-GCM-%d", 32, {8: 18, 12: 19, 16: 20}),
    "rfc4309(ccm(aes))": ("AES%d-CCM-%d", 24, {8: 14, 12: 15, 16: 16}),
    "rfc4543(gcm(aes))": ("AES%d-GMAC-%d", 32, {16: 21}),
    "rfc7539esp(chacha20,poly1305)": ("CHACHA20-POLY1305", 32, {16: 28}),
}
# kernel name: (text, {truncation bits: IANA number})
AUTHS = {
    "hmac(md5)": ("HMAC-MD5", {96: 1, 128: 6}), "hmac(sha1)": ("HMAC-SHA1", {96: 2, 160: 7}),
    "hmac(sha256)": ("HMAC-SHA2-256", {128: 12}), "hmac(sha384)": ("HMAC-SHA2-384", {192: 13}),
    "hmac(sha512)": ("HMAC-SHA2-512", {256: 14}), "hmac(rmd160)": ("HMAC-RIPEMD-160", {}),
    "xcbc(aes)": ("AES-XCBC", {96: 5}), "cmac(aes)": ("AES-CMAC", {96: 8}),
    "hmac(sm3)": ("HMAC-SM3", {}), "digest_null": ("NULL", {}),
}
COMPRESSIONS = {"deflate": ("DEFLATE", 2), "lzs": ("LZS", 3), "lzjh": ("LZJH", 4)}

COLUMNS = {
    "Spi": 2, "Protocol": 3, "Mode": 4, "State": 5, "Direction": 6, "SourceType": 7, "Source": 8,
    "SourceText": 9, "DestinationType": 10, "Destination": 11, "DestinationText": 12,
    "Encryption": 13, "EncryptionKeyBits": 14, "EncryptionTransform": 15, "Authentication": 16,
    "AuthenticationKeyBits": 17, "AuthenticationTransform": 18,
    "AuthenticationTruncationBits": 19, "AeadIcvBits": 20, "Compression": 21,
    "CompressionTransform": 22, "Encapsulation": 23, "EncapSourcePort": 24,
    "EncapDestinationPort": 25, "EncapOriginalType": 26, "EncapOriginal": 27,
    "EncapOriginalText": 28, "Reqid": 29, "AcquireSequence": 30, "Mark": 31, "MarkMask": 32,
    "OutputMark": 33, "OutputMarkMask": 34, "IfId": 35, "ReplayWindow": 36, "SequenceOut": 37,
    "SequenceIn": 38, "SequenceHeadroom": 39, "SequenceHeadroomPercent": 40, "Flags": 41,
    "OffloadDevice": 42, "OffloadMode": 44, "TfcPad": 45, "SecurityContext": 46, "Octets": 47,
    "Packets": 48, "AddTime": 50, "AddAge": 51, "UseTime": 52, "UseAge": 53, "HardOctets": 55,
    "HardPackets": 56, "HardAddSeconds": 57, "HardUseSeconds": 58, "SoftOctets": 59,
    "SoftPackets": 60, "SoftAddSeconds": 61, "SoftUseSeconds": 62, "ReplayWindowErrors": 63,
    "ReplayErrors": 64, "IntegrityErrors": 65, "SelectorSourceType": 66, "SelectorSource": 67,
    "SelectorSourceText": 68, "SelectorSourcePrefix": 69, "SelectorDestinationType": 70,
    "SelectorDestination": 71, "SelectorDestinationText": 72, "SelectorDestinationPrefix": 73,
    "SelectorProtocol": 74, "SelectorSourcePort": 75, "SelectorSourcePortMask": 76,
    "SelectorDestinationPort": 77, "SelectorDestinationPortMask": 78, "SelectorIfIndex": 79,
    "SecondsToSoftExpiry": 81, "SecondsToHardExpiry": 82, "CareOfType": 100, "CareOf": 101,
    "CareOfText": 102,
}


class Near:
    """A number, or one of a few values, that the two snapshots need not agree on exactly."""

    def __init__(self, low, high):
        self.low, self.high = low, high

    def __eq__(self, other):
        return isinstance(other, int) and self.low <= other <= self.high

    def __repr__(self):
        return "%s..%s" % (self.low, self.high)


### What `ip` tells


def search(pattern, text, default=None, convert=str):
    found = re.search(pattern, text, re.M)
    return default if not found or found.group(1) is None else convert(found.group(1))


def number(text):
    return int(text, 0)


def limit(text):
    return 0 if text == "(INF)" or int(text) == INFINITE else int(text)


def moment(text):
    """ip prints local time"""
    return None if text == "-" else int(time.mktime(time.strptime(text, "%Y-%m-%d %H:%M:%S")))


def parse_algorithm(text, word):
    """(kernel name, key bits or None if hidden, number behind the key or None), or None"""
    found = re.search(r"^\t%s (\S+) ?(.*)$" % word, text, re.M)
    if not found:
        return None
    name, rest = found.groups()
    hidden = "<<Keys hidden>>" in rest
    rest = rest.replace("<<Keys hidden>>", "")
    last = search(r"(?:^|[ )])(\d+)\s*$", rest, convert=int)
    return name, None if hidden else search(r"\((\d+) bits\)", rest, 0, int), last


def parse_selector(text):
    line = search(r"^\tsel (src .*)$", text)
    if line is None:
        return None  # no address family
    protocol = search(r"\bproto (\S+)", line, "0")
    sel = {
        "src": search(r"src (\S+)", line), "dst": search(r"dst (\S+)", line),
        "proto": IP_PROTOCOLS[protocol] if protocol in IP_PROTOCOLS else int(protocol),
        "dev": search(r"\bdev (\S+)", line), "sport": None, "dport": None,
    }
    for name, word in (("sport", "sport|type"), ("dport", "dport|code")):
        sel[name] = search(r"\b(?:%s) (\d+)" % word, line, convert=int)
    key = search(r"\bkey (\S+)", line, convert=lambda k: int(ipaddress.ip_address(k))
                 if "." in k else number(k))
    if key is not None:
        sel["sport"], sel["dport"] = key >> 16, key & 0xffff
    return sel


def parse_ip(text):
    """The SAs of `ip -d -s xfrm state`, oldest first"""
    sas = []
    for block in re.split(r"^(?=src )", text, flags=re.M):
        if not block.startswith("src "):
            continue
        sa = {"text": block}
        sa["src"], sa["dst"] = re.match(r"src (\S+) dst (\S+)", block).groups()
        protocol = search(r"^\tproto (\S+) spi", block)
        sa["proto"] = PROTOCOLS[protocol] if protocol in PROTOCOLS else int(protocol)
        sa["spi"] = search(r"\bspi (0x[0-9a-f]+)", block, convert=number)
        sa["reqid"] = search(r"\breqid (\d+)", block, convert=int)
        sa["mode"] = search(r"\bmode (\S+)", block)
        sa["window"] = search(r"^\treplay-window (\d+)", block, convert=int)
        # decimal digits behind 0x: a slip of iproute2
        sa["seq"] = search(r"\bseq 0x(\d+) flag", block, 0, int)
        # the words may be glued: "af-unspecextra_flag"
        flags = search(r"\bflag (.*)$", block, "").replace("extra_flag", " ")
        sa["flags"] = {word for word in flags.split() if not word.startswith("(")}
        mark = re.search(r"^\tmark (\S+)/(\S+)", block, re.M)
        sa["mark"], sa["mask"] = map(number, mark.groups()) if mark else (0, 0)
        mark = re.search(r"output-mark (0x[0-9a-f]+)(?:/(0x[0-9a-f]+))?", block)
        sa["out_mark"] = number(mark.group(1)) if mark else 0
        sa["out_mask"] = number(mark.group(2) or "0") if mark else 0
        for word in ("auth-trunc", "auth", "enc", "aead", "comp"):
            sa[word] = parse_algorithm(block, word)
        sa["encap"] = re.search(r"^\tencap type (\S+) sport (\d+) dport (\d+) addr (\S+)", block,
                                re.M)
        sa["coa"] = search(r"^\tcoa (\S+)", block)
        sa["if_id"] = search(r"^\tif_id (\S+)", block, 0, number)
        sa["tfcpad"] = search(r"^\ttfcpad (\S+)", block, 0, number)
        sa["context"] = search(r"^\tsecurity context (\S+)", block, "")
        sa["offload"] = re.search(r"^\tcrypto offload parameters: dev (\S+)(?:.*mode (\w+))?",
                                  block, re.M)
        sequence = r"seq-hi (0x\w+), seq (0x\w+), oseq-hi (0x\w+), oseq (0x\w+)\s+replay_window (\d+)"
        found = re.search(sequence, block)
        if found:
            high, low, out_high, out_low = map(number, found.groups()[:4])
            sa["in"], sa["out"] = high << 32 | low, out_high << 32 | out_low
            sa["window"] = int(found.group(5))
        else:
            found = re.search(r"context: seq (0x\w+), oseq (0x\w+)", block)
            sa["in"], sa["out"] = map(number, found.groups()) if found else (0, 0)
        sa["sel"] = parse_selector(block)
        for name, unit in (("byte", "bytes"), ("packet", "packets")):
            found = re.search(r"limit: soft (\S+?)\(%s\), hard (\S+?)\(%s\)" % (unit, unit), block)
            sa["soft_" + name], sa["hard_" + name] = map(limit, found.groups())
        for name in ("add", "use"):
            found = re.search(r"expire %s: soft (\d+)\(sec\), hard (\d+)\(sec\)" % name, block)
            sa["soft_" + name], sa["hard_" + name] = map(limit, found.groups())
        found = re.search(r"(\d+)\(bytes\), (\d+)\(packets\)\n\s+add (.+?) use (.+)$", block, re.M)
        sa["bytes"], sa["packets"] = int(found.group(1)), int(found.group(2))
        sa["added"], sa["used"] = moment(found.group(3)), moment(found.group(4).strip())
        found = re.search(r"stats:\n\s+replay-window (\d+) replay (\d+) failed (\d+)", block)
        sa["errors"] = tuple(map(int, found.groups()))
        sas.append(sa)
    return sas[::-1]


### What the table should say then


def encryption(sa):
    """Text, key bits, IANA number, ICV bits"""
    if sa["aead"]:
        name, bits, icv = sa["aead"]
        text, salt, numbers = AEADS.get(name, (name.upper(), 0, {}))
        key = None if bits is None else bits - salt
        if "%" in text:
            text = None if key is None else text % (key, icv // 8)
        return text, key, numbers.get(icv // 8, 0), icv
    if sa["enc"]:
        name, bits, _ = sa["enc"]
        text, salt, iana = CIPHERS.get(name, (name.upper(), 0, 0))
        key = None if bits is None else bits - salt
        if "%" in text:
            text = None if key is None else text % key
        return text, key, iana, 0
    return "", 0, 0, 0


def authentication(sa):
    """Text, key bits, IANA number, truncation bits"""
    if not sa["auth-trunc"] and not sa["auth"]:
        return "", 0, 0, 0
    name, bits, truncation = sa["auth-trunc"] or sa["auth"]
    text, numbers = AUTHS.get(name, (name.upper(), {}))
    if truncation is None:  # a kernel too old to tell
        return None, bits, None, None
    if truncation not in (0, 96):
        text += "-%d" % truncation
    return text, bits, numbers.get(truncation, 0), truncation


def has_algorithm(sa):
    return any(sa[word] for word in ("auth-trunc", "auth", "enc", "aead", "comp"))


def state(sa, now, slack):
    """larval 1, mature 2, dying 3, dead 4; two values where a limit is about to be reached"""
    if sa["proto"] in (50, 51, 108) and not has_algorithm(sa):
        return 1
    states = set()
    for at in (now - slack, now + slack):
        passed = {"soft": False, "hard": False}
        for which in passed:
            for name, value in (("byte", sa["bytes"]), ("packet", sa["packets"]),
                                ("add", at - sa["added"]),
                                ("use", at - sa["used"] if sa["used"] else -1)):
                if sa[which + "_" + name] and value >= sa[which + "_" + name]:
                    passed[which] = True
        states.add(4 if passed["hard"] else 3 if passed["soft"] else 2)
    return Near(min(states), max(states))


def remaining(sa, which, now, slack):
    left = []
    if sa[which + "_add"]:
        left.append(sa[which + "_add"] - (now - sa["added"]))
    if sa[which + "_use"] and sa["used"]:
        left.append(sa[which + "_use"] - (now - sa["used"]))
    if not left:  # a limit on use does not run before the first packet
        return -1
    low, high = (max(0, min(min(left) + d, 2 ** 31 - 1)) for d in (-slack, slack))
    return Near(low, high)


def date_and_time(seconds):
    if seconds is None:
        return b""
    t = datetime.fromtimestamp(seconds, timezone.utc)
    return t.year.to_bytes(2, "big") + bytes(
        [t.month, t.day, t.hour, t.minute, t.second, 0, ord("+"), 0, 0])


def age(since, now, slack):
    return -1 if since is None else Near(max(0, now - since - slack), max(0, now - since + slack))


def address(want, name, text):
    """Type, octets and text of one address; text None: no address"""
    if text is None:
        want[name + "Type"], want[name], want[name + "Text"] = 0, b"", b""
        return
    plain, slash, _ = text.partition("/")
    parsed = ipaddress.ip_address(plain)
    want[name + "Type"] = 1 if parsed.version == 4 else 2
    want[name] = parsed.packed
    want[name + "Text"] = (str(parsed) + text[len(plain):] if slash else str(parsed)).encode()


def expected(sa, now, slack, local=None):
    want = {"Spi": sa["spi"], "Protocol": sa["proto"], "Mode": MODES[sa["mode"]],
            "State": state(sa, now, slack)}
    if local is not None:
        here, there = sa["src"] in local, sa["dst"] in local
        want["Direction"] = 4 if here == there else 2 if here else 1
    address(want, "Source", sa["src"])
    address(want, "Destination", sa["dst"])

    text, bits, iana, icv = encryption(sa)
    want.update({"EncryptionTransform": iana, "AeadIcvBits": icv, "EncryptionKeyBits": bits,
                 "Encryption": None if text is None else text.encode()})
    text, bits, iana, truncation = authentication(sa)
    want.update({"AuthenticationTransform": iana, "AuthenticationTruncationBits": truncation,
                 "AuthenticationKeyBits": bits,
                 "Authentication": None if text is None else text.encode()})
    text, iana = "", 0
    if sa["comp"]:
        text, iana = COMPRESSIONS.get(sa["comp"][0], (sa["comp"][0].upper(), 0))
    want.update({"Compression": text.encode(), "CompressionTransform": iana})

    kind, sport, dport, original = sa["encap"].groups() if sa["encap"] else ("", 0, 0, None)
    want.update({"Encapsulation": ENCAPSULATIONS.get(kind, 5) if kind else 1,
                 "EncapSourcePort": int(sport), "EncapDestinationPort": int(dport)})
    address(want, "EncapOriginal",
            None if original in (None, "0.0.0.0", "::") else original)

    want.update({"Reqid": sa["reqid"], "AcquireSequence": sa["seq"], "Mark": sa["mark"],
                 "MarkMask": sa["mask"], "OutputMark": sa["out_mark"],
                 "OutputMarkMask": sa["out_mask"], "IfId": sa["if_id"],
                 "ReplayWindow": sa["window"], "SequenceOut": sa["out"], "SequenceIn": sa["in"]})
    if sa["proto"] in (50, 51) and has_algorithm(sa) and "oseq-may-wrap" not in sa["flags"]:
        total = 2 ** (64 if "esn" in sa["flags"] else 32) - 1
        left = total - sa["out"]
        want["SequenceHeadroom"] = left
        want["SequenceHeadroomPercent"] = Near(left * 100 // total,
                                               (left * 100 + total - 1) // total)
    else:
        want["SequenceHeadroom"], want["SequenceHeadroomPercent"] = 0, -1
    want["Flags"] = {f for f in sa["flags"]}
    device, mode = sa["offload"].groups() if sa["offload"] else (None, None)
    want["OffloadDevice"] = (device or "").encode()
    want["OffloadMode"] = 1 if not device else {"packet": 3}.get(mode, 2)
    want["TfcPad"], want["SecurityContext"] = sa["tfcpad"], sa["context"].encode()

    want.update({"Octets": sa["bytes"], "Packets": sa["packets"],
                 "AddTime": date_and_time(sa["added"]), "AddAge": age(sa["added"], now, slack),
                 "UseTime": date_and_time(sa["used"]), "UseAge": age(sa["used"], now, slack)})
    for which in ("Hard", "Soft"):
        for column, name in (("Octets", "byte"), ("Packets", "packet"), ("AddSeconds", "add"),
                             ("UseSeconds", "use")):
            want[which + column] = sa[which.lower() + "_" + name]
        want["SecondsTo%sExpiry" % which] = remaining(sa, which.lower(), now, slack)
    want["ReplayWindowErrors"], want["ReplayErrors"], want["IntegrityErrors"] = sa["errors"]

    sel = sa["sel"]
    for column, name in (("SelectorSource", "src"), ("SelectorDestination", "dst")):
        address(want, column, sel and sel[name])
        want[column + "Prefix"] = int(sel[name].partition("/")[2]) if sel else 0
    for column, name in (("SelectorSourcePort", "sport"), ("SelectorDestinationPort", "dport")):
        port = sel[name] if sel else None
        want[column] = port or 0
        # ip tells a port only if there is a mask, and the mask only by that
        want[column + "Mask"] = 0 if port is None else 0xffff
    want["SelectorProtocol"] = sel["proto"] if sel else 0
    device = sel["dev"] if sel else None  # ip tells only the name; lo is always number 1
    want["SelectorIfIndex"] = {None: 0, "lo": 1}.get(device, Near(1, 2 ** 31 - 1))
    address(want, "CareOf", sa["coa"])
    return want


### What the walk tells


def parse_values(text):
    """(OID, int or bytes) of each line of a walk"""
    entries = []
    for line in text.splitlines():
        if re.match(r"\.1\.[\d.]+ = ", line):
            entries.append(line)
        elif entries and line.strip():  # net-snmp breaks long strings
            entries[-1] += " " + line.strip()
    for entry in entries:
        oid, value = entry.split(" = ", 1)
        if value.startswith("No Such "):  # what is walked has no rows
            continue
        kind, _, rest = value.partition(": ")
        if value.strip() == '""':
            parsed = b""
        elif kind == "Hex-STRING":
            parsed = bytes.fromhex(rest)
        elif kind == "BITS":
            parsed = bytes.fromhex("".join(re.findall(r"\b[0-9A-Fa-f]{2}\b", rest)))
        elif kind == "STRING":
            raise ValueError("strings must be hexadecimal (-Ox): " + entry)
        elif re.fullmatch(r"-?\d+", (rest or value).strip()):
            parsed = int((rest or value).strip())
        else:
            raise ValueError("cannot read " + entry)
        yield oid, parsed


def parse_walk(text):
    """{index: {column number: int or bytes}}"""
    rows = {}
    for oid, value in parse_values(text):
        found = re.search(re.escape(TABLE) + r"(\d+)\.(\d+)$", oid)
        if found:
            column, index = map(int, found.groups())
            rows.setdefault(index, {})[column] = value
    return rows


def bits_of(octets):
    return {FLAGS[n] if n < len(FLAGS) else "bit %d" % n
            for n in range(len(octets) * 8) if octets[n // 8] & 0x80 >> n % 8}


### The comparison


def identity(sa):
    text = "proto %d spi 0x%x src %s dst %s" % (sa["proto"], sa["spi"], sa["src"], sa["dst"])
    if sa["mask"]:
        text += " mark 0x%x/0x%x" % (sa["mark"], sa["mask"])
    return text


def key_of(want):
    return (want["Destination"], want["Protocol"], want["Spi"], want["Mark"], want["MarkMask"])


def more_key_of(want):
    return (want["Source"], want["Reqid"], want["AcquireSequence"], want["SelectorSourceText"],
            want["SelectorDestinationText"])


def row_value(row, name):
    value = row.get(COLUMNS[name])
    return bits_of(value) if name == "Flags" and isinstance(value, bytes) else value


def compare(ip_text, walk_text, now, slack=5, order=True, local=None,
            ignore=()):
    """A list of differences"""
    sas, rows = parse_ip(ip_text), parse_walk(walk_text)
    differences = []
    if len(sas) != len(rows):
        differences.append("%d SAs in the kernel, %d in the table" % (len(sas), len(rows)))
    by_key = {}
    for index in sorted(rows):
        key = key_of({n: row_value(rows[index], n)
                      for n in ("Destination", "Protocol", "Spi", "Mark", "MarkMask")})
        by_key.setdefault(key, []).append(index)

    wanted = [expected(sa, now, slack, local) for sa in sas]
    counts = {}
    for want in wanted:
        counts[key_of(want)] = counts.get(key_of(want), 0) + 1
    order_seen = []
    for sa, want in zip(sas, wanted):
        candidates = by_key.get(key_of(want), [])
        if want["Spi"] == 0 or counts[key_of(want)] > 1:
            names = ("Source", "Reqid", "AcquireSequence", "SelectorSourceText",
                     "SelectorDestinationText")
            candidates = [i for i in candidates
                          if tuple(row_value(rows[i], n) for n in names) == more_key_of(want)]
        if not candidates:
            differences.append(identity(sa) + ": not in the table")
            continue
        index = candidates[0]
        by_key[key_of(want)].remove(index)
        order_seen.append((index, sa))
        for name, value in want.items():
            got = row_value(rows[index], name)
            if value is not None and name not in ignore and not value == got:
                differences.append("%s (index %d): %s is %r, the kernel has %r"
                                   % (identity(sa), index, name, got, value))
    for index in sorted(i for left in by_key.values() for i in left):
        row = rows[index]
        differences.append("index %d: not in the kernel: proto %s spi 0x%x dst %s" % (
            index, row.get(3), row.get(2, 0), row.get(12)))
    if order:
        for (before, _), (index, sa) in zip(order_seen, order_seen[1:]):
            if index < before:
                differences.append("%s: index %d, but an older one has %d"
                                   % (identity(sa), index, before))
    return differences


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--slack", type=int, default=5)
    parser.add_argument("--no-order", action="store_true")
    parser.add_argument("--now", type=int, default=int(time.time()))
    parser.add_argument("--local", default=None)
    parser.add_argument("--ignore", default="")
    parser.add_argument("ip_text")
    parser.add_argument("walk")
    args = parser.parse_args()
    with open(args.ip_text) as ip_file, open(args.walk) as walk_file:
        ip_text, walk = ip_file.read(), walk_file.read()
    differences = compare(ip_text, walk, args.now, args.slack, not args.no_order,
                          None if args.local is None else set(args.local.split(",")),
                          set(args.ignore.split(",")))
    for line in differences:
        print(line)
    print("%d SAs, %d columns compared, %d differences"
          % (len(parse_ip(ip_text)), len(COLUMNS), len(differences)))
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
