"""Surfaces that are continued beyond their last pixel stay in their plane, and near."""

import numpy as np
import pytest
from synthetic import plane

from recon.geometry.mesh.from_depth import mesh_from_depth
from recon.geometry.mesh.grid_mesh import MeshGrid, grid_mesh
from recon.geometry.mesh.triangulate import extend_to_edge
from recon.geometry.surface import surface_of
from recon.geometry.unproject import rays_at, rays_of
from recon.types import Connections, Intrinsics, MetricDepth

SMALL = Intrinsics.from_focal(12.0, width=16, height=12, source="user")
RGB = np.zeros((12, 16, 3), np.uint8)


def linked(keep: np.ndarray) -> Connections:
    return Connections(right=keep[:, 1:] & keep[:, :-1], down=keep[1:] & keep[:-1])


def test_the_border_of_a_floor_is_on_the_floor_where_it_changes_by_a_third_over_half_a_pixel() -> None:
    rays = rays_of(SMALL)
    z = plane((0, 1, 0), 1.5, rays)
    keep = np.zeros(z.shape, bool)
    keep[7:] = True
    keep[9:10, 5:9] = False
    z[~keep] = 1
    flat = np.arange(16, dtype=np.float32)
    mesh, pixel_border = grid_mesh(MeshGrid(z, rays, rays, keep, linked(keep), RGB, flat, flat[:12]))
    assert len(pixel_border.points) > 40 and mesh.vertices[:, 2].max() > 16
    assert np.abs(mesh.vertices[:, 1] - 1.5).max() < 1e-4


def test_the_edge_of_the_picture_is_on_the_floor_too() -> None:
    rays = rays_of(SMALL)
    z = plane((0, -1, 0), 1.5, rays)[:5]
    inner, outer = (
        rays_at(SMALL, np.arange(16) + 0.5, v) for v in (np.arange(5) + 0.5, np.array([0, 1.5, 2.5, 3.5, 5]))
    )
    moved = extend_to_edge(z, linked(np.ones(z.shape, bool)), inner, outer)
    assert np.abs(moved * outer.y[:, None] + 1.5).max() < 1e-4


@pytest.mark.parametrize("seed", range(3))
def test_whatever_the_depth_no_vertex_is_behind_the_camera_or_far_beyond_the_scene(seed: int) -> None:
    noise = np.random.default_rng(seed)
    z = np.exp(noise.normal(0, 1, (12, 16))).astype(np.float32)
    depth = MetricDepth(z, noise.random(z.shape) < 0.9)
    surface = surface_of(depth, None, SMALL, edge=0)
    mesh = mesh_from_depth(surface, RGB, SMALL, edge=0)
    assert mesh.vertices[:, 2].min() > 0 and mesh.vertices[:, 2].max() < 4 * z.max()
