"""What is to be worked through: files, folders, patterns and lists become photos, each with a name for its outputs.

The rule of the names: an output has its photo's path below the deepest folder that everything named has in common
(of ``photos/`` alone that is ``photos`` itself), with the output's suffix in place of the photo's. Where two photos
would get one name (``a.jpg`` and ``a.png``), all of them keep their suffix: ``a.jpg.glb`` and ``a.png.glb``.
"""

import glob
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from recon.errors import PhotoError

PHOTO_SUFFIXES = frozenset(
    {
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".mpo",
        ".png",
        ".webp",
        ".tif",
        ".tiff",
        ".heic",
        ".heif",
        ".avif",
        ".bmp",
        ".gif",
    }
)
"""What is taken for a photo in a folder; a file that is named itself is read whatever its suffix."""
VIDEO_SUFFIXES = frozenset(
    {".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mts", ".m2ts", ".ts", ".mpg", ".mpeg", ".3gp", ".wmv"}
)
"""What is taken for a video."""
_DEPTH_PART = ".depth"
"""``desk.depth.png`` beside ``desk.jpg`` is its measured depth."""
_VIDEO = "a video: name it itself"
_TOLD = 3


@dataclass(frozen=True)
class Found:
    """A photo or a video to work on."""

    path: Path
    name: str
    """Of its outputs, without a suffix; with ``/`` where it lies in a folder of its own."""

    @property
    def is_video(self) -> bool:
        """By its suffix."""
        return is_video(self.path)


@dataclass(frozen=True)
class Inputs:
    """What was found, in the order in which it was named; within a folder in alphabetical order."""

    found: tuple[Found, ...]
    skipped: tuple[tuple[Path, str], ...]
    """Files in folders that are no photos to work on, and why."""
    base: Path
    """The folder that everything named has in common."""
    unreadable: tuple[tuple[Path, str], ...] = ()
    """Folders that cannot be read, and why; what is in the others is found all the same."""


def is_video(path: Path) -> bool:
    """Whether a file's name says that it is a video."""
    return path.suffix.lower() in VIDEO_SUFFIXES


def is_pattern(word: str) -> bool:
    """Whether an argument is a pattern (``*.jpg``) and no file's name."""
    return glob.has_magic(word) and not os.path.lexists(word)


def find_inputs(
    words: Sequence[str], *, recursive: bool = False, is_output: Callable[[Path], bool] = lambda path: False
) -> Inputs:
    """Finds the photos that arguments or the lines of a list name.

    Args:
        words: Files, folders and patterns. A file that is not there is among the found all the same: what is wrong
            with it is told when its turn comes, and does not stop the others.
        recursive: Also the folders inside of the folders; hidden ones never.
        is_output: Whether a file was written by an earlier run, and so is no photo to work on.

    Raises:
        PhotoError: A pattern or a folder without photos; nothing was named; nothing can be read.
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
                left_out = _left_out([each for each in inside if not is_output(each)])
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
    # One file named twice is worked on once.
    unique = list({os.path.abspath(path): path for path in files}.values())
    if not unique and unreadable:
        raise PhotoError("; ".join(f"{folder} cannot be read: {why}" for folder, why in unreadable) + ".")
    if not unique:
        raise PhotoError("no photo was named: give photos, a folder of them, or a list with one path a line.")
    base = _common_folder(roots)
    names = output_names([Path(os.path.relpath(os.path.abspath(path), base)) for path in unique])
    found = tuple(Found(path, name) for path, name in zip(unique, names, strict=True))
    return Inputs(found, tuple(skipped), base, tuple(unreadable))


def output_names(paths: Sequence[Path]) -> list[str]:
    """A name without suffix for each of several relative paths, all different.

    Names that differ by upper and lower case alone count as equal, since not every disk tells them apart.
    """
    whole = [path.as_posix() for path in paths]
    names = [path.with_suffix("").as_posix() if path.suffix else path.as_posix() for path in paths]
    while True:
        counts = Counter(name.casefold() for name in names)
        longer = [
            full if counts[name.casefold()] > 1 else name for full, name in zip(whole, names, strict=True)
        ]
        # a.jpg.png may now stand in the way of a.jpg: again, until nothing changes.
        if longer == names:
            return names
        names = longer


def _matching(pattern: str) -> list[Path]:
    found = sorted(glob.glob(pattern, recursive=True))
    # Of ** the folders that the files are in come, too.
    paths = [Path(each) for each in found if "**" not in pattern or not os.path.isdir(each)]
    others = {path for path, why in _left_out(paths) if why != _VIDEO} - {p for p in paths if p.is_dir()}
    paths = [path for path in paths if path not in others]
    if not paths:
        raise PhotoError(f"{pattern} matches no photo; check the folder and the suffix.")
    return paths


def _inside(
    folder: Path, recursive: bool, skipped: list[tuple[Path, str]], unreadable: list[tuple[Path, str]]
) -> Iterator[Path]:
    """The files in a folder; what is none, and folders that cannot be read, are added to the lists."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        unreadable.append((folder, error.strerror or str(error)))
        return
    for entry in entries:
        path = Path(entry.path)
        if os.path.isdir(path):
            # A link to a folder may lead back up.
            if recursive and not entry.name.startswith(".") and not entry.is_symlink():
                yield from _inside(path, recursive, skipped, unreadable)
        elif os.path.exists(path) and not os.path.isfile(path):
            skipped.append((path, "no file"))  # reading a pipe would wait for ever
        else:
            yield path


def _left_out(files: Sequence[Path]) -> list[tuple[Path, str]]:
    """Those of several files that are not worked on, and why."""
    photos = {path.with_suffix("") for path in files if path.suffix.lower() in PHOTO_SUFFIXES}
    return [(path, why) for path in files if (why := _why_left_out(path, photos))]


def _why_left_out(path: Path, photos: set[Path]) -> str | None:
    if path.name.startswith("."):
        return "hidden"
    if is_video(path):
        return _VIDEO
    if path.suffix.lower() not in PHOTO_SUFFIXES:
        return "no photo"
    of_photo = path.with_suffix("")
    if of_photo.suffix.lower() == _DEPTH_PART and of_photo.with_suffix("") in photos:
        return "the depth of a photo"
    return None


def _nothing_in(folder: Path, inside: Sequence[Path], recursive: bool) -> str:
    if not inside:
        told = "is empty" if recursive else "has no files in it"
    else:
        names = ", ".join(path.name for path in inside[:_TOLD]) + (", ..." if len(inside) > _TOLD else "")
        told = f"holds no photos, only {names}"
    hint = "" if recursive else " --recursive looks into the folders inside of it, too."
    return f"{folder} {told}: give a folder with JPEG, PNG, HEIC, TIFF or WebP files.{hint}"


def _common_folder(roots: Sequence[Path]) -> Path:
    try:
        return Path(os.path.commonpath([os.path.abspath(root) for root in roots]))
    except ValueError as error:  # Windows: two drives
        raise PhotoError("the photos lie on several drives: give those of one drive at a time.") from error
