"""Options of ``recon render``: path of the camera, size and look."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from recon.render.film_plan import FILM_S
from recon_cli.option_groups import option
from recon_cli.options.param_types import Distance, Number, Positions
from recon_cli.options.scene_options import OutputPath

Command = TypeVar("Command", bound=Callable[..., Any])
_MOST_PX, _MOST_M = 8192, 100_000
_DIGITS = re.compile(r"[0-9]{1,5}")
_LEAST_F, _MOST_F = 0.1, 64


class _Size(click.ParamType):
    name = "WxH"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        parts = str(value).lower().split("x")
        if len(parts) != 2 or not all(
            _DIGITS.fullmatch(part) and 0 < int(part) <= _MOST_PX for part in parts
        ):
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


class _FNumber(click.ParamType):
    name = "f/N"

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        try:
            number = float(str(value).lower().removeprefix("f").removeprefix("/"))
        except ValueError:
            number = 0.0
        if not _LEAST_F <= number <= _MOST_F:
            self.fail(
                f"expected an f-number from f/{_LEAST_F} to f/{_MOST_F}, such as f/1.8, got {value!r}",
                param,
                ctx,
            )
        return number


class _Offset(click.ParamType):
    name = "X,Y,Z"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[float, float, float]:
        if isinstance(value, tuple):
            return value
        try:
            x, y, z = (float(part) for part in str(value).split(","))
        except ValueError:
            self.fail(f"expected three numbers in m (right, up, back), got {value!r}", param, ctx)
        if not all(abs(each) <= _MOST_M for each in (x, y, z)):
            self.fail(f"expected three numbers of m, at most {_MOST_M:,.0f}, got {value!r}", param, ctx)
        return x, y, z


_OPTIONS = (
    option(
        "-o",
        "--output",
        group="Output",
        type=OutputPath(path_type=Path),
        required=True,
        help="Output: .png .jpg .webp, or .mp4 .mov .mkv .gif; without a suffix, a directory of PNGs.",
    ),
    option(
        "--path",
        "way",
        group="Output",
        type=click.Choice(["still", "swing", "turntable", "fly", "dolly-zoom"]),
        help="Camera path. Default: still for an image, swing for a film.",
    ),
    option(
        "--turn",
        group="Output",
        type=Number(0, 360, min_open=True),
        metavar="DEG",
        help="Angle that the camera turns, in degrees.",
    ),
    option(
        "--move",
        group="Output",
        type=_Offset(),
        default="0,0,0",
        help="Start position relative to the photo's camera: right, up, back, in metres.",
    ),
    option(
        "--size",
        group="Output",
        type=_Size(),
        help="Size of the image in px. Default: that of the photo, at most 1920 px (.gif: 640 px).",
    ),
    option(
        "--as",
        "shape",
        group="Output",
        type=click.Choice(["cloud", "mesh"]),
        default="mesh",
        show_default=True,
        help="Render photos and scenes as a point cloud or a mesh.",
    ),
    option(
        "--seconds",
        group="Output",
        type=Number(0.1, 600),
        metavar="S",
        default=FILM_S,
        show_default=True,
        help="Duration of the film, in seconds.",
    ),
    option(
        "--fps",
        group="Output",
        type=Number(1, 60),
        metavar="N",
        help="Frames per second. Default: 25 (.gif: 12.5).",
    ),
    option(
        "--background",
        group="Output",
        type=_Colour(),
        help="Background colour: a name or #RRGGBB. Default: a soft gradient of the scene's own colours.",
    ),
    option(
        "--point-size",
        group="Output",
        type=Number(0.5, 64),
        metavar="PX",
        help="Size of points in px. Default: large enough to close gaps.",
    ),
    option(
        "--stereo",
        group="Output",
        type=click.Choice(["sbs", "tb", "anaglyph", "cross"]),
        help="Two eyes: side by side, top and bottom, red and cyan glasses, or side by side for crossed eyes.",
    ),
    option(
        "--ipd",
        group="Output",
        type=Distance(10),
        help="Stereo: distance of the eyes. Default: 63mm.",
    ),
    option(
        "--convergence",
        group="Output",
        type=Distance(),
        help="Stereo: distance that appears in the plane of the screen; inf: parallel. Default: the nearest in view.",
    ),
    option(
        "--refocus",
        group="Output",
        type=Positions(1, 1, "812,440"),
        metavar="X,Y",
        help="Blur the image like a lens that is focused on this position in the photo.",
    ),
    option(
        "--aperture",
        group="Output",
        type=_FNumber(),
        help="Refocus: f-number of a full-frame lens with the photo's angle of view. Default: f/1.8.",
    ),
    option(
        "--subject",
        group="Output",
        type=Positions(1, 1, "812,440"),
        metavar="X,Y",
        help="Position in the photo whose distance is used as the centre of the path. Default: the median distance.",
    ),
)


def render_options(command: Command) -> Command:
    """Decorates a command with the options."""
    for decorate in reversed(_OPTIONS):
        command = decorate(command)
    return command
