# SPDX-License-Identifier: Apache-2.0
"""Cygnet at both ends: the whole way from `ipsec auto` to a packet in the tunnel."""

import json
import os
import re
import time
import signal
import subprocess

import pytest

from lab import BOOTED, SECRET, Cygnet, wait_until

SECRETS = f'@east @west : PSK "{SECRET}"\n'


def conf(lab, extra="", auto="add"):
    return f"""
conn office
	left={lab.left.address}
	leftid=@east
	leftsubnet={lab.left.net}
	right={lab.right.address}
	rightid=@west
	rightsubnet={lab.right.net}
	authby=secret
	auto={auto}
{extra}
"""


def pair(lab, extra="", auto="add", east_secrets=SECRETS, west_secrets=SECRETS, west_extra=None):
    east = Cygnet(lab, lab.left, conf(lab, extra, auto), east_secrets)
    west = Cygnet(lab, lab.right, conf(lab, extra if west_extra is None else west_extra), west_secrets)
    return east, west


def tunnels(daemon):
    return daemon.children()


@pytest.mark.parametrize("outer,inner", [(4, 4), (6, 6), (4, 6), (6, 4)])
def test_up_ping_down(labs, outer, inner):
    lab = labs(outer=outer, inner=inner)
    east, west = pair(lab)
    done = east.auto("--up", "office")
    assert "004 " in done.stdout
    assert lab.alice.ping(lab.bob.address) == 3
    assert lab.bob.ping(lab.alice.address) == 3
    assert tunnels(east) == tunnels(west) == 1
    west.auto("--down", "office")
    wait_until(lambda: not tunnels(east) and not tunnels(west), what="both ends to be gone")
    told = dict(line.split()[1].split("=") for line in west.ipsec("whack", "--globalstatus").stdout.splitlines())
    assert all(int(told[f"total.ipsec.traffic.{way}"]) > 0 for way in ("in", "out"))


def test_nothing_but_esp_in_udp_goes_over_the_wire(labs):
    lab = labs()
    east, _ = pair(lab)
    lab.right.run("nft", "add table ip watch")
    lab.right.run("nft", "add chain ip watch in { type filter hook prerouting priority -300 ; }")
    lab.right.run("nft", 'add rule ip watch in iifname "wire0" udp dport { 500, 4500 } accept')
    lab.right.run("nft", 'add rule ip watch in iifname "wire0" counter')
    east.auto("--up", "office")
    assert lab.alice.ping(lab.bob.address, count=10) == 10
    assert "packets 0 " in lab.right.run("nft", "list table ip watch").stdout


def test_a_routed_connection_comes_up_by_its_first_packet(labs):
    lab = labs()
    east, west = pair(lab)
    east.auto("--route", "office")
    assert not tunnels(east)
    wait_until(lambda: lab.alice.ping(lab.bob.address, count=1), what="an answer")
    assert tunnels(east) == tunnels(west) == 1
    east.auto("--down", "office")
    wait_until(lambda: not tunnels(east), what="the tunnel to go")
    wait_until(lambda: lab.alice.ping(lab.bob.address, count=1), what="the trap to bring it up again")
    assert east.auto("--unroute", "office", check=False).returncode == 26


def route_beside(lab):
    """What is routed beside a tunnel to the same peer waits behind it, and has its packets afterwards."""
    east, west = pair(lab, "conn beside\n\talso=office\n", west_extra="")
    east.auto("--up", "office")
    said = east.auto("--verbose", "--route", "beside").stdout
    assert "routed behind office, which is up for the same networks and peer" in said
    assert lab.alice.ping(lab.bob.address) == lab.bob.ping(lab.alice.address) == 3
    assert tunnels(east) == 1
    east.auto("--route", "office")
    assert lab.alice.ping(lab.bob.address) == 3
    assert re.search(r'"beside":   policy_now: office', east.status())
    east.auto("--down", "office")
    east.auto("--unroute", "office")
    wait_until(lambda: not tunnels(west), what="the tunnel to go")
    wait_until(lambda: lab.alice.ping(lab.bob.address, count=1), what="the other one to come up")
    assert re.search(r'"beside".* erouted;', east.status())


def test_a_route_beside_a_tunnel_leaves_it_its_packets(labs):
    route_beside(labs())


def test_a_version_that_waits_for_its_place_is_told(labs):
    lab = labs()
    east, west = pair(lab)
    file = east.folder / "ipsec.conf"
    before = file.read_text()
    east.auto("--up", "office")
    file.write_text(before.replace(f"right={lab.right.address}", "right=gw.invalid"))
    assert "it stays as it was" in east.auto("--replace", "office").stdout
    assert '"office":   its new version waits: the peer\'s name has no address yet' in east.status()
    (office,) = json.loads(east.ipsec("whack", "--status", "--json").stdout)["connections"]
    assert "right=gw.invalid (not resolved yet)" in office["awaits_ends"]
    assert lab.alice.ping(lab.bob.address) == 3 and tunnels(east) == 1
    # What is described last is what is meant.
    file.write_text(before.replace("auto=add", "auto=add\n\tsalifetime=1h"))
    east.auto("--replace", "office")
    assert "new version waits" not in east.status() and "3600s" in east.status()
    wait_until(lambda: lab.alice.ping(lab.bob.address, count=1), what="the new version to come up")


def kill(daemon):
    pid = int((daemon.folder / "run" / "pluto.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"), what="pluto to be dead")


def test_packets_of_a_tunnel_that_is_down_do_not_go_in_clear(labs):
    lab = labs()
    east, _ = pair(lab)
    lab.right.run("ip", "route", "replace", lab.left.net, "via", lab.left.address)
    lab.left.run("ip", "route", "replace", lab.right.net, "via", lab.right.address)
    assert lab.alice.ping(lab.bob.address) == 3, "in clear, before anything is routed"
    east.auto("--up", "office")
    assert lab.alice.ping(lab.bob.address) == 3
    kill(east)
    assert lab.alice.ping(lab.bob.address, wait=1) == 0, "clear text left a gateway whose daemon was killed"
    east.ipsec("setup", "start")
    east.auto("--up", "office")
    assert lab.alice.ping(lab.bob.address) == 3


def crash_and_start(daemon):
    kill(daemon)
    return daemon.ipsec("setup", "start")


def restart(daemon):
    return daemon.ipsec("setup", "restart")


@pytest.mark.parametrize("again", [crash_and_start, restart])
def test_the_next_one_lets_nothing_out_in_clear(labs, again):
    lab = labs()
    east, _ = pair(lab, auto="route")
    lab.right.run("ip", "route", "replace", lab.left.net, "via", lab.left.address)
    lab.left.run("ip", "route", "replace", lab.right.net, "via", lab.right.address)
    wait_until(lambda: lab.alice.ping(lab.bob.address, count=1), what="the tunnel")
    lab.right.run("nft", "add table ip watch")
    lab.right.run("nft", "add chain ip watch in { type filter hook prerouting priority -300 ; }")
    lab.right.run("nft", 'add rule ip watch in iifname "wire0" icmp type echo-request counter')
    packets = subprocess.Popen(lab.alice.command("ping", "-q", "-n", "-i", "0.01", lab.bob.address),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        again(east)
        wait_until(lambda: tunnels(east), what="the tunnel")
    finally:
        packets.kill()
        packets.wait()
    assert "packets 0 " in lab.right.run("nft", "list table ip watch").stdout
    assert lab.alice.ping(lab.bob.address) == 3
    # What is no longer in the configuration is let go in the end.
    (east.folder / "ipsec.conf").write_text((east.folder / "ipsec.conf").read_text().replace("conn office", "conn other").replace("auto=route", "auto=ignore"))
    assert "office was routed or up, and is not loaded now" in again(east).stderr
    assert "prohibit" in lab.left.run("sh", "-c", "ip route show table all").stdout
    wait_until(lambda: "prohibit" not in lab.left.run("sh", "-c", "ip route show table all").stdout,
               what="the guards to go")


def rename(daemon):
    """Another name, nothing else: the new one says auto=add, too."""
    conf = daemon.folder / "ipsec.conf"
    conf.write_text(conf.read_text().replace("conn office", "conn bureau"))
    return daemon.ipsec("reload")


@pytest.mark.parametrize("again", [crash_and_start, restart, rename])
def test_what_was_up_by_hand_stays_protected(labs, again):
    lab = labs()
    east, _ = pair(lab)
    east.auto("--up", "office")
    done = again(east)
    name = "bureau" if again is rename else "office"
    assert f"routed or up: it is routed, and comes up with the first packet or by \"ipsec auto --up {name}\"" in done.stderr
    assert "prospective erouted" in east.status()
    # It is by itself, and not by what guards for ten seconds.
    wait_until(lambda: lab.alice.ping(lab.bob.address, count=1), what="the tunnel")
    east.auto("--down", name)
    east.auto("--unroute", name)
    done = restart(east)
    assert "routed or up" not in done.stderr
    assert "unrouted" in east.status()


def what_steers(host):
    """Without what the kernel adds by itself, at its leisure: routes to its own IPv6 addresses."""
    said = host.run("sh", "-c", "ip rule; ip -6 rule; ip route show table all; ip link; nft list ruleset").stdout
    return [line for line in said.splitlines() if "proto kernel" not in line]


def test_stopping_leaves_nothing_behind(labs):
    lab = labs()
    before = what_steers(lab.left)
    east, west = pair(lab)
    east.auto("--up", "office")
    assert lab.alice.ping(lab.bob.address) == 3
    east.ipsec("setup", "stop")
    assert what_steers(lab.left) == before
    wait_until(lambda: not tunnels(west), what="the peer to know")
    assert east.ipsec("setup", "status", check=False).returncode == 3


def test_road_warriors_are_told_apart_by_identity(labs):
    lab = labs()
    carol = lab.host("carol")
    lab.wire(lab.right, "198.51.100.1", carol, "198.51.100.2", 24, "wire1")
    carol.run("ip", "route", "add", "192.0.2.0/24", "via", "198.51.100.1")
    lab.left.run("ip", "route", "add", "198.51.100.0/24", "via", "192.0.2.2")
    gateway = Cygnet(lab, lab.left, "".join(f"""
conn {name}
	left={lab.left.address}
	leftid=@gw
	leftsubnet={lab.left.net}
	right=%any
	rightid=@{name}
	authby=secret
	auto=add
""" for name in ("dave", "carol")),
        '@gw @dave : PSK "the secret of dave, long"\n@gw @carol : PSK "the secret of carol, long"\n')
    warriors = []
    for host, name, address in ((lab.right, "dave", lab.right.address), (carol, "carol", "198.51.100.2")):
        warriors.append(Cygnet(lab, host, f"""
conn home
	left={address}
	leftid=@{name}
	right={lab.left.address}
	rightid=@gw
	rightsubnet={lab.left.net}
	authby=secret
	auto=add
""", f'@{name} @gw : PSK "the secret of {name}, long"\n'))
    for warrior in warriors:
        warrior.auto("--up", "home")
    status = gateway.status()
    assert '"dave"[' in status and '"carol"[' in status
    assert tunnels(gateway) == 2
    assert lab.right.ping(lab.alice.address, source=lab.right.address) == 3
    assert carol.ping(lab.alice.address, source="198.51.100.2") == 3


def test_two_ways_to_one_peer_stand_side_by_side(labs):
    """A connection for each of the peer's addresses, as for IPv4 and IPv6: neither is the other one that has moved."""
    lab = labs()
    lab.left.ip("addr add 192.0.2.11/24 dev wire0")
    lab.right.ip("addr add 192.0.2.12/24 dev wire0")
    first = conf(lab).replace("auto=add", "auto=start")
    second = first.replace("conn office", "conn second").replace(lab.left.address, "192.0.2.11").replace(
        lab.right.address, "192.0.2.12").replace(lab.left.net, "10.3.0.0/24").replace(lab.right.net, "10.4.0.0/24")
    assert "10.3.0.0" in second and "192.0.2.12" in second
    ends = [Cygnet(lab, host, first + second, SECRETS) for host in (lab.left, lab.right)]
    for end in ends:
        end.auto("--up", "office")
        end.auto("--up", "second")
    time.sleep(1)
    for end in ends:
        assert "closed" not in end.logged() and "began anew" not in end.logged(), end.logged()
        assert end.status().count("newest IPSEC") == 2
    assert lab.alice.ping(lab.bob.address) == 3


def test_through_nat_that_rebinds(labs):
    lab = labs()
    inside = lab.host("inside")
    lab.wire(lab.right, "172.16.0.1", inside, "172.16.0.2", 24, "wire1")
    inside.run("ip", "route", "add", "default", "via", "172.16.0.1")
    inside.run("ip", "addr", "add", "10.9.0.1/32", "dev", "lo")
    lab.right.run("nft", "add table ip nat")
    lab.right.run("nft", "add chain ip nat post { type nat hook postrouting priority 100 ; }")
    lab.right.run("nft", 'add rule ip nat post oifname "wire0" ip saddr 172.16.0.0/24 masquerade random')
    gateway = Cygnet(lab, lab.left, f"""
conn road
	left={lab.left.address}
	leftid=@gw
	leftsubnet={lab.left.net}
	right=%any
	rightid=@inside
	rightsubnet=10.9.0.1/32
	authby=secret
	auto=add
""", f'@gw @inside : PSK "{SECRET}"\n')
    road = Cygnet(lab, inside, f"""
conn home
	left=%defaultroute
	leftid=@inside
	leftsubnet=10.9.0.1/32
	right={lab.left.address}
	rightid=@gw
	rightsubnet={lab.left.net}
	authby=secret
	auto=add
""", f'@gw @inside : PSK "{SECRET}"\n')
    road.auto("--up", "home")
    assert inside.ping(lab.alice.address, source="10.9.0.1") == 3
    lab.right.run("sh", "-c", "conntrack -F 2>/dev/null || true")
    lab.right.run("nft", "flush chain ip nat post")
    lab.right.run("nft", 'add rule ip nat post oifname "wire0" ip saddr 172.16.0.0/24 udp sport 4500 '
                         'masquerade to :40000-41000')
    assert tunnels(gateway) == 1
    wait_until(lambda: lab.alice.ping("10.9.0.1", count=1) and inside.ping(lab.alice.address, source="10.9.0.1"),
               what="the tunnel behind its NAT")


def test_a_large_tcp_transfer_passes(labs):
    lab = labs()
    east, _ = pair(lab)
    east.auto("--up", "office")
    serve = ("import socket; s=socket.create_server(('', 5000)); c,_=s.accept(); n=0\n"
             "while True:\n d=c.recv(65536)\n if not d: break\n n+=len(d)\n"
             "print(n)")
    send = (f"import socket; s=socket.create_connection(('{lab.bob.address}',5000), 5)\n"
            "s.sendall(b'x'*5000000); s.close()")
    server = subprocess.Popen(lab.bob.command("/usr/bin/python3", "-c", serve), stdout=subprocess.PIPE, text=True)
    wait_until(lambda: ":5000" in lab.bob.run("ss", "-ltn").stdout, what="the server")
    lab.alice.run("/usr/bin/python3", "-c", send)
    assert server.communicate(timeout=30)[0].strip() == "5000000"


def test_a_limit_in_packets_rekeys_without_loss(labs):
    lab = labs()
    east, west = pair(lab, extra="\tipsec-max-packets=60\n")
    east.auto("--up", "office")
    assert sum(lab.alice.ping(lab.bob.address, count=25) for _ in range(6)) == 150
    assert east.logged().count(", rekeyed") >= 2
    assert tunnels(east) == tunnels(west) == 1


STRANGE = """
import socket, sys
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
spi = int(sys.argv[1], 16).to_bytes(4, "big")
for octets in (bytes([0, 0, 0x77, 0x77]) + bytes(40), bytes([1, 2, 3]), spi + bytes([0, 0, 0, 9]) + bytes(40), b"\\xff"):
    out.sendto(octets, ("192.0.2.1", 4500))
"""


def test_what_is_not_carried_is_told_by_cause(labs):
    lab = labs()
    east, _ = pair(lab)
    east.auto("--up", "office")
    assert lab.alice.ping(lab.bob.address) == 3
    assert "dropped" not in east.ipsec("trafficstatus").stdout
    spi = re.search(r"ESPinUDP=>0x\w+ <0x(\w+)", east.logged())[1]
    lab.right.run("/usr/bin/python3", "-c", STRANGE, spi)
    # A keep-alive is none of them.
    wait_until(lambda: "not carried: 1 unknown_spi, 1 truncated, 1 bad_auth" in east.ipsec("trafficstatus").stdout,
               what="the counts")
    assert ", dropped: 1 bad_auth\n" in east.ipsec("trafficstatus").stdout
    assert "not carried" not in east.ipsec("trafficstatus", "office").stdout
    assert '"plane_drops":{"unknown_spi":1,"truncated":1,' in east.ipsec("whack", "--trafficstatus", "--json").stdout.replace(" ", "")


def test_what_waits_for_a_tunnel_is_told(labs):
    """The peer does not run: the newest packet waits, those before it are lost, and counted."""
    lab = labs()
    east = Cygnet(lab, lab.left, conf(lab), SECRETS)
    east.auto("--route", "office")
    assert lab.alice.ping(lab.bob.address, count=5) == 0
    for said in (east.ipsec("trafficstatus").stdout, east.status()):
        lost = re.search(r"plane: not carried: (\d+) held_displaced\n", said)
        assert lost and "plane: 1 packet waits for an IPsec SA\n" in said, said
        assert int(lost[1]) == 4
    # It goes when there is an SA, and no longer waits.
    Cygnet(lab, lab.right, conf(lab), SECRETS).auto("--up", "office")
    wait_until(lambda: "waits" not in east.ipsec("trafficstatus").stdout, what="it to go")
    assert "held_expired" not in east.ipsec("trafficstatus").stdout


def test_a_new_local_address_is_followed(labs):
    lab = labs()
    lab.left.run("ip", "route", "add", "default", "via", lab.right.address)
    road = conf(lab).replace(f"left={lab.left.address}", "left=%defaultroute")
    road += "\tdpddelay=2s\n\tdpdtimeout=6s\n\tretransmit-timeout=3s\n"
    gateway = conf(lab).replace(f"left={lab.left.address}", "left=%any")
    Cygnet(lab, lab.right, gateway, SECRETS)
    east = Cygnet(lab, lab.left, road, SECRETS)
    east.auto("--up", "office")
    assert lab.alice.ping(lab.bob.address) == 3
    lab.left.run("ip", "addr", "add", "192.0.2.77/24", "dev", "wire0")
    lab.left.run("ip", "addr", "del", f"{lab.left.address}/24", "dev", "wire0")
    lab.left.run("ip", "addr", "replace", "192.0.2.77/24", "dev", "wire0")
    lab.left.run("ip", "route", "replace", "default", "via", lab.right.address)
    wait_until(lambda: lab.alice.ping(lab.bob.address, count=1, wait=1), seconds=30,
               what="the tunnel from the new address")
    assert "192.0.2.77" in east.status()


def test_a_connection_for_everything_is_no_default_route(labs):
    """Its packets are led to the plane by a rule and a default route of ours, which name no way to a peer."""
    lab = labs()
    lab.left.run("ip", "route", "add", "default", "via", lab.right.address)
    road = conf(lab).replace(f"left={lab.left.address}", "left=%defaultroute")
    wide = conf(lab).replace("conn office", "conn wide").replace(lab.left.net, "0.0.0.0/0").replace(
        lab.right.net, "0.0.0.0/0")
    Cygnet(lab, lab.right, conf(lab), SECRETS)
    east = Cygnet(lab, lab.left, road + wide, SECRETS)
    real = f"%defaultroute: {lab.left.device} {lab.left.address}; next hop {lab.right.address}"
    assert real in east.status()
    east.auto("--route", "wide")
    east.auto("--ready")
    assert real in east.status()
    assert f"defaultrouteaddr='{lab.left.address}'" in east.ipsec("showdefaults").stdout
    assert f"from {lab.left.address} by {lab.right.address}" in east.ipsec("showroute").stdout
    # Nor is one that somebody leads into our own device.
    if not BOOTED:
        lab.left.run("ip", "route", "add", "default", "dev", "ipsec0", "metric", "0", "table", "77")
        lab.left.run("ip", "rule", "add", "pref", "30000", "lookup", "77")
        east.auto("--ready")
        assert real in east.status()
        lab.left.run("ip", "rule", "del", "pref", "30000")
    east.auto("--up", "office")
    # By its selectors what comes for the network behind would go into it, too.
    east.auto("--unroute", "wide")
    assert lab.alice.ping(lab.bob.address) == 3


def test_a_host_sends_from_an_address_that_the_tunnel_carries(labs):
    """Its link by name order, lo, has an address too, which no selector wants."""
    lab = labs()
    hosts = conf(lab).replace(f"\tleftsubnet={lab.left.net}\n", "").replace(f"\trightsubnet={lab.right.net}\n", "")
    lab.left.run("ip", "addr", "add", "172.16.0.1/32", "dev", "lo")
    east = Cygnet(lab, lab.left, hosts, SECRETS)
    Cygnet(lab, lab.right, hosts, SECRETS)
    east.auto("--up", "office")
    assert f"src {lab.left.address} " in lab.left.run("ip", "route", "get", lab.right.address).stdout
    assert lab.left.ping(lab.right.address) == 3


def test_a_gateway_reaches_the_far_network_itself(labs):
    lab = labs()
    east, _ = pair(lab)
    east.auto("--up", "office")
    assert f"src {lab.left.inside} " in lab.left.run("ip", "route", "get", lab.bob.address).stdout
    assert lab.left.ping(lab.bob.address) == 3
    other = lab.left.inside.replace("10.1.0.1", "10.1.0.7")
    lab.left.run("ip", "addr", "del", f"{lab.left.inside}/24", "dev", "in0")
    lab.left.run("ip", "addr", "add", f"{other}/24", "dev", "in0")
    wait_until(lambda: f"src {other} " in lab.left.run("ip", "route", "get", lab.bob.address, check=False).stdout,
               what="the new address to be a source")
    lab.left.run("ip", "addr", "add", f"{lab.left.inside}/24", "dev", "in0")
    wait_until(lambda: lab.left.ping(lab.bob.address, count=1), what="an answer")


# Explaining


def test_a_port_that_another_program_has_is_told(labs):
    lab = labs()
    east, _ = pair(lab)
    east.ipsec("setup", "stop")
    hold = ("import socket, time\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
            f"s.bind(('{lab.left.address}', 500))\ntime.sleep(100)")
    other = subprocess.Popen(lab.left.command("/usr/bin/python3", "-c", hold))
    try:
        wait_until(lambda: ":500 " in lab.left.run("ss", "-lun").stdout, what="the other program")
        done = east.ipsec("setup", "start", check=False)
        assert "Address already in use" in done.stdout + done.stderr
        done = east.auto("--ready", check=False)
        assert done.returncode == 24 and f"{lab.left.address}:500 (Address already in use)" in done.stdout
        done = east.auto("--up", "office", check=False, timeout=10)
        assert done.returncode == 24 and f"this host has no socket at {lab.left.address}:500" in done.stdout
    finally:
        other.kill()
        other.wait()
    east.auto("--ready")
    east.auto("--up", "office")
    assert lab.alice.ping(lab.bob.address) == 3


def test_a_host_without_a_route_to_the_peer_says_so_at_once(labs):
    lab = labs()
    east = Cygnet(lab, lab.left, conf(lab).replace(f"right={lab.right.address}", "right=203.0.113.9"), SECRETS)
    done = east.auto("--up", "office", check=False, timeout=10)
    assert done.returncode == 31 and "Network is unreachable (this host says so)" in done.stdout


def test_wrong_secret_is_explained_at_both_ends(labs):
    lab = labs()
    east, west = pair(lab, west_secrets='@east @west : PSK "another secret, as long as that"\n')
    done = east.auto("--up", "office", check=False)
    assert done.returncode not in (0, 1, 2)
    assert "AUTHENTICATION_FAILED" in done.stdout and "secret" in done.stdout.lower()
    log = wait_until(west.logged)
    assert "@east" in log and "office" in log
    assert SECRET not in log + east.logged() + done.stdout


def test_no_common_proposal_names_the_transform(labs):
    lab = labs()
    east, west = pair(lab, extra="\tike=aes_gcm128-sha2_256-x25519\n", west_extra="\tike=aes_gcm128-sha2_256-ecp256\n")
    done = east.auto("--up", "office", check=False)
    assert done.returncode != 0 and "NO_PROPOSAL_CHOSEN" in done.stdout
    log = wait_until(west.logged)
    assert "X25519" in log and re.search(r"(?i)ecp.?256|secp256", log)


def test_wrong_identity_is_explained(labs):
    lab = labs()
    east, west = pair(lab)
    conf_file = west.folder / "ipsec.conf"
    conf_file.write_text(conf_file.read_text().replace("leftid=@east", "leftid=@someone"))
    west.auto("--replace", "office")
    done = east.auto("--up", "office", check=False)
    assert done.returncode != 0
    log = wait_until(west.logged)
    assert "@someone" in log and "@east" in log


def test_selectors_that_do_not_meet_are_explained(labs):
    lab = labs()
    east, west = pair(lab)
    conf_file = west.folder / "ipsec.conf"
    conf_file.write_text(conf_file.read_text().replace(f"leftsubnet={lab.left.net}", "leftsubnet=172.16.0.0/16"))
    west.auto("--replace", "office")
    done = east.auto("--up", "office", check=False)
    assert done.returncode != 0 and "TS_UNACCEPTABLE" in done.stdout and lab.left.net in done.stdout
    log = wait_until(west.logged)
    assert "172.16.0.0/16" in log and lab.left.net in log


def test_no_answer_names_what_can_be_in_the_way(labs):
    lab = labs()
    east = Cygnet(lab, lab.left, conf(lab, "\tretransmit-interval=100ms\n\tretransmit-timeout=2s\n"), SECRETS)
    done = east.auto("--up", "office", check=False)
    assert done.returncode == 31
    assert lab.right.address in done.stdout and "500" in done.stdout and "firewall" in done.stdout.lower()


def test_a_name_that_is_not_loaded(labs):
    lab = labs()
    east = Cygnet(lab, lab.left, conf(lab), SECRETS)
    done = east.auto("--up", "ofice", check=False)
    assert done.returncode == 21
    assert done.stdout.startswith("021 ")


def test_pluto_not_running(labs):
    lab = labs()
    east = Cygnet(lab, lab.left, conf(lab), SECRETS)
    east.ipsec("setup", "stop")
    done = east.auto("--up", "office", check=False)
    assert done.returncode == 1
    assert "not running" in done.stderr and "pluto.ctl" in done.stderr


@pytest.mark.parametrize("left_port,right_port", [(2500, 2600), (None, 2600), (2500, None)])
def test_ike_ports_of_ones_own(labs, left_port, right_port):
    """Both ends may begin, over these ports alone (4500 where one end has none)."""
    lab = labs()
    ports = "".join(f"\t{end}ikeport={port}\n" for end, port in (("left", left_port), ("right", right_port))
                    if port)
    east, west = pair(lab, ports)
    lab.right.run("nft", "add table ip watch")
    lab.right.run("nft", "add chain ip watch in { type filter hook prerouting priority -300 ; }")
    lab.right.run("nft", f'add rule ip watch in iifname "wire0" udp sport {left_port or 4500} '
                         f"udp dport {right_port or 4500} accept")
    lab.right.run("nft", 'add rule ip watch in iifname "wire0" ip protocol udp counter drop')
    for begins in (east, west):
        assert "004 " in begins.auto("--up", "office").stdout
        assert lab.alice.ping(lab.bob.address) == 3
        assert lab.bob.ping(lab.alice.address) == 3
        begins.ipsec("whack", "--rekey-ipsec", "--name", "office")
        begins.auto("--down", "office")
        wait_until(lambda: not tunnels(east) and not tunnels(west), what="both ends to be gone")
    assert "packets 0 " in lab.right.run("nft", "list table ip watch").stdout
    if right_port:
        assert f"adding interface wire0 {lab.right.address}:{right_port}" in west.logged()
        west.auto("--delete", "office")
        west.auto("--ready")
        assert f"removing interface {lab.right.address}:{right_port}" in west.logged()
