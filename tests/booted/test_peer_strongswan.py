# SPDX-License-Identifier: Apache-2.0
"""strongSwan with the kernel's ESP: the table of scenarios."""

from scenarios import play, rows


@rows("strongswan")
def test_peer(meetings, peer, setting, scenario, who):
    play(meetings, peer, setting, scenario, who)
