"""The ``.npz`` scene file: everything needed to export the scene again without a network.

A plain numpy archive, which any program that uses numpy can read: ``z_m`` (H, W) float32 m, ``valid`` (H, W) bool,
``rgb`` (H, W, 3) uint8 sRGB, ``intrinsics`` (fx, fy, cx, cy) float64 px with pixel centres at 0.5, ``metadata`` JSON
text, and optionally ``sky`` (H, W) bool, ``log_sigma`` (H, W) float16 (the estimator's own standard deviation of log
depth), ``normals`` (H, W, 3) float16 (the estimator's own normals, unit vectors towards the camera), and ``jpeg``,
the bytes of the photo. ``Scene.stored_metadata`` defines the metadata.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.atomic_write import staged
from recon.errors import ReconError, SceneFileError
from recon.frames import Transform, rigid
from recon.strict_json import as_kind, known_fields, parse_json, shown
from recon.strict_npz import Archive, open_npz

SUFFIX = ".npz"
_FORMAT = "recon-scene-1"
JOINED_FORMAT = "recon-joined-1"
"""Of scenes of several photos, ``recon.join.joined_file``."""
MOST_PHOTOS = 100
"""Of one file: an archive with more arrays than these have is not read."""
_FARTHEST_M = 1e9
_FRAME = "cam: x right, y down, z forward, metres; pixel centres at 0.5"
_ORDER = ("z_m", "valid", "rgb", "intrinsics", "metadata", "sky", "log_sigma", "normals", "jpeg")
"""Of what is in the archive."""
_PIXELS: Mapping[str, tuple[str, tuple[int, ...]]] = {
    "z_m": ("float32", ()),
    "valid": ("bool", ()),
    "rgb": ("uint8", (3,)),
    "sky": ("bool", ()),
    "log_sigma": ("float16", ()),
    "normals": ("float16", (3,)),
}
"""Of arrays over the photo: type, and axes after (H, W)."""
_OPTIONAL = ("sky", "log_sigma", "normals", "jpeg")
_MOST_METADATA_BYTES = 64 << 20


def write_arrays(
    path: Path, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any], *, overwrite: bool = True
) -> None:
    """Writes the arrays and the metadata (plain JSON values) atomically.

    Raises:
        ExportError: No permission, no disk space, or an existing file without ``overwrite``; an existing file is left
            unchanged.
    """
    text = np.array(json.dumps({"format": _FORMAT, "frame": _FRAME, **metadata}))
    contents: dict[str, Any] = {**arrays, "metadata": text}
    with staged(path, overwrite=overwrite) as temporary, temporary.open("wb") as file:
        # Not compressed: that would save a third of the size but take thirty times as long.
        np.savez(file, **{name: contents[name] for name in _ORDER if name in contents})


def read_arrays(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Reads the arrays and the metadata.

    Raises:
        SceneFileError: The file is missing, damaged, or not a recon scene.
    """
    with reporting_damage(path), open_npz(path) as archive:
        if "metadata" not in archive.names:
            raise SceneFileError(
                f"{path} is a numpy archive, but not a scene written by `recon build -o scene.npz`"
            )
        metadata = read_metadata(archive)
        version = metadata.get("format") if isinstance(metadata, dict) else None
        if version == JOINED_FORMAT:
            raise SceneFileError(
                f"{path} is a scene of several photos: `recon view {path.name}` shows it in a window, "
                f"and `recon join {path.name} -o {path.stem}.html` makes a web page, or another file; programs open "
                "it with recon.join.load"
            )
        if version != _FORMAT:
            raise SceneFileError(f"{path} was written by another version of recon ({shown(version)})")
        return arrays_in(archive), metadata


@dataclass(frozen=True)
class LeftOut:
    """A photo that is not part of a scene of several."""

    photo: str
    """Its file name."""
    reason: str
    """For a person: ``it shows too little of what the other photos show``."""


@dataclass(frozen=True)
class JoinedMetadata:
    """What a scene file of several photos says of all."""

    photos: int
    left_out: tuple[LeftOut, ...] = ()
    scale_interval: float | None = None
    poses_counted: bool = False
    """Whether the errors that all photos share are also those of poses and lenses."""


@dataclass(frozen=True)
class StoredPhoto:
    """One photo of several in a scene file."""

    arrays: dict[str, NDArray[Any]]
    metadata: dict[str, Any]
    world_T_cam: Transform


def read_joined(archive: Archive) -> tuple[JoinedMetadata, Iterator[StoredPhoto]] | None:
    """What a scene file of several photos contains; None for another archive.

    Raises:
        ValueError: It is damaged; also while the photos are read.
    """
    metadata = read_metadata(archive) if "metadata" in archive.names else None
    if not isinstance(metadata, dict) or metadata.get("format") != JOINED_FORMAT:
        return None
    about = as_kind(JoinedMetadata, known_fields(JoinedMetadata, metadata))
    if not 1 <= about.photos <= MOST_PHOTOS:
        raise ValueError(f"it has {about.photos} photos")
    return about, (_stored_photo(archive, prefix_of(index)) for index in range(about.photos))


def _stored_photo(archive: Archive, prefix: str) -> StoredPhoto:
    pose = archive.read(f"{prefix}world_T_cam")
    if pose.dtype.kind != "f" or not (np.abs(pose) <= _FARTHEST_M).all():
        raise ValueError("its world_T_cam must be finite numbers")
    metadata = read_metadata(archive, f"{prefix}metadata")
    return StoredPhoto(arrays_in(archive, prefix), metadata, rigid(pose))


def prefix_of(index: int) -> str:
    """What the arrays of one photo begin with in a scene of several."""
    return f"{index:03d}/"


def read_metadata(archive: Archive, name: str = "metadata") -> Any:
    """The JSON value of an open scene file.

    Raises:
        ValueError: It is no text, or no JSON.
    """
    header = archive.header(name)
    if header.dtype.kind != "U" or header.shape or header.bytes > _MOST_METADATA_BYTES:
        raise ValueError(f"its metadata must be text, got {header.dtype} of {header.shape}")
    return parse_json(str(archive.read(name)))


def arrays_in(archive: Archive, prefix: str = "") -> dict[str, NDArray[Any]]:
    """The arrays of one photo, whose names in the archive begin with the prefix.

    Raises:
        ValueError: One is missing, or they do not belong to one photo.
    """
    names = [name for name in _ORDER if name not in _OPTIONAL or f"{prefix}{name}" in archive.names]
    names.remove("metadata")
    _check_headers(archive, names, prefix)
    return {name: archive.read(f"{prefix}{name}") for name in names}


def _check_headers(archive: Archive, names: Iterable[str], prefix: str) -> None:
    """Refuses arrays that do not belong to one photo before any of them is read."""
    height, width = (*archive.header(f"{prefix}z_m").shape, 0, 0)[:2]
    for name in names:
        header = archive.header(f"{prefix}{name}")
        dtype, more = _PIXELS.get(name, ("", ()))
        if dtype and (header.shape, header.dtype) != ((height, width, *more), np.dtype(dtype)):
            wanted = f"{dtype} of shape {(height, width, *more)}"
            raise ValueError(f"its {name} must be {wanted}, got {header.dtype} of {header.shape}")
        if name == "jpeg" and (len(header.shape) != 1 or header.dtype != np.uint8 or not header.bytes):
            raise ValueError(f"its jpeg must be bytes, got {header.dtype} of {header.shape}")
        if name == "intrinsics" and (header.shape != (4,) or header.dtype.kind != "f"):
            raise ValueError(f"its intrinsics must be 4 numbers, got {header.dtype} of {header.shape}")


@contextmanager
def reporting_damage(path: Path) -> Iterator[None]:
    """Converts the errors that a damaged file causes in the body to a ``SceneFileError`` with the path."""
    try:
        yield
    except ReconError:
        raise
    except FileNotFoundError as error:
        raise SceneFileError(f"{path} does not exist") from error
    except OSError as error:
        raise SceneFileError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError) as error:
        raise SceneFileError(f"{path} is damaged, or not a scene file: {error}") from error
