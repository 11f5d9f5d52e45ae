"""Leaves, pot plants and trees, each as one mesh of bent leaves on tubes. Metres, z up."""

import math
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from tools.sample_data.shapes import Point, tube

Array = NDArray[np.float64]


def unit(vectors: Array) -> Array:
    """Vectors (N, 3) scaled to length one."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def leaves(
    name: str,
    roots: Array,
    along: Array,
    length_m: Array,
    material: Any,
    rng: np.random.Generator,
    *,
    breadth: float = 0.5,
    droop: float = 0.35,
    detail: tuple[int, int] = (9, 5),
) -> Any:
    """One mesh of N leaves from roots (N, 3) in directions (N, 3): oval, folded at the midrib, drooping."""
    count, (rows, columns) = len(roots), detail
    t, s = np.meshgrid(np.linspace(0, 1, rows), np.linspace(-1, 1, columns), indexing="ij")
    outline = breadth / 2 * np.sin(math.pi * np.clip(t, 0.02, 0.985) ** 0.8)
    local = np.stack([t, s * outline, np.abs(s) * outline * 0.35 - droop * t**2], axis=-1).reshape(-1, 3)
    forward = unit(along)
    up = np.broadcast_to(np.array([0.0, 0.0, 1.0]), forward.shape) + rng.normal(0, 0.25, forward.shape)
    side = unit(np.cross(up, forward))
    normal = np.cross(forward, side)
    axes = np.stack([forward, side, normal], axis=1)
    vertices = roots[:, None] + length_m[:, None, None] * np.einsum("kc,ncd->nkd", local, axes)
    first = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    quads = np.stack([first, first + 1, first + columns + 1, first + columns], axis=1)
    faces = (np.arange(count)[:, None, None] * rows * columns + quads).reshape(-1, 4)
    shade = np.repeat(rng.uniform(0, 1, count), rows * columns)
    return _bulk_mesh(name, vertices.reshape(-1, 3), faces, shade, material)


def _bulk_mesh(name: str, vertices: Array, faces: NDArray[np.int64], shade: Array, material: Any) -> Any:
    data = bpy.data.meshes.new(name)
    data.vertices.add(len(vertices))
    data.vertices.foreach_set("co", vertices.astype(np.float32).ravel())
    data.loops.add(faces.size)
    data.loops.foreach_set("vertex_index", faces.astype(np.int32).ravel())
    data.polygons.add(len(faces))
    data.polygons.foreach_set("loop_start", np.arange(0, faces.size, 4, dtype=np.int32))
    data.polygons.foreach_set("use_smooth", np.ones(len(faces), bool))
    data.attributes.new("shade", "FLOAT", "POINT").data.foreach_set("value", shade.astype(np.float32))
    data.update(calc_edges=True)
    data.materials.append(material)
    made = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(made)
    return made


def pot_plant(
    at: Point, height_m: float, stems: int, leaf_m: float, green: Any, bark: Any, seed: int
) -> None:
    """Upright stems from a pot's earth at `at`, with large leaves all along their upper parts."""
    rng = np.random.default_rng(seed)
    roots, along, sizes = [], [], []
    for stem in range(stems):
        angle = 2 * math.pi * stem / stems + rng.uniform(-0.4, 0.4)
        lean = rng.uniform(0.12, 0.34) * height_m
        reach = height_m * rng.uniform(0.7, 1.0)
        t = np.linspace(0, 1, 14)
        path = np.stack(
            [lean * t**1.6 * math.cos(angle), lean * t**1.6 * math.sin(angle), reach * t], axis=-1
        )
        path += np.array(at)
        tube("stem", path, 0.009 * height_m, bark, taper=0.35)
        for step in np.linspace(0.28, 1.0, 11):
            turn = rng.uniform(0, 2 * math.pi)
            rise = rng.uniform(0.1, 0.7) + (0.9 if step > 0.93 else 0.0)
            roots.append([np.interp(step, t, path[:, k]) for k in range(3)])
            along.append([math.cos(turn), math.sin(turn), rise])
            sizes.append(leaf_m * rng.uniform(0.65, 1.1))
    leaves("foliage", np.array(roots), np.array(along), np.array(sizes), green, rng, breadth=0.55)


def bush(
    at: Point, radius_m: float, count: int, leaf_m: float, green: Any, seed: int, flat: float = 1.0
) -> Any:
    """A ball of small leaves: herbs in a pot, a hedge, a clump of a tree's crown."""
    rng = np.random.default_rng(seed)
    direction = unit(rng.normal(0, 1, (count, 3)))
    distance = radius_m * rng.uniform(0.25, 1.0, (count, 1)) ** 0.5
    roots = np.array(at) + direction * distance * np.array([1.0, 1.0, flat])
    outward = direction + rng.normal(0, 0.5, (count, 3))
    sizes = leaf_m * rng.uniform(0.6, 1.2, count)
    return leaves("foliage", roots, outward, sizes, green, rng, breadth=0.6, detail=(4, 3))


def tree(
    at: Point, height_m: float, leaf_count: int, leaf_m: float, green: Any, bark: Any, seed: int
) -> None:
    """A street tree: a trunk, branches that fork three times, leaves around the last twigs."""
    rng = np.random.default_rng(seed)
    twigs: list[Array] = []

    def grow(start: Array, heading: Array, length: float, radius: float, level: int) -> None:
        t = np.linspace(0, 1, 7)[:, None]
        bend = rng.normal(0, 0.12, 3) * length
        path = start + heading * length * t + bend * t**2 + np.array([0, 0, 0.10 * length]) * t**2
        tube("branch", path, radius, bark, taper=0.62)
        if level >= 2:
            twigs.append(path[2:])
        if level == 3:
            return
        for child in range(5 if level == 0 else 4):
            spread = rng.uniform(0.45, 0.95)
            turn = 2 * math.pi * child / 4 + rng.uniform(-0.5, 0.5)
            side = unit(np.cross(heading, rng.normal(0, 1, 3))[None])[0]
            other = np.cross(heading, side)
            aim = heading + spread * (side * math.cos(turn) + other * math.sin(turn))
            grow(
                path[-1 - (child % 2) * (level > 0)], unit(aim[None])[0], length * rng.uniform(0.55, 0.75),
                radius * 0.55, level + 1,
            )  # fmt: skip

    trunk = height_m * 0.36
    grow(np.array(at), np.array([0.0, 0.0, 1.0]), trunk, height_m * 0.018, 0)
    along = np.concatenate(twigs)
    chosen = along[rng.integers(0, len(along), leaf_count)]
    roots = chosen + rng.normal(0, height_m * 0.025, (leaf_count, 3))
    outward = unit(rng.normal(0, 1, (leaf_count, 3))) + np.array([0, 0, -0.1])
    sizes = leaf_m * rng.uniform(0.6, 1.2, leaf_count)
    leaves("crown", roots, outward, sizes, green, rng, breadth=0.62, detail=(3, 3))
