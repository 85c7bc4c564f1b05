# SPDX-License-Identifier: Apache-2.0
"""charon's control protocol, spoken by the test itself: swanctl is a program to start, five times what `ip` costs."""

import socket
import struct

# Packets, and the elements of a message.
REQUEST, RESPONSE, _, REGISTER, UNREGISTER, CONFIRM, _, EVENT = range(8)
SECTION, SECTION_END, KEY_VALUE, LIST, LIST_ITEM, LIST_END = range(1, 7)


class Refused(AssertionError):
    """What charon answered with when it did not do it."""


def pack(values):
    """A message out of {name: text or number}."""
    return b"".join(bytes([KEY_VALUE, len(name)]) + name.encode() + struct.pack(">H", len(str(value))) + str(value).encode()
                    for name, value in values.items())


def unpack(octets):
    """A message as dictionaries, lists and texts."""
    at = 0

    def take(width):
        nonlocal at
        size = int.from_bytes(octets[at:at + width], "big")
        at += width + size
        return octets[at - size:at].decode(errors="replace")

    def kind():
        nonlocal at
        at += 1
        return octets[at - 1]

    def section():
        made = {}
        while at < len(octets) and (what := kind()) != SECTION_END:
            name = take(1)
            if what == SECTION:
                made[name] = section()
            elif what == KEY_VALUE:
                made[name] = take(2)
            else:
                made[name] = []
                while kind() == LIST_ITEM:
                    made[name].append(take(2))
        return made

    return section()


class Vici:
    """One connection to a charon, for one command after the other."""

    def __init__(self, path, patience=60):
        self.peer = socket.socket(socket.AF_UNIX)
        self.peer.settimeout(patience)
        try:
            self.peer.connect(str(path))
        except OSError:
            self.peer.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.peer.close()

    def send(self, kind, name, message=b""):
        packet = bytes([kind, len(name)]) + name.encode() + message
        self.peer.sendall(struct.pack(">I", len(packet)) + packet)

    def octets(self, size):
        got = b""
        while len(got) < size:
            part = self.peer.recv(size - len(got))
            if not part:
                raise ConnectionError("charon ended the talk")
            got += part
        return got

    def packet(self):
        """The next packet: its kind, and what follows."""
        packet = self.octets(struct.unpack(">I", self.octets(4))[0])
        return packet[0], packet[1:]

    def ask(self, command, event=None, **values):
        """A command's answer, and the events that it led to."""
        seen = []
        if event:
            self.send(REGISTER, event)
            assert self.packet()[0] == CONFIRM, f"charon knows of no {event}"
        self.send(REQUEST, command, pack(values))
        while True:
            kind, rest = self.packet()
            if kind == RESPONSE:
                break
            assert kind == EVENT, f"charon knows of no {command}"
            seen.append(unpack(rest[1 + rest[0]:]))
        if event:
            self.send(UNREGISTER, event)
            assert self.packet()[0] == CONFIRM
        return unpack(rest), seen

    def do(self, command, **values):
        answer, _ = self.ask(command, **values)
        if answer.get("success") != "yes":
            raise Refused(f"charon: {command} {values}: {answer.get('errmsg')}")

    def sas(self):
        """IKE SAs as (name, what is known of it), children within."""
        return [pair for one in self.ask("list-sas", "list-sa")[1] for pair in one.items()]
