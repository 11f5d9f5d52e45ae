"""The page: complete, without references to anywhere, and safe for any name."""

from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from browser import browse

import recon
from recon.compare.comparison import Failed
from recon.compare.comparison_page import comparison_page
from recon.errors import Failure

__all__ = ["browse"]
pytestmark = pytest.mark.usefixtures("known")
HOSTILE = '<img src=x onerror="alert(1)">&\'".jpg'


class _Tags(HTMLParser):
    """Checks that tags are closed in order, and keeps what is in them."""

    VOID = ("meta", "img", "input", "path", "line", "rect")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.sources: list[str] = []
        self.text = ""
        self.pictures = 0
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.pictures += tag == "img"
        self.sources += [given[name] or "" for name in ("src", "href") if name in given]
        assert not any(name.startswith("on") for name in given)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.VOID

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def comparison(folder: Path) -> recon.compare.Comparison:
    return recon.compare.run(folder / "a.jpg", ["far", "relative", "missing"], depth=folder / "a.png")


def test_the_page_shows_every_model_and_the_reason_of_a_failure(comparison: recon.compare.Comparison) -> None:
    tags = _Tags(comparison_page(comparison))
    for text in ("measured (ground truth)", "far", "relative", "could not run: no weights", "depth x 0.833"):
        assert text in tags.text
    # photo; measured; far twice (as predicted and aligned); relative; two differences; four pairs of edges
    assert tags.pictures == 1 + 1 + 2 + 1 + 2 + 8
    assert all(source.startswith("data:image/") for source in tags.sources)
    assert "script" not in comparison_page(comparison)


def test_names_cannot_add_elements(comparison: recon.compare.Comparison) -> None:
    failed = Failed(HOSTILE, Failure("X", HOSTILE))
    changed = replace(comparison, photo=replace(comparison.photo, path=HOSTILE), failed=(failed,))
    tags = _Tags(comparison_page(changed))
    assert tags.text.count(HOSTILE) >= 4 and tags.pictures == 15


def test_slices_outside_the_photo_are_refused(comparison: recon.compare.Comparison) -> None:
    with pytest.raises(ValueError, match="outside the photo of 160x120 px"):
        comparison_page(comparison, through=(161, 5))


def test_a_page_of_relative_models_has_no_metres(folder: Path) -> None:
    text = _Tags(comparison_page(recon.compare.run(folder / "a.jpg", ["relative", "also-relative"]))).text
    assert "None of the models is metric" in text and "as predicted;" not in text and " m;" not in text


@pytest.mark.browser
@pytest.mark.parametrize("width", [1400, 390])
def test_the_page_in_a_browser(
    comparison: recon.compare.Comparison, tmp_path: Path, browse: Callable[..., dict], width: int
) -> None:
    recon.compare.save(comparison, tmp_path / "page.html")
    steps = [
        ["overflow"],
        ["shown", "figure.predicted"],
        ["shown", "figure.aligned"],
        ["press", "label[for=show-aligned]"],
        ["shown", "figure.predicted"],
        ["shown", "figure.aligned"],
    ]
    seen = browse(tmp_path / "page.html", steps, viewport=(width, 800), program=False)
    assert seen["errors"] == [] and seen["results"] == [0, 1, 0, 0, 1]
    assert [url for url in seen["requests"] if not url.startswith(("data:", "file:"))] == []
