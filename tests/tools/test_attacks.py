# SPDX-License-Identifier: Apache-2.0
"""docs/attacks.md: no attack without a test, no test that does not exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "attacks.md").read_text()
GROUPS = ("Header", "Payload chain", "SA", "KE", "Nonce", "ID", "CERT", "AUTH", "TS", "Notify",
          "Delete", "Vendor ID", "CP", "EAP", "Fragments", "State", "Kernel", "Data plane",
          "Control socket")


def rows(text):
    """The cells of each row of the tables of a text, without their heads."""
    found = []
    for line in text.splitlines():
        cells = [c.strip() for c in line.split("|")[1:-1]]
        if line.startswith("|") and not re.fullmatch(r"[-| ]+", line):
            found.append(cells)
    return [c for c in found if c[-1] != "shown by"]


def named_in(cell):
    """(file, test) of each test that a cell names."""
    for reference in re.findall(r"`([^`]+)`", cell):
        file, _, names = reference.partition(": ")
        for name in names.split(", "):
            yield file, name


def is_there(file, name, root=ROOT):
    path = root / file
    if path.is_dir():
        return (path / name).is_file()
    if not path.is_file():
        return False
    text = path.read_text()
    if path.suffix == ".py":
        return re.search(rf"^def {re.escape(name)}\(", text, re.M) is not None
    if file.startswith("sim/"):
        return f'{{"{name}",' in text
    return re.search(rf"\b(cmocka_unit_test\w*|[A-Z_]+)\(\s*{re.escape(name)}\b", text) is not None


ROWS = rows(PAGE)


@pytest.mark.parametrize("cells", ROWS, ids=[r[0] for r in ROWS])
def test_each_row_is_shown_by_tests_that_exist(cells):
    tests = list(named_in(cells[-1]))
    for file, name in tests:
        assert is_there(file, name), f"{file} has no test {name}"
    if not tests:
        assert cells[-1].startswith("none: ") and cells[-2].startswith("none: "), cells


def test_each_attack_has_a_row():
    attacks = [r[0] for r in rows(PAGE.split("## Bad input")[0])]
    assert attacks == [f"P{n}" for n in range(1, 47)]


def test_each_group_has_a_row():
    inputs = [r[0] for r in rows(PAGE.split("## Bad input")[1].split("## Faults of other implementations")[0])]
    for group in GROUPS:
        assert any(re.match(rf"{group}(:|,|$)", i) for i in inputs), group


def test_what_is_not_there_is_noticed(tmp_path):
    (tmp_path / "sim").mkdir()
    (tmp_path / "sim" / "play_x.c").write_text('\t{"flood", "much", flood, FAIR, 6},\n')
    (tmp_path / "a_test.c").write_text("\t\tcmocka_unit_test(test_a),\nvoid test_b(void **s)\n")
    (tmp_path / "test_a.py").write_text("def test_a(host):\n    pass\n")
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "seed").write_bytes(b"x")
    for file, name in (("sim/play_x.c", "flood"), ("a_test.c", "test_a"), ("test_a.py", "test_a"),
                       ("corpus", "seed")):
        assert is_there(file, name, tmp_path)
        assert not is_there(file, name + "_", tmp_path)
    assert not is_there("a_test.c", "test_b", tmp_path)  # defined, but never run
    assert not is_there("b_test.c", "test_a", tmp_path)
