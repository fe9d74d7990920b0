# shellcheck shell=bash
# nms/lib.sh: what the suites with real monitoring systems have in common; sourced behind tests/lib.sh.
# A gateway with strongSwan, of recordings: with everything up, and with a tunnel gone.
# shellcheck disable=SC2034,SC2317
NMS=$TESTS/../etc/nms
RECORDED=1795500221 # when the recordings were made

# recording DIR [SAS [STATES]]: what the kernel and strongSwan said, with an index that tells the time; SAS and STATES
# are files in place of what was said of IKE SAs and of the kernel's SAs
recording() {
    local data=$TESTS/data
    mkdir -p "$1" && cp "$data"/strongswan-up/{state,policy,default,sadinfo,spdinfo}.bin "$1/" &&
        cp "$data"/vici/*.resp.bin "$1/" && cp "${2:-$data/vici/list-sas.resp.bin}" "$1/list-sas.resp.bin" &&
        cp "${3:-$data/strongswan-up/state.bin}" "$1/state.bin" &&
        "$PYTHON" - "$1" "$RECORDED" <<'PY' >"$1/index.txt"
import os, struct, sys
folder, recorded = sys.argv[1:]
print("# recorded", recorded)
for name in ("state", "policy", "default", "sadinfo", "spdinfo"):
    print(recorded, name + ".bin", 0, os.path.getsize(f"{folder}/{name}.bin"))
for name in ("version", "stats", "list-conns", "list-policies", "list-certs", "list-sas"):
    octets = open(f"{folder}/{name}.resp.bin", "rb").read()
    at = 0
    while at < len(octets):
        length = 4 + struct.unpack_from(">I", octets, at)[0]
        print(recorded, name + ".resp.bin", at, length)
        at += length
PY
}

# without SPIS DIR: the files list-sas and state in DIR, without the IKE SA and the SAs of the peer ADDRESS
# (strongSwan's packets of a connection NAME, and the kernel's of its addresses)
without() { # NAME ADDRESS DIR
    mkdir -p "$3" && "$PYTHON" - "$TESTS/data" "$@" <<'PY'
import socket, struct, sys
data, name, address, out = sys.argv[1:]
octets, kept, at = open(f"{data}/vici/list-sas.resp.bin", "rb").read(), b"", 0
while at < len(octets):
    length = 4 + struct.unpack_from(">I", octets, at)[0]
    packet = octets[at:at + length]
    if bytes([1, len(name)]) + name.encode() not in packet[:80]:
        kept += packet
    at += length
open(f"{out}/list-sas", "wb").write(kept)
family = socket.AF_INET6 if ":" in address else socket.AF_INET
wanted, kept, at = socket.inet_pton(family, address), b"", 0
octets = open(f"{data}/strongswan-up/state.bin", "rb").read()
while at < len(octets):
    length = struct.unpack_from("=I", octets, at)[0]
    message = octets[at:at + length]
    at += (length + 3) & ~3
    if wanted not in message[:240] or struct.unpack_from("=H", message, 4)[0] == 3:
        kept += message
open(f"{out}/state", "wb").write(kept)
PY
}

# busier FROM TO OCTETS: the kernel's SAs of a recording, each with so many octets more
busier() {
    "$PYTHON" - "$@" <<'PY'
import struct, sys
source, target, more = sys.argv[1:]
octets, at = bytearray(open(source, "rb").read()), 0
BYTES = 16 + 56 + 24 + 16 + 64 # header, selector, id, source, limits: then what it counted
while at < len(octets):
    length, kind = struct.unpack_from("=IH", octets, at)
    if kind == 0x10:
        struct.pack_into("=Q", octets, at + BYTES, struct.unpack_from("=Q", octets, at + BYTES)[0] + int(more))
    at += (length + 3) & ~3
open(target, "wb").write(octets)
PY
}
