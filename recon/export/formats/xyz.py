"""XYZ text: one point per line, ``x y z r g b``, in metres and 0 to 255, without a header.

CloudCompare reads the last three columns as colours; MeshLab reads them as normals, and shows colours only for .ply.
Readers treat a header or comment as a malformed point.
"""

from pathlib import Path

from recon.export.binary.number_text import decimals, integers, lines
from recon.export.checks import cloud_of
from recon.export.format import Content, Format
from recon.frames import apply
from recon.threads import blocks


def write(content: Content, path: Path) -> None:
    """Writes a cloud at ``path``, in the axes of ``content``, without normals."""
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
    instead="It contains points only; write the mesh as .ply, .glb, .obj or .stl.",
)
