"""Which errors are counted, and what is said about the others."""

from typing import Any

import numpy as np
import pytest
from rooms import CAMERA, MODEL, estimated, on_wall, room_depth, scene_of

from recon.calibration.error_models import known_error_model
from recon.error_model import ErrorModel
from recon.measure import Assumptions, Interval, MeasurementError, from_camera
from recon.measure.error_budget import budget_of
from recon.types import FocalSource, Intrinsics

ROOM = room_depth()
AT = (90.5, 20.5)
EXACTLY = Assumptions(pixel_sigma_px=0.0)
CALIBRATION: dict[str, Any] = {
    "kind": "relative",
    "scale": 0.5,
    "shift": 0.05,
    "covariance": [[1e-4, -2e-5], [-2e-5, 9e-6]],
    "relative_error": None,
    "scale_interval": 0.04,
    "reference": "depthpro",
}


def camera_from(source: FocalSource) -> Intrinsics:
    return Intrinsics.from_focal(200.0, width=160, height=120, source=source)


def relative_sigma(
    provenance: dict[str, Any], assume: Assumptions = EXACTLY, camera: Intrinsics = CAMERA
) -> float:
    """Standard uncertainty of a distance from the camera, as a share of it."""
    result = from_camera(scene_of(ROOM, provenance, camera), AT, assume)
    assert result.sigma is not None
    return result.sigma / result.value


def test_without_a_calibration_the_common_factor_counts() -> None:
    assert relative_sigma(estimated(MODEL)) == pytest.approx(np.hypot(MODEL.scale, MODEL.spread), rel=1e-3)
    result = from_camera(scene_of(ROOM, estimated(MODEL)), AT)
    assert result.includes == (
        "picking (0.5 px)",
        "the error of m (3.2 % of the distance, measured on 12 photos: a test)",
    )


def test_a_calibration_takes_its_place() -> None:
    result = from_camera(scene_of(ROOM, estimated(MODEL, calibration=CALIBRATION)), AT, EXACTLY)
    z_m = on_wall(*AT)[2]
    sensitivity = -z_m * np.array([(1 / z_m - 0.05) / 0.5, 1.0])
    fitted = sensitivity @ np.array(CALIBRATION["covariance"]) @ sensitivity
    assert result.sigma == pytest.approx(result.value * np.sqrt(fitted + MODEL.spread**2), rel=1e-3)
    assert "the calibration with depthpro (scale ± 4.0 %, assuming depthpro is correct)" in result.includes
    lengths = {**CALIBRATION, "reference": "2 lengths", "constraints": [{"constraint": "--length ..."}]}
    includes = from_camera(scene_of(ROOM, estimated(MODEL, calibration=lengths)), AT).includes
    assert "the calibration with 2 lengths (scale ± 4.0 %)" in includes


def test_the_covariance_of_a_calibration_is_that_of_depth_under_its_draws() -> None:
    budget = budget_of(scene_of(ROOM, estimated(MODEL, calibration=CALIBRATION)), EXACTLY)
    assert budget.calibration is not None
    z_m = np.array([1.2, 2.0, 4.0])
    value = (1 / z_m - 0.05) / 0.5
    covariance = np.array(CALIBRATION["covariance"]) / 100
    drawn = np.random.default_rng(0).multivariate_normal([0.5, 0.05], covariance, 20_000)
    log_z = -np.log(drawn[:, :1] * value + drawn[:, 1:])
    modes = budget.calibration.jacobian(z_m)
    assert modes @ covariance @ modes.T == pytest.approx(np.cov(log_z.T), rel=0.05)


def test_a_calibration_without_covariance_is_reported() -> None:
    bare = {name: value for name, value in CALIBRATION.items() if name != "covariance"}
    result = from_camera(scene_of(ROOM, estimated(MODEL, calibration=bare)), AT)
    assert "the error of the calibration, which is missing from this scene file" in result.not_included


def test_an_estimator_without_an_error_model_has_no_interval() -> None:
    for provenance in (estimated(None), {"model": {"name": "m"}, "calibration": CALIBRATION}):
        result = from_camera(scene_of(ROOM, provenance), AT)
        assert (result.sigma, result.low, result.high) == (None, None, None)
        assert result.text.endswith(" m ± unknown")
        assert result.errors_text == (
            "± unknown: there is no error model for m; measure it with `recon eval FOLDER --model m --error-model "
            "FILE`, or state its error with --depth-sigma"
        )
        assert result.includes == result.not_included == ()
    written = from_camera(scene_of(ROOM, {"model": {"name": "relative-file"}, "error_model": None}), AT)
    assert written.unknown == "there is no error model for relative-file; state its error with --depth-sigma"
    unnamed = from_camera(scene_of(ROOM, {}), AT)
    assert unnamed.low is None and "does not record the source of its depth" in unnamed.errors_text


def test_the_photos_of_an_error_model_are_counted_once() -> None:
    model = ErrorModel("m", 0.0, 0.0, 1.0, 0.08, photos=12, source="12 photos of 3 scenes")
    includes = from_camera(scene_of(ROOM, estimated(model)), AT).includes
    assert includes[1] == "the error of m (8.0 % of the distance, measured on 12 photos of 3 scenes)"


def test_the_residuals_of_a_calibration_are_called_so() -> None:
    residuals = ErrorModel("m", 0.0, 0.0, 1.0, 0.08, photos=1, source="residuals of this calibration with b")
    includes = from_camera(scene_of(ROOM, estimated(residuals)), AT).includes
    assert includes[1] == "the error of m (8.0 % of the distance, residuals of this calibration with b)"


def test_measured_depth_counts_its_steps_and_an_assumed_error_of_the_sensor() -> None:
    sensor = "the sensor's error (1 %, assumed; state it with --depth-sigma)"
    floats = from_camera(scene_of(ROOM, {"model": {"name": "measured", "unit_m": 1.0}}), AT, EXACTLY)
    assert floats.sigma == pytest.approx(0.01 * floats.value, rel=1e-3)
    assert floats.errors_text == f"includes {sensor}, and does not include picking"
    result = from_camera(scene_of(ROOM, {"model": {"name": "measured", "unit_m": 0.04}}), AT, EXACTLY)
    step = 0.04 / np.sqrt(12) / on_wall(*AT)[2]
    assert result.sigma == pytest.approx(result.value * np.hypot(0.01, step), rel=1e-3)
    assert result.includes == (sensor, "the resolution of the depth file (40 mm)")


def test_a_stated_error_of_depth() -> None:
    measured = {"model": {"name": "measured", "unit_m": 0.001}}
    assert relative_sigma(measured, Assumptions(0.0, depth_sigma=0.02)) == pytest.approx(0.02, rel=1e-3)
    absolute = relative_sigma(measured, Assumptions(0.0, depth_sigma_m=0.02))
    assert absolute == pytest.approx(0.02 / on_wall(*AT)[2], rel=1e-3)
    # It replaces a known error model, and a missing one.
    assert relative_sigma(estimated(MODEL), Assumptions(0.0, depth_sigma=0.01)) == pytest.approx(
        0.01, rel=1e-3
    )
    assert relative_sigma(estimated(None), Assumptions(0.0, depth_sigma=0.01)) == pytest.approx(
        0.01, rel=1e-3
    )


def test_a_scene_without_an_error_model_takes_the_one_shipped_for_its_estimator() -> None:
    shipped = known_error_model("preview")
    assert shipped is not None
    stated = relative_sigma({**estimated(shipped), "model": {"name": "preview"}})
    for unstated in ({}, {"error_model": None}):
        assert relative_sigma({"model": {"name": "preview"}, **unstated}) == stated


def test_an_error_model_of_ones_own() -> None:
    own = ErrorModel("m", scale=0.0, smooth=0.0, reach=1.0, local=0.07, photos=3, source="mine")
    assert relative_sigma(estimated(MODEL), Assumptions(0.0, error_models={"m": own})) == pytest.approx(
        0.07, rel=1e-3
    )
    with pytest.raises(MeasurementError, match="comes from m, but the error model is for other"):
        from_camera(scene_of(ROOM, estimated(MODEL)), AT, Assumptions(error_models={"other": own}))
    with pytest.raises(ValueError, match="give one of"):
        Assumptions(depth_sigma=0.1, error_models={"m": own})


@pytest.mark.parametrize(
    "source, counted, left_out",
    [
        ("user", None, None),
        ("file", None, None),
        ("exif", "the focal length from EXIF (1.5 %)", None),
        ("model", None, "the error of the focal length, which a model predicted"),
        ("default", None, "the error of the focal length, which is a guess"),
    ],
)
def test_the_focal_length(source: FocalSource, counted: str | None, left_out: str | None) -> None:
    result = from_camera(scene_of(ROOM, estimated(MODEL), camera_from(source)), AT)
    assert [text for text in result.includes if "focal" in text] == ([counted] if counted else [])
    assert [text for text in result.not_included if "focal" in text] == ([left_out] if left_out else [])


def test_a_fitted_focal_length_has_the_error_of_its_fit() -> None:
    fitted = {**CALIBRATION, "focal_sigma": 0.03}
    result = from_camera(scene_of(ROOM, estimated(MODEL, calibration=fitted), camera_from("fit")), AT)
    assert "the focal length from the calibration (3.0 %)" in result.includes


def test_where_metres_go_with_the_focal_length_its_error_is_theirs() -> None:
    exact = ErrorModel("depthpro", scale=0.0, smooth=0.0, reach=1.0, local=0.0, photos=1, source="a test")
    # On the optical axis a focal length moves nothing, unless the depth goes with it.
    axis, camera = (80.0, 60.0), camera_from("exif")
    for follows, wanted in ((True, 0.015), (False, 0.0)):
        provenance = estimated(exact, focal={"sets_depth": follows})
        result = from_camera(scene_of(ROOM, provenance, camera), axis, EXACTLY)
        assert result.sigma == pytest.approx(wanted * result.value, abs=1e-9)


@pytest.mark.parametrize(
    ("value", "half", "unit", "text"),
    [
        (5.00016, 0.00043, "m", "5.0002 m ± 0.0004 (95 %)"),
        (5.00016, 0.00043, "mm", "5000.2 mm ± 0.4 (95 %)"),
        (1.41987, 0.0583, "m", "1.420 m ± 0.058 (95 %)"),
        (1234.5, 170.0, "m", "1230 m ± 170 (95 %)"),
    ],
)
def test_a_text_has_the_digits_that_its_interval_leaves_and_none_below_a_tenth_of_a_millimetre(
    value: float, half: float, unit: Any, text: str
) -> None:
    result = Interval(value, "length", half / 1.96, value - half, value + half, "first-order")
    assert result.scaled(unit).text == text
