# SPDX-License-Identifier: Apache-2.0
"""The kernel's ESP under our keying: ourselves at both ends, and strongSwan."""

import os
import signal

import pytest

from lab import Cygnet, StrongSwan, wait_until
from test_strongswan import SECRETS as THEIR_SECRETS
from test_strongswan import our_conf, their_conf
from test_tunnel import pair, tunnels


# esp= and what the kernel calls it.
ESP = {
    "aes_gcm256": "rfc4106(gcm(aes))",
    "aes_gcm_8_128": "rfc4106(gcm(aes))",
    "aes_ccm_16_128": "rfc4309(ccm(aes))",
    "chacha20_poly1305": "rfc7539esp(chacha20,poly1305)",
    "aes256-sha2_256": "hmac(sha256)",
    "aes192-sha2_512": "hmac(sha512)",
    "aes_ctr128-sha2_384": "rfc3686(ctr(aes))",
    "aes128-sha1": "hmac(sha1)",
    "aes128-aes_xcbc": "xcbc(aes)",
    "aes128-aes_cmac": "cmac(aes)",
    "camellia256-sha2_256": "cbc(camellia)",
    "3des-md5": "cbc(des3_ede)",
    "null-sha2_256": "ecb(cipher_null)",
    "null_auth_aes_gmac_128": "rfc4543(gcm(aes))",
}


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


def test_algorithms(labs):
    """One lab for all: each is the connection's only choice in its turn."""
    lab = labs()
    east, west = pair(lab)
    for esp, name in ESP.items():
        for end in (east, west):
            text = (end.folder / "ipsec.conf").read_text().split("\tesp=")[0].rstrip("\n")
            (end.folder / "ipsec.conf").write_text(f"{text}\n\tesp={esp}\n")
            end.auto("--replace", "office")
        east.auto("--up", "office")
        assert name in lab.left.run("ip", "xfrm", "state").stdout, esp
        assert lab.alice.ping(lab.bob.address) == 3, esp
        east.auto("--down", "office")
        wait_until(lambda: not tunnels(west), 30, "the other end to be gone")


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
