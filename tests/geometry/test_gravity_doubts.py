"""When gravity is believed, and what it is not taken from."""

import tracemalloc

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tilted_rooms import BACK, CAMERA, FLOOR, SIDE, Surface, level, room

Depth = NDArray[np.float64]


def waves(amplitude: float, length_px: float) -> Depth:
    """Factors of depth, (H, W): smooth bumps as a network makes them."""
    x, y = np.meshgrid(np.arange(320), np.arange(240))
    return 1 + amplitude * np.sin(2 * np.pi * x / length_px) * np.cos(2 * np.pi * y / length_px)


def wall(angle_deg: float, distance_m: float) -> Surface:
    """A wall that is turned from facing the camera."""
    return (float(np.sin(np.radians(angle_deg))), 0.0, -float(np.cos(np.radians(angle_deg)))), distance_m


def test_of_two_surfaces_that_may_be_the_floor_the_one_that_the_camera_is_held_over_wins() -> None:
    roof = ((0.0, -float(np.cos(np.radians(33))), -float(np.sin(np.radians(33)))), 1.9)
    z_m = room([FLOOR], -8, 0)
    sloping = room([roof], -8, 0)
    z_m[:, 130:] = sloping[:, 130:]
    result = level(z_m)
    assert abs(result.pitch_deg + 8) < 1


@pytest.mark.parametrize(("apart_deg", "trusted"), [(20, False), (70, True)])
def test_walls_that_face_nearly_one_way_leave_the_roll_open(apart_deg: float, trusted: bool) -> None:
    z_m = room([wall(-apart_deg / 2, 4.0), wall(apart_deg / 2, 4.0)], 4, 2)
    assert level(z_m).trusted == trusted


def test_a_stray_level_patch_below_the_floor_is_not_the_floor() -> None:
    z_m = room([FLOOR, BACK], -20, 0)
    pit = room([((0, -1, 0), 2.4)], -20, 0)
    z_m[200:218, 100:120] = pit[200:218, 100:120]
    assert level(z_m).camera_height_m == pytest.approx(1.5, rel=0.01)


def test_a_floor_with_bumps_has_one_height_and_one_normal() -> None:
    result = level(room([FLOOR, BACK, SIDE], -15, 4) * waves(0.02, 45))
    assert result.camera_height_m == pytest.approx(1.5, rel=0.01)
    assert result.pitch_deg == pytest.approx(-15, abs=0.3) and result.roll_deg == pytest.approx(4, abs=0.3)


@pytest.mark.parametrize(("off_deg", "trusted"), [(2, True), (6, False)])
def test_a_floor_that_is_not_square_to_the_walls_is_doubted(off_deg: float, trusted: bool) -> None:
    turn = np.radians(off_deg)
    ramp = ((float(np.sin(turn)), -float(np.cos(turn)), 0.0), 1.5)
    result = level(room([ramp, BACK, SIDE, ((-1, 0, 0), 2.5)], -10, 0))
    assert result.trusted == trusted


def test_heavy_noise_of_single_pixels_is_averaged() -> None:
    noise = np.random.default_rng(0).normal(0, 0.03, (720, 960))
    z_m = cv2.resize(room([FLOOR, BACK, SIDE], -10, 3), (960, 720), interpolation=cv2.INTER_NEAREST)
    result = level(z_m * (1 + noise), CAMERA.resized(width=960, height=720))
    assert result.pitch_deg == pytest.approx(-10, abs=1) and result.roll_deg == pytest.approx(3, abs=1)


def test_one_pixel_in_four_is_enough() -> None:
    z_m = room([FLOOR, BACK, SIDE], -10, 3)
    z_m[np.random.default_rng(0).random(z_m.shape) > 0.25] = np.inf
    result = level(z_m)
    assert result.pitch_deg == pytest.approx(-10, abs=0.2) and result.trusted


def test_what_lies_across_the_edges_of_things_on_the_floor_counts_next_to_nothing() -> None:
    z_m = room([FLOOR, BACK, SIDE], -15, 4)
    for row in range(90, 235, 16):
        for col in range(5, 310, 16):
            z_m[row : row + 8, col : col + 8] *= 0.94
    result = level(z_m)
    assert result.pitch_deg == pytest.approx(-15, abs=0.005)
    assert result.camera_height_m == pytest.approx(1.5, rel=1e-3)


def test_where_no_floor_is_seen_a_shelf_is_not_taken_for_one() -> None:
    z_m = room([BACK, SIDE, ((-0.8, 0, -0.6), 3.0)], 6, -4)
    shelf = room([((0, -1, 0), 0.3)], 6, -4)
    z_m[200:216, 100:120] = shelf[200:216, 100:120]
    result = level(z_m)
    assert result.trusted and result.camera_height_m is None


def test_the_search_takes_little_memory() -> None:
    z_m = room([FLOOR, BACK, SIDE], -10, 3)
    tracemalloc.start()
    level(z_m)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 300e6
