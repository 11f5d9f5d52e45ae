"""Leaves out what is no surface in the mesh of a distance field."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recon.frames import apply
from recon.join.fusion.layer import Layer
from recon.types import Mesh

_LEAST_SHARE = 2e-3
"""Pieces of fewer triangles than this share of the largest are dropped."""


def of_supported_vertices(
    mesh: Mesh, layers: Sequence[Layer], within_m: Sequence[NDArray[np.float32]]
) -> Mesh:
    """The faces of a TSDF's mesh at whose vertices a view shows a surface.

    At an outline, what is behind the foreground within the truncation meets space that is seen through: that border
    is no surface.

    Args:
        mesh: In the world frame.
        layers: All views.
        within_m: For each layer, the largest distance of a vertex to the plane of each kept pixel, (N,) m.
    """
    vertices = mesh.vertices
    supported = np.zeros(len(vertices), np.bool_)
    for layer, most_m in zip(layers, within_m, strict=True):
        rest = np.flatnonzero(~supported)
        there = apply(layer.cam_T_world, vertices[rest])
        shown = layer.at(there)
        at = np.flatnonzero(shown >= 0)
        shown = shown[at]
        off = np.einsum("ij,ij->i", layer.normals_cam[shown], there[at] - layer.points_cam[shown])
        supported[rest[at]] = (np.abs(off) < most_m[shown]) & (layer.weight[shown] > 0)
    return with_faces(mesh, np.asarray(supported[mesh.faces].all(axis=1)))


def without_scraps(mesh: Mesh) -> Mesh:
    """The mesh without its small separate pieces, which are noise."""
    if not len(mesh.faces):
        return mesh
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    a, b, c = mesh.faces.T
    count = len(mesh.vertices)
    links = coo_matrix((np.ones(2 * len(a), np.int8), (np.r_[a, b], np.r_[b, c])), (count, count))
    _, piece = connected_components(links, directed=False)
    size = np.bincount(piece[a])
    return with_faces(mesh, size[piece[a]] >= _LEAST_SHARE * size.max())


def with_faces(mesh: Mesh, keep: NDArray[np.bool_]) -> Mesh:
    """The mesh of some of its faces, (F,) bool, without vertices that no face uses."""
    faces = mesh.faces[keep]
    is_used = np.zeros(len(mesh.vertices), np.bool_)
    is_used[faces] = True
    used = np.flatnonzero(is_used)
    new = np.zeros(len(mesh.vertices), np.int32)
    new[used] = np.arange(len(used), dtype=np.int32)
    return Mesh(
        mesh.vertices[used],
        new[faces],
        None if mesh.uv is None else mesh.uv[used],
        None if mesh.rgb is None else mesh.rgb[used],
        None if mesh.normals is None else mesh.normals[used],
    )
