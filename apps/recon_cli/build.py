"""``recon build``: a photo to scene files."""

from pathlib import Path
from typing import Any

import click

from recon.options import Shape
from recon_cli.console import Session, manners
from recon_cli.idle import warn_of_idle_estimation, warn_of_idle_geometry
from recon_cli.options import (
    ESTIMATION,
    GEOMETRY,
    inputs_of,
    options_from,
    output_option,
    overwrite_option,
    scene_options,
    shape_option,
)
from recon_cli.saving import check, outputs_from, report_dropped, save_all

_EPILOG = """\b
Examples:
  recon build photo.jpg -o scene.ply                        coloured point cloud
  recon build photo.jpg -o scene.glb -o scene.npz           textured mesh, and the scene to export again
  recon build photo.jpg -o scene.ply --as mesh --focal-35mm 26
  recon build photo.jpg --depth lidar.png -o scene.ply      measured depth instead of a model
"""


@click.command(epilog=_EPILOG)
@click.argument("photo", type=click.Path(path_type=Path))
@output_option(
    "Where to write; the suffix is the format ({formats}). May be given several times: depth is computed once."
)
@shape_option
@scene_options(ESTIMATION + GEOMETRY)
@overwrite_option
@click.option("--dry-run", is_flag=True, help="Say what would be done; run no model and write nothing.")
@manners
def build(
    session: Session,
    photo: Path,
    outputs: tuple[Path, ...],
    shape: Shape | None,
    overwrite: bool,
    dry_run: bool,
    **values: Any,
) -> None:
    """Turn one PHOTO into a metric 3D scene."""
    options = options_from(values)
    targets = outputs_from(outputs, shape)
    check(targets, overwrite=overwrite, inputs=inputs_of(photo, options))
    warn_of_idle_estimation(options, session.journal)
    warn_of_idle_geometry([target.shape for target in targets], session.journal)
    if dry_run:
        from recon_cli.plan import show_plan

        show_plan(photo, options, targets, session)
        return
    from recon.pipeline import reconstruct

    scene = reconstruct(photo, options, journal=session.journal)
    report_dropped(scene, session)
    session.result["written"] = save_all(scene, targets, session, overwrite=overwrite)
    session.result["scene"] = dict(scene.provenance)
