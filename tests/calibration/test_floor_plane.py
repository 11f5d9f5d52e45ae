"""The floor in depth of unknown scale, and how the camera's height above it follows the depth of its parts."""

from dataclasses import replace

import numpy as np
import pytest
from synthetic import CAMERA, floor_and_wall, plane, with_box

from recon.calibration.floor_plane import find_floor
from recon.errors import CalibrationError
from recon.geometry.gravity import Levelling
from recon.geometry.unproject import rays_of

RAYS = rays_of(CAMERA)
ROOM = floor_and_wall(height_m=1.5, wall_m=10.0)
ALL = np.ones(ROOM.shape, bool)


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (0.02, -0.05), (7.0, 0.1)])
def test_the_height_above_the_floor_is_found_at_any_scale_and_shift(scale: float, shift: float) -> None:
    value = ((1 / ROOM - shift) / scale).astype(np.float32)
    result = find_floor(value, ALL, RAYS)
    assert result.height(scale, shift, 1.0) == pytest.approx(1.5, rel=2e-3)


def test_a_table_top_is_no_floor_where_something_is_seen_beneath_it() -> None:
    """It fills most of the lower half of the image, but the floor continues behind and below its edges."""
    table = plane((0, 1, 0), 0.7, RAYS)
    z = ROOM.copy()
    covered = np.zeros(ROOM.shape, bool)
    covered[75:, 20:120] = True
    z[covered] = np.minimum(table, ROOM)[covered]
    result = find_floor((1 / z).astype(np.float32), ALL, RAYS)
    assert result.height(1.0, 0.0, 1.0) == pytest.approx(1.5, rel=0.01)
    assert covered[60:].mean() > 0.45


def test_where_a_wall_fills_the_view_there_is_no_floor() -> None:
    with pytest.raises(CalibrationError):
        find_floor(np.full(ROOM.shape, 0.3, np.float32), ALL, RAYS)


@pytest.mark.parametrize(("near", "far"), [(1.0, 0.0), (0.8, 0.03)])
def test_the_weights_are_what_the_height_follows_the_depth_of_each_part_by(near: float, far: float) -> None:
    z = with_box(ROOM, slice(70, 110), slice(60, 100), 2.0)
    value = (1 / z).astype(np.float32)
    result = find_floor(value, ALL, RAYS)
    weights = result.weights(near, far, 1.0)
    assert weights.sum() == pytest.approx(1.0, abs=1e-6)
    # The nearest part counts for it, the farthest against it.
    depth = 1 / (result.rays @ result.plane)
    assert weights[depth.argmin()] > 0
    error = np.random.default_rng(0).normal(0, 1e-4, len(weights))
    inverse = far + near * (result.rays @ result.plane)
    moved = result.plane + (inverse * np.expm1(-error) / near) @ result.pull
    before, after = (
        result.height(near, far, 1.0),
        type(result)(moved, result.rays, result.pixels_px, result.pull),
    )
    assert np.log(after.height(near, far, 1.0) / before) == pytest.approx(weights @ error, rel=1e-2)


@pytest.mark.parametrize(("height_m", "taken"), [(1.6, True), (0.9, False), (None, False)])
def test_the_plane_that_levels_the_scene_is_taken_unless_it_is_another_surface(
    height_m: float | None, taken: bool
) -> None:
    result = find_floor((1 / ROOM).astype(np.float32), ALL, RAYS)
    levelling = Levelling((0.0, -1.0, 0.0), height_m, 1.0, 0.5, 0.5, None)
    levelled = result.levelled(levelling).height(1.0, 0.0, 1.0)
    assert levelled == pytest.approx(height_m if taken else 1.5, rel=2e-3)
    assert result.levelled(replace(levelling, confidence=0.0)) is result
