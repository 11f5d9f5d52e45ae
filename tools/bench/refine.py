"""How well refinement brings outlines to the photo: on generated views, whose depth is known at every pixel.

    python -m tools.bench.refine --views 12

The true depth is reduced to a smaller map, as a network would give it for a larger photo, slightly blurred, and
brought back by interpolation and by each method. Boundary F1; error: mean difference of log depth near true outlines.
"""

import argparse
import time
from collections.abc import Iterator

import cv2
import numpy as np

from recon.depth.refined import refine
from recon.types import MetricDepth
from tools.bench.outlines import Floats, score, softened
from tools.preview.compose import kind_for
from tools.preview.view import View, views

_FIRST_SEED = 1_000_005_000
"""Held-out scenes, as in ``tools.bench.outlines``."""
RATIOS = {
    "Depth Pro (1536 px)": 4032 / 1536,
    "MoGe-2 (966 px)": 4032 / 966,
    "Depth Anything V2 (686 px)": 4032 / 686,
    "Depth Anything 3 (504 px)": 4032 / 504,
}
"""Pixels of a 12 megapixel photo for one of the model's map, by the longer side of that."""


def compared(view: View) -> Iterator[tuple[tuple[str, str], tuple[float, ...]]]:
    """Model and method; boundary F1, error near outlines, and processor seconds per megapixel."""
    height, width = view.z_m.shape
    known = np.isfinite(view.z_m)
    for model, ratio in RATIOS.items():
        size = (round(width / ratio), round(height / ratio))
        interpolated = cv2.resize(-softened(view, size), (width, height), interpolation=cv2.INTER_LINEAR)
        log: Floats = np.asarray(interpolated, np.float32)
        plain = score(-log, view.z_m, ratio)
        yield (model, "interpolated"), (plain.f1, plain.near_outlines, 0.0)
        depth = MetricDepth(np.exp(log), known)
        for how in ("guided", "bilateral"):
            start = time.process_time()
            refined = refine(depth, view.rgb, how, width=size[0], height=size[1])
            seconds = time.process_time() - start
            assert isinstance(refined, MetricDepth)
            found = score(-np.log(refined.z_m), view.z_m, ratio)
            yield (model, how), (found.f1, found.near_outlines, seconds / (log.size / 1e6))


def main() -> None:
    """Prints one table row per model and method."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--views", type=int, default=12)
    parser.add_argument("--width", type=int, default=768)
    args = parser.parse_args()
    rows: dict[tuple[str, str], list[tuple[float, ...]]] = {}
    for seed in range(_FIRST_SEED, _FIRST_SEED + args.views):
        view = views(seed, args.width, args.width * 3 // 4, 1, kind_for(seed))[0]
        if np.isfinite(view.z_m).any():
            for key, values in compared(view):
                rows.setdefault(key, []).append(values)
    print("| map of | method | boundary F1 | error near outlines | processor time |\n" + "|---" * 5 + "|")
    for (model, how), found in rows.items():
        f1, near, seconds = np.nanmean(np.array(found), axis=0)
        timed = f"{seconds:.2f} s per MP" if seconds else ""
        print(f"| {model} | {how} | {f1:.1f} % | {near:.1f} % | {timed} |")


if __name__ == "__main__":
    main()
