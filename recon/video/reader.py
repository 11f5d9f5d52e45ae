"""Video files: their frames as upright photos, in order and with their times.

Decoding is FFmpeg's, through PyAV (``pip install "recon[video]"``).
"""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from recon.errors import PhotoError
from recon.types import Photo

_UNTAGGED_HD_FROM_PX = 720
"""A picture of so many rows or more without a colour tag is of BT.709, as players take it."""
BT709, _UNSPECIFIED = 1, 2
_HDR_TRANSFERS = {16: "PQ", 18: "HLG"}
_ENDS_EARLY_S = 0.5


class VideoError(PhotoError):
    """A video cannot be read."""


def check_video_support() -> None:
    """Refuses where PyAV is missing.

    Raises:
        VideoError: It says how to install it.
    """
    if importlib.util.find_spec("av") is None:
        raise VideoError('videos need PyAV: install it by pip install "recon[video]".')


@dataclass(frozen=True)
class Frame:
    """One frame of a video."""

    index: int
    """Of all frames that can be read, from 0."""
    time_s: float
    """From the start of the video, s; of variable frame rates as the file has it."""
    photo: Photo


@dataclass
class Clip:
    """A video file; what was odd is known when its frames have been read."""

    path: Path
    expected_frames: int | None = None
    """By the file's header; None where it does not say."""
    duration_s: float | None = None
    warnings: list[str] = field(default_factory=list)
    """For the user; those about damage come as the frames are read."""

    @classmethod
    def open(cls, path: Path) -> "Clip":
        """Reads the header.

        Raises:
            VideoError: There is no such file, it is no video, or PyAV is missing.
        """
        clip = cls(path)
        with clip._opened() as (container, stream):
            if stream.duration is not None and stream.time_base is not None:
                clip.duration_s = float(stream.duration * stream.time_base)
            elif container.duration is not None:
                clip.duration_s = container.duration / 1e6
            rate = stream.average_rate or stream.guessed_rate
            if stream.frames:
                clip.expected_frames = int(stream.frames)
            elif clip.duration_s is not None and rate:
                clip.expected_frames = max(1, round(clip.duration_s * float(rate)))
            transfer = int(stream.codec_context.color_trc or 0)
            if transfer in _HDR_TRANSFERS:
                clip.warnings.append(
                    f"{path.name} is HDR ({_HDR_TRANSFERS[transfer]}): its colours come out pale; convert it to SDR "
                    "first where colours matter"
                )
        return clip

    def frames(self, every: int = 1) -> Iterator[Frame]:
        """The frames in the order of showing, upright and with square pixels.

        A file that is cut off or damaged gives what can be read; ``warnings`` then says what is missing.

        Args:
            every: Take the first of so many.

        Raises:
            VideoError: No frame can be read at all.
        """
        index, damaged, last_s, why = 0, 0, 0.0, None
        with self._opened() as (_, stream):
            rate = float(stream.average_rate or stream.guessed_rate or 25)
            start_s = None
            try:
                for frame in _decoded(stream):
                    if frame is None or frame.is_corrupt:
                        damaged += 1
                        continue
                    time_s = index / rate if frame.time is None else float(frame.time)
                    start_s = time_s if start_s is None else start_s
                    last_s = time_s - start_s
                    if index % every == 0:
                        yield Frame(index, last_s, _photo(frame, stream, self.path))
                    index += 1
            except pyav().FFmpegError as error:
                why = error.strerror or str(error)
        if not index:
            raise VideoError(f"{self.path}: no frame can be read; it is damaged or empty. Copy it again.")
        self._tell_damage(damaged, last_s + 1 / rate, why)

    def samples(self, count: int) -> Iterator[Frame]:
        """A few frames spread over the video, by their nearest key frames; ``index`` is not that of ``frames``."""
        if not self.duration_s or count < 2:
            yield from _first(self.frames(), count)
            return
        seen: set[float] = set()
        with self._opened() as (container, stream):
            start = stream.start_time or 0
            for k in range(count):
                offset_s = self.duration_s * (k + 0.5) / count
                with suppress(pyav().FFmpegError):
                    container.seek(start + int(offset_s / stream.time_base), stream=stream)
                    for frame in _decoded(stream):
                        if frame is None or frame.is_corrupt:
                            continue
                        time_s = float(frame.time or 0)
                        # Key frames may be far apart: forward to the place itself, but no second time to one frame.
                        if time_s - float(start * stream.time_base) < offset_s - _ENDS_EARLY_S / 2:
                            continue
                        if time_s not in seen:
                            seen.add(time_s)
                            yield Frame(len(seen) - 1, time_s, _photo(frame, stream, self.path))
                        break
        if not seen:
            yield from _first(self.frames(), count)

    def _tell_damage(self, damaged: int, read_s: float, why: str | None) -> None:
        if damaged:
            self.warnings.append(f"{self.path.name}: {damaged} damaged frames are left out")
        short = self.duration_s is not None and read_s < self.duration_s - _ENDS_EARLY_S
        if why is not None or short:
            of = "" if self.duration_s is None else f" of {self.duration_s:.1f} s"
            cause = "" if why is None else f" ({why})"
            self.warnings.append(
                f"{self.path.name} is cut off or damaged{cause}: {read_s:.1f} s{of} could be read, and are used"
            )

    @contextmanager
    def _opened(self) -> Iterator[tuple[Any, Any]]:
        check_video_support()
        av = pyav()
        try:
            container = av.open(str(self.path), metadata_errors="replace")
        except FileNotFoundError as error:
            raise VideoError(f"{self.path} does not exist; check the name and the folder.") from error
        except (av.FFmpegError, OSError) as error:
            raise VideoError(
                f"{self.path} cannot be read as a video ({error.strerror}); it may be cut off or damaged: copy it "
                "again from where it came."
            ) from error
        with container:
            if not container.streams.video:
                raise VideoError(f"{self.path} holds no picture, only sound; give another file.")
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            yield container, stream


def _decoded(stream: Any) -> Iterator[Any]:
    """The decoded frames; None in place of what is damaged."""
    packets = stream.container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except pyav().FFmpegError:
            # The file ends in the middle: what the decoder holds back comes first.
            with suppress(pyav().FFmpegError):
                yield from stream.decode(None)
            raise
        if packet is None:
            return
        if packet.is_corrupt and packet.size:
            # Decoding the rest of a frame would take frames before it down, too.
            yield None
            continue
        try:
            yield from packet.decode()
        except pyav().InvalidDataError:
            yield None


def _photo(frame: Any, stream: Any, path: Path) -> Photo:
    """The frame in sRGB, upright, with square pixels."""
    untagged = int(frame.colorspace) == _UNSPECIFIED
    source = BT709 if untagged and frame.height >= _UNTAGGED_HD_FROM_PX else None
    aspect = stream.sample_aspect_ratio
    width = frame.width if not aspect else max(1, round(frame.width * float(aspect)))
    rgb = frame.reformat(width=width, format="rgb24", src_colorspace=source).to_ndarray()
    turns = round(frame.rotation / 90) % 4
    return Photo(np.ascontiguousarray(np.rot90(rgb, turns)), path=str(path))


def _first(frames: Iterator[Frame], count: int) -> Iterator[Frame]:
    for frame, _ in zip(frames, range(count), strict=False):
        yield frame


def pyav() -> ModuleType:
    """The module, imported when it is needed."""
    import av

    return av
