#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""send_again.py INTERFACE SPI COUNT

Takes the first ESP packet with this SPI that leaves by the interface and sends it COUNT times more, as somebody
does who recorded it. Prints "ready" when it listens, "sent" when it is done.
"""
import socket
import struct
import sys

PACKET_OUTGOING, ETH_P_ALL, ESP = 4, 3, 50


def main():
    """Listens, then sends."""
    interface, spi, count = sys.argv[1], int(sys.argv[2], 0), int(sys.argv[3])
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    sock.bind((interface, ETH_P_ALL))
    sock.settimeout(30)
    print("ready", flush=True)
    while True:
        frame, address = sock.recvfrom(2048)
        if address[2] != PACKET_OUTGOING or frame[12:14] != b"\x08\x00" or frame[23] != ESP:
            continue
        if struct.unpack("!I", frame[34:38])[0] == spi:
            break
    for _ in range(count):
        sock.send(frame)
    print("sent", flush=True)


if __name__ == "__main__":
    main()
