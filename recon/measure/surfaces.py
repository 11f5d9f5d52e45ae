"""Areas, planes, and heights above the floor: quantities that use a plane fitted to many pixels."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recon.frames import gl_T_cam
from recon.measure.assemble import Description, inputs_of, measured
from recon.measure.error_budget import Assumptions, budget_of
from recon.measure.fit_plane import inside, planes_of, support
from recon.measure.floor import floor_support, trusted_up
from recon.measure.lengths import VERTICAL
from recon.measure.measurement import Measurement, MeasurementError
from recon.measure.picked_point import Pixel, SurfacePoint, check_inside, point_at, show
from recon.measure.propagate import Output
from recon.measure.quantities import polygon_sizes
from recon.scene import Scene

Array = NDArray[np.float64]

_OUTLINE = "the outline"
_LEAST = 1e-6
_STEEP_FLOOR_DEG = 5.0
_NO_FLOOR_DEG = 30.0
"""What is steeper is not the floor: heights above it would mean nothing."""


def area(scene: Scene, outline_px: Sequence[Pixel], assume: Assumptions | None = None) -> Measurement:
    """Area of a planar polygon, m²; ``parts`` has its ``perimeter`` and ``side 1``, ``side 2``, ...

    The plane is fitted to the pixels inside the outline, and the rays of the corners are intersected with it, so that
    corners may lie on depth edges. ``details`` describes the flatness of the inside: ``rms_m``, ``on_plane``.

    Args:
        scene: The scene.
        outline_px: At least three corners in order, (x, y) px.
        assume: As for ``distance``.

    Raises:
        MeasurementError: A corner is outside the photo, or its ray does not meet the plane; sides cross; too few
            pixels inside have a depth.
    """
    assume = assume or Assumptions()
    check_inside(outline_px, width=scene.photo.width, height=scene.photo.height)
    rows, cols = inside(outline_px, width=scene.photo.width, height=scene.photo.height)
    flat = support(scene, rows, cols, _OUTLINE)
    count = len(outline_px)
    samples = inputs_of(scene, surface=flat)
    (q,) = planes_of(samples.points(np.zeros((1, samples.errors)), depth_follows_focal=False))
    inputs = inputs_of(scene, _corners_on(scene, q, outline_px), flat)

    def quantity(at: Array) -> Array:
        planes = planes_of(at[:, count:])
        rays = at[:, :count] / at[:, :count, 2:]
        facing = np.maximum((rays * planes[:, None]).sum(axis=-1), _LEAST)
        return polygon_sizes(rays / facing[..., None])

    outputs = [Output("area"), *[Output("length")] * (1 + count)]
    description = Description(
        quantity="area",
        pixels_px=outline_px,
        parts=["perimeter", *(f"side {k}" for k in range(1, count + 1))],
        details={"rms_m": flat.rms_m, "on_plane": flat.share, "pixels": len(rows)},
        warnings=[flat.warning],
    )
    return measured(inputs, quantity, outputs, budget_of(scene, assume), description)[0]


def plane(scene: Scene, outline_px: Sequence[Pixel], assume: Assumptions | None = None) -> Measurement:
    """The plane fitted to the pixels inside an outline; the value is its distance from the camera, m.

    ``details``: ``normal_gl`` (unit vector towards the camera's side, gl frame), ``normal_sigma_deg`` (standard
    uncertainty of its direction about each axis; None if unknown), ``rms_m`` and ``on_plane``. If gravity can be
    estimated, ``parts`` has ``tilt``: the angle between plane and vertical, 0 for a wall and 90 for a floor.

    Arguments and errors as for ``area``.
    """
    assume = assume or Assumptions()
    check_inside(outline_px, width=scene.photo.width, height=scene.photo.height)
    rows, cols = inside(outline_px, width=scene.photo.width, height=scene.photo.height)
    flat = support(scene, rows, cols, _OUTLINE)
    up = trusted_up(scene)

    def quantity(at: Array) -> Array:
        q = planes_of(at)
        size = np.linalg.norm(q, axis=1, keepdims=True)
        towards = -q / size
        if up is None:
            return np.concatenate([1 / size, towards], axis=1)
        tilt = np.degrees(np.arcsin(np.clip(np.abs(towards @ up), 0, 1)))
        return np.concatenate([1 / size, towards, tilt[:, None]], axis=1)

    signed = Output("length", "signed")
    outputs = [Output("length"), signed, signed, signed]
    tilts = [] if up is None else [Output("angle", "right-angle")]
    description = Description(
        quantity="plane",
        pixels_px=outline_px,
        parts=["x", "y", "z", *("tilt" for _ in tilts)],
        details={"rms_m": flat.rms_m, "on_plane": flat.share, "pixels": len(rows)},
        warnings=[flat.warning],
        not_included=[] if up is None else [f"in the tilt, {VERTICAL}"],
    )
    measurement, propagated = measured(
        inputs_of(scene, surface=flat), quantity, [*outputs, *tilts], budget_of(scene, assume), description
    )
    normal_cam = np.array([measurement.parts[axis].value for axis in "xyz"])
    sigma_deg = None
    if propagated.covariance is not None:
        # A unit vector has two degrees of freedom.
        sigma_deg = float(np.degrees(np.sqrt(max(np.trace(propagated.covariance[1:4, 1:4]), 0.0) / 2)))
    return replace(
        measurement,
        parts={name: part for name, part in measurement.parts.items() if name == "tilt"},
        details={
            "normal_gl": (gl_T_cam[:3, :3] @ normal_cam).tolist(),
            "normal_sigma_deg": sigma_deg,
            **measurement.details,
        },
    )


def height_above_floor(scene: Scene, pixel_px: Pixel, assume: Assumptions | None = None) -> Measurement:
    """Height of the point at a pixel above the floor, m, along gravity; negative below it.

    The floor is the lowest visible horizontal surface; gravity is estimated by ``recon.geometry.gravity``. The errors
    of the floor's depth, which are correlated with those of the point, are propagated too. ``details`` has
    ``camera_height_m``, ``floor_rms_m`` and the ``confidence`` of the gravity estimate.

    Args:
        scene: The scene.
        pixel_px: (x, y) px.
        assume: As for ``distance``.

    Raises:
        MeasurementError: As for ``distance``; also if no floor is visible, or gravity cannot be estimated.
    """
    assume = assume or Assumptions()
    point = point_at(scene, pixel_px, pixel_sigma_px=assume.pixel_sigma_px)
    floor, levelling = floor_support(scene)
    up = np.array(levelling.up_cam)

    def quantity(at: Array) -> Array:
        q = planes_of(at[:, 1:])
        # Intersection of the vertical line through the point with the plane.
        return (((q * at[:, 0]).sum(axis=-1) - 1) / (q @ up))[:, None]

    inputs = inputs_of(scene, [point], floor)
    (q,) = planes_of(inputs.points(np.zeros((1, inputs.errors)), depth_follows_focal=False)[:, 1:])
    slope_deg = float(np.degrees(np.arccos(np.clip(-q @ up / np.linalg.norm(q), -1, 1))))
    if slope_deg > _NO_FLOOR_DEG:
        raise MeasurementError(
            f"no floor was found: the lowest visible surface is tilted by {slope_deg:.0f}° against the horizontal "
            "estimated from the whole scene; measure between two points instead"
        )
    steep = (
        f"the floor is tilted by {slope_deg:.1f}° against the horizontal estimated from the whole scene"
        if slope_deg > _STEEP_FLOOR_DEG
        else None
    )
    description = Description(
        quantity="height",
        pixels_px=[pixel_px],
        details={
            "camera_height_m": float(-1 / (q @ up)),
            "floor_rms_m": floor.rms_m,
            "confidence": levelling.confidence,
        },
        warnings=[point.warning, steep],
        not_included=[VERTICAL, "whether the lowest visible horizontal surface is the floor"],
    )
    return measured(inputs, quantity, [Output("length", "signed")], budget_of(scene, assume), description)[0]


def _corners_on(scene: Scene, q: Array, outline_px: Sequence[Pixel]) -> list[SurfacePoint]:
    """Intersections of the corners' rays with a plane; the depth at the corners is not used."""
    camera, corners = scene.intrinsics, []
    for x, y in outline_px:
        facing = float(q @ [(x - camera.cx) / camera.fx, (y - camera.cy) / camera.fy, 1.0])
        if facing <= _LEAST:
            raise MeasurementError(
                f"the ray of {show((x, y))} does not meet the plane inside the outline: outline one flat surface"
            )
        corners.append(SurfacePoint((x, y), 1 / facing, slope=(0.0, 0.0), other_z_m=None))
    return corners
