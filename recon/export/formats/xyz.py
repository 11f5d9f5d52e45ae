"""XYZ text: one point a line, ``x y z r g b``, metres and 0 to 255, no header line.

CloudCompare takes the last three columns for colours; MeshLab takes them for normals, and shows colours only
of a .ply. A header or comment would be read as a broken point.
"""

from pathlib import Path

from recon.export.binary.number_text import decimals, integers, lines
from recon.export.checks import cloud_of
from recon.export.format import Content, Format
from recon.frames import apply
from recon.threads import blocks


def write(content: Content, path: Path) -> None:
    """Writes a cloud at ``path``, in the axes of ``content``; normals are left out."""
    cloud = cloud_of(content)
    with path.open("wb") as file:
        for rows in blocks(len(cloud.points)):
            x, y, z = (decimals(axis) for axis in apply(content.file_T_cam, cloud.points[rows]).T)
            r, g, b = (integers(channel) for channel in cloud.rgb[rows].T)
            file.write(lines(x, " ", y, " ", z, " ", r, " ", g, " ", b))


FORMAT = Format(
    suffix=".xyz",
    name="XYZ text",
    shapes=("cloud",),
    write=write,
    instead="It lists points only: write the mesh as .ply, .glb, .obj or .stl.",
)
