# SPDX-License-Identifier: Apache-2.0
"""EAP: two of ours, and ours with strongSwan, each as client and as server."""

import pytest

from lab import Cygnet, StrongSwan, put_files, wait_until
from news import Web, crl
from pki import Party
from test_certificates import edit, signac
from test_revocation import by_hash, section
from test_signatures import pings, up
from test_tunnel import tunnels
from theirs import swanctl

PASSWORD = "xylophone-4711"


def conf(lab, here, method, extra="", anyone=False):
    """Left is the client, right the server, which has a certificate."""
    cert = "\trightcert=host.pem\n" if here == "right" else ""
    return f"""
conn t
	left={"%any" if anyone else lab.left.address}
	leftid={"%any" if anyone else "@left.example"}
	leftsubnet={lab.left.net}
	leftauth={method}
	right={lab.right.address}
	rightid=@right.example
	rightsubnet={lab.right.net}
	rightauth=pubkey
	auto=add
{cert}{extra}
"""


def client(lab, ca, method="eap-mschapv2", password=PASSWORD, user="left.example", extra=""):
    secrets = f'@{user} : EAP "{password}"\n'
    return Cygnet(lab, lab.left, conf(lab, "left", method, extra), secrets,
                  files={"ipsec.d/cacerts/ca.pem": ca.cert})


def server(lab, ca, method="eap-mschapv2", password=PASSWORD, user="left.example", extra="", anyone=False, party=None):
    party = party or Party("right", "ecdsa", ca, names="DNS:right.example")
    secrets = f': PKCS8 host.pem\n@{user} : EAP "{password}"\n'
    return Cygnet(lab, lab.right, conf(lab, "right", method, extra, anyone), secrets,
                  files={"ipsec.d/private/host.pem": party.key, "ipsec.d/certs/host.pem": party.cert,
                         "ipsec.d/cacerts/ca.pem": ca.cert})


def test_two_of_ours(labs):
    lab = labs()
    ca = Party("Root", ca=True)
    east, west = client(lab, ca), server(lab, ca)
    assert "004 " in east.auto("--up", "t").stdout
    pings(lab)
    assert tunnels(east) == tunnels(west) == 1
    server_by, client_by = "ECDSA P-256 certificate C=CH, O=Lab, CN=right", "EAP-MSCHAPv2"
    assert f"; authenticated by: {client_by}; we by: {server_by}" in west.status(), west.status()
    assert f"; authenticated by: {server_by}" in east.status() and f"; we by: {client_by}\n" in east.status()


def test_a_client_fetches_the_servers_certificate_by_its_hash(labs):
    lab = labs()
    ca = Party("Root", ca=True)
    party = Party("right", "ecdsa", ca, names="DNS:right.example")
    east, west = client(lab, ca, extra=section()), server(lab, ca, extra=section(), party=party)
    web = Web(lab, lab.left, by_hash(party))
    up(east, west, "ours")
    pings(lab)
    assert len(web.asked()) == 1


def test_a_name_of_its_own_becomes_the_peers_identity(labs):
    lab = labs()
    ca = Party("Root", ca=True)
    east = client(lab, ca, user="alice", extra="\teap_identity=alice\n")
    west = server(lab, ca, user="alice", extra="\teap_identity=%any\n", anyone=True)
    assert "004 " in east.auto("--up", "t").stdout
    pings(lab)
    assert "@alice" in west.status(), west.status()


def test_a_wrong_password_is_told_at_both_ends(labs):
    lab = labs()
    ca = Party("Root", ca=True)
    east, west = client(lab, ca), server(lab, ca, password="glockenspiel-1")
    done = east.auto("--up", "t", check=False)
    assert done.returncode != 0
    assert "the name or the password is wrong" in done.stdout, done.stdout
    assert "not tried again by itself" in done.stdout, done.stdout
    assert "another password than ours for left.example" in west.logged()
    for text in (done.stdout, east.logged(), west.logged()):
        assert PASSWORD not in text and "glockenspiel" not in text


# ---- strongSwan ----


def their_client(lab, ca, password=PASSWORD, local="auth = eap-mschapv2\n id = left.example",
                 user="left.example"):
    return StrongSwan(lab, lab.left, swanctl(
        lab.left, lab.right, local, "auth = pubkey\n id = right.example",
        f'eap-a {{\n id = {user}\n secret = "{password}"\n }}'), files={"x509ca/root.pem": ca.cert})


def their_server(lab, ca, password=PASSWORD, remote="auth = eap-mschapv2\n id = left.example"):
    party = Party("right", "ecdsa", ca, names="DNS:right.example")
    return StrongSwan(lab, lab.right, swanctl(
        lab.right, lab.left, "auth = pubkey\n certs = theirs.pem\n id = right.example", remote,
        f'eap-a {{\n id = left.example\n secret = "{password}"\n }}'),
        files={"x509ca/root.pem": ca.cert, "private/theirs.pem": party.key, "x509/theirs.pem": party.cert})


@pytest.mark.usefixtures("strongswan")
def test_mschapv2_with_strongswan_as_server(labs):
    lab = labs()
    ca = Party("Root", ca=True)
    east, west = client(lab, ca), their_server(lab, ca)
    up(east, west, "ours")
    pings(lab)
    wait_until(lambda: tunnels(east) == 1 and "INSTALLED" in west.sas(), what="both ends")


@pytest.mark.usefixtures("strongswan")
@pytest.mark.parametrize("name", ["in IKE", "in EAP"])
def test_mschapv2_with_strongswan_as_client(labs, name):
    lab = labs()
    ca = Party("Root", ca=True)
    if name == "in IKE":
        west, east = server(lab, ca), their_client(lab, ca)
    else:
        west = server(lab, ca, user="alice", extra="\teap_identity=%any\n", anyone=True)
        east = their_client(lab, ca, user="alice",
                            local="auth = eap-mschapv2\n id = 192.0.2.77\n eap_id = alice")
    done = east.swanctl("--initiate", "--child", "t", check=False)
    assert done.returncode == 0, done.stdout + west.logged()[-3000:] + east.logged()[-3000:]
    pings(lab)
    assert tunnels(west) == 1


PPK = "0x" + "5eed" * 16


@pytest.mark.usefixtures("strongswan")
@pytest.mark.parametrize("ours", ["client", "server"])
@pytest.mark.parametrize("both_have", [True, False])
def test_a_post_quantum_key_with_eap_and_strongswan(labs, ours, both_have):
    """RFC 8784 3: it is named beside the client's only AUTH, and who lacks it takes the proof without it."""
    lab = labs()
    ca = Party("Root", ca=True)
    extra = "\tppk=yes\n"
    us, them = (client(lab, ca, extra=extra), their_server(lab, ca)) if ours == "client" else \
        (server(lab, ca, extra=extra), their_client(lab, ca))
    # The one who lacks it is the server.
    we_have, they_have = both_have or ours == "client", both_have or ours == "server"
    if we_have:
        put_files(us.folder, {"ipsec.secrets": (us.folder / "ipsec.secrets").read_text() + f': PPKS "the-key" {PPK}\n'})
        us.auto("--rereadsecrets")
    words = (them.folder / "swanctl.conf").read_text().replace("    encap = yes", "    encap = yes\n ppk_id = the-key\n ppk_required = no")
    if they_have:
        words = words.replace("secrets {", f"secrets {{\n ppk-t {{ id-1 = the-key\n secret = {PPK}\n }}")
    (them.folder / "swanctl.conf").write_text(words)
    them.swanctl("--load-all", "--file", "/etc/peer/swanctl.conf")
    up(us, them, "ours" if ours == "client" else "theirs")
    pings(lab)
    assert ("-PPK" in us.logged()) == both_have, us.logged()[-2000:]
    assert ("using PPK" in them.logged()) == both_have, them.logged()[-3000:]


@pytest.mark.usefixtures("strongswan")
@pytest.mark.parametrize("ours", ["client", "server"])
def test_a_wrong_password_with_strongswan(labs, ours):
    lab = labs()
    ca = Party("Root", ca=True)
    if ours == "client":
        east, west = client(lab, ca, password="glockenspiel-1"), their_server(lab, ca)
        done = east.auto("--up", "t", check=False)
        assert done.returncode != 0
        assert "the name or the password is wrong" in done.stdout, done.stdout
    else:
        west, east = server(lab, ca, password="glockenspiel-1"), their_client(lab, ca)
        done = east.swanctl("--initiate", "--child", "t", check=False)
        assert done.returncode != 0
        assert "another password than ours for left.example" in west.logged(), done.stdout + east.logged()[-2000:]
        assert tunnels(west) == 0


# ---- EAP-TLS ----


def tls_client(lab, ca, names="DNS:left.example", extra="", auth="eap-tls", party=None):
    party = party or Party("left", "ecdsa", ca, names=names)
    return Cygnet(lab, lab.left, conf(lab, "left", auth, extra + "\tleftcert=host.pem\n"), ": PKCS8 host.pem\n",
                  files={"ipsec.d/private/host.pem": party.key, "ipsec.d/certs/host.pem": party.cert,
                         "ipsec.d/cacerts/ca.pem": ca.cert})


def test_tls_between_two_of_ours(labs):
    lab = labs()
    ca = Party("Root", ca=True)
    east, west = tls_client(lab, ca), server(lab, ca, "eap-tls")
    assert "004 " in east.auto("--up", "t").stdout
    pings(lab)
    assert tunnels(east) == tunnels(west) == 1


def test_tls_with_the_certificate_of_another_is_refused(labs):
    lab = labs()
    ca = Party("Root", ca=True)
    east, west = tls_client(lab, ca, names="DNS:other.example"), server(lab, ca, "eap-tls")
    assert east.auto("--up", "t", check=False).returncode != 0
    assert "is not that of the identity it came with" in west.logged(), west.logged()[-2000:]
    assert tunnels(west) == 0


def test_tls_is_of_the_same_authority(labs):
    """leftca=%same by the server's identity alone: without leftcert= it asks for one all the same."""
    lab = labs()
    one, two = Party("One", ca=True), Party("Two", ca=True)
    east = tls_client(lab, two)
    west = server(lab, one, "eap-tls", extra="\tleftca=%same\n")
    for daemon in (east, west):
        (daemon.folder / "ipsec.d/cacerts/one.pem").write_bytes(one.cert)
        (daemon.folder / "ipsec.d/cacerts/two.pem").write_bytes(two.cert)
        daemon.auto("--rereadcacerts")
    edit(west, "\trightcert=host.pem\n", "")
    assert east.auto("--up", "t", check=False).returncode != 0
    assert "is from another authority than the connection asks for" in west.logged(), west.logged()[-2000:]


def test_tls_with_a_revoked_certificate_is_refused(labs):
    """What TLS believes is held against the authority's list before anything stands."""
    lab = labs()
    ca = Party("Root", ca=True)
    party = Party("left", "ecdsa", ca, names="DNS:left.example")
    west = server(lab, ca, "eap-tls")
    put_files(west.folder, {"ipsec.d/crls/root.crl": crl(ca, party)})
    west.auto("--rereadcrls")
    east = tls_client(lab, ca, party=party)
    assert east.auto("--up", "t", check=False).returncode != 0
    assert "was revoked by its authority" in west.logged(), west.logged()[-2000:]
    assert tunnels(west) == 0
    put_files(west.folder, {"ipsec.d/crls/root.crl": crl(ca)})
    west.auto("--rereadcrls")
    assert "004 " in east.auto("--up", "t").stdout


def test_tls_clients_belong_to_groups_by_their_certificates(labs):
    lab = labs()
    ca, aa = Party("Root", ca=True), Party("AA")
    party = Party("left", "ecdsa", ca, names="DNS:left.example")
    west = server(lab, ca, "eap-tls", extra="\tleftgroups=sales\n")
    east = tls_client(lab, ca, party=party)
    assert east.auto("--up", "t", check=False).returncode != 0
    assert "belongs to none of the groups" in west.logged() and "RADIUS" not in west.logged(), west.logged()[-2000:]
    put_files(west.folder, {"ipsec.d/aacerts/aa.pem": aa.cert,
                            "ipsec.d/acerts/left.pem": signac(lab, party, aa, "--group", "sales").encode()})
    west.auto("--rereadaacerts")
    assert "004 " in east.auto("--up", "t").stdout, west.logged()[-2000:]
    pings(lab)
    (west.folder / "ipsec.d/acerts/left.pem").unlink()
    west.auto("--rereadacerts")
    wait_until(lambda: tunnels(west) == 0, what="the end of who is no member any more")
    # The section of its authority is as good, as long as it says so.
    east.auto("--down", "t")
    text = (west.folder / "ipsec.conf").read_text()
    for groups, well in (("groups=sales", True), ("groups=staff", False)):
        put_files(west.folder, {"ipsec.d/cacerts/section.pem": ca.cert,
                                "ipsec.conf": text + f"ca office\n\tcacert=section.pem\n\t{groups}\n\tauto=add\n"})
        west.auto("--rereadcacerts")
        if well:
            assert "004 " in east.auto("--up", "t").stdout, west.logged()[-2000:]
            pings(lab)
    wait_until(lambda: tunnels(west) == 0, what="the end of who is no member any more")
    assert "got staff by ca office" in west.logged(), west.logged()[-2000:]


def test_a_password_says_nothing_of_groups(labs):
    lab = labs()
    ca = Party("Root", ca=True)
    east, west = client(lab, ca), server(lab, ca, extra="\tleftgroups=sales\n")
    assert east.auto("--up", "t", check=False).returncode != 0
    assert "a password says nothing of groups (wanted an attribute certificate of the peer: sales" in west.logged()


@pytest.mark.usefixtures("strongswan")
@pytest.mark.parametrize("ours", ["client", "server"])
def test_tls_with_strongswan(labs, ours):
    """By TLS 1.2: with 1.3 Debian 12's strongSwan leaves out the last word that RFC 9190 asks for."""
    lab = labs()
    ca = Party("Root", ca=True)
    if ours == "client":
        party = Party("right", "ecdsa", ca, names="DNS:right.example")
        east = tls_client(lab, ca)
        west = StrongSwan(lab, lab.right, swanctl(
            lab.right, lab.left, "auth = pubkey\n certs = theirs.pem\n id = right.example",
            "auth = eap-tls\n id = left.example"),
            files={"x509ca/root.pem": ca.cert, "private/theirs.pem": party.key, "x509/theirs.pem": party.cert})
        up(east, west, "ours")
    else:
        party = Party("left", "ecdsa", ca, names="DNS:left.example")
        west = server(lab, ca, "eap-tls")
        east = StrongSwan(lab, lab.left, swanctl(
            lab.left, lab.right, "auth = eap-tls\n certs = theirs.pem\n id = left.example",
            "auth = pubkey\n id = right.example"),
            files={"x509ca/root.pem": ca.cert, "private/theirs.pem": party.key, "x509/theirs.pem": party.cert})
        done = east.swanctl("--initiate", "--child", "t", check=False)
        assert done.returncode == 0, done.stdout + west.logged()[-3000:] + east.logged()[-3000:]
    pings(lab)
    assert "TLS 1.2" in (east if ours == "server" else west).logged()


# ---- EAP alone (RFC 5998) ----


def alone(lab, side, ca, auth):
    """Both ends prove themselves by EAP-TLS and by nothing else."""
    party = Party(side, "ecdsa", ca, names=f"DNS:{side}.example")
    words = conf(lab, side, "eap-tls").replace("rightauth=pubkey", f"rightauth={auth}")
    if side == "left":
        words += "\tleftcert=host.pem\n"
    return Cygnet(lab, getattr(lab, side), words, ": PKCS8 host.pem\n",
                  files={"ipsec.d/private/host.pem": party.key, "ipsec.d/certs/host.pem": party.cert,
                         "ipsec.d/cacerts/ca.pem": ca.cert})


@pytest.mark.parametrize("auth", ["eaponly", "eap-tls"])
def test_eap_alone_between_two_of_ours(labs, auth):
    lab = labs()
    ca = Party("Root", ca=True)
    east, west = (alone(lab, side, ca, auth) for side in ("left", "right"))
    assert "004 " in east.auto("--up", "t").stdout
    pings(lab)


def test_eap_alone_must_be_named_by_both(labs):
    lab = labs()
    ca = Party("Root", ca=True)
    east, west = tls_client(lab, ca), alone(lab, "right", ca, "eaponly")
    assert east.auto("--up", "t", check=False).returncode != 0
    assert "wants a proof of ours beside EAP" in west.logged(), west.logged()[-2000:]


@pytest.mark.usefixtures("strongswan")
def test_eap_alone_with_strongswan(labs):
    lab = labs()
    ca = Party("Root", ca=True)
    party = Party("right", "ecdsa", ca, names="DNS:right.example")
    east = alone(lab, "left", ca, "eaponly")
    west = StrongSwan(lab, lab.right, swanctl(
        lab.right, lab.left, "auth = eap-tls\n certs = theirs.pem\n id = right.example",
        "auth = eap-tls\n id = left.example"),
        files={"x509ca/root.pem": ca.cert, "private/theirs.pem": party.key, "x509/theirs.pem": party.cert})
    up(east, west, "ours")
    pings(lab)


# ---- two proofs, a certificate and then EAP (RFC 4739) ----

TWO = "\tleftauth2=eap-mschapv2\n\teap_identity=alice\n"


def twice(lab, side, ca):
    party = Party(side, "ecdsa", ca, names=f"DNS:{side}.example")
    words = conf(lab, side, "pubkey", TWO + ("\tleftcert=host.pem\n" if side == "left" else ""))
    return Cygnet(lab, getattr(lab, side), words, f': PKCS8 host.pem\n@alice : EAP "{PASSWORD}"\n',
                  files={"ipsec.d/private/host.pem": party.key, "ipsec.d/certs/host.pem": party.cert,
                         "ipsec.d/cacerts/ca.pem": ca.cert})


@pytest.mark.usefixtures("strongswan")
@pytest.mark.parametrize("ours", ["client", "server"])
def test_two_proofs_with_strongswan(labs, ours):
    lab = labs()
    ca = Party("Root", ca=True)
    secrets = f'eap-a {{\n id = alice\n secret = "{PASSWORD}"\n }}'
    side = "right" if ours == "client" else "left"
    party = Party(side, "ecdsa", ca, names=f"DNS:{side}.example")
    files = {"x509ca/root.pem": ca.cert, "private/theirs.pem": party.key, "x509/theirs.pem": party.cert}
    proof = f"auth = pubkey\n certs = theirs.pem\n id = {side}.example"
    if ours == "client":
        east = twice(lab, "left", ca)
        theirs = swanctl(lab.right, lab.left, proof, "auth = pubkey\n id = left.example", secrets)
        theirs = theirs.replace("        children {", "        remote-2 {\n round = 2\n auth = eap-mschapv2\n eap_id = %any\n }\n"
                                "        children {", 1)
        west = StrongSwan(lab, lab.right, theirs, files=files)
        up(east, west, "ours")
    else:
        west = twice(lab, "right", ca)
        theirs = swanctl(lab.left, lab.right, proof, "auth = pubkey\n id = right.example", secrets)
        theirs = theirs.replace("        children {", "        local-2 {\n round = 2\n auth = eap-mschapv2\n eap_id = alice\n }\n"
                                "        children {", 1)
        east = StrongSwan(lab, lab.left, theirs, files=files)
        done = east.swanctl("--initiate", "--child", "t", check=False)
        assert done.returncode == 0, done.stdout + west.logged()[-3000:] + east.logged()[-3000:]
    pings(lab)
    # What the user proved does not keep a machine in whose certificate is revoked.
    here, there = (east, west) if ours == "client" else (west, east)
    put_files(here.folder, {"ipsec.d/crls/root.crl": crl(ca, party)})
    here.auto("--rereadcrls")
    wait_until(lambda: tunnels(here) == 0 and "INSTALLED" not in there.sas(), what="both ends to see it")
    assert "the peer is trusted no more" in here.logged() and "was revoked by its authority" in here.logged(), here.logged()[-2000:]
    if ours == "client":
        done = here.auto("--up", "t", check=False)
        assert "004 " not in done.stdout and "was revoked by its authority" in done.stdout, done.stdout
    else:
        assert there.swanctl("--initiate", "--child", "t", check=False).returncode != 0
    assert tunnels(here) == 0
