# SPDX-License-Identifier: Apache-2.0
"""ipsec algparse: what proposals mean in each dialect, what of them is weak, and what is wrong."""

import json

import pytest
from support import ROOT, said

HINT = "ipsec algparse: --help tells how it is used\n"


@pytest.mark.parametrize("words, err", [
    (["--jsn"], f"there is no option --jsn; did you mean --json?\n{HINT}"),
    ([], "a proposal is missing; ipsec algparse --help tells more\n"),
    (["--rules", "aes"], "--rules takes no proposal; ipsec algparse --help tells more\n"),
    (["--dialect", "freeswan", "aes"],
     "there is no dialect freeswan; it is any, openswan, libreswan or strongswan\n"),
])
def test_what_can_t_be_understood(folder, words, err):
    assert said(folder.ipsec("algparse", *words), folder) == (2, "", f"ipsec algparse: {err}")


@pytest.mark.parametrize("word, column, hint", [
    ("ike=ase256-sha256", 1, "did you mean aes256?"),
    ("ike=aes256-sah256", 8, "did you mean sha256?"),
    ("ike=aes256-sha256,aes128-sha256-modp2084", 29, "did you mean modp2048?"),
    ("esp=aes256-sha256;modp2084", 15, "did you mean modp2048?"),
    ("ah=3des-sha1", 1, "name a hash alone, such as sha256; to encrypt as well takes phase2=esp"),
    ("esp=aes-none", 1, "add a hash such as sha256, or take a cipher such as aes256gcm16"),
])
def test_a_refusal_names_word_column_and_remedy(folder, word, column, hint):
    done = folder.ipsec("algparse", "--dialect", "any", "--json", word)
    (told,) = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (2, "")
    refusal = told["readings"][0]["refusal"]
    assert (refusal["column"], refusal["hint"]) == (column, hint)
    assert refusal["sentence"] in folder.ipsec("algparse", word).stdout


def test_text(folder):
    assert said(folder.ipsec("algparse", "ike=aes-sha1-modp1536"), folder) == (1, """\
ike=aes-sha1-modp1536
    AES_CBC_256+AES_CBC_128-HMAC_SHA1-HMAC_SHA1_96-MODP1536
    weak: HMAC_SHA1: SHA-1 is being retired [RFC 2104]
    weak: HMAC_SHA1_96: SHA-1 is being retired [RFC 2404]
    weak: MODP1536: its group is too small [RFC 3526]
  openswan:
    AES_CBC_128-HMAC_SHA1-HMAC_SHA1_96-MODP1536
  libreswan: the same
  strongswan:
    AES_CBC_128-HMAC_SHA1-HMAC_SHA1_96-MODP1536
""", "")


@pytest.mark.parametrize("words, status, protocols", [
    (["aes256gcm16-prfsha384-ecp384"], 0, ["ike", "esp"]),
    (["--ike", "aes256-sha256-modp2048"], 0, ["ike"]),
    (["--ike", "3des-sha1-modp1024"], 1, ["ike"]),
    (["phase2alg=aes128-sha1"], 1, ["esp"]),
    (["--ah", "sha256", "esp=aes256-sha256"], 0, ["ah", "esp"]),
    (["--ike", "null-sha256"], 2, ["ike"]),
    (["--esp", "null-sha256"], 1, ["esp"]),
    (["--ike", "aes256-sha256", "rc5"], 2, ["ike", "ike"]),
    (["--dialect", "strongswan", "--esp", "aes128-sha256-esn"], 0, ["esp"]),
    (["--dialect", "openswan", "--esp", "aes128-sha256-esn"], 2, ["esp"]),
])
def test_exit_status_and_protocols(folder, words, status, protocols):
    done = folder.ipsec("algparse", "--json", *words)
    assert (done.returncode, done.stderr) == (status, "")
    assert [told["protocol"] for told in json.loads(done.stdout)] == protocols
    assert folder.ipsec("algparse", *words).returncode == status


def test_json(folder):
    (told,) = json.loads(folder.ipsec("algparse", "--json", "ike=3des").stdout)
    assert [r["dialect"] for r in told["readings"]] == ["any", "openswan", "libreswan", "strongswan"]
    (proposal,) = told["readings"][0]["proposals"]
    assert proposal["transforms"][0] == {"type": "ENCR", "name": "3DES", "id": 3}
    assert proposal["defaulted"] == ["PRF", "INTEG", "KE"]
    assert [w["name"] for w in told["readings"][0]["weak"]] == ["3DES"]


def test_every_rule_has_its_example_in_the_manual(folder):
    rules = [line.split("  ")[0] for line in folder.ipsec("algparse", "--rules").stdout.splitlines()
             if line[0] != " "]
    page = (ROOT / "man/ipsec_algparse.8").read_text()
    assert len(rules) == 13
    for rule in rules:
        assert f"\n.It {rule} Ta " in page, rule
