# SPDX-License-Identifier: Apache-2.0
"""What a host is asked for by the test's own process, in the host's network namespace: a command costs a process."""

import contextlib
import ctypes
import itertools
import os
import socket
import struct
import time
from pathlib import Path

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
_identifiers = itertools.count(os.getpid())


@contextlib.contextmanager
def inside(netns):
    """This thread in a named network namespace: sockets that it opens and its /proc/thread-self/net are of there."""
    def enter(place):
        if _libc.setns(place.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns: {place.name}")

    with open("/proc/thread-self/ns/net", "rb") as home, open(f"/run/netns/{netns}", "rb") as there:
        enter(there)
        try:
            yield
        finally:
            enter(home)


def sysctl(netns, *names, value=1):
    """Write files of /proc/sys/net."""
    with inside(netns):
        for name in names:
            Path("/proc/sys/net", name).write_text(str(value), encoding="ascii")


def pids(netns):
    """What runs there now."""
    place = os.stat(f"/run/netns/{netns}")
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            theirs = os.stat(f"/proc/{pid}/ns/net")
            if (theirs.st_dev, theirs.st_ino) == (place.st_dev, place.st_ino):
                found.append(int(pid))
    return found


# linux/xfrm.h: what asks for all states, the state in an answer, and in that the SPI and the protocol.
NETLINK_XFRM, GETSA, NEWSA, DUMP, DONE, ERROR = 6, 0x12, 0x10, 0x301, 3, 2
SPI_AND_PROTOCOL = struct.Struct("!72xIB")


def spis(netns):
    """The SPIs of the kernel's ESP and AH states."""
    with inside(netns):
        kernel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_XFRM)
    found = set()
    with kernel:
        kernel.send(struct.pack("=IHHII", 16, GETSA, DUMP, 1, 0))
        while True:
            octets = kernel.recv(1 << 16)
            while octets:
                size, kind = struct.unpack_from("=IH", octets)
                assert kind != ERROR, "the kernel tells no states"
                if kind == DONE:
                    return found
                spi, protocol = SPI_AND_PROTOCOL.unpack_from(octets, 16)
                if kind == NEWSA and protocol in (socket.IPPROTO_ESP, socket.IPPROTO_AH):
                    found.add(spi)
                octets = octets[(size + 3) & ~3:]


SO_RCVBUFFORCE, SOL_PACKET, PACKET_STATISTICS, ETH_P_ALL, ETH_P_IP = 33, 263, 6, 3, 0x800


class Wire:
    """What a host sends over a device from now on, IPv4 alone; it waits in a socket until somebody asks."""

    def __init__(self, netns, device):
        with inside(netns):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)
        self.socket.bind((device, ETH_P_ALL))
        self.socket.setblocking(False)

    def close(self):
        """The packets until now; none may have found the socket full."""
        sent = []
        with self.socket:
            with contextlib.suppress(BlockingIOError):
                while True:
                    octets, (_, protocol, way, _, _) = self.socket.recvfrom(1 << 16)
                    if way == socket.PACKET_OUTGOING and protocol == ETH_P_IP:
                        sent.append(octets)
            _, dropped = struct.unpack("=II", self.socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
        assert not dropped, f"{dropped} packets were not seen"
        return sent


def checksum(octets):
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff


class Echo:
    """Echo requests out of a namespace, and who answered them."""

    def __init__(self, netns, address, source, size):
        v6 = ":" in address
        self.address, self.v6, self.sent = address, v6, 0
        self.identifier = next(_identifiers) & 0xffff
        self.request, self.reply = (128, 129) if v6 else (8, 0)
        self.data = (b"cygnet" * (size // 6 + 1))[:size]
        self.answered = set()
        with inside(netns):
            self.socket = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_RAW,
                                        socket.IPPROTO_ICMPV6 if v6 else socket.IPPROTO_ICMP)
        if source:
            self.socket.bind((source, 0))

    def send(self, number):
        """What the kernel does not take is not waited for."""
        def packet(check):
            return struct.pack("!BBHHH", self.request, 0, check, self.identifier, number) + self.data

        padded = packet(0) + bytes(len(self.data) % 2)
        with contextlib.suppress(OSError):
            self.socket.sendto(packet(0 if self.v6 else checksum(padded)), (self.address, 0))
            self.sent += 1

    def receive(self, seconds, more=0):
        """Take answers for so long, or until all have come and `more` than that."""
        end = time.monotonic() + seconds
        while len(self.answered) < self.sent + more and (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                octets = self.socket.recv(1 << 16)
            except OSError:
                continue
            if not self.v6:
                octets = octets[(octets[0] & 15) * 4:]
            kind, _, _, identifier, number = struct.unpack_from("!BBHHH", octets)
            if (kind, identifier, octets[8:]) == (self.reply, self.identifier, self.data):
                self.answered.add(number)


def ping(netns, address, source, count, size, wait, pause):
    """How many of `count` pings, one each `pause` seconds, were answered until `wait` seconds after the last one."""
    echo = Echo(netns, address, source, size)
    with echo.socket:
        for number in range(count):
            if number:
                echo.receive(pause, more=1)
            echo.send(number)
        echo.receive(wait)
    return len(echo.answered)
