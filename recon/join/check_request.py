"""What can be checked before photos are joined, which takes minutes."""

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from recon.argument_names import OptionError
from recon.batch.own_depth import with_own_depth
from recon.join.photo_set import NamedPhoto
from recon.options import Options


def check_request(photos: Sequence[NamedPhoto], options: Options) -> None:
    """Checks options that apply to one photo only, and that every photo has its measured depth.

    Raises:
        OptionError: An option belongs to a single photo, or the depth is not in a folder.
        DepthFileError: A photo has no depth file.
    """
    flags = {each.name: each.metadata["flag"] for each in fields(Options)}
    for name in ("at", "length", "rectangle", "camera_height", "constraint_file"):
        if getattr(options, name):
            raise OptionError(
                f"{flags[name]} does not name its photo: pass it in the constraints of recon.join.run"
            )
    for name in ("reference", "calibration", "relative_depth"):
        if getattr(options, name):
            raise OptionError(f"{flags[name]} belongs to a single photo, and has no effect on several")
    if options.depth is not None:
        _check_depth_files(photos, options.depth, options)


def _check_depth_files(photos: Sequence[NamedPhoto], folder: Path, options: Options) -> None:
    if not folder.is_dir():
        raise OptionError(f"--depth {folder} is no folder with a depth file for each photo")
    for each in photos:
        with_own_depth(options, each.stem, Path(each.photo.path or each.name))
