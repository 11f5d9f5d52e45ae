"""``recon calibrate``: fit a model to known measurements or a reference on one photo, and save the fit."""

from pathlib import Path
from typing import Any

import click

from recon_cli.console import Session, manners
from recon_cli.option_groups import GroupedCommand, option
from recon_cli.options.scene_options import (
    ESTIMATION,
    OutputPath,
    inputs_of,
    options_from,
    overwrite_option,
    scene_options,
)
from recon_cli.options.without_effect import warn_of_idle_estimation

_CHANGED: dict[str, dict[str, Any]] = {
    "model": {
        "help": "Model to calibrate: a name from `recon models`, or hf:REPO-OR-FOLDER[@REVISION].",
        "show_default": False,
    },
    "reference": {
        "help": "Metric reference: a metric model, a depth file, x,y,depth points (.csv), or a COLMAP folder."
    },
    "relative_depth": {"help": "Inverse depth from another program to calibrate, instead of a model."},
    "depth": {"help": "Measured depth file as the reference; same as --reference FILE."},
}


@click.command(cls=GroupedCommand)
@click.argument("photo", type=click.Path(path_type=Path))
@option(
    "-o",
    "--output",
    group="Output",
    required=True,
    type=OutputPath(path_type=Path),
    metavar="FILE.json",
    help="Calibration file to write, for `recon build --calibration FILE.json`.",
)
@scene_options([name for name in ESTIMATION if name != "calibration"], _CHANGED)
@overwrite_option
@manners
def calibrate(session: Session, photo: Path, output: Path, overwrite: bool, **values: Any) -> None:
    """Calibrate a model on one PHOTO with known measurements or a reference, and save the fit."""
    options = options_from(values)
    reference = options.reference or (str(options.depth) if options.depth else None)
    known = reference or options.at or options.length or options.rectangle or options.camera_height
    if (options.model == "auto" and not options.relative_depth) or not (known or options.constraint_file):
        raise click.UsageError(
            "calibrate needs --model NAME (or --relative-depth FILE) and a known measurement or reference: --length, "
            "--at, --rectangle, --camera-height, --constraints FILE, --reference NAME|FILE or --depth FILE"
        )
    if output.suffix.lower() != ".json":
        raise click.UsageError(f"the calibration file must end in .json, got {output}")

    from recon.atomic_write import check_writable, staged
    from recon.calibration.calibration import dumps
    from recon.pipeline import calibrate_on

    journal = session.journal
    check_writable([(output,)], overwrite=overwrite, inputs=inputs_of(photo, options))
    warn_of_idle_estimation(options, journal)
    calibration = calibrate_on(photo, options, journal)
    with staged(output, overwrite=overwrite) as temporary:
        temporary.write_text(dumps(calibration), encoding="utf-8")
    journal.decide(
        "written",
        f"{output}: 1/z = {calibration.scale:.6g} * value + {calibration.shift:.6g} 1/m",
        path=str(output),
        scale=calibration.scale,
        shift=calibration.shift,
        scale_interval=calibration.scale_interval,
    )
    session.result["written"] = [{"path": str(output)}]
