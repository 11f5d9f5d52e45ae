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

    The network implements the same rule separately, because a machine that only generates has no torch.
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
