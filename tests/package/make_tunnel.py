#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes a state file of ipsec-reportd with one tunnel of an earlier run, which is down and was up twice."""
import time
import zlib

COUNTS = 10
now = int(time.time())
counts = ",".join(str(1000 + i) for i in range(COUNTS))
fields = ["tunnel", "gw-gw", "net-net", 1, "sun.example", 0, 1, 2, 1, now - 60, now - 90, now - 60, 0, now - 900, 2, 2,
          0, 0, 1, "gw-gw/net-net", "gw-gw", "net-net", "moon.example", "sun.example", "strongswan", "",
          "192.0.2.1", "192.0.2.2", 2, 50, 2, counts, ",".join(["0"] * COUNTS)]
line = "\t".join(str(field) for field in fields)
print("ipsec-report state 2")
print(f"{zlib.crc32(line.encode()):08x} {line}")
