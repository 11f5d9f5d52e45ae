"""Separates the alpha channel of an image: what is transparent has no geometry."""

import numpy as np
from PIL import Image

_OPAQUE = 255


def split_alpha(picture: Image.Image, notes: list[str]) -> tuple[Image.Image, Image.Image | None]:
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
    if picture.mode.startswith(
        "I"
    ):  # one grey level of 16 bits; Pillow's conversion to RGBA would clip the others
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


def on_white(picture: Image.Image, present: Image.Image) -> Image.Image:
    """Makes white what is not present."""
    return Image.composite(picture, Image.new(picture.mode, picture.size, "white"), present)
