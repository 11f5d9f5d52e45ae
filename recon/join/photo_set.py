"""The photos to join: files, folders, and the frames of videos, each with a name that messages and options use."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from recon.batch.clip_frames import frame_name
from recon.batch.inputs import find_inputs
from recon.errors import PhotoError
from recon.journal import Journal
from recon.photo.read import read_photo
from recon.types import Photo
from recon.video.reader import Clip

Given = TypeVar("Given")
MOST_PHOTOS = 500
"""Their pictures are in memory."""


@dataclass(frozen=True, eq=False)
class NamedPhoto:
    """A photo of the set."""

    name: str
    """File name, or ``clip_000120`` for a frame; unique in the set."""
    photo: Photo
    stem: str
    """Name of its depth file in a folder, without suffix."""


def read_photos(words: Sequence[str], *, every: int, recursive: bool, journal: Journal) -> list[NamedPhoto]:
    """Reads the photos that arguments name.

    Args:
        words: Files, folders, patterns and videos.
        every: Use every Nth frame of a video.
        recursive: Whether to include subfolders.
        journal: Receives warnings.

    Raises:
        PhotoError: A photo cannot be read, or there are fewer than two or more than ``MOST_PHOTOS``.
    """
    inputs = find_inputs(words, recursive=recursive)
    if inputs.unreadable:
        raise PhotoError("; ".join(f"{folder} cannot be read: {why}" for folder, why in inputs.unreadable))
    photos: list[NamedPhoto] = []
    with journal.stage("Reading the photos", len(inputs.files)) as progress:
        for index, file in enumerate(inputs.files):
            if file.is_video:
                photos += _frames(file.path, every, most=MOST_PHOTOS + 1 - len(photos))
            else:
                photo = read_photo(file.path)
                photos.append(NamedPhoto(Path(file.name).name, photo, file.name))
            if len(photos) > MOST_PHOTOS:
                raise PhotoError(
                    f"more than {MOST_PHOTOS} photos: give fewer, or every Nth frame of a video (--every)"
                )
            progress(index + 1)
    return named(photos)


def named(photos: Sequence[NamedPhoto]) -> list[NamedPhoto]:
    """The photos, each called by the shortest unambiguous name: its file name, or its path if two have the same.

    Raises:
        PhotoError: There are fewer than two photos.
    """
    if len(photos) < 2:
        raise PhotoError("joining needs two photos or more; `recon build` makes a scene of a single photo")
    files = [each.photo.name or each.name for each in photos]
    paths = [each.photo.path or each.name for each in photos]
    twice = len(set(files)) < len(files)
    return [
        replace(each, name=path if twice else file)
        for each, file, path in zip(photos, files, paths, strict=True)
    ]


def by_name(given: Mapping[str, Given], photos: Sequence[NamedPhoto], what: str) -> dict[int, Given]:
    """Something that is given by the names of photos, by their index.

    Raises:
        PhotoError: There is no photo of that name.
    """
    indices = {photo.name: index for index, photo in enumerate(photos)}
    for name in given:
        if name not in indices:
            raise PhotoError(f"{what}: there is no photo {name} among {', '.join(list(indices)[:5])}")
    return {indices[name]: value for name, value in given.items()}


def by_index_or_name(
    given: Mapping[str | int, Given], photos: Sequence[NamedPhoto], what: str = "constraints"
) -> dict[int, Given]:
    """Something that is given by the names of photos or by their indices, by their index.

    Raises:
        PhotoError: There is no such photo.
    """
    found = by_name({key: value for key, value in given.items() if isinstance(key, str)}, photos, what)
    for key, value in given.items():
        if not isinstance(key, str):
            if key not in range(len(photos)):
                raise PhotoError(f"{what}: there is no photo {key!r}: the indices are 0 to {len(photos) - 1}")
            found[int(key)] = value
    return found


def _frames(path: Path, every: int, *, most: int) -> Iterator[NamedPhoto]:
    for frame in Clip.open(path).frames(every):
        name = frame_name(path.stem, frame.index)
        yield NamedPhoto(name, replace(frame.photo, path=str(path.with_name(name))), name)
        most -= 1
        if not most:
            return
