"""PCD 0.7 of the Point Cloud Library, binary: x y z, packed rgb, and normals if present."""

from pathlib import Path

import numpy as np

from recon.export.checks import cloud_of, describe_lines, unit_normals
from recon.export.format import Content, Format
from recon.frames import apply, rotate
from recon.threads import blocks


def write(content: Content, path: Path) -> None:
    """Writes a cloud at ``path``, in the axes of ``content``."""
    cloud = cloud_of(content)
    names = ["x", "y", "z", "rgb"]
    if cloud.normals is not None:
        names += ["normal_x", "normal_y", "normal_z"]
    with path.open("wb") as file:
        file.write(_header(content, names, len(cloud.points)))
        for rows in blocks(len(cloud.points)):
            block = np.empty((rows.stop - rows.start, len(names)), "<f4")
            block[:, :3] = apply(content.file_T_cam, cloud.points[rows])
            # PCL convention: the bytes b, g, r, 0 stored as a float.
            bgr0 = block[:, 3:4].view(np.uint8)
            bgr0[:, :3] = cloud.rgb[rows, ::-1]
            bgr0[:, 3] = 0
            if cloud.normals is not None:
                normals = unit_normals(cloud.normals[rows], cloud.points[rows])
                block[:, 4:] = rotate(content.file_T_cam, normals)
            file.write(block.data)


def _header(content: Content, names: list[str], count: int) -> bytes:
    lines = [
        "# .PCD v0.7 - Point Cloud Data file format",
        *(f"# {line}" for line in describe_lines(content)),
        "VERSION 0.7",
        f"FIELDS {' '.join(names)}",
        f"SIZE {' '.join('4' for _ in names)}",
        f"TYPE {' '.join('F' for _ in names)}",
        f"COUNT {' '.join('1' for _ in names)}",
        f"WIDTH {count}",
        "HEIGHT 1",
        "VIEWPOINT 0 0 0 1 0 0 0",
        f"POINTS {count}",
        "DATA binary",
    ]
    return ("\n".join(lines) + "\n").encode("ascii")


FORMAT = Format(
    suffix=".pcd",
    name="PCD of the Point Cloud Library",
    shapes=("cloud",),
    write=write,
    instead="It contains points only; write the mesh as .ply, .glb, .obj or .stl.",
)
