"""glTF 2.0 binary: the mesh with the photo as unlit texture, and the photo's camera, or those of several photos.

The layout follows the Khronos glTF 2.0 specification, section 4 (GLB) and 3 (buffers, cameras).
"""

import json
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from math import atan
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.errors import ExportError
from recon.export.binary.threaded_writer import Buffer, Run, write_runs
from recon.export.checks import textured_mesh_of, unit_normals
from recon.export.format import Content, Format, PlacedCamera
from recon.export.texture import texture_jpeg
from recon.frames import Transform, apply, file_T_cam, gl_T_cam, rotate
from recon.threads import blocks, in_order
from recon.types import Intrinsics, Mesh
from recon.version import GENERATOR

_FLOAT, _UINT32 = 5126, 5125
_ARRAY_BUFFER, _ELEMENT_ARRAY_BUFFER = 34962, 34963
_CLAMP_TO_EDGE, _LINEAR, _LINEAR_MIPMAP_LINEAR = 33071, 9729, 9987
_LARGEST_FILE = 2**32 - 1  # lengths are uint32


@dataclass(frozen=True)
class _Part:
    """A part of the binary chunk: one accessor, or the image."""

    runs: Iterable[Run]
    byte_length: int
    target: int | None = None
    accessor: dict[str, Any] | None = None


def write(content: Content, path: Path) -> None:
    """Writes a mesh with texture coordinates at ``path``, in the gl frame.

    Raises:
        ExportError: no faces, or the file would be too large for GLB.
        ValueError: the geometry is not a mesh, or has no texture coordinates.
    """
    mesh, uv = textured_mesh_of(content)
    parts = _parts(content, mesh, uv)
    offsets = np.cumsum([0] + [_padded(part.byte_length) for part in parts]).tolist()
    document = _document(content, mesh, parts, offsets)
    text = json.dumps(document, separators=(",", ":"), allow_nan=False).encode("ascii")
    text += b" " * (_padded(len(text)) - len(text))
    total = 12 + 8 + len(text) + 8 + offsets[-1]
    if total > _LARGEST_FILE:
        raise ExportError(
            f"{path.name} would have {total / 1e9:.1f} GB, but a GLB is limited to 4.3 GB; use --stride or .ply."
        )
    with path.open("wb") as file:
        file.write(struct.pack("<4sII", b"glTF", 2, total))
        file.write(struct.pack("<I4s", len(text), b"JSON") + text)
        file.write(struct.pack("<I4s", offsets[-1], b"BIN\0"))
        write_runs(file, _padded_runs(parts))


def _padded_runs(parts: list[_Part]) -> Iterator[Run]:
    for part in parts:
        yield from part.runs
        yield Run.of(memoryview(b"\0" * (_padded(part.byte_length) - part.byte_length)))


def _parts(content: Content, mesh: Mesh, uv: NDArray[np.float32]) -> list[_Part]:
    """Positions, texture coordinates, normals if any, indices, image: in the order of ``_document``."""
    count = len(mesh.vertices)
    placed_T_cam = file_T_cam("y-up", content.level_T_gl)
    low, high = _bounds(mesh.vertices, placed_T_cam).tolist()
    position = {"type": "VEC3", "componentType": _FLOAT, "count": count, "min": low, "max": high}
    texcoord = {"type": "VEC2", "componentType": _FLOAT, "count": count}
    index = {"type": "SCALAR", "componentType": _UINT32, "count": mesh.faces.size}
    parts = [
        _Part(_positions(mesh, placed_T_cam), 12 * count, _ARRAY_BUFFER, position),
        _Part(_raw_runs(uv, "<f4"), 8 * count, _ARRAY_BUFFER, texcoord),
    ]
    if mesh.normals is not None:
        normal = {"type": "VEC3", "componentType": _FLOAT, "count": count}
        parts.append(_Part(_normals(mesh, mesh.normals, placed_T_cam), 12 * count, _ARRAY_BUFFER, normal))
    faces = _raw_runs(mesh.faces, "<u4")
    parts.append(_Part(faces, 4 * mesh.faces.size, _ELEMENT_ARRAY_BUFFER, index))
    jpeg = texture_jpeg(content.photo)
    return [*parts, _Part([Run.of(memoryview(jpeg))], len(jpeg))]


def _positions(mesh: Mesh, placed_T_cam: Transform) -> Iterator[Run]:
    def make(rows: slice, buffer: Buffer) -> memoryview:
        buffer.view("<f4").reshape(-1, 3)[...] = apply(placed_T_cam, mesh.vertices[rows])
        return buffer.data

    for rows in blocks(len(mesh.vertices)):
        yield Run(12 * (rows.stop - rows.start), partial(make, rows))


def _normals(mesh: Mesh, normals: NDArray[np.float32], placed_T_cam: Transform) -> Iterator[Run]:
    def make(rows: slice, buffer: Buffer) -> memoryview:
        unit = unit_normals(normals[rows], mesh.vertices[rows])
        buffer.view("<f4").reshape(-1, 3)[...] = rotate(placed_T_cam, unit)
        return buffer.data

    for rows in blocks(len(normals)):
        yield Run(12 * (rows.stop - rows.start), partial(make, rows))


def _raw_runs(array: NDArray[Any], dtype: str) -> Iterator[Run]:
    """The bytes of an array's rows, unchanged."""
    for rows in blocks(len(array)):
        yield Run((rows.stop - rows.start) * array[:1].nbytes, partial(_raw, array[rows], dtype))


def _raw(rows: NDArray[Any], dtype: str, buffer: Buffer) -> memoryview:
    return np.ascontiguousarray(rows, dtype=dtype).data


def _bounds(vertices: NDArray[np.float32], placed_T_cam: Transform) -> NDArray[np.float32]:
    """Smallest and largest coordinates, (2, 3), in the file's frame; glTF requires exact bounds."""
    if np.count_nonzero(placed_T_cam[:3, :3]) == 3 and not placed_T_cam[:3, 3].any():
        # The transform only permutes axes and changes signs, and so the bounds.
        return np.sort(apply(placed_T_cam, _bounds_of(lambda rows: vertices[rows], len(vertices))), axis=0)
    return _bounds_of(lambda rows: apply(placed_T_cam, vertices[rows]), len(vertices))


def _bounds_of(points: Callable[[slice], NDArray[np.float32]], count: int) -> NDArray[np.float32]:
    def block(rows: slice) -> list[tuple[float, float]]:
        # Axis by axis, which is ten times as fast in numpy as all three at once.
        return [(axis.min(), axis.max()) for axis in points(rows).T]

    ends = np.array(list(in_order(partial(block, rows) for rows in blocks(count))), np.float32)
    return np.stack([ends[..., 0].min(axis=0), ends[..., 1].max(axis=0)])


def _document(content: Content, mesh: Mesh, parts: list[_Part], offsets: list[int]) -> dict[str, Any]:
    views: list[dict[str, Any]] = []
    for part, offset in zip(parts, offsets, strict=False):
        view = {"buffer": 0, "byteOffset": offset, "byteLength": part.byte_length}
        views.append(view if part.target is None else {**view, "target": part.target})
    names = ["POSITION", "TEXCOORD_0"] + ["NORMAL"] * (mesh.normals is not None)
    attributes = {name: index for index, name in enumerate(names)}
    primitive = {"attributes": attributes, "indices": len(names), "material": 0, "mode": 4}
    cameras = content.cameras or (PlacedCamera("photo camera", content.photo, content.intrinsics, np.eye(4)),)
    depths_m = _depths_m(content, mesh)
    return {
        "asset": {"version": "2.0", "generator": GENERATOR, "extras": content.provenance.as_dict()},
        "extensionsUsed": ["KHR_materials_unlit"],
        "scene": 0,
        "scenes": [{"nodes": list(range(1 + len(cameras)))}],
        "nodes": [
            {"name": "scene", "mesh": 0},
            *(_camera_node(content, index, camera) for index, camera in enumerate(cameras)),
        ],
        "meshes": [{"name": "scene", "primitives": [primitive]}],
        "cameras": [_camera(camera.name, camera.intrinsics, *depths_m) for camera in cameras],
        "materials": [
            {
                "name": "photo",
                "pbrMetallicRoughness": {
                    "baseColorTexture": {"index": 0},
                    "metallicFactor": 0,
                    "roughnessFactor": 1,
                },
                "doubleSided": True,
                "extensions": {"KHR_materials_unlit": {}},
            }
        ],
        "textures": [{"sampler": 0, "source": 0}],
        "samplers": [
            {
                "magFilter": _LINEAR,
                "minFilter": _LINEAR_MIPMAP_LINEAR,
                "wrapS": _CLAMP_TO_EDGE,
                "wrapT": _CLAMP_TO_EDGE,
            }
        ],
        "images": [{"name": "photo", "mimeType": "image/jpeg", "bufferView": len(parts) - 1}],
        "accessors": [
            {"bufferView": index, **part.accessor} for index, part in enumerate(parts) if part.accessor
        ],
        "bufferViews": views,
        "buffers": [{"byteLength": offsets[-1]}],
    }


def _depths_m(content: Content, mesh: Mesh) -> tuple[float, float]:
    """Nearest and farthest depth that the cameras must show."""
    if not content.cameras:
        depths = mesh.vertices[:, 2]
        return float(depths.min()), float(depths.max())
    # From any camera, nothing is farther than across the whole scene.
    return 0.0, float(np.linalg.norm(np.ptp(mesh.vertices, axis=0)))


def _camera_node(content: Content, index: int, camera: PlacedCamera) -> dict[str, Any]:
    node: dict[str, Any] = {"name": camera.name, "camera": index}
    # A glTF camera looks along -z: its frame is the gl frame.
    placed_T_own = file_T_cam("y-up", content.level_T_gl) @ camera.cam_T_own @ gl_T_cam.T
    if not np.array_equal(placed_T_own, np.eye(4)):
        # In column-major order.
        node["matrix"] = placed_T_own.T.reshape(-1).tolist()
    return node


def _camera(name: str, camera: Intrinsics, nearest_m: float, farthest_m: float) -> dict[str, Any]:
    """The photo's camera. glTF has no principal point and no pixel aspect: they are stored in the extras.

    ``shift_x`` and ``shift_y`` are Blender's camera shift for sensor fit VERTICAL, which its importer sets.
    """
    width, height = camera.width, camera.height
    return {
        "name": name,
        "type": "perspective",
        "perspective": {
            "yfov": 2 * atan(height / (2 * camera.fy)),
            "aspectRatio": width / height,
            # Margin in front of and behind the scene for camera moves; without zfar, Blender uses 1e12.
            "znear": min(0.1, 0.5 * nearest_m) if nearest_m > 0 else 0.01,
            "zfar": max(100.0, 2 * farthest_m),
        },
        "extras": {
            "fx": camera.fx,
            "fy": camera.fy,
            "cx": camera.cx,
            "cy": camera.cy,
            "width": width,
            "height": height,
            "shift_x": (width / 2 - camera.cx) / height,
            "shift_y": (camera.cy - height / 2) / height,
            "pixel_aspect": camera.fy / camera.fx,
            "focal_source": camera.source,
        },
    }


def _padded(length: int) -> int:
    """The next multiple of four: chunks and accessors are aligned to four bytes."""
    return (length + 3) & ~3


FORMAT = Format(
    suffix=".glb",
    name="glTF binary",
    shapes=("mesh",),
    write=write,
    fixed_axes="y-up",
    instead="Blender drops the colours of glTF points; write the cloud as .ply.",
)
