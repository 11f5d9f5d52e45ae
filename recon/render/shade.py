"""Colours of pixels: from the photo as texture, or interpolated between vertices, with perspective correction."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.render.rasterize import Floats, Projected, index_of

_COLUMNS = 256
_LEVELS_PER_OCTAVE = 2
_SAMPLE = 4096


@dataclass(frozen=True, eq=False)
class Texture:
    """An image and reduced copies (mipmaps), so that a pixel shows the mean of the texels that it covers."""

    rgb: NDArray[np.uint8]
    """(H, W, 3) sRGB."""
    texels_per_px: float
    """Reduction factor for the start camera, for which that level is exact."""
    reduced: dict[int, NDArray[np.uint8]]
    """The levels, from that of the start camera to finer ones."""

    @classmethod
    def of(cls, rgb: NDArray[np.uint8], texels_per_px: float) -> "Texture":
        """Makes the levels from that of the start camera up to the full image."""
        most = max(texels_per_px, 1.0)
        count = int(np.ceil(_LEVELS_PER_OCTAVE * np.log2(most) - 1e-6)) + 1
        factors = {k: max(most * 2 ** (-k / _LEVELS_PER_OCTAVE), 1.0) for k in range(count)}
        return cls(rgb, most, {k: _reduced(rgb, factor) for k, factor in factors.items()})

    def level(self, texels_per_px: float) -> NDArray[np.uint8]:
        """The level whose texels are about as large as pixels."""
        k = round(_LEVELS_PER_OCTAVE * np.log2(self.texels_per_px / max(texels_per_px, 1e-9)))
        return self.reduced[min(max(k, 0), len(self.reduced) - 1)]


def texels_per_px(seen: Projected, indices: NDArray[np.intp], *, width: int, height: int) -> float:
    """Texels per pixel along one axis; the median over the triangles, or 1 without any.

    Args:
        seen: Vertices with texture coordinates.
        indices: The triangle of each pixel.
        width: Width of the texture, px.
        height: Height of the texture, px.
    """
    if seen.corners is None or not len(indices):
        return 1.0
    some = seen.corners[:, indices[:: max(1, len(indices) // _SAMPLE)]]
    x, y = seen.x_px[some].astype(np.float64), seen.y_px[some].astype(np.float64)
    u, v = (seen.values[some, k].astype(np.float64) * size for k, size in enumerate((width, height)))
    screen, texels = _area(x, y), _area(u, v)
    good = screen > 1e-9
    return float(np.sqrt(np.median(texels[good] / screen[good]))) if good.any() else 1.0


def colours(
    entries: NDArray[np.int64],
    x_px: Floats,
    y_px: Floats,
    seen: Projected,
    texture: NDArray[np.uint8] | None,
) -> Floats:
    """(N, 3) sRGB, 0 to 255, of pixels that are not empty.

    Args:
        entries: (N,) entries of the z-buffer.
        x_px: (N,) pixel centres.
        y_px: (N,) pixel centres.
        seen: The geometry that was drawn.
        texture: The image to which the texture coordinates of ``seen`` refer; None: its values are colours.
    """
    index = index_of(entries)
    if seen.corners is None:
        return seen.values[index]
    corners = [corner[index] for corner in seen.corners]
    # Relative to the pixel, where float32 is exact to a small part of it.
    x = [seen.x_px[corner] - x_px for corner in corners]
    y = [seen.y_px[corner] - y_px for corner in corners]
    weights = []
    for k in range(3):
        a, b = (k + 1) % 3, (k + 2) % 3
        weights.append(np.abs(x[a] * y[b] - x[b] * y[a]) * seen.inverse_m[corners[k]])
    total = np.maximum(weights[0] + weights[1] + weights[2], np.float32(1e-30))
    mixed = [
        sum(weight * seen.values[corner, k] for weight, corner in zip(weights, corners, strict=True)) / total
        for k in range(seen.values.shape[1])
    ]
    if texture is None:
        return np.stack(mixed, axis=1)
    return _sampled(texture, mixed[0], mixed[1])


def _sampled(texture: NDArray[np.uint8], u: Floats, v: Floats) -> Floats:
    """The image at coordinates, (N,) each, v down, interpolated between pixel centres; it repeats outside 0 to 1."""
    height, width = texture.shape[:2]
    places: list[Floats] = []
    for values, size in ((u, width), (v, height)):
        values = np.where((values < 0) | (values > 1), values % 1, values)
        padded = np.zeros(-(-len(values) // _COLUMNS) * _COLUMNS, np.float32)
        padded[: len(values)] = values * size - np.float32(0.5)
        places.append(padded.reshape(-1, _COLUMNS))
    x, y = places
    samples = cv2.remap(texture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return samples.reshape(-1, 3)[: len(u)].astype(np.float32)


def _reduced(rgb: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    size = tuple(max(1, round(side / factor)) for side in (rgb.shape[1], rgb.shape[0]))
    if size == (rgb.shape[1], rgb.shape[0]):
        return rgb
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def _area(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Twice the areas of triangles whose corners are the rows of x and y."""
    area: NDArray[np.float64] = np.abs((x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0]))
    return area
