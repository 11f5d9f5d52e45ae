"""Render a scene: exact z-depth, sky mask and a linear colour image, shaded in numpy at the hit points."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.preview.camera import pinhole_rays
from tools.preview.raycast import Hits, Raycaster
from tools.preview.scene import Camera, Geometry, Rng, Scene
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
    length = np.linalg.norm(direction, axis=1, keepdims=True)
    view = -direction / length
    corner = geometry.triangles[triangle].astype(np.int64)
    n = geometry.normals
    smooth = (
        n[corner[:, 0]] * (1 - uv.sum(1))[:, None] + n[corner[:, 1]] * uv[:, :1] + n[corner[:, 2]] * uv[:, 1:]
    )
    smooth /= np.maximum(np.linalg.norm(smooth, axis=1, keepdims=True), 1e-9)
    flat = hits.normal[index]
    flat = flat * np.sign((flat * view).sum(1, keepdims=True) + 1e-12)
    smooth = smooth * np.sign((smooth * flat).sum(1, keepdims=True) + 1e-12)
    instance = geometry.triangle_instance[triangle]
    slope = np.maximum((flat * view).sum(1), 0.12)
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


def _blur_rows(values: Floats, index: NDArray, shape: tuple[int, int], z: Floats) -> Floats:
    """Smooth a noisy (N,) quantity over 3 x 3 pixels of about the same depth."""
    full = np.zeros(shape[0] * shape[1], np.float32)
    nearness = np.zeros_like(full)
    full[index], nearness[index] = values, 1 / z
    image, near = full.reshape(shape), nearness.reshape(shape)
    total, weight = image.copy(), np.ones(shape, np.float32)
    for axis in (0, 1):
        a, b = (slice(1, None), slice(None)), (slice(None, -1), slice(None))
        if axis == 1:
            a, b = a[::-1], b[::-1]
        total, weight = (total / weight), np.ones(shape, np.float32)
        source = total.copy()
        same = (np.abs(near[a] - near[b]) < 0.08 * near[a]).astype(np.float32)
        total[a] += source[b] * same
        weight[a] += same
        total[b] += source[a] * same
        weight[b] += same
    return (total / weight).ravel()[index]


def _shade(
    scene: Scene, caster: Raycaster, s: _Surface, rng: Rng, index: NDArray, shape: tuple[int, int]
) -> Floats:
    n = len(s.point)
    start = s.point + s.normal * (0.002 + 0.001 * s.z[:, None])
    # one short cosine-weighted ray a pixel, smoothed afterwards: how closed in a point is
    bounce = s.normal + _unit(rng.normal(size=(n, 3)).astype(np.float32)) * 0.98
    reach = 0.7 if scene.indoor else 1.6
    open_ = 1.0 - caster.blocked(start, (bounce * reach).astype(np.float32))
    for _ in range(3):
        open_ = _blur_rows(open_, index, shape, s.z)
    up = s.normal[:, 1:2]
    ambient = np.array(scene.sky.ambient if scene.sky else scene.ambient, np.float32)
    light = ambient * (0.75 + 0.25 * up) * (0.35 + 0.65 * open_[:, None])
    shine = np.zeros((n, 1), np.float32)
    for more, spot in _lights(scene, caster, s, start, rng, index, shape):
        light += more
        shine += spot
    gloss = s.gloss[:, None]
    fresnel = gloss * (0.03 + 0.5 * (1 - np.clip((s.normal * s.view).sum(1, keepdims=True), 0, 1)) ** 4)
    mirror = 2 * (s.normal * s.view).sum(1, keepdims=True) * s.normal - s.view
    around = ambient * (0.9 + 0.9 * np.clip(mirror[:, 1:2], -0.5, 1))
    colour = s.albedo * light + fresnel * around * 2 + gloss * shine
    colour += s.glow[:, None] * np.clip(s.albedo + 0.05, 0, 1)
    if scene.sky is not None:
        fade = np.exp(-scene.sky.haze_per_m * s.z)[:, None]
        colour = colour * fade + np.array(scene.sky.horizon, np.float32) * 0.9 * (1 - fade)
    return colour.astype(np.float32)


def _unit(v: Floats) -> Floats:
    return v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-9)


def _lights(
    scene: Scene,
    caster: Raycaster,
    s: _Surface,
    start: Floats,
    rng: Rng,
    index: NDArray,
    shape: tuple[int, int],
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
        wobble = 0.06 * rng.normal(size=(n, 3)).astype(np.float32)
        gap = np.array(lamp.centre, np.float32) + wobble - start
        far2 = np.maximum((gap * gap).sum(1), 0.05)
        to = gap / np.sqrt(far2)[:, None]
        lit = _blur_rows(1.0 - caster.blocked(start, gap * 0.88), index, shape, s.z)
        strength = np.clip((s.normal * to).sum(1), 0, None) * lit * lamp.power / far2
        found.append(
            _light(
                s, strength[:, None] * np.array(lamp.colour, np.float32), to, lit * 0.3 * lamp.power / far2
            )
        )
    for pane in sorted(scene.panes, key=lambda p: -p.power)[:2]:
        a, b = (rng.uniform(-1, 1, (n, 1)).astype(np.float32) for _ in range(2))
        place = np.array(pane.centre) + a * np.array(pane.across) + b * np.array(pane.up)
        inward = np.array(pane.inward, np.float32)
        gap = (place + inward * 0.08 - start).astype(np.float32)
        far2 = np.maximum((gap * gap).sum(1), 0.1)
        to = gap / np.sqrt(far2)[:, None]
        area = 4 * float(np.linalg.norm(pane.across) * np.linalg.norm(pane.up))
        lit = 1.0 - caster.blocked(start, gap * 0.97)
        for _ in range(2):
            lit = _blur_rows(lit, index, shape, s.z)
        leaving = np.clip(-(to @ inward), 0, None)
        strength = np.clip((s.normal * to).sum(1), 0, None) * leaving * lit * area * pane.power / far2 * 0.5
        strength = _blur_rows(np.minimum(strength, 4 * pane.power), index, shape, s.z)
        found.append(
            _light(s, strength[:, None] * np.array((0.95, 0.98, 1.0), np.float32), to, lit * 0.3 * pane.power)
        )
    return found


def _light(s: _Surface, diffuse: Floats, to: Floats, strength: Floats) -> tuple[Floats, Floats]:
    """Add the highlight (Blinn-Phong) to a diffuse light."""
    half = _unit(to + s.view)
    spot = np.clip((half * s.normal).sum(1), 0, 1) ** 60 * strength
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
