# SPDX-License-Identifier: Apache-2.0
"""What the conftest.py of each folder has whose tests run in a lab."""
import contextlib

import pytest

import lab


def skip_all(items, reason):
    """With a reason, none of them runs."""
    for item in items if reason else ():
        item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def labs():
    """Make a Lab by labs(outer=4, inner=4); all of it is gone after the test."""
    with contextlib.ExitStack() as stack:
        def make(**families):
            made = lab.Lab(**families)
            stack.callback(made.close)
            return made

        yield make
