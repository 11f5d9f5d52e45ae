"""Depth maps that Apple's cameras store in HEIC and JPEG photos (AVDepthData).

The map is an auxiliary 8-bit image. Its XMP gives the range of values (``FloatMinValue`` to ``FloatMaxValue``), their
kind (disparity in 1/m or depth in m) and the accuracy: *absolute* depth is metric; for *relative* depth, only "a
depth value of 2 is twice as far as a depth value of 1" holds (developer.apple.com, AVDepthData and
AVDepthData.Accuracy). The map has the same lens distortion as the photo, so the two match pixel by pixel.
"""

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.errors import PhotoError
from recon.photo.embedded_depth import codec, xmp
from recon.photo.embedded_depth.jpeg_segments import following_pictures, head_end
from recon.photo.orientation import upright_map, upright_size
from recon.types import FARTHEST_M, CarriedDepth, MetricDepth, RelativeDepth

_PIXELS = "http://ns.apple.com/pixeldatainfo/1.0/"
_NATIVE = {
    int.from_bytes(name, "big"): kind
    for name, kind in ((b"hdis", "disparity"), (b"fdis", "disparity"), (b"hdep", "depth"), (b"fdep", "depth"))
}
"""Kind of the values before quantisation to 8 bits (CoreVideo pixel formats)."""
_STANDARDS = {"disparity": "Apple disparity", "depth": "Apple depth"}


@dataclass(frozen=True)
class _Encoding:
    """How to convert the pixel values of a map to disparity or depth."""

    kind: str
    """``disparity`` (1/m) or ``depth`` (m)."""
    absolute: bool
    code_low: float
    code_high: float
    """The pixel values that represent ``low`` and ``high``."""
    low: float
    high: float
    details: dict[str, Any]

    @property
    def standard(self) -> str:
        """Human-readable name."""
        return _STANDARDS[self.kind]


def find_in_jpeg(data: bytes, photo: tuple[int, int], orientation: int) -> CarriedDepth | None:
    """Finds a depth map among the images that follow the first one in a JPEG file.

    Args:
        data: The file.
        photo: Width and height of the upright photo.
        orientation: The photo's EXIF orientation; the map is stored in the same orientation.

    Raises:
        ValueError: A map exists but cannot be used.
    """
    if data.find(xmp.APPLE_DEPTH.encode(), head_end(data)) < 0:
        return None
    for start, end in following_pictures(data):
        if data.find(xmp.APPLE_DEPTH.encode(), start, head_end(data, start)) < 0:
            continue
        for packet in xmp.jpeg_packets(data, start):
            encoding = _encoding_of(packet)
            if encoding is not None:
                item = data[start:end]
                size = upright_size(codec.size_of(item), orientation)
                codec.check_shape(size, photo)
                return _carried(encoding, size, partial(_read_jpeg, encoding, item, orientation))
    return None


def find_in_heif(
    data: bytes, photo: tuple[int, int], *, packet: bytes | None, size: tuple[int, int] | None
) -> CarriedDepth | None:
    """Finds a depth map in a HEIC file.

    Args:
        data: The file.
        photo: Width and height of the upright photo.
        packet: The map's XMP.
        size: Width and height of the first depth image as returned by libheif: upright, since the file stores the
            same rotation for the map as for the photo.

    Raises:
        ValueError: A map exists but cannot be used.
    """
    if size is None:
        return None
    if packet is None:
        raise ValueError("it has no metadata about its values")
    encoding = _encoding_of(xmp.parse(packet))
    if encoding is None:
        return None
    if size[0] * size[1] > codec.MAX_PIXELS:
        raise ValueError(f"its image has {size[0]}x{size[1]} pixels, which is too large")
    codec.check_shape(size, photo)
    return _carried(encoding, size, partial(_read_heif, encoding, data))


def _carried(
    encoding: _Encoding, size: tuple[int, int], read: Callable[[], MetricDepth | RelativeDepth]
) -> CarriedDepth:
    return CarriedDepth(
        gives="metric" if encoding.absolute else "relative",
        standard=encoding.standard,
        width=size[0],
        height=size[1],
        read=read,
        details=encoding.details,
    )


def _encoding_of(root: ElementTree.Element) -> _Encoding | None:
    """The encoding of the map that a packet describes; None for other images (a matte, a gain map)."""
    kind = xmp.value(root, _PIXELS, "AuxiliaryImageType")
    native = xmp.number(root, _PIXELS, "NativeFormat")
    if kind not in _STANDARDS:
        kind = None if native is None else _NATIVE.get(int(native))
    if kind is None or (native is not None and int(native) not in _NATIVE):
        return None
    accuracy = xmp.value(root, xmp.APPLE_DEPTH, "Accuracy")
    bounds = [xmp.number(root, _PIXELS, name) for name in ("FloatMinValue", "FloatMaxValue")]
    codes = [xmp.number(root, _PIXELS, name) for name in ("IntMinValue", "IntMaxValue")]
    low, high = bounds
    if low is None or high is None:
        raise ValueError("the range of its values is missing")
    if not low < high:
        raise ValueError(f"its value range from {low:g} to {high:g} is invalid")
    code_low, code_high = 0.0 if codes[0] is None else codes[0], 255.0 if codes[1] is None else codes[1]
    if not 0 <= code_low < code_high <= 65535:
        raise ValueError(f"its pixel value range from {code_low:g} to {code_high:g} is invalid")
    details: dict[str, Any] = {"accuracy": accuracy or "not given", "low": low, "high": high}
    for name in ("Quality", "Filtered"):
        value = xmp.value(root, xmp.APPLE_DEPTH, name)
        if value:
            details[name.lower()] = value[:40]
    return _Encoding(kind, accuracy == "absolute", code_low, code_high, low, high, details)


def _read_jpeg(encoding: _Encoding, item: bytes, orientation: int) -> MetricDepth | RelativeDepth:
    codes, _ = codec.codes_of(item, f"The photo's depth ({encoding.standard})")
    return _decoded(encoding, upright_map(codes, orientation))


def _read_heif(encoding: _Encoding, data: bytes) -> MetricDepth | RelativeDepth:
    import pillow_heif

    try:
        codes = np.array(pillow_heif.open_heif(data).info["depth_images"][0])
    except MemoryError as error:
        raise PhotoError("The photo's depth map does not fit in memory.") from error
    # For damaged files, libheif raises OSError, ValueError, RuntimeError, EOFError, ...
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise PhotoError(
            f"The photo's depth map ({encoding.standard}) is damaged ({reason}); copy the photo again from the "
            "source."
        ) from error
    if codes.ndim == 3:
        codes = codes[..., 0]
    return _decoded(encoding, codes)


def _decoded(encoding: _Encoding, codes: NDArray) -> MetricDepth | RelativeDepth:
    v = (codes.astype(np.float64) - encoding.code_low) / (encoding.code_high - encoding.code_low)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        values = encoding.low + v * (encoding.high - encoding.low)
        stored, inverted = values.astype(np.float32), (1 / values).astype(np.float32)
    finite = np.isfinite(stored)
    if encoding.kind == "disparity" and not encoding.absolute:
        if not finite.any():
            raise PhotoError(f"The photo's depth map ({encoding.standard}) has no finite value.")
        return RelativeDepth(stored, finite)
    # Zero or negative disparity or depth means unknown, and so does what is out of all range.
    z_m, inverse = (inverted, stored) if encoding.kind == "disparity" else (stored, inverted)
    valid = finite & np.isfinite(inverse) & (z_m > 0) & (inverse > 0)
    if encoding.absolute or encoding.kind == "disparity":
        valid &= z_m < FARTHEST_M
    if not valid.any():
        raise PhotoError(f"The photo's depth map ({encoding.standard}) has no value above 0.")
    return MetricDepth(z_m, valid) if encoding.absolute else RelativeDepth(inverse, valid)
