"""Picture files of every kind become the same upright picture, with their focal length."""

import io
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from picture_files import UPRIGHT, apart, by_opencv, encoded, file, heic, oriented, tiff_with_orientation
from PIL import Image

from recon.errors import PhotoError
from recon.photo import read
from recon.photo.read import read_photo


@pytest.fixture(autouse=True)
def _quiet(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """No decoder may write to the terminal, not even from C."""
    yield
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "GIF", "JPEG", "WEBP", "AVIF"])
def test_every_format_shows_the_same_picture(kind: str, tmp_path: Path) -> None:
    how = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
    photo = read_photo(file(tmp_path, "a", encoded(UPRIGHT, kind, **how)))
    assert apart(photo.rgb, UPRIGHT) <= (8 if kind in ("JPEG", "WEBP", "AVIF") else 0)
    assert photo.path == str(tmp_path / "a")
    assert photo.warnings == ()
    assert photo.exif_focal_px is None
    assert (photo.jpeg_bytes is not None) == (kind == "JPEG")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "WEBP", "AVIF"])
def test_every_orientation_is_turned_upright(kind: str, orientation: int, tmp_path: Path) -> None:
    stored, tags = oriented(orientation)
    how = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
    photo = read_photo(file(tmp_path, "a", encoded(stored, kind, exif=tags, **how)))
    assert apart(photo.rgb, UPRIGHT) <= (8 if kind in ("JPEG", "WEBP", "AVIF") else 0)
    assert (photo.jpeg_bytes is not None) == (kind == "JPEG" and orientation == 1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_heic_is_turned_once(orientation: int, tmp_path: Path) -> None:
    stored, tags = oriented(orientation)
    photo = read_photo(file(tmp_path, "a.heic", heic(stored, exif=tags)))
    assert apart(photo.rgb, UPRIGHT) <= 8
    assert photo.warnings == ()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("bits", ["16", "float"])
def test_a_deep_tiff_is_turned_upright_too(bits: str, orientation: int, tmp_path: Path) -> None:
    stored, _ = oriented(orientation)
    deep = stored.astype(np.uint16) * 257 if bits == "16" else stored.astype(np.float32) / 255
    data = tiff_with_orientation(by_opencv(deep, ".tiff"), orientation)
    assert np.array_equal(read_photo(file(tmp_path, "a.tiff", data)).rgb, UPRIGHT)


def test_of_an_mpo_the_first_picture_is_read(tmp_path: Path) -> None:
    second = Image.fromarray(np.ascontiguousarray(UPRIGHT[::-1]))
    data = encoded(UPRIGHT, "MPO", save_all=True, append_images=[second], quality=95)
    photo = read_photo(file(tmp_path, "a.jpg", data))
    assert apart(photo.rgb, UPRIGHT) <= 40
    assert apart(photo.rgb, UPRIGHT) < apart(photo.rgb, UPRIGHT[::-1])
    assert photo.jpeg_bytes is None
    assert photo.warnings == ()


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "WEBP", "PNG"])
def test_the_first_of_several_images_is_used_and_reported(kind: str, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    how = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **how)
    photo = read_photo(file(tmp_path, "a", data))
    assert (photo.rgb == [255, 0, 0]).all()
    assert any("first" in note for note in photo.warnings)


def test_the_jpeg_bytes_show_what_rgb_shows(tmp_path: Path) -> None:
    data = encoded(UPRIGHT, "JPEG")
    photo = read_photo(file(tmp_path, "a.jpg", data))
    assert photo.jpeg_bytes == data
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(data))), photo.rgb)
    grey = encoded(Image.fromarray(UPRIGHT).convert("L"), "JPEG")
    assert read_photo(file(tmp_path, "grey.jpg", grey)).jpeg_bytes is None


def test_the_exif_focal_length_is_of_the_upright_picture(tmp_path: Path) -> None:
    tags = Image.Exif()
    tags[274] = 6
    tags.get_ifd(0x8769)[41989] = 26
    for kind in ("JPEG", "PNG", "WEBP", "TIFF"):
        how = {"tiffinfo": {274: 6, 0x8769: {41989: 26}}} if kind == "TIFF" else {"exif": tags}
        photo = read_photo(file(tmp_path, kind, encoded(np.zeros((300, 400, 3), np.uint8), kind, **how)))
        assert (photo.width, photo.height) == (300, 400)
        assert photo.exif_focal_px == pytest.approx(26 / 43.2666 * 500)
        assert photo.exif_focal_note == "26 mm equivalent"


def test_broken_exif_is_a_warning(tmp_path: Path) -> None:
    data = encoded(
        UPRIGHT, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x03\x01\x12\0\x03\0\0\0\x09\xff\xff\xff\xff"
    )
    photo = read_photo(file(tmp_path, "a.jpg", data))
    assert photo.exif_focal_px is None
    assert photo.warnings
    assert np.array_equal(photo.rgb, np.asarray(Image.open(io.BytesIO(encoded(UPRIGHT, "JPEG")))))


def test_the_import_is_light() -> None:
    code = "import sys, recon.photo.read; print({'cv2', 'pillow_heif', 'torch', 'open3d'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_every_file_of_the_exif_folder_behaves(shared_data: Path) -> None:
    for path in sorted((shared_data / "exif").iterdir()):
        try:
            photo = read_photo(path)
        except PhotoError as error:
            assert str(path) in str(error)
            continue
        assert min(photo.width, photo.height) > 60
        assert photo.exif_focal_note
        if photo.jpeg_bytes is not None:
            again = Image.open(io.BytesIO(photo.jpeg_bytes))
            assert np.array_equal(np.asarray(again), photo.rgb)
            assert set(again.info) <= {
                "jfif",
                "jfif_version",
                "jfif_unit",
                "jfif_density",
                "dpi",
                "icc_profile",
            } | {"adobe", "adobe_transform", "progressive", "progression"}


@pytest.mark.parametrize(
    ("name", "focal_px"),
    [
        ("87_OSError.jpg", 90 / 43.2666 * np.hypot(1488, 2240)),
        ("DSCN0010.jpg", 112 / 43.2666 * 800),
        ("iphone_hdr_NO.jpg", 57 / 43.2666 * 4080),
        ("pug.heic", 26 / 43.2666 * 5040),
        ("HMD_Nokia_8.3_5G.jpg", None),
        ("landscape_6.jpg", None),
    ],
)
def test_focal_lengths_of_real_cameras(name: str, focal_px: float | None, shared_data: Path) -> None:
    photo = read_photo(shared_data / "exif" / name)
    assert photo.exif_focal_px == (None if focal_px is None else pytest.approx(focal_px))


@pytest.mark.parametrize("name", ["landscape_3", "landscape_6", "landscape_8", "portrait_6", "portrait_8"])
def test_real_orientations_show_the_upright_picture(name: str, shared_data: Path) -> None:
    def small(which: str) -> NDArray[np.float64]:
        rgb = read_photo(shared_data / "exif" / f"{which}.jpg").rgb
        return np.asarray(Image.fromarray(rgb).convert("L").resize((30, 30)), dtype=float)

    one, other = small(name.split("_")[0] + "_1"), small(name)
    agreement = np.corrcoef(one.ravel(), other.ravel())[0, 1]
    assert agreement > 0.95
    assert agreement > np.corrcoef(one.ravel(), other[::-1, ::-1].ravel())[0, 1] + 0.2


def test_a_broken_jpeg_is_shown_with_a_warning(shared_data: Path) -> None:
    photo = read_photo(shared_data / "exif" / "corrupted.jpg")
    assert any("truncated" in note for note in photo.warnings)
    assert photo.jpeg_bytes is None


def test_a_photo_has_the_warnings_of_its_own_thread_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a batch, other threads work while a photo is decoded."""
    decode = read._decode

    def with_warnings(*arguments: Any) -> Any:
        other = threading.Thread(target=warnings.warn, args=("of another thread", UserWarning))
        other.start()
        other.join()
        warnings.warn("of this thread", UserWarning, stacklevel=1)
        return decode(*arguments)

    monkeypatch.setattr(read, "_decode", with_warnings)
    path = file(tmp_path, "a.png", encoded(UPRIGHT, "PNG"))
    with pytest.warns(UserWarning, match="of another thread") as shown:
        photo = read_photo(path)
    assert photo.warnings == ("of this thread",)
    assert [str(each.message) for each in shown] == ["of another thread"]
