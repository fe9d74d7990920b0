#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes a folder for ipsec-reportd --replay: state.bin and sadinfo.bin with N made-up SAs.

The messages are those of a 64-bit kernel's dump: XFRM_MSG_NEWSA, newest first; the keys are zero. With
--expired, xfrm-events.bin tells that each of them has reached a hard limit.
"""
import argparse
import os
import struct
import sys
import time

NEWSA, EXPIRE, NEWSADINFO, DONE = 0x10, 0x18, 0x22, 3
MULTI = 2
ALG_AUTH, ALG_CRYPT, REPLAY_VAL, ALG_AEAD, ALG_AUTH_TRUNC = 1, 2, 10, 18, 20
ESP, INET = 50, 2
TRANSPORT, TUNNEL = 0, 1
AF_UNSPEC = 32  # flag: inside there may be IPv4 or IPv6
INFINITE = (1 << 64) - 1
GATEWAY = bytes((192, 0, 2, 1))

# struct xfrm_usersa_info of 64 bits, 224 octets: the selector; destination, SPI, protocol, source;
# limits; current use; statistics; sequence, reqid, family, mode, replay window and flags.
USERSA_INFO = struct.Struct("=56s" "4s12x 4sB3x 4s12x" "8Q" "4Q" "3I" "2I H3B 5x 2x")
HEADER = struct.Struct("=IHHII")
FIRST_SPI = 0x100


def attribute(number, payload):
    """A netlink attribute, padded to four octets."""
    return struct.pack("=HH", len(payload) + 4, number) + payload + bytes(-len(payload) % 4)


def algorithm(name, bits, *more):
    """struct xfrm_algo, _algo_auth (one more number) or _algo_aead (likewise), with a zero key."""
    numbers = struct.pack(f"={1 + len(more)}I", bits, *more)
    return name.encode().ljust(64, b"\0") + numbers + bytes(bits // 8)


def cbc(authentication, auth_bits, kept_bits, bits):
    """The attributes of a CBC SA, in the kernel's order."""
    return (attribute(ALG_AUTH, algorithm(authentication, auth_bits))
            + attribute(ALG_AUTH_TRUNC, algorithm(authentication, auth_bits, kept_bits))
            + attribute(ALG_CRYPT, algorithm("cbc(aes)", bits)))


def gcm(bits):
    """The attributes of a GCM SA; its key has 32 bits of salt behind it."""
    return attribute(ALG_AEAD, algorithm("rfc4106(gcm(aes))", bits + 32, 128))


def templates():
    """What varies among the SAs, besides names and counters: the attributes."""
    kinds = (gcm(128), cbc("hmac(sha256)", 256, 128, 256),
             gcm(256), cbc("hmac(sha1)", 160, 96, 128))
    replay = attribute(REPLAY_VAL, bytes(12))
    return [kind + replay for kind in kinds]


def spi_of(number):
    """A unique SPI for each number, spread as those of an IKE daemon are."""
    spread = 2 ** 32 - FIRST_SPI
    return FIRST_SPI + number * 2654435761 % spread


def usersa_info(number, born):
    """SA number 1, 2, ... since BORN: the two of a pair share peer and reqid."""
    pair = (number - 1) // 2
    peer = struct.pack(">I", 0x0A000000 + pair + 1)
    source, destination = (GATEWAY, peer) if number % 2 else (peer, GATEWAY)
    used = number % 8 != 0
    octets = number * 1420 if used else 0
    return USERSA_INFO.pack(
        bytes(40) + struct.pack("=H", INET) + bytes(14),
        destination, struct.pack(">I", spi_of(number)), ESP, source,
        INFINITE, 1 << 40, INFINITE, INFINITE, 3300, 3960, 0, 0,
        octets, number if used else 0, born, born + 5 if used else 0,
        0, 0, 0,
        0, pair + 1, INET, TUNNEL if pair % 4 else TRANSPORT, 32, AF_UNSPEC if pair % 4 else 0)


def messages(count, now, port):
    """The dump, newest first."""
    tails = templates()
    heads = [HEADER.pack(HEADER.size + USERSA_INFO.size + len(tail), NEWSA, MULTI, 1, port)
             for tail in tails]
    for number in range(count, 0, -1):
        kind = (number - 1) // 2 % len(tails)
        born = now - 60 - (count - number) * 3000 // count
        yield heads[kind] + usersa_info(number, born) + tails[kind]
    yield HEADER.pack(HEADER.size + 4, DONE, MULTI, 1, port) + bytes(4)


def expiries(count, now):
    """An event for each SA, the oldest first: struct xfrm_user_expire, hard."""
    head = HEADER.pack(HEADER.size + USERSA_INFO.size + 8, EXPIRE, 0, 0, 0)
    for number in range(1, count + 1):
        born = now - 60 - (count - number) * 3000 // count
        yield head + usersa_info(number, born) + bytes((1, 0, 0, 0, 0, 0, 0, 0))


def sadinfo(count, port):
    """The answer to GETSADINFO: flags; the number of SAs; the hash's buckets and their limit."""
    buckets = 8
    while buckets < count:
        buckets *= 2
    payload = (struct.pack("=I", 0) + attribute(1, struct.pack("=I", count))
               + attribute(2, struct.pack("=II", buckets, 1 << 20)))
    return HEADER.pack(HEADER.size + len(payload), NEWSADINFO, 0, 1, port) + payload


def write(folder, count, now):
    """Writes both files."""
    port = 0x155
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "state.bin"), "wb") as file:
        file.writelines(messages(count, now, port))
    with open(os.path.join(folder, "sadinfo.bin"), "wb") as file:
        file.write(sadinfo(count, port))


def write_expiries(folder, count, now):
    """Writes the events."""
    with open(os.path.join(folder, "xfrm-events.bin"), "wb") as file:
        file.writelines(expiries(count, now))


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description="make a replay folder of made-up SAs")
    parser.add_argument("folder")
    parser.add_argument("count", type=int)
    parser.add_argument("--expired", action="store_true")
    options = parser.parse_args()
    now = int(time.time())
    if not 0 <= options.count < 2 ** 24:
        sys.exit("make_state: the count is from 0 to 2^24 - 1")
    write(options.folder, options.count, now)
    if options.expired:
        write_expiries(options.folder, options.count, now)


if __name__ == "__main__":
    main()
