"""From the chart of a panorama to space: moves what was made of the range map as if of a depth map."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recon.panorama.sphere import Array, Sphere
from recon.types import Mesh, PointCloud

_SAME_SURFACE = 0.05
"""Relative step of range up to which the two edges of the picture are one surface."""


def cloud_in_space(cloud: PointCloud, sphere: Sphere) -> PointCloud:
    """Points of the chart at their places around the camera, cam frame, m."""
    points, normals = _moved(cloud.points, cloud.normals, sphere)
    return replace(cloud, points=points, normals=normals)


def mesh_in_space(mesh: Mesh, sphere: Sphere) -> Mesh:
    """The same for a mesh, closed where the left and the right edge of the picture meet, and at the poles."""
    charted = mesh.vertices
    if mesh.uv is not None:
        charted = _closed(charted, mesh.uv, sphere)
    vertices, normals = _moved(charted, mesh.normals, sphere)
    corners = vertices[mesh.faces]
    # Triangles that have two corners at a pole have no area.
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    return replace(mesh, vertices=vertices, normals=normals, faces=mesh.faces[area > 0])


def _moved(
    charted: NDArray[np.float32], normals: NDArray[np.float32] | None, sphere: Sphere
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    points = charted.astype(np.float64)
    range_m = points[:, 2]
    x, y = points[:, 0] / range_m, points[:, 1] / range_m
    directions = sphere.directions(x, y)
    moved = (directions * range_m[:, None]).astype(np.float32)
    if normals is None:
        return moved, None
    return moved, _turned(normals.astype(np.float64), x, y, sphere, directions)


def _turned(normals: Array, x: Array, y: Array, sphere: Sphere, directions: Array) -> NDArray[np.float32]:
    """Normals by the inverse transpose of the map's derivative: the gradient of a function is a covector.

    With q = (x r, y r, r) of the chart and p = r d(x, y): the gradient g in q has the derivatives (g_x r, g_y r,
    n . (x, y, 1)) along x, y and r, and in p those along d_x r, d_y r and d. The three are at right angles.
    """
    h = 1e-5
    dx = (sphere.directions(x + h, y) - sphere.directions(x - h, y)) / (2 * h)
    dy = (sphere.directions(x, y + h) - sphere.directions(x, y - h)) / (2 * h)
    along = normals[:, 0] * x + normals[:, 1] * y + normals[:, 2]
    across = normals[:, :1] * dx / np.maximum((dx * dx).sum(1, keepdims=True), 1e-12)
    across += normals[:, 1:2] * dy / np.maximum((dy * dy).sum(1, keepdims=True), 1e-12)
    turned = across + along[:, None] * directions
    length = np.linalg.norm(turned, axis=1, keepdims=True)
    return np.asarray(turned / np.maximum(length, 1e-12), np.float32)


def _closed(charted: NDArray[np.float32], uv: NDArray[np.float32], sphere: Sphere) -> NDArray[np.float32]:
    """Gives vertices that are in the same direction the same range: at the edges of the picture, and at its poles."""
    range_m = charted[:, 2].astype(np.float64)
    at_top, at_bottom = uv[:, 1] <= 0, uv[:, 1] >= 1
    if sphere.wraps:
        left, right = uv[:, 0] <= 0, uv[:, 0] >= 1
        _join(range_m, uv[:, 1], left & ~at_top & ~at_bottom, right & ~at_top & ~at_bottom)
        for pole, row in zip(sphere.poles, (at_top, at_bottom), strict=True):
            if pole and row.any():
                range_m[row] = np.exp(np.median(np.log(range_m[row])))
    return (charted * (range_m / charted[:, 2])[:, None]).astype(np.float32)


def _join(range_m: Array, v: NDArray[np.float32], left: NDArray[np.bool_], right: NDArray[np.bool_]) -> None:
    """Both edges get the mean of their log ranges, where they are one surface."""
    if not (left.any() and right.any()):
        return
    profiles = []
    for edge in (left, right):
        order = np.argsort(v[edge])
        profiles.append((v[edge][order], np.log(range_m[edge])[order]))
    for edge in (left, right):
        a, b = (np.interp(v[edge], *profile) for profile in profiles)
        same = np.abs(a - b) < _SAME_SURFACE
        range_m[edge] = np.where(same, np.exp((a + b) / 2), range_m[edge])
