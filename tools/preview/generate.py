"""Make shards of unique scenes for ever: `python -m tools.preview.generate --help`."""

from __future__ import annotations

import argparse
import fcntl
import time
from pathlib import Path

import cv2
import numpy as np

from tools.preview.compose import rng_for
from tools.preview.shards import ASPECTS, Shard, size_for, trim, write_shard
from tools.preview.view import View, views

FIRST_SEED = 1_000_000  # held-out scenes have seeds from 10^9 on (see evaluate.py)


def make_shard(first_seed: int, scenes: int, views_per_scene: int, pixels: int) -> Shard:
    """Return a shard of `scenes` scenes with consecutive seeds; size and aspect follow from the first seed."""
    rng = rng_for(first_seed, "shard")
    aspect = float(rng.choice(list(ASPECTS), p=list(ASPECTS.values())))
    width, height = size_for(aspect, pixels)
    made: list[View] = []
    for k in range(scenes):
        seed = first_seed + k
        strip_street = aspect > 2 and rng.random() < 0.7
        made += views(seed, width, height, views_per_scene, "street" if strip_street else "")
    return Shard(
        np.stack([v.rgb for v in made]),
        np.stack([v.z_m for v in made]).astype(np.float16),
        np.array([v.focal_over_width for v in made], np.float32),
        np.array([v.kind for v in made]),
    )


def claim(folder: Path, scenes: int) -> int:
    """Return the first of `scenes` seeds that no generator of this folder has taken yet, and take them."""
    with (folder / "next_seed").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # released with the file, also when the process is killed
        file.seek(0)
        text = file.read().strip()
        seed = int(text) if text else FIRST_SEED
        file.seek(0)
        file.truncate()
        file.write(str(seed + scenes))
    return seed


def main() -> None:
    """Run one generator until it is stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run-dir", type=Path, default=Path("runs/preview"))
    parser.add_argument("--pixels", type=int, default=19200, help="pixels of a view (19200: 160x120)")
    parser.add_argument("--scenes", type=int, default=128, help="scenes of a shard")
    parser.add_argument("--views", type=int, default=2, help="views of a scene")
    parser.add_argument("--disk-gb", type=float, default=15.0, help="the oldest shards give way above this")
    parser.add_argument("--shards", type=int, default=0, help="stop after so many (0: never)")
    args = parser.parse_args()
    cv2.setNumThreads(1)  # one generator per core: more threads would slow down the others
    folder = args.run_dir / "shards"
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    while not args.shards or count < args.shards:
        seed = claim(folder, args.scenes)
        start = time.monotonic()
        shard = make_shard(seed, args.scenes, args.views, args.pixels)
        write_shard(folder / f"shard_{seed:010d}.npz", shard)
        trim(folder, int(args.disk_gb * 1e9))
        count += 1
        rate = len(shard.rgb) / (time.monotonic() - start)
        print(f"shard {seed}: {shard.rgb.shape[2]}x{shard.rgb.shape[1]}, {rate:.1f} views/s", flush=True)


if __name__ == "__main__":
    main()
