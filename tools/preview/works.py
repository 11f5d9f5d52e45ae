"""Composer of factories, workshops, garages and boiler rooms."""

from __future__ import annotations

import numpy as np

from tools.preview import furniture, surfaces
from tools.preview.clutter import clutter
from tools.preview.figures import figure, limb
from tools.preview.places import public_room, rack
from tools.preview.scene import Builder, Material, Rng, Scene, Shot


def works(seed: int, rng: Rng) -> Scene:
    """A factory, workshop, garage or boiler room: machines, pipes, tanks, racks, benches with tools."""
    w, d, h = rng.uniform(5, 18), rng.uniform(6, 26), rng.uniform(3, 8)
    scene, b = public_room(seed, rng, "works", w, d, h)
    for _ in range(int(rng.integers(3, 12))):  # pipes and ducts under the ceiling and along walls
        y, r, skin = (
            b.between(0.55, 0.98) * h,
            float(np.exp(b.between(-3.3, -1.2))),
            surfaces.metal(b) if b.chance(0.6) else surfaces.plain(b),
        )
        side = b.between(-0.5, 0.5)
        if b.chance(0.5):
            limb(b, "cylinder", (side * w, y, -d / 2), (side * w, y, d / 2), r, r, skin)
        else:
            limb(b, "cylinder", (-w / 2, y, side * d), (w / 2, y, side * d), r, r, skin)
            x = b.between(-0.5, 0.5) * w
            limb(b, "cylinder", (x, y, side * d), (x, 0.0, side * d), r, r, skin)
    for _ in range(int(rng.integers(3, 5 + int(w * d / 14)))):
        with b.at(
            b.between(-0.46, 0.46) * w,
            0,
            b.between(-0.46, 0.46) * d,
            int(b.rng.integers(4)) * np.pi / 2 + b.rng.normal(0, 0.05),
        ):
            b.rng.choice(np.array([_machine, _machine, _tank, _bench, _pallet, _store], dtype=object))(b)
    for _ in range(int(rng.integers(0, 4))):
        with b.at(b.between(-0.4, 0.4) * w, 0, b.between(-0.4, 0.4) * d, b.between(0, 6)):
            figure(b, b.between(1.6, 1.9), b.pick(["stand", "walk"]), fine=False)
    scene.shot = Shot(target_share=0.35, near_m=0.5, middle_m=0.9)
    return scene


def _machine(b: Builder) -> None:
    """A machine: stacked casings with panels, wheels, handles, cables and lamps."""
    w, d, h = b.between(0.5, 2.5), b.between(0.5, 1.6), b.between(0.8, 2.4)
    paint, dark, steel = surfaces.plain(b, 0.8), surfaces.dark(b), surfaces.metal(b)
    b.stands(b.pick(["box", "cushion"]), 0, 0, 0, (w, h * 0.6, d), paint)
    b.stands(
        b.pick(["box", "cushion", "cylinder"]),
        b.between(-0.2, 0.2) * w,
        h * 0.58,
        0,
        (w * b.between(0.3, 0.8), h * 0.4, d * 0.7),
        paint if b.chance(0.5) else steel,
    )
    b.add(
        "box",
        (b.between(-0.25, 0.25) * w, h * 0.4, -d / 2 - 0.01),
        (0.3 * w, 0.2 * h, 0.03),
        furniture.drawers(b),
    )
    for _ in range(int(b.rng.integers(2, 9))):
        s = b.between(0.05, 0.3)
        at = (b.between(-0.5, 0.5) * w, b.between(0.1, 0.9) * h, -d / 2 - b.between(0.0, 0.1))
        b.add(
            b.pick(["cylinder", "box", "sphere", "post"]),
            at,
            (s, s * b.between(0.3, 1.2), s * 0.6),
            b.rng.choice([paint, dark, steel]),
            tilt=1.5708 * int(b.rng.integers(2)),
        )
    for _ in range(int(b.rng.integers(0, 4))):
        x, y = b.between(-0.5, 0.5) * w, b.between(0.3, 1.0) * h
        limb(
            b,
            "post",
            (x, y, d * 0.2),
            (x + b.between(-0.8, 0.8), 0.0, d * b.between(0.5, 1)),
            0.05,
            0.05,
            dark,
        )
    b.target(0, h * 0.5, 0, max(w, h) * 0.6)


def _tank(b: Builder) -> None:
    r, h, skin = (
        b.between(0.4, 1.6),
        b.between(0.9, 3),
        surfaces.metal(b) if b.chance(0.6) else surfaces.plain(b, 0.8),
    )
    if b.chance(0.6):
        b.stands("cylinder", 0, 0.15, 0, (r, h, r), skin)
        b.add("sphere", (0, h + 0.15, 0), (r, 0.4 * r, r), skin)
    else:
        b.add("cylinder", (0, r / 2 + 0.2, 0), (r, h, r), skin, roll=np.pi / 2)
        b.stands("box", 0, 0, 0, (h * 0.7, 0.3, r * 0.6), surfaces.dark(b))
    b.target(0, h * 0.5, 0, h * 0.6)


def _bench(b: Builder) -> None:
    w, d, h = b.between(1.2, 2.6), b.between(0.6, 0.9), b.between(0.8, 0.95)
    top = surfaces.wood(b)
    b.add("box", (0, h - 0.03, 0), (w, 0.06, d), top)
    for sx in (-1, 1):
        b.stands("box", sx * (w / 2 - 0.1), 0, 0, (0.1, h - 0.06, d * 0.9), top)
    clutter(b, w, d, h, int(b.rng.integers(4, 14)))
    if b.chance(0.6):  # tools on a board behind
        b.stands("box", 0, h, d / 2, (w, 0.8, 0.03), surfaces.wood(b))
        for _ in range(12):
            at = (b.between(-0.45, 0.45) * w, h + b.between(0.2, 0.7), d / 2 - 0.03)
            b.add(
                b.pick(["box", "pillow", "post"]),
                at,
                (b.between(0.02, 0.08), b.between(0.1, 0.3), 0.03),
                surfaces.plain(b),
                roll=b.between(-0.3, 0.3),
            )
    b.target(0, h, 0, 0.6 * w)


def _pallet(b: Builder) -> None:
    wood, card = (
        surfaces.wood(b),
        b.material(Material(surfaces.hsv(b.rng, (0.07, 0.1), (0.3, 0.55), (0.5, 0.75)), texture="faint")),
    )
    b.stands("box", 0, 0, 0, (1.2, 0.14, 0.8), wood)
    s = b.between(0.28, 0.4)
    for layer in range(int(b.rng.integers(1, 5))):
        for x in (-0.4, 0.0, 0.4):
            for z in (-0.2, 0.2):
                if b.chance(0.9):
                    b.stands(
                        "box", x + b.between(-0.01, 0.01), 0.14 + s * layer, z, (0.38, s * 0.98, 0.38), card
                    )
    b.target(0, 0.6, 0, 1.0)


def _store(b: Builder) -> None:
    rack(b, b.between(1.2, 3), b.between(0.4, 0.8), b.between(1.5, 2.6))
