# SPDX-License-Identifier: Apache-2.0
"""docs/keys-howto.md: what stands there is run, from its lines to a tunnel."""

import re

import pytest
from lab import IPSEC, SETUP, Cygnet, FreeRadius, StrongSwan, put_files, wait_until
from news import OCSP, WEB, Web, crl
from peers import ROOT
from pki import Party
from test_certificates import conf as peers_of
from test_certificates import their_conf
from test_dns_keys import zones  # noqa: F401, a fixture
from test_eap import PASSWORD
from test_signatures import pings
from test_tokens import PIN, Token
from test_tokens import pytestmark as needs_token
from test_tunnel import tunnels

HOWTO = (ROOT / "docs/keys-howto.md").read_text()


def blocks(heading):
    """The indented blocks below a heading, as texts."""
    part = HOWTO.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    found = re.findall(r"(?:^    .*\n|^\n(?=    ))+", part, re.M)
    return [re.sub("^    ", "", one, flags=re.M).strip("\n") + "\n" for one in found if one.strip()]


def test_keys_from_the_dns(labs, zones):  # noqa: F811
    lab = labs()
    commands, include, conf = blocks("Keys from the DNS")
    make, show = commands.splitlines()
    records, files = {}, {}
    for host, name, address in ((lab.left, "east", lab.left.address), (lab.right, "west", lab.right.address)):
        folder = lab.folder / name
        (folder / "ipsec.d").mkdir(parents=True)

        def own(line, folder=folder, name=name, address=address):
            line = line.replace("/etc/", f"{folder}/").replace("east.example", f"{name}.example")
            return line.replace("192.0.2.1", address)

        host.run(IPSEC, *own(make).split()[1:])
        line = host.run(IPSEC, *own(show).split()[1:]).stdout
        records[name] = line.split("IPSECKEY")[1].strip()
        files[name] = (folder / "ipsec.d/dns.secrets").read_text()
    zone = zones(lab, records)
    setup = f"{SETUP}\tdnssec-rootkey-file={zone.anchor}\n"
    east, west = (Cygnet(lab, host, conf, include.replace("/etc/", f"{lab.folder}/cygnet-{host.name}/"), setup=setup,
                         files={"ipsec.d/dns.secrets": files[name]})
                  for host, name in ((lab.left, "east"), (lab.right, "west")))
    assert "004 " in east.auto("--up", "office").stdout, west.logged()[-2000:]
    pings(lab)
    assert tunnels(east) == tunnels(west) == 1
    assert "DNS, proven by DNSSEC" in east.auto("--listpubkeys").stdout


def installed(east, west):
    wait_until(lambda: tunnels(east) == 1 and "INSTALLED" in west.sas(), what="both ends")


def edit(daemon, old, new, name):
    file = daemon.folder / "ipsec.conf"
    file.write_text(file.read_text().replace(old, new))
    daemon.auto("--replace", name)


def told_alike(conf, cert, theirs):
    """The same connection at the other host, whose own end has a certificate in a file."""
    return conf.replace(f"leftcert={cert}", f"rightcert={theirs}").replace("rightca=", "leftca=")


@needs_token
def test_a_smartcard(labs, monkeypatch):
    """Its lines, with the PIN of the laboratory's token; the peer is of the same authority, as rightca=%same wants."""
    lab = labs()
    conf, secrets = blocks("A smartcard or token")
    assert "192.0.2.1" in conf and '"123456"' in secrets
    ca = Party("Root", ca=True)
    other = Party("Other", ca=True)
    token = Token(lab, Party("east", "ecdsa", ca, names="DNS:east.example"))
    monkeypatch.setenv("SOFTHSM2_CONF", token.env["SOFTHSM2_CONF"])
    east = Cygnet(lab, lab.left, conf, secrets.replace("123456", PIN),
                  files={"ipsec.d/cacerts/root.pem": ca.cert, "ipsec.d/cacerts/other.pem": other.cert})
    assert " 0 errors" in f" {east.ipsec('checkconf', check=False).stdout}"
    assert "45" in east.auto("--listcards").stdout
    party, stranger = (Party("west", "ecdsa", one, names="DNS:west.example") for one in (ca, other))
    # strongSwan without the kernel's ESP can't protect the two hosts themselves: the peer is one of ours.
    west = Cygnet(lab, lab.right, told_alike(conf, "%smartcard:45", "west.pem"), ": PKCS8 west.pem\n", files={
        "ipsec.d/private/west.pem": stranger.key, "ipsec.d/certs/west.pem": stranger.cert,
        "ipsec.d/cacerts/root.pem": ca.cert, "ipsec.d/cacerts/other.pem": other.cert})
    edit(west, "leftca=%same", 'leftca="C=CH, O=Lab, CN=Root"', "office")
    done = east.auto("--up", "office", check=False)
    assert "004 " not in done.stdout and "is from another authority than the connection asks for" in done.stdout, done.stdout
    put_files(west.folder, {"ipsec.d/private/west.pem": party.key, "ipsec.d/certs/west.pem": party.cert})
    west.auto("--rereadall")
    edit(west, 'leftca="C=CH, O=Lab, CN=Root"', "leftca=%same", "office")
    assert "004 " in east.auto("--up", "office").stdout, east.logged()[-2000:]
    lab.left.run("ping", "-c", "3", "-i", "0.2", "-W", "2", lab.right.address)
    wait_until(lambda: tunnels(east) == tunnels(west) == 1, what="both ends")
    assert PIN not in east.logged()


CLIENT = """
conn clients
	left={lab.left.address}
	leftid=@alice
	leftauth=eap-mschapv2
	eap_identity=alice
	right={lab.right.address}
	rightid=@west.example
	rightauth=pubkey
	auto=add
"""


@pytest.mark.usefixtures("freeradius")
def test_clients_with_passwords(labs):
    lab = labs()
    conf, secrets = (text.replace("192.0.2.9", "127.0.0.1") for text in blocks("Clients with passwords, kept by FreeRADIUS"))
    ca = Party("Root", ca=True)
    party = Party("west", "ecdsa", ca, names="DNS:west.example")
    shared = "the secret that clients.conf has"
    assert f'"{shared}"' in secrets
    FreeRadius(lab, lab.right, f'"{shared}"', {"alice": PASSWORD}, party, ca)
    west = Cygnet(lab, lab.right, conf, secrets, files={
        "ipsec.d/certs/west.pem": party.cert, "ipsec.d/private/west.pem": party.key})
    assert " 0 errors" in f" {west.ipsec('checkconf', check=False).stdout}"
    east = Cygnet(lab, lab.left, CLIENT.format(lab=lab), f'alice : EAP "{PASSWORD}"\n', files={"ipsec.d/cacerts/root.pem": ca.cert})
    assert "004 " in east.auto("--up", "clients").stdout, west.logged()[-3000:]
    lab.left.run("ping", "-c", "3", "-i", "0.2", "-W", "2", lab.right.address)
    wait_until(lambda: tunnels(east) == tunnels(west) == 1, what="both ends")
    assert "@alice" in west.status() and "127.0.0.1" in west.status(), west.status()


@pytest.mark.usefixtures("strongswan")
def test_certificates_that_were_revoked(labs):
    """A list that the ca section names, for certificates that name no place; its OCSP server is not there."""
    lab = labs()
    (conf,) = blocks("Certificates that were revoked")
    assert "http://ca.example/" in conf and "http://ocsp.example\n" in conf
    conf = conf.replace("http://ca.example/", f"http://127.0.0.1:{WEB}/").replace("http://ocsp.example", f"http://127.0.0.1:{OCSP}")
    ca = Party("Root", ca=True)
    left, right = (Party(side, "ecdsa", ca, names=f"DNS:{side}.example") for side in ("left", "right"))
    web = Web(lab, lab.left, {"root.crl": crl(ca)})
    east = Cygnet(lab, lab.left, conf + peers_of(lab, "left"), ": PKCS8 host.pem\n", files={
        "ipsec.d/private/host.pem": left.key, "ipsec.d/certs/host.pem": left.cert, "ipsec.d/cacerts/root.pem": ca.cert})
    west = StrongSwan(lab, lab.right, their_conf(lab), files={
        "private/theirs.pem": right.key, "x509/theirs.pem": right.cert, "x509ca/root.pem": ca.cert})
    assert " 0 errors" in f" {east.ipsec('checkconf', check=False).stdout}"
    assert "004 " in east.auto("--up", "t").stdout
    pings(lab)
    installed(east, west)
    assert web.asked() == ["/root.crl"] and "CN=Root" in east.auto("--listcrls").stdout
    east.auto("--down", "t")
    # And one of a file, which is newer.
    put_files(east.folder, {"ipsec.d/crls/root.crl": crl(ca, right)})
    east.auto("--rereadcrls")
    done = east.auto("--up", "t", check=False)
    assert "004 " not in done.stdout and "was revoked by its authority" in done.stdout, done.stdout
