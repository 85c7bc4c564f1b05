# SPDX-License-Identifier: Apache-2.0
"""Tunnels whose keys people chose: no negotiation, two daemons that were told the same."""

import re

import pytest

from lab import SECRET, Cygnet, wait_until

KEYS = {
    "leftespenckey": "0x" + "11" * 32,
    "rightespenckey": "0x" + "22" * 32,
    "leftespauthkey": "0x" + "33" * 32,
    "rightespauthkey": "0x" + "44" * 32,
}


def conf(lab, more="", keys=None):
    words = "".join(f"\t{word}={value}\n" for word, value in (KEYS if keys is None else keys).items())
    return f"""
conn hand
	manual=yes
	left={lab.left.address}
	leftsubnet={lab.left.net}
	right={lab.right.address}
	rightsubnet={lab.right.net}
	esp=aes256-sha2_256
	leftespspi=0x301
	rightespspi=0x302
{words}{more}"""


def pair(lab, more="", others=None):
    """Both ends read the same file."""
    ends = [Cygnet(lab, lab.left, conf(lab, more), ""),
            Cygnet(lab, lab.right, conf(lab, more, others), "")]
    for end in ends:
        (end.folder / "ipsec.conf").chmod(0o600)
    return ends


def manual(end, *words, check=True):
    return end.ipsec("manual", *words, check=check)


def test_up_ping_down_unroute(labs):
    lab = labs()
    east, west = pair(lab)
    for end in (east, west):
        done = manual(end, "--up", "hand")
        assert "004 " in done.stdout and "by hand" in done.stdout
        assert "never change" in done.stderr
    assert lab.alice.ping(lab.bob.address) == 3
    assert lab.bob.ping(lab.alice.address) == 3
    status = east.status()
    assert "established by hand" in status and "00000301" in status
    assert all(int(n) >= 3 * 84 for n in re.findall(r"(?:in|out)Bytes=(\d+)", east.ipsec("trafficstatus").stdout))

    again = manual(east, "--up", "hand")
    assert "004 " in again.stdout
    assert lab.alice.ping(lab.bob.address) == 3, "numbers that begin anew are taken"

    manual(east, "--down", "hand")
    assert lab.alice.ping(lab.bob.address, count=1, wait=1) == 0
    assert "established by hand" not in east.status()
    manual(east, "--unroute", "hand")
    east.ipsec("setup", "stop")
    assert lab.left.address in lab.left.run("ip", "addr").stdout


def test_no_secret_is_told(labs):
    lab = labs()
    east, west = pair(lab)
    said = ""
    for end in (east, west):
        for words in (["--show", "--up"], ["--showonly", "--up"]):
            done = manual(end, *words, "hand")
            said += done.stdout + done.stderr
        said += end.status() + end.ipsec("barf").stdout + end.logged()
        said += end.ipsec("showconf").stdout + end.ipsec("checkconf", check=False).stdout
    assert "0x302" in said
    for value in KEYS.values():
        assert value[2:] not in said


def test_other_keys_carry_nothing(labs):
    lab = labs()
    others = dict(KEYS, leftespauthkey="0x" + "55" * 32)
    east, west = pair(lab, others=others)
    for end in (east, west):
        manual(end, "--up", "hand")
    assert lab.alice.ping(lab.bob.address, count=1, wait=1) == 0


def test_a_file_that_others_may_read_is_refused(labs):
    lab = labs()
    east, _ = pair(lab)
    file = east.folder / "ipsec.conf"
    file.chmod(0o644)
    done = manual(east, "--up", "hand", check=False)
    assert done.returncode == 30
    assert f"{file}" in done.stderr and "0644" in done.stderr and "chmod go=" in done.stderr
    assert "established" not in east.status()


@pytest.mark.parametrize("text, wanted", [
    ("\tesp=aes_gcm256\n", "RFC 8221"),
    ("\tleftespspi=7\n", "0x100"),
    ("\tleftespenckey=0x1234\n", "64 hexadecimal digits"),
    ("\tright=%any\n", "known beforehand"),
    ("\tahkey=0x1234\n", "AH around ESP"),
    ("\trightespauthkey=secret\n", "0x and hexadecimal digits"),
], ids=["counter", "spi", "length", "anyone", "both", "no-key"])
def test_refusals(labs, text, wanted):
    lab = labs()
    east, _ = pair(lab)
    file = east.folder / "ipsec.conf"
    word = text.strip().split("=")[0] + "="
    lines = [line for line in file.read_text().splitlines() if line.strip().split("=")[0] + "=" != word]
    file.write_text("\n".join(lines) + "\n" + text)
    done = manual(east, "--up", "hand", check=False)
    assert done.returncode == 30, done
    assert wanted in done.stderr + done.stdout
    assert "established" not in east.status()


def test_a_route_alone_drops(labs):
    lab = labs()
    east, _ = pair(lab)
    lab.left.run("ip", "route", "replace", lab.right.net, "via", lab.right.address)
    lab.right.run("ip", "route", "replace", lab.left.net, "via", lab.left.address)
    assert lab.alice.ping(lab.bob.address) == 3
    manual(east, "--route", "hand")
    assert lab.alice.ping(lab.bob.address, count=1, wait=1) == 0
    manual(east, "--unroute", "hand")
    assert lab.alice.ping(lab.bob.address) == 3


def test_it_is_not_negotiated(labs):
    lab = labs()
    east, west = pair(lab)
    for end in (east, west):
        end.auto("--replace", "hand")
    done = east.auto("--up", "hand", check=False)
    assert done.returncode == 30 and "ipsec manual --up hand" in done.stdout


def test_updown_programs_are_told(labs):
    lab = labs()
    east, _ = pair(lab)
    told = east.folder / "told"
    program = east.folder / "updown"
    program.write_text(f"#!/bin/sh\necho $PLUTO_VERB $PLUTO_PEER_CLIENT >> {told}\n")
    program.chmod(0o755)
    file = east.folder / "ipsec.conf"
    file.write_text(file.read_text() + f"\tleftupdown={program}\n")
    manual(east, "--up", "hand")
    manual(east, "--down", "hand")
    manual(east, "--unroute", "hand")
    wait_until(lambda: "unroute-client" in told.read_text(), what="the last call")
    verbs = [line.split()[0] for line in told.read_text().splitlines()]
    assert verbs == ["prepare-client", "route-client", "up-client", "down-client", "unroute-client"]
    assert SECRET not in told.read_text()
