"""Converts a layer to arrays for drawing: positions and colours in the world frame. No widget, no Open3D."""

from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recon.depth_map.colormap import depth_picture
from recon.errors import ExportError
from recon.frames import Transform, apply, rotate
from recon.geometry.unproject import project
from recon.render.style import View
from recon.scene import Scene
from recon.types import Mesh, MetricDepth, PointCloud

Kind = Literal["points", "triangles", "lines"]
_TOO_FAR_RGB, _FLYING_RGB = (70, 120, 255), (255, 60, 60)
_WIRE_PIXELS = 40_000
_OUTER = 4.0
"""Percentage ignored at either end, so that the view through a window does not dominate the bounds."""
_CELL_PX = 8
_FEW = 1000
"""Points that all count: a small model has no view through a window."""
_LEGEND_ROWS = 240
_GREY = 190


@dataclass(frozen=True, eq=False)
class Drawn:
    """The arrays to draw for one layer."""

    kind: Kind
    points: NDArray[np.float32]
    """(N, 3) m, world frame."""
    rgb: NDArray[np.uint8]
    """(N, 3) sRGB."""
    pixels_px: NDArray[np.float32] | None = None
    """(N, 2) positions in the photo, px; None without a photo."""
    indices: NDArray[np.int32] | None = None
    """(F, 3) triangles or (L, 2) lines."""
    normals: NDArray[np.float32] | None = None
    """(N, 3) vertex normals of triangles, world frame."""
    uv: NDArray[np.float32] | None = None
    """(N, 2) texture coordinates of triangles, v down from the top; None without a texture."""
    texture: NDArray[np.uint8] | None = None
    """(H, W, 3) sRGB; None: vertex colours are used."""
    of_points: int = 0
    """Number of points before downsampling for display."""

    def thinned(self, most: int) -> "Drawn":
        """At most ``most`` random points; triangles and lines are unchanged."""
        if self.kind != "points" or len(self.points) <= most:
            return self
        # A fixed random choice does not alias with the rows, unlike a regular step.
        chosen = np.random.default_rng(0).choice(len(self.points), most, replace=False, shuffle=False)
        chosen.sort()
        return replace(
            self,
            points=self.points[chosen],
            rgb=self.rgb[chosen],
            pixels_px=None if self.pixels_px is None else self.pixels_px[chosen],
        )

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not len(self.points if self.indices is None else self.indices)

    @cached_property
    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Corners of the bounding box without outliers (a few percent along each axis), m."""
        if not len(self.points):
            return np.full(3, -1.0), np.full(3, 1.0)
        points = self.points
        if self.pixels_px is not None and self.indices is not None:
            # Where a mesh is cut to pieces there are many vertices: each part of the photo has one vote.
            cells = np.floor(self.pixels_px / _CELL_PX).astype(np.int64)
            points = points[
                np.unique(cells[:, 1] * (cells[:, 0].max() + 1) + cells[:, 0], return_index=True)[1]
            ]
        sample = points[:: max(1, len(points) // 50_000)].astype(np.float64)
        if len(sample) < _FEW:
            return sample.min(axis=0), sample.max(axis=0)
        return np.percentile(sample, _OUTER, axis=0), np.percentile(sample, 100 - _OUTER, axis=0)


def draw_scene(
    scene: Scene,
    view: View,
    world_T_cam: Transform,
    *,
    share: tuple[float, float],
    painted: NDArray[np.uint8] | None = None,
) -> Drawn:
    """The point cloud, mesh or wireframe of a scene in the colours of the view.

    Args:
        scene: The scene with its options.
        view: Shape and colours.
        world_T_cam: (4, 4) transform to the world frame.
        share: The visible part of the photo's width, as fractions.
        painted: (H, W, 3) colours of the pixels; None: those of the view.
    """
    everything = _whole(scene) if view.colours == "masks" and view.shown_as == "cloud" else scene
    indices = normals = uv = None
    kind: Kind = "points"
    if view.shown_as == "cloud":
        cloud = everything.cloud(normals=view.colours == "normals")
        points, rgb, own = cloud.points, cloud.rgb, cloud.normals
    else:
        mesh = (scene if view.shown_as == "mesh" else _for_wires(scene)).mesh()
        assert mesh.rgb is not None
        points, rgb, own, indices = mesh.vertices, mesh.rgb, mesh.normals, mesh.faces
        kind, normals = "triangles", None if own is None else rotate(world_T_cam, own)
        uv = mesh.uv
    pixels_px = (
        project(points, scene.intrinsics).astype(np.float32) if len(points) else np.zeros((0, 2), "f4")
    )
    rgb = _coloured(scene, view, points, rgb, own, pixels_px, painted)
    texture = scene.photo.rgb if view.colours == "photo" and uv is not None else None
    world = apply(world_T_cam, points)
    drawn = Drawn(kind, world, rgb, pixels_px, indices, normals, uv, texture, of_points=len(points))
    if share != (0.0, 1.0):
        drawn = _between(drawn, share[0] * scene.photo.width, share[1] * scene.photo.width)
    return _wires(drawn) if view.shown_as == "wireframe" else drawn


def draw_geometry(
    geometry: PointCloud | Mesh,
    view: View,
    world_T_cam: Transform,
    texture: NDArray[np.uint8] | None = None,
) -> Drawn:
    """The points or triangles of a file; grey without colours. Depth is relative to the file's origin.

    Args:
        geometry: In the cam frame.
        view: Shape and colours.
        world_T_cam: (4, 4) transform to the world frame.
        texture: (H, W, 3) sRGB of a mesh with texture coordinates.
    """
    own = geometry.normals
    if isinstance(geometry, Mesh):
        points, rgb = geometry.vertices, geometry.rgb
    else:
        points, rgb = geometry.points, geometry.rgb
    if rgb is None:
        rgb = np.full((len(points), 3), _GREY, np.uint8)
    if view.colours == "depth":
        rgb = _painted_list(points[:, 2], view.colormap)
    elif view.colours == "normals" and own is not None:
        rgb = _normal_colours(own)
    world = apply(world_T_cam, points)
    if isinstance(geometry, PointCloud):
        return Drawn("points", world, rgb, of_points=len(points))
    turned = None if own is None else rotate(world_T_cam, own)
    uv = None if texture is None or view.colours != "photo" else geometry.uv
    drawn = Drawn("triangles", world, rgb, None, geometry.faces, turned, uv, texture, of_points=len(points))
    return _wires(drawn) if view.shown_as == "wireframe" else drawn


def pictures(scene: Scene, colormap: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """The photo, its depth in colours, and the legend in metres: (H, W, 3), (H, W, 3) and (h, L, 3) uint8."""
    rgb = scene.photo.rgb
    try:
        painted = depth_picture(scene.depth, colormap)
    except ExportError:  # no pixel has valid depth
        grey = np.full_like(rgb, 128)
        return rgb, grey, grey[:, :1]
    # Render the legend at its display size, so that the text is readable.
    n = max(1, rgb.shape[0] // _LEGEND_ROWS)
    z_m, valid = scene.depth.z_m[::n, ::n], scene.depth.valid[::n, ::n]
    if not valid.any():
        return rgb, painted[:, : rgb.shape[1]], painted[:, rgb.shape[1] :]
    legend = depth_picture(MetricDepth(np.ascontiguousarray(z_m), np.ascontiguousarray(valid)), colormap)
    return rgb, painted[:, : rgb.shape[1]], legend[:, z_m.shape[1] :]


def _coloured(
    scene: Scene,
    view: View,
    points: NDArray[np.float32],
    rgb: NDArray[np.uint8],
    normals: NDArray[np.float32] | None,
    pixels_px: NDArray[np.float32],
    painted: NDArray[np.uint8] | None,
) -> NDArray[np.uint8]:
    if painted is not None:
        return _looked_up(painted, pixels_px)
    if view.colours == "depth":
        try:
            return _looked_up(depth_picture(scene.depth, view.colormap), pixels_px)
        except ExportError:  # no pixel has valid depth
            return np.full_like(rgb, _GREY)
    if view.colours == "normals" and normals is not None:
        return _normal_colours(normals)
    if view.colours == "masks":
        return _mask_colours(scene, points, rgb, pixels_px)
    return rgb


def _mask_colours(
    scene: Scene, points: NDArray[np.float32], rgb: NDArray[np.uint8], pixels_px: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """Kept points grey, points dropped at depth edges red, points beyond the largest depth blue."""
    height, width = scene.depth.z_m.shape
    kept = np.zeros((height, width, 1), np.uint8)
    kept_px = project(scene.with_options(replace(scene.options, voxel=None)).cloud(normals=False).points,
                      scene.intrinsics).astype(int)  # fmt: skip
    kept[np.clip(kept_px[:, 1], 0, height - 1), np.clip(kept_px[:, 0], 0, width - 1)] = 1
    painted = np.repeat(np.rint(rgb.mean(axis=1, keepdims=True)).astype(np.uint8), 3, axis=1)
    dropped = _looked_up(kept, pixels_px)[:, 0] == 0
    painted[dropped] = _FLYING_RGB
    if scene.options.max_depth is not None:
        painted[dropped & (points[:, 2] > scene.options.max_depth)] = _TOO_FAR_RGB
    return painted


def _whole(scene: Scene) -> Scene:
    """The scene with all valid depth, to show dropped points."""
    return scene.with_options(replace(scene.options, edge=0.0, max_depth=None, voxel=None))


def _for_wires(scene: Scene) -> Scene:
    """The scene with a stride that makes single triangles visible."""
    if scene.options.faces or scene.options.error:
        return scene
    pixels = scene.depth.z_m.size
    stride = max(scene.stride_of("mesh"), ceil((pixels / _WIRE_PIXELS) ** 0.5))
    return scene.with_options(replace(scene.options, stride=stride))


def _looked_up(picture: NDArray[np.uint8], pixels_px: NDArray[np.float32]) -> NDArray[np.uint8]:
    rows = np.clip(pixels_px[:, 1].astype(int), 0, picture.shape[0] - 1)
    cols = np.clip(pixels_px[:, 0].astype(int), 0, picture.shape[1] - 1)
    return picture[rows, cols]


def _normal_colours(normals: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Usual normal colours: right red, up green, towards the camera blue (cam frame: x right, y down, z forward)."""
    return np.clip(127.5 + 127.5 * normals * np.array([1, -1, -1], np.float32), 0, 255).astype(np.uint8)


def _painted_list(z_m: NDArray[np.float32], colormap: str) -> NDArray[np.uint8]:
    """Colours for a list of depths, with the same rules as for an image."""
    width = max(1, ceil(len(z_m) ** 0.5))
    grid = np.zeros(width * ceil(max(len(z_m), 1) / width), np.float32)
    grid[: len(z_m)] = z_m
    grid = grid.reshape(-1, width)
    try:
        painted = depth_picture(MetricDepth(grid, np.isfinite(grid) & (grid > 0)), colormap)
    except ExportError:
        return np.full((len(z_m), 3), _GREY, np.uint8)
    return np.ascontiguousarray(painted[:, :width]).reshape(-1, 3)[: len(z_m)]


def _between(drawn: Drawn, left_px: float, right_px: float) -> Drawn:
    """The part between two columns of the photo."""
    assert drawn.pixels_px is not None
    inside = (drawn.pixels_px[:, 0] >= left_px) & (drawn.pixels_px[:, 0] < right_px)
    if drawn.indices is not None:
        # Keep all vertices, so that the indices stay valid.
        return replace(drawn, indices=drawn.indices[inside[drawn.indices].all(axis=1)])
    return replace(
        drawn, points=drawn.points[inside], rgb=drawn.rgb[inside], pixels_px=drawn.pixels_px[inside]
    )


def _wires(drawn: Drawn) -> Drawn:
    """The edges of the triangles, each once."""
    assert drawn.indices is not None
    pairs = [drawn.indices[:, [k, (k + 1) % 3]] for k in range(3)]
    sides = np.sort(np.concatenate(pairs), axis=1)
    key = sides[:, 0].astype(np.int64) * max(len(drawn.points), 1) + sides[:, 1]
    _, first = np.unique(key, return_index=True)
    return replace(drawn, kind="lines", indices=sides[first], normals=None)
