"""A plan on paper: walls with their lengths, a grid, a scale bar and the camera, as SVG, PNG or DXF."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from math import atan2, ceil, degrees, floor
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from recon.atomic_write import staged
from recon.errors import ExportError
from recon.geometry.floor_plan import Plan, Points, turn_to_walls
from recon.photo.write import write_picture
from recon.units import metres
from recon.version import GENERATOR

_MARGIN_M = 0.6
_LABELLED_M = 0.5
"""Shorter walls have no length."""
_STEPS_M = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_MOST_LINES = 20
"""Of the grid, in one direction."""
_PAPER_M = 0.4
"""Longer side of an SVG on paper, at most."""
_SCALES = (20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
_PX = 2000
"""Longer side of a PNG."""
_LINES = 60
"""Lines of text that would fill the longer side."""
_LETTER = 0.6
"""Width of a letter over its height, at most in the mean."""
_COLOURS = {
    "WALLS": "#181818",
    "GRID": "#d8d8d8",
    "CAMERA": "#d04010",
    "SCALE": "#181818",
    "LENGTHS": "#2060b0",
}
_WIDTHS = {"WALLS": 3.0, "CAMERA": 2.0, "SCALE": 3.0}
"""Relative to the lines of the grid."""


@dataclass(frozen=True, eq=False)
class _Label:
    at: tuple[float, float]
    text: str
    angle_deg: float
    layer: str


@dataclass(frozen=True, eq=False)
class _Sheet:
    """Everything to draw, in m; y is up."""

    strokes: tuple[tuple[str, Points], ...]
    """Layer and (N, 2) points."""
    labels: tuple[_Label, ...]
    low: tuple[float, float]
    high: tuple[float, float]

    @property
    def size_m(self) -> tuple[float, float]:
        return self.high[0] - self.low[0], self.high[1] - self.low[1]

    @property
    def text_m(self) -> float:
        """Height of letters."""
        return max(self.size_m) / _LINES


def check_plan_output(path: Path) -> None:
    """Checks a file name before the slow work.

    Raises:
        ExportError: Unknown format.
    """
    if path.suffix.lower() not in _WRITERS:
        raise ExportError(f"{path}: a plan is written as {', '.join(_WRITERS)}")


def write_plan(path: Path, plan: Plan, *, overwrite: bool = True) -> None:
    """Writes the file atomically; ``.svg`` is to scale on paper, ``.dxf`` in metres.

    Raises:
        ExportError: Unknown format, or the file cannot be written.
    """
    check_plan_output(path)
    with staged(path, overwrite=overwrite) as temporary:
        _WRITERS[path.suffix.lower()](temporary, _sheet(plan), plan)


def title(plan: Plan) -> str:
    """What the plan shows: ``1.20 m above the floor``."""
    rough = "; rough: lengths are guesses" if plan.rough else ""
    return f"{plan.height_m:.2f} m above the {'floor' if plan.above_floor else 'camera'}{rough}"


def _sheet(plan: Plan) -> _Sheet:
    turn = turn_to_walls(plan.lines)
    turned = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])  # for rows
    lines = [line @ turned for line in plan.lines]
    points = np.concatenate([*lines, np.zeros((1, 2))])
    low, high = points.min(axis=0) - _MARGIN_M, points.max(axis=0) + _MARGIN_M
    step_m = next((s for s in _STEPS_M if (high - low).max() / s <= _MOST_LINES), _STEPS_M[-1])
    low[1] -= step_m / 2  # for the scale bar
    size = 0.02 * float((high - low).max())
    caption = f"{step_m} m; {title(plan)}"
    # On a narrow sheet the caption is wider than the plan.
    high[0] = max(
        high[0], low[0] + 0.2 + step_m + size + _LETTER * len(caption) * (high - low).max() / _LINES
    )
    camera = np.array([[0, 0], [-size, 2 * size], [size, 2 * size], [0, 0]]) @ turned
    bar = np.array([[low[0] + 0.2, low[1] + 0.2], [low[0] + 0.2 + step_m, low[1] + 0.2]])
    strokes = [*_grid(low, high, step_m), *(("WALLS", line) for line in lines)]
    labels = [label for line in lines for label in _lengths(line, size, plan.scale_interval)]
    labels.append(_Label((bar[1, 0] + size, bar[1, 1]), caption, 0.0, "SCALE"))
    return _Sheet(
        (*strokes, ("CAMERA", camera), ("SCALE", bar)),
        tuple(labels),
        (float(low[0]), float(low[1])),
        (float(high[0]), float(high[1])),
    )


def _grid(low: Points, high: Points, step_m: int) -> Iterator[tuple[str, Points]]:
    for axis in (0, 1):
        for k in range(ceil(low[axis] / step_m), floor(high[axis] / step_m) + 1):
            ends = np.array([low, high])
            ends[:, axis] = k * step_m
            yield "GRID", ends


def _lengths(line: Points, away_m: float, interval: float | None) -> Iterator[_Label]:
    """Next to the middle of each wall, readable from below or, if it is upright within 15°, from the right."""
    for a, b in pairwise(line):
        length = float(np.linalg.norm(b - a))
        if length >= _LABELLED_M:
            angle = degrees(atan2(b[1] - a[1], b[0] - a[0]))
            angle = (angle + 75) % 180 - 75
            normal = np.array([-np.sin(np.radians(angle)), np.cos(np.radians(angle))])
            x, y = (a + b) / 2 + 0.6 * away_m * normal
            yield _Label((float(x), float(y)), metres(length, interval), angle, "LENGTHS")


def _svg(path: Path, sheet: _Sheet, plan: Plan) -> None:
    scale = next((s for s in _SCALES if max(sheet.size_m) / s <= _PAPER_M), _SCALES[-1])
    mm = 1000 / scale
    width, height = (side * mm for side in sheet.size_m)

    def at(x: float, y: float) -> tuple[float, float]:
        return (x - sheet.low[0]) * mm, (sheet.high[1] - y) * mm

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.3f}mm" height="{height:.3f}mm" '
        f'viewBox="0 0 {width:.3f} {height:.3f}">',
        f"<title>Plan {escape(title(plan))}, 1:{scale}</title><desc>{escape(GENERATOR)}</desc>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
    ]
    for layer, points in sheet.strokes:
        places = " ".join("{:.3f},{:.3f}".format(*at(x, y)) for x, y in points.tolist())
        parts.append(
            f'<polyline class="{layer}" points="{places}" fill="none" stroke="{_COLOURS[layer]}" '
            f'stroke-width="{0.15 * _WIDTHS.get(layer, 1.0):.2f}" stroke-linejoin="round"/>'
        )
    for label in sheet.labels:
        x, y = at(*label.at)
        anchor = "start" if label.layer == "SCALE" else "middle"
        parts.append(
            f'<text class="{label.layer}" x="{x:.3f}" y="{y:.3f}" transform="rotate({-label.angle_deg:.2f} {x:.3f} '
            f'{y:.3f})" font-family="sans-serif" font-size="{sheet.text_m * mm:.2f}" text-anchor="{anchor}" '
            f'dominant-baseline="central" fill="{_COLOURS[label.layer]}">{escape(label.text)}</text>'
        )
    path.write_text("\n".join([*parts, "</svg>", ""]), "utf-8")


def _png(path: Path, sheet: _Sheet, plan: Plan) -> None:
    del plan
    per_m = 2 * _PX / max(sheet.size_m)  # drawn twice as large, for smooth lines
    size = tuple(max(2, round(side * per_m)) for side in sheet.size_m)
    picture = Image.new("RGB", (size[0], size[1]), "#ffffff")
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(sheet.text_m * per_m)

    def at(x: float, y: float) -> tuple[float, float]:
        return (x - sheet.low[0]) * per_m, (sheet.high[1] - y) * per_m

    for layer, points in sheet.strokes:
        width = round(2 * _WIDTHS.get(layer, 1.0))
        draw.line([at(x, y) for x, y in points.tolist()], _COLOURS[layer], width, joint="curve")
    for label in sheet.labels:
        left, top, right, bottom = (round(side) for side in font.getbbox(label.text))
        stamp = Image.new("L", (right - left + 4, bottom - top + 4))
        ImageDraw.Draw(stamp).text((2 - left, 2 - top), label.text, 255, font)
        stamp = stamp.rotate(label.angle_deg, Image.Resampling.BICUBIC, expand=True)
        x, y = at(*label.at)
        x -= 0 if label.layer == "SCALE" else stamp.width / 2
        y -= stamp.height / 2
        picture.paste(_COLOURS[label.layer], (round(x), round(y)), stamp)
    write_picture(path, picture.reduce(2))


def _dxf(path: Path, sheet: _Sheet, plan: Plan) -> None:
    """AutoCAD R12 text, which every CAD program reads: group codes and values, one a line."""
    pairs: list[tuple[int, object]] = [(999, f"{GENERATOR}: plan {title(plan)}, in metres")]
    pairs += [(0, "SECTION"), (2, "HEADER"), (9, "$ACADVER"), (1, "AC1009"), (0, "ENDSEC")]
    pairs += [(0, "SECTION"), (2, "ENTITIES")]
    for layer, points in sheet.strokes:
        pairs += [(0, "POLYLINE"), (8, layer), (66, 1), (10, 0.0), (20, 0.0), (30, 0.0)]
        for x, y in points.tolist():
            pairs += [(0, "VERTEX"), (8, layer), (10, f"{x:.6f}"), (20, f"{y:.6f}"), (30, "0.0")]
        pairs += [(0, "SEQEND"), (8, layer)]
    for label in sheet.labels:
        x, y = label.at
        pairs += [(0, "TEXT"), (8, label.layer), (10, f"{x:.6f}"), (20, f"{y:.6f}"), (30, "0.0")]
        pairs += [(40, f"{sheet.text_m:.4f}"), (1, label.text), (50, f"{label.angle_deg:.4f}")]
    pairs += [(0, "ENDSEC"), (0, "EOF")]
    path.write_text("".join(f"{code}\n{value}\n" for code, value in pairs), "ascii")


_WRITERS: Mapping[str, Callable[[Path, _Sheet, Plan], None]] = {".svg": _svg, ".png": _png, ".dxf": _dxf}
