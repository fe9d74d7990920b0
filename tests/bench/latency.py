#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Measures how long it takes from an SA's addition to the kernel until SNMP shows it.

Adds SAs one by one through netlink and asks snmpd for each, by GETNEXT on the table of SAs by SPI,
over and over until the SA is there. What is printed includes the addition itself and the last
question and answer; either one's own cost stands beside it. It needs root, a kernel with ESP, and
snmpd and the agent running in the same network namespace. The SAs are deleted at the end.
"""
import argparse
import contextlib
import os
import socket
import statistics
import struct
import sys
import time

sys.dont_write_bytecode = True  # the source tree may be somebody else's
from make_state import ESP, HEADER, INET, NEWSA, cbc, spi_of, usersa_info  # noqa: E402

DELSA, ERROR = 0x11, 2
REQUEST_ACK, CREATE_EXCLUSIVE = 0x5, 0x600
NETLINK_XFRM = 6
INTEGER, OCTETS, NULL, OID, SEQUENCE, GETNEXT = 0x02, 0x04, 0x05, 0x06, 0x30, 0xA1
MIB_ROOT = "1.3.6.1.4.1.8072.9999.9999.4301"
PATIENCE = 5.0
# Numbers far from those of a folder that make_state made, so that the SPIs differ.
FIRST_NUMBER = 1 << 23


class Kernel:
    """The SAD, through a netlink socket."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_XFRM)
        self.socket.bind((0, 0))
        self.algorithms = cbc("hmac(sha1)", 160, 96, 128)

    def request(self, kind, flags, payload):
        """Sends one request and waits until the kernel has done it."""
        self.socket.send(HEADER.pack(HEADER.size + len(payload), kind, flags, 1, 0) + payload)
        answer = self.socket.recv(65536)
        error = struct.unpack_from("=i", answer, HEADER.size)[0]
        if HEADER.unpack_from(answer)[1] != ERROR or error != 0:
            raise OSError(-error, "the kernel refuses an SA: " + os.strerror(-error))

    def add(self, number):
        """Adds an SA."""
        payload = usersa_info(number, 0) + self.algorithms
        self.request(NEWSA, REQUEST_ACK | CREATE_EXCLUSIVE, payload)

    def delete(self, number):
        """Deletes it: struct xfrm_usersa_id has destination, SPI, family and protocol."""
        info = usersa_info(number, 0)
        self.request(DELSA, REQUEST_ACK, info[56:76] + struct.pack("=HBx", INET, ESP))


# ---- as much of SNMP as one GETNEXT needs ----


def ber(tag, content):
    """One element; all of ours are short."""
    if len(content) > 127:
        return bytes((tag, 0x81, len(content))) + content
    return bytes((tag, len(content))) + content


def ber_oid(numbers):
    """The content of an object identifier."""
    content = bytes((numbers[0] * 40 + numbers[1],))
    for number in numbers[2:]:
        octets = [number & 0x7F]
        while number > 0x7F:
            number >>= 7
            octets.append(0x80 | number & 0x7F)
        content += bytes(reversed(octets))
    return content


def parse(data):
    """Splits off the first element: its content, and what follows."""
    length, start = data[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[2:start], "big")
    return data[start:start + length], data[start + length:]


def first_name(message):
    """The name of a response's first variable, as it came."""
    content, _ = parse(message)
    for _ in range(2):  # version, community
        content = parse(content)[1]
    content, _ = parse(content)
    for _ in range(3):  # request id, error status and index
        content = parse(content)[1]
    for _ in range(2):  # the list, its first variable
        content, _ = parse(content)
    return parse(content)[0]


class Manager:
    """The SNMP side."""

    def __init__(self, options):
        host, _, port = options.address.rpartition(":")
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect((host, int(port)))
        self.socket.settimeout(PATIENCE)
        self.community = options.community.encode()
        column = options.mib_root.strip(".") + ".1.6.1.3"
        self.column = [int(number) for number in column.split(".")]

    def shows(self, spi):
        """Whether the table has this SPI now."""
        name = ber_oid(self.column + [spi])
        variables = ber(SEQUENCE, ber(SEQUENCE, ber(OID, name) + ber(NULL, b"")))
        pdu = ber(GETNEXT, ber(INTEGER, b"\1") + ber(INTEGER, b"\0") * 2 + variables)
        self.socket.send(ber(SEQUENCE, ber(INTEGER, b"\1") + ber(OCTETS, self.community) + pdu))
        answer = first_name(self.socket.recv(65536))
        return answer.startswith(name) and len(answer) > len(name)


# ---- what is measured ----


def one(kernel, manager, number):
    """Seconds for the addition, until the SA is seen (None: not at all), and for one question."""
    start = time.monotonic()
    kernel.add(number)
    added = time.monotonic()
    while True:
        asked = time.monotonic()
        shown = manager.shows(spi_of(number))
        now = time.monotonic()
        if shown:
            return added - start, now - start, now - asked
        if now - start > PATIENCE:
            return added - start, None, now - asked


def measure(kernel, manager, options):
    """All additions, with pauses, so that each finds the agent at rest.

    One more comes first and is not counted: with it the kernel loads its modules.
    """
    taken = []
    numbers = range(FIRST_NUMBER, FIRST_NUMBER + options.count + 1)
    try:
        for number in numbers:
            time.sleep(options.pause / 1000)
            taken.append(one(kernel, manager, number))
    finally:
        for number in numbers[:len(taken) + 1]:  # one more: where it stopped
            with contextlib.suppress(OSError):
                kernel.delete(number)
    return taken[1:]


def milliseconds(seconds):
    """Median and 99th percentile as text."""
    ordered = sorted(seconds)
    late = ordered[min(len(ordered) * 99 // 100, len(ordered) - 1)]
    return f"median {statistics.median(ordered) * 1e3:.2f} ms, 99th percentile {late * 1e3:.2f} ms"


def report(taken):
    """The figures beside their targets."""
    seen = [until for _, until, _ in taken if until is not None]
    print(f"{len(taken)} SAs added, {len(taken) - len(seen)} not seen within {PATIENCE:.0f} s")
    if seen:
        print(f"added until seen by SNMP: {milliseconds(seen)} (targets 5 ms, 50 ms)")
    print(f"  of that the addition: {milliseconds([added for added, _, _ in taken])}")
    print(f"  of that the last question: {milliseconds([asked for _, _, asked in taken])}")


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description="from an SA's addition until SNMP shows it")
    parser.add_argument("--address", default="127.0.0.1:161", help="snmpd's (default: %(default)s)")
    parser.add_argument("--community", default="public")
    parser.add_argument("--mib-root", default=MIB_ROOT, help="OID of the module")
    parser.add_argument("--count", type=int, default=200, help="SAs (default: %(default)s)")
    parser.add_argument("--pause", type=float, default=20, help="milliseconds before each SA")
    options = parser.parse_args()
    if options.count < 1:
        parser.error("--count is at least 1")
    try:
        report(measure(Kernel(), Manager(options), options))
    except OSError as error:
        sys.exit(f"latency: {error.strerror or error}")


if __name__ == "__main__":
    main()
