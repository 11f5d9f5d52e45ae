"""Generated clips with true depth: a static camera with something that moves, a walk, and cuts between them.

    python -m tools.clips clips/ --kind room --seed 3        # static.mp4, walk.mp4 and their truth as .npz

The scenes are those that the preview network learns from, of seeds that its training never sees.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tools.preview.camera import camera_at, pinhole_rays, place_camera
from tools.preview.compose import compose, rng_for
from tools.preview.develop import develop
from tools.preview.heldout import HELD_OUT_SEED
from tools.preview.raycast import Raycaster
from tools.preview.render import render
from tools.preview.scene import Camera, Material, Scene

FPS = 25.0
_STEP_M = 0.03
"""Of a walk, per frame: 0.75 m/s."""
_MOVER_M = (0.45, 1.5, 0.3)
_NOISE = 2.0
"""Standard deviation of the sensor's noise, grey levels of 255."""
Kind = Literal["static", "walk"]


@dataclass(frozen=True)
class TrueFrame:
    """One frame and the truth about it."""

    rgb: NDArray[np.uint8]
    z_m: NDArray[np.float32]
    """(H, W) z-depth, m; inf in the sky."""
    moving: NDArray[np.bool_]
    """(H, W): pixels of the thing that moves."""
    focal_px: float


def clip(
    path: Kind, kind: str, seed: int, count: int, *, width: int = 320, height: int = 240, mover: bool = True
) -> Iterator[TrueFrame]:
    """Films a generated scene.

    Args:
        path: A camera on a tripod, or one that is carried forward.
        kind: Of the scene, as in ``tools.preview.compose``.
        seed: Of the scene; the same seed gives the same clip.
        count: Number of frames.
        width: Of each, px.
        height: Of each, px.
        mover: Whether a box of a person's size crosses the view.
    """
    seed += HELD_OUT_SEED
    scene = compose(seed, kind)
    geometry = scene.geometry()
    caster = Raycaster(geometry)
    start = place_camera(scene, geometry, caster, rng_for(seed, "camera0"), width, height)
    start = replace(start, focal_over_width=0.9)
    middle_m = float(np.nanmedian(_without_sky(caster.cast(pinhole_rays(start, 32, 24)).t)))
    hand, sensor = rng_for(seed, "hand"), rng_for(seed, "sensor")
    at, turn = np.zeros(3), np.zeros(2)
    for k in range(count):
        if path == "walk":
            at += [0.3 * _STEP_M * np.sin(k / 6), 0.2 * _STEP_M * np.cos(k / 2), _STEP_M]
            turn = 0.9 * turn + np.deg2rad(hand.normal(0, 0.25, 2))
        camera = _moved(start, at, turn)
        seen = _with_mover(scene, start, (k + 0.5) / count, 0.55 * middle_m) if mover else scene
        shown = seen.geometry() if mover else geometry
        shot = render(
            seen,
            shown,
            Raycaster(shown) if mover else caster,
            camera,
            rng_for(seed, "grain"),
            width,
            height,
        )
        empty_m = caster.cast(pinhole_rays(camera, width, height)).t.reshape(height, width)
        noisy = develop(shot, rng_for(seed, "film")) + sensor.normal(0, _NOISE, (height, width, 3))
        rgb = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
        yield TrueFrame(rgb, shot.z_m, shot.z_m < 0.99 * empty_m, camera.focal_over_width * width)


def _without_sky(t: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.where(np.isfinite(t), t, np.nan)


def _moved(start: Camera, at_m: NDArray[np.float64], turn_rad: NDArray[np.float64]) -> Camera:
    """The camera moved by ``at_m`` in its own frame and turned by yaw and pitch."""
    world_T_cam = start.world_T_cam
    forward = world_T_cam[:3, 2]
    yaw, pitch = np.arctan2(forward[0], forward[2]), np.arcsin(forward[1])
    place = world_T_cam[:3, 3] + world_T_cam[:3, :3] @ at_m
    return camera_at(place, float(yaw + turn_rad[0]), float(pitch + turn_rad[1]), 0.0, start.focal_over_width)


def _with_mover(scene: Scene, camera: Camera, share: float, distance_m: float) -> Scene:
    """The scene with a box on the floor that has gone ``share`` of its way through the view, left to right."""
    forward = camera.world_T_cam[:3, 2] * [1, 0, 1]
    right = camera.world_T_cam[:3, 0]
    half_m = 0.5 * distance_m / camera.focal_over_width
    place = camera.world_T_cam[:3, 3] + distance_m * forward / np.linalg.norm(forward)
    place = place + (2 * share - 1) * half_m * right
    material = Material((0.5, 0.25, 0.1), (0.1, 0.2, 0.4), "noise", 0, 0.5)
    row = (place[0], _MOVER_M[1] / 2, place[2], *_MOVER_M, 0.4, 0.0, 0.0, len(scene.materials))
    return replace(
        scene,
        materials=[*scene.materials, material],
        meshes=[*scene.meshes, "box"],
        rows=[*scene.rows, tuple(float(value) for value in row)],
    )


def main() -> None:
    """Write a clip and its truth."""
    from recon.video.writer import VideoWriter

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kind", default="room")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--frames", type=int, default=60)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    for path in ("static", "walk"):
        frames = list(clip(path, given.kind, given.seed, given.frames))
        height, width = frames[0].z_m.shape
        writer = VideoWriter(given.folder / f"{path}.mp4", width=width, height=height)
        for k, frame in enumerate(frames):
            writer.add(frame.rgb, k / FPS)
        writer.close()
        np.savez_compressed(
            given.folder / f"{path}.npz",
            z_m=np.stack([frame.z_m for frame in frames]).astype(np.float16),
            moving=np.stack([frame.moving for frame in frames]),
            focal_px=frames[0].focal_px,
        )


if __name__ == "__main__":
    main()
