# SPDX-License-Identifier: Apache-2.0
"""ipsec verify: whether a machine is ready. Single checks are tested on folders that stand for machines."""

import json
import re

import pytest
from support import OFFICE, said


def checks(host, *words):
    done = host.ipsec("verify", "--json", *words)
    told = json.loads(done.stdout)
    assert told["ready"] == (done.returncode == 0)
    return {check["check"]: check for check in told["checks"]}


@pytest.mark.parametrize("words, err", [
    (["--jsn"], "there is no option --jsn; did you mean --json?"),
    (["clok"], "there is no check clok; did you mean clock?"),
    (["tun", "nonsense"], "there is no check nonsense"),
])
def test_what_can_t_be_understood(folder, words, err):
    assert said(folder.ipsec("verify", *words), folder) == (
        2, "", f"ipsec verify: {err}\nipsec verify: --help tells how it is used\n")


def test_help_lists_the_checks(host):
    done = host.ipsec("verify", "--help")
    assert done.returncode == 0
    listed = re.findall(r"^  ([a-z0-9._-]+) {2,}", done.stdout.split("checks:")[1], re.M)
    assert listed == list(checks(host))


def test_each_line_says_how_it_is(host):
    host.write(OFFICE)
    done = host.ipsec("verify")
    lines = [line for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert len(lines) == len(checks(host))
    assert all(re.match(r".{28} (ok|n/a|warning|FAILED)($| )", line) for line in lines), done.stdout


def test_a_machine_before_and_after_the_start(host):
    host.write(OFFICE)
    before = checks(host, "port-500", "port-4500", "pluto", "config", "ipsec.conf", "ipsec.secrets")
    assert {name: check["result"] for name, check in before.items()} == {
        "port-500": "ok", "port-4500": "ok", "pluto": "warning", "config": "ok", "ipsec.conf": "ok",
        "ipsec.secrets": "ok"}
    host.start()
    after = checks(host, "port-500", "port-4500", "pluto")
    assert [check["result"] for check in after.values()] == ["ok", "ok", "ok"]
    assert after["port-500"]["said"] == "pluto's"
    assert str(host.pid()) in after["pluto"]["said"]


def test_a_port_that_another_program_has(host):
    script = "import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(('0.0.0.0', 500)); print(flush=True); input()"
    with host.popen("/usr/bin/python3", "-c", script) as other:
        other.stdout.readline()
        done = host.ipsec("verify", "port-500")
        assert done.returncode == 1
        assert f"taken by python3 (process {other.pid})" in done.stdout
        other.stdin.close()


def test_faults_of_the_configuration(host):
    host.write("conn a\n\tlefft=1\n")
    assert checks(host, "config")["config"]["said"] == "1 errors, 0 warnings"
    (host.path / "ipsec.conf").chmod(0o666)
    assert checks(host, "ipsec.conf")["ipsec.conf"]["to_do"].startswith("chmod o-w ")
    (host.path / "ipsec.conf").unlink()
    done = host.ipsec("verify", "ipsec.conf", "config")
    assert done.returncode == 1
    assert done.stdout.count("FAILED") == 2


def test_somebody_else_s_eyes(host):
    host.write(OFFICE)
    done = host.as_nobody("verify", "privilege", "tun", "ipsec.secrets")
    assert "run ipsec verify as root" in done.stdout
