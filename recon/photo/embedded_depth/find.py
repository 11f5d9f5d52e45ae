"""Finds the depth inside a photo's file, whatever convention it follows."""

from collections.abc import Callable, Sequence
from functools import partial

from recon.photo.embedded_depth import apple, google, xmp
from recon.types import CarriedDepth

UNDERSTOOD = (
    "Apple's portrait depth in HEIC and JPEG, "
    "Google's depth map XMP (GDepth) and Android's Dynamic Depth in JPEG"
)
"""For messages: the conventions that are read."""
_IN_JPEG = (
    ("Dynamic Depth", google.DYNAMIC.encode(), google.find_dynamic),
    ("Google depth map", google.GDEPTH.encode(), google.find_gdepth),
    ("Apple", xmp.APPLE_DEPTH.encode(), apple.find_in_jpeg),
)
"""Only where its namespace stands in the file a convention is looked at any closer: most photos carry none."""


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
    """What the file says about depth that it carries; no pixel is decoded. A file without any is passed in no time.

    Args:
        data: The file's bytes.
        kind: ``JPEG`` or ``HEIF``; other formats carry none that is understood.
        width: Width of the upright photo, px.
        height: Height of the upright photo, px.
        orientation: The EXIF orientation that was applied to make the photo upright.
        notes: Gets a warning where there is depth that cannot be used.
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
            found = find()
        except ValueError as error:
            notes.append(f"The depth inside the file ({name}) was left out: {error}.")
            continue
        if found is not None:
            return found
    return None
