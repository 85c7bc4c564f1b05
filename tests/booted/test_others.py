# SPDX-License-Identifier: Apache-2.0
"""What other programs do to the kernel's tables while we run, and hosts that know no IPsec."""

import time

from lab import wait_until
from test_groups import PRIVATE, PRIVATE_OR_CLEAR, Member
from test_kernel_esp import Watch, clear_way, policies
from test_tunnel import kill, pair, tunnels


def busy(daemon):
    """Hundredths of a second that it has computed for."""
    pid = (daemon.folder / "run" / "pluto.pid").read_text().split()[0]
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        return sum(map(int, stat.read().rsplit(")", 1)[1].split()[11:13]))


def test_states_and_policies_that_others_flush_come_back(labs):
    lab = labs()
    clear_way(lab)
    east, _ = pair(lab)
    east.auto("--up", "office")
    assert lab.alice.ping(lab.bob.address) == 3
    lab.left.run("ip", "xfrm", "state", "flush")
    wait_until(lambda: lab.alice.ping(lab.bob.address, count=1), 30, "another tunnel")
    wait_until(lambda: tunnels(east) == 1, 30, "one tunnel")
    assert "another program removed SAs of ours" in east.logged()
    kept = policies(lab.left)
    for command in (("flush",), ("deleteall", "dir", "out")):
        lab.left.run("ip", "xfrm", "policy", *command)
        wait_until(lambda: sorted(policies(lab.left).split()) == sorted(kept.split()), 30, "the policies")
        watch = Watch(lab.left)
        assert lab.alice.ping(lab.bob.address) == 3
        assert watch.stop() == 0
    assert east.logged().count("another program removed 3 of our policies") == 1
    # "deleteall" looks again when it is done, and may find what was put back.
    assert "another program removed 1 of our policies" in east.logged()
    before = busy(east)
    time.sleep(2.5)
    assert busy(east) - before < 100, "the rest between two mends is over, and nothing is to be done"
    # What we remove ourselves is nobody else's deed.
    said = east.logged()
    east.ipsec("whack", "--name", "office", "--rekey-child")
    east.auto("--down", "office")
    assert east.logged().count("another program") == said.count("another program")


def of_networks(host):
    """Policies, but for those of sockets."""
    return [p.strip() for p in ("\n" + policies(host)).split("\nsrc ") if "socket" not in p]


def test_policies_of_others_stay(labs):
    lab = labs()
    east, _ = pair(lab)
    theirs = ("src", lab.left.net, "dst", lab.right.net, "dir", "out")
    lab.left.run("ip", "xfrm", "policy", "add", *theirs, "priority", "100", "action", "block")
    before = of_networks(lab.left)
    refused = " ".join(("another program has a policy in the kernel for these packets:", *theirs))
    done = east.auto("--up", "office", check=False)
    assert done.returncode and refused in done.stdout
    kill(east)
    done = east.ipsec("setup", "start", check=False)
    assert done.returncode == 30 and refused in done.stdout + done.stderr, "pluto runs, and the route is told to have failed"
    east.ipsec("setup", "stop")
    assert of_networks(lab.left) == before
    lab.left.run("ip", "xfrm", "policy", "delete", *theirs)
    east.ipsec("setup", "start")
    east.auto("--up", "office")
    assert lab.alice.ping(lab.bob.address) == 3
    kill(east)
    east.ipsec("setup", "start")
    east.auto("--up", "office")
    east.ipsec("setup", "stop")
    assert lab.right.net not in policies(lab.left)


def test_who_speaks_first_in_clear_is_heard_where_the_group_may_be_clear(labs):
    """Where the rule is private it stays unheard; a tunnel comes all the same when the other end can."""
    lab = labs()
    lab.right.run("ip", "addr", "add", "192.0.2.3/24", "dev", "wire0")
    east = Member(lab, lab.left, PRIVATE + PRIVATE_OR_CLEAR, private="192.0.2.2", private_or_clear="192.0.2.0/24")
    assert "plane: xfrm" in east.status()
    assert lab.right.ping(lab.left.address, source="192.0.2.2", count=1, wait=1) == 0
    wait_until(lambda: lab.right.ping(lab.left.address, source="192.0.2.3", count=1, wait=1), 30, "an answer")
    assert lab.right.ping(lab.left.address, source="192.0.2.3") == 3
    assert lab.right.ping(lab.left.address, source="192.0.2.2", count=1, wait=1) == 0
    east.auto("--unroute", "private")
    west = Member(lab, lab.right, PRIVATE_OR_CLEAR, private_or_clear="192.0.2.1")
    watch = Watch(lab.left)
    wait_until(lambda: lab.right.ping(lab.left.address, count=1, wait=1), 30, "the tunnel")
    assert tunnels(east) == tunnels(west) == 1
    assert lab.left.ping(lab.right.address) == 3
    assert watch.stop() == 0
