"""One labelled picture from a seed: compose, place a camera, render, develop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.preview.camera import place_camera
from tools.preview.compose import compose, kind_for, rng_for
from tools.preview.develop import develop
from tools.preview.raycast import Raycaster
from tools.preview.render import render


@dataclass(frozen=True)
class View:
    """A training picture: `rgb` (H, W, 3) uint8, `z_m` (H, W) float32 with inf in the sky, f / W, its scene."""

    rgb: NDArray[np.uint8]
    z_m: NDArray[np.float32]
    focal_over_width: float
    kind: str
    camera_height_m: float


def views(seed: int, width: int, height: int, count: int = 1, kind: str = "") -> list[View]:
    """Return `count` views of the scene of `seed`, from different places."""
    kind = kind or kind_for(seed)
    scene = compose(seed, kind)
    geometry = scene.geometry()
    caster = Raycaster(geometry)
    found = []
    for k in range(count):
        camera = place_camera(scene, geometry, caster, rng_for(seed, f"camera{k}"), width, height)
        shot = render(scene, geometry, caster, camera, rng_for(seed, f"render{k}"), width, height)
        rgb = develop(shot, rng_for(seed, f"film{k}"))
        found.append(View(rgb, shot.z_m, camera.focal_over_width, kind, float(camera.world_T_cam[1, 3])))
    return found
