# SPDX-License-Identifier: Apache-2.0
"""The frozen output of ipsec auto, whack and pki: see golden.py."""

import pytest
from support import why_no_daemon

import golden


@pytest.mark.parametrize("path", golden.files(), ids=lambda path: path.stem)
def test_what_scripts_read_stays_as_it_was(path):
    if reason := why_no_daemon():
        pytest.skip(reason)
    difference = golden.difference(path, golden.replay(path))
    assert not difference, f"tests/cli/golden.py --renew writes it anew, if it is meant:\n{difference}"
