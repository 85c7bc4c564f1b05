# SPDX-License-Identifier: Apache-2.0
"""Keys of peers that the DNS has (RFC 4025), in a zone that is signed, and in others."""

import base64
import ipaddress
import shutil
import subprocess
from pathlib import Path

import pytest

from lab import SETUP, Cygnet, wait_until
from test_signatures import Key, pings
from test_tunnel import tunnels


def rdata(key, gateway="."):
    """The record of a key: precedence, type of gateway, algorithm, gateway, key."""
    der = key.convert("-pubout", "-outform", "DER")
    kind = 0 if gateway == "." else 2 if ":" in gateway else 1 if gateway.replace(".", "").isdigit() else 3
    if b"\x06\x03\x2b\x65\x70" in der:  # Ed25519
        return f"10 {kind} 4 {gateway} {base64.b64encode(der[-32:]).decode()}"
    modulus = subprocess.run(["openssl", "rsa", "-pubin", "-inform", "DER", "-noout", "-modulus"], input=der,
                             check=True, capture_output=True).stdout.decode().split("=")[1].strip()
    return f"10 {kind} 2 {gateway} {base64.b64encode(bytes([3, 1, 0, 1]) + bytes.fromhex(modulus)).decode()}"


def on_the_wire(kind, gateway):
    """A gateway as octets."""
    if kind == 3:
        labels = [label.encode() for label in gateway.strip(".").split(".")]
        return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return ipaddress.ip_address(gateway).packed if kind else b""


def generic(text):
    """A record's data as octets, which every tool reads (RFC 3597)."""
    if text.startswith("\\#"):
        return text
    precedence, kind, algorithm, gateway, octets = text.split()
    data = bytes([int(precedence), int(kind), int(algorithm)]) + on_the_wire(int(kind), gateway)
    data += base64.b64decode(octets)
    return f"\\# {len(data)} {data.hex()}"


class Zone:
    """A zone with these records, signed, served on both hosts of the lab, to themselves."""

    def __init__(self, lab, records, origin="example", ttl=60):
        for program in ("unbound", "ldns-keygen", "ldns-signzone"):
            if not shutil.which(program):
                pytest.skip(f"{program} is not installed")
        self.lab, self.folder = lab, lab.folder / "zone"
        self.folder.mkdir()
        self.origin = origin
        self.ttl, self.key = ttl, None
        self.sign(records)
        self.anchor = self.folder / f"{self.key}.key"
        self.processes = []
        self.places = []
        self.serve("signed")
        for host in (lab.left, lab.right):
            place = Path("/etc/netns") / host.netns
            place.mkdir(parents=True)
            (place / "resolv.conf").write_text("nameserver 127.0.0.1\n")
            self.places.append(place)

    def sign(self, records):
        """Write the zone with these records, names to data, or lines of other types as they are."""
        lines = [f"$ORIGIN {self.origin}.", "@ 60 IN SOA ns root 1 3600 900 86400 60", "@ 60 IN NS ns",
                 f"ns 60 IN A {self.lab.left.address}", "other 60 IN A 192.0.2.99"]
        for name, data in records.items():
            for one in data if isinstance(data, list) else [data]:
                lines.append(f"{name} {self.ttl} IN {one}" if one.startswith(("A ", "AAAA "))
                             else f"{name} {self.ttl} IN TYPE45 {generic(one)}")
        (self.folder / "zone").write_text("\n".join(lines) + "\n")
        self.key = self.key or self.tool("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", f"{self.origin}.").strip()
        self.tool("ldns-signzone", "-f", "signed", "zone", self.key)

    def tool(self, *words):
        return subprocess.run(words, cwd=self.folder, check=True, capture_output=True, text=True).stdout

    def serve(self, file):
        self.stop()
        (self.folder / "unbound.conf").write_text(f"""
server:
    chroot: ""
    username: ""
    directory: "{self.folder}"
    pidfile: ""
    use-syslog: no
    do-daemonize: no
    interface: 127.0.0.1
    do-not-query-localhost: no
    unblock-lan-zones: yes
    module-config: "iterator"
remote-control:
    control-enable: no
auth-zone:
    name: "{self.origin}."
    zonefile: "{file}"
    for-upstream: no
    for-downstream: yes
""")
        for host in (self.lab.left, self.lab.right):
            self.processes.append(subprocess.Popen(
                host.command("unbound", "-d", "-c", self.folder / "unbound.conf"), stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            wait_until(lambda: ":53 " in host.run("ss", "-lun").stdout, what="the name server")

    def stop(self):
        for process in self.processes:
            process.terminate()
            process.wait()
        self.processes = []

    def close(self):
        self.stop()
        for place in self.places:
            shutil.rmtree(place)


@pytest.fixture
def zones():
    made = []

    def make(lab, records, **more):
        made.append(Zone(lab, records, **more))
        return made[-1]

    yield make
    for zone in made:
        zone.close()


def conf(lab, extra="", key="%dnsondemand"):
    return f"""
conn t
	left={lab.left.address}
	leftid=@ours.example
	leftsubnet={lab.left.net}
	leftrsasigkey={key}
	right={lab.right.address}
	rightid=@theirs.example
	rightsubnet={lab.right.net}
	rightrsasigkey={key}
	authby=pubkey
	auto=add
{extra}
"""


def pair(lab, zone, left, right, anchor=None, **more):
    setup = f"{SETUP}\tdnssec-rootkey-file={anchor or zone.anchor}\n"
    return [Cygnet(lab, host, conf(lab, **more), ": PKCS8 host.pem\n", setup=setup,
                   files={"ipsec.d/private/host.pem": key.private})
            for host, key in ((lab.left, left), (lab.right, right))]


def test_keys_of_a_signed_zone(labs, zones):
    lab = labs()
    left, right = Key("ed25519"), Key("rsa2048")
    zone = zones(lab, {"ours": rdata(left), "theirs": rdata(right)})
    east, west = pair(lab, zone, left, right)
    assert "004 " in east.auto("--up", "t").stdout, west.logged()[-2000:]
    pings(lab)
    assert tunnels(east) == tunnels(west) == 1


def refused(east, west, words):
    done = east.auto("--up", "t", check=False)
    assert done.returncode == 224, done.stdout
    assert words in west.logged(), west.logged()[-1500:]
    assert "IPSECKEY records of ours.example" in west.logged()
    assert not tunnels(east) and not tunnels(west)


def test_a_name_without_a_record(labs, zones):
    lab = labs()
    left, right = Key("ed25519"), Key("ed25519")
    zone = zones(lab, {"theirs": rdata(right)})
    refused(*pair(lab, zone, left, right), "the DNS has no IPSECKEY record there, and proves that")


def test_a_record_that_somebody_changed(labs, zones):
    lab = labs()
    left, right = Key("ed25519"), Key("ed25519")
    zone = zones(lab, {"ours": rdata(Key("ed25519")), "theirs": rdata(right)})
    before = (zone.folder / "signed").read_text()
    forged = []
    for line in before.splitlines():
        if line.startswith("ours.example.") and ("TYPE45" in line or "IPSECKEY" in line) and "RRSIG" not in line:
            line = f"ours.example. 60 IN TYPE45 {generic(rdata(left))}"
        forged.append(line)
    assert forged != before.splitlines(), before
    (zone.folder / "forged").write_text("\n".join(forged) + "\n")
    zone.serve("forged")
    refused(*pair(lab, zone, left, right), "DNSSEC proves that the answer of the DNS is false")


def test_a_zone_that_nobody_vouches_for(labs, zones):
    """The records are right; but no key that is known here proves them."""
    lab = labs()
    left, right = Key("ed25519"), Key("ed25519")
    zone = zones(lab, {"ours": rdata(left), "theirs": rdata(right)})
    other = zone.folder / "none.key"
    other.write_text(zone.anchor.read_text().replace("example.", "elsewhere."))
    refused(*pair(lab, zone, left, right, anchor=other), "is not proven by DNSSEC, so it is not used")


def ahead(lab, zone, left, right):
    return pair(lab, zone, left, right, key="%dnsonload")


def key_ids(host):
    """What --listpubkeys says of keys of the DNS: lines with their identities."""
    return host.auto("--listpubkeys").stdout


def test_keys_that_are_there_before_the_peer(labs, zones):
    """With %dnsonload the name servers may be silent when the tunnel comes up."""
    lab = labs()
    left, right = Key("ed25519"), Key("rsa2048")
    zone = zones(lab, {"ours": rdata(left), "theirs": rdata(right)})
    east, west = ahead(lab, zone, left, right)
    said = east.auto("--replace", "t").stdout + east.logged()
    assert "the DNS has 1 IPSECKEY record of theirs.example, the right end, proven until" in said
    for host in (east, west):
        listed = key_ids(host)
        assert listed.count("DNS, proven by DNSSEC") == 2 and "@theirs.example" in listed, listed
        assert "their key in the DNS:" in host.status() and "proven for " in host.status()
    facts = east.auto("--listpubkeys", "--json").stdout
    assert '"trust": "DNS, proven by DNSSEC"' in facts.replace('":"', '": "'), facts
    zone.stop()
    assert "004 " in east.auto("--up", "t").stdout, west.logged()[-2000:]
    pings(lab)


def test_a_key_ahead_that_is_not_there_yet_and_then_another_one(labs, zones):
    """What --add is told is told; it is asked for again, and anew before it expires."""
    lab = labs()
    left, right = Key("ed25519"), Key("ed25519")
    zone = zones(lab, {"ours": rdata(left)}, ttl=1)
    east, _ = ahead(lab, zone, left, right)
    east.auto("--delete", "t")
    said = east.auto("--add", "t").stdout
    assert "right end: the DNS has no IPSECKEY record there, and proves that" in said, said
    assert "their key in the DNS: theirs.example, missing; last look-up: a name without such records" in \
        east.status() or "missing; last look-up: there is no such name" in east.status(), east.status()
    zone.sign({"ours": rdata(left), "theirs": rdata(right)})
    zone.serve("signed")
    wait_until(lambda: "@theirs.example" in key_ids(east), what="the next look-up")
    before = key_ids(east)
    zone.sign({"ours": rdata(left), "theirs": rdata(Key("ed25519"))})
    zone.serve("signed")

    def is_new():
        lines = [line for line in key_ids(east).splitlines() if "Ed25519" in line]
        return "@theirs.example" in key_ids(east) and any(line not in before for line in lines)

    wait_until(is_new, what="the new key")
    east.auto("--delete", "t")
    wait_until(lambda: "@theirs.example" not in key_ids(east), what="what nobody wants to expire")


def test_another_key_than_the_zone_has(labs, zones):
    lab = labs()
    left, right = Key("ed25519"), Key("ed25519")
    zone = zones(lab, {"ours": rdata(Key("ed25519")), "theirs": rdata(right)})
    east, west = pair(lab, zone, left, right)
    assert east.auto("--up", "t", check=False).returncode == 224
    assert "the peer's signature is not made with its key in the DNS (ours.example, 1 key)" in west.logged()


def test_a_name_server_that_is_silent(labs, zones):
    """Nobody else waits for it; once it answers the peer is let in."""
    lab = labs()
    left, right = Key("ed25519"), Key("ed25519")
    zone = zones(lab, {"ours": rdata(left), "theirs": rdata(right)})
    east, west = pair(lab, zone, left, right)
    lab.right.run("nft", "add table ip deaf; add chain ip deaf in { type filter hook input priority 0; "
                  "udp dport 53 counter drop; }")
    east.auto("--up", "--asynchronous", "t")
    wait_until(lambda: "packets 0 " not in lab.right.run("nft", "list", "table", "ip", "deaf").stdout,
               what="the question")
    assert west.auto("--status").returncode == 0  # at once
    assert not tunnels(west)
    lab.right.run("nft", "delete table ip deaf")
    wait_until(lambda: tunnels(east) and tunnels(west), what="the tunnel, once there is an answer")


def test_a_policy_group_with_keys_of_the_reverse_zone(labs, zones):
    """Opportunistic: peers are their addresses, and who has no key there is met in clear."""
    lab = labs()
    left, right = Key("ed25519"), Key("ed25519")
    records = {lab.left.address.split(".")[-1]: rdata(left), lab.right.address.split(".")[-1]: rdata(right)}
    zone = zones(lab, records, origin="2.0.192.in-addr.arpa")
    words = """
conn private-or-clear
	type=tunnel
	left={address}
	right=%opportunisticgroup
	failureshunt=passthrough
	leftrsasigkey=%dnsondemand
	rightrsasigkey=%dnsondemand
	authby=pubkey
	auto=route
"""
    east, west = (Cygnet(lab, host, words.format(address=host.address), ": PKCS8 host.pem\n",
                         setup=f"{SETUP}\tdnssec-rootkey-file={zone.anchor}\n",
                         files={"ipsec.d/private/host.pem": key.private,
                                "ipsec.d/policies/private-or-clear": f"{other.address}/32\n"})
                  for host, key, other in ((lab.left, left, lab.right), (lab.right, right, lab.left)))
    lab.left.ping(lab.right.address)
    wait_until(lambda: tunnels(east) and tunnels(west), what="the tunnel that a packet asks for")
    assert lab.left.ping(lab.right.address) == 3
    assert f"IKE SA established with {lab.right.address} at" in east.logged()


def test_a_record_that_is_withdrawn_ends_the_tunnel(labs, zones):
    """Once DNSSEC proves that the key is not there any more; while the DNS is silent the peer stays."""
    lab = labs()
    left, right = Key("ed25519"), Key("ed25519")
    zone = zones(lab, {"ours": rdata(left), "theirs": rdata(right)}, ttl=1)
    east, west = pair(lab, zone, left, right)
    assert "004 " in east.auto("--up", "t").stdout, west.logged()[-2000:]
    assert tunnels(east) == tunnels(west) == 1
    zone.sign({"ours": rdata(Key("ed25519")), "theirs": rdata(right)})
    zone.serve("signed")
    wait_until(lambda: "the DNS has the key of ours.example no more, and DNSSEC proves that" in west.logged(),
               what="the look-up when the record expires")
    wait_until(lambda: not tunnels(east) and not tunnels(west), what="the tunnel to go")
    assert "the peer is trusted no more; the IKE SA goes" in west.logged()
    assert east.auto("--up", "t", check=False).returncode == 224
    assert "the peer's signature is not made with its key in the DNS" in west.logged()
