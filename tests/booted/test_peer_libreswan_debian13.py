# SPDX-License-Identifier: Apache-2.0
"""Libreswan 5.2 of Debian 13: the table of scenarios."""

from scenarios import play, rows


@rows("libreswan-5.2")
def test_peer(meetings, peer, setting, scenario, who):
    play(meetings, peer, setting, scenario, who)
