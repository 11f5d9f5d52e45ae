"""Computes measurements from picks, with confidence intervals if the scene allows."""

import csv
import io
from collections.abc import Sequence, Sized
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recon.errors import ReconError
from recon.frames import Transform
from recon.measure import Assumptions, Measurement, Unit, angle, distance, height_above_floor, polyline
from recon.scene import Scene
from recon.types import Intrinsics
from recon_viewer.model.state import Measured, Pick

_NO_PHOTO = "± unknown: no photo, camera or depth of these points"


@dataclass(frozen=True)
class Reading:
    """One line in the list of measurements."""

    name: str
    """``distance``, ``polyline``, ``angle``, ``height``."""
    text: str
    """``1.060 m ± 0.012 (95 %)``, ``2 m given; the scene measures 2.46 m ± 0.30 (95 %)``, or an error."""
    errors: str
    """The error sources of the interval."""
    points_world: tuple[tuple[float, float, float], ...]
    """Positions of its markers, m."""
    value: float | None = None
    """m or degrees; None if it cannot be measured."""
    unit: str = ""
    low: float | None = None
    high: float | None = None
    pixels_px: tuple[tuple[float, float] | None, ...] = ()
    label: str = ""
    """The user's name for it; empty: none."""
    given: str = ""
    """``2 m given``, if the scene was calibrated with it; else empty."""

    @property
    def title(self) -> str:
        """What it is called: by the user, or by what it measures."""
        return self.label or self.name

    @property
    def short(self) -> str:
        """For the view and the list: the given length, or the text."""
        return self.given or self.text


def point_of(pick: Pick, scene: Scene | None) -> tuple[float, float, float]:
    """The current position of a pick, cam frame, m, from its pixel since scenes are rescaled; or where it was
    clicked."""
    if scene is None or pick.pixel_px is None:
        return pick.point_cam
    x, y = pick.pixel_px
    row = min(int(y), scene.photo.height - 1)
    col = min(int(x), scene.photo.width - 1)
    if not scene.depth.valid[row, col]:
        return pick.point_cam
    return on_ray(scene.intrinsics, pick.pixel_px, float(scene.depth.z_m[row, col]))


def on_ray(camera: Intrinsics, pixel_px: tuple[float, float], z_m: float) -> tuple[float, float, float]:
    """The point at a depth on a pixel's ray, cam frame, m."""
    x, y = pixel_px
    return (x - camera.cx) / camera.fx * z_m, (y - camera.cy) / camera.fy * z_m, z_m


def read(
    one: Measured,
    scene: Scene | None,
    world_T_cam: Transform,
    unit: Unit = "m",
    across: Measurement | None = None,
) -> Reading:
    """The value of a measurement in the current scene; a failure is returned as text instead of an exception.

    Args:
        one: The measurement.
        scene: The layer's, if it is of one photo.
        world_T_cam: From the layer's frame.
        unit: Of lengths.
        across: What several photos say of it.
    """
    return replace(_read(one, scene, world_T_cam, unit, across), label=one.name)


def _read(
    one: Measured, scene: Scene | None, world_T_cam: Transform, unit: Unit, across: Measurement | None
) -> Reading:
    points_cam = np.array([point_of(pick, scene) for pick in one.picks], np.float64)
    points = points_cam @ world_T_cam[:3, :3].T + world_T_cam[:3, 3]
    marks = tuple((float(x), float(y), float(z)) for x, y, z in points)
    pixels = tuple(pick.pixel_px for pick in one.picks)
    try:
        measurement = across or _measured(one, scene)
    except ReconError as error:
        return Reading(one.tool, "cannot be measured", str(error), marks, pixels_px=pixels)
    if measurement is None:
        return _plain(one, points, marks)
    shown = measurement.in_unit(unit)
    given = "" if measurement.given_m is None else shown.label
    note = "; ".join([*([shown.text] if given else []), *measurement.warnings, measurement.errors_text])
    return Reading(
        one.tool, shown.text, note, marks, shown.value, shown.unit, shown.low, shown.high, pixels, given=given
    )


def as_csv(readings: Sequence[Reading]) -> str:
    """A CSV table: quantity, value, unit, 95 % interval, positions in the photo, error sources, name."""
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(["quantity", "value", "unit", "low", "high", "pixels_px", "note", "name"])
    for one in readings:
        pixels = " ".join("" if px is None else f"{px[0]:.2f},{px[1]:.2f}" for px in one.pixels_px)
        numbers = ["" if value is None else f"{value:.6g}" for value in (one.value, one.low, one.high)]
        table.writerow(
            [one.name, numbers[0], one.unit, numbers[1], numbers[2], pixels, one.errors, one.label]
        )
    return file.getvalue()


def as_text(readings: Sequence[Reading]) -> str:
    """One line per measurement, for the clipboard."""
    return "".join(f"{one.title}\t{one.text}\n" for one in readings)


def counted(measurements: Sized) -> str:
    """``1 measurement``, ``2 measurements``."""
    return f"{len(measurements)} measurement" + ("" if len(measurements) == 1 else "s")


def _measured(one: Measured, scene: Scene | None) -> Measurement | None:
    if scene is None or any(pick.pixel_px is None for pick in one.picks):
        return None
    pixels = [pick.pixel_px for pick in one.picks if pick.pixel_px is not None]
    assume = Assumptions(pixel_sigma_px=max(pick.sigma_px for pick in one.picks))
    if one.tool == "height":
        return height_above_floor(scene, pixels[0], assume)
    if one.tool == "angle":
        return angle(scene, pixels[0], pixels[1], pixels[2], assume)
    if one.tool == "polyline":
        return polyline(scene, pixels, assume)
    return distance(scene, pixels[0], pixels[1], assume)


def _plain(
    one: Measured, points: NDArray[np.float64], marks: tuple[tuple[float, float, float], ...]
) -> Reading:
    """A measurement in a geometry file, without an interval."""
    if one.tool == "height":
        return Reading(one.tool, "cannot be measured", "a height needs a scene with a photo", marks)
    if one.tool == "angle":
        a, b = points[0] - points[1], points[2] - points[1]
        degrees = float(np.degrees(np.arctan2(np.linalg.norm(np.cross(a, b)), a @ b)))
        return Reading(one.tool, f"{degrees:.1f}° ± unknown", _NO_PHOTO, marks, degrees, "deg")
    metres = float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())
    return Reading(one.tool, f"{metres:.3f} m ± unknown", _NO_PHOTO, marks, metres, "m")
