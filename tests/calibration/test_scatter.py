"""The error of an estimator without an error model, and the effect of an estimator's noise on a fit."""

import numpy as np
import pytest
from synthetic import CAMERA, floor_and_wall, with_box

from recon.calibration.calibration import Calibration
from recon.calibration.fit import FitData, Unknowns, calibrate
from recon.constraints import DistanceAt
from recon.error_model import ErrorModel
from recon.types import MetricDepth, RelativeDepth

Z = with_box(floor_and_wall(wall_m=10.0), slice(30, 90), slice(50, 100), 2.0)
ALL = np.ones(Z.shape, bool)
ASSUMED = 0.05
BOX, WALL, FLOOR = (75.5, 60.5), (20.5, 20.5), (80.5, 110.5)


def at(pixel: tuple[float, float], off: float = 1.0, sigma: float = 0.01) -> DistanceAt:
    x, y = pixel
    ray = np.array([(x - CAMERA.cx) / CAMERA.fx, (y - CAMERA.cy) / CAMERA.fy, 1.0])
    distance_m = off * float(np.linalg.norm(ray * Z[int(y), int(x)]))
    return DistanceAt(pixel, distance_m, sigma * distance_m)


def metric(constraints: list[DistanceAt]) -> Calibration:
    return calibrate(
        MetricDepth(Z, ALL), FitData(constraints), camera=CAMERA, unknowns=Unknowns(False), model="m"
    )


def test_one_constraint_too_many_does_not_decide_alone_how_far_the_estimator_is_off() -> None:
    """Two distances that differ by 10 % scatter by 7 %; two of three parts of the variance stay the assumption's."""
    result = metric([at(BOX, 1.05), at(WALL, 0.95)])
    own = np.log(1.05 / 0.95) / 2**0.5
    assert result.relative_error == pytest.approx(((own**2 + 2 * ASSUMED**2) / 3) ** 0.5, rel=0.03)
    # Neither do two that happen to agree make it exact.
    agree = metric([at(BOX), at(WALL)])
    assert agree.relative_error is None
    assert agree.scale_interval > np.expm1(1.96 * 0.7 * ASSUMED * (2 / 3) ** 0.5)


def test_many_constraints_determine_the_error_of_the_estimator() -> None:
    places = [(5.0 * c + 2.5, 5.0 * r + 2.5) for r in range(1, 24, 4) for c in range(1, 32, 5)]
    exact = metric([at(place) for place in places])
    assert exact.relative_error is None and exact.scale_interval < 0.01
    rng = np.random.default_rng(0)
    rough = metric([at(place, float(np.exp(rng.normal(0, 0.08)))) for place in places])
    assert rough.relative_error == pytest.approx(0.08, rel=0.25)


def test_noise_of_the_estimator_does_not_pull_the_scale_towards_zero() -> None:
    """Of 500 distances with 10 % of noise each, the scale of inverse depth would come out too small by 4.5 %, four of
    its standard errors (errors in variables)."""
    inverse = 1 / Z.astype(np.float64)
    rng = np.random.default_rng(3)
    spread = ErrorModel("m", scale=0.0, smooth=0.0, reach=1.0, local=0.1, photos=30, source="a test")
    ratios, sigmas = [], []
    for _ in range(6):
        noise = np.exp(rng.normal(0, spread.local, (40, 54))).repeat(3, axis=0).repeat(3, axis=1)[:120, :160]
        relative = RelativeDepth(((inverse * noise + 0.05) / 0.02).astype(np.float32), ALL)
        places = [(3.0 * c + 1.5, 3.0 * r + 1.5) for r, c in rng.integers(1, (39, 52), (500, 2))]
        # On an edge of the box the 3 x 3 pixels are of two surfaces.
        places = [
            (x, y) for x, y in places if np.ptp(Z[int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2]) < 0.3
        ]
        result = calibrate(
            relative,
            FitData([at(place, sigma=0.001) for place in places]),
            camera=CAMERA,
            unknowns=Unknowns(shift=True),
            model="m",
            spread=spread,
        )
        ratios.append(result.scale / 0.02 - 1)
        sigmas.append(result.covariance[0][0] ** 0.5 / 0.02)
    assert abs(np.mean(ratios)) < 1.5 * np.mean(sigmas)
