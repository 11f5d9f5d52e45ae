"""COLMAP text model: a folder with the photo, its camera, and points with their pixel observations.

    scene.colmap/images/photo.jpg
    scene.colmap/sparse/0/cameras.txt  images.txt  points3D.txt

Photogrammetry and splatting tools use it as input. The layout follows COLMAP's documentation of its output format.
Its pixel convention is ours (the centre of the first pixel is (0.5, 0.5)), and its axes are those of the cam frame.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recon.export.binary.number_text import decimals, integers, lines
from recon.export.checks import cloud_of, describe_lines
from recon.export.format import Content, Format
from recon.export.texture import texture_jpeg
from recon.frames import apply
from recon.options import Shape
from recon.threads import blocks
from recon.types import PointCloud

MOST_POINTS = 200_000
"""Enough for tools that start from such points; millions of points would take them minutes to read."""
PHOTO = "photo.jpg"
_PHOTO_ID, _CAMERA_ID = 1, 1
_SEED = 0


def sidecars(path: Path, shape: Shape = "cloud") -> tuple[Path, ...]:
    """The files in the folder ``path``."""
    model = path / "sparse" / "0"
    names = ("cameras.txt", "images.txt", "points3D.txt")
    return (path / "images" / PHOTO, *(model / name for name in names))


def write(content: Content, path: Path) -> None:
    """Writes the folder ``path``. Keeps ``MOST_POINTS`` random points of a larger cloud, and notes this in the file.

    Raises:
        ExportError: no points.
    """
    content = replace(content, axes="opencv")
    cloud = cloud_of(content)
    chosen = some_points(cloud)
    photo, cameras, images, points = sidecars(path)
    for folder in (photo.parent, cameras.parent):
        folder.mkdir(parents=True, exist_ok=True)
    photo.write_bytes(texture_jpeg(content.photo))
    comments = "".join(f"# {line}\n" for line in describe_lines(content))
    camera = content.intrinsics
    numbers = " ".join(f"{number:.17g}" for number in (camera.fx, camera.fy, camera.cx, camera.cy))
    cameras.write_text(
        f"{comments}# CAMERA_ID MODEL WIDTH HEIGHT fx fy cx cy\n"
        f"{_CAMERA_ID} PINHOLE {camera.width} {camera.height} {numbers}\n",
        "ascii",
    )
    with images.open("wb") as file:
        file.write(_image_line(content))
        file.writelines(_observations(content, chosen))
        file.write(b"\n")
    with points.open("wb") as file:
        heading = (
            f"# {len(chosen.points)} of {len(cloud.points)} points\n# POINT3D_ID X Y Z R G B ERROR TRACK\n"
        )
        file.write(heading.encode("ascii"))
        file.writelines(_points(content, chosen))


def some_points(cloud: PointCloud) -> PointCloud:
    """At most ``MOST_POINTS`` points of the cloud, in their order; deterministic."""
    count = len(cloud.points)
    if count <= MOST_POINTS:
        return cloud
    kept = np.sort(np.random.default_rng(_SEED).choice(count, MOST_POINTS, replace=False))
    return PointCloud(cloud.points[kept], cloud.rgb[kept])


def _image_line(content: Content) -> bytes:
    """The photo's pose, cam_T_file, as a quaternion w x y z and a translation."""
    from scipy.spatial.transform import Rotation

    cam_T_file = np.linalg.inv(content.file_T_cam)
    x, y, z, w = Rotation.from_matrix(cam_T_file[:3, :3]).as_quat()
    pose = " ".join(f"{number:.17g}" for number in (w, x, y, z, *cam_T_file[:3, 3]))
    heading = "# IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME, then X Y POINT3D_ID of each point\n"
    return f"{heading}{_PHOTO_ID} {pose} {_CAMERA_ID} {PHOTO}\n".encode("ascii")


def _observations(content: Content, cloud: PointCloud) -> Iterator[bytes]:
    """The pixel position of each point in the photo: all on one line, numbered from 1."""
    camera = content.intrinsics
    for rows in blocks(len(cloud.points)):
        x, y, z = cloud.points[rows].T.astype(np.float64)
        u, v = camera.fx * x / z + camera.cx, camera.fy * y / z + camera.cy
        listed = lines(decimals(u), " ", decimals(v), " ", integers(_ids(rows)))
        yield listed.replace(b"\n", b" ")


def _points(content: Content, cloud: PointCloud) -> Iterator[bytes]:
    """Each point with its colour, zero error, and its track: the photo, and its index among the photo's
    observations."""
    for rows in blocks(len(cloud.points)):
        x, y, z = (decimals(axis) for axis in apply(content.file_T_cam, cloud.points[rows]).T)
        r, g, b = (integers(channel) for channel in cloud.rgb[rows].T)
        ids = _ids(rows)
        track = (f" 0 {_PHOTO_ID} ", integers(ids - 1))
        yield lines(integers(ids), " ", x, " ", y, " ", z, " ", r, " ", g, " ", b, *track)


def _ids(rows: slice) -> NDArray[np.int64]:
    return np.arange(rows.start + 1, rows.stop + 1, dtype=np.int64)


FORMAT = Format(
    suffix=".colmap",
    name=f"COLMAP text model, a folder with at most {MOST_POINTS:,} points",
    shapes=("cloud",),
    write=write,
    sidecars=sidecars,
    fixed_axes="opencv",
    instead="It contains points only; write the mesh as .ply, .glb or .obj.",
)
