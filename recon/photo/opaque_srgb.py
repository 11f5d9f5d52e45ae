"""Converts decoded images of any mode, colour profile and transparency to opaque 8-bit sRGB."""

import io

import numpy as np
from PIL import Image, ImageCms

from recon.photo.high_bit_depth import to_8_bits
from recon.photo.stated_colour import StatedColour, convert

_IMPERCEPTIBLE = 2
"""A profile that changes no colour by more than this many of 255 levels is treated as sRGB."""

_OPAQUE = 255
_SPACE_OF_MODE = {"RGB": "RGB ", "L": "GRAY", "CMYK": "CMYK"}


def opaque_srgb(
    picture: Image.Image, stated: StatedColour | None, notes: list[str]
) -> tuple[Image.Image, Image.Image | None]:
    """Converts a loaded image of any mode to mode RGB in sRGB.

    Args:
        picture: Loaded; the same object is returned if nothing has to be converted.
        stated: Colour that it states without a profile (``recon.photo.stated_colour``).
        notes: Receives warnings for the user.

    Returns:
        The image, white where it is transparent, and where it is present: mode L, 255 or 0, or None for everywhere.
    """
    opaque, present = _split_alpha(picture, notes)
    if stated is not None:
        opaque = convert(opaque, stated)
    srgb = _to_srgb(opaque, notes)
    if present is not None:
        srgb = Image.composite(srgb, Image.new("RGB", srgb.size, "white"), present)
    return srgb, present


def _split_alpha(picture: Image.Image, notes: list[str]) -> tuple[Image.Image, Image.Image | None]:
    """Takes the alpha channel off a loaded image with transparency of any kind: a channel, a palette, one colour.

    Args:
        picture: Loaded, of any mode; premultiplied colours (``RGBa``) are divided by their alpha.
        notes: Receives warnings for the user.

    Returns:
        The image without alpha, in the colours of the file, and where it is present: mode L, 255 or 0, or None for
        the whole image. At the soft outline of a cut-out, a pixel is present from half the largest alpha on. An
        alpha that is 0 everywhere hides nothing: programs leave it unused, and no viewer shows an empty picture.
    """
    if not picture.has_transparency_data:
        return picture, None
    if picture.mode.startswith("I"):
        # One grey level of 16 bits is transparent; Pillow's conversion to RGBA would clip the others.
        hidden = np.asarray(picture) == picture.info["transparency"]
        alpha = Image.fromarray(np.where(hidden, 0, _OPAQUE).astype(np.uint8))
        opaque = picture.copy()
        del opaque.info["transparency"]
    else:
        straight = picture.convert("LA" if picture.mode in ("LA", "La") else "RGBA")
        alpha = straight.getchannel("A")
        opaque = straight.convert(straight.mode[:-1])
    highest = int(np.asarray(alpha).max())
    if highest == 0:
        notes.append("The alpha channel of the image is 0 everywhere and was ignored.")
        return opaque, None
    present = alpha.point([_OPAQUE if 2 * level >= highest else 0 for level in range(256)])
    clear = 1 - np.count_nonzero(np.asarray(present)) / (alpha.width * alpha.height)
    if not clear:
        return opaque, None
    notes.append(
        f"{100 * clear:.1f} % of the image is transparent: no geometry is made there (models see white)."
    )
    return opaque, present


def _to_srgb(picture: Image.Image, notes: list[str]) -> Image.Image:
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
