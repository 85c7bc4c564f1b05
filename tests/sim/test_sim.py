# SPDX-License-Identifier: Apache-2.0
"""The simulator itself: it repeats itself exactly, and is not blind."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SIM = Path(os.environ.get("CYGNET_BUILD", ROOT / "build")) / "sim" / "sim"


def sim(*args):
    return subprocess.run([SIM, *args], capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("scenario", ["handshake-loss", "rekey-mixed-loss", "road-warriors-loss",
                                      "handshake-changed", "chaos"])
def test_two_processes_tell_the_same(scenario):
    first = sim("--scenario", scenario, "--seed", "11", "--log")
    assert first.stdout.startswith("at 0 ms")
    assert first.stdout == sim("--scenario", scenario, "--seed", "11", "--log").stdout


def test_another_seed_is_another_story():
    assert (sim("--scenario", "chaos", "--seed", "1", "--log").stdout
            != sim("--scenario", "chaos", "--seed", "2", "--log").stdout)


def test_chance_that_is_not_the_seeds_shows():
    """What the comparison of two runs is there to find."""
    command = ["--scenario", "handshake", "--seed", "1", "--log", "--break", "chance"]
    assert sim(*command).stdout != sim(*command).stdout


@pytest.mark.parametrize("broken, scenario, fault", [
    ("key", "handshake", "have different keys"),
    ("key", "rekey-child", "the keys differ"),
    ("remove", "handshake", "SAs in and"),
    ("answer", "handshake", "has no end"),
    ("clear", "trap", "go in clear"),
    ("cache", "rekey-child", "two different"),
])
def test_what_is_broken_is_seen(broken, scenario, fault):
    result = sim("--scenario", scenario, "--seeds", "1..8", "--break", broken)
    assert result.returncode == 1
    assert fault in result.stdout


def test_a_failing_seed_says_how_to_replay_it():
    result = sim("--scenario", "rekey-child", "--seeds", "1..3", "--break", "key")
    command = re.search(r"replay: build/sim/sim (.*)", result.stdout)[1]
    replayed = sim(*shlex.split(command))
    assert replayed.returncode == 1
    assert "at 0 ms" in replayed.stdout
    fault = re.search(r"seed 1: (.*)", result.stdout)[1]
    assert f"rekey-child, seed 1: {fault}" in replayed.stdout


def test_one_failing_seed_tells_its_story_at_once():
    result = sim("--scenario", "handshake", "--seed", "1", "--break", "remove")
    assert result.returncode == 1
    assert "FAULT: " in result.stdout


def test_a_golden_trace_that_differs_is_shown(tmp_path):
    trace = tmp_path / "story.trace"
    trace.write_text("# build/sim/sim --scenario handshake --seed 1 --trace\nat 0 ms nothing\n")
    result = sim("--golden", trace)
    assert "not ok 1" in result.stdout
    assert "wanted: at 0 ms nothing" in result.stdout
    assert sim("--renew", trace).returncode == 0
    assert "\nok 1" in sim("--golden", trace).stdout


@pytest.mark.parametrize("args", [["--scenario", "nonsense"], ["--seeds", "5..1"], ["--seed", "x"],
                                  ["--break", "nothing-known"], ["--suite", "nonsense"],
                                  ["--golden", "/dev/null"], ["stray"]])
def test_wrong_words_are_refused(args):
    result = sim(*args)
    assert result.returncode == 2
    assert result.stderr
