# SPDX-License-Identifier: Apache-2.0
"""docs/keys-howto.md: what stands there is run, or at least taken without an error."""

import re

import pytest
from lab import IPSEC, SETUP, Cygnet
from peers import ROOT
from pki import Party
from test_dns_keys import zones  # noqa: F401, a fixture
from test_signatures import pings
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


@pytest.mark.parametrize("heading, host", [("A smartcard or token", "left"), ("Clients with passwords, kept by FreeRADIUS", "right"),
                                           ("Certificates that were revoked", "left")])
def test_it_is_taken_as_it_stands(labs, heading, host):
    lab = labs()
    conf, *secrets = blocks(heading)
    ca = Party("Root", ca=True)
    party = Party("west", "ecdsa", ca, names="DNS:west.example")
    daemon = Cygnet(lab, getattr(lab, host), conf, "".join(secrets), setup="",
                    files={"ipsec.d/cacerts/root.pem": ca.cert, "ipsec.d/certs/west.pem": party.cert,
                           "ipsec.d/private/west.pem": party.key})
    checked = daemon.ipsec("checkconf", check=False).stdout
    assert " 0 errors" in f" {checked}", checked
