"""Writes depth-map files: numbers for programs, or a colour image.

| suffix | contents | unknown depth |
|---|---|---|
| ``.png`` | 16-bit integers, millimetres by default | 0 |
| ``.exr`` | float32 metres, channel Y | 0 |
| ``.npy`` | float32 metres | NaN |
| ``.npz`` | ``z_m`` float32 m, ``valid``; ``sigma_m`` float32 m and ``normals`` if predicted | False in ``valid`` |
| ``.tif`` ``.tiff`` | float32 metres | NaN |
| ``.jpg`` ``.jpeg``, and ``.png`` with a colour map | colours with a legend | grey |
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from numpy.typing import NDArray

from recon.atomic_write import check_writable, staged
from recon.depth_map.colormap import COLORMAPS, depth_picture
from recon.errors import ExportError
from recon.photo.write import write_picture
from recon.types import FloatMap, MetricDepth

DEFAULT_COLORMAP = "Spectral_r"
"""For suffixes that are always colour images."""

_PICTURES = (".jpg", ".jpeg", ".png")
_LARGEST = np.iinfo(np.uint16).max


@dataclass(frozen=True)
class WrittenDepth:
    """A description of the written file, for messages."""

    path: Path
    what: str
    """``16-bit PNG, 0.001 m per unit``, ``colours by Spectral_r``, ..."""
    out_of_range: int = 0
    """Number of pixels whose depth is out of range for the format; they are marked as unknown."""


def check_depth_output(path: Path, colormap: str | None = None) -> None:
    """Checks a file name and colour map before ``write_depth``.

    Raises:
        ExportError: unknown format or colour map; the message lists the choices.
    """
    suffix = path.suffix.lower()
    if suffix not in (*_FLOAT_WRITERS, *_PICTURES):
        known = ", ".join(sorted([*_FLOAT_WRITERS, *_PICTURES]))
        problem = f"{path.suffix} is not a known depth format" if suffix else "the name has no suffix"
        raise ExportError(f"{path}: {problem}; choose one of {known}.")
    if colormap is not None and suffix not in _PICTURES:
        raise ExportError(f"{path}: with a colour map, the format must be one of {', '.join(_PICTURES)}.")
    if colormap is not None and colormap not in COLORMAPS:
        raise ExportError(f"Unknown colour map {colormap!r}; choose one of {', '.join(COLORMAPS)}.")


def write_depth(
    path: Path,
    depth: MetricDepth,
    *,
    colormap: str | None = None,
    unit_m: float = 0.001,
    span_m: tuple[float, float] | None = None,
    overwrite: bool = False,
) -> WrittenDepth:
    """Writes z-depth atomically, in the format of the suffix.

    Args:
        path: The file; the table above lists the formats.
        depth: (H, W), m, of the upright photo.
        colormap: One of ``COLORMAPS`` for a colour image with a legend; None: numbers (a .jpg is always a colour
            image).
        unit_m: Metres per stored unit of a 16-bit PNG.
        span_m: Depth range of the colours, m (``depth_picture``).
        overwrite: Replace an existing file.

    Raises:
        ExportError: unknown suffix or colour map, existing file, no space, or no valid depth.
    """
    check_depth_output(path, colormap)
    check_writable([(path,)], overwrite=overwrite)
    if not depth.valid.any():
        raise ExportError(f"{path} was not written, since no pixel has valid depth.")
    suffix = path.suffix.lower()
    if colormap is None and suffix in (".jpg", ".jpeg"):
        colormap = DEFAULT_COLORMAP
    with staged(path, overwrite=overwrite) as temporary:
        if colormap is not None:
            _write_picture(temporary, depth_picture(depth, colormap, span_m))
            return WrittenDepth(path, f"colours by {colormap}")
        if suffix == ".png":
            out_of_range = _write_png(temporary, depth, unit_m)
            return WrittenDepth(path, f"16-bit PNG, {unit_m:g} m per unit", out_of_range)
        _FLOAT_WRITERS[suffix](temporary, depth)
        return WrittenDepth(path, "float32 metres")


def _write_picture(path: Path, rgb: NDArray[np.uint8]) -> None:
    from PIL import Image

    write_picture(path, Image.fromarray(rgb), quality=92, subsampling=0)


def _write_png(path: Path, depth: MetricDepth, unit_m: float) -> int:
    """Returns the number of valid pixels that are out of range for 16 bits in this unit."""
    from PIL import Image, PngImagePlugin

    units = np.rint(np.where(depth.valid, depth.z_m, 0).astype(np.float64) / unit_m)
    fits = (units >= 1) & (units <= _LARGEST)
    if not fits.any():
        raise ExportError(
            f"{path.name} cannot store these depths: 16 bits at {unit_m:g} m per unit end at {_LARGEST * unit_m:g} "
            "m; use a larger --png-unit, or .exr."
        )
    text = PngImagePlugin.PngInfo()
    text.add_text("Description", f"depth along the optical axis; metres = value * {unit_m:g}; 0: unknown")
    write_picture(path, Image.fromarray(np.where(fits, units, 0).astype(np.uint16)), pnginfo=text)
    return int(np.count_nonzero(depth.valid & ~fits))


def _write_exr(path: Path, depth: MetricDepth) -> None:
    import OpenEXR

    header = {
        "compression": OpenEXR.ZIP_COMPRESSION,
        "type": OpenEXR.scanlineimage,
        "comments": "depth along the optical axis in metres; 0: unknown",
    }
    # Y instead of Z, since Blender shows an image with only Z as black; 0 instead of NaN, which compositors spread.
    pixels = {"Y": np.where(depth.valid, depth.z_m, np.float32(0))}
    with OpenEXR.File(header, pixels) as file:
        file.write(str(path))


def _write_npy(path: Path, depth: MetricDepth) -> None:
    with path.open("wb") as file:
        # Pass only the write function: numpy writes to real files below Python and misses errors on a full disk.
        np.save(SimpleNamespace(write=file.write), _nan_where_unknown(depth))


def _write_npz(path: Path, depth: MetricDepth) -> None:
    with path.open("wb") as file:
        maps = {"z_m": np.where(depth.valid, depth.z_m, np.float32(0)), "valid": depth.valid}
        if depth.sigma_m is not None:
            maps["sigma_m"] = np.where(depth.valid, depth.sigma_m, np.float32(0))
        if depth.normals is not None:
            maps["normals"] = np.where(depth.valid[..., None], depth.normals, np.float32(0))
        np.savez(file, allow_pickle=False, **maps)


def _write_tiff(path: Path, depth: MetricDepth) -> None:
    from PIL import Image

    write_picture(path, Image.fromarray(_nan_where_unknown(depth)), compression="tiff_adobe_deflate")


def _nan_where_unknown(depth: MetricDepth) -> FloatMap:
    return np.where(depth.valid, depth.z_m, np.float32(np.nan))


_FLOAT_WRITERS: dict[str, Callable[[Path, MetricDepth], None]] = {
    ".exr": _write_exr,
    ".npy": _write_npy,
    ".npz": _write_npz,
    ".tif": _write_tiff,
    ".tiff": _write_tiff,
}
