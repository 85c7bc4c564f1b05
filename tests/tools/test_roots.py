# SPDX-License-Identifier: Apache-2.0
"""tests/booted/roots.py, with a debootstrap and a chroot that only pretend."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOTS = Path(__file__).resolve().parent.parent / "booted" / "roots.py"
DEBOOTSTRAP = """#!/bin/sh
echo "$@" >>"$CALLS"
[ ! -e "$CALLS.fail" ] || { echo E: no archive; exit 1; }
mkdir -p "$4/etc"
"""
CHROOT = """#!/bin/sh
[ ! -e "$1/broken" ]
"""

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="roots are made by root alone")


class Place:
    def __init__(self, folder):
        self.cache, self.calls = folder / "cache", folder / "calls"
        tools = folder / "bin"
        tools.mkdir()
        for name, text in (("debootstrap", DEBOOTSTRAP), ("chroot", CHROOT)):
            (tools / name).write_text(text)
            (tools / name).chmod(0o755)
        self.env = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "CALLS": str(self.calls),
                    "CYGNET_CACHE": str(self.cache)}

    def make(self, *names, **env):
        return subprocess.run([sys.executable, ROOTS, *names], env={**self.env, **env}, text=True,
                              capture_output=True, check=False)

    def made(self):
        return len(self.calls.read_text().splitlines()) if self.calls.exists() else 0


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def test_a_root_is_made_once(place):
    done = place.make("trixie")
    assert done.returncode == 0 and "making" in done.stdout
    assert place.make("trixie").stdout == ""
    assert place.made() == 1
    assert sorted(path.name for path in (place.cache / "roots").iterdir()) == ["trixie", "trixie.lock"]


def test_a_broken_one_is_made_anew(place):
    place.make("trixie")
    (place.cache / "roots" / "trixie" / "broken").touch()
    assert place.make("trixie").returncode == 0
    assert place.made() == 2
    (place.cache / "roots" / "trixie" / ".recipe").write_text("another one")
    assert place.make("trixie").returncode == 0
    assert place.made() == 3


def test_one_that_fails_leaves_its_reason(place):
    Path(f"{place.calls}.fail").touch()
    done = place.make("trixie")
    assert done.returncode == 1 and "no archive" in done.stdout
    roots = place.cache / "roots"
    assert "no archive" in (roots / "trixie.reason").read_text()
    assert sorted(path.name for path in roots.iterdir()) == ["trixie.lock", "trixie.reason"]
    Path(f"{place.calls}.fail").unlink()
    assert place.make("trixie").returncode == 0
    assert not (roots / "trixie.reason").exists()


def test_the_mirror_is_passed_on_and_the_cache_follows_xdg(place, tmp_path):
    place.make("trixie", CYGNET_CACHE="", XDG_CACHE_HOME=str(tmp_path / "xdg"),
               CYGNET_MIRROR="http://mirror.example/debian")
    assert (tmp_path / "xdg/cygnet/roots/trixie/.recipe").exists()
    assert place.calls.read_text().split()[-1] == "http://mirror.example/debian"
