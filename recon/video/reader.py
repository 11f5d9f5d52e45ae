"""Reads video files as upright photos, in order and with timestamps.

Decodes with FFmpeg through PyAV (``pip install "recon[video]"``).
"""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from recon.errors import PhotoError, to_add
from recon.types import Photo
from recon.video.stream import spherical_projection, square_width, stated_colour, upright, video_streams
from recon.video.timeline import Timeline

_UNTAGGED_HD_FROM_PX = 720
"""Untagged frames with at least this many rows are treated as BT.709, as players do."""
BT709, _UNSPECIFIED = 1, 2
_ENDS_EARLY_S = 0.5


class VideoError(PhotoError):
    """A video cannot be read."""


def check_video_support() -> None:
    """Checks that PyAV is installed.

    Raises:
        VideoError: PyAV is missing; the message says how to install it.
    """
    if importlib.util.find_spec("av") is None:
        raise VideoError(f"videos need PyAV; install it with {to_add('video')}.")


@dataclass(frozen=True)
class Frame:
    """One frame of a video."""

    index: int
    """Index among all readable frames, from 0."""
    time_s: float
    """Time from the start of the video, s, from the file's timestamps."""
    photo: Photo


@dataclass
class Clip:
    """A video file; damage is known only after its frames have been read."""

    path: Path
    expected_frames: int | None = None
    """From the file's header, or None."""
    duration_s: float | None = None
    warnings: list[str] = field(default_factory=list)
    """Warnings for the user; those about damage are added while frames are read."""

    @classmethod
    def open(cls, path: Path) -> "Clip":
        """Reads the header.

        Raises:
            VideoError: The file does not exist or is not a video, or PyAV is missing.
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
            colour = stated_colour(stream.codec_context)
            if colour is not None and colour.is_hdr:
                clip.warnings.append(
                    f"{path.name} is HDR ({colour.transfer}): it was mapped to sRGB, with highlights compressed"
                )
        return clip

    def frames(self, every: int = 1) -> Iterator[Frame]:
        """The frames in display order, upright and with square pixels.

        A truncated or damaged file yields the readable frames; ``warnings`` then describes the damage.

        Args:
            every: Use every nth frame.

        Raises:
            VideoError: No frame can be read.
        """
        index, damaged, why = 0, 0, None
        with self._opened() as (_, stream):
            rate = float(stream.average_rate or stream.guessed_rate or 25)
            times = Timeline(self.path.name, rate, self.warnings)
            try:
                for frame in _decoded(stream):
                    if frame is None or frame.is_corrupt:
                        damaged += 1
                        continue
                    time_s = times.add(frame, index)
                    if index % every == 0:
                        yield Frame(index, time_s, _photo(frame, stream, self.path))
                    index += 1
            except pyav().FFmpegError as error:
                why = error.strerror or str(error)
        if not index:
            raise VideoError(
                f"{self.path}: no frame can be read; the file is damaged or empty. Copy it again."
            )
        self._warn_of_damage(damaged, times.last_s + 1 / rate, why)

    def samples(self, count: int, *, start_s: float = 0.0, span_s: float | None = None) -> Iterator[Frame]:
        """A few frames spread over the video, found by seeking; their ``index`` differs from that of ``frames``.

        Args:
            count: Number of frames.
            start_s: Where the part of the video begins that they are taken from.
            span_s: How long it is; None: to the end.
        """
        if not self.duration_s or (count < 2 and span_s is None):
            yield from _first(self.frames(), count)
            return
        seen: set[float] = set()
        with self._opened() as (container, stream):
            start = stream.start_time or 0
            for k in range(count):
                span_s = self.duration_s - start_s if span_s is None else span_s
                offset_s = start_s + span_s * (k + 0.5) / count
                with suppress(pyav().FFmpegError):
                    container.seek(start + int(offset_s / stream.time_base), stream=stream)
                    for frame in _decoded(stream):
                        if frame is None or frame.is_corrupt:
                            continue
                        time_s = float(frame.time or 0)
                        # Key frames may be far apart: decode forward to the time, but yield no frame twice.
                        if time_s - float(start * stream.time_base) < offset_s - _ENDS_EARLY_S / 2:
                            continue
                        if time_s not in seen:
                            seen.add(time_s)
                            yield Frame(len(seen) - 1, time_s, _photo(frame, stream, self.path))
                        break
        if not seen and not start_s:
            yield from _first(self.frames(), count)

    def _warn_of_damage(self, damaged: int, read_s: float, why: str | None) -> None:
        if damaged:
            self.warnings.append(f"{self.path.name}: {damaged} damaged frames were skipped")
        short = self.duration_s is not None and read_s < self.duration_s - _ENDS_EARLY_S
        if why is not None or short:
            of = "" if self.duration_s is None else f" of {self.duration_s:.1f} s"
            cause = "" if why is None else f" ({why})"
            self.warnings.append(
                f"{self.path.name} is truncated or damaged{cause}: only {read_s:.1f} s{of} could be read"
            )

    @contextmanager
    def _opened(self) -> Iterator[tuple[Any, Any]]:
        check_video_support()
        av = pyav()
        try:
            container = av.open(str(self.path), metadata_errors="replace")
        except FileNotFoundError as error:
            raise VideoError(f"{self.path} does not exist; check the path.") from error
        except (av.FFmpegError, OSError) as error:
            raise VideoError(
                f"{self.path} cannot be read as a video ({error.strerror}); it may be truncated or damaged. Copy it "
                "again from the source."
            ) from error
        with container:
            streams = video_streams(container.streams.video)
            if not streams:
                what = "only a picture or an unknown codec" if container.streams.video else "only audio"
                raise VideoError(f"{self.path} contains no video that can be read, {what}; use another file.")
            stream = streams[0]
            stream.thread_type = "AUTO"
            yield container, stream


def _decoded(stream: Any) -> Iterator[Any]:
    """The decoded frames, with None for damaged ones."""
    packets = stream.container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except pyav().FFmpegError:
            # The file is truncated: flush the frames that the decoder still holds.
            with suppress(pyav().FFmpegError):
                yield from stream.decode(None)
            raise
        if packet is None:
            return
        if packet.is_corrupt and packet.size:
            # Decoding a partial frame would damage earlier frames as well.
            yield None
            continue
        try:
            yield from packet.decode()
        except pyav().InvalidDataError:
            yield None


def _photo(frame: Any, stream: Any, path: Path) -> Photo:
    """The frame in sRGB, upright, with square pixels.

    Raises:
        VideoError: The frame is no pinhole camera's.
    """
    projection = spherical_projection(frame)
    if projection is not None:
        raise VideoError(
            f"{path} is not a perspective video: it says {projection} panorama; cut a perspective view out of it "
            "(ffmpeg's v360 filter) and give the field of view with --fov."
        )
    untagged = int(frame.colorspace) == _UNSPECIFIED
    source = BT709 if untagged and frame.height >= _UNTAGGED_HD_FROM_PX else None
    aspect = stream.sample_aspect_ratio
    width = square_width(frame.width, float(aspect) if aspect else None)
    colour = stated_colour(frame)
    if colour is None:
        rgb = frame.reformat(width=width, format="rgb24", src_colorspace=source).to_ndarray()
    else:  # 16 bits: in 8, dark levels of PQ would become steps
        deep = frame.reformat(width=width, format="rgb48le", src_colorspace=source).to_ndarray()
        rgb = colour.to_srgb(deep)
    return Photo(upright(rgb, frame), path=str(path))


def _first(frames: Iterator[Frame], count: int) -> Iterator[Frame]:
    for frame, _ in zip(frames, range(count), strict=False):
        yield frame


def pyav() -> ModuleType:
    """The ``av`` module, imported lazily."""
    import av

    return av
