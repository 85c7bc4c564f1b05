# SPDX-License-Identifier: Apache-2.0
"""Opportunistic encryption: the reverse zone says who speaks for an address, and with which key."""

import pytest

from lab import SETUP, Cygnet, wait_until
from test_dns_keys import rdata, zones  # noqa: F401  (a fixture)
from test_signatures import Key
from test_tunnel import tunnels

CONN = """
conn private-or-clear
	type=tunnel
	left={address}
	{subnet}
	right=%opportunisticgroup
	leftrsasigkey=%dnsondemand
	rightrsasigkey=%dnsondemand
	authby=pubkey
	failureshunt=passthrough
	retransmit-interval=200ms
	retransmit-timeout=2s
	{extra}
	auto=route
"""


def reverse(address):
    return ".".join(reversed(address.split(".")))


class Member(Cygnet):
    """A host of the group private-or-clear, with a key, and perhaps hosts behind it."""

    def __init__(self, lab, host, zone, key, group, subnet=None, extra="", conf=CONN):
        subnet = f"leftsubnet={subnet}" if subnet else ""
        files = {"ipsec.d/private/host.pem": key.private}
        if group is not None:
            files["ipsec.d/policies/private-or-clear"] = group + "\n"
        super().__init__(lab, host, conf.format(address=host.address, subnet=subnet, extra=extra),
                         ": PKCS8 host.pem\n", files=files,
                         setup=f"{SETUP}\tdnssec-rootkey-file={zone.anchor}\n")


def roads(lab):
    """The hosts behind each gateway are reached by way of it, in clear."""
    lab.left.ip(f"route add {lab.right.net} via {lab.right.address}")
    lab.right.ip(f"route add {lab.left.net} via {lab.left.address}")


def records(lab, left, right, **more):
    """Each gateway's own, and those of hosts behind it: the address with `_` for dots, what its record says."""
    known = {reverse(lab.left.address): rdata(left), reverse(lab.right.address): rdata(right)}
    known.update({reverse(address.strip("x").replace("_", ".")): data for address, data in more.items()})
    return known


def of(address):
    """An address as a keyword."""
    return "x" + address.replace(".", "_")


@pytest.mark.parametrize("by_name", [False, True])
def test_a_gateway_speaks_for_a_host_behind_it(labs, zones, by_name):  # noqa: F811
    """Whoever begins: the tunnel is for that host alone, and what has no record is met in clear."""
    lab = labs()
    roads(lab)
    left, right = Key("ed25519"), Key("ed25519")
    gateway = "gw.in-addr.arpa." if by_name else lab.right.address
    known = records(lab, left, right, **{of(lab.bob.address): rdata(right, gateway)})
    if by_name:
        known["gw"] = f"A {lab.right.address}"
    zone = zones(lab, known, origin="in-addr.arpa")
    east = Member(lab, lab.left, zone, left, lab.right.net)
    west = Member(lab, lab.right, zone, right, lab.left.address, subnet=lab.right.net)
    lab.left.ping(lab.bob.address, count=1)
    wait_until(lambda: tunnels(east) and tunnels(west), what="the tunnel that a packet asks for")
    assert lab.left.ping(lab.bob.address) == 3
    assert tunnels(east) == tunnels(west) == 1
    assert f"{lab.bob.address}/32" in east.status()
    # The other host has no record: nobody may speak for it, and that is told.
    lab.left.ping(lab.right.inside, count=1, wait=1)
    wait_until(lambda: f"nobody may be asked for a tunnel to {lab.right.inside}" in east.logged(), what="the refusal")
    assert "the DNS has no IPSECKEY record there, and proves that" in east.logged()
    assert "shunt: pass" in east.status()
    assert tunnels(east) == 1
    # And the other way round.
    east.auto("--down", "private-or-clear")
    wait_until(lambda: not tunnels(east) and not tunnels(west), what="both ends to be gone")
    lab.bob.ping(lab.left.address, count=1)
    wait_until(lambda: tunnels(east) and tunnels(west), what="the tunnel that the host behind asks for")
    assert lab.bob.ping(lab.left.address) == 3
    listed = east.auto("--listpubkeys").stdout
    assert lab.bob.address in listed and "DNS, proven by DNSSEC" in listed, listed


@pytest.mark.parametrize("record, words", [
    (None, "the DNS has no IPSECKEY record there, and proves that"),
    ("192.0.2.99", "the DNS names another gateway for the address that the peer speaks for"),
    ("another key", "the peer's key is not the one that the DNS has for the address it speaks for"),
])
def test_nobody_speaks_for_others_unasked(labs, zones, record, words):  # noqa: F811
    """A peer with a good key of its own claims an address whose record says otherwise."""
    lab = labs()
    roads(lab)
    left, right = Key("ed25519"), Key("ed25519")
    more = {}
    if record:
        stranger = record == "another key"
        more[of(lab.bob.address)] = rdata(Key("ed25519") if stranger else right,
                                          lab.right.address if stranger else record)
    zone = zones(lab, records(lab, left, right, **more), origin="in-addr.arpa")
    east = Member(lab, lab.left, zone, left, lab.right.net)
    west = Member(lab, lab.right, zone, right, lab.left.address, subnet=lab.right.net)
    lab.bob.ping(lab.left.address, count=1, wait=1)
    wait_until(lambda: words in east.logged(), what="the refusal")
    assert not tunnels(east) and not tunnels(west)


def test_a_silent_name_server_holds_up_nobody_else(labs, zones):  # noqa: F811
    """Packets are held while the look-up lasts, which --status shows, and go in clear when it ends."""
    lab = labs()
    roads(lab)
    left, right = Key("ed25519"), Key("ed25519")
    zone = zones(lab, records(lab, left, right), origin="in-addr.arpa")
    other = """
conn clear
	type=passthrough
	authby=never
	left={address}
	right=%group
	auto=route
"""
    east = Member(lab, lab.left, zone, left, lab.right.net, conf=CONN + other)
    (east.folder / "ipsec.d/policies/clear").write_text(f"{lab.bob.address}\n")
    east.auto("--rereadgroups")
    lab.left.run("nft", "add table ip deaf; add chain ip deaf in { type filter hook input priority 0; "
                 "udp dport 53 drop; tcp dport 53 drop; }")
    assert lab.left.ping(lab.right.inside, count=1, wait=1) == 0
    assert f"the DNS is asked who speaks for {lab.right.inside}" in east.status(), east.status()
    assert "the peer is being looked up" in east.ipsec("whack", "--shuntstatus").stdout
    assert lab.left.ping(lab.bob.address) == 3
    wait_until(lambda: lab.left.ping(lab.right.inside, count=1, wait=1), what="clear text")
    assert "the key could not be looked up in the DNS" in east.logged()


def test_packets_to_anybody(labs, zones):  # noqa: F811
    """oe=yes: packetdefault is for whatever no group has; a name server is met in clear."""
    lab = labs()
    left, right = Key("ed25519"), Key("ed25519")
    zone = zones(lab, records(lab, left, right), origin="in-addr.arpa")
    servers = [lab.host("carol")]
    lab.wire(lab.left, "198.51.100.1", servers[0], "198.51.100.2", 24, "wire1")
    servers[0].ip("route add default via 198.51.100.1")
    for host, other in ((lab.left, lab.right), (lab.right, lab.left)):
        host.run("ip", "route", "replace", "default", "via", other.address)
    place = zone.places[0] / "resolv.conf"
    place.write_text("nameserver 127.0.0.1\nnameserver 198.51.100.2\n")
    defaults = """
conn %oedefault
	retransmit-interval=200ms
	retransmit-timeout=2s
"""
    hosts = [Cygnet(lab, host, defaults, ": PKCS8 host.pem\n",
                    files={"ipsec.d/private/host.pem": key.private},
                    setup=f"{SETUP}\toe=yes\n\tdnssec-rootkey-file={zone.anchor}\n")
             for host, key in ((lab.left, left), (lab.right, right))]
    wait_until(lambda: lab.left.ping(lab.right.address, count=1), what="the first answer")
    wait_until(lambda: tunnels(hosts[0]) and tunnels(hosts[1]), what="the tunnel that a packet asks for")
    assert lab.left.ping(lab.right.address) == 3
    assert 'packetdefault#0.0.0.0/0"[1]' in hosts[0].status()
    wait_until(lambda: lab.left.ping("198.51.100.2", count=1, wait=1), seconds=5, what="the name server")
    assert "198.51.100.2 is a name server of this host" in hosts[0].logged()
