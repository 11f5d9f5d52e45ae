"""The stage that brings an estimate to metres: what it says, and what it takes from a saved calibration."""

from dataclasses import replace

import numpy as np
import pytest
from synthetic import CAMERA, floor_and_wall, with_box

from recon.calibration.floor_plane import find_floor
from recon.calibration.references import ScaleSources
from recon.calibration.to_metric import Metric, to_metric
from recon.constraints import CameraHeight, Constraint, DistanceAt, LengthBetween
from recon.error_model import ErrorModel
from recon.geometry.gravity import estimate_levelling
from recon.geometry.unproject import rays_of
from recon.journal import Journal
from recon.types import DepthEstimate, FloatMap, Intrinsics, MetricDepth, Photo, RelativeDepth

Z = with_box(floor_and_wall(wall_m=10.0), slice(30, 90), slice(50, 100), 2.0)
ALL = np.ones(Z.shape, bool)
BOX, WALL = (75.5, 60.5), (20.5, 20.5)
MODEL = ErrorModel("m", scale=0.2, smooth=0.05, reach=0.3, local=0.0, photos=30, source="a test")


class Fixed:
    """A reference of known depth."""

    name = "fixed"
    gives = "metric"

    def __init__(self, z_m: FloatMap) -> None:
        self.z_m = z_m

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        return DepthEstimate(depth=MetricDepth(self.z_m, ALL), model=self.name)


def photo(name: str = "a.jpg") -> Photo:
    return Photo(rgb=np.zeros((*Z.shape, 3), np.uint8), path=name)


def at(pixel: tuple[float, float], off: float = 1.0) -> DistanceAt:
    x, y = pixel
    ray = np.array([(x - CAMERA.cx) / CAMERA.fx, (y - CAMERA.cy) / CAMERA.fy, 1.0])
    distance_m = off * float(np.linalg.norm(ray * Z[int(y), int(x)]))
    return DistanceAt(pixel, distance_m, 0.01 * distance_m)


def point(x: float, y: float) -> np.ndarray:
    return np.array([(x - CAMERA.cx) / CAMERA.fx, (y - CAMERA.cy) / CAMERA.fy, 1.0]) * Z[int(y), int(x)]


def between(a: tuple[float, float], b: tuple[float, float], sigma: float = 0.01) -> LengthBetween:
    length_m = float(np.linalg.norm(point(*a) - point(*b)))
    return LengthBetween(a, b, length_m, sigma * length_m)


def made(
    *constraints: Constraint,
    scale_sources: ScaleSources | None = None,
    name: str = "a.jpg",
    known: Intrinsics | None = CAMERA,
    model: str = "m",
) -> tuple[Metric, list[str], list[str]]:
    """The result, what was said, and the warnings."""
    journal = Journal()
    estimate = DepthEstimate(depth=MetricDepth(Z, ALL), model=model)
    result = to_metric(
        photo(name), estimate, scale_sources or ScaleSources(constraints=constraints), known, journal
    )
    said = [entry.message for entry in journal.entries if entry.kind == "decision"]
    return result, said, [entry.message for entry in journal.entries if entry.kind == "warning"]


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """An estimator whose error was measured."""
    monkeypatch.setattr(
        "recon.calibration.to_metric.known_error_model", lambda name: MODEL if name == "m" else None
    )


@pytest.mark.usefixtures("measured")
def test_the_scale_first_then_what_was_given_and_nothing_to_doubt() -> None:
    _, said, warnings = made(at(BOX), at(WALL))
    assert said[0].startswith("m calibrated with 2 distances: scale ± ")
    assert [line.split(" given, ")[0] for line in said[1:]] == ["2.00 m", "10.62 m"]
    assert warnings == []


@pytest.mark.usefixtures("measured")
def test_an_interval_without_any_constraint_is_that_of_the_same_factor() -> None:
    none, *_ = made()
    one, *_ = made(at(BOX))
    assert none.depth.scale_interval is not None and one.depth.scale_interval is not None
    assert none.depth.scale_interval > np.expm1(1.96 * MODEL.scale) > one.depth.scale_interval


@pytest.mark.usefixtures("measured")
def test_a_saved_calibration_has_no_anchors_on_another_photo() -> None:
    result, *_ = made(at(BOX))
    assert result.calibration is not None and len(result.calibration.anchors) == 1
    saved = ScaleSources(calibration=replace(result.calibration, photo="a.jpg"))
    same, said, warnings = made(scale_sources=saved)
    other, *_ = made(scale_sources=saved, name="b.jpg")
    assert same.calibration is not None and len(same.calibration.anchors) == 1
    assert other.calibration is not None and other.calibration.anchors == ()
    assert len(said) == 1 and warnings == []


def test_a_saved_calibration_holds_for_the_same_camera_lying_and_upright() -> None:
    result, *_ = made(at(BOX))
    assert result.calibration is not None
    saved = ScaleSources(calibration=replace(result.calibration, photo="a.jpg"))
    upright = DepthEstimate(depth=MetricDepth(np.ascontiguousarray(Z.T), ALL.T), model="m")
    turned = Photo(rgb=np.zeros((*Z.T.shape, 3), np.uint8), path="b.jpg")
    for focal_px, warns in ((CAMERA.fx, False), (0.75 * CAMERA.fx, True)):
        journal = Journal()
        camera = Intrinsics.from_focal(focal_px, width=turned.width, height=turned.height, source="exif")
        to_metric(turned, upright, saved, camera, journal)
        assert any("another camera or zoom" in entry.message for entry in journal.entries) == warns


def test_a_calibration_that_states_no_size_gives_no_focal_length() -> None:
    result, *_ = made(at(BOX))
    assert result.calibration is not None
    saved = ScaleSources(calibration=replace(result.calibration, width=0, height=0))
    again, *_ = made(scale_sources=saved, known=None)
    assert again.focal_px is None and again.depth == result.depth


@pytest.mark.filterwarnings("error")
def test_what_is_beyond_any_sensor_is_unknown_with_a_scale_alone() -> None:
    inverse = (1 / Z).astype(np.float32)
    inverse[:10] = np.array([0.0, -1.0, 1e-30, 1e-12, 1e-7], np.float32).repeat(2)[:, None]
    estimate = DepthEstimate(depth=RelativeDepth(inverse, ALL), model="m")
    sources = ScaleSources(constraints=(at(BOX),), fit="scale")
    depth = to_metric(photo(), estimate, sources, CAMERA, Journal()).depth
    assert not depth.valid[:10].any() and depth.valid[10:].all()
    assert np.allclose(depth.z_m[10:], Z[10:], rtol=1e-5)


@pytest.mark.parametrize(("times", "doubtful"), [(1.1, False), (3.0, True)])
def test_a_reference_that_shows_another_scene_is_doubted(times: float, doubtful: bool) -> None:
    reference = Z.copy()
    reference[:, ::2] *= np.float32(times)
    _, said, warnings = made(scale_sources=ScaleSources(reference=Fixed(reference)))
    assert any("agree poorly" in text for text in warnings) == doubtful
    assert "residual" in said[0]


@pytest.mark.parametrize(("sigma", "taken"), [(0.01, True), (0.2, False)])
def test_a_focal_length_is_taken_from_lengths_only_where_they_determine_it(sigma: float, taken: bool) -> None:
    """A length across, one into the depth and the camera's height do so to 4 % if known to 1 %, to 24 if to 20."""
    across, along = between((20.5, 20.5), (140.5, 20.5), sigma), between((80.5, 118.5), (80.5, 100.5), sigma)
    result, *_ = made(across, along, CameraHeight(1.5, 1.5 * sigma), known=None, model="measured")
    assert result.focal_fitted == taken
    if taken:
        assert result.focal_px == pytest.approx(CAMERA.fx, rel=0.01)


@pytest.mark.usefixtures("measured")
@pytest.mark.parametrize("relative", [False, True])
def test_a_camera_height_is_that_above_the_floor_that_levels_the_scene(relative: bool) -> None:
    """Depth that bends the floor, as networks do: the planes through its lower half and its whole differ."""
    rows = np.linspace(0, 1, Z.shape[0], dtype=np.float32)[:, None]
    bent = floor_and_wall(wall_m=10.0) * (1 + 0.15 * np.sin(9 * rows))
    depth = RelativeDepth(3 / bent - np.float32(0.1), ALL) if relative else MetricDepth(bent, ALL)
    distance = DistanceAt(WALL, 10.0, 0.01)
    sources = ScaleSources(constraints=(CameraHeight(2.0, 0.002), *([distance] if relative else [])))
    result = to_metric(photo(), DepthEstimate(depth=depth, model="m"), sources, CAMERA, Journal())
    assert result.calibration is not None
    residual = result.calibration.constraints[-1]
    assert residual.constraint.startswith("--camera-height")
    upright = estimate_levelling(result.depth, ALL, CAMERA, photo().rgb)
    assert upright.trusted and upright.camera_height_m == pytest.approx(residual.fitted_m, rel=1e-3)
    alone = find_floor((1 / result.depth.z_m).astype(np.float32), ALL, rays_of(CAMERA))
    assert abs(alone.height(1.0, 0.0, 1.0) / residual.fitted_m - 1) > 0.02


def test_of_many_constraints_the_worst_are_shown() -> None:
    places = [(5.0 * c + 2.5, 12.5) for c in range(2, 14)]
    _, said, _ = made(*(at(place, 1 + 0.002 * k) for k, place in enumerate(places)))
    assert len(said) == 1 + 8 and any("--at 67.5,12.5" in line for line in said)
