"""The files of a scene, made when they are first asked for; measuring and rescaling it."""

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from recon import measure
from recon.atomic_write import staged
from recon.calibration.calibration import recorded
from recon.calibration.report import fitted_text
from recon.calibration.rescale import rescaled
from recon.constraints import Constraint
from recon.journal import Journal
from recon.measure import Measurement, MeasurementError
from recon.outputs.depth_files import DepthFile, DepthFiles
from recon.outputs.depth_statistics import DepthStatistics
from recon.outputs.scene_files import outputs_from, save_all
from recon.saved_options import options_as_values, without_folders
from recon.scene import Scene
from recon.units import Unit, scale_text

SCENE = "scene.npz"
FILES: Mapping[str, str] = {
    "scene.glb": "model/gltf-binary",
    "scene.ply": "application/octet-stream",
    "scene.html": "text/html; charset=utf-8",
    "depth.png": "image/png",
    SCENE: "application/octet-stream",
    "info.json": "application/json",
}
"""Names of files, and their types."""
_KEPT_PIXELS = 60_000_000
"""Of the scenes in memory."""
Positions = Sequence[tuple[float, float]]

QUANTITIES: Mapping[str, tuple[int, int | None, Callable[[Scene, Positions], Measurement]]] = {
    "distance": (2, 2, lambda scene, at: measure.distance(scene, at[0], at[1])),
    "polyline": (2, None, measure.polyline),
    "angle": (3, 3, lambda scene, at: measure.angle(scene, at[0], at[1], at[2])),
    "area": (3, None, measure.area),
    "height": (1, 1, lambda scene, at: measure.height_above_floor(scene, at[0])),
    "from-camera": (1, 1, lambda scene, at: measure.from_camera(scene, at[0])),
}
"""Least and most positions of each quantity, and what measures it."""


class Scenes:
    """Reads scene files, and keeps the last ones in memory. One thread at a time."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Path, Scene] = OrderedDict()

    def load(self, path: Path) -> Scene:
        """The scene of a file."""
        scene = self._kept.pop(path, None) or Scene.load(path)
        self._kept[path] = scene
        while len(self._kept) > 1 and sum(one.depth.z_m.size for one in self._kept.values()) > _KEPT_PIXELS:
            self._kept.popitem(last=False)
        return scene

    def forget(self, folder: Path) -> None:
        """Frees the scenes of files in a folder."""
        for path in [path for path in self._kept if folder in path.parents]:
            del self._kept[path]


def write_file(scene: Scene, path: Path, warnings: Sequence[str]) -> None:
    """Writes one of ``FILES`` whole.

    Raises:
        ReconError: There is nothing to write, or no disk space.
    """
    if path.name == "info.json":
        with staged(path) as temporary:
            text = json.dumps(info_of(scene, warnings), indent=1, allow_nan=False)
            temporary.write_text(text, encoding="utf-8")
    elif path.name == "depth.png":
        DepthFiles([path.suffix]).write(scene, [DepthFile(path)], Journal(), overwrite=True)
    else:
        save_all(scene, outputs_from([path], None), Journal(), overwrite=True)


def facts_of(scene: Scene) -> dict[str, Any]:
    """Camera and metres of a scene, as plain values."""
    camera = scene.intrinsics
    names = ("fx", "fy", "cx", "cy", "width", "height", "source", "fov_x_deg")
    return {
        "model": scene.provenance.model_name,
        "rough": scene.provenance.is_rough,
        "intrinsics": {name: getattr(camera, name) for name in names},
        "depth": DepthStatistics.of(scene).as_dict() | {"scale": _scale(scene)},
        "residuals": _residuals(scene),
    }


def _scale(scene: Scene) -> str | None:
    """The interval of the scale, for people."""
    interval = scene.depth.scale_interval
    return None if interval is None else scale_text(interval)


def _residuals(scene: Scene) -> list[dict[str, Any]]:
    """How well the scene meets each known length, in their order."""
    record = scene.provenance.calibration
    calibration = None if record is None else recorded(record.values)
    residuals = () if calibration is None else calibration.constraints
    names = ("constraint", "given_m", "fitted_m", "used")
    return [{name: getattr(one, name) for name in names} | {"text": fitted_text(one)} for one in residuals]


def info_of(scene: Scene, warnings: Sequence[str]) -> dict[str, Any]:
    """Everything about a scene but its arrays."""
    return {
        **facts_of(scene),
        "provenance": scene.provenance.as_dict(),
        "options": without_folders(options_as_values(scene.options)),
        "warnings": list(warnings),
    }


def measured(scene: Scene, quantity: str, positions: Positions, unit: Unit) -> dict[str, Any]:
    """A measurement with its 95 % interval, as plain values.

    Raises:
        MeasurementError: Too few or too many positions, outside the photo, or without depth.
    """
    least, most, of = QUANTITIES[quantity]
    if len(positions) < least or (most is not None and len(positions) > most):
        wanted = f"{least}" if least == most else f"{least} or more"
        raise MeasurementError(f"{quantity} needs {wanted} positions, got {len(positions)}")
    return of(scene, positions).in_unit(unit).as_json()


def rescale(base: Scene, known: Sequence[Constraint], path: Path) -> tuple[dict[str, Any], list[str]]:
    """Writes the scene of known measurements; returns its facts, and warnings about the measurements.

    Raises:
        CalibrationError: They contradict each other, or do not fit the scene.
    """
    journal = Journal()
    scene = rescaled(base, known, journal)
    facts = facts_of(scene)
    path.parent.mkdir()
    scene.write_scene_file(path)
    return facts, [entry.message for entry in journal.entries if entry.kind == "warning"]
