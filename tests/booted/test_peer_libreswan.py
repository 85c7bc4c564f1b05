# SPDX-License-Identifier: Apache-2.0
"""Libreswan of Debian 12 and 13: the table of scenarios."""

from scenarios import play, rows


@rows("libreswan-4.10", "libreswan-5.2")
def test_peer(meetings, peer, setting, scenario, who):
    play(meetings, peer, setting, scenario, who)
