"""Fits an estimator's ``ErrorModel`` to photos with measured depth, and says how often its intervals hold.

1. Of each photo some 2,000 pixels; residuals ``log(z_estimated / z_true)`` (``residuals.py`` beside).
2. After the photo's best calibration, half the mean squared difference of two residuals by their distance h in the
   picture: the robust estimator of Cressie and Hawkins, ``(mean root |difference|)^4 / (2 (0.457 + 0.494 / N))``
   (Cressie, Statistics for Spatial Data, 1993, 2.4.12), pooled over the photos; and to it, with the same weight for
   each class of distance since the many far pairs of a photo are not independent, the exponential model
   ``local^2 + smooth^2 (1 - exp(-h / reach))`` (ibid., 2.3.1).
3. Residuals have heavier tails than a Gaussian: ``smooth`` and ``local`` are multiplied by the one factor for which
   95 % of the 95 % intervals of distances between random pairs, as many at short, middle and long separation, hold
   the true distance (``recon.evaluate.error_model.coverage``).
4. ``scale`` from the medians of the photos, about 0 and not about their mean, since nobody takes a mean error away
   for the user: root mean square with medians beyond three robust standard deviations (1.4826 times the median
   absolute value) drawn in to them; times t(0.975; n) / 1.96 for the n scenes that it is known from (Student); less
   what ``smooth`` itself moves the median of a photo by (the mean covariance over the picture: Krige's relation,
   Journel and Huijbregts, Mining Geostatistics, 1978, II.C). Relative depth has no metres, and ``scale`` 0.

Weights: every scene has one vote, which its photos share in equal parts. The coverage comes from cross-validation:
scene by scene, a model fitted without the scene's photos is tested on them (in twelve groups where there are more
scenes). It is the coverage among photos like these. Distances are held against the true camera: what a wrong focal
length adds is a measurement's own (``recon.measure.error_budget``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.stats import t as student

from recon.atomic_write import staged
from recon.calibration.error_model import ErrorModel, dump_error_models, read_error_models
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
"""Of more photos, so many spread evenly over them are taken for the intervals; all for the rest."""
_REACHES = (0.005, 1 / 3)
"""Bounds of the reach. Three reaches, where the variogram is level within 5 %, are at most the diagonal: what changes
more slowly than the picture shows cannot be told from a common factor, and counts as such."""
_SMALLEST = 1e-6


@dataclass(frozen=True)
class Coverage:
    """Shares of 95 % intervals that hold the truth, on photos that the model was not fitted on."""

    photos: int
    """Photos used."""
    scenes: int
    """Scenes that they show."""
    left_out: int
    """Photos with too few pixels in common with the truth."""
    pixel: float
    """Of the depth of single pixels, after the best calibration."""
    short: float
    """Of distances between pixels up to 10 % of the diagonal apart, after the best calibration."""
    middle: float
    """10 to 30 %."""
    long: float
    """Over 30 %."""
    uncalibrated: float | None
    """Of distances at all separations without any calibration; None for relative depth."""
    factor: float
    """What the robust standard deviations were multiplied by for the heavy tails."""

    @property
    def distances(self) -> float:
        """Mean over the three separations."""
        return (self.short + self.middle + self.long) / 3

    @property
    def summary(self) -> str:
        """For a person."""
        without = (
            "" if self.uncalibrated is None else f", without calibration {100 * self.uncalibrated:.0f} %"
        )
        return (
            f"tested scene by scene its 95 % intervals hold {100 * self.distances:.0f} % of distances after "
            f"calibration{without}"
        )


def fit_error_model(
    residuals: Sequence[PhotoResiduals], *, estimator: str, source: str
) -> tuple[ErrorModel, Coverage]:
    """Fits the model, and tests it by cross-validation.

    Args:
        residuals: Of each photo (``collect``); those without common pixels are left out.
        estimator: The name that scenes bear.
        source: Which photos these are, in words; the coverage is added to it.

    Raises:
        CalibrationError: There are fewer than five usable photos.
    """
    usable = [photo for photo in residuals if photo.usable]
    left_out = len(residuals) - len(usable)
    if len(usable) < FEWEST_PHOTOS:
        raise CalibrationError(
            f"an error model of {estimator} needs {FEWEST_PHOTOS} photos with measured depth, got {len(usable)}"
            + (f" ({left_out} more have too few pixels in common with the truth)" if left_out else "")
            + ": add photos, of as many scenes as you can"
        )
    named = [photo.scene or f"#{k}" for k, photo in enumerate(usable)]
    scenes = {name: k for k, name in enumerate(dict.fromkeys(named))}
    scene = np.array([scenes[name] for name in named])
    model, factor = _fit(usable, scene, estimator)
    coverage = _cross_validated(usable, scene, model, left_out, factor)
    # More digits than these would claim more than some tens of photos tell.
    numbers = {name: round(getattr(model, name), 4) for name in ("scale", "smooth", "reach", "local")}
    return replace(model, **numbers, photos=len(usable), source=f"{source}; {coverage.summary}"), coverage


def save_error_model(path: Path, model: ErrorModel) -> None:
    """Writes a model into a file of error models, in place of the estimator's own; other estimators' stay.

    Raises:
        CalibrationError: The file is there and is damaged; it is left as it was.
        ExportError: It cannot be written.
    """
    models = read_error_models(path) if path.exists() else {}
    text = dump_error_models({**models, model.estimator: model})
    with staged(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def scene_of(name: str, *, posed: bool) -> str | None:
    """The scene of a pair: frames of a sequence share a name but for the last number (``kitchen_010``).

    Args:
        name: Of the pair.
        posed: Its pose in a world is known, so that it is of a sequence. Others are scenes of their own.
    """
    return name.rstrip("0123456789").rstrip("_-") if posed else None


def _votes(scene: NDArray[np.int64]) -> Array:
    """(photos,) weights: 1 for each scene, shared by its photos."""
    return np.asarray(1 / np.bincount(scene)[scene])


def _fit(photos: Sequence[PhotoResiduals], scene: NDArray[np.int64], name: str) -> tuple[ErrorModel, float]:
    scene = np.unique(scene, return_inverse=True)[1]
    votes = _votes(scene)
    smooth, reach, local = _fitted_variogram(photos, votes)
    shape = ErrorModel(name, 0.0, smooth, reach, local, 1, "")
    some = _some(len(photos))
    ready = [prepare(photos[k], shape) for k in some.tolist()]
    factor = _factor(ready, votes[some])
    model = replace(shape, smooth=factor * smooth, local=factor * local)
    own = factor**2 * float(np.average([each.bare.mean() for each in ready], weights=votes[some]))
    return replace(model, scale=_scale(photos, votes, int(scene.max()) + 1, own)), factor


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
    found = min(
        (least_squares(off, np.clip(np.log(start), low, high), bounds=(low, high)) for start in starts),
        key=lambda each: each.cost,
    )
    smooth, reach, local = (float(x) for x in np.exp(found.x))
    return smooth, reach, local


def _factor(ready: Sequence[Prepared], votes: Array) -> float:
    """What standard deviations are multiplied by so that 95 % of the intervals hold, by bisection."""
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
    """Share that holds by separation; NaN where there are no such pairs."""
    picked = {name: holds[each.separation == k] for k, name in enumerate(SEPARATIONS)}
    return {name: float(some.mean()) if len(some) else np.nan for name, some in picked.items()}


def _weighted(held: Sequence[dict[str, float]], votes: Array) -> dict[str, float]:
    return shares({name: np.array([each[name] for each in held]) for name in held[0]}, votes)


def _scale(photos: Sequence[PhotoResiduals], votes: Array, scenes: int, own: float) -> float:
    """Standard deviation of the common factor, the mean error included; ``own``: what ``smooth`` has of it."""
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
        # All photos of one scene: nothing is left to fit, so the model is tested on its own photos.
        fitted = _fit([photos[k] for k in rest], scene[rest], model.estimator)[0] if len(rest) else model
        for k in test:
            each = prepare(photos[k], fitted)
            here = _by_separation(each, each.distances_hold())
            here["pixel"] = float(each.pixels_hold().mean())
            bare = _by_separation(each, each.bare_distances_hold()) if metric else {}
            held.append(here | {f"bare {name}": share for name, share in bare.items()})
        votes += list(_votes(scene)[test])
    found = _weighted(held, np.array(votes))
    return Coverage(
        photos=len(photos),
        scenes=scenes,
        left_out=left_out,
        pixel=found["pixel"],
        short=found["short"],
        middle=found["middle"],
        long=found["long"],
        uncalibrated=float(np.mean([found[f"bare {name}"] for name in SEPARATIONS])) if metric else None,
        factor=factor,
    )
