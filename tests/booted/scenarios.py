# SPDX-License-Identifier: Apache-2.0
"""What two daemons do when they meet, as a table: setting, scenario, and each end in turn.

test_peer_NAME.py plays it with one peer, in a kernel of its own.
"""

import os
import re
import subprocess

import pytest

from lab import ClearText, wait_until
from meeting import OPEN, PATIENCE, SHUT, Meeting, Setting
from peers import Missing


def up(meeting, who):
    meeting.up(who)
    meeting.ping()


# Sent while keys are renewed.
PACKETS = 60

# Who answers a rekeying should use the new SA when the other end does, and not before (RFC 7296
# 2.8). These use it at once: what arrives before our kernel has the SA is lost. iked also answers
# before its own kernel has the keys of its inbound SA, which so far only has a number: what we
# send at once is lost there. Each such packet is counted by the host it came to.
EARLY_HERE, EARLY_THERE = ("left", "XfrmInNoStates"), ("right", "XfrmAcquireError")
HASTY = {"libreswan": [EARLY_HERE], "openiked": [EARLY_HERE, EARLY_THERE]}


def came_too_early(meeting, who):
    """How many packets so far a hasty peer is to blame for, when `who` rekeys."""
    name = meeting.peer.split("-")[0]
    return meeting.counted(HASTY.get(name, [])) if who == "ours" else 0


def squeeze(meeting, who):
    """Long packets shrink, short ones go as they are, and both arrive."""
    def squeezed():
        states = meeting.lab.left.run("ip", "-s", "xfrm", "state").stdout.split("\nsrc ")
        return [int(re.search(r"(\d+)\(packets\)", state)[1]) for state in states if "proto comp" in state]

    meeting.up(who)
    host, address = meeting.pairs()[0]
    assert squeezed() == [0, 0]
    assert host.ping(address, count=3, size=1000, wait=5) == 3
    assert min(squeezed()) >= 3, squeezed()
    meeting.ping()


def carry(meeting, who):
    """What goes through an interface of ours is a tunnel like another one to the peer."""
    up(meeting, who)
    said = meeting.lab.left.run("ip", "-s", "link", "show", "ipsec7").stdout
    carried = [int(n) for n in re.findall(r"\n +\d+ +(\d+)", said)]
    assert len(carried) == 2 and min(carried) >= 3, said


def rekey_child(meeting, who):
    """Packets flow all the while, and none is lost."""
    meeting.begin()
    meeting.ping(1)
    host, address = meeting.pairs()[0]
    before, early = meeting.spis(), came_too_early(meeting, who)
    packets = subprocess.Popen(
        host.command("ping", "-n", "-q", "-i", "0.03", "-c", PACKETS, "-W", "5", address),
        stdout=subprocess.PIPE, text=True)
    meeting.end(who).rekey_child()
    said = packets.communicate(timeout=60)[0]
    lost = PACKETS - int(re.search(r"(\d+) received", said)[1])
    early = came_too_early(meeting, who) - early
    assert lost <= early, f"{early} came too early; {said}"
    wait_until(lambda: not before & meeting.spis(), PATIENCE, "the old child to go")
    meeting.both_have(1)
    meeting.ping()


def rekey_ike(meeting, who):
    meeting.begin()
    meeting.end(who).rekey_ike()
    meeting.ping()
    before = meeting.spis()
    meeting.end(who).rekey_child()
    wait_until(lambda: not before & meeting.spis(), PATIENCE, "the old child to go")
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
    meeting.route(who)
    host, address = meeting.pairs()[0 if who == "ours" else 1]
    wait_until(lambda: host.ping(address, count=1), PATIENCE, "an answer to a packet that met the trap")
    meeting.both_have(1)
    meeting.ping()


def dead(meeting, who):
    meeting.up(who)
    meeting.theirs.die()
    wait_until(lambda: not meeting.ours.children(), PATIENCE, "liveness to notice")


def shunt(meeting, who):
    """One address passes in clear and one is dropped, inside the tunnel's networks."""
    lab = meeting.lab
    lab.left.run("ip", "route", "replace", lab.right.net, "via", lab.right.address)
    lab.right.run("ip", "route", "replace", lab.left.net, "via", lab.left.address)
    meeting.up(who)
    clear = ClearText(lab.right, lab.left.net)
    for address in (OPEN, SHUT, lab.bob.address):
        assert lab.alice.ping(address) == 3
    assert clear.count() == 0, "without shunts all of it is protected"
    meeting.ours.auto("--route", "open")
    meeting.ours.auto("--route", "shut")
    meeting.theirs.let_pass()
    assert lab.alice.ping(OPEN) == 3
    assert clear.count() == 3
    assert lab.alice.ping(SHUT, wait=1) == 0
    meeting.ping()
    assert clear.count() == 3, "the tunnel carries all else"
    meeting.theirs.pass_no_more()
    for name in ("open", "shut"):
        meeting.ours.auto("--unroute", name)
    for address in (OPEN, SHUT):
        assert lab.alice.ping(address) == 3
    assert clear.count() == 3


LIVENESS = ("\tdpddelay=1s\n\tdpdtimeout=5s\n\tdpdaction=clear\n\tkeyingtries=1\n"
            "\tretransmit-interval=500ms\n\tretransmit-timeout=4s\n")
SETTINGS = {
    "v4": Setting(),
    "v6": Setting(outer=6, inner=6),
    "v6-over-v4": Setting(inner=6),
    "v4-over-v6": Setting(outer=6),
    "transport": Setting(mode="transport"),
    "beet": Setting(mode="beet"),
    "nat-left": Setting(nat="left"),
    "nat-right": Setting(nat="right"),
    "shunts": Setting(shunts=True),
    "liveness": Setting(ours=LIVENESS),
    "ah": Setting(ah=True),
    "ah-transport": Setting(ah=True, mode="transport"),
    "ipcomp": Setting(compress=True),
    "ipcomp-transport": Setting(compress=True, mode="transport"),
    "ipcomp-v6": Setting(outer=6, inner=6, compress=True),
    "interface": Setting(ours="\tipsec-interface=7\n\tleftinterface-ip=10.9.0.1/30\n"),
}
BEHIND = {"nat-left": "ours", "nat-right": "theirs"}
# Those that share a setting share one meeting, and so stand together.
TABLE = [
    ("v4", up), ("v4", rekey_child), ("v4", rekey_ike), ("v4", delete), ("v4", delete_by_the_other), ("v4", trap),
    ("v6", up), ("v6", rekey_child), ("v6-over-v4", up), ("v4-over-v6", up),
    ("transport", up), ("transport", rekey_child),
    ("beet", up), ("beet", rekey_child),
    ("nat-left", up), ("nat-left", rekey_child), ("nat-left", rekey_ike),
    ("nat-right", up), ("nat-right", rekey_child), ("nat-right", rekey_ike),
    ("shunts", shunt), ("liveness", dead),
    ("ah", up), ("ah", rekey_child), ("ah", delete), ("ah-transport", up), ("ah-transport", rekey_child),
    ("ipcomp", up), ("ipcomp", squeeze), ("ipcomp", rekey_child), ("ipcomp", delete),
    ("ipcomp-transport", squeeze), ("ipcomp-v6", squeeze),
]
# In a newer kernel: test_newer_scopes.py.
NEWER = [("interface", carry), ("interface", rekey_child)]


# What another row of the same setting shows as well: played with CYGNET_ALL=1.
CONTAINED = {
    ("ipcomp", up): squeeze,
    ("ah", up): delete,
    ("nat-left", rekey_child): rekey_ike,
    ("nat-right", rekey_child): rekey_ike,
}

# What a peer has no way to do.
UNABLE = [
    ("openiked", "shunts", shunt, "both", "iked has no connections that pass packets in clear"),
    ("openiked", "ah", up, "both", "iked offers ENCR within AH, and the states of AH that it makes carry nothing"),
    ("openiked", "ah", rekey_child, "both", "iked offers ENCR within AH, and the states of AH that it makes carry nothing"),
    ("openiked", "ah", delete, "both", "iked offers ENCR within AH, and the states of AH that it makes carry nothing"),
    ("openiked", "ah-transport", up, "both", "iked offers ENCR within AH, and the states of AH that it makes carry nothing"),
    ("openiked", "ah-transport", rekey_child, "both", "iked offers ENCR within AH, and the states of AH that it makes carry nothing"),
    ("openiked", "ipcomp", up, "both", "iked compresses on OpenBSD alone"),
    ("openiked", "ipcomp", squeeze, "both", "iked compresses on OpenBSD alone"),
    ("openiked", "ipcomp", rekey_child, "both", "iked compresses on OpenBSD alone"),
    ("openiked", "ipcomp", delete, "both", "iked compresses on OpenBSD alone"),
    ("openiked", "ipcomp-transport", squeeze, "both", "iked compresses on OpenBSD alone"),
    ("openiked", "ipcomp-v6", squeeze, "both", "iked compresses on OpenBSD alone"),
    *((peer, "beet", what, "both", f"{peer} has no BEET mode")
      for peer in ("openiked", "libreswan") for what in (up, rekey_child)),
    ("openiked", "any", trap, "theirs", "iked starts a tunnel at once or waits for it: no packet makes it begin"),
    ("openiked", "any", rekey_child, "theirs", "iked has no command to rekey"),
    ("openiked", "any", rekey_ike, "theirs", "iked has no command to rekey"),
    ("openiked", "v6-over-v4", up, "both", "a state set up by PF_KEY carries packets of its own family alone"),
    ("openiked", "v4-over-v6", up, "both", "a state set up by PF_KEY carries packets of its own family alone"),
]


def order(table):
    """The table with each end in turn, one setting after the other."""
    rows = [(setting, scenario, who) for setting, scenario in table for who in ("ours", "theirs")
            # The one behind a NAT is not found by the other.
            if scenario is not up or setting not in ("nat-left", "nat-right") or BEHIND[setting] == who]
    return sorted(rows, key=lambda row: [*SETTINGS].index(row[0]))


def marks(peer, setting, scenario, who, settings):
    if os.environ.get("CYGNET_ALL"):
        return ()
    reason = None
    if settings is not None and setting not in settings:
        reason = "a newer version plays it"
    elif (setting, scenario) in CONTAINED:
        reason = f"{CONTAINED[setting, scenario].__name__} shows it as well"
    elif peer == "cygnet" and who == "theirs" and setting not in BEHIND:
        reason = "both ends are ours: the other one's row shows the same"
    return pytest.mark.skip(reason=f"{reason}; CYGNET_ALL=1 plays it too") if reason else ()


def rows(*peers, settings=None, table=None):
    """The table, or another one, as pytest's parameters of a test(meetings, peer, setting, scenario, who).

    With `settings` only rows of these are played, unless CYGNET_ALL is set; some are so anyway (marks)."""
    made = [pytest.param(peer, setting, scenario, who, id=f"{peer}-{setting}-{scenario.__name__}-{who}",
                         marks=marks(peer, setting, scenario, who, settings))
            for peer in peers for setting, scenario, who in order(table or TABLE)]
    return pytest.mark.parametrize("peer,setting,scenario,who", made)


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


def play(meetings, peer, setting, scenario, who):
    """One row; the meeting is kept for the next one when it passes."""
    for named, where, what, begins, why in UNABLE:
        if peer.startswith(named) and scenario is what and where in (setting, "any") and begins in (who, "both"):
            pytest.skip(why)
    try:
        meeting = meetings.have(peer, setting)
    except Missing as missing:
        pytest.skip(str(missing))
    try:
        scenario(meeting, who)
        if scenario is dead:
            meetings.drop()
        else:
            meeting.reset()
    except BaseException:
        print(meeting.told())
        meetings.drop()
        raise
