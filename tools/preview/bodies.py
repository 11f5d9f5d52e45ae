"""Unit meshes of bodies: heads, hair, trunks and limbs, lofted through elliptic sections; people face -z."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from tools.preview.meshes import UnitMesh, mesh_of, sphere

# one section of a loft: height, half widths along x and z, middle in x and z
Section = tuple[float, float, float, float, float]
HAIR_REACH = 2.0  # a hair mesh is this much larger than the head's half axes


def loft(sections: list[Section], segments: int = 12, power: float = 2.3) -> UnitMesh:
    """Return a closed skin through superelliptic rings from low to high, fitted to the unit cube."""
    angle = np.linspace(0, 2 * np.pi, segments, endpoint=False)
    c, s = np.cos(angle), np.sin(angle)
    ring = np.stack([np.sign(c) * np.abs(c) ** (2 / power), np.sign(s) * np.abs(s) ** (2 / power)], 1)
    rows = []
    for y, half_x, half_z, x, z in sections:
        rows.append(np.stack([x + half_x * ring[:, 0], np.full(segments, y), z + half_z * ring[:, 1]], 1))
    p = np.concatenate(rows)
    triangles = []
    k = np.arange(segments)
    n = (k + 1) % segments
    for row in range(len(sections) - 1):
        low, high = row * segments, (row + 1) * segments
        triangles.append(np.stack([low + k, high + k, low + n], 1))
        triangles.append(np.stack([low + n, high + k, high + n], 1))
    for row, turn in ((0, 1), (len(sections) - 1, -1)):
        first = row * segments
        fan = np.stack([np.full(segments - 2, first), first + k[1:-1], first + k[2:]], 1)
        triangles.append(fan[:, ::turn])
    p = p - (p.max(0) + p.min(0)) / 2
    return mesh_of(p / (p.max(0) - p.min(0)), np.concatenate(triangles))


def _ball(cells: int) -> tuple[NDArray, NDArray]:
    """Return a sphere whose six sides share their corners, so that no crease runs over a face."""
    d, t = sphere(cells)
    _, first, place = np.unique(np.round(d, 6), axis=0, return_index=True, return_inverse=True)
    return d[first], place.reshape(-1)[t]


def _bump(d: NDArray, at: tuple[float, float, float], wide: float, high: float) -> NDArray:
    """Return a bell around a direction, narrower or wider along x than along y."""
    return np.exp(-(((d[:, 0] - at[0]) / wide) ** 2) - ((d[:, 1] - at[1]) / high) ** 2) * (
        d[:, 2] * at[2] > 0
    )


def _head(seed: int, cells: int = 10) -> UnitMesh:
    """A head with brow, nose, cheeks, lips and chin, and the tints of lips and cheeks."""
    rng = np.random.Generator(np.random.PCG64(900 + seed))
    d, t = _ball(cells)
    r = np.ones(len(d))
    r += 0.20 * rng.uniform(0.7, 1.3) * _bump(d, (0, -0.12, -1), 0.13, 0.17)  # nose
    r += 0.05 * _bump(d, (0, 0.28, -1), 0.5, 0.1)  # brow
    for side in (-1, 1):
        r -= 0.07 * _bump(d, (0.3 * side, 0.12, -1), 0.16, 0.12)  # eye socket
        r += 0.03 * _bump(d, (0.42 * side, -0.15, -1), 0.2, 0.2)
    r += 0.05 * _bump(d, (0, -0.47, -1), 0.2, 0.07)  # lips
    r += 0.10 * rng.uniform(0.5, 1.5) * _bump(d, (0, -0.85, -1), 0.3, 0.2)  # chin
    p = d * r[:, None]
    low = np.clip(-d[:, 1], 0, 1)
    p[:, 0] *= 1 - rng.uniform(0.08, 0.22) * low**1.5
    p[:, 2] *= 1 - 0.22 * low * (d[:, 2] > 0)
    p[:, 2] += -0.12 * low
    tint = np.ones((len(d), 3))
    lips = _bump(d, (0, -0.47, -1), 0.2, 0.07)[:, None]
    tint = tint * (1 - lips * np.array([0.1, 0.45, 0.4]))
    for side in (-1, 1):
        tint = tint * (1 - 0.25 * _bump(d, (0.3 * side, 0.12, -1), 0.16, 0.1)[:, None])
    mesh = mesh_of(p / 2.5, t, None, tint)  # half axes are 1 / 2.5 of the unit
    return UnitMesh(np.clip(mesh.vertices, -0.5, 0.5), mesh.normals, mesh.triangles, mesh.tint)


def _hair(seed: int, cells: int = 9) -> UnitMesh:
    """Hair round a head: short, combed, long, bushy; in the head's half axes, divided by twice HAIR_REACH."""
    rng = np.random.Generator(np.random.PCG64(950 + seed))
    d, t = _ball(cells)
    long = (0.0, 0.0, 1.0, 0.4, 0.0, 1.3)[seed % 6]
    thick = (0.06, 0.12, 0.1, 0.35, 0.2, 0.14)[seed % 6]
    wave = np.sin(d @ rng.normal(0, 9, (3, 8)) + rng.uniform(0, 6, 8)).mean(1)
    p = d * (1.02 + thick * (0.7 + 0.5 * np.clip(d[:, 1], 0, 1) + 0.8 * wave)[:, None])
    behind = (d[:, 2] > -0.15) | (np.abs(d[:, 0]) > 0.82)
    p[:, 1] -= long * np.clip(-d[:, 1] + 0.1, 0, 1) * behind
    line = rng.uniform(0.35, 0.6)
    face = (d[:, 2] < -0.12) & (d[:, 1] < line)
    neck = (d[:, 1] < -0.45) & (long == 0)
    gone = (face | neck)[t].all(1)
    used, t = np.unique(t[~gone], return_inverse=True)
    mesh = mesh_of(p[used] / (2 * HAIR_REACH), t.reshape(-1, 3))
    return UnitMesh(np.clip(mesh.vertices, -0.5, 0.5), mesh.normals, mesh.triangles)


@cache
def body_meshes() -> dict[str, UnitMesh]:
    """Return the meshes by name: head0-3, hair0-5, torso0-2, thigh, shin, upper_arm, forearm, neck, capsule."""
    meshes = {
        "torso0": loft(
            [
                (0.0, 0.10, 0.09, 0, 0),
                (0.03, 0.165, 0.115, 0, 0),
                (0.22, 0.15, 0.105, 0, 0),
                (0.40, 0.175, 0.12, 0, 0),
                (0.50, 0.215, 0.115, 0, 0.01),
                (0.55, 0.20, 0.10, 0, 0.01),
                (0.59, 0.12, 0.075, 0, 0.01),
                (0.62, 0.06, 0.06, 0, 0.005),
            ]
        ),
        "torso1": loft(
            [
                (0.0, 0.12, 0.10, 0, 0),
                (0.05, 0.18, 0.13, 0, 0),
                (0.20, 0.125, 0.10, 0, 0),
                (0.38, 0.155, 0.14, 0, -0.02),
                (0.49, 0.185, 0.105, 0, 0),
                (0.55, 0.165, 0.09, 0, 0.01),
                (0.62, 0.055, 0.055, 0, 0.005),
            ]
        ),
        "torso2": loft(
            [
                (0.0, 0.12, 0.11, 0, 0),
                (0.04, 0.20, 0.16, 0, -0.02),
                (0.20, 0.205, 0.18, 0, -0.04),
                (0.40, 0.20, 0.15, 0, -0.01),
                (0.51, 0.22, 0.125, 0, 0),
                (0.57, 0.18, 0.10, 0, 0.01),
                (0.62, 0.07, 0.07, 0, 0.005),
            ]
        ),
        # limbs hang from +y (the joint nearer to the trunk) to -y
        "thigh": loft(
            [
                (-0.5, 0.3, 0.32, 0, 0),
                (-0.45, 0.34, 0.36, 0, 0),
                (0.3, 0.48, 0.5, 0, 0),
                (0.5, 0.35, 0.4, 0, 0),
            ],
            10,
        ),
        "shin": loft(
            [
                (-0.5, 0.25, 0.25, 0, 0),
                (-0.35, 0.28, 0.3, 0, 0),
                (0.1, 0.46, 0.5, 0, 0.08),
                (0.4, 0.42, 0.42, 0, 0),
                (0.5, 0.35, 0.35, 0, 0),
            ],
            10,
        ),
        "upper_arm": loft(
            [
                (-0.5, 0.3, 0.3, 0, 0),
                (-0.45, 0.38, 0.38, 0, 0),
                (0.2, 0.48, 0.48, 0, 0),
                (0.36, 0.5, 0.5, 0, 0),
                (0.45, 0.38, 0.38, 0, 0),
                (0.5, 0.2, 0.2, 0, 0),
            ],
            10,
        ),
        "forearm": loft(
            [
                (-0.5, 0.28, 0.24, 0, 0),
                (-0.3, 0.33, 0.3, 0, 0),
                (0.2, 0.5, 0.48, 0, 0),
                (0.5, 0.38, 0.38, 0, 0),
            ],
            10,
        ),
        "capsule": loft(
            [
                (-0.5, 0.2, 0.2, 0, 0),
                (-0.46, 0.38, 0.38, 0, 0),
                (-0.38, 0.5, 0.5, 0, 0),
                (0.38, 0.5, 0.5, 0, 0),
                (0.46, 0.38, 0.38, 0, 0),
                (0.5, 0.2, 0.2, 0, 0),
            ],
            8,
            2.0,
        ),
        "skirt": loft([(-0.5, 0.5, 0.5, 0, 0), (0.1, 0.36, 0.36, 0, 0), (0.5, 0.27, 0.27, 0, 0)], 14, 2.0),
        "shoe": loft(
            [
                (-0.5, 0.5, 0.5, 0, 0),
                (-0.2, 0.5, 0.5, 0, 0),
                (0.1, 0.42, 0.42, 0, 0.03),
                (0.5, 0.35, 0.2, 0, 0.2),
            ],
            10,
        ),
    }
    for k in range(4):
        meshes[f"head{k}"] = _head(k)
        meshes[f"far_head{k}"] = _head(k, 5)
    for k in range(6):
        meshes[f"hair{k}"] = _hair(k)
        meshes[f"far_hair{k}"] = _hair(k, 5)
    return meshes
