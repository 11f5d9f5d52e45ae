"""The program of .html scenes in the repository is that of its sources; CI compares all bytes (``--check``)."""

import shutil
from pathlib import Path

import pytest

from tools import page_program


def _npm(folder: Path, script: str) -> str:
    """A PATH on which npm and node do what the script says."""
    folder.mkdir()
    for name in ("npm", "node"):
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return f"{folder}:/usr/bin:/bin"


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sources and the program, in a folder that may be changed."""
    web = tmp_path / "web"
    shutil.copytree(page_program.WEB, web)
    monkeypatch.setattr(page_program, "ROOT", tmp_path)
    monkeypatch.setattr(page_program, "WEB", web)
    monkeypatch.setattr(page_program, "BUNDLE", web / page_program.BUNDLE.name)
    return web


def test_the_program_in_the_repository_is_that_of_its_sources() -> None:
    program = page_program.BUNDLE.read_text("utf-8")
    assert program.startswith(page_program.first_line()), "run: python -m tools.page_program"
    assert "MIT License" in program[:2000] and "://" not in page_program.first_line()


@pytest.mark.parametrize("name", ["src/main.js", "package-lock.json"])
def test_a_change_of_any_source_is_seen_without_npm(copied: Path, name: str) -> None:
    before = page_program.first_line()
    (copied / name).write_text((copied / name).read_text("utf-8") + "\n")
    assert page_program.first_line() != before


@pytest.mark.parametrize("change", ["// changed", None])
def test_a_program_with_other_bytes_is_refused_and_left(
    copied: Path, change: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = page_program.BUNDLE.read_text("utf-8")
    monkeypatch.setattr(page_program, "build", lambda: program)
    assert page_program.main(["--check"]) is None
    page_program.BUNDLE.write_text(program + change) if change else page_program.BUNDLE.unlink()
    problem = page_program.main(["--check"])
    assert problem and "is not what its sources build; run: python -m tools.page_program" in problem
    assert page_program.main([]) is None and page_program.BUNDLE.read_text("utf-8") == program


def test_what_npm_says_is_shown_and_the_program_stays(
    copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = page_program.BUNDLE.read_bytes()
    monkeypatch.setenv("PATH", _npm(tmp_path / "bin", "echo 'no such registry' >&2; exit 1"))
    problem = page_program.main([])
    assert problem and "no such registry" in problem
    monkeypatch.setenv("PATH", str(tmp_path))
    problem = page_program.main([])
    assert problem and "npm is not installed" in problem
    assert page_program.BUNDLE.read_bytes() == before


def test_the_lockfile_names_no_host() -> None:
    assert "://" not in (page_program.WEB / "package-lock.json").read_text("utf-8")
