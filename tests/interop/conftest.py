# SPDX-License-Identifier: Apache-2.0
import pytest

import lab
import peers
from laboratory import labs, skip_all  # noqa: F401


def pytest_collection_modifyitems(items):
    skip_all(items, lab.why_not())


def unpacked(name):
    """A peer of packages; where they can't be had, what needs it is skipped and says so."""
    try:
        return peers.unpack(name)
    except peers.Missing as missing:
        return pytest.skip(str(missing))


@pytest.fixture(scope="session")
def strongswan_pki():
    return unpacked("strongswan-pki")


@pytest.fixture(scope="session")
def freeradius():
    return unpacked("freeradius")


@pytest.fixture(scope="session")
def strongswan():
    return unpacked("strongswan")
