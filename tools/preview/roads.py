"""What is on and over a road along z: lanes, arrows, crossings, lights on arms, boards, bridges, traffic."""

from __future__ import annotations

import numpy as np

from tools.preview import surfaces
from tools.preview.outdoor_things import car
from tools.preview.scene import Builder, Material
from tools.preview.vehicles import bus, motorbike

_TOP = 0.012  # markings lie on the road's surface


def markings(b: Builder, road: float, length: float) -> int:
    """Paint lanes, arrows, edge lines and crossings; returns the number of lanes."""
    c = b.between(0.4, 0.8)
    paint = b.material(Material((c, c, c * 0.95), texture="faint", variant=int(b.rng.integers(99))))
    lanes = max(2, round(road / b.between(3.1, 3.9)))
    width = road / lanes
    dash, gap = b.between(2, 6), b.between(3, 9)
    end = min(length, 100.0)
    for k in range(1, lanes):
        x = -road / 2 + k * width
        middle = 2 * k == lanes
        if middle and b.chance(0.5):
            for s in (-0.1, 0.1):
                b.add("box", (x + s, _TOP, end / 2 - 10), (0.1, 0.006, end + 20), paint)
            continue
        for z in np.arange(-18, end, dash + gap):
            b.add("box", (x, _TOP, float(z)), (0.13, 0.006, dash), paint)
    if b.chance(0.6):
        for side in (-1, 1):
            b.add("box", (side * (road / 2 - 0.25), _TOP, end / 2 - 10), (0.12, 0.006, end + 20), paint)
    for z in (b.between(3, 14), b.between(25, 80)):
        if b.chance(0.4):  # a crossing, with the line where cars stop
            for x in np.arange(-road / 2 + 0.5, road / 2 - 0.3, 1.0):
                b.add("box", (float(x), _TOP, z), (0.45, 0.006, 3.2), paint)
            b.add("box", (road / 4, _TOP, z - 3.0), (road / 2 - 0.5, 0.006, 0.35), paint)
    if b.chance(0.3):
        for k in range(lanes):
            x, z = -road / 2 + (k + 0.5) * width, b.between(4, 16)
            b.add("box", (x, _TOP, z), (0.15, 0.006, 2.4), paint)
            for s in (-1, 1):
                b.add("box", (x + s * 0.2, _TOP, z + 1.0), (0.15, 0.006, 0.8), paint, -s * 0.6)
    return lanes


def overhead(b: Builder, road: float, length: float) -> None:
    """Traffic lights on arms, boards on gantries, cables, a bridge across."""
    metal, dark = surfaces.metal(b), surfaces.dark(b)
    for _ in range(int(b.rng.integers(0, 4))):
        z, side, h = b.between(8, min(length, 90)), 1 if b.chance(0.7) else -1, b.between(5.2, 7)
        b.stands("post", side * (road / 2 + 0.6), 0, z, (0.22, h, 0.22), metal)
        arm = b.between(0.3, 0.9) * road if b.chance(0.7) else 1.0
        b.add("box", (side * (road / 2 + 0.6 - arm / 2), h - 0.3, z), (arm, 0.14, 0.14), metal)
        for k in range(int(b.rng.integers(1, 4))):
            x = side * (road / 2 + 0.6 - arm * (0.95 - 0.3 * k))
            if b.chance(0.6):
                b.add("box", (x, h - 0.75, z - 0.1), (0.34, 0.95, 0.2), dark)
                for n, hue in enumerate((0.0, 0.12, 0.38)):
                    on = b.chance(0.3)
                    colour = surfaces.hsv(b.rng, (hue, hue + 0.02), (0.8, 1), (0.9, 1) if on else (0.1, 0.2))
                    lens = b.material(Material(colour, glow=2.0 if on else 0.0))
                    b.add("sphere", (x, h - 0.47 - 0.28 * n, z - 0.2), (0.2, 0.2, 0.08), lens)
            else:
                board = surfaces.hsv(b.rng, (0.35, 0.65), (0.5, 0.95), (0.2, 0.6))
                white = b.material(Material(board, (0.9, 0.9, 0.9), "text", int(b.rng.integers(9)), 0.0))
                b.add("box", (x, h - 0.4, z - 0.12), (b.between(1, 3.5), b.between(0.7, 2.2), 0.06), white)
    if b.chance(0.12):  # a bridge over the road
        z, h = b.between(25, 110), b.between(5, 7)
        b.add("box", (0, h + 0.7, z), (4 * road + 60, 1.4, b.between(6, 14)), surfaces.masonry(b))
        for x in (-1, 1):
            b.stands("box", x * (road / 2 + 2), 0, z, (1.2, h, 3), surfaces.masonry(b))
    if b.chance(0.25):
        for x in np.linspace(-0.3, 0.3, 3) * road:
            b.add("box", (float(x), b.between(5.5, 8), length / 2 - 15), (0.025, 0.025, length + 30), dark)


def traffic(b: Builder, road: float, lanes: int, length: float) -> None:
    """Cars, buses and motorbikes in the lanes; they drive on the right."""
    width = road / lanes
    jam = b.between(0.05, 0.75) ** 2
    for k in range(lanes):
        x = -road / 2 + (k + 0.5) * width
        leading_away = x > 0
        z = b.between(4, 25)
        while z < min(length, 110):
            if b.chance(jam):
                make = bus if b.chance(0.06) else motorbike if b.chance(0.06) else car
                group = b.made(make)
                if group.depth < 14:
                    b.put(
                        group, x + b.between(-0.2, 0.2), z + group.depth / 2, 0.0 if leading_away else np.pi
                    )
                z += group.depth
            z += b.between(2, 14)


def median(b: Builder, length: float) -> None:
    """A barrier, a fence or a hedge along the middle of the road."""
    kind = b.pick(["concrete", "rail", "hedge"])
    if kind == "concrete":
        b.stands("box", 0, 0, length / 2 - 15, (0.4, 0.85, length + 30), surfaces.masonry(b))
    elif kind == "hedge":
        leaf = surfaces.foliage(b)
        b.stands("box", 0, 0, length / 2 - 15, (1.2, 0.9, length + 30), leaf)
        for z in np.arange(-14, min(length, 80), 1.6):
            b.add(f"crown{int(b.rng.integers(4))}", (0, 0.8, float(z)), (1.5, 0.9, 1.9), leaf, float(z))
    else:
        metal = surfaces.metal(b)
        for y in (0.3, 0.9):
            b.add("box", (0, y, length / 2 - 15), (0.06, 0.06, length + 30), metal)
        for z in np.arange(-14, min(length, 70), 0.5):
            b.stands("box", 0, 0, float(z), (0.04, 1.0, 0.04), metal)
