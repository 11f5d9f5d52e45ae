"""Measured depth from a file instead of a network: LiDAR, Kinect, stereo, a rendering."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recon.depth.inverse_or_metres import sign_of_inverse
from recon.depth.photo_grid import depth_on_photo, taken_size
from recon.depth_map.read import read_depth, read_stored
from recon.errors import DepthFileError
from recon.estimator_names import MEASURED
from recon.journal import Journal
from recon.photo.orientation import same_shape
from recon.types import DepthEstimate, MetricDepth, Photo
from recon.units import significant

PLAUSIBLE_MEDIAN_M = (0.05, 1000.0)
"""A median depth outside this range probably means a wrong unit, m."""


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
        z_m, valid = depth_on_photo(file.z_m, file.valid, photo)
        details: dict[str, Any] = {
            "file": self.path.name,
            "part": file.source,
            "unit_m": file.unit_m,
            "stored_width": stored_width,
            "stored_height": stored_height,
        }
        resized = "" if (stored_width, stored_height) == taken_size(photo) else ", resized to the photo"
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
    taken = taken_size(photo)
    if same_shape(taken, (width, height)):
        return
    turned = same_shape(taken, (height, width))
    hint = (
        "It seems to be rotated by 90 degrees; rotate it to match the upright photo."
        if turned
        else "Crop one of them so that both show the same view."
    )
    raise DepthFileError(
        f"{path}: the aspect ratio of the depth map ({width}x{height} px) differs from that of the photo "
        f"({taken[0]}x{taken[1]} px). {hint}"
    )
