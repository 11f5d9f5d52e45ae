"""Embedded depth is read as the file specifies, oriented like the photo, and never breaks reading the photo."""

import json
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from embedded_depth_files import (
    STANDARD,
    app1,
    apple_heic,
    apple_jpeg,
    apple_xmp,
    dynamic_jpeg,
    gdepth_jpeg,
    photo_jpeg,
    picture_of,
    with_segments,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from picture_files import chunk, file

from recon.depth import registry
from recon.depth.estimator import RunOptions
from recon.errors import PhotoError, ReconError
from recon.file_info.describe import describe
from recon.journal import Journal
from recon.photo.embedded_depth import codec
from recon.photo.embedded_depth.find import find_depth
from recon.photo.read import read_photo
from recon.types import CarriedDepth, MetricDepth, RelativeDepth

NEAR, FAR = 0.5, 8.0
Z = np.linspace(NEAR, FAR, 48 * 64).reshape(48, 64)
"""Depths of a map half the size of the photo, m."""
PHOTO = photo_jpeg(128, 96)


def codes_of(z: NDArray[np.float64], form: str) -> NDArray[np.uint16]:
    """16-bit numbers by the encoding side of the convention (depthmap-metadata, "Encoding")."""
    share = (z - NEAR) / (FAR - NEAR)
    if form == "RangeInverse":
        share = FAR * (z - NEAR) / (z * (FAR - NEAR))
    return np.rint(share * 65535).astype(np.uint16)


def carried_in(data: bytes, tmp_path: Path, name: str = "a.jpg") -> CarriedDepth:
    photo = read_photo(file(tmp_path, name, data))
    assert photo.warnings == ()
    assert photo.carried is not None
    return photo.carried


def metric(carried: CarriedDepth) -> MetricDepth:
    depth = carried.read()
    assert isinstance(depth, MetricDepth) and carried.gives == "metric"
    assert depth.z_m.shape == (carried.height, carried.width)
    return depth


def relative(carried: CarriedDepth) -> RelativeDepth:
    depth = carried.read()
    assert isinstance(depth, RelativeDepth) and carried.gives == "relative"
    return depth


@pytest.mark.parametrize("form", ["RangeInverse", "RangeLinear"])
@pytest.mark.parametrize("split", [None, 1000])
@pytest.mark.parametrize(("unit", "per_m"), [("m", 1), ("mm", 1000)])
def test_a_google_depth_map(form: str, split: int | None, unit: str, per_m: int, tmp_path: Path) -> None:
    data = gdepth_jpeg(
        PHOTO,
        picture_of(codes_of(Z, form)),
        split=split,
        Format=form,
        Near=NEAR * per_m,
        Far=FAR * per_m,
        Units=unit,
    )
    depth = metric(carried_in(data, tmp_path))
    assert depth.z_m == pytest.approx(Z, rel=1e-3)
    assert depth.valid.all()


@pytest.mark.parametrize("form", ["RangeInverse", "RangeLinear"])
@pytest.mark.parametrize("elements", [True, False])
@pytest.mark.parametrize("before", [b"", photo_jpeg(16, 16, progressive=True)])
@pytest.mark.parametrize("gap", [b"", b"\xff\xd9 a maker's own"])
@pytest.mark.parametrize("progressive", [True, False])
def test_dynamic_depth(
    form: str, elements: bool, before: bytes, gap: bytes, progressive: bool, tmp_path: Path
) -> None:
    data = dynamic_jpeg(
        photo_jpeg(128, 96, progressive=progressive),
        picture_of(codes_of(Z, form)),
        before=before,
        gap=gap,
        elements=elements,
        Format=form,
        Near=NEAR,
        Far=FAR,
        Units="Meters",
    )
    carried = carried_in(data, tmp_path)
    assert carried.standard == "Dynamic Depth"
    assert metric(carried).z_m == pytest.approx(Z, rel=1e-3)


@pytest.mark.parametrize(("units", "metres"), [("metre", 1.0), ("cm", 0.01), ("Millimetres", 0.001)])
def test_units_of_length_by_any_spelling(units: str, metres: float, tmp_path: Path) -> None:
    data = gdepth_jpeg(PHOTO, picture_of(codes_of(Z, "RangeInverse")), Near=NEAR, Far=FAR, Units=units)
    assert metric(carried_in(data, tmp_path)).z_m == pytest.approx(Z * metres, rel=1e-3)


@pytest.mark.parametrize("units", [None, "Diopters", "None"])
@pytest.mark.parametrize("write", [gdepth_jpeg, dynamic_jpeg])
def test_without_a_unit_of_length_depth_is_relative(
    write: Callable[..., bytes], units: str | None, tmp_path: Path
) -> None:
    data = write(PHOTO, picture_of(codes_of(Z, "RangeInverse")), Near=NEAR, Far=FAR, Units=units)
    inverse = relative(carried_in(data, tmp_path)).inverse
    assert inverse * Z == pytest.approx(np.full_like(Z, NEAR), rel=1e-3)


@pytest.mark.parametrize("write", [gdepth_jpeg, dynamic_jpeg])
@pytest.mark.parametrize("units", [None, "m"])
def test_a_range_that_nothing_has_leaves_a_sound_photo(
    write: Callable[..., bytes], units: str | None, tmp_path: Path
) -> None:
    data = write(PHOTO, picture_of(codes_of(Z, "RangeInverse")), Near=1e300, Far=1e308, Units=units)
    photo = read_photo(file(tmp_path, "a.jpg", data))
    assert photo.carried is not None
    with pytest.raises(PhotoError, match="no pixel with a known depth"):
        photo.carried.read()
    journal = Journal()
    assert registry.choose_auto(RunOptions(offline=True), journal, photo).name == "preview"
    assert units is None or any("ignored" in each.message for each in journal.entries)


@pytest.mark.parametrize("write", [gdepth_jpeg, dynamic_jpeg])
def test_no_confidence_is_no_depth(write: Callable[..., bytes], tmp_path: Path) -> None:
    sure = np.full((24, 32), 255, np.uint8)
    sure[:12, :8] = 0
    depth = picture_of(codes_of(Z, "RangeInverse"))
    metadata: dict[str, Any] = {"Near": NEAR, "Far": FAR, "Units": "m"}
    valid = metric(carried_in(write(PHOTO, depth, confidence=picture_of(sure), **metadata), tmp_path)).valid
    assert np.array_equal(valid, np.kron(sure > 0, np.ones((2, 2), bool)))
    nothing = write(PHOTO, depth, confidence=picture_of(np.zeros((24, 32), np.uint8)), **metadata)
    with pytest.raises(PhotoError, match="no pixel with a known depth"):
        carried_in(nothing, tmp_path).read()


def test_a_linear_range_from_zero_has_no_depth_at_zero(tmp_path: Path) -> None:
    codes = np.tile(np.arange(64, dtype=np.uint8), (48, 1))
    for units in ("m", None):
        data = gdepth_jpeg(PHOTO, picture_of(codes), Format="RangeLinear", Near=0, Far=10, Units=units)
        depth = carried_in(data, tmp_path).read()
        assert np.array_equal(depth.valid, codes > 0)


def test_eight_bit_jpeg_maps(tmp_path: Path) -> None:
    codes = np.full((48, 64), 100, np.uint8)
    data = gdepth_jpeg(
        PHOTO, picture_of(codes, "JPEG"), Format="RangeLinear", Near=1, Far=3.55, Units="m", Mime="image/jpeg"
    )
    assert metric(carried_in(data, tmp_path)).z_m == pytest.approx(np.full((48, 64), 2.0))


def test_depth_along_rays_is_reported(tmp_path: Path) -> None:
    metadata: dict[str, Any] = {"Near": NEAR, "Far": FAR, "Units": "m"}
    depth = picture_of(codes_of(Z, "RangeInverse"))
    assert not carried_in(gdepth_jpeg(PHOTO, depth, **metadata), tmp_path).along_ray
    assert carried_in(gdepth_jpeg(PHOTO, depth, MeasureType="OpticRay", **metadata), tmp_path).along_ray


CODES = np.tile(np.arange(64, dtype=np.uint8) * 4, (48, 1))


@pytest.mark.parametrize("between", [b"", with_segments(photo_jpeg(32, 24), app1(STANDARD + b"<x/>"))])
def test_an_apple_jpeg(between: bytes, tmp_path: Path) -> None:
    def read(xmp: bytes) -> CarriedDepth:
        return carried_in(apple_jpeg(PHOTO, picture_of(CODES, "JPEG"), xmp, between=between), tmp_path)

    step, wanted = 4 / 255, 0.5 + CODES / 255 * 4
    # The map is a JPEG: its numbers are off by one here and there.
    assert 1 / metric(read(apple_xmp())).z_m == pytest.approx(wanted, abs=1.01 * step)
    assert relative(read(apple_xmp(accuracy="relative"))).inverse == pytest.approx(wanted, abs=1.01 * step)
    assert read(apple_xmp(accuracy=None)).gives == "relative"
    in_m = apple_xmp(kind="depth", native=b"hdep")
    assert metric(read(in_m)).z_m == pytest.approx(wanted, abs=1.01 * step)
    in_some_unit = apple_xmp(kind="depth", native=b"hdep", accuracy="relative")
    assert 1 / relative(read(in_some_unit)).inverse == pytest.approx(wanted, abs=1.01 * step)


def test_no_disparity_is_no_depth(tmp_path: Path) -> None:
    data = apple_jpeg(PHOTO, picture_of(CODES, "JPEG"), apple_xmp(-1, 4.1))
    assert np.array_equal(metric(carried_in(data, tmp_path)).valid, CODES > 50)


def test_a_matte_is_no_depth(tmp_path: Path) -> None:
    data = apple_jpeg(PHOTO, picture_of(CODES, "JPEG"), apple_xmp(kind="depth", native=b"L008"))
    assert read_photo(file(tmp_path, "a.jpg", data)).carried is None


def _stored_photo_and_codes(height: int, width: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    pixels, codes = np.full((height, width, 3), 60, np.uint8), np.full((height, width), 16, np.uint8)
    pixels[: height // 2, width // 2 :], codes[: height // 2, width // 2 :] = 255, 240
    return pixels, codes


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("convention", ["gdepth", "dynamic", "apple", "heic"])
def test_depth_has_the_orientation_of_the_photo(convention: str, orientation: int, tmp_path: Path) -> None:
    """The white corner of the photo is what is near."""
    pixels, codes = _stored_photo_and_codes(96, 128)
    jpeg, far_codes = photo_jpeg(128, 96, orientation), picture_of(255 - codes)
    metadata: dict[str, Any] = {"Near": NEAR, "Far": FAR, "Units": "m"}
    data = {
        "gdepth": lambda: gdepth_jpeg(jpeg, far_codes, **metadata),
        "dynamic": lambda: dynamic_jpeg(jpeg, far_codes, **metadata),
        "apple": lambda: apple_jpeg(jpeg, picture_of(codes, "JPEG"), apple_xmp()),
        "heic": lambda: apple_heic(pixels, codes, apple_xmp(), orientation),
    }[convention]()
    photo = read_photo(file(tmp_path, "a", data))
    assert photo.warnings == () and photo.carried is not None
    white = photo.rgb[..., 0] > 150
    assert 0.2 < white.mean() < 0.3
    assert np.array_equal(metric(photo.carried).z_m < 1, white)


def test_a_heic_with_made_up_numbers(tmp_path: Path) -> None:
    pixels, codes = _stored_photo_and_codes(96, 128)
    carried = carried_in(apple_heic(pixels, codes, apple_xmp(0.5, 4.5)), tmp_path)
    assert 1 / metric(carried).z_m == pytest.approx(0.5 + codes / 255 * 4, rel=1e-6)
    assert carried.details["accuracy"] == "absolute"


GOOD = picture_of(codes_of(Z, "RangeInverse"))
RANGE: dict[str, Any] = {"Near": NEAR, "Far": FAR, "Units": "m"}
HUGE = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 45_000, 8, 0, 0, 0, 0))
HUGE += chunk(b"IDAT", b"x\x9c") + chunk(b"IEND", b"")
ENTITIES = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x>http://ns.google.com/photos/1.0/depthmap/ &a;</x>'
UNUSABLE = {
    "near over far": (gdepth_jpeg(PHOTO, GOOD, Near=8, Far=0.5, Units="m"), "range from 8 to 0.5"),
    "near is far": (dynamic_jpeg(PHOTO, GOOD, Near=2, Far=2, Units="Meters"), "range from 2 to 2"),
    "near is zero": (gdepth_jpeg(PHOTO, GOOD, Near=0, Far=2), "range from 0 to 2"),
    "not a number": (gdepth_jpeg(PHOTO, GOOD, Near="nan", Far=2), "Near is nan"),
    "infinite": (dynamic_jpeg(PHOTO, GOOD, Near=1, Far="inf"), "Far is inf"),
    "words": (gdepth_jpeg(PHOTO, GOOD, Near="near", Far=2), "not a number"),
    "no range": (gdepth_jpeg(PHOTO, GOOD, Near=1), "missing"),
    "unknown form": (dynamic_jpeg(PHOTO, GOOD, Format="Cubic", **RANGE), "Cubic"),
    "rubbish": (gdepth_jpeg(PHOTO, b"no picture", **RANGE), "damaged"),
    "not base64": (
        gdepth_jpeg(PHOTO, GOOD, **RANGE).replace(b'GDepth:Data="iV', b'GDepth:Data="!!'),
        "base64",
    ),
    "a lost piece": (gdepth_jpeg(PHOTO, GOOD, split=900, drop=1, **RANGE), "chunk"),
    "a lost end": (gdepth_jpeg(PHOTO, GOOD, split=900, drop=-1, **RANGE), "bytes"),
    "a huge map": (gdepth_jpeg(PHOTO, HUGE, **RANGE), "60000x45000|too large"),
    "a huge item": (dynamic_jpeg(PHOTO, HUGE, **RANGE), "60000x45000|too large"),
    "too long": (dynamic_jpeg(PHOTO, GOOD, length=10**9, **RANGE), "truncated or edited"),
    "longer than any file": (dynamic_jpeg(PHOTO, GOOD, length=10**30, **RANGE), "truncated or edited"),
    "no length": (dynamic_jpeg(PHOTO, GOOD, length=0, **RANGE), "truncated or edited"),
    "negative": (dynamic_jpeg(PHOTO, GOOD, length=-5, **RANGE), "negative"),
    "unknown item": (dynamic_jpeg(PHOTO, GOOD, DepthURI="elsewhere", **RANGE), "elsewhere"),
    "cut off": (dynamic_jpeg(PHOTO, GOOD, **RANGE)[: -len(GOOD)], "truncated or edited"),
    "another shape": (gdepth_jpeg(photo_jpeg(128, 64), GOOD, **RANGE), "cropped"),
    "of a larger picture": (gdepth_jpeg(PHOTO, GOOD, ImageWidth=400, ImageHeight=100, **RANGE), "cropped"),
    "entities": (with_segments(PHOTO, app1(STANDARD + ENTITIES)), "entities"),
    "apple's range": (apple_jpeg(PHOTO, picture_of(CODES, "JPEG"), apple_xmp(3, 1)), "3 to 1"),
    "apple's numbers": (apple_jpeg(PHOTO, picture_of(CODES, "JPEG"), apple_xmp(codes=(9, 9))), "9 to 9"),
    "no apple range": (apple_jpeg(PHOTO, picture_of(CODES, "JPEG"), apple_xmp(low=None)), "range"),
    "apple's shape": (apple_jpeg(photo_jpeg(96, 96), picture_of(CODES, "JPEG"), apple_xmp()), "cropped"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_depth_that_cannot_be_used_is_a_warning(case: str, tmp_path: Path) -> None:
    data, why = UNUSABLE[case]
    photo = read_photo(file(tmp_path, "a.jpg", data))
    assert photo.carried is None
    (warning,) = photo.warnings
    assert warning.startswith("The depth map in the file")
    assert re.search(why, warning), warning
    assert "\n" not in warning


def test_a_damaged_map_is_one_sentence(tmp_path: Path) -> None:
    cut = GOOD[: len(GOOD) // 2]
    for data in (gdepth_jpeg(PHOTO, cut, **RANGE), dynamic_jpeg(PHOTO, cut, **RANGE)):
        with pytest.raises(PhotoError, match="copy the photo again"):
            carried_in(data, tmp_path).read()


def test_reading_a_photo_decodes_no_map(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def decoded(*_: object) -> None:
        raise AssertionError("a map was decoded")

    monkeypatch.setattr(codec, "codes_of", decoded)
    assert carried_in(gdepth_jpeg(PHOTO, GOOD, **RANGE), tmp_path).gives == "metric"


SOUND = (
    gdepth_jpeg(PHOTO, GOOD, **RANGE, confidence=GOOD),
    gdepth_jpeg(PHOTO, GOOD, split=700, **RANGE),
    dynamic_jpeg(PHOTO, GOOD, before=photo_jpeg(16, 16), confidence=GOOD, **RANGE),
    apple_jpeg(PHOTO, picture_of(CODES, "JPEG"), apple_xmp()),
)


@settings(max_examples=250)
@given(st.integers(0, len(SOUND) - 1), st.data())
def test_any_damage_is_reported_or_harmless(which: int, draws: st.DataObject) -> None:
    """Bytes changed, inserted, removed or cut off anywhere: depth, a warning or a PhotoError, and nothing else."""
    damaged = bytearray(SOUND[which])
    for _ in range(draws.draw(st.integers(1, 4))):
        at = draws.draw(st.integers(0, max(len(damaged) - 1, 0)))
        how = draws.draw(st.sampled_from(("change", "insert", "remove", "cut")))
        piece = draws.draw(st.binary(min_size=1, max_size=4))
        if how == "cut":
            del damaged[max(at, 1) :]
        else:
            damaged[at : at + (0 if how == "insert" else len(piece))] = b"" if how == "remove" else piece
    notes: list[str] = []
    carried = find_depth(bytes(damaged), "JPEG", width=128, height=96, orientation=1, notes=notes)
    if carried is None:
        assert all(note.startswith("The depth map in the file") for note in notes)
        return
    try:
        depth = carried.read()
    except PhotoError as error:
        assert "\n" not in str(error)
    else:
        assert depth.valid.shape == (carried.height, carried.width)


def test_the_iphones_portrait(shared_data: Path) -> None:
    photo = read_photo(shared_data / "exif" / "pug.heic")
    carried = photo.carried
    assert carried is not None and photo.intrinsics is not None
    assert (carried.width, carried.height, carried.gives) == (768, 576, "relative")
    assert carried.details == {
        "accuracy": "relative",
        "low": 1.498047,
        "high": 4.382812,
        "quality": "high",
        "filtered": "True",
    }
    inverse = relative(carried).inverse
    assert (inverse.min(), inverse.max()) == pytest.approx((1.498047, 4.382812))
    # The dog's head, the wall behind it, the rim of its bed before it, in px of the photo.
    head, wall, rim = (float(inverse[y * 576 // 3024, x * 768 // 4032]) for x, y in
                       ((2300, 1700), (2300, 900), (3900, 2500)))  # fmt: skip
    assert wall < head < rim
    # Its nose, and the wall next to it: the outline in the depth map matches the dog's.
    nose, wall_beyond = (float(inverse[2030 * 576 // 3024, x * 768 // 4032]) for x in (2610, 2680))
    assert nose > wall_beyond + 0.5
    assert (photo.intrinsics.width, photo.intrinsics.height) == (photo.width, photo.height)


def test_photos_without_depth_carry_none(shared_data: Path) -> None:
    for name in ("iphone_hdr_NO.jpg", "DSCN0010.jpg", "HMD_Nokia_8.3_5G.jpg", "portrait_6.jpg"):
        assert read_photo(shared_data / "exif" / name).carried is None


def test_info_describes_embedded_depth_in_one_line(tmp_path: Path, shared_data: Path) -> None:
    result = describe(file(tmp_path, "a.jpg", gdepth_jpeg(PHOTO, GOOD, **RANGE)))
    (text,) = (value for label, value in result.rows() if label == "depth")
    assert text.startswith("Google depth map, 64x48, metric (units m, near 0.5, far 8") and "\n" not in text
    carried = result.as_dict()["carried_depth"]
    assert (carried["gives"], carried["near"], carried["width_px"]) == ("metric", 0.5, 64)
    assert ("depth", "none") in describe(file(tmp_path, "b.JPG", PHOTO)).rows()
    pug = describe(shared_data / "exif" / "pug.heic")
    assert any("relative" in value for label, value in pug.rows() if label == "depth")
    assert any("3032.59 px" in value for label, value in pug.rows() if label == "camera")
    assert json.dumps(pug.as_dict())
    with pytest.raises(ReconError, match="empty"):
        describe(file(tmp_path, "c.heic", b""))
