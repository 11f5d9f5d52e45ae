"""Writes pictures: encoded in memory, written in one piece."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image


def write_picture(path: Path, picture: "Image.Image", **how: Any) -> None:
    """Writes a Pillow image in the format of the path's suffix.

    Pillow's encoders write to a file's descriptor and do not notice that the system took only a part of their bytes:
    on a full disk, a JPEG that is cut off would count as written. Python's own files notice.

    Args:
        path: The file.
        picture: The image.
        how: Passed to ``Image.save``: ``quality``, ``compression``, ...

    Raises:
        OSError: The file cannot be written.
    """
    encoded = io.BytesIO()
    encoded.name = path.name  # its suffix selects the format
    picture.save(encoded, **how)
    path.write_bytes(encoded.getbuffer())
