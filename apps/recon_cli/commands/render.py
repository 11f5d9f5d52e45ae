"""``recon render``: render images and films of a scene, without a display."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recon.options import Shape
from recon.render.film_plan import FILM_S
from recon_cli.console import Session, manners
from recon_cli.option_groups import GroupedCommand, option
from recon_cli.options.param_types import Number
from recon_cli.options.scene_options import (
    ESTIMATION,
    GEOMETRY,
    OutputPath,
    dry_run_option,
    inputs_of,
    options_from,
    overwrite_option,
    scene_options,
)
from recon_cli.options.without_effect import warn_of_idle_estimation

if TYPE_CHECKING:
    from recon.render.camera_paths import PathName
    from recon.render.film_plan import Film
    from recon.render.subject import Subject

_EPILOG = """\b
Examples:
  recon render photo.jpg -o swing.mp4                 the camera swings past the scene and back
  recon render scene.npz -o view.png --move 0.3,0.1,0 from 30 cm to the right and 10 cm higher
  recon render scene.npz -o around.gif --path turntable --size 480x360
  recon render photo.jpg -o wide.mp4 --turn 40 --fill  a wider swing, with gaps partly filled
  recon render scene.npz -o frames --path fly         numbered PNGs in a folder
  recon render scene.glb -o model.mp4                 any file that `recon view` opens
\b
The camera starts where the photo was taken; for exported files, at the camera in the file, or in front of the scene.
swing: to both sides and back. turntable: full turn (back sides are not reconstructed). fly: forward up to the nearest
surface, and back.
"""
_MOST_PX = 8192


class _Size(click.ParamType):
    name = "WxH"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        parts = str(value).lower().split("x")
        if len(parts) != 2 or not all(part.isdigit() and 0 < int(part) <= _MOST_PX for part in parts):
            self.fail(f"expected WIDTHxHEIGHT in px, each from 1 to {_MOST_PX}, got {value!r}", param, ctx)
        return int(parts[0]), int(parts[1])


class _Colour(click.ParamType):
    name = "colour"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, int, int]:
        from PIL import ImageColor

        if isinstance(value, tuple):
            return value
        try:
            return ImageColor.getrgb(value)[:3]
        except ValueError:
            self.fail(f"expected a colour as black or #202428, got {value!r}", param, ctx)


class _Offset(click.ParamType):
    name = "X,Y,Z"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[float, float, float]:
        from math import isfinite

        if isinstance(value, tuple):
            return value
        try:
            x, y, z = (float(part) for part in str(value).split(","))
        except ValueError:
            self.fail(f"expected three numbers in m (right, up, back), got {value!r}", param, ctx)
        if not all(map(isfinite, (x, y, z))):
            self.fail(f"expected finite numbers, got {value!r}", param, ctx)
        return x, y, z


@click.command(cls=GroupedCommand, epilog=_EPILOG)
@click.argument("file", type=click.Path(path_type=Path))
@option(
    "-o",
    "--output",
    group="Output",
    type=OutputPath(path_type=Path),
    required=True,
    help="Output: .png .jpg .webp, or .mp4 .mov .mkv .gif; without a suffix, a directory of PNGs.",
)
@option(
    "--path",
    "way",
    group="Output",
    type=click.Choice(["still", "swing", "turntable", "fly"]),
    help="Camera path. Default: still for an image, swing for a film.",
)
@option(
    "--turn",
    group="Output",
    type=Number(0, 360, min_open=True),
    help="Angle that the camera turns, in degrees.",
)
@option(
    "--move",
    group="Output",
    type=_Offset(),
    default="0,0,0",
    help="Start position relative to the photo's camera: right, up, back, in metres.",
)
@option(
    "--size", group="Output", type=_Size(), help="Default: size of the photo, at most 1920 px (.gif: 640 px)."
)
@option(
    "--as",
    "shape",
    group="Output",
    type=click.Choice(["cloud", "mesh"]),
    default="mesh",
    show_default=True,
    help="Render photos and scenes as a point cloud or a mesh.",
)
@option(
    "--seconds",
    group="Output",
    type=Number(0.1, 600),
    default=FILM_S,
    show_default=True,
    help="Duration of the film.",
)
@option(
    "--fps",
    group="Output",
    type=Number(1, 60),
    help="Frames per second. Default: 25 (.gif: 12.5).",
)
@option(
    "--background",
    group="Output",
    type=_Colour(),
    help="Background colour: a name or #RRGGBB. Default: a soft gradient of the scene's own colours.",
)
@option(
    "--point-size",
    group="Output",
    type=Number(0.5, 64),
    help="Size of points in px. Default: large enough to close gaps.",
)
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
    from recon.render.render_film import render_to

    check_film(output)
    film = _film_of(output, way, size, turn, seconds, fps)
    if not file.exists():
        raise PhotoError(f"{file} does not exist")
    inputs = inputs_of(file, options_from(values))
    check_writable([files(output, film.count)], overwrite=overwrite, inputs=inputs)
    if dry_run:
        _show_plan(file, output, film, values, session)
        return
    subject = _open(file, shape, film, size, values, session)
    if subject.drawn.is_empty:
        raise ExportError(
            f"{file}: nothing to render, since all depth was removed; try --edge 0, a larger --max-depth, or a "
            "smaller --stride"
        )
    look = look_for(subject, film, size, moved=any(move), background=background, point_size_px=point_size)

    @contextmanager
    def steps(count: int) -> Iterator[Callable[[], object]]:
        with session.journal.count(count, "frames") as bar:
            yield bar.advance

    render_to(output, subject, film, look, steps, session.journal, move=move, overwrite=overwrite)
    written = [path for path in files(output, film.count) if path.is_file()]
    summary = f"{output}, {look.width}x{look.height} px" + (
        "" if film.is_still else f", {film.count} frames, {film.count / film.fps:.1f} s"
    )
    size_mb = sum(path.stat().st_size for path in written) / 1e6
    session.journal.decide("written", f"{summary}, {size_mb:.1f} MB", path=str(output))
    session.result["written"] = [
        {
            "path": str(output),
            "width": look.width,
            "height": look.height,
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
) -> "Subject":
    from recon.file_info import is_geometry
    from recon.render.film_plan import picture_size
    from recon.render.subject import subject_of_file, subject_of_scene
    from recon.scene import Scene
    from recon.scene_file import SUFFIX

    if is_geometry(file):
        return subject_of_file(file, shape, session.journal)
    options = options_from(values)
    if file.suffix.lower() == SUFFIX:
        loaded = Scene.load(file)
        scene = loaded.with_options(options_from(values, loaded.options))
    else:
        from recon.pipeline import reconstruct

        warn_of_idle_estimation(options, session.journal)
        scene = reconstruct(file, options, journal=session.journal)
    with session.journal.stage("Preparing the scene"):
        photo = scene.photo.width, scene.photo.height
        return subject_of_scene(scene, shape, picture_size(film, photo, size))
