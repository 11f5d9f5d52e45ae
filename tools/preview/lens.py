"""What a real lens does to a sharp picture: surfaces out of focus are blurred by their depth."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.preview.render import Render
from tools.preview.scene import Rng

Floats = NDArray[np.float32]
_SIGMAS = (0.006, 0.013, 0.028)  # of the picture's width: how the blurred copies are spaced


def defocus(shot: Render, rng: Rng) -> Render:
    """Return the picture focused on what is in its middle; the strength and the focus vary, depth stays exact."""
    height, width = shot.z_m.shape
    near = np.where(np.isfinite(shot.z_m), 1 / np.maximum(shot.z_m, 0.05), 0).astype(np.float32)
    part = near[int(0.35 * height) : int(0.75 * height), int(0.3 * width) : int(0.7 * width)]
    focus = float(np.quantile(part, rng.uniform(0.5, 0.9)))
    if focus <= 0:
        return shot
    # circle of confusion: it grows with the difference of inverse depths
    spread = np.abs(near - focus) / focus * float(np.exp(rng.uniform(np.log(0.004), np.log(0.03))))
    out = shot.linear
    behind = (near < focus * 0.93).astype(np.float32)
    for k, sigma in enumerate(_SIGMAS):
        below = _SIGMAS[k - 1] if k else 0.0
        share = np.clip((spread - below) / (sigma - below), 0, 1)[..., None]
        blurred = _blurred(shot.linear, behind, sigma * width)
        out = out + (blurred - out) * share
    return replace(shot, linear=out.astype(np.float32))


def _blurred(linear: Floats, behind: Floats, sigma: float) -> Floats:
    """Blur what lies behind the focus without the things in front of it, and the rest as it is."""
    bright = np.minimum(linear, 6.0)
    whole = cv2.GaussianBlur(bright, (0, 0), sigma)
    weight = cv2.GaussianBlur(behind, (0, 0), sigma)[..., None]
    back = cv2.GaussianBlur(bright * behind[..., None], (0, 0), sigma) / np.maximum(weight, 1e-3)
    return np.where(behind[..., None] > 0, back, whole)
