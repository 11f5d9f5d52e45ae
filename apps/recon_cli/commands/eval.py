"""``recon eval``: evaluate depth models on photos with ground-truth depth."""

import json
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recon.errors import ExportError, ModelUnavailable
from recon_cli.console import Session, manners
from recon_cli.display import table_text
from recon_cli.eval_run import Work
from recon_cli.option_groups import GroupedCommand, option
from recon_cli.options.param_types import Number
from recon_cli.options.ray_options import cluster_from, ray_options
from recon_cli.options.scene_options import OutputPath, options_from, overwrite_option, scene_options

if TYPE_CHECKING:
    from recon.depth.estimator import Estimator, RunOptions
    from recon.evaluate import Row, Settings
    from recon.evaluate.report import Summaries, Table
    from recon.evaluate.results_file import RowFile

_ROWS = "rows.jsonl"
_EPILOG = """\b
Examples:
  recon eval photos/ --model depthpro --model dav2-metric-indoor-small -o report/
  recon eval photos/ --model dav2-small --known-camera --limit 100
  recon eval photos/ --model depthpro --error-model errors.json    then: recon measure --error-model errors.json
\b
photos/pairs.json lists the photos and their ground-truth depth; docs/evaluation.md describes the format:
  {"desk": {"rgb": "desk.jpg", "depth": "desk.png", "depth_units_per_metre": 1000,
            "K_fx_fy_cx_cy": [900, 900, 640, 480], "kind": "kinect", "scene": "indoor"}}
"""


@click.command(name="eval", cls=GroupedCommand, epilog=_EPILOG)
@click.argument("pairs", metavar="FOLDER", type=click.Path(path_type=Path))
@option(
    "--model",
    "models",
    group="Depth model",
    multiple=True,
    default=("auto",),
    metavar="NAME",
    help="Model to evaluate: a name from `recon models`, or hf:REPO-OR-FOLDER. Repeatable.",
)
@option("--limit", group="Input", type=click.IntRange(min=1), metavar="N", help="Use only the first N pairs.")
@option(
    "--max-depth",
    group="Input",
    type=Number(min=0, min_open=True),
    metavar="M",
    help="Ignore ground truth beyond this depth, in metres.",
)
@option(
    "--known-camera",
    group="Camera",
    is_flag=True,
    help="Give the model the true focal length, if the list contains it.",
)
@option(
    "-o",
    "--output",
    group="Output",
    type=OutputPath(path_type=Path),
    metavar="DIR",
    help="Directory for report.json, report.md, rows.jsonl (one row per pair) and error images.",
)
@option(
    "--alignment",
    "alignments",
    group="Output",
    multiple=True,
    type=click.Choice(["metric", "scale", "scale+shift"]),
    help="Report errors as predicted, after scale, or after scale and shift alignment. Repeatable. Default: all.",
)
@option(
    "--pictures",
    group="Output",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    metavar="N",
    help="Save images of the first N pairs: photo, ground truth, estimate, error.",
)
@option(
    "--error-model",
    group="Output",
    type=OutputPath(path_type=Path),
    metavar="FILE.json",
    help="Fit an error model per depth model, for `recon measure --error-model`, and add it to this file.",
)
@scene_options(("device", "precision", "processing_size", "augment", "refine", "offline"))
@option(
    "--resume",
    group="Output",
    is_flag=True,
    help="Resume an interrupted evaluation in -o DIR, skipping finished pairs.",
)
@overwrite_option
@ray_options
@manners
def evaluate(
    session: Session,
    pairs: Path,
    models: tuple[str, ...],
    output: Path | None,
    limit: int | None,
    known_camera: bool,
    max_depth: float | None,
    alignments: tuple[Any, ...],
    pictures: int,
    error_model: Path | None,
    resume: bool,
    overwrite: bool,
    **values: Any,
) -> None:
    """Evaluate depth models on photos with ground-truth depth, listed in FOLDER/pairs.json (or another list file)."""
    if resume and output is None:
        raise click.UsageError("--resume needs the directory of the interrupted evaluation: give it with -o")
    if resume and overwrite:
        raise click.UsageError("--resume and --overwrite are mutually exclusive")
    cluster = cluster_from(values)
    if cluster is not None and error_model is not None and output is None:
        raise click.UsageError(
            "--error-model with --ray needs a directory that all machines share: give it with -o"
        )
    from recon.depth.estimator import RunOptions
    from recon.evaluate import ALIGNMENTS, Settings, read_manifest
    from recon.evaluate.summary import summarise

    run_options = options_from(values)
    run = RunOptions.of(run_options)
    chosen = read_manifest(pairs)[:limit]
    settings = Settings(
        camera="truth" if known_camera else "own",
        max_depth_m=max_depth,
        alignments=tuple(a for a in ALIGNMENTS if not alignments or a in alignments),
        augment=run_options.augment,
        refine=run_options.refine,
    )
    estimators = _estimators(models, run, session)
    if error_model is not None:
        _check_error_model(error_model)
    fit = error_model is not None
    with nullcontext() if cluster is None else cluster.connected():
        # Not before: a cluster that is not there leaves an earlier evaluation as it is.
        rows = None if output is None else _open_rows(output, settings, resume=resume, overwrite=overwrite)
        work = Work(session, chosen, settings, output, rows, pictures, fit=fit, run=run, cluster=cluster)
        results = _measure_all(estimators, work, session)
    summary = summarise(results)
    _print_tables(summary, session)
    session.result["models"] = {model: one.as_dict() for model, one in summary.items()}
    if output is not None:
        _write(output, summary, results, settings, session, manifest=pairs.absolute().name)
    if error_model is not None:
        _fit_error_models(error_model, work, list(summary), session)
    _end(summary, work.without, session)


def _estimators(models: Sequence[str], run: "RunOptions", session: Session) -> "list[Estimator]":
    from recon.depth import registry

    made = [
        registry.choose_auto(run, session.journal)
        if name == "auto"
        else registry.create(name, run, session.journal)
        for name in dict.fromkeys(models)
    ]
    return list({estimator.name: estimator for estimator in made}.values())


def _measure_all(estimators: "Sequence[Estimator]", work: Work, session: Session) -> "list[Row]":
    """The rows of all models; a model that cannot run does not stop the others."""
    rows: list[Row] = []
    for estimator in estimators:
        try:
            rows += work.measure(estimator)
        except ModelUnavailable as error:
            if len(estimators) == 1:
                raise
            session.journal.warn("failed", f"{estimator.name}: {error}")
            work.without.append(estimator.name)
    if not rows:
        raise ModelUnavailable("none of the models can run (see the warnings above)")
    return rows


def _check_error_model(path: Path) -> None:
    from recon.atomic_write import check_writable
    from recon.calibration.error_models import read_error_models

    if path.exists():
        read_error_models(path)  # refuses to replace any other kind of file
    check_writable([(path,)], overwrite=True)


def _open_rows(folder: Path, settings: "Settings", *, resume: bool, overwrite: bool) -> "RowFile":
    from recon.atomic_write import check_writable
    from recon.evaluate.results_file import RowFile

    reports = [(folder / name,) for name in (_ROWS, "report.json", "report.md")]
    try:
        folder.mkdir(exist_ok=True)
        check_writable(reports, overwrite=overwrite or resume)
        return RowFile(folder / _ROWS, settings, resume=resume)
    except FileExistsError as error:
        raise ExportError(f"{folder} is a file: give a directory with -o.") from error
    except OSError as error:
        raise ExportError(f"{folder} cannot be written: {error.strerror}.") from error


def _print_tables(summary: "Summaries", session: Session) -> None:
    from recon.evaluate.report import comparison_table, model_table, photo_line

    for model, result in summary.items():
        session.print(f"{model}: {photo_line(result)}")
        if result.overall.photos:
            session.print(_shown(model_table(result)), styled=True)
        session.print("")
    comparison = comparison_table(summary)
    if comparison is not None:
        session.print(_shown(comparison), styled=True)


def _shown(table: "Table") -> str:
    return table_text(table.titles, table.rows, numbers=table.titles[1:])


def _write(
    folder: Path,
    summary: "Summaries",
    rows: "list[Row]",
    settings: "Settings",
    session: Session,
    *,
    manifest: str,
) -> None:
    from recon.evaluate.report import write_report

    # _open_rows checked at the start that nothing is overwritten by accident.
    for path in write_report(folder, summary, rows, settings, manifest=manifest, overwrite=True):
        session.journal.decide("written", f"{path}, {path.stat().st_size / 1e3:.0f} kB", path=str(path))
    session.result["written"] = [{"path": str(folder / name)} for name in ("report.json", "report.md", _ROWS)]


def _fit_error_models(path: Path, work: Work, names: Sequence[str], session: Session) -> None:
    from dataclasses import asdict

    from recon.evaluate.error_model.fit import save_error_model
    from recon.evaluate.error_model.samples import fit_samples

    fitted = {}
    for name in names:
        with session.journal.stage(f"Fitting the error model of {name}"):
            model, coverage = fit_samples(
                work.samples[name], work.pairs, estimator=name, settings=work.settings
            )
        save_error_model(path, model)
        session.journal.decide(
            "errors",
            f"{name}: {100 * model.scale:.1f} % per photo, {100 * model.smooth:.1f} % smooth over "
            f"{100 * model.reach:.0f} % of the diagonal, {100 * model.local:.1f} % per pixel; "
            + coverage.summary,
        )
        fitted[name] = {"model": asdict(model), "coverage": asdict(coverage)}
    session.journal.decide("written", f"{path}: error model of {', '.join(names)}", path=str(path))
    session.result["error_models"] = fitted


def _end(summary: "Summaries", without: Sequence[str], session: Session) -> None:
    """Exits with code 1 if a pair or a model failed; the output still contains all successful results."""
    failed = sum(len(result.failed) for result in summary.values())
    if not failed and not without:
        return
    succeeded = sum(result.overall.photos for result in summary.values())
    reasons = [f"{failed} of {failed + succeeded} pairs could not be evaluated"] if failed else []
    reasons += [f"{', '.join(without)} cannot run"] if without else []
    message = "; ".join(reasons)
    session.journal.warn("failed", message)
    if session.json:
        error = {"type": "EvaluationError", "message": message}
        click.echo(json.dumps({"ok": False, "error": error, **session.result}, indent=1, default=str))
    raise click.exceptions.Exit(1)
