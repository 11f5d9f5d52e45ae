"""Error model of an estimator: a Gaussian model of the error of log depth, with three parts.

The logarithm of estimated over true depth is modelled as ``scale + smooth(pixel) + local(pixel)``: a factor common to
the whole photo (removed by a calibration), a field that varies slowly over the photo with an exponential covariance
(a variogram model: Cressie, Statistics for Spatial Data, 1993, 2.3), and a residual that is independent from pixel to
pixel. Points near each other share the smooth part, so the distance between them is more certain than the depth of
either.

An estimator may predict its error at each pixel: a map ``s`` of standard deviations of log depth
(``MetricDepth.log_sigma``). The smooth and the local part are then multiplied by ``s(p) / typical_sigma``, so that
the covariance between the pixels p and q is

    scale^2 + (s(p) s(q) / typical_sigma^2) (smooth^2 exp(-|p - q| / reach) + local^2 [p = q])

The common factor is not multiplied: the map says where in the photo the estimator is unsure, and a factor that is the
same everywhere shows in no pixel more than in others. Smooth and local have the same multiplier, since the map is
trained on the error of single pixels, which does not separate the two. A product of multipliers, and not a function
of both pixels, keeps the correlation and with it a positive semi-definite matrix (Cressie, 1993, 2.3: a field with a
proportional standard deviation).

``recon eval --error-model`` fits the parameters on photos with measured depth. An estimator that was not evaluated
has no error model.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from math import hypot, isfinite
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.depth.names import MEASURED
from recon.errors import CalibrationError
from recon.types import BoolMap, FloatMap

_FORMAT = "recon-error-models-1"
_NUMBERS = ("scale", "smooth", "reach", "local")
_LATTICE = (16, 12)
"""Columns and rows of the pixels that represent a whole photo."""
_ASSUMED_SCALE = 0.5
"""Of an estimator without an error model: 95 % of its scales within a factor of 2.7 either way. Published metric
models have smaller errors on most photos, but errors this large on photos unlike their training data."""
_ASSUMED_LOCAL, _ASSUMED_LOCAL_SENSOR = 0.05, 0.01


@dataclass(frozen=True)
class ErrorModel:
    """Standard deviations of log depth: 0.05 is 5 % of the distance."""

    estimator: str
    """The estimator's name."""
    scale: float
    """Standard deviation of the factor common to a photo, before calibration."""
    smooth: float
    """Standard deviation of the smooth part."""
    reach: float
    """Distance at which the correlation of the smooth part falls to 1/e, as a fraction of the photo's diagonal."""
    local: float
    """Standard deviation of the independent part."""
    photos: int
    """Number of photos it was fitted on."""
    source: str
    """Description of these photos."""
    typical_sigma: float | None = None
    """The estimator's own standard deviation of log depth at a pixel whose error has the standard deviations
    ``smooth`` and ``local``; None if these hold for every pixel, whatever the estimator predicts."""

    def __post_init__(self) -> None:
        for name in _NUMBERS:
            value = getattr(self, name)
            if not (isfinite(value) and value >= 0):
                raise ValueError(f"{name} must be 0 or more, got {value}")
        if self.reach <= 0:
            raise ValueError(f"reach must be positive, got {self.reach}")
        if self.typical_sigma is not None and not (isfinite(self.typical_sigma) and self.typical_sigma > 0):
            raise ValueError(f"typical_sigma must be positive, got {self.typical_sigma}")

    @property
    def spread(self) -> float:
        """Standard deviation of the log depth of one pixel after calibration."""
        return hypot(self.smooth, self.local)

    def factors(self, log_sigma: FloatMap | None, pixels_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N,) multipliers of the smooth and the local part; 1 for an estimator that predicts no error.

        Args:
            log_sigma: (H, W) the estimator's standard deviation of log depth, or None.
            pixels_px: (N, 2) positions (x, y), px.
        """
        if log_sigma is None or self.typical_sigma is None:
            return np.ones(len(pixels_px))
        height, width = log_sigma.shape
        columns = np.clip(np.floor(pixels_px[:, 0]), 0, width - 1).astype(np.intp)
        rows = np.clip(np.floor(pixels_px[:, 1]), 0, height - 1).astype(np.intp)
        found = log_sigma[rows, columns].astype(np.float64)
        # Next to a pixel without depth the map may have no meaning.
        return np.where(np.isfinite(found) & (found > 0), found / self.typical_sigma, 1.0)

    def common_sigma(
        self,
        pixels_px: NDArray[np.float64],
        *,
        width: int,
        height: int,
        factor: NDArray[np.float64] | float = 1.0,
    ) -> float:
        """Standard deviation of the mean error of log depth over some pixels, before calibration.

        It combines the common factor and the mean of the smooth part (Krige's relation: Journel and Huijbregts,
        Mining Geostatistics, 1978, II.C).

        Args:
            pixels_px: (N, 2) positions (x, y), px, spread over the picture (``lattice``).
            width: Of the picture, px.
            height: Of the picture, px.
            factor: (N,) multipliers (``factors``).
        """
        whole = self.covariance(pixels_px, width=width, height=height, calibrated=False, factor=factor)
        # The local part averages out over many pixels.
        own = self.local**2 * float(np.mean(np.square(factor))) / len(pixels_px)
        return float(np.sqrt(max(whole.mean() - own, 0.0)))

    def covariance(
        self,
        pixels_px: NDArray[np.float64],
        *,
        width: int,
        height: int,
        calibrated: bool,
        factor: NDArray[np.float64] | float = 1.0,
    ) -> NDArray[np.float64]:
        """Covariance of the errors of log depth at some pixels.

        Args:
            pixels_px: (N, 2) positions (x, y), px.
            width: Of the picture, px.
            height: Of the picture, px.
            calibrated: Whether the common factor was fitted; its error is then part of the calibration's.
            factor: (N,) multipliers of the smooth and the local part (``factors``).

        Returns:
            (N, N) float64, positive semi-definite.
        """
        size = {"width": width, "height": height}
        shared = self.between(pixels_px, pixels_px, one_factor=factor, other_factor=factor, **size)
        own = self.local**2 * np.eye(len(pixels_px)) * np.square(factor)
        return np.asarray(shared + own + (0.0 if calibrated else self.scale**2))

    def between(
        self,
        one_px: NDArray[np.float64],
        other_px: NDArray[np.float64],
        *,
        width: int,
        height: int,
        one_factor: NDArray[np.float64] | float = 1.0,
        other_factor: NDArray[np.float64] | float = 1.0,
    ) -> NDArray[np.float64]:
        """Covariance of the smooth part between two lists of pixels, (N, M); arguments as ``covariance``."""
        apart = np.linalg.norm(one_px[:, None] - other_px[None], axis=-1) / hypot(width, height)
        alike = self.smooth**2 * np.exp(-apart / self.reach)
        return np.asarray(alike * np.reshape(one_factor, (-1, 1)) * np.reshape(other_factor, (1, -1)))

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values; ``typical_sigma`` only if there is one."""
        values = asdict(self)
        if self.typical_sigma is None:
            del values["typical_sigma"]
        return values


def known_error_model(estimator: str) -> ErrorModel | None:
    """The error model shipped for an estimator; None if there is none."""
    return _shipped().get(estimator)


def assumed_error_model(estimator: str) -> ErrorModel:
    """The error model assumed for an estimator that has none: a broad error of scale, and 5 % per pixel (1 % for a
    depth sensor)."""
    local = _ASSUMED_LOCAL_SENSOR if estimator == MEASURED else _ASSUMED_LOCAL
    return ErrorModel(
        estimator, scale=_ASSUMED_SCALE, smooth=0.0, reach=1.0, local=local, photos=0, source="assumed"
    )


def lattice(valid: BoolMap) -> NDArray[np.float64]:
    """(N, 2) centres of the valid pixels of a regular lattice over a photo, px.

    Args:
        valid: (H, W) with at least one valid pixel.
    """
    height, width = valid.shape
    columns = ((np.arange(_LATTICE[0]) + 0.5) * width / _LATTICE[0]).astype(np.intp)
    rows = ((np.arange(_LATTICE[1]) + 0.5) * height / _LATTICE[1]).astype(np.intp)
    found_rows, found_columns = np.nonzero(valid[np.ix_(rows, columns)])
    if len(found_rows):
        return np.asarray(np.stack([columns[found_columns], rows[found_rows]], axis=1) + 0.5, np.float64)
    # Few pixels are valid, and none of them is on the lattice.
    all_rows, all_columns = np.nonzero(valid)
    some = np.linspace(0, len(all_rows) - 1, min(len(all_rows), _LATTICE[0] * _LATTICE[1])).astype(np.intp)
    return np.asarray(np.stack([all_columns[some], all_rows[some]], axis=1) + 0.5, np.float64)


def read_error_models(path: Path) -> dict[str, ErrorModel]:
    """Reads the file written by ``recon eval --error-model``; the keys are the estimators.

    Raises:
        CalibrationError: The file is missing or is not a file of error models.
    """
    try:
        return _models_from(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise CalibrationError(f"{path}: the error model cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CalibrationError(
            f"{path} is not an error model file of `recon eval --error-model`: {error}"
        ) from error


def dump_error_models(models: Mapping[str, ErrorModel]) -> str:
    """The text of a file of error models (JSON)."""
    return (
        json.dumps({"format": _FORMAT, "models": [model.as_dict() for model in models.values()]}, indent=1)
        + "\n"
    )


def error_model_of(values: Mapping[str, Any] | None) -> ErrorModel | None:
    """The error model in a scene's provenance (``ErrorModel.as_dict``); None if it has none."""
    return None if values is None else _model_from(values)


def _models_from(content: Any) -> dict[str, ErrorModel]:
    if content["format"] != _FORMAT:
        raise ValueError(f"expected format {_FORMAT!r}, got {content['format']!r}")
    models = [_model_from(values) for values in content["models"]]
    return {model.estimator: model for model in models}


def _model_from(values: Mapping[str, Any]) -> ErrorModel:
    return ErrorModel(
        estimator=str(values["estimator"]),
        photos=int(values["photos"]),
        source=str(values["source"]),
        typical_sigma=None if values.get("typical_sigma") is None else float(values["typical_sigma"]),
        **{name: float(values[name]) for name in _NUMBERS},
    )


@cache
def _shipped() -> dict[str, ErrorModel]:
    return _models_from(
        json.loads((files("recon.calibration") / "error_models.json").read_text(encoding="utf-8"))
    )
