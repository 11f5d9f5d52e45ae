"""Furniture of the living room, each piece built at the world's origin, facing -y, then placed."""

import math
from typing import Any

import numpy as np

from tools.sample_data import materials, paintings
from tools.sample_data.plants import pot_plant
from tools.sample_data.shapes import Point, box, place, tilt, tube, turned
from tools.sample_data.studio import bulb


def paper_lantern(ceiling: Point) -> None:
    """A ball of ribbed paper hanging from the ceiling."""
    paper = materials.sheer("lantern paper", "#f6f1e6", 0.5)
    x, y, z = ceiling
    a = np.linspace(0.18, math.pi - 0.18, 90)
    ball = [(0.19 * math.sin(t) + 0.0022 * math.cos(46 * t), -0.165 * math.cos(t)) for t in a]
    turned("lantern", ball, (x, y, z - 0.36), paper)
    cord = materials.plain("cord", "#f2f0ea", 0.5)
    tube("cord", [(x, y, z - 0.25), (x, y, z)], 0.003, cord)
    turned("rose", [(0, -0.03), (0.045, -0.03), (0.05, 0), (0, 0)], ceiling, cord)


def coffee_table(at: Point, turn_deg: float) -> None:
    """A low oak table with a shelf; on it two books, a mug, and a bowl of fruit."""
    oak = materials.wood("oak", "#8a5d35", "#c49a63", along="x", roughness=0.36)
    oak_leg = materials.wood("oak leg", "#7d532f", "#b98c58", along="z")
    parts = [
        box("top", (-0.55, -0.3, 0.39), (0.55, 0.3, 0.42), oak, 0.006),
        box("shelf", (-0.5, -0.25, 0.13), (0.5, 0.25, 0.15), oak, 0.004),
    ]
    for x in (-0.5, 0.5):
        for y in (-0.255, 0.255):
            parts.append(box("leg", (x - 0.022, y - 0.022, 0), (x + 0.022, y + 0.022, 0.392), oak_leg, 0.005))
    page = materials.plain("paper", "#e9e2d2", 0.9)
    for z, turn, size, colour in (
        (0.42, 14, (0.15, 0.11, 0.03), "#7b3b33"),
        (0.45, -6, (0.13, 0.095, 0.022), "#d6c7a4"),
    ):
        cover = materials.plain("cover", colour, 0.55)
        x, y, t = size
        book = [
            box(
                "pages",
                (-x + 0.004, -y + 0.004, z + 0.002),
                (x - 0.004, y - 0.004, z + t - 0.002),
                page,
                0.001,
            ),
            box("board", (-x, -y, z), (x, y, z + 0.003), cover, 0.001),
            box("board", (-x, -y, z + t - 0.003), (x, y, z + t), cover, 0.001),
            box("spine", (-x, -y, z), (-x + 0.004, y, z + t), cover, 0.001),
        ]
        parts += place(book, (-0.27, -0.02, 0), turn)
    parts += mug((0.05, -0.14, 0.42), materials.plain("mug", "#d9d3c6", 0.3, coat=0.6))
    bowl_of = materials.plain("bowl", "#2f4858", 0.35, coat=0.5)
    parts.append(turned("bowl", bowl_profile(0.145, 0.075), (0.3, 0.05, 0.42), bowl_of))
    rng = np.random.default_rng(4)
    for index, colour in enumerate(("#d98324", "#c8a02c", "#d98324", "#9a3324", "#d98324")):
        angle = index * 1.3
        spot = (
            (0.3 + 0.065 * math.cos(angle), 0.05 + 0.065 * math.sin(angle), 0.475)
            if index < 4
            else (0.3, 0.05, 0.525)
        )
        parts.append(fruit(spot, 0.036 * rng.uniform(0.92, 1.06), colour))
    place(parts, at, turn_deg)
    magazine = materials.picture("magazine", paintings.hills(5, "#bcd3da", "#86a3ad", "#26414e"), "xy", 0.25)
    place(
        [box("magazine", (-0.11, -0.15, 0.15), (0.11, 0.15, 0.156), magazine, 0.001)],
        (at[0] + 0.2, at[1], 0),
        31,
    )


def mug(at: Point, material: Any) -> list[Any]:
    """A cylindrical mug with a handle and coffee in it."""
    wall = [
        (0, 0),
        (0.036, 0),
        (0.040, 0.006),
        (0.041, 0.09),
        (0.039, 0.093),
        (0.037, 0.09),
        (0.036, 0.012),
        (0, 0.01),
    ]
    coffee = materials.plain("coffee", "#2a1509", 0.12)
    angle = np.linspace(-1.45, 1.45, 15)
    handle = np.stack([0.038 + 0.03 * np.cos(angle), 0 * angle, 0.048 + 0.03 * np.sin(angle)], axis=-1)
    parts = [
        turned("mug", wall, (0, 0, 0), material),
        turned("coffee", [(0, 0.074), (0.037, 0.074)], (0, 0, 0), coffee),
        tube("handle", handle, 0.0055, material),
    ]
    return place(parts, at, -35)


def bowl_profile(radius_m: float, height_m: float, wall_m: float = 0.006) -> list[tuple[float, float]]:
    """A bowl's section, from the middle of its foot over the rim to the middle of its inside."""
    t = np.linspace(0, 1, 14)
    outside = [(radius_m * (0.4 + 0.6 * math.sin(a * math.pi / 2)), height_m * a**1.6) for a in t]
    inside = [(r - wall_m, max(z, wall_m)) for r, z in reversed(outside[1:])]
    return [(0.0, 0.0), *outside, *inside, (0.0, wall_m)]


def fruit(at: Point, radius_m: float, colour: str) -> Any:
    """An orange, a lemon or an apple, by its colour."""
    a = np.linspace(0.0, math.pi, 24)
    dent = 1 - 0.06 * np.exp(-((math.pi - a) ** 2) / 0.08)
    profile = [(radius_m * math.sin(x), -radius_m * math.cos(x) * d) for x, d in zip(a, dent, strict=True)]
    profile[0] = (0.0, profile[0][1])
    profile[-1] = (0.0, profile[-1][1])
    skin = materials.painted("skin", colour, 0.38, relief_m=0.0008, grain=420)
    return turned("fruit", profile, at, skin, sides=40)


def bookshelf(at: Point, turn_deg: float, width_m: float = 1.1, height_m: float = 2.0) -> None:
    """Open shelves full of books, with a vase, a box and a small plant between them."""
    white = materials.wood("shelf wood", "#8a6240", "#b48a5e", along="x", scale=0.8)
    upright = materials.wood("shelf side", "#8a6240", "#b48a5e", along="z", scale=0.8)
    palette = [
        "#7a2f2a",
        "#2f4a63",
        "#d8cbb0",
        "#3f5a41",
        "#b7833a",
        "#20262b",
        "#8d8a83",
        "#c9b79c",
        "#5b3a52",
        "#a44a32",
    ]
    covers = materials.book_cloth("book", palette)
    rng = np.random.default_rng(11)
    half, depth, board = width_m / 2, 0.29, 0.022
    parts = [
        box("side", (-half, -depth, 0), (-half + board, 0, height_m), upright),
        box("side", (half - board, -depth, 0), (half, 0, height_m), upright),
        box("rear", (-half, -0.008, 0.05), (half, 0, height_m), white, 0),
    ]
    levels = np.linspace(0.07, height_m - board, 6)
    for level in levels:
        parts.append(
            box("board", (-half + board, -depth + 0.005, level), (half - board, -0.005, level + board), white)
        )
    parts.append(
        box("plinth", (-half + board, -depth + 0.03, 0), (half - board, -depth + 0.045, 0.07), white)
    )
    ornaments = {0: 0.25, 1: -0.38, 2: 0.2, 3: -0.1, 4: 0.3}
    for row in range(5):
        floor, gap = levels[row] + board, ornaments[row]
        x = -half + board + 0.012
        while x < half - board - 0.05:
            if gap - 0.11 < x < gap + 0.10:
                x = gap + 0.11
                continue
            thick, tall, deep = rng.uniform(0.016, 0.045), rng.uniform(0.19, 0.29), rng.uniform(0.14, 0.2)
            front = -depth + 0.03 + rng.uniform(0, 0.025)
            spine = box("book", (x, front, floor), (x + thick, front + deep, floor + tall), covers, 0.003)
            if rng.uniform() < 0.07 and x > -0.4:
                tilt(spine, "Y", -9, (x, 0, floor))
                x += 0.03
            parts.append(spine)
            x += thick + 0.001
        parts += _ornament(row, (gap, -0.16, floor))
    place(parts, at, turn_deg)


def _ornament(kind: int, at: Point) -> list[Any]:
    x, y, z = at
    if kind == 4:
        vase = [
            (0, 0),
            (0.035, 0),
            (0.07, 0.06),
            (0.075, 0.11),
            (0.04, 0.18),
            (0.03, 0.22),
            (0.036, 0.24),
            (0.03, 0.235),
        ]
        return [turned("vase", vase, at, materials.plain("vase", "#b5553c", 0.5, coat=0.3))]
    if kind in (1, 3):
        lid = materials.plain("tin", "#c9b79c", 0.4) if kind == 1 else materials.plain("tin", "#4d6b6a", 0.4)
        return [box("case", (x - 0.085, y - 0.09, z), (x + 0.085, y + 0.09, z + 0.13), lid, 0.006)]
    if kind == 2:
        pot = [(0, 0), (0.045, 0), (0.058, 0.10), (0.054, 0.10), (0.05, 0.085), (0, 0.085)]
        return [turned("pot", pot, at, materials.plain("pot", "#e4ded2", 0.6))]
    globe = [(0.055 * math.sin(a), 0.12 - 0.055 * math.cos(a)) for a in np.linspace(0.01, math.pi, 20)]
    brass = materials.plain("brass", "#b08d4c", 0.28, metallic=1.0)
    return [
        turned(
            "foot", [(0, 0), (0.045, 0), (0.04, 0.012), (0.008, 0.02), (0.008, 0.075), (0, 0.075)], at, brass
        ),
        turned("globe", globe, at, materials.painted("globe", "#3c6478", 0.35)),
    ]


def floor_lamp(at: Point, watts: float) -> None:
    """A thin standing lamp with a linen shade, switched on."""
    brass = materials.plain("lamp brass", "#a8884f", 0.3, metallic=1.0)
    linen = materials.sheer("lamp shade", "#f3e3c4", 0.6)
    turned("foot", [(0, 0), (0.14, 0), (0.14, 0.015), (0.02, 0.028), (0, 0.028)], at, brass)
    tube("pole", [(at[0], at[1], 0.02), (at[0], at[1], 1.5)], 0.009, brass)
    shade = turned("shade", [(0.21, 1.36), (0.15, 1.66)], at, linen)
    shade.modifiers.new("thick", "SOLIDIFY").thickness = 0.002
    for height, radius in ((1.36, 0.21), (1.66, 0.15)):
        a = np.linspace(0, 2 * math.pi, 49)
        hoop = np.stack(
            [at[0] + radius * np.cos(a), at[1] + radius * np.sin(a), at[2] + height + 0 * a], axis=-1
        )
        tube("hoop", hoop, 0.004, linen)
    bulb(watts, (at[0], at[1], at[2] + 1.5), 0.03, "#ffcf94")


def potted_fig(at: Point, seed: int = 3) -> None:
    """A tall fig in a basket."""
    basket = materials.cloth("basket", "#b08a58", "#7d5c35", thread_m=0.018, sheen=0.0)
    soil = materials.painted("soil", "#2c2019", 0.95, relief_m=0.01)
    turned(
        "basket",
        [(0, 0), (0.17, 0), (0.205, 0.16), (0.19, 0.34), (0.18, 0.34), (0.18, 0.28), (0, 0.28)],
        at,
        basket,
    )
    turned("soil", [(0, 0.30), (0.184, 0.30)], at, soil)
    green = materials.leaf("fig leaf", "#1f4a22", "#4c7a35", gloss=0.32)
    bark = materials.plain("fig bark", "#5b4a38", 0.8)
    pot_plant((at[0], at[1], at[2] + 0.29), 1.25, 5, 0.25, green, bark, seed)


def framed(at: Point, width_m: float, height_m: float, image: Any, frame: Any) -> None:
    """A framed picture on a wall that faces -y; `at` is its lower left corner on the wall."""
    x, y, z = at
    rail, thick = 0.022, 0.022
    box(
        "picture",
        (x + 0.01, y - 0.012, z + 0.01),
        (x + width_m - 0.01, y - 0.002, z + height_m - 0.01),
        image,
        0,
    )
    for low, high in (
        ((0, 0), (width_m, rail)),
        ((0, height_m - rail), (width_m, height_m)),
        ((0, 0), (rail, height_m)),
        ((width_m - rail, 0), (width_m, height_m)),
    ):
        corner = (x + low[0], y - thick, z + low[1])
        box("frame", corner, (x + high[0], y - 0.0005, z + high[1]), frame, 0.002)
