"""Picture files of every kind become the same upright sRGB, or one sentence that says what is wrong."""

import io
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pillow_heif
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from recon.errors import PhotoError
from recon.photo import read_photo
from recon.types import Intrinsics

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


@pytest.fixture(autouse=True)
def _quiet(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """No decoder may write to the terminal, not even from C; a test of damage may take back what it said."""
    yield
    assert capfd.readouterr() == ("", "")


# ---- formats and modes


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


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
@pytest.mark.parametrize("channels", [0, 3, 4])
def test_16_bits_are_rounded_not_cut(suffix: str, channels: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    deep = rng.integers(0, 65536, (20, 30, channels) if channels else (20, 30)).astype(np.uint16)
    deep[0, :4] = np.array([0, 128, 129, 65535]).reshape(4, *[1] * (deep.ndim - 2))
    if channels == 4:
        deep[..., 3] = 65535
    rgb = read_photo(file(tmp_path, "a" + suffix, by_opencv(deep, suffix))).rgb
    expected = np.rint(deep / 257).astype(np.uint8)
    expected = expected[..., :3] if channels else np.repeat(expected[..., None], 3, axis=2)
    assert np.array_equal(rgb, expected)


@pytest.mark.parametrize("channels", [0, 3])
def test_a_float_tiff_is_black_to_white_from_0_to_1(channels: int, tmp_path: Path) -> None:
    values = np.random.default_rng(2).random((20, 30, channels) if channels else (20, 30)).astype(np.float32)
    values[:2] = 1.0
    holes = values.copy()
    holes[5:9] = np.nan
    holes[9:11] = -np.inf
    clean, holed = (
        read_photo(file(tmp_path, f"{i}.tiff", by_opencv(v, ".tiff"))) for i, v in enumerate((values, holes))
    )
    expected = np.rint(values * 255).astype(np.uint8)
    assert np.array_equal(clean.rgb, expected if channels else np.repeat(expected[..., None], 3, axis=2))
    assert (holed.rgb[5:11] == 0).all()
    assert np.array_equal(holed.rgb[11:], clean.rgb[11:])
    assert any("floating-point" in note for note in clean.warnings)
    assert any("not finite" in note for note in holed.warnings)


def test_a_float_tiff_brighter_than_1_is_scaled_to_its_brightest(tmp_path: Path) -> None:
    values = np.linspace(0, 8, 600, dtype=np.float32).reshape(20, 30)
    photo = read_photo(file(tmp_path, "a.tiff", by_opencv(values, ".tiff")))
    assert np.array_equal(photo.rgb[..., 0], np.rint(values / 8 * 255).astype(np.uint8))
    assert any("8 as white" in note for note in photo.warnings)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_modes_without_transparency_look_as_pillow_shows_them(mode: str, kind: str, tmp_path: Path) -> None:
    picture = Image.fromarray(UPRIGHT).convert(mode)
    photo = read_photo(file(tmp_path, "a", encoded(picture, kind)))
    assert np.array_equal(photo.rgb, np.asarray(picture.convert("RGB")))
    assert photo.warnings == ()


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_transparency_is_shown_on_white_and_told(mode: str, kind: str, tmp_path: Path) -> None:
    pixels = np.zeros((16, 16, 4), np.uint8)
    pixels[:8, :, 3], pixels[8:12, :, 3] = 255, 51
    how = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    picture = Image.fromarray(pixels).convert(mode)
    photo = read_photo(file(tmp_path, "a", encoded(picture, kind, **how)))
    assert (photo.rgb[:8] == 0).all()
    assert (photo.rgb[8:12] == 204).all()
    assert (photo.rgb[12:] == 255).all()
    assert any("50.0%" in note and "white" in note for note in photo.warnings)


def test_an_alpha_channel_that_hides_nothing_is_no_warning(tmp_path: Path) -> None:
    photo = read_photo(file(tmp_path, "a", encoded(Image.fromarray(UPRIGHT).convert("RGBA"), "PNG")))
    assert np.array_equal(photo.rgb, UPRIGHT)
    assert photo.warnings == ()


@pytest.mark.parametrize("transparency", [1, b"\xff\x00\xff"])
def test_a_palette_with_transparency_is_shown_on_white(transparency: object, tmp_path: Path) -> None:
    picture = Image.new("P", (4, 4))
    picture.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    picture.putdata([0, 1, 2, 1] * 4)
    photo = read_photo(file(tmp_path, "a", encoded(picture, "PNG", transparency=transparency)))
    assert photo.rgb[0].tolist() == [[10, 20, 30], [255, 255, 255], [70, 80, 90], [255, 255, 255]]


def test_a_transparent_16_bit_png_is_shown_on_white(tmp_path: Path) -> None:
    deep = np.full((4, 4, 4), 65535, np.uint16)
    deep[..., :3] = 1000
    deep[:, 2:, 3] = 0
    photo = read_photo(file(tmp_path, "a.png", by_opencv(deep, ".png")))
    assert (photo.rgb[:, :2] == 4).all()
    assert (photo.rgb[:, 2:] == 255).all()


def test_cmyk_is_converted_and_told(tmp_path: Path) -> None:
    picture = Image.fromarray(UPRIGHT).convert("CMYK")
    photo = read_photo(file(tmp_path, "a", encoded(picture, "JPEG", quality=95)))
    assert apart(photo.rgb, UPRIGHT) <= 8
    assert photo.jpeg_bytes is None
    assert any("CMYK" in note for note in photo.warnings)


def test_of_an_mpo_the_first_picture_is_read(tmp_path: Path) -> None:
    second = Image.fromarray(np.ascontiguousarray(UPRIGHT[::-1]))
    data = encoded(UPRIGHT, "MPO", save_all=True, append_images=[second], quality=95)
    photo = read_photo(file(tmp_path, "a.jpg", data))
    assert apart(photo.rgb, UPRIGHT) <= 40
    assert apart(photo.rgb, UPRIGHT) < apart(photo.rgb, UPRIGHT[::-1])
    assert photo.jpeg_bytes is None
    assert photo.warnings == ()


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "WEBP", "PNG"])
def test_of_several_pictures_the_first_is_used_and_told(kind: str, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    how = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **how)
    photo = read_photo(file(tmp_path, "a", data))
    assert (photo.rgb == [255, 0, 0]).all()
    assert any("first" in note for note in photo.warnings)


def test_the_jpeg_bytes_show_what_rgb_shows(tmp_path: Path) -> None:
    data = encoded(UPRIGHT, "JPEG", comment=b"kept")
    photo = read_photo(file(tmp_path, "a.jpg", data))
    assert photo.jpeg_bytes == data
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(data))), photo.rgb)
    grey = encoded(Image.fromarray(UPRIGHT).convert("L"), "JPEG")
    assert read_photo(file(tmp_path, "grey.jpg", grey)).jpeg_bytes is None


# ---- colour profiles

SRGB_D50 = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])
P3_D50 = np.array([[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]])


def profile(kind: bytes, columns: NDArray[np.float64], gamma: float) -> bytes:
    """A version 2 ICC profile with one gamma for all channels (ICC.1:2001-04, sections 6.1 to 6.5)."""

    def xyz(values: NDArray[np.float64]) -> bytes:
        return b"XYZ " + bytes(4) + b"".join(struct.pack(">i", round(v * 65536)) for v in values)

    text = b"text" + bytes(4) + b"none\0"
    name = b"desc" + bytes(4) + struct.pack(">I", 5) + b"test\0" + bytes(8 + 3 + 67)
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))
    tags = {b"desc": name, b"cprt": text, b"wtpt": xyz(np.array([0.9642, 1.0, 0.8249]))}
    if kind == b"RGB ":
        tags |= {c + b"XYZ": xyz(columns[:, i]) for i, c in enumerate((b"r", b"g", b"b"))}
        tags |= {c + b"TRC": curve for c in (b"r", b"g", b"b")}
    else:
        tags |= {b"kTRC": curve}
    table, body, start = b"", b"", 128 + 4 + 12 * len(tags)
    for key, value in tags.items():
        table += key + struct.pack(">II", start + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    head = struct.pack(">I4sI4s4s4s", start + len(body), bytes(4), 0x02400000, b"mntr", kind, b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def srgb_of_p3(rgb: NDArray[np.uint8], gamma: float) -> NDArray[np.float64]:
    """The same colour in sRGB, 0 to 255 (IEC 61966-2-1), clipped to what sRGB can show."""
    linear = np.linalg.solve(SRGB_D50, P3_D50 @ (rgb / 255) ** gamma).clip(0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize(
    "colour", [(255, 0, 0), (200, 100, 50), (128, 128, 128), (90, 120, 80), (255, 255, 255)]
)
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "WEBP", "HEIF"])
def test_display_p3_becomes_srgb(kind: str, colour: tuple[int, int, int], tmp_path: Path) -> None:
    pixels = np.full((16, 16, 3), colour, np.uint8)
    icc = profile(b"RGB ", P3_D50, 2.2)
    data = (
        heic(pixels, icc_profile=icc, icc_profile_type="prof")
        if kind == "HEIF"
        else encoded(pixels, kind, icc_profile=icc, **({"lossless": True} if kind == "WEBP" else {}))
    )
    photo = read_photo(file(tmp_path, "a", data))
    expected = srgb_of_p3(np.array(colour, np.uint8), 2.2)
    assert np.abs(photo.rgb[8, 8] - expected).max() <= (5 if kind in ("JPEG", "HEIF") else 1.5)
    assert photo.jpeg_bytes is None
    assert photo.warnings == ()


def test_transparency_survives_the_profile(tmp_path: Path) -> None:
    pixels = np.full((2, 2, 4), (200, 100, 50, 255), np.uint8)
    pixels[0, :, 3] = 0
    data = encoded(pixels, "PNG", icc_profile=profile(b"RGB ", P3_D50, 2.2))
    rgb = read_photo(file(tmp_path, "a", data)).rgb
    assert (rgb[0] == 255).all()
    assert np.abs(rgb[1] - srgb_of_p3(np.array([200, 100, 50], np.uint8), 2.2)).max() <= 1.5


def test_a_grey_profile_is_honoured(tmp_path: Path) -> None:
    grey = Image.fromarray(np.full((4, 4), 128, np.uint8))
    rgb = read_photo(file(tmp_path, "a", encoded(grey, "PNG", icc_profile=profile(b"GRAY", P3_D50, 1.0)))).rgb
    linear = 128 / 255
    assert np.abs(rgb - 255 * (1.055 * linear ** (1 / 2.4) - 0.055)).max() <= 1.5


def test_an_srgb_profile_changes_nothing(tmp_path: Path) -> None:
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = encoded(UPRIGHT, "JPEG", icc_profile=icc)
    assert read_photo(file(tmp_path, "a.jpg", data)).jpeg_bytes == data


@pytest.mark.parametrize("icc", [b"no profile", bytes(200), profile(b"GRAY", P3_D50, 1.0)])
def test_a_broken_profile_is_a_warning(icc: bytes, tmp_path: Path) -> None:
    photo = read_photo(file(tmp_path, "a", encoded(UPRIGHT, "PNG", icc_profile=icc)))
    assert np.array_equal(photo.rgb, UPRIGHT)
    assert any("profile" in note for note in photo.warnings)


def test_a_broken_profile_of_a_16_bit_png_is_a_warning_and_silent(tmp_path: Path) -> None:
    plain = by_opencv(UPRIGHT.astype(np.uint16) * 257, ".png")
    data = plain[:33] + chunk(b"iCCP", b"x\0\0" + zlib.compress(b"no profile")) + plain[33:]
    photo = read_photo(file(tmp_path, "a.png", data))
    assert np.array_equal(photo.rgb, UPRIGHT)
    assert any("profile" in note for note in photo.warnings)


def test_colours_that_are_not_converted_are_told(tmp_path: Path) -> None:
    colours = {
        "color_primaries": 12,
        "transfer_characteristics": 13,
        "matrix_coefficients": 6,
        "full_range_flag": 1,
    }
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(UPRIGHT)).save(out, nclx_profile=colours, save_nclx_profile=True)
    assert any("wide-gamut" in note for note in read_photo(file(tmp_path, "a.heic", out.getvalue())).warnings)


# ---- focal length and intrinsics


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


DEPTH_XMP = """<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:d="http://ns.apple.com/depthData/1.0/">
<d:IntrinsicMatrixReferenceWidth>{0}</d:IntrinsicMatrixReferenceWidth>
<d:IntrinsicMatrixReferenceHeight>{1}</d:IntrinsicMatrixReferenceHeight>
<d:IntrinsicMatrix><rdf:Seq><rdf:li>{2}</rdf:li><rdf:li>0</rdf:li><rdf:li>0</rdf:li><rdf:li>0</rdf:li>
<rdf:li>{3}</rdf:li><rdf:li>0</rdf:li><rdf:li>{4}</rdf:li><rdf:li>{5}</rdf:li><rdf:li>1</rdf:li></rdf:Seq>
</d:IntrinsicMatrix></rdf:Description></rdf:RDF></x:xmpmeta>"""


@pytest.mark.parametrize("orientation", range(1, 9))
def test_intrinsics_turn_with_the_picture(orientation: int, tmp_path: Path) -> None:
    """A white dot at the stored principal point is at the upright one."""
    stored = np.zeros((96, 128, 3), np.uint8)
    stored[16:24, 88:96] = 255  # Its middle is (92, 20), in px from the corner.
    tags = Image.Exif()
    tags[274] = orientation
    xmp = DEPTH_XMP.format(256, 192, 200.0, 210.0, 184.0, 40.0)
    photo = read_photo(file(tmp_path, "a.heic", heic(stored, exif=tags.tobytes(), xmp=xmp.encode())))
    camera = photo.intrinsics
    assert camera is not None
    rows, columns = np.nonzero(photo.rgb[..., 0] > 128)
    assert (columns.mean() + 0.5, rows.mean() + 0.5) == pytest.approx((camera.cx, camera.cy))
    swapped = orientation >= 5
    assert (camera.fx, camera.fy) == ((105.0, 100.0) if swapped else (100.0, 105.0))
    assert camera.source == "file"


def test_intrinsics_of_another_shape_are_left_out(tmp_path: Path) -> None:
    xmp = DEPTH_XMP.format(4032, 3024, 3000, 3000, 2000, 1500).encode()
    photo = read_photo(file(tmp_path, "a.heic", heic(np.zeros((64, 128, 3), np.uint8), xmp=xmp)))
    assert photo.intrinsics is None
    assert any("cropped" in note for note in photo.warnings)


@pytest.mark.parametrize(
    "numbers", [(0, 0, 1, 1, 1, 1), (4, 3, -1, -1, 2, 1), (4, 3, "nan", 1, 1, 1), (4, 3, "<", 1, 1, 1)]
)
def test_broken_intrinsics_are_a_warning(numbers: tuple[object, ...], tmp_path: Path) -> None:
    xmp = DEPTH_XMP.format(*numbers).encode()
    photo = read_photo(file(tmp_path, "a.heic", heic(np.zeros((48, 64, 3), np.uint8), xmp=xmp)))
    assert photo.intrinsics is None
    assert any("intrinsics" in note for note in photo.warnings)


# ---- what cannot be read


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
    assert "not a picture" in refused(file(tmp_path, "text.jpg", b"Dear diary,\n" * 100))
    assert "not a picture" in refused(
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

NOISE = np.random.default_rng(3).integers(0, 256, (64, 80, 3)).astype(np.uint8)
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
            assert "\n" not in str(error)
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


# ---- real files


def test_the_import_is_light() -> None:
    code = "import sys, recon.photo; print({'cv2', 'pillow_heif', 'torch', 'open3d'} & set(sys.modules))"
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
            assert photo.jpeg_bytes == path.read_bytes()


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


def test_the_iphones_true_intrinsics(shared_data: Path) -> None:
    photo = read_photo(shared_data / "exif" / "pug.heic")
    camera = photo.intrinsics
    assert isinstance(camera, Intrinsics)
    assert (camera.width, camera.height, camera.source) == (4032, 3024, "file")
    assert [camera.fx, camera.fy, camera.cx, camera.cy] == pytest.approx(
        [3032.594, 3032.594, 1988.451, 1512.307]
    )
    assert photo.exif_focal_px == pytest.approx(camera.fx, rel=0.002)


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
    assert any("damaged" in note for note in photo.warnings)
    assert photo.jpeg_bytes is None
