# SPDX-License-Identifier: Apache-2.0
"""The kernel's ESP under our keying, ourselves at both ends."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import time

import pytest

import netns
import peers
from lab import IPSEC, Cygnet, wait_until
from test_tunnel import SECRETS, conf, crash_and_start, kill, pair, restart, route_beside, tunnels
from ways import gone_and_come


# esp= and what the kernel calls it.
ESP = {
    "aes_gcm256": "rfc4106(gcm(aes))",
    "aes_gcm_8_128": "rfc4106(gcm(aes))",
    "aes_ccm_16_128": "rfc4309(ccm(aes))",
    "chacha20_poly1305": "rfc7539esp(chacha20,poly1305)",
    "aes256-sha2_256": "hmac(sha256)",
    "aes192-sha2_512": "hmac(sha512)",
    "aes_ctr128-sha2_384": "rfc3686(ctr(aes))",
    "aes128-sha1": "hmac(sha1)",
    "aes128-aes_xcbc": "xcbc(aes)",
    "aes128-aes_cmac": "cmac(aes)",
    "camellia256-sha2_256": "cbc(camellia)",
    "3des-md5": "cbc(des3_ede)",
    "null-sha2_256": "ecb(cipher_null)",
    "null_auth_aes_gmac_128": "rfc4543(gcm(aes))",
}


def kernel_has(host):
    return host.run("sh", "-c", "ip xfrm state; ip xfrm policy | grep -v '^src.*dst.*$' | grep reqid; "
                    "ip rule; ip -6 rule; ip route show table all", check=False).stdout


def test_up_ping_down(labs):
    lab = labs()
    before = kernel_has(lab.left)
    east, west = pair(lab)
    assert "plane: xfrm" in east.status()
    assert "004 " in east.auto("--up", "office").stdout
    assert lab.alice.ping(lab.bob.address) == 3
    assert lab.bob.ping(lab.alice.address) == 3
    assert "proto esp" in lab.left.run("ip", "xfrm", "state").stdout
    assert "encap" not in lab.left.run("ip", "xfrm", "state").stdout
    assert tunnels(east) == tunnels(west) == 1
    west.auto("--down", "office")
    wait_until(lambda: not tunnels(east) and not tunnels(west), 30, "both ends to be gone")
    east.ipsec("setup", "stop")
    assert kernel_has(lab.left) == before


def test_algorithms(labs):
    """One lab for all: each is the connection's only choice in its turn."""
    lab = labs()
    east, west = pair(lab)
    for esp, name in ESP.items():
        for end in (east, west):
            text = (end.folder / "ipsec.conf").read_text().split("\tesp=")[0].rstrip("\n")
            (end.folder / "ipsec.conf").write_text(f"{text}\n\tesp={esp}\n")
            end.auto("--replace", "office")
        east.auto("--up", "office")
        assert name in lab.left.run("ip", "xfrm", "state").stdout, esp
        assert lab.alice.ping(lab.bob.address, count=1) == 1, esp
        east.auto("--down", "office")
        wait_until(lambda: not tunnels(west), 30, "the other end to be gone")


def test_ah(labs):
    lab = labs()
    east, west = pair(lab, "\tah=sha2_256\n")
    assert "{AH=>" in east.auto("--up", "office").stdout
    state = lab.left.run("ip", "xfrm", "state").stdout
    assert state.count("proto ah") == 2 and "proto esp" not in state
    assert "proto ah" in policies(lab.left)
    assert lab.alice.ping(lab.bob.address) == 3
    east.ipsec("whack", "--name", "office", "--rekey-child")
    assert lab.alice.ping(lab.bob.address, count=20) == 20
    west.auto("--down", "office")
    wait_until(lambda: not tunnels(east) and not tunnels(west), 30, "both ends to be gone")


def test_all_planes_behave_alike():
    done = subprocess.run([peers.BUILD / "tests/unit/plane_behaviour_test"], capture_output=True, text=True,
                          check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no xfrm here" not in done.stdout + done.stderr


def test_packets_are_padded_and_marked_as_asked(labs):
    lab = labs()
    east, west = pair(lab, "\ttfc=1000\n\tencap-dscp=no\n\tdecap-dscp=yes\n\tnopmtudisc=yes\n\tpriority=77\n")
    assert "has no effect" not in east.logged() + west.logged()
    east.auto("--up", "office")
    state = lab.left.run("ip", "xfrm", "state").stdout
    assert state.count("nopmtudisc") == 1 and state.count("decap-dscp") == 1
    assert "priority 77" in policies(lab.left)
    wire = netns.Wire(lab.left.netns, "wire0")
    assert "3 received" in lab.alice.run("ping", "-n", "-c", 3, "-i", "0.1", "-Q", "0xb8", "-M", "do", lab.bob.address).stdout
    seen = [octets for octets in wire.close() if octets[9] == socket.IPPROTO_ESP]
    assert len(seen) == 3
    for octets in seen:
        assert 1000 <= len(octets) < 1060
        assert octets[1] == octets[6] & 0x40 == 0, "neither a TOS nor DF"
    said = east.ipsec("trafficstatus").stdout
    assert all(int(n) >= 3 * 84 for n in re.findall(r"(?:in|out)Bytes=(\d+)", said)) and "inBytes" in said, said


def test_a_routed_connection_comes_up_by_its_first_packet(labs):
    lab = labs()
    east, west = pair(lab)
    east.auto("--route", "office")
    began = time.monotonic()
    wait_until(lambda: lab.alice.ping(lab.bob.address, count=1), 30, "an answer")
    took = time.monotonic() - began
    assert tunnels(east) == tunnels(west) == 1
    # The kernel keeps a flow's first packet from asking again for so long (xfrm_acq_expires).
    assert took < ACQUIRE_EXPIRES, "no packet waits for the end of a larval state"


ACQUIRE_EXPIRES = 30


def test_a_route_beside_a_tunnel_leaves_it_its_packets(labs):
    route_beside(labs())


def larval(host):
    return host.run("ip", "xfrm", "state").stdout.count("spi 0x00000000")


def test_no_larval_state_of_a_killed_daemon_is_waited_for(labs):
    lab = labs()
    east, _ = pair(lab, auto="route")
    pid = int((east.folder / "run" / "pluto.pid").read_text().split()[0])
    os.kill(pid, signal.SIGSTOP)
    assert lab.alice.ping(lab.bob.address, count=1, wait=1) == 0
    assert larval(lab.left) == 1, "a packet that nobody took up"
    began = time.monotonic()
    crash_and_start(east)
    assert larval(lab.left) == 1
    wait_until(lambda: lab.alice.ping(lab.bob.address, count=1), 30, "the tunnel")
    took = time.monotonic() - began
    assert tunnels(east) == 1
    assert took < ACQUIRE_EXPIRES - 5, f"{took:.1f} s without a tunnel after a crash"


def test_esp_in_udp(labs):
    lab = labs()
    east, _ = pair(lab, "\tencapsulation=yes\n")
    east.auto("--up", "office")
    assert lab.alice.ping(lab.bob.address) == 3
    assert "encap type espinudp sport 4500 dport 4500" in lab.left.run("ip", "xfrm", "state").stdout


def test_a_limit_in_packets_rekeys_without_loss(labs):
    lab = labs()
    east, west = pair(lab, "\tipsec-max-packets=100\n")
    east.auto("--up", "office")
    assert lab.alice.ping(lab.bob.address, count=300, wait=5, pause=0.02) == 300
    assert tunnels(east) == tunnels(west) == 1


class Watch:
    """Counts the ICMP that a host sends over the wire in clear."""

    def __init__(self, host):
        self.wire = netns.Wire(host.netns, "wire0")

    def stop(self):
        return sum(octets[9] == socket.IPPROTO_ICMP for octets in self.wire.close())


def flood(host):
    """2,000 packets to as many addresses."""
    with netns.inside(host.netns):
        packets = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with packets:
        packets.setblocking(False)
        for i in range(2000):
            with contextlib.suppress(OSError):
                packets.sendto(b"x", (f"10.98.{i >> 8}.{i & 255}", 9))


def clear_way(lab):
    lab.right.run("ip", "route", "replace", lab.left.net, "via", lab.left.address)
    lab.left.run("ip", "route", "replace", lab.right.net, "via", lab.right.address)
    watch = Watch(lab.left)
    assert lab.alice.ping(lab.bob.address) == 3, "in clear, before anything is routed"
    assert watch.stop() == 3


def policies(host):
    return host.run("ip", "xfrm", "policy").stdout


@pytest.mark.parametrize("again", [crash_and_start, restart])
def test_the_next_one_lets_nothing_out_in_clear(labs, again):
    lab = labs()
    clear_way(lab)
    east, _ = pair(lab, auto="route")
    wait_until(lambda: lab.alice.ping(lab.bob.address, count=1), 30, "the tunnel")
    watch = Watch(lab.left)
    packets = subprocess.Popen(lab.alice.command("ping", "-q", "-n", "-i", "0.02", lab.bob.address),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        again(east)
        assert lab.left.run("ip", "xfrm", "state").stdout.count("proto esp") <= 3, "the predecessor's SAs"
        wait_until(lambda: tunnels(east), 60, "the tunnel")
        wait_until(lambda: lab.alice.ping(lab.bob.address, count=1), 60, "an answer")
    finally:
        packets.kill()
        packets.wait()
    assert watch.stop() == 0
    # What is no longer in the configuration blocks for a while, and is let go.
    (east.folder / "ipsec.conf").write_text((east.folder / "ipsec.conf").read_text()
                                           .replace("conn office", "conn other").replace("auto=route", "auto=ignore"))
    again(east)
    assert lab.right.net in policies(lab.left)
    assert lab.alice.ping(lab.bob.address, count=1, wait=1) == 0
    wait_until(lambda: lab.right.net not in policies(lab.left), 30, "the guards to go")


def overrun(lab, east):
    """More notices than a stopped daemon has room for, and the end of its SAs among them."""
    # Each packet of somebody else's policy is told of to whoever listens.
    lab.left.run("ip", "route", "add", "10.98.0.0/16", "dev", "wire0")
    lab.left.run("ip", "xfrm", "policy", "add", "src", lab.left.address, "dst", "10.98.0.0/16", "dir", "out",
                 "tmpl", "proto", "esp", "reqid", "9", "mode", "transport")
    pid = int((east.folder / "run" / "pluto.pid").read_text().split()[0])
    os.kill(pid, signal.SIGSTOP)
    try:
        flood(lab.left)
        lab.left.run("ip", "xfrm", "state", "flush")
    finally:
        os.kill(pid, signal.SIGCONT)


def test_notices_that_were_lost_are_made_good(labs):
    lab = labs()
    east, _ = pair(lab, auto="route")
    wait_until(lambda: lab.alice.ping(lab.bob.address, count=1), 30, "the tunnel")
    overrun(lab, east)
    wait_until(lambda: lab.alice.ping(lab.bob.address, count=1), 60, "another tunnel")
    assert tunnels(east) == 1


def test_a_killed_daemon_fails_closed(labs):
    lab = labs()
    clear_way(lab)
    foreign = ["ip", "xfrm", "policy", "add", "src", "10.77.0.0/24", "dst", "10.78.0.0/24", "dir", "out",
               "tmpl", "src", "192.0.2.1", "dst", "192.0.2.77", "proto", "esp", "reqid", "16388", "mode", "tunnel"]
    lab.left.run(*foreign)
    others = kernel_has(lab.left)
    east, _ = pair(lab)
    east.auto("--up", "office")
    kill(east)
    assert "tmpl" in policies(lab.left)
    assert lab.left.run("ip", "xfrm", "state", "delall").returncode == 0
    watch = Watch(lab.left)
    assert lab.alice.ping(lab.bob.address, count=3, wait=1) == 0
    assert watch.stop() == 0
    # Nothing is left, and nothing of others' is gone, after a stop.
    assert "of plane xfrm" in east.ipsec("setup", "stop").stdout
    assert kernel_has(lab.left) == others
    east.ipsec("setup", "start")
    east.auto("--up", "office")
    assert lab.alice.ping(lab.bob.address) == 3


def test_a_way_that_goes_and_comes(labs):
    gone_and_come(labs())


def test_answers_from_a_tunnel_for_everything_come_to_our_own_network(labs):
    lab = labs()
    clear_way(lab)
    far = "203.0.113.1"
    lab.right.run("ip", "addr", "add", f"{far}/32", "dev", "lo")
    lab.left.run("ip", "route", "add", "default", "via", lab.right.address)
    text = conf(lab).replace(f"rightsubnet={lab.right.net}", "rightsubnet=0.0.0.0/0")
    assert "0.0.0.0/0" in text
    east, _ = Cygnet(lab, lab.left, text, SECRETS), Cygnet(lab, lab.right, text, SECRETS)
    watch = Watch(lab.left)
    east.auto("--up", "office")
    assert f"throw {lab.left.net}" in lab.left.run("ip", "route", "show", "table", "15476").stdout
    assert lab.alice.ping(far) == 3
    assert lab.alice.ping(lab.bob.address) == 3
    assert watch.stop() == 0
    east.auto("--down", "office")
    east.auto("--unroute", "office")
    wait_until(lambda: not lab.left.run("ip", "route", "show", "table", "15476").stdout, 30, "nothing of ours to stay")


def test_one_daemon_keeps_the_kernels_tables(labs):
    """A second one is refused, and told of the first; by itself it takes the other plane."""
    lab = labs()
    east = Cygnet(lab, lab.left, conf(lab), SECRETS, setup=f"\tlisten={lab.left.address}\n")
    Cygnet(lab, lab.right, conf(lab), SECRETS)
    east.auto("--up", "office")
    assert "000 plane: xfrm" in east.auto("--status").stdout
    lab.left.run("ip", "addr", "add", "192.0.2.9/24", "dev", "wire0")
    text = (east.folder / "ipsec.conf").read_text().replace(lab.left.address, "192.0.2.9").replace(
        "config setup", "config setup\n\tplane=xfrm")
    second = lab.folder / "second"
    second.mkdir()
    (second / "ipsec.secrets").write_text((east.folder / "ipsec.secrets").read_text())
    (second / "ipsec.secrets").chmod(0o600)
    (second / "ipsec.conf").write_text(text.replace(str(east.log), str(second / "log")))

    def other(*words, check=True):
        return lab.left.run(IPSEC, "--confs", second, "--rundir", second / "run", *words, check=check)

    pid = (east.folder / "run" / "pluto.pid").read_text().split()[0]
    before = policies(lab.left)
    done = other("setup", "start", check=False)
    assert done.returncode == 1
    assert f"another pluto (process {pid}) keeps the kernel's IPsec of this network namespace" in done.stderr
    assert "plane=esp" in done.stderr
    assert policies(lab.left) == before
    (second / "ipsec.conf").write_text((second / "ipsec.conf").read_text().replace("plane=xfrm", "plane=auto"))
    other("setup", "start")
    try:
        assert "000 plane: esp, by plane=auto, as another pluto" in other("auto", "--status").stdout
        assert lab.alice.ping(lab.bob.address) == 3
    finally:
        other("setup", "stop")
    assert policies(lab.left) == before
    assert lab.alice.ping(lab.bob.address) == 3
