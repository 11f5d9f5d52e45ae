"""Seats of the living room, each built at the world's origin, facing -y, then placed."""

import math
from typing import Any

import numpy as np

from tools.sample_data import materials
from tools.sample_data.shapes import Point, box, grid, padded, pillow, place, tilt, turned


def sofa(at: Point, turn_deg: float, width_m: float = 2.2) -> None:
    """A two-seater with loose cushions on turned legs."""
    cover = materials.cloth("sofa cloth", "#8b9ba1", "#76868d", thread_m=0.005)
    oak = materials.wood("sofa legs", "#4a2f1c", "#7a5232", along="z")
    half, arm = width_m / 2, 0.17
    parts = [
        padded("base", (-half + 0.03, -0.43, 0.14), (half - 0.03, 0.42, 0.32), cover, power=14),
        padded("back", (-half + 0.05, 0.24, 0.2), (half - 0.05, 0.46, 0.80), cover, power=10),
    ]
    for sign in (-1, 1):
        low, high = sorted((sign * half, sign * (half - arm)))
        parts.append(padded("arm", (low, -0.46, 0.13), (high, 0.45, 0.60), cover, power=8, seed=sign + 1))
        seat = sorted((sign * 0.005, sign * (half - arm - 0.005)))
        parts.append(
            padded(
                "seat",
                (seat[0], -0.47, 0.30),
                (seat[1], 0.26, 0.46),
                cover,
                power=9,
                bulge=0.28,
                seed=sign + 5,
            )
        )
        rest = padded(
            "rest", (seat[0] + 0.01, 0.05, 0.42), (seat[1] - 0.01, 0.27, 0.86), cover, power=6, seed=sign + 9
        )
        parts.append(tilt(rest, "X", -9, (0, 0.25, 0.44)))
        for y in (-0.36, 0.36):
            parts.append(
                turned(
                    "leg", [(0, 0), (0.017, 0), (0.028, 0.16), (0, 0.16)], (sign * (half - 0.14), y, 0), oak
                )
            )
    place(parts, at, turn_deg)
    for index, (x, lean, spin, colour) in enumerate(
        [(-0.78, 68, 12, "#c1763f"), (-0.46, 62, -16, "#e6ddcb"), (0.72, 66, -10, "#38525a")]
    ):
        scatter = pillow(
            "scatter cushion", 0.46, 0.17, materials.cloth("cushion", colour, thread_m=0.003), seed=index
        )
        tilt(scatter, "X", lean, (0, 0, 0))
        place([scatter], (x, -0.03 - 0.03 * index % 2, 0.71), spin)
        place([scatter], at, turn_deg)


def armchair(at: Point, turn_deg: float) -> None:
    """A low armchair: a wooden frame, two loose cushions and a small pillow."""
    cover = materials.cloth("chair cloth", "#b5653c", "#9c5230", thread_m=0.005)
    walnut = materials.wood("walnut", "#4a2f1c", "#77502f", along="y")
    upright = materials.wood("walnut upright", "#4a2f1c", "#77502f", along="z")
    parts = []
    for sign in (-1, 1):
        x0, x1 = sorted((sign * 0.33, sign * 0.37))
        parts.append(
            tilt(box("front leg", (x0, -0.34, 0), (x1, -0.29, 0.56), upright, 0.01), "X", -4, (0, -0.3, 0.5))
        )
        parts.append(
            tilt(box("rear leg", (x0, 0.28, 0), (x1, 0.33, 0.56), upright, 0.01), "X", 9, (0, 0.3, 0.5))
        )
        parts.append(
            box("arm", (sign * 0.35 - 0.04, -0.38, 0.545), (sign * 0.35 + 0.04, 0.37, 0.575), walnut, 0.012)
        )
    for y in (-0.28, 0.24):
        parts.append(box("rail", (-0.34, y, 0.25), (0.34, y + 0.03, 0.31), walnut, 0.006))
    parts.append(
        padded("seat", (-0.32, -0.36, 0.29), (0.32, 0.27, 0.43), cover, power=8, bulge=0.25, seed=21)
    )
    rest = padded("rest", (-0.31, 0.14, 0.38), (0.31, 0.30, 0.87), cover, power=7, seed=22)
    parts.append(tilt(rest, "X", -16, (0, 0.24, 0.40)))
    scatter = pillow(
        "chair pillow", 0.38, 0.14, materials.cloth("cushion", "#e4dac6", thread_m=0.003), seed=23
    )
    parts += place([tilt(scatter, "X", 66, (0, 0, 0))], (0.03, 0.09, 0.6), 6)
    place(parts, at, turn_deg)


def blanket(at: Point, turn_deg: float, material: Any) -> None:
    """A throw over the sofa's left arm: a sheet that follows the arm's section, with folds."""

    corners = np.array([[-0.1, -0.26], [-0.1, 0.0], [0.1, 0.0], [0.1, -0.5]])
    walked = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(corners, axis=0).T))])
    fine = np.linspace(0, walked[-1], 400)
    # Cloth turns no sharp corner: the section is averaged over the 7 cm before and after.
    path = [
        np.convolve(np.pad(np.interp(fine, walked, c), 14, "edge"), np.ones(29) / 29, "valid")
        for c in corners.T
    ]

    def point(u: Any, v: Any) -> Any:
        x, z = (np.interp(v * walked[-1], fine, c) for c in path)
        hanging = np.clip(-z * 4, 0, 1)
        fold = 0.016 * np.sin(21 * u + 2.5 * v) + 0.008 * np.sin(47 * u)
        skew = 0.06 * (v - 0.5) + 0.02 * np.sin(9 * v)
        return (
            x + hanging * (np.abs(fold) + 0.004) * np.sign(x),
            (u - 0.5) * 0.56 * (1 + 0.12 * z) + skew,
            0.626 + z,
        )

    sheet = grid("blanket", 90, 70, point, material)
    sheet.modifiers.new("thick", "SOLIDIFY").thickness = 0.008
    place([sheet], at, turn_deg)


def pouf(at: Point) -> None:
    """A round knitted footstool."""
    knit = materials.cloth("knit", "#d9cdb8", "#b9aa90", thread_m=0.014)
    a = np.linspace(0, math.pi, 26)
    profile = [
        (0.27 * max(math.sin(x), 0.0) ** 0.55, 0.19 - 0.19 * np.sign(math.cos(x)) * abs(math.cos(x)) ** 0.8)
        for x in a
    ]
    made = turned("pouf", profile, at, knit, sides=180)
    for vertex in made.data.vertices:  # a rope of wool, wound and stitched in twenty gores
        gore = math.cos(10 * math.atan2(vertex.co.y, vertex.co.x))
        vertex.co.xy *= 1 + 0.018 * abs(gore) ** 0.5
