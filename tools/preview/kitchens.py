"""Kitchens in detail: runs of cabinets with sink, hob, oven, dishwasher, fridge, hood and things on the worktop.

As in furniture.py, each stands on the present frame's floor, facing -z, and returns its footprint in metres.
"""

from __future__ import annotations

from tools.preview import furniture, surfaces
from tools.preview.clutter import clutter
from tools.preview.figures import limb
from tools.preview.scene import Builder, Material
from tools.preview.things import bottle, bowl, cup, plate

Footprint = tuple[float, float]


def white_enamel(b: Builder) -> int:
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
    front, body, top = (
        furniture.drawers(b) if b.chance(0.2) else surfaces.wood(b),
        surfaces.wood(b),
        surfaces.floor(b) if b.chance(0.4) else surfaces.wood(b),
    )
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
            skin = surfaces.metal(b) if b.chance(0.4) else white_enamel(b) if b.chance(0.5) else front
            split = b.between(0.6, 1.3)
            _unit(b, x, w, 0.04, split, z, skin, body)
            _unit(b, x, w, split, b.between(1.75, 2.1), z, skin, body)
            continue
        if k == hob:
            b.add(
                "box", (x, 0.5, z + 0.3), (w - 0.01, 0.78, 0.58), white_enamel(b) if b.chance(0.4) else steel
            )
            b.add(
                "box",
                (x, 0.42, z + 0.005),
                (w - 0.08, 0.42, 0.012),
                b.material(Material((0.015, 0.015, 0.018), gloss=0.9)),
            )
            _handle(b, x, 0.68, z, w - 0.12, 0.02)
            for n in range(4):
                b.add(
                    "cylinder",
                    (x + (n - 1.5) * 0.1, 0.79, z - 0.005),
                    (0.045, 0.03, 0.045),
                    dark,
                    tilt=1.5708,
                )
        elif k == sink and b.chance(0.3):
            b.add("box", (x, 0.5, z + 0.3), (w - 0.01, 0.8, 0.58), white_enamel(b))
            b.add("cylinder", (x, 0.48, z + 0.0), (0.36, 0.03, 0.36), dark, tilt=1.5708)
        else:
            _unit(b, x, w, 0.1, h - 0.04, z, front, body)
        b.add("box", (x, h - 0.02, -0.01), (w, 0.04, d + 0.02), top)
        if k == hob:
            b.add("box", (x, h + 0.004, 0), (0.56, 0.008, 0.5), dark)
            for sx in (-0.13, 0.13):
                for sz in (-0.12, 0.12):
                    b.add(
                        "cylinder",
                        (x + sx, h + 0.012, sz),
                        (0.17, 0.01, 0.17),
                        steel if b.chance(0.3) else dark,
                    )
                    if b.chance(0.25):
                        p = b.between(0.07, 0.16)
                        b.add("mug", (x + sx, h + 0.02 + p / 2, sz), (0.22, p, 0.22), surfaces.metal(b))
                        limb(
                            b,
                            "capsule",
                            (x + sx, h + p, sz - 0.3),
                            (x + sx, h + 0.8 * p, sz - 0.1),
                            0.025,
                            0.02,
                            dark,
                        )
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
                b.stands(
                    "box",
                    x - 0.05 * s[0],
                    h + 0.1 * s[1],
                    0.08 - s[2] / 2,
                    (s[0] * 0.65, s[1] * 0.7, 0.01),
                    b.material(Material((0.02, 0.02, 0.02), gloss=0.9)),
                )
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
