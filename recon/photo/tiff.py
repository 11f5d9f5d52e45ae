"""What only TIFF files need: the kinds that are refused, and colours in floating point, which Pillow cannot open."""

from collections.abc import Callable
from pathlib import Path

from PIL import Image
from PIL.ExifTags import Base

from recon.errors import PhotoError
from recon.photo import exif
from recon.photo.high_bit_depth import decode_deep, has_planes, unsupported_kind


def decode_float(
    path: Path, data: bytes, check_size: Callable[[int, int], None], notes: list[str]
) -> tuple[Image.Image, exif.Tags]:
    """Decodes a floating-point colour TIFF, with the orientation applied, and reads its tags.

    Args:
        path: The file, for messages.
        data: Its bytes.
        check_size: Refuses a width and height that are too large.
        notes: Receives warnings for the user.

    Raises:
        PhotoError: It stores values or an order of channels that recon does not read.
        ValueError: It is damaged.
    """
    block = Image.Exif()
    block.load(data)  # EXIF is laid out as a TIFF, so Pillow's EXIF reader reads a TIFF's directory.
    tags = exif.read_tags(lambda: block, notes)
    width, height = tags.get(Base.ImageWidth), tags.get(Base.ImageLength)
    if not (isinstance(width, int) and isinstance(height, int)):
        raise ValueError("its header is invalid")
    check_size(width, height)
    _check_stored(path, tags)
    check_interleaved(path, tags)
    picture = decode_deep(data, notes, tags=tags)
    picture.info["icc_profile"] = tags.get(Base.InterColorProfile)
    return picture, tags


def check_kind(path: Path, tags: exif.Tags) -> None:
    """Refuses camera raw files, which are TIFFs whose first image is a thumbnail, and what recon does not read.

    Raises:
        PhotoError: It is one of those.
    """
    if Base.DNGVersion in tags or tags.get(Base.NewSubfileType) == 1:
        raise PhotoError(f"{path} is a camera raw file; convert it to JPEG or TIFF first.")
    _check_stored(path, tags)


def check_interleaved(path: Path, tags: exif.Tags) -> None:
    """Refuses separate planes of 16 bits or floats.

    Raises:
        PhotoError: The file has them.
    """
    if has_planes(tags):
        raise PhotoError(
            f"{path} stores its channels in separate planes of 16 bits or floats, which recon does not read; save it "
            "with interleaved channels, or 8 bits."
        )


def _check_stored(path: Path, tags: exif.Tags) -> None:
    stores = unsupported_kind(tags)
    if stores is not None:
        raise PhotoError(
            f"{path} stores {stores}, which recon does not read; save it as RGB or grey of 8 or 16 bits."
        )
