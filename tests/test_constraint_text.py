"""Known measurements as text and as JSON."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recon import Options
from recon.constraint_text import (
    parse_at,
    parse_camera_height,
    parse_length_between,
    parse_rectangle,
    read_constraints,
)
from recon.constraints import CameraHeight, DistanceAt, LengthBetween, Rectangle
from recon.errors import CalibrationError


def test_every_kind_of_constraint() -> None:
    assert parse_at("812,440=2.4m±3cm") == DistanceAt((812, 440), 2.4, 0.03)
    assert parse_length_between("1,2:30,40.5=2m±2cm") == LengthBetween((1, 2), (30, 40.5), 2.0, 0.02)
    assert parse_camera_height("160cm±5cm") == CameraHeight(1.6, 0.05)
    result = parse_rectangle("10,10:90,20:90,80:10,90=90cm x 2.03m±2%")
    assert result == Rectangle(((10, 10), (90, 20), (90, 80), (10, 90)), 0.9, 2.03, 0.02)
    assert [side.length_m for side in result.sides] == [0.9, 2.03, 0.9, 2.03]
    assert parse_rectangle("10,10:90,20:90,80:10,90=90cm\u00d72.03m±2%") == result


@pytest.mark.parametrize(
    ("parse", "text", "says"),
    [
        (parse_at, "812,440", "there is no '='"),
        (parse_at, "812=2m", "X,Y"),
        (parse_at, "812,440=2", "expected a number with a unit"),
        (parse_at, "812,440=-2m", "positive"),
        (parse_at, "812,440=2m±0cm", "uncertainty must be positive"),
        (parse_at, "812,440=2m±1cm±2cm", "two uncertainties"),
        (parse_at, "nan,440=2m", "finite"),
        (parse_at, "812,440=2m±-5%", "0 or more"),
        (parse_at, "812,440=2 furlongs", "is not a length"),
        (parse_length_between, "1,2=2m", "expected 2 positions"),
        (parse_length_between, "1,2:1,2=2m", "the same pixel"),
        (parse_rectangle, "0,0:10,0:10,10=1mx1m", "expected 4 positions"),
        (parse_rectangle, "0,0:10,0:0,10:10,10=1mx1m", "in order"),
        (parse_rectangle, "0,0:10,0:10,10:0,10=1m", "expected two sides LENGTHxLENGTH, got '1m'"),
        (parse_rectangle, "0,0:10,0:10,10:0,10=1mx2mx3m", "expected two sides"),
        (parse_rectangle, "0,0:10,0:10,10:0,10=1mx2m±1%±2%", "two uncertainties"),
        (parse_at, "a,b=2m", "'a,b' is not a position X,Y"),
        (parse_camera_height, "high", "--camera-height 1.6m"),
    ],
)
def test_errors_show_an_example_of_the_right_form(parse: Callable[[str], Any], text: str, says: str) -> None:
    with pytest.raises(ValueError, match="expected --") as caught:
        parse(text)
    assert says in str(caught.value)


def test_options_refuse_unparsed_text_and_a_calibration_combined_with_lengths() -> None:
    height = CameraHeight(1.6, 0.02)
    for wrong in (
        {"at": ("1,2=3m",)},
        {"length": [height]},
        {"rectangle": (height,)},
        {"camera_height": "1.6m"},
    ):
        with pytest.raises(ValueError, match=r"takes recon\.constraints"):
            Options(**wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="calibration"):
        Options(calibration=Path("c.json"), at=(DistanceAt((1, 2), 3.0, 0.03),))
    with pytest.raises(ValueError, match="fit"):
        Options(fit="everything")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "given", [{"focal_px": 1e308}, {"focal_35mm": 1e300}, {"intrinsics": (1.0, 1.0, 1e30, 1e30)}]
)
def test_a_focal_length_beyond_any_telescope_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"or less|none over"):
        Options(**given)


def test_a_file_of_constraints(tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    entries = [
        {"at": [812, 440], "distance": "2.4m", "sigma": "3cm"},
        {"from": [1, 2], "to": [30, 40], "length": "6ft 8in", "sigma": "1%"},
        {"rectangle": [[0, 0], [10, 0], [10, 20], [0, 20]], "width": "0.9m", "height": "2.03m"},
        {"camera_height": "1.6m"},
    ]
    for content in (entries, {"constraints": entries}):
        path.write_text(json.dumps(content))
        at, length, rectangle, height = read_constraints(path)
        assert at == DistanceAt((812, 440), 2.4, 0.03)
        assert isinstance(length, LengthBetween) and length.sigma_m == pytest.approx(0.02032)
        assert isinstance(rectangle, Rectangle) and rectangle.height_m == 2.03
        assert height == CameraHeight(1.6, 0.016)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "not JSON"),
        ("{}", "no list"),
        ("[]", "no list"),
        ("[3]", "constraint 1: a constraint must be an object"),
        ('[{"camera_height": "1m"}, {"at": [1, 2]}]', "constraint 2: 'distance' is missing"),
        ('[{"at": [1, 2], "distance": 2}]', "text with a unit, such as '2m'"),
        ('[{"at": [1], "distance": "2m"}]', "X,Y"),
        ('[{"at": 5, "distance": "2m"}]', "constraint 1"),
        ('[{"length": "2m"}]', "none of the keys"),
        ('[{"camera_height": "1m", "sigma": "much"}]', "constraint 1"),
        ('[{"rectangle": [[0, 0]], "width": "1m", "height": "1m"}]', "constraint 1"),
    ],
)
def test_a_wrong_file_names_the_entry(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "known.json"
    path.write_text(content)
    with pytest.raises(CalibrationError, match=r"known\.json") as caught:
        read_constraints(path)
    assert says in str(caught.value)
    with pytest.raises(CalibrationError, match="cannot be read"):
        read_constraints(tmp_path / "none.json")
