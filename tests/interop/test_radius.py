# SPDX-License-Identifier: Apache-2.0
"""EAP through us to FreeRADIUS: strongSwan's clients and ours, with real packets."""

import pytest

from lab import Cygnet, FreeRadius, StrongSwan, put_files, wait_until
from pki import Party
from test_certificates import edit
from test_eap import PASSWORD, client
from test_signatures import pings
from test_tunnel import tunnels
from theirs import swanctl

SHARED = "radius-Shared-4711"


def server(lab, ca, servers="127.0.0.1", secret=SHARED, extra="", setup=""):
    """Ours, which asks RADIUS."""
    party = Party("right", "ecdsa", ca, names="DNS:right.example")
    conf = f"""
config setup
	radius-servers="{servers}"
{setup}
conn t
	left=%any
	leftid=%any
	leftsubnet={lab.left.net}
	leftauth=eap-radius
	right={lab.right.address}
	rightid=@right.example
	rightsubnet={lab.right.net}
	rightauth=pubkey
	rightcert=host.pem
	eap_identity=%any
	auto=add
{extra}
"""
    secrets = f': PKCS8 host.pem\n127.0.0.1 : RADIUS "{secret}"\n127.0.0.2 : RADIUS "{secret}"\n'
    return Cygnet(lab, lab.right, conf, secrets,
                  files={"ipsec.d/private/host.pem": party.key, "ipsec.d/certs/host.pem": party.cert,
                         "ipsec.d/cacerts/ca.pem": ca.cert})


def radius(lab, ca, **more):
    return FreeRadius(lab, lab.right, SHARED, {"alice": PASSWORD},
                      Party("right", "ecdsa", ca, names="DNS:right.example"), ca, **more)


def their_client(lab, ca, method, files=(), secret=PASSWORD):
    certs = "\n certs = theirs.pem" if method == "eap-tls" else ""
    return StrongSwan(lab, lab.left, swanctl(
        lab.left, lab.right, f"auth = {method}\n id = alice\n eap_id = alice{certs}",
        "auth = pubkey\n id = right.example", f'eap-a {{\n id = alice\n secret = "{secret}"\n }}'),
        files={"x509ca/root.pem": ca.cert, **dict(files)})


@pytest.mark.usefixtures("strongswan", "freeradius")
@pytest.mark.parametrize("method", ["eap-mschapv2", "eap-tls"])
def test_strongswan_through_us(labs, method):
    lab = labs()
    ca = Party("Root", ca=True)
    there, west = radius(lab, ca, method=method), server(lab, ca)
    party = Party("alice", "ecdsa", ca, names="DNS:alice")
    east = their_client(lab, ca, method, {"private/theirs.pem": party.key, "x509/theirs.pem": party.cert})
    done = east.swanctl("--initiate", "--child", "t", check=False)
    assert done.returncode == 0, done.stdout + west.logged()[-3000:] + there.logged()[-3000:]
    pings(lab)
    assert tunnels(west) == 1
    assert "@alice" in west.status()
    assert "says of the peer: staff" in west.logged()


@pytest.mark.usefixtures("freeradius")
def test_two_of_ours_and_a_dead_server(labs):
    lab = labs()
    ca = Party("Root", ca=True)
    radius(lab, ca)
    west = server(lab, ca, servers="127.0.0.2:1999, 127.0.0.1", setup="\tradius-timeout=2s\n\tradius-tries=1\n")
    east = client(lab, ca, user="alice", extra="\teap_identity=alice\n\tretransmit-timeout=60s\n")
    assert "004 " in east.auto("--up", "t").stdout
    pings(lab)
    assert "127.0.0.2:1999 gives no answer" in west.logged()
    assert "an answer to 1 datagrams" in west.logged(), west.logged()


@pytest.mark.usefixtures("freeradius")
def test_groups_that_the_server_names(labs):
    lab = labs()
    ca = Party("Root", ca=True)
    radius(lab, ca)
    west = server(lab, ca, extra="\tleftgroups=\"admins staff\"\n")
    east = client(lab, ca, user="alice", extra="\teap_identity=alice\n")
    assert "004 " in east.auto("--up", "t").stdout, west.logged()
    pings(lab)
    east.auto("--down", "t")
    conf = west.folder / "ipsec.conf"
    conf.write_text(conf.read_text().replace("admins staff", "admins"))
    west.auto("--replace", "t")
    assert east.auto("--up", "t", check=False).returncode != 0
    wait_until(lambda: "the RADIUS server names none of them" in west.logged(), what="the refusal")
    assert "says of the peer: staff" in west.logged() and tunnels(west) == 0


@pytest.mark.usefixtures("freeradius")
def test_the_server_says_who_it_is(labs):
    lab = labs()
    ca = Party("Root", ca=True)
    radius(lab, ca, reply=', User-Name := "true-alice"')
    west = server(lab, ca)
    east = client(lab, ca, user="alice", extra="\teap_identity=alice\n")
    assert "004 " in east.auto("--up", "t").stdout, west.logged()
    assert "with @true-alice at" in west.logged(), west.logged()[-2000:]
    east.auto("--down", "t")
    edit(west, "eap_identity=%any", "eap_identity=alice")
    assert east.auto("--up", "t", check=False).returncode != 0
    wait_until(lambda: "wanted alice; got User-Name true-alice" in west.logged(), what="the refusal")
    assert tunnels(west) == 0


@pytest.mark.usefixtures("freeradius")
def test_a_wrong_password_is_refused_by_the_server(labs):
    lab = labs()
    ca = Party("Root", ca=True)
    radius(lab, ca)
    west = server(lab, ca)
    east = client(lab, ca, user="alice", password="glockenspiel-1", extra="\teap_identity=alice\n")
    done = east.auto("--up", "t", check=False)
    assert done.returncode != 0
    assert "the name or the password is wrong" in done.stdout, done.stdout
    wait_until(lambda: "the RADIUS server refuses alice" in west.logged(), what="the refusal")
    assert tunnels(west) == 0


@pytest.mark.usefixtures("freeradius")
@pytest.mark.parametrize("what", ["another secret", "nobody there"])
def test_a_server_that_can_not_be_believed_is_none(labs, what):
    lab = labs()
    ca = Party("Root", ca=True)
    if what == "another secret":
        radius(lab, ca)
    west = server(lab, ca, secret="another-Secret-0815", setup="\tradius-tries=1\n")
    east = client(lab, ca, user="alice", extra="\teap_identity=alice\n\tretransmit-timeout=60s\n")
    done = east.auto("--up", "t", check=False)
    assert done.returncode != 0
    assert "127.0.0.1:1812 gives no answer that is made with our secret" in west.logged()
    assert tunnels(west) == 0


@pytest.mark.usefixtures("freeradius")
def test_the_server_of_eap_is_another_than_that_of_ike(labs):
    """FreeRADIUS has a certificate of its own, and aaa_identity= says whose."""
    lab = labs()
    ca = Party("Root", ca=True)
    FreeRadius(lab, lab.right, SHARED, {"alice": PASSWORD}, Party("aaa", "ecdsa", ca, names="DNS:aaa.example"), ca, method="eap-tls")
    west = server(lab, ca)
    party = Party("alice", "ecdsa", ca, names="DNS:alice")
    words = "\teap_identity=alice\n\tleftcert=alice.pem\n"
    east = client(lab, ca, method="eap-tls", user="alice", extra=words)
    put_files(east.folder, {"ipsec.d/private/alice.pem": party.key, "ipsec.d/certs/alice.pem": party.cert,
                            "ipsec.secrets": ": PKCS8 alice.pem\n"})
    east.auto("--rereadsecrets")
    east.auto("--rereadcacerts")
    done = east.auto("--up", "t", check=False)
    assert done.returncode and "is not that of the identity" in done.stdout, done.stdout + west.logged()
    conf = east.folder / "ipsec.conf"
    conf.write_text(conf.read_text().replace("\tleftcert=alice.pem", "\taaa_identity=@aaa.example\n\tleftcert=alice.pem"))
    east.auto("--replace", "t")
    assert "004 " in east.auto("--up", "t").stdout
    pings(lab)
