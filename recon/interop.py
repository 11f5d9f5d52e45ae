"""Points and triangles as objects of Open3D and trimesh, which are imported only here and only when asked for."""

from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]


def open3d_cloud(points: Rows, rgb: NDArray[np.uint8], normals: Rows | None) -> Any:
    """An ``open3d.geometry.PointCloud`` of float64 copies, colours from 0 to 1.

    Raises:
        ImportError: Open3D is not installed.
    """
    open3d = _library("open3d", 'pip install "recon[viewer]"')
    cloud = open3d.geometry.PointCloud(_vectors(open3d, points))
    cloud.colors = _vectors(open3d, rgb / 255)
    if normals is not None:
        cloud.normals = _vectors(open3d, normals)
    return cloud


def open3d_mesh(
    vertices: Rows, faces: NDArray[np.int32], rgb: NDArray[np.uint8] | None, normals: Rows | None
) -> Any:
    """An ``open3d.geometry.TriangleMesh`` with colours of vertices, no texture.

    Raises:
        ImportError: Open3D is not installed.
    """
    open3d = _library("open3d", 'pip install "recon[viewer]"')
    triangles = open3d.utility.Vector3iVector(faces)
    mesh = open3d.geometry.TriangleMesh(_vectors(open3d, vertices), triangles)
    if rgb is not None:
        mesh.vertex_colors = _vectors(open3d, rgb / 255)
    if normals is not None:
        mesh.vertex_normals = _vectors(open3d, normals)
    return mesh


def trimesh_cloud(points: Rows, rgb: NDArray[np.uint8]) -> Any:
    """A ``trimesh.PointCloud``, which has no normals."""
    return _library("trimesh", "pip install trimesh").PointCloud(points, colors=rgb)


def trimesh_mesh(
    vertices: Rows, faces: NDArray[np.int32], rgb: NDArray[np.uint8] | None, normals: Rows | None
) -> Any:
    """A ``trimesh.Trimesh`` with colours of vertices, no texture; vertices are neither merged nor reordered."""
    trimesh = _library("trimesh", "pip install trimesh")
    return trimesh.Trimesh(vertices, faces, vertex_colors=rgb, vertex_normals=normals, process=False)


def _vectors(open3d: Any, rows: NDArray[Any]) -> Any:
    return open3d.utility.Vector3dVector(np.ascontiguousarray(rows, np.float64))


def _library(name: str, command: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(f"{name} is not installed ({error}): {command}") from error
