# SPDX-License-Identifier: Apache-2.0
"""Libreswan 4.10 of Debian 12: the table of scenarios."""

from scenarios import play, rows


@rows("libreswan-4.10", settings=("v4", "transport", "nat-left"))
def test_peer(meetings, peer, setting, scenario, who):
    play(meetings, peer, setting, scenario, who)
