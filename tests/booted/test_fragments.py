# SPDX-License-Identifier: Apache-2.0
"""What a stranger's fragments in clear make of datagrams that come out of the kernel's ESP."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "kernel"))
from test_esp_fragments import Scene  # noqa: E402
from test_tunnel import pair  # noqa: E402

PORT = 5000


class Tunnel(Scene):
    """Of the kernel's, between two daemons; whoever is on the wire may send beside it."""

    def __init__(self, labs):
        self.lab, self.number = labs(), 1000
        east, _ = pair(self.lab)
        east.auto("--up", "office")
        assert "plane: xfrm" in east.status()

    def card(self, host, device):
        # The booted kernel's /sys is one for all hosts.
        return host.run("ip", "-br", "link", "show", "dev", device).stdout.split()[2].replace(":", "")

    def completes(self, host, address, sealed):
        """Whether a datagram whose first (0) or later (1) part comes by the tunnel is completed by another's in clear."""
        parts = self.datagram(address, PORT, "sx" if sealed == 0 else "xs")
        try:
            with self.hears(host, address):
                self.sealed(parts[sealed])
                self.clear(parts[1 - sealed])
        except AssertionError:
            return True
        return False


def test_what_fragments_in_clear_complete(labs):
    """At the host's own addresses Linux 6.1 takes a stranger's later part, as ipsec.conf(5) says; 7.3 does not."""
    scene = Tunnel(labs)
    host, address = scene.lab.left, scene.lab.left.inside
    with scene.hears(host, address, f"{PORT} 56 so"):
        scene.clear(*scene.datagram(address, PORT, "cc"))
        scene.sealed(*scene.datagram(address, PORT, "so"))
    assert not scene.completes(host, address, sealed=1)
    # What is forwarded is held against the policies part by part.
    behind = scene.lab.alice
    assert not scene.completes(behind, behind.address, sealed=0)
    assert not scene.completes(behind, behind.address, sealed=1)
