"""Finds the reader for a file and turns what goes wrong into a sentence."""

import struct
from collections.abc import Callable
from pathlib import Path

from recon.errors import SceneFileError
from recon.file_info import colmap, gltf, html, las, obj, pcd, photo, ply, scene, stl, usd, xyz
from recon.file_info.info import FileInfo

_READERS: dict[str, tuple[str, Callable[[Path], FileInfo]]] = {
    ".colmap": ("COLMAP", colmap.read),
    ".glb": ("binary glTF", gltf.read_glb),
    ".gltf": ("glTF", gltf.read_gltf),
    ".html": ("recon web page", html.read),
    ".las": ("LAS", las.read),
    ".laz": ("LAZ", las.read),
    ".npz": ("scene", scene.read),
    ".obj": ("Wavefront OBJ", obj.read),
    ".pcd": ("PCD", pcd.read),
    ".ply": ("PLY", ply.read),
    ".stl": ("STL", stl.read),
    **dict.fromkeys((".usd", ".usda", ".usdc", ".usdz"), ("USD", usd.read)),
    ".xyz": ("XYZ text", xyz.read),
    **dict.fromkeys(photo.SUFFIXES, ("photo", photo.read)),
}


def describe(path: Path) -> FileInfo:
    """Says what is in a scene file or a photo.

    Args:
        path: .ply, .glb, .gltf, .obj, .stl, .pcd, .xyz, .las, .laz, .usd*, .html, a folder of COLMAP's (.colmap),
            a scene of recon's (.npz), or a photo.

    Raises:
        SceneFileError: missing, truncated, damaged, or not such a file.
        PhotoError: A photo that cannot be read.
    """
    if path.suffix.lower() not in _READERS:
        raise SceneFileError(f"{path}: expected a scene file or a photo ({', '.join(sorted(_READERS))}).")
    name, read = _READERS[path.suffix.lower()]
    if path.is_dir() and path.suffix.lower() != ".colmap":
        raise SceneFileError(f"{path} is a folder, not a file.")
    try:
        if path.stat().st_size == 0:
            raise SceneFileError(f"{path} is empty.")
        return read(path)
    except FileNotFoundError as error:
        raise SceneFileError(f"{path} does not exist.") from error
    except OSError as error:
        raise SceneFileError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (
        ValueError,
        KeyError,
        IndexError,
        TypeError,
        AttributeError,
        struct.error,
        RecursionError,
    ) as error:
        # What a parser meets when the bytes are not what the header promises.
        raise SceneFileError(f"{path} is damaged, or not a {name} file ({error}).") from error
