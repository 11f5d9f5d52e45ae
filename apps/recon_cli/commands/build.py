"""``recon build``: turn photos or video frames into scene files."""

from pathlib import Path
from typing import Any

import click

from recon.options import Options, Shape
from recon.outputs.scene_files import check, outputs_from, save_all
from recon_cli.batch.request import Request, batch_options, photos_argument, request_from, suffixes_from
from recon_cli.console import Session, manners
from recon_cli.first_tries import build_words, new_directories, next_commands
from recon_cli.option_groups import TYPED, GroupedCommand
from recon_cli.options.scene_options import (
    ESTIMATION,
    GEOMETRY,
    PASSED_ON,
    dry_run_option,
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
  recon build photo.jpg                                     textured mesh: photo.glb
  recon build photo.jpg -o scene.ply                        coloured point cloud
  recon build photo.jpg -o scene.glb -o scene.npz           textured mesh, and a scene for `recon export`
  recon build photo.jpg -o scene.ply --as mesh --focal-35mm 26
  recon build photo.jpg --depth lidar.png -o scene.ply      measured depth instead of a model
  recon build photos/ -o scenes/ --format glb,ply           every photo of a folder
  find . -name '*.jpg' | recon build - -o scenes/ --format glb --resume
  recon build s3://bucket/photos/ -o s3://bucket/scenes/    photos and scenes in an object store
  recon build photos/ -o scenes/ --ray auto                 many photos on a Ray cluster
  recon build clip.mp4 -o frames/ --every 10 --format ply   every 10th frame of a video
  recon build pano.jpg -o room.glb --camera-height 1.6m     a panorama: a scene all around

Formats: {formats}

With several photos, outputs mirror the input folders: photos/a.jpg becomes scenes/a.glb. Outputs whose names would
collide keep the photo's suffix: a.jpg.glb, a.png.glb. With --depth DIR, the depth of a.jpg is DIR/a.png (or .exr,
.npy, ...). scenes/batch.jsonl records finished photos, scenes/failed.json failures.
"""


@click.command(cls=GroupedCommand, epilog=_EPILOG)
@photos_argument
@output_option(
    "Output file; the suffix selects the format (see below). Repeatable. Default: PHOTO.glb. With several photos or "
    "a video: a directory.",
    required=False,
)
@shape_option
@scene_options(("panorama", *ESTIMATION, *GEOMETRY, *PASSED_ON))
@batch_options("Formats to write with several photos, a folder or a video, e.g. glb,ply. Default: ply.")
@overwrite_option
@dry_run_option
@manners
def build(
    session: Session,
    photos: tuple[str, ...],
    outputs: tuple[Path, ...],
    shape: Shape | None,
    **values: Any,
) -> None:
    """Turn each PHOTO (or each photo of a folder, or each frame of a video) into a metric 3D scene."""
    options = options_from(values)
    words, paths = build_words(photos, outputs, values["formats"])
    request = request_from(words, paths, values)
    if request.is_batch:
        _build_many(session, request, options, shape)
        return
    photo = Path(words[0])
    targets = outputs_from(paths, shape)
    with new_directories(paths, named=outputs):
        check(targets, overwrite=request.overwrite, inputs=inputs_of(photo, options))
        warn_of_idle_estimation(options, session.journal)
        warn_of_idle_geometry([target.shape for target in targets], session.journal)
        if request.dry_run:
            from recon_cli.dry_run import show_plan

            show_plan(photo, options, targets, session)
            return
        from recon_cli.any_picture import reconstruct_any

        scene = reconstruct_any(photo, options, paths, session.journal)
        session.result["written"] = save_all(scene, targets, session.journal, overwrite=request.overwrite)
        session.result["scene"] = scene.provenance.as_dict()
    typed = click.get_current_context().meta[TYPED]
    for command in next_commands(typed, paths, measurable=not scene.intrinsics.angular):
        session.journal.decide("next", command)


def _build_many(session: Session, request: Request, options: Options, shape: Shape | None) -> None:
    from recon.export.registry import formats
    from recon.outputs.scene_files import SceneFiles
    from recon.scene_file import SUFFIX
    from recon_cli.batch.run import run_batch

    maker = SceneFiles(suffixes_from(request.formats or _DEFAULT_FORMAT), shape)
    warn_of_idle_estimation(options, session.journal)
    warn_of_idle_geometry([target.shape for target in maker.targets(Path("NAME"))], session.journal)
    run_batch(session, request, options, maker, suffixes=[*formats(), SUFFIX])
