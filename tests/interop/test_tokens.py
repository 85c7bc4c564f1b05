# SPDX-License-Identifier: Apache-2.0
"""Keys and certificates on a token, which SoftHSM 2 plays: the key never leaves it."""

import os
import shutil
import subprocess
import time

import pytest
from lab import BUILD, IPSEC, SETUP, Cygnet, StrongSwan, wait_until
from pki import Party, openssl
from test_certificates import conf, host, their_conf
from test_signatures import pings, up
from test_tunnel import tunnels

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
pytestmark = pytest.mark.skipif(not (os.path.exists(MODULE) and shutil.which("pkcs11-tool")),
                                reason="SoftHSM 2 or opensc's pkcs11-tool is not installed")
PIN = "493716"


class Token:
    """A token with a party's key and certificate, in files of the laboratory."""

    def __init__(self, lab, party, label="office"):
        self.folder = lab.folder / "token"
        (self.folder / "tokens").mkdir(parents=True)
        conf_file = self.folder / "softhsm2.conf"
        conf_file.write_text(f"directories.tokendir = {self.folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
        self.env = dict(os.environ, SOFTHSM2_CONF=str(conf_file))
        self.run("softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "12345678")
        key, cert = self.folder / "key", self.folder / "cert"
        key.write_bytes(openssl("pkcs8", "-topk8", "-nocrypt", input=party.key))
        cert.write_bytes(openssl("x509", "-outform", "DER", input=party.cert))
        self.run("softhsm2-util", "--import", key, "--token", label, "--label", "host", "--id", "45", "--pin", PIN)
        self.run("pkcs11-tool", "--module", MODULE, "--token-label", label, "--login", "--pin", PIN,
                 "--write-object", cert, "--type", "cert", "--id", "45", "--label", "host")
        key.unlink()

    def run(self, *words):
        subprocess.run([*map(str, words)], check=True, capture_output=True, env=self.env)


def on_token(lab, party, ca, name, secret, monkeypatch):
    token = Token(lab, party)
    monkeypatch.setenv("SOFTHSM2_CONF", token.env["SOFTHSM2_CONF"])
    text = conf(lab, "left").replace("leftcert=host.pem", f'leftcert="{name}"')
    return Cygnet(lab, lab.left, text, secret, setup=SETUP, files={"ipsec.d/cacerts/ca.pem": ca.cert})


NAMES = {"card": "%smartcard:45", "slot": "%smartcard#0", "uri": "pkcs11:token=office;object=host"}


@pytest.mark.usefixtures("strongswan")
@pytest.mark.parametrize("initiator", ["ours", "theirs"])
@pytest.mark.parametrize("kind, how", [("ecdsa", "card"), ("ecdsa384", "slot"), ("rsa", "uri"), ("ecdsa", "uri"),
                                       ("ed25519", "card")])
def test_with_strongswan(labs, monkeypatch, kind, how, initiator):
    lab = labs()
    ca = Party("Root", ca=True)
    left = Party("left", kind, ca, names="DNS:left.example")
    right = Party("right", "ecdsa", ca, names="DNS:right.example")
    name = NAMES[how]
    east = on_token(lab, left, ca, name, f': PIN {name} "{PIN}"\n', monkeypatch)
    west = StrongSwan(lab, lab.right, their_conf(lab), files={
        "private/theirs.pem": right.key, "x509/theirs.pem": right.cert, "x509ca/root.pem": ca.cert})
    up(east, west, initiator)
    pings(lab)
    wait_until(lambda: tunnels(east) == 1 and "INSTALLED" in west.sas(), what="both ends")
    listed = east.auto("--listcards").stdout
    assert "office" in listed and "host" in listed and PIN not in listed, listed
    assert PIN not in east.logged()


MODULES = "/usr/share/p11-kit/modules"
SIGNS_NEVER = """
conn t
	left={left}
	right={right}
	authby=ecdsa
	leftsigkey=pkcs11:token=office
	rightsigkey=%dnsondemand
	auto=add

conn other
	left={left}
	leftid=@left
	right={right}
	rightid=@right
	authby=secret
	auto=add
"""


class OnMock(Cygnet):
    """Its p11-kit has one module, whose token is as the file says that $CYGNET_MOCK_TOKEN names."""

    def ipsec(self, *words, **more):
        if words != ("setup", "start"):
            return super().ipsec(*words, **more)
        modules = self.folder / "modules"
        modules.mkdir()
        (modules / "mock.module").write_text(f"module: {BUILD}/tests/unit/token/mock_token.so\n")
        return self.host.run("unshare", "-m", "sh", "-c", f'mount --bind "$0" {MODULES} && exec "$@"', modules, IPSEC,
                             "--confs", self.folder, "--rundir", self.folder / "run", "setup", "start")


@pytest.mark.skipif(not os.path.exists(MODULES), reason="p11-kit has no folder of modules here: install softhsm2")
def test_one_that_never_signs_holds_up_nobody(labs, monkeypatch):
    """With one thread for all work, another connection comes up meanwhile, and pluto ends at once."""
    lab = labs()
    token = lab.folder / "token"
    token.write_text("present mute")
    monkeypatch.setenv("CYGNET_MOCK_TOKEN", str(token))
    text = SIGNS_NEVER.format(left=lab.left.address, right=lab.right.address)
    secret = '@left @right : PSK "of both"\n'
    Cygnet(lab, lab.right, text.replace("leftsigkey=pkcs11:token=office", "leftsigkey=%dnsondemand"), secret)
    east = OnMock(lab, lab.left, text, secret + ': PIN %smartcard:45 "1234"\n', setup=SETUP + "\tnhelpers=1\n")
    east.auto("--asynchronous", "--up", "t")
    started = time.monotonic()
    assert "004 " in east.auto("--up", "other").stdout
    east.ipsec("setup", "stop")
    assert time.monotonic() - started < 8


def test_a_key_on_a_token_does_not_speak_tls(labs, monkeypatch):
    """It signs AUTH payloads; EAP-TLS with it is refused by name, before anything is proven."""
    lab = labs()
    ca = Party("Root", ca=True)
    left = Party("left", "ecdsa", ca, names="DNS:left.example")
    east = on_token(lab, left, ca, NAMES["card"], f': PIN {NAMES["card"]} "{PIN}"\n', monkeypatch)
    conf_file = east.folder / "ipsec.conf"
    conf_file.write_text(conf_file.read_text().replace(
        "authby=pubkey", "leftauth=eap-tls\n\trightauth=pubkey"))
    east.auto("--replace", "t")
    host(lab, "right", Party("right", "ecdsa", ca, names="DNS:right.example"), [ca])
    done = east.auto("--up", "t", check=False)
    assert done.returncode and "our key is on a token, and TLS can't sign with it here" in done.stdout, done.stdout


def test_a_wrong_pin_is_tried_once(labs, monkeypatch):
    lab = labs()
    ca = Party("Root", ca=True)
    left = Party("left", "ecdsa", ca, names="DNS:left.example")
    secret = ': PIN %smartcard:45 "000000"\n'
    east = on_token(lab, left, ca, "%smartcard:45", secret, monkeypatch)
    assert "can't be logged in to" in east.logged() and "a wrong PIN" in east.logged(), east.logged()[-2000:]
    assert "000000" not in east.logged()
    east.auto("--rereadsecrets", check=False)
    assert "it is not tried again" in east.logged(), east.logged()[-2000:]
    (east.folder / "ipsec.secrets").write_text(f': PIN %smartcard:45 "{PIN}"\n')
    east.auto("--rereadsecrets")
    assert "1 private keys can be used" in east.logged(), east.logged()[-2000:]


def test_what_is_not_there_is_said(labs, monkeypatch):
    lab = labs()
    ca = Party("Root", ca=True)
    left = Party("left", "ecdsa", ca, names="DNS:left.example")
    east = on_token(lab, left, ca, "%smartcard:46", f': PIN %smartcard:46 "{PIN}"\n', monkeypatch)
    assert "no certificate on a token is called %smartcard:46" in east.logged(), east.logged()[-2000:]
    assert "no private key with a public half on a token is called %smartcard:46" in east.logged()


def test_a_pin_is_asked_for(labs, monkeypatch):
    lab = labs()
    ca = Party("Root", ca=True)
    left = Party("left", "ecdsa", ca, names="DNS:left.example")
    east = on_token(lab, left, ca, "%smartcard:45", ": PIN %smartcard:45 %prompt\n", monkeypatch)
    assert "%smartcard:45 waits for its PIN" in east.logged(), east.logged()[-2000:]
    assert "private keys can be used" not in east.logged()
