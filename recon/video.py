"""Video files: their frames as upright photos, in order and with their times; and pictures written as a video.

Decoding and encoding is FFmpeg's, through PyAV (``pip install "recon[video]"``).
"""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.errors import ExportError, PhotoError
from recon.types import Photo

OUTPUT_SUFFIXES = (".mp4", ".mov", ".mkv")
"""What ``VideoWriter`` writes, all with H.264."""
_TIME_BASE = Fraction(1, 90_000)
"""Of what is written: all usual frame rates are whole numbers of these, s."""
_UNTAGGED_HD_FROM_PX = 720
"""A picture of so many rows or more without a colour tag is of BT.709, as players take it."""
_BT709, _UNSPECIFIED = 1, 2
_HDR_TRANSFERS = {16: "PQ", 18: "HLG"}
_ENDS_EARLY_S = 0.5
_FAST_START = {suffix: {"movflags": "faststart"} for suffix in (".mp4", ".mov")}
"""The index at the beginning, so that a browser can show it while it loads."""
_CRF = "16"
"""x264's quality: differences are not seen."""


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
            except _av().FFmpegError as error:
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
                with suppress(_av().FFmpegError):
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
        av = _av()
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


class VideoWriter:
    """Writes pictures as H.264, each at its time."""

    def __init__(self, path: Path, *, width: int, height: int) -> None:
        """Opens the file for pictures of this size; an odd side gets one row or column more, as H.264 wants.

        Raises:
            VideoError: PyAV is missing.
        """
        check_video_support()
        self.path = path
        self._container = _av().open(str(path), "w", options=_FAST_START.get(path.suffix.lower(), {}))
        self._stream: Any = self._container.add_stream("libx264", options={"crf": _CRF, "preset": "medium"})
        self._stream.width, self._stream.height = width + width % 2, height + height % 2
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = _TIME_BASE
        self._stream.codec_context.colorspace = _BT709
        # With pictures that refer to later ones MP4 counts a too short duration where the frame rate varies.
        self._stream.codec_context.max_b_frames = 0
        self._held: Any = None
        self._lasted = round(Fraction(1, 30) / _TIME_BASE)
        self._durations: dict[int, int] = {}

    def add(self, rgb: NDArray[np.uint8], time_s: float) -> None:
        """Appends a picture, (H, W, 3) uint8 sRGB, to be shown from ``time_s`` on.

        Raises:
            ExportError: It cannot be written.
        """
        height, width = rgb.shape[:2]
        padded = np.pad(rgb, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        frame = _av().VideoFrame.from_ndarray(np.ascontiguousarray(padded), format="rgb24")
        frame = frame.reformat(format="yuv420p", dst_colorspace=_BT709)
        frame.pts, frame.time_base = round(time_s / _TIME_BASE), _TIME_BASE
        if self._held is not None:
            # Two frames never share a time, whatever the file that they came from said.
            frame.pts = max(frame.pts, self._held.pts + 1)
            self._lasted = frame.pts - self._held.pts
            self._write_held()
        self._held = frame

    def close(self) -> None:
        """Writes what is left, and the file's index.

        Raises:
            ExportError: It cannot be written.
        """
        if self._held is not None:
            self._write_held()  # as long as the one before
        self._mux(None)
        try:
            self._container.close()
        except _av().FFmpegError as error:
            raise ExportError(f"{self.path.name} cannot be written: {error.strerror}.") from error

    def _write_held(self) -> None:
        """A picture waits for the next one: only then it is known how long it is shown."""
        self._durations[self._held.pts] = self._lasted
        self._mux(self._held)

    def abandon(self) -> None:
        """Closes an unfinished file, which is to be deleted."""
        with suppress(Exception):  # FFmpeg complains of what is not finished
            self._container.close()

    def _mux(self, frame: Any) -> None:
        try:
            for packet in self._stream.encode(frame):
                # The encoder knows a frame rate alone.
                packet.duration = self._durations.pop(packet.pts, packet.duration)
                self._container.mux(packet)
        except _av().FFmpegError as error:
            raise ExportError(f"{self.path.name} cannot be written: {error.strerror}.") from error


def _decoded(stream: Any) -> Iterator[Any]:
    """The decoded frames; None in place of what is damaged."""
    packets = stream.container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except _av().FFmpegError:
            # The file ends in the middle: what the decoder holds back comes first.
            with suppress(_av().FFmpegError):
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
        except _av().InvalidDataError:
            yield None


def _photo(frame: Any, stream: Any, path: Path) -> Photo:
    """The frame in sRGB, upright, with square pixels."""
    untagged = int(frame.colorspace) == _UNSPECIFIED
    source = _BT709 if untagged and frame.height >= _UNTAGGED_HD_FROM_PX else None
    aspect = stream.sample_aspect_ratio
    width = frame.width if not aspect else max(1, round(frame.width * float(aspect)))
    rgb = frame.reformat(width=width, format="rgb24", src_colorspace=source).to_ndarray()
    turns = round(frame.rotation / 90) % 4
    return Photo(np.ascontiguousarray(np.rot90(rgb, turns)), path=str(path))


def _first(frames: Iterator[Frame], count: int) -> Iterator[Frame]:
    for frame, _ in zip(frames, range(count), strict=False):
        yield frame


def _av() -> ModuleType:
    import av

    return av
