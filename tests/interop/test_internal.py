# SPDX-License-Identifier: Apache-2.0
"""Internal addresses: asked of strongSwan, and given to it."""

import os
import signal

import pytest

from lab import SECRET, SETUP, Cygnet, StrongSwan, wait_until
from theirs import secret_of, swanctl

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
    return swanctl(lab.right, lab.left, "auth = psk\n id = @theirs", "auth = psk\n id = @ours", secret_of(SECRET),
                   esp="aes128gcm16", words=f"pools = {name}", child=f"local_ts = {lab.right.net}",
                   more=f"pools {{\n p {{\n {pools}\n }}\n }}")


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
    return swanctl(lab.left, lab.right, "auth = psk\n id = @ours", "auth = psk\n id = @theirs", secret_of(SECRET),
                   esp="aes128gcm16", words=f"vips = {vips}", child=f"remote_ts = {remote_ts or lab.right.net}")


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
    assert "the peer's internal address 10.9.0.1" in ours.status()
    pools = ours.ipsec("whack", "--addresspoolstatus").stdout
    assert "000 10.9.0.0/24\n" in pools and "000 10.9.0.1, @ours\n" in pools
    assert "lease=10.9.0.1" in ours.ipsec("whack", "--trafficstatus").stdout
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


def test_client_is_given_ipv6(labs):
    lab = labs(outer=4, inner=6)
    ours = Cygnet(lab, lab.left, our_client(lab), SECRETS)
    theirs = StrongSwan(lab, lab.right, their_server(lab, "addrs = 2001:db8:9::/112"))
    done = ours.auto("--up", "t", check=False)
    assert done.returncode == 0, done.stdout + done.stderr + theirs.logged()[-4000:]
    assert "2001:db8:9::1/128" in addresses(lab.left)
    assert lab.left.ping(lab.bob.address) == 3


def test_used_up_on_either_side(labs):
    lab = labs()
    ours = Cygnet(lab, lab.left, our_client(lab), SECRETS)
    theirs = StrongSwan(lab, lab.right, their_server(lab, "addrs = 2001:db8:9::/112"))
    done = ours.auto("--up", "t", check=False)
    assert done.returncode != 0
    assert "INTERNAL_ADDRESS_FAILURE" in done.stdout and "needs more addresses" in done.stdout
    theirs.close()
    ours.close()


def test_strongswan_that_finds_no_address_left(labs):
    lab = labs()
    ours = Cygnet(lab, lab.right, our_server(lab, "%any", "2001:db8:9::/112"), SECRETS)
    theirs = StrongSwan(lab, lab.left, their_client(lab))
    assert theirs.swanctl("--initiate", "--child", "t", check=False).returncode != 0
    assert "there is no pool of IPv4 addresses" in ours.logged()
    assert "INTERNAL_ADDRESS_FAILURE" in theirs.logged() or "INT_ADDR_FAIL" in theirs.logged()


def test_address_of_a_killed_client_is_taken_away(labs):
    lab = labs()
    Cygnet(lab, lab.right, our_server(lab, "%any"), SECRETS)
    client = Cygnet(lab, lab.left, our_client(lab), SECRETS)
    assert client.auto("--up", "t", check=False).returncode == 0
    assert "10.9.0.1/32" in addresses(lab.left)
    pid = int((client.folder / "run" / "pluto.pid").read_text())
    os.kill(pid, signal.SIGKILL)
    assert "10.9.0.1/32" in addresses(lab.left)
    client.ipsec("setup", "start")
    assert "10.9.0.1/32" not in addresses(lab.left)
    assert client.auto("--up", "t", check=False).returncode == 0
    assert "10.9.0.1/32" in addresses(lab.left)
    assert lab.left.ping(lab.bob.address) == 3


UPDOWN = """#!/bin/sh
env | grep '^PLUTO_' >> {log}
"""


def test_updown_programs_are_told(labs):
    lab = labs()
    log, program = lab.folder / "updown.log", lab.folder / "updown"
    program.write_text(UPDOWN.format(log=log))
    program.chmod(0o755)
    Cygnet(lab, lab.right, our_server(lab, "%any", extra="\tmodecfgdns=10.2.0.53\n"
                                      "\tmodecfgdomains=corp.example\n\tmodecfgbanner=Welcome\n"),
           SECRETS)
    client = Cygnet(lab, lab.left, our_client(lab, f"\tleftupdown={program}\n"), SECRETS)
    assert client.auto("--up", "t", check=False).returncode == 0
    told = log.read_text()
    for line in ("PLUTO_MY_SOURCEIP=10.9.0.1", "PLUTO_PEER_DNS_INFO=10.2.0.53", "PLUTO_DNS4_1=10.2.0.53",
                 "PLUTO_PEER_DOMAIN_INFO=corp.example", "PLUTO_PEER_BANNER=Welcome",
                 "PLUTO_CFG_CLIENT=1", "PLUTO_CFG_SERVER=0", "PLUTO_MY_CLIENT=10.9.0.1/32"):
        assert line in told.splitlines(), told


def test_a_peer_claims_the_network_behind_it(labs):
    lab = labs()
    server = our_server(lab, "%any").replace("rightaddresspool=10.9.0.0/24",
                                             "rightsubnet=vnet:%priv,%no")
    ours = Cygnet(lab, lab.right, server, SECRETS,
                  setup=SETUP + "\tvirtual-private=%v4:10.0.0.0/8,%v4:!10.2.0.0/16\n")
    client = our_client(lab).replace("leftsourceip=%config", f"leftsubnet={lab.left.net}")
    theirs = Cygnet(lab, lab.left, client, SECRETS)
    done = theirs.auto("--up", "t", check=False)
    assert done.returncode == 0, done.stdout + ours.logged()[-3000:]
    assert lab.alice.ping(lab.bob.address) == 3
