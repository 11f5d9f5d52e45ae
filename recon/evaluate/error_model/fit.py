"""Fits an estimator's ``ErrorModel`` to photos with measured depth, and computes the coverage of its intervals.

1. Residuals ``log(z_estimated / z_true)`` at some 2,000 pixels of each photo (``residuals.py``). 2. After the photo's
best calibration, the variogram: half the mean squared difference of two residuals as a function of
   their distance h in the image. Uses the robust estimator of Cressie and Hawkins, ``(mean root |difference|)^4 /
   (2 (0.457 + 0.494 / N))`` (Cressie, Statistics for Spatial Data, 1993, 2.4.12), pooled over photos. The exponential
   model ``local^2 + smooth^2 (1 - exp(-h / reach))`` (ibid., 2.3.1) is fitted with equal weight per distance class,
   since the many distant pairs of a photo are not independent. If the estimator predicts its error at each pixel,
   residuals are divided by it over its root mean square, which is stored as ``typical_sigma`` (``ErrorModel``).
3. Residuals have heavier tails than a Gaussian, so ``smooth`` and ``local`` are multiplied by one factor, for which
95 %
   of the 95 % intervals of distances between random pairs (equally many at short, middle and long separation) contain
   the true distance (``recon.evaluate.error_model.coverage``).
4. ``scale`` from the medians of the photos, about 0 instead of their mean, since the user cannot subtract a mean
error:
   the root mean square, with medians clipped to three robust standard deviations (1.4826 times the median absolute
   value), times t(0.975; n) / 1.96 for n scenes (Student), minus the contribution of ``smooth`` to the median of a
   photo (the mean covariance over the image: Krige's relation, Journel and Huijbregts, Mining Geostatistics, 1978,
   II.C). For relative depth, ``scale`` is 0.

Every scene has the same weight, shared equally by its photos. The coverage is from cross-validation: a model fitted
without the photos of a scene is tested on them (in twelve groups if there are more scenes). It applies to similar
photos. Distances use the true camera; the error of the focal length belongs to the measurement
(``recon.measure.error_budget``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.stats import t as student

from recon.atomic_write import staged
from recon.calibration.error_models import dump_error_models, read_error_models
from recon.error_model import ErrorModel
from recon.errors import CalibrationError
from recon.evaluate.error_model.coverage import Prepared, prepare, shares
from recon.evaluate.error_model.residuals import SEPARATIONS, PhotoResiduals
from recon.statistics import COVERAGE_FACTOR, SIGMA_PER_MEDIAN

__all__ = [
    "Coverage",
    "PhotoResiduals",
    "fit_error_model",
    "save_error_model",
    "scene_of",
]

Array = NDArray[np.float64]

FEWEST_PHOTOS = 5
_WANTED = 0.95
_FOLDS = 12
_MOST = 300
"""Largest number of photos used for the intervals, evenly spaced; all are used for the rest."""
_REACHES = (0.005, 1 / 3)
"""Bounds of the reach. At three reaches, the variogram is within 5 % of its limit; this is at most the diagonal,
since slower variations cannot be distinguished from a common factor."""
_SMALLEST = 1e-6


@dataclass(frozen=True)
class Coverage:
    """Fractions of 95 % intervals that contain the true value, on photos held out from the fit."""

    photos: int
    """Number of photos used."""
    scenes: int
    """Number of scenes."""
    left_out: int
    """Photos with too few pixels in common with the ground truth."""
    pixel: float
    """For the depth of single pixels, after the best calibration."""
    short: float
    """For distances between pixels up to 10 % of the diagonal apart, after the best calibration."""
    middle: float
    """10 to 30 %."""
    long: float
    """Over 30 %."""
    uncalibrated: float | None
    """For distances at all separations, without calibration; None for relative depth."""
    factor: float
    """Factor applied to the robust standard deviations for the heavy tails."""

    @property
    def distances(self) -> float:
        """Mean over the three separations."""
        return (self.short + self.middle + self.long) / 3

    @property
    def summary(self) -> str:
        """Human-readable summary."""
        without = (
            "" if self.uncalibrated is None else f", without calibration {100 * self.uncalibrated:.0f} %"
        )
        return (
            f"in cross-validation over scenes, the 95 % intervals contain {100 * self.distances:.0f} % of distances "
            f"after calibration{without}"
        )


def fit_error_model(
    residuals: Sequence[PhotoResiduals], *, estimator: str, source: str
) -> tuple[ErrorModel, Coverage]:
    """Fits the model and tests it by cross-validation.

    Args:
        residuals: One per photo (``collect``); photos without common pixels are ignored.
        estimator: Name of the estimator, as recorded in scenes.
        source: Description of the photos; the coverage is appended.

    Raises:
        CalibrationError: Fewer than five photos are usable.
    """
    usable = [photo for photo in residuals if photo.usable]
    left_out = len(residuals) - len(usable)
    if len(usable) < FEWEST_PHOTOS:
        raise CalibrationError(
            f"an error model of {estimator} needs {FEWEST_PHOTOS} photos with measured depth, got {len(usable)}"
            + (f" ({left_out} more have too few pixels in common with the ground truth)" if left_out else "")
            + "; add photos of as many scenes as possible"
        )
    named = [photo.scene or f"#{k}" for k, photo in enumerate(usable)]
    scenes = {name: k for k, name in enumerate(dict.fromkeys(named))}
    scene = np.array([scenes[name] for name in named])
    model, factor = _fit(usable, scene, estimator)
    coverage = _cross_validated(usable, scene, model, left_out, factor)
    # More digits are not significant with some tens of photos.
    numbers = {name: round(getattr(model, name), 4) for name in ("scale", "smooth", "reach", "local")}
    return replace(model, **numbers, photos=len(usable), source=f"{source}; {coverage.summary}"), coverage


def save_error_model(path: Path, model: ErrorModel) -> None:
    """Adds a model to a file of error models, replacing an existing model of the same estimator.

    Raises:
        CalibrationError: The existing file is damaged; it is not changed.
        ExportError: The file cannot be written.
    """
    models = read_error_models(path) if path.exists() else {}
    text = dump_error_models({**models, model.estimator: model})
    with staged(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def scene_of(name: str, *, posed: bool) -> str | None:
    """The scene of a pair: frames of a sequence share a name except for the final number (``kitchen_010``).

    Args:
        name: Name of the pair.
        posed: Whether its pose is known, so that it belongs to a sequence. Other pairs are separate scenes.
    """
    return name.rstrip("0123456789").rstrip("_-") if posed else None


def _votes(scene: NDArray[np.int64]) -> Array:
    """(photos,) weights: 1 per scene, shared by its photos."""
    return np.asarray(1 / np.bincount(scene)[scene])


def _fit(photos: Sequence[PhotoResiduals], scene: NDArray[np.int64], name: str) -> tuple[ErrorModel, float]:
    scene = np.unique(scene, return_inverse=True)[1]
    votes = _votes(scene)
    typical = _typical_sigma(photos, votes)
    smooth, reach, local = _fitted_variogram(photos, votes)
    if typical is not None:
        smooth, local = typical * smooth, typical * local
    shape = ErrorModel(name, 0.0, smooth, reach, local, 1, "", typical)
    some = _some(len(photos))
    ready = [prepare(photos[k], shape) for k in some.tolist()]
    factor = _factor(ready, votes[some])
    model = replace(shape, smooth=factor * smooth, local=factor * local)
    own = factor**2 * float(np.average([each.bare.mean() for each in ready], weights=votes[some]))
    return replace(model, scale=_scale(photos, votes, int(scene.max()) + 1, own)), factor


def _typical_sigma(photos: Sequence[PhotoResiduals], votes: Array) -> float | None:
    """Root mean square of the errors that the estimator predicts; None if it predicts none.

    Raises:
        CalibrationError: It does so for some photos only.
    """
    squares = [float(np.mean(photo.log_sigma**2)) for photo in photos if photo.log_sigma is not None]
    if not squares:
        return None
    if len(squares) < len(photos):
        raise CalibrationError("the estimator predicts its errors for some photos only: evaluate them anew")
    return round(float(np.sqrt(np.average(squares, weights=votes))), 4)


def _some(count: int) -> NDArray[np.int64]:
    return np.unique(np.linspace(0, count - 1, min(count, _MOST)).round().astype(np.int64))


def _fitted_variogram(photos: Sequence[PhotoResiduals], votes: Array) -> tuple[float, float, float]:
    """smooth, reach and local of the pooled robust variogram."""
    counts = np.stack([photo.counts for photo in photos])
    weight = np.where(counts >= 10, votes[:, None], 0.0)
    known = weight.sum(axis=0) > 0
    each = np.stack([photo.roots for photo in photos]) / np.maximum(counts, 1)
    lags = np.stack([photo.apart for photo in photos]) / np.maximum(counts, 1)
    total = np.maximum(weight.sum(axis=0), 1e-12)
    root, lag = (weight * each).sum(axis=0) / total, (weight * lags).sum(axis=0) / total
    number = np.maximum(counts.sum(axis=0), 1)
    half = (root**4 / (2 * (0.457 + 0.494 / number)))[known]
    half, lag = np.maximum(half, _SMALLEST**2), lag[known]

    def off(x: Array) -> Array:
        smooth, reach, local = np.exp(x)
        return np.asarray(np.log((local**2 + smooth**2 * -np.expm1(-lag / reach)) / half))

    top = float(np.sqrt(half.max()))
    low = np.log([_SMALLEST / 10, _REACHES[0], _SMALLEST / 10])
    high = np.log([100 * top, _REACHES[1], 100 * top])
    starts = ([top, reach, max(0.3 * top, _SMALLEST)] for reach in (0.03, 0.1, 0.4))
    best = min(
        (least_squares(off, np.clip(np.log(start), low, high), bounds=(low, high)) for start in starts),
        key=lambda each: each.cost,
    )
    smooth, reach, local = (float(x) for x in np.exp(best.x))
    return smooth, reach, local


def _factor(ready: Sequence[Prepared], votes: Array) -> float:
    """The factor on standard deviations for which the intervals have 95 % coverage, by bisection."""
    low, high = np.log(0.25), np.log(8.0)
    for _ in range(9):
        middle = (low + high) / 2
        held = [_by_separation(each, each.distances_hold(float(np.exp(middle)))) for each in ready]
        if np.mean(list(_weighted(held, votes).values())) < _WANTED:
            low = middle
        else:
            high = middle
    return float(np.exp(high))


def _by_separation(each: Prepared, holds: NDArray[np.bool_]) -> dict[str, float]:
    """Coverage by separation; NaN if there are no such pairs."""
    picked = {name: holds[each.separation == k] for k, name in enumerate(SEPARATIONS)}
    return {name: float(some.mean()) if len(some) else np.nan for name, some in picked.items()}


def _weighted(held: Sequence[dict[str, float]], votes: Array) -> dict[str, float]:
    return shares({name: np.array([each[name] for each in held]) for name in held[0]}, votes)


def _scale(photos: Sequence[PhotoResiduals], votes: Array, scenes: int, own: float) -> float:
    """Standard deviation of the common factor, including the mean error; ``own``: the contribution of ``smooth``."""
    if any(photo.common is None for photo in photos):
        return 0.0
    common = np.abs([photo.common or 0.0 for photo in photos])
    order = np.argsort(common)
    half = np.searchsorted(np.cumsum(votes[order]), votes.sum() / 2)
    limit = 3 * SIGMA_PER_MEDIAN * common[order][min(int(half), len(common) - 1)]
    square = float(np.average(np.minimum(common, limit) ** 2, weights=votes))
    few = float(student.ppf(0.975, scenes)) / COVERAGE_FACTOR
    return float(np.sqrt(max(few**2 * square - own, 0.0)))


def _cross_validated(
    photos: Sequence[PhotoResiduals],
    scene: NDArray[np.int64],
    model: ErrorModel,
    left_out: int,
    factor: float,
) -> Coverage:
    some = _some(len(photos))
    scenes = int(scene.max()) + 1
    fold = scene % _FOLDS
    held: list[dict[str, float]] = []
    votes: list[float] = []
    metric = all(photo.common is not None for photo in photos)
    for out in np.unique(fold[some]):
        rest, test = np.flatnonzero(fold != out).tolist(), [k for k in some.tolist() if fold[k] == out]
        # If all photos are of one scene, nothing is left to fit: test the model on its own photos.
        fitted = _fit([photos[k] for k in rest], scene[rest], model.estimator)[0] if len(rest) else model
        for k in test:
            each = prepare(photos[k], fitted)
            here = _by_separation(each, each.distances_hold())
            here["pixel"] = float(each.pixels_hold().mean())
            bare = _by_separation(each, each.bare_distances_hold()) if metric else {}
            held.append(here | {f"bare {name}": share for name, share in bare.items()})
        votes += list(_votes(scene)[test])
    coverage = _weighted(held, np.array(votes))
    return Coverage(
        photos=len(photos),
        scenes=scenes,
        left_out=left_out,
        pixel=coverage["pixel"],
        short=coverage["short"],
        middle=coverage["middle"],
        long=coverage["long"],
        uncalibrated=float(np.mean([coverage[f"bare {name}"] for name in SEPARATIONS])) if metric else None,
        factor=factor,
    )
