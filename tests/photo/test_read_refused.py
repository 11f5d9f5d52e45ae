"""What is no picture, or a damaged one, is one sentence and nothing else."""

import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from picture_files import NOISE, UPRIGHT, by_opencv, chunk, encoded, file, heic
from PIL import Image

from recon.errors import PhotoError
from recon.photo.read import read_photo


@pytest.fixture(autouse=True)
def _quiet(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """No decoder may write to the terminal, not even from C; a test of damage may take back what it said."""
    yield
    assert capfd.readouterr() == ("", "")


def refused(path: Path, **how: int) -> str:
    with pytest.raises(PhotoError) as error:
        read_photo(path, **how)
    message = str(error.value)
    assert str(path) in message
    assert "\n" not in message
    assert "<" not in message.replace(str(path), "")
    return message


def test_what_is_no_picture_is_named_in_one_sentence(tmp_path: Path) -> None:
    assert "does not exist" in refused(tmp_path / "missing.jpg")
    assert "folder" in refused(tmp_path)
    assert "empty" in refused(file(tmp_path, "empty.jpg", b""))
    assert "not a supported image file" in refused(file(tmp_path, "text.jpg", b"Dear diary,\n" * 100))
    assert "not a supported image file" in refused(
        file(tmp_path, "film.heic", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(99))
    )
    assert refused(Path("a\0b.jpg")) if sys.platform != "win32" else True


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = file(tmp_path, "a.png", encoded(UPRIGHT, "PNG"))

    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)
    assert "permission" in refused(path)


def test_a_huge_picture_is_refused_by_its_header(tmp_path: Path) -> None:
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"x\x9c") + chunk(b"IEND", b"")
    message = refused(file(tmp_path, "bomb.png", bomb))
    assert "100000x100000" in message
    assert "max_pixels" in message


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.heic", "float.tiff"])
def test_the_limit_is_the_callers(name: str, tmp_path: Path) -> None:
    data = {
        "a.png": lambda: encoded(UPRIGHT, "PNG"),
        "a.jpg": lambda: encoded(UPRIGHT, "JPEG"),
        "a.heic": lambda: heic(UPRIGHT),
        "float.tiff": lambda: by_opencv(UPRIGHT.astype(np.float32) / 255, ".tiff"),
    }[name]()
    path = file(tmp_path, name, data)
    assert read_photo(path, max_pixels=64 * 48).width == 48
    assert "48x64" in refused(path, max_pixels=64 * 48 - 1)


def test_pillows_own_limit_neither_stops_us_nor_is_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert read_photo(file(tmp_path, "a.png", encoded(UPRIGHT, "PNG"))).warnings == ()
    assert Image.MAX_IMAGE_PIXELS == 100


def test_a_raw_file_is_not_taken_for_its_thumbnail(tmp_path: Path) -> None:
    data = encoded(UPRIGHT, "TIFF", tiffinfo={254: 1})
    assert "raw" in refused(file(tmp_path, "a.nef", data))


# What libtiff, and libpng inside OpenCV, print of damage from C; it cannot be caught without closing stderr.
OUTSPOKEN = {"tiff lzw", "tiff16", "png16"}

TRUNCATED = {
    "jpeg": lambda: encoded(NOISE, "JPEG"),
    "progressive": lambda: encoded(NOISE, "JPEG", progressive=True),
    "png": lambda: encoded(NOISE, "PNG"),
    "png16": lambda: by_opencv(NOISE.astype(np.uint16) * 257, ".png"),
    "webp": lambda: encoded(NOISE, "WEBP"),
    "tiff": lambda: encoded(NOISE, "TIFF"),
    "tiff lzw": lambda: encoded(NOISE, "TIFF", compression="tiff_lzw"),
    "tiff16": lambda: by_opencv(NOISE.astype(np.uint16) * 257, ".tiff"),
    "tiff float": lambda: by_opencv(NOISE.astype(np.float32) / 255, ".tiff"),
    "gif": lambda: encoded(NOISE, "GIF"),
    "bmp": lambda: encoded(NOISE, "BMP"),
    "heic": lambda: heic(NOISE),
    "avif": lambda: encoded(NOISE, "AVIF"),
}


@pytest.mark.parametrize("kind", TRUNCATED)
def test_a_cut_file_never_passes_for_another_picture(
    kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = TRUNCATED[kind]()
    rgb = read_photo(file(tmp_path, "whole", whole)).rgb
    refusals = 0
    for length in [*np.linspace(1, len(whole) - 1, 30).astype(int), len(whole) - 1, len(whole) - 2]:
        path = file(tmp_path, "cut", whole[:length])
        try:
            assert np.array_equal(read_photo(path).rgb, rgb)
        except PhotoError as error:
            refusals += 1
            assert str(path) in str(error)
            assert not {"\n", "<"} & set(str(error).replace(str(path), ""))
    assert refusals >= 29
    if kind in OUTSPOKEN:
        capfd.readouterr()


@pytest.mark.parametrize("kind", TRUNCATED)
def test_damaged_bytes_raise_nothing_but_photo_errors(
    kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = bytearray(TRUNCATED[kind]())
    rng = np.random.default_rng(4)
    for _ in range(40):
        damaged = bytearray(whole)
        for at in rng.integers(0, min(len(whole), 600), 4):
            damaged[at] = rng.integers(0, 256)
        try:
            assert read_photo(file(tmp_path, "damaged", bytes(damaged)), max_pixels=10**6).rgb.ndim == 3
        except PhotoError as error:
            assert "damaged" in str(error) or "megapixels" in str(error)
    if kind in OUTSPOKEN:
        capfd.readouterr()
