"""The public interface for Python: what goes in, what comes out, and errors in Python's words."""

import logging
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from viewer_scenes import painted_room

import recon
from recon.argument_names import in_python
from recon.depth import preview
from recon.errors import ModelUnavailable
from recon.export import notebook
from recon.frames import gl_T_cam

SAMPLES = Path(__file__).parents[1] / "sample_data"
RGB = np.random.default_rng(3).integers(0, 256, (48, 64, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def room() -> recon.Scene:
    return painted_room()


def test_every_way_to_give_a_photo_gives_the_same_scene(tmp_path: Path) -> None:
    Image.fromarray(RGB).save(tmp_path / "photo.png")
    given = [tmp_path / "photo.png", str(tmp_path / "photo.png"), RGB, Image.fromarray(RGB), RGB / 255]
    given += [RGB.astype(np.float32) / 255, recon.Photo(RGB), np.asfortranarray(RGB)]
    scenes = [recon.reconstruct(photo, model="preview", fov=60) for photo in given]
    for scene in scenes:
        assert np.array_equal(scene.photo.rgb, RGB) and scene.depth == scenes[0].depth


def test_a_picture_of_pillows_is_turned_as_its_file_is(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8769)[0xA405] = 26
    Image.fromarray(RGB).save(tmp_path / "photo.jpg", exif=exif)
    from recon.photo.from_memory import photo_from

    with Image.open(tmp_path / "photo.jpg") as picture:
        opened, file = photo_from(picture), photo_from(tmp_path / "photo.jpg")
    assert opened.width == 48 and np.array_equal(opened.rgb, file.rgb)
    assert opened.exif_focal_px == file.exif_focal_px is not None
    grey = photo_from(Image.fromarray(RGB).convert("L"))
    assert grey.rgb.shape == (48, 64, 3)


@pytest.mark.parametrize(
    ("photo", "says"),
    [
        (RGB[..., 0], r"\(H, W, 3\), got \(48, 64\).*dstack"),
        (RGB.transpose(2, 0, 1), r"got \(3, 48, 64\).*transpose\(1, 2, 0\)"),
        (np.dstack([RGB, RGB[..., :1]]), r"\.\.\., :3\]"),
        (RGB[None], "one photo at a time"),
        (RGB.astype(np.uint16) * 257, "uint16; divide"),
        (RGB.astype(np.float64), r"between 0 and 1, got .*array / 255"),
        (np.full((4, 4, 3), np.nan), "between 0 and 1, got nan"),
        (np.zeros((0, 4, 3)), r"\(H, W, 3\), got \(0, 4, 3\)"),
    ],
)
def test_an_array_that_is_no_photo_is_refused_with_what_to_do(photo: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        recon.reconstruct(photo, model="preview")


def test_what_is_no_photo_at_all_is_a_type_error() -> None:
    with pytest.raises(TypeError, match=r"expected a path, a PIL picture, an array .* got int"):
        recon.reconstruct(7)  # type: ignore[arg-type]


def test_a_loaded_model_keeps_its_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    from recon.depth.nets import preview_look as network

    read = []
    original = network.read_weights
    monkeypatch.setattr(network, "read_weights", lambda path: read.append(path) or original(path))
    model = recon.load_model("preview", device="cpu")
    scenes = [recon.reconstruct(RGB, model=model) for _ in range(3)]
    assert len(read) == 1 and scenes[0] == scenes[2] and scenes[0].provenance.model_name == preview.PREVIEW


def test_a_model_that_is_not_here_is_refused_when_it_is_loaded() -> None:
    with pytest.raises(ModelUnavailable, match="recon models pull dav2-small") as caught:
        recon.load_model("dav2-small", offline=True)
    assert "(offline or" in str(caught.value)
    with pytest.raises(ModelUnavailable, match="Did you mean depthpro"):
        recon.load_model("deptpro")
    with pytest.raises(TypeError, match=r"load_model\(\) has no option 'devise'. Did you mean 'device'"):
        recon.load_model("preview", devise="cpu")


def test_errors_name_arguments_in_python_and_flags_on_the_command_line() -> None:
    with pytest.raises(
        TypeError, match=r"reconstruct\(\) has no option 'max_dept'. Did you mean 'max_depth'\?"
    ):
        recon.reconstruct(RGB, max_dept=3)
    with pytest.raises(TypeError, match=r"^Options\(\) has no option 'mdoel'. Did you mean 'model'\?$"):
        recon.Options(mdoel="preview")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"^Options\(\) has no option 'strid'. Did you mean 'stride'\?$"):
        replace(recon.Options(), strid=2)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match=r"^max_depth must be a positive number, got -1$") as caught:
        recon.reconstruct(RGB, max_depth=-1)
    assert caught.value.on_command_line == "--max-depth must be a positive number, got -1"  # type: ignore[attr-defined]
    with pytest.raises(
        ValueError, match=r"only one of intrinsics, focal_px, focal_35mm, fov and camera_file$"
    ):
        recon.Options(fov=60, focal_px=100)
    with pytest.raises(recon.ReconError) as failed:
        recon.reconstruct(RGB, depth="nope.png")
    assert str(failed.value).startswith("nope.png") and "--" not in str(failed.value)
    with pytest.raises(recon.ReconError, match=r"\(length, at, .* depth=FILE"):
        recon.reconstruct(RGB, relative_depth=SAMPLES / "kitchen.depth.png")


def test_options_take_what_programs_have() -> None:
    K = np.array([[800.0, 0, 320.5], [0, 810, 240.5], [0, 0, 1]])
    door = recon.constraints.LengthBetween((1, 1), (9, 9), 1.0, 0.1)
    box = recon.constraints.Rectangle(((1, 1), (9, 1), (9, 9), (1, 9)), 1.0, 1.0)
    given = recon.Options(
        intrinsics=K,
        max_depth=np.float32(2.5),
        stride=np.int64(2),
        depth="d.png",
        length=[door],
        rectangle=box,
        faces=1e5,
    )  # type: ignore[arg-type]
    assert given == recon.Options(
        intrinsics=(800.0, 810.0, 320.5, 240.5),
        max_depth=2.5,
        stride=2,
        depth=Path("d.png"),
        length=(door,),
        rectangle=(box,),
        faces=100_000,
    )
    assert recon.Options(reference=Path("lidar.png")).reference == "lidar.png"  # type: ignore[arg-type]
    assert type(given.max_depth) is float and type(given.stride) is type(given.faces) is int
    assert recon.Options(intrinsics=[800, 800, 320, 240]).intrinsics == (800, 800, 320, 240)  # type: ignore[arg-type]
    for wrong in (K * 2, K + np.eye(3)[[1, 0, 2]], np.eye(2), [1, 2, 3]):
        with pytest.raises(ValueError, match=r"^intrinsics takes FX,FY,CX,CY"):
            recon.Options(intrinsics=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"faces": "9"}, "faces must be a whole number, got '9'"),
        ({"faces": 100.5}, "faces must be a whole number, got 100.5"),
        ({"stride": True}, "stride must be a whole number, got True"),
        ({"processing_size": "big"}, "processing_size must be a whole number"),
        ({"processing_size": 32000}, "processing_size must be between 14 and 4096 px, got 32000"),
        ({"full": "no"}, "full must be True or False, got 'no'"),
        ({"level": "yes"}, "level must be True or False, got 'yes'"),
        ({"fill": None}, "fill must be True or False, got None"),
        ({"model": 3}, "model must be text, got 3"),
        ({"depth": 3}, "depth must be a path, got 3"),
        ({"constraint_file": b"a"}, "constraint_file must be a path"),
        ({"max_depth": True}, "max_depth must be a positive number, got True"),
        ({"focal_px": 10**400}, "focal_px must be a positive number, got 1000"),
        ({"intrinsics": 800}, "intrinsics must be numbers FX,FY,CX,CY, got 800"),
    ],
)
def test_an_option_of_another_type_is_refused_by_name(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(says)}"):
        recon.Options(**given)


def test_a_batch_names_arguments_too(tmp_path: Path) -> None:
    Image.fromarray(RGB).save(tmp_path / "a.png")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.ply").write_text("precious")
    options = recon.Options(model="preview")
    with pytest.raises(recon.ReconError, match=r"use .*overwrite") as caught:
        recon.batch.run(tmp_path / "a.png", tmp_path / "out", options)
    assert "--" not in str(caught.value)
    with pytest.raises(ValueError, match="resume and overwrite"):
        recon.batch.run(tmp_path, tmp_path / "out", resume=True, overwrite=True)


@pytest.mark.parametrize(
    ("flags", "arguments"),
    [
        ("use --stride 2 or --edge 0", "use stride=2 or edge=0"),
        ("give --constraints or --no-level", "give constraint_file or level=False"),
        (
            "a -- b, x--y, `recon models pull depthpro`, 1-2",
            "a -- b, x--y, `recon models pull depthpro`, 1-2",
        ),
        ("(--as mesh)", "(shape mesh)"),
        ("--fov 60, or `recon models suggest --metric`", "fov=60, or `recon models suggest --metric`"),
        ("try --max-depth 0.5. Or --depth FILE, --fov 60", "try max_depth=0.5. Or depth=FILE, fov=60"),
    ],
)
def test_flags_become_arguments(flags: str, arguments: str) -> None:
    assert in_python(flags) == arguments


def test_axes_that_are_asked_for_take_the_place_of_the_options_own(room: recon.Scene) -> None:
    assert room.gravity.sure
    upright = room.file_T_cam("y-up")
    other = room.with_options(replace(room.options, axes="opencv"))
    assert np.array_equal(other.file_T_cam("y-up"), upright)
    assert not np.allclose(upright, room.with_options(replace(room.options, level=False)).file_T_cam("y-up"))
    assert np.array_equal(room.file_T_cam("opencv"), np.eye(4))


def test_values_are_compared_by_contents_and_printed_in_one_line(room: recon.Scene) -> None:
    copy = replace(room, photo=replace(room.photo, rgb=room.photo.rgb.copy()))
    moved = replace(room, depth=replace(room.depth, z_m=room.depth.z_m + np.float32(1e-3)))
    assert room == copy and room != moved and room != "a scene" and room.depth in [room.depth]
    assert room.cloud() == copy.cloud() != moved.cloud() and room.mesh() == room.mesh()
    line = str(room)
    assert f"{room.photo.width} x {room.photo.height} px" in line and " m, " in line and "points" in line
    for value in (room, room.photo, room.depth, room.cloud(), room.mesh(), room.intrinsics):
        assert len(repr(value).splitlines()) == 1 and len(repr(value)) < 300, repr(value)
    assert "preview (rough)" in str(recon.reconstruct(RGB, model="preview"))


@pytest.mark.parametrize("made", ["cloud", "mesh"])
def test_axes_and_transforms_move_points_and_normals(room: recon.Scene, made: str) -> None:
    # By default `mesh(axes=...)` is upright as in a file; here it keeps the camera's frame.
    room = room.with_options(replace(room.options, level=False))
    geometry = getattr(room, made)()
    name = "points" if made == "cloud" else "vertices"
    upright = getattr(getattr(room, made)(axes="y-up"), name)
    np.testing.assert_array_equal(upright, getattr(geometry, name) * np.float32([1, -1, -1]))
    assert getattr(geometry.transform(gl_T_cam), name) == pytest.approx(upright)
    turn = np.array([[0, 0, 1, 2], [-1, 0, 0, 0], [0, -1, 0, 1], [0, 0, 0, 1]])
    world = geometry.transform(turn)
    np.testing.assert_allclose(
        getattr(world, name), getattr(geometry, name) @ turn[:3, :3].T + turn[:3, 3], rtol=1e-5, atol=1e-5
    )
    if geometry.normals is not None:
        np.testing.assert_allclose(world.normals, geometry.normals @ turn[:3, :3].T, atol=1e-6)
    for wrong in (np.eye(3), 2 * np.eye(4), np.diag([-1, 1, 1, 1]), turn.T, np.full((4, 4), np.nan)):
        with pytest.raises(ValueError, match="transform"):
            geometry.transform(wrong)


def test_clouds_and_meshes_go_to_trimesh(room: recon.Scene, trimesh: Any) -> None:
    cloud, mesh = room.cloud(), room.mesh()
    points, surface = cloud.to_trimesh(), mesh.to_trimesh()
    assert isinstance(points, trimesh.PointCloud) and isinstance(surface, trimesh.Trimesh)
    np.testing.assert_array_equal(points.vertices, cloud.points)
    np.testing.assert_array_equal(points.colors[:, :3], cloud.rgb)
    np.testing.assert_array_equal(surface.faces, mesh.faces)
    np.testing.assert_allclose(surface.vertices, mesh.vertices)


def test_clouds_and_meshes_go_to_open3d(room: recon.Scene, open3d: Any) -> None:
    cloud, mesh = room.cloud(), room.mesh()
    points, surface = cloud.to_open3d(), mesh.to_open3d()
    np.testing.assert_allclose(np.asarray(points.points), cloud.points)
    np.testing.assert_allclose(np.asarray(points.colors) * 255, cloud.rgb, atol=1e-9)
    np.testing.assert_allclose(np.asarray(points.normals), cloud.normals)
    np.testing.assert_array_equal(np.asarray(surface.triangles), mesh.faces)
    np.testing.assert_allclose(np.asarray(surface.vertices), mesh.vertices)


def test_a_library_that_is_missing_is_named(room: recon.Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "open3d", None)
    with pytest.raises(ImportError, match=r"open3d is not installed .*pip install"):
        room.cloud().to_open3d()


def test_a_scene_is_shown_in_a_notebook_and_else_in_the_browser(
    room: recon.Scene, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(notebook.webbrowser, "open", opened.append)
    monkeypatch.setattr(notebook, "in_notebook", lambda: True)
    monkeypatch.setattr(sys.modules["recon.scene"], "in_notebook", lambda: True)
    page = room.show(height_px=300)
    assert not opened

    class Frame(HTMLParser):
        held = ""

        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            if tag == "iframe":
                self.held = dict(attributes)["srcdoc"] or ""

    frame = Frame()
    frame.feed(page._repr_html_())
    assert frame.held == page.html and "<html" in page.html and "300px" in page._repr_html_()
    monkeypatch.setattr(sys.modules["recon.scene"], "in_notebook", lambda: False)
    room.show()
    (address,) = opened
    path = Path(address.removeprefix("file://"))
    assert path.read_text("utf-8") == page.html and tmp_path in path.parents


def test_a_shown_scene_is_no_finer_than_a_page_opens_at_once(
    room: recon.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["recon.scene"], "_SHOWN_PX", room.photo.width // 8)
    monkeypatch.setattr(sys.modules["recon.scene"], "in_notebook", lambda: True)
    strides = list[int]()
    save = recon.Scene.save
    monkeypatch.setattr(
        recon.Scene, "save", lambda self, path: strides.append(self.options.stride) or save(self, path)
    )
    for stride in (None, 1, 20):
        room.with_options(replace(room.options, stride=stride)).show()
    assert strides == [8, 8, 20]


def test_warnings_reach_a_program_and_decisions_its_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="recon"):
        recon.reconstruct(RGB, offline=True)
    records = [(record.levelname, record.message) for record in caplog.records]
    assert any(level == "WARNING" and "depthpro is not installed" in text for level, text in records)
    assert any(level == "INFO" and text.startswith("photo: ") for level, text in records)


def test_the_public_names_are_there_and_typed() -> None:
    for name in recon.__all__:
        assert getattr(recon, name) is not None and name in dir(recon)
    assert recon.batch.run and recon.measure.distance and recon.constraints.LengthBetween
    assert (Path(recon.__file__).parent / "py.typed").exists()
    with pytest.raises(AttributeError, match="no attribute 'recostruct'"):
        recon.recostruct  # noqa: B018
    heavy = {"numpy", "torch", "PIL", "open3d", "cv2", "recon.options", "recon.scene"}
    program = f"import recon, sys; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
