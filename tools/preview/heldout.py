"""Held-out generated views: seeds that training never sees, made once and kept in the run folder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.depth.nets.preview import Prediction, PreviewNet, glance, size_for
from tools.preview.batches import log_canonical_inverse
from tools.preview.compose import SHARES, rng_for
from tools.preview.metrics import depth_errors
from tools.preview.shards import ASPECTS, Shard, read_shard, write_shard

HELD_OUT_SEED = 1_000_000_000
_SKY_M = 150.0  # farther than this is not scored


def held_out(run_dir: Path, per_kind: int = 40, pixels: int = 19200) -> list[Shard]:
    """Return the held-out views, one shard per aspect ratio; they are made at the first call."""
    folder = run_dir / "heldout"
    folder.mkdir(parents=True, exist_ok=True)
    paths = sorted(folder.glob("heldout_*.npz"))
    if not paths:
        # imported here: where the views are given, a machine without Open3D's libraries can train
        from tools.preview.view import View, views

        made: dict[tuple[int, int], list[View]] = defaultdict(list)
        for n, kind in enumerate(SHARES):
            for k in range(per_kind):
                seed = HELD_OUT_SEED + 10_000 * n + k
                ratio = float(rng_for(seed, "aspect").choice([a for a in ASPECTS if a < 2]))
                size = size_for(ratio, pixels)
                made[size] += views(seed, *size, 1, kind)
        for (width, height), group in made.items():
            shard = Shard(
                np.stack([v.rgb for v in group]),
                np.stack([v.z_m for v in group]).astype(np.float16),
                np.array([v.focal_over_width for v in group], np.float32),
                np.array([v.kind for v in group]),
            )
            write_shard(folder / f"heldout_{width}x{height}.npz", shard)
        paths = sorted(folder.glob("heldout_*.npz"))
    return [read_shard(path) for path in paths]


Look = Callable[[PreviewNet, NDArray[np.uint8], int], Prediction]


def score(
    net: PreviewNet, shards: list[Shard], pixels: int, look: Look = glance
) -> dict[str, dict[str, float]]:
    """Return mean errors by kind and over all: metric (predicted focal), known focal, aligned, sky IoU, focal.

    `look` is one glance as in training, or several as the estimator does.
    """
    rows: dict[str, list[dict[str, float]]] = defaultdict(list)
    net.eval()
    for shard in shards:
        for k in range(len(shard.rgb)):
            errors = _score_one(look(net, shard.rgb[k], pixels), shard, k)
            rows[str(shard.kind[k])].append(errors)
            rows["all"].append(errors)
    return {
        kind: {name: _mean([r[name] for r in group]) for name in group[0]}
        for kind, group in sorted(rows.items())
    }


def _mean(values: list[float]) -> float:
    """Return the mean of the numbers among them; NaN where a kind has none (no sky indoors)."""
    numbers = [v for v in values if np.isfinite(v)]
    return float(np.mean(numbers)) if numbers else float("nan")


def focal_correlation(net: PreviewNet, shards: list[Shard], pixels: int, look: Look = glance) -> float:
    """Return the correlation of log focal lengths, predicted and true, both over the picture's long side.

    Over the width it would be flattered by the aspect ratio, which the network is told.
    """
    guesses, truths = [], []
    net.eval()
    for shard in shards:
        height, width = shard.rgb.shape[1:3]
        to_long = float(np.log(width / max(width, height)))
        for rgb, focal in zip(shard.rgb, shard.focal_over_width, strict=True):
            guesses.append(look(net, rgb, pixels).log_focal[0].item() + to_long)
            truths.append(float(np.log(focal)) + to_long)
    return float(np.corrcoef(guesses, truths)[0, 1])


def _score_one(prediction: Prediction, shard: Shard, k: int) -> dict[str, float]:
    z, focal = shard.z_m[k].astype(np.float32), float(shard.focal_over_width[k])
    half = (prediction.log_inverse.shape[2], prediction.log_inverse.shape[1])
    truth = cv2.resize(z, half, interpolation=cv2.INTER_NEAREST_EXACT)
    sky = ~np.isfinite(truth)
    valid = ~sky & (truth < _SKY_M)
    log_c = prediction.log_inverse[0].numpy()
    found = prediction.sky_logit[0].numpy() > 0
    guess = float(np.exp(prediction.log_focal[0].item()))
    known = depth_errors(focal / np.exp(log_c), truth, valid)
    union = (sky | found).sum()
    return {
        "metric": depth_errors(guess / np.exp(log_c), truth, valid).metric,
        "metric_known_focal": known.metric,
        "aligned": known.aligned,
        "log_l1": float(np.abs(log_c - log_canonical_inverse(truth, focal))[valid].mean()),
        "sky_iou": float((sky & found).sum() / union) if union > 0 and sky.any() else float("nan"),
        "false_sky": float((found & ~sky).mean()),
        "focal_error": abs(guess / focal - 1),
    }
