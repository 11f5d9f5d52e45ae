"""Pictures with known pixels, as the bytes of files of every kind."""

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]

# Eight-pixel squares of far-apart colours survive lossy codecs; no symmetry turns the picture into itself.
SQUARES = np.array(
    [
        [[255, 0, 0], [0, 255, 0], [0, 0, 255]],
        [[255, 255, 0], [0, 0, 0], [255, 255, 255]],
        [[0, 255, 255], [255, 0, 255], [200, 60, 30]],
        [[30, 60, 200], [120, 130, 140], [10, 90, 10]],
    ],
    np.uint8,
)
NOISE = np.random.default_rng(3).integers(0, 256, (64, 80, 3)).astype(np.uint8)
UPRIGHT = np.kron(SQUARES, np.ones((16, 16, 1), np.uint8))


def file(tmp_path: Path, name: str, data: bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


def encoded(picture: Image.Image | Pixels, kind: str, **how: object) -> bytes:
    """A picture file's bytes by Pillow."""
    out = io.BytesIO()
    picture = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    picture.save(out, kind, **how)
    return out.getvalue()


def by_opencv(pixels: NDArray[np.generic], suffix: str) -> bytes:
    """A picture file's bytes by OpenCV; colours in RGB(A) order."""
    if pixels.ndim == 3:
        pixels = np.ascontiguousarray(pixels[..., [2, 1, 0, 3][: pixels.shape[2]]])
    done, data = cv2.imencode(suffix, pixels)
    assert done
    return bytes(data)


def chunk(name: bytes, data: bytes) -> bytes:
    """A PNG's chunk (PNG, section 5.3)."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def heic(pixels: Pixels, **info: object) -> bytes:
    """A HEIC file's bytes; an orientation in its EXIF becomes the format's own rotation property."""
    picture = pillow_heif.from_pillow(Image.fromarray(pixels))
    picture.info.update(info)
    out = io.BytesIO()
    picture.save(out, quality=-1, chroma=444)
    return out.getvalue()


def oriented(orientation: int) -> tuple[Pixels, bytes]:
    """Stored pixels and EXIF that, turned as EXIF says, give UPRIGHT."""
    stored = {
        1: UPRIGHT,
        2: UPRIGHT[:, ::-1],
        3: UPRIGHT[::-1, ::-1],
        4: UPRIGHT[::-1],
        5: UPRIGHT.transpose(1, 0, 2),
        6: np.rot90(UPRIGHT),
        7: UPRIGHT[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(UPRIGHT, -1),
    }[orientation]
    tags = Image.Exif()
    tags[274] = orientation
    return np.ascontiguousarray(stored), tags.tobytes()


def apart(a: Pixels, b: Pixels) -> float:
    """Largest mean difference of the squares' middles, of 255 levels."""
    assert a.shape == b.shape
    blocks = np.abs(a.astype(float) - b).reshape(a.shape[0] // 16, 16, a.shape[1] // 16, 16, 3)
    return float(blocks[:, 4:12, :, 4:12].mean(axis=(1, 3)).max())


def tiff_with_orientation(data: bytes, orientation: int) -> bytes:
    """Adds the orientation to a little-endian TIFF by a new directory at its end (TIFF 6.0, section 2)."""
    assert data[:4] == b"II*\0"
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    entries = [data[at + 2 + 12 * i : at + 14 + 12 * i] for i in range(count)]
    entries.append(struct.pack("<HHIHH", 274, 3, 1, orientation, 0))
    entries.sort(key=lambda entry: int.from_bytes(entry[:2], "little"))
    directory = struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
    body = data + bytes(len(data) % 2)
    return body[:4] + struct.pack("<I", len(body)) + body[8:] + directory
