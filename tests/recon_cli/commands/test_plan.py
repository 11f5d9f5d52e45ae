"""``recon plan``: SVG, PNG and DXF of a room of known size, read back, and what is refused."""

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import ezdxf
import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image
from tilted_rooms import BACK, CAMERA, FLOOR, room

from recon.geometry.floor_plan import Plan
from recon.measure import distance
from recon.outputs.plan_drawing import write_plan
from recon.scene import Scene
from recon.types import MetricDepth, Photo
from recon_cli.group import recon

SVG = "{http://www.w3.org/2000/svg}"
LEFT, RIGHT = ((-1, 0, 0), 2.2), ((1, 0, 0), 1.8)


def _plan(*words: object) -> Result:
    return CliRunner().invoke(recon, ["plan", *map(str, words)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A room, 4 m wide, as a scene file, and its plan in all formats."""
    made = tmp_path_factory.mktemp("plan")
    z_m = room([FLOOR, BACK, LEFT, RIGHT], -8.0, 3.0).astype(np.float32)
    rgb = np.full((*z_m.shape, 3), 128, np.uint8)
    Scene(Photo(rgb), CAMERA, MetricDepth(z_m, np.ones(z_m.shape, bool))).save(made / "scene.npz")
    outputs = [word for suffix in ("svg", "png", "dxf") for word in ("-o", made / f"plan.{suffix}")]
    done = _plan(made / "scene.npz", *outputs, "--json")
    assert done.exit_code == 0, done.stderr
    assert "1.20 m above the floor: 1 line," in done.stderr
    (line,) = json.loads(done.stdout)["lines"]
    assert np.linalg.norm(np.diff(line, axis=0), axis=1)[1] == pytest.approx(4.0, rel=0.01)
    return made


def test_a_known_length_rescales_a_scene_file(folder: Path, tmp_path: Path) -> None:
    ends = ((200.5, 200.5), (300.5, 200.5))
    length_m = distance(Scene.load(folder / "scene.npz"), *ends).value
    known = ("--length", f"200.5,200.5:300.5,200.5={2 * length_m:.6f}m")
    done = CliRunner().invoke(
        recon, ["export", str(folder / "scene.npz"), "-o", str(tmp_path / "twice.npz"), *known]
    )
    assert done.exit_code == 0 and "after the fit" in done.stderr, done.stderr
    twice = distance(Scene.load(tmp_path / "twice.npz"), *ends)
    assert twice.value == pytest.approx(2 * length_m, rel=0.05) and twice.given_m is not None
    again = _plan(tmp_path / "twice.npz", "-o", tmp_path / "a.svg", *known)
    assert again.exit_code == 1 and "calibrated when it was made" in again.stderr


def test_svg_is_to_scale(folder: Path) -> None:
    root = ET.parse(folder / "plan.svg").getroot()
    scale = int(re.search(r"1:(\d+)", root.findtext(f"{SVG}title"))[1])
    assert root.attrib["width"] == root.attrib["viewBox"].split()[2] + "mm"
    (wall,) = (each for each in root.iter(f"{SVG}polyline") if each.attrib["class"] == "WALLS")
    points = np.array([pair.split(",") for pair in wall.attrib["points"].split()], float)
    assert np.linalg.norm(np.diff(points, axis=0), axis=1)[1] * scale / 1000 == pytest.approx(4.0, rel=0.01)
    # Up on paper is ahead of the camera.
    (camera,) = (each for each in root.iter(f"{SVG}polyline") if each.attrib["class"] == "CAMERA")
    assert points[1, 1] < float(camera.attrib["points"].split()[0].split(",")[1])
    texts = [each.text for each in root.iter(f"{SVG}text")]
    assert any(re.fullmatch(r"(3\.9[6-9]|4\.0[0-4]) m", text) for text in texts)
    (bar,) = (each for each in root.iter(f"{SVG}polyline") if each.attrib["class"] == "SCALE")
    ends = np.array([pair.split(",") for pair in bar.attrib["points"].split()], float)
    assert (ends[1, 0] - ends[0, 0]) * scale / 1000 == pytest.approx(1.0, abs=1e-3)
    assert "1 m; 1.20 m above the floor" in texts


@pytest.mark.parametrize("x_m", [-0.02, 0.0, 0.02])
def test_lengths_of_upright_walls_read_from_the_right(x_m: float, tmp_path: Path) -> None:
    wall = np.array([[0.0, 1.0], [x_m, 4.0]])
    back = np.array([[0.0, 5.0], [6.0, 5.0]])
    write_plan(tmp_path / "plan.dxf", Plan((wall, back), 1.2, True))
    lengths = ezdxf.readfile(tmp_path / "plan.dxf").modelspace().query('TEXT[layer=="LENGTHS"]')
    assert sorted(each.dxf.rotation for each in lengths) == pytest.approx([0, 90], abs=1)


def test_lengths_have_the_digits_of_their_interval_and_a_caption_fits(tmp_path: Path) -> None:
    wall = np.array([[0.0, 1.0], [0.0, 3.456]])
    write_plan(tmp_path / "plan.svg", Plan((wall,), 1.2, True, scale_interval=0.5, rough=True))
    root = ET.parse(tmp_path / "plan.svg").getroot()
    texts = {each.attrib["class"]: each for each in root.iter(f"{SVG}text")}
    assert texts["LENGTHS"].text == "2.5 m"
    caption = texts["SCALE"]
    assert caption.text == "1 m; 1.20 m above the floor; rough: lengths are guesses"
    end = float(caption.attrib["x"]) + 0.5 * len(caption.text) * float(caption.attrib["font-size"])
    assert end < float(root.attrib["viewBox"].split()[2])


def test_dxf_is_in_metres_and_read_by_ezdxf(folder: Path) -> None:
    drawing = ezdxf.readfile(folder / "plan.dxf")
    assert drawing.dxfversion == "AC1009" and not drawing.audit().has_errors
    space = drawing.modelspace()
    (wall,) = space.query('POLYLINE[layer=="WALLS"]')
    points = np.array([(point.x, point.y) for point in wall.points()])
    assert np.linalg.norm(np.diff(points, axis=0), axis=1)[1] == pytest.approx(4.0, rel=0.01)
    assert len(space.query('TEXT[layer=="LENGTHS"]')) == 3
    assert len(space.query('POLYLINE[layer=="GRID"]')) >= 8


def test_png_shows_the_walls_in_black(folder: Path) -> None:
    with Image.open(folder / "plan.png") as picture:
        assert max(picture.size) == 2000
        dark = np.asarray(picture.convert("L")) < 60
    # The plan has a margin of 0.6 m around the room and the camera, and the scale bar below: 4 m are 4 / 5.2 of the
    # width, and the back wall is a row.
    assert dark.sum(axis=1).max() / dark.shape[1] == pytest.approx(4 / 5.2, rel=0.03)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["-o", "a.pdf"], 1, "a plan is written as .svg, .png, .dxf"),
        (["-o", "a.svg", "--height", "high"], 2, "is not a length"),
        (["-o", "a.svg", "--height", "nan"], 2, "must be a finite length"),
        (["-o", "a.svg", "--height", "9m"], 1, "nothing is 9 m above the floor: the scene reaches from "),
        (["-o", "a.svg", "--max-depth", "1mm"], 1, "use a larger --max-depth"),
        (["-o", "a.svg", "--tolerance", "0"], 2, "must be above 0"),
        (["-o", "nowhere/a.svg"], 1, "does not exist"),
    ],
)
def test_bad_input_is_refused_and_writes_nothing(
    folder: Path, words: list[str], code: int, message: str
) -> None:
    before = sorted(each.name for each in folder.iterdir())
    done = _plan(folder / "scene.npz", "-o", folder / words[1], *words[2:])
    assert done.exit_code == code and message in done.stderr, done.stderr
    assert sorted(each.name for each in folder.iterdir()) == before
