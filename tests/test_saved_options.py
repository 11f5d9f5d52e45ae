import json
from dataclasses import fields
from math import pi
from pathlib import Path
from typing import Any

import pytest
from rooms import room_depth, scene_of

import recon
from recon import scene_file
from recon.constraints import CameraHeight, DistanceAt, LengthBetween, Rectangle
from recon.errors import SceneFileError
from recon.options import Options
from recon.saved_options import options_as_values, options_from_values

KNOWN: dict[str, Any] = {
    "at": (DistanceAt((400.25, 1e-7), pi, 1e-5), DistanceAt((1, 2), 1e4, 100.0)),
    "length": (LengthBetween((300, 500), (500, 520), 1 / 3, 0.015),),
    "rectangle": (Rectangle(((10, 10), (90, 20), (90, 80), (10, 90)), 0.9, 2.03, 0.1 + 0.2),),
    "camera_height": CameraHeight(1.5, 0.1 + 0.2),
}
OTHERS: dict[str, Any] = {
    "model": "preview",
    "depth": Path("folder") / "d.png",
    "constraint_file": Path("known.json"),
    "focal_px": 1234.5,
    "stride": 3,
    "voxel": 0.02,
    "level": True,
}


@pytest.mark.parametrize(
    "given", [{}, OTHERS, KNOWN, {**OTHERS, **KNOWN}, {"intrinsics": (100.0, 100.0, 1.0, 2.0)}]
)
def test_options_come_back_from_json_exactly(given: dict[str, Any]) -> None:
    options = Options(**given)
    values = json.loads(json.dumps(options_as_values(options)))
    assert options_from_values(values) == options
    assert list(values) == [field.name for field in fields(Options) if field.name in values]


def test_what_a_scene_of_before_says_of_its_constraints_is_read(tmp_path: Path) -> None:
    path = scene_of(room_depth()).save(tmp_path / "old.npz")
    arrays, metadata = scene_file.read_arrays(path)
    metadata["options"] |= {
        "at": ["400,400=2.4m+-3cm"],
        "length": ["300,500:500,520=1.5m", "1,2:3,4=6ft 8in"],
        "rectangle": ["10,10:90,20:90,80:10,90=0.9mx2.03m"],
        "camera_height": "1.5m",
        "depth": "d.png",
        "intrinsics": [100.0, 100.0, 80.0, 60.0],
    }
    scene_file.write_arrays(path, arrays, metadata)
    result = recon.load_scene(path).options
    assert result.at == (DistanceAt((400, 400), 2.4, 0.03),)
    assert result.length[0] == LengthBetween((300, 500), (500, 520), 1.5, 0.015)
    assert result.length[1].length_m == pytest.approx(2.032)
    assert result.rectangle == (Rectangle(((10, 10), (90, 20), (90, 80), (10, 90)), 0.9, 2.03, 0.01),)
    assert result.camera_height == CameraHeight(1.5, 0.015)
    assert result.depth == Path("d.png") and result.intrinsics == (100, 100, 80, 60)


@pytest.mark.parametrize(
    "wrong", [["400,400"], [{"at": [1, 2]}], [{"from": [1, 2], "to": [3, 4], "length": "1m"}], 7]
)
def test_options_that_are_none_make_a_damaged_scene(tmp_path: Path, wrong: Any) -> None:
    path = scene_of(room_depth()).save(tmp_path / "scene.npz")
    arrays, metadata = scene_file.read_arrays(path)
    metadata["options"]["at"] = wrong
    scene_file.write_arrays(path, arrays, metadata)
    with pytest.raises(SceneFileError, match="damaged"):
        recon.load_scene(path)


@pytest.mark.parametrize(
    "field", [each for each in fields(Options) if each.metadata["choices"]], ids=lambda f: f.name
)
def test_an_option_with_choices_takes_those_alone(field: Any) -> None:
    for choice in field.metadata["choices"]:
        one = (choice,) if isinstance(field.default, tuple) else choice
        assert getattr(Options(**{field.name: choice}), field.name) == one
    with pytest.raises(
        ValueError,
        match=f"{field.name} must be (one|some) of .*{field.metadata['choices'][0]}.* got .*'none'",
    ):
        Options(**{field.name: "none"})
