# SPDX-License-Identifier: Apache-2.0
"""Our pluto on the left gateway, another keying daemon on the right one, the kernel's ESP at both.

A Setting says in neutral words what the two are to agree on; each peer writes it in its own
language, and has the same verbs: up, down, route, rekey_child, rekey_ike, children, die.
"""

import contextlib
import dataclasses
import os
import re
import signal
import socket
import subprocess
import threading
from pathlib import Path

import netns
import roots
from lab import IPSEC, SECRET, Chrooted, ClearText, Cygnet, Lab, StrongSwan, put_files, wait_until
from vici import Refused

OPEN, SHUT = "10.2.0.20", "10.2.0.30"  # addresses behind the right gateway, for shunts
PATIENCE = 30  # seconds; system calls are slow in a booted kernel
SECRETS = f'@ours @theirs : PSK "{SECRET}"\n'


@dataclasses.dataclass(frozen=True)
class Setting:
    outer: int = 4
    inner: int = 4
    mode: str = "tunnel"
    nat: str = None  # the gateway behind a NAT: left or right
    ours: str = ""  # more lines for our conn
    esp: str = "aes_gcm128"
    ah: bool = False  # in ESP's place
    compress: bool = False
    shunts: bool = False  # two of bob's addresses have connections of their own


def protection(setting):
    words = "\tphase2=ah\n\tphase2alg=sha2_256" if setting.ah else f"\tesp={setting.esp}"
    return words + ("\n\tcompress=yes" if setting.compress else "")


def inside(setting, gateway):
    """What is protected of the network behind a gateway: BEET mode has room for one address."""
    return f"{gateway.behind}/32" if setting.mode == "beet" else gateway.net


def conn(setting, here, there, mine, yours, group, more=""):
    """A conn section as both we and Libreswan read it, `here` being left."""
    nets = "" if setting.mode == "transport" else f"\tleftsubnet={inside(setting, here)}\n\trightsubnet={inside(setting, there)}\n"
    return f"""
conn t
	left={here.address}
	leftid={mine}
	right={there.seen}
	rightid={yours}
{nets}	type={setting.mode}
	authby=secret
	ike=aes_gcm128-sha2_256-{group}
{protection(setting)}
{more}
"""


def shunts(lab, setting, host):
    """Conn sections, as both we and Libreswan read them, for two of bob's addresses."""
    if not setting.shunts:
        return ""
    text = ""
    for name, kind, address in (("open", "passthrough", OPEN), ("shut", "drop", SHUT)):
        here, there = (lab.left, lab.right) if host is lab.left else (lab.right, lab.left)
        nets = (lab.left.net, f"{address}/32") if host is lab.left else (f"{address}/32", lab.left.net)
        text += f"""
conn {name}
	type={kind}
	authby=never
	left={here.address}
	leftsubnet={nets[0]}
	right={there.seen}
	rightsubnet={nets[1]}
	auto={"add" if host is lab.left else "ignore"}
"""
    return text


class Ours(Cygnet):
    """Us, with the verbs of a peer."""

    def __init__(self, lab, setting, host, there, mine="@ours", yours="@theirs"):
        super().__init__(lab, host, conn(setting, host, there, mine, yours, "x25519",
                                         f"\tauto=add\n{setting.ours}") + shunts(lab, setting, host), SECRETS)

    def up(self):
        self.do("Up", name="t")

    def down(self):
        self.do("Down", name="t")

    def route(self):
        self.do("Route", name="t")

    def unroute(self):
        self.ask("Unroute", name="t")

    def rekey_child(self):
        self.do("Rekey", name="t")

    def rekey_ike(self):
        self.do("Rekey", name="t", ike=True)

    def die(self):
        """Killed, with no time for a last word, whatever it is at; a child that it just made, too."""
        while plutos := [pid for pid in self.host.pids() if self.is_pluto(pid)]:
            for pid in plutos:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                wait_until(lambda: not os.path.exists(f"/proc/{pid}"), what="pluto to be dead")

    @staticmethod
    def is_pluto(pid):
        try:
            return Path(f"/proc/{pid}/comm").read_text(encoding="ascii") == "pluto\n"
        except (FileNotFoundError, ProcessLookupError):
            return False

    def start_command(self, *words):
        """An ipsec command that is not waited for."""
        return subprocess.Popen(
            self.host.command(IPSEC, "--confs", self.folder, "--rundir", self.folder / "run", *words),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class CygnetPeer(Ours):
    def __init__(self, lab, setting):
        super().__init__(lab, setting, lab.right, lab.left, "@theirs", "@ours")

    def let_pass(self):
        self.auto("--add", "open", check=False)
        self.auto("--route", "open")

    def pass_no_more(self):
        self.auto("--unroute", "open")


SWANCTL = """
connections {{
    t {{
        local_addrs = {right}
        remote_addrs = {left}
        version = 2
        proposals = aes128gcm16-prfsha256-x25519
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
                {nets}
                mode = {mode}
                ipcomp = {compress}
                {proposals}
            }}
            {shunt}
        }}
    }}
}}
secrets {{
    ike-1 {{
        secret = "{secret}"
    }}
}}
"""


class StrongSwanPeer(StrongSwan):
    def __init__(self, lab, setting):
        if setting.mode == "beet":
            # It makes no route where no address of its own is in the selectors.
            lab.right.run("ip", "route", "replace", lab.left.net, "dev", lab.right.device)
        nets = "" if setting.mode == "transport" else (
            f"local_ts = {inside(setting, lab.right)}\n                remote_ts = {inside(setting, lab.left)}")
        super().__init__(lab, lab.right, SWANCTL.format(
            right=lab.right.address, left=lab.left.seen, nets=nets, mode=setting.mode, secret=SECRET,
            compress="yes" if setting.compress else "no",
            proposals="ah_proposals = sha256-x25519" if setting.ah else "esp_proposals = aes128gcm16-x25519",
            shunt=f"open {{ mode = pass\n local_ts = {OPEN}/32\n remote_ts = {lab.left.net}\n }}"
            if setting.shunts else ""), kernel_esp=True)

    def do(self, command, **values):
        with self.vici() as peer:
            peer.do(command, **values)

    def up(self):
        self.do("initiate", child="t", timeout=30000)

    def down(self):
        with contextlib.suppress(Refused):
            self.do("terminate", ike="t", timeout=30000)

    def route(self):
        self.do("install", child="t")

    def unroute(self):
        with contextlib.suppress(Refused):
            self.do("uninstall", child="t")

    def rekey_child(self):
        self.do("rekey", child="t")

    def rekey_ike(self):
        self.do("rekey", ike="t")

    def children(self):
        with self.vici() as peer:
            return sum(child["state"] == "INSTALLED" for _, sa in peer.sas() for child in sa["child-sas"].values())

    def let_pass(self):
        self.do("install", child="open")

    def pass_no_more(self):
        self.do("uninstall", child="open")


class Libreswan(Chrooted):
    """Libreswan's pluto, out of a root that roots.py made."""

    TOOLS = "/usr/libexec/ipsec"
    # Of each root, once a kernel: an empty NSS database, and the octets by which whack asks for --trafficstatus.
    DATABASES, QUESTIONS = {}, {}

    def __init__(self, lab, suite, rekey_child, text, files=(), prepare=""):
        """`prepare` is what its shell does to the new NSS database in /etc/peer/nss."""
        self.word = rekey_child
        super().__init__(lab, lab.right, roots.find(suite), "libreswan")
        # It takes the way to the networks behind us from the host's routes, and makes none.
        lab.right.run("ip", "route", "replace", lab.left.net, "dev", lab.right.device)
        put_files(self.folder, {"ipsec.conf": f"config setup\n\tikev1-policy=drop\n{text}",
                                "ipsec.secrets": SECRETS, **dict(files)})
        (self.folder / "nss").mkdir()
        empty = self.DATABASES.get(self.root)
        put_files(self.folder / "nss", empty or {})
        self.start("sh", "-ec", f"""
            mkdir /run/pluto
            {"" if empty else "certutil -N -d sql:/etc/peer/nss --empty-password"}
            {prepare}
            exec {self.TOOLS}/pluto --nofork --config /etc/peer/ipsec.conf --nssdir /etc/peer/nss \\
                --secretsfile /etc/peer/ipsec.secrets --logfile /etc/peer/log""")
        self.wait_for_start(lambda: self.whack("--status", check=False).returncode == 0, PATIENCE, "/run/pluto/pluto.ctl")
        self.whack("--listen")
        if not prepare and not empty:
            self.DATABASES[self.root] = {file.name: file.read_bytes() for file in (self.folder / "nss").iterdir()}

    @classmethod
    def of_setting(cls, lab, setting, suite, rekey_child):
        text = conn(setting, lab.right, lab.left, "@theirs", "@ours", "dh31", "\tikev2=insist\n\tauto=ignore")
        made = cls(lab, suite, rekey_child, text + shunts(lab, setting, lab.right))
        made.load("t")
        return made

    def load(self, name):
        self.inside(f"{self.TOOLS}/addconn", "--config", "/etc/peer/ipsec.conf", name)

    def whack(self, *words, check=True, timeout=60):
        return self.inside(f"{self.TOOLS}/whack", *words, check=check, timeout=timeout)

    def up(self):
        self.whack("--initiate", "--name", "t")

    def down(self):
        self.whack("--terminate", "--name", "t")

    def route(self):
        self.whack("--route", "--name", "t")

    def unroute(self):
        self.whack("--unroute", "--name", "t", check=False)

    def revivals(self):
        """How often it was to begin again by itself, which a terminate on its heels does not stop."""
        return self.logged().count("supposed to remain up")

    def rekey_child(self):
        self.whack(self.word, "--name", "t")

    def rekey_ike(self):
        self.whack("--rekey-ike", "--name", "t")

    def question(self):
        """What whack sends for --trafficstatus, which is a struct of its version: it is asked once."""
        if self.root not in self.QUESTIONS:
            with socket.socket(socket.AF_UNIX) as pluto:
                pluto.settimeout(PATIENCE)
                pluto.bind(str(self.folder / "asked"))
                pluto.listen()
                asking = threading.Thread(target=self.whack, args=("--ctlsocket", "/etc/peer/asked", "--trafficstatus"))
                asking.start()
                with pluto.accept()[0] as whack:
                    self.QUESTIONS[self.root] = whack.recv(1 << 16)
                asking.join()
        return self.QUESTIONS[self.root]

    def children(self):
        """What --trafficstatus says of them, without a whack for each time."""
        with socket.socket(socket.AF_UNIX) as pluto:
            pluto.settimeout(PATIENCE)
            pluto.connect(f"/proc/{self.process.pid}/root/run/pluto/pluto.ctl")
            pluto.sendall(self.question())
            return b"".join(iter(lambda: pluto.recv(1 << 16), b"")).count(b"type=")

    def let_pass(self):
        self.load("open")
        self.whack("--route", "--name", "open")

    def pass_no_more(self):
        self.whack("--unroute", "--name", "open")


class OpenIKED(Chrooted):
    """OpenIKED's iked, which speaks PF_KEY to the kernel and has no command to bring one tunnel up."""

    # Its process for certificates is nobody's, and wants all of its folders.
    OWN = """
        cd /etc/peer/iked
        mkdir crls
        chmod a+r */*
        chmod go= private/*
        mount --bind . /etc/iked"""

    def __init__(self, lab, setting, suite, proof=f'srcid theirs dstid ours psk "{SECRET}"', files=()):
        """`proof` says in its policy who both are and how it is proved; `files` are those of its /etc/iked."""
        super().__init__(lab, lab.right, roots.find(suite), "openiked")
        lab.right.run("ip", "route", "replace", lab.left.net, "dev", lab.right.device)
        self.lab, self.setting, self.proof = lab, setting, proof
        self.write("passive")
        put_files(self.folder / "iked", dict(files))
        self.start("sh", "-ec", f"""
            {self.OWN if files else ""}
            exec /usr/sbin/iked -d -v -f /etc/peer/iked.conf""")
        self.wait_for_start(lambda: self.ikectl("show", "sa", check=False).returncode == 0, PATIENCE, "/run/iked.sock")

    def write(self, start):
        lab, transport = self.lab, self.setting.mode == "transport"
        self.begins = start
        here, there = ((lab.right.address, lab.left.seen) if transport else (lab.right.net, lab.left.net))
        conf = self.folder / "iked.conf"
        conf.write_text(f"""ikev2 "t" {start} {self.setting.mode} esp from {here} to {there} \\
	local {lab.right.address} peer {lab.left.seen} \\
	ikesa enc aes-128-gcm prf hmac-sha2-256 group curve25519 \\
	childsa enc aes-256 auth hmac-sha2-512 group curve25519 noesn \\
	{self.proof}
""")
        conf.chmod(0o600)

    def ikectl(self, *words, check=True):
        return self.inside("/usr/sbin/ikectl", *words, check=check)

    def logged(self):
        return (self.folder / "out").read_text(errors="replace")

    def load(self, start):
        self.write(start)
        self.ikectl("load", "/etc/peer/iked.conf")

    def up(self):
        self.load("active")

    def down(self):
        if self.begins != "passive":
            self.load("passive")
        self.ikectl("reset", "id", "FQDN/ours")

    def unroute(self):
        pass

    def children(self):
        return len(re.findall(r"sa_childsas: .* ESP \S+ out .*\(L", self.ikectl("show", "sa").stdout))


PEERS = {
    "cygnet": CygnetPeer,
    "strongswan": StrongSwanPeer,
    "libreswan-4.10": lambda lab, setting: Libreswan.of_setting(lab, setting, "bookworm", "--rekey-ipsec"),
    "libreswan-5.2": lambda lab, setting: Libreswan.of_setting(lab, setting, "trixie", "--rekey-child"),
    "openiked-7.4": lambda lab, setting: OpenIKED(lab, setting, "trixie"),
}


class Meeting:
    def __init__(self, peer, setting):
        self.peer = peer
        # PF_KEY tells nothing of AEAD.
        self.setting = dataclasses.replace(setting, esp="aes256-sha2_512") if "openiked" in peer else setting
        self.lab = Lab(setting.outer, setting.inner, setting.nat)
        self.routed = False
        self.began = "ours"
        try:
            if setting.shunts:
                for address in (OPEN, SHUT):
                    self.lab.bob.run("ip", "addr", "add", f"{address}/24", "dev", "in0")
            if setting.mode == "transport":
                self.clear = ClearText(self.lab.right, self.lab.left.seen, "icmp")
            self.theirs = PEERS[peer](self.lab, self.setting)
            self.ours = Ours(self.lab, self.setting, self.lab.left, self.lab.right)
        except BaseException:
            self.lab.close()
            raise

    def end(self, who):
        return self.ours if who == "ours" else self.theirs

    def route(self, who):
        self.routed = True
        self.began = who
        self.end(who).route()

    def begin(self):
        """Up by the end that can: one behind a NAT is not found by the other."""
        self.up("theirs" if self.setting.nat == "right" else "ours")

    def both_have(self, children):
        wait_until(lambda: self.ours.children() == children, PATIENCE, f"{children} children at our end")
        wait_until(lambda: self.theirs.children() == children, PATIENCE, f"{children} children at theirs")

    def pairs(self):
        """Who talks to whom through the tunnel: (host, address), there and back."""
        lab = self.lab
        if self.setting.mode == "transport":
            return (lab.left, lab.right.seen), (lab.right, lab.left.seen)
        return (lab.alice, lab.bob.address), (lab.bob, lab.alice.address)

    def ping(self, count=3):
        for host, address in self.pairs():
            assert host.ping(address, count=count, wait=5) == count, f"{host.name} to {address}"
        if self.setting.mode == "transport":
            assert self.clear.count() == 0, "it went in clear"

    def up(self, who):
        self.began = who
        self.end(who).up()
        self.both_have(1)

    def reset(self):
        """Nothing up, nothing routed: as after the start. Who began would begin again, and goes down first."""
        ends = (self.ours, self.theirs) if self.began == "ours" else (self.theirs, self.ours)
        revivals = getattr(self.theirs, "revivals", lambda: 0)

        def down():
            before = revivals()
            for end in ends:
                end.down()
            return not self.ours.children() and not self.theirs.children() and revivals() == before

        wait_until(down, PATIENCE, "both ends to be down")
        if self.routed:
            self.theirs.unroute()
            self.ours.unroute()
            self.routed = False

    def spis(self):
        """The SPIs of our kernel's ESP and AH states."""
        return netns.spis(self.lab.left.netns)

    def counted(self, counters):
        """The sum of counters of /proc/net/xfrm_stat, each of a gateway: ("left" or "right", its name)."""
        def told(end):
            with netns.inside(getattr(self.lab, end).netns):
                return Path("/proc/thread-self/net/xfrm_stat").read_text(encoding="ascii")

        return sum(int(re.search(rf"{name}\s+(\d+)", told(end))[1]) for end, name in counters)

    def told(self):
        """The ends of both logs, for a failure."""
        return f"--- ours\n{self.ours.logged()[-4000:]}\n--- theirs\n{self.theirs.logged()[-4000:]}"

    def close(self):
        self.lab.close()
