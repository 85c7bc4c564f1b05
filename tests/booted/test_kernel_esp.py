# SPDX-License-Identifier: Apache-2.0
"""The kernel's ESP under our keying: ourselves at both ends, and strongSwan."""

import os
import signal

import pytest

from lab import Cygnet, StrongSwan, wait_until
from test_strongswan import SECRETS as THEIR_SECRETS
from test_strongswan import PROPOSALS, our_conf, their_conf
from test_tunnel import pair, tunnels


def kernel_has(host):
    return host.run("sh", "-c", "ip xfrm state; ip xfrm policy | grep -v '^src.*dst.*$' | grep reqid; "
                    "ip rule; ip -6 rule; ip route show table all", check=False).stdout


@pytest.mark.parametrize("outer,inner", [(4, 4), (6, 6), (4, 6), (6, 4)])
def test_up_ping_down(labs, outer, inner):
    lab = labs(outer=outer, inner=inner)
    before = kernel_has(lab.left)
    east, west = pair(lab)
    assert "plane: xfrm" in east.status()
    assert "004 " in east.auto("--up", "office").stdout
    assert lab.alice.ping(lab.bob.address) == 3
    assert lab.bob.ping(lab.alice.address) == 3
    assert "proto esp" in lab.left.run("ip", "xfrm", "state").stdout
    assert "encap" not in lab.left.run("ip", "xfrm", "state").stdout
    assert tunnels(east) == tunnels(west) == 1
    west.auto("--down", "office")
    wait_until(lambda: not tunnels(east) and not tunnels(west), 30, "both ends to be gone")
    east.ipsec("setup", "stop")
    assert kernel_has(lab.left) == before


@pytest.mark.parametrize("proposal", sorted(PROPOSALS))
def test_algorithms(labs, proposal):
    lab = labs()
    ike, esp, _, _ = PROPOSALS[proposal]
    east, _ = pair(lab, f"\tike={ike}\n\tesp={esp}\n")
    east.auto("--up", "office")
    assert lab.alice.ping(lab.bob.address) == 3


def test_a_routed_connection_comes_up_by_its_first_packet(labs):
    lab = labs()
    east, west = pair(lab)
    east.auto("--route", "office")
    wait_until(lambda: lab.alice.ping(lab.bob.address, count=1), 30, "an answer")
    assert tunnels(east) == tunnels(west) == 1


def test_esp_in_udp(labs):
    lab = labs()
    east, _ = pair(lab, "\tencapsulation=yes\n")
    east.auto("--up", "office")
    assert lab.alice.ping(lab.bob.address) == 3
    assert "encap type espinudp sport 4500 dport 4500" in lab.left.run("ip", "xfrm", "state").stdout


def test_a_limit_in_packets_rekeys_without_loss(labs):
    lab = labs()
    east, west = pair(lab, "\tipsec-max-packets=100\n")
    east.auto("--up", "office")
    assert lab.alice.ping(lab.bob.address, count=300, wait=5) == 300
    assert tunnels(east) == tunnels(west) == 1


def test_a_killed_daemon_fails_closed(labs):
    lab = labs()
    east, _ = pair(lab)
    lab.right.run("ip", "route", "replace", lab.left.net, "via", lab.left.address)
    lab.left.run("ip", "route", "replace", lab.right.net, "via", lab.right.address)
    assert lab.alice.ping(lab.bob.address) == 3, "in clear, before anything is routed"
    east.auto("--up", "office")
    pid = int((east.folder / "run" / "pluto.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"), what="pluto to be dead")
    assert "tmpl" in lab.left.run("ip", "xfrm", "policy").stdout
    east.ipsec("setup", "start")
    assert "proto esp" not in lab.left.run("ip", "xfrm", "state").stdout, "the predecessor's SAs"
    east.auto("--up", "office")
    assert lab.alice.ping(lab.bob.address) == 3


@pytest.mark.parametrize("initiator", ["ours", "theirs"])
def test_strongswan(labs, strongswan, initiator):
    lab = labs()
    ours = Cygnet(lab, lab.left, our_conf(lab, "aes128gcm-x25519"), THEIR_SECRETS)
    theirs = StrongSwan(lab, lab.right,
                        their_conf(lab, "aes128gcm-x25519").replace("encap = yes", "encap = no"),
                        kernel_esp=True)
    if initiator == "ours":
        ours.auto("--up", "t")
    else:
        theirs.swanctl("--initiate", "--child", "t")
    assert lab.alice.ping(lab.bob.address) == 3
    assert lab.bob.ping(lab.alice.address) == 3
    ours.ipsec("whack", "--name", "t", "--rekey-child")
    assert lab.alice.ping(lab.bob.address, count=10) == 10
    theirs.swanctl("--terminate", "--ike", "t")
    wait_until(lambda: not tunnels(ours), 30, "our end to be gone")
