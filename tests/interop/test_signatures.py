# SPDX-License-Identifier: Apache-2.0
"""Raw public keys: two of our hosts, and ours with strongSwan, each as initiator and responder."""

import subprocess

import pytest

from lab import Cygnet, StrongSwan, wait_until
from test_tunnel import tunnels
from theirs import swanctl

# A key's name, and how openssl makes one.
KINDS = {
    "rsa2048": ["RSA", "rsa_keygen_bits:2048"],
    "rsa3072": ["RSA", "rsa_keygen_bits:3072"],
    "ecdsa256": ["EC", "ec_paramgen_curve:P-256"],
    "ecdsa384": ["EC", "ec_paramgen_curve:P-384"],
    "ecdsa521": ["EC", "ec_paramgen_curve:P-521"],
    "ed25519": ["ED25519"],
    "ed448": ["ED448"],
}


class Key:
    """A private key, as PEM, with its public half."""

    def __init__(self, kind):
        words = ["openssl", "genpkey", "-algorithm", KINDS[kind][0]]
        for option in KINDS[kind][1:]:
            words += ["-pkeyopt", option]
        self.private = subprocess.run(words, check=True, capture_output=True).stdout
        self.public = self.convert("-pubout")

    def convert(self, *words):
        return subprocess.run(["openssl", "pkey", *words], input=self.private, check=True,
                              capture_output=True).stdout

    def text(self):
        """As leftsigkey= has it."""
        done = subprocess.run(["openssl", "base64", "-A"], input=self.convert("-pubout", "-outform", "DER"),
                              check=True, capture_output=True)
        return "0s" + done.stdout.decode().strip()


def conf(lab, left_key, right_key, extra=""):
    return f"""
conn t
	left={lab.left.address}
	leftid=@ours
	leftsubnet={lab.left.net}
	leftsigkey={left_key}
	right={lab.right.address}
	rightid=@theirs
	rightsubnet={lab.right.net}
	rightsigkey={right_key}
	authby=pubkey
	auto=add
{extra}
"""


def ours(lab, host, text, key, **more):
    return Cygnet(lab, host, text, ": PKCS8 host.pem\n",
                  files={"ipsec.d/private/host.pem": key.private, **more})


def pair(lab, left, right, left_extra="", right_extra=""):
    words = left.text(), right.text()
    return (ours(lab, lab.left, conf(lab, *words, left_extra), left),
            ours(lab, lab.right, conf(lab, *words, right_extra), right))


def pings(lab):
    assert lab.alice.ping(lab.bob.address) == 3
    assert lab.bob.ping(lab.alice.address) == 3


@pytest.mark.parametrize("kinds", ["rsa2048 ed25519", "ecdsa256 ed448", "ecdsa384 ecdsa521", "rsa3072 rsa3072"])
def test_two_of_ours(labs, kinds):
    lab = labs()
    east, west = pair(lab, *map(Key, kinds.split()))
    done = east.auto("--up", "t")
    assert "004 " in done.stdout
    pings(lab)
    assert tunnels(east) == tunnels(west) == 1
    listed = east.auto("--listpubkeys").stdout
    assert listed.count("@ours") == 1 and listed.count("@theirs") == 1, listed
    assert "has private key" in listed


def test_a_wrong_key_is_refused_and_named(labs):
    lab = labs()
    left, right, other = Key("ed25519"), Key("rsa2048"), Key("ed25519")
    east = ours(lab, lab.left, conf(lab, left.text(), right.text()), left)
    west = ours(lab, lab.right, conf(lab, other.text(), right.text()), right)
    done = east.auto("--up", "t", check=False)
    assert done.returncode == 224 and "AUTHENTICATION_FAILED" in done.stdout, done.stdout
    # RFC 7670: it shows its key, so that both can be named.
    assert "the peer has another public key than the connection names" in west.logged()
    assert "leftrsasigkey= of conn t, which is Ed25519, id " in west.logged()
    assert "got Ed25519, id " in west.logged()


def test_a_wrong_key_of_a_peer_that_hides_it(labs):
    lab = labs()
    left, right, other = Key("ed25519"), Key("rsa2048"), Key("ed25519")
    ours(lab, lab.left, conf(lab, left.text(), right.text(), "\tleftsendcert=never\n"), left)
    west = ours(lab, lab.right, conf(lab, other.text(), right.text()), right)
    lab.daemons[0].auto("--up", "t", check=False)
    assert "the peer's signature is not made with the key it is known by" in west.logged()
    assert "leftrsasigkey= of conn t (Ed25519, id " in west.logged()


def test_a_missing_private_key_is_named(labs):
    lab = labs()
    east, _ = pair(lab, Key("ed25519"), Key("ed25519"))
    (east.folder / "ipsec.secrets").write_text("@nobody @else : PSK \"for others\"\n")
    east.auto("--rereadsecrets")
    done = east.auto("--up", "t", check=False)
    assert done.returncode != 0
    assert "ipsec.secrets has no private key to the public key of leftrsasigkey=" in done.stdout


def test_sha1_must_be_named_at_both_ends(labs):
    lab = labs()
    east, west = pair(lab, Key("rsa2048"), Key("rsa2048"), "\tauthby=rsa-sha1\n".replace("authby", "leftauth"))
    assert east.auto("--up", "t", check=False).returncode == 224
    assert "authby=rsa-sha1, if the peer has no better" in west.logged()


def test_a_short_key_is_refused_unless_asked(labs):
    lab = labs()
    KINDS["rsa1024"] = ["RSA", "rsa_keygen_bits:1024"]
    east, west = pair(lab, Key("rsa2048"), Key("rsa1024"), right_extra="\trsa-min-bits=1024\n")
    done = east.auto("--up", "t", check=False)
    assert done.returncode != 0 and "RSA of at least 2048 bits" in done.stdout, done.stdout
    text = (east.folder / "ipsec.conf").read_text() + "\trsa-min-bits=1024\n"
    (east.folder / "ipsec.conf").write_text(text)
    east.auto("--replace", "t")
    assert "004 " in east.auto("--up", "t").stdout
    pings(lab)


# ---- strongSwan ----


def their_conf(lab, local_auth="pubkey", remote_auth="pubkey"):
    return swanctl(lab.right, lab.left, f"auth = {local_auth}\n id = @theirs\n pubkeys = theirs.pem",
                   f"auth = {remote_auth}\n id = @ours\n pubkeys = ours.pem")


def with_strongswan(lab, our_kind, their_kind, ours_extra="", **auth):
    left, right = Key(our_kind), Key(their_kind)
    east = Cygnet(lab, lab.left, conf(lab, left.text(), "peer.pem", ours_extra), ": PKCS8 host.pem\n",
                  files={"ipsec.d/private/host.pem": left.private, "ipsec.d/certs/peer.pem": right.public})
    west = StrongSwan(lab, lab.right, their_conf(lab, **auth),
                      files={"private/theirs.pem": right.private, "pubkey/theirs.pem": right.public,
                             "pubkey/ours.pem": left.public})
    return east, west


def up(east, west, initiator):
    if initiator == "ours":
        done = east.auto("--up", "t", check=False)
    else:
        done = west.swanctl("--initiate", "--child", "t", check=False)
    assert done.returncode == 0, done.stdout + done.stderr + east.logged()[-3000:] + west.logged()[-3000:]


@pytest.mark.usefixtures("strongswan")
@pytest.mark.parametrize("initiator", ["ours", "theirs"])
@pytest.mark.parametrize("kind", KINDS)
def test_raw_keys_with_strongswan(labs, kind, initiator):
    lab = labs()
    east, west = with_strongswan(lab, kind, kind)
    up(east, west, initiator)
    pings(lab)
    wait_until(lambda: tunnels(east) == 1 and "INSTALLED" in west.sas(), what="both ends")


@pytest.mark.usefixtures("strongswan")
@pytest.mark.parametrize("initiator", ["ours", "theirs"])
@pytest.mark.parametrize("auth", ["rsa/pss-sha384", "rsa-sha512"])
def test_kinds_of_rsa_with_strongswan(labs, auth, initiator):
    lab = labs()
    east, west = with_strongswan(lab, "rsa3072", "rsa3072", local_auth=f"ike:{auth}")
    up(east, west, initiator)
    pings(lab)
