"""Where up is, from the vertical lines of drawn pictures whose camera is known."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tilted_rooms import BACK, CEILING, FLOOR, SIDE, cam_R_world, room

from recon.geometry.gravity import Levelling, estimate_levelling
from recon.geometry.vertical_lines import LinesUp, up_from_lines
from recon.types import Intrinsics, MetricDepth

CAMERA = Intrinsics.from_focal(520.0, width=640, height=480, source="user")
Picture = NDArray[np.uint8]


def drawn(pitch_deg: float, roll_deg: float, posts: int = 16, camera: Intrinsics = CAMERA) -> Picture:
    """Dark posts, 1 to 5 m away, on a light ground, seen by a tilted camera."""
    picture = np.full((camera.height, camera.width, 3), 230, np.uint8)
    rng = np.random.default_rng(0)
    turn = cam_R_world(pitch_deg, roll_deg)
    for x in np.linspace(-2.4, 2.4, posts):
        height = np.linspace(-3, 3, 50)
        along = np.stack([np.full(50, x), height, np.full(50, -rng.uniform(2, 5))]) + 0.0
        seen = turn @ along
        seen = seen[:, seen[2] > 0.2]
        u, v = seen[0] / seen[2] * camera.fx + camera.cx, seen[1] / seen[2] * camera.fy + camera.cy
        ends = [(round(8 * u[k] - 4), round(8 * v[k] - 4)) for k in (0, -1)]
        cv2.line(picture, *ends, (40, 40, 40), 4, cv2.LINE_AA, 3)
    return picture


def scribbled(lines: int) -> Picture:
    """Lines of all directions."""
    picture = np.full((480, 640, 3), 230, np.uint8)
    rng = np.random.default_rng(1)
    for start, end in zip(rng.uniform(0, 640, (lines, 2)), rng.uniform(0, 640, (lines, 2)), strict=True):
        cv2.line(picture, start.astype(int), end.astype(int), (40, 40, 40), 3, cv2.LINE_AA)
    return picture


def off_deg(up: NDArray[np.float64] | tuple[float, float, float], pitch_deg: float, roll_deg: float) -> float:
    true = cam_R_world(pitch_deg, roll_deg) @ [0, 1, 0]
    return float(np.degrees(np.arccos(np.clip(np.array(up) @ true, -1, 1))))


def up_of(picture: Picture, camera: Intrinsics = CAMERA) -> LinesUp:
    lines = up_from_lines(picture, camera, 45.0)
    assert lines is not None
    return lines


@pytest.mark.parametrize(("pitch_deg", "roll_deg"), [(0, 0), (-30, 4), (-12, -15), (15, 3)])
def test_posts_tell_where_up_is(pitch_deg: float, roll_deg: float) -> None:
    lines = up_of(drawn(pitch_deg, roll_deg))
    assert off_deg(lines.up_cam, pitch_deg, roll_deg) < 0.3
    assert lines.confidence > 0.6 and lines.sigma_deg < 1


def test_a_photo_of_twice_the_size_tells_the_same() -> None:
    large = cv2.resize(drawn(-20, 5), (1280, 960), interpolation=cv2.INTER_CUBIC)
    camera = CAMERA.resized(width=1280, height=960)
    assert off_deg(up_of(np.asarray(large, np.uint8), camera).up_cam, -20, 5) < 0.3


def test_lines_of_all_directions_tell_nothing() -> None:
    assert up_of(scribbled(60)).confidence < 0.15


def test_one_post_does_not_tell() -> None:
    lines = up_of(drawn(0, 0, posts=1))
    assert lines.confidence < 0.3 and lines.sigma_deg > 3


def test_without_lines_there_is_no_estimate() -> None:
    assert up_from_lines(np.full((480, 640, 3), 128, np.uint8), CAMERA, 45.0) is None
    small = Intrinsics.from_focal(3.0, width=4, height=3, source="user")
    assert up_from_lines(np.zeros((3, 4, 3), np.uint8), small, 45.0) is None


def test_a_camera_that_looks_steeply_up_may_look_down_at_a_table() -> None:
    assert up_of(drawn(26, 0)).confidence <= 0.5


def levelled(pitch_deg: float, bent: float, picture: Picture | None) -> Levelling:
    """A room whose depth is bent, as a network bends it: farther towards the top."""
    z_m = room([FLOOR, CEILING, BACK, SIDE], pitch_deg, 0)
    z_m *= np.exp(bent * np.linspace(1, -1, 240)[:, None])
    camera = Intrinsics.from_focal(260.0, width=320, height=240, source="user")
    photo = None if picture is None else np.asarray(cv2.resize(picture, (320, 240)), np.uint8)
    return estimate_levelling(
        MetricDepth(z_m.astype(np.float32), np.ones(z_m.shape, bool)), z_m > 0, camera, photo
    )


def test_lines_straighten_what_bent_depth_tilts() -> None:
    alone, both = levelled(-10, 0.35, None), levelled(-10, 0.35, drawn(-10, 0))
    assert off_deg(alone.up_cam, -10, 0) > 4
    assert off_deg(both.up_cam, -10, 0) < 1 and both.sure


def test_lines_and_surfaces_that_agree_are_surer_than_each() -> None:
    picture = drawn(-10, 0, posts=8)
    alone, both = levelled(-10, 0.06, None), levelled(-10, 0.06, picture)
    assert off_deg(alone.up_cam, -10, 0) < 5
    assert off_deg(both.up_cam, -10, 0) < 1
    assert both.confidence > max(alone.confidence, 0.6) and both.camera_height_m is not None


def test_scribbles_leave_the_surfaces_estimate_nearly_alone() -> None:
    alone, both = levelled(-10, 0.0, None), levelled(-10, 0.0, scribbled(60))
    assert off_deg(both.up_cam, -10, 0) < off_deg(alone.up_cam, -10, 0) + 0.5
    assert both.confidence > alone.confidence - 0.2


def test_lines_that_contradict_sure_surfaces_lower_the_confidence() -> None:
    alone, both = levelled(-10, 0.0, None), levelled(-10, 0.0, drawn(-30, 25))
    assert alone.confidence > 0.8 and both.confidence < 0.5
