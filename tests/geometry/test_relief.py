"""Reliefs: heights of known depth, and solids whose volume and closedness trimesh checks."""

import numpy as np
import pytest
import trimesh

from recon.errors import ExportError
from recon.geometry.relief import Curve, heights_from_depth, heights_from_light, solid


def _checked(heights: np.ndarray, **sizes: float) -> trimesh.Trimesh:
    made = solid(heights.astype(np.float32), **sizes)
    mesh = trimesh.Trimesh(made.vertices_mm, made.faces, process=False)
    assert mesh.is_watertight and mesh.is_winding_consistent and mesh.euler_number == 2
    return mesh


@pytest.mark.parametrize("shape", [(60, 80), (80, 60), (2, 2), (3, 700)])
def test_a_plate_has_the_volume_of_a_box(shape: tuple[int, int]) -> None:
    mesh = _checked(np.full(shape, 0.5), width_mm=120, relief_mm=8, base_mm=2)
    height_mm = 120 * shape[0] / shape[1]
    assert mesh.volume == pytest.approx(120 * height_mm * 6, rel=1e-5)
    np.testing.assert_allclose(mesh.bounds, [[0, 0, 0], [120, height_mm, 6]], atol=1e-3)


def test_noise_stays_closed_and_a_ramp_has_its_own_volume() -> None:
    noise = np.random.default_rng(1).uniform(0, 1, (90, 120))
    assert 0 < _checked(noise, width_mm=10, relief_mm=30, base_mm=0.4).volume < 10 * 7.5 * 30.4
    ramp = np.broadcast_to(np.linspace(0, 1, 101), (51, 101))
    mesh = _checked(ramp, width_mm=20, relief_mm=4, base_mm=1)
    assert mesh.volume == pytest.approx(20 * 20 * 51 / 101 * 3, rel=1e-4)


def test_up_in_the_photo_is_up_in_the_solid() -> None:
    heights = np.zeros((40, 40))
    heights[:10, :20] = 1  # the upper left
    mesh = _checked(heights, width_mm=40, relief_mm=5, base_mm=1)
    high = mesh.vertices[mesh.vertices[:, 2] > 5.9]
    assert high[:, 0].max() < 21 and high[:, 1].min() > 29


@pytest.mark.parametrize(
    ("curve", "middle"), [("log", 0.5), ("inverse", (1 / 4 - 1 / 16) / (1 - 1 / 16)), ("linear", 12 / 15)]
)
def test_curves(curve: Curve, middle: float) -> None:
    z_m = np.repeat(np.float32([1, 4, 16]), 100).reshape(3, 100)
    heights = heights_from_depth(z_m, np.ones(z_m.shape, bool), None, curve)
    np.testing.assert_allclose(heights[:, 50], [1, middle, 0], atol=1e-6)


def test_sky_is_lowest_and_holes_continue_what_is_next_to_them() -> None:
    z_m = np.repeat(np.float32([1, 1, 2, 4, 9]), 100).reshape(5, 100)
    z_m[0, 0] = np.nan
    keep, sky = np.isfinite(z_m), np.zeros(z_m.shape, bool)
    keep[4], sky[4] = False, True
    heights = heights_from_depth(z_m, keep, sky, "log")
    np.testing.assert_allclose(heights[:, 0], [1, 1, 0.5, 0, 0], atol=1e-6)
    # All at one depth is a plate.
    assert np.ptp(heights_from_depth(np.full((4, 4), 2, np.float32), np.ones((4, 4), bool), None, "log")) == 0
    with pytest.raises(ExportError, match="no depth"):
        heights_from_depth(z_m, np.zeros(z_m.shape, bool), None, "log")


def test_a_lithophane_is_thick_where_the_photo_is_dark() -> None:
    rgb = np.repeat(np.uint8([0, 51, 255]), 3).reshape(1, 3, 3)
    np.testing.assert_allclose(heights_from_light(rgb), [[1, 0.8, 0]], atol=1e-6)
