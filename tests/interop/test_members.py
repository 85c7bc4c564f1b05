# SPDX-License-Identifier: Apache-2.0
"""Several connections for the same ends, each for members of other groups."""

import re
import subprocess

import pytest

from lab import IPSEC, Cygnet, StrongSwan, put_files, wait_until
from pki import Party
from test_certificates import conf, edit, listed_as, refused, signac
from test_eap import client
from test_radius import radius, server
from test_signatures import pings
from test_tunnel import tunnels
from theirs import swanctl


def up_by(daemon, peer, name, net):
    """The peer's tunnel t comes up, and is the daemon's connection of this name, for this net."""
    assert "004 " in peer.auto("--up", "t").stdout, daemon.logged()[-3000:]
    assert net in peer.status(), peer.status()
    assert re.search(rf'(?i)"{name}"\S* .*child sa established', daemon.status()), daemon.status()
    peer.auto("--down", "t")


def halves(lab):
    return lab.right.net.replace(".0/24", ".0/25"), lab.right.net.replace(".0/24", ".128/25")


def test_each_member_lands_in_its_own(labs):
    lab = labs()
    ca, other, aa = Party("Root", ca=True), Party("Other", ca=True), Party("AA")
    left = Party("left", "ecdsa", ca, names="DNS:left.example")
    right = Party("right", "ecdsa", ca, names="DNS:right.example")
    low, high = halves(lab)
    text = conf(lab, "right").replace(lab.right.net, low) + "\tleftgroups=admins\n"
    text += text.replace("conn t", "conn users").replace("=admins", "=users").replace(low, high)
    files = {"ipsec.d/private/host.pem": right.key, "ipsec.d/certs/host.pem": right.cert,
             "ipsec.d/aacerts/aa.pem": aa.cert, "ipsec.d/acerts/left.pem": signac(lab, left, aa, "--group", "users")}
    anchors = {"ipsec.d/cacerts/ca.pem": ca.cert, "ipsec.d/cacerts/other.pem": other.cert}
    west = Cygnet(lab, lab.right, text, ": PKCS8 host.pem\n", files=files | anchors)
    east = Cygnet(lab, lab.left, conf(lab, "left"), ": PKCS8 host.pem\n",
                  files={"ipsec.d/private/host.pem": left.key, "ipsec.d/certs/host.pem": left.cert} | anchors)
    up_by(west, east, "users", high)

    def member_of(*groups):
        words = [word for group in groups for word in ("--group", group)]
        put_files(west.folder, {"ipsec.d/acerts/left.pem": signac(lab, left, aa, *words)})
        west.auto("--rereadacerts")

    member_of("admins")
    up_by(west, east, "t", low)
    # Who is in both has the network that it asks for.
    member_of("admins", "users")
    for name, net in (("users", high), ("t", low)):
        edit(east, f"rightsubnet={lab.right.net}", f"rightsubnet={net}")
        up_by(west, east, name, net)
        edit(east, f"rightsubnet={net}", f"rightsubnet={lab.right.net}")
    member_of("staff")
    refused(lab, east, west, "(wanted admins (conn t), or users (conn users); got staff by attribute certificates)")
    # Authorities choose, too.
    for name, wanted in (("t", "Other"), ("users", "Root")):
        west.auto("--delete", name)
        text = text.replace("=admins" if name == "t" else "=users", f'="C=CH, O=Lab, CN={wanted}"')
    put_files(west.folder, {"ipsec.conf": text.replace("leftgroups", "leftca")})
    for name in ("t", "users"):
        west.auto("--add", name)
    up_by(west, east, "users", high)
    put_files(west.folder, {"ipsec.conf": text.replace("leftgroups", "leftca").replace("CN=Root", "CN=Other")})
    west.auto("--replace", "users")
    refused(lab, east, west, "is from another authority than the connection asks for")


def both(lab, words):
    """West's t, and u, which asks for more of the peer; east, which fulfils what its words say."""
    lab.right.ip("addr add 10.3.0.1/24 dev in0")
    ca, other, aa = Party("Root", ca=True), Party("Other", ca=True), Party("AA")
    left = Party("left", "ecdsa", ca, names="DNS:left.example")
    right = Party("right", "ecdsa", ca, names="DNS:right.example")
    anchors = {"ipsec.d/cacerts/ca.pem": ca.cert, "ipsec.d/cacerts/other.pem": other.cert}

    def two(here):
        text = conf(lab, here)
        return text + text.replace("conn t", "conn u").replace(lab.right.net, "10.3.0.0/24")

    east = Cygnet(lab, lab.left, two("left"), ": PKCS8 host.pem\n",
                  files={"ipsec.d/private/host.pem": left.key, "ipsec.d/certs/host.pem": left.cert} | anchors)
    west = Cygnet(lab, lab.right, two("right") + words, ": PKCS8 host.pem\n",
                  files={"ipsec.d/private/host.pem": right.key, "ipsec.d/certs/host.pem": right.cert, "ipsec.d/certs/left.pem": left.cert,
                         "ipsec.d/certs/other.pem": Party("left2", "ecdsa", ca, names="DNS:left.example").cert,
                         "ipsec.d/aacerts/aa.pem": aa.cert, "ipsec.d/acerts/left.pem": signac(lab, left, aa, "--group", "users")} | anchors)
    return east, west


def ike_sas(daemon):
    return len(re.findall(r"(?i)parent sa established", daemon.status()))


@pytest.mark.parametrize("words", ["leftgroups=users", "leftca=\"C=CH, O=Lab, CN=Root\"", "leftca=%same", "leftcert=left.pem", "leftauth=ecdsa"])
def test_one_ike_sa_for_both_where_its_proof_is_enough(labs, words):
    east, west = both(labs(), f"\t{words}\n")
    for order in ("tu", "ut"):
        # What a named certificate let in is no proof for an authority.
        alone = order == "ut" and "leftcert" in words
        for name in order:
            said = east.auto("--up", name, check=False).stdout
            assert "004 " in said and ("of its own" in said) == (alone and name == "t"), said + west.logged()[-3000:]
        assert ike_sas(west) == 1 + alone, west.status()
        assert west.status().lower().count("child sa established") == 2, west.status()
        for name in order:
            east.auto("--down", name)
    # The second one goes with what it stands by.
    if "groups" in words:
        east.auto("--up", "t")
        east.auto("--up", "u")
        (west.folder / "ipsec.d/acerts/left.pem").unlink()
        west.auto("--rereadacerts")
        wait_until(lambda: "trusted no more" in west.logged(), what="the end of it")


@pytest.mark.parametrize("words, said", [
    ("leftgroups=staff", "conn u has these networks: C=CH, O=Lab, CN=left belongs to none of the groups"),
    ("leftca=\"C=CH, O=Lab, CN=Other\"", "conn u has these networks: the peer's certificate is from another authority"),
    ("leftcert=other.pem", "conn u has these networks: the peer proved itself by another certificate"),
    ("leftauth=rsa", "conn u has these networks: the peer signed in a way that the connection does not allow"),
    ("rsa-min-bits=4096", "wanted rsa-min-bits= of conn u"),
    ("ppk=insist", "wanted ppk= of conn u"),
    ("leftauth=secret", "conn u has these networks: the peer signed in a way"),
    ("leftauth=eap-tls", "conn u has these networks: the peer signed in a way"),
    ("leftauth2=eap-mschapv2", "wanted leftauth2= of conn u"),
])
def test_no_child_by_less_than_it_asks_for(labs, words, said):
    """The refusal names the connection that has the networks, and what it asks for."""
    east, west = both(labs(), f"\t{words}\n")
    assert "004 " in east.auto("--up", "t").stdout, west.logged()
    done = east.auto("--up", "u", check=False)
    assert said in west.logged(), west.logged()[-3000:]
    if words == "rsa-min-bits=4096":  # which says nothing of ECDSA: its own IKE SA has it
        assert done.returncode == 0 and ike_sas(west) == 2, done.stdout
        return
    assert done.returncode, done.stdout
    assert west.status().lower().count("child sa established") == 1, west.status()


def their_pki(lab, root, files, *words):
    """What strongSwan's pki says; its files are in /etc/peer."""
    put_files(lab.folder / "pki", files)
    script = f"""
        mount --make-rprivate /
        mount --rbind /dev {root}/dev
        mount --bind {lab.folder / "pki"} {root}/etc/peer
        exec chroot {root} /usr/bin/pki "$@"
    """
    return subprocess.run(["unshare", "-m", "sh", "-ec", script, "pki", *words], capture_output=True, text=True, check=True).stdout


def their_acert(lab, root, holder, authority, *groups):
    words = [word for group in groups for word in ("--group", group)]
    return their_pki(lab, root, {"holder": holder.cert, "aa": authority.cert, "key": authority.key}, "--acert", "--outform", "pem",
                     "--in", "/etc/peer/holder", "--issuercert", "/etc/peer/aa", "--issuerkey", "/etc/peer/key", *words)


def test_attribute_certificates_of_both_tools(labs, strongswan_pki):
    """Each reads what the other one makes."""
    lab = labs()
    ca, aa = Party("Root", ca=True), Party("AA")
    left = Party("left", "ecdsa", ca, names="DNS:left.example")
    (lab.folder / "theirs.pem").write_text(their_acert(lab, strongswan_pki, left, aa, "sales", "admins"))
    shown = lab.left.run(IPSEC, "pki", "--print", lab.folder / "theirs.pem").stdout
    assert re.search(r"groups: +sales\n +admins", shown) and "CN=AA" in shown and "CN=Root" in shown, shown
    ours = signac(lab, left, aa, "--group", "sales", "--group", "admins")
    shown = their_pki(lab, strongswan_pki, {"ours.pem": ours}, "--print", "--type", "ac", "--in", "/etc/peer/ours.pem")
    assert re.search(r"groups: +sales\n +admins", shown) and "CN=AA" in shown and "CN=Root" in shown, shown


def for_members(lab, ca, aa, left):
    """West, which has no attribute certificate; the peer is to bring its own."""
    right = Party("right", "ecdsa", ca, names="DNS:right.example")
    return Cygnet(lab, lab.right, conf(lab, "right") + "\tleftgroups=sales\n", ": PKCS8 host.pem\n",
                  files={"ipsec.d/private/host.pem": right.key, "ipsec.d/certs/host.pem": right.cert,
                         "ipsec.d/aacerts/aa.pem": aa.cert, "ipsec.d/cacerts/ca.pem": ca.cert})


def test_a_member_brings_its_attribute_certificate(labs):
    lab = labs()
    ca, aa, stranger = Party("Root", ca=True), Party("AA"), Party("Stranger")
    left = Party("left", "ecdsa", ca, names="DNS:left.example")
    other = Party("other", "ecdsa", ca, names="DNS:other.example")
    west = for_members(lab, ca, aa, left)
    files = {"ipsec.d/private/host.pem": left.key, "ipsec.d/certs/host.pem": left.cert, "ipsec.d/cacerts/ca.pem": ca.cert,
             "ipsec.d/aacerts/aa.pem": aa.cert, "ipsec.d/aacerts/stranger.pem": stranger.cert,
             "ipsec.d/acerts/left.pem": signac(lab, left, stranger, "--group", "sales")}
    east = Cygnet(lab, lab.left, conf(lab, "left"), ": PKCS8 host.pem\n", files=files)
    refused(lab, east, west, "one that it sent, which no authority of ipsec.d/aacerts made")
    for acert, said in ((signac(lab, left, aa, "--group", "staff"), "(wanted sales; got staff by attribute certificates)"),
                        (signac(lab, left, aa, "--group", "sales", "--not-before", "2001-01-01", "--not-after", "2001-01-02"),
                         "one that is not valid now"),
                        (signac(lab, other, aa, "--group", "sales"), "got no valid attribute certificate")):
        put_files(east.folder, {"ipsec.d/acerts/left.pem": acert})
        east.auto("--rereadacerts")
        refused(lab, east, west, said)
    put_files(east.folder, {"ipsec.d/acerts/left.pem": signac(lab, left, aa, "--group", "sales")})
    east.auto("--rereadacerts")
    assert "004 " in east.auto("--up", "t").stdout, west.logged()
    assert "sales" not in west.auto("--listacerts").stdout  # what came is not kept


@pytest.mark.usefixtures("strongswan")
def test_strongswan_brings_its_own(labs, strongswan_pki):
    lab = labs()
    ca, aa = Party("Root", ca=True), Party("AA")
    left = Party("left", "ecdsa", ca, names="DNS:left.example")
    west = for_members(lab, ca, aa, left)
    east = StrongSwan(lab, lab.left, swanctl(lab.left, lab.right, "auth = pubkey\n certs = left.pem\n id = left.example",
                                             "auth = pubkey\n id = right.example"),
                      files={"x509/left.pem": left.cert, "private/left.pem": left.key, "x509ca/root.pem": ca.cert,
                             "x509ac/left.pem": their_acert(lab, strongswan_pki, left, aa, "sales")})
    done = east.swanctl("--initiate", "--child", "t", check=False)
    assert done.returncode == 0, done.stdout + west.logged()[-3000:] + east.logged()[-3000:]
    pings(lab)


@pytest.mark.usefixtures("strongswan")
@pytest.mark.parametrize("vouches", ["root", "middle"])
def test_strongswan_belongs_by_the_section_of_its_authority(labs, vouches):
    """The anchor's, or the intermediate's; another authority's certificate that it sends is no help."""
    lab = labs()
    ca, other = Party("Root", ca=True), Party("Other", ca=True)
    middle = Party("Middle", "ecdsa", ca, ca=True)
    left = Party("left", "ecdsa", middle, names="DNS:left.example")
    astray = Party("astray", "ecdsa", other, names="DNS:left.example")
    right = Party("right", "ecdsa", ca, names="DNS:right.example")

    def sections(groups):
        return conf(lab, "right") + f"""\tleftgroups=sales
ca office
\tcacert={vouches}.pem
\t{groups}
\tauto=add
ca plant
\tcacert=other.pem
\tgroups=night
\tauto=add
"""

    west = Cygnet(lab, lab.right, sections("groups=sales,ops"), ": PKCS8 host.pem\n",
                  files={"ipsec.d/private/host.pem": right.key, "ipsec.d/certs/host.pem": right.cert,
                         "ipsec.d/cacerts/root.pem": ca.cert, "ipsec.d/cacerts/middle.pem": middle.cert,
                         "ipsec.d/cacerts/other.pem": other.cert})
    if vouches == "root":  # else the path would end at the intermediate
        (west.folder / "ipsec.d/cacerts/middle.pem").unlink()
        west.auto("--rereadcacerts")
    assert [(g["name"], g["count"]) for g in listed_as(west, "groups")] == [("sales", 2), ("ops", 1), ("night", 1)]
    east = StrongSwan(lab, lab.left, swanctl(lab.left, lab.right, "auth = pubkey\n certs = left.pem\n id = left.example",
                                             "auth = pubkey\n id = right.example"),
                      files={"x509/left.pem": astray.cert, "private/left.pem": left.key, "private/astray.pem": astray.key,
                             "x509ca/root.pem": ca.cert, "x509ca/middle.pem": middle.cert})

    def come(well):
        done = east.swanctl("--initiate", "--child", "t", check=False)
        assert (done.returncode == 0) == well, done.stdout + west.logged()[-3000:] + east.logged()[-3000:]

    come(False)
    said = west.logged()
    assert "(wanted sales; got night by ca plant)" in said, said[-3000:]
    assert "give it an attribute certificate (ipsec.d/acerts" in said and "groups= in the ca section of C=CH, O=Lab, CN=Other" in said
    put_files(east.folder, {"x509/left.pem": left.cert})
    east.swanctl("--load-all", "--clear", "--file", "/etc/peer/swanctl.conf")
    come(True)
    pings(lab)
    # Its groups are others, and then its own again; a section that is read again as it was changes nothing.
    west.auto("--rereadcacerts")
    put_files(west.folder, {"ipsec.conf": sections("groups=sales")})
    west.ipsec("reload")
    pings(lab)
    put_files(west.folder, {"ipsec.conf": sections("")})
    west.ipsec(*(["reload"] if vouches == "root" else ["auto", "--rereadcacerts"]))
    wait_until(lambda: tunnels(west) == 0, what="the end of who is no member any more")
    assert "the peer is trusted no more" in west.logged() and "no ca section of its authority with groups=" in west.logged()
    come(False)


def second(text):
    """The connection of a swanctl.conf as `u`."""
    return re.sub(r"\bt \{", "u {", text[text.index("    t {"):text.index("secrets {")].rstrip().removesuffix("}"))


@pytest.mark.usefixtures("strongswan")
def test_strongswan_has_the_second_by_an_ike_sa_of_its_own(labs):
    """It looks for a child among those of the IKE SA's connection alone; its other one asks for an authority."""
    lab = labs()
    lab.right.ip("addr add 10.3.0.1/24 dev in0")
    ca = Party("Root", ca=True)
    left = Party("left", "ecdsa", ca, names="DNS:left.example")
    right = Party("right", "ecdsa", ca, names="DNS:right.example")
    text = conf(lab, "left")
    east = Cygnet(lab, lab.left, text + text.replace("conn t", "conn u").replace(lab.right.net, "10.3.0.0/24"), ": PKCS8 host.pem\n",
                  files={"ipsec.d/private/host.pem": left.key, "ipsec.d/certs/host.pem": left.cert, "ipsec.d/cacerts/ca.pem": ca.cert})
    ours, theirs = "auth = pubkey\n certs = right.pem\n id = right.example", "auth = pubkey\n id = "
    t = swanctl(lab.right, lab.left, ours, theirs + "*.example")
    u = swanctl(lab.right, lab.left, ours, theirs + "left.example\n cacerts = root.pem").replace(lab.right.net, "10.3.0.0/24")
    west = StrongSwan(lab, lab.right, t.replace("connections {\n", "connections {\n" + second(u)),
                      files={"x509/right.pem": right.cert, "private/right.pem": right.key, "x509ca/root.pem": ca.cert})
    done = west.swanctl("--initiate", "--child", "t", check=False)
    assert done.returncode == 0, done.stdout + east.logged()[-3000:] + west.logged()[-3000:]
    said = east.auto("--up", "u", check=False)
    assert said.returncode == 0 and "negotiating an IKE SA of its own" in said.stdout, said.stdout + west.logged()[-3000:]
    sas = west.sas()
    assert sas.count("ESTABLISHED") == 2 and sas.count("INSTALLED") == 2, sas
    pings(lab)


@pytest.mark.usefixtures("freeradius")
def test_the_server_of_accounts_says_which(labs):
    lab = labs()
    ca = Party("Root", ca=True)
    radius(lab, ca)
    low, high = halves(lab)
    west = server(lab, ca, extra="\tleftgroups=admins\n")
    text = (west.folder / "ipsec.conf").read_text()
    conn = text[text.index("conn t"):]
    put_files(west.folder, {"ipsec.conf": text.replace(lab.right.net, low)
                            + conn.replace("conn t", "conn staff").replace("=admins", "=staff").replace(lab.right.net, high)})
    west.auto("--replace", "t")
    west.auto("--add", "staff")
    east = client(lab, ca, user="alice", extra="\teap_identity=alice\n")
    up_by(west, east, "staff", high)
    edit(west, "=staff", "=guests")
    west.auto("--replace", "staff")
    assert east.auto("--up", "t", check=False).returncode
    assert "admins (conn t), or guests (conn staff)" in west.logged(), west.logged()[-2000:]
    assert "got staff" in west.logged()
