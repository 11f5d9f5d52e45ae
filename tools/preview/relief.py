"""Land as a height field: ridged and smooth noise in layers, as a fan of triangles that grow with distance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.preview.meshes import UnitMesh, mesh_of
from tools.preview.scene import Rng

Array = NDArray[np.float64]
APEX_M = 4.0  # the fan starts so far behind the photographer
HALF_FAN = np.deg2rad(72)
_LATTICE = 64


def step(value: Array, low: float | Array, high: float | Array) -> Array:
    """Return 0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float64)


class Noise:
    """Smooth random fields over the plane: value noise on lattices that are turned from octave to octave."""

    def __init__(self, rng: Rng) -> None:
        self._lattice = rng.uniform(-1, 1, _LATTICE * _LATTICE)
        self._turn = rng.uniform(0, 6.3, 24)
        self._shift = rng.uniform(0, _LATTICE, (24, 2))

    def field(self, x: Array, z: Array, wave_m: float, octave: int = 0) -> Array:
        """Return values in -1..1 that change over about `wave_m` metres."""
        k = octave % 24
        c, s = np.cos(self._turn[k]) * 2 / wave_m, np.sin(self._turn[k]) * 2 / wave_m
        u, v = c * x + s * z + self._shift[k, 0], -s * x + c * z + self._shift[k, 1]
        iu, iv = np.floor(u), np.floor(v)
        fu, fv = u - iu, v - iv
        fu, fv = fu * fu * (3 - 2 * fu), fv * fv * (3 - 2 * fv)
        mask = _LATTICE - 1
        a, b = iu.astype(np.int64) & mask, iv.astype(np.int64) & mask
        a1, b1 = (a + 1) & mask, ((b + 1) & mask) * _LATTICE
        b = b * _LATTICE
        grid = self._lattice
        low = grid[b + a] + (grid[b + a1] - grid[b + a]) * fu
        high = grid[b1 + a] + (grid[b1 + a1] - grid[b1 + a]) * fu
        return low + (high - low) * fv

    def smooth(self, x: Array, z: Array, wave_m: float, octaves: int, first: int = 0) -> Array:
        """Return fractal noise of about -1..1: rolling land."""
        total = np.zeros_like(x)
        for k in range(octaves):
            total += 0.5**k * self.field(x, z, wave_m / 2.03**k, first + k)
        return total / 1.3

    def ridged(self, x: Array, z: Array, wave_m: float, octaves: int, first: int = 0) -> Array:
        """Return fractal noise of 0..1 with sharp crests: mountains."""
        total, weight, amplitude = np.zeros_like(x), np.ones_like(x), 1.0
        for k in range(octaves):
            crest = (1 - np.abs(self.field(x, z, wave_m / 2.03**k, first + k))) ** 2
            total += amplitude * crest * weight
            weight = np.clip(crest * 1.4, 0.1, 1)
            amplitude *= 0.5
        return total / 1.7


@dataclass(frozen=True)
class Layer:
    """Noise of a height (m) and wave (m) that sets in between two distances from the photographer."""

    height_m: float
    wave_m: float
    start_m: float
    full_m: float
    octaves: int
    ridged: bool = False


@dataclass(frozen=True)
class Relief:
    """The height of the land: layers of noise, minus a slope downwards from the photographer's position."""

    noise: Noise
    layers: tuple[Layer, ...]
    drop_m: float = 0.0
    drop_from_m: float = 5.0
    drop_to_m: float = 100.0
    coast: tuple[float, float, float] | None = None  # yaw and distance of a shore, depth of the sea behind it

    def height(self, x: Array, z: Array) -> Array:
        """Return the height (m) at places (m); it is 0 near the origin."""
        r = np.hypot(x, z)
        total = -self.drop_m * step(r, self.drop_from_m, self.drop_to_m)
        for n, layer in enumerate(self.layers):
            value = (
                self.noise.ridged(x, z, layer.wave_m, layer.octaves, 5 * n)
                if layer.ridged
                else self.noise.smooth(x, z, layer.wave_m, layer.octaves, 5 * n)
            )
            total = total + layer.height_m * step(r, layer.start_m, layer.full_m) * value
        if self.coast is not None:
            yaw, far, deep = self.coast
            along = x * np.sin(yaw) + z * np.cos(yaw)
            wiggle = 0.3 * far * self.noise.smooth(x, z, 2.5 * far, 3, 19)
            total = total - deep * step(along + wiggle, 0.8 * far, 3 * far)
        return np.asarray(total, np.float64)

    def at(self, x: float, z: float) -> float:
        """Return the height (m) of one place."""
        return float(self.height(np.array([x]), np.array([z]))[0])


def fan(far_m: float, rows: int = 170, columns: int = 210) -> tuple[Array, Array, NDArray[np.int64]]:
    """Return x, z (m) of a fan's corners ahead of the photographer, row by row, and its triangles."""
    near = max(24, rows // 5)
    radius = np.concatenate(
        [np.geomspace(0.5, 120, near, endpoint=False), np.geomspace(120, far_m, rows - near)]
    )
    angle = np.linspace(-HALF_FAN, HALF_FAN, columns)
    r, a = np.meshgrid(radius, angle, indexing="ij")
    k = np.arange(r.size).reshape(r.shape)
    p, q, s, t = k[:-1, :-1].ravel(), k[:-1, 1:].ravel(), k[1:, :-1].ravel(), k[1:, 1:].ravel()
    triangles = np.concatenate([np.stack([p, s, q], 1), np.stack([q, s, t], 1)])
    return (r * np.sin(a)).ravel(), (r * np.cos(a)).ravel() - APEX_M, triangles


def land_mesh(x: Array, y: Array, z: Array, triangles: NDArray, tint: Array) -> UnitMesh:
    """Return the land as a mesh in metres (an instance of size 1 at the origin)."""
    mesh = mesh_of(np.stack([x, y, z], 1), triangles, None, tint)
    return UnitMesh(mesh.vertices, mesh.normals * np.sign(mesh.normals[:, 1:2]), mesh.triangles, mesh.tint)
