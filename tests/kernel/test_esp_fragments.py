# SPDX-License-Identifier: Apache-2.0
"""Fragments that come to the userspace ESP plane's host in clear, beside those that come out of the tunnel."""

import contextlib
import ipaddress
import subprocess
import time

import pytest
from test_esp import Pair

INJECT = """
import socket, sys
device, card, *packets = sys.argv[1:]
s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
for packet in map(bytes.fromhex, packets):
    kind = 0x86dd if packet[0] >> 4 == 6 else 0x0800
    s.sendto(packet, (device, kind, 0, 0, bytes.fromhex(card)))
"""
# Says what comes to two ports: the port, the length, the first and the last octet.
RECEIVE = """
import select, socket, sys
socks = []
for port in (5000, 6000):
    s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((sys.argv[1], port))
    socks.append(s)
print("ready", flush=True)
while True:
    for s in select.select(socks, [], [])[0]:
        d = s.recv(65535)
        print(s.getsockname()[1], len(d), chr(d[0]) + chr(d[-1]), flush=True)
"""
SEND = """
import socket, sys, time
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 4000))
# Twice: IPv6's sender learns how long its fragments may be from the first one.
for _ in range(2):
    s.sendto(b"x" * 6000, (sys.argv[2], int(sys.argv[3])))
    time.sleep(0.3)
"""
HALF = 32  # octets of a datagram that are in each of its two fragments


def checksum(octets):
    total = sum(int.from_bytes(octets[i:i + 2], "big") for i in range(0, len(octets), 2))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def fragments(source, target, port, number, text):
    """A UDP datagram of two letters, one in each of its fragments."""
    source, target = ipaddress.ip_address(source), ipaddress.ip_address(target)
    body = text[0].encode() * (HALF - 8) + text[1].encode() * HALF
    udp = (4000).to_bytes(2, "big") + port.to_bytes(2, "big") + (2 * HALF).to_bytes(2, "big")
    pseudo = source.packed + target.packed + (17).to_bytes(4, "big") + (2 * HALF).to_bytes(4, "big")
    udp += checksum(pseudo + udp + bytes(2) + body).to_bytes(2, "big") + body
    parts = []
    for offset, more in ((0, 1), (HALF, 0)):
        part = udp[offset:offset + HALF]
        if source.version == 4:
            head = b"\x45\0" + (20 + HALF).to_bytes(2, "big") + number.to_bytes(2, "big")
            head += (more << 13 | offset // 8).to_bytes(2, "big") + b"\x3e\x11\0\0" + source.packed + target.packed
            head = head[:10] + checksum(head).to_bytes(2, "big") + head[12:]
        else:
            head = b"\x60\0\0\0" + (8 + HALF).to_bytes(2, "big") + b"\x2c\x3e" + source.packed + target.packed
            head += b"\x11\0" + (offset | more).to_bytes(2, "big") + number.to_bytes(4, "big")
        parts.append(head + part)
    return parts


class Scene:
    """A tunnel for UDP port 5000 behind the left one, and maybe all else in clear."""

    def __init__(self, labs, family, tracks=False, rest="pass"):
        self.pair = pair = Pair(labs, tunnel=False, outer=family, inner=family)
        self.lab = lab = pair.lab
        nets = (lab.left.net, lab.right.net)
        pair.nets = [nets[0] + "[udp/5000]", nets[1] + "[udp]"]
        pair.sas(0x1000)
        pair.policies()
        pair.nets = list(nets)
        pair.routes()
        lab.left.ip(f"route add default via {lab.right.address}")
        lab.right.ip(f"route add default via {lab.left.address}")
        for us, plane in enumerate(pair.planes):
            if rest:
                plane.do("policy", 2, rest, 2000, 0, nets[us], nets[1 - us])
        if tracks:
            # So its kernel puts fragments together before anybody sees them.
            lab.left.run("nft", "add table inet tracks; add chain inet tracks seen { type filter hook prerouting priority 0; }; "
                         "add rule inet tracks seen ct state new counter")
        self.number = 1000
        self.elsewhere, self.other = ("10.9.0.0/24", "10.9.0.1") if family == 4 else ("2001:db8:9::/64", "2001:db8:9::1")

    def card(self, host, device):
        return host.run("cat", f"/sys/class/net/{device}/address").stdout.strip().replace(":", "")

    def sealed(self, *packets):
        """Bob sends these."""
        lab = self.lab
        lab.bob.run("/usr/bin/python3", "-c", INJECT, "in0", self.card(lab.right, "in0"), *(p.hex() for p in packets))
        time.sleep(0.1)

    def clear(self, *packets):
        """Somebody on the wire sends these."""
        lab = self.lab
        lab.right.run("/usr/bin/python3", "-c", INJECT, "wire0", self.card(lab.left, "wire0"), *(p.hex() for p in packets))
        time.sleep(0.1)

    def datagram(self, target, port, text, source=None):
        """The next one of bob's, or of another source's."""
        self.number += 1
        return fragments(source or self.lab.bob.address, target, port, self.number, text)

    def again(self, target, port, text):
        """Another one of the same number."""
        return fragments(self.lab.bob.address, target, port, self.number, text)

    @contextlib.contextmanager
    def hears(self, host, address, *wanted):
        """What comes to the host's ports meanwhile is what is wanted, once or more."""
        process = subprocess.Popen(host.command("/usr/bin/python3", "-c", RECEIVE, address), stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout.readline() == "ready\n"
            yield
            time.sleep(0.3)
        finally:
            process.kill()
            heard = process.communicate(timeout=10)[0].splitlines()
        assert list(dict.fromkeys(heard)) == list(wanted)


def mixes(scene, host, address):
    """A stranger's parts, before and behind the tunnel's."""
    with scene.hears(host, address, "5000 56 so"):
        first, later = scene.datagram(address, 5000, "sx")
        scene.sealed(first)
        scene.clear(later)
        first, later = scene.datagram(address, 5000, "xs")
        scene.clear(later)
        scene.sealed(first)
        # And a whole one, that those who look may be seen to hear.
        scene.sealed(*scene.datagram(address, 5000, "so"))


@pytest.mark.parametrize("tracks", [False, True], ids=["untracked", "tracked"])
@pytest.mark.parametrize("family", [4, 6])
def test_no_part_in_clear_joins_a_datagram_of_the_tunnel(labs, family, tracks):
    """The hosts' other ports are in clear, and later fragments show none."""
    scene = Scene(labs, family, tracks)
    lab = scene.lab
    mixes(scene, lab.alice, lab.alice.address)
    mixes(scene, lab.left, lab.left.inside)
    assert scene.pair.left.status()["fragments"] == 2


@pytest.mark.parametrize("tracks", [False, True], ids=["untracked", "tracked"])
@pytest.mark.parametrize("family", [4, 6])
def test_no_part_in_clear_joins_where_nothing_passes(labs, family, tracks):
    scene = Scene(labs, family, tracks, rest=None)
    lab = scene.lab
    mixes(scene, lab.left, lab.left.inside)
    mixes(scene, lab.alice, lab.alice.address)


@pytest.mark.parametrize("tracks", [False, True], ids=["untracked", "tracked"])
@pytest.mark.parametrize("family", [4, 6])
def test_no_part_of_the_tunnel_joins_a_datagram_in_clear(labs, family, tracks):
    """What is secret would come to a port that anybody may send to."""
    scene = Scene(labs, family, tracks)
    lab = scene.lab
    for host, address in ((lab.alice, lab.alice.address), (lab.left, lab.left.inside)):
        with scene.hears(host, address, "6000 56 oo"):
            first, _ = scene.datagram(address, 6000, "xs")
            scene.clear(first)
            # Also when the rules are said anew meanwhile.
            scene.pair.left.do("policy", 9, "pass", 3000, 0, scene.lab.left.net, scene.elsewhere)
            scene.sealed(*scene.again(address, 5000, "ss"))
            scene.pair.left.do("unpolicy", 9)
            scene.clear(*scene.datagram(address, 6000, "oo"))


def in_any_order(scene, host, address, source):
    with scene.hears(host, address, "6000 56 ok", "6000 56 ko"):
        first, later = scene.datagram(address, 6000, "ok", source)
        scene.clear(first, later)
        first, later = scene.datagram(address, 6000, "ko", source)
        scene.clear(later, first)


@pytest.mark.parametrize("tracks", [False, True], ids=["untracked", "tracked"])
@pytest.mark.parametrize("family", [4, 6])
def test_fragments_go_on(labs, family, tracks):
    """Those of the tunnel, of what passes beside it, and of strangers to it, these in any order."""
    scene = Scene(labs, family, tracks)
    lab = scene.lab
    for port in (5000, 6000):
        with scene.hears(lab.alice, lab.alice.address, f"{port} 6000 xx"):
            lab.bob.run("/usr/bin/python3", "-c", SEND, lab.bob.address, lab.alice.address, port)
    stranger = "198.51.100.9" if family == 4 else "2001:db8:99::9"
    for host, address in ((lab.alice, lab.alice.address), (lab.left, lab.left.address)):
        in_any_order(scene, host, address, stranger)
    # Of sources that a tunnel is for, where nothing before it is of some ports alone.
    scene.pair.left.do("policy", 3, "pass", 100, 0, lab.left.net, scene.other)
    scene.pair.left.do("policy", 4, "protect", 1000, 8, lab.left.net, scene.elsewhere)
    scene.pair.left.do("route", 4, scene.elsewhere)
    in_any_order(scene, lab.alice, lab.alice.address, scene.other)
