"""Small things at their true size: food and crockery, fruit, cups, bottles, tools, toys, flowers, parcels.

Each stands on height y at the present frame's origin; functions return its width in metres.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tools.preview import surfaces
from tools.preview.figures import limb
from tools.preview.scene import Builder, Material

Thing = Callable[[Builder, float], float]  # puts a thing on height y at the frame's origin; returns its width


def _colour(
    b: Builder, hue: tuple[float, float], gloss: float = 0.3, texture: str = "noise", scale: float = 0.1
) -> int:
    one = surfaces.hsv(b.rng, hue, (0.45, 0.9), (0.4, 0.95))
    k = b.between(0.6, 1.0)
    two = (one[0] * k, one[1] * k * b.between(0.7, 1.2), one[2] * k)
    return b.material(Material(one, two, texture, int(b.rng.integers(99)), scale, gloss=gloss))


def plate(b: Builder, y: float) -> float:
    """A plate of 18 to 30 cm with food on it."""
    w = b.between(0.18, 0.3)
    china = surfaces.plain(b, 0.8) if b.chance(0.3) else b.material(Material((0.8, 0.8, 0.78), gloss=0.6))
    b.add("bowl", (0, y + 0.013, 0), (w, 0.026, w), china)
    b.add("cylinder", (0, y + 0.012, 0), (w * 0.66, 0.008, w * 0.66), china)
    _food(b, y + 0.016, 0.3 * w)
    return w


def _food(b: Builder, y: float, reach: float) -> None:
    """Heaps, slices, balls, sausages and leaves within `reach` of the middle."""
    for _ in range(int(b.rng.integers(1, 7))):
        s = b.between(0.02, 0.09)
        x, z = b.between(-1, 1) * reach * 0.8, b.between(-1, 1) * reach * 0.8
        kind = int(b.rng.integers(6))
        hue = (0.0, 0.14) if b.chance(0.7) else (0.15, 0.35)
        if kind == 0:
            mesh = f"cloth{int(b.rng.integers(4))}"
            b.stands(
                mesh, x, y, z, (2 * s, 0.7 * s, 2 * s), _colour(b, hue, 0.2, "fine", 0.04), b.between(0, 6)
            )
        elif kind == 1:
            b.stands("cylinder", x, y, z, (s, 0.012, s), _colour(b, hue))
        elif kind == 2:
            b.stands(
                "blob1", x, y, z, (s, 0.6 * s, s * 0.8), _colour(b, hue, 0.3, "noise", 0.05), b.between(0, 6)
            )
        elif kind == 3:
            b.stands("pillow", x, y, z, (1.8 * s, 0.5 * s, 0.5 * s), _colour(b, hue), b.between(0, 6))
        elif kind == 4:
            mesh = f"plant{int(b.rng.integers(4))}"
            b.stands(
                mesh, x, y, z, (2 * s, s, 2 * s), _colour(b, (0.2, 0.35), 0.1, "leaf", 0.03), b.between(0, 6)
            )
        else:
            for k in range(int(b.rng.integers(3, 9))):
                b.stands(
                    "sphere",
                    x + 0.02 * np.sin(2.4 * k) * k**0.5,
                    y,
                    z + 0.02 * np.cos(2.4 * k) * k**0.5,
                    (0.02, 0.02, 0.02),
                    _colour(b, hue),
                )


def bowl(b: Builder, y: float) -> float:
    """A bowl with soup, salad or fruit."""
    w = b.between(0.12, 0.28)
    h = w * b.between(0.3, 0.5)
    b.stands("bowl", 0, y, 0, (w, h, w), surfaces.plain(b, 0.8))
    b.add("cylinder", (0, y + 0.7 * h, 0), (w * 0.92, 0.004, w * 0.92), _colour(b, (0.0, 0.2), 0.5))
    if b.chance(0.7):
        _food(b, y + 0.7 * h, 0.3 * w)
    return w


def fruit(b: Builder, y: float) -> float:
    """Apples, oranges, lemons, bananas, tomatoes, pears, grapes."""
    count = int(b.rng.integers(1, 6))
    kind = int(b.rng.integers(5))
    for k in range(count):
        x, z = 0.07 * k**0.6 * np.sin(2.4 * k), 0.07 * k**0.6 * np.cos(2.4 * k)
        if kind == 0:
            s = b.between(0.06, 0.09)
            b.stands("sphere", x, y, z, (s, s * 0.9, s), _colour(b, (-0.03, 0.25), 0.5))
            b.add("post", (x, y + s * 0.92, z), (0.003, 0.02, 0.003), surfaces.wood(b), 0.0, 0.3)
        elif kind == 1:
            s = b.between(0.055, 0.09)
            b.stands(
                "sphere",
                x,
                y,
                z,
                (s * b.between(1, 1.35), s, s),
                _colour(b, (0.07, 0.17), 0.3, "fine", 0.03),
                b.between(0, 6),
            )
        elif kind == 2:
            a, skin = b.between(0, 6), _colour(b, (0.12, 0.18))
            for n in range(4):
                p = (x + 0.05 * n * np.cos(a), y + 0.018 + 0.008 * (n - 1.5) ** 2, z + 0.05 * n * np.sin(a))
                q = (
                    x + 0.05 * (n + 1) * np.cos(a),
                    y + 0.018 + 0.008 * (n - 0.5) ** 2,
                    z + 0.05 * (n + 1) * np.sin(a),
                )
                limb(b, "capsule", q, p, 0.036, 0.036, skin)
        elif kind == 3:
            skin = _colour(b, (0.25, 0.85), 0.6)
            for _ in range(12):
                b.add(
                    "sphere",
                    (x + b.between(-0.04, 0.04), y + b.between(0.01, 0.05), z + b.between(-0.04, 0.04)),
                    (0.022,) * 3,
                    skin,
                )
        else:
            s = b.between(0.05, 0.1)
            skin = _colour(b, (0.0, 0.35))
            b.stands("pillow", x, y, z, (s * 1.8, s * 0.6, s * 0.6), skin, b.between(0, 6))
    return 0.1 * count**0.6


def cup(b: Builder, y: float) -> float:
    """A cup with its handle on a saucer, a glass, or a mug of something dark."""
    w, h = b.between(0.065, 0.1), b.between(0.06, 0.12)
    skin = surfaces.plain(b, 0.9)
    lift = 0.0
    if b.chance(0.4):
        b.add("bowl", (0, y + 0.009, 0), (0.15, 0.018, 0.15), skin)
        lift = 0.012
    b.stands("mug", 0, y + lift, 0, (w, h, w), skin)
    b.add("cylinder", (0, y + lift + 0.82 * h, 0), (w * 0.86, 0.003, w * 0.86), _colour(b, (0.03, 0.12), 0.7))
    if b.chance(0.7):
        a = b.between(0, 6.28)
        for n in range(4):
            t0, t1 = -1.2 + 0.6 * n, -0.6 + 0.6 * n
            p, q = (
                (
                    np.cos(a) * (w * 0.48 + 0.025 * np.cos(t)),
                    y + lift + 0.5 * h + 0.3 * h * np.sin(t),
                    np.sin(a) * (w * 0.48 + 0.025 * np.cos(t)),
                )
                for t in (t0, t1)
            )
            limb(b, "capsule", q, p, 0.012, 0.012, skin)
    return w


def bottle(b: Builder, y: float) -> float:
    """A bottle, jar or can with a label."""
    h = b.between(0.1, 0.33)
    w = h * b.between(0.22, 0.45) if h > 0.18 else b.between(0.05, 0.09)
    b.stands("bottle" if h > 0.16 else "cylinder", 0, y, 0, (w, h, w), surfaces.plain(b, 1.0))
    if b.chance(0.7):
        b.add(
            "post",
            (0, y + 0.3 * h, 0),
            (w * 1.01, h * 0.3, w * 1.01),
            surfaces.picture(b, "poster"),
            b.between(0, 6),
        )
    if h > 0.16:
        b.add("cylinder", (0, y + h, 0), (w * 0.38, 0.02, w * 0.38), surfaces.plain(b))
    return w


def tool(b: Builder, y: float) -> float:
    """A hammer, screwdriver, knife, fork, spoon, pen, phone or key."""
    kind = int(b.rng.integers(5))
    steel, grip = surfaces.metal(b), surfaces.plain(b)
    with b.at(0, 0, 0, b.between(0, 6.28)):
        if kind == 0:
            b.add("pillow", (0, y + 0.015, 0), (0.03, 0.026, 0.3), grip)
            b.add("box", (0, y + 0.016, 0.14), (0.11, 0.03, 0.03), steel)
        elif kind == 1:
            b.add("pillow", (0, y + 0.014, -0.06), (0.03, 0.028, 0.11), grip)
            b.add("box", (0, y + 0.012, 0.06), (0.006, 0.006, 0.14), steel)
        elif kind == 2:
            b.add("cushion", (0, y + 0.004, 0), (0.072, 0.008, 0.15), surfaces.dark(b))
            b.add("box", (0, y + 0.0085, 0), (0.066, 0.001, 0.14), surfaces.screen(b))
        elif kind == 3:
            b.add("pillow", (0, y + 0.005, -0.05), (0.014, 0.009, 0.12), steel if b.chance(0.5) else grip)
            b.add(
                "pillow", (0, y + 0.005, 0.06), (b.between(0.012, 0.04), 0.007, b.between(0.05, 0.12)), steel
            )
        else:
            for k in range(int(b.rng.integers(1, 6))):
                b.add(
                    "box", (0.012 * k, y + 0.005, 0.01 * k), (0.008, 0.008, 0.16), surfaces.plain(b), 0.1 * k
                )
    return 0.2


def toy(b: Builder, y: float) -> float:
    """A toy car, building blocks, a doll or a teddy."""
    kind = int(b.rng.integers(3))
    if kind == 0:
        s, skin, dark = b.between(0.06, 0.2), surfaces.plain(b, 0.8), surfaces.dark(b)
        with b.at(0, 0, 0, b.between(0, 6.28)):
            b.add("cushion", (0, y + 0.3 * s, 0), (0.45 * s, 0.26 * s, s), skin)
            b.add("cushion", (0, y + 0.48 * s, 0.05 * s), (0.38 * s, 0.24 * s, 0.5 * s), dark)
            for sx in (-1, 1):
                for sz in (-0.3, 0.3):
                    b.add(
                        "cylinder",
                        (sx * 0.2 * s, y + 0.12 * s, sz * s),
                        (0.24 * s, 0.08 * s, 0.24 * s),
                        dark,
                        roll=1.5708,
                    )
        return s
    if kind == 1:
        for _ in range(int(b.rng.integers(3, 12))):
            s = b.between(0.02, 0.05)
            lift = s * int(b.rng.integers(0, 2))
            b.stands(
                "box",
                b.between(-0.1, 0.1),
                y + lift * 0.0,
                b.between(-0.1, 0.1),
                (s, s, s * b.between(1, 2)),
                surfaces.plain(b),
                b.between(0, 6),
            )
        return 0.2
    s = b.between(0.12, 0.35)
    fur = b.material(
        Material(surfaces.hsv(b.rng, (0.0, 0.15), (0.2, 0.7), (0.2, 0.9)), texture="fine", scale_m=0.1)
    )
    with b.at(0, 0, 0, b.between(-1, 1)):
        b.stands("sphere", 0, y, 0, (0.5 * s, 0.55 * s, 0.42 * s), fur)
        b.add("sphere", (0, y + 0.7 * s, -0.02 * s), (0.4 * s, 0.38 * s, 0.36 * s), fur)
        b.add("sphere", (0, y + 0.65 * s, -0.19 * s), (0.16 * s, 0.13 * s, 0.14 * s), surfaces.plain(b))
        for sx in (-1, 1):
            b.add("sphere", (sx * 0.16 * s, y + 0.87 * s, 0), (0.14 * s, 0.14 * s, 0.07 * s), fur)
            b.add("sphere", (sx * 0.08 * s, y + 0.74 * s, -0.18 * s), (0.04 * s,) * 3, surfaces.dark(b))
            limb(
                b,
                "capsule",
                (sx * 0.2 * s, y + 0.45 * s, 0),
                (sx * 0.3 * s, y + 0.2 * s, -0.15 * s),
                0.16 * s,
                0.16 * s,
                fur,
            )
            limb(
                b,
                "capsule",
                (sx * 0.15 * s, y + 0.1 * s, 0),
                (sx * 0.2 * s, y + 0.08 * s, -0.35 * s),
                0.18 * s,
                0.17 * s,
                fur,
            )
    return 0.5 * s


def flower(b: Builder, y: float) -> float:
    """Flowers with petals on stems, from the ground or a vase."""
    count = int(b.rng.integers(1, 9))
    if b.chance(0.5):
        b.stands("vase", 0, y, 0, (0.1, 0.2, 0.1), surfaces.plain(b, 0.8))
        y += 0.12
    green, petal = surfaces.foliage(b), _colour(b, (0, 1), 0.1, "faint", 0.1)
    heart = _colour(b, (0.08, 0.17), 0.1, "fine", 0.02)
    size = b.between(0.02, 0.06)
    petals = int(b.rng.integers(5, 12))
    for _ in range(count):
        h, lean, turn = b.between(0.1, 0.35), b.between(0, 0.5), b.between(0, 6.28)
        x, z = h * np.sin(lean) * np.sin(turn), h * np.sin(lean) * np.cos(turn)
        top = (x, y + h * np.cos(lean), z)
        limb(b, "post", top, (0.0, y, 0.0), 0.005, 0.005, green)
        open_ = b.between(0.1, 0.9)
        for k in range(petals):
            a = 2 * np.pi * k / petals
            d = np.array((np.sin(a) * np.cos(open_), np.sin(open_), np.cos(a) * np.cos(open_)))
            end = tuple(float(v) for v in np.add(top, d * 1.6 * size))
            limb(b, "pillow", end, top, size * 0.9, size * 0.18, petal)  # type: ignore[arg-type]
        b.add("sphere", top, (size * 0.8, size * 0.5, size * 0.8), heart)
    if b.chance(0.7):
        s = b.between(0.15, 0.3)
        b.stands(f"plant{int(b.rng.integers(4))}", 0, y - 0.05, 0, (s, s, s), green, b.between(0, 6))
    return 0.2


def parcel(b: Builder, y: float) -> float:
    """A box, a packet or a book with print on it."""
    s = b.between(0.06, 0.25)
    skin = surfaces.picture(b) if b.chance(0.6) else surfaces.plain(b)
    b.stands("box", 0, y, 0, (s, s * b.between(0.1, 1.4), s * b.between(0.3, 1.0)), skin, b.between(0, 3))
    return s
