# SPDX-License-Identifier: Apache-2.0
"""ipsec setup: the service, its exit statuses, and what it loads at the start."""

import os
import signal
import subprocess

import pytest
from support import BUILD, OFFICE, is_alive, said, wait_until

STOPPED = "IPsec stopped\n"


def branch(name, third, auto):
    return OFFICE.replace("office", name).replace("10.2.0", f"10.2.{third}").rstrip("\n") + f"\n\tauto={auto}\n\n"


# The words


@pytest.mark.parametrize("words", [
    ["setup"], ["setup", "begin"], ["setup", "start", "now"], ["setup", "-status"], ["start", "now"]])
def test_what_can_t_be_understood(folder, words):
    done = folder.ipsec(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: ipsec setup start | stop | restart | status\n")


def test_help(folder):
    done = folder.ipsec("setup", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: ipsec setup start | stop | restart | status\n")


@pytest.mark.parametrize("words", [["setup", "status"], ["setup", "--status"], ["status"]])
def test_status_of_nothing(folder, words):
    assert said(folder.ipsec(*words), folder) == (3, STOPPED, "")


@pytest.mark.parametrize("words, status, out, err", [
    (["--confdir"], 0, "DIR\n", ""),
    (["--directory"], 0, f"{BUILD}\n", ""),
    (["--confs", "/x", "--confdir"], 0, "/x\n", ""),
    (["nonsense"], 1, "", "ipsec: there is no command nonsense; ipsec --help lists what there is\n"),
    (["--nonsense"], 1, "", "ipsec: there is no option --nonsense; ipsec --help lists what there is\n"),
    (["--confs"], 1, "", "ipsec: a folder is missing (or too long) after --confs; ipsec --help lists what there is\n"),
])
def test_the_front_command(folder, words, status, out, err):
    assert said(folder.ipsec(*words), folder) == (status, out, err)


def test_the_front_command_s_version_and_help(folder):
    assert folder.ipsec("--version").stdout.startswith("Cygnet 0")
    assert folder.ipsec("--versioncode").stdout[0].isdigit()
    for words in ([], ["--help"], ["help"]):
        done = folder.ipsec(*words)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("usage: ipsec ")


# Starting and stopping


@pytest.mark.parametrize("verb", ["start", "stop", "restart"])
def test_who_is_not_root_can_t(host, verb):
    assert said(host.as_nobody("setup", verb), host) == (4, "", f"ipsec setup: {verb} needs root\n")
    assert host.pid() == 0


def test_there_is_no_configuration(host):
    (host.path / "ipsec.conf").unlink()
    assert said(host.ipsec("setup", "start"), host) == (6, "", "ipsec setup: there is no DIR/ipsec.conf\n")
    assert host.pid() == 0


def test_a_configuration_that_everyone_may_write(host):
    (host.path / "ipsec.conf").chmod(0o666)
    done = host.ipsec("setup", "start")
    assert (done.returncode, done.stdout) == (1, "")
    assert "everyone may write DIR/ipsec.conf" in host.clear(done.stderr)
    assert host.pid() == 0


def test_start_status_stop(host):
    done = host.ipsec("setup", "start")
    pid = host.pid()
    assert said(done, host) == (0, f"pluto runs (pid {pid}): 0 connections loaded, 0 routed, 0 started\n", "")
    assert said(host.ipsec("setup", "start"), host) == (0, f"pluto is running already (pid {pid})\n", "")
    running = f"IPsec running  - pluto pid: {pid}\npluto pid {pid}\n"
    assert said(host.ipsec("setup", "status"), host) == (0, running + "0 tunnels up\n", "")
    done = host.as_nobody("setup", "status")
    assert said(done, host) == (0, running + "tunnels are told to root alone\n", "")
    assert said(host.ipsec("setup", "stop"), host) == (0, f"pluto (pid {pid}) has stopped\n", "")
    assert not is_alive(pid)
    assert said(host.ipsec("setup", "stop"), host) == (0, "pluto is not running\n", "")
    assert said(host.ipsec("setup", "status"), host) == (3, STOPPED, "")
    assert list(host.rundir.iterdir()) == []


def test_restart(host):
    host.write(branch("a", 1, "add"))
    assert host.ipsec("restart").returncode == 0
    first = host.pid()
    done = host.ipsec("setup", "restart")
    second = host.pid()
    assert second not in (0, first)
    assert said(done, host) == (0, f"pluto (pid {first}) has stopped\n"
                                   f"pluto runs (pid {second}): 1 connections loaded, 0 routed, 0 started\n", "")


def test_what_a_killed_one_leaves_behind(started):
    os.kill(started.pid(), signal.SIGKILL)
    # Its socket and lock go a moment after the process has its signal.
    wait_until(lambda: started.ipsec("setup", "status").returncode == 1, "pluto to be gone")
    assert said(started.ipsec("setup", "status"), started) == (1, STOPPED + "".join(
        f"but DIR/run/{name} is left over; the next start removes it\n"
        for name in ("pluto.pid", "pluto.ctl", "ipsec.info")), "")
    assert said(started.auto("--status"), started) == (1, "", (
        "whack: pluto is not running (connection refused at DIR/run/pluto.ctl); "
        'it died without cleaning up; "ipsec setup start" does that\n'))
    assert said(started.ipsec("setup", "stop"), started) == (0, "pluto is not running\n", "")
    assert started.start().returncode == 0
    assert started.auto("--status").returncode == 0


def test_a_stale_number_is_nobody_s(host):
    host.rundir.mkdir()
    bystander = subprocess.Popen(["sleep", "60"])
    try:
        (host.rundir / "pluto.pid").write_text(f"{bystander.pid}\n")
        assert said(host.ipsec("setup", "stop"), host) == (0, "pluto is not running\n", "")
        assert bystander.poll() is None
        assert host.ipsec("setup", "status").returncode == 1
        host.start()
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_one_that_does_not_answer_is_told_to_end(started):
    pid = started.pid()
    (started.rundir / "pluto.ctl").unlink()
    done = started.ipsec("setup", "status")
    assert said(done, started) == (0, f"IPsec running  - pluto pid: {pid}\npluto pid {pid}\nit does not answer\n", "")
    assert said(started.ipsec("setup", "stop"), started) == (0, f"pluto (pid {pid}) has stopped\n", "")


def test_pluto_that_can_t_start_says_why(host):
    host.write("config setup\n\tlogfile=/nowhere/log\n")
    done = host.ipsec("setup", "start")
    assert (done.returncode, done.stdout) == (1, "")
    assert "can't open the log file /nowhere/log" in done.stderr
    assert done.stderr.endswith("ipsec setup: pluto did not start (it says why above, or in its log)\n")


# Loading at the start


def test_auto_decides(host):
    host.write(branch("ignored", 1, "ignore") + branch("added", 2, "add") + branch("routed", 3, "route")
               + branch("started", 4, "start") + OFFICE)
    done = host.ipsec("setup", "start")
    assert said(done, host) == (0, (
        f"pluto runs (pid {host.pid()}): 3 connections loaded, 2 routed, 1 started\n"), "")
    assert host.names() == ["added", "routed", "started"]
    routing = {c["name"]: c["routing"] for c in host.status()["connections"]}
    assert routing["added"] == "unrouted"
    assert routing["routed"] == "prospective erouted"
    assert {c["name"]: c["want_up"] for c in host.status()["connections"]} == {
        "added": False, "routed": False, "started": True}


def test_a_faulty_connection_is_told_of_and_left_out(host):
    host.write(branch("bad", 1, "add").replace("leftsubnet", "leftsubnot") + branch("good", 2, "add"))
    done = host.ipsec("setup", "start")
    assert done.returncode == 0
    assert "1 connections loaded" in done.stdout
    assert "there is no keyword leftsubnot=; did you mean leftsubnet= ?" in done.stderr
    assert done.stderr.endswith("ipsec setup: 1 connections have trouble; see above\n")
    assert host.names() == ["good"]


def test_a_refusal_of_pluto_s_is_told(host):
    host.write(branch("elsewhere", 1, "route").replace("192.0.2.1", "192.0.2.77"))
    done = host.ipsec("setup", "start")
    assert done.returncode == 0
    assert '022 "elsewhere": cannot route: ' in done.stderr
    assert host.names() == ["elsewhere"]


def test_settings_reach_pluto(host):
    host.write("\tnhelpers=3\n\tlisten=192.0.2.1\n\tplutodebug=all\n")
    host.start()
    daemon = host.status()["daemon"]
    assert daemon["workers"] == 3
    assert {i["address"] for i in daemon["interfaces"]} == {"192.0.2.1"}


def test_start_brings_it_up(pair):
    east, west = pair
    assert west.auto("--add", "office").returncode == 0
    east.stop()
    east.write("\tplutowait=yes\n" + OFFICE.rstrip("\n") + "\n\tauto=start\n")
    east.start()
    assert "1 tunnels up" in east.ipsec("setup", "status").stdout
    east.stop()
    wait_until(lambda: "0 tunnels up" in west.ipsec("setup", "status").stdout, "the other end to be told")


def test_many_connections(host):
    host.write("".join(branch(f"c{i}", i, "add").replace("10.1.0", f"10.{i // 200 + 10}.{i % 200}")
                       .replace(f"10.2.{i}.", f"10.{i // 200 + 100}.{i % 200}.")
                       for i in range(600)))
    done = host.ipsec("setup", "start")
    assert "600 connections loaded" in done.stdout, done.stderr[:500]
    assert len(host.names()) == 600
