"""Small things that lie on tables, shelves, sills and floors: cups, books, bottles, plants, lamps, cloth."""

from __future__ import annotations

from tools.preview import surfaces
from tools.preview.scene import Builder, Material
from tools.preview.things import Thing, bottle, bowl, cup, flower, fruit, parcel, plate, tool, toy

_DETAILED: list[Thing] = [
    cup,
    cup,
    bottle,
    bottle,
    tool,
    tool,
    tool,
    parcel,
    parcel,
    plate,
    bowl,
    fruit,
    toy,
    flower,
]


def clutter(b: Builder, width: float, depth: float, y: float, count: int) -> None:
    """Scatter small things over a surface of width x depth at height y, without caring for overlaps."""
    for _ in range(count):
        x, z = b.between(-0.45, 0.45) * width, b.between(-0.45, 0.45) * depth
        small_thing(b, x, y, z)


def small_thing(b: Builder, x: float, y: float, z: float) -> None:
    """Put one small thing at (x, y, z): cup, bottle, book pile, box, bowl, plant, paper, ball, lamp, cloth."""
    if b.chance(0.4):
        make = _DETAILED[int(b.rng.integers(len(_DETAILED)))]
        with b.at(x, 0, z, b.between(-3, 3)):
            make(b, y)
        return
    kind = int(b.rng.integers(11))
    yaw = b.between(-3, 3)
    if kind == 0:
        b.stands("mug", x, y, z, (0.08, b.between(0.08, 0.14), 0.08), surfaces.plain(b))
    elif kind == 1:
        h = b.between(0.15, 0.34)
        b.stands(
            b.pick(["bottle", "vase", "cylinder"]), x, y, z, (h * 0.33, h, h * 0.33), surfaces.plain(b, 0.8)
        )
    elif kind == 2:
        for k in range(int(b.rng.integers(1, 6))):
            size = (b.between(0.13, 0.23), 0.03, b.between(0.18, 0.3))
            cover = surfaces.picture(b, "poster") if b.chance(0.4) else surfaces.plain(b)
            b.stands("box", x, y + 0.03 * k, z, size, cover, yaw + b.between(-0.2, 0.2))
    elif kind == 3:
        s = b.between(0.08, 0.35)
        size = (s * b.between(0.6, 1.4), s * b.between(0.4, 1.2), s)
        b.stands("box", x, y, z, size, surfaces.picture(b) if b.chance(0.4) else surfaces.plain(b), yaw)
    elif kind == 4:
        s = b.between(0.12, 0.3)
        bowl = surfaces.plain(b, 0.7)
        b.stands("bowl", x, y, z, (s, s * b.between(0.3, 0.5), s), bowl)
        for _ in range(int(b.rng.integers(0, 4))):
            b.add(
                "sphere",
                (x + b.between(-0.25, 0.25) * s, y + 0.4 * s, z + b.between(-0.25, 0.25) * s),
                (0.07, 0.07, 0.07),
                surfaces.plain(b),
            )
    elif kind == 5:
        plant(b, x, y, z, b.between(0.15, 0.5))
    elif kind == 6:
        for _ in range(int(b.rng.integers(1, 4))):
            centre = (x + b.between(-0.1, 0.1), y + 0.004, z + b.between(-0.1, 0.1))
            b.add(
                "box", centre, (0.21, 0.003, 0.297), surfaces.picture(b, "text"), yaw + b.between(-0.5, 0.5)
            )
    elif kind == 7:
        s = b.between(0.06, 0.25)
        b.stands("sphere", x, y, z, (s, s, s), surfaces.plain(b, 0.6))
    elif kind == 8:
        table_lamp(b, x, y, z)
    elif kind == 9:
        s = b.between(0.2, 0.5)
        b.stands(f"cloth{int(b.rng.integers(4))}", x, y, z, (s, s * 0.3, s), surfaces.cloth(b), yaw)
    else:
        s = b.between(0.15, 0.4)
        b.stands(
            b.pick(["pillow", "cushion", "blob0"]), x, y, z, (s, s * 0.6, s * 0.8), surfaces.cloth(b), yaw
        )


def plant(b: Builder, x: float, y: float, z: float, height: float) -> None:
    """A pot with leaves."""
    pot = height * b.between(0.25, 0.4)
    b.stands(b.pick(["bin", "cylinder", "vase"]), x, y, z, (pot, pot, pot), surfaces.plain(b))
    leaf = surfaces.foliage(b)
    crown = height * b.between(0.7, 0.9)
    mesh = f"{b.pick(['plant', 'plant', 'leaves'])}{int(b.rng.integers(4))}"
    b.stands(
        mesh, x, y + height - crown, z, (crown * b.between(0.6, 1.1), crown, crown), leaf, b.between(0, 6)
    )


def table_lamp(b: Builder, x: float, y: float, z: float) -> None:
    """A lamp with a shade."""
    h = b.between(0.3, 0.6)
    b.stands("post", x, y, z, (0.03, h, 0.03), surfaces.metal(b))
    glow = b.between(0.5, 2.5) if b.chance(0.4) else 0.0
    colour = surfaces.hsv(b.rng, (0.05, 0.15), (0, 0.4), (0.6, 1))
    b.stands("shade", x, y + h - 0.1, z, (0.25, 0.2, 0.25), b.material(Material(colour, glow=glow)))
