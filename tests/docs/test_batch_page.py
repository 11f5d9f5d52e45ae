"""The example of docs/batch.md works exactly as printed."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

PAGE = Path(__file__).parents[2] / "docs" / "batch.md"


def test_the_example_writes_scenes_reports_a_failure_and_resumes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    block = re.search(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert block is not None
    code = compile(block[1], str(PAGE), "exec")
    (tmp_path / "photos" / "a").mkdir(parents=True)
    noise = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "photos" / "a" / "b.jpg")
    Image.fromarray(noise).save(tmp_path / "photos" / "c.jpg")
    (tmp_path / "photos" / "d.jpg").write_bytes(b"")
    monkeypatch.chdir(tmp_path)

    exec(code, {})
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "c: 2 files" and shown[1].startswith("d: ") and "empty" in shown[1]
    assert shown[2] == "1 written, 1 failed, 0 done before"
    assert (tmp_path / "scenes" / "c.glb").exists() and (tmp_path / "scenes" / "c.npz").exists()

    exec(code, {})
    assert capsys.readouterr().out.splitlines()[-1] == "0 written, 1 failed, 1 done before"
