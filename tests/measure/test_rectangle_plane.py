"""Lengths in the plane of a rectangle of known size, without depth and without a camera."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rooms import CAMERA as ROOM_CAMERA
from rooms import MODEL, estimated, on_floor, on_wall, room_depth, scene_of, wall_rectangle

from recon.constraints import Pixel, Rectangle
from recon.measure import MeasurementError, RectanglePlane
from recon.measure.off_plane import off_plane
from recon.types import Intrinsics

Array = NDArray[np.float64]

W, H = 1200, 900
CAMERA = Intrinsics(1000.0, 1010.0, 620.0, 440.0, W, H)
SIDES = (0.9, 2.03)


def seen(places_m: Array, tilt: tuple[float, float, float], at_m: tuple[float, float, float]) -> Array:
    """(N, 2) px of (N, 2) places in a plane, m, turned by a rotation vector and moved."""
    import cv2

    turn = cv2.Rodrigues(np.array(tilt))[0]
    points = np.concatenate([places_m, np.zeros((len(places_m), 1))], axis=1) @ turn.T + np.array(at_m)
    k = CAMERA
    return np.stack(
        [points[:, 0] / points[:, 2] * k.fx + k.cx, points[:, 1] / points[:, 2] * k.fy + k.cy], axis=1
    )


def rectangle_of(corners_px: Array, sigma: float = 0.01) -> Rectangle:
    a, b, c, d = ((float(x), float(y)) for x, y in corners_px)
    return Rectangle((a, b, c, d), *SIDES, sigma)


CORNERS_M = np.array([(0.0, 0.0), (SIDES[0], 0.0), SIDES, (0.0, SIDES[1])])
ASKED_M = np.array([(-0.4, 0.3), (1.3, 1.9), (0.2, 2.2)])
TILT, PLACE = (0.5, 0.6, 0.1), (-0.5, -1.0, 4.0)


def door(
    tilt: tuple[float, float, float] = TILT,
    at_m: tuple[float, float, float] = PLACE,
    noise: Array | None = None,
) -> tuple[RectanglePlane, list[Pixel]]:
    """A door's plane and the positions of ``ASKED_M``."""
    pixels = seen(np.concatenate([CORNERS_M, ASKED_M]), tilt, at_m) + (0.0 if noise is None else noise)
    plane = RectanglePlane(rectangle_of(pixels[:4]), width=W, height=H)
    return plane, [(float(x), float(y)) for x, y in pixels[4:]]


@settings(max_examples=40)
@given(st.floats(-0.9, 0.9), st.floats(-0.9, 0.9), st.floats(-1, 1), st.floats(3.5, 8))
def test_lengths_angles_and_areas_in_the_plane_are_exact_for_any_camera(
    tilt_x: float, tilt_y: float, roll: float, away: float
) -> None:
    pixels = seen(np.concatenate([CORNERS_M, ASKED_M]), (tilt_x, tilt_y, roll), (-0.4, -1.0, away))
    assume(bool((pixels > 0).all() and (pixels < [W, H]).all()))
    plane, (a, b, c) = door((tilt_x, tilt_y, roll), (-0.4, -1.0, away))
    pa, pb, pc = ASKED_M
    assert plane.distance(a, b).value == pytest.approx(np.linalg.norm(pa - pb), rel=1e-9)
    assert plane.plane_coordinates([a, b, c]) == pytest.approx(ASKED_M, abs=1e-8)
    both = [np.linalg.norm(pb - pa), np.linalg.norm(pc - pb)]
    line = plane.polyline([a, b, c])
    assert line.value == pytest.approx(sum(both), rel=1e-9)
    assert [part.value for part in line.parts.values()] == pytest.approx(both, rel=1e-9)
    one, other = pa - pb, pc - pb
    cosine = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
    assert plane.angle(a, b, c).value == pytest.approx(np.degrees(np.arccos(cosine)), abs=1e-6)
    area = abs(one[0] * other[1] - one[1] * other[0]) / 2
    assert plane.area([a, b, c]).value == pytest.approx(area, rel=1e-8)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    held, widths = 0, []
    true_m = float(np.linalg.norm(ASKED_M[0] - ASKED_M[1]))
    for _ in range(400):
        plane, (a, b, _) = door(noise=rng.normal(0, 0.5, (7, 2)))
        sides = Rectangle(
            plane.rectangle.corners_px, *(s * float(np.exp(rng.normal(0, 0.01))) for s in SIDES), 0.01
        )
        result = RectanglePlane(sides, width=W, height=H).distance(a, b)
        assert result.low is not None and result.high is not None
        held += result.low <= true_m <= result.high
        widths.append((result.high - result.low) / 2)
    assert 0.92 <= held / 400 <= 0.98
    # Half a pixel at 1000 px and 4 to 5 m is 2 mm or more at each end, and 1 % of 2.3 m is 23 mm.
    assert 0.02 < np.mean(widths) < 0.12


def test_a_side_that_is_measured_from_its_own_corners_is_as_sure_as_it_was_given() -> None:
    plane, _ = door()
    a, b, *_ = plane.rectangle.corners_px
    result = plane.distance(a, b)
    assert result.value == pytest.approx(0.9) and result.sigma == pytest.approx(0.009, rel=1e-6)
    assert result.includes == ("picking (0.5 px)", "the rectangle's sides (1 %)")


def test_what_is_not_known_is_said() -> None:
    plane, (a, b, _) = door()
    assert any("assumed" in text for text in plane.distance(a, b).not_included)


def test_a_plane_whose_horizon_runs_through_the_picture_s_first_corner_is_measured() -> None:
    """There the last element of the homography is 0, and to divide by it is the textbook's usual way."""
    floor = Rectangle(((500, 400), (700, 400), (800, 800), (400, 800)), 1.0, 2.0)
    plane = RectanglePlane(floor, width=W, height=H)
    assert plane.distance((500, 400), (400, 800)).value == pytest.approx(2.0)
    # Inverse depth is linear in y: half of the depth between is at two thirds of the way down.
    assert plane.distance((600, 800), (600, 400 + 400 / 3)).value == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("pixels", "says"),
    [
        ([(5.0, 5.0), (-3.0, 5.0)], "lies outside the photo of 1200 x 900 px"),
        ([(5.0, 5.0), (float("nan"), 5.0)], "not a position"),
        ([(700.0, 500.0), (700.0, 500.0)], "given twice in a row"),
    ],
)
def test_positions_that_cannot_be_are_refused(pixels: list[Pixel], says: str) -> None:
    with pytest.raises(MeasurementError, match=says):
        door()[0].distance(pixels[0], pixels[1])


def test_corners_outside_of_the_photo_and_crossing_outlines_are_refused() -> None:
    outside = Rectangle(((10, 10), (2000, 10), (2000, 800), (10, 800)), 1.0, 1.0)
    with pytest.raises(MeasurementError, match="lies outside the photo"):
        RectanglePlane(outside, width=W, height=H)
    plane, _ = door()
    with pytest.raises(MeasurementError, match="cross"):
        plane.area([(600, 400), (700, 500), (700, 400), (600, 500)])
    with pytest.raises(MeasurementError, match="three corners"):
        plane.area([(600, 400), (700, 500)])


def test_nothing_is_measured_beyond_the_horizon() -> None:
    # A floor seen at a slant: its horizon is at y = 250.
    floor = Rectangle(((500, 600), (700, 600), (800, 800), (400, 800)), 1.0, 1.0)
    plane = RectanglePlane(floor, width=W, height=H)
    assert plane.distance((600, 500), (600, 800)).value > 1.5
    with pytest.raises(MeasurementError, match="horizon"):
        plane.distance((600, 800), (600, 390))


def test_positions_off_the_plane_are_named_by_the_depth_of_a_scene() -> None:
    room = scene_of(room_depth(), estimated(MODEL))
    on, off = (130.5, 20.5), (60.5, 110.5)
    assert np.linalg.norm(on_floor(*off) - on_wall(*off)) > 0.5
    assert off_plane(room, wall_rectangle(), [on]) == []
    (message,) = off_plane(room, wall_rectangle(), [on, off])
    assert message.startswith("60.5,110.5 does not lie in the plane of the rectangle")
    # Without an error model, the error is assumed.
    (message,) = off_plane(scene_of(room_depth(), estimated(None)), wall_rectangle(), [on, off])
    assert message.startswith("60.5,110.5")


def test_depth_too_rough_for_the_check_says_what_the_result_then_needs() -> None:
    rough = estimated(replace(MODEL, smooth=0.29))
    (message,) = off_plane(scene_of(room_depth(), rough), wall_rectangle(), [(60.5, 110.5), (50.5, 20.5)])
    assert message.startswith("the depth of m is too rough to check"), message
    assert message.endswith("holds only if all its positions lie in that plane"), message


@pytest.mark.parametrize(
    ("off", "begin"),
    [
        (1.2, ["the depth of m is too rough"]),
        (0.4, ["131.5,20.5 probably does not lie in the plane", "the depth of m is too rough"]),
        (0.1, ["131.5,20.5 does not lie in the plane"]),
    ],
)
def test_positions_off_the_plane_by_more_than_the_error_of_rough_depth_are_named(
    off: float, begin: list[str]
) -> None:
    z_m = room_depth()
    z_m[10:30, 125:140] *= np.float32(off)
    room = scene_of(z_m, estimated(replace(MODEL, smooth=0.29)))
    messages = off_plane(room, wall_rectangle(), [(131.5, 20.5)])
    assert len(messages) == len(begin)
    assert all(message.startswith(words) for message, words in zip(messages, begin, strict=True)), messages


@pytest.mark.parametrize(("off", "named"), [(1.01, False), (1.05, True)])
def test_a_position_that_lies_little_off_the_plane_may_lie_in_it_however_exact_the_depth_is(
    off: float, named: bool
) -> None:
    z_m = room_depth()
    z_m[10:30, 125:140] *= np.float32(off)
    assert bool(off_plane(scene_of(z_m), wall_rectangle(), [(131.5, 20.5)])) == named


def test_what_cannot_be_checked_is_said() -> None:
    known = np.ones((ROOM_CAMERA.height, ROOM_CAMERA.width), bool)
    known[10:50, 30:120] = False
    room = scene_of(room_depth(), estimated(MODEL), valid=known)
    (message,) = off_plane(room, wall_rectangle(), [(130.5, 20.5)])
    assert "not checked" in message
    known[:] = True
    known[100:, :] = False
    (message,) = off_plane(
        scene_of(room_depth(), estimated(MODEL), valid=known), wall_rectangle(), [(60.5, 110.5)]
    )
    assert "60.5,110.5" in message and "not checked" in message
