"""The ``.npz`` scene file of several photos, which reads back.

A plain numpy archive: ``metadata`` is JSON text, and the arrays of each photo (``recon.scene_file``) have the prefix
``000/``, ``001/``, ..., with ``world_T_cam`` (4, 4) float64 beside them. ``errors`` (N, 10, N, 10) float64 is the
covariance of what the photos are off by together (``joint_errors``).
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
from numpy.typing import NDArray

from recon import scene_file
from recon.argument_names import names_of_arguments
from recon.atomic_write import staged
from recon.errors import ExportError, ReconError, SceneFileError
from recon.join.joined_scene import JoinedScene
from recon.join.joint_errors import OF_PHOTO
from recon.join.posed_view import PosedView
from recon.scene import Scene
from recon.scene_file import MOST_PHOTOS, JoinedMetadata
from recon.strict_npz import Archive, open_npz

_FRAME = "world: metres; cam frames: x right, y down, z forward; pixel centres at 0.5"


def save(scene: JoinedScene, path: Path, *, overwrite: bool = False) -> None:
    """Writes the views and what is known of them, atomically.

    Raises:
        ExportError: Too many photos, no permission, no disk space, or an existing file without ``overwrite``.
    """
    if len(scene.views) > MOST_PHOTOS:
        raise ExportError(
            f"{path}: a scene file takes at most {MOST_PHOTOS} photos, and this scene has {len(scene.views)}; write "
            ".ply, .glb or .colmap."
        )
    about = JoinedMetadata(len(scene.views), scene.left_out, scene.scale_interval, scene.poses_counted)
    metadata = asdict(about)
    header = {"format": scene_file.JOINED_FORMAT, "frame": _FRAME, **metadata}
    arrays: dict[str, Any] = {"metadata": np.array(json.dumps(header))}
    if scene.errors is not None:
        arrays["errors"] = scene.errors
    for index, view in enumerate(scene.views):
        one = _scene_of(scene, index)
        stored = {
            "world_T_cam": view.world_T_cam,
            "metadata": np.array(json.dumps(one.stored_metadata())),
            **one.stored_arrays(),
        }
        arrays |= {f"{scene_file.prefix_of(index)}{name}": array for name, array in stored.items()}
    with staged(path, overwrite=overwrite) as temporary, temporary.open("wb") as file:
        _write(file, arrays)


def _write(file: IO[bytes], arrays: Mapping[str, Any]) -> None:
    """As numpy's ``savez_compressed``, but fast: 42 % smaller than without, for 0.3 s per 2 megapixels."""
    with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=1) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)


def load(path: str | Path) -> JoinedScene:
    """Reads a file that ``save`` wrote.

    Raises:
        SceneFileError: It is missing, damaged, or not a scene of several photos.
    """
    path = Path(path)
    with names_of_arguments(ReconError), scene_file.reporting_damage(path), open_npz(path) as archive:
        found = scene_file.read_joined(archive)
        if found is None:
            raise SceneFileError(
                f"{path} is not a scene of several photos, as `recon join -o scene.npz` writes"
            )
        about, photos = found
        poses, scenes = [], []
        for stored in photos:
            poses.append(stored.world_T_cam)
            scenes.append(Scene.from_stored(stored.arrays, stored.metadata))
        return JoinedScene(
            views=tuple(
                PosedView(one.photo, one.intrinsics, pose, one.depth, one.sky)
                for one, pose in zip(scenes, poses, strict=True)
            ),
            provenance=tuple(one.provenance for one in scenes),
            left_out=about.left_out,
            scale_interval=about.scale_interval,
            errors=_errors(archive, len(scenes)),
            poses_counted=about.poses_counted,
            options=scenes[0].options,
        )


def _errors(archive: Archive, photos: int) -> NDArray[np.float64] | None:
    """The covariance; None in files of older versions.

    Raises:
        ValueError: It is none.
    """
    if "errors" not in archive.names:
        return None
    header, shape = archive.header("errors"), (photos, OF_PHOTO) * 2
    if (header.shape, header.dtype) != (shape, np.dtype(np.float64)):
        raise ValueError(f"its errors must be float64 of shape {shape}, got {header.dtype} of {header.shape}")
    errors = archive.read("errors")
    flat = errors.reshape(photos * OF_PHOTO, -1)
    if not (np.isfinite(flat).all() and np.allclose(flat, flat.T) and (np.diag(flat) >= 0).all()):
        raise ValueError("its errors are no covariance")
    return errors


def is_joined(path: Path) -> bool:
    """Whether a file is a scene of several photos; False if it cannot be read."""
    try:
        with open_npz(path) as archive:
            metadata = scene_file.read_metadata(archive)
    except (OSError, ValueError):
        return False
    return isinstance(metadata, dict) and metadata.get("format") == scene_file.JOINED_FORMAT


def _scene_of(scene: JoinedScene, index: int) -> Scene:
    view = scene.views[index]
    options = replace(scene.options, depth=None)
    return Scene(view.photo, view.intrinsics, view.depth, view.sky, options, scene.provenance[index])
