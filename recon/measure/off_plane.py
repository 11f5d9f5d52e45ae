"""Checks with the depth of a scene whether positions lie in the plane of a rectangle."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recon.calibration.error_models import assumed_error_model
from recon.constraints import Pixel, Rectangle
from recon.measure.assemble import inputs_of
from recon.measure.error_budget import Assumptions, budget_of
from recon.measure.fit_plane import inside, planes_of, support
from recon.measure.measurement import MeasurementError
from recon.measure.picked_point import point_at, show
from recon.measure.propagate import Output, propagate
from recon.scene import Scene
from recon.units import significant

Array = NDArray[np.float64]

_SIGMAS = 3.0
_TOLERANCE = 0.02
"""Relative difference in depth that is always accepted, however accurate the depth is."""
_ROUGH = 0.25
"""Depth whose smallest detectable relative difference is larger than this is too rough for the check."""
_LIKELY_SIGMAS = 2.0
"""With rough depth, a deviation of more than so many standard deviations is reported as probable."""


def off_plane(
    scene: Scene, rectangle: Rectangle, pixels_px: Sequence[Pixel], assume: Assumptions | None = None
) -> list[str]:
    """Returns a warning for each position that, by the scene's depth, is not in the plane of a rectangle.

    The plane is fitted to the depth inside the rectangle; its given size is not used. A warning is returned if the
    position deviates from the plane by more than three standard deviations of both depths; if these are so large
    that most deviations would be missed, by more than two, and one warning says that the depth is too rough for the
    check.

    Args:
        scene: The scene.
        rectangle: Only its corners are used.
        pixels_px: The positions.
        assume: Assumptions about the errors.
    """
    assume = assume or Assumptions()
    size = {"width": scene.photo.width, "height": scene.photo.height}
    try:
        rows, cols = inside(rectangle.corners_px, **size)
        flat = support(scene, rows, cols, "the rectangle")
    except MeasurementError as error:
        return [f"{error}; so whether the positions lie in its plane was not checked"]
    budget = budget_of(scene, assume)
    warnings, roughest = [], 0.0
    for pixel in pixels_px:
        try:
            point = point_at(scene, pixel, pixel_sigma_px=assume.pixel_sigma_px)
        except MeasurementError as error:
            warnings.append(f"{error}; so whether it lies in the plane of the rectangle was not checked")
            continue
        inputs = inputs_of(scene, [point], flat)
        off = propagate(inputs, _log_off, [Output("length", "signed")], budget).intervals[0]
        sigma = off.sigma
        if sigma is None:
            sigma = assumed_error_model(scene.provenance.model_name or "").spread * 2**0.5
        detectable = max(_SIGMAS * sigma, _TOLERANCE)
        sure, rough = abs(off.value) > detectable, detectable > _ROUGH
        if sure or (rough and abs(off.value) > _LIKELY_SIGMAS * sigma):
            warnings.append(
                f"{show(pixel)} {'does' if sure else 'probably does'} not lie in the plane of the rectangle: the "
                f"scene's depth there is {significant(point.z_m, 3)} m, the plane's "
                f"{significant(point.z_m / np.exp(off.value), 3)} m; measurements from it are "
                f"{'wrong' if sure else 'then wrong'}"
            )
        if rough and not sure:
            roughest = max(roughest, detectable)
    if roughest:
        source = scene.provenance.model_name or "the scene"
        warnings.append(
            f"the depth of {source} is too rough to check the plane of the rectangle (a position is surely off it "
            f"only from {100 * np.expm1(roughest):.0f} % on): the result holds only if all its positions lie in that "
            "plane"
        )
    return warnings


def _log_off(at: Array) -> Array:
    """(B, 1) logarithm of the ratio of the first point's depth to that of the plane through the others."""
    planes = planes_of(at[:, 1:])
    return np.log(np.maximum((planes * at[:, 0]).sum(axis=1, keepdims=True), 1e-9))
