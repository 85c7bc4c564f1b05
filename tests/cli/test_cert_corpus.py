# SPDX-License-Identifier: Apache-2.0
"""Path validation beside other suites' certificates: every difference has its reason in docs/certificates.md."""

import csv
import json
import re
from collections import Counter

import pytest
from support import ROOT

CERTS = ROOT.parent / "shared/corpus/certs"
pytestmark = pytest.mark.skipif(not CERTS.exists(), reason="../shared/corpus/certs is not there")
DOC = (ROOT / "docs/certificates.md").read_text()

# Why a row may have another verdict here: the first that fits, in the words of the document.
REASONS = [
    ("file", lambda row, words: row["missing"]),
    ("trust by use", lambda row, words: re.search(r"[+-](clientAuth|serverAuth|anyEKU)", row["trusted"] or "")
     or "-any" in (row["trusted"] or "")),
    ("level", lambda row, words: "-auth_level" in words),
    ("depth", lambda row, words: "-verify_depth" in words),
    ("strict", lambda row, words: "-x509_strict" in words),
    ("proxy", lambda row, words: "-allow_proxy_certs" in words),
    ("policy", lambda row, words: "-policy_check" in words),
    ("authority as end", lambda row, words: row["cert"] == row["trusted"] and row["cert"].startswith("root")),
    ("end as authority", lambda row, words: row["cert"] == row["trusted"]),
    ("key kind", lambda row, words: row["cert"] in ("ee-ed25519", "ee-pss-cert")),
    ("name form", lambda row, words: "othername" in row["cert"]),
    ("use", lambda row, words: (row["purpose"] or "").startswith("ssl")),
]


def verdict(folder, row):
    def paths(names):
        return [CERTS / "openssl-verify" / f"{name}.pem" for name in (names or "").split()]

    words = (row["opts"] or "").split()
    command = ["pki", "--verify", "--json"]
    for path in paths(row["trusted"]):
        command += ["--cacert", path]
    if "-attime" in words:
        command += ["--at", folder.run("date", "-u", "-d", f"@{words[words.index('-attime') + 1]}",
                                       "+%Y%m%d%H%M%SZ").stdout.strip()]
    done = folder.ipsec(*command, *paths(row["cert"]), *paths(row["untrusted"]))
    row["missing"] = not all(path.exists() for path in paths(row["cert"]) + paths(row["untrusted"]) + paths(row["trusted"]))
    if row["missing"]:
        assert done.returncode == 3
        return "NONE"
    document = json.loads(done.stdout)
    assert done.returncode == (0 if document["believed"] else 1)
    assert document["believed"] or document["reason"]["sentence"]
    return "ACCEPT" if document["believed"] else "REJECT"


def test_openssl_s_own_suite(folder):
    counts, unexplained = Counter(), []
    for row in csv.DictReader((CERTS / "openssl-verify/EXPECTED.tsv").open(), delimiter="\t"):
        if verdict(folder, row) == row["expected"]:
            counts["same"] += 1
            continue
        words = (row["opts"] or "").split()
        reason = next((name for name, fits in REASONS if fits(row, words)), None)
        counts[reason] += 1
        if not reason:
            unexplained.append((row["expected"], row["name"]))
    assert not unexplained
    told = {name: int(count) for name, count in re.findall(r"^\| ([a-z ]+) \| (\d+) \|", DOC, re.M)}
    assert told == counts


def test_chains_of_android(folder):
    at = CERTS / "aosp"
    verdicts = {}
    for name, cacert, chain in (("a", "a", ["end-cert-a"]), ("b", "b", ["end-cert-b", "intermediate-ca-b-two", "intermediate-ca-b-one"]),
                                ("b alone", "b", ["end-cert-b"]), ("a by b", "b", ["end-cert-a"]),
                                ("small", "small", ["end-cert-small"])):
        paths = [at / f"ikeassets__pem__{one}.pem" for one in chain]
        done = folder.ipsec("pki", "--verify", "--at", "2026-01-01", "--cacert",
                            at / f"ikeassets__pem__self-signed-ca-{cacert}.pem", *paths)
        verdicts[name] = done.returncode
    # The small one's RSA key has 512 bits.
    assert verdicts == {"a": 0, "b": 0, "b alone": 1, "a by b": 1, "small": 1}


def test_odd_files_are_refused_or_shown(folder):
    """Certificates, requests, lists and OCSP messages that were made to trip parsers."""
    statuses = Counter()
    for path in sorted((CERTS / "pyca-custom").rglob("*")) + sorted((CERTS / "pyca-ocsp").rglob("*")):
        if path.is_file():
            done = folder.ipsec("pki", "--print", path)
            assert done.returncode in (0, 1) and (done.stderr or not done.returncode), path
            # 3: as a list it can't be read, so that there is no verdict.
            assert folder.ipsec("pki", "--verify", "--cacert", path, "--crl", path, path).returncode in (1, 3), path
            assert folder.ipsec("pki", "--verify", "--cacert", path, path).returncode == 1, path
            statuses[done.returncode] += 1
    assert statuses[0] > 80 and statuses[1] > 10, statuses
