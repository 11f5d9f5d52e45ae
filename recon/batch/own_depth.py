"""Options for many photos: which of them can apply to all, and the depth file of each photo."""

import os
from dataclasses import replace
from pathlib import Path

from recon.argument_names import OptionError
from recon.calibration.references import constraints_of
from recon.constraints import CameraHeight
from recon.depth_map.read import SUFFIXES as DEPTH_SUFFIXES
from recon.errors import DepthFileError
from recon.options import Options


def check_options(options: Options) -> None:
    """Refuses options that apply to a single photo.

    Raises:
        ValueError: An option refers to pixels of a photo, or to a file that belongs to one.
        ReconError: The constraint file cannot be read.
    """
    for flag, given in (
        ("--at", options.at),
        ("--length", options.length),
        ("--rectangle", options.rectangle),
    ):
        if given:
            raise OptionError(
                f"{flag} refers to pixels of one photo: for several photos, use --camera-height, or --calibration "
                "with a file from `recon calibrate`"
            )
    if options.constraint_file and any(not isinstance(c, CameraHeight) for c in constraints_of(options)):
        raise OptionError(
            f"--constraints {options.constraint_file} refers to pixels of one photo: for several photos it may only "
            "contain a camera height"
        )
    for flag, path in (("--depth", options.depth), ("--relative-depth", options.relative_depth)):
        if path is not None and not os.path.isdir(path):
            raise OptionError(
                f"{flag} {path} is the depth of one photo: for several photos, pass a folder with a depth file of "
                "the same name for each photo"
            )
    reference = Path(options.reference) if options.reference else None
    if reference is not None and os.path.isfile(reference):
        raise OptionError(
            f"--reference {reference} belongs to one photo: for several photos, pass the name of a metric model, a "
            "folder with a COLMAP model, or --depth DIR with --model"
        )


def with_own_depth(options: Options, name: str, photo: Path) -> Options:
    """The options for one photo: a folder of depth files is replaced by the file with the photo's name.

    Args:
        options: Options for all photos.
        name: Name of the photo, relative and without suffix: ``DIR/NAME.png`` or ``DIR/NAME.depth.png`` is used.
        photo: The photo itself, which is never used as its depth.

    Raises:
        DepthFileError: There is no such file, or there are several.
    """
    if options.depth is not None:
        options = replace(options, depth=_depth_in(options.depth, name, photo))
    if options.relative_depth is not None:
        options = replace(options, relative_depth=_depth_in(options.relative_depth, name, photo))
    return options


def _depth_in(folder: Path, name: str, photo: Path) -> Path:
    candidates = [folder / f"{name}{part}{suffix}" for part in ("", ".depth") for suffix in DEPTH_SUFFIXES]
    existing = [path for path in candidates if os.path.isfile(path) and not _same(path, photo)]
    if len(existing) == 1:
        return existing[0]
    if existing:
        raise DepthFileError(
            f"{photo}: {' and '.join(str(path) for path in existing)} could both be its depth: keep one of them."
        )
    raise DepthFileError(
        f"{photo} has no depth file in {folder}: expected {name}.png, {name}.exr, {name}.npy or similar."
    )


def _same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return False
