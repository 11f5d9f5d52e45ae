"""What EXIF tells about a picture, read so that a broken block costs a warning and not the picture."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import hypot, isfinite

from PIL import Image
from PIL.ExifTags import IFD, Base

from recon.photo.same_shape import same_shape_either_way_up

FULL_FRAME_DIAGONAL_MM = 43.2666
"""Diagonal of 36 x 24 mm film: 35 mm equivalents compare diagonals (CIPA DCG-001)."""

PLAUSIBLE_35MM = (5.0, 2000.0)
"""Shortest and longest 35 mm equivalent that a camera without fisheye or telescope has, mm."""

_UNIT_MM = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}
"""Length of a FocalPlaneResolutionUnit in mm (Exif 2.32, 4.6.5; 4 and 5 are common extensions)."""

Tags = Mapping[int, object]


@dataclass(frozen=True)
class ExifFocal:
    """A focal length out of EXIF, or why there is none."""

    focal_px: float | None
    """Focal length, px of the picture as it is; None where EXIF does not tell."""
    note: str
    """How it was derived, or why it could not be."""
    warning: str | None = None
    """What may be wrong with it, a sentence."""


def focal_px_of_35mm(focal_35mm: float, *, width: int, height: int) -> float:
    """Focal length in px of a 35 mm equivalent: ``f35 / 43.2666 * sqrt(W^2 + H^2)``, by the diagonal."""
    return focal_35mm / FULL_FRAME_DIAGONAL_MM * hypot(width, height)


def focal_35mm_of_px(focal_px: float, *, width: int, height: int) -> float:
    """The inverse of ``focal_px_of_35mm``, mm."""
    return focal_px * FULL_FRAME_DIAGONAL_MM / hypot(width, height)


def read_tags(get_block: Callable[[], Image.Exif], notes: list[str]) -> dict[int, object]:
    """The tags of the main and the camera's directory, by number; what cannot be read is left out.

    Args:
        get_block: Gives the EXIF as Pillow holds it.
        notes: Gets a warning where it is broken.
    """
    tags: dict[int, object] = {}
    for directory in (get_block, lambda: get_block().get_ifd(IFD.Exif)):
        try:
            tags.update(directory())
        # A broken block makes Pillow raise whatever its parser stumbles over; no list of types would be complete.
        except Exception as error:
            notes.append(f"The EXIF data is broken ({error}); what could be read of it was used.")
    return tags


def orientation(tags: Tags, notes: list[str]) -> int:
    """EXIF orientation, 1 to 8; 1 (upright) where it is absent, unknown (0) or makes no sense."""
    value = tags.get(Base.Orientation, 1)
    if value in range(1, 9):
        return int(str(value))
    if value != 0:
        notes.append(f"The EXIF orientation is {value!r}, which means nothing: the picture was not turned.")
    return 1


def focal_length(tags: Tags, *, width: int, height: int) -> ExifFocal:
    """Focal length of the upright picture of this size.

    The 35 mm equivalent (which includes digital zoom) by the diagonal; else the focal length in mm with the
    resolution of the focal plane, where the picture still has the size that EXIF says the camera stored.
    """
    focal_35mm = _number(tags.get(Base.FocalLengthIn35mmFilm))
    if focal_35mm:
        if not PLAUSIBLE_35MM[0] <= focal_35mm <= PLAUSIBLE_35MM[1]:
            return ExifFocal(None, f"EXIF's 35 mm equivalent of {focal_35mm:g} mm is not plausible")
        return _of_35mm(focal_35mm, tags, width, height)
    focal_mm = _number(tags.get(Base.FocalLength))
    if not focal_mm:
        return ExifFocal(None, "EXIF has no focal length" if tags else "the file has no EXIF data")
    return _of_focal_plane(focal_mm, tags, width, height)


def _of_35mm(focal_35mm: float, tags: Tags, width: int, height: int) -> ExifFocal:
    note = f"{focal_35mm:g} mm equivalent"
    own = focal_px_of_35mm(focal_35mm, width=width, height=height)
    taken = _taken_size(tags)
    if taken is None or same_shape_either_way_up(taken, (width, height)):
        return ExifFocal(own, note)
    shapes = f"{width}x{height} px, while EXIF says that the camera took {taken[0]}x{taken[1]}"
    if _one_side_cut(taken, (width, height)):
        whole = focal_px_of_35mm(focal_35mm, width=taken[0], height=taken[1])
        warning = f"The picture is {shapes}: it was taken as cropped on one side, its focal length as before."
        return ExifFocal(whole, f"{note} of the uncropped {taken[0]}x{taken[1]}", warning)
    return ExifFocal(
        own,
        note,
        f"The picture is {shapes}: it was cropped or stitched, and the focal length from EXIF may be wrong; "
        "give it with --focal-px or --fov if you know it.",
    )


def _of_focal_plane(focal_mm: float, tags: Tags, width: int, height: int) -> ExifFocal:
    lens = f"EXIF gives a focal length of {focal_mm:g} mm"
    per_unit = _number(tags.get(Base.FocalPlaneXResolution))
    unit_mm = _UNIT_MM.get(int(_number(tags.get(Base.FocalPlaneResolutionUnit)) or 2))
    if not per_unit or unit_mm is None:
        return ExifFocal(None, f"{lens}, but neither its 35 mm equivalent nor the sensor's size")
    taken = _taken_size(tags)
    if taken is None or sorted(taken) != sorted((width, height)):
        return ExifFocal(None, f"{lens}, but its sensor resolution does not belong to this picture's size")
    focal_px = focal_mm * per_unit / unit_mm
    focal_35mm = focal_35mm_of_px(focal_px, width=width, height=height)
    if not PLAUSIBLE_35MM[0] <= focal_35mm <= PLAUSIBLE_35MM[1]:
        return ExifFocal(None, f"{lens}, but with a sensor resolution that is not plausible")
    return ExifFocal(
        focal_px, f"{focal_mm:g} mm on a sensor {max(width, height) / per_unit * unit_mm:.1f} mm wide"
    )


def _taken_size(tags: Tags) -> tuple[int, int] | None:
    """The size that the camera says it stored, px, or None."""
    width, height = _number(tags.get(Base.ExifImageWidth)), _number(tags.get(Base.ExifImageHeight))
    return (round(width), round(height)) if width and height and min(width, height) >= 1 else None


def _one_side_cut(taken: tuple[int, int], now: tuple[int, int]) -> bool:
    """Whether ``now`` is ``taken`` with one side kept and the other made shorter: cut, but not resized."""
    return any(
        (now[0] == w and now[1] < h) or (now[1] == h and now[0] < w) for w, h in (taken, (taken[1], taken[0]))
    )


def _number(value: object) -> float | None:
    """A finite positive number out of a tag's value (the first of several), or None."""
    if isinstance(value, tuple):
        value = value[0] if value else None
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return number if isfinite(number) and number > 0 else None
