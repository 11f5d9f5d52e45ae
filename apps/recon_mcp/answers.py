"""Makes the answers of the tools from scenes, measurements and pictures."""

from collections.abc import Callable, Mapping, Sequence
from math import radians
from pathlib import Path

import numpy as np
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult, ImageContent, TextContent
from numpy.typing import NDArray
from pydantic import BaseModel

from recon import measure
from recon.errors import ExportError, SceneFileError
from recon.file_info import is_geometry
from recon.measure.error_budget import unfit_reason
from recon.outputs.depth_statistics import DepthStatistics
from recon.render.camera_paths import moved
from recon.render.film_plan import film_for, look_for
from recon.render.picture import pictures
from recon.render.subject import Subject, subject_of_file, subject_of_scene
from recon.scene import Scene
from recon.scene_file import SUFFIX
from recon_mcp.reporting import ProgressJournal
from recon_mcp.results import Depths, Measured, Written
from recon_mcp.words import for_agent

_NOTES = ("model", "focal", "depth", "given", "calibration", "level")
_STILL = film_for(Path("still.png"))
Pixel = tuple[float, float]
_OF_POSITIONS: Mapping[str, tuple[int, Callable[..., measure.Measurement]]] = {
    "distance": (2, measure.distance),
    "angle": (3, measure.angle),
    "height": (1, measure.height_above_floor),
    "from-camera": (1, measure.from_camera),
}
"""Quantities of a fixed number of positions."""


def answer(result: BaseModel, picture: ImageContent) -> CallToolResult:
    """A structured result, the same as text for clients that read only that, and a picture."""
    return CallToolResult(
        content=[TextContent(type="text", text=result.model_dump_json(indent=1)), picture],
        structured_content=result.model_dump(mode="json"),
    )


def depths(scene: Scene, journal: ProgressJournal, files: Sequence[Path]) -> Depths:
    """What was found in a photo, and the files that were written."""
    statistics = DepthStatistics.of(scene)
    return Depths(
        model=scene.provenance.model_name or "unknown",
        rough=scene.provenance.is_rough,
        width_px=scene.photo.width,
        height_px=scene.photo.height,
        nearest_m=statistics.percentiles_m["1"],
        median_m=statistics.percentiles_m["50"],
        farthest_m=statistics.percentiles_m["99"],
        scale_interval=statistics.scale_interval,
        notes=notes(journal),
        warnings=journal.warnings,
        written=[written(file) for file in files],
    )


def notes(journal: ProgressJournal) -> list[str]:
    """What was decided about the metres."""
    return journal.decisions(_NOTES)


def written(path: Path) -> Written:
    """A file that is there."""
    return Written(path=str(path), bytes=path.stat().st_size)


def scene_in(path: Path) -> Scene:
    """The scene in a scene file.

    Raises:
        SceneFileError: It is none.
    """
    if path.suffix.lower() != SUFFIX:
        raise SceneFileError(f"{path} is not a scene file ({SUFFIX}): make one with the tool build")
    return Scene.load(path)


def measured(scene: Scene, quantity: str, positions_px: Sequence[Sequence[float]]) -> Measured:
    """A quantity of the scene.

    Raises:
        ToolError: Another number of positions is needed.
        MeasurementError: A position has no depth, or is outside the photo.
    """
    places = [(x, y) for x, y in positions_px]
    if quantity in _OF_POSITIONS:
        count, of = _OF_POSITIONS[quantity]
        if len(places) != count:
            raise ToolError(f"{quantity} needs {count} positions, got {len(places)}")
        result = of(scene, *places)
    else:
        result = (measure.area if quantity == "area" else measure.polyline)(scene, places)
    return Measured(
        quantity=quantity,
        value=result.value,
        unit=result.unit,
        low=result.low,
        high=result.high,
        text=result.text,
        parts={name: part.text for name, part in result.parts.items()},
        includes=list(map(for_agent, result.includes)),
        not_included=list(map(for_agent, result.not_included)),
        unknown=result.unknown,
        warnings=[
            for_agent(each) for each in (unfit_reason(scene, measure.Assumptions()), *result.warnings) if each
        ],
    )


def subject_in(
    path: Path, scene_of: Callable[[Path], Scene], width_px: int, journal: ProgressJournal
) -> Subject:
    """What a file shows: that of an exported file, or of the scene that ``scene_of`` makes of it.

    Raises:
        ExportError: There is nothing to see.
    """
    if is_geometry(path):
        subject = subject_of_file(path, "mesh", journal)
    else:
        scene = scene_of(path)
        with journal.stage("Preparing the scene"):
            subject = subject_of_scene(scene, "mesh", _size(scene.photo.width, scene.photo.height, width_px))
    if subject.drawn.is_empty:
        raise ExportError(f"{path}: nothing to render")
    return subject


def picture_of(
    subject: Subject, move_m: Sequence[float], turn_deg: float, width_px: int, journal: ProgressJournal
) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 sRGB, from where the photo was taken, or from beside it."""
    right, up, back = move_m
    camera = moved(subject.start, (right, up, back)).revolve(radians(turn_deg), 0.0)
    size = _size(*subject.size, width_px)
    look = look_for(subject, _STILL, size, moved=any(move_m) or turn_deg != 0)
    with journal.stage("Rendering"):
        return next(pictures(subject.drawn, look, [camera]))


def _size(width: int, height: int, width_px: int) -> tuple[int, int]:
    return width_px, max(1, round(height * width_px / width))
