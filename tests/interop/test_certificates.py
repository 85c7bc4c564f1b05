# SPDX-License-Identifier: Apache-2.0
"""X.509 certificates: two of our hosts, and ours with strongSwan in both directions."""

import base64
import json
import re
import shutil
import subprocess

import pytest

from lab import IPSEC, Cygnet, StrongSwan, put_files, wait_until
from pki import Party, openssl
from test_signatures import pings, up
from test_tunnel import tunnels
from theirs import swanctl


def conf(lab, here, left="left.example", right="right.example", extra=""):
    return f"""
conn t
	left={lab.left.address}
	leftid=@{left}
	leftsubnet={lab.left.net}
	right={lab.right.address}
	rightid=@{right}
	rightsubnet={lab.right.net}
	{here}cert=host.pem
	authby=pubkey
	auto=add
{extra}
"""


def host(lab, side, party, anchors, extra="", chain=b"", **ids):
    files = {"ipsec.d/private/host.pem": party.key, "ipsec.d/certs/host.pem": party.cert + chain}
    for i, anchor in enumerate(anchors):
        files[f"ipsec.d/cacerts/ca{i}.pem"] = anchor.cert
    return Cygnet(lab, getattr(lab, side), conf(lab, side, extra=extra, **ids), ": PKCS8 host.pem\n", files=files)


def listed_as(daemon, what):
    return json.loads(daemon.auto("--json", f"--list{what}").stdout)[what]


def edit(daemon, old, new):
    file = daemon.folder / "ipsec.conf"
    file.write_text(file.read_text().replace(old, new))
    daemon.auto("--replace", "t")


def refused(lab, east, west, words):
    """What is wrong is told at the responder, and the initiator has AUTHENTICATION_FAILED."""
    done = east.auto("--up", "t", check=False)
    assert done.returncode == 224, done.stdout
    assert words in west.logged(), west.logged()[-1500:]


KIND_NAMES = {"rsa": "RSA", "ecdsa": "ECDSA P-256", "ed25519": "Ed25519"}


@pytest.mark.parametrize("kinds", ["rsa rsa", "ecdsa ed25519"])
def test_two_of_ours(labs, kinds):
    lab = labs()
    left, right = kinds.split()
    ca = Party("Root", ca=True)
    east = host(lab, "left", Party("left", left, ca, names="DNS:left.example"), [ca])
    west = host(lab, "right", Party("right", right, ca, names="DNS:right.example"), [ca])
    assert "004 " in east.auto("--up", "t").stdout
    pings(lab)
    listed = east.auto("--listcerts").stdout
    assert "CN=left" in listed and "@left.example" in listed and "has private key" in listed, listed
    assert "CN=Root" in east.auto("--listcacerts").stdout
    assert f"authenticated by: {KIND_NAMES[right]} certificate C=CH, O=Lab, CN=right, issued by C=CH, O=Lab, CN=Root, valid until " in (
        east.status())
    assert f"; we by: {KIND_NAMES[left]} certificate C=CH, O=Lab, CN=left, issued by" in east.status()
    (own,), (root,) = listed_as(east, "certs"), listed_as(east, "cacerts")
    assert own["authority_key"] == root["subject_key"] and own["count"] == root["count"] == 1, (own, root)


def test_keys_of_peers_are_listed_once_each_until_their_certificates_end(labs):
    lab = labs()
    ca = Party("Root", ca=True)
    east = host(lab, "left", Party("left", "ecdsa", ca, names="DNS:left.example", days=3), [ca])
    more = conf(lab, "right").replace("conn t", "conn u").replace("leftsubnet", "leftprotoport=tcp\n\tleftsubnet")
    west = host(lab, "right", Party("right", "ed25519", ca, names="DNS:right.example"), [ca], more)
    assert "004 " in east.auto("--up", "t").stdout
    keys = {k["id"]: k for k in listed_as(west, "pubkeys")}
    assert len(keys) == len(listed_as(west, "pubkeys")) == 2, keys
    own, theirs = keys["@right.example"], keys["@left.example"]
    assert own["private_key"] and own["trust"] == "local file" and own["until"] == listed_as(west, "certs")[0]["not_after"]
    assert "private_key" not in theirs and theirs["trust"] == "trusted CA" and theirs["type"] == "ECDSA P-256"
    assert theirs["issuer"] == own["issuer"] == "C=CH, O=Lab, CN=Root"
    assert theirs["key_id"] == listed_as(east, "certs")[0]["key_id"]
    checked = west.auto("--checkpubkeys").stdout
    assert "@left.example" in checked and "warning (expires in " in checked and "@right.example" not in checked, checked
    east.auto("--down", "t")
    wait_until(lambda: "@left.example" not in west.auto("--listpubkeys").stdout, what="the peer's key to be forgotten")


def test_authorities_of_peers_are_listed_and_no_anchors(labs):
    """An intermediate that came with a peer is believed for that peer's path alone."""
    lab = labs()
    ca = Party("Root", ca=True)
    middle = Party("Middle", "ecdsa", ca, ca=True)
    left, lonely = (Party(name, "ecdsa", middle, names=f"DNS:{name}.example") for name in ("left", "lonely"))
    second = conf(lab, "left", left="lonely.example").replace("conn t", "conn u").replace("host.pem", "lonely.pem")
    east = host(lab, "left", left, [ca], second, chain=middle.cert)
    west = host(lab, "right", Party("right", "ecdsa", ca, names="DNS:right.example"), [ca],
                conf(lab, "right", left="lonely.example").replace("conn t", "conn u"))
    assert "004 " in east.auto("--up", "t").stdout
    root, received = listed_as(west, "cacerts")
    assert root["nickname"] == "ca0.pem" and "received_from" not in root and root["count"] == 1
    assert received["subject"] == "C=CH, O=Lab, CN=Middle" and received["received_from"] == "@left.example"
    assert "nickname" not in received and "received from @left.example" in west.auto("--listcacerts").stdout
    # Whoever leaves it out is not believed, while it is listed.
    for name, octets in (("certs/host", left.cert), ("certs/lonely", lonely.cert), ("private/lonely", lonely.key)):
        (east.folder / f"ipsec.d/{name}.pem").write_bytes(octets)
    (east.folder / "ipsec.d/private/lonely.pem").chmod(0o600)
    (east.folder / "ipsec.secrets").write_text(": PKCS8 host.pem\n: PKCS8 lonely.pem\n")
    east.auto("--rereadall")
    east.auto("--replace", "u")
    done = east.auto("--up", "u", check=False)
    assert done.returncode == 224 and "leads to no authority that is trusted here" in west.logged(), done.stdout
    assert len(listed_as(west, "cacerts")) == 2
    east.auto("--down", "t")
    wait_until(lambda: len(listed_as(west, "cacerts")) == 1, what="the peer's authority to be forgotten")


def test_a_key_without_a_record_is_told(labs):
    lab = labs()
    ca = Party("Root", ca=True)
    east = host(lab, "left", Party("left", "ecdsa", ca, names="DNS:left.example"), [ca])
    host(lab, "right", Party("right", "ecdsa", ca, names="DNS:right.example"), [ca])
    secrets = (east.folder / "ipsec.secrets").read_text()
    (east.folder / "ipsec.secrets").write_text("@nobody @else : PSK \"for others\"\n")
    east.auto("--rereadall")
    done = east.auto("--up", "t", check=False)
    assert done.returncode and ": PKCS8 NAME  into ipsec.secrets, and then ipsec auto --rereadall" in done.stdout, done.stdout
    (east.folder / "ipsec.secrets").write_text(secrets)
    east.auto("--rereadall")
    assert "004 " in east.auto("--up", "t").stdout


def test_the_subject_is_an_identity_and_the_default_one(labs):
    lab = labs()
    ca = Party("Root", ca=True)
    text = {"left": "*", "right": "right"}  # a host that dials knows whom
    daemons = []
    for side in text:
        other = "right" if side == "left" else "left"
        party = Party(side, "ecdsa", ca)
        words = (conf(lab, side).replace(f"\t{side}id=@{side}.example\n", "")
                 .replace(f"{other}id=@{other}.example", f'{other}id="C=CH, O=Lab, CN={text[other]}"'))
        daemons.append(Cygnet(lab, getattr(lab, side), words, ": PKCS8 host.pem\n",
                              files={"ipsec.d/private/host.pem": party.key,
                                     "ipsec.d/certs/host.pem": party.cert,
                                     "ipsec.d/cacerts/ca.pem": ca.cert}))
    east, west = daemons
    assert "004 " in east.auto("--up", "t").stdout
    pings(lab)
    assert "CN=left" in west.status() and tunnels(west) == 1


REFUSALS = {
    "another identity": (dict(names="DNS:other.example"), "is not that of the identity it came with"),
    "a star is no name": (dict(names="DNS:*.example"), "is not that of the identity it came with"),
    "the name of another type": (dict(names="email:left.example"), "is not that of the identity it came with"),
    "only the common name": (dict(), "is not that of the identity it came with"),
    "an authority's own": (dict(ca=True, names="DNS:left.example"), "is an authority's"),
    "another use": (dict(names="DNS:left.example", extra="extendedKeyUsage=codeSigning"), "is for other uses than IKE"),
    "not for signatures": (dict(names="DNS:left.example", extra="keyUsage=keyEncipherment"), "is not for signatures"),
    "a critical extension": (dict(names="DNS:left.example", extra="1.2.3.4=critical,ASN1:NULL"), "critical extension"),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_a_certificate_that_breaks_a_rule_is_refused(labs, what):
    lab = labs()
    ca = Party("Root", ca=True)
    given, words = REFUSALS[what]
    extra = "\tleftsendcert=always\n"
    east = host(lab, "left", Party("left", "ecdsa", ca, **given), [ca], extra)
    west = host(lab, "right", Party("right", "ecdsa", ca, names="DNS:right.example"), [ca])
    done = east.auto("--up", "t", check=False)
    assert done.returncode != 0
    # Some rules the holder of the certificate checks itself, before it sends it.
    assert words in west.logged() + done.stdout, west.logged()[-1500:] + done.stdout


def test_an_end_certificate_is_no_authority(labs):
    lab = labs()
    ca = Party("Root", ca=True)
    middle = Party("left", "ecdsa", ca, names="DNS:middle.example")
    east = host(lab, "left", Party("left", "ecdsa", middle, names="DNS:left.example"), [ca], chain=middle.cert)
    west = host(lab, "right", Party("right", "ecdsa", ca, names="DNS:right.example"), [ca])
    refused(lab, east, west, "leads to no authority that is trusted here")


def test_unknown_authorities_are_named(labs):
    lab = labs()
    ours, theirs = Party("Root", ca=True), Party("Stranger", ca=True)
    east = host(lab, "left", Party("left", "ecdsa", theirs, names="DNS:left.example"), [ours, theirs])
    west = host(lab, "right", Party("right", "ecdsa", ours, names="DNS:right.example"), [ours])
    refused(lab, east, west, "leads to no authority that is trusted here")
    assert "CN=Stranger" in west.logged()
    (west.folder / "ipsec.d/cacerts/stranger.pem").write_bytes(theirs.cert)
    west.auto("--rereadcacerts")
    assert "004 " in east.auto("--up", "t").stdout


def test_rightca_is_followed(labs):
    lab = labs()
    one, two = Party("One", ca=True), Party("Two", ca=True)
    east = host(lab, "left", Party("left", "ecdsa", two, names="DNS:left.example"), [one, two])
    west = host(lab, "right", Party("right", "ecdsa", one, names="DNS:right.example"), [one, two], "\tleftca=%same\n")
    refused(lab, east, west, "is from another authority than the connection asks for")


def fake(lab, extra="", **more):
    """East's certificate is of an authority that took the name of One, and that Two has issued."""
    one, two = Party("One", ca=True), Party("Two", ca=True)
    false = Party("One", issuer=two, ca=True)
    for _ in range(more.get("numbers", 0)):
        true = Party("left", "ecdsa", one, names="DNS:left.example")
    left = Party("left", "ecdsa", false, names="DNS:left.example")
    east = host(lab, "left", left, [one, two], chain=false.cert)
    west = host(lab, "right", Party("right", "ecdsa", one, names="DNS:right.example"), [one, two], extra)
    return east, west, one, true if "numbers" in more else None


@pytest.mark.parametrize("ca", ['"C=CH, O=Lab, CN=One"', "%same"])
def test_the_name_of_an_authority_is_not_the_authority(labs, ca):
    lab = labs()
    east, west, _, _ = fake(lab, f"\tleftca={ca}\n")
    refused(lab, east, west, "is from another authority than the connection asks for")


def test_a_group_is_not_for_who_has_the_number_of_a_member(labs):
    """The attribute certificate names One and a number; east's is of that number, by a false One."""
    lab = labs()
    aa = Party("AA")
    east, west, _, true = fake(lab, "\tleftgroups=admins\n", numbers=1)
    for folder, octets in (("acerts", signac(lab, true, aa, "--group", "admins").encode()), ("aacerts", aa.cert)):
        (west.folder / "ipsec.d" / folder).mkdir()
        (west.folder / "ipsec.d" / folder / "one.pem").write_bytes(octets)
    west.auto("--rereadall")
    assert "admins" in west.auto("--listgroups").stdout
    refused(lab, east, west, "belongs to none of the groups")
    assert "who issued its certificate is not held here" in west.logged()


def test_a_named_certificate_is_judged_and_has_its_own_name(labs):
    """West names east's certificate and not who it is: no other name, and not once it was revoked."""
    lab = labs()
    ca = Party("Root", ca=True)
    left, right = (Party(side, "ecdsa", ca, names=f"DNS:{side}.example") for side in ("left", "right"))
    east = host(lab, "left", left, [ca], left="boss.example")
    text = conf(lab, "right", extra="\tleftcert=left.pem\n").replace("leftid=@left.example", "leftid=%any")
    west = Cygnet(lab, lab.right, text, ": PKCS8 host.pem\n",
                  files={"ipsec.d/private/host.pem": right.key, "ipsec.d/certs/host.pem": right.cert,
                         "ipsec.d/certs/left.pem": left.cert, "ipsec.d/cacerts/ca.pem": ca.cert})
    refused(lab, east, west, "is not that of the identity it came with")
    edit(east, "boss.example", "left.example")
    assert "004 " in east.auto("--up", "t").stdout, west.logged()
    (west.folder / "ipsec.d/crls").mkdir()
    (west.folder / "ipsec.d/crls/root.crl").write_bytes(ca.crl(left))
    west.auto("--rereadcrls")
    wait_until(lambda: tunnels(west) == 0)
    refused(lab, east, west, "was revoked by its authority")


def test_of_several_certificates_one_that_can_be_used_is(labs):
    """East has an expired one, one of an authority that west does not ask for, and the right one."""
    lab = labs()
    one, two = Party("One", ca=True), Party("Two", ca=True)
    old, other, good = (Party("left", "ecdsa", issuer, names="DNS:left.example", days=days)
                        for issuer, days in ((one, -1), (two, 30), (one, 30)))
    parties = {"old": old, "other": other, "good": good}
    files = {f"ipsec.d/private/{name}.pem": party.key for name, party in parties.items()}
    files |= {f"ipsec.d/certs/{name}.pem": party.cert for name, party in parties.items()}
    files |= {"ipsec.d/cacerts/one.pem": one.cert, "ipsec.d/cacerts/two.pem": two.cert}
    text = conf(lab, "left").replace("leftcert=host.pem", 'leftcert="old.pem, other.pem,good.pem"')
    assert "good.pem" in text
    east = Cygnet(lab, lab.left, text, "".join(f": PKCS8 {name}.pem\n" for name in parties), files=files)
    host(lab, "right", Party("right", "ecdsa", one, names="DNS:right.example"), [one])
    assert "004 " in east.auto("--up", "t").stdout
    pings(lab)
    # The peer's may be several, too: the one that it sends counts.
    (east.folder / "ipsec.d/certs/none.pem").write_bytes(Party("x", "ecdsa", one).cert)
    assert east.auto("--listcerts").stdout.count("CN=left") == 3


def test_without_leftcert_the_identity_finds_the_certificate(labs):
    lab = labs()
    ca = Party("Root", ca=True)
    daemons = []
    for side in ("left", "right"):
        party, stranger = Party(side, "ecdsa", ca, names=f"DNS:{side}.example"), Party("other", "ecdsa", ca)
        daemons.append(Cygnet(lab, getattr(lab, side), conf(lab, "left").replace("\tleftcert=host.pem\n", ""),
                              ": PKCS8 a.pem\n: PKCS8 b.pem\n",
                              files={"ipsec.d/private/a.pem": stranger.key, "ipsec.d/private/b.pem": party.key,
                                     "ipsec.d/certs/a.pem": stranger.cert, "ipsec.d/certs/b.pem": party.cert,
                                     "ipsec.d/cacerts/ca.pem": ca.cert}))
    east, west = daemons
    assert "004 " in east.auto("--up", "t").stdout
    pings(lab)
    # What is removed from the disk goes with the next reading.
    (west.folder / "ipsec.d/certs/b.pem").unlink()
    assert "CN=right" in west.auto("--listcerts").stdout
    west.auto("--rereadcacerts")
    assert "CN=right" not in west.auto("--listcerts").stdout
    east.auto("--down", "t")
    assert east.auto("--up", "t", check=False).returncode


def test_a_bundle_of_key_and_certificates(labs):
    """PKCS #12: the intermediate in it goes to the peer, the root in it is believed by nobody."""
    lab = labs()
    root = Party("Root", ca=True)
    middle = Party("Middle", "ecdsa", root, ca=True)
    left = Party("left", "rsa", middle, names="DNS:left.example")
    files = {"k": left.key, "c": left.cert, "cas": middle.cert + root.cert}
    for name, octets in files.items():
        (lab.folder / name).write_bytes(octets)
    bundle = openssl("pkcs12", "-export", "-inkey", lab.folder / "k", "-in", lab.folder / "c", "-certfile",
                     lab.folder / "cas", "-passout", "pass:open it")
    text = conf(lab, "left").replace("host.pem", "host.p12").replace("\tleftid=@left.example\n", "")
    east = Cygnet(lab, lab.left, text, ': P12 host.p12 "open it"\n', files={"ipsec.d/private/host.p12": bundle})
    right = Party("right", "ecdsa", root, names="DNS:right.example")
    west = Cygnet(lab, lab.right, conf(lab, "right").replace("@left.example", '"C=CH, O=Lab, CN=left"'),
                  ": PKCS8 host.pem\n", files={"ipsec.d/private/host.pem": right.key, "ipsec.d/certs/host.pem": right.cert,
                                               "ipsec.d/cacerts/root.pem": root.cert})
    assert east.auto("--up", "t", check=False).returncode
    assert "no authority is known here" in east.logged(), west.logged()[-1500:]
    (east.folder / "ipsec.d/cacerts").mkdir()
    (east.folder / "ipsec.d/cacerts/root.pem").write_bytes(root.cert)
    east.auto("--rereadcacerts")
    assert "004 " in east.auto("--up", "t").stdout, west.logged()
    pings(lab)


def test_one_of_several_certificates_of_the_peer(labs):
    lab = labs()
    ca = Party("Root", ca=True)
    keys = {"left": Party("left", "ecdsa", ca), "right": Party("right", "ed25519", ca)}
    daemons = []
    for side, other in (("left", "right"), ("right", "left")):
        files = {"ipsec.d/private/host.pem": keys[side].key, "ipsec.d/certs/host.pem": keys[side].cert,
                 "ipsec.d/certs/peer.pem": keys[other].cert,
                 "ipsec.d/certs/old.pem": Party(other, "ecdsa", ca).cert}
        text = conf(lab, side, extra=f"\t{other}cert=old.pem,peer.pem\n")
        daemons.append(Cygnet(lab, getattr(lab, side), text, ": PKCS8 host.pem\n", files=files))
    east, west = daemons
    assert "004 " in east.auto("--up", "t").stdout, west.logged()
    pings(lab)


def test_ca_sections_name_authorities_that_are_believed(labs):
    """cacert= of a section with auto=add is an anchor, asked for in CERTREQ; auto=ignore is none."""
    lab = labs()
    ca = Party("Root", ca=True)
    daemons = []
    for side in ("left", "right"):
        party = Party(side, "ecdsa", ca, names=f"DNS:{side}.example")
        text = "ca lab\n\tcacert={}/root.pem\n\tauto=ignore\n".format(lab.folder) + conf(lab, side)
        daemons.append(Cygnet(lab, getattr(lab, side), text, ": PKCS8 host.pem\n",
                              files={"ipsec.d/private/host.pem": party.key, "ipsec.d/certs/host.pem": party.cert}))
    (lab.folder / "root.pem").write_bytes(ca.cert)
    east, west = daemons
    assert east.auto("--up", "t", check=False).returncode
    for daemon in daemons:
        path = daemon.folder / "ipsec.conf"
        path.write_text(path.read_text().replace("auto=ignore", "auto=add"))
        daemon.auto("--rereadcacerts")
    assert "CN=Root" in west.auto("--listcacerts").stdout and "CN=Root" in west.auto("--listcainfos").stdout
    assert "004 " in east.auto("--up", "t").stdout, west.logged()
    pings(lab)
    # A section that is gone is believed no more.
    west_conf = west.folder / "ipsec.conf"
    west_conf.write_text(west_conf.read_text().replace("auto=add\nconn", "auto=ignore\nconn")
                         .replace("auto=add\n\nconn", "auto=ignore\n\nconn"))
    west.auto("--rereadcacerts")
    assert "CN=Root" not in west.auto("--listcacerts").stdout
    east.auto("--down", "t")
    assert east.auto("--up", "t", check=False).returncode


@pytest.mark.parametrize("word, comes", [("always", True), ("ifasked", True), ("never", False)])
def test_leftsendcert(labs, word, comes):
    lab = labs()
    ca = Party("Root", ca=True)
    east = host(lab, "left", Party("left", "ecdsa", ca, names="DNS:left.example"), [ca], f"\tleftsendcert={word}\n")
    west = host(lab, "right", Party("right", "ecdsa", ca, names="DNS:right.example"), [ca])
    done = east.auto("--up", "t", check=False)
    assert ("004 " in done.stdout) == comes, done.stdout
    if not comes:
        assert "sent no certificate with its public key" in west.logged()


def test_rightca_takes_patterns_and_same_means_our_own(labs):
    lab = labs()
    ca = Party("Root", ca=True)
    extra = '\tleftca="C=CH, O=*, CN=Root"\n\trightca=%same\n'
    east = host(lab, "left", Party("left", "ecdsa", ca, names="DNS:left.example"), [ca], extra)
    host(lab, "right", Party("right", "ecdsa", ca, names="DNS:right.example"), [ca], extra)
    assert "004 " in east.auto("--up", "t").stdout
    pings(lab)


def signac(lab, holder, authority, *words):
    for name, octets in (("holder", holder.cert), ("aa", authority.cert), ("aakey", authority.key)):
        (lab.folder / name).write_bytes(octets)
    return lab.left.run(IPSEC, "pki", "--signac", "--in", lab.folder / "holder", "--issuercert", lab.folder / "aa",
                        "--issuerkey", lab.folder / "aakey", *words).stdout


def test_groups_of_attribute_certificates(labs):
    """West lets in who belongs to sales or admins, by an authority that it believes, as long as that holds."""
    lab = labs()
    ca, aa, stranger = Party("Root", ca=True), Party("AA"), Party("Stranger")
    left = Party("left", "ecdsa", ca, names="DNS:left.example")
    east = host(lab, "left", left, [ca])
    west = host(lab, "right", Party("right", "ecdsa", ca, names="DNS:right.example"), [ca], '\tleftgroups="sales, admins"\n')
    (west.folder / "ipsec.d/acerts").mkdir()
    (west.folder / "ipsec.d/aacerts").mkdir()
    acert = west.folder / "ipsec.d/acerts/left.pem"
    refused(lab, east, west, "belongs to none of the groups")
    (west.folder / "ipsec.d/aacerts/aa.pem").write_bytes(aa.cert)
    for words, says in ((["--group", "staff"], "(wanted sales, admins; got staff by attribute certificates)"),
                        (["--group", "sales", "--not-before", "2001-01-01", "--not-after", "2001-01-02"],
                         "one that is not valid now")):
        acert.write_text(signac(lab, left, aa, *words))
        west.auto("--rereadaacerts")
        refused(lab, east, west, says)
    acert.write_text(signac(lab, left, stranger, "--group", "sales"))
    told = west.auto("--rereadacerts", check=False)
    assert told.returncode == 3 and "no authority that is trusted here made" in told.stdout, told.stdout
    refused(lab, east, west, "got no valid attribute certificate")
    acert.write_text(signac(lab, left, aa, "--group", "staff", "--group", "sales"))
    west.auto("--rereadacerts")
    assert "004 " in east.auto("--up", "t").stdout, west.logged()
    pings(lab)
    listed = west.auto("--listacerts").stdout + west.auto("--listaacerts").stdout + west.auto("--listgroups").stdout
    for words in ("CN=Root", "CN=AA", "sales", "staff"):
        assert words in listed, listed
    # Without its authority it says nothing.
    (west.folder / "ipsec.d/aacerts/aa.pem").unlink()
    told = west.auto("--rereadaacerts", check=False)
    assert told.returncode == 3 and "no authority that is trusted here made" in told.stdout, told.stdout
    wait_until(lambda: tunnels(west) == 0, what="the end of who is no member any more")
    assert "the peer is trusted no more" in west.logged() and "belongs to none of the groups" in west.logged()
    # What connections name is a group all the same.
    assert [(g["name"], g["count"]) for g in listed_as(west, "groups")] == [("sales", 1), ("admins", 1)]
    east.auto("--down", "t")
    assert east.auto("--up", "t", check=False).returncode


def test_who_has_no_certificate_is_in_no_group(labs):
    lab = labs()
    text = conf(lab, "left").replace("\tleftcert=host.pem\n", "").replace("authby=pubkey", "authby=secret")
    secrets = '@left.example @right.example : PSK "a secret that is long enough"\n'
    east = Cygnet(lab, lab.left, text, secrets)
    west = Cygnet(lab, lab.right, text.replace("authby", "leftgroups=sales\n\tauthby"), secrets)
    refused(lab, east, west, "who has no certificate is in none")


def gpg(folder, *words):
    done = subprocess.run(["gpg", "--homedir", folder, "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "",
                           *words], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def openpgp(folder, name):
    """A certificate of name with a key of Ed25519, and the key as PEM (PKCS #8)."""
    gpg(folder, "--quick-gen-key", f"{name} <{name}@lab.example>", "ed25519", "sign", "never")
    packet = gpg(folder, "--export-secret-keys", name)
    # Behind the public point: no passphrase (0), then the secret one as a number of so many bits.
    at = packet.index(b"\x01\x07\x40") + 2 + 33
    assert packet[at] == 0
    octets = (int.from_bytes(packet[at + 1:at + 3], "big") + 7) // 8
    secret = packet[at + 3:at + 3 + octets].rjust(32, b"\0")
    der = bytes.fromhex("302e020100300506032b657004220420") + secret
    key = b"-----BEGIN PRIVATE KEY-----\n" + base64.b64encode(der) + b"\n-----END PRIVATE KEY-----\n"
    return gpg(folder, "--armor", "--export", name), key


@pytest.mark.skipif(not shutil.which("gpg"), reason="gpg is not installed")
def test_openpgp_certificates(labs):
    """Each end names its own and the other's; listed with fingerprint and user ids."""
    lab = labs()
    ring = lab.folder / "gpg"
    ring.mkdir(mode=0o700)
    made = {side: openpgp(ring, side) for side in ("left", "right")}
    subprocess.run(["gpgconf", "--homedir", ring, "--kill", "all"], check=False, capture_output=True)
    daemons = []
    for side, other in (("left", "right"), ("right", "left")):
        text = conf(lab, side, extra=f"\t{other}cert=peer.asc\n").replace("host.pem", "host.asc")
        daemons.append(Cygnet(lab, getattr(lab, side), text, ": PKCS8 host.pem\n",
                              files={"ipsec.d/private/host.pem": made[side][1], "ipsec.d/certs/host.asc": made[side][0],
                                     "ipsec.d/certs/peer.asc": made[other][0]}))
    east, west = daemons
    if "reads no OpenPGP" in east.logged():
        pytest.skip("librnp is not there")
    assert "004 " in east.auto("--up", "t").stdout, west.logged()
    pings(lab)
    listed = east.auto("--listcerts").stdout
    fingerprints = gpg(ring, "--list-keys", "--with-colons").decode()
    for words in ("left <left@lab.example>", "right <right@lab.example>", "OpenPGP", "has private key",
                  *re.findall(r"^fpr:+([0-9A-F]+):", fingerprints, re.M)):
        assert words in listed, listed
    subprocess.run(["gpgconf", "--homedir", ring, "--kill", "all"], check=False, capture_output=True)
    # Another's certificate is another key.
    (west.folder / "ipsec.d/certs/peer.asc").write_bytes(made["right"][0])
    west.auto("--rereadcacerts")
    east.auto("--down", "t")
    assert east.auto("--up", "t", check=False).returncode


def test_a_revoked_certificate_is_refused(labs):
    lab = labs()
    ca = Party("Root", ca=True)
    left = Party("left", "ecdsa", ca, names="DNS:left.example")
    east = host(lab, "left", left, [ca])
    west = host(lab, "right", Party("right", "ecdsa", ca, names="DNS:right.example"), [ca])
    (west.folder / "ipsec.d/crls").mkdir()
    (west.folder / "ipsec.d/crls/root.crl").write_bytes(ca.crl(left))
    west.auto("--rereadcrls")
    refused(lab, east, west, "was revoked by its authority")
    assert "CN=Root" in west.auto("--listcrls").stdout
    (west.folder / "ipsec.d/crls/root.crl").write_bytes(ca.crl())
    west.auto("--rereadcrls")
    assert "004 " in east.auto("--up", "t").stdout
    pings(lab)


# ---- strongSwan ----


def their_conf(lab, auth="pubkey"):
    return swanctl(lab.right, lab.left, f"auth = {auth}\n certs = theirs.pem\n id = right.example",
                   "auth = pubkey\n id = left.example")


CASES = {"rsa": ("rsa", "pubkey", 1), "rsa-pss": ("rsa", "rsa/pss", 1), "ecdsa": ("ecdsa384", "pubkey", 1),
         "ed25519": ("ed25519", "pubkey", 1), "three levels": ("ecdsa", "pubkey", 3)}


@pytest.mark.usefixtures("strongswan")
@pytest.mark.parametrize("initiator", ["ours", "theirs"])
@pytest.mark.parametrize("case", CASES)
def test_with_strongswan(labs, case, initiator):
    lab = labs()
    kind, auth, levels = CASES[case]
    root = Party("Root", kind, ca=True)
    sides, chains = {"left": root, "right": root}, {"left": [], "right": []}
    for side in sides:  # each needs what the other one sends
        for n in range(1, levels):
            sides[side] = Party(f"Level {n} {side}", kind, sides[side], ca=True)
            chains[side].insert(0, sides[side].cert)
    left = Party("left", kind, sides["left"], names="DNS:left.example")
    right = Party("right", kind, sides["right"], names="DNS:right.example")
    east = host(lab, "left", left, [root], chain=b"".join(chains["left"]))
    theirs = {f"x509/level{i}.pem": cert for i, cert in enumerate(chains["right"])}
    theirs["x509ca/root.pem"] = root.cert
    west = StrongSwan(lab, lab.right, their_conf(lab, f"ike:{auth}" if "/" in auth else auth),
                      files={"private/theirs.pem": right.key, "x509/theirs.pem": right.cert, **theirs})
    up(east, west, initiator)
    pings(lab)
    wait_until(lambda: tunnels(east) == 1 and "INSTALLED" in west.sas(), what="both ends")


@pytest.mark.usefixtures("strongswan")
@pytest.mark.parametrize("word", ["%any", "%fromcert"])
def test_who_answers_is_anybody_of_the_authority(labs, word):
    """rightid=%any where we begin: a certificate by the authority of rightca= says who it is, and one by another does not."""
    lab = labs()
    one, two = Party("One", ca=True), Party("Two", ca=True)
    names = {"names": "DNS:right.example"}
    good, bad = Party("right", "ecdsa", one, **names), Party("right", "ecdsa", two, **names)
    east = host(lab, "left", Party("left", "ecdsa", one, names="DNS:left.example"), [one, two])
    edit(east, "rightid=@right.example", f"rightid={word}")
    done = east.auto("--up", "t", check=False)
    assert done.returncode == 31 and "or the authority of its certificate as rightca= with rightauth=pubkey" in done.stdout, done.stdout
    edit(east, f"rightid={word}", f'rightid={word}\n\trightca="C=CH, O=Lab, CN=One"')
    west = StrongSwan(lab, lab.right, their_conf(lab), files={
        "private/theirs.pem": good.key, "x509/theirs.pem": good.cert, "x509ca/one.pem": one.cert, "x509ca/two.pem": two.cert})
    assert "004 " in east.auto("--up", "t").stdout
    assert "'right.example'" in west.sas() and "@right.example" in east.status()
    pings(lab)
    east.auto("--down", "t")
    (west.folder / "private/theirs.pem").write_bytes(bad.key)
    (west.folder / "x509/theirs.pem").write_bytes(bad.cert)
    west.swanctl("--load-all", "--clear", "--file", "/etc/peer/swanctl.conf")
    done = east.auto("--up", "t", check=False)
    assert "004 " not in done.stdout and "is from another authority than the connection asks for" in done.stdout, done.stdout
    assert tunnels(east) == 0


@pytest.mark.usefixtures("strongswan")
def test_another_certificate_than_the_one_that_is_named(labs):
    """rightcert= is that one: the next one of the same authority, for the same identity, is not."""
    lab = labs()
    ca = Party("Root", ca=True)
    names = {"names": "DNS:right.example"}
    named, other = Party("right", "ecdsa", ca, **names), Party("right", "ecdsa", ca, **names)
    east = host(lab, "left", Party("left", "ecdsa", ca, names="DNS:left.example"), [ca], "\trightcert=named.pem\n")
    put_files(east.folder, {"ipsec.d/certs/named.pem": named.cert})
    east.auto("--rereadall")
    west = StrongSwan(lab, lab.right, their_conf(lab), files={
        "private/theirs.pem": other.key, "x509/theirs.pem": other.cert, "x509ca/root.pem": ca.cert})
    done = east.auto("--up", "t", check=False)  # it shows its own only where it is asked for it, or always
    assert f"another certificate than rightcert= of conn t names (C=CH, O=Lab, CN=right, number {named.number:02x})" in done.stdout, (
        done.stdout)
    file = west.folder / "swanctl.conf"
    file.write_text(file.read_text().replace("version = 2", "version = 2\n send_cert = always"))
    west.swanctl("--load-all", "--file", "/etc/peer/swanctl.conf")
    done = east.auto("--up", "t", check=False)
    assert "came with another certificate than rightcert= of conn t names" in done.stdout, done.stdout
    for party, words in ((named, "the one of"), (other, "one of")):
        assert re.search(f": +{words} C=CH, O=Lab, CN=right, number 0?{party.number:x}", done.stdout), done.stdout
    assert tunnels(east) == 0
    (west.folder / "private/theirs.pem").write_bytes(named.key)
    (west.folder / "x509/theirs.pem").write_bytes(named.cert)
    west.swanctl("--load-all", "--clear", "--file", "/etc/peer/swanctl.conf")
    assert "004 " in east.auto("--up", "t").stdout
    pings(lab)


# ---- messages in fragments (RFC 7383) ----


def chained():
    """Both ends' parties, three levels below one root, and the chains that each must send."""
    root = Party("Root", "rsa", ca=True)
    parties, chains = {}, {}
    for side in ("left", "right"):
        issuer, chains[side] = root, []
        for n in (1, 2):
            issuer = Party(f"Level {n} {side}", "rsa", issuer, ca=True)
            chains[side].insert(0, issuer.cert)
        parties[side] = Party(side, "rsa", issuer, names=f"DNS:{side}.example")
    return root, parties, chains


def no_ip_fragments(lab, longest=None):
    """A path that loses IP fragments, and packets that are longer, without a word."""
    for host in (lab.left, lab.right):
        rules = "ip frag-off & 0x3fff != 0 counter name lost drop; "
        if longest:
            rules += f"udp dport {{ 500, 4500 }} meta length > {longest} counter name lost drop; "
        host.run("nft", "add table inet path { counter lost { }; chain in { "
                 f"type filter hook prerouting priority -450; {rules} }}; }}")


def lost(lab):
    """How many packets the paths have lost."""
    return sum(int(re.search(r"packets (\d+)", host.run("nft", "list", "counter", "inet", "path", "lost").stdout)[1])
               for host in (lab.left, lab.right))


def fragments(daemon):
    """What --status counts: sent, received, messages made of these."""
    return [int(n) for n in re.search(r"IKE fragments sent (\d+); received (\d+) in (\d+) messages",
                                      daemon.status()).groups()]


@pytest.mark.parametrize("longest", [None, 600])
def test_long_chains_between_two_of_ours(labs, longest):
    lab = labs()
    root, parties, chains = chained()
    no_ip_fragments(lab, longest)
    east, west = (host(lab, side, parties[side], [root], chain=b"".join(chains[side])) for side in parties)
    assert "004 " in east.auto("--up", "t").stdout
    pings(lab)
    for daemon in (east, west):
        sent, received, messages = fragments(daemon)
        assert sent > 2 and received > 2 and messages == 1, daemon.status()
    assert bool(lost(lab)) == bool(longest)
    assert ("maybe the path to" in east.logged()) == bool(longest)
    west.auto("--down", "t")


def test_without_fragments_a_long_chain_is_lost(labs):
    """What the tests around this one are about is there."""
    lab = labs()
    root, parties, chains = chained()
    no_ip_fragments(lab)
    words = "\tfragmentation=no\n\tretransmit-interval=200ms\n\tretransmit-timeout=2s\n\tkeyingtries=1\n"
    east, _ = (host(lab, side, parties[side], [root], words, chain=b"".join(chains[side])) for side in parties)
    assert east.auto("--up", "t", check=False).returncode != 0
    assert lost(lab) and fragments(east) == [0, 0, 0]


@pytest.mark.usefixtures("strongswan")
@pytest.mark.parametrize("initiator", ["ours", "theirs"])
def test_long_chains_with_strongswan(labs, initiator):
    lab = labs()
    root, parties, chains = chained()
    no_ip_fragments(lab)
    east = host(lab, "left", parties["left"], [root], chain=b"".join(chains["left"]))
    theirs = {f"x509/level{i}.pem": cert for i, cert in enumerate(chains["right"])}
    west = StrongSwan(lab, lab.right, their_conf(lab),
                      files={"private/theirs.pem": parties["right"].key, "x509/theirs.pem": parties["right"].cert,
                             "x509ca/root.pem": root.cert, **theirs})
    up(east, west, initiator)
    pings(lab)
    sent, received, messages = fragments(east)
    assert sent > 1 and received > 1 and messages == 1, east.status()
    assert not lost(lab)
