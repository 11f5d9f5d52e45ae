"""``recon render``: render images and films of a scene, without a display."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recon.options import Shape
from recon.units import significant
from recon_cli.any_scene import open_scene
from recon_cli.console import Session, manners
from recon_cli.option_groups import GroupedCommand
from recon_cli.options.render_options import render_options
from recon_cli.options.scene_options import (
    ESTIMATION,
    GEOMETRY,
    dry_run_option,
    inputs_of,
    options_from,
    overwrite_option,
    scene_options,
)
from recon_cli.options.without_effect import warn_of_idle_photo_options

if TYPE_CHECKING:
    from recon.constraints import Pixel
    from recon.render.camera_paths import PathName
    from recon.render.film_plan import Film
    from recon.render.picture import Look
    from recon.render.refocus import Focus
    from recon.render.stereo import Layout, Stereo
    from recon.render.subject import Subject

_EPILOG = """\b
Examples:
  recon render photo.jpg -o swing.mp4                 the camera swings past the scene and back
  recon render scene.npz -o view.png --move 0.3,0.1,0 from 30 cm to the right and 10 cm higher
  recon render scene.npz -o around.gif --path turntable --size 480x360
  recon render photo.jpg -o wide.mp4 --turn 40 --fill  a wider swing, with gaps partly filled
  recon render scene.npz -o frames --path fly         numbered PNGs in a folder
  recon render scene.glb -o model.mp4                 any file that `recon view` opens
  recon render photo.jpg -o pair.jpg --stereo sbs     a stereo picture, with the eyes 63 mm apart
  recon render photo.jpg -o bokeh.jpg --refocus 812,440 --aperture f/1.4
  recon render photo.jpg -o vertigo.mp4 --path dolly-zoom --subject 812,440
\b
The camera starts where the photo was taken; for exported files, at the camera in the file, or in front of the scene.
swing: to both sides and back. turntable: full turn (back sides are not reconstructed). fly: forward up to the nearest
surface, and back. dolly-zoom: back, while zooming in, so that the subject keeps its size.
"""


@click.command(cls=GroupedCommand, epilog=_EPILOG)
@click.argument("file", type=click.Path(path_type=Path))
@render_options
@scene_options(ESTIMATION + tuple(name for name in GEOMETRY if name != "axes"))
@overwrite_option
@dry_run_option
@manners
def render(
    session: Session,
    file: Path,
    output: Path,
    way: "PathName | None",
    turn: float | None,
    move: tuple[float, float, float],
    seconds: float,
    fps: float | None,
    size: tuple[int, int] | None,
    background: tuple[int, int, int] | None,
    shape: Shape,
    point_size: float | None,
    stereo: "Layout | None",
    ipd: float | None,
    convergence: float | None,
    refocus: "tuple[Pixel] | None",
    aperture: float | None,
    subject: "tuple[Pixel] | None",
    overwrite: bool,
    dry_run: bool,
    **values: Any,
) -> None:
    """Render an image or a film of FILE: a photo, a scene (.npz) or an exported file.

    Needs no display, graphics card or driver.
    """
    from recon.atomic_write import check_writable
    from recon.errors import ExportError, PhotoError
    from recon.render.film import check_film, files
    from recon.render.film_plan import look_for
    from recon.render.refocus import aimed, depth_at
    from recon.render.render_film import render_to

    check_film(output)
    film = _film_of(output, way, size, turn, seconds, fps)
    if stereo is None and (ipd or convergence):
        raise click.UsageError("--ipd and --convergence need --stereo sbs, tb, anaglyph or cross")
    if aperture and refocus is None:
        raise click.UsageError("--aperture needs --refocus X,Y")
    if refocus is not None and (stereo is not None or not film.is_still):
        raise click.UsageError("--refocus makes an image, without --stereo: give -o FILE.jpg or FILE.png")
    if not file.exists():
        raise PhotoError(f"{file} does not exist")
    inputs = inputs_of(file, options_from(values))
    check_writable([files(output, film.count)], overwrite=overwrite, inputs=inputs)
    if dry_run:
        _show_plan(file, output, film, values, session)
        return
    aims = [pixel for given in (refocus, subject) if given is not None for pixel in given]
    shown = _open(file, shape, film, size, values, session, aims)
    if shown.drawn.is_empty:
        raise ExportError(
            f"{file}: nothing to render, since all depth was removed; try --edge 0, a larger --max-depth, or a "
            "smaller --stride"
        )
    if subject is not None:
        shown = aimed(shown, depth_at(shown, subject[0]))
    focus = None if refocus is None else _focus(shown, refocus[0], aperture, session)
    eyes = None
    if stereo is not None:
        eyes = _eyes(shown, move, stereo, ipd, convergence, session)
        shown = eyes.cropped(shown)
    off_centre = any(move) or eyes is not None or focus is not None
    look = look_for(shown, film, size, moved=off_centre, background=background, point_size_px=point_size)

    @contextmanager
    def steps(count: int) -> Iterator[Callable[[], object]]:
        with session.journal.count(count, "frames") as bar:
            yield bar.advance

    journal = session.journal
    render_to(
        output, shown, film, look, steps, journal, move=move, stereo=eyes, focus=focus, overwrite=overwrite
    )
    _report(output, film, look, eyes, session)


def _eyes(
    subject: "Subject",
    move: tuple[float, float, float],
    layout: "Layout",
    ipd_m: float | None,
    convergence_m: float | None,
    session: Session,
) -> "Stereo":
    from dataclasses import replace

    from recon.render.camera_paths import moved
    from recon.render.stereo import COMFORTABLE, IPD_M, stereo_for

    start = replace(subject, start=moved(subject.start, move))
    eyes = stereo_for(start, layout, ipd_m or IPD_M, convergence_m)
    near, far = (eyes.parallax_px(depth_m, start.start.lens.fx) / start.size[0] for depth_m in eyes.range_m)
    parallel = not isfinite(eyes.convergence_m)
    screen = "parallel" if parallel else f"no parallax at {eyes.convergence_m:.2f} m"
    session.journal.decide(
        "stereo",
        f"eyes {1000 * eyes.ipd_m:.0f} mm apart, {screen}; parallax from {100 * near:+.1f} % "
        f"({eyes.range_m[0]:.2f} m) to {100 * far:+.1f} % of the width ({eyes.range_m[1]:.2f} m)",
        ipd_m=eyes.ipd_m,
        convergence_m=None if parallel else eyes.convergence_m,
        parallax=[near, far],
    )
    widest = max(abs(near), abs(far))
    if widest > COMFORTABLE:
        session.journal.warn(
            "stereo",
            f"parallax over {100 * COMFORTABLE:.0f} % of the width strains eyes: use --ipd "
            f"{significant(1000 * eyes.ipd_m * COMFORTABLE / widest, 2)}mm or less",
        )
    return eyes


def _focus(subject: "Subject", at_px: "Pixel", f_number: float | None, session: Session) -> "Focus":
    from recon.render.refocus import F_NUMBER, Focus, aperture_m, depth_at

    focus = Focus(aperture_m(f_number or F_NUMBER, subject.start), depth_at(subject, at_px))
    session.journal.decide(
        "focus",
        f"{focus.distance_m:.2f} m, f/{f_number or F_NUMBER:g}: an aperture of {1000 * focus.aperture_m:.1f} mm",
        distance_m=focus.distance_m,
        aperture_m=focus.aperture_m,
    )
    return focus


def _report(output: Path, film: "Film", look: "Look", eyes: "Stereo | None", session: Session) -> None:
    from recon.render.film import files

    width, height = (look.width, look.height) if eyes is None else eyes.size(look.width, look.height)
    summary = f"{output}, {width}x{height} px" + (
        "" if film.is_still else f", {film.count} frames, {film.count / film.fps:.1f} s"
    )
    written = [path for path in files(output, film.count) if path.is_file()]
    size_mb = sum(path.stat().st_size for path in written) / 1e6
    session.journal.decide("written", f"{summary}, {size_mb:.1f} MB", path=str(output))
    session.result["written"] = [
        {
            "path": str(output),
            "width": width,
            "height": height,
            "pictures": film.count,
            "path_of_camera": film.way,
        }
    ]


def _film_of(
    output: Path,
    way: "PathName | None",
    size: tuple[int, int] | None,
    turn: float | None,
    seconds: float,
    fps: float | None,
) -> "Film":
    from recon.render.film_plan import film_for

    film = film_for(output, way, seconds=seconds, fps=fps, turn_deg=turn)
    if film.is_still and film.way != "still":
        raise click.UsageError(f"--path {way} makes a film: give -o FILE.mp4, FILE.gif, or a directory")
    if size is not None and film.even and (size[0] % 2 or size[1] % 2):
        even = "x".join(str(side + side % 2) for side in size)
        raise click.UsageError(f"{output.suffix.lower()} needs an even width and height: use --size {even}")
    return film


def _show_plan(file: Path, output: Path, film: "Film", values: dict[str, Any], session: Session) -> None:
    from recon.file_info import is_geometry
    from recon.scene_file import SUFFIX
    from recon_cli.dry_run import plan_model

    if not is_geometry(file) and file.suffix.lower() != SUFFIX:
        plan_model(file, options_from(values), session)
    what = "one image" if film.is_still else f"{film.count} frames, {film.count / film.fps:.1f} s, {film.way}"
    session.journal.decide("output", f"would write {output} ({what})", path=str(output), pictures=film.count)


def _open(
    file: Path,
    shape: Shape,
    film: "Film",
    size: tuple[int, int] | None,
    values: dict[str, Any],
    session: Session,
    aims: "Sequence[Pixel]",
) -> "Subject":
    from recon.file_info import is_geometry
    from recon.render.film_plan import picture_size
    from recon.render.subject import subject_of_file, subject_of_scene

    if is_geometry(file):
        warn_of_idle_photo_options(file, session.journal)
        return subject_of_file(file, shape, session.journal)
    scene = open_scene(file, values, session, aims)
    with session.journal.stage("Preparing the scene"):
        photo = scene.photo.width, scene.photo.height
        return subject_of_scene(scene, shape, picture_size(film, photo, size))
