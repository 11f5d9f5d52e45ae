"""``recon depth``: turn photos or video frames into depth maps, as numbers or as images."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recon.journal import Journal
from recon.options import Options
from recon_cli.batch.request import Request, batch_options, photos_argument, request_from, suffixes_from
from recon_cli.console import Session, manners
from recon_cli.first_tries import inside_directories, new_directories
from recon_cli.option_groups import GroupedCommand, option
from recon_cli.options.map_options import map_options, maps_from, refuse_panorama, write_maps
from recon_cli.options.param_types import Number
from recon_cli.options.scene_options import (
    ESTIMATION,
    OutputPath,
    dry_run_option,
    inputs_of,
    options_from,
    output_option,
    overwrite_option,
    scene_options,
)
from recon_cli.options.without_effect import warn_of_idle_estimation, warn_of_idle_pictures

if TYPE_CHECKING:
    from recon.outputs.depth_files import DepthFiles
    from recon.outputs.map_files import MapKind
    from recon.scene import Scene

_DEFAULT_FORMAT = "png"
REPORT_PAGE, REPORT_VALUES = "depth.html", "depth.json"
_REPORT_COLORMAP = "Spectral_r"
_EPILOG = """\b
Formats:
  .png               16-bit integers, millimetres, 0 where unknown
  .exr .tif          float32 metres (0 where unknown in EXR, NaN in TIFF)
  .npy               float32 metres (H, W) of the upright photo, NaN where unknown
  .npz               z_m float32 metres, valid bool; sigma_m (standard deviation) and normals (unit vectors,
                     x right, y down, z forward) if the model predicts them
  .png --colormap C  an image with a legend in metres; .jpg always is one
  .mp4 .mov .mkv     from a video: such images, with one colour scale
  Of a panorama, all but .npz and --report: the distance along the ray, metres.
\b
Examples:
  recon depth photo.jpg -o depth.png
  recon depth photo.jpg --report report/            a page about it: report/depth.html
  recon depth photo.jpg --normal-map normals.png --outline-mask outlines.png
  recon depth photos/ -o depths/ --format png,npy   every photo of a folder, as in `recon build`
  recon depth clip.mp4 -o depth.mp4                 a colour video with the timestamps of the clip
  recon depth clip.mp4 -o depths/ --format png      16-bit frames; depths/batch.jsonl has their timestamps
"""
_CHANGED = {
    "uncertainty": {
        "help": "Also write the standard deviation of depth, m, if the model predicts it: depth.sigma.png next to "
        "depth.png."
    }
}


class ColorMap(click.ParamType):
    """The name of a colour map; the list is loaded lazily."""

    name = "NAME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The canonical name, ignoring case; otherwise a usage error that lists the names."""
        from recon.depth_map.colormap import COLORMAPS

        matches = [name for name in COLORMAPS if name.lower() == str(value).lower()]
        if not matches:
            self.fail(f"{value!r} is not one of {', '.join(COLORMAPS)}")
        return matches[0]


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
            self.fail(f"expected the nearest and the farthest depth in metres, e.g. 0.5,20, got {value!r}")
        return near, far


@click.command(cls=GroupedCommand, epilog=_EPILOG)
@photos_argument
@output_option(
    "Output file; the suffix selects the format (see below). Repeatable. With several photos: a directory; with a "
    "video: either.",
    required=False,
)
@option(
    "--report",
    group="Output",
    type=OutputPath(path_type=Path),
    metavar="DIR",
    help="Write a page about the depth of one photo: statistics, histogram, slices, surface, colour maps.",
)
@option(
    "--colormap",
    group="Output",
    type=ColorMap(),
    help="Write .png and .jpg as colour images: Spectral_r, viridis, plasma, magma, inferno or turbo.",
)
@option(
    "--depth-range",
    group="Output",
    type=Span(),
    metavar="NEAR,FAR",
    help="Depth range of the colours, in metres. Default: range of the photo; for a video, of a few frames.",
)
@option(
    "--png-unit",
    group="Output",
    type=Number(min=0, min_open=True),
    default=0.001,
    show_default=True,
    metavar="M",
    help="Metres per stored unit of a 16-bit PNG.",
)
@map_options
@scene_options(("panorama", *ESTIMATION, "max_depth", "uncertainty"), _CHANGED)
@batch_options("Formats to write with several photos, a folder or a video, e.g. png,npy. Default: png.")
@overwrite_option
@dry_run_option
@manners
def depth(
    session: Session,
    photos: tuple[str, ...],
    outputs: tuple[Path, ...],
    report: Path | None,
    colormap: str | None,
    depth_range: tuple[float, float] | None,
    png_unit: float,
    **values: Any,
) -> None:
    """Turn each PHOTO (or each photo of a folder, or each frame of a video) into a metric depth map."""
    from recon.video.writer import OUTPUT_SUFFIXES

    maps = maps_from(values)
    if not outputs and report is None and not maps:
        hint = "'-o' / '--output' (or --report, --normal-map or a mask)"
        raise click.MissingParameter(param_hint=hint, param_type="option")
    options = options_from(values)
    request = request_from(photos, outputs, values)
    warn_of_idle_estimation(options, session.journal)
    is_film = any(path.suffix.lower() in OUTPUT_SUFFIXES for path in outputs)
    if report is not None and (is_film or request.is_batch):
        raise click.UsageError(
            "--report describes the depth of one photo; omit it for several photos or a video"
        )
    if maps and (is_film or request.is_batch):
        raise click.UsageError(
            "normal maps and masks are of one photo; omit them for several photos or a video"
        )
    if is_film:
        from recon_cli.batch.depth_video import make_depth_video

        make_depth_video(session, request, options, colormap, depth_range)
    elif request.is_batch:
        maker = _maker(request, options, colormap, png_unit, depth_range)
        _depth_of_many(session, request, options, maker)
    else:
        maker = _maker(request, options, colormap, png_unit, depth_range)
        _depth_of_one(session, request, options, maker, report, maps, values["normal_convention"])


def _maker(
    request: Request,
    options: Options,
    colormap: str | None,
    png_unit: float,
    span_m: tuple[float, float] | None,
) -> "DepthFiles":
    from recon.outputs.depth_files import DepthFiles

    suffixes = suffixes_from(request.formats or _DEFAULT_FORMAT)
    return DepthFiles(suffixes, colormap, png_unit, span_m, options.uncertainty)


def _check(maker: "DepthFiles", paths: Sequence[Path], journal: Journal) -> None:
    """Checks before the slow work that the files can be written, and warns about options without effect."""
    maker.check(paths)
    warn_of_idle_pictures(paths, maker.colormap, journal)
    pictures = maker.colormap is not None or any(path.suffix.lower() in (".jpg", ".jpeg") for path in paths)
    if maker.span_m is not None and not pictures:
        journal.warn("options", "--depth-range has no effect: no image is written", option="--depth-range")


def _depth_of_one(
    session: Session,
    request: Request,
    options: Options,
    maker: "DepthFiles",
    report: Path | None,
    maps: dict["MapKind", Path],
    convention: str,
) -> None:
    from recon.atomic_write import check_writable
    from recon_cli.any_picture import reconstruct_any

    photo = Path(request.words[0])
    outputs = inside_directories(request.outputs, photo, ".png")
    if outputs:
        _check(maker, outputs, session.journal)
    pages = [] if report is None else [report / name for name in (REPORT_PAGE, REPORT_VALUES)]
    targets = [maker.target(path) for path in outputs]
    all_files = [*(path for target in targets for path in target.files), *maps.values(), *pages]
    named = [*request.outputs, *maps.values(), *([] if report is None else [report])]
    refuse_panorama(maps, photo, options)
    with new_directories(all_files, named=named):
        check_writable(
            [(path,) for path in all_files], overwrite=request.overwrite, inputs=inputs_of(photo, options)
        )
        if request.dry_run:
            from recon_cli.dry_run import plan_model

            plan_model(photo, options, session)
            for path in all_files:
                session.journal.decide("output", f"would write {path}", path=str(path))
            session.result["would_write"] = [str(path) for path in all_files]
            return
        scene = reconstruct_any(photo, options, [*outputs, *pages], session.journal)
        session.result["written"] = maker.write(scene, targets, session.journal, overwrite=request.overwrite)
        write_maps(maps, scene, convention, session, overwrite=request.overwrite)
        session.result["scene"] = scene.provenance.as_dict()
        if pages:
            _write_report(session, scene, pages, maker, overwrite=request.overwrite)


def _write_report(
    session: Session, scene: "Scene", pages: Sequence[Path], maker: "DepthFiles", *, overwrite: bool
) -> None:
    from recon.atomic_write import staged
    from recon.outputs.depth_report import depth_report
    from recon.outputs.depth_statistics import DepthStatistics
    from recon.report.page import write_page

    with session.journal.stage("Drawing the page"):
        statistics = DepthStatistics.of(scene)
        text = depth_report(scene, statistics, maker.colormap or _REPORT_COLORMAP, maker.span_m)
    page, values = pages
    with staged(values, overwrite=overwrite) as temporary:
        temporary.write_text(json.dumps(statistics.as_dict(), indent=1), encoding="utf-8")
    write_page(page, text, overwrite=overwrite)
    session.result["statistics"] = statistics.as_dict()
    for path in pages:
        size = path.stat().st_size
        session.journal.decide("written", f"{path}, {size / 1e6:.1f} MB", path=str(path))
        session.result["written"].append({"path": str(path), "bytes": size})


def _depth_of_many(session: Session, request: Request, options: Options, maker: "DepthFiles") -> None:
    from recon.outputs.depth_files import SUFFIXES
    from recon_cli.batch.run import run_batch

    _check(maker, [target.path for target in maker.targets(Path("NAME"))], session.journal)
    run_batch(session, request, options, maker, suffixes=SUFFIXES)
