#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Roots of other Debian systems, in which peers of ours live; made once and kept.

  tests/booted/roots.py [NAME...]     see to it that they are there and sound

Without a NAME all of them, and what tests/interop unpacks into the build folder. They lie in CYGNET_CACHE, or cygnet/ of XDG_CACHE_HOME (~/.cache), outside the checkout. A root
that does not pass its check is made anew; one that can't be had leaves its reason beside it,
for the tests that skip. CYGNET_MIRROR names the archive (debootstrap's own choice).
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))
import peers  # noqa: E402

# Debian's suites by our names; what a root holds beside the minimum; what must answer in it.
ROOTS = {
    "bookworm": (["libreswan", "bind9-host"], [["/usr/libexec/ipsec/pluto", "--version"]]),
    "trixie": (["libreswan", "bind9-host", "openiked"],
               [["/usr/libexec/ipsec/pluto", "--version"], ["/usr/sbin/iked", "-V"]]),
}
DISK_NEEDED = 1 << 30
SAID = 300  # octets of a failing program's last words


def cache():
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("CYGNET_CACHE") or Path(home) / "cygnet") / "roots"


def recipe(name):
    packages, checks = ROOTS[name]
    return f"{name}: {' '.join(packages)}; {checks}\n"


def sound(name, root):
    """Made by the present recipe, and what it is for runs."""
    stamp = root / ".recipe"
    if not stamp.exists() or stamp.read_text() != recipe(name):
        return False
    return all(subprocess.run(["chroot", root, *check], capture_output=True, check=False).returncode == 0
               for check in ROOTS[name][1])


def why_not(folder):
    """Why no root can be made here, or None."""
    if os.geteuid() != 0:
        return "debootstrap and chroot need root"
    if not shutil.which("debootstrap"):
        return "debootstrap is not installed (debootstrap)"
    free = shutil.disk_usage(folder).free
    if free < DISK_NEEDED:
        return f"{folder} has {free >> 20} MiB free, a root needs {DISK_NEEDED >> 20}"
    return None


def bootstrap(name, root):
    """Make it beside its place, and move it there whole."""
    made = Path(tempfile.mkdtemp(prefix=f"{name}.part-", dir=root.parent))
    made.chmod(0o755)
    try:
        command = ["debootstrap", "--variant=minbase", f"--include={','.join(ROOTS[name][0])}", name, made]
        if os.environ.get("CYGNET_MIRROR"):
            command.append(os.environ["CYGNET_MIRROR"])
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
        if done.returncode:
            raise peers.Missing(f"debootstrap of {name} failed: {' '.join(done.stdout[-SAID:].split())}")
        (made / "etc/peer").mkdir()
        (made / ".recipe").write_text(recipe(name))
        if not sound(name, made):
            raise peers.Missing(f"{name}: what debootstrap made does not run here")
        shutil.rmtree(root, ignore_errors=True)
        made.rename(root)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def make(name):
    """The root's path, once it is there and sound."""
    folder = cache()
    folder.mkdir(parents=True, exist_ok=True)
    root, reason = folder / name, folder / f"{name}.reason"
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        reason.unlink(missing_ok=True)
        if sound(name, root):
            return root
        try:
            if why := why_not(folder):
                raise peers.Missing(f"{name}: {why}")
            print(f"roots: making {root}, about a minute", flush=True)
            bootstrap(name, root)
        except peers.Missing as missing:
            reason.write_text(str(missing))
            raise
    return root


def find(name):
    """The same inside a booted kernel, where nothing can be made."""
    root, reason = cache() / name, cache() / f"{name}.reason"
    if reason.exists():
        raise peers.Missing(reason.read_text())
    if not (root / ".recipe").exists():
        raise peers.Missing(f"{root} is not there: tests/booted/roots.py makes it")
    return root


def main(names):
    wanted = [(make, name) for name in names or ROOTS]
    if not names:
        wanted += [(peers.unpack, name) for name in peers.PACKAGES]
    failed = False
    for get, name in wanted:
        try:
            get(name)
        except peers.Missing as missing:
            print(f"roots: {missing}", flush=True)
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
