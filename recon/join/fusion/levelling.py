"""Gravity of a scene of several photos: the mean of what the sure views see, if they agree."""

from collections.abc import Sequence
from dataclasses import replace
from math import acos, degrees

import numpy as np
from numpy.typing import NDArray

from recon.geometry.gravity import Levelling, estimate_levelling
from recon.join.posed_view import PosedView

_MOST_VIEWS = 8
"""Views that are asked: more would hardly change the mean."""
_AGREE_DEG = 5.0


def joint_levelling(views: Sequence[PosedView]) -> Levelling | None:
    """Gravity in the cam frame of the first view; None if no view is sure, or most of the sure ones disagree.

    The height is that of the first camera above the floor, the median of what the views say of the floor.
    """
    asked = [views[k] for k in np.unique(np.linspace(0, len(views) - 1, _MOST_VIEWS).round().astype(int))]
    estimates = [(view, _of(view)) for view in asked]
    sure = [(view, each, _up_world(view, each)) for view, each in estimates if each.sure]
    if not sure:
        return None
    ups = np.array([up for _, _, up in sure])
    # The one that most others are near; its neighbours' mean is not moved by those that see something else.
    near = ups @ ups.T > np.cos(np.radians(_AGREE_DEG))
    agreed = near[np.argmax(near.sum(axis=1))]
    if 2 * agreed.sum() <= len(sure) and len(sure) > 1:
        return None
    kept = [one for one, agrees in zip(sure, agreed, strict=True) if agrees]
    up = np.sum([each.confidence * up for _, each, up in kept], axis=0)
    up /= np.linalg.norm(up)
    floors_m = [
        up @ view.centre_m - each.camera_height_m
        for view, each, _ in kept
        if each.camera_height_m is not None
    ]
    first = views[0]
    height_m = float(up @ first.centre_m - np.median(floors_m)) if floors_m else None
    x, y, z = first.world_T_cam[:3, :3].T @ up
    apart = max(degrees(acos(min(1.0, float(up @ one)))) for _, _, one in kept)
    return replace(
        kept[0][1],
        up_cam=(float(x), float(y), float(z)),
        camera_height_m=height_m,
        confidence=float(np.mean([each.confidence for _, each, _ in kept])),
        disagreement_deg=apart,
    )


def _of(view: PosedView) -> Levelling:
    usable = view.depth.valid if view.sky is None else view.depth.valid & ~view.sky
    return estimate_levelling(view.depth, usable, view.intrinsics, view.photo.rgb)


def _up_world(view: PosedView, levelling: Levelling) -> NDArray[np.float64]:
    return np.asarray(view.world_T_cam[:3, :3] @ np.array(levelling.up_cam), np.float64)
