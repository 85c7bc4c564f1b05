# SPDX-License-Identifier: Apache-2.0
"""The command line of ipsec auto: what it takes, what it refuses, what it shows. No daemon runs."""

import pytest
from support import OFFICE, said

SEE_HELP = "ipsec auto: --help lists the operations and options\n"
DESCRIBED = ("--host 192.0.2.1 --id @east --client 10.1.0.0/24 --to "
             "--host 192.0.2.2 --id @west --client 10.2.0.0/24")
ADD_OFFICE = f"ipsec whack --name office --encrypt --tunnel --psk {DESCRIBED}\n"


@pytest.mark.parametrize("words, why", [
    ([], "no operation is given, such as --up NAME"),
    (["office"], "no operation is given, such as --up NAME"),
    (["--verbose"], "no operation is given, such as --up NAME"),
    (["--up"], "the name of a connection is missing after --up"),
    (["--add", "--verbose"], "the name of a connection is missing after --add"),
    (["--up", "--down", "office"], "two operations are given; the second is --down"),
    (["--ready", "office"], "this operation takes no name: office"),
    (["--config"], "a value is missing after --config"),
    (["--config", "", "--add", "office"], "the value of --config is empty: name a file"),
    (["--ctlsocket", "", "--status"], "the value of --ctlsocket is empty: name a socket"),
    (["--up=office"], "no value is taken by --up=office"),
    (["-u", "office"], "there is no option -u"),
    (["-uv", "office"], "there is no option -u"),
    (["--upp", "office"], "there is no option --upp; did you mean --up?"),
    (["--noinclude", "--add", "office"], "there is no option --noinclude: write --config FILE with a file that includes none"),
    (["--r", "office"], "--r may mean each of --replace, --route, --ready, --rereadsecrets, --rereadgroups, --rereadcacerts, "
     "--rereadaacerts, --rereadocspcerts, --rereadacerts, --rereadcrls, --rereadall"),
    (["--pubkeyrsa"], "--pubkeyrsa can't be used: a key belongs to an end of a connection: --pubkey 0s..."),
    (["--up", "office", "--verbose"], "options stand before the names: --verbose"),
    (["office", "up", "now"], "no operation is given, such as --up NAME"),
    (["office", "upwards"], "no operation is given, such as --up NAME"),
    (["status", "office"], "no operation is given, such as --up NAME"),
    (["--up", ""], "the name after --up is empty: no connection has such a name"),
    (["--status", "office", ""], "the name after --status is empty: no connection has such a name"),
    (["--json", "--up", "office"], "--json goes with --status and the lists, not with --up; "
     "ipsec whack --json prints the answer to any command"),
    (["--json", "--status", "a", "b"], "--json prints one document: name one connection, or a pattern that all fit, "
     "such as 'branch-*'"),
    (["--brief", "--ready"], "--brief goes with --status, not with --ready"),
    (["--brief", "--listall"], "--brief goes with --status, not with --listall"),
])
def test_what_can_t_be_understood(folder, words, why):
    assert said(folder.auto(*words), folder) == (2, "", f"ipsec auto: {why}\n{SEE_HELP}")


@pytest.mark.parametrize("words, command", [
    (["--up", "a"], "--name a --initiate"),
    (["--up", "--asynchronous", "a"], "--asynchronous --name a --initiate"),
    (["--down", "a"], "--name a --terminate"),
    (["--delete", "a"], "--name a --delete"),
    (["--route", "a"], "--name a --route"),
    (["--unroute", "a"], "--name a --unroute"),
    (["--ready"], "--listen"),
    (["--status"], "--status"),
    (["--utc", "--status"], "--utc --status"),
    (["--utc", "--ready"], "--listen"),
    (["--status", "a"], "--name a --status"),
    (["--brief", "--status", "a", ], "--brief --name a --status"),
    (["--json", "--status"], "--json --status"),
    (["--rereadgroups"], "--rereadgroups"),
    (["--rereadcacerts"], "--rereadcacerts\nipsec whack --name '*' --delete-ca"),
    (["--rereadaacerts"], "--rereadaacerts"),
    (["--rereadocspcerts"], "--rereadocspcerts"),
    (["--rereadacerts"], "--rereadacerts"),
    (["--rereadcrls"], "--rereadcrls"),
    (["--listpubkeys"], "--listpubkeys"),
    (["--listcerts", "--utc"], "--utc --listcerts"),
    (["--listcacerts"], "--listcacerts"),
    (["--listaacerts"], "--listaacerts"),
    (["--listocspcerts"], "--listocspcerts"),
    (["--listacerts"], "--listacerts"),
    (["--listgroups"], "--listgroups"),
    (["--listgropus"], "--listgroups"),
    (["--listgr"], "--listgroups"),
    (["--listcainfos"], "--listcainfos"),
    (["--listcrls"], "--listcrls"),
    (["--listocsp"], "--listocsp"),
    (["--listcards"], "--listcards"),
    (["--utc", "--json", "--listall"], "--utc --json --listall"),
    (["--purgeocsp"], "--purgeocsp"),
    (["--utc", "--purgeocsp"], "--purgeocsp"),
    (["--up", "branch-*"], "--name 'branch-*' --initiate"),
    (["--rereadsecrets"], "--rereadsecrets"),
    (["--rereadall"], "--rereadall\nipsec whack --name '*' --delete-ca"),
    (["--del", "a"], "--name a --delete"),
    (["--async", "--u", "a"], None),
    (["--async", "--up", "--", "-a"], "--asynchronous --name -a --initiate"),
    (["--up", "--", "it's"], "--name 'it'\\''s' --initiate"),
    (["--up", "a b"], "--name 'a b' --initiate"),
    (["--up", "$HOME;`x`"], "--name '$HOME;`x`' --initiate"),
])
def test_showonly_prints_the_command(folder, words, command):
    done = folder.auto("--showonly", *words)
    if command is None:
        assert done.returncode == 2
    else:
        assert said(done, folder) == (0, f"ipsec whack {command}\n", "")


@pytest.mark.parametrize("words, command, note", [
    (["--asynchronous", "--down", "a"], "--name a --terminate",
     "--asynchronous changes nothing with --down: --up alone waits for a result"),
    (["--asynchronous", "--ready"], "--listen",
     "--asynchronous changes nothing with --ready: --up alone waits for a result"),
    (["--utc", "--route", "a"], "--name a --route", "--utc changes nothing with --route: it shows no times"),
])
def test_what_changes_nothing_is_noted(folder, words, command, note):
    done = folder.auto("--showonly", *words)
    assert said(done, folder) == (0, f"ipsec whack {command}\n", f"ipsec auto: note: {note}\n")


def test_several_names_are_several_commands(folder):
    done = folder.auto("--showonly", "--up", "a", "b", "c")
    assert said(done, folder) == (0, "".join(f"ipsec whack --name {n} --initiate\n" for n in "abc"), "")


@pytest.mark.parametrize("words, modern, command", [
    (["a", "up"], "--up a", "--name a --initiate"),
    (["a", "delete"], "--delete a", "--name a --delete"),
    (["ready"], "--ready", "--listen"),
    (["rereadsecrets"], "--rereadsecrets", "--rereadsecrets"),
])
def test_the_word_order_of_old(folder, words, modern, command):
    done = folder.auto("--showonly", *words)
    warning = f"ipsec auto: warning: obsolete word order; write  ipsec auto {modern}\n"
    assert said(done, folder) == (0, f"ipsec whack {command}\n", warning)


def test_a_run_folder_that_was_named_is_shown(folder):
    done = folder.ipsec("--rundir", "/some where", "auto", "--showonly", "--ready")
    assert said(done, folder) == (0, "ipsec --rundir '/some where' whack --listen\n", "")


def test_help_and_version(folder):
    done = folder.auto("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: ipsec auto [option ...] operation [NAME ...]\n")
    assert folder.auto("--help", "--up").returncode == 0
    done = folder.auto("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("ipsec auto 0")


# Describing connections


def test_add_and_replace_describe_the_connection(folder):
    folder.write(OFFICE)
    assert said(folder.auto("--showonly", "--add", "office"), folder) == (0, ADD_OFFICE, "")
    replace = ADD_OFFICE.replace("\n", " --delete\n")
    assert said(folder.auto("--showonly", "--replace", "office"), folder) == (0, replace, "")


def test_a_connection_is_described_whole(folder):
    folder.write("""\
conn %default
\tauthby=secret
\trekey=no
conn base
\tike=aes256-sha2_512-dh19
\tesp=chacha20_poly1305
conn all
\talso=base
\tconnalias="one two"
\tleft=%defaultroute
\tleftid="C=CH, O=It's \\"us\\", CN=*"
\tleftsourceip=10.1.0.1
\tleftsubnets={10.1.0.0/24 10.3.0.0/24}
\tright=gateway.example
\trightid=@[key id]
\trightsubnet=10.2.0.0/24
\tikelifetime=30m
\tsalifetime=90s
\tdpddelay=5
\tdpdtimeout=1m
\tdpdaction=restart
\tpfs=no
\tauto=start
\tencapsulation=yes
\tmtu=1400
""")
    done = folder.auto("--showonly", "--add", "all")
    # The source is for the pair that has its network.
    assert said(done, folder) == (0, "".join(
        f"ipsec whack --name all/{pair} --encrypt --tunnel --connalias 'one two all' --auto=start --psk "
        "--ike AES_CBC_256-HMAC_SHA2_512-HMAC_SHA2_512_256-ECP256 --esp CHACHA20_POLY1305 --pfs=no "
        "--ikelifetime 30m --ipseclifetime 90s --dontrekey --dpddelay 5s --dpdtimeout 1m --dpdaction=restart "
        "--encapsulation=yes --mtu 1400 "
        f"--host %defaultroute --id 'C=CH, O=It'\\''s \\\"us\\\", CN=*' --client {network} "
        f"--nexthop %defaultroute {source}"
        "--to --host gateway.example --id '@[key id]' --client 10.2.0.0/24\n"
        for pair, network, source in (("1x0", "10.1.0.0/24", "--srcip 10.1.0.1 "), ("2x0", "10.3.0.0/24", ""))), "")


# What is wrong with a file


def test_a_file_that_is_not_there(folder):
    done = folder.auto("--config", folder.path / "no.conf", "--add", "office")
    assert said(done, folder) == (3, "", (
        "ipsec auto: error: cannot read DIR/no.conf: No such file or directory; "
        "create the file, or name another one\n"))


def test_showonly_of_a_file_that_is_not_there_fails_when_pasted(folder):
    done = folder.auto("--showonly", "--config", "/nowhere/ipsec.conf", "--add", "office")
    assert (done.returncode, done.stdout) == (3, "false\n")


def test_another_file(folder):
    (folder.path / "other.conf").write_text(OFFICE)
    done = folder.auto("--showonly", "--config", "other.conf", "--add", "office")
    assert said(done, folder) == (0, ADD_OFFICE, "")


def test_an_unknown_connection_has_a_suggestion(folder):
    folder.write(OFFICE)
    done = folder.auto("--showonly", "--add", "ofice")
    assert said(done, folder) == (21, "false\n", (
        "ipsec auto: error: no section  conn ofice  and no connalias=ofice in the configuration; "
        "did you mean office?\n"))


def test_an_alias_names_a_connection(folder):
    folder.write(OFFICE + "\tconnalias=work\n")
    done = folder.auto("--showonly", "--add", "work")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("ipsec whack --name office ")


@pytest.mark.parametrize("line, place, complaint", [
    ("leftsubnot=10.0.0.0/8", "13:2", "conn office: there is no keyword leftsubnot=; did you mean leftsubnet= ?"),
    ("leftsubnet", "13:2", 'conn office: expected keyword=value, found "leftsubnet"; write it as  keyword=value'),
    ("type=tunel", "13:7", "conn office: type=: the value is not one that can be used (wanted tunnel, transport, "
                           "beet, passthrough, drop or reject; got tunel); did you mean tunnel?"),
    ("aggrmode=yes", "13:2", "conn office: aggrmode=yes can't be followed: this version speaks IKEv2 only"),
])
def test_a_faulty_connection_is_told_with_its_place(folder, line, place, complaint):
    folder.write(OFFICE.rstrip("\n") + f"\n\t{line}\n")
    done = folder.auto("--showonly", "--add", "office")
    status, out, err = said(done, folder)
    assert (status, out) == (30, "false\n")
    assert f"ipsec auto: error: DIR/ipsec.conf:{place}: {complaint}\n" in err


def test_one_faulty_connection_leaves_the_others(folder):
    folder.write("conn bad\n\tleft=\n\tnonsense\n" + OFFICE)
    done = folder.auto("--showonly", "--add", "bad", "office")
    assert done.returncode == 30
    assert done.stdout == "false\n" + ADD_OFFICE


def test_faults_of_sections_that_nobody_names_are_not_told(folder):
    folder.write("conn bad\n\tnonsense\n" + OFFICE + "include more-*.conf\n")
    (folder.path / "more-1.conf").write_text("conn worse\n\tnonsense\n")
    assert said(folder.auto("--showonly", "--add", "office"), folder) == (0, ADD_OFFICE, "")
    # Nor are they when the whole file is read, to find who has an alias, or two sections.
    folder.write("conn bad\n\tnonsense\n" + OFFICE + "\tconnalias=work\ninclude more-*.conf\n")
    alias = folder.auto("--showonly", "--add", "work")
    assert (alias.returncode, alias.stderr) == (0, "")
    assert said(folder.auto("--showonly", "--add", "nobody"), folder)[2].count("\n") == 1
    folder.write("conn bad\n\tnonsense\n" + OFFICE + "include more-*.conf\n")
    everything = folder.auto("--showonly", "--add", "*")
    assert everything.returncode == 30
    assert "DIR/ipsec.conf:6:2: conn bad: expected keyword=value" in folder.clear(everything.stderr)
    assert "DIR/more-1.conf:2:2: conn worse: expected keyword=value" in folder.clear(everything.stderr)


def test_an_alias_means_all_that_have_it(folder):
    folder.write("".join(
        OFFICE.replace("office", name).rstrip("\n") + "\n\tconnalias=sites\n\n" for name in ("one", "two")) + OFFICE)
    done = folder.auto("--showonly", "--add", "sites")
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[3] for line in done.stdout.splitlines()] == ["one", "two"]
    assert folder.auto("--showonly", "--add", "sites").stdout == folder.auto("--showonly", "--add", "one", "two").stdout
    shown = folder.ipsec("showconf", "--conf", "sites").stdout
    assert [line for line in shown.splitlines() if line.startswith("conn ")] == ["conn one", "conn two"]
    assert "2 connections" in folder.ipsec("checkconf", "sites").stdout


def test_settings_without_effect_are_told_of_when_asked_to(folder):
    folder.write(OFFICE.rstrip("\n") + "\n\tmobike=yes\n\tclientaddrfamily=ipv4\n")
    quiet = folder.auto("--showonly", "--add", "office")
    assert (quiet.returncode, quiet.stderr) == (0, "")
    told = folder.auto("--showonly", "--verbose", "--add", "office")
    assert "note: DIR/ipsec.conf:13:2: conn office: mobike= has no effect: MOBIKE is not built yet" in folder.clear(
        told.stderr)
    assert "clientaddrfamily= has no effect: it follows from the networks" in told.stderr
    assert quiet.stdout == told.stdout


def test_a_file_that_everyone_may_write_is_refused(folder):
    folder.write(OFFICE)
    (folder.path / "ipsec.conf").chmod(0o666)
    done = folder.auto("--showonly", "--add", "office")
    assert said(done, folder) == (3, "false\n", (
        "ipsec auto: error: everyone may write DIR/ipsec.conf; chmod o-w DIR/ipsec.conf\n"))


def test_a_file_that_may_not_be_read(folder):
    (folder.path / "ipsec.conf").chmod(0o600)
    done = folder.as_nobody("auto", "--add", "office")
    if "setpriv" in done.stderr:
        pytest.skip("becoming somebody else needs root")
    assert said(done, folder) == (3, "", (
        "ipsec auto: error: cannot read DIR/ipsec.conf: Permission denied; "
        "run as root, or give yourself permission to read the file\n"))


# Nobody to talk to


def test_pluto_is_not_running(folder):
    folder.write(OFFICE)
    for words in (["--ready"], ["--status"], ["--up", "office"], ["--add", "office"], ["--delete", "nobody"]):
        assert said(folder.auto(*words), folder) == (1, "", (
            'whack: pluto is not running (no DIR/run/pluto.ctl); start it with "ipsec setup start"\n'))
