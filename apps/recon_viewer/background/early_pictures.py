"""Pictures of a photo and of its depth for the time before the scene is there."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recon.depth_map.colormap import depth_picture
from recon.types import MetricDepth, RelativeDepth

EARLY_PX: Final = 1600
"""Longest side."""
_FARTHEST = 0.05
"""Of inverse depth, as a share of its range: what a relative model calls infinitely far gets a colour, too."""


def early_photo(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The photo, (H, W, 3), reduced."""
    picture = Image.fromarray(rgb)
    picture.thumbnail((EARLY_PX, EARLY_PX), Image.Resampling.BILINEAR)
    return np.asarray(picture)


def early_depth(depth: MetricDepth | RelativeDepth, colormap: str) -> NDArray[np.uint8]:
    """The depth map in colours as beside the scene, (H, W, 3), reduced; grey where nothing is known."""
    step = -(-max(depth.valid.shape) // EARLY_PX)
    valid = np.ascontiguousarray(depth.valid[::step, ::step])
    if not valid.any():
        return np.full((*valid.shape, 3), 128, np.uint8)
    z = (
        depth.z_m[::step, ::step]
        if isinstance(depth, MetricDepth)
        else _likely(depth.inverse[::step, ::step], valid)
    )
    return depth_picture(MetricDepth(np.ascontiguousarray(z), valid), colormap)[:, : valid.shape[1]]


def _likely(inverse: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Depth in the right order, with no unit: scale and shift are not known yet."""
    low, high = (float(value) for value in np.percentile(inverse[valid], (1, 99)))
    share = (inverse - low) / max(high - low, 1e-12)
    return (1 / np.clip(share, _FARTHEST, 1)).astype(np.float32)
