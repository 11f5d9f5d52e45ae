"""Draws the rooms of ``recon/`` and the arrows between them: ``python -m tools.rooms_picture`` writes docs/rooms.svg.

Everything comes from the sources: rooms and arrows from the imports, what a room is from its docstring. Left out are
arrows that others imply already, and those to the ground floor, which every room may use.
"""

import ast
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from html import escape
from pathlib import Path
from statistics import fmean
from textwrap import wrap

from tools.import_graph import ROOT, arrows_of, circles_of, floors_of, imports_of, modules_of, upward

PICTURE = ROOT / "docs" / "rooms.svg"
_MARGIN, _BOX, _GAP, _TALL, _FLOOR = 20, 186, 14, 102, 150
_STAGES = ("photo", "camera", "depth", "calibration", "scene", "geometry", "export")
"""The rooms that a photo passes, drawn in another colour."""
_LETTERS, _LINES = 26, 4
_LETTER_PX = 9.5
"""Of a title, wide enough for most fonts."""
_TITLE = 'font-size="15" font-weight="bold" fill="#1f2933"'
Arrow = tuple[str, str]


def library_arrows(root: Path) -> set[Arrow]:
    """Between the rooms of ``recon/``, none of them upwards."""
    inside = {pair for pair in arrows_of(imports_of(root)) if all(room.startswith("recon.") for room in pair)}
    return inside - upward(inside, circles_of(inside))


def not_implied(arrows: Collection[Arrow]) -> set[Arrow]:
    """Without those whose end is also reached by way of other rooms (the transitive reduction)."""
    below: dict[str, set[str]] = {}
    for a, b in arrows:
        below.setdefault(a, set()).add(b)

    @cache
    def reached(room: str) -> frozenset[str]:
        nearest = below.get(room, set())
        return frozenset(nearest).union(*map(reached, nearest))

    return {(a, b) for a, b in arrows if not any(b in reached(other) for other in below[a] - {b})}


def in_rows(floors: Mapping[str, int], arrows: Iterable[Arrow]) -> list[list[str]]:
    """The rooms of each floor from the roof down, each about under those that use it, so that few arrows cross."""
    users: dict[str, list[str]] = {}
    for a, b in arrows:
        users.setdefault(b, []).append(a)
    at: dict[str, float] = {}
    rows = []
    for floor in range(max(floors.values()), 1, -1):
        row = sorted(room for room, its_floor in floors.items() if its_floor == floor)
        middle = {
            room: fmean([at[user] for user in users.get(room, ()) if user in at] or [0.5]) for room in row
        }
        row.sort(key=middle.__getitem__)
        at |= {room: (k + 0.5) / len(row) for k, room in enumerate(row)}
        rows.append(row)
    return rows


def what_it_is(module: Path) -> str:
    """The first line of a module's docstring."""
    doc = ast.get_docstring(ast.parse(module.read_text("utf-8"))) or ""
    return doc.partition("\n")[0].rstrip(".").replace("``", "")


def draw(root: Path = ROOT) -> str:
    """The whole picture, SVG."""
    modules, arrows = modules_of(root), library_arrows(root)
    floors = floors_of(arrows)
    ground = [room for room, floor in floors.items() if floor == 1]
    drawn = not_implied({(a, b) for a, b in arrows if b not in ground})
    rows = in_rows(floors, drawn)
    width = 2 * _MARGIN + max(map(len, rows)) * (_BOX + _GAP)
    corners: dict[str, tuple[float, float]] = {}
    for k, row in enumerate(rows):
        step = (width - 2 * _MARGIN) / len(row)
        for n, room in enumerate(row):
            corners[room] = (_MARGIN + (n + 0.5) * step - _BOX / 2, 90 + k * _FLOOR)
    end = 90 + len(rows) * _FLOOR
    parts = [
        _band(
            "apps/recon_cli, apps/recon_mcp, apps/recon_serve, apps/recon_viewer",
            "the command, two services and the viewer; they may use every room",
            20,
            width,
        )
    ]
    parts += [_arrow(*corners[a], *corners[b]) for a, b in sorted(drawn)]
    parts += [_room(room, what_it_is(modules[room]), *corners[room]) for row in rows for room in row]
    names = ", ".join(room.removeprefix("recon.") for room in ground)
    parts.append(
        _band(names, "the ground floor: values, conventions, errors, log; every room may use it", end, width)
    )
    height = end + 110
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif">\n'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="#7b8794"/></marker></defs>\n'
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _band(names: str, what: str, y: float, width: float) -> str:
    rows = wrap(names, round(width / _LETTER_PX))
    titles = "".join(
        f'<text x="{_MARGIN + 14}" y="{y + 21 + 19 * k}" {_TITLE}>{escape(row)}</text>'
        for k, row in enumerate(rows)
    )
    extra = 19 * (len(rows) - 1)
    return (
        f'<rect x="{_MARGIN}" y="{y}" width="{width - 2 * _MARGIN}" height="{50 + extra}" rx="6" fill="#eef1f5"/>'
        f'{titles}<text x="{_MARGIN + 14}" y="{y + 40 + extra}" font-size="13" fill="#52606d">{escape(what)}</text>'
    )


def _room(room: str, what: str, x: float, y: float) -> str:
    name = room.removeprefix("recon.")
    fill, edge = ("#e3f0ff", "#3b82c4") if name in _STAGES else ("#f7f7f5", "#9aa5b1")
    lines = wrap(what, _LETTERS, max_lines=_LINES, placeholder=" ...")
    text = "".join(
        f'<text x="{x + 10:.0f}" y="{y + 41 + 15 * k:.0f}" font-size="12" fill="#52606d">{escape(line)}</text>'
        for k, line in enumerate(lines)
    )
    return (
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{_BOX}" height="{_TALL}" rx="6" fill="{fill}" stroke="{edge}"/>'
        f'<text x="{x + 10:.0f}" y="{y + 22:.0f}" {_TITLE}>{name}</text>{text}'
    )


def _arrow(x: float, y: float, to_x: float, to_y: float) -> str:
    start, stop = (x + _BOX / 2, y + _TALL), (to_x + _BOX / 2, to_y)
    bend = (stop[1] - start[1]) / 2
    return (
        f'<path d="M{start[0]:.0f} {start[1]:.0f}C{start[0]:.0f} {start[1] + bend:.0f} '
        f'{stop[0]:.0f} {stop[1] - bend:.0f} {stop[0]:.0f} {stop[1]:.0f}" fill="none" stroke="#7b8794" '
        'stroke-width="1.4" marker-end="url(#tip)"/>'
    )


if __name__ == "__main__":
    PICTURE.write_text(draw(), "utf-8", newline="\n")
    print(PICTURE.relative_to(ROOT))
