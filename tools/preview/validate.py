"""Errors on what the training never sees: generated views of held-out seeds, and real pairs of held-out places."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recon.depth.nets.preview import Prediction, PreviewNet, centred, normalise
from recon.depth.nets.preview_look import size_for
from tools.preview.pool import DEFAULT_FOCAL_OVER_LONG, TrainPair
from tools.preview.shards import Shard

HELD_OUT_PLACES = {
    "felix-room",
    "tum-fr3-cabinet",
    "middlebury-Books",
    "middlebury-Laundry",
    "cleargrasp-130",
    "cleargrasp-syn-002",
    "pjlab-street-3",
    "middlebury-Teddy",
}
"""Whole places of the training pairs: they choose what is trained and calibrate its errors."""


@torch.inference_mode()
def predict(
    net: PreviewNet, rgb: NDArray[np.uint8], focal_over_width: float, pixels: int, known: bool = True
) -> Prediction:
    """Return one glance at a photo (H, W, 3), seen at about `pixels` pixels."""
    device = next(net.parameters()).device
    height, width = rgb.shape[:2]
    size = size_for(width / height, pixels)
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if size[0] < width else cv2.INTER_LINEAR)
    x = torch.from_numpy(np.ascontiguousarray(small)).to(device).permute(2, 0, 1)[None].float() / 255
    focal = torch.tensor([focal_over_width], device=device)
    return net(normalise(x), centred(focal, size[1] / size[0], known))


def errors(z_m: Tensor, truth_m: Tensor, valid: Tensor) -> dict[str, float]:
    """Return AbsRel in metres, after the median's scale, and delta1 in metres."""
    z, t = z_m[valid].double(), truth_m[valid].double()
    scale = (t / z).median()
    ratio = torch.maximum(z / t, t / z)
    return {
        "metric": float(((z - t).abs() / t).mean()),
        "aligned": float(((scale * z - t).abs() / t).mean()),
        "delta1": float((ratio < 1.25).double().mean()),
    }


def score_views(net: PreviewNet, shards: list[Shard], pixels: int) -> dict[str, dict[str, float]]:
    """Return mean errors by kind and over all."""
    rows: dict[str, list[dict[str, float]]] = defaultdict(list)
    for shard in shards:
        for k in range(len(shard.rgb)):
            focal = float(shard.focal_over_width[k])
            result = predict(net, shard.rgb[k], focal, pixels)
            z = torch.from_numpy(shard.z_m[k].astype(np.float32))
            row = _score_map(result, z, focal)
            sky = torch.isinf(z)
            if sky.any():
                guess = _at(result.sky_logit, z.shape) > 0
                row["sky_iou"] = float((sky & guess).sum() / (sky | guess).sum())
            rows[str(shard.kind[k])].append(row)
            rows["all"].append(row)
    return {kind: _means(group) for kind, group in sorted(rows.items())}


def score_pairs(net: PreviewNet, pairs: list[TrainPair], pixels: int) -> dict[str, dict[str, float]]:
    """Return mean errors by place and over the places, each one vote."""
    rows: dict[str, list[dict[str, float]]] = defaultdict(list)
    for pair in pairs:
        height, width = pair.rgb.shape[:2]
        focal = pair.focal or DEFAULT_FOCAL_OVER_LONG * max(width, height) / width
        result = predict(net, pair.rgb, focal, pixels, pair.focal is not None)
        row = _score_map(result, torch.from_numpy(pair.z_m), focal)
        if not pair.metric:
            row = {"aligned": row["aligned"]}
        rows[pair.place].append(row)
    by_place = {place: _means(group) for place, group in sorted(rows.items())}
    return {"all": _means(list(by_place.values())), **by_place}


def _score_map(result: Prediction, z: Tensor, focal: float) -> dict[str, float]:
    log_c = _at(result.log_inverse, z.shape)
    valid = torch.isfinite(z) & (z > 0.05)
    row = errors(focal / torch.exp(log_c), z, valid)
    truth = torch.where(valid, float(np.log(focal)) - torch.log(z.clamp(min=0.02)), 0.0)
    row["log_l1"] = float((log_c - truth).abs()[valid].mean())
    row["sigma"] = float(torch.exp(_at(result.log_error, z.shape))[valid].mean())
    return row


def _at(maps: Tensor, shape: torch.Size) -> Tensor:
    """Return the map (h, w) at another size, by the nearest pixel."""
    return torch.nn.functional.interpolate(maps[None].float().cpu(), size=shape, mode="nearest-exact")[0, 0]


def _means(rows: list[dict[str, float]]) -> dict[str, float]:
    names = sorted({name for row in rows for name in row})
    return {name: float(np.mean([row[name] for row in rows if name in row])) for name in names}


def read_held_out(folder: Path) -> list[TrainPair]:
    """Return the training pairs of the held-out places."""
    from tools.preview.pool import read_train_pairs

    return [pair for pair in read_train_pairs(folder) if pair.place in HELD_OUT_PLACES]
