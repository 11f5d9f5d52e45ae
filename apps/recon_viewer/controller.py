"""The viewer without its window: state, history, jobs, and what each action does. Tested without a display."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from recon.errors import ReconError
from recon.options import Options
from recon.render.style import COLOURS
from recon.render.view_camera import ViewCamera
from recon.scene import Scene
from recon_viewer.background import outputs
from recon_viewer.background.jobs import Job, Latest
from recon_viewer.background.open_files import Opening
from recon_viewer.background.save_tasks import Errands
from recon_viewer.drawing.frame import Painter, Picture
from recon_viewer.model import commands, settings
from recon_viewer.model.crop_rectangle import Position, seen_inside
from recon_viewer.model.history import History
from recon_viewer.model.measurements import Reading, as_text
from recon_viewer.model.settings import Settings
from recon_viewer.model.state import TOOLS, Layer, Measured, Pick, State, Tool

_SETTLED_S = 0.25
"""So long after a slider's last move the whole scene follows its preview; the drag may go on after a rest."""


@dataclass(frozen=True)
class _Request:
    state: State
    preview: bool


class Controller:
    """Holds everything; ``tick`` is called many times a second and never waits."""

    def __init__(self, remembered: Settings | None = None, config: Path | None = None) -> None:
        self.settings = remembered or Settings()
        self._config = config
        self.history = History(State(view=self.settings.view))
        self.picture = Picture(self.history.now, False)
        self.message = ""
        """One line for the user: what was done, or why not."""
        self.is_problem = False
        self.problems: list[str] = []
        """Errors that want a window of their own, to be taken by it."""
        painter = Painter()
        self._painter: Latest[_Request, Picture] = Latest(
            lambda asked: painter.paint(asked.state, preview=asked.preview)
        )
        self._settle_at: float | None = None
        self._opening = Opening(self)
        self.errands = Errands(self)
        """What is taken away: files, films, Blender."""

    @property
    def state(self) -> State:
        """What is now."""
        return self.history.now

    @property
    def job(self) -> Job | None:
        """What is being opened."""
        return self._opening.job

    @property
    def scene(self) -> Scene | None:
        """The active layer's, as it is shown now."""
        return None if self.state.active is None else self.picture.scenes.get(self.state.active)

    @property
    def readings(self) -> tuple[Reading, ...]:
        """What is measured, as it is shown now."""
        return tuple(self.picture.readings)

    @property
    def idle(self) -> bool:
        """Whether nothing is going on."""
        return (
            self.job is None
            and not self._opening.waiting
            and self._settle_at is None
            and self._painter.idle
            and self.errands.idle
        )

    def tick(self) -> bool:
        """Takes in what the workers have done; True where something changed."""
        changed = self._opening.poll()
        changed = self.errands.take() or changed
        if self._settle_at is not None and time.monotonic() > self._settle_at:
            self._settle_at = None
            self._repaint()
        painted = self._painter.take()
        if painted is not None:
            changed = True
            self._adopt(painted)
        return changed

    def open(self, path: Path, options: Options | None = None) -> None:
        """Opens a file as one more layer, after what is being opened now."""
        self._opening.open(path, options)

    def add_scene(self, scene: Scene, name: str, source: Path | None = None) -> None:
        """Shows a scene that is there already."""
        self.do(lambda state: commands.add_scene(state, scene, name=name, source=source))

    def do(self, command: Callable[[State], State], *, coalesce: str | None = None) -> bool:
        """Runs a command; what it refuses is told and changes nothing.

        Args:
            command: From ``recon_viewer.model.commands``.
            coalesce: The slider's name while it is dragged: one step of undo until ``let_go``, and a preview until it
                rests.
        """
        try:
            state = command(self.state)
        except ReconError as error:
            self.say(str(error), problem=True)
            return False
        self.history.do(state, coalesce=coalesce)
        self._settle_at = None if coalesce is None else time.monotonic() + _SETTLED_S
        self._repaint(preview=coalesce is not None)
        return True

    def let_go(self) -> None:
        """No slider is being dragged: the next drag is a step of undo of its own."""
        self.history.settle()

    def view(self, **changes: Any) -> None:
        """Shows it in another way; no step of undo."""
        self.history.show(commands.set_view(self.state, **changes))
        self._repaint()

    def use(self, tool: Tool) -> None:
        """What a click does from now on."""
        self.history.show(commands.set_tool(self.state, tool))
        self._repaint()

    def pick(self, picked: Pick) -> None:
        """A click on a point."""
        before = len(self.state.measured)
        try:
            state = commands.pick(self.state, picked)
        except ReconError as error:
            self.say(str(error), problem=True)
            return
        if len(state.measured) > before:
            self.history.do(state)
        else:
            self.history.show(state)
        self._repaint()

    def state_length(self, metres: float, sigma_m: float) -> bool:
        """Rescales by the two picks of the tool "known length"."""
        picks = self.state.pending
        if len(picks) != 2:
            self.say("click the two ends of the known length first", problem=True)
            return False

        def stated(state: State) -> State:
            state = commands.add_length(state, commands.length_of(picks, metres, sigma_m))
            measured = (*state.measured, Measured("distance", picks))
            return replace(state, pending=(), measured=measured)

        return self.do(stated)

    def crop_to(self, camera: ViewCamera, size: Position, a: Position, b: Position) -> None:
        """Keeps of the active layer what the view shows between two corners, px from its top-left corner."""
        scene = self.scene
        if scene is None:
            self.say("only a scene with its photo can be cropped", problem=True)
            return
        kept = seen_inside(scene, self.picture.world_T_cam, camera, size, a, b)
        if self.do(lambda state: commands.keep_pixels(state, kept)):
            self.use("look")
            self.say(f"{int(kept.sum()):,} pixels kept; Ctrl+Z takes it back")

    def act(self, name: str) -> bool:
        """An action of the menu that needs no dialog; False where it is none of these."""
        view = self.state.view
        switches = ("grid", "axes", "frustum", "labels", "pictures", "panel", "dark")
        if name in switches:
            self.view(**{name: not getattr(view, name)})
        elif name in ("cloud", "mesh", "wireframe"):
            self.view(shown_as=name)
        elif name == "colours":
            self.view(colours=COLOURS[(COLOURS.index(view.colours) + 1) % len(COLOURS)])
        elif name in ("bigger", "smaller"):
            step = 1 if name == "bigger" else -1
            self.view(point_size_px=min(max(view.point_size_px + step, 1.0), 12.0))
        elif name in TOOLS:
            self.use(name)
        elif name in ("undo", "redo"):
            self._step(name)
        elif name == "finish":
            self._finish()
        elif name == "cancel":
            self.cancel()
        elif name == "clear":
            self.do(commands.clear_measured)
        elif name == "forget-lengths":
            self.do(commands.remove_lengths)
        elif name == "close-layer":
            key = self.state.active
            if key is not None:
                self.do(lambda state: commands.remove_layer(state, key))
        elif name == "copy":
            self._copy()
        else:
            return False
        return True

    def cancel(self) -> None:
        """Stops what is being opened; or drops the unfinished measurement; or gives up the film."""
        if self._opening.cancel():
            return
        if self.state.pending:
            self.history.show(replace(self.state, pending=()))
            self._repaint()
        elif not self.errands.give_up_film():
            self.use("look")

    def run_again(self, **changes: Any) -> None:
        """Another model or another camera on the photo of the active layer, as one more layer."""
        layer = self.state.layer
        try:
            options = commands.run_again_options(layer or Layer(0, "nothing"), **changes)
        except ReconError as error:
            self.say(str(error), problem=True)
            return
        assert layer is not None and layer.source is not None
        self.open(layer.source, options)

    def say(self, text: str, *, problem: bool = False, window: bool = False) -> None:
        """A line for the user; ``window``: and one that he has to close."""
        self.message, self.is_problem = text, problem
        if window:
            self.problems.append(text)

    def remember(self, path: Path) -> None:
        """A file that was opened goes into the list of recent ones."""
        self.settings = self.settings.with_recent(path)

    def close(self) -> None:
        """Ends every worker and remembers the settings."""
        self._opening.end()
        self._painter.end()
        self.errands.end()
        if self._config is not None:
            settings.save(replace(self.settings, view=self.state.view), self._config)

    def _step(self, name: str) -> None:
        done = self.history.undo() if name == "undo" else self.history.redo()
        self.say("" if done else f"there is nothing to {name}")
        self._repaint()

    def _finish(self) -> None:
        state = commands.finish(self.state)
        if len(state.measured) > len(self.state.measured):
            self.history.do(state)
        else:
            self.history.show(state)
        self._repaint()

    def _copy(self) -> None:
        readings = self.picture.readings
        if not readings:
            self.say("there is nothing to copy: measure something first")
            return
        try:
            outputs.copy_text(as_text(readings))
        except ReconError as error:
            self.say(str(error), problem=True)
            return
        self.say(f"{outputs.counted(readings)} copied")

    def _repaint(self, *, preview: bool = False) -> None:
        self._painter.ask(_Request(self.state, preview))

    def _adopt(self, painted: Picture) -> None:
        if painted.problem is None:
            self.picture = painted
            return
        self.say(painted.problem, problem=True, window=True)
        # The state that cannot be shown is taken back, so that what is shown and what is measured agree.
        if painted.state is self.state and self.history.undo():
            self.history.drop_redo()
            self._repaint()
