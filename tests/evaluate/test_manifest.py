"""The list of pairs: its contents, and its errors in one sentence each."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from known_pairs import entry, write
from PIL import Image

from recon.errors import ReconError
from recon.evaluate import EvaluationError, read_manifest
from recon.photo.read import read_photo

SAMPLES = Path(__file__).parents[2] / "sample_data"


def test_a_folder_and_its_file_are_the_same(folder: Path) -> None:
    pairs = read_manifest(folder)
    assert pairs == read_manifest(folder / "pairs.json")
    assert [pair.name for pair in pairs] == ["a", "b", "c"]
    first = pairs[0]
    assert (first.photo, first.depth) == (folder / "a.jpg", folder / "a.png")
    assert (first.unit_m, first.kind, first.scene) == (0.001, "render", "indoor")


def test_the_sample_data_is_such_a_list() -> None:
    pairs = {pair.name: pair for pair in read_manifest(SAMPLES)}
    kitchen = pairs["kitchen"]
    photo = read_photo(kitchen.photo)
    camera = kitchen.camera(photo)
    assert camera is not None and (camera.width, camera.height) == kitchen.size_px == (864, 1152)
    assert kitchen.read_truth(photo).z_m.shape == (1152, 864)


def test_counting_from_zero_is_half_a_pixel_less(folder: Path) -> None:
    write(folder, {"a": entry("a", K_fx_fy_cx_cy=[200, 200, 79.5, 59.5], first_pixel_centre=0)})
    assert read_manifest(folder)[0].camera_px == (200, 200, 80, 60)


def test_frames_of_a_sequence_are_one_place(folder: Path) -> None:
    posed = {"world_T_cam": np.eye(4).tolist()}
    write(
        folder,
        {
            "room_000": entry("a", **posed),
            "room_010": entry("b", **posed),
            "desk_1": entry("a"),
            "desk_2": entry("b"),
            "x": entry("c", place="attic"),
        },
    )
    assert [pair.place for pair in read_manifest(folder)] == ["room", "room", "desk_1", "desk_2", "attic"]


def test_the_camera_may_be_unknown(folder: Path) -> None:
    write(folder, {"a": entry("a", K_fx_fy_cx_cy=None)})
    pair = read_manifest(folder)[0]
    assert pair.camera(read_photo(pair.photo)) is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "one entry per pair"),
        ([], "one entry per pair"),
        ({"a": "a.jpg"}, "a: expected an object"),
        ({"a": {"rgb": "a.jpg"}}, '"depth" must be a file name'),
        ({"a/b": {}}, "used as a file name"),
        ({"..": {}}, "used as a file name"),
        ({"a": entry("a", depth_units_per_metre=0)}, "positive number"),
        ({"a": entry("a", depth_units_per_metre="mm")}, "positive number"),
        ({"a": entry("a", K_fx_fy_cx_cy=[1, 2, 3])}, "four numbers in px"),
        ({"a": entry("a", K_fx_fy_cx_cy=[0, 1, 2, 3])}, "fx and fy positive"),
        ({"a": entry("a", first_pixel_centre=1)}, "0.5, or 0"),
        ({"a": entry("a", width_height=[3])}, "two numbers"),
    ],
)
def test_invalid_input_is_reported(folder: Path, content: Any, message: str) -> None:
    write(folder, content)
    with pytest.raises(EvaluationError, match=message):
        read_manifest(folder)


def test_a_missing_list_and_invalid_json_are_reported(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"has no pairs.json. It lists"):
        read_manifest(tmp_path)
    with pytest.raises(EvaluationError, match="cannot be read"):
        read_manifest(tmp_path / "list.json")
    (tmp_path / "pairs.json").write_text("{")
    with pytest.raises(EvaluationError, match="not JSON"):
        read_manifest(tmp_path)


def test_ground_truth_that_does_not_fit_its_photo_is_reported(folder: Path) -> None:
    Image.fromarray(np.full((100, 100), 1000, np.uint16)).save(folder / "square.png")
    Image.fromarray(np.zeros((120, 160), np.uint16)).save(folder / "empty.png")
    entries = {
        "square": (entry("a", depth="square.png"), "aspect ratio of the depth map"),
        "empty": (entry("a", depth="empty.png"), "no pixel has a depth"),
        "size": (
            entry("a", width_height=[1600, 1200]),
            "gives 1600x1200 px, but the upright photo has 160x120",
        ),
    }
    write(folder, {name: each for name, (each, _) in entries.items()})
    for pair in read_manifest(folder):
        with pytest.raises(ReconError, match=entries[pair.name][1]):
            pair.read_truth(read_photo(pair.photo))


def test_the_manifest_of_the_real_photos_is_read(shared_data: Path) -> None:
    pairs = read_manifest(shared_data / "rgbd")
    raw = json.loads((shared_data / "rgbd" / "pairs.json").read_text())
    assert [pair.name for pair in pairs] == list(raw)
    assert len({pair.place for pair in pairs}) == len(pairs) - 19  # twenty frames of one kitchen
