# SPDX-License-Identifier: Apache-2.0
"""One host in a network namespace of its own, with its own configuration, and the ipsec command there.

The namespace has no name: it lives as long as the process that holds it, and whatever happens to
the tests it goes with that.
"""

import json
import os
import pty
import select
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("CYGNET_BUILD", ROOT / "build")).resolve()
IPSEC = BUILD / "ipsec"
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

SETUP = "config setup\n\tplane=memory\n\tlogfile={folder}/log\n\n"
OFFICE = """\
conn office
\tleft=192.0.2.1
\tleftid=@east
\tleftsubnet=10.1.0.0/24
\tright=192.0.2.2
\trightid=@west
\trightsubnet=10.2.0.0/24
\tauthby=secret

"""
SECRETS = '@east @west : PSK "a secret that is long enough"\n'


def why_no_daemon():
    """Why a daemon can't be run here, or None."""
    if os.geteuid() != 0:
        return "running pluto needs root"
    if not (BUILD / "pluto").exists():
        return "pluto is not built"
    probe = subprocess.run(["unshare", "-n", "true"], capture_output=True, text=True, check=False)
    return f"network namespaces can't be made: {probe.stderr.strip()}" if probe.returncode else None


def wait_until(check, what, seconds=15):
    end = time.monotonic() + seconds
    while not (value := check()):
        assert time.monotonic() < end, f"waited {seconds} s in vain for {what}"
        time.sleep(0.02)
    return value


def is_alive(pid):
    """It runs: one that has ended and waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def at_terminal(host, answers, *words):
    """Run a command whose terminal is ours; each question gets its answer. Its status and all that was seen."""
    pid, terminal = pty.fork()
    if pid == 0:
        command = [*host.enter(), "ipsec", *words]
        os.execvpe(command[0], command, {**os.environ, **host.environment()})
    seen, end = "", time.monotonic() + 20
    try:
        while time.monotonic() < end:
            if not select.select([terminal], [], [], 0.2)[0]:
                continue
            try:
                got = os.read(terminal, 4096).decode()
            except OSError:
                break
            if not got:
                break
            seen += got
            if answers and seen.endswith((" passphrase: ", " PIN: ")):
                os.write(terminal, (answers.pop(0) + "\n").encode())
        else:
            os.kill(pid, signal.SIGKILL)
    finally:
        os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), seen


class Folder:
    """A configuration, and the ipsec command that reads it."""

    def __init__(self, conf="", secrets=SECRETS):
        self.path = Path(tempfile.mkdtemp(prefix="cygnet-cli-"))
        self.path.chmod(0o755)
        self.rundir = self.path / "run"
        self.write(conf)
        self.write_secrets(secrets)

    def write(self, conf):
        (self.path / "ipsec.conf").write_text(SETUP.format(folder=self.path) + conf)
        (self.path / "ipsec.conf").chmod(0o600)

    def write_secrets(self, text):
        (self.path / "ipsec.secrets").write_text(text)
        (self.path / "ipsec.secrets").chmod(0o600)

    def environment(self):
        """For commands of a shell: `ipsec` is the one that was built."""
        path = self.path / "bin"
        path.mkdir(exist_ok=True)
        if not (path / "ipsec").exists():
            (path / "ipsec").symlink_to(IPSEC)
        return {"PATH": f"{path}:{os.environ['PATH']}", "LC_ALL": "C",
                "IPSEC_CONFS": str(self.path), "IPSEC_RUNDIR": str(self.rundir)}

    def enter(self):
        return []

    def run(self, *words, timeout=60):
        return subprocess.run([*self.enter(), *map(str, words)], env=self.environment(), cwd=self.path,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                              timeout=timeout)

    def popen(self, *words):
        """A program that goes on running; its process has pipes for input and output."""
        return subprocess.Popen([*self.enter(), *map(str, words)], env=self.environment(), cwd=self.path,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ipsec(self, *words, timeout=60):
        return self.run("ipsec", *words, timeout=timeout)

    def auto(self, *words, timeout=60):
        return self.ipsec("auto", *words, timeout=timeout)

    def as_nobody(self, *words):
        """The command by somebody who is not root. (The build folder may be closed to others.)"""
        program = self.path / "ipsec"
        if not program.exists():
            shutil.copy(IPSEC, program)
            program.chmod(0o755)
        return self.run(*NOBODY, program, *words)

    def clear(self, text):
        """Output without what differs from run to run."""
        return text.replace(str(self.path), "DIR")

    def close(self):
        shutil.rmtree(self.path, ignore_errors=True)


class Host(Folder):
    """A folder, and a network namespace with the address 192.0.2.1 where its commands run."""

    def __init__(self, conf="", secrets=SECRETS, address="192.0.2.1", wire_to=None):
        super().__init__(conf, secrets)
        self.holder = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "-n", "sh", "-c", "echo; exec sleep infinity"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.holder.stdout.readline()
        try:
            self.connect(address, wire_to)
        except BaseException:
            self.close()
            raise

    def connect(self, address, wire_to):
        self.set_up("ip link set lo up\n")
        if wire_to:
            wire_to.set_up("ip link del wire0\n")
            self.set_up(f"ip link add wire0 type veth peer name wire0 netns {wire_to.holder.pid}\n")
            wire_to.raise_wire("192.0.2.1")
        else:
            self.set_up("ip link add wire0 type veth peer name far0\nip link set far0 up\n")
        self.raise_wire(address)

    def enter(self):
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net"]

    def set_up(self, script):
        done = self.run("sh", "-ec", script)
        assert done.returncode == 0, done.stderr

    def raise_wire(self, address):
        self.set_up(f"ip addr replace {address}/24 dev wire0\nip link set wire0 up\n")

    def pid(self):
        """Of its pluto; 0 when none is running."""
        try:
            pid = int((self.rundir / "pluto.pid").read_text())
            return pid if is_alive(pid) else 0
        except (OSError, ValueError):
            return 0

    def start(self):
        done = self.ipsec("setup", "start")
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def start_deaf(self):
        """pluto alone, before anybody has made it listen."""
        done = self.ipsec("pluto", "--plane", "memory", "--logfile", self.path / "log")
        assert done.returncode == 0, done.stderr

    def stop(self):
        return self.ipsec("setup", "stop")

    def log(self):
        return (self.path / "log").read_text()

    def status(self, name=None):
        """What whack --status --json says."""
        words = ["--name", name] if name else []
        done = self.ipsec("whack", "--status", *words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def names(self):
        return sorted(c["name"] for c in self.status().get("connections", []))

    def close(self):
        self.stop()
        if pid := self.pid():
            os.kill(pid, signal.SIGKILL)
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()
        super().close()


def said(done, folder):
    """What a command did, for comparing at once: exit status, output and complaints."""
    return done.returncode, folder.clear(done.stdout), folder.clear(done.stderr)
