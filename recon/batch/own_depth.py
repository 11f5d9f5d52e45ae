"""Options of many photos: what can hold for all, and the depth file of each."""

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
    """Refuses what holds for one photo alone.

    Raises:
        ValueError: An option that names pixels of a photo, or a file that belongs to one.
        ReconError: The file of constraints cannot be read.
    """
    for flag, given in (
        ("--at", options.at),
        ("--length", options.length),
        ("--rectangle", options.rectangle),
    ):
        if given:
            raise OptionError(
                f"{flag} names pixels of one photo: for several photos, save a calibration by `recon calibrate` and "
                "give --calibration, or give --camera-height"
            )
    if options.constraint_file and any(not isinstance(c, CameraHeight) for c in constraints_of(options)):
        raise OptionError(
            f"--constraints {options.constraint_file} names pixels of one photo; of several photos it may tell a "
            "camera height alone"
        )
    for flag, path in (("--depth", options.depth), ("--relative-depth", options.relative_depth)):
        if path is not None and not os.path.isdir(path):
            raise OptionError(
                f"{flag} {path} is the depth of one photo: for several photos give the folder with a depth file of "
                "the same name for each"
            )
    reference = Path(options.reference) if options.reference else None
    if reference is not None and os.path.isfile(reference):
        raise OptionError(
            f"--reference {reference} belongs to one photo: for several photos give a metric model's name, a folder "
            "with a COLMAP model, or --depth DIR with --model"
        )


def with_own_depth(options: Options, name: str, photo: Path) -> Options:
    """The options of one photo: a folder of depth files becomes the one of the photo's name.

    Args:
        options: Of all photos.
        name: Of the photo, relative and without suffix; ``DIR/NAME.png`` and ``DIR/NAME.depth.png`` are looked for.
        photo: Never taken for its own depth.

    Raises:
        DepthFileError: There is none, or there are several.
    """
    if options.depth is not None:
        options = replace(options, depth=_depth_in(options.depth, name, photo))
    if options.relative_depth is not None:
        options = replace(options, relative_depth=_depth_in(options.relative_depth, name, photo))
    return options


def _depth_in(folder: Path, name: str, photo: Path) -> Path:
    candidates = [folder / f"{name}{part}{suffix}" for part in ("", ".depth") for suffix in DEPTH_SUFFIXES]
    there = [path for path in candidates if os.path.isfile(path) and not _same(path, photo)]
    if len(there) == 1:
        return there[0]
    if there:
        raise DepthFileError(
            f"{photo}: {' and '.join(str(path) for path in there)} could both be its depth; leave one of them."
        )
    raise DepthFileError(
        f"{photo} has no depth in {folder}: expected {name}.png, {name}.exr, {name}.npy or the like."
    )


def _same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return False
