"""Writes a solid for 3D printing, in millimetres: binary STL, or 3MF, which states its unit."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

from recon.atomic_write import staged
from recon.errors import ExportError
from recon.export.binary.number_text import decimals, integers, lines
from recon.export.formats.stl import write_triangles
from recon.geometry.relief import Solid
from recon.threads import blocks
from recon.version import GENERATOR

SUFFIXES = (".stl", ".3mf")
_TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="model" ContentType="application/vnd.ms-package.3dmanufacturing-3dmodel+xml"/></Types>\n'
)
_RELATIONS = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Target="/3D/3dmodel.model" Id="model" '
    'Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/></Relationships>\n'
)


def check_solid_output(path: Path) -> None:
    """Checks a file name before the slow work.

    Raises:
        ExportError: Unknown format.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ExportError(f"{path}: a relief is written as {' or '.join(SUFFIXES)}")


def write_solid(path: Path, made: Solid, *, overwrite: bool = True) -> None:
    """Writes the file atomically.

    Raises:
        ExportError: Unknown format, or the file cannot be written.
    """
    check_solid_output(path)
    with staged(path, overwrite=overwrite) as temporary:
        if path.suffix.lower() == ".stl":
            header = f"binary STL in millimetres, by {GENERATOR}"
            write_triangles(temporary, header, made.vertices_mm, made.faces)
            return
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("[Content_Types].xml", _TYPES)
            archive.writestr("_rels/.rels", _RELATIONS)
            with archive.open("3D/3dmodel.model", "w", force_zip64=True) as model:
                for part in _model(made):
                    model.write(part)


def _model(made: Solid) -> Iterator[bytes]:
    yield (
        b'<?xml version="1.0" encoding="UTF-8"?>\n<model unit="millimeter" xml:lang="en-US" '
        b'xmlns="http://schemas.microsoft.com/3dmanufacturing/core/2015/02">\n'
        b'<metadata name="Application">' + GENERATOR.encode("ascii") + b"</metadata>\n"
        b'<resources><object id="1" type="model"><mesh><vertices>\n'
    )
    for rows in blocks(len(made.vertices_mm)):
        x, y, z = (decimals(axis, 4) for axis in made.vertices_mm[rows].T)
        yield lines('<vertex x="', x, '" y="', y, '" z="', z, '"/>')
    yield b"</vertices><triangles>\n"
    for rows in blocks(len(made.faces)):
        a, b, c = (integers(corner) for corner in made.faces[rows].T)
        yield lines('<triangle v1="', a, '" v2="', b, '" v3="', c, '"/>')
    yield b'</triangles></mesh></object></resources>\n<build><item objectid="1"/></build></model>\n'
