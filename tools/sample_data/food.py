"""What lies on the kitchen counter, each thing built at the world's origin and placed."""

import math
from typing import Any

import numpy as np

from tools.sample_data import materials
from tools.sample_data.furniture import bowl_profile, fruit
from tools.sample_data.plants import bush
from tools.sample_data.shader import Shader, srgb
from tools.sample_data.shapes import Point, box, grid, mesh, padded, place, tilt, tube, turned


def cutting_board(at: Point, turn_deg: float, length_m: float = 0.46, breadth_m: float = 0.26) -> None:
    """An oak board with a juice groove's worth of rounding and a hole to hang it by."""
    oak = materials.wood("board oak", "#8b5a30", "#c0905a", along="x", roughness=0.5, scale=1.6)
    strip = breadth_m / 5
    parts = []
    for index in range(5):
        low = -breadth_m / 2 + strip * index
        parts.append(box("stave", (-length_m / 2, low, 0), (length_m / 2, low + strip, 0.024), oak, 0.0012))
    place(parts, at, turn_deg)


def knife(at: Point, turn_deg: float) -> None:
    """A cook's knife lying flat, its point towards +x."""
    steel = materials.plain("knife steel", "#c6c9cb", 0.2, metallic=1.0)
    handle = materials.wood("knife handle", "#2a1a10", "#4d3220", along="x", roughness=0.35, scale=2.0)
    t = np.linspace(0, 1, 24)
    spine = np.stack([0.19 * t, 0.02 - 0.014 * t**3], axis=-1)
    edge = np.stack([0.19 * t[::-1], 0.006 - 0.028 * (1 - t[::-1] ** 2.6) ** 0.8], axis=-1)
    outline = np.concatenate([spine, edge[1:]])
    count = len(outline)
    top = np.column_stack([outline, np.where(np.arange(count) < 24, 0.0022, 0.0012)])
    bottom = np.column_stack([outline, np.where(np.arange(count) < 24, 0.0004, 0.0011)])
    faces: list[list[int]] = [list(range(count))[::-1], [count + i for i in range(count)]]
    faces += [[i, (i + 1) % count, count + (i + 1) % count, count + i] for i in range(count)]
    parts = [mesh("blade", np.concatenate([top, bottom]), faces, steel, smooth=False)]
    parts.append(box("handle", (-0.115, -0.006, 0.0), (0.002, 0.02, 0.016), handle, 0.006))
    for x in (-0.09, -0.055, -0.02):
        parts.append(
            turned("rivet", [(0.0032, 0), (0.003, 0.0166), (0, 0.0168)], (x, 0.007, 0), steel, sides=16)
        )
    place(parts, at, turn_deg)


def tomatoes(at: Point, seed: int) -> None:
    """Five tomatoes on the vine."""
    rng = np.random.default_rng(seed)
    green = materials.plain("vine", "#49642b", 0.6)
    spots = [(0.0, 0.0), (0.047, 0.022), (0.092, -0.004), (0.028, -0.044), (0.078, -0.05)]
    stalks = []
    for x, y in spots:
        radius = 0.0235 * rng.uniform(0.93, 1.07)
        centre = (at[0] + x, at[1] + y, at[2] + radius * 0.98)
        skin = materials.plain("tomato", "#b3200f", 0.16, coat=0.5)
        ball = fruit((0, 0, 0), radius, "#b3200f")
        ball.data.materials[0] = skin
        place([tilt(ball, "X", rng.uniform(-30, 30), (0, 0, 0))], centre)
        top = np.array(centre) + np.array([0, 0, radius * 0.86])
        stalks.append(top + np.array([0, 0, 0.007]))
        for angle in np.arange(5) * 2 * math.pi / 5 + rng.uniform(0, 1):
            tip = top + 0.014 * np.array([math.cos(angle), math.sin(angle), -0.1])
            tube("sepal", [top, (top + tip) / 2 + np.array([0, 0, 0.004]), tip], 0.0018, green, taper=0.2)
    order = [0, 3, 1, 4, 2]
    tube("vine", [stalks[i] for i in order], 0.0022, green)


def fruit_bowl(at: Point) -> None:
    """A stoneware bowl of lemons and oranges."""
    glaze = materials.painted("stoneware", "#c8c0b0", 0.35, relief_m=0.0004, grain=300)
    turned("fruit bowl", bowl_profile(0.13, 0.085), at, glaze)
    x, y, z = at
    for dx, dy, dz, radius, colour in (
        (-0.055, -0.03, 0.062, 0.039, "#d9801e"),
        (0.045, -0.045, 0.062, 0.039, "#dc8a26"),
        (0.055, 0.045, 0.064, 0.038, "#d9801e"),
        (-0.04, 0.055, 0.062, 0.038, "#d97a1a"),
        (0.0, 0.0, 0.112, 0.039, "#dd8d2a"),
    ):
        fruit((x + dx, y + dy, z + dz), radius, colour)
    for dx, dy, dz, turn in ((0.0, -0.07, 0.098, 20), (0.07, 0.0, 0.11, 100)):
        a = np.linspace(0, math.pi, 28)
        tips = 0.012 * (np.exp(-(a**2) / 0.05) - np.exp(-((math.pi - a) ** 2) / 0.05))
        profile = [
            (0.029 * math.sin(t) ** 0.9, -0.036 * math.cos(t) - k) for t, k in zip(a, tips, strict=True)
        ]
        peel = materials.painted("lemon", "#e6c22b", 0.4, relief_m=0.0008, grain=420)
        lemon = turned("lemon", profile, (0, 0, 0), peel, sides=40)
        place([tilt(lemon, "X", 78, (0, 0, 0))], (x + dx, y + dy, z + dz), turn)


def bottle(at: Point) -> None:
    """Olive oil in a tall green bottle with a cork."""
    outer = [
        (0, 0),
        (0.03, 0),
        (0.034, 0.006),
        (0.034, 0.17),
        (0.03, 0.195),
        (0.014, 0.225),
        (0.0125, 0.27),
        (0.0155, 0.273),
        (0.0155, 0.285),
        (0.011, 0.286),
    ]
    inner = [(0.0095, 0.28), (0.0095, 0.23), (0.027, 0.193), (0.031, 0.168), (0.031, 0.008), (0, 0.006)]
    turned("bottle", outer + inner, at, materials.glass("bottle glass", "#8fae6a"))
    oil = Shader("oil").set(Base_Color=srgb("#9a8a1c"), Roughness=0.1).material
    turned("oil", [(0, 0.007), (0.0305, 0.009), (0.0305, 0.155), (0, 0.155)], at, oil)
    turned(
        "cork",
        [(0, 0.262), (0.0092, 0.262), (0.0105, 0.305), (0, 0.306)],
        at,
        materials.painted("cork", "#b98d5f", 0.9),
    )
    label = materials.plain("label", "#efe6cf", 0.7)
    turned("label", [(0.0344, 0.05), (0.0344, 0.12)], at, label)
    turned("stripe", [(0.0346, 0.095), (0.0346, 0.102)], at, materials.plain("label ink", "#4e5a24", 0.7))


def jar(at: Point, content: str, level_m: float = 0.13) -> None:
    """A storage jar with a wooden lid, filled with something small and round."""
    shader = Shader("lentils " + content)
    cells = shader.node("TexVoronoi", {"Vector": shader.coordinates(), "Scale": 190.0}).outputs
    base = srgb(content)
    dark = (base[0] * 0.45, base[1] * 0.42, base[2] * 0.4)
    colour = shader.ramp(cells["Distance"], [(0.15, base), (0.6, dark)])
    filling = shader.set(Base_Color=colour, Roughness=0.6).bump(cells["Distance"], -0.003).material
    wall = [(0, 0), (0.045, 0), (0.05, 0.006), (0.05, 0.17), (0.047, 0.17), (0.047, 0.008), (0, 0.006)]
    turned("jar", wall, at, materials.glass("clear glass", "#f4faf7"))
    turned("filling", [(0, 0.007), (0.0465, 0.009), (0.0465, level_m), (0, level_m + 0.004)], at, filling)
    beech = materials.wood("lid", "#9c6f42", "#c89d68", along="x", scale=2.0)
    turned(
        "lid", [(0, 0.166), (0.046, 0.166), (0.053, 0.17), (0.053, 0.186), (0.05, 0.19), (0, 0.19)], at, beech
    )


def basil(at: Point) -> None:
    """Basil in a white pot."""
    turned(
        "basil pot",
        [
            (0, 0),
            (0.045, 0),
            (0.06, 0.1),
            (0.064, 0.1),
            (0.064, 0.115),
            (0.057, 0.115),
            (0.055, 0.1),
            (0, 0.1),
        ],
        at,
        materials.plain("white pot", "#e9e6de", 0.35, coat=0.4),
    )
    turned(
        "basil soil",
        [(0, 0.104), (0.0555, 0.104)],
        at,
        materials.painted("soil", "#2c2019", 0.95, relief_m=0.006),
    )
    green = materials.leaf("basil leaf", "#2f6b1f", "#74a83a", gloss=0.35, share=0.25)
    stalk = materials.plain("basil stalk", "#5d7d34", 0.6)
    rng = np.random.default_rng(6)
    for _ in range(16):
        angle, spread = rng.uniform(0, 6.28), rng.uniform(0.01, 0.075)
        tip = (
            at[0] + spread * math.cos(angle),
            at[1] + spread * math.sin(angle),
            at[2] + rng.uniform(0.15, 0.22),
        )
        foot = (at[0] + 0.4 * spread * math.cos(angle), at[1] + 0.4 * spread * math.sin(angle), at[2] + 0.1)
        tube("basil stalk", [foot, tip], 0.002, stalk)
        bush(tip, 0.028, 11, 0.05, green, int(rng.integers(1, 10**6)), flat=0.6)


def crock(at: Point) -> None:
    """Wooden spoons and a whisk in a stoneware crock."""
    grey = materials.painted("crock", "#56646c", 0.4, relief_m=0.0005, grain=250)
    turned(
        "crock",
        [
            (0, 0),
            (0.052, 0),
            (0.058, 0.01),
            (0.058, 0.14),
            (0.062, 0.148),
            (0.057, 0.15),
            (0.053, 0.14),
            (0.053, 0.02),
            (0, 0.02),
        ],
        at,
        grey,
    )
    beech = materials.wood("spoon", "#a3754a", "#cfa671", along="z", scale=2.0)
    for angle, lean, length, wide in (
        (20, 11, 0.3, 0.028),
        (110, 13, 0.28, 0.03),
        (200, 9, 0.32, 0.024),
        (285, 14, 0.29, 0.026),
    ):
        parts = [tube("handle", [(0, 0, 0.02), (0, 0, length - 0.03)], 0.0055, beech)]
        parts.append(
            padded(
                "blade",
                (-wide, -0.005, length - 0.05),
                (wide, 0.006, length + 0.04),
                beech,
                power=2.6,
                seed=angle,
            )
        )
        for part in parts:
            tilt(part, "X", lean, (0, 0, 0.08))
        place(parts, (at[0], at[1], at[2] + 0.004), angle)


def towel(at: Point, cloth: Any, breadth_m: float = 0.2) -> None:
    """A striped cloth over the counter's front edge; `at` is a point of that edge's top."""
    corners = np.array([[0.062, 0.004], [-0.006, 0.004], [-0.008, -0.34]])
    walked = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(corners, axis=0).T))])
    fine = np.linspace(0, walked[-1], 500)
    path = [
        np.convolve(np.pad(np.interp(fine, walked, c), 10, "edge"), np.ones(21) / 21, "valid")
        for c in corners.T
    ]

    def point(u: Any, v: Any) -> Any:
        y, z = (np.interp(v * walked[-1], fine, c) for c in path)
        hanging = np.clip(-z * 7, 0, 1)
        fold = 0.009 * np.sin(15 * u + 1.0) + 0.006 * np.sin(31 * u + 2 * v)
        lying = np.clip(z * 200 + 0.2, 0, 1) * (0.0025 + 0.0025 * np.sin(22 * u + 14 * v))
        x = (u - 0.5) * breadth_m * (1 - 0.1 * hanging) + 0.012 * np.sin(3 * v)
        return x, y - hanging * (np.abs(fold) + 0.004) - 0.004 * (1 - np.clip(z * 250, 0, 1)), z + lying

    sheet = grid("towel", 110, 90, point, cloth)
    sheet.modifiers.new("thick", "SOLIDIFY").thickness = 0.0022
    place([sheet], at)
