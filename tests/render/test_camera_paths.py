"""Ways of the camera: where they begin, end and go. No Open3D."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tilted_rooms import cam_R_world

from recon.frames import gl_T_cam
from recon.render.camera_paths import DOLLY_SHARE, FLY_SHARE, PATHS, PathName, cameras, fly_share, moved
from recon.render.view_camera import ViewCamera, photo_camera
from recon.types import Intrinsics

_LENS = Intrinsics(fx=700.0, fy=700.0, cx=310.0, cy=250.0, width=640, height=480, source="user")
START = photo_camera(_LENS, gl_T_cam, 4.0)


def _eyes(places: list[ViewCamera]) -> np.ndarray:
    return np.array([place.eye for place in places])


def _levelled(pitch_deg: float, roll_deg: float) -> ViewCamera:
    """The photo's camera in a scene that was levelled."""
    world_T_cam = np.eye(4)
    world_T_cam[:3, :3] = cam_R_world(pitch_deg, roll_deg).T
    world_T_cam[1, 3] = 1.6
    return photo_camera(_LENS, world_T_cam, 4.0)


@given(
    name=st.sampled_from(PATHS),
    count=st.integers(1, 90),
    turn_deg=st.floats(1, 360),
    pitch_deg=st.floats(-90, 90),
    roll_deg=st.floats(-180, 180),
)
@settings(max_examples=100)
def test_every_way_begins_where_the_photo_was_taken(
    name: PathName, count: int, turn_deg: float, pitch_deg: float, roll_deg: float
) -> None:
    for start in (START, _levelled(pitch_deg, roll_deg)):
        places = list(cameras(name, start, count, turn_deg))
        assert len(places) == count
        np.testing.assert_allclose(places[0].view_T_world, start.view_T_world, atol=1e-9)
        assert name == "dolly-zoom" or all(place.lens == start.lens for place in places)


@given(
    pitch_deg=st.floats(-60, 60), roll_deg=st.floats(-60, 60), turn=st.floats(-3, 3), tilt=st.floats(0, 0.3)
)
@settings(max_examples=60)
def test_a_revolved_camera_keeps_its_roll_and_its_distance(
    pitch_deg: float, roll_deg: float, turn: float, tilt: float
) -> None:
    start = _levelled(pitch_deg, roll_deg)
    there = start.revolve(turn, tilt)
    np.testing.assert_allclose(there.target, start.target)
    assert there.distance_m == pytest.approx(start.distance_m)
    for camera in (start, there):
        right, _, back = camera.axes
        level = np.cross((0, 1, 0), back)
        rolled = np.degrees(np.arctan2(np.cross(level, right) @ back, level @ right))
        assert rolled == pytest.approx(-roll_deg, abs=1e-6) or rolled == pytest.approx(roll_deg, abs=1e-6)
    np.testing.assert_allclose(start.revolve(turn, 0).eye, start.orbit(turn, 0).eye, atol=1e-9)


@pytest.mark.parametrize("name", ["swing", "turntable", "fly", "dolly-zoom"])
@pytest.mark.parametrize("turn_deg", [40.0, 360.0])
def test_after_the_last_picture_comes_the_first_without_a_jump(name: PathName, turn_deg: float) -> None:
    eyes = _eyes(list(cameras(name, START, 200, turn_deg)))
    steps = np.linalg.norm(np.roll(eyes, -1, axis=0) - eyes, axis=1)
    assert steps.max() > 0
    assert steps[-1] <= steps.max() + 1e-9
    assert steps.max() < 4 * steps.mean()


@pytest.mark.parametrize("name", ["swing", "fly", "dolly-zoom"])
def test_it_starts_and_ends_at_rest(name: PathName) -> None:
    eyes = _eyes(list(cameras(name, START, 200, 40.0)))
    steps = np.linalg.norm(np.diff(eyes, axis=0), axis=1)
    assert max(steps[0], steps[-1]) < 0.05 * steps.max()


def test_a_swing_goes_half_its_angle_to_either_side_and_keeps_its_distance() -> None:
    places = list(cameras("swing", START, 400, 40.0))
    around = np.degrees([np.arctan2(e[0], e[2] + 4.0) for e in _eyes(places)])
    assert around.max() == pytest.approx(20, abs=0.2) and around.min() == pytest.approx(-20, abs=0.2)
    assert [place.distance_m for place in places] == pytest.approx([4.0] * 400)


def test_a_whole_turntable_is_even_and_sees_the_back() -> None:
    places = list(cameras("turntable", START, 36, 360.0))
    np.testing.assert_allclose(places[18].eye, (0, 0, -8), atol=1e-9)
    steps = np.linalg.norm(np.diff(_eyes(places), axis=0), axis=1)
    assert steps == pytest.approx([steps[0]] * 35)


@given(nearest_m=st.floats(0, 20, allow_subnormal=False), middle_m=st.floats(0.1, 20))
def test_a_flight_stays_before_what_is_nearest(nearest_m: float, middle_m: float) -> None:
    share = fly_share(nearest_m, middle_m)
    assert 0 <= share <= FLY_SHARE and share * middle_m <= nearest_m
    start = photo_camera(_LENS, gl_T_cam, middle_m)
    nearest = min(place.distance_m for place in cameras("fly", start, 50, 40.0, share))
    assert nearest == pytest.approx(middle_m * (1 - share), rel=1e-3)


def test_a_dolly_zoom_keeps_the_subject_in_place_and_enlarges_what_is_behind() -> None:
    places = list(cameras("dolly-zoom", START, 100, 40.0))
    # START is at the origin, 4 m from the centre of the path, with f = 700 px.
    for camera in places:
        factor = camera.distance_m / 4
        grid = [(x, y, -z) for x in (-1.0, 0.5) for y in (0.3, -0.8) for z in (2.0, 4.0, 9.0)]
        seen, ahead_m = camera.project(np.array(grid, np.float32), 640, 480)
        for (x, y, back), (x_px, y_px), ahead in zip(grid, seen, ahead_m, strict=True):
            assert ahead == pytest.approx(-back + 4 * (factor - 1), rel=1e-6)
            scale = 700 * factor / ahead
            assert (x_px, y_px) == pytest.approx((310 + scale * x, 250 - scale * y), rel=1e-5)
        at_subject = [k for k, point in enumerate(grid) if point[2] == -4.0]
        there = START.project(np.array(grid, np.float32), 640, 480)[0]
        np.testing.assert_allclose(seen[at_subject], there[at_subject], atol=1e-3)
    assert max(camera.distance_m for camera in places) == pytest.approx(4 * (1 + DOLLY_SHARE), rel=1e-3)


def test_a_moved_camera_looks_the_same_way() -> None:
    there = moved(START, (0.3, 0.1, -1.0))
    assert there.eye == pytest.approx((0.3, 0.1, -1.0))
    np.testing.assert_allclose(there.axes, START.axes, atol=1e-12)


def test_bad_values_are_refused() -> None:
    for name, count, share in (("loop", 3, 0.2), ("swing", 0, 0.2), ("fly", 3, 1.0)):
        with pytest.raises(ValueError, match="expected one of"):
            list(cameras(name, START, count, 40.0, share))  # type: ignore[arg-type]


def test_neither_paths_nor_films_need_open3d() -> None:
    program = "import recon.render.camera_paths, recon.render.film, recon.render.picture, sys; "
    program += "import recon_cli.commands.render; "
    done = subprocess.run([sys.executable, "-c", program + "sys.exit('open3d' in sys.modules)"], check=False)
    assert done.returncode == 0
