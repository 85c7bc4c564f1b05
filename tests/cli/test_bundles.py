# SPDX-License-Identifier: Apache-2.0
"""PKCS #12 files as other systems make them."""

import pytest


def make(host, *options, phrase="open"):
    (host.path / "ipsec.d/private").mkdir(parents=True, exist_ok=True)
    for words in (["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "90",
                   "-keyout", host.path / "own.key", "-subj", "/CN=own", "-out", host.path / "own.pem"],
                  ["pkcs12", "-export", *options, "-inkey", host.path / "own.key", "-in", host.path / "own.pem",
                   "-passout", f"pass:{phrase}", "-out", host.path / "ipsec.d/private/own.p12"]):
        done = host.run("openssl", *words)
        if "legacy" in done.stderr and done.returncode:
            pytest.skip("libcrypto's provider legacy is not installed")
        assert done.returncode == 0, done.stderr
    host.write_secrets(': P12 own.p12 "open"\n')


def test_a_cipher_of_old_is_opened_and_told(started):
    make(started, "-legacy")
    done = started.auto("--rereadsecrets")
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "own.p12: the PKCS #12 file is encrypted with a cipher of old" in said
    assert "openssl pkcs12 -legacy -in FILE -nodes" in said
    assert "1 private keys can be used" in started.log()


def test_a_wrong_passphrase_is_one(started):
    make(started, "-legacy", phrase="shut")
    done = started.auto("--rereadsecrets")
    assert done.returncode != 0 and "the passphrase does not open the PKCS #12 file" in done.stdout + done.stderr


def test_one_of_today_is_opened_without_a_word(started):
    make(started)
    done = started.auto("--rereadsecrets")
    assert done.returncode == 0 and "cipher" not in done.stdout + done.stderr
    assert "1 private keys can be used" in started.log()
