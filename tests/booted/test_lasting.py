# SPDX-License-Identifier: Apache-2.0
"""What must hold however long it runs: no packet lost by rekeying, none in clear after a crash."""

import os
import random
import re
import subprocess
import threading
import time

import pytest

from lab import ClearText, wait_until
from meeting import PATIENCE, Meeting, Setting
from peers import Missing

PACKETS, REKEYS = 10000, 20
FEWER = 1 if os.environ.get("CYGNET_ALL") else 5  # with others' daemons
KILLS = int(os.environ.get("CYGNET_KILLS", "20"))
SEED = int(os.environ.get("CYGNET_SEED", "1"))


@pytest.fixture
def meet():
    made = []

    def meeting(peer, setting):
        try:
            made.append(Meeting(peer, setting))
        except Missing as missing:
            pytest.skip(str(missing))
        return made[-1]

    yield meeting
    for meeting in made:
        meeting.close()


class Flow(threading.Thread):
    """Pings, 250 a second where the machine can, until there were enough of them and it is told to end."""

    BURST = 500

    def __init__(self, host, address, enough):
        super().__init__()
        self.host, self.address, self.enough = host, address, enough
        self.sent = self.answered = 0
        self.may_end = threading.Event()

    def run(self):
        while self.sent < self.enough or not self.may_end.is_set():
            said = self.host.run("ping", "-n", "-q", "-i", "0.004", "-c", self.BURST, "-W", "10", self.address,
                                 check=False, timeout=600).stdout
            self.sent += self.BURST
            self.answered += int(re.search(r"(\d+) received", said)[1])


@pytest.mark.parametrize("peer", ["cygnet", "strongswan"])
def test_no_packet_is_lost_by_rekeying(meet, peer):
    packets, rekeys = (n // (1 if peer == "cygnet" else FEWER) for n in (PACKETS, REKEYS))
    meeting = meet(peer, Setting())
    meeting.up("ours")
    meeting.ping(1)
    flow = Flow(*meeting.pairs()[0], packets)
    flow.start()
    try:
        for nth in range(rekeys):
            before = meeting.spis()
            meeting.end("ours" if nth % 2 else "theirs").rekey_child()
            wait_until(lambda: not before & meeting.spis(), PATIENCE, f"rekey {nth + 1} to be done")
    finally:
        flow.may_end.set()
        flow.join()
    assert flow.answered == flow.sent >= packets
    meeting.both_have(1)


def commands(end, dice):
    """Something for the daemon to be busy with when it is killed; not waited for."""
    words = dice.choice([["auto", "--up", "t"], ["whack", "--name", "t", "--rekey-child"],
                         ["whack", "--name", "t", "--rekey-ike"], ["auto", "--down", "t"], None])
    return words and end.start_command(*words)


def test_a_daemon_killed_at_any_moment_fails_closed(meet):
    """Its protected packets never leave in clear, and its next start brings all up again."""
    dice = random.Random(SEED)
    meeting = meet("cygnet", Setting())
    lab = meeting.lab
    # Without protection the packets would get through, and be counted.
    lab.left.run("ip", "route", "replace", lab.right.net, "via", lab.right.address)
    lab.right.run("ip", "route", "replace", lab.left.net, "via", lab.left.address)
    for host in (lab.left, lab.right):
        # How long the kernel waits for an acquire, which nobody answers who is dead.
        host.run("sysctl", "-q", "-w", "net.core.xfrm_acq_expires=3")
    there, back = ClearText(lab.right, lab.left.net), ClearText(lab.left, lab.right.net)
    meeting.ping()
    assert there.count() >= 3 and back.count() >= 3, "the counters see clear text"
    for end in (meeting.ours, meeting.theirs):
        conf = end.folder / "ipsec.conf"
        conf.write_text(conf.read_text().replace("auto=add", "auto=route"))
        end.auto("--replace", "t")
        end.auto("--route", "t")
    host, address = meeting.pairs()[0]
    wait_until(lambda: host.ping(address, count=1), PATIENCE, "the tunnel")
    before = there.count(), back.count()
    flood = [subprocess.Popen(host.command("ping", "-n", "-q", "-i", "0.02", address), stdout=subprocess.DEVNULL)
             for host, address in meeting.pairs()]
    try:
        for nth in range(KILLS):
            end = dice.choice([meeting.ours, meeting.theirs])
            busy = commands(end, dice)
            time.sleep(dice.uniform(0, 0.5))
            end.die()
            time.sleep(dice.uniform(0, 0.5))
            if dice.random() < 0.3:
                # Once more, while it starts.
                starting = end.start_command("setup", "start")
                time.sleep(dice.uniform(0, 0.6))
                end.die()
                starting.wait(60)
            end.ipsec("setup", "start")
            if busy:
                busy.wait(60)
            for host, address in meeting.pairs():
                wait_until(lambda: host.ping(address, count=1, wait=1), 2 * PATIENCE,
                           f"{host.name}'s packets after kill {nth + 1} of seed {SEED}")
            assert (there.count(), back.count()) == before, f"in clear, at kill {nth + 1} of seed {SEED}"
    except BaseException:
        print(meeting.told())
        raise
    finally:
        for ping in flood:
            ping.kill()
            ping.wait()
    wait_until(lambda: len(meeting.spis()) == 2, PATIENCE, "what was left behind to be gone")
