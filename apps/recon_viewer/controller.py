"""The viewer's logic without a window: state, history, jobs and actions. Tested without a display."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.constraints import LengthBetween
from recon.errors import ReconError
from recon.options import Options
from recon.render.style import COLOURS, EVERYTHING, UP, Section
from recon.render.view_camera import ViewCamera
from recon.scene import Scene
from recon_viewer.background import outputs
from recon_viewer.background.hand_over import Handed, Shown
from recon_viewer.background.jobs import Job, Latest
from recon_viewer.background.open_files import Opening
from recon_viewer.background.save_tasks import SaveTasks
from recon_viewer.drawing.frame import Painter
from recon_viewer.drawing.picture import Picture
from recon_viewer.drawing.section import pixels_inside
from recon_viewer.model import commands, settings
from recon_viewer.model.crop_rectangle import Position, seen_inside
from recon_viewer.model.history import History
from recon_viewer.model.known_sizes import known_size
from recon_viewer.model.measurements import Reading, as_text
from recon_viewer.model.pasted import pasted_paths
from recon_viewer.model.same_photo import is_elsewhere
from recon_viewer.model.scale_change import scale_change
from recon_viewer.model.settings import Settings
from recon_viewer.model.state import TOOLS, Layer, Measured, Pick, State, Tool

_SETTLED_S = 0.25
"""Delay after a slider's last move before the full scene replaces its preview, s; the drag may continue."""

_BELOW_CEILING_M = 0.1
_PAINTING_S = 0.01
_NO_PHOTO = "only a scene with its photo can be cropped"


@dataclass(frozen=True)
class Problem:
    """What is shown in a dialog."""

    text: str
    doubted: State | None = None
    """The state that the user may want to undo; None: nothing to undo."""


@dataclass(frozen=True)
class _Request:
    state: State
    preview: bool
    few: bool


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
        painter = Painter()
        self._painter: Latest[_Request, Picture] = Latest(
            lambda asked: painter.paint(asked.state, preview=asked.preview, few=asked.few)
        )
        self._settle_at: float | None = None
        self._hides_ceiling = False
        """Whether the section was set by the view from above."""
        self._rescaling: tuple[State, Scene, LengthBetween] | None = None
        """The state with a new known length, the scene before it, and the length, until that state is drawn."""
        self._saved: tuple[Layer | Measured, ...] = ()
        self._opening = Opening(self)
        self.errands = SaveTasks(self)
        """Tasks that write files or start other programs: export, films, Blender."""

    @property
    def state(self) -> State:
        """The current state."""
        return self.history.now

    @property
    def job(self) -> Job | None:
        """The file being opened, or None."""
        return self._opening.job

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
        return (
            self.job is None
            and not self._opening.waiting
            and self._settle_at is None
            and self._painter.idle
            and self.errands.idle
        )

    @property
    def is_drawing(self) -> bool:
        """Whether the picture of the current state is still being computed."""
        return not self._painter.idle

    def tick(self) -> bool:
        """Collects the results of the workers; returns whether something changed."""
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
        """Opens a file as a new layer, after the file being opened now."""
        self._opening.open(path, options)

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
        try:
            state = command(self.state)
        except ReconError as error:
            self.say(str(error), problem=True)
            return False
        # A new layer is shown by some of its pixels first, since all of them take seconds.
        opened = len(state.layers) > len(self.state.layers)
        before = self.state
        self.history.do(state, coalesce=coalesce)
        self._uncut_elsewhere(before)
        self._settle_at = None if coalesce is None else time.monotonic() + _SETTLED_S
        self._repaint(preview=opened or coalesce is not None)
        return True

    def let_go(self) -> None:
        """Ends dragging a slider: the next drag is a separate undo step."""
        self.history.settle()

    def view(self, **changes: Any) -> None:
        """Changes display settings, without an undo step."""
        self.history.show(commands.set_view(self.state, **changes))
        self._repaint()

    def look_from(self, name: str) -> None:
        """Shows the floor plan in the view from above, without the ceiling, which would hide the rest."""
        if self.state.view.plan is not (name == "top"):
            self.view(plan=name == "top")
        ceiling_m, section = self.picture.ceiling_m, self.state.view.section
        if name == "top" and ceiling_m is not None and section.high[UP] is None:
            self._hides_ceiling = True
            self.view(section=section.limited(UP, "high", ceiling_m - _BELOW_CEILING_M))
            self.say("the ceiling is hidden in this view")
        elif name != "top" and self._hides_ceiling:
            self._hides_ceiling = False
            self.view(section=section.limited(UP, "high", None))
            self.say("")

    def section(self, section: Section, *, dragged: bool = False) -> None:
        """Shows nothing outside of a box; while it is ``dragged``, with what is drawn while the camera moves."""
        self._forget_ceiling()
        self.history.show(commands.set_view(self.state, section=section))
        self._settle_at = time.monotonic() + _SETTLED_S if dragged else None
        self._repaint(few=dragged)

    def _cut_ceiling(self) -> None:
        section, ceiling_m = self.state.view.section, self.picture.ceiling_m
        if section.high[UP] is not None and not self._hides_ceiling:
            self.section(section.limited(UP, "high", None))
        elif ceiling_m is None:
            self.say("no ceiling was found: drag the upper limit of the height in Section", problem=True)
        else:
            self.section(section.limited(UP, "high", ceiling_m - _BELOW_CEILING_M))

    def _crop_to_section(self) -> None:
        scene, section, picture = self.scene, self.state.view.section, self.picture
        if scene is None:
            self.say(_NO_PHOTO, problem=True)
            return
        if section == EVERYTHING:
            self.say("there is nothing to crop: set limits in Section first", problem=True)
            return
        kept = pixels_inside(scene, picture.section_T_world @ picture.world_T_cam, section)
        if not kept.any():
            self.say("nothing of the active layer is in the section: move its limits", problem=True)
        elif self.do(lambda state: commands.keep_pixels(state, kept)):
            self.section(EVERYTHING)
            self._say_kept(kept)

    def use(self, tool: Tool) -> None:
        """Selects the tool for clicks."""
        self.history.show(commands.set_tool(self.state, tool))
        self._repaint()

    def pick(self, picked: Pick) -> None:
        """Handles a click on a point."""
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

    def state_known(self, text: str) -> bool:
        """Rescales by the picks of the current tool and the size that was typed; returns whether it was accepted."""
        picks, tool = self.state.pending, self.state.tool
        try:
            known = known_size(tool, picks, text)
        except ReconError as error:
            self.say(str(error), problem=True)
            return False

        def stated(state: State) -> State:
            state = replace(commands.add_known(state, known), pending=())
            length = Measured("distance", picks)
            if tool != "known length" or any(one.picks == picks for one in state.measured):
                return state
            return replace(state, measured=(*state.measured, length))

        before = None if self.picture.preview else self.scene
        if not self.do(stated):
            return False
        self.say("known size added: see Scale in the controls")
        if before is not None and isinstance(known, LengthBetween):
            self._rescaling = (self.state, before, known)
        return True

    def crop_to(self, camera: ViewCamera, size: Position, a: Position, b: Position) -> None:
        """Crops the active layer to a rectangle of the view, given by two corners, px from its top-left corner."""
        scene = self.scene
        if scene is None:
            self.say(_NO_PHOTO, problem=True)
            return
        kept = seen_inside(scene, self.picture.world_T_cam, camera, size, a, b)
        if self.do(lambda state: commands.keep_pixels(state, kept)):
            self.use("look")
            self._say_kept(kept)

    def _say_kept(self, kept: NDArray[np.bool_]) -> None:
        self.say(f"{int(kept.sum()):,} pixels kept; Ctrl+Z undoes it")

    def act(self, name: str) -> bool:
        """Performs a menu action that needs no dialog; returns False for other actions."""
        view = self.state.view
        switches = ("grid", "axes", "frustum", "labels", "pictures", "swapped", "beside", "panel", "dark")
        if name in switches:
            self.view(**{name: not getattr(view, name)})
        elif name in ("cloud", "mesh", "wireframe"):
            self.view(shown_as=name)
        elif name == "depth-colours":
            self.view(colours="photo" if view.colours == "depth" else "depth")
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
        elif name == "cut-ceiling":
            self._cut_ceiling()
        elif name == "whole":
            self.section(EVERYTHING)
        elif name == "crop-section":
            self._crop_to_section()
        elif name == "clear":
            self.do(commands.clear_measured)
        elif name == "forget-known":
            self.do(commands.remove_known)
        elif name == "close-layer":
            key = self.state.active
            if key is not None:
                self.do(lambda state: commands.remove_layer(state, key))
        elif name == "copy":
            self._copy()
        elif name == "paste":
            self._paste()
        else:
            return False
        return True

    def cancel(self) -> None:
        """Cancels opening a file, an unfinished measurement, or a film, whichever comes first."""
        if self._opening.cancel():
            return
        if self.state.pending:
            self.history.show(replace(self.state, pending=()))
            self._repaint()
        elif not self.errands.cancel_film():
            self.use("look")

    def run_again(self, **changes: Any) -> None:
        """Re-runs a model on the photo of the active layer with other options, as a new layer."""
        layer = self.state.layer
        try:
            options = commands.run_again_options(layer or Layer(0, "nothing"), **changes)
        except ReconError as error:
            self.say(str(error), problem=True)
            return
        assert layer is not None and layer.source is not None
        self.open(layer.source, options)

    def say(
        self, text: str, *, problem: bool = False, window: bool = False, doubted: State | None = None
    ) -> None:
        """Shows a message; ``window``: also in a dialog, which offers to undo the step to the state ``doubted``."""
        self.message, self.is_problem = text, problem
        if window:
            self.problems.append(Problem(text, doubted))

    def can_undo(self, problem: Problem) -> bool:
        """Whether undoing takes back what the problem is about: nothing was changed since."""
        doubted, now = problem.doubted, self.state
        return doubted is not None and doubted.layers is now.layers and doubted.measured is now.measured

    def remember(self, path: Path, depth: Path | None = None) -> None:
        """Adds an opened file, and the depth file that it was opened with, to the list of recent files."""
        self.settings = self.settings.with_recent(path, depth)

    def reopen(self, path: Path) -> None:
        """Opens a recent file as it was opened before, with its measured depth."""
        self.open(path, self.settings.options_of(path))

    def mark_saved(self, *work: Layer | Measured) -> None:
        """These layers and measurements are in a file: they are not lost on quitting."""
        self._saved += work

    @property
    def unsaved(self) -> str | None:
        """What would be lost on quitting, for people; None: nothing."""
        layers = [one for one in self.state.layers if one.is_changed and one not in self._saved]
        measured = [one for one in self.state.measured if one not in self._saved]
        lost = [
            "" if not measured else outputs.counted(measured),
            "" if not layers else "the changes of " + ", ".join(layer.name for layer in layers),
        ]
        return " and ".join(filter(None, lost)) or None

    def hand_over(
        self,
        camera: ViewCamera,
        frame: tuple[int, int, int, int],
        groups: Mapping[str, bool],
        notice: str = "",
    ) -> Handed:
        """What another process needs to go on; to be asked for when ``idle``."""
        return Handed(
            self.history,
            self.history.now,
            self._saved,
            self.settings,
            self._config,
            self._hides_ceiling,
            Shown(camera, frame, self.message, self.is_problem, groups, notice),
        )

    def resume(self, handed: Handed) -> None:
        """Takes over what another process held, and returns when it is painted."""
        self.history, self._saved, self.settings = handed.history, handed.saved, handed.settings
        self._hides_ceiling = handed.hides_ceiling
        self._repaint()
        while not self.idle:
            self.tick()
            time.sleep(_PAINTING_S)

    def close(self) -> None:
        """Stops all workers and saves the settings."""
        self._opening.end()
        self._painter.end()
        self.errands.end()
        if self._config is not None:
            settings.save(replace(self.settings, view=self.state.view), self._config)

    def _forget_ceiling(self) -> None:
        """The limit of the view from above is no more."""
        if self._hides_ceiling:
            self._hides_ceiling = False
            self.say("")

    def _uncut_elsewhere(self, before: State) -> None:
        """Removes the limits of a section of another photo, which might hide all of this one."""
        if self.state.view.section == EVERYTHING or not is_elsewhere(before, self.state):
            return
        self.history.show(commands.set_view(self.state, section=EVERYTHING))
        self._forget_ceiling()

    def _step(self, name: str) -> None:
        before = self.state
        done = self.history.undo() if name == "undo" else self.history.redo()
        self.say("" if done else f"nothing to {name}")
        self._uncut_elsewhere(before)
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
            self.say("nothing to copy: measure something first")
            return
        try:
            outputs.copy_text(as_text(readings))
        except ReconError as error:
            self.say(str(error), problem=True)
            return
        self.say(f"{outputs.counted(readings)} copied")

    def _paste(self) -> None:
        try:
            paths = pasted_paths(outputs.pasted_text())
        except ReconError as error:
            self.say(str(error), problem=True)
            return
        if not paths:
            self.say(
                "the clipboard names no file: copy files or their full paths, then press Ctrl+V", problem=True
            )
        for path in paths:
            self.reopen(path)

    def _repaint(self, *, preview: bool = False, few: bool = False) -> None:
        self._painter.ask(_Request(self.state, preview, few))

    def _say_rescaled(self, painted: Picture) -> None:
        if self._rescaling is None:
            return
        if self.state.layers is not self._rescaling[0].layers:
            # Undone or changed before it was drawn: nothing to say, and no scene to keep.
            self._rescaling = None
            return
        if painted.preview or painted.state.layers is not self.state.layers:
            return
        (stated, before, known), self._rescaling = self._rescaling, None
        if self.scene is None:
            return
        change = scale_change(before, self.scene, known)
        if change is not None:
            doubtful = change.doubtful
            self.say(change.text, problem=doubtful, window=doubtful, doubted=stated if doubtful else None)

    def _adopt(self, painted: Picture) -> None:
        if painted.problem is None:
            self.picture = painted
            self._say_rescaled(painted)
            if painted.preview and painted.state is self.state and self._settle_at is None:
                self._repaint()
            return
        self.say(painted.problem, problem=True, window=True)
        # Undo a state that cannot be displayed, so that display and measurements agree.
        if painted.state is self.state and self.history.undo():
            self.history.drop_redo()
            self._uncut_elsewhere(painted.state)
            self._repaint()
