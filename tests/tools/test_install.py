# SPDX-License-Identifier: Apache-2.0
"""Installing keeps what an administrator wrote; removing takes what was installed, no more."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INSTALL = ROOT / "scripts" / "install"

PROJECT = """
project('small', 'c', meson_version: '>=1.0.0')
executable('ipsec', 'main.c', install: true, install_dir: 'sbin')
executable('pluto', 'main.c', install: true, install_dir: 'libexec/ipsec')
"""


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """A project of two programs stands for the real one, which other tests are using."""
    source = tmp_path_factory.mktemp("small")
    (source / "meson.build").write_text(PROJECT)
    (source / "main.c").write_text("int main(void) { return 0; }\n")
    subprocess.run(["meson", "setup", source / "build", source], check=True, capture_output=True)
    return source / "build"

CONFIG = {"etc/ipsec.conf", "etc/ipsec.secrets"} | {
    f"etc/ipsec.d/policies/{name}"
    for name in ("clear", "clear-or-private", "private-or-clear", "private", "block")}


def install(*args):
    return subprocess.run([INSTALL, *map(str, args)], capture_output=True, text=True)


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_wrong_use_says_how(tmp_path):
    for args in ([], ["add"], ["remove"], ["move", "a", "b"]):
        result = install(*args)
        assert result.returncode != 0
        assert "scripts/install add" in result.stderr


def test_nothing_to_remove(tmp_path):
    result = install("remove", "/usr", tmp_path)
    assert result.returncode != 0
    assert "nothing of Cygnet is installed there" in result.stderr


def test_there_and_back(build, tmp_path):
    assert install("add", build, "/opt/cygnet", tmp_path).returncode == 0
    assert files(tmp_path) == {
        "opt/cygnet/sbin/ipsec", "opt/cygnet/libexec/ipsec/pluto",
        "opt/cygnet/share/cygnet/installed"} | CONFIG
    assert (tmp_path / "etc/ipsec.secrets").stat().st_mode & 0o777 == 0o600
    (tmp_path / "opt/cygnet/sbin/other").write_text("someone else's")
    assert install("remove", "/opt/cygnet", tmp_path).returncode == 0
    assert files(tmp_path) == {"opt/cygnet/sbin/other"} | CONFIG
    assert not (tmp_path / "opt/cygnet/libexec/ipsec").exists()
    assert (tmp_path / "opt/cygnet/sbin").exists()


def test_configuration_is_kept(build, tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/ipsec.conf").write_text("mine\n")
    result = install("add", build, "/usr/local", tmp_path)
    assert "kept" in result.stdout
    assert install("remove", "/usr/local", tmp_path).returncode == 0
    assert (tmp_path / "etc/ipsec.conf").read_text() == "mine\n"
