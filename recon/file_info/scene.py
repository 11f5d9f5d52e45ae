"""Describes a recon scene file (.npz), of one photo or of several."""

from pathlib import Path
from typing import Any

import numpy as np

from recon import scene_file
from recon.file_info.info import CameraInfo, Extent, FileInfo
from recon.frames import FILE_AXES, Transform, apply
from recon.scene import Scene
from recon.strict_npz import Archive, open_npz
from recon.units import scale_text


def read(path: Path) -> FileInfo:
    """Describes a scene; its points are those kept by the scene's own options."""
    with scene_file.reporting_damage(path), open_npz(path) as archive:
        about = scene_file.read_metadata(archive) if "metadata" in archive.names else None
        if isinstance(about, dict) and about.get("format") == scene_file.JOINED_FORMAT:
            return _joined(path, about, archive)
    return _described(path, [(Scene.load(path), np.eye(4))])


def _joined(path: Path, about: dict[str, Any], archive: Archive) -> FileInfo:
    scenes = _scenes(archive)
    first_T_world = np.linalg.inv(scenes[0][1])
    names = [scene.photo.name or f"photo {number}" for number, (scene, _) in enumerate(scenes, 1)]
    left_out, interval = about.get("left_out") or (), about.get("scale_interval")
    return _described(
        path,
        [(scene, first_T_world @ world_T_cam) for scene, world_T_cam in scenes],
        notes=(
            f"{len(scenes)} photos: {', '.join(names)}",
            "scale " + ("unknown" if interval is None else f"{scale_text(interval)} (95 %)"),
            *(f"left out: {each['photo']}: {each['reason']}" for each in left_out),
            f"recon join {path.name} -o {path.stem}.glb writes the fused mesh",
        ),
    )


def _scenes(archive: Archive) -> list[tuple[Scene, Transform]]:
    """Each photo's scene, and world_T_cam."""
    scenes: list[tuple[Scene, Transform]] = []
    while f"{(prefix := scene_file.prefix_of(len(scenes)))}metadata" in archive.names:
        about = scene_file.read_metadata(archive, f"{prefix}metadata")
        scene = Scene.from_stored(scene_file.arrays_in(archive, prefix), about)
        scenes.append((scene, archive.read(f"{prefix}world_T_cam")))
    return scenes


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
