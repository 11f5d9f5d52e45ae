"""What test-time augmentation is worth for the preview network, on generated views whose depth is known.

    python -m tools.bench.augment --views 16

Errors are mean differences of log depth after one scale per photo; correlations (Spearman) are those of an
uncertainty with that error; coverage is the share of pairs of pixels whose true ratio of depths lies in the 95 %
interval that ``recon measure`` would give.
"""

import argparse
import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from recon.calibration.error_models import known_error_model
from recon.depth.augmented import Augmented
from recon.depth.estimator import Estimator
from recon.depth.preview import Preview
from recon.evaluate.metrics.boundary_f1 import boundary_f1
from recon.journal import Journal
from recon.options import Augmentation
from recon.statistics import COVERAGE_FACTOR
from recon.types import MetricDepth, Photo
from tools.preview.compose import kind_for
from tools.preview.view import View, views

_FIRST_SEED = 1_000_005_000
"""Held-out scenes: the training saw none of these seeds."""
_HOW: tuple[tuple[Augmentation, ...], ...] = ((), ("flip",), ("scales",), ("flip", "scales"))
_PIXELS = 4000

Floats = NDArray[np.float32]


def scores(view: View, depth: MetricDepth, plain: MetricDepth) -> tuple[float, ...]:
    """Error (%), boundary F1 (%), correlation of the uncertainty and of the disagreement, coverage (%)."""
    known = np.isfinite(view.z_m) & depth.valid
    off = np.log(depth.z_m[known]) - np.log(view.z_m[known])
    off -= np.median(off)
    boundary = boundary_f1(depth.z_m, np.where(known, view.z_m, np.float32(1)), known)
    assert depth.log_sigma is not None and plain.log_sigma is not None
    some = np.random.default_rng(0).integers(0, len(off), _PIXELS)
    sigma, own = depth.log_sigma[known][some], plain.log_sigma[known][some]
    disagreement = np.sqrt(np.maximum(sigma**2 - own**2, 0))
    found = spearmanr(disagreement, np.abs(off[some])).statistic if disagreement.any() else np.nan
    return (
        100 * float(np.abs(off).mean()),
        np.nan if boundary is None else 100 * boundary.pooled,
        float(spearmanr(sigma, np.abs(off[some])).statistic),
        float(found),
        100 * _coverage(depth, np.argwhere(known)[some], off[some]),
    )


def _coverage(depth: MetricDepth, at: NDArray[np.intp], off: Floats) -> float:
    """Share of pairs of pixels whose error of the log ratio is within the interval."""
    model = known_error_model("preview")
    assert model is not None
    height, width = depth.z_m.shape
    half = len(at) // 2
    inside = 0
    for one in range(half):
        two = [one, one + half]
        pixels_px = (at[two, ::-1] + 0.5).astype(np.float64)
        factor = model.factors(depth.log_sigma, pixels_px)
        covariance = model.covariance(pixels_px, width=width, height=height, calibrated=True, factor=factor)
        sigma = np.sqrt(max(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1], 1e-12))
        inside += abs(off[two[0]] - off[two[1]]) <= COVERAGE_FACTOR * sigma
    return inside / half


def measured(view: View) -> Iterator[tuple[str, tuple[float, ...]]]:
    """Each way, its scores and its processor seconds."""
    photo = Photo(rgb=view.rgb)
    focal_px = view.focal_over_width * photo.width
    network = Preview()
    plain = network.estimate(photo, focal_px=focal_px, journal=Journal()).depth
    assert isinstance(plain, MetricDepth)
    for how in _HOW:
        estimator: Estimator = Augmented(network, how) if how else network
        start = time.process_time()
        depth = estimator.estimate(photo, focal_px=focal_px, journal=Journal()).depth
        seconds = time.process_time() - start
        assert isinstance(depth, MetricDepth)
        yield ",".join(how) or "none", (*scores(view, depth, plain), seconds)


def main() -> None:
    """Prints one table row per way."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--views", type=int, default=16)
    parser.add_argument("--width", type=int, default=768)
    args = parser.parse_args()
    rows: dict[str, list[tuple[float, ...]]] = {}
    for seed in range(_FIRST_SEED, _FIRST_SEED + args.views):
        view = views(seed, args.width, args.width * 3 // 4, 1, kind_for(seed))[0]
        if np.isfinite(view.z_m).any():
            for name, values in measured(view):
                rows.setdefault(name, []).append(values)
    print("| augment | error | boundary F1 | correlation | of the disagreement | coverage | time |")
    print("|---" * 7 + "|")
    for name, found in rows.items():
        error, f1, sure, apart, coverage, seconds = np.nanmean(np.array(found), axis=0)
        factor = seconds / np.mean([values[-1] for values in rows["none"]])
        alone = "" if np.isnan(apart) else f"{apart:.2f}"
        print(
            f"| {name} | {error:.2f} % | {f1:.1f} % | {sure:.2f} | {alone} | {coverage:.1f} % | {factor:.1f} |"
        )


if __name__ == "__main__":
    main()
