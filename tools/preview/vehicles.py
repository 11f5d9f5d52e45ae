"""Bicycles, motorbikes, buses and trains. Noses point to +z, as `car`'s does."""

from __future__ import annotations

import numpy as np

from tools.preview import surfaces
from tools.preview.figures import limb
from tools.preview.scene import Builder, Material, Vector

Footprint = tuple[float, float]


def car_paint(b: Builder) -> int:
    return b.material(Material(surfaces.any_colour(b.rng), gloss=b.between(0.3, 1.0)))


def dark_glass(b: Builder) -> int:
    c = b.between(0.01, 0.12)
    return b.material(Material((c, c * 1.05, c * 1.1), gloss=1.0))


def ring(
    b: Builder, centre: Vector, r: float, thick: float, material: int, axis: str = "x", tilt: float = 0.0
) -> None:
    """A tyre or a steering wheel: a ring of short capsules about the x axis, or about z leaning by `tilt`."""
    n = 16
    at = np.array(centre)
    c, s = np.cos(tilt), np.sin(tilt)

    def corner(k: int) -> Vector:
        u, v = r * np.cos(2 * np.pi * k / n), r * np.sin(2 * np.pi * k / n)
        d = (0.0, u, v) if axis == "x" else (u, v * c, v * s)
        x, y, z = at + d
        return float(x), float(y), float(z)

    for k in range(n):
        limb(b, "capsule", corner(k), corner(k + 1), thick, thick, material)


def bicycle(b: Builder) -> Footprint:
    """A bicycle of 1.7 m with frame, wheels, handlebar and saddle."""
    paint, dark, steel = car_paint(b), surfaces.dark(b), surfaces.metal(b)
    r = b.between(0.3, 0.36)
    back, front, crank = (0.0, r, -0.5), (0.0, r, 0.55), (0.0, 0.28, -0.05)
    seat, head = (0.0, 0.85, -0.22), (0.0, 0.88, 0.38)
    for hub in (back, front):
        ring(b, hub, r - 0.015, 0.035, dark)
        for k in range(8):
            a = 2 * np.pi * k / 8
            end = (0.0, hub[1] + (r - 0.02) * float(np.cos(a)), hub[2] + (r - 0.02) * float(np.sin(a)))
            limb(b, "post", end, hub, 0.005, 0.005, steel)
    tubes = ((seat, crank), (crank, head), (seat, head), (crank, back), (seat, back), ((0, 1.0, 0.33), front))
    for p, q in tubes:
        limb(b, "post", p, q, 0.035, 0.035, paint)
    b.add("pillow", (0, 0.95, -0.25), (0.15, 0.06, 0.27), dark)
    limb(b, "post", (0.0, 0.95, -0.25), seat, 0.03, 0.03, steel)
    limb(b, "capsule", (-0.3, 1.03, 0.3), (0.3, 1.03, 0.3), 0.03, 0.03, dark)
    ring(b, (0.05, 0.28, -0.05), 0.09, 0.015, steel)
    if b.chance(0.4):
        b.add("bin", (0, 0.95, 0.52), (0.35, 0.25, 0.28), dark)
    b.target(0, 0.6, 0, 1.0)
    return 0.6, 1.75


def motorbike(b: Builder) -> Footprint:
    """A motorbike or scooter of 2 m."""
    paint, dark, steel = car_paint(b), surfaces.dark(b), surfaces.metal(b)
    for z in (-0.65, 0.75):
        ring(b, (0, 0.31, z), 0.25, 0.13, dark)
        b.add("cylinder", (0, 0.31, z), (0.3, 0.08, 0.3), steel, roll=np.pi / 2)
    b.add("cushion", (0, 0.42, 0.05), (0.28, 0.36, 0.45), steel)
    b.add("pillow", (0, 0.78, 0.15), (0.3, 0.27, 0.55), paint)
    b.add("pillow", (0, 0.8, -0.4), (0.3, 0.14, 0.75), dark)
    b.add("pillow", (0, 0.68, -0.65), (0.2, 0.12, 0.5), paint)
    for s in (-1, 1):
        limb(b, "post", (s * 0.1, 0.95, 0.45), (s * 0.1, 0.31, 0.75), 0.05, 0.05, steel)
        limb(b, "capsule", (s * 0.38, 1.02, 0.35), (0.0, 0.98, 0.42), 0.035, 0.035, dark)
        limb(b, "capsule", (s * 0.16, 0.3, 0.1), (s * 0.17, 0.34, -0.8), 0.09, 0.09, steel)
    b.add("sphere", (0, 0.86, 0.58), (0.2, 0.2, 0.16), b.material(Material((0.8, 0.8, 0.8), gloss=1)))
    b.target(0, 0.6, 0, 1.1)
    return 0.8, 2.1


def bus(b: Builder) -> Footprint:
    """A bus, tram or train carriage: a long box with bands of windows and doors."""
    train = b.chance(0.4)
    long, wide, high = (
        (b.between(16, 26), 2.9, 3.7) if train else (b.between(7, 13), 2.5, b.between(2.8, 3.3))
    )
    paint, glass, dark = car_paint(b), dark_glass(b), surfaces.dark(b)
    low = 0.45
    b.add("box", (0, low + (high - low) / 2, 0), (wide, high - low, long), paint)
    b.add("box", (0, high, 0), (wide * 0.9, 0.12, long * 0.97), surfaces.metal(b))
    stripe = car_paint(b)
    b.add("box", (0, low + 0.5, 0), (wide + 0.012, b.between(0.1, 0.6), long), stripe)
    step, y = b.between(1.1, 1.9), 0.62 * high
    for s in (-1, 1):
        for z in np.arange(-long / 2 + step * 0.6, long / 2 - step * 0.4, step):
            door = b.chance(0.2)
            h = high - low - 0.35 if door else 0.32 * high
            b.add(
                "box",
                (s * (wide / 2 + 0.002), (low + h / 2 + 0.1) if door else y, float(z)),
                (0.012, h, step * 0.86),
                glass,
            )
        b.add("box", (0, y, s * (long / 2 + 0.002)), (wide * 0.88, 0.36 * high, 0.012), glass)
        for x in (-1, 1):
            b.add(
                "sphere",
                (x * wide * 0.38, low + 0.35, s * long / 2),
                (0.25, 0.2, 0.1),
                b.material(Material((0.8, 0.8, 0.75), gloss=1)),
            )
            for z in (-0.3, 0.32):
                b.add(
                    "cylinder",
                    (x * (wide / 2 - 0.13), 0.48, z * long),
                    (0.96, 0.28, 0.96),
                    dark,
                    roll=np.pi / 2,
                )
    if train:
        for track in (-0.75, 0.75):
            b.add("box", (track, 0.08, 0), (0.07, 0.16, 3 * long), surfaces.metal(b))
    b.target(0, 1.5, 0.3 * long, 2.5)
    return wide, long
