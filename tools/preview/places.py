"""Composers of public and working interiors: shops, offices, classrooms, works, stairs, churches."""

from __future__ import annotations

import numpy as np

from tools.preview import furniture, surfaces
from tools.preview.clutter import clutter
from tools.preview.figures import figure, limb
from tools.preview.fixtures import ceiling_lights, door, window
from tools.preview.indoor import shell, wall_frame
from tools.preview.scene import Builder, Lamp, Material, Rng, Scene, Shot
from tools.preview.things import bottle, fruit, parcel


def _begin(seed: int, rng: Rng, kind: str, w: float, d: float, h: float) -> tuple[Scene, Builder]:
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
                    (window(b, float(x), b.between(0.9, 1.9), min(h, 3.2)) if b.chance(0.7) else door(b, float(x), 0.95))
    ceiling_lights(b, w, d, h)
    scene.stand.append((-w / 2 + 0.4, w / 2 - 0.4, -d / 2 + 0.4, d / 2 - 0.4))
    return scene, b


def _rack(b: Builder, length: float, deep: float, high: float) -> None:
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
            b.stands("box", 0, y + 0.015, 0.03, (length * 0.95, step * 0.75, deep * 0.7), surfaces.picture(b, "books"))
            continue
        while x < length / 2 - 0.1 and make != "none":
            run = b.between(0.25, 0.9)
            skin = surfaces.picture(b) if b.chance(0.5) else surfaces.plain(b)
            w, tall = b.between(0.06, 0.22), step * b.between(0.4, 0.85)
            mesh = b.pick(["box", "box", "cylinder", "bottle", "cushion"]) if make != "bottles" else "bottle"
            count = min(int(run / w), 8)
            for n in range(count):
                if x + (n + 0.5) * w < length / 2:
                    b.stands(mesh, x + (n + 0.5) * w, y + 0.015, -deep * b.between(0.1, 0.25), (w * 0.94, tall, w if mesh != "box" else deep * 0.5), skin)
            x += run
        b.add("box", (0, y, -deep / 2), (length, 0.05, 0.008), surfaces.plain(b))
    b.target(length * b.between(-0.3, 0.3), high * b.between(0.3, 0.8), -deep / 2, 0.8)


def shop(seed: int, rng: Rng) -> Scene:
    """Aisles between racks of goods, a counter, baskets of fruit, shoppers: supermarket, library, store."""
    w, d, h = rng.uniform(5, 14), rng.uniform(7, 22), rng.uniform(2.6, 4.5)
    scene, b = _begin(seed, rng, "shop", w, d, h)
    high, aisle, deep = b.between(1.3, 2.3), b.between(1.2, 2.4), b.between(0.35, 0.6)
    x = -w / 2 + deep / 2 + 0.05
    side = 1
    while x < w / 2 - deep / 2:
        z = -d / 2 + 1.2
        while z < d / 2 - 1.5:
            long = min(b.between(1.5, 4), d / 2 - 0.8 - z)
            with b.at(x, 0, z + long / 2, -side * np.pi / 2):
                _rack(b, long, deep, high)
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
    scene, b = _begin(seed, rng, "desks", w, d, h)
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
                        with b.at(b.between(-0.4, 0.4), 0, -b.between(0.45, 0.85), np.pi + b.rng.normal(0, 0.4)):
                            furniture.chair(b)
                            if b.chance(0.2):
                                figure(b, b.between(1.5, 1.9), "desk", fine=False)
    if kind == "class":
        with b.at(*wall_frame(0, w, d)):
            board = b.material(Material(surfaces.hsv(b.rng, (0.3, 0.45), (0, 0.6), (0.1, 0.95)), texture="faint", gloss=0.4))
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
                        (furniture.shelf if b.chance(0.5) else furniture.cabinet if b.chance(0.7) else furniture.big_plant)(b)
    eye = (1.0, 1.3) if b.chance(0.4) else None
    scene.shot = Shot(eye_m=eye, target_share=0.45, near_m=0.5, middle_m=0.9, blur=0.05)
    return scene


def works(seed: int, rng: Rng) -> Scene:
    """A factory, workshop, garage or boiler room: machines, pipes, tanks, racks, benches with tools."""
    w, d, h = rng.uniform(5, 18), rng.uniform(6, 26), rng.uniform(3, 8)
    scene, b = _begin(seed, rng, "works", w, d, h)
    for _ in range(int(rng.integers(3, 12))):  # pipes and ducts under the ceiling and along walls
        y, r, skin = b.between(0.55, 0.98) * h, float(np.exp(b.between(-3.3, -1.2))), surfaces.metal(b) if b.chance(0.6) else surfaces.plain(b)
        side = b.between(-0.5, 0.5)
        if b.chance(0.5):
            limb(b, "cylinder", (side * w, y, -d / 2), (side * w, y, d / 2), r, r, skin)
        else:
            limb(b, "cylinder", (-w / 2, y, side * d), (w / 2, y, side * d), r, r, skin)
            x = b.between(-0.5, 0.5) * w
            limb(b, "cylinder", (x, y, side * d), (x, 0.0, side * d), r, r, skin)
    for _ in range(int(rng.integers(3, 5 + int(w * d / 14)))):
        with b.at(b.between(-0.46, 0.46) * w, 0, b.between(-0.46, 0.46) * d, int(b.rng.integers(4)) * np.pi / 2 + b.rng.normal(0, 0.05)):
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
    b.stands(b.pick(["box", "cushion", "cylinder"]), b.between(-0.2, 0.2) * w, h * 0.58, 0, (w * b.between(0.3, 0.8), h * 0.4, d * 0.7), paint if b.chance(0.5) else steel)
    b.add("box", (b.between(-0.25, 0.25) * w, h * 0.4, -d / 2 - 0.01), (0.3 * w, 0.2 * h, 0.03), furniture.drawers(b))
    for _ in range(int(b.rng.integers(2, 9))):
        s = b.between(0.05, 0.3)
        at = (b.between(-0.5, 0.5) * w, b.between(0.1, 0.9) * h, -d / 2 - b.between(0.0, 0.1))
        b.add(b.pick(["cylinder", "box", "sphere", "post"]), at, (s, s * b.between(0.3, 1.2), s * 0.6), b.rng.choice([paint, dark, steel]), tilt=1.5708 * int(b.rng.integers(2)))
    for _ in range(int(b.rng.integers(0, 4))):
        x, y = b.between(-0.5, 0.5) * w, b.between(0.3, 1.0) * h
        limb(b, "post", (x, y, d * 0.2), (x + b.between(-0.8, 0.8), 0.0, d * b.between(0.5, 1)), 0.05, 0.05, dark)
    b.target(0, h * 0.5, 0, max(w, h) * 0.6)


def _tank(b: Builder) -> None:
    r, h, skin = b.between(0.4, 1.6), b.between(0.9, 3), surfaces.metal(b) if b.chance(0.6) else surfaces.plain(b, 0.8)
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
            b.add(b.pick(["box", "pillow", "post"]), at, (b.between(0.02, 0.08), b.between(0.1, 0.3), 0.03), surfaces.plain(b), roll=b.between(-0.3, 0.3))
    b.target(0, h, 0, 0.6 * w)


def _pallet(b: Builder) -> None:
    wood, card = surfaces.wood(b), b.material(Material(surfaces.hsv(b.rng, (0.07, 0.1), (0.3, 0.55), (0.5, 0.75)), texture="faint"))
    b.stands("box", 0, 0, 0, (1.2, 0.14, 0.8), wood)
    s = b.between(0.28, 0.4)
    for layer in range(int(b.rng.integers(1, 5))):
        for x in (-0.4, 0.0, 0.4):
            for z in (-0.2, 0.2):
                if b.chance(0.9):
                    b.stands("box", x + b.between(-0.01, 0.01), 0.14 + s * layer, z, (0.38, s * 0.98, 0.38), card)
    b.target(0, 0.6, 0, 1.0)


def _store(b: Builder) -> None:
    _rack(b, b.between(1.2, 3), b.between(0.4, 0.8), b.between(1.5, 2.6))


def stairs(seed: int, rng: Rng) -> Scene:
    """A staircase up or down between walls, with a rail, a landing and doors."""
    w, h = rng.uniform(2.2, 5), rng.uniform(4.5, 8)
    flight = rng.uniform(1.0, 1.9)
    steps, rise, going = int(rng.integers(9, 18)), rng.uniform(0.15, 0.19), rng.uniform(0.26, 0.31)
    d = steps * going + 4.5
    scene, b = _begin(seed, rng, "stairs", w, d, h)
    tread, riser, rail = surfaces.floor(b), surfaces.wall(b), surfaces.metal(b) if b.chance(0.5) else surfaces.wood(b)
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
        with b.at(x + b.between(-0.2, 0.2) * flight, (k + 1) * rise, z0 + (k + 0.4) * going, 0.0 if b.chance(0.5) else np.pi):
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
        scene.heading, scene.shot = np.pi, Shot(
            eye_m=(top + 1.3, top + 1.75), pitch_deg=(-28, 9), target_share=0.0, near_m=0.4, middle_m=0.8
        )
    return scene


def church(seed: int, rng: Rng) -> Scene:
    """A church, a station hall or a museum: columns in rows, arches, pews or benches, high windows."""
    w, d, h = rng.uniform(9, 26), rng.uniform(16, 55), rng.uniform(6, 18)
    scene, b = _begin(seed, rng, "church", w, d, h)
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
                p, q = ((-aisle * float(np.cos(a)), spring + 0.3 + 0.9 * (h - spring - 0.5) * float(np.sin(a)), float(z)) for a in (a0, a1))
                if side > 0:
                    limb(b, "box", p, q, 0.5 * t, 0.5 * t, stone)
        b.add("box", (side * aisle, spring + 0.6, 0), (t * 0.8, 0.6, d), stone)
        with b.at(*wall_frame(1 if side > 0 else 3, w, d)):
            for x in np.arange(-d / 2 + bay, d / 2 - 1, bay):
                glass = b.material(Material((0.8, 0.85, 0.95), (0.5, 0.6, 0.5), "photo", int(b.rng.integers(99)), 0.0, glow=b.between(0.5, 3)))
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
