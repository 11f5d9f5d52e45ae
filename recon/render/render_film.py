"""Renders a subject to a file: an image, or a film with a moving camera."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recon.journal import Journal
from recon.render.camera_paths import DOLLY_SHARE, cameras, fly_share, moved
from recon.render.film import write_film, write_still
from recon.render.film_plan import Film
from recon.render.picture import Look, pictures
from recon.render.refocus import Focus, refocused, view_count
from recon.render.stereo import Stereo, combined
from recon.render.subject import Subject
from recon.render.view_camera import ViewCamera

Steps = Callable[[int], AbstractContextManager[Callable[[], object]]]
"""Context manager for progress: takes the number of frames and returns a function to call after each frame."""


def render_to(
    output: Path,
    subject: Subject,
    film: Film,
    look: Look,
    steps: Steps,
    journal: Journal,
    *,
    move: tuple[float, float, float] = (0.0, 0.0, 0.0),
    stereo: Stereo | None = None,
    focus: Focus | None = None,
    overwrite: bool = True,
) -> None:
    """Writes the image or film atomically.

    Args:
        output: The file or folder.
        subject: The scene and the start camera.
        film: Settings of the image or film.
        look: Render settings.
        steps: Progress, called for each frame; an exception cancels the film, and nothing is written.
        journal: Receives a description of the camera path.
        move: Offset of the start camera: right, up and back, m.
        stereo: Two eyes; None: one.
        focus: Of an image with a shallow depth of field; None: everything is sharp.
        overwrite: Replace existing files.

    Raises:
        ExportError: The output cannot be written.
    """
    start = moved(subject.start, move)
    if film.is_still:
        with journal.stage("Rendering"):
            if focus is not None:
                picture = refocused(subject, look, start, focus, view_count(subject, look, focus))
            else:
                picture = next(_shown(subject, look, [start], stereo))
            write_still(output, picture, overwrite=overwrite)
        return
    share = fly_share(subject.nearest_m + move[2], start.distance_m)
    if film.way == "fly":
        journal.decide("camera", f"flies {share * start.distance_m:.1f} m forward and back")
    elif film.way == "dolly-zoom":
        journal.decide(
            "camera",
            f"goes back {DOLLY_SHARE * start.distance_m:.2f} m and zooms in: what is {start.distance_m:.2f} m ahead "
            "keeps its size",
        )
    elif film.way != "still":
        journal.decide(
            "camera", f"turns {film.turn_deg:.0f} degrees about a point {start.distance_m:.1f} m ahead"
        )
    places = list(cameras(film.way, start, film.count, film.turn_deg, share))
    frames = _frames(_shown(subject, look, places, stereo), len(places), steps)
    write_film(output, frames, film.fps, film.count, overwrite=overwrite)


def _shown(
    subject: Subject, look: Look, places: list[ViewCamera], stereo: Stereo | None
) -> Iterator[NDArray[np.uint8]]:
    """The picture from each camera."""
    if stereo is None:
        return pictures(subject.drawn, look, places)
    eyes = [eye for place in places for eye in stereo.eyes(place)]
    return combined(pictures(subject.drawn, look, eyes), stereo.layout)


def _frames(shown: Iterator[NDArray[np.uint8]], count: int, steps: Steps) -> Iterator[NDArray[np.uint8]]:
    with steps(count) as step:
        for picture in shown:
            yield picture
            step()
