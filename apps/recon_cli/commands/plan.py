"""``recon plan``: a floor plan, or a slice at any height, to scale."""

from pathlib import Path
from typing import Any

import click

from recon.units import counted
from recon_cli.any_scene import open_scene
from recon_cli.console import Session, manners
from recon_cli.option_groups import GroupedCommand, option
from recon_cli.options.param_types import Distance, Metres
from recon_cli.options.scene_options import (
    ESTIMATION,
    OutputPath,
    inputs_of,
    options_from,
    overwrite_option,
    scene_options,
)

_EPILOG = """\b
Examples:
  recon plan scene.npz -o plan.svg                    1.2 m above the floor, to scale on paper
  recon plan photo.jpg -o plan.dxf --height 30cm      for a CAD program, in metres
  recon plan scene.npz -o low.png -o high.svg --height 2m
\b
Shows the surfaces that the photo shows: what lies behind them, or behind the camera, is missing.
"""


@click.command(cls=GroupedCommand, epilog=_EPILOG)
@click.argument("file", type=click.Path(path_type=Path))
@option(
    "-o",
    "--output",
    "outputs",
    group="Output",
    multiple=True,
    required=True,
    type=OutputPath(path_type=Path),
    metavar="FILE",
    help="Output: .svg, .png or .dxf. Repeatable.",
)
@option(
    "--height",
    group="Output",
    type=Metres(),
    help="Height of the slice above the floor. Default: 1.2m, or the height of the camera if no floor is visible.",
)
@option(
    "--tolerance",
    group="Output",
    type=Distance(10),
    default="3cm",
    show_default=True,
    help="Largest distance of a wall from the straight line that is drawn for it.",
)
@scene_options((*ESTIMATION, "edge", "max_depth", "stride"))
@overwrite_option
@manners
def plan(
    session: Session,
    file: Path,
    outputs: tuple[Path, ...],
    height: float | None,
    tolerance: float,
    overwrite: bool,
    **values: Any,
) -> None:
    """Draw the floor plan of FILE, a photo or a scene (.npz), in metres."""
    from math import isfinite

    from recon.atomic_write import check_writable
    from recon.geometry.floor_plan import length_m
    from recon.outputs.floor_plan import scene_plan
    from recon.outputs.plan_drawing import check_plan_output, title, write_plan

    if height is not None and not isfinite(height):
        raise click.UsageError("--height must be a finite length")
    for output in outputs:
        check_plan_output(output)
    check_writable(
        [(output,) for output in outputs], overwrite=overwrite, inputs=inputs_of(file, options_from(values))
    )
    scene = open_scene(file, values, session)
    with session.journal.stage("Slicing the scene"):
        made = scene_plan(scene, height, tolerance)
    total_m = sum(map(length_m, made.lines))
    session.journal.decide(
        "plan", f"{title(made)}: {counted(len(made.lines), 'line')}, {total_m:.1f} m", height_m=made.height_m
    )
    for output in outputs:
        write_plan(output, made, overwrite=overwrite)
        session.journal.decide("written", f"{output}, {output.stat().st_size / 1e3:.0f} kB")
    session.result["written"] = [{"path": str(output)} for output in outputs]
    session.result["lines"] = [line.round(4).tolist() for line in made.lines]
