# SPDX-License-Identifier: Apache-2.0
"""Keys of the host: made, kept where nobody else reads them, and shown as others want them."""

import base64
import re
from pathlib import Path
import shutil
import stat
import subprocess

import pytest
from support import ROOT, said

SECRETS = ROOT.parent / "shared/corpus/ipsec.secrets"


def help_of(command):
    return f"ipsec {command}: --help tells how it is used\n"


def numbers(block):
    return {name: int(value, 16) for name, value in re.findall(r"^\t(\w+): (0x[0-9a-f]+)$", block, re.M)}


def rfc3110(exponent, modulus):
    e = exponent.to_bytes((exponent.bit_length() + 7) // 8, "big")
    m = modulus.to_bytes((modulus.bit_length() + 7) // 8, "big")
    return base64.b64encode(bytes([len(e)]) + e + m).decode()


@pytest.mark.parametrize("words, err", [
    (["rsasigkey", "512"], "ipsec rsasigkey: a key of 512 bits can't be made; it has 2048 to 16384, a multiple of 8\n"),
    (["rsasigkey", "2049"], "ipsec rsasigkey: a key of 2049 bits can't be made; it has 2048 to 16384, a multiple of 8\n"),
    (["rsasigkey", "--verbos", "2048", "9"], "ipsec rsasigkey: one word too many: 9\n" + help_of("rsasigkey")),
    (["newhostkey"], "ipsec newhostkey: one of --output FILE and --pem NAME says where the key goes\n"
     + help_of("newhostkey")),
    (["newhostkey", "--output", "x", "--pem", "y"],
     "ipsec newhostkey: one of --output FILE and --pem NAME says where the key goes\n" + help_of("newhostkey")),
    (["newhostkey", "--output", "x", "--type", "ecdsa"],
     "ipsec newhostkey: an ECDSA key can't be written into ipsec.secrets: use --pem NAME\n" + help_of("newhostkey")),
    (["newhostkey", "--pem", "x", "--type", "dsa"], "ipsec newhostkey: --type is rsa or ecdsa\n" + help_of("newhostkey")),
    (["showhostkey", "--lefft"], "ipsec showhostkey: there is no option --lefft; did you mean --left?\n"
     + help_of("showhostkey")),
    (["showhostkey"], "ipsec showhostkey: say one of --left, --right, --ipseckey, --list, --dump, --pem, --key, --txt, --dhclient\n"
     + help_of("showhostkey")),
])
def test_what_can_t_be_understood(folder, words, err):
    assert said(folder.ipsec(*words), folder) == (2, "", err)


@pytest.mark.parametrize("command", ["rsasigkey", "newhostkey", "showhostkey"])
def test_help(folder, command):
    done = folder.ipsec(command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: ipsec {command} ")


def test_the_numbers_of_a_key(folder):
    done = folder.ipsec("rsasigkey", "--hostname", "gw", "2048")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.match(r"\t# RSA 2048 bits   gw   \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4} UTC\n", done.stdout)
    n = numbers(done.stdout)
    assert list(n) == ["Modulus", "PublicExponent", "PrivateExponent", "Prime1", "Prime2", "Exponent1", "Exponent2",
                       "Coefficient"]
    assert n["Modulus"] == n["Prime1"] * n["Prime2"]
    assert n["Modulus"].bit_length() == 2048
    assert pow(pow(12345, n["PublicExponent"], n["Modulus"]), n["PrivateExponent"], n["Modulus"]) == 12345
    assert n["Exponent1"] == n["PrivateExponent"] % (n["Prime1"] - 1)
    assert n["Coefficient"] * n["Prime2"] % n["Prime1"] == 1
    assert f"\t#pubkey=0s{rfc3110(n['PublicExponent'], n['Modulus'])}\n" in done.stdout


def test_a_record_and_what_is_shown_of_it(folder):
    path = folder.path / "key.secrets"
    assert said(folder.ipsec("newhostkey", "--output", path, "--bits", "2048", "--hostname", "gw"), folder) == (0, "", "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    assert text.startswith(": RSA\t{\n\t# RSA 2048 bits   gw   ")
    assert text.splitlines()[-2] == "\t}"
    n = numbers(text)
    public = rfc3110(n["PublicExponent"], n["Modulus"])
    for side in ("left", "right"):
        done = folder.ipsec("showhostkey", f"--{side}", "--file", path)
        assert said(done, folder) == (0, f"\t# rsakey {public[:9]}\n\t{side}rsasigkey=0s{public}\n", "")
    assert said(folder.ipsec("showhostkey", "--list", "--file", path), folder) == (
        0, f"< 1> RSA 2048 bits keyid: {public[:9]} id: %any (DIR/key.secrets:1)\n", "")
    record = folder.ipsec("showhostkey", "--ipseckey", "--gateway", "192.0.2.1", "--precedence", "5", "--file", path)
    assert re.fullmatch(rf"\S+\.    IN    IPSECKEY  5 1 2 192\.0\.2\.1 {re.escape(public)}\n", record.stdout)
    assert re.fullmatch(rf"\S+\.    IN    IPSECKEY  10 0 2 \. {re.escape(public)}\n",
                        folder.ipsec("showhostkey", "--ipseckey", "--file", path).stdout)
    pieces = re.findall(r'"([^"]*)"', folder.ipsec("showhostkey", "--txt", "@gw", "--file", path).stdout)
    assert "".join(pieces) == f"X-IPsec-Server(10)=@gw {public}"
    assert max(map(len, pieces)) <= 255
    for form in ("--left", "--dump", "--list", "--pem", "--key"):
        shown = folder.ipsec("showhostkey", form, "--file", path).stdout
        for name in ("PrivateExponent", "Prime1", "Coefficient"):
            assert name not in shown and f"{n[name]:x}" not in shown


def test_a_key_file_with_a_password(folder):
    done = folder.ipsec("newhostkey", "--pem", str(folder.path / "k.pem"), "--bits", "2048", "--password", "hush hush")
    assert (done.returncode, done.stderr) == (0, "")
    assert "hush" not in done.stdout and done.stdout.endswith(f': RSA {folder.path / "k.pem"} "..."\n')
    assert (folder.path / "k.pem").read_text().startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    for password, found in (("hush hush", 0), ("hush", 1)):
        folder.write_secrets(f': RSA {folder.path / "k.pem"} "{password}"\n')
        assert (folder.ipsec("showhostkey", "--left").returncode != 0) == found
    assert folder.ipsec("newhostkey", "--pem", "x", "--password", "").returncode == 2
    done = folder.ipsec("newhostkey", "--output", "-", "--bits", "2048", "--password", "hush")
    assert done.returncode == 0 and "--password has no effect: a record" in done.stderr


def test_a_key_is_printed_again(folder):
    block = folder.ipsec("rsasigkey", "--hostname", "gw", "2048").stdout
    bare = "".join(line + "\n" for line in block.splitlines() if not line.startswith("\t#"))
    (folder.path / "bare").write_text(bare)
    (folder.path / "record").write_text(f"@gw : RSA\t{{\n{bare}\t}}\n")
    assert folder.ipsec("newhostkey", "--pem", str(folder.path / "k.pem"), "--bits", "2048").returncode == 0
    for name in ("bare", "record"):
        done = folder.ipsec("rsasigkey", "--oldkey", folder.path / name, "--hostname", "gw")
        assert (done.returncode, done.stderr) == (0, "")
        assert numbers(done.stdout) == numbers(block)
        assert re.search(r"#pubkey=0s\S+", done.stdout)[0] in block
    done = folder.ipsec("rsasigkey", "--oldkey", folder.path / "k.pem")
    assert done.returncode == 0 and len(numbers(done.stdout)) == 8
    (folder.path / "none").write_text(': PSK "hush hush hush"\n')
    for name in ("none", "nosuch"):
        done = folder.ipsec("rsasigkey", "--oldkey", folder.path / name)
        assert done.returncode == 1 and done.stderr.startswith("ipsec rsasigkey: --oldkey "), done.stderr
        assert "hush" not in done.stderr
    assert folder.ipsec("rsasigkey", "--oldkey", folder.path / "bare", "2048").returncode == 2


def test_a_key_for_dhclient_and_of_another_root(folder):
    root = folder.path / "root"
    there = Path(str(root) + str(folder.path))
    there.mkdir(parents=True)
    assert folder.ipsec("newhostkey", "--output", there / "ipsec.secrets", "--bits", "2048",
                        "--password", "unused", "--quiet").returncode == 0
    key = re.search(r"0s(\S+)", folder.ipsec("showhostkey", "--left", "--secretroot", root).stdout)[1]
    done = folder.ipsec("showhostkey", "--dhclient", "--gateway", "192.0.2.1", "--secretroot", root)
    assert (done.returncode, done.stderr) == (0, "")
    assert f'send oe-key "{key}";\n' in done.stdout and "send oe-gateway 192.0.2.1;\n" in done.stdout
    assert folder.ipsec("showhostkey", "--list", "--secretroot", "/nowhere").returncode != 0
    assert folder.ipsec("showhostkey", "--list", "--secretroot", root, "--file", "x").returncode == 2


def test_a_file_that_is_there_is_left_alone(folder):
    path = folder.path / "ipsec.secrets"
    before = path.read_text()
    done = folder.ipsec("newhostkey", "--output", path, "--bits", "2048")
    assert (done.returncode, done.stdout) == (1, "")
    assert "is not empty: it is left as it is" in done.stderr
    assert path.read_text() == before
    (folder.path / "link").symlink_to(folder.path / "elsewhere")
    assert folder.ipsec("newhostkey", "--output", folder.path / "link").returncode == 1
    assert not (folder.path / "elsewhere").exists()
    path.write_text("")
    path.chmod(0o644)
    assert folder.ipsec("newhostkey", "--output", path, "--bits", "2048").returncode == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("words, secret, what", [
    (["--bits", "2048"], "RSA", "RSA 2048 bits"), (["--type", "ecdsa"], "ECDSA", "EC 256 bits"),
    (["--type", "ecdsa", "--bits", "384"], "ECDSA", "EC 384 bits")])
def test_keys_as_pem(folder, words, secret, what):
    (folder.path / "ipsec.d/private").mkdir(parents=True)
    done = folder.ipsec("newhostkey", "--pem", "host.pem", *words)
    assert said(done, folder) == (
        0, f"# written to DIR/ipsec.d/private/host.pem; name it in ipsec.secrets:\n: {secret} host.pem\n", "")
    path = folder.path / "ipsec.d/private/host.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    folder.write_secrets(f"@east : {secret} host.pem\n@west : PSK \"something else here\"\n")
    assert said(folder.ipsec("showhostkey", "--list"), folder)[1].startswith(f"< 1> {what} keyid: ")
    shown = folder.ipsec("showhostkey", "--pem")
    assert said(folder.ipsec("showhostkey", "--pem", "--file", path), folder) == said(shown, folder)
    if shutil.which("openssl"):
        assert folder.run("openssl", "pkey", "-in", path, "-pubout").stdout == shown.stdout
        assert folder.run("openssl", "pkey", "-in", path, "-check", "-noout").returncode == 0
    if secret == "ECDSA":
        assert folder.ipsec("showhostkey", "--left").stdout.startswith("\t# EC key ")
        assert folder.ipsec("showhostkey", "--key").returncode == 20  # a record of RSA alone


@pytest.mark.parametrize("kind, prefix, algorithm, octets", [
    (["EC", "-pkeyopt", "ec_paramgen_curve:P-256"], b"\x04", 3, 64),
    (["EC", "-pkeyopt", "ec_paramgen_curve:P-521"], b"\x04", 3, 132),
    (["ED25519"], b"", 4, 32), (["ED448"], b"", 4, 57)])
def test_keys_that_are_none_of_rsa(folder, kind, prefix, algorithm, octets):
    """As ipsec.conf takes them, and as DNS has them (RFC 6605, 8080)."""
    assert folder.run("openssl", "genpkey", "-algorithm", *kind, "-out", "k").returncode == 0
    spki = base64.b64encode(subprocess.run(["openssl", "pkey", "-in", folder.path / "k", "-pubout", "-outform", "der"],
                                           capture_output=True, check=True).stdout).decode()
    for side in ("left", "right"):
        assert folder.ipsec("showhostkey", "--file", "k", f"--{side}").stdout.splitlines()[1] == f"\t{side}pubkey=0s{spki}"
    record = folder.ipsec("showhostkey", "--file", "k", "--ipseckey", "--gateway", "192.0.2.1").stdout.split()
    assert record[1:7] == ["IN", "IPSECKEY", "10", "1", str(algorithm), "192.0.2.1"]
    raw = base64.b64decode(record[7])
    assert len(raw) == octets and base64.b64decode(spki).endswith(prefix + raw)
    (folder.path / "ipsec.conf").write_text(
        "conn x\n\tleft=192.0.2.1\n\tleftid=@a\n\tright=192.0.2.2\n\trightid=@b\n"
        + folder.ipsec("showhostkey", "--file", "k", "--left").stdout)
    assert "0 errors" in folder.ipsec("checkconf", "--no-names").stdout
    assert folder.ipsec("showhostkey", "--file", "k", "--rsaid", record[7][:9], "--pem").returncode == 0


def test_a_key_in_a_bundle(folder):
    (folder.path / "ipsec.d/private").mkdir(parents=True)
    for words in (["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "k", "-subj",
                   "/CN=x", "-out", "c"],
                  ["pkcs12", "-export", "-inkey", "k", "-in", "c", "-passout", "pass:open it", "-out",
                   "ipsec.d/private/h.p12"]):
        assert folder.run("openssl", *words).returncode == 0
    folder.write_secrets('@e : P12 h.p12 "open it"\n')
    assert folder.ipsec("showhostkey", "--pem").stdout == folder.run("openssl", "pkey", "-in", "k", "-pubout").stdout
    folder.write_secrets('@e : P12 h.p12 "shut it"\n')
    done = folder.ipsec("showhostkey", "--pem")
    assert done.returncode == 20 and "its passphrase is another" in done.stderr


def test_which_key(folder):
    keys = []
    for name in ("one", "two"):
        folder.ipsec("newhostkey", "--output", folder.path / name, "--bits", "2048")
        keys.append((folder.path / name).read_text())
    folder.write_secrets("@one @uno " + keys[0] + "@two " + keys[1])
    first, second = (folder.ipsec("showhostkey", "--left", "--file", folder.path / name).stdout
                     for name in ("one", "two"))
    assert folder.ipsec("showhostkey", "--left").stdout == first
    assert folder.ipsec("showhostkey", "--left", "--id", "@two").stdout == second
    assert folder.ipsec("showhostkey", "--left", "--keynum", "2").stdout == second
    assert folder.ipsec("showhostkey", "--left", "--rsaid", second.split()[2]).stdout == second
    assert [row.split()[8:10] for row in folder.ipsec("showhostkey", "--list").stdout.splitlines()] == [
        ["@one", "@uno"], ["@two", f"({folder.path}/ipsec.secrets:{len(keys[0].splitlines()) + 1})"]]
    for words in (["--id", "@three"], ["--keynum", "3"], ["--keynum", "x"], ["--id", "@tw"]):
        done = folder.ipsec("showhostkey", "--left", *words)
        assert (done.returncode, done.stdout) == (20, "")
        assert "there is no such key" in done.stderr


def test_keys_that_can_t_be_read(folder):
    folder.write_secrets(": RSA nowhere.pem\n")
    done = folder.ipsec("showhostkey", "--list")
    assert done.returncode == 20
    assert "nowhere.pem can't be read: No such file" in done.stderr
    (folder.path / "junk.pem").write_text("-----BEGIN NOTHING-----\n")
    assert folder.ipsec("showhostkey", "--list", "--file", folder.path / "junk.pem").returncode == 1
    assert folder.ipsec("showhostkey", "--list", "--file", "/nowhere").returncode == 1


def corpus_keys():
    return [path for path in sorted(SECRETS.rglob("*")) if path.is_file() and "#pubkey=0s" in path.read_text(
        errors="replace")]


def test_keys_that_others_made(folder):
    """What Openswan wrote beside its keys is what is shown of them."""
    if not SECRETS.exists():
        pytest.skip("the shared corpus is not beside this checkout")
    checked = 0
    for path in corpus_keys():
        copy = folder.path / "copy"
        copy.write_bytes(path.read_bytes())
        copy.chmod(0o600)
        wanted = {base64.b64decode(text) for text in re.findall(r"#pubkey=0s(\S+)", copy.read_text(errors="replace"))}
        dumped = folder.ipsec("showhostkey", "--dump", "--file", copy).stdout
        shown = {base64.b64decode(text) for text in re.findall(r"#pubkey=0s(\S+)", dumped)}
        assert shown <= wanted, path
        checked += len(shown)
    assert checked >= 10
