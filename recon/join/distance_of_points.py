"""The distance between two points of a joined scene: the photos that show them give its 95 % interval."""

import numpy as np

from recon.constraints import Pixel
from recon.join.distance_between import distance
from recon.join.joined_scene import JoinedScene
from recon.measure import Assumptions, Measurement, MeasurementError

Point = tuple[float, float, float]
_SAME_SURFACE = 0.05
"""Largest relative difference between a point's depth and the photo's: otherwise something hides it."""


def distance_of_points(
    scene: JoinedScene, start: Point, end: Point, assume: Assumptions | None = None
) -> Measurement:
    """The distance between the surfaces that photos show at two points, as ``recon.join.distance``.

    Args:
        scene: Of ``recon.join.run`` or ``recon.join.load``.
        start: In the scene's world frame, m.
        end: The other end.
        assume: Assumptions about the errors.

    Raises:
        MeasurementError: No photo shows one of the points, or both are the same.
    """
    a, b = (_photos_of(scene, point) for point in (start, end))
    # The errors of one photo are alike at both ends, so that it measures best; else the finest photo of each end.
    one = other = min(a.keys() & b.keys(), key=lambda k: a[k][1] + b[k][1], default=None)
    if one is None or other is None:
        one, other = min(a, key=lambda k: a[k][1]), min(b, key=lambda k: b[k][1])
    return distance(scene, (one, a[one][0]), (other, b[other][0]), assume)


def _photos_of(scene: JoinedScene, point: Point) -> dict[int, tuple[Pixel, float]]:
    """The photos that show a point, with its position in each, px, and the size of a pixel there, m."""
    found = {}
    for index, view in enumerate(scene.views):
        camera, world_T_cam = view.intrinsics, view.world_T_cam
        x, y, z = (np.array(point) - world_T_cam[:3, 3]) @ world_T_cam[:3, :3]
        if z <= 0:
            continue
        at = float(camera.fx * x / z + camera.cx), float(camera.fy * y / z + camera.cy)
        if not (0 <= at[0] < camera.width and 0 <= at[1] < camera.height):
            continue
        pixel = int(at[1]), int(at[0])
        if view.depth.valid[pixel] and abs(float(view.depth.z_m[pixel]) / z - 1) < _SAME_SURFACE:
            found[index] = (at, float(z / camera.fx))
    if not found:
        raise MeasurementError(
            "no photo shows one of the points: something hides it, or its depth is unknown"
        )
    return found
