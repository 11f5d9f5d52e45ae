"""A bicycle and parked cars. Wheels at z = 0."""

import math
from typing import Any

import numpy as np

from tools.sample_data import materials
from tools.sample_data.shapes import Point, box, mesh, padded, place, tilt, tube, turned


def bicycle(at: Point, turn_deg: float) -> None:
    """A town bicycle along x, leaning a little."""
    paint = materials.plain("bicycle paint", "#7c1f24", 0.25, coat=0.6)
    rubber, steel = (
        materials.plain("rubber", "#151515", 0.8),
        materials.plain("steel", "#b9bcbd", 0.25, metallic=1.0),
    )
    leather = materials.plain("saddle", "#5a3620", 0.5)
    parts = []
    a = np.linspace(0, 2 * math.pi, 61)
    for x in (-0.52, 0.52):
        circle = np.stack([x + 0.33 * np.cos(a), 0 * a, 0.34 + 0.33 * np.sin(a)], axis=-1)
        parts.append(tube("tyre", circle, 0.018, rubber))
        inner = np.stack([x + 0.31 * np.cos(a), 0 * a, 0.34 + 0.31 * np.sin(a)], axis=-1)
        parts.append(tube("rim", inner, 0.009, steel))
        guard = np.stack([x + 0.36 * np.cos(a[4:30]), 0 * a[4:30], 0.34 + 0.36 * np.sin(a[4:30])], axis=-1)
        parts.append(tube("guard", guard, 0.016, paint))
        for angle in np.arange(14) * 2 * math.pi / 14:
            rim = (x + 0.31 * math.cos(angle), 0.0, 0.34 + 0.31 * math.sin(angle))
            parts.append(tube("spoke", [(x, 0.015, 0.34), rim], 0.0015, steel))
    joints = {
        "crank": (-0.08, 0.3),
        "seat": (-0.25, 0.78),
        "head": (0.33, 0.78),
        "low": (0.36, 0.68),
        "rear": (-0.52, 0.34),
        "fork": (0.52, 0.34),
    }
    for a_name, b_name in (
        ("crank", "seat"),
        ("crank", "low"),
        ("seat", "head"),
        ("rear", "crank"),
        ("rear", "seat"),
        ("head", "fork"),
    ):
        (x0, z0), (x1, z1) = joints[a_name], joints[b_name]
        parts.append(tube("frame", [(x0, 0, z0), (x1, 0, z1)], 0.015, paint))
    parts.append(tube("post", [(-0.25, 0, 0.78), (-0.28, 0, 0.92)], 0.012, steel))
    parts.append(padded("saddle", (-0.41, -0.08, 0.92), (-0.15, 0.08, 0.98), leather, power=4))
    parts.append(tube("stem", [(0.33, 0, 0.78), (0.29, 0, 1.02)], 0.012, steel))
    parts.append(
        tube(
            "bar",
            [(0.12, -0.27, 1.0), (0.28, -0.2, 1.04), (0.29, 0, 1.03), (0.28, 0.2, 1.04), (0.12, 0.27, 1.0)],
            0.012,
            steel,
        )
    )
    crank = np.stack([-0.08 + 0.09 * np.cos(a), 0 * a - 0.04, 0.3 + 0.09 * np.sin(a)], axis=-1)
    parts.append(tube("chain wheel", crank, 0.006, steel))
    parts.append(
        tube("pedal", [(-0.08, -0.05, 0.3), (-0.02, -0.06, 0.15), (-0.02, -0.15, 0.15)], 0.01, steel)
    )
    wicker = materials.cloth("wicker", "#a9824f", "#7a5a32", thread_m=0.02)
    parts.append(box("basket", (0.38, -0.16, 0.86), (0.66, 0.16, 1.08), wicker, 0.03))
    for part in parts:
        tilt(part, "X", 7, (0, 0, 0))
    place(parts, at, turn_deg)


def car(at: Point, turn_deg: float, colour: str) -> None:
    """A small hatchback, 4.1 m long, its nose towards -x."""
    paint = materials.plain("car paint", colour, 0.22, coat=1.0)
    x = np.array([0.0, 0.08, 0.3, 0.8, 1.2, 2.2, 3.2, 3.75, 4.02, 4.1])
    half = np.array([0.60, 0.70, 0.79, 0.84, 0.86, 0.87, 0.86, 0.82, 0.76, 0.70])
    low = np.array([0.34, 0.26, 0.21, 0.2, 0.2, 0.2, 0.2, 0.22, 0.28, 0.36])
    high = np.array([0.60, 0.70, 0.80, 0.88, 0.95, 0.97, 0.99, 1.0, 0.96, 0.90])
    parts = [_loft("body", x, half, low, high, 5.0, 0.0, paint), _cabin(paint)]
    for x_wheel in (0.78, 3.28):
        for sign in (-1, 1):
            parts += place(_wheel(sign), (x_wheel, sign * 0.752, 0.315))
    place(parts + _fittings(paint), at, turn_deg)


def _cabin(paint: Any) -> Any:
    """Windows all round, with the roof, the pillars and the frame of the hatch in the car's colour."""
    x = np.array([0.98, 1.3, 1.62, 1.9, 2.5, 3.1, 3.5, 3.8, 4.0])
    half = np.array([0.70, 0.755, 0.77, 0.78, 0.79, 0.785, 0.77, 0.75, 0.70])
    high = np.array([0.93, 1.13, 1.33, 1.42, 1.47, 1.45, 1.40, 1.26, 0.99])
    dark = materials.plain("car glass", "#0c1013", 0.03, coat=0.5)
    cabin = _loft("cabin", x, half, 0 * x + 0.8, high, 6.0, 0.22, dark)
    cabin.data.materials.append(paint)
    pillars = ((2.35, 0.0, 0.05), (1.02, 0.75, 0.05), (3.72, -0.35, 0.14))  # foot's x, lean, half width
    for face in cabin.data.polygons:
        centre = face.center
        on_pillar = any(abs(centre.x - x - (centre.z - 0.95) * lean) < w for x, lean, w in pillars)
        roof = face.normal.z > 0.75 and centre.z > 1.36
        hatch = centre.x > 3.45 and (abs(centre.y) > 0.57 or centre.z < 1.06 or centre.z > 1.34)
        face.material_index = 1 if roof or hatch or (on_pillar and abs(face.normal.y) > 0.5) else 0
    return cabin


def _wheel(sign: int) -> list[Any]:
    """A wheel in its dark arch around the origin, facing the side `sign` of y."""
    rubber = materials.plain("tyre", "#121212", 0.75)
    alloy = materials.plain("alloy", "#aeb2b4", 0.3, metallic=1.0)
    side = [(0.24, -0.1), (0.3, -0.09), (0.315, -0.06), (0.315, 0.06), (0.3, 0.09), (0.24, 0.1)]
    disc = [(0, 0.09), (0.05, 0.115), (0.07, 0.1), (0.2, 0.104), (0.215, 0.112), (0.225, 0.1)]
    parts = [
        turned("tyre", [(0, -0.1), *side, (0, 0.085)], (0, 0, 0), rubber),
        turned("arch", [(0, -0.11), (0.365, -0.11), (0.365, 0.075), (0, 0.075)], (0, 0, 0), rubber),
        turned("rim", disc, (0, 0, 0), alloy),
    ]
    return [tilt(part, "X", -90 * sign, (0, 0, 0)) for part in parts]


def _fittings(paint: Any) -> list[Any]:
    rubber = materials.plain("trim", "#121212", 0.75)
    red = materials.plain("tail light", "#8c0d10", 0.15, coat=1.0)
    clear = materials.plain("head light", "#dfe5e8", 0.08, coat=1.0)
    plate = materials.plain("plate", "#e8e6dc", 0.4)
    parts = [
        box("plate", (4.085, -0.26, 0.52), (4.108, 0.26, 0.63), plate, 0.004),
        padded("bumper", (3.9, -0.76, 0.28), (4.125, 0.76, 0.46), rubber, power=7),
        padded("bumper", (-0.03, -0.66, 0.28), (0.2, 0.66, 0.42), rubber, power=7),
    ]

    def pad(
        name: str, x: tuple[float, float], y: float, half: float, z: tuple[float, float], look: Any
    ) -> None:
        parts.append(padded(name, (x[0], y - half, z[0]), (x[1], y + half, z[1]), look, power=4.5))

    for sign in (-1, 1):
        pad("tail", (3.9, 4.1), sign * 0.66, 0.1, (0.68, 0.94), red)
        pad("lamp", (0.02, 0.3), sign * 0.6, 0.14, (0.58, 0.74), clear)
        pad("mirror", (1.28, 1.4), sign * 0.93, 0.08, (0.95, 1.09), paint)
        for x in (2.12, 3.02):
            pad("grip", (x, x + 0.16), sign * 0.872, 0.012, (0.80, 0.83), paint)
        for x in (1.35, 2.36, 3.2):
            low, high = (x, sign * 0.868 - 0.004, 0.33), (x + 0.008, sign * 0.868 + 0.004, 0.93)
            parts.append(box("gap", low, high, rubber, 0))
    return parts


def _loft(
    name: str, x: Any, half: Any, low: Any, high: Any, power: float, taper: float, material: Any
) -> Any:
    """A closed skin over rounded-rectangle sections at stations x; `taper` narrows it towards its top."""
    fine = np.linspace(x[0], x[-1], 90)
    sections = [_softened(np.interp(fine, x, values)) for values in (half, low, high)]
    angle = np.linspace(0, 2 * math.pi, 72, endpoint=False)
    cos, sin = np.cos(angle), np.sin(angle)
    flat, tall = np.sign(cos) * np.abs(cos) ** (2 / power), np.sign(sin) * np.abs(sin) ** (2 / power)
    rise = (tall + 1) / 2
    y = sections[0][:, None] * flat * (1 - taper * rise * (sections[2] - sections[1])[:, None] / 0.65)
    z = sections[1][:, None] + rise * (sections[2] - sections[1])[:, None]
    vertices = np.stack([np.repeat(fine[:, None], 72, 1), y, z], axis=-1).reshape(-1, 3)
    faces: list[list[int]] = [list(range(72)), list(range(89 * 72, 90 * 72))[::-1]]
    for ring in range(89):
        for side in range(72):
            following = (side + 1) % 72
            faces.append(
                [ring * 72 + side, (ring + 1) * 72 + side, (ring + 1) * 72 + following, ring * 72 + following]
            )
    made = mesh(name, vertices, faces, material)
    made.data.set_sharp_from_angle(angle=math.radians(40))
    return made


def _softened(values: Any) -> Any:
    """A curve through stations without its kinks; its ends stay."""
    padded_values = np.concatenate([[values[0]] * 4, values, [values[-1]] * 4])
    soft = np.convolve(padded_values, np.hanning(11)[1:-1] / np.hanning(11).sum(), mode="valid")
    soft[0], soft[-1] = values[0], values[-1]
    return soft
