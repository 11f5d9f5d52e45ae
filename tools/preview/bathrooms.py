"""Bathrooms: washbasin, toilet, bath, shower, towels, washing machine.

As in furniture.py, each stands on the present frame's floor, facing -z, and returns its footprint in metres.
"""

from __future__ import annotations

import numpy as np

from tools.preview import furniture, surfaces
from tools.preview.clutter import clutter
from tools.preview.figures import limb
from tools.preview.kitchens import white_enamel
from tools.preview.scene import Builder, Material
from tools.preview.things import bottle, cup

Footprint = tuple[float, float]


def basin(b: Builder) -> Footprint:
    """A washbasin on a cabinet or a foot, with tap, mirror, soap and a towel."""
    w, d, h = b.between(0.45, 1.2), b.between(0.4, 0.55), b.between(0.8, 0.88)
    white, steel = white_enamel(b), surfaces.metal(b)
    if b.chance(0.6):
        b.stands("box", 0, 0.15, 0.02, (w, h - 0.25, d - 0.05), furniture.drawers(b))
    else:
        b.stands("post", 0, 0, 0.08, (0.2, h - 0.1, 0.2), white)
    b.add("cushion", (0, h - 0.05, 0), (w, 0.12, d), white)
    b.add(
        "bowl",
        (0, h - 0.005, -0.02),
        (min(w, 0.5) * 0.8, 0.04, d * 0.65),
        b.material(Material((0.5, 0.5, 0.5), gloss=0.6)),
    )
    limb(b, "capsule", (0, h + 0.14, d / 2 - 0.1), (0, h, d / 2 - 0.08), 0.04, 0.04, steel)
    limb(b, "capsule", (0, h + 0.11, 0.02), (0, h + 0.14, d / 2 - 0.1), 0.03, 0.03, steel)
    high = b.between(0.5, 1.0)
    b.add(
        "box",
        (0, h + 0.3 + high / 2, d / 2 - 0.02),
        (w * b.between(0.7, 1.1), high, 0.02),
        b.material(Material((0.35, 0.37, 0.38), texture="faint", gloss=1.0)),
    )
    if b.chance(0.6):
        b.add(
            "box",
            (0, h + 0.4 + high, d / 2 - 0.06),
            (w * 0.6, 0.06, 0.1),
            b.material(Material((0.95, 0.93, 0.85), glow=b.between(0.0, 2.5))),
        )
    for _ in range(int(b.rng.integers(0, 5))):
        with b.at(b.between(-0.42, 0.42) * w, 0, d * b.between(0.2, 0.35)):
            (bottle if b.chance(0.6) else cup)(b, h)
    if b.chance(0.5):
        b.add(
            f"curtain{int(b.rng.integers(4))}",
            (w / 2 + 0.25, h + 0.1, d / 2 - 0.06),
            (0.4, 0.7, 0.06),
            surfaces.cloth(b),
        )
    b.target(0, h + 0.1, 0, 0.6)
    return w + 0.1, d


def toilet(b: Builder) -> Footprint:
    """A toilet with cistern, seat and paper."""
    white, dark = white_enamel(b), surfaces.plain(b) if b.chance(0.3) else white_enamel(b)
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
    steel, white = surfaces.metal(b), white_enamel(b)
    if b.chance(0.55):
        w, d = b.between(1.5, 1.8), 0.75
        for z in (-1, 1):
            b.stands("cushion", 0, 0, z * (d / 2 - 0.05), (w, 0.57, 0.1), white)
        for x in (-1, 1):
            b.stands("cushion", x * (w / 2 - 0.06), 0, 0, (0.12, 0.57, d), white)
        b.stands("box", 0, 0.1, 0, (w - 0.1, 0.06, d - 0.1), white)
        limb(b, "capsule", (w / 2 - 0.25, 0.75, d / 2 - 0.2), (w / 2 - 0.25, 0.75, d / 2), 0.04, 0.04, steel)
        if b.chance(0.5):
            b.add(
                f"curtain{int(b.rng.integers(4))}",
                (-w * 0.3, 1.15, -d / 2),
                (w * 0.35, 1.75, 0.1),
                surfaces.cloth(b),
            )
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
    b.stands("box", 0, 0, 0, (0.6, 0.85, 0.6), white_enamel(b))
    b.add("cylinder", (0, 0.45, -0.3), (0.36, 0.03, 0.36), surfaces.dark(b), tilt=1.5708)
    b.add("box", (0, 0.76, -0.302), (0.55, 0.1, 0.01), surfaces.plain(b))
    clutter(b, 0.5, 0.5, 0.85, int(b.rng.integers(0, 5)))
    b.target(0, 0.7, 0, 0.6)
    return 0.62, 0.62
