# SPDX-License-Identifier: Apache-2.0
"""The walls: scripts/rooms refuses what it is there to refuse."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"

TABLE = """
| room | promise | uses |
| --- | --- | --- |
| `base` | bytes | libc |
| `crypto` | algorithms | base, libcrypto |
| `conn` | vocabulary | base, `crypto/alg.h` |
| `ike` | the core | conn, crypto |
| `pluto` | the daemon | all above |
"""


def header(name, body="/* What it does. */\nint f(void);\n"):
    return f"{SPDX}#ifndef {name}\n#define {name}\n\n{body}\n#endif\n"


@pytest.fixture
def tree(tmp_path):
    """A small tree without fault; a test adds one."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "rooms", tmp_path / "scripts")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "architecture.md").write_text(TABLE)
    for room in ("base", "crypto", "conn", "ike", "pluto"):
        folder = tmp_path / "src" / room
        folder.mkdir(parents=True)
        (folder / "a.h").write_text(header(f"{room}_a"))
        (folder / "a.c").write_text(f'{SPDX}#include "{room}/a.h"\n')
        (folder / "README.md").write_text(f"# {room}\n")
    (tmp_path / "src" / "crypto" / "alg.h").write_text(header("crypto_alg"))
    return tmp_path


def rooms(tree):
    result = subprocess.run([tree / "scripts" / "rooms"], capture_output=True, text=True)
    return result.returncode, result.stdout


FAULTS = {
    "upwards": ("base/b.c", SPDX + '#include "ike/a.h"\n', 'base may not include "ike/a.h"'),
    "beside": ("conn/b.c", SPDX + '#include "crypto/a.h"\n', 'conn may not include "crypto/a.h"'),
    "not rooted": ("conn/b.c", SPDX + '#include "a.h"\n', "not root-relative"),
    "absent": ("conn/b.c", SPDX + '#include "base/none.h"\n', "does not exist"),
    "clock": ("ike/b.c", SPDX + "#include <time.h>\n", "sans-IO"),
    "library": ("base/b.c", SPDX + "#include <openssl/evp.h>\n", "base may not include <openssl/evp.h>"),
    "licence": ("base/b.c", "int x;\n", "SPDX"),
    "long file": ("base/b.c", SPDX + "\n" * 1000, "1001 lines"),
    "not alone": ("base/b.h", header("b", "/* F. */\nsize_t f(void);\n"), "does not compile alone"),
    "no guard": ("base/b.h", SPDX + "struct twice { int x; };\n", "does not compile alone"),
    "no contract": ("base/b.h", header("b", "int f(void);\n"), "without a contract"),
    "one without": ("base/b.h", header("b", "/* F. */\nint f(void);\n\nint g(int a,\n      int b);\n"),
                    "without a contract"),
    "long readme": ("base/README.md", "line\n" * 41, "41 lines"),
    "no room": ("attic/a.c", SPDX, "is no room"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults(tree, name):
    path, text, fault = FAULTS[name]
    place = tree / "src" / path
    place.parent.mkdir(exist_ok=True)
    place.write_text(text)
    status, output = rooms(tree)
    assert status == 1
    assert fault in output


def test_a_room_without_readme(tree):
    (tree / "src" / "ike" / "README.md").unlink()
    status, output = rooms(tree)
    assert status == 1
    assert "src/ike: has no README.md" in output


def test_a_circle_is_named(tree):
    (tree / "src" / "conn" / "b.c").write_text(SPDX + '#include "ike/a.h"\n')
    (tree / "src" / "ike" / "b.c").write_text(SPDX + '#include "conn/a.h"\n')
    status, output = rooms(tree)
    assert status == 1
    assert "rooms in a circle: conn -> ike -> conn" in output


def test_what_is_allowed(tree):
    (tree / "src" / "conn" / "b.c").write_text(
        SPDX + '#include "base/a.h"\n#include "crypto/alg.h"\n')
    (tree / "src" / "ike" / "b.c").write_text(
        SPDX + '#include "conn/a.h"\n#include "crypto/a.h"\n#include "base/a.h"\n')
    (tree / "src" / "pluto" / "b.c").write_text(
        SPDX + '#include "ike/a.h"\n#include "base/a.h"\n#include <time.h>\n#include <uv.h>\n')
    status, output = rooms(tree)
    assert output.splitlines()[-1] == "6 headers, 0 faults"
    assert status == 0
    assert "conn     -> base 1, crypto 1" in output
