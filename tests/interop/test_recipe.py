# SPDX-License-Identifier: Apache-2.0
"""README's recipe: from nothing to two hosts with certificates, by exactly the lines that stand there."""

import os
import re
import subprocess

from lab import IPSEC, Cygnet
from peers import ROOT
from test_signatures import pings

README = (ROOT / "README.md").read_text()

# What a remote copy would do: the host's /etc is a folder here.
SCP = """#!/bin/sh
set -e
[ "$1" = -r ] && host=${{3#root@}} && [ "${{host#*:}}" = /etc/ ]
mkdir -p "{folder}/${{host%%:*}}"
cp -rp "$2" "{folder}/${{host%%:*}}/"
"""


def block(heading):
    """The first indented lines below a heading."""
    lines = README.split(f"\n{heading}\n")[1].splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("    "))
    end = next(i for i in range(start, len(lines)) if lines[i] and not lines[i].startswith("    "))
    return [line[4:] for line in lines[start:end] if line.strip()]


def test_six_commands(labs):
    lab = labs()
    commands = block("### The same with certificates")
    assert len(commands) == 6 and commands[5] == "ipsec auto --up office"
    conf = "\n".join(block("## Your first tunnel")).replace("authby=secret", "authby=pubkey")
    assert conf.count("192.0.2.") == 2 and "authby=pubkey" in conf
    tools, work = lab.folder / "bin", lab.folder / "work"
    tools.mkdir()
    work.mkdir()
    (tools / "scp").write_text(SCP.format(folder=lab.folder))
    (tools / "scp").chmod(0o755)
    (tools / "ipsec").symlink_to(IPSEC)
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
    for command in commands[:5]:
        done = subprocess.run(command, shell=True, cwd=work, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, command + done.stderr
    daemons = []
    for host in (lab.left, lab.right):
        etc = lab.folder / host.address
        files = {str(path.relative_to(etc)): path.read_bytes() for path in etc.rglob("*") if path.is_file()}
        daemons.append(Cygnet(lab, host, conf + "\n", f"include {lab.folder}/cygnet-{host.name}/ipsec.d/*.secrets\n",
                              files=files))
    east, west = daemons
    environment |= {"IPSEC_CONFS": str(east.folder), "IPSEC_RUNDIR": str(east.folder / "run")}
    done = lab.left.run("sh", "-c", commands[5], env=environment)
    assert re.search("^004 .*established", done.stdout, re.M), done.stdout
    pings(lab)
    for host in (east, west):
        assert "0 errors, 0 warnings" in host.ipsec("checkconf").stdout
