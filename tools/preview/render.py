"""Render a scene: exact z-depth, sky mask and a linear colour image, shaded in numpy at the hit points."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.preview.camera import pinhole_rays
from tools.preview.hits import Surface, dot, surfaces_at, unit
from tools.preview.light import Grain, lights, sixteen_directions
from tools.preview.raycast import Raycaster
from tools.preview.scene import Camera, Geometry, Rng, Scene
from tools.preview.textures import sample, texture_bank

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Render:
    """`linear` (H, W, 3) radiance, `z_m` (H, W) metres with inf in the sky, `sky` (H, W) bool."""

    linear: Floats
    z_m: Floats
    sky: NDArray[np.bool_]


def render(
    scene: Scene,
    geometry: Geometry,
    caster: Raycaster,
    camera: Camera,
    rng: Rng,
    width: int,
    height: int,
    rays: Floats | None = None,
) -> Render:
    """Return the picture that `camera` takes of the scene, before exposure and the camera's own effects.

    Other rays than a pinhole's, (height * width, 6), give the depth in multiples of their directions.
    """
    rays = pinhole_rays(camera, width, height) if rays is None else rays
    hits = caster.cast(rays)
    seen = np.isfinite(hits.t)
    linear = np.zeros((len(rays), 3), np.float32)
    index = np.flatnonzero(seen)
    if len(index):
        focal_px = camera.focal_over_width * width
        surface = surfaces_at(scene, geometry, hits, rays, index, focal_px)
        linear[index] = _shade(scene, geometry, caster, surface, rng, index, (height, width), focal_px)
    if not seen.all():
        linear[~seen] = _sky_colour(scene, rays[~seen, 3:])
    z = hits.t.reshape(height, width)
    return Render(_soften(linear.reshape(height, width, 3), z), z, ~seen.reshape(height, width))


def _shade(
    scene: Scene,
    geometry: Geometry,
    caster: Raycaster,
    s: Surface,
    rng: Rng,
    index: NDArray,
    shape: tuple[int, int],
    focal_px: float,
) -> Floats:
    n = len(s.point)
    start = s.point + s.normal * (0.002 + 0.001 * s.z[:, None])
    grain = Grain(index, shape, s.z, rng)
    # one short cosine-weighted ray a pixel: how closed in a point is
    bounce = s.normal + sixteen_directions(rng)[grain.slot] * np.float32(0.98)
    reach = 0.7 if scene.indoor else 1.6
    open_ = grain.even(1.0 - caster.blocked(start, (bounce * reach).astype(np.float32)))
    up = s.normal[:, 1:2]
    ambient = np.array(scene.sky.ambient if scene.sky else scene.ambient, np.float32)
    light = ambient * (0.75 + 0.25 * up) * (0.35 + 0.65 * open_[:, None])
    shine = np.zeros((n, 1), np.float32)
    for more, spot in lights(scene, caster, s, start, rng, grain):
        light += more
        shine += spot
    facing = np.clip(dot(s.normal, s.view), 0, 1)
    fresnel = s.gloss * (0.04 + 0.5 * (1 - facing) ** 4)
    colour = s.albedo * light + s.gloss[:, None] * shine
    glossy = np.flatnonzero(fresnel > 0.02)
    if len(glossy):
        mirror = 2 * facing[glossy, None] * s.normal[glossy] - s.view[glossy]
        rays = np.concatenate([start[glossy], mirror], 1).astype(np.float32)
        seen = _reflected(scene, geometry, caster, rays, light.mean(0), focal_px, s.z[glossy])
        colour[glossy] += fresnel[glossy, None] * seen
    colour += s.glow[:, None] * np.clip(s.albedo + 0.05, 0, 1)
    if scene.sky is not None:
        fade = np.exp(-scene.sky.haze_per_m * s.z)[:, None]
        colour = colour * fade + np.array(scene.sky.horizon, np.float32) * 0.9 * (1 - fade)
    return colour.astype(np.float32)


def _reflected(
    scene: Scene,
    geometry: Geometry,
    caster: Raycaster,
    rays: Floats,
    level: Floats,
    focal_px: float,
    behind_m: Floats,
) -> Floats:
    """Return the radiance (N, 3) that comes back along mirror rays: things under the mean light, or the sky."""
    hits = caster.cast(rays)
    radiance = _sky_colour(scene, rays[:, 3:])
    index = np.flatnonzero(np.isfinite(hits.t))
    if len(index):
        there = surfaces_at(scene, geometry, hits, rays, index, focal_px, behind_m[index])
        radiance[index] = there.albedo * level + there.glow[:, None] * np.clip(there.albedo + 0.05, 0, 1)
    return radiance


def _sky_colour(scene: Scene, direction: Floats) -> Floats:
    """Return the sky's radiance: a gradient, clouds by noise on a plane above, a glare around the sun."""
    if scene.sky is None:  # a gap in a room's shell
        return np.full((len(direction), 3), 1.0, np.float32)
    sky, bank = scene.sky, texture_bank()
    d = unit(direction)
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
