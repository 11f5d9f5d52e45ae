"""The ``.npz`` scene file: everything that is needed to export again without a network.

A plain numpy archive, so that any program that reads numpy reads it: ``z_m`` (H, W) float32 m, ``valid`` (H, W)
bool, ``rgb`` (H, W, 3) uint8 sRGB, ``intrinsics`` (fx, fy, cx, cy) float64 px with pixel centres at 0.5, ``metadata``
JSON text, and where there is one ``sky`` (H, W) bool, ``log_sigma`` (H, W) float16, the estimator's own standard
deviation of log depth, and ``jpeg``, the photo's own bytes. ``Scene.save`` and ``Scene.load`` say what stands in the
metadata.
"""

import json
import tokenize
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.atomic_write import staged
from recon.errors import ReconError, SceneFileError

SUFFIX = ".npz"
_FORMAT = "recon-scene-1"
_FRAME = "cam: x right, y down, z forward, metres; pixel centres at 0.5"
_ORDER = ("z_m", "valid", "rgb", "intrinsics", "metadata", "sky", "log_sigma", "jpeg")
"""Of what is in the archive."""


def write_arrays(
    path: Path, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any], *, overwrite: bool = True
) -> None:
    """Writes the arrays and the metadata, plain JSON values, all or nothing.

    Raises:
        ExportError: No permission or no space, or a file is there that may not be replaced; the old file stays.
    """
    told = np.array(json.dumps({"format": _FORMAT, "frame": _FRAME, **metadata}))
    held: dict[str, Any] = {**arrays, "metadata": told}
    with staged(path, overwrite=overwrite) as temporary, temporary.open("wb") as file:
        # Not compressed: depth and pixels shrink by a third for thirty times the time.
        np.savez(file, **{name: held[name] for name in _ORDER if name in held})


def read_arrays(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Reads the arrays and the metadata.

    Raises:
        SceneFileError: Missing, damaged, or not a scene of recon's.
    """
    with damage_told(path), np.load(path, allow_pickle=False) as archive:
        if "metadata" not in archive.files:
            raise SceneFileError(
                f"{path} is a numpy archive, but not a scene that `recon build -o scene.npz` wrote"
            )
        arrays = {name: archive[name] for name in archive.files}
        metadata = json.loads(str(arrays.pop("metadata")))
        if metadata["format"] != _FORMAT:
            raise SceneFileError(f"{path} was written by another version of recon ({metadata['format']})")
        return arrays, metadata


@contextmanager
def damage_told(path: Path) -> Iterator[None]:
    """Whatever the body makes of a damaged file becomes a ``SceneFileError`` that names it."""
    try:
        yield
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
