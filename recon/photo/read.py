"""Reads an image file into an upright sRGB ``Photo``; the only module that handles orientation, colour and metadata.

Broken metadata in a readable image gives a warning, broken pixels a ``PhotoError``.
"""

import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image
from PIL.ExifTags import Base

from recon.errors import PhotoError
from recon.photo import exif, heif, tiff
from recon.photo.embedded_depth.find import find_depth
from recon.photo.embedded_depth.xmp import APPLE_DEPTH
from recon.photo.high_bit_depth import (
    decode_deep,
    grey_tiff_to_8_bits,
    has_premultiplied_alpha,
    is_deep_colour,
)
from recon.photo.jpeg_picture import split_jpeg
from recon.photo.opaque_srgb import opaque_srgb
from recon.photo.orientation import upright_picture
from recon.photo.panorama import GPANO, panorama_frame, panorama_projection, projection_in_jpeg
from recon.photo.stated_colour import StatedColour, of_container, of_exif, of_png
from recon.types import PanoramaFrame, Photo

MAX_PIXELS = 250_000_000
"""Default limit of the image size: the largest phone sensors have 200 megapixels."""

Panoramas = Literal["refuse", "accept", "assume"]

_SIGNATURES = {
    "JPEG": (b"\xff\xd8\xff",),
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "GIF": (b"GIF8",),
    "TIFF": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
}

_pillow_limit = threading.Lock()
_decoding = threading.Lock()


@dataclass(frozen=True)
class _Decoded:
    picture: Image.Image
    """Decoded, in the mode of the file."""
    tags: exif.Tags
    orientation: int
    """EXIF orientation of the file, 1 to 8."""
    stated: StatedColour | None
    """Colour that the file states without a profile, and that is to be converted."""
    turned: bool
    """Whether the decoder has already applied it."""
    panorama: PanoramaFrame | None = None


def read_photo(path: str | Path, *, max_pixels: int = MAX_PIXELS, panoramas: Panoramas = "refuse") -> Photo:
    """Reads an image file, rotates it upright and converts it to sRGB.

    Supports JPEG (for MPO, the first image), PNG, WebP, TIFF, HEIC, AVIF, BMP and GIF; 8 and 16 bits, floats, grey,
    palette, CMYK and transparency. ``rgb`` of the result may be read-only.

    Args:
        path: The file.
        max_pixels: A larger image is refused before it is decoded.
        panoramas: ``refuse``; ``accept``: those whose metadata states which directions they show get
            ``Photo.panorama``; ``assume``: 2:1 pictures without such metadata show all directions.

    Raises:
        PhotoError: The file is missing, not an image, damaged, too large, or a panorama of another kind.
    """
    path = Path(path)
    data, kind = _read_file(path)
    notes: list[str] = []
    with _warnings_of_this_thread() as caught, _damage_as_photo_error(path, kind):
        decoded = _decode(path, data, kind, max_pixels, panoramas, notes)
        whole = _has_jpeg_end(decoded.picture, notes)
        srgb, present = opaque_srgb(decoded.picture, decoded.stated, notes)
        unchanged = srgb is decoded.picture and srgb.format == "JPEG" and decoded.orientation == 1 and whole
        if not decoded.turned:
            srgb = upright_picture(srgb, decoded.orientation)
            present = None if present is None else upright_picture(present, decoded.orientation)
    notes += caught

    jpeg = split_jpeg(data) if unchanged else None
    width, height = srgb.size
    if decoded.panorama is not None and decoded.orientation != 1:
        raise PhotoError(f"{path} is a panorama that its EXIF metadata turns; save it upright.")
    focal = exif.focal_length(decoded.tags, width=width, height=height)
    intrinsics = None
    if kind in ("JPEG", "HEIF") and APPLE_DEPTH.encode() in data:
        intrinsics = heif.apple_intrinsics(
            data, width=width, height=height, orientation=decoded.orientation, notes=notes
        )
    carried = find_depth(
        data,
        kind,
        width=width,
        height=height,
        orientation=decoded.orientation,
        notes=notes,
        heif_packet=heif.depth_packet(data) if kind == "HEIF" else None,
        heif_size=heif.depth_size(decoded.picture) if kind == "HEIF" else None,
    )
    return Photo(
        rgb=np.asarray(srgb),
        present=None if present is None else np.asarray(present) > 0,
        path=str(path),
        exif_focal_px=focal.focal_px,
        exif_focal_note=focal.note,
        intrinsics=intrinsics,
        warnings=tuple(dict.fromkeys(notes + ([focal.warning] if focal.warning else []))),
        jpeg_bytes=jpeg.picture if jpeg else None,
        jpeg_metadata=jpeg.metadata if jpeg else b"",
        carried=carried,
        panorama=decoded.panorama,
    )


@contextmanager
def _warnings_of_this_thread() -> Iterator[list[str]]:
    """The decoders' warnings that this thread raises; other threads of a batch keep theirs.

    Before Python 3.14 ``warnings`` has one state for all threads, so one photo is decoded at a time.
    """
    thread, caught = threading.get_ident(), list[str]()
    with _decoding, warnings.catch_warnings():
        shown = warnings.showwarning

        def keep(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
            if threading.get_ident() != thread:
                shown(message, category, *where, **more)
            elif issubclass(category, UserWarning | RuntimeWarning):
                caught.append(str(message))

        for kind in (UserWarning, RuntimeWarning):
            warnings.simplefilter("always", kind)
        warnings.showwarning = keep
        yield caught


def _read_file(path: Path) -> tuple[bytes, str]:
    """The file's bytes and its format, detected from the first bytes."""
    try:
        if path.is_dir():
            raise PhotoError(f"{path} is a folder; give an image file in it.")
        if path.exists() and not path.is_file():
            raise PhotoError(f"{path} is not a regular file; save the image to a file first.")
        with path.open("rb") as file:
            head = file.read(64)
            if not head:
                raise PhotoError(f"{path} is empty (0 bytes); copy it again from the source.")
            kind = _kind(head)
            if kind is None:
                raise PhotoError(
                    f"{path} is not a supported image file; export it as JPEG, PNG, WebP, TIFF or HEIC."
                )
            return head + file.read(), kind
    except FileNotFoundError as error:
        raise PhotoError(f"{path} does not exist; check the name and the folder.") from error
    except PermissionError as error:
        raise PhotoError(
            f"{path} cannot be read: permission denied; change the permissions of the file."
        ) from error
    except (OSError, ValueError) as error:
        raise PhotoError(f"{path} cannot be read ({error}); check the path and the disk.") from error


def _kind(head: bytes) -> str | None:
    """Pillow's name of the format, from the file's signature; None if it is not supported."""
    if head[4:8] == b"ftyp":
        return heif.kind_of_brands(head)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:2] == b"BM" and head[6:10] == bytes(4):
        return "BMP"
    return next((kind for kind, starts in _SIGNATURES.items() if head.startswith(starts)), None)


@contextmanager
def _damage_as_photo_error(path: Path, kind: str) -> Iterator[None]:
    """Converts any error of a decoder to a ``PhotoError``."""
    try:
        yield
    except PhotoError:
        raise
    except MemoryError as error:
        raise PhotoError(f"{path} does not fit in memory; scale it down.") from error
    # Decoders of damaged files raise OSError, SyntaxError, ValueError, EOFError, struct.error, KeyError, ...
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise PhotoError(
            f"{path} is truncated or damaged ({kind}: {reason}); copy it again from the source."
        ) from error


def _decode(
    path: Path, data: bytes, kind: str, max_pixels: int, panoramas: Panoramas, notes: list[str]
) -> _Decoded:
    def check_size(width: int, height: int) -> None:
        if width * height > max_pixels:
            raise PhotoError(
                f"{path} has {width}x{height} = {width * height / 1e6:.0f} megapixels, more than the limit of "
                f"{max_pixels / 1e6:.0f}; scale it down, or raise max_pixels of recon.photo.read.read_photo."
            )

    if kind == "HEIF":
        picture = heif.decode_heif(data, check_size)
        tags: exif.Tags = exif.read_tags(picture.getexif, notes)
        panorama = _panorama(str(path), picture, tags, b"", panoramas)
        # Only the rotation stored in the container counts, and libheif has applied it. Cameras write the same
        # rotation to EXIF, where pillow-heif resets it.
        written: exif.Tags = {Base.Orientation: picture.info.get("original_orientation") or 1}
        stated = stated_colour(picture, data, kind, tags, notes)
        return _Decoded(picture, tags, exif.orientation(written, notes), stated, True, panorama)
    try:
        picture = _open(data, kind)
    except Image.UnidentifiedImageError as error:
        if kind != "TIFF":
            raise ValueError("its header is invalid") from error
        picture, tags = tiff.decode_float(path, data, check_size, notes)
        return _Decoded(picture, tags, exif.orientation(tags, notes), None, turned=True)
    check_size(*picture.size)
    if kind == "TIFF":
        tiff.check_kind(path, picture.getexif())
    deep = kind != "JPEG" and is_deep_colour(picture)
    premultiplied = kind == "TIFF" and has_premultiplied_alpha(picture)
    # The EXIF of a PNG may follow its pixels, so load first; Pillow drops the orientation of a TIFF when it loads it.
    if kind != "TIFF":
        picture.load()
    tags = exif.read_tags(picture.getexif, notes)
    picture.load()
    panorama = _panorama(str(path), picture, tags, data if kind == "JPEG" else b"", panoramas)
    if kind != "JPEG" and getattr(picture, "is_animated", False):
        notes.append("The file contains several images; only the first is used.")
    stated = stated_colour(picture, data, kind, tags, notes)
    if kind == "TIFF":
        tiff.check_interleaved(path, tags)
        picture = grey_tiff_to_8_bits(picture, notes)
    # Clipboards write 32-bit BMPs whose fourth byte is unused, so often that it is worth no warning.
    if kind == "BMP" and picture.mode == "RGBA" and picture.getchannel("A").getbbox() is None:
        picture = picture.convert("RGB")
    if deep:
        profile = picture.info.get("icc_profile")
        of_tiff = tags if kind == "TIFF" else None
        picture = decode_deep(data, notes, tags=of_tiff, premultiplied=premultiplied, stated=stated)
        picture.info["icc_profile"], stated = profile, None
    # Both Pillow and OpenCV apply the orientation of a TIFF when they decode it, but not that of other formats.
    return _Decoded(picture, tags, exif.orientation(tags, notes), stated, kind == "TIFF", panorama)


def _open(data: bytes, kind: str) -> Image.Image:
    """Reads the header only."""
    # Pillow's limit is lower than ours and cannot be set per call; ours is checked right after this.
    with _pillow_limit:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            return Image.open(io.BytesIO(data), formats=[kind])
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def stated_colour(
    picture: Image.Image, data: bytes, kind: str, tags: exif.Tags, notes: list[str]
) -> StatedColour | None:
    """The colour that the file states in another way than by a profile; None for sRGB, or by a profile.

    Args:
        picture: Loaded.
        data: The file's bytes; empty for a picture without a file, of which Pillow has kept less.
        kind: Pillow's name of the format.
        tags: EXIF.
        notes: Receives warnings for the user.
    """
    if kind == "PNG":
        return of_png(picture, data, notes)
    if picture.info.get("icc_profile"):
        return None
    if kind in ("HEIF", "AVIF"):
        return of_container(data, notes)
    space = tags.get(Base.ColorSpace)
    return of_exif(picture.getexif(), space) if space in (2, 65535) else None


def check_not_panorama(name: str, picture: Image.Image, tags: exif.Tags, jpeg: bytes = b"") -> None:
    """Panoramas have no focal length: unprojected as a pinhole camera's, they give a wrong scene.

    Args:
        name: Of the picture, for the message.
        picture: Loaded, as stored; its XMP is looked at.
        tags: Its EXIF.
        jpeg: Contents of its file, in which there may be more XMP.

    Raises:
        PhotoError: It is one.
    """
    xmp = picture.info.get("xmp")
    source, projection = "XMP", None if xmp is None else panorama_projection(xmp)
    if projection is None and GPANO.encode() in jpeg:
        projection = projection_in_jpeg(jpeg)
    if projection is None and tags:
        source, projection = "EXIF", exif.panorama_by_exif(tags, width=picture.width, height=picture.height)
    if projection:
        raise PhotoError(
            f"{name} is not a perspective photo: its {source} metadata says {projection} panorama; give it alone to "
            "recon build or recon depth, or cut a perspective view out of it and give the field of view with --fov."
        )


def _panorama(
    name: str, picture: Image.Image, tags: exif.Tags, jpeg: bytes, panoramas: Panoramas
) -> PanoramaFrame | None:
    """How a panorama lies around the camera; None for a perspective photo.

    Raises:
        PhotoError: It is a panorama, and these are refused; or it does not say which directions it shows.
    """
    if panoramas == "refuse":
        check_not_panorama(name, picture, tags, jpeg)
        return None
    width, height = picture.size
    frame, xmp = None, picture.info.get("xmp")
    try:
        if xmp is not None or GPANO.encode() in jpeg:
            frame = panorama_frame(xmp, jpeg, width=width, height=height)
    except ValueError as error:
        raise PhotoError(f"{name} is a panorama that cannot be used: {error}.") from error
    if frame is None and panoramas == "assume":
        if width != 2 * height:
            raise PhotoError(
                f"{name} has {width} x {height} px: without GPano metadata, a panorama must be equirectangular and "
                "twice as wide as high; crop or resize it to 2:1, or add the metadata."
            )
        return PanoramaFrame("equirectangular", width, height)
    if frame is None and exif.panorama_by_exif(tags, width=width, height=height) == "equirectangular":
        return PanoramaFrame("equirectangular", width, height)
    if frame is None:
        check_not_panorama(name, picture, tags, jpeg)
    return frame


def _has_jpeg_end(picture: Image.Image, notes: list[str]) -> bool:
    """Whether a JPEG is complete. The decoder fills missing data with exact mid-grey, which gives a warning."""
    if picture.format not in ("JPEG", "MPO") or picture.mode not in ("RGB", "L"):
        return True
    width, height = picture.size
    grey = np.asarray(picture.crop((max(width - 8, 0), 0, width, height))) == 128
    rows = grey.reshape(height, -1).all(axis=1)
    missing = height if rows.all() else int(np.argmin(rows[::-1]))
    if not 8 <= missing < height:
        return True
    notes.append(f"The image is probably truncated: its last {missing} rows are uniformly grey.")
    return False
