"""Reads a 12-megapixel JPEG into an array: recon, and libraries that decode it.

    python -m tools.bench.reading [--rounds 9]

recon uses Pillow's decoder, and also reads the colour profile, orientation, EXIF and embedded depth. The others only
decode. OpenCV and PyTurboJPEG (where it is installed, and its system library) are faster, since they decode to
the array itself; they return pixels for truncated files without a warning, and ignore colour profiles.
"""

import argparse
import io
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from PIL import Image

from recon.photo.read import read_photo
from tools.bench.geometry import scene_of
from tools.bench.timing import alternate, milliseconds, table

TITLES = ("reads a 12 MP JPEG", "time", "ours / this")


def _ways(path: Path) -> dict[str, Callable[[], object]]:
    data = path.read_bytes()
    ways: dict[str, Callable[[], object]] = {
        "recon.photo.read.read_photo": lambda: read_photo(path),
        "Pillow": lambda: np.asarray(Image.open(io.BytesIO(data))),
        "OpenCV": lambda: cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB),
    }
    try:
        from turbojpeg import TJPF_RGB, TurboJPEG  # type: ignore[import-not-found, import-untyped, unused-ignore]

        turbo = TurboJPEG()
    except (ImportError, RuntimeError, OSError):
        return ways
    return {**ways, "PyTurboJPEG": lambda: turbo.decode(data, pixel_format=TJPF_RGB)}


def report(rounds: int = 9) -> str:
    """The table."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "photo.jpg"
        Image.fromarray(scene_of(4000, 3000).photo.rgb).save(path, "JPEG", quality=92)
        result = alternate(_ways(path), rounds)
    ours = next(iter(result.values()))
    return table(TITLES, [[name, milliseconds(each), str(ours.over(each))] for name, each in result.items()])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    print(report(parser.parse_args().rounds))
