#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A newer kernel of Debian's, for what user-mode-linux has not; booted under QEMU.

  tests/booted/newer.py     see to it that it is there

It is fetched by apt, as signed by Debian, into lists of its own, unpacked (the kernel, and modules of
networks and cryptography) and kept in CYGNET_CACHE beside the roots (roots.py). CYGNET_MIRROR names the
archive. QEMU interprets it (no KVM), with this machine's own tree as its root.
"""

import fcntl
import lzma
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))
import peers  # noqa: E402
import roots  # noqa: E402

SUITE, PACKAGE = "trixie-backports", "linux-image-amd64"
# Newer ones have three packages for what older ones have in one.
WANTED = ("linux-image", "linux-binary", "linux-modules")
PARTS = ["./boot/vmlinuz-*", *(f"./*lib/modules/*/{part}" for part in (
    "vmlinuz",
    "kernel/net/*", "kernel/crypto/*", "kernel/lib/*", "kernel/arch/*/crypto/*", "kernel/drivers/net/veth.ko*",
    "kernel/drivers/net/tun.ko*", "kernel/drivers/virtio/*", "kernel/fs/9p/*", "kernel/fs/netfs/*", "modules.*"))]
RECIPE = f"1 {SUITE} {PACKAGE} {' '.join(PARTS)}\n"
# What the first process needs before it has its root.
FIRST = ["9pnet_virtio", "9p"]
FIRST_INIT = """#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
for module in /modules/*; do /bin/busybox insmod $module; done
init=$(/bin/busybox sed -n 's/.*start=\\([^ ]*\\).*/\\1/p' /proc/cmdline)
/bin/busybox mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose root /root ||
	/bin/busybox poweroff -f
/bin/busybox umount /proc
/bin/busybox mount --move /dev /root/dev
exec /bin/busybox switch_root /root $init
"""
PROGRAMS = (("qemu-system-x86_64", "qemu-system-x86"), ("busybox", "busybox-static"), ("modprobe", "kmod"),
            ("apt-get", "apt"), ("dpkg-deb", "dpkg"))
DISK_NEEDED = 1 << 30
SAID = 300


def place():
    return roots.cache().parent / "kernels" / SUITE


def why_not():
    """Why it can't be booted here, or None."""
    if os.geteuid() != 0:
        return "a booted kernel on this machine's own tree needs root"
    if os.uname().machine != "x86_64":
        return "the newer kernel is one for x86_64"
    for program, package in PROGRAMS:
        if not shutil.which(program):
            return f"{program} is not installed ({package})"
    return None


def run(*words, **more):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", check=False, **more)
    if done.returncode:
        raise peers.Missing(f"{words[0]} failed: {' '.join(done.stdout[-SAID:].split())}")
    return done.stdout


def needed(options, package, prefix):
    said = run("apt-cache", *options, "depends", package)
    return [line.split()[-1] for line in said.splitlines() if f"Depends: {prefix}" in line][:1]


def fetch(folder):
    """The packages of the newest kernel, whose version only the archive knows."""
    for part in ("lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True)
    mirror = os.environ.get("CYGNET_MIRROR", "http://deb.debian.org/debian")
    (folder / "sources").write_text(f"deb {mirror} {SUITE} main\n")
    options = [word for name, value in (
        ("Dir::Etc::sourcelist", folder / "sources"), ("Dir::Etc::sourceparts", "/dev/null"),
        ("Dir::State::Lists", folder / "lists"), ("Dir::Cache", folder / "cache"),
        ("APT::Sandbox::User", "root"), ("Acquire::Retries", "3")) for word in ("-o", f"{name}={value}")]
    run("apt-get", *options, "-q", "update")
    names = needed(options, PACKAGE, "linux-image-")
    if not names:
        raise peers.Missing(f"{SUITE} has no {PACKAGE}")
    names += [name for part in WANTED[1:] for name in needed(options, names[0], part + "-")]
    run("apt-get", *options, "-q", "download", *names, cwd=folder)
    return sorted(folder.glob("linux-*.deb"))


def archive(root, files):
    """An initramfs: cpio's "new" format, of (name, mode, octets)."""
    made = bytearray()
    for number, (name, mode, octets) in enumerate([*files, ("TRAILER!!!", 0, b"")], 1):
        fields = [number, mode, 0, 0, 1, 0, len(octets), 0, 0, 0, 0, len(name) + 1, 0]
        made += b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
        made += bytes(-len(made) % 4)
        made += octets
        made += bytes(-len(made) % 4)
    root.write_bytes(made)


def write_initrd(made, version):
    listed = "".join(run("modprobe", "-d", made, "-S", version, "--show-depends", module) for module in FIRST)
    paths = dict.fromkeys(line.split()[1] for line in listed.splitlines() if line.startswith("insmod "))
    files = [(name, 0o40755, b"") for name in ("bin", "dev", "proc", "root", "modules")]
    files += [("bin/busybox", 0o100755, Path(shutil.which("busybox")).read_bytes()),
              ("init", 0o100755, FIRST_INIT.encode())]
    for number, path in enumerate(paths):
        octets = Path(path).read_bytes()
        files.append((f"modules/{number:02}", 0o100644, lzma.decompress(octets) if path.endswith(".xz") else octets))
    archive(made / "initrd", files)


def unpack(packages, made):
    for package in packages:
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as tar:
            # A pattern that fits nothing is an error of tar's; what is missing shows below.
            subprocess.run(["tar", "x", "-C", made, "--wildcards", *PARTS], stdin=tar.stdout, check=False,
                           stderr=subprocess.DEVNULL)
    if not (made / "lib").exists():
        (made / "lib").symlink_to("usr/lib")
    kernel = next(made.glob("boot/vmlinuz-*"), None) or next(made.glob("lib/modules/*/vmlinuz"), None)
    if not kernel:
        raise peers.Missing(f"{', '.join(package.name for package in packages)}: no kernel inside")
    version = next(made.glob("lib/modules/*")).name
    kernel.rename(made / "vmlinuz")
    run("depmod", "-b", made, version)
    write_initrd(made, version)


def make():
    """Its folder, once it is there."""
    kernel = place()
    kernel.parent.mkdir(parents=True, exist_ok=True)
    reason = kernel.with_suffix(".reason")
    with kernel.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        reason.unlink(missing_ok=True)
        if (kernel / ".recipe").exists() and (kernel / ".recipe").read_text() == RECIPE:
            return kernel
        made = Path(tempfile.mkdtemp(prefix=f"{SUITE}.part-", dir=kernel.parent))
        try:
            if why := why_not():
                raise peers.Missing(why)
            if shutil.disk_usage(made).free < DISK_NEEDED:
                raise peers.Missing(f"{made} has not {DISK_NEEDED >> 20} MiB free")
            print(f"newer: fetching {kernel}, about half a minute", flush=True)
            with tempfile.TemporaryDirectory(dir=kernel.parent) as folder:
                unpack(fetch(Path(folder)), made)
            (made / ".recipe").write_text(RECIPE)
            shutil.rmtree(kernel, ignore_errors=True)
            made.chmod(0o755)
            made.rename(kernel)
        except peers.Missing as missing:
            reason.write_text(f"the newer kernel is not there: {missing}")
            raise
        finally:
            shutil.rmtree(made, ignore_errors=True)
    return kernel


def missing():
    """Why it is not there, or None: for `boot --newer --check`."""
    kernel = place()
    if why := why_not():
        return why
    if kernel.with_suffix(".reason").exists():
        return kernel.with_suffix(".reason").read_text()
    return None if (kernel / ".recipe").exists() else "the newer kernel is not there: tests/booted/newer.py fetches it"


def command(init, scratch, memory):
    """QEMU's words for a boot whose first process, once it has its root, is `init`."""
    kernel = place()
    return ["qemu-system-x86_64", "-nodefaults", "-display", "none", "-no-reboot", "-accel", "tcg,thread=multi",
            "-smp", "2", "-cpu", "max", "-m", memory, "-kernel", kernel / "vmlinuz", "-initrd", kernel / "initrd",
            "-append", f"console=ttyS0 quiet no_timer_check panic=-1 start={init} scratch={scratch} modules={kernel}", "-serial", "stdio",
            "-virtfs", "local,path=/,mount_tag=root,security_model=passthrough,multidevs=remap"]


def main():
    try:
        make()
    except peers.Missing as why:
        print(f"newer: {why}", flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
