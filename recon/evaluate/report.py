"""Writes the report of an evaluation: tables, and JSON for programs."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

from recon.atomic_write import staged
from recon.errors import Failure
from recon.evaluate.evaluate_pair import Settings
from recon.evaluate.row import ALIGNMENTS, Row
from recon.evaluate.summary import ModelSummary, Statistics
from recon.provenance import without_folder
from recon.version import GENERATOR

Summaries = Mapping[str, ModelSummary]
"""By model."""

_FORMAT = "recon-eval-1"
DEPTH_COLUMNS = {
    "abs_rel": "AbsRel",
    "sq_rel_m": "SqRel m",
    "rmse_m": "RMSE m",
    "rmse_log": "RMSE log",
    "log10": "log10",
    "si_log": "SI-log",
    "delta1": "δ1",
    "delta2": "δ2",
    "delta3": "δ3",
    "chamfer_m": "Chamfer m",
    "fscore_5cm": "F 5 cm",
    "fscore_5pct": "F 5 %",
}
PHOTO_COLUMNS = {
    "focal_error": "focal error",
    "boundary_f1": "boundary F1",
    "covered": "covered",
    "seconds": "s",
}
_ALIGNED = {
    "metric": "as predicted",
    "scale": "scale",
    "scale+shift": "scale and shift",
}
_IN_SHORT = {"metric": "estimated", "scale": "scaled", "scale+shift": "scale+shift"}
NOTES = (
    "Means and medians are over photos. Depth is compared on the ground truth's grid, where both are valid; "
    "covered is the fraction of the ground truth where the estimate is valid.",
    "AbsRel, SqRel, RMSE, RMSE log, δ1 to δ3 (ratio under 1.25, 1.25², 1.25³) and SI-log (sqrt(mean d² - (mean d)²), "
    "d = log z - log t; KITTI's is 100 times this) as in Eigen et al. 2014; logarithms are natural except log10.",
    "Scale: times the median of t / z. Scale and shift: of inverse depth, by least squares (Ranftl et al. 2022), "
    "limited to the farthest ground truth of the photo.",
    "Focal error: |f / f_true - 1| of the focal length used. Boundary F1: as computed by the authors of Depth Pro, "
    "with thresholds of 5 to 25 %; omitted if the ground truth is sparse.",
    "Chamfer: half the sum of the mean distances to the nearest point of the other cloud, not squared, for up to "
    "10,000 pixels of the photo. F: harmonic mean of the fractions of points within 5 cm, or within 5 % of the "
    "true cloud's median distance. Each cloud uses its own camera; omitted if the true camera is unknown.",
)


@dataclass(frozen=True)
class Table:
    """Titles and cells, independent of the output format."""

    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def depth_table(summary: Summaries) -> Table:
    """Depth errors: two lines, mean and median, per model and alignment."""
    rows = []
    for model, of_model in summary.items():
        for alignment in ALIGNMENTS:
            values = of_model.overall.values
            if f"{alignment}.abs_rel" not in values:
                continue
            for what in ("mean", "median"):
                cells = (_cell(values.get(f"{alignment}.{name}"), what) for name in DEPTH_COLUMNS)
                rows.append((model, _ALIGNED[alignment], what, *cells))
    return Table(("model", "aligned", "", *DEPTH_COLUMNS.values()), tuple(rows))


def model_table(of_model: ModelSummary) -> Table:
    """Errors of one model, one per line, with mean and median per alignment; fits into 80 columns."""
    values = of_model.overall.values
    used = [alignment for alignment in ALIGNMENTS if f"{alignment}.abs_rel" in values]
    titles = [f"{_IN_SHORT[alignment]}\n{what}" for alignment in used for what in ("mean", "median")]
    rows = [
        (title, *(_cell(values.get(f"{a}.{name}"), what) for a in used for what in ("mean", "median")))
        for name, title in DEPTH_COLUMNS.items()
    ]
    return Table(("", *titles), tuple(rows))


def photo_line(of_model: ModelSummary) -> str:
    """Results that do not depend on the alignment, in one sentence."""
    values = of_model.overall.values
    parts = [f"{of_model.overall.photos} photos, {len(of_model.failed)} failed"]
    if "focal_error" in values:
        error = values["focal_error"]
        parts.append(f"focal error {100 * error.mean:.1f} % (median {100 * error.median:.1f} %)")
    if "boundary_f1" in values:
        score = values["boundary_f1"]
        parts.append(f"boundary F1 {score.mean:.3f} (median {score.median:.3f})")
    if "covered" in values:
        parts.append(
            f"{100 * values['covered'].mean:.1f} % of the truth covered, {values['seconds'].mean:.2g} s a photo"
        )
    return "; ".join(parts)


def comparison_table(summary: Summaries) -> Table | None:
    """Mean AbsRel and delta 1 of several models; None for a single model."""
    if len(summary) < 2:
        return None
    shown = [(a, name) for a in ALIGNMENTS for name in ("abs_rel", "delta1")]
    rows = [
        (model, *(_cell(of_model.overall.values.get(f"{a}.{name}"), "mean") for a, name in shown))
        for model, of_model in summary.items()
    ]
    return Table(("mean", *(f"{_IN_SHORT[a]}\n{DEPTH_COLUMNS[name]}" for a, name in shown)), tuple(rows))


def photo_table(summary: Summaries) -> Table:
    """Results that do not depend on the alignment, and the number of photos."""
    rows = []
    for model, of_model in summary.items():
        values, photos = of_model.overall.values, of_model.overall.photos
        for what in ("mean", "median"):
            cells = (_cell(values.get(name), what) for name in PHOTO_COLUMNS)
            rows.append((model, str(photos), str(len(of_model.failed)), what, *cells))
    return Table(("model", "photos", "failed", "", *PHOTO_COLUMNS.values()), tuple(rows))


def scene_table(summary: Summaries) -> Table | None:
    """Means by kind of scene; None if there is only one kind."""
    rows = []
    for model, of_model in summary.items():
        for scene, of_scene in of_model.scenes.items() if len(of_model.scenes) > 1 else ():
            for alignment in ALIGNMENTS:
                if f"{alignment}.abs_rel" in of_scene.values:
                    cells = (
                        _cell(of_scene.values.get(f"{alignment}.{name}"), "mean") for name in DEPTH_COLUMNS
                    )
                    rows.append((model, scene, str(of_scene.photos), _ALIGNED[alignment], *cells))
    titles = ("model", "scene", "photos", "aligned", *DEPTH_COLUMNS.values())
    return Table(titles, tuple(rows)) if rows else None


def write_report(
    folder: Path,
    summary: Summaries,
    rows: Iterable[Row],
    settings: Settings,
    *,
    manifest: str,
    overwrite: bool,
) -> tuple[Path, Path]:
    """Writes ``report.json`` and ``report.md`` into a folder, each atomically.

    Raises:
        ExportError: They cannot be written.
    """
    origin = {"generator": GENERATOR, "date": date.today().isoformat(), "manifest": manifest}
    # Reports may be shared: the folder of a local model would reveal the machine.
    summary = {without_folder(model): of_model for model, of_model in summary.items()}
    rows = [replace(row, model=without_folder(row.model)) for row in rows]
    as_json, as_text = folder / "report.json", folder / "report.md"
    with staged(as_json, overwrite=overwrite) as temporary:
        content = {
            "format": _FORMAT,
            **origin,
            "settings": asdict(settings),
            "notes": NOTES,
            "models": {model: of_model.as_dict() for model, of_model in summary.items()},
            "photos": [row.as_dict() for row in rows],
        }
        temporary.write_text(json.dumps(content, indent=1), encoding="utf-8")
    with staged(as_text, overwrite=overwrite) as temporary:
        temporary.write_text(_markdown(summary, rows, settings, origin), encoding="utf-8")
    return as_json, as_text


def _markdown(summary: Summaries, rows: Sequence[Row], settings: Settings, origin: Mapping[str, str]) -> str:
    camera = "from the photo or the model" if settings.camera == "own" else "from the ground truth"
    farthest = (
        "" if settings.max_depth_m is None else f" Ground truth beyond {settings.max_depth_m:g} m is ignored."
    )
    changes = [f"--augment {','.join(settings.augment)}"] * bool(settings.augment)
    changes += [f"--refine {settings.refine}"] * bool(settings.refine)
    made = f" Predictions with {' and '.join(changes)}." if changes else ""
    scenes = scene_table(summary)
    parts = [
        f"# Evaluation of {', '.join(summary)}",
        f"{origin['manifest']}, {origin['date']}, {origin['generator']}. Focal length: {camera}."
        + farthest
        + made,
        _as_markdown(depth_table(summary)),
        _as_markdown(photo_table(summary)),
        *(["## By scene (means)", _as_markdown(scenes)] if scenes else []),
        *_failures(summary),
        "## Per photo",
        _as_markdown(_each_photo(rows)),
        "## Definitions",
        "\n".join(f"- {note}" for note in NOTES),
    ]
    return "\n\n".join(parts) + "\n"


def _each_photo(rows: Sequence[Row]) -> Table:
    columns = ("abs_rel", "rmse_m", "delta1", "chamfer_m", "fscore_5pct")
    lines = []
    for row in rows:
        if isinstance(row.result, Failure):
            continue
        for alignment, errors in row.result.errors.items():
            depth = (_number(errors.get(name)) for name in columns)
            single = (_number(row.result.focal_error), _number(row.result.boundary_f1))
            lines.append((row.model, row.pair, _ALIGNED[alignment], *depth, *single))
    titles = (*(DEPTH_COLUMNS[name] for name in columns), "focal error", "boundary F1")
    return Table(("model", "photo", "aligned", *titles), tuple(lines))


def _failures(summary: Summaries) -> list[str]:
    lines = [
        f"- {model}, {each.pair}: {each.message}"
        for model, of_model in summary.items()
        for each in of_model.failed
    ]
    return ["## Failed", "\n".join(lines)] if lines else []


def _as_markdown(table: Table) -> str:
    titles = [title or " " for title in table.titles]
    columns = zip(*table.rows, strict=True)
    marks = ["---:" if all(map(_is_number, column)) else "---" for column in columns]
    # Escape vertical bars, which would end a cell.
    lines = [[cell.replace("|", "\\|") for cell in row] for row in table.rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (titles, marks, *lines))


def _is_number(cell: str) -> bool:
    return cell == "-" or cell.translate(str.maketrans("", "", ".e+-")).isdigit()


def _cell(statistics: Statistics | None, what: str) -> str:
    return "-" if statistics is None else _number(statistics.mean if what == "mean" else statistics.median)


def _number(value: float | None) -> str:
    """Three decimals, or three significant digits for large numbers."""
    if value is None:
        return "-"
    return f"{value:.3f}" if value < 100 else f"{value:.3g}"
