"""Finds the pixels of a scene inside a rectangle of the view. No widget."""

import numpy as np
from numpy.typing import NDArray

from recon.frames import Transform, apply
from recon.geometry.unproject import rays_of, unproject
from recon.render.view_camera import ViewCamera
from recon.scene import Scene

Position = tuple[float, float]
_ROWS = 256
"""Rows per block, to save memory."""
_NEAR = 0.05
"""Distance at which the outline is drawn, relative to the target: in front of almost everything."""


def seen_inside(
    scene: Scene, world_T_cam: Transform, camera: ViewCamera, size: Position, a: Position, b: Position
) -> NDArray[np.bool_]:
    """(H, W) the pixels whose points are inside a rectangle of the view, including hidden points.

    Args:
        scene: The scene.
        world_T_cam: (4, 4).
        camera: Camera of the view.
        size: (width, height) of the view, px.
        a: A corner, px from the view's top-left corner.
        b: The opposite one.
    """
    low, high = np.minimum(a, b), np.maximum(a, b)
    points = unproject(scene.depth.z_m, rays_of(scene.intrinsics))
    inside = scene.depth.valid.copy()
    for start in range(0, len(points), _ROWS):
        rows = points[start : start + _ROWS]
        # Invalid depth may have any value.
        known = np.where(scene.depth.valid[start : start + _ROWS, :, None], rows, np.float32(1)).reshape(
            -1, 3
        )
        seen, ahead = camera.project(apply(world_T_cam, known), *size)
        good = (ahead > 0) & (seen >= low).all(axis=1) & (seen <= high).all(axis=1)
        inside[start : start + _ROWS] &= good.reshape(rows.shape[:2])
    return inside


def outline(camera: ViewCamera, size: Position, a: Position, b: Position) -> NDArray[np.float32]:
    """(4, 3) corners of the rectangle in the world frame, just in front of the eye, for drawing."""
    lens, ahead = camera.lens.fitted(*size), _NEAR * camera.distance_m
    corners = np.array([a, (b[0], a[1]), b, (a[0], b[1])], np.float64)
    seen = np.stack(
        [
            (corners[:, 0] - lens.cx) / lens.fx * ahead,
            (lens.cy - corners[:, 1]) / lens.fy * ahead,
            np.full(4, -ahead),
        ],
        axis=1,
    )
    world_T_view = np.linalg.inv(camera.view_T_world)
    return (seen @ world_T_view[:3, :3].T + world_T_view[:3, 3]).astype(np.float32)
