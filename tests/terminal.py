#!/usr/bin/env python3
"""terminal.py ROWSxCOLUMNS[,ROWSxCOLUMNS...] SECONDS COMMAND...

Runs a command on a terminal of this size for so long, or until it ends, and prints the screen that a person saw at
the end, by an emulator that is not ours (pyte). Then what has to be known besides, a line each: "@" and a word.
The sizes that follow are taken one after another, each for SECONDS. Standard error has a terminal of its own.
Environment: SIGNAL is what ends it (INT); RUN is run by the shell in the middle.
"""
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time

import pyte


def set_size(fd, rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


class Watched(pyte.Screen):
    """A screen that remembers what programs ought to restore"""

    def __init__(self, columns, rows):
        super().__init__(columns, rows)
        self.modes = []

    def set_mode(self, *modes, **kwargs):
        self.modes += [f"+{mode}" for mode in modes]
        super().set_mode(*modes, **kwargs)

    def reset_mode(self, *modes, **kwargs):
        self.modes += [f"-{mode}" for mode in modes]
        super().reset_mode(*modes, **kwargs)


def main():
    sizes = [tuple(map(int, size.split("x"))) for size in sys.argv[1].split(",")]
    seconds, command = float(sys.argv[2]), sys.argv[3:]
    screen = Watched(sizes[0][1], sizes[0][0])
    stream = pyte.ByteStream(screen)
    out, out_slave = pty.openpty()
    err, err_slave = pty.openpty()
    set_size(out_slave, *sizes[0])
    # who starts tests in the background may have told all of them to ignore it
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out_slave, stderr=err_slave,
                             start_new_session=True)
    os.close(out_slave)
    os.close(err_slave)
    raw, errors, reads = b"", b"", 0

    def pump(until):
        nonlocal raw, errors, reads
        while time.monotonic() < until:
            ready, _, _ = select.select([out, err], [], [], max(0, until - time.monotonic()))
            for fd in ready:
                try:
                    octets = os.read(fd, 1 << 20)
                except OSError: # the program has ended
                    child.wait(timeout=5)
                    return
                if fd == out:
                    raw += octets
                    reads += 1
                    stream.feed(octets)
                else:
                    errors += octets

    for number, size in enumerate(sizes):
        if number > 0:
            set_size(out, *size)
            screen.resize(*size)
            child.send_signal(signal.SIGWINCH)
        if number == len(sizes) - 1 and os.environ.get("RUN"):
            subprocess.run(["bash", "-c", os.environ["RUN"]], check=False)
        pump(time.monotonic() + seconds)
    before_end = [line.rstrip() for line in screen.display]
    colors = {cell.fg for row in screen.buffer.values() for cell in row.values()} - {"default"}
    still_there = child.poll() is None
    if still_there:
        child.send_signal(getattr(signal, "SIG" + os.environ.get("SIGNAL", "INT")))
        pump(time.monotonic() + 5)
    status = child.wait(timeout=10)
    print("\n".join(before_end).rstrip())
    print("@status", status)
    print("@until", "signal" if still_there else "end")
    print("@colors", *sorted(colors))
    print("@frames", raw.count(b"\033[H"))
    print("@reads", reads)
    # private modes are held multiplied by 32
    print("@cursor", "hidden" if screen.cursor.hidden else "shown")
    print("@alternate", raw.count(b"\033[?1049h") - raw.count(b"\033[?1049l"))
    print("@wrap", "off" if raw.count(b"\033[?7l") > raw.count(b"\033[?7h") else "on")
    print("@cleared", raw.count(b"\033[2J"))
    print("@errors", repr(errors.decode()))


main()
