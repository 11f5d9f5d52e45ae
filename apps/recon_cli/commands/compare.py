"""``recon compare``: several depth models on one photo, side by side on one page."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recon_cli.commands.depth import ColorMap
from recon_cli.console import Session, manners
from recon_cli.display import table_text
from recon_cli.option_groups import GroupedCommand, option
from recon_cli.options.param_types import Positions
from recon_cli.options.scene_options import (
    CAMERA_AND_RUN,
    OutputPath,
    inputs_of,
    options_from,
    overwrite_option,
    scene_options,
)

if TYPE_CHECKING:
    from recon.compare import Comparison
    from recon.constraints import Pixel
    from recon.types import Photo

PAGE, VALUES = "compare.html", "compare.json"
_OPTIONS = ("depth", "depth_unit", "reference", *CAMERA_AND_RUN)
_EPILOG = """\\b
Examples:
  recon compare photo.jpg --model depthpro --model dav2-large --model preview -o report/
  recon compare photo.jpg --model preview --model dav2-small --depth lidar.png -o report/
  recon compare photo.jpg --model depthpro --model da3-metric-large --reference depthpro -o report/
\\b
Open report/compare.html in a browser. A model that cannot run has a row with its reason; the exit code is then 1.
"""


@click.command(cls=GroupedCommand, epilog=_EPILOG)
@click.argument("photo", type=click.Path(path_type=Path))
@option(
    "--model",
    "models",
    group="Depth model",
    multiple=True,
    metavar="NAME",
    help="Model to compare: a name from `recon models`, or hf:REPO-OR-FOLDER. Repeatable.",
)
@option(
    "-o",
    "--output",
    group="Output",
    required=True,
    type=OutputPath(path_type=Path),
    metavar="DIR",
    help=f"Directory for {PAGE} (one file, to open in a browser) and {VALUES} (the numbers).",
)
@option(
    "--colormap",
    group="Output",
    type=ColorMap(),
    default="Spectral_r",
    show_default=True,
    help="Colours of depth: Spectral_r, viridis, plasma, magma, inferno or turbo.",
)
@option(
    "--slice",
    "through",
    group="Output",
    type=Positions(1, 1, "X,Y"),
    metavar="X,Y",
    help="Pixel of the photo through which both slices go. Default: its centre.",
)
@scene_options(
    _OPTIONS,
    {
        "depth": {
            "help": "Measured depth of the photo: a column of its own, and the reference of the others."
        },
        "reference": {
            "help": "Compared model, or file with measured depth, to align the others to. Default: --depth, else the "
            "first metric model."
        },
    },
)
@overwrite_option
@manners
def compare(
    session: Session,
    photo: Path,
    models: tuple[str, ...],
    output: Path,
    colormap: str,
    through: tuple[tuple[float, float]] | None,
    overwrite: bool,
    **values: Any,
) -> None:
    """Compare depth models on one PHOTO: depth maps, differences, slices and edges on one page."""
    from recon.atomic_write import check_writable
    from recon.camera.undistort import undistort
    from recon.compare.compare_models import compare_models
    from recon.pipeline import open_photo
    from recon.report.slices import Slices
    from recon_cli.first_tries import new_directories

    options = options_from(values)
    targets = [output / PAGE, output / VALUES]
    with new_directories(targets, named=[output]):
        check_writable([(path,) for path in targets], overwrite=overwrite, inputs=inputs_of(photo, options))
        opened = undistort(open_photo(photo, session.journal), options, session.journal)
        pixel = _in_photo(through[0], opened) if through else None
        try:
            if pixel is not None:
                Slices.at(*pixel, width=opened.width, height=opened.height)
            comparison = compare_models(opened, models, options, session.journal)
        except ValueError as error:
            raise click.UsageError(getattr(error, "on_command_line", str(error))) from error
        _write(comparison, output, colormap, pixel, session, overwrite=overwrite)
    _show(comparison, session)


def _in_photo(pixel: "Pixel", photo: "Photo") -> "Pixel":
    """A position in the photo as it was taken, in the one that is compared."""
    if photo.original is None:
        return pixel
    import numpy as np

    x, y = photo.original.moved(np.array([pixel]))[0].tolist()
    return x, y


def _write(
    comparison: "Comparison",
    folder: Path,
    colormap: str,
    through: tuple[float, float] | None,
    session: Session,
    *,
    overwrite: bool,
) -> None:
    from recon.atomic_write import staged
    from recon.compare import save

    with staged(folder / VALUES, overwrite=overwrite) as temporary:
        temporary.write_text(json.dumps(comparison.as_dict(), indent=1), encoding="utf-8")
    with session.journal.stage("Drawing the page"):
        save(comparison, folder / PAGE, colormap=colormap, through=through, overwrite=overwrite)
    session.result["written"] = []
    for path in (folder / PAGE, folder / VALUES):
        size = path.stat().st_size
        session.journal.decide("written", f"{path}, {size / 1e6:.1f} MB", path=str(path))
        session.result["written"].append({"path": str(path), "bytes": size})


def _show(comparison: "Comparison", session: Session) -> None:
    """Prints the table; exits with 1 if a model could not run, as ``recon eval`` does."""
    from recon.compare.comparison_table import plain_rows

    titles, rows = plain_rows(comparison)
    session.print(table_text(titles, rows, whole=titles), styled=True)
    session.result |= comparison.as_dict()
    if not comparison.failed:
        return
    message = f"{', '.join(each.name for each in comparison.failed)} could not run (see the page)"
    if session.json:
        error = {"type": "ModelUnavailable", "message": message}
        click.echo(json.dumps({"ok": False, "error": error, **session.result}, indent=1, default=str))
    raise click.exceptions.Exit(1)
