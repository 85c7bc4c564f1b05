# SPDX-License-Identifier: Apache-2.0
"""Our keying and the kernel's ESP against each peer, by scenario, setting and who begins."""

import subprocess

import pytest

from lab import wait_until
from meeting import PATIENCE, PEERS, Meeting, Setting
from peers import Missing


def up(meeting, who):
    meeting.up(who)
    meeting.ping()


def rekey_child(meeting, who):
    """Packets flow all the while, and none is lost."""
    meeting.up("ours")
    meeting.ping(1)
    host, address = meeting.pairs()[0]
    before = meeting.spis()
    packets = subprocess.Popen(host.command("ping", "-n", "-q", "-i", "0.05", "-c", "100", "-W", "5", address),
                               stdout=subprocess.PIPE, text=True)
    meeting.end(who).rekey_child()
    said = packets.communicate(timeout=60)[0]
    assert " 100 received" in said, said
    wait_until(lambda: not before & meeting.spis(), PATIENCE, "the old child to go")
    meeting.both_have(1)
    meeting.ping()


def rekey_ike(meeting, who):
    meeting.up("theirs")
    meeting.end(who).rekey_ike()
    meeting.ping()
    meeting.end(who).rekey_child()
    meeting.ping()
    meeting.both_have(1)


def delete(meeting, who):
    meeting.up(who)
    meeting.ping(1)
    meeting.end(who).down()
    meeting.both_have(0)


def delete_by_the_other(meeting, who):
    """Who began may begin again at once; of the old SAs nothing stays."""
    meeting.up({"ours": "theirs", "theirs": "ours"}[who])
    before = meeting.spis()
    meeting.end(who).down()
    wait_until(lambda: not before & meeting.spis(), PATIENCE, "the old SAs to go")


def trap(meeting, who):
    meeting.end(who).route()
    host, address = meeting.pairs()[0 if who == "ours" else 1]
    wait_until(lambda: host.ping(address, count=1), PATIENCE, "an answer to a packet that met the trap")
    meeting.both_have(1)
    meeting.ping()


SETTINGS = {
    "v4": Setting(),
}
# Those that share a setting share one meeting, and so stand together.
TABLE = [
    ("v4", up), ("v4", rekey_child), ("v4", rekey_ike), ("v4", delete), ("v4", delete_by_the_other), ("v4", trap),
]


def rows():
    for peer in PEERS:
        for setting, scenario in TABLE:
            for who in ("ours", "theirs"):
                yield pytest.param(peer, setting, scenario, who, id=f"{peer}-{setting}-{scenario.__name__}-{who}")


class Meetings:
    """The meeting at hand; another peer or setting takes its place."""

    def __init__(self):
        self.key = self.meeting = None

    def have(self, peer, setting):
        if (peer, setting) != self.key:
            self.drop()
            self.meeting = Meeting(peer, SETTINGS[setting])
            self.key = (peer, setting)
        return self.meeting

    def drop(self):
        if self.meeting:
            self.meeting.close()
        self.key = self.meeting = None


@pytest.fixture(scope="module")
def meetings():
    made = Meetings()
    yield made
    made.drop()


@pytest.mark.parametrize("peer,setting,scenario,who", rows())
def test_peer(meetings, peer, setting, scenario, who):
    try:
        meeting = meetings.have(peer, setting)
    except Missing as missing:
        pytest.skip(str(missing))
    try:
        scenario(meeting, who)
        meeting.reset()
    except BaseException:
        print(meeting.told())
        meetings.drop()
        raise
