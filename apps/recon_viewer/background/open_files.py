"""Opens files in the viewer one after another, each read or reconstructed by a worker process."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from recon.errors import ReconError
from recon.options import Options
from recon.scene import Scene
from recon_viewer.background.host import Host
from recon_viewer.background.jobs import Job
from recon_viewer.model import commands, scene_metadata
from recon_viewer.model.state import Layer, State

_PATIENCE_S = 5.0


class Opening:
    """Opens files as layers."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.job: Job | None = None
        self.waiting: list[tuple[Path, Options | None]] = []
        """Files to open after the current job."""

    def open(self, path: Path, options: Options | None = None) -> None:
        """Opens a file as a new layer, after the files that are being opened."""
        self.waiting.append((path, options))
        self._next()

    def run_again(self, **changes: Any) -> None:
        """Re-runs a model on the photo of the active layer with other options, as a new layer."""
        layer = self._host.state.layer
        try:
            options = commands.run_again_options(layer or Layer(0, "nothing"), **changes)
        except ReconError as error:
            self._host.say(str(error), problem=True)
            return
        assert layer is not None and layer.source is not None
        self.open(layer.source, options)

    @property
    def idle(self) -> bool:
        """Whether no file is opened or waits."""
        return self.job is None and not self.waiting

    def cancel(self) -> bool:
        """Cancels the current job and the waiting ones; returns whether there was one."""
        if self.job is None:
            return False
        self.job.cancel()
        self.waiting.clear()
        return True

    def end(self) -> None:
        """Ends the worker."""
        if self.job is not None:
            self.job.cancel()
            self.job.wait(_PATIENCE_S)

    def poll(self) -> bool:
        """Processes the worker's events; returns whether something changed."""
        job = self.job
        if job is None or not (job.poll() or job.cancelled):
            return False
        if not job.finished:
            return True
        self.job = None
        if job.cancelled:
            self._host.say(f"opening {job.path.name} was cancelled")
        elif job.problem is not None:
            self._host.say(job.problem, problem=True, window=True)
        else:
            self._show_opened(job)
        self._next()
        return True

    def _next(self) -> None:
        if self.job is None and self.waiting:
            path, options = self.waiting.pop(0)
            self.job = Job(path, options, self._host.state.view.colormap)
            self._host.say(f"Opening {path.name}")

    def _show_opened(self, job: Job) -> None:
        opened = job.opened
        assert opened is not None
        warnings = [note.text for note in job.notes if note.warning]
        self._host.say(f"opened {job.path.name}" + (f"; {warnings[-1]}" if warnings else ""))
        self._host.remember(job.path, None if job.options is None else job.options.depth)
        name = self._name_of(opened.scene, job.path)
        if opened.scene is not None:
            self._add_saved(opened.scene, name, job.path.absolute())
        elif opened.geometry is not None:
            geometry, source = opened.geometry, job.path.absolute()
            self._host.do(
                lambda state: commands.add_geometry(
                    state, geometry, name=name, source=source, cameras=opened.cameras
                )
            )

    def _add_saved(self, scene: Scene, name: str, source: Path) -> None:
        """Adds a scene, with its measurements and view settings if it was saved by the viewer."""
        scene, saved = scene_metadata.without_viewer(scene)
        first, before = not self._host.state.layers, len(self._host.state.measured)

        def added(state: State) -> State:
            state = commands.add_scene(state, scene, name=name, source=source)
            assert state.active is not None
            measured = scene_metadata.measured_from(saved, state.active)
            # A second scene is shown in the same colours as the first, for comparison.
            view = scene_metadata.view_from(saved, state.view) if first else state.view
            return replace(state, measured=(*state.measured, *measured), view=view)

        try:
            if self._host.do(added):
                self._host.mark_saved(*self._host.state.measured[before:])
        except ValueError as error:
            self._host.do(lambda state: commands.add_scene(state, scene, name=name, source=source))
            self._host.say(f"opened {name} without its measurements: {error}", problem=True)

    def _name_of(self, scene: Scene | None, path: Path) -> str:
        model = None if scene is None else scene.provenance.model_name
        name = path.name if model is None else f"{path.name} ({model})"
        taken = {layer.name for layer in self._host.state.layers}
        numbered = [name, *(f"{name} {count}" for count in range(2, len(taken) + 3))]
        return next(one for one in numbered if one not in taken)
