"""``recon measure``: lengths, angles, areas and heights in a scene, each with a 95 % confidence interval."""

import csv
import io
from collections.abc import Callable, Sequence
from math import radians
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recon.constraints import Rectangle
from recon.errors import SceneFileError
from recon.statistics import COVERAGE_FACTOR
from recon.units import METRES, counted, rounded, significant
from recon_cli.console import Session, manners
from recon_cli.measure_across import Place, PlaceText, measured_across, opened_joined, without_names
from recon_cli.measure_plane import measured_in_plane
from recon_cli.option_groups import StrictCommand
from recon_cli.options.param_types import ConstraintText, DepthSigma, Number, Pixel, Positions
from recon_cli.options.scene_options import OutputPath, overwrite_option

if TYPE_CHECKING:
    from recon.measure import Assumptions, Measurement
    from recon.scene import Scene

_EPILOG = """\b
Positions are X,Y in px of the upright photo; the centre of the top-left pixel is 0.5,0.5.
\b
  recon measure scene.npz --from 812,440 --to 1020,441      # 1.420 m ± 0.058 (95 %)
  recon measure scene.npz --height 640,300 --unit ft
  recon measure scene.npz --area 100,200:300,200:300,400:100,400 --json
\b
In a scene of several photos (`recon join`), between positions in any two of them:
\b
  recon measure room.npz --from a.jpg:812,440 --to b.jpg:1020,441
\b
In the plane of a rectangle of known size (a door, a sheet of paper) lengths need no depth, and a photo is enough:
\b
  recon measure photo.jpg --rectangle 100,200:300,200:300,900:100,900=0.9mx2.03m --from 90,950 --to 420,950
"""


_ONE, _PLACE, _SEVERAL = "X,Y", "[PHOTO:]X,Y", "X,Y:X,Y:..."
_QUANTITIES = (
    ("--from", "starts", PlaceText("812,440"), _PLACE, "Start of a distance; needs --to. Repeatable."),
    ("--to", "ends", PlaceText("1020,441"), _PLACE, "End of a distance. Repeatable."),
    (
        "--polyline",
        "polylines",
        Positions(2, None, "100,200:300,210:500,220"),
        _SEVERAL,
        "Length of a line through several positions.",
    ),
    (
        "--angle",
        "angles",
        Positions(3, 3, "100,200:300,210:500,220"),
        "X,Y:X,Y:X,Y",
        "Angle at the second of three positions.",
    ),
    (
        "--area",
        "areas",
        Positions(3, None, "100,200:300,200:300,400:100,400"),
        _SEVERAL,
        "Area and perimeter of a flat outline; give its corners in order.",
    ),
    (
        "--plane",
        "planes",
        Positions(3, None, "100,200:300,200:300,400"),
        _SEVERAL,
        "Plane fitted inside an outline: distance from the camera, normal, tilt and flatness.",
    ),
    ("--height", "heights", Positions(1, 1, "812,440"), _ONE, "Height above the floor."),
    ("--distance", "distances", Positions(1, 1, "812,440"), _ONE, "Distance from the camera."),
)


def _quantity_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for flag, name, kind, metavar, text in reversed(_QUANTITIES):
        command = click.option(flag, name, multiple=True, type=kind, metavar=metavar, help=text)(command)
    return command


@click.command(cls=StrictCommand, epilog=_EPILOG)
@click.argument("path", type=click.Path(path_type=Path), metavar="SCENE|PHOTO")
@_quantity_options
@click.option(
    "--rectangle",
    type=ConstraintText(Rectangle),
    metavar="X,Y:X,Y:X,Y:X,Y=LENGTHxLENGTH",
    help="Measure in the plane of this rectangle, without any depth. Give its corners in order and its two sides.",
)
@click.option(
    "--unit",
    type=click.Choice(["m", "cm", "mm", "ft", "in"]),
    default="m",
    show_default=True,
    help="Unit of lengths.",
)
@click.option(
    "--pixel-sigma",
    type=Number(min=0, max=100),
    default=0.5,
    show_default=True,
    metavar="PX",
    help="Standard deviation of picked positions along x and y.",
)
@click.option(
    "--depth-sigma",
    type=DepthSigma(),
    help="Standard deviation of the depth of each pixel, independent, instead of the model's error model.",
)
@click.option(
    "--error-model",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Error model from `recon eval --error-model`, instead of the bundled one.",
)
@click.option(
    "--csv", "table", type=OutputPath(path_type=Path), metavar="FILE.csv", help="Also write a CSV table."
)
@overwrite_option
@manners
def measure(
    session: Session,
    path: Path,
    rectangle: Rectangle | None,
    unit: Any,
    pixel_sigma: float,
    depth_sigma: "Assumptions | None",
    error_model: Path | None,
    table: Path | None,
    overwrite: bool,
    starts: tuple[Place, ...],
    ends: tuple[Place, ...],
    **asked: tuple[tuple[Pixel, ...], ...],
) -> None:
    """Measure in a SCENE (.npz), or in one plane of a PHOTO, with 95 % confidence intervals."""
    if len(starts) != len(ends):
        raise click.UsageError(
            f"{len(starts)} --from and {len(ends)} --to: give them in pairs, e.g. --from 812,440 --to 1020,441"
        )
    if not (starts or any(asked.values())):
        raise click.UsageError("nothing to measure: give --from 812,440 --to 1020,441, or --height 812,440")
    if depth_sigma is not None and error_model is not None:
        raise click.UsageError("--depth-sigma and --error-model are mutually exclusive")
    from dataclasses import replace

    from recon.atomic_write import check_writable
    from recon.calibration.error_models import read_error_models
    from recon.measure import Assumptions

    if table is not None:
        check_writable([(table,)], overwrite=overwrite, inputs=[path])
    models = {} if error_model is None else read_error_models(error_model)
    assume = replace(depth_sigma or Assumptions(), pixel_sigma_px=pixel_sigma, error_models=models)
    pairs = list(zip(starts, ends, strict=True))
    if rectangle is not None:
        results = measured_in_plane(path, rectangle, without_names(pairs), asked, assume)
    elif (several := opened_joined(path)) is not None:
        _warn_if_unfit(several.scene_of(0), assume, session)
        results = measured_across(several, pairs, asked, assume)
    else:
        in_one = without_names(pairs)
        scene = _opened(path)
        _warn_if_unfit(scene, assume, session)
        results = _measured(scene, in_one, asked, assume)
    results = [one.in_unit(unit) for one in results]
    for one, previous in zip(results, [None, *results], strict=False):
        _report(one, session, same=previous is not None and one.errors_text == previous.errors_text)
    session.result["measurements"] = [one.as_json() for one in results]
    if table is not None:
        _write_table(table, results, overwrite=overwrite)
        session.journal.decide("written", f"{table}: {counted(len(results), 'measurement')}", path=str(table))


def _warn_if_unfit(scene: "Scene", assume: "Assumptions", session: Session) -> None:
    from recon.measure.error_budget import unfit_reason

    unfit = unfit_reason(scene, assume)
    if unfit is not None:
        session.journal.warn("measure", unfit)


def _opened(path: Path) -> "Scene":
    from recon.scene import Scene
    from recon.scene_file import SUFFIX

    if path.suffix.lower() != SUFFIX:
        raise SceneFileError(
            f"{path} is not a scene file ({SUFFIX}): create one with `recon build PHOTO -o scene{SUFFIX}`, or "
            "measure in the plane of a rectangle of known size with --rectangle, which needs only the photo"
        )
    return Scene.load(path)


def _measured(
    scene: "Scene",
    ends: Sequence[tuple[Pixel, Pixel]],
    asked: dict[str, tuple[tuple[Pixel, ...], ...]],
    assume: "Assumptions",
) -> "list[Measurement]":
    from recon import measure as on

    results = [on.distance(scene, a, b, assume) for a, b in ends]
    results += [on.polyline(scene, pixels, assume) for pixels in asked["polylines"]]
    results += [on.angle(scene, a, b, c, assume) for a, b, c in asked["angles"]]
    results += [on.area(scene, pixels, assume) for pixels in asked["areas"]]
    results += [on.plane(scene, pixels, assume) for pixels in asked["planes"]]
    results += [on.height_above_floor(scene, pixel, assume) for (pixel,) in asked["heights"]]
    results += [on.from_camera(scene, pixel, assume) for (pixel,) in asked["distances"]]
    return results


def _report(measurement: "Measurement", session: Session, *, same: bool) -> None:
    """Prints the value, its parts and details, and if verbose one line on its errors."""
    from recon.measure.rectangle_plane import UNCHECKED

    for warning in measurement.warnings:
        session.journal.warn("measure", warning)
    where = _where(measurement)
    session.print(f"{measurement.quantity} {where}   {measurement.text}")
    for name, part in measurement.parts.items():
        session.print(f"    {name:<11} {part.text}")
    for line in _particulars(measurement):
        session.print(f"    {line}")
    # Why there is no interval is always shown, the list of errors only if verbose.
    if session.journal.verbose or (measurement.unknown is not None and not same):
        session.print(f"    {'errors as above' if same else measurement.errors_text}")
    elif UNCHECKED in measurement.not_included and not same:
        session.print("    in the plane of the rectangle, if the positions lie in it")


def _where(measurement: "Measurement") -> str:
    """The positions, with the names of their photos if there are several."""
    names = [f"{name}:" for name in measurement.details.get("photos", ())] or [""] * len(
        measurement.pixels_px
    )
    places = [f"{name}{x:g},{y:g}" for name, (x, y) in zip(names, measurement.pixels_px, strict=True)]
    return (" to " if names[0] else ":").join(places)


def _normal(normal_gl: Sequence[float], sigma_deg: float | None) -> str:
    """A direction with its significant digits; unknown if its interval exceeds a right angle."""
    if sigma_deg is None:
        half_deg, spread = 0.1, ""
    elif (half_deg := COVERAGE_FACTOR * sigma_deg) >= 90:
        return "normal unknown: its 95 % interval is all directions"
    else:
        spread = f" ± {rounded(half_deg, half_deg, 2)}° (95 %)"
    x, y, z = (rounded(each, radians(half_deg), 4) for each in normal_gl)
    return f"normal ({x}, {y}, {z}), x right, y up, z backward{spread}"


def _particulars(measurement: "Measurement") -> list[str]:
    """The details of a measurement as text."""
    details, lines = measurement.details, []
    if "normal_gl" in details:
        lines.append(_normal(details["normal_gl"], details["normal_sigma_deg"]))
    if "on_plane" in details:
        lines.append(
            f"{100 * details['on_plane']:.0f} % of the pixels inside lie on one plane, within "
            f"{significant(1000 * details['rms_m'], 2)} mm (RMS)"
        )
    if "camera_height_m" in details:
        height = _as_sure(details["camera_height_m"], measurement)
        lines.append(
            f"the camera is {height} m above the lowest visible horizontal surface, which is assumed to be the floor"
        )
    return lines


def _as_sure(length_m: float, measurement: "Measurement") -> str:
    """A length with the decimals that are known of a measured one."""
    if measurement.low is None or measurement.high is None:
        return f"{length_m:.2f}"
    half_m = METRES[measurement.length_unit] * (measurement.high - measurement.low) / 2
    return rounded(length_m, half_m, 2)


def _write_table(path: Path, measurements: "Sequence[Measurement]", *, overwrite: bool) -> None:
    """One row for each quantity, and one for each of its parts."""
    from recon.atomic_write import staged

    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["quantity", "pixels", "value", "unit", "sigma", "low", "high", "method", "errors"])
    for one in measurements:
        where = _where(one)
        for name, part in {one.quantity: one, **one.parts}.items():
            title = name if part is one else f"{one.quantity}: {name}"
            numbers = [part.value, part.unit, part.sigma, part.low, part.high, part.method]
            table.writerow([title, where, *numbers, one.errors_text])
    with staged(path, overwrite=overwrite) as temporary:
        # With a byte order mark: without it, Excel assumes the system's legacy encoding.
        temporary.write_text(text.getvalue(), encoding="utf-8-sig", newline="")
