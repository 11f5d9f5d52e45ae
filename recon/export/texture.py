"""The photo as a texture file's bytes."""

from io import BytesIO

from recon.types import Photo


def texture_jpeg(photo: Photo) -> bytes:
    """The photo as JPEG: the file's own bytes where they show it as it is, else encoded anew.

    Encoded at quality 95 without chroma subsampling: the colours differ from the photo by what no eye sees.
    """
    if photo.jpeg_bytes is not None:
        return photo.jpeg_bytes
    from PIL import Image

    buffer = BytesIO()
    Image.fromarray(photo.rgb).save(buffer, "JPEG", quality=95, subsampling=0, optimize=True)
    return buffer.getvalue()
