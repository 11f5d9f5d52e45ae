"""How well soft outlines become contours: on generated views, whose depth is known at every pixel.

    python -m tools.bench.outlines --views 24

Two coarse maps are brought to the photo's size, by interpolation and by ``joint_upsampling``: the true depth, reduced
to the preview network's own map and blurred, and what the network predicts. Errors are mean differences of log depth
after one scale, over all pixels and over those near a true outline (two coarse pixels); the F1 is that of boundaries.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import as_file, files

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.depth.nets.joint_upsampling import upsample
from recon.depth.nets.preview_look import Look, Weights, look, read_weights
from recon.depth.preview import solid
from recon.evaluate.metrics.boundary_f1 import boundary_f1
from tools.preview.compose import kind_for
from tools.preview.view import View, views

_FIRST_SEED = 1_000_005_000
"""Held-out scenes: neither the training nor the choice of the contours' parameters saw these seeds."""
_STEP = 0.15
"""Change of log depth between neighbours that is a true outline."""
_BLUR = 0.8
"""Coarse pixels."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Score:
    """Of one map."""

    error: float
    """Mean difference of log depth, %."""
    near_outlines: float
    """The same near true outlines, %; NaN without outlines."""
    f1: float
    """Boundary F1, %; NaN without boundaries."""


def softened(view: View, size: tuple[int, int]) -> Floats:
    """The true log inverse depth on a coarse map (width, height), blurred; sky does not count."""
    known = np.isfinite(view.z_m)
    exact = np.where(known, -np.log(np.where(known, view.z_m, 1)), 0).astype(np.float32)
    value, share = (
        cv2.GaussianBlur(cv2.resize(each, size, interpolation=cv2.INTER_AREA), (0, 0), _BLUR)
        for each in (exact, known.astype(np.float32))
    )
    return np.asarray(value / np.maximum(share, np.float32(1e-3)), np.float32)


def score(log_inverse: Floats, true_m: Floats, coarse_px: float) -> Score:
    """Compares a map (H, W) with the truth, inf in the sky."""
    known = np.isfinite(true_m)
    truth = np.where(known, true_m, 1).astype(np.float32)
    log_true = np.log(truth)
    kernel = np.ones((3, 3), np.uint8)
    outline = known & (cv2.dilate(log_true, kernel) - cv2.erode(log_true, kernel) > _STEP)
    around = 2 * round(2 * coarse_px) + 1
    near = known & (cv2.dilate(outline.astype(np.uint8), np.ones((around, around), np.uint8)) > 0)
    off = -log_inverse - log_true
    off = np.abs(off - np.median(off[known]))
    boundary = boundary_f1(np.exp(-log_inverse), truth, known)
    return Score(
        100 * float(off[known].mean()),
        100 * float(off[near].mean()) if near.any() else np.nan,
        np.nan if boundary is None else 100 * boundary.pooled,
    )


def compared(view: View, weights: Weights) -> Iterator[tuple[str, Score, float]]:
    """Each map and way, its score, and processor seconds per megapixel."""
    seen: Look = look(weights.net, view.rgb, view.focal_over_width, known=True, pixels=weights.pixels)
    height, width = seen.log_inverse.shape
    coarse_px = view.rgb.shape[1] / width
    whole = (view.rgb.shape[1], view.rgb.shape[0])
    for name, coarse, weight in (
        ("softened truth", softened(view, (width, height)), None),
        ("preview", seen.log_inverse, solid(seen.sky)),
    ):
        plain = cv2.resize(coarse, whole, interpolation=cv2.INTER_LINEAR)
        yield f"{name}, interpolated", score(np.asarray(plain, np.float32), view.z_m, coarse_px), 0.0
        start = time.process_time()
        sharp = upsample(coarse, view.rgb, weight)
        seconds = time.process_time() - start
        yield f"{name}, contours", score(sharp, view.z_m, coarse_px), seconds / (sharp.size / 1e6)


def main() -> None:
    """Prints one table row per map and way."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--views", type=int, default=24)
    parser.add_argument("--width", type=int, default=768)
    args = parser.parse_args()
    with as_file(files("recon.depth") / "preview.safetensors") as path:
        weights = read_weights(path)
    rows: dict[str, list[tuple[float, ...]]] = {}
    for seed in range(_FIRST_SEED, _FIRST_SEED + args.views):
        view = views(seed, args.width, args.width * 3 // 4, 1, kind_for(seed))[0]
        if not np.isfinite(view.z_m).any():
            continue
        for name, scored, seconds in compared(view, weights):
            values = (scored.error, scored.near_outlines, scored.f1, seconds)
            rows.setdefault(name, []).append(values)
    print("| map | error of log depth | near outlines | boundary F1 | processor time |\n" + "|---" * 5 + "|")
    for name, found in rows.items():
        error, near, f1, seconds = np.nanmean(np.array(found), axis=0)
        print(f"| {name} | {error:.1f} % | {near:.1f} % | {f1:.1f} % | {seconds:.2f} s per MP |")


if __name__ == "__main__":
    main()
