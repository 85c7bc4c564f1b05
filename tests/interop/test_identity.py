# SPDX-License-Identifier: Apache-2.0
"""Who the peer is, beyond secrets, keys and certificates: nobody; and keys for later days."""

import pytest

from lab import SECRET, Cygnet, StrongSwan, wait_until
from pki import Party
from test_signatures import Key, pings, up
from test_tunnel import tunnels
from theirs import swanctl


def conf(lab, words, left=None):
    return f"""
conn t
	left={left or lab.left.address}
	leftsubnet={lab.left.net}
	right={lab.right.address}
	rightsubnet={lab.right.net}
	auto=add
{words}
"""


# ---- null authentication (RFC 7619) ----

ONE_SIDED = "\tleftauth=null\n\trightauth=secret\n\trightid=@server\n"


@pytest.mark.parametrize("words, who", [("\tauthby=null\n", "%null"), (ONE_SIDED, "@server")])
def test_null_authentication(labs, words, who):
    lab = labs()
    secrets = f'@server : PSK "{SECRET}"\n@server %any : PSK "{SECRET}"\n%null @server : PSK "{SECRET}"\n'
    east = Cygnet(lab, lab.left, conf(lab, words), secrets)
    west = Cygnet(lab, lab.right, conf(lab, words), secrets)
    assert "warning: " in east.ipsec("checkconf").stdout
    done = east.auto("--up", "t")
    assert "004 " in done.stdout
    pings(lab)
    assert f"IKE SA established with {who} at" in east.logged()
    assert "; authenticated by: nothing (authby=null)" in west.status()
    assert f"; authenticated by: {'PSK' if who == '@server' else 'nothing (authby=null)'}; we by: nothing" in east.status()
    assert "IKE SA established with %null at" in west.logged() and "did not prove who it is" in west.logged()
    assert tunnels(east) == tunnels(west) == 1


def test_null_authentication_is_not_taken_by_accident(labs):
    lab = labs()
    east = Cygnet(lab, lab.left, conf(lab, "\tauthby=null\n"), "")
    west = Cygnet(lab, lab.right, conf(lab, "\tauthby=secret\n\tleftid=%any\n\trightid=@server\n", left="%any"),
                  f': PSK "{SECRET}"\n')
    done = east.auto("--up", "t", check=False)
    assert done.returncode == 224, done.stdout
    assert "%null" in west.logged() and not tunnels(west)


# ---- what an initiator is told that is refused ----

IDS = "\tleftid=@ours\n\trightid=@theirs\n"


def certified(lab, side, party, anchor, words):
    return Cygnet(lab, getattr(lab, side), conf(lab, words), ": PKCS8 host.pem\n", files={
        "ipsec.d/private/host.pem": party.key, "ipsec.d/certs/host.pem": party.cert, "ipsec.d/cacerts/ca.pem": anchor.cert})


def refused_certificate(lab):
    ours, theirs = Party("Ours", ca=True), Party("Theirs", ca=True)
    yield certified(lab, "left", Party("west", "ecdsa", ours, names="DNS:ours"), theirs, IDS + "\tauthby=pubkey\n\tleftcert=host.pem\n")
    yield certified(lab, "right", Party("east", "ecdsa", theirs, names="DNS:theirs"), theirs, IDS + "\tauthby=pubkey\n\trightcert=host.pem\n")


def refused_key(lab):
    ours, theirs, other = Key("ecdsa256"), Key("ecdsa256"), Key("ecdsa256")
    keys = IDS + "\tauthby=pubkey\n\tleftsigkey={}\n\trightsigkey=" + theirs.text() + "\n"
    for side, named, own in (("left", ours, ours), ("right", other, theirs)):
        yield Cygnet(lab, getattr(lab, side), conf(lab, keys.format(named.text())), ": PKCS8 host.pem\n",
                     files={"ipsec.d/private/host.pem": own.private})


def refused_secret(lab):
    for side, secret in (("left", SECRET), ("right", SECRET + "!")):
        yield Cygnet(lab, getattr(lab, side), conf(lab, IDS + "\tauthby=secret\n"), f': PSK "{secret}"\n')


def refused_eap(lab):
    for side, way in (("left", "eap-mschapv2"), ("right", "secret")):
        yield Cygnet(lab, getattr(lab, side), conf(lab, IDS + f"\tleftauth={way}\n\trightauth=secret\n"),
                     f'@ours : EAP "{SECRET}"\n@ours @theirs : PSK "{SECRET}"\n')


def refused_nobody(lab):
    for side, way in (("left", "null"), ("right", "secret")):
        yield Cygnet(lab, getattr(lab, side), conf(lab, f"\tauthby={way}\n"), f': PSK "{SECRET}"\n')


@pytest.mark.parametrize("kind, words", [
    (refused_certificate, ["it does not believe our key or certificate", "we are @ours by our ECDSA P-256 certificate C=CH, O=Lab, "
                           "CN=west, issued by C=CH, O=Lab, CN=Ours, valid until 20",
                           "or it has nothing to prove itself by"]),
    (refused_key, ["it does not believe our key or certificate", "we are @ours by our public key (ECDSA P-256, id "]),
    (refused_secret, ["the shared secrets differ", "compare ipsec.secrets, leftid="]),
    (refused_eap, ["the peer does not accept who we are by EAP", "we are @ours and asked for @theirs", "leftauth="]),
    (refused_nobody, ["the peer does not accept us without a proof (authby=null)"]),
], ids=lambda v: v.__name__ if callable(v) else "")
def test_a_refusal_tells_by_what_we_proved_ourselves(labs, kind, words):
    east, _ = kind(labs())
    done = east.auto("--up", "t", check=False)
    assert done.returncode == 224
    for said in words:
        assert said in done.stdout, done.stdout
    assert ("ipsec.secrets" in done.stdout) == (kind is refused_secret), done.stdout


# ---- post-quantum pre-shared keys (RFC 8784) ----

PPK = "0x" + "5eed" * 16
NAMES = "\tleftid=@ours\n\trightid=@theirs\n\tauthby=secret\n"


def secrets(ppk=PPK, name="the-key"):
    return f'@ours @theirs : PSK "{SECRET}"\n' + (f'@ours @theirs : PPKS "{name}" {ppk}\n' if ppk else "")


def uses_ppk(daemon):
    mixed = "-PPK" in daemon.logged()
    assert ("with a post-quantum key" in daemon.status()) == mixed, daemon.status()
    return mixed


@pytest.mark.parametrize("west_words, west_ppk, used", [
    ("ppk=yes", PPK, True), ("ppk=insist", PPK, True), ("ppk=yes", None, False), ("ppk=no", PPK, False)])
def test_ppk_between_two_of_ours(labs, west_words, west_ppk, used):
    lab = labs()
    east = Cygnet(lab, lab.left, conf(lab, NAMES + "\tppk=yes\n"), secrets())
    west = Cygnet(lab, lab.right, conf(lab, f"{NAMES}\t{west_words}\n"), secrets(west_ppk))
    assert "004 " in east.auto("--up", "t").stdout
    pings(lab)
    assert uses_ppk(east) == uses_ppk(west) == used


def test_a_missing_ppk_is_named(labs):
    lab = labs()
    east = Cygnet(lab, lab.left, conf(lab, NAMES + "\tppk=insist\n"), secrets())
    west = Cygnet(lab, lab.right, conf(lab, NAMES + "\tppk=yes\n"), secrets(name="another"))
    done = east.auto("--up", "t", check=False)
    assert done.returncode == 224 and "AUTHENTICATION_FAILED" in done.stdout, done.stdout
    assert "the one that the peer names: the-key" in west.logged()
    assert PPK not in west.logged() + east.logged() + done.stdout


def their_conf(lab, required, ppk, key="the-key", local="auth = psk\n id = @theirs", remote="auth = psk\n id = @ours",
               ppk_is_there=True):
    named = f"ppk_id = {key}\n" if ppk else ""
    secrets = f'ike-t {{\n id-1 = @ours\n id-2 = @theirs\n secret = "{SECRET}"\n }}'
    if ppk and ppk_is_there:
        secrets += f"\n ppk-t {{\n id-1 = {key}\n secret = {PPK}\n }}"
    return swanctl(lab.right, lab.left, local, remote, secrets, words=f"{named} ppk_required = {required}")


@pytest.mark.usefixtures("strongswan")
@pytest.mark.parametrize("initiator", ["ours", "theirs"])
@pytest.mark.parametrize("ours, required, ppk, used", [
    ("insist", "yes", True, True), ("yes", "no", True, True), ("yes", "no", False, False)])
def test_ppk_with_strongswan(labs, ours, required, ppk, used, initiator):
    lab = labs()
    east = Cygnet(lab, lab.left, conf(lab, f"{NAMES}\tppk={ours}\n"), secrets())
    west = StrongSwan(lab, lab.right, their_conf(lab, required, ppk))
    up(east, west, initiator)
    pings(lab)
    wait_until(lambda: tunnels(east) == 1 and "INSTALLED" in west.sas(), what="both ends")
    assert uses_ppk(east) == used, east.logged()[-2000:]
    assert ("using PPK" in west.logged()) == used, west.logged()[-3000:]
    # The keys that follow come of the same SK_d at both ends.
    west.swanctl("--rekey", "--child", "t")
    wait_until(lambda: "INSTALLED" in west.sas(), what="the child to be replaced")
    pings(lab)


@pytest.mark.usefixtures("strongswan")
@pytest.mark.parametrize("initiator", ["ours", "theirs"])
@pytest.mark.parametrize("both_have", [True, False])
def test_ppk_with_signatures_and_strongswan(labs, both_have, initiator):
    """Without their half of it, the proof in NO_PPK_AUTH counts, which is a signature, too."""
    lab = labs()
    left, right = Key("rsa3072"), Key("ecdsa256")
    words = NAMES.replace("secret", "pubkey") + f"\tppk=yes\n\tleftsigkey={left.text()}\n\trightsigkey={right.text()}\n"
    ours_has = both_have or initiator == "ours"
    east = Cygnet(lab, lab.left, conf(lab, words), ": PKCS8 host.pem\n" + secrets(PPK if ours_has else None),
                  files={"ipsec.d/private/host.pem": left.private})
    text = their_conf(lab, "no", True, local="id = @theirs\n pubkeys = theirs.pem",
                      remote="auth = pubkey\n id = @ours\n pubkeys = ours.pem",
                      ppk_is_there=initiator != "ours" or both_have)
    west = StrongSwan(lab, lab.right, text,
                      files={"private/theirs.pem": right.private, "pubkey/theirs.pem": right.public,
                             "pubkey/ours.pem": left.public})
    up(east, west, initiator)
    pings(lab)
    assert uses_ppk(east) == both_have
