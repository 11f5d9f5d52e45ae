"""Shards of rendered views on disk, and the pool that the trainer draws batches from.

A shard is one .npz of views of one size: `rgb` (N, H, W, 3) uint8, `z_m` (N, H, W) float16 (inf: sky),
`focal_over_width` (N,) float32, `kind` (N,) text. Written whole or not at all; the oldest give way.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

# aspect (width / height) and its share; strips as wide as a car's camera are streets only
ASPECTS: dict[float, float] = {4 / 3: 0.5, 3 / 4: 0.22, 16 / 9: 0.12, 1.0: 0.06, 3.3: 0.10}


def size_for(aspect: float, pixels: int, multiple: int = 4) -> tuple[int, int]:
    """Return (width, height) of about `pixels` pixels, each a multiple of `multiple`; `aspect` is width / height.

    The network has the same rule of its own: a machine that only generates has no torch.
    """
    width = max(multiple, round((pixels * aspect) ** 0.5 / multiple) * multiple)
    height = max(multiple, round((pixels / aspect) ** 0.5 / multiple) * multiple)
    return width, height


@dataclass(frozen=True)
class Shard:
    """The arrays of one shard."""

    rgb: NDArray[np.uint8]
    z_m: NDArray[np.float16]
    focal_over_width: NDArray[np.float32]
    kind: NDArray[np.str_]


def write_shard(path: Path, shard: Shard) -> None:
    """Write a shard atomically."""
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(file, **vars(shard))
    os.replace(part, path)


def read_shard(path: Path) -> Shard:
    """Read a shard; raises ValueError where the file is not one."""
    try:
        with np.load(path) as data:
            return Shard(data["rgb"], data["z_m"], data["focal_over_width"], data["kind"])
    except (KeyError, EOFError, BadZipFile) as error:
        raise ValueError(f"{path.name} is not a shard: {error}") from error


def shard_paths(folder: Path) -> list[Path]:
    """Return the shards, oldest first."""
    return sorted(folder.glob("shard_*.npz"), key=lambda p: (p.stat().st_mtime_ns, p.name))


def trim(folder: Path, limit_bytes: int) -> None:
    """Delete the oldest shards until the folder holds at most `limit_bytes`."""
    paths = shard_paths(folder)
    total = sum(p.stat().st_size for p in paths)
    for path in paths:
        if total <= limit_bytes:
            return
        total -= path.stat().st_size
        path.unlink()


class ShardPool:
    """Some shards in memory; each `refresh` exchanges one, so that batches mix views of many shards."""

    def __init__(self, folder: Path, rng: np.random.Generator, limit: int = 40) -> None:
        self._folder, self._rng, self._limit = folder, rng, limit
        self._shards: dict[str, Shard] = {}

    def __len__(self) -> int:
        return len(self._shards)

    def refresh(self) -> None:
        """Load one more shard (half of the time of the newest ones) and drop the one held longest."""
        paths = [p for p in shard_paths(self._folder) if p.name not in self._shards]
        if not paths:
            return
        recent = paths[-max(1, len(paths) // 8) :] if self._rng.random() < 0.5 else paths
        path = recent[int(self._rng.integers(len(recent)))]
        try:
            self._shards[path.name] = read_shard(path)
        except FileNotFoundError:  # trimmed by the generator meanwhile
            return
        while len(self._shards) > self._limit:
            del self._shards[next(iter(self._shards))]

    def draw(self, count: int) -> list[tuple[NDArray[np.uint8], NDArray[np.float16], float]]:
        """Return `count` random views (rgb, z_m, f / W) of one size; raises LookupError on an empty pool."""
        if not self._shards:
            raise LookupError(f"no shards in {self._folder}: run the generator first")
        shards = list(self._shards.values())
        shape = shards[int(self._rng.integers(len(shards)))].rgb.shape[1:3]
        same = [s for s in shards if s.rgb.shape[1:3] == shape]
        drawn = []
        for _ in range(count):
            shard = same[int(self._rng.integers(len(same)))]
            k = int(self._rng.integers(len(shard.rgb)))
            drawn.append((shard.rgb[k], shard.z_m[k], float(shard.focal_over_width[k])))
        return drawn
