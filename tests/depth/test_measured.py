"""Measured depth on the photo's grid: planes stay planes, edges stay edges, nothing is invented."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.depth.measured import Measured
from recon.depth.photo_grid import resize_depth
from recon.errors import DepthFileError
from recon.types import MetricDepth

from .conftest import KeepingJournal, noise_photo


def plane_m(*, width: int, height: int) -> np.ndarray:
    """A slanted plane: its inverse depth is linear in the picture, at pixel centres of a unit square."""
    x, y = (np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height
    return (1 / (0.2 + 0.05 * x[None, :] + 0.1 * y[:, None])).astype(np.float32)


def test_a_plane_stays_a_plane_at_any_size() -> None:
    stored = plane_m(width=64, height=48)
    z_m, valid = resize_depth(stored, np.ones_like(stored, bool), width=256, height=192)
    assert valid.all()
    # Beyond the outermost stored centres there is nothing to interpolate with.
    np.testing.assert_allclose(z_m[4:-4, 4:-4], plane_m(width=256, height=192)[4:-4, 4:-4], rtol=1e-5)
    smaller, _ = resize_depth(stored, np.ones_like(stored, bool), width=32, height=24)
    np.testing.assert_allclose(smaller[1:-1, 1:-1], plane_m(width=32, height=24)[1:-1, 1:-1], rtol=1e-5)


@given(
    stored=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    wanted=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    seed=st.integers(0, 99),
)
def test_no_depth_appears_that_was_not_measured(
    stored: tuple[int, int], wanted: tuple[int, int], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    # Two surfaces at 1 m and 3 m, each within 2 %, and holes: no depth may lie between them.
    z_m = (rng.choice([1.0, 3.0], stored) * rng.uniform(0.99, 1.01, stored)).astype(np.float32)
    valid = rng.random(stored) > 0.3
    out, known = resize_depth(np.where(valid, z_m, 0), valid, width=wanted[1], height=wanted[0])
    assert out.shape == known.shape == wanted
    assert ((np.abs(out[known] - 1) < 0.011) | (np.abs(out[known] - 3) < 0.031)).all()
    assert not known.any() or valid.any()


@pytest.mark.parametrize(("behind_m", "is_one_surface"), [(1.03, True), (1.15, False)])
def test_a_small_step_is_a_slope_and_a_larger_one_an_edge(behind_m: float, is_one_surface: bool) -> None:
    z_m = np.tile(np.repeat(np.float32([1.0, behind_m]), 4), (8, 1))
    out, _ = resize_depth(z_m, np.ones_like(z_m, bool), width=64, height=64)
    between = (out > 1.001) & (out < behind_m - 0.001)
    assert between.any() == is_one_surface


def test_holes_neither_grow_nor_shrink() -> None:
    z_m = np.full((8, 8), 2.0, np.float32)
    valid = np.ones((8, 8), bool)
    valid[2:4, 3:6] = False
    _, known = resize_depth(np.where(valid, z_m, 0), valid, width=32, height=32)
    np.testing.assert_array_equal(known, valid.repeat(4, 0).repeat(4, 1))


def test_an_equal_size_is_passed_through_untouched(tmp_path: Path, journal: KeepingJournal) -> None:
    z_m = np.random.default_rng(0).uniform(0.5, 9, (30, 40)).astype(np.float32)
    np.save(tmp_path / "d.npy", z_m)
    estimate = Measured(tmp_path / "d.npy").estimate(
        noise_photo(width=40, height=30), focal_px=None, journal=journal
    )
    assert isinstance(estimate.depth, MetricDepth)
    np.testing.assert_array_equal(estimate.depth.z_m, z_m)
    assert estimate.model == "measured" and estimate.focal_px is None and estimate.focal_used_px is None
    assert estimate.details["unit_m"] == 1 and not journal.warnings()


def test_lower_resolution_is_brought_to_the_photo(tmp_path: Path, journal: KeepingJournal) -> None:
    np.save(tmp_path / "d.npy", plane_m(width=20, height=15))
    estimate = Measured(tmp_path / "d.npy").estimate(
        noise_photo(width=80, height=60), focal_px=50, journal=journal
    )
    assert estimate.depth.valid.shape == (60, 80)
    assert "resized to the photo" in journal.entries[0].message


def test_another_view_is_refused(tmp_path: Path, journal: KeepingJournal) -> None:
    np.save(tmp_path / "d.npy", np.ones((30, 40), np.float32))
    measured = Measured(tmp_path / "d.npy")
    with pytest.raises(DepthFileError, match="aspect ratio of the depth map"):
        measured.estimate(noise_photo(width=160, height=90), focal_px=None, journal=journal)
    with pytest.raises(DepthFileError, match="rotated by 90 degrees"):
        measured.estimate(noise_photo(width=60, height=80), focal_px=None, journal=journal)
    # One row less than 4:3, as sensors and codecs that want even sizes do.
    measured.estimate(noise_photo(width=160, height=119), focal_px=None, journal=journal)


@pytest.mark.parametrize("unit_m", [1e-6, 1.0])
def test_an_unlikely_unit_is_a_warning(tmp_path: Path, journal: KeepingJournal, unit_m: float) -> None:
    np.save(tmp_path / "d.npy", np.full((6, 8), 2500, np.uint16))
    Measured(tmp_path / "d.npy", unit_m).estimate(
        noise_photo(width=8, height=6), focal_px=None, journal=journal
    )
    (warning,) = journal.warnings()
    assert "--depth-unit" in warning
