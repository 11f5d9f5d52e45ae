"""The planes that extend the background: noise, blur, other objects and mixed pixels do not bend them."""

import cv2
import numpy as np
from synthetic import CAMERA, plane, with_box

from recon.geometry.mesh.background_border import border_of, fit_planes
from recon.geometry.mesh.fill_background import CAMERA_MOVE, Patch, continue_background
from recon.geometry.mesh.grid_mesh import MeshGrid, grid_mesh
from recon.geometry.surface import Surface, surface_of
from recon.geometry.unproject import project, rays_of
from recon.types import Intrinsics, MetricDepth

RAYS = rays_of(CAMERA)
TILTED = np.array((0.3, 0.1, 1.0))
WALL = plane((0.3, 0.1, 1.0), 6.0, RAYS)
ROWS, COLS = slice(40, 80), slice(55, 105)


def seen(z: np.ndarray, camera: Intrinsics = CAMERA) -> Surface:
    return surface_of(MetricDepth(z.astype(np.float32), np.ones(z.shape, bool)), None, camera, edge=0.04)


def patch_of(z: np.ndarray, camera: Intrinsics = CAMERA, surface: Surface | None = None) -> Patch:
    """The continued background."""
    surface, rays = surface or seen(z, camera), rays_of(camera)
    rgb = np.zeros((*z.shape, 3), np.uint8)
    u, v = (np.arange(n, dtype=np.float32) for n in (camera.width, camera.height))
    arguments = surface.z_m, surface.keep, surface.connections
    pixel_border = grid_mesh(MeshGrid(arguments[0], rays, rays, *arguments[1:], rgb, u, v))[1]
    return continue_background(
        surface.z_m, surface.keep, surface.between, surface.connections, rays, pixel_border
    )


def under_the_box(patch: Patch, camera: Intrinsics = CAMERA) -> np.ndarray:
    """Which vertices are at least two pixels inside of the box's outline."""
    u, v = project(patch.points, camera).T
    return (u > COLS.start + 2) & (u < COLS.stop - 2) & (v > ROWS.start + 2) & (v < ROWS.stop - 2)


def off_the_wall(patch: Patch) -> np.ndarray:
    """By which share of its distance each vertex under the box is off the wall."""
    hidden = patch.points[under_the_box(patch)]
    assert len(hidden) > 300
    return np.abs(hidden @ TILTED / 6.0 - 1)


def test_noise_of_the_wall_is_averaged_and_not_amplified() -> None:
    noise = 1 + 0.008 * np.random.default_rng(0).standard_normal(WALL.shape)
    off = off_the_wall(patch_of(with_box((WALL * noise).astype(np.float32), ROWS, COLS, 2.0)))
    assert np.median(off) < 0.008 and np.percentile(off, 90) < 0.02


def test_pixels_that_a_blurred_outline_has_drawn_towards_the_box_do_not_tilt_the_wall() -> None:
    sharp = 1 / with_box(WALL, ROWS, COLS, 2.0)
    z = 1 / cv2.GaussianBlur(sharp, (0, 0), 0.8)
    off = off_the_wall(patch_of(z))
    assert np.median(off) < 3e-4


def test_a_shallow_relief_does_not_draw_the_wall_towards_it() -> None:
    noise = 1 + 0.002 * np.random.default_rng(0).standard_normal(WALL.shape).astype(np.float32)
    z = (np.where(with_box(np.zeros_like(WALL), ROWS, COLS, 1), 0.96, 1) * WALL * noise).astype(np.float32)
    surface = seen(z)
    inverse = np.where(surface.keep, 1 / surface.z_m, 0)
    border = border_of(
        inverse.astype(np.float32), surface.keep, surface.between, surface.connections, CAMERA_MOVE * 200, 2
    )
    assert border is not None
    planes = fit_planes(border, np.arange(len(border.at), dtype=np.int32))
    off = np.abs(planes.at_border * WALL[border.at[:, 1], border.at[:, 0]] - 1)
    assert len(off) > 90 and np.percentile(off, 90) < 0.003


def test_a_cupboard_next_to_the_outline_is_not_the_wall() -> None:
    z = with_box(WALL, ROWS, COLS, 2.0)
    z[:, 108:] *= 0.8
    off = off_the_wall(patch_of(z))
    assert np.percentile(off, 99) < 0.002


def test_a_crease_of_the_foreground_does_not_keep_the_wall_from_going_on_behind_it() -> None:
    z = with_box(WALL, ROWS, COLS, 2.0)
    z[ROWS, COLS.start + 4 : COLS.stop - 4] *= 0.97
    off = off_the_wall(patch_of(z))
    assert (off < 0.01).sum() > 400


def test_next_to_its_own_border_a_near_background_wins_over_a_far_one_that_reaches_farther() -> None:
    camera = Intrinsics.from_focal(800.0, width=320, height=240, source="user")
    z = np.full((240, 320), 6.0, np.float32)
    z[:, 210:] = 2.45
    points = patch_of(with_box(z, slice(80, 160), slice(110, 210), 2.0), camera).points
    u, v = project(points, camera).T
    off_border = (u > 207.5) & (u < 209.9) & (v > 100) & (v < 140)
    assert off_border.sum() > 50 and np.abs(points[off_border, 2] / 2.45 - 1).max() < 1e-3
