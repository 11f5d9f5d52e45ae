"""Renders a subject into a file: one picture, or a film in which the camera moves."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recon.journal import Journal
from recon.render.camera_paths import cameras, fly_share, moved
from recon.render.film import write_film, write_still
from recon.render.film_plan import Film
from recon.render.offscreen import Look, Offscreen, pictures
from recon.render.subject import Subject
from recon.render.view_camera import ViewCamera

Steps = Callable[[int], AbstractContextManager[Callable[[], object]]]
"""Entered with the number of pictures; what it gives is called after each."""


def render_to(
    output: Path,
    subject: Subject,
    film: Film,
    look: Look,
    steps: Steps,
    journal: Journal,
    *,
    move: tuple[float, float, float] = (0.0, 0.0, 0.0),
    overwrite: bool = True,
) -> None:
    """Writes the picture or the film, all or nothing; ``renderer_check.check_rendering`` comes before.

    Args:
        output: Where.
        subject: What is seen, and from where.
        film: How the camera goes.
        look: Size and background of the pictures.
        steps: Told of each picture of a film; what it raises ends the film, and nothing is written.
        journal: Told how far the camera goes.
        move: Where the camera begins, from the subject's own place: right, up and back, m.
        overwrite: Replace what is there.

    Raises:
        ExportError: It cannot be written.
        ViewerError: The renderer has ended without a picture.
    """
    start = moved(subject.start, move)
    if film.is_still:
        with journal.stage("Rendering"):
            write_still(output, Offscreen(subject.drawn, look).picture(start), overwrite=overwrite)
        return
    share = fly_share(subject.nearest_m + move[2], start.distance_m)
    if film.way == "fly":
        journal.decide("camera", f"flies {share * start.distance_m:.2f} m forward and back")
    elif film.way != "still":
        told = f"turns {film.turn_deg:.0f} degrees about a point {start.distance_m:.2f} m ahead"
        journal.decide("camera", told)
    places = list(cameras(film.way, start, film.count, film.turn_deg, share))
    frames = _frames(subject, look, places, steps)
    write_film(output, frames, film.fps, film.count, overwrite=overwrite)


def _frames(
    subject: Subject, look: Look, places: list[ViewCamera], steps: Steps
) -> Iterator[NDArray[np.uint8]]:
    with steps(len(places)) as step:
        for picture in pictures(subject.drawn, look, places):
            yield picture
            step()
