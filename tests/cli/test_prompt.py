# SPDX-License-Identifier: Apache-2.0
"""Private keys in files that a passphrase opens: written in ipsec.secrets, or asked for at the terminal."""

import os
import pty
import select
import shlex
import signal
import termios

import pytest
from support import Host, at_terminal, wait_until, why_no_daemon

pytestmark = pytest.mark.skipif(why_no_daemon() is not None, reason=str(why_no_daemon()))


@pytest.fixture
def east():
    host = Host(secrets="")
    private = host.path / "ipsec.d/private"
    private.mkdir(parents=True)
    for words in (["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-aes256", "-pass", "pass:open it",
                   "-out", private / "host.pem"],
                  ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "k", "-subj",
                   "/CN=east", "-out", "c"],
                  ["pkcs12", "-export", "-inkey", "k", "-in", "c", "-passout", "pass:open it", "-out", private / "host.p12"]):
        assert host.run("openssl", *words).returncode == 0
    for path in private.iterdir():
        path.chmod(0o600)
    host.start()
    try:
        yield host
    finally:
        host.close()


def test_a_passphrase_is_asked_for(east):
    east.write_secrets(": PKCS8 host.pem %prompt\n: P12 host.p12 %prompt\n")
    status, seen = at_terminal(east, ["open it", "open it"], "auto", "--rereadsecrets")
    assert status == 0, seen
    assert "open it" not in seen and "open it" not in east.log()
    listed = east.auto("--listpubkeys").stdout
    assert listed.count("ECDSA") == 2, listed
    assert "CN=east" in east.auto("--listcerts").stdout
    # Asked for once: what is unlocked stays so as long as the record and its file are what they were.
    for words in (["auto", "--rereadsecrets"], ["auto", "--rereadall"], ["setup", "reload"]):
        done = east.run("setsid", "-w", "ipsec", *words)
        assert done.returncode == 0 and "passphrase" not in done.stdout + done.stderr, done
    assert east.auto("--listpubkeys").stdout.count("private key yes") == 2
    assert "CN=east" in east.auto("--listcerts").stdout
    # A record that has gone, or is another one, has nothing of it.
    east.write_secrets("@other : PKCS8 host.pem %prompt\n")
    assert east.run("setsid", "-w", "ipsec", "auto", "--rereadsecrets").returncode == 3
    assert "private key yes" not in east.auto("--listpubkeys").stdout
    assert "CN=east" not in east.auto("--listcerts").stdout


def test_what_is_unlocked_outlives_a_failed_prompt(east):
    east.write_secrets(": PKCS8 host.pem %prompt\n")
    assert at_terminal(east, ["open it"], "auto", "--rereadsecrets")[0] == 0
    before = east.auto("--listpubkeys").stdout
    assert "private key yes" in before
    key = east.path / "ipsec.d/private/host.pem"
    assert east.run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-aes256", "-pass",
                    "pass:new one", "-out", key).returncode == 0
    key.chmod(0o600)
    status, seen = at_terminal(east, ["shut it"], "auto", "--rereadsecrets")
    assert status == 3 and "does not open" in seen, seen
    nobody = east.run("setsid", "-w", "ipsec", "auto", "--rereadsecrets")
    assert nobody.returncode == 3 and "what was unlocked before stays so" in nobody.stderr
    assert east.auto("--listpubkeys").stdout == before
    assert at_terminal(east, ["new one"], "auto", "--rereadsecrets")[0] == 0
    after = east.auto("--listpubkeys").stdout
    assert after.count("private key yes") == 1 and after != before


def test_a_question_can_be_put_aside(east):
    """Ctrl-Z stops the command, the terminal is as it was meanwhile, and fg asks again."""
    east.write_secrets(": PKCS8 host.pem %prompt\n")
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe("dash", ["dash", "-m", "-i"], {**os.environ, **east.environment(), "PS1": "> "})
    seen = ""

    def answer(text, until):
        nonlocal seen
        os.write(terminal, text.encode())
        seen = ""
        while until not in seen:
            assert select.select([terminal], [], [], 10)[0], seen
            seen += os.read(terminal, 4096).decode()

    try:
        answer(f"{shlex.join(map(str, east.enter()))} ipsec auto --rereadsecrets\n", "passphrase: ")
        assert not termios.tcgetattr(terminal)[3] & termios.ECHO
        answer("\x1a", "topped")
        assert termios.tcgetattr(terminal)[3] & termios.ECHO
        answer("fg\n", "passphrase: ")
        assert not termios.tcgetattr(terminal)[3] & termios.ECHO
        answer("open it\n", "> ")
        assert "open it" not in seen
        answer("echo it ended with $?\n", "it ended with 0")
        assert termios.tcgetattr(terminal)[3] & termios.ECHO
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)


@pytest.mark.parametrize("how", ["\x03", signal.SIGTERM, signal.SIGHUP])
def test_signals_end_a_question(east, how):
    east.write_secrets(": PKCS8 host.pem %prompt\n")
    pid, terminal = pty.fork()
    if pid == 0:
        for number in (signal.SIGINT, signal.SIGHUP):  # who began the tests in the background ignores them
            signal.signal(number, signal.SIG_DFL)
        command = [*east.enter(), "ipsec", "whack", "--rereadsecrets"]
        os.execvpe(command[0], command, {**os.environ, **east.environment()})
    try:
        seen = ""
        while not seen.endswith("passphrase: "):
            assert select.select([terminal], [], [], 10)[0], seen
            seen += os.read(terminal, 4096).decode()
        assert not termios.tcgetattr(terminal)[3] & termios.ECHO
        if isinstance(how, str):
            os.write(terminal, how.encode())
        else:
            os.kill(pid, how)
        wait_until(lambda: os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT), "the command's end")
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -(signal.SIGINT if isinstance(how, str) else how)
        assert termios.tcgetattr(terminal)[3] & termios.ECHO
    finally:
        os.close(terminal)


def test_a_wrong_answer(east):
    east.write_secrets(": PKCS8 host.pem %prompt\n")
    status, seen = at_terminal(east, ["shut it"], "auto", "--rereadsecrets")
    assert status != 0 and "does not open the private key" in seen, seen
    assert "shut it" not in seen + east.log()
    assert "ECDSA" not in east.auto("--listpubkeys").stdout


def test_nobody_to_ask(east):
    east.write_secrets(": PKCS8 host.pem %prompt\n")
    done = east.run("setsid", "-w", "ipsec", "auto", "--rereadsecrets")
    assert done.returncode == 3
    assert "nobody answered for the %prompt; what was unlocked before stays so; run ipsec auto" in done.stderr


def test_a_start_tells_of_locked_keys(east):
    east.write_secrets(": PKCS8 host.pem %prompt\n")
    checked = east.ipsec("checkconf", "--notes").stdout
    assert "ipsec.secrets:1:1: note: the private key host.pem is locked after each start" in checked, checked
    for verb in ("restart", "reload"):
        done = east.run("setsid", "-w", "ipsec", "setup", verb)
        assert done.returncode == 0 and done.stderr.count("the private key host.pem waits for its passphrase: locked") == 1, done
    assert "locked" in east.auto("--listpsks").stdout
    assert ", locked, host.pem\n" in east.auto("--listpubkeys").stdout
    status, seen = at_terminal(east, ["open it"], "setup", "restart")
    assert status == 0 and seen.count("passphrase: ") == 1, seen
    assert "locked" not in east.auto("--listpsks").stdout + east.auto("--listpubkeys").stdout
    assert "private key yes" in east.auto("--listpubkeys").stdout


def test_all_is_routed_before_the_question(east):
    east.write("conn shut\n\tleft=192.0.2.1\n\tright=203.0.113.9\n\ttype=drop\n\tauthby=never\n\tauto=route\n")
    east.write_secrets(": PKCS8 host.pem %prompt\n")
    pid, terminal = pty.fork()
    if pid == 0:
        command = [*east.enter(), "ipsec", "setup", "restart"]
        os.execvpe(command[0], command, {**os.environ, **east.environment()})
    try:
        seen = ""
        while not seen.endswith("passphrase: "):
            assert select.select([terminal], [], [], 20)[0], seen
            seen += os.read(terminal, 4096).decode()
        assert "erouted" in east.auto("--status", "shut").stdout
        os.write(terminal, b"open it\n")
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    finally:
        os.close(terminal)


def test_a_start_with_an_unusable_key_says_so(east):
    east.write_secrets(": PKCS8 gone.pem\n: PSK \"what two ends share\"\n")
    assert east.ipsec("checkconf").returncode == 2
    for verb, status in (("restart", 30), ("reload", 30)):
        done = east.ipsec("setup", verb)
        assert done.returncode == status and "gone.pem" in done.stderr, done


def test_passphrases_in_the_file(east):
    east.write_secrets(': PKCS8 host.pem "open it"\n: P12 host.p12 "open it"\n')
    assert east.auto("--rereadsecrets").returncode == 0
    assert east.auto("--listpubkeys").stdout.count("ECDSA") == 2
    east.write_secrets(': P12 host.p12 "shut it"\n')
    assert "the passphrase does not open the PKCS #12 file" in east.ipsec("whack", "--rereadsecrets").stdout
    assert "shut it" not in east.log()
    east.write_secrets(": P12 host.p12\n")
    assert "the PKCS #12 file wants a passphrase" in east.ipsec("whack", "--rereadsecrets").stdout


@pytest.mark.parametrize("call, says", [
    ({"file": "/etc/passwd", "line": 1, "secret": "x"}, "no record of line 1"), ({"file": "x"}, "line")])
def test_calls_that_open_nothing(east, call, says):
    from daemon import Client

    with Client(east.rundir / "pluto.ctl") as client:
        reply = client.call("OpenSecret", **call)
    assert says in str(reply)
