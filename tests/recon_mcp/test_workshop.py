"""The allowed folders, and the model that stays in memory."""

import pytest
from click.testing import CliRunner
from PIL import Image
from rooms import room_depth, scene_of

from recon import measure
from recon.constraints import LengthBetween
from recon.errors import ReconError
from recon.file_info import load_geometry
from recon.journal import Journal
from recon.options import Options
from recon.scene import Scene
from recon_cli.commands import mcp as command
from recon_cli.group import recon
from recon_mcp.folders import Folders, Forbidden
from recon_mcp.workshop import Workshop


def test_paths_start_at_the_first_folder_and_may_be_in_any(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    folders = Folders([tmp_path / "a", tmp_path / "b"])
    assert folders.inside("x/y.jpg") == tmp_path.resolve() / "a" / "x" / "y.jpg"
    assert folders.inside(str(tmp_path / "b" / "z.jpg")) == tmp_path.resolve() / "b" / "z.jpg"
    assert folders.inside("../b/z.jpg") == tmp_path.resolve() / "b" / "z.jpg"


@pytest.mark.parametrize(
    "text", ["..", "../c.jpg", "/etc/passwd", "a/../../c.jpg", "", "  ", "a\0.jpg", "link/c.jpg"]
)
def test_what_is_outside_is_refused(text, tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link").symlink_to(tmp_path)
    with pytest.raises(Forbidden):
        Folders([inside]).inside(text)


def test_a_folder_that_is_a_link_is_allowed_as_what_it_is(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    folders = Folders([tmp_path / "link"])
    assert folders.inside(str(tmp_path / "link" / "a.jpg")) == (tmp_path / "real" / "a.jpg").resolve()


@pytest.mark.parametrize("name", ["auto", "preview", "depthpro", "hf:apple/DepthPro-hf", "hf:a/b@main"])
def test_names_of_models_are_no_paths(name, tmp_path):
    assert Folders([tmp_path]).model(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "onnx:../a.onnx",
        "onnx:/a.onnx",
        "hf:/a",
        "hf:../a@main",
        "hf:b/../../a",
        "hf:b@/../../a",
        "onnx:b@/../../a",
    ],
)
def test_weights_outside_are_refused(name, tmp_path):
    with pytest.raises(Forbidden):
        Folders([tmp_path]).model(name)


def test_weights_inside_get_their_whole_path(tmp_path):
    (tmp_path / "weights").mkdir()
    assert Folders([tmp_path]).model("hf:weights") == f"hf:{tmp_path.resolve() / 'weights'}"


@pytest.mark.parametrize(
    ("texture", "notes"),
    [
        ("red.png", ()),
        ("../outside.png", ("the texture ../outside.png is missing",)),
        ("link.png", ("the texture link.png is missing",)),
    ],
)
def test_a_texture_outside_is_not_read(texture, notes, tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    for path in (inside / "red.png", tmp_path / "outside.png"):
        Image.new("RGB", (4, 4), "red").save(path)
    (inside / "link.png").symlink_to(tmp_path / "outside.png")
    (inside / "a.mtl").write_text(f"newmtl m\nmap_Kd {texture}\n")
    corners = "v 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 0 1\n"
    (inside / "a.obj").write_text(f"mtllib a.mtl\nusemtl m\n{corners}f 1/1 2/2 3/3\n")
    assert load_geometry(inside / "a.obj").notes == ()
    with Workshop(Folders([inside])).job():
        assert load_geometry(inside / "a.obj").notes == notes


def test_the_model_stays_in_memory_between_photos(tmp_path):
    Image.new("RGB", (64, 48), "grey").save(tmp_path / "a.png")
    shop = Workshop(Folders([tmp_path]))
    options = shop.options("preview", None, None)
    models = []
    for _ in range(2):
        shop.scene(tmp_path / "a.png", options, (), Journal())
        models.append(shop._model)
    assert models[0] is models[1] is not None


def test_known_lengths_rescale_a_scene_file_and_other_options_are_refused(tmp_path):
    file = scene_of(room_depth()).save(tmp_path / "scene.npz")
    shop = Workshop(Folders([tmp_path]))
    before = Scene.load(file)
    ends = ((10.5, 20.5), (50.5, 20.5))
    length_m = 2 * measure.distance(before, *ends).value
    known = (LengthBetween(*ends, length_m, 0.001),)
    after = shop.scene(file, Options(), known, Journal())
    assert measure.distance(after, *ends).value == pytest.approx(length_m, rel=0.1)
    with pytest.raises(ReconError, match="pass the photo"):
        shop.scene(file, shop.options("auto", None, 26.0), (), Journal())


def test_without_the_extra_the_command_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    done = CliRunner().invoke(recon, ["mcp"])
    assert done.exit_code == 1
    assert 'pip install "recon[mcp]"' in done.output


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    done = CliRunner().invoke(recon, ["mcp", "--allow", str(tmp_path / "nowhere")])
    assert done.exit_code == 1
    assert "is not a folder" in done.output
