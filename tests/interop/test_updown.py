# SPDX-License-Identifier: Apache-2.0
"""Updown programs of real tunnels: what is called when, and in which environment."""

import os
import re
import signal
import time

import pytest

from lab import BUILD, SECRET, Cygnet, wait_until

SECRETS = f'@east @west : PSK "{SECRET}"\n'
# Of the shell that the test's program is.
OF_THE_SHELL = {"PWD", "OLDPWD", "SHLVL", "_"}
INHERITED = {"PATH", "LANG", "TZ", "IPSEC_CONFS", "IPSEC_RUNDIR", "IPSEC_EXECDIR"}


def documented():
    """Names of the man page's table."""
    page = (BUILD / "man" / "ipsec_updown.8").read_text()
    return set(re.findall(r"^\.It Ev (\w+)$", page, re.M)) - INHERITED


class Program:
    """A program for leftupdown= that keeps what it was called with."""

    def __init__(self, lab, name, body="exit 0"):
        self.folder = lab.folder / f"updown-{name}"
        self.folder.mkdir()
        self.path = self.folder / "program"
        self.change(body)

    def change(self, body):
        self.path.write_text(f"""#!/bin/sh
env > {self.folder}/env.$PLUTO_VERB
ls -l /proc/self/fd > {self.folder}/fds
echo "$PLUTO_VERB" >> {self.folder}/calls
{body}
""")
        self.path.chmod(0o755)

    def calls(self):
        """The verbs so far."""
        calls = self.folder / "calls"
        return calls.read_text().split() if calls.exists() else []

    def env(self, verb):
        lines = (self.folder / f"env.{verb}").read_text().splitlines()
        return {name: value for name, _, value in (line.partition("=") for line in lines)
                if name not in OF_THE_SHELL}


def conf(lab, more="", subnets=True):
    nets = f"\tleftsubnet={lab.left.net}\n\trightsubnet={lab.right.net}\n" if subnets else ""
    return f"""
conn office
	left={lab.left.address}
	leftid=@east
	right={lab.right.address}
	rightid=@west
	authby=secret
	auto=add
{nets}{more}
"""


def start(lab, program, more="", subnets=True, setup="\tplane=esp\n"):
    """East has the program; the peer's end names one that is not ours to run."""
    text = conf(lab, f"\tleftupdown={program.path}\n\trightupdown=/nonexistent/peers\n{more}", subnets)
    east = Cygnet(lab, lab.left, text, SECRETS, setup)
    west = Cygnet(lab, lab.right, conf(lab, more, subnets), SECRETS)
    return east, west


@pytest.mark.parametrize("outer,inner", [(4, 4), (6, 6), (4, 6)])
@pytest.mark.parametrize("subnets", [True, False])
def test_environment(labs, outer, inner, subnets):
    if not subnets and outer != inner:
        pytest.skip("there is nothing inside then")
    lab = labs(outer=outer, inner=inner)
    program = Program(lab, "east")
    source = lab.left.inside if subnets else lab.left.address
    east, _ = start(lab, program, f"\tmetric=77\n\tmtu=1300\n\tleftsourceip={source}\n"
                                  f"\tleftnexthop={lab.right.address}\n", subnets)
    suffix = ("-client" if subnets else "-host") + ("-v6" if inner == 6 else "")
    verbs = [verb + suffix for verb in ("prepare", "route", "up", "down", "unroute")]
    east.auto("--up", "office")
    assert program.calls() == verbs[:3]
    if subnets:
        assert lab.alice.ping(lab.bob.address) == 3
    else:
        assert lab.left.ping(lab.right.address) == 3
    east.auto("--down", "office")
    east.auto("--unroute", "office")
    wait_until(lambda: len(program.calls()) == 5, what="the programs")
    assert program.calls() == verbs

    bits = 24 if inner == 4 else 64
    full = 32 if inner == 4 else 128
    mine, peers = (lab.left.net, lab.right.net) if subnets else \
        (f"{lab.left.address}/{full}", f"{lab.right.address}/{full}")
    mask = {24: "255.255.255.0", 32: "255.255.255.255", 64: "ffff:ffff:ffff:ffff::",
            128: "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}[bits if subnets else full]
    outer_name, inner_name = f"ipv{outer}", f"ipv{inner}"
    always = {
        "PLUTO_VERSION": "2.0", "PLUTO_CONNECTION": "office", "PLUTO_CONNECTION_TYPE": "tunnel",
        "PLUTO_CONN_KIND": "CK_PERMANENT", "PLUTO_CONN_ADDRFAMILY": outer_name,
        "PLUTO_CONN_ENDFAMILY": outer_name, "PLUTO_CONN_CLIENTFAMILY": inner_name,
        "PLUTO_CLIENT_FAMILY": inner_name, "PLUTO_INTERFACE": "wire0", "PLUTO_VIRT_INTERFACE": "ipsec0",
        "PLUTO_STACK": "esp", "PLUTO_NEXT_HOP": lab.right.address, "PLUTO_ME": lab.left.address,
        "PLUTO_PEER": lab.right.address, "PLUTO_MY_ID": "@east", "PLUTO_PEER_ID": "@west",
        "PLUTO_MY_CLIENT": mine, "PLUTO_MY_CLIENT_NET": mine.split("/")[0], "PLUTO_MY_CLIENT_MASK": mask,
        "PLUTO_PEER_CLIENT": peers, "PLUTO_PEER_CLIENT_NET": peers.split("/")[0],
        "PLUTO_PEER_CLIENT_MASK": mask, "PLUTO_MY_PORT": "0", "PLUTO_PEER_PORT": "0",
        "PLUTO_MY_PROTOCOL": "0", "PLUTO_PEER_PROTOCOL": "0", "PLUTO_MY_SOURCEIP": source,
        f"PLUTO_MY_SOURCEIP{inner}_1": source, "PLUTO_METRIC": "77", "PLUTO_MTU": "1300",
        "PLUTO_IS_PEER_CISCO": "0", "PLUTO_NM_CONFIGURED": "0", "PLUTO_CFG_SERVER": "0",
        "PLUTO_CFG_CLIENT": "0", "XAUTH_FAILED": "0",
    }
    of_child = {"PLUTO_SA_TYPE": "ESP", "PLUTO_PROTO": "esp", "PLUTO_UDP_ENC": "4500"}
    for verb in verbs:
        env = program.env(verb)
        assert env["PLUTO_VERB"] == verb
        assert {name: env.get(name) for name in always} == always, verb
        assert "PSK+ENCRYPT+TUNNEL+PFS" in env["PLUTO_CONN_POLICY"]
        assert env["PLUTO_SA_REQID"] == env["PLUTO_REQID"] != "0"
        assert {name: env.get(name) for name in of_child} == \
            (of_child if verb[:2] in ("up", "do") else dict.fromkeys(of_child))
        assert set(env) <= documented() | INHERITED, "undocumented"
    up, down = program.env(verbs[2]), program.env(verbs[3])
    assert re.fullmatch("0x[0-9a-f]{3,8}", up["SPI_IN"]) and up["SPI_IN"] == down["SPI_IN"]
    assert re.fullmatch("0x[0-9a-f]{3,8}", up["SPI_OUT"]) and up["SPI_OUT"] == down["SPI_OUT"]
    assert abs(int(up["PLUTO_ADDTIME"]) - time.time()) < 60
    assert int(down["PLUTO_INBYTES"]) >= 3 * 84 <= int(down["PLUTO_OUTBYTES"])
    assert int(up["PLUTO_UNIQUEID"]) > 0
    never_here = {"PLUTO_PEER_SOURCEIP", "PLUTO_PEER_SOURCEIP4_1", "PLUTO_PEER_SOURCEIP6_1",
                  f"PLUTO_MY_SOURCEIP{10 - inner}_1"}
    # What a peer gives by its configuration payload: test_internal.py.
    never_here |= {"PLUTO_DNS4_1", "PLUTO_DNS4_2", "PLUTO_DNS6_1", "PLUTO_DNS6_2", "PLUTO_PEER_DNS_INFO",
                   "PLUTO_PEER_DOMAIN_INFO", "PLUTO_CISCO_DNS_INFO", "PLUTO_CISCO_DOMAIN_INFO", "PLUTO_PEER_BANNER"}
    # What needs the kernel's IPsec, or an authority: tests/unit/pluto/updown_env_test.c.
    never_here |= {"PLUTO_MARK_IN", "PLUTO_MARK_OUT", "PLUTO_IF_ID_IN", "PLUTO_IF_ID_OUT", "PLUTO_IPCOMP", "PLUTO_PEER_CA",
                   "PLUTO_XFRMI_ROUTE", "VTI_IFACE", "VTI_IP", "VTI_ROUTING", "VTI_SHARED"}
    seen = set().union(*(program.env(verb) for verb in verbs))
    assert documented() - seen == never_here


def test_nothing_of_the_daemon_is_handed_on(labs):
    lab = labs()
    program = Program(lab, "east")
    east, _ = start(lab, program)
    east.auto("--route", "office")
    # 0, 1, 2, and the folder that ls reads.
    assert len((program.folder / "fds").read_text().splitlines()) == 1 + 4
    assert "/dev/null" in (program.folder / "fds").read_text()


@pytest.mark.parametrize("verb", ["prepare", "route"])
def test_a_refusal_is_told_in_the_programs_words_and_undone(labs, verb):
    lab = labs()
    program = Program(lab, "east", f"""
case $PLUTO_VERB in {verb}-*) echo "not while the moon is full"; exit 3 ;; esac""")
    east, west = start(lab, program)
    for operation in ("--route", "--up"):
        done = east.auto(operation, "office", check=False)
        assert done.returncode == 25, done.stdout
        assert "not while the moon is full" in done.stdout and "status 3" in done.stdout
        assert "office" in done.stdout
    wait_until(lambda: "10.2.0.0" not in lab.left.run("ip", "route", "show", "table", "all").stdout,
               what="the route to go")
    assert lab.alice.ping(lab.bob.address, count=1, wait=1) == 0
    # Mended, a new try has it.
    program.change("exit 0")
    assert "004 " in east.auto("--up", "office").stdout
    assert lab.alice.ping(lab.bob.address) == 3


def test_a_tunnel_whose_program_failed_stands_and_up_says_so(labs):
    lab = labs()
    program = Program(lab, "east", 'case $PLUTO_VERB in up-*) echo "no rain today"; exit 3 ;; esac')
    east, _ = start(lab, program)
    done = east.auto("--up", "office", check=False)
    assert done.returncode == 3, done.stdout
    assert "003 " in done.stdout and "no rain today" in done.stdout
    assert lab.alice.ping(lab.bob.address) == 3
    assert east.auto("--asynchronous", "--up", "office").returncode == 0


def test_time_is_limited(labs):
    lab = labs()
    program = Program(lab, "east", "trap '' TERM; sleep 100 & wait; sleep 100")
    east, _ = start(lab, program, setup="\tplane=esp\n\tupdown-timeout=1s\n")
    began = time.monotonic()
    done = east.auto("--route", "office", check=False)
    assert done.returncode == 25
    assert time.monotonic() - began < 8
    assert "took more than 1000 ms" in done.stdout
    assert "it is killed" in east.logged()
    wait_until(lambda: not lab.left.run("pgrep", "-f", program.path, check=False).stdout,
               what="the program to be gone")


def test_stop_runs_what_is_to_be_undone(labs):
    lab = labs()
    program = Program(lab, "east", "sleep 0.3; echo done with $PLUTO_VERB")
    east, _ = start(lab, program)
    east.auto("--up", "office")
    east.ipsec("setup", "stop")
    assert program.calls() == [f"{verb}-client" for verb in ("prepare", "route", "up", "down", "unroute")]
    assert "done with unroute-client" in east.logged()


def test_after_a_kill_what_still_stands_is_told(labs):
    lab = labs()
    program = Program(lab, "east")
    east, _ = start(lab, program)
    east.auto("--up", "office")
    pid = int((east.folder / "run" / "pluto.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"), what="pluto to be dead")
    east.ipsec("setup", "start")
    assert "\"office\": the pluto before ended without calling its updown program for down and unroute" \
        in east.logged()
    told = east.logged().count("the pluto before")
    east.ipsec("setup", "restart")
    assert east.logged().count("the pluto before") == told == 1


def test_a_shell_only_where_it_is_asked_for(labs):
    lab = labs()
    program = Program(lab, "east")
    text = conf(lab, "\tleftupdown=\"sh -c 'echo $PLUTO_VERB | tr a-z A-Z'\"\n")
    east = Cygnet(lab, lab.left, text, SECRETS)
    east.auto("--route", "office")
    assert "PREPARE-CLIENT" in east.logged()
    done = east.ipsec("whack", "--name", "piped", "--host", lab.left.address, "--updown",
                      f"{program.path} | tee /tmp/x", "--to", "--host", lab.right.address, "--psk",
                      check=False)
    assert done.returncode != 0
    assert "sh -c" in done.stdout + done.stderr
    assert program.calls() == []


@pytest.mark.parametrize("command", ["ipsec _updown", f"{BUILD}/ipsec _updown.netkey --route yes"])
def test_the_default_of_other_systems_does_nothing(labs, command):
    """Whether there is an ipsec command where pluto looks for programs, or none."""
    lab = labs()
    east = Cygnet(lab, lab.left, conf(lab, f"\tleftupdown=\"{command}\"\n"), SECRETS)
    Cygnet(lab, lab.right, conf(lab), SECRETS)
    assert "004 " in east.auto("--up", "office").stdout
    assert "updown" not in east.logged()


@pytest.mark.parametrize("before", ["--up", "--route"])
def test_a_program_that_comes_with_a_new_version_is_called(labs, before):
    """The one before had none, and its entry stays in force."""
    lab = labs()
    program = Program(lab, "new")
    east = Cygnet(lab, lab.left, conf(lab), SECRETS)
    Cygnet(lab, lab.right, conf(lab), SECRETS)
    east.auto(before, "office")
    (east.folder / "ipsec.conf").write_text((east.folder / "ipsec.conf").read_text().replace("auto=add\n", f"auto=add\n\tleftupdown={program.path}\n", 1))
    east.ipsec("reload")
    east.auto("--up", "office")
    wait_until(lambda: program.calls()[-1:] in (["up-client"], ["up-host"]), what="the program to be told of the tunnel")
    assert [verb.split("-")[0] for verb in program.calls()] == ["prepare", "route", "up"]
    east.auto("--down", "office")
    east.auto("--unroute", "office")
    wait_until(lambda: program.calls()[-1:][0].startswith("unroute"), what="the program to be told of the end")
    assert [verb.split("-")[0] for verb in program.calls()[3:]] == ["down", "unroute"]


def test_a_new_version_waits_for_what_undoes_the_old_one(labs):
    lab = labs()
    program = Program(lab, "slow")
    program.change(f'case $PLUTO_VERB in down*|unroute*) sleep 0.5 ;; esac; echo end >> {program.folder}/calls')
    east, _ = start(lab, program)
    east.auto("--up", "office")
    (east.folder / "ipsec.conf").write_text((east.folder / "ipsec.conf").read_text().replace("auto=add\n", "auto=add\n\tikelifetime=3h\n", 1))
    east.ipsec("reload")
    east.auto("--up", "office")
    wait_until(lambda: len(program.calls()) == 16, what="all calls")
    verbs = ["prepare", "route", "up", "down", "unroute", "prepare", "route", "up"]
    assert [verb.split("-")[0] for verb in program.calls()] == [word for verb in verbs for word in (verb, "end")]
