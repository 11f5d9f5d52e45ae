"""Who decides the focal length, and what is said about it."""

from math import atan, degrees, hypot, tan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.camera.focal_length import camera_of, known_camera
from recon.journal import Journal
from recon.options import Options
from recon.types import Intrinsics, Photo

W, H = 400, 300
IN_FILE = Intrinsics(333.0, 334.0, 190.0, 155.0, W, H, "file")


def photo(**facts: object) -> Photo:
    return Photo(rgb=np.zeros((H, W, 3), np.uint8), **facts)  # type: ignore[arg-type]


def kinds(journal: Journal) -> list[str]:
    return [entry.kind for entry in journal.entries]


def texts(journal: Journal, kind: str) -> str:
    return " ".join(entry.message for entry in journal.entries if entry.kind == kind)


def test_the_user_goes_before_the_file_and_the_file_before_exif() -> None:
    full = photo(intrinsics=IN_FILE, exif_focal_px=300.0)
    user = known_camera(full, Options(focal_px=350.0), Journal())
    assert user == Intrinsics(350.0, 350.0, W / 2, H / 2, W, H, "user")
    assert known_camera(full, Options(), Journal()) is IN_FILE
    exif = known_camera(photo(exif_focal_px=300.0), Options(), Journal())
    assert exif == Intrinsics(300.0, 300.0, W / 2, H / 2, W, H, "exif")
    assert known_camera(photo(), Options(), Journal()) is None


def test_intrinsics_are_taken_as_they_are() -> None:
    camera = known_camera(photo(), Options(intrinsics=(310.0, 320.0, 205.0, 148.0)), Journal())
    assert camera == Intrinsics(310.0, 320.0, 205.0, 148.0, W, H, "user")


@given(focal_35mm=st.floats(10, 500))
def test_a_35_mm_equivalent_sees_the_same_diagonal_angle_as_film(focal_35mm: float) -> None:
    camera = known_camera(photo(), Options(focal_35mm=focal_35mm), Journal())
    assert camera is not None
    seen = 2 * degrees(atan(hypot(W, H) / 2 / camera.fx))
    assert seen == pytest.approx(2 * degrees(atan(hypot(36, 24) / 2 / focal_35mm)), rel=1e-5)


@given(fov=st.floats(5, 150))
def test_a_field_of_view_is_of_the_width(fov: float) -> None:
    camera = known_camera(photo(), Options(fov=fov), Journal())
    assert camera is not None
    assert camera.fov_x_deg == pytest.approx(fov)
    assert camera.fx == camera.fy


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (Options(intrinsics=(300, 300, 640, 480)), "outside"),
        (Options(intrinsics=(300, 300, -5, 150)), "outside"),
        (Options(intrinsics=(300, 300, 40, 30)), "resolution"),
        (Options(intrinsics=(300000, 300000, 200, 150)), "35 mm film"),
        (Options(focal_px=4.2), "35 mm film"),
    ],
)
def test_a_camera_that_cannot_be_of_this_photo_is_doubted(options: Options, word: str) -> None:
    journal = Journal()
    assert known_camera(photo(), options, journal) is not None
    assert kinds(journal) == ["warning"]
    assert word in texts(journal, "warning")


def test_intrinsics_of_the_same_picture_in_another_size_are_doubted_with_the_scaled_ones() -> None:
    for times in (0.7, 1.4):
        journal = Journal()
        given = Options(intrinsics=(400 * times, 410 * times, W / 2 * times, H / 2 * times))
        known_camera(photo(), given, journal)
        assert f"for a photo of {times * W:.0f}x{times * H:.0f}" in texts(journal, "warning")
        assert f"give --intrinsics 400,410,{W / 2:g},{H / 2:g}" in texts(journal, "warning")
    journal = Journal()
    known_camera(photo(), Options(intrinsics=(400, 400, 0.56 * W, 0.45 * H)), journal)
    assert kinds(journal) == []


def test_a_usual_camera_is_not_doubted() -> None:
    journal = Journal()
    known_camera(photo(), Options(intrinsics=(300, 301, 190, 160)), journal)
    known_camera(photo(), Options(focal_35mm=26), journal)
    assert journal.entries == []


def test_the_known_camera_is_used_and_journaled_once() -> None:
    journal = Journal()
    camera = camera_of(photo(exif_focal_note="26 mm equivalent"), IN_FILE, None, "dav2-small", journal)
    assert camera is IN_FILE
    assert kinds(journal) == ["decision"]
    decision = journal.entries[0]
    assert decision.topic == "focal"
    assert decision.values == {"focal_px": 333.0, "fov_x_deg": IN_FILE.fov_x_deg, "source": "file"}
    assert "333.0 px" in decision.message


def test_an_exif_focal_length_is_reported_with_its_derivation() -> None:
    journal = Journal()
    facts = photo(exif_focal_px=300.0, exif_focal_note="26 mm equivalent")
    camera_of(facts, known_camera(facts, Options(), journal), None, "preview", journal)
    assert "EXIF (26 mm equivalent)" in texts(journal, "decision")


def test_the_model_decides_where_nothing_is_known() -> None:
    journal = Journal()
    camera = camera_of(photo(), None, 512.0, "depthpro", journal)
    assert camera == Intrinsics(512.0, 512.0, W / 2, H / 2, W, H, "model")
    assert kinds(journal) == ["decision"]
    assert "depthpro" in texts(journal, "decision")


def test_the_default_is_60_degrees_and_says_why_and_what_to_give() -> None:
    journal = Journal()
    camera = camera_of(photo(exif_focal_note="the file has no EXIF data"), None, None, "dav2-small", journal)
    assert camera.source == "default"
    assert camera.fx == pytest.approx(W / 2 / tan(np.pi / 6))
    assert kinds(journal) == ["decision", "warning"]
    assert "the file has no EXIF data" in texts(journal, "warning")
    assert "--focal-35mm" in texts(journal, "warning")


@given(ratio=st.floats(0.3, 3))
def test_a_disagreement_over_10_percent_names_both_numbers(ratio: float) -> None:
    if abs(abs(ratio - 1) - 0.1) < 1e-6:
        return
    journal = Journal()
    known = Intrinsics.from_focal(300.0, width=W, height=H, source="exif")
    camera = camera_of(photo(), known, 300.0 * ratio, "depthpro", journal)
    assert camera is known
    warning = texts(journal, "warning")
    assert bool(warning) == (abs(ratio - 1) > 0.1)
    if warning:
        assert "300.0 px" in warning
        assert f"{300.0 * ratio:.1f} px" in warning
        assert "cropped" in warning
