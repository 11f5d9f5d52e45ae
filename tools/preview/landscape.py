"""Composer of landscapes: mountains, hills, plains, lakes and shores from 1 m to 25 km."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tools.preview import surfaces
from tools.preview.outdoor import sky_of
from tools.preview.outdoor_things import bench, building, bush, fence, rock, tree, walker
from tools.preview.relief import Layer, Noise, Relief, fan, land_mesh, step
from tools.preview.scene import Builder, Colour, Material, Rng, Scene, Shot, Sky

Array = NDArray[np.float64]
_SHADE = 0.75  # the land's material; its tints are relative to it


@dataclass(frozen=True)
class Land:
    """What a landscape looks like: its relief, the level of the water, the heights of trees and snow."""

    relief: Relief
    water_m: float | None
    trees_m: float  # no trees above this height
    snow_m: float
    forest: float  # share of the land under trees
    clearing_m: float  # distance at which the forests begin
    fields: float  # size of fields (m), 0: none
    grass: Colour
    forest_colour: Colour
    rock: Colour


def landscape(seed: int, rng: Rng) -> Scene:
    """Open country under a wide sky, seen from the ground, from a hill or from a drone."""
    scene = Scene("landscape", seed, indoor=False)
    scene.sky = _clear_air(sky_of(rng, seed), rng)
    b = Builder(scene, rng)
    land = _land(b, Noise(rng))
    far = b.between(18_000, 30_000)
    x, z, triangles = fan(far)
    y = land.relief.height(x, z)
    tint, woods = _colours(land, x, y, z, b)
    y = y + woods * 6 * land.relief.noise.field(x, z, 9.0, 20) * step(np.hypot(x, z), 300, 900)
    scene.own["land"] = land_mesh(x, y, z, triangles, tint)
    grain = b.pick(["noise", "fine", "leaf", "noise"])
    shade = (_SHADE, _SHADE, _SHADE)
    skin = Material(shade, shade, grain, int(rng.integers(99)), float(np.exp(b.between(1, 4.5))))
    b.add("land", (0, 0, 0), (1, 1, 1), b.material(skin))
    if land.water_m is not None:
        _water(b, land.water_m)
    _woods(b, land)
    _foreground(b, land)
    scene.stand.append((-1.0, 1.0, -1.0, 1.0))
    scene.heading = 0.0
    high = land.relief.drop_m > 15 or b.chance(0.25)
    eye = (1.3, 1.8) if b.chance(0.65) else ((2.0, 90.0) if high else (1.8, 10.0))
    scene.shot = Shot(
        eye_m=eye, pitch_deg=(b.between(-3, 5), 4.0), target_share=0.0, near_m=0.8, middle_m=60.0, zoom=2.0
    )
    return scene


def _clear_air(sky: Sky, rng: Rng) -> Sky:
    visibility = float(np.exp(rng.uniform(np.log(4_000), np.log(90_000))))
    return replace(sky, haze_per_m=1 / visibility)


def _land(b: Builder, noise: Noise) -> Land:
    """Draw one of the kinds of country."""
    kind = b.pick(["alps", "alps", "hills", "hills", "plain", "lake", "lake", "sea", "desert"])
    layers = [Layer(b.between(0.1, 0.8), b.between(15, 60), 3, 40, 3)]
    drop, coast, water = 0.0, None, None
    if kind != "sea" or b.chance(0.5):
        layers.append(Layer(b.between(6, 50), b.between(250, 900), 40, b.between(500, 2000), 4))
    if kind in ("hills", "lake", "desert", "sea"):
        layers.append(Layer(b.between(60, 350), b.between(1200, 4000), 300, b.between(2500, 7000), 5))
    if kind == "alps" or (kind in ("lake", "desert", "hills", "sea") and b.chance(0.5)):
        start = b.between(200, 2500)
        wave, full = b.between(3000, 9000), start + b.between(2500, 9000)
        height = wave * b.between(0.14, 0.38)
        layers.append(Layer(height, wave, start, full, 6, ridged=True))
    if b.chance(0.6 if kind != "plain" else 0.25):  # from a slope or a summit
        drop = float(np.exp(b.between(2.3, 6.3)))
    if kind == "lake":
        water = -drop - b.between(0.5, 12) if drop else -b.between(0.8, 4)
        coast = (b.between(-0.4, 0.4), b.between(8, 400), b.between(10, 50))
    elif kind == "sea":
        water = -drop * 0.8 - b.between(0.8, 6)
        coast = (b.between(-0.9, 0.9), b.between(10, 600), b.between(100, 800))
    relief = Relief(noise, tuple(layers), drop, b.between(2, 15), 25 + drop * b.between(0.9, 4), coast)
    snow = b.between(200, 1800) if kind == "alps" or b.chance(0.2) else 1e9
    if b.chance(0.06):
        snow = -200.0  # winter
    dry = kind == "desert" or b.chance(0.12)
    grass = surfaces.hsv(b.rng, (0.08, 0.13) if dry else (0.15, 0.3), (0.2, 0.65), (0.3, 0.65))
    wood = surfaces.hsv(b.rng, (0.2, 0.4) if b.chance(0.85) else (0.03, 0.15), (0.3, 0.7), (0.12, 0.35))
    return Land(
        relief,
        water,
        min(snow, b.between(150, 1500)),
        snow,
        0.0 if dry else b.between(0.1, 0.85),
        float(np.exp(b.between(3.2, 6.6))),
        b.between(60, 300) if kind in ("plain", "hills") and b.chance(0.8) else 0.0,
        grass,
        wood,
        surfaces.hsv(b.rng, (0.03, 0.13) if dry else (0.05, 0.65), (0.03, 0.4 if dry else 0.15), (0.3, 0.65)),
    )


def woods_at(land: Land, x: Array, y: Array, z: Array, level: Array) -> Array:
    """Return how much (0..1) of each place is wooded; `level`: 1 on flat land, 0 on a wall."""
    patch = land.relief.noise.smooth(x, z, 700, 4, 12) * 0.5 + 0.5
    low = 1 - step(y + 60 * land.relief.noise.field(x, z, 300, 21), 0.8 * land.trees_m, land.trees_m)
    dry = 1.0 if land.water_m is None else step(y, land.water_m + 1, land.water_m + 3)
    thick = step(land.forest - patch, -0.06, 0.06) * low * step(level, 0.6, 0.75)
    return np.asarray(thick * dry * step(np.hypot(x, z), land.clearing_m, 2 * land.clearing_m), np.float64)


def _colours(land: Land, x: Array, y: Array, z: Array, b: Builder) -> tuple[Array, Array]:
    """Return each corner's tint (V, 3) and how wooded it is (V,)."""
    noise, r = land.relief.noise, np.hypot(x, z)
    e = 0.02 * r + 0.3
    slope = np.hypot(land.relief.height(x + e, z) - y, land.relief.height(x, z + e) - y) / e
    level = 1 / np.sqrt(1 + slope**2)
    tint = np.array(land.grass) * (1 + 0.35 * noise.smooth(x, z, 40, 5, 3)[:, None])
    tint = tint * (1 + 0.3 * noise.smooth(x, z, 1500, 3, 7)[:, None] * np.array([1.0, 0.4, -0.3]))
    if land.fields:
        tint = _mixed(tint, _fields(land, x, z, b), step(r, 40, 120) * step(level, 0.93, 0.97))
    woods = woods_at(land, x, y, z, level)
    leaves = np.array(land.forest_colour) * (1 + 0.5 * noise.field(x, z, 14, 9)[:, None])
    tint = _mixed(tint, leaves, woods)
    steep = step(slope + 0.25 * noise.field(x, z, 120, 15), 0.55, 0.85)
    stone = np.array(land.rock) * (1 + 0.3 * noise.smooth(x, z, 200, 4, 17)[:, None])
    tint = _mixed(tint, stone, np.maximum(steep, step(y, land.trees_m * 1.1, land.trees_m * 1.5)))
    edge = land.snow_m + 0.25 * abs(land.snow_m) * noise.smooth(x, z, 500, 4, 2)
    white = step(y, edge - 40, edge + 60) * (1 - 0.85 * step(slope, 0.9, 1.4))
    tint = _mixed(tint, np.array([0.86, 0.89, 0.95]), white * (1 - 0.6 * woods))
    if land.water_m is not None:  # sand or pebbles at the shore
        shore = 1 - step(y + 0.6 * noise.field(x, z, 30, 4), land.water_m + 0.6, land.water_m + 2.0)
        tint = _mixed(tint, np.array(surfaces.hsv(b.rng, (0.07, 0.13), (0.1, 0.4), (0.4, 0.85))), shore)
    return np.clip(tint, 0.01, 1) / _SHADE, woods * (1 - steep)


def _fields(land: Land, x: Array, z: Array, b: Builder) -> Array:
    """Return the colours of fields in a bent patchwork."""
    c, s = np.cos(0.4), np.sin(0.4)
    bend = 0.3 * land.fields * land.relief.noise.field(x, z, 4 * land.fields, 6)
    u = np.floor((c * x + s * z + bend) / land.fields).astype(np.int64)
    v = np.floor((c * z - s * x + bend) / (0.6 * land.fields)).astype(np.int64)
    palette = np.array([surfaces.hsv(b.rng, (0.08, 0.33), (0.2, 0.75), (0.3, 0.8)) for _ in range(12)])
    return np.asarray(palette[(u * 7 + v * 13 + u * v) % 12], np.float64)


def _mixed(one: Array, two: Array, share: Array) -> Array:
    return one + (two - one) * np.asarray(share)[:, None]


def _water(b: Builder, level: float) -> None:
    colour = surfaces.hsv(b.rng, (0.45, 0.62), (0.2, 0.7), (0.08, 0.4))
    x, z, triangles = fan(60_000, 60, 90)
    noise = Noise(b.rng)
    rough = b.between(0.0, 0.05)
    normal = np.stack([rough * noise.field(x, z, 2, 0), np.ones_like(x), rough * noise.field(x, z, 2, 1)], 1)
    mesh = land_mesh(x, np.full_like(x, 0.0), z, triangles, np.ones((len(x), 3)))
    b.scene.own["water"] = replace(
        mesh, normals=(normal / np.linalg.norm(normal, axis=1)[:, None]).astype("f4")
    )
    skin = Material(colour, colour, "faint", int(b.rng.integers(99)), 7.0, gloss=b.between(0.5, 1.0))
    b.add("water", (0, level, 0), (1, 1, 1), b.material(skin))


def _woods(b: Builder, land: Land) -> None:
    """Single trees close by, and the near edge of the forests."""
    for _ in range(int(b.rng.integers(0, 9)) if b.chance(0.7) else 0):
        r, a = b.between(8, 60), b.between(-0.9, 0.9)
        x, z = r * np.sin(a), r * np.cos(a)
        y = land.relief.at(x, z)
        if land.water_m is None or y > land.water_m + 0.3:
            with b.at(0, y - 0.1, 0):
                tree(b, x, z, b.between(2.5, 16))
    if land.forest > 0:
        _forest_edge(b, land)


def _forest_edge(b: Builder, land: Land) -> None:
    """The trees of the forests that are near enough to be distinguished."""
    n = 2000
    r, a = (
        np.exp(b.rng.uniform(np.log(land.clearing_m), np.log(5 * land.clearing_m + 800), n)),
        b.rng.uniform(-1.1, 1.1, n),
    )
    x, z = r * np.sin(a), r * np.cos(a)
    y = land.relief.height(x, z)
    slope = np.hypot(land.relief.height(x + 2, z) - y, land.relief.height(x, z + 2) - y) / 2
    there = woods_at(land, x, y, z, 1 / np.sqrt(1 + slope**2)) > b.rng.uniform(0, 1, n)
    skins = [
        b.material(
            Material(
                land.forest_colour, surfaces.hsv(b.rng, (0.15, 0.4), (0.3, 0.7), (0.1, 0.4)), "leaf", k, 3.0
            )
        )
        for k in range(3)
    ]
    firs, height = b.rng.random(), b.between(7, 22)
    for k in np.flatnonzero(there)[:700]:
        h = height * b.between(0.6, 1.2)
        fir = b.chance(firs)
        wide = h * (b.between(0.25, 0.4) if fir else b.between(0.5, 0.9))
        name = "fir" if fir else f"crown{int(k) % 4}"
        b.stands(
            name,
            float(x[k]),
            float(y[k]) - 0.1 * h,
            float(z[k]),
            (wide, h, wide),
            skins[int(k) % 3],
            float(k),
        )


def _foreground(b: Builder, land: Land) -> None:
    """Things in front: a house, a fence, people, rocks, bushes, where there is land."""
    makers = [walker, walker, rock, rock, bush, bush, bench, "fence", "house", "house"]
    for _ in range(int(b.rng.integers(0, 12)) if b.chance(0.6) else 0):
        make = makers[int(b.rng.integers(len(makers)))]
        r = b.between(40, 400) if make == "house" else float(np.exp(b.between(1.1, 4)))
        a = b.between(-0.8, 0.8)
        x, z = r * np.sin(a), r * np.cos(a)
        y = land.relief.at(x, z)
        if land.water_m is not None and y < land.water_m + 0.2:
            continue
        with b.at(x, y - (0.8 if make == "house" else 0.03), z, b.between(0, 6)):
            if make == "house":
                building(b, b.between(7, 25), b.between(6, 12), b.between(3.5, 9))
            elif make == "fence":
                fence(b, b.between(4, 20))
            else:
                make(b)  # type: ignore[operator]
