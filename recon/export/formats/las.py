"""LAS 1.2 and compressed LAZ, written with laspy: coloured points, quantised to a fraction of a millimetre.

Point format 2 (position, intensity, colour) is the oldest with colours and supported by every LAS reader. Readers
treat z as height, so the file is always z-up. The format has no normals.
"""

from dataclasses import replace
from math import floor, log10
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recon.export.checks import cloud_of, describe_lines
from recon.export.format import Content, Format
from recon.frames import apply
from recon.threads import blocks
from recon.types import PointCloud
from recon.version import GENERATOR

if TYPE_CHECKING:
    import laspy

COARSEST_STEP_M, FINEST_STEP_M = 1e-4, 1e-7
_LARGEST_INTEGER = 2**31 - 1
_TEXT_RECORD = 3  # "text area description" of the LAS 1.2 standard, section "defined variable length records"
_LONGEST_TEXT = 2**16 - 1


def write(content: Content, path: Path) -> None:
    """Writes a cloud at ``path``, always z-up (``content.axes`` is ignored); ``.laz`` is compressed.

    Raises:
        ExportError: no points.
    """
    import laspy

    content = replace(content, axes="z-up")
    cloud = cloud_of(content)
    header = _header(content, cloud)
    with laspy.open(path, mode="w", header=header) as file:
        for rows in blocks(len(cloud.points)):
            record = laspy.ScaleAwarePointRecord.zeros(rows.stop - rows.start, header=header)
            record.x, record.y, record.z = apply(content.file_T_cam, cloud.points[rows]).astype(np.float64).T
            # The standard has 16 bits: 257 maps white to white, and the high byte is the original value.
            record.red, record.green, record.blue = cloud.rgb[rows].astype(np.uint16).T * np.uint16(257)
            file.write_points(record)


def _header(content: Content, cloud: PointCloud) -> "laspy.LasHeader":
    import laspy

    low, high = _bounds(content, cloud)
    header = laspy.LasHeader(point_format=2, version="1.2")
    header.scales = np.full(3, step_m(float((high - low).max())))
    header.offsets = np.floor(low)
    header.generating_software = GENERATOR
    header.system_identifier = "one photograph"
    text = "\n".join(describe_lines(content)).encode("ascii")[:_LONGEST_TEXT]
    header.vlrs.append(laspy.VLR("LASF_Spec", _TEXT_RECORD, "axes, camera, provenance", text))
    return header


def _bounds(content: Content, cloud: PointCloud) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Smallest and largest coordinates in the file's axes, (3,) m."""
    moved = (apply(content.file_T_cam, cloud.points[rows]) for rows in blocks(len(cloud.points)))
    lows, highs = zip(*((block.min(axis=0), block.max(axis=0)) for block in moved), strict=True)
    return np.min(lows, axis=0).astype(np.float64), np.max(highs, axis=0).astype(np.float64)


def step_m(extent_m: float) -> float:
    """The quantisation step of coordinates, a power of ten in metres.

    1e-5 of the extent, and at most 0.1 mm: finer digits of depth are noise, which does not compress. Larger only if
    32 bits would overflow.
    """
    fine = 10.0 ** floor(log10(extent_m * 1e-5)) if extent_m > 0 else FINEST_STEP_M
    step = min(max(fine, FINEST_STEP_M), COARSEST_STEP_M)
    while extent_m + 1 > step * _LARGEST_INTEGER:  # one metre more: the offset is rounded down
        step *= 10
    return step


def _format(suffix: str, name: str, needs: tuple[str, str]) -> Format:
    return Format(
        suffix=suffix,
        name=name,
        shapes=("cloud",),
        write=write,
        fixed_axes="z-up",
        instead="It contains points only; write the mesh as .ply, .glb, .obj or .stl.",
        needs=needs,
    )


FORMATS = (
    _format(".las", "LAS 1.2, z up", ("laspy", "las")),
    _format(".laz", "LAZ, compressed LAS 1.2, z up", ("lazrs", "las")),
)
