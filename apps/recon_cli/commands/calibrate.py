"""``recon calibrate``: what brings a fast relative model to metres, saved for the next photos."""

from pathlib import Path
from typing import Any

import click

from recon_cli.console import Session, manners
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
        "help": "The model to calibrate, by the names of `recon models`, or hf:REPO-OR-FOLDER[@REVISION].",
        "show_default": False,
    },
    "reference": {
        "help": "What to calibrate it by: a metric model's name, a depth file, points (.csv) or a COLMAP folder."
    },
    "relative_depth": {
        "help": "Relative inverse depth (larger is nearer) from a file, as the thing to calibrate."
    },
    "depth": {"help": "The same as --reference with a measured depth file."},
}


@click.command()
@click.argument("photo", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    required=True,
    type=OutputPath(path_type=Path),
    metavar="FILE.json",
    help="Where to save the calibration, for `recon build --calibration FILE.json`.",
)
@scene_options([name for name in ESTIMATION if name != "calibration"], _CHANGED)
@overwrite_option
@manners
def calibrate(session: Session, photo: Path, output: Path, overwrite: bool, **values: Any) -> None:
    """Calibrate a model on one PHOTO by what is known of it, and save the fit."""
    options = options_from(values)
    reference = options.reference or (str(options.depth) if options.depth else None)
    known = reference or options.at or options.length or options.rectangle or options.camera_height
    if (options.model == "auto" and not options.relative_depth) or not (known or options.constraint_file):
        raise click.UsageError(
            "calibrate needs --model NAME (or --relative-depth FILE) and what is known: --reference NAME|FILE, "
            "--depth FILE, --length, --at, --rectangle, --camera-height or --constraints FILE"
        )
    if output.suffix.lower() != ".json":
        raise click.UsageError(f"a calibration is saved as .json, got {output}")

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
