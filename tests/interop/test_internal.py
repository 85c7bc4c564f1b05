# SPDX-License-Identifier: Apache-2.0
"""Internal addresses: asked of strongSwan, and given to it."""

import pytest

from lab import SECRET, Cygnet, StrongSwan, wait_until

pytestmark = pytest.mark.usefixtures("strongswan")

IKE, ESP = "aes_gcm128-sha2_256-x25519", "aes_gcm128"
SECRETS = f'@ours @theirs : PSK "{SECRET}"\n'


def our_client(lab, extra=""):
    return f"""
conn t
	left={lab.left.address}
	leftid=@ours
	leftsourceip=%config
	right={lab.right.address}
	rightid=@theirs
	rightsubnet={lab.right.net}
	authby=secret
	ike={IKE}
	esp={ESP}
	auto=add
{extra}
"""


def their_server(lab, pools="addrs = 10.9.0.0/24", name="p"):
    return f"""
connections {{
    t {{
        local_addrs = {lab.right.address}
        remote_addrs = {lab.left.address}
        version = 2
        encap = yes
        proposals = aes128gcm16-prfsha256-x25519
        pools = {name}
        local {{
            auth = psk
            id = @theirs
        }}
        remote {{
            auth = psk
            id = @ours
        }}
        children {{
            t {{
                local_ts = {lab.right.net}
                esp_proposals = aes128gcm16
            }}
        }}
    }}
}}
pools {{
    p {{
        {pools}
    }}
}}
secrets {{
    ike-1 {{
        secret = "{SECRET}"
    }}
}}
"""


def our_server(lab, peer, pools="10.9.0.0/24", extra=""):
    return f"""
conn t
	left={lab.right.address}
	leftid=@theirs
	leftsubnet={lab.right.net}
	right={peer}
	rightid=@ours
	rightaddresspool={pools}
	authby=secret
	ike={IKE}
	esp={ESP}
	auto=add
{extra}
"""


def their_client(lab, vips="0.0.0.0", remote_ts=None):
    return f"""
connections {{
    t {{
        local_addrs = {lab.left.address}
        remote_addrs = {lab.right.address}
        version = 2
        encap = yes
        proposals = aes128gcm16-prfsha256-x25519
        vips = {vips}
        local {{
            auth = psk
            id = @ours
        }}
        remote {{
            auth = psk
            id = @theirs
        }}
        children {{
            t {{
                remote_ts = {remote_ts or lab.right.net}
                esp_proposals = aes128gcm16
            }}
        }}
    }}
}}
secrets {{
    ike-1 {{
        secret = "{SECRET}"
    }}
}}
"""


def addresses(host):
    return host.run("ip", "-o", "addr", "show", "dev", "lo").stdout


def test_client_is_given_an_address(labs):
    lab = labs()
    ours = Cygnet(lab, lab.left, our_client(lab), SECRETS)
    theirs = StrongSwan(lab, lab.right, their_server(lab))
    done = ours.auto("--up", "t", check=False)
    assert done.returncode == 0, done.stdout + done.stderr + theirs.logged()[-4000:]
    assert "10.9.0.1/32" in addresses(lab.left), addresses(lab.left)
    assert lab.left.ping(lab.bob.address) == 3
    assert lab.bob.ping("10.9.0.1") == 3
    assert "10.9.0.1/32" in ours.status()
    ours.auto("--down", "t")
    assert "10.9.0." not in addresses(lab.left)


@pytest.mark.parametrize("peer", ["%any", "described"])
def test_server_gives_an_address(labs, peer):
    lab = labs()
    ours = Cygnet(lab, lab.right, our_server(lab, lab.left.address if peer == "described" else peer),
                  SECRETS)
    theirs = StrongSwan(lab, lab.left, their_client(lab))
    done = theirs.swanctl("--initiate", "--child", "t", check=False)
    assert done.returncode == 0, done.stdout + done.stderr + ours.logged()[-3000:]
    assert "10.9.0.1/32" in ours.status()
    assert lab.bob.ping("10.9.0.1") == 3
    assert lab.left.ping(lab.bob.address, source="10.9.0.1") == 3


@pytest.mark.parametrize("peer", ["%any", "described"])
def test_both_ends_are_ours(labs, peer):
    lab = labs()
    server = Cygnet(lab, lab.right, our_server(lab, lab.left.address if peer == "described" else peer),
                    SECRETS)
    client = Cygnet(lab, lab.left, our_client(lab), SECRETS)
    done = client.auto("--up", "t", check=False)
    assert done.returncode == 0, done.stdout + done.stderr + server.logged()[-3000:]
    assert "10.9.0.1/32" in addresses(lab.left)
    assert lab.left.ping(lab.bob.address) == 3
    assert lab.bob.ping("10.9.0.1") == 3
    client.auto("--down", "t")
    wait_until(lambda: "10.9.0." not in addresses(lab.left), what="the address to go")
    assert client.auto("--up", "t", check=False).returncode == 0
    assert "10.9.0.1/32" in addresses(lab.left)
