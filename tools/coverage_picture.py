"""Draws how often intervals hold the truth: ``python -m tools.coverage_picture`` writes docs/pictures/coverage.svg.

Every number comes from a table that a benchmark printed: the 5,000 draws in docs/benchmarks.md and the held-out
places in the preview network's model card. Run it again when one of the tables is replaced.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from math import sqrt

from tools.import_graph import ROOT

PICTURE = ROOT / "docs" / "pictures" / "coverage.svg"
DRAWS = 5000
_WIDTH, _HEIGHT, _LEFT, _TOP, _SIDE = 960, 400, 70, 60, 260
_COLOURS = ("#1f77b4", "#d9541e", "#2a8f4f")
Line = Sequence[tuple[float, float]]
"""Points (x, y) in percent or counts."""


def drawn_shares(page: str, depth: str) -> dict[str, list[tuple[float, float]]]:
    """Of the table "Intervals after few known measurements": (measurements, % of intervals with the truth)."""
    rows = re.findall(
        rf"^\| {depth} \| (\d) \| ([\d.]+) % \| ([\d.]+) % \| ([\d.]+) % \|", page, re.MULTILINE
    )
    if not rows:
        raise ValueError(f"the table has no rows of {depth!r}")
    names = ("scale", "distance", "length")
    return {name: [(float(row[0]), float(row[k + 1])) for row in rows] for k, name in enumerate(names)}


def found_shares(card: str) -> dict[str, list[tuple[float, float]]]:
    """Of the model card: (stated %, found %) of the intervals of single pixels."""
    header = re.search(r"^\| intervals of \|(.*)\|$", card, re.MULTILINE)
    rows = re.findall(r"^\| (held-out places|generated views) \|((?: [\d.]+ % \|)+)$", card, re.MULTILINE)
    if header is None or not rows:
        raise ValueError("the model card has no table of intervals")
    stated = _numbers(header[1])
    return {name: list(zip(stated, _numbers(values), strict=True)) for name, values in rows}


def _numbers(cells: str) -> list[float]:
    return [float(number) for number in re.findall(r"[\d.]+", cells)]


class _Axes:
    """A square panel and the range of its axes."""

    def __init__(self, panel: int, title: str, across: tuple[float, float], up: tuple[float, float]) -> None:
        self.left, self.across, self.up = _LEFT + panel * (_SIDE + 45), across, up
        self.title = title

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a value stands in the picture, px."""
        share_x = (x - self.across[0]) / (self.across[1] - self.across[0])
        share_y = (y - self.up[0]) / (self.up[1] - self.up[0])
        return round(self.left + share_x * _SIDE, 1), round(_TOP + (1 - share_y) * _SIDE, 1)

    def frame(self, marks_x: Sequence[float], marks_y: Sequence[float], below: str) -> Iterator[str]:
        """The border, marks and texts."""
        yield f'<rect x="{self.left}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#889"/>'
        yield f'<text x="{self.left}" y="{_TOP - 14}" font-weight="bold">{self.title}</text>'
        for x in marks_x:
            px, _ = self.at(x, self.up[0])
            yield f'<text x="{px}" y="{_TOP + _SIDE + 18}" text-anchor="middle">{x:g}</text>'
        for y in marks_y:
            _, py = self.at(self.across[0], y)
            yield f'<text x="{self.left - 6}" y="{py + 4}" text-anchor="end">{y:g}</text>'
        middle = self.left + _SIDE / 2
        yield f'<text x="{middle}" y="{_TOP + _SIDE + 38}" text-anchor="middle">{below}</text>'

    def lines(self, named: Mapping[str, Line]) -> Iterator[str]:
        """Each line with its dots, and its name in the panel's lower corner."""
        for k, (name, line) in enumerate(named.items()):
            points = [self.at(x, y) for x, y in line]
            path = " ".join(f"{x},{y}" for x, y in points)
            yield f'<polyline points="{path}" fill="none" stroke="{_COLOURS[k]}" stroke-width="2"/>'
            for x, y in points:
                yield f'<circle cx="{x}" cy="{y}" r="4" fill="{_COLOURS[k]}"/>'
            x, y = self.left + 110, _TOP + _SIDE - 12 - 18 * k
            yield f'<text x="{x}" y="{y}" fill="{_COLOURS[k]}">{name}</text>'


def picture(page: str, card: str) -> str:
    """The three panels as SVG."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="13" fill="#1f2933">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
    ]
    chance = 196 * sqrt(0.95 * 0.05 / DRAWS)
    titles = {"preview": "Drawn: preview network", "depth camera": "Drawn: depth camera"}
    for panel, (depth, title) in enumerate(titles.items()):
        axes = _Axes(panel, title, (-0.3, 3.3), (85, 100))
        (x0, y0), (x1, y1) = axes.at(-0.3, 95 + chance), axes.at(3.3, 95 - chance)
        parts.append(f'<rect x="{x0}" y="{y0}" width="{x1 - x0:.1f}" height="{y1 - y0:.1f}" fill="#dde3ea"/>')
        parts += axes.frame((0, 1, 2, 3), (85, 90, 95, 100), "known measurements")
        parts += axes.lines(drawn_shares(page, depth))
    axes = _Axes(2, "Held out: single pixels of preview", (45, 100), (45, 100))
    (x0, y0), (x1, y1) = axes.at(45, 45), axes.at(100, 100)
    parts.append(f'<line x1="{x0}" y1="{y0}" x2="{x1}" y2="{y1}" stroke="#b8c0ca" stroke-width="6"/>')
    parts += axes.frame((50, 68, 80, 90), (50, 68, 80, 90), "stated interval, %")
    parts += axes.lines(found_shares(card))
    parts.append(
        f'<text x="20" y="{_TOP + 200}" transform="rotate(-90 20 {_TOP + 200})">truth inside, %</text>'
    )
    return "\n".join([*parts, "</svg>\n"])


def of_the_repository() -> str:
    """The picture of the tables as they stand."""
    pages = (ROOT / "docs" / "benchmarks.md", ROOT / "tools" / "preview" / "MODEL_CARD.md")
    return picture(*(page.read_text("utf-8") for page in pages))


if __name__ == "__main__":
    PICTURE.write_text(of_the_repository(), "utf-8")
