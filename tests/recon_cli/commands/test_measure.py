"""``recon measure``: known lengths of the sample photos, what is printed and written, and what is refused."""

import csv
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image
from rooms import MODEL, estimated, on_wall, room_depth, scene_of, wall_rectangle

from recon.calibration.error_models import dump_error_models
from recon.measure import from_camera
from recon.scene import Scene
from recon_cli.group import recon

FOLDER = Path(__file__).parents[3] / "sample_data"
PAIRS: dict[str, dict[str, Any]] = json.loads((FOLDER / "pairs.json").read_text(encoding="utf-8"))
every_sample = pytest.mark.parametrize("name", sorted(PAIRS))


def run(*words: object) -> Result:
    return CliRunner().invoke(recon, [str(word) for word in words])


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The sample photos with their true depth, as scene files of ``recon build``."""
    folder, scenes = tmp_path_factory.mktemp("scenes"), {}
    for name, pair in PAIRS.items():
        scenes[name] = folder / f"{name}.npz"
        camera = ",".join(map(str, pair["K_fx_fy_cx_cy"]))
        unit_m = 1 / pair["depth_units_per_metre"]
        depth = ("--depth", FOLDER / pair["depth"], "--depth-unit", unit_m, "--intrinsics", camera)
        done = run("build", FOLDER / pair["rgb"], *depth, "-o", scenes[name], "-q")
        assert done.exit_code == 0, done.stderr
    return scenes


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """An estimator's room, with its error model."""
    return scene_of(room_depth(), estimated(MODEL)).save(tmp_path / "room.npz")


def distances_in(scene: Path, pixels_px: list[tuple[float, float]]) -> list[str]:
    """``--at`` with the true distance of some pixels."""
    return [
        word
        for x, y in pixels_px
        for word in ("--at", f"{x},{y}={from_camera(Scene.load(scene), (x, y)).value}m")
    ]


@every_sample
def test_known_lengths_lie_in_their_intervals(built: dict[str, Path], name: str) -> None:
    known = PAIRS[name]["known_lengths"]
    ends = [
        word
        for one in known
        for word in ("--from", "{},{}".format(*one["a_px"]), "--to", "{},{}".format(*one["b_px"]))
    ]
    # The samples are rendered: nothing but the unit of their files is between their depth and the truth.
    done = run("measure", built[name], *ends, "--depth-sigma", "1mm", "--json")
    assert done.exit_code == 0, done.stderr
    result = json.loads(done.stdout)["measurements"]
    assert len(result) == len(known) >= 2
    for one, measured in zip(known, result, strict=True):
        assert measured["low"] <= one["length_m"] <= measured["high"], one["name"]
        assert measured["high"] - measured["low"] < 0.05 * one["length_m"], one["name"]


@every_sample
def test_level_surfaces_lie_at_height_zero_and_are_level(built: dict[str, Path], name: str) -> None:
    (level,) = PAIRS[name]["levels"]
    x0, y0, x1, y1 = level["rect_px"]
    height = f"{(x0 + x1) / 2},{(y0 + y1) / 2}"
    outline = f"{x0},{y0}:{x1},{y0}:{x1},{y1}:{x0},{y1}"
    output = json.loads(run("measure", built[name], "--height", height, "--plane", outline, "--json").stdout)
    plane, above = output["measurements"]
    # In the kitchen the counter is the lowest visible horizontal surface.
    assert above["value"] == pytest.approx(0.0, abs=0.002)
    camera_m = PAIRS[name]["camera_height_m"] - level["height_m"]
    assert above["details"]["camera_height_m"] == pytest.approx(camera_m, abs=0.002)
    assert plane["value"] == pytest.approx(camera_m, abs=0.002)
    assert plane["parts"]["tilt"]["value"] == pytest.approx(90.0, abs=0.5)


def test_what_is_printed(room: Path) -> None:
    done = run("measure", room, "--from", "30,100", "--to", "131,110", "--height", "90,20", "--unit", "cm")
    assert done.exit_code == 0, done.stderr
    distance, *_ = lines = done.stdout.splitlines()
    assert distance.startswith("distance 30,100:131,110   ")
    assert distance.endswith(" (95 %)") and " cm ± " in distance
    assert [line.split()[0] for line in lines[1:3]] == ["horizontal", "vertical"]
    assert "the camera is 1.50 m above" in done.stdout and "includes" not in done.stdout
    curious = run("measure", room, "--from", "30,100", "--to", "131,110", "-v").stdout
    assert (
        "includes picking (0.5 px); the error of m (3.2 % of the distance, measured on 12 photos" in curious
    )
    assert "does not include" in curious


def test_why_nothing_is_known_of_the_errors_is_printed_once(tmp_path: Path) -> None:
    scene = scene_of(room_depth(), estimated(None)).save(tmp_path / "room.npz")
    done = run("measure", scene, "--from", "30,100", "--to", "131,110", "--distance", "90,20")
    assert done.stdout.count("± unknown: ") == 1 and done.stdout.count("± unknown") > 1


def test_an_unfit_estimator_is_called_so_once(tmp_path: Path) -> None:
    rough = replace(MODEL, smooth=0.4)
    scene = scene_of(room_depth(), estimated(rough)).save(tmp_path / "room.npz")
    words = ("measure", scene, "--from", "30,100", "--to", "131,110", "--distance", "90,20")
    assert run(*words).stderr.count("m is unfit for measuring") == 1
    assert "unfit" not in run(*words, "--depth-sigma", "1%").stderr


def on_the_wall_of_the_room() -> list[str]:
    """A rectangle that ``rooms`` shows on its wall."""
    corners = ":".join(f"{x},{y}" for x, y in wall_rectangle().corners_px)
    return ["--rectangle", f"{corners}=1.4mx60cm"]


def test_a_photo_is_measured_in_the_plane_of_a_rectangle(room: Path, tmp_path: Path) -> None:
    Image.new("RGB", (160, 120)).save(tmp_path / "photo.png")
    asked = ["--from", "30,20", "--to", "131,40", "--area", "40,10:120,12:115,40:45,38"]
    done = run("measure", tmp_path / "photo.png", *on_the_wall_of_the_room(), *asked, "--json")
    assert done.exit_code == 0, done.stderr
    length, area = json.loads(done.stdout)["measurements"]
    true_m = float(np.linalg.norm(on_wall(30, 20) - on_wall(131, 40)))
    assert length["value"] == pytest.approx(true_m, rel=2e-3) and length["low"] < true_m < length["high"]
    assert area["unit"] == "m2" and any("assumed" in text for text in area["not_included"])
    plain = run("measure", tmp_path / "photo.png", *on_the_wall_of_the_room(), *asked).stdout
    assert plain.count("if the positions lie in it") == 1


def test_in_a_scene_positions_off_the_plane_are_named(room: Path) -> None:
    done = run("measure", room, *on_the_wall_of_the_room(), "--from", "30,20", "--to", "60,110")
    assert "60,110 does not lie in the plane of the rectangle" in done.stderr
    assert "30,20 does not lie" not in done.stderr and "if the positions lie in it" not in done.stdout


def test_what_a_plane_alone_does_not_give_is_refused(room: Path, tmp_path: Path) -> None:
    words = on_the_wall_of_the_room()
    done = run("measure", room, *words, "--height", "30,20")
    assert done.exit_code == 2 and "--height needs depth" in done.stderr
    Image.new("RGB", (160, 120)).save(tmp_path / "photo.png")
    done = run("measure", tmp_path / "photo.png", "--from", "30,20", "--to", "60,110")
    assert done.exit_code == 1 and "--rectangle, which needs only the photo" in done.stderr


def test_every_quantity_as_json_and_as_a_table(room: Path, tmp_path: Path) -> None:
    outline = "40,10:120,12:115,40:45,38"
    words = ("--from", "30,100", "--to", "131,110", "--polyline", "30,100:131,110:90,20", "--angle")
    words += (
        "30,100:131,110:90,20",
        "--area",
        outline,
        "--plane",
        outline,
        "--height",
        "90,20",
        "--distance",
        "90,20",
    )
    done = run("measure", room, *words, "--json", "--csv", tmp_path / "t.csv")
    assert done.exit_code == 0, done.stderr
    result = json.loads(done.stdout)["measurements"]
    kinds = ["distance", "polyline", "angle", "area", "plane", "height", "from-camera"]
    assert [one["quantity"] for one in result] == kinds
    assert [one["unit"] for one in result] == ["m", "m", "deg", "m2", "m", "m", "m"]
    assert all(one["low"] < one["value"] < one["high"] and one["includes"] for one in result)
    with (tmp_path / "t.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["quantity"] for row in rows if ":" not in row["quantity"]] == kinds
    assert float(rows[0]["value"]) == result[0]["value"] and rows[0]["pixels"] == "30,100:131,110"
    assert {row["quantity"] for row in rows} > {"area: perimeter", "distance: vertical", "plane: tilt"}


def test_units(room: Path) -> None:
    outline = ("--area", "40,10:120,12:115,40:45,38")
    metres, inches = (
        json.loads(run("measure", room, *outline, "--unit", unit, "--json").stdout)["measurements"][0]
        for unit in ("m", "in")
    )
    assert inches["unit"] == "in2" and inches["value"] == pytest.approx(metres["value"] / 0.0254**2)
    assert inches["high"] == pytest.approx(metres["high"] / 0.0254**2)


def test_a_table_is_not_replaced_unasked_and_never_half_written(room: Path, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("mine")
    refused = run("measure", room, "--distance", "90,20", "--csv", table)
    assert refused.exit_code == 1 and "--overwrite" in refused.stderr and table.read_text() == "mine"
    failed = run("measure", room, "--distance", "900,20", "--csv", tmp_path / "new.csv")
    assert failed.exit_code == 1 and not (tmp_path / "new.csv").exists()
    assert run("measure", room, "--distance", "90,20", "--csv", table, "--overwrite").exit_code == 0
    assert table.read_text(encoding="utf-8-sig").startswith("quantity,")
    itself = run("measure", room, "--distance", "90,20", "--csv", room, "--overwrite")
    assert itself.exit_code == 1 and "is an input file" in itself.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["room.npz", "t.csv"]


def test_errors_that_the_user_states(room: Path, tmp_path: Path) -> None:
    def sigma(*words: object) -> float:
        done = run("measure", room, "--distance", "80,20", "--json", *words)
        assert done.exit_code == 0, done.stderr
        (one,) = json.loads(done.stdout)["measurements"]
        return float(one["sigma"] / one["value"])

    models = tmp_path / "models.json"
    models.write_text(dump_error_models({"m": MODEL}), encoding="utf-8")
    assert sigma("--error-model", models) == pytest.approx(sigma())
    assert sigma("--depth-sigma", "1%", "--pixel-sigma", "0") == pytest.approx(0.01, rel=1e-3)
    assert sigma("--pixel-sigma", "20") > sigma()
    both = run("measure", room, "--distance", "80,20", "--depth-sigma", "1%", "--error-model", models)
    assert both.exit_code == 2 and "mutually exclusive" in both.stderr


def test_an_unknown_error_is_said_to_be_unknown(tmp_path: Path) -> None:
    scene = scene_of(room_depth(), estimated(None)).save(tmp_path / "scene.npz")
    done = run("measure", scene, "--distance", "80,20")
    assert done.exit_code == 0 and " m ± unknown\n" in done.stdout
    assert (
        "there is no error model for m; measure it with `recon eval FOLDER --model m --error-model FILE`"
        in done.stdout
    )
    (one,) = json.loads(run("measure", scene, "--distance", "80,20", "--json").stdout)["measurements"]
    assert one["low"] is None and one["unknown"].startswith("there is no error model")


def test_warnings_are_shown(room: Path, tmp_path: Path) -> None:
    z_m = room_depth()
    z_m[30:60, 50:100] = 2.0
    scene = scene_of(z_m, estimated(MODEL)).save(tmp_path / "box.npz")
    done = run("measure", scene, "--distance", "99.8,45", "--json")
    (warning,) = json.loads(done.stdout)["warnings"]
    assert "depth edge" in warning and warning in done.stderr.replace("\n", " ")


@pytest.mark.parametrize(
    "words, message",
    [
        ([], "nothing to measure: give --from 812,440 --to 1020,441"),
        (["--from", "1,2"], "1 --from and 0 --to"),
        (["--from", "1,2", "--to", "3"], "expected 1020,441"),
        (["--from", "1,2,3", "--to", "3,4"], "expected 812,440"),
        (["--height", "left,top"], "'left,top' is not two numbers; expected 812,440"),
        (["--height", "nan,3"], "not two finite numbers"),
        (["--height", "1,inf"], "not two finite numbers"),
        (["--height", "1,2:3,4"], "needs 1 position, got 2"),
        (["--angle", "1,2:3,4"], "needs 3 positions, got 2; expected 100,200:300,210:500,220"),
        (["--area", "1,2:3,4"], "needs 3 positions or more, got 2"),
        (["--polyline", ""], "expected 100,200:300,210:500,220"),
        (["--height", "1,2", "--unit", "furlong"], "'furlong' is not one of"),
        (["--height", "1,2", "--pixel-sigma", "-1"], "--pixel-sigma"),
        (["--height", "1,2", "--pixel-sigma", "nan"], "'nan' is not a finite number"),
        (["--height", "1,2", "--depth-sigma", "2"], "expected 1% or 2cm"),
        (["--height", "1,2", "--depth-sigma", "0cm"], "an uncertainty must be positive"),
    ],
)
def test_usage(room: Path, words: list[str], message: str) -> None:
    done = run("measure", room, *words)
    assert done.exit_code == 2 and message in done.stderr.replace("\n", " ")


@pytest.mark.parametrize(
    "words, message",
    [
        (["--height", "9999,20"], "9999,20 lies outside the photo of 160 x 120 px"),
        (["--height", "-5,20"], "-5,20 lies outside the photo"),
        (["--from", "5,5", "--to", "5,5"], "twice in a row"),
        (["--area", "10,10:50,50:50,10:10,50"], "sides of the outline cross"),
        (
            ["--height", "5,5", "--error-model", "nowhere.json"],
            "nowhere.json: the error model cannot be read",
        ),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(room: Path, words: list[str], message: str) -> None:
    done = run("measure", room, *words)
    assert done.exit_code == 1 and message in done.stderr and "Traceback" not in done.stderr


def test_only_scene_files_are_measured(tmp_path: Path) -> None:
    mesh = tmp_path / "scene.glb"
    mesh.write_bytes(b"glTF")
    refused = run("measure", mesh, "--distance", "1,1")
    assert refused.exit_code == 1 and "is not a scene file (.npz)" in refused.stderr
    missing = run("measure", tmp_path / "none.npz", "--distance", "1,1", "--json")
    assert missing.exit_code == 1 and json.loads(missing.stdout)["error"]["type"] == "SceneFileError"


def test_other_estimators_in_the_error_model_are_named(room: Path, tmp_path: Path) -> None:
    other = {**asdict(MODEL), "estimator": "other"}
    (tmp_path / "models.json").write_text(
        json.dumps({"format": "recon-error-models-1", "models": [other]}), encoding="utf-8"
    )
    done = run("measure", room, "--distance", "80,20", "--error-model", tmp_path / "models.json")
    assert done.exit_code == 1 and "comes from m, but the error model is for other" in done.stderr


def test_calibrated_relative_depth_measures_the_other_lengths(built: dict[str, Path], tmp_path: Path) -> None:
    pair = PAIRS["living_room"]
    table, picture, room_width = pair["known_lengths"]
    truth = Scene.load(built["living_room"]).depth
    rng = np.random.default_rng(4)
    z_m = np.where(truth.valid, truth.z_m, 1.0) * np.exp(rng.normal(0, 0.01, truth.z_m.shape))
    np.save(
        tmp_path / "relative.npy", np.where(truth.valid, (1 / z_m + 0.1) / 0.7, np.nan).astype(np.float32)
    )

    def ends(one: dict[str, Any]) -> str:
        return "{},{}:{},{}".format(*one["a_px"], *one["b_px"])

    camera = ",".join(map(str, pair["K_fx_fy_cx_cy"]))
    known = ["--length", f"{ends(table)}=1.06m", "--length", f"{ends(room_width)}=5m"]
    known += distances_in(
        built["living_room"], [(100.5, 700.5), (600.5, 100.5), (900.5, 300.5), (300.5, 400.5)]
    )
    words = ("--relative-depth", tmp_path / "relative.npy", "--intrinsics", camera, *known)
    done = run("build", FOLDER / pair["rgb"], *words, "-o", tmp_path / "scene.npz", "-q")
    assert done.exit_code == 0, done.stderr
    asked = ("--polyline", ends(picture), "--depth-sigma", "1%", "--json")
    (result,) = json.loads(run("measure", tmp_path / "scene.npz", *asked).stdout)["measurements"]
    assert any("calibration with 4 distances and 2 lengths" in message for message in result["includes"])
    assert result["low"] <= picture["length_m"] <= result["high"] < 1.2 * result["low"]


def test_a_true_length_brings_the_preview_closer_to_the_other_lengths(tmp_path: Path) -> None:
    # One of the ends lies 4 px beside the table, as preview sees it.
    pair = PAIRS["living_room"]
    table, _, room_width = pair["known_lengths"]
    ends = ["{},{}:{},{}".format(*one["a_px"], *one["b_px"]) for one in (table, room_width)]
    widths_m, photo = [], FOLDER / pair["rgb"]
    for known in ([], ["--length", f"{ends[0]}=1.06m"]):
        scene = tmp_path / f"{len(known)}.npz"
        done = run("build", photo, "--model", "preview", "-o", scene, "-q", *known)
        assert done.exit_code == 0, done.stderr
        asked = [word for one in ends for word in ("--polyline", one)]
        again, width = json.loads(run("measure", scene, *asked, "--json").stdout)["measurements"]
        assert again["low"] <= 1.06 <= again["high"] and width["low"] <= 5.0 <= width["high"]
        widths_m.append(width["value"])
    assert again["value"] == pytest.approx(1.06, rel=0.05)
    assert abs(widths_m[1] / 5.0 - 1) < min(abs(widths_m[0] / 5.0 - 1), 0.1)
