"""``recon relief``: a closed relief or a lithophane for 3D printing."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recon_cli.any_scene import open_scene
from recon_cli.console import Session, manners
from recon_cli.option_groups import GroupedCommand, option
from recon_cli.options.param_types import Distance
from recon_cli.options.scene_options import (
    ESTIMATION,
    OutputPath,
    inputs_of,
    options_from,
    overwrite_option,
    scene_options,
)

if TYPE_CHECKING:
    from recon.geometry.relief import Curve
    from recon.types import FloatMap

_EPILOG = """\b
Examples:
  recon relief photo.jpg -o relief.3mf                           12 cm wide, 8 mm high on a base of 2 mm
  recon relief scene.npz -o relief.stl --width 20cm --relief 15mm --curve inverse
  recon relief photo.jpg -o window.3mf --lithophane              thickness from brightness, 0.8 to 3.2 mm
\b
The solid lies on its back, is closed, and is in millimetres; a slicer opens it as it is.
"""
_MOST_M = 10.0


@click.command(cls=GroupedCommand, epilog=_EPILOG)
@click.argument("file", type=click.Path(path_type=Path))
@option(
    "-o",
    "--output",
    group="Output",
    type=OutputPath(path_type=Path),
    required=True,
    help="Output: .3mf, which states its unit, or .stl.",
)
@option(
    "--width",
    group="Output",
    type=Distance(_MOST_M),
    default="120mm",
    show_default=True,
    help="Width of the solid.",
)
@option(
    "--relief",
    group="Output",
    type=Distance(_MOST_M),
    help="Height difference between the nearest and the farthest depth. Default: 8mm; of a lithophane: 2.4mm.",
)
@option(
    "--base",
    group="Output",
    type=Distance(_MOST_M),
    help="Thickness at the lowest place. Default: 2mm; of a lithophane: 0.8mm.",
)
@option(
    "--curve",
    group="Output",
    type=click.Choice(["log", "inverse", "linear"]),
    help="How depth becomes height. log (default): equal steps for equal ratios. inverse: like "
    "parallax. linear: in proportion.",
)
@option(
    "--lithophane",
    group="Output",
    is_flag=True,
    help="Thickness from brightness instead of depth, to be held against light: dark is thick.",
)
@scene_options((*ESTIMATION, "max_depth"))
@overwrite_option
@manners
def relief(
    session: Session,
    file: Path,
    output: Path,
    width: float,
    relief: float | None,
    base: float | None,
    curve: "Curve | None",
    lithophane: bool,
    overwrite: bool,
    **values: Any,
) -> None:
    """Write a closed relief of FILE, a photo or a scene (.npz), for 3D printing."""
    from recon.atomic_write import check_writable
    from recon.geometry.relief import solid
    from recon.outputs.solid_file import check_solid_output, write_solid

    if lithophane and curve is not None:
        raise click.UsageError("--curve is for depth; a lithophane's thickness comes from brightness")
    check_solid_output(output)
    check_writable([(output,)], overwrite=overwrite, inputs=inputs_of(file, options_from(values)))
    heights = _lithophane(file, session) if lithophane else _heights(file, curve or "log", values, session)
    relief_m, base_m = (0.0024, 0.0008) if lithophane else (0.008, 0.002)
    with session.journal.stage(f"Writing {output.name}"):
        sizes_mm = [1000 * size for size in (width, relief or relief_m, base or base_m)]
        made = solid(heights, width_mm=sizes_mm[0], relief_mm=sizes_mm[1], base_mm=sizes_mm[2])
        write_solid(output, made, overwrite=overwrite)
    x, y, z = made.vertices_mm.max(axis=0).tolist()
    size_mb = output.stat().st_size / 1e6
    session.journal.decide(
        "written",
        f"{output}: closed solid, {x:.1f} x {y:.1f} x {z:.1f} mm, {len(made.faces):,} faces, {size_mb:.1f} MB",
    )
    session.result["written"] = [{"path": str(output), "size_mm": [x, y, z], "faces": len(made.faces)}]


def _heights(file: Path, curve: "Curve", values: dict[str, Any], session: Session) -> "FloatMap":
    from recon.geometry.relief import heights_from_depth
    from recon.outputs.depth_files import within_max_depth

    scene = open_scene(file, values, session)
    rules = {"log": "equal for equal ratios of depth", "inverse": "as parallax", "linear": "as depth"}
    session.journal.decide("relief", f"heights are {rules[curve]} (--curve {curve})", curve=curve)
    sky = scene.sky
    depth = within_max_depth(scene)
    keep = depth.valid if sky is None else depth.valid & ~sky
    beyond = scene.depth.valid & ~depth.valid
    return heights_from_depth(depth.z_m, keep, beyond if sky is None else sky | beyond, curve)


def _lithophane(file: Path, session: Session) -> "FloatMap":
    """Of the photo alone, which needs no model."""
    from recon.geometry.relief import heights_from_light
    from recon.photo.read import read_photo
    from recon.scene import Scene
    from recon.scene_file import SUFFIX

    photo = Scene.load(file).photo if file.suffix.lower() == SUFFIX else read_photo(file)
    session.journal.decide("lithophane", "thickness is linear in grey level: white is thin, black is thick")
    return heights_from_light(photo.rgb)
