"""What normals that an estimator predicts with its depth do for levelling and depth edges."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from synthetic import CAMERA, plane
from tilted_rooms import BACK, CEILING, FLOOR, SIDE, Surface, cam_R_world, level, room_with_normals

from recon.calibration.calibration import Calibration, apply
from recon.geometry.depth_edges import connect, flying
from recon.geometry.gravity import Levelling
from recon.geometry.surface import every_nth, surface_of
from recon.geometry.unproject import rays_of
from recon.types import MetricDepth

RAYS = rays_of(CAMERA)
ALL = np.ones((CAMERA.height, CAMERA.width), bool)
FACING = (0.0, 0.0, -1.0)


def error_deg(found: Levelling, pitch_deg: float, roll_deg: float) -> float:
    up = cam_R_world(pitch_deg, roll_deg) @ np.array([0, 1.0, 0])
    return float(np.degrees(np.arccos(np.clip(np.array(found.up_cam) @ up, -1, 1))))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "surfaces", [[FLOOR, BACK, SIDE], [FLOOR, CEILING, BACK]], ids=["corner", "corridor"]
)
def test_bent_depth_is_levelled_by_its_normals(surfaces: list[Surface], seed: int) -> None:
    """Depth as a network's, off by 5 % over large distances; normals off by 10 degrees from pixel to pixel."""
    rng = np.random.default_rng(seed)
    pitch_deg, roll_deg = rng.uniform(-25, 5), rng.uniform(-8, 8)
    z_m, normals = room_with_normals(surfaces, pitch_deg, roll_deg)
    bend = cv2.GaussianBlur(rng.normal(size=z_m.shape), (0, 0), 60)
    z_m *= np.exp(0.05 * bend / bend.std())
    noise = np.tan(np.radians(10)) / np.sqrt(2) * rng.normal(size=normals.shape)
    noisy = normals + noise.astype(np.float32)
    noisy /= np.linalg.norm(noisy, axis=2, keepdims=True)
    by_depth = error_deg(level(z_m), pitch_deg, roll_deg)
    assert by_depth > 0.75
    for each in (normals, noisy):
        found = level(z_m, normals=each)
        assert error_deg(found, pitch_deg, roll_deg) < 0.2
        assert found.confidence > 0.95
        assert found.camera_height_m == pytest.approx(1.5, rel=0.2), "from the depth, which is bent"


def test_the_height_of_a_camera_is_that_of_the_depth() -> None:
    z_m, normals = room_with_normals([FLOOR, BACK, SIDE], -12, 4)
    assert level(z_m, normals=normals).camera_height_m == pytest.approx(1.5, rel=0.005)


def test_normals_that_say_nothing_level_nothing() -> None:
    z_m, normals = room_with_normals([FLOOR, BACK, SIDE], -10, 4)
    normals[...] = np.random.default_rng(1).normal(size=normals.shape)
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    assert not level(z_m, normals=normals).trusted


def everywhere(normal: tuple[float, float, float]) -> NDArray[np.float32]:
    return np.broadcast_to(np.array(normal, np.float32), (*ALL.shape, 3)).copy()


def ramp(near_m: float, far_m: float) -> NDArray[np.float32]:
    """A near and a far wall, and in between the 12 columns of a network's blurred outline."""
    z = np.full(ALL.shape, near_m, np.float32)
    z[:, 74:] = np.interp(np.arange(74, 160), [73, 86], [near_m, far_m])
    return z


def test_the_ramp_of_a_blurred_outline_is_told_from_a_steep_surface() -> None:
    z = ramp(2.0, 2.6)
    assert connect(z, ALL, RAYS, 0.04).right.all(), "depth alone takes it for a surface"
    links = connect(z, ALL, RAYS, 0.04, everywhere(FACING))
    assert not links.right[:, 73:85].any()
    assert links.right[:, :73].all() and links.right[:, 86:].all() and links.down.all()
    assert np.array_equal(flying(links, ALL).any(axis=0), (np.arange(160) > 73) & (np.arange(160) < 86))
    # The same depth, where the normals say that it is a surface: from the slope of z across the columns.
    slope, steep = np.diff(z[0])[80], everywhere(FACING)
    middle = np.array([1 / 200 * 2.3, 0, slope])
    steep[:, 74:86] = np.array([-middle[2], 0, middle[0]]) / -np.linalg.norm(middle)
    steep[:, 74:86] *= np.sign(-steep[:, 74:86, 2:])
    assert connect(z, ALL, RAYS, 0.04, steep).right.all()


@pytest.mark.parametrize("tilt_deg", [0, 60, 80])
def test_of_a_steep_surface_nothing_is_lost_if_its_normals_are_off(tilt_deg: float) -> None:
    sin, cos = np.sin(np.radians(tilt_deg)), np.cos(np.radians(tilt_deg))
    z = plane((sin, 0, cos), 1.0, RAYS)
    hit = np.isfinite(z) & (z < 100)
    z = np.where(hit, z, 1).astype(np.float32)
    off = np.radians(tilt_deg - 20)
    links = connect(z, hit, RAYS, 0.04, everywhere((-np.sin(off), 0, -np.cos(off))))
    without = connect(z, hit, RAYS, 0.04)
    assert np.array_equal(links.right, without.right) and np.array_equal(links.down, without.down)


@pytest.mark.parametrize("cx", [79.6, 79.9, 80.1, 80.4])
def test_an_edge_of_a_wall_stays_whole(cx: float) -> None:
    """A front, and a side that recedes at 75 degrees, which begins between two columns: the link leaves the front."""
    camera = replace(CAMERA, cx=cx)
    rays, angle = rays_of(camera), np.radians(75)
    front, side = (
        np.ones_like(ALL, np.float32),
        plane((-np.sin(angle), 0, np.cos(angle)), np.cos(angle), rays),
    )
    z = np.maximum(front, np.where(side < 30, side, 1))
    receding = z > 1
    normals = np.where(receding[..., None], [np.sin(angle), 0, -np.cos(angle)], FACING).astype(np.float32)
    links = connect(z, ALL, rays, 0.04, normals)
    assert links.right[:, :110].all()


def test_normals_reach_the_surface_its_coarse_grid_and_calibrated_depth() -> None:
    depth = MetricDepth(ramp(2.0, 2.6), ALL, normals=everywhere(FACING))
    plain = surface_of(replace(depth, normals=None), None, CAMERA, edge=0.04)
    surface = surface_of(depth, None, CAMERA, edge=0.04)
    assert plain.dropped.flying == 0 and surface.dropped.flying == 12 * 120
    coarse = [every_nth(each, 2, rays_of(CAMERA, 2), 0.04)[1] for each in (plain, surface)]
    assert coarse[0].all() and not coarse[1][:, 37:43].any()
    for shift in (0.0, 0.01):
        unsure = ((1e-4, 0.0), (0.0, 1e-4))
        calibration = Calibration("metric", 1.1, shift, unsure, None, 0.0, 50.0, 0.1, "moge2-vits", "lengths")
        assert apply(calibration, depth).normals is depth.normals
