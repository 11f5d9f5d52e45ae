"""Renders depth as a colour image with a legend in metres."""

from math import ceil, floor, log, log10

import numpy as np
from numpy.typing import NDArray

from recon.errors import ExportError
from recon.types import BoolMap, MetricDepth

COLORMAPS = ("Spectral_r", "viridis", "plasma", "magma", "inferno", "turbo")
"""Names of colour maps, as in matplotlib; the prominent end (red, bright) is near."""

_UNKNOWN_RGB = (128, 128, 128)
_PAPER_RGB, _INK_RGB = (255, 255, 255), (32, 32, 32)
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
    legend = _legend(depth.z_m.shape, near, far, table, beyond, unknown=alike or not depth.valid.all())
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
    painted[~valid] = _UNKNOWN_RGB
    return painted


def _legend(
    shape: tuple[int, ...],
    near: float,
    far: float,
    table: NDArray[np.uint8],
    beyond: tuple[bool, bool],
    *,
    unknown: bool,
) -> NDArray[np.uint8]:
    """A strip with the height of the image: a bar with far at the top, ticks in metres, and grey for unknown."""
    from PIL import Image, ImageDraw, ImageFont

    height, width = shape
    size = max(11, round(min(height, width) / 30))
    font = ImageFont.load_default(size)
    top, left, bar = size, size, round(1.2 * size)
    bottom = max(top + 2, height - size - (2 * size if unknown else 0))
    length = bottom - top
    marks = round_ticks(near, far, smallest_gap=1.7 * size / length)
    labels = [f"{mark:g} m" for mark in marks]
    text_left = left + bar + round(0.6 * size)
    widest = max(font.getlength(label) for label in [*labels, *(["unknown"] if unknown else [])] or [""])
    strip = Image.new("RGB", (text_left + ceil(widest) + size, height), _PAPER_RGB)
    draw = ImageDraw.Draw(strip)
    for row in range(length + 1):
        draw.line(
            [(left, top + row), (left + bar, top + row)], tuple(table[round(255 * row / length)].tolist())
        )
    point, middle = round(0.6 * size), left + bar / 2
    for clipped, edge, tip, end in (
        (beyond[0], bottom + 1, bottom + 1 + point, 255),
        (beyond[1], top - 1, top - 1 - point, 0),
    ):
        if clipped:
            triangle = [(left, edge), (left + bar, edge), (middle, tip)]
            draw.polygon(triangle, tuple(table[end].tolist()))
    for mark, label in zip(marks, labels, strict=True):
        y = top + length * log(far / mark) / log(far / near)
        draw.line([(left + bar, y), (left + bar + 0.35 * size, y)], _INK_RGB, max(1, size // 12))
        draw.text((text_left, y), label, _INK_RGB, font, anchor="lm")
    if unknown:
        y = height - size - size // 2
        draw.rectangle([left, y - size // 2, left + bar, y + size // 2], _UNKNOWN_RGB)
        draw.text((text_left, y), "unknown", _INK_RGB, font, anchor="lm")
    return np.asarray(strip)


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
