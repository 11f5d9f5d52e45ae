"""Rays against a scene's triangles, by Embree through Open3D, on one thread.

`import open3d` needs libusb, libGL and libEGL of the system; the error says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import open3d as o3d
from numpy.typing import NDArray

from tools.preview.scene import Geometry

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Hits:
    """First hits of N rays: `t` (N,) along the given direction, inf where nothing; triangle and barycentrics."""

    t: Floats
    triangle: NDArray[np.int64]
    uv: Floats
    normal: Floats  # geometric, unit, not oriented


def _tensor(array: NDArray) -> o3d.core.Tensor:
    return o3d.core.Tensor.from_numpy(np.ascontiguousarray(array))


class Raycaster:
    """A built scene that answers rays (N, 6): origin and direction, float32."""

    def __init__(self, geometry: Geometry) -> None:
        self._scene = o3d.t.geometry.RaycastingScene(nthreads=1)
        self._scene.add_triangles(_tensor(geometry.vertices), _tensor(geometry.triangles))

    def cast(self, rays: Floats) -> Hits:
        """Return the first hit of every ray."""
        answer = self._scene.cast_rays(_tensor(rays), nthreads=1)
        return Hits(
            answer["t_hit"].numpy(),
            answer["primitive_ids"].numpy().astype(np.int64),
            answer["primitive_uvs"].numpy(),
            answer["primitive_normals"].numpy(),
        )

    def blocked(self, origin: Floats, direction: Floats) -> NDArray[np.bool_]:
        """Return whether anything lies between each origin and origin + direction."""
        rays = np.concatenate([origin, direction], axis=1).astype(np.float32)
        answer = self._scene.test_occlusions(_tensor(rays), tnear=0.0, tfar=1.0, nthreads=1)
        return answer.numpy()
