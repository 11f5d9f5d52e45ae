"""Held-out generated views: seeds that training never sees, made once and kept in the run folder."""

from __future__ import annotations

import argparse
import multiprocessing
from collections import defaultdict
from pathlib import Path

import numpy as np

from tools.preview.compose import SHARES, rng_for
from tools.preview.shards import ASPECTS, Shard, read_shard, size_for, write_shard
from tools.preview.view import View, views

HELD_OUT_SEED = 1_000_000_000


def held_out(run_dir: Path, per_kind: int, pixels: int, workers: int = 1) -> list[Shard]:
    """Return the held-out views, one shard per aspect ratio; they are made at the first call, all or none."""
    folder = run_dir / "heldout"
    if not folder.exists():
        jobs = [(n, k, pixels) for n in range(len(SHARES)) for k in range(per_kind)]
        with multiprocessing.get_context("spawn").Pool(workers) as pool:
            result = pool.starmap(_one, jobs, chunksize=2)
        groups: dict[tuple[int, ...], list[View]] = defaultdict(list)
        for view in result:
            groups[view.rgb.shape].append(view)
        part = run_dir / "heldout.part"
        part.mkdir(parents=True, exist_ok=True)
        for (height, width, _), group in groups.items():
            shard = Shard(
                np.stack([v.rgb for v in group]),
                np.stack([v.z_m for v in group]).astype(np.float16),
                np.array([v.focal_over_width for v in group], np.float32),
                np.array([v.kind for v in group]),
            )
            write_shard(part / f"heldout_{width}x{height}.npz", shard)
        part.rename(folder)
    return [read_shard(path) for path in sorted(folder.glob("heldout_*.npz"))]


def _one(kind_number: int, k: int, pixels: int) -> View:
    seed = HELD_OUT_SEED + 10_000 * kind_number + k
    ratio = float(rng_for(seed, "aspect").choice([a for a in ASPECTS if a < 2]))
    return views(seed, *size_for(ratio, pixels), 1, list(SHARES)[kind_number])[0]


def main() -> None:
    """Make the held-out views of a run, before the training or in parallel."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run-dir", type=Path, required=True)
    parser.add_argument("--per-kind", type=int, default=12)
    parser.add_argument("--pixels", type=int, default=86400)
    parser.add_argument("--workers", type=int, default=1)
    args = parser.parse_args()
    shards = held_out(args.run_dir, args.per_kind, args.pixels, args.workers)
    print(f"{sum(len(shard.rgb) for shard in shards)} held-out views in {args.run_dir / 'heldout'}")


if __name__ == "__main__":
    main()
