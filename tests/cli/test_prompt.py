# SPDX-License-Identifier: Apache-2.0
"""Private keys in files that a passphrase opens: written in ipsec.secrets, or asked for at the terminal."""

import pytest
from support import Host, at_terminal, why_no_daemon

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
    # Asked for once, and gone with the next reading.
    assert "CN=east" not in (at_terminal(east, ["no", "no"], "whack", "--rereadsecrets"),
                             east.auto("--listcerts").stdout)[1]


def test_a_wrong_answer(east):
    east.write_secrets(": PKCS8 host.pem %prompt\n")
    status, seen = at_terminal(east, ["shut it"], "auto", "--rereadsecrets")
    assert status != 0 and "does not open the private key" in seen, seen
    assert "shut it" not in seen + east.log()
    assert "ECDSA" not in east.auto("--listpubkeys").stdout


def test_nobody_to_ask(east):
    east.write_secrets(": PKCS8 host.pem %prompt\n")
    done = east.run("setsid", "-w", "ipsec", "auto", "--rereadsecrets")
    assert done.returncode == 1
    assert "nobody answered for the %prompt; run ipsec auto --rereadsecrets at a terminal" in done.stderr


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
