"""Describes a recon scene file (.npz), of one photo or of several."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from recon import scene_file
from recon.file_info.info import CameraInfo, Extent, FileInfo
from recon.frames import FILE_AXES, Transform, apply
from recon.scene import Scene
from recon.scene_file import JoinedMetadata, StoredPhoto
from recon.strict_npz import open_npz
from recon.units import scale_text


def read(path: Path) -> FileInfo:
    """Describes a scene; its points are those kept by the scene's own options."""
    with scene_file.reporting_damage(path), open_npz(path) as archive:
        found = scene_file.read_joined(archive)
        if found is not None:
            return _joined(path, *found)
    return _described(path, [(Scene.load(path), np.eye(4))])


def _joined(path: Path, about: JoinedMetadata, photos: Iterable[StoredPhoto]) -> FileInfo:
    scenes = [(Scene.from_stored(each.arrays, each.metadata), each.world_T_cam) for each in photos]
    first_T_world = np.linalg.inv(scenes[0][1])
    names = [scene.photo.name or f"photo {number}" for number, (scene, _) in enumerate(scenes, 1)]
    interval = about.scale_interval
    return _described(
        path,
        [(scene, first_T_world @ world_T_cam) for scene, world_T_cam in scenes],
        notes=(
            f"{len(scenes)} photos: {', '.join(names)}",
            "scale " + ("unknown" if interval is None else f"{scale_text(interval)} (95 %)"),
            *(f"left out: {each.photo}: {each.reason}" for each in about.left_out),
            f"recon join {path.name} -o {path.stem}.glb writes the fused mesh",
        ),
    )


def _described(path: Path, scenes: list[tuple[Scene, Transform]], notes: tuple[str, ...] = ()) -> FileInfo:
    """Of one or more scenes, with the transform from the cam frame of each to that of the first."""
    count, extent, first = 0, Extent(), scenes[0][0]
    for scene, first_T_cam in scenes:
        points = scene.cloud(normals=False).points
        extent.add(apply(first_T_cam, points))
        count += len(points)
    return FileInfo(
        path=path,
        format="recon scene" if not notes else "recon scene of several photos",
        bytes=path.stat().st_size,
        points=count,
        colours="vertex",
        camera=CameraInfo.from_intrinsics(first.intrinsics),
        axes=f"opencv: {FILE_AXES['opencv']}",
        unit="m",
        notes=notes,
        provenance=first.provenance.as_dict(),
        **extent.fields,
    )
