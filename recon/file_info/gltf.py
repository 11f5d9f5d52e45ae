"""Reads glTF 2.0, binary and text: the document alone tells all, with bounds from its accessors."""

import json
import struct
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.file_info.info import CameraInfo, Colours, Extent, FileInfo
from recon.frames import FILE_AXES
from recon.types import Intrinsics

_TRIANGLES, _TRIANGLE_STRIP, _TRIANGLE_FAN = 4, 5, 6
_DEEPEST = 100  # a node tree deeper than this is a cycle


def read_glb(path: Path) -> FileInfo:
    """Describes a binary glTF file."""
    size = path.stat().st_size
    with path.open("rb") as file:
        magic, version, total = struct.unpack("<4sII", file.read(12))
        if magic != b"glTF" or version != 2:
            raise ValueError("it does not begin as glTF 2 does")
        if total > size:
            raise ValueError(f"it promises {total:,} bytes and has {size:,}")
        length, kind = struct.unpack("<I4s", file.read(8))
        if kind != b"JSON":
            raise ValueError("its first chunk is not JSON")
        return _describe(path, json.loads(file.read(length)), "glTF binary")


def read_gltf(path: Path) -> FileInfo:
    """Describes a text glTF file; notes buffers and pictures beside it that are missing."""
    document = json.loads(path.read_bytes())
    info = _describe(path, document, "glTF text")
    uris = [item.get("uri", "data:") for part in ("buffers", "images") for item in document.get(part, [])]
    missing = [uri for uri in uris if not uri.startswith("data:") and not path.with_name(uri).is_file()]
    notes = (*info.notes, *(f"the file {uri} is missing" for uri in missing))
    return FileInfo(**{**vars(info), "notes": notes})


def _describe(path: Path, document: dict[str, Any], name: str) -> FileInfo:
    asset = document["asset"]
    extent, points, faces = Extent(), 0, 0
    attributes: set[str] = set()
    textured, camera = False, None
    for node, world_T_node in _nodes(document):
        if "camera" in node and camera is None:
            camera = _camera(document["cameras"][node["camera"]])
        if "mesh" not in node:
            continue
        for primitive in document["meshes"][node["mesh"]]["primitives"]:
            position = document["accessors"][primitive["attributes"]["POSITION"]]
            extent.add(_corners(position["min"], position["max"], world_T_node))
            points += position["count"]
            faces += _faces(document, primitive, position["count"])
            attributes |= primitive["attributes"].keys()
            textured = textured or _has_texture(document, primitive)
    colours: Colours = "texture" if textured else "vertex" if "COLOR_0" in attributes else "none"
    return FileInfo(
        path=path,
        format=name,
        bytes=path.stat().st_size,
        points=points,
        faces=faces,
        colours=colours,
        normals="NORMAL" in attributes,
        camera=camera,
        axes=f"y-up: {FILE_AXES['y-up']}, by the standard",
        provenance={"generator": asset.get("generator", "not told"), **asset.get("extras", {})},
        **extent.fields,
    )


def _nodes(document: dict[str, Any]) -> Iterator[tuple[dict[str, Any], NDArray[np.float64]]]:
    """Nodes of the scene that is shown, each with its place in the world."""
    scenes = document.get("scenes", [])
    roots = scenes[document.get("scene", 0)].get("nodes", []) if scenes else []
    waiting = [(index, np.eye(4), 0) for index in roots]
    while waiting:
        index, world_T_parent, depth = waiting.pop()
        if depth > _DEEPEST:
            raise ValueError("its nodes form a circle")
        node = document["nodes"][index]
        world_T_node = world_T_parent @ _transform(node)
        yield node, world_T_node
        waiting += [(child, world_T_node, depth + 1) for child in node.get("children", [])]


def _transform(node: dict[str, Any]) -> NDArray[np.float64]:
    """parent_T_node of a node: its matrix, or translation * rotation * scale (glTF 2.0, 3.5.3)."""
    if "matrix" in node:
        return np.array(node["matrix"], np.float64).reshape(4, 4).T  # column by column
    x, y, z, w = node.get("rotation", (0, 0, 0, 1))
    rotation = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    parent_T_node = np.eye(4)
    parent_T_node[:3, :3] = rotation * np.array(node.get("scale", (1, 1, 1)))
    parent_T_node[:3, 3] = node.get("translation", (0, 0, 0))
    return parent_T_node


def _corners(low: list[float], high: list[float], world_T_node: NDArray[np.float64]) -> NDArray[np.float64]:
    """The eight corners of a box, in the world."""
    corners = np.array([[*corner, 1.0] for corner in product(*zip(low, high, strict=True))])
    world: NDArray[np.float64] = (corners @ world_T_node.T)[:, :3]
    return world


def _faces(document: dict[str, Any], primitive: dict[str, Any], vertices: int) -> int:
    count = document["accessors"][primitive["indices"]]["count"] if "indices" in primitive else vertices
    mode = primitive.get("mode", _TRIANGLES)
    if mode == _TRIANGLES:
        return int(count) // 3
    return max(0, int(count) - 2) if mode in (_TRIANGLE_STRIP, _TRIANGLE_FAN) else 0


def _has_texture(document: dict[str, Any], primitive: dict[str, Any]) -> bool:
    if "material" not in primitive or "TEXCOORD_0" not in primitive["attributes"]:
        return False
    material = document["materials"][primitive["material"]]
    return "baseColorTexture" in material.get("pbrMetallicRoughness", {})


def _camera(camera: dict[str, Any]) -> CameraInfo | None:
    told = camera.get("extras", {})
    if {"fx", "fy", "cx", "cy", "width", "height"} <= told.keys():
        numbers = (told["fx"], told["fy"], told["cx"], told["cy"], told["width"], told["height"])
        return CameraInfo.from_intrinsics(Intrinsics(*numbers, told.get("focal_source", "file")))
    lens = camera.get("perspective")
    return CameraInfo.from_gltf(lens["yfov"], lens.get("aspectRatio", 1.0)) if lens else None
