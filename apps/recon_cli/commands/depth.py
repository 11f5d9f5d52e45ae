"""``recon depth``: photos, or the frames of a video, to depth maps, as numbers or as pictures."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recon.errors import ExportError
from recon.options import Options
from recon_cli.batch.request import Request, batch_options, photos_argument, request_from
from recon_cli.console import Session, manners
from recon_cli.options.scene_options import (
    ESTIMATION,
    inputs_of,
    options_from,
    output_option,
    overwrite_option,
    scene_options,
)
from recon_cli.options.without_effect import warn_of_idle_estimation, warn_of_idle_pictures
from recon_cli.outputs import HasJournal

if TYPE_CHECKING:
    from recon.scene import Scene
    from recon.types import MetricDepth

_DEFAULT_FORMAT = "png"
_PICTURES = (".png", ".jpg", ".jpeg")
_EPILOG = """\b
Formats:
  .png               16-bit integers, millimetres, 0 where not known
  .exr .tif          float32 metres (EXR: 0 where not known; TIFF: NaN)
  .npy               float32 metres (H, W) of the upright photo, NaN where not known
  .npz               z_m float32 metres and valid bool
  .png --colormap C  a picture with a legend in metres; .jpg always is one
  .mp4 .mov .mkv     of a video: such pictures, in one scale of colours
\b
Examples:
  recon depth photo.jpg -o depth.png
  recon depth photos/ -o depths/ --format png,npy   every photo of a folder, by the rules of `recon build`
  recon depth clip.mp4 -o depth.mp4                 a video of colours, with the video's own times
  recon depth clip.mp4 -o depths/ --format png      16-bit frames; depths/batch.jsonl has the time of each
"""


class ColorMap(click.ParamType):
    """A colour map's name; the list is loaded when asked for."""

    name = "NAME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name as it is written, in upper or lower case; a usage error that lists the names else."""
        from recon.depth_map.colormap import COLORMAPS

        found = [name for name in COLORMAPS if name.lower() == str(value).lower()]
        if not found:
            self.fail(f"{value!r} is not one of {', '.join(COLORMAPS)}")
        return found[0]


class Span(click.ParamType):
    """``NEAR,FAR`` in metres."""

    name = "NEAR,FAR"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float]:
        """Two depths; a usage error for anything else."""
        if isinstance(value, tuple):
            return value
        try:
            near, far = (float(part) for part in str(value).split(","))
        except ValueError:
            near, far = 0.0, 0.0
        if not 0 < near < far < float("inf"):
            self.fail(
                f"{value!r} is no range of depth: give the nearest and the farthest in metres, such as 0.5,20"
            )
        return near, far


@click.command(epilog=_EPILOG)
@photos_argument
@output_option(
    "Where to write; the suffix is the format. May be given several times: depth is computed once. Of several photos "
    "or a folder: a folder; of a video: a folder, or a video."
)
@batch_options(
    "What to write of several photos, a folder or a video: suffixes, such as png,npy. Default: png."
)
@click.option(
    "--colormap",
    type=ColorMap(),
    help="Write .png and .jpg as a picture: Spectral_r, viridis, plasma, magma, inferno or turbo.",
)
@click.option(
    "--depth-range",
    type=Span(),
    metavar="NEAR,FAR",
    help="Depths in metres at the ends of a picture's colours. Default: of a photo its own, of a video those of "
    "a few frames.",
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
@click.option("--dry-run", is_flag=True, help="Say what would be done; run no model and write nothing.")
@manners
def depth(
    session: Session,
    photos: tuple[str, ...],
    outputs: tuple[Path, ...],
    colormap: str | None,
    depth_range: tuple[float, float] | None,
    png_unit: float,
    **values: Any,
) -> None:
    """Turn PHOTO into a metric depth map; several photos, a folder of them, or a video into one each."""
    from recon.video.writer import OUTPUT_SUFFIXES

    options = options_from(values)
    names = ("formats", "every", "recursive", "resume", "overwrite", "dry_run")
    request = request_from(photos, outputs, **{name: values[name] for name in names})
    maker = DepthFiles((), colormap, png_unit, depth_range)
    warn_of_idle_estimation(options, session.journal)
    if any(path.suffix.lower() in OUTPUT_SUFFIXES for path in outputs):
        from recon_cli.batch.depth_video import make_depth_video

        make_depth_video(session, request, options, colormap, depth_range)
    elif request.is_batch:
        _depth_of_many(session, request, options, maker)
    else:
        _depth_of_one(session, request, options, maker)


@dataclass(frozen=True)
class DepthFile:
    """One file of depth."""

    path: Path

    @property
    def files(self) -> tuple[Path, ...]:
        """The file alone."""
        return (self.path,)


@dataclass(frozen=True)
class DepthFiles:
    """The files of depth that are made of each photo."""

    suffixes: Sequence[str]
    colormap: str | None
    png_unit: float
    span_m: tuple[float, float] | None

    def targets(self, stem: Path) -> list[DepthFile]:
        """The files whose names begin with ``stem``."""
        return [DepthFile(stem.with_name(stem.name + suffix)) for suffix in self.suffixes]

    def colormap_of(self, path: Path) -> str | None:
        """The colour map of a file that may be a picture."""
        return self.colormap if path.suffix.lower() in _PICTURES else None

    def check(self, paths: Sequence[Path], journal: Any) -> None:
        """Refuses early what could not be written, and warns of options that do nothing."""
        from recon.depth_map.write import check_depth_output

        for path in paths:
            check_depth_output(path, self.colormap_of(path))
        warn_of_idle_pictures(paths, self.colormap, journal)
        pictures = self.colormap is not None or any(
            path.suffix.lower() in (".jpg", ".jpeg") for path in paths
        )
        if self.span_m is not None and not pictures:
            journal.warn(
                "options", "--depth-range has no effect: no picture is written", option="--depth-range"
            )

    def write(
        self, scene: "Scene", targets: Sequence[DepthFile], told: HasJournal, *, overwrite: bool
    ) -> list[dict[str, Any]]:
        """Writes them, and says what was written."""
        from recon.depth_map.write import write_depth

        kept = within_max_depth(scene)
        written = []
        for path in (target.path for target in targets):
            done = write_depth(
                path,
                kept,
                colormap=self.colormap_of(path),
                unit_m=self.png_unit,
                span_m=self.span_m,
                overwrite=overwrite,
            )
            size = path.stat().st_size
            values = {"path": str(path), "what": done.what, "out_of_range": done.out_of_range, "bytes": size}
            told.journal.decide("written", f"{path}: {done.what}, {size / 1e6:.1f} MB", **values)
            if done.out_of_range:
                told.journal.warn(
                    "written",
                    f"{path}: {done.out_of_range:,} pixels are too near or too far for 16 bits at {self.png_unit:g} "
                    "m and are marked as not known: use a larger --png-unit, or .exr",
                    **values,
                )
            written.append(values)
        return written


def within_max_depth(scene: "Scene") -> "MetricDepth":
    """The scene's depth without what is beyond its ``max_depth``.

    Raises:
        ExportError: Nothing is left.
    """
    from recon.types import MetricDepth

    known, most_m = scene.depth.valid, scene.options.max_depth
    if most_m is None:
        return scene.depth
    near = known & (scene.depth.z_m <= most_m)
    if known.any() and not near.any():
        raise ExportError(
            f"nothing is left to write: all depth is beyond --max-depth {most_m:g} m, the nearest at "
            f"{scene.depth.z_m[known].min():.3g} m"
        )
    return MetricDepth(z_m=scene.depth.z_m, valid=near)


def _depth_of_one(session: Session, request: Request, options: Options, maker: DepthFiles) -> None:
    from recon.atomic_write import check_writable
    from recon.pipeline import reconstruct

    photo, outputs = Path(request.words[0]), request.outputs
    maker.check(outputs, session.journal)
    check_writable(
        [(path,) for path in outputs], overwrite=request.overwrite, inputs=inputs_of(photo, options)
    )
    if request.dry_run:
        from recon_cli.dry_run import plan_model

        plan_model(photo, options, session)
        for path in outputs:
            session.journal.decide("output", f"would write {path}", path=str(path))
        session.result["would_write"] = [str(path) for path in outputs]
        return
    scene = reconstruct(photo, options, journal=session.journal)
    targets = [DepthFile(path) for path in outputs]
    session.result["written"] = maker.write(scene, targets, session, overwrite=request.overwrite)
    session.result["scene"] = scene.provenance.as_dict()


def _depth_of_many(session: Session, request: Request, options: Options, maker: DepthFiles) -> None:
    from recon_cli.batch.plan import suffixes_from
    from recon_cli.batch.run import run_batch

    maker = replace(maker, suffixes=suffixes_from(request.formats or _DEFAULT_FORMAT))
    maker.check([target.path for target in maker.targets(Path("NAME"))], session.journal)
    made_with = {"colormap": maker.colormap, "png_unit": maker.png_unit, "depth_range": maker.span_m}
    run_batch(
        session,
        request,
        options,
        maker,
        suffixes=(*_PICTURES, ".exr", ".npy", ".npz", ".tif", ".tiff"),
        settings={"command": "depth", **made_with},
    )
