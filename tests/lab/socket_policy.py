#!/usr/bin/env python3
"""socket_policy.py: gives a socket a policy of its own (pass, outbound), says so, and keeps it until
standard input ends"""
import socket
import struct
import sys

IP_XFRM_POLICY = 17
UNLIMITED = 2 ** 64 - 1

# struct xfrm_userpolicy_info: selector, limits, counters, priority, index, dir, action, flags, share
selector = struct.pack("=16s16sHHHHHBBBxxxiI", b"", b"", 0, 0, 0, 0, socket.AF_INET, 0, 0, 0, 0, 0)
limits = struct.pack("=8Q", *[UNLIMITED] * 4, *[0] * 4)
info = selector + limits + bytes(32) + struct.pack("=IIBBBB4x", 0, 0, 1, 0, 0, 0)
assert len(info) == 168
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    sock.setsockopt(socket.IPPROTO_IP, IP_XFRM_POLICY, info)
    print("ready", flush=True)
    sys.stdin.read()
