# SPDX-License-Identifier: Apache-2.0
"""What becomes of a tunnel whose way goes and comes; the same with any plane."""

from lab import ClearText, Cygnet, wait_until
from test_tunnel import SECRETS, conf

FAR = "198.51.100.2"  # the peer, behind a router

TAKE = {
    "link": [["ip", "link", "set", "wire0", "down"]],
    "route": [["ip", "route", "del", "default"]],
    "address": [["ip", "addr", "flush", "dev", "wire0"]],
}
GIVE = {
    "link": [["ip", "link", "set", "wire0", "up"]],
    "route": [],
    "address": [["ip", "addr", "add", "192.0.2.1/24", "dev", "wire0"]],
}


def gone_and_come(lab):
    """Each of TAKE in its turn: while it is gone nothing goes, afterwards all does, by itself."""
    left, right = lab.left, lab.right
    right.run("ip", "addr", "add", f"{FAR}/32", "dev", "lo")
    to_peer = ["ip", "route", "replace", "default", "via", right.address]
    left.run(*to_peer)
    # Were it not protected, it would find its way.
    right.run("ip", "route", "replace", lab.left.net, "via", left.address)
    text = conf(lab).replace(f"right={right.address}", f"right={FAR}")
    east = Cygnet(lab, left, text, SECRETS)
    Cygnet(lab, right, text, SECRETS)
    east.auto("--up", "office")
    assert lab.alice.ping(lab.bob.address) == 3
    pid = (east.folder / "run" / "pluto.pid").read_text()
    watch = ClearText(right, left.net)
    for what, words in TAKE.items():
        for one in words:
            left.run(*one)
        assert lab.alice.ping(lab.bob.address, count=2, wait=1) == 0, f"without its {what}"
        for one in [*GIVE[what], to_peer]:
            left.run(*one)
        wait_until(lambda: lab.alice.ping(lab.bob.address, count=1, wait=1), 20, f"packets after the {what}")
    assert watch.count() == 0, "packets left in clear"
    assert (east.folder / "run" / "pluto.pid").read_text() == pid
