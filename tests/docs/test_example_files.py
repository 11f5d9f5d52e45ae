"""The scripts and notebooks of examples/ run, and their numbers hold the truth."""

import json
import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "examples").glob("*.py"))
NOTEBOOKS = sorted((ROOT / "examples" / "notebooks").glob("*.ipynb"))
WRITES = {
    "01_photo_to_scene": ["room.glb", "room.ply", "room.npz"],
    "05_many_photos": ["scenes/kitchen.ply", "scenes/living_room.ply", "scenes/street.ply"],
    "compare_models": ["comparison.html"],
    "batch_to_colmap": ["colmap/street.colmap/sparse/0/cameras.txt"],
}
"""Files that an example leaves."""


def _ran(example: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Runs an example in the current folder; returns what it printed."""
    if example.suffix == ".py":
        runpy.run_path(str(example), run_name="__main__")
    else:
        names: dict[str, object] = {"__name__": "__main__"}
        for number, cell in enumerate(json.loads(example.read_text("utf-8"))["cells"]):
            if cell["cell_type"] == "code":
                exec(compile("".join(cell["source"]), f"{example.name}, cell {number}", "exec"), names)
    assert [name for name in WRITES.get(example.stem, []) if not Path(name).exists()] == []
    return capsys.readouterr().out


def _holds(text: str, truth: float) -> bool:
    """Whether an interval ``1.06 m ± 0.03`` holds the truth."""
    value, margin = (float(number) for number in re.findall(r"([\d.]+) m ± ([\d.]+)", text)[0])
    return abs(value - truth) <= margin


@pytest.mark.parametrize("example", [*SCRIPTS, *NOTEBOOKS], ids=lambda path: path.stem)
def test_an_example_runs(
    example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sample_data").symlink_to(ROOT / "sample_data")
    monkeypatch.chdir(tmp_path)
    printed = _ran(example, capsys)
    if example.stem == "02_measure":
        wall, picture = (line for line in printed.splitlines() if line.startswith("the "))
        assert _holds(wall, 5.0) and _holds(picture, 0.44)
    if example.stem == "measure_a_room":
        known = re.findall(r": (.*?); it is ([\d.]+) m", printed)
        assert len(known) == 3 and all(_holds(text, float(truth)) for text, truth in known)
    if example.stem == "03_known_length":
        assert "with the laser: " in printed and "± " in printed
    if example.stem == "05_many_photos":
        assert "first: 3 written, 0 done before" in printed and "again: 0 written, 3 done before" in printed
    if example.stem == "batch_to_colmap":
        assert "3 written, 0 failed" in printed


def test_all_examples_are_listed_and_notebooks_hold_no_output() -> None:
    page = (ROOT / "examples" / "README.md").read_text("utf-8")
    assert len(SCRIPTS) == 5 and len(NOTEBOOKS) == 3
    assert [path.name for path in [*SCRIPTS, *NOTEBOOKS] if path.name not in page] == []
    for path in NOTEBOOKS:
        cells = json.loads(path.read_text("utf-8"))["cells"]
        assert all(not cell["outputs"] for cell in cells if cell["cell_type"] == "code")
