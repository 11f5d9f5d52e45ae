"""``recon relief``: what it writes, read by trimesh and as plain XML, and what it refuses."""

import json
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import numpy as np
import pytest
import trimesh
from click.testing import CliRunner, Result
from PIL import Image
from rooms import room_depth, scene_of

from recon_cli.group import recon

CORE = "{http://schemas.microsoft.com/3dmanufacturing/core/2015/02}"


def _relief(*words: object) -> Result:
    return CliRunner().invoke(recon, ["relief", *map(str, words)])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A room as a scene file."""
    return scene_of(room_depth()).save(tmp_path / "scene.npz")


def test_stl_is_closed_and_in_millimetres(file: Path) -> None:
    out = file.with_name("a.stl")
    done = _relief(file, "-o", out, "--width", "6cm", "--relief", "5mm", "--base", "1mm", "--json")
    assert done.exit_code == 0, done.stderr
    mesh = trimesh.load(out)
    assert mesh.is_watertight and mesh.is_winding_consistent and mesh.volume > 60 * 45 * 1
    np.testing.assert_allclose(mesh.extents, [60, 45, 6], atol=0.05)
    (written,) = json.loads(done.stdout)["written"]
    np.testing.assert_allclose(written["size_mm"], mesh.extents, atol=1e-3)
    assert b"millimetres" in out.read_bytes()[:80] and "--curve log" in done.stderr


def test_3mf_states_its_unit_and_has_the_same_solid(file: Path) -> None:
    out = file.with_name("a.3mf")
    assert _relief(file, "-o", out, "--width", "6cm").exit_code == 0
    with zipfile.ZipFile(out) as archive:
        assert archive.testzip() is None
        (target,) = ET.fromstring(archive.read("_rels/.rels"))
        root = ET.fromstring(archive.read(target.attrib["Target"].lstrip("/")))
        assert {"rels", "model"} == {
            each.attrib["Extension"] for each in ET.fromstring(archive.read("[Content_Types].xml"))
        }
    assert root.tag == f"{CORE}model" and root.attrib["unit"] == "millimeter"
    vertices = [[float(each.attrib[k]) for k in "xyz"] for each in root.iter(f"{CORE}vertex")]
    faces = [[int(each.attrib[k]) for k in ("v1", "v2", "v3")] for each in root.iter(f"{CORE}triangle")]
    mesh = trimesh.Trimesh(vertices, faces, process=False)
    assert mesh.is_watertight and mesh.is_winding_consistent
    np.testing.assert_allclose(mesh.extents, [60, 45, 10], atol=0.05)
    (item,) = root.iter(f"{CORE}item")
    assert [each.attrib["id"] for each in root.iter(f"{CORE}object")] == [item.attrib["objectid"]]


def test_a_lithophane_needs_no_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recon.pipeline.reconstruct", lambda *_, **__: pytest.fail("a model ran"))
    ramp = np.repeat(np.linspace(0, 255, 160).astype(np.uint8)[None], 120, axis=0)
    Image.fromarray(ramp).convert("RGB").save(tmp_path / "photo.png")
    done = _relief(tmp_path / "photo.png", "-o", tmp_path / "a.stl", "--lithophane", "--width", "30mm")
    assert done.exit_code == 0, done.stderr
    mesh = trimesh.load(tmp_path / "a.stl")
    assert mesh.is_watertight
    top = mesh.vertices[mesh.vertices[:, 2] > 0]
    np.testing.assert_allclose(top[:, 2], 0.8 + 2.4 * (1 - top[:, 0] / 30), atol=0.03)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["-o", "a.obj"], 1, "a relief is written as .stl or .3mf"),
        (["-o", "a.stl", "--width", "0"], 2, "must be above 0"),
        (["-o", "a.stl", "--relief", "-1mm"], 2, "must be above 0"),
        (["-o", "a.stl", "--base", "nan"], 2, "must be above 0"),
        (["-o", "a.stl", "--width", "120"], 2, "at most 10 m"),
        (["-o", "a.stl", "--curve", "cubic"], 2, "'log', 'inverse', 'linear'"),
        (["-o", "a.stl", "--curve", "log", "--lithophane"], 2, "--curve is for depth"),
        (["-o", "a.stl", "--max-depth", "0.01"], 1, "all of it is beyond --max-depth"),
        (["-o", "scene.npz"], 1, "a relief is written as"),
    ],
)
def test_bad_input_is_refused_and_writes_nothing(
    file: Path, words: list[str], code: int, message: str
) -> None:
    done = _relief(file, "-o", file.parent / words[1], *words[2:])
    assert done.exit_code == code and message in done.stderr, done.stderr
    assert [each.name for each in file.parent.iterdir()] == ["scene.npz"]


def test_a_missing_file_and_an_existing_output_are_reported(file: Path) -> None:
    done = _relief(file.with_name("none.jpg"), "-o", file.with_name("a.stl"))
    assert done.exit_code == 1 and "does not exist" in done.stderr
    file.with_name("a.stl").write_bytes(b"old")
    done = _relief(file, "-o", file.with_name("a.stl"))
    assert done.exit_code == 1 and "--overwrite" in done.stderr


def test_options_of_the_photo_are_said_to_have_no_effect_on_a_scene(file: Path) -> None:
    words = ("--focal-px", "100", "--depth", "missing.png", "--offline", "--json")
    done = _relief(file, "-o", file.with_name("a.stl"), *words)
    warnings = json.loads(done.stdout)["warnings"]
    assert [each.partition(" has no effect: ")[0] for each in warnings] == ["--depth", "--focal-px"], warnings
    done = _relief(file, "-o", file.with_name("b.stl"), "--max-depth", "9m", "--json")
    assert json.loads(done.stdout)["warnings"] == []
