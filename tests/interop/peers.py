# SPDX-License-Identifier: Apache-2.0
"""Peers that others wrote, each unpacked into a root of its own under the build folder.

Nothing is installed on the machine: apt downloads the packages with all they need, as if
for an empty system, and dpkg unpacks them. A peer then runs chrooted there.
"""

import contextlib
import fcntl
import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("CYGNET_BUILD", ROOT / "build")).resolve()

PACKAGES = {
    "strongswan": [
        "strongswan-charon", "strongswan-swanctl", "libcharon-extra-plugins",
        "libcharon-extauth-plugins",
        "libstrongswan-standard-plugins", "libstrongswan-extra-plugins",
    ],
    "strongswan-pki": ["strongswan-pki", "libstrongswan-standard-plugins"],
    "slapd": ["slapd", "dash"],
    "freeradius": ["freeradius"],
    "wireguard-go": ["wireguard-go"],
}

# Peers of another release of Debian than this machine's.
RELEASES = {"wireguard-go": "trixie"}


class Missing(Exception):
    """The peer can't be had here; the text says why."""


def from_release(name, root):
    """apt's options for packages of another release; its lists are fetched first."""
    if name not in RELEASES:
        return []
    (root / "lists" / "partial").mkdir(parents=True)
    (root / "sources.list").write_text(
        "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] "
        f"http://deb.debian.org/debian {RELEASES[name]} main\n")
    options = ["-o", f"Dir::Etc::sourcelist={root / 'sources.list'}",
               "-o", "Dir::Etc::sourceparts=-", "-o", f"Dir::State::lists={root / 'lists'}",
               "-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache="]
    subprocess.run(["apt-get", "-qq", *options, "update"], capture_output=True, check=False)
    return options


@contextlib.contextmanager
def one_at_a_time(name):
    """Two test programs may want the same peer."""
    (BUILD / "peers").mkdir(exist_ok=True)
    with (BUILD / "peers" / f"{name}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def unpack(name):
    """The root of a peer, made when it is not there yet."""
    with one_at_a_time(name):
        return unpacked(name)


def unpacked(name):
    root = BUILD / "peers" / name
    mark = root / ".complete"
    if mark.exists() and mark.read_text().split() == PACKAGES[name]:
        return root
    if os.environ.get("CYGNET_BOOTED"):
        raise Missing(f"{name}: its packages were not unpacked before the kernel was booted")
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Missing(f"{name}: unpacking Debian packages needs root and apt-get")
    shutil.rmtree(root, ignore_errors=True)
    archives = root / "archives"
    (archives / "partial").mkdir(parents=True)
    command = [
        "apt-get", "-qq", "-y", "-o", "Dir::State::status=/dev/null",
        "-o", "APT::Install-Recommends=false", "-o", f"Dir::Cache::archives={archives}",
        *from_release(name, root), "--download-only", "install", *PACKAGES[name],
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        subprocess.run(["apt-get", "-qq", "update"], capture_output=True, check=False)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    packages = sorted(archives.glob("*.deb"))
    if done.returncode or not packages:
        raise Missing(f"{name}: its packages can't be fetched: {done.stderr.strip()[-200:]}")
    for folder in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / folder).mkdir(parents=True, exist_ok=True)
        (root / folder).symlink_to(f"usr/{folder}")
    for package in packages:
        subprocess.run(["dpkg-deb", "-x", package, root], check=True)
    shutil.rmtree(archives)
    shutil.rmtree(root / "lists", ignore_errors=True)
    for folder in ("proc", "sys", "dev", "run", "tmp", "etc/peer", "var"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    if not (root / "var/run").exists():
        (root / "var/run").symlink_to("/run")
    mark.write_text("\n".join(PACKAGES[name]) + "\n")
    return root
