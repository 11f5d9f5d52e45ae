"""Settings of an image or film: camera path, duration and size, with defaults for each format."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recon.render.camera_paths import PathName
    from recon.render.picture import Look
    from recon.render.subject import Subject

FILM_S = 6.0
"""Default duration of a film, s."""
_LARGEST_PX, _LARGEST_GIF_PX = 1920, 640
"""Default limit of the longer side."""
_FPS, _GIF_FPS = 25.0, 12.5
_SWING_DEG, _TURNTABLE_DEG = 24.0, 360.0
"""Default angles. Beyond 12 degrees to a side, hidden surfaces leave too many holes."""
_WIDER = 1.5
"""Point size relative to the pixel footprint, to avoid gaps when the camera moves closer or sideways."""
_LARGEST_POINT_PX = 64.0
"""Maximum size of points if no size was requested, px."""


@dataclass(frozen=True)
class Film:
    """Settings of an image or film."""

    way: "PathName"
    count: int
    """Number of frames."""
    fps: float
    turn_deg: float
    largest_px: int
    even: bool
    """Whether the format requires an even width and height."""
    is_still: bool


def film_for(
    output: Path,
    way: "PathName | None" = None,
    *,
    seconds: float = FILM_S,
    fps: float | None = None,
    turn_deg: float | None = None,
) -> Film:
    """The settings for a file name.

    Args:
        output: The file; the suffix selects the format.
        way: Camera path; None: still for an image, swing for a film.
        seconds: Duration of a film.
        fps: Frames per second; None: the default of the format.
        turn_deg: Angle of the camera path; None: the default of the path.
    """
    from recon.render.film import STILLS
    from recon.video.writer import OUTPUT_SUFFIXES

    suffix = output.suffix.lower()
    is_still, is_gif = suffix in STILLS, suffix == ".gif"
    way = way or ("still" if is_still else "swing")
    rate = fps or (_GIF_FPS if is_gif else _FPS)
    return Film(
        way,
        1 if is_still else max(2, round(seconds * rate)),
        rate,
        turn_deg or (_TURNTABLE_DEG if way == "turntable" else _SWING_DEG),
        _LARGEST_GIF_PX if is_gif else _LARGEST_PX,
        suffix in OUTPUT_SUFFIXES,
        is_still,
    )


def picture_size(film: Film, photo: tuple[int, int], size: tuple[int, int] | None = None) -> tuple[int, int]:
    """(width, height), px: as requested, otherwise those of the photo, limited and made even for the format."""
    if size is not None:
        return size
    shrink = min(1.0, film.largest_px / max(photo))
    step = 2 if film.even else 1
    width, height = (max(step, round(shrink * side / step) * step) for side in photo)
    return width, height


def look_for(
    subject: "Subject",
    film: Film,
    size: tuple[int, int] | None = None,
    *,
    moved: bool = False,
    background: tuple[int, int, int] | None = None,
    point_size_px: float | None = None,
) -> "Look":
    """The render settings.

    Args:
        subject: The scene to render.
        film: Settings of the image or film.
        size: (width, height) px; None: the size of the photo, within the limits of the format.
        moved: Whether the camera differs from the photo's.
        background: Background colour, sRGB; None: a soft gradient of the scene's own colours.
        point_size_px: Size of points; None: large enough to close gaps.
    """
    from recon.render.picture import Look

    width, height = picture_size(film, subject.size, size)
    zoom = min(width / subject.size[0], height / subject.size[1])
    exact = film.way == "still" and not moved
    wider = 1.0 if exact else _WIDER
    own_px = min(max(1.0, wider * subject.footprint_px * zoom), _LARGEST_POINT_PX)
    return Look(width, height, background, point_size_px or own_px)
