# SPDX-License-Identifier: Apache-2.0
"""Connections that pass, drop or reject packets, with tunnels around them."""

import re

import pytest

from lab import SECRET, ClearText, Cygnet, wait_until

SECRETS = f'@east @west : PSK "{SECRET}"\n'


def wide(lab):
    """A tunnel for everything that left's network sends."""
    return f"""
conn wide
	left={lab.left.address}
	leftid=@east
	leftsubnet={lab.left.net}
	right={lab.right.address}
	rightid=@west
	rightsubnet=0.0.0.0/0
	authby=secret
	auto=add
"""


def shunt(name, kind, left, leftsubnet, rightsubnet, more=""):
    return f"""
conn {name}
	type={kind}
	authby=never
	left={left}
	right=%any
	leftsubnet={leftsubnet}
	rightsubnet={rightsubnet}
	auto=add
{more}"""


class Watch:
    """Counts clear text between two networks that comes over the wire to a host."""

    def __init__(self, host, source, destination):
        self.host = host
        host.run("nft", "add table ip watch")
        host.run("nft", "add chain ip watch in { type filter hook prerouting priority -400 ; }")
        host.run("nft", f'add rule ip watch in iifname "wire0" ip saddr {source} ip daddr {destination} counter')

    def count(self):
        return int(re.search(r"packets (\d+)", self.host.run("nft", "list table ip watch").stdout)[1])


def other_ways(lab):
    """Routes in clear between the networks behind, so that what is not stopped arrives."""
    lab.left.run("ip", "route", "replace", lab.right.net, "via", lab.right.address)
    lab.right.run("ip", "route", "replace", lab.left.net, "via", lab.left.address)


def test_a_narrow_pass_inside_a_wide_tunnel(labs):
    lab = labs()
    other_ways(lab)
    clear = lab.bob.address
    both = wide(lab) + shunt("bob", "passthrough", "%defaultroute", lab.left.net, f"{clear}/32")
    lab.left.run("ip", "route", "add", "default", "via", lab.right.address)
    east = Cygnet(lab, lab.left, both, SECRETS)
    west = Cygnet(lab, lab.right, wide(lab) + shunt("bob", "passthrough", lab.right.address, f"{clear}/32",
                                                    lab.left.net), SECRETS)
    lab.right.run("ip", "addr", "add", "203.0.113.1/32", "dev", "lo")
    watch = Watch(lab.right, lab.left.net, "0.0.0.0/0")
    east.auto("--up", "wide")
    assert lab.alice.ping("203.0.113.1") == 3
    assert lab.alice.ping(clear) == 3
    assert watch.count() == 0, "without the shunt all of it is protected"
    east.auto("--route", "bob")
    west.auto("--route", "bob")
    assert lab.alice.ping(clear) == 3, "what passes must also be let in at both ends"
    assert watch.count() == 3
    assert lab.alice.ping("203.0.113.1") == 3
    assert watch.count() == 3, "the tunnel carries all else"
    # Without it clear text from behind the tunnel is refused again, and the tunnel has all.
    west.auto("--unroute", "bob")
    assert lab.alice.ping(clear, wait=1) == 0
    east.auto("--delete", "bob")
    before = watch.count()
    assert lab.alice.ping(clear) == 3
    assert watch.count() == before


def test_a_wide_tunnel_is_for_its_networks_alone(labs):
    """The gateway's own packets go in from its network, and from its uplink's address as if there were no tunnel."""
    lab = labs()
    stranger = "203.0.113.1"
    lab.right.ip(f"addr add {stranger}/32 dev lo")
    lab.left.ip(f"route add default via {lab.right.address}")
    east = Cygnet(lab, lab.left, wide(lab), SECRETS)
    Cygnet(lab, lab.right, wide(lab), SECRETS)
    inside, outside = Watch(lab.right, lab.left.net, "0.0.0.0/0"), ClearText(lab.right, lab.left.address, "icmp")
    east.auto("--up", "wide")
    for source, clear in ((lab.left.address, 3), (None, 0), (lab.left.inside, 0)):
        before = outside.count()
        assert lab.left.ping(stranger, source=source) == 3, source
        assert outside.count() - before == clear, source
    assert lab.left.ping(lab.right.address, source=lab.left.address) == 3
    assert lab.right.ping(lab.left.address) == 3
    assert lab.alice.ping(stranger) == 3
    assert inside.count() == 0


def test_a_default_route_comes_back_beside_a_wide_tunnel(labs):
    """As people type it, without a device: the gateway is where it was, and not behind the tunnel."""
    lab = labs()
    lab.right.ip("addr add 203.0.113.1/32 dev lo")
    lab.left.ip(f"route add default via {lab.right.address}")
    east = Cygnet(lab, lab.left, wide(lab).replace(f"left={lab.left.address}", "left=%defaultroute"), SECRETS)
    Cygnet(lab, lab.right, wide(lab), SECRETS)
    east.auto("--up", "wide")
    lab.left.ip("route del default")
    wait_until(lambda: "next hop" not in east.status(), what="the news")
    lab.left.ip(f"route add default via {lab.right.address}")
    assert f"dev {lab.left.device}" in lab.left.run("ip", "route", "show", "default").stdout
    wait_until(lambda: lab.alice.ping("203.0.113.1", count=1, wait=1), 30, "the tunnel")


def test_a_restart_stops_no_more_than_was_protected(labs):
    """What goes by a client's own address is nobody's before, and so it is right after."""
    lab = labs()
    stranger = "203.0.113.1"
    lab.right.ip(f"addr add {stranger}/32 dev lo", f"route add 10.9.0.0/24 via {lab.left.address}")
    lab.left.ip(f"route add default via {lab.right.address}")
    road = wide(lab).replace(f"leftsubnet={lab.left.net}", "leftsourceip=%config").replace("auto=add", "auto=start")
    pool = wide(lab).replace(f"leftsubnet={lab.left.net}", "leftaddresspool=10.9.0.0/24")
    Cygnet(lab, lab.right, pool, SECRETS)
    east = Cygnet(lab, lab.left, road, SECRETS)
    wait_until(lambda: lab.left.ping(stranger, count=1, wait=1), what="the tunnel")
    assert lab.left.ping(stranger, source=lab.left.address) == 3
    inside = Watch(lab.right, lab.left.address, stranger)
    east.ipsec("setup", "restart")
    # The follower keeps its predecessor's guards for ten seconds.
    wait_until(lambda: lab.left.ping(stranger, count=1, wait=1), 4, "the tunnel")
    assert inside.count() == 0, "what names no address is the tunnel's"
    assert lab.left.ping(stranger, source=lab.left.address) == 3


@pytest.mark.parametrize("kind", ["drop", "reject"])
def test_drop_is_silent_and_reject_tells(labs, kind):
    lab = labs()
    other_ways(lab)
    east = Cygnet(lab, lab.left, shunt("stop", kind, lab.left.address, lab.left.net, lab.right.net), SECRETS)
    assert lab.alice.ping(lab.bob.address) == 3, "loaded alone it stops nothing"
    east.auto("--route", "stop")
    said = lab.alice.run("ping", "-n", "-c", "2", "-W", "1", lab.bob.address, check=False)
    assert "2 packets transmitted, 0 received" in said.stdout
    assert ("Packet filtered" in said.stdout) == (kind == "reject"), said.stdout
    assert lab.bob.ping(lab.alice.address, wait=1) == 0, "nothing from there comes in either"
    done = east.auto("--up", "stop", check=False)
    assert done.returncode == 30 and re.match(r"030 .*--route stop", done.stdout)
    east.auto("--unroute", "stop")
    assert lab.alice.ping(lab.bob.address) == 3


def test_drop_inside_a_tunnel(labs):
    lab = labs()
    tunnel = wide(lab).replace("0.0.0.0/0", lab.right.net)
    east = Cygnet(lab, lab.left, tunnel + shunt("bob", "drop", lab.left.address, lab.left.net,
                                                f"{lab.bob.address}/32"), SECRETS)
    Cygnet(lab, lab.right, tunnel, SECRETS)
    east.auto("--up", "wide")
    east.auto("--route", "bob")
    assert lab.alice.ping(lab.right.inside) == 3
    assert lab.alice.ping(lab.bob.address, wait=1) == 0
    east.auto("--unroute", "bob")
    assert lab.alice.ping(lab.bob.address) == 3


def test_a_shunt_is_routed_when_pluto_starts(labs):
    lab = labs()
    other_ways(lab)
    conf = shunt("stop", "drop", "%any", lab.left.net, lab.right.net).replace("auto=add", "auto=route")
    east = Cygnet(lab, lab.left, conf, SECRETS)
    assert lab.alice.ping(lab.bob.address, wait=1) == 0
    east.ipsec("setup", "stop")
    wait_until(lambda: lab.alice.ping(lab.bob.address, count=1), what="nothing to be left")


def test_a_narrow_drop_is_for_its_senders_alone(labs):
    """Networks, ports and this host's own address: nothing else is stopped, whoever sends it."""
    lab = labs()
    other_ways(lab)
    dave = lab.host("dave")
    lab.wire(lab.left, "10.3.0.1", dave, "10.3.0.10", 24, "in1")
    dave.run("ip", "route", "add", "default", "via", "10.3.0.1")
    lab.right.run("ip", "route", "add", "10.3.0.0/24", "via", lab.left.address)
    conf = shunt("stop", "drop", lab.left.address, lab.left.net, lab.right.net)
    conf += shunt("own", "drop", lab.left.address, f"{lab.left.address}/32", lab.right.net)
    conf += shunt("mail", "reject", lab.left.address, "10.3.0.0/24", lab.right.net,
                  "\tleftprotoport=tcp\n\trightprotoport=tcp/25\n")
    east = Cygnet(lab, lab.left, conf, SECRETS)
    east.auto("--route", "stop")
    assert lab.alice.ping(lab.bob.address, wait=1) == 0
    assert lab.bob.ping(lab.alice.address, wait=1) == 0
    assert dave.ping(lab.bob.address) == 3, "another network"
    assert lab.bob.ping("10.3.0.10") == 3
    assert lab.left.ping(lab.bob.address) == 3, "the gateway itself"
    assert lab.bob.ping(lab.left.address) == 3
    # A packet that has no source when it is routed is no way around.
    udp = ("import socket,sys; s=socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(1)\n"
           f"s.sendto(b'x', ('{lab.bob.address}', 9)); s.recv(9)")
    answer = ["/usr/bin/python3", "-c", udp]
    watch = Watch(lab.right, lab.left.address, lab.right.net)
    lab.left.run(*answer, check=False)
    assert watch.count() == 1
    east.auto("--route", "own")
    assert lab.left.ping(lab.bob.address, wait=1) == 0
    lab.left.run(*answer, check=False)
    assert watch.count() == 1
    assert dave.ping(lab.bob.address) == 3
    connect = "import socket; socket.create_connection(('{}', {}), 2)"
    before = dave.run("/usr/bin/python3", "-c", connect.format(lab.bob.address, 25), check=False).stderr
    assert "Connection refused" in before
    east.auto("--route", "mail")
    said = dave.run("/usr/bin/python3", "-c", connect.format(lab.bob.address, 25), check=False).stderr
    assert "Connection refused" not in said
    assert "Connection refused" in dave.run("/usr/bin/python3", "-c", connect.format(lab.bob.address, 26),
                                            check=False).stderr
    assert dave.ping(lab.bob.address) == 3
    for name in ("stop", "own", "mail"):
        east.auto("--unroute", name)
    assert lab.alice.ping(lab.bob.address) == lab.left.ping(lab.bob.address) == 3
    assert "Connection refused" in dave.run("/usr/bin/python3", "-c", connect.format(lab.bob.address, 25),
                                            check=False).stderr


def test_all_is_dropped_but_what_passes(labs):
    lab = labs()
    other_ways(lab)
    conf = shunt("all", "drop", "%any", "0.0.0.0/0", "0.0.0.0/0")
    conf += shunt("bob", "passthrough", "%any", f"{lab.alice.address}/32", f"{lab.bob.address}/32")
    conf += shunt("link", "passthrough", "%any", lab.left.net, lab.left.net)
    east = Cygnet(lab, lab.left, conf, SECRETS)
    for name in ("link", "bob", "all"):
        east.auto("--route", name)
    assert lab.alice.ping(lab.right.inside, wait=1) == 0
    assert lab.alice.ping(lab.bob.address) == 3
    assert lab.alice.ping(lab.left.inside) == 3
    east.auto("--unroute", "all")
    assert lab.alice.ping(lab.right.inside) == 3


@pytest.mark.parametrize("shunts,during,after", [
    ("failureshunt=passthrough", 0, 3), ("failureshunt=drop", 0, 0), ("negotiationshunt=passthrough", 3, 0)])
def test_while_nobody_answers(labs, shunts, during, after):
    lab = labs()
    other_ways(lab)
    conf = wide(lab).replace("0.0.0.0/0", lab.right.net)
    conf += f"\t{shunts}\n\tretransmit-interval=500ms\n\tretransmit-timeout=4s\n"
    east = Cygnet(lab, lab.left, conf, SECRETS)
    east.auto("--route", "wide")
    lab.alice.ping(lab.bob.address, count=1, wait=1)
    assert lab.alice.ping(lab.bob.address, wait=1) == during
    wait_until(lambda: "no answer at all" in east.logged(), what="the try to fail")
    assert lab.alice.ping(lab.bob.address, wait=1) == after
