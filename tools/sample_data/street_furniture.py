"""What stands in a street: lamp posts, a bench, bollards, planters, café tables. Feet at z = 0."""

import math
from typing import Any

import numpy as np

from tools.sample_data import materials
from tools.sample_data.plants import bush
from tools.sample_data.shapes import Point, box, grid, place, tilt, tube, turned


def lamp_post(at: Point) -> None:
    """A cast-iron post with a four-sided lantern, 4.3 m tall."""
    iron = materials.plain("cast iron", "#1c211f", 0.45, metallic=0.3)
    milk = materials.plain("milk glass", "#e9e6da", 0.25)
    profile = [
        (0, 0),
        (0.19, 0),
        (0.19, 0.1),
        (0.15, 0.16),
        (0.15, 0.5),
        (0.11, 0.62),
        (0.07, 0.7),
        (0.06, 1.3),
    ]
    profile += [
        (0.085, 1.34),
        (0.085, 1.4),
        (0.055, 1.46),
        (0.042, 3.3),
        (0.075, 3.34),
        (0.075, 3.4),
        (0.04, 3.46),
    ]
    profile += [(0.05, 3.62), (0, 3.62)]
    parts = [turned("post", profile, (0, 0, 0), iron, sides=32)]
    parts.append(
        turned("glass", [(0.0, 3.64), (0.12, 3.64), (0.2, 4.05), (0, 4.05)], (0, 0, 0), milk, sides=4)
    )
    parts.append(
        turned(
            "cap",
            [(0.25, 4.05), (0.25, 4.08), (0.09, 4.24), (0.03, 4.28), (0.02, 4.38), (0, 4.38)],
            (0, 0, 0),
            iron,
            4,
        )
    )
    for angle in np.arange(4) * math.pi / 2:
        low = (0.123 * math.cos(angle), 0.123 * math.sin(angle), 3.63)
        high = (0.205 * math.cos(angle), 0.205 * math.sin(angle), 4.06)
        parts.append(tube("bar", [low, high], 0.012, iron))
    parts.append(tube("ladder bar", [(-0.32, 0, 3.2), (0.32, 0, 3.2)], 0.018, iron))
    place(parts, at, 45)


def bench(at: Point, turn_deg: float) -> None:
    """A park bench of slats on iron frames, 1.8 m long."""
    slat = materials.wood("slat", "#6d4526", "#9d6a3d", along="x")
    iron = materials.plain("bench iron", "#1d2320", 0.5, metallic=0.4)
    parts = []
    for index in range(5):
        y = -0.22 + 0.105 * index
        parts.append(box("slat", (-0.9, y, 0.43), (0.9, y + 0.085, 0.46), slat, 0.006))
    for index in range(4):
        lift = 0.115 * index
        plank = box("slat", (-0.9, 0.31, 0.53 + lift), (0.9, 0.335, 0.615 + lift), slat, 0.006)
        parts.append(tilt(plank, "X", -11, (0, 0.31, 0.45)))
    for x in (-0.72, 0.72):
        leg = [(x, -0.24, 0), (x, -0.21, 0.2), (x, -0.2, 0.42), (x, 0.3, 0.42), (x, 0.41, 0.98)]
        parts.append(tube("frame", leg, 0.022, iron))
        parts.append(tube("frame", [(x, 0.36, 0), (x, 0.3, 0.2), (x, 0.28, 0.42)], 0.022, iron))
        arm = [(x, -0.2, 0.42), (x, -0.24, 0.62), (x, -0.15, 0.67), (x, 0.34, 0.68)]
        parts.append(tube("arm", arm, 0.02, iron))
    place(parts, at, turn_deg)


def bollard(at: Point) -> None:
    """An iron bollard with a white band."""
    iron = materials.plain("bollard iron", "#22282a", 0.5, metallic=0.3)
    profile = [
        (0, 0),
        (0.1, 0),
        (0.1, 0.08),
        (0.065, 0.12),
        (0.06, 0.78),
        (0.075, 0.8),
        (0.075, 0.84),
        (0.05, 0.9),
        (0, 0.93),
    ]
    turned("bollard", profile, at, iron, sides=32)
    turned("band", [(0.0645, 0.62), (0.0635, 0.71)], at, materials.plain("band", "#dcdad2", 0.5), sides=32)


def planter(at: Point, seed: int, flowers: str) -> None:
    """A round terracotta tub with a flowering bush."""
    clay = materials.painted("terracotta", "#a65f3e", 0.85, relief_m=0.002)
    turned(
        "tub",
        [(0, 0), (0.25, 0), (0.33, 0.42), (0.36, 0.42), (0.36, 0.5), (0.31, 0.5), (0.3, 0.44), (0, 0.44)],
        at,
        clay,
    )
    top = (at[0], at[1], at[2] + 0.72)
    bush(top, 0.42, 900, 0.11, materials.leaf("tub leaf", "#26491f", "#6f9440"), seed)
    bush(
        (top[0], top[1], top[2] + 0.06),
        0.43,
        130,
        0.06,
        materials.leaf("tub flower", flowers, "#f3e3e3"),
        seed + 1,
    )


def bin_of_iron(at: Point) -> None:
    """A litter bin of upright bars."""
    green = materials.plain("bin green", "#27402f", 0.5)
    parts = [
        turned(
            "drum",
            [(0, 0.06), (0.2, 0.06), (0.2, 0.75), (0.18, 0.75), (0.18, 0.1), (0, 0.1)],
            (0, 0, 0),
            green,
        )
    ]
    for angle in np.arange(24) * math.pi / 12:
        x, y = 0.23 * math.cos(angle), 0.23 * math.sin(angle)
        parts.append(box("bar", (x - 0.012, y - 0.012, 0.0), (x + 0.012, y + 0.012, 0.8), green, 0.003))
    parts.append(
        turned(
            "rim", [(0.19, 0.78), (0.25, 0.78), (0.25, 0.82), (0.19, 0.82), (0.19, 0.78)], (0, 0, 0), green
        )
    )
    place(parts, at)


def cafe_table(at: Point, seed: int) -> None:
    """A round bistro table with two folding chairs."""
    green = materials.plain("bistro green", "#37513f", 0.45)
    x, y, _ = at
    turned("table", [(0, 0.7), (0.33, 0.7), (0.335, 0.715), (0.33, 0.73), (0, 0.73)], at, green)
    turned("table foot", [(0, 0), (0.2, 0), (0.2, 0.02), (0.03, 0.06), (0.025, 0.7), (0, 0.7)], at, green)
    rng = np.random.default_rng(seed)
    for side in (-1, 1):
        parts = []
        for leg in (-0.19, 0.19):
            parts.append(tube("leg", [(leg, -0.2, 0), (leg, 0.16, 0.46), (leg, 0.22, 0.86)], 0.011, green))
            parts.append(tube("leg", [(leg, 0.22, 0), (leg, -0.18, 0.45)], 0.011, green))
        for index in range(5):
            parts.append(
                box(
                    "slat",
                    (-0.2, -0.19 + 0.075 * index, 0.45),
                    (0.2, -0.135 + 0.075 * index, 0.465),
                    green,
                    0.004,
                )
            )
        for z in (0.66, 0.78):
            parts.append(box("slat", (-0.2, 0.19, z), (0.2, 0.205, z + 0.06), green, 0.004))
        place(parts, (x, y + side * 0.52, 0), (0 if side > 0 else 180) + rng.uniform(-18, 18))


def parasol(at: Point, colour: str) -> None:
    """An open parasol, 2.4 m tall."""
    cloth, pole = (
        materials.sheer("parasol", colour, 0.35),
        materials.wood("pole", "#6d4a2b", "#96703f", along="z"),
    )

    def point(u: Any, v: Any) -> Any:
        a, sag = 2 * math.pi * u, 1 - 0.07 * np.abs(np.sin(4 * 2 * math.pi * u / 2)) * v
        return at[0] + 1.35 * v * sag * np.cos(a), at[1] + 1.35 * v * sag * np.sin(a), 2.75 - 0.55 * v**1.15

    grid("parasol", 24, 161, point, cloth)
    turned("pole", [(0, 0), (0.3, 0), (0.3, 0.06), (0.03, 0.09), (0.024, 2.76), (0, 2.8)], at, pole)
