"""Poses that the user gives instead of having them found: which file it is, and whose photos they are."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from recon.camera.lens import Lens
from recon.errors import LensError
from recon.join.bundle import bundle_of
from recon.join.bundle_covariance import pose_covariance
from recon.join.colmap_model import FILES, read_colmap
from recon.join.joined_scene import LeftOut
from recon.join.photo_set import NamedPhoto
from recon.join.pose_files import (
    polycam_cameras,
    read_json_poses,
    read_polycam,
    read_record3d,
    read_stray,
)
from recon.join.pose_table import METRIC_SIGMA, NamedPose, PoseFileError, PoseTable
from recon.join.poses import CameraPose, Poses
from recon.join.tum_poses import read_tum
from recon.types import Intrinsics, Photo

_LARGEST_PX = 1_000_000
_FARTHEST = 1e8
"""Of a position; float64 resolves more than a thousandth of a unit there."""
_EXPECTED = (
    "a COLMAP model, transforms.json, groundtruth.txt, or a folder of Polycam, Stray Scanner or Record3D"
)


def read_poses(path: Path, photos: Sequence[NamedPhoto], unit_m: float | None) -> Poses:
    """The poses of the photos in a file or folder.

    Args:
        path: See ``pose_files``, or a folder with a COLMAP model (also in ``sparse/0``).
        photos: Matched by their file names.
        unit_m: Metres per unit of the poses; None: metres where the format says so, else unknown.

    Raises:
        PoseFileError: It cannot be read, or names fewer than two of the photos.
    """
    try:
        found = _table(path)
    except OSError as error:
        raise PoseFileError(f"{error.filename or path} cannot be read: {error.strerror or error}") from error
    except (ValueError, LensError) as error:
        raise PoseFileError(f"{path} cannot be read as poses: {error}") from error
    by_photo, rows, owners = {}, list[int](), dict[int, str]()
    for index, photo in enumerate(photos):
        pose = found.of(photo.photo.path or photo.name)
        if pose is not None:
            owner = owners.setdefault(id(pose), photo.name)
            if owner != photo.name:
                raise PoseFileError(f"{path} has one pose for {owner} and {photo.name}: omit one of them")
            by_photo[index] = _camera_pose(pose, photo.photo, path, unit_m or 1.0)
            rows += [] if pose.row is None else [pose.row]
    if len(by_photo) < 2:
        names = ", ".join(name[:60] for name in list(found.by_name)[:3])
        raise PoseFileError(
            f"{path} has poses of {len(by_photo)} of the photos: its names ({names}, ...) must be those of the photos"
        )
    left_out = [
        LeftOut(photo.name, f"it has no pose in {path.name}")
        for index, photo in enumerate(photos)
        if index not in by_photo
    ]
    metric = found.metric or unit_m is not None
    bundle = None if found.model is None else bundle_of(found.model, rows, [None] * len(rows))
    covariance = None if bundle is None else pose_covariance(bundle.in_unit(unit_m or 1.0))
    return Poses(by_photo, found.source, METRIC_SIGMA if metric else None, tuple(left_out), covariance)


def _table(path: Path) -> PoseTable:
    if not path.exists():
        raise ValueError("it does not exist")
    if path.is_file():
        return read_tum(path) if path.suffix.lower() == ".txt" else read_json_poses(path)
    for place in (path, path / "sparse" / "0", path / "sparse", path / "colmap" / "sparse" / "0"):
        if any((place / name).is_file() for name in FILES):
            return read_colmap(place)
    if any(place.is_dir() for place in polycam_cameras(path)):
        return read_polycam(path)
    for name, read in (("transforms.json", read_json_poses), ("groundtruth.txt", read_tum)):
        if (path / name).is_file():
            return read(path / name)
    if (path / "odometry.csv").is_file():
        return read_stray(path)
    if (path / "metadata").is_file():
        return read_record3d(path / "metadata")
    raise ValueError(f"expected {_EXPECTED}")


def _camera_pose(pose: NamedPose, photo: Photo, path: Path, unit_m: float) -> CameraPose:
    """Raises PoseFileError if the camera is that of a picture of another shape, or the place is absurd."""
    width, height = pose.size or (photo.width, photo.height)
    if not 0 < min(width, height) <= max(width, height) < _LARGEST_PX:
        raise PoseFileError(
            f"{path}: its camera of {photo.name} is of a picture of {width:g} x {height:g} px"
        )
    if abs(np.log(width / height * photo.height / photo.width)) > 0.01:
        raise PoseFileError(
            f"{path}: its camera of {photo.name} is of a picture of {width} x {height} px, but the photo has "
            f"{photo.width} x {photo.height} px; use the photos that the poses were made with, not turned or cropped"
        )
    size = {"width": photo.width, "height": photo.height}
    camera, lens, factor = None, None, (photo.width / width, photo.height / height)
    if pose.camera is not None:
        try:
            camera = Intrinsics(*pose.camera, width, height, "file").resized(**size)
            if pose.lens is not None:
                lens = Lens(camera, pose.lens.kind, pose.lens.coefficients)
        except ValueError as error:
            raise PoseFileError(f"{path}: the camera of {photo.name}: {error}") from error
    world_T_cam = pose.world_T_cam.copy()
    world_T_cam[:3, 3] *= unit_m
    if np.abs(world_T_cam[:3, 3]).max() > _FARTHEST:
        raise PoseFileError(
            f"{path}: {photo.name} is more than {_FARTHEST:g} from the origin: check its position and --poses-unit"
        )
    px, z = pose.points_px, pose.points_z
    made = CameraPose(world_T_cam, camera, lens=lens)
    return made if px is None or z is None else replace(made, points_px=px * factor, points_z=z * unit_m)
