"""The information of few lengths about the scale, if the estimator's error is correlated over the image."""

import numpy as np
import pytest
from numpy.typing import NDArray
from synthetic import CAMERA, floor_and_wall, with_box

from recon.calibration.calibration import apply, as_json
from recon.calibration.error_models import lattice
from recon.calibration.fit import FitData, Unknowns, calibrate
from recon.constraints import CameraHeight, Constraint, DistanceAt, LengthBetween
from recon.error_model import ErrorModel
from recon.measure.error_budget import Assumptions, budget_of
from recon.provenance import CalibrationRecord, ModelRecord, Provenance
from recon.scene import Scene
from recon.types import MetricDepth, Photo

Array = NDArray[np.float64]

Z = with_box(floor_and_wall(wall_m=10.0), slice(30, 90), slice(50, 100), 2.0)
ALL = np.ones(Z.shape, bool)
SIZE = {"width": CAMERA.width, "height": CAMERA.height}
MODEL = ErrorModel("m", scale=0.2, smooth=0.1, reach=0.3, local=0.02, photos=30, source="a test")
AT = [(75.5, 60.5), (20.5, 20.5), (80.5, 110.5), (140.5, 40.5)]


def point(pixel: tuple[float, float]) -> Array:
    x, y = pixel
    ray = np.array([(x - CAMERA.cx) / CAMERA.fx, (y - CAMERA.cy) / CAMERA.fy, 1.0])
    return ray * float(Z[int(y), int(x)])


def at(pixel: tuple[float, float], off: float = 1.0) -> DistanceAt:
    distance_m = off * float(np.linalg.norm(point(pixel)))
    return DistanceAt(pixel, distance_m, 0.01 * distance_m)


def between(a: tuple[float, float], b: tuple[float, float], off: float = 1.0) -> LengthBetween:
    length_m = off * float(np.linalg.norm(point(a) - point(b)))
    return LengthBetween(a, b, length_m, 0.01 * length_m)


def calibrated(constraints: list[Constraint], model: ErrorModel = MODEL):  # type: ignore[no-untyped-def]
    return calibrate(
        MetricDepth(Z, ALL),
        FitData(constraints),
        camera=CAMERA,
        unknowns=Unknowns(shift=False),
        model="m",
        spread=model,
    )


def log_covariance(constraints: list[Constraint], pixels_px: Array) -> Array:
    """Of the log depth of some pixels, as measuring takes it."""
    fit = calibrated(constraints)
    depth = apply(fit, MetricDepth(Z, ALL))
    scene = Scene(
        photo=Photo(rgb=np.zeros((*Z.shape, 3), np.uint8)),
        intrinsics=CAMERA,
        depth=depth,
        provenance=Provenance(
            model=ModelRecord("m"), calibration=CalibrationRecord.from_dict(as_json(fit)), error_model=MODEL
        ),
    )
    columns, rows = np.floor(pixels_px.T).astype(int)
    z_m = depth.z_m[rows, columns].astype(np.float64)
    return budget_of(scene, Assumptions()).log_depth_covariance(pixels_px, z_m, **SIZE)


def test_scale_and_covariance_are_those_of_a_normal_distribution_under_its_observations() -> None:
    """By the textbook's formula for conditional normal distributions, over the whole picture at once."""
    given = [at(AT[0], 1.3), at(AT[1], 1.2), at(AT[2], 1.1)]
    picture = lattice(ALL)
    asked = np.array([(10.5, 70.5), (120.5, 20.5), (76.5, 64.5)])
    everything = np.concatenate([np.array(AT[:3]), picture, asked])
    prior = MODEL.covariance(everything, calibrated=False, **SIZE)
    # The estimate's log depth is true + error, and the observations are minus the error at their places.
    observed = -np.log([1.3, 1.2, 1.1])
    total = prior[:3, :3] + 0.01**2 * np.eye(3)
    mean = slice(3, 3 + len(picture))
    by = np.linalg.solve(total, prior[:3])
    expected = float((observed @ by)[mean].mean())
    result = calibrated(list(given))
    assert np.log(result.scale) == pytest.approx(expected, abs=1e-6)

    left = prior - prior[:, :3] @ by
    own = MODEL.local**2 / len(picture)
    assert np.log1p(result.scale_interval) == pytest.approx(
        1.96 * np.sqrt(left[mean, mean].mean() - own), rel=1e-4
    )
    # The error of each pixel minus the mean error; not conditional, as depth is only scaled.
    weights = by[:, mean].mean(axis=1)
    cross = weights @ prior[:3, -3:]
    claimed = prior[-3:, -3:] - cross - cross[:, None] + weights @ total @ weights
    assert log_covariance(list(given), asked) == pytest.approx(claimed, rel=1e-5)


def test_a_true_constraint_never_widens_and_more_of_them_narrow() -> None:
    wall = np.array([(30.5, 20.5), (130.5, 20.5)])
    widths, sigmas = [], []
    constraints: list[Constraint] = [at(AT[0]), at(AT[1]), between(AT[2], AT[3]), CameraHeight(1.5, 0.015)]
    for count in range(1, 5):
        widths.append(calibrated(constraints[:count]).scale_interval)
        sigmas.append(log_covariance(constraints[:count], wall).trace())
    before = MODEL.common_sigma(lattice(ALL), **SIZE)
    assert [np.expm1(1.96 * before), *widths] == sorted([np.expm1(1.96 * before), *widths], reverse=True)
    assert [2 * (MODEL.scale**2 + MODEL.spread**2), *sigmas] == sorted(
        [2 * (MODEL.scale**2 + MODEL.spread**2), *sigmas], reverse=True
    )


@pytest.mark.parametrize("off", [0.6, 1.6])
def test_a_short_length_is_weak_evidence_where_the_depth_at_its_ends_is_off(off: float) -> None:
    rough = ErrorModel("m", scale=0.2, smooth=0.4, reach=0.33, local=0.0, photos=30, source="a test")
    near = between((60.5, 60.5), (90.5, 60.5), off)
    far = between((20.5, 20.5), (35.5, 20.5), off)
    short, long = calibrated([far], rough), calibrated([near], rough)
    assert abs(np.log(short.scale)) < abs(np.log(long.scale)) < abs(np.log(off))
    assert short.scale_interval > long.scale_interval
    # With the same length and a depth that is right in itself, the scale is the length's.
    rigid = ErrorModel("m", scale=0.2, smooth=0.0, reach=1.0, local=0.0, photos=30, source="a test")
    assert np.log(calibrated([near], rigid).scale) == pytest.approx(-np.log(off), rel=0.05)


def test_what_is_measured_where_it_was_given_is_surer_than_elsewhere() -> None:
    here = log_covariance([at(AT[0])], np.array([AT[0]]))[0, 0]
    next_to = log_covariance([at(AT[0])], np.array([(85.5, 70.5)]))[0, 0]
    far_off = log_covariance([at(AT[0])], np.array([(150.5, 5.5)]))[0, 0]
    assert here < next_to < far_off


def test_errors_that_the_user_states_are_not_those_that_the_calibration_took_up() -> None:
    fit = calibrated([at(AT[0])])
    scene = Scene(
        photo=Photo(rgb=np.zeros((*Z.shape, 3), np.uint8)),
        intrinsics=CAMERA,
        depth=apply(fit, MetricDepth(Z, ALL)),
        provenance=Provenance(
            model=ModelRecord("m"), calibration=CalibrationRecord.from_dict(as_json(fit)), error_model=MODEL
        ),
    )
    budget = budget_of(scene, Assumptions(depth_sigma=0.01))
    assert budget.calibration is not None and not len(budget.calibration.anchors)
