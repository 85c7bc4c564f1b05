# SPDX-License-Identifier: Apache-2.0
"""Keys that people chose, in the kernel's ESP: with ourselves, and with SAs that `ip xfrm` set up."""

import pytest

from lab import Cygnet

ENCR = {"left": "0x" + "11" * 32, "right": "0x" + "22" * 32}
INTEG = {"left": "0x" + "33" * 32, "right": "0x" + "44" * 32}
SPI = {"left": 0x301, "right": 0x302}

ESP = "\tesp=aes256-sha2_256\n" + "".join(
    f"\t{end}espspi={SPI[end]:#x}\n\t{end}espenckey={ENCR[end]}\n\t{end}espauthkey={INTEG[end]}\n" for end in SPI)
AH = "\tah=sha2_256\n" + "".join(f"\t{end}ahspi={SPI[end]:#x}\n\t{end}ahkey={INTEG[end]}\n" for end in SPI)


def start(lab, host, words):
    end = Cygnet(lab, host, f"""
conn hand
	left={lab.left.address}
	right={lab.right.address}
{words}""", "")
    (end.folder / "ipsec.conf").chmod(0o600)
    return end


def nets(lab):
    return f"\tleftsubnet={lab.left.net}\n\trightsubnet={lab.right.net}\n"


def states(host):
    return host.run("ip", "xfrm", "state").stdout


def by_ip_xfrm(lab, mode, *algorithms):
    """What the right host's administrator types: states, and policies for what they protect."""
    host, (left, right) = lab.right, (lab.left.address, lab.right.address)
    for end, source, destination in (("left", right, left), ("right", left, right)):
        words = [word.replace("ENCR", ENCR[end]).replace("INTEG", INTEG[end]) for word in algorithms]
        host.run("ip", "xfrm", "state", "add", "src", source, "dst", destination, "proto", words[0],
                 "spi", f"{SPI[end]:#x}", "reqid", "7", "mode", mode, *words[1:])
    ours, theirs = (lab.right.net, lab.left.net) if mode == "tunnel" else (f"{right}/32", f"{left}/32")
    for way, source, destination in (("out", ours, theirs), ("in", theirs, ours), ("fwd", theirs, ours)):
        outer = ("src", right, "dst", left) if way == "out" else ("src", left, "dst", right)
        host.run("ip", "xfrm", "policy", "add", "src", source, "dst", destination, "dir", way, "tmpl",
                 *(outer if mode == "tunnel" else ()), "proto", algorithms[0], "reqid", "7", "mode", mode)


def test_two_daemons(labs):
    lab = labs()
    ends = [start(lab, host, nets(lab) + ESP) for host in (lab.left, lab.right)]
    for end in ends:
        assert "plane: xfrm" in end.status()
        assert "{ESP=>" in end.ipsec("manual", "--up", "hand").stdout
    assert lab.alice.ping(lab.bob.address) == 3
    assert lab.bob.ping(lab.alice.address) == 3
    assert "established by hand" in ends[0].status()
    ends[0].ipsec("manual", "--down", "hand")
    assert "proto esp" not in states(lab.left)
    assert lab.alice.ping(lab.bob.address, count=1, wait=1) == 0
    ends[0].ipsec("manual", "--up", "hand")
    assert lab.alice.ping(lab.bob.address) == 3, "new SAs are taken by the ones that stand"
    for end in ends:
        end.ipsec("manual", "--down", "hand")
        end.ipsec("manual", "--unroute", "hand")
        assert "reqid" not in end.host.run("ip", "xfrm", "policy").stdout


@pytest.mark.parametrize("words, mode, peer", [
    (ESP, "tunnel", ("esp", "enc", "cbc(aes)", "ENCR", "auth-trunc", "hmac(sha256)", "INTEG", "128")),
    (ESP, "transport", ("esp", "enc", "cbc(aes)", "ENCR", "auth-trunc", "hmac(sha256)", "INTEG", "128")),
    (AH, "tunnel", ("ah", "auth-trunc", "hmac(sha256)", "INTEG", "128", "flag", "align4")),
    (AH, "transport", ("ah", "auth-trunc", "hmac(sha256)", "INTEG", "128", "flag", "align4")),
], ids=["esp-tunnel", "esp-transport", "ah-tunnel", "ah-transport"])
def test_with_ip_xfrm(labs, words, mode, peer):
    lab = labs()
    east = start(lab, lab.left, words + (nets(lab) if mode == "tunnel" else "\ttype=transport\n"))
    by_ip_xfrm(lab, mode, *peer)
    if mode == "tunnel":
        lab.right.run("ip", "route", "replace", lab.left.net, "via", lab.left.address)
    east.ipsec("manual", "--up", "hand")
    one, other = (lab.alice, lab.bob.address) if mode == "tunnel" else (lab.left, lab.right.address)
    assert one.ping(other) == 3
    assert f"proto {peer[0]}" in states(lab.left)
    counted = lab.right.run("ip", "-s", "xfrm", "state").stdout
    assert counted.count("3(packets)") == 2, counted
    east.ipsec("manual", "--down", "hand")
    assert one.ping(other, count=1, wait=1) == 0
