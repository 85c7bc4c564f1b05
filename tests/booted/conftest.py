# SPDX-License-Identifier: Apache-2.0
"""Tests that run inside a booted kernel (tests/booted/boot); elsewhere they are skipped."""
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))
import scenarios  # noqa: E402
from laboratory import labs, skip_all  # noqa: E402, F401


def pytest_collection_modifyitems(items):
    if not os.environ.get("CYGNET_BOOTED"):
        skip_all(items, "it is for a booted kernel: make check-kernel")


def pytest_runtest_logreport(report):
    """At once, because the whole story comes when all the others have run."""
    if report.failed:
        print(f"\n{report.nodeid}: {getattr(report.longrepr, 'reprcrash', report.longrepr)}", flush=True)


@pytest.fixture(scope="module")
def meetings():
    """Two daemons at a time, kept while peer and setting stay the same."""
    made = scenarios.Meetings()
    yield made
    made.drop()
