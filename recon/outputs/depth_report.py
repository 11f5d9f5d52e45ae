"""The page about one depth map: statistics, histogram, slices, surface, colour maps."""

import numpy as np
from numpy.typing import NDArray

from recon.depth_map.colormap import COLORMAPS, span_of
from recon.depth_map.normal_picture import normal_picture
from recon.outputs.depth_files import within_max_depth
from recon.outputs.depth_statistics import DepthStatistics
from recon.outputs.surface_picture import surface_pictures
from recon.report.colour_scale import ColourScale, depth_scale
from recon.report.page import Section, facts, figure, grid, legend, page
from recon.report.pictures import jpeg_uri, png_uri, reduced, sampled
from recon.report.plot import Axis, histogram
from recon.report.slices import GAPS, Slices, drawn_on_photo, slice_plots
from recon.scene import Scene
from recon.types import FOCAL_SOURCES, BoolMap, FloatMap
from recon.units import metres, scale_text

_BARS = 60
_HISTOGRAM_NOTE = "Share of the pixels with depth, over the range of the colours."
_SLICE_NOTE = f"Depth along one row and one column of the photo. {GAPS}"


def depth_report(
    scene: Scene,
    statistics: DepthStatistics,
    colormap: str = "Spectral_r",
    span_m: tuple[float, float] | None = None,
) -> str:
    """The page as HTML.

    Args:
        scene: The scene; depth beyond its ``max_depth`` is left out.
        statistics: Of this scene.
        colormap: One of ``COLORMAPS``, for all but the comparison of colour maps.
        span_m: Depth range of the colours and the histogram, m; None: the 1st to the 99th percentile.
    """
    depth = within_max_depth(scene)
    z: FloatMap = sampled(depth.z_m)
    valid: BoolMap = sampled(depth.valid)
    near, far = span_m or span_of(depth.z_m[depth.valid])
    scale = depth_scale(near, far, colormap, "m")
    photo = scene.photo
    slices = Slices.at(photo.width / 2, photo.height / 2, width=photo.width, height=photo.height)
    pictures = [
        figure(
            jpeg_uri(reduced(photo.rgb)), photo.name or "photo", "dashed: slices", over=drawn_on_photo(slices)
        ),
        figure(png_uri(scale.paint(z, valid), scale.palette), "depth", "grey: sky, or no depth"),
    ]
    if depth.normals is not None:
        colours = normal_picture(sampled(depth.normals), valid)
        pictures.append(
            figure(jpeg_uri(colours), "normals", "red: to the right, green: up, blue: to the camera")
        )
    note = "Colours are linear in the logarithm of depth. The statistics are of the whole depth map."
    name = scene.provenance.model_name or "depth"
    sections = [
        Section("Depth map", legend(scale) + grid(pictures, "pairs"), note),
        Section("Statistics", _statistics(statistics), _interval_note(statistics)),
        Section("Histogram", _histogram(z[valid], scale, near, far), _HISTOGRAM_NOTE),
        Section("Slices", slice_plots([(name, z, valid, False)], slices, "m"), _SLICE_NOTE),
        _surface_section(scene, z, valid, scale),
        _colormap_section(z, valid, near, far),
    ]
    return page(f"Depth of {photo.name or 'a photo'}", _lead(scene), sections)


def _lead(scene: Scene) -> str:
    photo, camera, made = scene.photo, scene.intrinsics, scene.provenance
    rough = " (rough: shapes are coarse, metres are guesses)" if made.is_rough else ""
    return facts(
        [
            ("photo", f"{photo.width} x {photo.height} px"),
            ("depth from", (made.model_name or "unknown") + rough),
            ("camera", f"{camera.fx:.0f} px, {camera.fov_x_deg:.1f}° wide ({FOCAL_SOURCES[camera.source]})"),
        ]
    )


def _statistics(statistics: DepthStatistics) -> str:
    sky = "not known" if statistics.sky is None else f"{100 * statistics.sky:.1f} %"
    sure = statistics.scale_interval
    rows = [
        ("pixels with depth", f"{100 * statistics.valid:.1f} %"),
        ("sky", sky),
        ("nearest", metres(statistics.nearest_m, sure)),
        *(
            (f"{percent} % nearer than", metres(value, sure))
            for percent, value in statistics.percentiles_m.items()
        ),
        ("farthest", metres(statistics.farthest_m, sure)),
        ("mean", metres(statistics.mean_m, sure)),
    ]
    return facts(rows)


def _interval_note(statistics: DepthStatistics) -> str:
    if statistics.scale_interval is None:
        return "How far off the metric scale may be is not known."
    return f"The metric scale is uncertain: {scale_text(statistics.scale_interval, 0)} (95 % confidence)."


def _histogram(known: NDArray[np.float32], scale: ColourScale, near: float, far: float) -> str:
    counts, edges = np.histogram(known, _BARS, (near, far))
    middles = (edges[:-1] + edges[1:]) / 2
    indices = scale.paint(middles[None], np.ones((1, _BARS), np.bool_))[0]
    colours = [f"rgb({r},{g},{b})" for r, g, b in scale.palette[indices].tolist()]
    return histogram(counts / max(1, known.size), Axis(near, far, "depth, m"), colours, "histogram of depth")


def _surface_section(scene: Scene, z: FloatMap, valid: BoolMap, scale: ColourScale) -> Section:
    painted = scale.palette[scale.paint(z, valid)]
    first, second, third = surface_pictures(scene, painted)
    figures = [
        figure(jpeg_uri(first), "from the left", "in the photo's colours"),
        figure(jpeg_uri(second), "from the right and above", "in the photo's colours"),
        figure(jpeg_uri(third), "from the right and above", "in the colours of depth"),
    ]
    note = "The mesh that recon build would make, from cameras next to the photo's."
    return Section("Surface", grid(figures, "thirds"), note)


def _colormap_section(z: FloatMap, valid: BoolMap, near: float, far: float) -> Section:
    figures = []
    for name in COLORMAPS:
        scale = depth_scale(near, far, name, "m")
        small = scale.paint(sampled(z, 640), sampled(valid, 640))
        figures.append(figure(png_uri(small, scale.palette), name))
    note = (
        "All colour maps with the same range; write one with: recon depth PHOTO -o depth.png --colormap NAME"
    )
    return Section("Colour maps", grid(figures, "thirds"), note)
