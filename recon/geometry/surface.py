"""Selects the pixels of a depth map that become geometry: without sky, distant and flying pixels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.geometry.depth_edges import backdrop_distance_m, connect, flying, restrict
from recon.geometry.unproject import rays_of
from recon.types import BoolMap, Connections, FloatMap, Intrinsics, MetricDepth, Rays


@dataclass(frozen=True)
class Dropped:
    """Number of dropped pixels by reason; a pixel counts for the first reason that applies."""

    unknown: int
    """Without depth."""
    sky: int
    too_far: int
    """Beyond ``max_depth``."""
    flying: int
    """Between two surfaces at a depth edge; a mesh snaps each to the closer of the two."""
    kept: int


@dataclass(frozen=True)
class Surface:
    """The depth that becomes geometry, and its pixels, at the photo's full resolution."""

    z_m: FloatMap
    """(H, W) m, cam frame; undefined for pixels that are not kept."""
    keep: BoolMap
    """(H, W): pixels that become points and vertices."""
    between: BoolMap
    """(H, W): flying pixels, which lie between two surfaces."""
    connections: Connections
    """Which neighbours of the kept pixels are on one surface."""
    dropped: Dropped
    normals: NDArray[np.float32] | None = None
    """(H, W, 3) as predicted with the depth, cam frame; None: they are not."""


def backdrop_m(depth: MetricDepth, sky: BoolMap | None, max_depth_m: float | None) -> float | None:
    """Distance of a kept sky, m; None if there is no sky. Arbitrary, not a measurement."""
    if sky is None or not sky.any():
        return None
    behind = backdrop_distance_m(depth.z_m, depth.valid & ~sky)
    return min(behind, max_depth_m) if max_depth_m else behind


def surface_of(
    depth: MetricDepth,
    sky: BoolMap | None,
    camera: Intrinsics,
    *,
    edge: float,
    max_depth_m: float | None = None,
    backdrop_m: float | None = None,
) -> Surface:
    """Drops pixels in this order: without depth, sky, too far, flying.

    Args:
        depth: (H, W), cam frame.
        sky: (H, W), if available.
        camera: Of the same size.
        edge: As for ``connect``; 0 makes no cuts.
        max_depth_m: Pixels beyond this distance are dropped, m.
        backdrop_m: If given, the sky is kept at this distance, m.
    """
    z_m, keep = depth.z_m, depth.valid
    if sky is not None:
        keep = keep & ~sky
    seen = int(keep.sum())
    unseen = 0 if sky is None else int(sky.sum())
    unknown, too_far = keep.size - seen - unseen, 0
    if max_depth_m is not None:
        keep = keep & (z_m <= max_depth_m)
        too_far = seen - int(keep.sum())
    if backdrop_m is not None and sky is not None:
        z_m = np.where(sky, np.float32(backdrop_m), z_m)
        keep = keep | sky
        unseen = 0
    connections = connect(z_m, keep, rays_of(camera), edge, depth.normals)
    between = flying(connections, keep) if edge else np.zeros_like(keep)
    keep = keep & ~between
    restrict(connections, keep)
    kept, hanging = int(keep.sum()), int(between.sum())
    dropped = Dropped(unknown, unseen, too_far, hanging, kept)
    return Surface(z_m, keep, between, connections, dropped, depth.normals)


def every_nth(surface: Surface, step: int, rays: Rays, edge: float) -> tuple[FloatMap, BoolMap, Connections]:
    """Depth, kept pixels and connections of the grid of every ``step``-th pixel, with rays ``rays``.

    Each pixel keeps its own depth, because a mean could lie between two surfaces. Two pixels are connected if there
    is no cut between them in the full grid, or no depth edge in the coarse grid, as behind a pole that it skips.
    """
    if step == 1:
        return surface.z_m, surface.keep, surface.connections
    z_m = np.ascontiguousarray(surface.z_m[::step, ::step])
    keep = np.ascontiguousarray(surface.keep[::step, ::step])
    normals = None if surface.normals is None else surface.normals[::step, ::step]
    connections = connect(z_m, keep, rays, edge, normals)
    uncut = surface.connections
    for links, fine in ((connections.right, uncut.right[::step]), (connections.down.T, uncut.down.T[::step])):
        # Groups of fine links between adjacent coarse pixels; the rest at the end connects nothing.
        whole = fine[:, : links.shape[1] * step].reshape(*links.shape, step)
        links |= whole.all(axis=2)
    restrict(connections, keep)
    return z_m, keep, connections
