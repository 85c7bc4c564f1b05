# SPDX-License-Identifier: Apache-2.0
import contextlib

import pytest

import lab as laboratory
import peers


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

        try:
            yield make
        finally:
            pass


@pytest.fixture(scope="session")
def strongswan_pki():
    try:
        return peers.unpack("strongswan-pki")
    except peers.Missing as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def freeradius():
    try:
        return peers.unpack("freeradius")
    except peers.Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def strongswan():
    try:
        return peers.unpack("strongswan")
    except peers.Missing as missing:
        pytest.skip(str(missing))
