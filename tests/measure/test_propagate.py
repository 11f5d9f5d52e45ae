"""The intervals against draws of the errors that they claim to count."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from rooms import MODEL, UP_CAM, estimated, on_floor, on_wall, room_depth, scene_of

from recon.error_model import ErrorModel
from recon.measure import Assumptions, Interval, angle, area, distance, from_camera, plane, polyline
from recon.measure.propagate import draw
from recon.scene import Scene
from recon.types import Intrinsics

Array = NDArray[np.float64]

DRAWS = 2_000
SMALL = Intrinsics.from_focal(60.0, width=48, height=36, source="user")
PICKED = [(10.5, 30.5), (38.5, 25.5), (30.5, 6.5)]
OUTLINE = [(8.0, 26.0), (40.0, 26.0), (40.0, 34.0), (8.0, 34.0)]
EXACTLY = Assumptions(pixel_sigma_px=0.0)
ROOM = room_depth(SMALL)


def points_of(at_px: Array, log_error: Array, focal: Array) -> Array:
    """(B, 3, 3): where the three picked positions lie, by the true surfaces, with errors of log depth and focal."""
    result = np.empty((len(at_px), 3, 3))
    for b, (positions, errors, f) in enumerate(zip(at_px, log_error, focal, strict=True)):
        for k, (x, y) in enumerate(positions):
            point = (on_wall if k == 2 else on_floor)(x, y, SMALL) * np.exp(errors[k])
            result[b, k] = point * [np.exp(-f), np.exp(-f), 1.0]
    return result


def lengths(p: Array) -> dict[str, Array]:
    one, other = p[:, 0] - p[:, 1], p[:, 2] - p[:, 1]
    both = np.linalg.norm(one, axis=1), np.linalg.norm(other, axis=1)
    return {
        "distance": both[0],
        "vertical": -one @ UP_CAM,
        "polyline": both[0] + both[1],
        "angle": np.degrees(np.arccos((one * other).sum(axis=1) / both[0] / both[1])),
        "from-camera": np.linalg.norm(p[:, 2], axis=1),
    }


@pytest.mark.parametrize("pixel_sigma, focal_sigma", [(0.0, 0.0), (0.5, 0.0), (0.0, 0.04), (0.5, 0.02)])
def test_first_order_agrees_with_draws(pixel_sigma: float, focal_sigma: float) -> None:
    rng = np.random.default_rng(1)
    where = np.array(PICKED)
    covariance = MODEL.covariance(where, width=48, height=36, calibrated=False)
    drawn = lengths(
        points_of(
            where + rng.normal(0, pixel_sigma, (DRAWS, 3, 2)),
            draw(covariance, DRAWS, rng),
            rng.normal(0, focal_sigma, DRAWS),
        )
    )
    scene = scene_of(ROOM, estimated(MODEL, focal={"sigma": focal_sigma}), SMALL)
    assume = Assumptions(pixel_sigma_px=pixel_sigma)
    line = distance(scene, PICKED[0], PICKED[1], assume)
    result = {
        "distance": line,
        "vertical": line.parts["vertical"],
        "polyline": polyline(scene, PICKED, assume),
        "angle": angle(scene, *PICKED, assume),
        "from-camera": from_camera(scene, PICKED[2], assume),
    }
    for name, one in result.items():
        assert one.sigma == pytest.approx(drawn[name].std(), rel=0.05), name
        assert one.sigma is not None and one.low is not None and one.high is not None
        if one.method == "first-order":
            assert (one.high - one.low) / 2 == pytest.approx(1.96 * one.sigma, rel=1e-4)


def wrong_rooms(model: ErrorModel, seed: int = 2) -> Iterator[Scene]:
    """The room with the depth around the picked pixels wrong as the model says, so many times."""
    covariance = model.covariance(np.array(PICKED), width=48, height=36, calibrated=False)
    for errors in draw(covariance, DRAWS, np.random.default_rng(seed)):
        z_m = ROOM.copy()
        for (x, y), error in zip(PICKED, errors, strict=True):
            z_m[int(y) - 3 : int(y) + 4, int(x) - 3 : int(x) + 4] *= np.exp(error)
        yield scene_of(z_m, estimated(model), SMALL)


def coverage(result: Sequence[Interval], truth: float) -> float:
    """How often an interval holds the truth."""
    return float(np.mean([one.low is not None and one.low <= truth <= (one.high or 0.0) for one in result]))


A, B, C = (on_floor(*PICKED[0], SMALL), on_floor(*PICKED[1], SMALL), on_wall(*PICKED[2], SMALL))


@pytest.mark.slow
def test_the_interval_of_a_distance_covers_the_truth_in_95_of_100() -> None:
    # As distance(), less the search for gravity.
    result = [polyline(scene, PICKED[:2], EXACTLY) for scene in wrong_rooms(MODEL)]
    assert 0.93 <= coverage(result, float(np.linalg.norm(A - B))) <= 0.97
    assert {one.method for one in result} == {"first-order"}


@pytest.mark.slow
def test_with_large_errors_the_interval_is_lopsided_and_still_covers() -> None:
    wild = replace(MODEL, scale=0.35, smooth=0.2)
    result = [from_camera(scene, PICKED[2], EXACTLY) for scene in wrong_rooms(wild)]
    assert 0.93 <= coverage(result, float(np.linalg.norm(C))) <= 0.97
    assert {one.method for one in result} == {"monte-carlo"}
    assert all(one.low and one.high and one.high - one.value > 1.5 * (one.value - one.low) for one in result)


def test_the_interval_of_an_area_covers_the_truth() -> None:
    tiny = SMALL.resized(width=24, height=18)
    outline = [(x / 2, y / 2) for x, y in OUTLINE]
    corners = np.array([on_floor(*corner, tiny) for corner in outline])
    truth = np.linalg.norm(np.cross(corners[2] - corners[0], corners[3] - corners[1])) / 2
    rows, cols = np.mgrid[:18, :24]
    centres = np.stack([cols.ravel() + 0.5, rows.ravel() + 0.5], axis=1)
    covariance = MODEL.covariance(centres, width=24, height=18, calibrated=False)
    fields = draw(covariance, 400, np.random.default_rng(3)).reshape(-1, 18, 24)
    rooms = (scene_of(room_depth(tiny) * np.exp(field), estimated(MODEL), tiny) for field in fields)
    result = [area(scene, outline, EXACTLY) for scene in rooms]
    assert 0.92 <= coverage(result, float(truth)) <= 0.98


def test_what_points_share_does_not_blur_the_distance_between_them() -> None:
    # One behind the other, so that their depths decide.
    along = [(20.5, 26.5), (20.5, 33.5)]
    shared = scene_of(ROOM, estimated(replace(MODEL, scale=0.0, smooth=0.05, local=0.0)), SMALL)
    apart = scene_of(ROOM, estimated(replace(MODEL, scale=0.0, smooth=0.0, local=0.05)), SMALL)
    together, alone = (polyline(scene, along, EXACTLY).sigma for scene in (shared, apart))
    assert together is not None and alone is not None and together < 0.7 * alone


def test_ends_of_a_range_are_kept() -> None:
    scene = scene_of(ROOM, estimated(replace(MODEL, local=0.1)), SMALL)
    tiny = distance(scene, (20.5, 30.5), (20.6, 30.5))
    assert tiny.low == 0.0 and tiny.high is not None and tiny.high > tiny.value > 0
    straight = angle(scene, (10.5, 30.5), (20.5, 30.5), (30.5, 30.5))
    assert straight.high == 180.0 and straight.low is not None and straight.low < straight.value <= 180.0
    level = plane(scene, OUTLINE).parts["tilt"]
    assert level.high == 90.0 and level.low is not None and level.low < level.value


def test_the_same_question_gets_the_same_answer() -> None:
    scene = scene_of(ROOM, estimated(replace(MODEL, scale=0.5)), SMALL)
    first, second = (from_camera(scene, PICKED[2]) for _ in range(2))
    assert first.method == "monte-carlo" and (first.low, first.high) == (second.low, second.high)
