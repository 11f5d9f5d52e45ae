"""The page of a comparison: table, depth maps, differences, slices, depth boundaries."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recon.compare.comparison import Column, Comparison
from recon.compare.comparison_table import summary_table
from recon.compare.edges import BOUNDARY_RATIO, Window, boundaries, busiest_window
from recon.report.colour_scale import ColourScale, depth_scale, difference_scale, span_of_all
from recon.report.page import Section, facts, figure, grid, legend, page, pair, write_page
from recon.report.pictures import jpeg_uri, png_uri, reduced, sampled
from recon.report.slices import GAPS, Slices, drawn_on_photo, slice_plots
from recon.types import FOCAL_SOURCES, BoolMap, FloatMap
from recon.units import significant

_CROP_PX = 480
_BOUNDARY_RGB = (230, 0, 76)
_PALE = 0.55
"""How far the photo is faded below the boundaries."""
_DEFINITIONS = (
    "Time: one photo, without loading the weights; on a busy machine, compare the processor time, which includes "
    "loading. Memory: what the process needed at most for this model, with its weights. Input: the size at which the "
    "network sees the photo. Difference: mean of |z / reference - 1| over the pixels where both are valid. δ1: share "
    "of pixels within a factor of 1.25."
)


def comparison_page(
    comparison: Comparison, *, colormap: str = "Spectral_r", through: tuple[float, float] | None = None
) -> str:
    """The page as HTML.

    Args:
        comparison: What to show.
        colormap: One of ``COLORMAPS``, for depth.
        through: Pixel (x, y) of the photo through which the slices go; None: its centre.
    """
    photo = comparison.photo
    x, y = through or (photo.width / 2, photo.height / 2)
    small = [_Small(column) for column in comparison.columns]
    known = [values[each.valid] for each in small for values in (each.predicted, each.aligned)]
    scale = depth_scale(*span_of_all(known), colormap, comparison.unit)
    slices = Slices.at(x, y, width=photo.width, height=photo.height)
    sections = [
        Section("Models", summary_table(comparison), _DEFINITIONS),
        _depth_section(comparison, small, scale, slices),
        *([_difference_section(comparison, small)] if len(small) > 1 else []),
        _slice_section(comparison, small, slices),
        _edge_section(comparison, small, scale),
    ]
    return page("Depth models compared", _lead(comparison), sections)


def save(
    comparison: Comparison,
    path: str | Path,
    *,
    colormap: str = "Spectral_r",
    through: tuple[float, float] | None = None,
    overwrite: bool = False,
) -> None:
    """Writes the page of a comparison, one file that needs no network.

    Args:
        comparison: What to show.
        path: ``.html``.
        colormap: One of ``recon.depth_map.colormap.COLORMAPS``.
        through: Pixel (x, y) of the photo through which the two slices go; None: its centre.
        overwrite: Whether an existing file may be replaced.

    Raises:
        ExportError: It cannot be written.
    """
    write_page(
        Path(path), comparison_page(comparison, colormap=colormap, through=through), overwrite=overwrite
    )


class _Small:
    """A column, reduced to what the page shows."""

    def __init__(self, column: Column) -> None:
        self.column = column
        self.valid: BoolMap = sampled(column.valid)
        self.predicted: FloatMap = sampled(column.depth)
        self.aligned: FloatMap = sampled(column.aligned_depth)


def _lead(comparison: Comparison) -> str:
    photo, camera = comparison.photo, comparison[comparison.reference].camera
    pairs = [
        ("photo", f"{photo.name or 'photo'}, {photo.width} x {photo.height} px"),
        ("camera", f"{camera.fx:.0f} px, {camera.fov_x_deg:.1f}° wide ({FOCAL_SOURCES[camera.source]})"),
        ("compared", ", ".join(each.name for each in comparison.columns)),
        ("aligned to", comparison.reference + (" (ground truth)" if comparison.has_truth else "")),
    ]
    if comparison.failed:
        pairs.append(("could not run", ", ".join(each.name for each in comparison.failed)))
    return facts(pairs)


def _depth_section(
    comparison: Comparison, small: Sequence[_Small], scale: ColourScale, slices: Slices
) -> Section:
    photo = figure(
        jpeg_uri(reduced(comparison.photo.rgb)),
        comparison.photo.name or "photo",
        "dashed: the slices below",
        over=drawn_on_photo(slices),
    )
    figures = [photo]
    for each in small:
        column = each.column
        if column.alignment.kind == "scale":
            figures.append(
                _depth_figure(column.name, each.predicted, each, scale, "predicted", "as predicted")
            )
        style = "aligned" if column.alignment.kind == "scale" else ""
        figures.append(
            _depth_figure(column.name, each.aligned, each, scale, style, _aligned_note(comparison, column))
        )
    body = _switch(comparison) + legend(scale) + grid(figures)
    metres = (
        ""
        if comparison.unit == "m"
        else " None of the models is metric: the unit is the distance of the nearest percent."
    )
    note = "One colour scale for all, linear in the logarithm of depth. Grey: sky, or no depth." + metres
    return Section("Depth maps", body, note)


def _switch(comparison: Comparison) -> str:
    """Chooses between predicted and aligned depth; nothing where no model would change."""
    if all(each.alignment.kind != "scale" for each in comparison.columns):
        return ""
    return (
        '<div class="switch" role="radiogroup" aria-label="depth shown">'
        '<input type="radio" name="show" id="show-predicted" checked><label for="show-predicted">as predicted</label>'
        '<input type="radio" name="show" id="show-aligned"><label for="show-aligned">'
        f"aligned to {escape(comparison.reference)}</label></div>"
    )


def _aligned_note(comparison: Comparison, column: Column) -> str:
    text = column.alignment.text(comparison.unit)
    return text if column.alignment.kind == "reference" else f"aligned: {text}"


def _depth_figure(
    name: str, values: FloatMap, each: _Small, scale: ColourScale, style: str, note: str
) -> str:
    inside = values[each.valid]
    low, high = (significant(float(value), 3) for value in np.percentile(inside, (1, 99)))
    uri = png_uri(scale.paint(values, each.valid), scale.palette)
    return figure(uri, name, f"{low} to {high} {scale.title}; {note}", style=style)


def _difference_section(comparison: Comparison, small: Sequence[_Small]) -> Section:
    reference = next(each for each in small if each.column.name == comparison.reference)
    others = [each for each in small if each is not reference]
    ratios = []
    for each in others:
        both = each.valid & reference.valid
        ratio = np.divide(each.aligned, reference.aligned, out=np.ones_like(each.aligned), where=both)
        ratios.append((each, ratio, both))
    largest = max(float(np.percentile(np.abs(np.log(ratio[both])), 95)) for _, ratio, both in ratios)
    scale = difference_scale(float(np.expm1(largest)))
    figures = [
        figure(
            png_uri(scale.paint(ratio, both), scale.palette),
            each.column.name,
            _difference_note(comparison, each),
        )
        for each, ratio, both in ratios
    ]
    note = (
        f"After alignment to {comparison.reference}: a scale for metric models, scale and shift of inverse depth for "
        "relative ones. Blue is nearer than the reference, red farther."
    )
    return Section("Differences", legend(scale) + grid(figures), note)


def _difference_note(comparison: Comparison, each: _Small) -> str:
    aligned = each.column.aligned
    assert aligned is not None
    apart = f"{100 * aligned.abs_rel:.1f} % from {comparison.reference}, δ1 {aligned.delta1:.3f}"
    return f"{apart}; {each.column.alignment.text(comparison.unit)}"


def _slice_section(comparison: Comparison, small: Sequence[_Small], slices: Slices) -> Section:
    def lines(aligned: bool) -> list[tuple[str, FloatMap, BoolMap, bool]]:
        result = []
        for each in small:
            values = each.aligned if aligned else each.predicted
            is_reference = each.column.name == comparison.reference
            note = "" if is_reference or (each.column.is_metric and not aligned) else ", aligned"
            result.append((each.column.name + note, values, each.valid, is_reference))
        return result

    body = f'<div class="predicted">{slice_plots(lines(False), slices, comparison.unit)}</div>'
    body += f'<div class="aligned">{slice_plots(lines(True), slices, comparison.unit)}</div>'
    if not _switch(comparison):
        body = slice_plots(lines(True), slices, comparison.unit)
    return Section(
        "Slices",
        body,
        f"Depth along one row and one column of the photo (dashed there), the same for all. {GAPS}",
    )


def _edge_section(comparison: Comparison, small: Sequence[_Small], scale: ColourScale) -> Section:
    window = busiest_window([boundaries(each.aligned, each.valid) for each in small])
    photo = comparison.photo
    height, width = small[0].valid.shape
    across, down = photo.width / width, photo.height / height
    full = Window(
        int(window.left * across),
        int(window.top * down),
        max(1, int(window.width * across)),
        max(1, int(window.height * down)),
    )
    crop = reduced(np.ascontiguousarray(full.cut(photo.rgb), np.uint8), _CROP_PX)
    left, wide = (100 * px / photo.width for px in (full.left, full.width))
    top, high = (100 * px / photo.height for px in (full.top, full.height))
    place = f"left:{left:.2f}%;top:{top:.2f}%;width:{wide:.2f}%;height:{high:.2f}%"
    box = f'<div class="frame-of-crop" style="{place}"></div>'
    where = (jpeg_uri(reduced(photo.rgb, _CROP_PX)), jpeg_uri(crop))
    figures = [pair(where, photo.name or "photo", "the whole, and the part shown here", over=box)]
    for each in small:
        depth = sampled(np.asarray(full.cut(each.column.aligned_depth), np.float32), _CROP_PX)
        valid = sampled(np.asarray(full.cut(each.column.valid), np.bool_), _CROP_PX)
        over_photo = jpeg_uri(_over_photo(crop, boundaries(depth, valid)))
        painted = png_uri(scale.paint(depth, valid), scale.palette)
        figures.append(pair((over_photo, painted), each.column.name, "boundaries, and depth", style="pixels"))
    note = (
        f"The part of the photo with the most depth boundaries. Red: the neighbouring pixel is over "
        f"{100 * (BOUNDARY_RATIO - 1):.0f} % farther. A sharp model draws one thin line on the object's outline; a "
        "soft one draws none, or a broad one."
    )
    return Section("Depth boundaries", grid(figures, "pairs"), note)


def _over_photo(crop: NDArray[np.uint8], marked: BoolMap) -> NDArray[np.uint8]:
    """The photo in pale grey with the boundaries in red."""
    grey = crop.mean(axis=2, keepdims=True) * (1 - _PALE) + 255 * _PALE
    shown = np.broadcast_to(grey, crop.shape).astype(np.uint8)
    shown[marked] = _BOUNDARY_RGB
    return shown
