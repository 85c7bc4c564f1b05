# SPDX-License-Identifier: Apache-2.0
"""What must hold however long it runs: no packet is lost by rekeying."""

import re
import threading

import pytest

from lab import wait_until
from meeting import PATIENCE, Meeting, Setting
from peers import Missing

PACKETS, REKEYS = 10000, 20


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
    meeting = meet(peer, Setting())
    meeting.up("ours")
    meeting.ping(1)
    flow = Flow(*meeting.pairs()[0], PACKETS)
    flow.start()
    try:
        for nth in range(REKEYS):
            before = meeting.spis()
            meeting.end("ours" if nth % 2 else "theirs").rekey_child()
            wait_until(lambda: not before & meeting.spis(), PATIENCE, f"rekey {nth + 1} to be done")
    finally:
        flow.may_end.set()
        flow.join()
    assert flow.answered == flow.sent >= PACKETS
    meeting.both_have(1)
