"""Materials by name: colours and textures that walls, wood, cloth, stone and leaves have."""

from __future__ import annotations

import colorsys

from tools.preview.scene import Builder, Colour, Material, Rng


def hsv(
    rng: Rng, hue: tuple[float, float], saturation: tuple[float, float], value: tuple[float, float]
) -> Colour:
    """Return a linear colour of a random hue, saturation and (display) value within the ranges."""
    h, s, v = (rng.uniform(*r) for r in (hue, saturation, value))
    r, g, b = colorsys.hsv_to_rgb(h % 1.0, s, v)
    return (float(r**2.2), float(g**2.2), float(b**2.2))


def any_colour(rng: Rng) -> Colour:
    """Return a colour of things: mostly dull, sometimes strong, often black, grey or white."""
    if rng.random() < 0.5:
        return hsv(rng, (0, 1), (0, 0.12), (0.08, 0.98))
    return hsv(rng, (0, 1), (0.15, 0.9), (0.15, 0.9))


def _wood(rng: Rng) -> tuple[Colour, Colour]:
    base = hsv(rng, (0.03, 0.11), (0.15, 0.7), (0.2, 0.85))
    k = rng.uniform(0.4, 0.85)
    return base, (base[0] * k, base[1] * k, base[2] * k)


def wood(b: Builder) -> int:
    """Furniture wood, or white or dark lacquer."""
    rng = b.rng
    if rng.random() < 0.35:
        colour = hsv(rng, (0, 1), (0, 0.1), (0.1, 0.98))
        return b.material(
            Material(colour, texture="faint", variant=int(rng.integers(99)), gloss=rng.uniform(0, 0.4))
        )
    one, two = _wood(rng)
    return b.material(
        Material(
            one,
            two,
            "wood",
            int(rng.integers(99)),
            rng.uniform(0.4, 1.5),
            gloss=rng.uniform(0, 0.3),
            turned=bool(rng.random() < 0.5),
        )
    )


def cloth(b: Builder) -> int:
    """Cloth: plain, striped, patterned."""
    rng = b.rng
    kind = b.pick(["fine", "faint", "fine", "noise", "stripe", "leaf", "check", "faint"])
    return b.material(
        Material(any_colour(rng), any_colour(rng), kind, int(rng.integers(99)), rng.uniform(0.15, 0.9))
    )


def plain(b: Builder, gloss: float = 0.3) -> int:
    """Plastic, metal, paint: one colour, some shine."""
    rng = b.rng
    return b.material(
        Material(
            any_colour(rng),
            texture="faint",
            variant=int(rng.integers(99)),
            scale_m=0.7,
            gloss=gloss * rng.random(),
        )
    )


def dark(b: Builder) -> int:
    """Black plastic, rubber, dark metal."""
    return b.material(Material(hsv(b.rng, (0, 1), (0, 0.2), (0.03, 0.25)), gloss=b.between(0, 0.5)))


def metal(b: Builder) -> int:
    """Grey metal."""
    return b.material(Material(hsv(b.rng, (0.5, 0.7), (0, 0.1), (0.3, 0.85)), gloss=b.between(0.2, 0.8)))


def wall(b: Builder) -> int:
    """An inner wall: paint mostly, sometimes paper, brick, tiles or wood."""
    rng = b.rng
    u = rng.random()
    if u < 0.7:  # white and pale paint above all
        colour = hsv(rng, (0.05, 0.2), (0, 0.16), (0.68, 0.99))
    elif u < 0.86:
        colour = hsv(rng, (0, 1), (0.05, 0.35), (0.5, 0.95))
    else:
        colour = hsv(rng, (0, 1), (0.1, 0.75), (0.2, 0.8))
    kind = b.pick(["faint"] * 12 + ["fine", "brick", "tile", "stripe", "leaf", "plank", "noise"])
    k = rng.uniform(0.5, 1.2)
    second = (colour[0] * k, colour[1] * k, colour[2] * k)
    return b.material(Material(colour, second, kind, int(rng.integers(99)), rng.uniform(0.8, 2.5)))


def ceiling(b: Builder) -> int:
    """White mostly; panels in offices."""
    kind = b.pick(["faint", "faint", "faint", "tile", "plank", "fine"])
    colour = hsv(b.rng, (0.05, 0.2), (0, 0.1), (0.75, 1.0))
    second = (colour[0] * 0.7, colour[1] * 0.7, colour[2] * 0.7)
    return b.material(Material(colour, second, kind, int(b.rng.integers(99)), b.between(1.2, 4)))


def floor(b: Builder) -> int:
    """Boards, tiles, carpet, stone, concrete."""
    rng = b.rng
    kind = b.pick(
        ["plank", "plank", "plank", "tile", "tile", "fine", "fine", "noise", "marble", "faint", "check"]
    )
    if kind == "plank":
        one, two = _wood(rng)
    elif kind in ("tile", "marble", "check"):
        one, two = hsv(rng, (0, 0.2), (0, 0.3), (0.2, 0.95)), hsv(rng, (0, 0.2), (0, 0.3), (0.1, 0.9))
    else:
        one, two = hsv(rng, (0, 1), (0, 0.5), (0.15, 0.85)), hsv(rng, (0, 1), (0, 0.5), (0.15, 0.85))
    return b.material(
        Material(
            one,
            two,
            kind,
            int(rng.integers(99)),
            rng.uniform(0.7, 2.5),
            gloss=rng.uniform(0, 0.6) if rng.random() < 0.6 else 0.0,
            turned=bool(rng.random() < 0.5),
        )
    )


def picture(b: Builder, kind: str = "") -> int:
    """Something printed or photographed, fitted to the object."""
    kind = kind or b.pick(["photo", "photo", "poster", "poster", "text"])
    c = b.between(0.4, 0.95)
    return b.material(
        Material((c, c, c), (c, c, c), kind, int(b.rng.integers(99)), 0.0, gloss=b.between(0, 0.4))
    )


def screen(b: Builder) -> int:
    """A monitor's face: dark, or showing something."""
    if b.chance(0.5):
        return b.material(Material((0.01, 0.01, 0.012), gloss=0.8))
    c = b.between(0.3, 0.9)
    kind = b.pick(["text", "photo", "poster"])
    return b.material(
        Material((c, c, c), (c, c, c), kind, int(b.rng.integers(99)), 0.0, glow=b.between(0.3, 1.2))
    )


def foliage(b: Builder) -> int:
    """Leaves of a crown or bush, any season."""
    hue = (0.18, 0.36) if b.chance(0.85) else (0.02, 0.14)
    one = hsv(b.rng, hue, (0.25, 0.8), (0.12, 0.6))
    k = b.between(0.3, 1.6)
    second = (one[0] * k, one[1] * k, one[2] * b.between(0.3, 1.0))
    return b.material(Material(one, second, "leaf", int(b.rng.integers(99)), b.between(0.5, 1.6)))


def ground(b: Builder, kind: str) -> int:
    """Ground outside: grass, asphalt, paving, a wooden deck, earth or sand."""
    rng = b.rng
    if kind == "grass":
        one, two = (
            hsv(rng, (0.16, 0.32), (0.3, 0.75), (0.2, 0.6)),
            hsv(rng, (0.1, 0.3), (0.2, 0.6), (0.2, 0.7)),
        )
        return b.material(Material(one, two, "fine", int(rng.integers(99)), rng.uniform(1, 5)))
    if kind == "asphalt":
        one, two = hsv(rng, (0.55, 0.7), (0, 0.12), (0.2, 0.65)), hsv(rng, (0.0, 0.7), (0, 0.12), (0.2, 0.6))
        return b.material(Material(one, two, "fine", int(rng.integers(99)), rng.uniform(2, 8)))
    if kind == "deck":
        one, two = _wood(rng)
        turned = bool(rng.random() < 0.5)
        return b.material(
            Material(one, two, "plank", int(rng.integers(99)), rng.uniform(0.7, 1.6), turned=turned)
        )
    if kind == "paving":
        one, two = hsv(rng, (0, 0.15), (0, 0.3), (0.35, 0.85)), hsv(rng, (0, 0.15), (0, 0.3), (0.2, 0.7))
        texture = b.pick(["tile", "brick", "tile", "check"])
        return b.material(Material(one, two, texture, int(rng.integers(99)), rng.uniform(1, 4)))
    one, two = hsv(rng, (0.05, 0.13), (0.1, 0.5), (0.3, 0.8)), hsv(rng, (0.05, 0.2), (0.1, 0.5), (0.2, 0.7))
    return b.material(Material(one, two, b.pick(["noise", "fine"]), int(rng.integers(99)), rng.uniform(1, 6)))


def facade(b: Builder) -> int:
    """A building's face with windows."""
    rng = b.rng
    wall_colour = hsv(rng, (0.0, 0.17), (0, 0.5), (0.3, 0.95)) if rng.random() < 0.85 else any_colour(rng)
    glass = hsv(rng, (0.5, 0.65), (0, 0.4), (0.1, 0.7))
    return b.material(
        Material(
            wall_colour, glass, "facade", int(rng.integers(99)), rng.uniform(9, 16), gloss=rng.uniform(0, 0.3)
        )
    )


def masonry(b: Builder) -> int:
    """A blind outer wall."""
    one = hsv(b.rng, (0.0, 0.15), (0, 0.6), (0.3, 0.95))
    two = hsv(b.rng, (0.0, 0.15), (0, 0.3), (0.3, 0.9))
    kind = b.pick(["brick", "noise", "faint", "fine", "plank"])
    return b.material(Material(one, two, kind, int(b.rng.integers(99)), b.between(0.8, 2.5)))
