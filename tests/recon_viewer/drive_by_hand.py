"""Uses a real window with mouse and keyboard only; run by test_window.py in a separate process."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from viewer_scenes import WALL_M, painted_room

from recon.render.style import EVERYTHING
from recon.scene import Scene
from recon_viewer.drawing.backdrop import backdrop
from recon_viewer.drawing.guides import palette
from recon_viewer.window import ViewerWindow
from tools.screens.hands import Hands, Picture, difference

_OFF = 1.0
"""Of 255, in the mean; measured 0.13 on the lavapipe of Mesa 22, and 56 for an empty view."""
_WINDOW_PX = 1300, 900
_FILE_NAME_PX, _SAVE_PX = (650, 226), (806, 641)
"""Positions in Open3D's file dialog, which is centred in a window of that size."""


def main(folder: Path) -> None:
    """Raises AssertionError where the window does not do what it should."""
    scene = painted_room()
    scene.save(folder / "scene.npz")
    viewer = ViewerWindow()
    try:
        visit(viewer, scene, folder)
    finally:
        # A process that leaves an open window behind hangs at its end.
        viewer.close()


def visit(viewer: ViewerWindow, scene: Scene, folder: Path) -> None:
    """Opens, changes the view's size, measures, undoes, drags a slider, exports, quits."""
    viewer.controller.open(folder / "scene.npz")
    hands = Hands(viewer, Path(os.environ["RECON_TEST_SCREEN"]), folder)
    hands.until(lambda: viewer.welcome.widget.frame.width > 0, "the first layout")
    pages = [viewer.welcome.widget, viewer.opening, viewer.view.widget]
    shown: list[list[bool]] = []

    def sees_scene() -> bool:
        shown.append([page.visible for page in pages])
        return bool(shown[-1][2])

    hands.until(sees_scene, "opening")
    # Never an empty view, nor two pages at once.
    assert viewer.controller.picture.drawn and all(sum(each) == 1 for each in shown), shown
    hands.settle()
    assert not viewer.progress.widget.visible

    def sees_photo(when: str) -> None:
        what = f"seeing the photo through its camera {when}"
        hands.until(lambda: difference(hands.view(), as_photographed(scene, viewer)) < _OFF, what)

    # As a person would: not before there is something to see.
    hands.until(lambda: float(hands.view().std()) > _OFF, "seeing anything")
    hands.move(*_middle(viewer))
    # The mesh alone, without grid and frustum, through the photo's camera: the touch ends the glide.
    for name in ("m", "g", "k", "1"):
        hands.key(name)
    sees_photo("after opening")
    change_size(hands, viewer, sees_photo)
    drag_border(hands, viewer)
    measure(hands, viewer, scene)
    sees_photo("after the measurement was undone")
    drag_slider(hands, viewer)
    cut_and_find(hands, viewer)
    export(hands, viewer, folder / "exported.glb")
    hands.key("ctrl", "q")
    hands.until(lambda: not viewer.open, "quitting")


def change_size(hands: Hands, viewer: ViewerWindow, sees_photo: Callable[[str], None]) -> None:
    """After each change the whole photo is there again, without anyone's touching it, and no frame is empty."""
    projections = watch_projections(viewer)
    hands.resize(1000, 700)
    sees_photo("in a smaller window")
    hands.resize(*_WINDOW_PX)
    sees_photo("in a larger window")
    hands.move(*_middle(viewer))
    for key, what in (("Tab", "controls"), ("i", "pictures")):
        for change in ("hidden", "shown"):
            hands.key(key)
            sees_photo(f"with the {what} {change}")
    assert projections and np.isfinite(projections).all(), "a frame was drawn without a projection"


def watch_projections(viewer: ViewerWindow) -> list[NDArray[np.float32]]:
    """From now on, what each frame of the view was drawn with: Open3D may have changed it while it drew."""
    seen: list[NDArray[np.float32]] = []
    tick, camera = viewer.view.tick, viewer.view.open3d_scene.camera

    def watched() -> bool:
        seen.append(camera.get_projection_matrix())
        return tick()

    viewer.view.tick = watched  # type: ignore[method-assign]
    return seen


def drag_border(hands: Hands, viewer: ViewerWindow) -> None:
    """Wider pictures by hand, back by a double click, and the view's keys work after it."""
    frame, before = viewer.border.widget.frame, viewer.view.widget.frame.x
    x, y, grid = frame.x + frame.width // 2, frame.y + frame.height // 2, viewer.controller.state.view.grid
    with hands.holding(x, y):
        hands.move(x + 20, y)
        hands.move(x + 60, y)
    assert abs(viewer.view.widget.frame.x - before - 60) <= 2, (viewer.view.widget.frame.x, before)
    hands.key("g")
    assert viewer.controller.state.view.grid is not grid, "keys are dead after a drag"
    hands.key("g")
    # A double click however slow the machine is.
    viewer.border.clock = lambda: 0.0
    for _ in range(2):
        hands.click(x + 60, y)
    assert viewer.controller.state.view.aside_em is None and viewer.view.widget.frame.x == before


def measure(hands: Hands, viewer: ViewerWindow, scene: Scene) -> None:
    """Two clicks on the wall, whose distance is known, and one step back."""
    controller, frame = viewer.controller, viewer.view.widget.frame
    tool = next(one for one in viewer.toolbar._tools if one.name == "distance")
    x, y = _centre(tool.widget.frame)
    with hands.holding(x, y, button=3):
        pass
    assert controller.state.tool != "distance", "a right click used a tool"
    # Shorter than a frame.
    subprocess.run(["xdotool", "mousedown", "1", "mouseup", "1"], check=True)
    hands.until(lambda: controller.state.tool == "distance", "using a tool of the toolbar")
    left, right, y = frame.x + frame.width // 3, frame.x + 2 * frame.width // 3, frame.y + frame.height // 2
    hands.click(left, y)
    hands.click(right, y)
    (reading,) = controller.picture.readings
    zoom = min(frame.width / scene.photo.width, frame.height / scene.photo.height)
    true_m = (right - left) / zoom / scene.intrinsics.fx * WALL_M
    assert reading.value is not None and abs(reading.value - true_m) < 1e-3, (reading, true_m)
    hands.until(
        lambda: difference(hands.view(), as_photographed(scene, viewer)) > _OFF, "seeing what is measured"
    )
    hands.key("ctrl", "z")
    assert not controller.picture.readings
    hands.key("v")


def drag_slider(hands: Hands, viewer: ViewerWindow) -> None:
    """One drag with rests is one step of undo, and the view's keys work after it."""
    controller, frame = viewer.controller, viewer.panel.edge_slider.frame
    before = controller.state.layer
    assert before is not None
    y = frame.y + frame.height / 2
    with hands.holding(frame.x + 0.3 * frame.width, y):
        for share in (0.4, 0.5, 0.6):
            hands.move(frame.x + share * frame.width, y)
            hands.settle()  # longer than what ends a preview
    after = controller.state.layer
    assert after is not None and after.options.edge > before.options.edge + 0.01, after.options.edge
    hands.move(*_middle(viewer))
    grid = controller.state.view.grid
    hands.key("g")
    assert controller.state.view.grid is not grid, "keys are dead after a drag"
    hands.key("ctrl", "z")
    undone = controller.state.layer
    assert undone is not None and undone.options.edge == before.options.edge, undone.options.edge
    assert undone.options != after.options


def cut_and_find(hands: Hands, viewer: ViewerWindow) -> None:
    """The section's right limit is dragged to the middle; the command that removes it is found by its words."""
    (key,), controller = viewer.controller.picture.drawn, viewer.controller
    whole = len(controller.picture.drawn[key].points)
    frame = viewer.panel.section.sliders[0][1].frame
    y = frame.y + frame.height / 2
    hands.drag((frame.x + 0.96 * frame.width, y), (frame.x + 0.5 * frame.width, y), moves=4)
    hands.until(
        lambda: 0.2 * whole < len(controller.picture.drawn[key].points) < 0.8 * whole, "half of the scene"
    )
    hands.move(*_middle(viewer))
    hands.key("slash")
    hands.until(lambda: viewer.dialogs.is_open, "being asked for a command")
    for letter in "uncut":
        hands.key(letter)
    for name in ("Down", "Up"):
        hands.key(name)
    hands.key("Return")
    hands.until(lambda: not viewer.dialogs.is_open, "running the command")
    assert controller.state.view.section == EVERYTHING, "another command was found"
    hands.until(lambda: len(controller.picture.drawn[key].points) == whole, "the whole scene")


def export(hands: Hands, viewer: ViewerWindow, path: Path) -> None:
    """Through both dialogs, into the folder of what was opened."""
    hands.key("ctrl", "e")
    hands.key("Return")
    hands.click(*_FILE_NAME_PX)
    for letter in path.stem:
        hands.key(letter)
    hands.click(*_SAVE_PX)
    hands.until(path.exists, "exporting")
    hands.settle()
    assert not viewer.dialogs.is_open


def as_photographed(scene: Scene, viewer: ViewerWindow) -> Picture:
    """What the view has to show through the photo's camera: the photo, as large as it fits, in the middle."""
    width, height = (int(side) for side in viewer.view.size)
    photo = scene.photo
    zoom = min(width / photo.width, height / photo.height)
    size = round(photo.width * zoom), round(photo.height * zoom)
    made = Image.fromarray(backdrop(width, height, palette(viewer.controller.state.view.dark)))
    resized = Image.fromarray(photo.rgb).resize(size, Image.Resampling.BILINEAR)
    made.paste(resized, ((width - size[0]) // 2, (height - size[1]) // 2))
    return np.asarray(made)


def _middle(viewer: ViewerWindow) -> tuple[float, float]:
    return _centre(viewer.view.widget.frame)


def _centre(frame: Any) -> tuple[float, float]:
    return frame.x + frame.width / 2, frame.y + frame.height / 2


if __name__ == "__main__":
    main(Path(sys.argv[1]))
