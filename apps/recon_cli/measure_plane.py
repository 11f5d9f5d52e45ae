"""``recon measure --rectangle``: lengths in the plane of a rectangle of known size, in a photo or a scene."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from recon.constraints import Pixel, Rectangle

if TYPE_CHECKING:
    from recon.measure import Assumptions, Measurement
    from recon.measure.rectangle_plane import RectanglePlane

_WITHOUT = {"planes": "--plane", "heights": "--height", "distances": "--distance"}
"""Quantities that need more than one plane."""


def measured_in_plane(
    path: Path,
    rectangle: Rectangle,
    ends: Sequence[tuple[Pixel, Pixel]],
    asked: Mapping[str, tuple[tuple[Pixel, ...], ...]],
    assume: "Assumptions",
) -> "list[Measurement]":
    """Measures in the rectangle's plane; in a scene, positions whose depth is not on the plane cause warnings.

    Raises:
        ReconError: The photo or scene cannot be read, or a position is beyond the plane's horizon.
        click.UsageError: A requested quantity needs more than a plane.
    """
    for name, flag in _WITHOUT.items():
        if asked[name]:
            raise click.UsageError(
                f"{flag} needs depth, but --rectangle measures without depth: use only one of them at a time"
            )
    plane = _plane_of(path, rectangle, assume)
    results = [plane.distance(a, b) for a, b in ends]
    results += [plane.polyline(pixels) for pixels in asked["polylines"]]
    results += [plane.angle(a, b, c) for a, b, c in asked["angles"]]
    return results + [plane.area(pixels) for pixels in asked["areas"]]


def _plane_of(path: Path, rectangle: Rectangle, assume: "Assumptions") -> "RectanglePlane":
    from recon.measure.off_plane import off_plane
    from recon.measure.rectangle_plane import RectanglePlane
    from recon.photo.read import read_photo
    from recon.scene import Scene
    from recon.scene_file import SUFFIX

    checked = None
    if path.suffix.lower() == SUFFIX:
        scene = Scene.load(path)
        photo, checked = scene.photo, partial(off_plane, scene, rectangle, assume=assume)
    else:
        photo = read_photo(path)
    return RectanglePlane(
        rectangle,
        width=photo.width,
        height=photo.height,
        pixel_sigma_px=assume.pixel_sigma_px,
        checked=checked,
    )
