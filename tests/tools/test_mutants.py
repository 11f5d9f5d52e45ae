"""The program that changes constants one at a time: what it reads, changes, and says of each change."""

from pathlib import Path

import pytest

from tools.mutants import LIST, ROOT, Mutant, read_list, verdicts

TINY = """limits.py: test_limits.py
    LARGEST = 3 -> 30
    SMALLEST = 1 -> 10
    return value -> while True: pass
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A module of which two lines are tested and one is not."""
    (tmp_path / "limits.py").write_text(
        "LARGEST = 3\nSMALLEST = 1\n\n\ndef limited(value):\n"
        "    if value > LARGEST:\n        return LARGEST\n    return value\n"
    )
    (tmp_path / "test_limits.py").write_text(
        "from limits import limited\n\n\ndef test_it():\n    assert limited(9) == 3 and limited(2) == 2\n"
    )
    return tmp_path


@pytest.mark.slow
def test_what_is_tested_is_killed_what_is_not_survives_and_what_hangs_times_out(project: Path) -> None:
    before = (project / "limits.py").read_text()
    results = [verdict for _, verdict in verdicts(read_list(TINY), 15.0, jobs=2, root=project)]
    assert results == ["killed", "survived", "timed out"]
    assert (project / "limits.py").read_text() == before


def test_tests_that_fail_anyway_are_no_proof(project: Path) -> None:
    (project / "test_limits.py").write_text("def test_it():\n    assert False\n")
    with pytest.raises(RuntimeError, match="fail without any mutant"):
        list(verdicts(read_list(TINY), 60.0, jobs=1, root=project))


def test_only_the_value_of_a_name_is_replaced_and_any_other_text_as_a_whole() -> None:
    source = "A = 1\nB = A + 1\n"
    assert Mutant("m", "A = 1", "2", ("t",)).applied(source) == "A = 2\nB = A + 1\n"
    assert Mutant("m", "A + 1", "A - 1", ("t",)).applied(source) == "A = 1\nB = A - 1\n"
    for missing in ("C = 1", "A"):
        with pytest.raises(ValueError, match=r"occurs [02] times"):
            Mutant("m", missing, "2", ("t",)).applied(source)


@pytest.mark.parametrize("text", ["module without tests\n", "    A = 1 -> 2\n", "m.py: t.py\n    A = 1\n"])
def test_a_line_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        read_list(text)


def test_the_list_fits_the_modules_and_names_tests_that_exist() -> None:
    mutants = read_list(LIST.read_text(encoding="utf-8"))
    assert len(mutants) > 100
    for mutant in mutants:
        mutant.applied((ROOT / mutant.module).read_text(encoding="utf-8"))
        assert all((ROOT / test).exists() for test in mutant.tests), mutant
