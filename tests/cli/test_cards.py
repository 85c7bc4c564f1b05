# SPDX-License-Identifier: Apache-2.0
"""Tokens that come, go and dawdle (a module of our own plays them), and a PIN that is typed at a terminal (SoftHSM 2)."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from support import BUILD, Host, at_terminal, wait_until, why_no_daemon

MOCK = BUILD / "tests/unit/token/mock_token.so"
MODULES = Path("/usr/share/p11-kit/modules")
SOFTHSM = Path("/usr/lib/softhsm/libsofthsm2.so")
pytestmark = [pytest.mark.skipif(why_no_daemon() is not None, reason=str(why_no_daemon())),
              pytest.mark.skipif(not MODULES.exists(), reason="p11-kit has no folder of modules here: install softhsm2")]
CONN = """\
conn office
\tleft=192.0.2.1
\tleftid=@east
\tright=192.0.2.2
\trightid=@west
\tauthby=ecdsa
"""


class Slots(Host):
    """A host whose p11-kit has one module: `mock`, whose token is as the file `state` says."""

    def __init__(self, state, conf=CONN, secrets=': PIN %smartcard:45 "1234"\n'):
        super().__init__(conf, secrets=secrets)
        (self.path / "modules").mkdir()
        (self.path / "modules/mock.module").write_text(f"module: {MOCK}\n")
        self.state = self.path / "token"
        self.state.write_text(state)

    def environment(self):
        return super().environment() | {"CYGNET_MOCK_TOKEN": str(self.path / "token")}

    def start(self):
        done = self.run("unshare", "-m", "sh", "-c", f'mount --bind "$0" {MODULES} && exec ipsec setup start',
                        self.path / "modules")
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def slots():
    hosts = []

    def make(*words, **more):
        hosts.append(Slots(*words, **more))
        hosts[-1].start()
        return hosts[-1]

    yield make
    for host in hosts:
        host.close()


def test_one_that_is_taken_out_and_put_in(slots):
    east = slots("present")
    assert "1 private keys can be used" in east.log(), east.log()
    listed = east.auto("--listcards").stdout
    assert "office/1" in listed and "private key" in listed and "1234" not in listed, listed
    assert "Mock reader 0" in listed and "taken" in listed and "wanted" not in listed, listed
    east.state.write_text("")
    wait_until(lambda: "the token office/1 was taken out" in east.log(), what="a log line")
    assert "1 private keys of tokens are gone" in east.log()
    assert "office/1" not in east.auto("--listcards").stdout
    assert "ECDSA" not in east.auto("--listpubkeys").stdout
    east.state.write_text("present")
    wait_until(lambda: east.log().count("1 private keys can be used") == 2, what="its key again")
    assert "the token office/1 was put in" in east.log()
    assert "office/1" in east.auto("--listcards").stdout
    assert "1234" not in east.log()


def test_a_wrong_pin_is_not_tried_by_the_next_life(slots):
    east = slots("present", secrets=': PIN %smartcard:45 "0000"\n')
    assert "got a wrong PIN" in east.log(), east.log()
    east.stop()
    east.start()
    assert east.log().count("got a wrong PIN") == 1 and "has refused before: it is not tried again" in east.log(), east.log()
    assert "0000" not in east.log() + "".join(path.read_text() for path in east.rundir.glob("refused-pins"))


def test_a_wrong_pin_is_told_once(slots):
    east = slots("present", conf=CONN + "\tleftcert=%smartcard:45\n\tauto=add\n", secrets=': PIN %smartcard:45 "0000"\n')
    assert east.log().count("can't be logged in to") == 1, east.log()


def test_keys_stay_until_the_token_has_answered(slots):
    east = slots("present")
    assert "ECDSA" in east.auto("--listpubkeys").stdout
    east.state.write_text("present slow=300")
    reading = east.popen("ipsec", "auto", "--rereadsecrets")
    try:
        for _ in range(3):
            assert "ECDSA" in east.auto("--listpubkeys").stdout
    finally:
        reading.communicate(timeout=20)
    assert reading.returncode == 0
    assert east.auto("--listpubkeys").stdout.count("ECDSA") == 1
    east.write_secrets(': PIN %smartcard:45 "0000"\n')  # an answer, too: this one opens nothing
    assert east.auto("--rereadsecrets").returncode == 3
    assert "ECDSA" not in east.auto("--listpubkeys").stdout


def test_one_that_takes_its_time_holds_up_nobody_else(slots):
    east = slots("present")
    east.state.write_text("present slow=300")
    assert "office" in east.auto("--listcards").stdout  # it is slow from here on
    with east.popen("ipsec", "auto", "--rereadsecrets") as reread:
        assert east.auto("--status").returncode == 0
        assert reread.poll() is None
        reread.communicate()
    assert reread.returncode == 0
    assert east.log().count("1 private keys can be used") == 2, east.log()


@pytest.mark.parametrize("name, says", [
    ("%smartcard0@nobody:45", "there is no module for tokens called nobody (wanted mock)"),
    ("%smartcard0@mock:46", "no private key with a public half on a token is called %smartcard0@mock:46"),
    ("%smartcard0@mock:45", "1 private keys can be used")])
def test_modules_are_named(slots, name, says):
    east = slots("present", secrets=f': PIN {name} "1234"\n')
    assert says in east.log(), east.log()


def test_a_public_key_on_a_token(slots):
    """An end whose key has no certificate: the token's public key names it."""
    east = slots("present", conf=CONN.replace("authby", "leftsigkey=pkcs11:token=office\n\tauthby"))
    assert east.auto("--add", "office").returncode == 0
    listed = east.auto("--listpubkeys").stdout
    assert listed.count("ECDSA P-256") >= 1 and "@east" in listed, listed
    bad = east.path / "ipsec.conf"
    bad.write_text(bad.read_text().replace("token=office", "token=home"))
    assert east.auto("--replace", "office").returncode == 0
    assert "no public key on a token is called pkcs11:token=home" in east.log()


@pytest.mark.skipif(not (SOFTHSM.exists() and shutil.which("softhsm2-util") and shutil.which("pkcs11-tool")),
                    reason="SoftHSM 2 or opensc's pkcs11-tool is not installed")
def test_a_pin_is_typed(tmp_path, monkeypatch):
    (tmp_path / "tokens").mkdir()
    (tmp_path / "softhsm2.conf").write_text(f"directories.tokendir = {tmp_path}/tokens\nobjectstore.backend = file\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm2.conf"))
    for words in (["softhsm2-util", "--init-token", "--free", "--label", "desk", "--pin", "493716", "--so-pin", "12345678"],
                  ["pkcs11-tool", "--module", SOFTHSM, "--token-label", "desk", "--login", "--pin", "493716",
                   "--keypairgen", "--key-type", "EC:edwards25519", "--id", "45", "--label", "host"]):
        subprocess.run(words, check=True, capture_output=True)
    east = Host(secrets=": PIN pkcs11:token=desk %prompt\n")
    more = {"SOFTHSM2_CONF": os.environ["SOFTHSM2_CONF"]}
    environment = east.environment
    east.environment = lambda: environment() | more
    try:
        east.start()
        assert "pkcs11:token=desk waits for its PIN" in east.log()
        status, seen = at_terminal(east, ["000000"], "auto", "--rereadsecrets")
        assert status != 0 and "the token desk can't be logged in to" in seen and "a wrong PIN" in seen, seen
        status, seen = at_terminal(east, ["000000"], "auto", "--rereadsecrets")
        assert status != 0 and "it is not tried again" in seen, seen
        status, seen = at_terminal(east, ["493716"], "auto", "--rereadsecrets")
        assert status == 0 and "the private key pkcs11:token=desk can be used" in east.log(), seen
        assert "493716" not in seen + east.log() and "000000" not in seen + east.log()
        assert "Ed25519" in east.auto("--listpubkeys").stdout
    finally:
        east.close()
