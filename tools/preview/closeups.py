"""Composer of close photos: food, crockery, fruit, tools, toys, flowers and leaves from 0.15 to 1 m."""

from __future__ import annotations

import numpy as np

from tools.preview import furniture, surfaces
from tools.preview.clutter import plant, small_thing
from tools.preview.indoor import Rect, interior
from tools.preview.outdoor import start
from tools.preview.outdoor_things import bush
from tools.preview.people import backdrop
from tools.preview.scene import Builder, Rng, Scene, Shot
from tools.preview.things import Thing, bottle, bowl, cup, flower, fruit, parcel, plate, tool, toy

_THINGS: dict[str, list[Thing]] = {
    "food": [plate, plate, bowl, cup, bottle, tool, fruit],
    "fruit": [fruit, fruit, fruit, bowl],
    "objects": [bottle, tool, toy, parcel, cup, parcel, tool],
    "toys": [toy, toy, toy, parcel],
    "flowers": [flower, flower, flower, cup],
}


def closeup(seed: int, rng: Rng) -> Scene:
    """A few things on a table, a shelf, the floor or the ground, with what is behind them out of focus or not."""
    theme = str(rng.choice(list(_THINGS), p=[0.3, 0.15, 0.3, 0.1, 0.15]))
    looked_at: list[tuple[float, float, float, float]] = []

    def put(b: Builder) -> Rect:
        h = b.between(0.68, 0.95) if b.chance(0.8) else 0.0
        w, d = b.between(0.6, 1.8), b.between(0.5, 1.0)
        if h:
            top = (
                surfaces.cloth(b)
                if b.chance(0.25)
                else surfaces.wood(b)
                if b.chance(0.7)
                else surfaces.floor(b)
            )
            b.add("box", (0, h - 0.02, 0), (w, 0.04, d), top)
            for sx in (-1, 1):
                b.stands("box", sx * (w / 2 - 0.04), 0, 0, (0.06, h - 0.04, d * 0.9), top)
        arrange(b, theme, h)
        looked_at[:] = b.scene.targets[:3]
        return -w / 2, w / 2, -d / 2, d / 2

    if rng.random() < 0.75:
        scene = interior(
            seed, rng, "closeup", rng.uniform(2.5, 6), rng.uniform(2.5, 6), rng.uniform(2.3, 3), put
        )
    else:
        scene, b = start(seed, rng, "closeup", str(rng.choice(["grass", "earth", "paving", "deck"])))
        put(b)
        backdrop(b)
        for _ in range(int(rng.integers(0, 5))):
            with b.at(b.between(-3, 3), 0, b.between(1, 4)):
                bush(b)
        scene.stand.append((-2, 2, -2, 2))
    scene.targets = looked_at
    scene.shot = Shot(
        target_m=(0.16, 1.1),
        target_share=1.0,
        above_deg=(4, 80),
        near_m=0.1,
        middle_m=0.0,
        blur=0.55,
        offset=0.09,
    )
    return scene


def arrange(b: Builder, theme: str, y: float) -> None:
    """Put things of a theme around the frame's origin without overlaps, the first in the middle."""
    placed: list[tuple[float, float, float]] = []
    for k in range(int(b.rng.integers(1, 8))):
        make = _THINGS[theme][int(b.rng.integers(len(_THINGS[theme])))] if b.chance(0.85) else _loose
        for _ in range(8):
            r, a = (0.0 if k == 0 else b.between(0.1, 0.4)), b.between(0, 6.28)
            x, z = r * np.sin(a), 0.7 * r * np.cos(a)
            if all(np.hypot(x - px, z - pz) > 0.09 + 0.5 * pw for px, pz, pw in placed):
                with b.at(x, 0, z, b.between(-0.4, 0.4)):
                    wide = make(b, y)
                    if k < 3:
                        b.target(0, y + min(0.4 * wide, 0.1), 0, wide)
                placed.append((x, z, wide))
                break


def _loose(b: Builder, y: float) -> float:
    if b.chance(0.2):
        plant(b, 0, y, 0, b.between(0.15, 0.4))
    elif b.chance(0.2):
        furniture.laptop(b, 0, y, 0)
    else:
        small_thing(b, 0, y, 0)
    return 0.2
