"""Scenes to measure in, whose lengths are known exactly."""

from collections.abc import Mapping
from dataclasses import asdict
from math import cos, radians, sin
from typing import Any

import numpy as np
from numpy.typing import NDArray
from synthetic import plane

from recon.errormodel import ErrorModel
from recon.scene import Scene
from recon.types import Intrinsics, MetricDepth, Photo
from recon.unproject import rays_of

Array = NDArray[np.float64]

CAMERA = Intrinsics.from_focal(200.0, width=160, height=120, source="user")
HEIGHT_M, WALL_M, PITCH_DEG = 1.5, 4.0, -20.0
_C, _S = cos(radians(PITCH_DEG)), sin(radians(PITCH_DEG))
UP_CAM = np.array([0.0, -_C, _S])
MODEL = ErrorModel("m", scale=0.05, smooth=0.03, reach=0.3, local=0.01, photos=12, source="a test")
EXACT = {"model": {"name": "measured"}, "calibration": None}


def room_depth(camera: Intrinsics = CAMERA) -> NDArray[np.float32]:
    """A floor 1.5 m below a camera that looks 20 degrees down, and a wall 4 m away: (H, W) m."""
    rays = rays_of(camera)
    return np.minimum(plane((0, _C, -_S), HEIGHT_M, rays), plane((0, _S, _C), WALL_M, rays))


def scene_of(
    z_m: NDArray[Any],
    provenance: Mapping[str, Any] = EXACT,
    camera: Intrinsics = CAMERA,
    valid: NDArray[np.bool_] | None = None,
    **options: Any,
) -> Scene:
    """A grey photo with that depth."""
    return Scene(
        photo=Photo(rgb=np.full((*z_m.shape, 3), 128, np.uint8)),
        intrinsics=camera,
        depth=MetricDepth(z_m.astype(np.float32), np.ones(z_m.shape, bool) if valid is None else valid),
        provenance=provenance,
        **options,
    )


def estimated(model: ErrorModel | None, **more: Any) -> dict[str, Any]:
    """Provenance of an estimator with that error model."""
    known = None if model is None else asdict(model)
    return {"model": {"name": "m"}, "calibration": None, "error_model": known, **more}


def on_wall(x_px: float, y_px: float, camera: Intrinsics = CAMERA) -> Array:
    """(3,) the wall's point that a position shows, m, cam frame."""
    return _on((0.0, _S, _C), WALL_M, x_px, y_px, camera)


def on_floor(x_px: float, y_px: float, camera: Intrinsics = CAMERA) -> Array:
    """(3,) the floor's point that a position shows, m, cam frame."""
    return _on((0.0, _C, -_S), HEIGHT_M, x_px, y_px, camera)


def _on(
    normal: tuple[float, float, float], offset_m: float, x_px: float, y_px: float, camera: Intrinsics
) -> Array:
    ray = np.array([(x_px - camera.cx) / camera.fx, (y_px - camera.cy) / camera.fy, 1.0])
    return ray * offset_m / float(ray @ normal)
