"""Background tasks that write files, render films or open Blender, each in its own thread."""

import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from recon.errors import ReconError
from recon.options import Shape
from recon.render.camera_paths import PathName
from recon.scene_file import SUFFIX
from recon.temporary_folders import process_folder
from recon_viewer.background import outputs
from recon_viewer.background.host import Host
from recon_viewer.model import scene_metadata


class SaveTasks:
    """Tasks that are started and polled by the controller's thread."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._say = host.say
        self._busy: list[threading.Thread] = []
        self._reports: list[Callable[[], None]] = []
        self._filming: threading.Event | None = None
        """Set to cancel the film, and when it is finished."""
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    @property
    def idle(self) -> bool:
        """Whether no task is running and no result is pending."""
        return not self._reports and not any(thread.is_alive() for thread in self._busy)

    def take(self) -> bool:
        """Reports finished tasks to the user; returns whether there were any."""
        any_finished = bool(self._reports)
        while self._reports:
            self._reports.pop(0)()
        return any_finished

    def cancel_film(self) -> bool:
        """Cancels the film; returns whether one was being rendered."""
        if self._filming is None or self._filming.is_set():
            return False
        self._filming.set()
        return True

    def end(self) -> None:
        """Waits for files that are being written; a film is cancelled."""
        self.cancel_film()
        for thread in self._busy:
            thread.join()
        if self._folder is not None:
            self._folder.cleanup()

    def export(self, path: Path, shape: Shape | None = None, changes: dict[str, Any] | None = None) -> None:
        """Writes the active layer in the background; a scene file also stores the measurements and the view.

        Args:
            path: The file; its suffix determines the format.
            shape: For formats that support both; None for the format's default.
            changes: Options that differ from the current ones: axes, number of triangles, ...
        """
        scene = self._host.scene
        if scene is None:
            self._say(
                "there is no scene to export: a file with only geometry cannot be exported", problem=True
            )
            return
        try:
            scene = scene.with_options(replace(scene.options, **(changes or {})))
        except ValueError as error:
            self._say(str(error), problem=True, window=True)
            return
        saved = (
            scene_metadata.with_viewer(scene, self._host.state) if path.suffix.lower() == SUFFIX else scene
        )
        state = self._host.state

        def done() -> None:
            # Other formats hold no measurements, and no depth to go on with.
            if path.suffix.lower() == SUFFIX and state.layer is not None:
                of_layer = [one for one in state.measured if one.picks[0].layer == state.active]
                self._host.mark_saved(state.layer, *of_layer)

        self.in_background(
            f"Writing {path.name}", lambda: "written " + outputs.export(saved, path, shape), done
        )

    def save_csv(self, path: Path) -> None:
        """Writes the measurements."""
        readings = self._host.readings
        self.in_background(f"Writing {path.name}", lambda: "written " + outputs.save_csv(readings, path))

    def open_in_blender(self) -> None:
        """Opens the active layer in Blender."""
        scene = self._host.scene
        if scene is None:
            self._say("there is no scene to open in Blender", problem=True)
            return
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="blender-", dir=process_folder())
        folder = Path(self._folder.name)

        def opened() -> str:
            outputs.open_in_blender(scene, folder)
            return "Blender is starting"

        self.in_background("Exporting for Blender", opened)

    def film(self, path: Path, way: PathName) -> None:
        """Writes a film along one of ``outputs.FILM_PATHS`` in the background."""
        scene = self._host.scene
        if scene is None:
            self._say("there is no scene to film", problem=True)
            return
        if self._filming is not None and not self._filming.is_set():
            self._say(
                "a film is already being rendered: wait for it, or press Esc to cancel it", problem=True
            )
            return
        stop = self._filming = threading.Event()
        doing, at = f"Rendering {path.name} (Esc cancels)", f"Rendering {path.name}: frame"

        def say_frame(done: int, count: int) -> None:
            # Not in place of what was said about something else meanwhile.
            if self._host.message.startswith((doing, at)):
                self._say(f"{at} {done} of {count} (Esc cancels)")

        def progress(done: int, count: int) -> None:
            self._reports.append(partial(say_frame, done, count))

        def filmed() -> str:
            try:
                return outputs.film(scene, path, way, stop, progress)
            finally:
                stop.set()

        self.in_background(doing, filmed)

    def in_background(
        self, doing: str, work: Callable[[], str], then: Callable[[], None] = lambda: None
    ) -> None:
        """Runs work that returns one line for the user; errors are shown in the window.

        Args:
            doing: For the user.
            work: Runs in a thread of its own.
            then: Runs in the controller's thread after success.
        """
        self._say(f"{doing} ...")

        def run() -> None:
            try:
                text, problem = work(), False
            except ReconError as error:
                text, problem = str(error), True
            except (OSError, MemoryError) as error:
                text, problem = f"{doing} failed: {error or 'not enough memory'}", True

            def report() -> None:
                self._say(text, problem=problem, window=problem)
                if not problem:
                    then()

            self._reports.append(report)

        # Not a daemon, so that files are completed before the viewer exits.
        thread = threading.Thread(target=run, name=doing)
        self._busy = [one for one in self._busy if one.is_alive()] + [thread]
        thread.start()
