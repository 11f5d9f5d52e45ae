"""The estimator's own error of each pixel: which parts of the error model it scales, and whether intervals follow."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from rooms import MODEL, estimated, on_floor, on_wall, room_depth, scene_of

from recon.calibration.calibration import apply, as_json
from recon.calibration.fit import FitData, Unknowns, calibrate
from recon.constraints import DistanceAt
from recon.measure import Assumptions, Interval, from_camera, polyline
from recon.measure.propagate import draw
from recon.provenance import CalibrationRecord, ModelRecord, Provenance
from recon.scene import Scene
from recon.types import Intrinsics, MetricDepth, Photo

Array = NDArray[np.float64]

CAMERA = Intrinsics.from_focal(60.0, width=48, height=36, source="user")
SIZE = {"width": 48, "height": 36}
ROOM = room_depth(CAMERA)
MAPPED = replace(MODEL, typical_sigma=0.1)
SURE, UNSURE, GIVEN = (10.5, 30.5), (30.5, 6.5), (40.5, 8.5)
"""Two pixels to measure at, and one whose distance a calibration is given."""
PICKED = np.array([SURE, UNSURE, GIVEN])
LOG_SIGMA = np.where(np.arange(36)[:, None] < 18, 0.3, 0.05).astype(np.float32) * np.ones((1, 48), np.float32)
"""On the wall three times the typical error, on the floor half of it."""
EXACTLY = Assumptions(pixel_sigma_px=0.0)
TRUE_M = {
    SURE: float(np.linalg.norm(on_floor(*SURE, CAMERA))),
    UNSURE: float(np.linalg.norm(on_wall(*UNSURE, CAMERA))),
}


def room(log_sigma: NDArray[np.float32] | None, z_m: NDArray[np.float32] = ROOM) -> Scene:
    scene = scene_of(z_m, estimated(MAPPED), CAMERA)
    return replace(scene, depth=replace(scene.depth, log_sigma=log_sigma))


def sigma(scene: Scene, pixel: tuple[float, float]) -> float:
    result = from_camera(scene, pixel, EXACTLY)
    assert result.sigma is not None
    return result.sigma / result.value


def wrong_rooms(draws: int) -> Iterator[NDArray[np.float32]]:
    """Depth that is wrong around the picked pixels, as the model and the map say."""
    factor = MAPPED.factors(LOG_SIGMA, PICKED)
    covariance = MAPPED.covariance(PICKED, calibrated=False, factor=factor, **SIZE)
    for errors in draw(covariance, draws, np.random.default_rng(5)):
        z_m = ROOM.copy()
        for (x, y), error in zip(PICKED, errors, strict=True):
            z_m[int(y) - 2 : int(y) + 3, int(x) - 2 : int(x) + 3] *= np.exp(error)
        yield z_m


def holds(result: Interval, truth: float) -> bool:
    assert result.low is not None and result.high is not None
    return result.low <= truth <= result.high


def test_the_map_scales_the_smooth_and_the_local_part_and_not_the_common_factor() -> None:
    factor = MAPPED.factors(LOG_SIGMA, PICKED)
    assert factor == pytest.approx([0.5, 3.0, 3.0])
    plain = MAPPED.covariance(PICKED, calibrated=True, **SIZE)
    mapped = MAPPED.covariance(PICKED, calibrated=True, factor=factor, **SIZE)
    assert mapped == pytest.approx(np.diag(factor) @ plain @ np.diag(factor))
    bare = MAPPED.covariance(PICKED, calibrated=False, factor=factor, **SIZE)
    assert bare - mapped == pytest.approx(np.full((3, 3), MAPPED.scale**2))
    between = MAPPED.between(PICKED[:1], PICKED[1:], one_factor=factor[:1], other_factor=factor[1:], **SIZE)
    assert between == pytest.approx(mapped[:1, 1:])


def test_intervals_grow_with_the_map_and_are_those_of_before_without_one() -> None:
    without = room(None)
    assert sigma(room(np.full(ROOM.shape, 0.1, np.float32)), UNSURE) == pytest.approx(sigma(without, UNSURE))
    sizes = [sigma(room(np.full(ROOM.shape, s, np.float32)), UNSURE) for s in (0.05, 0.1, 0.2, 0.4)]
    expected = [np.hypot(MAPPED.scale, MAPPED.spread * times) for times in (0.5, 1, 2, 4)]
    assert sizes == pytest.approx(expected, rel=0.02)
    assert sigma(room(LOG_SIGMA), SURE) < sigma(without, SURE)
    assert sigma(room(LOG_SIGMA), UNSURE) > sigma(without, UNSURE)
    unmapped = replace(without.provenance, error_model=MODEL)
    added = replace(room(LOG_SIGMA), provenance=unmapped)
    column, row = (int(each) for each in SURE)
    alone = sigma(replace(without, provenance=unmapped), SURE)
    assert sigma(added, SURE) == pytest.approx(np.hypot(alone, LOG_SIGMA[row, column]), rel=0.02)


def test_a_stated_error_takes_the_place_of_the_map() -> None:
    stated = Assumptions(0.0, depth_sigma=0.02)
    assert from_camera(room(LOG_SIGMA), UNSURE, stated) == from_camera(room(None), UNSURE, stated)


def test_what_the_interval_counts_is_named() -> None:
    message = from_camera(room(LOG_SIGMA), SURE).errors_text
    assert "scaled by its predicted uncertainty" in message
    assert "predicted uncertainty" not in from_camera(room(None), SURE).errors_text


@pytest.mark.slow
def test_intervals_cover_the_truth_where_the_error_differs_from_pixel_to_pixel() -> None:
    mapped: dict[tuple[float, float], list[bool]] = {SURE: [], UNSURE: []}
    flat: dict[tuple[float, float], list[bool]] = {SURE: [], UNSURE: []}
    lengths = []
    length_m = float(np.linalg.norm(on_floor(*SURE, CAMERA) - on_wall(*UNSURE, CAMERA)))
    for z_m in wrong_rooms(1_000):
        with_map, without = room(LOG_SIGMA, z_m), room(None, z_m)
        for pixel, truth in TRUE_M.items():
            mapped[pixel].append(holds(from_camera(with_map, pixel, EXACTLY), truth))
            flat[pixel].append(holds(from_camera(without, pixel, EXACTLY), truth))
        lengths.append(holds(polyline(with_map, [SURE, UNSURE], EXACTLY), length_m))
    assert all(0.93 <= np.mean(held) <= 0.97 for held in (*mapped.values(), lengths))
    # One error for all pixels is too wide for the sure one, and too narrow for the unsure one.
    assert np.mean(flat[SURE]) > 0.975 and np.mean(flat[UNSURE]) < 0.85


def calibrated(z_m: NDArray[np.float32], given_px: tuple[float, float], given_m: float) -> Scene:
    """A scene scaled by one distance."""
    depth = MetricDepth(z_m, np.ones(z_m.shape, bool), log_sigma=LOG_SIGMA)
    fit = calibrate(
        depth,
        FitData([DistanceAt(given_px, given_m, 0.01 * given_m)]),
        camera=CAMERA,
        unknowns=Unknowns(shift=False),
        model="m",
        spread=MAPPED,
    )
    return Scene(
        photo=Photo(rgb=np.zeros((*z_m.shape, 3), np.uint8)),
        intrinsics=CAMERA,
        depth=apply(fit, depth),
        provenance=Provenance(
            model=ModelRecord("m"), calibration=CalibrationRecord.from_dict(as_json(fit)), error_model=MAPPED
        ),
    )


@pytest.mark.slow
def test_a_calibration_keeps_the_map_and_its_intervals_cover() -> None:
    given_m = float(np.linalg.norm(on_wall(*GIVEN, CAMERA)))
    held: dict[tuple[float, float], list[bool]] = {SURE: [], UNSURE: []}
    rng = np.random.default_rng(6)
    for z_m in wrong_rooms(500):
        scene = calibrated(z_m, GIVEN, given_m * float(np.exp(rng.normal(0, 0.01))))
        assert scene.depth.log_sigma is LOG_SIGMA
        for pixel, truth in TRUE_M.items():
            held[pixel].append(holds(from_camera(scene, pixel, EXACTLY), truth))
    assert all(0.93 <= np.mean(each) <= 0.97 for each in held.values())


def test_a_distance_given_where_the_network_is_unsure_says_less_about_the_scale() -> None:
    moved = []
    for pixel, surface in ((SURE, on_floor), (UNSURE, on_wall)):
        given_m = 1.1 * float(np.linalg.norm(surface(*pixel, CAMERA)))
        fitted = calibrated(ROOM, pixel, given_m).provenance.calibration
        assert fitted is not None
        moved.append(abs(np.log(fitted.scale)))
    assert 0 < moved[1] < 0.7 * moved[0]


def test_a_reference_counts_more_where_the_network_is_sure() -> None:
    valid = np.ones(ROOM.shape, bool)
    truth = MetricDepth(ROOM * np.where(LOG_SIGMA > 0.1, np.float32(1.3), np.float32(1.0)), valid)

    def scale(log_sigma: NDArray[np.float32] | None) -> float:
        return calibrate(
            MetricDepth(ROOM, valid, log_sigma=log_sigma),
            FitData(reference=truth),
            camera=CAMERA,
            unknowns=Unknowns(shift=False),
            model="m",
            spread=replace(MAPPED, scale=0.0),
        ).scale

    assert abs(np.log(scale(LOG_SIGMA))) < 0.5 * abs(np.log(scale(None)))
