"""``recon build``: photos, or the frames of a video, to scene files."""

from pathlib import Path
from typing import Any

import click

from recon.options import Options, Shape
from recon.outputs.scene_files import check, outputs_from, save_all
from recon_cli.batch.request import Request, batch_options, photos_argument, request_from, suffixes_from
from recon_cli.console import Session, manners
from recon_cli.options.scene_options import (
    ESTIMATION,
    GEOMETRY,
    inputs_of,
    options_from,
    output_option,
    overwrite_option,
    scene_options,
    shape_option,
)
from recon_cli.options.without_effect import warn_of_idle_estimation, warn_of_idle_geometry

_DEFAULT_FORMAT = "ply"

_EPILOG = """\b
Examples:
  recon build photo.jpg -o scene.ply                        coloured point cloud
  recon build photo.jpg -o scene.glb -o scene.npz           textured mesh, and the scene to export again
  recon build photo.jpg -o scene.ply --as mesh --focal-35mm 26
  recon build photo.jpg --depth lidar.png -o scene.ply      measured depth instead of a model
  recon build photos/ -o scenes/ --format glb,ply           every photo of a folder
  find . -name '*.jpg' | recon build - -o scenes/ --format glb --resume
  recon build clip.mp4 -o frames/ --every 10 --format ply   every 10th frame of a video
\b
Of many photos, each output has its photo's path below the folder that all of them have in common: a.jpg becomes
scenes/a.glb. Where two would get one name, they keep their suffixes: a.jpg.glb, a.png.glb. With --depth DIR, the
depth of a.jpg is DIR/a.png (or .exr, .npy, ...). scenes/batch.jsonl records what is done; scenes/failed.json, what
failed.
"""


@click.command(epilog=_EPILOG)
@photos_argument
@output_option(
    "Where to write; the suffix is the format ({formats}). May be given several times: depth is computed once. "
    "Of several photos, a folder or a video: a folder."
)
@batch_options(
    "What to write of several photos, a folder or a video: names of formats, such as glb,ply. Default: ply."
)
@shape_option
@scene_options(ESTIMATION + GEOMETRY)
@overwrite_option
@click.option("--dry-run", is_flag=True, help="Say what would be done; run no model and write nothing.")
@manners
def build(
    session: Session,
    photos: tuple[str, ...],
    outputs: tuple[Path, ...],
    shape: Shape | None,
    formats: str | None,
    every: int,
    recursive: bool,
    resume: bool,
    overwrite: bool,
    dry_run: bool,
    **values: Any,
) -> None:
    """Turn PHOTO into a metric 3D scene; several photos, a folder of them, or a video into one each."""
    options = options_from(values)
    request = request_from(
        photos,
        outputs,
        formats=formats,
        every=every,
        recursive=recursive,
        resume=resume,
        overwrite=overwrite,
        dry_run=dry_run,
    )
    if request.is_batch:
        _build_many(session, request, options, shape)
        return
    photo = Path(photos[0])
    targets = outputs_from(outputs, shape)
    check(targets, overwrite=overwrite, inputs=inputs_of(photo, options))
    warn_of_idle_estimation(options, session.journal)
    warn_of_idle_geometry([target.shape for target in targets], session.journal)
    if dry_run:
        from recon_cli.dry_run import show_plan

        show_plan(photo, options, targets, session)
        return
    from recon.pipeline import reconstruct

    scene = reconstruct(photo, options, journal=session.journal)
    session.result["written"] = save_all(scene, targets, session.journal, overwrite=overwrite)
    session.result["scene"] = scene.provenance.as_dict()


def _build_many(session: Session, request: Request, options: Options, shape: Shape | None) -> None:
    from recon.export.registry import formats
    from recon.outputs.scene_files import SceneFiles
    from recon.scene_file import SUFFIX
    from recon_cli.batch.run import run_batch

    maker = SceneFiles(suffixes_from(request.formats or _DEFAULT_FORMAT), shape)
    warn_of_idle_estimation(options, session.journal)
    warn_of_idle_geometry([target.shape for target in maker.targets(Path("NAME"))], session.journal)
    run_batch(session, request, options, maker, suffixes=[*formats(), SUFFIX])
