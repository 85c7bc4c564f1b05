# SPDX-License-Identifier: Apache-2.0
"""scripts/deps, with stand-ins for the system's own commands."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def deps(folder, *groups, installed="", user="1000", apt="true"):
    """Run it where dpkg-query knows `installed`, and apt-get notes its call and does `apt`."""
    stand_ins = {
        "dpkg-query": "".join(f"echo 'ii  {name}'\n" for name in installed.split()),
        "id": f"echo {user}\n",
        "apt-get": f"echo \"$@\" >>{folder}/called\n{apt}\n",
    }
    for name, text in stand_ins.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}")
        (folder / name).chmod(0o755)
    return subprocess.run(
        [ROOT / "scripts" / "deps", *groups], capture_output=True, text=True,
        env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"})


def test_an_unknown_group(tmp_path):
    assert deps(tmp_path, "nonsense").returncode == 2


def test_a_user_is_told_what_is_missing(tmp_path):
    result = deps(tmp_path, "tidy", installed="clang-format")
    assert result.returncode == 1
    assert "apt-get install clang-tidy" in result.stderr
    assert "clang-format" not in result.stderr
    assert not (tmp_path / "called").exists()


def test_a_name_within_a_name_is_another_package(tmp_path):
    result = deps(tmp_path, "tidy", installed="clang-format-14 clang-tidy")
    assert "apt-get install clang-format" in result.stderr


def test_root_installs_only_what_is_missing(tmp_path):
    result = deps(tmp_path, "tidy", installed="clang-format", user="0")
    assert result.returncode == 0
    last = (tmp_path / "called").read_text().splitlines()[-1]
    assert last.endswith("--no-install-recommends clang-tidy")


def test_an_installation_that_fails_is_an_error(tmp_path):
    result = deps(tmp_path, "tidy", user="0", apt="echo no network; exit 100")
    assert result.returncode != 0
    assert "no network" in result.stderr


def test_silence_when_all_is_there(tmp_path):
    result = deps(tmp_path, "tidy", installed="clang-tidy clang-format")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
