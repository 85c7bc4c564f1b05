# SPDX-License-Identifier: Apache-2.0
"""The test runner: nothing that fails may pass for less."""

import importlib.machinery
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def load_runner():
    loader = importlib.machinery.SourceFileLoader("runner", str(ROOT / "tests" / "run"))
    spec = importlib.util.spec_from_loader("runner", loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules["runner"] = module
    loader.exec_module(module)
    return module


runner = load_runner()


def counts(cases):
    return tuple(sum(case.status == s for case in cases) for s in ("passed", "failed", "skipped"))


@pytest.mark.parametrize("output, status, expected", [
    ("", 0, (0, 1, 0)),
    ("1..0\n", 0, (0, 0, 0)),
    ("1..2\nok 1 - a\n", 0, (1, 1, 0)),
    ("1..2\nok 1 - a\n", -11, (1, 1, 0)),
    ("1..1\nok 1 - a\n", 1, (1, 1, 0)),
    ("1..1\nok 1 - a\n", None, (1, 1, 0)),
    ("1..2\nok 1 - a\nnot ok 2 - b\n", 1, (1, 1, 0)),
    ("1..2\nnot ok 1 - a\nnot ok 2 - b\n", 2, (0, 2, 0)),
    ("1..1\nnot ok 1 # SKIP a\n", 0, (0, 0, 1)),
    ("1..1\nok 1 # skip no root\n", 0, (0, 0, 1)),
    ("1..1\n# not ok - group\nok 1 - a\n", 0, (1, 0, 0)),
    ("1..1\nok 1 - a\n1..2\nok 1 - b\nok 2 - c\n", 0, (3, 0, 0)),
])
def test_tap(output, status, expected):
    assert counts(runner.read_tap(output, status)) == expected


def test_tap_reason():
    cases = runner.read_tap("1..1\n# reason: no corpus\nnot ok 1 # SKIP vectors\n", 0)
    assert [(case.name, case.status, case.reason) for case in cases] == [
        ("vectors", "skipped", "no corpus")]


@pytest.mark.parametrize("status, expected", [
    (1, "failed"), (None, "failed"), (-6, "failed"), (77, "skipped"), (0, "passed"),
])
def test_exit(status, expected):
    job = runner.Job("unit", "x", [], 1)
    cases = runner.read_exit(job, "# reason: because\n", status)
    assert [case.status for case in cases] == [expected]
    if status == 77:
        assert cases[0].reason == "because"


def test_rows_that_passed_are_left_out():
    output = "# row 1: a\n# row 2: b\nok 1 - x\n# row 1: c\n# row 2: d\nwhy\nnot ok 2 - y\n"
    assert runner.telling_lines(output) == ["ok 1 - x", "# row 2: d", "why", "not ok 2 - y"]


def make_build(folder, scripts):
    """A build folder whose tests are shell scripts: {name: (suite, protocol, text)}."""
    listing = []
    for name, (suite, protocol, text) in scripts.items():
        listing.append({
            "name": name, "cmd": ["/bin/sh", "-c", text], "env": {}, "workdir": None,
            "timeout": 2, "suite": [f"cygnet:{suite}"], "protocol": protocol})
    (folder / "meson-info").mkdir()
    (folder / "meson-info" / "intro-tests.json").write_text(json.dumps(listing))


def run(folder, *args):
    return subprocess.run(
        [ROOT / "tests" / "run", "--build", folder, *args], capture_output=True, text=True)


def test_failures_are_shown_and_counted(tmp_path):
    make_build(tmp_path, {
        "bad": ("one", "tap", "echo 1..2; echo ok 1 - a; echo what happened; echo not ok 2 - b; exit 1"),
        "crash": ("one", "exitcode", "kill -SEGV $$"),
        "late": ("one", "exitcode", "sleep 60"),
        "good": ("one", "exitcode", "true"),
        "elsewhere": ("other", "exitcode", "false"),
    })
    result = run(tmp_path, "one")
    assert result.returncode == 1
    assert "what happened" in result.stdout
    assert "killed by SIGSEGV" in result.stdout
    assert "timed out" in result.stdout
    assert result.stdout.splitlines()[-1] == "2 passed, 3 failed, 0 skipped"


def test_skips_give_their_reason(tmp_path):
    make_build(tmp_path, {
        "skip": ("one", "exitcode", "echo '# reason: not root'; exit 77"),
        "good": ("one", "exitcode", "true"),
    })
    result = run(tmp_path, "one")
    assert result.returncode == 0
    assert "skipped in one: 1: not root" in result.stdout
    assert result.stdout.splitlines()[-1] == "1 passed, 0 failed, 1 skipped"


def test_what_a_fuzzer_finds_is_a_failure(tmp_path):
    """libFuzzer's own status of a finding is 77, which elsewhere means skipped."""
    program = tmp_path / "asan" / "tests" / "fuzz" / "conf"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\nfor word; do case $word in "
                       "-error_exitcode=*) exit ${word#*=};; esac; done; exit 77\n")
    program.chmod(0o755)
    (tmp_path / "build").mkdir()
    make_build(tmp_path / "build", {})
    result = run(tmp_path / "build", "--asan", tmp_path / "asan", "--match", "conf", "--fuzz-seconds", "1",
                 "fuzz-run")
    assert result.returncode == 1
    assert result.stdout.splitlines()[-1] == "0 passed, 1 failed, 0 skipped"


def test_the_longest_booted_files_begin_first():
    assert all((ROOT / "tests" / "booted" / name).exists() for name in runner.BOOTED_S), "a file that is gone"
    begun = [Path(job.name).name for job in sorted(runner.python_tests("booted"), key=runner.weight, reverse=True)]
    assert begun[:len(runner.BOOTED_S)] == sorted(runner.BOOTED_S, key=runner.BOOTED_S.get, reverse=True)


def test_nothing_run_is_no_success(tmp_path):
    make_build(tmp_path, {})
    result = run(tmp_path, "one")
    assert result.returncode == 1
    assert result.stdout.splitlines()[-1] == "0 passed, 0 failed, 0 skipped"


def test_no_build_is_an_error(tmp_path):
    assert run(tmp_path, "one").returncode != 0


def test_an_interrupted_run_leaves_no_program_behind(tmp_path):
    mark = tmp_path / "started"
    make_build(tmp_path, {"long": ("one", "exitcode", f"echo $$ >{mark}; exec sleep 60")})
    child = subprocess.Popen([ROOT / "tests" / "run", "--build", tmp_path, "one"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 10
    while not (mark.exists() and mark.read_text()) and time.monotonic() < deadline:
        time.sleep(0.01)
    program = int(mark.read_text())
    child.send_signal(signal.SIGTERM)
    assert child.wait(20) != 0
    with pytest.raises(ProcessLookupError):
        os.kill(program, 0)


def test_a_finding_is_shown_whole(tmp_path):
    """What a machine that is gone afterwards found can be played again from its log."""
    script = tmp_path / "fuzzer"
    script.write_text("#!/bin/sh\nprintf '#1\\tNEW cov: 1\\nERROR: it fell\\n'\n"
                      f"printf abc > {tmp_path}/esp-crash-1\nexit 1\n")
    script.chmod(0o755)
    (tmp_path / "esp-crash-0").write_text("an old one")
    job = runner.Job("fuzz-run", "esp", [str(script), f"-artifact_prefix={tmp_path}/esp-"], 10)
    outcome = runner.run_job(job, runner.Children(), tmp_path)
    assert counts(outcome.cases) == (0, 1, 0)
    lines = runner.telling_lines(outcome.output)
    assert lines[0] == "ERROR: it fell"
    assert lines[-2:] == ["the finding esp-crash-1, in base64:", "YWJj"]
