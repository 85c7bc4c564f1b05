# SPDX-License-Identifier: Apache-2.0
"""Tests that run inside a booted kernel (tests/booted/boot); elsewhere they are skipped."""
import contextlib
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))
import lab as laboratory  # noqa: E402
import scenarios  # noqa: E402


def pytest_collection_modifyitems(items):
    if not os.environ.get("CYGNET_BOOTED"):
        for item in items:
            item.add_marker(pytest.mark.skip(reason="it is for a booted kernel: make check-kernel"))


def pytest_runtest_logreport(report):
    """At once, because the whole story comes when all the others have run."""
    if report.failed:
        print(f"\n{report.nodeid}: {getattr(report.longrepr, 'reprcrash', report.longrepr)}", flush=True)


@pytest.fixture
def labs():
    """Make a Lab by labs(outer=4, inner=4); all of it is gone after the test."""
    with contextlib.ExitStack() as stack:
        def make(**families):
            made = laboratory.Lab(**families)
            stack.callback(made.close)
            return made

        yield make


@pytest.fixture(scope="module")
def meetings():
    """Two daemons at a time, kept while peer and setting stay the same."""
    made = scenarios.Meetings()
    yield made
    made.drop()
