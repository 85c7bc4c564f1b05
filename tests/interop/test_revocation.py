# SPDX-License-Identifier: Apache-2.0
"""Revoked certificates: by list and by OCSP, fetched over HTTP and LDAP; ours and strongSwan's."""

import hashlib
import shutil
import subprocess
import sys
import time
from pathlib import Path

import peers
import pytest
from lab import BUILD, SETUP, Cygnet, StrongSwan, wait_until
from news import OCSP, WEB, Directory, Responder, Silent, Web, crl
from pki import Party, openssl
from test_certificates import conf, their_conf
from test_signatures import pings, up
from test_tunnel import tunnels

LIST_URL = f"http://127.0.0.1:{WEB}/root.crl"
OCSP_URL = f"http://127.0.0.1:{OCSP}/"
PRIVATE = "10.99.0.1"
STRICT = SETUP + "\tstrictcrlpolicy=yes\n"


def host(lab, side, party, ca, setup=SETUP, extra="", text="", files=()):
    return Cygnet(lab, getattr(lab, side), conf(lab, side, extra=extra) + text, ": PKCS8 host.pem\n", setup=setup,
                  files={"ipsec.d/private/host.pem": party.key, "ipsec.d/certs/host.pem": party.cert,
                         "ipsec.d/cacerts/ca.pem": ca.cert, **dict(files)})


class Scene:
    """East on the left proves itself to west on the right, which looks where `where` says."""

    def __init__(self, lab, where="", setup=SETUP, text="", files=(), below=False, west=""):
        """`below`: an intermediate authority, which east alone has, issued its certificate. `west`: words of its conn."""
        self.lab, self.ca = lab, Party("Root", ca=True)
        self.sub = Party("Sub", issuer=self.ca, ca=True) if below else self.ca
        self.left = Party("left", "ecdsa", self.sub, names="DNS:left.example", extra=where)
        self.left.cert += self.sub.cert if below else b""
        self.right = Party("right", "ecdsa", self.ca, names="DNS:right.example")
        self.east = host(lab, "left", self.left, self.ca)
        self.west = host(lab, "right", self.right, self.ca, setup, extra=west, text=text,
                         files={name: make(self) for name, make in dict(files).items()})

    def refused(self, words):
        done = self.east.auto("--up", "t", check=False)
        assert done.returncode == 224, done.stdout + self.west.logged()[-1500:]
        assert words in self.west.logged(), self.west.logged()[-1500:]

    def accepted(self):
        done = self.east.auto("--up", "t", check=False)
        assert "004 " in done.stdout, done.stdout + self.west.logged()[-1500:]
        pings(self.lab)

    def down(self):
        self.east.auto("--down", "t")


def signcrl(scene, *words):
    """A list of the root that is not as openssl makes them."""
    at = scene.lab.folder
    (at / "ca.pem").write_bytes(scene.ca.cert)
    (at / "ca.key").write_bytes(scene.ca.key)
    return subprocess.run([BUILD / "ipsec", "pki", "--signcrl", "--cacert", at / "ca.pem", "--cakey", at / "ca.key",
                           "--outform", "der", *words], check=True, capture_output=True).stdout


def cdp(url=LIST_URL):
    return f"crlDistributionPoints=URI:{url}"


def aia():
    return f"authorityInfoAccess=OCSP;URI:{OCSP_URL}"


# ---- lists ----


def test_a_list_is_fetched_and_counts(labs):
    scene = Scene(labs(), cdp())
    web = Web(scene.lab, scene.lab.right, {"root.crl": crl(scene.ca, scene.left)})
    scene.refused("was revoked by its authority")
    assert web.asked() == ["/root.crl"]
    listed = scene.west.auto("--listcrls").stdout
    assert "CN=Root" in listed and LIST_URL in listed, listed
    scene.refused("was revoked by its authority")
    assert web.asked() == ["/root.crl"]  # what is known is not asked again


def test_a_good_list_is_fetched_once(labs):
    scene = Scene(labs(), cdp(), STRICT)
    web = Web(scene.lab, scene.lab.right, {"root.crl": crl(scene.ca)})
    scene.accepted()
    scene.down()
    scene.accepted()
    assert web.asked() == ["/root.crl"]
    assert LIST_URL in scene.east.auto("--listcerts").stdout


@pytest.mark.parametrize("policy, where, words", [
    ("no", cdp(), None),
    ("ifuri", "", None),
    ("ifuri", cdp(), "could not be fetched"),
    ("yes", cdp(), "could not be fetched"),
    ("yes", "", "none, and no place to ask"),
])
def test_the_policy_decides_what_is_not_known(labs, policy, where, words):
    scene = Scene(labs(), where, SETUP + f"\tstrictcrlpolicy={policy}\n")
    if words is None:
        scene.accepted()
        return
    scene.refused(f"strictcrlpolicy={policy} asks for it")
    assert words in scene.west.logged()


def test_an_overdue_list_and_a_new_one(labs):
    scene = Scene(labs(), "", STRICT, files={"ipsec.d/crls/old.crl": lambda s: crl(s.ca, seconds=1)})
    time.sleep(1)
    scene.west.auto("--rereadcrls")
    west = scene.west.folder / "ipsec.d/crls/old.crl"
    # Clocks may differ by a minute, which the list is not overdue by.
    scene.accepted()
    scene.down()
    west.unlink()
    scene.west.auto("--rereadcrls")
    scene.refused("none, and no place to ask")
    west.write_bytes(crl(scene.ca))
    scene.west.auto("--rereadcrls")
    scene.accepted()


def test_what_is_no_list_is_said(labs):
    scene = Scene(labs(), cdp(), STRICT)
    web = Web(scene.lab, scene.lab.right, {"root.crl": b"no list at all"})
    scene.refused("it is no list of revoked certificates")
    web.put({"root.crl": crl(Party("Root", ca=True))})
    scene.west.auto("--rereadcrls")
    scene.refused("is not signed by the authority that it names")
    web.put({"root.crl": crl(scene.ca)})
    scene.west.auto("--rereadcrls")
    scene.accepted()


def test_a_ca_section_names_the_place(labs):
    scene = Scene(labs(), "", STRICT, text=f"\nca root\n\tcacert=ca.pem\n\tcrluri={LIST_URL}\n\tauto=add\n")
    Web(scene.lab, scene.lab.right, {"root.crl": crl(scene.ca)})
    scene.accepted()


def test_fetched_lists_are_kept(labs):
    scene = Scene(labs(), cdp(), STRICT + "\tcachecrls=yes\n")
    web = Web(scene.lab, scene.lab.right, {"root.crl": crl(scene.ca)})
    scene.accepted()
    scene.down()
    kept = wait_until(lambda: list((scene.west.folder / "ipsec.d/crls").glob("*.crl")), what="the file")
    assert kept[0].read_bytes() == (web.folder / "root.crl").read_bytes()
    web.close()
    scene.west.ipsec("setup", "restart")
    scene.accepted()


def test_a_list_of_an_intermediate_counts_when_a_peer_shows_it(labs):
    scene = Scene(labs(), "", STRICT, below=True, files={"ipsec.d/crls/root.crl": lambda s: crl(s.ca),
                                                         "ipsec.d/crls/sub.crl": lambda s: crl(s.sub)})
    assert "sub.crl waits: no authority that is trusted here made this list" in scene.west.logged()
    assert "CN=Sub" not in scene.west.auto("--listcrls").stdout
    scene.accepted()
    assert "CN=Sub" in scene.west.auto("--listcrls").stdout
    # A new one tells of a tunnel that is up.
    (scene.west.folder / "ipsec.d/crls/sub.crl").write_bytes(crl(scene.sub, scene.left))
    scene.west.auto("--rereadcrls")
    wait_until(lambda: tunnels(scene.west) == 0, what="the end of the tunnel")
    scene.refused("was revoked by its authority")


def test_one_that_the_connection_names_may_be_revoked(labs):
    scene = Scene(labs(), "", files={"ipsec.d/certs/peer.pem": lambda s: s.left.cert}, west="\tleftcert=peer.pem\n")
    scene.accepted()
    (scene.west.folder / "ipsec.d/crls").mkdir()
    (scene.west.folder / "ipsec.d/crls/root.crl").write_bytes(crl(scene.ca, scene.left))
    scene.west.auto("--rereadcrls")
    wait_until(lambda: tunnels(scene.west) == 0, what="the end of the tunnel")
    scene.refused("was revoked by its authority")
    # Nobody who is known could have revoked it now, and the connection names it.
    (scene.west.folder / "ipsec.d/cacerts/ca.pem").unlink()
    scene.west.auto("--rereadall")
    scene.accepted()


def test_the_issuer_of_one_that_the_connection_names_need_not_be_shown(labs):
    """A peer that is named keeps its intermediate to itself, which lies here beside its certificate."""
    scene = Scene(labs(), "", below=True, west="\tleftcert=peer.pem\n",
                  files={"ipsec.d/certs/peer.pem": lambda s: s.left.cert, "ipsec.d/crls/sub.crl": lambda s: crl(s.sub)})
    (scene.east.folder / "ipsec.d/certs/host.pem").write_bytes(scene.left.cert[:-len(scene.sub.cert)])
    scene.east.auto("--rereadall")
    scene.accepted()
    (scene.west.folder / "ipsec.d/crls/sub.crl").write_bytes(crl(scene.sub, scene.left))
    scene.west.auto("--rereadcrls")
    wait_until(lambda: tunnels(scene.west) == 0, what="the end of the tunnel")
    scene.refused("was revoked by its authority")


def test_one_that_the_connection_names_must_be_known_to_be_good(labs):
    """The strict policy asks that of it as of any other whose authority is known."""
    scene = Scene(labs(), "", STRICT, files={"ipsec.d/certs/peer.pem": lambda s: s.left.cert}, west="\tleftcert=peer.pem\n")
    scene.refused("strictcrlpolicy=yes asks for it")
    (scene.west.folder / "ipsec.d/crls").mkdir()
    (scene.west.folder / "ipsec.d/crls/root.crl").write_bytes(crl(scene.ca))
    scene.west.auto("--rereadcrls")
    scene.accepted()


def test_a_redirection_does_not_lead_inside(labs):
    """The server's name has an address outside and a private one; the one outside redirects, and goes."""
    lab = labs()
    url = f"http://lists.example:{WEB}/root.crl"
    scene = Scene(lab, cdp(url), STRICT)
    place = Path("/etc/netns") / lab.right.netns
    place.mkdir(parents=True)
    (place / "hosts").write_text(f"{lab.right.address} lists.example\n{PRIVATE} lists.example\n")
    lab.right.run("ip", "address", "add", f"{PRIVATE}/32", "dev", "lo")
    program = f"""import socket
server = socket.create_server(("{lab.right.address}", {WEB}))
print(flush=True)
peer, _ = server.accept()
peer.recv(65536)
server.close()
peer.sendall(b"HTTP/1.0 302 Found\\r\\nLocation: {url}2\\r\\nContent-Length: 0\\r\\n\\r\\n")
peer.close()
"""
    outside = subprocess.Popen(lab.right.command(sys.executable, "-c", program), stdout=subprocess.PIPE)
    outside.stdout.readline()
    folder = lab.folder / "inside"
    folder.mkdir()
    (folder / "root.crl2").write_bytes(crl(scene.ca))
    asked = (folder / "asked").open("w")
    inside = subprocess.Popen(lab.right.command(sys.executable, "-m", "http.server", "--bind", PRIVATE, "--directory", folder, WEB),
                              stdout=subprocess.DEVNULL, stderr=asked)
    wait_until(lambda: PRIVATE in lab.right.run("ss", "-ltn").stdout, what="the server inside")
    try:
        scene.west.ipsec("setup", "restart")  # its names are those of the place from now on
        scene.refused("could not be fetched")
        assert outside.wait(10) == 0 and "GET" not in (folder / "asked").read_text()
    finally:
        for process in (outside, inside):
            process.kill()
            process.wait()
        outside.stdout.close()
        asked.close()
        shutil.rmtree(place)


def test_a_delta_is_fetched(labs):
    scene = Scene(labs(), cdp() + f"\nfreshestCRL=URI:http://127.0.0.1:{WEB}/delta.crl", STRICT)
    base = scene.lab.folder / "base"
    base.write_bytes(signcrl(scene))
    delta = signcrl(scene, "--lastcrl", base, "--delta", "1", "--serial", f"{scene.left.number:02x}")
    web = Web(scene.lab, scene.lab.right, {"root.crl": base.read_bytes()})
    scene.accepted()  # the delta can't be had, and the whole list serves
    scene.down()
    web.put({"delta.crl": delta})
    scene.west.auto("--rereadcrls")
    scene.refused("was revoked by its authority")
    assert web.asked() == ["/root.crl", "/delta.crl", "/delta.crl"]


def takes(seconds, do):
    started = time.monotonic()
    do()
    assert time.monotonic() - started < seconds


def test_a_silent_server_holds_up_nobody(labs):
    """Nobody needs its list: who is the first waits a moment for it, and others do not. It counts when it comes."""
    scene = Scene(labs(), cdp())
    web = Silent(scene.lab, scene.lab.right)
    takes(4, scene.accepted)
    scene.down()
    other = Party("other", "ecdsa", scene.ca, names="DNS:left.example", extra=cdp(LIST_URL.replace("root", "other")))
    for folder, octets in ("certs", other.cert), ("private", other.key):
        (scene.east.folder / f"ipsec.d/{folder}/host.pem").write_bytes(octets)
    scene.east.auto("--rereadall")
    scene.east.auto("--replace", "t")
    takes(3, scene.accepted)
    web.answer(crl(scene.ca, other))
    wait_until(lambda: tunnels(scene.west) == 0, what="the end of the tunnel")
    assert "the peer is trusted no more" in scene.west.logged()


def test_a_silent_server_is_named(labs):
    scene = Scene(labs(), cdp(), STRICT + "\tcrl-timeout=1s\n")
    Silent(scene.lab, scene.lab.right)
    takes(4, lambda: scene.refused(f"the server http://127.0.0.1:{WEB} does not answer: Operation timed out"))
    takes(2, lambda: scene.refused(f"the server http://127.0.0.1:{WEB} does not answer: Operation timed out"))
    assert scene.west.logged().count("root.crl could not be fetched") == 1


def test_one_that_is_revoked_loses_its_tunnel(labs):
    scene = Scene(labs(), cdp())
    web = Web(scene.lab, scene.lab.right, {"root.crl": crl(scene.ca)})
    scene.accepted()
    (scene.west.folder / "ipsec.d/crls").mkdir()
    (scene.west.folder / "ipsec.d/crls/new.crl").write_bytes(crl(scene.ca, scene.left))
    scene.west.auto("--rereadcrls")
    wait_until(lambda: tunnels(scene.west) == 0 and tunnels(scene.east) == 0, what="both ends to see it")
    assert "the peer is trusted no more" in scene.west.logged()
    scene.refused("was revoked by its authority")
    assert web.asked() == ["/root.crl"]


def test_who_stood_by_an_authority_that_has_gone_loses_its_tunnel(labs):
    scene = Scene(labs())
    scene.accepted()
    for ca in (scene.west.folder / "ipsec.d/cacerts").iterdir():
        ca.unlink()
    scene.west.auto("--rereadcacerts")
    wait_until(lambda: tunnels(scene.west) == 0 and tunnels(scene.east) == 0, what="both ends to see it")
    assert "which has gone from there" in scene.west.logged()


def test_who_stood_by_a_ca_section_loses_its_tunnel_with_it(labs):
    """But not when the sections are only read again."""
    scene = Scene(labs(), text=section(file="../root.pem"), files={"ipsec.d/root.pem": lambda s: s.ca.cert})
    (scene.west.folder / "ipsec.d/cacerts/ca.pem").unlink()
    scene.west.auto("--rereadcacerts")
    scene.accepted()
    scene.west.ipsec("reload")
    time.sleep(2.2)
    assert tunnels(scene.west) == 1
    scene.west.ipsec("whack", "--delete-ca", "--name", "root")
    wait_until(lambda: tunnels(scene.west) == 0, what="the end of the tunnel")
    assert "which has gone from there" in scene.west.logged()


def test_lists_are_looked_for_in_time(labs):
    """With crlcheckinterval= a revoked peer loses its tunnel without anybody's doing."""
    scene = Scene(labs(), cdp(), SETUP + "\tcrlcheckinterval=1s\n")
    web = Web(scene.lab, scene.lab.right, {"root.crl": crl(scene.ca, seconds=2)})
    scene.accepted()
    web.put({"root.crl": crl(scene.ca, scene.left)})
    wait_until(lambda: tunnels(scene.west) == 0, 60, "the tunnel to go")
    assert "the peer is trusted no more" in scene.west.logged()


# ---- OCSP ----


def test_a_server_says_good_and_revoked(labs):
    scene = Scene(labs(), aia(), STRICT)
    server = Responder(scene.lab, scene.lab.right, scene.ca, scene.ca, good=[scene.left])
    scene.accepted()
    listed = scene.west.auto("--listocsp").stdout
    assert "good" in listed and OCSP_URL in listed, listed
    scene.down()
    server.tell(revoked=[scene.left])
    scene.accepted()  # from memory
    scene.down()
    scene.west.auto("--purgeocsp")
    scene.refused("was revoked by its authority")
    assert "an OCSP server's answer" in scene.west.logged()
    assert "revoked" in scene.west.auto("--listocsp").stdout


def test_what_a_server_said_is_kept(labs):
    scene = Scene(labs(), aia(), STRICT + "\tcachecrls=yes\n")
    server = Responder(scene.lab, scene.lab.right, scene.ca, scene.ca, good=[scene.left])
    scene.accepted()
    scene.down()
    kept = wait_until(lambda: list((scene.west.folder / "ipsec.d/crls").glob("*.ocsp")), what="the file")
    server.close()
    scene.west.ipsec("setup", "restart")
    scene.accepted()
    scene.down()
    octets = kept[0].read_bytes()
    scene.west.auto("--purgeocsp")
    assert not kept[0].exists()
    scene.refused("could not be fetched")
    # Nor is one that nobody has needed yet of any use then.
    kept[0].write_bytes(octets)
    scene.west.ipsec("setup", "restart")
    scene.west.auto("--purgeocsp")
    scene.refused("could not be fetched")
    kept[0].write_bytes(b"no answer at all")
    scene.west.ipsec("setup", "restart")
    scene.refused("could not be fetched")
    assert not kept[0].exists()


def test_a_revocation_without_an_end_outlives_a_restart(labs):
    """A server that gives no nextUpdate has called it revoked, and is gone when pluto starts again."""
    scene = Scene(labs(), aia(), SETUP + "\tcachecrls=yes\n")
    server = Responder(scene.lab, scene.lab.right, scene.ca, scene.ca, revoked=[scene.left], words=())
    scene.refused("was revoked by its authority")
    wait_until(lambda: list((scene.west.folder / "ipsec.d/crls").glob("*.ocsp")), what="the file")
    server.close()
    scene.west.ipsec("setup", "restart")
    scene.refused("was revoked by its authority")


def test_a_revoked_signer_is_no_help(labs):
    scene = Scene(labs(), aia(), STRICT)
    delegate = Party("Responder", "ecdsa", scene.ca, extra="extendedKeyUsage=OCSPSigning")
    Responder(scene.lab, scene.lab.right, scene.ca, delegate, good=[scene.left])
    (scene.west.folder / "ipsec.d/crls").mkdir()
    # Overdue, so that the list itself says nothing of east.
    (scene.west.folder / "ipsec.d/crls/old.crl").write_bytes(signcrl(
        scene, "--serial", f"{delegate.number:02x}", "--this-update", "2026-01-01", "--next-update", "2026-01-02"))
    scene.west.auto("--rereadcrls")
    scene.refused("the certificate of who signed the OCSP server's answer was revoked")


def test_a_server_that_does_not_know_is_no_help(labs):
    scene = Scene(labs(), aia(), STRICT)
    Responder(scene.lab, scene.lab.right, scene.ca, scene.ca)
    scene.refused("does not know the certificate")


def test_a_list_serves_when_the_server_is_gone(labs):
    scene = Scene(labs(), aia() + "\n" + cdp(), STRICT)
    Web(scene.lab, scene.lab.right, {"root.crl": crl(scene.ca)})
    scene.accepted()
    assert OCSP_URL in scene.west.auto("--listocsp").stdout  # that failed, and how often


def test_who_may_sign_answers(labs):
    scene = Scene(labs(), aia(), STRICT)
    delegate = Party("Responder", "ecdsa", scene.ca, extra="extendedKeyUsage=OCSPSigning")
    usurper = Party("Usurper", "ecdsa", scene.ca)
    for signer, words in ((usurper, "is not signed by one who may"), (delegate, None)):
        server = Responder(scene.lab, scene.lab.right, scene.ca, signer, good=[scene.left])
        scene.west.auto("--purgeocsp")
        if words:
            scene.refused(words)
            (scene.west.folder / "ipsec.d/ocspcerts").mkdir()
            (scene.west.folder / "ipsec.d/ocspcerts/usurper.pem").write_bytes(usurper.cert)
            scene.west.auto("--rereadocspcerts")
            assert "CN=Usurper" in scene.west.auto("--listocspcerts").stdout
        scene.accepted()
        if words: # what it said counts no longer than it is believed
            scene.down()
            (scene.west.folder / "ipsec.d/ocspcerts/usurper.pem").unlink()
            scene.west.auto("--rereadocspcerts")
            scene.refused(words)
            (scene.west.folder / "ipsec.d/ocspcerts/usurper.pem").write_bytes(usurper.cert)
            scene.west.auto("--rereadocspcerts")
            scene.accepted()
        if signer is delegate:
            listed = scene.west.auto("--listocspcerts").stdout
            assert "CN=Responder" in listed and f"received from {OCSP_URL}" in listed, listed
            scene.west.auto("--purgeocsp")
        assert "CN=Responder" not in scene.west.auto("--listocspcerts").stdout
        scene.down()
        server.close()


# ---- the directory, and strongSwan ----


@pytest.fixture
def slapd():
    try:
        return peers.unpack("slapd")
    except peers.Missing as missing:
        pytest.skip(str(missing))


def serve(lab, way, ca, left, revoked):
    """What tells of the right certificate on the left host. Returns its words in the certificate's extensions."""
    bad = [revoked] if revoked else []
    if way == "file":
        (left.folder / "ipsec.d/crls").mkdir()
        (left.folder / "ipsec.d/crls/root.crl").write_bytes(crl(ca, *bad))
        left.auto("--rereadcrls")
    elif way == "http":
        Web(lab, lab.left, {"root.crl": crl(ca, *bad)})
    elif way == "ldap":
        Directory(lab, lab.left, crl(ca, *bad))


WAYS = {"file": "", "http": cdp(), "ldap": cdp(Directory.URL.replace(",", "%2C")), "ocsp": aia()}


@pytest.mark.usefixtures("strongswan", "slapd")
@pytest.mark.parametrize("initiator", ["ours", "theirs"])
@pytest.mark.parametrize("state", ["good", "revoked"])
@pytest.mark.parametrize("way", WAYS)
def test_with_strongswan(labs, way, state, initiator):
    lab = labs()
    ca = Party("Root", ca=True)
    left = Party("left", "ecdsa", ca, names="DNS:left.example")
    right = Party("right", "ecdsa", ca, names="DNS:right.example", extra=WAYS[way])
    east = host(lab, "left", left, ca, STRICT)
    revoked = right if state == "revoked" else None
    serve(lab, way, ca, east, revoked)
    if way == "ocsp":
        Responder(lab, lab.left, ca, ca, good=[] if revoked else [right], revoked=[right] if revoked else [])
    west = StrongSwan(lab, lab.right, their_conf(lab), files={"private/theirs.pem": right.key, "x509/theirs.pem": right.cert,
                                                           "x509ca/root.pem": ca.cert})
    if not revoked:
        up(east, west, initiator)
        pings(lab)
        wait_until(lambda: tunnels(east) == 1 and "INSTALLED" in west.sas(), what="both ends")
        return
    if initiator == "ours":
        east.auto("--up", "t", check=False)
    else:
        west.swanctl("--initiate", "--child", "t", "--timeout", "10", check=False)
    assert "was revoked by its authority" in east.logged(), east.logged()[-1500:]
    assert tunnels(east) == 0


# ---- certificates named by their hash and a URL ----

BASE = f"http://127.0.0.1:{WEB}/"


def by_hash(*parties):
    ders = [openssl("x509", "-outform", "DER", input=party.cert) for party in parties]
    return {hashlib.sha1(der).hexdigest(): der for der in ders}


def section(base=BASE, file="ca.pem"):
    return f"\nca root\n\tcacert={file}\n\tcerturibase={base}\n\tauto=add\n"


def test_certificates_are_fetched_by_their_hash(labs):
    scene = Scene(labs(), text=section())
    # East is told of the base, too, so that it names its certificate and does not send it.
    (scene.east.folder / "ipsec.conf").write_text((scene.east.folder / "ipsec.conf").read_text() + section())
    scene.east.ipsec("setup", "restart")
    web = Web(scene.lab, scene.lab.right, {})
    scene.refused("could not be fetched")
    web.put({name: b"another one" for name in by_hash(scene.left)})
    scene.west.auto("--rereadcrls")
    scene.refused("has another hash than the peer said")
    web.put(by_hash(scene.left))
    scene.west.auto("--rereadcrls")
    Web(scene.lab, scene.lab.left, by_hash(scene.right))
    scene.east.auto("--rereadcrls")
    scene.accepted()
    asked = len(web.asked())
    scene.down()
    scene.accepted()
    assert len(web.asked()) == asked == 3  # what is here is not fetched again


def test_no_other_urls_are_fetched(labs):
    """West takes URLs below a base of its own; east names another one."""
    scene = Scene(labs(), text=section(BASE + "certs/"))
    (scene.east.folder / "ipsec.conf").write_text((scene.east.folder / "ipsec.conf").read_text() + section())
    scene.east.ipsec("setup", "restart")
    web = Web(scene.lab, scene.lab.right, by_hash(scene.left))
    scene.refused("none of them X.509, or below a certuribase=")
    assert web.asked() == []


@pytest.mark.usefixtures("strongswan")
@pytest.mark.parametrize("initiator", ["ours", "theirs"])
def test_by_hash_with_strongswan(labs, initiator):
    lab = labs()
    ca = Party("Root", ca=True)
    left = Party("left", "ecdsa", ca, names="DNS:left.example")
    right = Party("right", "ecdsa", ca, names="DNS:right.example")
    east = host(lab, "left", left, ca, text=section())
    served = Web(lab, lab.left, by_hash(right)), Web(lab, lab.right, by_hash(left))
    words = f"\nauthorities {{\n    root {{\n        cacert = root.pem\n        cert_uri_base = {BASE}\n    }}\n}}\n"
    west = StrongSwan(lab, lab.right, their_conf(lab) + words, more="    hash_and_url = yes\n", plugins="curl",
                      files={"private/theirs.pem": right.key, "x509/theirs.pem": right.cert, "x509ca/root.pem": ca.cert})
    up(east, west, initiator)
    pings(lab)
    # Each end has fetched the other's; strongSwan looks once more whether it is still there.
    assert all(web.asked() for web in served), [web.asked() for web in served]
