"""The panel's buttons. Each starts recon in the background and goes on when it has finished."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import bpy

from .background import Failed, Run
from .picked import picked_pair
from .scene_import import Source, free_files, import_scene
from .settings import program
from .words import for_panel

_EVERY_S = 0.2
_AGREEMENT = 0.2
"""Relative difference of recon's length and Blender's that the panel mentions."""


class State:
    """What the panel shows: the run in progress, and the message of the last one."""

    run: Run | None = None
    message = ""
    is_error = False


class InBackground:
    """Mixed into an operator: starts recon, and finishes when it has ended.

    With a window, a timer looks after it, and the interface stays usable. Called by a script, it waits.
    """

    bl_options: ClassVar = {"UNDO"}
    report: Callable[[set[str], str], None]
    _timer: Any = None

    @classmethod
    def poll(cls, context: "bpy.types.Context") -> bool:
        """One run at a time."""
        return State.run is None

    def words(self, context: "bpy.types.Context") -> list[str]:
        """The arguments of recon."""
        raise NotImplementedError

    def finish(self, context: "bpy.types.Context", result: dict[str, Any]) -> str:
        """Uses what recon returned; returns a message."""
        raise NotImplementedError

    def invoke(self, context: "bpy.types.Context", event: object) -> set[str]:
        """Starts recon and returns at once."""
        if not self._start(context):
            return {"CANCELLED"}
        manager = context.window_manager
        self._timer = manager.event_timer_add(_EVERY_S, window=context.window)
        manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: "bpy.types.Context", event: "bpy.types.Event") -> set[str]:
        """Looks whether recon has ended; every other event is the user's."""
        if event.type != "TIMER" or State.run is None:
            return {"PASS_THROUGH"}
        _redraw(context)
        if not State.run.is_finished:
            return {"PASS_THROUGH"}
        context.window_manager.event_timer_remove(self._timer)
        return self._end(context, State.run)

    def cancel(self, context: "bpy.types.Context") -> None:
        """Called by Blender when another file is opened meanwhile."""
        stop_all()

    def execute(self, context: "bpy.types.Context") -> set[str]:
        """Runs recon to its end."""
        if not self._start(context) or State.run is None:
            return {"CANCELLED"}
        State.run.wait()
        return self._end(context, State.run)

    def _start(self, context: "bpy.types.Context") -> bool:
        try:
            found = program(context)
            if found is None:
                raise Failed(
                    "The program recon was not found: set its path in the preferences of this extension."
                )
            State.run = Run(found, self.words(context))
        except Failed as error:
            self._show(str(error), is_error=True)
            return False
        State.message = ""
        return True

    def _end(self, context: "bpy.types.Context", run: Run) -> set[str]:
        State.run = None
        try:
            self._show(self.finish(context, run.result()), is_error=False)
        except (Failed, RuntimeError) as error:  # Blender's importer raises RuntimeError
            self._show(str(error).strip(), is_error=not run.cancelled)
            return {"CANCELLED"}
        finally:
            _redraw(context)
        return {"FINISHED"}

    def _show(self, message: str, *, is_error: bool) -> None:
        State.message, State.is_error = for_panel(message), is_error
        self.report({"ERROR"} if is_error else {"INFO"}, State.message)


def stop_all() -> None:
    """Stops recon if it runs, for nobody waits for it any more."""
    if State.run is not None:
        State.run.cancel()
    State.run = None


def _redraw(context: "bpy.types.Context") -> None:
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                area.tag_redraw()


class SceneFromPhoto(InBackground, bpy.types.Operator):
    """Make a metric scene of the photo and import it with the photo's camera"""

    bl_idname = "recon.scene_from_photo"
    bl_label = "Make Scene"

    def words(self, context: "bpy.types.Context") -> list[str]:
        """Of ``recon build``."""
        chosen = context.scene.recon
        if not chosen.photo:
            raise Failed("Choose a photo first.")
        photo = Path(bpy.path.abspath(chosen.photo)).absolute()
        glb, npz = free_files(photo)
        depth = bpy.path.abspath(chosen.depth) if chosen.depth else ""
        model = chosen.model.strip() or "auto"
        length = chosen.known_length.strip()
        self.source = Source(str(photo), str(glb), str(npz), str(npz), model, depth, chosen.faces, length)
        return _build(self.source)

    def finish(self, context: "bpy.types.Context", result: dict[str, Any]) -> str:
        """Imports the scene."""
        import_scene(context, self.source)
        return f"{Path(self.source.glb).name} is imported. {_remarks(result)}"


class Measure(InBackground, bpy.types.Operator):
    """Measure the distance of two vertices or empties, with recon's 95 % interval"""

    bl_idname = "recon.measure"
    bl_label = "Measure"

    def words(self, context: "bpy.types.Context") -> list[str]:
        """Of ``recon measure``."""
        source = Source.of(context.scene.camera)
        self.pair = picked_pair(context, context.scene.camera)
        start, end = self.pair.positions_px
        return ["measure", source.measured, "--from", start, "--to", end]

    def finish(self, context: "bpy.types.Context", result: dict[str, Any]) -> str:
        """The length as recon prints it."""
        (measured,) = result["measurements"]
        message, here_m = measured["text"], self.pair.distance_m
        if abs(measured["value"] - here_m) > _AGREEMENT * here_m:
            message += (
                f". In Blender the points are {here_m:.3g} m apart: one lies behind what the photo shows, or the "
                "scene was changed"
            )
        return ". ".join([message, *result["warnings"]])


class Refitted(InBackground):
    """Mixed into an operator that changes which known lengths a scene has."""

    def lengths(self, context: "bpy.types.Context", source: Source) -> list[str]:
        """The new ones."""
        raise NotImplementedError

    def words(self, context: "bpy.types.Context") -> list[str]:
        """Of ``recon export``, which runs no model; of ``recon build`` if lengths went into the model's own scene."""
        source = Source.of(context.scene.camera)
        self.source = source.with_lengths(self.lengths(context, source))
        if source.known:
            return [*_build(self.source), "--overwrite"]
        outputs = [source.glb] + [self.source.measured] * bool(self.source.added)
        known = _repeated("--length", self.source.lengths)
        return ["export", source.npz, *_repeated("-o", outputs), *known, "--overwrite"]

    def finish(self, context: "bpy.types.Context", result: dict[str, Any]) -> str:
        """Replaces the imported scene."""
        import_scene(context, self.source)
        return f"{Path(self.source.glb).name} is recalibrated. {_remarks(result)}"


class Recalibrate(Refitted, bpy.types.Operator):
    """Rescale the scene so that the two picked points have their true distance, besides its other known lengths"""

    bl_idname = "recon.recalibrate"
    bl_label = "Recalibrate"

    def lengths(self, context: "bpy.types.Context", source: Source) -> list[str]:
        """One more."""
        start, end = picked_pair(context, context.scene.camera).positions_px
        return [*source.lengths, f"{start}:{end}={context.scene.recon.true_length:.6g}m"]


class RemoveLength(Refitted, bpy.types.Operator):
    """Rescale the scene without this known length"""

    bl_idname = "recon.remove_length"
    bl_label = "Remove"

    index: bpy.props.IntProperty(options={"HIDDEN", "SKIP_SAVE"})

    def lengths(self, context: "bpy.types.Context", source: Source) -> list[str]:
        """One less."""
        return [each for k, each in enumerate(source.lengths) if k != self.index]


class Cancel(bpy.types.Operator):
    """Stop recon; no partial file is left"""

    bl_idname = "recon.cancel"
    bl_label = "Cancel"

    @classmethod
    def poll(cls, context: "bpy.types.Context") -> bool:
        """Only while recon runs."""
        return State.run is not None

    def execute(self, context: "bpy.types.Context") -> set[str]:
        """Stops it; its operator then says so."""
        if State.run is not None:
            State.run.cancel()
        return {"FINISHED"}


def _build(source: Source) -> list[str]:
    """The arguments of ``recon build``; without Blender's permission, recon stays offline too."""
    offline = [] if bpy.app.online_access else ["--offline"]
    outputs, known = _repeated("-o", (source.glb, source.npz)), _repeated("--length", source.lengths)
    return ["build", source.photo, *outputs, *source.options, *known, *offline]


def _repeated(option: str, values: Sequence[str]) -> list[str]:
    """The option with each value."""
    return [word for value in values for word in (option, value)]


def _remarks(result: dict[str, Any]) -> str:
    """Which model it was and how far to trust it, what became of known lengths, and all warnings."""
    entries = [
        each
        for each in result["entries"]
        if each["kind"] == "warning" or (each["kind"] == "decision" and each["topic"] in ("model", "given"))
    ]
    return ". ".join(each["message"] for each in entries)


CLASSES = (SceneFromPhoto, Measure, Recalibrate, RemoveLength, Cancel)
