"""Focal lengths out of EXIF, and EXIF that is broken."""

from math import hypot

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.ExifTags import Base
from PIL.TiffImagePlugin import IFDRational

from recon.photo.exif import Tags, focal_length, focal_px_of_35mm, orientation, read_tags

W, H = 4000, 3000

# Pillow warns of broken blocks; the reader of photos turns that into a note.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

CAMERA: dict[int, object] = {Base.FocalLength: 5.0, Base.ExifImageWidth: W, Base.ExifImageHeight: H}


@given(f35=st.floats(8, 1000), w=st.integers(10, 9000), h=st.integers(10, 9000))
def test_the_diagonal_rule_does_not_care_for_the_turn(f35: float, w: int, h: int) -> None:
    tags: Tags = {Base.FocalLengthIn35mmFilm: f35}
    lying, standing = focal_length(tags, width=w, height=h), focal_length(tags, width=h, height=w)
    assert lying.focal_px == standing.focal_px == focal_px_of_35mm(f35, width=w, height=h)
    assert lying.focal_px == pytest.approx(f35 / hypot(36, 24) * hypot(w, h), rel=1e-5)
    assert lying.warning is None


@pytest.mark.parametrize("value", [0, -26, 3, 2001, 65535, float("inf")])
def test_an_absurd_35_mm_equivalent_is_ignored(value: float) -> None:
    focal = focal_length({Base.FocalLengthIn35mmFilm: value}, width=W, height=H)
    assert focal.focal_px is None
    assert focal.note


@pytest.mark.parametrize(
    "value", ["26", "", b"\x1a", (), (26, 26), None, IFDRational(26, 1), IFDRational(0, 0)]
)
def test_values_of_a_wrong_type_do_no_harm(value: object) -> None:
    for tag in (
        Base.FocalLengthIn35mmFilm,
        Base.FocalLength,
        Base.ExifImageWidth,
        Base.FocalPlaneXResolution,
    ):
        result = focal_length({**CAMERA, Base.FocalPlaneXResolution: 1e4, tag: value}, width=W, height=H)
        assert result.note and (result.focal_px is None or 0 < result.focal_px < 1e5)


def test_the_sensor_gives_the_focal_length_where_the_size_is_the_cameras() -> None:
    # 400 px per mm along 4000 px: a sensor 10 mm wide. 1016 dots per inch are 40 per mm.
    for unit, per_unit in ((3, 4000.0), (2, 10160.0), (4, 400.0)):
        tags = {**CAMERA, Base.FocalPlaneXResolution: per_unit, Base.FocalPlaneResolutionUnit: unit}
        for width, height in ((W, H), (H, W)):
            focal = focal_length(tags, width=width, height=height)
            assert focal.focal_px == pytest.approx(2000.0)
            assert "10.0 mm" in focal.note


def test_the_35_mm_equivalent_goes_before_the_sensor() -> None:
    tags = {**CAMERA, Base.FocalPlaneXResolution: 4000.0, Base.FocalPlaneResolutionUnit: 3}
    focal = focal_length({**tags, Base.FocalLengthIn35mmFilm: 26}, width=W, height=H)
    assert focal.focal_px == pytest.approx(26 / hypot(36, 24) * 5000, rel=1e-5)


@pytest.mark.parametrize("size", [(2000, 1500), (4000, 2250), (1024, 768)])
def test_a_sensor_resolution_of_a_resized_picture_is_stale(size: tuple[int, int]) -> None:
    tags = {**CAMERA, Base.FocalPlaneXResolution: 4000.0, Base.FocalPlaneResolutionUnit: 3}
    focal = focal_length(tags, width=size[0], height=size[1])
    assert focal.focal_px is None
    assert "size" in focal.note


def test_an_absurd_sensor_is_ignored() -> None:
    tags = {**CAMERA, Base.FocalPlaneXResolution: 72.0, Base.FocalPlaneResolutionUnit: 2}
    assert focal_length(tags, width=W, height=H).focal_px is None


def test_a_focal_length_alone_is_not_enough() -> None:
    focal = focal_length({Base.FocalLength: 2.75}, width=4608, height=1976)
    assert focal.focal_px is None
    assert "2.75 mm" in focal.note


def test_a_resized_picture_keeps_its_angle() -> None:
    tags = {**CAMERA, Base.FocalLengthIn35mmFilm: 26}
    small, large = (focal_length(tags, width=W // k, height=H // k) for k in (4, 1))
    assert small.focal_px is not None
    assert large.focal_px == pytest.approx(4 * small.focal_px)
    assert small.warning is large.warning is None


@pytest.mark.parametrize("size", [(4000, 2250), (2000, 3000), (3000, 2000), (2250, 4000)])
def test_a_picture_cut_on_one_side_keeps_its_focal_length(size: tuple[int, int]) -> None:
    tags = {**CAMERA, Base.FocalLengthIn35mmFilm: 26}
    focal = focal_length(tags, width=size[0], height=size[1])
    assert focal.focal_px == focal_length(tags, width=W, height=H).focal_px
    assert focal.warning is not None
    assert "cropped" in focal.warning


@pytest.mark.parametrize("size", [(1600, 900), (12000, 3000), (1000, 1000)])
def test_a_picture_of_another_shape_is_a_warning(size: tuple[int, int]) -> None:
    tags = {**CAMERA, Base.FocalLengthIn35mmFilm: 26}
    focal = focal_length(tags, width=size[0], height=size[1])
    assert focal.focal_px == focal_px_of_35mm(26, width=size[0], height=size[1])
    assert focal.warning is not None
    assert f"{size[0]}x{size[1]}" in focal.warning


@pytest.mark.parametrize(
    ("value", "warns"),
    [(None, False), (0, False), (9, True), ("x", True), ((), True), (6.5, True), (float("nan"), True)],
)
def test_an_orientation_that_means_nothing_turns_nothing(value: object, warns: bool) -> None:
    notes: list[str] = []
    assert orientation({} if value is None else {Base.Orientation: value}, notes) == 1
    assert bool(notes) == warns


@pytest.mark.parametrize("value", [6.0, IFDRational(6, 1), IFDRational(12, 2), "6", (6,)])
def test_an_orientation_of_another_type_is_meant_as_well(value: object) -> None:
    notes: list[str] = []
    assert orientation({Base.Orientation: value}, notes) == 6
    assert len(notes) == 1


def on_sensor(width_mm: float, focal_mm: float, **tags: object) -> Tags:
    """EXIF of a camera with this sensor, by its resolution in px per mm."""
    named = {getattr(Base, name): value for name, value in tags.items()}
    plane: dict[int, object] = {Base.FocalPlaneXResolution: W / width_mm, Base.FocalPlaneResolutionUnit: 4}
    return {**CAMERA, Base.FocalLength: focal_mm, **plane, **named}


@pytest.mark.parametrize("width_mm", [0.5, 1.0, 2.0, 95.0, 300.0])
def test_a_sensor_that_no_camera_has_is_doubted(width_mm: float) -> None:
    focal = focal_length(on_sensor(width_mm, width_mm), width=W, height=H)
    assert focal.focal_px is None
    assert focal.warning is not None and "no camera has" in focal.warning and "--focal-35mm" in focal.warning


@pytest.mark.parametrize("width_mm", [2.8, 3.7, 6.2, 13.2, 23.5, 36.0, 44.0, 53.7])
def test_sensors_of_real_cameras_are_believed(width_mm: float) -> None:
    focal = focal_length(on_sensor(width_mm, width_mm), width=W, height=H)
    assert focal.focal_px == pytest.approx(W) and focal.warning is None


def test_a_long_lens_on_a_tiny_sensor_is_a_picture_that_was_made_smaller() -> None:
    # 24 mm on 36 mm, and a tenth of the size with its new width in EXIF.
    focal = focal_length(on_sensor(3.6, 24.0), width=W, height=H)
    assert focal.focal_px is None and "24 mm on a sensor 3.6 mm wide" in (focal.warning or "")
    # A telephone's long camera says the equivalent, which is used.
    phone = focal_length(on_sensor(4.1, 27.2, FocalLengthIn35mmFilm=230), width=W, height=H)
    assert phone.focal_px is not None and phone.warning is None


def test_of_two_focal_lengths_that_agree_the_equivalent_is_used() -> None:
    tags = on_sensor(6.2, 5.0, FocalLengthIn35mmFilm=28)  # 7.75 mm diagonal: 27.9 mm
    focal = focal_length(tags, width=W, height=H)
    assert focal.focal_px == focal_px_of_35mm(28, width=W, height=H) and focal.warning is None
    zoomed = on_sensor(6.2, 5.0, FocalLengthIn35mmFilm=84, DigitalZoomRatio=3.0)
    focal = focal_length(zoomed, width=W, height=H)
    assert focal.focal_px == focal_px_of_35mm(84, width=W, height=H) and focal.warning is None


def test_of_two_that_contradict_each_other_the_better_is_used_with_a_warning() -> None:
    # The equivalent is a copy of the focal length; the sensor is that of APS-C.
    copied = focal_length(on_sensor(23.5, 50.0, FocalLengthIn35mmFilm=50), width=W, height=H)
    assert copied.focal_px == pytest.approx(50 / 23.5 * W)
    assert copied.warning is not None and "contradicts" in copied.warning
    # The equivalent would make the sensor 0.9 mm large.
    absurd = focal_length(on_sensor(6.2, 5.0, FocalLengthIn35mmFilm=250), width=W, height=H)
    assert absurd.focal_px == pytest.approx(5 / 6.2 * W) and absurd.warning is not None
    # Both sensors may be: the equivalent is what cameras compute themselves.
    either = focal_length(on_sensor(13.2, 5.0, FocalLengthIn35mmFilm=28), width=W, height=H)
    assert either.focal_px == focal_px_of_35mm(28, width=W, height=H) and either.warning is not None


def test_sensor_resolutions_that_contradict_each_other_are_doubted() -> None:
    tags = on_sensor(6.2, 5.0, FocalPlaneYResolution=2 * W / 6.2)
    assert focal_length(tags, width=W, height=H).focal_px is None


@given(data=st.binary(max_size=300))
def test_any_bytes_as_exif_cost_at_most_a_warning(data: bytes) -> None:
    block = Image.Exif()

    def load() -> Image.Exif:
        block.load(b"Exif\0\0" + data)
        return block

    notes: list[str] = []
    tags = read_tags(load, notes)
    assert orientation(tags, notes) in range(1, 9)
    assert focal_length(tags, width=W, height=H).note


@given(cut=st.integers(1, 200), garbage=st.binary(max_size=40))
def test_a_cut_exif_block_keeps_what_can_be_read(cut: int, garbage: bytes) -> None:
    whole = Image.Exif()
    whole[Base.Orientation] = 6
    whole.get_ifd(0x8769)[Base.FocalLengthIn35mmFilm] = 26
    data = whole.tobytes()
    block = Image.Exif()

    def load() -> Image.Exif:
        block.load(data[:cut] + garbage)
        return block

    tags = read_tags(load, [])
    if cut >= len(data):
        assert tags[Base.FocalLengthIn35mmFilm] == 26
