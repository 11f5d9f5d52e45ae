"""One pair measured: estimators whose errors are known, on grids of any size."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from known_pairs import TRUE_M, Fake, Missing, entry, write
from PIL import Image
from synthetic import CAMERA

from recon.errors import Failure, ModelUnavailable
from recon.evaluate import EvaluationError, Measures, Row, Settings, compare, read_manifest, run
from recon.evaluate.evaluate_pair import CLOUD_ERRORS
from recon.journal import Journal


def measured(folder: Path, estimator: Any, **settings: Any) -> dict[str, Any]:
    """The row of pair ``a``."""
    measures = compare(read_manifest(folder)[0], estimator, Settings(**settings), Journal()).measures
    return Row("m", "pair", "", "", measures).as_dict()


def test_a_perfect_estimate_has_no_error(folder: Path) -> None:
    row = measured(folder, Fake(folder, focal_px=CAMERA.fx))
    for alignment in ("metric", "scale", "scale+shift"):
        assert row[alignment]["abs_rel"] == pytest.approx(0, abs=1e-6)
        assert row[alignment]["chamfer_m"] == pytest.approx(0, abs=1e-5)
        assert row[alignment]["delta1"] == row[alignment]["fscore_5cm"] == 1
    assert (row["focal_error"], row["boundary_f1"], row["covered"]) == (0, 1, 1)


def test_a_wrong_scale_is_wrong_in_metres_alone(folder: Path) -> None:
    row = measured(folder, Fake(folder, lambda z: 1.3 * z, focal_px=CAMERA.fx))
    assert row["metric"]["abs_rel"] == pytest.approx(0.3, rel=1e-4)
    assert row["metric"]["si_log"] == pytest.approx(0, abs=1e-5)
    assert row["scale"]["factor"] == pytest.approx(1 / 1.3, rel=1e-5)
    assert row["scale"]["abs_rel"] == pytest.approx(0, abs=1e-5)
    assert row["boundary_f1"] == 1
    assert row["metric"]["chamfer_m"] > 0.1 and row["metric"]["fscore_5cm"] < 0.2


def test_relative_depth_has_aligned_errors_alone(folder: Path) -> None:
    row = measured(folder, Fake(folder, lambda z: 40 / z + 7, gives="relative", focal_px=CAMERA.fx))
    assert "metric" not in row and "scale" not in row and row["gives"] == "relative"
    assert row["scale+shift"]["abs_rel"] == pytest.approx(0, abs=1e-5)
    assert row["scale+shift"]["chamfer_m"] == pytest.approx(0, abs=1e-4)
    assert row["boundary_f1"] == 1


def test_metric_errors_asked_of_a_relative_estimator_are_the_aligned_ones(folder: Path) -> None:
    row = measured(folder, Fake(folder, lambda z: 1 / z, gives="relative"), alignments=("metric",))
    assert row["scale+shift"]["delta1"] == 1


def test_the_focal_length_counts(folder: Path) -> None:
    row = measured(folder, Fake(folder, focal_px=1.2 * CAMERA.fx))
    assert row["focal_error"] == pytest.approx(0.2) and row["focal_source"] == "model"
    assert row["metric"]["abs_rel"] == pytest.approx(0, abs=1e-6)
    assert row["metric"]["chamfer_m"] > 0.03  # right depths along wrong rays


def test_the_model_gets_the_true_camera_only_on_request(folder: Path) -> None:
    blind, informed = Fake(folder), Fake(folder)
    assert measured(folder, blind)["focal_source"] == "default" and blind.given_px is None
    row = measured(folder, informed, camera="truth")
    assert informed.given_px == CAMERA.fx and row["focal_error"] is None
    assert row["metric"]["chamfer_m"] == pytest.approx(0, abs=1e-5)


def test_without_a_true_camera_there_are_no_clouds(folder: Path) -> None:
    write(folder, {"a": entry("a", K_fx_fy_cx_cy=None)})
    row = measured(folder, Fake(folder))
    assert [row["metric"][name] for name in CLOUD_ERRORS] == [None] * 3
    assert row["focal_error"] is None and row["metric"]["delta1"] == 1


@pytest.mark.parametrize("factor", [0.5, 2])
def test_truth_may_have_another_size_than_the_photo(folder: Path, factor: float) -> None:
    size = (round(160 * factor), round(120 * factor))
    units = Image.open(folder / "a.png").resize(size, Image.Resampling.NEAREST)
    units.save(folder / "other.png")
    write(folder, {"a": entry("a", depth="other.png")})
    row = measured(folder, Fake(folder, focal_px=CAMERA.fx))
    assert row["pixels"] == size[0] * size[1]
    assert row["metric"]["abs_rel"] < 0.003 and row["metric"]["chamfer_m"] < 0.02


def test_far_truth_may_be_left_out(folder: Path) -> None:
    row = measured(folder, Fake(folder), max_depth_m=3.0)
    assert row["pixels"] == np.count_nonzero(np.rint(1000 * TRUE_M) <= 3000)
    with pytest.raises(EvaluationError, match=r"within 0\.5 m"):
        measured(folder, Fake(folder), max_depth_m=0.5)


def test_what_the_estimate_leaves_out_is_counted(folder: Path) -> None:
    units = np.asarray(Image.open(folder / "a.png")).copy()
    half = units.copy()
    half[:, :80] = 0
    Image.fromarray(half).save(folder / "half.png")
    write(folder, {"a": entry("a", rgb="half.jpg")})
    Image.open(folder / "a.jpg").save(folder / "half.jpg")
    assert measured(folder, Fake(folder))["covered"] == 0.5
    Image.fromarray(half[:, ::-1].copy()).save(folder / "a.png")
    with pytest.raises(EvaluationError, match="no valid pixel in common"):
        measured(folder, Fake(folder))


def test_a_bad_pair_is_reported_and_the_others_are_evaluated(folder: Path) -> None:
    (folder / "b.jpg").write_bytes(b"\xff\xd8\xffnothing")
    rows = list(run(read_manifest(folder), Fake(folder), Settings(), Journal()))
    (failure,) = [row.result for row in rows if isinstance(row.result, Failure)]
    assert rows[1].result is failure and failure.type == "PhotoError" and "b.jpg" in failure.message


def test_an_estimator_that_fails_is_reported_and_the_others_are_evaluated(folder: Path) -> None:
    def broken(z_m: np.ndarray) -> np.ndarray:
        if z_m.max() > 6.5:
            raise RuntimeError("out of luck")
        return z_m

    rows = list(run(read_manifest(folder), Fake(folder, broken), Settings(), Journal()))
    assert isinstance(rows[0].result, Measures)
    assert [row.result for row in rows[1:]] == [Failure("RuntimeError", "out of luck")] * 2


def test_missing_weights_end_the_run(folder: Path) -> None:
    with pytest.raises(ModelUnavailable):
        list(run(read_manifest(folder), Missing(), Settings(), Journal()))


def test_a_repeated_warning_is_shown_once(folder: Path) -> None:
    class Warning(Fake):
        def estimate(self, photo: Any, *, focal_px: float | None, journal: Journal) -> Any:
            journal.warn("model", "rough")
            return super().estimate(photo, focal_px=focal_px, journal=journal)

    journal = Journal()
    rows = list(run(read_manifest(folder), Warning(folder), Settings(), journal))
    assert [entry.message for entry in journal.entries] == ["rough"]
    assert all(row.warnings == ("rough",) for row in rows)


def test_settings_that_make_no_sense_are_refused() -> None:
    for wrong in ({"max_depth_m": 0.0}, {"alignments": ()}, {"alignments": ("affine",)}):
        with pytest.raises(ValueError):
            Settings(**wrong)  # type: ignore[arg-type]
