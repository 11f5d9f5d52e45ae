"""Calibration with known measurements: distances, lengths, rectangles, the camera height."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import CAMERA, floor_and_wall, with_box

from recon.calibration.calibration import Calibration, apply
from recon.calibration.fit import FitData, Unknowns, calibrate
from recon.calibration.report import doubts
from recon.camera.focal_from_rectangle import focal_from_rectangle
from recon.constraints import CameraHeight, Constraint, DistanceAt, LengthBetween, Rectangle
from recon.error_model import ErrorModel
from recon.errors import CalibrationError
from recon.types import Intrinsics, MetricDepth, RelativeDepth
from tools.bench.calibration import Truth, draw, truths_of

Z = with_box(floor_and_wall(wall_m=10.0), slice(30, 90), slice(50, 100), 2.0)
ALL = np.ones(Z.shape, bool)
NEAR, FAR, FLOOR, WALL = (75.5, 60.5), (20.5, 20.5), (80.5, 110.5), (140.5, 40.5)
EXACT = ErrorModel("m", 0.0, 0.0, 1.0, 0.0, 0, "exact")
RGBD = Path(__file__).parents[3] / "shared" / "data" / "rgbd"


def relative_of(scale: float, shift: float) -> RelativeDepth:
    return RelativeDepth(((1 / Z - shift) / scale).astype(np.float32), ALL)


def point(pixel: tuple[float, float], camera: Intrinsics = CAMERA) -> np.ndarray:
    x, y = pixel
    z = float(Z[int(y), int(x)])
    return np.array([(x - camera.cx) / camera.fx * z, (y - camera.cy) / camera.fy * z, z])


def at(pixel: tuple[float, float], off: float = 1.0) -> DistanceAt:
    distance_m = float(np.linalg.norm(point(pixel))) * off
    return DistanceAt(pixel, distance_m, 0.01 * distance_m)


def between(a: tuple[float, float], b: tuple[float, float], off: float = 1.0) -> LengthBetween:
    length_m = float(np.linalg.norm(point(a) - point(b))) * off
    return LengthBetween(a, b, length_m, 0.01 * length_m)


def fitted(
    constraints: Sequence[Constraint],
    depth: RelativeDepth | MetricDepth | None = None,
    *,
    spread: ErrorModel | None = EXACT,
    camera: Intrinsics = CAMERA,
    shift: bool = True,
    focal: bool = False,
    reference: MetricDepth | None = None,
    reference_sigma: float = 0.0,
) -> Calibration:
    return calibrate(
        relative_of(0.02, -0.05) if depth is None else depth,
        FitData(constraints, reference, "constraints", reference_sigma),
        camera=camera,
        unknowns=Unknowns(shift, focal),
        model="m",
        spread=spread,
    )


CONSTRAINTS = {
    "two distances": [at(NEAR), at(FAR)],
    "a length and a distance": [between(NEAR, (95.5, 85.5)), at(FAR)],
    "two lengths": [between(NEAR, (95.5, 85.5)), between(FAR, WALL)],
    "a length into the depth and one across": [between(FLOOR, FAR), between(NEAR, (55.5, 35.5))],
    "height and distance": [CameraHeight(1.5, 0.01), at(FAR)],
}


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_two_exact_constraints_give_back_scale_and_shift(name: str) -> None:
    result = fitted(CONSTRAINTS[name])
    assert result.scale == pytest.approx(0.02, rel=5e-3) and result.shift == pytest.approx(-0.05, abs=2e-3)
    assert result.relative_error is None or result.relative_error < 1e-6
    depth = apply(result, relative_of(0.02, -0.05))
    assert np.abs(depth.z_m / Z - 1).max() < 1e-2
    assert all(residual.used and abs(residual.off) < 1e-3 for residual in result.constraints)


@settings(max_examples=15)
@given(st.floats(1e-3, 50), st.floats(-0.4, 0.1))
def test_the_answer_does_not_depend_on_the_network_s_own_scale_and_shift(scale: float, shift: float) -> None:
    constraints = [at(NEAR, 1.01), at(FAR, 0.99), between(FLOOR, FAR)]
    here, there = relative_of(0.02, -0.05), relative_of(scale, shift)
    first, second = fitted(constraints, here), fitted(constraints, there)
    assert np.allclose(apply(first, here).z_m, apply(second, there).z_m, rtol=2e-3)
    assert first.scale_interval == pytest.approx(second.scale_interval, rel=2e-2)


def test_one_length_scales_a_metric_model() -> None:
    model = MetricDepth((1.3 * Z).astype(np.float32), ALL)
    result = fitted([between(NEAR, (95.5, 85.5))], model, shift=False)
    assert result.scale == pytest.approx(1.3, rel=1e-4) and result.shift == 0
    # The length's own 1 %, and half a pixel at either end of 32 px.
    assert result.scale_interval == pytest.approx(1.96 * np.hypot(0.01, 0.5 * 2**0.5 / 32), rel=0.05)
    shifted = MetricDepth((1 / (1 / Z + 0.05)).astype(np.float32), ALL)
    assert fitted([at(NEAR), at(FAR), at(FLOOR)], shifted).shift == pytest.approx(-0.05, abs=1e-3)


def test_a_camera_height_scales_a_metric_model() -> None:
    model = MetricDepth((0.7 * Z).astype(np.float32), ALL)
    result = fitted([CameraHeight(1.5, 0.03)], model, shift=False)
    assert result.scale == pytest.approx(0.7, rel=5e-3)
    assert result.scale_interval == pytest.approx(1.96 * 0.02, rel=0.02)
    wall = MetricDepth(np.full_like(Z, 3.0), ALL)
    with pytest.raises(CalibrationError, match="no floor"):
        fitted([CameraHeight(1.5, 0.03)], wall, shift=False)


def test_lengths_correct_a_reference_s_scale_and_keep_its_shape() -> None:
    reference = MetricDepth((1.2 * Z).astype(np.float32), ALL)
    alone = fitted([], reference=reference)
    both = fitted([between(NEAR, (95.5, 85.5)), at(FAR)], reference=reference, reference_sigma=0.1)
    depth = relative_of(0.02, -0.05)
    assert np.median(apply(alone, depth).z_m / Z) == pytest.approx(1.2, rel=1e-3)
    assert np.median(apply(both, depth).z_m / Z) == pytest.approx(1.0, abs=0.02)
    assert 0.005 < both.scale_interval < 0.04
    stated = fitted([], reference=reference, reference_sigma=0.05)
    assert stated.scale_interval == pytest.approx(np.expm1(1.96 * 0.05), rel=0.02)


def test_a_wrong_constraint_among_good_ones_is_left_out_and_named() -> None:
    wrong = at(WALL, 2.0)
    result = fitted([at(NEAR), at(FAR), between(FLOOR, FAR), wrong, at(FLOOR)])
    assert result.scale == pytest.approx(0.02, rel=0.03)
    assert [residual.constraint for residual in result.constraints if not residual.used] == [wrong.text]
    assert result.outliers == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("constraints", "says"),
    [
        (
            [at(NEAR)],
            "1 known length does not determine the scale and the shift of relative depth: 2 are needed",
        ),
        ([at(NEAR), at((76.5, 62.5))], "at a similar distance"),
        ([at(NEAR), at(FAR), at(FLOOR, 3.0)], "are inconsistent"),
        ([DistanceAt((200.5, 60.5), 2.0, 0.1), at(FAR)], r"lies outside the photo \(160 x 120 px\)"),
        ([CameraHeight(1.5, 0.1), CameraHeight(1.6, 0.1)], "given twice"),
        ([at(NEAR, 3.0), at(FAR, 0.3)], "contradict"),
    ],
)
def test_too_little_and_what_contradicts_itself_is_refused(constraints: list[Constraint], says: str) -> None:
    with pytest.raises(CalibrationError, match=says):
        fitted(constraints)


@pytest.mark.parametrize("times", [1.1, 2.0])
def test_two_metric_lengths_that_disagree_are_both_taken_with_an_interval_that_covers_them(
    times: float,
) -> None:
    """Nothing says which of them is wrong."""
    known = [at(NEAR), at(FAR, times)]
    result = fitted(known, MetricDepth(Z, ALL), shift=False)
    assert all(residual.used for residual in result.constraints)
    assert 1 / times < result.scale < 1
    low, high = (result.scale * (1 + result.scale_interval) ** sign for sign in (-1, 1))
    assert low < 1 / times and high > 1
    (contradiction,) = [doubt for doubt in doubts(result, None) if "contradict each other" in doubt]
    assert all(constraint.text in contradiction for constraint in known)


@pytest.mark.parametrize("times", [5.0, 10.0, 1e4, 1e5])
def test_a_length_in_another_unit_is_no_error_of_the_depth(times: float) -> None:
    with pytest.raises(CalibrationError, match="are inconsistent"):
        fitted([at(NEAR), at(FAR, times)], MetricDepth(Z, ALL), shift=False)


def test_a_position_without_depth_is_named() -> None:
    valid = ALL.copy()
    valid[55:66, 70:82] = False
    depth = RelativeDepth(relative_of(0.02, -0.05).inverse, valid)
    with pytest.raises(CalibrationError, match=r"no depth at 75\.5,60\.5"):
        fitted([at(NEAR), at(FAR)], depth)


def test_nothing_that_is_seen_goes_behind_the_camera_or_to_infinity() -> None:
    # Two near distances that, taken literally, would put the wall behind the camera.
    result = fitted([at(NEAR), at(FLOOR, 0.85)])
    depth = apply(result, relative_of(0.02, -0.05))
    assert depth.valid.mean() > 0.98 and depth.z_m[depth.valid].max() <= 1000.0


def test_a_network_of_unknown_error_shows_it_in_the_scatter_of_its_lengths() -> None:
    rng = np.random.default_rng(0)
    noisy = (1 / Z * np.exp(rng.normal(0, 0.06, (24, 32)).repeat(5, 0).repeat(5, 1))).astype(np.float32)
    places = [(5.0 * c + 2.5, 5.0 * r + 2.5) for r in range(1, 24, 2) for c in range(1, 32, 3)]
    constraints = [at(place) for place in places]
    result = fitted(constraints, RelativeDepth(noisy, ALL), spread=None)
    assert result.relative_error == pytest.approx(0.06, rel=0.25)
    few = fitted([at(NEAR), at(FAR)], RelativeDepth(noisy, ALL), spread=None)
    assert few.relative_error is None


def test_lengths_in_two_directions_determine_the_focal_length() -> None:
    guess = Intrinsics.from_focal(140.0, width=160, height=120, source="default")
    across, along = between((20.5, 20.5), (140.5, 20.5)), between((80.5, 118.5), (80.5, 100.5))
    model = MetricDepth((0.8 * Z).astype(np.float32), ALL)
    result = fitted([across, along], model, camera=guess, shift=False, focal=True)
    assert result.focal_px == pytest.approx(200.0, rel=0.02) and result.scale == pytest.approx(0.8, rel=0.02)
    assert result.focal_sigma is not None and 0.005 < result.focal_sigma < 0.1
    with pytest.raises(CalibrationError, match="does not determine"):
        fitted([across], model, camera=guess, shift=False, focal=True)
    parallel = between((30.5, 30.5), (130.5, 30.5))
    with pytest.raises(CalibrationError, match="two directions"):
        fitted([across, parallel], model, camera=guess, shift=False, focal=True)


def rectangle_seen(
    turn: tuple[float, float, float], focal_px: float, noise: np.ndarray | None = None
) -> Rectangle:
    corners = np.array([[-0.45, -1.0, 0], [0.45, -1.0, 0], [0.45, 1.03, 0], [-0.45, 1.03, 0]])
    matrix = np.array([[focal_px, 0, 500.0], [0, focal_px, 400.0], [0, 0, 1]])
    seen, _ = cv2.projectPoints(corners, np.array(turn), np.array([0.2, 0.1, 2.5]), matrix, None)
    seen = seen[:, 0] + (0 if noise is None else noise)
    a, b, c, d = ((float(x), float(y)) for x, y in seen)
    return Rectangle((a, b, c, d), 0.9, 2.03)


def test_a_rectangle_at_an_angle_determines_the_focal_length() -> None:
    for turn in ((0.5, 0.6, 0.1), (0.5, 0.6, 3.1), (-0.4, 0.7, 1.5)):
        result = focal_from_rectangle(rectangle_seen(turn, 900.0), width=1000, height=800)
        assert result is not None and result.focal_px == pytest.approx(900.0, rel=1e-3)
        assert 0.005 < result.sigma < 0.15
    # Seen from the front, it does not determine it.
    assert focal_from_rectangle(rectangle_seen((0, 0, 0.2), 900.0), width=1000, height=800) is None


def test_the_rectangle_s_interval_covers_the_truth() -> None:
    rng = np.random.default_rng(0)
    inside = []
    for _ in range(150):
        noise = rng.normal(0, 0.5, (4, 2))
        result = focal_from_rectangle(rectangle_seen((0.5, 0.6, 0.1), 900.0, noise), width=1000, height=800)
        assert result is not None
        inside.append(abs(np.log(result.focal_px / 900.0)) < 1.96 * result.sigma)
    assert np.mean(inside) > 0.9


@pytest.fixture(scope="module")
def truths() -> list[Truth]:
    return truths_of(RGBD)


@pytest.mark.data
@pytest.mark.skipif(not RGBD.is_dir(), reason="needs ../shared/data")
@pytest.mark.parametrize(("count", "outliers"), [(2, 0.0), (3, 0.0), (10, 0.3)])
def test_the_intervals_cover_real_depth_made_relative(
    count: int, outliers: float, truths: list[Truth]
) -> None:
    """The full table is made by ``tools.bench.calibration``; this notices when it would no longer hold."""
    rng = np.random.default_rng(7)
    drawn = []
    for _ in range(120):
        try:
            truth = truths[rng.integers(len(truths))]
            drawn.append(draw(truth, count, outliers, rng, lengths=False, stated=True))
        except CalibrationError:
            continue
    assert len(drawn) > 100
    for covered in (
        [d.covers_scale for d in drawn],
        [d.covers_shift for d in drawn],
        [d.covers_depth for d in drawn],
    ):
        # Three standard deviations of a count of 120 below 95 %.
        assert np.mean(covered) > 0.95 - 3 * (0.95 * 0.05 / len(drawn)) ** 0.5
