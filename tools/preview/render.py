"""Render a scene: exact z-depth, sky mask and a linear colour image, shaded in numpy at the hit points."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.preview.camera import pinhole_rays
from tools.preview.raycast import Hits, Raycaster
from tools.preview.scene import Camera, Geometry, Pane, Rng, Scene
from tools.preview.textures import LEVELS, SIZE, sample, texture_bank

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Render:
    """`linear` (H, W, 3) radiance, `z_m` (H, W) metres with inf in the sky, `sky` (H, W) bool."""

    linear: Floats
    z_m: Floats
    sky: NDArray[np.bool_]


@dataclass(frozen=True)
class _Surface:
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
        kinds = [bank.kinds[m.texture] if m.texture else [-1] for m in scene.materials]
        self.texture = np.array([k[m.variant % len(k)] for k, m in zip(kinds, scene.materials, strict=True)])


def render(
    scene: Scene, geometry: Geometry, caster: Raycaster, camera: Camera, rng: Rng, width: int, height: int
) -> Render:
    """Return the picture that `camera` takes of the scene, before exposure and the camera's own effects."""
    rays = pinhole_rays(camera, width, height)
    hits = caster.cast(rays)
    seen = np.isfinite(hits.t)
    linear = np.zeros((len(rays), 3), np.float32)
    index = np.flatnonzero(seen)
    if len(index):
        surface = _surfaces(scene, geometry, hits, rays, index, camera.focal_over_width * width)
        linear[index] = _shade(scene, caster, surface, rng, index, (height, width))
    if not seen.all():
        linear[~seen] = _sky_colour(scene, rays[~seen, 3:])
    z = hits.t.reshape(height, width)
    return Render(_soften(linear.reshape(height, width, 3), z), z, ~seen.reshape(height, width))


def _surfaces(
    scene: Scene, geometry: Geometry, hits: Hits, rays: Floats, index: NDArray, focal_px: float
) -> _Surface:
    z, triangle, uv = hits.t[index], hits.triangle[index], hits.uv[index]
    direction = rays[index, 3:]
    point = rays[index, :3] + direction * z[:, None]
    length = np.sqrt(_dot(direction, direction))[:, None]
    view = -direction / length
    corner = geometry.triangles[triangle].astype(np.int64)
    n = geometry.normals
    smooth = (
        n[corner[:, 0]] * (1 - (uv[:, 0] + uv[:, 1]))[:, None]
        + n[corner[:, 1]] * uv[:, :1]
        + n[corner[:, 2]] * uv[:, 1:]
    )
    smooth = _unit(smooth)
    flat = hits.normal[index]
    flat = flat * np.sign(_dot(flat, view)[:, None] + 1e-12)
    smooth = smooth * np.sign(_dot(smooth, flat)[:, None] + 1e-12)
    instance = geometry.triangle_instance[triangle]
    slope = np.maximum(_dot(flat, view), 0.12)
    footprint = z / focal_px / np.sqrt(slope)  # metres per pixel, between the two axes of the ellipse
    albedo, glow, gloss = _materials(scene, geometry, instance, point, flat, footprint)
    return _Surface(point, smooth.astype(np.float32), view, z, albedo, glow, gloss)


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
    return np.clip(albedo, 0, 1).astype(np.float32), table.glow[row], table.gloss[row]


class _Grain:
    """The hit points as pixels: an interleaved pattern of 16 samples, and the 4 x 4 filter that evens it out.

    A soft light needs many rays a point; here each pixel of a 4 x 4 block takes another one of 16, and the
    filter joins them where the depth is about the same, so that no noise remains on smooth surfaces.
    """

    def __init__(self, index: NDArray, shape: tuple[int, int], z: Floats, rng: Rng) -> None:
        self._index, self._shape = index, shape
        near = np.zeros(shape[0] * shape[1], np.float32)
        near[index] = 1 / z
        image = near.reshape(shape)
        self._same = {}
        for axis in (0, 1):
            ahead = _shifted(image, axis, 1, np.nan) - image
            behind = image - _shifted(image, axis, -1, np.nan)
            # inverse depth is linear over a plane's picture: only what leaves that line is another surface
            slope = np.where(np.isnan(behind) | (np.abs(ahead) < np.abs(behind)), ahead, behind)
            for step in (-1, 1, 2):
                off = _shifted(image, axis, step, np.nan) - image - slope * step
                self._same[axis, step] = (np.abs(off) < 0.05 * image).astype(np.float32)
        row, column = index // shape[1] % 4, index % shape[1] % 4
        self.slot = rng.permutation(16)[4 * row + column]  # (N,) which of the 16 samples a pixel takes

    def even(self, values: Floats) -> Floats:
        """Return the mean of (N,) values over the block around each pixel."""
        full = np.zeros(self._shape[0] * self._shape[1], np.float32)
        full[self._index] = values
        image = full.reshape(self._shape)
        for axis in (0, 1):
            total, weight = image.copy(), np.ones(self._shape, np.float32)
            for step in (-1, 1, 2):
                same = self._same[axis, step]
                total += _shifted(image, axis, step) * same
                weight += same
            image = total / weight
        return image.ravel()[self._index]


def _shifted(image: Floats, axis: int, step: int, beyond: float = 0.0) -> Floats:
    """Return the image whose pixel k is pixel k + step; `beyond` lies outside of the border."""
    out = np.full_like(image, beyond)
    to = [slice(None), slice(None)]
    source = [slice(None), slice(None)]
    to[axis] = slice(max(0, -step), image.shape[axis] - max(0, step))
    source[axis] = slice(max(0, step), image.shape[axis] - max(0, -step))
    out[tuple(to)] = image[tuple(source)]
    return out


def _sixteen_directions(rng: Rng) -> Floats:
    """Return 16 unit vectors spread evenly over the sphere (a turned Fibonacci lattice)."""
    k = np.arange(16) + 0.5
    height, turn = 1 - k / 8, np.pi * (1 + 5**0.5) * k + rng.uniform(0, 6.3)
    ring = np.sqrt(1 - height**2)
    return np.stack([ring * np.cos(turn), height, ring * np.sin(turn)], 1).astype(np.float32)


def _shade(
    scene: Scene, caster: Raycaster, s: _Surface, rng: Rng, index: NDArray, shape: tuple[int, int]
) -> Floats:
    n = len(s.point)
    start = s.point + s.normal * (0.002 + 0.001 * s.z[:, None])
    grain = _Grain(index, shape, s.z, rng)
    # one short cosine-weighted ray a pixel: how closed in a point is
    bounce = s.normal + _sixteen_directions(rng)[grain.slot] * np.float32(0.98)
    reach = 0.7 if scene.indoor else 1.6
    open_ = grain.even(1.0 - caster.blocked(start, (bounce * reach).astype(np.float32)))
    up = s.normal[:, 1:2]
    ambient = np.array(scene.sky.ambient if scene.sky else scene.ambient, np.float32)
    light = ambient * (0.75 + 0.25 * up) * (0.35 + 0.65 * open_[:, None])
    shine = np.zeros((n, 1), np.float32)
    for more, spot in _lights(scene, caster, s, start, rng, grain):
        light += more
        shine += spot
    gloss = s.gloss[:, None]
    fresnel = gloss * (0.03 + 0.5 * (1 - np.clip(_dot(s.normal, s.view)[:, None], 0, 1)) ** 4)
    mirror = 2 * _dot(s.normal, s.view)[:, None] * s.normal - s.view
    around = ambient * (0.9 + 0.9 * np.clip(mirror[:, 1:2], -0.5, 1))
    colour = s.albedo * light + fresnel * around * 2 + gloss * shine
    colour += s.glow[:, None] * np.clip(s.albedo + 0.05, 0, 1)
    if scene.sky is not None:
        fade = np.exp(-scene.sky.haze_per_m * s.z)[:, None]
        colour = colour * fade + np.array(scene.sky.horizon, np.float32) * 0.9 * (1 - fade)
    return colour.astype(np.float32)


def _dot(a: NDArray, b: NDArray) -> NDArray:
    """Return the dot products of rows; einsum is several times faster than a sum over an axis of three."""
    return np.einsum("ij,ij->i", a, b)


def _unit(v: NDArray) -> NDArray:
    return v / np.sqrt(np.maximum(_dot(v, v), 1e-18))[:, None]


def _lights(
    scene: Scene,
    caster: Raycaster,
    s: _Surface,
    start: Floats,
    rng: Rng,
    grain: _Grain,
) -> list[tuple[Floats, Floats]]:
    """Return (diffuse light (N, 3), highlight (N, 1)) of the sun, lamps and window panes."""
    found = []
    n = len(s.point)
    if scene.sky is not None and scene.sky.sun > 0:
        to = np.array(scene.sky.to_sun, np.float32)
        facing = np.clip(s.normal @ to, 0, None)
        lit = np.zeros(n, np.float32)
        some = np.flatnonzero(facing > 0)
        lit[some] = 1.0 - caster.blocked(start[some], np.broadcast_to(to * 120, (len(some), 3)))
        colour = np.array((1.0, 0.93, 0.82), np.float32) * scene.sky.sun
        found.append(
            _light(s, (facing * lit)[:, None] * colour, np.broadcast_to(to, (n, 3)), lit * scene.sky.sun)
        )
    for lamp in scene.lamps:
        gap = np.array(lamp.centre, np.float32) - start
        far2 = np.maximum(_dot(gap, gap), 0.05)
        to = gap / np.sqrt(far2)[:, None]
        wobble = 0.1 * _sixteen_directions(rng)[grain.slot]
        lit = grain.even(1.0 - caster.blocked(start, (gap + wobble) * np.float32(0.88)))
        strength = np.clip(_dot(s.normal, to), 0, None) * lit * lamp.power / far2
        light = strength[:, None] * np.array(lamp.colour, np.float32)
        found.append(_light(s, light, to, lit * 0.3 * lamp.power / far2))
    for pane in sorted(scene.panes, key=lambda p: -p.power)[:2]:
        found.append(_pane_light(pane, caster, s, start, rng, grain))
    return found


def _pane_light(
    pane: Pane, caster: Raycaster, s: _Surface, start: Floats, rng: Rng, grain: _Grain
) -> tuple[Floats, Floats]:
    """Return the light of a window: 16 places of the pane, one of them for each pixel, evened out."""
    shift = rng.uniform(0, 1, 2).astype(np.float32)
    a = ((grain.slot % 4 + shift[0]) / 2 - 1)[:, None].astype(np.float32)
    b = ((grain.slot // 4 + shift[1]) / 2 - 1)[:, None].astype(np.float32)
    centre = np.array(pane.centre, np.float32)
    place = centre + a * np.array(pane.across, np.float32) + b * np.array(pane.up, np.float32)
    inward = np.array(pane.inward, np.float32)
    gap = (place + inward * np.float32(0.08) - start).astype(np.float32)
    far2 = np.maximum(_dot(gap, gap), 0.1)
    to = gap / np.sqrt(far2)[:, None]
    area = 4 * float(np.linalg.norm(pane.across) * np.linalg.norm(pane.up))
    lit = 1.0 - caster.blocked(start, gap * np.float32(0.97))
    leaving = np.clip(-(to @ inward), 0, None)
    strength = np.clip(_dot(s.normal, to), 0, None) * leaving * lit * area * pane.power / far2 * 0.5
    strength = grain.even(np.minimum(strength, 4 * pane.power).astype(np.float32))
    light = strength[:, None] * np.array((0.95, 0.98, 1.0), np.float32)
    return _light(s, light, _unit(centre - start), grain.even(lit) * 0.3 * pane.power)


def _light(s: _Surface, diffuse: Floats, to: Floats, strength: Floats) -> tuple[Floats, Floats]:
    """Add the highlight (Blinn-Phong) to a diffuse light."""
    half = _unit(to + s.view)
    spot = np.clip(_dot(half, s.normal), 0, 1) ** 60 * strength
    return diffuse.astype(np.float32), (1.2 * spot)[:, None].astype(np.float32)


def _sky_colour(scene: Scene, direction: Floats) -> Floats:
    """Return the sky's radiance: a gradient, clouds by noise on a plane above, a glare around the sun."""
    if scene.sky is None:  # a gap in a room's shell
        return np.full((len(direction), 3), 1.0, np.float32)
    sky, bank = scene.sky, texture_bank()
    d = _unit(direction)
    height = np.clip(d[:, 1:2], 0, 1)
    horizon, zenith = np.array(sky.horizon, np.float32), np.array(sky.zenith, np.float32)
    colour = horizon + (zenith - horizon) * height**0.5
    over = 0.25 / (height[:, 0] + 0.12)
    noise = np.array(bank.kinds["noise"])
    which = np.full(len(d), noise[sky.seed % len(noise)])
    value = sample(bank, which, d[:, 0] * over, d[:, 2] * over, np.full(len(d), 1.0))
    cover = np.clip((value[:, :1] - 0.5) * 3 + 0.4 * sky.clouds, 0, 1) * min(1.0, sky.clouds)
    white = (0.75 + 0.5 * value[:, 1:2]) * np.float32(1.1)
    colour = colour + (white - colour) * cover
    if sky.sun > 0:
        near = np.clip(d @ np.array(sky.to_sun, np.float32), 0, 1)[:, None]
        colour = colour + 0.35 * near**16 + 20 * near**3000
    return colour.astype(np.float32)


def _soften(linear: Floats, z: Floats) -> Floats:
    """Blend colours across depth steps as a lens and a pixel's area do; one ray a pixel leaves them jagged."""
    near = np.where(np.isfinite(z), 1 / np.maximum(z, 1e-3), 0)
    low, high = cv2.erode(near, np.ones((3, 3))), cv2.dilate(near, np.ones((3, 3)))
    edge = (high - low > 0.1 * high)[..., None]
    return np.where(edge, cv2.GaussianBlur(np.minimum(linear, 2.0), (3, 3), 0.6), linear).astype(np.float32)
