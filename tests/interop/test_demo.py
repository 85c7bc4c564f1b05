# SPDX-License-Identifier: Apache-2.0
"""The demo does what it says, and leaves nothing behind, however it ends."""

import os
import signal
import subprocess
import time

from lab import BUILD, wait_until
from peers import ROOT

DEMO = ROOT / "scripts" / "demo"


def left_behind():
    """Processes, namespaces and folders that a demo could have left."""
    found = [line for line in subprocess.run(["ip", "netns", "list"], capture_output=True, text=True,
                                              check=False).stdout.splitlines()
             if line.split()[0] in ("east", "west", "alice", "bob")]
    if os.path.exists("/run/cygnet-demo"):
        found.append("/run/cygnet-demo")
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as environment:
                if b"IPSEC_RUNDIR=/run/cygnet-demo/" in environment.read():
                    found.append(f"process {pid}")
        except OSError:
            pass
    return found


def start():
    def own_session():
        os.setsid()
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    return subprocess.Popen([DEMO], env={**os.environ, "BUILD": str(BUILD)}, text=True, preexec_fn=own_session,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)


def test_the_demo_works():
    demo = start()
    output = demo.communicate(timeout=120)[0]
    assert demo.returncode == 0, output
    for said in ("5 packets transmitted, 5 received, 0% packet loss", "IPsec SA established",
                 "UDP-encap: ESP", "Anything else of IP, IKE left out: 0 packets", "0 tunnels up",
                 "All of it worked."):
        assert said in output
    assert not left_behind()


def test_an_interrupted_demo_leaves_nothing():
    for seconds in (0.3, 0.7, 1.1):
        demo = start()
        time.sleep(seconds)  # wherever it is by then
        os.killpg(demo.pid, signal.SIGINT)
        demo.communicate(timeout=60)
        wait_until(lambda: not left_behind(), what="everything to be gone")
