from dataclasses import replace

import numpy as np
import pytest

from recon.calibration.calibration import apply
from recon.errors import CalibrationError
from recon.join.joint_fit import JointFit, joint_fit
from recon.join.posed_view import PosedView
from recon.join.view_problem import view_problem
from recon.types import DepthKind
from tools.sequences.spoiled import spoiled, true_length
from tools.sequences.walk import walk

UNIT_M = 3.0
A, B = (20.5, 60.5), (140.5, 70.5)


@pytest.fixture(scope="module")
def views() -> tuple[PosedView, ...]:
    return walk(3, width=160, height=120).views


def fit(
    views: tuple[PosedView, ...],
    kind: DepthKind,
    *,
    lengths: dict[int, float] | None = None,
    unit_sigma: float | None = None,
    seed: int = 0,
) -> JointFit:
    rng = np.random.default_rng(seed)
    problems = [
        view_problem(
            spoiled(
                view,
                rng,
                kind=kind,
                unit_m=UNIT_M if unit_sigma is None else 1.0,
                constraints=(true_length(view, A, B, times=lengths[k]),) if lengths and k in lengths else (),
            )
        )
        for k, view in enumerate(views)
    ]
    return joint_fit(problems, unit_sigma=unit_sigma)


def test_one_length_in_one_photo_makes_all_relative_maps_metric(views: tuple[PosedView, ...]) -> None:
    rng = np.random.default_rng(0)
    datas = [spoiled(view, rng, kind="relative", unit_m=UNIT_M) for view in views]
    datas[1] = spoiled(
        views[1], rng, kind="relative", unit_m=UNIT_M, constraints=(true_length(views[1], A, B),)
    )
    fitted = joint_fit([view_problem(each) for each in datas], unit_sigma=None)
    assert abs(np.log(fitted.metres_per_unit / UNIT_M)) < np.log1p(fitted.scale_interval)
    assert 0.01 < fitted.scale_interval < 0.2
    for view, data, calibration in zip(views, datas, fitted.calibrations, strict=True):
        z_m = apply(calibration, data.estimate.depth).z_m
        off = np.log(z_m / view.depth.z_m)
        assert abs(np.median(off)) < np.log1p(calibration.scale_interval)
        assert np.median(np.abs(off - np.median(off))) < 0.03


def test_the_metres_of_the_photos_decide_where_nothing_else_is_known(views: tuple[PosedView, ...]) -> None:
    fitted = fit(views, "metric")
    assert fitted.metres_per_unit == pytest.approx(UNIT_M, rel=0.3)
    # Nobody measured this estimator: the interval is as wide as the assumption.
    assert fitted.scale_interval > 0.8
    assert fitted.votes.all()


def test_a_known_length_outweighs_the_metres_of_an_unknown_estimator(views: tuple[PosedView, ...]) -> None:
    assert fit(views, "metric", lengths={2: 1.0}).metres_per_unit == pytest.approx(UNIT_M, rel=0.1)


def test_a_wrong_length_among_three_is_rejected(views: tuple[PosedView, ...]) -> None:
    fitted = fit(views, "relative", lengths={0: 1.0, 1: 1.7, 2: 1.0})
    assert fitted.metres_per_unit == pytest.approx(UNIT_M, rel=0.1)
    assert [each.constraints[0].used for each in fitted.calibrations] == [True, False, True]


def test_two_contradicting_lengths_are_an_error(views: tuple[PosedView, ...]) -> None:
    with pytest.raises(CalibrationError, match=r"inconsistent: --length .* than the others imply"):
        fit(views, "relative", lengths={0: 1.0, 2: 2.0})


def test_poses_in_metres_need_nothing_else(views: tuple[PosedView, ...]) -> None:
    fitted = fit(views, "relative", unit_sigma=0.01)
    assert fitted.metres_per_unit == pytest.approx(1.0, rel=1e-6)
    assert fitted.scale_interval == pytest.approx(0.0198, rel=0.05)


def test_without_any_metre_there_is_none(views: tuple[PosedView, ...]) -> None:
    with pytest.raises(CalibrationError, match="nothing determines the scale"):
        fit(views, "relative")


def test_metres_that_disagree_with_the_other_photos_have_no_vote(views: tuple[PosedView, ...]) -> None:
    rng = np.random.default_rng(2)
    datas = [spoiled(view, rng, kind="metric", unit_m=UNIT_M) for view in views]
    other = datas[1].estimate.depth
    object.__setattr__(other, "z_m", other.z_m * np.float32(12))  # type: ignore[union-attr]
    fitted = joint_fit([view_problem(each) for each in datas], unit_sigma=None)
    assert fitted.votes.tolist() == [True, False, True]
    assert fitted.metres_per_unit == pytest.approx(UNIT_M, rel=0.3)


def test_depth_that_contradicts_the_points_is_refused(views: tuple[PosedView, ...]) -> None:
    data = spoiled(views[0], np.random.default_rng(0), kind="relative", unit_m=UNIT_M)
    inverse = data.estimate.depth.inverse  # type: ignore[union-attr]
    inverse[:] = -inverse
    with pytest.raises(CalibrationError, match="contradicts the poses"):
        view_problem(data)
    inverse[:] = np.random.default_rng(1).permuted(inverse)
    with pytest.raises(CalibrationError, match=r"does not fit the poses|contradicts the poses"):
        view_problem(data)


def test_a_photo_with_too_few_common_points_is_refused(views: tuple[PosedView, ...]) -> None:
    data = spoiled(views[0], np.random.default_rng(0), kind="relative", unit_m=UNIT_M)
    rows, columns = np.nonzero(data.points.valid)
    data.points.valid[rows[49:], columns[49:]] = False
    with pytest.raises(CalibrationError, match=r"only 49 points .* more overlap"):
        view_problem(data)


def test_a_rough_estimator_is_not_refused_for_its_usual_error(views: tuple[PosedView, ...]) -> None:
    data = spoiled(views[0], np.random.default_rng(0), kind="metric", unit_m=UNIT_M, noise=0.9)
    with pytest.raises(CalibrationError, match="does not fit the poses"):
        view_problem(data)
    view_problem(replace(data, estimate=replace(data.estimate, model="preview")))


def test_wrong_points_do_not_widen_what_single_pixels_are_off_by(views: tuple[PosedView, ...]) -> None:
    with_wrong, without = (
        np.mean(
            [
                view_problem(
                    spoiled(
                        views[0], np.random.default_rng(k), kind="relative", unit_m=UNIT_M, outliers=share
                    )
                ).problem.spread.local
                for k in range(8)
            ]
        )
        for share in (0.15, 0.0)
    )
    assert with_wrong == pytest.approx(without, rel=0.1)
