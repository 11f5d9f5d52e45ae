"""The summary of a comparison as a table, for the page and for the terminal."""

from recon.compare.comparison import Column, Comparison, Failed
from recon.depth.inference.cost import Cost
from recon.report.page import Cell, table
from recon.types import FOCAL_SOURCES

TITLES = (
    "model",
    "predicts",
    "time",
    "memory",
    "input, px",
    "focal length",
    "alignment",
    "difference",
    "commercial use",
)
_YES_NO = {True: "yes", False: "no", None: "?"}
_SHORT_S = 0.05
"""Loading times that are not worth a line."""


def summary_table(comparison: Comparison) -> str:
    """The table as HTML; a model that failed has a row with its reason."""
    titles = [*TITLES, *(["boundary F1"] if _has_f1(comparison) else [])]
    rows = [_row(comparison, column) for column in comparison.columns]
    rows += [_failed_row(each, len(titles)) for each in comparison.failed]
    return table(titles, rows)


def plain_rows(comparison: Comparison) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Titles and rows for the terminal."""
    titles = ("model", "predicts", "time", "memory", "difference", "commercial use")
    rows = []
    for column in comparison.columns:
        cells = dict(zip(TITLES, _row(comparison, column), strict=False))
        rows.append(tuple(cells[title].text for title in titles))
    for each in comparison.failed:
        rows.append((each.name, "failed", "-", "-", "-", _YES_NO[each.commercial]))
    return titles, rows


def _row(comparison: Comparison, column: Column) -> list[Cell]:
    cost = column.cost
    size = column.size_px
    cells = [
        Cell(column.name, _revision(column)),
        Cell("measured" if column.is_measured else "metric" if column.is_metric else "relative"),
        Cell("-") if column.is_measured else Cell(seconds(cost.seconds), _time_details(cost)),
        Cell("-" if column.is_measured else _bytes(cost.memory_bytes), _gpu(cost.gpu_bytes), "whole"),
        Cell("?" if size is None else f"{size[0]} x {size[1]}", emphasis="whole"),
        Cell(
            f"{column.camera.fx:.0f} px",
            f"{column.camera.fov_x_deg:.1f}°, {FOCAL_SOURCES[column.camera.source]}",
        ),
        Cell(column.alignment.text(comparison.unit)),
        _difference(comparison, column),
        Cell("-") if column.is_measured else _use(column.commercial, column.licence),
    ]
    if _has_f1(comparison):
        cells.append(Cell("-" if column.boundary_f1 is None else f"{column.boundary_f1:.3f}"))
    return cells


def _failed_row(each: Failed, count: int) -> list[Cell]:
    reason = f"could not run: {each.failure.message}"
    before = TITLES.index("commercial use")
    after = [Cell("-")] * (count - before - 1)
    return [
        Cell(each.name),
        Cell(reason, emphasis="failed", span=before - 1),
        _use(each.commercial, each.licence),
        *after,
    ]


def _difference(comparison: Comparison, column: Column) -> Cell:
    if column.aligned is None:
        return Cell("-")
    aligned = f"aligned: {100 * column.aligned.abs_rel:.1f} %, δ1 {column.aligned.delta1:.3f}"
    if column.predicted is None:
        return Cell(f"{100 * column.aligned.abs_rel:.1f} %", f"aligned; δ1 {column.aligned.delta1:.3f}")
    return Cell(f"{100 * column.predicted.abs_rel:.1f} %", f"as predicted; {aligned}")


def _use(commercial: bool | None, licence: str | None) -> Cell:
    emphasis = {True: "good", False: "bad", None: ""}[commercial]
    return Cell(_YES_NO[commercial], licence or "licence unknown to recon", emphasis)


def _has_f1(comparison: Comparison) -> bool:
    return any(column.boundary_f1 is not None for column in comparison.columns)


def _revision(column: Column) -> str:
    details = column.estimate.details
    parts = [details.get("device"), details.get("precision")]
    return ", ".join(str(part) for part in parts if part)


def seconds(value: float) -> str:
    """``0.31 s``, ``75 s``."""
    return f"{value:.2f} s" if value < 10 else f"{value:.0f} s"


def _time_details(cost: Cost) -> str:
    parts = [f"{seconds(cost.processor_s)} of processor time"]
    if cost.loading_s >= _SHORT_S:
        parts.append(f"{seconds(cost.loading_s)} loading")
    return "; ".join(parts)


def _bytes(value: int | None) -> str:
    return "?" if value is None else f"{value / 1e9:.2f} GB"


def _gpu(value: int | None) -> str:
    return f"and {value / 1e9:.2f} GB on the GPU" if value else ""
