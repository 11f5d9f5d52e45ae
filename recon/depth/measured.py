"""Measured depth from a file in the place of a network: LiDAR, Kinect, stereo, a render."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recon.depth.names import MEASURED
from recon.depth_map.read import read_depth
from recon.errors import DepthFileError
from recon.journal import Journal
from recon.photo.same_shape import same_shape
from recon.types import BoolMap, DepthEstimate, FloatMap, MetricDepth, Photo

SAME_SURFACE_RATIO = 1.05
"""Neighbours whose depths differ by less are one surface, and what lies between them may be interpolated."""
PLAUSIBLE_MEDIAN_M = (0.05, 1000.0)
"""A median depth outside means most likely a wrong unit, m."""
_LEAST_SHARE = 0.25
"""Relative depth is resampled with its range lifted to 0.25 ... 1.25 times its width. Neighbours count as one surface
where they differ by 5 % (``SAME_SURFACE_RATIO``), so by 1.25 to 6.25 % of the range: more than the steps of 8 bits,
less than what lies between two objects; and a lift changes nothing that relative depth tells."""
_ROWS_AT_ONCE = 256


class Measured:
    """Depth read from a file that shows the same view as the photo, at any resolution."""

    name = MEASURED
    gives: Literal["metric"] = "metric"

    def __init__(self, path: Path | str, unit_m: float | None = None) -> None:
        """Takes the file's path and the metres per stored unit (None: 0.001 for integers, 1 for floats)."""
        self.path = Path(path)
        self.unit_m = unit_m

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        """Reads the file and brings it to the photo's grid; the focal length plays no part.

        Raises:
            DepthFileError: The file cannot be read, or does not fit the photo.
        """
        file = read_depth(self.path, self.unit_m)
        check_aspect(self.path, file.z_m, photo)
        stored_height, stored_width = file.z_m.shape
        z_m, valid = resize_depth(file.z_m, file.valid, width=photo.width, height=photo.height)
        details: dict[str, Any] = {
            "file": self.path.name,
            "part": file.source,
            "unit_m": file.unit_m,
            "stored_width": stored_width,
            "stored_height": stored_height,
        }
        resized = (
            "" if (stored_width, stored_height) == (photo.width, photo.height) else ", resized to the photo"
        )
        journal.decide(
            "depth",
            f"Measured depth from {self.path.name} ({file.source}, {stored_width}x{stored_height}{resized}), "
            f"{file.unit_m:g} m per unit.",
            **details,
        )
        median_m = float(np.median(file.z_m[file.valid]))
        low_m, high_m = PLAUSIBLE_MEDIAN_M
        if not low_m <= median_m <= high_m:
            journal.warn(
                "depth",
                f"The median depth is {median_m:.3g} m. If that is not so, set --depth-unit (metres per stored "
                f"unit; {file.unit_m:g} was used).",
                median_m=median_m,
            )
        return DepthEstimate(depth=MetricDepth(z_m, valid), model=self.name, details=details)


def check_aspect(path: Path, stored: NDArray[Any], photo: Photo) -> None:
    """Raises DepthFileError where a depth map of this shape cannot show the photo's view."""
    height, width = stored.shape
    if same_shape((photo.width, photo.height), (width, height)):
        return
    turned = same_shape((photo.width, photo.height), (height, width))
    hint = (
        "It seems to be turned by 90 degrees: turn it as the photo stands upright."
        if turned
        else "Crop one of them so that both show the same view."
    )
    raise DepthFileError(
        f"{path}: a depth map of {width}x{height} px cannot show the same view as a photo of "
        f"{photo.width}x{photo.height} px. {hint}"
    )


def resize_depth(z_m: FloatMap, valid: BoolMap, *, width: int, height: int) -> tuple[FloatMap, BoolMap]:
    """Resamples depth to another grid of the same view without making points that hang in the air.

    Between four known neighbours of one surface it interpolates inverse depth bilinearly (exact for planes);
    elsewhere, and so at every edge, the nearest pixel decides, also on whether the depth is known. An equal
    size is passed through untouched.

    Args:
        z_m: (h, w) float32, m.
        valid: (h, w) bool.
        width: Of the new grid, px.
        height: Of the new grid, px.
    """
    if z_m.shape == (height, width):
        return z_m, valid
    inverse = np.divide(1, z_m, out=np.zeros_like(z_m), where=valid)
    left, right, across = _neighbours(z_m.shape[1], width)
    top, bottom, down = _neighbours(z_m.shape[0], height)
    out_z, out_valid = np.empty((height, width), np.float32), np.empty((height, width), np.bool_)
    for start in range(0, height, _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        pairs = [np.ix_(row[rows], column) for row in (top, bottom) for column in (left, right)]
        corners = [inverse[pair] for pair in pairs]
        low, high = np.minimum.reduce(corners), np.maximum.reduce(corners)
        smooth = (low > 0) & (high < low * SAME_SURFACE_RATIO)
        fx, fy = across[None, :], down[rows, None]
        upper = corners[0] * (1 - fx) + corners[1] * fx
        lower = corners[2] * (1 - fx) + corners[3] * fx
        nearest = np.ix_(np.where(down < 0.5, top, bottom)[rows], np.where(across < 0.5, left, right))
        blended = upper * (1 - fy) + lower * fy
        out_z[rows] = np.where(smooth, 1 / np.where(smooth, blended, 1), z_m[nearest])
        out_valid[rows] = smooth | valid[nearest]
    return out_z, out_valid


def resize_inverse(inverse: FloatMap, valid: BoolMap, *, width: int, height: int) -> tuple[FloatMap, BoolMap]:
    """``resize_depth`` for relative inverse depth, which may be zero or less."""
    if inverse.shape == (height, width):
        return inverse, valid
    low, high = float(inverse[valid].min()), float(inverse[valid].max())
    lift = _LEAST_SHARE * ((high - low) or 1.0) - low
    lifted = np.divide(1, inverse + np.float32(lift), out=np.zeros_like(inverse), where=valid)
    resized, known = resize_depth(lifted, valid, width=width, height=height)
    out = np.divide(1, resized, out=np.zeros_like(resized), where=known)
    return np.where(known, out - np.float32(lift), np.float32(0)), known


def _neighbours(stored: int, wanted: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Indices of the two stored pixels around each wanted pixel's centre, and the weight of the second."""
    at = (np.arange(wanted) + 0.5) * (stored / wanted) - 0.5
    at = np.clip(at, 0, stored - 1)
    first = np.floor(at).astype(np.intp)
    second = np.minimum(first + 1, stored - 1)
    return first, second, (at - first).astype(np.float32)
