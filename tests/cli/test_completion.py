# SPDX-License-Identifier: Apache-2.0
"""What the shells offer behind `ipsec`, from the files that are installed."""

import shlex
import shutil

import pytest
from support import BUILD, OFFICE, ROOT

SCRIPT = """
set -u
source {file}
COMP_WORDS=({words})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_ipsec
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


# The builtins that only work while a line is being edited are replaced.
ZSH = """
compadd() {{
	local word
	shift
	for word; do [[ $word == $PREFIX* ]] && print -r -- "$word"; done
	true
}}
_files() {{ print -r -- FILES $*; }}
source {file}
words=({words})
CURRENT=$#words
PREFIX=$words[CURRENT]
_ipsec
"""


def zsh_offers(folder, *words):
    quoted = " ".join(shlex.quote(str(word)) for word in ("ipsec", *words))
    done = folder.run("zsh", "-fc", ZSH.format(file=ROOT / "completions/_ipsec", words=quoted))
    assert done.stderr == ""
    return done.stdout.split("\n")[:-1]


def fish_offers(folder, *words):
    line = " ".join(shlex.quote(str(word)) if word else "" for word in ("ipsec", *words))
    (folder.path / "home").mkdir(exist_ok=True)
    done = folder.run("env", f"HOME={folder.path}/home", "fish", "--no-config", "-c",
                      f"source {ROOT}/completions/ipsec.fish; complete -C {shlex.quote(line)}")
    assert done.stderr == ""
    return [row.split("\t")[0] for row in done.stdout.split("\n")[:-1]]


OTHER_SHELLS = [pytest.param(offers, id=name, marks=pytest.mark.skipif(
    not shutil.which(name), reason=f"{name} is not installed")) for name, offers in (
        ("zsh", zsh_offers), ("fish", fish_offers))]


@pytest.mark.parametrize("offers", OTHER_SHELLS)
def test_other_shells(folder, offers):
    folder.write(OFFICE + OFFICE.replace("office", "branch"))
    assert set(offers(folder, "")) >= {"auto", "setup", "checkconf", "up", "whack", "status"}
    assert offers(folder, "chec") == ["checkconf"]
    assert set(offers(folder, "up", "")) >= {"office", "branch"}
    assert offers(folder, "up", "o") == ["office"]
    assert offers(folder, "auto", "--up", "b") == ["branch"]
    assert offers(folder, "whack", "--initiate", "--name", "b") == ["branch"]
    assert offers(folder, "checkconf", "--st") == ["--strict"]
    assert offers(folder, "setup", "rel") == ["reload"]
    assert offers(folder, "verify", "port-5") == ["port-500"]
    assert "office" in offers(folder, "auto", "--status", "")
    assert set(offers(folder, "up", "--")) == {"--asynchronous", "--verbose", "--showonly", "--ctlsocket", "--help"}
    assert set(offers(folder, "pki", "--")) >= {"--gen", "--issue", "--verify"}
    assert offers(folder, "pki", "--issue", "--cak") == ["--cakey"]


@pytest.mark.parametrize("offers", OTHER_SHELLS)
def test_names_of_another_file_in_other_shells(folder, offers):
    (folder.path / "other").mkdir()
    (folder.path / "other/ipsec.conf").write_text("conn elsewhere\n")
    assert offers(folder, "--confs", folder.path / "other", "up", "el") == ["elsewhere"]
    assert offers(folder, "add", "--config", folder.path / "other/ipsec.conf", "el") == ["elsewhere"]
    assert not [word for word in offers(folder, "--confs", "/nowhere", "up", "o") if word[0] != "-"]


def offered(folder, *words):
    """The last word is the one being written."""
    if not shutil.which("bash"):
        pytest.skip("bash is not installed")
    quoted = " ".join(shlex.quote(str(word)) for word in ("ipsec", *words))
    done = folder.run("bash", "-c", SCRIPT.format(file=ROOT / "completions/ipsec", words=quoted))
    assert done.stderr == ""
    return done.stdout.split("\n")[:-1]


def test_commands(folder):
    assert set(offered(folder, "")) >= {"auto", "setup", "start", "stop", "restart", "status", "whack", "pluto"}
    assert set(offered(folder, "s")) >= {"setup", "start", "stop", "status"}
    assert {"replace", "secrets", "crls", "version", "directory"} <= set(offered(folder, ""))
    assert offered(folder, "aut") == ["auto"]
    assert offered(folder, "nothing") == [""]


def test_options_before_the_command(folder):
    assert offered(folder, "--v") == ["--version", "--versioncode"]
    assert offered(folder, "--confs", folder.path, "au") == ["auto"]
    (folder.path / "conf folder").mkdir()
    assert offered(folder, "--confs", f"{folder.path}/conf") == [f"{folder.path}/conf folder"]


def test_setup(folder):
    assert offered(folder, "setup", "") == ["start", "stop", "restart", "reload", "status", "condrestart",
                                             "try-restart", "force-reload", "--config", "--help"]
    assert offered(folder, "setup", "--config", "FILE", "rest") == ["restart"]
    assert offered(folder, "setup", "rest") == ["restart"]
    assert offered(folder, "setup", "start", "") == [""]


def test_operations_and_options_of_auto(folder):
    said = set(folder.auto("--help").stdout.split())
    every = offered(folder, "auto", "--")
    assert {"--add", "--up", "--status", "--showonly", "--config", "--help", "--version"} <= set(every)
    assert all(option in said or f"{option}," in said for option in every)
    assert offered(folder, "auto", "--un") == ["--unroute"]
    assert offered(folder, "auto", "--verbose", "--ro") == ["--route"]


def test_names_of_connections(folder):
    (folder.path / "more").mkdir()
    (folder.path / "more/a.conf").write_text('conn "branch"\n\tleft=%any\nconn far#away # far away\n')
    folder.write("conn %default\n\tauthby=secret\n\tconn=no\n" + OFFICE + "include more/*.conf\ninclude none.conf\n")
    assert offered(folder, "auto", "--up", "") == ["office", "branch", "far#away"]
    assert offered(folder, "auto", "--asynchronous", "--up", "o") == ["office"]
    assert offered(folder, "auto", "--down", "office", "b") == ["branch"]
    assert offered(folder, "whack", "--initiate", "--name", "of") == ["office"]
    assert offered(folder, "up", "o") == ["office"]
    assert offered(folder, "checkconf", "--strict", "b") == ["branch"]
    assert offered(folder, "verify", "port-") == ["port-500", "port-4500"]
    assert "office" not in offered(folder, "listen", "")
    assert "office" in offered(folder, "auto", "--status", "")
    assert offered(folder, "auto", "--up", "--verb") == ["--verbose"]


def test_names_of_another_file(folder):
    (folder.path / "other").mkdir()
    (folder.path / "other/ipsec.conf").write_text("conn elsewhere\n")
    for words in (["--confs", folder.path / "other", "auto", "--add", ""],
                  ["auto", "--config", folder.path / "other/ipsec.conf", "--add", ""]):
        assert offered(folder, *words) == ["elsewhere"]
    assert offered(folder, "--confs", "/nowhere", "auto", "--add", "") == [""]


def test_files_for_config(folder):
    assert offered(folder, "auto", "--config", f"{folder.path}/ipsec.c") == [f"{folder.path}/ipsec.conf"]


def test_options_and_values_of_whack(folder):
    assert set(offered(folder, "whack", "--init")) == {"--initiate", "--initiateontraffic", "--initial-contact"}
    assert offered(folder, "whack", "--type", "t") == ["tunnel", "transport"]
    assert offered(folder, "whack", "--host", "") == [""]
    assert offered(folder, "whack", "--sta") == ["--status"]


def test_operations_and_options_of_pki(folder):
    assert set(offered(folder, "pki", "--")) >= {"--gen", "--self", "--issue", "--signcrl", "--print", "--verify"}
    assert offered(folder, "pki", "--issue", "--cak") == ["--cakey"]
    assert offered(folder, "pki", "--gen", "--type", "e") == ["ecdsa", "ed25519", "ed448"]


def test_options_of_pluto(folder):
    if not (BUILD / "pluto").exists():
        pytest.skip("pluto is not built")
    assert offered(folder, "pluto", "--half") == ["--half-open-cookie", "--half-open-max"]
    assert offered(folder, "pluto", "--uniqueids", "") == ["yes", "no", "never"]
