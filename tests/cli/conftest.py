# SPDX-License-Identifier: Apache-2.0
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
    east = support.Host(support.OFFICE)
    west = support.Host(support.OFFICE, address="192.0.2.2", wire_to=east)
    try:
        east.start()
        west.start()
        yield east, west
    finally:
        west.close()
        east.close()
