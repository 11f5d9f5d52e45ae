"""Vertices as a file's records, block by block: position, normal, colour and texture coordinate side by side."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.export.geometry import blocks, unit_normals
from recon.frames import Transform, apply, rotate
from recon.gridcloud import GridCloud, Piece
from recon.parallel import in_order


@dataclass(frozen=True)
class Vertices:
    """Those of a mesh, or a cloud's points, in the cam frame."""

    points: NDArray[np.float32]
    """(N, 3) m."""
    normals: NDArray[np.float32] | None = None
    """(N, 3), of any length."""
    rgb: NDArray[np.uint8] | None = None
    """(N, 3) sRGB."""
    uv: NDArray[np.float32] | None = None
    """(N, 2) from the picture's upper left corner."""

    def __len__(self) -> int:
        return len(self.points)


def record_of(vertices: Vertices | GridCloud) -> np.dtype[Any]:
    """The record of one vertex: ``xyz``, and of ``normal``, ``rgb``, ``st`` what there is; little endian, packed."""
    if isinstance(vertices, GridCloud):
        has_normals, has_rgb, has_uv = vertices.connections is not None, True, False
    else:
        has_normals, has_rgb, has_uv = (x is not None for x in (vertices.normals, vertices.rgb, vertices.uv))
    fields: list[tuple[str, str, tuple[int]]] = [("xyz", "<f4", (3,))]
    fields += [("normal", "<f4", (3,))] if has_normals else []
    fields += [("rgb", "u1", (3,))] if has_rgb else []
    fields += [("st", "<f4", (2,))] if has_uv else []
    return np.dtype(fields)


def vertex_blocks(
    vertices: Vertices | GridCloud, record: np.dtype[Any], file_T_cam: Transform, threads: int | None = None
) -> Iterator[memoryview]:
    """The bytes of all records, in order.

    Args:
        vertices: In the cam frame.
        record: From ``record_of``.
        file_T_cam: (4, 4) rigid transform to the file's axes.
        threads: As for ``in_order``.
    """
    if isinstance(vertices, GridCloud):
        return in_order((partial(_of_piece, piece, record, file_T_cam) for piece in vertices.pieces), threads)
    return in_order(
        (partial(_of_rows, vertices, rows, record, file_T_cam) for rows in blocks(len(vertices))), threads
    )


def _of_piece(piece: Piece, record: np.dtype[Any], file_T_cam: Transform) -> memoryview:
    block = np.empty(piece.count, record)
    if not piece.count:
        return block.view(np.uint8).data
    _copy_rgb(block, piece.rgb())
    piece.put_points(block["xyz"], file_T_cam)
    if "normal" in (record.names or ()):
        block["normal"] = piece.normals(file_T_cam)
    return block.view(np.uint8).data


def _of_rows(vertices: Vertices, rows: slice, record: np.dtype[Any], file_T_cam: Transform) -> memoryview:
    points = vertices.points[rows]
    block = np.empty(len(points), record)
    if vertices.rgb is not None:
        _copy_rgb(block, vertices.rgb[rows])
    block["xyz"] = apply(file_T_cam, points)
    if vertices.normals is not None:
        block["normal"] = rotate(file_T_cam, unit_normals(vertices.normals[rows], points))
    if vertices.uv is not None:
        # t goes up from the picture's lower edge.
        block["st"] = vertices.uv[rows]
        block["st"][:, 1] = 1 - block["st"][:, 1]
    return block.view(np.uint8).data


def _copy_rgb(block: NDArray[Any], rgb: NDArray[np.uint8]) -> None:
    """Puts colours into records of which nothing else is written yet.

    Four bytes at a time, in a third of the time of three: the fourth falls on what is written next.
    """
    count, size = len(block), block.dtype.itemsize
    offset = block["rgb"].ctypes.data - block.ctypes.data
    source = np.ndarray((count - 1,), "<u4", np.ascontiguousarray(rgb).data, strides=(3,))
    target = np.ndarray((count - 1,), "<u4", block.data, offset, strides=(size,))
    target[...] = source
    block["rgb"][-1] = rgb[-1]
