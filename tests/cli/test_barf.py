# SPDX-License-Identifier: Apache-2.0
"""ipsec barf: all that somebody who helps wants to see, and no secret among it."""

import re

import pytest
from support import OFFICE, said

# Each secret is a word of its own, which no other part of the text may hold.
SECRET = {
    "psk": "Aquila-Psk-0101", "hex": "4f6c6f7273653031", "base64": "QmFzZVNpeHR5Rm91cg==", "bare": "Corvus-Bare-0303",
    "single": "Dorado-Single-0404", "xauth": "Eridanus-Xauth-0505", "eap": "Fornax-Eap-0606",
    "ntlm": "00112233445566778899aabbccddeef0", "ppk": "Gemini-Ppk-0707", "pin": "774411", "pass": "Hydra-Pass-0808",
    "broken": "Indus-Broken-0909", "comment": "Lepus-Comment-1010", "text": "Lyra Text 1111", "noclosing": "Mensa-Open-1212",
}

SECRETS = """\
# an old one was {comment}
@a @b : PSK "{psk}"
@c : PSK 0x{hex}
@d : PSK 0s{base64}
@e : "{bare}"
@f : PSK '{single}'
@g : PSK 0t{text}
@user : XAUTH "{xauth}"
@user : EAP "{eap}"
@user : NTLM 0x{ntlm}
@h : PPKS "id" "{ppk}"
: PIN %smartcard:1 "{pin}"
: RSA host.pem "{pass}"
: PKCS8 other.pem "{pass}"
: PSK {broken}
@x PSK "{broken}"
: PSK "{noclosing}
: NOPE "{broken}"
"""

CONF_SECRET = {"unknown": "Norma-Unknown-2020", "manual": "0x8877665544332211", "note": "Octans-Note-2121",
               "after": "Pavo-Comment-2222", "line": "Pictor-Line-2323", "typo": "Puppis-Typo-2424"}

CONF = """
conn keys
\tleft=192.0.2.1 # {after}
\tright=192.0.2.2
\tleftpsk={unknown}
\tespenckey={manual}
\tahkey={manual}
\tx-note={note}
\tauthby="{typo}
\trightpassword={unknown}
\tleftrsasigkey=0sAQPublicKeyOfSomeLength1234567890abcdefgh
\tleftcert=my.pem
{line} is no keyword
"""


@pytest.mark.parametrize("words, err", [
    (["--maxlines", "x"], "ipsec barf: --maxlines x is no number of lines\n"),
    (["--shrt"], "ipsec barf: there is no option --shrt; did you mean --short?\nipsec barf: --help tells how it is used\n"),
])
def test_what_can_t_be_understood(folder, words, err):
    assert said(folder.ipsec("barf", *words), folder) == (2, "", err)


def assert_no_secret(text, *families):
    for family in families:
        for name, secret in family.items():
            assert secret not in text, f"{name}: {secret}"


def test_no_secret_leaks(host):
    numbers = host.ipsec("rsasigkey", "2048").stdout
    private = dict(re.findall(r"^\t(PrivateExponent|Prime1|Prime2|Exponent1|Exponent2|Coefficient): 0x(\w+)$", numbers, re.M))
    assert len(private) == 6
    host.write(OFFICE + CONF.format(**CONF_SECRET))
    host.write_secrets(SECRETS.format(**SECRET) + ": RSA {\n" + numbers + "\t}\n")
    assert host.ipsec("setup", "start").returncode == 30  # some of it is torn
    (host.path / "log").open("a").write(f"somebody wrote {SECRET['psk']} here\nand this line is harmless\n")
    done = host.ipsec("barf")
    assert (done.returncode, done.stderr) == (0, "")
    for text in (done.stdout, host.ipsec("barf", "--short").stdout):
        assert_no_secret(text, SECRET, CONF_SECRET, private)
        assert "PublicKeyOfSomeLength" not in text
    assert "[a line that holds a secret is left out]\nand this line is harmless\n" in done.stdout


def test_what_is_told_of_secrets(host):
    host.write(OFFICE)
    host.write_secrets(SECRETS.format(**SECRET))
    text = host.clear(host.ipsec("barf").stdout)
    for line in ("DIR/ipsec.secrets:2: @a @b : PSK [removed]\n", "DIR/ipsec.secrets:8: @user : XAUTH [removed]\n",
                 "DIR/ipsec.secrets:13: : RSA host.pem\n", "DIR/ipsec.secrets:15:7: error: "):
        assert line in text, line


def test_the_configuration_is_there(host):
    host.write(OFFICE + "conn other\n\tleft=192.0.2.1\n\tright=192.0.2.3\n\tauthby=secret\n\tikev2=insist\n")
    text = host.clear(host.ipsec("barf").stdout)
    assert "conn office\n\tleft=192.0.2.1\n\tleftid=@east\n" in text
    assert "\tikev2=insist\n" in text
    assert "\tplane=memory\n" in text


def test_its_parts(host):
    host.write(OFFICE)
    host.start()
    full = host.ipsec("barf")
    titles = re.findall(r"^= (.*)$", full.stdout, re.M)
    assert titles == ["versions", "ipsec verify", "ipsec.conf, understood; values of unknown words and keys removed",
                      "ipsec.secrets: what there is", "ipsec checkconf", "the end of pluto's log", "ipsec status",
                      "ipsec trafficstatus", "ipsec look", "ipsec features"]
    brief = re.findall(r"^= (.*)$", host.ipsec("barf", "--short").stdout, re.M)
    assert brief == [title for title in titles if title not in ("the end of pluto's log", "ipsec features")]


def test_the_end_of_the_log(host):
    host.write(OFFICE)
    (host.path / "log").write_text("".join(f"line {i}\n" for i in range(300)) + "the last, without an end")

    def shown(*words):
        part = host.ipsec("barf", *words).stdout.split("= the end of pluto's log\n\n")[1]
        return part.split("\n\n=")[0].splitlines()

    assert shown("--maxlines", "3") == ["line 298", "line 299", "the last, without an end"]
    assert len(shown()) == 100
    assert len(shown("--maxlines", "5000")) == 301


def test_nothing_is_there(host):
    (host.path / "ipsec.conf").unlink()
    (host.path / "ipsec.secrets").unlink()
    done = host.ipsec("barf")
    assert (done.returncode, done.stderr) == (0, "")
    assert "ipsec.conf can't be read" in done.stdout
    assert "pluto is not running" in done.stdout
