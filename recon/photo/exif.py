"""Reads EXIF metadata. A broken block gives a warning, not an error."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import hypot, isfinite

from PIL import Image
from PIL.ExifTags import IFD, Base

from recon.photo.orientation import same_shape_either_way_up

FULL_FRAME_DIAGONAL_MM = 43.2666
"""Diagonal of 36 x 24 mm film: 35 mm equivalents compare diagonals (CIPA DCG-001)."""

PLAUSIBLE_35MM = (5.0, 2000.0)
"""Range of 35 mm equivalents of usual cameras (no fisheye, no telescope), mm."""

SENSOR_MM = (2.5, 60.0)
"""Range of the longer sides of sensors, mm: from those of macro and front cameras to medium format, 54 mm."""

_SMALL_SENSOR_MM, _LONGEST_ON_SMALL_MM = 5.5, 12.0
"""Sensors below this size (of phones and webcams) have no longer lenses than this, unless they say the equivalent: a
24 mm lens on 3.6 mm is that of a 36 mm sensor, in a picture that was made ten times smaller."""

_DIAGONAL = 1.25
"""Diagonal of a 4:3 sensor by its longer side."""
_SAME_FOCAL = 0.15
"""Relative difference of two focal lengths, or resolutions, that rounding and cropped borders explain."""

_UNIT_MM = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}
"""Length of a FocalPlaneResolutionUnit in mm (Exif 2.32, 4.6.5; 4 and 5 are common extensions)."""

_APPLE_PANORAMA = 6
"""Value of EXIF's CustomRendered in panoramas of Apple's camera (exiftool.org, EXIF tags)."""
_SPHERICAL_CAMERA = re.compile(r"\btheta\b|360|gopro max", re.IGNORECASE)
"""Models that photograph all directions, as 2:1."""

Tags = Mapping[int, object]


@dataclass(frozen=True)
class ExifFocal:
    """A focal length from EXIF, or the reason why there is none."""

    focal_px: float | None
    """Focal length, px of the image at its current size; None if EXIF does not give one."""
    note: str
    """How it was derived, or why it could not be."""
    warning: str | None = None
    """One sentence about a possible error."""


def focal_px_of_35mm(focal_35mm: float, *, width: int, height: int) -> float:
    """Focal length in px of a 35 mm equivalent: ``f35 / 43.2666 * sqrt(W^2 + H^2)``, by the diagonal."""
    return focal_35mm / FULL_FRAME_DIAGONAL_MM * hypot(width, height)


def focal_35mm_of_px(focal_px: float, *, width: int, height: int) -> float:
    """The inverse of ``focal_px_of_35mm``, mm."""
    return focal_px * FULL_FRAME_DIAGONAL_MM / hypot(width, height)


def read_tags(get_block: Callable[[], Image.Exif], notes: list[str]) -> dict[int, object]:
    """The tags of the main and the Exif directory, by number; unreadable tags are skipped.

    Args:
        get_block: Returns Pillow's EXIF object.
        notes: Receives a warning if EXIF is broken.
    """
    tags: dict[int, object] = {}
    for directory in (get_block, lambda: get_block().get_ifd(IFD.Exif)):
        try:
            tags.update(directory())
        # Pillow raises many types of errors for broken blocks; no list would be complete.
        except Exception as error:
            notes.append(f"The EXIF data is damaged ({error}); only the readable part is used.")
    return tags


def orientation(tags: Tags, notes: list[str]) -> int:
    """EXIF orientation, 1 to 8; 1 (upright) if it is absent, unknown (0) or invalid.

    The standard stores a whole number; one that a program stored as a float, a fraction or text is meant as well.
    """
    value = tags.get(Base.Orientation, 1)
    number = _number(value)
    if number is not None and number in range(1, 9):
        if not isinstance(value, int):
            notes.append(f"The EXIF orientation is stored as {value!r}; it was read as {number:.0f}.")
        return int(number)
    if value != 0:
        notes.append(f"The EXIF orientation {str(value)[:20]!r} is invalid; the image was not rotated.")
    return 1


def focal_length(tags: Tags, *, width: int, height: int) -> ExifFocal:
    """Focal length of the upright image of this size.

    Uses the 35 mm equivalent (which includes digital zoom), by the diagonal; otherwise the focal length in mm with
    the focal plane resolution, if the image still has the size recorded in EXIF. The two are checked against each
    other, and both against the sensors that cameras have.
    """
    focal_mm = _number(tags.get(Base.FocalLength))
    plane = _of_focal_plane(focal_mm, tags, width, height) if focal_mm else None
    focal_35mm = _number(tags.get(Base.FocalLengthIn35mmFilm))
    if not focal_35mm:
        return plane or ExifFocal(None, "EXIF has no focal length" if tags else "the file has no EXIF data")
    if not PLAUSIBLE_35MM[0] <= focal_35mm <= PLAUSIBLE_35MM[1]:
        if plane is not None and plane.focal_px is not None:
            return plane
        return ExifFocal(None, f"EXIF's 35 mm equivalent of {focal_35mm:g} mm is not plausible")
    film = _of_35mm(focal_35mm, tags, width, height)
    return film if focal_mm is None else _agreed(film, plane, focal_35mm, focal_mm, tags)


def panorama_by_exif(tags: Tags, *, width: int, height: int) -> str | None:
    """``cylindrical`` for a swept panorama of a phone, ``equirectangular`` for a picture of all directions.

    Args:
        tags: EXIF; its model and its custom rendering are looked at.
        width: Of the picture, px.
        height: Of the picture, px.
    """
    if tags.get(Base.CustomRendered) == _APPLE_PANORAMA:
        return "cylindrical"
    is_2_to_1 = width == 2 * height
    return (
        "equirectangular" if is_2_to_1 and _SPHERICAL_CAMERA.search(str(tags.get(Base.Model, ""))) else None
    )


def _agreed(
    film: ExifFocal, plane: ExifFocal | None, focal_35mm: float, focal_mm: float, tags: Tags
) -> ExifFocal:
    """The better of the focal lengths by 35 mm equivalent and by sensor, with a warning where they disagree."""
    zoom = _number(tags.get(Base.DigitalZoomRatio)) or 1.0
    diagonal_mm = FULL_FRAME_DIAGONAL_MM * focal_mm / focal_35mm * zoom
    is_sensor = SENSOR_MM[0] <= diagonal_mm <= SENSOR_MM[1] * _DIAGONAL
    if plane is None or plane.focal_px is None or film.focal_px is None:
        if is_sensor or film.warning:
            return film
        return replace(
            film,
            warning=f"EXIF gives {focal_mm:g} mm and a 35 mm equivalent of {focal_35mm:g} mm, as of a sensor of "
            f"{diagonal_mm:.3g} mm, which no camera has: the equivalent is used; give --focal-35mm if you know it.",
        )
    ratio = film.focal_px / plane.focal_px
    if min(abs(ratio - 1), abs(ratio / zoom - 1)) <= _SAME_FOCAL:
        return film
    # Programs copy the focal length to the field of the equivalent; the sensor then gives it away.
    copied = abs(focal_35mm / focal_mm - 1) < 0.01
    best, rest = (plane, film) if copied or not is_sensor else (film, plane)
    return replace(
        best,
        warning=f"EXIF contradicts itself ({film.note}, but {plane.note}): {best.note} is used, which gives "
        f"{best.focal_px:.0f} px and not {rest.focal_px:.0f}; give --focal-35mm if you know it.",
    )


def _of_35mm(focal_35mm: float, tags: Tags, width: int, height: int) -> ExifFocal:
    note = f"{focal_35mm:g} mm equivalent"
    own = focal_px_of_35mm(focal_35mm, width=width, height=height)
    taken = _taken_size(tags)
    if taken is None or same_shape_either_way_up(taken, (width, height)):
        return ExifFocal(own, note)
    shapes = f"{width}x{height} px, but according to EXIF the camera stored {taken[0]}x{taken[1]}"
    if _one_side_cut(taken, (width, height)):
        whole = focal_px_of_35mm(focal_35mm, width=taken[0], height=taken[1])
        warning = f"The image is {shapes}: recon assumes that it was cropped on one side and keeps the focal length."
        return ExifFocal(whole, f"{note} of the uncropped {taken[0]}x{taken[1]}", warning)
    return ExifFocal(
        own,
        note,
        f"The image is {shapes}: it was cropped or stitched, so the focal length from EXIF may be wrong; give it "
        "with --focal-px or --fov if you know it.",
    )


def _of_focal_plane(focal_mm: float, tags: Tags, width: int, height: int) -> ExifFocal:
    lens = f"EXIF gives a focal length of {focal_mm:g} mm"
    per_unit, vertical = (
        _number(tags.get(each)) for each in (Base.FocalPlaneXResolution, Base.FocalPlaneYResolution)
    )
    unit_mm = _UNIT_MM.get(int(_number(tags.get(Base.FocalPlaneResolutionUnit)) or 2))
    if not per_unit or unit_mm is None:
        return ExifFocal(None, f"{lens}, but neither its 35 mm equivalent nor the sensor's size")
    taken = _taken_size(tags)
    if taken is None or sorted(taken) != sorted((width, height)):
        return ExifFocal(None, f"{lens}, but its sensor resolution does not belong to this picture's size")
    if vertical and abs(per_unit / vertical - 1) > _SAME_FOCAL:
        return ExifFocal(None, f"{lens}, but its two sensor resolutions contradict each other")
    sensor_mm = max(width, height) / per_unit * unit_mm
    focal_px = focal_mm * per_unit / unit_mm
    focal_35mm = focal_35mm_of_px(focal_px, width=width, height=height)
    is_mixed = sensor_mm < _SMALL_SENSOR_MM and focal_mm > _LONGEST_ON_SMALL_MM
    if is_mixed or not SENSOR_MM[0] <= sensor_mm <= SENSOR_MM[1]:
        return ExifFocal(
            None,
            "the one in EXIF is not plausible",
            f"{lens} on a sensor {sensor_mm:.1f} mm wide, which no camera has: it was not used (resized pictures "
            "keep the resolution of the sensor); give --focal-35mm if you know it.",
        )
    if not PLAUSIBLE_35MM[0] <= focal_35mm <= PLAUSIBLE_35MM[1]:
        return ExifFocal(None, f"{lens}, but with a sensor resolution that is not plausible")
    return ExifFocal(focal_px, f"{focal_mm:g} mm on a sensor {sensor_mm:.1f} mm wide")


def _taken_size(tags: Tags) -> tuple[int, int] | None:
    """The image size recorded by the camera, px, or None."""
    width, height = _number(tags.get(Base.ExifImageWidth)), _number(tags.get(Base.ExifImageHeight))
    return (round(width), round(height)) if width and height and min(width, height) >= 1 else None


def _one_side_cut(taken: tuple[int, int], now: tuple[int, int]) -> bool:
    """Whether ``now`` is ``taken`` with one side shortened and the other unchanged: cropped, but not resized."""
    return any(
        (now[0] == w and now[1] < h) or (now[1] == h and now[0] < w) for w, h in (taken, (taken[1], taken[0]))
    )


def _number(value: object) -> float | None:
    """A finite positive number from a tag's value (the first of several), or None."""
    if isinstance(value, tuple):
        value = value[0] if value else None
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return number if isfinite(number) and number > 0 else None
