"""USD of other programs: units, axes, places, instances and polygons; and files that crash usd-core."""

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from both_readers import agreeing, normal_in_file
from PIL import Image

from recon import limited_process
from recon.errors import SceneFileError
from recon.file_info import describe, load_geometry, read_geometry
from recon.file_info.referenced_files import only_within
from recon.types import Mesh, PointCloud

pytest.importorskip("pxr")
MESH = """
    int[] faceVertexCounts = [4, 3]
    int[] faceVertexIndices = [0, 1, 2, 3, 3, 2, 4]
    point3f[] points = [(0, 0, 0), (2, 0, 0), (2, 1, 0), (0, 1, 0), (1, 2, 0)]
"""


def stage(path: Path, body: str, unit_m: float = 1.0, up: str = "Y") -> Path:
    path.write_text(f'#usda 1.0\n(metersPerUnit = {unit_m}\nupAxis = "{up}")\n{body}\n')
    return path


def mesh(extra: str = "", name: str = "m") -> str:
    return f'def Mesh "{name}" {{\n{MESH}\n{extra}\n}}\n'


def test_polygons(tmp_path: Path) -> None:
    info, shape, notes = agreeing(stage(tmp_path / "a.usda", mesh()))
    assert (info.points, info.faces, info.size) == (5, 2, (2, 2, 0)) and info.unit == "m" and not notes
    assert isinstance(shape, Mesh) and len(shape.faces) == 3 and normal_in_file(shape)[2] == pytest.approx(1)


TURNED = """
    double xformOp:rotateZ = 45
    double3 xformOp:translate = (100, 0, 0)
    uniform token[] xformOpOrder = ["xformOp:translate", "xformOp:rotateZ"]
"""


def test_units_axes_and_places(tmp_path: Path) -> None:
    body = f'def Xform "a" {{\n{TURNED}\n{mesh()}}}'
    info, _, _ = agreeing(stage(tmp_path / "a.usda", body, 0.01, "Z"), "z-up")
    half = 0.5**0.5
    # In centimetres: x from the corner (0, 1) to (2, 0) turned, y up to (1, 2) turned.
    assert np.allclose(info.low, (1 - 0.01 * half, 0, 0)) and np.allclose(
        info.high, (1 + 0.02 * half, 0.03 * half, 0)
    )


@pytest.mark.parametrize(
    "extra",
    [
        'uniform token orientation = "leftHanded"\n',
        'double3 xformOp:scale = (-1, 1, 1)\nuniform token[] xformOpOrder = ["xformOp:scale"]\n',
    ],
)
def test_which_way_faces_look(extra: str, tmp_path: Path) -> None:
    _, shape, _ = agreeing(stage(tmp_path / "a.usda", mesh(extra)))
    assert normal_in_file(shape)[2] == pytest.approx(-1 if "left" in extra else 1)


def test_instances_are_at_their_places(tmp_path: Path) -> None:
    def at(name: str, x: int) -> str:
        move = (
            f'double3 xformOp:translate = ({x}, 0, 0)\nuniform token[] xformOpOrder = ["xformOp:translate"]\n'
        )
        return f'def Xform "{name}" (instanceable = true\nreferences = </_class>) {{\n{move}}}\n'

    body = f'class Xform "_class" {{\n{mesh()}}}\n' + at("one", 0) + at("two", 10)
    info, shape, _ = agreeing(stage(tmp_path / "a.usda", body))
    assert (info.points, info.faces, info.size) == (10, 4, (12, 2, 0))
    assert isinstance(shape, Mesh) and len(shape.faces) == 6


def test_point_instancers(tmp_path: Path) -> None:
    body = f"""def PointInstancer "many" {{
        int[] protoIndices = [0, 0, 0]
        point3f[] positions = [(0, 0, 0), (10, 0, 0), (20, 0, 0)]
        float3[] scales = [(1, 1, 1), (1, 1, 1), (2, 2, 2)]
        rel prototypes = </many/kinds/m>
        def Scope "kinds" {{ {mesh()} }}
    }}"""
    info, _, _ = agreeing(stage(tmp_path / "a.usda", body))
    assert (info.points, info.faces, info.size) == (15, 6, (24, 4, 0))


def test_what_is_hidden_is_not_counted(tmp_path: Path) -> None:
    hidden = mesh('token visibility = "invisible"', "hidden") + mesh(
        'uniform token purpose = "guide"', "guide"
    )
    info, _, _ = agreeing(stage(tmp_path / "a.usda", mesh() + hidden))
    assert (info.points, info.faces) == (5, 2)


def test_animated_points_are_those_of_the_beginning(tmp_path: Path) -> None:
    times = "{1: [(0, 0, 0), (1, 2, 3)], 2: [(9, 9, 9), (9, 9, 9)]}"
    body = f'def Points "p" {{\npoint3f[] points.timeSamples = {times}\n}}'
    info, shape, _ = agreeing(stage(tmp_path / "a.usda", body))
    assert info.size == (1, 2, 3) and isinstance(shape, PointCloud)


def test_colours(tmp_path: Path) -> None:
    linear = "(1, 0, 0), (0, 0.2158605, 0), (0, 0, 0), (1, 1, 1), (0, 0, 1)"
    per_point = f'color3f[] primvars:displayColor = [{linear}] (interpolation = "vertex")'
    _, shape, _ = agreeing(stage(tmp_path / "a.usda", mesh(per_point)))
    assert shape.rgb is not None and shape.rgb[:2].tolist() == [[255, 0, 0], [0, 128, 0]]
    info, shape, _ = agreeing(
        stage(tmp_path / "b.usda", mesh("color3f[] primvars:displayColor = [(1, 0, 0)]"))
    )
    assert info.colours == "vertex" and shape.rgb is not None and shape.rgb.tolist() == [[255, 0, 0]] * 5


TEXTURED = """
    rel material:binding = </look>
    texCoord2f[] primvars:st = [(0, 0), (1, 0), (1, 1), (0, 1), (0, 1)] (interpolation = "vertex")
"""
LOOK = """def Material "look" {
    def Shader "picture" {
        uniform token info:id = "UsdUVTexture"
        asset inputs:file = @textures/my c.png@
    }
}"""


def test_a_texture_gives_the_colours(tmp_path: Path) -> None:
    (tmp_path / "textures").mkdir()
    pixels = np.uint8([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [90, 90, 90]]])
    Image.fromarray(pixels).save(tmp_path / "textures" / "my c.png")
    body = mesh(TEXTURED).replace('"m" {', '"m" (prepend apiSchemas = ["MaterialBindingAPI"]) {') + LOOK
    info, shape, notes = agreeing(stage(tmp_path / "a.usda", body))
    assert info.colours == "texture" and not notes and shape.rgb is not None
    assert shape.rgb[:4].tolist() == [[0, 0, 255], [90, 90, 90], [0, 255, 0], [255, 0, 0]]
    (tmp_path / "textures" / "my c.png").unlink()
    _, _, notes = agreeing(tmp_path / "a.usda")
    assert notes == ("the texture textures/my c.png is missing or cannot be read",)


def test_files_outside_the_allowed_folders_are_not_read(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    stage(tmp_path / "part.usda", mesh())
    stage(inside / "part.usda", mesh())
    Image.new("RGB", (2, 2), "red").save(tmp_path / "c.png")
    look = LOOK.replace("textures/my c.png", "../c.png")
    body = mesh(TEXTURED).replace('"m" {', '"m" (prepend apiSchemas = ["MaterialBindingAPI"]) {') + look
    textured = stage(inside / "textured.usda", body)
    far, near = (
        stage(inside / f"{name}.usda", f'def "a" (references = @{path}@</m>) {{}}')
        for name, path in (("far", "../part.usda"), ("near", "part.usda"))
    )
    assert load_geometry(textured).notes == () and isinstance(load_geometry(far).geometry, Mesh)
    with only_within([inside.resolve()]):
        assert isinstance(load_geometry(near).geometry, Mesh)
        assert load_geometry(textured).notes == ("the texture ../c.png is missing or cannot be read",)
        with pytest.raises(SceneFileError, match="outside the allowed folders"):
            load_geometry(far)


@pytest.mark.parametrize(
    "body",
    [
        *(
            f'def Mesh "m" {{\n{counts}\nint[] faceVertexIndices = [0, 1]\npoint3f[] points = [(0, 0, 0)]\n}}'
            for counts in ("int[] faceVertexCounts = [3]", "int[] faceVertexCounts = [-3]")
        ),
        "def Mesh {",
    ],
)
def test_damaged_stages_are_a_sentence(body: str, tmp_path: Path) -> None:
    for read in (describe, read_geometry):
        with pytest.raises(SceneFileError, match="damaged, or not a USD file"):
            read(stage(tmp_path / "a.usda", body))


def test_references_that_multiply_are_refused(tmp_path: Path, monkeypatch: Any) -> None:
    """A few hundred bytes that are 2^26 prims."""
    monkeypatch.setattr(limited_process, "LEAST_S", 2.0)
    levels = "".join(
        f'def Xform "x{k}" {{\ndef "a" (references = </x{k + 1}>) {{}}\ndef "b" (references = </x{k + 1}>) {{}}\n}}\n'
        for k in range(26)
    )
    path = stage(tmp_path / "a.usda", levels + f'def Xform "x26" {{ {mesh()} }}')
    with pytest.raises(SceneFileError, match=r"time or memory|parts|longer"):
        describe(path)


@pytest.mark.parametrize("how", ["crash", "hang", "memory", "time"])
def test_what_usd_core_does_not_survive_is_a_sentence(how: str, tmp_path: Path, monkeypatch: Any) -> None:
    """The process that reads is stopped in each of the ways that damaged files were seen to."""
    programs = {
        "crash": f"import os; os.kill(os.getpid(), {signal.SIGSEGV.value})",
        "hang": "import time; time.sleep(60)",
        "memory": "from recon.limited_process import limit; limit('1073741824', '60'); bytearray(2 << 30)",
        "time": "from recon.limited_process import limit; limit('1073741824', '1')\nwhile True: pass",
    }
    real = subprocess.run

    def run(command: list[str], **options: Any) -> Any:
        return real([command[0], "-c", programs[how]], **options)

    monkeypatch.setattr(limited_process.subprocess, "run", run)
    if how == "hang":
        monkeypatch.setattr(limited_process, "LEAST_S", 0.5)
    path = stage(tmp_path / "a.usda", mesh())
    with pytest.raises(SceneFileError, match="longer" if how == "hang" else "crashed"):
        describe(path)
    assert os.listdir(tmp_path) == ["a.usda"]
