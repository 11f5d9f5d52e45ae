"""Scenes of known depth that benchmarks draw from."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recon.constraints import Pixel
from recon.depth_map.read import read_depth
from recon.types import Intrinsics

_LEAST_VALID = 0.3


@dataclass(frozen=True)
class Truth:
    """One photo's true depth, and its camera."""

    z_m: NDArray[np.float32]
    valid: NDArray[np.bool_]
    camera: Intrinsics

    def point(self, pixel_px: Pixel) -> NDArray[np.float64]:
        """(3,) what a pixel shows, m, cam frame."""
        x, y = pixel_px
        k, z = self.camera, float(self.z_m[int(y), int(x)])
        return np.array([(x - k.cx) / k.fx * z, (y - k.cy) / k.fy * z, z])


def truths_of(folder: Path, *, longest_px: int | None = None) -> list[Truth]:
    """The measured depth maps of a manifest, on their own grids; without those of single points (LiDAR lines).

    Args:
        folder: Holds ``pairs.json`` (docs/evaluation.md).
        longest_px: Of larger maps every nth pixel is taken, so that the longer side is at most about this.
    """
    manifest = json.loads((folder / "pairs.json").read_text())
    truths = []
    for pair in manifest.values():
        depth = read_depth(folder / pair["depth"], 1 / pair["depth_units_per_metre"])
        if depth.valid.mean() < _LEAST_VALID:
            continue
        n = 1 if longest_px is None else max(1, round(max(depth.z_m.shape) / longest_px))
        every = (slice(n // 2, None, n), slice(n // 2, None, n))
        z_m, valid = np.ascontiguousarray(depth.z_m[every]), np.ascontiguousarray(depth.valid[every])
        height, width = z_m.shape
        known = pair.get("K_fx_fy_cx_cy")
        camera = Intrinsics.default(width=width, height=height)
        if known is not None:
            with Image.open(folder / pair["rgb"]) as photo:
                fx, fy, cx, cy = known
                full = Intrinsics(fx, fy, cx, cy, *pair.get("width_height", (photo.width, photo.height)))
            camera = full.resized(width=width, height=height)
        truths.append(Truth(z_m, valid, camera))
    return truths
