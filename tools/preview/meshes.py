"""Unit meshes that the scenes are composed of: all within [-0.5, 0.5]^3, y up, with vertex normals.

Random shapes (crowns, leaves, cloth) come from fixed seeds, so that every machine builds the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class UnitMesh:
    """Vertices (V, 3), unit normals (V, 3), triangles (T, 3) of a shape in the unit cube around 0.

    `tint` (V, 3) multiplies the material's colour, for meshes with their own colours.
    """

    vertices: Floats
    normals: Floats
    triangles: NDArray[np.int32]
    tint: Floats | None = None


def mesh_of(
    vertices: NDArray, triangles: NDArray, normals: NDArray | None = None, tint: NDArray | None = None
) -> UnitMesh:
    """Return the mesh with unit normals; without `normals` they are those of the triangles, joined."""
    vertices = np.asarray(vertices, np.float64)
    triangles = np.asarray(triangles, np.int32)
    if normals is None:
        a, b, c = (vertices[triangles[:, k]] for k in range(3))
        face = np.cross(b - a, c - a)
        normals = np.zeros_like(vertices)
        for k in range(3):
            np.add.at(normals, triangles[:, k], face)
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    normals = normals / np.maximum(length, 1e-12)
    colours = None if tint is None else np.asarray(tint, np.float32)
    return UnitMesh(vertices.astype(np.float32), normals.astype(np.float32), triangles, colours)


def grid(columns: int, rows: int) -> tuple[NDArray, NDArray]:
    """Return points (u, v) in [-0.5, 0.5]^2 of a grid, row by row, and its triangles."""
    u, v = np.meshgrid(np.linspace(-0.5, 0.5, columns + 1), np.linspace(-0.5, 0.5, rows + 1))
    k = np.arange((columns + 1) * (rows + 1)).reshape(rows + 1, columns + 1)
    a, b, c, d = k[:-1, :-1].ravel(), k[:-1, 1:].ravel(), k[1:, :-1].ravel(), k[1:, 1:].ravel()
    triangles = np.concatenate([np.stack([a, c, b], 1), np.stack([b, c, d], 1)])
    return np.stack([u.ravel(), v.ravel()], 1), triangles


def _cube(cells: int) -> tuple[NDArray, NDArray, NDArray]:
    """Return vertices, triangles and face normals of a cube whose faces are grids of cells x cells."""
    uv, tri = grid(cells, cells)
    vertices: list[NDArray] = []
    triangles: list[NDArray] = []
    normals: list[NDArray] = []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            p = np.zeros((len(uv), 3))
            p[:, (axis + 1) % 3] = uv[:, 0] * sign
            p[:, (axis + 2) % 3] = uv[:, 1]
            p[:, axis] = 0.5 * sign
            n = np.zeros_like(p)
            n[:, axis] = sign
            triangles.append(tri + len(vertices) * len(uv))
            vertices.append(p)
            normals.append(n)
    return np.concatenate(vertices), np.concatenate(triangles), np.concatenate(normals)


def _cushion(cells: int, power: float) -> UnitMesh:
    """A box with soft edges: the superellipsoid |x|^p + |y|^p + |z|^p = 1."""
    v, t, _ = _cube(cells)
    warped = np.tan(v * (np.pi / 2)) / 2  # closer vertices near the edges, where the curvature is
    radius = (np.abs(2 * warped) ** power).sum(1) ** (1 / power)
    p = warped / radius[:, None]
    return mesh_of(p, t, np.sign(p) * np.abs(2 * p) ** (power - 1))


def _turned(profile: list[tuple[float, float]], segments: int = 18) -> UnitMesh:
    """A surface of revolution about y of (radius, height) corners, flat shaded along the profile."""
    angle = np.linspace(0, 2 * np.pi, segments + 1)
    ring = np.stack([np.cos(angle), np.zeros_like(angle), np.sin(angle)], 1)
    vertices, triangles, normals = [], [], []
    count = 0
    for (r0, y0), (r1, y1) in pairwise(profile):
        for r, y in ((r0, y0), (r1, y1)):
            p = ring * r
            p[:, 1] = y
            n = ring * (y0 - y1)
            n[:, 1] = r1 - r0
            vertices.append(p)
            normals.append(n if np.abs(n).sum() > 0 else np.tile([0.0, 1.0, 0.0], (len(ring), 1)))
        a = np.arange(segments) + count
        c = a + segments + 1
        triangles.append(np.concatenate([np.stack([a, c, a + 1], 1), np.stack([a + 1, c, c + 1], 1)]))
        count += 2 * (segments + 1)
    return mesh_of(np.concatenate(vertices), np.concatenate(triangles), np.concatenate(normals))


def sphere(cells: int) -> tuple[NDArray, NDArray]:
    v, t, _ = _cube(cells)
    return v / np.linalg.norm(v, axis=1, keepdims=True), t


def _waves(points: NDArray, rng: np.random.Generator, octaves: int, first: float) -> NDArray:
    """Smooth noise of about unit size: a sum of random plane waves, each octave half as high."""
    total = np.zeros(len(points))
    for k in range(octaves):
        for _ in range(6):
            w = rng.normal(size=points.shape[1])
            w *= first * 2**k / np.linalg.norm(w)
            total += 0.5**k * np.sin(points @ w + rng.uniform(0, 2 * np.pi)) / 2.5
    return total


def _blob(seed: int, rough: float) -> UnitMesh:
    rng = np.random.Generator(np.random.PCG64(seed))
    v, t = sphere(6)
    p = v * (1 + rough * _waves(v, rng, 4, 2.5))[:, None]
    return mesh_of(0.5 * p / np.abs(p).max(0), t)


def _leaves(seed: int, count: int, size: float, *, upright: bool = False) -> UnitMesh:
    """Leaf quads spread in a ball (or blades that stand on the ground), for crowns, plants and grass."""
    rng = np.random.Generator(np.random.PCG64(seed))
    centre = rng.normal(size=(count, 3))
    centre *= (rng.uniform(0.15, 1, (count, 1)) ** 0.45) / np.linalg.norm(centre, axis=1, keepdims=True)
    a = rng.normal(size=(count, 3))
    b = np.cross(a, rng.normal(size=(count, 3)))
    if upright:
        b = np.stack([rng.normal(0, 0.4, count), np.ones(count), rng.normal(0, 0.4, count)], 1)
        centre[:, 1] = -0.5
    a *= size / np.linalg.norm(a, axis=1, keepdims=True)
    b *= (0.9 if upright else 1.8 * size) / np.linalg.norm(b, axis=1, keepdims=True)
    corners = np.stack([centre - a * 0.6, centre + b - a * 0.3, centre + a * 0.6, centre + b + a * 0.3], 1)
    k = 4 * np.arange(count)[:, None]
    triangles = np.concatenate([k + np.array([0, 2, 1]), k + np.array([1, 2, 3])])
    p = corners.reshape(-1, 3)
    shade = p / np.maximum(np.linalg.norm(p, axis=1, keepdims=True), 0.2)  # shade as the ball they fill
    return mesh_of(0.5 * p / np.abs(p).max(), triangles, shade + 0.6 * np.repeat(np.cross(a, b), 4, 0) / size)


def _sheet(seed: int, kind: str) -> UnitMesh:
    rng = np.random.Generator(np.random.PCG64(seed))
    cells = {"curtain": (28, 4), "arc": (10, 1), "cloth": (10, 10), "hill": (20, 20)}[kind]
    uv, t = grid(*cells)
    u, v = uv[:, 0], uv[:, 1]
    if kind == "curtain":
        phase = 2 * np.pi * (rng.uniform(4, 8) * u + 0.3 * np.sin(5 * u + rng.uniform(0, 6)))
        z = np.sin(phase) * (0.75 - 0.25 * np.cos(3 * v)) * 0.5
        return mesh_of(np.stack([u, v, z], 1), t)
    if kind == "arc":  # a bent panel: a third of a tube, open towards +z
        angle = 2.1 * u
        p = np.stack([np.sin(angle) / (2 * np.sin(1.05)), v, -(np.cos(angle) - 0.5) + 0.25], 1)
        return mesh_of(p, t)
    height = _waves(uv, rng, 3, 7.0)
    if kind == "hill":
        height = 0.35 * height * np.minimum(1, 4 * (0.5 - np.maximum(np.abs(u), np.abs(v)))) ** 1.0
        return mesh_of(np.stack([u, np.clip(height, -0.5, 0.5), v], 1), t)
    ridge = np.maximum(0, 0.5 - np.hypot(u, v)) * (1.2 + height)  # cloth: heaped in the middle
    return mesh_of(np.stack([u, np.clip(ridge, 0, 1) - 0.5, v], 1), t)


@cache
def unit_meshes() -> dict[str, UnitMesh]:
    """Return all unit meshes by name (built once per process)."""
    v, t, n = _cube(1)
    meshes = {
        "box": mesh_of(v, t, n),
        "cushion": _cushion(4, 7.0),
        "pillow": _cushion(4, 3.2),
        "cylinder": _turned([(0, 0.5), (0.5, 0.5), (0.5, -0.5), (0, -0.5)]),
        "post": _turned([(0, 0.5), (0.5, 0.5), (0.5, -0.5)], 8),
        "cone": _turned([(0.0, 0.5), (0.5, -0.5), (0, -0.5)]),
        "shade": _turned([(0.3, 0.5), (0.5, -0.5)]),
        "bin": _turned([(0.44, 0.42), (0.5, 0.5), (0.4, -0.5), (0, -0.5)]),
        "bowl": _turned([(0.5, 0.5), (0.46, 0.05), (0.34, -0.3), (0.2, -0.5), (0, -0.5)]),
        "bottle": _turned([(0.17, 0.5), (0.17, 0.28), (0.5, 0.06), (0.5, -0.5), (0, -0.5)]),
        "mug": _turned(
            [(0.44, 0.5), (0.5, 0.5), (0.5, -0.5), (0, -0.5), (0.0, -0.42), (0.44, -0.42), (0.44, 0.5)]
        ),
        "vase": _turned([(0.3, 0.5), (0.18, 0.3), (0.45, 0.0), (0.5, -0.2), (0.3, -0.5), (0, -0.5)]),
    }
    p, tri = sphere(6)
    meshes["sphere"] = mesh_of(0.5 * p, tri, p)
    p, tri = sphere(2)
    meshes["crumb"] = mesh_of(0.5 * p, tri, p)  # a sphere for what is small or far
    for k in range(4):
        meshes[f"blob{k}"] = _blob(100 + k, 0.22 + 0.1 * k)
        meshes[f"leaves{k}"] = _leaves(200 + k, 200, 0.11 + 0.04 * k)
        meshes[f"plant{k}"] = _leaves(300 + k, 46 + 30 * k, 0.17 - 0.03 * k)
        meshes[f"curtain{k}"] = _sheet(400 + k, "curtain")
        meshes[f"hill{k}"] = _sheet(500 + k, "hill")
        meshes[f"cloth{k}"] = _sheet(600 + k, "cloth")
        meshes[f"blades{k}"] = _leaves(700 + k, 60, 0.03, upright=True)
    meshes["arc"] = _sheet(0, "arc")
    meshes["fir"] = _turned([(0.0, 0.5), (0.28, 0.02), (0.16, 0.02), (0.5, -0.5)], 7)  # distant trees
    for k in range(4):
        p, tri = sphere(2)
        rough = _waves(p, np.random.Generator(np.random.PCG64(800 + k)), 2, 2.5)
        p = p * (1 + 0.25 * rough)[:, None]
        meshes[f"crown{k}"] = mesh_of(0.5 * p / np.abs(p).max(0), tri)
    return meshes
