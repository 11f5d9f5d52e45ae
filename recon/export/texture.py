"""The photo as a texture file: its bytes and its name."""

import re
import unicodedata
import zlib
from io import BytesIO

from recon.types import Photo


def texture_jpeg(photo: Photo) -> bytes:
    """The photo as JPEG: the file's own bytes where they show it as it is, else encoded anew.

    Encoded at quality 98 without chroma subsampling, which keeps every photo we know to 44 dB or better; at 95 a
    street full of leaves comes to 38.
    """
    if photo.jpeg_bytes is not None:
        return photo.jpeg_bytes
    from PIL import Image

    picture = Image.fromarray(photo.rgb)
    for optimize in (True, False):
        buffer = BytesIO()
        try:
            picture.save(buffer, "JPEG", quality=98, subsampling=0, optimize=optimize)
            break
        except OSError:
            # Pillow optimises in a buffer of two bytes a pixel, and a picture full of noise has more.
            if not optimize:
                raise
    return buffer.getvalue()


def plain_name(name: str) -> str:
    """A name in letters that every reader takes; still another one for another name.

    A space ends a name in some readers of OBJ, MTL and PLY, and letters beyond ASCII are read by each in its own code
    page.
    """
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", ascii_only)
    lost_letters = len(unicodedata.normalize("NFKD", name)) != len(ascii_only)
    return f"{plain or 'scene'}_{zlib.crc32(name.encode()):08x}" if lost_letters else plain
