"""Moves the window to a fresh process, unseen, before the memory that a graphics driver never gives back grows large.

The software driver of Mesa 22.3 (lavapipe) compiles two shaders anew for each frame of any Open3D window and keeps
all of them, 1 MB each: hours of work end without memory. They belong to the ambient occlusion that Open3D computes
for the widgets, and that a program can switch off for its own views only. At rest, the window therefore starts a
second process in time and sends it all that it holds, undo steps too; when that one has drawn its own window at the
same place, this one closes. What the user does meanwhile counts: this window then sends the newest state.

The cause in the driver: it puts uniforms on which a loop depends into the shader as constants whenever a pipeline is
bound, and frees none of these shaders (``update_inline_shader_state`` in lvp_execute.c).
"""

import math
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from recon.render.view_camera import ViewCamera
from recon_viewer.model.history import History
from recon_viewer.model.settings import Settings
from recon_viewer.model.state import Layer, Measured, State

FRESH_MB: Final = 550.0
"""What a process that shows a photo of 1 MP needs before anything moves."""
MEGAPIXEL_MB: Final = 30.0
"""What each further megapixel needs: 942 MB for a photo of 12 MP at rest."""
MOST_GROWN_MB: Final = 350.0
"""Growth beyond which the process is replaced: one with a photo of 1 MP stays under 1 GB, and opening a photo and a
first look around do not reach it."""
AGAIN_S: Final = 20.0
"""Time until the next try after somebody has gone on to work while the other process drew its window, s."""
INTERRUPTED: Final = 130
"""Exit code of a window that was interrupted."""
PROGRAM: Final = (sys.executable, "-m", "recon_viewer.process")
_MB = 1 << 20


@dataclass(frozen=True)
class Shown:
    """What a window shows beside its picture: sent last, with the effect that it is shown."""

    camera: ViewCamera
    frame: tuple[int, int, int, int]
    """Position and size of the window on the screen, px."""
    message: str
    is_problem: bool
    groups: Mapping[str, bool]
    """Of the controls: which are open."""
    notice: str = ""
    """Shown for as long as the window is open."""


@dataclass(frozen=True, eq=False)
class Handed:
    """Everything that a window holds."""

    history: History
    now: State
    """The newest state of the history when this was made: the history goes on."""
    saved: tuple[Layer | Measured, ...]
    settings: Settings
    config: Path | None
    """File of the settings."""
    hides_ceiling: bool
    shown: Shown

    def has_same_picture(self, other: "Handed") -> bool:
        """Whether nothing has changed between the two but what is shown beside the picture."""
        same = self.now is other.now and self.settings is other.settings
        return same and self.saved is other.saved and self.hides_ceiling is other.hides_ceiling

    def is_still(self, other: "Handed") -> bool:
        """Whether nothing has happened between the two."""
        return self.has_same_picture(other) and self.shown == other.shown


def is_due(resident_mb: float, fresh_mb: float) -> bool:
    """Whether to replace the process.

    Args:
        resident_mb: Its memory now, MB.
        fresh_mb: What it needs, MB.
    """
    return resident_mb > fresh_mb + MOST_GROWN_MB


def needed_mb(state: State) -> float:
    """What a process needs that shows these layers, MB."""
    photos = [layer.base.photo for layer in state.layers if layer.base is not None]
    megapixels = sum(photo.width * photo.height for photo in photos) / 1e6
    return FRESH_MB + MEGAPIXEL_MB * max(megapixels - 1.0, 0.0)


def resident_mb() -> float:
    """Memory of this process, MB (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / _MB


def draws_in_software() -> bool:
    """Whether Mesa's software driver draws for this process: graphics cards have their own drivers."""
    for name in Path("/proc/self/task").glob("*/comm"):
        with suppress(OSError):  # a thread that has just ended
            if name.read_text().startswith("llvmpipe"):
                return True
    return False


class Successor:
    """The process that takes over; nothing blocks except ``send``, once it is ready."""

    def __init__(self, channel: int, program: tuple[str, ...] = PROGRAM) -> None:
        """``channel``: descriptor of the connection to the command (``window_process``)."""
        self._heard, self._is_gone = "", False
        self._process = subprocess.Popen(
            [*program, str(channel), "successor"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(channel,),
        )
        threading.Thread(target=self._listen, name="successor", daemon=True).start()

    @property
    def heard(self) -> str:
        """Its last word since something was sent: ready, painted, drawn, or gone."""
        return "gone" if self._is_gone else self._heard

    def send(self, what: Handed | Shown) -> None:
        """Sends a state to paint, or what to show beside its picture; then it is shown."""
        assert self._process.stdin is not None
        self._heard = ""
        # Its death is heard by the thread.
        with suppress(OSError):
            pickle.dump(what, self._process.stdin, protocol=5)
            self._process.stdin.flush()

    def end(self) -> None:
        """Stops it."""
        self._process.kill()
        self._process.wait()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._heard = line.decode().strip()
        self._is_gone = True


class HandOver:
    """Decides when the window moves to a fresh process, and follows it there."""

    def __init__(
        self,
        start: Callable[[], Any],
        fresh_mb: float = FRESH_MB,
        resident: Callable[[], float] = resident_mb,
        in_software: Callable[[], bool] = draws_in_software,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Starts nothing yet.

        Args:
            start: Makes a ``Successor``.
            fresh_mb: What this process needs, MB.
            resident: Gives its memory, MB.
            in_software: Whether the driver is a software driver.
            clock: The time, s.
        """
        self._start, self._resident, self._in_software = start, resident, in_software
        self._clock, self._not_before_s = clock, -math.inf
        self._fresh_mb = self._first_mb = fresh_mb
        self._successor: Any = None
        self._sent: Handed | None = None
        self.failed = False
        """Whether the last try failed; the window tells the user and resets it."""

    def tick(self, handed: Callable[[], Handed] | None, *, rests: bool = True) -> bool:
        """Called many times a second; returns whether the successor has drawn its window, so that this one closes.

        Args:
            handed: Gives what to hand over; None while the picture changes. The successor paints it ahead, so that it
                can be shown at once when somebody who never pauses for long does so.
            rests: Whether the window rests, so that it may be replaced.
        """
        if self._successor is None:
            if handed is not None and rests:
                self._look_at_memory(handed)
            return False
        heard = self._successor.heard
        if heard == "gone":
            self._give_up()
            self.failed = True
        elif heard == "ready" and handed is not None:
            self._sent = handed()
            self._successor.send(self._sent)
        elif heard == "painted" and handed is not None:
            now = handed()
            if self._sent is None or not now.has_same_picture(self._sent):
                self._sent = now
                self._successor.send(now)
            elif rests:
                self._sent = now
                self._successor.send(now.shown)
        elif heard == "drawn":
            if self._sent is not None and handed is not None and handed().is_still(self._sent):
                return True
            # Someone did something at the last moment: that counts.
            self._give_up()
            self._fresh_mb, self._not_before_s = self._first_mb, self._clock() + AGAIN_S
        return False

    def count_from_now(self) -> None:
        """What this process has now is what it needs: it has drawn all that it holds, and grows from here."""
        self._fresh_mb = self._first_mb = self._resident()

    def end(self) -> None:
        """Stops a successor that has not taken over."""
        if self._successor is not None:
            self._successor.end()
            self._successor = None

    def _look_at_memory(self, handed: Callable[[], Handed]) -> None:
        now_mb = self._resident()
        if self._clock() < self._not_before_s:
            return
        if is_due(now_mb, self._fresh_mb) and is_due(now_mb, needed_mb(handed().now)):
            # If it does not start, not again before this one has grown as much once more.
            self._fresh_mb = now_mb
            if self._in_software():
                self._successor = self._start()

    def _give_up(self) -> None:
        self.end()
        self._sent = None
