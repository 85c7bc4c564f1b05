# SPDX-License-Identifier: Apache-2.0
"""Userspace ESP, whatever befalls it: a killed daemon, a way that goes and comes."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from pathlib import Path

from lab import IPSEC, ClearText, Cygnet, wait_until
from test_tunnel import SECRETS, conf
from ways import gone_and_come

KILLS = int(os.environ.get("CYGNET_KILLS", "20"))
SEED = int(os.environ.get("CYGNET_SEED", "0")) or random.SystemRandom().randrange(1, 1000000)


def start(daemon, *words):
    """A command that is not waited for."""
    return subprocess.Popen(
        daemon.host.command(IPSEC, "--confs", daemon.folder, "--rundir", daemon.folder / "run", *words),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def running(host, *names):
    """The processes of a host that are called so."""
    found = []
    for pid in host.pids():
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/comm").read_text().strip() in names:
                found.append(pid)
    return found


def kill_all(host, *names):
    """What is about to become a pluto is none yet: look until there is nobody."""
    def nobody_is_left():
        pids = running(host, *names)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not pids
    wait_until(nobody_is_left, what="pluto to be dead")


def die_and_come_back(daemon, dice):
    busy = dice.choice([["auto", "--up", "office"], ["whack", "--name", "office", "--rekey-child"],
                        ["whack", "--name", "office", "--rekey-ike"], ["auto", "--down", "office"], None])
    commands = [start(daemon, *busy)] if busy else []
    time.sleep(dice.uniform(0, 0.1))
    kill_all(daemon.host, "pluto")
    time.sleep(dice.uniform(0, 0.1))
    if dice.random() < 0.3:
        # Once more, at some moment of its next start.
        commands.append(start(daemon, "setup", "start"))
        time.sleep(dice.uniform(0, 0.2))
        # It may not have come as far as the host, or its name.
        commands[-1].kill()
        commands[-1].wait()
        kill_all(daemon.host, "pluto", "ipsec")
    daemon.ipsec("setup", "start")
    for command in commands:
        command.wait(60)


def test_a_daemon_killed_at_any_moment_fails_closed(labs):
    """Its protected packets never leave in clear, and its next start brings all up again."""
    print(f"CYGNET_SEED={SEED} CYGNET_KILLS={KILLS}")
    dice = random.Random(SEED)
    lab = labs()
    # Without protection the packets would get through, and be counted.
    lab.left.run("ip", "route", "replace", lab.right.net, "via", lab.right.address)
    lab.right.run("ip", "route", "replace", lab.left.net, "via", lab.left.address)
    there, back = ClearText(lab.right, lab.left.net), ClearText(lab.left, lab.right.net)
    assert lab.alice.ping(lab.bob.address, count=2) == 2
    before = there.count(), back.count()
    assert before == (2, 2), "the counters see clear text"
    ends = [Cygnet(lab, host, conf(lab, auto="route"), SECRETS) for host in (lab.left, lab.right)]
    ways = [(lab.alice, lab.bob.address), (lab.bob, lab.alice.address)]
    wait_until(lambda: lab.alice.ping(lab.bob.address, count=1), what="the tunnel")
    before = there.count(), back.count()
    flood = [subprocess.Popen(host.command("ping", "-n", "-q", "-i", "0.01", address), stdout=subprocess.DEVNULL)
             for host, address in ways]
    try:
        for nth in range(KILLS):
            die_and_come_back(dice.choice(ends), dice)
            for host, address in ways:
                wait_until(lambda: host.ping(address, count=1, wait=0.3), 30,
                           f"{host.name}'s packets after kill {nth + 1} of seed {SEED}")
            assert (there.count(), back.count()) == before, f"in clear, at kill {nth + 1} of seed {SEED}"
    except BaseException:
        for end in ends:
            print(f"== {end.host.name}\n{end.logged()[-4000:]}")
        raise
    finally:
        for ping in flood:
            ping.kill()
            ping.wait()


def test_a_way_that_goes_and_comes(labs):
    gone_and_come(labs())


def test_what_another_pluto_guards_is_let_alone(labs):
    """One that is killed is followed by a pluto of its own run folder; another one takes another place."""
    lab = labs()
    left = Cygnet(lab, lab.left, conf(lab, auto="route"), SECRETS)
    tables = ("ip", "route", "show", "table", "all", "type", "prohibit")
    guards = lab.left.run(*tables).stdout
    assert lab.right.net in guards
    kill_all(lab.left, "pluto")
    other = Cygnet(lab, lab.left, "", SECRETS, folder="other")
    assert "device ipsec1;" in other.status()
    assert lab.left.run(*tables).stdout == guards
    other.ipsec("setup", "stop")
    assert lab.left.run(*tables).stdout == guards
    # The name of its device may be another's by now.
    lab.left.ip("link add ipsec0 type veth peer name other0")
    left.ipsec("setup", "start")
    assert lab.right.net in lab.left.run("ip", "route", "show", "table", "16757").stdout
    left.ipsec("setup", "stop")
    for table in ("16500", "16501", "16756", "16757"):
        assert not lab.left.run("ip", "route", "show", "table", table, check=False).stdout
    assert "proto 67" not in lab.left.run("ip", "rule").stdout
    lab.left.ip("link del ipsec0")


def test_a_pluto_that_hangs_is_ended(labs):
    """Also when those who asked in vain have filled its queue of callers."""
    lab = labs()
    left = Cygnet(lab, lab.left, conf(lab, auto="route"), SECRETS)
    pid = int((left.folder / "run" / "pluto.pid").read_text())
    os.kill(pid, signal.SIGSTOP)
    callers = []
    try:
        while True:
            callers.append(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK))
            callers[-1].connect(str(left.folder / "run" / "pluto.ctl"))
    except BlockingIOError:
        pass
    asked = start(left, "auto", "--status")
    done = left.ipsec("setup", "stop")
    assert f"pluto (pid {pid}) did not answer and was killed" in done.stdout
    assert asked.wait(10) != 0
    for caller in callers:
        caller.close()
    assert not lab.left.run("ip", "route", "show", "table", "16500", check=False).stdout
    left.ipsec("setup", "start")
