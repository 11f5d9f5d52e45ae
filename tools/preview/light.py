"""Light at the hit points: sun, lamps and window panes, with soft shadows from one ray a pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tools.preview.hits import Surface, dot, unit
from tools.preview.raycast import Raycaster
from tools.preview.scene import Pane, Rng, Scene

Floats = NDArray[np.float32]


class Grain:
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


def sixteen_directions(rng: Rng) -> Floats:
    """Return 16 unit vectors spread evenly over the sphere (a turned Fibonacci lattice)."""
    k = np.arange(16) + 0.5
    height, turn = 1 - k / 8, np.pi * (1 + 5**0.5) * k + rng.uniform(0, 6.3)
    ring = np.sqrt(1 - height**2)
    return np.stack([ring * np.cos(turn), height, ring * np.sin(turn)], 1).astype(np.float32)


def lights(
    scene: Scene,
    caster: Raycaster,
    s: Surface,
    start: Floats,
    rng: Rng,
    grain: Grain,
) -> list[tuple[Floats, Floats]]:
    """Return (diffuse light (N, 3), highlight (N, 1)) of the sun, lamps and window panes."""
    result = []
    n = len(s.point)
    if scene.sky is not None and scene.sky.sun > 0:
        to = np.array(scene.sky.to_sun, np.float32)
        facing = np.clip(s.normal @ to, 0, None)
        lit = np.zeros(n, np.float32)
        some = np.flatnonzero(facing > 0)
        lit[some] = 1.0 - caster.blocked(start[some], np.broadcast_to(to * 120, (len(some), 3)))
        colour = np.array(scene.sky.sun_colour, np.float32) * scene.sky.sun
        result.append(
            _light(s, (facing * lit)[:, None] * colour, np.broadcast_to(to, (n, 3)), lit * scene.sky.sun)
        )
    for lamp in scene.lamps:
        gap = np.array(lamp.centre, np.float32) - start
        far2 = np.maximum(dot(gap, gap), 0.05)
        to = gap / np.sqrt(far2)[:, None]
        wobble = 0.1 * sixteen_directions(rng)[grain.slot]
        lit = grain.even(1.0 - caster.blocked(start, (gap + wobble) * np.float32(0.88)))
        strength = np.clip(dot(s.normal, to), 0, None) * lit * lamp.power / far2
        light = strength[:, None] * np.array(lamp.colour, np.float32)
        result.append(_light(s, light, to, lit * 0.3 * lamp.power / far2))
    for pane in sorted(scene.panes, key=lambda p: -p.power)[:2]:
        result.append(_pane_light(pane, caster, s, start, rng, grain))
    return result


def _pane_light(
    pane: Pane, caster: Raycaster, s: Surface, start: Floats, rng: Rng, grain: Grain
) -> tuple[Floats, Floats]:
    """Return the light of a window: 16 places of the pane, one of them for each pixel, evened out."""
    shift = rng.uniform(0, 1, 2).astype(np.float32)
    a = ((grain.slot % 4 + shift[0]) / 2 - 1)[:, None].astype(np.float32)
    b = ((grain.slot // 4 + shift[1]) / 2 - 1)[:, None].astype(np.float32)
    centre = np.array(pane.centre, np.float32)
    place = centre + a * np.array(pane.across, np.float32) + b * np.array(pane.up, np.float32)
    inward = np.array(pane.inward, np.float32)
    gap = (place + inward * np.float32(0.08) - start).astype(np.float32)
    far2 = np.maximum(dot(gap, gap), 0.1)
    to = gap / np.sqrt(far2)[:, None]
    area = 4 * float(np.linalg.norm(pane.across) * np.linalg.norm(pane.up))
    lit = 1.0 - caster.blocked(start, gap * np.float32(0.97))
    leaving = np.clip(-(to @ inward), 0, None)
    strength = np.clip(dot(s.normal, to), 0, None) * leaving * lit * area * pane.power / far2 * 0.5
    strength = grain.even(np.minimum(strength, 4 * pane.power).astype(np.float32))
    light = strength[:, None] * np.array((0.95, 0.98, 1.0), np.float32)
    return _light(s, light, unit(centre - start), grain.even(lit) * 0.3 * pane.power)


def _light(s: Surface, diffuse: Floats, to: Floats, strength: Floats) -> tuple[Floats, Floats]:
    """Add the highlight (Blinn-Phong) to a diffuse light."""
    half = unit(to + s.view)
    spot = np.clip(dot(half, s.normal), 0, 1) ** 60 * strength
    return diffuse.astype(np.float32), (1.2 * spot)[:, None].astype(np.float32)
