# SPDX-License-Identifier: Apache-2.0
"""A pluto in a network namespace of its own, and a client of its control protocol."""

import json
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from support import BUILD, wait_until

INTERFACE = "org.cygnet.pluto"


def sanitized():
    """Built with the address sanitizer, whose own memory hides what the program needs."""
    return b"__asan_init" in (BUILD / "pluto").read_bytes()


def why_not():
    """Why these tests can't run here, or None."""
    if os.geteuid() != 0:
        return "a network namespace and port 500 need root"
    if not shutil.which("ip"):
        return "iproute2 is not installed"
    if not (BUILD / "pluto").exists():
        return "pluto is not built"
    return None


class Client:
    """One connection to pluto.ctl."""

    def __init__(self, path, timeout=20):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(str(path))
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, method, more=False, **parameters):
        name = method if "." in method else f"{INTERFACE}.{method}"
        call = {"method": name, "parameters": parameters}
        if more:
            call["more"] = True
        self.socket.sendall(json.dumps(call).encode() + b"\0")

    def receive(self):
        """The next reply; None when pluto has hung up."""
        while b"\0" not in self.rest:
            try:
                data = self.socket.recv(1 << 16)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self.rest += data
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **parameters):
        """The only reply to a call without `more`."""
        self.send(method, **parameters)
        return self.receive()

    def stream(self, method, **parameters):
        """All replies to a call with `more`."""
        self.send(method, more=True, **parameters)
        replies = [self.receive()]
        while replies[-1] and replies[-1].get("continues"):
            replies.append(self.receive())
        return replies


class Daemon:
    """Folders, a namespace (its own unless one is named), and the pluto that runs in it."""

    def __init__(self, folder, netns=None):
        self.folder = Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.rundir = self.folder / "run"
        self.confs = self.folder / "etc"
        self.log = self.folder / "log"
        self.netns = netns or f"cygctl{os.getpid()}"
        self.owner = netns is None
        self.process = None
        self.confs.mkdir()
        self.write_secrets('@west @east : PSK "a secret of the tests, long enough"\n')
        if self.owner:
            subprocess.run(["ip", "netns", "add", self.netns], check=True)
            self.ip("link", "set", "lo", "up")

    def ip(self, *words):
        subprocess.run(["ip", "-n", self.netns, *words], check=True)

    def write_secrets(self, text):
        path = self.confs / "ipsec.secrets"
        path.write_text(text)
        path.chmod(0o600)

    def inside(self, *words):
        return ["ip", "netns", "exec", self.netns, *map(str, words)]

    def environment(self):
        return {**os.environ, "IPSEC_RUNDIR": str(self.rundir), "IPSEC_CONFS": str(self.confs)}

    def spawn(self, *options):
        """Start pluto without waiting for anything."""
        with self.log.open("a") as log:
            return subprocess.Popen(
                self.inside(BUILD / "pluto", "--nofork", "--plane", "memory", *options),
                env=self.environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def start(self, *options):
        self.log.touch()
        before = self.log.read_text().count("control socket")
        self.process = self.spawn(*options)
        wait_until(lambda: self.process.poll() is not None
                   or self.log.read_text().count("control socket") > before, what="pluto to start")
        assert self.process.poll() is None, self.log.read_text()
        return self

    def run(self, *words, **more):
        return subprocess.run(self.inside(*words), env=self.environment(), capture_output=True,
                              text=True, timeout=60, check=False, stdin=subprocess.DEVNULL, **more)

    def whack(self, *words):
        return self.run(BUILD / "ipsec", "whack", *words)

    def client(self, **more):
        return Client(self.rundir / "pluto.ctl", **more)

    def status(self, **parameters):
        """All of Status as one object: lists are joined."""
        whole = {}
        with self.client() as c:
            for reply in c.stream("Status", **parameters):
                for key, value in reply["parameters"].items():
                    if isinstance(value, list):
                        whole.setdefault(key, []).extend(value)
                    else:
                        whole[key] = value
        return whole

    def memory_kib(self):
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise AssertionError("no VmRSS")

    def grew_less_than(self, kib, before):
        return sanitized() or self.memory_kib() - before < kib

    def alive(self):
        return self.process.poll() is None and self.status(brief=True)["daemon"]["pid"] > 0

    def kill(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(timeout=20)

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.owner:
            subprocess.run(["ip", "netns", "del", self.netns], check=False)
