# SPDX-License-Identifier: Apache-2.0
"""Short spellings: ipsec up NAME is ipsec auto --up NAME."""

import json
import re

import pytest
from support import OFFICE, said


@pytest.mark.parametrize("words, command", [
    (["up", "a"], "ipsec whack --name a --initiate"),
    (["--up", "a"], "ipsec whack --name a --initiate"),
    (["initiate", "a"], "ipsec whack --name a --initiate"),
    (["up", "--asynchronous", "a"], "ipsec whack --asynchronous --name a --initiate"),
    (["up", "--bg", "a"], "ipsec whack --asynchronous --name a --initiate"),
    (["down", "a", "b"], "ipsec whack --name a --terminate\nipsec whack --name b --terminate"),
    (["terminate", "a"], "ipsec whack --name a --terminate"),
    (["delete", "a"], "ipsec whack --name a --delete"),
    (["route", "a"], "ipsec whack --name a --route"),
    (["unroute", "a"], "ipsec whack --name a --unroute"),
    (["listen"], "ipsec whack --listen"),
    (["--ready"], "ipsec whack --listen"),
    (["secrets"], "ipsec whack --rereadsecrets"),
    (["crls"], "ipsec whack --rereadcrls"),
    (["fetchcrls"], "ipsec whack --rereadcrls"),
    (["rereadcerts"], "ipsec whack --rereadcacerts\nipsec whack --name '*' --delete-ca"),
    (["rereadall"], "ipsec whack --rereadall\nipsec whack --name '*' --delete-ca"),
])
def test_what_they_stand_for(folder, words, command):
    shown = folder.ipsec(words[0], "--showonly", *words[1:])
    assert said(shown, folder) == (0, command + "\n", "")


@pytest.mark.parametrize("word, option", [
    ("globalstatus", "--globalstatus"), ("connectionstatus", "--connectionstatus"),
    ("briefconnectionstatus", "--briefconnectionstatus"), ("showstates", "--showstates"),
    ("statestatus", "--showstates"), ("shuntstatus", "--shuntstatus"),
    ("addresspoolstatus", "--addresspoolstatus"), ("leases", "--addresspoolstatus"),
    ("fipsstatus", "--fipsstatus"), ("fips", "--fipsstatus"), ("processstatus", "--processstatus"),
    ("briefstatus", "--briefstatus"),
])
def test_those_that_show(started, word, option):
    uptime = re.compile(r"(uptime|clients|core_octets|datagrams)\S*=\d+")
    short, long = started.ipsec(word), started.ipsec("whack", option)
    assert (short.returncode, uptime.sub("", short.stdout)) == (0, uptime.sub("", long.stdout))
    assert json.loads(started.ipsec(word, "--json").stdout)


@pytest.mark.parametrize("words", [["up", "a"], ["add", "office"], ["listen"], ["status"], ["fips"]])
def test_another_socket(folder, words):
    folder.write(OFFICE)
    done = folder.ipsec(words[0], "--ctlsocket", "/elsewhere/x", *words[1:])
    assert done.returncode == 1
    assert "pluto is not running (no /elsewhere/x)" in done.stderr


def test_auto_at_another_socket(folder):
    folder.write(OFFICE)
    for words in (["--up", "office"], ["--add", "office"], ["--status"]):
        shown = folder.auto("--ctlsocket", "/elsewhere/x", "--showonly", *words).stdout
        assert shown.startswith("ipsec whack --ctlsocket /elsewhere/x ")


@pytest.mark.parametrize("word, why", [
    ("eroute", "ipsec look shows policies and SAs"), ("update", "ipsec reload applies what has changed"),
    ("readwriteconf", "ipsec showconf --conf does it"),
    ("redirect", "redirection (RFC 5685) is not built"), ("nonsense", "ipsec --help lists what there is"),
])
def test_what_other_systems_have(folder, word, why):
    code, out, err = said(folder.ipsec(word), folder)
    assert (code, out) == (1, "")
    assert err.startswith(f"ipsec: there is no command {word}; ") and why in err


@pytest.mark.parametrize("word, operations", [
    ("add", ["--replace"]), ("replace", ["--replace"]), ("ondemand", ["--replace", "--route"]),
    ("start", ["--replace", "--up"])])
def test_those_that_read_the_file(folder, word, operations):
    folder.write(OFFICE)
    want = "".join(folder.auto("--showonly", operation, "office").stdout for operation in operations)
    assert said(folder.ipsec(word, "--showonly", "office"), folder) == (0, want, "")
    other = folder.path / "other.conf"
    other.write_text(OFFICE.replace("10.2.0", "10.3.0"))
    assert "10.3.0.0/24" in folder.ipsec(word, "--dry-run", "--config", other, "office").stdout


@pytest.mark.parametrize("words, err", [
    (["up"], "ipsec up: the name of a connection is missing"),
    (["status", "a", "b"], "ipsec status: one word too many: b"),
    (["listen", "a"], "ipsec listen: one word too many: a"),
    (["up", "--asynchronos", "a"], "ipsec up: there is no option --asynchronos; did you mean --asynchronous?"),
    (["status", "--verbose"], "ipsec status: there is no option --verbose"),
])
def test_what_can_t_be_understood(folder, words, err):
    assert said(folder.ipsec(*words), folder) == (
        2, "", f"{err}\nipsec {words[0]}: --help tells how it is used\n")


def test_operations_of_auto_without_its_name(folder):
    assert said(folder.ipsec("rereadsecrets", "--showonly"), folder) == said(
        folder.auto("--rereadsecrets", "--showonly"), folder)


def test_a_tunnel(pair):
    east, west = pair
    assert east.ipsec("add", "office").returncode == 0
    assert west.ipsec("listen").returncode == 0
    assert west.ipsec("start", "office").returncode == 0
    status = west.ipsec("status", "office")
    assert status.returncode == 0
    assert '"office"' in status.stdout
    assert [c["name"] for c in json.loads(west.ipsec("status", "--json").stdout)["connections"]] == ["office"]
    assert 'type=ESP' in west.ipsec("trafficstatus").stdout
    assert west.ipsec("briefstatus").returncode == 0
    assert west.ipsec("down", "office").returncode == 0
    assert west.ipsec("delete", "office").returncode == 0
    assert west.ipsec("up", "office").returncode == 21


def test_status_is_brief_as_auto_s_is(started):
    short, long = started.ipsec("status", "--brief"), started.ipsec("auto", "--status", "--brief")
    assert (short.returncode, short.stderr) == (0, "")
    assert short.stdout == long.stdout


def test_another_run_folder(folder):
    shown = folder.ipsec("up", "--showonly", "--rundir", "/elsewhere", "a")
    assert said(shown, folder) == (0, "ipsec --rundir /elsewhere whack --name a --initiate\n", "")
    assert "no /elsewhere/pluto.ctl" in folder.ipsec("status", "--rundir=/elsewhere").stderr
    assert folder.ipsec("up", "--rundir", "/" + "x" * 2000, "a").returncode == 2


def test_status_of_nothing(folder):
    done = folder.ipsec("status")
    assert (done.returncode, done.stdout) == (1, "")
    assert "pluto is not running" in done.stderr
