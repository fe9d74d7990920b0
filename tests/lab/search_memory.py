#!/usr/bin/env python3
"""search_memory.py PID|FOLDER HEX...

Searches all memory of a process, or all files of a folder, for the octets HEX, and for their
hexadecimal text. Prints each place found. Exit status 0: nothing found, 1: found, 2: could not
search, or there was nothing to search.
"""
import os
import re
import sys


def memory(pid):
    with open("/proc/%s/maps" % pid) as maps, open("/proc/%s/mem" % pid, "rb", 0) as mem:
        for line in maps:
            found = re.match(r"(\w+)-(\w+) r", line)
            if not found or "[vvar" in line or "[vsyscall]" in line:
                continue
            start, end = (int(address, 16) for address in found.groups())
            try:
                mem.seek(start)
                yield line.strip(), mem.read(end - start)
            except OSError:
                continue  # a mapping of a device


def files(folder):
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)
            if not os.path.isfile(path):
                continue  # a socket
            with open(path, "rb") as file:
                yield path, file.read()


def main():
    source, wanted = sys.argv[1], [bytes.fromhex(h) for h in sys.argv[2:]]
    needles = wanted + [w.hex().encode() for w in wanted] + [w.hex().upper().encode()
                                                             for w in wanted]
    found = octets = 0
    for place, data in (memory if source.isdigit() else files)(source):
        octets += len(data)
        for needle in needles:
            at = data.find(needle)
            if at >= 0:
                print("%s: %r at %d" % (place, needle[:8], at))
                found += 1
    print("%d octets searched" % octets)
    return 1 if found else 0 if octets else 2


if __name__ == "__main__":
    try:
        sys.exit(main())
    except OSError as error:
        print(error)
        sys.exit(2)
