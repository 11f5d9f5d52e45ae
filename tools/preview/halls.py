"""Composers of staircases, and of churches, stations and museums with their columns."""

from __future__ import annotations

import numpy as np

from tools.preview import furniture, surfaces
from tools.preview.clutter import clutter
from tools.preview.figures import figure, limb
from tools.preview.fixtures import door
from tools.preview.indoor import wall_frame
from tools.preview.places import public_room
from tools.preview.scene import Lamp, Material, Rng, Scene, Shot


def stairs(seed: int, rng: Rng) -> Scene:
    """A staircase up or down between walls, with a rail, a landing and doors."""
    w, h = rng.uniform(2.2, 5), rng.uniform(4.5, 8)
    flight = rng.uniform(1.0, 1.9)
    steps, rise, going = int(rng.integers(9, 18)), rng.uniform(0.15, 0.19), rng.uniform(0.26, 0.31)
    d = steps * going + 4.5
    scene, b = public_room(seed, rng, "stairs", w, d, h)
    tread, riser, rail = (
        surfaces.floor(b),
        surfaces.wall(b),
        surfaces.metal(b) if b.chance(0.5) else surfaces.wood(b),
    )
    x = b.between(-0.5, 0.5) * (w - flight)
    z0 = -d / 2 + 2.2
    for k in range(steps):
        z = z0 + (k + 0.5) * going
        b.stands("box", x, 0, z, (flight, (k + 1) * rise - 0.03, going), riser)
        b.add("box", (x, (k + 1) * rise - 0.015, z - 0.015), (flight + 0.02, 0.03, going + 0.03), tread)
    top = steps * rise
    b.add("box", (0, top / 2, (z0 + steps * going + d / 2) / 2), (w, top, d / 2 - z0 - steps * going), riser)
    b.add("box", (0, top, (z0 + steps * going + d / 2) / 2), (w, 0.02, d / 2 - z0 - steps * going), tread)
    with b.at(0, top, d / 2, 0.0):
        door(b, b.between(-0.3, 0.3) * w, 0.95)
    slope = ((x, 0.9, z0), (x, 0.9 + top, z0 + steps * going))
    for s in (-1, 1):
        if b.chance(0.75):
            p, q = ((c[0] + s * flight / 2, c[1], c[2]) for c in slope)
            limb(b, "post", p, q, 0.05, 0.05, rail)
            for k in range(0, steps, 1 if b.chance(0.5) else 3):
                zz = z0 + (k + 0.5) * going
                b.stands("post", x + s * flight / 2, (k + 1) * rise, zz, (0.02, 0.9 - rise / 2, 0.02), rail)
    if b.chance(0.4):
        k = int(b.rng.integers(steps))
        with b.at(
            x + b.between(-0.2, 0.2) * flight,
            (k + 1) * rise,
            z0 + (k + 0.4) * going,
            0.0 if b.chance(0.5) else np.pi,
        ):
            figure(b, b.between(1.5, 1.9), "stand", fine=False)
    for _ in range(int(rng.integers(0, 4))):
        with b.at(b.between(-0.45, 0.45) * w, 0, -d / 2 + b.between(0.3, 1.2), b.between(0, 6)):
            (furniture.big_plant if b.chance(0.5) else furniture.boxes)(b)
    scene.lamps.append(Lamp(b.place(x, h - 0.4, 0), b.between(2, 9), (1.0, 0.93, 0.82)))
    if b.chance(0.6):  # from below
        scene.stand = [(x - 0.4, x + 0.4, -d / 2 + 0.4, z0 - 0.7)]
        scene.heading, scene.shot = 0.0, Shot(pitch_deg=(6, 9), target_share=0.0, near_m=0.4, middle_m=0.8)
    else:  # from above
        scene.stand = [(x - 0.4, x + 0.4, z0 + steps * going + 0.1, z0 + steps * going + 1.2)]
        scene.heading, scene.shot = (
            np.pi,
            Shot(
                eye_m=(top + 1.3, top + 1.75), pitch_deg=(-28, 9), target_share=0.0, near_m=0.4, middle_m=0.8
            ),
        )
    return scene


def church(seed: int, rng: Rng) -> Scene:
    """A church, a station hall or a museum: columns in rows, arches, pews or benches, high windows."""
    w, d, h = rng.uniform(9, 26), rng.uniform(16, 55), rng.uniform(6, 18)
    scene, b = public_room(seed, rng, "church", w, d, h)
    stone = surfaces.masonry(b) if b.chance(0.5) else surfaces.wall(b)
    aisle, bay, t = b.between(0.2, 0.33) * w, b.between(3.5, 7), b.between(0.4, 1.1)
    mesh, spring = b.pick(["post", "cylinder", "box"]), h * b.between(0.5, 0.75)
    for side in (-1, 1):
        for z in np.arange(-d / 2 + bay / 2, d / 2, bay):
            b.stands(mesh, side * aisle, 0, float(z), (t, spring, t), stone)
            b.stands("box", side * aisle, 0, float(z), (t * 1.4, 0.4, t * 1.4), stone)
            b.stands("box", side * aisle, spring, float(z), (t * 1.5, 0.3, t * 1.5), stone)
            for k in range(5):  # an arch across, of straight pieces
                a0, a1 = np.pi * k / 5, np.pi * (k + 1) / 5
                p, q = (
                    (
                        -aisle * float(np.cos(a)),
                        spring + 0.3 + 0.9 * (h - spring - 0.5) * float(np.sin(a)),
                        float(z),
                    )
                    for a in (a0, a1)
                )
                if side > 0:
                    limb(b, "box", p, q, 0.5 * t, 0.5 * t, stone)
        b.add("box", (side * aisle, spring + 0.6, 0), (t * 0.8, 0.6, d), stone)
        with b.at(*wall_frame(1 if side > 0 else 3, w, d)):
            for x in np.arange(-d / 2 + bay, d / 2 - 1, bay):
                glass = b.material(
                    Material(
                        (0.8, 0.85, 0.95),
                        (0.5, 0.6, 0.5),
                        "photo",
                        int(b.rng.integers(99)),
                        0.0,
                        glow=b.between(0.5, 3),
                    )
                )
                b.add("box", (float(x), h * 0.45, -0.01), (bay * 0.3, h * 0.5, 0.02), glass)
    wood = surfaces.wood(b)
    if b.chance(0.7):
        for z in np.arange(-d / 2 + 4, d / 2 - 6, b.between(0.9, 1.4)):
            for side in (-1, 1):
                wide = aisle - 1.2
                with b.at(side * (0.8 + wide / 2), 0, float(z)):
                    b.add("box", (0, 0.45, 0), (wide, 0.04, 0.38), wood)
                    b.add("box", (0, 0.7, -0.2), (wide, 0.5, 0.04), wood)
                    for e in (-1, 1):
                        b.stands("box", e * wide / 2, 0, -0.02, (0.05, 0.9, 0.42), wood)
    with b.at(0, 0, d / 2 - 2.5):
        b.stands("box", 0, 0, 0, (5, 0.35, 4), stone)
        b.stands("box", 0, 0.35, 0.5, (2.2, 1.0, 0.9), stone)
        clutter(b, 2, 0.6, 1.35, 4)
        b.add("box", (0, 3.2, 1.9), (3, 4, 0.1), surfaces.picture(b, "photo"))
    for _ in range(int(rng.integers(0, 9))):
        with b.at(b.between(-0.4, 0.4) * w, 0, b.between(-0.45, 0.4) * d, b.between(0, 6)):
            figure(b, b.between(1.5, 1.9), b.pick(["stand", "walk"]), fine=False)
    scene.heading = 0.0
    scene.shot = Shot(pitch_deg=(3, 8), target_share=0.1, near_m=0.7, middle_m=2.0)
    return scene
