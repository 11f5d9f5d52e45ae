"""``recon join``: several photos of one place to one metric scene."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from recon.constraints import CameraHeight, Constraint, DistanceAt, LengthBetween, Rectangle
from recon.options import Shape
from recon_cli.console import Session, manners
from recon_cli.option_groups import GroupedCommand, option
from recon_cli.options.param_types import Number
from recon_cli.options.scene_options import (
    CAMERA_AND_RUN,
    Command,
    options_from,
    output_option,
    overwrite_option,
    scene_options,
    shape_option,
)

_FUSION = ("edge", "max_depth", "full", "voxel", "faces", "axes", "level")
_DEPTH = ("depth", "depth_unit", "model", *CAMERA_AND_RUN)
_KINDS: dict[str, tuple[type[Constraint], str, str]] = {
    "length": (LengthBetween, "X,Y:X,Y=LENGTH", "Known length between two pixels of a photo, e.g. "
               "a.jpg:100,200:100,900=2.03m. Repeatable."),
    "at": (DistanceAt, "X,Y=LENGTH", "Known distance from the camera of a photo to a pixel, e.g. "
           "a.jpg:812,440=2.4m. Repeatable."),
    "rectangle": (Rectangle, "X,Y:X,Y:X,Y:X,Y=LENGTHxLENGTH", "Known rectangle in a photo: corners in order, and "
                  "sides. Repeatable."),
    "camera-height": (CameraHeight, "LENGTH", "Known height of the camera of a photo above the visible floor, e.g. "
                      "a.jpg:1.6m. Repeatable."),
}  # fmt: skip
_BEFORE_FUSION = {
    *_DEPTH,
    *(name.replace("-", "_") for name in _KINDS),
    *("constraint_file", "poses", "poses_unit", "every", "recursive"),
}
_EPILOG = """\b
Examples:
  recon join a.jpg b.jpg c.jpg -o room.glb                   mesh with the photos as texture, all cameras
  recon join photos/ -o room.ply --model depthpro            point cloud
  recon join walk.mp4 --every 30 -o room.ply --as mesh
  recon join photos/ -o room.npz -o room.colmap              scene file, COLMAP model
  recon join room.npz -o room.html --voxel 0.01              another file of that scene, without a model
  recon join a.jpg b.jpg -o room.ply --model dav2-large --length a.jpg:100,200:100,900=2.03m
  recon join photos/ --poses transforms.json -o room.ply     poses from another program
  recon join photos/ --depth depth/ -o room.ply              measured depth: depth/a.png for photos/a.jpg

Photos need overlap, texture, and a step to the side between them; two suffice. Installation: pip install
"recon[join]".
"""


def constraint_options(command: Command) -> Command:
    """Adds --length, --at, --rectangle and --camera-height, each with the name of its photo, and --constraints."""
    added: list[Callable[[Command], Command]] = [
        option(
            f"--{name}",
            group="Metric scale",
            multiple=True,
            metavar=f"PHOTO:{shape}",
            help=text,
        )
        for name, (_, shape, text) in _KINDS.items()
    ]
    added.append(
        option(
            "--constraints",
            "constraint_file",
            group="Metric scale",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help='JSON file with a list of known measurements, each with its "photo".',
        )
    )
    for add in reversed(added):
        command = add(command)
    return command


@click.command(cls=GroupedCommand, epilog=_EPILOG)
@click.argument("photos", metavar="PHOTO...", nargs=-1, required=True)
@output_option(
    "Output file; the suffix selects the format: .glb, .ply, .html, .colmap, .npz, ... Repeatable."
)
@shape_option
@option(
    "--every",
    group="Input",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Use every Nth frame of a video.",
)
@option(
    "--poses",
    group="Input",
    type=click.Path(path_type=Path),
    metavar="FILE|DIR",
    help="Known poses: a COLMAP model, transforms.json, groundtruth.txt, Polycam, Stray Scanner, Record3D. Default: "
    "found by pycolmap.",
)
@option(
    "--poses-unit",
    group="Input",
    type=Number(min=0, min_open=True),
    metavar="M",
    help="Metres per unit of the poses. Default: 1 for TUM and scanners, else unknown.",
)
@option("--recursive", group="Input", is_flag=True, help="Include subfolders.")
@constraint_options
@scene_options(
    (*_DEPTH, *_FUSION),
    {
        "depth": {
            "help": "Folder with the measured depth of each photo (DIR/a.png for a.jpg) instead of a model.",
            "metavar": "DIR",
        },
        "full": {"help": "Keep every triangle of the fused mesh. Default: about 1 million at most."},
        "faces": {"help": "Simplify the fused mesh to at most N triangles."},
        "voxel": {"help": "Edge of the voxels in which photos are fused, in metres."},
    },
)
@overwrite_option
@manners
def join(
    session: Session,
    photos: tuple[str, ...],
    outputs: tuple[Path, ...],
    shape: Shape | None,
    every: int,
    poses: Path | None,
    poses_unit: float | None,
    recursive: bool,
    overwrite: bool,
    **values: Any,
) -> None:
    """Join PHOTOS of one place (files, a folder, a video) to one metric scene; or export one from its .npz file."""
    from recon.join.given_poses import read_poses
    from recon.join.join_photos import join_photos
    from recon.join.joined_file import load
    from recon.join.outputs import check_outputs, save_all
    from recon.join.photo_set import by_name, read_photos

    texts = {name: values.pop(name.replace("-", "_")) for name in _KINDS}
    constraint_file = values.pop("constraint_file")
    options = options_from(values)
    if options.depth is not None and not options.depth.is_dir():
        raise click.UsageError(f"--depth {options.depth} is no folder with a depth file for each photo")
    paths = list(outputs)
    check_outputs(
        paths, shape, overwrite=overwrite, inputs=[Path(word) for word in photos if Path(word).is_file()]
    )
    if len(photos) == 1 and photos[0].lower().endswith(".npz"):
        _check_scene_file_options()
        scene = replace(load(photos[0]), options=options)
    else:
        opened = read_photos(photos, every=every, recursive=recursive, journal=session.journal)
        given = _constraints(texts, constraint_file, [each.name for each in opened])
        given_poses = None if poses is None else read_poses(poses, opened, poses_unit)
        by_index = by_name(given, opened, "--constraints")
        scene = join_photos(opened, options, session.journal, constraints=by_index, poses=given_poses)
    session.result["written"] = save_all(scene, paths, shape, session.journal, overwrite=overwrite)
    session.result |= {
        "photos": [view.photo.name for view in scene.views],
        "left_out": {each.photo: each.reason for each in scene.left_out},
        "scale_interval": scene.scale_interval,
    }


def _check_scene_file_options() -> None:
    """Refuses options of the stages before fusion, whose result a scene file contains."""
    context = click.get_current_context()
    for parameter in context.command.params:
        name = parameter.name or ""
        given = context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
        if given and name in _BEFORE_FUSION:
            raise click.UsageError(
                f"{parameter.opts[0]} has no effect on a scene file: join its photos again, or omit it"
            )


def _constraints(
    texts: dict[str, tuple[str, ...]], file: Path | None, names: list[str]
) -> dict[str, list[Constraint]]:
    from recon.join.constraint_of_photo import parse_of_photo, read_of_photos

    found: dict[str, list[Constraint]] = {}
    if file is not None:
        found |= {name: list(each) for name, each in read_of_photos(file).items()}
    for flag, given in texts.items():
        for text in given:
            try:
                name, constraint = parse_of_photo(_KINDS[flag][0], f"--{flag}", text, names)
            except ValueError as error:
                raise click.UsageError(str(error)) from error
            found.setdefault(name, []).append(constraint)
    return found
