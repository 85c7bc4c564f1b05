# SPDX-License-Identifier: Apache-2.0
"""ipsec showconf: every value resolved, and which line says it."""

import json

import pytest
from support import OFFICE, said

CONF = """\
conn %default
\tauthby=secret

conn common
\tleft=192.0.2.1
\tikelifetime=2h

conn a
\talso=common
\tright=192.0.2.2
\trightsubnet=10.2.0.0/24
\tauto=add
"""


def values(folder, name="a"):
    (told,) = json.loads(folder.ipsec("showconf", "--json", name).stdout)["connections"]
    assert told["name"] == name
    return told["values"]


@pytest.mark.parametrize("words, status, err", [
    (["--jsn"], 2, "ipsec showconf: there is no option --jsn; did you mean --json?\n"
     "ipsec showconf: --help tells how it is used\n"),
    (["ofice"], 21, "did you mean office?"),
    (["bad"], 30, "DIR/ipsec.conf:"),
    (["--config", "/nowhere"], 3, "cannot read /nowhere"),
])
def test_what_can_t_be_shown(folder, words, status, err):
    folder.write(OFFICE + "conn bad\n\tleft=192.0.2.1\n\tright=192.0.2.2\n\tauthby=sekret\n")
    code, out, complaint = said(folder.ipsec("showconf", *words), folder)
    assert (code, out) == (status, "")
    assert err in complaint


def test_where_values_come_from(folder):
    folder.write(CONF)
    told = values(folder)
    assert {key: (told[key]["value"], told[key]["from"], told[key].get("section"), told[key].get("line"))
            for key in ("left", "ikelifetime", "right", "authby", "pfs", "auto")} == {
        "left": ("192.0.2.1", "also", "common", 9),
        "ikelifetime": ("2h", "also", "common", 10),
        "right": ("192.0.2.2", "section", "a", 14),
        "authby": ("secret", "default", "%default", 6),
        "pfs": ("yes", "built-in", None, None),
        "auto": ("add", "section", "a", 16),
    }
    assert told["right"]["file"] == str(folder.path / "ipsec.conf")
    assert told["right"]["column"] == 8


def test_text(folder):
    folder.write(CONF)
    status, out, err = said(folder.ipsec("showconf", "a"), folder)
    assert (status, err) == (0, "")
    lines = [line.split(" # ") for line in out.splitlines()]
    assert lines[0] == ["conn a"]
    told = {line[0].strip(): line[1] for line in lines[1:] if len(line) == 2}
    assert told["left=192.0.2.1"] == "also=common, DIR/ipsec.conf:9"
    assert told["authby=secret"] == "conn %default, DIR/ipsec.conf:6"
    assert told["pfs=yes"] == "built-in default"


def test_a_value_that_follows_from_others(folder):
    folder.write("conn a\n\tleft=%defaultroute\n\tright=192.0.2.2\n\tauthby=secret\n")
    assert values(folder)["leftnexthop"] == {"value": "%defaultroute", "from": "derived"}


def test_as_configuration(folder):
    folder.write(CONF)
    done = folder.ipsec("showconf", "--conf")
    assert (done.returncode, done.stderr) == (0, "")
    assert "conn a\n\tleft=192.0.2.1\n\tright=192.0.2.2\n\trightsubnet=10.2.0.0/24\n" in done.stdout
    (folder.path / "again.conf").write_text(done.stdout)
    again = folder.ipsec("showconf", "--conf", "--config", "again.conf")
    assert said(again, folder) == said(done, folder)
    for name in ("a",):
        assert folder.auto("--showonly", "--add", name).stdout == folder.auto(
            "--showonly", "--config", folder.path / "again.conf", "--add", name).stdout


def test_all_of_it(folder):
    folder.write(OFFICE + OFFICE.replace("office", "branch"))
    told = json.loads(folder.ipsec("showconf", "--json").stdout)
    assert [c["name"] for c in told["connections"]] == ["office", "branch"]
    assert told["setup"]["plane"] == "memory"
    text = folder.ipsec("showconf", "--conf").stdout
    assert text.startswith("config setup\n\tplane=memory\n")
    assert [line for line in text.splitlines() if line.startswith("conn ")] == ["conn office", "conn branch"]
