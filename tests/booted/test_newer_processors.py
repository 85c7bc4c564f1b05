# SPDX-License-Identifier: Apache-2.0
"""SAs for single processors (RFC 9611): the kernel asks for one where packets leave, and uses it (Linux 6.13)."""

import re

from lab import wait_until
from test_kernel_esp import clear_way
from test_tunnel import pair


def served(daemon):
    """Packets sent, by the processor whose SA sent them (None: the one of all)."""
    sas = daemon.status().splitlines()
    found = {}
    for line in sas:
        sent = re.search(r"(?:; processor (\d+))?; in \d+ bytes \d+ packets, out \d+ bytes (\d+) packets", line)
        if sent:
            processor = int(sent[1]) if sent[1] else None
            found[processor] = found.get(processor, 0) + int(sent[2])
    return found


def ping_from(lab, processor, count=3):
    """On one processor all the way out: what arrives there by veth is forwarded there."""
    said = lab.alice.run("taskset", "-c", str(processor), "ping", "-c", str(count), "-i", "0.2", "-W", "5",
                         lab.bob.address, check=False).stdout
    return int(re.search(r"(\d+) received", said)[1])


def serials(daemon):
    """The numbers of all IPsec SAs that are there."""
    return set(re.findall(r"^\d+ #(\d+): .*STATE_CHILD", daemon.status(), re.MULTILINE))


def send_from(lab, processor):
    """The first packets: one that leaves between the kernel's question and our answer is lost."""
    wait_until(lambda: ping_from(lab, processor) == 3, 30, f"packets of processor {processor} to arrive")


def settled(daemon, *processors):
    """Both halves of them: who answers sends by its half some seconds later."""
    wait_until(lambda: set(served(daemon)) == {None, *processors}, 30, f"SAs for {processors} alone")


def up(labs, extra, west_extra=None):
    lab = labs()
    clear_way(lab)
    east, west = pair(lab, extra, west_extra=west_extra)
    east.auto("--up", "office")
    return lab, east, west


def test_each_processor_has_an_sa_of_its_own(labs):
    lab, east, west = up(labs, "\tclones=yes\n")
    assert set(served(east)) == {None}
    for processor in (0, 1):
        send_from(lab, processor)
    settled(east, 0, 1)
    settled(west, 0, 1)
    # No packet goes by the common one, or by another's, any more.
    before = served(east)
    assert ping_from(lab, 1, 5) == 5
    after = served(east)
    assert {processor: after[processor] - before[processor] for processor in before} == {None: 0, 0: 0, 1: 5}
    # Of --trafficstatus and of the new SAs after a rekey the same is true.
    assert {"processor=0", "processor=1"} <= set(east.ipsec("whack", "--trafficstatus").stdout.split())
    # Where both ends asked for a processor's at once it has two: each has a successor.
    old = serials(east)
    assert len(old) >= 3
    east.ipsec("whack", "--name", "office", "--rekey-child")
    assert ping_from(lab, 0) == 3
    wait_until(lambda: not old & serials(east) and set(served(east)) == {None, 0, 1}, 30, "the old SAs to go")
    before = served(east)
    assert ping_from(lab, 0, 5) == 5
    after = served(east)
    assert {processor: after[processor] - before[processor] for processor in before} == {None: 0, 0: 5, 1: 0}


def test_one_that_is_deleted_leaves_the_others(labs):
    lab, east, west = up(labs, "\tclones=2\n")
    send_from(lab, 1)
    wait_until(lambda: 1 in served(east), what="an SA of processor 1")
    number = re.search(r"#(\d+): .*processor=1", east.ipsec("whack", "--trafficstatus").stdout)[1]
    east.ipsec("whack", "--deletestate", number)
    wait_until(lambda: f"#{number}:" not in east.ipsec("whack", "--trafficstatus").stdout, what="it to go")
    send_from(lab, 1)
    wait_until(lambda: 1 in served(east), what="another one")
    east.auto("--down", "office")
    wait_until(lambda: not served(east) and not served(west), 30, "both ends to be gone")


def test_the_peers_bound_is_kept(labs):
    lab, east, west = up(labs, "\tclones=yes\n", west_extra="\tclones=1\n")
    for processor in (0, 1):
        send_from(lab, processor)
    # Which processor was first is the kernel's affair: packets that wait for ARP leave on another.
    wait_until(lambda: "(TS_MAX_QUEUE): the one that all share carries its packets" in east.logged(), 30, "a refusal")
    wait_until(lambda: len(served(east)) == len(served(west)) == 2, 30, "both halves of the one")
    assert ping_from(lab, 0) == ping_from(lab, 1) == 3
    assert len(served(east)) == 2


def test_a_peer_without_them_has_one_sa(labs):
    lab, east, west = up(labs, "\tclones=yes\n", west_extra="")
    assert ping_from(lab, 0) == ping_from(lab, 1) == 3
    assert set(served(east)) == set(served(west)) == {None}
