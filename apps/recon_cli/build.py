"""``recon build``: a photo to scene files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from recon.options import Options, Shape
from recon_cli.console import Session, manners
from recon_cli.options import ESTIMATION, GEOMETRY, inputs_of, options_from, scene_options
from recon_cli.saving import Output, check, outputs_from, report_dropped, save_all

_EPILOG = """\b
Examples:
  recon build photo.jpg -o scene.ply                        coloured point cloud
  recon build photo.jpg -o scene.glb -o scene.npz           textured mesh, and the scene to export again
  recon build photo.jpg -o scene.ply --as mesh --focal-35mm 26
  recon build photo.jpg --depth lidar.png -o scene.ply      measured depth instead of a model
"""


@click.command(epilog=_EPILOG)
@click.argument("photo", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to write; the suffix is the format (.ply .glb .obj .stl .pcd .xyz .npz). May be given several "
    "times: depth is computed once.",
)
@click.option(
    "--as", "shape", type=click.Choice(["cloud", "mesh"]), help="What to write where a format can hold both."
)
@scene_options(ESTIMATION + GEOMETRY)
@click.option("--overwrite", is_flag=True, help="Replace files that exist.")
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
    if dry_run:
        _Plan(photo, options, targets).show(session)
        return
    from recon.pipeline import reconstruct

    scene = reconstruct(photo, options, journal=session.journal)
    report_dropped(scene, session)
    session.result["written"] = save_all(scene, targets, session, overwrite=overwrite)
    session.result["scene"] = dict(scene.provenance)


@dataclass(frozen=True)
class _Plan:
    photo: Path
    options: Options
    targets: list[Output]

    def show(self, session: Session) -> None:
        """Everything that can be told without running a model or fetching weights."""
        from recon import focal
        from recon.depth import registry
        from recon.pipeline import open_photo

        journal = session.journal
        photo = open_photo(self.photo, journal)
        known = focal.known_camera(photo, self.options, journal)
        if self.options.depth is not None and self.options.model == "auto":
            model = f"none: measured depth of {self.options.depth}"
        elif self.options.model == "auto":
            here = registry.is_here(registry.BEST)
            hub = "nothing else: offline" if self.options.offline else f"{registry.BEST} if the hub has it"
            model = registry.BEST if here else f"{registry.EMBEDDED} ({registry.BEST} is not here; {hub})"
        else:
            model = self.options.model
        journal.decide("model", f"would use {model}", name=model)
        if known is None:
            journal.decide("focal", "not known: would come from the model, else a 60° field of view")
        else:
            focal.camera_of(photo, known, None, model, journal)
        for target in self.targets:
            journal.decide("output", f"would write {target.path} ({target.description})")
        session.result["would_write"] = [str(target.path) for target in self.targets]
