"""Depth as a network would estimate it: a scale of its own for each photo, smooth errors, outliers, soft outlines."""

from dataclasses import replace

import cv2
import numpy as np

from recon.join.posed_view import PosedView


def noisy(
    view: PosedView,
    rng: np.random.Generator,
    *,
    scale: float = 0.03,
    noise: float = 0.03,
    outliers: float = 0.02,
    soft_px: float = 1.0,
) -> PosedView:
    """The view with errors in its depth.

    Args:
        view: With true depth.
        rng: Source of the errors.
        scale: Standard deviation of the logarithm of the photo's scale.
        noise: Standard deviation of log depth, half of it smooth over a twentieth of the width, half of it over a
            hundredth.
        outliers: Share of the pixels, in patches, that are 20 to 40 % too near or too far.
        soft_px: Width of the blur of inverse depth, as at a network's outlines.
    """
    valid = view.depth.valid
    inverse = np.zeros_like(view.depth.z_m)
    np.divide(1, view.depth.z_m, out=inverse, where=valid)
    if soft_px:
        # Of the valid pixels alone, which keep their values next to those without depth.
        share = cv2.GaussianBlur(valid.astype(np.float32), (0, 0), soft_px)
        inverse = cv2.GaussianBlur(inverse, (0, 0), soft_px) / np.maximum(share, np.float32(1e-6))
    height, width = inverse.shape
    error = rng.normal(0, scale) + _smooth(rng, height, width, noise)
    patches = _field(rng, height, width, 0.02 * width)
    wrong = np.abs(patches) > np.quantile(np.abs(patches), 1 - outliers)
    error = error + np.where(wrong, np.sign(patches) * rng.uniform(0.2, 0.4), 0)
    z_m = (np.exp(error) / np.where(valid, inverse, 1)).astype(np.float32)
    return replace(view, depth=replace(view.depth, z_m=z_m))


def smooth_noise(view: PosedView, rng: np.random.Generator, noise: float) -> PosedView:
    """The view with the smooth errors of ``noisy`` alone."""
    z_m = view.depth.z_m * np.exp(_smooth(rng, view.photo.height, view.photo.width, noise))
    return replace(view, depth=replace(view.depth, z_m=z_m.astype(np.float32)))


def _smooth(rng: np.random.Generator, height: int, width: int, noise: float) -> np.ndarray:
    """(H, W) half of the variance is smooth over a twentieth of the width, half of it over a hundredth."""
    parts = [_field(rng, height, width, width * share) for share in (0.05, 0.01)]
    return np.sum(parts, axis=0) * noise / np.sqrt(2)


def _field(rng: np.random.Generator, height: int, width: int, sigma_px: float) -> np.ndarray:
    """(H, W) smooth random field of standard deviation 1."""
    field = cv2.GaussianBlur(
        rng.normal(size=(height, width)), (0, 0), sigma_px, borderType=cv2.BORDER_REFLECT
    )
    return field / field.std()
