# SPDX-License-Identifier: Apache-2.0
"""Deleting SAs by their kind, and listening no longer."""

import json

import pytest
from support import said, wait_until


def states(host):
    told = json.loads(host.ipsec("whack", "--showstates", "--json").stdout)
    return ([sa["serial"] for sa in told["ike_sas"] if sa["state"].startswith("PARENT_I")],
            [sa["serial"] for sa in told["children"] if sa["state"] == "CHILD_C1"])


def up(pair):
    east, west = pair
    for host in pair:
        assert host.auto("--add", "office").returncode == 0
    assert east.auto("--up", "office").returncode == 0
    assert states(east) == ([1], [2])


@pytest.mark.parametrize("option", ["--delete-ike", "--delete-child", "--down-ike", "--down-child"])
def test_what_is_not_there_can_t_be_deleted(started, option):
    assert started.ipsec("whack", "--name", "office", option).returncode == 21
    started.auto("--add", "office")
    kind = "IKE" if "ike" in option else "IPsec"
    assert said(started.ipsec("whack", "--name", "office", option), started) == (
        3, f'003 "office": there is no {kind} SA to delete\n', "")
    code, _, err = said(started.ipsec("whack", option), started)
    assert (code, err) == (1, f"whack error: {option} needs --name\n")


@pytest.mark.parametrize("option, ike", [("--delete-child", True), ("--delete-ike", False)])
def test_what_should_be_up_comes_again(pair, option, ike):
    up(pair)
    east, west = pair
    assert said(east.ipsec("whack", "--name", "office", option), east)[0] == 0
    wait_until(lambda: states(east)[1] and states(east)[1] != [2], seconds=20, what="a new child")
    assert (states(east)[0] == [1]) == ike
    wait_until(lambda: len(json.loads(west.ipsec("whack", "--trafficstatus", "--json").stdout)["children"]) == 1,
               what="the peer to have one")


@pytest.mark.parametrize("option, left", [("--down-child", [1]), ("--down-ike", [])])
def test_what_is_taken_down_stays_away(pair, option, left):
    up(pair)
    east, west = pair
    assert east.ipsec("whack", "--name", "office", option).returncode == 0
    wait_until(lambda: states(east) == (left, []), what="its end")
    told = json.loads(east.ipsec("whack", "--status", "--json").stdout)["connections"][0]
    assert not told["want_up"] and "retry_in" not in told
    assert told["routing"] == "prospective erouted"
    assert "CHILD_C1" not in west.ipsec("whack", "--showstates").stdout


def test_it_stops_listening_and_begins_again(pair):
    east, west = pair
    up(pair)
    code, out, _ = said(east.ipsec("whack", "--unlisten"), east)
    assert (code, out) == (0, "002 no longer listening for IKE messages\n")
    status = east.auto("--status").stdout
    assert "000 not listening yet" in status and "000 interface" not in status
    assert east.auto("--up", "office").returncode == 24
    assert east.ipsec("whack", "--unlisten").returncode == 0
    assert east.auto("--ready").returncode == 0
    assert "000 interface" in east.auto("--status").stdout
    assert west.auto("--up", "office").returncode == 0


def test_names_are_looked_up_again(started):
    assert said(started.ipsec("whack", "--ddns"), started) == (0, "", "")
