#!/usr/bin/env python3
"""flow_truth.py SEED OUT: sends packets through random policies and SAs, and writes what the kernel did.

Flows are made first, while there is no policy, and stay. Then, at each line that is read: policies and SAs
come, change or go, a packet of each flow is sent, and OUT has a line of JSON for each: what the flow is, and
whether its packet went in clear ("pass"), by which SPI ("secure"), or not at all, and why, by the counters of
/proc/net/xfrm_stat. It knows nothing of how policies are looked up.

lan0 leads to the namespace peer and lan1 to far; nobody answers there.
"""
import ctypes
import json
import os
import random
import re
import socket
import struct
import subprocess
import sys

SO_MARK, SO_BINDTODEVICE = 36, 25
ETH_ALL, ETH_MARK = 3, 0x88B5
HERE = {4: ["192.0.2.1", "192.0.2.5"], 6: ["2001:db8::1", "2001:db8::5"]}
THERE = {4: ["192.0.2.2", "192.0.2.3"], 6: ["2001:db8::2", "2001:db8::3"]}
FAR = {4: ["198.51.100.2", "198.51.100.3"], 6: ["2001:db8:1::2", "2001:db8:1::3"]}
SENTINEL = "192.0.2.250"  # let in before any policy
FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
PORTS = [1001, 1002, 1003]

rng = random.Random(int(sys.argv[1]))
out_file = sys.argv[2]
os.sched_setaffinity(0, {0})  # one queue from end to end: packets stay in order


def packets_in(namespace, device):
    """a packet socket on a device of a namespace"""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net") as home, open("/run/netns/" + namespace) as there:
        if libc.setns(there.fileno(), 0):
            raise OSError(ctypes.get_errno(), "setns")
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_ALL))
        sock.bind((device, 0))
        libc.setns(home.fileno(), 0)
    sock.settimeout(10)
    return sock


def packets_out(device):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sock.bind((device, 0))
    return sock


def mac(device, namespace=None):
    ns = ["-n", namespace] if namespace else []
    link = json.loads(subprocess.check_output(["ip"] + ns + ["-j", "link", "show", device]))
    return bytes.fromhex(link[0]["address"].replace(":", ""))


class Wire:
    """the far end of a link, and how to know that all before has passed it"""

    def __init__(self, device, namespace):
        self.peer = packets_in(namespace, "e0")
        self.own = packets_out(device)
        self.device_mac, self.peer_mac = mac(device), mac("e0", namespace)
        self.count = 0

    def frames(self):
        """what came since the last time"""
        self.count += 1
        mark = struct.pack("!I", self.count)
        self.own.send(self.peer_mac + self.device_mac + struct.pack("!H", ETH_MARK) + mark + bytes(46))
        found = []
        while True:
            frame, address = self.peer.recvfrom(65536)
            if address[2] == socket.PACKET_OUTGOING:
                continue
            if struct.unpack("!H", frame[12:14])[0] == ETH_MARK:
                if frame[14:18] == mark:
                    return found
                continue
            found.append(frame)

    def inject(self, packet, version):
        kind = 0x0800 if version == 4 else 0x86DD
        self.peer.send(self.device_mac + self.peer_mac + struct.pack("!H", kind) + packet)


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF or 0xFFFF


def udp_packet(version, source, destination, sport, dport):
    family = FAMILY[version]
    src, dst = socket.inet_pton(family, source), socket.inet_pton(family, destination)
    data = b"flow"
    header = struct.pack("!HHHH", sport, dport, 8 + len(data), 0)
    pseudo = src + dst + (struct.pack("!BBH", 0, 17, 12) if version == 4 else struct.pack("!IxxxB", 12, 17))
    header = header[:6] + struct.pack("!H", checksum(pseudo + header + data)) + data
    if version == 6:
        return struct.pack("!IHBB", 6 << 28, len(header), 17, 64) + src + dst + header
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(header), 1, 0, 64, 17, 0) + src + dst
    return ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:] + header


def innermost(protocol, packet):
    """the SPI that was applied first, below all others, and what it is of; ciphers are null ones without ICV"""
    if protocol == 4:
        end = struct.unpack("!H", packet[2:4])[0]
        return innermost(packet[9], packet[(packet[0] & 15) * 4:end])
    if protocol == 41:
        return innermost(packet[6], packet[40:40 + struct.unpack("!H", packet[4:6])[0]])
    if protocol == 51:
        spi, inner = struct.unpack("!I", packet[4:8])[0], innermost(packet[0], packet[(packet[1] + 2) * 4:])
    elif protocol == 50:
        pad, inner_protocol = packet[-2], packet[-1]
        spi, inner = struct.unpack("!I", packet[:4])[0], innermost(inner_protocol, packet[8:-2 - pad])
    else:
        is_flow = protocol in (1, 17) or (protocol == 58 and packet[0] == 128)
        return "pass" if is_flow else None
    return inner if isinstance(inner, int) else spi


def seen(frames):
    """"pass", or the SPI of what was applied first"""
    for frame in frames:
        kind = {0x0800: 4, 0x86DD: 41}.get(struct.unpack("!H", frame[12:14])[0])
        found = innermost(kind, frame[14:]) if kind else None
        if found is not None:
            return found
    return None


def counters():
    with open("/proc/net/xfrm_stat") as f:
        return {name: int(number) for name, number in (line.split() for line in f)}


class Flow:
    def __init__(self, direction, protocol, version, source, destination, sport, dport):
        self.told = {"direction": direction, "protocol": protocol, "source": source, "destination": destination,
                     "source_port": sport, "destination_port": dport}
        self.version = version

    def judge(self, frames, before, received=False):
        after = counters()
        grown = {name for name in after if after[name] != before[name]}
        wire = seen(frames)
        self.told.pop("spi", None)
        if wire == "pass" or received:
            verdict = "pass"
        elif wire is not None:
            verdict = "secure"
            self.told["spi"] = wire
        elif grown & {"XfrmOutPolBlock", "XfrmInPolBlock", "XfrmInNoPols"}:
            verdict = "discard"
        elif grown & {"XfrmInTmplMismatch"}:
            verdict = "mismatch"  # what is not protected is refused
        elif grown & {"XfrmOutNoStates", "XfrmAcquireError"}:
            verdict = "secure"
        else:
            verdict = "lost"
        self.told["verdict"] = verdict
        self.told["grown"] = sorted(grown)


class Outbound(Flow):
    def __init__(self, version, source, destination, sport, dport, mark, bound):
        super().__init__("outbound", 17, version, source, destination, sport, dport)
        self.sock = socket.socket(FAMILY[version], socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if mark:
            self.sock.setsockopt(socket.SOL_SOCKET, SO_MARK, mark)
        if bound:
            self.sock.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, b"lan0\0")
        self.sock.bind((source, sport))
        self.sock.connect((destination, dport))
        self.told["mark"], self.told["bound"] = mark, bound

    def send(self):
        before = counters()
        try:
            self.sock.send(b"flow")
        except OSError:
            pass
        self.judge(lan0.frames(), before)


class Echo(Flow):
    """of a raw socket: only connection tracking knows of it"""

    def __init__(self, source, destination):
        super().__init__("outbound", 1, 4, source, destination, 0, 0)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)
        self.sock.bind((source, 0))
        self.send()

    def send(self):
        before = counters()
        packet = struct.pack("!BBHHH", 8, 0, 0, 7, 1)
        packet = packet[:2] + struct.pack("!H", checksum(packet)) + packet[4:]
        try:
            self.sock.sendto(packet, (self.told["destination"], 0))
        except OSError:
            pass
        self.judge(lan0.frames(), before)


class Inbound(Flow):
    """what comes back on the socket of an outbound flow"""

    def __init__(self, flow):
        told = flow.told
        super().__init__("inbound", 17, flow.version, told["destination"], told["source"],
                         told["destination_port"], told["source_port"])
        self.sock = flow.sock
        self.sock.settimeout(0)

    def send(self):
        told, before, received = self.told, counters(), False
        lan0.inject(udp_packet(self.version, told["source"], told["destination"], told["source_port"],
                               told["destination_port"]), self.version)
        wait_for_sentinel()
        try:
            received = self.sock.recv(100) == b"flow"
        except OSError:
            pass
        self.judge(lan0.frames(), before, received)


class Forward(Flow):
    def __init__(self, version, source, destination, sport, dport):
        super().__init__("forward", 17, version, source, destination, sport, dport)
        self.send()
        assert self.told["verdict"] == "pass", self.told  # tracked from here on

    def send(self):
        told, before = self.told, counters()
        lan0.inject(udp_packet(self.version, told["source"], told["destination"], told["source_port"],
                               told["destination_port"]), self.version)
        wait_for_sentinel()
        lan0.frames()
        self.judge(lan1.frames(), before)


sentinels = 0


def wait_for_sentinel():
    global sentinels
    sentinels += 1
    sport = 1024 + sentinels % 60000
    lan0.inject(udp_packet(4, SENTINEL, HERE[4][0], sport, 9), 4)
    while sentinel_socket.recvfrom(100)[1][1] != sport:
        pass


# ---- what is set ----

spi = 0x1000


def ip(*lines):
    """each by itself: the kernel refuses some, as two that are the same"""
    subprocess.run(["ip", "-force", "-batch", "-"], input="\n".join(lines) + "\n", text=True,
                   stderr=subprocess.DEVNULL, check=False)


def network(addresses, version):
    kind = rng.random()
    if kind < 0.3:
        return "0.0.0.0/0" if version == 4 else "::/0"
    bits = {4: [32, 32, 30, 24, 16], 6: [128, 128, 126, 64, 32]}[version]
    return "%s/%d" % (rng.choice(addresses), rng.choice(bits))


def transform(version, direction):
    """a template"""
    level = " level use" if direction == "out" and rng.random() < 0.15 else ""
    reqid = rng.randint(1, 4)
    protocol = rng.choice(["esp", "esp", "ah"])
    if rng.random() < 0.3:
        ends = (HERE[version][0], THERE[version][0])
        if direction != "out":
            ends = ends[::-1]
        return " tmpl src %s dst %s proto %s reqid %d mode tunnel%s" % (*ends, protocol, reqid, level)
    any_address = "0.0.0.0" if version == 4 else "::"
    return " tmpl src %s dst %s proto %s reqid %d mode transport%s" % (any_address, any_address, protocol, reqid,
                                                                       level)


def policy(command="add"):
    version = rng.choice([4, 4, 6])
    direction = rng.choice(["out", "out", "out", "in", "fwd"])
    source, destination = {"out": (HERE[version] + THERE[version], THERE[version] + FAR[version]),
                           "in": (THERE[version], HERE[version]),
                           "fwd": (THERE[version], FAR[version])}[direction]
    source, destination = network(source, version), network(destination, version)
    whole = "/%d" % (32 if version == 4 else 128)
    # of one priority: some kernels keep pairs of hosts apart, whatever their age
    priority = 2 * rng.randint(1, 12) + (source.endswith(whole) and destination.endswith(whole))
    line = "xfrm policy %s src %s dst %s" % (command, source, destination)
    kind = rng.random()
    if kind < 0.35:
        line += " proto udp"
        if rng.random() < 0.5:
            line += " sport %d" % rng.choice(PORTS)
        if rng.random() < 0.5:
            line += " dport %d" % rng.choice(PORTS)
    elif kind < 0.45 and version == 4:
        line += " proto icmp type %d" % rng.choice([8, 8, 0])
    if direction == "out" and rng.random() < 0.1:
        line += " dev lan0"
    line += " dir %s" % direction
    if rng.random() < 0.2:
        line += " ptype sub"
    action = rng.choice(["block", "allow", "secure", "secure"])
    line += " action %s priority %d" % ("block" if action == "block" else "allow", priority)
    if direction == "out" and rng.random() < 0.25:
        mask = rng.choice([1, 3, 0xFFFFFFFF])
        line += " mark %d mask %d" % (rng.randint(0, 3) & mask, mask)
    return line + (transform(version, direction) if action == "secure" else "")


def sa():
    global spi
    spi += 1
    version = rng.choice([4, 4, 6])
    tunnel = rng.random() < 0.3
    if tunnel:
        source, destination = HERE[version][0], THERE[version][0]
    elif rng.random() < 0.8:
        source, destination = rng.choice(HERE[version]), rng.choice(THERE[version])
    else:
        source, destination = rng.choice(THERE[version]), rng.choice(FAR[version])
    protocol = rng.choice(["esp", "esp", "ah"])
    line = "xfrm state add src %s dst %s proto %s spi %d reqid %d mode %s" % (
        source, destination, protocol, spi, rng.randint(1, 4), "tunnel" if tunnel else "transport")
    line += " enc ecb(cipher_null) \"\"" if protocol == "esp" else \
        " auth hmac(sha1) 0x000102030405060708090a0b0c0d0e0f10111213"
    if not tunnel and rng.random() < 0.15:
        line += " sel src %s dst %s proto udp dport %d" % (source, destination, rng.choice(PORTS))
    return line


def change():
    """some go, some are others, some come"""
    listed = subprocess.check_output(["ip", "xfrm", "policy"], text=True).replace("\n\t", "\t").split("\n")
    lines = []
    for entry in listed:
        words = entry.split()
        if "index" not in words and "dir" in words and rng.random() < 0.2 and SENTINEL not in entry:
            end = words.index("dir")
            known = ["xfrm policy delete"] + words[:end + 2]
            if "ptype" in words:
                known += words[words.index("ptype"):words.index("ptype") + 2]
            if "mark" in words:
                at = words.index("mark")
                value, mask = words[at + 1].split("/")
                known += ["mark", value, "mask", mask]
            lines.append(" ".join(known))
    ip(*lines)
    states = re.findall(r"^src (\S+) dst (\S+)\n\tproto (\S+) spi (0x0*[1-9a-f]\S*) ",
                        subprocess.check_output(["ip", "xfrm", "state"], text=True), re.M)
    ip(*["xfrm state delete src %s dst %s proto %s spi %s" % state for state in states if rng.random() < 0.2])
    ip(*[policy("update") for _ in range(30)], *[sa() for _ in range(30)])


def round_of_packets():
    # a socket keeps its route, and with it what was found before a policy was deleted
    ip("route flush cache", "-6 route flush cache")
    for flow in flows:
        flow.send()
    with open(out_file + ".new", "w") as f:
        for flow in flows:
            f.write(json.dumps(flow.told) + "\n")
    os.rename(out_file + ".new", out_file)


lan0, lan1 = Wire("lan0", "peer"), Wire("lan1", "far")
sentinel_socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sentinel_socket.bind((HERE[4][0], 9))
sentinel_socket.settimeout(10)
flows = []
used = set()
while len(used) < 90:
    version = rng.choice([4, 4, 6])
    used.add((version, rng.choice(HERE[version]), rng.choice(THERE[version]), rng.choice(PORTS),
              rng.choice(PORTS + [53])))
for key in sorted(used):
    outbound = Outbound(*key, rng.choice([0, 0, 1, 2, 3]), rng.random() < 0.2)
    flows += [outbound, Inbound(outbound)]
flows += [Echo(s, d) for s in HERE[4] for d in THERE[4]]
flows += [Forward(v, s, d, sp, dp) for v in (4, 6) for s in THERE[v] for d in FAR[v]
          for sp, dp in ((1001, 1002), (1003, 53))]
print("flows", len(flows), flush=True)
ip(*["xfrm policy add src %s dst %s dir in ptype %s priority 0" % (SENTINEL, HERE[4][0], kind)
     for kind in ("main", "sub")])
steps = [
    lambda: ip(*[policy() for _ in range(60)], *[sa() for _ in range(60)]),
    lambda: (ip(*[policy() for _ in range(40)], *[sa() for _ in range(40)]), round_of_packets()),
    lambda: (change(), round_of_packets()),
    lambda: (change(), round_of_packets()),
]
for step in steps:
    if not sys.stdin.readline():
        break
    step()
    print("step", flush=True)
sys.stdin.readline()
