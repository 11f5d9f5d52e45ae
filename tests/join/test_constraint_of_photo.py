from pathlib import Path

import pytest

from recon.constraints import CameraHeight, LengthBetween
from recon.errors import CalibrationError, PhotoError
from recon.join.constraint_of_photo import parse_of_photo, read_of_photos
from recon.join.photo_set import by_name, read_photos
from recon.journal import Journal

NAMES = ["a.jpg", "a.jpg:b", "c.jpg"]


def test_the_longest_name_in_front_is_the_photo_s() -> None:
    text = "100,200:100,900=2.03m"
    name, length = parse_of_photo(LengthBetween, "--length", f"c.jpg:{text}", NAMES)
    assert (name, length.text) == ("c.jpg", f"--length {text}")
    assert parse_of_photo(CameraHeight, "--camera-height", "a.jpg:b:1.6m", NAMES)[0] == "a.jpg:b"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("100,200:100,900=2m", "begin with the name of the photo"),
        ("d.jpg:100,200:100,900=2m", "one of a.jpg"),
        ("a.jpg:100,200=2m", "expected 2 positions"),
        ("a.jpg:", "no '='"),
    ],
)
def test_what_is_no_length_of_a_photo_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_of_photo(LengthBetween, "--length", text, NAMES)


def test_a_file_names_the_photo_of_each_entry(tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    path.write_text('[{"photo": "a.jpg", "camera_height": "1.6m"}]')
    assert read_of_photos(path) == {"a.jpg": (CameraHeight(1.6, 0.016),)}
    for text, message in (
        ('[{"camera_height": "1.6m"}]', "constraint 1: photo must be text"),
        ('[{"photo": "a.jpg"}]', "constraint 1: it has none of the keys"),
        ("{}", "the list of constraints must be a list"),
        ("[", "not JSON"),
    ):
        path.write_text(text)
        with pytest.raises(CalibrationError, match=message):
            read_of_photos(path)
    with pytest.raises(CalibrationError, match="cannot be read"):
        read_of_photos(tmp_path / "none.json")


def test_constraints_of_unknown_photos_and_single_photos_are_refused(tmp_path: Path) -> None:
    from PIL import Image

    for name in ("a.png", "b.png"):
        Image.new("RGB", (32, 32)).save(tmp_path / name)
    photos = read_photos([str(tmp_path)], every=1, recursive=False, journal=Journal())
    assert [each.name for each in photos] == ["a.png", "b.png"]
    assert by_name({"b.png": 1}, photos, "--constraints") == {1: 1}
    with pytest.raises(PhotoError, match=r"no photo c.png among a.png, b.png"):
        by_name({"c.png": 1}, photos, "--constraints")
    with pytest.raises(PhotoError, match="two photos or more"):
        read_photos([str(tmp_path / "a.png")], every=1, recursive=False, journal=Journal())
