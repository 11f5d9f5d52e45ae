"""``recon export``: a scene file to other formats, without a model."""

from pathlib import Path
from typing import Any

import click

from recon.options import Shape
from recon_cli.console import Session, manners
from recon_cli.options import GEOMETRY, options_from, scene_options
from recon_cli.saving import check, outputs_from, report_dropped, save_all


@click.command()
@click.argument("scene", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to write; the suffix is the format. May be given several times.",
)
@click.option(
    "--as", "shape", type=click.Choice(["cloud", "mesh"]), help="What to write where a format can hold both."
)
@scene_options(GEOMETRY)
@click.option("--overwrite", is_flag=True, help="Replace files that exist.")
@manners
def export(
    session: Session,
    scene: Path,
    outputs: tuple[Path, ...],
    shape: Shape | None,
    overwrite: bool,
    **values: Any,
) -> None:
    """Write a SCENE (.npz of `recon build`) in other formats: no model and no network.

    Options that are not given keep the values that the scene was built with.
    """
    from recon.scenefile import read_scene

    targets = outputs_from(outputs, shape)
    check(targets, overwrite=overwrite, inputs=[scene])
    loaded = read_scene(scene)
    chosen = loaded.with_options(options_from(values, loaded.options))
    report_dropped(chosen, session)
    session.result["written"] = save_all(chosen, targets, session, overwrite=overwrite)
    session.result["scene"] = dict(chosen.provenance)
