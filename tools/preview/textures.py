"""A bank of tileable textures with their mip pyramids, drawn once per process from a fixed seed.

Two modes. In "mix" textures channel 0 blends a material's two colours and channel 1 is its brightness (0.5
is neutral); "rgb" textures (pictures, posters, book spines, screens) are colours themselves. Dead-leaves
images and 1/f noise give the statistics of photographs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

SIZE = 256
LEVELS = 9
Floats = NDArray[np.float32]
Rng = np.random.Generator


@dataclass(frozen=True)
class TextureBank:
    """`texels` (K, sum of 4^k, 3) uint8: the mip levels of each texture one after another, finest first."""

    texels: NDArray[np.uint8]
    kinds: dict[str, list[int]]
    is_rgb: NDArray[np.bool_]


def spectrum_noise(rng: Rng, power: float, stretch: float = 1.0, size: int = SIZE) -> Floats:
    """Return tileable noise (size, size) in 0..1 whose amplitude falls as 1/f^power."""
    fy = np.fft.fftfreq(size)[:, None] * stretch
    fx = np.fft.rfftfreq(size)[None] / stretch
    f = np.hypot(fx, fy)
    f[0, 0] = 1
    amplitude = f**-power
    amplitude[0, 0] = 0
    phase = rng.uniform(0, 2 * np.pi, amplitude.shape)
    noise = np.fft.irfft2(amplitude * np.exp(1j * phase), s=(size, size))
    return np.clip(0.5 + 0.2 * noise / noise.std(), 0, 1).astype(np.float32)


def _coordinates() -> tuple[Floats, Floats]:
    v, u = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32) / SIZE
    return u, v


def _cells(rng: Rng, nx: int, ny: int, joint: float, shift: float) -> tuple[Floats, Floats]:
    """Rectangular cells in rows, each row shifted: returns (joint mask, random value of each cell)."""
    u, v = _coordinates()
    row = np.floor(v * ny)
    x = u * nx + shift * row
    column = np.floor(x) % nx
    fx, fy = x - np.floor(x), v * ny - row
    edge = np.minimum(np.minimum(fx, 1 - fx) / nx, np.minimum(fy, 1 - fy) / ny)
    value = rng.uniform(0, 1, (ny, nx))[row.astype(int), column.astype(int)]
    return (edge < joint).astype(np.float32), value.astype(np.float32)


def _mix(t0: NDArray, t1: NDArray) -> Floats:
    return np.stack([t0, t1, np.full_like(t0, 0.5)], -1).astype(np.float32)


def _brick(rng: Rng) -> Floats:
    n = int(rng.integers(3, 7))
    joint, value = _cells(rng, n, int(n * rng.uniform(2, 3)) // 2 * 2, rng.uniform(0.004, 0.012), 0.5)
    return _mix(joint, 0.5 + rng.uniform(0.1, 0.5) * (value - 0.5) + 0.3 * (spectrum_noise(rng, 0.8) - 0.5))


def _tile(rng: Rng) -> Floats:
    n = int(rng.integers(3, 9))
    joint, value = _cells(rng, n, n, rng.uniform(0.002, 0.01), 0.0)
    return _mix(joint, 0.5 + rng.uniform(0, 0.3) * (value - 0.5) + 0.25 * (spectrum_noise(rng, 1.2) - 0.5))


def _plank(rng: Rng) -> Floats:
    joint, value = _cells(
        rng, int(rng.integers(1, 3)), int(rng.integers(5, 14)), 0.002, rng.uniform(0.3, 0.7)
    )
    grain = spectrum_noise(rng, 1.0, stretch=6.0)
    return _mix(
        np.clip(0.6 * joint + 0.6 * value * grain * rng.uniform(0.3, 1.5), 0, 1),
        0.5 + 0.35 * (value - 0.5) + 0.35 * (grain - 0.5) - 0.2 * joint,
    )


def _wood(rng: Rng) -> Floats:
    _, v = _coordinates()
    warp = spectrum_noise(rng, 1.8, stretch=3.0)
    rings = 0.5 + 0.5 * np.sin(2 * np.pi * (int(rng.integers(4, 14)) * v + rng.uniform(1, 4) * warp))
    return _mix(rings * rng.uniform(0.2, 0.8), 0.5 + 0.3 * (spectrum_noise(rng, 0.9, stretch=7.0) - 0.5))


def _check(rng: Rng) -> Floats:
    u, v = _coordinates()
    n = 2 * int(rng.integers(2, 6))
    t = (np.floor(u * n) + np.floor(v * n)) % 2
    return _mix(t, 0.5 + 0.3 * (spectrum_noise(rng, 1.2) - 0.5))


def _stripe(rng: Rng) -> Floats:
    u, _ = _coordinates()
    line = rng.uniform(0, 1, int(rng.integers(8, 40)))
    t = (
        line[(u * len(line)).astype(int)]
        if rng.uniform() < 0.5
        else 0.5 + 0.5 * np.sin(u * 2 * np.pi * len(line))
    )
    return _mix(t, 0.5 + 0.3 * (spectrum_noise(rng, 0.6) - 0.5))


def _noise(rng: Rng) -> Floats:
    power = rng.uniform(0.4, 2.0)
    return _mix(spectrum_noise(rng, power), spectrum_noise(rng, power * rng.uniform(0.5, 1)))


def _faint(rng: Rng) -> Floats:
    """Painted wall: nearly one colour, a little dirt and unevenness."""
    dirt = np.clip(4 * (spectrum_noise(rng, 1.6) - 0.75), 0, 1) * rng.uniform(0, 0.5)
    return _mix(dirt, 0.5 + rng.uniform(0.03, 0.2) * (spectrum_noise(rng, rng.uniform(0.3, 1.8)) - 0.5))


def _marble(rng: Rng) -> Floats:
    vein = 1 - np.abs(spectrum_noise(rng, 1.5) - 0.5) * rng.uniform(6, 20)
    return _mix(np.clip(vein, 0, 1), 0.5 + 0.3 * (spectrum_noise(rng, 1.5) - 0.5))


def _fine(rng: Rng) -> Floats:
    """Carpet, asphalt, plaster, gravel: mostly fine grain."""
    grain = spectrum_noise(rng, rng.uniform(0, 0.5))
    spots = spectrum_noise(rng, 1.3)
    return _mix(spots, 0.5 + rng.uniform(0.3, 1.0) * (grain - 0.5) + 0.3 * (spots - 0.5))


def _discs(rng: Rng, image: Floats, count: int, smallest: float, rects: float) -> Floats:
    """Paint occluding shapes with sizes by a power law, wrapping round: the dead-leaves model."""
    for _ in range(count):
        r = int(SIZE * min(0.35, smallest / rng.uniform(0.03, 1) ** 0.8))
        x, y = (int(c) for c in rng.integers(0, SIZE, 2))
        grey = rng.uniform(0, 1)
        colour = tuple(float(c) for c in grey + rng.uniform(0.1, 0.7) * (rng.uniform(0, 1, 3) - grey))
        angle, flat = float(rng.uniform(0, 180)), rng.uniform(0.3, 1)
        for dx in (-SIZE, 0, SIZE):
            for dy in (-SIZE, 0, SIZE):
                centre = (x + dx, y + dy)
                if not (-r <= centre[0] <= SIZE + r and -r <= centre[1] <= SIZE + r):
                    continue
                if (colour[0] * 7919) % 1 < rects:
                    box = cv2.boxPoints((centre, (2.0 * r, 2.0 * r * flat), angle)).astype(np.int32)
                    cv2.fillConvexPoly(image, box, colour)
                else:
                    cv2.ellipse(image, centre, (max(r, 1), max(int(r * flat), 1)), angle, 0, 360, colour, -1)
    return image


def _leaf(rng: Rng) -> Floats:
    image = _discs(
        rng, np.full((SIZE, SIZE, 3), 0.5, np.float32), 900, rng.uniform(0.008, 0.02), rng.uniform(0, 0.5)
    )
    return _mix(image[..., 0], 0.5 + rng.uniform(0.4, 1.0) * (image[..., 1] - 0.5))


def _facade(rng: Rng) -> Floats:
    """Four by four bays with windows; channel 0 is glass, channel 1 holds frames, sills and stains."""
    u, v = _coordinates()
    n = 4
    fu, fv = u * n - np.floor(u * n), v * n - np.floor(v * n)
    w, top, bottom = rng.uniform(0.18, 0.46), rng.uniform(0.08, 0.3), rng.uniform(0.7, 0.97)
    inside = (np.abs(fu - 0.5) < w) & (fv > top) & (fv < bottom)
    frame = (np.abs(fu - 0.5) < w + 0.05) & (fv > top - 0.05) & (fv < bottom + 0.06)
    cross = (np.abs(fu - 0.5) < 0.025) | (np.abs(fv - rng.uniform(0.3, 0.6)) < 0.02)
    glass = inside & ~cross
    each = rng.uniform(0, 1, (n, n))[(v * n).astype(int), (u * n).astype(int)]
    wall = 0.5 + 0.25 * (spectrum_noise(rng, rng.uniform(0.5, 1.6)) - 0.5)
    t1 = np.where(glass, 0.2 + 0.8 * each * (0.6 + 0.4 * fv), np.where(frame, rng.uniform(0.5, 1.0), wall))
    return _mix(np.where(glass, rng.uniform(0.8, 1), 0), t1)


def _books(rng: Rng) -> Floats:
    image = np.zeros((SIZE, SIZE, 3), np.float32)
    x = 0
    while x < SIZE:
        w = int(rng.integers(5, 18))
        image[int(rng.integers(0, 50)) :, x : x + w] = rng.uniform(0.05, 1, 3) * rng.uniform(0.3, 1)
        y = int(rng.integers(60, 200))
        image[y : y + int(rng.integers(3, 20)), x + 1 : x + w - 1] = rng.uniform(0, 1, 3)
        image[:, x] *= 0.3
        x += w
    return image


def _text(rng: Rng) -> Floats:
    paper = np.ones((SIZE, SIZE, 3), np.float32) * rng.uniform(0.75, 1, 3).astype(np.float32)
    step = int(rng.integers(7, 18))
    for y in range(10, SIZE - 10, step):
        x = 12
        while x < SIZE - 20 and rng.uniform() > 0.04:
            w = int(rng.integers(4, 26))
            paper[y : y + step // 2, x : min(x + w, SIZE - 12)] *= rng.uniform(0.1, 0.6)
            x += w + 5
    return paper


def _photo(rng: Rng) -> Floats:
    """A picture that is not one: colour gradient, horizon, occluding shapes, soft noise."""
    _, v = _coordinates()
    image = np.stack([spectrum_noise(rng, rng.uniform(1, 2)) for _ in range(3)], -1)
    image = image * 0.5 + (v[..., None] - 0.5) * rng.uniform(-0.6, 0.6, 3).astype(np.float32)
    image = np.clip(image + rng.uniform(-0.1, 0.5, 3).astype(np.float32), 0, 1).astype(np.float32)
    image[int(SIZE * rng.uniform(0.3, 0.8)) :] *= rng.uniform(0.3, 1, 3).astype(np.float32)
    return _discs(
        rng,
        np.ascontiguousarray(image),
        int(rng.integers(4, 160)),
        rng.uniform(0.02, 0.08),
        rng.uniform(0, 1),
    )


def _poster(rng: Rng) -> Floats:
    image = np.ones((SIZE, SIZE, 3), np.float32) * rng.uniform(0, 1, 3).astype(np.float32)
    image = _discs(rng, image, int(rng.integers(3, 14)), 0.08, 0.8)
    for _ in range(int(rng.integers(1, 6))):
        y, x, h = (int(k) for k in rng.integers(8, 200, 3) * [1, 0.5, 0.15])
        image[y : y + h + 3, x + 8 : x + int(rng.integers(40, 200))] = rng.uniform(0, 1, 3)
    return image


def _outlook(rng: Rng) -> Floats:
    """What one sees through a window: sky, and trees or houses in front of it, all bright."""
    _, v = _coordinates()
    sky = rng.uniform(0.8, 1.0, 3).astype(np.float32)
    image = sky * (1 - 0.25 * v[..., None]) + 0.1 * (spectrum_noise(rng, 1.6)[..., None] - 0.5)
    level = rng.uniform(0.25, 0.7)
    for layer in range(int(rng.integers(1, 4))):
        skyline = np.zeros(SIZE)
        colour = rng.uniform(0.25, 0.8, 3).astype(np.float32) * np.array([0.9, 1.0, 0.8], np.float32)
        if rng.uniform() < 0.5:  # houses: steps
            x = 0
            while x < SIZE:
                w = int(rng.integers(15, 70))
                skyline[x : x + w] = rng.uniform(-0.15, 0.15)
                x += w
        else:  # trees: a rough line
            skyline = 0.5 * (spectrum_noise(rng, 1.3)[0] - 0.5)
        below = v > (level + 0.12 * layer + skyline)[None]
        grain = 0.75 + 0.5 * spectrum_noise(rng, rng.uniform(0.6, 1.2))
        image = np.where(below[..., None], colour * grain[..., None], image)
    return np.clip(image, 0, 1).astype(np.float32)


def _keys(rng: Rng) -> Floats:
    joint, value = _cells(rng, int(rng.integers(8, 16)), int(rng.integers(5, 12)), 0.008, 0.25)
    return _mix(joint, 0.5 + 0.3 * (value - 0.5))


def _drawers(rng: Rng) -> Floats:
    """Cabinet fronts: few large cells with thin joints and a handle in each."""
    nx, ny = int(rng.integers(1, 5)), int(rng.integers(1, 5))
    joint, value = _cells(rng, nx, ny, 0.006, 0.0)
    u, v = _coordinates()
    fu, fv = u * nx % 1, v * ny % 1
    handle = (np.abs(fu - rng.uniform(0.2, 0.8)) < 0.1) & (np.abs(fv - rng.uniform(0.1, 0.5)) < 0.02)
    return _mix(
        np.maximum(joint, handle), 0.5 + 0.08 * (value - 0.5) + 0.1 * (spectrum_noise(rng, 1.0) - 0.5)
    )


_MAKERS: dict[str, tuple[Callable[[Rng], Floats], int, bool]] = {
    "brick": (_brick, 8, False),
    "tile": (_tile, 10, False),
    "plank": (_plank, 10, False),
    "wood": (_wood, 10, False),
    "check": (_check, 3, False),
    "stripe": (_stripe, 8, False),
    "noise": (_noise, 14, False),
    "faint": (_faint, 10, False),
    "marble": (_marble, 6, False),
    "fine": (_fine, 14, False),
    "leaf": (_leaf, 12, False),
    "facade": (_facade, 16, False),
    "keys": (_keys, 4, False),
    "drawers": (_drawers, 10, False),
    "books": (_books, 8, True),
    "text": (_text, 6, True),
    "photo": (_photo, 26, True),
    "poster": (_poster, 16, True),
    "outlook": (_outlook, 14, True),
}


@cache
def texture_bank() -> TextureBank:
    """Draw all textures (a few seconds, once per process)."""
    rng = np.random.Generator(np.random.PCG64(20260))
    texels: list[NDArray[np.uint8]] = []
    kinds: dict[str, list[int]] = {}
    is_rgb: list[bool] = []
    for kind, (maker, count, rgb) in _MAKERS.items():
        kinds[kind] = list(range(len(texels), len(texels) + count))
        for _ in range(count):
            texels.append(_pyramid(maker(rng)))
            is_rgb.append(rgb)
    return TextureBank(np.stack(texels), kinds, np.array(is_rgb))


def _pyramid(image: NDArray) -> NDArray[np.uint8]:
    """Return the mip levels of an image with values 0..1, one after another."""
    levels = [np.clip(image, 0, 1).astype(np.float32)]
    for _ in range(LEVELS - 1):
        a = levels[-1]
        levels.append((a[::2, ::2] + a[1::2, ::2] + a[::2, 1::2] + a[1::2, 1::2]) * np.float32(0.25))
    return np.concatenate([np.rint(255 * a).astype(np.uint8).reshape(-1, 3) for a in levels])


def picture_bank(pictures: list[NDArray[np.uint8]]) -> TextureBank:
    """Return a bank of a scene's own pictures (SIZE, SIZE, 3), numbered as they come."""
    texels = [_pyramid(picture.astype(np.float32) / 255) for picture in pictures]
    return TextureBank(np.stack(texels), {}, np.ones(len(pictures), bool))


def sample(bank: TextureBank, index: NDArray, u: NDArray, v: NDArray, level: NDArray) -> Floats:
    """Return texture values (N, 3) in 0..1 at u, v (in tiles), bilinear in the mip level nearest to `level`."""
    k = np.clip(np.rint(level), 0, LEVELS - 1).astype(np.int32)
    side = (SIZE >> k).astype(np.int32)
    offset = ((4 * SIZE * SIZE - 4 * side * side) // 3).astype(np.int64)
    x = (u - np.floor(u)) * side - 0.5
    y = (v - np.floor(v)) * side - 0.5
    x0, y0 = np.floor(x).astype(np.int32), np.floor(y).astype(np.int32)
    fx, fy = (x - x0).astype(np.float32)[:, None], (y - y0).astype(np.float32)[:, None]
    mask = side - 1  # sides are powers of two, so that & wraps round
    xa, xb, ya, yb = x0 & mask, (x0 + 1) & mask, (y0 & mask) * side, ((y0 + 1) & mask) * side
    flat = bank.texels.reshape(-1, 3)
    base = index.astype(np.int64) * bank.texels.shape[1] + offset
    top = flat[base + ya + xa] * (1 - fx) + flat[base + ya + xb] * fx
    low = flat[base + yb + xa] * (1 - fx) + flat[base + yb + xb] * fx
    return ((top * (1 - fy) + low * fy) * np.float32(1 / 255)).astype(np.float32)
