"""Wavefront OBJ, with a separate material file and the photo as texture.

Vertex normals are omitted: they would double the file size, and every program computes them.
"""

from pathlib import Path

from recon.export.binary.number_text import decimals, integers, lines
from recon.export.checks import describe_lines, textured_mesh_of
from recon.export.format import Content, Format
from recon.export.texture import plain_name, texture_jpeg
from recon.frames import apply
from recon.options import Shape
from recon.threads import blocks


def sidecars(path: Path, shape: Shape = "mesh") -> tuple[Path, ...]:
    """The material and the texture: ``my scene.obj`` has ``my_scene.mtl`` and ``my_scene_texture.jpg``.

    The OBJ and MTL files reference these names, hence plain ASCII letters. The texture is not named ``my_scene.jpg``,
    since that is often the name of the photo.
    """
    stem = plain_name(path.stem)
    return path.with_name(f"{stem}.mtl"), path.with_name(f"{stem}_texture.jpg")


def write(content: Content, path: Path) -> None:
    """Writes a mesh with texture coordinates at ``path``, in the axes of ``content``, and its sidecars.

    Raises:
        ExportError: no faces.
        ValueError: the geometry is not a mesh, or has no texture coordinates.
    """
    mesh, uv = textured_mesh_of(content)
    material, texture = sidecars(path)
    texture.write_bytes(texture_jpeg(content.photo))
    comments = "".join(f"# {line}\n" for line in describe_lines(content))
    material.write_text(
        f"{comments}newmtl photo\nKa 0 0 0\nKd 1 1 1\nKs 0 0 0\nillum 1\nmap_Kd {texture.name}\n", "ascii"
    )
    with path.open("wb") as file:
        file.write(f"{comments}mtllib {material.name}\no scene\n".encode("ascii"))
        for rows in blocks(len(mesh.vertices)):
            x, y, z = (decimals(axis) for axis in apply(content.file_T_cam, mesh.vertices[rows]).T)
            file.write(lines("v ", x, " ", y, " ", z))
        for rows in blocks(len(uv)):
            u, v_down = uv[rows].T
            file.write(lines("vt ", decimals(u, 7), " ", decimals(1 - v_down, 7)))
        file.write(b"usemtl photo\n")
        for rows in blocks(len(mesh.faces)):
            a, b, c = (integers(corner + 1) for corner in mesh.faces[rows].T.astype("i8"))
            file.write(lines("f ", a, "/", a, " ", b, "/", b, " ", c, "/", c))


FORMAT = Format(
    suffix=".obj",
    name="Wavefront OBJ, with MTL and texture",
    shapes=("mesh",),
    write=write,
    sidecars=sidecars,
    instead="Most programs ignore the colours of its points; write the cloud as .ply.",
)
