"""Converts arrays to Open3D geometry and materials."""

from typing import Any

import numpy as np
import open3d as o3d
from numpy.typing import NDArray
from open3d.visualization import rendering
from PIL import Image

from recon.render.drawable import Drawn
from recon_viewer.drawing.line_sets import Lines

# The type stubs of Open3D lack some arguments.
_o3d: Any = o3d
LINE_SHADER = "unlitLine"
_MOST_TEXTURE_PX = 4096
"""Largest side of a texture; drivers refuse larger ones."""
_SHARES = np.arange(256) / 255
_TEXTURE_VALUES: NDArray[np.uint8] = np.rint(
    255 * np.where(_SHARES <= 0.0031308, 12.92 * _SHARES, 1.055 * _SHARES ** (1 / 2.4) - 0.055)
).astype(np.uint8)
"""By value of the photo: what the texture has to hold, since the renderer decodes textures from sRGB to linear light
but shows colours as they are."""


def points(positions: NDArray[np.float32], rgb: NDArray[np.uint8]) -> Any:
    """A point cloud from (N, 3) m and (N, 3) sRGB."""
    if not _has_extent(positions):
        # The renderer aborts the process if the bounding box is empty: add a second point next to the first.
        twin = positions[:1] + np.float32(1e-4)
        positions, rgb = np.concatenate([positions, twin]), np.concatenate([rgb, rgb[:1]])
    made = o3d.t.geometry.PointCloud()
    made.point.positions = _tensor(positions)
    made.point.colors = _tensor(rgb / np.float32(255))
    return made


def triangles(drawn: Drawn) -> Any:
    """A mesh with vertex colours."""
    assert drawn.indices is not None
    made = o3d.t.geometry.TriangleMesh()
    made.vertex.positions = _tensor(drawn.points)
    if drawn.uv is not None and drawn.texture is not None:
        # The shader multiplies both; without vertex colours, the texture comes out at half its brightness.
        made.vertex.colors = _tensor(np.ones((len(drawn.points), 3)))
        # With coordinates for each triangle's corners Open3D copies the vertices of every triangle: twice the memory.
        made.vertex.texture_uvs = _tensor(np.stack([drawn.uv[:, 0], 1 - drawn.uv[:, 1]], axis=1))
    else:
        made.vertex.colors = _tensor(drawn.rgb / np.float32(255))
    if drawn.normals is not None:
        made.vertex.normals = _tensor(drawn.normals)
    made.triangle.indices = _tensor(drawn.indices, np.int32)
    return made


def lines(positions: NDArray[np.float32], ends: NDArray[np.int32], rgb: NDArray[np.uint8]) -> Any:
    """Line segments from (P, 3) m, (L, 2) and (L, 3) sRGB; None if all points coincide."""
    if not _has_extent(positions):
        return None
    made = o3d.t.geometry.LineSet()
    made.point.positions = _tensor(positions)
    made.line.indices = _tensor(ends, np.int32)
    made.line.colors = _tensor(rgb / np.float32(255))
    return made


def drawn_geometry(drawn: Drawn) -> Any:
    """Geometry of any kind; None if there is nothing to draw (Open3D rejects empty geometry)."""
    if not len(drawn.points) or (drawn.indices is not None and not len(drawn.indices)):
        return None
    if drawn.kind == "points":
        return points(drawn.points, drawn.rgb)
    if drawn.kind == "triangles":
        return triangles(drawn) if _has_extent(drawn.points) else None
    assert drawn.indices is not None
    return lines(drawn.points, drawn.indices, drawn.rgb[drawn.indices[:, 0]])


def guide_geometry(guides: Lines) -> Any:
    """Line geometry of the guides, or None."""
    return lines(guides.points, guides.ends, guides.rgb) if len(guides.ends) else None


def material(
    kind: str,
    *,
    point_size_px: float = 2.0,
    line_width_px: float = 1.6,
    light: bool = False,
    texture: NDArray[np.uint8] | None = None,
) -> Any:
    """A material with unmodified colours, or with lighting (triangles with normals)."""
    made = rendering.MaterialRecord()
    if kind == "lines":
        made.shader, made.line_width = LINE_SHADER, line_width_px
    else:
        made.shader = "defaultLit" if light and kind == "triangles" else "defaultUnlit"
        made.point_size = point_size_px
        if texture is not None:
            made.albedo_img = texture_image(_small_enough(texture))
    if light:
        made.base_roughness, made.base_reflectance = 1.0, 0.0
    return made


def image(picture: NDArray[np.uint8]) -> Any:
    """(H, W, 3) uint8 as an Open3D image."""
    pixels: Any = np.ascontiguousarray(picture)
    return _o3d.geometry.Image(pixels)


def texture_image(picture: NDArray[np.uint8]) -> Any:
    """(H, W, 3) uint8 sRGB as an image that appears in these colours on a surface or as the background."""
    return image(_TEXTURE_VALUES[picture])


def linear(rgb: tuple[int, int, int]) -> list[float]:
    """The background value that appears as this sRGB colour, since the renderer applies a power of 2.2."""
    return [*((np.array(rgb) / 255) ** (1 / 2.2)).tolist(), 1.0]


def _small_enough(texture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = texture.shape[:2]
    zoom = _MOST_TEXTURE_PX / max(height, width)
    if zoom >= 1:
        return texture
    size = max(1, round(width * zoom)), max(1, round(height * zoom))
    return np.asarray(Image.fromarray(texture).resize(size, Image.Resampling.BOX))


def _has_extent(positions: NDArray[np.float32]) -> bool:
    return bool(np.ptp(positions, axis=0).max() > 1e-6) if len(positions) else False


def _tensor(array: NDArray[Any], dtype: type[np.generic] = np.float32) -> Any:
    made: Any = np.ascontiguousarray(array, dtype)
    return _o3d.core.Tensor(made)
