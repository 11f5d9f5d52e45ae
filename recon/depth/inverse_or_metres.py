"""Detects depth files that probably hold inverse depth, which the formats do not record.

Reading inverse depth as metres gives a wrong scene.
A file is only questioned for a feature that measured depth does not have.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_INVERSE_WORDS = frozenset(
    ("disp", "disparity", "inverse", "inv", "idepth", "invdepth", "relative", "midas", "anything")
)
"""Words in the file and array names of programs that write inverse depth."""
_METRIC_WORDS = frozenset({"metric", "metres", "meters", "mm"})
_CORRELATION = 0.3
"""Values increase towards the bottom, where most photos show near objects, if the correlation of value and row
exceeds this; a convention, not measured."""
_NEAR_ZERO = 0.02
"""If values reach below this fraction of their median, small values mean far; metric depths stay well above it."""
_STRETCHED = (1.0, 255.0, 65535.0)
_MISSING = 65535
"""Sensors write the largest integer for missing measurements."""
_MOST_ROWS = 160
_WINDOW = 12
_LEAST_RANGE = 3.0
_FLAT = 1.15
"""Windows whose ratio of largest to smallest value is below this cannot distinguish a curve from a plane."""
_SMOOTH, _CLEARLY = 0.05, 1.5
_LEAST_VOTES, _MAJORITY = 8, 0.8
_RAMP = 1e-3


def sign_of_inverse(path: Path, source: str, stored: NDArray[Any]) -> str | None:
    """Returns the reason why a depth file looks like inverse depth, as text; None if it does not.

    Args:
        path: The file; its name is checked.
        source: Name of the part that was read.
        stored: (h, w) values as stored.
    """
    words = {each.lower() for each in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", f"{path.stem} {source}")}
    named = sorted(words & _INVERSE_WORDS)
    if named and not words & _METRIC_WORDS:
        return f"its name says {named[0]!r}"
    rows, values = _valid_sample(stored)
    if not _grows_downwards(rows, values):
        return None
    low, high = float(values.min()), float(np.nanmax(stored))
    if float(np.nanmin(stored)) <= 0.002 * high and any(0.999 * top <= high <= top for top in _STRETCHED):
        return f"levels from 0 to {high:g}, larger towards the bottom"
    if np.quantile(values, 0.005) < _NEAR_ZERO * np.median(values):
        return "values down to 0, larger towards the bottom"
    if high > _LEAST_RANGE * low and _planes_are_in(stored) == "inverse":
        return "its planes are those of inverse depth, larger towards the bottom"
    return None


def grows_upwards(stored: NDArray[Any]) -> bool:
    """Whether values increase towards the top, where most photos show far objects; if so, they are depth."""
    rows, values = _valid_sample(stored)
    return _grows_downwards(-rows, values)


def _valid_sample(stored: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows and values of a sample of the pixels with valid positive values."""
    step = max(1, max(stored.shape) // 512)
    sample = stored[::step, ::step].astype(np.float64)
    valid = np.isfinite(sample) & (sample > 0)
    if stored.dtype.kind in "iu":
        valid &= sample < _MISSING
    rows, columns = np.nonzero(valid)
    return rows.astype(np.float64), sample[rows, columns]


def _grows_downwards(rows: NDArray[np.float64], values: NDArray[np.float64]) -> bool:
    if values.size < 2 or values.std() == 0 or rows.std() == 0:
        return False
    return bool(np.corrcoef(rows, values)[0, 1] > _CORRELATION)


def _planes_are_in(stored: NDArray[Any]) -> str | None:
    """``inverse`` if flat surfaces are planar in the stored values, ``depth`` if they are planar in their inverses.

    On a plane of the scene, inverse depth is an affine function of the pixel's position, and depth is not.
    """
    step = max(1, max(stored.shape) // _MOST_ROWS)
    small = stored[::step, ::step].astype(np.float64)
    height, width = (side // _WINDOW * _WINDOW for side in small.shape)
    grid = small[:height, :width].reshape(height // _WINDOW, _WINDOW, width // _WINDOW, _WINDOW)
    windows = grid.transpose(0, 2, 1, 3).reshape(-1, _WINDOW * _WINDOW)
    with np.errstate(invalid="ignore"):
        usable = np.isfinite(windows).all(axis=1) & (windows > 0).all(axis=1)
    windows = windows[usable]
    windows = windows[windows.max(axis=1) > _FLAT * windows.min(axis=1)] if len(windows) else windows
    if len(windows) < _LEAST_VOTES or _is_one_ramp(small):
        return None
    stored_off, inverse_off = _off_plane(windows), _off_plane(1 / windows)
    smooth = np.minimum(stored_off, inverse_off) < _SMOOTH
    for_stored = smooth & (stored_off * _CLEARLY < inverse_off)
    for_inverse = smooth & (inverse_off * _CLEARLY < stored_off)
    votes = for_stored.sum() + for_inverse.sum()
    if votes < _LEAST_VOTES:
        return None
    share = for_stored.sum() / votes
    return "inverse" if share > _MAJORITY else "depth" if share < 1 - _MAJORITY else None


def _off_plane(windows: NDArray[np.float64]) -> NDArray[np.float64]:
    """RMS residual of each window's values from their least-squares plane, relative to their standard deviation."""
    y, x = np.divmod(np.arange(_WINDOW * _WINDOW), _WINDOW)
    basis, _ = np.linalg.qr(np.stack([np.ones_like(x), x, y], axis=1).astype(np.float64))
    rest = windows - windows @ basis @ basis.T
    return rest.std(axis=1) / windows.std(axis=1)


def _is_one_ramp(values: NDArray[np.float64]) -> bool:
    """Whether the whole map is one plane, as in test images, which is inconclusive."""
    rows, columns = np.nonzero(np.isfinite(values) & (values > 0))
    design = np.stack([np.ones(rows.size), rows, columns], axis=1)
    valid = values[rows, columns]
    solution = np.linalg.lstsq(design, valid, rcond=None)[0]
    return bool((valid - design @ solution).std() < _RAMP * valid.std())
