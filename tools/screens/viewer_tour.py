"""Pictures and a film of the viewer's window, docs/pictures/viewer_*.webp: ``python -m tools.screens.viewer_tour``.

The sample room is opened on a virtual display and driven through the window's own actions. Needs Xvfb and a Vulkan
driver: ``apt-get install xvfb libvulkan1 mesa-vulkan-drivers``. Run it again when the window changes.
"""

import os
import time
from collections.abc import Callable
from math import cos, pi
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click
import numpy as np
from PIL import Image

import recon
from recon.options import Options
from tools.pictures import FOLDER, SAMPLES
from tools.screens.virtual_display import screen, virtual_display

if TYPE_CHECKING:
    from recon_viewer.window import ViewerWindow

_SCREEN = (1400, 900)
_PATIENCE_S = 180.0
_QUIET_STEPS = 200
"""Rounds of the event loop in which nothing changes on the screen any more: the camera glides to a new view."""
_FILM_S, _FILM_RAD, _FILM_PX = 5.0, 0.7, (840, 540)
_MOUSE_HZ = 60.0
_LENGTHS = (((0.27, 0.53), (0.64, 0.55)), ((0.78, 0.31), (0.78, 0.52)))
"""Two lengths: across the sofa and down the shelf, both ends as shares of the width and height of the view."""


def photo_view(viewer: "ViewerWindow") -> None:
    """The scene through the photo's camera, textured."""
    viewer.controller.view(shown_as="mesh", colours="photo")
    viewer.actions.act("photo-camera")


def measured(viewer: "ViewerWindow") -> None:
    """Two lengths with their intervals."""
    viewer.actions.act("distance")
    _settle(viewer)
    frame = viewer.view.widget.frame
    for ends in _LENGTHS:
        for x, y in ends:
            at = frame.x + x * frame.width, frame.y + y * frame.height
            viewer.linking.hover_view(*at)
            viewer.linking.click_view(*at, False)
            _settle(viewer)
    viewer.actions.act("look")


def plan(viewer: "ViewerWindow") -> None:
    """From above, with the floor's grid."""
    viewer.actions.act("top")


def depth(viewer: "ViewerWindow") -> None:
    """Points, coloured by distance, with the photo's camera."""
    viewer.controller.view(shown_as="cloud", colours="depth", axes=True)
    viewer.actions.act("fit")


def beside(viewer: "ViewerWindow") -> None:
    """Measured depth above that of the preview network."""
    viewer.controller.open(SAMPLES / "living_room.jpg", Options(model="preview"))
    _settle(viewer)
    viewer.controller.view(shown_as="mesh", colours="photo", axes=False, beside=True)
    _settle(viewer)
    viewer.view.look(viewer.view.camera.orbit(0.35, 0.1))


FILM = "viewer_moves"
STOPS: dict[str, Callable[["ViewerWindow"], None]] = {
    "viewer_photo": photo_view,
    "viewer_measured": measured,
    "viewer_plan": plan,
    "viewer_depth": depth,
    "viewer_beside": beside,
}
"""File name, and what is done in the window before the picture; one after the other in the same window."""


def film(viewer: "ViewerWindow", kept: Path) -> tuple[list[Image.Image], list[int]]:
    """What the screen shows while the scene is turned for five seconds, and how long each frame stood, ms."""
    photo_view(viewer)
    _settle(viewer, kept)
    start, camera = time.monotonic(), viewer.view.camera
    shown, at = [screen(kept)], [start]
    while (gone_s := time.monotonic() - start) < _FILM_S:
        aside = 0.5 - 0.5 * cos(2 * pi * gone_s / _FILM_S)
        viewer.view.look(camera.orbit(_FILM_RAD * aside, 0.3 * _FILM_RAD * aside))
        viewer.step()
        # A mouse moves no faster; a busy loop would take a core from the software renderer.
        time.sleep(1 / _MOUSE_HZ)
        now = screen(kept)
        if not np.array_equal(now, shown[-1]):
            shown.append(now)
            at.append(time.monotonic())
    frames = [Image.fromarray(each).resize(_FILM_PX, Image.Resampling.LANCZOS) for each in shown]
    return frames, [round(1000 * each) for each in np.diff([*at, start + _FILM_S])]


def _settle(viewer: "ViewerWindow", kept: Path | None = None) -> None:
    """Until nothing is being opened or painted; with ``kept``, also until the screen stays as it is."""
    end = time.monotonic() + _PATIENCE_S
    last, quiet = None, 0
    while not viewer.controller.idle or quiet < (_QUIET_STEPS if kept else 5):
        if time.monotonic() > end:
            raise click.ClickException(f"the window did not come to rest: {viewer.controller.message}")
        viewer.step()
        shown = screen(kept).tobytes() if kept else None
        quiet = quiet + 1 if shown == last else 0
        last = shown


def _tour(kept: Path, output: Path) -> None:
    from recon_viewer.window import ViewerWindow

    room = SAMPLES / "living_room"
    path = recon.reconstruct(f"{room}.jpg", depth=f"{room}.depth.png", max_depth=8.0).save(kept / "room.npz")
    viewer = ViewerWindow()
    # Seen once by those who have no graphics card.
    viewer.status.notice = ""
    try:
        viewer.controller.open(path)
        _settle(viewer)
        if viewer.controller.problems:
            raise click.ClickException("; ".join(one.text for one in viewer.controller.problems))
        frames, stood_ms = film(viewer, kept)
        path = output / f"{FILM}.webp"
        frames[0].save(
            path, save_all=True, append_images=frames[1:], duration=stood_ms, loop=0, quality=60, method=4
        )
        click.echo(
            f"{path.name}: {len(frames)} frames in {_FILM_S:.0f} s, {path.stat().st_size / 1e3:.0f} kB"
        )
        for name, act in STOPS.items():
            act(viewer)
            _settle(viewer, kept)
            shown = screen(kept)
            rows, cols = np.nonzero(shown.any(axis=2))
            picture = Image.fromarray(shown[: rows.max() + 1, : cols.max() + 1])
            picture.save(output / f"{name}.webp", quality=70, method=4)
            click.echo(f"{name}.webp: {(output / f'{name}.webp').stat().st_size / 1e3:.0f} kB")
    finally:
        # A process that leaves an open window behind hangs at its end.
        viewer.close()


@click.command(help=__doc__)
@click.option("-o", "output", type=click.Path(path_type=Path), default=FOLDER, show_default=True)
def main(output: Path) -> None:
    """Writes the pictures."""
    with TemporaryDirectory() as kept, virtual_display(Path(kept), _SCREEN) as environment:
        os.environ.update(environment)
        os.environ.pop("WAYLAND_DISPLAY", None)
        # No window size or recent file of the user.
        os.environ["RECON_CONFIG_DIR"] = kept
        _tour(Path(kept), output)


if __name__ == "__main__":
    main()
