"""Composers of public and working interiors: shops, offices, classrooms, works, stairs, churches."""

from __future__ import annotations

import numpy as np

from tools.preview import furniture, surfaces
from tools.preview.figures import figure
from tools.preview.fixtures import ceiling_lights, door, window
from tools.preview.indoor import shell, wall_frame
from tools.preview.scene import Builder, Material, Rng, Scene, Shot
from tools.preview.things import bottle, fruit, parcel


def public_room(seed: int, rng: Rng, kind: str, w: float, d: float, h: float) -> tuple[Scene, Builder]:
    scene = Scene(kind, seed, indoor=True)
    b = Builder(scene, rng)
    level = rng.uniform(0.15, 0.5)
    scene.ambient = (level, level * rng.uniform(0.92, 1.02), level * rng.uniform(0.8, 1.1))
    shell(b, w, d, h)
    for side in range(4):
        length = d if side % 2 else w
        if b.chance(0.4):
            with b.at(*wall_frame(side, w, d)):
                for x in np.arange(-length / 2 + 1.2, length / 2 - 1, b.between(2, 4)):
                    (
                        window(b, float(x), b.between(0.9, 1.9), min(h, 3.2))
                        if b.chance(0.7)
                        else door(b, float(x), 0.95)
                    )
    ceiling_lights(b, w, d, h)
    scene.stand.append((-w / 2 + 0.4, w / 2 - 0.4, -d / 2 + 0.4, d / 2 - 0.4))
    return scene, b


def rack(b: Builder, length: float, deep: float, high: float) -> None:
    """A shop's or store's rack along x, open towards -z, full of goods."""
    body = surfaces.metal(b) if b.chance(0.6) else surfaces.wood(b)
    b.stands("box", 0, 0, deep / 2, (length, high, 0.03), body)
    levels = max(2, round(high / b.between(0.3, 0.5)))
    step = high / levels
    for k in range(levels):
        y = 0.1 + k * step
        b.add("box", (0, y, 0), (length, 0.03, deep), body)
        x, make = -length / 2 + 0.05, b.pick(["row", "row", "row", "parcel", "books", "bottles", "none"])
        if make == "books":
            b.stands(
                "box",
                0,
                y + 0.015,
                0.03,
                (length * 0.95, step * 0.75, deep * 0.7),
                surfaces.picture(b, "books"),
            )
            continue
        while x < length / 2 - 0.1 and make != "none":
            run = b.between(0.25, 0.9)
            skin = surfaces.picture(b) if b.chance(0.5) else surfaces.plain(b)
            w, tall = b.between(0.06, 0.22), step * b.between(0.4, 0.85)
            mesh = b.pick(["box", "box", "cylinder", "bottle", "cushion"]) if make != "bottles" else "bottle"
            count = min(int(run / w), 8)
            for n in range(count):
                if x + (n + 0.5) * w < length / 2:
                    b.stands(
                        mesh,
                        x + (n + 0.5) * w,
                        y + 0.015,
                        -deep * b.between(0.1, 0.25),
                        (w * 0.94, tall, w if mesh != "box" else deep * 0.5),
                        skin,
                    )
            x += run
        b.add("box", (0, y, -deep / 2), (length, 0.05, 0.008), surfaces.plain(b))
    b.target(length * b.between(-0.3, 0.3), high * b.between(0.3, 0.8), -deep / 2, 0.8)


def shop(seed: int, rng: Rng) -> Scene:
    """Aisles between racks of goods, a counter, baskets of fruit, shoppers: supermarket, library, store."""
    w, d, h = rng.uniform(5, 14), rng.uniform(7, 22), rng.uniform(2.6, 4.5)
    scene, b = public_room(seed, rng, "shop", w, d, h)
    high, aisle, deep = b.between(1.3, 2.3), b.between(1.2, 2.4), b.between(0.35, 0.6)
    x = -w / 2 + deep / 2 + 0.05
    side = 1
    while x < w / 2 - deep / 2:
        z = -d / 2 + 1.2
        while z < d / 2 - 1.5:
            long = min(b.between(1.5, 4), d / 2 - 0.8 - z)
            with b.at(x, 0, z + long / 2, -side * np.pi / 2):
                rack(b, long, deep, high)
            z += long + (b.between(0.02, 0.1) if b.chance(0.8) else 1.5)
        x += (aisle + deep) if side > 0 else deep + 0.05
        side = -side
    for _ in range(int(rng.integers(0, 5))):
        with b.at(b.between(-0.4, 0.4) * w, 0, b.between(-0.4, 0.4) * d, b.between(0, 6)):
            figure(b, b.between(1.5, 1.9), b.pick(["stand", "walk"]), fine=False)
    for _ in range(int(rng.integers(0, 4))):  # stands with fruit or parcels
        with b.at(b.between(-0.4, 0.4) * w, 0, b.between(-0.45, 0.45) * d, b.between(0, 6)):
            b.stands("box", 0, 0, 0, (1.0, 0.75, 0.7), surfaces.wood(b))
            for n in range(9):
                with b.at((n % 3 - 1) * 0.3, 0, (n // 3 - 1) * 0.2):
                    (fruit if b.chance(0.6) else parcel if b.chance(0.5) else bottle)(b, 0.75)
    scene.shot = Shot(target_share=0.35, near_m=0.5, middle_m=0.9, blur=0.05)
    if b.chance(0.6):
        scene.heading = 0.0 if b.chance(0.5) else np.pi
    return scene


def desks(seed: int, rng: Rng) -> Scene:
    """Rows of desks: an open-plan office, a classroom or a canteen, seen standing or from a seat."""
    w, d, h = rng.uniform(5, 14), rng.uniform(6, 18), rng.uniform(2.5, 3.6)
    scene, b = public_room(seed, rng, "desks", w, d, h)
    kind = b.pick(["office", "office", "class", "canteen"])
    yaw = int(b.rng.integers(4)) * np.pi / 2
    across, along = b.between(1.8, 2.6), b.between(1.5, 2.6)
    for x in np.arange(-w / 2 + 1.3, w / 2 - 1.2, across):
        for z in np.arange(-d / 2 + 1.3, d / 2 - 1.2, along):
            if b.chance(0.15):
                continue
            with b.at(float(x), 0, float(z), yaw + b.rng.normal(0, 0.04)):
                if kind == "office":
                    furniture.desk(b)
                    if b.chance(0.3):
                        b.stands("box", 0, 0, 0.5, (1.6, b.between(1.1, 1.5), 0.04), surfaces.cloth(b))
                else:
                    furniture.table(b)
                for _ in range(1 if kind == "office" else 2):
                    if b.chance(0.85):
                        with b.at(
                            b.between(-0.4, 0.4), 0, -b.between(0.45, 0.85), np.pi + b.rng.normal(0, 0.4)
                        ):
                            furniture.chair(b)
                            if b.chance(0.2):
                                figure(b, b.between(1.5, 1.9), "desk", fine=False)
    if kind == "class":
        with b.at(*wall_frame(0, w, d)):
            board = b.material(
                Material(surfaces.hsv(b.rng, (0.3, 0.45), (0, 0.6), (0.1, 0.95)), texture="faint", gloss=0.4)
            )
            b.add("box", (0, 1.5, -0.03), (min(w * 0.7, 4), 1.2, 0.04), board)
    for _ in range(int(rng.integers(0, 4))):
        with b.at(b.between(-0.4, 0.4) * w, 0, b.between(-0.4, 0.4) * d, b.between(0, 6)):
            figure(b, b.between(1.5, 1.9), "stand", fine=False)
    for side in range(4):
        length = d if side % 2 else w
        with b.at(*wall_frame(side, w, d)):
            for x in np.arange(-length / 2 + 0.8, length / 2 - 0.8, 1.4):
                if b.chance(0.35):
                    with b.at(float(x), 0, -0.35):
                        (
                            furniture.shelf
                            if b.chance(0.5)
                            else furniture.cabinet
                            if b.chance(0.7)
                            else furniture.big_plant
                        )(b)
    eye = (1.0, 1.3) if b.chance(0.4) else None
    scene.shot = Shot(eye_m=eye, target_share=0.45, near_m=0.5, middle_m=0.9, blur=0.05)
    return scene
