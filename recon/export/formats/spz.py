"""SPZ: compressed 3D Gaussian splats, version 3 of Niantic's format (github.com/nianticlabs/spz).

A gzip stream: a header of 16 bytes, then all positions, alphas, colours, scales and rotations. Positions are 24-bit
fixed-point numbers; scales (logarithms), alphas and colours have 8 bits each, rotations 32. Axes: x right, y up, z
back. The Gaussians are those of ``.splat.ply``, at about a tenth of its size.
"""

import gzip
import struct
from collections.abc import Callable
from math import floor, log2
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recon.errors import ExportError
from recon.export.checks import cloud_of
from recon.export.format import Content, Format
from recon.export.formats.gaussian_splat import gaussians
from recon.frames import apply
from recon.threads import blocks

_MAGIC, _VERSION = 0x5053474E, 3
_MOST_POINTS = 10_000_000
"""Readers refuse more."""
_MOST_BITS = 16
"""After the binary point of a position: 15 micrometres."""
_LARGEST = 2**23 - 1
_LEVEL = 6
"""Of the compression."""
_COLOUR = 0.15
"""Colours are this share of the constant spherical harmonic, so that bright ones fit."""
Block = NDArray[np.float32]


def write(content: Content, path: Path) -> None:
    """Writes a cloud as Gaussians at ``path``, in the axes of ``content`` (y up by the format's registration).

    Raises:
        ExportError: No points, or more than readers accept.
    """
    cloud = cloud_of(content)
    if len(cloud.points) > _MOST_POINTS:
        raise ExportError(
            f"{path.name} would have {len(cloud.points):,} points, and SPZ readers accept {_MOST_POINTS:,}: use "
            "--stride 2, --voxel 1cm, or .splat.ply"
        )
    bits = _fractional_bits(apply(content.file_T_cam, cloud.points))
    parts: list[tuple[int, Callable[[Block], NDArray[np.uint8]]]] = [
        (9, lambda block: _positions(block[:, 0:3], bits)),
        (1, lambda block: _bytes(255 / (1 + np.exp(-block[:, 9:10])))),
        (3, lambda block: _bytes(255 * (_COLOUR * block[:, 6:9] + 0.5))),
        (3, lambda block: _bytes(16 * (block[:, 10:13] + 10))),
        (4, lambda block: _rotations(block[:, 13:17])),
    ]
    packed = [np.empty((len(cloud.points), size), np.uint8) for size, _ in parts]
    for rows in blocks(len(cloud.points)):
        block = gaussians(content, cloud, rows)
        for target, (_, pack) in zip(packed, parts, strict=True):
            target[rows] = pack(block)
    with path.open("wb") as file, gzip.GzipFile("", "wb", _LEVEL, file, mtime=0) as stream:
        stream.write(struct.pack("<IIIBBBB", _MAGIC, _VERSION, len(cloud.points), 0, bits, 0, 0))
        for part in packed:
            stream.write(part.data)


def _fractional_bits(points: NDArray[np.float32]) -> int:
    """As many as leave room for the largest coordinate."""
    largest = float(np.abs(points).max())
    return max(0, min(_MOST_BITS, floor(log2(_LARGEST / max(largest, 1.0)))))


def _positions(points: Block, bits: int) -> NDArray[np.uint8]:
    """(N, 9): three little-endian signed numbers of 24 bits each."""
    fixed = np.clip(np.rint(points.astype(np.float64) * 2**bits), -_LARGEST, _LARGEST).astype("<i4")
    four = np.ascontiguousarray(fixed).view(np.uint8).reshape(-1, 3, 4)
    return four[:, :, :3].reshape(-1, 9)


def _bytes(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _rotations(wxyz: Block) -> NDArray[np.uint8]:
    """(N, 4): which of x, y, z, w is largest (2 bits), and sign and 9 bits of each of the others."""
    xyzw = wxyz[:, [1, 2, 3, 0]].astype(np.float64)
    largest = np.abs(xyzw).argmax(axis=1)
    # The opposite quaternion is the same rotation: the largest one is positive.
    xyzw *= np.where(np.take_along_axis(xyzw, largest[:, None], axis=1) < 0, -1, 1)
    size = np.rint(np.minimum(np.abs(xyzw) * np.sqrt(2), 1) * 511).astype(np.uint32)
    ten = size | ((xyzw < 0).astype(np.uint32) << 9)
    packed = largest.astype(np.uint32)
    for k in range(4):
        packed = np.where(largest == k, packed, (packed << 10) | ten[:, k])
    return packed.astype("<u4").view(np.uint8).reshape(-1, 4)


FORMAT = Format(
    suffix=".spz",
    name="SPZ, compressed 3D Gaussian splats",
    shapes=("cloud",),
    write=write,
    fixed_axes="y-up",
    instead="Gaussians have no faces; write the mesh as .ply, .glb or .obj.",
)
