# SPDX-License-Identifier: Apache-2.0
"""Which packets a tunnel is for beside its selectors: marks, and the kernel's interfaces."""

import os
import re
import subprocess

import pytest

import peers
from lab import wait_until
from test_kernel_esp import Watch, clear_way, kernel_has, overrun, policies
from test_tunnel import crash_and_start, kill, pair, tunnels


def states(host):
    return host.run("ip", "xfrm", "state").stdout


def mangle(host, *rule):
    host.run("iptables-legacy", "-t", "mangle", *rule)


def counted(host, chain):
    """Packets of a chain's last rule."""
    listed = host.run("iptables-legacy", "-t", "mangle", "-L", chain, "-v", "-n", "-x").stdout
    return int(listed.splitlines()[-1].split()[0])


def test_marks_choose_the_packets(labs):
    lab = labs()
    before = kernel_has(lab.left)
    east, west = pair(lab, "\tmark=5/0xff\n\tset-mark-out=0x70/0xf0\n", west_extra="")
    east.auto("--up", "office")
    assert states(lab.left).count("mark 0x5/0xff") == 2
    assert "output-mark 0x70/0xf0" in states(lab.left)
    assert policies(lab.left).count("mark 0x5/0xff") == 3
    assert "mark" not in states(lab.right) + policies(lab.right)
    # Nobody has marked anything: the tunnel is for none of these.
    assert lab.alice.ping(lab.bob.address, count=1, wait=1) == 0
    mangle(lab.left, "-A", "PREROUTING", "-s", lab.alice.address, "-j", "MARK", "--set-mark", "5")
    mangle(lab.left, "-A", "PREROUTING", "-p", "esp", "-j", "MARK", "--set-mark", "0x105")
    mangle(lab.left, "-A", "POSTROUTING", "-p", "esp", "-m", "mark", "--mark", "0x75/0xff")
    assert lab.alice.ping(lab.bob.address) == 3
    assert lab.bob.ping(lab.alice.address) == 3
    assert counted(lab.left, "POSTROUTING") == 6
    # What names states and policies to the kernel has the mark in it: nothing is left behind.
    east.ipsec("whack", "--name", "office", "--rekey-child")
    wait_until(lambda: states(lab.left).count("proto esp") == 2, 30, "the old SAs to go")
    assert lab.alice.ping(lab.bob.address) == 3
    said = east.ipsec("trafficstatus").stdout
    assert re.search(r"inBytes=[1-9]", said) and re.search(r"outBytes=[1-9]", said), said
    east.auto("--route", "office")
    east.auto("--down", "office")
    wait_until(lambda: not tunnels(west), 30, "the other end to be gone")
    wait_until(lambda: lab.alice.ping(lab.bob.address, count=1), 30, "a marked packet to bring it up")
    crash_and_start(east)
    assert "proto esp" not in states(lab.left)
    east.auto("--up", "office")
    assert lab.alice.ping(lab.bob.address) == 3
    east.ipsec("setup", "stop")
    assert kernel_has(lab.left) == before
    assert "mark 0x5" not in policies(lab.left)


def test_lost_notices_of_marked_states_are_made_good(labs):
    lab = labs()
    mangle(lab.left, "-A", "PREROUTING", "-s", lab.alice.address, "-j", "MARK", "--set-mark", "5")
    mangle(lab.left, "-A", "PREROUTING", "-p", "esp", "-j", "MARK", "--set-mark", "5")
    east, _ = pair(lab, "\tmark=5/0xff\n", auto="route", west_extra="")
    wait_until(lambda: lab.alice.ping(lab.bob.address, count=1), 30, "the tunnel")
    overrun(lab, east)
    wait_until(lambda: lab.alice.ping(lab.bob.address, count=1), 60, "another tunnel")
    assert tunnels(east) == 1
    assert states(lab.left).count("mark 0x5/0xff") >= 2


INTERFACES = {
    "vti": ("vti0", "\tmark=%unique\n\tvti-interface=vti0\n\tleftvti=10.9.0.1/30\n"),
    "xfrm": ("ipsec7", "\tipsec-interface=7\n\tleftinterface-ip=10.9.0.1/30\n"),
}


def there(host, name):
    return host.run("ip", "-d", "addr", "show", "dev", name, check=False).stdout


# user-mode-linux has VTIs alone; test_newer_scopes.py plays the other kind.
KIND = "vti" if os.path.exists(f"/usr/lib/uml/modules/{os.uname().release}") else "xfrm"


@pytest.fixture(params=[KIND])
def interface(request, labs):
    """A lab, and an interface's name with what a connection says to have it."""
    lab = labs()
    clear_way(lab)
    return lab, *INTERFACES[request.param]


@pytest.mark.parametrize("unit", ["links", "watch", "sad"])
def test_units_that_want_more_of_the_kernel(unit):
    done = subprocess.run([peers.BUILD / f"tests/unit/plane_xfrm_{unit}_test"], capture_output=True, text=True,
                          check=False, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SKIPPED" not in done.stdout + done.stderr


def test_packets_go_through_an_interface(interface):
    lab, name, words = interface
    before = kernel_has(lab.left)
    east, west = pair(lab, words, west_extra="")
    assert not there(lab.left, name)
    east.auto("--up", "office")
    assert "10.9.0.1/30" in there(lab.left, name) and "made by cygnet" in there(lab.left, name)
    assert f"dev {name}" in lab.left.run("ip", "route", "get", lab.bob.address, "from", lab.alice.address, "iif", "in0").stdout
    assert lab.alice.ping(lab.bob.address) == 3
    assert lab.bob.ping(lab.alice.address) == 3
    east.ipsec("whack", "--name", "office", "--rekey-child")
    wait_until(lambda: states(lab.left).count("proto esp") == 2, 30, "the old SAs to go")
    assert lab.alice.ping(lab.bob.address) == 3
    carried = [int(n) for n in re.findall(r"\n +\d+ +(\d+)", lab.left.run("ip", "-s", "link", "show", name).stdout)]
    assert len(carried) == 2 and min(carried) >= 9, carried
    # A killed daemon fails closed, and the next one finds its interface again.
    kill(east)
    watch = Watch(lab.left)
    lab.left.run("ip", "xfrm", "state", "delall")
    assert lab.alice.ping(lab.bob.address, count=1, wait=1) == 0
    east.ipsec("setup", "start")
    assert lab.alice.ping(lab.bob.address, count=1, wait=1) == 0
    assert watch.stop() == 0
    east.auto("--up", "office")
    assert lab.alice.ping(lab.bob.address) == 3
    # What was up stays routed, and so does its interface.
    east.auto("--down", "office")
    wait_until(lambda: not tunnels(west), 30, "the other end to be gone")
    assert there(lab.left, name)
    east.auto("--unroute", "office")
    wait_until(lambda: not there(lab.left, name), 30, "the interface to go")
    east.auto("--route", "office")
    wait_until(lambda: lab.alice.ping(lab.bob.address, count=1), 30, "a packet to bring it up")
    east.ipsec("setup", "stop")
    assert not there(lab.left, name)
    # A packet that met a policy while nobody ran has a state without an SPI, which ends by itself.
    left = re.sub(r"src \S+ dst \S+\n\tproto esp spi 0x0{8} .*\n(?:\t.*\n)*", "", kernel_has(lab.left))
    assert left == before


def test_an_interface_that_others_set_down_or_remove(interface):
    lab, name, words = interface
    east, _ = pair(lab, words, west_extra="")
    east.auto("--up", "office")
    assert lab.alice.ping(lab.bob.address) == 3
    watch = Watch(lab.left)
    lab.left.run("ip", "link", "set", name, "down")
    assert lab.alice.ping(lab.bob.address, count=1, wait=1) == 0
    lab.left.run("ip", "link", "set", name, "up")
    wait_until(lambda: lab.alice.ping(lab.bob.address, count=1), 30, "its routes")
    lab.left.run("ip", "link", "del", name)
    wait_until(lambda: lab.alice.ping(lab.bob.address, count=1), 30, "another interface")
    assert "10.9.0.1/30" in there(lab.left, name) and "made by cygnet" in there(lab.left, name)
    assert watch.stop() == 0
    lab.left.run("ip", "route", "flush", "table", "15476")
    lab.left.run("ip", "rule", "del", "pref", "15476")
    wait_until(lambda: "15476" in lab.left.run("ip", "rule").stdout and lab.alice.ping(lab.bob.address, count=1), 30,
               "rules and routes")
    said = east.logged()
    for told in ("was set down", "is up again", "was removed by another program", "routes or rules of ours"):
        assert told in said
    east.auto("--down", "office")
    east.auto("--unroute", "office")
    wait_until(lambda: not lab.left.run("ip", "route", "show", "table", "15476").stdout, 30, "nothing of ours to stay")


def test_a_destination_has_one_way(interface):
    lab, name, words = interface
    east, _ = pair(lab, f"\nconn beside\n\talso=office\n\tleftsubnet=10.77.0.0/24\n{words}", west_extra="")
    east.auto("--up", "office")
    done = east.auto("--up", "beside", check=False)
    assert done.returncode and "connection office has it without an interface" in done.stdout, done.stdout
    assert not there(lab.left, name)
    assert lab.alice.ping(lab.bob.address) == 3


def test_a_destination_inside_another_one_of_another_way(interface):
    """What is refused would leave in clear or take the wrong tunnel; what is not does neither."""
    lab, name, words = interface
    elsewhere, wide = "10.77.0.1", "10.2.0.0/15"
    lab.left.run("ip", "addr", "add", f"{elsewhere}/24", "dev", "lo")
    lab.left.run("ip", "route", "replace", wide, "via", lab.right.address)
    conns = "".join(f"\nconn {conn}\n\talso=office\n\tleftsubnet={local}\n\trightsubnet={wide}\n{more}"
                    for conn, local, more in (("leaks", "10.77.0.0/24", words), ("covers", lab.left.net, words),
                                              ("takes", lab.left.net, ""), ("beside", "10.77.0.0/24", "")))
    east, _ = pair(lab, f"{conns}\nconn narrow\n\talso=office\n{words}", west_extra="")
    watch = Watch(lab.left)
    # The one inside goes without an interface.
    east.auto("--up", "office")
    done = east.auto("--route", "leaks", check=False)
    assert done.returncode and "would leave in clear" in done.stdout and name in done.stdout, done.stdout
    if KIND == "vti":
        # Between the ends of a VTI nothing else gets in.
        done = east.auto("--route", "covers", check=False)
        assert done.returncode and f"{name} of connection covers takes all" in done.stdout, done.stdout
        assert lab.alice.ping(lab.bob.address) == 3
        assert watch.stop() == 0
        return
    east.auto("--route", "covers")
    assert there(lab.left, name)
    assert lab.alice.ping(lab.bob.address) == 3
    assert lab.alice.ping("10.3.0.1", count=1, wait=1) == 0
    for conn in ("covers", "office"):
        east.auto("--down", conn, check=False)
        east.auto("--unroute", conn, check=False)
    # The one inside goes through one.
    east.auto("--up", "narrow")
    assert lab.alice.ping(lab.bob.address) == 3
    done = east.auto("--route", "takes", check=False)
    assert done.returncode and "takes what is for both" in done.stdout, done.stdout
    east.auto("--route", "beside")
    assert lab.alice.ping(lab.bob.address) == 3
    lab.left.run("ping", "-n", "-c", "1", "-W", "1", "-I", elsewhere, lab.bob.address, check=False)
    assert watch.stop() == 0


def test_a_device_that_does_not_encrypt_is_told_of(labs):
    lab = labs()
    east, _ = pair(lab, "\tnic-offload=auto\n", west_extra="")
    east.auto("--up", "office")
    assert lab.alice.ping(lab.bob.address) == 3
    assert "offload" not in states(lab.left)
    (east.folder / "ipsec.conf").write_text((east.folder / "ipsec.conf").read_text().replace("offload=auto", "offload=yes"))
    east.auto("--replace", "office")
    done = east.auto("--up", "office", check=False)
    assert done.returncode and "wire0 does not encrypt ESP" in done.stdout, done.stdout
    assert "write nic-offload=auto, or no" in done.stdout
    (east.folder / "ipsec.conf").write_text((east.folder / "ipsec.conf").read_text().replace("offload=yes", "offload=packet"))
    east.auto("--replace", "office")
    done = east.auto("--up", "office", check=False)
    assert done.returncode and "wire0 does not do all that ESP is to whole packets" in done.stdout, done.stdout
    assert "Linux 6.2 or newer" in done.stdout and "write nic-offload=crypto, auto or no" in done.stdout
    wait_until(lambda: "proto esp" not in states(lab.left), 30, "nothing to stay")
