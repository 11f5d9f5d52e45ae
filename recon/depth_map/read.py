"""Reads depth-map files: 16-bit PNG, TIFF, EXR, npy, npz, PFM and PGM."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.depth_map.exr import read_exr
from recon.errors import DepthFileError
from recon.strict_npz import Header, open_npz, read_npy
from recon.types import FARTHEST_M, NEAREST_M, BoolMap, FloatMap

INTEGER_UNIT_M = 0.001
"""Default metres per stored unit of integer files: millimetres, as sensors write."""
FLOAT_UNIT_M = 1.0
"""Default metres per stored unit of float files."""
NPZ_KEYS = ("depth_m", "depth", "z_m")
"""Names of depth arrays in an .npz, in order of preference; without them, the only map is taken."""
NOT_DEPTH_KEYS = ("disp", "inv", "conf", "uncert", "std", "err", "mask", "normal", "weight", "label", "seg")
"""Parts of names of arrays that have the shape of a depth map and are none."""
VALID_KEYS = ("valid", "valid_mask", "mask_valid")
"""Names of masks in an .npz, True where the depth is valid. A plain ``mask`` may mean anything."""
_FAR_CODES = (65504.0, 65535.0)
"""The largest numbers of half floats and of 16 bits, which files of floats hold where there is nothing."""
_LARGEST_MATRIX = 4
"""Smaller arrays are camera matrices."""
SUFFIXES = (".png", ".tif", ".tiff", ".exr", ".npy", ".npz", ".pfm", ".pgm")
"""File suffixes of the supported formats."""


@dataclass(frozen=True)
class DepthFile:
    """The contents of a depth file, on the file's grid."""

    z_m: FloatMap
    """(h, w) float32 z-depth, m; 0 where not valid."""
    valid: BoolMap
    """(h, w) bool."""
    unit_m: float
    """Metres per stored unit."""
    source: str
    """The part of the file that was read: ``npz key 'depth_m'``, ``EXR channel 'Z'``, ``16-bit PNG``, ..."""


def read_depth(path: Path | str, unit_m: float | None = None) -> DepthFile:
    """Reads measured z-depth; 0, negative, NaN, inf and values over 100 km mean unknown.

    Args:
        path: The file; the suffix selects the format. An .npz contains ``depth_m``, ``depth`` or ``z_m``, and
            optionally ``valid`` or ``valid_mask`` (bool).
        unit_m: Metres per stored unit; None: 0.001 for integers, 1 for floats.

    Raises:
        DepthFileError: The file is missing, damaged, or a visualisation instead of depth values.
    """
    path = Path(path)
    stored, measured, source = read_stored(path)
    if unit_m is None:
        unit_m = FLOAT_UNIT_M if stored.dtype.kind == "f" else INTEGER_UNIT_M
    z_m = (
        stored.astype(np.float32) if unit_m == 1 else (stored.astype(np.float64) * unit_m).astype(np.float32)
    )
    # NaN compares as False, so it is not valid.
    valid = (z_m > NEAREST_M) & (z_m < FARTHEST_M)
    if stored.dtype.kind in "iu":
        # Kinects and their data sets write the largest number, 65535, for missing depth.
        valid &= stored < (65535 if stored.max() <= 65535 else np.iinfo(stored.dtype).max)
    elif unit_m == FLOAT_UNIT_M:
        valid &= ~np.isin(stored, _FAR_CODES)
    if measured is not None:
        valid &= measured
    if not valid.any():
        raise DepthFileError(
            f"{path}: no pixel has a depth between 0 and {FARTHEST_M:g} m ({source}, {unit_m:g} m per unit)."
            + _sign_advice(stored)
        )
    return DepthFile(np.where(valid, z_m, np.float32(0)), valid, unit_m, source)


def _sign_advice(stored: NDArray[Any]) -> str:
    """Advice where depth counts along -z, as in OpenGL."""
    known = stored[np.isfinite(stored)] if stored.dtype.kind == "f" else stored
    if not known.size or known.max() > 0 or known.min() >= 0:
        return ""
    return " All its values are negative, as along the -z of OpenGL: store them with the other sign."


def read_stored(path: Path, *, eight_bits: bool = False) -> tuple[NDArray[Any], BoolMap | None, str]:
    """Reads the stored values of a depth file, without converting units.

    Args:
        path: The file.
        eight_bits: Whether to read 8-bit grey images too: relative depth may have 256 levels, metres may not.

    Returns:
        (h, w) floats or integers of 16 bits or more (8 if asked for), the validity mask stored in the file or None,
        and the part of the file that was read.

    Raises:
        DepthFileError: The file is missing, damaged, or a visualisation instead of depth values.
    """
    suffix = path.suffix.lower()
    readers = {".npy": _read_npy, ".npz": _read_npz, ".exr": _read_exr}
    if suffix not in SUFFIXES:
        raise DepthFileError(
            f"{path}: expected a depth file ({', '.join(SUFFIXES)}), got {suffix or 'no suffix'!r}."
        )
    if not path.is_file():
        raise DepthFileError(f"{path}: the file does not exist.")
    try:
        if suffix in readers:
            return readers[suffix](path)
        return _read_picture(path, eight_bits)
    except MemoryError as error:
        raise DepthFileError(f"{path}: the file does not fit in memory, or its header is damaged.") from error


def _read_picture(path: Path, eight_bits: bool) -> tuple[NDArray[Any], None, str]:
    """16-bit grey PNG, TIFF and PGM, 32-bit integer and float TIFF, PFM, through Pillow."""
    from PIL import Image, UnidentifiedImageError

    try:
        # Of a name, Pillow maps 16-bit TIFFs into memory and garbles those of orientations 5 to 8.
        with path.open("rb") as file, Image.open(file) as image:
            kind = path.suffix[1:].upper() if image.format == "PPM" else image.format
            most = _pgm_maximum(image)
            image.load()
            mode, stored = image.mode, np.asarray(image)
            if most is not None:
                stored = np.rint(stored * (most / 65535)).astype(np.uint16)
    except UnidentifiedImageError as error:
        stored_64 = _read_float64_tiff(path)
        if stored_64 is None:
            raise DepthFileError(
                f"{path}: cannot be read as an image of depth: expected a 16-bit PNG or PGM, a TIFF of 16 or 32 bits "
                "or of floats of 32 or 64 bits, or a PFM."
            ) from error
        return stored_64, None, "float64 TIFF"
    except MemoryError:
        raise
    except Exception as error:  # of a damaged header Pillow raises anything
        raise DepthFileError(f"{path}: cannot be read as an image ({error}).") from error
    if mode == "F":
        return stored, None, f"float {kind}"
    if mode == "I" or mode.startswith("I;16"):
        return stored, None, f"integer {kind}"
    if mode == "L" and eight_bits:
        return stored, None, f"8-bit {kind}"
    if mode in ("L", "P", "1", "LA", "PA"):
        raise DepthFileError(
            f"{path}: this is an 8-bit visualisation of depth, whose 256 levels cannot represent metres. Use depth "
            "values as a 16-bit PNG, TIFF, EXR or npy; inverse depth goes with --relative-depth."
        )
    raise DepthFileError(
        f"{path}: expected one channel of depth, got a colour image ({mode}). Use depth values as a 16-bit PNG, "
        "TIFF, EXR or npy."
    )


def _pgm_maximum(image: Any) -> int | None:
    """The largest number by the header of a 16-bit PGM, from which Pillow stretches the depths; else None."""
    if image.format != "PPM" or not image.mode.startswith("I") or not image.tile:
        return None
    args = image.tile[0].args
    most = args[-1] if isinstance(args, tuple) and args else args
    return most if isinstance(most, int) and 255 < most < 65535 else None


def _read_float64_tiff(path: Path) -> NDArray[Any] | None:
    """A TIFF of one channel of float64, which Pillow does not open; None for all else."""
    import cv2

    data = path.read_bytes()
    if data[:4] not in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return None
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        stored = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    finally:
        cv2.utils.logging.setLogLevel(level)
    return stored if stored is not None and stored.ndim == 2 and stored.dtype == np.float64 else None


def _read_npy(path: Path) -> tuple[NDArray[Any], None, str]:
    try:
        stored = read_npy(path)
    except (OSError, ValueError) as error:
        raise DepthFileError(f"{path}: cannot be read as a numpy array ({error}).") from error
    return _check_array(path, stored, "the array"), None, f"npy of {stored.dtype}"


def _read_npz(path: Path) -> tuple[NDArray[Any], BoolMap | None, str]:
    try:
        with open_npz(path) as archive:
            key = next((name for name in NPZ_KEYS if name in archive.names), None)
            key = key or _only_depth({name: archive.header(name) for name in archive.names})
            if key is None:
                held = ", ".join(archive.names) or "nothing"
                raise DepthFileError(
                    f"{path}: expected {', '.join(NPZ_KEYS[:-1])} or {NPZ_KEYS[-1]}, got {held}."
                )
            stored = _check_array(path, archive.read(key), repr(key))
            mask = next((name for name in VALID_KEYS if name in archive.names), None)
            valid = None if mask is None else archive.read(mask)
    except (OSError, ValueError) as error:
        raise DepthFileError(f"{path}: cannot be read as an .npz archive ({error}).") from error
    if valid is not None:
        valid = _check_mask(path, valid, stored.shape)
    return stored, valid, f"npz key {key!r}"


def _only_depth(headers: Mapping[str, Header]) -> str | None:
    """The key of the only array that can be a depth map, or None if there is none or more than one."""
    maps = [
        key
        for key, header in headers.items()
        if key not in VALID_KEYS
        and not any(word in key.lower() for word in NOT_DEPTH_KEYS)
        and len(shape := _without_axes(header.shape)) == 2
        and max(shape) > _LARGEST_MATRIX
        and header.dtype.kind in "fiu"
        and header.dtype.itemsize > 1
    ]
    return maps[0] if len(maps) == 1 else None


def _check_mask(path: Path, mask: NDArray[Any], shape: tuple[int, ...]) -> BoolMap:
    """A stored mask as (H, W) bool: bool, or numbers of which 0 is invalid and 1 or 255 is valid."""
    mask = mask.reshape(_without_axes(mask.shape))
    if mask.shape != shape or mask.dtype.kind not in "biuf":
        raise DepthFileError(
            f"{path}: expected 'valid' to be bool of shape {shape}, got {mask.dtype} of {mask.shape}."
        )
    if not (np.isin(mask, (0, 1)).all() or np.isin(mask, (0, 255)).all()):
        raise DepthFileError(f"{path}: expected 'valid' to hold 0 and 1 (or 0 and 255), got other numbers.")
    return mask != 0


def _without_axes(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Drops the batch and channel axes of length 1, so that (1, H, W), (H, W, 1) and the like become (H, W)."""
    while len(shape) > 2 and shape[0] == 1:
        shape = shape[1:]
    while len(shape) > 2 and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def _check_array(path: Path, stored: NDArray[Any], name: str) -> NDArray[Any]:
    stored = stored.reshape(_without_axes(stored.shape))
    if stored.ndim != 2 or stored.size == 0:
        raise DepthFileError(f"{path}: expected {name} to be (H, W), got {stored.shape}.")
    if stored.dtype.kind not in "fiu" or stored.dtype.itemsize == 1:
        raise DepthFileError(
            f"{path}: expected {name} to be floats, or integers of 16 bits or more, got {stored.dtype}."
        )
    return stored


def _read_exr(path: Path) -> tuple[NDArray[Any], None, str]:
    stored, name = read_exr(path)
    return _check_array(path, stored, f"channel {name!r}"), None, f"EXR channel {name!r}"
