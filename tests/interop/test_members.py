# SPDX-License-Identifier: Apache-2.0
"""Several connections for the same ends, each for members of other groups."""

import re

import pytest

from lab import Cygnet, put_files
from pki import Party
from test_certificates import conf, edit, refused, signac
from test_eap import client
from test_radius import radius, server


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
    refused(lab, east, west, "(wanted admins (conn t), or users (conn users); got staff)")
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
