"""The estimator ``photo``: depth maps embedded in photo files, as phones write them for portrait photos."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.depth.estimator import Estimator, ModelCard, RunOptions
from recon.depth.measured import PLAUSIBLE_MEDIAN_M
from recon.depth.photo_grid import depth_on_photo, inverse_on_photo
from recon.errors import ModelUnavailable
from recon.estimator_names import CARRIED
from recon.journal import Journal
from recon.photo.embedded_depth.find import UNDERSTOOD
from recon.types import (
    DEFAULT_FOV_DEG,
    CarriedDepth,
    DepthEstimate,
    DepthKind,
    Intrinsics,
    MetricDepth,
    Photo,
    RelativeDepth,
)
from recon.units import significant


@dataclass
class CarriedByPhoto:
    """Reads the depth map embedded in the photo file, metric or relative."""

    bound: Photo | None = None
    """The photo that ``gives`` describes. None: each photo may differ, and ``gives`` is assumed metric."""
    name: str = CARRIED

    @property
    def gives(self) -> DepthKind:
        """The kind of depth in the bound photo."""
        return "metric" if self.bound is None else carried_by(self.bound).gives

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        """Decodes the depth map and resamples it to the photo's grid.

        Args:
            photo: A photo with an embedded depth map.
            focal_px: Used only if the file stores distances along the rays.
            journal: Receives a description and warnings.

        Raises:
            ModelUnavailable: The photo has no supported depth map.
            PhotoError: The depth map is damaged.
        """
        carried = carried_by(photo)
        depth = carried.read()
        used_px = None
        # The rays of a distorted picture are known only after it is undistorted.
        distorted = photo.original is not None
        if carried.along_ray and not distorted:
            depth, used_px = _along_axis(depth, photo, focal_px, journal)
        details: dict[str, Any] = {
            "standard": carried.standard,
            "stored_width": carried.width,
            "stored_height": carried.height,
            "gives": carried.gives,
            **carried.details,
        }
        journal.decide("depth", f"Depth map embedded in the photo: {carried.summary}.", **details)
        if isinstance(depth, MetricDepth):
            _doubt(depth, journal)
            depth = MetricDepth(*depth_on_photo(depth.z_m, depth.valid, photo))
        else:
            depth = RelativeDepth(*inverse_on_photo(depth.inverse, depth.valid, photo))
        if carried.along_ray and distorted:
            depth, used_px = _along_axis(depth, photo, focal_px, journal)
        return DepthEstimate(depth=depth, model=self.name, focal_used_px=used_px, details=details)


def carried_by(photo: Photo) -> CarriedDepth:
    """The depth map embedded in a photo file.

    Raises:
        ModelUnavailable: There is no supported depth map.
    """
    if photo.carried is None:
        why = next(
            (f" {note}" for note in photo.warnings if note.startswith("The depth map in the file")), ""
        )
        raise ModelUnavailable(
            f"{photo.name or 'The photo'} contains no usable depth map.{why} Supported are {UNDERSTOOD}, in original "
            "camera files: apps that edit or send photos usually remove them. Use another --model, or --depth FILE."
        )
    return photo.carried


def _doubt(depth: MetricDepth, journal: Journal) -> None:
    median_m = float(np.median(depth.z_m[depth.valid]))
    low_m, high_m = PLAUSIBLE_MEDIAN_M
    if not low_m <= median_m <= high_m:
        journal.warn(
            "depth",
            f"The median depth embedded in the photo is {significant(median_m, 3)} m; the unit in the file may be "
            "wrong.",
            median_m=median_m,
        )


def _along_axis(
    depth: MetricDepth | RelativeDepth, photo: Photo, focal_px: float | None, journal: Journal
) -> tuple[MetricDepth | RelativeDepth, float]:
    """Converts distances along the rays to depth: z = d / |(x, y, 1)| for the ray through the pixel centre.

    Returns:
        The depth, and the focal length used, px of the photo.
    """
    camera = photo.intrinsics
    if focal_px is not None and photo.original is None:
        camera = Intrinsics.from_focal(focal_px, width=photo.width, height=photo.height, source="user")
    if camera is None:
        journal.warn(
            "depth",
            "The photo's depth is measured along the rays, and the focal length is unknown: a field of view of "
            f"{DEFAULT_FOV_DEG:g}° along the longer side is assumed; use --focal-35mm, --focal-px or --fov.",
        )
        camera = Intrinsics.default(width=photo.width, height=photo.height)
    height, width = depth.valid.shape
    small = camera.resized(width=width, height=height)
    x = (np.arange(width) + 0.5 - small.cx) / small.fx
    y = (np.arange(height) + 0.5 - small.cy) / small.fy
    lengths: NDArray[np.float32] = np.sqrt(1 + x[None, :] ** 2 + y[:, None] ** 2).astype(np.float32)
    if isinstance(depth, MetricDepth):
        return MetricDepth(depth.z_m / lengths, depth.valid), camera.fx
    return RelativeDepth(depth.inverse * lengths, depth.valid), camera.fx


def _create(run: RunOptions) -> Estimator:
    return CarriedByPhoto()


CARDS = (
    ModelCard(
        name=CARRIED,
        gives="metric",
        summary="depth map embedded in the photo file (portrait photos from phones); metric or relative",
        create=_create,
        licence="that of the photo",
    ),
)
