"""Renders depth as a colour image with a legend in metres."""

from math import ceil, floor, log, log10

import numpy as np
from numpy.typing import NDArray

from recon.depth_map.legend import UNKNOWN_RGB, bar_for, legend_strip
from recon.errors import ExportError
from recon.types import BoolMap, MetricDepth

COLORMAPS = ("Spectral_r", "viridis", "plasma", "magma", "inferno", "turbo")
"""Names of colour maps, as in matplotlib; the prominent end (red, bright) is near."""

# ColorBrewer's eleven-class Spectral and RdBu, reversed (C. Brewer, colorbrewer2.org).
_SPECTRAL_R = "5e4fa2 3288bd 66c2a5 abdda4 e6f598 ffffbf fee08b fdae61 f46d43 d53e4f 9e0142"  # far to near
_BLUE_TO_RED = "053061 2166ac 4393c3 92c5de d1e5f0 f7f7f7 fddbc7 f4a582 d6604d b2182b 67001f"
_MOST_TICKS = 9


def depth_picture(
    depth: MetricDepth, colormap: str, span_m: tuple[float, float] | None = None
) -> NDArray[np.uint8]:
    """Renders depth in colours, with a legend on the right.

    Colours are linear in the logarithm of depth: 1 to 2 m and 10 to 20 m cover equal parts of the colour map. They
    span the 1st to the 99th percentile; depth beyond has the colour of the end, and the legend's bar has an arrow
    there. Pixels without depth are grey.

    Args:
        depth: (H, W).
        colormap: One of ``COLORMAPS``.
        span_m: Depth range of the colours, m, instead of the image's percentiles. Images with the same range and size
            have the same colours and legend, and may have no valid pixel.

    Returns:
        (H, W + legend, 3) uint8 sRGB.

    Raises:
        ExportError: no pixel is valid, or the colour map is unknown.
    """
    known = depth.z_m[depth.valid]
    if not known.size and span_m is None:
        raise ExportError("There is no depth to show: no pixel has valid depth.")
    near, far = span_of(known) if span_m is None else span_m
    table = depth_table(colormap)
    painted = _paint(depth.z_m, depth.valid, near, far, table)
    alike = span_m is not None
    beyond = (alike or bool((known < near).any()), alike or bool((known > far).any()))
    bar = bar_for(depth.z_m.shape, unknown=alike or not depth.valid.all())
    marks = [
        (log(far / mark) / log(far / near), f"{mark:g} m")
        for mark in round_ticks(near, far, smallest_gap=bar.smallest_gap)
    ]
    legend = legend_strip(bar, table, marks, beyond)
    return np.hstack([painted, legend])


def span_of(known_m: NDArray[np.float32]) -> tuple[float, float]:
    """The 1st and 99th percentile of depths, m; widened if they are almost equal."""
    near, far = (float(value) for value in np.percentile(known_m, (1, 99)))
    if far < 1.1 * near:  # a flat wall: do not spread noise over the whole colour range
        near, far = near / 1.05, far * 1.05
    return near, far


def difference_table() -> NDArray[np.uint8]:
    """(256, 3) sRGB of differences: blue is too near, white is no difference, red is too far."""
    return _between_anchors(_BLUE_TO_RED)


def depth_table(colormap: str) -> NDArray[np.uint8]:
    """(256, 3) sRGB, from far to near."""
    if colormap not in COLORMAPS:
        raise ExportError(f"Unknown colour map {colormap!r}; choose one of {', '.join(COLORMAPS)}.")
    if colormap == "Spectral_r":
        return _between_anchors(_SPECTRAL_R)
    import cv2

    code = getattr(cv2, f"COLORMAP_{colormap.upper()}")
    bgr: NDArray[np.uint8] = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[None], code)[0]
    return bgr[:, ::-1]


def _between_anchors(codes: str) -> NDArray[np.uint8]:
    """(256, 3) sRGB, linear between the colours of a list."""
    anchors = np.array([list(bytes.fromhex(code)) for code in codes.split()])
    at = np.linspace(0, 255, len(anchors))
    channels = [np.interp(np.arange(256), at, channel) for channel in anchors.T]
    return np.rint(np.stack(channels, axis=1)).astype(np.uint8)


def _paint(
    z_m: NDArray[np.float32], valid: BoolMap, near: float, far: float, table: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    nearness = np.log(far / np.clip(np.where(valid, z_m, far), near, far)) / log(far / near)
    painted = table[np.rint(255 * nearness).astype(np.uint8)]
    painted[~valid] = UNKNOWN_RGB
    return painted


def round_ticks(near: float, far: float, *, smallest_gap: float) -> list[float]:
    """Round numbers between two depths, as many as fit on a logarithmic bar.

    Args:
        near: Lower end, m.
        far: Upper end, m.
        smallest_gap: Smallest distance between two ticks, as a fraction of the bar's length.
    """

    def fits(marks: list[float]) -> bool:
        gaps = np.diff(np.log(marks)) / log(far / near)
        return len(marks) <= _MOST_TICKS and (len(marks) < 2 or float(gaps.min()) >= smallest_gap)

    decades = range(floor(log10(near)), ceil(log10(far)) + 1)
    candidates = [
        [mantissa * 10.0**decade for decade in decades for mantissa in mantissas]
        for mantissas in ((1, 2, 3, 5), (1, 2, 5), (1, 3), (1,))
    ]
    for decade in range(floor(log10(far - near)) - 1, ceil(log10(far)) + 1):
        for mantissa in (1, 2, 5):
            step = mantissa * 10.0**decade
            # Finer steps cannot fit, and long lists would be slow.
            if (far - near) / step <= 2 * _MOST_TICKS:
                candidates.append([step * count for count in range(ceil(near / step), floor(far / step) + 1)])
    inside = [[float(f"{mark:.6g}") for mark in marks if near <= mark <= far] for marks in candidates]
    return max((marks for marks in inside if fits(marks)), key=len)
