"""``recon render``: pictures and films of a scene, without a display."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recon.options import Shape
from recon_cli.console import Session, manners
from recon_cli.options.scene_options import (
    ESTIMATION,
    GEOMETRY,
    OutputPath,
    inputs_of,
    options_from,
    overwrite_option,
    scene_options,
)
from recon_cli.options.without_effect import warn_of_idle_estimation

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from recon.render.camera_paths import PathName
    from recon.render.drawable import Drawn
    from recon.render.offscreen import Look
    from recon.render.view_camera import ViewCamera

_EPILOG = """\b
Examples:
  recon render photo.jpg -o swing.mp4                 the camera swings past the scene and back
  recon render scene.npz -o view.png --move 0.3,0.1,0 from 30 cm to the right and 10 cm higher
  recon render scene.npz -o around.gif --path turntable --size 480x360
  recon render photo.jpg -o wide.mp4 --turn 40 --fill  farther to the sides, with gaps filled in part
  recon render scene.npz -o frames --path fly         numbered PNGs in a folder
  recon render scene.glb -o model.mp4                 any file that `recon view` opens
\b
The camera begins where the photo was taken. swing: to both sides and back. turntable: all around; one photo has no
backs. fly: forward, not farther than what is nearest, and back.
"""
_LARGEST_PX, _LARGEST_GIF_PX = 1920, 640
"""Of the longer side, where no size is given."""
_FPS, _GIF_FPS = 25.0, 12.5
_MOST_PX = 8192
_NO_PHOTO_PX = (1280, 960)
"""Size of the picture of a file that has no photo."""
_SWING_DEG, _TURNTABLE_DEG = 24.0, 360.0
"""A photo does not know what is behind things: beyond 12 degrees to a side, holes rule the picture."""
_WIDER = 1.5
"""Points are wider than what one saw, so that no gaps open where the camera comes nearer or looks aslant."""
_FINER_UP_TO_PX = 4096
"""A renderer's picture does not become larger than this to smooth outlines."""


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


@click.command(epilog=_EPILOG)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=OutputPath(path_type=Path),
    required=True,
    help="Where to write: .png .jpg .webp, or .mp4 .mov .mkv .gif; without a suffix, a folder of PNGs.",
)
@click.option(
    "--path",
    "way",
    type=click.Choice(["still", "swing", "turntable", "fly"]),
    help="How the camera moves. Default: still for a picture, swing for a film.",
)
@click.option("--turn", type=click.FloatRange(0, 360, min_open=True), help="How far it turns, degrees.")
@click.option("--move", type=_Offset(), default="0,0,0", help="Where it starts: right, up and back, m.")
@click.option(
    "--seconds", type=click.FloatRange(0.1, 600), default=6.0, show_default=True, help="How long a film is."
)
@click.option("--fps", type=click.FloatRange(1, 60), help="Pictures a second. Default: 25, of a .gif 12.5.")
@click.option("--size", type=_Size(), help="Default: the photo's, at most 1920 px, of a .gif 640 px.")
@click.option("--background", type=_Colour(), default="black", show_default=True, help="Name or #RRGGBB.")
@click.option(
    "--as",
    "shape",
    type=click.Choice(["cloud", "mesh"]),
    default="mesh",
    show_default=True,
    help="What to show of photos and scenes.",
)
@click.option(
    "--point-size",
    type=click.FloatRange(0.5, 64),
    help="Of a cloud's points, px. Default: so that no gaps show.",
)
@scene_options(ESTIMATION + tuple(name for name in GEOMETRY if name != "axes"))
@overwrite_option
@click.option("--dry-run", is_flag=True, help="Say what would be done; run no model and write nothing.")
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
    background: tuple[int, int, int],
    shape: Shape,
    point_size: float | None,
    overwrite: bool,
    dry_run: bool,
    **values: Any,
) -> None:
    """Make a picture or a film of FILE: a photo, a scene (.npz) or an exported file. Needs no display."""
    from recon.atomic_write import check_writable
    from recon.errors import ExportError, PhotoError
    from recon.render.film import check_film, files
    from recon.render.offscreen import Look
    from recon.render.renderer_check import check_rendering

    check_film(output)
    film = _film_of(output, way, size, turn, seconds, fps)
    if not file.exists():
        raise PhotoError(f"{file} does not exist")
    inputs = inputs_of(file, options_from(values))
    check_writable([files(output, film.count)], overwrite=overwrite, inputs=inputs)
    if dry_run:
        _show_plan(file, output, film, values, session)
        return
    check_rendering()
    opened = _open(file, shape, values, session)
    if not len(opened.drawn.points):
        raise ExportError(
            f"{file} has nothing to render: no depth is left; try --edge 0 or a larger --max-depth"
        )
    width, height = size or _own_size(opened.size, film)
    zoom = min(width / opened.size[0], height / opened.size[1])
    exact = film.way == "still" and not any(move) and zoom == 1
    look = Look(
        width=width,
        height=height,
        finer=2 if 2 * max(width, height) <= _FINER_UP_TO_PX else 1,
        background=background,
        point_size_px=point_size or max(1.0, (1 if exact else _WIDER) * opened.footprint_px * zoom),
    )
    _write(look, opened, film, move, output, overwrite, session)
    written = [path for path in files(output, film.count) if path.is_file()]
    told = f"{output}, {width}x{height} px" + (
        "" if film.is_still else f", {film.count} pictures, {film.count / film.fps:.1f} s"
    )
    size_mb = sum(path.stat().st_size for path in written) / 1e6
    session.journal.decide("written", f"{told}, {size_mb:.1f} MB", path=str(output))
    session.result["written"] = [
        {
            "path": str(output),
            "width": width,
            "height": height,
            "pictures": film.count,
            "path_of_camera": film.way,
        }
    ]


@dataclass(frozen=True)
class _Film:
    """What is asked for, with the defaults that fit the kind of file."""

    way: "PathName"
    count: int
    fps: float
    turn_deg: float
    largest_px: int
    even: bool
    """Its format wants even sides."""
    is_still: bool


@dataclass(frozen=True)
class _Opened:
    """What is drawn, and from where."""

    drawn: "Drawn"
    start: "ViewCamera"
    size: tuple[int, int]
    """(width, height) of the photo, px."""
    footprint_px: float
    """Of a point in a picture of that size."""
    nearest_m: float


def _film_of(
    output: Path,
    way: "PathName | None",
    size: tuple[int, int] | None,
    turn: float | None,
    seconds: float,
    fps: float | None,
) -> _Film:
    from recon.render.film import STILLS
    from recon.video.writer import OUTPUT_SUFFIXES

    suffix = output.suffix.lower()
    is_still, is_gif, even = suffix in STILLS, suffix == ".gif", suffix in OUTPUT_SUFFIXES
    way = way or ("still" if is_still else "swing")
    if is_still and way != "still":
        raise click.UsageError(f"--path {way} is a film: give -o FILE.mp4, FILE.gif, or a folder")
    if size is not None and even and (size[0] % 2 or size[1] % 2):
        good = "x".join(str(side + side % 2) for side in size)
        raise click.UsageError(f"{suffix} needs even sides: --size {good}")
    rate = fps or (_GIF_FPS if is_gif else _FPS)
    return _Film(
        way,
        1 if is_still else max(2, round(seconds * rate)),
        rate,
        turn or (_TURNTABLE_DEG if way == "turntable" else _SWING_DEG),
        _LARGEST_GIF_PX if is_gif else _LARGEST_PX,
        even,
        is_still,
    )


def _own_size(size: tuple[int, int], film: _Film) -> tuple[int, int]:
    """The photo's, as far as it is not too large, and even where the format wants that."""
    shrink = min(1.0, film.largest_px / max(size))
    step = 2 if film.even else 1
    width, height = (max(step, round(shrink * side / step) * step) for side in size)
    return width, height


def _show_plan(file: Path, output: Path, film: _Film, values: dict[str, Any], session: Session) -> None:
    from recon.render.read_geometry import is_geometry
    from recon.scene_file import SUFFIX
    from recon_cli.dry_run import plan_model

    if not is_geometry(file) and file.suffix.lower() != SUFFIX:
        plan_model(file, options_from(values), session)
    what = (
        "one picture"
        if film.is_still
        else f"{film.count} pictures, {film.count / film.fps:.1f} s, {film.way}"
    )
    session.journal.decide("output", f"would write {output} ({what})", path=str(output), pictures=film.count)


def _write(
    look: "Look",
    opened: _Opened,
    film: _Film,
    move: tuple[float, float, float],
    output: Path,
    overwrite: bool,
    session: Session,
) -> None:
    from recon.render.camera_paths import cameras, fly_share, moved
    from recon.render.film import write_film, write_still
    from recon.render.offscreen import Offscreen

    start = moved(opened.start, move)
    if film.is_still:
        with session.journal.stage("Rendering"):
            write_still(output, Offscreen(opened.drawn, look).picture(start), overwrite=overwrite)
        return
    share = fly_share(opened.nearest_m + move[2], start.distance_m)
    if film.way == "fly":
        session.journal.decide("camera", f"flies {share * start.distance_m:.2f} m forward and back")
    elif film.way != "still":
        told = f"turns {film.turn_deg:.0f} degrees about a point {start.distance_m:.2f} m ahead"
        session.journal.decide("camera", told)
    places = list(cameras(film.way, start, film.count, film.turn_deg, share))
    frames = _frames(opened.drawn, look, places, session)
    write_film(output, frames, film.fps, film.count, overwrite=overwrite)


def _frames(
    drawn: "Drawn", look: "Look", places: "list[ViewCamera]", session: Session
) -> "Iterator[NDArray[np.uint8]]":
    from recon.render.offscreen import pictures
    from recon_cli.eval_run import progress

    with progress(session.journal, "pictures", len(places)) as step:
        for picture in pictures(drawn, look, places):
            yield picture
            step()


def _open(file: Path, shape: Shape, values: dict[str, Any], session: Session) -> _Opened:
    import numpy as np

    from recon.frames import gl_T_cam
    from recon.render.drawable import draw_geometry, draw_scene
    from recon.render.read_geometry import is_geometry, read_geometry
    from recon.render.style import View
    from recon.render.view_camera import photo_camera, preset
    from recon.scene import Scene
    from recon.scene_file import SUFFIX

    view = View(shown_as=shape)
    if is_geometry(file):
        drawn = draw_geometry(read_geometry(file), view, gl_T_cam)
        low, high = drawn.bounds
        start = preset("front", low, high)
        return _Opened(
            drawn, start, _NO_PHOTO_PX, 1.0, max(start.distance_m - float(high[2] - low[2]) / 2, 0.0)
        )
    options = options_from(values)
    if file.suffix.lower() == SUFFIX:
        loaded = Scene.load(file)
        scene = loaded.with_options(options_from(values, loaded.options))
    else:
        from recon.pipeline import reconstruct

        warn_of_idle_estimation(options, session.journal)
        scene = reconstruct(file, options, journal=session.journal)
    levelling = scene.levelling
    world_T_cam = gl_T_cam
    if levelling is not None and levelling.trusted:
        world_T_cam = levelling.level_T_gl @ gl_T_cam
    with session.journal.stage("Preparing the scene"):
        drawn = draw_scene(scene, view, world_T_cam, share=(0.0, 1.0))
    known = scene.depth.z_m[scene.depth.valid]
    nearest_m, middle_m = np.percentile(known, (2, 50)).tolist() if known.size else (1.0, 3.0)
    start = photo_camera(scene.intrinsics, world_T_cam, middle_m)
    size = (scene.photo.width, scene.photo.height)
    return _Opened(drawn, start, size, float(scene.options.stride), nearest_m)
