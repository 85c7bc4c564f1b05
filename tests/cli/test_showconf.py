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


SHORT = "conn a\n\tleft=192.0.2.1\n\tright=192.0.2.2\n\tauthby=secret\n"


# "-": nothing is in force. The second: what `from` is.
@pytest.mark.parametrize("more, keyword, want", [
    ("", "leftikeport", ("500", "built-in")),
    ("\trightikeport=7500\n", "leftikeport", ("4500", "derived")),
    ("", "leftid", ("192.0.2.1", "derived")),
    ("\tleftcert=east.pem\n\tleftauth=pubkey\n", "leftid", ("%fromcert", "derived")),
    ("", "leftsubnet", ("192.0.2.1/32", "derived")),
    ("\tleftsourceip=%config\n", "leftsubnet", "-"),
    ("", "leftauth", ("secret", "derived")),
    ("\tleftauth=null\n", "leftid", ("%null", "derived")),
    ("\ttype=drop\n", "leftauth", "-"),
    ("\ttype=drop\n", "ikelifetime", "-"),
    ("\ttype=drop\n", "leftmodecfgserver", "-"),
    ("\ttype=drop\n", "auto", ("ignore", "built-in")),
    ("\ttype=drop\n\tikelifetime=8h\n", "ikelifetime", ("8h", "section")),
    ("", "leftmodecfgserver", ("no", "built-in")),
    ("\trightaddresspool=10.9.0.0/24\n", "leftmodecfgserver", ("yes", "derived")),
    ("\tleftsourceip=%config\n", "leftmodecfgclient", ("yes", "derived")),
    ("", "esn", ("either", "built-in")),
    ("\tike=aes256-sha2-modp4096\n", "esp", (
        "AES_GCM_16_256+AES_GCM_16_128+CHACHA20_POLY1305-MODP4096,"
        "AES_CBC_256+AES_CBC_128-HMAC_SHA2_512_256+HMAC_SHA2_384_192+HMAC_SHA2_256_128-MODP4096", "derived")),
    ("", "retransmit-interval", ("500ms", "built-in")),
    ("", "retransmit-timeout", ("63500ms", "built-in")),
    ("\tretransmit-interval=1s\n", "retransmit-timeout", ("127s", "derived")),
    ("", "dpddelay", ("0s", "built-in")),
    ("", "dpdtimeout", ("63500ms", "built-in")),
    ("\tretransmit-timeout=20s\n", "dpdtimeout", ("20s", "derived")),
    ("\tdpddelay=10s\n", "dpdtimeout", ("2m", "derived")),
    ("", "fragment-size", ("1280", "built-in")),
    ("", "mtu", "-"),
    ("", "metric", "-"),
    ("", "reqid", "-"),
    ("", "priority", "-"),
    ("", "ipsec-max-bytes", "-"),
    ("\tipsec-max-bytes=0\n", "ipsec-max-bytes", ("0", "section")),
    ("", "ipsec-max-packets", "-"),
    ("", "keyingtries", ("0", "built-in")),
    ("", "uniqueids", ("yes", "built-in")),
    ("config setup\n\tuniqueids=no\n", "uniqueids", ("no", "setup")),
])
def test_what_is_in_force_where_nothing_is_said(folder, more, keyword, want):
    folder.write(SHORT + more)
    told = values(folder).get(keyword)
    assert (told and (told["value"], told["from"])) == (None if want == "-" else want)


@pytest.mark.parametrize("keyword", ["ike", "esp"])
def test_algorithms_that_are_the_defaults(folder, keyword):
    folder.write(SHORT)
    told = values(folder)[keyword]
    assert told["from"] == "built-in"
    folder.write(f"{SHORT}\t{keyword}={told['value']}\n")
    assert values(folder)[keyword]["value"] == told["value"]


def test_a_value_that_follows_from_others(folder):
    folder.write("conn a\n\tleft=%defaultroute\n\tright=192.0.2.2\n\tauthby=secret\n")
    assert values(folder)["leftnexthop"] == {"value": "%defaultroute", "from": "derived"}


def test_a_pattern(folder):
    folder.write(CONF + CONF.split("\n\n")[2].replace("conn a", "conn a2") + "\n" +
                 CONF.split("\n\n")[2].replace("conn a", "conn b"))
    shown = [c["name"] for c in json.loads(folder.ipsec("showconf", "--json", "a*").stdout)["connections"]]
    assert shown == ["a", "a2"]
    shown = [c["name"] for c in json.loads(folder.ipsec("showconf", "--json", "?", "a2").stdout)["connections"]]
    assert shown == ["a", "b", "a2"]
    done = folder.ipsec("showconf", "x*")
    assert (done.returncode, done.stdout) == (21, "") and "x*" in done.stderr


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


CA = "ca a\n\tcacert=a.pem\n\tgroups=staff,it\n\tauto=add\nca %default\n\tocspuri=http://ocsp.example\n"


def test_a_ca_section(folder):
    folder.write(CA + OFFICE)
    told = json.loads(folder.ipsec("showconf", "--json", "a").stdout)
    assert told["connections"] == []
    (ca,) = told["cas"]
    assert ca["name"] == "a"
    assert {key: (v["value"], v["from"], v["section"], v["line"]) for key, v in ca["values"].items()} == {
        "cacert": ("a.pem", "section", "a", 6),
        "groups": ("staff,it", "section", "a", 7),
        "auto": ("add", "section", "a", 8),
        "ocspuri": ("http://ocsp.example", "default", "%default", 10),
    }
    text = folder.ipsec("showconf", "a").stdout.splitlines()
    assert text[0] == "ca a"
    assert [line.split(" # ")[0].strip() for line in text[1:]] == [
        "cacert=a.pem", "ocspuri=http://ocsp.example", "groups=staff,it", "auto=add", ""]


def test_ca_sections_as_configuration(folder):
    folder.write(CA + OFFICE)
    done = folder.ipsec("showconf", "--conf")
    assert (done.returncode, done.stderr) == (0, "")
    assert "ca a\n\tcacert=a.pem\n\tocspuri=http://ocsp.example\n\tgroups=staff,it\n\tauto=add\n" in done.stdout
    (folder.path / "again.conf").write_text(done.stdout)
    assert said(folder.ipsec("showconf", "--conf", "--config", "again.conf"), folder) == said(done, folder)
