"""Composers of streets, parks, plazas and yards."""

from __future__ import annotations

import numpy as np

from tools.preview import furniture, roads, surfaces
from tools.preview.outdoor_things import (
    bench,
    building,
    bush,
    car,
    fence,
    lamp_post,
    parasol,
    pole,
    rock,
    tree,
    walker,
)
from tools.preview.scene import Builder, Rng, Scene, Sky


def sky_of(rng: Rng, seed: int) -> Sky:
    """A clear, cloudy or overcast sky with its sun."""
    overcast = rng.random() < 0.4
    height = np.deg2rad(rng.uniform(12, 70))
    turn = rng.uniform(0, 2 * np.pi)
    to_sun = (
        float(np.cos(height) * np.sin(turn)),
        float(np.sin(height)),
        float(np.cos(height) * np.cos(turn)),
    )
    grey = rng.uniform(0.6, 1.3)
    if overcast:
        zenith = surfaces.hsv(rng, (0.55, 0.62), (0, 0.12), (0.7, 1.0))
        horizon = (grey, grey, grey)
    else:
        zenith = surfaces.hsv(rng, (0.55, 0.64), (0.2, 0.75), (0.45, 0.9))
        horizon = surfaces.hsv(rng, (0.5, 0.62), (0.0, 0.25), (0.8, 1.0))
    ambient = (0.75, 0.8, 0.9) if overcast else (0.35, 0.42, 0.55)
    haze = float(np.exp(rng.uniform(np.log(2e-4), np.log(6e-3))))
    sun = 0.0 if overcast else rng.uniform(0.8, 2.2)
    return Sky(to_sun, sun, ambient, zenith, horizon, rng.uniform(0, 1.2), haze, seed)


def start(seed: int, rng: Rng, kind: str, ground: str) -> tuple[Scene, Builder]:
    """Return a scene with a sky, flat ground and something at the horizon, and its builder."""
    scene = Scene(kind, seed, indoor=False)
    scene.sky = sky_of(rng, seed)
    b = Builder(scene, rng)
    b.add("box", (0, -0.5, 0), (1600, 1.0, 1600), surfaces.ground(b, ground))
    _far(b)
    return scene, b


def _far(b: Builder) -> None:
    """Hills, woods or houses at the horizon."""
    kind = b.pick(["hills", "woods", "houses", "none"])
    start = b.between(90, 350)
    skin = surfaces.foliage(b)
    for k in range(26 if kind != "none" else 0):
        a = 2 * np.pi * k / 26 + b.between(-0.1, 0.1)
        r = start * b.between(1, 1.5)
        x, z = r * np.sin(a), r * np.cos(a)
        if kind == "hills":
            size = (r * b.between(0.3, 0.8), r * b.between(0.05, 0.3), r * b.between(0.3, 0.6))
            b.add(f"blob{int(b.rng.integers(4))}", (x, 0, z), size, skin, b.between(0, 6))
        elif kind == "woods":
            h = b.between(8, 18)
            b.add(f"blob{int(b.rng.integers(4))}", (x, h / 3, z), (r * 0.25, h, r * 0.1), skin, a)
        elif b.chance(0.7):
            h = b.between(5, 25)
            b.stands("box", x, 0, z, (b.between(8, 40), h, 10), surfaces.facade(b), a)


def street(seed: int, rng: Rng) -> Scene:
    """A street with kerbs, houses or fences, parked cars, trees, poles and people; the camera looks along it."""
    scene, b = start(seed, rng, "street", rng.choice(["grass", "paving", "earth", "asphalt"]))
    wide = b.chance(0.4)
    road, walk = b.between(13, 30) if wide else b.between(5, 14), b.between(0.0, 5) if b.chance(0.8) else 0.0
    length = b.between(60, 260)
    b.add("box", (0, 0.004, length / 2 - 30), (road, 0.012, length + 60), surfaces.ground(b, "asphalt"))
    lanes = roads.markings(b, road, length) if wide or b.chance(0.8) else 2
    roads.overhead(b, road, length)
    roads.traffic(b, road, lanes, length)
    if wide and b.chance(0.35):
        roads.median(b, length)
    built = b.rng.random() ** 0.5  # how much of the sides is built up
    for side in (-1, 1):
        x = side * (road / 2 + walk / 2)
        if walk > 0.5:
            b.stands("box", x, 0, length / 2 - 30, (walk, 0.13, length + 60), surfaces.ground(b, "paving"))
        _street_side(b, side, road / 2 + walk, length, built)
        _street_things(b, side, road / 2, walk, length)
    if b.chance(0.5):
        with b.at(b.between(-3, 3), 0, length + 15, 0.0):
            building(b, b.between(15, 60), b.between(8, 15), b.between(5, 20))
    reach = road / 2 + walk * 0.7
    scene.stand.append((-reach, reach, -12, min(25, length / 4)))
    scene.heading = 0.0
    return scene


def _street_side(b: Builder, side: int, x: float, length: float, built: float) -> None:
    """Houses, fences, hedges or nothing from near to far along one side (frames face the road)."""
    z = -30.0
    setback = b.between(0, 5) if b.chance(0.5) else 0.0
    while z < length:
        run = b.between(7, 30)
        if b.chance(built):
            deep = b.between(8, 16)
            with b.at(side * (x + setback + deep / 2), 0, z + run / 2, side * np.pi / 2):
                building(b, run, deep, b.between(3, 9) if b.chance(0.5) else b.between(8, 25))
        else:
            with b.at(side * (x + b.between(0.2, 1.5)), 0, z + run / 2, side * np.pi / 2):
                fence(b, run)
            for _ in range(int(b.rng.integers(1, 6))):
                tree(b, side * (x + b.between(2, 14)), z + b.between(0, run), b.between(3, 14))
        z += run + (0.0 if b.chance(0.5) else b.between(1, 12))


def _street_things(b: Builder, side: int, kerb: float, walk: float, length: float) -> None:
    if b.chance(0.7):  # parked cars
        z, share = b.between(-15, 5), b.between(0.3, 0.95)
        while z < min(length, 110):
            if b.chance(share):
                b.put(b.made(car), side * (kerb - 1.05), z, 0.0 if side > 0 else np.pi)
            z += b.between(4.8, 7)
    if b.chance(0.6):
        height, step = b.between(3.5, 12), b.between(6, 18)
        for z in np.arange(b.between(-12, 0), min(length, 130), step):
            if b.chance(0.85):
                tree(b, side * (kerb + max(0.4, 0.25 * walk)), float(z), height * b.between(0.75, 1.2))
    if b.chance(0.7):
        step = b.between(12, 30)
        for z in np.arange(b.between(-12, 4), min(length, 150), step):
            lamp_post(b, side * (kerb + 0.4), float(z), -side)
    for _ in range(int(b.rng.integers(0, 7))):
        with b.at(
            side * (kerb + b.between(0.2, max(walk, 0.5))), 0.13 if walk > 0.5 else 0, b.between(-6, 40)
        ):
            b.rng.choice(np.array([walker, walker, pole, pole, _clutter, bush], dtype=object))(b)


def _clutter(b: Builder) -> None:
    b.put(b.made(furniture.boxes), 0, 0, b.between(0, 3))


def park(seed: int, rng: Rng) -> Scene:
    """Grass or earth with trees, bushes, paths, benches and people."""
    scene, b = start(seed, rng, "park", rng.choice(["grass", "grass", "earth"]))
    if b.chance(0.6):
        yaw, wide = b.between(-0.6, 0.6), b.between(1.2, 5)
        path = surfaces.ground(b, str(rng.choice(["asphalt", "paving", "earth"])))
        b.add("box", (b.between(-3, 3), 0.0, 30), (wide, 0.03, 140), path, yaw)
    if b.chance(0.4):
        swell = (b.between(60, 200), b.between(1, 6), b.between(60, 200))
        b.add(
            f"hill{int(b.rng.integers(4))}",
            (0, -swell[1] * 0.1, b.between(20, 90)),
            swell,
            surfaces.ground(b, "grass"),
        )
    for _ in range(int(b.rng.integers(6, 60))):
        r, a = 3 + 70 * b.rng.random() ** 1.3, b.between(0, 2 * np.pi)
        tree(b, r * np.sin(a), r * np.cos(a), b.between(2.5, 16))
    for _ in range(int(b.rng.integers(4, 40))):
        r, a = 2 + 35 * b.rng.random() ** 1.5, b.between(0, 2 * np.pi)
        with b.at(r * np.sin(a), 0, r * np.cos(a), b.between(0, 6)):
            b.rng.choice(
                np.array([bush, bush, bench, walker, rock, rock, pole, _clutter, parasol], dtype=object)
            )(b)
    if b.chance(0.5):
        with b.at(b.between(-20, 20), 0, b.between(15, 60), b.between(-0.5, 0.5)):
            building(b, b.between(8, 40), 10, b.between(3, 14))
    if b.chance(0.4):
        with b.at(0, 0, b.between(6, 30), b.between(-0.4, 0.4)):
            fence(b, b.between(20, 60))
    scene.stand.append((-4, 4, -4, 4))
    return scene


def plaza(seed: int, rng: Rng) -> Scene:
    """A paved square with houses around it, people, tables, cars and monuments."""
    scene, b = start(seed, rng, "plaza", rng.choice(["paving", "paving", "asphalt"]))
    r = b.between(8, 38)
    turn = b.between(0, 1.5)
    for side in range(4):
        if b.chance(0.9):
            with b.at(0, 0, 0, side * np.pi / 2 + turn):
                x = -r
                while x < r:
                    run = b.between(8, 30)
                    with b.at(x + run / 2, 0, r + b.between(0, 3) + 5):
                        building(b, run, 10, b.between(4, 22))
                    x += run + (0 if b.chance(0.7) else b.between(2, 8))
    makers = np.array(
        [walker, walker, bench, parasol, rock, bush, pole, _clutter, _car, _monument], dtype=object
    )
    for _ in range(int(b.rng.integers(6, 40))):
        q, a = 1.5 + (r - 3) * b.rng.random(), b.between(0, 2 * np.pi)
        with b.at(q * np.sin(a), 0, q * np.cos(a), b.between(0, 6)):
            b.rng.choice(makers)(b)
    for _ in range(int(b.rng.integers(0, 8))):
        q, a = b.between(4, r), b.between(0, 2 * np.pi)
        tree(b, q * np.sin(a), q * np.cos(a), b.between(3, 10))
    scene.stand.append((-0.5 * r, 0.5 * r, -0.5 * r, 0.5 * r))
    return scene


def _car(b: Builder) -> None:
    b.put(b.made(car), 0, 0, 0)


def _monument(b: Builder) -> None:
    stone = surfaces.masonry(b)
    w = b.between(0.8, 3)
    for k in range(int(b.rng.integers(1, 4))):
        b.stands("box", 0, 0.3 * k, 0, (w * (1.6 - 0.3 * k), 0.3, w * (1.6 - 0.3 * k)), stone)
    h = b.between(1, 5)
    b.stands(b.pick(["post", "box", "vase", "shade"]), 0, 0.5, 0, (w * 0.6, h, w * 0.6), stone)
    b.stands(f"blob{int(b.rng.integers(4))}", 0, 0.4 + h, 0, (w * 0.7, w, w * 0.7), stone)
    b.target(0, 1.5, 0, 1.5)


def yard(seed: int, rng: Rng) -> Scene:
    """A garden, terrace or courtyard before a house: walls near by, furniture, plants, things on the ground."""
    scene, b = start(seed, rng, "yard", rng.choice(["grass", "paving", "deck", "earth", "asphalt"]))
    w, d = b.between(4, 14), b.between(4, 16)
    with b.at(b.between(-2, 2), 0, d / 2 + 5):
        building(b, w + b.between(2, 10), 10, b.between(2.8, 9))
    for side in (-1, 1):
        if b.chance(0.85):
            with b.at(side * w / 2, 0, 0, side * np.pi / 2):
                fence(b, d)
        for _ in range(int(b.rng.integers(0, 7))):
            tree(b, side * (w / 2 + b.between(-1, 8)), b.between(-0.5 * d, d + 12), b.between(2, 9))
    makers = np.array(
        [bush, bench, parasol, rock, walker, _clutter, _plant, _chair, _table, _car, pole], dtype=object
    )
    for _ in range(int(b.rng.integers(5, 26))):
        with b.at(b.between(-0.5, 0.5) * w, 0, b.between(-0.35, 0.48) * d, b.between(0, 6)):
            b.rng.choice(makers)(b)
    scene.stand.append((-0.4 * w, 0.4 * w, -d, 0.1 * d))
    scene.heading = 0.0
    return scene


def _plant(b: Builder) -> None:
    furniture.big_plant(b)
    b.target(0, 0.5, 0, 0.7)


def _chair(b: Builder) -> None:
    furniture.chair(b)


def _table(b: Builder) -> None:
    furniture.table(b)
