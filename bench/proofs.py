# SPDX-License-Identifier: Apache-2.0
"""What a handshake with certificates takes at a gateway, beside the bare arithmetic of it.

Peers are connections of one pluto, each with a certificate of its own; the gateway is ours or
strongSwan's. The arithmetic is one signature and two verifications (the peer's AUTH payload and
its certificate), as `openssl speed` has them just before.
"""

import subprocess
import tempfile
from pathlib import Path

import hosts
from hosts import Charon, Crowd, Lab, Pluto, cpu_seconds

from news import OCSP, Responder
from pki import Party, openssl

# What the kinds are called here, by openssl speed, and by tests/interop/pki.py.
KINDS = {"RSA-2048": ("rsa2048", "rsa"), "RSA-3072": ("rsa3072", "rsa3072"),
         "ECDSA P-256": ("ecdsap256", "ecdsa"), "Ed25519": ("ed25519", "ed25519")}
PLUGINS = "random nonce pem pkcs1 pkcs8 x509 pubkey constraints openssl kdf hmac gcm"
WARM = 20


def bare_seconds(speed):
    """CPU of one signature and two verifications."""
    said = subprocess.run(["openssl", "speed", "-seconds", "1", speed], check=True, capture_output=True, text=True)
    sign, verify = map(float, said.stdout.split()[-2:])
    return 1 / sign + 2 / verify


class Small:
    """A certificate of a crowd's member: all have one key and one subject."""

    def __init__(self, octets, number):
        self.cert, self.number = octets, number


def small_certs(ca, key, count, where=""):
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        for name, octets in {"key": key, "ca": ca.cert, "signer": ca.key}.items():
            (at / name).write_bytes(octets)
        openssl("req", "-new", "-key", at / "key", "-subj", "/CN=peer", "-out", at / "req")
        for i in range(count):
            (at / "ext").write_text(f"basicConstraints=critical,CA:FALSE\nsubjectAltName=DNS:peer{i}.example\n{where}\n")
            ca.serial += 1
            yield Small(openssl("x509", "-req", "-in", at / "req", "-extfile", at / "ext", "-days", "30", "-CA",
                                at / "ca", "-CAkey", at / "signer", "-set_serial", ca.serial), ca.serial)


class Setting:
    """An authority, a gateway's certificate and those of a crowd."""

    def __init__(self, kind, count, where=""):
        self.ca = Party("Root", kind, ca=True)
        self.gateway = Party("gateway", kind, self.ca, names="DNS:gateway.example")
        self.peer = Party("peer", kind, self.ca)
        self.certs = list(small_certs(self.ca, self.peer.key, count, where))

    def ours(self, host, more=""):
        conf = hosts.our_anyone(host) + "\tauthby=pubkey\n\tleftcert=gateway.pem\n" + more
        return Pluto(host, conf, "memory", ": PKCS8 gateway.pem\n", {
            "ipsec.d/private/gateway.pem": self.gateway.key, "ipsec.d/certs/gateway.pem": self.gateway.cert,
            "ipsec.d/cacerts/ca.pem": self.ca.cert})

    def theirs(self, host):
        proof = hosts.their_anyone(host).replace("auth = psk", "auth = pubkey").replace(
            "id = @gateway.example", "id = @gateway.example\n certs = gateway.pem")
        return Charon(host, proof, PLUGINS, "cert_cache = no\n", {
            "private/gateway.pem": self.gateway.key, "x509/gateway.pem": self.gateway.cert,
            "x509ca/ca.pem": self.ca.cert})

    def crowd(self, lab):
        files = {"ipsec.d/private/peer.pem": self.peer.key, "ipsec.d/cacerts/ca.pem": self.ca.cert}
        for i, cert in enumerate(self.certs):
            files[f"ipsec.d/certs/peer{i}.pem"] = cert.cert
        return Crowd(lab, len(self.certs), lambda i: {"authby": "pubkey", "leftcert": f"peer{i}.pem"},
                     ": PKCS8 peer.pem\n", files)


def cpu_for_each(gateway, peers, count):
    before = cpu_seconds(gateway.pid)
    peers.up(count)
    return (cpu_seconds(gateway.pid) - before) / count


def measured(make, setting):
    """CPU of the gateway's whole process for each handshake."""
    lab = Lab()
    try:
        gateway = make(lab.right)
        peers = setting.crowd(lab) if setting else Crowd(lab, WARM + 200)
        peers.up(WARM)
        return cpu_for_each(gateway, peers, peers.count - WARM)
    finally:
        lab.close()


def ocsp_seconds(count, asked):
    """CPU for each handshake of peers that come a second time, whose OCSP answers are kept; or that have none."""
    setting = Setting("ecdsa", count, f"authorityInfoAccess=OCSP;URI:http://127.0.0.1:{OCSP}/" if asked else "")
    lab = Lab()
    try:
        Responder(lab, lab.right, setting.ca, setting.ca, good=setting.certs)
        gateway, peers = setting.ours(lab.right), setting.crowd(lab)
        peers.up(count)
        peers.down()
        spent = cpu_for_each(gateway, peers, count)
        if asked and "good" not in gateway.auto("--listocsp").stdout:
            raise RuntimeError("no OCSP answer is kept")
        return spent
    finally:
        lab.close()


def bench(table, quick):
    count = WARM + (60 if quick else 200)
    usual = {"ours": measured(lambda h: Pluto(h, hosts.our_anyone(h), "memory"), None)}
    try:
        usual["theirs"] = measured(lambda h: Charon(h, hosts.their_anyone(h)), None)
    except hosts.Missing as why:
        table.note(f"strongSwan is not measured: {why}")
    table.heading("A gateway's whole daemon, CPU for each handshake")
    table.line("with a secret", usual["ours"] * 1e6, usual["theirs"] * 1e6 if "theirs" in usual else None, "us")
    for name, (speed, kind) in KINDS.items():
        bare = bare_seconds(speed)
        setting = Setting(kind, count)
        ours = measured(setting.ours, setting)
        theirs = measured(setting.theirs, setting) if "theirs" in usual else None
        table.line(f"{name} certificates", ours * 1e6, theirs and theirs * 1e6, "us")
        table.line(f"  times the bare arithmetic, {bare * 1e6:,.0f} us", ours / bare, theirs and theirs / bare)
        table.line("  what it takes more than with a secret, times that", (ours - usual["ours"]) / bare,
                   theirs and (theirs - usual["theirs"]) / bare, aim="1.5")
    for asked in (False, True):
        table.line(f"ECDSA P-256, peers that come again, {'OCSP answers kept' if asked else 'no OCSP'}",
                   ocsp_seconds(60, asked) * 1e6, unit="us", aim="the same" if asked else "")
