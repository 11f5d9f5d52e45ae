"""Distances in a scene of several photos, with the interval that its file gives."""

from dataclasses import replace

import numpy as np

from recon.errors import ReconError
from recon.join.distance_of_points import distance_of_points
from recon.join.joined_file import is_joined, load
from recon.join.joined_scene import JoinedScene
from recon.measure import Assumptions, Measurement
from recon_viewer.model.state import Layer, Measured

_MOST_PIXELS = 60_000_000
"""Of all photos: more take too long to read, and too much memory, for one number."""


class FilesOnce:
    """Reads each scene file once, for several distances; its photos are kept only as long as this is."""

    def __init__(self) -> None:
        self._scenes: dict[int, JoinedScene | None] = {}

    def of(self, layer: Layer) -> JoinedScene | None:
        """The scene of a layer; None if it is none of several photos, too large, or not what was opened any more."""
        if layer.key not in self._scenes:
            self._scenes[layer.key] = _read(layer)
        return self._scenes[layer.key]


def distance_across(one: Measured, layer: Layer, files: FilesOnce) -> Measurement | None:
    """A distance between points of a layer of several photos; None for anything else, or if no photo says it."""
    scene = files.of(layer) if one.tool == "distance" else None
    if scene is None:
        return None
    world_T_own = scene.views[0].world_T_cam @ np.linalg.inv(layer.cameras[0].cam_T_own)
    points = (np.array(pick.point_cam) @ world_T_own[:3, :3].T + world_T_own[:3, 3] for pick in one.picks)
    start, end = ((float(x), float(y), float(z)) for x, y, z in points)
    try:
        return distance_of_points(
            scene, start, end, Assumptions(pixel_sigma_px=max(pick.sigma_px for pick in one.picks))
        )
    except ReconError:
        return None


def _read(layer: Layer) -> JoinedScene | None:
    pixels = sum(camera.intrinsics.width * camera.intrinsics.height for camera in layer.cameras)
    if layer.source is None or not 0 < pixels <= _MOST_PIXELS:
        return None
    try:
        scene = load(layer.source) if is_joined(layer.source) else None
    except (ReconError, OSError):
        return None
    return scene if scene is not None and _same_cameras(scene, layer) else None


def _same_cameras(scene: JoinedScene, layer: Layer) -> bool:
    """Whether the file still is what was opened: somebody may have joined its photos again."""
    if len(scene.views) != len(layer.cameras):
        return False
    own_T_world = layer.cameras[0].cam_T_own @ scene.views[0].cam_T_world
    return all(
        replace(view.intrinsics, source="user") == replace(camera.intrinsics, source="user")
        and np.allclose(own_T_world @ view.world_T_cam, camera.cam_T_own, rtol=0, atol=1e-6)
        for view, camera in zip(scene.views, layer.cameras, strict=True)
    )
