"""Converts decoded images of any mode and colour profile to 8-bit sRGB."""

import io

import numpy as np
from PIL import Image, ImageCms

from recon.photo.high_bit_depth import to_8_bits

_IMPERCEPTIBLE = 2
"""A profile that changes no colour by more than this many of 255 levels is treated as sRGB."""

_SPACE_OF_MODE = {"RGB": "RGB ", "L": "GRAY", "CMYK": "CMYK"}


def to_srgb(picture: Image.Image, notes: list[str]) -> Image.Image:
    """Converts a loaded image without transparency to mode RGB in sRGB.

    Args:
        picture: Loaded, of any mode; ``info["icc_profile"]`` is honoured.
        notes: Receives warnings for the user.

    Returns:
        The same object if no conversion was needed.

    Raises:
        ValueError: Pillow cannot convert the mode.
    """
    profile = picture.info.get("icc_profile")
    if picture.mode[0] in "IF":
        picture = Image.fromarray(to_8_bits(np.asarray(picture), notes))
    elif picture.mode not in _SPACE_OF_MODE:
        picture = picture.convert("L" if picture.mode == "1" else "RGB")
    if profile:
        picture = _from_profile(picture, profile, notes)
    if picture.mode == "CMYK":
        notes.append("The image is CMYK without a usable colour profile; its colours are approximate.")
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _from_profile(picture: Image.Image, profile: bytes, notes: list[str]) -> Image.Image:
    """Converts with an ICC profile (relative colorimetric with black point compensation, as image editors do)."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if picture.mode == "L" and source.profile.xcolor_space == _SPACE_OF_MODE["RGB"]:
            picture = picture.convert("RGB")  # programs leave the profile in when they make a picture grey
        if source.profile.xcolor_space != _SPACE_OF_MODE[picture.mode]:
            raise ImageCms.PyCMSError(f"it is for {source.profile.xcolor_space.strip()} images")
        transform = ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            picture.mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        if picture.mode == "RGB" and _is_srgb(transform):
            return picture
        return transform.apply(picture)
    except (ImageCms.PyCMSError, OSError, ValueError) as error:
        notes.append(f"The colour profile is broken and was ignored ({error}); colours may be inaccurate.")
        return picture


def _is_srgb(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether the transform to sRGB leaves a lattice over all colours unchanged."""
    levels = np.arange(0, 256, 17, dtype=np.uint8)
    lattice = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(
        len(levels), -1, 3
    )
    moved = np.asarray(transform.apply(Image.fromarray(lattice)))
    return bool(np.abs(moved.astype(np.int16) - lattice).max() <= _IMPERCEPTIBLE)
