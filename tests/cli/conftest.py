# SPDX-License-Identifier: Apache-2.0
import contextlib
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import support  # noqa: E402


@pytest.fixture
def folder():
    made = support.Folder()
    yield made
    made.close()


@pytest.fixture
def host():
    """A host on which nothing runs yet; its file has the connection `office`."""
    if reason := support.why_no_daemon():
        pytest.skip(reason)
    made = support.Host(support.OFFICE)
    yield made
    made.close()


@pytest.fixture
def started(host):
    host.start()
    return host


@pytest.fixture
def pair():
    """Two hosts on one wire, each with `office` and a daemon that listens."""
    if reason := support.why_no_daemon():
        pytest.skip(reason)
    with contextlib.ExitStack() as stack:
        east = stack.enter_context(contextlib.closing(support.Host(support.OFFICE)))
        west = stack.enter_context(contextlib.closing(
            support.Host(support.OFFICE, address="192.0.2.2", wire_to=east)))
        east.start()
        west.start()
        yield east, west
