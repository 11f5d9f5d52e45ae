"""Reads HEIC and HEIF images, and the camera intrinsics that Apple stores with a depth image."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable

from PIL import Image

from recon.photo.embedded_depth.xmp import APPLE_DEPTH, RDF, parse
from recon.photo.orientation import same_shape, upright_camera
from recon.types import Intrinsics

_LARGEST_PX = 100_000
_FOCAL_PER_WIDTH = (0.1, 100.0)
"""Range of focal lengths in widths of the image: beyond, the numbers are damaged."""


def kind_of_brands(head: bytes) -> str | None:
    """Pillow's format name for the brands in the ``ftyp`` box (ISO/IEC 14496-12, 4.3)."""
    length = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, length - 3, 4))}
    if brands & {b"avif", b"avis"}:
        return "AVIF"
    return "HEIF" if brands & {b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"} else None


def decode_heif(data: bytes, check_size: Callable[[int, int], None]) -> Image.Image:
    """Decodes the primary image, which libheif rotates upright (``info["original_orientation"]``).

    Args:
        data: The file's bytes.
        check_size: Called with width and height before the pixels are decoded.

    Raises:
        ValueError: The file is damaged or truncated; libheif may raise other errors as well.
    """
    import pillow_heif

    # libheif decodes a truncated file to an image with grey tiles, without an error.
    _check_complete(data)
    file = pillow_heif.open_heif(data)
    check_size(*file.size)
    return file.to_pillow()


def _check_complete(data: bytes) -> None:
    """Raises ValueError if the file ends inside its metadata or pixels (boxes: ISO/IEC 14496-12, 4.2)."""
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        # Size 0: the box extends to the end of the file. Data after the last box is a vendor's trailer.
        if size < 8:
            return
        if data[at + 4 : at + 8] in (b"ftyp", b"meta", b"mdat") and at + size > len(data):
            raise ValueError(f"{at + size - len(data)} bytes are missing at the end")
        at += size


def apple_intrinsics(
    data: bytes, *, width: int, height: int, orientation: int, notes: list[str]
) -> Intrinsics | None:
    """Camera intrinsics of the upright image, from the XMP of a depth image (AVCameraCalibrationData).

    Apple stores the matrix column by column, in px of a reference size, for the image in sensor orientation, with the
    origin "at the upper left of the frame". We take this as the corner of the first pixel, which is this project's
    convention, so no shift is needed.

    Args:
        data: The file's bytes (HEIC, or JPEG with additional images).
        width: Width of the upright image, px.
        height: Height of the upright image, px.
        orientation: The EXIF orientation that was applied.
        notes: Receives a warning if the intrinsics do not match the image.
    """
    packet = depth_packet(data)
    # Older files often have depth without camera calibration.
    if packet is None or b"IntrinsicMatrix" not in packet:
        return None
    try:
        stored = _stored_intrinsics(packet)
    except (ValueError, IndexError, TypeError, OverflowError) as error:
        notes.append(f"The camera intrinsics in the file are damaged and were ignored ({error}).")
        return None
    turned = upright_camera(stored, orientation)
    # Some programs rotate the matrix along with the pixels.
    upright = next((c for c in (turned, stored) if _fits(c, width, height)), None)
    if upright is None:
        notes.append(
            f"The camera intrinsics in the file are for a {stored.width}x{stored.height} image and were ignored: "
            f"this image is {width}x{height}, so it was cropped."
        )
        return None
    return upright.resized(width=width, height=height)


def depth_size(picture: Image.Image) -> tuple[int, int] | None:
    """Width and height of the first depth image of a decoded HEIC image, or None."""
    images = picture.info.get("depth_images")
    return images[0].size if images else None


def depth_packet(data: bytes) -> bytes | None:
    """The XMP packet with the range and calibration of the depth image. Packets are stored as plain text, so that
    they can be found without parsing the container (XMP specification, part 3)."""
    name = data.find(APPLE_DEPTH.encode())
    start, end = data.rfind(b"<x:xmpmeta", 0, name), data.find(b"</x:xmpmeta>", name)
    return data[start : end + len(b"</x:xmpmeta>")] if 0 <= start < name < end else None


def _stored_intrinsics(packet: bytes) -> Intrinsics:
    """The stored matrix, for its reference size."""
    root = parse(packet)

    def field(name: str) -> ElementTree.Element:
        element = next(root.iter(f"{{{APPLE_DEPTH}}}{name}"), None)
        if element is None:
            raise ValueError(f"{name} is missing")
        return element

    numbers = [float(item.text or "") for item in field("IntrinsicMatrix").iter(f"{{{RDF}}}li")]
    width, height = (int(field(f"IntrinsicMatrixReference{side}").text or "") for side in ("Width", "Height"))
    if not (min(width, height) >= 1 and max(width, height) <= _LARGEST_PX):
        raise ValueError(f"its reference size of {str(width)[:20]}x{str(height)[:20]} is out of range")
    if not all(
        _FOCAL_PER_WIDTH[0] <= each / width <= _FOCAL_PER_WIDTH[1] for each in (numbers[0], numbers[4])
    ):
        raise ValueError("its focal length is out of range")
    return Intrinsics(numbers[0], numbers[4], numbers[6], numbers[7], width, height, "file")


def _fits(camera: Intrinsics, width: int, height: int) -> bool:
    """Whether the camera's image has this aspect ratio."""
    return same_shape((camera.width, camera.height), (width, height))
