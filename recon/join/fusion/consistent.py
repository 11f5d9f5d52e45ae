"""Makes depth maps consistent where they overlap: each moves towards the weighted mean of what all views see there.

Only the smooth part of the difference is corrected, so that a view keeps its own details, and no step appears where
the overlap ends.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.frames import apply
from recon.join.fusion.layer import LEAST_LOG_SIGMA, Layer
from recon.join.fusion.neighbours import neighbours

_ROUNDS = 3
_SIGMAS = 3.0
"""Depths that differ by more standard deviations are different surfaces, or outliers."""
_SAME_SURFACE = 0.3
"""Of the logarithm: larger differences are not looked at when the views' errors are measured."""
_LEAST_COS = 0.3
"""Cosine of the angle at which a line of sight must meet the plane of the other view's pixel."""
_SAMPLES = 4096
"""Pixels of a view by which its error is measured against each other view."""
_SMOOTH = 1 / 30
"""Standard deviation of the smoothing as a share of the grid's longer side."""
_FINE = 6.0
"""Pixels are compared in steps of which the standard deviation of the smoothing has at least so many."""


def consistent(layers: Sequence[Layer]) -> list[Layer]:
    """The layers with depth that agrees with the others as far as their errors explain the difference.

    The errors of layers that predict none are measured by how far the views differ, before and after.
    """
    near = neighbours(layers)
    # Under one name, so that the points and normals of earlier rounds can be freed.
    layers = measured(layers, near)
    if len(layers) > 1:
        for _ in range(_ROUNDS):
            layers = [_moved(layer, [layers[b] for b in near[a]]) for a, layer in enumerate(layers)]
    return measured(layers, near)


def measured(layers: Sequence[Layer], near: Sequence[Sequence[int]] | None = None) -> list[Layer]:
    """The layers with a standard deviation of depth that explains how far the views differ from each other.

    Views that predict their own keep it; without any overlap, the others do as well.

    Args:
        layers: At least one.
        near: Indices of the others that each is compared with; None: found.
    """
    ratios = []
    for layer, others in zip(layers, neighbours(layers) if near is None else near, strict=True):
        step = max(1, len(layer.points_world) // _SAMPLES)
        for b in others:
            _, log_ratio, _, _ = _differences(layer, layers[b], slice(None, None, step))
            ratios.append(np.abs(log_ratio[np.abs(log_ratio) < _SAME_SURFACE]))
    size = np.concatenate(ratios) if ratios else np.empty(0)
    if not size.size:
        return list(layers)
    # A normal distribution's median absolute value is 0.6745 of its standard deviation, here of a difference.
    sigma = max(LEAST_LOG_SIGMA, float(np.median(size)) / 0.6745 / 2**0.5)
    return [layer.with_log_sigma(sigma) for layer in layers]


def _moved(layer: Layer, others: Sequence[Layer]) -> Layer:
    """The layer with its depth moved towards the mean of its own and the others'."""
    step = max(1, int(_smoothing_px(layer) / _FINE))
    index = layer.index[::step, ::step]
    some = index[index >= 0]
    total, weight = np.zeros((2, len(some)), np.float32)
    for other in others:
        at, log_ratio, sigma, sure = _differences(layer, other, some)
        same = np.abs(log_ratio) < _SIGMAS * sigma
        total[at[same]] += (sure * log_ratio)[same]
        weight[at[same]] += sure[same]
    own = layer.weight[some]
    mean = total / (weight + own + np.float32(1e-12))
    seen = weight > 0
    if not seen.any():
        return layer
    z_m = layer.z_m.copy()
    weights = seen * (own + np.float32(1e-6))
    z_m[layer.keep] *= np.exp(_smooth(layer, np.where(seen, mean, 0), weights, step))
    return layer.with_depth(z_m)


def _differences(
    layer: Layer, other: Layer, some: slice | NDArray[np.int32]
) -> tuple[NDArray[np.intp], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """What another view shows at some of the kept pixels: which of these, log of its depth over theirs, the standard
    deviation of that, and the weights of the other view's pixels.

    The depth is where the pixel's line of sight meets the plane of the other view's pixel.
    """
    there = apply(other.cam_T_world, layer.points_world[some])
    shown = other.at(there)
    at = np.flatnonzero(shown >= 0)
    shown, there = shown[at], there[at]
    normal, on_plane = other.normals_cam[shown], other.points_cam[shown]
    origin = apply(other.cam_T_world, layer.view.centre_m.astype(np.float32)[None])[0]
    sight = there - origin
    slope = np.einsum("ij,ij->i", normal, sight)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.einsum("ij,ij->i", normal, on_plane - origin) / slope
        log_ratio = np.log(np.where(ratio > 0, ratio, np.nan))
    steep = -slope > _LEAST_COS * np.linalg.norm(sight, axis=1)
    sigma = np.hypot(layer.sigma[some][at], other.sigma[shown])
    return at[steep], log_ratio[steep], sigma[steep], other.weight[shown[steep]]


def _smoothing_px(layer: Layer) -> float:
    return max(1.0, _SMOOTH * max(layer.keep.shape))


def _smooth(
    layer: Layer, values: NDArray[np.float32], weights: NDArray[np.float32], step: int
) -> NDArray[np.float32]:
    """(N,) of the kept pixels: the values at every ``step``-th pixel, smoothed over the grid; fading to 0 away from
    those with a weight."""
    coarse = layer.keep[::step, ::step]
    weight, total = np.zeros((2, *coarse.shape), np.float32)
    weight[coarse] = weights
    total[coarse] = values * weights
    blurred, share = (cv2.GaussianBlur(each, (0, 0), _smoothing_px(layer) / step) for each in (total, weight))
    faint = np.float32(0.05) * np.median(weight[weight > 0])
    smooth = blurred / (share + faint)
    if step > 1:
        height, width = layer.keep.shape
        shrunk = np.array([[1 / step, 0, 0], [0, 1 / step, 0]])
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        smooth = cv2.warpAffine(smooth, shrunk, (width, height), flags=how, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(smooth[layer.keep], np.float32)
