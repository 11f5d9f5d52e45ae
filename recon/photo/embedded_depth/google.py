"""Depth maps that Android cameras store in JPEG files, in Google's two formats.

*Depth Map Metadata* ("GDepth", developers.google.com/depthmap-metadata) stores the map as base64 text in XMP
properties, usually in extended XMP. *Dynamic Depth 1.0* (developer.android.com, 2019) describes the map and its range
in XMP and appends the map to the image file. Both encode a depth d, in their units, as a fraction v of the largest
pixel value (depthmap-metadata, "Encoding"):

    RangeLinear:  d = near + v (far - near)
    RangeInverse: d = far near / (far - v (far - near))
"""

import base64
import binascii
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.errors import PhotoError
from recon.photo.embedded_depth import codec, xmp
from recon.photo.embedded_depth.jpeg_segments import head_end, picture_end
from recon.photo.orientation import same_shape_either_way_up, upright_map, upright_size
from recon.types import FARTHEST_M, BoolMap, CarriedDepth, MetricDepth, RelativeDepth

GDEPTH = "http://ns.google.com/photos/1.0/depthmap/"
DYNAMIC = "http://ns.google.com/photos/dd/1.0/depthmap/"
_CAMERA = "http://ns.google.com/photos/dd/1.0/camera/"
_CONTAINERS = (
    ("http://ns.google.com/photos/dd/1.0/container/", "http://ns.google.com/photos/dd/1.0/item/"),
    ("http://ns.google.com/photos/1.0/container/", "http://ns.google.com/photos/1.0/container/item/"),
)
"""Namespaces of the directory and of its items: those of Dynamic Depth, and their successors."""
_METRES = {
    **dict.fromkeys(("m", "meter", "meters", "metre", "metres"), 1.0),
    **dict.fromkeys(("cm", "centimeters", "centimetres"), 0.01),
    **dict.fromkeys(("mm", "millimeters", "millimetres"), 0.001),
}
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF")


@dataclass(frozen=True)
class _Range:
    """How to convert the pixel values of a map to distances."""

    inverse: bool
    near: float
    far: float
    unit_m: float | None
    """Metres per unit; None if the file gives no unit of length."""
    along_ray: bool
    details: dict[str, Any]

    def distances(self, v: NDArray[np.float64]) -> NDArray[np.float64]:
        """Converts fractions (0 to 1) to depth in the file's units."""
        if self.inverse:
            return self.far * self.near / (self.far - v * (self.far - self.near))
        return self.near + v * (self.far - self.near)


def find_gdepth(data: bytes, photo: tuple[int, int], orientation: int) -> CarriedDepth | None:
    """Finds a depth map in the older format (GDepth).

    Args:
        data: The JPEG file.
        photo: Width and height of the upright photo.
        orientation: The photo's EXIF orientation; the map is stored in the same orientation.

    Raises:
        ValueError: A map exists but cannot be used.
    """
    if data.find(GDEPTH.encode(), 0, head_end(data)) < 0:
        return None
    packets = ElementTree.Element("packets")
    packets.extend(list(xmp.jpeg_packets(data)))
    text = xmp.value(packets, GDEPTH, "Data")
    if not text:
        raise ValueError("its Data is missing")
    width, height = (xmp.number(packets, GDEPTH, f"Image{side}") for side in ("Width", "Height"))
    # Some programs swap width and height along with the pixels, so accept both orders.
    if width and height and not same_shape_either_way_up((width, height), photo):
        raise ValueError(f"it belongs to an image of {width:g}x{height:g}, so the photo was cropped")
    confidence = xmp.value(packets, GDEPTH, "Confidence")
    return _carried(
        "Google depth map",
        _range_of(packets, GDEPTH),
        _unpacked(text),
        _unpacked(confidence) if confidence else None,
        photo,
        orientation,
    )


def find_dynamic(data: bytes, photo: tuple[int, int], orientation: int) -> CarriedDepth | None:
    """Finds a depth map in the Dynamic Depth 1.0 format; arguments and errors as in ``find_gdepth``."""
    if data.find(DYNAMIC.encode(), 0, head_end(data)) < 0:
        return None
    packets = ElementTree.Element("packets")
    packets.extend(list(xmp.jpeg_packets(data)))
    maps = [e for e in packets.iter(f"{{{_CAMERA}}}DepthMap") if _is_depth(e)]
    if not maps:
        return None
    uri = xmp.value(maps[0], DYNAMIC, "DepthURI")
    if not uri:
        raise ValueError("its DepthURI is missing")
    items = _items(packets)
    confidence_uri = xmp.value(maps[0], DYNAMIC, "ConfidenceURI")
    # Ignore a confidence map that is named but not listed.
    listed = confidence_uri if any(item.uri == confidence_uri for item in items) else None
    return _carried(
        "Dynamic Depth",
        _range_of(maps[0], DYNAMIC),
        _item(data, items, uri),
        _item(data, items, listed) if listed else None,
        photo,
        orientation,
    )


def _is_depth(element: ElementTree.Element) -> bool:
    semantic = xmp.value(element, DYNAMIC, "ItemSemantic")
    return (semantic is None or semantic.lower() == "depth") and (
        xmp.value(element, DYNAMIC, "Format") is not None
    )


def _range_of(root: ElementTree.Element, namespace: str) -> _Range:
    form = xmp.value(root, namespace, "Format") or "RangeInverse"
    if form.lower() not in ("rangeinverse", "rangelinear"):
        raise ValueError(f"its Format is {form[:40]!r}, not RangeInverse or RangeLinear")
    near, far = xmp.number(root, namespace, "Near"), xmp.number(root, namespace, "Far")
    if near is None or far is None:
        raise ValueError("its Near or Far is missing")
    inverse = form.lower() == "rangeinverse"
    if not (near < far and (near > 0 if inverse else near >= 0)):
        raise ValueError(f"its depth range from {near:g} to {far:g} is invalid")
    # According to GDepth, a missing unit means metres, but cameras that omit it do not record metric depth.
    units = xmp.value(root, namespace, "Units")
    measure = xmp.value(root, namespace, "MeasureType") or "OpticalAxis"
    details: dict[str, Any] = {
        "units": units or "not given",
        "near": near,
        "far": far,
        "format": "RangeInverse" if inverse else "RangeLinear",
    }
    software = xmp.value(root, namespace, "Software")
    if software:
        details["software"] = software[:80]
    along_ray = measure.lower() == "opticray"
    if along_ray:
        details["measure"] = "OpticRay"
    return _Range(inverse, near, far, _METRES.get((units or "").lower()), along_ray, details)


def _carried(
    standard: str,
    encoding: _Range,
    item: bytes,
    confidence: bytes | None,
    photo: tuple[int, int],
    orientation: int,
) -> CarriedDepth:
    size = upright_size(codec.size_of(item), orientation)
    codec.check_shape(size, photo)
    return CarriedDepth(
        gives="relative" if encoding.unit_m is None else "metric",
        standard=standard,
        width=size[0],
        height=size[1],
        read=partial(_read, standard, encoding, item, confidence, orientation),
        along_ray=encoding.along_ray,
        details=encoding.details,
    )


def _read(
    standard: str, encoding: _Range, item: bytes, confidence: bytes | None, orientation: int
) -> MetricDepth | RelativeDepth:
    codes, top = codec.codes_of(item, f"The photo's depth ({standard})")
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        distance = encoding.distances(upright_map(codes, orientation).astype(np.float64) / top)
        metres = (distance * (encoding.unit_m or 1)).astype(np.float32)
    valid: BoolMap = np.isfinite(metres) & (metres > 0)
    if encoding.unit_m is not None:
        valid &= metres < FARTHEST_M
    if confidence is not None:
        certain, _ = codec.codes_of(confidence, f"The confidence map of the photo's depth ({standard})")
        certain = upright_map(certain, orientation)
        valid &= _nearest(certain, width=valid.shape[1], height=valid.shape[0]) > 0
    if not valid.any():
        raise PhotoError(f"The photo's depth map ({standard}) has no pixel with a known depth.")
    if encoding.unit_m is not None:
        return MetricDepth(metres, valid)
    # Only ratios are known: scale the near end to 1.
    scale = encoding.near or encoding.far
    with np.errstate(over="ignore"):
        inverse = np.divide(scale, distance, out=np.zeros_like(distance), where=valid).astype(np.float32)
    return RelativeDepth(inverse, valid & np.isfinite(inverse))


def _nearest(stored: NDArray[np.uint16], *, width: int, height: int) -> NDArray[np.uint16]:
    rows = (np.arange(height) * stored.shape[0]) // height
    return stored[np.ix_(rows, (np.arange(width) * stored.shape[1]) // width)]


def _unpacked(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("its base64 text is damaged") from error


@dataclass(frozen=True)
class _Item:
    uri: str | None
    length: int
    padding: int


def _items(root: ElementTree.Element) -> list[_Item]:
    """The directory of the file's items, in order; the first is the image itself."""
    for container, namespace in _CONTAINERS:
        directory = next(root.iter(f"{{{container}}}Directory"), None)
        if directory is None:
            continue
        items = []
        for entry in directory.iter(f"{{{xmp.RDF}}}li"):
            uri = xmp.value(entry, namespace, "DataURI")
            length, padding = (int(xmp.number(entry, namespace, n) or 0) for n in ("Length", "Padding"))
            if length < 0 or padding < 0:
                raise ValueError("an item of its directory has a negative length")
            items.append(_Item(uri, length, padding))
        return items
    raise ValueError("its directory of items is missing")


def _item(data: bytes, items: list[_Item], uri: str) -> bytes:
    """An item's bytes: items follow the first image without gaps, in the order of the directory."""
    index = next((i for i, item in enumerate(items) if item.uri == uri), None)
    if index is None or index == 0:
        raise ValueError(f"its directory does not list {uri[:60]!r}")
    length = items[index].length
    end = picture_end(data)
    starts = []
    if end is not None:
        starts.append(end + items[0].padding + sum(item.length + item.padding for item in items[1:index]))
    # A vendor may put other data between the image and its items, so also count from the end of the file.
    starts.append(len(data) - sum(item.length + item.padding for item in items[index + 1 :]) - length)
    for start in starts:
        if length and 0 < start <= len(data) - length and data[start : start + 16].startswith(_PICTURES):
            return data[start : start + length]
    raise ValueError(
        f"its {length} bytes are not at the position given in its directory; the file was truncated or edited"
    )
