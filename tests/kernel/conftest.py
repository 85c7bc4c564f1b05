# SPDX-License-Identifier: Apache-2.0
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))
import lab  # noqa: E402
from laboratory import labs, skip_all  # noqa: E402, F401


def pytest_collection_modifyitems(items):
    skip_all(items, lab.why_not())
