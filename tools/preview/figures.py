"""People in detail: joints from a pose, limbs between them, clothes, faces and hands. They face -z."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tools.preview import surfaces
from tools.preview.bodies import HAIR_REACH
from tools.preview.scene import Builder, Material, Vector

_HEAD = np.array((0.0775, 0.115, 0.0975))  # half axes (m)


@dataclass(frozen=True)
class Clothes:
    """Material rows of a person."""

    skin: int
    hair: int
    top: int
    legs: int
    shoes: int
    short_sleeves: bool
    bare_legs: bool


def limb(b: Builder, mesh: str, p: Vector, q: Vector, wide: float, deep: float, material: int) -> None:
    """Put a mesh whose +y end is at p and whose -y end is at q."""
    d = np.subtract(p, q)
    length = float(np.linalg.norm(d)) + 1e-6
    tilt = float(np.arccos(np.clip(d[1] / length, -1, 1)))
    yaw = float(np.arctan2(d[0], d[2]))
    centre = tuple(float(v) for v in np.add(p, q) / 2)
    # the turn about the limb's own axis undoes the yaw, so that it stays as wide to the front
    b.add(mesh, centre, (wide, length, deep), material, yaw, tilt)  # type: ignore[arg-type]


def dressed(b: Builder) -> Clothes:
    """Draw skin, hair and clothes."""
    dark = b.rng.random()
    skin = surfaces.hsv(b.rng, (0.035, 0.075), (0.28, 0.6), (0.92 - 0.6 * dark, 0.98 - 0.5 * dark))
    tone = b.between(0, 1)
    hair = surfaces.hsv(b.rng, (0.05, 0.12), (0.1, 0.65), (0.05, 0.25) if tone < 0.7 else (0.3, 0.85))
    stripes = Material(
        hair, (hair[0] * 0.4, hair[1] * 0.4, hair[2] * 0.4), "wood", int(b.rng.integers(99)), 0.1
    )
    return Clothes(
        b.material(
            Material(
                skin,
                texture="faint",
                variant=int(b.rng.integers(99)),
                scale_m=0.3,
                gloss=b.between(0.0, 0.25),
            )
        ),
        b.material(stripes),
        surfaces.cloth(b),
        surfaces.cloth(b),
        surfaces.dark(b) if b.chance(0.7) else surfaces.plain(b),
        b.chance(0.4),
        b.chance(0.2),
    )


def figure(b: Builder, height: float = 1.72, pose: str = "", *, fine: bool = True) -> Vector:
    """A person of a height (m): stands, walks, sits (on 0.45 m) or only leans on a table; returns the head's middle.

    `fine`: with fingers, glasses, hats and rounder features, for photos from close by.
    """
    k = height / 1.74
    pose = pose or b.pick(["stand", "stand", "walk", "walk", "sit"])
    wear = dressed(b)
    sits = pose in ("sit", "desk")
    pelvis = np.array((0.0, 0.5 if sits else 0.93 * k, 0.0))
    lean = b.between(0.0, 0.12) + (b.between(0.05, 0.35) if pose == "desk" else 0.0)
    up = np.array((0.0, np.cos(lean), -np.sin(lean)))
    woman = b.chance(0.5)
    torso = "torso1" if woman else b.pick(["torso0", "torso0", "torso2"])
    wide = 0.40 * k * b.between(0.9, 1.1) if torso == "torso1" else 0.45 * k * b.between(0.9, 1.12)
    long = 0.62 * k
    centre = pelvis + up * (long / 2 - 0.05 * k)
    deep = {"torso0": 0.25, "torso1": 0.27, "torso2": 0.37}[torso] * k
    b.add(torso, _v(centre), (wide, long, deep), wear.top, 0.0, -lean)
    neck = pelvis + up * (0.53 * k)
    head = neck + up * (0.17 * k) + np.array((b.between(-0.01, 0.01), 0.0, -0.015))
    limb(b, "capsule", _v(head), _v(neck - 0.02 * up), 0.11 * k, 0.115 * k, wear.skin)
    head_at(b, _v(head), k if height > 1.45 else k * 1.12, wear, fine=fine)
    _legs(b, pelvis, k, pose, wear)
    for side in (-1, 1):
        shoulder = pelvis + up * (0.45 * k) + np.array((side * (wide / 2 - 0.035 * k), 0, 0.0))
        _arm(b, shoulder, side, k, pose, wear, fine=fine)
    b.target(*_v(head), 0.25)
    b.target(*_v(pelvis + up * 0.35), 0.5)
    return _v(head)


def _v(p: object) -> Vector:
    x, y, z = np.asarray(p, np.float64)
    return float(x), float(y), float(z)


def _legs(b: Builder, pelvis: np.ndarray, k: float, pose: str, wear: Clothes) -> None:
    swing = b.between(0.25, 0.5) if pose == "walk" else b.between(0.0, 0.1)
    skin = wear.skin if wear.bare_legs else wear.legs
    skirt = wear.bare_legs and pose in ("stand", "walk")
    if skirt:
        drop = b.between(0.4, 0.6) * k
        b.add("skirt", _v(pelvis - (0, drop / 2 - 0.06, 0)), (0.62 * k, drop, 0.5 * k), wear.legs)
    for side in (-1, 1):
        hip = pelvis + np.array((side * 0.09 * k, 0.0, 0.0))
        if pose in ("sit", "desk"):
            knee = hip + np.array((side * b.between(0.0, 0.1), 0.0, -0.44 * k))
            ankle = knee + np.array((0.0, -0.42 * k, b.between(-0.15, 0.12)))
            ankle[1] = max(ankle[1], 0.07)
        else:
            a = side * swing
            knee = hip + np.array((side * 0.01, -0.43 * k * np.cos(a), -0.43 * k * np.sin(a)))
            bent = a - abs(swing) * b.between(0.2, 0.7)
            ankle = knee + np.array((0.0, -0.43 * k * np.cos(bent), -0.43 * k * np.sin(bent)))
        limb(b, "thigh", _v(hip + np.array((0, 0.03, 0))), _v(knee - 0.0), 0.175 * k, 0.185 * k, wear.legs)
        limb(b, "shin", _v(knee), _v(ankle), 0.125 * k, 0.135 * k, skin)
        foot = ankle + np.array((0.0, -0.035 * k, -0.06 * k))
        b.add("shoe", _v(foot), (0.095 * k, 0.1 * k, 0.27 * k), wear.shoes, -side * 0.15)


def _arm(
    b: Builder, shoulder: np.ndarray, side: int, k: float, pose: str, wear: Clothes, *, fine: bool
) -> None:
    """One arm: hanging, bent, raised, or lying on a table."""
    how = "table" if pose == "desk" else b.pick(["hang", "hang", "bent", "bent", "up", "hip"])
    out, ahead = b.between(0.08, 0.25), b.between(-0.35, 0.35)
    if how == "table":
        out, ahead = b.between(0.1, 0.4), b.between(0.25, 0.7)
    elif how == "up":
        out, ahead = b.between(0.3, 1.6), b.between(0.4, 1.6)
    elif how == "hip":
        out, ahead = b.between(0.6, 0.8), -0.3
    d = np.array((side * np.sin(out), -np.cos(out) * np.cos(ahead), -np.sin(ahead)))
    d /= np.linalg.norm(d)
    elbow = shoulder + 0.29 * k * d
    if how == "hang":
        e = d + np.array((0.0, 0.0, -b.between(0.0, 0.4)))
    elif how == "table":
        e = np.array((-side * b.between(0.1, 0.7), b.between(-0.15, 0.2), -1.0))
    elif how == "hip":
        e = np.array((-side * 0.9, -0.5, -0.2))
    else:
        e = np.array((-side * b.between(-0.2, 0.9), b.between(-0.3, 1.2), -b.between(0.4, 1.0)))
    e = e / np.linalg.norm(e)
    wrist = elbow + 0.25 * k * e
    limb(b, "upper_arm", _v(shoulder + np.array((0, 0.04 * k, 0))), _v(elbow), 0.11 * k, 0.115 * k, wear.top)
    limb(
        b,
        "forearm",
        _v(elbow),
        _v(wrist),
        0.082 * k,
        0.085 * k,
        wear.skin if wear.short_sleeves else wear.top,
    )
    hand = wrist + 0.055 * k * e
    limb(b, "pillow", _v(wrist - 0.01 * e), _v(wrist + 0.105 * k * e), 0.085 * k, 0.035 * k, wear.skin)
    if not fine:
        return
    across = np.cross(e, (0.0, 0.0, 1.0) if abs(e[2]) < 0.9 else (0.0, 1.0, 0.0))
    across /= np.linalg.norm(across) + 1e-9
    curl = np.cross(across, e) * b.between(-0.6, 0.6)
    for n in range(4):
        root = wrist + 0.09 * k * e + across * (n - 1.5) * 0.02 * k
        tip = root + (e + curl) * (0.075 - 0.006 * abs(n - 1.3)) * k
        limb(b, "capsule", _v(root), _v(tip), 0.019 * k, 0.019 * k, wear.skin)
    thumb = hand + across * 0.035 * k
    limb(
        b,
        "capsule",
        _v(thumb),
        _v(thumb + (0.7 * e + 0.5 * across) * 0.065 * k),
        0.022 * k,
        0.022 * k,
        wear.skin,
    )


def head_at(b: Builder, at: Vector, k: float, wear: Clothes, *, fine: bool) -> None:
    """Head, hair, ears, eyes, brows, nose, mouth, and from close by what one wears on the head."""
    turn, nod = b.between(-0.5, 0.5) if b.chance(0.5) else 0.0, b.between(-0.15, 0.2)
    axes = _HEAD * k
    with b.at(*at, turn):
        far = "" if fine else "far_"
        b.add(f"{far}head{int(b.rng.integers(4))}", (0, 0, 0), _v(2.5 * axes), wear.skin, 0.0, nod)
        if b.chance(0.92):
            size = _v(2 * HAIR_REACH * axes * np.array((1.0, 1.02, 1.04)))
            b.add(f"{far}hair{int(b.rng.integers(6))}", (0, 0.01 * k, 0.004), size, wear.hair, 0.0, nod)
        for side in (-1, 1):
            b.add("sphere", (side * axes[0] * 1.0, -0.005, 0.01), (0.025 * k, 0.06 * k, 0.035 * k), wear.skin)
        ball = "sphere" if fine else "crumb"
        white = b.material(Material((0.75, 0.72, 0.7), gloss=0.6))
        iris = b.material(Material(surfaces.hsv(b.rng, (0.05, 0.65), (0.2, 0.7), (0.05, 0.4)), gloss=0.8))
        red = b.material(Material(surfaces.hsv(b.rng, (-0.02, 0.03), (0.4, 0.65), (0.25, 0.75)), gloss=0.2))
        c, s = np.cos(nod), np.sin(nod)
        for y, z, wide, high, skin in (
            (-0.022, -0.103, 0.032, 0.028, wear.skin),
            (0.0, -0.097, 0.02, 0.05, wear.skin),
            (-0.058, -0.094, b.between(0.04, 0.058), b.between(0.01, 0.022), red),
        ):
            b.add(ball, (0, (c * y - s * z) * k, (s * y + c * z) * k), (wide * k, high * k, 0.024 * k), skin)
        for side in (-1, 1):
            for y, z, size, skin in (
                (0.014, -0.0835, (0.026, 0.014, 0.016), white),
                (0.014, -0.0905, (0.011, 0.011, 0.007), iris),
                (0.033, -0.0915, (0.036, 0.007, 0.012), wear.hair),
            ):
                centre = (side * 0.031 * k, (c * y - s * z) * k, (s * y + c * z) * k)
                b.add(ball, centre, _v(np.array(size) * k), skin)
        if not fine:
            return
        kind = b.rng.random()
        if kind < 0.12:  # glasses
            rim = surfaces.dark(b)
            for side in (-1, 1):
                b.add("box", (side * 0.031 * k, 0.03 * k, -0.1 * k), (0.048 * k, 0.005, 0.004), rim)
                b.add("box", (side * 0.031 * k, -0.003 * k, -0.1 * k), (0.044 * k, 0.004, 0.004), rim)
                b.add("box", (side * 0.078 * k, 0.022 * k, -0.045 * k), (0.004, 0.006, 0.11 * k), rim)
        elif kind < 0.22:  # hat or cap
            cloth = surfaces.cloth(b)
            b.add("pillow", (0, 0.085 * k, 0), (0.19 * k, 0.12 * k, 0.22 * k), cloth)
            b.add("cylinder", (0, 0.06 * k, -0.04 * k), (0.24 * k, 0.012, 0.3 * k), cloth)
