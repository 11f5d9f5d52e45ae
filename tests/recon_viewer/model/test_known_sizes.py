"""What a person types for a known size, and what it is refused for."""

import pytest

from recon.constraints import CameraHeight, DistanceAt, LengthBetween, Rectangle
from recon.errors import ReconError
from recon_viewer.model.known_sizes import KNOWN, in_metres, known_size, typed
from recon_viewer.model.state import POINTS_NEEDED, Pick

_CORNERS = ((10.0, 10.0), (50.0, 10.0), (50.0, 90.0), (10.0, 90.0))


def _picks(count: int) -> list[Pick]:
    return [Pick(1, pixel, (0.0, 0.0, 1.0)) for pixel in _CORNERS[:count]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2.03", "2.03m"),
        ("2,03", "2,03m"),
        ("80cm", "80cm"),
        ("6ft 8in", "6ft 8in"),
        ("0.9 x 2.03", "0.9m x 2.03m"),
        ("2.03m±5mm", "2.03m±5mm"),
        ("2.03±0.01", "2.03m ±0.01m"),
        ("2m±5%", "2m±5%"),
        ("", ""),
    ],
)
def test_a_number_without_a_unit_is_metres(text: str, expected: str) -> None:
    assert in_metres(text) == expected


def test_every_kind_takes_its_clicks_and_its_text() -> None:
    length = known_size("known length", _picks(2), "80cm")
    assert isinstance(length, LengthBetween) and length.length_m == pytest.approx(0.8)
    distance = known_size("known distance", _picks(1), "2.4")
    assert isinstance(distance, DistanceAt) and distance.pixel_px == _CORNERS[0]
    sheet = known_size("known rectangle", _picks(4), "21cm x 29.7cm±1mm")
    assert isinstance(sheet, Rectangle) and sheet.sigma == pytest.approx(0.001 / 0.297)
    assert isinstance(known_size("camera height", [], "1.6m"), CameraHeight)


def test_clicks_needed_agree_with_the_tools() -> None:
    assert {tool: question.clicks for tool, question in KNOWN.items()} == {
        tool: POINTS_NEEDED[tool] for tool in KNOWN
    }


@pytest.mark.parametrize(
    ("tool", "clicks", "text", "said"),
    [
        ("known length", 1, "2m", "Click its other end first"),
        ("known length", 2, "", "not a length"),
        ("known length", 2, "two", "not a length"),
        ("known length", 2, "-2m", "must be positive"),
        ("known rectangle", 4, "2m", "two sides"),
        ("known rectangle", 4, "2m x 1m x 1m", "two sides"),
        ("camera height", 0, "0", "must be positive"),
    ],
)
def test_what_is_no_size_is_refused_in_plain_words(tool: str, clicks: int, text: str, said: str) -> None:
    with pytest.raises(ReconError, match=said) as refused:
        known_size(tool, _picks(clicks), text)  # type: ignore[arg-type]
    assert "--" not in str(refused.value)


def test_a_rectangle_whose_corners_cross_is_refused() -> None:
    a, b, c, d = _picks(4)
    with pytest.raises(ReconError, match="in order"):
        known_size("known rectangle", [a, c, b, d], "1 x 2")


def test_points_of_a_file_without_a_photo_are_refused() -> None:
    with pytest.raises(ReconError, match="with a photo"):
        known_size("known length", [Pick(1, None, (0, 0, 1)), Pick(1, None, (0, 1, 1))], "1m")


def test_keys_over_the_view_type() -> None:
    text = ""
    for key in ("two", "period", "zero", "x", "three", "m", "backspace", "c"):
        made = typed(text, key)
        assert made is not None
        text = made
    assert text == "2.0x3c"
    assert typed("2", "left") is None and typed("2", "f1") is None and typed("9" * 60, "nine") is None
