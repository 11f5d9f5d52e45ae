"""Furniture of realistic size. Each stands on the present frame's floor, facing -z, centred.

Functions return the footprint (width x, depth z) in metres that they used.
"""

from __future__ import annotations

import numpy as np

from tools.preview import surfaces
from tools.preview.clutter import clutter, plant
from tools.preview.figures import figure, limb
from tools.preview.scene import Builder, Material

Footprint = tuple[float, float]


def table(b: Builder) -> Footprint:
    """A table or desk with legs, or a round one; with things on it."""
    w, d, h = b.between(0.7, 2.2), b.between(0.5, 1.1), b.between(0.68, 0.78)
    if b.chance(0.25):
        h = b.between(0.35, 0.5)
    top, leg = surfaces.wood(b), surfaces.metal(b) if b.chance(0.5) else surfaces.wood(b)
    if b.chance(0.2):
        d = w = b.between(0.6, 1.4)
        b.add("cylinder", (0, h - 0.02, 0), (w, 0.04, w), top)
        b.stands("post", 0, 0, 0, (0.1, h - 0.04, 0.1), leg)
        b.add("cylinder", (0, 0.015, 0), (w * 0.5, 0.03, w * 0.5), leg)
    else:
        b.add("box", (0, h - 0.02, 0), (w, b.between(0.02, 0.06), d), top)
        t = b.between(0.03, 0.08)
        shape = b.pick(["box", "post"])
        for sx in (-1, 1):
            for sz in (-1, 1):
                b.stands(shape, sx * (w / 2 - t), 0, sz * (d / 2 - t), (t, h - 0.04, t), leg)
    clutter(b, w, d, h, int(b.rng.integers(0, 9)))
    b.target(0, h, 0, 0.6 * w)
    return w, d


def desk(b: Builder, things: int = 8) -> Footprint:
    """A desk with monitor, keyboard, papers and clutter."""
    w, d, h = b.between(1.1, 2.0), b.between(0.6, 0.9), b.between(0.7, 0.78)
    top = surfaces.wood(b)
    b.add("box", (0, h - 0.02, 0), (w, 0.04, d), top)
    side = surfaces.wood(b)
    for sx in (-1, 1):
        b.stands("box", sx * (w / 2 - 0.03), 0, 0, (0.05, h - 0.04, d * 0.9), side)
    if b.chance(0.4):
        b.stands("box", w / 2 - 0.25, 0, 0, (0.4, h - 0.06, d * 0.85), drawers(b))
    for k in range(int(b.rng.integers(0, 3))):
        monitor(b, (k - 0.4) * 0.6 + b.between(-0.1, 0.1), h, d * b.between(0.1, 0.3), b.between(-0.3, 0.3))
    if b.chance(0.7):
        laptop(b, b.between(-0.3, 0.3) * w, h, -d * 0.1)
    if b.chance(0.8):
        keyboard = Material((0.05, 0.05, 0.05), (0.3, 0.3, 0.3), "keys", int(b.rng.integers(9)), 0.2)
        b.add("box", (b.between(-0.2, 0.2), h + 0.012, -d * 0.28), (0.43, 0.02, 0.14), b.material(keyboard))
        b.add("pillow", (b.between(0.28, 0.45), h + 0.018, -d * 0.28), (0.065, 0.036, 0.11), surfaces.dark(b))
    clutter(b, w, d, h, int(b.rng.integers(2, things + 2)) if b.chance(0.6) else int(b.rng.integers(8, 24)))
    for _ in range(int(b.rng.integers(0, 4))):
        cable(b, w, d, h)
    b.target(0, h, 0, 0.5 * w)
    return w, d


def cable(b: Builder, w: float, d: float, h: float) -> None:
    """A cable that winds over a table top and hangs down behind it."""
    skin = surfaces.dark(b) if b.chance(0.7) else surfaces.plain(b)
    p = (b.between(-0.4, 0.4) * w, h + 0.004, b.between(-0.3, 0.3) * d)
    turn, thick = b.between(-1, 1), b.between(0.005, 0.009)
    for _ in range(9):
        turn += b.between(-0.7, 0.7) - 0.2 * turn
        q = (p[0] + 0.08 * float(np.sin(turn)), h + 0.004, p[2] + 0.08 * float(np.cos(turn)))
        if q[2] > d / 2:
            limb(b, "post", p, (q[0], 0.1, d / 2 + 0.02), thick, thick, skin)
            return
        limb(b, "post", p, q, thick, thick, skin)
        p = q


def drawers(b: Builder) -> int:
    """Material of cabinet fronts."""
    colour = (
        surfaces.any_colour(b.rng) if b.chance(0.5) else surfaces.hsv(b.rng, (0, 0.15), (0, 0.3), (0.4, 1))
    )
    dark = (colour[0] * 0.3, colour[1] * 0.3, colour[2] * 0.3)
    return b.material(
        Material(colour, dark, "drawers", int(b.rng.integers(99)), 0.0, gloss=b.between(0, 0.5))
    )


def monitor(b: Builder, x: float, y: float, z: float, yaw: float) -> None:
    """A screen on a foot."""
    w = b.between(0.4, 0.75)
    h = w * b.between(0.55, 0.7)
    frame = surfaces.dark(b)
    with b.at(x, y, z, yaw):
        b.stands("box", 0, 0, 0, (0.25, 0.02, 0.2), frame)
        b.stands("box", 0, 0, 0.02, (0.06, 0.25, 0.04), frame)
        b.add("box", (0, 0.12 + h / 2, 0), (w, h, 0.04), frame)
        b.add("box", (0, 0.12 + h / 2, -0.021), (w * 0.95, h * 0.93, 0.002), surfaces.screen(b))


def laptop(b: Builder, x: float, y: float, z: float) -> None:
    """An open laptop."""
    w = b.between(0.3, 0.4)
    body = surfaces.plain(b)
    keys = Material((0.02, 0.02, 0.02), (0.2, 0.2, 0.2), "keys", int(b.rng.integers(9)), 0.2)
    with b.at(x, y, z, b.between(-0.5, 0.5)):
        b.add("box", (0, 0.01, 0), (w, 0.02, w * 0.68), body)
        b.add("box", (0, 0.021, 0.03), (w * 0.9, 0.002, w * 0.35), b.material(keys))
        tilt = b.between(0.1, 0.5)
        centre = (0.0, 0.02 + 0.33 * w * np.cos(tilt), 0.34 * w + 0.33 * w * np.sin(tilt))
        b.add("box", centre, (w, w * 0.66, 0.012), body, tilt=tilt)
        b.add(
            "box",
            (0, centre[1], centre[2] - 0.008),
            (w * 0.94, w * 0.6, 0.002),
            surfaces.screen(b),
            tilt=tilt,
        )


def chair(b: Builder) -> Footprint:
    """A kitchen chair, an office chair or a stool."""
    w, seat_h = b.between(0.38, 0.55), b.between(0.42, 0.5)
    seat, frame = (surfaces.cloth(b) if b.chance(0.5) else surfaces.wood(b)), surfaces.wood(b)
    shape = b.pick(["box", "cushion", "cushion"])
    kind = b.pick(["legs", "legs", "office", "stool"])
    thick = b.between(0.03, 0.09)
    b.add(shape, (0, seat_h, 0), (w, thick, w), seat)
    if kind == "office":
        dark = surfaces.dark(b)
        b.stands("post", 0, 0.05, 0, (0.06, seat_h - 0.05, 0.06), dark)
        for k in range(5):
            a = k * 1.2566
            b.add("box", (0.15 * np.sin(a), 0.07, 0.15 * np.cos(a)), (0.04, 0.04, 0.3), dark, yaw=a)
        b.add(b.pick(["arc", "cushion"]), (0, seat_h + 0.35, w * 0.45), (w, 0.55, 0.1), seat, tilt=0.12)
        for sx in (-1, 1):
            b.add("box", (sx * w * 0.5, seat_h + 0.22, 0), (0.05, 0.03, 0.28), dark)
        return w + 0.2, w + 0.2
    t = b.between(0.025, 0.05)
    for sx in (-1, 1):
        for sz in (-1, 1):
            high = sz > 0 and kind == "legs"
            height = seat_h + b.between(0.4, 0.42) if high else seat_h
            b.stands(b.pick(["box", "post"]), sx * (w / 2 - t), 0, sz * (w / 2 - t), (t, height, t), frame)
    if kind == "legs":
        if b.chance(0.5):
            b.add(b.pick(["box", "arc"]), (0, seat_h + 0.3, w / 2 - t), (w, 0.22, 0.04), frame)
        else:
            for k in range(4):
                b.add("box", ((k - 1.5) * w * 0.22, seat_h + 0.22, w / 2 - t), (0.03, 0.38, 0.02), frame)
            b.add("box", (0, seat_h + 0.4, w / 2 - t), (w, 0.06, 0.03), frame)
    return w, w


def sofa(b: Builder) -> Footprint:
    """A sofa or armchair with cushions."""
    seats = int(b.rng.integers(1, 4))
    w, d = 0.65 * seats + 0.35, b.between(0.8, 1.0)
    skin = surfaces.cloth(b)
    b.add("cushion", (0, 0.22, 0), (w, 0.36, d), skin)
    b.add("cushion", (0, 0.5, d / 2 - 0.12), (w, b.between(0.55, 0.75), 0.25), skin)
    for sx in (-1, 1):
        b.add(b.pick(["cushion", "pillow"]), (sx * (w / 2 - 0.1), 0.38, -0.03), (0.22, 0.5, d * 0.95), skin)
    for k in range(seats):
        x = (k - (seats - 1) / 2) * 0.65
        b.add("pillow", (x, 0.44, -0.08), (0.63, 0.18, d * 0.75), skin)
        if b.chance(0.4):
            b.add("pillow", (x, 0.62, 0.12), (0.42, 0.4, 0.16), surfaces.cloth(b), b.between(-0.4, 0.4), 0.35)
    b.target(0, 0.45, 0, 0.6 * w)
    return w, d


def shelf(b: Builder) -> Footprint:
    """A bookcase or open shelf with books and things."""
    w, d, h = b.between(0.5, 1.8), b.between(0.25, 0.45), b.between(0.8, 2.3)
    body = surfaces.wood(b)
    rows = max(2, int(h / b.between(0.28, 0.42)))
    if b.chance(0.8):
        b.stands("box", 0, 0, d / 2, (w, h, 0.02), body)
    for sx in (-1, 1):
        b.stands("box", sx * w / 2, 0, 0, (0.03, h, d), body)
    step = h / rows
    for k in range(rows + 1):
        b.add("box", (0, min(k * step + 0.02, h), 0), (w, 0.03, d), body)
        if k == rows or b.chance(0.1):
            continue
        if b.chance(0.6):
            bw = w * b.between(0.4, 0.95)
            books = surfaces.picture(b, "books")
            x = b.between(-0.5, 0.5) * (w - bw)
            b.stands("box", x, k * step + 0.03, 0.03, (bw, step * b.between(0.6, 0.85), d * 0.7), books)
        else:
            clutter(b, w * 0.9, d * 0.6, k * step + 0.03, int(b.rng.integers(1, 5)))
    b.target(0, h / 2, 0, 0.5 * max(w, h))
    return w, d


def cabinet(b: Builder) -> Footprint:
    """A chest, sideboard, wardrobe, fridge, oven or washing machine, with things on a low one."""
    w, d = b.between(0.5, 1.6), b.between(0.4, 0.65)
    h = b.between(0.6, 1.1) if b.chance(0.6) else b.between(1.6, 2.2)
    b.stands("box", 0, 0.05, 0, (w, h - 0.05, d), drawers(b))
    b.stands("box", 0, 0, 0.02, (w * 0.96, 0.06, d * 0.9), surfaces.dark(b))
    if h < 1.2:
        b.add("box", (0, h, 0), (w + 0.02, 0.03, d + 0.02), surfaces.wood(b))
        clutter(b, w, d, h + 0.015, int(b.rng.integers(0, 7)))
        if b.chance(0.25):
            monitor(b, 0, h + 0.015, 0, b.between(-0.2, 0.2))
    b.target(0, h / 2, 0, 0.6 * max(w, h))
    return w, d


def bed(b: Builder) -> Footprint:
    """A bed with blanket, pillows and headboard."""
    w, d = b.between(0.9, 1.9), b.between(1.95, 2.15)
    b.stands("box", 0, 0.05, 0, (w, 0.25, d), surfaces.wood(b))
    b.add("cushion", (0, 0.42, 0), (w, 0.28, d), surfaces.cloth(b))
    b.add("cushion", (0, 0.47, -0.25), (w * 1.06, 0.26, d * 0.75), surfaces.cloth(b))
    if b.chance(0.5):
        heap = f"cloth{int(b.rng.integers(4))}"
        b.stands(
            heap, 0.1, 0.55, -0.3, (w, b.between(0.1, 0.35), d * 0.6), surfaces.cloth(b), b.between(0, 6)
        )
    for k in range(1 if w < 1.2 else 2):
        x = 0.0 if w < 1.2 else (k - 0.5) * w * 0.5
        b.add(
            "pillow", (x, 0.62, d / 2 - 0.3), (0.65, 0.2, 0.42), surfaces.cloth(b), b.between(-0.2, 0.2), 0.3
        )
    b.stands("box", 0, 0, d / 2, (w + 0.05, b.between(0.6, 1.2), 0.06), surfaces.wood(b))
    b.target(0, 0.5, 0, 0.6 * d)
    if b.chance(0.5):
        return w, d
    for side in (-1, 1):  # bedside tables
        if b.chance(0.8):
            with b.at(side * (w / 2 + 0.27), 0, d / 2 - 0.22):
                high = b.between(0.4, 0.65)
                b.stands("box", 0, 0, 0, (0.45, high, 0.4), drawers(b))
                clutter(b, 0.4, 0.3, high, int(b.rng.integers(1, 5)))
    return w + 1.0, d


def counter(b: Builder, length: float) -> Footprint:
    """A kitchen counter of the given length with wall cupboards, hood, appliances and clutter."""
    d, h = 0.6, 0.9
    front, top = drawers(b), surfaces.wood(b)
    units = max(1, round(length / 0.6))
    step = length / units
    for k in range(units):
        x = (k + 0.5) * step - length / 2
        if b.chance(0.12):
            b.stands("box", x, 0, 0, (step * 0.98, b.between(1.7, 2.1), d), drawers(b))
            continue
        b.stands("box", x, 0.1, 0, (step * 0.99, h - 0.14, d), front)
        b.add("box", (x, h - 0.02, -0.01), (step, 0.04, d + 0.04), top)
        if b.chance(0.75):
            b.add("box", (x, 1.8, 0.12), (step * 0.99, b.between(0.5, 0.75), 0.34), front)
        elif b.chance(0.4):
            b.add("box", (x, 1.65, 0.05), (step * 0.9, 0.12, 0.45), surfaces.metal(b))
        clutter(b, step, d * 0.8, h, int(b.rng.integers(0, 4)))
        if b.chance(0.2):
            b.stands("box", x, h, 0.05, (0.45, 0.28, 0.35), surfaces.dark(b), b.between(-0.15, 0.15))
    b.stands("box", 0, 0, 0.05, (length, 0.1, d * 0.8), surfaces.dark(b))
    b.target(0, h, 0, 0.8)
    return length, d


def floor_lamp(b: Builder) -> Footprint:
    """A standing lamp."""
    h = b.between(1.3, 1.9)
    b.stands("post", 0, 0, 0, (0.03, h, 0.03), surfaces.metal(b))
    b.stands("cylinder", 0, 0, 0, (0.28, 0.03, 0.28), surfaces.metal(b))
    glow = b.between(0.6, 2.5) if b.chance(0.4) else 0.0
    colour = surfaces.hsv(b.rng, (0.05, 0.15), (0, 0.4), (0.6, 1))
    b.stands("shade", 0, h - 0.15, 0, (0.42, 0.32, 0.42), b.material(Material(colour, glow=glow)))
    return 0.45, 0.45


def big_plant(b: Builder) -> Footprint:
    """A plant on the floor."""
    plant(b, 0, 0, 0, b.between(0.6, 1.8))
    return 0.6, 0.6


def boxes(b: Builder) -> Footprint:
    """A pile of boxes, bags and bins."""
    for _ in range(int(b.rng.integers(1, 6))):
        s = b.between(0.2, 0.6)
        x, z = b.between(-0.4, 0.4), b.between(-0.3, 0.3)
        mesh = b.pick(["box", "box", "cushion", "bin", "pillow", "blob1"])
        skin = surfaces.picture(b) if b.chance(0.15) else surfaces.plain(b)
        b.stands(mesh, x, 0, z, (s, s * b.between(0.5, 1.3), s * b.between(0.6, 1)), skin, b.between(0, 3))
    return 1.0, 0.8


def person(b: Builder, height: float = 1.72) -> Footprint:
    """A person standing or walking."""
    figure(b, height, b.pick(["stand", "walk"]), fine=False)
    return 0.6, 0.5
