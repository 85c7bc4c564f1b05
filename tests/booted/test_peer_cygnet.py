# SPDX-License-Identifier: Apache-2.0
"""Ourselves at both ends: the table of scenarios."""

from scenarios import play, rows


@rows("cygnet")
def test_peer(meetings, peer, setting, scenario, who):
    play(meetings, peer, setting, scenario, who)
