"""Writes rendered frames atomically: PNG, MP4, GIF, or a folder of PNGs."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recon.atomic_write import staged
from recon.errors import ExportError
from recon.photo.write import write_picture
from recon.render.gif import write_gif
from recon.video.reader import check_video_support
from recon.video.writer import OUTPUT_SUFFIXES, VideoWriter

Frames = Iterator[NDArray[np.uint8]]
STILLS = (".png", ".jpg", ".jpeg", ".webp")
FILMS = (*OUTPUT_SUFFIXES, ".gif")
FOLDER = ""
"""A name without a suffix means a folder of numbered PNGs."""
_GIF_TICKS_PER_S = 100
"""GIF durations are in hundredths of a second."""


def check_film(path: Path) -> None:
    """Checks the output format before rendering.

    Raises:
        ExportError: Unknown format.
        VideoError: PyAV is missing.
    """
    suffix = path.suffix.lower()
    if suffix not in (*STILLS, *FILMS, FOLDER):
        known = ", ".join(STILLS + FILMS)
        raise ExportError(
            f"{path.name}: {suffix} is not an image or film format; use one of {known}, or a name without a suffix "
            "for a folder of PNGs"
        )
    if suffix in OUTPUT_SUFFIXES:
        check_video_support()


def files(path: Path, count: int) -> tuple[Path, ...]:
    """All files written for a film of ``count`` frames: the file, or the folder and its contents."""
    if path.suffix:
        return (path,)
    return (path, *(path / f"{k:05d}.png" for k in range(1, count + 1)))


def write_still(path: Path, picture: NDArray[np.uint8], *, overwrite: bool = True) -> None:
    """Writes one image, (H, W, 3) uint8 sRGB."""
    with staged(path, overwrite=overwrite) as temporary:
        write_picture(temporary, Image.fromarray(picture), quality=95)


def write_film(path: Path, frames: Frames, fps: float, count: int, *, overwrite: bool = True) -> None:
    """Writes frames of one size as a film; after any exception, including Ctrl-C, no file remains.

    Args:
        path: A film file, or a name without a suffix for a folder.
        frames: Frames, (H, W, 3) uint8 sRGB each.
        fps: Frames per second.
        count: Number of frames.
        overwrite: Replace existing files.

    Raises:
        ExportError: The film cannot be written; no file remains.
    """
    writers: dict[str, Callable[[Path, Frames, float], None]] = {".gif": _gif, FOLDER: _folder}
    written = files(path, count)
    with staged(path, written[1:], overwrite=overwrite) as temporary:
        writers.get(path.suffix.lower(), _video)(temporary, frames, fps)


def _folder(path: Path, frames: Frames, fps: float) -> None:
    del fps
    path.mkdir()
    for k, frame in enumerate(frames, start=1):
        write_picture(path / f"{k:05d}.png", Image.fromarray(frame))


def _video(path: Path, frames: Frames, fps: float) -> None:
    writer = None
    try:
        for k, frame in enumerate(frames):
            if writer is None:
                writer = VideoWriter(path, width=frame.shape[1], height=frame.shape[0])
            writer.add(frame, k / fps)
        if writer is None:
            raise ValueError("expected at least one frame")
        writer.close()
    except BaseException:
        if writer is not None:
            writer.abandon()
        raise


def _gif(path: Path, frames: Frames, fps: float) -> None:
    write_gif(path, frames, max(2, round(_GIF_TICKS_PER_S / fps)))
