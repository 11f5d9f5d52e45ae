"""Reads and checks the JSON document of a glTF 2.0 file, binary or text, and walks the nodes of its scene."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.errors import SceneFileError
from recon.file_info.geometry import MOST_POINTS
from recon.file_info.info import CameraInfo
from recon.frames import gl_T_cam
from recon.strict_json import parse_json, read_json
from recon.types import Intrinsics

TRIANGLES, STRIP, FAN = 4, 5, 6
LINES = (1, 2, 3)
MESHOPT, DRACO = "meshopt_compression", "KHR_draco_mesh_compression"
_SUPPORTED = ("KHR_mesh_quantization", "EXT_mesh_gpu_instancing", DRACO, f"EXT_{MESHOPT}", f"KHR_{MESHOPT}")
"""Extensions that change points: read, or refused or noted where they are used."""
_HARMLESS = ("KHR_materials_", "KHR_texture_", "EXT_texture_", "MSFT_texture_", "KHR_lights_", "EXT_lights_",
             "KHR_animation_", "KHR_xmp", "KHR_audio")  # fmt: skip
"""Beginnings of the names of extensions that change no points."""
_MOST_NODES = 1_000_000
_MOST_DOCUMENT_BYTES = 1 << 30
_INTEGERS = {5120: 127, 5121: 255, 5122: 32767, 5123: 65535}
"""Value of 1.0 in normalised integers of each component type (glTF 2.0, 3.11)."""


@dataclass
class Document:
    """The JSON document, and the offset of the binary chunk."""

    path: Path
    tree: dict[str, Any]
    is_binary: bool
    binary_at: int | None = None
    """Offset of the binary chunk of a .glb."""
    notes: list[str] = field(default_factory=list)

    def listed(self, name: str) -> list[dict[str, Any]]:
        """The list ``meshes``, ``nodes``, ...; empty if there is none."""
        items: list[dict[str, Any]] = self.tree.get(name, [])
        return items


def read_document(path: Path) -> Document:
    """Reads only the document, not the binary chunk or other files.

    Raises:
        SceneFileError: It is another version of glTF, or requires an extension that is not supported.
        ValueError: It is not glTF, is truncated, or declares more values than can be loaded.
    """
    if path.suffix.lower() == ".gltf":
        document = Document(path, read_json(path, most_bytes=_MOST_DOCUMENT_BYTES), False)
    else:
        document = _read_binary(path)
    if not isinstance(document.tree, dict) or not isinstance(document.tree["asset"], dict):
        raise ValueError("it is not a glTF document")
    version = str(document.tree["asset"].get("version", ""))[:20]
    if not version.startswith("2."):
        raise SceneFileError(
            f"{path} is glTF {version}, and only glTF 2 can be read: convert it with Blender."
        )
    _note_what_is_not_shown(document)
    for accessor in document.listed("accessors"):
        if not 0 <= accessor["count"] <= MOST_POINTS:
            raise ValueError(f"it declares an array of {accessor['count']:,} values")
    _show_all(document)
    return document


def _note_what_is_not_shown(document: Document) -> None:
    required = [each for each in document.tree.get("extensionsRequired", []) if isinstance(each, str)]
    unknown = [each[:60] for each in required if each not in _SUPPORTED and not each.startswith(_HARMLESS)]
    if unknown:
        raise SceneFileError(
            f"{document.path} requires the glTF extension {unknown[0]}, which is not supported: export it without."
        )
    if any("skin" in node and "mesh" in node for node in document.listed("nodes")):
        document.notes.append(
            "its skinned meshes are shown at rest, where they may be turned or of another size"
        )
    if any("EXT_mesh_gpu_instancing" in node.get("extensions", {}) for node in document.listed("nodes")):
        document.notes.append("instances of EXT_mesh_gpu_instancing are not supported: one of each is read")


def _read_binary(path: Path) -> Document:
    size = path.stat().st_size
    with path.open("rb") as file:
        magic, version, total = struct.unpack("<4sII", file.read(12))
        if magic != b"glTF" or version != 2:
            raise ValueError("it does not begin with a glTF 2 header")
        if total > size:
            raise ValueError(f"it declares {total:,} bytes but has {size:,}")
        length, kind = struct.unpack("<I4s", file.read(8))
        if kind != b"JSON" or length > min(size, _MOST_DOCUMENT_BYTES):
            raise ValueError("its first chunk is not JSON")
        tree = parse_json(file.read(length))
        at = file.tell() + 8
    return Document(path, tree, True, at if at < size else None)


def _show_all(document: Document) -> None:
    """Adds a scene with all meshes if the document has meshes but no scene contains one."""
    tree, meshes = document.tree, document.listed("meshes")
    if not meshes or any("mesh" in node for node, _ in nodes(document)):
        return
    held = document.listed("nodes")
    if not any("mesh" in node for node in held):
        tree["nodes"] = held = [*held, *({"mesh": index} for index in range(len(meshes)))]
    children = {child for node in held for child in node.get("children", [])}
    tree["scenes"], tree["scene"] = [{"nodes": [n for n in range(len(held)) if n not in children]}], 0
    document.notes.append("no scene of the file contains its meshes: all are shown")


def nodes(document: Document) -> Iterator[tuple[dict[str, Any], NDArray[np.float64]]]:
    """The nodes of the default scene in the file's order, each with world_T_node.

    Raises:
        ValueError: They are not a tree, as the standard requires: a few nodes could request any number of copies.
    """
    scenes, held = document.listed("scenes"), document.listed("nodes")
    roots = scenes[document.tree.get("scene", 0)].get("nodes", []) if scenes else []
    pending = [(index, np.eye(4)) for index in reversed(roots)]
    visited = set[int]()
    while pending:
        index, world_T_parent = pending.pop()
        if index in visited or len(visited) > _MOST_NODES or index < 0:
            raise ValueError("its nodes are not a tree")
        visited.add(index)
        node = held[index]
        world_T_node = world_T_parent @ _transform(node)
        yield node, world_T_node
        pending += [(child, world_T_node) for child in reversed(node.get("children", []))]


def _transform(node: dict[str, Any]) -> NDArray[np.float64]:
    """parent_T_node of a node: its matrix, or translation * rotation * scale (glTF 2.0, 3.5.3)."""
    if "matrix" in node:
        return np.array(node["matrix"], np.float64).reshape(4, 4).T  # column-major
    x, y, z, w = node.get("rotation", (0, 0, 0, 1))
    rotation = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    parent_T_node = np.eye(4)
    parent_T_node[:3, :3] = rotation * np.array(node.get("scale", (1, 1, 1)), np.float64)
    parent_T_node[:3, 3] = node.get("translation", (0, 0, 0))
    return parent_T_node


def one_is(accessor: dict[str, Any]) -> int:
    """Value that stands for 1.0 in an accessor: greater than 1 for normalised integers."""
    return _INTEGERS.get(accessor["componentType"], 1) if accessor.get("normalized") else 1


def camera_of(document: Document) -> CameraInfo | None:
    """The first camera that the scene shows, at its place."""
    for node, world_T_node in nodes(document):
        if "camera" in node:
            camera = _camera(document.listed("cameras")[node["camera"]])
            # A glTF camera looks along -z of its node, as the gl frame does.
            return camera and replace(camera, file_T_cam=world_T_node @ gl_T_cam)
    return None


def _camera(camera: dict[str, Any]) -> CameraInfo | None:
    extras = camera.get("extras", {})
    if {"fx", "fy", "cx", "cy", "width", "height"} <= extras.keys():
        numbers = (extras["fx"], extras["fy"], extras["cx"], extras["cy"], extras["width"], extras["height"])
        return CameraInfo.from_intrinsics(Intrinsics(*numbers, extras.get("focal_source", "file")))
    lens = camera.get("perspective")
    return CameraInfo.from_gltf(lens["yfov"], lens.get("aspectRatio", 1.0)) if lens else None
