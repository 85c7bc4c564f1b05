# SPDX-License-Identifier: Apache-2.0
"""ipsec checkconf and addconn: all that is wrong is told at once, and what files say, for scripts."""

import json
import os
import shutil
import subprocess

import pytest
from support import OFFICE, SECRETS, said

HINT = "ipsec {0}: --help tells how it is used\n"


@pytest.mark.parametrize("words, err", [
    (["checkconf", "--jsn"], "there is no option --jsn; did you mean --json?"),
    (["checkconf", "--config"], "a value is missing after --config: FILE"),
    (["checkconf", "--config", ""], "the value of --config is empty: FILE"),
    (["checkconf", "--json=yes"], "--json takes no value"),
    (["checkconf", "-j"], "there is no option -j"),
    (["addconn", "--lista"], "--lista may mean several options; write more of it"),
    (["addconn"], "nothing is to be done: name a connection, or say --addall, --checkconfig or a list"),
])
def test_what_can_t_be_understood(folder, words, err):
    assert said(folder.ipsec(*words), folder) == (2, "", f"ipsec {words[0]}: {err}\n{HINT.format(words[0])}")


@pytest.mark.parametrize("command", ["checkconf", "addconn"])
def test_help(folder, command):
    done = folder.ipsec(command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: ipsec {command} [option ...] [NAME ...]\n")


def test_a_good_file(host):
    host.write(OFFICE)
    assert said(host.ipsec("checkconf", "--strict"), host) == (
        0, "DIR/ipsec.conf: 1 connection, 0 errors, 0 warnings\n", "")


def test_a_line_that_can_t_be_read_is_one_error(host):
    host.write(OFFICE + "conn bad\n\tleft 192.0.2.1\n\tright=192.0.2.2\n\nconn more\n\talso=bad\n\tauto=ignore\n")
    out = host.clear(host.ipsec("checkconf", "bad").stdout)
    assert "conn bad: expected keyword=value, found \"left\"" in out
    assert out.endswith("1 connection, 1 error, 0 warnings\n")
    out = host.clear(host.ipsec("checkconf").stdout)
    assert "conn more: a line of section bad can't be read" in out


def test_what_a_key_file_holds(host):
    private = host.path / "ipsec.d" / "private"
    private.mkdir(parents=True)
    host.write(OFFICE)
    key = subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519"], capture_output=True, text=True, check=True).stdout
    locked = subprocess.run(["openssl", "pkey", "-aes256", "-passout", "pass:sesame"], input=key, capture_output=True,
                            text=True, check=True).stdout
    certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    cases = (
        (key, "", None), (certificate + key, "", None), (locked, '"sesame"', None),
        (locked, "%prompt", "note: the private key k.pem is locked after each start"),
        (locked, "", "is locked, and no passphrase is given"),
        (key[:60], "", "can't be used: the private key breaks off"),
        (certificate, "", "can't be used: there is no private key in it, but CERTIFICATE"),
    )
    for text, phrase, told in cases:
        (private / "k.pem").write_text(text)
        (private / "k.pem").chmod(0o600)
        host.write_secrets(SECRETS + f": PKCS8 k.pem {phrase}\n")
        done = host.ipsec("checkconf", "--notes")
        assert done.returncode == (2 if told and "note:" not in told else 0), (phrase, told, done.stdout)
        assert (told or "0 errors, 0 warnings\n") in done.stdout, (phrase, told)


NAMED = """\
conn here
\tleft=localhost
\tright=peer.invalid
\tauthby=secret
"""


def test_names_are_looked_up(host):
    host.write(NAMED)
    done = host.ipsec("checkconf", "--notes")
    out = host.clear(done.stdout)
    assert done.returncode == 0
    assert ": note: conn here: left=localhost is " in out
    assert "warning: conn here: right=peer.invalid has no address now (" in out
    assert out.endswith("2 names looked up\n")
    assert host.ipsec("checkconf", "--strict").returncode == 1
    told = json.loads(host.ipsec("checkconf", "--json").stdout)
    assert told["names"] == 2


def test_names_are_left_alone_when_that_is_wanted(host):
    host.write(NAMED)
    assert said(host.ipsec("checkconf", "--no-names", "--strict"), host) == (
        0, "DIR/ipsec.conf: 1 connection, 0 errors, 0 warnings\n", "")


def test_made_up_connections_pass(host):
    host.run("ip", "route", "add", "default", "via", "192.0.2.254")
    host.write("config setup\n\toe=yes\n")
    code, out, err = said(host.ipsec("checkconf", "--strict"), host)
    assert (code, err) == (0, "")
    assert "6 connections, 0 errors, 0 warnings" in out


def test_parts_of_connections_are_no_faults(host):
    host.write("conn common\n\tleft=192.0.2.1\n\tauthby=secret\n" + OFFICE.replace(
        "\tleft=192.0.2.1\n", "\talso=common\n"))
    assert host.ipsec("checkconf", "--strict").returncode == 0
    assert host.ipsec("checkconf", "common").returncode == 2
    host.write("conn common\n\tleft=192.0.2.1\n\tauthby=secret\n\tauto=add\n")
    assert host.ipsec("checkconf").returncode == 2
    host.write("conn common\n\tleft=192.0.2.1\n\tauthby=sekret\n")
    assert host.ipsec("checkconf").returncode == 2


def test_a_part_that_nobody_takes_in_is_noted(host):
    host.write(OFFICE + "conn lost\n\tright=192.0.2.9\n\tauthby=secret\n")
    assert host.ipsec("checkconf", "--strict").returncode == 0
    out = host.clear(host.ipsec("checkconf", "--notes").stdout)
    assert "1: note: conn lost lacks left= or right=, and no other connection takes it in by also=" in out
    done = host.auto("--showonly", "--add", "*")
    assert (done.returncode, done.stdout.count("ipsec whack")) == (0, 1)
    assert done.stderr == "ipsec auto: conn lost lacks left= or right= and is passed over\n"
    host.write("conn lost\n\tright=192.0.2.9\n\tauthby=secret\n" + OFFICE.replace("\tright=192.0.2.2\n", "\talso=lost\n"))
    assert " lacks " not in host.ipsec("checkconf", "--notes").stdout
    assert host.auto("--showonly", "--add", "*").stderr == ""


def test_an_end_that_waits_for_a_route_or_an_address(host):
    host.write("conn a\n\tleft=%defaultroute\n\tright=192.0.2.2\n\tauthby=secret\n"
               "conn b\n\tleft=192.0.2.2\n\tright=%far0\n\tauthby=secret\n")
    out = host.clear(host.ipsec("checkconf").stdout)
    assert ":6:7: warning: conn a: this host has no default route\n" in out, out
    assert ":11:8: warning: conn b: far0 has no address here\n" in out, out
    assert "hint: pluto waits until there is one; or write this host's address as left=\n" in out
    assert "hint: pluto waits until there is one; or write this host's address as right=\n" in out
    assert "neither end" not in out
    host.run("ip", "route", "add", "default", "via", "192.0.2.254")
    assert "default route" not in host.ipsec("checkconf").stdout


def test_all_faults_at_once(host):
    host.write("conn one\n\tlefft=192.0.2.1\n\tright=192.0.2.2\n"
               "conn two\n\tleft=192.0.2.1\n\tright=192.0.2.2\n\tauthby=sekret\n\ttype=tunel\n"
               "conn three\n\tleft=192.0.2.8\n\tright=192.0.2.9\n\tauthby=secret\n")
    done = host.ipsec("checkconf")
    assert (done.returncode, done.stderr) == (2, "")
    out = host.clear(done.stdout)
    for line in ("DIR/ipsec.conf:6:2: error: conn one: there is no keyword lefft=\n     lefft=\n     ^\n",
                 "DIR/ipsec.conf:11:9: error: ",
                 "DIR/ipsec.conf:12:7: error: ",
                 "DIR/ipsec.conf:13:1: warning: conn three: neither end is an address of this host"):
        assert line in out, out
    assert out.endswith("DIR/ipsec.conf: 3 connections, 3 errors, 1 warning\n")


def test_settings_that_can_t_work(host):
    (host.path / "ipsec.conf").write_text(
        "config setup\n\tplutostderrlog=/nowhere/log\n\tlisten=192.0.2.1,192.0.2.77\n\tplane=memory\n")
    out = host.ipsec("checkconf", "--config", "ipsec.conf").stdout
    assert out.startswith(
        "ipsec.conf:2:17: error: logfile=/nowhere/log can't be written\n"
        "     plutostderrlog=/nowhere/log\n                    ^\n"), out
    assert "ipsec.conf:3:9: warning: listen=192.0.2.77 is no address of this host\n" in out


def test_a_program_that_others_may_change_is_told(host):
    program = host.path / "program"
    program.write_text("#!/bin/sh\n")
    for mode, said in ((0o755, 0), (0o757, 1), (0o775, 1)):
        program.chmod(mode)
        host.write(OFFICE.rstrip("\n") + f"\n\tleftupdown={program}\n")
        assert host.ipsec("checkconf").stdout.count("can be changed by others, and is run with pluto's rights") == said


def test_limits_are_named(host):
    (host.path / "ipsec.conf").write_text("config setup\n\tnhelpers=1000\n\tplane=memory\n")
    out = host.ipsec("checkconf", "--config", "ipsec.conf").stdout
    assert "wanted: a number up to 256\n" in out, out


def test_a_folder_is_no_log_file(host):
    (host.path / "ipsec.conf").write_text("config setup\n\tlogfile=/tmp\n\tplane=memory\n")
    done = host.ipsec("checkconf", "--config", "ipsec.conf")
    assert done.returncode == 2
    assert done.stdout.startswith(
        "ipsec.conf:2:10: error: logfile=/tmp is a folder: pluto can't start\n"), done.stdout
    assert "hint: name a file in it: /tmp/pluto.log\n" in done.stdout


def test_a_file_without_config_setup(host):
    (host.path / "ipsec.conf").write_text(OFFICE)
    assert host.ipsec("checkconf", "--config", "ipsec.conf").returncode == 0


@pytest.mark.parametrize("plane, ability", [("xfrm", "esp_state"), ("esp", "tun")])
def test_a_plane_that_this_kernel_may_lack(host, plane, ability):
    """It is warned of exactly when the kernel lacks it."""
    (host.path / "ipsec.conf").write_text(f"config setup\n\tplane={plane}\n")
    there = json.loads(host.ipsec("features", "--json").stdout)["kernel"][ability]
    out = host.ipsec("checkconf", "--config", "ipsec.conf").stdout
    assert (f"ipsec.conf:2:8: warning: plane={plane}: " in out) == (not there), out


def test_both_places_of_a_clash_are_named(host):
    other = OFFICE.replace("office", "other") + "\tauto=add\n"
    host.write(OFFICE.rstrip("\n") + "\n\tauto=add\n" + other.replace("\tauthby=secret\n", "\ttype=drop\n\tauthby=never\n"))
    out = host.clear(host.ipsec("checkconf").stdout)
    assert ("DIR/ipsec.conf:20:14: warning: conn other drops packets between 10.1.0.0/24 and 10.2.0.0/24, "
            "which conn office protects: only one of the two can be in force\n") in out, out
    assert "        got: conn office, DIR/ipsec.conf:11: rightsubnet=10.2.0.0/24\n" in out
    host.write(OFFICE.rstrip("\n") + "\n\tauto=add\n" + other.replace("192.0.2.2", "192.0.2.3").replace("10.2.", "10.3."))
    out = host.clear(host.ipsec("checkconf").stdout)
    assert ("DIR/ipsec.conf:19:10: warning: conn other: its peer is @west at 192.0.2.3, which conn office has at "
            "192.0.2.2: when one comes up, the other is taken down (uniqueids=yes)\n") in out, out
    assert "        got: conn office, DIR/ipsec.conf:10: rightid=@west\n" in out


def test_json(host):
    host.write("conn one\n\tlefft=192.0.2.1\n\tright=192.0.2.2\n" + OFFICE)
    done = host.ipsec("checkconf", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 2
    assert told["connections"] == {"total": 2, "usable": 1}
    assert (told["errors"], told["warnings"]) == (1, 0)
    (fault,) = told["problems"]
    assert fault["level"] == "error"
    assert (fault["code"], fault["line"], fault["column"]) == ("keyword-unknown", 6, 2)
    assert fault["file"] == str(host.path / "ipsec.conf")
    assert (fault["source"], fault["caret"]) == (" lefft=", 1)


@pytest.mark.parametrize("words, status", [([], 0), (["--strict"], 1), (["--strict", "office"], 0),
                                           (["nosuch"], 2)])
def test_exit_status(host, words, status):
    host.write(OFFICE + OFFICE.replace("office", "elsewhere").replace("192.0.2.", "198.51.100."))
    assert host.ipsec("checkconf", *words).returncode == status
    if words != ["--strict", "office"]:
        assert host.ipsec("addconn", "--checkconfig", *words[:-1]).returncode == 0
    assert host.ipsec("addconn", "--checkconfig", "--warningsfatal").returncode == 1


def test_files_of_policy_groups(host):
    host.write("conn branches\n\tleft=192.0.2.1\n\tright=%group\n\ttype=passthrough\n\tauthby=never\n\tauto=add\n")
    out = host.clear(host.ipsec("checkconf").stdout)
    assert "DIR/ipsec.conf:7:8: warning: conn branches: there is no DIR/ipsec.d/policies/branches" in out, out
    (host.path / "ipsec.d/policies").mkdir(parents=True)
    (host.path / "ipsec.d/policies/branches").write_text("10.1.0.0/16\n10.2.0.0/33\n")
    done = host.ipsec("checkconf")
    assert done.returncode == 2
    assert "DIR/ipsec.d/policies/branches:2:1: error: " in host.clear(done.stdout)
    (host.path / "ipsec.d/policies/branches").write_text("10.1.0.0/16\n")
    assert host.ipsec("checkconf", "--strict").returncode == 0


def test_authorities(host):
    host.write("ca one\n\tcacertt=a.pem\n\tauto=add\nca two\n\tcacert=b.pem\n\tauto=add\nca three\n\tcacert=c.pem\n")
    done = host.ipsec("checkconf")
    out = host.clear(done.stdout)
    assert done.returncode == 2
    assert "DIR/ipsec.conf:6:2: error: " in out and "cacertt" in out, out
    assert "DIR/ipsec.conf:8:1: warning: ca two: cacert=b.pem can't be read: No such file" in out
    assert "three" not in out
    (host.path / "ipsec.d/cacerts").mkdir(parents=True)
    (host.path / "ipsec.d/cacerts/b.pem").write_text("")
    out = host.ipsec("checkconf").stdout
    assert "can't be read" not in out and out.count("ca two") == out.count("b.pem holds no certificate") == 1, out


def test_a_weak_algorithm(host):
    host.write(OFFICE.replace("authby=secret", "authby=secret\n\tike=3des-sha1-modp1536"))
    done = host.ipsec("checkconf")
    assert done.returncode == 0
    assert "warning: " in done.stdout and "3DES" in done.stdout
    assert host.ipsec("checkconf", "--strict").returncode == 1


def test_secrets_are_not_shown(host):
    host.write(OFFICE)
    host.write_secrets('@east @west : PSK "hush hush\n: PSK 0xhushhush\n: PSK "hush"\n: NOPE "hush"\n')
    done = host.ipsec("checkconf")
    assert done.returncode == 2
    assert "ipsec.secrets:1:19: error: " in done.stdout
    assert "hush" not in done.stdout + done.stderr
    assert "hush" not in host.ipsec("checkconf", "--json").stdout


@pytest.mark.parametrize("line", ['authby="secret hush"', "authby=psk,hush", "leftauth=secret hush",
                                  'authby="secret hush"\n\tauthby=rsasig', 'authby=rsasig\n\tauthby="secret hush"'])
def test_a_secret_behind_its_method_is_not_shown(host, line):
    host.write(OFFICE.replace("authby=secret", line))
    for words in (["checkconf"], ["checkconf", "--json"], ["auto", "--showonly", "--add", "office"], ["showconf", "office"]):
        done = host.ipsec(*words)
        assert done.returncode != 0 and "hush" not in done.stdout + done.stderr
    assert "it may be the secret itself" in host.ipsec("checkconf").stdout or "two values for authby=" in done.stderr


def test_a_missing_secret(host):
    host.write(OFFICE)
    host.write_secrets('@east @north : PSK "a secret that is long enough"\n')
    done = host.ipsec("checkconf", "--strict")
    assert done.returncode == 1
    assert "warning: conn office: " in done.stdout


def test_files_that_can_t_be_read(host):
    (host.path / "ipsec.secrets").unlink()
    host.write(OFFICE)
    assert "ipsec.secrets: No such file" in host.ipsec("checkconf").stdout
    (host.path / "ipsec.conf").unlink()
    for words in (["checkconf"], ["addconn", "--checkconfig"]):
        done = host.ipsec(*words)
        assert done.returncode == 2
        assert "cannot read DIR/ipsec.conf" in host.clear(done.stdout)
    os.mkfifo(host.path / "ipsec.secrets")
    host.write(OFFICE)
    done = host.ipsec("checkconf")
    assert done.returncode == 0  # what is piped is for pluto
    assert "ipsec.secrets is a pipe: its secrets are for pluto to read, and are not checked" in done.stdout
    assert host.ipsec("checkconf", "--strict").returncode == 1


def test_files_of_somebody_else_s(host):
    host.write(OFFICE)
    for name, status, strict in ("ipsec.secrets", 2, 2), ("ipsec.conf", 0, 1):
        assert "belongs to" not in host.ipsec("checkconf").stdout
        os.chown(host.path / name, 65534, -1)
        done = host.ipsec("checkconf")
        assert done.returncode == status
        assert host.ipsec("checkconf", "--strict").returncode == strict
        assert f"{name} belongs to user 65534, who may write it" in done.stdout
        assert f"{name} belongs to user 65534, who may write it" in host.ipsec("verify").stdout
        os.chown(host.path / name, 0, -1)


# addconn


LISTED = "".join(OFFICE.replace("office", name).rstrip("\n") + f"\n\tauto={name}\n\n"
                 for name in ("add", "route", "start", "keep", "ignore")) + OFFICE


@pytest.mark.parametrize("words, names", [
    (["--listall"], ["add", "route", "start", "keep", "ignore", "office"]),
    (["--listadd"], ["add"]),
    (["--listroute"], ["route", "start"]),
    (["--liststart"], ["start"]),
    (["--listkeep"], ["keep"]),
    (["--listignore"], ["ignore", "office"]),
    (["--listadd", "--liststart"], ["add", "start"]),
])
def test_lists(folder, words, names):
    folder.write(LISTED)
    assert said(folder.ipsec("addconn", *words), folder) == (0, "".join(f"{name}\n" for name in names), "")


def test_settings_for_a_shell(folder):
    (folder.path / "x.conf").write_text(
        "config setup\n\tlogfile=\"/tmp/it's; rm -f x\"\n\tuniqueids=no\n\tkeep-alive=20s\n")
    done = folder.run("sh", "-c", 'eval "$(ipsec addconn --config x.conf --configsetup --varprefix IPSEC)"; '
                                  'echo "$IPSEClogfile|$IPSECuniqueids|$IPSECkeep_alive"')
    assert (done.stdout, done.stderr) == ("/tmp/it's; rm -f x|no|20\n", "")


def test_what_can_t_be_loaded(folder):
    folder.write(OFFICE)
    done = folder.ipsec("addconn", "office")
    assert (done.returncode, done.stdout) == (255, "")
    assert "pluto is not running" in done.stderr
    assert folder.ipsec("addconn", "--config", "/nowhere", "office").returncode == 3
    assert folder.ipsec("addconn", "--auto=never", "office").returncode == 2


def test_loading(started):
    started.write(LISTED + "conn bad\n\tleft=192.0.2.1\n")
    assert said(started.ipsec("addconn", "office"), started) == (0, "", "")
    assert started.ipsec("addconn", "office", "nosuch").returncode == 21
    assert started.ipsec("addconn", "bad").returncode == 30
    assert started.names() == ["office"]
    assert started.ipsec("addconn", "--auto=ondemand", "office").returncode == 0
    assert [c["routing"] for c in started.status()["connections"]] == ["prospective erouted"]
    done = started.ipsec("addconn", "--verbose", "--addall")
    assert said(done, started) == (0, "4 connections loaded, 0 routed, 0 started\n", "")
    assert started.names() == ["add", "keep", "office", "route", "start"]


def test_files_of_keys_and_certificates_are_looked_for(folder):
    folder.write("conn certs\n\tleft=192.0.2.1\n\tleftcert=east.pem\n\tright=192.0.2.2\n\trightcert=west.pem\n")
    (folder.path / "ipsec.secrets").write_text(': PKCS8 east.pem\n: P12 west.p12 "SEKRIT"\n')
    (folder.path / "ipsec.secrets").chmod(0o600)
    done = folder.ipsec("checkconf")
    out = folder.clear(done.stdout)
    assert "SEKRIT" not in out
    assert done.returncode == 2
    assert "DIR/ipsec.conf:7:11: warning: conn certs: leftcert=: cannot read " in out, out
    for place in ("DIR/ipsec.secrets:1:1: error: ", "DIR/ipsec.secrets:2:1: error: ",
                  "ipsec.d/certs/east.pem", "ipsec.d/certs/west.pem", "ipsec.d/private/east.pem"):
        assert place in out, out
    for kind in ("certs", "private"):
        (folder.path / "ipsec.d" / kind).mkdir(parents=True)
        for name in ("east.pem", "west.pem", "west.p12"):
            (folder.path / "ipsec.d" / kind / name).write_bytes(b"\x30\x03\x02\x01\x00")
            (folder.path / "ipsec.d" / kind / name).chmod(0o600)
    out = folder.clear(folder.ipsec("checkconf").stdout)
    assert "private" not in out and "can't be read" not in out, out
    assert "certs/east.pem holds no certificate" in out and "certs/west.pem holds no certificate" in out, out
    (folder.path / "ipsec.d/private/east.pem").chmod(0o644)
    assert "ipsec.d/private/east.pem" in folder.clear(folder.ipsec("checkconf").stdout)


def test_ends_that_are_alike(host):
    both = ("conn {}\n\ttype={}\n\tauthby={}\n\tleft=192.0.2.1\n\tleftid=@east\n\tleftsubnet=10.1.0.0/24\n"
            "\tright=192.0.2.2\n\trightid=@{}\n\trightsubnet={}\n")
    host.write(both.format("a", "tunnel", "secret", "east", "10.1.0.0/24") +
               both.format("b", "tunnel", "secret", "west", "0.0.0.0/0,10.2.0.0/24") +
               both.format("c", "passthrough", "never", "east", "10.1.0.0/24"))
    out = host.clear(host.ipsec("checkconf").stdout)
    assert "conn a: both ends have the identity @east" in out, out
    assert "conn a: 10.1.0.0/24 is behind both ends" in out, out
    assert out.count("both ends") == 2, out
    key = "0sAwEAAcPBqK1dM2cF"
    host.write(f"conn k\n\tleft=192.0.2.1\n\tleftrsasigkey={key}\n\tright=192.0.2.2\n\trightrsasigkey={key}\n")
    assert "conn k: both ends have the same public key" in host.ipsec("checkconf").stdout


@pytest.mark.parametrize("value", ['@east.example : PSK "SEKRIT"', '"@east : XAUTH \\"SEKRIT\\""', ": RSA SEKRIT x"])
def test_a_record_of_secrets_that_strayed_is_not_shown(host, value):
    host.write(OFFICE.replace("rightid=@west", f"rightid={value}"))
    assert value in (host.path / "ipsec.conf").read_text()
    done = host.ipsec("checkconf")
    assert done.returncode == 2
    assert "rightid has what looks like a record of ipsec.secrets in it" in done.stdout, done.stdout
    assert "SEKRIT" not in done.stdout + done.stderr + host.ipsec("barf").stdout


# ---- what certificates hold ----

CERTIFIED = """\
conn t
\tleft=192.0.2.1
\tleftid=@east
\tleftcert=host.pem
\tright=192.0.2.2
\trightid=@west
\tauthby=pubkey
\tauto=add
"""


@pytest.fixture
def certified(host):
    """An authority, and a host's key and certificate with all that it wants."""
    for place in ("certs", "private", "cacerts"):
        (host.path / "ipsec.d" / place).mkdir(parents=True)
    host.write(CERTIFIED)
    (host.path / "ipsec.secrets").write_text(": PKCS8 host.pem\n")

    def pki(*words):
        done = host.ipsec("pki", *words)
        assert done.returncode == 0, done.stderr

    host.pki = pki
    pki("--self", "--ca", "--newkey", "ca.key", "--dn", "CN=Root", "--out", "ipsec.d/cacerts/ca.pem")
    host.issue = lambda *words: pki("--issue", "--cacert", "ipsec.d/cacerts/ca.pem", "--cakey", "ca.key", "--dn", "CN=east",
                                    "--out", "ipsec.d/certs/host.pem", *words)
    return host


def warnings(host):
    done = host.ipsec("checkconf", "--json")
    return {f["code"]: f for f in json.loads(done.stdout)["problems"] if f["level"] == "warning"}


def test_a_good_certificate_is_no_finding(certified):
    certified.issue("--newkey", "ipsec.d/private/host.pem", "--san", "east")
    assert warnings(certified) == {}


def test_what_is_wrong_with_certificates_is_told(certified):
    certified.issue("--newkey", "other.key", "--san", "elsewhere", "--not-before", "2001-01-01", "--not-after", "2001-02-01")
    certified.pki("--gen", "--out", "ipsec.d/private/host.pem")
    found = warnings(certified)
    assert set(found) == {"cert-time", "cert-identity", "cert-no-key"}, found
    assert "valid from 2001-01-01" in found["cert-time"]["got"] and "@elsewhere" in found["cert-identity"]["got"]
    assert found["cert-identity"]["wanted"] == "@east"
    shutil.copy(certified.path / "ipsec.d/cacerts/ca.pem", certified.path / "ipsec.d/certs/host.pem")
    shutil.copy(certified.path / "ca.key", certified.path / "ipsec.d/private/host.pem")
    assert set(warnings(certified)) == {"cert-authority", "cert-identity"}
    for junk in ("junk\n", (certified.path / "ca.key").read_text()):
        (certified.path / "ipsec.d/certs/host.pem").write_text(junk)
        assert set(warnings(certified)) == {"cert-none"}
    # An OpenPGP certificate is one, which this does not look into.
    (certified.path / "ipsec.d/certs/host.pem").write_text("-----BEGIN PGP PUBLIC KEY BLOCK-----\n")
    assert warnings(certified) == {}


def test_what_is_wrong_with_ca_sections_is_told(certified):
    certified.issue("--newkey", "ipsec.d/private/host.pem", "--san", "east")
    certified.write(CERTIFIED + "ca a\n\tcacert=../certs/host.pem\n\tcrluri=file:///etc/passwd\n\tauto=add\n"
                    "ca b\n\tcacert=ca.pem\n\tocspuri=gopher://x\n\tcrluri=http://x/\n\tauto=add\n")
    done = certified.ipsec("checkconf")
    for words in ("ca a: the certificate of CN=east is no authority's", "ca a: nothing is fetched from file:///etc/passwd",
                  "ca b: nothing is fetched from gopher://x"):
        assert words in done.stdout, done.stdout
    assert done.stdout.count("nothing is fetched") == 2


@pytest.mark.parametrize("old, new, code", [
    ("rightid=@west\n", "rightid=%any\n\tauto=start\n", "peer-anybody start-never"),
    ("rightid=@west\n", "rightid=%any\n\trightca=\"CN=Root\"\n\tauto=start\n", None),
    ("rightid=@west\n", "rightid=%any\n\trightca=\"CN=Root\"\n\trightauth=secret\n\tauto=start\n", "start-never"),
    ("rightid=@west\n", "rightid=%any\n", None),
    ("rightid=@west\n", "rightid=@west\n\trightca=\"CN=Nobody\"\n", "ca-unknown"),
    ("rightid=@west\n", "rightid=@west\n\trightca=\"CN=*\"\n", None),
    ("rightid=@west\n", "rightid=@west\n\trightca=%same\n", None),
    ("rightid=@west\n", "rightid=@west\n\trightauth=secret\n\trightgroups=sales\n", "groups-without-certificate"),
    ("rightid=@west\n", "rightid=@west\n\trightgroups=sales\n", "groups-of-nobody"),
])
def test_what_is_asked_of_the_peer(certified, old, new, code):
    certified.issue("--newkey", "ipsec.d/private/host.pem", "--san", "east")
    text = CERTIFIED.replace(old, new)
    certified.write(text.replace("\tauto=add\n", "") if "auto=start" in new else text)
    found = {c for c in warnings(certified) if c != "no-secret"}
    assert found == set((code or "").split())


@pytest.mark.parametrize("sections, file, warned", [
    ("", None, True),
    ("ca a\n\tcacert=ca.pem\n\tgroups=\"staff, sales\"\n\tauto=add\n", None, False),
    ("ca a\n\tcacert=ca.pem\n\tgroups=staff\n\tauto=add\n", None, True),
    ("ca a\n\tcacert=ca.pem\n\tgroups=sales\n", None, True),  # it is not loaded
    ("", "aacerts/aa.pem", False),
    ("", "acerts/one.pem", True),  # of which nobody is the authority
])
def test_groups_that_nobody_can_be_in(certified, sections, file, warned):
    certified.issue("--newkey", "ipsec.d/private/host.pem", "--san", "east")
    certified.write(CERTIFIED + "\trightgroups=sales\n" + sections)
    if file:
        (certified.path / "ipsec.d" / file).parent.mkdir()
        (certified.path / "ipsec.d" / file).write_text("")
    assert set(warnings(certified)) == ({"groups-of-nobody"} if warned else set())
    if warned:
        assert "groups= in the ca section of the peer's authority" in certified.ipsec("checkconf").stdout
