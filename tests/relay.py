#!/usr/bin/env python3
"""relay.py PORT TO-PORT hold N SECONDS | drop N

Stands between a manager and an snmpd on this machine, over UDP: the Nth request waits so long, or it and all that
follow are lost. Prints a line as soon as it is ready.
"""
import select
import socket
import sys
import time


def main():
    port, to, what, number = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    manager = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    manager.bind(("127.0.0.1", port))
    agent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    agent.connect(("127.0.0.1", to))
    print("ready", flush=True)
    who, n = None, 0
    while True:
        ready, _, _ = select.select([manager, agent], [], [])
        if agent in ready:
            manager.sendto(agent.recv(65536), who)
        if manager in ready:
            request, who = manager.recvfrom(65536)
            n += 1
            if what == "hold" and n == number:
                time.sleep(float(sys.argv[5]))
            if what != "drop" or n < number:
                agent.send(request)


main()
