"""STL, binary: triangles in metres. The format has no colours."""

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recon.errors import ExportError
from recon.export.checks import mesh_of
from recon.export.format import Content, Format
from recon.frames import apply
from recon.threads import blocks
from recon.version import GENERATOR

_TRIANGLE = np.dtype([("normal", "<f4", (3,)), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])


def write(content: Content, path: Path) -> None:
    """Writes a mesh at ``path``, in the axes of ``content``.

    Raises:
        ExportError: no faces, or too many for the format.
    """
    mesh = mesh_of(content)
    if len(mesh.faces) > 2**32 - 1:
        raise ExportError(
            f"{path.name} would have too many triangles for STL (over 4.29 billion); use --stride."
        )
    header = f"binary STL in metres, {content.axes}, by {GENERATOR}"
    write_triangles(path, header, apply(content.file_T_cam, mesh.vertices), mesh.faces)


def write_triangles(path: Path, header: str, vertices: NDArray[np.float32], faces: NDArray[np.int32]) -> None:
    """Writes triangles.

    Args:
        path: The file.
        header: ASCII, cut to 80 characters. One that starts with "solid" would be read as text STL.
        vertices: (V, 3), in the unit and the axes of the file.
        faces: (F, 3).
    """
    with path.open("wb") as file:
        file.write(header.encode("ascii")[:80].ljust(80) + struct.pack("<I", len(faces)))
        for rows in blocks(len(faces)):
            block = np.zeros(rows.stop - rows.start, _TRIANGLE)
            block["corners"] = vertices[faces[rows]]
            block["normal"] = _face_normals(block["corners"])
            file.write(block.view(np.uint8).data)


def _face_normals(corners: np.ndarray) -> np.ndarray:
    """Unit normals (N, 3) of triangles (N, 3, 3), by the right-hand rule; zero for degenerate triangles."""
    a, b, c = (corners[:, corner].astype(np.float64) for corner in range(3))
    normal = np.cross(b - a, c - a)
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    return normal / np.where(length > 0, length, 1)


FORMAT = Format(
    suffix=".stl",
    name="STL",
    shapes=("mesh",),
    write=write,
    instead="It contains triangles only; write the cloud as .ply, .pcd or .xyz.",
)
