"""Rays against a scene's triangles, by Embree on one thread: through Open3D, or through embreex without it.

`import open3d` needs libusb, libGL and libEGL of the system; `embreex` needs nothing and has wheels for more
versions of Python. Both answer the same to the precision of float32.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.preview.scene import Geometry

try:
    import open3d as o3d
except ImportError:
    o3d = None  # type: ignore[assignment]
    from embreex.mesh_construction import TriangleMesh
    from embreex.rtcore_scene import EmbreeScene

Floats = NDArray[np.float32]
_FAR = 1e36  # embreex gives 1e37 where nothing is hit


@dataclass(frozen=True)
class Hits:
    """First hits of N rays: `t` (N,) along the given direction, inf where nothing; triangle and barycentrics."""

    t: Floats
    triangle: NDArray[np.int64]  # -1 where nothing
    uv: Floats
    normal: Floats  # geometric, unit, not oriented


class Raycaster:
    """A built scene that answers rays (N, 6): origin and direction, float32."""

    def __init__(self, geometry: Geometry) -> None:
        self._scene = _Open3dScene(geometry) if o3d is not None else _EmbreexScene(geometry)

    def cast(self, rays: Floats) -> Hits:
        """Return the first hit of every ray."""
        return self._scene.cast(rays)

    def blocked(self, origin: Floats, direction: Floats) -> NDArray[np.bool_]:
        """Return whether anything lies between each origin and origin + direction."""
        return self._scene.blocked(origin, direction)


def _tensor(array: NDArray) -> Any:
    return o3d.core.Tensor.from_numpy(np.ascontiguousarray(array))


class _Open3dScene:
    def __init__(self, geometry: Geometry) -> None:
        self._scene = o3d.t.geometry.RaycastingScene(nthreads=1)
        self._scene.add_triangles(_tensor(geometry.vertices), _tensor(geometry.triangles))

    def cast(self, rays: Floats) -> Hits:
        answer = self._scene.cast_rays(_tensor(rays), nthreads=1)
        return Hits(
            answer["t_hit"].numpy(),
            answer["primitive_ids"].numpy().astype(np.int32).astype(np.int64),
            answer["primitive_uvs"].numpy(),
            answer["primitive_normals"].numpy(),
        )

    def blocked(self, origin: Floats, direction: Floats) -> NDArray[np.bool_]:
        rays = np.concatenate([origin, direction], axis=1).astype(np.float32)
        answer = self._scene.test_occlusions(_tensor(rays), tnear=0.0, tfar=1.0, nthreads=1)
        result: NDArray[np.bool_] = answer.numpy()
        return result


class _EmbreexScene:
    def __init__(self, geometry: Geometry) -> None:
        self._scene = EmbreeScene(robust=True)
        self._arrays = (  # the scene does not keep a reference
            np.ascontiguousarray(geometry.vertices, np.float32),
            np.ascontiguousarray(geometry.triangles, np.int32),
        )
        TriangleMesh(self._scene, *self._arrays)

    def cast(self, rays: Floats) -> Hits:
        answer = self._scene.run(*_split(rays), output=True)
        missed = answer["tfar"] > _FAR
        normal = answer["Ng"]
        length = np.sqrt(np.maximum(np.einsum("ij,ij->i", normal, normal), 1e-30))
        return Hits(
            np.where(missed, np.float32(np.inf), answer["tfar"]),
            answer["primID"].astype(np.int64),
            np.stack([answer["u"], answer["v"]], 1),
            (normal / length[:, None]).astype(np.float32),
        )

    def blocked(self, origin: Floats, direction: Floats) -> NDArray[np.bool_]:
        origin, direction = (np.ascontiguousarray(a, np.float32) for a in (origin, direction))
        one = np.ones(len(origin), np.float32)
        blocked: NDArray[np.bool_] = self._scene.run(origin, direction, dists=one, query="OCCLUDED") >= 0
        return blocked


def _split(rays: Floats) -> tuple[Floats, Floats]:
    return np.ascontiguousarray(rays[:, :3]), np.ascontiguousarray(rays[:, 3:])
