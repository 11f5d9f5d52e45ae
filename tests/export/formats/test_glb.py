"""GLB through the Khronos validator and trimesh; its camera against ours."""

import json
import struct
from dataclasses import replace
from io import BytesIO
from math import atan

import numpy as np
import pytest
from PIL import Image

from recon.export.formats import glb
from recon.frames import apply, gl_T_cam
from recon.types import Intrinsics, Photo


def parts(data: bytes) -> tuple[dict, bytes]:
    """The JSON and the binary chunk, with the container's lengths checked."""
    magic, version, total = struct.unpack_from("<4sII", data)
    assert (magic, version, total) == (b"glTF", 2, len(data))
    length, kind = struct.unpack_from("<I4s", data, 12)
    assert kind == b"JSON"
    document = json.loads(data[20 : 20 + length])
    binary_length, kind = struct.unpack_from("<I4s", data, 20 + length)
    assert kind == b"BIN\0"
    binary = data[28 + length :]
    assert len(binary) == binary_length == document["buffers"][0]["byteLength"]
    return document, binary


def embedded_image(document: dict, binary: bytes) -> bytes:
    view = document["bufferViews"][document["images"][0]["bufferView"]]
    return binary[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]


@pytest.fixture
def written(make_content, tmp_path):
    path = tmp_path / "a.glb"
    glb.write(make_content("mesh"), path)
    return path


@pytest.mark.parametrize("normals", [True, False])
@pytest.mark.parametrize("progressive", [None, False, True])
def test_khronos_finds_nothing(normals, progressive, make_content, khronos, tmp_path):
    content = make_content("mesh", normals=normals)
    if progressive is not None:
        buffer = BytesIO()
        Image.fromarray(content.photo.rgb).save(buffer, "JPEG", progressive=progressive, dpi=(72, 72))
        content = replace(content, photo=replace(content.photo, jpeg_bytes=buffer.getvalue()))
    glb.write(content, tmp_path / "a.glb")
    report = khronos(tmp_path / "a.glb")
    assert report["issues"]["numErrors"] == 0, report["issues"]
    assert report["issues"]["numWarnings"] == 0, report["issues"]
    assert report["info"]["totalTriangleCount"] == len(content.geometry.faces)
    assert report["info"]["hasTextures"]


def test_the_validator_would_have_said_so(written, khronos):
    data = written.read_bytes()
    assert b'"max":[' in data
    written.write_bytes(data.replace(b'"max":[', b'"max":[9', 1).replace(b'"scene":0', b'"scene":', 1))
    assert khronos(written)["issues"]["numErrors"] > 0


def test_through_trimesh(written, make_content, trimesh):
    mesh = make_content("mesh").geometry
    (read,) = trimesh.load(written, process=False).geometry.values()
    assert np.array_equal(np.float32(read.vertices), apply(gl_T_cam, mesh.vertices))
    assert np.array_equal(read.faces, mesh.faces)
    assert (np.sum(read.face_normals * -read.triangles_center, axis=1) > 0).all()
    # trimesh turns v up, as OBJ has it.
    assert np.allclose(read.visual.uv, np.stack([mesh.uv[:, 0], 1 - mesh.uv[:, 1]], axis=1), atol=1e-6)
    assert read.visual.material.baseColorTexture.size == (24, 18)


def test_the_axes_are_the_standard_s_whatever_is_asked(written, make_content, tmp_path):
    glb.write(make_content("mesh", "z-up"), tmp_path / "z.glb")
    assert (tmp_path / "z.glb").read_bytes() == written.read_bytes()


def test_a_jpeg_goes_in_as_it_is(make_content, tmp_path):
    content = make_content("mesh")
    buffer = BytesIO()
    Image.fromarray(content.photo.rgb).save(buffer, "JPEG", quality=60)
    original = buffer.getvalue()
    content = replace(content, photo=replace(content.photo, jpeg_bytes=original))
    glb.write(content, tmp_path / "a.glb")
    assert embedded_image(*parts((tmp_path / "a.glb").read_bytes())) == original


def test_another_picture_is_baked_close_to_the_photo(make_content, tmp_path):
    ramp = np.linspace(0, 255, 24 * 18).reshape(18, 24)
    rgb = np.stack([ramp, ramp[::-1], 255 - ramp], axis=-1).astype(np.uint8)
    glb.write(replace(make_content("mesh"), photo=Photo(rgb)), tmp_path / "a.glb")
    picture = Image.open(BytesIO(embedded_image(*parts((tmp_path / "a.glb").read_bytes()))))
    assert np.abs(np.int16(picture) - rgb).max() <= 6


def test_bounds_are_exact_and_everything_is_aligned(written):
    document, binary = parts(written.read_bytes())
    assert [view["byteOffset"] % 4 for view in document["bufferViews"]] == [0] * 5
    position = document["accessors"][0]
    xyz = np.frombuffer(binary, "<f4", 3 * position["count"]).reshape(-1, 3)
    assert np.array_equal(np.float64(xyz.min(0)), position["min"])
    assert np.array_equal(np.float64(xyz.max(0)), position["max"])
    assert document["accessors"][3]["componentType"] == 5125


def test_material_and_sampler_show_the_photo_s_own_colours(written):
    document, _ = parts(written.read_bytes())
    (material,) = document["materials"]
    assert material["extensions"] == {"KHR_materials_unlit": {}}
    assert document["extensionsUsed"] == ["KHR_materials_unlit"]
    assert material["doubleSided"] is True
    assert document["samplers"][0]["wrapS"] == document["samplers"][0]["wrapT"] == 33071


def test_the_camera_sees_the_photo_s_corners_where_they_are(written, make_content):
    """Projects by the glTF matrix and Blender's shift, and compares with our own pinhole."""
    content = make_content("mesh")
    (camera,) = parts(written.read_bytes())[0]["cameras"]
    lens, extras = camera["perspective"], camera["extras"]
    assert lens["yfov"] == pytest.approx(2 * atan(18 / 40))
    assert lens["aspectRatio"] == pytest.approx(24 / 18)
    z = content.geometry.vertices[:, 2]
    assert 0 < lens["znear"] < z.min()
    assert lens["zfar"] > z.max()
    x, y, z = apply(gl_T_cam, content.geometry.vertices).T
    half = np.tan(lens["yfov"] / 2)
    u = 24 * (x / -z / half / lens["aspectRatio"] + 1) / 2 - extras["shift_x"] * 18
    v = 18 * (1 - y / -z / half) / 2 + extras["shift_y"] * 18
    uv_px = content.geometry.uv * (24, 18)
    assert np.allclose(u, uv_px[:, 0], atol=1e-4)
    assert np.allclose(v, uv_px[:, 1], atol=1e-4)
    assert (extras["fx"], extras["cx"], extras["width"]) == (20, 11, 24)


def test_non_square_pixels_are_reported(make_content, khronos, tmp_path):
    camera = Intrinsics(10.0, 20.0, 12.0, 9.0, 24, 18)
    glb.write(replace(make_content("mesh"), intrinsics=camera), tmp_path / "a.glb")
    (written,) = parts((tmp_path / "a.glb").read_bytes())[0]["cameras"]
    assert written["extras"]["pixel_aspect"] == 2
    assert khronos(tmp_path / "a.glb")["issues"]["numErrors"] == 0


def test_provenance_is_in_the_asset(written):
    asset = parts(written.read_bytes())[0]["asset"]
    assert asset["version"] == "2.0"
    assert asset["generator"].startswith("recon ")
    assert asset["extras"]["model"]["name"] == "fake"
    assert asset["extras"]["note"] == "Wohnküche\nsecond line"


def test_too_large_for_the_format_is_said_before_writing(make_content, monkeypatch, tmp_path):
    from recon.errors import ExportError

    monkeypatch.setattr(glb, "_LARGEST_FILE", 1000)
    with pytest.raises(ExportError, match="--stride"):
        glb.write(make_content("mesh"), tmp_path / "a.glb")
    assert not (tmp_path / "a.glb").exists()
