"""Textures a fused mesh with the photos themselves: every face gets the one that shows it best, in one atlas picture.

The photos stand side by side in the atlas, unchanged but for their size, and the texture coordinates are projections
into them. Every format with a texture can store that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.frames import apply
from recon.join.fusion.layer import Layer
from recon.join.fusion.mesh_pieces import with_faces
from recon.types import Mesh

MOST_PX = 8192
"""Longest side of the atlas: what graphics cards and browsers surely take."""
_SMOOTHINGS = 4
"""Rounds of averaging the scores over neighbouring faces, so that large patches come from one photo."""
_HIDDEN = 1e-6
"""Factor of the score of a face that lies in the picture, but not at the depth that the view has there."""


@dataclass(frozen=True, eq=False)
class Textured:
    """A mesh and its texture."""

    mesh: Mesh
    """In the world frame, with ``uv`` into the atlas."""
    atlas: NDArray[np.uint8]
    """(H, W, 3) sRGB."""


def textured(mesh: Mesh, layers: Sequence[Layer], voxel_m: float) -> Textured:
    """The mesh with the photos as its texture; faces in no photo are dropped.

    Args:
        mesh: In the world frame, with faces about the size of a voxel.
        layers: The views.
        voxel_m: A vertex this close to the depth of a view is visible in it, twice over.
    """
    atlas, corners, scale = _atlas([layer.view.photo.rgb for layer in layers])
    chosen = _best_view(mesh, layers, voxel_m)
    mesh, chosen = with_faces(mesh, chosen >= 0), chosen[chosen >= 0]
    # A vertex between faces of several photos is split.
    pairs, index = np.unique(mesh.faces.astype(np.int64) * len(layers) + chosen[:, None], return_inverse=True)
    vertex, view = np.divmod(pairs, len(layers))
    uv = np.empty((len(pairs), 2), np.float32)
    for k, layer in enumerate(layers):
        at = np.flatnonzero(view == k)
        camera = layer.view.intrinsics
        x, y, z = apply(layer.cam_T_world, mesh.vertices[vertex[at]]).T
        place = np.stack([camera.fx * x / z + camera.cx, camera.fy * y / z + camera.cy], axis=1) * scale
        # Half a pixel inside the photo, or its neighbour in the atlas would shine through.
        size = np.floor(np.array([camera.width, camera.height]) * scale)
        uv[at] = (corners[k] + place.clip(0.5, size - 0.5)) / atlas.shape[1::-1]
    return Textured(
        Mesh(
            mesh.vertices[vertex],
            index.reshape(-1, 3).astype(np.int32),
            uv.clip(0, 1),
            None if mesh.rgb is None else mesh.rgb[vertex],
            None if mesh.normals is None else mesh.normals[vertex],
        ),
        atlas,
    )


def _atlas(photos: Sequence[NDArray[np.uint8]]) -> tuple[NDArray[np.uint8], list[tuple[int, int]], float]:
    """The photos in rows of cells of one size: the picture, their top-left corners (x, y), and their scale."""
    height, width = (max(photo.shape[axis] for photo in photos) for axis in (0, 1))
    across = max(1, round((len(photos) * height / width) ** 0.5))
    down = ceil(len(photos) / across)
    scale = min(1.0, MOST_PX / (across * width), MOST_PX / (down * height))
    wide, tall = ceil(width * scale), ceil(height * scale)
    atlas = np.zeros((down * tall, across * wide, 3), np.uint8)
    corners = []
    for k, photo in enumerate(photos):
        x, y = (k % across) * wide, (k // across) * tall
        if scale < 1:
            size = max(1, int(photo.shape[1] * scale)), max(1, int(photo.shape[0] * scale))
            photo = np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8)
        atlas[y : y + photo.shape[0], x : x + photo.shape[1]] = photo
        corners.append((x, y))
    return atlas, corners, scale


def _best_view(mesh: Mesh, layers: Sequence[Layer], voxel_m: float) -> NDArray[np.int32]:
    """(F,) the view with the most pixels on each face, evened out over its neighbours; -1: no view."""
    best, chosen = np.zeros(len(mesh.faces), np.float32), np.full(len(mesh.faces), -1, np.int32)
    around = np.maximum(np.bincount(mesh.faces.ravel(), minlength=len(mesh.vertices)), 1)
    for k, layer in enumerate(layers):
        score, inside = _score(mesh, layer, voxel_m)
        smooth = score
        for _ in range(_SMOOTHINGS):
            smooth = _spread(mesh, smooth, around)
        score = np.where(score > 0, smooth, np.float32(_HIDDEN) * smooth) * inside
        better = score > best
        best[better], chosen[better] = score[better], k
    return chosen


def _score(mesh: Mesh, layer: Layer, voxel_m: float) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """(F,) square px per square metre of each face in a view, 0 where hidden; and whether it lies in the picture,
    facing the camera."""
    there = apply(layer.cam_T_world, mesh.vertices)
    shown = layer.at(there)
    visible = shown >= 0
    at = np.flatnonzero(visible)
    off = np.einsum("ij,ij->i", layer.normals_cam[shown[at]], there[at] - layer.points_cam[shown[at]])
    close_m = np.maximum(2 * voxel_m, 2 * (layer.sigma * layer.points_cam[:, 2])[shown[at]])
    visible[at] = np.abs(off) < close_m
    a, b, c = (there[mesh.faces[:, corner]] for corner in range(3))
    normal = np.cross(b - a, c - a)
    middle = (a + b + c) / 3
    length = np.linalg.norm(normal, axis=1) * np.linalg.norm(middle, axis=1)
    cosine = -np.einsum("ij,ij->i", normal, middle) / np.maximum(length, np.float32(1e-20))
    camera, z = layer.view.intrinsics, np.maximum(middle[:, 2], np.float32(1e-3))
    x, y = camera.fx * middle[:, 0] / z + camera.cx, camera.fy * middle[:, 1] / z + camera.cy
    inside = (middle[:, 2] > 0) & (x > 0) & (y > 0) & (x < camera.width) & (y < camera.height) & (cosine > 0)
    pixels = np.maximum(cosine, 0) * np.square(np.float32(camera.fx) / z)
    seen = visible[mesh.faces].all(axis=1) & inside
    return np.where(seen, pixels, 0).astype(np.float32), inside


def _spread(mesh: Mesh, values: NDArray[np.float32], around: NDArray[np.intp]) -> NDArray[np.float32]:
    """(F,) means over the faces around each face's vertices, whose numbers are ``around``, (V,)."""
    mean = np.bincount(mesh.faces.ravel(), np.repeat(values, 3), len(mesh.vertices)) / around
    a, b, c = (mean[mesh.faces[:, corner]] for corner in range(3))
    spread: NDArray[np.float32] = ((a + b + c) / 3).astype(np.float32)
    return spread
