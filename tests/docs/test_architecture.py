"""The page about the architecture: its picture is that of the sources, and its reading list is short and real."""

import re
from pathlib import Path

import pytest

from tools.rooms_picture import PICTURE, draw, library_arrows, not_implied

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(DOCS.glob("*.md"))


def test_the_picture_is_that_of_the_imports() -> None:
    assert PICTURE.read_text("utf-8") == draw(), "run: python -m tools.rooms_picture"


def test_implied_arrows_are_left_out() -> None:
    assert not_implied({("a", "b"), ("b", "c"), ("a", "c"), ("a", "d")}) == {
        ("a", "b"),
        ("b", "c"),
        ("a", "d"),
    }


def test_a_new_import_is_an_arrow_and_one_that_closes_a_circle_is_none(tmp_path: Path) -> None:
    (tmp_path / "recon").mkdir()
    (tmp_path / "recon" / "low.py").write_text("")
    (tmp_path / "recon" / "high.py").write_text("from recon.low import x")
    assert library_arrows(tmp_path) == {("recon.high", "recon.low")}
    (tmp_path / "recon" / "low.py").write_text("def f():\n    import recon.high")
    assert len(library_arrows(tmp_path)) == 1


def test_one_reads_at_most_twelve_files() -> None:
    steps = re.findall(
        r"^(\d+)\. \[(.*?)\]\((.*?)\)", (DOCS / "architecture.md").read_text("utf-8"), re.MULTILINE
    )
    assert [int(number) for number, _, _ in steps] == list(range(1, len(steps) + 1))
    assert 5 <= len(steps) <= 12 and steps[0][1] == "recon/pipeline.py"
    assert all(target == f"../{name}" for _, name, target in steps)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_links_to_is_there(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#\s]+)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
