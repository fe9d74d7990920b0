#!/usr/bin/python3
"""A strongSwan that says what was recorded: recorded_vici.py SOCKET FOLDER

Answers each command NAME with the packets of FOLDER/NAME.resp.bin; confirms every event, and sends none.
"""
import os
import socket
import struct
import sys
import threading

CMD_REQUEST, CMD_RESPONSE, CMD_UNKNOWN, EVENT_REGISTER, EVENT_UNREGISTER, EVENT_CONFIRM = range(6)
EVENT = 7


def packets(folder, command):
    """The recorded events and the response, or that there is no such command."""
    try:
        with open(os.path.join(folder, command + ".resp.bin"), "rb") as file:
            octets = file.read()
    except FileNotFoundError:
        return [bytes([CMD_UNKNOWN])]
    found = []
    while octets:
        length = struct.unpack_from(">I", octets)[0]
        packet, octets = octets[4:4 + length], octets[4 + length:]
        if packet[0] in (EVENT, CMD_RESPONSE):
            found.append(packet)
    return found


def answers(folder, packet):
    if packet[0] == CMD_REQUEST:
        return packets(folder, packet[2:2 + packet[1]].decode())
    if packet[0] in (EVENT_REGISTER, EVENT_UNREGISTER):
        return [bytes([EVENT_CONFIRM])]
    return []


def serve(connection, folder):
    stream = connection.makefile("rwb")
    while len(head := stream.read(4)) == 4:
        for packet in answers(folder, stream.read(struct.unpack(">I", head)[0])):
            stream.write(struct.pack(">I", len(packet)) + packet)
        stream.flush()


def main():
    path, folder = sys.argv[1:]
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen()
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, folder), daemon=True).start()


main()
