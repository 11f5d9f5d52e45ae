"""Pictures written as a video, each at its time.

Encoding is FFmpeg's, through PyAV (``pip install "recon[video]"``).
"""

from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.video.reader import BT709, check_video_support, pyav

OUTPUT_SUFFIXES = (".mp4", ".mov", ".mkv")
"""What ``VideoWriter`` writes, all with H.264."""
_TIME_BASE = Fraction(1, 90_000)
"""Of what is written: all usual frame rates are whole numbers of these, s."""
_FAST_START = {suffix: {"movflags": "faststart"} for suffix in (".mp4", ".mov")}
"""The index at the beginning, so that a browser can show it while it loads."""
_CRF = "16"
"""x264's quality: differences are not seen."""


class VideoWriter:
    """Writes pictures as H.264, each at its time; inside of ``atomic_write.staged``, which reports its errors."""

    def __init__(self, path: Path, *, width: int, height: int) -> None:
        """Opens the file for pictures of this size; an odd side gets one row or column more, as H.264 wants.

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
        # With pictures that refer to later ones MP4 counts a too short duration where the frame rate varies.
        self._stream.codec_context.max_b_frames = 0
        self._held: Any = None
        self._lasted = round(Fraction(1, 30) / _TIME_BASE)
        self._durations: dict[int, int] = {}

    def add(self, rgb: NDArray[np.uint8], time_s: float) -> None:
        """Appends a picture, (H, W, 3) uint8 sRGB, to be shown from ``time_s`` on.

        Raises:
            OSError: It cannot be written.
        """
        height, width = rgb.shape[:2]
        padded = np.pad(rgb, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        frame = pyav().VideoFrame.from_ndarray(np.ascontiguousarray(padded), format="rgb24")
        frame = frame.reformat(format="yuv420p", dst_colorspace=BT709)
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
            OSError: It cannot be written.
        """
        if self._held is not None:
            self._write_held()  # as long as the one before
        self._mux(None)
        try:
            self._container.close()
        except pyav().FFmpegError as error:
            raise OSError(error.errno, error.strerror) from error

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
        except pyav().FFmpegError as error:
            raise OSError(error.errno, error.strerror) from error
