"""Pictures of a scene, pixel by pixel: normal maps, and masks of sky, depth and outlines."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recon.atomic_write import staged
from recon.depth_map.normal_picture import normal_picture
from recon.errors import ExportError
from recon.geometry.nearest import from_nearest
from recon.geometry.normals import grid_normals
from recon.geometry.unproject import rays_of
from recon.outputs.depth_files import within_max_depth
from recon.photo.write import write_picture
from recon.scene import Scene
from recon.types import BoolMap

Convention = Literal["opengl", "directx"]
MapKind = Literal["normals", "sky", "valid", "outlines"]
_FACING = (128, 128, 255)
_CAM_TO_GL = np.array([1, -1, -1], np.float32)
_SUFFIXES: Mapping[MapKind, tuple[str, ...]] = {
    "normals": (".png", ".npy"),
    "sky": (".png",),
    "valid": (".png",),
    "outlines": (".png",),
}


def check_map_output(kind: MapKind, path: Path) -> None:
    """Checks a file name before the slow work.

    Raises:
        ExportError: Unknown format.
    """
    if path.suffix.lower() not in _SUFFIXES[kind]:
        name = "a normal map" if kind == "normals" else "a mask"
        raise ExportError(f"{path}: {name} is written as {' or '.join(_SUFFIXES[kind])}")


def normals_of(scene: Scene) -> tuple[NDArray[np.float32], BoolMap]:
    """(H, W, 3) unit vectors that face the camera, cam frame, and where they are known.

    They are those that the model predicts, else those of the depth: never across an outline, and a flying pixel has
    that of its nearest neighbour.
    """
    if scene.depth.normals is not None:
        return scene.depth.normals, within_max_depth(scene).valid
    surface = scene.surface
    normals = grid_normals(surface.z_m, rays_of(scene.intrinsics), surface.connections)
    known = surface.keep | surface.between
    if surface.between.any() and surface.keep.any():
        normals[surface.between] = from_nearest(normals, surface.keep)[surface.between]
    return normals, known


def normal_map(normals: NDArray[np.float32], known: BoolMap, convention: Convention) -> NDArray[np.uint8]:
    """(H, W, 3) uint8: red to the right, green up (``opengl``) or down (``directx``), blue towards the camera.

    Args:
        normals: (H, W, 3) as from ``normals_of``.
        known: (H, W); elsewhere the map faces the camera.
        convention: Direction of green.
    """
    shown = normal_picture(normals, known)
    if convention == "directx":
        shown[..., 1] = 255 - shown[..., 1]
    shown[~known] = _FACING
    return shown


def mask_of(scene: Scene, kind: MapKind) -> BoolMap:
    """(H, W) bool: where the photo shows sky, where depth is known, or where one surface ends in front of another.

    Raises:
        ExportError: The depth source provides no sky.
    """
    if kind == "sky":
        if scene.sky is None:
            model = scene.provenance.model_name or "the depth source"
            raise ExportError(
                f"{model} finds no sky, so there is no mask of it; use --model preview or moge2-vitl"
            )
        return scene.sky
    return within_max_depth(scene).valid if kind == "valid" else _outlines(scene)


def _outlines(scene: Scene) -> BoolMap:
    """Flying pixels, and kept pixels whose right or lower neighbour is kept but on another surface."""
    surface = scene.surface
    keep, result = surface.keep, surface.between.copy()
    across = keep[:, :-1] & keep[:, 1:] & ~surface.connections.right
    below = keep[:-1] & keep[1:] & ~surface.connections.down
    for part, cut in (
        (result[:, :-1], across),
        (result[:, 1:], across),
        (result[:-1], below),
        (result[1:], below),
    ):
        part |= cut
    return result


def write_map(
    path: Path, scene: Scene, kind: MapKind, convention: Convention = "opengl", *, overwrite: bool = True
) -> str:
    """Writes a map atomically, and returns what it shows.

    A mask is a picture of 255 where it holds and 0 elsewhere. ``.npy`` contains the normals themselves, NaN where
    they are unknown.

    Raises:
        ExportError: Unknown format, or the map does not exist or cannot be written.
    """
    check_map_output(kind, path)
    if kind != "normals":
        mask = mask_of(scene, kind)
        with staged(path, overwrite=overwrite) as temporary:
            write_picture(temporary, Image.fromarray(np.where(mask, np.uint8(255), np.uint8(0))))
        return f"mask ({kind}), {100 * mask.mean():.1f} % of the pixels"
    normals, known = normals_of(scene)
    source = "of the depth" if scene.depth.normals is None else "of the model"
    with staged(path, overwrite=overwrite) as temporary:
        if path.suffix.lower() == ".npy":
            np.save(temporary, np.where(known[..., None], normals * _CAM_TO_GL, np.float32(np.nan)))
            return f"normals {source}, float32, y up"
        write_picture(temporary, Image.fromarray(normal_map(normals, known, convention)))
    return f"normal map {source}, {convention}"
