"""Inputs of the fit: the estimator's normalised values, and the pixels of a dense reference."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.calibration.error_models import lattice
from recon.constraints import Pixel
from recon.error_model import ErrorModel
from recon.errors import CalibrationError
from recon.geometry.nearer_surface import nearer_surface
from recon.types import BoolMap, FloatMap, Intrinsics, MetricDepth

Array = NDArray[np.float64]

# Reference pixels used in the fit: more cost time and add no information, as the errors of neighbours are correlated.
_MAX_SAMPLES = 40_000
MIN_SAMPLES = 50
_LEAST_SHARE = 0.25
"""Of the range of relative depth: steps between surfaces count from here on, also far away."""
# Errors of a depth network are correlated over large patches: each cell of this grid counts as one observation when
# the standard errors are computed.
_CELLS = 16


@dataclass(frozen=True)
class Values:
    """The estimator's inverse depth, of any scale and shift, and its position in the photo."""

    value: FloatMap
    """(H, W): relative inverse depth, or 1 / z of a metric model."""
    valid: BoolMap
    camera: Intrinsics
    """Assumed camera of the picture."""
    offset: float
    """``u = (value - offset) / unit``."""
    unit: float
    log_sigma: FloatMap | None = None
    """(H, W) the estimator's own standard deviation of log depth; None if it predicts none."""
    outline_px: int = 0
    """How far off the estimator may place an object's outline (``recon.geometry.nearer_surface``)."""
    shifted: bool = False
    """Whether inverse depth is a shift away from the values."""

    @classmethod
    def of(
        cls,
        value: FloatMap,
        valid: BoolMap,
        camera: Intrinsics,
        *,
        shifted: bool,
        log_sigma: FloatMap | None = None,
        outline_px: int = 0,
    ) -> "Values":
        """Normalises by the range of the values, for well-scaled solver steps; ``offset`` is 0 unless ``shifted``."""
        if not valid.any():
            raise CalibrationError(
                "the estimate has no pixel with a valid depth: there is nothing to calibrate"
            )
        low, middle, high = (float(x) for x in np.percentile(value[valid], [0.5, 50, 99.5]))
        offset, unit = (low, high - low) if shifted else (0.0, middle)
        return cls(value, valid, camera, offset, unit if unit > 0 else 1.0, log_sigma, outline_px, shifted)

    def at(self, pixel_px: Pixel, text: str) -> float:
        """u at a position: the median of the valid values of the 3 x 3 pixels around it; next to an object's outline
        that of the object.

        Raises:
            CalibrationError: The position has no depth.
        """
        column, row = (
            min(int(np.floor(at)), size - 1)
            for at, size in zip(pixel_px, (self.camera.width, self.camera.height), strict=True)
        )
        around = (slice(max(row - 1, 0), row + 2), slice(max(column - 1, 0), column + 2))
        known = self.value[around][self.valid[around]]
        if not known.size:
            raise CalibrationError(
                f"{text}: no depth at {pixel_px[0]:g},{pixel_px[1]:g} (sky, or a hole); give a position next to it"
            )
        picked = float(np.median(known))
        if self.valid[row, column]:
            # The zero of shifted values is not infinitely far.
            least = _LEAST_SHARE * self.unit if self.shifted else 0.0
            front = nearer_surface(
                self.value, self.valid, row=row, col=column, reach=self.outline_px, least=least
            )
            picked = picked if front is None else float(self.value[front])
        return (picked - self.offset) / self.unit

    def spread_out(self) -> tuple[Array, Array]:
        """(G, 2) positions, px, spread evenly over the pixels with a depth, and (G,) u there."""
        pixels_px = lattice(self.valid)
        columns, rows = np.floor(pixels_px.T).astype(np.intp)
        return pixels_px, (self.value[rows, columns].astype(np.float64) - self.offset) / self.unit

    def ray(self, pixel_px: Pixel) -> tuple[float, float]:
        """Viewing ray at the assumed focal length, scaled to z = 1."""
        k = self.camera
        return (pixel_px[0] - k.cx) / k.fx, (pixel_px[1] - k.cy) / k.fy


@dataclass(frozen=True)
class Dense:
    """Pixels with a reference depth."""

    u: Array
    """(M,)."""
    z_m: Array
    """(M,) of the reference."""
    cell: NDArray[np.int64]
    """(M,) index of the grid cell of each."""
    unsure: Array
    """(M,) expected error of each over that of the median pixel; 1 if the estimator predicts no error."""

    def residual(self, x: Array) -> Array:
        """(M,) relative error of inverse depth, as of pixels that are all equally sure."""
        return ((x[1] + x[0] * self.u) * self.z_m * np.exp(x[3]) - 1.0) / self.unsure


def dense_of(values: Values, reference: MetricDepth, spread: ErrorModel) -> Dense:
    """An even sample of the pixels that are valid in both.

    Args:
        values: The estimator's.
        reference: On the same grid.
        spread: The estimator's error model, which says how much its own map of errors counts.

    Raises:
        CalibrationError: Too few pixels in common.
    """
    if values.value.shape != reference.z_m.shape:
        raise ValueError(f"depth {values.value.shape} and reference {reference.z_m.shape} differ in size")
    rows, cols = np.nonzero(values.valid & reference.valid)
    if len(rows) < MIN_SAMPLES:
        raise CalibrationError(
            f"the reference has only {len(rows)} pixels in common with this photo's depth; {MIN_SAMPLES} are needed"
        )
    # Drawn, not every nth: that would fall into a few columns of the picture. The seed makes it the same each time.
    chosen = np.random.default_rng(0).permutation(len(rows))[:_MAX_SAMPLES]
    rows, cols = rows[chosen], cols[chosen]
    height, width = values.value.shape
    cell = (rows * _CELLS // height) * _CELLS + cols * _CELLS // width
    factors = spread.factors(values.log_sigma, (np.stack([cols, rows], axis=1) + 0.5).astype(np.float64))
    return Dense(
        u=(values.value[rows, cols].astype(np.float64) - values.offset) / values.unit,
        z_m=reference.z_m[rows, cols].astype(np.float64),
        cell=cell.astype(np.int64),
        unsure=factors / np.median(factors),
    )
