# SPDX-License-Identifier: Apache-2.0
"""What the suites of Openswan and Libreswan typed and were told, beside what is typed and told here.

Of their transcripts (../shared/corpus/transcripts) facts alone are used: which options there are,
which numbers begin the lines, which fields a listing has. Each difference stands below with its reason;
one that stands nowhere fails.
"""

import gzip
import json
import re
import shlex
from pathlib import Path

import pytest
from support import OFFICE

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parents[2] / "shared/corpus/transcripts"
GOLDEN = "".join(path.read_text() for path in sorted((HERE / "golden").glob("*.txt")))

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the shared corpus is not beside this checkout")


def transcript(*names):
    for name in names or sorted(path.name.split(".jsonl")[0] for path in FOLDER.glob("*.jsonl.gz")):
        with gzip.open(FOLDER / f"{name}.jsonl.gz", "rt") as lines:
            yield from map(json.loads, lines)


# Command lines

# The service's commands would act on this machine; the others were cut off by the shell.
NOT_RUN = {"setup", "start", "stop", "restart", "pluto", "barf", "_stackmanager"}

REFUSED = {  # how the complaint goes on: why it is not done here
    "there is no command eroute": "a kernel interface of old; the complaint names ipsec look",
    "there is no option --start: ": "ipsec start, as the complaint says",
    "there is no option --ondemand: ": "ipsec ondemand, as the complaint says",
    "there is no option --showstates: ": "ipsec showstates, as the complaint says",
    "ipsec add: there is no option --checkconfig": "ipsec checkconf",
    "ipsec add: there is no option --auto": "ipsec start",
    "ipsec addconn: there is no option --name": "names stand alone",
    "ipsec addconn: --configsetup takes no value": "all settings are printed, as shell variables",
    "ipsec addconn: --debug takes no value": "there are no topics of debugging",
    "--name goes with nothing that was asked for": "--ddns looks up all names",
}
UNKNOWN = re.compile(r"there is no|unknown|unexpected|usage|one word too many|is missing|takes no|goes with|may mean")


def shape(words):
    return " ".join(re.sub("=.*", "=", w) for i, w in enumerate(words) if i < 2 or w.startswith("-"))


def commands():
    """One command line for each set of options."""
    found = {}
    for row in transcript():
        line = re.split(r"[|>;&]", row["cmd"])[0]
        if "$" in line or "`" in line:
            continue
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            continue
        if len(words) > 1 and words[0] == "ipsec" and words[1] not in NOT_RUN:
            found.setdefault(shape(words), words)
    return found


def test_every_command_line_is_known_or_named(folder):
    folder.write(OFFICE)
    found = commands()
    assert len(found) > 100
    used, strange = set(), []
    for words in found.values():
        told = folder.ipsec(*words[1:]).stderr.split("\n")[0]
        reasons = [start for start in REFUSED if start in told]
        used.update(reasons)
        if UNKNOWN.search(told) and not reasons and "can't be used: " not in told:
            strange.append((words, told))
    assert strange == []
    assert used == set(REFUSED), "a difference is told that is none any more"


# Numbers of lines

CODES = {  # of `up`, where IKEv2 was spoken: what they are here
    "133": "134: the first state of an initiator; Openswan 3 put a state before them all",
    "134": "135: the same",
    "004": "004: done",
    "000": "000: a remark",
    "002": "002: a line of the log",
    "003": "003: a serious one",
    "010": "010: a retransmission",
    "031": "031: no answer came",
    "037": "037: given up",
    "036": "036: a refusal by the peer has its notification's number here, 200 and more",
    "005": "002: of other severity",
    "200": "200 and more: a notification",
    "143": "135: IKE_AUTH was sent; the number is that of Libreswan 4's own state",
    "217": "217", "218": "218",
}


def test_numbers_of_up():
    seen = set()
    for row in transcript("openswan-2.6.19", "openswan-2.6.38", "libreswan-3.0", "libreswan-4.15"):
        if re.match(r"ipsec auto --up", row["cmd"]) and any("PARENT" in line for line in row["out"]):
            seen.update(m[1] for line in row["out"] if (m := re.match(r"(\d{3}) ", line)))
    assert seen - set(CODES) == set()
    golden = (HERE / "golden/auto-up.txt").read_text()
    ours = re.search(r"--up office\n((?:\d{3} .*\n)+)", golden)[1]
    assert [line[:3] for line in ours.splitlines() if " #" in line] == ["134", "135", "004"]


def test_a_tunnel_is_counted_by_the_same_words():
    """Scripts count lines of `status` that hold them."""
    words = re.compile(r"(ipsec|child) sa established", re.IGNORECASE)
    theirs = [line for row in transcript("openswan-2.6.38") if "--status" in row["cmd"] for line in row["out"]
              if re.search("STATE_QUICK_[IR]2|STATE_CHILD", line)]
    ours = [line for line in GOLDEN.splitlines() if re.match(r"000 #\d.*STATE_CHILD_C1", line)]
    assert theirs and all(words.search(line) for line in theirs if "established" in line)
    assert ours and all(words.search(line) for line in ours)


# Fields of listings

LABEL = re.compile(r"(?:^|[;,({] ?)\s*([A-Za-z%_][A-Za-z_%/ -]{1,30}?)[:=](?!=)")
REVOCATION = "settings of revocation are not told by --status"
WHEN_SET = "shown when it is set"
XAUTH = "XAUTH belongs to IKEv1, which is not built"
NAMED_SO = "it is called otherwise: "
PLANE = "a setting of the kernel's IPsec that the planes do not have"
VENDOR = "peers' makes are not made up to"

DIFFERENT = {  # label: why no line of ours has it
    "algorithm IKE dh group": NAMED_SO + "IKE dh group, without a colon",
    "algorithm IKE encrypt": "shown", "algorithm IKE hash": "shown", "algorithm ESP encrypt": "shown",
    "algorithm ESP auth attr": NAMED_SO + "algorithm ESP integrity",
    "algorithm AH/ESP auth": NAMED_SO + "algorithm ESP integrity",
    "algorithm IKE PRF": NAMED_SO + "algorithm IKE hash", "algorithm IKE DH Key Exchange": NAMED_SO + "algorithm IKE dh group",
    "key-length": NAMED_SO + "keysizemin, keysizemax", "hashlen": NAMED_SO + "hashsize",
    "%myid": "no identity of the host that connections borrow is built",
    "stats db_ops": "a table of that program's memory", "using kernel interface": NAMED_SO + "plane",
    "import": NAMED_SO + "begun here, begun by the peer", "flags": "of that program's debugging",
    "CAs": WHEN_SET, "CN": "a part of names", "peercert": "of the test's own", "until --- -- --": NAMED_SO + "until none",
    "ESP algorithms loaded": "what is not there is refused when it is loaded", "ESP algorithms supported": NAMED_SO + "algorithm ESP",
    "IKE algorithms found": "what is not there is refused when it is loaded", "IKE algorithms supported": NAMED_SO + "algorithm IKE",
    "Kernel algorithms supported": NAMED_SO + "algorithm ESP",
    "srcip": NAMED_SO + "myip", "dstip": NAMED_SO + "hisip", "srcup": NAMED_SO + "myup", "dstup": NAMED_SO + "hisup",
    "my_ip": NAMED_SO + "myip", "their_ip": NAMED_SO + "hisip", "my_updown": NAMED_SO + "myup",
    "pfsgroup": "it stands in the algorithms", "seq in": "the first DPD of IKEv1", "lastdpd": NAMED_SO + "last heard",
    "liveness": NAMED_SO + "dpd: action; delay; timeout", "dpdaction": NAMED_SO + "dpd: action",
    "retransmit-timeout": NAMED_SO + "retransmit: timeout", "ipsec_max_bytes": "shown when it is set", "ipsec_max_packets": "shown when it is set",
    "conn_prio": NAMED_SO + "prio", "sa_prio": WHEN_SET, "sa_tfc": WHEN_SET, "mark": PLANE, "nic-offload": PLANE, "nflog-group": PLANE,
    "vti-routing": PLANE, "vti-iface": PLANE, "vti-shared": PLANE, "nflog-all": PLANE, "xfrmlifetime": PLANE,
    "conn serial": "connections have names, not numbers", "newest IKE SA": NAMED_SO + "newest ISAKMP SA",
    "modecfg info": WHEN_SET, "modecfg policy": NAMED_SO + "modecfg info", "domains": WHEN_SET, "domain": NAMED_SO + "domains",
    "xauth us": XAUTH, "xauth them": XAUTH, "my_username": XAUTH, "their_username": XAUTH, "username": XAUTH,
    "cisco-unity": VENDOR, "fake-strongswan": VENDOR, "send-vendorid": VENDOR, "send-no-esp-tfc": VENDOR,
    "initial-contact": "in --json", "our autheap": NAMED_SO + "our auth", "their autheap": NAMED_SO + "their auth",
    "sec_label": "labels of SELinux are not built", "labeled_ipsec": "labels of SELinux are not built",
    "policy_label": "labels of SELinux are not built", "secctx-attr-type": "labels of SELinux are not built",
    "SElinux": "labels of SELinux are not built", "seccomp": "not built",
    "iketcp": "IKE over TCP is not built", "iketcp-port": "IKE over TCP is not built",
    "nat-traversal": NAMED_SO + "encapsulation", "nat-t": NAMED_SO + "encapsulation", "keepalive": "keep-alive= of config setup, where it is set",
    "keep-alive": "where it is set", "nat_keepalive": "where it is set", "nat-ikeport": "always 4500", "ikeport": "behind the address",
    "lease": "shown of a peer that has one", "Bare Shunt list": "every shunt is a connection's: routing, --shuntstatus",
    "config setup options": NAMED_SO + "config setup", "configdir": NAMED_SO + "confs", "configfile": NAMED_SO + "confs", "ipsecdir": NAMED_SO + "confs",
    "libexecdir": "ipsec --directory", "sbindir": "ipsec --directory", "pluto_version": NAMED_SO + "pluto VERSION", "pluto_vendorid": VENDOR,
    "logappend": "always so", "logip": "always so", "perpeerlog": "not built", "nhelpers": NAMED_SO + "workers",
    "dnssec-enable": "the system's resolver looks names up", "shuntlifetime": "not built", "ikebuf": "sockets are sized by themselves",
    "msg_errqueue": "always so", "ddos-max-halfopen": NAMED_SO + "half-open-max, where it is set", "ddos-cookies-threshold": NAMED_SO + "half-open-cookie, where it is set",
    "ddos-mode": "cookies are asked for by themselves", "global-redirect": "redirection is not built", "global-redirect-to": "redirection is not built",
    "crl-strict": REVOCATION, "crlcheckinterval": REVOCATION, "ocsp-strict": REVOCATION, "ocsp-timeout": REVOCATION, "ocsp-enable": REVOCATION,
    "ocsp-uri": REVOCATION, "ocsp-trust-name": REVOCATION, "ocsp-cache-min-age": REVOCATION, "ocsp-cache-max-age": REVOCATION,
    "ocsp-cache-size": REVOCATION, "ocsp-method": REVOCATION,
    "Connection list": "a heading", "State Information": "a heading", "Total IPsec connections": NAMED_SO + "loaded N connections, N active", "IPsec SAs": NAMED_SO + "children",
    "DELETED": "of the test's own",
}


def labels(line):
    line = re.sub(r'^000 |^"[^"]*"(\[\d+\])?( \S+)?:? ?|^#\d+: "[^"]*"\S*', "", re.sub("^000 ", "", line))
    return {m[1].strip() for m in LABEL.finditer(line)}


def test_every_field_of_their_listings(started):
    asked = re.compile(r"--status|--listpubkeys|--listall|showstates|trafficstatus|shuntstatus|globalstatus")
    ours = (GOLDEN + started.auto("--status").stdout).lower()
    seen = set()
    for row in transcript("openswan-2.6.19", "openswan-2.6.38", "libreswan-4.15"):
        if asked.search(row["cmd"]):
            for line in row["out"]:
                seen |= labels(line)
    assert len(seen) > 60
    missing = {label for label in seen if label.lower() not in ours}
    assert missing - set(DIFFERENT) == set()
