"""Fewer triangles of a fused mesh, which several cameras look at from all sides."""

import numpy as np

from recon.geometry.stride import TRIANGLES
from recon.options import Options
from recon.types import Mesh


def most_faces(options: Options) -> int | None:
    """Number of triangles that a fused mesh may have: ``faces``, else about a million; None: any, with ``full``."""
    return options.faces or (None if options.full else TRIANGLES)


def with_fewer_faces(mesh: Mesh, most: int | None) -> Mesh:
    """The mesh with at most that many triangles, by quadric error decimation; colours and normals are those of the
    nearest vertex before."""
    if most is None or len(mesh.faces) <= most:
        return mesh
    from fast_simplification import simplify  # type: ignore[import-untyped]
    from scipy.spatial import cKDTree

    for keep_border in (True, False):
        points, faces = simplify(mesh.vertices, mesh.faces, target_count=most, preserve_border=keep_border)
        if len(faces) <= most:
            break
    used, at = np.unique(faces, return_inverse=True)
    vertices = np.asarray(points[used], np.float32)
    _, nearest = cKDTree(mesh.vertices).query(vertices)
    return Mesh(
        vertices=vertices,
        faces=at.reshape(-1, 3).astype(np.int32),
        rgb=None if mesh.rgb is None else mesh.rgb[nearest],
        normals=None if mesh.normals is None else mesh.normals[nearest],
    )
