"""Depth and focal length from points that are known up to a shift: exact for the points of a camera."""

import numpy as np
import pytest
from numpy.typing import NDArray

from recon.depth import point_map
from recon.types import BoolMap


def points_of(
    *, width: int, height: int, focal_px: float, shift: float, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """The points of a bumpy wall before the camera, moved back by a shift, and their true depth."""
    rng = np.random.default_rng(seed)
    z = 3 + rng.random((height, width))
    x = (np.arange(width) + 0.5 - width / 2) / focal_px * z
    y = (np.arange(height) + 0.5 - height / 2)[:, None] / focal_px * z
    return np.stack((x, y, z - shift), axis=-1).astype(np.float32), z


@pytest.mark.parametrize(("width", "height"), [(200, 150), (90, 160), (40, 33)])
@pytest.mark.parametrize("shift", [-0.4, 0.0, 0.9])
def test_the_camera_of_its_own_points(width: int, height: int, shift: float) -> None:
    points, z = points_of(width=width, height=height, focal_px=130.0, shift=shift)
    everywhere: BoolMap = np.ones(z.shape, np.bool_)
    free = point_map.solve(points, everywhere, focal_px=None)
    assert free.focal_px == pytest.approx(130.0, rel=1e-3)
    assert free.shift == pytest.approx(shift, abs=0.01)
    known = point_map.solve(points, everywhere, focal_px=130.0)
    assert known.focal_px == 130.0 and known.shift == pytest.approx(shift, abs=0.01)
    depth = point_map.depth_along_axis(points[..., 2], known, 2.5)
    np.testing.assert_allclose(depth, 2.5 * z, rtol=5e-3)


def test_pixels_without_depth_do_not_count() -> None:
    points, z = points_of(width=120, height=90, focal_px=100.0, shift=0.3)
    valid = np.ones(z.shape, np.bool_)
    valid[:40] = False
    points[:40] = 1e6
    assert point_map.solve(points, valid, focal_px=None).focal_px == pytest.approx(100.0, rel=1e-3)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 0.0])
def test_points_without_a_ray_do_not_count(wrong: float) -> None:
    points, z = points_of(width=120, height=90, focal_px=100.0, shift=0.3)
    points[::2] = wrong
    view = point_map.solve(points, np.ones(z.shape, np.bool_), focal_px=None)
    assert view.focal_px == pytest.approx(100.0, rel=1e-3)
    points[:] = wrong
    assert point_map.solve(points, np.ones(z.shape, np.bool_), focal_px=None) == point_map.View(0.0, None)


@pytest.mark.parametrize("focal_px", [None, 70.0])
def test_no_pixels_give_no_camera(focal_px: float | None) -> None:
    points, z = points_of(width=30, height=30, focal_px=100.0, shift=0.3)
    view = point_map.solve(points, np.zeros(z.shape, np.bool_), focal_px=focal_px)
    assert view == point_map.View(0.0, focal_px)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("linear", [0.5, -0.25, 0.7]),
        ("exp", [0.5 * np.exp(0.7), -0.25 * np.exp(0.7), np.exp(0.7)]),
        ("sinh", [np.sinh(0.5), np.sinh(-0.25), np.sinh(0.7)]),
        ("sinh_exp", [np.sinh(0.5), np.sinh(-0.25), np.exp(0.7)]),
    ],
)
def test_the_remapping(how: str, expected: list[float]) -> None:
    raw = np.array([[[0.5, -0.25, 0.7]]], np.float32)
    np.testing.assert_allclose(point_map.remapped(raw, how)[0, 0], expected, rtol=1e-6)
