"""Scenes for the viewer's tests."""

import numpy as np
from synthetic import CAMERA, floor_and_wall

from recon.scene import Scene
from recon.types import MetricDepth, Photo


def room(seed: int = 0) -> Scene:
    """A floor and a wall of noise, 160 x 120 px."""
    z = floor_and_wall()
    rgb = np.random.default_rng(seed).integers(0, 256, (120, 160, 3)).astype(np.uint8)
    provenance = {"model": {"name": "measured"}, "focal": {"sets_depth": False}}
    return Scene(
        Photo(rgb=rgb, path="room.png"),
        CAMERA,
        MetricDepth(z_m=z, valid=np.ones(z.shape, bool)),
        provenance=provenance,
    )
