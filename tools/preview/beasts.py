"""Animals of realistic size: dogs, cats, horses, cows, sheep, deer, birds.

An animal stands on the present frame's floor and faces -z.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tools.preview import surfaces
from tools.preview.figures import limb
from tools.preview.scene import Builder, Colour, Material, Vector

Hues = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]


@dataclass(frozen=True)
class Species:
    """A four-legged kind, in shares of its height at the shoulder unless said otherwise."""

    height_m: tuple[float, float]
    long: float  # chest to rump
    deep: float  # of the trunk from back to belly
    wide: float
    leg: float  # thickness of a leg
    neck: float
    neck_up: float  # radians above the horizontal
    head: tuple[float, float, float]  # width, height, length
    ear: tuple[float, float]  # width, height
    tail: tuple[float, float]  # length, thickness
    hues: Hues  # of hue, saturation, value
    horns: float = 0.0
    muzzle: float = 0.5


_BROWN: Hues = ((0.04, 0.11), (0.05, 0.7), (0.08, 0.85))
_GREY: Hues = ((0.05, 0.12), (0.0, 0.35), (0.08, 0.9))
SPECIES: dict[str, Species] = {
    "dog": Species(
        (0.25, 0.68), 1.05, 0.46, 0.34, 0.12, 0.42, 0.8, (0.24, 0.26, 0.42), (0.1, 0.2), (0.5, 0.07), _BROWN
    ),
    "cat": Species(
        (0.22, 0.3),
        1.35,
        0.5,
        0.42,
        0.13,
        0.28,
        0.6,
        (0.36, 0.34, 0.4),
        (0.13, 0.18),
        (1.1, 0.1),
        _GREY,
        muzzle=0.35,
    ),
    "horse": Species(
        (1.4, 1.7), 1.05, 0.44, 0.33, 0.085, 0.6, 0.95, (0.13, 0.2, 0.42), (0.045, 0.11), (0.6, 0.1), _BROWN
    ),
    "cow": Species(
        (1.25, 1.5),
        1.15,
        0.55,
        0.42,
        0.09,
        0.4,
        0.3,
        (0.19, 0.2, 0.38),
        (0.14, 0.07),
        (0.7, 0.04),
        _GREY,
        0.15,
    ),
    "sheep": Species(
        (0.6, 0.8),
        1.2,
        0.65,
        0.55,
        0.09,
        0.32,
        0.7,
        (0.18, 0.2, 0.34),
        (0.14, 0.06),
        (0.2, 0.1),
        ((0.1, 0.14), (0.03, 0.25), (0.6, 0.95)),
    ),
    "deer": Species(
        (0.8, 1.2),
        1.0,
        0.4,
        0.27,
        0.06,
        0.5,
        1.0,
        (0.13, 0.16, 0.32),
        (0.09, 0.17),
        (0.15, 0.06),
        ((0.05, 0.09), (0.35, 0.7), (0.35, 0.7)),
        0.3,
    ),
}


def _fur(b: Builder, hues: Hues) -> tuple[int, int, Colour]:
    """Return a coat, a darker or lighter one for muzzle and feet, and the coat's colour."""
    one = surfaces.hsv(b.rng, *hues)
    other = surfaces.hsv(b.rng, *hues)
    kind = b.pick(["fine", "fine", "noise", "wood", "stripe"])
    if b.chance(0.6):
        k = b.between(0.5, 0.9)
        other = (one[0] * k, one[1] * k, one[2] * k)
    coat = b.material(Material(one, other, kind, int(b.rng.integers(99)), b.between(0.12, 0.7)))
    return coat, b.material(Material(other, texture="fine", scale_m=0.2)), one


def quadruped(b: Builder, name: str, pose: str = "") -> float:
    """Put one animal of SPECIES; returns its height at the shoulder (m). Poses: stand, walk, graze, lie, sit."""
    kind = SPECIES[name]
    h = b.between(*kind.height_m)
    coat, second, _ = _fur(b, kind.hues)
    pose = pose or b.pick(
        ["stand", "walk", "graze", "lie"] + (["sit", "sit"] if name in ("dog", "cat") else [])
    )
    half, deep, wide = kind.long * h / 2, kind.deep * h, kind.wide * h
    y = h - deep / 2
    low = deep * 0.52 if pose == "lie" else y
    chest = np.array((0.0, low, -half + deep * 0.3))
    rump = np.array((0.0, low, half - deep * 0.3))
    if pose == "sit":
        rump = np.array((0.0, deep * 0.5, half * 0.5))
        chest = np.array((0.0, h * 0.85, -half * 0.25))
    along = (rump - chest) / np.linalg.norm(rump - chest)
    limb(b, "pillow", _v(chest - along * deep * 0.4), _v(rump + along * deep * 0.38), wide, deep * 0.92, coat)
    b.add("sphere", _v(chest), (wide * 1.08, deep * 1.06, deep * 1.0), coat)
    b.add("sphere", _v(rump), (wide * 1.1, deep * 1.02, deep * 1.0), coat)
    _feet(b, kind, h, chest, rump, pose, coat, second)
    up = kind.neck_up - (1.5 if pose == "graze" else 0) + b.between(-0.2, 0.2)
    turn = b.between(-0.7, 0.7)
    d = np.array((np.sin(turn) * np.cos(up), np.sin(up), -np.cos(turn) * np.cos(up)))
    root = chest + np.array((0.0, deep * 0.2, -deep * 0.2))
    head = root + d * kind.neck * h
    head[1] = max(head[1], 0.14 * h)
    thick = kind.head[1] * h * 1.05
    limb(b, "upper_arm", _v(root), _v(head), thick * 0.85, thick * 1.35, coat)
    _head(
        b,
        kind,
        h,
        head,
        turn + b.between(-0.4, 0.4),
        0.6 if pose == "graze" else b.between(0.0, 0.5),
        coat,
        second,
    )
    tail = rump + along * deep * 0.45
    drop = b.between(-0.9, 0.6) if name in ("dog", "cat") else -1.2
    end = tail + kind.tail[0] * h * np.array((b.between(-0.3, 0.3), np.sin(drop), np.cos(drop)))
    end[1] = max(end[1], 0.03)
    limb(
        b,
        "capsule",
        _v(tail + np.array((0, 0.1 * deep, 0))),
        _v(end),
        kind.tail[1] * h,
        kind.tail[1] * h,
        coat,
    )
    b.target(*_v(head), 0.4 * h)
    b.target(0, low, 0, h)
    return h


def _v(p: object) -> Vector:
    x, y, z = np.asarray(p, np.float64)
    return float(x), float(y), float(z)


def _feet(
    b: Builder,
    kind: Species,
    h: float,
    chest: np.ndarray,
    rump: np.ndarray,
    pose: str,
    coat: int,
    second: int,
) -> None:
    """Four legs with knees and feet; lying animals fold them forward along the ground."""
    t, wide = kind.leg * h, kind.wide * h
    for end, fore in ((chest, True), (rump, False)):
        for side in (-1, 1):
            hip = end + np.array((side * wide * 0.32, -0.1 * kind.deep * h, 0.0))
            if pose == "lie" or (pose == "sit" and not fore):
                knee = np.array((hip[0] + side * t * 0.8, t * 0.9, hip[2] - 0.12 * h))
                foot = knee + np.array((0.0, -t * 0.3, -0.3 * h))
            else:
                a = b.between(-0.35, 0.35) if pose == "walk" else b.between(-0.08, 0.08)
                knee = hip + np.array(
                    (
                        0.0,
                        -0.5 * (hip[1] - t),
                        0.5 * hip[1] * np.tan(a) + (0.0 if fore else -0.05 * h),
                    )
                )
                foot = np.array(
                    (
                        knee[0],
                        t * 0.5,
                        knee[2]
                        + 0.4 * hip[1] * np.tan(a - 0.25 * (pose == "walk"))
                        + (0.0 if fore else 0.09 * h),
                    )
                )
            limb(
                b,
                "thigh",
                _v(hip + np.array((0, 0.05 * h, 0))),
                _v(knee),
                t * (1.5 if fore else 1.9),
                t * (1.8 if fore else 2.6),
                coat,
            )
            limb(b, "shin", _v(knee), _v(foot), t * 0.95, t * 1.0, coat if b.chance(0.8) else second)
            b.add("pillow", (foot[0], t * 0.35, foot[2] - t * 0.3), (t * 1.15, t * 0.7, t * 1.5), second)


def _head(
    b: Builder, kind: Species, h: float, at: np.ndarray, yaw: float, nod: float, coat: int, second: int
) -> None:
    w, high, long = (s * h for s in kind.head)
    dark = surfaces.dark(b)
    with b.at(*_v(at), -yaw):
        b.add("sphere", (0, 0, 0), (w, high, long * 0.6), coat)
        c, s = float(np.cos(nod)), float(np.sin(nod))
        muzzle = (0.0, -s * long * 0.35 - 0.05 * high, -c * long * 0.4)
        size = (w * 0.62, high * (0.35 + 0.4 * kind.muzzle), long * (0.3 + 0.5 * kind.muzzle))
        b.add("pillow", muzzle, size, coat if b.chance(0.5) else second, 0.0, -nod)
        tip = (0.0, muzzle[1] - s * size[2] * 0.4 + size[1] * 0.15, muzzle[2] - c * size[2] * 0.46)
        b.add("sphere", tip, (w * 0.28, high * 0.16, w * 0.2), dark)
        eye = b.material(Material((0.02, 0.015, 0.01), gloss=0.9))
        for side in (-1, 1):
            b.add("sphere", (side * w * 0.36, high * 0.12, -long * 0.2), (w * 0.14,) * 3, eye)
            ear = (side * w * 0.36, high * (0.5 if kind.ear[1] > kind.ear[0] else 0.25), long * 0.06)
            lop = kind.ear[0] > kind.ear[1]
            b.add(
                "pillow" if lop else "cone",
                (
                    ear[0] + side * (kind.ear[0] * h * 0.5 if lop else 0),
                    ear[1] + (0 if lop else 0.3 * kind.ear[1] * h),
                    ear[2],
                ),
                (kind.ear[0] * h, kind.ear[1] * h, 0.05 * h * (0.5 + kind.ear[0])),
                coat,
                roll=-side * 0.25,
            )
            if kind.horns and b.scene.seed % 2:
                limb(
                    b,
                    "cone",
                    (side * w * (0.4 + kind.horns), high * 0.4 + kind.horns * h, 0),
                    (side * w * 0.35, high * 0.35, 0),
                    0.03 * h,
                    0.03 * h,
                    dark,
                )


def bird(b: Builder) -> float:
    """A standing bird from sparrow to goose; returns its length (m)."""
    long = float(np.exp(b.between(np.log(0.14), np.log(0.8))))
    colour = (
        surfaces.hsv(b.rng, (0, 1), (0, 0.6), (0.1, 0.95)) if b.chance(0.6) else surfaces.any_colour(b.rng)
    )
    coat = b.material(
        Material(
            colour,
            surfaces.any_colour(b.rng),
            b.pick(["fine", "noise", "leaf"]),
            int(b.rng.integers(99)),
            0.5 * long,
        )
    )
    other, yellow = (
        surfaces.plain(b),
        b.material(Material(surfaces.hsv(b.rng, (0.02, 0.15), (0.2, 0.9), (0.3, 0.9)))),
    )
    leg = long * b.between(0.12, 0.45)
    y = leg + 0.18 * long
    b.add("sphere", (0, y, 0), (0.34 * long, 0.36 * long, 0.62 * long), coat, tilt=b.between(0.0, 0.5))
    for side in (-1, 1):
        b.add(
            "pillow",
            (side * 0.16 * long, y + 0.02 * long, 0.08 * long),
            (0.07 * long, 0.26 * long, 0.6 * long),
            other,
            tilt=0.3,
        )
        limb(
            b,
            "post",
            (side * 0.08 * long, y - 0.1 * long, 0),
            (side * 0.08 * long, 0, 0),
            0.03 * long,
            0.03 * long,
            yellow,
        )
        b.add("pillow", (side * 0.08 * long, 0.008, -0.04 * long), (0.1 * long, 0.016, 0.14 * long), yellow)
    b.add(
        "pillow", (0, y + 0.03 * long, 0.42 * long), (0.16 * long, 0.04 * long, 0.35 * long), other, tilt=-0.2
    )
    neck = long * b.between(0.15, 0.5)
    head = (0.0, y + 0.1 * long + neck, -0.27 * long)
    limb(b, "capsule", head, (0, y, -0.2 * long), 0.15 * long, 0.16 * long, coat)
    b.add("sphere", head, (0.17 * long, 0.18 * long, 0.21 * long), coat if b.chance(0.6) else other)
    limb(
        b,
        "cone",
        (0, head[1] - 0.02 * long, head[2] - b.between(0.16, 0.3) * long),
        (0, head[1], head[2] - 0.05 * long),
        0.07 * long,
        0.06 * long,
        yellow,
    )
    for side in (-1, 1):
        b.add(
            "sphere",
            (side * 0.075 * long, head[1] + 0.03 * long, head[2] - 0.04 * long),
            (0.03 * long,) * 3,
            surfaces.dark(b),
        )
    b.target(0, y, 0, long)
    return long
