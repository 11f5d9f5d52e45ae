"""Estimates the depth of one photo and compares it with the ground truth."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from recon.camera import focal_length
from recon.depth.estimator import Estimator
from recon.depth.photo_grid import resize_depth, resize_inverse
from recon.evaluate.manifest import EvaluationError, Pair
from recon.evaluate.metrics.boundary_f1 import BoundaryF1, boundary_f1
from recon.evaluate.metrics.cloud_distance import CloudErrors, cloud_errors
from recon.evaluate.metrics.depth_errors import InverseFit, depth_errors, fit_inverse, median_scale
from recon.evaluate.row import ALIGNMENTS, Alignment, Measures
from recon.geometry.unproject import rays_of
from recon.journal import Journal
from recon.options import Augmentation, Options, Refinement
from recon.photo.read import read_photo
from recon.types import BoolMap, DepthEstimate, FloatMap, Intrinsics, MetricDepth, Photo

Array = NDArray[np.float64]
CLOUD_ERRORS = tuple(each.name for each in fields(CloudErrors))


@dataclass(frozen=True)
class Settings:
    """Evaluation settings; a resumed evaluation must use the same."""

    camera: Literal["own", "truth"] = "own"
    """Whether the focal length comes from the usual sources (file, EXIF, model, 60 degrees) or from the ground
    truth."""
    max_depth_m: float | None = None
    """Ground truth beyond this depth is ignored."""
    alignments: tuple[Alignment, ...] = ALIGNMENTS
    points: int = 10_000
    """Number of random pixels per photo for the two point clouds; the seed is derived from the pair's name."""
    augment: tuple[Augmentation, ...] = ()
    """What the estimators were made with, for the record."""
    refine: Refinement | None = None
    """The same."""

    def __post_init__(self) -> None:
        if self.max_depth_m is not None and not self.max_depth_m > 0:
            raise ValueError(f"max_depth_m must be positive, got {self.max_depth_m}")
        if not self.alignments or set(self.alignments) - set(ALIGNMENTS):
            raise ValueError(f"alignments must be among {', '.join(ALIGNMENTS)}, got {self.alignments}")


@dataclass(frozen=True)
class _Grids:
    """Estimate and truth on one grid."""

    pair: Pair
    model: str
    """The estimator's name."""
    photo: Photo
    true_m: FloatMap
    """(h, w) ground truth on its own grid, m."""
    known: BoolMap
    """(h, w) where the ground truth is valid and within range."""
    both: BoolMap
    """(h, w) where the estimate is valid as well: the compared pixels."""
    relative: FloatMap | None
    """(h, w) estimated relative inverse depth; None for a metric estimate."""
    depth_m: Array
    """(h, w) estimated depth, m; aligned with ``scale+shift`` if relative. 0 where unknown."""
    aligned: Mapping[Alignment, Array] = field(repr=False)
    """(N,) depth at the compared pixels, m, by alignment."""
    camera: Intrinsics
    """Camera of the estimate, for the ground truth's grid."""
    true_camera: Intrinsics | None
    """Ground-truth camera for the same grid, or None."""
    log_sigma: FloatMap | None
    """(h, w) the estimator's own standard deviation of log depth; None if it predicts none."""

    @property
    def metric(self) -> bool:
        """Whether the estimate is metric."""
        return self.relative is None


@dataclass(frozen=True)
class Compared(_Grids):
    """The result of one pair."""

    measures: Measures


def compare(pair: Pair, estimator: Estimator, settings: Settings, journal: Journal) -> Compared:
    """Runs an estimator on a pair's photo and compares it with the ground truth, on the ground truth's grid.

    The estimate is resampled to that grid (``resize_depth``), so finer detail is not evaluated.

    Args:
        pair: The pair.
        estimator: Metric or relative; a relative estimator has no metric errors.
        settings: Evaluation settings.
        journal: Receives warnings of estimator and photo.

    Raises:
        ReconError: The photo or the ground truth cannot be used, or they have no valid pixel in common.
    """
    photo = read_photo(pair.photo)
    truth = pair.read_truth(photo)
    true_camera = pair.camera(photo)
    known = truth.valid
    if settings.max_depth_m is not None:
        known = known & (truth.z_m <= settings.max_depth_m)
    given = focal_length.known_camera(photo, Options(), journal)
    if settings.camera == "truth" and true_camera is not None:
        given = true_camera
    start = time.perf_counter()
    estimate = estimator.estimate(photo, focal_px=None if given is None else given.fx, journal=journal)
    seconds = time.perf_counter() - start
    camera = focal_length.camera_of(photo, given, estimate.focal_px, estimate.model, Journal())
    height, width = known.shape
    values, valid = _on_grid(estimate, width=width, height=height)
    both = known & valid
    if not both.any():
        raise EvaluationError(_nothing_in_common(pair, known, valid, settings))
    metric = isinstance(estimate.depth, MetricDepth)
    aligned, fits = _align(values[both].astype(np.float64), truth.z_m[both].astype(np.float64), metric)
    grids = _Grids(
        pair=pair,
        model=estimator.name,
        photo=photo,
        true_m=truth.z_m,
        known=known,
        both=both,
        relative=None if metric else values,
        depth_m=_depth_m(values, valid, None if metric else fits["scale+shift"]),
        aligned=aligned,
        camera=camera.resized(width=width, height=height),
        true_camera=None if true_camera is None else true_camera.resized(width=width, height=height),
        log_sigma=_log_sigma_on_grid(estimate, width=width, height=height),
    )
    wanted: list[Alignment] = [name for name in settings.alignments if name in aligned] or ["scale+shift"]
    boundaries = _boundaries(grids)
    measures = Measures(
        place=pair.place,
        gives="metric" if metric else "relative",
        seconds=round(seconds, 4),
        pixels=int(np.count_nonzero(both)),
        covered=float(np.count_nonzero(both) / np.count_nonzero(known)),
        **_focal(camera, true_camera, estimate, was_given=given is true_camera),
        boundary_f1=None if boundaries is None else boundaries.directions,
        boundary_f1_pooled=None if boundaries is None else boundaries.pooled,
        errors={
            alignment: {
                **_errors(grids, aligned[alignment], settings),
                **_fit_as_values(fits[alignment]),
            }
            for alignment in wanted
        },
    )
    return Compared(**vars(grids), measures=measures)


def _on_grid(estimate: DepthEstimate, *, width: int, height: int) -> tuple[FloatMap, BoolMap]:
    """Depth in m, or relative inverse depth, on the truth's grid."""
    depth = estimate.depth
    if isinstance(depth, MetricDepth):
        return resize_depth(depth.z_m, depth.valid, width=width, height=height)
    if not depth.valid.any():
        return np.zeros((height, width), np.float32), np.zeros((height, width), np.bool_)
    return resize_inverse(depth.inverse, depth.valid, width=width, height=height)


def _log_sigma_on_grid(estimate: DepthEstimate, *, width: int, height: int) -> FloatMap | None:
    depth = estimate.depth
    if not isinstance(depth, MetricDepth) or depth.log_sigma is None:
        return None
    rows, columns = (
        ((np.arange(wanted) + 0.5) * have / wanted).astype(np.intp)
        for wanted, have in zip((height, width), depth.log_sigma.shape, strict=True)
    )
    return np.asarray(depth.log_sigma[np.ix_(rows, columns)])


def _nothing_in_common(pair: Pair, known: BoolMap, valid: BoolMap, settings: Settings) -> str:
    if not known.any():
        return f"{pair.depth}: no ground truth is within {settings.max_depth_m:g} m."
    if not valid.any():
        return f"{pair.photo}: the estimate has no valid pixel."
    return f"{pair.photo}: the estimate and the ground truth have no valid pixel in common."


def _align(
    values: Array, true_m: Array, metric: bool
) -> tuple[dict[Alignment, Array], dict[Alignment, InverseFit | float | None]]:
    """Depth by alignment, and the parameters of each alignment."""
    if not metric:
        fit = fit_inverse(values, true_m)
        return {"scale+shift": fit.depth_m(values)}, {"scale+shift": fit}
    factor, fit = median_scale(values, true_m), fit_inverse(1 / values, true_m)
    return (
        {"metric": values, "scale": factor * values, "scale+shift": fit.depth_m(1 / values)},
        {"metric": None, "scale": factor, "scale+shift": fit},
    )


def _fit_as_values(fit: InverseFit | float | None) -> dict[str, float]:
    if isinstance(fit, InverseFit):
        return {"factor": fit.scale, "shift_per_m": fit.shift}
    return {} if fit is None else {"factor": fit}


def _depth_m(values: FloatMap, valid: BoolMap, fit: InverseFit | float | None) -> Array:
    """Depth on the whole grid; 0 where unknown."""
    whole = values.astype(np.float64)
    return np.where(valid, fit.depth_m(whole) if isinstance(fit, InverseFit) else whole, 0.0)


def _focal(
    camera: Intrinsics, truth: Intrinsics | None, estimate: DepthEstimate, *, was_given: bool
) -> dict[str, Any]:
    """The evaluated focal length: the model's own prediction if it was given the true one."""
    focal_px = estimate.focal_px if was_given else camera.fx
    source = "model" if was_given else camera.source
    error = None if truth is None or focal_px is None else abs(focal_px / truth.fx - 1)
    return {
        "focal_px": focal_px,
        "focal_source": source if focal_px is not None else None,
        "focal_true_px": None if truth is None else truth.fx,
        "focal_error": error,
    }


def _boundaries(grids: _Grids) -> BoundaryF1 | None:
    # The score does not depend on scale, but on the shift of relative depth.
    z_m = np.ones(grids.both.shape, np.float32)
    z_m[grids.both] = grids.aligned["metric" if grids.metric else "scale+shift"]
    return boundary_f1(z_m, grids.true_m, grids.both)


def _errors(grids: _Grids, z_m: Array, settings: Settings) -> dict[str, float | None]:
    """Errors of depth and point clouds. Each cloud uses its own camera, and both use the same pixels."""
    errors = asdict(depth_errors(z_m, grids.true_m[grids.both].astype(np.float64)))
    if grids.true_camera is None:
        return {**errors, **dict.fromkeys(CLOUD_ERRORS)}
    rng = np.random.default_rng(crc32(grids.pair.name.encode()))
    drawn = np.arange(len(z_m))
    if len(z_m) > settings.points:
        drawn = rng.choice(len(z_m), settings.points, replace=False, shuffle=False)
    rows, cols = (at[drawn] for at in np.nonzero(grids.both))
    points = points_at(grids.camera, rows, cols, z_m[drawn])
    true_points = points_at(grids.true_camera, rows, cols, grids.true_m[rows, cols].astype(np.float64))
    return {**errors, **asdict(cloud_errors(points, true_points))}


def points_at(camera: Intrinsics, rows: NDArray[np.intp], cols: NDArray[np.intp], z_m: Array) -> Array:
    """(N, 3) points of some pixels, m, cam frame."""
    rays = rays_of(camera)
    return np.stack([rays.x[cols] * z_m, rays.y[rows] * z_m, z_m], axis=1)
