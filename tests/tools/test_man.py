# SPDX-License-Identifier: Apache-2.0
"""The manual pages are sound, whole, and name what the programs say of themselves."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("CYGNET_BUILD", ROOT / "build"))
PAGES = sorted(
    [path for path in (ROOT / "man").iterdir() if re.fullmatch(r".*\.[58]", path.name)]
    + [path for path in (BUILD / "man").glob("*.[58]")])

needs_mandoc = pytest.mark.skipif(not shutil.which("mandoc"), reason="mandoc is not installed")


def names():
    return [path.name for path in PAGES]


def source(name):
    return next(path for path in PAGES if path.name == name).read_text()


def said_by(*words):
    """Options that a program's --help begins a line with."""
    done = subprocess.run([BUILD / "ipsec", *words, "--help"], capture_output=True, text=True, check=True)
    return set(re.findall(r"^  --([a-z0-9-]+)", done.stdout, re.M))


def written_in(name):
    """Options that a page's macros name."""
    lines = [line for line in source(name).splitlines() if line.startswith(".")]
    return {option for line in lines for option in re.findall(r" -([a-z0-9][a-z0-9-]*)", line)}


def test_every_page_is_there():
    assert set(names()) >= {"ipsec.8", "ipsec.conf.5", "ipsec.secrets.5", "ipsec_auto.8",
                            "ipsec_setup.8", "ipsec_whack.8", "pluto.8"}
    installed = (ROOT / "man" / "meson.build").read_text()
    for path in PAGES:
        assert f"'{path.name}'" in installed, f"man/meson.build does not install {path.name}"


def test_pages_refer_to_pages_that_are_there():
    for path in PAGES:
        for page, section in re.findall(r"^\.Xr (ipsec\S*|pluto) ([58])", path.read_text(), re.M):
            assert f"{page}.{section}" in names(), f"{path.name} refers to {page}({section})"


def test_templates_are_filled_in():
    for path in PAGES:
        assert not re.search(r"^@[a-z-]+@$", path.read_text(), re.M), path.name


def test_a_template_with_an_unknown_table_is_refused(tmp_path):
    (tmp_path / "x.in").write_text("@nonsense@\n")
    done = subprocess.run([BUILD / "man" / "man_tables", tmp_path / "x.in"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "nonsense" in done.stderr


@needs_mandoc
@pytest.mark.parametrize("path", PAGES, ids=names())
def test_mandoc_finds_nothing_wrong(path):
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", path], capture_output=True, text=True)
    found = [line for line in (done.stdout + done.stderr).splitlines() if " STYLE: " not in line]
    assert found == []


# The pages of commands that say their options by --help.
COMMANDS = ["addconn", "algparse", "auto", "barf", "checkconf", "features", "look", "manual", "newhostkey",
            "pki", "ranbits", "rsasigkey", "setup", "showconf", "showhostkey", "showroute", "verify", "whack"]


def options_of(command):
    """What `ipsec COMMAND` takes; pki has options of each operation besides."""
    said = said_by(command)
    operations = said - {"help", "version"} if command == "pki" else set()
    return said.union(*(said_by(command, f"--{word}") for word in operations))


def explained_in(name):
    """Options that head an item of a page's lists."""
    items = [line for line in source(name).splitlines() if line.startswith(".It ")]
    return {option for line in items for option in re.findall(r"Fl -([a-z0-9][a-z0-9-]*)", line)}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_page_has_every_option(command):
    missing = options_of(command) - written_in(f"ipsec_{command}.8")
    assert missing - {"help", "version"} == set()


# whack's page also explains what others' whack has: that is refused with a reason.
@pytest.mark.parametrize("command", [command for command in COMMANDS if command != "whack"])
def test_a_page_explains_no_option_that_there_is_not(command):
    assert explained_in(f"ipsec_{command}.8") - options_of(command) - {"help"} == set()


def test_the_pages_of_ipsec_and_pluto_have_every_option():
    for page, program in (("ipsec.8", "ipsec"), ("pluto.8", "pluto")):
        done = subprocess.run([BUILD / program, "--help"], capture_output=True, text=True, check=True)
        said = set(re.findall(r"^  --([a-z0-9-]+)", done.stdout, re.M))
        assert len(said) > 4
        assert said - written_in(page) - {"help", "version"} == set()


def keywords():
    """(keyword, section) of the rows of conf/keyword_*.c; the host's own is "left"."""
    rows = []
    for path in (ROOT / "src" / "conf").glob("keyword_*.c"):
        rows += re.findall(r'^\t\{"([^"]*)", (CONN|END|SETUP|CA)\b', path.read_text(), re.M)
    return {("left" + word if section == "END" else word, section) for word, section in rows}


def test_every_keyword_is_told_of():
    lines = [line for line in source("ipsec.conf.5").splitlines() if line.startswith(".")]
    told = set(re.findall(r"[a-z0-9][\w-]*", " ".join(lines)))
    known = keywords()
    assert len(known) > 200
    for word, section in sorted(known):
        assert word in told, f"ipsec.conf(5) does not name {word}= ({section})"


def test_every_keyword_that_is_explained_is_known():
    known = {word for word, _ in keywords()}
    items = re.findall(r"^\.It Cm ([\w-]+) Ns = ", source("ipsec.conf.5"), re.M)
    assert len(items) > 80
    assert set(items) - known == set()


def test_references_lead_somewhere():
    for path in PAGES:
        for name, section in re.findall(r"^\.Xr (\S+) (\d)", path.read_text(), re.M):
            assert f"{name}.{section}" in names(), f"{path.name} refers to {name}({section})"


def test_every_command_is_told_of():
    done = subprocess.run([BUILD / "ipsec", "--help"], capture_output=True, text=True, check=True)
    for word in re.findall(r"^  ([a-z]+) +", done.stdout, re.M):
        assert re.search(rf"^\.(It )?Cm (\w+ , )*{word}\b", source("ipsec.8"), re.M), word
