"""Selects the reader for a file, and converts errors to readable messages."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from recon.damage import reason
from recon.depth_map.read import NPZ_KEYS
from recon.errors import ReconError, SceneFileError
from recon.file_info import (
    colmap,
    depth_map,
    floor_plan,
    gltf,
    html,
    las,
    obj,
    pcd,
    photo,
    ply,
    scene,
    solid,
    spz,
    stl,
    usd,
    xyz,
)
from recon.file_info.geometry import Contents, Loaded, NoGeometry, to_shape
from recon.file_info.info import FileInfo
from recon.photo import SUFFIXES as PHOTO_SUFFIXES
from recon.scene_file import reporting_damage
from recon.strict_npz import open_npz
from recon.types import Mesh, PointCloud

Result = TypeVar("Result")


@dataclass(frozen=True)
class _Kind:
    """A file type and its readers."""

    name: str
    describe: Callable[[Path], FileInfo]
    load: Callable[[Path], Contents] | None = None
    """None for files that are not plain geometry: scenes, photos, web pages."""


def _load_gltf(path: Path) -> Contents:
    # Importing trimesh takes almost a second.
    from recon.file_info.gltf_load import load

    return load(path)


def _read_npz(path: Path) -> FileInfo:
    with reporting_damage(path), open_npz(path) as archive:
        is_depth = "metadata" not in archive.names and bool({*NPZ_KEYS} & {*archive.names})
    return depth_map.read(path) if is_depth else scene.read(path)


def _read_picture(path: Path) -> FileInfo:
    return depth_map.read(path) if depth_map.is_depth_picture(path) else photo.read(path)


_KINDS: dict[str, _Kind] = {
    ".colmap": _Kind("COLMAP", colmap.describe, colmap.load),
    ".glb": _Kind("binary glTF", gltf.describe, _load_gltf),
    ".gltf": _Kind("glTF", gltf.describe, _load_gltf),
    ".html": _Kind("recon web page", html.read),
    ".las": _Kind("LAS", las.describe, las.load),
    ".laz": _Kind("LAZ", las.describe, las.load),
    ".3mf": _Kind("3MF", solid.read),
    ".dxf": _Kind("DXF", floor_plan.read_dxf),
    ".npz": _Kind("scene", _read_npz),
    ".svg": _Kind("SVG", floor_plan.read_svg),
    **dict.fromkeys((".exr", ".npy", ".pfm", ".pgm"), _Kind("depth map", depth_map.read)),
    ".obj": _Kind("Wavefront OBJ", obj.describe, obj.load),
    ".pcd": _Kind("PCD", pcd.describe, pcd.load),
    ".ply": _Kind("PLY", ply.describe, ply.load),
    ".spz": _Kind("SPZ", spz.describe, spz.load),
    ".stl": _Kind("STL", stl.describe, stl.load),
    **dict.fromkeys((".usd", ".usda", ".usdc", ".usdz"), _Kind("USD", usd.describe, usd.load)),
    **dict.fromkeys((".xyz", ".asc", ".pts", ".txt", ".csv"), _Kind("XYZ text", xyz.describe, xyz.load)),
    **dict.fromkeys(PHOTO_SUFFIXES, _Kind("photo", photo.read)),
    **dict.fromkeys((".png", ".tif", ".tiff"), _Kind("photo", _read_picture)),
}


def describe(path: Path) -> FileInfo:
    """Describes the contents of a scene file, a photo, or another file that recon writes.

    Args:
        path: .ply, .glb, .gltf, .obj, .stl, .pcd, .xyz (.asc, .pts, .txt, .csv), .las, .laz, .spz, .usd*, .html, a
            COLMAP folder (.colmap), a recon scene (.npz), a photo, a depth map (.exr, .npy, .npz, .pfm, .pgm, grey
            .png and .tif of 16 bits or more), a solid (.3mf), or a plan of recon (.svg, .dxf).

    Raises:
        SceneFileError: The file is missing, truncated, damaged, or not of its suffix's type.
        PhotoError: A photo that cannot be read.
        DepthFileError: A depth map that cannot be read.
    """
    if path.suffix.lower() not in _KINDS:
        known = ", ".join(sorted(_KINDS))
        raise SceneFileError(
            f"{path}: expected a scene file, a photo, a depth map, a solid or a plan ({known})."
        )
    kind = _KINDS[path.suffix.lower()]
    return _checked(path, kind, kind.describe)


def is_geometry(path: Path) -> bool:
    """Whether a file is an exported file by its suffix, and not a photo or a scene."""
    kind = _KINDS.get(path.suffix.lower())
    return kind is not None and (kind.load is not None or path.suffix.lower() == ".html")


def read_geometry(path: Path) -> tuple[PointCloud | Mesh, tuple[str, ...]]:
    """Points or triangles of a file, whoever wrote it, and notes: see ``load_geometry``."""
    loaded = load_geometry(path)
    return loaded.geometry, loaded.notes


def load_geometry(path: Path) -> Loaded:
    """Points or triangles of a file, whoever wrote it, with its texture and camera.

    Returns:
        The geometry in the cam frame, in metres if the unit is known, and notes on what was not read or was moved.
        Files are assumed to be y-up unless their format or metadata says otherwise (LAS: z-up by convention).

    Raises:
        SceneFileError: The file is missing, damaged or without geometry, or needs a library that is not installed.
    """
    kind = _KINDS.get(path.suffix.lower())
    load = kind.load if kind is not None else None
    if kind is None or load is None:
        web = "is a web page: open it in a browser, or open the .npz or .glb of the scene"
        raise SceneFileError(f"{path} {web if path.suffix.lower() == '.html' else 'contains no geometry'}")
    try:
        # Coordinates may be infinite; to_shape counts them.
        with np.errstate(invalid="ignore", over="ignore"):
            return _checked(path, kind, lambda each: to_shape(load(each)))
    except ImportError as error:
        raise SceneFileError(f"{path} needs a library that is not installed: {error}") from error


def _checked(path: Path, kind: _Kind, read: Callable[[Path], Result]) -> Result:
    if path.is_dir() and path.suffix.lower() != ".colmap":
        raise SceneFileError(f"{path} is a folder, not a file.")
    try:
        if path.stat().st_size == 0:
            raise SceneFileError(f"{path} is empty.")
        return read(path)
    except (ReconError, ImportError):
        raise
    except NoGeometry as error:
        raise SceneFileError(f"{path} {error}.") from error
    except MemoryError as error:
        raise SceneFileError(f"{path} needs more memory than is available; it may be damaged.") from error
    except FileNotFoundError as error:
        raise SceneFileError(f"{path} does not exist.") from error
    except OSError as error:
        raise SceneFileError(f"{path} cannot be read: {error.strerror or error}.") from error
    except Exception as error:
        # Parsers may raise any exception for damaged bytes.
        raise SceneFileError(f"{path} is damaged, or not a {kind.name} file ({reason(error)}).") from error
