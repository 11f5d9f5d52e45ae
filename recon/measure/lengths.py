"""Distances, polylines and angles between picked points."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.measure.assemble import Description, inputs_of, measured
from recon.measure.error_budget import Assumptions, Budget, budget_of
from recon.measure.floor import trusted_up
from recon.measure.given_length import with_given
from recon.measure.measurement import Measurement, MeasurementError
from recon.measure.picked_point import Pixel, SurfacePoint, point_at, show
from recon.measure.propagate import Output
from recon.measure.quantities import angle_at_middle, polyline_lengths
from recon.scene import Scene

Array = NDArray[np.float64]

_LENGTH, _ANGLE, _SIGNED = Output("length"), Output("angle"), Output("length", "signed")
VERTICAL = "the error of the vertical, estimated from floor and walls"


def distance(scene: Scene, a_px: Pixel, b_px: Pixel, assume: Assumptions | None = None) -> Measurement:
    """Straight distance between the points at two pixels, m, with a 95 % interval.

    If gravity can be estimated, ``parts`` contains ``horizontal`` and ``vertical`` (positive if the second point is
    higher). ``details`` contains the two points. Of a length that the scene was calibrated with, ``given_m`` is what
    was given, and the value is what the scene measures.

    Args:
        scene: The scene.
        a_px: (x, y) px, the centre of the top-left pixel at (0.5, 0.5).
        b_px: The other end.
        assume: Assumptions about the errors; None for a picking error of 0.5 px and the depth's error model.

    Raises:
        MeasurementError: A position is outside the photo or has no depth, or both are the same.
    """
    budget, points = _picked(scene, [a_px, b_px], assume)
    up = trusted_up(scene)

    def quantity(at: Array) -> Array:
        between = at[:, 1] - at[:, 0]
        length = np.linalg.norm(between, axis=-1)
        if up is None:
            return length[:, None]
        vertical = between @ up
        horizontal = np.linalg.norm(between - vertical[:, None] * up, axis=-1)
        return np.stack([length, horizontal, vertical], axis=1)

    outputs, parts = [_LENGTH], []
    if up is not None:
        outputs, parts = [_LENGTH, _LENGTH, _SIGNED], ["horizontal", "vertical"]
    description = _description("distance", points, scene, parts)
    measurement, _ = measured(inputs_of(scene, points), quantity, outputs, budget, description)
    return with_given(measurement, scene)


def polyline(scene: Scene, pixels_px: Sequence[Pixel], assume: Assumptions | None = None) -> Measurement:
    """Length of the segments between consecutive points, m; ``parts``: ``segment 1``, ``segment 2``, ...

    Args:
        scene: The scene.
        pixels_px: At least two positions, px.
        assume: As for ``distance``.

    Raises:
        MeasurementError: As for ``distance``; also for fewer than two positions.
    """
    if len(pixels_px) < 2:
        raise MeasurementError(f"a polyline needs at least two positions, got {len(pixels_px)}")
    budget, points = _picked(scene, pixels_px, assume)

    parts = [f"segment {k}" for k in range(1, len(points))]
    description = _description("polyline", points, scene, parts)
    return measured(inputs_of(scene, points), polyline_lengths, [_LENGTH] * len(points), budget, description)[
        0
    ]


def from_camera(scene: Scene, pixel_px: Pixel, assume: Assumptions | None = None) -> Measurement:
    """Distance from the camera's centre to the point at a pixel, m, along the ray (as a laser rangefinder measures).

    ``details`` contains ``z_m``, the depth along the optical axis. Arguments and errors as for ``distance``.
    """
    budget, points = _picked(scene, [pixel_px], assume)

    def quantity(at: Array) -> Array:
        return np.linalg.norm(at, axis=-1)

    description = _description("from-camera", points, scene, [], z_m=points[0].z_m)
    return measured(inputs_of(scene, points), quantity, [_LENGTH], budget, description)[0]


def angle(
    scene: Scene, a_px: Pixel, corner_px: Pixel, b_px: Pixel, assume: Assumptions | None = None
) -> Measurement:
    """Angle at the second of three points, degrees, 0 to 180, in space (not in the image).

    Arguments and errors as for ``distance``.
    """
    budget, points = _picked(scene, [a_px, corner_px, b_px], assume)

    description = _description("angle", points, scene, [])
    return measured(inputs_of(scene, points), angle_at_middle, [_ANGLE], budget, description)[0]


def _picked(
    scene: Scene, pixels_px: Sequence[Pixel], assume: Assumptions | None
) -> tuple[Budget, list[SurfacePoint]]:
    assume = assume or Assumptions()
    points = [point_at(scene, pixel, pixel_sigma_px=assume.pixel_sigma_px) for pixel in pixels_px]
    for one, other in pairwise(pixels_px):
        if tuple(one) == tuple(other):
            raise MeasurementError(f"{show(one)} is given twice in a row: use two different positions")
    return budget_of(scene, assume), points


def _description(
    quantity: str, points: Sequence[SurfacePoint], scene: Scene, parts: Sequence[str], **details: Any
) -> Description:
    exact = inputs_of(scene, points)
    at = exact.points(np.zeros((1, exact.errors)), depth_follows_focal=False)[0]
    return Description(
        quantity=quantity,
        pixels_px=[point.pixel_px for point in points],
        parts=parts,
        details={"points_cam_m": at.tolist(), **details},
        warnings=[point.warning for point in points],
        not_included=[f"in the horizontal and vertical parts, {VERTICAL}"] if "vertical" in parts else [],
    )
