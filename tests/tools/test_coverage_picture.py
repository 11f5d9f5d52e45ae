"""The plots of docs/calibration.md; `python -m tools.coverage_picture` draws them."""

import pytest

from tools import coverage_picture as plots


def test_the_picture_shows_the_tables_as_they_stand() -> None:
    drawn = plots.PICTURE.read_text("utf-8")
    assert drawn == plots.of_the_repository(), "run: python -m tools.coverage_picture"


def test_the_shares_are_those_of_the_tables() -> None:
    page = "| preview | 0 | 95.2 % | 94.5 % | 97.0 % | | | |\n| preview | 1 | 90.0 % | 91.0 % | 92.0 % | 0.0 % |\n"
    assert plots.drawn_shares(page, "preview") == {
        "scale": [(0.0, 95.2), (1.0, 90.0)],
        "distance": [(0.0, 94.5), (1.0, 91.0)],
        "length": [(0.0, 97.0), (1.0, 92.0)],
    }
    card = "| intervals of | 50 % | 95 % |\n|---|---|---|\n| held-out places | 66.7 % | 95.0 % |\n"
    assert plots.found_shares(card) == {"held-out places": [(50.0, 66.7), (95.0, 95.0)]}


def test_a_page_without_the_table_is_an_error_and_no_empty_plot() -> None:
    with pytest.raises(ValueError, match="no rows of 'preview'"):
        plots.drawn_shares("| other | 0 |", "preview")
    with pytest.raises(ValueError, match="no table of intervals"):
        plots.found_shares("| intervals of | 50 % |")
