"""Files that hold geometry: read in the worker process, each kind by the library that knows it."""

import json
import struct
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.errors import SceneFileError, ViewerError
from recon.file_info.describe import describe
from recon.frames import apply, gl_T_cam, zup_T_gl
from recon.types import Mesh, PointCloud

_GLTF_DTYPE = {5121: np.uint8, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
_GLTF_COUNT = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}
_GREY = 190


def is_geometry(path: Path) -> bool:
    """Whether a name is that of an exported file, and not of a photo or a scene."""
    return path.suffix.lower() in (*_READERS, ".html", *_USD)


def read_geometry(path: Path) -> PointCloud | Mesh:
    """Points or triangles of an exported file.

    Returns:
        In the cam frame, of a file that is taken to be y-up (a ``.las``: z-up, as its custom is).

    Raises:
        SceneFileError: Missing, damaged, or without geometry.
        ViewerError: A library that this kind of file needs is not installed.
    """
    suffix = path.suffix.lower()
    if not path.exists():
        raise SceneFileError(f"{path} does not exist")
    if suffix == ".html":
        raise SceneFileError(
            f"{path} is a web page: open it in a browser, or open the .npz or .glb of the scene"
        )
    describe(path)  # tells what is damaged, in a sentence
    read = _READERS.get(suffix, _read_usd)
    try:
        made = read(path)
    except ImportError as error:
        raise ViewerError(f"{path} needs a library that is not installed: {error}") from error
    except (OSError, ValueError, KeyError, IndexError, TypeError, RuntimeError, struct.error) as error:
        raise SceneFileError(f"{path} is damaged, or not a {suffix} file: {error}") from error
    count = len(made.vertices) if isinstance(made, Mesh) else len(made.points)
    if not count:
        raise SceneFileError(f"{path} holds neither points nor triangles")
    return made


def hand_over(geometry: PointCloud | Mesh, folder: Path) -> Path:
    """Writes it for ``take_over`` in another process."""
    path = folder / "geometry.npy"
    names = (
        ("vertices", "faces", "rgb", "normals")
        if isinstance(geometry, Mesh)
        else ("points", "rgb", "normals")
    )
    with path.open("wb") as file:
        np.savez(file, **{n: getattr(geometry, n) for n in names if getattr(geometry, n) is not None})
    return path


def take_over(path: Path) -> PointCloud | Mesh:
    """The inverse of ``hand_over``."""
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    return Mesh(**arrays) if "vertices" in arrays else PointCloud(**arrays)


def _cloud(points_gl: Any, rgb: Any = None, normals_gl: Any = None) -> PointCloud:
    points = apply(gl_T_cam.T, np.ascontiguousarray(points_gl, np.float32))
    good = np.isfinite(points).all(axis=1)
    colours = (
        np.full((len(points), 3), _GREY, np.uint8) if rgb is None else np.ascontiguousarray(rgb, np.uint8)
    )
    normals = None if normals_gl is None else apply(gl_T_cam.T, np.ascontiguousarray(normals_gl, np.float32))
    return PointCloud(points[good], colours[good], None if normals is None else normals[good])


def _mesh(vertices_gl: Any, faces: Any, rgb: Any = None) -> Mesh:
    vertices = apply(gl_T_cam.T, np.ascontiguousarray(vertices_gl, np.float32))
    faces = np.ascontiguousarray(faces, np.int32)
    colours = None if rgb is None else np.ascontiguousarray(rgb, np.uint8)
    return Mesh(vertices, faces, rgb=colours, normals=_vertex_normals(vertices, faces))


def _vertex_normals(vertices: NDArray[np.float32], faces: NDArray[np.int32]) -> NDArray[np.float32]:
    """Means of the faces around each vertex, by their areas."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    flat = np.cross(b - a, c - a)
    total = np.stack(
        [sum(np.bincount(faces[:, k], flat[:, axis], len(vertices)) for k in range(3)) for axis in range(3)],
        axis=1,
    )
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return np.where(length > 0, total / np.maximum(length, 1e-30), [0.0, 0.0, 1.0]).astype(np.float32)


def _read_open3d(path: Path) -> PointCloud | Mesh:
    import open3d as o3d

    o3d.utility.set_verbosity_level(o3d.utility.VerbosityLevel.Error)
    if path.suffix.lower() != ".pcd" and describe(path).faces:
        mesh = o3d.io.read_triangle_mesh(path, enable_post_processing=False)
        rgb = np.asarray(mesh.vertex_colors)
        return _mesh(
            np.asarray(mesh.vertices), np.asarray(mesh.triangles), np.rint(255 * rgb) if len(rgb) else None
        )
    read = o3d.io.read_point_cloud(path)
    rgb, normals = np.asarray(read.colors), np.asarray(read.normals)
    return _cloud(
        np.asarray(read.points), np.rint(255 * rgb) if len(rgb) else None, normals if len(normals) else None
    )


def _read_ply(path: Path) -> PointCloud | Mesh:
    if not path.name.lower().endswith(".splat.ply"):
        return _read_open3d(path)
    import open3d as o3d

    read = o3d.t.io.read_point_cloud(path)
    flat = read.point["f_dc"].numpy()
    # The colour of a splat is 0.5 + C0 f_dc, with the first spherical harmonic's C0.
    rgb = np.clip(np.rint(255 * (0.5 + 0.2820948 * flat)), 0, 255).astype(np.uint8)
    # By custom y is down in splats, as in our cam frame.
    return PointCloud(read.point.positions.numpy().astype(np.float32), rgb)


def _read_obj(path: Path) -> Mesh:
    """With its texture's colours at the vertices."""
    import open3d as o3d

    read = o3d.io.read_triangle_mesh(path, enable_post_processing=False)
    rgb = None
    textures = [texture for texture in read.textures if not texture.is_empty()]
    if len(read.triangle_uvs) and textures:
        texture, faces = np.asarray(textures[0]), np.asarray(read.triangles)
        uv = np.zeros((len(read.vertices), 2))
        uv[faces.reshape(-1)] = np.asarray(read.triangle_uvs)
        # Open3D turns the texture over when it reads it.
        rgb = _sampled(texture[..., :3], uv)
    elif len(read.vertex_colors):
        rgb = np.rint(255 * np.asarray(read.vertex_colors))
    return _mesh(np.asarray(read.vertices), np.asarray(read.triangles), rgb)


def _read_xyz(path: Path) -> PointCloud:
    table = np.loadtxt(path, ndmin=2)
    return _cloud(table[:, :3], table[:, 3:6] if table.shape[1] >= 6 else None)


def _read_las(path: Path) -> PointCloud:
    import laspy

    las = laspy.read(path)
    points = np.stack([las.x, las.y, las.z], axis=1)
    names = set(las.point_format.dimension_names)
    rgb = None
    if {"red", "green", "blue"} <= names:
        rgb = np.stack([las.red, las.green, las.blue], axis=1)
        rgb = rgb / 257 if rgb.max() > 255 else rgb
    return _cloud(apply(zup_T_gl.T, points.astype(np.float32)), None if rgb is None else np.rint(rgb))


def _read_colmap(path: Path) -> PointCloud:
    """The points of a COLMAP text model; its frame is opencv's, as our cam frame."""
    name = next(path.rglob("points3D.txt"))
    rows = [line.split()[1:7] for line in name.read_text().splitlines() if line and not line.startswith("#")]
    table = np.array(rows, np.float64).reshape(-1, 6)
    return PointCloud(table[:, :3].astype(np.float32), table[:, 3:].astype(np.uint8))


def _read_glb(path: Path) -> Mesh:
    """Triangles of a binary glTF, with the base colour texture's colours at the vertices."""
    data = path.read_bytes()
    length = struct.unpack("<I", data[12:16])[0]
    document, binary = json.loads(data[20 : 20 + length]), data[28 + length :]

    def accessor(index: int) -> NDArray[Any]:
        told = document["accessors"][index]
        view = document["bufferViews"][told["bufferView"]]
        start = view.get("byteOffset", 0) + told.get("byteOffset", 0)
        columns, dtype = _GLTF_COUNT[told["type"]], np.dtype(_GLTF_DTYPE[told["componentType"]])
        if view.get("byteStride", columns * dtype.itemsize) != columns * dtype.itemsize:
            raise ValueError("its vertices are interleaved, which this viewer does not read")
        flat = np.frombuffer(binary, dtype, told["count"] * columns, start)
        return flat.reshape(-1, columns) if columns > 1 else flat

    vertices, faces, rgb, first = [], [], [], 0
    for mesh in document["meshes"]:
        for part in mesh["primitives"]:
            at = accessor(part["attributes"]["POSITION"])
            order = accessor(part["indices"]) if "indices" in part else np.arange(len(at))
            vertices.append(at)
            faces.append(order.reshape(-1, 3).astype(np.int64) + first)
            rgb.append(_gltf_colours(document, binary, part, len(at), accessor))
            first += len(at)
    return _mesh(np.concatenate(vertices), np.concatenate(faces), np.concatenate(rgb))


def _gltf_colours(
    document: dict[str, Any], binary: bytes, part: dict[str, Any], count: int, accessor: Callable[[int], Any]
) -> NDArray[np.uint8]:
    from PIL import Image

    grey = np.full((count, 3), _GREY, np.uint8)
    if "material" not in part or "TEXCOORD_0" not in part["attributes"]:
        return grey
    material = document["materials"][part["material"]]
    texture = material.get("pbrMetallicRoughness", {}).get("baseColorTexture")
    if texture is None:
        return grey
    image = document["images"][document["textures"][texture["index"]]["source"]]
    view = document["bufferViews"][image["bufferView"]]
    start = view.get("byteOffset", 0)
    with Image.open(BytesIO(binary[start : start + view["byteLength"]])) as picture:
        return _sampled(np.asarray(picture.convert("RGB")), accessor(part["attributes"]["TEXCOORD_0"]))


def _sampled(texture: NDArray[np.uint8], uv: Any) -> NDArray[np.uint8]:
    """Colours at texture coordinates whose v counts down from the top."""
    height, width = texture.shape[:2]
    cols = np.clip((uv[:, 0] * width).astype(int), 0, width - 1)
    rows = np.clip((uv[:, 1] * height).astype(int), 0, height - 1)
    return np.ascontiguousarray(texture[rows, cols])


def _read_usd(path: Path) -> PointCloud | Mesh:
    from pxr import Usd, UsdGeom

    stage = Usd.Stage.Open(str(path))
    for prim in stage.Traverse():
        if prim.IsA(UsdGeom.Mesh):
            mesh = UsdGeom.Mesh(prim)
            faces = np.array(mesh.GetFaceVertexIndicesAttr().Get()).reshape(-1, 3)
            return _mesh(np.array(mesh.GetPointsAttr().Get()), faces)
    raise ValueError("it holds no mesh")


_READERS: dict[str, Callable[[Path], PointCloud | Mesh]] = {
    ".ply": _read_ply,
    ".glb": _read_glb,
    ".obj": _read_obj,
    ".stl": _read_open3d,
    ".pcd": _read_open3d,
    ".xyz": _read_xyz,
    ".las": _read_las,
    ".laz": _read_las,
    ".colmap": _read_colmap,
}
_USD = (".usd", ".usda", ".usdc", ".usdz")
