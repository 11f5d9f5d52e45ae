"""One labelled picture from a seed: compose, place a camera, render, develop."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tools.preview.camera import place_camera
from tools.preview.compose import compose, kind_for, rng_for
from tools.preview.develop import develop
from tools.preview.lens import defocus, faults
from tools.preview.raycast import Raycaster
from tools.preview.render import render
from tools.preview.scene import Camera, Lamp, Rng, Scene


@dataclass(frozen=True)
class View:
    """A training picture: `rgb` (H, W, 3) uint8, `z_m` (H, W) float32 with inf in the sky, f / W, its scene, and a
    unit vector up, cam frame."""

    rgb: NDArray[np.uint8]
    z_m: NDArray[np.float32]
    focal_over_width: float
    kind: str
    camera_height_m: float
    up_cam: NDArray[np.float64]


def _with_flash(scene: Scene, camera: Camera, rng: Rng) -> Scene:
    """Return the scene lit by the camera's own flash, a little above the lens."""
    place = camera.world_T_cam[:3, 3] - 0.06 * camera.world_T_cam[:3, 1]
    flash = Lamp((float(place[0]), float(place[1]), float(place[2])), rng.uniform(1.0, 8.0), (1.0, 1.0, 1.0))
    return replace(scene, lamps=[*scene.lamps, flash])


def views(seed: int, width: int, height: int, count: int = 1, kind: str = "") -> list[View]:
    """Return `count` views of the scene of `seed`, from different places."""
    kind = kind or kind_for(seed)
    scene = compose(seed, kind)
    geometry = scene.geometry()
    caster = Raycaster(geometry)
    result = []
    for k in range(count):
        camera = place_camera(scene, geometry, caster, rng_for(seed, f"camera{k}"), width, height)
        film = rng_for(seed, f"flash{k}")
        lit = _with_flash(scene, camera, film) if scene.indoor and film.random() < 0.12 else scene
        shot = render(lit, geometry, caster, camera, rng_for(seed, f"render{k}"), width, height)
        lens = rng_for(seed, f"lens{k}")
        if lens.random() < scene.shot.blur:
            shot = defocus(shot, lens)
        rgb = develop(shot, rng_for(seed, f"film{k}"))
        rgb = faults(rgb, lens)
        up, height_m = camera.world_T_cam[1, :3], float(camera.world_T_cam[1, 3])
        result.append(View(rgb, shot.z_m, camera.focal_over_width, kind, height_m, up))
    return result
