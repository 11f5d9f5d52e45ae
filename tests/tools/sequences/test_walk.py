"""Generated walks: depth, poses and the room agree, and features can be matched."""

import cv2
import numpy as np
import pytest

from recon.frames import apply
from recon.geometry.unproject import project, rays_of, unproject
from recon.join.posed_view import PosedView
from tools.sequences.walk import Walk, walk


@pytest.fixture(scope="module")
def short() -> Walk:
    return walk(3, seed=3)


def world_points(view: PosedView) -> np.ndarray:
    return apply(view.world_T_cam, unproject(view.depth.z_m, rays_of(view.intrinsics)).reshape(-1, 3))


def test_depth_lies_on_the_room_s_surfaces(short: Walk) -> None:
    for view in short.views:
        assert short.room.distance_m(world_points(view)).max() < 1e-5
    assert short.room.distance_m(np.array([[0, 2.5, 0]], np.float32)) == pytest.approx(0.1)


def test_photos_agree_where_they_see_the_same_point(short: Walk) -> None:
    first, last = short.views[0], short.views[2]
    seen = apply(np.linalg.inv(last.world_T_cam), world_points(first))
    u, v = np.floor(project(seen, last.intrinsics)).T.astype(int)
    inside = (u >= 0) & (v >= 0) & (u < 320) & (v < 240)
    expected, measured = seen[inside, 2], last.depth.z_m[v[inside], u[inside]]
    visible = np.abs(measured / expected - 1) < 0.02
    assert visible.mean() > 0.75
    colours = first.photo.rgb.reshape(-1, 3)[inside][visible].astype(float)
    off = np.abs(colours - last.photo.rgb[v[inside], u[inside]][visible]).mean()
    shuffled = np.abs(colours - np.roll(colours, 5000, axis=0)).mean()
    assert off < 0.4 * shuffled


def test_the_same_seed_gives_the_same_photos(short: Walk) -> None:
    again, other = walk(1, seed=3).views[0], walk(1, seed=4).views[0]
    assert again == short.views[0]
    assert (other.photo.rgb != again.photo.rgb).any()


def test_features_match_at_the_places_that_depth_and_poses_say(short: Walk) -> None:
    one, two = short.views[:2]
    sift = cv2.SIFT_create()
    (keys_one, about_one), (keys_two, about_two) = (
        sift.detectAndCompute(cv2.cvtColor(view.photo.rgb, cv2.COLOR_RGB2GRAY), None) for view in (one, two)
    )
    pairs = cv2.BFMatcher().knnMatch(about_one, about_two, k=2)
    matches = [best for best, second in pairs if best.distance < 0.8 * second.distance]
    # cv2 has the first pixel's centre at 0.
    at_one = np.array([keys_one[match.queryIdx].pt for match in matches]) + 0.5
    at_two = np.array([keys_two[match.trainIdx].pt for match in matches]) + 0.5
    col, row = at_one.astype(int).T
    z = one.depth.z_m[row, col].astype(float)
    camera = one.intrinsics
    points = np.stack(
        [(at_one[:, 0] - camera.cx) / camera.fx * z, (at_one[:, 1] - camera.cy) / camera.fy * z, z], 1
    )
    seen = apply(np.linalg.inv(two.world_T_cam) @ one.world_T_cam, points.astype(np.float32))
    off_px = np.linalg.norm(project(seen, two.intrinsics) - at_two, axis=1)
    assert len(matches) > 150
    assert (off_px < 2).mean() > 0.9


def test_larger_photos_show_the_same_view() -> None:
    small, large = walk(1).views[0], walk(1, width=640, height=480).views[0]
    halved = cv2.resize(large.photo.rgb, (320, 240), interpolation=cv2.INTER_AREA)
    assert np.abs(halved.astype(float) - small.photo.rgb).mean() < 4
    assert large.intrinsics.resized(width=320, height=240) == small.intrinsics
