"""Picks next to an object's outline."""

import numpy as np
import pytest
from rooms import CAMERA, room_depth
from synthetic import with_box

from recon.calibration.values import Values
from recon.geometry.nearer_surface import nearer_surface, outline_reach

ROOM = room_depth()
# The box's first column is 50.
BOX = with_box(ROOM, slice(30, 60), slice(50, 100), 2.0)
EVERYWHERE = np.ones(ROOM.shape, np.bool_)


def front(z_m: np.ndarray, row: int, col: int, reach: int = 3) -> tuple[int, int] | None:
    return nearer_surface(1 / z_m, EVERYWHERE, row=row, col=col, reach=reach)


@pytest.mark.parametrize("scale", [1.0, 0.02, 300.0])
def test_a_pick_beside_an_object_is_on_the_object(scale: float) -> None:
    for col in (47, 48, 49):
        found = front(BOX * scale, 45, col)
        assert found is not None and BOX[found] == 2.0
    # Within reach only, and never from the object to what is behind it.
    assert front(BOX, 45, 46) is None
    assert front(BOX, 45, 49, reach=0) is None
    assert front(BOX, 45, 50) is None and front(BOX, 45, 75) is None


def test_between_two_surfaces_the_object_counts_and_not_the_mixture() -> None:
    soft = BOX.copy()
    soft[:, 49] = 1 / (0.7 / BOX[:, 48] + 0.3 / BOX[:, 50])
    found = front(soft, 45, 48)
    assert found is not None and soft[found] == 2.0


# A floor up to its horizon, where inverse depth grows by half within a pixel.
FLOOR = (1 / (0.004 * (np.arange(60)[:, None] + 2 + 0 * np.arange(80)))).astype(np.float32)


def test_no_plane_is_in_front_of_itself() -> None:
    valid = np.ones(FLOOR.shape, np.bool_)
    for row in range(6, 60, 5):
        assert nearer_surface(1 / FLOOR, valid, row=row, col=40, reach=6) is None, row


def test_an_object_on_the_floor_is_in_front_of_it() -> None:
    on_floor = with_box(FLOOR, slice(10, 20), slice(30, 60), 8.0)
    valid = np.ones(FLOOR.shape, np.bool_)
    for row, col in ((8, 40), (15, 28)):
        found = nearer_surface(1 / on_floor, valid, row=row, col=col, reach=3)
        assert found is not None and on_floor[found] == 8.0


def test_a_step_smaller_than_the_noise_of_a_network_is_no_outline() -> None:
    wall = np.full(ROOM.shape, 4.0)
    wall[:, 50:] = 3.8
    assert front(wall, 45, 49) is None
    wall[:, 50:] = 3.6
    assert front(wall, 45, 49) is not None


def test_far_away_the_noise_of_relative_depth_is_no_step() -> None:
    # Its zero is not infinitely far: here it is the wall's own value, with noise of 0.3 % of the range.
    wall = 0.003 * np.random.default_rng(0).normal(size=(60, 80))
    valid = np.ones(wall.shape, np.bool_)
    picks = [(row, col) for row in range(5, 55, 3) for col in range(5, 75, 3)]

    def moved(least: float) -> int:
        found = (nearer_surface(wall, valid, row=r, col=c, reach=3, least=least) for r, c in picks)
        return sum(one is not None for one in found)

    assert moved(0.25) == 0 < moved(0.0)


def test_pixels_without_a_depth_are_no_surface() -> None:
    valid = EVERYWHERE.copy()
    valid[:, 50:] = False
    assert nearer_surface(1 / BOX, valid, row=45, col=49, reach=3) is None
    alone = np.zeros_like(valid)
    alone[45, 49] = True
    assert nearer_surface(1 / BOX, alone, row=45, col=49, reach=3) is None


def test_the_reach_is_one_pixel_of_the_network() -> None:
    assert outline_reach(512 * 384, width=1152, height=864) == 3
    assert outline_reach(1536 * 1536, width=1152, height=864) == 0
    assert outline_reach(None, width=1152, height=864) == 0
    assert outline_reach(384 * 512, width=384, height=512) == 0


def test_relative_depth_has_steps_of_its_range_far_away_too() -> None:
    # A wall at 0, the farthest value; noise of 0.3 % of the range, and an object that is nearer by 8 %.
    value = 0.003 * np.random.default_rng(0).normal(size=(120, 160)).astype(np.float32)
    value[:20] += 1.0
    value[60:100, 80:] += 0.08
    valid = np.ones(value.shape, np.bool_)
    values = Values.of(value, valid, CAMERA, shifted=True, outline_px=3)

    def at(x: float, y: float) -> float:
        return values.offset + values.unit * values.at((x, y), "")

    assert at(78.5, 80.5) == pytest.approx(0.08, abs=0.01)
    for x, y in ((x, y) for x in range(10, 70, 7) for y in range(30, 110, 7)):
        assert abs(at(x + 0.5, y + 0.5) - np.median(value[y - 1 : y + 2, x - 1 : x + 2])) < 1e-6
