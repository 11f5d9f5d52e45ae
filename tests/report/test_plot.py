"""Axes, lines and bars."""

import re

import numpy as np
import pytest

from recon.report.plot import Axis, Line, histogram, line_plot, round_numbers
from recon.report.slices import Slices, slice_plots


@pytest.mark.parametrize(
    ("low", "high", "numbers"),
    [
        (0, 10, [0, 2, 4, 6, 8, 10]),
        (0.31, 0.52, [0.35, 0.4, 0.45, 0.5]),
        (-3, 3, [-2, 0, 2]),
        (0, 4000, [0, 1000, 2000, 3000, 4000]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, numbers: list[float]) -> None:
    assert round_numbers(low, high, 5) == pytest.approx(numbers)


@pytest.mark.parametrize("span", [(1.0, 1.0), (2.0, 1.0), (0.0, float("inf")), (float("nan"), 1.0)])
def test_an_axis_without_length_has_no_ticks(span: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="expected a range"):
        round_numbers(*span, 5)


def _points(drawing: str) -> list[list[tuple[float, float]]]:
    """The pieces of the first line of a drawing."""
    path = re.search(r'<path d="([^"]*)"', drawing)
    assert path is not None
    return [
        [(float(x), float(y)) for x, y in re.findall(r"([\d.-]+) ([\d.-]+)", piece)]
        for piece in path[1].split("M")[1:]
    ]


def test_a_line_is_where_its_values_are_and_unknown_values_interrupt_it() -> None:
    line = Line("a", np.array([0.0, 5.0, np.nan, 10.0]), "red")
    pieces = _points(line_plot([line], Axis(0, 4, "x"), Axis(0, 10, "y"), "test"))
    assert pieces == [[(125.0, 300.0), (375.0, 150.0)], [(875.0, 0.0)]]


def test_long_lines_are_thinned() -> None:
    line = Line("a", np.linspace(0, 1, 5000), "red")
    (points,) = _points(line_plot([line], Axis(0, 5000, "x"), Axis(0, 1, "y"), "test"))
    assert len(points) == 800 and points[-1][0] == pytest.approx(1000, abs=0.2)


def test_bars_have_the_height_of_their_share() -> None:
    drawing = histogram(np.array([0.25, 0.5]), Axis(0, 2, "m"), ["red", "blue"], "test")
    low, high = (float(height) for height in re.findall(r'height="([\d.]+)" fill', drawing))
    assert high == pytest.approx(2 * low, rel=1e-2) and high < 300


def test_slices_follow_the_row_and_the_column() -> None:
    z = np.add.outer(np.arange(1.0, 11), np.zeros(20)).astype(np.float32)
    slices = Slices.at(5, 7.5, width=20, height=10)
    assert (slices.row, slices.column) == (7, 5)
    drawing = slice_plots([("a", z, np.ones(z.shape, np.bool_), False)], slices, "m")
    across, down = drawing.split("<h3>Vertical</h3>")
    assert len({y for _, y in _points(across)[0]}) == 1
    heights = [y for _, y in _points(down)[0]]
    assert heights == sorted(heights, reverse=True) and len(set(heights)) == 10


@pytest.mark.parametrize("at", [(-1, 5), (21, 5), (5, 11), (float("nan"), 5)])
def test_slices_are_inside_the_photo(at: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="outside the photo"):
        Slices.at(*at, width=20, height=10)
