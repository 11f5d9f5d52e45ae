"""Whether positions lie in the plane of a rectangle, by the depth of a scene."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recon.calibration.error_model import assumed_error_model
from recon.constraints import Pixel, Rectangle
from recon.measure.assemble import inputs_of
from recon.measure.error_budget import Assumptions, budget_of
from recon.measure.fit_plane import inside, planes_of, support
from recon.measure.measurement import MeasurementError
from recon.measure.picked_point import point_at, show
from recon.measure.propagate import Output, propagate
from recon.scene import Scene

Array = NDArray[np.float64]

_SURE = 3.0
_LEAST_OFF = 0.02
"""Relative difference in depth below which a position may lie in the plane, however exact the depth is."""


def off_plane(
    scene: Scene, rectangle: Rectangle, pixels_px: Sequence[Pixel], assume: Assumptions | None = None
) -> list[str]:
    """A sentence for each position that does not lie in the plane of a rectangle, as the scene's depth shows it.

    The plane is that through the depth inside of the rectangle; its size plays no part. A position is named where it
    is off by over three standard deviations of what its depth and the plane may be wrong.

    Args:
        scene: The scene.
        rectangle: Its corners.
        pixels_px: The positions.
        assume: What is said about the errors.
    """
    assume = assume or Assumptions()
    size = {"width": scene.photo.width, "height": scene.photo.height}
    try:
        rows, cols = inside(rectangle.corners_px, **size)
        flat = support(scene, rows, cols, "the rectangle")
    except MeasurementError as error:
        return [f"{error}; so it was not checked whether the positions lie in its plane"]
    budget = budget_of(scene, assume)
    found = []
    for pixel in pixels_px:
        try:
            point = point_at(scene, pixel, pixel_sigma_px=assume.pixel_sigma_px)
        except MeasurementError as error:
            found.append(f"{error}; so it was not checked whether it lies in the plane of the rectangle")
            continue
        inputs = inputs_of(scene, [point], flat)
        off = propagate(inputs, _log_off, [Output("length", "signed")], budget).intervals[0]
        sigma = off.sigma
        if sigma is None:
            sigma = assumed_error_model(scene.provenance.model_name or "").spread * 2**0.5
        if abs(off.value) > max(_SURE * sigma, _LEAST_OFF):
            found.append(
                f"{show(pixel)} does not lie in the plane of the rectangle: the scene is {point.z_m:.3g} m away "
                f"there, the plane {point.z_m / np.exp(off.value):.3g} m; what is measured from it is wrong"
            )
    return found


def _log_off(at: Array) -> Array:
    """(B, 1) logarithm of the first point's depth over that of the plane through the others."""
    planes = planes_of(at[:, 1:])
    return np.log(np.maximum((planes * at[:, 0]).sum(axis=1, keepdims=True), 1e-9))
