# SPDX-License-Identifier: Apache-2.0
"""A NAT that gives a peer another port or address while packets flow: what is lost is what was under way."""

import re
import subprocess

import pytest

from lab import WIRE, wait_until
from meeting import Meeting, Setting
from test_scopes import counted, mangle, states

PACKETS = 60
ELSEWHERE = "192.0.2.77"


@pytest.fixture
def meeting():
    made = Meeting("cygnet", Setting(nat="left"))
    yield made
    made.close()


def seen_at(host):
    """The address and port by which a host's ESP in UDP goes out to the one behind the NAT."""
    for state in states(host).split("src ")[1:]:
        if state.startswith(f"{host.address} dst"):
            return re.match(r"\S+ dst (\S+)", state)[1], int(re.search(r"dport (\d+)", state)[1])
    return None


def rebind(nat, address):
    """Its outer address goes and (another) comes; what it had translated it forgets."""
    nat.ip("addr del 192.0.2.1/24 dev wire0", f"addr add {address}/24 dev wire0")


@pytest.mark.parametrize("address", [WIRE[4][0], ELSEWHERE], ids=["port", "address"])
def test_a_nat_rebinds(meeting, address):
    lab = meeting.lab
    nat = next(host for host in lab.hosts if host.name == "nat")
    meeting.up("ours")
    meeting.ping()
    old, port = seen_at(lab.right)
    # What is still sent to where the peer was comes to the NAT, and is translated no more.
    for chain in ("INPUT", "FORWARD"):
        mangle(nat, "-A", chain, "-i", "wire0", "-d", old, "-p", "udp", "--dport", port)
    packets = subprocess.Popen(
        lab.alice.command("ping", "-n", "-i", "0.03", "-c", PACKETS, "-W", "5", lab.bob.address),
        stdout=subprocess.PIPE, text=True)
    assert "ttl" in "".join(packets.stdout.readline() for _ in range(6))
    rebind(nat, address)
    said = packets.communicate(timeout=60)[0]
    lost = PACKETS - int(re.search(r"(\d+) received", said)[1])
    gone = counted(nat, "INPUT") + counted(nat, "FORWARD")
    print(f"lost {lost} of {gone} that went to where the peer was")
    assert seen_at(lab.right) != (old, port), said
    assert lost <= gone, f"{gone} went to where the peer was; {said}"
    meeting.ping()
    meeting.both_have(1)
    # What was set up by then and what comes later are of one mind.
    meeting.ours.rekey_child()
    wait_until(lambda: states(lab.right).count("proto esp") == 2, 30, "the old SAs to go")
    meeting.ping()
