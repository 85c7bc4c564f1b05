# SPDX-License-Identifier: Apache-2.0
import contextlib
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))
import lab as laboratory  # noqa: E402


def pytest_collection_modifyitems(items):
    reason = laboratory.why_not()
    if reason:
        for item in items:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def labs():
    """Make a Lab by labs(outer=4, inner=4); all of it is gone after the test."""
    with contextlib.ExitStack() as stack:
        def make(**families):
            made = laboratory.Lab(**families)
            stack.callback(made.close)
            return made

        yield make
