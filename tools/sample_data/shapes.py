"""Shapes with real bevels, as Blender objects: boxes, turned profiles, tubes, cushions, sheets. Metres, z up."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix
from numpy.typing import ArrayLike, NDArray

Point = tuple[float, float, float]


def mesh(
    name: str, vertices: ArrayLike, faces: Sequence[Sequence[int]], material: Any, smooth: bool = True
) -> Any:
    """An object of vertices (V, 3) and polygons in its own frame, which starts as the world's."""
    data = bpy.data.meshes.new(name)
    data.from_pydata(np.asarray(vertices, float).tolist(), [], [tuple(map(int, f)) for f in faces])
    data.polygons.foreach_set("use_smooth", [smooth] * len(data.polygons))
    data.materials.append(material)
    made = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(made)
    return made


def place(objects: Iterable[Any], at: Point = (0, 0, 0), turn_deg: float = 0.0) -> list[Any]:
    """Turn finished objects about the world's z axis, then move them."""
    placed = list(objects)
    move = Matrix.Translation(at) @ Matrix.Rotation(math.radians(turn_deg), 4, "Z")
    for item in placed:
        item.matrix_world = move @ item.matrix_basis
    return placed


def tilt(item: Any, axis: str, angle_deg: float, about: Point) -> Any:
    """Turn one object about an axis through a point."""
    there = Matrix.Translation(about)
    turn = Matrix.Rotation(math.radians(angle_deg), 4, axis)
    item.matrix_world = there @ turn @ there.inverted() @ item.matrix_basis
    return item


def box(name: str, low: Point, high: Point, material: Any, bevel_m: float = 0.003) -> Any:
    """A box between two corners, its origin at its centre, its edges rounded."""
    centre = (np.array(low) + np.array(high)) / 2
    half = (np.array(high, float) - np.array(low)) / 2
    corners = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * half
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    made = mesh(name, corners, faces, material, smooth=bevel_m > 0)
    made.location = centre.tolist()
    if bevel_m > 0:
        rounding = made.modifiers.new("edges", "BEVEL")
        rounding.width = min(bevel_m, float(half.min()) * 0.9)
        rounding.segments = 3
        rounding.harden_normals = True
    return made


def grid(
    name: str, rows: int, columns: int, point: Callable[[NDArray, NDArray], Sequence[NDArray]], material: Any
) -> Any:
    """A sheet: `point(u, v)` with u along columns and v along rows, both in [0, 1], gives x, y, z."""
    v, u = np.meshgrid(np.linspace(0, 1, rows), np.linspace(0, 1, columns), indexing="ij")
    vertices = np.stack([np.broadcast_to(c, u.shape) for c in point(u, v)], axis=-1).reshape(-1, 3)
    first = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    faces = np.stack([first, first + 1, first + columns + 1, first + columns], axis=1)
    return mesh(name, vertices, faces.tolist(), material)


def turned(
    name: str, profile: Sequence[tuple[float, float]], at: Point, material: Any, sides: int = 64
) -> Any:
    """A solid of revolution about z through `at`; the profile is (radius, height) from below to above."""
    radius, height = np.array(profile, float).T
    angle = np.arange(sides) * 2 * math.pi / sides
    ring = np.stack([np.cos(angle), np.sin(angle)])
    vertices = np.stack(
        [radius[:, None] * ring[0], radius[:, None] * ring[1], np.repeat(height[:, None], sides, 1)], axis=-1
    ).reshape(-1, 3)
    faces = []
    for level in range(len(profile) - 1):
        for side in range(sides):
            following = (side + 1) % sides
            low, high = level * sides, (level + 1) * sides
            faces.append((low + side, low + following, high + following, high + side))
    made = mesh(name, vertices, faces, material)
    made.location = at
    made.data.set_sharp_from_angle(angle=math.radians(50))
    return made


def tube(name: str, path: ArrayLike, radius_m: float, material: Any, taper: float = 1.0) -> Any:
    """A round bar along points (N, 3); its radius ends at `taper` of its start."""
    points = np.asarray(path, float)
    curve = bpy.data.curves.new(name, "CURVE")
    curve.dimensions = "3D"
    curve.bevel_depth = radius_m
    curve.bevel_resolution = 4
    curve.use_fill_caps = True
    line = curve.splines.new("POLY")
    line.points.add(len(points) - 1)
    line.points.foreach_set("co", np.column_stack([points, np.ones(len(points))]).ravel())
    line.points.foreach_set("radius", np.linspace(1.0, taper, len(points)))
    line.use_smooth = True
    curve.materials.append(material)
    made = bpy.data.objects.new(name, curve)
    bpy.context.scene.collection.objects.link(made)
    return made


def padded(
    name: str, low: Point, high: Point, material: Any, power: float = 9.0, bulge: float = 0.0, seed: int = 0
) -> Any:
    """An upholstered block: a box with generous rounding, a bulging top and uneven stuffing."""
    side = np.linspace(-1, 1, 25)
    a, b = (c.ravel() for c in np.meshgrid(side, side, indexing="ij"))
    one = np.ones_like(a)
    sheets = [(one, a, b), (-one, b, a), (b, one, a), (a, -one, b), (a, b, one), (b, a, -one)]
    cube = np.concatenate([np.stack(s, axis=-1) for s in sheets])
    unit = cube / np.linalg.norm(cube, ord=power, axis=1, keepdims=True)
    rise = bulge * (1 - unit[:, 0] ** 2) * (1 - unit[:, 1] ** 2)
    unit = unit + np.stack([0 * rise, 0 * rise, np.where(unit[:, 2] > 0, rise, 0)], axis=-1)
    half = (np.array(high, float) - np.array(low)) / 2
    phase = np.random.default_rng(seed).uniform(0, 6.28, (4, 3))
    position = unit * half
    uneven = sum(np.sin(position @ np.array([7.0, 9.0, 8.0]) * (1 + 0.7 * i) + phase[i, 0]) for i in range(4))
    position = position * (1 + 0.006 * uneven[:, None])
    first = (np.arange(24)[:, None] * 25 + np.arange(24)).ravel()
    quads = np.stack([first, first + 25, first + 26, first + 1], axis=1)
    faces = np.concatenate([quads + 625 * i for i in range(6)])
    made = mesh(name, *_welded(position, faces), material)
    made.location = ((np.array(low) + np.array(high)) / 2).tolist()
    return made


def _welded(vertices: NDArray, faces: NDArray) -> tuple[NDArray, list[list[int]]]:
    """Join sheets (V, 3), (F, 4) along their common edges, so that the shading of a closed form has no seams."""
    _, first, inverse = np.unique(np.round(vertices, 5), axis=0, return_index=True, return_inverse=True)
    corners = [list(dict.fromkeys(face)) for face in inverse.ravel()[faces].tolist()]
    return vertices[first], [face for face in corners if len(face) > 2]


def pillow(name: str, width_m: float, thick_m: float, material: Any, seed: int = 0) -> Any:
    """A scatter cushion lying flat at the origin: pinched corners, drawn-in sides, creases."""
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0, 6.28, 6)

    def side(sign: float) -> NDArray:
        v, u = np.meshgrid(np.linspace(-1, 1, 33), np.linspace(-1, 1, 33), indexing="ij")
        room = np.clip((1 - u**4) * (1 - v**4), 0, 1)
        crease = 0.05 * np.sin(5 * u + 3 * v + phase[0]) + 0.04 * np.sin(9 * v - 6 * u + phase[1])
        z = sign * room**0.55 * (1 + crease * room) * thick_m / 2
        drawn_x, drawn_y = u * (1 - 0.10 * (1 - v * v)), v * (1 - 0.10 * (1 - u * u))
        return np.stack([drawn_x * width_m / 2, drawn_y * width_m / 2, z], axis=-1).reshape(-1, 3)

    first = (np.arange(32)[:, None] * 33 + np.arange(32)).ravel()
    quads = np.stack([first, first + 1, first + 34, first + 33], axis=1)
    faces = np.concatenate([quads, quads[:, ::-1] + 33 * 33])
    return mesh(name, *_welded(np.concatenate([side(1.0), side(-1.0)]), faces), material)
