# SPDX-License-Identifier: Apache-2.0
"""Policy groups: networks in files, as real policies between real hosts."""

import re
import subprocess
import time

import pytest

from lab import Cygnet, wait_until

SECRETS = ': PSK "a secret that everybody here knows"\n'

CLEAR = """
conn clear
	type=passthrough
	authby=never
	left=%defaultroute
	right=%group
	auto=route
"""

BLOCK = CLEAR.replace("clear", "block").replace("passthrough", "reject")

HERE = BLOCK.replace("block", "here").replace("%defaultroute", "198.51.100.1")

PRIVATE = """
conn private
	type=tunnel
	authby=secret
	left=%defaultroute
	right=%opportunisticgroup
	failureshunt=drop
	retransmit-interval=200ms
	retransmit-timeout=2s
	auto=route
"""

PRIVATE_OR_CLEAR = PRIVATE.replace("private", "private-or-clear").replace("drop", "passthrough")


class Member(Cygnet):
    """A host with policy groups."""

    def __init__(self, lab, host, conf, **groups):
        other = lab.right if host is lab.left else lab.left
        host.run("ip", "route", "replace", "default", "via", other.address)
        policies = lab.folder / f"cygnet-{host.name}" / "ipsec.d" / "policies"
        self.policies = policies
        self.first = groups
        super().__init__(lab, host, conf, SECRETS)

    def ipsec(self, *words, **more):
        if self.first is not None:
            first, self.first = self.first, None
            self.policies.mkdir(parents=True)
            for name, text in first.items():
                self.group(name, text)
        return super().ipsec(*words, **more)

    def group(self, name, text):
        (self.policies / name.replace("_", "-")).write_text(text)

    def reread(self, check=True):
        return self.auto("--rereadgroups", check=check)


def tunnels(member):
    return member.children()


def spis(member):
    return sorted(set(re.findall(r"0x[0-9a-f]{8}", member.status())))


@pytest.mark.parametrize("family", [4, 6])
def test_private_brings_up_what_packets_ask_for(labs, family):
    lab = labs(outer=family)
    net = "192.0.2.0/24" if family == 4 else "2001:db8:0:1::/64"
    left = Member(lab, lab.left, PRIVATE, private=net)
    right = Member(lab, lab.right, PRIVATE, private=net)
    wait_until(lambda: lab.left.ping(lab.right.address, count=1), what="the first answer")
    assert tunnels(left) == tunnels(right) == 1
    assert lab.right.ping(lab.left.address) == 3
    assert tunnels(left) == tunnels(right) == 1
    assert f'private#{net}"[1]' in left.status()
    left.auto("--down", "private")
    wait_until(lambda: not tunnels(left) and not tunnels(right), what="both ends to be gone")
    wait_until(lambda: lab.left.ping(lab.right.address, count=1), what="the trap to bring it up again")


def test_private_drops_and_private_or_clear_passes_when_nobody_answers(labs):
    lab = labs()
    lab.right.run("ip", "addr", "add", "192.0.2.3/24", "dev", "wire0")
    Member(lab, lab.left, PRIVATE + PRIVATE_OR_CLEAR, private="192.0.2.2", private_or_clear="192.0.2.3")
    assert lab.left.ping("192.0.2.2", count=5, wait=1) == 0
    assert lab.left.ping("192.0.2.3", count=1, wait=1) == 0, "it waits for the negotiation"
    wait_until(lambda: lab.left.ping("192.0.2.3", count=1, wait=1), what="clear text")
    assert lab.left.ping("192.0.2.3") == 3
    assert lab.left.ping("192.0.2.2", wait=1) == 0


def test_who_speaks_first_in_clear_is_heard_where_the_group_may_be_clear(labs):
    """A stranger that knows no IPsec begins: where the rule is private it stays unheard."""
    lab = labs()
    lab.right.run("ip", "addr", "add", "192.0.2.3/24", "dev", "wire0")
    Member(lab, lab.left, PRIVATE + PRIVATE_OR_CLEAR, private="192.0.2.2", private_or_clear="192.0.2.0/24")
    assert lab.right.ping(lab.left.address, source="192.0.2.2", wait=1) == 0
    wait_until(lambda: lab.right.ping(lab.left.address, source="192.0.2.3", count=1, wait=1), what="an answer")
    assert lab.right.ping(lab.left.address, source="192.0.2.3") == 3
    assert lab.right.ping(lab.left.address, source="192.0.2.2", wait=1) == 0


def test_the_most_specific_network_decides(labs):
    lab = labs()
    for last in (3, 4, 5):
        lab.right.run("ip", "addr", "add", f"192.0.2.{last}/24", "dev", "wire0")
    Member(lab, lab.left, CLEAR + BLOCK + PRIVATE, clear="192.0.2.3 # a printer\n192.0.2.5 tcp 0 22\n",
           block="192.0.2.4/32\n", private="192.0.2.0/24")
    assert lab.left.ping("192.0.2.3") == 3
    said = lab.left.run("ping", "-n", "-c", "1", "-W", "1", "192.0.2.4", check=False).stdout
    assert "Packet filtered" in said
    assert lab.left.ping("192.0.2.5", wait=1) == 0
    assert "Connection refused" in lab.left.run(
        "/usr/bin/python3", "-c", "import socket; socket.create_connection(('192.0.2.5', 22), 3)", check=False).stderr
    assert lab.right.ping(lab.left.address, source="192.0.2.3") == 3
    assert lab.right.ping(lab.left.address, source="192.0.2.4", wait=1) == 0


def test_a_peer_that_asks_is_served_where_clear_is_the_rule(labs):
    lab = labs()
    passive = PRIVATE.replace("conn private", "conn clear-or-private").replace("type=tunnel", "type=passthrough")
    left = Member(lab, lab.left, passive, clear_or_private="192.0.2.0/24")
    assert lab.left.ping(lab.right.address) == 3, "in clear"
    right = Member(lab, lab.right, PRIVATE, private="192.0.2.1")
    wait_until(lambda: lab.right.ping(lab.left.address, count=1), what="the first answer")
    assert tunnels(left) == tunnels(right) == 1
    assert lab.left.ping(lab.right.address) == 3
    right.auto("--down", "private")
    wait_until(lambda: not tunnels(left), what="the tunnel to be gone")
    right.auto("--delete", "private")
    assert lab.left.ping(lab.right.address) == 3, "in clear again"


def test_a_reread_touches_only_what_differs(labs):
    lab = labs()
    carol = lab.host("carol")
    lab.wire(lab.left, "198.51.100.1", carol, "198.51.100.2", 24, "wire1")
    left = Member(lab, lab.left, PRIVATE + HERE, private="192.0.2.2", here="198.51.100.2")
    right = Member(lab, lab.right, PRIVATE, private="192.0.2.1")
    wait_until(lambda: lab.left.ping(lab.right.address, count=1), what="the first answer")
    assert lab.left.ping("198.51.100.2", wait=1) == 0
    before = spis(left)
    left.group("here", "198.51.100.99\n")
    left.group("private", "192.0.2.2\n203.0.113.0/24\n2001:db8::/32\n")
    left.reread()
    assert lab.left.ping("198.51.100.2") == 3
    assert "private#203.0.113.0/24" in left.status()
    assert spis(left) == before
    # A slip in a file changes nothing, and says where it is.
    left.group("private", "192.0.2.2\n 203.0.113.0/8\n")
    done = left.reread(check=False)
    assert done.returncode == 3 and "private:2:2" in done.stdout, done.stdout
    assert "private#203.0.113.0/24" in left.status()
    left.group("private", "# none\n")
    left.reread()
    wait_until(lambda: not tunnels(left) and not tunnels(right), what="the tunnel to be gone")
    assert "private#" not in left.status()


def test_a_long_file_read_again_disturbs_nothing(labs):
    lab = labs()
    many = "".join(f"10.{n // 250}.{n % 250}.0/24\n" for n in range(10000))
    left = Member(lab, lab.left, PRIVATE + CLEAR, private="192.0.2.2", clear=many)
    Member(lab, lab.right, PRIVATE, private="192.0.2.1")
    wait_until(lambda: lab.left.ping(lab.right.address, count=1), what="the first answer")
    assert "clear#10.39.249.0/24" in left.auto("--listgroups").stdout
    pings = subprocess.Popen(lab.left.command("ping", "-n", "-q", "-c", 100, "-i", "0.02", lab.right.address),
                             stdout=subprocess.PIPE, text=True)
    began = time.monotonic()
    left.reread()
    assert time.monotonic() - began < 2, "well under a second, but for what else this machine does"
    left.group("clear", many[many.index("\n") + 1:] + "2001:db8::/32\n")
    done = left.reread()
    assert "clear" in left.logged() and done.returncode == 0
    assert "100 received" in pings.communicate(timeout=30)[0]
    assert tunnels(left) == 1
    listed = left.auto("--listgroups").stdout
    assert "clear#10.0.0.0/24" not in listed and "clear#2001:db8::/32" in listed
