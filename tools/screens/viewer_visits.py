"""Three visits to the viewer's window, by mouse and keys: ``python -m tools.screens.viewer_visits VISIT -o FOLDER``.

A first-time visitor, somebody who measures, and a Blender artist. Prints the seconds of each step, from the first
movement of the hand until the screen is complete, and writes a picture after each. Needs Xvfb, xdotool and a Vulkan
driver. The system's file dialog and clipboard are stood in for by programs that give the next answer of a list.
"""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click
from PIL import Image

from tools.pictures import SAMPLES
from tools.screens.virtual_display import screen, virtual_display

if TYPE_CHECKING:
    from recon_viewer.window import ViewerWindow

_SCREEN = (1400, 900)
_STILL_S, _PATIENCE_S = 3.0, 12.0
_NAP_S = 0.002
_FILM_S = 900.0
"""Patience with anything: a film takes minutes where other programs use the cores, too."""
_STANDS_FOR = ("zenity", "xclip")
"""The file dialog and the clipboard."""


class Visit:
    """A person at a window of this process."""

    def __init__(self, viewer: "ViewerWindow", kept: Path, output: Path) -> None:
        """``kept`` holds the screen and what the person answers; pictures go to ``output``."""
        from tools.screens.hands import Hands

        self.viewer, self._kept, self._output = viewer, kept, output
        self._steps = 0
        self._dialog: Any = None
        present = viewer.dialogs.present

        def seen(dialog: Any) -> None:
            self._dialog = dialog
            present(dialog)

        viewer.dialogs.present = seen  # type: ignore[method-assign]
        viewer.step()
        self.hands = Hands(viewer, kept, output, patience_s=_FILM_S)

    def step(self, text: str, *acts: Callable[[], None]) -> None:
        """Does something, waits until the screen is complete, and keeps it."""
        start = time.monotonic()
        for act in acts:
            act()
        acted_s = time.monotonic() - start
        done_s = max(self._complete() - start, acted_s)
        self._steps += 1
        Image.fromarray(screen(self._kept)).save(self._output / f"{self._steps:02}.png")
        click.echo(f"| {self._steps} | {text} | {done_s:.1f} |")

    def press(self, text: str) -> None:
        """A click on the button with this text, in the open dialog or the window."""
        viewer = self.viewer
        places = (
            [self._dialog]
            if viewer.dialogs.is_open
            else [viewer.size_bar.widget, viewer.panel.widget, viewer.welcome.widget]
        )
        tool = None if viewer.dialogs.is_open else viewer.toolbar.frame_of(text)
        if tool is not None:
            self.hands.click(*centre(tool))
            return
        for place in places:
            for widget in _inside(place):
                if getattr(widget, "text", None) == text:
                    self.hands.click(*centre(widget.frame))
                    return
        raise click.ClickException(f"there is nothing to press with the text {text}")

    def field(self, at: int) -> tuple[float, float]:
        """The middle of a text field in the open dialog."""
        fields = [one for one in _inside(self._dialog) if type(one).__name__ == "TextEdit"]
        return centre(fields[at].frame)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """A place in the 3D view by shares of its width and height."""
        frame = self.viewer.view.widget.frame
        return frame.x + x * frame.width, frame.y + y * frame.height

    def answer(self, *paths: Path) -> None:
        """What the file dialog and the clipboard give next."""
        (self._kept / "answer").write_text("\n".join(map(str, paths)))

    def opened(self, count: int) -> None:
        """Waits for so many layers."""
        self.hands.until(lambda: len(self.viewer.controller.state.layers) == count, f"{count} layers")
        self.hands.settle()

    def beside(self) -> None:
        """Waits for the second view and its first frame: the screen may stand still until then."""
        second, drawn = self.viewer.beside.second, list[Any]()
        self.hands.until(lambda: bool(second.widget.visible), "two views")
        second.open3d_scene.scene.render_to_image(drawn.append)

        def is_drawn() -> bool:
            second.widget.force_redraw()
            self.viewer.refresh()
            return bool(drawn)

        self.hands.until(is_drawn, "a frame of the second view")

    def written(self, path: Path) -> None:
        """Waits for a file."""
        self.hands.until(lambda: path.exists() and self.viewer.controller.idle, f"writing {path.name}")

    def _complete(self) -> float:
        """When the screen changed last, before it stood still."""
        start = changed = time.monotonic()
        last = b""
        while time.monotonic() < min(changed + _STILL_S, start + _PATIENCE_S):
            self.viewer.step()
            time.sleep(_NAP_S)
            now = screen(self._kept, slice(None, None, 8)).tobytes()
            if now != last:
                changed = start if not last else time.monotonic()
                last = now
        return changed


def first_time(visit: Visit, folder: Path) -> None:
    """Looks around in the sample, gets lost in the keys, and finds back."""
    hands = visit.hands
    visit.step("the window has opened")
    visit.step("clicks the sample's picture", lambda: visit.press("Living room"), lambda: visit.opened(1))
    visit.step("drags the view", lambda: hands.drag(visit.at(0.5, 0.5), visit.at(0.62, 0.45)))
    visit.step("turns the wheel", lambda: hands.turn_wheel(3))
    visit.step("presses Top", lambda: visit.press("Top"))
    visit.step("presses Photo view", lambda: visit.press("Photo view"))
    visit.step("presses Depth colours", lambda: visit.press("Depth colours"))
    visit.step("presses Points", lambda: visit.press("Points"))
    visit.step("hides the controls by Tab", lambda: hands.move(*visit.at(0.5, 0.5)), lambda: hands.key("Tab"))
    visit.step("finds them again by Controls", lambda: visit.press("Controls"))
    visit.step("asks for help (F1)", lambda: hands.key("F1"))
    visit.step("closes it (Esc)", lambda: hands.key("Escape"))


def measurer(visit: Visit, folder: Path) -> None:
    """Sets one length, measures another, cuts off the ceiling, saves the table."""
    hands, table = visit.hands, folder / "lengths.csv"
    visit.step("opens a photo", lambda: visit.press("Living room"), lambda: visit.opened(1))
    visit.step("presses Set length", lambda: visit.press("Set length"))
    visit.step("clicks one end of the sofa", lambda: hands.click(*visit.at(0.33, 0.58)))
    visit.step("clicks the other end", lambda: hands.click(*visit.at(0.57, 0.60)))
    visit.step("types 1.77 and presses Enter", lambda: hands.type("1.77"), lambda: hands.key("Return"))
    visit.step("presses Measure", lambda: visit.press("Measure"))
    visit.step("clicks the shelf's foot", lambda: hands.click(*visit.at(0.80, 0.62)))
    visit.step("clicks its top", lambda: hands.click(*visit.at(0.80, 0.36)))
    visit.step("presses Top", lambda: visit.press("Top"))
    visit.step("cuts off at half the height", lambda: _cut(visit))
    visit.answer(table)
    visit.step("saves the lengths as CSV", lambda: visit.press("CSV..."), lambda: visit.written(table))
    click.echo("".join(f"\n    {line}" for line in table.read_text().splitlines()) + "\n")


def artist(visit: Visit, folder: Path) -> None:
    """Opens several photos, compares them, exports one with fewer triangles, and films it."""
    hands, photos = visit.hands, [folder / "kitchen.jpg", folder / "street.jpg"]
    for photo in photos:
        shutil.copy(SAMPLES / photo.name, photo)
    visit.answer(*photos)
    visit.step(
        "chooses two photos in the file dialog", lambda: visit.press("Open photo"), lambda: visit.opened(2)
    )
    visit.step(
        "sees both side by side (T)",
        lambda: hands.move(*visit.at(0.5, 0.5)),
        lambda: hands.key("t"),
        visit.beside,
    )
    visit.step("one again (T)", lambda: hands.key("t"))
    visit.step("presses Mesh", lambda: visit.press("Mesh"))
    visit.step("presses Export", lambda: visit.press("Export"))
    visit.step("types the most triangles", lambda: hands.click(*visit.field(0)), lambda: hands.type("200000"))
    model = folder / "street.glb"
    visit.answer(model)
    visit.step("exports as GLB", lambda: visit.press("Choose the file..."), lambda: visit.written(model))
    film = folder / "street.mp4"
    visit.answer(film)
    visit.step("presses Film", lambda: visit.press("Film"))
    visit.step("films it", lambda: visit.press("Choose the file..."), lambda: visit.written(film))
    for made in (model, film):
        click.echo(f"\n    {made.name}: {made.stat().st_size / 1e6:.1f} MB")


VISITS: dict[str, Callable[[Visit, Path], None]] = {
    "first-time": first_time,
    "measurer": measurer,
    "artist": artist,
}


def centre(frame: Any) -> tuple[float, float]:
    """Of a widget's frame, px of the window."""
    return frame.x + frame.width / 2, frame.y + frame.height / 2


def _cut(visit: Visit) -> None:
    """Drags the slider of the section to its middle."""
    widgets = list(_inside(visit.viewer.panel.widget))
    label = next(at for at, one in enumerate(widgets) if getattr(one, "text", None) == "height (m)")
    frame = widgets[label + 2].frame
    y = frame.y + frame.height / 2
    visit.hands.drag((frame.x + 0.95 * frame.width, y), (frame.x + 0.5 * frame.width, y), moves=10)


def _inside(widget: Any) -> Any:
    """All visible widgets in it, in their order."""
    for child in widget.get_children():
        if child.visible:
            yield child
            yield from _inside(child)


def _stand_in(kept: Path) -> None:
    for name in _STANDS_FOR:
        program = kept / name
        program.write_text(f"#!/bin/sh\ncat {kept / 'answer'}\n")
        program.chmod(0o755)


@click.command(help=__doc__)
@click.argument("name", type=click.Choice(list(VISITS)))
@click.option("-o", "output", type=click.Path(path_type=Path), required=True)
def main(name: str, output: Path) -> None:
    """Pays a visit to a fresh window with no settings: Open3D opens one display in a process."""
    with TemporaryDirectory() as folder, virtual_display(Path(folder), _SCREEN) as environment:
        kept = Path(folder)
        _stand_in(kept)
        os.environ.update(environment, PATH=f"{kept}{os.pathsep}{os.environ['PATH']}")
        os.environ.pop("WAYLAND_DISPLAY", None)
        _pay(name, kept, output / name)


def _pay(name: str, kept: Path, output: Path) -> None:
    from recon_viewer.window import ViewerWindow

    output.mkdir(parents=True, exist_ok=True)
    (kept / "home").mkdir()
    click.echo(f"\n{name}\n\n| step | | s |\n|---|---|---|")
    viewer = ViewerWindow()
    try:
        VISITS[name](Visit(viewer, kept, output), kept / "home")
    finally:
        # A process that leaves an open window behind hangs at its end.
        viewer.close()


if __name__ == "__main__":
    main()
