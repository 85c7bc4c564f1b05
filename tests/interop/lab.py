# SPDX-License-Identifier: Apache-2.0
"""Hosts in network namespaces, and the keying daemons that run on them.

A Lab is one small network:

    behind left 10.1.0.0/24 -- left == (wire) == right -- behind right 10.2.0.0/24

The networks behind are addresses on a veth whose far end is a host of its own. Everything a
Lab makes carries its process number in its name and is removed by close().
"""

import contextlib
import itertools
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import netns
import peers
from vici import Vici

sys.path.append(str(Path(__file__).resolve().parent.parent / "cli"))
from daemon import Client  # noqa: E402

BUILD = peers.BUILD
IPSEC = BUILD / "ipsec"
# A booted kernel has ESP of its own, and that is what is tested there.
BOOTED = bool(os.environ.get("CYGNET_BOOTED"))
SETUP = "" if BOOTED else "\tplane=esp\n"
# Processes are what is dear in a booted kernel: what can be, is asked for by netns.py there.
ENTER = [BUILD / "tests/booted/enter"] if BOOTED else ["ip", "netns", "exec"]
SECRET = "a shared secret of the laboratory, long enough"

_numbers = itertools.count(1)


def why_not():
    """Why these tests can't run here, or None."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not os.path.exists("/dev/net/tun"):
        return "there is no /dev/net/tun"
    if not shutil.which("ip"):
        return "iproute2 is not installed"
    name = f"cyg{os.getpid()}probe"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode:
        return "network namespaces can't be made: " + made.stderr.strip()
    subprocess.run(["ip", "netns", "del", name], check=False)
    return None


def forward(host):
    """Make it a router."""
    netns.sysctl(host.netns, "ipv4/ip_forward", "ipv6/conf/all/forwarding")


def wait_until(check, seconds=15, what="it"):
    """Poll `check` until it is true, ever less often; its last value is returned."""
    end = time.monotonic() + seconds
    pause = 0.05
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(pause)
        pause = min(pause * 1.2, 0.3)


def ip(*lines, host=None):
    """Commands of ip, by one process."""
    words = ["-n", host.netns] if host else []
    subprocess.run(["ip", *words, "-batch", "-"], input="\n".join(lines) + "\n", text=True, check=True)


class Host:
    """Made with others by hosts(): its network is one of its own."""

    def __init__(self, lab, name):
        self.lab = lab
        self.name = name
        self.netns = f"cyg{os.getpid()}x{next(_numbers)}{name}"

    def command(self, *words):
        return [*map(str, (*ENTER, self.netns, *words))]

    def ip(self, *lines):
        ip(*lines, host=self)

    def run(self, *words, check=True, timeout=60, **more):
        done = subprocess.run(self.command(*words), capture_output=True, text=True, check=False,
                              timeout=timeout, stdin=subprocess.DEVNULL, **more)
        if check and done.returncode:
            raise AssertionError(f"{self.name}: {' '.join(map(str, words))}: exit {done.returncode}\n"
                                 f"{done.stdout}{done.stderr}")
        return done

    def ping(self, address, source=None, count=3, size=56, wait=2, pause=0.1):
        """How many of `count` pings were answered."""
        if BOOTED:
            return netns.ping(self.netns, address, source, count, size, wait, pause)
        words = ["ping", "-n", "-q", "-c", count, "-i", pause, "-W", wait, "-s", size]
        if source:
            words += ["-I", source]
        done = self.run(*words, address, check=False)
        for line in done.stdout.splitlines():
            if " received" in line:
                return int(line.split(",")[1].split()[0])
        return 0

    def pids(self):
        """What runs there now."""
        return netns.pids(self.netns)

    def kill(self):
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)


# Two networks behind, each: the gateway's address there, the host's, the network.
NETS = {
    4: [("10.1.0.1", "10.1.0.10", "10.1.0.0/24"), ("10.2.0.1", "10.2.0.10", "10.2.0.0/24")],
    6: [("2001:db8:1::1", "2001:db8:1::10", "2001:db8:1::/64"),
        ("2001:db8:2::1", "2001:db8:2::10", "2001:db8:2::/64")],
}
WIRE = {4: ("192.0.2.1", "192.0.2.2"), 6: ("2001:db8:0:1::1", "2001:db8:0:1::2")}
HIDDEN = {4: ("172.16.0.2", "172.16.0.1"), 6: ("fd00:16::2", "fd00:16::1")}
BITS = {4: 24, 6: 64}


class Lab:
    """Two gateways on one wire, each with a host behind it; IPv4 or IPv6 on the wire and inside.

    With nat="left" or "right" that gateway has an address of its own behind a host that
    translates it: `address` is what it knows of itself, `seen` what the other end sees.
    """

    def __init__(self, outer=4, inner=4, nat=None):
        self.folder = Path(tempfile.mkdtemp(prefix="cygnet-lab-"))
        self.hosts = []
        self.daemons = []
        self.left, self.right, self.alice, self.bob, *between = self.make("left", "right", "alice", "bob", *(["nat"] if nat else []))
        ends = [self.left, self.right]
        for end, address in zip(ends, WIRE[outer]):
            end.address = end.seen = address
            end.device = "wire0"
        if nat:
            hidden, other = ends if nat == "left" else reversed(ends)
            wires, routes = self.translate(outer, between[0], hidden, other)
        else:
            wires = [(self.left, self.left.address, self.right, self.right.address, BITS[outer], "wire0")]
            routes = {}
        for gateway, behind, (inside, address, net) in zip(ends, (self.alice, self.bob), NETS[inner]):
            gateway.inside, gateway.net, gateway.behind = inside, net, address
            behind.address = address
            wires.append((gateway, inside, behind, address, BITS[inner], "in0"))
            routes[behind] = inside
            forward(gateway)
        self.connect(wires, routes)
        if nat:
            iptables = "iptables-legacy" if outer == 4 else "ip6tables-legacy"
            between[0].run(iptables, "-t", "nat", "-A", "POSTROUTING", "-o", "wire0", "-j", "MASQUERADE", "--random")

    @staticmethod
    def translate(outer, nat, hidden, other):
        """The wires to a host in between, and who is the way for the one behind it."""
        hidden.address, inside = HIDDEN[outer]
        hidden.device = "wire1"
        forward(nat)
        return [(nat, hidden.seen, other, other.address, BITS[outer], "wire0"),
                (nat, inside, hidden, hidden.address, BITS[outer], "wire1")], {hidden: inside}

    def make(self, *names):
        """More hosts."""
        made = [Host(self, name) for name in names]
        self.hosts += made
        ip(*(f"netns add {host.netns}" for host in made))
        for host in made:
            # Addresses are there at once, link-local ones, too.
            netns.sysctl(host.netns, "ipv6/conf/default/accept_dad", value=0)
        return made

    def host(self, name):
        """One more, that has nothing but itself."""
        host, = self.make(name)
        host.ip("link set lo up")
        return host

    @staticmethod
    def connect(wires, routes):
        """Wires as wire() has them, and {host: its default gateway}; few processes do all of it."""
        ip(*(f"link add {device} netns {one.netns} type veth peer name {device} netns {other.netns}"
             for one, _, other, _, _, device in wires))
        lines = {}
        for one, mine, other, yours, bits, device in wires:
            for host, address in ((one, mine), (other, yours)):
                lines.setdefault(host, ["link set lo up"]).extend(
                    (f"addr add {address}/{bits} dev {device}", f"link set {device} up"))
        for host, way in routes.items():
            lines[host].append(f"route add default via {way}")
        for host, its in lines.items():
            host.ip(*its)

    def wire(self, one, mine, other, yours, bits, device):
        """One more wire, between two hosts, which have these addresses on it."""
        self.connect([(one, mine, other, yours, bits, device)], {})

    def close(self):
        for daemon in reversed(self.daemons):
            daemon.close()
        for host in self.hosts:
            host.kill()
        ip(*(f"netns del {host.netns}" for host in self.hosts))
        shutil.rmtree(self.folder, ignore_errors=True)


class ClearText:
    """Counts what comes over the wire to a host from a network and was not protected; one a host."""

    def __init__(self, host, source, protocol="all"):
        self.host = host
        self.iptables = ["ip6tables-legacy" if ":" in source else "iptables-legacy", "-t", "mangle"]
        host.run(*self.iptables, "-F", "PREROUTING")
        host.run(*self.iptables, "-A", "PREROUTING", "-i", host.device, "-s", source, "-p", protocol,
                 "-m", "policy", "--dir", "in", "--pol", "none")

    def count(self):
        listed = self.host.run(*self.iptables, "-v", "-x", "-n", "-L", "PREROUTING").stdout
        return int(listed.splitlines()[2].split()[0])


def put_files(folder, files):
    """Write {path: octets or text}, for their owner alone."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content if isinstance(content, bytes) else content.encode())
        (folder / path).chmod(0o600)


class Cygnet:
    """Our pluto on a host, driven by the ipsec command."""

    def __init__(self, lab, host, conf, secrets, setup=SETUP, files=(), folder=None):
        self.host = host
        self.folder = lab.folder / (folder or f"cygnet-{host.name}")
        self.folder.mkdir()
        self.log = self.folder / "pluto.log"
        (self.folder / "ipsec.conf").write_text(
            f"config setup\n{setup}\tplutostderrlog={self.log}\n\n{conf}")
        (self.folder / "ipsec.secrets").write_text(secrets)
        (self.folder / "ipsec.secrets").chmod(0o600)
        put_files(self.folder, dict(files))
        lab.daemons.append(self)
        self.ipsec("setup", "start")

    def ipsec(self, *words, check=True, timeout=60):
        return self.host.run(IPSEC, "--confs", self.folder, "--rundir", self.folder / "run", *words,
                             check=check, timeout=timeout)

    def auto(self, *words, check=True, timeout=60):
        return self.ipsec("auto", *words, check=check, timeout=timeout)

    def status(self):
        return self.auto("--status").stdout

    def ask(self, method, **parameters):
        """The replies of pluto itself, where a command would be a process to start."""
        with Client(self.folder / "run" / "pluto.ctl", timeout=60) as pluto:
            return pluto.stream(method, **parameters)

    def do(self, method, **parameters):
        """A method that commands; refused where the command would have failed."""
        told = self.ask(method, **parameters)
        assert told[-1]["parameters"].get("code") in (0, 4), f"{self.host.name}: {method} {parameters}: {told}"

    def children(self):
        """How many are up, by what --status says of each."""
        told = self.ask("Status", what="states")
        return sum("sa established" in child["story"].lower()
                   for reply in told for child in reply["parameters"].get("children", ()))

    def logged(self):
        return self.log.read_text() if self.log.exists() else ""

    def close(self):
        """Stopped, if it runs, until it hangs up; what it leaves in the kernel goes with the host."""
        with contextlib.suppress(OSError), Client(self.folder / "run" / "pluto.ctl") as pluto:
            pluto.stream("Shutdown")
            pluto.receive()


STRONGSWAN_CONF = """
charon {
    load = random nonce pem pkcs1 pkcs8 x509 pubkey constraints openssl kdf hmac gcm ccm ctr xcbc cmac chapoly curve25519 eap-identity eap-mschapv2 eap-tls %s kernel-netlink socket-default vici
    plugins { vici { socket = unix:///etc/peer/charon.vici } }
    filelog { log { path = /etc/peer/log
        default = 1
        ike = 2
        cfg = 2
        flush_line = yes } }
    retransmit_timeout = 1
    retransmit_tries = 4
}
"""
# With shared secrets alone it has no key to read, and each call is spared libcrypto's start.
SWANCTL_BARE = "swanctl { load = }\n"


class Chrooted:
    """A peer's daemon, chrooted into a root of its own, on a host.

    The chroot's mounts live in a mount namespace that ends with the daemon. Its folder is /etc/peer.
    """

    def __init__(self, lab, host, root, name):
        self.host, self.root = host, root
        self.folder = lab.folder / f"{name}-{host.name}"
        self.folder.mkdir()
        self.process = None
        lab.daemons.append(self)

    def start(self, *command, **environment):
        given = " ".join(f"{name}={shlex.quote(value)}" for name, value in environment.items())
        root = self.root
        # In the order in which they are made, by one process.
        (self.folder / "mounts").write_text(f"""
            {root} {root} none bind 0 0
            /dev {root}/dev none rbind 0 0
            proc {root}/proc proc defaults 0 0
            /sys {root}/sys none rbind 0 0
            tmpfs {root}/run tmpfs defaults 0 0
            {self.folder} {root}/etc/peer none bind 0 0
            """)
        script = f"""
            mount -a -T {self.folder}/mounts
            exec env {given} chroot {self.root} {shlex.join(command)}
        """
        with (self.folder / "out").open("a") as out:
            self.process = subprocess.Popen(
                self.host.command("unshare", "-m", "sh", "-ec", script), stdin=subprocess.DEVNULL,
                stdout=out, stderr=subprocess.STDOUT)

    def inside(self, *command, check=True, timeout=60, **environment):
        """Run a command beside the daemon."""
        way = ("--root", self.process.pid, self.root) if BOOTED else (
            "nsenter", "-t", self.process.pid, "-m", "chroot", self.root)
        return self.host.run(*way, *command, check=check, timeout=timeout, env={**os.environ, **environment})

    def wait_for_start(self, answers, seconds=30, socket=None):
        """Until answers() is true; the daemon's end before that is Missing, with its last words.

        With a `socket` of the daemon's root nobody is asked before it is there."""
        def there():
            return not socket or os.path.exists(f"/proc/{self.process.pid}/root{socket}")

        wait_until(lambda: self.process.poll() is not None or there() and answers(), seconds,
                   f"{self.root.name}'s daemon to answer")
        if self.process.poll() is not None:
            raise peers.Missing(f"the daemon of {self.root.name} did not start: "
                                f"{(self.folder / 'out').read_text()[-400:]}{self.logged()[-800:]}")

    def die(self):
        """Killed, with no time for a last word."""
        self.process.kill()
        self.process.wait()

    def logged(self):
        log = self.folder / "log"
        return log.read_text(errors="replace") if log.exists() else ""

    def close(self):
        if not self.process:
            return
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class StrongSwan(Chrooted):
    """charon with userspace or the kernel's ESP."""

    CONF = {"STRONGSWAN_CONF": "/etc/peer/strongswan.conf"}

    def __init__(self, lab, host, swanctl, kernel_esp=False, files=(), plugins="", more=""):
        super().__init__(lab, host, peers.unpack("strongswan"), "strongswan")
        (self.folder / "strongswan.conf").write_text(
            (STRONGSWAN_CONF % (plugins + ("" if kernel_esp else " kernel-libipsec")))
            .replace("charon {\n", "charon {\n" + more, 1) + (SWANCTL_BARE if kernel_esp else ""))
        (self.folder / "swanctl.conf").write_text(swanctl)
        put_files(self.folder, dict(files))  # swanctl looks beside its configuration
        self.start("/usr/lib/ipsec/charon", **self.CONF)
        self.wait_for_start(self.answers, socket="/etc/peer/charon.vici")
        self.swanctl("--load-all", "--file", "/etc/peer/swanctl.conf")

    def vici(self):
        return Vici(self.folder / "charon.vici")

    def answers(self):
        try:
            with self.vici() as peer:
                return peer.ask("stats")
        except OSError:
            return False

    def swanctl(self, *words, check=True, timeout=60):
        return self.inside("/usr/sbin/swanctl", words[0], "--uri", "unix:///etc/peer/charon.vici",
                           *words[1:], check=check, timeout=timeout, **self.CONF)

    def sas(self):
        return self.swanctl("--list-sas").stdout


RADIUS_CONF = """
prefix = /usr
name = freeradius
localstatedir = /etc/peer
logdir = /etc/peer
run_dir = /etc/peer
libdir = /usr/lib/freeradius
log {
    destination = files
    file = /etc/peer/log
    auth = yes
}
security {
    reject_delay = 0
    status_server = no
}
thread pool {
    start_servers = 1
    max_servers = 2
}
client lab {
    ipaddr = 0.0.0.0/0
    secret = %(secret)s
    require_message_authenticator = yes
}
modules {
    files {
        filename = /etc/peer/users
    }
    mschap {
    }
    eap {
        default_eap_type = %(method)s
        tls-config tls-common {
            private_key_file = /etc/peer/server.key
            certificate_file = /etc/peer/server.pem
            ca_file = /etc/peer/ca.pem
            cipher_list = DEFAULT
            fragment_size = 1000
            tls_min_version = "1.2"
            tls_max_version = "%(tls)s"
        }
        tls {
            tls = tls-common
        }
        mschapv2 {
            send_error = yes
        }
    }
}
server default {
    listen {
        type = auth
        ipaddr = 127.0.0.1
        port = 1812
    }
    authorize {
        files
        eap
    }
    authenticate {
        Auth-Type MS-CHAP {
            mschap
        }
        eap
    }
}
"""


class FreeRadius(Chrooted):
    """FreeRADIUS on a host's loopback address."""

    def __init__(self, lab, host, secret, users, party, ca, method="eap-mschapv2", tls="1.2", reply=""):
        super().__init__(lab, host, peers.unpack("freeradius"), "freeradius")
        put_files(self.folder, {
            "radiusd.conf": (RADIUS_CONF % {"secret": secret, "method": method.removeprefix("eap-"), "tls": tls}).encode(),
            "users": "".join(f'{name} Cleartext-Password := "{word}"\n\tFilter-Id := "staff"{reply}\n'
                             for name, word in users.items()).encode(),
            "server.key": party.key, "server.pem": party.cert, "ca.pem": ca.cert})
        self.start("/usr/sbin/freeradius", "-f", "-d", "/etc/peer", "-n", "radiusd")
        self.wait_for_start(lambda: "Ready to process requests" in self.logged())
