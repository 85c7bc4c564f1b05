# SPDX-License-Identifier: Apache-2.0
"""Cygnet against strongSwan: each as initiator and as responder, with real packets."""

import re

import pytest

from lab import SECRET, Cygnet, StrongSwan, wait_until
from theirs import secret_of, swanctl

# Our ike= and esp=, and strongSwan's words for the same.
PROPOSALS = {
    "aes128gcm-x25519": ("aes_gcm128-sha2_256-x25519", "aes_gcm128",
                         "aes128gcm16-prfsha256-x25519", "aes128gcm16-x25519"),
    "chacha20-ecp256": ("chacha20_poly1305-sha2_512-ecp256", "chacha20_poly1305",
                        "chacha20poly1305-prfsha512-ecp256", "chacha20poly1305"),
    "aescbc-sha256-modp2048": ("aes256-sha2_256-modp2048", "aes256-sha2_256",
                               "aes256-sha256-modp2048", "aes256-sha256"),
    "aes256gcm-ecp384": ("aes_gcm256-sha2_384-ecp384", "aes_gcm256",
                         "aes256gcm16-prfsha384-ecp384", "aes256gcm16"),
}
# Weak or rare, and so used by neither end unless it is named at both.
NAMED = {
    "aescbc-sha1-modp1536": ("aes128-sha1-modp1536", "aes128-sha1") * 2,
    "3des-md5-modp1024": ("3des-md5-modp1024", "3des-md5") * 2,
    "aes192-xcbc-dh24": ("aes192-aesxcbc-prfaesxcbc-dh24", "aes192-aesxcbc",
                         "aes192-aesxcbc-prfaesxcbc-modp2048s256", "aes192-aesxcbc"),
    "aesccm-cmac-brainpool": ("aes_ccm128-prfaescmac-brainpoolp256r1", "aes_ccm_8-256",
                              "aes128ccm16-prfaescmac-ecp256bp", "aes256ccm8"),
    "camellia-sha512-ecp192": ("camellia256-sha2_512-ecp192", "camellia256-sha2_512",
                               "camellia256-sha512-ecp192", "camellia256-sha512"),
    "aesctr-modp768": ("aes256-sha2_256-modp768", "aes256ctr-sha2_256",
                       "aes256-sha256-modp768", "aes256ctr-sha256"),
    "null-sha1": ("aes128-sha2_256-dh22", "null-sha1",
                  "aes128-sha256-modp1024s160", "null-sha1"),
}
PROPOSALS.update(NAMED)
FAMILIES = {"v4": (4, 4), "v6": (6, 6), "v4-over-v6": (6, 4), "v6-over-v4": (4, 6)}


def our_conf(lab, proposal, extra=""):
    ike, esp, _, _ = PROPOSALS[proposal]
    return f"""
conn t
	left={lab.left.address}
	leftid=@ours
	leftsubnet={lab.left.net}
	right={lab.right.address}
	rightid=@theirs
	rightsubnet={lab.right.net}
	authby=secret
	ike={ike}
	esp={esp}
	auto=add
{extra}
"""


def their_conf(lab, proposal, extra="", child="", secret=SECRET, theirs="@ours"):
    _, _, ike, esp = PROPOSALS[proposal]
    return swanctl(lab.right, lab.left, "auth = psk\n id = @theirs", f"auth = psk\n id = {theirs}", secret_of(secret),
                   ike, esp, extra, f"local_ts = {lab.right.net}\n remote_ts = {lab.left.net}\n {child}")


SECRETS = f'@ours @theirs : PSK "{SECRET}"\n'


class Pair:
    """Our pluto on the left gateway, charon on the right one."""

    def __init__(self, lab, proposal, ours="", theirs="", child="", **more):
        self.lab = lab
        self.ours = Cygnet(lab, lab.left, our_conf(lab, proposal, ours), SECRETS)
        self.theirs = StrongSwan(lab, lab.right, their_conf(lab, proposal, theirs, child, **more))

    def up(self, initiator):
        if initiator == "ours":
            done = self.ours.auto("--up", "t", check=False)
            assert done.returncode == 0, done.stdout + done.stderr + self.theirs.logged()[-3000:]
        else:
            done = self.theirs.swanctl("--initiate", "--child", "t", check=False)
            assert done.returncode == 0, done.stdout + done.stderr + self.ours.logged()[-3000:]

    def ping(self, count=3):
        assert self.lab.alice.ping(self.lab.bob.address, count=count) == count
        assert self.lab.bob.ping(self.lab.alice.address, count=count) == count

    def our_tunnels(self):
        return len(re.findall(r"(?i)ipsec sa established|child sa established", self.ours.status()))

    def their_tunnels(self):
        return self.theirs.sas().count("INSTALLED")

    def gone(self):
        wait_until(lambda: not self.our_tunnels(), what="our end to be gone")
        wait_until(lambda: "INSTALLED" not in self.theirs.sas(), what="their end to be gone")


pytestmark = pytest.mark.usefixtures("strongswan")


@pytest.mark.parametrize("initiator", ["ours", "theirs"])
@pytest.mark.parametrize("proposal", PROPOSALS)
def test_proposals(labs, proposal, initiator):
    pair = Pair(labs(), proposal)
    pair.up(initiator)
    pair.ping()
    assert pair.our_tunnels() == 1 and pair.their_tunnels() == 1


@pytest.mark.parametrize("initiator", ["ours", "theirs"])
@pytest.mark.parametrize("family", FAMILIES)
def test_families(labs, family, initiator):
    outer, inner = FAMILIES[family]
    pair = Pair(labs(outer=outer, inner=inner), "aes128gcm-x25519")
    pair.up(initiator)
    pair.ping()


@pytest.mark.parametrize("end", ["ours", "theirs"])
def test_delete(labs, end):
    pair = Pair(labs(), "aes128gcm-x25519")
    pair.up("ours")
    pair.ping(1)
    if end == "ours":
        pair.ours.auto("--down", "t")
    else:
        pair.theirs.swanctl("--terminate", "--ike", "t")
    pair.gone()
    # The connection stays routed: a packet brings it up again rather than going in clear.
    wait_until(lambda: pair.lab.alice.ping(pair.lab.bob.address, count=1), what="the trap")
    assert pair.our_tunnels() == 1


def test_large_packets_pass(labs):
    pair = Pair(labs(), "aes128gcm-x25519")
    pair.up("ours")
    assert pair.lab.alice.ping(pair.lab.bob.address, size=4000) == 3


def test_child_rekey_by_us(labs):
    pair = Pair(labs(), "aes128gcm-x25519", ours="\tsalifetime=14s\n\trekeymargin=10s\n\trekeyfuzz=0%\n")
    pair.up("ours")
    first = pair.theirs.sas()
    spi = re.search(r"in +([0-9a-f]{8})", first)[1]
    answered = 0
    for _ in range(8):
        answered += pair.lab.alice.ping(pair.lab.bob.address, count=10)
    assert answered == 80, "a rekey lost packets"
    wait_until(lambda: spi not in pair.theirs.sas(), what="the first child to be replaced")
    pair.ping()
    assert pair.our_tunnels() == 1


def test_child_rekey_by_them(labs):
    pair = Pair(labs(), "aes128gcm-x25519")
    pair.up("ours")
    spi = re.search(r"in +([0-9a-f]{8})", pair.theirs.sas())[1]
    pair.theirs.swanctl("--rekey", "--child", "t")
    wait_until(lambda: spi not in pair.theirs.sas() and "INSTALLED" in pair.theirs.sas(),
               what="the child to be replaced")
    pair.ping()
    assert pair.our_tunnels() == 1


def test_ike_rekey_by_us(labs):
    pair = Pair(labs(), "aes128gcm-x25519", ours="\tikelifetime=14s\n\trekeymargin=10s\n\trekeyfuzz=0%\n")
    pair.up("ours")
    spi = re.search(r"([0-9a-f]{16})_i", pair.theirs.sas())[1]
    wait_until(lambda: "ESTABLISHED" in pair.theirs.sas() and spi not in pair.theirs.sas(),
               what="the IKE SA to be replaced")
    pair.ping()
    assert pair.our_tunnels() == 1


def test_ike_rekey_by_them(labs):
    pair = Pair(labs(), "aes128gcm-x25519")
    pair.up("theirs")
    spi = re.search(r"([0-9a-f]{16})_i", pair.theirs.sas())[1]
    pair.theirs.swanctl("--rekey", "--ike", "t")
    wait_until(lambda: "ESTABLISHED" in pair.theirs.sas() and spi not in pair.theirs.sas(),
               what="the IKE SA to be replaced")
    pair.ping()
    assert pair.our_tunnels() == 1


def test_liveness_notices_a_dead_peer(labs):
    pair = Pair(labs(), "aes128gcm-x25519",
                ours="\tdpddelay=1s\n\tdpdtimeout=5s\n\tdpdaction=clear\n\tkeyingtries=1\n"
                     "\tretransmit-interval=200ms\n\tretransmit-timeout=3s\n")
    pair.up("ours")
    pair.theirs.process.kill()
    pair.theirs.process.wait()
    wait_until(lambda: not pair.our_tunnels(), seconds=30, what="liveness to notice")


def test_several_subnets_in_one_child(labs):
    lab = labs()
    lab.right.run("ip", "addr", "add", "10.3.0.1/24", "dev", "in0")
    pair = Pair(lab, "aes128gcm-x25519", ours=f"\talso=more\nconn more\n")
    pair.ours.auto("--delete", "t")
    conf = pair.ours.folder / "ipsec.conf"
    conf.write_text(conf.read_text().replace(
        f"rightsubnet={lab.right.net}", f'rightsubnet="{lab.right.net},10.3.0.0/24"'))
    theirs = pair.theirs.folder / "swanctl.conf"
    theirs.write_text(theirs.read_text().replace(
        f"local_ts = {lab.right.net}", f"local_ts = {lab.right.net},10.3.0.0/24"))
    pair.theirs.swanctl("--load-all", "--file", "/etc/peer/swanctl.conf")
    pair.ours.auto("--add", "t")
    pair.up("ours")
    pair.ping()
    assert lab.alice.ping("10.3.0.1") == 3


def test_our_wrong_secret_is_explained(labs):
    pair = Pair(labs(), "aes128gcm-x25519", secret="not the same secret at all")
    done = pair.ours.auto("--up", "t", check=False)
    assert done.returncode not in (0, 1, 2), done.stdout
    assert "AUTHENTICATION_FAILED" in done.stdout
    assert "secret" in done.stdout.lower()
    assert SECRET not in done.stdout + pair.ours.logged()


def test_no_common_proposal_is_explained(labs):
    lab = labs()
    pair = Pair(lab, "aes128gcm-x25519")
    theirs = pair.theirs.folder / "swanctl.conf"
    theirs.write_text(theirs.read_text().replace("aes128gcm16-prfsha256-x25519", "aes256-sha512-modp4096"))
    pair.theirs.swanctl("--load-all", "--file", "/etc/peer/swanctl.conf")
    done = pair.ours.auto("--up", "t", check=False)
    assert done.returncode != 0
    assert "NO_PROPOSAL_CHOSEN" in done.stdout
    assert "ike=" in done.stdout
    # As responder we know the difference, and the log has it.
    pair.theirs.swanctl("--initiate", "--child", "t", "--timeout", "10", check=False)
    log = wait_until(lambda: "MODP4096" in pair.ours.logged() and pair.ours.logged(),
                     what="the difference in our log")
    assert "X25519" in log


def test_selectors_that_do_not_meet_are_explained(labs):
    lab = labs()
    pair = Pair(lab, "aes128gcm-x25519")
    theirs = pair.theirs.folder / "swanctl.conf"
    theirs.write_text(theirs.read_text().replace(f"local_ts = {lab.right.net}", "local_ts = 172.16.0.0/24"))
    pair.theirs.swanctl("--load-all", "--file", "/etc/peer/swanctl.conf")
    done = pair.ours.auto("--up", "t", check=False)
    assert done.returncode != 0
    assert "TS_UNACCEPTABLE" in done.stdout
    assert lab.right.net in done.stdout


def test_a_rekey_that_drops_pfs_is_refused_and_explained(labs):
    pair = Pair(labs(), "aes256gcm-ecp384")  # strongSwan's esp_proposals have no group: no PFS
    pair.up("ours")
    pair.theirs.swanctl("--rekey", "--child", "t")
    wait_until(lambda: "pfs=no" in pair.ours.logged(), what="the refusal in our log")
    pair.ping()
