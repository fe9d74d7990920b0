#!/usr/bin/env python3
"""edit_recording.py untyped POLICY.BIN
edit_recording.py offload STATE.BIN IFINDEX

Makes of a recording one of another kernel, in place. untyped: no policy has a type, as where the
kernel has no sub policies. offload: the device of that number does the cryptography of every SA,
of every second one as an inbound one.
"""
import struct
import sys

NEWSA, NEWPOLICY = 0x10, 0x13
HEADERS = {NEWSA: 224, NEWPOLICY: 168}
POLICY_TYPE, OFFLOAD_DEV = 16, 28
INBOUND = 2


def padded(length):
    return (length + 3) & ~3


def messages(octets):
    """(type, the rest of the header, payload) of each"""
    while octets:
        length, kind = struct.unpack_from("=IH", octets)
        yield kind, octets[6:16], octets[16:length]
        octets = octets[padded(length):]


def attributes(octets):
    while octets:
        length, kind = struct.unpack_from("=HH", octets)
        yield kind, octets[4:length]
        octets = octets[padded(length):]


def attribute(kind, payload):
    return struct.pack("=HH", len(payload) + 4, kind) + payload.ljust(padded(len(payload)), b"\0")


def edit(what, kind, payload, number, if_index):
    header, rest = payload[:HEADERS[kind]], payload[HEADERS[kind]:]
    found = [(k, v) for k, v in attributes(rest) if (what, k) != ("untyped", POLICY_TYPE)]
    if what == "offload":
        found.append((OFFLOAD_DEV, struct.pack("=iB3x", if_index, INBOUND * (number % 2))))
    return header + b"".join(attribute(k, v) for k, v in found)


def main(what, path, if_index=0):
    with open(path, "rb") as file:
        octets = file.read()
    edited = b""
    for number, (kind, rest, payload) in enumerate(messages(octets)):
        if kind == (NEWSA if what == "offload" else NEWPOLICY):
            payload = edit(what, kind, payload, number, int(if_index))
        edited += (struct.pack("=IH", len(payload) + 16, kind) + rest +
                   payload.ljust(padded(len(payload)), b"\0"))
    with open(path, "wb") as file:
        file.write(edited)


if __name__ == "__main__":
    main(*sys.argv[1:])
