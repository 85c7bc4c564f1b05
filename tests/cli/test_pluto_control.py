# SPDX-License-Identifier: Apache-2.0
"""pluto's control socket and its life: who may talk, what bad clients can't do, starts and ends."""

import grp
import os
import pathlib
import pwd
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

import daemon

pytestmark = pytest.mark.skipif(daemon.why_not() is not None, reason=str(daemon.why_not()))

NET = {"left": "127.0.0.1", "leftid": "@west", "leftsubnet": "10.1.0.0/24", "right": "127.0.0.9",
       "rightid": "@east", "rightsubnet": "10.2.0.0/24", "authby": "secret",
       "retransmit-timeout": "1s"}


@pytest.fixture
def idle():
    """A daemon that is not running yet, in a folder that strangers may be let into."""
    with tempfile.TemporaryDirectory(prefix="cygnet-cli-") as folder:
        d = daemon.Daemon(pathlib.Path(folder))
        yield d
        d.close()


@pytest.fixture
def pluto(idle):
    return idle.start()


def add(client, name, **more):
    return client.call("AddConnection", name=name, connection={**NET, **more})


# ---- clients that misbehave ----


def test_a_message_that_never_ends_keeps_nobody_waiting(pluto):
    with pluto.client() as slow, pluto.client() as other:
        slow.socket.sendall(b'{"method": "org.cygnet.pl')
        assert other.call("org.varlink.service.GetInfo")["parameters"]["product"] == "pluto"
        slow.socket.sendall(b'uto.Listen"}\0')
        assert slow.receive()["parameters"]["code"] == 0


def test_an_oversized_message_ends_its_connection_alone(pluto):
    before = pluto.memory_kib()
    for _ in range(20):
        with pluto.client() as c:
            try:
                c.socket.sendall(b'{"method": "' + b"x" * (8 << 20))
                assert c.receive() is None
            except (BrokenPipeError, ConnectionResetError):
                pass
    assert pluto.alive()
    assert pluto.grew_less_than(4096, before)


def test_a_client_that_does_not_read_is_held_back(pluto):
    with pluto.client() as c:
        for i in range(2000):
            assert add(c, f"c{i}")["parameters"]["code"] in (0, 4)
    before = pluto.memory_kib()
    slow = [pluto.client() for _ in range(10)]
    for c in slow:
        for _ in range(20):
            c.send("Status", more=True)
    for _ in range(20):
        asked = time.monotonic()
        assert pluto.status(brief=True)["daemon"]["counts"]["connections"] == 2000
        assert time.monotonic() - asked < 1
    # What waits for each of them is bounded, whatever they asked for.
    assert pluto.grew_less_than(10 * 1024 * 2, before)
    # One that begins to read again gets all it asked for.
    for _ in range(20):
        names = []
        while True:
            reply = slow[0].receive()
            names += [x["name"] for x in reply["parameters"].get("connections", [])]
            if not reply.get("continues"):
                break
        assert len(names) == 2000 and names == sorted(names)
    for c in slow:
        c.socket.close()
    assert pluto.alive()


def test_idle_clients_do_not_keep_others_out(pluto):
    idle = [pluto.client() for _ in range(200)]
    assert pluto.alive()
    for c in idle:
        c.socket.close()


def test_random_octets_do_no_harm(pluto):
    dice = random.Random(4500)
    for _ in range(200):
        with pluto.client() as c:
            try:
                c.socket.sendall(dice.randbytes(dice.randrange(1, 3000)))
            except BrokenPipeError:
                pass
    assert pluto.alive()


def test_hanging_up_cancels_nothing(pluto):
    with pluto.client() as c:
        assert c.call("Listen")["parameters"]["code"] == 0
        add(c, "net", **{"retransmit-timeout": "20s"})
        c.send("Up", more=True, name="net")
        assert c.receive()["continues"]
    assert [sa["connection"] for sa in pluto.status()["ike_sas"]] == ["net"]


# ---- the protocol ----


def test_the_service_describes_itself(pluto):
    with pluto.client() as c:
        info = c.call("org.varlink.service.GetInfo")["parameters"]
        assert "org.cygnet.pluto" in info["interfaces"]
        for name in info["interfaces"]:
            text = c.call("org.varlink.service.GetInterfaceDescription", interface=name)
            assert text["parameters"]["description"].count(f"interface {name}\n") == 1
        wrong = c.call("org.varlink.service.GetInterfaceDescription", interface="org.example")
        assert wrong["error"] == "org.varlink.service.InterfaceNotFound"
        assert c.call("Fly")["error"] == "org.varlink.service.MethodNotFound"
        assert c.call("Status")["error"] == "org.varlink.service.ExpectedMore"


def test_a_field_that_is_wrong_is_named(pluto):
    with pluto.client() as c:
        reply = add(c, "net", leftsubnet="10.1.0.0/99")
        assert reply["error"] == "org.cygnet.pluto.InvalidConnection"
        assert reply["parameters"]["parameter"] == "leftsubnet"
        assert reply["parameters"]["diag"]["sentence"]
        assert add(c, "net")["parameters"]["code"] in (0, 4)


def test_reports_come_at_the_end_or_as_they_happen(pluto):
    with pluto.client() as c:
        replies = c.stream("Listen")
        assert len(replies) > 2 and all(r["continues"] for r in replies[:-1])
        assert any(x["event"] == "port" for r in replies for x in r["parameters"]["reports"])
        once = c.call("Reread", what="secrets")["parameters"]
        assert once["code"] == 0 and once["reports"]


def test_status_tells_names_in_order_and_by_name(pluto):
    with pluto.client() as c:
        for name in ("pear", "apple", "fig"):
            add(c, name, connalias=f"fruit {name}ly")
    assert [x["name"] for x in pluto.status()["connections"]] == ["apple", "fig", "pear"]
    assert [x["name"] for x in pluto.status(name="fig")["connections"]] == ["fig"]
    assert len(pluto.status(name="fruit")["connections"]) == 3
    assert pluto.status(name="plum")["code"] == 21
    assert "connections" not in pluto.status(brief=True)


def test_status_tells_of_connections_what_one_line_needs(pluto):
    with pluto.client() as c:
        add(c, "fig")
    whole, short = (pluto.status(name="fig", short=short)["connections"][0] for short in (False, True))
    assert set(short) == {"name", "kind", "local", "left", "right", "routing"} & set(whole)
    for end in ("left", "right"):
        assert short[end].items() <= whole[end].items()
        assert not {"updown", "auth", "source_ip"} & set(short[end])
    assert all(whole[key] == short[key] for key in set(short) - {"left", "right"})


def test_the_lines_of_status_need_no_more_than_the_short_facts(pluto):
    with pluto.client() as c:
        add(c, "fig")
    lines = pluto.whack("--status").stdout.splitlines()
    brief = pluto.whack("--briefconnectionstatus").stdout.splitlines()
    assert brief == [line for line in lines if line.startswith('000 "fig": ') and "eroute owner" in line][:1]


# ---- whack's lines and exit statuses ----


def describe(name="net"):
    return ["--name", name, "--psk", "--encrypt", "--retransmit-timeout", "1s",
            "--host", "127.0.0.1", "--id", "@west", "--client", "10.1.0.0/24",
            "--to", "--host", "127.0.0.9", "--id", "@east", "--client", "10.2.0.0/24"]


def test_whack_exits_as_the_lines_tell(pluto):
    steps = [
        (["--name", "net", "--initiate"], 21),
        (describe(), 0),
        (describe(), 20),
        ([*describe(), "--delete"], 0),
        (["--name", "net", "--initiate"], 24),
        (["--listen"], 0),
        (["--name", "nix", "--route"], 21),
        (["--name", "net", "--terminate"], 0),
        (["--name", "net", "--initiate", "--asynchronous"], 0),
        (["--name", "net", "--delete"], 0),
        (["--name", "net", "--delete"], 21),
        (["--status"], 0),
        (["--bogus"], 1),
        (["--name", "net"], 1),
    ]
    for words, status in steps:
        done = pluto.whack(*words)
        assert done.returncode == status, (words, done)
        for line in done.stdout.splitlines():
            assert line[:3].isdigit() and line[3] == " ", done.stdout
        assert (status == 1) == bool(done.stderr), done
    assert pluto.whack("--bogus").stderr.startswith("whack error: ")


def test_nobody_listening_there_is_told_at_once(pluto):
    pluto.whack("--listen")
    pluto.whack(*describe())
    done = pluto.whack("--name", "net", "--initiate")
    assert done.returncode == 31, done
    assert "could not be delivered: Connection refused" in done.stdout
    assert "no IKE daemon listens there" in done.stdout
    assert done.stdout.count("could not be delivered") == 1


def test_several_actions_are_done_in_order(pluto):
    done = pluto.whack(*describe(), "--listen", "--route", "--status")
    order = [done.stdout.index(x) for x in ('added connection', "adding interface", "prospective erouted")]
    assert order == sorted(order)
    assert done.returncode == 0


# ---- who may talk ----


def as_nobody(*words, group="nogroup"):
    ids = ["--reuid", str(pwd.getpwnam("nobody").pw_uid), "--regid", str(grp.getgrnam(group).gr_gid)]
    return ["setpriv", *ids, "--clear-groups", *words]


@pytest.mark.skipif(not shutil.which("setpriv"), reason="setpriv (util-linux) is not installed")
@pytest.mark.parametrize("options, allowed", [([], False), (["--group", "nogroup"], True)])
def test_strangers_are_refused_and_the_group_is_let_in(idle, options, allowed):
    idle.folder.chmod(0o755)
    idle.start(*options)
    if not os.access(daemon.BUILD / "ipsec", os.X_OK):
        pytest.skip("the build folder can't be reached")
    done = idle.run(*as_nobody(daemon.BUILD / "ipsec", "whack", "--briefstatus"))
    if allowed:
        assert done.returncode == 0, done
    else:
        assert done.returncode == 1
        assert "no permission" in done.stderr


@pytest.mark.skipif(not shutil.which("setpriv"), reason="setpriv (util-linux) is not installed")
def test_the_group_learns_nothing_of_files_that_root_may_read(idle):
    """What a connection names outside of ipsec.d is opened for root alone: there or not, the answer is the same."""
    idle.folder.chmod(0o755)
    secret = idle.folder / "secret"
    secret.write_text("nothing for others\n")
    secret.chmod(0o600)
    idle.start("--group", "nogroup")
    if not os.access(daemon.BUILD / "ipsec", os.X_OK):
        pytest.skip("the build folder can't be reached")
    ends = ["--name", "n", "--id", "@w", "--host", "127.0.0.1", "{word}", "{file}", "--to", "--id", "@e", "--host", "127.0.0.9",
            "--rsasig"]
    idle.whack(*[each.format(word="--cert", file="none") for each in ends])  # the first one has the secrets read
    idle.whack("--delete", "--name", "n")
    for word in ("--cert", "--pubkey"):
        said = set()
        for file in (secret, idle.folder / "none", f"../../../../..{secret}", f"x/../../../../../../..{secret}"):
            words = [each.format(word=word, file=file) for each in ends]
            done = idle.run(*as_nobody(daemon.BUILD / "ipsec", "whack", *words))
            assert "lies outside of ipsec.d" in done.stdout, done
            said.add(done.stdout.replace(str(file), "FILE"))
            idle.whack("--delete", "--name", "n")
        assert len(said) == 1, said
    words = [each.format(word="--cert", file=secret) for each in ends]
    assert "there is no certificate in it" in idle.whack(*words).stdout or \
        "it is no certificate" in idle.whack(*words).stdout


def test_no_pluto_is_told_with_its_path(idle):
    done = idle.whack("--status")
    assert done.returncode == 1 and not done.stdout
    assert f"pluto is not running (no {idle.rundir}/pluto.ctl)" in done.stderr


# ---- starts and ends ----


def test_a_second_one_is_refused_and_disturbs_nothing(pluto):
    second = pluto.spawn()
    assert second.wait(timeout=20) == 10
    assert "another pluto is running" in pluto.log.read_text()
    assert pluto.alive()


def test_killed_and_started_again(pluto):
    pluto.whack("--listen")
    pluto.kill(signal.SIGKILL)
    done = pluto.whack("--status")
    assert done.returncode == 1 and "connection refused" in done.stderr
    assert (pluto.rundir / "pluto.ctl").exists()
    pluto.start()
    assert pluto.alive()
    assert pluto.whack("--listen").returncode == 0


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT, "Shutdown"])
def test_it_ends_cleanly(pluto, end):
    pluto.whack("--listen")
    pluto.whack(*describe())
    pluto.whack("--name", "net", "--initiate", "--asynchronous")
    if end == "Shutdown":
        assert pluto.whack("--shutdown").returncode == 0
        # Its answer means that all is gone.
        assert not (pluto.rundir / "pluto.ctl").exists()
        assert pluto.process.wait(timeout=20) == 0
    else:
        assert pluto.kill(end) == 0
    assert list(pluto.rundir.iterdir()) == []


def test_a_caller_that_waits_is_told_when_it_ends(pluto):
    pluto.whack("--listen")
    with pluto.client() as c:
        add(c, "net", **{"retransmit-timeout": "60s"})
        c.send("Up", more=True, name="net")
        c.receive()
        pluto.kill()
        replies = list(iter(c.receive, None))
    assert replies and not replies[-1].get("continues")
    assert replies[-1]["parameters"]["code"] not in (0, 4)


def test_what_waits_for_a_peer_is_listed_with_what_it_waits_for(pluto):
    pluto.whack("--listen")
    pluto.whack(*describe())
    pluto.whack("--name", "net", "--initiate", "--asynchronous")
    told = pluto.status()
    (net,) = told["connections"]
    assert net["pending_on"] == told["ike_sas"][0]["serial"]
    assert net["pending_commands"] == 1
    assert told["ike_sas"][0]["liveness"] is False and "heard" not in told["ike_sas"][0]
    assert told["daemon"]["counts"]["active"] == 0
    listed = pluto.whack("--status").stdout
    assert f'000 "net": pending, waits for IKE SA #{net["pending_on"]}; commands that wait: 1\n' in listed
    assert pluto.whack("--name", "net", "--terminate").returncode == 0
    assert "pending" not in pluto.whack("--status").stdout


def test_signals_end_nothing(pluto):
    for number, says in ((signal.SIGHUP, "SIGHUP opens the log file anew"), (signal.SIGUSR1, "ignored SIGUSR1"),
                         (signal.SIGUSR2, "ignored SIGUSR2"), (signal.SIGALRM, "ignored SIGALRM"),
                         (signal.SIGVTALRM, "ignored SIGVTALRM"), (signal.SIGPROF, "ignored SIGPROF"),
                         (signal.SIGIO, "ignored SIG"), (signal.SIGPWR, "ignored SIGPWR")):
        pluto.process.send_signal(number)
        daemon.wait_until(lambda: says in pluto.log.read_text(), what="the line")
    assert pluto.alive()


def test_a_link_in_place_of_the_socket_is_not_followed(idle):
    idle.rundir.mkdir()
    (idle.rundir / "pluto.ctl").symlink_to(idle.folder / "elsewhere")
    assert idle.spawn().wait(timeout=20) == 2
    assert not (idle.folder / "elsewhere").exists()
    assert "is no socket" in idle.log.read_text()


def test_a_folder_others_can_write_in_is_refused(idle):
    idle.rundir.mkdir()
    idle.rundir.chmod(0o777)
    assert idle.spawn().wait(timeout=20) == 2
    assert "others could write" in idle.log.read_text()


def test_in_the_background_it_answers_when_it_is_ready(idle):
    log = idle.folder / "pluto.log"
    done = idle.run(daemon.BUILD / "pluto", "--plane", "memory", "--logfile", log)
    assert done.returncode == 0, done
    pid = int((idle.rundir / "pluto.pid").read_text())
    assert idle.status(brief=True)["daemon"]["pid"] == pid
    second = idle.run(daemon.BUILD / "pluto", "--plane", "memory", "--logfile", log)
    assert second.returncode == 10 and "another pluto" in second.stderr
    assert idle.whack("--shutdown").returncode == 0
    daemon.wait_until(lambda: not os.path.exists(f"/proc/{pid}"), what="its end")


def test_a_plane_that_can_not_be_is_told_to_the_starter(idle):
    bad = idle.run("setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin",
                   daemon.BUILD / "pluto", "--plane", "esp", "--logfile", idle.folder / "pluto.log")
    assert bad.returncode == 5, bad
    assert bad.stderr.startswith("pluto: ")
    assert list(idle.rundir.iterdir()) == []


def own_capabilities():
    text = pathlib.Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(r"CapEff:\t(\w+)", text)[1], 16)


def test_it_keeps_few_privileges(pluto):
    status = dict(line.split(":\t", 1) for line in
                  open(f"/proc/{pluto.process.pid}/status", encoding="ascii").read().splitlines()
                  if ":\t" in line)
    kept = 1 << 2 | 1 << 10 | 1 << 12 | 1 << 13 # DAC_READ_SEARCH, NET_BIND_SERVICE, NET_ADMIN, NET_RAW
    # Packet threads go before others by a limit; where that can't be lifted, by SYS_NICE.
    limit = next(line for line in open(f"/proc/{pluto.process.pid}/limits", encoding="ascii") if "nice" in line)
    if int(limit.split()[3]) < 30:
        kept |= 1 << 23 & own_capabilities()
    assert int(status["CapEff"], 16) == kept
    assert int(status["CapBnd"], 16) == kept
    assert status["NoNewPrivs"].strip() == "1"


# ---- the world outside ----


def test_bad_secrets_leave_those_in_force(pluto):
    def in_force():
        return pluto.status(brief=True)["daemon"]["secrets"]

    assert pluto.whack("--rereadsecrets").returncode == 0
    assert in_force() == 1
    secret = "this must never be shown"
    pluto.write_secrets(f'@west @east : PSK "{secret}\n')
    done = pluto.whack("--rereadsecrets")
    assert done.returncode == 3 and in_force() == 1
    assert "the secrets in force stay" in done.stdout
    (pluto.confs / "ipsec.secrets").unlink()
    assert pluto.whack("--rereadsecrets").returncode == 3
    assert pluto.alive() and in_force() == 1
    assert secret not in pluto.log.read_text() + done.stdout + done.stderr


def test_secrets_in_somebody_elses_folder_are_read(pluto):
    pluto.confs.chmod(0o700)
    os.chown(pluto.confs, pwd.getpwnam("nobody").pw_uid, -1)
    assert pluto.whack("--rereadsecrets").returncode == 0


def test_sockets_follow_the_addresses(pluto):
    def addresses():
        return {x["address"] for x in pluto.status(brief=True)["daemon"]["interfaces"]}

    pluto.whack("--listen")
    pluto.ip("link", "add", "d0", "type", "veth", "peer", "name", "d1")
    pluto.ip("link", "set", "d0", "up")
    pluto.ip("link", "set", "d1", "up")
    pluto.ip("addr", "add", "192.0.2.7/24", "dev", "d0")
    daemon.wait_until(lambda: "192.0.2.7" in addresses(), what="the new address")
    pluto.ip("addr", "del", "192.0.2.7/24", "dev", "d0")
    daemon.wait_until(lambda: "192.0.2.7" not in addresses(), what="its end")
    assert "127.0.0.1" in addresses()


def test_only_addresses_asked_for_are_used(idle):
    idle.start("--listen", "127.0.0.1")
    idle.whack("--listen")
    used = {x["address"] for x in idle.status(brief=True)["daemon"]["interfaces"]}
    assert used == {"127.0.0.1"}


FLOOD = """
import random, socket, sys
dice = random.Random(500)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(20000):
    data = dice.randbytes(dice.randrange(0, 200))
    if i % 2:  # a header that looks right, with nothing right behind it
        data = dice.randbytes(8) + bytes(8) + bytes([33, 0x20, 34, 8, 0, 0, 0, 0]) + len(data).to_bytes(4, "big") + data
    s.sendto(data, ("127.0.0.1", 500 if i % 3 else 4500))
"""


def test_a_flood_of_rubbish_costs_little(pluto):
    pluto.whack("--listen")
    before = pluto.memory_kib()
    lines = len(pluto.log.read_text().splitlines())
    subprocess.run(pluto.inside("python3", "-c", FLOOD), check=True, timeout=60)
    assert pluto.alive()
    assert len(pluto.log.read_text().splitlines()) - lines < 200
    assert pluto.grew_less_than(8192, before)
    for line in pluto.log.read_bytes().split(b"\n"):
        assert all(octet >= 0x20 for octet in line)


def test_the_shares_of_time_can_be_asked_for(pluto):
    with pluto.client() as c:
        assert c.call("Accounting", enable=True)["parameters"]["counting"] is False
        c.call("Listen")
        add(c, "net")
        counted = c.call("Accounting")["parameters"]
    assert counted["counting"] is True
    steps = {s["name"]: s for s in counted["steps"]}
    assert steps["step"]["calls"] >= 2 and steps["step"]["nanoseconds"] > 0
    assert {"receive", "ke", "auth", "plane", "send"} <= steps.keys()
