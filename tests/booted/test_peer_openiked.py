# SPDX-License-Identifier: Apache-2.0
"""OpenIKED of Debian 13: the table of scenarios."""

from scenarios import play, rows


@rows("openiked-7.4")
def test_peer(meetings, peer, setting, scenario, who):
    play(meetings, peer, setting, scenario, who)
