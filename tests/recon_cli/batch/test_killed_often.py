"""A batch that is killed repeatedly, at random times, ends like an undisturbed one."""

import random
import subprocess
import time
from pathlib import Path

import pytest
from photo_folders import build, make_photos, names_in, rows_of, run, start

NAMES = [f"p{k:02d}" for k in range(12)]
KILLS = 6
WORDS = [
    "build",
    "@photos",
    "-o",
    "@out",
    "--depth",
    "@depths",
    "--focal-px",
    "200",
    "--format",
    "ply,glb,npz",
]


def wait_for_work(process: "subprocess.Popen[str]", record: Path) -> None:
    """Until the run has added a row, or has ended; starting Python takes longer than all photos."""
    before = record.stat().st_size if record.exists() else 0
    while process.poll() is None and (record.stat().st_size if record.exists() else 0) == before:
        time.sleep(0.005)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0])
def test_every_file_is_that_of_an_undisturbed_run(tmp_path: Path, seed: int) -> None:
    make_photos(tmp_path, NAMES)
    whole = [word.replace("@out", "@whole") for word in WORDS]
    assert run(tmp_path, *whole).exit_code == 0
    chance, kills = random.Random(seed), 0
    while kills < KILLS:
        process = start(tmp_path, *WORDS, "--resume")
        wait_for_work(process, tmp_path / "out" / "batch.jsonl")
        try:
            process.communicate(timeout=chance.uniform(0, 1.5))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            kills += 1
        else:
            assert process.returncode == 0
            (tmp_path / "out" / f"{chance.choice(NAMES)}.ply").unlink()  # there is always something to do
    done = build(tmp_path, "--format", "ply,glb,npz", "--resume")
    assert done.exit_code == 0, done.stderr
    names = [name for name in names_in(tmp_path / "out") if ".part/" not in name]
    assert names == names_in(tmp_path / "whole") and len(names) == 3 * len(NAMES)
    for name in names:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    assert all(row["ok"] for row in rows_of(tmp_path / "out"))
