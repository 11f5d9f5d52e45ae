"""The calibration of the predicted errors, and the tables of the model card."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
from recon.calibration.error_models import known_error_model
from recon.depth.nets.preview_look import Weights
from recon.depth.preview import Preview
from recon.types import DepthEstimate, MetricDepth
from tools.preview.held_out_pictures import Picture, photos_of_held_out_places
from tools.preview.scores import means, score, table
from tools.preview.ship import Looked, error_model_of, errors_of, look_at
from tools.preview.uncertainty import NOMINAL, Errors, by_tenth, covered, fit_factor, fit_power, tables

PAIRS = Path(__file__).parents[4] / "shared" / "train"


def drawn(factor: float, power: float, count: int = 40_000, seed: int = 0) -> Errors:
    """Normal errors of the standard deviation ``factor * predicted ** power``."""
    rng = np.random.default_rng(seed)
    predicted = np.exp(rng.normal(-1.5, 0.6, count))
    return Errors(rng.normal(0, factor * predicted**power), predicted, np.ones(count))


@pytest.mark.parametrize(("factor", "power"), [(1.0, 1.0), (0.4, 1.0), (1.7, 0.5), (0.8, 1.6)])
def test_the_calibration_finds_what_the_errors_were_drawn_with(factor: float, power: float) -> None:
    errors = drawn(factor, power)
    found = fit_power([errors])
    assert found == pytest.approx(power, abs=0.05)
    calibrated = errors.calibrated(fit_factor(errors, found), found)
    for nominal, share in covered(calibrated).items():
        assert share == pytest.approx(nominal, abs=0.015)
    for predicted, spread in by_tenth(calibrated):
        assert spread == pytest.approx(predicted, rel=0.1)


def test_without_calibration_the_curve_shows_what_is_wrong() -> None:
    shares = covered(drawn(2.0, 1.0))
    assert all(shares[p] < p - 0.1 for p in NOMINAL)


def test_each_source_may_have_a_factor_of_its_own() -> None:
    assert fit_power([drawn(0.3, 1.2), drawn(3.0, 1.2, seed=1)]) == pytest.approx(1.2, abs=0.05)


def test_groups_have_one_vote_each() -> None:
    few, many = (np.full(3, 0.1), np.ones(3)), (np.full(5, 9.0), np.ones(5))
    errors = Errors.of([few, many, many, many], ["a", "b", "b", "b"])
    assert covered(errors)[0.95] == pytest.approx(0.5)


def picture(metric: bool = True) -> Picture:
    z_m = np.geomspace(1, 300, 64 * 48, dtype=np.float32).reshape(48, 64)
    z_m[:6] = np.inf
    z_m[6:8] = 0
    return Picture("p", "g", np.zeros((48, 64, 3), np.uint8), z_m, 60.0, metric)


def estimate(shown: Picture, factor: float = 1.0) -> DepthEstimate:
    z_m = np.where(shown.known, shown.z_m * np.float32(factor), 1).astype(np.float32)
    log_sigma = np.full(z_m.shape, 0.2, np.float32)
    return DepthEstimate(MetricDepth(z_m, ~shown.sky, log_sigma=log_sigma), "m", sky=shown.sky)


def test_a_perfect_estimate_has_no_error_and_a_scaled_one_only_in_metres() -> None:
    perfect = score(picture(), estimate(picture()))
    assert perfect["aligned"] == perfect["metric"] == pytest.approx(0, abs=1e-6)
    assert perfect["delta1"] == perfect["sky IoU"] == perfect["sky found"] == perfect["far"] == 1
    scaled = score(picture(), estimate(picture(), 1.5))
    assert scaled["aligned"] == pytest.approx(0, abs=1e-5) and scaled["metric"] == pytest.approx(
        0.5, rel=1e-4
    )
    assert scaled["delta1"] == 0
    assert "metric" not in score(picture(metric=False), estimate(picture()))


def test_tables_name_the_groups_and_weigh_them_alike() -> None:
    shown = [picture(), picture(), picture()]
    other = Picture("q", "h", shown[0].rgb, shown[0].z_m, 60.0, True)
    rows = [{"aligned": 0.1}, {"aligned": 0.1}, {"aligned": 0.1}, {"aligned": 0.3}]
    found = means([*shown, other], rows)
    assert found["all"]["aligned"] == pytest.approx(0.2)
    assert "| **all** | 0.200 |" in table("kind", found) and "metric" not in table("kind", found)
    assert "95 %" in tables({"drawn": drawn(1.0, 1.0)})


def test_what_a_weights_file_has_calibrated_already_is_undone() -> None:
    shown = picture()
    weights = Weights(None, 1, 1, sigma_factor=0.5, sigma_power=2.0)  # type: ignore[arg-type]
    errors = errors_of([Looked(shown, estimate(shown))], weights)
    assert weights.calibrated(errors.predicted.astype(np.float32)) == pytest.approx(0.2)


@pytest.mark.data
@pytest.mark.skipif(not PAIRS.exists(), reason="needs ../shared/train")
def test_the_shipped_error_model_is_that_of_the_held_out_places() -> None:
    # After a change of the preview, run tools.preview.ship --write.
    model, coverage = error_model_of(look_at(photos_of_held_out_places(PAIRS), Preview()), 1.0, 1.0)
    shipped = known_error_model("preview")
    assert shipped is not None and shipped.typical_sigma is not None
    for name in ("scale", "smooth", "reach", "typical_sigma"):
        assert getattr(shipped, name) == pytest.approx(getattr(model, name), rel=0.03), name
    assert coverage.distances > 0.9 and coverage.pixel > 0.9
