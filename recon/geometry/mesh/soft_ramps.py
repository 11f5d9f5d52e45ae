"""Finds the wide ramps of a network's depth: places that lead from one surface to another, and are no surface.

A network that is unsure where an outline is, as in leaves, spreads it over a dozen pixels of its own map. Between the
pixels of such a ramp nothing is cut, and seen from the side it is a streak from the foreground to the background.

A ramp is steeper than a surface that a photo shows well, and flat at both ends. A floor or a wall that recedes is
steep, too, but not flat at its near end: the inverse depth of a plane is linear.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.types import BoolMap, FloatMap

_HALF_WIDTHS = (2, 3, 5, 7)
"""Half widths of the ramps that are looked for, in cells of the network's map."""
_BEYOND = 3
"""Cells beyond each end over which its slope is measured."""
_LEAST_CHANGE = 0.3
"""Of log depth across a ramp."""
_FLAT = 0.7
"""Largest slope at the ends, as a share of that of the ramp."""
_LEAST_INCIDENCE_DEG = 78.0
"""Between the ramp and the viewing direction."""
_CELL_PX = 2
"""A network's map has a cell for this many of its pixels, in each direction."""
_DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1))

_Floats = NDArray[np.float32]


def soft_ramps(z_m: FloatMap, keep: BoolMap, focal_px: float, seen_pixels: int) -> BoolMap:
    """Finds the pixels of wide ramps.

    Args:
        z_m: (H, W) z-depth, m.
        keep: (H, W) bool: the pixels that have depth.
        focal_px: In px of this grid.
        seen_pixels: How many pixels the network saw.

    Returns:
        (H, W) bool; none if the grid is no larger than what the network saw.
    """
    height, width = keep.shape
    cell_px = _CELL_PX * (keep.size / seen_pixels) ** 0.5
    if cell_px <= _CELL_PX or not keep.any():
        return np.zeros_like(keep)
    size = (max(1, round(width / cell_px)), max(1, round(height / cell_px)))
    known = keep.astype(np.float32)
    log_z = np.where(keep, np.log(np.where(keep, z_m, 1)), 0).astype(np.float32)
    value, share = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (log_z, known))
    # Comparisons with NaN are false: what touches the sky is no ramp.
    cells = np.where(share > 0.5, value / np.maximum(share, np.float32(1e-6)), np.float32(np.nan))
    # The angle between a surface and the viewing direction is that of focal length times slope of log depth.
    steep = np.tan(np.radians(_LEAST_INCIDENCE_DEG)) * cell_px / focal_px
    found = _ramps(np.asarray(cells, np.float32), np.float32(steep))
    if not found.any():
        return np.zeros_like(keep)
    return keep & (cv2.resize(found.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0)


def _ramps(cells: _Floats, steepest: np.float32) -> BoolMap:
    """(h, w) the cells within a ramp that is steeper than so much log depth per cell."""
    found = np.zeros(cells.shape, np.bool_)
    for down, right in _DIRECTIONS:
        length = float(np.hypot(down, right))

        def at(cells_away: int, down: int = down, right: int = right) -> _Floats:
            return _moved(cells, cells_away * down, cells_away * right)

        steep = np.abs(at(1) - at(-1)) > 2 * length * steepest
        beyond = max(1, round(_BEYOND / length))
        for half in dict.fromkeys(max(1, round(each / length)) for each in _HALF_WIDTHS):
            allowed = np.float32(_FLAT * beyond / (2 * half))
            one = _Step(at(-half), at(half), at(-half - beyond))
            other = _Step(at(half), at(-half), at(half + beyond))
            found |= steep & one.ends_flat(allowed) & other.ends_flat(allowed)
    return found


class _Step(NamedTuple):
    """Log depth at the end of a ramp, at its other end, and beyond the end."""

    end: _Floats
    other: _Floats
    beyond: _Floats

    def ends_flat(self, allowed: np.float32) -> BoolMap:
        """Whether the change beyond the end is within a share of that of the ramp: of log depth at the far end, of
        inverse depth at the near one."""
        rise = self.end - self.other
        far = np.abs(self.beyond - self.end) < allowed * np.abs(rise)
        # If 1 / z is 1 at the end, it is exp(rise) at the other end.
        near = np.abs(np.expm1(self.end - self.beyond)) < allowed * np.abs(np.expm1(rise))
        return np.asarray((np.abs(rise) > _LEAST_CHANGE) & np.where(rise > 0, far, near))


def _moved(values: _Floats, down: int, right: int) -> _Floats:
    """The value at an offset from each cell; NaN outside."""
    height, width = values.shape
    moved = np.full_like(values, np.nan)
    to = tuple(slice(max(0, -by), min(n, n - by)) for by, n in ((down, height), (right, width)))
    of = tuple(slice(max(0, by), min(n, n + by)) for by, n in ((down, height), (right, width)))
    if abs(down) < height and abs(right) < width:
        moved[to] = values[of]
    return moved
