# SPDX-License-Identifier: Apache-2.0
"""What only newer kernels have: xfrm interfaces, and states that are of one direction."""

import os
import re

import pytest

import peers
import roots
import scenarios
from lab import wait_until
from test_kernel_esp import clear_way
from test_scopes import (interface, test_a_destination_inside_another_one_of_another_way,  # noqa: F401 (pytest's to find)
                         test_packets_go_through_an_interface)
from test_tunnel import pair


def directions(host):
    """Of the host's ESP states, as an ip that knows of directions tells them."""
    try:
        root = roots.find("trixie")
    except peers.Missing as missing:
        pytest.skip(str(missing))
    told = host.run("chroot", root, "ip", "xfrm", "state").stdout
    states = told.split("\nsrc ")
    return sorted(word for state in states if "proto esp" in state for word in ("dir in", "dir out") if word in state)


# To a peer it is a tunnel like another one, and each peer takes a minute here: one shows it.
PEERS = ("strongswan", "libreswan-5.2", "openiked-7.4") if os.environ.get("CYGNET_ALL") else ("strongswan",)


@scenarios.rows(*PEERS, table=scenarios.NEWER)
def test_peers_of_an_interface(meetings, peer, setting, scenario, who):
    scenarios.play(meetings, peer, setting, scenario, who)


def test_states_are_of_one_direction(labs):
    """With extended numbers and without; what the kernel forbids in a direction is not asked for."""
    lab = labs()
    clear_way(lab)
    words = "\tesn=%s\n\tnopmtudisc=yes\n\tdecap-dscp=yes\n\tencap-dscp=no\n\ttfc=500\n"
    east, west = pair(lab, words % "yes")
    for esn in ("yes", "no"):
        for end in (east, west):
            conf = end.folder / "ipsec.conf"
            conf.write_text(conf.read_text().replace("esn=yes", f"esn={esn}"))
            end.auto("--replace", "office")
        east.auto("--up", "office")
        assert len(re.findall(r"flag .*\besn\b", lab.left.run("ip", "xfrm", "state").stdout)) == (2 if esn == "yes" else 0)
        assert directions(lab.left) == directions(lab.right) == ["dir in", "dir out"]
        assert lab.alice.ping(lab.bob.address) == 3
        east.ipsec("whack", "--name", "office", "--rekey-child")
        wait_until(lambda: directions(lab.left) == directions(lab.right) == ["dir in", "dir out"], 30, "the old SAs to go")
        assert lab.bob.ping(lab.alice.address) == 3
