# SPDX-License-Identifier: Apache-2.0
"""Two plutos that key each other: what their callers see. No packet is carried: the plane only remembers."""

import pytest

import daemon

pytestmark = pytest.mark.skipif(daemon.why_not() is not None, reason=str(daemon.why_not()))


def describe(name="net", **more):
    words = ["--name", name, "--psk", "--host", "127.0.0.1", "--id", "@west", "--client", "10.1.0.0/24",
             "--to", "--host", "127.0.0.2", "--id", "@east", "--client", "10.2.0.0/24"]
    for option, value in more.items():
        words += ["--" + option.replace("_", "-"), value]
    return words


@pytest.fixture
def pair(tmp_path):
    west = daemon.Daemon(tmp_path / "west")
    east = daemon.Daemon(tmp_path / "east", netns=west.netns)
    try:
        west.ip("addr", "add", "127.0.0.2/8", "dev", "lo")
        for host, address in ((west, "127.0.0.1"), (east, "127.0.0.2")):
            host.start("--listen", address)
            assert host.whack("--listen", *describe()).returncode == 0
        yield west, east
    finally:
        east.close()
        west.close()


def codes(done):
    return [int(line[:3]) for line in done.stdout.splitlines()]


def children(host):
    return [x for x in host.status().get("children", []) if x["state"] == "CHILD_C1"]


def test_up_tells_each_step_and_ends_well(pair):
    west, east = pair
    done = west.whack("--name", "net", "--initiate")
    assert done.returncode == 0, done
    assert codes(done) == [134, 135, 2, 4]
    assert children(west)[0]["spi_in"] == children(east)[0]["spi_out"]
    assert "CHILD SA established" in west.whack("--status").stdout
    assert west.whack("--trafficstatus").stdout.count("type=ESP") == 1


def test_up_need_not_be_waited_for(pair):
    west, _ = pair
    done = west.whack("--name", "net", "--initiate", "--asynchronous")
    assert done.returncode == 0 and 4 not in codes(done)
    daemon.wait_until(lambda: children(west), what="the child")


def test_what_one_end_deletes_is_gone_at_both(pair):
    west, east = pair
    west.whack("--name", "net", "--initiate")
    assert west.whack("--name", "net", "--terminate").returncode == 0
    for host in pair:
        daemon.wait_until(lambda h=host: not children(h), what="the children's end")
        # One that was deleted stays for a while, to answer the delete again.
        assert {sa["story"] for sa in host.status()["ike_sas"]} <= {"being deleted"}


def test_a_stop_is_told_to_the_peer(pair):
    west, east = pair
    west.whack("--name", "net", "--initiate")
    assert west.kill() == 0
    daemon.wait_until(lambda: not children(east), what="its end")


def test_one_state_can_be_deleted(pair):
    west, east = pair
    west.whack("--name", "net", "--initiate")
    serial = children(west)[0]["serial"]
    assert west.whack("--deletestate", serial).returncode == 0
    daemon.wait_until(lambda: serial not in [x["serial"] for x in children(west)], what="its end")
    assert west.whack("--deletestate", "4711").returncode == 21


def test_a_peer_that_crashed_is_forgotten_silently(pair):
    west, east = pair
    west.whack("--name", "net", "--initiate")
    old = children(west)[0]["serial"]
    assert west.whack("--crash", "127.0.0.2").returncode == 0
    # It was to be up, so a new one may be there at once.
    daemon.wait_until(lambda: old not in [x["serial"] for x in children(west)], what="its end")
    assert "the peer deleted" not in east.log.read_text()
    assert west.whack("--crash", "nobody").returncode == 1


def test_new_keys_on_demand(pair):
    west, _ = pair
    west.whack("--name", "net", "--initiate")
    old = children(west)[0]
    assert west.whack("--name", "net", "--rekey-child").returncode == 0
    daemon.wait_until(lambda: [x for x in children(west) if x["spi_in"] != old["spi_in"]], what="new keys")


def test_a_wrong_secret_is_told_where_it_can_be_mended(pair):
    west, east = pair
    east.write_secrets('@west @east : PSK "xyzzy is no word anybody says here"\n')
    assert east.whack("--rereadsecrets").returncode == 0
    done = west.whack("--name", "net", "--initiate")
    assert done.returncode == 200 + 24, done # AUTHENTICATION_FAILED
    assert "ipsec.secrets" in done.stdout
    assert "xyzzy" not in done.stdout + east.log.read_text()


def test_time_is_accounted_for(pair):
    west, east = pair
    for host in pair:
        with host.client() as c:
            c.call("Accounting", enable=True)
    west.whack("--name", "net", "--initiate")
    with east.client() as c:
        steps = {s["name"]: s for s in c.call("Accounting")["parameters"]["steps"]}
    for name in ("receive", "step", "ke", "auth", "plane", "send"):
        assert steps[name]["calls"] > 0 and steps[name]["nanoseconds"] > 0, name
