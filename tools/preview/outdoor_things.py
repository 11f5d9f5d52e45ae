"""Things that stand outside: houses, cars, trees, fences, lamp posts, benches, people. Sizes in metres."""

from __future__ import annotations

import numpy as np

from tools.preview import furniture, surfaces
from tools.preview.scene import Builder, Material


def building(b: Builder, width: float, depth: float, height: float) -> None:
    """A house centred on the present frame, its front towards -z: windows, door, awnings, balconies, roof."""
    skin = surfaces.facade(b)
    b.stands("box", 0, 0, 0, (width, height, depth), skin)
    front = -depth / 2
    if b.chance(0.5):  # a base of another stone
        b.stands("box", 0, 0, 0, (width + 0.06, b.between(0.4, 3.5), depth + 0.06), surfaces.masonry(b))
    if b.chance(0.5):
        b.add("box", (0, height, 0), (width + 0.5, b.between(0.2, 0.5), depth + 0.5), surfaces.masonry(b))
    if height < 10 and b.chance(0.7):  # pitched roof: two leaning slabs
        roof = surfaces.masonry(b)
        rise = b.between(0.3, 0.8)
        half = depth / 2 / np.cos(rise)
        for s in (-1, 1):
            centre = (0.0, height + np.tan(rise) * depth / 4, s * depth / 4)
            b.add("box", centre, (width + 0.6, 0.15, half + 0.4), roof, tilt=s * rise)
    for _ in range(int(b.rng.integers(0, 4))):
        x = b.between(-0.45, 0.45) * width
        kind = int(b.rng.integers(4))
        if kind == 0:  # door with steps
            b.stands("box", x, 0, front, (b.between(0.9, 2.4), b.between(2, 2.8), 0.12), surfaces.plain(b))
            b.stands("box", x, 0, front - 0.3, (1.6, 0.16, 0.6), surfaces.masonry(b))
        elif kind == 1:  # awning over a shop window
            w = b.between(2, 6)
            b.stands("box", x, 0.4, front, (w, 2.2, 0.1), surfaces.picture(b, "photo"))
            b.add("box", (x, 2.9, front - 0.7), (w, 0.06, 1.5), surfaces.cloth(b))
        elif kind == 2:  # sign
            b.add(
                "box",
                (x, b.between(2.6, 4), front - 0.1),
                (b.between(1, 5), b.between(0.4, 1), 0.2),
                surfaces.picture(b),
            )
        else:  # a part that stands forward
            w = b.between(1, max(1.5, 0.3 * width))
            b.stands("box", x, 0, front, (w, height * b.between(0.4, 1.05), b.between(0.5, 3)), skin)
    if height > 6 and b.chance(0.35):
        rail = surfaces.metal(b)
        for y in np.arange(3.0, height - 1.5, 3.0):
            for x in np.arange(-width / 2 + 1.5, width / 2 - 1, b.between(3, 6)):
                b.add("box", (float(x), float(y), front - 0.5), (2.0, 0.15, 1.0), rail)
                b.add("box", (float(x), float(y) + 0.5, front - 0.98), (2.0, 0.9, 0.03), rail)


def tree(b: Builder, x: float, z: float, height: float) -> None:
    """A broad-leaved tree, a conifer or a bare one."""
    bark = b.material(
        Material(surfaces.hsv(b.rng, (0.03, 0.12), (0.1, 0.5), (0.15, 0.5)), texture="fine", scale_m=0.8)
    )
    stem = height * b.between(0.2, 0.45)
    thick = height * b.between(0.02, 0.05)
    wide = height * b.between(0.35, 0.8)
    leaf = surfaces.foliage(b)
    kind = b.pick(["round", "round", "cluster", "cluster", "conifer", "bare"])
    if np.hypot(x, z) > 45:  # far trees need few triangles
        b.stands("post", x, 0, z, (thick, stem * 1.6, thick), bark)
        centre = (x, (stem + height) / 2, z)
        b.add(f"blob{int(b.rng.integers(4))}", centre, (wide, height - stem, wide), leaf, b.between(0, 6))
        return
    b.stands("post", x, 0, z, (thick, stem * 1.6, thick), bark)
    if kind == "conifer":
        for k in range(4):
            w = wide * 0.7 * (1 - 0.22 * k)
            b.add(
                "leaves1" if b.chance(0.6) else "cone",
                (x, stem + (height - stem) * (0.12 + 0.25 * k), z),
                (w, height * 0.3, w),
                leaf,
                k,
            )
        return
    if kind == "bare":
        for k in range(7):
            yaw, lean = k * 0.9 + b.between(-0.3, 0.3), b.between(0.3, 1.0)
            long = height * b.between(0.25, 0.5)
            dx, dz = np.sin(yaw) * np.sin(lean) * long / 2, np.cos(yaw) * np.sin(lean) * long / 2
            y = stem * b.between(0.8, 1.5) + np.cos(lean) * long / 2
            b.add("post", (x + dx, y, z + dz), (thick * 0.5, long, thick * 0.5), bark, yaw, lean)
        return
    mesh = b.pick(["leaves", "leaves", "blob"])
    if kind == "round":
        b.add(
            f"{mesh}{int(b.rng.integers(4))}",
            (x, (stem + height) / 2, z),
            (wide, height - stem, wide),
            leaf,
            b.between(0, 6),
        )
        if mesh == "leaves":  # a dense core, so that the sky does not shine through everywhere
            b.add("blob2", (x, (stem + height) / 2, z), (wide * 0.7, (height - stem) * 0.7, wide * 0.7), leaf)
        return
    for _ in range(int(b.rng.integers(3, 7))):
        s = wide * b.between(0.4, 0.7)
        centre = (
            x + b.between(-0.3, 0.3) * wide,
            b.between(stem + s / 3, height - s / 3),
            z + b.between(-0.3, 0.3) * wide,
        )
        b.add(f"{mesh}{int(b.rng.integers(4))}", centre, (s, s * 0.8, s), leaf, b.between(0, 6))


def bush(b: Builder) -> None:
    """A bush, or a tuft of high grass."""
    leaf = surfaces.foliage(b)
    if b.chance(0.3):
        for _ in range(6):
            name = f"blades{int(b.rng.integers(4))}"
            size = (b.between(0.2, 0.6), b.between(0.2, 0.9), b.between(0.2, 0.6))
            b.stands(name, b.between(-0.4, 0.4), 0, b.between(-0.4, 0.4), size, leaf, b.between(0, 6))
        return
    h = b.between(0.4, 2.0)
    for _ in range(int(b.rng.integers(1, 4))):
        name = f"{b.pick(['leaves', 'blob'])}{int(b.rng.integers(4))}"
        b.add(
            name,
            (b.between(-0.5, 0.5) * h, h * 0.45, b.between(-0.5, 0.5) * h),
            (h * 1.2, h, h * 1.2),
            leaf,
            b.between(0, 6),
        )
    b.target(0, h / 2, 0, h)


def rock(b: Builder) -> None:
    """A rock or a heap."""
    s = b.between(0.2, 1.5)
    b.add(
        f"blob{int(b.rng.integers(4))}",
        (0, 0.2 * s, 0),
        (s, 0.8 * s, s),
        surfaces.masonry(b),
        b.between(0, 6),
    )


def fence(b: Builder, length: float) -> None:
    """A wall, hedge, paling, mesh fence or guard rail along x."""
    kind = b.pick(["wall", "hedge", "paling", "rail", "paling"])
    h = b.between(0.6, 2.2)
    if kind == "wall":
        b.stands("box", 0, 0, 0, (length, h, 0.25), surfaces.masonry(b))
    elif kind == "hedge":
        leaf = surfaces.foliage(b)
        b.stands("box", 0, 0, 0, (length, h * 0.9, 0.6), leaf)
        for k in range(int(min(length, 24) / 1.2)):
            b.add(f"blob{k % 4}", ((k + 0.5) * 1.2 - length / 2, h * 0.55, 0), (1.5, h, 0.9), leaf, k)
    elif kind == "rail":
        metal = surfaces.metal(b)
        b.add("box", (0, 0.65, 0), (length, 0.3, 0.08), metal)
        for x in np.arange(-length / 2, length / 2, 3.0):
            b.stands("post", float(x), 0, 0.08, (0.1, 0.75, 0.1), metal)
    else:
        skin = surfaces.wood(b) if b.chance(0.6) else surfaces.metal(b)
        step = max(b.between(0.12, 0.3), length / 90)
        for x in np.arange(-length / 2, length / 2, step):
            b.stands("box", float(x), 0, 0, (step * b.between(0.25, 0.9), h, 0.03), skin)
        for y in (0.2, 0.85):
            b.add("box", (0, y * h, 0.03), (length, 0.08, 0.04), skin)


def car(b: Builder) -> tuple[float, float]:
    """A car, estate, van or lorry, along z with its nose towards +z."""
    kind = b.pick(["car", "car", "car", "van", "lorry"] if b.chance(0.3) else ["car"])
    long, wide, high = b.between(3.7, 4.9), b.between(1.65, 1.9), b.between(1.4, 1.65)
    if kind != "car":
        long, wide, high = b.between(4.8, 7.5), b.between(1.9, 2.5), b.between(2.0, 3.3)
    paint = b.material(Material(surfaces.any_colour(b.rng), gloss=b.between(0.4, 1.0)))
    glass = b.material(Material((0.02, 0.025, 0.03), gloss=1.0))
    tyre = surfaces.dark(b)
    waist = 0.55 * high if kind == "car" else 0.5 * high
    b.add("cushion", (0, 0.22 + waist / 2, 0), (wide, waist, long), paint)
    if kind == "car":
        back = b.between(-0.12, 0.0) * long
        b.add("cushion", (0, waist + 0.3 * high - 0.1, back), (wide * 0.86, high * 0.58, long * 0.58), glass)
        b.add("cushion", (0, high - 0.1, back), (wide * 0.8, 0.14, long * 0.42), paint)
        for z in (-0.12, 0.1):
            b.add("box", (0, waist + 0.25, back + z * long), (wide * 0.87, high * 0.42, 0.06), paint)
    else:
        b.add("cushion", (0, high * 0.55, -0.1 * long), (wide, high * 0.9, long * 0.8), paint)
        b.add("cushion", (0, high * 0.65, 0.26 * long), (wide * 0.97, high * 0.35, long * 0.12), glass)
    r = b.between(0.58, 0.7)
    for sx in (-1, 1):
        for sz in (-1, 1):
            b.add(
                "cylinder",
                (sx * (wide / 2 - 0.1), r / 2, sz * long * 0.3),
                (r, 0.22, r),
                tyre,
                roll=np.pi / 2,
            )
    lamp, red = (
        b.material(Material((0.9, 0.9, 0.9), gloss=1)),
        b.material(Material((0.5, 0.02, 0.02), gloss=1)),
    )
    for sx in (-1, 1):
        b.add("pillow", (sx * wide * 0.36, 0.62, long / 2 - 0.04), (0.3, 0.16, 0.12), lamp)
        b.add("pillow", (sx * wide * 0.36, 0.7, -long / 2 + 0.04), (0.25, 0.2, 0.12), red)
    b.add("box", (0, 0.42, -long / 2 - 0.005), (0.52, 0.11, 0.02), lamp)
    b.target(0, 0.8, 0, 2.2)
    return wide, long


def lamp_post(b: Builder, x: float, z: float, side: float) -> None:
    """A street lamp or a mast with a cable arm, leaning over to `side` (-1 or 1 along x)."""
    h, metal = b.between(4, 9), surfaces.metal(b)
    b.stands("post", x, 0, z, (0.14, h, 0.14), metal)
    arm = b.between(0.3, 2)
    b.add("box", (x + side * arm / 2, h, z), (arm, 0.08, 0.08), metal)
    b.add("cushion", (x + side * arm, h - 0.03, z), (0.6, 0.15, 0.3), metal)


def pole(b: Builder) -> None:
    """A sign, bollard, traffic light or bin."""
    kind = b.pick(["sign", "bollard", "light", "bin"])
    metal = surfaces.metal(b)
    if kind == "bollard":
        b.stands("post", 0, 0, 0, (0.15, b.between(0.6, 1.1), 0.15), metal)
    elif kind == "bin":
        b.stands(b.pick(["bin", "box"]), 0, 0, 0, (0.5, b.between(0.7, 1.2), 0.5), surfaces.plain(b))
    else:
        h = b.between(2.2, 3.2)
        b.stands("post", 0, 0, 0, (0.08, h, 0.08), metal)
        if kind == "light":
            b.add("box", (0, h - 0.4, -0.1), (0.3, 0.85, 0.2), surfaces.dark(b))
        else:
            b.add(
                b.pick(["box", "cylinder"]),
                (0, h - 0.3, -0.06),
                (0.6, 0.6, 0.03),
                surfaces.picture(b, "poster"),
            )


def bench(b: Builder) -> None:
    """A park bench."""
    w, slat, leg = b.between(1.2, 2.0), surfaces.wood(b), surfaces.metal(b)
    for k in range(4):
        b.add("box", (0, 0.44, (k - 1.5) * 0.12), (w, 0.04, 0.09), slat)
        b.add("box", (0, 0.55 + 0.11 * k, 0.27 + 0.03 * k), (w, 0.08, 0.03), slat)
    for s in (-1, 1):
        b.stands("box", s * w * 0.4, 0, 0.02, (0.06, 0.44, 0.45), leg)
    b.target(0, 0.5, 0, 1.0)


def parasol(b: Builder) -> None:
    """A table with chairs under a parasol."""
    furniture.table(b)
    for k in range(int(b.rng.integers(1, 5))):
        a = k * 1.6 + b.between(-0.3, 0.3)
        b.put(b.made(furniture.chair), -np.sin(a), -np.cos(a), a + np.pi)
    if b.chance(0.6):
        h, w = b.between(2.2, 2.7), b.between(2, 3.5)
        b.stands("post", 0, 0, 0, (0.05, h, 0.05), surfaces.metal(b))
        b.add("cone", (0, h + 0.1, 0), (w, 0.5, w), surfaces.cloth(b))


def walker(b: Builder) -> None:
    """A person, turned anyhow, child or grown."""
    with b.at(0, 0, 0, b.between(0, 6)):
        furniture.person(b, b.between(1.5, 1.9) if b.chance(0.85) else b.between(0.9, 1.4))
