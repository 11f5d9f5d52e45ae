"""Plot of the depth along the row and the column of the photo under the mouse. No widget."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from recon.types import MetricDepth
from recon.units import significant
from recon_viewer.drawing.guides import palette

HINT = "Depth along the row and the column under the mouse"
_ROW_RGB, _COLUMN_RGB = (255, 176, 66), (96, 178, 255)
_MARGIN = 0.35
"""Of the letters' height, around the plot."""


def depth_slice(
    depth: MetricDepth | None,
    pixel_px: tuple[float, float] | None,
    size: tuple[int, int],
    letters_px: int,
    *,
    dark: bool,
) -> NDArray[np.uint8]:
    """The plot, far up and near down, both slices from one end of the plot to the other.

    Args:
        depth: Of the photo; None: none is known.
        pixel_px: Position in the photo (x, y); None shows the hint.
        size: Width and height of the plot, px.
        letters_px: Height of its letters.
        dark: Whether the letters are light.

    Returns:
        (height, width, 3) uint8 sRGB.
    """
    made = Image.new("RGB", size, palette(dark).ground)
    draw, font = ImageDraw.Draw(made), ImageFont.load_default(letters_px)
    ink, margin = palette(dark).strong, _MARGIN * letters_px
    if depth is None or pixel_px is None:
        draw.text((margin, size[1] / 2), HINT, fill=ink, font=font, anchor="lm")
        return np.asarray(made)
    height, width = depth.z_m.shape
    row, col = min(int(pixel_px[1]), height - 1), min(int(pixel_px[0]), width - 1)
    slices = [
        (_sampled(depth.z_m[row], depth.valid[row], size[0]), _ROW_RGB, pixel_px[0] / width),
        (_sampled(depth.z_m[:, col], depth.valid[:, col], size[0]), _COLUMN_RGB, pixel_px[1] / height),
    ]
    draw.text((margin, margin), f"row {row}", fill=_ROW_RGB, font=font)
    draw.text((margin + 5 * letters_px, margin), f"column {col}", fill=_COLUMN_RGB, font=font)
    known = np.concatenate([values_m for values_m, _, _ in slices])
    known = known[~np.isnan(known)]
    if not len(known):
        return np.asarray(made)
    low, high = float(known.min()), float(known.max())
    top, bottom = 2 * margin + 1.2 * letters_px, size[1] - margin
    per_m = (bottom - top) / max(high - low, 1e-3 * high)
    here = f"{depth.z_m[row, col]:.2f} m here, " if depth.valid[row, col] else ""
    texts = f"{here}{significant(low, 3)} to {significant(high, 3)} m"
    draw.text((size[0] - margin, margin), texts, fill=ink, font=font, anchor="ra")
    for values_m, rgb, share in slices:
        x = share * (size[0] - 1)
        draw.line([(x, top), (x, bottom)], fill=tuple(value // 2 for value in rgb))
        for points in _known_runs(values_m, bottom - (values_m - low) * per_m):
            draw.line(points if len(points) > 1 else points * 2, fill=rgb, width=max(1, letters_px // 8))
    return np.asarray(made)


def _sampled(z_m: NDArray[np.float32], valid: NDArray[np.bool_], count: int) -> NDArray[np.float64]:
    """The nearest pixel for each column of the plot; NaN where depth is unknown."""
    at = ((np.arange(count) + 0.5) / count * len(z_m)).astype(int)
    return np.where(valid[at], z_m[at].astype(np.float64), np.nan)


def _known_runs(values_m: NDArray[np.float64], y: NDArray[np.float64]) -> list[list[tuple[float, float]]]:
    """The points of each stretch without gaps."""
    known = np.flatnonzero(~np.isnan(values_m))
    runs = np.split(known, np.flatnonzero(np.diff(known) > 1) + 1)
    return [[(float(x), float(y[x])) for x in run] for run in runs if len(run)]
