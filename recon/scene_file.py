"""The ``.npz`` scene file: everything that is needed to export again without a network.

A plain numpy archive, so that any program that reads numpy reads it: ``z_m`` (H, W) float32 m, ``valid`` (H, W)
bool, ``rgb`` (H, W, 3) uint8 sRGB, ``intrinsics`` (fx, fy, cx, cy) float64 px with pixel centres at 0.5, ``metadata``
JSON text, and where there is one ``sky`` (H, W) bool and ``jpeg``, the photo's own bytes.
"""

import json
import tokenize
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from recon.atomic_write import staged
from recon.errors import ReconError, SceneFileError
from recon.options import Options
from recon.scene import Scene
from recon.types import Intrinsics, MetricDepth, Photo

SUFFIX = ".npz"
_FORMAT = "recon-scene-1"
_PATHS = ("depth", "relative_depth", "constraint_file", "calibration")


def write_scene(scene: Scene, path: Path, *, overwrite: bool = True) -> None:
    """Writes the scene, all or nothing.

    Raises:
        ExportError: No permission or no space, or a file is there that may not be replaced; the old file stays.
    """
    arrays: dict[str, Any] = {
        "z_m": scene.depth.z_m,
        "valid": scene.depth.valid,
        "rgb": scene.photo.rgb,
        "intrinsics": np.array(
            [scene.intrinsics.fx, scene.intrinsics.fy, scene.intrinsics.cx, scene.intrinsics.cy]
        ),
        "metadata": np.array(json.dumps(_metadata(scene))),
    }
    if scene.sky is not None:
        arrays["sky"] = scene.sky
    if scene.photo.jpeg_bytes is not None:
        arrays["jpeg"] = np.frombuffer(scene.photo.jpeg_bytes, np.uint8)
    with staged(path, overwrite=overwrite) as temporary, temporary.open("wb") as file:
        # Not compressed: depth and pixels shrink by a third for thirty times the time.
        np.savez(file, **arrays)


def read_scene(path: Path) -> Scene:
    """Reads a scene file.

    Raises:
        SceneFileError: Missing, damaged, or not a scene of recon's.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            if "metadata" not in archive.files:
                raise SceneFileError(
                    f"{path} is a numpy archive, but not a scene that `recon build -o scene.npz` wrote"
                )
            return _scene_from({name: archive[name] for name in archive.files}, path)
    except ReconError:
        raise
    except FileNotFoundError as error:
        raise SceneFileError(f"{path} does not exist") from error
    except OSError as error:
        raise SceneFileError(f"{path} cannot be read: {error.strerror or error}") from error
    except (
        ValueError,
        KeyError,
        TypeError,
        IndexError,
        EOFError,
        RuntimeError,
        NotImplementedError,
        tokenize.TokenError,
        zipfile.BadZipFile,
    ) as error:
        raise SceneFileError(f"{path} is damaged, or not a scene file: {error}") from error


def _metadata(scene: Scene) -> dict[str, Any]:
    options = {name: value for name, value in asdict(scene.options).items() if value is not None}
    return {
        "format": _FORMAT,
        "frame": "cam: x right, y down, z forward, metres; pixel centres at 0.5",
        # The name alone: a scene that is passed on should not tell the folders of the machine that made it.
        "photo_path": scene.photo.name,
        "focal_source": scene.intrinsics.source,
        "scale_interval": scene.depth.scale_interval,
        "options": {
            name: str(value) if isinstance(value, Path) else value for name, value in options.items()
        },
        "provenance": dict(scene.provenance),
    }


def _scene_from(arrays: dict[str, Any], path: Path) -> Scene:
    metadata = json.loads(str(arrays["metadata"]))
    if metadata["format"] != _FORMAT:
        raise SceneFileError(f"{path} was written by another version of recon ({metadata['format']})")
    height, width = arrays["z_m"].shape
    fx, fy, cx, cy = (float(value) for value in arrays["intrinsics"])
    options = metadata["options"]
    for name, value in options.items():
        if name in _PATHS:
            options[name] = Path(value)
        elif isinstance(value, list):
            options[name] = tuple(value)
    jpeg = arrays.get("jpeg")
    return Scene(
        photo=Photo(
            rgb=arrays["rgb"],
            path=metadata["photo_path"],
            jpeg_bytes=None if jpeg is None else jpeg.tobytes(),
        ),
        intrinsics=Intrinsics(fx, fy, cx, cy, width, height, metadata["focal_source"]),
        depth=MetricDepth(
            z_m=arrays["z_m"], valid=arrays["valid"], scale_interval=metadata["scale_interval"]
        ),
        sky=arrays.get("sky"),
        options=Options(**options),
        provenance=metadata["provenance"],
    )
