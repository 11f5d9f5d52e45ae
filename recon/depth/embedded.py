"""Depth that the photo's own file carries, in the place of a network: portrait modes of phones write it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.depth.estimator import Estimator, ModelCard, RunOptions
from recon.depth.measured import PLAUSIBLE_MEDIAN_M, resize_depth, resize_inverse
from recon.depth.names import CARRIED
from recon.errors import ModelUnavailable
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


@dataclass
class CarriedByPhoto:
    """The depth that the file of each photo carries; metric or relative as that file says."""

    bound: Photo | None = None
    """The photo that ``gives`` speaks of; None: each photo's file decides, and relative depth is told only then."""
    name: str = CARRIED

    @property
    def gives(self) -> DepthKind:
        """As the file of the bound photo says."""
        return "metric" if self.bound is None else carried_by(self.bound).gives

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        """Decodes the depth and brings it to the photo's grid.

        Args:
            photo: A photo with depth.
            focal_px: Used only where the file tells distances along the rays.
            journal: Gets what was read, and doubts.

        Raises:
            ModelUnavailable: The photo carries no depth that is understood.
            PhotoError: Its depth is damaged.
        """
        carried = carried_by(photo)
        depth = carried.read()
        used_px = None
        if carried.along_ray:
            depth, used_px = _along_axis(depth, photo, focal_px, journal)
        details: dict[str, Any] = {
            "standard": carried.standard,
            "stored_width": carried.width,
            "stored_height": carried.height,
            "gives": carried.gives,
            **carried.details,
        }
        journal.decide("depth", f"Depth that the photo carries: {carried.summary}.", **details)
        size = {"width": photo.width, "height": photo.height}
        if isinstance(depth, MetricDepth):
            _doubt(depth, journal)
            depth = MetricDepth(*resize_depth(depth.z_m, depth.valid, **size))
        else:
            depth = RelativeDepth(*resize_inverse(depth.inverse, depth.valid, **size))
        return DepthEstimate(depth=depth, model=self.name, focal_used_px=used_px, details=details)


def carried_by(photo: Photo) -> CarriedDepth:
    """The depth that a photo's file carries.

    Raises:
        ModelUnavailable: None that is understood; the message says what would be.
    """
    if photo.carried is None:
        why = next(
            (f" {note}" for note in photo.warnings if note.startswith("The depth inside the file")), ""
        )
        raise ModelUnavailable(
            f"{photo.name or 'The photo'} carries no depth that can be used.{why} Understood are {UNDERSTOOD}, as "
            "the camera wrote them: apps that edit or send photos mostly drop them. Choose another --model, or "
            "give --depth FILE."
        )
    return photo.carried


def _doubt(depth: MetricDepth, journal: Journal) -> None:
    median_m = float(np.median(depth.z_m[depth.valid]))
    low_m, high_m = PLAUSIBLE_MEDIAN_M
    if not low_m <= median_m <= high_m:
        journal.warn(
            "depth",
            f"The median of the depth that the photo carries is {median_m:.3g} m: the file's unit may be wrong.",
            median_m=median_m,
        )


def _along_axis(
    depth: MetricDepth | RelativeDepth, photo: Photo, focal_px: float | None, journal: Journal
) -> tuple[MetricDepth | RelativeDepth, float]:
    """Distances along the rays to depth: z = d / |(x, y, 1)| of the ray through the pixel's centre.

    Returns:
        The depth, and the focal length that was used, px of the photo.
    """
    camera = photo.intrinsics
    if focal_px is not None:
        camera = Intrinsics.from_focal(focal_px, width=photo.width, height=photo.height, source="user")
    if camera is None:
        journal.warn(
            "depth",
            "The photo's depth is told along the rays, and the focal length is not known: a field of view of "
            f"{DEFAULT_FOV_DEG:g}° along the longer side was assumed; give --focal-35mm, --focal-px or --fov.",
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
        summary="the depth inside the photo's own file (phones' portrait modes); metric or relative as the file says",
        create=_create,
        licence="that of the photo",
    ),
)
