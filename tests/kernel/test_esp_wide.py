# SPDX-License-Identifier: Apache-2.0
"""The userspace ESP plane of a gateway whose tunnel is for every address: what is its own stays outside."""

import contextlib
import subprocess

import pytest
from lab import wait_until
from test_esp import Capture, Pair, Plane, gone, only_esp

ECHO = """
import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 53))
print("ready", flush=True)
while True:
    s.sendto(*s.recvfrom(1500))
"""
# The kernel chooses the source of each datagram anew, as it does for a resolver's.
ASK = """
import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(2)
s.sendto(b"who is it", (sys.argv[1], 53))
print(s.recv(1500).decode())
"""


@contextlib.contextmanager
def resolver(host, address):
    process = subprocess.Popen(host.command("/usr/bin/python3", "-c", ECHO, address), stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "ready\n"
        yield
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()


def asks(host, address):
    return host.run("/usr/bin/python3", "-c", ASK, address, check=False).stdout == "who is it\n"


class Wide(Pair):
    """A network whose every packet is protected, and a stranger behind the wire that the gateway itself speaks to."""

    def __init__(self, labs, family):
        all_of_it, self.stranger = ("0.0.0.0/0", "198.51.100.9") if family == 4 else ("::/0", "2001:db8:99::9")
        net, own = ("10.1.0.0/24", "10.1.0.1") if family == 4 else ("2001:db8:1::/64", "2001:db8:1::1")
        super().__init__(labs, outer=family, inner=family, tunnel=False, selectors=[net, all_of_it])
        assert (self.lab.left.net, self.lab.left.inside) == (net, own)
        self.all = all_of_it
        lab = self.lab
        lab.right.ip(f"address add {self.stranger}/{32 if family == 4 else 128} dev lo")
        lab.left.ip(f"route add default via {lab.right.address}")
        lab.right.ip(f"route add {net} via {lab.left.address}")
        self.sas(0x1000)
        self.policies()
        self.right.do("route", 1, net)

    def in_clear(self, capture):
        return [l for l in capture.stop() if self.stranger in l]

    def serves_itself(self):
        """The gateway's own packets go and come outside, whoever begins."""
        lab = self.lab
        capture = self.capture()
        assert lab.left.ping(self.stranger) == 3
        assert lab.left.ping(self.stranger, source=lab.left.address) == 3
        assert lab.left.ping(lab.right.address, source=lab.left.address) == 3
        assert lab.right.ping(lab.left.address, source=self.stranger) == 3
        with resolver(lab.right, self.stranger):
            assert asks(lab.left, self.stranger)
        assert self.in_clear(capture)
        assert self.left.status()["no_policy"] == 0

    def seals(self, host, source=None):
        """What its network sends, the gateway's own packets from there among it."""
        capture = self.capture()
        assert host.ping(self.stranger, source=source) == 3
        only_esp(capture.stop())


# Joins a group, or listens to what is for all of a link, and says who sent it.
HEAR = """
import socket, struct, sys
address, device = sys.argv[1:]
v6, link = ":" in address, socket.if_nametoindex(device)
s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("", 5353))
if v6:
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, socket.inet_pton(socket.AF_INET6, address) + struct.pack("@I", link))
elif int(address.split(".")[0]) in range(224, 240):
    s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(address) + bytes(4) + struct.pack("@I", link))
s.settimeout(3)
print("ready", flush=True)
print(s.recvfrom(1500)[1][0])
"""
SAY = """
import socket, sys
source, address, device = sys.argv[1:]
v6 = ":" in address
s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode() + bytes(1))
scope = socket.if_nametoindex(device) if v6 else 0
s.bind((source, 5353, 0, scope if source.startswith("fe80") else 0) if v6 else (source, 5353))
s.sendto(b"hello", (address, 5353, 0, scope) if v6 else (address, 5353))
"""


def is_heard(host, device, sender, source, address):
    """Whether `host` hears what a neighbour on the link says to many."""
    hear = subprocess.Popen(host.command("/usr/bin/python3", "-c", HEAR, address, device), stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, text=True)
    assert hear.stdout.readline() == "ready\n"
    sender.run("/usr/bin/python3", "-c", SAY, source, address, device)
    return hear.communicate(timeout=10)[0].split("%")[0].strip() == source


@pytest.mark.parametrize("strict", [0, 1])
@pytest.mark.parametrize("family", [4, 6])
def test_a_wide_tunnel_leaves_the_gateway_its_own_packets(labs, family, strict):
    """Those from outside its selectors go as if there were none; nothing from inside them does."""
    pair = Wide(labs, family)
    lab = pair.lab
    lab.left.run("sysctl", "-q", "-w", f"net.ipv4.conf.all.rp_filter={strict}")
    pair.left.do("route", 1, pair.all)
    pair.serves_itself()
    pair.seals(lab.alice)
    pair.seals(lab.left, lab.left.inside)
    # With a source for what has none (leftsourceip=) that goes in, and all else as before.
    pair.left.do("route", 1, pair.all, lab.left.inside)
    pair.seals(lab.left)
    with resolver(lab.right, pair.stranger):
        capture = pair.capture()
        assert asks(lab.left, pair.stranger)
        only_esp(capture.stop())
    assert lab.left.ping(pair.stranger, source=lab.left.address) == 3
    assert lab.left.ping(lab.right.address, source=lab.left.address) == 3
    assert lab.left.ping(lab.alice.address) == 3
    pair.seals(lab.alice)
    pair.left.do("route", 1, pair.all)
    pair.serves_itself()


@pytest.mark.parametrize("family", [4, 6])
def test_a_wide_tunnel_that_is_killed_stops_its_network_alone(labs, family):
    """And what would have been given a source there, until the next start has settled."""
    pair = Wide(labs, family)
    lab = pair.lab
    pair.left.do("route", 1, pair.all, lab.left.inside)
    pair.seals(lab.left)

    def stops():
        capture = pair.capture()
        assert lab.left.ping(pair.stranger, count=1, wait=0.3) == 0
        assert lab.left.ping(pair.stranger, count=1, wait=0.3, source=lab.left.inside) == 0
        assert lab.alice.ping(pair.stranger, count=1, wait=0.3) == 0
        assert lab.left.ping(pair.stranger, count=1, source=lab.left.address) == 1
        assert not [l for l in capture.stop() if f"{lab.left.inside} >" in l or f"{lab.alice.address} >" in l]

    pair.left.kill()
    wait_until(lambda: "ipsec0" not in lab.left.run("ip", "link").stdout, what="the device to go")
    stops()
    again = Plane(lab, lab.left)
    stops()
    assert again.ask("settled") == "done"
    assert lab.left.ping(pair.stranger) == 3
    again.close()
    gone(lab.left)


def test_where_the_kernel_chooses_a_source_inside_it_is_sealed(labs):
    """The route gives none, but the way outside does (an address of the network's is the default route's)."""
    pair = Wide(labs, 4)
    lab = pair.lab
    pair.left.do("route", 1, pair.all)
    lab.left.ip(f"route replace default via {lab.right.address} src {lab.left.inside}")
    pair.seals(lab.left)
    with resolver(lab.right, pair.stranger):
        capture = pair.capture()
        assert asks(lab.left, pair.stranger)
        only_esp(capture.stop())


@pytest.mark.parametrize("local", ["10.1.0.0/24", "10.0.0.0/14", "10.1.0.10/32", "10.1.0.0/27"])
def test_what_passes_for_a_network_goes_as_if_there_were_no_tunnel(labs, local):
    """A part of a wide tunnel's far side, in clear: it is translated on its way, and as long as the link lets it be."""
    pair = Wide(labs, 4)
    lab = pair.lab
    pair.left.do("route", 1, pair.all, lab.left.inside)
    lab.left.run("iptables-legacy", "-t", "nat", "-A", "POSTROUTING", "-o", "wire0", "-j", "MASQUERADE")
    pair.seals(lab.alice)
    pair.left.do("policy", 2, "pass", 500, 0, local, f"{pair.stranger}/32")
    capture = pair.capture()
    assert lab.alice.ping(pair.stranger, size=1472) == 3
    seen = [l for l in capture.stop() if "ICMP echo request" in l]
    assert len(seen) == 3 and all(f"{lab.left.address} > {pair.stranger}" in l for l in seen), seen
    # Until somebody who goes before it protects it.
    pair.left.do("policy", 1, "protect", 400, 7, *pair.nets)
    pair.seals(lab.alice)
    pair.left.do("policy", 1, "protect", 1000, 7, *pair.nets)
    pair.left.do("unpolicy", 2)
    pair.seals(lab.alice)


@pytest.mark.parametrize("sourced", [False, True], ids=["plain", "sourced"])
@pytest.mark.parametrize("family", [4, 6])
def test_what_neighbours_say_to_all_comes_in(labs, family, sourced):
    """Groups, broadcasts and link-local addresses are of the links, however wide the tunnel is."""
    pair = Wide(labs, family)
    lab = pair.lab
    pair.left.do("route", 1, pair.all, *[lab.left.inside] * sourced)
    if family == 4:
        for host, last in ((lab.left, 1), (lab.right, 2)):
            host.ip(f"address add 169.254.7.{last}/16 dev wire0")
        to_all, link_local = ("224.0.0.251", "239.1.2.3", "255.255.255.255", "192.0.2.255"), "169.254.7.2"
        inside = ("224.0.0.251", "255.255.255.255", "10.1.0.255")
    else:
        to_all, inside = ("ff02::fb", "ff05::7"), ("ff02::fb",)
        link_local = lab.right.run("ip", "-6", "-o", "address", "show", "dev", "wire0", "scope", "link").stdout.split()[3].split("/")[0]
        lab.left.ping(f"{link_local}%wire0")
    missed = [(source, address) for source in (lab.right.address, link_local) for address in to_all
              if not is_heard(lab.left, "wire0", lab.right, source, address)]
    missed += [(lab.alice.address, address) for address in inside
               if not is_heard(lab.left, "in0", lab.alice, lab.alice.address, address)]
    assert not missed
    there = "169.254.7.1" if family == 4 else \
        lab.left.run("ip", "-6", "-o", "address", "show", "dev", "wire0", "scope", "link").stdout.split()[3].split("/")[0] + "%wire0"
    assert lab.right.ping(there) == 3


BROADCAST = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.sendto(b"hello", ("255.255.255.255", 5353))
"""


@pytest.mark.parametrize("sourced", [False, True], ids=["plain", "sourced"])
def test_a_broadcast_that_names_nothing_goes_to_the_link(labs, sourced):
    """The tunnel's route has a source for packets without one, but these are for neighbours."""
    pair = Wide(labs, 4)
    lab = pair.lab
    pair.left.do("route", 1, pair.all, *[lab.left.inside] * sourced)
    capture = Capture(lab.left, "wire0", "udp")
    lab.left.run("/usr/bin/python3", "-c", BROADCAST)
    seen = capture.stop()
    assert [l for l in seen if "255.255.255.255.5353" in l], seen
