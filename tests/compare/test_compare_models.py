"""What is compared, with what, and what happens to models that fail."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from known_pairs import CAMERA, TRUE_M, Fake

import recon
from recon.compare.alignment import Alignment
from recon.errors import CalibrationError, DepthFileError, ModelUnavailable, PhotoError

pytestmark = pytest.mark.usefixtures("known")


def compare(folder: Path, *models: str, **options: Any) -> recon.compare.Comparison:
    return recon.compare.run(folder / "a.jpg", models, **options)


def test_metric_depth_is_aligned_by_a_scale_and_relative_depth_by_scale_and_shift(folder: Path) -> None:
    comparison = compare(folder, "perfect", "far", "relative")
    assert comparison.reference == "perfect" and not comparison.has_truth and comparison.unit == "m"
    far, relative = comparison["far"], comparison["relative"]
    assert (far.alignment.kind, far.alignment.scale) == ("scale", pytest.approx(1 / 1.2, rel=1e-6))
    assert relative.alignment.kind == "scale+shift"
    assert (relative.alignment.scale, relative.alignment.shift) == pytest.approx((0.5, -0.5), rel=1e-4)
    assert far.predicted is not None and far.predicted.abs_rel == pytest.approx(0.2, rel=1e-5)
    assert far.predicted.delta1 == 1 and relative.predicted is None
    for column in (far, relative):
        assert column.aligned is not None and column.aligned.abs_rel < 1e-5
        np.testing.assert_allclose(column.aligned_depth, comparison["perfect"].depth, rtol=1e-4)
    np.testing.assert_allclose(far.depth, 1.2 * comparison["perfect"].depth, rtol=1e-6)


def test_measured_depth_is_the_reference_and_gives_edge_scores(folder: Path) -> None:
    comparison = compare(folder, "far", "relative", depth=folder / "a.png")
    assert [column.name for column in comparison.columns] == ["measured", "far", "relative"]
    assert comparison.reference == "measured" and comparison.has_truth
    assert comparison["far"].boundary_f1 == pytest.approx(1) and comparison["measured"].boundary_f1 is None
    assert comparison["measured"].size_px == TRUE_M.shape[::-1]


def test_a_reference_can_be_a_model_or_a_file(folder: Path) -> None:
    by_model = compare(folder, "perfect", "far", reference="far")
    assert by_model.reference == "far" and by_model["perfect"].alignment.scale == pytest.approx(1.2)
    by_file = compare(folder, "far", reference=str(folder / "a.png"))
    assert by_file.reference == "measured"


def test_without_metric_depth_there_are_no_metres(folder: Path) -> None:
    comparison = compare(folder, "relative", "also-relative")
    assert comparison.unit == "units"
    other = comparison["also-relative"]
    assert other.aligned is not None and other.aligned.abs_rel < 1e-4 and other.predicted is None
    depth = comparison["relative"].depth
    assert np.percentile(depth, (1, 99)) == pytest.approx([1, 10], rel=1e-3)


def test_the_focal_length_is_that_of_a_scene(folder: Path, known: dict[str, Any]) -> None:
    comparison = compare(folder, "perfect", "far")
    assert comparison["perfect"].camera.source == "model"
    assert comparison["perfect"].camera.fx == pytest.approx(CAMERA.fx)
    assert comparison["far"].camera.source == "default"
    given = compare(folder, "perfect", "far", focal_px=222.0)
    assert {column.camera.fx for column in given.columns} == {222.0} and known["far"].given_px == 222.0


def test_a_model_that_fails_does_not_stop_the_others(folder: Path) -> None:
    comparison = compare(folder, "missing", "perfect", "no-such-model", "broken", "far")
    assert [column.name for column in comparison.columns] == ["perfect", "far"]
    reasons = {each.name: each.failure.message for each in comparison.failed}
    assert reasons["missing"] == "no weights" and "Unknown model" in reasons["no-such-model"]
    assert set(reasons) == {"missing", "no-such-model", "broken"}
    values = json.loads(json.dumps(comparison.as_dict(), allow_nan=False))
    assert [each["name"] for each in values["columns"]] == ["perfect", "far"]


def test_a_reference_that_fails_leaves_the_next_one(folder: Path) -> None:
    assert compare(folder, "missing", "far", "perfect", reference="missing").reference == "far"


def test_if_all_fail_the_reasons_are_given(folder: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"none of the models can run.*missing: no weights"):
        compare(folder, "missing", "broken")


def test_depth_without_a_common_pixel_is_a_failure(folder: Path, known: dict[str, Any]) -> None:
    half = np.arange(TRUE_M.shape[1]) < 80
    known["left"] = _Masked(folder, name="left", keep=half)
    known["right"] = _Masked(folder, name="right", keep=~half)
    comparison = compare(folder, "left", "right", "far")
    assert [each.name for each in comparison.failed] == ["right"]
    assert comparison["left"].covered == pytest.approx(0.5)


class _Masked(Fake):
    def __init__(self, folder: Path, *, name: str, keep: np.ndarray) -> None:
        super().__init__(folder, name=name)
        self.keep = keep

    def estimate(self, photo: Any, **how: Any) -> Any:
        estimate = super().estimate(photo, **how)
        return estimate.within(np.broadcast_to(self.keep, estimate.depth.valid.shape))


def test_bad_input_is_refused_before_a_model_runs(folder: Path, known: dict[str, Any]) -> None:
    def runs(*_: Any, **__: Any) -> None:
        raise AssertionError("a model ran")

    known["perfect"].estimate = known["far"].estimate = runs
    with pytest.raises(ValueError, match="at least two depth maps"):
        compare(folder, "perfect", "perfect")
    with pytest.raises(CalibrationError, match=r"^reference nowhere.png is neither"):
        compare(folder, "perfect", "far", reference="nowhere.png")
    with pytest.raises(PhotoError):
        recon.compare.run(folder / "none.jpg", ["perfect", "far"])
    with pytest.raises(DepthFileError):
        compare(folder, "perfect", depth=folder / "a.jpg")
    with pytest.raises(TypeError, match="no option 'dept'"):
        compare(folder, "perfect", "far", dept="a.png")


def test_an_alignment_says_that_a_map_is_reversed() -> None:
    assert Alignment("scale+shift", 0.5, -0.1).text("m") == "1/z = 0.5 · output - 0.1 1/m"
    assert "reversed: its near is the reference's far" in Alignment("scale+shift", -0.5, 0.1).text("m")
