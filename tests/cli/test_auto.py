# SPDX-License-Identifier: Apache-2.0
"""ipsec auto with a running pluto: texts and exit statuses."""

import os
import re

import pytest
from support import OFFICE, SECRETS, said, wait_until

UNKNOWN = '021 no connection named "{0}" is loaded: load it with "ipsec auto --add {0}"\n'
NOT_LOADED = '021 no connection named "{0}" is loaded: "ipsec auto --status" lists those that are\n'
STRANGE = r"""
conn strange
	left=192.0.2.1
	leftid="C=CH, O=It's \\"us\\" & $HOME `them`, CN=a b"
	leftsubnet=10.1.0.0/24,10.3.0.0/16
	leftsourceip=10.1.0.1
	right=%any
	rightid="*@example.com"
	rightsubnet=10.2.0.0/24
	connalias="one two"
	authby=secret
	ike=aes256-sha2_512-dh19,aes_gcm128-sha2_256-x25519
	esp=chacha20_poly1305,aes256-sha2_256
	ikelifetime=90m
	salifetime=1h
	rekeymargin=30s
	rekeyfuzz=50%
	keyingtries=3
	dpddelay=7
	dpdtimeout=1m
	dpdaction=clear
	pfs=no
	esn=no
	replay-window=0
	encapsulation=no
	mtu=1300
	metric=17
	failureshunt=reject
	auto=route

conn six
	left=2001:db8::1
	right=2001:db8::2
	leftsubnet=2001:db8:1::/48
	rightsubnet=2001:db8:2::/48
	authby=secret
	connaddrfamily=ipv6

conn let-pass
	left=192.0.2.1
	leftprotoport=tcp/22
	right=192.0.2.2
	rightprotoport=tcp
	type=passthrough
	authby=never

conn roaming
	left=%defaultroute
	leftikeport=4500
	right=gateway.example
	rightid=@#0a0b0c
	rightsubnet=0.0.0.0/0
	type=tunnel
	rekey=no
	forceencaps=yes
	authby=secret
"""


def loaded(host, name):
    """What pluto says of a connection, but for the number that it chooses anew each time."""
    connections = host.status(name)["connections"]
    assert len(connections) == 1
    del connections[0]["reqid"]
    return connections[0]


# Loading


def test_add_replace_delete(started):
    assert said(started.auto("--add", "office"), started) == (0, "", "")
    assert started.names() == ["office"]
    assert said(started.auto("--add", "office"), started) == (20, (
        '020 "office" is not loaded: a connection office is loaded already\n'
        "020     to do:  ipsec auto --replace office\n"), "")
    assert said(started.auto("--replace", "office"), started) == (0, "", "")
    assert said(started.auto("--delete", "office"), started) == (0, "", "")
    assert started.names() == []
    assert said(started.auto("--delete", "office"), started) == (21, NOT_LOADED.format("office"), "")
    assert said(started.auto("--replace", "office"), started) == (0, "", "")
    assert started.names() == ["office"]


def test_weak_algorithms_are_told(started):
    started.write(OFFICE.rstrip() + "\n\tike=3des-sha1-modp1024\n\tesp=aes128-md5-modp768\n\tpfs=no\n")
    done = started.auto("--add", "office")
    assert done.returncode == 0
    ike = "ike=: 3DES, HMAC_SHA1, HMAC_SHA1_96, MODP1024 are weak"
    esp = "esp=: HMAC_MD5_96, MODP768 are weak"
    idle = "esp= names MODP768, but with pfs=no it is used only when the peer asks for it"
    log = started.log()
    for said_twice in (ike, esp, idle):
        assert said_twice in done.stderr
        assert f'"office": {said_twice}' in log
    assert "MODP1024 (its group is too small)" in done.stderr and "MODP1024 (its group is too small)" in log
    told = started.ipsec("whack", "--name", "other", "--host", "192.0.2.1", "--to", "--host", "192.0.2.3",
                         "--psk", "--ike", "aes256-sha256-modp1536")
    assert told.returncode == 0
    assert '002 "other": ike=: MODP1536 is weak [RFC 3526]\n002     got:    MODP1536 (its group is too small)\n' in told.stdout


def test_replace_takes_what_the_file_says_now(started):
    started.auto("--add", "office")
    started.write(OFFICE.replace("10.2.0.0/24", "10.9.0.0/16"))
    assert loaded(started, "office")["right"]["subnets"] == ["10.2.0.0/24"]
    assert started.auto("--replace", "office").returncode == 0
    assert loaded(started, "office")["right"]["subnets"] == ["10.9.0.0/16"]


def test_what_is_in_use_is_not_replaced_by_what_fits_no_address(started):
    assert started.auto("--add", "office").returncode == started.auto("--route", "office").returncode == 0
    started.write(OFFICE.replace("192.0.2.1", "192.0.2.41"))
    done = started.auto("--replace", "office")
    assert done.returncode == 22
    assert done.stdout.startswith('022 "office": it is in use and not replaced: neither end is an address of this host\n')
    assert loaded(started, "office")["routing"] == "prospective erouted"
    assert started.auto("--unroute", "office").returncode == started.auto("--replace", "office").returncode == 0
    assert loaded(started, "office")["left"]["host"] == "192.0.2.41"


def test_addresses_for_another_host_to_give_are_told(started):
    listed = OFFICE.replace("\tleftsubnet=10.1.0.0/24\n", "\tleftsourceip=10.1.0.1,10.1.0.2\n")
    started.write(listed)
    done = started.auto("--add", "office")
    assert done.returncode == 0
    assert done.stderr == ""
    assert '000 "office": leftsourceip= or leftaddresspool= lists addresses for the other host to give' in done.stdout
    assert "000     got:    10.1.0.1/32,10.1.0.2/32\n" in done.stdout
    started.write(listed.replace("left=192.0.2.1", "left=%defaultroute"))
    done = started.auto("--replace", "office")
    assert "conn office: leftsourceip= or leftaddresspool= lists addresses for the other host to give" in done.stderr
    assert "conn office: leftsourceip=" in started.ipsec("checkconf").stdout
    # The same at the peer's end is what it is for.
    started.write(OFFICE.replace("\trightsubnet=10.2.0.0/24\n", "\trightsourceip=10.1.0.1,10.1.0.2\n"))
    assert said(started.auto("--replace", "office"), started) == (0, "", "")


PAIRED = OFFICE.replace("leftsubnet=10.1.0.0/24", "leftsubnets={10.1.0.0/24 10.3.0.0/24}")
FEWER = OFFICE.replace("leftsubnet=10.1.0.0/24", "leftsubnets=10.3.0.0/24")


def routing(host):
    return {c["name"]: c["routing"] for c in host.status()["connections"]}


@pytest.mark.parametrize("command", ["auto", "short", "pattern"])
def test_pairs_that_the_file_has_no_more_go_with_replace(started, command):
    def replace():
        words = {"auto": ("auto", "--replace", "office"), "short": ("replace", "office"),
                 "pattern": ("auto", "--replace", "off*")}[command]
        done = started.ipsec(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    other = OFFICE.replace("conn office", "conn other") + "\tconnalias=office/1x0\n"
    started.write(PAIRED + other)
    assert replace() == ""
    started.auto("--add", "other")
    assert sorted(started.names()) == ["office/1x0", "office/2x0", "other"]
    started.write(FEWER + other)
    assert replace() == '000 "office/2x0": it is deleted: conn office has it no more\n'
    assert sorted(started.names()) == ["office/1x0", "other"]
    started.write(OFFICE + other)
    assert replace() == '000 "office/1x0": it is deleted: conn office has it no more\n'
    assert sorted(started.names()) == ["office", "other"]
    started.write(PAIRED + other)
    assert replace() == '000 "office": it is deleted: conn office has it no more\n'
    assert sorted(started.names()) == ["office/1x0", "office/2x0", "other"]


def test_what_protects_goes_on_when_pairs_become_one(started):
    started.write(PAIRED)
    started.auto("--replace", "office")
    assert started.auto("--route", "office/2x0").returncode == 0
    started.write(PAIRED.replace("10.1.0.0/24 10.3.0.0/24", "10.3.0.0/24 10.1.0.0/24 10.4.0.0/24"))
    assert started.auto("--replace", "office").returncode == 0
    assert routing(started) == {"office/1x0": "unrouted", "office/2x0": "prospective erouted", "office/3x0": "unrouted"}
    started.write(OFFICE)
    started.auto("--replace", "office")
    assert routing(started) == {"office": "prospective erouted"}
    started.write(PAIRED)
    started.auto("--replace", "office")
    assert routing(started) == {"office/1x0": "prospective erouted", "office/2x0": "unrouted"}


def test_pairs_stay_when_what_replaces_them_is_refused(started):
    started.write(PAIRED)
    started.auto("--replace", "office")
    assert started.auto("--route", "office").returncode == 0
    # In the first pair's place, which is in use, comes what fits no address.
    started.write(FEWER.replace("192.0.2.1", "192.0.2.41"))
    assert started.auto("--replace", "office").returncode == 22
    assert sorted(started.names()) == ["office/1x0", "office/2x0"]
    # A new name is loaded at first.
    started.write(OFFICE.replace("192.0.2.1", "192.0.2.41"))
    done = started.auto("--replace", "office")
    assert done.returncode == 22
    assert done.stdout.count("it stays, though conn office has it no more: \"office\" can't take its place here") == 2
    assert {"office/1x0", "office/2x0"} <= set(started.names())
    started.write(PAIRED + "\ttype=nonsense\n")
    assert started.auto("--replace", "office").returncode == 30
    assert {"office/1x0", "office/2x0"} <= set(started.names())


@pytest.mark.parametrize("ends, lacks", [
    (("192.0.2.1", "gw.invalid"), "the peer's name has no address yet"),
    (("nosuch.invalid", "192.0.2.2"), "neither end is an address of this host"),
    (("192.0.2.77", "gw.invalid"), "neither end is an address of this host")])
def test_what_is_in_use_stays_until_a_name_has_an_address(started, ends, lacks):
    assert started.auto("--add", "office").returncode == started.auto("--route", "office").returncode == 0
    before = loaded(started, "office")
    started.write(OFFICE.replace("192.0.2.1", ends[0]).replace("192.0.2.2", ends[1]))
    done = started.auto("--replace", "office")
    assert done.returncode == 0
    assert done.stdout.startswith('000 "office": it stays as it was, and what is described now follows by itself '
                                  f"later: {lacks}\n"), done.stdout
    assert f"left={ends[0]}" in done.stdout and "right=gw.invalid (not resolved yet)" in done.stdout or "nosuch" in ends[0]
    assert loaded(started, "office")["left"] == before["left"] and loaded(started, "office")["routing"] == before["routing"]
    assert before["routing"] == "prospective erouted"
    # It is told for as long as it waits.
    now = loaded(started, "office")
    assert "awaits" not in before and now["awaits"] == lacks and f"left={ends[0]}" in now["awaits_ends"]
    assert f'000 "office":   its new version waits: {lacks} (left={ends[0]}' in started.auto("--status", "office").stdout
    started.write(OFFICE)
    assert started.auto("--replace", "office").returncode == 0
    assert "awaits" not in loaded(started, "office")


def test_an_emptied_file_of_secrets_replaces_nothing(started):
    started.write_secrets('@a @b : PSK "what two ends share"\n')
    assert started.auto("--rereadsecrets").returncode == 0
    before = started.auto("--listpsks").stdout
    for empty in ("", "# nothing\n"):
        started.write_secrets(empty)
        done = started.auto("--rereadsecrets")
        assert done.returncode == 3 and "has no secret at all" in done.stdout, done.stdout
        assert started.auto("--listpsks").stdout == before


HALF = "the last line does not end, so the file may be half written"


# What a file ends with, and whether it may be cut there.
@pytest.mark.parametrize("last, cut", [
    ("@c @d : PSK 0sAAECAwQFBgcICQoLDA0O", True), ("@c @d : RSA ke", True), ("include other.se", True),
    ('@c @d : PSK "a whole secret"', False), ("# a comm", False), ('@c @d : PSK "a whole secret" # a comm', False), (" ", False)])
def test_half_a_file_of_secrets_replaces_nothing(started, last, cut):
    started.write_secrets('@a @b : PSK "what two ends share"\n')
    assert started.auto("--rereadsecrets").returncode == 0
    before = started.auto("--listpsks").stdout
    started.write_secrets('@x @y : PSK "the new one"\n' + last)
    done = started.auto("--rereadsecrets")
    assert (HALF in done.stdout) == cut
    if cut:
        assert done.returncode == 3 and "ipsec.secrets:2:1: " in done.stdout and "end it with a newline" in done.stdout
        assert "the secrets in force stay" in done.stdout
    assert (started.auto("--listpsks").stdout == before) == cut


def test_a_file_of_secrets_without_its_last_newline_is_used(host):
    """What comes first, or is in force already, is told, but taken."""
    host.write_secrets("@a @b : PSK 0sAAECAwQFBgcICQoLDA0ODxAR")
    done = host.ipsec("setup", "start")
    assert done.returncode == 0 and HALF in done.stderr, done
    for _ in range(2):
        done = host.auto("--rereadsecrets")
        assert done.returncode == 0 and HALF in done.stdout, done
        assert "@a" in host.auto("--listpsks").stdout
    host.write_secrets("@a @b : PSK 0sAAECAwQFBgcICQoLDA")
    assert host.auto("--rereadsecrets").returncode == 3


def test_several_names_and_the_first_failure_counts(started):
    started.write(OFFICE + OFFICE.replace("office", "branch").replace("10.2.", "10.3."))
    assert said(started.auto("--add", "office", "branch"), started) == (0, "", "")
    assert started.names() == ["branch", "office"]
    done = started.auto("--delete", "office", "nobody", "branch")
    assert said(done, started) == (21, NOT_LOADED.format("nobody"), "")
    assert started.names() == []


def test_a_broken_file_leaves_the_daemon_as_it_was(started):
    started.auto("--add", "office")
    before = started.status("office")["connections"]
    started.write(OFFICE.replace("leftsubnet", "leftsubnot") + "garbage\n\x01\n")
    done = started.auto("--replace", "office")
    assert (done.returncode, done.stdout) == (30, "")
    assert "there is no keyword leftsubnot=" in done.stderr
    (started.path / "ipsec.conf").unlink()
    assert started.auto("--replace", "office").returncode == 3
    assert started.status("office")["connections"] == before


def test_an_alias_acts_on_its_connection(started):
    started.write(OFFICE.rstrip("\n") + "\n\tconnalias=work\n")
    assert said(started.auto("--add", "work"), started) == (0, "", "")
    assert started.names() == ["office"]
    assert said(started.auto("--delete", "work"), started) == (0, "", "")
    assert started.names() == []


# What is shown


def test_log_lines_are_hidden(started):
    assert said(started.auto("--add", "office"), started) == (0, "", "")
    done = started.auto("--verbose", "--delete", "office")
    assert said(done, started) == (0, '002 "office": deleting connection\n', "")
    done = started.auto("--verbose", "--add", "office")
    assert said(done, started) == (0, '002 "office": added connection description "office"\n', "")
    done = started.auto("--verbose", "--replace", "office")
    assert said(done, started) == (0, '002 "office": "office" is loaded like this already\n', "")


def test_show_traces_each_command(started):
    done = started.auto("--show", "--delete", "it's", "office")
    assert said(done, started) == (21, NOT_LOADED.format("it's") + NOT_LOADED.format("office"), (
        "+ ipsec whack --name 'it'\\''s' --delete\n+ ipsec whack --name office --delete\n"))


def test_showonly_does_nothing(started):
    done = started.auto("--showonly", "--show", "--add", "office")
    assert done.returncode == 0
    assert done.stdout.startswith("ipsec whack --name office ")
    assert done.stderr == ""
    assert started.names() == []


@pytest.mark.parametrize("name", ["office", "strange", "six", "let-pass", "roaming"])
def test_showonly_can_be_pasted(started, name):
    started.write(OFFICE + STRANGE)
    shown = started.auto("--showonly", "--add", name)
    assert (shown.returncode, shown.stderr) == (0, "")
    done = started.auto("--add", name)
    assert done.returncode == 0, done.stdout + done.stderr
    added = loaded(started, name)
    started.auto("--delete", name)
    pasted = started.run("sh", "-c", shown.stdout)
    assert (pasted.returncode, pasted.stderr) == (0, "")
    assert loaded(started, name) == added
    again = started.auto("--verbose", "--replace", name)
    assert again.stdout == f'002 "{name}": "{name}" is loaded like this already\n'
    again = started.run("sh", "-c", shown.stdout)
    assert again.returncode == 20
    replace = started.auto("--showonly", "--replace", name)
    assert started.run("sh", "-c", replace.stdout).returncode == 0


def test_pasting_a_failure_fails(started):
    done = started.auto("--showonly", "--add", "office", "nobody")
    assert done.returncode == 21
    pasted = started.run("sh", "-c", done.stdout)
    assert pasted.returncode == 1
    assert started.names() == ["office"]


def test_another_file_is_read(started):
    (started.path / "other.conf").write_text(OFFICE.replace("office", "other"))
    assert started.auto("--add", "other").returncode == 21
    assert said(started.auto("--config", "other.conf", "--add", "other"), started) == (0, "", "")
    assert started.names() == ["other"]


def test_status_tells_of_daemon_and_connections(started):
    started.auto("--add", "office")
    done = started.auto("--status")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert all(line.startswith("000 ") for line in lines)
    assert "000 plane: memory; secrets file: DIR/ipsec.secrets (1)" in started.clear(done.stdout).splitlines()
    assert "000 interface wire0 192.0.2.1:500 (IPv4/udp)" in lines
    assert ('000 "office": 10.1.0.0/24===192.0.2.1[@east]...192.0.2.2[@west]===10.2.0.0/24; unrouted; '
            "eroute owner: #0") in lines


def test_old_word_order_does_it(started):
    done = started.auto("office", "add")
    assert said(done, started) == (0, "", (
        "ipsec auto: warning: obsolete word order; write  ipsec auto --add office\n"))
    assert started.names() == ["office"]


# Codes


@pytest.mark.parametrize("operation", ["up", "down", "delete", "route", "unroute"])
def test_unknown_names(started, operation):
    done = started.auto(f"--{operation}", "nobody")
    wanted = UNKNOWN if operation in ("up", "route") else NOT_LOADED
    assert said(done, started) == (21, wanted.format("nobody"), "")


def test_neither_end_is_here(started):
    started.write(OFFICE.replace("192.0.2.1", "192.0.2.77"))
    code, out, err = said(started.auto("--add", "office"), started)
    assert (code, err) == (0, "")
    assert out.startswith('000 "office": it cannot be used here: neither end is an address of this host\n')
    for operation, word in (("up", "initiate"), ("route", "route")):
        done = started.auto(f"--{operation}", "office")
        lines = done.stdout.splitlines()
        assert (done.returncode, len(lines), done.stderr) == (22, 5, "")
        assert lines[0].startswith(f'022 "office": cannot {word}: ')
        assert "neither end" in lines[0]
        assert "192.0.2.1" in lines[1]
        assert lines[2] == "022     got:    left=192.0.2.77, right=192.0.2.2"
        assert lines[3].startswith("022     to do:  write this host's address")
        assert lines[4].startswith('000 "office": it is ') and "as soon as" in lines[4]
    assert started.auto("--asynchronous", "--up", "office").returncode == 22


@pytest.mark.parametrize("operation, before", [
    ("up", "opening negotiations"), ("route", "routing: its packets could not bring it up")])
def test_before_ready(host, operation, before):
    host.start_deaf()
    assert said(host.auto("--add", "office"), host) == (0, "", "")
    done = host.auto(f"--{operation}", "office")
    assert said(done, host) == (24, f'024 "office": need "ipsec auto --ready" before {before}\n', "")
    assert said(host.auto("--ready"), host) == (0, "", "")
    assert said(host.auto("--route", "office"), host) == (0, "", "")


def test_route_and_unroute(started):
    started.auto("--add", "office")
    assert said(started.auto("--route", "office"), started) == (0, "", "")
    assert loaded(started, "office")["routing"] == "prospective erouted"
    assert said(started.auto("--route", "office"), started) == (0, "", "")
    assert said(started.auto("--unroute", "office"), started) == (0, "", "")
    assert loaded(started, "office")["routing"] == "unrouted"
    assert said(started.auto("--unroute", "office"), started) == (0, "", "")


def test_a_route_that_another_owns(started):
    started.write(OFFICE + OFFICE.replace("office", "rival").replace("192.0.2.2", "192.0.2.3").replace("@west", "@third"))
    started.auto("--add", "office", "rival")
    assert started.auto("--route", "office").returncode == 0
    done = started.auto("--route", "rival")
    assert done.returncode == 25
    assert done.stdout.startswith('025 "rival": cannot route: ')
    assert "office" in done.stdout
    assert done.stdout.count("give the connections different subnets") == 1, done.stdout


def test_a_connection_without_keys_has_nothing_to_negotiate(started):
    started.write(STRANGE)
    started.auto("--add", "let-pass")
    assert said(started.auto("--up", "let-pass"), started) == (30, (
        '030 "let-pass": it passes packets and has nothing to negotiate: "ipsec auto --route let-pass" puts it in force\n'), "")
    assert said(started.auto("--route", "let-pass"), started) == (0, "", "")


def test_whoever_has_no_address_can_t_be_called(started):
    started.write(OFFICE.replace("192.0.2.2", "%any"))
    started.auto("--add", "office")
    done = started.auto("--up", "office")
    assert done.returncode == 29
    assert done.stdout.startswith('029 "office": cannot initiate')


def test_a_weak_secret_is_told(started):
    started.write_secrets(SECRETS + '@east @other : PSK "short"\n')
    status, out, err = said(started.auto("--rereadsecrets"), started)
    assert (status, err) == (0, "")
    assert out.startswith("000 DIR/ipsec.secrets:2:1: this pre-shared key is short enough to be guessed\n")


def test_secrets_are_read_again(started):
    assert said(started.auto("--rereadsecrets"), started) == (0, "", "")
    assert started.status()["daemon"]["secrets"] == 1
    started.write_secrets(SECRETS + '@east @other : PSK "another long secret"\n')
    done = started.auto("--verbose", "--rereadsecrets")
    assert said(done, started) == (0, "002 read 2 secrets from DIR/ipsec.secrets\n", "")
    assert started.status()["daemon"]["secrets"] == 2
    (started.path / "ipsec.secrets").unlink()
    assert said(started.auto("--rereadsecrets"), started) == (3, (
        "003 the secrets in force stay: cannot read DIR/ipsec.secrets: No such file or directory\n"
        "003     to do:  create the file, or name another one\n"), "")
    assert started.status()["daemon"]["secrets"] == 2


def test_an_included_file_of_secrets_has_to_be_there(started):
    started.write_secrets(SECRETS + "\ninclude more.secrets\ninclude some-*.secrets\ninclude ipsec.secrets\n")
    status, out, err = said(started.auto("--rereadsecrets"), started)
    assert (status, err) == (3, "")
    assert "003 DIR/ipsec.secrets:3:1: there is no file to include: DIR/more.secrets\n" in out
    assert "003 DIR/ipsec.secrets:5:1: a secrets file includes itself\n" in out
    assert "003 the secrets in force stay" in out
    assert started.status()["daemon"]["secrets"] == 1


def test_secrets_of_somebody_else_s_are_refused(started):
    os.chown(started.path / "ipsec.secrets", 65534, -1)
    done = started.auto("--rereadsecrets")
    assert done.returncode == 3
    assert "ipsec.secrets belongs to user 65534, who may write it" in done.stdout
    assert started.status()["daemon"]["secrets"] == 1


def test_who_is_not_root_is_told_so(started):
    started.auto("--add", "office")
    for words in (["--status"], ["--up", "office"], ["--delete", "office"], ["--rereadsecrets"]):
        assert said(started.as_nobody("auto", *words), started) == (1, "", (
            "whack: no permission to talk to pluto (DIR/run/pluto.ctl: Permission denied); "
            "run it as root, or as a member of pluto's control group\n"))
    assert started.names() == ["office"]


# Up and down


def up_lines(text):
    return re.sub(r"0x[0-9a-f]{8}", "SPI", text)


def test_up_and_down_between_two_hosts(pair):
    east, west = pair
    for host in pair:
        assert host.auto("--add", "office").returncode == 0
    done = east.auto("--up", "office")
    assert (done.returncode, done.stderr) == (0, "")
    assert up_lines(done.stdout) == (
        '134 "office" #1: STATE_PARENT_I1: initiate (to 192.0.2.2:500)\n'
        '135 "office" #1: STATE_PARENT_I2: sent IKE_AUTH, expecting the peer\'s proof (to 192.0.2.2:500)\n'
        '004 "office" #2: STATE_CHILD_C1: IPsec SA established tunnel mode {ESP=>SPI <SPI '
        "xfrm=AES_GCM_16_256-ESN_YES ESN 10.1.0.0/24 === 10.2.0.0/24}\n")
    assert said(east.auto("--unroute", "office"), east) == (26, (
        '026 "office": cannot unroute: the connection is up, bring it down first\n'), "")
    assert east.auto("--verbose", "--replace", "office").stdout == (
        '002 "office": "office" is loaded like this already\n')
    for host in pair:
        assert "1 tunnels up" in host.ipsec("setup", "status").stdout
    assert said(west.auto("--down", "office"), west) == (0, (
        '000 "office": its tunnel is taken down; the peer had brought it up and will try again, '
        'unless it is taken down there as well\n'), "")
    for host in pair:
        wait_until(lambda: "0 tunnels up" in host.ipsec("setup", "status").stdout, "the tunnel to go")


def test_broken_files_leave_a_tunnel_as_it_was(pair):
    east, _ = pair
    for host in pair:
        host.auto("--add", "office")
    assert east.auto("--up", "office").returncode == 0

    def spis():
        return [(sa["spi_in"], sa["spi_out"]) for host in pair for sa in host.status()["children"]]

    before = spis()
    east.write(OFFICE.replace("leftsubnet", "leftsubnot") + "garbage\n\x01\n")
    east.write_secrets(': PSK "no end\n')
    for words in (["--replace", "office"], ["--add", "office"], ["--rereadsecrets"],
                  ["--route", "nobody"], ["--ready"]):
        east.auto(*words)
    assert len(before) == 2 and spis() == before
    # The secrets in force are those of before: a new IKE SA comes up by them.
    assert east.auto("--up", "office").returncode == 0


def test_up_without_waiting(pair):
    east, west = pair
    for host in pair:
        host.auto("--add", "office")
    done = east.auto("--asynchronous", "--up", "office")
    assert (done.returncode, done.stderr) == (0, "")
    assert "004" not in done.stdout
    wait_until(lambda: west.status()["daemon"]["counts"]["children"] == 1, "the tunnel")


def test_a_wrong_secret_is_told(pair):
    east, west = pair
    west.write_secrets('@east @west : PSK "not the secret of the other"\n')
    west.auto("--rereadsecrets")
    for host in pair:
        host.auto("--add", "office")
    done = east.auto("--up", "office")
    assert done.returncode == 200 + 24
    assert "AUTHENTICATION_FAILED" in done.stdout
    assert "secret" in done.stdout
    east.auto("--down", "office")


def test_without_a_secret_nobody_is_called(pair):
    east, _ = pair
    east.write_secrets("@nobody @else : PSK \"for others\"\n")
    east.auto("--rereadsecrets")
    for host in pair:
        host.auto("--add", "office")
    done = east.auto("--up", "office")
    assert done.returncode == 28
    assert "ipsec.secrets" in done.stdout
    east.auto("--down", "office")
