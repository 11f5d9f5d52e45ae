from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import floor_and_wall, with_box

from recon.calibration.calibration import Calibration, apply, dumps, load
from recon.calibration.fit import FitData, Unknowns, calibrate
from recon.errors import CalibrationError
from recon.types import Intrinsics, MetricDepth, RelativeDepth

Z = with_box(floor_and_wall(), slice(30, 90), slice(50, 100), 2.0)
ALL = np.ones(Z.shape, bool)
TRUTH = MetricDepth(z_m=Z, valid=ALL)


CAMERA = Intrinsics.from_fov(60, width=Z.shape[1], height=Z.shape[0], source="user")


def fit_relative(relative: RelativeDepth, reference: MetricDepth, *, model: str, source: str) -> Calibration:
    known = FitData(reference=reference, source=source)
    return calibrate(relative, known, camera=CAMERA, unknowns=Unknowns(shift=True), model=model)


def fit_metric(depth: MetricDepth, reference: MetricDepth, *, model: str, source: str) -> Calibration:
    known = FitData(reference=reference, source=source)
    return calibrate(depth, known, camera=CAMERA, unknowns=Unknowns(shift=False), model=model)


def relative_of(z_m: np.ndarray, scale: float, shift: float) -> RelativeDepth:
    """Relative depth that ``1 / z = scale * r + shift`` brings back."""
    return RelativeDepth(
        inverse=((1 / z_m - shift) / scale).astype(np.float32), valid=np.ones(z_m.shape, bool)
    )


@settings(max_examples=20)
@given(st.floats(1e-4, 100), st.floats(-0.5, 0.1))
def test_exact_data_gives_back_scale_and_shift(scale: float, shift: float) -> None:
    result = fit_relative(relative_of(Z, scale, shift), TRUTH, model="m", source="truth")
    assert result.scale == pytest.approx(scale, rel=1e-3)
    assert result.shift == pytest.approx(shift, abs=2e-4)


def test_metres_come_back() -> None:
    relative = relative_of(Z, 0.02, -0.05)
    depth = apply(fit_relative(relative, TRUTH, model="m", source="truth"), relative)
    assert depth.valid.all() and np.abs(depth.z_m / Z - 1).max() < 1e-3


def test_a_third_of_outliers_moves_little() -> None:
    rng = np.random.default_rng(0)
    spoiled = Z * rng.lognormal(0, 0.02, Z.shape).astype(np.float32)
    wrong = rng.random(Z.shape) < 0.33
    spoiled[wrong] = rng.uniform(0.5, 50, int(wrong.sum()))
    relative = relative_of(Z, 0.02, -0.05)
    result = fit_relative(
        relative, MetricDepth(z_m=spoiled.astype(np.float32), valid=ALL), model="m", source="s"
    )
    assert np.median(np.abs(apply(result, relative).z_m / Z - 1)) < 0.01
    assert 0.2 < result.outliers < 0.45


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """Errors that are one per grid cell: what the standard error assumes."""
    rng = np.random.default_rng(1)
    inside = 0
    trials = 60
    for _ in range(trials):
        cells = rng.normal(0, 0.05, (16, 16)).repeat(8, 0)[:120].repeat(10, 1)
        noisy = MetricDepth(z_m=(Z * (1 + cells)).astype(np.float32), valid=ALL)
        result = fit_metric(TRUTH, noisy, model="m", source="s")
        inside += abs(1 / result.scale - 1) <= result.scale_interval
    assert 0.8 <= inside / trials <= 1.0


def test_a_metric_model_gets_one_scale() -> None:
    model = MetricDepth(z_m=(Z * 1.3).astype(np.float32), valid=ALL)
    result = fit_metric(model, TRUTH, model="m", source="truth")
    assert result.scale == pytest.approx(1.3, rel=1e-4) and result.shift == 0
    assert np.allclose(apply(result, model).z_m, Z, rtol=1e-4)


def test_a_sparse_reference_is_enough() -> None:
    valid = np.random.default_rng(0).random(Z.shape) < 0.01
    relative = relative_of(Z, 3.0, 0.02)
    result = fit_relative(relative, MetricDepth(z_m=Z, valid=valid), model="m", source="lidar")
    assert result.scale == pytest.approx(3.0, rel=1e-2)


def test_what_lies_beyond_the_reference_s_reach_is_not_valid() -> None:
    relative = relative_of(Z, 1.0, 0.0)
    result = fit_relative(relative, TRUTH, model="m", source="truth")
    inverse = relative.inverse.copy()
    inverse[0] = 1e-9
    inverse[1] = -1.0
    depth = apply(result, RelativeDepth(inverse=inverse, valid=ALL))
    assert not depth.valid[:2].any() and depth.valid[2:].all()


@pytest.mark.parametrize(
    ("relative", "reference", "says"),
    [
        (relative_of(Z, 1, 0), MetricDepth(z_m=Z, valid=~ALL), "0 pixels in common"),
        (RelativeDepth(np.ones_like(Z), ALL), TRUTH, "predicts constant depth"),
        (relative_of(Z, 1, 0), MetricDepth(np.full_like(Z, 3.0), ALL), "has constant depth"),
        (RelativeDepth(Z, ALL), TRUTH, "contradict"),
    ],
)
def test_what_cannot_be_calibrated_says_why(
    relative: RelativeDepth, reference: MetricDepth, says: str
) -> None:
    with pytest.raises(CalibrationError, match=says):
        fit_relative(relative, reference, model="m", source="s")


def test_the_other_kind_of_depth_is_refused() -> None:
    result = fit_metric(TRUTH, TRUTH, model="m", source="s")
    with pytest.raises(CalibrationError, match="metric depth of m"):
        apply(result, relative_of(Z, 1, 0))


def test_a_saved_calibration_is_the_same(tmp_path: Path) -> None:
    for result in (
        fit_relative(relative_of(Z, 0.02, -0.05), TRUTH, model="m", source="s"),
        replace(fit_metric(TRUTH, TRUTH, model="m", source="s"), photo="a.jpg", focal_px=700.0),
    ):
        (tmp_path / "cal.json").write_text(dumps(result))
        assert load(tmp_path / "cal.json") == result


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": "recon-calibration-1"}', "\x00", '{"format": "recon-calibration-9"}']
)
def test_a_damaged_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "cal.json").write_text(text)
    with pytest.raises(CalibrationError, match=r"cal\.json"):
        load(tmp_path / "cal.json")


def test_a_missing_file_and_nonsense_numbers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match="cannot be read"):
        load(tmp_path / "none.json")
    result = replace(fit_metric(TRUTH, TRUTH, model="m", source="s"), scale=-1.0)
    (tmp_path / "cal.json").write_text(dumps(result))
    with pytest.raises(CalibrationError, match="scale must be between"):
        load(tmp_path / "cal.json")
