# SPDX-License-Identifier: Apache-2.0
"""What ipsec auto lists and reads again; names that mean several; very many at once."""

import json
import os
import re
import shlex
import signal
import subprocess
import time
from pathlib import Path

import pytest
from support import OFFICE, said, wait_until

LISTS = {
    "listpubkeys": ("pubkeys", "Public Keys"),
    "listcerts": ("certs", "X.509 End Certificates"),
    "listcacerts": ("cacerts", "X.509 CA Certificates"),
    "listaacerts": ("aacerts", "X.509 AA Certificates"),
    "listocspcerts": ("ocspcerts", "X.509 OCSP Signer Certificates"),
    "listacerts": ("acerts", "X.509 Attribute Certificates"),
    "listgroups": ("groups", "Groups"),
    "listcainfos": ("cainfos", "CA Information"),
    "listcrls": ("crls", "X.509 CRLs"),
    "listocsp": ("ocsp", "OCSP Responses"),
    "listcards": ("cards", "Smartcards"),
    "checkpubkeys": ("pubkeys", "Public Keys"),
}


def branches(n, **more):
    """Connections branch-000 ... to hosts that are not there."""
    extra = "".join(f"\t{k}={v}\n" for k, v in more.items())
    return "".join(f"conn branch-{i:03}\n\tleft=192.0.2.1\n\tleftid=@east\n\tright=192.0.2.9\n"
                   f"\trightid=@b{i}\n\trightsubnet=10.{i // 250}.{i % 250}.0/24\n\tauthby=secret\n{extra}"
                   for i in range(n))


def names(done):
    return re.findall(r"--name (\S+)", done.stdout)


# Patterns and several names


def test_a_pattern_loads_what_it_fits_in_the_file(folder):
    folder.write(OFFICE + branches(3))
    done = folder.auto("--showonly", "--add", "branch-*")
    assert (done.returncode, done.stderr) == (0, "")
    assert names(done) == ["branch-000", "branch-001", "branch-002"]
    assert names(folder.auto("--showonly", "--replace", "o?fi[a-c]e", "*-001")) == ["office", "branch-001"]


def test_a_pattern_that_fits_nothing_is_an_unknown_name(folder):
    folder.write(OFFICE)
    done = folder.auto("--showonly", "--add", "branch-*", "office")
    assert done.returncode == 21
    assert 'no connection of the configuration fits "branch-*"' in done.stderr
    assert names(done) == ["office"]


def test_one_faulty_connection_of_a_pattern_leaves_the_others(folder):
    folder.write(branches(2) + "conn branch-bad\n\tleft=192.0.2.1\n\tright=no\n\ttype=tunel\n")
    done = folder.auto("--showonly", "--add", "branch-*")
    assert done.returncode == 30
    assert done.stdout.count("ipsec whack") == 2 and done.stdout.count("false\n") == 1


def test_a_network_of_two_policy_groups_is_told(host):
    group = "conn {}\n\ttype={}\n\tauthby=never\n\tleft=192.0.2.1\n\tright=%group\n\tauto=route\n"
    host.write(group.format("clear", "passthrough") + group.format("block", "drop"))
    files = host.path / "ipsec.d" / "policies"
    files.mkdir(parents=True)
    (files / "clear").write_text("10.3.0.0/24\n")
    (files / "block").write_text("10.4.0.0/24\n")
    assert host.start().returncode == 0
    assert said(host.auto("--rereadgroups"), host) == (0, "", "")
    (files / "block").write_text("10.4.0.0/24\n10.3.0.0/24\n")
    done = host.auto("--rereadgroups")
    assert done.returncode == 25
    assert done.stdout.startswith('025 "block#10.3.0.0/24": not in force: ')
    assert "clear#10.3.0.0/24 already" in done.stdout
    listed = host.auto("--status", "--brief", "clear*").stdout
    assert listed.startswith('000 "clear": 192.0.2.1[192.0.2.1]...%group; ')
    assert '000 "clear#10.3.0.0/24": 192.0.2.1[192.0.2.1]...%any===10.3.0.0/24; erouted; ' in listed


def test_a_fault_of_a_group_is_told_once(host):
    host.write("conn mine\n\ttype=drop\n\tauthby=never\n\tleft=192.0.2.1\n\tright=%group\n\tauto=route\n")
    (host.path / "ipsec.d" / "policies").mkdir(parents=True)
    (host.path / "ipsec.d" / "policies" / "mine").write_text("10.3.0.0/24\n10.4.0.0/33\n")
    done = host.ipsec("setup", "start")
    assert done.returncode != 0
    assert done.stderr.count("policies/mine:2:1: not a prefix length") == 1, done.stderr
    done = host.auto("--rereadgroups")
    assert done.stdout.count("policies/mine:2:1: not a prefix length") == 1
    assert "mine has 1 fault, told above" in done.stdout


def test_a_pattern_passes_over_the_parts_of_others(folder):
    folder.write("conn base\n\tauto=add\n\tauthby=secret\n\tleft=192.0.2.1\n"
                 "conn site\n\talso=base\n\tright=192.0.2.2\n")
    done = folder.auto("--showonly", "--add", "*")
    assert (done.returncode, done.stderr, names(done)) == (0, "", ["site"])
    assert folder.auto("--showonly", "--add", "base").returncode == 30


def test_a_pattern_acts_on_what_is_loaded(started):
    started.write(OFFICE + branches(3))
    assert said(started.auto("--add", "*"), started) == (0, "", "")
    done = started.auto("--verbose", "--route", "branch-*")
    assert done.returncode == 0
    assert done.stdout.startswith('000 "branch-*" fits 3 connections\n')
    states = {c["name"]: c["routing"] for c in started.status("*")["connections"]}
    assert states == {"branch-000": "prospective erouted", "branch-001": "prospective erouted",
                      "branch-002": "prospective erouted", "office": "unrouted"}
    assert started.auto("--delete", "*-00[02]").returncode == 0
    assert started.names() == ["branch-001", "office"]
    assert said(started.auto("--down", "nothing-*"), started) == (
        21, '021 no connection that is loaded fits "nothing-*"\n', "")
    assert started.auto("--status", "--brief", "branch-*").stdout.count("branch-001") == 1


def test_an_alias_means_all_that_have_it(started):
    started.write(branches(3, connalias="all-of-us"))
    started.auto("--add", "*")
    assert said(started.auto("--route", "all-of-us"), started) == (
        0, '000 "all-of-us" is an alias of 3 connections\n', "")
    assert {c["routing"] for c in started.status("all-of-us")["connections"]} == {"prospective erouted"}
    assert started.auto("--unroute", "all-of-us").returncode == 0
    assert started.auto("--delete", "all-of-us").returncode == 0
    assert started.names() == []


def test_of_several_the_first_failure_is_the_exit_status(pair):
    east, west = pair
    for host in pair:
        host.write(OFFICE + "conn zoo\n\tleft=198.51.100.1\n\tright=198.51.100.2\n\tauthby=secret\n")
        assert host.auto("--add", "*").returncode == 0
    done = east.auto("--up", "*")
    assert done.returncode == 22
    assert "022 \"zoo\"" in done.stdout and "IPsec SA established" in done.stdout
    assert east.auto("--up", "office", "zoo", "nobody").returncode == 22
    assert east.auto("--down", "*").returncode == 0


# Very many at once


def test_a_thousand_at_once_without_waiting(started):
    started.write(branches(1000, **{"retransmit-timeout": "60s"}))
    begun = time.monotonic()
    assert said(started.auto("--add", "*"), started) == (0, "", "")
    all_at_once = "\n".join(f"ipsec auto --asynchronous --up branch-{i:03} || echo bad {i} &" for i in range(1000))
    done = started.run("sh", "-c", f"{all_at_once}\nwait", timeout=120)
    assert "bad" not in done.stdout, done.stdout[-500:]
    assert done.stderr == ""
    wanted = [c for c in started.status()["connections"] if c["want_up"]]
    assert len(wanted) == 1000
    done = started.auto("--asynchronous", "--up", "*")
    assert (done.returncode, done.stderr) == (0, "")
    assert started.auto("--down", "*").returncode == 0
    assert not any(c["want_up"] for c in started.status()["connections"])
    assert time.monotonic() - begun < 100


def test_who_hangs_up_cancels_nothing(started):
    started.write(branches(300, **{"retransmit-timeout": "60s"}))
    started.auto("--add", "*")
    running = subprocess.Popen([*started.enter(), "ipsec", "auto", "--up", "*"], env=started.environment(),
                               stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    running.stdout.readline()
    running.kill()
    running.wait()
    running.stdout.close()
    wait_until(lambda: sum(c["want_up"] for c in started.status()["connections"]) == 300, "all to begin")


# Lists


@pytest.mark.parametrize("operation", LISTS)
def test_what_is_not_kept_has_an_empty_list(started, operation):
    key, title = LISTS[operation]
    text = "" if title.startswith("X.509") else f"000 \n000 List of {title}:\n000 \n"
    assert said(started.auto(f"--{operation}"), started) == (0, text, "")
    done = started.auto("--json", f"--{operation}")
    assert (done.returncode, done.stderr, json.loads(done.stdout)) == (0, "", {key: [], "code": 0})


def test_all_lists(started):
    done = started.auto("--utc", "--listall")
    titles = re.findall("000 List of (.*):", done.stdout)
    assert titles == ["Public Keys", "Secrets", "Groups", "CA Information", "OCSP Responses", "Smartcards"]
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(started.auto("--json", "--listall").stdout)
    assert document.pop("code") == 0 and list(document) == [
        "pubkeys", "psks", "certs", "aacerts", "ocspcerts", "acerts", "groups", "cacerts", "cainfos", "crls", "ocsp", "cards"]


def test_secrets_are_listed_by_place_and_name(started):
    assert said(started.auto("--listpsks"), started) == (0, (
        "000 \n000 List of Secrets:\n000 \n000 DIR/ipsec.secrets, 1, PSK\n"
        "000        ids          @east, @west\n"), "")
    for words in (["--listpsks"], ["--json", "--listpsks"], ["--listall"]):
        assert "long enough" not in started.auto(*words).stdout


def guards_left(host):
    """Seconds until what an earlier run left to stop clear text goes."""
    told = json.loads(host.ipsec("whack", "--json", "--listevents").stdout)
    return next(e["in_seconds"] for e in told["events"] if e["type"] == "EVENT_GUARDS_END")


@pytest.mark.parametrize("words", [["--route", "office"], ["--add", "other"], ["--ready"]])
def test_what_loads_or_routes_keeps_the_guards(started, words):
    """So that connections that are loaded for minutes have theirs until they are routed."""
    assert "EVENT_GUARDS_END" not in started.ipsec("whack", "--listevents").stdout
    os.kill(started.pid(), signal.SIGKILL)
    wait_until(lambda: not started.pid(), what="pluto to be gone")
    started.write(OFFICE + OFFICE.replace("conn office", "conn other"))
    started.start()
    started.auto("--add", "office")
    assert guards_left(started) <= 10
    wait_until(lambda: guards_left(started) <= 8, what="a second to pass")
    started.auto("--status")
    assert guards_left(started) <= 8
    started.auto(*words)
    assert 8 < guards_left(started) <= 10


def test_events_pairs_and_shunts(started):
    started.write(OFFICE + "conn open\n\tleft=192.0.2.1\n\tright=192.0.2.7\n\ttype=passthrough\n\tauthby=never\n")
    started.auto("--add", "*")
    started.auto("--route", "*")
    assert said(started.ipsec("whack", "--listpairs"), started) == (0, (
        "000 \n000 List of Host Pairs:\n000 \n"
        "000 192.0.2.1:500, 192.0.2.2:500\n"
        "000        our id       @east\n"
        "000        peer's id    @west\n"
        "000        connection   office\n"
        "000 192.0.2.1:500, 192.0.2.7:500\n"
        "000        our id       192.0.2.1\n"
        "000        peer's id    192.0.2.7\n"
        "000        connection   open\n"), "")
    code, text, complaints = said(started.ipsec("whack", "--shuntstatus"), started)
    text = re.sub(r"( since +)[A-Z].*", r"\1TIME", re.sub(r"( priority +)\d+", r"\1N", text))
    assert (code, text, complaints) == (0, (
        "000 \n000 List of Shunts:\n000 \n"
        "000 10.1.0.0/24, 10.2.0.0/24, trap\n"
        "000        since        TIME\n"
        "000        priority     N\n"
        "000        reason       routed: a packet starts it\n"
        "000        connection   office\n"
        "000 192.0.2.1/32, 192.0.2.7/32, pass\n"
        "000        since        TIME\n"
        "000        priority     N\n"
        "000        reason       so configured (type=)\n"
        "000        connection   open\n"), "")
    assert started.auto("--asynchronous", "--up", "office").returncode == 0
    told = json.loads(started.ipsec("whack", "--json", "--listevents").stdout)
    assert all(e["type"].startswith("EVENT_") for e in told["events"])
    assert "EVENT_RETRANSMIT" in {e["type"] for e in told["events"]}
    assert abs(told["now"] - time.time()) < 60
    assert "000 it is now " in started.ipsec("whack", "--listevents").stdout


@pytest.mark.parametrize("what", ["groups", "cacerts", "aacerts", "ocspcerts", "acerts", "crls", "all"])
def test_what_is_read_again(started, what):
    assert said(started.auto(f"--reread{what}"), started) == (0, "", "")


@pytest.mark.parametrize("what", ["cacerts", "aacerts", "ocspcerts", "acerts", "crls"])
def test_a_file_that_cannot_be_used_is_told(started, what):
    folder = started.path / "ipsec.d" / what
    (folder / "old").mkdir(parents=True)
    assert said(started.auto(f"--reread{what}"), started) == (0, "", ""), "folders are none of the files"
    (folder / "x.pem").write_text("junk")
    for done in (started.auto(f"--reread{what}"), started.auto("--rereadall")):
        assert done.returncode == 3
        assert done.stdout.startswith("003 ") and f"{what}/x.pem can't be used" in done.stdout


def test_keys_that_cannot_be_read_again_stay(started):
    keys = started.path / "ipsec.d" / "private"
    keys.mkdir(parents=True)
    secrets = started.path / "ipsec.secrets"
    (keys / "east.pem").write_text(started.ipsec("pki", "--gen", "--type", "ed25519").stdout)
    (keys / "east.pem").chmod(0o600)
    secrets.write_text(secrets.read_text() + ": PKCS8 east.pem\n")
    assert said(started.auto("--rereadsecrets"), started) == (0, "", "")
    listed = started.auto("--listpubkeys").stdout
    assert "has private key" in listed
    (keys / "east.pem").rename(keys / "west.pem")
    done = started.auto("--rereadsecrets")
    assert done.returncode == 3
    assert "private/east.pem" in done.stdout and "003 the secrets in force stay\n" in done.stdout
    assert started.auto("--listpubkeys").stdout == listed
    (keys / "west.pem").rename(keys / "east.pem")
    assert said(started.auto("--rereadsecrets"), started) == (0, "", "")
    # A second may have passed since.
    again = [line.partition(", ")[2] for line in started.auto("--listpubkeys").stdout.splitlines()]
    assert again == [line.partition(", ")[2] for line in listed.splitlines()]


def test_a_group_that_fits_no_address_here_is_not_routed(started):
    (started.path / "ipsec.d" / "policies").mkdir(parents=True)
    (started.path / "ipsec.d" / "policies" / "mine").write_text("192.0.2.66/32\n")
    started.write("conn mine\n\tleft=192.0.2.77\n\tright=%group\n\ttype=drop\n\tauthby=never\n")
    assert "cannot be used here" in started.auto("--add", "mine").stdout
    done = started.auto("--route", "mine")
    assert done.returncode == 22 and done.stdout.startswith('022 "mine": cannot route: ')


def test_reading_all_again_reads_the_secrets(started):
    (started.path / "ipsec.secrets").unlink()
    done = started.auto("--rereadall")
    assert done.returncode == 3 and "the secrets in force stay" in done.stdout
    assert said(started.auto("--purgeocsp"), started) == (0, "", "")


# Status


def test_parts_of_status(started):
    started.auto("--add", "office")
    assert said(started.auto("--status", "--brief", "office"), started) == (0, (
        '000 "office": 10.1.0.0/24===192.0.2.1[@east]...192.0.2.2[@west]===10.2.0.0/24; unrouted; '
        "eroute owner: #0\n"), "")
    assert said(started.ipsec("whack", "--fipsstatus"), started) == (0, "000 FIPS mode disabled\n", "")
    counters = started.ipsec("whack", "--globalstatus").stdout
    for line in ("counts.connections=1", "config.setup.ike.ddos_threshold=256", "current.states.ike=0",
                 "current.states.enumerate.STATE_PARENT_I1=0", "total.ipsec.type.esp=0",
                 "total.ikev2.encr.AES_GCM_16=0", "total.ikev2.recv.notifies.error.NO_PROPOSAL_CHOSEN=0"):
        assert f"000 {line}\n" in counters
    assert said(started.ipsec("whack", "--showstates"), started) == (0, "", "")
    done = started.ipsec("whack", "--connectionstatus", "--name", "office")
    assert done.returncode == 0 and done.stdout.startswith('000 "office": ')
    assert "config setup" in started.auto("--status").stdout
    assert started.auto("--status", "nobody").returncode == 21
    done = started.ipsec("whack", "--processstatus")
    assert f"000 {started.pid()}, pluto\n" in done.stdout


def test_details_are_logged_when_asked_for(started):
    assert said(started.ipsec("whack", "--debug-all"), started) == (0, "", "")
    assert said(started.ipsec("whack", "--debug-none"), started) == (0, "", "")
    done = started.ipsec("whack", "--debug-control")
    assert done.returncode == 1 and "--debug all" in done.stderr
    assert said(started.ipsec("whack", "--debug", "all"), started) == (0, "", "")
    assert started.status()["daemon"]["debug"]
    assert said(started.ipsec("whack", "--debug=none"), started) == (0, "", "")
    assert not started.status()["daemon"]["debug"]


# ca sections

CAS = """\
ca %default
\tcrluri=http://crl.example/all
ca root
\tcacert=root.pem
\tcrluri2="ldap:///O=Example?crl"
\tocspuri=http://ocsp.example/
\tgroups="sales, vp"
\tauto=add
ca left-out
\tcacert=root.pem
ca astray
\tcacert=/nowhere/ca.pem
\tcerturibase=http://certs.example/
\tauto=add
"""


def certificate():
    """The PEM text of the unit tests."""
    header = (Path(__file__).parents[1] / "unit/support/certificate.h").read_text()
    return "".join(line + "\n" for line in re.findall(r'"(.*)\\n"', header))


def write_cas(host, text=CAS):
    folder = host.path / "ipsec.d/cacerts"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "root.pem").write_text(certificate())
    host.write(OFFICE + text)


def cas(host):
    return json.loads(host.auto("--listcainfos", "--json").stdout)["cainfos"]


def test_ca_sections_are_loaded_and_listed(started):
    write_cas(started)
    done = started.auto("--rereadcacerts")
    assert done.returncode == 3
    assert done.stderr.splitlines() == [
        'whack error: "astray" can\'t read the certificate /nowhere/ca.pem: No such file or directory']
    astray, root = cas(started)
    assert astray.pop("installed") and root.pop("installed")
    assert astray == {"name": "astray", "certificate": "/nowhere/ca.pem", "crl_uris": ["http://crl.example/all"],
                      "certificate_base": "http://certs.example/", "error": "its certificate was not read"}
    assert root == {"name": "root", "authority": "O=Example, CN=Root",
                    "authority_key": "967f401c0f9ff3b0f660f3f7c8c11d9da4d78808",
                    "key_id": "967f401c0f9ff3b0f660f3f7c8c11d9da4d78808",
                    "certificate": str(started.path / "ipsec.d/cacerts/root.pem"),
                    "crl_uris": ["http://crl.example/all", "ldap:///O=Example?crl"],
                    "ocsp_uris": ["http://ocsp.example/"], "groups": ["sales", "vp"]}

    def groups():
        return [(g["name"], g["count"]) for g in json.loads(started.auto("--listgroups", "--json").stdout)["groups"]]

    assert groups() == [("sales", 1), ("vp", 1)]
    assert "groups       sales, vp" in started.auto("--listcainfos").stdout, started.auto("--listcainfos").stdout
    write_cas(started, CAS.replace('groups="sales, vp"', "groups=vp"))
    started.auto("--rereadcacerts")
    assert groups() == [("vp", 1)]


@pytest.mark.parametrize("groups, words", [
    ('" , "', "groups=: no group is named (wanted names with commas or blanks between them"),
    ('"' + ",".join(f"g{i}" for i in range(1000)) + '"', "groups=: too many groups are named (wanted at most 256; got 1000)"),
    ("x," + 254 * "y", "groups=: the name of a group is too long: yyy"),
    ("a\0b", "NUL"),
], ids=["none", "many", "long", "nul"])
def test_wrong_groups_are_told_with_their_place(started, groups, words):
    """Of a ca section and of a connection alike; nothing is loaded."""
    def told(*command):
        lines = (started.path / "ipsec.conf").read_text().split("\n")
        line = next(i for i, text in enumerate(lines, 1) if "groups=" in text)
        done = started.auto(*command)
        assert done.returncode and words in done.stderr and re.search(rf"ipsec\.conf:{line}:\d+: ", done.stderr), done.stderr

    write_cas(started, f"ca root\n\tcacert=root.pem\n\tgroups={groups}\n\tauto=add\n")
    told("--add", "root")
    assert cas(started) == []
    started.write(OFFICE + f"\trightgroups={groups}\n")
    told("--replace", "office")
    done = started.ipsec("whack", "--name", "root", "--ca-groups", ",")
    assert done.returncode and "groups=: no group is named" in done.stdout + done.stderr, done.stdout + done.stderr


def test_what_is_shown_loads_the_same_ca(started):
    write_cas(started)
    shown = started.auto("--showonly", "--add", "root").stdout
    assert shown.startswith("ipsec whack --name root --ca-cert ")
    assert started.auto("--add", "root").returncode == 0
    before = cas(started)
    done = started.auto("--delete", "root")
    assert done.returncode == 21 and 'ipsec whack --name root --delete-ca' in done.stdout, done.stdout
    assert started.ipsec("whack", "--name", "*", "--delete-ca").returncode == 0
    assert cas(started) == []
    assert started.ipsec("whack", *shlex.split(shown)[2:]).returncode == 0
    assert [{**ca, "installed": 0} for ca in cas(started)] == [{**ca, "installed": 0} for ca in before]


def test_an_authority_without_its_certificate_is_told(started):
    started.write("ca my\n\tcacert=nothere.pem\n")
    done = started.auto("--add", "my")
    assert done.returncode == 3
    assert "can't read the certificate" in done.stderr and "nothere.pem" in done.stderr
    assert "nothere.pem" in started.auto("--listcainfos").stdout


def test_a_faulty_ca_section_leaves_what_is_loaded(started):
    write_cas(started, CAS.split("ca astray")[0])
    assert started.auto("--ready").returncode == 0
    before = cas(started)
    assert [ca["name"] for ca in before] == ["root"]
    write_cas(started, CAS.replace("ocspuri=", "ocspurl="))
    done = started.auto("--rereadcacerts")
    assert done.returncode == 30
    assert "did you mean ocspuri= ?" in done.stderr
    assert cas(started) == before
    write_cas(started, "")
    assert started.auto("--rereadcacerts").returncode == 0
    assert cas(started) == []


def make_ca(host):
    """An authority in cacerts, ocspcerts and aacerts, its list in crls and an attribute certificate in acerts."""
    for folder in ("cacerts", "ocspcerts", "crls", "aacerts", "acerts"):
        (host.path / "ipsec.d" / folder).mkdir(parents=True, exist_ok=True)
    (host.path / "index").write_text("")
    (host.path / "ca.cnf").write_text(
        f"[ca]\ndefault_ca=d\n[d]\ndatabase={host.path}/index\ndefault_md=sha256\ndefault_crl_days=30\n")
    good = host.path / "ipsec.d/cacerts/ca.pem"
    for words in (["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "90", "-keyout",
                   host.path / "ca.key",
                   "-subj", "/CN=Authority", "-out", good],
                  ["ca", "-gencrl", "-config", host.path / "ca.cnf", "-cert", good, "-keyfile", host.path / "ca.key", "-out",
                   host.path / "ipsec.d/crls/ca.pem"]):
        done = host.run("openssl", *words)
        assert done.returncode == 0, done.stderr
    for folder in ("ocspcerts", "aacerts"):
        (host.path / "ipsec.d" / folder / "ca.pem").write_text(good.read_text())
    done = host.ipsec("pki", "--signac", "--issuercert", good, "--issuerkey", host.path / "ca.key", "--in", good, "--group",
                      "sales", "--days", "60", "--out", host.path / "ipsec.d/acerts/ca.pem")
    assert done.returncode == 0, done.stderr
    assert host.auto("--rereadall").returncode == 0


@pytest.mark.parametrize("folder", ["cacerts", "ocspcerts", "crls", "aacerts", "acerts"])
def test_what_can_t_be_read_again_stays(started, folder):
    make_ca(started)
    place = started.path / "ipsec.d" / folder
    before = started.auto("--list" + folder).stdout
    assert "Authority" in before
    good = (place / "ca.pem").read_bytes()
    for junk in ("junk\n", ""):
        (place / "ca.pem").write_text(junk)
        done = started.auto("--reread" + folder)
        assert done.returncode == 3 and f"{folder}/ca.pem" in done.stdout, done
        assert started.auto("--list" + folder).stdout == before
    place.rename(started.path / "away")
    done = started.auto("--reread" + folder)
    assert done.returncode == 3 and f"/{folder}: it does not exist" in done.stdout, done
    assert started.auto("--list" + folder).stdout == before
    (started.path / "away").rename(place)
    (place / "ca.pem").write_bytes(good)
    done = started.auto("--reread" + folder)
    assert done.returncode == 0 and "gone" not in done.stdout, done
    if folder == "aacerts": # what it made counts no more, which is told as well
        (started.path / "ipsec.d/acerts/ca.pem").unlink()
        assert started.auto("--rereadacerts").returncode == 0
    (place / "ca.pem").unlink()
    done = started.auto("--reread" + folder)
    assert done.returncode == 0 and "000 " in done.stdout and f"{folder}/ca.pem is gone: " in done.stdout, done
    assert "Authority" not in started.auto("--list" + folder).stdout


def test_a_tree_that_has_gone_is_told_folder_by_folder(started):
    """As one that is not mounted: nothing of it is taken for empty."""
    make_ca(started)
    tree = started.path / "ipsec.d"
    (tree / "certs").mkdir()
    (tree / "certs/ca.pem").write_bytes((tree / "cacerts/ca.pem").read_bytes())
    (tree / "policies").mkdir()
    (tree / "policies/mine").write_text("10.3.0.0/24\n")
    started.write(OFFICE + "conn mine\n\tleft=192.0.2.1\n\tright=%group\n\ttype=reject\n\tauthby=never\n\tauto=route\n")
    assert started.auto("--add", "mine").returncode == 0
    for words in (["--rereadall"], ["--rereadgroups"]):
        assert started.auto(*words).returncode == 0
    before = started.auto("--listall", "--utc").stdout
    tree.rename(started.path / "away")
    done = started.auto("--rereadall")
    assert done.returncode == 3
    for folder in ("certs", "cacerts", "ocspcerts", "crls", "aacerts", "acerts"):
        assert len(re.findall(rf"^003 .*/ipsec\.d/{folder}: it does not exist; .* stay", done.stdout, re.M)) == 1, done.stdout
    assert started.auto("--rereadgroups").returncode == 3
    assert started.auto("--listall", "--utc").stdout == before
    (started.path / "away").rename(tree)
    assert started.auto("--rereadall").returncode == 0


def test_the_key_of_an_openpgp_certificate_ends_with_it(started):
    certs = started.path / "ipsec.d/certs"
    certs.mkdir(parents=True)
    made = Path(__file__).parent.parent / "unit/trust/openpgp"
    for name in ("expired", "ed25519"):
        (certs / f"{name}.asc").write_bytes((made / f"{name}.asc").read_bytes())
    conn = "conn {0}\n\tleft=192.0.2.1\n\tright=192.0.2.9\n\trightid=@{0}\n\trightcert={0}.asc\n\tauthby=pubkey\n"
    started.write(conn.format("expired") + conn.format("ed25519"))
    done = started.auto("--add", "*")
    if "reads no OpenPGP" in done.stdout + started.log():
        pytest.skip("librnp is not there")
    listed = started.auto("--utc", "--listpubkeys").stdout
    assert "until        Jan 11 00:00:00 2024 UTC, " in listed and "expired" in listed, listed
    assert "@ed25519" in listed and "never expires" in listed
    checked = started.auto("--checkpubkeys").stdout
    assert "@expired" in checked and "@ed25519" not in checked


def test_status_names_the_keys_of_ends(started):
    (started.path / "ipsec.d/certs").mkdir(parents=True)
    done = started.ipsec("pki", "--self", "--newkey", "key.pem", "--dn", "CN=host", "--out", "ipsec.d/certs/host.pem")
    assert done.returncode == 0, done.stderr
    raw = started.ipsec("showhostkey", "--right", "--file", "key.pem").stdout.split("=", 1)[1].strip()
    started.write("conn a\n\tleft=192.0.2.1\n\tleftid=CN=host\n\tleftcert=host.pem\n\tright=192.0.2.7\n\trightid=@x\n"
                  f"\trightpubkey={raw}\n\tauthby=pubkey\n")
    assert started.auto("--add", "a").returncode == 0
    key_id = re.search(r"keyid +([0-9a-f]{40})", started.auto("--listcerts").stdout)[1]
    assert f"keys: us:{key_id}, them:{key_id}" in started.auto("--status", "a").stdout


def test_pipes_in_a_folder_are_not_waited_for(started):
    make_ca(started)
    for i in range(4):
        os.mkfifo(started.path / f"ipsec.d/cacerts/pipe{i}")
    begun = time.monotonic()
    done = started.auto("--rereadcacerts")
    assert time.monotonic() - begun < 6
    assert done.returncode == 3 and done.stdout.count("is a pipe, and only files are") == 4, done


def test_a_broken_certificate_behind_a_good_one_is_told(started):
    make_ca(started)
    file = started.path / "ipsec.d/cacerts/ca.pem"
    file.write_text(file.read_text() + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    done = started.auto("--rereadcacerts")
    assert done.returncode == 3, done
    assert "cacerts/ca.pem" in done.stdout and f"certificate 2 of it, which ends before octet {len(file.read_text())}" in done.stdout
    assert "Authority" in started.auto("--listcacerts").stdout


def test_all_lists_of_a_file_are_in_force(started):
    make_ca(started)
    for words in (("--self", "--ca", "--newkey", "b.key", "--dn", "CN=Other", "--out", "ipsec.d/cacerts/b.pem"),
                  ("--signcrl", "--cacert", "ipsec.d/cacerts/b.pem", "--cakey", "b.key", "--out", "b.crl")):
        done = started.ipsec("pki", *words)
        assert done.returncode == 0, done.stderr
    assert started.auto("--rereadcacerts").returncode == 0
    file = started.path / "ipsec.d/crls/ca.pem"
    alone = file.read_text()
    file.write_text(alone + (started.path / "b.crl").read_text())
    done = started.auto("--rereadcrls")
    assert done.returncode == 0 and "is gone" not in done.stdout, done
    listed = started.auto("--listcrls").stdout
    assert "CN=Authority" in listed and "CN=Other" in listed, listed
    file.write_text(file.read_text() + "-----BEGIN X509 CRL-----\nMII")
    done = started.auto("--rereadcrls")
    assert done.returncode == 3 and "crls/ca.pem" in done.stdout and "number 3 of it" in done.stdout, done
    # But for when it was read.
    when = r"(?m)^000 \w{3} [ \d]\d [\d:]{8} \d{4}"
    assert re.sub(when, "", started.auto("--listcrls").stdout) == re.sub(when, "", listed)
    file.unlink()
    done = started.auto("--rereadcrls")
    assert done.returncode == 0 and done.stdout.count("crls/ca.pem is gone") == 1, done
    assert "CN=" not in started.auto("--listcrls").stdout


def test_a_second_attribute_certificate_of_a_file_is_told(started):
    make_ca(started)
    file = started.path / "ipsec.d/acerts/ca.pem"
    file.write_text(file.read_text() * 2)
    for _ in range(2):
        done = started.auto("--rereadacerts")
        assert done.returncode == 3 and "acerts/ca.pem" in done.stdout, done
        assert "several attribute certificates, of which the first one counts" in done.stdout, done
        assert "sales" in started.auto("--listacerts").stdout


@pytest.mark.parametrize("lose, how", [(lambda file: file.unlink(), "gone"), (lambda file: file.write_text(" \n"), "empty")])
def test_a_group_whose_file_is_lost_stays(started, lose, how):
    started.write(OFFICE + "conn mine\n\tleft=192.0.2.1\n\tright=%group\n\ttype=reject\n\tauthby=never\n\tauto=route\n")
    file = started.path / "ipsec.d/policies/mine"
    file.parent.mkdir(parents=True)
    file.write_text("203.0.113.0/24\n198.51.100.0/24\n")
    assert started.auto("--add", "mine").returncode == 0
    assert started.auto("--rereadgroups").returncode == 0
    assert "203.0.113.0/24" in started.auto("--listgroups").stdout
    lose(file)
    done = started.auto("--rereadgroups")
    assert done.returncode == 3 and f"policies/mine is {how}" in done.stdout, done
    assert "its 2 networks stay as they are" in done.stdout
    assert "203.0.113.0/24" in started.auto("--listgroups").stdout
    file.write_text("# none\n")
    assert started.auto("--rereadgroups").returncode == 0
    assert "203.0.113.0/24" not in started.auto("--listgroups").stdout


@pytest.mark.parametrize("last, cut", [("198.51.100.1", True), ("198.51.100.0/24 ", True), ("198.51.100.0/24 # mi", False), ("# mi", False)])
def test_half_a_groups_file_changes_nothing(started, last, cut):
    started.write(OFFICE + "conn mine\n\tleft=192.0.2.1\n\tright=%group\n\ttype=reject\n\tauthby=never\n\tauto=route\n")
    file = started.path / "ipsec.d/policies/mine"
    file.parent.mkdir(parents=True)
    file.write_text("203.0.113.0/24\n" + last)
    # What comes first is taken as it is, and so is what is in force.
    assert started.auto("--add", "mine").returncode == 0
    done = started.auto("--rereadgroups")
    assert done.returncode == 0
    assert ("policies/mine:2:1: the last line does not end, so the file may be half written" in done.stdout) == cut
    before = started.auto("--listgroups").stdout
    assert "203.0.113.0/24" in before
    file.write_text("192.0.2.128/25\n" + last)
    done = started.auto("--rereadgroups")
    if cut:
        assert done.returncode == 3 and "its 2 networks stay as they are" in done.stdout, done
        assert started.auto("--listgroups").stdout == before
        file.write_text("192.0.2.128/25\n" + last + "\n")
        done = started.auto("--rereadgroups")
    assert done.returncode == 0
    assert "203.0.113.0/24" not in started.auto("--listgroups").stdout


def test_a_folder_of_groups_that_has_gone_changes_nothing(started):
    """One that is not mounted empties no group."""
    started.write(OFFICE + "conn mine\n\tleft=192.0.2.1\n\tright=%group\n\ttype=reject\n\tauthby=never\n\tauto=route\n")
    folder = started.path / "ipsec.d/policies"
    folder.mkdir(parents=True)
    (folder / "mine").write_text("10.3.0.0/24\n10.4.0.0/24\n")
    assert started.auto("--add", "mine").returncode == 0
    assert started.auto("--rereadgroups").returncode == 0
    before = started.auto("--listgroups").stdout
    assert "10.4.0.0/24" in before
    folder.rename(started.path / "elsewhere")
    done = started.auto("--rereadgroups")
    assert done.returncode == 3 and "there is no folder" in done.stdout, done.stdout
    assert "10.4.0.0/24" in started.auto("--listgroups").stdout

def test_a_ca_that_is_not_loaded_can_t_be_forgotten(started):
    done = started.ipsec("whack", "--name", "root", "--delete-ca")
    assert (done.returncode, done.stdout) == (21, '021 no ca section that is loaded is called "root"\n')


@pytest.mark.parametrize("days, words", [(3, "expires soon"), (300, None)])
def test_an_own_certificate_that_ends_is_told(started, days, words):
    """When certificates are read, and once when connections that name it are loaded."""
    for place in ("private", "certs"):
        (started.path / "ipsec.d" / place).mkdir(parents=True, exist_ok=True)
    done = started.ipsec("pki", "--self", "--newkey", "ipsec.d/private/host.pem", "--dn", "CN=host", "--days", str(days),
                         "--out", "ipsec.d/certs/host.pem")
    assert done.returncode == 0, done.stderr
    conn = "conn {}\n\tleft=192.0.2.1\n\tleftid=CN=host\n\tleftcert=host.pem\n\tright=192.0.2.7\n\tauthby=pubkey\n"
    started.write("".join(conn.format(name) for name in "abc"))
    secrets = started.path / "ipsec.secrets"
    before = secrets.read_text()
    (started.path / "ipsec.d/private/host.pem").rename(started.path / "ipsec.d/private/other.pem")
    assert said(started.auto("--rereadall"), started) == (0, "", ""), "without its key it is no certificate of ours"
    done = started.auto("--add", "a")
    assert (done.returncode, done.stdout) == (0, "")
    secrets.write_text(before + ": PKCS8 other.pem\n")
    told = started.auto("--rereadall").stdout
    loaded = started.auto("--replace", "b", "c").stdout
    assert ("our certificate of CN=host" in told) == (words is not None), told
    assert loaded == "", "said a moment ago"
    if words:
        assert told.startswith("000 ") and words in told and "host.pem, valid until 20" in told, told


def test_an_own_certificate_that_was_revoked_is_told(started):
    """In the log when the list comes, and to who loads a connection that names it."""
    for place in ("private", "certs", "cacerts", "crls"):
        (started.path / "ipsec.d" / place).mkdir(parents=True, exist_ok=True)
    ca = ("--cacert", "ipsec.d/cacerts/ca.pem", "--cakey", "ca.key")
    for words in (("--self", "--ca", "--newkey", "ca.key", "--dn", "CN=Authority", "--out", "ipsec.d/cacerts/ca.pem"),
                  ("--issue", *ca, "--newkey", "ipsec.d/private/host.pem", "--dn", "CN=host", "--days", "300", "--out",
                   "ipsec.d/certs/host.pem")):
        done = started.ipsec("pki", *words)
        assert done.returncode == 0, done.stderr
    started.write("conn a\n\tleft=192.0.2.1\n\tleftid=CN=host\n\tleftcert=host.pem\n\tright=192.0.2.7\n\tauthby=pubkey\n")
    secrets = started.path / "ipsec.secrets"
    secrets.write_text(secrets.read_text() + ": PKCS8 host.pem\n")
    assert started.auto("--rereadall").returncode == 0
    assert "revoked" not in started.auto("--add", "a").stdout
    done = started.ipsec("pki", "--signcrl", *ca, "--cert", "ipsec.d/certs/host.pem", "--out", "ipsec.d/crls/ca.pem")
    assert done.returncode == 0, done.stderr
    assert started.auto("--rereadcrls").returncode == 0
    wait_until(lambda: "our certificate of CN=host was revoked" in started.log(), "the list to be read")
    told = started.auto("--replace", "a").stdout
    assert "our certificate of CN=host was revoked: peers that know it refuse it" in told and "--rereadall" in told, told
    assert "revoked" not in started.auto("--replace", "a").stdout, "said a moment ago"
