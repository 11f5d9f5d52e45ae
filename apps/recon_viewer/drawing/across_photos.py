"""Distances in a scene of several photos, with the interval that its file gives."""

import numpy as np

from recon.errors import ReconError
from recon.join.distance_of_points import distance_of_points
from recon.join.joined_file import is_joined, load
from recon.measure import Assumptions, Measurement
from recon_viewer.model.state import Layer, Measured

_MOST_PIXELS = 60_000_000
"""Of all photos: more take too long to read, and too much memory, for one number."""


def distance_across(one: Measured, layer: Layer) -> Measurement | None:
    """A distance between points of a layer of several photos; None for anything else, or if the file does not say it.

    The file is read again each time, which takes 0.1 s for each photo of 2 MP, and its photos are not kept.
    """
    pixels = sum(camera.intrinsics.width * camera.intrinsics.height for camera in layer.cameras)
    if one.tool != "distance" or layer.source is None or not 0 < pixels <= _MOST_PIXELS:
        return None
    try:
        if not is_joined(layer.source):
            return None
        scene = load(layer.source)
        world_T_own = scene.views[0].world_T_cam @ np.linalg.inv(layer.cameras[0].cam_T_own)
        points = (np.array(pick.point_cam) @ world_T_own[:3, :3].T + world_T_own[:3, 3] for pick in one.picks)
        start, end = ((float(x), float(y), float(z)) for x, y, z in points)
        return distance_of_points(
            scene, start, end, Assumptions(pixel_sigma_px=max(pick.sigma_px for pick in one.picks))
        )
    except (ReconError, OSError):
        return None
