"""One view as fusion uses it: small planes, one for each kept pixel, with weights."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from recon.frames import Transform, apply
from recon.geometry.depth_edges import restrict
from recon.geometry.normals import grid_normals
from recon.geometry.surface import every_nth, surface_of
from recon.geometry.unproject import rays_of, unproject
from recon.join.posed_view import PosedView
from recon.types import BoolMap, Connections, FloatMap, Rays

USUAL_LOG_SIGMA = 0.03
"""Standard deviation of log depth of views whose estimator predicts none."""
LEAST_LOG_SIGMA = 1e-3
"""No depth is surer than that."""
_SMOOTHINGS = 8
"""Rounds of averaging with the four neighbours before normals are computed: about a Gaussian of 2 px."""
_LEAST_COS = 0.1
"""Cosine of the viewing angle below which a pixel's plane is too grazing to be used."""
_AT_EDGE = 0.25
"""Weight of pixels at a depth edge, where the depth is least sure."""


@dataclass(frozen=True, eq=False)
class Layer:
    """The kept pixels of a view, on a grid that may be coarser than the photo."""

    view: PosedView
    stride: int
    """The grid is that of every so many pixels."""
    z_m: FloatMap
    """(H, W) z-depth, m; undefined where not kept."""
    keep: BoolMap
    """(H, W)."""
    connections: Connections
    log_sigma: FloatMap
    """(H, W) standard deviation of log depth."""

    @property
    def rays(self) -> Rays:
        """Of the grid."""
        return rays_of(self.view.intrinsics, self.stride)

    @cached_property
    def points_cam(self) -> NDArray[np.float32]:
        """(N, 3) of the kept pixels, m."""
        return unproject(self.z_m, self.rays)[self.keep]

    @cached_property
    def points_world(self) -> NDArray[np.float32]:
        """(N, 3) of the kept pixels, m."""
        return apply(self.view.world_T_cam, self.points_cam)

    @cached_property
    def rgb(self) -> NDArray[np.uint8]:
        """(N, 3) of the kept pixels."""
        return self.view.photo.rgb[:: self.stride, :: self.stride][self.keep]

    @cached_property
    def normals_cam(self) -> NDArray[np.float32]:
        """(N, 3) unit vectors of the kept pixels that face the camera, from smoothed depth."""
        smooth = _smoothed(self.z_m, self.keep, self.connections)
        return grid_normals(smooth, self.rays, self.connections)[self.keep]

    @cached_property
    def sigma(self) -> NDArray[np.float32]:
        """(N,) standard deviation of log depth of the kept pixels."""
        return self.log_sigma[self.keep]

    @cached_property
    def cos_view(self) -> NDArray[np.float32]:
        """(N,) cosine of the angle between the normal and the line of sight, of the kept pixels."""
        points = self.points_cam
        along = np.einsum("ij,ij->i", points, self.normals_cam)
        cosine: NDArray[np.float32] = (-along / np.linalg.norm(points, axis=1)).astype(np.float32)
        return cosine

    @cached_property
    def weight(self) -> NDArray[np.float32]:
        """(N,) of the kept pixels: the cosine of the viewing angle over the variance of the depth.

        1 for a surface that is seen at right angles at 1 m with the usual error.
        """
        z, sigma = self.z_m[self.keep], self.sigma / np.float32(USUAL_LOG_SIGMA)
        weight: NDArray[np.float32] = (np.maximum(self.cos_view, 0) / np.square(z * sigma)).astype(np.float32)
        weight[self.cos_view < _LEAST_COS] = 0
        weight[_at_edge(self.keep, self.connections)[self.keep]] *= np.float32(_AT_EDGE)
        return weight

    @cached_property
    def index(self) -> NDArray[np.int32]:
        """(H, W) position of each pixel among the kept ones; -1 where not kept."""
        index = np.full(self.keep.shape, -1, np.int32)
        index[self.keep] = np.arange(np.count_nonzero(self.keep), dtype=np.int32)
        return index

    @property
    def cam_T_world(self) -> Transform:
        """(4, 4)."""
        return self.view.cam_T_world

    def at(self, points_cam: NDArray[np.float32]) -> NDArray[np.int32]:
        """(M,) which kept pixel shows each point, (M, 3) m; -1: none, outside the photo, or behind the camera."""
        x, y, z = points_cam.T
        camera, (height, width) = self.view.intrinsics, self.keep.shape
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            u = (camera.fx * x / z + np.float32(camera.cx - 0.5)) / self.stride
            v = (camera.fy * y / z + np.float32(camera.cy - 0.5)) / self.stride
            inside = (z > 0) & (u > -0.5) & (v > -0.5) & (u < width - 0.5) & (v < height - 0.5)
        shown = np.full(len(points_cam), -1, np.int32)
        col, row = np.rint(u[inside]).astype(np.intp), np.rint(v[inside]).astype(np.intp)
        shown[inside] = self.index[row, col]
        return shown

    def may_see(self, centres_cam: NDArray[np.float32], radius_m: float) -> NDArray[np.bool_]:
        """(M,) False for balls around points, (M, 3) m, of which no part can be in the photo."""
        x, y, z = centres_cam.T
        camera, stride = self.view.intrinsics, self.stride
        seen = z > -radius_m
        for along, focal, centre, size in (
            (x, camera.fx, camera.cx, camera.width),
            (y, camera.fy, camera.cy, camera.height),
        ):
            # The outermost pixels of the grid reach beyond the photo's border by less than a stride.
            for sign, beside in ((1, centre + stride), (-1, size - centre + stride)):
                plane = np.float32(sign * focal) * along + np.float32(beside) * z
                seen &= plane > np.float32(-radius_m * np.hypot(focal, beside))
        return seen

    def with_depth(self, z_m: FloatMap) -> "Layer":
        """The same pixels with other depth, whose edges are where they were."""
        return replace(self, z_m=z_m)

    def within(self, chosen: NDArray[np.bool_]) -> "Layer":
        """Some of the kept pixels, (N,)."""
        keep = self.keep.copy()
        keep[self.keep] = chosen
        links = Connections(self.connections.right.copy(), self.connections.down.copy())
        restrict(links, keep)
        return replace(self, keep=keep, connections=links)

    def with_log_sigma(self, log_sigma: float) -> "Layer":
        """The same with this standard deviation of log depth, unless the estimator predicted its own."""
        if self.view.depth.log_sigma is not None:
            return self
        return replace(self, log_sigma=np.full_like(self.log_sigma, log_sigma))


def layer_of(view: PosedView, *, stride: int, edge: float, max_depth_m: float | None = None) -> Layer:
    """Drops sky, distant and flying pixels, and keeps every ``stride``-th pixel of the rest.

    Args:
        view: The photo, its depth and its pose.
        stride: Of the grid.
        edge: As for ``surface_of``.
        max_depth_m: Pixels beyond this distance are dropped, m.
    """
    surface = surface_of(view.depth, view.sky, view.intrinsics, edge=edge, max_depth_m=max_depth_m)
    z_m, keep, connections = every_nth(surface, stride, rays_of(view.intrinsics, stride), edge)
    known = view.depth.log_sigma
    log_sigma = (
        np.full(keep.shape, USUAL_LOG_SIGMA, np.float32)
        if known is None
        else np.maximum(known[::stride, ::stride], np.float32(LEAST_LOG_SIGMA))
    )
    return Layer(view, stride, z_m, keep, connections, log_sigma)


def _smoothed(z_m: FloatMap, keep: BoolMap, connections: Connections) -> FloatMap:
    """Inverse depth averaged with connected neighbours, as depth: planes stay planes, edges stay sharp."""
    inverse = np.zeros_like(z_m)
    np.divide(1, z_m, out=inverse, where=keep)
    right, down = connections.right, connections.down
    count = np.ones_like(z_m)
    for total, links in (
        (count[:, :-1], right),
        (count[:, 1:], right),
        (count[:-1], down),
        (count[1:], down),
    ):
        total += links
    for _ in range(_SMOOTHINGS):
        total = inverse.copy()
        total[:, :-1] += inverse[:, 1:] * right
        total[:, 1:] += inverse[:, :-1] * right
        total[:-1] += inverse[1:] * down
        total[1:] += inverse[:-1] * down
        inverse = total / count
    smooth = np.zeros_like(z_m)
    np.divide(1, inverse, out=smooth, where=keep)
    return smooth


def _at_edge(keep: BoolMap, connections: Connections) -> BoolMap:
    """Kept pixels that a depth edge or a pixel without depth separates from a neighbour inside the photo."""
    edge = np.zeros_like(keep)
    for links, cut in (
        (connections.right, (edge[:, :-1], edge[:, 1:])),
        (connections.down, (edge[:-1], edge[1:])),
    ):
        for side in cut:
            side |= ~links
    return edge & keep
