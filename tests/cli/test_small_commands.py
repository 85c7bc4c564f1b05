# SPDX-License-Identifier: Apache-2.0
"""look, features, showroute, showdefaults, ranbits: small commands, each of which shows one thing."""

import json
import re

import pytest
from support import OFFICE, said


@pytest.mark.parametrize("words, err", [
    (["look", "--all"], "there is no option --all"),
    (["look", "a"], "one word too many: a"),
    (["features", "--jsno"], "there is no option --jsno; did you mean --json?"),
    (["showdefaults", "x"], "one word too many: x"),
    (["ranbits"], "the number of bits is missing"),
    (["ranbits", "--byte=1", "4"], "--bytes takes no value"),
])
def test_what_can_t_be_understood(folder, words, err):
    assert said(folder.ipsec(*words), folder) == (
        2, "", f"ipsec {words[0]}: {err}\nipsec {words[0]}: --help tells how it is used\n")


@pytest.mark.parametrize("command", ["look", "features", "showroute", "showdefaults", "ranbits"])
def test_help(folder, command):
    done = folder.ipsec(command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: ipsec {command}")


# output that can't be written


@pytest.mark.parametrize("words", [
    "--help", "version", "auto --help", "auto --showonly --ready", "whack --help", "setup status",
    "checkconf", "checkconf --json", "showconf", "showconf --json", "algparse --ike aes", "verify clock",
    "verify --json clock", "features", "features --json", "look", "barf", "ranbits 8", "showroute 127.0.0.1", "pki --help",
    "newhostkey --help", "newhostkey --output -", "rsasigkey --help", "showhostkey --help", "manual --help",
])
def test_output_that_can_t_be_written_is_a_failure(folder, words):
    done = folder.run("sh", "-c", f"ipsec {words} >/dev/full")
    assert done.returncode == 74
    assert done.stderr.splitlines()[-1].startswith("ipsec: can't write the output")


def test_what_pluto_tells_and_can_t_be_written(started):
    for words in ("auto --status", "whack --status --json", "up nobody", "look"):
        done = started.run("sh", "-c", f"ipsec {words} >/dev/full")
        assert done.returncode == 74, words
        assert re.fullmatch("ipsec: can't write the output(: No space left on device)?\n", done.stderr), words


# ranbits


@pytest.mark.parametrize("words, form", [
    (["1"], "0x[0-9a-f]{2}"), (["32"], "0x[0-9a-f]{8}"), (["33"], "0x[0-9a-f]{8}_[0-9a-f]{2}"),
    (["--continuous", "96"], "0x[0-9a-f]{24}"), (["--quick", "--bytes", "9"], "0x[0-9a-f]{8}_[0-9a-f]{8}_[0-9a-f]{2}"),
])
def test_random_bits(folder, words, form):
    done = folder.ipsec("ranbits", *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(form + "\n", done.stdout)


def test_random_bits_differ(folder):
    assert len({folder.ipsec("ranbits", "128").stdout for _ in range(5)}) == 5
    for word in ("0", "-1", "x", "65537"):
        assert folder.ipsec("ranbits", "--", word).returncode == 2


# features


def test_features(folder):
    text = folder.ipsec("features").stdout
    told = json.loads(folder.ipsec("features", "--json").stdout)
    assert text.startswith(f"Cygnet {told['version']} on Linux ")
    assert told["words"]["type"][:2] == ["tunnel", "transport"]
    for kind in ("encryption", "integrity", "prf", "key_exchange"):
        for algorithm in told["algorithms"][kind]:
            assert re.search(rf"\b{algorithm['name']}\b", text)
            assert algorithm["ike"] or algorithm["esp"]
            assert algorithm["weak"] == bool(re.search(rf"\b{algorithm['name']}\*", text))
    assert {"AES_GCM_16", "CHACHA20_POLY1305"} <= {a["name"] for a in told["algorithms"]["encryption"]}
    assert set(told["kernel"]) >= {"tun", "nf_tables", "xfrm", "esp_state", "random", "release"}


# routes


def test_how_an_address_is_reached(host):
    host.set_up("ip route add default via 192.0.2.254 dev wire0\nip route add prohibit 203.0.113.0/24\n")
    assert said(host.ipsec("showroute"), host) == (0, "%defaultroute: from 192.0.2.1 by 192.0.2.254 on wire0\n", "")
    assert said(host.ipsec("showroute", "192.0.2.7", "10.0.0.1"), host) == (
        0, "192.0.2.7: from 192.0.2.1 on wire0\n10.0.0.1: from 192.0.2.1 by 192.0.2.254 on wire0\n", "")
    assert json.loads(host.ipsec("showroute", "--json", "10.0.0.1").stdout) == [
        {"to": "10.0.0.1", "source": "192.0.2.1", "nexthop": "192.0.2.254", "interface": "wire0"}]
    done = host.ipsec("showroute", "203.0.113.1")
    assert (done.returncode, done.stdout) == (1, "")
    assert "203.0.113.1" in done.stderr
    done = host.ipsec("showroute", "2001:db8::1")
    assert (done.returncode, done.stdout) == (1, "")
    assert said(host.ipsec("showroute", "gw"), host) == (2, "", "ipsec showroute: gw is no IP address\n")


def test_no_default_route(host):
    assert said(host.ipsec("showroute"), host) == (1, "", "ipsec showroute: this host has no default route\n")


def test_what_pluto_found(host):
    done = host.ipsec("showdefaults")
    assert (done.returncode, done.stdout) == (1, "")
    assert "ipsec.info: No such file or directory; pluto writes it" in done.stderr
    host.set_up("ip route add default via 192.0.2.254 dev wire0\n")
    host.start()
    done = host.ipsec("showdefaults")
    assert done.returncode == 0
    assert "defaultrouteaddr='192.0.2.1'\n" in done.stdout


def test_addresses_that_addconn_was_once_told(host):
    host.write("conn a\n\tleft=%defaultroute\n\tright=192.0.2.2\n\tauthby=secret\n")
    done = host.ipsec("addconn", "--defaultroute", "192.0.2.1", "--listall")
    assert (done.returncode, done.stdout) == (0, "a\n")
    assert "--defaultroute and --defaultroutenexthop do nothing" in done.stderr and "ipsec.info" in done.stderr


# look


def test_look_without_pluto(host):
    done = host.ipsec("look")
    assert (done.returncode, done.stderr) == (1, "")
    assert "pluto: pluto is not running" in done.stdout
    assert "  192.0.2.1 on wire0\n" in done.stdout
    assert "  192.0.2.0/24 on wire0 from 192.0.2.1\n" in done.stdout


def test_look_at_a_tunnel(pair):
    east, west = pair
    east.write(OFFICE)
    assert east.ipsec("add", "office").returncode == 0
    assert west.ipsec("start", "office").returncode == 0
    done = west.ipsec("look")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r'^  "office" 10\.2\.0\.0/24 -> 10\.1\.0\.0/24: tunnel, erouted$', done.stdout, re.M), done.stdout
    assert re.search(r'^  "office" #1 IKE 192\.0\.2\.2:\d+\.\.\.192\.0\.2\.1:\d+: ', done.stdout, re.M)
    assert re.search(r'^  "office" #2 ESP 10\.2\.0\.0/24 -> 10\.1\.0\.0/24: in \S+, out \S+, ', done.stdout, re.M)
