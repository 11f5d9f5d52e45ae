"""Error models are fitted to fields drawn from a known one; what cannot be fitted or merged is refused."""

from dataclasses import replace
from functools import cache
from math import hypot
from pathlib import Path

import numpy as np
import pytest

from recon.calibration.error_models import read_error_models
from recon.error_model import ErrorModel
from recon.errors import CalibrationError
from recon.evaluate.error_model.coverage import distance_intervals
from recon.evaluate.error_model.fit import Coverage, fit_error_model, save_error_model, scene_of
from recon.evaluate.error_model.residuals import PhotoResiduals, collect
from recon.types import Intrinsics, MetricDepth, RelativeDepth

W, H = 48, 36
CAMERA = Intrinsics.from_fov(60, width=W, height=H, source="user")
# Small enough that lengths between neighbours are right to first order: beyond that the intervals of short lengths
# hold a few per cent less often than they say, and the fit widens all to make up for it.
TRUE = ErrorModel("m", 0.06, 0.03, 0.15, 0.008, 1, "drawn")
PHOTOS = 24


def room(rng: np.random.Generator) -> np.ndarray:
    """(H, W) true depth, m: a floor before a wall, with blocks."""
    z_m = np.minimum(1.2 / np.maximum((np.arange(H)[:, None] + 0.5 - H / 2) / CAMERA.fy, 1e-6), 4.0)
    z_m = np.repeat(z_m, W, axis=1)
    row, column = rng.integers(0, H - 10), rng.integers(0, W - 10)
    z_m[row : row + 10, column : column + 10] *= 0.7
    return z_m


def metric(z_m: np.ndarray, valid: np.ndarray | None = None) -> MetricDepth:
    known = np.ones(z_m.shape, np.bool_) if valid is None else valid
    return MetricDepth(z_m=z_m.astype(np.float32), valid=known)


@cache
def _root(model: ErrorModel) -> np.ndarray:
    """Of the covariance of all pixels."""
    column, row = np.meshgrid(np.arange(W) + 0.5, np.arange(H) + 0.5)
    pixels_px = np.stack([column.ravel(), row.ravel()], axis=1)
    covariance = model.covariance(pixels_px, width=W, height=H, calibrated=True)
    return np.linalg.cholesky(covariance + 1e-12 * np.eye(W * H))


def drawn(model: ErrorModel, count: int, seed: int, tails: float | None = None) -> list[tuple]:
    """Estimates and truths whose log ratio is drawn from the model; ``tails``: degrees of freedom of Student's t."""
    rng, root = np.random.default_rng(seed), _root(model)
    made = []
    for _ in range(count):
        field = root @ rng.standard_normal(W * H)
        if tails is not None:
            field *= np.sqrt(tails / rng.chisquare(tails))
        field += model.scale * rng.standard_normal()
        z_m = room(rng)
        made.append((z_m * np.exp(field.reshape(H, W)), z_m))
    return made


def sampled(estimates: list[tuple], scene: str | None = None) -> list[PhotoResiduals]:
    return [
        collect(metric(z_m), metric(true), width=W, height=H, intrinsics=CAMERA, scene=scene)
        for z_m, true in estimates
    ]


@pytest.fixture(scope="module")
def fitted() -> tuple[ErrorModel, Coverage]:
    return fit_error_model(sampled(drawn(TRUE, PHOTOS, 1)), estimator="m", source="drawn")


def test_known_model_is_recovered(fitted: tuple[ErrorModel, Coverage]) -> None:
    # The relative standard error of a standard deviation is 1 / sqrt(2 n): 14 % for the scale of 24 photos.
    model, coverage = fitted
    assert model.scale == pytest.approx(TRUE.scale, rel=0.33)
    assert model.smooth == pytest.approx(TRUE.smooth, rel=0.15)
    assert model.reach == pytest.approx(TRUE.reach, rel=0.35)
    assert model.local == pytest.approx(TRUE.local, rel=0.15)
    assert model.photos == coverage.photos == coverage.scenes == PHOTOS
    assert coverage.factor == pytest.approx(1.0, abs=0.06)


def test_intervals_hold_as_often_as_they_say(fitted: tuple[ErrorModel, Coverage]) -> None:
    coverage = fitted[1]
    shares = (coverage.pixel, coverage.short, coverage.middle, coverage.long, coverage.uncalibrated)
    assert all(share is not None and 0.93 <= share <= 0.97 for share in shares), shares


def test_heavy_tails_widen_the_model() -> None:
    model, coverage = fit_error_model(sampled(drawn(TRUE, PHOTOS, 2, tails=3)), estimator="m", source="drawn")
    assert coverage.factor > 1.1
    assert 0.93 <= coverage.distances <= 0.97
    assert model.spread > 1.1 * TRUE.spread


def test_common_error_counts_from_zero() -> None:
    # The mean error is not removed for the user.
    biased = [(z_m * 1.5, true) for z_m, true in drawn(replace(TRUE, scale=0.02), 6, 3)]
    model, _ = fit_error_model(sampled(biased), estimator="m", source="drawn")
    assert model.scale > np.log(1.5)


def test_frames_of_one_scene_have_one_vote() -> None:
    good, bad = drawn(replace(TRUE, scale=0.01), 5, 4), drawn(replace(TRUE, scale=0.01), 12, 5)
    bad = [(z_m * 2, true) for z_m, true in bad]
    as_one, coverage = fit_error_model(sampled(good) + sampled(bad, "kitchen"), estimator="m", source="drawn")
    as_many, _ = fit_error_model(sampled(good) + sampled(bad), estimator="m", source="drawn")
    assert coverage.photos == 17 and coverage.scenes == 6
    assert as_one.scale < 0.75 * as_many.scale


def test_relative_depth_has_no_scale() -> None:
    made = []
    for z_m, true in drawn(TRUE, 10, 6):
        inverse = (0.3 / z_m - 0.02).astype(np.float32)
        depth = RelativeDepth(inverse=inverse, valid=np.ones((H, W), np.bool_))
        made.append(collect(depth, metric(true), width=W, height=H, intrinsics=CAMERA))
    model, coverage = fit_error_model(made, estimator="m", source="drawn")
    assert model.scale == 0 and coverage.uncalibrated is None
    assert model.spread == pytest.approx(TRUE.spread, rel=0.3)
    assert 0.92 <= coverage.distances <= 0.98


def test_scale_and_shift_of_exact_relative_depth_leave_nothing() -> None:
    true = room(np.random.default_rng(0))
    depth = RelativeDepth(inverse=((1 / true - 0.1) / 3).astype(np.float32), valid=np.ones((H, W), np.bool_))
    result = collect(depth, metric(true), width=W, height=H, intrinsics=CAMERA)
    assert result.common is None and np.abs(result.residual).max() < 1e-5


def test_too_few_photos_are_refused() -> None:
    with pytest.raises(CalibrationError, match="needs 5 photos with measured depth, got 4"):
        fit_error_model(sampled(drawn(TRUE, 4, 7)), estimator="m", source="drawn")


def test_photo_without_common_pixels_is_left_out() -> None:
    made = drawn(TRUE, 6, 8)
    left = np.zeros((H, W), np.bool_)
    left[:, : W // 2] = True
    apart = collect(metric(made[0][0], left), metric(made[0][1], ~left), width=W, height=H, intrinsics=CAMERA)
    assert not apart.usable
    model, coverage = fit_error_model([*sampled(made), apart], estimator="m", source="drawn")
    alone, _ = fit_error_model(sampled(made), estimator="m", source="drawn")
    assert (model, coverage.left_out, model.photos) == (alone, 1, 6)
    with pytest.raises(CalibrationError, match="got 4 \\(1 more have too few pixels"):
        fit_error_model([*sampled(made[:4]), apart], estimator="m", source="drawn")


def test_frames_of_one_scene_alone_are_tested_on_themselves() -> None:
    _, coverage = fit_error_model(sampled(drawn(TRUE, 6, 9), "kitchen"), estimator="m", source="drawn")
    assert coverage.scenes == 1 and coverage.distances > 0.9


def test_grids_must_fit() -> None:
    z_m = metric(np.ones((H, W)))
    with pytest.raises(ValueError, match="expected"):
        collect(z_m, metric(np.ones((H, W + 1))), width=W, height=H, intrinsics=CAMERA)


def test_scenes_by_name() -> None:
    assert scene_of("kitchen_010", posed=True) == scene_of("kitchen_020", posed=True) == "kitchen"
    assert scene_of("nyu_000", posed=False) is None


def test_distance_intervals_follow_the_geometry() -> None:
    # Two points on one ray whose depth errors are the same: the distance is off by that share, and no more.
    a, b = np.array([[0.0, 0.0, 4.0]]), np.array([[0.0, 0.0, 3.0]])
    var = np.array([0.01**2])
    low, high = distance_intervals(a, b, var, var, var)
    assert (high - low)[0] == pytest.approx(2 * 1.96 * 0.01, rel=1e-3)
    low, high = distance_intervals(a, b, var, var, np.zeros(1))
    assert (high - low)[0] == pytest.approx(2 * 1.96 * hypot(0.04, 0.03), rel=1e-3)


def test_large_errors_are_drawn() -> None:
    # One common factor of exp(0.5 N): the interval of a length is that of the factor.
    a, b, var = np.array([[1.0, 0.0, 4.0]]), np.array([[-1.0, 0.0, 4.0]]), np.array([0.25])
    low, high = distance_intervals(a, b, var, var, var)
    assert high[0] == pytest.approx(2 * np.exp(0.98), rel=0.08)
    assert low[0] == pytest.approx(2 * np.exp(-0.98), rel=0.08)


def test_a_predicted_error_of_each_pixel_is_part_of_the_model() -> None:
    rng = np.random.default_rng(8)
    model = replace(TRUE, typical_sigma=0.1)
    column, row = np.meshgrid(np.arange(W) + 0.5, np.arange(H) + 0.5)
    pixels_px = np.stack([column.ravel(), row.ravel()], axis=1)
    root = np.linalg.cholesky(model.covariance(pixels_px, width=W, height=H, calibrated=True))
    made, blind = [], []
    for _ in range(PHOTOS):
        # From photo to photo, and from left to right, another error.
        log_sigma = (0.1 * np.exp(rng.normal(0, 0.4) + np.linspace(-0.7, 0.7, W)) * np.ones((H, 1))).astype(
            np.float32
        )
        field = (root @ rng.standard_normal(W * H)).reshape(H, W) * log_sigma / 0.1
        true = room(rng)
        z_m = true * np.exp(field + model.scale * rng.standard_normal())
        for into, predicted in ((made, log_sigma), (blind, None)):
            estimate = replace(metric(z_m), log_sigma=predicted)
            into.append(collect(estimate, metric(true), width=W, height=H, intrinsics=CAMERA))
    result, coverage = fit_error_model(made, estimator="m", source="")
    typical = result.typical_sigma
    assert typical is not None and 0.93 < coverage.pixel < 0.97 and 0.93 < coverage.distances < 0.97
    assert result.smooth / typical == pytest.approx(TRUE.smooth / 0.1, rel=0.15)
    assert result.local / typical == pytest.approx(TRUE.local / 0.1, rel=0.15)
    assert fit_error_model(blind, estimator="m", source="")[0].typical_sigma is None
    with pytest.raises(CalibrationError, match="for some photos only"):
        fit_error_model([*made, *blind], estimator="m", source="")


def test_file_round_trip_keeps_other_estimators(tmp_path: Path) -> None:
    path = tmp_path / "models.json"
    save_error_model(path, TRUE)
    assert "typical_sigma" not in path.read_text(encoding="utf-8")
    other = replace(TRUE, estimator="other", smooth=0.2, typical_sigma=0.3)
    save_error_model(path, other)
    assert read_error_models(path) == {"m": TRUE, "other": other}
    save_error_model(path, replace(TRUE, local=0.5))
    assert read_error_models(path) == {"m": replace(TRUE, local=0.5), "other": other}


def test_damaged_file_is_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "models.json"
    path.write_text('{"format": "recon-error-mod', encoding="utf-8")
    with pytest.raises(CalibrationError, match="is not an error model file"):
        save_error_model(path, TRUE)
    assert path.read_text(encoding="utf-8") == '{"format": "recon-error-mod'
    assert [each.name for each in tmp_path.iterdir()] == ["models.json"]
