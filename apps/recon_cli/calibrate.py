"""``recon calibrate``: what brings a fast relative model to metres, saved for the next photos."""

from pathlib import Path
from typing import Any

import click

from recon_cli.console import Session, manners
from recon_cli.options import ESTIMATION, inputs_of, options_from, scene_options


@click.command()
@click.argument("photo", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE.json",
    help="Where to save the calibration, for `recon build --reference FILE.json`.",
)
@scene_options(ESTIMATION)
@click.option("--overwrite", is_flag=True, help="Replace a file that exists.")
@manners
def calibrate(session: Session, photo: Path, output: Path, overwrite: bool, **values: Any) -> None:
    """Calibrate a model on one PHOTO by a metric model or a measured depth, and save the fit."""
    options = options_from(values)
    reference = options.reference or (str(options.depth) if options.depth else None)
    if options.model == "auto" or reference is None:
        raise click.UsageError("calibrate needs --model NAME and --reference NAME|FILE (or --depth FILE)")
    if output.suffix.lower() != ".json":
        raise click.UsageError(f"a calibration is saved as .json, got {output}")

    from recon.calibrate import dumps
    from recon.export.staging import check_writable, staged
    from recon.pipeline import calibrate_on

    journal = session.journal
    check_writable([(output,)], overwrite=overwrite, inputs=inputs_of(photo, options))
    calibration = calibrate_on(photo, options, journal)
    with staged(output, overwrite=overwrite) as temporary:
        temporary.write_text(dumps(calibration), encoding="utf-8")
    journal.decide(
        "written",
        f"{output}: 1/z = {calibration.scale:.6g} * value + {calibration.shift:.6g} 1/m, residual "
        f"{100 * calibration.relative_error:.1f} % of the distance, scale ± "
        f"{100 * calibration.scale_interval:.1f} % (95 %)",
        path=str(output),
        scale=calibration.scale,
        shift=calibration.shift,
        scale_interval=calibration.scale_interval,
    )
    session.result["written"] = [{"path": str(output)}]
