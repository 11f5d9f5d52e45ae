"""Frames of the viewer's window as they appear on the screen, while the view is turned and when it rests again.

    python -m tools.bench.viewer_frames --points 300000 --points 2400000

Needs Xvfb and a Vulkan driver. The view is moved 60 times a second, as by a mouse, and what the X server shows is
compared with what it showed before: a renderer that lags behind skips frames silently.
"""

import os
import resource
import time
from collections.abc import Iterable
from math import pi, sin
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from tools.bench.viewer import hall, memory_mb
from tools.screens.virtual_display import screen, virtual_display

if TYPE_CHECKING:
    from recon_viewer.window import ViewerWindow

_SIZE = (1400, 900)
_MOUSE_HZ = 60.0
_TURN_RAD, _TILT_RAD = 0.3, 0.1
_QUIET_S = 3.0
_ROWS_APART = 16
"""A few rows of the screen are enough to see a movement."""
_NAP_S = 0.002
"""Between two looks at the screen: a busy loop would take a core from the software renderer."""


@click.command(help=__doc__)
@click.option("--points", "sizes", multiple=True, type=int, default=(300_000, 2_400_000), show_default=True)
@click.option("--seconds", default=5.0, show_default=True, help="How long the view is turned.")
@click.option("--rounds", default=3, show_default=True, help="How often each is measured, in turn.")
def main(sizes: tuple[int, ...], seconds: float, rounds: int) -> None:
    """Prints a table: of each scene, and of the same window without it."""
    with TemporaryDirectory() as name, virtual_display(Path(name), _SIZE) as environment:
        os.environ.update(environment)
        os.environ.pop("WAYLAND_DISPLAY", None)
        _measure(Path(name), sizes, seconds, rounds)


def _measure(kept: Path, sizes: tuple[int, ...], seconds: float, rounds: int) -> None:
    from recon_viewer.window import ViewerWindow

    viewer = ViewerWindow()
    try:
        click.echo(
            "| points | shown after, s | longest stop, s | moving, frames a second (without the scene) "
            "| CPU of a frame, s | complete after the last movement, s | MB |"
        )
        click.echo("|---|---|---|---|---|---|---|")
        for size in sizes:
            start = time.monotonic()
            viewer.controller.add_scene(hall(size), f"{size}")
            stop_s = settle(viewer)
            shown_s = time.monotonic() - start - _QUIET_S
            viewer.glide.stop()
            seen = [_turned(viewer, kept, seconds) for _ in range(rounds)]
            empty = [_turned(viewer, kept, seconds, hidden=True)[0] for _ in range(rounds)]
            fps, cpu_s, rest_s = zip(*seen, strict=True)
            click.echo(
                f"| {size:,} | {shown_s:.1f} | {stop_s:.2f} | {_row(fps, 1)} ({_row(empty, 1)}) "
                f"| {_row(cpu_s, 2)} | {_row(rest_s, 1)} | {memory_mb():.0f} |"
            )
            viewer.controller.act("close-layer")
            settle(viewer)
    finally:
        viewer.close()


def _row(values: Iterable[float], digits: int) -> str:
    return " ".join(f"{value:.{digits}f}" for value in values)


def settle(viewer: "ViewerWindow") -> float:
    """Waits until the viewer has been idle for a while; returns the longest step, s."""
    longest, end = 0.0, time.monotonic() + _QUIET_S
    while time.monotonic() < end or not viewer.controller.idle:
        start = time.monotonic()
        viewer.step()
        longest = max(longest, time.monotonic() - start)
        if not viewer.controller.idle:
            end = time.monotonic() + _QUIET_S
    return longest


def _turned(
    viewer: "ViewerWindow", kept: Path, seconds: float, *, hidden: bool = False
) -> tuple[float, float, float]:
    """Frames a second while the view turns, CPU seconds of each, and seconds until the screen is complete after it.

    ``hidden``: without the scene; the grid and the photo's camera still move.
    """
    view = viewer.view
    detail = view.layers.detail
    if hidden:
        view.layers.detail = lambda *, coarse: _hide(viewer)  # type: ignore[method-assign]
    seen, camera = _Frames(viewer, kept), view.camera
    start, cpu_s, moves = time.monotonic(), _cpu_s(), 0
    while (gone_s := time.monotonic() - start) < seconds:
        if gone_s * _MOUSE_HZ >= moves:
            moves = int(gone_s * _MOUSE_HZ) + 1
            aside = sin(2 * pi * gone_s / seconds)
            view.look(camera.orbit(_TURN_RAD * aside, _TILT_RAD * aside))
        seen.look()
    fps, each_s = seen.count / seconds, (_cpu_s() - cpu_s) / max(seen.count, 1)
    end, last = time.monotonic(), 0.0
    view.look(camera)
    while (gone_s := time.monotonic() - end) < _QUIET_S:
        if seen.look():
            last = gone_s
    view.layers.detail = detail  # type: ignore[method-assign]
    view.look(camera)
    settle(viewer)
    return fps, each_s, last


def _hide(viewer: "ViewerWindow") -> None:
    scene = viewer.view.open3d_scene
    for name in [f"{name}{part}" for name in viewer.view.layers.names for part in ("", " coarse")]:
        if scene.has_geometry(name):
            scene.show_geometry(name, False)


class _Frames:
    """Counts the pictures of the view on the screen."""

    def __init__(self, viewer: "ViewerWindow", kept: Path) -> None:
        self._viewer, self._kept = viewer, kept
        self._last, self.count = b"", -1
        self.look()

    def look(self) -> bool:
        """Turns the event loop once; returns whether the view has changed."""
        self._viewer.step()
        time.sleep(_NAP_S)
        frame = self._viewer.view.widget.frame
        rows = screen(self._kept, slice(frame.y, frame.get_bottom(), _ROWS_APART))
        now = rows[:, frame.x : frame.get_right()].tobytes()
        changed, self._last = now != self._last, now
        self.count += changed
        return changed


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
