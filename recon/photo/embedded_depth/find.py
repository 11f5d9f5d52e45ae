"""Finds the depth map embedded in a photo file, in any supported format."""

from collections.abc import Callable, Sequence
from functools import partial

from recon.photo.embedded_depth import apple, google, xmp
from recon.types import CarriedDepth

UNDERSTOOD = (
    "Apple's portrait depth in HEIC and JPEG, "
    "Google's depth map XMP (GDepth) and Android's Dynamic Depth in JPEG"
)
"""Supported formats, for messages."""
_IN_JPEG = (
    ("Dynamic Depth", google.DYNAMIC.encode(), google.find_dynamic),
    ("Google depth map", google.GDEPTH.encode(), google.find_gdepth),
    ("Apple", xmp.APPLE_DEPTH.encode(), apple.find_in_jpeg),
)
"""Each format is parsed only if its namespace occurs in the file; most photos contain none."""


def find_depth(
    data: bytes,
    kind: str,
    *,
    width: int,
    height: int,
    orientation: int,
    notes: list[str],
    heif_packet: bytes | None = None,
    heif_size: tuple[int, int] | None = None,
) -> CarriedDepth | None:
    """The description of an embedded depth map, without decoding its pixels. Fast for files without one.

    Args:
        data: The file's bytes.
        kind: ``JPEG`` or ``HEIF``; no other format is supported.
        width: Width of the upright photo, px.
        height: Height of the upright photo, px.
        orientation: The EXIF orientation that was applied to the photo.
        notes: Receives a warning if a depth map cannot be used.
        heif_packet: XMP of a HEIC's depth image.
        heif_size: Width and height of a HEIC's first depth image.
    """
    photo = (width, height)
    finders: Sequence[tuple[str, Callable[[], CarriedDepth | None]]] = ()
    if kind == "JPEG":
        finders = [
            (name, partial(find, data, photo, orientation))
            for name, namespace, find in _IN_JPEG
            if namespace in data
        ]
    elif kind == "HEIF":
        finders = (
            (
                "Apple",
                lambda: apple.find_in_heif(data, photo, packet=heif_packet, size=heif_size),
            ),
        )
    for name, find in finders:
        try:
            carried = find()
        except ValueError as error:
            notes.append(f"The depth map in the file ({name}) was ignored: {error}.")
            continue
        if carried is not None:
            return carried
    return None
