"""The direction of gravity in a scene, and the pixels of its floor."""

import numpy as np
from numpy.typing import NDArray

from recon.geometry.gravity import Levelling
from recon.geometry.unproject import pixel_centres
from recon.measure.fit_plane import LEAST_PIXELS, Support, support
from recon.measure.measurement import MeasurementError
from recon.measure.picked_point import usable
from recon.scene import Scene

Array = NDArray[np.float64]

_BAND = 0.04
"""Tolerance for candidates of floor pixels, as a fraction of the camera height; the plane fit then selects among
them."""
_MAX_PIXELS = 60_000


def trusted_up(scene: Scene) -> Array | None:
    """(3,) unit vector against gravity, cam frame; None if the estimate is not reliable."""
    levelling = scene.gravity
    return np.array(levelling.up_cam) if levelling.trusted else None


def floor_support(scene: Scene) -> tuple[Support, Levelling]:
    """Pixels of the lowest visible horizontal surface.

    Raises:
        MeasurementError: Gravity could not be estimated, or no floor is visible, or the depth bends it.
    """
    levelling = scene.gravity
    if not levelling.trusted:
        raise MeasurementError(
            "a height cannot be measured: gravity could not be estimated from floor and walls (confidence "
            f"{levelling.confidence:.2f}); measure a distance between two points instead"
        )
    if levelling.camera_height_m is None:
        raise MeasurementError("a height cannot be measured: the photo shows no floor")
    height, width = scene.depth.z_m.shape
    every = max(1, round((height * width / _MAX_PIXELS) ** 0.5))
    camera, step = scene.intrinsics, slice(None, None, every)
    x = (pixel_centres(width, every) - camera.cx) / camera.fx
    y = (pixel_centres(height, every) - camera.cy) / camera.fy
    up = levelling.up_cam
    below_m = -(up[0] * x[None, :] + up[1] * y[:, None] + up[2]) * scene.depth.z_m[step, step]
    on = usable(scene, step, step) & (np.abs(below_m / levelling.camera_height_m - 1) < _BAND)
    rows, cols = np.nonzero(on)
    if len(rows) < LEAST_PIXELS:
        raise MeasurementError(
            "a height cannot be measured: the floor is not flat and level in the estimated depth; measure a distance "
            "between two points instead"
        )
    return support(scene, rows * every, cols * every, "the floor"), levelling
