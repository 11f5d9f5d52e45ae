"""Measured depth from a file instead of a network: LiDAR, Kinect, stereo, a rendering."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recon.depth.inverse_or_metres import sign_of_inverse
from recon.depth_map.read import read_depth, read_stored
from recon.errors import DepthFileError
from recon.estimator_names import MEASURED
from recon.journal import Journal
from recon.photo.orientation import same_shape
from recon.types import BoolMap, DepthEstimate, FloatMap, MetricDepth, Photo
from recon.units import significant

SAME_SURFACE_RATIO = 1.05
"""Neighbours with a smaller depth ratio are on one surface and may be interpolated."""
PLAUSIBLE_MEDIAN_M = (0.05, 1000.0)
"""A median depth outside this range probably means a wrong unit, m."""
_LEAST_SHARE = 0.25
"""For resampling, relative depth is shifted so that its range is 0.25 to 1.25 times its width (a shift does not
change the information in relative depth). A difference of 5 % (``SAME_SURFACE_RATIO``) is then 1.25 to 6.25 % of the
range: more than an 8-bit step, less than the gap between two objects."""
_ROWS_AT_ONCE = 256


class Measured:
    """Reads depth from a file that shows the same view as the photo, at any resolution."""

    name = MEASURED
    gives: Literal["metric"] = "metric"

    def __init__(self, path: Path | str, unit_m: float | None = None) -> None:
        """Takes the path of the file and the metres per stored unit (None: 0.001 for integers, 1 for floats)."""
        self.path = Path(path)
        self.unit_m = unit_m

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        """Reads the file and resamples it to the photo's grid; ignores the focal length.

        Raises:
            DepthFileError: The file cannot be read, or does not match the photo.
        """
        if self.unit_m is None:
            _ask_if_inverse(self.path)
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
                f"The median depth is {significant(median_m, 3)} m. If this is wrong, set --depth-unit (metres per "
                f"stored unit; {file.unit_m:g} was used).",
                median_m=median_m,
            )
        return DepthEstimate(depth=MetricDepth(z_m, valid), model=self.name, details=details)


def _ask_if_inverse(path: Path) -> None:
    stored, _, source = read_stored(path)
    sign = sign_of_inverse(path, source, stored)
    if sign is not None:
        raise DepthFileError(
            f"{path}: is this relative inverse depth, as Depth Anything and MiDaS write it ({sign})? Then give it "
            "with --relative-depth; if it is measured depth, give --depth-unit (1 for metres, 0.001 for millimetres)."
        )


def check_aspect(path: Path, stored: NDArray[Any], photo: Photo) -> None:
    """Raises DepthFileError if a depth map of this shape cannot show the photo's view."""
    height, width = stored.shape
    if same_shape((photo.width, photo.height), (width, height)):
        return
    turned = same_shape((photo.width, photo.height), (height, width))
    hint = (
        "It seems to be rotated by 90 degrees; rotate it to match the upright photo."
        if turned
        else "Crop one of them so that both show the same view."
    )
    raise DepthFileError(
        f"{path}: the aspect ratio of the depth map ({width}x{height} px) differs from that of the photo "
        f"({photo.width}x{photo.height} px). {hint}"
    )


def resize_depth(z_m: FloatMap, valid: BoolMap, *, width: int, height: int) -> tuple[FloatMap, BoolMap]:
    """Resamples depth to another grid of the same view without creating flying pixels.

    Interpolates inverse depth bilinearly between four valid neighbours on one surface (exact for planes). Elsewhere,
    and so at every depth edge, takes depth and validity from the nearest pixel. Returns the input if the size is
    equal.

    Args:
        z_m: (h, w) float32, m.
        valid: (h, w) bool.
        width: Width of the new grid, px.
        height: Height of the new grid, px.
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
    """``resize_depth`` for relative inverse depth, which may be zero or negative."""
    if inverse.shape == (height, width):
        return inverse, valid
    low, high = float(inverse[valid].min()), float(inverse[valid].max())
    lift = _LEAST_SHARE * ((high - low) or 1.0) - low
    lifted = np.divide(1, inverse + np.float32(lift), out=np.zeros_like(inverse), where=valid)
    resized, known = resize_depth(lifted, valid, width=width, height=height)
    out = np.divide(1, resized, out=np.zeros_like(resized), where=known)
    return np.where(known, out - np.float32(lift), np.float32(0)), known


def _neighbours(stored: int, wanted: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Indices of the two stored pixels around the centre of each output pixel, and the weight of the second."""
    at = (np.arange(wanted) + 0.5) * (stored / wanted) - 0.5
    at = np.clip(at, 0, stored - 1)
    first = np.floor(at).astype(np.intp)
    second = np.minimum(first + 1, stored - 1)
    return first, second, (at - first).astype(np.float32)
