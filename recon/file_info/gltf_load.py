"""Loads the geometry of glTF 2.0 with trimesh, and adds what trimesh does not support: normalised integers, sparse
accessors, triangle fans. Cameras are removed first, because trimesh drops the children of a camera node.
"""

import io
import json
from copy import deepcopy
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.errors import SceneFileError
from recon.file_info.colours import from_linear
from recon.file_info.geometry import Contents
from recon.file_info.gltf_document import (
    DRACO,
    FAN,
    LINES,
    MESHOPT,
    TRIANGLES,
    Document,
    camera_of,
    nodes,
    one_is,
    read_document,
)
from recon.file_info.info import CameraInfo
from recon.file_info.referenced_files import ReferencedFiles
from recon.file_info.trimesh_parts import parts_of

_BINARY = "recon-binary-chunk"
_OURS = "RECON_complete"
"""Name of an extension added to each primitive, so that trimesh calls ``_complete`` for it."""
_MESHOPT_ADVICE = "which is not supported: decompress it with gltfpack or gltf-transform."
_DRACO_ADVICE = "is compressed with Draco: install DracoPy, or export it without compression."
_DTYPES = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_MOST_ZEROS = 10_000_000
"""Limit for the values of an accessor without data in the file."""


def load(path: Path) -> Contents:
    """Loads every instance of every mesh, in metres, y up.

    Raises:
        SceneFileError: A required file is missing, or compressed in an unsupported way.
        ValueError: The file is damaged.
    """
    import trimesh
    from trimesh.exchange.gltf.extensions import register_handler

    document, files = read_document(path), ReferencedFiles(path)
    for _ in nodes(document):
        pass  # raises if they are not a tree
    problems: list[str] = []
    tree = _for_trimesh(document)
    register_handler(_OURS, scope="primitive_preprocess")(lambda context: _complete(context, tree, problems))
    read = trimesh.load_scene(
        io.BytesIO(json.dumps(tree).encode()),
        file_type="gltf",
        resolver=_Resolver(document, files),
        process=False,
    )
    if problems:
        raise ValueError(problems[0])
    parts = parts_of(read, from_linear)
    camera = _camera_of(document)
    return Contents(parts, notes=(*document.notes, *files.notes), camera=camera)


def _camera_of(document: Document) -> CameraInfo | None:
    """The camera of the file; a damaged camera is ignored with a note."""
    try:
        return camera_of(document)
    except (
        ValueError,
        KeyError,
        IndexError,
        TypeError,
        AttributeError,
        ZeroDivisionError,
        OverflowError,
    ) as error:
        document.notes.append(f"its camera is damaged, and not used: {error}")
        return None


class _Resolver:
    """Provides trimesh with the binary chunk and the files that a document refers to."""

    def __init__(self, document: Document, files: ReferencedFiles) -> None:
        self._document, self._files = document, files

    def get(self, name: str) -> bytes:
        """The bytes of a buffer or an image."""
        if name == _BINARY:
            data = self._document.path.read_bytes()[self._document.binary_at :]
        else:
            contents = self._files.read(name, "file")
            if contents is None:
                raise SceneFileError(f"{self._document.path} cannot be read: {self._files.notes[-1]}.")
            data = contents
        return data

    def __getitem__(self, name: str) -> bytes:
        return self.get(name)


def _for_trimesh(document: Document) -> dict[str, Any]:
    """The document without the parts that trimesh cannot read, and with our extension in each primitive."""
    tree = deepcopy(document.tree)
    views = tree.get("bufferViews", [])
    packed = [each for view in views for each in view.get("extensions", {}) if each.endswith(MESHOPT)]
    if packed:
        raise SceneFileError(f"{document.path} is compressed with {packed[0]}, {_MESHOPT_ADVICE}")
    for buffer in tree.get("buffers", []):
        if "uri" not in buffer:
            buffer["uri"] = _BINARY
    for node in tree.get("nodes", []):
        node.pop("camera", None)
    lines = 0
    for mesh in tree.get("meshes", []):
        kept = [each for each in mesh["primitives"] if each.get("mode", TRIANGLES) not in LINES]
        lines += len(mesh["primitives"]) - len(kept)
        mesh["primitives"] = kept
        for primitive in kept:
            if DRACO in primitive.get("extensions", {}) and find_spec("DracoPy") is None:
                raise SceneFileError(f"{document.path} {_DRACO_ADVICE}")
            primitive.setdefault("extensions", {})[_OURS] = {}
    if lines:
        document.notes.append(f"{lines:,} sets of lines are not shown")
    for accessor in tree.get("accessors", []):
        if "bufferView" not in accessor and accessor["count"] > _MOST_ZEROS:
            raise ValueError(f"it declares {accessor['count']:,} values without data")
    return tree


def _complete(context: dict[str, Any], tree: dict[str, Any], problems: list[str]) -> None:
    """Decodes the arrays of one primitive in place. trimesh ignores exceptions, so they go to ``problems``."""
    primitive, arrays, views = context["primitive"], context["accessors"], context["views"]
    try:
        wanted = [
            index for name, index in primitive["attributes"].items() if name.startswith(("POS", "TEX", "COL"))
        ]
        for index in wanted:
            accessor = tree["accessors"][index]
            if "sparse" in accessor:
                arrays[index] = _with_sparse(arrays[index], accessor, views)
            if one_is(accessor) > 1:
                arrays[index] = np.maximum(arrays[index] / one_is(accessor), -1)
            # Another primitive may share this accessor.
            tree["accessors"][index] = {**accessor, "normalized": False}
            tree["accessors"][index].pop("sparse", None)
        coordinates = _placed_coordinates(primitive, arrays, tree)
        if coordinates is not None:
            arrays.append(coordinates)
            primitive["attributes"]["TEXCOORD_0"] = len(arrays) - 1
        if primitive.get("mode", TRIANGLES) == FAN:
            count = len(arrays[primitive["attributes"]["POSITION"]])
            order = arrays[primitive["indices"]].reshape(-1) if "indices" in primitive else np.arange(count)
            three = [np.full(len(order) - 2, order[0]), order[1:-1], order[2:]]
            arrays.append(np.stack(three, axis=1).reshape(-1))
            primitive["mode"], primitive["indices"] = TRIANGLES, len(arrays) - 1
    except Exception as error:  # reported by ``load``; damaged data may cause any exception
        problems.append(f"a part is damaged: {error}")


def _placed_coordinates(
    primitive: dict[str, Any], arrays: list[NDArray[Any]], tree: dict[str, Any]
) -> NDArray[np.float64] | None:
    """The coordinates in the colour texture, (N, 2), where these are not simply ``TEXCOORD_0``; else None.

    A material may name another set, and move, turn and scale it (KHR_texture_transform).
    """
    material = tree["materials"][primitive["material"]] if "material" in primitive else {}
    texture = material.get("pbrMetallicRoughness", {}).get("baseColorTexture", {})
    move = texture.get("extensions", {}).get("KHR_texture_transform", {})
    index = primitive["attributes"].get(f"TEXCOORD_{move.get('texCoord', texture.get('texCoord', 0))}")
    if index is None or (not move and index == primitive["attributes"].get("TEXCOORD_0")):
        return None
    angle, scale = move.get("rotation", 0.0), np.array(move.get("scale", (1, 1)), np.float64)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    scaled = np.asarray(arrays[index], np.float64) * scale
    return scaled @ turn.T + np.array(move.get("offset", (0, 0)), np.float64)


def _with_sparse(array: NDArray[Any], accessor: dict[str, Any], views: list[bytes]) -> NDArray[Any]:
    """The values of an accessor with its sparse replacements applied (glTF 2.0, 3.6.2.3)."""
    sparse = accessor["sparse"]
    at, by = sparse["indices"], sparse["values"]
    rows = np.frombuffer(
        views[at["bufferView"]], _DTYPES[at["componentType"]], sparse["count"], at.get("byteOffset", 0)
    )
    width = array[0].size
    values = np.frombuffer(
        views[by["bufferView"]],
        _DTYPES[accessor["componentType"]],
        sparse["count"] * width,
        by.get("byteOffset", 0),
    )
    replaced = array.copy()
    replaced[rows] = values.reshape(-1, *array.shape[1:])
    return replaced
