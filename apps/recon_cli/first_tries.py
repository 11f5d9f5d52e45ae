"""Completes the short forms that people try first: without ``-o``, an output without ``-o``, a URL."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from shlex import quote

import click

from recon.batch.inputs import VIDEO_SUFFIXES, is_pattern
from recon.photo import SUFFIXES as PHOTO_SUFFIXES

DEFAULT_SUFFIX = ".glb"
"""Format if no output is given: a textured mesh, which most programs open."""
_ADDRESSES = ("http://", "https://", "ftp://")
STDIN = "-"


def build_words(
    words: Sequence[str], outputs: Sequence[Path], formats: str | None
) -> tuple[list[str], list[Path]]:
    """The photos and the outputs of ``recon build``.

    ``recon build photo.jpg`` writes photo.glb next to the photo; ``recon build photo.jpg scene.ply`` writes
    scene.ply; ``-o out/`` writes out/photo.glb.

    Raises:
        click.UsageError: A URL, or several photos without a directory for their scenes.
    """
    for word in words:
        if word.lower().startswith(_ADDRESSES):
            name = word.rstrip("/").rsplit("/", 1)[-1].split("?")[0] or "photo.jpg"
            raise click.UsageError(
                f"{word}: recon reads files, not web addresses. Download the photo first, for example with\n"
                f"  curl -L -o {quote(name)} {quote(word)}\n  recon build {quote(name)}"
            )
    photos, named = list(words), list(outputs)
    if not named and formats is None and len(photos) > 1 and _is_output(photos[-1]):
        named.append(Path(photos.pop()))
    if len(photos) != 1 or formats is not None or is_many(photos[0]):
        if not named:
            if STDIN in photos:
                raise click.UsageError(
                    "- reads the names of photos from standard input, one per line, and needs -o DIR; a photo itself "
                    "is passed by its name: recon build photo.jpg"
                )
            raise click.UsageError(
                "several photos, a folder or a video need a directory for their scenes: add -o DIR --format glb"
            )
        return photos, named
    if any(map(is_stored, named)):
        return photos, named
    photo = Path(photos[0])
    if not named:
        return photos, [photo.with_suffix(DEFAULT_SUFFIX)]
    return photos, inside_directories(named, photo, DEFAULT_SUFFIX)


def inside_directories(outputs: Sequence[Path], photo: Path, suffix: str) -> list[Path]:
    """Outputs of one photo: a directory, or a new name without suffix, gets a file named after the photo inside."""
    return [
        path / (photo.stem + suffix) if path.is_dir() or not (path.suffix or path.exists()) else path
        for path in outputs
    ]


@contextmanager
def new_directories(outputs: Sequence[Path], named: Sequence[Path]) -> Iterator[None]:
    """Makes the directories that the user named and that are not there; removes them if nothing was written.

    Args:
        outputs: Files to write.
        named: What the user gave as outputs: files, or directories of ``outputs``.
    """
    made = [path.parent for path in outputs if path.parent in named and not path.parent.exists()]
    for folder in made:
        with suppress(OSError):  # the check of the outputs says what is wrong
            folder.mkdir()
    try:
        yield
    finally:
        for folder in made:
            with suppress(OSError):
                folder.rmdir()


def next_commands(typed: Sequence[str], written: Sequence[Path], *, measurable: bool) -> list[str]:
    """Commands to continue with after a scene: view, share, measure, for what is not done yet.

    Args:
        typed: The words after ``recon build``; the options are repeated where the photo is needed again.
        written: The files of the scene.
        measurable: Whether lengths in the scene can be measured: not in a panorama's.
    """
    from recon.scene_file import SUFFIX

    first, again = written[0], " ".join(map(quote, _without_outputs(typed, written)))
    by_suffix = {path.suffix.lower(): path for path in reversed(written)}
    scene, page = by_suffix.get(SUFFIX), first.with_suffix(".html")
    commands = [f"recon view {quote(str(path))}" for path in written if path.suffix.lower() != ".html"][:1]
    if ".html" not in by_suffix:
        build = f"recon build {again}" if scene is None else f"recon export {quote(str(scene))}"
        commands.append(f"{build} -o {quote(str(page))}    # an interactive web page")
    if measurable:
        name = quote(str(scene or first.with_suffix(SUFFIX)))
        build = "" if scene is not None else f"recon build {again} -o {name} && "
        commands.append(f"{build}recon measure {name} --from X,Y --to X,Y")
    return commands


_OF_OUTPUTS = {"-o", "--output", "--as"}
_MANNERS = {"--overwrite", "--json", "-q", "--quiet", "-v", "--verbose", "--debug"}


def _without_outputs(typed: Sequence[str], written: Sequence[Path]) -> Iterator[str]:
    """The photo and the options that the scene depends on."""
    words = iter(typed)
    for word in words:
        if word in _OF_OUTPUTS:
            next(words, None)
        elif not (word in _MANNERS or Path(word) in written or word.startswith(("--output=", "--as="))) and (
            word.startswith("--") or not word.startswith("-o")
        ):
            yield word


def is_many(word: str) -> bool:
    """Whether an argument stands for several photos: standard input, a video, a folder, a pattern, or a store."""
    if word == STDIN or is_stored(word) or Path(word).suffix.lower() in VIDEO_SUFFIXES:
        return True
    return not os.path.isfile(word) and (os.path.isdir(word) or is_pattern(word))


def is_stored(word: str | Path) -> bool:
    """Whether an argument names something in an object store."""
    if "://" not in str(word):
        return False
    from recon.batch.store_path import is_url

    return is_url(word)


def _is_output(word: str) -> bool:
    """Whether an argument in the place of a photo is the output file, by its suffix.

    A file that is not there, with a suffix that no photo has, is one as well: the error then names the formats.
    """
    from recon.export.registry import formats
    from recon.scene_file import SUFFIX

    if is_pattern(word):
        return False
    suffix = Path(word).suffix.lower()
    unknown = suffix not in {"", *VIDEO_SUFFIXES, *PHOTO_SUFFIXES} and not os.path.exists(word)
    return unknown or word.lower().endswith((*formats(), SUFFIX))
