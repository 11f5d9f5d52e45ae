"""What is easily read wrong in files of other programs, without a word: read right, noted, or refused."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from both_readers import agreeing, points_of
from gltf_files import Gltf
from PIL import Image

from recon.errors import SceneFileError
from recon.file_info import describe, load_geometry, read_geometry
from recon.frames import apply, file_T_cam
from recon.types import Mesh, PointCloud

TRIANGLE = "v 0 0 0\nv 1 0 0\nv 0 0.5 0\n"
POINTS = [[0, 0, 0], [1, 0, 0], [0, 0.5, 0.25]]


def refusal(path: Path) -> str:
    """The sentence of the viewer; `recon info` may still describe the file."""
    with pytest.raises(SceneFileError) as caught:
        read_geometry(path)
    return str(caught.value)


def saved(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def in_file(shape: PointCloud | Mesh) -> Any:
    return apply(file_T_cam("y-up"), points_of(shape)).tolist()


@pytest.mark.parametrize("head", ["", "mtllib red.mtl\nusemtl a\n"])
def test_an_obj_that_begins_with_a_mark_of_its_encoding(head: str, tmp_path: Path) -> None:
    saved(tmp_path / "red.mtl", "\ufeffnewmtl a\nKd 1 0 0\n")
    info, shape, _ = agreeing(saved(tmp_path / "a.obj", f"\ufeff{head}{TRIANGLE}f 1 2 3\n"))
    assert (info.points, info.faces) == (3, 1)
    assert isinstance(shape, Mesh) and (shape.rgb is not None) == bool(head)


@pytest.mark.parametrize("face", ["0 1 2", "1/1 2/1 0/1", "-4 -2 -1", "-1 -2 -9"])
def test_references_before_the_first_point_are_not_counted_from_the_end(face: str, tmp_path: Path) -> None:
    path = saved(tmp_path / "a.obj", f"{TRIANGLE}vt 0 0\nf {face}\n")
    assert "a face refers to" in refusal(path)


def test_several_material_files_and_textures_next_to_them(tmp_path: Path) -> None:
    (tmp_path / "materials").mkdir()
    Image.new("RGB", (4, 4), (10, 200, 10)).save(tmp_path / "materials" / "grass.png")
    saved(tmp_path / "a.mtl", "newmtl a\nKd 1 0 0\n")
    saved(tmp_path / "b.mtl", "newmtl b\nKd 0 0 1\n")
    saved(tmp_path / "materials" / "c.mtl", "newmtl c\nmap_Kd grass.png\n")
    upper = TRIANGLE.replace(" 0\n", " 1\n")
    highest = TRIANGLE.replace(" 0\n", " 2\n")
    text = (
        f"mtllib a.mtl b.mtl\nmtllib materials/c.mtl\nusemtl a\n{TRIANGLE}f 1 2 3\nusemtl b\n{upper}f 4 5 6\n"
    )
    text += f"usemtl c\n{highest}vt 0 0\nvt 1 0\nvt 0 1\nf 7/1 8/2 9/3\n"
    info, shape, notes = agreeing(saved(tmp_path / "a.obj", text))
    assert info.colours == "texture" and not notes and not info.notes
    assert isinstance(shape, Mesh) and shape.rgb is not None
    by_height = {point[2]: colour for point, colour in zip(in_file(shape), shape.rgb.tolist(), strict=True)}
    assert by_height == {0: [255, 0, 0], 1: [0, 0, 255], 2: [10, 200, 10]}


def test_a_missing_material_of_any_length_is_one_short_note(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.obj", f"mtllib {'x' * 100_000}\n{TRIANGLE}f 1 2 3\n")
    for notes in (describe(path).notes, read_geometry(path)[1]):
        assert len(notes) == 1 and "material file" in notes[0] and len(notes[0]) < 200


def test_free_form_surfaces_are_noted(tmp_path: Path) -> None:
    path = saved(
        tmp_path / "a.obj", f"{TRIANGLE}v 1 1 0\ncstype bezier\ndeg 1 1\nsurf 0 1 0 1 1 2 3 4\nend\n"
    )
    assert describe(path).notes == read_geometry(path)[1] == ("its free-form surfaces are not read",)


@pytest.mark.parametrize(
    "text",
    [
        "0 0 0 # the first\n1 0 0\n0 0.5 0.25\n",
        "0,0;0,0;0,0\n1,0;0,0;0,0\n0,0;0,5;0,25\n",
        "0,0\t0,0\t0,0\n1,0\t0\t0\n0\t0,5\t2,5e-1\n",
        "0,0 0,0 0,0\n1,0 0,0 0,0\n0,0 0,5 0,25\n",
        "0, 0, 0\n1, 0, 0\n0, 0.5, 0.25\n",
        "0,0,0\n1,0,0\n0,.5,.25\n",
        "Z Y X\n0 0 0\n0 0 1\n.25 .5 0\n",
        "id,x,y,z\n7,0,0,0\n8,1,0,0\n9,0,0.5,0.25\n",
        '"z";"x";"y"\n0;0;0\n0;1;0\n0.25;0;0.5\n',
    ],
)
def test_dialects_of_xyz(text: str, tmp_path: Path) -> None:
    info, shape, _ = agreeing(saved(tmp_path / "a.xyz", text))
    assert info.points == 3 and np.allclose(np.array(in_file(shape)), np.array(POINTS))


@pytest.mark.parametrize(
    ("text", "rgb"),
    [
        (
            "2\n0 0 0 12 255 128 0\n1 0 0 90 255 128 0\n",
            [255, 128, 0],
        ),  # .pts: its intensity may look like a colour
        ("0 0 0 0.25 255 128 0\n1 0 0 0.5 255 128 0\n", [255, 128, 0]),
        ("0 0 0 255 128 0 12\n1 0 0 255 128 0 90\n", [255, 128, 0]),
        ("0 0 0 255 128 0 0.25\n1 0 0 255 128 0 0.5\n", [255, 128, 0]),
    ],
)
def test_a_scalar_next_to_the_colour(text: str, rgb: list[int], tmp_path: Path) -> None:
    shape, _ = read_geometry(saved(tmp_path / "a.xyz", text))
    assert isinstance(shape, PointCloud) and shape.rgb[0].tolist() == rgb


@pytest.mark.parametrize("suffix", [".asc", ".pts", ".txt", ".csv"])
def test_other_suffixes_of_points_as_text(suffix: str, tmp_path: Path) -> None:
    mark, head = (",", "x,y,z\n") if suffix == ".csv" else (" ", "3\n" if suffix == ".pts" else "")
    rows = "".join(mark.join(map(str, point)) + "\n" for point in POINTS)
    info, shape, _ = agreeing(saved(tmp_path / f"a{suffix}", head + rows))
    assert info.points == 3 and np.allclose(np.array(in_file(shape)), np.array(POINTS))


def pcd(fields: str, kinds: str, rows: str, name: str = "FIELDS") -> str:
    count = len(fields.split())
    return (
        f"VERSION 0.5\n{name} {fields}\nSIZE{' 4' * count}\nTYPE {kinds}\nCOUNT{' 1' * count}\nWIDTH 2\nHEIGHT 1\n"
        f"POINTS 2\nDATA ascii\n{rows}"
    )


def test_dialects_of_pcd(tmp_path: Path) -> None:
    old = saved(tmp_path / "a.pcd", pcd("x y z", "F F F", "0 0 0\n1 0.5 0\n", "COLUMNS"))
    assert agreeing(old)[0].points == 2
    apart = saved(tmp_path / "b.pcd", pcd("x y z r g b", "F F F U U U", "0 0 0 255 9 0\n1 0.5 0 0 9 255\n"))
    info, shape, _ = agreeing(apart)
    assert info.colours == "vertex" and isinstance(shape, PointCloud)
    assert shape.rgb.tolist() == [[255, 9, 0], [0, 9, 255]]


@pytest.mark.parametrize(
    ("kind", "says"), [("float", "stored as float"), ("half", "'half' is not one of PLY's")]
)
def test_ply_types_that_no_program_should_write(kind: str, says: str, tmp_path: Path) -> None:
    head = "".join(f"property float {axis}\n" for axis in "xyz")
    text = f"ply\nformat ascii 1.0\nelement vertex 3\n{head}element face 1\nproperty list {kind} int vertex_indices\n"
    path = saved(tmp_path / "a.ply", f"{text}end_header\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n")
    assert says in refusal(path)


def test_points_that_are_not_finite_are_counted_or_leave_nothing(tmp_path: Path) -> None:
    some = saved(tmp_path / "a.obj", f"{TRIANGLE}v nan 0 0\nv inf 0 0\nf 1 2 3\nf 1 2 4\nf 1 2 5\n")
    shape, notes = read_geometry(some)
    assert isinstance(shape, Mesh) and len(shape.faces) == 1
    assert notes == ("2 points are NaN or infinite and were left out",)
    none = saved(tmp_path / "b.xyz", "nan nan nan\n1 2 inf\n")
    assert refusal(none).endswith("b.xyz has no point with finite coordinates.")


def test_a_sound_file_without_geometry_is_not_called_damaged(tmp_path: Path) -> None:
    head = "".join(f"property float {axis}\n" for axis in "xyz")
    empty = saved(tmp_path / "a.ply", f"ply\nformat ascii 1.0\nelement vertex 0\n{head}end_header\n")
    assert refusal(empty).endswith("a.ply contains neither points nor triangles.")
    made = Gltf()
    lines = made.show(made.node(mesh=made.mesh(mode=1))).save(tmp_path / "b.glb")
    assert refusal(lines).endswith("neither points nor triangles; 1 sets of lines are not shown.")


@pytest.mark.parametrize(("at", "values"), [(131, "<3d"), (104, "<B")])
def test_headers_of_las_that_would_give_other_points(at: int, values: str, tmp_path: Path) -> None:
    laspy = pytest.importorskip("laspy")
    las = laspy.create(point_format=2)
    las.x, las.y, las.z = np.array(POINTS).T
    las.write(tmp_path / "a.las")
    data = bytearray((tmp_path / "a.las").read_bytes())
    struct.pack_into(values, data, at, *([0.0] * 3 if values == "<3d" else [11]))
    says = "scale factors are 0" if values == "<3d" else "point format is 11"
    path = saved(tmp_path / "b.las", bytes(data))
    assert says in refusal(path)
    with pytest.raises(SceneFileError, match=says):
        describe(path)


@pytest.mark.parametrize("name", ["KHR_meshopt_compression", "EXT_meshopt_compression"])
def test_meshopt_of_either_name_is_refused(name: str, tmp_path: Path) -> None:
    made = Gltf()
    made.show(made.node(mesh=made.mesh()))
    made.tree["bufferViews"][0]["extensions"] = {name: {"buffer": 0, "byteLength": 9, "count": 3}}
    made.tree["extensionsRequired"] = [name]
    assert f"compressed with {name}" in refusal(made.save(tmp_path / "a.glb"))


def test_a_required_extension_that_is_not_known_is_refused(tmp_path: Path) -> None:
    made = Gltf()
    made.tree["extensionsRequired"] = ["KHR_materials_unlit", "ACME_curved_space"]
    path = made.show(made.node(mesh=made.mesh())).save(tmp_path / "a.glb")
    assert "requires the glTF extension ACME_curved_space" in refusal(path)
    made.tree["extensionsRequired"] = ["KHR_materials_unlit", "KHR_mesh_quantization"]
    assert agreeing(made.save(path))[0].points == 3


def test_another_version_of_gltf_is_named(tmp_path: Path) -> None:
    made = Gltf()
    made.tree["asset"]["version"] = "1.0"
    assert "is glTF 1.0, and only glTF 2 can be read" in refusal(made.show().save(tmp_path / "a.gltf"))


def test_skins_and_instances_are_noted_by_both_readers(tmp_path: Path) -> None:
    made = Gltf()
    mesh = made.mesh()
    instancing: dict[str, Any] = {"EXT_mesh_gpu_instancing": {"attributes": {}}}
    made.show(made.node(mesh=mesh, skin=0), made.node(mesh=mesh, extensions=instancing))
    path = made.save(tmp_path / "a.glb")
    for notes in (describe(path).notes, read_geometry(path)[1]):
        assert "skinned" in notes[0] and "EXT_mesh_gpu_instancing" in notes[1] and len(notes) == 2


@pytest.mark.parametrize(
    ("texture", "colours"),
    [
        ({"texCoord": 1}, [0, 2, 3]),
        ({"extensions": {"KHR_texture_transform": {"offset": [0.5, 0]}}}, [1, 0, 3]),
        ({"extensions": {"KHR_texture_transform": {"scale": [0.5, 1]}}}, [0, 0, 2]),
        # A quarter turn counter-clockwise, of (u, v) to (v, -u), and back into the picture.
        ({"extensions": {"KHR_texture_transform": {"rotation": np.pi / 2, "offset": [0, 1]}}}, [2, 0, 3]),
        ({"texCoord": 0, "extensions": {"KHR_texture_transform": {"texCoord": 1}}}, [0, 2, 3]),
    ],
)
def test_textures_are_placed_as_the_material_says(texture: Any, colours: list[int], tmp_path: Path) -> None:
    quarters = np.array([[[200, 0, 0], [0, 200, 0]], [[0, 0, 200], [200, 200, 0]]], np.uint8)
    Image.fromarray(quarters).save(tmp_path / "q.png")
    first = np.array([[0.25, 0.25], [0.75, 0.25], [0.25, 0.75]], np.float32)
    second = np.array([[0.25, 0.25], [0.25, 0.75], [0.75, 0.75]], np.float32)
    made = Gltf()
    made.tree |= {
        "images": [{"uri": "q.png"}], "textures": [{"source": 0}],
        "materials": [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0, **texture}}}],
    }  # fmt: skip
    attributes = {"TEXCOORD_0": made.accessor(first), "TEXCOORD_1": made.accessor(second)}
    path = made.show(made.node(mesh=made.mesh(attributes=attributes, material=0))).save(tmp_path / "a.glb")
    shape = load_geometry(path).geometry
    assert isinstance(shape, Mesh) and shape.rgb is not None
    assert shape.rgb.tolist() == quarters.reshape(4, 3)[colours].tolist()


USDA = '#usda 1.0\n(\nmetersPerUnit = {unit}\n)\n{body}\ndef Mesh "M"\n{{\npoint3f[] points = [(0, 0, 0), (1, 0, 0), '
USDA += "(0, 0.5, 0)]\nint[] faceVertexCounts = [3]\nint[] faceVertexIndices = [0, 1, 2]\n}}\n"


def test_what_a_stage_lacks_is_noted(tmp_path: Path) -> None:
    pytest.importorskip("pxr")
    body = 'def Xform "A" (\nprepend references = @./gone.usda@\n)\n{\n}\ndef Sphere "S"\n{\n}\n'
    path = saved(tmp_path / "a.usda", USDA.format(unit=1, body=body))
    expected = {
        "a file or prim that it refers to is missing, and left out (gone.usda)",
        "its Sphere prims are not read: convert them to meshes",
    }
    assert set(describe(path).notes) == set(read_geometry(path)[1]) == expected


def test_a_stage_without_a_unit_is_not_shrunk_to_a_point(tmp_path: Path) -> None:
    pytest.importorskip("pxr")
    assert "states 0 m per unit" in refusal(saved(tmp_path / "a.usda", USDA.format(unit=0, body="")))
