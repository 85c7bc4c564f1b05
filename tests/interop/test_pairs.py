# SPDX-License-Identifier: Apache-2.0
"""Several networks at each end, with strongSwan having a child for each pair of them."""

import itertools

import pytest

from lab import Cygnet, StrongSwan, wait_until
from test_strongswan import SECRETS, our_conf, their_conf

pytestmark = pytest.mark.usefixtures("strongswan")

OURS, THEIRS = ("10.1.0", "10.1.3"), ("10.2.0", "10.2.3")
PAIRS = list(itertools.product(OURS, THEIRS))
PROPOSAL = "aes128gcm-x25519"


class Networks:
    """A second network behind each gateway, as an address of its own; ours said by `words`."""

    def __init__(self, lab, words, pairs=tuple(PAIRS)):
        self.left, self.right = lab.left, lab.right
        for host, nets in ((lab.left, OURS), (lab.right, THEIRS)):
            host.ip(f"addr add {nets[1]}.1/24 dev lo")
        conf = our_conf(lab, PROPOSAL).replace(f"\tleftsubnet={lab.left.net}\n", words[0])
        self.ours = Cygnet(lab, lab.left, conf.replace(f"\trightsubnet={lab.right.net}\n", words[1]), SECRETS)
        child = "\n".join(f"}}\n {name(ours, theirs)} {{\n local_ts = {theirs}.0/24\n remote_ts = {ours}.0/24\n"
                          f" esp_proposals = aes128gcm16-x25519"
                          for ours, theirs in pairs)
        text = their_conf(lab, PROPOSAL).replace("            t {\n", "            none {\n")
        self.theirs = StrongSwan(lab, lab.right, text.replace("esp_proposals = aes128gcm16-x25519",
                                                              f"esp_proposals = aes128gcm16-x25519\n{child}", 1))

    def pings(self):
        """The pairs between which packets cross, either way."""
        return [(ours, theirs) for ours, theirs in PAIRS
                if self.left.ping(f"{theirs}.1", source=f"{ours}.1", count=2, wait=1) == 2
                and self.right.ping(f"{ours}.1", source=f"{theirs}.1", count=2, wait=1) == 2]


def name(ours, theirs):
    return f"c{ours[-1]}{theirs[-1]}"


SUBNETS = ("\tleftsubnets={10.1.0.0/24 10.1.3.0/24}\n", "\trightsubnets={10.2.0.0/24,10.2.3.0/24}\n")
SUBNET = ("\tleftsubnet=10.1.0.0/24,10.1.3.0/24\n", "\trightsubnet=10.2.0.0/24,10.2.3.0/24\n")


def test_each_pair_is_a_connection(labs):
    both = Networks(labs(), SUBNETS)
    done = both.ours.auto("--up", "t")
    for pair in ("1x1", "1x2", "2x1", "2x2"):
        assert f'004 "t/{pair}"' in done.stdout, done.stdout
    assert both.theirs.sas().count("INSTALLED") == 4 and both.theirs.sas().count("ESTABLISHED") == 1
    assert both.pings() == PAIRS
    for taken, left in (("t/1x2", 3), ("t", 0)):
        both.ours.auto("--down", taken)
        assert both.theirs.sas().count("INSTALLED") == left


@pytest.mark.parametrize("words", [SUBNETS, SUBNET], ids=["pairs", "whole"])
def test_the_peer_begins_each(labs, words):
    both = Networks(labs(), words)
    for pair in PAIRS:
        both.theirs.swanctl("--initiate", "--child", name(*pair))
    assert both.pings() == PAIRS


def test_packets_ask_for_what_the_peer_left(labs):
    """It takes a child for one pair of what was offered, and has one for each other pair, too."""
    both = Networks(labs(), SUBNET)
    done = both.ours.auto("--up", "t")
    assert "the peer takes but a part of 10.1.0.0/24, 10.1.3.0/24 === " in done.stdout, done.stdout
    assert both.theirs.sas().count("INSTALLED") == 1
    for ours, theirs in PAIRS:
        wait_until(lambda: both.left.ping(f"{theirs}.1", source=f"{ours}.1", count=1, wait=1), 10, f"{ours} to {theirs}")
    assert both.pings() == PAIRS
    assert both.theirs.sas().count("INSTALLED") == 4 and both.theirs.sas().count("ESTABLISHED") == 1
    # None goes by another one's SA.
    assert all(both.left.ping(f"{theirs}.1", source=f"{ours}.1", count=3, wait=1) == 3 for ours, theirs in PAIRS)
    assert both.theirs.sas().count("INSTALLED") == 4


def test_what_the_peer_refuses_is_asked_for_once(labs):
    both = Networks(labs(), SUBNET, PAIRS[:3])
    both.ours.auto("--up", "t")
    for ours, theirs in PAIRS[:3]:
        wait_until(lambda: both.left.ping(f"{theirs}.1", source=f"{ours}.1", count=1, wait=1), 10, f"{ours} to {theirs}")
    assert both.left.ping("10.2.3.1", source="10.1.3.1", count=8, wait=1) == 0
    told = [line for line in both.ours.logged().splitlines() if "TS_UNACCEPTABLE" in line]
    assert len(told) == 1, told
    assert both.theirs.sas().count("INSTALLED") == 3
