"""The page of benchmarks."""

import sys
from pathlib import Path

import pytest

from tools.bench import page


def test_a_section_is_replaced_in_its_place_and_all_others_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "benchmarks.md"
    path.write_text("# Benchmarks\n\n## Start-up\n\nold\n\n## By hand\n\nkept\n", "utf-8")
    monkeypatch.setattr(page, "measured", lambda name: f"## {page.SECTIONS[name]}\n\nnew {name}\n")
    monkeypatch.setattr(sys, "argv", ["page", "--only", "startup", "memory", "--page", str(path)])
    page.main()
    assert page.sections_of(path.read_text("utf-8")) == {
        "Start-up": "## Start-up\n\nnew startup\n",
        "By hand": "## By hand\n\nkept\n",
        "Memory beyond the inputs": "## Memory beyond the inputs\n\nnew memory\n",
    }
    assert next(iter(page.sections_of(path.read_text("utf-8")))) == "Start-up"
