# SPDX-License-Identifier: Apache-2.0
"""Our pluto on the left gateway, another keying daemon on the right one, the kernel's ESP at both.

A Setting says in neutral words what the two are to agree on; each peer writes it in its own
language, and has the same verbs: up, down, route, rekey_child, rekey_ike, children, die.
"""

import dataclasses
import re

import roots
from lab import SECRET, Chrooted, Cygnet, Lab, StrongSwan, wait_until
from test_tunnel import tunnels

PATIENCE = 30  # seconds; system calls are slow in a booted kernel
SECRETS = f'@ours @theirs : PSK "{SECRET}"\n'


@dataclasses.dataclass(frozen=True)
class Setting:
    outer: int = 4
    inner: int = 4
    mode: str = "tunnel"
    nat: str = None  # the gateway behind a NAT: left or right
    ours: str = ""  # more lines for our conn


def conn(setting, here, there, mine, yours, group, more=""):
    """A conn section as both we and Libreswan read it, `here` being left."""
    nets = "" if setting.mode == "transport" else f"\tleftsubnet={here.net}\n\trightsubnet={there.net}\n"
    return f"""
conn t
	left={here.address}
	leftid={mine}
	right={there.seen}
	rightid={yours}
{nets}	type={setting.mode}
	authby=secret
	ike=aes_gcm128-sha2_256-{group}
	esp=aes_gcm128
{more}
"""


class Ours(Cygnet):
    """Us, with the verbs of a peer."""

    def __init__(self, lab, setting, host, there, mine="@ours", yours="@theirs"):
        super().__init__(lab, host, conn(setting, host, there, mine, yours, "x25519",
                                         f"\tauto=add\n{setting.ours}"), SECRETS)

    def up(self):
        self.auto("--up", "t")

    def down(self):
        self.auto("--down", "t")

    def route(self):
        self.auto("--route", "t")

    def unroute(self):
        self.auto("--unroute", "t", check=False)

    def rekey_child(self):
        self.ipsec("whack", "--name", "t", "--rekey-child")

    def rekey_ike(self):
        self.ipsec("whack", "--name", "t", "--rekey-ike")

    def children(self):
        return tunnels(self)

    def pid(self):
        return int((self.folder / "run" / "pluto.pid").read_text().split()[0])


class CygnetPeer(Ours):
    def __init__(self, lab, setting):
        super().__init__(lab, setting, lab.right, lab.left, "@theirs", "@ours")


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
                esp_proposals = aes128gcm16-x25519
            }}
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
        nets = "" if setting.mode == "transport" else (
            f"local_ts = {lab.right.net}\n                remote_ts = {lab.left.net}")
        super().__init__(lab, lab.right, SWANCTL.format(
            right=lab.right.address, left=lab.left.seen, nets=nets, mode=setting.mode, secret=SECRET),
            kernel_esp=True)

    def up(self):
        self.swanctl("--initiate", "--child", "t")

    def down(self):
        self.swanctl("--terminate", "--ike", "t", check=False)

    def route(self):
        self.swanctl("--install", "--child", "t")

    def unroute(self):
        self.swanctl("--uninstall", "--child", "t", check=False)

    def rekey_child(self):
        self.swanctl("--rekey", "--child", "t")

    def rekey_ike(self):
        self.swanctl("--rekey", "--ike", "t")

    def children(self):
        return self.sas().count("INSTALLED")


class Libreswan(Chrooted):
    """Libreswan's pluto, out of a root that roots.py made."""

    TOOLS = "/usr/libexec/ipsec"

    def __init__(self, lab, setting, suite, rekey_child):
        self.word = rekey_child
        super().__init__(lab, lab.right, roots.find(suite), "libreswan")
        # It takes the way to the networks behind us from the host's routes, and makes none.
        lab.right.run("ip", "route", "replace", lab.left.net, "dev", lab.right.device)
        text = conn(setting, lab.right, lab.left, "@theirs", "@ours", "dh31", "\tikev2=insist\n\tauto=ignore")
        (self.folder / "ipsec.conf").write_text(f"config setup\n\tikev1-policy=drop\n{text}")
        (self.folder / "ipsec.secrets").write_text(SECRETS)
        (self.folder / "ipsec.secrets").chmod(0o600)
        (self.folder / "nss").mkdir()
        self.start("sh", "-ec", f"""
            mkdir /run/pluto
            certutil -N -d sql:/etc/peer/nss --empty-password
            exec {self.TOOLS}/pluto --nofork --config /etc/peer/ipsec.conf --nssdir /etc/peer/nss \\
                --secretsfile /etc/peer/ipsec.secrets --logfile /etc/peer/log""")
        self.wait_for_start(lambda: self.whack("--status", check=False).returncode == 0, PATIENCE)
        self.whack("--listen")
        self.inside(f"{self.TOOLS}/addconn", "--config", "/etc/peer/ipsec.conf", "t")

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

    def rekey_child(self):
        self.whack(self.word, "--name", "t")

    def rekey_ike(self):
        self.whack("--rekey-ike", "--name", "t")

    def children(self):
        return self.whack("--trafficstatus").stdout.count("type=ESP")


PEERS = {
    "cygnet": CygnetPeer,
    "strongswan": StrongSwanPeer,
    "libreswan-4.10": lambda lab, setting: Libreswan(lab, setting, "bookworm", "--rekey-ipsec"),
    "libreswan-5.2": lambda lab, setting: Libreswan(lab, setting, "trixie", "--rekey-child"),
}


class Meeting:
    def __init__(self, peer, setting):
        self.setting = setting
        self.lab = Lab(setting.outer, setting.inner, setting.nat)
        try:
            self.theirs = PEERS[peer](self.lab, setting)
            self.ours = Ours(self.lab, setting, self.lab.left, self.lab.right)
        except BaseException:
            self.lab.close()
            raise

    def end(self, who):
        return self.ours if who == "ours" else self.theirs

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

    def up(self, who):
        self.end(who).up()
        self.both_have(1)

    def reset(self):
        """Nothing up, nothing routed: as after the start. Who began would begin again: both go down."""
        def down():
            for end in (self.ours, self.theirs):
                end.down()
            return not self.ours.children() and not self.theirs.children()

        wait_until(down, PATIENCE, "both ends to be down")
        self.theirs.unroute()
        self.ours.unroute()

    def spis(self):
        """The SPIs of our kernel's ESP states."""
        return set(re.findall(r"spi (0x[0-9a-f]+)", self.lab.left.run("ip", "xfrm", "state").stdout))

    def told(self):
        """The ends of both logs, for a failure."""
        return f"--- ours\n{self.ours.logged()[-4000:]}\n--- theirs\n{self.theirs.logged()[-4000:]}"

    def close(self):
        self.lab.close()
