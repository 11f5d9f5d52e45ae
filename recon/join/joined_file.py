"""The ``.npz`` scene file of several photos, which reads back.

A plain numpy archive: ``metadata`` is JSON text, and the arrays of each photo (``recon.scene_file``) have the prefix
``000/``, ``001/``, ..., with ``world_T_cam`` (4, 4) float64 beside them.
"""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from recon import scene_file
from recon.argument_names import names_of_arguments
from recon.atomic_write import staged
from recon.errors import ExportError, ReconError, SceneFileError
from recon.join.joined_scene import JoinedScene, LeftOut
from recon.join.posed_view import PosedView
from recon.scene import Scene
from recon.strict_json import as_kind, known_fields
from recon.strict_npz import open_npz

MOST_PHOTOS = 100
"""Of one file: an archive with more arrays than these have is not read."""
_FRAME = "world: metres; cam frames: x right, y down, z forward; pixel centres at 0.5"
_FARTHEST_M = 1e9


@dataclass(frozen=True)
class _Metadata:
    photos: int
    left_out: tuple[LeftOut, ...] = ()
    scale_interval: float | None = None


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
    metadata = asdict(_Metadata(len(scene.views), scene.left_out, scene.scale_interval))
    header = {"format": scene_file.JOINED_FORMAT, "frame": _FRAME, **metadata}
    arrays: dict[str, Any] = {"metadata": np.array(json.dumps(header))}
    for index, view in enumerate(scene.views):
        one = _scene_of(scene, index)
        stored = {
            "world_T_cam": view.world_T_cam,
            "metadata": np.array(json.dumps(one.stored_metadata())),
            **one.stored_arrays(),
        }
        arrays |= {f"{scene_file.prefix_of(index)}{name}": array for name, array in stored.items()}
    with staged(path, overwrite=overwrite) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)


def load(path: str | Path) -> JoinedScene:
    """Reads a file that ``save`` wrote.

    Raises:
        SceneFileError: It is missing, damaged, or not a scene of several photos.
    """
    path = Path(path)
    with names_of_arguments(ReconError), scene_file.reporting_damage(path), open_npz(path) as archive:
        metadata = scene_file.read_metadata(archive) if "metadata" in archive.names else None
        if not isinstance(metadata, dict) or metadata.get("format") != scene_file.JOINED_FORMAT:
            raise SceneFileError(
                f"{path} is not a scene of several photos, as `recon join -o scene.npz` writes"
            )
        fields = as_kind(_Metadata, known_fields(_Metadata, metadata))
        if not 1 <= fields.photos <= MOST_PHOTOS:
            raise ValueError(f"it has {fields.photos} photos")
        scenes, poses = [], []
        for index in range(fields.photos):
            prefix = scene_file.prefix_of(index)
            about = scene_file.read_metadata(archive, f"{prefix}metadata")
            scenes.append(Scene.from_stored(scene_file.arrays_in(archive, prefix), about))
            poses.append(_pose(archive.read(f"{prefix}world_T_cam")))
        return JoinedScene(
            views=tuple(
                PosedView(one.photo, one.intrinsics, pose, one.depth, one.sky)
                for one, pose in zip(scenes, poses, strict=True)
            ),
            provenance=tuple(one.provenance for one in scenes),
            left_out=fields.left_out,
            scale_interval=fields.scale_interval,
            options=scenes[0].options,
        )


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


def _pose(matrix: Any) -> Any:
    """The matrix, if its numbers can be those of a pose; ``PosedView`` checks that it is rigid."""
    if matrix.dtype.kind != "f" or not (np.abs(matrix) <= _FARTHEST_M).all():
        raise ValueError("its world_T_cam must be finite numbers")
    return matrix
