"""Augmentation: an estimator whose errors are known shows what is averaged, aligned, and reported."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import recon
from recon.calibration.calibration import Calibration, apply
from recon.depth import registry
from recon.depth.augmented import Augmented
from recon.depth.estimator import RunOptions
from recon.depth.measured import Measured
from recon.error_model import ErrorModel
from recon.errors import ModelUnavailable
from recon.journal import Journal
from recon.options import Augmentation, Options
from recon.pipeline import choose_estimator
from recon.types import DepthEstimate, DepthKind, MetricDepth, Photo, RelativeDepth

PHOTO = Photo(np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8))
Error = Callable[[Photo, int], "NDArray[np.float32] | float"]


class ByColour:
    """Depth from the pixel's red, times an error that depends on the run: what is seen moves with the photo."""

    name = "by-colour"

    def __init__(
        self, error: Error = lambda photo, run: 0.0, gives: DepthKind = "metric", sigma: float | None = None
    ) -> None:
        self.error, self.gives, self.sigma = error, gives, sigma
        self.seen: list[tuple[Photo, float | None]] = []

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        log = np.log(2 + photo.rgb[..., 0] / np.float32(64)) + self.error(photo, len(self.seen))
        self.seen.append((photo, focal_px))
        valid = photo.rgb[..., 1] > 20
        z_m = np.exp(log).astype(np.float32)
        depth: MetricDepth | RelativeDepth = RelativeDepth((1 / z_m).astype(np.float32), valid)
        if self.gives == "metric":
            sigma = None if self.sigma is None else np.full_like(z_m, self.sigma)
            depth = MetricDepth(z_m, valid, log_sigma=sigma)
        return DepthEstimate(depth, "by-colour", sky=~valid, focal_px=None if focal_px else 70.0)


def metric(estimator: ByColour, how: tuple[Augmentation, ...]) -> MetricDepth:
    depth = Augmented(estimator, how).estimate(PHOTO, focal_px=None, journal=Journal()).depth
    assert isinstance(depth, MetricDepth)
    return depth


@pytest.mark.parametrize("how", [("flip",), ("scales",), ("flip", "scales")])
def test_predictions_that_agree_stay_as_they_are(how: tuple[Augmentation, ...]) -> None:
    plain = ByColour().estimate(PHOTO, focal_px=None, journal=Journal()).depth
    depth = metric(ByColour(), how)
    assert isinstance(plain, MetricDepth) and depth.log_sigma is not None
    np.testing.assert_array_equal(depth.valid, plain.valid)
    np.testing.assert_allclose(depth.z_m[depth.valid], plain.z_m[plain.valid], rtol=1e-5)
    assert depth.log_sigma[depth.valid].max() < 1.1e-4


def test_each_part_of_the_photo_is_seen_and_the_focal_length_is_kept() -> None:
    estimator = ByColour()
    metric(estimator, ("flip", "scales"))
    sizes = [(photo.width, photo.height) for photo, _ in estimator.seen]
    assert sizes == [(80, 60), (80, 60), *[(60, 45)] * 4]
    assert [focal_px for _, focal_px in estimator.seen] == [None, *[70.0] * 5]
    np.testing.assert_array_equal(estimator.seen[1][0].rgb, PHOTO.rgb[:, ::-1])
    np.testing.assert_array_equal(estimator.seen[5][0].rgb, PHOTO.rgb[15:, 20:])


def test_the_scale_of_other_runs_does_not_matter() -> None:
    depth = metric(ByColour(lambda photo, run: 0.5 * run), ("flip", "scales"))
    np.testing.assert_allclose(depth.z_m, metric(ByColour(), ()).z_m, rtol=1e-4)


def test_independent_errors_are_averaged_and_show_as_disagreement() -> None:
    rng = np.random.default_rng(1)

    def noise(photo: Photo, run: int) -> NDArray[np.float32]:
        return 0.1 * rng.standard_normal(photo.rgb.shape[:2]).astype(np.float32)

    depth = metric(ByColour(noise, sigma=0.02), ("flip", "scales"))
    true = metric(ByColour(), ())
    off = (np.log(depth.z_m) - np.log(true.z_m))[depth.valid]
    assert depth.log_sigma is not None
    # Two to six predictions at each pixel.
    assert off.std() < 0.065
    assert np.sqrt(np.mean(depth.log_sigma[depth.valid] ** 2)) == pytest.approx(np.hypot(0.1, 0.02), rel=0.1)


def test_relative_depth_gets_its_uncertainty_in_its_own_unit() -> None:
    rng = np.random.default_rng(1)

    def noise(photo: Photo, run: int) -> NDArray[np.float32]:
        return 0.1 * rng.standard_normal(photo.rgb.shape[:2]).astype(np.float32)

    estimate = Augmented(ByColour(noise, gives="relative"), ("flip",)).estimate(
        PHOTO, focal_px=None, journal=Journal()
    )
    assert isinstance(estimate.depth, RelativeDepth) and estimate.depth.sigma is not None
    calibration = Calibration(
        kind="relative",
        scale=2.0,
        shift=0.0,
        covariance=((0.0, 0.0), (0.0, 0.0)),
        relative_error=None,
        outliers=0.0,
        max_depth_m=np.inf,
        scale_interval=0.0,
        model="by-colour",
        reference="test",
    )
    depth = apply(calibration, estimate.depth)
    assert depth.log_sigma is not None
    expected = 2 * estimate.depth.sigma * depth.z_m
    np.testing.assert_allclose(depth.log_sigma[depth.valid], expected[depth.valid].clip(1e-4), rtol=1e-5)
    assert np.median(depth.log_sigma[depth.valid]) > 0.02


def test_where_nothing_can_be_compared_the_plain_prediction_stays() -> None:
    one_value = replace(PHOTO, rgb=np.full_like(PHOTO.rgb, 100))
    depth = Augmented(ByColour(), ("flip",)).estimate(one_value, focal_px=None, journal=Journal()).depth
    assert isinstance(depth, MetricDepth) and depth.z_m == pytest.approx(2 + 100 / 64)
    nothing = replace(PHOTO, rgb=np.zeros_like(PHOTO.rgb))
    depth = Augmented(ByColour(), ("flip",)).estimate(nothing, focal_px=None, journal=Journal()).depth
    assert not depth.valid.any()


def test_an_error_model_without_a_map_is_widened() -> None:
    model = ErrorModel("m", scale=0.1, smooth=0.3, reach=0.1, local=0.4, photos=5, source="test")
    at = np.array([[0.5, 0.5], [1.5, 0.5]])
    assert model.factors(None, at).tolist() == [1.0, 1.0]
    np.testing.assert_allclose(
        model.factors(np.array([[1e-4, 0.5]], np.float32), at), [1.0, np.sqrt(2)], rtol=1e-6
    )


def test_depth_of_a_file_cannot_be_augmented(tmp_path: Path) -> None:
    file = Measured(tmp_path / "depth.npy")
    assert registry.wrapped(file, RunOptions()) is file
    for run, flag in (
        (RunOptions(augment=("flip",)), "--augment"),
        (RunOptions(refine="guided"), "--refine"),
    ):
        with pytest.raises(ModelUnavailable, match=f"comes from a file: omit {flag}"):
            registry.wrapped(file, run)
    for options in (
        Options(depth=tmp_path / "d.npy", augment="flip"),  # type: ignore[arg-type]
        Options(relative_depth=tmp_path / "d.npy", augment="flip"),  # type: ignore[arg-type]
        Options(model="photo", augment="flip"),  # type: ignore[arg-type]
    ):
        with pytest.raises(ModelUnavailable, match="comes from a file"):
            choose_estimator(options, Journal())
    with pytest.raises(recon.ReconError, match="comes from a file: omit augment"):
        recon.load_model("photo", augment="flip")


def test_the_registry_augments_what_it_creates() -> None:
    plain = registry.create("preview", RunOptions())
    assert not isinstance(plain, Augmented)
    made = registry.create("preview", RunOptions(augment=("flip",)))
    assert isinstance(made, Augmented) and (made.name, made.gives) == ("preview", "metric")


@pytest.mark.parametrize("wrong", ["flop", "flip,", ["flip", 3], 3])
def test_unknown_ways_are_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match="augment must be some of flip, scales"):
        Options(augment=wrong)  # type: ignore[arg-type]


def test_ways_are_text_or_a_list() -> None:
    for given in ("scales,flip,flip", ["scales", "flip"], ("scales", "flip")):
        assert Options(augment=given).augment == ("scales", "flip")  # type: ignore[arg-type]
