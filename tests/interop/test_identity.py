# SPDX-License-Identifier: Apache-2.0
"""Who the peer is, beyond secrets, keys and certificates: nobody."""

import pytest

from lab import SECRET, Cygnet
from test_signatures import pings
from test_tunnel import tunnels


def conf(lab, words, left=None):
    return f"""
conn t
	left={left or lab.left.address}
	leftsubnet={lab.left.net}
	right={lab.right.address}
	rightsubnet={lab.right.net}
	auto=add
{words}
"""


# ---- null authentication (RFC 7619) ----

ONE_SIDED = "\tleftauth=null\n\trightauth=secret\n\trightid=@server\n"


@pytest.mark.parametrize("words, who", [("\tauthby=null\n", "%null"), (ONE_SIDED, "@server")])
def test_null_authentication(labs, words, who):
    lab = labs()
    secrets = f'@server : PSK "{SECRET}"\n@server %any : PSK "{SECRET}"\n%null @server : PSK "{SECRET}"\n'
    east = Cygnet(lab, lab.left, conf(lab, words), secrets)
    west = Cygnet(lab, lab.right, conf(lab, words), secrets)
    assert "warning: " in east.ipsec("checkconf").stdout
    done = east.auto("--up", "t")
    assert "004 " in done.stdout
    pings(lab)
    assert f"IKE SA established with {who} at" in east.logged()
    assert "IKE SA established with %null at" in west.logged() and "did not prove who it is" in west.logged()
    assert tunnels(east) == tunnels(west) == 1


def test_null_authentication_is_not_taken_by_accident(labs):
    lab = labs()
    east = Cygnet(lab, lab.left, conf(lab, "\tauthby=null\n"), "")
    west = Cygnet(lab, lab.right, conf(lab, "\tauthby=secret\n\tleftid=%any\n\trightid=@server\n", left="%any"),
                  f': PSK "{SECRET}"\n')
    done = east.auto("--up", "t", check=False)
    assert done.returncode == 224, done.stdout
    assert "%null" in west.logged() and not tunnels(west)
