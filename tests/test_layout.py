"""The rooms of the house: imports point down only. ``python -m tools.import_graph`` prints the counts."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from tools.import_graph import ROOT, Import, arrows_of, circles_of, counts_of, imports_of, modules_of, room_of

FLOORS = (
    "recon_cli.main",
    "recon_cli.group",
    "recon_cli.commands  recon_viewer.process",
    "recon_cli.batch  recon_mcp.server  recon_serve.server  recon_viewer.window",
    "recon_cli.dry_run recon_cli.eval_run recon_cli.measure_across recon_cli.measure_plane recon_cli.first_tries"
    " recon_cli.any_scene "
    " recon_mcp.tools  recon_serve.routes  recon_viewer.ui",
    "recon_cli.options recon_cli.any_picture  recon_mcp.answers recon_mcp.workshop  recon_serve.service"
    " recon_viewer.controller",
    "recon_viewer.actions",
    "recon_cli.console  recon_mcp.pictures recon_mcp.reporting  recon_serve.error_answers recon_serve.results"
    " recon_viewer.background",
    "recon_cli recon_cli.signals recon_cli.display recon_cli.option_groups"
    " recon_mcp.arguments recon_mcp.folders recon_mcp.results recon_mcp.words"
    " recon_serve.bodies recon_serve.events recon_serve.guard recon_serve.upload recon_serve.worker"
    " recon_viewer.drawing",
    "recon_serve.errors recon_serve.progress recon_serve.scene_files recon_serve.settings"
    " recon_viewer.model  recon.join",
    "recon_mcp  recon_serve recon_serve.api_form recon_serve.jobs  recon_viewer  recon.batch recon.compare",
    "recon recon.evaluate recon.outputs recon.panorama",
    "recon.pipeline recon.measure recon.render",
    "recon.calibration recon.doctor recon.file_info recon.stage_reports",
    "recon.depth recon.scene recon.report",
    "recon.camera recon.depth_map recon.export recon.saved_options recon.scene_file recon.video",
    "recon.options recon.constraint_text recon.photo recon.geometry recon.blender recon.atomic_write"
    " recon.provenance",
    "recon.types recon.journal recon.length_text recon.limited_process recon.option_checks recon.strict_npz",
    "recon.interop recon.frames recon.values recon.errors recon.constraints recon.threads recon.version"
    " recon.statistics recon.units recon.error_model recon.estimator_names recon.strict_json"
    " recon.argument_names recon.damage recon.lazy_names recon.malloc_trim recon.temporary_folders",
)
"""From top to bottom, each room as low as its imports allow. Rooms on one floor do not import each other."""
FLOOR = {room: len(FLOORS) - k for k, rooms in enumerate(FLOORS) for room in rooms.split()}
STARTS = {
    ("recon_cli.commands.mcp", "recon_mcp"),
    ("recon_cli.commands.serve", "recon_serve"),
    ("recon_cli.commands.view", "recon_viewer"),
}
"""The commands that start another application."""
APPS = ("recon_cli", "recon_mcp", "recon_serve", "recon_viewer")
WITHOUT_A_ROOM = {"clients", "docs", "fixtures", "node", *APPS, "tools"}
"""Folders of tests/: of other programs, of the pages, of what tests share, and of the applications and the tools."""


def shown(result: Iterable[Import]) -> str:
    """One line for each."""
    return "\n" + "\n".join(map(str, result))


@pytest.fixture(scope="module")
def imports() -> list[Import]:
    """Of all modules of the project."""
    return imports_of(ROOT)


def test_every_room_has_its_floor() -> None:
    rooms = {room_of(module) for module in modules_of(ROOT)}
    assert rooms - FLOOR.keys() == set(), "a new room: give it a floor in FLOORS"
    assert FLOOR.keys() - rooms == set(), "a room that is no more: take it out of FLOORS"


def test_the_library_has_no_floor_more_than_its_imports_need() -> None:
    floors = [rooms for rooms in FLOORS if any(room.split(".")[0] == "recon" for room in rooms.split())]
    assert len(floors) == counts_of(ROOT, "recon")["floors"]


def test_no_arrow_points_upwards(imports: list[Import]) -> None:
    wrong = [
        one
        for (a, b), between in arrows_of(imports).items()
        if FLOOR.get(a, 0) <= FLOOR.get(b, 0)
        for one in between
    ]
    assert not wrong, shown(wrong)


def test_no_file_imports_itself_by_way_of_others(imports: list[Import]) -> None:
    circles = circles_of((one.importer, one.imported) for one in imports)
    wrong = [one for one in imports for circle in circles if {one.importer, one.imported} <= set(circle)]
    assert not wrong, shown(wrong)


def test_the_applications_import_the_library_and_not_each_other(imports: list[Import]) -> None:
    wrong = [
        one
        for one in imports
        for a, b in [(one.importer.split(".")[0], one.imported.split(".")[0])]
        if a != b and b in APPS and (one.importer, b) not in STARTS
    ]
    assert not wrong, shown(wrong)


def test_tests_have_the_same_rooms() -> None:
    rooms = {room for room in modules_of(ROOT) if "." in room}
    folders = {
        path.parent.relative_to(ROOT / "tests").as_posix() for path in (ROOT / "tests").rglob("test_*.py")
    } - {"."}
    apps = {folder for folder in folders if folder.startswith(APPS)}
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
