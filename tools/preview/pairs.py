"""Real photos with measured depth, for measuring only: never for training or for choosing a checkpoint."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

_FARTHEST_M = 80.0


@dataclass(frozen=True)
class Pair:
    """`rgb` (H, W, 3) uint8, `depth_m` (H, W) float32 with 0 where unknown, f / W or None, "indoor" or "outdoor"."""

    name: str
    rgb: NDArray[np.uint8]
    depth_m: NDArray[np.float32]
    focal_over_width: float | None
    place: str

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Where the truth is known and not beyond the range of the sensors."""
        return (self.depth_m > 0.1) & (self.depth_m < _FARTHEST_M)


def read_pairs(folder: Path, longest: int = 512) -> list[Pair]:
    """Read all pairs that `pairs.json` names, reduced to `longest` px; raises FileNotFoundError without it."""
    found = []
    for name, entry in json.loads((folder / "pairs.json").read_text()).items():
        bgr = cv2.imread(str(folder / entry["rgb"]), cv2.IMREAD_COLOR)
        stored = cv2.imread(str(folder / entry["depth"]), cv2.IMREAD_UNCHANGED)
        if bgr is None or stored is None:
            raise FileNotFoundError(f"{folder}: the photo or depth of {name} cannot be read")
        k = entry.get("K_fx_fy_cx_cy")
        focal = float(k[0]) / bgr.shape[1] if k else None
        scale = min(1.0, longest / max(bgr.shape[:2]))
        size = (round(bgr.shape[1] * scale), round(bgr.shape[0] * scale))
        rgb = cv2.resize(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), size, interpolation=cv2.INTER_AREA)
        depth = _shrink(stored.astype(np.float32) / float(entry["depth_units_per_metre"]), size)
        found.append(Pair(name, np.asarray(rgb, np.uint8), depth, focal, entry["scene"]))
    return found


def _shrink(depth: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Take the pixel in the middle of each cell: depths of two surfaces are not mixed, gaps stay gaps."""
    return np.asarray(cv2.resize(depth, size, interpolation=cv2.INTER_NEAREST_EXACT), np.float32)
