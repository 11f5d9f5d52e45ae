"""The example of docs/compare.md runs in the folder of the sample photos."""

import re
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (ROOT / "sample_data").glob("living_room*"):
        shutil.copy(path, tmp_path)
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "compare.md").read_text("utf-8"), re.DOTALL)
    exec(compile(code, "docs/compare.md", "exec"), {"__name__": "example"})
    assert capsys.readouterr().out.startswith("depth x ")
    assert (tmp_path / "comparison.html").stat().st_size > 100_000
