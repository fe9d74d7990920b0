#!/usr/bin/env python3
"""vici_peer.py PATH BEHAVIOUR: listens at PATH in place of charon, and behaves badly.

  silent     takes everything, says nothing
  garbage    octets without meaning
  half       the beginning of an answer, then nothing
  trickle    an answer, one octet a second
  endless    answers, then a list of IKE SAs without an end
  flood      answers, then events without an end
  babble     answers, then lines of a log without an end
  large      a packet longer than may be
  deep       sections within sections, as many as fit
  closing    answers once and closes the connection
"""
import os
import random
import socket
import struct
import sys
import threading
import time

CMD_REQUEST, CMD_RESPONSE, EVENT_REGISTER, EVENT_UNREGISTER, EVENT_CONFIRM, EVENT = 0, 1, 3, 4, 5, 7


LINES = [b"initiating IKE_SA gw", b"giving up after 3 retransmits", b"added vici connection: gw",
         b"peer not responding, trying again (2/0)", b"received DELETE for ESP CHILD_SA with SPI 01",
         b"closing CHILD_SA a{1} with SPIs ", b"received AUTHENTICATION_FAILED notify error", b"\xff" * 2000]


def packet(kind, name=None, message=b""):
    body = bytes([kind]) + (b"" if name is None else bytes([len(name)]) + name) + message
    return struct.pack(">I", len(body)) + body


def value(name, text):
    return bytes([3, len(name)]) + name + struct.pack(">H", len(text)) + text


def section(name, content):
    return bytes([1, len(name)]) + name + content + bytes([2])


def ike_sa(number):
    child = section(b"c", value(b"name", b"net") + value(b"uniqueid", b"%d" % number))
    return section(b"gw%d" % number, value(b"uniqueid", b"%d" % number) + value(
        b"state", b"ESTABLISHED") + value(b"local-id", b"x" * 200) + section(b"child-sas", child))


def read(connection, length):
    octets = b""
    while len(octets) < length:
        more = connection.recv(length - len(octets))
        if not more:
            raise ConnectionError
        octets += more
    return octets


def answer(connection, body, behaviour):
    """As charon would, until it comes to the point."""
    kind = body[0]
    name = body[2:2 + body[1]]
    if kind in (EVENT_REGISTER, EVENT_UNREGISTER):
        connection.sendall(packet(EVENT_CONFIRM))
        if behaviour == "flood" and name == b"ike-update":
            number = 0
            while True:
                number += 1
                connection.sendall(packet(EVENT, b"ike-updown", value(b"up", b"yes") + ike_sa(number)))
        if behaviour == "babble" and name == b"ike-update":
            number = 0
            while True:
                number += 1
                connection.sendall(packet(EVENT, b"log", value(b"group", b"IKE") + value(
                    b"ikesa-name", b"gw") + value(b"ikesa-uniqueid", b"%d" % (number % 2**32)) + value(
                        b"msg", LINES[number % len(LINES)])))
    elif behaviour == "endless" and name == b"list-sas":
        number = 0
        while True:
            number += 1
            connection.sendall(packet(EVENT, b"list-sa", ike_sa(number)))
    elif name == b"stats":
        connection.sendall(packet(CMD_RESPONSE, None, section(b"uptime", value(
            b"since", b"yesterday")) + section(b"ikesas", value(b"total", b"1"))))
        if behaviour == "closing":
            raise ConnectionError
    else:
        connection.sendall(packet(CMD_RESPONSE))


def serve(connection, behaviour):
    try:
        while True:
            length, = struct.unpack(">I", read(connection, 4))
            body = read(connection, length)
            if behaviour == "silent":
                continue
            if behaviour == "garbage":
                connection.sendall(b"\0\0\0\x40" + random.randbytes(1000))
            elif behaviour == "half":
                connection.sendall(b"\0\0\1\0\1")
            elif behaviour == "large":
                connection.sendall(b"\0\x10\0\0\1" + bytes(1 << 20))
            elif behaviour == "deep":
                connection.sendall(packet(CMD_RESPONSE, None, b"\1\1a" * 100000 + b"\2" * 100000))
            elif behaviour == "trickle":
                for octet in b"\0\0\1\0\1" + bytes(256):
                    connection.sendall(bytes([octet]))
                    time.sleep(1)
            else:
                answer(connection, body, behaviour)
    except OSError:
        connection.close()


def main():
    path, behaviour = sys.argv[1:]
    if os.path.exists(path):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX)
    os.umask(0o077)
    listener.bind(path)
    listener.listen(16)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, behaviour), daemon=True).start()


if __name__ == "__main__":
    main()
