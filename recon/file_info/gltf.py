"""Describes glTF 2.0, binary and text, from its JSON document and the bounds in its accessors.

If a node is rotated, the bounds of its box are not those of its points: then the points are loaded.
"""

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.errors import SceneFileError
from recon.file_info.gltf_document import (
    FAN,
    STRIP,
    TRIANGLES,
    Document,
    camera_of,
    nodes,
    one_is,
    read_document,
)
from recon.file_info.info import Colours, Extent, FileInfo
from recon.file_info.referenced_files import ReferencedFiles
from recon.frames import FILE_AXES


def describe(path: Path) -> FileInfo:
    """Describes a glTF file; notes missing buffers and images."""
    document = read_document(path)
    extent, points, faces, is_exact = Extent(), 0, 0, True
    attributes: set[str] = set()
    textured = False
    for node, world_T_node in nodes(document):
        for primitive in document.listed("meshes")[node["mesh"]]["primitives"] if "mesh" in node else ():
            position = document.listed("accessors")[primitive["attributes"]["POSITION"]]
            corners = _corners(position)
            is_exact = is_exact and corners is not None and _keeps_boxes(world_T_node)
            if corners is not None:
                extent.add(corners @ world_T_node[:3, :3].T + world_T_node[:3, 3])
            points += position["count"]
            faces += _faces(document, primitive, position["count"])
            attributes |= primitive["attributes"].keys()
            textured = textured or _has_texture(document, primitive)
    notes = [*document.notes, *_missing(document)]
    if not is_exact:
        extent, note = _measured(path, extent)
        notes += note
    colours: Colours = "texture" if textured else "vertex" if "COLOR_0" in attributes else "none"
    asset = document.tree["asset"]
    return FileInfo(
        path=path,
        format="glTF binary" if document.is_binary else "glTF text",
        bytes=path.stat().st_size,
        points=points,
        faces=faces,
        colours=colours,
        normals="NORMAL" in attributes,
        camera=camera_of(document),
        axes=f"y-up: {FILE_AXES['y-up']}, by the standard",
        unit="m",
        notes=(*notes, *extent.notes),
        provenance={"generator": asset.get("generator", "not stated"), **asset.get("extras", {})},
        **extent.fields,
    )


def _corners(position: dict[str, Any]) -> NDArray[np.float64] | None:
    """The eight corners of an accessor's bounding box, decoded; None if it has no box."""
    if not {"min", "max"} <= position.keys():
        return None
    box = np.array([position["min"], position["max"]], np.float64)
    if box.shape != (2, 3):
        raise ValueError("the bounds of its points are not three numbers each")
    box = np.maximum(box / one_is(position), -1) if one_is(position) > 1 else box
    return np.array(list(product(*box.T)))


def _keeps_boxes(world_T_node: NDArray[np.float64]) -> bool:
    """Whether axis-aligned boxes stay axis-aligned."""
    rotation = np.abs(world_T_node[:3, :3])
    return bool(((rotation > 1e-9 * rotation.max()).sum(axis=0) <= 1).all())


def _measured(path: Path, boxes: Extent) -> tuple[Extent, list[str]]:
    """The bounds of the points themselves; if these cannot be read, the bounds of their boxes and a note."""
    from recon.file_info.gltf_load import load

    extent = Extent()
    try:
        for part in load(path).parts:
            extent.add(part.points)
    except (SceneFileError, ValueError, ImportError) as error:
        why = str(error).removeprefix(f"{path} ").rstrip(".")
        return boxes, [
            f"the bounds are those of the boxes around its parts, because the points could not be read: it {why}"
        ]
    return extent, []


def _missing(document: Document) -> list[str]:
    """Notes on missing files that the document refers to."""
    files = ReferencedFiles(document.path)
    for part in ("buffers", "images"):
        for item in document.listed(part):
            uri = item.get("uri", "data:")
            if not uri.startswith("data:"):
                files.find(uri, "file")
    return files.notes


def _faces(document: Document, primitive: dict[str, Any], vertices: int) -> int:
    count = (
        document.listed("accessors")[primitive["indices"]]["count"] if "indices" in primitive else vertices
    )
    mode = primitive.get("mode", TRIANGLES)
    if mode == TRIANGLES:
        return int(count) // 3
    return max(0, int(count) - 2) if mode in (STRIP, FAN) else 0


def _has_texture(document: Document, primitive: dict[str, Any]) -> bool:
    if "material" not in primitive or "TEXCOORD_0" not in primitive["attributes"]:
        return False
    material = document.listed("materials")[primitive["material"]]
    return "baseColorTexture" in material.get("pbrMetallicRoughness", {})
