"""What is expected of an estimator's scale before anything is known, and what speaks against it."""

import numpy as np
import pytest
from synthetic import CAMERA, floor_and_wall, with_box

from recon.calibration.calibration import Calibration
from recon.calibration.error_models import assumed_error_model, lattice
from recon.calibration.fit import FitData, Unknowns, calibrate
from recon.calibration.report import doubts, fitted_text, summary, unfit_text
from recon.constraints import Constraint, DistanceAt, LengthBetween
from recon.error_model import ErrorModel
from recon.types import MetricDepth, RelativeDepth

Z = with_box(floor_and_wall(wall_m=10.0), slice(30, 90), slice(50, 100), 2.0)
ALL = np.ones(Z.shape, bool)
SIZE = {"width": CAMERA.width, "height": CAMERA.height}
MODEL = ErrorModel("m", scale=0.2, smooth=0.05, reach=0.3, local=0.0, photos=30, source="a test")
ROUGH = ErrorModel("m", scale=0.2, smooth=0.4, reach=0.33, local=0.0, photos=30, source="a test")
BOX, WALL, FLOOR = (75.5, 60.5), (20.5, 20.5), (80.5, 110.5)


def at(pixel: tuple[float, float], off: float = 1.0, sigma: float = 0.01) -> DistanceAt:
    x, y = pixel
    ray = np.array([(x - CAMERA.cx) / CAMERA.fx, (y - CAMERA.cy) / CAMERA.fy, 1.0])
    distance_m = off * float(np.linalg.norm(ray * Z[int(y), int(x)]))
    return DistanceAt(pixel, distance_m, sigma * distance_m)


def calibrated(
    constraints: list[Constraint],
    spread: ErrorModel | None = MODEL,
    *,
    times: float = 1.0,
    shift: bool = False,
    reference: MetricDepth | None = None,
) -> Calibration:
    return calibrate(
        MetricDepth((Z / times).astype(np.float32), ALL),
        FitData(constraints, reference, "constraints"),
        camera=CAMERA,
        unknowns=Unknowns(shift),
        model="m",
        spread=spread,
    )


def test_a_length_and_what_is_expected_share_the_say_by_their_uncertainty() -> None:
    rigid = ErrorModel("m", scale=0.1, smooth=0.0, reach=1.0, local=0.0, photos=30, source="a test")
    loose = DistanceAt(BOX, at(BOX).distance_m * 1.2, 0.1 * at(BOX).distance_m * 1.2)
    result = calibrated([loose], rigid)
    assert np.log(1 / result.scale) == pytest.approx(np.log(1.2) / 2, rel=1e-3)
    assert result.scale_interval == pytest.approx(np.expm1(1.96 * 0.1 / 2**0.5), rel=1e-3)
    assert result.scale_prior == 0.1


def test_a_reference_that_covers_the_picture_decides_against_what_is_expected() -> None:
    result = calibrated([], reference=MetricDepth((1.5 * Z).astype(np.float32), ALL))
    assert 1 / result.scale == pytest.approx(1.5, rel=1e-3)


def test_an_estimator_without_an_error_model_has_a_broad_prior_that_is_reported() -> None:
    result = calibrated([at(BOX)], None, times=1.3)
    assert 1 / result.scale == pytest.approx(1.3, rel=0.01)
    assert result.scale_prior == assumed_error_model("m").scale == 0.5
    assert "assumed 5 % per point and a factor of up to 2.7 in scale (95 %)" in summary(result, None)
    assert result.scale_interval > np.expm1(1.96 * 0.05)
    # A depth sensor is better than a network in all but its unit.
    assert assumed_error_model("measured").local < assumed_error_model("m").local


def test_relative_depth_has_no_prior() -> None:
    result = calibrate(
        RelativeDepth(((1 / Z + 0.05) / 0.02).astype(np.float32), ALL),
        FitData([at(BOX), at(WALL)]),
        camera=CAMERA,
        unknowns=Unknowns(shift=True),
        model="m",
        spread=None,
    )
    assert result.scale_prior is None
    assert summary(result, None).endswith("m has no error model: assumed 5 % per point")


def test_a_shift_that_one_length_does_not_determine_stays_at_its_prior() -> None:
    known = [at(BOX), at((76.5, 62.5))]
    result = calibrated(known, times=1.05, shift=True)
    assert 1 / result.scale == pytest.approx(1.05, rel=0.1)
    assert abs(result.shift) < 0.2 * np.median(1 / Z)
    # Points at different distances determine it.
    model = MetricDepth((1 / (1 / Z + 0.02)).astype(np.float32), ALL)
    determined = calibrate(
        model,
        FitData([at(BOX), at(WALL), at(FLOOR)]),
        camera=CAMERA,
        unknowns=Unknowns(shift=True),
        model="m",
        spread=ErrorModel("m", 0.2, 0.0, 1.0, 0.001, 30, "a test"),
    )
    assert determined.shift == pytest.approx(-0.02, abs=0.004)


def test_a_surprising_scale_is_taken_from_the_constraints_alone_and_reported() -> None:
    """A photo of a coin, or a tape that was read in the wrong unit."""
    result = calibrated([at(BOX), at(WALL)], times=12.0)
    assert 1 / result.scale == pytest.approx(12.0, rel=0.05)
    assert result.scale_prior is None
    (message,) = [doubt for doubt in doubts(result, MODEL) if "times the scale of m" in doubt]
    assert "12" in message and "check their positions and units" in message
    assert not any("times the scale of" in doubt for doubt in doubts(calibrated([at(BOX)]), MODEL))


def test_before_any_constraint_the_smooth_error_is_part_of_the_common_one() -> None:
    alone = ErrorModel("m", scale=0.2, smooth=0.0, reach=0.3, local=0.1, photos=30, source="a test")
    assert alone.common_sigma(lattice(ALL), **SIZE) == pytest.approx(0.2)
    flat = ErrorModel("m", scale=0.3, smooth=0.4, reach=100.0, local=0.0, photos=30, source="a test")
    assert flat.common_sigma(lattice(ALL), **SIZE) == pytest.approx(0.5, rel=2e-3)
    assert 0.2 < ROUGH.common_sigma(lattice(ALL), **SIZE) < 0.447


def test_the_lattice_consists_of_valid_pixels_however_few() -> None:
    few = np.zeros((300, 400), bool)
    few[7, 11] = few[200, 303] = True
    assert sorted(map(tuple, lattice(few).tolist())) == [(11.5, 7.5), (303.5, 200.5)]
    half = np.zeros((300, 400), bool)
    half[:, 200:] = True
    assert len(lattice(half)) == 16 * 12 / 2 and lattice(half)[:, 0].min() > 200


def test_what_was_given_comes_back() -> None:
    door = LengthBetween((60.5, 40.5), (60.5, 80.5), 0.42, 0.005)
    result = calibrated([door, at(WALL)], None)
    first, second = (fitted_text(residual) for residual in result.constraints)
    assert first.startswith("10.62 m given, ") and "too long): --at 20.5,20.5" in first
    assert (
        second.startswith("0.420 m given, 0.4") and "too short): --length 60.5,40.5:60.5,80.5=0.42m" in second
    )


def test_a_weak_scale_and_an_unfit_estimator_are_one_warning() -> None:
    (message,) = doubts(calibrated([at(BOX)], ROUGH), ROUGH)
    assert (
        message.startswith("the scale is only known within a factor of ")
        and "m is unfit for measuring" in message
    )
    assert doubts(calibrated([at(BOX)]), MODEL) == [] and unfit_text(MODEL) is None
    (weak,) = doubts(calibrated([LengthBetween((20.5, 20.5), (35.5, 20.5), 0.75, 0.3)]), MODEL)
    assert (
        weak.startswith("the scale is only known within a factor of ")
        and "unfit" not in weak
        and "add --length or --at" in weak
    )


def test_of_two_lengths_the_one_that_the_estimator_s_error_does_not_explain_is_left_out() -> None:
    """Without anything that was measured of the estimator, nothing would say which of them is wrong."""
    result = calibrated([at(BOX), at(WALL, 4.0)])
    assert [residual.used for residual in result.constraints] == [True, False]
    assert np.log(result.scale) == pytest.approx(0.0, abs=0.02)
    assert any("--at 20.5,20.5" in doubt and "rejected" in doubt for doubt in doubts(result, MODEL))
    unmeasured = calibrated([at(BOX), at(WALL, 2.0)], None)
    assert all(residual.used for residual in unmeasured.constraints)
    assert any("contradict each other by 100 %" in doubt for doubt in doubts(unmeasured, None))


def test_inconsistent_constraints_are_reported_however_bad_the_estimator_is() -> None:
    messages = [doubt for doubt in doubts(calibrated([at(BOX, 1.3), at(WALL, 0.8)], ROUGH), ROUGH)]
    (contradiction,) = [doubt for doubt in messages if "contradict each other" in doubt]
    assert "--at 75.5,60.5" in contradiction and "--at 20.5,20.5" in contradiction and "by 6" in contradiction
    assert any(
        "contradict each other" in doubt
        for doubt in doubts(calibrated([at(BOX, 1.1), at(WALL, 0.96)]), MODEL)
    )
    for agree in (
        [at(BOX), at(WALL)],
        [at(BOX, 1.3), at(WALL, 1.3)],
        # A difference of 6 % is worth no warning, however exactly they were given ...
        [at(BOX, 1.06, sigma=0.001), at(WALL, sigma=0.001)],
        # ... and one of 60 % none where they are known to 20 %.
        [at(BOX, 1.3, sigma=0.2), at(WALL, 0.8, sigma=0.2)],
    ):
        assert not any("contradict each other" in doubt for doubt in doubts(calibrated(agree, ROUGH), ROUGH))
