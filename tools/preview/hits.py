"""What lies at the points that rays hit: place, normal, and the material there, textured without aliasing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.preview.raycast import Hits
from tools.preview.scene import Geometry, Scene
from tools.preview.textures import LEVELS, SIZE, picture_bank, sample, texture_bank

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Surface:
    """Everything known at the N hit points."""

    point: Floats  # (N, 3) world
    normal: Floats  # (N, 3) towards the camera
    view: Floats  # (N, 3) unit, towards the camera
    z: Floats  # (N,)
    albedo: Floats  # (N, 3)
    glow: Floats  # (N,)
    gloss: Floats  # (N,)


class _MaterialTable:
    """A scene's materials as arrays."""

    def __init__(self, scene: Scene) -> None:
        bank = texture_bank()
        self.colour = np.array([m.colour for m in scene.materials], np.float32)
        self.second = np.array([m.second for m in scene.materials], np.float32)
        self.scale = np.array([m.scale_m for m in scene.materials], np.float32)
        self.glow = np.array([m.glow for m in scene.materials], np.float32)
        self.gloss = np.array([m.gloss for m in scene.materials], np.float32)
        self.turned = np.array([m.turned for m in scene.materials])
        kinds = [bank.kinds.get(m.texture, [-1]) for m in scene.materials]
        self.own = np.array([m.variant if m.texture == "own" else -1 for m in scene.materials])
        self.texture = np.array([k[m.variant % len(k)] for k, m in zip(kinds, scene.materials, strict=True)])


def surfaces_at(
    scene: Scene,
    geometry: Geometry,
    hits: Hits,
    rays: Floats,
    index: NDArray,
    focal_px: float,
    behind_m: Floats | float = 0.0,
) -> Surface:
    """Return the surfaces that the rays of `index` hit; `behind_m`: how far light has come before the rays start."""
    z, triangle, uv = hits.t[index], hits.triangle[index], hits.uv[index]
    direction = rays[index, 3:]
    point = rays[index, :3] + direction * z[:, None]
    length = np.sqrt(dot(direction, direction))[:, None]
    view = -direction / length
    corner = geometry.triangles[triangle].astype(np.int64)
    smooth = unit(_between(geometry.normals, corner, uv))
    flat = hits.normal[index]
    flat = flat * np.sign(dot(flat, view)[:, None] + 1e-12)
    smooth = smooth * np.sign(dot(smooth, flat)[:, None] + 1e-12)
    instance = geometry.triangle_instance[triangle]
    slope = np.maximum(dot(flat, view), 0.12)
    footprint = (
        (z + behind_m) / focal_px / np.sqrt(slope)
    )  # metres per pixel, between the two axes of the ellipse
    albedo, glow, gloss = _materials(scene, geometry, instance, point, flat, footprint)
    if geometry.tint is not None:
        albedo = np.minimum(albedo * _between(geometry.tint, corner, uv), 1)
    return Surface(point, smooth.astype(np.float32), view, z, albedo, glow, gloss)


def _between(values: Floats, corner: NDArray, uv: Floats) -> Floats:
    """Return the values (V, 3) of the vertices between the three corners of each hit."""
    third = (1 - (uv[:, 0] + uv[:, 1]))[:, None]
    result: Floats = (
        values[corner[:, 0]] * third + values[corner[:, 1]] * uv[:, :1] + values[corner[:, 2]] * uv[:, 1:]
    )
    return result


def _materials(
    scene: Scene, geometry: Geometry, instance: NDArray, point: Floats, normal: Floats, footprint: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return albedo, glow and gloss of the hit points: box mapping in the object's frame, mip by footprint."""
    bank, table = texture_bank(), _MaterialTable(scene)
    row = geometry.material[instance]
    turn = geometry.turn[instance]
    local = np.einsum("nji,nj->ni", turn, point - geometry.centre[instance])
    axis = np.abs(np.einsum("nji,nj->ni", turn, normal)).argmax(1)
    size = geometry.size[instance]
    first = np.where(axis == 0, 2, 0)
    second = np.where(axis == 1, 2, 1)
    k = np.arange(len(row))
    scale = table.scale[row]
    fitted = scale <= 0
    su = np.where(fitted, size[k, first], scale)
    sv = np.where(fitted, size[k, second], scale)
    shift = np.where(fitted, 0.5, 0.618 * instance)  # neighbours with one material do not repeat each other
    u, v = local[k, first] / su + shift, shift - local[k, second] / sv
    swap = table.turned[row] & ~fitted
    u, v = np.where(swap, v, u), np.where(swap, u, v)
    level = np.log2(np.maximum(footprint * SIZE / np.minimum(su, sv), 1e-6))
    texture = table.texture[row]
    value = sample(bank, np.maximum(texture, 0), u, v, np.clip(level, 0, LEVELS - 1))
    colour = table.colour[row]
    blend = colour + (table.second[row] - colour) * value[:, :1]
    mixed = blend * (0.3 + 1.4 * value[:, 1:2])
    printed = colour * value * value  # squared: display values to linear, nearly
    rgb = np.where(bank.is_rgb[texture][:, None], printed, mixed)
    albedo = np.where((texture >= 0)[:, None], rgb, colour)
    own = np.flatnonzero(table.own[row] >= 0)
    if scene.pictures and len(own):
        prints = picture_bank(scene.pictures)
        sharp = np.clip(level[own], 0, LEVELS - 1)
        seen = sample(prints, table.own[row[own]] % len(scene.pictures), u[own], v[own], sharp)
        albedo[own] = colour[own] * seen * seen
    return np.clip(albedo, 0, 1).astype(np.float32), table.glow[row], table.gloss[row]


def dot(a: NDArray, b: NDArray) -> NDArray:
    """Return the dot products of rows; einsum is several times faster than a sum over an axis of three."""
    return np.einsum("ij,ij->i", a, b)


def unit(v: NDArray) -> NDArray:
    return v / np.sqrt(np.maximum(dot(v, v), 1e-18))[:, None]
