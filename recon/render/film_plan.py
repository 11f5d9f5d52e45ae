"""What a film shall be: how the camera goes, for how long and how large, with defaults that fit the kind of file."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recon.render.camera_paths import PathName
    from recon.render.offscreen import Look
    from recon.render.subject import Subject

FILM_S = 6.0
"""How long a film is where nothing else is asked for, s."""
_LARGEST_PX, _LARGEST_GIF_PX = 1920, 640
"""Of the longer side, where no size is given."""
_FPS, _GIF_FPS = 25.0, 12.5
_SWING_DEG, _TURNTABLE_DEG = 24.0, 360.0
"""A photo does not know what is behind things: beyond 12 degrees to a side, holes rule the picture."""
_WIDER = 1.5
"""Points are wider than what one saw, so that no gaps open where the camera comes nearer or looks aslant."""
_FINER_UP_TO_PX = 4096
"""A renderer's picture does not become larger than this to smooth outlines."""


@dataclass(frozen=True)
class Film:
    """What is asked for, with the defaults that fit the kind of file."""

    way: "PathName"
    count: int
    """Of pictures."""
    fps: float
    turn_deg: float
    largest_px: int
    even: bool
    """Its format wants even sides."""
    is_still: bool


def film_for(
    output: Path,
    way: "PathName | None" = None,
    *,
    seconds: float = FILM_S,
    fps: float | None = None,
    turn_deg: float | None = None,
) -> Film:
    """The film or the picture that a file's name asks for.

    Args:
        output: Its suffix is the format.
        way: How the camera goes; None: still for a picture, swing for a film.
        seconds: How long a film lasts.
        fps: Pictures a second; None: what is usual in the format.
        turn_deg: How far the camera turns; None: as far as the way wants it.
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


def look_for(
    subject: "Subject",
    film: Film,
    size: tuple[int, int] | None = None,
    *,
    moved: bool = False,
    background: tuple[int, int, int] = (0, 0, 0),
    point_size_px: float | None = None,
) -> "Look":
    """How the pictures are rendered.

    Args:
        subject: What is seen.
        film: What is asked for.
        size: (width, height) px; None: the photo's, as far as the film allows.
        moved: Whether the camera stands elsewhere than the photo's.
        background: sRGB.
        point_size_px: Of a cloud's points; None: so that no gaps show.
    """
    from recon.render.offscreen import Look

    width, height = size or _own_size(subject.size, film)
    zoom = min(width / subject.size[0], height / subject.size[1])
    exact = film.way == "still" and not moved and zoom == 1
    return Look(
        width=width,
        height=height,
        finer=2 if 2 * max(width, height) <= _FINER_UP_TO_PX else 1,
        background=background,
        point_size_px=point_size_px or max(1.0, (1 if exact else _WIDER) * subject.footprint_px * zoom),
    )


def _own_size(size: tuple[int, int], film: Film) -> tuple[int, int]:
    """The photo's, as far as it is not too large, and even where the format wants that."""
    shrink = min(1.0, film.largest_px / max(size))
    step = 2 if film.even else 1
    width, height = (max(step, round(shrink * side / step) * step) for side in size)
    return width, height
