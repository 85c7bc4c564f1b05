# SPDX-License-Identifier: Apache-2.0
"""ipsec pki: what it makes openssl reads, what openssl makes it reads, and its verdicts are pluto's."""

import http.server
import json
import os
import re
import shutil
import stat
import subprocess
import threading

import pytest


def openssl(folder, *words):
    done = folder.run("openssl", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def pki(folder, *words, status=0):
    done = folder.ipsec("pki", *words)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout if not status else done.stdout + done.stderr


@pytest.fixture
def ca(folder):
    pki(folder, "--self", "--ca", "--newkey", "ca.key", "--dn", "O=Lab, CN=Root", "--out", "ca.pem")
    return ["--cacert", "ca.pem", "--cakey", "ca.key"]


def issue(folder, ca, name, *words):
    pki(folder, "--issue", *ca, "--newkey", f"{name}.key", "--san", f"{name}.example", "--out", f"{name}.pem", *words)
    return f"{name}.pem"


@pytest.mark.parametrize("words, err", [
    (["--isue"], "ipsec pki: there is no operation --isue; did you mean --issue?\nipsec pki: --help tells how it is used\n"),
    (["--self"], "ipsec pki --self: --key FILE or --newkey FILE says whose it is\n"),
    (["--req", "--newkey", "k"], "ipsec pki --req: --dn NAME, and --key FILE or --newkey FILE are wanted\n"),
    (["--issue"], "ipsec pki --issue: --cacert FILE and --cakey FILE say who issues it\n"),
    (["--issue", "--cacert", "a", "--cakey", "b"],
     "ipsec pki --issue: --in FILE, --key FILE, --newkey FILE or --host FOLDER says whose it is\n"),
    (["--issue", "--cacert", "a", "--cakey", "b", "--in", "r", "--newkey", "k"],
     "ipsec pki --issue: a request (--in) has a key: --key and --newkey don't go with it\n"),
    (["--issue", "--cacert", "a", "--cakey", "b", "--host", "h", "--out", "k"],
     "ipsec pki --issue: --host FOLDER says where all of it goes: --out does not go with it\n"),
    (["--signcrl"], "ipsec pki --signcrl: --cacert FILE and --cakey FILE say whose list it is\n"),
    (["--signac"], "ipsec pki --signac: --issuercert FILE and --issuerkey FILE say which authority signs it\n"),
    (["--signac", "--issuercert", "a", "--issuerkey", "b", "--in", "c"],
     "ipsec pki --signac: --group NAME says to what the holder belongs; it may be given often\n"),
    (["--signac", "--issuercert", "a", "--issuerkey", "b", "--in", "c", "--group", "a b"],
     "ipsec pki --signac: a group's name has 1 to 128 characters, no blank and no comma\n"),
    (["--gen", "--type", "dsa"],
     "ipsec pki --gen: --type dsa is no kind of key; there are rsa, ecdsa, ed25519 and ed448\n"),
    (["--gen", "--bits", "257"], "ipsec pki --gen: --bits 257 can't be used; RSA has 2048 to 16384, ECDSA 256, 384 "
                                 "or 521, and the other kinds have one size\n"),
    (["--gen", "--outform", "p12"], "ipsec pki --gen: --outform p12 is not known; there are pem and der\n"),
    (["--verify"], "ipsec pki --verify: a file with the certificate is missing\nipsec pki --verify: --help tells how it is used\n"),
    (["--verify", "--at", "noon", "x"], "ipsec pki --verify: noon is no time; write 2027-01-31, or 20270131235959Z (UTC)\n"),
    (["--print"], "ipsec pki --print: which file?\n"),
])
def test_what_can_t_be_understood(folder, words, err):
    done = folder.ipsec("pki", *words)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", err)


@pytest.mark.parametrize("operation", ["gen", "self", "req", "issue", "signcrl", "signac", "acert", "print", "verify"])
def test_help(folder, operation):
    assert pki(folder, f"--{operation}", "--help").startswith(
        f"usage: ipsec pki --{operation.replace('acert', 'signac')} ")
    assert f"  --{operation} " in pki(folder, "--help")


def test_the_page_has_every_option(folder):
    from support import ROOT

    page = (ROOT / "man/ipsec_pki.8").read_text()
    for operation in re.findall(r"^  --(\w+) ", pki(folder, "--help"), re.M):
        if operation != "version":
            for option in re.findall(r"^  --([a-z-]+)", pki(folder, f"--{operation}", "--help"), re.M):
                assert option == "help" or f"Fl -{option}" in page, (operation, option)


@pytest.mark.parametrize("kind, bits, says", [
    ("rsa", "2048", "RSA Private-Key|Private-Key: \\(2048 bit"), ("ecdsa", "384", "P-384"),
    ("ed25519", None, "ED25519"), ("ed448", None, "ED448")])
def test_keys(folder, kind, bits, says):
    pki(folder, "--gen", "--type", kind, *(["--bits", bits] if bits else []), "--out", "k")
    assert stat.S_IMODE((folder.path / "k").stat().st_mode) == 0o600
    assert re.search(says, openssl(folder, "pkey", "-in", "k", "-noout", "-text"))
    before = (folder.path / "k").read_bytes()
    assert "is there already" in pki(folder, "--gen", "--out", "k", status=1)
    assert (folder.path / "k").read_bytes() == before


@pytest.mark.parametrize("form", ["pem", "der", "encrypted", "p12"])
def test_private_keys_are_not_written_over(folder, ca, form):
    key = folder.path / "k"
    if form == "p12":
        openssl(folder, "pkcs12", "-export", "-in", "ca.pem", "-inkey", "ca.key", "-passout", "pass:x", "-out", "k")
    elif form == "encrypted":
        openssl(folder, "pkcs8", "-topk8", "-in", "ca.key", "-outform", "DER", "-passout", "pass:x", "-out", "k")
    else:
        openssl(folder, "pkey", "-in", "ca.key", "-outform", form, "-out", "k")
    before = key.read_bytes()
    assert "k holds a private key, which is not written over" in pki(
        folder, "--self", "--ca", "--key", "ca.key", "--dn", "CN=x", "--out", "k", status=1)
    assert key.read_bytes() == before


@pytest.mark.parametrize("words", [
    ["--issue", "--cacert", "ca.pem", "--cakey", "ca.key", "--san", "x", "--newkey", "n"],
    ["--self", "--dn", "CN=x", "--newkey", "n"], ["--req", "--dn", "CN=x", "--newkey", "n"]])
def test_a_key_without_its_certificate_is_not_left_behind(folder, ca, words):
    pki(folder, *words, "--out", "none/x", status=1)
    assert not (folder.path / "n").exists()
    pki(folder, *words, "--out", "n", status=1)
    assert not (folder.path / "n").exists()
    pki(folder, *words, "--out", "x")
    assert (folder.path / "n").exists()


def test_what_is_no_plain_file_stays_what_it_is(folder, ca):
    words = ["--self", "--ca", "--key", "ca.key", "--dn", "CN=x", "--out"]
    os.mknod(folder.path / "null", 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    pki(folder, *words, "null")
    assert stat.S_ISCHR((folder.path / "null").stat().st_mode)
    (folder.path / "link").symlink_to("to")
    (folder.path / "to").write_text("old")
    pki(folder, *words, "link")
    assert (folder.path / "link").is_symlink() and "CERTIFICATE" in (folder.path / "to").read_text()
    os.mkfifo(folder.path / "pipe")
    reader = subprocess.Popen(["cat", folder.path / "pipe"], stdout=subprocess.PIPE)
    pki(folder, *words, "pipe")
    assert b"CERTIFICATE" in reader.communicate(timeout=10)[0]
    assert stat.S_ISFIFO((folder.path / "pipe").stat().st_mode)


def test_what_is_shown_of_a_key_is_public(folder):
    pki(folder, "--gen", "--type", "rsa", "--bits", "2048", "--out", "k")
    shown = json.loads(pki(folder, "--print", "--json", "k"))
    assert [(one["kind"], one["key_type"], one["key_bits"]) for one in shown] == [("private key", "RSA", 2048)]
    assert set(shown[0]) == {"kind", "key_type", "key_bits", "key_id"}


def test_a_certificate_as_openssl_reads_it(folder, ca):
    name = issue(folder, ca, "west", "--san", "192.0.2.1", "--san", "user@west.example", "--san", "CN=other",
                 "--dn", "C=CH, CN=west", "--flag", "serverAuth", "--flag", "ikeIntermediate",
                 "--crl", "http://ca.example/c.crl", "--ocsp", "http://ca.example/ocsp", "--serial", "0a1b",
                 "--not-before", "2026-01-01", "--not-after", "20300101120000Z")
    text = openssl(folder, "x509", "-in", name, "-noout", "-text")
    for words in ("Subject: C = CH, CN = west", "Issuer: O = Lab, CN = Root", "2587 (0xa1b)",
                  "Not Before: Jan  1 00:00:00 2026 GMT", "Not After : Jan  1 12:00:00 2030 GMT", "CA:FALSE",
                  "Digital Signature", "TLS Web Server Authentication, 1.3.6.1.5.5.8.2.2",
                  "DNS:west.example, IP Address:192.0.2.1, email:user@west.example, DirName:",
                  "URI:http://ca.example/c.crl", "OCSP - URI:http://ca.example/ocsp"):
        assert words in text, (words, text)
    assert openssl(folder, "verify", "-CAfile", "ca.pem", name) == f"{name}: OK\n"
    shown = json.loads(pki(folder, "--print", "--json", name))[0]
    assert shown["names"] == ["@west.example", "192.0.2.1", "user@west.example", "CN=other"]
    assert shown["not_after"] == "2030-01-01 12:00:00 UTC" and not shown["authority"]


def test_a_request_of_openssl(folder, ca):
    openssl(folder, "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "k",
            "-subj", "/CN=west", "-addext", "subjectAltName=DNS:west.example", "-addext", "basicConstraints=CA:TRUE",
            "-out", "r")
    pki(folder, "--issue", *ca, "--in", "r", "--out", "west.pem")
    shown = json.loads(pki(folder, "--print", "--json", "west.pem"))[0]
    assert (shown["subject"], shown["names"], shown["authority"]) == ("CN=west", ["@west.example"], False)


def test_a_request_of_ours(folder, ca):
    pki(folder, "--req", "--newkey", "k", "--type", "ed25519", "--dn", "CN=west", "--san", "west.example", "--out", "r")
    assert "verify OK" in folder.run("openssl", "req", "-in", "r", "-verify", "-noout").stderr
    der = (folder.path / "r.der")
    pki(folder, "--req", "--key", "k", "--dn", "CN=west", "--outform", "der", "--out", "r.der")
    assert der.read_bytes()[0] == 0x30
    pki(folder, "--issue", *ca, "--in", "r.der", "--out", "x.pem")
    broken = der.read_bytes()[:-1] + bytes([der.read_bytes()[-1] ^ 1])
    der.write_bytes(broken)
    assert "is not signed by the key that it is for" in pki(folder, "--issue", *ca, "--in", "r.der", status=1)


@pytest.mark.parametrize("words, says", [
    (["--cacert", "west.pem", "--cakey", "west.key"], "west.pem is no authority's"),
    (["--cacert", "ca.pem", "--cakey", "west.key"], "west.key is not the private key of ca.pem"),
    (["--cacert", "ca.key", "--cakey", "ca.key"], "ca.key: there is no certificate in it"),
    (["--cacert", "none.pem", "--cakey", "ca.key"], "none.pem"),
])
def test_who_may_not_issue(folder, ca, words, says):
    issue(folder, ca, "west")
    assert says in pki(folder, "--issue", *words, "--newkey", "n.key", "--san", "x.example", status=1)
    assert not (folder.path / "n.key").exists()


@pytest.mark.parametrize("words, says", [
    (["--san", "*.example"], "is nothing that a certificate can carry"),
    (["--san", "@#aabb"], "is nothing that a certificate can carry"),
    (["--dn", "west"], "--dn west: "),
    (["--san", "a", "--serial", "0"], "--serial 0 is no number"),
    (["--san", "a", "--days", "x"], "--days x is no number"),
    (["--san", "a", "--not-after", "2000-01-01"], "it would end before it begins"),
    (["--san", "a", "--extension", "nonsense"], "is no NAME=VALUE"),
    (["--san", "a", "--extension", "nonsense=1"], "the extension nonsense can't be made of 1"),
    ([], "whose certificate is it?"),
])
def test_what_no_certificate_says(folder, ca, words, says):
    assert says in pki(folder, "--issue", *ca, "--newkey", "n.key", *words, status=1)
    assert not (folder.path / "n.key").exists()


def test_lists_of_revoked_certificates(folder, ca):
    west, east = issue(folder, ca, "west"), issue(folder, ca, "east")
    pki(folder, "--signcrl", *ca, "--cert", west, "--reason", "key-compromise", "--out", "a.crl")
    text = openssl(folder, "crl", "-in", "a.crl", "-CAfile", "ca.pem", "-noout", "-text")
    assert "Key Compromise" in text and "X509v3 CRL Number: \n                1" in text
    pki(folder, "--signcrl", *ca, "--lastcrl", "a.crl", "--cert", east, "--cert", west, "--serial", "7f",
        "--out", "a.crl")
    shown = json.loads(pki(folder, "--print", "--json", "a.crl"))[0]
    assert shown["number"] == "02" and len(shown["revoked"]) == 3
    pki(folder, "--signcrl", *ca, "--lastcrl", "a.crl", "--delta", "02", "--serial", "80", "--out", "d.crl")
    assert "--lastcrl FILE says" in pki(folder, "--signcrl", *ca, "--delta", "2", "--out", "e.crl", status=2)
    assert "nobody would take it" in pki(folder, "--signcrl", *ca, "--lastcrl", "a.crl", "--delta", "3", "--out", "e.crl",
                                         status=1)
    assert not (folder.path / "e.crl").exists()
    assert "Delta CRL Indicator: critical" in openssl(folder, "crl", "-in", "d.crl", "-noout", "-text")
    pki(folder, "--self", "--ca", "--newkey", "o.key", "--dn", "CN=Other", "--out", "o.pem")
    assert "was not issued by o.pem" in pki(folder, "--signcrl", "--cacert", "o.pem", "--cakey", "o.key", "--cert", west,
                                            status=1)
    openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "n.key",
            "-subj", "/CN=n", "-addext", "keyUsage=critical,keyCertSign", "-out", "n.pem")
    for cert, key in ((west, "west.key"), ("n.pem", "n.key")):
        assert f"{cert} may not sign lists" in pki(folder, "--signcrl", "--cacert", cert, "--cakey", key, "--serial", "1",
                                                   "--out", "e.crl", status=1)
    assert not (folder.path / "e.crl").exists()
    assert "is the list of another authority" in pki(folder, "--signcrl", "--cacert", "o.pem", "--cakey", "o.key",
                                                     "--lastcrl", "a.crl", status=1)


def test_attribute_certificates(folder, ca):
    west = issue(folder, ca, "west")
    pki(folder, "--self", "--newkey", "aa.key", "--dn", "CN=AA", "--out", "aa.pem")
    by = ["--issuercert", "aa.pem", "--issuerkey", "aa.key"]
    pki(folder, "--signac", *by, "--in", west, "--group", "sales", "--group", "admins", "--serial", "0a0b", "--out", "ac")
    assert b"BEGIN ATTRIBUTE CERTIFICATE" in (folder.path / "ac").read_bytes()
    shown = json.loads(pki(folder, "--print", "--json", "ac"))[0]
    assert (shown["holder_issuer"], shown["issuer"], shown["serial"], shown["groups"]) == (
        "O=Lab, CN=Root", "CN=AA", "0a0b", ["sales", "admins"])
    parsed = openssl(folder, "asn1parse", "-in", "ac")
    assert "id-aca-group" in parsed and "UTF8STRING        :sales" in parsed
    assert "ca.key is not the private key of aa.pem" in pki(
        folder, "--acert", "--issuercert", "aa.pem", "--issuerkey", "ca.key", "--in", west, "--group", "x", status=1)


def test_verdicts(folder, ca):
    west = issue(folder, ca, "west")
    assert pki(folder, "--verify", "--cacert", "ca.pem", west) == "believed: CN=west.example\n"
    assert pki(folder, "--verify", "--cacert", "ca.pem", "--id", "@west.example", "--ca", "O=Lab, CN=Root", west)
    for words, says in (
            ([], "no authority is known here"),
            (["--cacert", "ca.pem", "--id", "@east.example"], "is not that of the identity it came with"),
            (["--cacert", "ca.pem", "--ca", "CN=Other"], "is from another authority than the connection asks for"),
            (["--cacert", "ca.pem", "--at", "2001-01-01"], "is not valid yet"),
            (["--cacert", "ca.pem", "--at", "2101-01-01"], "has expired")):
        said = pki(folder, "--verify", *words, west, status=1)
        assert said.startswith("refused: ") and says in said, said
    pki(folder, "--signcrl", *ca, "--cert", west, "--out", "a.crl")
    reason = json.loads(pki(folder, "--verify", "--json", "--cacert", "ca.pem", "--crl", "a.crl", west, status=1))
    assert not reason["believed"] and "was revoked by its authority" in reason["reason"]["sentence"]
    assert pki(folder, "--verify", "--quiet", "--cacert", "ca.pem", "--crl", "a.crl", west, status=1) == ""
    assert "none.pem" in pki(folder, "--verify", "--cacert", "none.pem", west, status=3)
    (folder.path / "noise").write_bytes(bytes(range(256)))
    for option in ("--crl", "--acert", "--aacert", "--ocspcert"):
        assert "noise: " in pki(folder, "--verify", "--quiet", "--cacert", "ca.pem", option, "noise", west, status=3), option
    for pattern in ("@*.example", "%any", "CN=*"):
        assert "is a pattern" in pki(folder, "--verify", "--cacert", "ca.pem", "--id", pattern, west, status=2)
    strict = ["--verify", "--cacert", "ca.pem", "--strictcrlpolicy"]
    assert "strictcrlpolicy=yes asks for it" in pki(folder, *strict, "yes", west, status=1)
    assert "believed" in pki(folder, *strict, "ifuri", west)  # it names no place of lists
    assert "is none of no, ifuri, yes" in pki(folder, *strict, "maybe", west, status=2)
    pki(folder, "--signcrl", *ca, "--out", "none.crl")
    assert "believed" in pki(folder, *strict, "yes", "--crl", "none.crl", west)
    (folder.path / "junk").write_bytes(b"\x30\x03\x02\x01\x01")
    assert "refused: " in pki(folder, "--verify", "--cacert", "ca.pem", "junk", status=1)


def test_all_lists_of_a_file_count(folder, ca):
    west = issue(folder, ca, "west")
    pki(folder, "--self", "--ca", "--newkey", "o.key", "--dn", "CN=Other", "--out", "o.pem")
    pki(folder, "--signcrl", "--cacert", "o.pem", "--cakey", "o.key", "--out", "o.crl")
    pki(folder, "--signcrl", *ca, "--cert", west, "--out", "a.crl")
    both = folder.path / "both.crl"
    both.write_text((folder.path / "o.crl").read_text() + (folder.path / "a.crl").read_text())
    assert [one["issuer"] for one in json.loads(pki(folder, "--print", "--json", "both.crl"))] == ["CN=Other", "O=Lab, CN=Root"]
    words = ["--verify", "--cacert", "ca.pem", "--cacert", "o.pem", "--crl", "both.crl", west]
    assert "was revoked by its authority" in pki(folder, *words, status=1)
    both.write_text(both.read_text() + "-----BEGIN X509 CRL-----\nMII")
    assert "number 3 of it, which ends before octet" in pki(folder, *words, status=3)


def test_what_is_used_in_part_is_told(folder, ca):
    west = issue(folder, ca, "west")
    pki(folder, "--signac", "--issuercert", "ca.pem", "--issuerkey", "ca.key", "--in", west, "--group", "sales", "--out", "ac")
    (folder.path / "two").write_text((folder.path / "ac").read_text() * 2)
    (folder.path / "more.pem").write_text((folder.path / "ca.pem").read_text() + "-----BEGIN CERTIFICATE-----\nMII")
    done = folder.ipsec("pki", "--verify", "--cacert", "more.pem", "--acert", "two", "--aacert", "ca.pem", "--group", "sales", west)
    assert done.returncode == 0 and "believed" in done.stdout, done
    assert "two: it has several attribute certificates" in done.stderr and "more.pem: certificate 2 of it" in done.stderr, done


def test_more_certificates_than_a_message_may_have(folder, ca):
    west = issue(folder, ca, "west")
    (folder.path / "many.pem").write_text((folder.path / west).read_text() * 20)
    assert pki(folder, "--verify", "--cacert", "ca.pem", "many.pem") == "believed: CN=west.example\n"


def test_what_a_server_answers_is_part_of_the_verdict(folder, ca):
    west = issue(folder, ca, "west", "--serial", "0a", "--ocsp", "http://192.0.2.9/")
    issue(folder, ca, "signer")
    strict = ["--verify", "--cacert", "ca.pem", "--strictcrlpolicy", "yes", west]
    openssl(folder, "ocsp", "-issuer", "ca.pem", "-cert", west, "-no_nonce", "-reqout", "question")
    for name, signer, line in (("good", "ca", "V\t500101000000Z\t\t0A\tunknown\t/CN=x\n"),
                               ("bad", "ca", "R\t500101000000Z\t260101000000Z\t0A\tunknown\t/CN=x\n"),
                               ("foreign", "signer", "V\t500101000000Z\t\t0A\tunknown\t/CN=x\n")):
        (folder.path / "index").write_text(line)
        openssl(folder, "ocsp", "-index", "index", "-CA", "ca.pem", "-rsigner", f"{signer}.pem", "-rkey", f"{signer}.key",
                "-reqin", "question", "-respout", name, "-nmin", "5")
    assert "believed" in pki(folder, *strict, "--ocsp", "good")
    assert "was revoked by its authority" in pki(folder, *strict, "--ocsp", "good", "--ocsp", "bad", status=1)
    said = pki(folder, *strict, "--ocsp", "foreign", status=1)
    assert "foreign: " in said and "is not signed by one who may" in said and "strictcrlpolicy=yes asks for it" in said
    assert "believed" in pki(folder, *strict, "--ocsp", "foreign", "--ocspcert", "signer.pem")
    (folder.path / "junk").write_bytes(b"no answer")
    assert "junk is no answer" in pki(folder, *strict, "--ocsp", "junk", status=3)


class Server(http.server.ThreadingHTTPServer):
    """A server of lists (files of a folder), and of OCSP by what the folder's index says."""

    def __init__(self, folder):
        self.folder, self.asked = folder, []
        super().__init__(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, name):
        return f"http://127.0.0.1:{self.server_port}/{name}"


class Answer(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, octets):
        self.server.asked.append((self.command, self.path))
        self.send_response(200 if octets is not None else 404)
        self.end_headers()
        self.wfile.write(octets or b"")

    def do_GET(self):
        file = self.server.folder.path / self.path[1:]
        self.answer(file.read_bytes() if file.exists() else None)

    def do_POST(self):
        path = self.server.folder.path
        (path / "question").write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
        openssl(self.server.folder, "ocsp", "-index", "index", "-CA", "ca.pem", "-rsigner", "ca.pem", "-rkey", "ca.key",
                "-reqin", "question", "-respout", "answer", "-nmin", "5")
        self.answer((path / "answer").read_bytes())


@pytest.fixture
def server(folder):
    with Server(folder) as running:
        yield running
        running.shutdown()


def test_lists_are_fetched_for_a_verdict(folder, ca, server):
    west = issue(folder, ca, "west", "--serial", "0a", "--crl", server.url("list"))
    asks = ["--verify", "--cacert", "ca.pem", "--fetch", west]
    said = pki(folder, *asks, "--strictcrlpolicy", "ifuri", status=1)
    assert "strictcrlpolicy=ifuri asks for it" in said and server.url("list") in said, said
    assert "believed" in pki(folder, *asks)  # what is not known is good
    pki(folder, "--signcrl", *ca, "--outform", "der", "--out", "list")
    server.asked.clear()
    assert pki(folder, *asks, "--strictcrlpolicy", "yes") == "believed: CN=west.example\n"
    assert server.asked == [("GET", "/list")]
    pki(folder, "--signcrl", *ca, "--lastcrl", "list", "--serial", "0a", "--outform", "der", "--out", "list")
    assert "was revoked by its authority" in pki(folder, *asks, status=1)
    server.asked.clear()
    pki(folder, "--verify", "--cacert", "ca.pem", west)
    assert not server.asked  # only who says so asks
    (folder.path / "list").write_bytes(b"no list")
    said = pki(folder, *asks, "--strictcrlpolicy", "yes", status=1)
    assert server.url("list") in said and "refused: " in said, said


def test_ocsp_servers_are_asked_for_a_verdict(folder, ca, server):
    west = issue(folder, ca, "west", "--serial", "0a", "--ocsp", server.url(""))
    asks = ["--verify", "--cacert", "ca.pem", "--fetch", "--strictcrlpolicy", "yes", west]
    (folder.path / "index").write_text("V\t500101000000Z\t\t0A\tunknown\t/CN=x\n")
    assert "believed" in pki(folder, *asks)
    assert server.asked == [("POST", "/")]
    (folder.path / "index").write_text("R\t500101000000Z\t260101000000Z\t0A\tunknown\t/CN=x\n")
    assert "an OCSP server's answer: revoked" in pki(folder, *asks, status=1)


def test_a_server_that_is_not_there_is_told(folder, ca, server):
    west = issue(folder, ca, "west", "--crl", server.url("list"), "--crl", "gopher://x/")
    server.server_close()
    said = pki(folder, "--verify", "--cacert", "ca.pem", "--fetch", "--strictcrlpolicy", "ifuri", west, status=1)
    assert "127.0.0.1" in said and "refused: " in said, said


def test_groups_are_part_of_the_verdict(folder, ca):
    west = issue(folder, ca, "west")
    pki(folder, "--self", "--newkey", "aa.key", "--dn", "CN=AA", "--out", "aa.pem")
    pki(folder, "--acert", "--issuercert", "aa.pem", "--issuerkey", "aa.key", "--in", west, "--group", "sales", "--out", "ac")
    words = ["--verify", "--cacert", "ca.pem", west, "--group"]
    assert "believed" in pki(folder, *words, "ops,sales", "--aacert", "aa.pem", "--acert", "ac")
    said = pki(folder, *words, "ops", "--aacert", "aa.pem", "--acert", "ac", status=1)
    assert said.startswith("refused: ") and "sales" in said, said
    assert pki(folder, *words, "sales", "--aacert", "aa.pem", status=1).startswith("refused: ")
    assert "ac: " in pki(folder, *words, "sales", "--acert", "ac", status=1)


def test_groups_of_ca_sections_are_part_of_the_verdict(folder, ca):
    pki(folder, "--issue", *ca, "--newkey", "sub.key", "--ca", "--dn", "CN=Sub", "--out", "sub.pem")
    pki(folder, "--self", "--ca", "--newkey", "other.key", "--dn", "CN=Other", "--out", "other.pem")
    west, far = issue(folder, ca, "west"), issue(folder, ["--cacert", "sub.pem", "--cakey", "sub.key"], "far")
    (folder.path / "ipsec.d/cacerts").mkdir(parents=True)
    for name in ("ca", "other"):
        shutil.copy(folder.path / f"{name}.pem", folder.path / f"ipsec.d/cacerts/{name}.pem")
    conf = folder.path / "ipsec.conf"

    def write(more="", auto="add"):
        conf.write_text(f"ca office\n\tcacert=ca.pem\n\tgroups=sales\n\tauto={auto}\n"
                        f"ca plant\n\tcacert=other.pem\n\tgroups=night\n\tauto=add\n{more}")

    write()
    words = ["--verify", "--conf", str(conf), "--group"]
    assert "believed" in pki(folder, *words, "ops,sales", west)
    assert "believed" in pki(folder, *words, "sales", far, "sub.pem")
    # What it sends beside its path says nothing.
    said = pki(folder, *words, "night", west, "other.pem", status=1)
    assert "(wanted night; got sales by ca office)" in said and "groups= in the ca section of O=Lab, CN=Root" in said, said
    # A section that is not loaded does not count, nor does what stands above the first authority that is held.
    write(auto="ignore")
    said = pki(folder, *words, "sales", west, "--cacert", "ca.pem", status=1)
    assert "no valid attribute certificate, and no ca section of its authority with groups=" in said, said
    write("ca near\n\tcacert=../../sub.pem\n\tgroups=near\n\tauto=add\n")
    assert "believed" in pki(folder, *words, "near", far)
    assert "got near by ca near" in pki(folder, *words, "sales", far, status=1)
    write("ca none\n\tcacert=none.pem\n\tauto=add\n")
    assert "none.pem" in pki(folder, *words, "sales", west, status=3)
    write("ca wrong\n\tcacert=ca.pem\n\tgroups=,\n\tauto=add\n")
    assert f"{conf}:11:9: ca wrong: groups=: no group is named" in pki(folder, *words, "sales", west, status=3)


def test_chains(folder, ca):
    pki(folder, "--issue", *ca, "--newkey", "sub.key", "--ca", "--pathlen", "0", "--dn", "CN=Sub", "--out", "sub.pem",
        "--extension", "nameConstraints=critical,permitted;DNS:example")
    sub = ["--cacert", "sub.pem", "--cakey", "sub.key"]
    west = issue(folder, sub, "west")
    assert "leads to no authority" in pki(folder, "--verify", "--cacert", "ca.pem", west, status=1)
    assert "believed" in pki(folder, "--verify", "--cacert", "ca.pem", west, "sub.pem")
    # A list of the intermediate, which the chain alone brings along.
    pki(folder, "--signcrl", *sub, "--cert", west, "--out", "sub.crl")
    words = ["--verify", "--cacert", "ca.pem", "--crl", "sub.crl"]
    assert "was revoked by its authority" in pki(folder, *words, west, "sub.pem", status=1)
    both = folder.path / "both.pem"
    both.write_text((folder.path / west).read_text() + (folder.path / "sub.pem").read_text())
    assert "believed" in pki(folder, "--verify", "--cacert", "ca.pem", "both.pem")
    issue(folder, sub, "evil", "--san", "evil.test")
    assert "has a name that an authority above may not give" in pki(
        folder, "--verify", "--cacert", "ca.pem", "evil.pem", "sub.pem", status=1)


def test_all_that_a_host_wants(folder, ca):
    pki(folder, "--issue", *ca, "--newkey", "sub.key", "--ca", "--dn", "CN=Sub", "--out", "sub.pem")
    chain = folder.path / "chain.pem"
    chain.write_text((folder.path / "sub.pem").read_text() + (folder.path / "ca.pem").read_text())
    pki(folder, "--issue", "--cacert", "chain.pem", "--cakey", "sub.key", "--san", "east.example", "--host", "east/")
    tree = folder.path / "east/ipsec.d"
    assert sorted(str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file()) == [
        "cacerts/chain.pem", "certs/east.pem", "east.secrets", "private/east.pem"]
    assert (tree / "east.secrets").read_text() == ': PKCS8 "east.pem"\n'
    for private in ("private", "private/east.pem", "east.secrets"):
        assert not stat.S_IMODE((tree / private).stat().st_mode) & 0o077
    assert "believed" in pki(folder, "--verify", "--cacert", tree / "cacerts/chain.pem", tree / "certs/east.pem")
    shown = json.loads(pki(folder, "--print", "--json", tree / "certs/east.pem"))
    assert [one["subject"] for one in shown] == ["CN=east.example", "CN=Sub"]
    assert "is there already" in pki(folder, "--issue", "--cacert", "chain.pem", "--cakey", "sub.key", "--san",
                                     "east.example", "--host", "east", status=1)


@pytest.mark.parametrize("name", ["e" * 245, "..", "a b"])
def test_a_host_that_files_can_t_be_called_by(folder, ca, name):
    assert "is no folder to name files by" in pki(folder, "--issue", *ca, "--san", "x", "--host", name, status=1)
    assert not list(folder.path.glob("**/private"))


def test_what_is_nothing(folder):
    (folder.path / "x").write_text("nothing\n")
    assert "holds no certificate" in pki(folder, "--print", "x", status=1)
    done = subprocess.run([*folder.enter(), "ipsec", "pki", "--print", "-"], env=folder.environment(), input=b"\x30",
                          capture_output=True, check=False)
    assert done.returncode == 1 and b"holds no certificate" in done.stderr


def entries(folder, path):
    return re.findall("Serial Number: ([0-9A-F]+)", openssl(folder, "crl", "-in", path, "-noout", "-text"))


def test_a_list_goes_on_from_the_one_that_is_there(folder, ca):
    east, west = issue(folder, ca, "east", "--serial", "0a"), issue(folder, ca, "west", "--serial", "0b")
    for cert in (east, west):
        pki(folder, "--signcrl", *ca, "--cert", cert, "--out", "ca.crl")
    assert entries(folder, "ca.crl") == ["0A", "0B"]
    assert "X509v3 CRL Number: \n                2" in openssl(folder, "crl", "-in", "ca.crl", "-noout", "-text")
    pki(folder, "--self", "--ca", "--newkey", "other.key", "--dn", "CN=Other", "--out", "other.pem")
    assert "is the list of another authority" in pki(
        folder, "--signcrl", "--cacert", "other.pem", "--cakey", "other.key", "--out", "ca.crl", status=1)
    assert entries(folder, "ca.crl") == ["0A", "0B"]


def test_who_is_on_hold_can_be_released(folder, ca):
    held = ["--signcrl", *ca, "--cert", issue(folder, ca, "east")]
    pki(folder, "--signcrl", *ca, "--out", "0.crl")
    pki(folder, *held, "--reason", "certificate-hold", "--delta", "1", "--lastcrl", "0.crl", "--out", "1.crl")
    pki(folder, *held, "--reason", "remove-from-crl", "--delta", "1", "--lastcrl", "1.crl", "--out", "2.crl")
    text = openssl(folder, "crl", "-in", "2.crl", "-noout", "-text")
    assert "Remove From CRL" in text and "Certificate Hold" not in text
    printed = pki(folder, "--print", "1.crl", "2.crl")
    assert re.findall(r"UTC, (\w+)\n", printed) == ["certificateHold", "removeFromCRL"], printed
    assert re.findall(r"delta base: +(\w+)\n", printed) == ["01", "01"], printed
    assert "is for a delta list" in pki(folder, *held, "--reason", "remove-from-crl", "--out", "3.crl", status=2)


def stderr(folder, *words):
    done = folder.ipsec("pki", *words)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.mark.parametrize("authority, words, says", [
    (["--not-before", "2020-01-01", "--not-after", "2021-01-01"], [], "authority's certificate has expired"),
    (["--days", "10"], ["--days", "20"], "ends before the new one"),
    (["--pathlen", "0"], ["--ca", "--days", "10"], "pathlen 0"),
    ([], ["--days", "0"], "is over already"),
])
def test_what_peers_will_refuse_is_said(folder, authority, words, says):
    pki(folder, "--self", "--ca", "--newkey", "c.key", "--dn", "CN=C", "--out", "c.pem", *authority)
    said = stderr(folder, "--issue", "--cacert", "c.pem", "--cakey", "c.key", "--newkey", "k", "--san", "x.example",
                  "--out", "x.pem", *words)
    assert said.count("\n") == 1 and says in said, said


def test_days_count_from_the_beginning(folder, ca):
    issue(folder, ca, "w", "--not-before", "2040-01-01", "--days", "10")
    assert "notAfter=Jan 11 00:00:00 2040" in openssl(folder, "x509", "-in", "w.pem", "-noout", "-dates")
    assert "end before it begins" in pki(folder, "--issue", *ca, "--newkey", "n.key", "--san", "n", "--not-before", "2040-01-02",
                                         "--not-after", "2040-01-01", status=1)


@pytest.mark.parametrize("words", [["--ca", "--pathlen", "-1"], ["--extension", "basicConstraints=CA:TRUE"]])
def test_what_can_t_be_read_is_not_written(folder, ca, words):
    said = pki(folder, "--issue", *ca, "--newkey", "n.key", "--san", "n", "--out", "n.pem", *words, status=1)
    assert "not written" in said and not (folder.path / "n.pem").exists(), said


def test_whom_a_request_names_is_said(folder, ca):
    pki(folder, "--req", "--newkey", "k", "--dn", "CN=west", "--san", "boss.example", "--san", "root@example", "--out", "r")
    assert stderr(folder, "--issue", *ca, "--in", "r", "--out", "x.pem") == (
        "ipsec pki --issue: as its request says, it is for CN=west, @boss.example, root@example\n")
    assert stderr(folder, "--issue", *ca, "--in", "r", "--dn", "CN=west", "--san", "west.example", "--out", "x.pem") == ""


def test_a_certificate_is_renewed(folder, ca):
    words = ["--issue", *ca, "--san", "west.example", "--host", "west"]
    pki(folder, *words)
    key, cert = folder.path / "west/ipsec.d/private/west.pem", folder.path / "west/ipsec.d/certs/west.pem"
    before = key.read_bytes(), cert.read_bytes()
    pki(folder, *words, "--key", key)
    assert key.read_bytes() == before[0] and cert.read_bytes() != before[1]
    pki(folder, "--gen", "--out", "k")
    assert "is there already" in pki(folder, *words, "--key", "k", status=1)
    assert key.read_bytes() == before[0]
