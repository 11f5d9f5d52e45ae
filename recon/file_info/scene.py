"""Describes a recon scene file (.npz)."""

from pathlib import Path

from recon.file_info.info import CameraInfo, Extent, FileInfo
from recon.frames import FILE_AXES
from recon.scene import Scene


def read(path: Path) -> FileInfo:
    """Describes a scene; its points are those kept by the scene's own options."""
    scene = Scene.load(path)
    cloud, extent = scene.cloud(normals=False), Extent()
    extent.add(cloud.points)
    return FileInfo(
        path=path,
        format="recon scene",
        bytes=path.stat().st_size,
        points=len(cloud.points),
        colours="vertex",
        camera=CameraInfo.from_intrinsics(scene.intrinsics),
        axes=f"opencv: {FILE_AXES['opencv']}",
        unit="m",
        provenance=scene.provenance.as_dict(),
        **extent.fields,
    )
