# SPDX-License-Identifier: Apache-2.0
"""The userspace ESP plane between two real hosts, with SAs made by hand."""

import contextlib
import queue
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from lab import BUILD, wait_until

PROGRAM = BUILD / "tests" / "kernel" / "esp_host"
ALGORITHMS = ["gcm128", "gcm256", "chacha", "cbc256"]


class Plane:
    """A host's data plane: asks by lines, and keeps the lines it is told."""

    def __init__(self, lab, host, instance=0):
        self.host = host
        self.instance = instance
        self.heard = []
        self.lines = queue.Queue()
        self.process = subprocess.Popen(
            host.command(PROGRAM, instance), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, bufsize=1)
        lab.daemons.append(self)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        first = self.lines.get(timeout=20)
        assert first == "ready", first

    def read(self):
        for line in self.process.stdout:
            line = line.rstrip("\n")
            if re.match(r"acquire|expire|moved|datagram|report", line):
                self.heard.append(line)
            else:
                self.lines.put(line)

    def ask(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        return self.lines.get(timeout=60)

    def do(self, *words):
        said = self.ask(*words)
        assert said.startswith("answer OK"), f"{self.host.name}: {words}: {said}"

    def port(self, address, number=4500):
        text = f"[{address}]:{number}" if ":" in address else f"{address}:{number}"
        assert self.ask("port", text) == "port plane"
        return text

    def status(self):
        words = self.ask("status").split()[1:]
        return {k: v if k == "device" else int(v) for k, v in (w.split("=") for w in words)}

    def counters(self, way, spi, remote):
        words = self.ask("query", way, spi, remote).split()[1:]
        found = dict(w.split("=") for w in words)
        assert found.pop("err") == "OK"
        return {k: int(v) for k, v in found.items()}

    def hears(self, pattern, seconds=10):
        return wait_until(lambda: next((h for h in self.heard if re.search(pattern, h)), None),
                          seconds, f"{pattern} at {self.host.name}, heard {self.heard}")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def close(self):
        if self.process.poll() is None:
            with contextlib.suppress(OSError):
                self.process.stdin.write("quit\n")
            try:
                assert self.process.wait(20) == 0
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise
        self.reader.join(10)
        self.process.stdin.close()
        self.process.stdout.close()


class Pair:
    """Two gateways with a plane each, and one tunnel between the networks behind them."""

    def __init__(self, labs, outer=4, inner=4, algorithm="gcm128", options=(), tunnel=True, selectors=None, router=False):
        self.lab = labs(outer=outer, inner=inner, nat="left" if router else None)
        if router:
            self.router = self.make_router()
        self.algorithm = algorithm
        self.options = options
        self.planes = [Plane(self.lab, self.lab.left), Plane(self.lab, self.lab.right)]
        self.ends = [p.port(p.host.address) for p in self.planes]
        self.nets = selectors or [self.lab.left.net, self.lab.right.net]
        if tunnel:
            self.sas(0x1000)
            self.policies()
            self.routes()

    def make_router(self):
        """The host in the middle does not translate; its way to the right end takes 1,340 octets."""
        router = next(h for h in self.lab.hosts if h.name == "nat")
        router.run("iptables-legacy", "-t", "nat", "-F")
        router.ip("link set wire0 mtu 1340")
        self.lab.right.ip(f"route add {self.lab.left.address}/32 via {self.lab.left.seen}")
        return router

    @property
    def left(self):
        return self.planes[0]

    @property
    def right(self):
        return self.planes[1]

    def sa(self, us, way, spi, *options, **more):
        """One direction at one end: 0 is left, 1 is right."""
        self.planes[us].do("sa", way, spi, more.get("reqid", 7), self.algorithm, self.ends[us],
                           self.ends[1 - us], self.nets[us], self.nets[1 - us], *self.options, *options)

    def sas(self, base, *options):
        for us in (0, 1):
            self.sa(us, "in", base + us, *options)
        for us in (0, 1):
            self.sa(us, "out", base + 1 - us, *options)

    def policies(self, kind="protect"):
        for us, plane in enumerate(self.planes):
            plane.do("policy", 1, kind, 1000, 7, self.nets[us], self.nets[1 - us])

    def routes(self):
        for us, plane in enumerate(self.planes):
            for number, net in enumerate(self.nets[1 - us].split(",")):
                plane.do("route", 1 + number, net.split("[")[0])

    def capture(self):
        return Capture(self.lab.left, "wire0")


class Capture:
    """What crosses a link meanwhile, as tcpdump's lines."""

    def __init__(self, host, device, *filters):
        self.process = subprocess.Popen(
            host.command("tcpdump", "-n", "-l", "-v", "-i", device, *filters),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        # Its first word on stderr is that it listens.
        self.process.stderr.readline()

    def stop(self):
        time.sleep(0.2)
        self.process.terminate()
        out, _ = self.process.communicate(timeout=10)
        # IPv4 headers take two lines, with the addresses on the second one.
        return [line for line in re.sub(r"\n[ \t]+", " ", out).splitlines() if line.strip()]


def only_esp(lines):
    """All lines but those of neighbours looking for each other are ESP in UDP."""
    rest = [l for l in lines if "ARP" not in l and "ICMP6, neighbor" not in l and "ICMP6, router" not in l
            and "multicast listener" not in l]
    assert rest, "nothing crossed the wire"
    strange = [l for l in rest if "UDP-encap: ESP" not in l]
    assert not strange, strange


@pytest.mark.parametrize("outer", [4, 6])
@pytest.mark.parametrize("inner", [4, 6])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_tunnel_carries_packets(labs, outer, inner, algorithm):
    pair = Pair(labs, outer, inner, algorithm, options=["esn=1"])
    capture = pair.capture()
    assert pair.lab.alice.ping(pair.lab.bob.address) == 3
    assert pair.lab.bob.ping(pair.lab.alice.address) == 3
    only_esp(capture.stop())
    got = pair.left.counters("in", 0x1000, pair.ends[1])
    assert (got["packets"], got["replayed"], got["bad_auth"], got["bad_selector"]) == (6, 0, 0, 0)
    assert got["bytes"] == 6 * (84 if inner == 4 else 104)


@pytest.mark.parametrize("size", [1200, 1372, 1373, 1400, 1472, 3000, 8000])
@pytest.mark.parametrize("outer", [4, 6])
def test_every_size_arrives(labs, outer, size):
    pair = Pair(labs, outer)
    # Without DF: fragmented by the kernel before the device, or by the plane.
    done = pair.lab.alice.run("ping", "-n", "-q", "-c", 3, "-i", "0.1", "-W", 2, "-M", "dont", "-s", size,
                              pair.lab.bob.address, check=False)
    assert " 3 received" in done.stdout, done.stdout


RECEIVE = """
import socket, sys
s = socket.create_server((sys.argv[1], 5201), family=socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
print("listening", flush=True)
c, n = s.accept()[0], 0
while data := c.recv(1 << 20):
    n += len(data)
print(n)
"""
SEND = """
import socket, sys
c = socket.create_connection((sys.argv[1], 5201), timeout=20)
for _ in range(20):
    c.sendall(bytes(1 << 20))
"""


def transfer(receiver, sender):
    """20 MiB over one TCP connection."""
    python = "/usr/bin/python3"
    listening = subprocess.Popen(receiver.command(python, "-c", RECEIVE, receiver.address), stdout=subprocess.PIPE,
                                 text=True)
    try:
        assert listening.stdout.readline() == "listening\n"
        sender.run(python, "-c", SEND, receiver.address)
        assert int(listening.communicate(timeout=20)[0]) == 20 << 20
    finally:
        listening.kill()
        listening.wait(10)


@pytest.mark.parametrize("outer,inner", [(4, 4), (6, 6)])
def test_tcp_over_a_path_that_narrows(labs, outer, inner):
    """Neither segment size nor MTU of the hosts fits the path: clamping and ICMP must see to it."""
    pair = Pair(labs, outer, inner)
    lab = pair.lab
    # The hosts behind think they may send 9,000 octets at once.
    for host, device in ((lab.alice, "in0"), (lab.left, "in0"), (lab.bob, "in0"), (lab.right, "in0")):
        host.run("ip", "link", "set", device, "mtu", 9000)
    transfer(lab.bob, lab.alice)
    # The wire gets narrower under a tunnel that stands.
    for host in (lab.left, lab.right):
        host.run("ip", "link", "set", "wire0", "mtu", 1340)
    transfer(lab.bob, lab.alice)
    transfer(lab.alice, lab.bob)


def test_too_big_is_told_to_the_sender(labs):
    pair = Pair(labs)
    for host in (pair.lab.left, pair.lab.right):
        host.run("ip", "link", "set", "wire0", "mtu", 1300)
    time.sleep(1.1)  # the plane asks for the path's MTU once a second
    assert pair.lab.alice.ping(pair.lab.bob.address) == 3
    done = pair.lab.alice.run("ping", "-n", "-c", 2, "-W", 1, "-M", "do", "-s", 1300, pair.lab.bob.address, check=False)
    # 1300 - 28 (IPv4, UDP) - 16 (ESP, IV) - 16 (ICV) = 1240, a multiple of four, less the trailer's 2
    assert "mtu=1238" in done.stdout or "mtu = 1238" in done.stdout, done.stdout
    assert f"From {pair.lab.left.inside} " in done.stdout, done.stdout
    # The gateway itself is told too: from its own address, to its own address.
    done = pair.lab.left.run("ping", "-n", "-c", 2, "-W", 1, "-M", "do", "-s", 1300, "-I", pair.lab.left.inside,
                             pair.lab.bob.address, check=False)
    assert "1238" in done.stdout + done.stderr, done.stdout + done.stderr


@pytest.mark.parametrize("outer,algorithm,most", [(4, "gcm128", 1430), (6, "gcm128", 1410), (4, "cbc256", 1422)])
def test_what_a_device_takes_goes_whole(labs, outer, algorithm, most):
    """Its MTU is what ESP in UDP with this cipher carries in what PPPoE leaves of a link of 1,500."""
    pair = Pair(labs, outer, 4, algorithm=algorithm)
    for host in (pair.lab.left, pair.lab.right):
        host.run("ip", "link", "set", "wire0", "mtu", 1492)
    send = ("ping", "-n", "-c", 2, "-W", 2, "-M", "do", "-I", pair.lab.left.inside, pair.lab.bob.address, "-s")
    done = pair.lab.left.run(*send, most - 28 + 4, check=False)
    assert done.returncode and f"mtu={most}" in done.stdout + done.stderr, done.stdout + done.stderr
    pair.lab.left.run(*send, most - 28)
    for host in (pair.lab.left, pair.lab.right):
        cut = host.run("nstat", "-asz", "IpFragCreates", "Ip6FragCreates").stdout
        assert not sum(int(line.split()[1]) for line in cut.splitlines() if not line.startswith("#")), cut


def test_a_router_tells_how_long_packets_may_be(labs):
    """What TCP sends by the dozen forbids routers to cut it, as what it sends singly does."""
    pair = Pair(labs, router=True)
    transfer(pair.lab.bob, pair.lab.alice)
    time.sleep(1)  # the plane asks for the path's MTU once a second
    watch = Capture(pair.router, "wire0", "-c", "500", "src 172.16.0.2")
    transfer(pair.lab.bob, pair.lab.alice)
    lines = watch.stop()
    assert len(lines) > 100 and all("flags [DF]" in l for l in lines), lines
    assert not [h for h in pair.left.heard if "long packets" in h]


def test_a_path_that_swallows_its_icmp_is_found_out(labs):
    """The router tells nobody that packets are too long: TCP's own silence does."""
    pair = Pair(labs, router=True)
    pair.router.run("iptables-legacy", "-A", "OUTPUT", "-p", "icmp", "-j", "DROP")
    transfer(pair.lab.bob, pair.lab.alice)
    told = pair.left.hears(r"report .*long packets do not get to 192\.0\.2\.2:4500")
    assert "1280 octets for 60 s" in told
    # Who has lost nothing has nothing to tell.
    assert not [h for h in pair.right.heard if "long packets" in h]


@pytest.mark.parametrize("cut", [0, 1])
def test_routers_may_cut_what_is_sent_if_so_asked(labs, cut):
    pair = Pair(labs, router=True, options=(f"no_pmtu_discovery={cut}",))
    pair.lab.right.ip("link set wire0 mtu 1340")
    watch = Capture(pair.router, "wire0", "udp or (ip[6:2] & 0x1fff != 0)")
    done = pair.lab.alice.run("ping", "-n", "-q", "-c", 1, "-W", 1, "-M", "do", "-s", 1350, pair.lab.bob.address, check=False)
    assert (done.returncode == 0) == bool(cut), done.stdout
    lines = [l for l in watch.stop() if "192.0.2.2" in l.split(" > ")[1]]
    assert [("flags [DF]" in l, "flags [+]" in l) for l in lines] == ([(False, True), (False, False)] if cut else []), lines
    # The other end's packets come to the socket that they always came to.
    assert pair.lab.bob.ping(pair.lab.alice.address) == 3


def test_ecn_crosses_both_ways(labs):
    pair = Pair(labs)
    capture = pair.capture()
    inside = Capture(pair.lab.bob, "in0", "icmp")
    assert pair.lab.alice.run("ping", "-n", "-q", "-c", 2, "-i", "0.1", "-Q", "0xba", pair.lab.bob.address).returncode == 0
    outer = [l for l in capture.stop() if "192.0.2.1.4500 >" in l]
    assert outer and all("tos 0xba" in l for l in outer), outer
    assert any("tos 0xba" in l and "echo request" in l for l in inside.stop())


def test_lengths_and_dscp_as_asked(labs):
    """Padded to one length, marked as nothing; congestion still crosses, and what is on the way counts inside."""
    pair = Pair(labs, options=("tfc=1000", "plain_dscp=1", "decap_dscp=1"))
    lab = pair.lab
    capture = pair.capture()
    inside = Capture(lab.bob, "in0", "icmp")
    for size in (10, 200, 900):
        assert lab.alice.run("ping", "-n", "-q", "-c", 1, "-s", size, "-Q", "0xba", lab.bob.address).returncode == 0
    outer = [l for l in capture.stop() if "192.0.2.1.4500 >" in l]
    assert len(outer) == 3 and all("tos 0x2," in l for l in outer), outer
    assert len({re.search(r"proto UDP \(17\), length (\d+)", l)[1] for l in outer}) == 1, outer
    requests = [l for l in inside.stop() if "echo request" in l]
    assert len(requests) == 3 and all("tos 0x2," in l for l in requests), requests
    assert pair.left.counters("out", 0x1001, pair.ends[1])["bytes"] == 3 * 28 + 10 + 200 + 900


def test_congestion_on_the_way_is_marked_inside(labs):
    pair = Pair(labs)
    # A router between would set CE: here the receiving host does, before anyone looks.
    pair.lab.right.run("nft", "add table ip jam; add chain ip jam c { type filter hook prerouting priority -400; }; "
                       "add rule ip jam c udp dport 4500 ip ecn set ce")
    inside = Capture(pair.lab.bob, "in0", "icmp")
    assert pair.lab.alice.run("ping", "-n", "-q", "-c", 2, "-i", "0.1", "-Q", "0x02", pair.lab.bob.address).returncode == 0
    assert any("tos 0x3" in l and "echo request" in l for l in inside.stop())
    # A packet that cannot say so is dropped (RFC 6040 4.2).
    before = pair.right.status()["ecn_drops"]
    assert pair.lab.alice.ping(pair.lab.bob.address, wait=1) == 0
    assert pair.right.status()["ecn_drops"] == before + 3


def test_trap_holds_and_sends(labs):
    pair = Pair(labs, tunnel=False)
    pair.policies("trap")
    pair.routes()
    ping = subprocess.Popen(pair.lab.alice.command("ping", "-n", "-q", "-c", "1", "-W", "10", pair.lab.bob.address),
                            stdout=subprocess.PIPE, text=True)
    heard = pair.left.hears(r"^acquire 1 ")
    assert heard == "acquire 1 10.1.0.10/32[icmp/2048] 10.2.0.10/32[icmp/2048]" or "10.1.0.10/32[" in heard
    # Two more packets: no second acquire.
    assert pair.lab.alice.ping(pair.lab.bob.address, wait=1, count=2) == 0
    assert len([h for h in pair.left.heard if h.startswith("acquire")]) == 1
    capture = pair.capture()
    pair.sas(0x2000)
    pair.policies("protect")
    out, _ = ping.communicate(timeout=20)
    # The newest packet waited and was answered; it was a later ping's, not the first one's.
    only_esp(capture.stop())
    assert pair.right.counters("in", 0x2001, pair.ends[0])["packets"] == 1
    assert pair.lab.alice.ping(pair.lab.bob.address) == 3


def test_shunts(labs):
    pair = Pair(labs)
    lab = pair.lab
    host = f"{lab.bob.address}/32"
    # Protected, then dropped for one host, rejected, passed: the narrower and better one wins.
    pair.left.do("policy", 2, "drop", 500, 0, lab.left.net, host)
    assert lab.alice.ping(lab.bob.address, wait=1) == 0
    pair.left.do("policy", 2, "reject", 500, 0, lab.left.net, host)
    done = lab.alice.run("ping", "-n", "-c", 2, "-W", 1, lab.bob.address, check=False)
    assert "filtered" in done.stdout.lower() or "prohibited" in done.stdout.lower(), done.stdout
    pair.left.do("policy", 2, "pass", 500, 0, lab.left.net, host)
    pair.right.do("policy", 2, "pass", 500, 0, lab.right.net, lab.left.net)
    lab.left.run("ip", "route", "add", lab.right.net, "via", lab.right.address)
    lab.right.run("ip", "route", "add", lab.left.net, "via", lab.left.address)
    capture = pair.capture()
    assert lab.alice.ping(lab.bob.address) == 3
    assert any("echo request" in l for l in capture.stop()), "it should have passed in clear"
    pair.left.do("unpolicy", 2)
    pair.right.do("unpolicy", 2)
    capture = pair.capture()
    assert lab.alice.ping(lab.bob.address) == 3
    only_esp(capture.stop())


def test_shunts_by_destination_are_routes(labs):
    pair = Pair(labs)
    left = pair.lab.left
    left.run("ip", "route", "add", "203.0.113.0/24", "via", pair.lab.right.address)
    for kind, shown in (("pass", "throw"), ("drop", "blackhole"), ("reject", "prohibit")):
        pair.left.do("policy", 5, kind, 100, 0, "0.0.0.0/0", "203.0.113.0/24")
        assert f"{shown} 203.0.113.0/24" in left.run("ip", "route", "show", "table", "16500").stdout
    pair.left.do("unpolicy", 5)
    assert "203.0.113.0/24" not in left.run("ip", "route", "show", "table", "16500").stdout


def ways_in_clear(lab):
    """Each end knows a way to the other's network that no tunnel is needed for."""
    lab.left.ip(f"route add default via {lab.right.address}")
    lab.right.ip(f"route add default via {lab.left.address}")


def leaves_in_clear(pair, wait=0.2):
    """Whether alice's packets to bob do."""
    capture = pair.capture()
    pair.lab.alice.ping(pair.lab.bob.address, count=1, wait=wait)
    return any("ICMP" in l and "echo" in l for l in capture.stop())


def is_sealed(pair):
    """Whether alice's packets to bob go in ESP alone, and clear ones from bob are refused."""
    lab = pair.lab
    if leaves_in_clear(pair, wait=1) or lab.alice.ping(lab.bob.address, count=1) != 1:
        return False
    pair.right.do("policy", 90, "pass", 1, 0, lab.right.net, lab.left.net)
    inside = Capture(lab.alice, "in0", "src", lab.bob.address)
    lab.bob.ping(lab.alice.address, count=1, wait=0.2)
    came = [l for l in inside.stop() if "ICMP" in l and "echo" in l]
    pair.right.do("unpolicy", 90)
    return not came


@pytest.mark.parametrize("family", [4, 6])
def test_a_shunt_that_ranks_below_a_tunnel_takes_nothing_of_it(labs, family):
    """However narrow its destination, and in whichever order they come and change."""
    pair = Pair(labs, outer=family, inner=family)
    lab = pair.lab
    ways_in_clear(lab)
    everyone, bob = ("0.0.0.0/0", f"{lab.bob.address}/32") if family == 4 else ("::/0", f"{lab.bob.address}/128")
    pair.left.do("policy", 5, "drop", 2000, 0, everyone, bob)
    assert lab.alice.ping(lab.bob.address, count=1) == 1
    # Where it ranks above it counts,
    pair.left.do("policy", 5, "pass", 500, 0, everyone, bob)
    assert leaves_in_clear(pair)
    # until the tunnel goes before it,
    pair.left.do("policy", 1, "protect", 400, 7, *pair.nets)
    assert not leaves_in_clear(pair)
    # or it goes behind; and so if it was there first.
    pair.left.do("policy", 5, "pass", 2000, 0, everyone, bob)
    pair.left.do("unpolicy", 1)
    pair.left.do("policy", 1, "protect", 1000, 7, *pair.nets)
    assert is_sealed(pair)


@pytest.mark.parametrize("family", [4, 6])
def test_a_far_side_that_is_inside_for_another_is_sealed(labs, family):
    """What is behind one tunnel of a hub, and a part of what lies on our side of another one."""
    pair = Pair(labs, outer=family, inner=family)
    ways_in_clear(pair.lab)
    bob, elsewhere = (f"{pair.lab.bob.address}/32", "12.0.0.0/8") if family == 4 else (
        f"{pair.lab.bob.address}/128", "2001:db8:99::/48")
    pair.left.do("policy", 2, "protect", 1000, 8, bob, elsewhere)
    assert is_sealed(pair)


def test_no_policy_means_no_passage(labs):
    pair = Pair(labs)
    # From the gateway's own outer address, by a route of its operator's into the device: within no selector.
    pair.lab.left.ip("route add 10.2.0.0/24 dev ipsec0")
    done = pair.lab.left.run("ping", "-n", "-c", 1, "-W", 1, "-I", pair.lab.left.address, pair.lab.bob.address, check=False)
    assert done.returncode != 0
    assert pair.left.status()["no_policy"] >= 1


def test_inner_addresses_are_checked(labs):
    """A peer that puts other addresses inside than agreed is not believed."""
    pair = Pair(labs, tunnel=False)
    lab = pair.lab
    # Right's outbound SA allows anything; left's inbound one allows what was agreed.
    pair.left.do("sa", "in", 0x1000, 7, "gcm128", pair.ends[0], pair.ends[1], lab.left.net, lab.right.net)
    pair.right.do("sa", "out", 0x1000, 7, "gcm128", pair.ends[1], pair.ends[0], "0.0.0.0/0", "0.0.0.0/0")
    pair.right.do("policy", 1, "protect", 1000, 7, "0.0.0.0/0", lab.left.net)
    pair.right.do("route", 1, lab.left.net)
    lab.right.run("ping", "-n", "-c", 2, "-i", "0.1", "-W", 1, "-I", lab.right.address, lab.alice.address, check=False)
    wait_until(lambda: pair.left.counters("in", 0x1000, pair.ends[1])["bad_selector"] == 2, what="two bad selectors")


def test_nobody_else_has_our_addresses(labs):
    """A peer whose tunnel is for every address sends from our own ones, and from another tunnel's."""
    pair = Pair(labs, tunnel=False, selectors=["10.1.0.0/24", "0.0.0.0/0"])
    lab = pair.lab
    pair.sas(0x1000)
    pair.policies()
    pair.right.do("route", 1, "10.1.0.0/24")
    pair.left.do("route", 1, "0.0.0.0/0")
    # Somebody else's network, whose tunnel is not this one.
    pair.left.do("policy", 2, "protect", 500, 9, "10.1.0.0/24", "10.66.0.0/24")
    lab.left.ip("address add 10.88.0.1/32 dev lo")
    sources = ("10.66.0.1", "10.88.0.1", "10.1.0.77", "10.77.0.1")
    for address in sources:
        lab.right.ip(f"address add {address}/32 dev lo")
    inside = Capture(lab.alice, "in0", "udp")
    # Out of the tunnel, whatever the kernel thinks of one of its own addresses.
    send = ("import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); "
            "s.bind((sys.argv[1], 0)); s.sendto(b'from ' + sys.argv[1].encode(), (sys.argv[2], 7777))")
    for source in sources:
        lab.right.run("/usr/bin/python3", "-c", send, source, lab.alice.address)
    seen = [line for line in inside.stop() if ".7777:" in line]
    assert len(seen) == 1 and "10.77.0.1" in seen[0], seen
    assert pair.left.counters("in", 0x1000, pair.ends[1])["bad_selector"] == 2


@pytest.mark.parametrize("inner", [4, 6])
def test_no_fragment_goes_another_way(labs, inner):
    """A tunnel for one port, and all else in clear: a long datagram to that port arrives, and only as ESP."""
    pair = Pair(labs, tunnel=False, inner=inner)
    lab = pair.lab
    pair.nets = [lab.left.net + "[udp]", lab.right.net + "[udp/5000]"]
    pair.sas(0x1000)
    pair.policies()
    pair.routes()
    for us, plane in enumerate(pair.planes):
        plane.do("policy", 2, "pass", 2000, 0, (lab.left.net, lab.right.net)[us], (lab.right.net, lab.left.net)[us])
    receive = subprocess.Popen(
        lab.bob.command("/usr/bin/python3", "-u", "-c",
                        "import socket, sys; s = socket.socket(socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET, "
                        "socket.SOCK_DGRAM); s.bind((sys.argv[1], 5000)); s.settimeout(10); print('ready'); "
                        "print(len(s.recv(65535)))", lab.bob.address), stdout=subprocess.PIPE, text=True)
    assert receive.stdout.readline() == "ready\n"
    capture = pair.capture()
    # Twice: IPv6's sender learns how long its fragments may be from the first one.
    lab.alice.run("/usr/bin/python3", "-c",
                  "import socket, sys, time; s = socket.socket(socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET, "
                  "socket.SOCK_DGRAM); s.bind((sys.argv[1], 4000)); s.sendto(b'secret' * 1000, (sys.argv[2], 5000)); "
                  "time.sleep(0.3); s.sendto(b'secret' * 1000, (sys.argv[2], 5000))",
                  lab.alice.address, lab.bob.address)
    assert receive.communicate(timeout=15)[0] == "6000\n"
    only_esp(capture.stop())


@pytest.mark.parametrize("beside", ["nothing", "a wide pass", "a trap that lets in"])
def test_clear_text_is_refused(labs, beside):
    """Also where more than the tunnel's networks passes, or may come in, in clear."""
    pair = Pair(labs)
    lab = pair.lab
    if beside != "nothing":
        kind = "pass" if beside == "a wide pass" else "trap-clear-in"
        pair.left.do("policy", 9, kind, 2000, 0, "10.0.0.0/8", "10.0.0.0/8")
        pair.left.do("route", 9, "10.9.0.0/16")
    # Somebody on the wire claims to be bob: the right host, which would not, protects nothing.
    pair.right.do("unroute", 1)
    pair.right.do("unpolicy", 1)
    lab.right.run("ip", "route", "add", lab.left.net, "via", lab.left.address, "table", "99")
    lab.right.run("ip", "rule", "add", "from", lab.right.net, "priority", "5", "lookup", "99")
    inside = Capture(lab.alice, "in0", "icmp")
    lab.bob.ping(lab.alice.address, wait=1)
    assert not inside.stop()
    assert pair.left.status()["clear_in"] == 3
    # Also when the rules have been said anew.
    pair.left.do("policy", 10, "pass", 2000, 0, "10.1.0.0/24", "10.97.0.0/24")
    assert pair.left.status()["clear_in"] == 3


# What people and their tools do without a thought of us, and what we say of it.
TAKEN = {
    "the nft ruleset": (["nft flush ruleset"], "nf_tables rules"),
    "a rule": (["ip rule del pref 16500"], "routes and rules"),
    "the rules of IPv6": (["ip -6 rule del pref 16500", "ip -6 rule del pref 14452"], "routes and rules"),
    "the rules for packets without a source": (["ip rule del pref 16244", "ip -6 rule del pref 16244",
                                                "ip -6 rule del pref 15988", "ip -6 rule del pref 15988"], "routes and rules"),
    "the routes": (["ip route flush table 16500", "ip -6 route flush table 16500"], "routes and rules"),
    "the routes of packets without a source": (["ip route flush table 16756", "ip -6 route flush table 16756"],
                                               "routes and rules"),
    "the link's state": (["ip link set ipsec0 down", "ip link set ipsec0 up"], "routes and rules"),
    "the device": (["ip link del ipsec0"], "removed our device"),
}


def test_what_others_take_is_put_back(labs):
    pair = Pair(labs)
    lab = pair.lab
    lab.left.run("ip", "route", "add", "default", "via", lab.right.address)
    before = standing(lab.left)
    for what, (commands, said) in TAKEN.items():
        pair.left.heard.clear()
        for command in commands:
            lab.left.run(*command.split())
        pair.left.hears(said)
        wait_until(lambda: standing(lab.left) == before, what=f"{what} to be back")
        assert lab.alice.ping(lab.bob.address, count=1) == 1, what
    # Somebody on the wire claims to be bob.
    lab.right.run("ip", "route", "add", lab.left.net, "via", lab.left.address, "table", "99")
    lab.right.run("ip", "rule", "add", "from", lab.right.net, "priority", "5", "lookup", "99")
    assert lab.bob.ping(lab.alice.address, count=1, wait=1) == 0
    pair.left.close()
    gone(lab.left)


def test_a_rule_that_cant_be_overtaken_is_told(labs):
    lab = labs()
    lab.left.run("ip", "rule", "add", "from", lab.left.net, "priority", "3", "lookup", "main")
    plane = Plane(lab, lab.left)
    plane.hears("can't be put right")
    assert plane.status()["up"] == 1, "the device is well"


def test_rules_of_others_stay_behind_ours(labs):
    """The kernel puts one without a priority before ours."""
    pair = Pair(labs)
    lab = pair.lab
    lab.left.run("ip", "route", "add", "default", "via", lab.right.address, "table", "100")
    for uplink in ("from 10.1.0.0/24", "to 10.2.0.0/16"):
        pair.left.heard.clear()
        lab.left.run("ip", "rule", "add", *uplink.split(), "lookup", "100")
        pair.left.hears("before ours")
        capture = pair.capture()
        assert lab.alice.ping(lab.bob.address, count=1) == 1
        only_esp(capture.stop())
    pair.left.kill()
    capture = pair.capture()
    assert lab.alice.ping(lab.bob.address, count=1, wait=0.5) == 0
    assert not [l for l in capture.stop() if "ICMP echo" in l]
    again = Plane(lab, lab.left)
    rules = lab.left.run("ip", "rule").stdout.splitlines()
    assert [("proto 67" in r) for r in rules] == [False] + 5 * [True] + 4 * [False], rules
    again.kill()
    assert int(lab.left.run(PROGRAM, 0, "cleanup").stdout.split()[1]) > 3
    gone(lab.left)


def standing(host):
    """All that steers and refuses, as the kernel has it."""
    found = [host.run(*words.split()).stdout for words in (
        "ip rule", "ip -6 rule", "ip route show table 16500", "ip -6 route show table 16500",
        "ip route show table 16756", "ip -6 route show table 16756",
        "nft -s list table inet cygnet0")]
    return [re.sub(r"(packets|bytes) \d+", "", text) for text in found]


def test_a_device_that_is_down_is_told(labs):
    pair = Pair(labs)
    pair.lab.left.run("ip", "link", "set", "ipsec0", "down")
    pair.left.hears("set down")
    assert pair.left.status()["up"] == 0
    assert pair.lab.alice.ping(pair.lab.bob.address, wait=1) == 0
    pair.lab.left.run("ip", "link", "set", "ipsec0", "up")
    pair.left.hears("they are back")
    assert pair.left.status()["up"] == 1
    assert pair.lab.alice.ping(pair.lab.bob.address) == 3


def test_handed_over_it_goes_on_blocking(labs):
    """What is asked to be removed meanwhile stays, too, as far as it guards."""
    pair = Pair(labs)
    lab = pair.lab
    lab.left.run("ip", "route", "add", "default", "via", lab.right.address)
    lab.right.run("ip", "route", "add", "default", "via", lab.left.address)
    assert pair.left.ask("handover") == "done"
    pair.left.do("unroute", 1)
    pair.left.do("unpolicy", 1)
    assert lab.alice.ping(lab.bob.address) == 3, "until it ends, what is up is up"
    pair.left.close()
    assert "ipsec0" not in lab.left.run("ip", "link").stdout
    capture = pair.capture()
    assert lab.alice.ping(lab.bob.address, wait=1) == 0
    assert not [l for l in capture.stop() if "ICMP echo" in l or "10.1.0." in l]
    again = Plane(lab, lab.left)
    assert lab.alice.ping(lab.bob.address, wait=1) == 0
    assert again.ask("settled") == "done"
    again.close()
    gone(lab.left)


def test_killed_it_fails_closed(labs):
    pair = Pair(labs)
    lab = pair.lab
    # A way in clear is there, as on any host with a default route.
    lab.left.run("ip", "route", "add", "default", "via", lab.right.address)
    lab.right.run("ip", "route", "add", "default", "via", lab.left.address)
    assert lab.alice.ping(lab.bob.address) == 3
    pair.left.kill()
    wait_until(lambda: "ipsec0" not in lab.left.run("ip", "link").stdout, what="the device to go")
    capture = pair.capture()
    assert lab.alice.ping(lab.bob.address, wait=1) == 0
    assert not [l for l in capture.stop() if "ICMP echo" in l or "10.1.0." in l]
    # Nor is clear text let in meanwhile.
    inside = Capture(lab.alice, "in0", "icmp", "and", "src", lab.bob.address)
    pair.right.do("unroute", 1)
    pair.right.do("unpolicy", 1)
    assert lab.bob.ping(lab.alice.address, wait=1) == 0
    assert not inside.stop()
    # The next start goes on guarding until it is told that all is loaded.
    again = Plane(lab, lab.left)
    assert lab.alice.ping(lab.bob.address, wait=1) == 0
    assert again.ask("settled") == "done"
    assert lab.left.run("ip", "route", "show", "table", "16500").stdout.count(lab.left.net) == 0
    assert lab.alice.ping(lab.bob.address) == 3
    again.close()
    gone(lab.left)


def test_a_tunnel_is_up_before_all_is_settled(labs):
    """What an earlier run forbids is forbidden no more, whichever of the two numbers it had."""
    pair = Pair(labs)
    lab = pair.lab
    for base in (0x2000, 0x3000):
        pair.left.kill()
        wait_until(lambda: "ipsec0" not in lab.left.run("ip", "link").stdout, what="the device to go")
        pair.planes[0] = Plane(lab, lab.left)
        pair.left.port(lab.left.address)
        pair.sas(base)
        pair.policies()
        pair.routes()
        assert lab.alice.ping(lab.bob.address) == 3
        assert pair.left.ask("settled") == "done"
        assert lab.alice.ping(lab.bob.address) == 3


def test_killed_it_goes_on_dropping(labs):
    """What is dropped for some senders alone, this host's own packets among them, until the next has settled."""
    lab = labs()
    stopped = "12.0.0.0/8"
    lab.right.run("ip", "address", "add", "12.0.0.1/32", "dev", "lo")
    lab.left.run("ip", "route", "add", stopped, "via", lab.right.address)
    assert lab.left.ping("12.0.0.1", count=1) == 1
    first = Plane(lab, lab.left)
    first.do("policy", 1, "drop", 1000, 0, f"{lab.left.address}/32", stopped)
    assert lab.left.ping("12.0.0.1", count=1, wait=0.3) == 0
    first.kill()
    wait_until(lambda: "ipsec0" not in lab.left.run("ip", "link").stdout, what="the device to go")
    assert lab.left.ping("12.0.0.1", count=1, wait=0.3) == 0
    second = Plane(lab, lab.left)
    assert lab.left.ping("12.0.0.1", count=1, wait=0.3) == 0
    # It has more of them than the first had, and so other numbers for it.
    second.do("policy", 7, "drop", 1000, 0, "10.9.0.0/24", stopped)
    second.do("policy", 8, "drop", 1000, 0, f"{lab.left.address}/32", stopped)
    assert lab.left.ping("12.0.0.1", count=1, wait=0.3) == 0
    assert second.ask("settled") == "done"
    assert lab.left.ping("12.0.0.1", count=1, wait=0.3) == 0
    second.do("unpolicy", 8)
    wait_until(lambda: lab.left.ping("12.0.0.1", count=1, wait=1), what="nothing to stop it")
    second.close()
    gone(lab.left)


def gone(host):
    """Nothing of ours is left."""
    for words in (["ip", "route", "show", "table", "16500"], ["ip", "-6", "route", "show", "table", "16500"],
                  ["ip", "route", "show", "table", "16756"], ["ip", "-6", "route", "show", "table", "16756"],
                  ["nft", "list", "ruleset"]):
        done = host.run(*words, check=False)
        assert not done.stdout.strip(), done.stdout
    for family in ("-4", "-6"):
        rules = host.run("ip", family, "rule").stdout
        assert not re.search(r"proto 67|lookup 16500", rules), rules
    assert "ipsec" not in host.run("ip", "link").stdout


def test_a_start_that_fails_leaves_the_guards(labs):
    """Without descriptors enough, at any step of it."""
    pair = Pair(labs)
    lab = pair.lab
    pair.left.kill()
    wait_until(lambda: "ipsec0" not in lab.left.run("ip", "link").stdout, what="the device to go")
    failed = 0
    for descriptors in range(8, 40, 2):
        done = lab.left.run("prlimit", f"--nofile={descriptors}", PROGRAM, 0, check=False)
        failed += done.returncode != 0
        if done.returncode == 0:
            break
        assert "prohibit 10.2.0.0/24" in lab.left.run("ip", "route", "show", "table", "all").stdout, done.stdout
        assert "cygnet0" in lab.left.run("nft", "list", "tables").stdout, done.stdout
        assert "File exists" not in done.stdout + done.stderr
    assert failed > 5


def test_cleanup_after_a_kill(labs):
    pair = Pair(labs)
    pair.left.kill()
    done = pair.lab.left.run(PROGRAM, 0, "cleanup")
    assert int(done.stdout.split()[1]) > 3
    assert pair.lab.left.run(PROGRAM, 0, "cleanup").stdout == "cleaned 0\n"
    gone(pair.lab.left)


def test_a_clean_end_leaves_nothing(labs):
    pair = Pair(labs)
    assert pair.lab.alice.ping(pair.lab.bob.address) == 3
    pair.left.close()
    gone(pair.lab.left)


def test_everything_may_be_protected(labs):
    """0.0.0.0/0 behind the tunnel: our own packets do not loop, and our own side stays reachable."""
    pair = Pair(labs, tunnel=False, selectors=["10.1.0.0/24", "0.0.0.0/0"])
    pair.sas(0x1000)
    pair.policies()
    pair.left.do("route", 1, "0.0.0.0/0")
    pair.right.do("route", 1, "10.1.0.0/24")
    capture = pair.capture()
    assert pair.lab.alice.ping(pair.lab.bob.address) == 3
    assert pair.lab.left.ping(pair.lab.alice.address) == 3
    only_esp(capture.stop())


@pytest.mark.parametrize("outer", [4, 6])
def test_what_belongs_to_a_link_stays_there(labs, outer):
    """Neighbours are found and groups are heard from an address that a tunnel is for."""
    lab = labs(outer=outer)
    plane = Plane(lab, lab.left)
    there = "192.0.2.0/24" if outer == 4 else "2001:db8:0:1::/64"
    plane.do("policy", 1, "trap", 1000, 7, lab.left.address, there)
    plane.do("policy", 2, "pass", 10, 0, lab.left.address, lab.right.address)
    assert lab.right.ping(lab.left.address) == 3
    capture = Capture(lab.left, "in0", "udp", "port", "5353")
    group, kind, option = ("224.0.0.251", "AF_INET", "socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton('10.1.0.1')")         if outer == 4 else ("ff02::fb", "AF_INET6", "socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, socket.if_nametoindex('in0')")
    lab.left.run("/usr/bin/python3", "-c", f"import socket; s = socket.socket(socket.{kind}, socket.SOCK_DGRAM); "
                 f"s.bind(('{lab.left.address}', 0)); s.setsockopt({option}); s.sendto(b'x', ('{group}', 5353))")
    assert len([l for l in capture.stop() if group in l]) == 1


@pytest.mark.parametrize("strict", [0, 1])
def test_host_to_host(labs, strict):
    """The selectors are the outer addresses themselves, under strict reverse path checks too."""
    lab = labs()
    both = (lab.left, lab.right)
    for host in both:
        host.run("sysctl", "-q", "-w", f"net.ipv4.conf.all.rp_filter={strict}")
    planes = [Plane(lab, host) for host in both]
    ends = [p.port(p.host.address) for p in planes]
    if strict:
        # Then the kernel answers no ARP of a protected neighbour, of which the plane warns.
        for us, plane in enumerate(planes):
            assert "rp_filter" in plane.hears("^report plane-rp-filter")
            peer = both[1 - us]
            card = peer.run("cat", "/sys/class/net/wire0/address").stdout.strip()
            plane.host.run("ip", "neigh", "replace", peer.address, "lladdr", card, "dev", "wire0")
    for us, plane in enumerate(planes):
        ours, theirs = (f"{p.host.address}/32" for p in (plane, planes[1 - us]))
        plane.do("sa", "in", 0x1000 + us, 7, "gcm128", ends[us], ends[1 - us], ours, theirs)
        plane.do("sa", "out", 0x1001 - us, 7, "gcm128", ends[us], ends[1 - us], ours, theirs)
        plane.do("policy", 1, "protect", 1000, 7, ours, theirs)
        plane.do("route", 1, theirs, plane.host.address)
    capture = Capture(lab.left, "wire0")
    assert lab.left.ping(lab.right.address) == 3
    assert lab.right.ping(lab.left.address) == 3
    only_esp(capture.stop())
    # IKE still arrives, though the peer's clear text does not.
    assert planes[0].ask("send", ends[0], ends[1], "00000000" + "ab" * 40) == "done"
    planes[1].hears("^datagram .* " + "ab" * 40 + "$")
    # Also where it is so long that it comes in fragments, which have no ports, and so no way round strict checks.
    if not strict:
        assert planes[0].ask("send", ends[0], ends[1], "00000000" + "cd" * 1800) == "done"
        assert planes[1].hears("^datagram .* (cd){1800}$")


# A socket that names the device it sends by, in each way that there is.
NAMES_A_DEVICE = """
import socket, struct, sys
host, device, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
v6 = ":" in host
family, level, unicast = (socket.AF_INET6, 41, 76) if v6 else (socket.AF_INET, 0, 50)
index = socket.if_nametoindex(device)
to = (host, port, 0, 0) if v6 else (host, port)
def send(by):
    s = socket.socket(family, socket.SOCK_DGRAM)
    try:
        by(s)
    except OSError:
        pass
def bound(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
    s.sendto(b"secret", to)
def unicast_if(s):
    s.setsockopt(level, unicast, struct.pack("!I", index))
    s.sendto(b"secret", to)
def said_with_it(s):
    said = struct.pack("16sI", b"", index) if v6 else struct.pack("I4s4s", index, b"", b"")
    s.sendmsg([b"secret"], [(level, 50 if v6 else 8, said)], 0, to)
for by in (bound, unicast_if, said_with_it):
    send(by)
"""


class Neighbours:
    """Two hosts on a link that protect what goes between their own addresses."""

    def __init__(self, labs, outer, ports=("", "")):
        self.lab = labs(outer=outer)
        self.hosts = (self.lab.left, self.lab.right)
        self.planes = [Plane(self.lab, host) for host in self.hosts]
        ends = [p.port(p.host.address) for p in self.planes]
        self.nets = [f"{h.address}/{32 if outer == 4 else 128}" for h in self.hosts]
        for us, plane in enumerate(self.planes):
            ours, theirs = (self.nets[i] + ports[i] for i in (us, 1 - us))
            plane.do("sa", "in", 0x1000 + us, 7, "gcm128", ends[us], ends[1 - us], ours, theirs)
            plane.do("sa", "out", 0x1001 - us, 7, "gcm128", ends[us], ends[1 - us], ours, theirs)
            plane.do("policy", 1, "protect", 1000, 7, ours, theirs)
            if not any(ports):
                plane.do("route", 1, self.nets[1 - us], plane.host.address)
        # Nobody is asked for the neighbour's card: that is no news to a tunnel.
        for us, host in enumerate(self.hosts):
            card = self.hosts[1 - us].run("cat", "/sys/class/net/wire0/address").stdout.strip()
            host.run("ip", "neigh", "replace", self.hosts[1 - us].address, "lladdr", card, "dev", "wire0")

    def send_by_device(self, port=9):
        """What of it crosses the wire from the left host, in clear."""
        capture = Capture(self.lab.left, "wire0", "src", self.lab.left.address)
        self.lab.left.run("ping", "-n", "-c", "2", "-i", "0.2", "-W", "1", "-I", "wire0",
                          self.lab.right.address, check=False)
        self.lab.left.run("/usr/bin/python3", "-c", NAMES_A_DEVICE, self.lab.right.address, "wire0", port)
        return [l for l in capture.stop() if "echo request" in l or f".{port}: " in l and "UDP" in l]


@pytest.mark.parametrize("outer", [4, 6])
def test_a_socket_that_names_a_device_sends_nothing_in_clear(labs, outer):
    pair = Neighbours(labs, outer)
    lab, left = pair.lab, pair.planes[0]
    assert lab.left.ping(lab.right.address) == 3
    assert not pair.send_by_device()
    # Two pings and what was bound; the kernel looks up the others' way once more, into the tunnel.
    assert left.status()["clear_out"] == 3
    # The tunnel goes on, and so does what may pass.
    assert lab.left.ping(lab.right.address) == 3
    left.do("policy", 2, "pass", 500, 0, pair.nets[0] + "[udp]", pair.nets[1] + "[udp/9]")
    passed = pair.send_by_device()
    assert passed and all(".9: " in l for l in passed)
    assert not pair.send_by_device(10)
    # What protects again before that is heard first.
    left.do("policy", 3, "protect", 400, 7, pair.nets[0], pair.nets[1])
    assert not pair.send_by_device()
    for policy in (2, 3, 1):
        left.do("unpolicy", policy)
    left.do("unroute", 1)
    assert len(pair.send_by_device()) == 5
    left.close()
    gone(lab.left)


@pytest.mark.parametrize("outer", [4, 6])
def test_a_tunnel_for_one_port_stops_no_other_that_names_a_device(labs, outer):
    pair = Neighbours(labs, outer, ("[udp]", "[udp/9]"))
    assert len(pair.send_by_device(10)) == 3
    assert not [l for l in pair.send_by_device(9) if ".9: " in l]


def test_killed_it_stops_sockets_that_name_a_device(labs):
    """Until the next start has settled, which holds the same; and what another hand takes comes back."""
    pair = Neighbours(labs, 4)
    lab = pair.lab
    pair.planes[0].kill()
    wait_until(lambda: "ipsec0" not in lab.left.run("ip", "link").stdout, what="the device to go")
    assert not pair.send_by_device()
    again = Plane(lab, lab.left)
    again.do("policy", 1, "protect", 1000, 7, *pair.nets)
    again.do("route", 1, pair.nets[1], lab.left.address)
    assert not pair.send_by_device()
    assert again.ask("settled") == "done"
    assert not pair.send_by_device()
    lab.left.run("nft", "delete", "table", "inet", "cygnet0_out2")
    again.hears("^report plane-taken .*nf_tables rules")
    assert not pair.send_by_device()
    again.do("unpolicy", 1)
    again.do("unroute", 1)
    assert len(pair.send_by_device()) == 5
    again.close()
    gone(lab.left)


def test_datagrams_for_ike(labs):
    pair = Pair(labs, tunnel=False)
    left, right = pair.planes
    assert left.ask("send", pair.ends[0], pair.ends[1], "00000000" + "c0ffee" * 10) == "done"
    assert right.hears("^datagram") == f"datagram 192.0.2.2:4500 192.0.2.1:4500 {'c0ffee' * 10}"
    for junk in ("ff", "00", "000000", "00000001", "000000ff00000001" + "00" * 40, "00001001", "0000100100000001"):
        assert left.ask("send", pair.ends[0], pair.ends[1], junk) == "done"
    got = wait_until(lambda: (s := right.status())["short"] + s["unknown_spi"] == 6 and s, what="six bad packets")
    assert got["keepalives"] == 1 and sum(line.startswith("datagram") for line in right.heard) == 1


SEND_JOINED = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_UDP, 103, 60)  # UDP_SEGMENT: the kernel may deliver it in one piece
s.sendto(bytes.fromhex(sys.argv[2]), (sys.argv[1], 4500))
"""


def test_datagrams_that_come_joined(labs):
    """Two ESP packets and, shorter, one of IKE, which one receive may give together."""
    pair = Pair(labs, tunnel=False)
    right = pair.planes[1]
    before = right.status()["unknown_spi"]
    pair.lab.left.run("python3", "-c", SEND_JOINED, pair.lab.right.address,
                      ("00001001" + "00" * 56) * 2 + "00000000" + "c0ffee" * 9)
    assert right.hears("^datagram").endswith(" " + "c0ffee" * 9)
    wait_until(lambda: right.status()["unknown_spi"] == before + 2, what="two unknown SPIs")


def test_a_port_that_goes_and_comes(labs):
    pair = Pair(labs)
    assert pair.left.ask("unport", pair.ends[0]) == "done"
    assert pair.lab.alice.ping(pair.lab.bob.address, wait=1) == 0
    assert pair.left.port(pair.lab.left.address) == pair.ends[0]
    assert pair.lab.alice.ping(pair.lab.bob.address) == 3
    assert pair.left.ask("port", f"{pair.lab.left.address}:500", "ike") == "port daemon"


def test_lifetimes(labs):
    pair = Pair(labs, options=["soft_packets=4", "hard_packets=6"])
    assert pair.lab.alice.ping(pair.lab.bob.address, count=4) == 4
    pair.left.hears("^expire out 0x1001 soft")
    pair.right.hears("^expire in 0x1001 soft")
    assert pair.lab.alice.ping(pair.lab.bob.address, count=4, wait=1) == 2
    pair.left.hears("^expire out 0x1001 hard")
    pair.right.hears("^expire in 0x1001 hard")
    assert len([h for h in pair.left.heard if "out 0x1001" in h]) == 2
    # Successors take over: the newest outbound SA is used, both inbound ones are good.
    pair.options = []
    pair.sas(0x3000)
    assert pair.lab.alice.ping(pair.lab.bob.address) == 3
    assert pair.right.counters("in", 0x3001, pair.ends[0])["packets"] == 3


def test_lifetime_in_bytes(labs):
    pair = Pair(labs, options=["soft_bytes=150", "hard_bytes=250"])
    assert pair.lab.alice.ping(pair.lab.bob.address, count=4, wait=1) == 3
    pair.left.hears("^expire out 0x1001 soft")
    pair.left.hears("^expire out 0x1001 hard")


@pytest.mark.parametrize("esn", [0, 1])
def test_sequence_numbers_at_32_bits(labs, esn):
    """Both ends come from a saved state just below 2^32: with ESN on they go, without they end."""
    pair = Pair(labs, tunnel=False, options=[f"esn={esn}"])
    for us in (0, 1):
        for way, spi in (("in", 0x1000 + us), ("out", 0x1001 - us)):
            pair.sa(us, way, spi, f"first={2**32 - 4}")
    pair.policies()
    pair.routes()
    expected = 6 if esn else 3
    assert pair.lab.alice.ping(pair.lab.bob.address, count=6, wait=1) == expected
    assert pair.right.counters("in", 0x1001, pair.ends[0])["packets"] == expected
    if not esn:
        pair.left.hears("^expire out 0x1001 hard")


def test_replayed_packets_are_refused(labs):
    pair = Pair(labs)
    catch = subprocess.Popen(pair.lab.left.command("tcpdump", "-n", "-U", "-i", "wire0", "-c", "3", "-w",
                                                   pair.lab.folder / "p", "src", "192.0.2.1", "and", "udp", "port", "4500"),
                             stderr=subprocess.PIPE, text=True)
    catch.stderr.readline()
    assert pair.lab.alice.ping(pair.lab.bob.address) == 3
    catch.wait(10)
    before = pair.right.counters("in", 0x1001, pair.ends[0])
    # What was captured has no UDP checksum yet: the link leaves that to the card it does not have.
    replay = ("from scapy.all import IP, UDP, rdpcap, sendp\n"
              f"for p in rdpcap('{pair.lab.folder}/p'):\n"
              "    del p[UDP].chksum\n"
              "    sendp(p, iface='wire0', verbose=0)\n")
    pair.lab.left.run("/usr/bin/python3", "-c", replay)
    after = wait_until(lambda: (c := pair.right.counters("in", 0x1001, pair.ends[0]))["replayed"] >= 3 and c,
                       what="replays to be counted")
    assert after["packets"] == before["packets"]


def test_a_peer_that_moves(labs):
    pair = Pair(labs)
    lab = pair.lab
    lab.right.run("ip", "addr", "add", "192.0.2.77/24", "dev", "wire0")
    moved = pair.right.port("192.0.2.77")
    pair.right.do("move", "out", 0x1000, moved, pair.ends[0])
    lab.bob.ping(lab.alice.address)
    assert pair.left.hears("^moved") == "moved 0x1000 192.0.2.77:4500"
    assert len([h for h in pair.left.heard if h.startswith("moved")]) == 1
    # The host decides: it sends there from now on.
    pair.left.do("move", "out", 0x1001, pair.ends[0], moved)
    pair.left.do("move", "in", 0x1000, pair.ends[0], moved)
    assert lab.alice.ping(lab.bob.address) == 3


def test_bad_requests_are_refused(labs):
    pair = Pair(labs)
    left, (us, them) = pair.left, pair.ends
    nets = pair.nets
    assert left.ask("sa", "in", 0x1000, 9, "gcm128", us, them, *nets).startswith("answer EXISTS taken")
    assert left.ask("sa", "in", 255, 9, "gcm128", us, them, *nets).startswith("answer RANGE")
    assert left.ask("unsa", "in", 0x4242, them).startswith("answer NOTFOUND")
    assert left.ask("unpolicy", 4242).startswith("answer NOTFOUND")
    assert left.ask("move", "out", 0x4242, us, them).startswith("answer NOTFOUND")
    assert left.ask("unroute", 4242).startswith("answer NOTFOUND")
    assert pair.lab.alice.ping(pair.lab.bob.address) == 3


def test_a_route_that_is_refused_leaves_its_guard(labs):
    """What is to be protected does not leave in clear because the kernel refused the route."""
    pair = Pair(labs, tunnel=False)
    left, table, source = pair.left, "ip route show table 16756".split(), pair.lab.left.inside
    for refused in range(2):
        said = left.ask("route", 9, "10.9.0.0/16", "203.0.113.9")
        assert said.startswith("answer ") and not said.startswith("answer OK"), said
        shown = left.host.run(*table).stdout
        assert "prohibit 10.9.0.0/16" in shown and "ipsec0" not in shown, (refused, shown)
    left.do("route", 9, "10.9.0.0/16", source)
    assert "10.9.0.0/16 dev ipsec0" in left.host.run(*table).stdout
    # What stands goes on standing.
    assert not left.ask("route", 9, "10.9.0.0/16", "203.0.113.9").startswith("answer OK")
    assert "10.9.0.0/16 dev ipsec0" in left.host.run(*table).stdout
    left.do("unroute", 9)
    assert "10.9" not in left.host.run(*table).stdout


def test_a_second_daemon_of_one_instance_is_refused(labs):
    lab = labs()
    first = Plane(lab, lab.left)
    first.port(lab.left.address)
    done = lab.left.run(PROGRAM, 0, check=False)
    assert done.returncode == 1 and done.stdout.startswith("failed EXISTS"), done.stdout
    other = Plane(lab, lab.left, instance=1)
    other.do("route", 1, "10.77.0.0/16")
    assert first.status()["device"] == "ipsec0" and other.status()["device"] == "ipsec1"
    other.close()
    assert "lookup 16500" in lab.left.run("ip", "rule").stdout
    assert "16501" not in lab.left.run("ip", "rule").stdout
    assert "cygnet0" in lab.left.run("nft", "list", "tables").stdout


def sleeps(process):
    """How often each packet thread has gone to sleep."""
    found = {}
    for task in Path(f"/proc/{process.pid}/task").iterdir():
        text = (task / "status").read_text()
        if re.search(r"Name:\tcygnet-", text):
            found[task.name] = int(re.search(r"voluntary_ctxt_switches:\t(\d+)", text)[1])
    return found


def test_an_idle_plane_stands_still(labs):
    """Also after a flood, in which its threads rest without being woken."""
    pair = Pair(labs)
    lab = pair.lab
    lab.alice.run("ping", "-n", "-q", "-f", "-c", 3000, lab.bob.address)
    time.sleep(0.3)
    before = sleeps(pair.left.process)
    assert len(before) >= 2
    time.sleep(0.7)
    after = sleeps(pair.left.process)
    assert sum(after.values()) - sum(before.values()) < 3, (before, after)
    # Nor does the kernel send into the device: an engineer who sees a drop has something to look for.
    assert [p.status()["no_policy"] for p in pair.planes] == [0, 0]


def test_ten_thousand_tunnels(labs):
    pair = Pair(labs)
    said = pair.left.ask("many", 10000)
    took = dict(w.split("=") for w in said.split()[1:])
    assert float(took["policies"]) < 5 and float(took["routes"]) < 10, said
    assert pair.left.status()["policies"] == 10001
    assert pair.lab.alice.ping(pair.lab.bob.address) == 3
    pair.left.close()
    gone(pair.lab.left)
