from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from synthetic import CAMERA, floor_and_wall, with_box

import recon
from recon.calibration.calibration import dumps
from recon.calibration.references import ScaleSources
from recon.calibration.to_metric import fit
from recon.constraints import DistanceAt, LengthBetween, Rectangle
from recon.depth.measured import Measured
from recon.errors import CalibrationError, ModelUnavailable
from recon.journal import Journal
from recon.options import Options
from recon.pipeline import reconstruct
from recon.types import DepthEstimate, MetricDepth, Photo, RelativeDepth

Z = with_box(floor_and_wall(), slice(30, 90), slice(50, 100), 2.0)
ALL = np.ones(Z.shape, bool)
SKY = np.zeros(Z.shape, bool)
SKY[:20] = True
RGB = np.random.default_rng(0).integers(0, 256, (120, 160, 3)).astype(np.uint8)


class Fake:
    """An estimator that returns the ground truth: metric, or relative with an arbitrary scale and shift."""

    def __init__(self, gives: str = "metric", focal_px: float | None = None) -> None:
        self.name, self.gives, self.focal_px = f"fake-{gives}", gives, focal_px
        self.known_focal: list[float | None] = []

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        self.known_focal.append(focal_px)
        depth: MetricDepth | RelativeDepth
        if self.gives == "metric":
            depth = MetricDepth(z_m=Z, valid=~SKY)
        else:
            depth = RelativeDepth(inverse=((1 / Z + 0.05) * 7).astype(np.float32), valid=~SKY)
        return DepthEstimate(depth=depth, model=self.name, revision="r1", focal_px=self.focal_px, sky=SKY)


def photo(**changes: object) -> Photo:
    return Photo(rgb=RGB, path="somewhere/photo.jpg", **changes)  # type: ignore[arg-type]


def save_depth(path: Path) -> Path:
    np.save(path, np.where(SKY, np.nan, Z))
    return path


def test_a_metric_estimator_makes_a_scene_with_its_own_focal_length() -> None:
    scene = recon.reconstruct(photo(), estimator=Fake(focal_px=200.0))  # type: ignore[arg-type]
    assert (scene.intrinsics.fx, scene.intrinsics.source) == (200.0, "model")
    assert np.array_equal(scene.depth.z_m, Z) and scene.dropped.sky == SKY.sum()
    assert scene.provenance.model_name == "fake-metric" and scene.provenance.model.revision == "r1"
    assert scene.provenance.focal.source == "model"


@pytest.mark.parametrize(
    ("options", "known", "source"),
    [
        ({"focal_px": 321.0}, 321.0, "user"),
        ({"intrinsics": (300.0, 310.0, 70.0, 60.0)}, 300.0, "user"),
        ({"fov": 60.0}, 160 / 2 / np.tan(np.radians(30)), "user"),
        ({"focal_35mm": 43.2666}, 200.0, "user"),
        ({}, 250.0, "exif"),
    ],
)
def test_a_known_focal_length_reaches_the_estimator_and_the_camera(
    options: dict[str, object], known: float, source: str
) -> None:
    fake = Fake(focal_px=200.0)
    scene = recon.reconstruct(photo(exif_focal_px=250.0), estimator=fake, **options)  # type: ignore[arg-type]
    assert fake.known_focal == [pytest.approx(known, rel=1e-4)]
    assert scene.intrinsics.fx == pytest.approx(known, rel=1e-4) and scene.intrinsics.source == source


def test_the_photo_and_its_depth_are_handed_over_before_the_scene_is_complete(tmp_path: Path) -> None:
    fake, results = Fake("relative"), list[Photo | DepthEstimate]()

    def take(result: Photo | DepthEstimate) -> None:
        results.append(result)
        # The photo before the network runs.
        assert len(fake.known_focal) == len(results) - 1

    options = Options(reference=str(save_depth(tmp_path / "depth.npy")))
    scene = reconstruct(photo(), options, estimator=fake, on_result=take)  # type: ignore[arg-type]
    first, estimate = results
    assert first is scene.photo
    # Depth as the model gives it: the reference makes it metric later.
    assert isinstance(estimate, DepthEstimate) and isinstance(estimate.depth, RelativeDepth)
    assert estimate.depth.valid.shape == Z.shape


def test_a_position_outside_of_the_photo_is_found_before_the_estimator_runs() -> None:
    fake = Fake()
    for wrong in (
        DistanceAt((170.0, 60.0), 2.0, 0.1),
        LengthBetween((10.0, 10.0), (10.0, 121.0), 2.0, 0.1),
        Rectangle(((-1, 0), (9, 0), (9, 9), (-1, 9)), 1.0, 1.0),
    ):
        with pytest.raises(CalibrationError, match="lies outside the photo"):
            recon.reconstruct(photo(), estimator=fake, constraints=[wrong])  # type: ignore[arg-type]
    assert fake.known_focal == []
    edge = DistanceAt((160.0, 60.0), 2.0, 0.1)
    recon.reconstruct(photo(), estimator=fake, constraints=[edge])  # type: ignore[arg-type]


@pytest.mark.parametrize("files", [{"calibration": Path("nope.json")}, {"reference": "nope.png"}])
def test_a_missing_file_is_reported_before_a_model_is_chosen(
    files: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The warning that no weights are installed would come first, and hide it."""
    chosen: list[object] = []
    monkeypatch.setattr("recon.pipeline.choose_estimator", lambda *_: chosen.append(1))
    with pytest.raises(CalibrationError, match="nope"):
        recon.reconstruct(photo(), **files)  # type: ignore[arg-type]
    assert not chosen


def test_a_depth_file_that_is_missing_is_blamed_by_its_own_option(tmp_path: Path) -> None:
    fake = Fake("relative")
    with pytest.raises(CalibrationError, match=r"^depth .*nope\.png does not exist$"):
        recon.reconstruct(photo(), estimator=fake, model="m", depth=tmp_path / "nope.png")  # type: ignore[arg-type]
    with pytest.raises(CalibrationError, match=r"nope\.png does not exist; reference takes"):
        recon.reconstruct(photo(), estimator=fake, reference=str(tmp_path / "nope.png"))  # type: ignore[arg-type]


def test_without_any_focal_length_a_stated_default_is_taken() -> None:
    journal = Journal()
    scene = recon.reconstruct(photo(), estimator=Fake(), journal=journal)  # type: ignore[arg-type]
    assert scene.intrinsics.fov_x_deg == pytest.approx(60.0) and scene.intrinsics.source == "default"
    assert any(entry.kind == "warning" and entry.topic == "focal" for entry in journal.entries)


def test_relative_depth_is_not_exported_as_metric() -> None:
    with pytest.raises(CalibrationError, match="needs a reference"):
        recon.reconstruct(photo(), estimator=Fake("relative"))  # type: ignore[arg-type]


def test_a_measured_depth_brings_relative_depth_to_metres(tmp_path: Path) -> None:
    measured = save_depth(tmp_path / "depth.npy")
    for options in ({"reference": str(measured)}, {"depth": measured}):
        scene = recon.reconstruct(photo(), estimator=Fake("relative"), **options)  # type: ignore[arg-type]
        assert np.abs(scene.depth.z_m[scene.depth.valid] / Z[scene.depth.valid] - 1).max() < 2e-3
        assert scene.depth.scale_interval is not None
        assert scene.provenance.calibration.reference == measured.name


def test_a_measured_depth_rescales_a_metric_model(tmp_path: Path) -> None:
    np.save(tmp_path / "depth.npy", 1.5 * Z)
    scene = recon.reconstruct(photo(), estimator=Fake(), reference=str(tmp_path / "depth.npy"))  # type: ignore[arg-type]
    assert np.allclose(scene.depth.z_m[scene.depth.valid], 1.5 * Z[scene.depth.valid], rtol=1e-3)
    by_depth = recon.reconstruct(photo(), estimator=Fake(), depth=tmp_path / "depth.npy")  # type: ignore[arg-type]
    assert by_depth.depth == scene.depth
    own = recon.reconstruct(photo(), depth=tmp_path / "depth.npy")
    assert own.provenance.model_name == "measured" and own.provenance.calibration is None


def test_relative_depth_takes_no_other_model(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="use only one of model and relative_depth"):
        recon.reconstruct(photo(), estimator=Fake(), relative_depth=tmp_path / "depth.npy")  # type: ignore[arg-type]


def test_a_saved_calibration_costs_only_the_fast_network(tmp_path: Path) -> None:
    fake, saved = Fake("relative"), tmp_path / "cal.json"
    estimate = fake.estimate(photo(), focal_px=None, journal=Journal())
    scale_sources = ScaleSources(reference=Measured(save_depth(tmp_path / "d.npy")))
    result, _ = fit(photo(), estimate, scale_sources, None, Journal())
    saved.write_text(dumps(result))
    journal = Journal()
    scene = recon.reconstruct(photo(), estimator=fake, calibration=saved, journal=journal)  # type: ignore[arg-type]
    assert np.abs(scene.depth.z_m[scene.depth.valid] / Z[scene.depth.valid] - 1).max() < 2e-3
    assert not [
        entry for entry in journal.entries if entry.kind == "warning" and entry.topic == "calibration"
    ]


def test_a_calibration_of_another_photo_warns_and_of_another_model_is_refused(tmp_path: Path) -> None:
    fake, saved = Fake("relative"), tmp_path / "cal.json"
    estimate = fake.estimate(photo(), focal_px=None, journal=Journal())
    scale_sources = ScaleSources(reference=Measured(save_depth(tmp_path / "d.npy")))
    result, _ = fit(photo(), estimate, scale_sources, None, Journal())
    saved.write_text(dumps(result))
    journal = Journal()
    other = Photo(rgb=RGB, path="other.jpg")
    recon.reconstruct(other, estimator=fake, calibration=saved, journal=journal)  # type: ignore[arg-type]
    assert any("made on photo.jpg" in entry.message for entry in journal.entries if entry.kind == "warning")
    with pytest.raises(CalibrationError, match="is a calibration of fake-relative"):
        recon.reconstruct(photo(), estimator=Fake(), calibration=saved)  # type: ignore[arg-type]


def test_a_relative_reference_is_refused() -> None:
    with pytest.raises(CalibrationError, match="predicts depth only up to scale"):
        recon.reconstruct(photo(), estimator=Fake("relative"), reference="dav2-small")  # type: ignore[arg-type]


def test_an_unknown_model_is_named() -> None:
    with pytest.raises(ModelUnavailable, match="depthpro"):
        recon.reconstruct(photo(), model="depthprooo")


def test_auto_without_weights_falls_back_to_the_preview_and_says_so() -> None:
    journal = Journal()
    scene = recon.reconstruct(photo(), offline=True, journal=journal)
    message = " ".join(entry.message for entry in journal.entries if entry.kind == "warning")
    assert "recon models pull depthpro" in message and "preview" in message
    assert scene.provenance.model_name == "preview"


def test_a_longer_lens_sees_farther_with_the_preview() -> None:
    wide, tele = (recon.reconstruct(photo(), model="preview", focal_px=f).depth.z_m for f in (100.0, 200.0))
    assert np.median(tele) > 1.1 * np.median(wide)


def test_measured_depth_of_another_aspect_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "depth.npy", np.ones((120, 120), np.float32))
    with pytest.raises(recon.ReconError, match="same view"):
        recon.reconstruct(photo(), depth=tmp_path / "depth.npy")


def test_no_valid_depth_at_all_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "depth.npy", np.full(Z.shape, np.nan, np.float32))
    with pytest.raises(recon.ReconError, match="no pixel has a depth"):
        recon.reconstruct(photo(), depth=tmp_path / "depth.npy", focal_px=CAMERA.fx)


def test_what_cannot_work_fails_before_the_network_runs(tmp_path: Path) -> None:
    fake = Fake("relative")
    for reference in (None, "none.png", str(tmp_path / "none.json"), "dav2-small", "depthprooo"):
        with pytest.raises(recon.ReconError):
            recon.reconstruct(photo(), estimator=fake, reference=reference)  # type: ignore[arg-type]
    assert fake.known_focal == []


def test_the_reference_s_sky_and_focal_length_fill_in(monkeypatch: pytest.MonkeyPatch) -> None:
    class Skyless(Fake):
        def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
            result = super().estimate(photo, focal_px=focal_px, journal=journal)
            return replace(result, sky=None, depth=replace(result.depth, valid=ALL))

    reference = Fake(focal_px=234.0)
    monkeypatch.setattr("recon.depth.registry.create", lambda *_: reference)
    scene = recon.reconstruct(photo(), estimator=Skyless("relative"), reference="reference")  # type: ignore[arg-type]
    assert scene.sky is not None and np.array_equal(scene.sky, SKY) and not scene.depth.valid[SKY].any()
    assert (scene.intrinsics.fx, scene.intrinsics.source) == (234.0, "model")


def test_a_calibration_carries_the_focal_length_that_its_metres_belong_to(tmp_path: Path) -> None:
    estimate = Fake("relative").estimate(photo(), focal_px=None, journal=Journal())
    result, _ = fit(photo(), estimate, ScaleSources(reference=Fake(focal_px=234.0)), None, Journal())  # type: ignore[arg-type]
    (tmp_path / "cal.json").write_text(dumps(result))
    scene = recon.reconstruct(photo(), estimator=Fake("relative"), calibration=tmp_path / "cal.json")  # type: ignore[arg-type]
    assert scene.intrinsics.fx == 234.0


@pytest.mark.parametrize("uses_it", [True, False])
def test_a_processing_size_that_the_model_does_not_use_is_a_warning(uses_it: bool) -> None:
    class Sized(Fake):
        def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
            estimate = super().estimate(photo, focal_px=focal_px, journal=journal)
            return replace(estimate, details={"processing_width": 280}) if uses_it else estimate

    journal = Journal()
    reconstruct(photo(), Options(processing_size=280), estimator=Sized(), journal=journal)  # type: ignore[arg-type]
    texts = [entry.message for entry in journal.entries if "--processing-size" in entry.message]
    assert texts == ([] if uses_it else ["--processing-size has no effect: fake-metric does not use it"])


@pytest.mark.parametrize(
    "option", [{"processing_size": 280}, {"precision": "fp32"}, {"device": "cpu"}, {"backend": "fast"}]
)
def test_an_option_of_the_network_does_not_go_with_a_model_that_exists(option: dict[str, object]) -> None:
    fake, (name,) = Fake(), option
    with pytest.raises(
        ValueError, match=f"{name} has no effect on a model that is created already: give it to"
    ):
        recon.reconstruct(photo(), model=fake, **option)  # type: ignore[arg-type]
    assert not fake.known_focal


def test_a_model_that_exists_is_augmented() -> None:
    fake = Fake()
    scene = recon.reconstruct(photo(), model=fake, augment="flip")  # type: ignore[arg-type]
    assert len(fake.known_focal) == 2 and scene.provenance.model is not None
    assert scene.provenance.model.details["augment"] == ["flip"]
