"""A closed relief for 3D printing: heights over a rectangle, with walls and a flat back. Lengths in millimetres.

The relief lies on its back: x right, y towards the photo's top edge, z up, with a corner of the back at the origin.
"""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.errors import ExportError
from recon.geometry.nearest import from_nearest
from recon.types import BoolMap, FloatMap

Curve = Literal["log", "inverse", "linear"]
_SPACING_MM = 0.2
"""Distance of vertices: half the width of the usual nozzle."""
_ENDS = 0.5, 99.5
"""Percentiles of depth at the highest and the lowest place of the relief."""


@dataclass(frozen=True, eq=False)
class Solid:
    """A closed surface, whose triangles are counter-clockwise as seen from outside."""

    vertices_mm: NDArray[np.float32]
    """(V, 3)."""
    faces: NDArray[np.int32]
    """(F, 3)."""


def heights_from_depth(z_m: FloatMap, keep: BoolMap, sky: BoolMap | None, curve: Curve) -> FloatMap:
    """Heights of a relief, 1 for the nearest depth and 0 for the farthest.

    ``log``: equal ratios of depth get equal heights. ``inverse``: heights are proportional to parallax, so that near
    objects take most of the relief. ``linear``: all proportions along the view are kept.

    Args:
        z_m: (H, W) m.
        keep: (H, W) where depth is known; elsewhere, that of the nearest pixel with depth is taken.
        sky: (H, W) at the farthest depth; None: there is none.
        curve: How depth is compressed.

    Raises:
        ExportError: No depth is known.
    """
    if not keep.any():
        raise ExportError("there is no depth to make a relief of; try a larger --max-depth")
    scale = {"log": lambda z: -np.log(z), "inverse": lambda z: 1 / z, "linear": lambda z: -z}[curve]
    values = scale(from_nearest(z_m, keep).astype(np.float64))
    low, high = scale(np.percentile(z_m[keep], _ENDS[::-1]))
    heights = np.clip((values - low) / max(high - low, 1e-12), 0, 1)
    if sky is not None:
        heights[sky] = 0
    return heights.astype(np.float32)


def heights_from_light(rgb: NDArray[np.uint8]) -> FloatMap:
    """Heights of a lithophane, (H, W): 1 where a photo (H, W, 3) is black, 0 where it is white."""
    return (1 - cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY) / 255).astype(np.float32)


def solid(heights: FloatMap, *, width_mm: float, relief_mm: float, base_mm: float) -> Solid:
    """The closed relief.

    Args:
        heights: (H, W), 0 to 1.
        width_mm: Width; the other side follows from the shape of the heights.
        relief_mm: Height of 1 above that of 0.
        base_mm: Thickness where the height is 0.
    """
    columns = max(2, min(heights.shape[1], round(width_mm / _SPACING_MM) + 1))
    rows = max(2, round(columns * heights.shape[0] / heights.shape[1]))
    grid = cv2.resize(heights, (columns, rows), interpolation=cv2.INTER_AREA)
    height_mm = width_mm * heights.shape[0] / heights.shape[1]
    x, y = np.meshgrid(np.linspace(0, width_mm, columns), np.linspace(height_mm, 0, rows))
    top = np.stack([x, y, base_mm + relief_mm * grid], axis=2).reshape(-1, 3)
    index = np.arange(rows * columns).reshape(rows, columns)
    # Counter-clockwise from above: down the left side, along the lower one, up the right side, and back.
    border = np.concatenate([index[:-1, 0], index[-1, :-1], index[:0:-1, -1], index[0, :0:-1]])
    back = top[border] * (1, 1, 0)
    middle = np.array([[width_mm / 2, height_mm / 2, 0]])
    first = len(top)
    below = first + np.arange(len(border))
    ahead, below_ahead = np.roll(border, -1), np.roll(below, -1)
    a, b, c, d = (
        each.reshape(-1) for each in (index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:])
    )
    centre = np.full(len(border), first + len(border))
    parts = [
        (a, b, c),
        (a, c, d),
        (border, below, below_ahead),
        (border, below_ahead, ahead),
        (centre, below_ahead, below),
    ]
    faces = np.concatenate([np.stack(part, axis=1) for part in parts])
    return Solid(np.concatenate([top, back, middle]).astype(np.float32), faces.astype(np.int32))
