"""Depth of a clip held steady: less jitter, the same scale, nothing smeared, nothing moved that the camera did."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from recon.types import Intrinsics, MetricDepth
from recon.video.blend import Expected, field_of
from recon.video.links import Linker
from recon.video.steadier import Steadier, ahead_of
from tools.sequences.room import furnished_room

WIDTH, HEIGHT = 128, 96
CAMERA = Intrinsics.from_fov(65, width=WIDTH, height=HEIGHT, source="user")
Maps = list[NDArray[np.float32]]
Pictures = list[NDArray[np.uint8]]


def steady(pictures: Pictures, depths: Maps) -> Maps:
    """The depths made steady, in order."""
    linker, steadier, given = Linker(), Steadier[int](), []
    for k, (rgb, z_m) in enumerate(zip(pictures, depths, strict=True)):
        camera = CAMERA.resized(width=z_m.shape[1], height=z_m.shape[0])
        given += steadier.add(k, MetricDepth(z_m, np.isfinite(z_m) & (z_m > 0)), linker.add(rgb), camera)
        assert k + 1 - len(given) <= ahead_of(width=WIDTH, height=HEIGHT)
    given += steadier.flush()
    assert [each.key for each in given] == list(range(len(pictures)))
    return [each.depth.z_m for each in given]


def shake(depths: Maps, seed: int = 0) -> Maps:
    """With random scale (5 %), shift and a smooth error (2 %) in each frame."""
    rng = np.random.default_rng(seed)

    def one(z_m: NDArray[np.float32]) -> NDArray[np.float32]:
        smooth = cv2.resize(rng.normal(0, 0.02, (4, 5)), z_m.shape[::-1], interpolation=cv2.INTER_CUBIC)
        inverse = np.exp(rng.normal(0, 0.05) + smooth) / z_m + rng.normal(0, 0.02) / np.median(z_m)
        return (1 / inverse).astype(np.float32)

    return [one(z_m) for z_m in depths]


@pytest.fixture(scope="module")
def walk() -> tuple[Pictures, Maps]:
    """Frames of a camera that goes 3 cm a frame through a room, and their true depth."""
    room, fine = furnished_room(0), CAMERA.resized(width=2 * WIDTH, height=2 * HEIGHT)
    u, v = np.meshgrid(np.arange(fine.width) + 0.5, np.arange(fine.height) + 0.5)
    rays = np.stack([(u - fine.cx) / fine.fx, (fine.cy - v) / fine.fy, -np.ones_like(u)], axis=-1)
    pictures, depths = [], []
    for k in range(40):
        z_m, rgb = room.cast(np.array([0.1, 1.4, 2.6 - 0.03 * k]), rays.reshape(-1, 3))
        rgb = rgb.reshape(fine.height, fine.width, 3)
        pictures.append(cv2.resize(rgb, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA))
        depths.append(z_m.reshape(fine.height, fine.width)[::2, ::2].astype(np.float32))
    return pictures, depths


@pytest.fixture(scope="module")
def still(walk: tuple[Pictures, Maps]) -> tuple[Pictures, Maps]:
    """A still camera before which a box of 1 m distance crosses, with noise."""
    rng = np.random.default_rng(3)
    pictures, depths = [], []
    thing = cv2.resize(rng.integers(0, 255, (12, 6, 3), np.uint8), (24, 50), interpolation=cv2.INTER_CUBIC)
    for k in range(60):
        rgb, z_m = walk[0][0].copy(), walk[1][0].copy()
        rgb[40:90, k : k + 24], z_m[40:90, k : k + 24] = thing, 1.0
        pictures.append(np.clip(rgb + rng.normal(0, 2, rgb.shape), 0, 255).astype(np.uint8))
        depths.append(z_m)
    return pictures, depths


def log_errors(depths: Maps, truth: Maps) -> NDArray[np.float64]:
    return np.log(np.stack(depths).astype(np.float64) / np.stack(truth))


def test_jitter_of_a_still_camera_falls_and_the_error_does_not_grow(still: tuple[Pictures, Maps]) -> None:
    pictures, truth = still
    shaken = shake(truth)
    before, after = log_errors(shaken, truth), log_errors(steady(pictures, shaken), truth)
    static = np.s_[:, :38]
    assert np.median(after[static].std(axis=0)) < np.median(before[static].std(axis=0)) / 3
    assert np.abs(after).mean() < 0.6 * np.abs(before).mean()
    # The scale is that of the model, on average: mostly of the first 28 frames, whose mean is sure to 1 %.
    assert abs(np.median(after) - np.median(before)) < 0.02


def test_the_field_takes_back_all_that_other_frames_contradict() -> None:
    """A share that stayed would add up: the depth of a still camera would follow the network within a second."""
    all_over = np.ones((60, 80), np.float32)
    expected = Expected(0.1 * all_over, 99 * all_over, is_still=True)
    field, frames = field_of(0 * all_over, all_over > 0, expected)
    np.testing.assert_allclose(field, 0.1, atol=2e-4)
    assert (frames == 100).all()


def test_what_the_network_changes_over_seconds_is_held_and_what_comes_nearer_is_not(
    still: tuple[Pictures, Maps],
) -> None:
    """The whole frame drifts by 40 %, and a part of the wall by 15 % more; the box before it comes to half its
    distance."""
    pictures, truth = still
    share = np.linspace(0, 1, len(truth), dtype=np.float32)
    drifted = [z_m * np.float32(np.exp(0.34 * s)) for z_m, s in zip(truth, share, strict=True)]
    for k, s in enumerate(share):
        drifted[k][:30, :60] *= np.float32(np.exp(0.14 * s))
        drifted[k][40:90, k : k + 24] *= np.float32(np.exp(-0.7 * s))
    steadied = log_errors(steady(pictures, drifted), truth)
    before, after = (each[:, :25].std(axis=0) for each in (log_errors(drifted, truth), steadied))
    assert np.median(after) < np.median(before) / 8 and after.max() < before.max() / 2
    # Relative to the frame, the box comes nearer as it does, but for a seventh: its plain parts look the same.
    box = [np.median(steadied[k][45:85, k + 4 : k + 20]) for k in (0, 30, 59)]
    wall = [np.median(steadied[k][:30, 70:]) for k in (0, 30, 59)]
    np.testing.assert_allclose(np.subtract(box, wall), [0, -0.7 * share[30], -0.7], atol=0.12)


def test_true_depth_stays_as_it_is_also_at_the_outlines_of_what_moves(still: tuple[Pictures, Maps]) -> None:
    pictures, truth = still
    assert np.abs(log_errors(steady(pictures, truth), truth)).max() < 0.02


def test_a_walk_is_not_held_still(walk: tuple[Pictures, Maps]) -> None:
    pictures, truth = walk
    assert truth[0].mean() - truth[-1].mean() > 0.6
    exact = log_errors(steady(pictures, truth), truth)
    assert np.abs(exact).mean() < 0.012
    shaken = shake(truth)
    before, after = log_errors(shaken, truth), log_errors(steady(pictures, shaken), truth)
    changes = [np.median(np.abs(np.diff(each, axis=0))) for each in (before, after)]
    assert changes[1] < changes[0] / 3 and np.abs(after).mean() < np.abs(before).mean()


def test_the_mean_log_scale_is_kept_over_hundreds_of_frames(walk: tuple[Pictures, Maps]) -> None:
    (picture, *_), (z_m, *_) = walk
    frames = 300
    scales = np.random.default_rng(0).normal(0.1, 0.05, frames)
    depths = [np.float32(np.exp(scale)) * z_m for scale in scales]
    given = np.array([np.log(np.median(each / z_m)) for each in steady([picture] * frames, depths)])
    assert given.mean() == pytest.approx(scales.mean(), abs=0.01)
    assert given[-50:].mean() == pytest.approx(scales.mean(), abs=0.01)
    assert np.abs(np.diff(given)).mean() < np.abs(np.diff(scales)).mean() / 20


def test_one_two_black_and_equal_frames(walk: tuple[Pictures, Maps]) -> None:
    (picture, *_), (z_m, *_) = walk
    for pictures in ([picture], [picture] * 2, [picture] * 20, [np.zeros_like(picture)] * 20):
        result = steady(pictures, [z_m] * len(pictures))
        assert np.abs(log_errors(result, [z_m] * len(pictures))).max() < 1e-4
    first, second = steady([picture] * 2, [z_m, 1.1 * z_m])
    assert np.median(first / z_m) == pytest.approx(np.median(second / z_m), abs=0.005)
    assert np.median(first / z_m) == pytest.approx(1.1**0.5, abs=0.01)


def test_frames_without_depth_and_changes_of_size(walk: tuple[Pictures, Maps]) -> None:
    (picture, *_), (z_m, *_) = walk
    unknown = np.full_like(z_m, np.nan)
    given = steady([picture] * 3, [z_m, unknown, 1.1 * z_m])
    assert np.isnan(given[1]).all()
    assert given[0] == pytest.approx(z_m) and given[2] == pytest.approx(1.1 * z_m)
    small = cv2.resize(picture, (100, 70)), np.full((70, 100), 2, np.float32)
    given = steady([picture, small[0], picture], [z_m, small[1], 1.1 * z_m])
    assert given[0] == pytest.approx(z_m) and given[2] == pytest.approx(1.1 * z_m)
    assert given[1] == pytest.approx(small[1])


def test_nothing_is_carried_over_a_cut(walk: tuple[Pictures, Maps]) -> None:
    (picture, *_), (z_m, *_) = walk
    other = np.ascontiguousarray(picture[::-1, ::-1])
    depths = [z_m, 1.3 * z_m, z_m, 1.3 * z_m]
    given = steady([picture, other, picture, other], depths)
    assert np.abs(log_errors(given, depths)).max() < 1e-6
