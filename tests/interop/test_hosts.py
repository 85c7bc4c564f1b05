# SPDX-License-Identifier: Apache-2.0
"""right= and left= of more than one host at our end, with strongSwan as the peer."""

import pytest

from lab import SECRET, wait_until
from test_strongswan import Pair

pytestmark = pytest.mark.usefixtures("strongswan")

ELSEWHERE = "192.0.2.99"  # nobody is there


class Several(Pair):
    """The pair, of which our ipsec.conf is written anew."""

    def rewrite(self, **hosts):
        conf = self.ours.folder / "ipsec.conf"
        lines = [f"\t{key}={hosts[key]}" if (key := line.strip().split("=")[0]) in hosts else line
                 for line in conf.read_text().splitlines()]
        conf.write_text("\n".join(lines) + "\n")
        return self.ours.auto("--replace", "t").stdout

    def end(self):
        self.theirs.swanctl("--terminate", "--ike", "t", check=False)
        self.gone()


@pytest.fixture
def pair(labs):
    return Several(labs(), "aes128gcm-x25519")


def test_a_peer_of_a_network_or_a_list(pair):
    right = pair.lab.right.address
    # What the network is also has our own address; left= is closer.
    for hosts in ("192.0.2.0/24", "192.0.2.2-192.0.2.20", f"{ELSEWHERE},10.99.0.0/16,192.0.2.0/28",
                  f"%{ELSEWHERE}", "%nobody.invalid"):
        pair.rewrite(right=hosts)
        pair.up("theirs")
        assert f'"t"[' in pair.ours.status(), hosts
        pair.ping(1)
        pair.end()
    # The peer is in none of these, and is told apart from who is.
    pair.rewrite(right=f"{ELSEWHERE},10.99.0.0/16,192.0.2.3-192.0.2.20")
    assert pair.theirs.swanctl("--initiate", "--child", "t", check=False).returncode
    # And the first one host is who we begin with, as a connection of our own.
    pair.rewrite(right=f"10.99.0.0/16,{right},192.0.2.0/24")
    pair.up("ours")
    assert f'"t"[' not in pair.ours.status()
    pair.ping(1)


def test_what_no_one_host_is_named_for_is_not_begun(pair):
    pair.rewrite(right="192.0.2.0/24", rightsubnet="")
    for operation in ("--up", "--route"):
        done = pair.ours.auto(operation, "t", check=False)
        assert done.returncode not in (0, 1, 2)
        assert "192.0.2.0/24" in done.stdout and "before the networks" in done.stdout, done.stdout


def test_our_end_is_several_addresses(pair):
    lab = pair.lab
    second = "198.51.100.1"
    lab.left.ip(f"addr add {second}/32 dev lo")
    lab.right.ip(f"route add {second} via {lab.left.address}")
    pair.rewrite(left=f"{lab.left.address},{second}", right=f"{lab.right.address},10.99.0.0/16")
    conf = pair.theirs.folder / "swanctl.conf"
    conf.write_text(conf.read_text().replace(f"remote_addrs = {lab.left.address}", f"remote_addrs = {second}"))
    pair.theirs.swanctl("--load-all", "--file", "/etc/peer/swanctl.conf")
    wait_until(lambda: second in pair.ours.status() or pair.ours.auto("--ready"), what="the address")
    pair.up("theirs")
    pair.ping(1)
    assert second in pair.theirs.sas()
    assert SECRET not in pair.ours.logged()
