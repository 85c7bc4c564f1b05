# SPDX-License-Identifier: Apache-2.0
"""Two gateways with a daemon each, Cygnet's or strongSwan's, and what their processes use.

The network of hosts and the unpacked strongSwan are those of tests/interop. Both daemons get the
same secret, the same algorithms and the same amount of logging (a line or so for each event).
"""

import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "interop"))

import lab  # noqa: E402
import peers  # noqa: E402

from control import Control  # noqa: E402

Missing = peers.Missing
Lab = lab.Lab
why_not = lab.why_not
BUILD, IPSEC = lab.BUILD, lab.IPSEC

SECRETS = f': PSK "{lab.SECRET}"\n'

CHARON_CONF = """
charon {
    load = PLUGINS chapoly curve25519 %s kernel-netlink socket-default vici
    plugins { vici { socket = unix:///etc/peer/charon.vici } }
    filelog { log { path = /etc/peer/charon.log
        default = 1 } }
    dos_protection = no
    init_limit_half_open = 0
    MORE
}
"""
PLUGINS = "random nonce pem openssl kdf hmac gcm"


def cpu_seconds(pid):
    """CPU time of a process, its live threads added up."""
    return sum(int((task / "schedstat").read_text().split()[0])
               for task in Path(f"/proc/{pid}/task").iterdir()) / 1e9


def resident_octets(pid):
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Rss:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"no Rss of process {pid}")


def timed(function, *words):
    begin = time.perf_counter()
    function(*words)
    return time.perf_counter() - begin


def octets(number):
    """Three octets of an address that stands for a number."""
    return f"{number >> 16}.{number >> 8 & 255}.{number & 255}"


# What both sides are asked for, in each one's words. `numbered` peers never speak.

def our_office(host):
    left, right = host.lab.left, host.lab.right
    return f"""
conn office
	left={left.address}
	leftid=@left.example
	leftsubnet={left.net}
	right={right.address}
	rightid=@right.example
	rightsubnet={right.net}
	also=usual
	auto=add
"""


def our_anyone(host):
    return f"""
conn anyone
	left={host.address}
	leftid=@gateway.example
	leftsubnet={host.net}
	right=%any
	rightid=%any
	rightsubnet=20.0.0.0/8
	also=usual
	auto=add
"""


def our_numbered(host, count):
    yield f"""
conn to-idle
	left={host.address}
	leftid=@gateway.example
	leftsubnet={host.net}
	also=usual
"""
    for i in range(count):
        yield f"""
conn idle{i}
	right=30.{octets(i)}
	rightid=@idle{i}.example
	rightsubnet=40.{octets(i)}/32
	also=to-idle
	auto=add
"""


OUR_USUAL = """
conn usual
	authby=secret
	ike=aes128gcm16-prfsha256-x25519
	esp=aes128gcm16-x25519
"""


def their_connection(name, local, local_id, local_net, remote, remote_id, remote_net):
    named = f"id = {remote_id}" if remote_id else ""
    return f"""
    {name} {{
        local_addrs = {local}
        remote_addrs = {remote}
        version = 2
        encap = yes
        proposals = aes128gcm16-prfsha256-x25519
        local {{
            auth = psk
            id = {local_id}
        }}
        remote {{
            auth = psk
            {named}
        }}
        children {{
            {name} {{
                local_ts = {local_net}
                remote_ts = {remote_net}
                esp_proposals = aes128gcm16-x25519
            }}
        }}
    }}
"""


def their_office(host):
    near, far = (host, host.lab.right) if host is host.lab.left else (host, host.lab.left)
    return their_connection("office", near.address, f"@{near.name}.example", near.net,
                            far.address, f"@{far.name}.example", far.net)


def their_anyone(host):
    return their_connection("anyone", host.address, "@gateway.example", host.net,
                            "%any", None, "20.0.0.0/8")


def their_numbered(host, count):
    for i in range(count):
        yield their_connection(f"idle{i}", host.address, "@gateway.example", host.net,
                               f"30.{octets(i)}", f"@idle{i}.example", f"40.{octets(i)}/32")


class Pluto(lab.Cygnet):
    """Our daemon. Its command runs outside the host's namespace: the control socket is a file."""

    def __init__(self, host, conf, plane, secrets=SECRETS, files=()):
        self.start_s = time.perf_counter()
        super().__init__(host.lab, host, conf + OUR_USUAL, secrets, f"\tplane={plane}\n", files)
        self.start_s = time.perf_counter() - self.start_s
        self.run = self.folder / "run"
        self.pid = int((self.run / "pluto.pid").read_text().split()[0])
        self.control = Control(self.run / "pluto.ctl")

    def command(self, *words):
        return [str(IPSEC), "--confs", str(self.folder), "--rundir", str(self.run), *words]

    def up(self):
        subprocess.run(self.command("auto", "--up", "office"), check=True,
                       stdout=subprocess.DEVNULL)

    def down(self):
        subprocess.run(self.command("auto", "--down", "office"), check=True,
                       stdout=subprocess.DEVNULL)

    def tunnels(self):
        return self.control.daemon()["counts"]["children"]

    def close(self):
        if hasattr(self, "control"):
            self.control.close()
        super().close()


class Charon(lab.StrongSwan):
    """strongSwan's."""

    def __init__(self, host, connections, plugins=PLUGINS, more="", files=()):
        usual = lab.STRONGSWAN_CONF
        lab.STRONGSWAN_CONF = CHARON_CONF.replace("PLUGINS", plugins).replace("MORE", more)
        secret = f'secrets {{\n ike-1 {{\n secret = "{lab.SECRET}"\n }}\n}}\n'
        try:
            super().__init__(host.lab, host, f"connections {{{connections}}}\n{secret}", files=files)
        finally:
            lab.STRONGSWAN_CONF = usual
        self.pid = self.process.pid
        # For telling what entering its root costs apart from the command itself.
        shutil.copy(shutil.which("true"), self.folder / "true")

    def enter(self, *words):
        """One exec into its namespaces and root, then the command."""
        return ["nsenter", "-t", str(self.pid), "-m", "-n", "-r", *words]

    PATIENCE = 300  # seconds for one command

    def run(self, *words):
        try:
            subprocess.run(self.enter("/usr/sbin/swanctl", words[0], "--uri",
                                      "unix:///etc/peer/charon.vici", *words[1:]),
                           check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                           env={"STRONGSWAN_CONF": "/etc/peer/strongswan.conf"},
                           timeout=self.PATIENCE)
        except subprocess.TimeoutExpired as late:
            raise Missing(f"swanctl {words[0]} took more than {self.PATIENCE} s") from late

    def entering_seconds(self):
        """What enter() costs beyond running the same command outside."""
        def one(words):
            return timed(lambda: subprocess.run(words, check=True))
        inside = sorted(one(self.enter("/etc/peer/true")) for _ in range(11))[5]
        outside = sorted(one([str(self.folder / "true")]) for _ in range(11))[5]
        return max(0.0, inside - outside)

    def up(self):
        self.run("--initiate", "--child", "office")

    def down(self):
        self.run("--terminate", "--ike", "office")

    def load(self, connections):
        (self.folder / "more.conf").write_text(f"connections {{{connections}}}\n")
        self.run("--load-conns", "--file", "/etc/peer/more.conf")

    def tunnels(self):
        return self.sas().count("INSTALLED")

    def version(self):
        done = subprocess.run(self.enter("/usr/lib/ipsec/charon", "--version"), check=False,
                              capture_output=True, text=True)
        return (done.stdout.split() or ["?"])[-1]


class Crowd:
    """Many peers of the right-hand gateway: connections of one pluto on the left-hand one."""

    AT_ONCE = 32  # half-open at a time, well below what a daemon takes for a flood

    def __init__(self, lab_, count, proof=None, secrets=SECRETS, files=()):
        """`proof`, of a peer's number: how it proves itself, in place of the secret."""
        left, right = lab_.left, lab_.right
        self.pluto = Pluto(left, "", "memory", secrets, files)
        self.done, self.count = 0, count
        self.pluto.control.call_many("AddConnection", ({
            "name": f"peer{i}",
            "connection": {
                "left": left.address, "leftid": f"@peer{i}.example",
                "leftsubnet": f"20.{octets(i)}/32",
                "right": right.address, "rightid": "@gateway.example",
                "rightsubnet": right.net, "authby": "secret",
                "ike": "aes128gcm16-prfsha256-x25519", "esp": "aes128gcm16-x25519",
                **(proof(i) if proof else {}),
            }} for i in range(count)))

    def down(self):
        """All of them."""
        self.pluto.control.call_many("Down", ({"name": f"peer{i}"} for i in range(self.done)))
        self.done = 0
        self._wait()

    def up(self, count):
        """Bring up this many more; returns the seconds it took."""
        end = self.done + count
        begin = time.perf_counter()
        while self.done < end:
            some = min(self.AT_ONCE, end - self.done)
            self.pluto.control.call_many("Up", ({"name": f"peer{i}", "asynchronous": True}
                                                for i in range(self.done, self.done + some)))
            self.done += some
            self._wait()
        return time.perf_counter() - begin

    def _wait(self):
        patience = time.monotonic() + 60
        while self.pluto.tunnels() != self.done:
            if time.monotonic() > patience:
                raise RuntimeError(f"{self.pluto.tunnels()} of {self.done} tunnels came up")
            time.sleep(0.002)
