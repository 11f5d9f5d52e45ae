"""Boundary F1 of Depth Pro: how well depth edges match the ground truth.

Bochkovskii et al., "Depth Pro: Sharp Monocular Metric Depth in Less Than a Second", 2024, section 4, "Evaluation
metrics for sharp boundaries". A pixel i occludes its neighbour j (of four) if d(j) / d(i) > 1 + t. Precision and
recall compare the ordered pairs for which this holds in both maps with those of either map. F1 is averaged over ten t
from 5 % to 25 % with weights proportional to 1 + t, as in the authors' program. It is invariant to scale, but not to
a shift of inverse depth.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.types import BoolMap, FloatMap

THRESHOLDS = np.linspace(1.05, 1.25, 10)
"""Ratios of neighbouring depths above which one occludes the other."""
_LEAST_DENSITY = 0.5


@dataclass(frozen=True)
class BoundaryF1:
    """Scores from 0 to 1; larger is better."""

    directions: float
    """Precision and recall averaged over the four directions, as in the authors' program."""
    pooled: float
    """All ordered pairs pooled, as in the paper's equation. The two differ little."""
    by_threshold: tuple[float | None, ...]
    """``pooled`` for each of ``THRESHOLDS``; None if neither map has a boundary."""


def boundary_f1(z_m: FloatMap, true_m: FloatMap, known: BoolMap) -> BoundaryF1 | None:
    """Agreement of occluding contours.

    Thresholds and directions for which neither map has a boundary are ignored.

    Args:
        z_m: (H, W) estimated depth, any scale, positive where known.
        true_m: (H, W) true depth.
        known: (H, W) where both are valid; a pair of neighbours counts if both pixels are valid.

    Returns:
        None if the ground truth is too sparse or contains no boundary.
    """
    if not (z_m.shape == true_m.shape == known.shape) or z_m.ndim != 2:
        raise ValueError(f"expected three maps (H, W), got {z_m.shape}, {true_m.shape} and {known.shape}")
    down = known[1:] & known[:-1]
    right = known[:, 1:] & known[:, :-1]
    pairs = int(np.count_nonzero(down)) + int(np.count_nonzero(right))
    if pairs < _LEAST_DENSITY * 2 * np.count_nonzero(known) or not pairs:
        return None
    counts = np.zeros((len(THRESHOLDS), 4, 3))
    for axis, both in ((0, down), (1, right)):
        estimated, true = _steps(z_m, both, axis), _steps(true_m, both, axis)
        # Most pairs are on one surface in both maps: drop them first.
        lowest = THRESHOLDS[0]
        edge = (np.maximum(estimated, 1 / estimated) > lowest) | (np.maximum(true, 1 / true) > lowest)
        estimated, true = estimated[edge], true[edge]
        for k, ratio in enumerate(THRESHOLDS):
            for way, (e, t) in enumerate(((estimated, true), (1 / estimated, 1 / true))):
                ours, theirs = e > ratio, t > ratio
                hits = np.count_nonzero(ours & theirs)
                counts[k, 2 * axis + way] = hits, np.count_nonzero(ours), np.count_nonzero(theirs)
    if not counts[:, :, 2].any():
        return None
    pooled = _pooled(counts)
    seen = np.isfinite(pooled)
    return BoundaryF1(
        pooled=float(np.average(pooled[seen], weights=THRESHOLDS[seen])),
        directions=_by_directions(counts),
        by_threshold=tuple(float(f1) if np.isfinite(f1) else None for f1 in pooled),
    )


def _steps(depth_m: FloatMap, both: BoolMap, axis: int) -> NDArray[np.float64]:
    """Ratios of neighbouring depths along an axis."""
    first, second = (depth_m[:-1], depth_m[1:]) if axis == 0 else (depth_m[:, :-1], depth_m[:, 1:])
    return np.asarray(second[both].astype(np.float64) / first[both].astype(np.float64))


def _pooled(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """(thresholds,) F1, NaN without boundaries, from (thresholds, 4, 3) counts: hits, estimated, true."""
    hits, estimated, true = counts.sum(axis=1).T
    both = estimated + true
    return np.divide(2 * hits, both, out=np.full_like(both, np.nan), where=both > 0)


def _by_directions(counts: NDArray[np.float64]) -> float:
    hits, estimated, true = np.moveaxis(counts, -1, 0)
    used = estimated + true > 0
    ways = np.maximum(used.sum(axis=1), 1)
    precision = (hits / np.maximum(estimated, 1)).sum(axis=1) / ways
    recall = (hits / np.maximum(true, 1)).sum(axis=1) / ways
    total = precision + recall
    f1 = np.divide(2 * precision * recall, total, out=np.zeros_like(total), where=total > 0)
    seen = used.any(axis=1)
    return float(np.average(f1[seen], weights=THRESHOLDS[seen]))
