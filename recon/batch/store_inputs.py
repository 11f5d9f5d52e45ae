"""Lists the input photos in an object store, as ``recon.batch.inputs`` does on this machine."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from recon.batch.inputs import InputFile, Inputs, is_video, not_photos, output_names
from recon.batch.store import list_folder, list_matching, look_up
from recon.batch.store_path import StorePath, check_bucket, is_url
from recon.errors import PhotoError
from recon.photo import SUFFIXES

_ODD = "its name has an empty or relative part"


def find_stored_inputs(
    words: Sequence[str], *, recursive: bool = False, is_output: Callable[[Path], bool] = lambda path: False
) -> Inputs:
    """The photos that URLs name: objects, patterns (``s3://bucket/*.jpg``), and what is below a prefix.

    Args:
        words: URLs of one store. A missing object is listed, too: its error is reported when it is processed.
        recursive: Whether to include what is below further slashes.
        is_output: Whether an object was written by an earlier run, and is therefore not an input.

    Raises:
        PhotoError: The bucket is missing or cannot be read, or there are no photos.
        ReconError: An address names no bucket.
    """
    for word in words:
        check_bucket(word)
    if not all(map(is_url, words)) or len({StorePath(word).scheme for word in words}) > 1:
        raise PhotoError("photos in different stores, or in a store and on this machine, need one run each.")
    photos: list[StorePath] = []
    roots: list[StorePath] = []
    skipped: list[tuple[Path, str]] = []
    for word in words:
        place = StorePath(word)
        is_object = place.suffix.lower() in SUFFIXES and not word.endswith("/")
        if is_video(place):
            raise PhotoError(f"{word} is a video: videos are read from this machine; download it first.")
        if "*" in word:
            inside = list_matching(place)
            place = StorePath(*(part for part in place.parts if "*" not in part))
        else:
            inside = [look_up(place)] if is_object else _inside(place, recursive, skipped)
        why: dict[Path, str] = dict(not_photos(inside))
        why |= {path: "written by an earlier run" for path in inside if is_output(path)}
        # Outputs are named for their photos, and such a name leads out of the output's folder.
        why |= {path: _ODD for path in inside if ".." in path.parts}
        skipped += why.items()
        inside = [path for path in inside if path not in why]
        if not inside:
            hint = "" if recursive else ", or --recursive for what is below further slashes"
            raise PhotoError(f"{word} contains no photos: pass a prefix with photos{hint}.")
        photos += inside
        roots.append(place.parent if is_object and "*" not in word else place)
    unique = list(dict.fromkeys(photos))
    base = StorePath(os.path.commonpath([root.as_posix() for root in roots]))
    names = output_names([Path(path.relative_to(base).as_posix()) for path in unique])
    files = tuple(InputFile(path, name) for path, name in zip(unique, names, strict=True))
    return Inputs(files, tuple(skipped), base)


def _inside(folder: StorePath, recursive: bool, skipped: list[tuple[Path, str]]) -> list[StorePath]:
    """The objects below a prefix, sorted; those that no path can name are added to the list."""
    paths = []
    for name, stored in sorted(list_folder(folder, recursive=recursive).items()):
        path = (folder / name).listed(stored)
        if str(path) == f"{folder}/{name}":
            paths.append(path)
        else:
            skipped.append((path, _ODD))
    return paths
