# SPDX-License-Identifier: Apache-2.0
"""ipsec setup: the service, its exit statuses, and what it loads at the start."""

import os
import re
import signal
import subprocess

import pytest
from support import BUILD, IPSEC, OFFICE, is_alive, said, wait_until

STOPPED = "IPsec stopped\n"


def branch(name, third, auto):
    return OFFICE.replace("office", name).replace("10.2.0", f"10.2.{third}").rstrip("\n") + f"\n\tauto={auto}\n\n"


# The words


USAGE = "usage: ipsec setup [--config FILE] start | stop | restart | reload | status\n"
HELP = "ipsec setup: --help tells how it is used\n"


@pytest.mark.parametrize("words, err", [
    (["setup", "begin"], "there is no begin"),
    (["setup", "strat"], "there is no strat; did you mean start?"),
    (["setup", "start", "now"], "one word too many: now"),
    (["setup", "-status"], "there is no -status; did you mean status?"),
    (["stop", "now"], "one word too many: now"),
])
def test_what_can_t_be_understood(folder, words, err):
    assert said(folder.ipsec(*words), folder) == (2, "", f"ipsec setup: {err}\n{HELP}")


def test_no_word(folder):
    done = folder.ipsec("setup")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(USAGE)


@pytest.mark.parametrize("words", [["setup", "--help"], ["stop", "--help"], ["reload", "--help"]])
def test_help(folder, words):
    done = folder.ipsec(*words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(USAGE)


@pytest.mark.parametrize("words", [["setup", "status"], ["setup", "--status"]])
def test_status_of_nothing(folder, words):
    assert said(folder.ipsec(*words), folder) == (3, STOPPED, "")


@pytest.mark.parametrize("words, status, out, err", [
    (["--confdir"], 0, "DIR\n", ""),
    (["--directory"], 0, f"{BUILD}\n", ""),
    (["--confs", "/x", "--confdir"], 0, "/x\n", ""),
    (["nonsense"], 1, "", "ipsec: there is no command nonsense; ipsec --help lists what there is\n"),
    (["chekconf"], 1, "", "ipsec: there is no command chekconf; did you mean checkconf?\n"),
    (["--confs", "/x"], 1, "", None),
    (["--nonsense"], 1, "", "ipsec: there is no option --nonsense; ipsec --help lists what there is\n"),
    (["--confs"], 1, "", "ipsec: a folder is missing (or too long) after --confs; ipsec --help lists what there is\n"),
])
def test_the_front_command(folder, words, status, out, err):
    done = said(folder.ipsec(*words), folder)
    assert done[:2] == (status, out)
    assert err is None or done[2] == err


def test_it_links_little():
    """What it does not link it need not load: it starts in about a millisecond."""
    needed = subprocess.run(["ldd", IPSEC], capture_output=True, text=True, check=True).stdout
    assert not [name for name in ("libcrypto", "libcurl", "libuv") if name in needed]


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


def loaded(host):
    return host.status()["daemon"]["counts"]["connections"]


def test_start_finishes_what_was_not(host):
    """pluto runs, and who started it was killed before --ready, or before it routed."""
    host.write(OFFICE.rstrip("\n") + "\n\tauto=route\n")
    host.start_deaf()
    for _ in range(2):
        done = host.ipsec("setup", "start")
        assert (done.returncode, done.stdout) == (
            0, "1 connection loaded, 0 deleted, 0 left as they were, 1 routed, 0 started\n"), done.stderr
        assert done.stderr == (f"ipsec setup: pluto runs (pid {host.pid()}), and not all was loaded when it was "
                               "started; that is done now\n")
        assert said(host.ipsec("setup", "start"), host) == (0, f"pluto is running already (pid {host.pid()})\n", "")
        assert host.auto("--delete", "office").returncode == 0
        (host.path / "run/ipsec_setup.pid").write_text("1\n")
    host.ipsec("setup", "start")
    assert not (host.path / "run/ipsec_setup.pid").exists()


def test_a_link_in_place_of_the_mark_is_not_followed(host):
    host.write(OFFICE.rstrip("\n") + "\n\tauto=add\n")
    host.rundir.mkdir(mode=0o755)
    (host.path / "precious").write_text("as it was\n")
    (host.rundir / "ipsec_setup.pid").symlink_to(host.path / "precious")
    assert host.ipsec("setup", "start").returncode == 0
    assert (host.path / "precious").read_text() == "as it was\n"
    assert said(host.ipsec("setup", "start"), host) == (0, f"pluto is running already (pid {host.pid()})\n", "")


def test_a_start_that_is_killed(host):
    host.write("".join(OFFICE.replace("office", f"c{i}").replace("10.2.0.0/24", f"10.{i >> 8}.{i & 255}.0/28").rstrip("\n")
                       + "\n\tauto=add\n" for i in range(20000)))
    first = host.popen(IPSEC, "setup", "start")
    wait_until(lambda: (host.path / "run/ipsec_setup.pid").exists(), "the first start to load")
    assert host.ipsec("setup", "start").stdout == (
        f"pluto runs (pid {host.pid()}), and ipsec setup (pid {first.pid}) is loading its connections\n")
    first.kill()
    first.wait()
    assert loaded(host) < 20000
    assert host.ipsec("setup", "start").returncode == 0
    assert loaded(host) == 20000


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
                                   f"pluto runs (pid {second}): 1 connection loaded, 0 routed, 0 started\n", "")


LEFT_RUNNING = "ipsec setup: pluto is not stopped and runs as before; mend this and restart again\n"


@pytest.mark.parametrize("verb", ["restart", "try-restart"])
@pytest.mark.parametrize("harm, status, why", [
    (lambda host: (host.path / "ipsec.conf").unlink(), 6, "there is no DIR/ipsec.conf"),
    (lambda host: (host.path / "ipsec.conf").chmod(0o666), 1, "everyone may write DIR/ipsec.conf"),
    (lambda host: host.write("con office\n"), 1, "ipsec setup: DIR/ipsec.conf:5 could not be read, and no connection"),
    (lambda host: host.write("include more.conf\n"), 1, "ipsec setup: DIR/ipsec.conf:5 could not be read"),
    (lambda host: (host.path / "ipsec.secrets").chmod(0o644), 1,
     "ipsec setup: pluto would refuse the file of secrets (see above)"),
    (lambda host: host.write("config setup\n\tlogfile=/nowhere/log\n"), 1, "can't open the log file /nowhere/log"),
    (lambda host: host.write("config setup\n\tlogfile=/\n"), 1, "can't open the log file /"),
    (lambda host: host.write("config setup\n\tlisten=192.0.2.99\n"), 1,
     "no address of --listen (listen=) is one of this host's"),
    (lambda host: host.write("config setup\n\tlisten=foo\n"), 1, "--listen wants IP addresses"),
])
def test_a_restart_stops_nothing_that_it_can_t_start_again(host, verb, harm, status, why):
    host.start()
    first = host.pid()
    harm(host)
    done = host.ipsec("setup", verb)
    assert (done.returncode, done.stdout) == (status, "")
    assert why in host.clear(done.stderr)
    assert done.stderr.endswith(LEFT_RUNNING)
    assert host.pid() == first
    assert host.auto("--status").returncode == 0


def test_a_restart_without_secrets(host):
    (host.path / "ipsec.secrets").unlink()
    host.start()
    first = host.pid()
    assert host.ipsec("setup", "restart").returncode == 0
    assert host.pid() not in (0, first)


def test_what_oe_makes_up(host):
    """The policy groups' connections are loaded and routed like those that the file has."""
    host.set_up("ip route add default via 192.0.2.2\n")
    host.write("config setup\n\toe=yes\nconn %oedefault\n\tkeyingtries=5\nconn private\n\tauto=ignore\n")
    (host.path / "ipsec.d/policies").mkdir(parents=True)
    (host.path / "ipsec.d/policies/clear").write_text("10.9.0.0/16\n")
    made_up = ["clear", "clear-or-private", "private-or-clear", "block", "packetdefault"]
    assert host.ipsec("addconn", "--listroute").stdout.split() == made_up
    done = host.ipsec("checkconf", "--notes")
    out = host.clear(done.stdout)
    assert done.returncode == 0, out
    assert "note: oe=yes: peers are looked up in the DNS" in out, out
    assert out.count("looked up in the DNS") == 1
    shown = host.ipsec("showconf", "--conf", "clear").stdout
    assert "\tkeyingtries=5\n" in shown and "\ttype=passthrough\n" in shown, shown
    done = host.ipsec("setup", "start")
    assert said(done, host)[:2] == (
        0, f"pluto runs (pid {host.pid()}): 5 connections loaded, 5 routed, 0 started\n"), done.stderr
    routing = {c["name"]: c["routing"] for c in host.status()["connections"]}
    assert set(made_up) < set(routing) and "clear#10.9.0.0/16" in routing, routing
    assert host.auto("--delete", "clear").returncode == 0
    assert "clear" not in host.names()
    assert host.auto("--add", "clear").returncode == 0
    assert "clear" in host.names()


@pytest.mark.parametrize("verb", ["condrestart", "try-restart"])
def test_restart_of_what_runs(host, verb):
    assert said(host.ipsec("setup", verb), host) == (0, "", "")
    assert host.pid() == 0
    host.start()
    first = host.pid()
    assert host.ipsec("setup", verb).returncode == 0
    assert host.pid() not in (0, first)


def test_what_a_killed_one_leaves_behind(started):
    os.kill(started.pid(), signal.SIGKILL)
    # Its socket and lock go a moment after the process has its signal.
    wait_until(lambda: started.ipsec("setup", "status").returncode == 1, "pluto to be gone")
    assert said(started.ipsec("setup", "status"), started) == (1, STOPPED + "".join(
        f"but DIR/run/{name} is left over; the next start or stop removes it\n"
        for name in ("pluto.pid", "pluto.ctl", "ipsec.info", "pluto.plane")), "")
    assert said(started.auto("--status"), started) == (1, "", (
        "whack: pluto is not running (connection refused at DIR/run/pluto.ctl); "
        'it died without cleaning up; "ipsec setup start" does that\n'))
    (started.rundir / "updown.journal").write_text("+ 1 office\n^ 1 \n+ 2 branch\n")
    assert said(started.ipsec("setup", "stop"), started) == (0, (
        "pluto is not running\n"
        '"office": its updown program was not called for down and unroute: what that set up still stands\n'
        '"branch": its updown program was not called for unroute: what that set up still stands\n'
        "removed what an earlier pluto left in DIR/run\n"), "")
    assert list(started.rundir.iterdir()) == []
    assert said(started.ipsec("setup", "status"), started) == (3, STOPPED, "")
    assert said(started.ipsec("setup", "stop"), started) == (0, "pluto is not running\n", "")
    assert started.start().returncode == 0
    assert started.auto("--status").returncode == 0


def test_a_stale_number_is_nobody_s(host):
    host.rundir.mkdir()
    bystander = subprocess.Popen(["sleep", "60"])
    try:
        (host.rundir / "pluto.pid").write_text(f"{bystander.pid}\n")
        assert host.ipsec("setup", "status").returncode == 1
        assert said(host.ipsec("setup", "stop"), host) == (
            0, "pluto is not running\nremoved what an earlier pluto left in DIR/run\n", "")
        assert bystander.poll() is None
        assert host.ipsec("setup", "status").returncode == 3
        host.start()
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def rules(host):
    """What pluto has put up in the kernel, of whatever instance."""
    return [line for words in (["ip", "rule"], ["ip", "route", "show", "table", "all"], ["nft", "list", "tables"])
            for line in host.run(*words).stdout.splitlines()
            if "165" in line or "cygnet" in line or "proto 67" in line]


def use_esp(host, conf=""):
    host.write(conf)
    text = (host.path / "ipsec.conf").read_text()
    (host.path / "ipsec.conf").write_text(text.replace("plane=memory", "plane=esp"))
    if not os.path.exists("/dev/net/tun"):
        pytest.skip("there is no /dev/net/tun")


def kill(host):
    pid = host.pid()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: host.ipsec("setup", "status").returncode == 1, "pluto to be gone")


@pytest.mark.parametrize("network", ["10.1.1.0/24", "0.0.0.0/0"])
def test_a_connection_that_goes_takes_its_rules_along(host, network):
    use_esp(host, branch("routed", 1, "ignore").replace("leftsubnet=10.1.0.0/24", f"leftsubnet={network}"))
    host.start()
    before = rules(host)
    assert host.auto("--add", "routed").returncode == host.auto("--route", "routed").returncode == 0
    assert rules(host) != before
    assert host.auto("--delete", "routed").returncode == 0
    assert rules(host) == before


BLOCKED = "what the tunnels of the pluto before protected is blocked until the next start or stop\n"


def test_stop_frees_what_a_killed_one_blocks(host):
    use_esp(host, branch("routed", 1, "route"))
    host.start()
    assert rules(host)
    kill(host)
    assert rules(host)
    assert host.ipsec("setup", "status").stdout.endswith(BLOCKED)
    done = host.ipsec("setup", "stop")
    assert done.returncode == 0, done.stderr
    assert "removed what an earlier pluto left of plane esp, instance 0: " in done.stdout
    assert rules(host) == []
    assert said(host.ipsec("setup", "status"), host) == (3, STOPPED, "")


def cannot_start(host):
    """A pluto that says it could start, and then does not."""
    programs = host.path / "exec"
    programs.mkdir()
    (programs / "pluto").write_text(
        f'#!/bin/sh\ncase "$*" in *--check*|*--cleanup*) exec {BUILD}/pluto "$@" ;; esac\nexit 1\n')
    (programs / "pluto").chmod(0o755)
    return ["env", f"IPSEC_EXECDIR={programs}", "ipsec"]


def test_a_restart_that_fails_goes_on_blocking(host):
    use_esp(host, branch("routed", 1, "route"))
    host.start()
    lame = cannot_start(host)
    done = host.run(*lame, "setup", "restart")
    assert done.returncode == 1
    assert done.stdout.endswith(BLOCKED)
    assert any("prohibit" in line for line in rules(host))
    assert host.ipsec("setup", "status").stdout.endswith(BLOCKED)
    # Another start that fails forgets nothing either.
    assert host.run(*lame, "setup", "start").returncode == 1
    assert any("prohibit" in line for line in rules(host))
    done = host.ipsec("setup", "stop")
    assert "removed what an earlier pluto left of plane esp, instance 0: " in done.stdout
    assert rules(host) == []


def test_another_plane_takes_over(host):
    """What the one before guarded is freed once this one's connections are routed, or at its stop."""
    use_esp(host, branch("routed", 1, "route"))
    host.start()
    conf = (host.path / "ipsec.conf").read_text()
    (host.path / "ipsec.conf").write_text(conf.replace("plane=esp", "plane=memory"))
    assert host.ipsec("setup", "restart").returncode == 0
    assert (host.rundir / "pluto.plane").read_text() == "memory 0\nesp 0\n"
    assert any("prohibit" in line for line in rules(host))
    wait_until(lambda: rules(host) == [], "the guards to go", 20)
    wait_until(lambda: (host.rundir / "pluto.plane").read_text() == "memory 0\n", "the note of them to go")
    (host.path / "ipsec.conf").write_text(conf)
    assert host.ipsec("setup", "restart").returncode == 0
    (host.path / "ipsec.conf").write_text(conf.replace("plane=esp", "plane=memory"))
    assert host.ipsec("setup", "restart").returncode == 0
    assert host.stop().returncode == 0
    assert rules(host) == []


@pytest.mark.parametrize("verb", ["start", "restart"])
def test_a_start_at_once_behind_a_kill(host, verb):
    """A process that is being killed still has its socket, which takes callers in."""
    use_esp(host, branch("routed", 1, "route"))
    for _ in range(5):
        host.start()
        pid = host.pid()
        os.kill(pid, signal.SIGKILL)
        done = host.ipsec("setup", verb)
        assert done.returncode == 0, done.stderr
        assert host.pid() not in (0, pid)
        assert f"pluto runs (pid {host.pid()})" in done.stdout


def test_a_status_at_once_behind_a_kill(host):
    for _ in range(5):
        host.start()
        os.kill(host.pid(), signal.SIGKILL)
        assert host.ipsec("setup", "status").returncode == 1


def test_a_file_of_secrets_that_has_gone(host):
    """To a pluto that has some it is a fault, whatever is asked; to one that has none it is as it may be."""
    (host.path / "ipsec.secrets").write_text('@a @b : PSK "what two ends share"\n')
    host.write(OFFICE)
    host.start()
    pid = host.pid()
    (host.path / "ipsec.secrets").unlink()
    assert host.ipsec("setup", "reload").returncode == 30
    assert host.ipsec("setup", "restart").returncode == 1 and host.pid() == pid
    host.stop()
    done = host.ipsec("setup", "start")
    assert done.returncode == 0 and "there is no DIR/ipsec.secrets, and so no secret" in host.clear(done.stderr), done
    assert host.ipsec("setup", "restart").returncode == 0


def test_a_connection_that_is_renamed_guards_all_the_while(host):
    host.write(branch("before", 1, "route"))
    host.start()
    host.write(branch("after", 1, "route"))
    done = host.ipsec("setup", "reload")
    assert done.stdout == "1 connection loaded, 1 deleted, 0 left as they were, 1 routed, 0 started\n", done
    log = host.log()
    assert 0 < log.index('added connection description "after"') < log.rindex('"before"'), log
    assert host.names() == ["after"]


def test_starts_at_once_are_one(host):
    host.write(branch("one", 1, "route"))
    starts = [subprocess.Popen([*host.enter(), "ipsec", "setup", "start"], env={**os.environ, **host.environment()},
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
              for _ in range(4)]
    said = [start.communicate(timeout=60)[0] for start in starts]
    assert [start.returncode for start in starts] == [0] * 4, said
    assert host.names() == ["one"]


def test_a_log_is_rotated(host):
    host.write(OFFICE)
    host.start()
    log = next(host.path.glob("*log*"))
    log.rename(host.path / "old")
    os.kill(host.pid(), signal.SIGHUP)
    wait_until(lambda: log.exists() and "SIGHUP opens the log file anew" in log.read_text(), "the new file")


def test_a_log_that_is_a_pipe_is_not_waited_for(host):
    os.mkfifo(host.path / "pipe")
    text = (host.path / "ipsec.conf").read_text()
    (host.path / "ipsec.conf").write_text(re.sub(r"(plutostderrlog|logfile)=.*", f"logfile={host.path}/pipe", text))
    assert f"logfile={host.path}/pipe" in (host.path / "ipsec.conf").read_text(), text
    done = host.ipsec("setup", "start")
    assert done.returncode != 0 and "a pipe that nobody reads" in done.stderr, done


def test_one_that_hangs_does_not_answer(started):
    pid = started.pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        done = started.ipsec("setup", "status")
        assert said(done, started) == (
            4, f"IPsec does not answer: pluto (pid {pid}) starts, stops or hangs\n", "")
    finally:
        os.kill(pid, signal.SIGCONT)


def test_no_cleanup_of_what_runs(host):
    use_esp(host, branch("routed", 1, "route"))
    host.start()
    before = rules(host)
    done = host.ipsec("pluto", "--cleanup")
    assert (done.returncode, done.stdout) == (10, "")
    assert "another pluto is running here" in done.stderr
    assert rules(host) == before


def test_two_in_one_network_namespace(host):
    use_esp(host, "\tlisten=192.0.2.1\n")
    host.start()
    host.run("ip", "addr", "add", "192.0.2.9/24", "dev", "wire0")
    second = host.path / "second"
    second.mkdir()
    text = (host.path / "ipsec.conf").read_text()
    (second / "ipsec.conf").write_text(text.replace("192.0.2.1", "192.0.2.9").replace("/log", "/second/log"))

    def other(verb):
        return host.run("env", f"IPSEC_CONFS={second}", f"IPSEC_RUNDIR={second}/run", "ipsec", "setup", verb)

    try:
        assert other("start").returncode == 0
        assert (second / "run" / "pluto.plane").read_text() == "esp 1\n"
        assert (host.rundir / "pluto.plane").read_text() == "esp 0\n"
        os.kill(int((second / "run" / "pluto.pid").read_text()), signal.SIGKILL)
        wait_until(lambda: other("status").returncode == 1, "the second pluto to be gone")
        assert host.stop().returncode == 0
        # Instance 0 is free, and 1 has what the killed one left.
        assert other("start").returncode == 0
        assert (second / "run" / "pluto.plane").read_text() == "esp 1\n"
        host.start()
        os.kill(int((second / "run" / "pluto.pid").read_text()), signal.SIGKILL)
        wait_until(lambda: other("status").returncode == 1, "the second pluto to be gone")
        # It is said to have had what another one has by now: that stays as it is.
        (second / "run" / "pluto.plane").write_text("esp 0\n")
        before = [line for line in rules(host) if "16500" in line]
        assert before
        assert other("stop").returncode == 0
        assert [line for line in rules(host) if "16500" in line] == before
    finally:
        other("stop")


def test_one_that_does_not_answer_is_told_to_end(started):
    pid = started.pid()
    (started.rundir / "pluto.ctl").unlink()
    done = started.ipsec("setup", "status")
    assert said(done, started) == (4, f"IPsec does not answer: pluto (pid {pid}) starts, stops or hangs\n", "")
    assert said(started.ipsec("setup", "stop"), started) == (0, f"pluto (pid {pid}) has stopped\n", "")


def test_one_that_hangs_is_killed(started):
    pid = started.pid()
    (started.rundir / "pluto.ctl").unlink() # it is not waited for then
    os.kill(pid, signal.SIGSTOP)
    assert said(started.ipsec("setup", "reload"), started) == (
        1, "", 'ipsec setup: pluto does not answer; "ipsec setup restart" ends it\n')
    assert said(started.ipsec("setup", "stop"), started) == (
        0, f"pluto (pid {pid}) did not answer and was killed\nremoved what an earlier pluto left in DIR/run\n", "")
    assert list(started.rundir.iterdir()) == []


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
    assert done.returncode == 30
    assert "1 connection loaded" in done.stdout
    assert "there is no keyword leftsubnot=; did you mean leftsubnet= ?" in done.stderr
    assert done.stderr.endswith("ipsec setup: 1 connection has trouble; see above\n")
    assert host.names() == ["good"]
    done = host.ipsec("setup", "restart")
    assert done.returncode == 30
    assert host.names() == ["good"]


def test_what_several_connections_share_is_told_once(host):
    """The pairs of leftsubnets=, and what stands in a section that others take in."""
    host.write("conn shared\n\tesp=aes128-sha1\n\trightsubnetwithin=10.0.0.0/8\n" +
               branch("a", 1, "add").replace("leftsubnet=", "also=shared\n\tleftsubnets=10.99.0.0/24,") +
               branch("b", 2, "add") + "\talso=shared\n")
    done = host.ipsec("setup", "start")
    assert done.returncode == 0
    assert len(host.names()) == 3
    assert done.stderr.count("HMAC_SHA1_96 is weak") == 1
    assert done.stderr.count("rightsubnetwithin= has no effect") == 1


def test_a_refusal_of_pluto_s_is_told(host):
    host.write(branch("elsewhere", 1, "route").replace("192.0.2.1", "192.0.2.77"))
    done = host.ipsec("setup", "start")
    assert done.returncode == 30
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


def test_what_was_waited_for_in_vain_is_not_started(pair):
    """The other end does not know the connection: it refuses at once."""
    east, west = pair
    east.stop()
    east.write("\tplutowait=yes\n" + OFFICE.rstrip("\n") + "\n\tkeyingtries=1\n\tauto=start\n\n" + branch("b", 2, "add"))
    done = east.ipsec("setup", "start")
    assert (done.returncode, done.stdout) == (
        30, f"pluto runs (pid {east.pid()}): 2 connections loaded, 1 routed, 0 started\n")
    assert done.stderr.endswith("ipsec setup: 1 connection has trouble; see above\n")


def test_a_connection_in_trouble_counts_once(host):
    host.write(branch("elsewhere", 1, "start").replace("192.0.2.1", "192.0.2.77"))
    done = host.ipsec("setup", "start")
    assert (done.returncode, done.stdout) == (
        30, f"pluto runs (pid {host.pid()}): 1 connection loaded, 0 routed, 0 started\n")
    assert done.stderr.endswith("ipsec setup: 1 connection has trouble; see above\n")
    assert "cannot route" not in done.stderr
    assert done.stderr.count("neither end is an address of this host") == 1


def test_a_name_without_an_address_is_named(host):
    host.write(branch("b", 1, "start").replace("\tright=192.0.2.2", "\tright=nosuch.invalid"))
    done = host.ipsec("setup", "start")
    assert done.returncode == 30
    assert '029 "b": cannot initiate: no address of nosuch.invalid is known yet; ' in done.stderr


def test_many_connections(host):
    host.write("".join(branch(f"c{i}", i, "add").replace("10.1.0", f"10.{i // 200 + 10}.{i % 200}")
                       .replace(f"10.2.{i}.", f"10.{i // 200 + 100}.{i % 200}.")
                       for i in range(600)))
    done = host.ipsec("setup", "start")
    assert "600 connections loaded" in done.stdout, done.stderr[:500]
    assert len(host.names()) == 600


# Reloading


def routing(host):
    return {c["name"]: c["routing"] for c in host.status()["connections"]}


def test_an_ipsec_info_that_can_not_be_written_is_told(host):
    host.write(branch("a", 1, "add"))
    host.start()
    info = host.rundir / "ipsec.info"
    assert "defaultroutephys=" in info.read_text()
    (host.rundir / "ipsec.info.new").mkdir()
    done = host.auto("--ready")
    assert done.returncode == 3
    assert f"can't write {info} (File exists)" in done.stdout
    assert not info.exists()
    done = host.ipsec("reload")
    assert done.returncode == 30 and f"can't write {info}" in done.stderr
    (host.rundir / "ipsec.info.new").rmdir()
    assert host.auto("--ready").returncode == 0
    assert "defaultroutephys=" in info.read_text()


def test_an_ipsec_info_by_hand_counts_where_there_is_no_default_route(host):
    """It is left as it is, also at the end; the kernel's default route goes before it."""
    host.write(branch("a", 1, "add").replace("left=192.0.2.1", "left=%defaultroute"))
    text = "# mine\ndefaultrouteaddr=192.0.2.1\ndefaultroutenexthop=192.0.2.2\n"
    by_hand = "%defaultroute: wire0 192.0.2.1; next hop 192.0.2.2"
    host.rundir.mkdir(exist_ok=True)
    info = host.rundir / "ipsec.info"
    info.write_text(text)
    assert said(host.ipsec("showroute"), host)[:2] == (0, "%defaultroute: from 192.0.2.1 by 192.0.2.2 on wire0\n")
    host.start()
    assert host.auto("--ready").returncode == 0
    assert by_hand in host.auto("--status").stdout
    assert '"a": ' in host.auto("--status").stdout and "192.0.2.1<%defaultroute>" in host.auto("--status").stdout
    assert info.read_text() == text
    done = host.ipsec("showdefaults")
    assert (done.returncode, done.stdout) == (0, text) and "pluto did not write this" in done.stderr
    # The kernel's.
    host.set_up("ip route add default via 192.0.2.254 dev wire0\n")
    assert host.auto("--ready").returncode == 0
    assert "%defaultroute: wire0 192.0.2.1; next hop 192.0.2.254" in host.auto("--status").stdout
    assert info.read_text() == text
    host.set_up("ip route del default\n")
    assert host.auto("--ready").returncode == 0
    assert by_hand in host.auto("--status").stdout
    # Faults have their place.
    info.write_text("# mine\ndefaultrouteaddr=gateway\n")
    done = host.auto("--ready")
    assert done.returncode == 3 and f"{info}:2:1: " in done.stdout and "gateway" in done.stdout
    info.write_text("defaultrouteaddr=192.0.2.77\n")
    done = host.auto("--ready")
    assert done.returncode == 3 and "192.0.2.77" in done.stdout
    assert "%defaultroute: " not in host.auto("--status").stdout
    info.write_text(text)
    assert host.ipsec("setup", "stop").returncode == 0
    assert info.read_text() == text
    # Without it pluto writes its own, and takes it away.
    info.unlink()
    host.start()
    assert "defaultrouteaddr=''" in info.read_text()
    assert host.ipsec("setup", "stop").returncode == 0
    assert not info.exists()


@pytest.mark.parametrize("words", [["--config", "other.conf"], ["--config=other.conf"]])
def test_another_file(host, words):
    host.write(branch("a", 1, "add"))
    (host.path / "other.conf").write_text((host.path / "ipsec.conf").read_text().replace("conn a", "conn other"))
    assert said(host.ipsec("setup", "start", "--config"), host) == (2, "", "ipsec setup: --config needs a file\n")
    assert said(host.ipsec("setup", "--config", "no.conf", "start"), host) == (6, "", "ipsec setup: there is no no.conf\n")
    assert host.ipsec("setup", *words, "start").returncode == 0
    assert host.names() == ["other"]
    assert host.ipsec("reload", *words).stdout.startswith("0 connections loaded, 0 deleted, 1 left")
    assert host.ipsec("reload").returncode == 0
    assert host.names() == ["a"]


def test_reload_of_nothing(host):
    assert said(host.ipsec("setup", "reload"), host) == (
        1, "", 'ipsec setup: pluto is not running; "ipsec setup start" runs it\n')
    assert said(host.as_nobody("reload"), host) == (4, "", "ipsec setup: reload needs root\n")


def test_reload_applies_the_difference(host):
    host.write(branch("same", 1, "route") + branch("changed", 2, "add") + branch("gone", 3, "route")
               + branch("byhand", 4, "ignore"))
    host.start()
    assert host.auto("--add", "byhand").returncode == 0
    assert host.auto("--unroute", "same").returncode == 0
    host.write(branch("same", 1, "route") + branch("changed", 2, "route").replace("10.2.2", "10.2.22")
               + branch("fresh", 5, "start") + branch("byhand", 4, "ignore"))
    assert said(host.ipsec("reload"), host) == (
        0, "2 connections loaded, 1 deleted, 1 left as it was, 2 routed, 1 started\n",
        "ipsec setup: gone is deleted, as no file has it any more: what it protected or stopped goes as if it had never "
        "been there\n")
    now = routing(host)
    assert sorted(now) == ["byhand", "changed", "fresh", "same"]
    assert now["same"] == "unrouted"
    assert now["changed"] == "prospective erouted"
    assert [c["name"] for c in host.status()["connections"] if c["want_up"]] == ["fresh"]
    assert said(host.ipsec("setup", "reload"), host) == (
        0, "0 connections loaded, 0 deleted, 3 left as they were, 0 routed, 0 started\n", "")


def test_a_fault_leaves_what_is_loaded(host):
    host.write(branch("a", 1, "add") + branch("b", 2, "add"))
    host.start()
    host.write(branch("a", 1, "add").replace("authby=secret", "authby=sekret") + branch("b", 2, "add"))
    done = host.ipsec("reload")
    assert (done.returncode, done.stdout) == (
        30, "0 connections loaded, 0 deleted, 1 left as it was, 0 routed, 0 started\n")
    assert "authby=" in done.stderr
    assert host.names() == ["a", "b"]
    (host.path / "ipsec.conf").unlink()
    assert host.ipsec("reload").returncode == 6
    assert host.names() == ["a", "b"]


@pytest.mark.parametrize("conf, place", [
    (branch("a", 1, "add") + branch("b", 2, "add").replace("conn b", "con b"),
     "DIR/ipsec.conf:15 could not be read (see above), and 1 loaded connection may"),
    (branch("a", 1, "add") + "conn\n\tauto=add\n",
     "DIR/ipsec.conf:15 could not be read (see above), and 1 loaded connection may"),
    (branch("a", 1, "add") + "include more.conf\n",
     "DIR/ipsec.conf:15 could not be read (see above), and 1 loaded connection may"),
    (branch("a", 1, "add") + "include folder\n",
     "DIR/ipsec.conf:15 could not be read (see above), and 1 loaded connection may"),
    (branch("a", 1, "add") + "include away/*.conf\n",
     "DIR/ipsec.conf:15 includes an empty file, or of a folder that is not there, and 1 loaded connection may"),
    (branch("a", 1, "add") + "include empty.conf\n",
     "DIR/ipsec.conf:15 includes an empty file, or of a folder that is not there, and 1 loaded connection may"),
    (branch("a", 1, "add") + "include [e]mpty.conf\n",
     "DIR/ipsec.conf:15 includes an empty file, or of a folder that is not there, and 1 loaded connection may"),
    ("", "the file has no connection at all, and 2 loaded connections may"),
])
def test_a_torn_file_deletes_nothing(host, conf, place):
    (host.path / "folder").mkdir()
    (host.path / "empty.conf").touch()
    host.write(branch("a", 1, "add") + branch("b", 2, "add"))
    host.start()
    first = host.pid()
    host.write(conf)
    done = host.ipsec("reload")
    assert done.returncode == 30
    assert "0 connections loaded, 0 deleted, " in done.stdout
    assert f"ipsec setup: nothing is deleted: {place} belong there; mend the file" in host.clear(done.stderr)
    assert host.names() == ["a", "b"]
    if conf:
        done = host.ipsec("restart")
        assert done.returncode == 1 and "pluto is not stopped" in done.stderr
        assert host.pid() == first


def test_what_a_reload_deletes_is_named(host):
    host.write("".join(branch(f"n{i}", i, "add") for i in range(25)) + branch("last", 99, "route"))
    host.start()
    host.write(branch("n0", 0, "add"))
    done = host.ipsec("reload")
    assert done.returncode == 0 and done.stdout.startswith("0 connections loaded, 25 deleted, 1 left")
    told = [line for line in done.stderr.splitlines() if " is deleted, as no file has it any more" in line]
    assert len(told) == 20 and "ipsec setup: so are others; the last line counts them\n" in done.stderr
    host.write(branch("n0", 0, "add") + branch("last", 99, "route"))
    host.ipsec("reload")
    host.write(branch("n0", 0, "add"))
    assert said(host.ipsec("reload"), host)[2] == (
        "ipsec setup: last is deleted, as no file has it any more: what it protected or stopped goes as if it had "
        "never been there\n")


KEYED = """
conn hand
\tmanual=yes
\tleft=192.0.2.1
\tleftsubnet=10.1.0.0/24
\tright=192.0.2.7
\trightsubnet=10.7.0.0/24
\tesp=aes256-sha2_256
\tleftespspi=0x301
\trightespspi=0x302
"""


def test_what_people_key_is_routed_again(host):
    host.write(KEYED)
    host.start()
    assert host.auto("--add", "hand").returncode == 0
    assert host.ipsec("manual", "--route", "hand").returncode == 0
    before = routing(host)
    done = host.ipsec("setup", "restart")
    assert done.stderr == ('ipsec setup: hand was routed or up: it is routed, and "ipsec manual --up hand" brings '
                           'it up\n')
    assert routing(host) == before == {"hand": "erouted"}


def test_what_was_routed_by_hand_is_routed_again(host):
    host.write(branch("a", 1, "add") + branch("b", 2, "ignore") + branch("c", 3, "add") + branch("d", 4, "add"))
    host.start()
    assert host.auto("--add", "b").returncode == 0
    for name in "abc":
        assert host.auto("--route", name).returncode == 0
    assert host.auto("--unroute", "c").returncode == 0
    line = ('ipsec setup: {0} was routed or up: it is routed, and comes up with the first packet or by '
            '"ipsec auto --up {0}"\n')
    done = host.ipsec("setup", "restart")
    assert done.stderr == line.format("a") + line.format("b") and "4 connections loaded, 2 routed" in done.stdout
    assert sorted(routing(host).items()) == [("a", "prospective erouted"), ("b", "prospective erouted"),
                                             ("c", "unrouted"), ("d", "unrouted")]
    os.kill(host.pid(), signal.SIGKILL)
    wait_until(lambda: not is_alive(host.pid()), what="its end")
    host.write(branch("a", 1, "add"))
    done = host.ipsec("setup", "start")
    assert done.stderr == line.format("a") + (
        "ipsec setup: b was routed or up, and is not loaded now: what it protected or stopped is blocked for ten "
        "seconds more, and goes as if it had never been there then\n")
    # A stop forgets it.
    assert host.ipsec("setup", "stop").returncode == 0
    assert not (host.rundir / "pluto.routed").exists()
    assert host.ipsec("setup", "start").stderr == ""
    assert routing(host) == {"a": "unrouted"}


def test_settings_that_wait_for_a_restart_are_named(host):
    host.write(branch("a", 1, "add"))
    host.start()
    assert host.ipsec("reload").stderr == ""
    host.write("config setup\n\tuniqueids=no\n\tlisten=192.0.2.1\n\tstrictcrlpolicy=yes\n" + branch("a", 1, "add"))
    assert said(host.ipsec("reload"), host)[2] == (
        "ipsec setup: config setup is not what pluto runs with (listen, uniqueids, strictcrlpolicy): "
        '"ipsec setup restart" applies it\n')
    assert host.ipsec("setup", "restart").returncode == 0
    assert host.ipsec("reload").stderr == ""


@pytest.mark.parametrize("text", ["", "# none\n", ": PSK \"one\"\n: PSK \"two, and no end\n",
                                  ": PSK \"one\"\n@a : PSK 0sAAECAwQFBgcICQoLDA0O"])
def test_a_restart_keeps_secrets_as_a_reread_does(host, text):
    host.start()
    first = host.pid()
    host.write_secrets(text)
    assert host.auto("--rereadsecrets").returncode == 3
    assert host.ipsec("reload").returncode == 30
    done = host.ipsec("setup", "restart")
    assert done.returncode == 1 and done.stderr.endswith(LEFT_RUNNING), done
    assert host.pid() == first


@pytest.mark.parametrize("rest", ["conn", "conn offi", "conn office\n\tlef", "# more", "\t"])
def test_a_half_written_file_changes_nothing(host, rest):
    host.write(branch("a", 1, "add") + branch("office", 2, "route"))
    host.start()
    (host.path / "ipsec.conf").write_text(branch("a", 1, "ignore") + rest)
    for verb, then in (("reload", "nothing is changed; once it is whole, end that line"),
                       ("restart", "it must be whole")):
        done = host.ipsec("setup", verb)
        assert done.returncode == 1, done
        assert f": the last line does not end, so the file may be half written: {then}" in done.stderr
    assert host.names() == ["a", "office"]
    assert "pluto is not stopped" in done.stderr
    (host.path / "ipsec.conf").write_text(branch("a", 1, "ignore") + rest + "\n")
    assert host.ipsec("reload").returncode in (0, 30)


def test_a_half_written_file_that_is_included(host):
    (host.path / "b.conf").write_text(branch("b", 2, "add").rstrip("\n"))
    host.write(branch("a", 1, "add") + "include b.conf\n")
    done = host.ipsec("setup", "start")
    assert done.returncode == 0 and host.names() == ["a", "b"]
    assert "b.conf:" in done.stderr and "it is taken as it is" in done.stderr
    assert host.ipsec("reload").returncode == 1


@pytest.mark.parametrize("harm", [
    lambda host: (host.path / "ipsec.secrets").chmod(0o644),
    lambda host: host.write_secrets(": PSQ \"typing\"\n"),
    lambda host: host.write("config setup\n\tplane=bogus\n" + branch("a", 1, "add")),
    lambda host: host.write("config setup\n\tlogfiel=x\n" + branch("a", 1, "add")),
    lambda host: host.write(branch("a", 1, "add") + "include gone.d/*.conf\n\tmtu=1400\n"),
    lambda host: host.write(branch("a", 1, "add") + "con b\n"),
])
def test_what_is_not_in_force_shows_in_the_exit_status(host, harm):
    host.write(branch("a", 1, "add"))
    harm(host)
    done = host.ipsec("setup", "start")
    assert done.returncode == 30, done.stderr
    assert "1 connection loaded" in done.stdout
    assert done.stderr.endswith("ipsec setup: not all that is configured is in force; see above\n")
    done = host.ipsec("reload")
    assert done.returncode == 30, done.stderr
    assert "1 left as it was" in done.stdout


def test_a_torn_file_is_applied_as_far_as_it_reads(host):
    (host.path / "gone.d").mkdir()
    host.write(branch("a", 1, "add") + "include gone.d/*.conf\n")
    host.start()
    host.write(branch("a", 1, "add") + branch("b", 2, "add") + "con c\n")
    done = host.ipsec("reload")
    assert (done.returncode, done.stdout) == (
        30, "1 connection loaded, 0 deleted, 1 left as it was, 0 routed, 0 started\n")
    assert host.names() == ["a", "b"]
    host.write(branch("b", 2, "add") + "include gone.d/*.conf\n")
    assert said(host.ipsec("reload"), host) == (
        0, "0 connections loaded, 1 deleted, 1 left as it was, 0 routed, 0 started\n",
        "ipsec setup: a is deleted, as no file has it any more\n")


def test_what_fits_no_address_here_is_counted(host):
    line = 'ipsec setup: {} no address of this host: "ipsec checkconf" names {}\n'
    host.write(branch("a", 1, "add") + "conn far\n\tleft=192.0.2.77\n\tright=192.0.2.78\n\tauthby=secret\n\tauto=add\n")
    done = host.ipsec("setup", "start")
    assert done.returncode == 0 and done.stderr == line.format("1 connection fits", "it")
    host.write(branch("a", 1, "add") + "".join(
        f"conn far{i}\n\tleft=192.0.2.77\n\tright=192.0.2.7{i}\n\tauthby=secret\n\tauto=add\n" for i in (1, 2)))
    done = host.ipsec("reload")
    assert done.returncode == 0 and done.stderr == (
        "ipsec setup: far is deleted, as no file has it any more\n" + line.format("2 connections fit", "them"))
    assert "conn far1: neither end is an address of this host" in host.ipsec("checkconf").stdout
    host.write(branch("a", 1, "add"))
    assert "fit" not in host.ipsec("reload").stderr


def test_reload_takes_a_group_away_with_what_it_made(host):
    (host.path / "ipsec.d/policies").mkdir(parents=True)
    (host.path / "ipsec.d/policies/mine").write_text("192.0.2.66/32\n")
    host.write("conn mine\n\tleft=192.0.2.1\n\tright=%group\n\ttype=drop\n\tauthby=never\n\tauto=route\n")
    host.start()
    assert host.names() == ["mine", "mine#192.0.2.66/32"]
    host.write(branch("a", 1, "add"))
    assert said(host.ipsec("reload"), host) == (
        0, "1 connection loaded, 1 deleted, 0 left as they were, 0 routed, 0 started\n",
        "ipsec setup: mine is deleted, as no file has it any more: what it protected or stopped goes as if it had never "
        "been there\n")
    assert host.names() == ["a"]


LACKING = ("ipsec setup: warning: {0} goes without what it names: cannot read {1}/ipsec.d/certs/nosuch.pem: No such file or "
           "directory; create the file, or name another one\n")


def test_who_lacks_a_certificate_is_told_at_the_start(host):
    def lacking(name, third, auto):
        return branch(name, third, auto).replace("leftid=@east", "leftcert=nosuch.pem")

    host.write(lacking("office", 1, "add") + branch("fine", 2, "add") + lacking("other", 3, "route"))
    done = host.ipsec("setup", "start")
    told = LACKING.format("office", host.path) + LACKING.format("other", host.path)
    assert (done.returncode, done.stderr) == (0, told)
    assert host.ipsec("reload").stderr == told
    assert host.auto("--replace", "office").stdout.startswith('000 "office": it goes without what it names: cannot read ')
    host.write("".join(lacking(f"office{i}", i, "add") for i in range(25)))
    done = host.ipsec("restart")
    assert done.stderr.count("goes without what it names") == 20
    assert done.stderr.endswith("ipsec setup: so do 5 more: ipsec checkconf tells which\n")
    told = host.ipsec("checkconf").stdout + host.ipsec("checkconf").stderr
    assert "office24" in told and "nosuch.pem" in told


def test_reload_takes_pairs_away(host):
    def paired(networks):
        return branch("net", 1, "add").replace("rightsubnet=10.2.1.0/24", "rightsubnets={%s}" % networks)

    host.write(paired("10.2.1.0/24 10.2.2.0/24"))
    host.start()
    assert host.auto("--route", "net").returncode == 0
    assert sorted(host.names()) == ["net/0x1", "net/0x2"]
    host.write(paired("10.2.1.0/24"))
    assert host.ipsec("reload").stdout.startswith("0 connections loaded, 1 deleted, 1 left as it was")
    assert host.names() == ["net/0x1"]
    host.write(branch("net", 1, "add"))
    assert host.ipsec("reload").stdout.startswith("1 connection loaded, 1 deleted, 0 left as they were, 1 routed")
    assert routing(host) == {"net": "prospective erouted"}
    host.write(paired("10.2.2.0/24 10.2.1.0/24"))
    assert host.ipsec("reload").stdout.startswith("2 connections loaded, 1 deleted, 0 left as they were, 1 routed")
    assert routing(host) == {"net/0x1": "unrouted", "net/0x2": "prospective erouted"}


def test_reload_leaves_tunnels_up(pair):
    east, west = pair
    for one in pair:
        one.write(OFFICE.replace("authby", "auto=add\n\tauthby"))
        assert one.ipsec("reload").returncode == 0
    assert west.auto("--up", "office").returncode == 0
    before = [c["serial"] for c in west.status()["children"]]
    assert before
    for one in pair:
        assert one.ipsec("reload").returncode == 0
    assert [c["serial"] for c in west.status()["children"]] == before
    west.write(branch("other", 3, "ignore"))
    assert west.ipsec("reload").stdout.startswith("0 connections loaded, 1 deleted, ")
    wait_until(lambda: not east.status().get("children"), "east to hear of it")
