"""Lists the input photos from files, folders, patterns and lists, and names their outputs.

An output has its photo's path relative to the deepest common folder of all inputs (for ``photos/`` alone, ``photos``
itself), with the output's suffix in place of the photo's. If two photos would get the same name (``a.jpg`` and
``a.png``), both keep their suffix: ``a.jpg.glb`` and ``a.png.glb``.
"""

import glob
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from recon.errors import PhotoError
from recon.photo import SUFFIXES

VIDEO_SUFFIXES = frozenset(
    {".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mts", ".m2ts", ".ts", ".mpg", ".mpeg", ".3gp", ".wmv"}
)
"""Suffixes of videos."""
_DEPTH_PART = ".depth"
"""``desk.depth.png`` next to ``desk.jpg`` is its measured depth."""
_VIDEO = "a video: pass its path explicitly"
_MOST_NAMED = 3


@dataclass(frozen=True)
class InputFile:
    """A photo or video to process."""

    path: Path
    name: str
    """Name of its outputs, without suffix; contains ``/`` if they go to a subfolder."""

    @property
    def is_video(self) -> bool:
        """By its suffix."""
        return is_video(self.path)


@dataclass(frozen=True)
class Inputs:
    """The input files, in the order in which they were given; within a folder in alphabetical order."""

    files: tuple[InputFile, ...]
    skipped: tuple[tuple[Path, str], ...]
    """Files in folders that are not processed, and why."""
    base: Path
    """The common folder of all inputs."""
    unreadable: tuple[tuple[Path, str], ...] = ()
    """Folders that cannot be read, and why."""


def is_video(path: Path) -> bool:
    """Whether a file is a video, by its suffix."""
    return path.suffix.lower() in VIDEO_SUFFIXES


def is_pattern(word: str) -> bool:
    """Whether an argument is a pattern (``*.jpg``) and not the name of a file."""
    return glob.has_magic(word) and not os.path.lexists(word)


def find_inputs(
    words: Sequence[str], *, recursive: bool = False, is_output: Callable[[Path], bool] = lambda path: False
) -> Inputs:
    """Lists the photos that arguments or the lines of a list name.

    Args:
        words: Files, folders and patterns. A missing file is listed, too: its error is reported when it is processed,
            and does not stop the others.
        recursive: Whether to include subfolders; hidden ones never are.
        is_output: Whether a file was written by an earlier run, and is therefore not an input.

    Raises:
        PhotoError: A pattern or a folder contains no photos, there are no arguments, or nothing can be read.
    """
    files: list[Path] = []
    roots: list[Path] = []
    skipped: list[tuple[Path, str]] = []
    unreadable: list[tuple[Path, str]] = []
    for word in words:
        for path in _matching(word) if is_pattern(word) else [Path(word)]:
            if os.path.isdir(path):
                without_read = len(unreadable)
                inside = sorted(_inside(path, recursive, skipped, unreadable), key=lambda each: each.parts)
                left_out = not_photos([each for each in inside if not is_output(each)])
                left_out += [(each, "written by an earlier run") for each in inside if is_output(each)]
                skipped += left_out
                without = {each for each, _ in left_out}
                photos = [each for each in inside if each not in without]
                if not photos and not is_pattern(word) and len(unreadable) == without_read:
                    raise PhotoError(_nothing_in(path, inside, recursive))
                files += photos
                roots.append(path)
            else:
                files.append(path)
                roots.append(path.parent)
    # A file that is given twice is processed once.
    unique = list({os.path.abspath(path): path for path in files}.values())
    if not unique and unreadable:
        raise PhotoError("; ".join(f"{folder} cannot be read: {why}" for folder, why in unreadable) + ".")
    if not unique:
        raise PhotoError("no input photo: pass photos, a folder of photos, or a list with one path per line.")
    base = _common_folder(roots)
    names = output_names([Path(os.path.relpath(os.path.abspath(path), base)) for path in unique])
    inputs = tuple(InputFile(path, name) for path, name in zip(unique, names, strict=True))
    return Inputs(inputs, tuple(skipped), base, tuple(unreadable))


def output_names(paths: Sequence[Path]) -> list[str]:
    """A unique name without suffix for each of several relative paths.

    Names that differ only in case are treated as equal, because some file systems ignore case.
    """
    whole = [path.as_posix() for path in paths]
    names = [path.with_suffix("").as_posix() if path.suffix else path.as_posix() for path in paths]
    while True:
        counts = Counter(name.casefold() for name in names)
        longer = [
            full if counts[name.casefold()] > 1 else name for full, name in zip(whole, names, strict=True)
        ]
        # a.jpg.png may now conflict with a.jpg: repeat until nothing changes.
        if longer == names:
            return names
        names = longer


def _matching(pattern: str) -> list[Path]:
    matches = sorted(glob.glob(pattern, recursive=True))
    # ** also matches the folders that contain the files.
    paths = [Path(each) for each in matches if "**" not in pattern or not os.path.isdir(each)]
    others = {path for path, why in not_photos(paths) if why != _VIDEO} - {p for p in paths if p.is_dir()}
    paths = [path for path in paths if path not in others]
    if not paths:
        raise PhotoError(f"{pattern} matches no photo: check the folder and the suffix.")
    return paths


def _inside(
    folder: Path, recursive: bool, skipped: list[tuple[Path, str]], unreadable: list[tuple[Path, str]]
) -> Iterator[Path]:
    """The files in a folder; special files and unreadable folders are added to the lists."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        unreadable.append((folder, error.strerror or str(error)))
        return
    for entry in entries:
        path = Path(entry.path)
        if os.path.isdir(path):
            # A link to a folder may lead back to a parent folder.
            if recursive and not entry.name.startswith(".") and not entry.is_symlink():
                yield from _inside(path, recursive, skipped, unreadable)
        elif os.path.exists(path) and not os.path.isfile(path):
            skipped.append((path, "not a regular file"))  # reading a pipe would block
        else:
            yield path


def not_photos(files: Sequence[Path]) -> list[tuple[Path, str]]:
    """The files that are not processed, and why."""
    photos = {path.with_suffix("") for path in files if path.suffix.lower() in SUFFIXES}
    return [(path, why) for path in files if (why := _why_left_out(path, photos))]


def _why_left_out(path: Path, photos: set[Path]) -> str | None:
    if path.name.startswith("."):
        return "hidden"
    if is_video(path):
        return _VIDEO
    if path.suffix.lower() not in SUFFIXES:
        return "not a photo"
    of_photo = path.with_suffix("")
    if of_photo.suffix.lower() == _DEPTH_PART and of_photo.with_suffix("") in photos:
        return "the depth of a photo"
    return None


def _nothing_in(folder: Path, inside: Sequence[Path], recursive: bool) -> str:
    if not inside:
        problem = "is empty" if recursive else "contains no files"
    else:
        names = ", ".join(path.name for path in inside[:_MOST_NAMED]) + (
            ", ..." if len(inside) > _MOST_NAMED else ""
        )
        problem = f"contains no photos, only {names}"
    hint = "" if recursive else " Use --recursive to include its subfolders."
    return f"{folder} {problem}: pass a folder with JPEG, PNG, HEIC, TIFF or WebP files.{hint}"


def _common_folder(roots: Sequence[Path]) -> Path:
    try:
        return Path(os.path.commonpath([os.path.abspath(root) for root in roots]))
    except ValueError as error:  # Windows: two drives
        raise PhotoError("the photos are on several drives: process one drive at a time.") from error
