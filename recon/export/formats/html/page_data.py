"""The JSON data of a web page: camera, view, and the facts of the info panel."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.export.format import Content
from recon.export.formats.html.packing import Packed
from recon.frames import FILE_AXES, Transform, apply, gl_T_cam
from recon.threads import blocks
from recon.types import FOCAL_SOURCES, Intrinsics, Mesh
from recon.units import metres, scale_text, significant
from recon.version import GENERATOR

_INSIDE_M = 0.01
"""Distance of the point that the view turns around, when it looks around from the middle of a panorama."""
UV_STEPS_PER_PX = 16
"""Texture coordinates are quantised to a sixteenth of a pixel; pixel centres are exact."""


def page_data(
    content: Content, points: NDArray[np.float32], arrays: Mapping[str, Packed], step_m: float
) -> dict[str, Any]:
    """The data for the page's program, plain JSON. Lengths in m, in the file's axes (y up)."""
    camera = content.intrinsics
    # Bounds without outliers, so that the view from above is not mostly empty.
    some = points[:: max(1, len(points) // 100_000)]
    near_low, near_high = np.percentile(apply(content.file_T_cam, some), [2, 98], axis=0)
    low, high = _bounds(content, points)
    return {
        "generator": GENERATOR,
        "axes": f"{content.axes}: {FILE_AXES[content.axes]}",
        "shape": "mesh" if isinstance(content.geometry, Mesh) else "cloud",
        "arrays": {name: {"count": array.count, "columns": array.columns} for name, array in arrays.items()},
        "position_step_m": step_m,
        "uv_steps": [content.photo.width * UV_STEPS_PER_PX, content.photo.height * UV_STEPS_PER_PX],
        "camera": _camera(camera, content.file_T_cam),
        "other_cameras": [
            _camera(each.intrinsics, content.file_T_cam @ each.cam_T_own) for each in content.cameras[1:]
        ],
        "low_m": low.tolist(),
        "high_m": high.tolist(),
        "near_low_m": near_low.tolist(),
        "near_high_m": near_high.tolist(),
        "around": is_around(content),
        "centre_depth_m": _INSIDE_M if is_around(content) else _centre_depth_m(some, camera),
        "floor_m": float(near_low[1]) if content.level_T_gl is None else 0.0,
        "spacing_px": content.stride,
        "voxel_m": content.voxel_m or 0.0,
        "guess": content.provenance.is_rough,
        "scale_interval": content.provenance.scale_interval,
        "facts": _facts(content),
        "provenance": content.provenance.as_dict(),
    }


def _camera(camera: Intrinsics, file_T_camera: Transform) -> dict[str, Any]:
    return {
        "fx": camera.fx,
        "fy": camera.fy,
        "cx": camera.cx,
        "cy": camera.cy,
        "width": camera.width,
        "height": camera.height,
        "source": camera.source,
        # Column-major, as in three.js.
        "scene_T_gl": (file_T_camera @ gl_T_cam.T).T.reshape(-1).tolist(),
    }


def is_around(content: Content) -> bool:
    """Whether the scene is a panorama's, all around the camera."""
    return "panorama" in content.provenance.more


def _bounds(content: Content, points: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Smallest and largest coordinates in the file's axes, before rounding."""
    moved = (apply(content.file_T_cam, points[rows]) for rows in blocks(len(points)))
    lows, highs = zip(*((block.min(0), block.max(0)) for block in moved), strict=True)
    return np.min(lows, axis=0), np.max(highs, axis=0)


def _centre_depth_m(points: NDArray[np.float32], camera: Intrinsics) -> float:
    """Median depth of the central ninth of the image, the orbit centre; of the whole image if the centre is empty."""
    # A point in the camera plane gives NaN, which compares as False.
    with np.errstate(divide="ignore", invalid="ignore"):
        u = points[:, 0] / points[:, 2] * camera.fx + camera.cx - camera.width / 2
        v = points[:, 1] / points[:, 2] * camera.fy + camera.cy - camera.height / 2
        middle = (points[:, 2] > 0) & (np.abs(u) < camera.width / 6) & (np.abs(v) < camera.height / 6)
    return float(np.median(points[middle, 2] if middle.any() else points[:, 2]))


def _facts(content: Content) -> list[tuple[str, str]]:
    """The lines of the info panel."""
    camera, geometry, provenance = content.intrinsics, content.geometry, content.provenance
    interval = provenance.scale_interval
    if isinstance(geometry, Mesh):
        size = f"{len(geometry.vertices):,} vertices, {len(geometry.faces):,} triangles"
    else:
        size = f"{len(geometry):,} points"
    upright = ""
    if content.level_T_gl is not None:
        upright = f"floor at height 0, the camera at {metres(content.level_T_gl[1, 3], interval)}"
    facts = [
        ("Photo", f"{file_name(content)}, {content.photo.width} x {content.photo.height} px"),
        ("Depth", provenance.model_name or "unknown"),
        ("Revision", str(provenance.model.revision or "") if provenance.model else ""),
        ("Calibration", _inline(provenance.calibration.values) if provenance.calibration else ""),
        ("Focal length", "" if is_around(content) else _focal_length(camera)),
        (
            "Scale",
            "95 % interval unknown" if interval is None else f"{scale_text(interval)} (95 %)",
        ),
        ("Levelled", upright),
        ("Scene", size),
        ("Generator", GENERATOR),
    ]
    return [(name, text) for name, text in facts if text]


def _focal_length(camera: Intrinsics) -> str:
    return f"{camera.fx:.1f} px, {camera.fov_x_deg:.1f}° wide ({FOCAL_SOURCES[camera.source]})"


def _inline(value: Any) -> str:
    """A provenance value on one line; empty for None."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_inline(each)}" for key, each in value.items() if each is not None)
    if isinstance(value, float):
        return significant(value, 4)
    return "" if value is None else str(value)


def file_name(content: Content) -> str:
    """The photo's file name without its folder, which is private."""
    # A lone surrogate, from a file name with invalid bytes, cannot be encoded as UTF-8.
    name = Path(content.photo.path).name if content.photo.path else "scene"
    return name.encode("utf-8", "replace").decode("utf-8")
