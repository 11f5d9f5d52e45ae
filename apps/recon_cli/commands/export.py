"""``recon export``: write a scene file in other formats, without a model."""

from pathlib import Path
from typing import Any

import click

from recon.errors import SceneFileError
from recon.options import Shape
from recon.outputs.scene_files import check, outputs_from, save_all
from recon_cli.any_scene import open_scene_file
from recon_cli.console import Session, manners
from recon_cli.option_groups import GroupedCommand
from recon_cli.options.scene_options import (
    GEOMETRY,
    KNOWN,
    PASSED_ON,
    output_option,
    overwrite_option,
    scene_options,
    shape_option,
)
from recon_cli.options.without_effect import warn_of_idle_geometry


@click.command(cls=GroupedCommand, epilog="Formats: {formats}")
@click.argument("scene", type=click.Path(path_type=Path))
@output_option("Output file; the suffix selects the format (see below). Repeatable.")
@shape_option
@scene_options(KNOWN + GEOMETRY + PASSED_ON)
@overwrite_option
@manners
def export(
    session: Session,
    scene: Path,
    outputs: tuple[Path, ...],
    shape: Shape | None,
    overwrite: bool,
    **values: Any,
) -> None:
    """Write a SCENE (.npz from `recon build`) in other formats, without running a model.

    Known lengths rescale it. Options default to the values that the scene was built with.
    """
    from recon.scene_file import SUFFIX

    if scene.suffix.lower() != SUFFIX:
        raise SceneFileError(
            f"{scene} is not a scene file ({SUFFIX}): create one with `recon build PHOTO -o scene{SUFFIX}`"
        )
    targets = outputs_from(outputs, shape)
    check(targets, overwrite=overwrite, inputs=[scene])
    warn_of_idle_geometry([target.shape for target in targets], session.journal)
    chosen = open_scene_file(scene, values, session)
    session.result["written"] = save_all(chosen, targets, session.journal, overwrite=overwrite)
    session.result["scene"] = chosen.provenance.as_dict()
