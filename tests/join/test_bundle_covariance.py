"""The uncertainty that poses leave, against bundle adjustments of generated features."""

from collections.abc import Sequence

import numpy as np
import pytest

from recon.join.bundle import bundle_of
from recon.join.bundle_covariance import depth_of, pose_covariance
from recon.join.posed_view import PosedView
from recon.join.poses import CameraPose, Poses
from tools.bench.join_coverage import relative, sensors
from tools.sequences.adjusted import adjusted, size_of
from tools.sequences.walk import walk


@pytest.fixture(scope="module")
def views() -> Sequence[PosedView]:
    return walk(3, width=160, height=120).views


@pytest.mark.parametrize(("count", "fit_focal", "noise_px"), [(2, False, 0.2), (3, True, 0.3)])
def test_the_interval_contains_the_truth_as_often_as_it_says(
    count: int, fit_focal: bool, noise_px: float
) -> None:
    pytest.importorskip("pycolmap")
    drawn = list(sensors(40, count=count, fit_focal=fit_focal, noise_px=noise_px))
    assert np.mean([each.inside for each in drawn]) >= 0.85
    assert 0.7 < np.sqrt(np.mean([each.sigmas**2 for each in drawn])) < 1.2
    # Poses and sensor matter about equally, so that leaving out the errors of the poses would show.
    assert np.median([each.interval for each in drawn]) > 0.035


def test_outliers_and_one_length_do_not_make_the_interval_too_wide() -> None:
    drawn = list(relative(30, noise=0.03, smooth=False))
    assert np.mean([each.inside for each in drawn]) >= 0.9
    assert np.sqrt(np.mean([each.sigmas**2 for each in drawn])) > 0.7


@pytest.mark.parametrize(
    ("wrong", "fit_focal", "sigmas", "lens_sigma"),
    [({"focal": np.exp(0.01)}, False, [0.01] * 3, 0.0), ({"distortion": 0.01}, True, [None] * 3, 0.01)],
    ids=["a kept focal length", "a lens of which nothing is known"],
)
def test_what_the_adjustment_takes_for_granted_moves_depth_as_a_second_one_says(
    views: Sequence[PosedView], wrong: dict, fit_focal: bool, sigmas: list, lens_sigma: float
) -> None:
    pytest.importorskip("pycolmap")
    common = {"noise_px": 0.0, "fit_focal": fit_focal}
    found, moved = (adjusted(views, np.random.default_rng(1), **common, **each) for each in ({}, wrong))
    logs = []
    for arrays in (found, moved):
        of_photo = [np.log(arrays["z"][arrays["image"] == k]).mean() for k in range(3)]
        logs.append(np.array(of_photo) - np.log(size_of(arrays["world_T_cam"])))
    expected = logs[1] - logs[0]
    assert np.abs(expected).max() > 0.001
    bundle = bundle_of(found, range(3), sigmas, lens_sigma=lens_sigma)
    np.testing.assert_allclose(
        depth_of(pose_covariance(bundle)), np.outer(expected, expected), rtol=0.2, atol=1e-6
    )


def test_features_that_are_off_twice_as_far_leave_depth_half_as_certain(views: Sequence[PosedView]) -> None:
    pytest.importorskip("pycolmap")
    sigmas = []
    for noise_px in (0.2, 0.4):
        found = adjusted(views, np.random.default_rng(0), noise_px=noise_px)
        covariance = depth_of(pose_covariance(bundle_of(found, range(3), [0.0] * 3)))
        assert covariance is not None
        sigmas.append(np.sqrt(covariance.mean()))
    assert sigmas[1] / sigmas[0] == pytest.approx(2, rel=0.1)


def test_a_photo_without_points_has_no_covariance(views: Sequence[PosedView]) -> None:
    pytest.importorskip("pycolmap")
    found = dict(adjusted(views, np.random.default_rng(0)))
    found["z"] = np.where(found["image"] == 2, -1.0, found["z"])
    assert bundle_of(found, range(3), [None] * 3) is None
    assert bundle_of(found, [1, 0], [None] * 2) is not None


def test_numbers_of_a_damaged_model_give_no_covariance(views: Sequence[PosedView]) -> None:
    pytest.importorskip("pycolmap")
    found = dict(adjusted(views, np.random.default_rng(0)))
    for far in (np.inf, 1e300):
        bundle = bundle_of({**found, "points": np.full_like(found["points"], far)}, range(3), [None] * 3)
        assert pose_covariance(bundle) is None
    assert pose_covariance(None) is None
    assert depth_of(None) is None


def test_photos_that_are_left_out_leave_the_covariance_of_the_others() -> None:
    poses = {index: CameraPose(np.eye(4)) for index in (5, 1, 3)}
    covariance = np.arange(27.0**2).reshape(3, 9, 3, 9)
    found = Poses(poses, "test", covariance=covariance).covariance_of([1, 5])
    assert found is not None
    np.testing.assert_array_equal(found, covariance[::2][:, :, ::2])
    assert Poses(poses, "test").covariance_of([1]) is None
