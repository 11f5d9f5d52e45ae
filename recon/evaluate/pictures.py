"""One image per pair: photo, ground truth, estimate and error, each with a colour bar."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, log
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.atomic_write import staged
from recon.depth_map.colormap import difference_table, round_ticks
from recon.evaluate.evaluate_pair import Alignment, Compared
from recon.photo.write import write_picture
from recon.units import significant

Picture = NDArray[np.uint8]
Array = NDArray[np.float64]

_PANEL_PX = 560
"""Longer side of a panel."""
_LEAST_PX = 280
"""Smallest shorter side, unless it makes the longer side more than twice as long."""
_SCATTERED = 0.4
"""Ground truth with a smaller fraction of valid pixels is drawn as enlarged points."""
_FONT_PX = 15
_MARGIN_PX = 12
_BAR_PX = 18
_INK, _PAPER, _GREY = (32, 32, 32), (255, 255, 255), (128, 128, 128)
_ERRORS = (0.0, -0.5, 1.0, 0.5, -0.25, 0.25, -0.1, 0.1)
"""Ticks of the error map (z / t - 1), most important first. Larger errors have the colour of the end."""


@dataclass(frozen=True)
class _Scale:
    """A colour scale: ``place`` maps values to 0 (bottom of the bar) ... 1 (top)."""

    place: Callable[[Any], Any]
    table: Picture
    ticks: Sequence[tuple[float, str]]
    title: str

    def paint(self, values: Array, known: NDArray[np.bool_]) -> Picture:
        """(H, W, 3); grey where unknown."""
        level = np.clip(self.place(np.where(known, values, 1.0)), 0, 1)
        painted = self.table[np.rint(255 * level).astype(np.uint8)]
        painted[~known] = _GREY
        return np.asarray(painted)


def picture_of(compared: Compared) -> Picture:
    """Photo, ground truth, estimate and error, two by two.

    Ground truth and estimate have the same colours, which are linear in log depth and span the 1st to the 99th
    percentile of the ground truth. The error is that of a metric estimate, or of a relative one after alignment.

    Returns:
        (H, W, 3) uint8 sRGB.
    """
    import cv2

    alignment: Alignment = "metric" if compared.metric else "scale+shift"
    true_m = compared.true_m.astype(np.float64)
    estimated = compared.depth_m > 0
    height, width = _panel_size(compared.photo.width, compared.photo.height)
    depths, errors = _depth_scale(true_m[compared.known], height), _error_scale()

    def fit(picture: Picture) -> Picture:
        return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)

    photo = np.asarray(
        cv2.resize(compared.photo.rgb, (width, height), interpolation=cv2.INTER_AREA), np.uint8
    )
    ratio = compared.depth_m / np.where(compared.known, true_m, 1)
    nearest = _nearest_known(compared.known, height)
    truth = depths.paint(true_m, compared.known)[nearest]
    title = compared.model if compared.metric else f"{compared.model}, scale and shift fitted"
    panels = [
        _panel(photo, compared.pair.name, None),
        _panel(fit(truth), f"ground truth, {_range(true_m[compared.known])}", depths),
        _panel(
            fit(depths.paint(compared.depth_m, estimated)),
            f"{title}, {_range(compared.depth_m[estimated])}",
            depths,
        ),
        _panel(fit(errors.paint(ratio, compared.both)[nearest]), _numbers(compared, alignment), errors),
    ]
    columns = [max(one.shape[1], other.shape[1]) for one, other in zip(panels[:2], panels[2:], strict=True)]
    rows = [
        np.hstack([_padded(panel, width) for panel, width in zip(row, columns, strict=True)])
        for row in (panels[:2], panels[2:])
    ]
    return np.vstack(rows)


def save_picture(path: Path, compared: Compared) -> None:
    """Writes ``picture_of`` as a PNG.

    Raises:
        ExportError: It cannot be written.
    """
    from PIL import Image

    with staged(path) as temporary:
        write_picture(temporary, Image.fromarray(picture_of(compared)))


def _range(depth_m: Array) -> str:
    near, far = np.percentile(depth_m, (1, 99))
    return f"{significant(near, 3)} to {significant(far, 3)} m"


def _nearest_known(known: NDArray[np.bool_], height: int) -> tuple[NDArray[np.intp], ...]:
    """The pixel that each pixel takes its colour from: sparse points are enlarged to be visible."""
    rows, cols = (np.asarray(at, np.intp) for at in np.indices(known.shape))
    if known.mean() > _SCATTERED:
        return rows, cols
    from scipy.ndimage import distance_transform_edt

    distance, nearest = distance_transform_edt(~known, return_indices=True)
    close = distance <= max(1.0, known.shape[0] / height)
    return np.where(close, nearest[0], rows), np.where(close, nearest[1], cols)


def _panel_size(width: int, height: int) -> tuple[int, int]:
    # Enlarge a wide photo, so that the colour bars have room for their labels.
    longer = max(width, height)
    scale = max(_PANEL_PX / longer, min(_LEAST_PX / min(width, height), 2 * _PANEL_PX / longer))
    return max(1, round(height * scale)), max(1, round(width * scale))


def _numbers(compared: Compared, alignment: Alignment) -> str:
    errors = compared.measures.errors.get(alignment)
    if errors is None:
        return "error"
    return (
        f"error: AbsRel {errors['abs_rel']:.3f}, RMSE {errors['rmse_m']:.2f} m, delta1 {errors['delta1']:.3f}"
    )


def _depth_scale(known_m: Array, height: int) -> _Scale:
    import cv2

    near, far = (float(value) for value in np.percentile(known_m, (1, 99)))
    if far < 1.1 * near:  # a flat wall: do not spread noise over the whole colour range
        near, far = near / 1.05, far * 1.05
    bgr = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[None], cv2.COLORMAP_TURBO)[0]
    ticks = round_ticks(near, far, smallest_gap=1.3 * _FONT_PX / _bar_length(height))

    def place(z_m: Any) -> Any:
        # Far at the top; near is red, the prominent end.
        return np.log(z_m / near) / log(far / near)

    return _Scale(place, np.asarray(bgr[::-1, ::-1]), [(mark, f"{mark:g}") for mark in ticks], "m")


def _error_scale() -> _Scale:
    # Linear in log depth: half and twice the depth are equally wrong.
    ticks = [(1 + error, f"{100 * error:+.0f}" if error else "0") for error in _ERRORS]

    def place(ratio: Any) -> Any:
        return 0.5 + np.log(ratio) / (2 * log(2))

    return _Scale(place, difference_table(), ticks, "%, + too far")


def _panel(picture: Picture, title: str, scale: _Scale | None) -> Picture:
    """An image with its title above and its colour bar on the right."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(_FONT_PX)
    height, width = picture.shape[:2]
    top = 2 * _FONT_PX
    legend = 0 if scale is None else _legend_width(scale, font)
    panel = Image.new("RGB", (_MARGIN_PX + width + legend, top + height + _MARGIN_PX), _PAPER)
    panel.paste(Image.fromarray(picture), (_MARGIN_PX, top))
    draw = ImageDraw.Draw(panel)
    draw.text((_MARGIN_PX, top / 2), _shortened(title, width + legend, font), _INK, font, anchor="lm")
    if scale is not None:
        _draw_bar(draw, scale, font, left=2 * _MARGIN_PX + width, top=top, height=height)
    return np.asarray(panel)


def _legend_width(scale: _Scale, font: Any) -> int:
    labels = max(font.getlength(label) for _, label in scale.ticks) if scale.ticks else 0
    return ceil(_MARGIN_PX + max(_BAR_PX + 8 + labels, font.getlength(scale.title)) + _MARGIN_PX)


def _draw_bar(draw: Any, scale: _Scale, font: Any, *, left: int, top: int, height: int) -> None:
    # The unit is above the bar, inside the panel.
    start, length = top + 2 * _FONT_PX, _bar_length(height)
    draw.text((left, top + _FONT_PX / 2), scale.title, _INK, font, anchor="lm")
    for row in range(length):
        colour = tuple(scale.table[round(255 * (1 - row / (length - 1)))].tolist())
        draw.line([(left, start + row), (left + _BAR_PX, start + row)], colour)
    drawn: list[float] = []
    for value, label in scale.ticks:
        at = float(scale.place(value))
        y = start + (1 - at) * (length - 1)
        if 0 <= at <= 1 and all(abs(y - other) >= _FONT_PX for other in drawn):
            drawn.append(y)
            draw.line([(left + _BAR_PX, y), (left + _BAR_PX + 4, y)], _INK)
            draw.text((left + _BAR_PX + 8, y), label, _INK, font, anchor="lm")


def _bar_length(height: int) -> int:
    return max(2, height - 3 * _FONT_PX)


def _shortened(text: str, width: int, font: Any) -> str:
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "...") > width:
        text = text[:-1]
    return text + "..."


def _padded(panel: Picture, width: int) -> Picture:
    missing = width - panel.shape[1]
    return np.pad(panel, ((0, 0), (0, missing), (0, 0)), constant_values=255) if missing > 0 else panel
