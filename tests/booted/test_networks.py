# SPDX-License-Identifier: Apache-2.0
"""Several networks at each end: subnets= as Libreswan and we have it, a tunnel for each pair."""

import itertools
import json

import pytest

import roots
from lab import Cygnet, Lab, wait_until
from meeting import PATIENCE, SECRETS, Libreswan
from peers import Missing
from test_tunnel import tunnels

OURS, THEIRS = ("10.1.0", "10.1.3"), ("10.2.0", "10.2.3")
PAIRS = list(itertools.product(OURS, THEIRS))


def text(lab, side):
    """The connection as a file that either of us may read."""
    ends = (("left", lab.left, OURS, "@ours"), ("right", lab.right, THEIRS, "@theirs"))
    lines = ["ikev2=insist", "authby=secret", "auto=ignore"]
    for end, host, nets, name in ends if side == "ours" else (
            ("left" if end == "right" else "right", *rest) for end, *rest in ends):
        lines += [f"{end}={host.address}", f"{end}id={name}", f"{end}subnets={{{','.join(f'{net}.0/24' for net in nets)}}}"]
    return "\n\t".join(["conn t", *lines]) + "\n"


@pytest.fixture(scope="module", params=[("bookworm", "--rekey-ipsec"), ("trixie", "--rekey-child")],
                ids=["libreswan-debian12", "libreswan-debian13"])
def both(request):
    lab = Lab()
    try:
        for host, nets, other in ((lab.left, OURS, THEIRS), (lab.right, THEIRS, OURS)):
            host.run("ip", "addr", "add", f"{nets[1]}.1/24", "dev", "lo")
            if host is lab.right:
                host.run("ip", "route", "add", f"{other[1]}.0/24", "dev", host.device)
        east = Cygnet(lab, lab.left, text(lab, "ours"), SECRETS)
        suite, rekey_child = request.param
        west = Libreswan(lab, suite, rekey_child, text(lab, "theirs"))
    except Missing as missing:
        lab.close()
        pytest.skip(str(missing))
    yield lab, east, west
    west.close()
    lab.close()


@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_each_pair_has_its_tunnel(both, first):
    lab, east, west = both
    east.auto("--add", "t")
    west.load("t")
    if first == "ours":
        done = east.auto("--up", "t")
        assert all(f'004 "t/{pair}"' in done.stdout for pair in ("1x1", "1x2", "2x1", "2x2")), done.stdout
    else:
        west.up()
    wait_until(lambda: tunnels(east) == west.children() == 4, PATIENCE, "both to have four tunnels")
    for ours, theirs in PAIRS:
        assert lab.left.ping(f"{theirs}.1", source=f"{ours}.1", count=2, wait=5) == 2
        assert lab.right.ping(f"{ours}.1", source=f"{theirs}.1", count=2, wait=5) == 2
    assert len(json.loads(east.ipsec("status", "--json").stdout)["ike_sas"]) == 1

    # Who began is who ends: Libreswan 5 begins again what another took down.
    def take(ours, theirs, name):
        if first == "ours":
            east.auto(ours, name)
        else:
            west.whack(theirs, "--name", name)

    take("--down", "--terminate", "t/1x2")
    wait_until(lambda: tunnels(east) == west.children() == 3, PATIENCE, "one to be gone")
    take("--delete", "--delete", "t")
    wait_until(lambda: tunnels(east) == west.children() == 0, PATIENCE, "all to be gone")
    east.auto("--delete", "t", check=False)
    west.whack("--delete", "--name", "t", check=False)
