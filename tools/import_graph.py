"""Rooms, and the arrows between them, from the imports: ``python -m tools.import_graph [FOLDER]`` prints the counts.

A room is a file or a folder directly below ``recon/`` or an application in ``apps/``; an arrow goes
from room to room where a file of the one imports something of the other, at its top or inside a function, for its
types or for good.
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = {
    "recon": "recon",
    "recon_cli": "apps/recon_cli",
    "recon_mcp": "apps/recon_mcp",
    "recon_serve": "apps/recon_serve",
    "recon_viewer": "apps/recon_viewer",
}


@dataclass(frozen=True, order=True)
class Import:
    """One file imports another."""

    file: str
    line: int
    importer: str
    """Modules, with dots."""
    imported: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.importer} -> {self.imported}"


def modules_of(root: Path) -> dict[str, Path]:
    """Every module's file."""
    result = {}
    for package, folder in PACKAGES.items():
        for path in (root / folder).rglob("*.py"):
            parts = path.relative_to(root / folder).with_suffix("").parts
            result[".".join([package, *(part for part in parts if part != "__init__")])] = path
    return result


def imports_of(root: Path) -> list[Import]:
    """Of one module by another, wherever in the file."""
    modules = modules_of(root)
    result = set()
    for importer, path in modules.items():
        file = path.relative_to(root).as_posix()
        for name, line in _names_in(path):
            parts = name.split(".")
            known = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
            imported = next((each for each in known if each in modules), None)
            if imported is not None and imported != importer:
                result.add(Import(file, line, importer, imported))
    return sorted(result)


def _names_in(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def room_of(module: str) -> str:
    """Of ``recon.depth.nets.vit``: ``recon.depth``."""
    return ".".join(module.split(".")[:2])


def arrows_of(imports: Iterable[Import]) -> dict[tuple[str, str], list[Import]]:
    """The imports from each room to each other."""
    arrows = defaultdict(list)
    for one in imports:
        pair = room_of(one.importer), room_of(one.imported)
        if pair[0] != pair[1]:
            arrows[pair].append(one)
    return dict(arrows)


def circles_of(pairs: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Sets of names of which each leads to each other (Tarjan 1972)."""
    leads: dict[str, list[str]] = defaultdict(list)
    for a, b in pairs:
        leads[a].append(b)
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    circles = []

    def visit(name: str) -> None:
        number[name] = lowest[name] = len(number)
        stack.append(name)
        for other in leads.get(name, ()):
            if other not in number:
                visit(other)
            if other in stack:
                lowest[name] = min(lowest[name], lowest[other])
        if lowest[name] == number[name]:
            at = stack.index(name)
            circle, stack[at:] = stack[at:], []
            if len(circle) > 1:
                circles.append(sorted(circle))

    for name in list(leads):
        if name not in number:
            visit(name)
    return sorted(circles)


def _rising(order: Sequence[str], pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The arrows that lead to an earlier one of these rooms."""
    return [(a, b) for a, b in pairs if order.index(a) > order.index(b)]


def upward(pairs: Iterable[tuple[str, str]], circles: Iterable[list[str]]) -> set[tuple[str, str]]:
    """The fewest arrows that have to be turned for no circle to be left."""
    pairs = set(pairs)
    result: set[tuple[str, str]] = set()
    for circle in circles:
        inside = [(a, b) for a, b in pairs if a in circle and b in circle]

        fewest: list[tuple[str, str]] = min(
            (_rising(order, inside) for order in permutations(circle)), key=len
        )
        result.update(fewest)
    return result


def floors_of(pairs: Iterable[tuple[str, str]]) -> dict[str, int]:
    """The lowest floor that each room can have, 1 at the ground, where every arrow goes at least one floor down."""
    below: dict[str, set[str]] = defaultdict(set)
    rooms = set()
    for a, b in pairs:
        below[a].add(b)
        rooms |= {a, b}
    floor: dict[str, int] = {}

    def floor_of(room: str) -> int:
        if room not in floor:
            floor[room] = 1 + max((floor_of(other) for other in below.get(room, ())), default=0)
        return floor[room]

    return {room: floor_of(room) for room in sorted(rooms)}


def counts_of(root: Path, package: str | None = None) -> Mapping[str, int]:
    """Rooms, floors, arrows, arrows that point upwards, circles; of one package or of the whole."""
    rooms = {room_of(module) for module in modules_of(root)}
    pairs = set(arrows_of(imports_of(root)))
    if package is not None:
        rooms = {room for room in rooms if room.split(".")[0] == package}
        pairs = {(a, b) for a, b in pairs if a in rooms and b in rooms}
    circles = circles_of(pairs)
    wrong = upward(pairs, circles)
    return {
        "rooms": len(rooms),
        "floors": max(floors_of(pairs - wrong).values(), default=1),
        "arrows": len(pairs),
        "upward": len(wrong),
        "circles": len(circles),
    }


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT
    for package in (*PACKAGES, None):
        print(
            f"{package or 'all':12}",
            *(f"{count:4} {what}" for what, count in counts_of(folder, package).items()),
        )
