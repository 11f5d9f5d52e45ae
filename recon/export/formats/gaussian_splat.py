"""PLY with 3D Gaussians, one per point, in the layout that splat viewers and editors read.

Names and order of the properties follow the reference implementation of Kerbl et al., "3D Gaussian Splatting for
Real-Time Radiance Field Rendering" (2023), with spherical harmonics of degree 0 only: scales as logarithms, opacity
as a logit, rotations as quaternions w x y z. The axes are also those of that method: y down, z forward, as in COLMAP.

Each Gaussian is a flat disk on the surface that covers its pixel: its covariance is that of the pixel, mapped from
the image to the tangent plane with the inverse Jacobian of the camera. So it projects to the same round spot at any
angle.
"""

from dataclasses import replace
from math import log
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recon.export.checks import cloud_of, describe_lines, unit_normals
from recon.export.format import Content, Format
from recon.frames import Transform, apply, rotate
from recon.threads import blocks
from recon.types import PointCloud

SIGMA_PX = 0.5
"""Standard deviation of a Gaussian in the photo, in units of the point spacing; neighbours overlap without gaps."""
OPACITY = 0.99
"""The value that renderers clamp to, as opaque as possible."""
THINNESS = 0.05
"""Thickness of a disk, relative to the width of its pixel."""
STEEPEST = 0.15
"""Cosine between normal and ray below which a disk is tilted towards the camera, since needles would cross edges."""
DEGREE_0 = 0.28209479177387814
"""The constant spherical harmonic, 1 / (2 sqrt(pi))."""

PROPERTIES = (
    *("x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2", "opacity"),
    *("scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"),
)


def write(content: Content, path: Path) -> None:
    """Writes a cloud as Gaussians at ``path``, always with y down and z forward (``content.axes`` is ignored).

    Raises:
        ExportError: no points.
    """
    content = replace(content, axes="opencv")
    cloud = cloud_of(content)
    with path.open("wb") as file:
        file.write(_header(content, len(cloud.points)))
        for rows in blocks(len(cloud.points)):
            file.write(gaussians(content, cloud, rows).data)


def _header(content: Content, count: int) -> bytes:
    lines = ["ply", "format binary_little_endian 1.0"]
    lines += [f"comment {line}" for line in describe_lines(content)]
    lines += [f"element vertex {count}", *(f"property float {name}" for name in PROPERTIES)]
    return "\n".join([*lines, "end_header", ""]).encode("ascii")


def gaussians(content: Content, cloud: PointCloud, rows: slice) -> NDArray[np.float32]:
    """(N, 17) ``PROPERTIES`` of some points, in the axes of ``content``."""
    points, file_T_cam = cloud.points[rows], content.file_T_cam
    given = -points if cloud.normals is None else cloud.normals[rows]
    normals = _not_too_steep(unit_normals(given, points), points)
    axes, scales = disks(content, points, normals)
    block = np.empty((len(points), len(PROPERTIES)), "<f4")
    block[:, 0:3] = apply(file_T_cam, points)
    block[:, 3:6] = rotate(file_T_cam, normals)
    block[:, 6:9] = (cloud.rgb[rows] / np.float32(255) - np.float32(0.5)) / np.float32(DEGREE_0)
    block[:, 9] = log(OPACITY / (1 - OPACITY))
    block[:, 10:13] = np.log(scales)
    block[:, 13:17] = _quaternions(file_T_cam, axes)
    return block


def disks(
    content: Content, points: NDArray[np.float32], normals: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The disk of each point.

    A step of one point spacing in the image moves the point on its tangent plane by ``t_u`` and ``t_v``. The
    covariance ``sigma^2 (t_u t_u^T + t_v t_v^T)`` projects to ``sigma^2`` times the identity (Zwicker et al., "EWA
    Splatting", 2002, inverse of equation 31).

    Args:
        content: Provides the camera and the point spacing.
        points: (N, 3) m, cam frame.
        normals: (N, 3) unit vectors, cam frame.

    Returns:
        (N, 3, 3) rotations whose columns are the disk's long axis, short axis and normal, cam frame; and (N, 3)
        standard deviations along them, m.
    """
    camera = content.intrinsics
    z = points[:, 2:3].astype(np.float64)
    rays, n = points / z, normals.astype(np.float64)
    slant = np.sum(n * rays, axis=1, keepdims=True)
    t_u = (np.array([1.0, 0, 0]) - rays * (n[:, 0:1] / slant)) * _spacing_m(content, z, camera.fx)
    t_v = (np.array([0, 1.0, 0]) - rays * (n[:, 1:2] / slant)) * _spacing_m(content, z, camera.fy)
    # Eigenvectors of the covariance within the plane spanned by a and b.
    a = t_u / np.linalg.norm(t_u, axis=1, keepdims=True)
    b = np.cross(n, a)
    ua, va, vb = (np.sum(s * t, axis=1) for s, t in ((a, t_u), (a, t_v), (b, t_v)))
    aa, ab, bb = ua**2 + va**2, va * vb, vb**2
    angle = 0.5 * np.arctan2(2 * ab, aa - bb)[:, None]
    long = np.cos(angle) * a + np.sin(angle) * b
    middle, radius = (aa + bb) / 2, np.hypot((aa - bb) / 2, ab)
    widths = np.sqrt(np.stack([middle + radius, np.maximum(middle - radius, 1e-3 * middle)], axis=1))
    thickness = THINNESS * widths[:, 1:2]
    axes = np.stack([long, np.cross(n, long), n], axis=2)
    return axes, SIGMA_PX * np.concatenate([widths, thickness], axis=1)


def _spacing_m(content: Content, z_m: NDArray[np.float64], focal_px: float) -> NDArray[np.float64]:
    """Distance between neighbouring points on a plane that faces the camera."""
    pixel: NDArray[np.float64] = content.stride * z_m / focal_px
    return pixel if content.voxel_m is None else np.maximum(pixel, content.voxel_m)


def _not_too_steep(normals: NDArray[np.float32], points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Tilts normals towards the camera if they are almost perpendicular to the ray."""
    towards = -points / np.linalg.norm(points, axis=1, keepdims=True)
    cosine = np.sum(normals * towards, axis=1, keepdims=True)
    across = normals - cosine * towards
    length = np.linalg.norm(across, axis=1, keepdims=True)
    across /= np.maximum(length, np.float32(1e-6))
    steepest = np.float32(STEEPEST)
    turned = steepest * towards + np.sqrt(1 - steepest**2) * across
    return np.where((cosine < steepest) & (length > 0), turned, normals).astype(np.float32)


def _quaternions(file_T_cam: Transform, axes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotations (N, 3, 3) of the cam frame as quaternions w x y z in the file's axes."""
    from scipy.spatial.transform import Rotation

    xyzw = Rotation.from_matrix(file_T_cam[:3, :3] @ axes).as_quat()
    wxyz: NDArray[np.float64] = xyzw[:, [3, 0, 1, 2]]
    return wxyz


FORMAT = Format(
    suffix=".splat.ply",
    name="3D Gaussian splats, y down",
    shapes=("cloud",),
    write=write,
    fixed_axes="opencv",
    instead="Gaussians have no faces; write the mesh as .ply, .glb or .obj.",
)
