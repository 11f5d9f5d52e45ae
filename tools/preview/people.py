"""Composers of photos of people: portraits, groups, people at a table, crowds in streets and halls."""

from __future__ import annotations

import numpy as np

from tools.preview import furniture, surfaces
from tools.preview.clutter import clutter, small_thing
from tools.preview.figures import figure
from tools.preview.indoor import Rect, interior
from tools.preview.outdoor import plaza, start, street
from tools.preview.outdoor_things import building, bush, car, fence, tree
from tools.preview.scene import Builder, Rng, Scene, Shot


def portrait(seed: int, rng: Rng) -> Scene:
    """One to three people from 0.5 to 3 m, in a room, at a table, or outdoors."""
    looked_at: list[tuple[float, float, float, float]] = []

    def put(b: Builder, deep: float) -> Rect:
        taken = _sitters(b, deep)
        looked_at[:] = b.scene.targets
        return taken

    if rng.random() < 0.6:
        w, d = rng.uniform(3.2, 7), rng.uniform(3.5, 8)
        scene = interior(seed, rng, "portrait", w, d, rng.uniform(2.4, 3.2), lambda b: put(b, d))
    else:
        scene, b = start(seed, rng, "portrait", str(rng.choice(["grass", "paving", "asphalt", "earth"])))
        put(b, 4.0)
        backdrop(b)
        scene.stand.append((-2, 2, -3, 0))
    scene.targets = looked_at
    scene.shot = Shot(
        target_m=(0.55, 3.2),
        target_share=1.0,
        above_deg=(-12, 18),
        around=0.8,
        near_m=0.25,
        middle_m=0.3,
        blur=0.5,
        zoom=1.6,
        offset=0.13,
    )
    return scene


def _sitters(b: Builder, deep: float) -> Rect:
    """One to three people around the middle of the place, who face -z; returns the floor that they take."""
    count = int(b.rng.choice([1, 1, 1, 2, 2, 3]))
    z = b.between(-0.1, 0.25) * deep
    pose = b.pick(["stand", "stand", "sit", "desk", "desk"])
    if pose == "desk":
        h, w, d = b.between(0.71, 0.77), b.between(1.0, 2.2), b.between(0.55, 0.9)
        top = surfaces.wood(b)
        b.add("box", (0, h - 0.02, z - 0.3 - d / 2), (w, 0.04, d), top)
        for s in (-1, 1):
            b.stands("box", s * (w / 2 - 0.05), 0, z - 0.3 - d / 2, (0.06, h - 0.04, d * 0.9), top)
        with b.at(0, 0, z - 0.3 - d / 2):
            clutter(b, w, d, h, int(b.rng.integers(0, 6)))
            if b.chance(0.4):
                with b.at(0, 0, 0, np.pi):
                    furniture.laptop(b, 0, h, 0)
            if b.chance(0.25):
                furniture.monitor(b, b.between(-0.6, 0.6), h, 0, b.between(2.2, 4))
    spacing = b.between(0.5, 0.75)
    for k in range(count):
        x = (k - (count - 1) / 2) * spacing + b.between(-0.05, 0.05)
        with b.at(x, 0, z + b.between(-0.12, 0.12), b.rng.normal(0, 0.3)):
            height = b.between(1.5, 1.92) if b.chance(0.85) else b.between(1.0, 1.45)
            figure(b, height, pose if pose != "stand" else b.pick(["stand", "walk"]))
            if pose in ("sit", "desk"):
                _seat(b)
            elif b.chance(0.25):
                _held(b)
    half = count * 0.4 + 0.3
    return -half, half, z - 1.7, z + 0.5


def _seat(b: Builder) -> None:
    skin, frame = surfaces.cloth(b), surfaces.wood(b)
    b.add(b.pick(["cushion", "box"]), (0, 0.39, 0.02), (0.46, 0.07, 0.46), skin)
    if b.chance(0.7):
        b.add(b.pick(["cushion", "box", "arc"]), (0, 0.72, 0.24), (0.44, b.between(0.35, 0.6), 0.06), skin)
    for sx in (-1, 1):
        for sz in (-1, 1):
            b.stands("post", sx * 0.2, 0, sz * 0.2, (0.035, 0.37, 0.035), frame)


def _held(b: Builder) -> None:
    """Something held before the chest."""
    small_thing(b, b.between(-0.1, 0.1), b.between(1.0, 1.25), -0.32)


def backdrop(b: Builder) -> None:
    """What is behind people outdoors: a hedge, houses, trees, cars."""
    for _ in range(int(b.rng.integers(1, 4))):
        with b.at(b.between(-10, 10), 0, b.between(6, 40), b.between(-0.5, 0.5)):
            building(b, b.between(8, 30), b.between(6, 12), b.between(3, 15))
    if b.chance(0.5):
        with b.at(0, 0, b.between(1.2, 8), b.between(-0.4, 0.4)):
            fence(b, b.between(6, 30))
    for _ in range(int(b.rng.integers(2, 14))):
        tree(b, b.between(-14, 14), b.between(3, 40), b.between(2.5, 12))
    for _ in range(int(b.rng.integers(0, 6))):
        with b.at(b.between(-6, 6), 0, b.between(1.5, 14), b.between(0, 6)):
            b.rng.choice(np.array([bush, _person, _person, _parked], dtype=object))(b)


def _person(b: Builder) -> None:
    furniture.person(b, b.between(1.5, 1.9))


def _parked(b: Builder) -> None:
    b.put(b.made(car), 0, 0, 0)


def crowd(seed: int, rng: Rng) -> Scene:
    """Many people: a square or street full of them, an audience, a busy hall."""
    place = int(rng.integers(3))
    if place == 0:
        scene = interior(seed, rng, "crowd", rng.uniform(8, 20), rng.uniform(10, 25), rng.uniform(3, 6.5))
    else:
        scene = (plaza if place == 1 else street)(seed, rng)
        scene.kind = "crowd"
    b = Builder(scene, rng)
    x0, x1, z0, z1 = scene.stand[0]
    cx, cz = (x0 + x1) / 2, (z0 + z1) / 2
    same_way = b.between(-0.8, 0.8) if b.chance(0.6) else None
    for _ in range(int(b.rng.integers(10, 34))):
        r, a = 1.2 + 13 * b.rng.random() ** 1.3, b.between(0, 2 * np.pi)
        x, z = cx + r * np.sin(a), cz + r * np.cos(a)
        if place != 1:
            x = float(np.clip(x, x0 - 1, x1 + 1))
        if place == 0:
            z = float(np.clip(z, z0, z1))
        yaw = b.between(0, 6.3) if same_way is None else same_way + b.rng.normal(0, 0.3) + np.pi
        with b.at(x, 0.0, z, yaw):
            figure(b, b.between(1.5, 1.92), b.pick(["stand", "walk", "walk"]), fine=r < 4)
    scene.stand = [(cx - 1.5, cx + 1.5, cz - 1.5, cz + 1.5)]
    scene.shot = Shot(near_m=0.5, middle_m=1.0, target_share=0.5, blur=0.1)
    return scene
