"""Composer of photos of animals."""

from __future__ import annotations

import numpy as np

from tools.preview.beasts import bird, quadruped
from tools.preview.indoor import Rect, interior
from tools.preview.outdoor import start
from tools.preview.outdoor_things import bush, fence, rock, tree
from tools.preview.people import backdrop
from tools.preview.scene import Builder, Rng, Scene, Shot


def animal(seed: int, rng: Rng) -> Scene:
    """A pet in a room or garden, beasts on a meadow, a bird near by."""
    name = str(rng.choice(["dog", "dog", "cat", "cat", "horse", "cow", "sheep", "deer", "bird", "bird"]))
    size = [0.5]
    looked_at: list[tuple[float, float, float, float]] = []

    def put(b: Builder) -> Rect:
        size[0] = bird(b) if name == "bird" else quadruped(b, name)
        looked_at[:] = b.scene.targets
        return -0.8, 0.8, -0.8, 0.8

    if name in ("dog", "cat") and rng.random() < 0.6:
        w, d, h = rng.uniform(3, 6), rng.uniform(3, 7), rng.uniform(2.4, 3)
        scene = interior(seed, rng, "animal", w, d, h, put, "living")
    else:
        scene, b = start(seed, rng, "animal", str(rng.choice(["grass", "grass", "grass", "earth", "paving"])))
        put(b)
        for _ in range(int(rng.integers(0, 9)) if name not in ("dog", "cat") else int(rng.integers(0, 2))):
            near = 2 + 3 * size[0]
            with b.at(b.between(-1, 1) * 3 * near, 0, b.between(0.6, 6) * near, b.between(0, 6)):
                bird(b) if name == "bird" else quadruped(b, name)
        if b.chance(0.6):
            backdrop(b)
        for _ in range(int(rng.integers(0, 20))):
            tree(b, b.between(-40, 40), b.between(6, 60), b.between(3, 14))
        for _ in range(int(rng.integers(0, 9))):
            with b.at(b.between(-8, 8), 0, b.between(2, 14), b.between(0, 6)):
                b.rng.choice(np.array([bush, rock], dtype=object))(b)
        if b.chance(0.4):
            with b.at(0, 0, b.between(2, 12), b.between(-0.3, 0.3)):
                fence(b, b.between(10, 40))
        scene.stand.append((-6, 6, -8, 0))
    s = size[0]
    scene.targets = looked_at
    scene.shot = Shot(
        target_m=(0.8 * s + 0.25, 7 * s + 0.6),
        target_share=1.0,
        above_deg=(-4, 35 if s < 0.8 else 10),
        around=1.6,
        near_m=0.2,
        middle_m=0.3,
        blur=0.45,
        zoom=1.6,
    )
    return scene
