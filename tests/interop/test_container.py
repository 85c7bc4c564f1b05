# SPDX-License-Identifier: Apache-2.0
"""Userspace ESP where there is little: /dev/net/tun and CAP_NET_ADMIN alone, as in a container."""

import re
from pathlib import Path

from lab import IPSEC, Cygnet, wait_until
from test_tunnel import SECRETS, conf, tunnels

NET_ADMIN = 1 << 12


class Confined(Cygnet):
    """All its programs have one capability; /proc/sys can't be written."""

    ENTER = ('mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys && '
             'exec setpriv --bounding-set=-all,+net_admin --inh-caps=-all --no-new-privs "$@"')

    def ipsec(self, *words, check=True, timeout=60):
        return self.host.run("unshare", "-m", "sh", "-c", self.ENTER, "sh", IPSEC, "--confs", self.folder,
                             "--rundir", self.folder / "run", *words, check=check, timeout=timeout)


def kernel_has_esp(host):
    """A state that the kernel takes; it goes with the host."""
    return host.run("ip", "xfrm", "state", "add", "src", "203.0.113.1", "dst", "203.0.113.2", "proto", "esp",
                    "spi", "0x4242", "mode", "tunnel", "aead", "rfc4106(gcm(aes))", "0x" + "ab" * 20, "128",
                    check=False).returncode == 0


def threads(pid):
    """Name and effective capabilities of each thread."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        text = (task / "status").read_text()
        yield re.search(r"Name:\t(.*)", text)[1], int(re.search(r"CapEff:\t(\w+)", text)[1], 16)


def test_one_capability_is_enough(labs):
    lab = labs()
    # What containers have, where nobody may bind low ports by a capability.
    lab.left.run("sysctl", "-q", "-w", "net.ipv4.ip_unprivileged_port_start=0")
    # Without the kernel's IPsec nobody need ask for this plane.
    setup = "\tplane=esp\n" if kernel_has_esp(lab.alice) else ""
    east = Confined(lab, lab.left, conf(lab), SECRETS, setup=setup)
    Cygnet(lab, lab.right, conf(lab), SECRETS)
    assert "plane: esp" in east.status()
    east.auto("--up", "office")
    assert lab.alice.ping(lab.bob.address) == lab.bob.ping(lab.alice.address) == 3
    assert tunnels(east) == 1
    pid = int((east.folder / "run" / "pluto.pid").read_text().split()[0])
    seen = list(threads(pid))
    assert ("pluto", NET_ADMIN) in seen
    packets = [capabilities for name, capabilities in seen if name.startswith("cygnet-")]
    assert len(packets) >= 2 and not any(packets), seen
    east.ipsec("setup", "stop")
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), what="pluto to be gone")
    assert "ipsec0" not in lab.left.run("ip", "link").stdout
    assert not lab.left.run("nft", "list", "ruleset").stdout.strip()
