"""How the camera moved between two frames of a clip, and the depth that a static scene then has."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.types import BoolMap, FloatMap, Intrinsics
from recon.video.links import Link, sampled

_EVERY_PX = 5
"""Spacing of the tracked points on the grid, px."""
_FEWEST = 60
"""Tracked points without which there is no motion to find."""
_OFF_PX = 1.0
"""A point that misses the motion by more, in px of the grid, moves by itself."""
_EDGE = 0.03
"""A larger step of log depth within half a pixel is an edge."""
_ROUNDS = 60


@dataclass(frozen=True)
class Motion:
    """``now_T_before``: points of the camera frame before to that of now, metres of the depth before."""

    rotation: NDArray[np.float64]
    """(3, 3)."""
    shift_m: NDArray[np.float64]
    """(3,)."""


STILL = Motion(np.eye(3), np.zeros(3))


def motion_between(link: Link, log_before: FloatMap, usable: BoolMap, camera: Intrinsics) -> Motion | None:
    """The camera's motion from tracked points and their depth before, by RANSAC; None if too few points agree.

    Args:
        link: Of the two frames.
        log_before: (h, w) log depth before, at the pixels of now.
        usable: (h, w) where it is known and tracked.
        camera: Of the grid.
    """
    if link.is_still:
        return STILL
    import cv2

    some = np.zeros_like(usable)
    some[_EVERY_PX // 2 :: _EVERY_PX, _EVERY_PX // 2 :: _EVERY_PX] = True
    rows, columns = np.nonzero(usable & some)
    if len(rows) < _FEWEST:
        return None
    now_px = np.stack([columns + 0.5, rows + 0.5], axis=1)
    points = _rays(now_px + link.back_px[rows, columns], camera) * np.exp(log_before[rows, columns, None])
    found, turn, shift, inside = cv2.solvePnPRansac(
        points, now_px, camera.matrix, None, iterationsCount=_ROUNDS, reprojectionError=_OFF_PX
    )
    if not found or inside is None or len(inside) < max(_FEWEST, len(rows) // 3):
        return None
    return Motion(cv2.Rodrigues(turn)[0], shift.ravel())


def predicted(
    link: Link, motion: Motion, log_before: FloatMap, camera: Intrinsics, *, scale: float = 1.0
) -> tuple[FloatMap, BoolMap]:
    """The depth that static points have now.

    Args:
        link: Of the two frames.
        motion: Of the camera.
        log_before: (h, w) log depth before, at the pixels of now.
        camera: Of the grid.
        scale: Of ``log_before`` over that of the motion.

    Returns:
        (h, w) log depth, and where the tracked motion is that of a static point.
    """
    if motion is STILL:
        return log_before, np.ones(log_before.shape, np.bool_)
    height, width = log_before.shape
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    now_px = np.stack([x, y], axis=-1)
    points = _rays(now_px + link.back_px, camera) * np.exp(log_before)[..., None]
    moved = points @ motion.rotation.T + scale * motion.shift_m
    z = np.maximum(moved[..., 2], 1e-3)
    seen_px = np.stack(
        [camera.fx * moved[..., 0] / z + camera.cx, camera.fy * moved[..., 1] / z + camera.cy], axis=-1
    )
    return np.log(z).astype(np.float32), np.linalg.norm(seen_px - now_px, axis=-1) < _OFF_PX


def before_now(link: Link, log_before: FloatMap, valid_before: BoolMap) -> tuple[FloatMap, BoolMap]:
    """Log depth before at the pixels of now, and where it is known and tracked, both (h, w)."""
    if link.is_still:
        return log_before, valid_before & link.agreed
    known = sampled(valid_before.astype(np.float32), link.back_px) == 1
    # Between pixels, since the nearest one would hide motion that is slower than a pixel a frame; not across edges.
    between, nearest = sampled(log_before, link.back_px), sampled(log_before, link.back_px, nearest=True)
    return between, known & link.agreed & (np.abs(between - nearest) < _EDGE)


def _rays(points_px: NDArray, camera: Intrinsics) -> NDArray[np.float64]:
    x = (points_px[..., 0] - camera.cx) / camera.fx
    y = (points_px[..., 1] - camera.cy) / camera.fy
    return np.stack([x, y, np.ones_like(x)], axis=-1)
