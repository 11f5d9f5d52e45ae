"""Decodes images with 16 bits per channel or floating point, which Pillow truncates or cannot open."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.ExifTags import Base

from recon.photo.stated_colour import StatedColour

_MAX_SAMPLE_VALUE = 281
"""TIFF tag (TIFF 6.0, section 8), which Pillow does not name."""
_SIGNED, _FLOATS = 2, 3
"""Values of SampleFormat."""
_CIELAB = 8
_UNUSUAL_COLOURS = {
    _CIELAB: "L*a*b* colours of more than 8 bits", 9: "ICC L*a*b* colours", 10: "ITU L*a*b* colours",
    32803: "the mosaic of a sensor (camera raw)", 32844: "LogL values", 32845: "LogLuv colours",
    34892: "linear camera raw",
}  # fmt: skip
"""By PhotometricInterpretation."""
_DARK_BELOW = 4096
"""Images of 10 and 12 bits stored in 16 have no larger values."""


def is_deep_colour(picture: Image.Image) -> bool:
    """Whether the file stores 16 bits per channel, of which Pillow's decoder drops the lower eight.

    Call this before the pixels are loaded; Pillow discards the storage format when it loads them.
    """
    tiles = getattr(picture, "tile", [])
    args = tiles[0].args if tiles else None
    raw_mode = args[0] if isinstance(args, tuple) and args else args
    return picture.mode in ("RGB", "RGBA") and isinstance(raw_mode, str) and ";16" in raw_mode


def has_premultiplied_alpha(picture: Image.Image) -> bool:
    """Whether a TIFF says that its colours are multiplied by their alpha (ExtraSamples 1; TIFF 6.0, section 18)."""
    tags = getattr(picture, "tag_v2", None)
    return tags is not None and _first(tags.get(Base.ExtraSamples)) == 1


def decode_deep(
    data: bytes,
    notes: list[str],
    *,
    tags: Mapping[int, object] | None = None,
    premultiplied: bool = False,
    stated: StatedColour | None = None,
) -> Image.Image:
    """Decodes a file with OpenCV (which rotates TIFFs upright) and rounds to 8 bits (L, RGB or RGBA).

    Args:
        data: The file's bytes.
        notes: Receives warnings for the user.
        tags: Of a TIFF: ``MaxSampleValue`` and ``PhotometricInterpretation`` are followed.
        premultiplied: Whether the colours of a TIFF are multiplied by their alpha (ExtraSamples 1).
        stated: Converted from, before rounding; None: sRGB, or a profile that the caller converts.

    Raises:
        ValueError: OpenCV cannot decode it.
    """
    import cv2

    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        stored = cv2.imdecode(np.frombuffer(_pixels_only(data), np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise ValueError("its pixels cannot be decoded") from error
    finally:
        cv2.utils.logging.setLogLevel(level)
    if stored is None:
        raise ValueError("its pixels cannot be decoded")
    if tags is not None and stored.dtype.kind == "i" and stored.ndim == 2:
        if stored.dtype == np.int8 and tags.get(Base.PhotometricInterpretation) == 0:
            stored = np.invert(stored)  # of 8 bits, OpenCV has turned the levels around
        return Image.fromarray(_grey_of_signed(stored, tags, notes))
    if tags is not None:
        stored = _as_tagged(stored, tags)
    if stated is not None and stored.ndim == 3 and stored.dtype == np.uint16:
        colours = stated.to_srgb(np.ascontiguousarray(stored[..., 2::-1]))[..., ::-1]
        eight = np.dstack([colours, *(to_8_bits(stored[..., k], notes) for k in range(3, stored.shape[2]))])
    else:
        eight = to_8_bits(stored, notes)
    channels = 1 if eight.ndim == 2 else eight.shape[2]
    if channels == 1:
        return Image.fromarray(eight.reshape(eight.shape[:2]))
    if channels not in (3, 4):
        raise ValueError(f"it has {channels} channels, expected 1, 3 or 4")
    ordered = np.ascontiguousarray(eight[..., [2, 1, 0, 3][:channels]])
    if premultiplied and channels == 4:
        return Image.frombytes("RGBa", (ordered.shape[1], ordered.shape[0]), ordered.tobytes())
    return Image.fromarray(ordered)


def _as_tagged(stored: NDArray[Any], tags: Mapping[int, object]) -> NDArray[Any]:
    """Values of a TIFF over the full range of 16 bits, and black to white; floats by 0 to 1."""
    largest = stored.max()
    if stored.dtype == np.uint16:
        white = _first(tags.get(_MAX_SAMPLE_VALUE))
        if white and max(255, int(largest)) <= white < 65535:
            stored = np.rint(stored * (65535 / white)).astype(np.uint16)
    if tags.get(Base.PhotometricInterpretation) == 0 and stored.ndim == 2:
        if stored.dtype.kind == "u":
            return np.iinfo(stored.dtype).max - stored
        return max(1.0, float(largest)) - stored
    return stored


def has_planes(tags: Mapping[int, object]) -> bool:
    """Whether a TIFF stores channels of over 8 bits one after the other, which Pillow and OpenCV garble."""
    planes, bits = _first(tags.get(Base.SamplesPerPixel)) or 1, _first(tags.get(Base.BitsPerSample)) or 1
    return _first(tags.get(Base.PlanarConfiguration)) == 2 and planes > 1 and bits > 8


def unsupported_kind(tags: Mapping[int, object]) -> str | None:
    """What a TIFF stores that neither Pillow nor OpenCV decode, or decode wrong; None for the usual kinds."""
    photometric, bits = (
        _first(tags.get(Base.PhotometricInterpretation)),
        _first(tags.get(Base.BitsPerSample)) or 1,
    )
    if photometric in _UNUSUAL_COLOURS and (bits > 8 or photometric != _CIELAB):
        return _UNUSUAL_COLOURS[photometric]
    if _first(tags.get(Base.SampleFormat)) == _FLOATS and bits < 32:
        return f"floats of {bits} bits"
    return None if bits in (1, 2, 4, 8, 10, 12, 14, 16, 32, 64) else f"{bits} bits per sample"


def _pixels_only(data: bytes) -> bytes:
    """A PNG without its ancillary chunks (lower-case names) except transparency, since libpng prints warnings about
    colour profiles to stderr. Other files are returned unchanged."""
    if not data.startswith(b"\x89PNG"):
        return data
    kept, at = [data[:8]], 8
    while at + 8 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        name = data[at + 4 : at + 8]
        if name[:1].isupper() or name == b"tRNS":
            kept.append(data[at:end])
        at = end
    return b"".join(kept)


def grey_tiff_to_8_bits(picture: Image.Image, notes: list[str]) -> Image.Image:
    """Converts a loaded grey TIFF of 9 to 32 bits to mode L, and one of floats to mode F, black to white, as its tags
    say (TIFF 6.0, section 8).

    White is the largest number of ``BitsPerSample``, or ``MaxSampleValue`` where that is smaller and no value is
    larger; ``PhotometricInterpretation`` 0 (WhiteIsZero) turns the levels around. Other images come back unchanged.
    """
    tags = getattr(picture, "tag_v2", None)
    if tags is not None and picture.mode in ("L", "I") and _first(tags.get(Base.SampleFormat)) == _SIGNED:
        values = np.asarray(picture).view(np.int8) if picture.mode == "L" else np.asarray(picture)
        grey = Image.fromarray(_grey_of_signed(values, tags, notes))
        grey.info.update(picture.info)
        return grey
    if tags is None or not picture.mode.startswith(("I", "F")):
        return picture
    if picture.mode == "I":
        values = np.asarray(picture)
        if _first(tags.get(Base.SampleFormat)) in (None, 1):  # unsigned, which Pillow reads as signed
            values = values.view(np.uint32)
        grey = Image.fromarray(to_8_bits(_as_tagged(values, tags), notes))
        grey.info.update(picture.info)
        return grey
    if picture.mode == "F":
        floats = Image.fromarray(_as_tagged(np.asarray(picture), tags))
        floats.info.update(picture.info)
        return floats
    values = np.asarray(picture)
    bits = _first(tags.get(Base.BitsPerSample)) or 16
    white = 2**bits - 1 if 8 < bits < 16 else 65535
    stated = _first(tags.get(_MAX_SAMPLE_VALUE))
    if stated and max(255, int(values.max())) <= stated < white:
        white = stated
    if tags.get(Base.PhotometricInterpretation) == 0:
        values = (white - np.minimum(values, white)).astype(values.dtype)
    eight = to_8_bits(values, notes) if white == 65535 else _scaled(values.astype(np.float64), white)
    grey = Image.fromarray(eight)
    grey.info.update(picture.info)
    return grey


def _grey_of_signed(values: NDArray[Any], tags: Mapping[int, object], notes: list[str]) -> NDArray[np.uint8]:
    """Grey of signed integers: 0 is black and the largest number of their bits white; with negative values, which no
    photo has, the smallest is black and the largest white."""
    values = values.astype(np.float64)
    low, high = float(values.min()), float(values.max())
    if low < 0:
        notes.append(
            f"The image stores signed integers: {low:.0f} is shown as black and {high:.0f} as white."
        )
        values, white = values - low, high - low
    else:
        white = 2.0 ** ((_first(tags.get(Base.BitsPerSample)) or 16) - 1) - 1
    values = white - values if tags.get(Base.PhotometricInterpretation) == 0 else values
    return _scaled(values, max(white, 1.0))


def _first(value: object) -> int | None:
    """A tag's value, or the first of several."""
    if isinstance(value, tuple):
        value = value[0] if value else None
    return value if isinstance(value, int) else None


def to_8_bits(values: NDArray[Any], notes: list[str]) -> NDArray[np.uint8]:
    """Scales stored values to 0 (black) to 255 (white).

    16-bit integers are divided by 257, wider integers by their maximum if it exceeds 65535. For floats, 0 is black
    and 1 (or the maximum, if larger) is white. Negative and non-finite values become black.
    """
    if values.dtype == np.uint8:
        return values.view(np.uint8)
    if values.dtype.kind in "iub":
        white = float(max(65535, values.max()))
        if white == 65535:
            if 255 < values.max() < _DARK_BELOW:
                notes.append(
                    f"The image uses 16 bits, but its largest value is {values.max()}: it appears nearly "
                    "black. If it holds 10 or 12 bits, scale it to the full range."
                )
            # Integer division with rounding: 257 levels of 16 bits make one level of 8 bits.
            return ((np.maximum(values, 0).astype(np.uint32) + 128) // 257).astype(np.uint8)
        notes.append(
            f"The image has more than 16 bits per channel: its maximum, {white:.0f}, is shown as white."
        )
        return _scaled(values.astype(np.float64), white)
    if values.dtype.kind != "f":
        raise ValueError(f"its values have the unsupported type {values.dtype}")
    finite = np.isfinite(values)
    if not finite.all():
        notes.append(
            f"{np.count_nonzero(~finite)} values of the image are not finite and are shown as black."
        )
        values = np.where(finite, values, 0)
    white = max(1.0, float(values.max()))
    notes.append(
        f"The image contains floating-point values: 0 is shown as black and {white:g} as white, assuming sRGB."
    )
    return _scaled(values, white)


def _scaled(values: NDArray[Any], white: float) -> NDArray[np.uint8]:
    return np.rint(np.clip(values / white, 0, 1) * 255).astype(np.uint8)
