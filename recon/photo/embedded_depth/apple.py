"""The depth that Apple's cameras write beside a photo (AVDepthData), in HEIC and in JPEG.

The map is an auxiliary picture of 8-bit numbers; its XMP tells the range that they stand for (``FloatMinValue`` to
``FloatMaxValue``), whether they are disparity in 1/m or depth in m, and the accuracy: *absolute* is true to the
physical world, *relative* is not, only "a depth value of 2 is twice as far as a depth value of 1"
(developer.apple.com, AVDepthData and AVDepthData.Accuracy). The map is distorted by the lens just as the photo is, so
the two lie on each other pixel by pixel.
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
"""What the numbers were before they were squeezed into 8 bits (CoreVideo pixel formats)."""
_STANDARDS = {"disparity": "Apple disparity", "depth": "Apple depth"}


@dataclass(frozen=True)
class _Encoding:
    """How the numbers of a map become disparity or depth."""

    kind: str
    """``disparity`` (1/m) or ``depth`` (m)."""
    absolute: bool
    code_low: float
    code_high: float
    """The numbers that stand for ``low`` and ``high``."""
    low: float
    high: float
    details: dict[str, Any]

    @property
    def standard(self) -> str:
        """For a person."""
        return _STANDARDS[self.kind]


def find_in_jpeg(data: bytes, photo: tuple[int, int], orientation: int) -> CarriedDepth | None:
    """Depth in one of the pictures that follow the first one in a JPEG file.

    Args:
        data: The file.
        photo: Width and height of the upright photo.
        orientation: The photo's EXIF orientation; the map is stored as the picture is.

    Raises:
        ValueError: There is a map that cannot be used.
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
    """Depth in a HEIC file.

    Args:
        data: The file.
        photo: Width and height of the upright photo.
        packet: The map's XMP.
        size: Width and height of the first depth image as libheif returns it: turned upright, since the file gives
            the map the same rotation as the photo.

    Raises:
        ValueError: There is a map that cannot be used.
    """
    if size is None:
        return None
    if packet is None:
        raise ValueError("it does not say what its values mean")
    encoding = _encoding_of(xmp.parse(packet))
    if encoding is None:
        return None
    if size[0] * size[1] > codec.MAX_PIXELS:
        raise ValueError(f"its picture has {size[0]}x{size[1]} pixels")
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
    """What a packet says of its map; None where it is of something else (a matte, a gain map)."""
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
        raise ValueError(f"its range from {low:g} to {high:g} makes no sense")
    code_low, code_high = 0.0 if codes[0] is None else codes[0], 255.0 if codes[1] is None else codes[1]
    if not 0 <= code_low < code_high <= 65535:
        raise ValueError(f"its numbers from {code_low:g} to {code_high:g} make no sense")
    details: dict[str, Any] = {"accuracy": accuracy or "not told", "low": low, "high": high}
    for name in ("Quality", "Filtered"):
        told = xmp.value(root, xmp.APPLE_DEPTH, name)
        if told:
            details[name.lower()] = told[:40]
    return _Encoding(kind, accuracy == "absolute", code_low, code_high, low, high, details)


def _read_jpeg(encoding: _Encoding, item: bytes, orientation: int) -> MetricDepth | RelativeDepth:
    codes, _ = codec.codes_of(item, f"The photo's depth ({encoding.standard})")
    return _decoded(encoding, upright_map(codes, orientation))


def _read_heif(encoding: _Encoding, data: bytes) -> MetricDepth | RelativeDepth:
    import pillow_heif

    try:
        codes = np.array(pillow_heif.open_heif(data).info["depth_images"][0])
    except MemoryError as error:
        raise PhotoError("The photo's depth is too large for this machine's memory.") from error
    # libheif's errors of damaged files come as OSError, ValueError, RuntimeError, EOFError, ...
    except Exception as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise PhotoError(
            f"The photo's depth ({encoding.standard}) is damaged ({said}); copy the photo again from where it came."
        ) from error
    if codes.ndim == 3:
        codes = codes[..., 0]
    return _decoded(encoding, codes)


def _decoded(encoding: _Encoding, codes: NDArray) -> MetricDepth | RelativeDepth:
    v = (codes.astype(np.float64) - encoding.code_low) / (encoding.code_high - encoding.code_low)
    values = encoding.low + v * (encoding.high - encoding.low)
    if encoding.kind == "disparity" and not encoding.absolute:
        return RelativeDepth(values.astype(np.float32), np.ones(values.shape, np.bool_))
    # No disparity, or depth, of nothing or less: not known.
    valid = (values > 1 / FARTHEST_M) if encoding.kind == "disparity" else (values > 0)
    if not valid.any():
        raise PhotoError(f"The photo's depth ({encoding.standard}) has no value above 0.")
    inverted = np.divide(1, values, out=np.zeros_like(values), where=valid).astype(np.float32)
    if not encoding.absolute:
        return RelativeDepth(inverted, valid)
    return MetricDepth(inverted if encoding.kind == "disparity" else values.astype(np.float32), valid)
