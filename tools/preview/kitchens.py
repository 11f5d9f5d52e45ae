"""Kitchens and bathrooms in detail: runs of cabinets with sink, hob, oven, fridge; washbasin, toilet, bath, shower.

As in furniture.py, each stands on the present frame's floor, facing -z, and returns its footprint in metres.
"""

from __future__ import annotations

import numpy as np

from tools.preview import furniture, surfaces
from tools.preview.clutter import clutter
from tools.preview.figures import limb
from tools.preview.scene import Builder, Material
from tools.preview.things import bottle, bowl, cup, plate

Footprint = tuple[float, float]


def _white(b: Builder) -> int:
    c = b.between(0.65, 0.85)
    return b.material(Material((c, c, c * 0.98), gloss=b.between(0.3, 0.7)))


def _handle(b: Builder, x: float, y: float, z: float, wide: float, high: float) -> None:
    b.add("box", (x, y, z - 0.025), (wide, high, 0.015), surfaces.metal(b))


def _unit(b: Builder, x: float, wide: float, y0: float, y1: float, z: float, skin: int, body: int) -> None:
    """Doors or drawers before a body, with gaps and handles; the front is at z."""
    b.add("box", (x, (y0 + y1) / 2, z + 0.3), (wide, y1 - y0, 0.56), body)
    rows = 1 if b.chance(0.6) else int(b.rng.integers(2, 5))
    high = (y1 - y0) / rows
    for k in range(rows):
        y = y0 + (k + 0.5) * high
        b.add("box", (x, y, z + 0.008), (wide - 0.006, high - 0.006, 0.018), skin)
        if rows > 1:
            _handle(b, x, y + 0.3 * high, z, 0.14, 0.014)
        else:
            _handle(b, x + (0.5 if b.chance(0.5) else -0.5) * (wide - 0.1), y1 - 0.12, z, 0.014, 0.14)


def kitchen_run(b: Builder, length: float) -> Footprint:
    """Base cabinets with a worktop, sink with tap, hob and oven, dishwasher, hood, fridge, wall cupboards, things."""
    d, h = 0.62, b.between(0.86, 0.94)
    front, body, top = furniture.drawers(b) if b.chance(0.2) else surfaces.wood(b), surfaces.wood(b), surfaces.floor(b) if b.chance(0.4) else surfaces.wood(b)
    dark, steel = surfaces.dark(b), surfaces.metal(b)
    units = max(1, round(length / 0.6))
    w = length / units
    low, up = 1.42, 2.05 + b.between(0, 0.25)
    back = surfaces.floor(b) if b.chance(0.5) else surfaces.wall(b)
    b.add("box", (0, (h + low) / 2, d / 2 - 0.005), (length, low - h, 0.01), back)
    tall = [k for k in range(units) if k in (0, units - 1) and b.chance(0.35)]
    sink, hob = int(b.rng.integers(units)), int(b.rng.integers(units))
    for k in range(units):
        x = (k + 0.5) * w - length / 2
        z = -d / 2
        if k in tall:
            skin = surfaces.metal(b) if b.chance(0.4) else _white(b) if b.chance(0.5) else front
            split = b.between(0.6, 1.3)
            _unit(b, x, w, 0.04, split, z, skin, body)
            _unit(b, x, w, split, b.between(1.75, 2.1), z, skin, body)
            continue
        if k == hob:
            b.add("box", (x, 0.5, z + 0.3), (w - 0.01, 0.78, 0.58), _white(b) if b.chance(0.4) else steel)
            b.add("box", (x, 0.42, z + 0.005), (w - 0.08, 0.42, 0.012), b.material(Material((0.015, 0.015, 0.018), gloss=0.9)))
            _handle(b, x, 0.68, z, w - 0.12, 0.02)
            for n in range(4):
                b.add("cylinder", (x + (n - 1.5) * 0.1, 0.79, z - 0.005), (0.045, 0.03, 0.045), dark, tilt=1.5708)
        elif k == sink and b.chance(0.3):
            b.add("box", (x, 0.5, z + 0.3), (w - 0.01, 0.8, 0.58), _white(b))
            b.add("cylinder", (x, 0.48, z + 0.0), (0.36, 0.03, 0.36), dark, tilt=1.5708)
        else:
            _unit(b, x, w, 0.1, h - 0.04, z, front, body)
        b.add("box", (x, h - 0.02, -0.01), (w, 0.04, d + 0.02), top)
        if k == hob:
            b.add("box", (x, h + 0.004, 0), (0.56, 0.008, 0.5), dark)
            for sx in (-0.13, 0.13):
                for sz in (-0.12, 0.12):
                    b.add("cylinder", (x + sx, h + 0.012, sz), (0.17, 0.01, 0.17), steel if b.chance(0.3) else dark)
                    if b.chance(0.25):
                        p = b.between(0.07, 0.16)
                        b.add("mug", (x + sx, h + 0.02 + p / 2, sz), (0.22, p, 0.22), surfaces.metal(b))
                        limb(b, "capsule", (x + sx, h + p, sz - 0.3), (x + sx, h + 0.8 * p, sz - 0.1), 0.025, 0.02, dark)
            hood = low + b.between(0.05, 0.25)
            b.add("box", (x, hood, 0.05), (w, b.between(0.05, 0.15), 0.48), steel)
            b.add("box", (x, (hood + 2.3) / 2, 0.15), (0.25, 2.3 - hood, 0.25), steel)
            continue
        if k == sink:
            b.add("box", (x, h + 0.002, -0.02), (0.5, 0.006, 0.42), steel)
            b.add("bowl", (x, h - 0.02, -0.02), (0.4, 0.06, 0.34), dark)
            limb(b, "capsule", (x, h + 0.28, 0.2), (x, h, 0.2), 0.03, 0.03, steel)
            limb(b, "capsule", (x, h + 0.24, 0.02), (x, h + 0.28, 0.2), 0.025, 0.025, steel)
            for n in range(int(b.rng.integers(0, 5))):
                with b.at(x + b.between(-0.3, 0.3), 0, b.between(-0.1, 0.15)):
                    (bottle, cup, plate, bowl)[n % 4](b, h + 0.006)
        else:
            clutter(b, w, d * 0.7, h, int(b.rng.integers(0, 5)))
            if b.chance(0.25):  # microwave, toaster, coffee machine
                s = (b.between(0.2, 0.48), b.between(0.18, 0.36), b.between(0.2, 0.34))
                b.stands("cushion", x, h, 0.08, s, surfaces.dark(b) if b.chance(0.5) else steel)
                b.stands("box", x - 0.05 * s[0], h + 0.1 * s[1], 0.08 - s[2] / 2, (s[0] * 0.65, s[1] * 0.7, 0.01), b.material(Material((0.02, 0.02, 0.02), gloss=0.9)))
        if b.chance(0.75):
            with b.at(0, 0, 0.14):
                _wall_cupboard(b, x, w, low, up, front, body)
    b.stands("box", 0, 0, 0.05, (length, 0.1, d * 0.8), dark)
    b.target(0, h, 0, 0.8)
    b.target(length * b.between(-0.4, 0.4), h, -0.1, 0.4)
    return length, d


def _wall_cupboard(b: Builder, x: float, w: float, low: float, up: float, front: int, body: int) -> None:
    b.add("box", (x, (low + up) / 2, 0), (w, up - low, 0.32), body)
    if b.chance(0.15):
        clutter(b, w, 0.2, up, 2)
    b.add("box", (x, (low + up) / 2, -0.165), (w - 0.006, up - low - 0.006, 0.018), front)
    _handle(b, x + (0.5 if b.chance(0.5) else -0.5) * (w - 0.1), low + 0.1, -0.175, 0.014, 0.12)


def basin(b: Builder) -> Footprint:
    """A washbasin on a cabinet or a foot, with tap, mirror, soap and a towel."""
    w, d, h = b.between(0.45, 1.2), b.between(0.4, 0.55), b.between(0.8, 0.88)
    white, steel = _white(b), surfaces.metal(b)
    if b.chance(0.6):
        b.stands("box", 0, 0.15, 0.02, (w, h - 0.25, d - 0.05), furniture.drawers(b))
    else:
        b.stands("post", 0, 0, 0.08, (0.2, h - 0.1, 0.2), white)
    b.add("cushion", (0, h - 0.05, 0), (w, 0.12, d), white)
    b.add("bowl", (0, h - 0.005, -0.02), (min(w, 0.5) * 0.8, 0.04, d * 0.65), b.material(Material((0.5, 0.5, 0.5), gloss=0.6)))
    limb(b, "capsule", (0, h + 0.14, d / 2 - 0.1), (0, h, d / 2 - 0.08), 0.04, 0.04, steel)
    limb(b, "capsule", (0, h + 0.11, 0.02), (0, h + 0.14, d / 2 - 0.1), 0.03, 0.03, steel)
    high = b.between(0.5, 1.0)
    b.add("box", (0, h + 0.3 + high / 2, d / 2 - 0.02), (w * b.between(0.7, 1.1), high, 0.02), b.material(Material((0.35, 0.37, 0.38), texture="faint", gloss=1.0)))
    if b.chance(0.6):
        b.add("box", (0, h + 0.4 + high, d / 2 - 0.06), (w * 0.6, 0.06, 0.1), b.material(Material((0.95, 0.93, 0.85), glow=b.between(0.0, 2.5))))
    for _ in range(int(b.rng.integers(0, 5))):
        with b.at(b.between(-0.42, 0.42) * w, 0, d * b.between(0.2, 0.35)):
            (bottle if b.chance(0.6) else cup)(b, h)
    if b.chance(0.5):
        b.add(f"curtain{int(b.rng.integers(4))}", (w / 2 + 0.25, h + 0.1, d / 2 - 0.06), (0.4, 0.7, 0.06), surfaces.cloth(b))
    b.target(0, h + 0.1, 0, 0.6)
    return w + 0.1, d


def toilet(b: Builder) -> Footprint:
    """A toilet with cistern, seat and paper."""
    white, dark = _white(b), surfaces.plain(b) if b.chance(0.3) else _white(b)
    b.stands("pillow", 0, 0.0, 0.0, (0.28, 0.38, 0.5), white)
    b.add("bowl", (0, 0.3, -0.1), (0.38, 0.24, 0.48), white)
    b.add("cylinder", (0, 0.425, -0.1), (0.38, 0.025, 0.46), dark)
    if b.chance(0.4):
        b.add("cushion", (0, 0.62, 0.16), (0.37, 0.42, 0.05), dark, tilt=0.15)
    else:
        b.add("cylinder", (0, 0.44, -0.1), (0.37, 0.02, 0.45), dark)
    if b.chance(0.6):
        b.add("cushion", (0, 0.62, 0.27), (0.4, 0.38, 0.17), white)
    b.add("cylinder", (0.38, 0.7, 0.25), (0.11, 0.1, 0.11), white, roll=1.5708)
    if b.chance(0.5):
        b.stands("cylinder", -0.32, 0, 0.2, (0.1, 0.38, 0.1), surfaces.metal(b))
    b.target(0, 0.4, 0, 0.6)
    return 0.75, 0.72


def bath(b: Builder) -> Footprint:
    """A bath tub with taps and curtain, or a shower cabin of glass bars."""
    steel, white = surfaces.metal(b), _white(b)
    if b.chance(0.55):
        w, d = b.between(1.5, 1.8), 0.75
        for z in (-1, 1):
            b.stands("cushion", 0, 0, z * (d / 2 - 0.05), (w, 0.57, 0.1), white)
        for x in (-1, 1):
            b.stands("cushion", x * (w / 2 - 0.06), 0, 0, (0.12, 0.57, d), white)
        b.stands("box", 0, 0.1, 0, (w - 0.1, 0.06, d - 0.1), white)
        limb(b, "capsule", (w / 2 - 0.25, 0.75, d / 2 - 0.2), (w / 2 - 0.25, 0.75, d / 2), 0.04, 0.04, steel)
        if b.chance(0.5):
            b.add(f"curtain{int(b.rng.integers(4))}", (-w * 0.3, 1.15, -d / 2), (w * 0.35, 1.75, 0.1), surfaces.cloth(b))
            limb(b, "post", (-w / 2, 2.05, -d / 2), (w / 2, 2.05, -d / 2), 0.025, 0.025, steel)
        b.target(0, 0.5, 0, 1.0)
        return w, d
    s = b.between(0.8, 1.1)
    b.stands("box", 0, 0, 0, (s, 0.08, s), white)
    for x in (-1, 1):
        b.stands("box", x * s / 2, 0, -s / 2, (0.03, 2.0, 0.03), steel)
    b.add("box", (0, 1.98, -s / 2), (s, 0.03, 0.03), steel)
    b.add("box", (s / 2, 1.02, 0), (0.008, 1.9, s), b.material(Material((0.3, 0.34, 0.34), gloss=1.0)))
    limb(b, "post", (0, 2.1, s / 2 - 0.05), (0, 1.0, s / 2 - 0.05), 0.025, 0.025, steel)
    b.add("cylinder", (0, 2.08, s / 2 - 0.2), (0.2, 0.02, 0.2), steel)
    b.target(0, 1.2, 0, 1.0)
    return s, s


def towels(b: Builder) -> Footprint:
    """A heated rail with towels, a basket, or a washing machine."""
    if b.chance(0.5):
        steel = surfaces.metal(b)
        for k in range(10):
            b.add("post", (0, 0.5 + 0.12 * k, 0.02), (0.025, 0.5, 0.025), steel, roll=np.pi / 2)
        for x in (-0.25, 0.25):
            b.add("post", (x, 1.05, 0.02), (0.03, 1.2, 0.03), steel)
        b.add("cushion", (0, b.between(0.8, 1.3), -0.02), (0.42, 0.5, 0.06), surfaces.cloth(b))
        return 0.6, 0.12
    b.stands("box", 0, 0, 0, (0.6, 0.85, 0.6), _white(b))
    b.add("cylinder", (0, 0.45, -0.3), (0.36, 0.03, 0.36), surfaces.dark(b), tilt=1.5708)
    b.add("box", (0, 0.76, -0.302), (0.55, 0.1, 0.01), surfaces.plain(b))
    clutter(b, 0.5, 0.5, 0.85, int(b.rng.integers(0, 5)))
    b.target(0, 0.7, 0, 0.6)
    return 0.62, 0.62
