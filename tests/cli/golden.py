#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Frozen output: tests/cli/golden/NAME.txt are commands and what they say, word by word.

People's scripts read the texts and exit statuses of ipsec auto, whack and pki. In such a file

    east$ ipsec auto --up office      a command, on the host east or west
    134 "office" #1: ...              what it prints on standard output
    ! whack: ...                      what it complains
    = 22                              its exit status, when that is not 0

and lines with # in front are remarks. What differs from run to run stands as N, SPI, TIME, DIR;
addresses that the kernel makes up are left out.
`# hosts: ...` says what is there: `none` (no daemon), `east`, `east, west` (a wire between them),
`deaf` (a daemon that does not listen). The connections are those of golden/ipsec.conf.

    tests/cli/golden.py           show what differs now
    tests/cli/golden.py --renew   write the files anew: read the difference before you commit it
"""

import contextlib
import difflib
import re
import sys
from pathlib import Path

import support

FOLDER = Path(__file__).resolve().parent / "golden"
COMMAND = re.compile(r"^(east|west)\$ (.*)$")
CHANGING = [
    (r"0x[0-9a-f]{8}\b", "SPI"),
    (r"\besp\.[0-9a-f]{8}\b", "esp.SPI"),
    (r"\bSPIs [0-9a-f]{16} [0-9a-f]{16}", "SPIs SPI SPI"),
    (r'("spi_\w+": ?)"[0-9a-f]+"', r'\1"SPI"'),
    (r", fe80::\S+ \(\w+\)", ""),
    (r"^.* interface \w+ \[fe80::.*\n", ""),
    (r',\{"interface":"\w+","address":"fe80::[^}]*\}', ""),
    (r"\b(in|up|age|after) \d+s\b", r"\1 Ns"),
    (r"\b\d+s ago\b", "Ns ago"),
    (r"\bage: \d+s", "age: Ns"),
    (r'("routing_age": ?)\d+', r"\1N"),
    (r"\bprocess \d+", "process N"),
    (r"\bpluto pid \d+", "pluto pid N"),
    (r'"version":"[^"]*"', '"version":"VERSION"'),
    (r"\b\d+ workers", "N workers"),
    (r"\b(reqid: )\d+", r"\1N"),
    (r"\bdatagrams \d+; dropped \d+; retransmits \d+", "datagrams N; dropped N; retransmits N"),
    (r"\b(pid|uptime|workers|core_octets|plane_octets|datagrams|received|sent|reqid|clients)(\"?[=:] ?)\d+",
     r"\1\2N"),
    (r"(in seconds +)\d+", r"\1N"),
    (r"\badd_time=\d+", "add_time=N"),
    (r"(it is now .*) \(\d+\)", r"\1 (N)"),
    (r"\b[0-9a-f]{40}\b", "KEY"),
    (r"\b(?:[0-9A-F]{2}:){19}[0-9A-F]{2}\b", "KEY"),
    (r"\b(revoked: .* since) [-\d]+ [:\d]+ UTC", r"\1 TIME"),
    (r"[A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d \d{4}", "TIME"),
    (r"\b(?:Cygnet whack|ipsec auto|pluto) 0\.\d\S*", lambda m: m.group().rsplit(" ", 1)[0] + " VERSION"),
]


def settled(text):
    """Output without what differs from run to run."""
    for pattern, replacement in CHANGING:
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    return text


@contextlib.contextmanager
def hosts(kind):
    conf = (FOLDER / "ipsec.conf").read_text()
    with contextlib.ExitStack() as stack:
        if kind == "none":
            yield {"east": stack.enter_context(contextlib.closing(support.Folder(conf)))}
            return
        east = stack.enter_context(contextlib.closing(support.Host(conf)))
        found = {"east": east}
        if kind == "east, west":
            found["west"] = stack.enter_context(contextlib.closing(
                support.Host(conf, address="192.0.2.2", wire_to=east)))
        for host in found.values():
            host.start_deaf() if kind == "deaf" else host.start()
        yield found


def transcribe(host, command):
    """The lines that a command adds to the file."""
    done = host.run("sh", "-c", command)
    lines = settled(host.clear(done.stdout)).splitlines()
    lines += ["! " + line for line in settled(host.clear(done.stderr)).splitlines()]
    return lines + ([f"= {done.returncode}"] if done.returncode else [])


def replay(path):
    """The file as it would be if it were written now."""
    old = path.read_text().splitlines()
    kind = next((line[8:].strip() for line in old if line.startswith("# hosts:")), "east")
    new = []
    with hosts(kind) as found:
        for line in old:
            if match := COMMAND.match(line):
                new += [line, *transcribe(found[match[1]], match[2])]
            elif line.startswith("#"):
                new += [*([""] if new and not new[-1].startswith("#") else []), line]
    return "\n".join(new) + "\n"


def difference(path, text):
    return "".join(difflib.unified_diff(path.read_text().splitlines(True), text.splitlines(True),
                                        f"golden/{path.name}", "as it is now"))


def files():
    return sorted(FOLDER.glob("*.txt"))


def main():
    if reason := support.why_no_daemon():
        sys.exit(f"golden.py: {reason}")
    for path in files():
        text = replay(path)
        if "--renew" in sys.argv[1:]:
            path.write_text(text)
        else:
            sys.stdout.write(difference(path, text))


if __name__ == "__main__":
    main()
