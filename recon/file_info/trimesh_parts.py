"""Converts a trimesh scene to parts: one per instance, with one colour per vertex."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.file_info.colours import as_bytes, sampled
from recon.file_info.geometry import MOST_POINTS, Part

Decode = Callable[[NDArray[np.float64]], NDArray[np.uint8]]


def parts_of(scene: Any, factor: Decode | None = None) -> list[Part]:
    """Every geometry of a trimesh scene, once per node that contains it.

    Args:
        scene: A ``trimesh.Scene``.
        factor: Converts colours (N, 3), numbers from 0 to 1, to sRGB bytes; None if they are sRGB already.

    Raises:
        ValueError: More points than the limit.
    """
    places = [scene.graph[name] for name in scene.graph.nodes_geometry]
    if sum(len(scene.geometry[name].vertices) for _, name in places) > MOST_POINTS:
        raise ValueError(f"its instances have over {MOST_POINTS:,} points together")
    return [
        part for world_T_mesh, name in places for part in _placed(scene.geometry[name], world_T_mesh, factor)
    ]


def _placed(mesh: Any, world_T_mesh: NDArray[np.float64], factor: Decode | None) -> Iterator[Part]:
    points = np.asarray(mesh.vertices, np.float64)
    if points.ndim != 2 or points.shape[1] != 3:
        return
    world = points @ world_T_mesh[:3, :3].T + world_T_mesh[:3, 3]
    faces = np.asarray(mesh.faces, np.int64) if hasattr(mesh, "faces") else None
    if faces is not None and np.linalg.det(world_T_mesh[:3, :3]) < 0:
        faces = faces[:, ::-1]  # a mirror turns the winding over
    picture, uv = _texture(mesh)
    if picture is None or uv is None:
        yield Part(world, faces, _colours(mesh, factor))
    else:
        down = np.stack([uv[:, 0], 1 - uv[:, 1]], axis=1)
        yield Part(world, faces, sampled(picture, uv), uv=down, texture=picture)


def _texture(mesh: Any) -> tuple[Any, NDArray[np.float64] | None]:
    """Picture and coordinates, (N, 2) with v up; None and None where the mesh has no texture."""
    visual = getattr(mesh, "visual", None)
    material = getattr(visual, "material", None)
    picture = getattr(material, "baseColorTexture", None) or getattr(material, "image", None)
    uv = getattr(visual, "uv", None)
    if picture is None or uv is None or len(uv) != len(mesh.vertices):
        return None, None
    return picture, np.nan_to_num(np.asarray(uv, np.float64))


def _colours(mesh: Any, factor: Decode | None) -> NDArray[np.uint8] | None:
    """(N, 3): the vertices' own colours, else the material's."""
    if not hasattr(mesh, "faces"):
        colours = np.asarray(mesh.colors)
        return None if len(colours) != len(mesh.vertices) else _bytes(colours[:, :3], factor)
    visual = mesh.visual
    material = getattr(visual, "material", None)
    if material is None:
        return _bytes(np.asarray(visual.vertex_colors)[:, :3], factor) if visual.kind == "vertex" else None
    own = visual.vertex_attributes.get("color")
    if own is not None and len(own) == len(mesh.vertices):
        return _bytes(np.asarray(own)[:, :3], factor)
    plain = getattr(material, "baseColorFactor", None)
    if plain is None and "kd" in getattr(material, "kwargs", {}):  # otherwise it is trimesh's default
        plain = material.diffuse
    if plain is None:
        return None
    return np.tile(_bytes(np.asarray(plain)[None, :3], factor), (len(mesh.vertices), 1))


def _bytes(colours: NDArray[Any], factor: Decode | None) -> NDArray[np.uint8]:
    if factor is None:
        return as_bytes(*colours.T)
    most = 1.0 if colours.dtype.kind == "f" else float(np.iinfo(colours.dtype).max)
    return factor(colours.astype(np.float64) / most)
