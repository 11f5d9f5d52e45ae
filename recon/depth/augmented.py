"""Test-time augmentation: an estimator around an estimator, which also runs on changed copies of the photo.

``flip`` runs it on the mirrored photo; ``scales`` on four overlapping parts, which it sees larger than the photo.
Each prediction is aligned to the plain one by a robust linear fit (in log depth for metric models, in inverse depth
for relative ones), so that the metres stay. Their mean is the depth, and their standard deviation, the disagreement,
is added to the uncertainty that the model itself predicts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recon.depth.estimator import Estimator
from recon.journal import Journal
from recon.options import Augmentation
from recon.types import (
    LEAST_LOG_SIGMA,
    BoolMap,
    DepthEstimate,
    DepthKind,
    FloatMap,
    MetricDepth,
    Photo,
    RelativeDepth,
)

_PART = 0.75
"""Side of a part, as a fraction of the photo's."""
_FITS = 5
_MOST_SAMPLES = 20_000
"""Pixels of a fit."""


class Augmented:
    """Runs an estimator on the photo and on changed copies of it."""

    def __init__(self, inner: Estimator, how: Sequence[Augmentation]) -> None:
        """Takes the estimator and which changes to make."""
        self.inner = inner
        self.name: str = inner.name
        self.gives: DepthKind = inner.gives
        self._how = tuple(how)

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        """The mean of the aligned predictions, with their disagreement. Arguments and errors as for the estimator."""
        plain = self.inner.estimate(photo, focal_px=focal_px, journal=journal)
        changes = list(_changes(photo, self._how))
        mean = _Mean(plain.depth)
        for number, change in enumerate(changes, start=1):
            with journal.stage(f"Running {self.name} again, {number} of {len(changes)}"):
                # Decisions and warnings are those of the plain run.
                changed = self.inner.estimate(
                    replace(photo, rgb=change.of(photo.rgb), present=None, intrinsics=None),
                    focal_px=focal_px or plain.focal_px or plain.focal_used_px,
                    journal=journal.silent(),
                )
            mean.add(_linear(changed.depth), changed.depth.valid, change)
        return replace(plain, depth=mean.depth(), details={**plain.details, "augment": list(self._how)})


class _Change(NamedTuple):
    """A window of the photo, mirrored or not."""

    window: tuple[slice, slice]
    mirrored: bool

    def of(self, array: NDArray[Any]) -> NDArray[Any]:
        """(H, W, ...) of the photo as (h, w, ...) of the changed photo."""
        part = array[self.window]
        return np.ascontiguousarray(part[:, ::-1] if self.mirrored else part)

    def back(self, array: NDArray[Any]) -> NDArray[Any]:
        """(h, w) of the changed photo on the window's grid."""
        return array[:, ::-1] if self.mirrored else array


def _changes(photo: Photo, how: Sequence[Augmentation]) -> Iterator[_Change]:
    if "flip" in how:
        yield _Change((slice(None), slice(None)), mirrored=True)
    if "scales" in how:
        height, width = round(_PART * photo.height), round(_PART * photo.width)
        for top in (0, photo.height - height):
            for left in (0, photo.width - width):
                yield _Change((slice(top, top + height), slice(left, left + width)), mirrored=False)


class _Mean:
    """Collects predictions that are aligned to a plain one."""

    def __init__(self, plain: MetricDepth | RelativeDepth) -> None:
        self._plain = plain
        self._value = _linear(plain)
        shape = self._value.shape
        self._runs = np.ones(shape, np.float32)
        # Of the differences from the plain prediction.
        self._sum, self._squares = np.zeros(shape, np.float32), np.zeros(shape, np.float32)

    def add(self, value: FloatMap, valid: BoolMap, change: _Change) -> None:
        """Adds a prediction (h, w) of a changed photo, in the values of ``_linear``."""
        at = change.window
        value, valid = change.back(value), change.back(valid) & self._plain.valid[at]
        if not valid.any():
            return
        off = np.where(valid, _aligned(value, self._value[at], valid) - self._value[at], np.float32(0))
        self._runs[at] += valid
        self._sum[at] += off
        self._squares[at] += off * off

    def depth(self) -> MetricDepth | RelativeDepth:
        """The mean, with the disagreement added to the model's own uncertainty."""
        variance = (self._squares - self._sum**2 / self._runs) / np.maximum(self._runs - 1, 1)
        sigma = np.sqrt(np.maximum(variance, 0))
        value = self._value + self._sum / self._runs
        if isinstance(self._plain, RelativeDepth):
            return replace(self._plain, inverse=value, sigma=sigma)
        own = self._plain.log_sigma
        both = np.maximum(sigma if own is None else np.hypot(sigma, own), np.float32(LEAST_LOG_SIGMA))
        return replace(self._plain, z_m=np.exp(value), log_sigma=both)


def _linear(depth: MetricDepth | RelativeDepth) -> FloatMap:
    """(H, W) in which predictions are compared: log depth, or relative inverse depth; 0 where not valid."""
    if isinstance(depth, RelativeDepth):
        return np.where(depth.valid, depth.inverse, np.float32(0))
    return np.log(depth.z_m, out=np.zeros_like(depth.z_m), where=depth.valid)


def _aligned(value: FloatMap, plain: FloatMap, valid: BoolMap) -> FloatMap:
    """``gain * value + shift``, as near to the plain prediction as possible: least absolute differences, by
    reweighted least squares."""
    x, y = value[valid].astype(np.float64), plain[valid].astype(np.float64)
    step = max(1, len(x) // _MOST_SAMPLES)
    x, y = x[::step], y[::step]
    gain, shift = 1.0, float(np.median(y - x))
    for _ in range(_FITS if np.ptp(x) > 0 else 0):
        off = np.abs(y - gain * x - shift)
        weight = 1 / np.maximum(off, 0.01 * np.std(y) + 1e-12)
        mean_x, mean_y = np.average(x, weights=weight), np.average(y, weights=weight)
        spread = np.average((x - mean_x) ** 2, weights=weight)
        gain = float(np.average((x - mean_x) * (y - mean_y), weights=weight) / spread)
        shift = float(mean_y - gain * mean_x)
    return np.asarray(np.float32(gain) * value + np.float32(shift), np.float32)
