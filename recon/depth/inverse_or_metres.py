"""Whether a depth file holds metres or inverse depth: formats do not say, and mistaken, they give a wrong scene.

The signs are weighed so that a file is questioned only for something that measured depth does not do.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_INVERSE_WORDS = frozenset(
    ("disp", "disparity", "inverse", "inv", "idepth", "invdepth", "relative", "midas", "anything")
)
"""Words in the names of files and arrays of programs that write inverse depth."""
_METRIC_WORDS = frozenset({"metric", "metres", "meters", "mm"})
_CORRELATION = 0.3
"""Correlation of value and row above which values count as growing towards the bottom, where most photos show what is
near; a convention, not measured."""
_NEAR_ZERO = 0.02
"""Values that go on down to this part of their median mean "far"; the nearest metres end well above."""
_STRETCHED = (1.0, 255.0, 65535.0)
_MISSING = 65535
"""Sensors write the largest integer where nothing was measured."""
_MOST_ROWS = 160
_WINDOW = 12
_LEAST_RANGE = 3.0
_FLAT = 1.15
"""Ratio of the largest to the smallest value below which a window does not tell a curve from a plane."""
_SMOOTH, _CLEARLY = 0.05, 1.5
_LEAST_VOTES, _MAJORITY = 8, 0.8
_RAMP = 1e-3


def sign_of_inverse(path: Path, source: str, stored: NDArray[Any]) -> str | None:
    """Why a file that is to hold depth looks like inverse depth, in words; None if it does not.

    Args:
        path: The file, for its name.
        source: The part that was read, for its name.
        stored: (h, w) values as stored.
    """
    words = {each.lower() for each in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", f"{path.stem} {source}")}
    named = sorted(words & _INVERSE_WORDS)
    if named and not words & _METRIC_WORDS:
        return f"its name says {named[0]!r}"
    rows, values = _known(stored)
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
    """Whether values grow towards the top, where most photos show what is far: depth, and not inverse depth."""
    rows, values = _known(stored)
    return _grows_downwards(-rows, values)


def _known(stored: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows and values of a sample of the pixels that hold a positive number."""
    step = max(1, max(stored.shape) // 512)
    sample = stored[::step, ::step].astype(np.float64)
    known = np.isfinite(sample) & (sample > 0)
    if stored.dtype.kind in "iu":
        known &= sample < _MISSING
    rows, columns = np.nonzero(known)
    return rows.astype(np.float64), sample[rows, columns]


def _grows_downwards(rows: NDArray[np.float64], values: NDArray[np.float64]) -> bool:
    if values.size < 2 or values.std() == 0 or rows.std() == 0:
        return False
    return bool(np.corrcoef(rows, values)[0, 1] > _CORRELATION)


def _planes_are_in(stored: NDArray[Any]) -> str | None:
    """``inverse`` where flat surfaces are planes of the stored values, ``depth`` where they are of their inverses.

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
    """Root mean square distance of each window's values from their best plane, in parts of their spread."""
    y, x = np.divmod(np.arange(_WINDOW * _WINDOW), _WINDOW)
    basis, _ = np.linalg.qr(np.stack([np.ones_like(x), x, y], axis=1).astype(np.float64))
    rest = windows - windows @ basis @ basis.T
    return rest.std(axis=1) / windows.std(axis=1)


def _is_one_ramp(values: NDArray[np.float64]) -> bool:
    """Whether the whole map is one plane of numbers: a test picture, which tells nothing."""
    rows, columns = np.nonzero(np.isfinite(values) & (values > 0))
    design = np.stack([np.ones(rows.size), rows, columns], axis=1)
    known = values[rows, columns]
    solution = np.linalg.lstsq(design, known, rcond=None)[0]
    return bool((known - design @ solution).std() < _RAMP * known.std())
