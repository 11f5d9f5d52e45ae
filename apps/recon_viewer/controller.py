"""The viewer without its window: state, history, jobs, and what each action does. Tested without a display."""

import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from recon.errors import ReconError
from recon.options import Options, Shape
from recon.scene import Scene
from recon.scenefile import SUFFIX
from recon_viewer import commands, keeping, settings, taking
from recon_viewer.history import History
from recon_viewer.jobs import Job, Latest
from recon_viewer.measuring import as_text
from recon_viewer.picture import Painter, Picture
from recon_viewer.settings import Settings
from recon_viewer.state import COLOURS, TOOLS, Layer, Measured, Pick, State, Tool

_SETTLED_S = 0.25
"""So long after a slider's last move the whole scene follows its preview."""


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
        self.job: Job | None = None
        self.waiting: list[tuple[Path, Options | None]] = []
        """To be opened after the present job."""
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
        self._busy: list[threading.Thread] = []
        self._filming: threading.Event | None = None
        """Set to give the film up, and when it is done."""
        self._tasks_done: list[Callable[[], None]] = []
        self.folder = tempfile.TemporaryDirectory(prefix="recon-viewer-")

    @property
    def state(self) -> State:
        """What is now."""
        return self.history.now

    @property
    def scene(self) -> Scene | None:
        """The active layer's, as it is shown now."""
        return None if self.state.active is None else self.picture.scenes.get(self.state.active)

    @property
    def idle(self) -> bool:
        """Whether nothing is going on."""
        return (
            self.job is None
            and not self.waiting
            and self._settle_at is None
            and self._painter.idle
            and not any(thread.is_alive() for thread in self._busy)
            and not self._tasks_done
        )

    def tick(self) -> bool:
        """Takes in what the workers have done; True where something changed."""
        changed = self._poll_job()
        while self._tasks_done:
            self._tasks_done.pop(0)()
            changed = True
        if self._settle_at is not None and time.monotonic() > self._settle_at:
            self._settle_at = None
            self.history.settle()
            self._repaint()
        painted = self._painter.take()
        if painted is not None:
            changed = True
            self._adopt(painted)
        return changed

    def open(self, path: Path, options: Options | None = None) -> None:
        """Opens a file as one more layer, after what is being opened now."""
        self.waiting.append((path, options))
        self._next_job()

    def add_scene(self, scene: Scene, name: str, source: Path | None = None) -> None:
        """Shows a scene that is there already."""
        self.do(lambda state: commands.add_scene(state, scene, name=name, source=source))

    def do(self, command: Callable[[State], State], *, coalesce: str | None = None) -> bool:
        """Runs a command; what it refuses is told and changes nothing.

        Args:
            command: From ``recon_viewer.commands``.
            coalesce: The slider's name while it is dragged: one step of undo, and a preview until it rests.
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
        if self.job is not None:
            self.job.cancel()
            self.waiting.clear()
        elif self.state.pending:
            self.history.show(replace(self.state, pending=()))
            self._repaint()
        elif self._filming is not None and not self._filming.is_set():
            self._filming.set()
        else:
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

    def export(self, path: Path, shape: Shape | None = None, changes: dict[str, Any] | None = None) -> None:
        """Writes the active layer, in the background; a scene file keeps the measurements and the view as well.

        Args:
            path: Its suffix is the format.
            shape: Where the format can hold both; None: the format's own.
            changes: Options other than those that are shown: axes, number of triangles, ...
        """
        scene = self.scene
        if scene is None:
            self.say(
                "there is no scene to export: a file that holds geometry alone stays as it is", problem=True
            )
            return
        try:
            scene = scene.with_options(replace(scene.options, **(changes or {})))
        except ValueError as error:
            self.say(str(error), problem=True, window=True)
            return
        kept = keeping.with_viewer(scene, self.state) if path.suffix.lower() == SUFFIX else scene
        self.in_background(f"Writing {path.name}", lambda: "written " + taking.export(kept, path, shape))

    def save_csv(self, path: Path) -> None:
        """Writes the measurements."""
        readings = self.picture.readings
        self.in_background(f"Writing {path.name}", lambda: "written " + taking.save_csv(readings, path))

    def open_in_blender(self) -> None:
        """Opens the active layer in Blender."""
        scene, folder = self.scene, Path(self.folder.name)
        if scene is None:
            self.say("there is no scene to open in Blender", problem=True)
            return

        def opened() -> str:
            taking.open_in_blender(scene, folder)
            return "Blender is starting"

        self.in_background("Exporting for Blender", opened)

    def film(self, path: Path, way: str) -> None:
        """Writes a film in which the camera goes one of ``taking.FILM_PATHS``, in the background."""
        scene = self.scene
        if scene is None:
            self.say("there is no scene to film", problem=True)
            return
        if self._filming is not None and not self._filming.is_set():
            self.say("a film is being rendered already: wait for it, or give it up with Esc", problem=True)
            return
        stop = self._filming = threading.Event()

        def filmed() -> str:
            try:
                return taking.film(scene, path, way, stop)
            finally:
                stop.set()

        self.in_background(f"Rendering {path.name} (Esc gives it up)", filmed)

    def in_background(self, doing: str, work: Callable[[], str]) -> None:
        """Runs work that returns a line for the user; what goes wrong is told in the window."""
        self.say(f"{doing} ...")

        def run() -> None:
            try:
                told, problem = work(), False
            except ReconError as error:
                told, problem = str(error), True
            except (OSError, MemoryError) as error:
                told, problem = f"{doing} failed: {error or 'not enough memory'}", True
            self._tasks_done.append(lambda: self.say(told, problem=problem, window=problem))

        # Not a daemon: what is being written is finished before the viewer ends.
        thread = threading.Thread(target=run, name=doing)
        self._busy = [one for one in self._busy if one.is_alive()] + [thread]
        thread.start()

    def say(self, text: str, *, problem: bool = False, window: bool = False) -> None:
        """A line for the user; ``window``: and one that he has to close."""
        self.message, self.is_problem = text, problem
        if window:
            self.problems.append(text)

    def close(self) -> None:
        """Ends every worker and remembers the settings."""
        if self.job is not None:
            self.job.cancel()
            self.job.wait(5.0)
        if self._filming is not None:
            self._filming.set()
        self._painter.end()
        for thread in self._busy:
            thread.join()
        if self._config is not None:
            settings.save(replace(self.settings, view=self.state.view), self._config)
        self.folder.cleanup()

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
            taking.copy_text(as_text(readings))
        except ReconError as error:
            self.say(str(error), problem=True)
            return
        self.say(f"{taking.counted(readings)} copied")

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

    def _next_job(self) -> None:
        if self.job is None and self.waiting:
            path, options = self.waiting.pop(0)
            self.job = Job(path, options)
            self.say(f"Opening {path.name}")

    def _poll_job(self) -> bool:
        job = self.job
        if job is None or not (job.poll() or job.cancelled):
            return False
        if not job.finished:
            return True
        self.job = None
        if job.cancelled:
            self.say(f"opening {job.path.name} was cancelled")
        elif job.problem is not None:
            self.say(job.problem, problem=True, window=True)
        else:
            self._show_opened(job)
        self._next_job()
        return True

    def _show_opened(self, job: Job) -> None:
        opened = job.opened
        assert opened is not None
        warnings = [note.text for note in job.notes if note.warning]
        self.say(f"opened {job.path.name}" + (f"; {warnings[-1]}" if warnings else ""))
        self.settings = self.settings.with_recent(job.path)
        name = self._name_of(opened.scene, job.path)
        if opened.scene is not None:
            self._add_saved(opened.scene, name, job.path.absolute())
        elif opened.geometry is not None:
            geometry = opened.geometry
            self.do(lambda s: commands.add_geometry(s, geometry, name=name, source=job.path.absolute()))

    def _add_saved(self, scene: Scene, name: str, source: Path) -> None:
        """With what was measured and how it was shown, where it was saved by the viewer."""
        scene, told = keeping.without_viewer(scene)
        first = not self.state.layers

        def added(state: State) -> State:
            state = commands.add_scene(state, scene, name=name, source=source)
            assert state.active is not None
            measured = keeping.measured_from(told, state.active)
            # A second scene is compared with the first, in the same colours.
            view = keeping.view_from(told, state.view) if first else state.view
            return replace(state, measured=(*state.measured, *measured), view=view)

        try:
            self.do(added)
        except ValueError as error:
            self.add_scene(scene, name, source)
            self.say(f"opened {name} without its measurements: {error}", problem=True)

    def _name_of(self, scene: Scene | None, path: Path) -> str:
        model = None if scene is None else (scene.provenance.get("model") or {}).get("name")
        name = path.name if model is None else f"{path.name} ({model})"
        taken = {layer.name for layer in self.state.layers}
        numbered = [name, *(f"{name} {count}" for count in range(2, len(taken) + 3))]
        return next(one for one in numbered if one not in taken)
