#!/usr/bin/env python3
"""The kernel's audit, asked and heard without the project's code.

audit_kernel.py enable|disable      switches the audit on or off (not in a machine that others use)
audit_kernel.py listen FILE         writes all that is told into FILE, as auditd does; prints "ready" when it listens
audit_kernel.py send SPI NUMBER SRC DST COUNT [DATA]
                                    sends ESP packets with this SPI and sequence number, rising, from and to here"""
import socket
import struct
import sys

NETLINK_AUDIT, AUDIT_SET, GROUP, ADD_MEMBERSHIP = 9, 1001, 1, 1
NAMES = {1300: "SYSCALL", 1320: "EOE", 1327: "PROCTITLE", 1415: "MAC_IPSEC_EVENT", 1305: "CONFIG_CHANGE"}


def switch(enabled):
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_AUDIT)
    sock.bind((0, 0))
    status = struct.pack("=12I", 1, enabled, *[0] * 10)
    sock.send(struct.pack("=IHHII", 16 + len(status), AUDIT_SET, 5, 1, 0) + status)
    while True:
        answer = sock.recv(65536)
        if struct.unpack_from("=IH", answer)[1] == 2:
            return -struct.unpack_from("=i", answer, 16)[0]


def listen(path):
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_AUDIT)
    sock.setsockopt(socket.SOL_SOCKET, 33, 1 << 25)  # SO_RCVBUFFORCE
    sock.bind((0, 0))
    sock.setsockopt(270, ADD_MEMBERSHIP, GROUP)
    with open(path, "wb", buffering=0) as file:
        print("ready", flush=True)
        while True:
            octets = sock.recv(65536)
            kind = struct.unpack_from("=IH", octets)[1]
            if kind != 1320:  # nor does auditd
                name = NAMES.get(kind, f"UNKNOWN[{kind}]").encode()
                file.write(b"type=" + name + b" msg=" + octets[16:].rstrip(b"\0") + b"\n")


def send(spi, number, source, destination, count, data="00" * 64):
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, 50)
    sock.bind((source, 0))
    for i in range(int(count)):
        sock.sendto(struct.pack("!II", int(spi, 0), int(number) + i) + bytes.fromhex(data), (destination, 0))


def main():
    if sys.argv[1] in ("enable", "disable"):
        sys.exit(switch(int(sys.argv[1] == "enable")))
    elif sys.argv[1] == "listen":
        listen(sys.argv[2])
    else:
        send(*sys.argv[2:])


main()
