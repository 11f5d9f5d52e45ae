"""What is built into a room: windows with their light, doors, lamps at the ceiling."""

from __future__ import annotations

import numpy as np

from tools.preview import furniture, surfaces
from tools.preview.clutter import clutter
from tools.preview.scene import Builder, Lamp, Material, Pane


def window(b: Builder, x: float, wide: float, h: float) -> None:
    """A window of a wall in whose frame it is called, with frame, sill, curtains or blinds, and its light."""
    sill = 0.05 if b.chance(0.15) else b.between(0.6, 1.1)
    top = min(h - 0.15, b.between(1.9, 2.5))
    up = top - sill
    y = (top + sill) / 2
    power = float(np.exp(b.rng.normal(0.6, 0.8)))
    blown = b.chance(0.5)
    colour = surfaces.hsv(b.rng, (0.5, 0.65), (0, 0.2), (0.8, 1.0))
    view = Material(
        colour, (0.5, 0.6, 0.5), "outlook" if not blown else "noise", int(b.rng.integers(99)), 0.0, glow=power
    )
    b.add("box", (x, y, -0.005), (wide, up, 0.01), b.material(view))
    frame = surfaces.plain(b) if b.chance(0.3) else b.material(Material((0.75, 0.75, 0.75)))
    for s in (-1, 1):
        b.add("box", (x + s * wide / 2, y, -0.03), (0.07, up + 0.07, 0.06), frame)
        b.add("box", (x, y + s * up / 2, -0.03), (wide, 0.07, 0.06), frame)
    for k in range(int(wide / b.between(0.5, 1.2))):
        b.add("box", (x + (k - 0.5) * 0.6 * b.between(0.7, 1), y, -0.025), (0.05, up, 0.05), frame)
    if b.chance(0.5):
        b.add("box", (x, sill - 0.03, -0.1), (wide + 0.1, 0.04, 0.2), frame)
        with b.at(x, sill - 0.01, -0.1):
            clutter(b, wide, 0.12, 0.0, int(b.rng.integers(0, 3)))
    if b.chance(0.4):
        cloth = surfaces.cloth(b)
        high = min(h - 0.05, top + 0.2)
        low = 0.03 if b.chance(0.6) else sill - 0.1
        for s in (-1, 1):
            wide_c = wide * b.between(0.15, 0.45)
            name = f"curtain{int(b.rng.integers(4))}"
            b.add(
                name,
                (x + s * (wide / 2 - wide_c / 4), (high + low) / 2, -0.14),
                (wide_c, high - low, 0.14),
                cloth,
            )
    elif b.chance(0.25):  # blinds
        n = int(b.rng.integers(6, 18))
        slat = b.material(Material(surfaces.hsv(b.rng, (0.05, 0.2), (0, 0.2), (0.6, 1))))
        reach = b.between(0.3, 1.0)
        for k in range(n):
            b.add("box", (x, top - (k + 0.5) / n * up * reach, -0.07), (wide, 0.006, 0.03), slat, tilt=0.6)
    centre, side, inward = b.place(x, y, -0.012), b.place(x + wide / 2, y, -0.012), b.place(x, y, -1.012)
    b.scene.panes.append(
        Pane(
            centre,
            (side[0] - centre[0], 0.0, side[2] - centre[2]),
            (0.0, up / 2, 0.0),
            (inward[0] - centre[0], 0.0, inward[2] - centre[2]),
            power,
        )
    )


def door(b: Builder, x: float, wide: float) -> None:
    """A door with its frame, shut or open to a dark place."""
    h = b.between(1.98, 2.15)
    frame = surfaces.wood(b)
    leaf = furniture.drawers(b) if b.chance(0.3) else surfaces.wood(b)
    if b.chance(0.12):
        leaf = b.material(Material((0.01, 0.01, 0.01)))  # open to a dark place
    b.stands("box", x, 0, -0.01, (wide - 0.1, h, 0.03), leaf)
    for s in (-1, 1):
        b.stands("box", x + s * (wide / 2 - 0.03), 0, -0.02, (0.07, h + 0.06, 0.06), frame)
    b.add("box", (x, h + 0.03, -0.02), (wide, 0.07, 0.06), frame)
    b.add("box", (x + wide * 0.36, 1.02, -0.06), (0.12, 0.02, 0.02), surfaces.metal(b))


def ceiling_lights(b: Builder, w: float, d: float, h: float) -> None:
    """Lamps: panels in rows, hanging globes, or none; up to three of them light the room by themselves."""
    kind = b.pick(["none", "globe", "panels", "panels", "spots"])
    lit = b.chance(0.65) or not b.scene.panes
    warm = surfaces.hsv(b.rng, (0.06, 0.14), (0, 0.45), (0.9, 1.0))
    glow = b.between(1.5, 4) if lit else 0.0
    skin = b.material(Material(warm, glow=glow))
    places = []
    nx, nz = max(1, round(w / b.between(2, 4))), max(1, round(d / b.between(2, 4)))
    for i in range(nx):
        for k in range(nz):
            places.append(((i + 0.5) / nx * w - w / 2, (k + 0.5) / nz * d - d / 2))
    if kind == "globe":
        y, s = h - b.between(0.3, 0.9), b.between(0.2, 0.5)
        places = [(b.between(-0.2, 0.2) * w, b.between(-0.2, 0.2) * d)]
        b.add(b.pick(["sphere", "shade", "bowl"]), (places[0][0], y, places[0][1]), (s, s * 0.8, s), skin)
        b.add("post", (places[0][0], (h + y) / 2, places[0][1]), (0.015, h - y, 0.015), surfaces.dark(b))
    elif kind == "panels":
        size = (b.between(0.3, 1.3), 0.03, b.between(0.2, 0.7))
        for x, z in places:
            b.add("box", (x, h - 0.015, z), size, skin)
    elif kind == "spots":
        for x, z in places:
            b.add("cylinder", (x, h - 0.01, z), (0.14, 0.02, 0.14), skin)
    if lit:
        chosen = b.rng.permutation(len(places))[:2]
        for k in chosen:
            x, z = places[int(k)]
            power = b.between(0.5, 1.6) * (h - 0.75) ** 2 * (1.0 + 0.2 * len(places))
            b.scene.lamps.append(
                Lamp(b.place(x, h - 0.35 if kind != "globe" else y - s, z), power / len(chosen), warm)
            )
