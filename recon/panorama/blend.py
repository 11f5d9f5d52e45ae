"""One range map of the panorama from the ranges of its views."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recon.panorama.joint_scale import terms_at
from recon.panorama.sphere import Array, Sphere
from recon.panorama.view_range import ViewRange
from recon.types import BoolMap, FloatMap

_ROWS_AT_ONCE = 64


@dataclass(frozen=True, eq=False)
class PanoramaRange:
    """Range along the rays."""

    range_m: FloatMap
    """(H, W) m; meaningless where not valid."""
    valid: BoolMap
    sky: BoolMap | None


def blend(ranges: Sequence[ViewRange], terms: Array, sphere: Sphere) -> PanoramaRange:
    """The weighted mean of the views' log ranges; weights fall to 0 at a view's border, so that no step is left.

    A pixel is sky if most of the weight says so.

    Args:
        ranges: Of the views.
        terms: (N, 6) of ``JointScale``.
        sphere: Of the panorama.
    """
    k = sphere.chart
    range_m, valid = np.ones((k.height, k.width), np.float32), np.zeros((k.height, k.width), np.bool_)
    sky = np.zeros_like(valid)
    x = (np.arange(k.width) + 0.5 - k.cx) / k.fx
    for start in range(0, k.height, _ROWS_AT_ONCE):
        rows = slice(start, min(start + _ROWS_AT_ONCE, k.height))
        y = (np.arange(rows.start, rows.stop) + 0.5 - k.cy) / k.fy
        directions = sphere.directions(*np.meshgrid(x, y))
        total, known, away = (np.zeros(directions.shape[:2], np.float32) for _ in range(3))
        for one, own in zip(ranges, terms, strict=True):
            inverse, is_sky, weight = one.sample(directions)
            there = inverse > 0
            logs = np.log(np.where(there, inverse, 1))
            added = (terms_at(one.view, directions) @ own).astype(np.float32)
            total += np.where(there, weight * (added - logs), 0)
            known += np.where(there, weight, 0)
            away += np.where(is_sky, weight, 0)
        found = (known > 0) & (known >= away)
        range_m[rows] = np.exp(total / np.where(known > 0, known, 1))
        valid[rows], sky[rows] = found, away > known
    return PanoramaRange(range_m, valid, sky if sky.any() else None)
