"""Vehicles seen close, cabs from inside, and the composers of such photos. Noses point to +z, as `car`'s does."""

from __future__ import annotations

import numpy as np

from tools.preview import surfaces
from tools.preview.figures import figure, limb
from tools.preview.outdoor import start, street
from tools.preview.outdoor_things import building, car, pole
from tools.preview.people import backdrop
from tools.preview.scene import Builder, Material, Rng, Scene, Shot, Vector

Footprint = tuple[float, float]


def _paint(b: Builder) -> int:
    return b.material(Material(surfaces.any_colour(b.rng), gloss=b.between(0.3, 1.0)))


def _glass(b: Builder) -> int:
    c = b.between(0.01, 0.12)
    return b.material(Material((c, c * 1.05, c * 1.1), gloss=1.0))


def _ring(
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
    paint, dark, steel = _paint(b), surfaces.dark(b), surfaces.metal(b)
    r = b.between(0.3, 0.36)
    back, front, crank = (0.0, r, -0.5), (0.0, r, 0.55), (0.0, 0.28, -0.05)
    seat, head = (0.0, 0.85, -0.22), (0.0, 0.88, 0.38)
    for hub in (back, front):
        _ring(b, hub, r - 0.015, 0.035, dark)
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
    _ring(b, (0.05, 0.28, -0.05), 0.09, 0.015, steel)
    if b.chance(0.4):
        b.add("bin", (0, 0.95, 0.52), (0.35, 0.25, 0.28), dark)
    b.target(0, 0.6, 0, 1.0)
    return 0.6, 1.75


def motorbike(b: Builder) -> Footprint:
    """A motorbike or scooter of 2 m."""
    paint, dark, steel = _paint(b), surfaces.dark(b), surfaces.metal(b)
    for z in (-0.65, 0.75):
        _ring(b, (0, 0.31, z), 0.25, 0.13, dark)
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
    paint, glass, dark = _paint(b), _glass(b), surfaces.dark(b)
    low = 0.45
    b.add("box", (0, low + (high - low) / 2, 0), (wide, high - low, long), paint)
    b.add("box", (0, high, 0), (wide * 0.9, 0.12, long * 0.97), surfaces.metal(b))
    stripe = _paint(b)
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
    for _ in range(int(rng.integers(0, 5))):  # a row beside it
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
    """Take away what stands within 3 m, so that the cab has its place; wide flat things (the road) stay."""
    keep = [
        n
        for n, row in enumerate(scene.rows)
        if np.hypot(row[0] - at[0], row[2] - at[2]) > 3.4 or max(row[3], row[5]) > 8 or row[4] < 0.03
    ]
    scene.rows = [scene.rows[n] for n in keep]
    scene.meshes = [scene.meshes[n] for n in keep]


def _cab(b: Builder, left: float, plastic: int, skin: int, dark: int) -> None:
    paint = _paint(b)
    b.add("box", (0, 0.28, -0.4), (1.5, 0.06, 2.6), dark)  # floor
    b.add("box", (0, 1.38, -0.55), (1.25, 0.05, 1.5), surfaces.plain(b, 0.0))
    b.add("cushion", (0, 0.83, 0.72), (1.44, 0.28, 0.6), plastic)  # dashboard
    b.add("cushion", (0, 0.6, 0.68), (1.4, 0.4, 0.45), dark)
    b.add("cushion", (0, 0.76, 1.75), (1.6, 0.32, 1.5), paint)  # bonnet
    b.add("box", (0, 0.9, 0.415), (0.28, 0.16, 0.02), surfaces.screen(b))
    b.add("box", (left, 0.93, 0.42), (0.34, 0.11, 0.02), surfaces.screen(b))
    b.add("cushion", (0, 0.5, 0.1), (0.22, 0.26, 0.9), plastic)  # tunnel
    limb(b, "capsule", (0.0, 0.74, 0.22), (0.0, 0.6, 0.25), 0.05, 0.05, dark)
    _ring(b, (left, 0.86, 0.27), 0.18, 0.03, dark, "z", 0.4)
    b.add("pillow", (left, 0.85, 0.29), (0.16, 0.12, 0.06), dark, tilt=0.4)
    for a in (0.0, np.pi):
        limb(b, "capsule", (left + 0.18 * float(np.cos(a)), 0.86, 0.27), (left, 0.85, 0.29), 0.03, 0.02, dark)
    b.add("box", (0, 1.25, 0.33), (0.24, 0.07, 0.03), _glass(b))  # mirror
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
