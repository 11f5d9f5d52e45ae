"""Errors of an estimator on pictures with known depth, and tables of them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from recon.depth.nets.preview import Camera
from recon.evaluate.metrics.boundary_f1 import boundary_f1
from recon.types import DepthEstimate, MetricDepth
from tools.preview.held_out_pictures import Picture
from tools.preview.loss import normals, planar_at

Row = Mapping[str, float]

_FAR_M = 100.0
_LEAST_SKY = 0.02
_FOUND_IOU = 0.5
_NORMAL_STEP = 0.03
"""Of the width: surfaces of that size have to be flat."""
COLUMNS = ("aligned", "metric", "delta1", "boundary F1", "normals", "sky IoU", "sky found", "far")
_DIGITS = {"normals": 1}
LEGEND = (
    "aligned: AbsRel after one scale (the median); metric: AbsRel in metres with the known focal length; delta1: "
    "share of pixels within 25 %, in metres; boundary F1: as in docs/evaluation.md; normals: mean error in "
    "degrees over 3 % of the width where the truth is about flat; sky found: share of the pictures "
    "with over 2 % of sky whose sky has an IoU over 0.5; far: share of the pixels beyond 100 m that come out beyond "
    "100 m."
)


def score(picture: Picture, estimate: DepthEstimate) -> dict[str, float]:
    """The errors on one image; those that cannot be computed are left out."""
    depth = estimate.depth
    assert isinstance(depth, MetricDepth)
    both = picture.known & depth.valid
    row: dict[str, float] = {}
    sky = picture.sky
    if sky.any() and estimate.sky is not None:
        iou = float((sky & estimate.sky).sum() / (sky | estimate.sky).sum())
        row["sky IoU"] = iou
        if sky.mean() > _LEAST_SKY:
            row["sky found"] = float(iou > _FOUND_IOU)
    if not both.any():
        return row
    z, true = depth.z_m[both].astype(np.float64), picture.z_m[both].astype(np.float64)
    scale = float(np.median(true / z))
    row["aligned"] = float(np.mean(np.abs(scale * z - true) / true))
    angle = normals_error(picture, depth)
    if angle is not None:
        row["normals"] = angle
    if not picture.metric:
        return row
    row["metric"] = float(np.mean(np.abs(z - true) / true))
    row["delta1"] = float(np.mean(np.maximum(z / true, true / z) < 1.25))
    far = picture.known & (picture.z_m > _FAR_M)
    if far.mean() > _LEAST_SKY:
        row["far"] = float((depth.z_m[far] > _FAR_M).mean())
    edges = boundary_f1(np.where(both, depth.z_m, 1).astype(np.float32), picture.truth.z_m, both)
    if edges is not None:
        row["boundary F1"] = edges.directions
    return row


def normals_error(picture: Picture, depth: MetricDepth) -> float | None:
    """The mean angle, degrees, between estimated and true normals; None where no surface is flat."""
    camera = picture.camera
    focal, x, y = torch.tensor([[camera.fx], [camera.cx], [camera.cy]], dtype=torch.float32) / camera.width
    view = Camera(focal, x, y, known=torch.ones(1))
    step = max(1, round(_NORMAL_STEP * camera.width))
    both = torch.from_numpy(picture.known & depth.valid)[None]
    estimated, true = (
        torch.where(both, -torch.log(torch.from_numpy(z)[None].float().clamp(min=1e-3)), 0.0)
        for z in (depth.z_m, picture.z_m)
    )
    flat = planar_at(true, both, step)
    if not flat.any():
        return None
    cosine = (normals(estimated, view, step) * normals(true, view, step)).sum(1)[flat]
    return float(torch.rad2deg(torch.acos(cosine.clamp(-1, 1))).mean())


def means(pictures: Sequence[Picture], rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """By group, and over the groups, each one vote: ``all``."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for picture, row in zip(pictures, rows, strict=True):
        groups[picture.group].append(row)
    by_group = {group: _mean(found) for group, found in sorted(groups.items())}
    return {**by_group, "all": _mean(list(by_group.values()))}


def table(title: str, found: Mapping[str, Row]) -> str:
    """In Markdown; columns without a number are left out."""
    columns = [name for name in COLUMNS if any(name in row for row in found.values())]
    lines = [f"| {title} | {' | '.join(columns)} |", "|---" * (1 + len(columns)) + "|"]
    for group, row in found.items():
        cells = [f"{row[name]:.{_DIGITS.get(name, 3)}f}" if name in row else "" for name in columns]
        bold = "**" if group == "all" else ""
        lines.append(f"| {bold}{group}{bold} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _mean(rows: Sequence[Row]) -> dict[str, float]:
    return {
        name: float(np.mean([row[name] for row in rows if name in row]))
        for name in COLUMNS
        if any(name in row for row in rows)
    }


def log_ratio(
    picture: Picture, estimate: DepthEstimate, most: int = 4000
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(N,) logarithm of estimated over true depth after one scale, and the predicted standard deviation of it.

    Args:
        picture: With known depth.
        estimate: With a map of standard deviations.
        most: Number of pixels that are drawn.
    """
    depth = estimate.depth
    assert isinstance(depth, MetricDepth) and depth.log_sigma is not None
    at = np.flatnonzero(picture.known & depth.valid)
    at = np.random.default_rng(0).choice(at, min(most, len(at)), replace=False)
    ratio = np.log(depth.z_m.ravel()[at].astype(np.float64) / picture.z_m.ravel()[at])
    return ratio - np.median(ratio), depth.log_sigma.ravel()[at].astype(np.float64)
