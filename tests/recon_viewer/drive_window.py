"""Drives a real window through its own callbacks; run by test_window.py in a separate process."""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import open3d

from recon.malloc_trim import trim_memory
from recon.render.style import COLOURS, SHOWN_AS
from recon.render.view_camera import Lens
from recon_viewer.drawing import widgets_view
from recon_viewer.drawing.screenshot import PictureChoice
from recon_viewer.model import commands
from recon_viewer.model.state import Measured, Pick
from recon_viewer.window import ViewerWindow


def nowhere(key: int) -> Pick:
    """Outside of the photo, so that it stays where it is."""
    return Pick(key, (-5.0, -5.0), (0.0, 0.0, 2.0))


def main(folder: Path) -> None:
    """Raises AssertionError where the window does not do what it should."""
    viewer = ViewerWindow()
    try:
        drive(viewer, folder)
    finally:
        # A process that leaves an open window behind hangs at its end.
        viewer.close()


def frames_hold_no_memory(viewer: ViewerWindow) -> None:
    """With the software driver of Mesa 22.3, each frame holds 2.2 MB for good unless Open3D computes no ambient
    occlusion for the widgets."""
    held_mb = []
    for _ in range(3):
        for _ in range(12):
            viewer.refresh()
            viewer.step()
            time.sleep(0.1)
        trim_memory()
        held_mb.append(int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6)
    # What the first frames need comes once.
    assert held_mb[2] - held_mb[1] < 12, held_mb
    scene = viewer.view.open3d_scene
    assert widgets_view.simplify_widgets_view(viewer.window, scene)
    # In another release, nothing is touched.
    open3d.__version__, version = "0.21.0", open3d.__version__
    assert not widgets_view.simplify_widgets_view(viewer.window, scene)
    open3d.__version__ = version


def drive(viewer: ViewerWindow, folder: Path) -> None:
    """Every way to draw, every form, every tool."""
    controller = viewer.controller

    def settle(seconds: float = 180.0) -> None:
        end = time.monotonic() + seconds
        while not controller.idle and time.monotonic() < end:
            viewer.step()
        for _ in range(5):
            viewer.step()
        assert controller.idle, "it did not come to rest"
        assert not controller.problems, controller.problems

    controller.open(folder / "scene.npz")
    settle()
    assert controller.state.layers, controller.message
    frames_hold_no_memory(viewer)
    for shown_as in SHOWN_AS:
        for colours in COLOURS:
            controller.view(shown_as=shown_as, colours=colours)
            settle()
    controller.view(shown_as="cloud", colours="photo", axes=True)
    for look in ("front", "top", "side", "fit", "photo-camera"):
        viewer.actions.act(look)
        settle()
        # Open3D draws the lines of a parallel view as much wider as its lens is narrower.
        drawn, (material, width_px) = viewer.view.camera.lens.fy, viewer.view.geometry.line_materials["lines"]
        assert (material.line_width < 0.1 * width_px) is (look == "top") is (drawn == Lens.parallel().fy), (
            look
        )
    viewer.actions.act("distance")
    settle()
    frame = viewer.view.widget.frame
    for x, y in ((0.4, 0.6), (0.6, 0.6)):
        viewer.linking.hover_view(frame.x + x * frame.width, frame.y + y * frame.height)
        viewer.linking.click_view(frame.x + x * frame.width, frame.y + y * frame.height, False)
        settle()
    (reading,) = controller.picture.readings
    assert reading.value is not None and reading.value > 0.1, reading
    # Two picks at one place: a box of size zero would crash the renderer if we did not prevent it.
    key = controller.state.active
    assert key is not None
    controller.do(
        lambda state: replace(state, measured=(Measured("distance", (nowhere(key), nowhere(key))),))
    )
    settle()
    controller.do(commands.clear_measured)
    viewer.linking.hover_photo((80.0, 60.0))
    viewer.linking.hover_photo(None)
    viewer.actions.files.save_picture(folder / "view.png", PictureChoice(320, 240, overlays=False))
    for form in ("export", "film", "screenshot", "crop", "run-again", "help"):
        viewer.actions.act(form)
        settle()
        if form != "run-again":  # of a scene file no model can be run
            assert viewer.dialogs.is_open, form
            viewer.dialogs.close()
    beside(viewer, folder, settle)
    controller.view(dark=False)
    viewer.actions.act("look")
    viewer.actions.act("photo-camera")
    settle()
    viewer.actions.act("rectangle")
    before = controller.picture.drawn[key].of_points
    frame = viewer.view.widget.frame
    corners = [
        (int(frame.x + share * frame.width), int(frame.y + share * frame.height)) for share in (0.3, 0.7)
    ]
    for done in (False, True):
        assert viewer.linking.rectangle(corners[0], corners[1], done)
        settle()
    assert 0 < controller.picture.drawn[key].of_points < before
    viewer.actions.act("undo")
    settle()
    assert controller.picture.drawn[key].of_points == before
    viewer.actions.act("help")
    settle()
    viewer.dialogs.close()
    viewer.actions.act("close-layer")
    settle()


def beside(viewer: ViewerWindow, folder: Path, settle: Callable[[], None]) -> None:
    """A second layer beside the first: one camera, and a click in its view is a point of it."""
    controller, second = viewer.controller, viewer.beside.second
    first_key = controller.state.layers[0].key
    controller.open(folder / "scene.npz")
    settle()
    key = controller.state.layers[1].key
    controller.do(lambda state: commands.activate(state, first_key))
    controller.act("beside")
    settle()
    assert second.widget.visible and second.layers.has(key) and not viewer.view.layers.has(key)
    for moved, other in ((viewer.view, second), (second, viewer.view)):
        moved.look(moved.camera.orbit(0.1, 0.05))
        assert other.camera == moved.camera
    viewer.actions.act("distance")
    frame = second.widget.frame
    viewer.beside.linking.click_view(frame.x + frame.width / 2, frame.y + frame.height / 2, False)
    assert [pick.layer for pick in controller.state.pending] == [key], controller.message
    viewer.actions.act("look")
    controller.act("beside")
    settle()
    assert not second.widget.visible and viewer.view.layers.has(key)
    controller.do(lambda state: commands.remove_layer(state, key))
    settle()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
