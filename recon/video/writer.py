"""Writes images as a video with timestamps.

Encodes with FFmpeg through PyAV (``pip install "recon[video]"``).
"""

from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.video.reader import BT709, check_video_support, pyav

OUTPUT_SUFFIXES = (".mp4", ".mov", ".mkv")
"""Formats of ``VideoWriter``, all with H.264."""
_TIME_BASE = Fraction(1, 90_000)
"""Time base of the output, s: a divisor of all usual frame durations."""
_FAST_START = {suffix: {"movflags": "faststart"} for suffix in (".mp4", ".mov")}
"""Writes the index at the start, so that browsers can play the file while it loads."""
_CRF = "16"
"""x264 quality: visually lossless."""


class VideoWriter:
    """Writes images as H.264 with timestamps; use it inside ``atomic_write.staged``, which reports its errors."""

    def __init__(self, path: Path, *, width: int, height: int) -> None:
        """Opens the file for images of this size; odd sizes are padded by one row or column, as H.264 requires.

        Raises:
            VideoError: PyAV is missing.
        """
        check_video_support()
        self.path = path
        self._container = pyav().open(str(path), "w", options=_FAST_START.get(path.suffix.lower(), {}))
        self._stream: Any = self._container.add_stream("libx264", options={"crf": _CRF, "preset": "medium"})
        self._stream.width, self._stream.height = width + width % 2, height + height % 2
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = _TIME_BASE
        self._stream.codec_context.colorspace = BT709
        # With B-frames and a variable frame rate, MP4 records a too short duration.
        self._stream.codec_context.max_b_frames = 0
        self._held: Any = None
        self._lasted = round(Fraction(1, 30) / _TIME_BASE)
        self._durations: dict[int, int] = {}

    def add(self, rgb: NDArray[np.uint8], time_s: float) -> None:
        """Appends an image, (H, W, 3) uint8 sRGB, shown from ``time_s`` on.

        Raises:
            OSError: The image cannot be written.
        """
        height, width = rgb.shape[:2]
        padded = np.pad(rgb, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        frame = pyav().VideoFrame.from_ndarray(np.ascontiguousarray(padded), format="rgb24")
        frame = frame.reformat(format="yuv420p", dst_colorspace=BT709)
        frame.pts, frame.time_base = round(time_s / _TIME_BASE), _TIME_BASE
        if self._held is not None:
            # Timestamps must be strictly increasing, even if those of the source are not.
            frame.pts = max(frame.pts, self._held.pts + 1)
            self._lasted = frame.pts - self._held.pts
            self._write_held()
        self._held = frame

    def close(self) -> None:
        """Writes the last frame and the file's index.

        Raises:
            OSError: The file cannot be written.
        """
        if self._held is not None:
            self._write_held()  # with the duration of the previous frame
        self._mux(None)
        try:
            self._container.close()
        except pyav().FFmpegError as error:
            raise OSError(error.errno, error.strerror) from error

    def _write_held(self) -> None:
        """Writes the previous frame, whose duration is known only when the next frame arrives."""
        self._durations[self._held.pts] = self._lasted
        self._mux(self._held)

    def abandon(self) -> None:
        """Closes an unfinished file, which the caller deletes."""
        with suppress(Exception):  # FFmpeg raises errors for unfinished files
            self._container.close()

    def _mux(self, frame: Any) -> None:
        try:
            for packet in self._stream.encode(frame):
                # The encoder assumes a constant frame rate.
                packet.duration = self._durations.pop(packet.pts, packet.duration)
                self._container.mux(packet)
        except pyav().FFmpegError as error:
            raise OSError(error.errno, error.strerror) from error
