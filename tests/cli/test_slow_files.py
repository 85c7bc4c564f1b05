# SPDX-License-Identifier: Apache-2.0
"""Files that take long to be understood: pluto has others to serve meanwhile."""

import os
import subprocess
import time

from support import at_terminal
from test_auto_lists import make_ca

ROUNDS = 1500000  # of hashing a passphrase: half a second
ACERTS = 2000


def make_key(host, rounds=ROUNDS):
    (host.path / "ipsec.d/private").mkdir(parents=True, exist_ok=True)
    for words in (["genpkey", "-algorithm", "ED25519", "-out", host.path / "plain.key"],
                  ["pkcs8", "-topk8", "-v2prf", "hmacWithSHA256", "-iter", rounds, "-passout", "pass:open",
                   "-in", host.path / "plain.key", "-out", host.path / "ipsec.d/private/slow.key"]):
        done = host.run("openssl", *words)
        assert done.returncode == 0, done.stderr


def silence_during(host, running):
    """How long pluto left a question unanswered at most while a command runs, and how long that took."""
    longest, begun = 0, time.monotonic()
    while running.poll() is None:
        asked = time.monotonic()
        assert host.ipsec("whack", "--status").returncode == 0
        longest = max(longest, time.monotonic() - asked)
    return longest, time.monotonic() - begun


def reread(host, what):
    return subprocess.Popen([*host.enter(), "ipsec", "auto", f"--reread{what}"], env=host.environment(), cwd=host.path,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_a_slow_passphrase(started):
    make_key(started)
    started.write_secrets(': PKCS8 slow.key "open"\n')
    running = reread(started, "secrets")
    longest, all_of_it = silence_during(started, running)
    assert running.returncode == 0, running.stdout.read()
    assert longest < 0.75 * all_of_it, f"{longest:.2f} s of {all_of_it:.2f} s"
    assert "1 private keys can be used" in started.log()


def test_a_slow_passphrase_that_is_asked_for(started):
    make_key(started)
    started.write_secrets(": PKCS8 slow.key %prompt\n")
    code, seen = at_terminal(started, ["open"], "auto", "--rereadsecrets")
    assert code == 0, seen
    assert "the private key slow.key can be used" in started.log()


def test_a_wrong_passphrase_is_told_once_it_was_tried(started):
    make_key(started, 1000)
    started.write_secrets(': PKCS8 slow.key "shut"\n')
    done = started.auto("--rereadsecrets")
    assert done.returncode != 0 and "the passphrase does not open the private key" in done.stdout + done.stderr


def test_many_attribute_certificates(started):
    make_ca(started)
    folder = started.path / "ipsec.d/acerts"
    for i in range(ACERTS):
        os.link(folder / "ca.pem", folder / f"{i}.pem")
    running = reread(started, "acerts")
    longest, all_of_it = silence_during(started, running)
    assert running.returncode == 0, running.stdout.read()
    assert longest < 0.75 * all_of_it, f"{longest:.2f} s of {all_of_it:.2f} s"
    (folder / "0.pem").unlink()
    (folder / "0.pem").write_text("-----BEGIN ATTRIBUTE CERTIFICATE-----\nAAAA\n-----END ATTRIBUTE CERTIFICATE-----\n")
    (folder / "1.pem").unlink()
    done = started.auto("--rereadacerts")
    assert done.returncode != 0
    assert "0.pem can't be used" in done.stdout + done.stderr and "1.pem is gone" in done.stdout + done.stderr


def test_stopping_waits_for_no_passphrase(started):
    make_key(started, ROUNDS)
    started.write_secrets(': PKCS8 slow.key "open"\n')
    running = reread(started, "secrets")
    time.sleep(0.1)
    assert started.ipsec("whack", "--shutdown").returncode == 0
    running.wait(20)
