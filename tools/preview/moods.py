"""The hour and the weather of a composed scene: low sun, fog, night with lamps and lit windows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tools.preview import surfaces
from tools.preview.scene import Builder, Lamp, Material, Rng, Scene, Sky

FOG, NIGHT, LOW_SUN = 0.06, 0.06, 0.14  # shares of the scenes with a sky


def in_a_mood(scene: Scene, rng: Rng) -> Scene:
    """Return the scene at another hour or in other weather, sometimes; indoors only its lamps may be few."""
    if scene.sky is None:
        if rng.random() < 0.08:  # a dim room
            k = rng.uniform(0.1, 0.5)
            scene.ambient = (scene.ambient[0] * k, scene.ambient[1] * k, scene.ambient[2] * k)
        return scene
    u = rng.random()
    if u < FOG:
        scene.sky = _fog(scene.sky, rng, far=scene.kind == "landscape")
    elif u < FOG + NIGHT and scene.kind != "cab":  # a cab without a lamp is black
        _night(scene, rng)
    elif FOG + NIGHT <= u < FOG + NIGHT + LOW_SUN:
        scene.sky = _low_sun(scene, rng)
    return scene


def _fog(sky: Sky, rng: Rng, *, far: bool) -> Sky:
    """Grey air through which one sees 60 to 300 m, in open country up to 3 km."""
    sight = float(np.exp(rng.uniform(np.log(60), np.log(3000 if far else 300))))
    grey = rng.uniform(0.6, 1.0)
    veil = (grey, grey * rng.uniform(0.97, 1.03), grey * rng.uniform(0.95, 1.06))
    return replace(
        sky,
        sun=0.0,
        ambient=(0.75 * grey, 0.78 * grey, 0.82 * grey),
        horizon=veil,
        zenith=veil,
        clouds=0.0,
        haze_per_m=3 / sight,
    )


def _low_sun(scene: Scene, rng: Rng) -> Sky:
    """Sun 1 to 12 degrees high, half of the time before the camera, with warm light and a glowing horizon."""
    height = np.deg2rad(rng.uniform(1, 12))
    turn = rng.uniform(0, 2 * np.pi)
    if scene.heading is not None and rng.random() < 0.5:
        turn = scene.heading + rng.normal(0, 0.5)
    flat = np.cos(height)
    to_sun = (float(flat * np.sin(turn)), float(np.sin(height)), float(flat * np.cos(turn)))
    warm = rng.uniform(0.2, 1.0)
    colour = (1.0, 0.93 - 0.4 * warm, 0.82 - 0.65 * warm)
    glow = surfaces.hsv(rng, (0.03, 0.13), (0.05, 0.45), (0.75, 1.0))
    sky = scene.sky
    assert sky is not None
    return replace(
        sky,
        to_sun=to_sun,
        sun=rng.uniform(0.8, 2.5),
        sun_colour=colour,
        horizon=glow,
        ambient=tuple(0.7 * a for a in sky.ambient),  # type: ignore[arg-type]
    )


def _night(scene: Scene, rng: Rng) -> None:
    """A dark sky; some lamps on posts near the camera; windows of houses lit."""
    sky = scene.sky
    assert sky is not None
    k = float(np.exp(rng.uniform(np.log(0.004), np.log(0.08))))
    blue = surfaces.hsv(rng, (0.58, 0.72), (0.2, 0.8), (0.5, 0.9))
    dark = (blue[0] * k, blue[1] * k, blue[2] * k)
    town = (dark[0] * 1.5 + 0.3 * k, dark[1] * 1.4 + 0.2 * k, dark[2] * 1.2 + 0.1 * k)
    scene.sky = replace(
        sky,
        sun=0.0,
        ambient=dark,
        zenith=dark,
        horizon=town,
        clouds=0.0,
        haze_per_m=min(sky.haze_per_m, 3e-3),
    )
    lit = float(np.exp(rng.uniform(np.log(0.05), np.log(0.6))))
    for n, material in enumerate(scene.materials):
        if material.texture == "facade":
            wall = tuple(0.08 * c for c in material.colour)
            warm = surfaces.hsv(rng, (0.08, 0.16), (0.1, 0.6), (0.5, 1.0))
            scene.materials[n] = replace(material, colour=wall, second=warm, glow=lit)  # type: ignore[arg-type]
    b = Builder(scene, rng)
    x0, x1, z0, z1 = scene.stand[0]
    heading = scene.heading if scene.heading is not None else rng.uniform(0, 6.28)
    for _ in range(int(rng.integers(1, 4))):
        far, turn = rng.uniform(2, 16), heading + rng.normal(0, 0.6)
        x, z = (x0 + x1) / 2 + far * np.sin(turn), (z0 + z1) / 2 + far * np.cos(turn)
        h = rng.uniform(3, 6.5)
        ground = 0.0
        if scene.kind == "landscape":
            continue
        colour = surfaces.hsv(rng, (0.06, 0.16), (0.05, 0.6), (0.9, 1.0))
        b.stands("post", x, ground, z, (0.12, h, 0.12), surfaces.metal(b))
        b.stands("sphere", x, ground + h, z, (0.35, 0.35, 0.35), b.material(Material(colour, glow=6.0)))
        scene.lamps.append(Lamp((float(x), float(h - 0.4), float(z)), float(rng.uniform(4, 25)), colour))
