"""COLMAP text model: a folder with the photos, their cameras, and points with their pixel observations.

    scene.colmap/images/photo.jpg
    scene.colmap/sparse/0/cameras.txt  images.txt  points3D.txt

Photogrammetry and splatting tools use it as input. The layout follows COLMAP's documentation of its output format.
Its pixel convention is ours (the centre of the first pixel is (0.5, 0.5)), and its axes are those of the cam frame.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

import numpy as np
from numpy.typing import NDArray

from recon.export.binary.number_text import decimals, integers, lines
from recon.export.checks import cloud_of, describe_lines
from recon.export.format import Content, Format, PlacedCamera
from recon.export.texture import plain_name, texture_jpeg
from recon.frames import apply
from recon.options import Shape
from recon.threads import blocks
from recon.types import PointCloud

MOST_POINTS = 200_000
"""Enough for tools that start from such points; millions of points would take them minutes to read."""
PHOTO = "photo.jpg"
_SEED = 0


def sidecars(path: Path, shape: Shape = "cloud") -> tuple[Path, ...]:
    """The files in the folder ``path`` of a scene of one photo."""
    return _files(path, [PHOTO])


def _files(path: Path, photos: Sequence[str]) -> tuple[Path, ...]:
    """The files in the folder ``path``: the model's three, then the photos."""
    model = path / "sparse" / "0"
    names = ("cameras.txt", "images.txt", "points3D.txt")
    return (*(model / name for name in names), *(path / "images" / photo for photo in photos))


def all_sidecars(content: Content, path: Path) -> tuple[Path, ...]:
    """The files in the folder ``path``."""
    return _files(path, _photo_names(_cameras(content)))


def _photo_names(cameras: Sequence[PlacedCamera]) -> list[str]:
    """Names of the copies, which are all JPEGs: different, without spaces, at which COLMAP ends a name."""
    names: list[str] = []
    for camera in cameras:
        stem = plain_name(PurePath(camera.name).stem)
        same = sum(name == f"{stem}.jpg" or name.startswith(f"{stem}__") for name in names)
        names.append(f"{stem}__{same}.jpg" if same else f"{stem}.jpg")
    return names


def _cameras(content: Content) -> tuple[PlacedCamera, ...]:
    return content.cameras or (PlacedCamera(PHOTO, content.photo, content.intrinsics, np.eye(4)),)


def write(content: Content, path: Path) -> None:
    """Writes the folder ``path``. Keeps ``MOST_POINTS`` random points of a larger cloud, and notes this in the file.

    Raises:
        ExportError: no points.
    """
    content = replace(content, axes="opencv")
    cloud = cloud_of(content)
    kept = some_points(cloud)
    chosen = PointCloud(cloud.points[kept], cloud.rgb[kept])
    cameras = _cameras(content)
    lists, images, points, *photos = all_sidecars(content, path)
    for folder in (photos[0].parent, lists.parent):
        folder.mkdir(parents=True, exist_ok=True)
    for photo, camera in zip(photos, cameras, strict=True):
        photo.write_bytes(texture_jpeg(camera.photo))
    comments = "".join(f"# {line}\n" for line in describe_lines(content))
    lines_of_cameras = [_camera_line(number, camera) for number, camera in enumerate(cameras, 1)]
    lists.write_text(
        f"{comments}# CAMERA_ID MODEL WIDTH HEIGHT fx fy cx cy\n{''.join(lines_of_cameras)}", "ascii"
    )
    tracks = _Tracks.of(cameras, kept)
    with images.open("wb") as file:
        file.write(b"# IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME, then X Y POINT3D_ID of each point\n")
        for number, (camera, photo, seen) in enumerate(zip(cameras, photos, tracks.seen, strict=True), 1):
            file.write(_image_line(content, number, camera, photo.name))
            file.writelines(_observations(camera, chosen, seen))
            file.write(b"\n")
    with points.open("wb") as file:
        heading = (
            f"# {len(chosen.points)} of {len(cloud.points)} points\n# POINT3D_ID X Y Z R G B ERROR TRACK\n"
        )
        file.write(heading.encode("ascii"))
        file.writelines(_points(content, chosen, tracks))


def some_points(cloud: PointCloud) -> NDArray[np.intp]:
    """Indices of at most ``MOST_POINTS`` points of the cloud, in their order; deterministic."""
    count = len(cloud.points)
    if count <= MOST_POINTS:
        return np.arange(count)
    return np.sort(np.random.default_rng(_SEED).choice(count, MOST_POINTS, replace=False))


@dataclass(frozen=True, eq=False)
class _Tracks:
    """Which photos see which points."""

    seen: list[NDArray[np.intp]]
    """For each photo, the indices of the points that it sees, ascending: the list of its observations."""
    texts: list[bytes] | None
    """For each point, its track; None: a single photo sees all points."""

    @classmethod
    def of(cls, cameras: Sequence[PlacedCamera], kept: NDArray[np.intp]) -> "_Tracks":
        """For the kept points."""
        seen = [
            np.arange(len(kept)) if camera.sees is None else np.flatnonzero(camera.sees[kept])
            for camera in cameras
        ]
        if len(cameras) == 1:
            return cls(seen, None)
        point = np.concatenate(seen)
        entries = [
            b" %d %d" % (number, index) for number, each in enumerate(seen, 1) for index in range(len(each))
        ]
        texts = [b""] * len(kept)
        for k in np.argsort(point, kind="stable"):
            texts[point[k]] += entries[k]
        return cls(seen, texts)


def _camera_line(number: int, camera: PlacedCamera) -> str:
    lens = camera.intrinsics
    numbers = " ".join(f"{number:.17g}" for number in (lens.fx, lens.fy, lens.cx, lens.cy))
    return f"{number} PINHOLE {lens.width} {lens.height} {numbers}\n"


def _image_line(content: Content, number: int, camera: PlacedCamera, name: str) -> bytes:
    """The photo's pose, cam_T_file, as a quaternion w x y z and a translation."""
    from scipy.spatial.transform import Rotation

    cam_T_file = np.linalg.inv(content.file_T_cam @ camera.cam_T_own)
    x, y, z, w = Rotation.from_matrix(cam_T_file[:3, :3]).as_quat()
    pose = " ".join(f"{value:.17g}" for value in (w, x, y, z, *cam_T_file[:3, 3]))
    return f"{number} {pose} {number} {name}\n".encode("ascii")


def _observations(camera: PlacedCamera, cloud: PointCloud, seen: NDArray[np.intp]) -> Iterator[bytes]:
    """The pixel position of each point in the photo: all on one line, numbered from 1."""
    lens = camera.intrinsics
    own_T_cam = np.linalg.inv(camera.cam_T_own).astype(np.float64)
    for rows in blocks(len(seen)):
        at = seen[rows]
        x, y, z = apply(own_T_cam, cloud.points[at]).astype(np.float64).T
        u, v = lens.fx * x / z + lens.cx, lens.fy * y / z + lens.cy
        listed = lines(decimals(u), " ", decimals(v), " ", integers(at + 1))
        yield listed.replace(b"\n", b" ")


def _points(content: Content, cloud: PointCloud, tracks: _Tracks) -> Iterator[bytes]:
    """Each point with its colour, zero error, and its track: photos, and its index among the observations of each."""
    for rows in blocks(len(cloud.points)):
        x, y, z = (decimals(axis) for axis in apply(content.file_T_cam, cloud.points[rows]).T)
        r, g, b = (integers(channel) for channel in cloud.rgb[rows].T)
        ids = np.arange(rows.start + 1, rows.stop + 1, dtype=np.int64)
        values = (integers(ids), " ", x, " ", y, " ", z, " ", r, " ", g, " ", b)
        if tracks.texts is None:
            yield lines(*values, " 0 1 ", integers(ids - 1))
        else:
            heads = lines(*values, " 0").splitlines()
            yield b"".join(b"%s%s\n" % pair for pair in zip(heads, tracks.texts[rows], strict=True))


FORMAT = Format(
    suffix=".colmap",
    name=f"COLMAP text model, a folder with at most {MOST_POINTS:,} points",
    shapes=("cloud",),
    write=write,
    sidecars=sidecars,
    sidecars_of=all_sidecars,
    fixed_axes="opencv",
    instead="It contains points only; write the mesh as .ply, .glb or .obj.",
)
