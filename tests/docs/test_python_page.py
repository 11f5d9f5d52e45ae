"""The examples of docs/python.md run one after the other in the folder of the sample photos, as the page says."""

import re
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "python.md").read_text("utf-8"), re.DOTALL)
_EXPECTED = re.compile(r"print\(.*\)  # (.*)")


def _without_numbers(line: str) -> str:
    return re.sub(r"\d[\d.,]*", "N", line)


def test_the_examples_run_and_print_what_they_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (ROOT / "sample_data").iterdir():
        shutil.copy(path, tmp_path)
    monkeypatch.chdir(tmp_path)
    assert len(EXAMPLES) == 5
    for code in EXAMPLES:
        exec(compile(code, "docs/python.md", "exec"), {"__name__": "example"})
        printed = capsys.readouterr().out.splitlines()
        assert len(printed) >= code.count("print(")
        for said in _EXPECTED.findall(code):
            # The preview's own numbers change with its weights.
            form = _without_numbers if "preview" in said else str
            assert form(said) in map(form, printed), (said, printed)
    assert {"room.glb", "room.npz", "scenes"} <= {path.name for path in tmp_path.iterdir()}
    assert sorted(path.name for path in (tmp_path / "scenes").glob("*.ply")) == [
        "kitchen.ply",
        "living_room.ply",
        "street.ply",
    ]
