"""The desktop viewer's window: arranges the parts and passes events between them."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from recon.errors import ReconError
from recon.options import Options
from recon_viewer.background.quiet_renderer import quiet_renderer
from recon_viewer.background.screen_size import fitting, room_px
from recon_viewer.background.software_driver import draws_in_software
from recon_viewer.background.window_process import Start
from recon_viewer.controller import Controller
from recon_viewer.drawing.picture import Picture
from recon_viewer.model import settings
from recon_viewer.ui.parts import Parts
from recon_viewer.ui.redraws import Redraws

_CLOSING_S = 10.0
_SOFTWARE = (
    "No graphics card is used: the processor draws, and the view moves slowly. A graphics driver helps "
    "(`recon doctor` says more); Page saves the scene for a browser."
)
_ESCAPE_S = 0.8
"""Longer than the repeat delay of a held key, s."""


class ViewerWindow(Parts):
    """One window; ``run`` returns when it is closed."""

    def __init__(self, config: Path | None = None) -> None:
        """Opens the window; ``config``: file of the settings; None: do not save settings."""
        controller = _controller(config)
        remembered = controller.settings
        super().__init__(controller, fitting(remembered.width, remembered.height, room_px()))
        self.window.set_on_layout(self._lay_out)
        self.window.set_on_tick_event(self._tick)
        self.window.set_on_key(self.keys.in_window)
        self.window.set_on_close(self._closing)
        self._shown: Picture | None = None
        self._looked: tuple[int, ...] = ()
        self._redraws = Redraws(
            lambda: None if self._drops is None else self._drops.pointer(),
            lambda: bool(self.window.is_visible),
        )
        self._shown_drawing = False
        self._asked_to_close: float | None = None
        self.open = True
        if not remembered.knows_slow_drawing and draws_in_software():
            # Once per user: for as long as this window is open.
            self.status.notice = _SOFTWARE
            controller.settings = replace(remembered, knows_slow_drawing=True)

    def open_files(self, files: Sequence[tuple[Path, Options]], view: dict[str, Any]) -> None:
        """Opens files, with options for photos, after some fields of ``recon.render.style.View`` were changed."""
        if view:
            self.controller.view(**view)
        for path, options in files:
            self.controller.open(path, options)

    def run(self) -> None:
        """Runs until the window is closed. Errors in callbacks are shown in the window, which stays open."""
        try:
            while self.step():
                pass
        finally:
            # Also after Ctrl-C and SIGTERM: a process hangs at exit if its window is still open.
            self.close()

    def step(self) -> bool:
        """Runs one iteration of the event loop; returns False when the window is closed."""
        try:
            running = bool(self._app.run_one_tick())
            asked = self._asked_to_close
            # For Esc in a text field, Open3D only reports the release of the key.
            if self.open and asked is not None and time.monotonic() > asked + _ESCAPE_S:
                self._asked_to_close = None
                self.actions.act("quit")
            self.open = self.open and running
        except Exception as error:
            self._show_error(error)
        return self.open

    def _show_error(self, error: Exception) -> None:
        """Shows an error instead of closing the window, which would lose the measurements."""
        message = str(error)
        if not isinstance(error, ReconError):
            message = f"unexpected {type(error).__name__}: {error}; please report it"
        self.controller.say(message, problem=True, window=True)

    def close(self) -> None:
        """Stops the workers, closes the window, and waits for Open3D to finish, which would otherwise hang at
        exit."""
        frame = self.window.os_frame
        self.controller.settings = replace(self.controller.settings, width=frame.width, height=frame.height)
        self.files.end()
        if self._drops is not None:
            self._drops.close()
        self.controller.close()
        self.view.close()
        self.beside.second.close()
        self.open = False
        self.window.close()
        until = time.monotonic() + _CLOSING_S
        while self._app.run_one_tick() and time.monotonic() < until:
            pass

    def _closing(self) -> bool:
        # The user closes the window: stop the workers first, and ask about what is not saved.
        self._asked_to_close = time.monotonic()
        return not self.open

    def quit(self) -> None:
        """Closes the window after this iteration."""
        self.open = False

    def stay(self) -> None:
        """Cancels a request to close: Open3D requests it for Esc before reporting the key, but here Esc only
        cancels."""
        self._asked_to_close = None

    def _tick(self) -> bool:
        try:
            return self._update()
        except Exception as error:
            # Do not let exceptions pass through Open3D's frames.
            self._show_error(error)
            return True

    def _update(self) -> bool:
        controller = self.controller
        changed = controller.tick()
        for path in self._drops.poll() if self._drops is not None else ():
            controller.reopen(path)
        if controller.picture is not self._shown:
            self._adopt(controller.picture)
            changed = True
        if controller.is_drawing != self._shown_drawing:
            self._shown_drawing = controller.is_drawing
            self.window.set_needs_layout()
            changed = True
        moved, drawn = self._opens.tick(shows_scene=self._shows_scene)
        if moved:
            self.window.set_needs_layout()
        changed = changed or drawn
        if self.status.show(controller.message, is_problem=controller.is_problem):
            self.window.set_needs_layout()
            changed = True
        self.actions.show_problem()
        changed = self.glide.tick() or self.files.tick() or changed
        changed = self.view.tick() or self.beside.second.tick() or changed
        return self._redraws.tick(changed) or changed

    @property
    def _shows_scene(self) -> bool:
        """Whether a layer is drawn, not only opened."""
        return self._shown is not None and bool(self._shown.state.layers)

    def _adopt(self, picture: Picture) -> None:
        """Draws a new picture and moves the camera to a layer that was just opened."""
        before, self._shown = self._shown, picture
        self.beside.show(picture)
        shown = picture.state.view
        self.photos.show(picture.pictures if shown.pictures else None, dark=shown.dark)
        self.panel.show(picture)
        self.toolbar.show(picture.state)
        keys = tuple(layer.key for layer in picture.state.layers)
        if set(keys) - set(self._looked):
            first = not self._looked
            self.listen()
            self._looked = keys
            # Keep the camera for a second layer, for comparison with the first, unless that one is not shown with it.
            if first or set(picture.drawn) == {picture.state.active}:
                self.looks.look("photo-camera")
                self.glide.arm()
        elif not keys:
            self._looked = ()
        elif before is not None and before.world_T_cam.tobytes() != picture.world_T_cam.tobytes():
            self.looks.look("photo-camera")
        self.looks.turn_to_plan()
        if not picture.preview:
            self.glide.start()
        self.window.title = "recon" + (f": {picture.state.layer.name}" if picture.state.layer else "")
        self.window.set_needs_layout()

    def _lay_out(self, context: Any) -> None:
        shows_scene = self._shows_scene
        self.arrangement.lay_out(empty=not shows_scene, opens=self._opens.is_first(shows_scene=shows_scene))


def _controller(config: Path | None) -> Controller:
    """With the settings of a file, and a problem with it in a sentence."""
    remembered, problem = (settings.Settings(), None) if config is None else settings.load(config)
    made = Controller(remembered, config)
    if problem is not None:
        made.say(problem, problem=True)
    return made


def show(start: Start) -> None:
    """Opens the window in this process, and returns when it is closed."""
    with quiet_renderer():
        viewer = ViewerWindow(start.config)
        viewer.open_files(start.files, start.view)
        viewer.run()
