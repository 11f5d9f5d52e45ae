"""Composers of vehicles seen close, and of the street seen from inside a car."""

from __future__ import annotations

import numpy as np

from tools.preview import surfaces
from tools.preview.figures import figure, limb
from tools.preview.outdoor import start, street
from tools.preview.outdoor_things import building, car, pole
from tools.preview.people import backdrop
from tools.preview.scene import Builder, Rng, Scene, Shot, Vector
from tools.preview.vehicles import bicycle, bus, car_paint, dark_glass, motorbike, ring


def close_vehicle(seed: int, rng: Rng) -> Scene:
    """A vehicle from 1 to 9 m, in front of houses or trees, with more of them around."""
    scene, b = start(
        seed, rng, "vehicle", str(rng.choice(["asphalt", "asphalt", "paving", "earth", "grass"]))
    )
    makers = np.array([car, car, car, bicycle, bicycle, motorbike, bus, bus], dtype=object)
    make = rng.choice(makers)
    group = b.made(make)
    b.put(group, 0, 0, b.between(-0.2, 0.2))
    looked_at = list(scene.targets)
    x = group.width / 2
    for _ in range(int(rng.integers(0, 5))):  # a row next to it
        more = b.made(make if b.chance(0.7) else car)
        x += more.width / 2 + b.between(0.3, 1.2)
        b.put(more, x, b.between(-0.4, 0.4), b.between(-0.1, 0.1) + (np.pi if b.chance(0.3) else 0))
        x += more.width / 2
    if b.chance(0.3):
        with b.at(-group.width / 2 - 0.7, 0, b.between(-2, 2), b.between(0, 6)):
            figure(b, b.between(1.55, 1.9), b.pick(["stand", "walk"]))
    with b.at(0, 0, group.depth / 2 + 1, 0.0):
        backdrop(b)
    for side, far in ((-1, group.width / 2 + b.between(8, 25)), (1, x + b.between(4, 20))):
        with b.at(side * far, 0, b.between(-5, 5), side * np.pi / 2):
            building(b, b.between(10, 40), 8, b.between(3, 12))
    for _ in range(int(rng.integers(0, 4))):
        with b.at(b.between(-6, -2), 0, b.between(-4, 6)):
            pole(b)
    scene.stand.append((-5, 2, -8, -3))
    scene.targets = looked_at
    size = max(group.width, min(group.depth, 6.0))
    scene.shot = Shot(
        eye_m=(0.8, 1.8),
        target_m=(0.5 * size + 0.5, 2.2 * size + 1.0),
        target_share=1.0,
        around=2.0 if group.depth < 6 else 0.9,
        front=0.0 if group.depth < 6 else 0.6,
        near_m=0.5,
        middle_m=0.8,
        blur=0.2,
    )
    return scene


def cab(seed: int, rng: Rng) -> Scene:
    """The inside of a car from the driver's, a passenger's or the back seat, with the street outside."""
    scene = street(seed, rng)
    scene.kind = "cab"
    b = Builder(scene, rng)
    x0, x1 = scene.stand[0][:2]
    left = -0.37 if b.chance(0.7) else 0.37  # the driver's side
    lift = b.between(-0.05, 0.35)
    plastic, skin, dark = surfaces.dark(b), surfaces.cloth(b), surfaces.dark(b)
    with b.at(float(np.clip(b.between(-3, 3), x0, x1)), 0.012, 0, b.between(-0.04, 0.04)):
        _clear_road(scene, b.place(0, 0, 0))
        with b.at(0, lift, 0):
            _cab(b, left, plastic, skin, dark)
        x, _, z = b.place(0, 0, 0)
    back = b.chance(0.3)
    scene.stand = [(x - 0.45, x + 0.45, z - 1.35, z - 1.1) if back else (x - 0.5, x + 0.5, z - 0.3, z - 0.05)]
    scene.shot = Shot(
        eye_m=(1.0 + lift, 1.18 + lift),
        pitch_deg=(-8, 7),
        target_share=0.0,
        near_m=0.2,
        middle_m=0.3,
        blur=0.1,
    )
    return scene


def _clear_road(scene: Scene, at: Vector) -> None:
    """Remove objects within 3 m to make space for the cab; wide flat objects (the road) stay."""
    keep = [
        n
        for n, row in enumerate(scene.rows)
        if np.hypot(row[0] - at[0], row[2] - at[2]) > 3.4 or max(row[3], row[5]) > 8 or row[4] < 0.03
    ]
    scene.rows = [scene.rows[n] for n in keep]
    scene.meshes = [scene.meshes[n] for n in keep]


def _cab(b: Builder, left: float, plastic: int, skin: int, dark: int) -> None:
    paint = car_paint(b)
    b.add("box", (0, 0.28, -0.4), (1.5, 0.06, 2.6), dark)  # floor
    b.add("box", (0, 1.38, -0.55), (1.25, 0.05, 1.5), surfaces.plain(b, 0.0))
    b.add("cushion", (0, 0.83, 0.72), (1.44, 0.28, 0.6), plastic)  # dashboard
    b.add("cushion", (0, 0.6, 0.68), (1.4, 0.4, 0.45), dark)
    b.add("cushion", (0, 0.76, 1.75), (1.6, 0.32, 1.5), paint)  # bonnet
    b.add("box", (0, 0.9, 0.415), (0.28, 0.16, 0.02), surfaces.screen(b))
    b.add("box", (left, 0.93, 0.42), (0.34, 0.11, 0.02), surfaces.screen(b))
    b.add("cushion", (0, 0.5, 0.1), (0.22, 0.26, 0.9), plastic)  # tunnel
    limb(b, "capsule", (0.0, 0.74, 0.22), (0.0, 0.6, 0.25), 0.05, 0.05, dark)
    ring(b, (left, 0.86, 0.27), 0.18, 0.03, dark, "z", 0.4)
    b.add("pillow", (left, 0.85, 0.29), (0.16, 0.12, 0.06), dark, tilt=0.4)
    for a in (0.0, np.pi):
        limb(b, "capsule", (left + 0.18 * float(np.cos(a)), 0.86, 0.27), (left, 0.85, 0.29), 0.03, 0.02, dark)
    b.add("box", (0, 1.25, 0.33), (0.24, 0.07, 0.03), dark_glass(b))  # mirror
    for s in (-1, 1):
        limb(b, "capsule", (s * 0.6, 1.4, 0.15), (s * 0.72, 0.93, 0.85), 0.08, 0.08, plastic)
        limb(b, "capsule", (s * 0.62, 1.4, -0.55), (s * 0.74, 0.9, -0.5), 0.12, 0.14, plastic)
        limb(b, "capsule", (s * 0.6, 1.38, 0.2), (s * 0.58, 1.38, -1.3), 0.1, 0.08, plastic)
        b.add("box", (s * 0.74, 0.6, -0.4), (0.07, 0.62, 2.4), plastic)
        b.add("cushion", (s * 0.7, 0.72, -0.25), (0.07, 0.09, 0.5), skin)
        b.add("pillow", (s * 0.95, 0.98, 0.5), (0.2, 0.15, 0.12), paint)
        for z, y in ((-0.55, 0.0), (-1.65, 0.0)):
            b.add("cushion", (s * 0.37, 0.45 + y, z + 0.3), (0.5, 0.17, 0.52), skin)
            b.add("cushion", (s * 0.37, 0.8 + y, z), (0.5, 0.66, 0.14), skin, tilt=0.22)
            b.add("pillow", (s * 0.37, 1.2 + y, z + 0.09), (0.28, 0.19, 0.1), skin, tilt=0.2)
    if b.chance(0.35):
        with b.at(-left, 0, -0.3, np.pi):
            figure(b, b.between(1.55, 1.8), "sit")
