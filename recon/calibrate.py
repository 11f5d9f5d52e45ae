"""Relative or metric depth, together with a metric reference, to metric depth.

Relative depth is inverse depth up to scale and shift, ``1 / z = s * r + t``; a metric model is off by one scale,
so ``1 / z = s * (1 / z_model)`` and t = 0. Both are one robust linear fit in inverse depth. Residuals are weighed
by the reference's depth, so that a relative error counts the same near and far.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recon.errors import CalibrationError
from recon.types import BoolMap, FloatMap, MetricDepth, RelativeDepth

# Pixels that enter the fit: more of them cost time and tell nothing new, as neighbours err together.
_MAX_SAMPLES = 40_000
_MIN_SAMPLES = 50
_START_SAMPLES = 600
# Errors of a depth network are correlated over large patches: each cell of this grid counts as one observation when
# the standard errors are computed.
_CELLS = 16
# Beyond this multiple of the farthest distance that the reference knew, an extrapolated depth is not believed.
_MAX_EXTRAPOLATION = 4.0
_FORMAT = "recon-calibration-1"


@dataclass(frozen=True)
class Calibration:
    """The fit ``1 / z = scale * value + shift``; ``value`` is relative, or a metric model's own ``1 / z``."""

    kind: Literal["relative", "metric"]
    """What it applies to."""
    scale: float
    """1/m per unit of relative inverse depth; no unit for a metric model."""
    shift: float
    """1/m."""
    covariance: tuple[tuple[float, float], tuple[float, float]]
    """Of (scale, shift)."""
    relative_error: float
    """Robust standard deviation of the relative depth residuals of the pixels that agree."""
    outliers: float
    """Fraction of the pixels that do not agree, at over three standard deviations."""
    max_depth_m: float
    """The farthest distance, m, that the fit can be trusted to."""
    scale_interval: float
    """Relative half-width of the 95 % interval of a depth in the middle of the scene."""
    model: str
    """The estimator that it calibrates."""
    reference: str
    """What it was calibrated with."""
    photo: str | None = None
    """File name of the photo that it was made on."""
    width: int = 0
    """Width of that photo, px."""
    height: int = 0
    """Height of that photo, px."""
    focal_px: float | None = None
    """Focal length that the reference's metres belong to, px, where one is known."""


def fit_relative(relative: RelativeDepth, reference: MetricDepth, *, model: str, source: str) -> Calibration:
    """Robust scale and shift of inverse depth.

    Args:
        relative: (H, W) relative inverse depth.
        reference: (H, W) metric depth of the same photo.
        model: Name of the estimator, for the record.
        source: Name of the reference, for the record.

    Raises:
        CalibrationError: Too few pixels in common, no variation in one of the two, or the two contradict
            each other.
    """
    value, inverse, cell = _paired(relative.inverse, relative.valid, reference)
    spread = float(np.subtract(*np.percentile(value, [95, 5])))
    if spread <= 1e-6 * max(1.0, float(np.abs(value).max())):
        raise CalibrationError(
            f"{model} sees the same depth everywhere, so scale and shift cannot be told apart: use a photo that "
            "shows near and far things"
        )
    if float(np.subtract(*np.percentile(inverse, [95, 5]))) <= 1e-3 * float(np.median(inverse)):
        raise CalibrationError(
            f"the reference ({source}) has the same depth everywhere, so scale and shift cannot be told apart: "
            "use one that covers near and far things"
        )
    design = np.stack([value, np.ones_like(value)], axis=1)
    solution, covariance, sigma, outliers = _robust_fit(design, inverse, cell)
    scale, shift = solution
    if scale <= 0:
        raise CalibrationError(
            f"{model} and the reference ({source}) contradict each other: what is nearer in one is farther in the "
            "other. Check that both belong to this photo, and the reference's unit"
        )
    middle = np.array([np.median(value), 1.0])
    return Calibration(
        kind="relative",
        scale=float(scale),
        shift=float(shift),
        covariance=_as_tuple(covariance),
        relative_error=sigma,
        outliers=outliers,
        max_depth_m=_MAX_EXTRAPOLATION / float(np.percentile(inverse, 0.5)),
        scale_interval=_half_width(middle, solution, covariance),
        model=model,
        reference=source,
        width=relative.inverse.shape[1],
        height=relative.inverse.shape[0],
    )


def fit_metric(depth: MetricDepth, reference: MetricDepth, *, model: str, source: str) -> Calibration:
    """Robust scale between a metric model's depth and a reference of the same photo.

    Raises:
        CalibrationError: Too few pixels in common.
    """
    value_map = np.zeros_like(depth.z_m)
    np.divide(1.0, depth.z_m, out=value_map, where=depth.valid)
    value, inverse, cell = _paired(value_map, depth.valid, reference)
    solution, covariance, sigma, outliers = _robust_fit(value[:, None], inverse, cell)
    padded = np.array([[covariance[0, 0], 0.0], [0.0, 0.0]])
    return Calibration(
        kind="metric",
        scale=float(solution[0]),
        shift=0.0,
        covariance=_as_tuple(padded),
        relative_error=sigma,
        outliers=outliers,
        max_depth_m=float("inf"),
        scale_interval=_half_width(np.ones(1), solution, covariance),
        model=model,
        reference=source,
        width=depth.z_m.shape[1],
        height=depth.z_m.shape[0],
    )


def apply(calibration: Calibration, depth: RelativeDepth | MetricDepth) -> MetricDepth:
    """Metric depth by a calibration; what lies beyond its reach is not valid.

    Args:
        calibration: Of the same kind as the depth.
        depth: (H, W).

    Raises:
        CalibrationError: The calibration is for the other kind of depth.
    """
    if (calibration.kind == "relative") != isinstance(depth, RelativeDepth):
        raise CalibrationError(
            f"the calibration was made for the {calibration.kind} depth of {calibration.model}: make one for this "
            "model with `recon calibrate`"
        )
    if isinstance(depth, RelativeDepth):
        inverse = np.float32(calibration.scale) * depth.inverse + np.float32(calibration.shift)
        valid: BoolMap = depth.valid & (inverse * calibration.max_depth_m > 1.0)
        z_m: FloatMap = np.zeros_like(depth.inverse)
        np.divide(np.float32(1.0), inverse, out=z_m, where=valid)
        return MetricDepth(z_m=z_m, valid=valid, scale_interval=calibration.scale_interval)
    return MetricDepth(
        z_m=depth.z_m / np.float32(calibration.scale),
        valid=depth.valid,
        scale_interval=calibration.scale_interval,
    )


def dumps(calibration: Calibration) -> str:
    """The text of a calibration file (JSON)."""
    values = asdict(calibration)
    # JSON has no infinity.
    values["max_depth_m"] = calibration.max_depth_m if np.isfinite(calibration.max_depth_m) else None
    return json.dumps({"format": _FORMAT, **values}, indent=1) + "\n"


def load(path: Path) -> Calibration:
    """Reads a calibration file.

    Raises:
        CalibrationError: The file is missing, or is not a calibration.
    """
    try:
        values: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CalibrationError(f"{path}: the calibration cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise CalibrationError(f"{path} is not a calibration: it is not JSON") from error
    if not isinstance(values, dict) or values.pop("format", None) != _FORMAT:
        raise CalibrationError(f"{path} is not a calibration that `recon calibrate` saved")
    try:
        if values["max_depth_m"] is None:
            values["max_depth_m"] = float("inf")
        for name in ("scale", "shift", "relative_error", "outliers", "max_depth_m", "scale_interval"):
            values[name] = float(values[name])
        values["width"], values["height"] = int(values["width"]), int(values["height"])
        if values["focal_px"] is not None:
            values["focal_px"] = float(values["focal_px"])
        values["covariance"] = _as_tuple(np.array(values["covariance"], np.float64))
        calibration = Calibration(**values)
        usable = (
            np.isfinite([calibration.scale, calibration.shift, calibration.scale_interval]).all()
            and np.isfinite([calibration.relative_error, calibration.outliers]).all()
            and calibration.scale > 0
            and calibration.max_depth_m > 0
            and calibration.kind in ("relative", "metric")
        )
    except (TypeError, KeyError, ValueError, IndexError) as error:
        raise CalibrationError(f"{path} is a damaged calibration: {error}") from error
    if not usable:
        raise CalibrationError(f"{path} is a damaged calibration: its numbers make no sense")
    return calibration


def _paired(
    value_map: FloatMap, valid: BoolMap, reference: MetricDepth
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Values and reference inverse depths (1/m) of an even sample of the common pixels, and their grid cells."""
    if value_map.shape != reference.z_m.shape:
        raise ValueError(f"depth {value_map.shape} and reference {reference.z_m.shape} differ in size")
    rows, cols = np.nonzero(valid & reference.valid)
    if len(rows) < _MIN_SAMPLES:
        raise CalibrationError(
            f"the reference has only {len(rows)} pixels in common with this photo's depth; {_MIN_SAMPLES} are needed"
        )
    # Drawn, not every nth: that would fall into a few columns of the picture. The seed makes it the same each time.
    chosen = np.random.default_rng(0).permutation(len(rows))[:_MAX_SAMPLES]
    rows, cols = rows[chosen], cols[chosen]
    height, width = value_map.shape
    cell = (rows * _CELLS // height) * _CELLS + cols * _CELLS // width
    return (
        value_map[rows, cols].astype(np.float64),
        1.0 / reference.z_m[rows, cols].astype(np.float64),
        cell.astype(np.int64),
    )


def _robust_fit(
    design: NDArray[np.float64], inverse: NDArray[np.float64], cell: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], float, float]:
    """Weighted linear fit with a Cauchy loss, by scipy's trust region solver.

    Returns:
        The solution, its covariance, the robust standard deviation of the relative residuals, and the fraction
        of outliers.
    """
    from scipy.optimize import least_squares

    weight = 1.0 / inverse
    scaled, target = design * weight[:, None], np.ones_like(inverse)
    # The columns differ by orders of magnitude: unit columns keep the solver's steps sane.
    norms = np.linalg.norm(scaled, axis=0)
    scaled = scaled / norms
    solution = _robust_start(design, inverse) * norms
    sigma = _robust_sigma(scaled @ solution - target)
    # The scale of the loss comes from the residuals and the residuals from the fit: a few rounds settle both.
    for _ in range(5):
        found = least_squares(
            lambda x: scaled @ x - target,
            solution,
            jac=lambda x: scaled,
            loss="cauchy",
            f_scale=max(sigma, 1e-9),
        )
        solution = found.x
        previous, sigma = sigma, _robust_sigma(scaled @ solution - target)
        if abs(sigma - previous) <= 0.01 * previous:
            break
    residual = scaled @ solution - target
    agree = np.abs(residual) <= 3 * max(sigma, 1e-9)
    independent = len(np.unique(cell[agree]))
    inflation = agree.sum() / max(independent, 1)
    information = scaled[agree].T @ scaled[agree]
    covariance = np.linalg.pinv(information) * sigma**2 * inflation
    return (
        solution / norms,
        covariance / np.outer(norms, norms),
        sigma,
        float(1.0 - agree.mean()),
    )


def _robust_start(design: NDArray[np.float64], inverse: NDArray[np.float64]) -> NDArray[np.float64]:
    """A first solution that up to half of the pixels may contradict: repeated medians of a few hundred pixels.

    The Cauchy loss has local minima, and plain least squares would start it at one where outliers are many.
    """
    from scipy.stats import siegelslopes

    if design.shape[1] == 1:
        return np.array([np.median(inverse / design[:, 0])])
    line = siegelslopes(inverse[:_START_SAMPLES], design[:_START_SAMPLES, 0])
    return np.array([line.slope, line.intercept])


def _robust_sigma(residual: NDArray[np.float64]) -> float:
    """Standard deviation from the median absolute residual, for a normal distribution."""
    return 1.4826 * float(np.median(np.abs(residual)))


def _half_width(
    row: NDArray[np.float64], solution: NDArray[np.float64], covariance: NDArray[np.float64]
) -> float:
    """Relative half-width of the 95 % interval of the inverse depth ``row @ solution``."""
    return float(1.96 * np.sqrt(row @ covariance @ row) / abs(row @ solution))


def _as_tuple(matrix: NDArray[np.float64]) -> tuple[tuple[float, float], tuple[float, float]]:
    (a, b), (c, d) = matrix.tolist()
    return ((float(a), float(b)), (float(c), float(d)))
