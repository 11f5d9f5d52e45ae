"""The viewer's logic without a window: state, history, jobs and actions. Tested without a display."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from recon.errors import ReconError
from recon.options import Options
from recon.scene import Scene
from recon_viewer.actions.by_name import actions_of
from recon_viewer.actions.rescaling import Rescaling
from recon_viewer.actions.section_limits import SectionLimits
from recon_viewer.background.jobs import Job
from recon_viewer.background.open_files import Opening
from recon_viewer.background.painting import Painting
from recon_viewer.background.save_tasks import SaveTasks
from recon_viewer.drawing.picture import Picture
from recon_viewer.model import commands, settings
from recon_viewer.model.history import History
from recon_viewer.model.measurements import Reading
from recon_viewer.model.problem import Problem
from recon_viewer.model.settings import Settings
from recon_viewer.model.state import Layer, Measured, Pick, State, Tool
from recon_viewer.model.unsaved import unsaved


class Controller:
    """Holds the state of the viewer; ``tick`` is called many times a second and never blocks."""

    def __init__(self, remembered: Settings | None = None, config: Path | None = None) -> None:
        self.settings = remembered or Settings()
        self._config = config
        self.history = History(State(view=self.settings.view))
        self.picture = Picture(self.history.now, False)
        self.message = ""
        """One line for the user: the result of the last action, or an error."""
        self.is_problem = False
        self.problems: list[Problem] = []
        """What to show in a dialog; the window removes them."""
        self._saved: tuple[Layer | Measured, ...] = ()
        self._painting = Painting()
        self.opening = Opening(self)
        self.section = SectionLimits(self)
        self.rescaling = Rescaling(self)
        self.errands = SaveTasks(self)
        """Tasks that write files or start other programs: export, films, Blender."""
        self._actions = actions_of(self, self.section)

    @property
    def state(self) -> State:
        """The current state."""
        return self.history.now

    @property
    def job(self) -> Job | None:
        """The file being opened, or None."""
        return self.opening.job

    @property
    def scene(self) -> Scene | None:
        """The scene of the active layer as displayed, or None."""
        return None if self.state.active is None else self.picture.scenes.get(self.state.active)

    @property
    def readings(self) -> tuple[Reading, ...]:
        """The measurements as displayed."""
        return tuple(self.picture.readings)

    @property
    def idle(self) -> bool:
        """Whether no work is in progress."""
        return self.opening.idle and self._painting.idle and self.errands.idle

    @property
    def is_drawing(self) -> bool:
        """Whether the picture of the current state is still being computed."""
        return self._painting.is_drawing

    @property
    def unsaved(self) -> str | None:
        """What would be lost on quitting, for people; None: nothing."""
        return unsaved(self.state, self._saved)

    def act(self, name: str) -> bool:
        """Performs one of the actions in ``recon_viewer.actions.by_name``; returns False for other names."""
        action = self._actions.get(name)
        if action is not None:
            action()
        return action is not None

    def tick(self) -> bool:
        """Collects the results of the workers; returns whether something changed."""
        changed = self.opening.poll()
        changed = self.errands.take() or changed
        painted = self._painting.take(self.state)
        if painted is not None:
            self._adopt(painted)
        return changed or painted is not None

    def open(self, path: Path, options: Options | None = None) -> None:
        """Opens a file as a new layer, after the file being opened now."""
        self.opening.open(path, options)

    def add_scene(self, scene: Scene, name: str, source: Path | None = None) -> None:
        """Adds an existing scene as a layer."""
        self.do(lambda state: commands.add_scene(state, scene, name=name, source=source))

    def do(self, command: Callable[[State], State], *, coalesce: str | None = None) -> bool:
        """Runs a command. If it is refused, shows the error and changes nothing.

        Args:
            command: From ``recon_viewer.model.commands``.
            coalesce: Name of a slider while it is dragged: one undo step until ``let_go``, and a preview until it
                rests.
        """
        before = self.state
        try:
            state = command(before)
        except ReconError as error:
            self.say(str(error), problem=True)
            return False
        self.history.do(self.section.of_shown_photo(before, state), coalesce=coalesce)
        # A new layer is shown by some of its pixels first, since all of them take seconds.
        opened, dragged = len(state.layers) > len(before.layers), coalesce is not None
        self._painting.ask(self.state, preview=opened or dragged, dragged=dragged)
        return True

    def let_go(self) -> None:
        """Ends dragging a slider: the next drag is a separate undo step."""
        self.history.settle()

    def step(self, way: Literal["undo", "redo"]) -> None:
        """Goes one step back or forward in the history."""
        before = self.state
        done = self.history.undo() if way == "undo" else self.history.redo()
        self.say("" if done else f"nothing to {way}")
        self.show(self.section.of_shown_photo(before, self.state))

    def show(self, state: State, *, few: bool = False, dragged: bool | None = None) -> None:
        """Sets a state without an undo step; ``few`` and ``dragged`` as for ``Painting.ask``."""
        self.history.show(state)
        self._painting.ask(state, few=few, dragged=dragged)

    def view(self, **changes: Any) -> None:
        """Changes display settings, without an undo step."""
        self.show(commands.set_view(self.state, **changes))

    def use(self, tool: Tool) -> None:
        """Selects the tool for clicks."""
        self.show(commands.set_tool(self.state, tool))

    def pick(self, picked: Pick) -> None:
        """Handles a click on a point."""
        try:
            self._show_measured(commands.pick(self.state, picked))
        except ReconError as error:
            self.say(str(error), problem=True)

    def finish(self) -> None:
        """Ends a polyline at its last point."""
        self._show_measured(commands.finish(self.state))

    def _show_measured(self, state: State) -> None:
        """Only a complete measurement is an undo step."""
        if len(state.measured) > len(self.state.measured):
            self.history.do(state)
        self.show(state)

    def cancel(self) -> None:
        """Cancels opening a file, an unfinished measurement, or a film, whichever comes first."""
        if self.opening.cancel():
            return
        if self.state.pending:
            self.show(replace(self.state, pending=()))
        elif not self.errands.cancel_film():
            self.use("look")

    def say(
        self, text: str, *, problem: bool = False, window: bool = False, doubted: State | None = None
    ) -> None:
        """Shows a message; ``window``: also in a dialog, which offers to undo the step to the state ``doubted``."""
        self.message, self.is_problem = text, problem
        if window:
            self.problems.append(Problem(text, doubted))

    def remember(self, path: Path, depth: Path | None = None) -> None:
        """Adds an opened file, and the depth file that it was opened with, to the list of recent files."""
        self.settings = self.settings.with_recent(path, depth)

    def reopen(self, path: Path) -> None:
        """Opens a recent file as it was opened before, with its measured depth."""
        self.open(path, self.settings.options_of(path))

    def mark_saved(self, *work: Layer | Measured) -> None:
        """These layers and measurements are in a file: they are not lost on quitting."""
        self._saved += work

    def close(self) -> None:
        """Stops all workers and saves the settings."""
        self.opening.end()
        self._painting.end()
        self.errands.end()
        if self._config is not None:
            settings.save(replace(self.settings, view=self.state.view), self._config)

    def _adopt(self, painted: Picture) -> None:
        if painted.problem is None:
            self.picture = painted
            self.rescaling.drawn(painted)
            return
        self.say(painted.problem, problem=True, window=True)
        # Undo a state that cannot be displayed, so that display and measurements agree.
        if painted.state is self.state and self.history.undo():
            self.history.drop_redo()
            self.show(self.section.of_shown_photo(painted.state, self.state))
