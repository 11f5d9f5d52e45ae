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


def faults(rgb: NDArray[np.uint8], rng: Rng) -> NDArray[np.uint8]:
    """Return the photo as some cameras spoil it: colour fringes, shake, flare, the noise of a dark place."""
    height, width = rgb.shape[:2]
    image = rgb.astype(np.float32)
    if rng.random() < 0.12:  # red and blue magnify a little differently
        for channel in (0, 2):
            k = 1 + rng.uniform(-0.006, 0.006)
            matrix = np.array([[k, 0, (1 - k) * width / 2], [0, k, (1 - k) * height / 2]])
            image[..., channel] = cv2.warpAffine(
                image[..., channel], matrix, (width, height), borderMode=cv2.BORDER_REPLICATE
            )
    if rng.random() < 0.1:  # shake
        reach, turn = rng.uniform(0.003, 0.02) * width, rng.uniform(0, np.pi)
        size = 2 * int(np.ceil(reach / 2)) + 3
        kernel = np.zeros((size, size), np.float32)
        middle, dx, dy = size / 2 - 0.5, np.cos(turn) * reach / 2, np.sin(turn) * reach / 2
        for t in np.linspace(-1, 1, 4 * size):
            kernel[round(middle + t * dy), round(middle + t * dx)] += 1
        image = cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)
    if rng.random() < 0.05:  # flare: a veil from one side and some ghosts
        v, u = np.mgrid[0:height, 0:width].astype(np.float32) / width
        x, y = rng.uniform(0, 1), rng.uniform(-0.1, 0.4)
        colour = 255 * rng.uniform(0.5, 1, 3).astype(np.float32)
        image = image + (rng.uniform(0.1, 0.7) * np.exp(-4 * np.hypot(u - x, v - y)))[..., None] * colour
        for _ in range(int(rng.integers(0, 5))):
            t, r = rng.uniform(0.2, 1.6), rng.uniform(0.01, 0.05)
            gx, gy = x + t * (0.5 - x) * 1.3, y + t * (0.5 * height / width - y) * 1.3
            image = image + ((np.hypot(u - gx, v - gy) < r) * rng.uniform(0.03, 0.2))[..., None] * colour
    if rng.random() < 0.12:
        sigma = rng.uniform(3, 14)
        grain = rng.normal(0, sigma, (height, width, 3)).astype(np.float32)
        if rng.random() < 0.6:
            grain = cv2.GaussianBlur(grain, (0, 0), rng.uniform(0.4, 0.9)) * 1.5
        image = image + grain
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)
