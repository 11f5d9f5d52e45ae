"""What is taken away from the viewer: written, rendered, handed to Blender, each in a thread of its own."""

import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from recon.errors import ReconError
from recon.options import Shape
from recon.render.camera_paths import PathName
from recon.scene_file import SUFFIX
from recon_viewer.background import outputs
from recon_viewer.background.host import Host
from recon_viewer.model import scene_metadata


class Errands:
    """Started by the controller's thread, which takes in what they have to tell."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._say = host.say
        self._busy: list[threading.Thread] = []
        self._told: list[Callable[[], None]] = []
        self._filming: threading.Event | None = None
        """Set to give the film up, and when it is done."""
        self._folder = tempfile.TemporaryDirectory(prefix="recon-viewer-")

    @property
    def idle(self) -> bool:
        """Whether none goes on, and none has something to tell."""
        return not self._told and not any(thread.is_alive() for thread in self._busy)

    def take(self) -> bool:
        """Tells the user what has ended; True where something has."""
        told = bool(self._told)
        while self._told:
            self._told.pop(0)()
        return told

    def give_up_film(self) -> bool:
        """True where one was being rendered."""
        if self._filming is None or self._filming.is_set():
            return False
        self._filming.set()
        return True

    def end(self) -> None:
        """Waits for what is being written; a film is given up."""
        self.give_up_film()
        for thread in self._busy:
            thread.join()
        self._folder.cleanup()

    def export(self, path: Path, shape: Shape | None = None, changes: dict[str, Any] | None = None) -> None:
        """Writes the active layer, in the background; a scene file keeps the measurements and the view as well.

        Args:
            path: Its suffix is the format.
            shape: Where the format can hold both; None: the format's own.
            changes: Options other than those that are shown: axes, number of triangles, ...
        """
        scene = self._host.scene
        if scene is None:
            self._say(
                "there is no scene to export: a file that holds geometry alone stays as it is", problem=True
            )
            return
        try:
            scene = scene.with_options(replace(scene.options, **(changes or {})))
        except ValueError as error:
            self._say(str(error), problem=True, window=True)
            return
        kept = scene_metadata.with_viewer(scene, self._host.state) if path.suffix.lower() == SUFFIX else scene
        self.in_background(f"Writing {path.name}", lambda: "written " + outputs.export(kept, path, shape))

    def save_csv(self, path: Path) -> None:
        """Writes the measurements."""
        readings = self._host.readings
        self.in_background(f"Writing {path.name}", lambda: "written " + outputs.save_csv(readings, path))

    def open_in_blender(self) -> None:
        """Opens the active layer in Blender."""
        scene, folder = self._host.scene, Path(self._folder.name)
        if scene is None:
            self._say("there is no scene to open in Blender", problem=True)
            return

        def opened() -> str:
            outputs.open_in_blender(scene, folder)
            return "Blender is starting"

        self.in_background("Exporting for Blender", opened)

    def film(self, path: Path, way: PathName) -> None:
        """Writes a film in which the camera goes one of ``outputs.FILM_PATHS``, in the background."""
        scene = self._host.scene
        if scene is None:
            self._say("there is no scene to film", problem=True)
            return
        if self._filming is not None and not self._filming.is_set():
            self._say("a film is being rendered already: wait for it, or give it up with Esc", problem=True)
            return
        stop = self._filming = threading.Event()

        def filmed() -> str:
            try:
                return outputs.film(scene, path, way, stop)
            finally:
                stop.set()

        self.in_background(f"Rendering {path.name} (Esc gives it up)", filmed)

    def in_background(self, doing: str, work: Callable[[], str]) -> None:
        """Runs work that returns a line for the user; what goes wrong is told in the window."""
        self._say(f"{doing} ...")

        def run() -> None:
            try:
                told, problem = work(), False
            except ReconError as error:
                told, problem = str(error), True
            except (OSError, MemoryError) as error:
                told, problem = f"{doing} failed: {error or 'not enough memory'}", True
            self._told.append(lambda: self._say(told, problem=problem, window=problem))

        # Not a daemon: what is being written is finished before the viewer ends.
        thread = threading.Thread(target=run, name=doing)
        self._busy = [one for one in self._busy if one.is_alive()] + [thread]
        thread.start()
