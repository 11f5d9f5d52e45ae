"""The rooms of the house: imports point down only. ``python tests/test_layout.py [FOLDER]`` prints the counts.

A room is a file or a folder directly below ``recon/``, ``apps/recon_cli/`` or ``apps/recon_viewer/``; an arrow goes
from room to room where a file of the one imports something of the other, at its top or inside a function, for its
types or for good.
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = {"recon": "recon", "recon_cli": "apps/recon_cli", "recon_viewer": "apps/recon_viewer"}

FLOORS = (
    "recon_cli.main",
    "recon_cli.group",
    "recon_cli.commands",
    "recon_cli.batch  recon_viewer.window",
    "recon_cli.dry_run recon_cli.eval_run  recon_viewer.ui",
    "recon_cli.options recon_cli.outputs  recon_viewer.controller",
    "recon_cli.console  recon_viewer.background",
    "recon_cli recon_cli.signals  recon_viewer.drawing",
    "recon_viewer.model",
    "recon_viewer  recon.batch recon.evaluate recon.render recon",
    "recon.pipeline  recon.measure recon.file_info",
    "recon.stage_reports recon.calibration",
    "recon.scene recon.depth",
    "recon.camera recon.depth_map recon.export recon.scene_file recon.saved_options",
    "recon.options recon.constraint_text recon.photo recon.geometry recon.video recon.blender recon.atomic_write",
    "recon.types recon.frames recon.errors recon.journal recon.constraints recon.threads recon.version"
    " recon.statistics recon.units",
)
"""From the roof to the ground. Rooms on one floor do not know each other."""
FLOOR = {room: len(FLOORS) - k for k, rooms in enumerate(FLOORS) for room in rooms.split()}
OPENS_THE_VIEWER = "recon_cli.commands.view"
WITHOUT_A_ROOM = {"clients", "docs", "fixtures", "node", "recon_cli", "recon_viewer", "tools"}
"""Folders of tests/: of other programs, of the pages, of what tests share, and of the applications and the tools."""


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
    found = {}
    for package, folder in PACKAGES.items():
        for path in (root / folder).rglob("*.py"):
            parts = path.relative_to(root / folder).with_suffix("").parts
            found[".".join([package, *(part for part in parts if part != "__init__")])] = path
    return found


def imports_of(root: Path) -> list[Import]:
    """Of one module by another, wherever in the file."""
    modules = modules_of(root)
    found = set()
    for importer, path in modules.items():
        file = path.relative_to(root).as_posix()
        for name, line in _names_in(path):
            parts = name.split(".")
            known = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
            imported = next((each for each in known if each in modules), None)
            if imported is not None and imported != importer:
                found.add(Import(file, line, importer, imported))
    return sorted(found)


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


def upward(pairs: Iterable[tuple[str, str]], circles: Iterable[list[str]]) -> set[tuple[str, str]]:
    """The fewest arrows that have to be turned for no circle to be left."""
    pairs = set(pairs)
    found: set[tuple[str, str]] = set()
    for circle in circles:
        inside = [(a, b) for a, b in pairs if a in circle and b in circle]

        def wrong(order: tuple[str, ...], inside: list[tuple[str, str]] = inside) -> list[tuple[str, str]]:
            return [(a, b) for a, b in inside if order.index(a) > order.index(b)]

        found.update(min(map(wrong, permutations(circle)), key=len))
    return found


def height(pairs: Iterable[tuple[str, str]]) -> int:
    """How many floors the rooms need where every arrow goes at least one down."""
    below: dict[str, set[str]] = defaultdict(set)
    for a, b in pairs:
        below[a].add(b)
    floor: dict[str, int] = {}

    def floor_of(room: str) -> int:
        if room not in floor:
            floor[room] = 1 + max((floor_of(other) for other in below.get(room, ())), default=0)
        return floor[room]

    return max(map(floor_of, list(below)), default=1)


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
        "floors": height(pairs - wrong),
        "arrows": len(pairs),
        "upward": len(wrong),
        "circles": len(circles),
    }


def told(found: Iterable[Import]) -> str:
    """One line for each."""
    return "\n" + "\n".join(map(str, found))


def test_every_room_has_its_floor() -> None:
    rooms = {room_of(module) for module in modules_of(ROOT)}
    assert rooms - FLOOR.keys() == set(), "a new room: give it a floor in FLOORS"
    assert FLOOR.keys() - rooms == set(), "a room that is no more: take it out of FLOORS"


def test_no_arrow_points_upwards() -> None:
    wrong = [
        one
        for (a, b), imports in arrows_of(imports_of(ROOT)).items()
        if FLOOR.get(a, 0) <= FLOOR.get(b, 0)
        for one in imports
    ]
    assert not wrong, told(wrong)


def test_no_file_imports_itself_by_way_of_others() -> None:
    imports = imports_of(ROOT)
    circles = circles_of((one.importer, one.imported) for one in imports)
    wrong = [one for one in imports for circle in circles if {one.importer, one.imported} <= set(circle)]
    assert not wrong, told(wrong)


def test_the_applications_know_the_library_and_not_each_other() -> None:
    below = {"recon": 0, "recon_viewer": 1, "recon_cli": 2}
    wrong = [
        one
        for one in imports_of(ROOT)
        for a, b in [(one.importer.split(".")[0], one.imported.split(".")[0])]
        if below[a] < below[b]
        or ((a, b) == ("recon_cli", "recon_viewer") and one.importer != OPENS_THE_VIEWER)
    ]
    assert not wrong, told(wrong)


def test_tests_have_the_same_rooms() -> None:
    rooms = {room for room in modules_of(ROOT) if "." in room}
    folders = {
        path.parent.relative_to(ROOT / "tests").as_posix() for path in (ROOT / "tests").rglob("test_*.py")
    } - {"."}
    apps = {folder for folder in folders if folder.startswith(("recon_cli", "recon_viewer"))}
    inside = {
        f"recon.{folder}".replace("/", ".")
        for folder in folders
        if folder.split("/")[0] not in WITHOUT_A_ROOM
    }
    inside |= {folder.replace("/", ".") for folder in apps if "/" in folder}
    assert inside - rooms == set()


@pytest.mark.parametrize(
    ("below", "above", "upwards"),
    [("", "from recon import low", 0), ("import recon.high", "from recon.low import x", 1)],
)
def test_a_circle_is_found_and_counted(tmp_path: Path, below: str, above: str, upwards: int) -> None:
    (tmp_path / "recon").mkdir()
    (tmp_path / "recon" / "low.py").write_text(f"def f():\n    {below or 'pass'}\n")
    (tmp_path / "recon" / "high.py").write_text(above)
    counts = counts_of(tmp_path, "recon")
    assert counts == {
        "rooms": 2,
        "floors": 2,
        "arrows": 1 + upwards,
        "upward": upwards,
        "circles": upwards,
    }
    lines = [str(one) for one in imports_of(tmp_path)]
    assert "recon/high.py:1: recon.high -> recon.low" in lines
    assert ("recon/low.py:2: recon.low -> recon.high" in lines) == bool(upwards)


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT
    for package in (*PACKAGES, None):
        print(
            f"{package or 'all':12}",
            *(f"{count:4} {what}" for what, count in counts_of(folder, package).items()),
        )
