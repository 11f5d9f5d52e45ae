"""USD through Pixar's own library: its stage, its camera model and its validator."""

import zipfile
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from recon.errors import ExportError, SceneFileError
from recon.export.formats import usd
from recon.export.registry import format_for, formats, save
from recon.file_info.describe import describe
from recon.file_info.info import flatten
from recon.frames import apply, file_T_cam, gl_T_cam, rotate

SUFFIXES = [".usda", ".usdc", ".usdz"]


@pytest.fixture(scope="module")
def pxr() -> ModuleType:
    return pytest.importorskip("pxr")


@pytest.fixture
def opened(pxr, make_content, tmp_path):
    """``opened(suffix, content)``: the stage of what was saved."""
    from pxr import Usd

    def write(suffix=".usdz", content=None):
        path = tmp_path / f"my scene{suffix}"
        save(content or make_content("mesh"), path, formats()[suffix])
        return Usd.Stage.Open(str(path))

    return write


def world_points(stage) -> np.ndarray:
    from pxr import UsdGeom

    prim = stage.GetPrimAtPath("/scene/mesh")
    place = np.array(UsdGeom.XformCache().GetLocalToWorldTransform(prim))
    points = np.array(UsdGeom.Mesh(prim).GetPointsAttr().Get())
    return points @ place[:3, :3] + place[3, :3]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_mesh_is_read_back_in_metres_y_up(suffix, opened, make_content):
    from pxr import UsdGeom

    content = make_content("mesh", "z-up")
    stage, mesh = opened(suffix, content), content.geometry
    assert UsdGeom.GetStageMetersPerUnit(stage) == 1.0
    assert UsdGeom.GetStageUpAxis(stage) == "Y"
    assert stage.GetDefaultPrim().GetPath() == "/scene"
    assert np.allclose(world_points(stage), apply(file_T_cam("y-up"), mesh.vertices), atol=1e-6)
    read = UsdGeom.Mesh(stage.GetPrimAtPath("/scene/mesh"))
    assert np.array_equal(np.reshape(read.GetFaceVertexIndicesAttr().Get(), (-1, 3)), mesh.faces)
    assert np.allclose(read.GetNormalsAttr().Get(), rotate(gl_T_cam, mesh.normals), atol=1e-6)
    assert read.GetSubdivisionSchemeAttr().Get() == "none", "the default would round every edge"
    assert read.GetDoubleSidedAttr().Get()
    st = np.array(UsdGeom.PrimvarsAPI(read).GetPrimvar("st").Get())
    assert np.allclose(st, mesh.uv * [1, -1] + [0, 1], atol=1e-6)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_picture_is_found(suffix, opened):
    from pxr import Ar, UsdShade

    stage = opened(suffix)
    shader = UsdShade.Shader(stage.GetPrimAtPath("/scene/photo/picture"))
    asset = shader.GetInput("file").Get()
    assert asset.resolvedPath
    data = Ar.GetResolver().OpenAsset(Ar.ResolvedPath(asset.resolvedPath)).GetBuffer()
    assert bytes(data)[:2] == b"\xff\xd8"
    assert shader.GetInput("sourceColorSpace").Get() == "sRGB"


def test_a_package_is_a_plain_aligned_zip(opened, tmp_path):
    opened(".usdz")
    with zipfile.ZipFile(tmp_path / "my scene.usdz") as package:
        entries = package.infolist()
    assert [entry.filename for entry in entries] == ["my_scene.usdc", "my_scene_usd_texture.jpg"]
    assert all(entry.compress_type == zipfile.ZIP_STORED for entry in entries)
    data = (tmp_path / "my scene.usdz").read_bytes()
    for entry in entries:
        name_and_extra = sum(np.frombuffer(data, "<u2", 2, entry.header_offset + 26))
        assert (entry.header_offset + 30 + name_and_extra) % 64 == 0
    assert [file.name for file in tmp_path.iterdir()] == ["my scene.usdz"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_validators_find_nothing(suffix, opened):
    from pxr import UsdValidation

    context = UsdValidation.ValidationContext(UsdValidation.ValidationRegistry().GetOrLoadAllValidators())
    result = [error.GetErrorAsString() for error in context.Validate(opened(suffix))]
    # ARKit alone takes packages only, and says so of every other file.
    assert [text for text in result if suffix == ".usdz" or "ARKit" not in text] == []


def test_the_camera_projects_each_vertex_to_its_pixel(opened, make_content):
    """By Gf's camera, principal point off the centre and all."""
    from pxr import Gf, UsdGeom

    content = make_content("mesh")
    stage = opened(".usdc", content)
    camera = UsdGeom.Camera(stage.GetPrimAtPath("/scene/photo_camera")).GetCamera(0)
    frustum = camera.frustum
    ndc_T_world = frustum.ComputeViewMatrix() * frustum.ComputeProjectionMatrix()
    seen = np.array([ndc_T_world.Transform(Gf.Vec3d(*map(float, point))) for point in world_points(stage)])
    pixels = (seen[:, :2] * [1, -1] + 1) / 2 * [24, 18]
    v, u = np.mgrid[0:18, 0:24] + 0.5
    assert np.allclose(pixels, np.stack([u.ravel(), v.ravel()], axis=1), atol=1e-3)
    assert (np.abs(seen[:, 2]) < 1).all(), "nothing is clipped"


def test_the_camera_of_a_levelled_scene_still_sees_the_photo(opened, make_content):
    from pxr import Gf, UsdGeom

    turn = np.eye(4)
    turn[:3, :3] = [[1, 0, 0], [0, 0.8, -0.6], [0, 0.6, 0.8]]
    turn[1, 3] = 1.5
    content = replace(make_content("mesh"), level_T_gl=turn)
    stage = opened(".usdc", content)
    frustum = UsdGeom.Camera(stage.GetPrimAtPath("/scene/photo_camera")).GetCamera(0).frustum
    assert frustum.position == pytest.approx((0, 1.5, 0))
    ndc_T_world = frustum.ComputeViewMatrix() * frustum.ComputeProjectionMatrix()
    seen = ndc_T_world.Transform(Gf.Vec3d(*map(float, world_points(stage)[0])))
    assert ((seen[0] + 1) * 12, (1 - seen[1]) * 9) == pytest.approx((0.5, 0.5), abs=1e-3)


def test_film_is_36_mm_and_pixels_may_be_oblong(make_content):
    camera = replace(make_content("mesh").intrinsics, fy=30.0, cx=12.0, cy=9.0)
    lens = usd.lens(camera)
    assert lens["horizontalAperture"] == pytest.approx(0.36)
    assert lens["verticalAperture"] / lens["focalLength"] == pytest.approx(18 / 30)
    assert lens["horizontalApertureOffset"] == lens["verticalApertureOffset"] == 0


def test_info_names_axes_camera_and_provenance(opened, make_content, tmp_path):
    for suffix in SUFFIXES:
        opened(suffix)
        info = describe(tmp_path / f"my scene{suffix}")
        assert info.camera.intrinsics == make_content("mesh").intrinsics
        assert dict(flatten(info.provenance))["model.name"] == "fake"
        assert info.colours == "texture"


def test_info_of_another_program_s_file(pxr, tmp_path):
    from pxr import Usd, UsdGeom

    stage = Usd.Stage.CreateNew(str(tmp_path / "a.usda"))
    UsdGeom.SetStageMetersPerUnit(stage, 0.01)
    points = UsdGeom.Points.Define(stage, "/points")
    points.CreatePointsAttr([(0, 0, 0), (100, 200, 300)])
    points.AddTranslateOp().Set((100, 0, 0))
    stage.GetRootLayer().Save()
    info = describe(tmp_path / "a.usda")
    assert (info.points, info.faces, info.colours, info.camera) == (2, 0, "none", None)
    assert info.low == pytest.approx((1, 0, 0))
    assert info.high == pytest.approx((2, 2, 3)), "centimetres are reported in metres"


def test_without_the_library_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ExportError, match=r"recon\[usd\]"):
        format_for(tmp_path / "a.usdz")
    monkeypatch.setitem(__import__("sys").modules, "pxr", None)
    (tmp_path / "a.usdz").write_bytes(b"PK")
    with pytest.raises(SceneFileError, match=r"recon\[usd\]"):
        describe(tmp_path / "a.usdz")


def test_a_package_is_the_same_each_time_and_its_files_begin_at_multiples_of_64(make_content, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        save(make_content("mesh"), tmp_path / name / "scene.usdz", formats()[".usdz"])
    packages = [tmp_path / name / "scene.usdz" for name in ("a", "b")]
    assert packages[0].read_bytes() == packages[1].read_bytes()
    with zipfile.ZipFile(packages[0]) as package:
        assert package.testzip() is None
        infos, data = package.infolist(), packages[0].read_bytes()
    assert [info.date_time[:3] for info in infos] == [(1980, 1, 1)] * 2
    for info in infos:
        name_bytes, extra_bytes = data[info.header_offset + 26], data[info.header_offset + 28]
        begins = info.header_offset + 30 + name_bytes + extra_bytes
        assert begins % 64 == 0 and info.compress_type == zipfile.ZIP_STORED
