"""From linear radiance to the 8-bit picture of an ordinary camera: exposure, white balance, lens, tone, noise."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.preview.render import Render
from tools.preview.scene import Rng


def develop(render: Render, rng: Rng) -> NDArray[np.uint8]:
    """Return (H, W, 3) uint8 sRGB. Bright windows and skies may burn out, as they do in photos."""
    image = render.linear
    height, width = image.shape[:2]
    grey = image.mean(-1)
    weight = np.where(render.sky, 0.3, 1.0)  # metering cares for the things, less for the sky
    middle = float((np.minimum(grey, 3) ** 0.5 * weight).sum() / weight.sum()) ** 2
    exposure = 0.25 * np.exp(rng.normal(0, 0.4)) / max(middle, 1e-3)
    image = image * np.float32(exposure) * np.exp(rng.normal(0, 0.07, 3)).astype(np.float32)
    if rng.random() < 0.6:  # light that scatters in the lens
        glare = cv2.GaussianBlur(np.minimum(image, 4), (0, 0), width * 0.04)
        image = image + np.float32(rng.uniform(0, 0.12)) * glare
    if rng.random() < 0.5:
        v, u = np.mgrid[0:height, 0:width].astype(np.float32)
        r2 = ((u / width - 0.5) ** 2 + ((v - height / 2) / width) ** 2) * 4
        image = image * (1 - np.float32(rng.uniform(0, 0.35)) * r2[..., None])
    image = image + rng.normal(size=image.shape).astype(np.float32) * np.float32(
        rng.uniform(0.0, 0.012)
    ) * np.sqrt(np.maximum(image, 0.02))
    shoulder = rng.uniform(0.6, 1.0)  # tone curve: straight, then bending into white
    image = np.clip(image, 0, None)
    image = np.where(image < shoulder, image, shoulder + (1 - shoulder) * (1 - np.exp(-(image - shoulder))))
    display = np.clip(image, 0, 1) ** np.float32(1 / rng.uniform(1.9, 2.5))
    contrast, saturation = rng.uniform(0.85, 1.25), rng.uniform(0.6, 1.2)
    display = 0.5 + (display - 0.5) * contrast
    luma = display.mean(-1, keepdims=True)
    display = luma + (display - luma) * saturation
    if rng.random() < 0.5:
        display = cv2.GaussianBlur(display, (0, 0), rng.uniform(0.3, 0.8))
    return np.clip(np.rint(display * 255), 0, 255).astype(np.uint8)
