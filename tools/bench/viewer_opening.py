"""Seconds from opening a photo until the screen shows the photo, its depth map and the scene.

    python -m tools.bench.viewer_opening --rounds 3

Needs Xvfb and a Vulkan driver. The sample has 1 MP and measured depth; enlarged to 12 MP, its depth is estimated.
"""

import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click
from PIL import Image

from recon.options import Options
from tools.pictures import SAMPLES
from tools.screens.virtual_display import screen, virtual_display

if TYPE_CHECKING:
    from recon_viewer.window import ViewerWindow

_SIZE = (1400, 900)
_LARGE = (4032, 3024)
_LIKE = 12.0
"""Mean difference of the screen from what it should show, of 255, below which it is that."""
_ROWS_APART = 16
"""A few rows of the screen are enough."""
_NAP_S = 0.002
_QUIET_S = 3.0


@click.command(help=__doc__)
@click.option("--rounds", default=3, show_default=True)
def main(rounds: int) -> None:
    """Prints a table: one row for each round and photo."""
    with TemporaryDirectory() as name, virtual_display(Path(name), _SIZE) as environment:
        os.environ.update(environment)
        os.environ.pop("WAYLAND_DISPLAY", None)
        large = Path(name) / "large.jpg"
        with Image.open(SAMPLES / "living_room.jpg") as photo:
            photo.convert("RGB").resize(_LARGE, Image.Resampling.BICUBIC).save(large, quality=92)
        _measure(Path(name), large, rounds)


def _measure(kept: Path, large: Path, rounds: int) -> None:
    from recon_viewer.model.samples import samples
    from recon_viewer.window import ViewerWindow

    viewer = ViewerWindow()
    try:
        _rest(viewer)
        click.echo(
            "| photo | photo seen, s | depth seen, s | scene seen, s | complete, s |\n|---|---|---|---|---|"
        )
        for _ in range(rounds):
            for text, path, options in (
                ("1 MP", samples()[0].photo, samples()[0].options),
                ("12 MP", large, None),
            ):
                seen = _opened(viewer, kept, path, options)
                click.echo(f"| {text} | " + " | ".join(f"{second:.1f}" for second in seen) + " |")
                viewer.glide.stop()
                viewer.controller.act("close-layer")
                _rest(viewer)
    finally:
        viewer.close()


def _opened(viewer: "ViewerWindow", kept: Path, path: Path, options: Options | None) -> list[float]:
    """When the photo, the depth map and the scene are on the screen, and when nothing is drawn any more."""
    start, seen = time.monotonic(), {"photo": 0.0, "depth": 0.0, "scene": 0.0}
    viewer.controller.open(path, options)
    while not (viewer.controller.idle and seen["scene"]):
        viewer.step()
        time.sleep(_NAP_S)
        if viewer.controller.is_problem:
            raise click.ClickException(viewer.controller.message)
        what = _what(viewer, kept)
        if what in seen and not seen[what]:
            seen[what] = time.monotonic() - start
    return [*seen.values(), time.monotonic() - start]


def _what(viewer: "ViewerWindow", kept: Path) -> str:
    """Which of them the screen shows now."""
    from tools.screens.hands import difference

    frame, page = viewer.view.widget.frame, viewer.opening
    if not page.visible:
        # The toolbar comes with the scene, whose view moves at once.
        shown = screen(kept, slice(frame.y, frame.y + frame.height, _ROWS_APART))[
            :, frame.x : frame.get_right()
        ]
        return "scene" if viewer.controller.picture.drawn and shown.std() > _LIKE else ""
    if page.seen is None or page.shown is None:
        return ""
    rows, cols = page.shown.shape[:2]
    y = viewer.window.content_rect.y
    seen = screen(kept, slice(y, y + rows, _ROWS_APART))[:, :cols]
    return page.seen.what if difference(seen, page.shown[::_ROWS_APART]) < _LIKE else ""


def _rest(viewer: "ViewerWindow") -> None:
    end = time.monotonic() + _QUIET_S
    while time.monotonic() < end:
        viewer.step()
        time.sleep(_NAP_S)


if __name__ == "__main__":
    main()
