"""``recon depth``: a photo to a depth map, as numbers or as a picture."""

from pathlib import Path
from typing import Any

import click

from recon.errors import ExportError
from recon_cli.console import Session, manners
from recon_cli.idle import warn_of_idle_estimation, warn_of_idle_pictures
from recon_cli.options import (
    ESTIMATION,
    inputs_of,
    options_from,
    output_option,
    overwrite_option,
    scene_options,
)

_EPILOG = """\b
Formats:
  .png               16-bit integers, millimetres, 0 where not known
  .exr .tif          float32 metres (EXR: 0 where not known; TIFF: NaN)
  .npy               float32 metres (H, W) of the upright photo, NaN where not known
  .npz               z_m float32 metres and valid bool
  .png --colormap C  a picture with a legend in metres; .jpg always is one
"""


class ColorMap(click.ParamType):
    """A colour map's name; the list is loaded when asked for."""

    name = "NAME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name as it is written, in upper or lower case; a usage error that lists the names else."""
        from recon.depthpicture import COLORMAPS

        found = [name for name in COLORMAPS if name.lower() == str(value).lower()]
        if not found:
            self.fail(f"{value!r} is not one of {', '.join(COLORMAPS)}")
        return found[0]


@click.command(epilog=_EPILOG)
@click.argument("photo", type=click.Path(path_type=Path))
@output_option(
    "Where to write; the suffix is the format. May be given several times: depth is computed once."
)
@click.option(
    "--colormap",
    type=ColorMap(),
    help="Write .png and .jpg as a picture: Spectral_r, viridis, plasma, magma, inferno or turbo.",
)
@click.option(
    "--png-unit",
    type=click.FloatRange(min=0, min_open=True),
    default=0.001,
    show_default=True,
    metavar="M",
    help="Metres per stored unit of a 16-bit PNG.",
)
@scene_options((*ESTIMATION, "max_depth"))
@overwrite_option
@manners
def depth(
    session: Session,
    photo: Path,
    outputs: tuple[Path, ...],
    colormap: str | None,
    png_unit: float,
    overwrite: bool,
    **values: Any,
) -> None:
    """Turn one PHOTO into a metric depth map."""
    from recon.depthimage import check_depth_output, write_depth
    from recon.export.staging import check_writable
    from recon.pipeline import reconstruct
    from recon.types import MetricDepth

    options = options_from(values)
    colours = {
        path: colormap if path.suffix.lower() in (".png", ".jpg", ".jpeg") else None for path in outputs
    }
    for path in outputs:
        check_depth_output(path, colours[path])
    check_writable([(path,) for path in outputs], overwrite=overwrite, inputs=inputs_of(photo, options))
    warn_of_idle_estimation(options, session.journal)
    warn_of_idle_pictures(outputs, colormap, session.journal)

    scene = reconstruct(photo, options, journal=session.journal)
    known = scene.depth.valid
    if options.max_depth is not None:
        near = known & (scene.depth.z_m <= options.max_depth)
        if known.any() and not near.any():
            raise ExportError(
                f"nothing is left to write: all depth is beyond --max-depth {options.max_depth:g} m, the nearest at "
                f"{scene.depth.z_m[known].min():.3g} m"
            )
        known = near
    kept = MetricDepth(z_m=scene.depth.z_m, valid=known)
    written = []
    for path in outputs:
        done = write_depth(path, kept, colormap=colours[path], unit_m=png_unit, overwrite=overwrite)
        size = path.stat().st_size
        values = {"path": str(path), "what": done.what, "out_of_range": done.out_of_range, "bytes": size}
        session.journal.decide("written", f"{path}: {done.what}, {size / 1e6:.1f} MB", **values)
        if done.out_of_range:
            session.journal.warn(
                "written",
                f"{path}: {done.out_of_range:,} pixels are too near or too far for 16 bits at {png_unit:g} m and are "
                "marked as not known: use a larger --png-unit, or .exr",
                **values,
            )
        written.append(values)
    session.result["written"] = written
    session.result["scene"] = dict(scene.provenance)
