# SPDX-License-Identifier: Apache-2.0
"""Who the peer is: certificates, raw keys and nobody, with Libreswan and OpenIKED.

Each way to prove it is met once with us and once with the peer as the initiator. The ways of a
peer share its daemon where that can hold several keys.
"""

import base64
import contextlib
import dataclasses
import functools
import re
import shutil
import subprocess

import pytest

from lab import Cygnet, Lab, wait_until
from meeting import PATIENCE, Libreswan, OpenIKED, Setting
from peers import Missing
from pki import Party, openssl
from test_tunnel import tunnels


@dataclasses.dataclass(frozen=True)
class Way:
    theirs: str  # what Libreswan's conn says of it
    kind: str = None  # of the keys; None: nobody proves anything
    levels: int = 1  # certificates below the root
    raw: bool = False  # the keys alone are known, and shown


WAYS = {
    "rsa": Way("rsa-sha2", "rsa"),
    "ecdsa": Way("ecdsa", "ecdsa384"),
    "chain": Way("rsa-sha2", "rsa", levels=3),
    "raw": Way("rsa-sha2", "rsa", raw=True),
    "null": Way("null"),
}
SIDES = ("ours", "theirs")


@functools.cache
def parties(name):
    """The root of a way and both ends, each with what leads to it as `chain`.

    Making RSA keys is slow here: chain and raw have those of rsa, its authorities that of the root."""
    way = WAYS[name]
    keys = {} if name in ("rsa", "ecdsa") else {side: parties("rsa")[side].key for side in SIDES}
    root = parties("rsa")["root"] if keys else Party(f"Root {name}", way.kind, ca=True)
    issuer, chain = root, b""
    for level in range(1, way.levels):
        issuer = Party(f"Level {level}", way.kind, issuer, ca=True, key=root.key)
        chain = issuer.cert + chain
    made = {side: Party(f"{name} {side}", way.kind, issuer, names=f"DNS:{name}.{side}", key=keys.get(side))
            for side in SIDES}
    for party in made.values():
        party.chain = chain
    return {"root": root, **made}


def rsa_text(party):
    """An RSA key as all call it (RFC 3110), with the exponent that openssl makes."""
    modulus = subprocess.run(["openssl", "rsa", "-noout", "-modulus"], input=party.key, check=True,
                             capture_output=True).stdout.decode().strip().split("=")[1]
    return "0s" + base64.b64encode(b"\3\1\0\1" + bytes.fromhex(modulus)).decode()


def conn(lab, name, side):
    """A way's conn as we and Libreswan read it; left is the host of `side`."""
    way = WAYS[name]
    here, there, other = (lab.left, lab.right, "theirs") if side == "ours" else (lab.right, lab.left, "ours")
    lines = [f"left={here.address}", f"leftsubnet={here.net}", f"right={there.address}",
             f"rightsubnet={there.net}", "auto=ignore"]
    if side == "theirs":
        lines += ["ikev2=insist", f"authby={way.theirs}", f"sendca={'all' if way.levels > 1 else 'none'}"]
    else:
        lines += [f"authby={'pubkey' if way.kind else 'null'}"]
    if not way.kind:
        lines += ["leftid=%null", "rightid=%null"]
    else:
        lines += [f"leftid=@{name}.{side}", f"rightid=@{name}.{other}"]
    if way.raw:
        lines += [f"leftrsasigkey={rsa_text(parties(name)[side])}",
                  f"rightrsasigkey={rsa_text(parties(name)[other])}"]
    elif way.kind:
        lines.append(f"leftcert={name}{'.pem' if side == 'ours' else ''}")
    return "\n\t".join([f"conn {name}", *lines]) + "\n"


KEYED = [name for name, way in WAYS.items() if way.kind and not way.raw]


def start_ours(lab):
    files = {}
    for name in KEYED:
        made = parties(name)
        files[f"ipsec.d/private/{name}.pem"] = made["ours"].key
        files[f"ipsec.d/certs/{name}.pem"] = made["ours"].cert + made["ours"].chain
        files[f"ipsec.d/cacerts/{name}.pem"] = made["root"].cert
    return Cygnet(lab, lab.left, "\n".join(conn(lab, name, "ours") for name in WAYS),
                  "".join(f": PKCS8 {name}.pem\n" for name in KEYED), files=files)


class Swan(Libreswan):
    """Libreswan, with the keys and certificates of all ways in its database."""

    def __init__(self, lab):
        script = "cd /etc/peer\n"
        for name in KEYED:
            script += f"pk12util -i {name}.p12 -d sql:nss -K '' -W x\n"
        for name in KEYED:
            script += f"certutil -M -d sql:nss -n '{parties(name)['root'].name.split('CN=')[1]} - Lab' -t CT,,\n"
        super().__init__(lab, "trixie", "--rekey-child", "\n".join(conn(lab, name, "theirs") for name in WAYS),
                         {f"{name}.p12": self.bundle(lab, name) for name in KEYED}, script)

    @staticmethod
    def bundle(lab, name):
        made = parties(name)
        for what, octets in (("key", made["theirs"].key), ("cert", made["theirs"].cert),
                             ("cas", made["theirs"].chain + made["root"].cert)):
            (lab.folder / what).write_bytes(octets)
        return openssl("pkcs12", "-export", "-inkey", lab.folder / "key", "-in", lab.folder / "cert", "-certfile",
                       lab.folder / "cas", "-name", name, "-iter", "1", "-passout", "pass:x")

    def initiate(self, name):
        self.whack("--initiate", "--name", name)

    def drop(self, name):
        self.whack("--delete", "--name", name, check=False)


@pytest.fixture(scope="module")
def ours():
    """One lab for all peers, and our daemon with all ways."""
    lab = Lab()
    try:
        yield lab, start_ours(lab)
    finally:
        lab.close()


def pings(lab):
    assert lab.alice.ping(lab.bob.address, wait=5) == 3
    assert lab.bob.ping(lab.alice.address, wait=5) == 3


def fragments(daemon):
    """How many messages came in fragments, by what --status counts."""
    return int(re.search(r"IKE fragments sent \d+; received \d+ in (\d+) messages", daemon.status())[1])


@contextlib.contextmanager
def told(east, west):
    """The ends of both logs, for a failure."""
    try:
        yield
    except BaseException:
        print(f"--- ours\n{east.logged()[-4000:]}\n--- theirs\n{west.logged()[-4000:]}")
        raise


def bring_up(east, west, name, initiator):
    east.auto("--add", name)
    west.load(name)
    if initiator == "ours":
        assert "004 " in east.auto("--up", name).stdout
    else:
        west.initiate(name)
        wait_until(lambda: tunnels(east) == 1, PATIENCE, "our end to be up")
    wait_until(lambda: west.children() == 1, PATIENCE, "the peer to be up")


@pytest.fixture(scope="class")
def libreswan(ours):
    try:
        west = Swan(ours[0])
    except Missing as missing:
        pytest.skip(str(missing))
    yield *ours, west
    west.close()


class TestLibreswan:
    @pytest.mark.parametrize("initiator", SIDES)
    @pytest.mark.parametrize("name", WAYS)
    def test_proof(self, libreswan, name, initiator):
        lab, east, west = libreswan
        before = fragments(east)
        with told(east, west):
            try:
                bring_up(east, west, name, initiator)
                pings(lab)
                if WAYS[name].levels > 1:
                    assert fragments(east) > before
            finally:
                east.auto("--delete", name, check=False)
                west.drop(name)
            wait_until(lambda: not west.children(), PATIENCE, "the peer to have nothing up")


class Iked(OpenIKED):
    """OpenIKED with the one key that it can have."""

    def __init__(self, lab, name):
        made = parties(name)
        super().__init__(lab, Setting(esp="aes256-sha2_512"), "trixie", f"srcid {name}.theirs dstid {name}.ours", {
            "private/local.key": made["theirs"].key, "certs/theirs.crt": made["theirs"].cert,
            "ca/root.crt": made["root"].cert})


@pytest.mark.parametrize("name", ["rsa", "ecdsa"])
def test_openiked(ours, name):
    lab, east = ours
    try:
        west = Iked(lab, name)
    except Missing as missing:
        pytest.skip(str(missing))
    with told(east, west):
        try:
            east.auto("--add", name)
            assert "004 " in east.auto("--up", name).stdout
            wait_until(lambda: west.children() == 1, PATIENCE, "the peer to be up")
            pings(lab)
            east.auto("--down", name)
            wait_until(lambda: not west.children(), PATIENCE, "the peer to have nothing up")
            west.up()
            wait_until(lambda: tunnels(east) == west.children() == 1, PATIENCE, "both ends to be up")
            pings(lab)
        finally:
            east.auto("--delete", name, check=False)
            west.close()
            shutil.rmtree(west.folder)
