"""Kills a batch at random moments, resumes it, and compares its files with those of an undisturbed run.

    python -m tools.kills                            # 60 photos, 20 kills
    python -m tools.kills --photos 6 --kills 3 --seed 1

Every output has to be the same byte for byte, and no hidden folder of a killed run may be left; else it exits with 1.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[1]
FORMATS = "ply,glb,npz"
_SIZE = (160, 120)
_IN_START_UP = 0.2
"""Share of the kills that come at any time after the start; the others come while files are written."""


@dataclass(frozen=True)
class Outcome:
    """What became of the batch."""

    photos: int
    kills: int
    ends: int
    """Runs that ended before they were killed; then an output was removed, so that there was work again."""
    files: int
    different: tuple[str, ...]
    """Files that are missing, or not those of the undisturbed run."""
    left: tuple[str, ...]
    """Hidden files and folders in the end."""
    seconds: float

    @property
    def is_good(self) -> bool:
        """Whether the folder is the same as after an undisturbed run."""
        return not self.different and not self.left


def kill_batch(folder: Path, *, photos: int, kills: int, seed: int) -> Outcome:
    """Runs the batch in ``folder``, which is empty, until it was killed so often; then lets it end.

    Raises:
        subprocess.CalledProcessError: A run that nobody killed failed.
    """
    began = time.monotonic()
    names = [f"p{k:03d}" for k in range(photos)]
    _make_photos(folder, names)
    words = ["build", str(folder / "photos"), "--depth", str(folder / "depths"), "--focal-px", "200"]
    words += ["--format", FORMATS]
    started = time.monotonic()
    _check(_start([*words, "-o", str(folder / "whole")]))
    whole_s = time.monotonic() - started
    out, chance, done, ends = folder / "out", random.Random(seed), 0, 0
    while done < kills:
        process = _start([*words, "-o", str(out), "--resume"])
        if chance.random() < _IN_START_UP:
            delay_s = chance.uniform(0, whole_s / 2)
        else:
            _wait_for_work(process, out / "batch.jsonl")
            delay_s = chance.uniform(0, 2 * whole_s / (kills + 1))
        try:
            process.communicate(timeout=delay_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            done += 1
        else:
            _check(process)
            ends += 1
            for name in chance.sample(names, max(1, photos // 4)):
                (out / f"{name}.ply").unlink()
    _check(_start([*words, "-o", str(out), "--resume"]))
    return _compare(folder / "whole", out, photos, done, ends, time.monotonic() - began)


def _make_photos(folder: Path, names: list[str]) -> None:
    (folder / "photos").mkdir()
    (folder / "depths").mkdir()
    ramp = np.linspace(1000, 4000, _SIZE[0] * _SIZE[1]).reshape(_SIZE[1], _SIZE[0])
    for k, name in enumerate(names):
        rgb = np.random.default_rng(k).integers(0, 256, (*ramp.shape, 3), np.uint8)
        Image.fromarray(rgb).save(folder / "photos" / f"{name}.jpg")
        Image.fromarray((ramp * (1 + 0.01 * k)).astype(np.uint16)).save(folder / "depths" / f"{name}.png")


def _start(words: list[str]) -> "subprocess.Popen[str]":
    paths = os.pathsep.join([str(ROOT), str(ROOT / "apps")])
    return subprocess.Popen(
        [sys.executable, "-m", "recon_cli.main", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": paths},
    )  # fmt: skip


def _check(process: "subprocess.Popen[str]") -> None:
    output, errors = process.communicate()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args, output, errors)


def _wait_for_work(process: "subprocess.Popen[str]", record: Path) -> None:
    """Until the run has added a row, or has ended: starting Python takes longer than all photos."""
    before = record.stat().st_size if record.exists() else 0
    while process.poll() is None and (record.stat().st_size if record.exists() else 0) == before:
        time.sleep(0.005)


def _compare(whole: Path, out: Path, photos: int, kills: int, ends: int, seconds: float) -> Outcome:
    wanted = {path.name: path for path in whole.iterdir() if path.name != "batch.jsonl"}
    found = {path.name: path for path in out.iterdir() if path.name != "batch.jsonl"}
    left = tuple(sorted(name for name in found if name.startswith(".")))
    names = sorted((wanted.keys() | found.keys()) - set(left))
    different = tuple(
        name
        for name in names
        if name not in found or name not in wanted or found[name].read_bytes() != wanted[name].read_bytes()
    )
    rows = [json.loads(line) for line in (out / "batch.jsonl").read_text(encoding="utf-8").splitlines()]
    failed = tuple(f"{row['photo']} failed" for row in rows if row["kind"] == "photo" and not row["ok"])
    return Outcome(photos, kills, ends, len(wanted), different + failed, left, seconds)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=int, default=60)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="recon-kills-") as folder:
        found = kill_batch(Path(folder), photos=given.photos, kills=given.kills, seed=given.seed)
    print(
        f"{found.photos} photos, {found.kills} kills, {found.ends} runs that ended before, {found.seconds:.0f} s: "
        f"{found.files - len(found.different)} of {found.files} files byte for byte, {len(found.left)} left behind"
    )
    for name in (*found.different, *found.left):
        print(f"    {name}")
    return 0 if found.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
