"""Describes glTF 2.0, binary and text: the document tells it, with bounds from its accessors.

Where a node is turned, the bounds of its box are not those of its points: the points are loaded then.
"""

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.errors import SceneFileError
from recon.file_info.beside import Beside
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
from recon.frames import FILE_AXES


def describe(path: Path) -> FileInfo:
    """Describes a glTF file; notes buffers and pictures that are missing."""
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
        provenance={"generator": asset.get("generator", "not told"), **asset.get("extras", {})},
        **extent.fields,
    )


def _corners(position: dict[str, Any]) -> NDArray[np.float64] | None:
    """The eight corners of an accessor's box in the numbers that it stands for; None where it has none."""
    if not {"min", "max"} <= position.keys():
        return None
    box = np.array([position["min"], position["max"]], np.float64)
    if box.shape != (2, 3):
        raise ValueError("the bounds of its points are not three numbers each")
    box = np.maximum(box / one_is(position), -1) if one_is(position) > 1 else box
    return np.array(list(product(*box.T)))


def _keeps_boxes(world_T_node: NDArray[np.float64]) -> bool:
    """Whether what is along an axis stays along an axis."""
    turned = np.abs(world_T_node[:3, :3])
    return bool(((turned > 1e-9 * turned.max()).sum(axis=0) <= 1).all())


def _measured(path: Path, boxes: Extent) -> tuple[Extent, list[str]]:
    """The bounds of the points themselves; those of their boxes, and a note, where these cannot be read."""
    from recon.file_info.gltf_load import load

    extent = Extent()
    try:
        for part in load(path).parts:
            extent.add(part.points)
    except (SceneFileError, ValueError, ImportError) as error:
        why = str(error).removeprefix(f"{path} ").rstrip(".")
        return boxes, [
            f"the bounds are those of the boxes around its parts; the points were not read: it {why}"
        ]
    return extent, []


def _missing(document: Document) -> list[str]:
    """Notes on the files that it names."""
    beside = Beside(document.path)
    for part in ("buffers", "images"):
        for item in document.listed(part):
            uri = item.get("uri", "data:")
            if not uri.startswith("data:"):
                beside.find(uri, "file")
    return beside.notes


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
