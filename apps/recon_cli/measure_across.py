"""``recon measure`` in a scene of several photos: distances between positions in any two of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recon.constraints import Pixel
from recon_cli.options.param_types import Positions

if TYPE_CHECKING:
    from recon.join import JoinedScene
    from recon.measure import Assumptions, Measurement

Place = tuple[str | None, Pixel]
"""The name of a photo, if one is given, and a position in it."""
_FLAGS = {
    "polylines": "--polyline",
    "angles": "--angle",
    "areas": "--area",
    "planes": "--plane",
    "heights": "--height",
    "distances": "--distance",
}
_HINT = "name the photo of each position, e.g. --from a.jpg:812,440 --to b.jpg:1020,441"


class PlaceText(Positions):
    """``X,Y``, or ``PHOTO:X,Y``."""

    def __init__(self, example: str) -> None:
        super().__init__(1, 1, example)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """A ``Place``; a usage error with an example for anything else."""
        if isinstance(value, tuple):
            return value
        # A name may contain a colon itself.
        name, _, position = str(value).rpartition(":")
        (pixel,) = super().convert(position, param, ctx)
        return name or None, pixel


def opened_joined(path: Path) -> "JoinedScene | None":
    """A scene of several photos; None for anything else."""
    from recon.join.joined_file import is_joined, load

    return load(path) if path.suffix.lower() == ".npz" and is_joined(path) else None


def measured_across(
    scene: "JoinedScene",
    ends: Sequence[tuple[Place, Place]],
    others: Mapping[str, Sequence[Any]],
    assume: "Assumptions",
) -> "list[Measurement]":
    """The distances.

    Args:
        scene: Of several photos.
        ends: Of each distance.
        others: Other quantities that were asked for, which only a scene of one photo has.
        assume: Assumptions about the errors.

    Raises:
        click.UsageError: Something else than a distance is asked for, or a photo is not named.
        MeasurementError: There is no such photo, or a position has no depth.
    """
    from recon.join import distance

    for name, flag in _FLAGS.items():
        if others[name]:
            raise click.UsageError(f"{flag} needs a scene of one photo; in a scene of several, {_HINT}")
    if any(name is None for both in ends for name, _ in both):
        raise click.UsageError(f"this is a scene of several photos: {_HINT}")
    return [distance(scene, (str(a), a_px), (str(b), b_px), assume) for (a, a_px), (b, b_px) in ends]


def without_names(ends: Sequence[tuple[Place, Place]]) -> list[tuple[Pixel, Pixel]]:
    """The positions of distances in one photo.

    Raises:
        click.UsageError: A photo is named.
    """
    for name, pixel in (place for both in ends for place in both):
        if name is not None:
            x, y = pixel
            raise click.UsageError(
                f"{name}:{x:g},{y:g}: only a scene of several photos, from `recon join -o room.npz`, has names of "
                "photos; give X,Y"
            )
    return [(a, b) for (_, a), (_, b) in ends]
