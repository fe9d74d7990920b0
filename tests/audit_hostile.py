#!/usr/bin/env python3
"""audit_hostile.py FOLDER: logs that nobody should write, and those that only take long, into FOLDER."""
import random
import sys

folder = sys.argv[1]
random.seed(1)


def ipsec(serial, op="SAD-add", seconds=1795501174, more="", node="", kind="MAC_IPSEC_EVENT"):
    return (f"{node}type={kind} msg=audit({seconds}.{serial % 1000:03}:{serial}): op={op} auid=1000 ses=2 "
            f"subj=unconfined src=192.0.2.{serial % 200 + 1} dst=192.0.2.201 spi={serial}({serial:#x}) res=1{more}\n")


def call(serial, exe='"/usr/lib/ipsec/charon"', seconds=1795501174, node=""):
    return (f"{node}type=SYSCALL msg=audit({seconds}.{serial % 1000:03}:{serial}): arch=c000003e syscall=46 success=yes "
            f'exit=1 a0=4 items=0 ppid=1 pid={serial} auid=1000 uid=0 gid=0 comm="x" exe={exe} subj=unconfined key=(null)\n')


def title(serial, seconds=1795501174):
    text = "ip xfrm state add enc cbc(aes) 0x5ec2e75ec2e75ec2e75ec2e75ec2e7".encode().hex().upper()
    return f"type=PROCTITLE msg=audit({seconds}.{serial % 1000:03}:{serial}): proctitle={text}\n"


def write(name, *parts):
    with open(f"{folder}/{name}", "wb") as file:
        for part in parts:
            file.write(part if isinstance(part, bytes) else part.encode())


# well-formed, and not as one would like it: all of it is to be read
write("odd", *(
    ipsec(1), ipsec(2), call(2), ipsec(3), call(1), title(1), call(3), title(3),  # calls that overlap
    ipsec(4, node="node=a "), ipsec(4, node="node=b "), call(4, '"/b"', node="node=b "), call(4, '"/a"', node="node=a "),
    ipsec(5, kind="UNKNOWN[1415]"),
    "type=MAC_IPSEC_EVENT msg=audit(1795501174.006:6): res=0 spi=4294967295(0xffffffff) dst=2001:0db8:0000:0000:0000:0000:"
    "0000:0001 src_prefixlen=0 subj=unconfined op=SPD-add src=0000:0000:0000:0000:0000:0000:0000:0000 auid=4294967295\n",
    call(6, "/tmp/\x1b[31mred \u00e9".encode().hex().upper()),
    "type=MAC_IPSEC_EVENT msg=audit(1795501174.007:7): op=SA-replay-overflow src=192.0.2.2 dst=192.0.2.1 "
    "spi=12289(0x3001) seqno=4294967295\n",
    "type=CWD msg=audit(1795501174.008:8): cwd=\"/\"\n", title(9),
    ipsec(10), ipsec(11, seconds=1795501175), call(10), call(11, seconds=1795501175), "\n", ipsec(12, seconds=1795501180), call(12, "(null)", seconds=1795501180),
    ipsec(13, seconds=1795501180)[:-30]))  # somebody is still writing this one

# a call that ends so late that nobody waits for it
write("late", ipsec(10), ipsec(11, seconds=1795501180), call(10), call(11, seconds=1795501180))

# nothing in here is a record as a whole
write("damaged", ipsec(1), *(
    b"\x00\x01\x02 binary \xff\xfe\n", b"type=MAC_IPSEC_EVENT msg=audit(1795501174.616:4): \n",
    b"type=MAC_IPSEC_EVENT msg=audit(1795501174.616:5)\n", b"type=MAC_IPSEC_EVENT \n",
    b"type=MAC_IPSEC_EVENT msg=audit(99999999999999999999.1:6): op=SAD-add\n",
    b"type=MAC_IPSEC_EVENT msg=audit(1795501174.616:7): op=SAD-add\x00op=SAD-delete\n",
    b"type=MAC_IPSEC_EVENT msg=audit(1795501174.616:8): op=" + b"A" * (1 << 20) + b"\n"), ipsec(2))

# what a terminal must not see
write("escapes", *(
    f"type=MAC_IPSEC_EVENT msg=audit(1795501174.616:{i}): op=SAD-\x1b[2J{chr(i)}\u202e auid=1 ses=1 "
    f"subj=\x1b]0;title\x07{chr(i)} src=\x1b[31m192.0.2.1 dst=192.0.2.1 spi=\x1b1(0x1)\n".encode("utf-8", "replace")
    for i in list(range(1, 10)) + list(range(11, 32)) + list(range(127, 160))), b"node=\x1b[31m\x08 " + ipsec(1).encode())

# each octet of a good log changed, at random
log = "".join(ipsec(i) + call(i) + title(i) for i in range(200)).encode()
for n in range(20):
    octets = bytearray(log)
    for _ in range(200):
        octets[random.randrange(len(octets))] = random.choice(b'\n\x00\x1b "=(){}:.0' + bytes([random.randrange(256)]))
    write(f"random{n}", bytes(octets))

# a flush of many SAs is one event
write("flush", *(ipsec(7, "SAD-delete", more=f" n={i}") for i in range(3000)), call(7), title(7))

# as many records, each an event of its own that nothing follows
write("packets", *(ipsec(i, "SA-notfound").replace(" res=1", " seqno=1") for i in range(1, 3001)))
write("expired", *(ipsec(i, "SAD-delete") for i in range(1, 3001)))

write("half", ipsec(1)[:-1])
write("empty")
write("binary", bytes(random.randrange(256) for _ in range(1 << 16)))
write("text", "This is no log.\n" * 10)
write("big_text", "This is no log.\n" * 100000)
write("json", '{\n  "not": "a journal"\n}\n')
